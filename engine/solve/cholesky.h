/* cholesky.h - square positive definite matrices as triangles: add up, factor, invert.
 *
 * Matrices are lower triangles, column by column: element (row, col), row >= col, is
 * a[col * n + row].  What lies above the diagonal is never read; the factorisation may write it.
 */
#ifndef APO_ENGINE_SOLVE_CHOLESKY_H
#define APO_ENGINE_SOLVE_CHOLESKY_H

#include <stdint.h>

#include "engine/core/error.h"

/** a += sum over rows of row' row.  Shapes: a [n x n]; rows [n_rows x n], row-major. */
void apo_cholesky_add(uint32_t n, uint32_t n_rows, const double *rows, double *a);

/** a = L with L L' = a.
 *
 * Fails:   APO_ERR_INTERNAL  `a` is not positive definite in fp64
 *          APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_cholesky_factor(uint32_t n, double *a, apo_error *err);

/** L becomes its inverse.  Fails: as apo_cholesky_factor. */
APO_NODISCARD apo_status apo_cholesky_invert(uint32_t n, double *factor, apo_error *err);

#endif
