#include "engine/explainers/importance/shuffles.h"

#include <inttypes.h>
#include <stdbool.h>

#include "engine/core/draw.h"
#include "engine/core/memory.h"

apo_status apo_shuffle_rows(
    uint64_t seed, uint32_t repeat, uint32_t n_rows, uint32_t *out, apo_error *err) {
  if (n_rows > APO_MAX_SHUFFLED_ROWS) {
    return apo_fail(err, APO_ERR_LIMIT, "shuffle: %u rows, at most %d", n_rows,
                    APO_MAX_SHUFFLED_ROWS);
  }
  apo_draw draw = apo_draw_start(seed, APO_STREAM_IMPORTANCE_SHUFFLE, repeat, 0);
  apo_draw_permutation(&draw, n_rows, out);
  return APO_OK;
}

static apo_status check_subset(uint64_t n_rows, uint32_t n_chosen, apo_error *err) {
  if (n_chosen > n_rows) {
    return apo_fail(err, APO_ERR_ARGUMENT, "subset: %u rows of %" PRIu64, n_chosen, n_rows);
  }
  if (n_chosen > APO_MAX_SHUFFLED_ROWS || n_rows > UINT32_MAX) {
    return apo_fail(err, APO_ERR_LIMIT, "subset: %u rows of %" PRIu64 ", at most %d of %u",
                    n_chosen, n_rows, APO_MAX_SHUFFLED_ROWS, UINT32_MAX);
  }
  return APO_OK;
}

static bool has(const uint32_t *set, uint64_t row) {
  return (set[row / 32] >> row % 32 & 1) != 0;
}
static void put(uint32_t *set, uint64_t row) {
  set[row / 32] |= UINT32_C(1) << row % 32;
}

// Floyd's way: row `top` joins when the row drawn below it is taken already.  It needs one bit a
// row and one draw a chosen row, and reads the choice in ascending order from the bits.
apo_status apo_shuffle_subset(
    uint64_t seed, uint64_t n_rows, uint32_t n_chosen, uint32_t *out, apo_error *err) {
  APO_TRY(check_subset(n_rows, n_chosen, err));
  uint32_t *chosen = apo_alloc((size_t)(n_rows / 32 + 1), sizeof *chosen);
  if (chosen == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "subset: no memory for %" PRIu64 " rows", n_rows);
  }
  apo_draw draw = apo_draw_start(seed, APO_STREAM_IMPORTANCE_SUBSET, 0, 0);
  for (uint64_t top = n_rows - n_chosen; top < n_rows; ++top) {
    const uint32_t row = apo_draw_below(&draw, (uint32_t)top + 1);
    put(chosen, has(chosen, row) ? top : row);
  }
  for (uint64_t row = 0; row < n_rows; ++row) {
    if (has(chosen, row)) *out++ = (uint32_t)row;
  }
  free(chosen);
  return APO_OK;
}
