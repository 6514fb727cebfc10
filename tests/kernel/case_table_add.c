/* case_table_add.c - rows through random tables in several blocks and sub-tiles. */
#include <string.h>

#include "engine/exec/spec_line.h"
#include "kernels/table_add/table_add_abi.h"
#include "tests/kernel/case_groups.h"

enum { BLOCK, GROUPS, TEST, SLOT, TABLE, CODE, PHI, ACC, N_COLUMNS = 7 };

void case_table_add(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out);

// Any words whose sums over the groups fit int32, but 0 in columns of the spare.
static void put_table(const case_groups *g, uint64_t *state, kernel_case *out) {
  uint32_t *table = kernel_buffer_set(out, TABLE, (size_t)g->n_table_octets * 32);
  for (uint32_t i = 0; i < g->n_groups; ++i) {
    const apo_leaf_group *group = &g->group[i];
    const uint32_t n_words = group->n_octets * 8;
    for (uint32_t w = 0; w < n_words << group->n_bits; ++w) {
      const bool is_spare = g->slot[group->slot_begin + w % n_words] == g->n_slots - 1;
      const uint32_t word = kernel_random_below(state, 1u << 25) - (1u << 24);
      table[(size_t)group->table_begin * 8 + w] = is_spare ? 0 : word;
    }
  }
}

void case_table_add(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out) {
  uint64_t state = seed;
  const size_t code_bytes = (size_t)apo_spec_value(stage, spec, "APO_CODE_BYTES", 2);
  const uint32_t group = (uint32_t)apo_spec_value(stage, spec, "APO_GROUP", 1);
  const uint32_t rows = (uint32_t)apo_spec_value(stage, spec, "APO_ROWS", 1);
  const case_groups_wish wish = {.n_groups = is_small ? 5 : 60,
                                 .n_players = is_small        ? 5
                                              : seed % 2 == 0 ? 9
                                                              : 12,
                                 .n_outputs = 3,
                                 .n_columns = N_COLUMNS,
                                 .code_bytes = code_bytes,
                                 .max_bits = is_small        ? 7
                                             : seed % 3 == 0 ? 13
                                                             : 9,
                                 .max_leaf_players = 6,
                                 .with_pairs = !is_small && seed % 2 == 0};
  case_groups g = case_groups_create(&wish, &state);
  const uint32_t sub_tiles = rows == 1 ? 1 : 1 + (uint32_t)(seed % 3);
  const uint32_t n_rows = group * rows * sub_tiles * 2;
  const apo_table_add_args args = {.n_rows = n_rows,
                                   .stride = n_rows + 64,
                                   .n_slots = g.n_slots,
                                   .block_begin = 1,
                                   .block_end = 4,
                                   .sub_tiles = sub_tiles};
  memcpy(out->args.bytes, &args, sizeof args);
  // Block 0 and the last are not of this launch, block 2 is empty.
  const uint32_t blocks[] = {0, 1, g.n_groups / 2, g.n_groups / 2, g.n_groups - 1, g.n_groups};
  case_groups_copy(out, BLOCK, blocks, sizeof blocks);
  case_groups_copy(out, GROUPS, g.group, g.n_groups * sizeof *g.group);
  case_groups_copy(out, TEST, g.test, g.n_tests * sizeof *g.test);
  case_groups_copy(out, SLOT, g.slot, g.n_slot_words * sizeof *g.slot);
  put_table(&g, &state, out);
  case_groups_codes(&state, N_COLUMNS, args.stride, code_bytes, CODE, out);
  const size_t n_sums = (size_t)args.n_slots * args.stride;
  int64_t *phi = kernel_output_set(out, PHI, n_sums * sizeof *phi, KERNEL_BYTES);
  for (size_t i = 0; i < n_sums; ++i) phi[i] = (int64_t)(kernel_random(&state) >> 8);
  kernel_output_set(out, ACC, n_sums * sizeof(uint32_t), KERNEL_SCRATCH);
  out->n_items = n_rows / (rows * sub_tiles);
  out->group = group;
  case_groups_destroy(&g);
}
