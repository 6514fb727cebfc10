/* rows.h - elements of a caller's table as plain doubles. */
#ifndef APO_ENGINE_DATA_ROWS_H
#define APO_ENGINE_DATA_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/core/error.h"

/** Fails with APO_ERR_ARGUMENT unless the view has `n_columns` columns, a known dtype, and values
 * when it has rows. */
APO_NODISCARD apo_status apo_rows_check(const apo_rows *rows, uint32_t n_columns, apo_error *err);

/** Element (row, column); both in range. */
double apo_rows_value(const apo_rows *rows, uint64_t row, uint32_t column);

/** One row as doubles.  Shapes: out [n_cols]. */
void apo_rows_copy_row(const apo_rows *rows, uint64_t row, double *out);

/** One row as floats, doubles rounded.  Shapes: out [n_cols]. */
void apo_rows_narrow_row(const apo_rows *rows, uint64_t row, float *out);

/** Whether a model cannot tell two values apart: the same bits, or both missing. */
bool apo_same_value(double a, double b);

#endif
