/* pair_matrix.h - the pairs of a line as the symmetric matrix whose cells they are.
 *
 * A tile holds a line's interactions once: cell (i, j), i < j, row by row.  In the layout that
 * XGBoost made usual the matrix has a row and a column more, for the base value:
 *
 *        0     1     2   base          d_i = phi_i - (the other cells of row i)
 *      +-----+-----+-----+-----+
 *    0 | d_0 | 01  | 02  |  0  |       so row i sums to phi_i, and all cells together to
 *    1 | 01  | d_1 | 12  |  0  |       the output
 *    2 | 02  | 12  | d_2 |  0  |
 * base |  0  |  0  |  0  |  b  |
 *      +-----+-----+-----+-----+
 *
 * It is expanded some rows at a time, so that a wide model needs no room for all of it.
 */
#ifndef APO_HOST_STORES_PAIR_MATRIX_H
#define APO_HOST_STORES_PAIR_MATRIX_H

#include <stddef.h>
#include <stdint.h>

/** Pairs i < j of `n_players`. */
static inline size_t apo_pair_count(uint32_t n_players) {
  return (size_t)n_players * (n_players - 1u) / 2;
}

/** The place of pair (i, j), i < j. */
static inline size_t apo_pair_place(uint32_t n_players, uint32_t i, uint32_t j) {
  return (size_t)i * n_players - (size_t)i * (i + 1u) / 2 + (j - i - 1u);
}

/** What is left of each player beside its pairs.
 *
 * Sums run over the other players in ascending order, in fp64, and are rounded once at the end.
 *
 * Shapes:  phi and diagonal [n_players]; pairs [apo_pair_count]; room [n_players]
 */
void apo_pair_diagonal(
    uint32_t n_players, const float *phi, const float *pairs, double *room, float *diagonal);

/** Rows [row_begin, row_end) of the matrix; row n_players is that of the base value.
 *
 * Shapes:  out [(row_end - row_begin) x (n_players + 1)], row-major
 */
void apo_pair_matrix_rows(uint32_t n_players,
                          const float *diagonal,
                          const float *pairs,
                          float base,
                          uint32_t row_begin,
                          uint32_t row_end,
                          float *out);

#endif
