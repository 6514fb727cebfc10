/* case_leaf_pairs.c - few rows and a background of some blocks at the leaves of random groups. */
#include <string.h>

#include "engine/exec/spec_line.h"
#include "kernels/leaf_pairs/leaf_pairs_abi.h"
#include "tests/kernel/case_groups.h"

enum { GROUPS, LEAF, PLAYER, TEST, SLOT, VALUE, MEETING, B_CODE, B_COUNT, CODE, PHI };
enum { N_COLUMNS = 7 };

void case_leaf_pairs(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out);

void case_leaf_pairs(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out) {
  uint64_t state = seed;
  const size_t code_bytes = (size_t)apo_spec_value(stage, spec, "APO_CODE_BYTES", 2);
  const uint32_t group = (uint32_t)apo_spec_value(stage, spec, "APO_GROUP", 1);
  // Enough players, now and then, for more slots than a row keeps to itself.
  const case_groups_wish wish = {.n_groups = is_small ? 70 : 300,
                                 .n_players = is_small        ? 5
                                              : seed % 3 == 0 ? 40
                                                              : 11,
                                 .n_outputs = !is_small && seed % 3 == 0 ? 30 : 3,
                                 .n_columns = N_COLUMNS,
                                 .code_bytes = code_bytes,
                                 .max_bits = 10,
                                 .max_leaf_players = is_small ? 4 : 11};
  case_groups g = case_groups_create(&wish, &state);
  const uint32_t n_rows = is_small ? 2 : 5;
  const uint32_t n_background = is_small ? 3 : seed % 2 == 0 ? 129 : APO_LEAF_PAIRS_BACKGROUND;
  const apo_leaf_pairs_args args = {.n_rows = n_rows,
                                    .stride = n_rows + 3,
                                    .n_slots = g.n_slots,
                                    .group_begin = 1,
                                    .group_end = g.n_groups - 1,
                                    .n_background = n_background,
                                    .b_stride = (n_background + 63) / 64 * 64 + 64};
  memcpy(out->args.bytes, &args, sizeof args);
  case_groups_copy(out, GROUPS, g.group, g.n_groups * sizeof *g.group);
  case_groups_copy(out, LEAF, g.leaf, g.n_leaves * sizeof *g.leaf);
  case_groups_copy(out, PLAYER, g.player, g.n_players * sizeof *g.player);
  case_groups_copy(out, TEST, g.test, g.n_tests * sizeof *g.test);
  case_groups_copy(out, SLOT, g.slot, g.n_slot_words * sizeof *g.slot);
  case_groups_copy(out, VALUE, g.value, g.n_values * sizeof *g.value);
  uint64_t *meeting = kernel_buffer_set(out, MEETING, APO_MEETINGS * sizeof *meeting);
  for (size_t i = 0; i < APO_MEETINGS; ++i) meeting[i] = kernel_random(&state) >> 20;
  case_groups_codes(&state, N_COLUMNS, args.b_stride, code_bytes, B_CODE, out);
  int32_t *count = kernel_buffer_set(out, B_COUNT, n_background * sizeof *count);
  for (uint32_t b = 0; b < n_background; ++b) {
    count[b] = (int32_t)kernel_random_below(&state, 1000) - 100;
  }
  case_groups_codes(&state, N_COLUMNS, args.stride, code_bytes, CODE, out);
  const size_t n_sums = (size_t)args.n_slots * args.stride;
  int64_t *phi = kernel_output_set(out, PHI, n_sums * sizeof *phi, KERNEL_BYTES);
  for (size_t i = 0; i < n_sums; ++i) phi[i] = (int64_t)(kernel_random(&state) >> 8);
  out->n_items = (size_t)n_rows * group;
  out->group = group;
  case_groups_destroy(&g);
}
