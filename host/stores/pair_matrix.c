#include "host/stores/pair_matrix.h"

#include <string.h>

void apo_pair_diagonal(
    uint32_t n_players, const float *phi, const float *pairs, double *room, float *diagonal) {
  memset(room, 0, n_players * sizeof *room);
  // Pair by pair as they lie: player j meets its partners i < j first and then those behind it.
  for (uint32_t i = 0; i < n_players; ++i) {
    for (uint32_t j = i + 1; j < n_players; ++j, ++pairs) {
      room[i] += (double)*pairs;
      room[j] += (double)*pairs;
    }
  }
  for (uint32_t i = 0; i < n_players; ++i) diagonal[i] = (float)((double)phi[i] - room[i]);
}

void apo_pair_matrix_rows(uint32_t n_players,
                          const float *diagonal,
                          const float *pairs,
                          float base,
                          uint32_t row_begin,
                          uint32_t row_end,
                          float *out) {
  const size_t width = (size_t)n_players + 1;
  memset(out, 0, (row_end - row_begin) * width * sizeof *out);
  if (row_end == n_players + 1) out[(row_end - row_begin) * width - 1] = base;
  const uint32_t end = row_end < n_players ? row_end : n_players;
  if (n_players == 1) pairs = diagonal;  // there are none, and NULL has no place 0
  // Row i of the pairs is read once, in order: it fills cells right of the diagonal in matrix row
  // i, and a column left of it in the rows of this block.
  for (uint32_t i = 0; i < end; ++i) {
    const uint32_t first = i + 1 > row_begin ? i + 1 : row_begin;
    const float *row = pairs + apo_pair_place(n_players, i, i + 1);
    for (uint32_t j = first; j < end; ++j) out[(j - row_begin) * width + i] = row[j - i - 1];
    if (i < row_begin) continue;
    out[(i - row_begin) * width + i] = diagonal[i];
    memcpy(out + (i - row_begin) * width + i + 1, row, (n_players - i - 1) * sizeof *out);
  }
}
