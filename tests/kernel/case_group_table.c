/* case_group_table.c - tables of random groups, some of leaves with many players. */
#include <string.h>

#include "engine/exec/spec_line.h"
#include "kernels/group_table/group_table_abi.h"
#include "tests/kernel/case_groups.h"

enum { GROUPS, LEAF, PLAYER, VALUE, VECTOR, TABLE };

void case_group_table(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out);

void case_group_table(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out) {
  uint64_t state = seed;
  const bool with_pairs = apo_spec_value(stage, spec, "APO_PAIRS", 0) != 0;
  const uint32_t group = (uint32_t)apo_spec_value(stage, spec, "APO_GROUP", 1);
  const case_groups_wish wish = {.n_groups = is_small ? 4 : 20,
                                 .n_players = is_small ? 5 : 13,
                                 .n_outputs = 2,
                                 .n_columns = 5,
                                 .code_bytes = 2,
                                 .max_bits = is_small        ? 7
                                             : seed % 3 == 0 ? 11
                                                             : 9,
                                 .max_leaf_players = is_small        ? 4
                                                     : seed % 2 == 0 ? 12
                                                                     : 6,
                                 .with_pairs = with_pairs};
  case_groups g = case_groups_create(&wish, &state);
  // A schedule's chunk: not from the first group, not to the last.
  const apo_group_table_args args = {.group_begin = 1, .group_end = g.n_groups - 1};
  memcpy(out->args.bytes, &args, sizeof args);
  case_groups_copy(out, GROUPS, g.group, g.n_groups * sizeof *g.group);
  case_groups_copy(out, LEAF, g.leaf, g.n_leaves * sizeof *g.leaf);
  case_groups_copy(out, PLAYER, g.player, g.n_players * sizeof *g.player);
  case_groups_copy(out, VALUE, g.value, g.n_values * sizeof *g.value);
  case_groups_vectors(&g, &state, VECTOR, out);
  const size_t n_bytes = (size_t)g.n_table_octets * 32;
  unsigned char *table = kernel_output_set(out, TABLE, n_bytes, KERNEL_BYTES);
  for (size_t i = 0; i < n_bytes; ++i) table[i] = (unsigned char)kernel_random(&state);
  out->n_items = (size_t)(args.group_end - args.group_begin) * group;
  out->group = group;
  case_groups_destroy(&g);
}
