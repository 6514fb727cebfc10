/* case_permutation_orders.c - seeds of 64 bits, rows across 2^32, orders of none to many players. */
#include <string.h>

#include "engine/core/draw.h"
#include "engine/exec/spec_line.h"
#include "kernels/permutation_orders/permutation_orders_abi.h"
#include "tests/kernel/kernel_case.h"

enum { N_VARYING, ORDER };

void case_permutation_orders(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out);

void case_permutation_orders(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out) {
  uint64_t state = seed;
  const uint32_t group = (uint32_t)apo_spec_value(stage, spec, "APO_GROUP", 1);
  const uint32_t n_rows = is_small ? 14 : 61;
  const uint64_t drawn = kernel_random(&state);
  const apo_permutation_orders_args args = {
      .seed_low = (apo_u32)drawn,
      .seed_high = (apo_u32)(drawn >> 32) | 0x80000000u,
      // The row number passes a multiple of 2^32 inside the tile.
      .row_low = UINT32_MAX - (is_small ? 6 : 30),
      .row_high = (apo_u32)(seed % 3),
      .stream = APO_STREAM_PERMUTATION,
      .n_rows = n_rows,
      .n_orders = 5,
      .n_slots = seed % 3 == 1 && !is_small ? 700 : 40,
  };
  memcpy(out->args.bytes, &args, sizeof args);
  uint32_t *n_varying = kernel_buffer_set(out, N_VARYING, n_rows * sizeof *n_varying);
  for (uint32_t row = 0; row < n_rows; ++row) {
    // None, one and all players come up; the rest is in between.
    n_varying[row] = row < 2        ? row
                     : row % 7 == 0 ? args.n_slots
                                    : kernel_random_below(&state, args.n_slots + 1);
  }
  const size_t n_items = (size_t)n_rows * args.n_orders;
  kernel_output_set(out, ORDER, n_items * args.n_slots * sizeof(uint32_t), KERNEL_BYTES);
  out->n_items = (n_items + group - 1) / group * group;
  out->group = group;
}
