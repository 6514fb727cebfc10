/* case_donor_margin.c - rows and donors that part early, late or not at all; some of the players. */
#include <string.h>

#include "engine/exec/spec_line.h"
#include "kernels/donor_margin/donor_margin_abi.h"
#include "tests/kernel/case_forest.h"

enum { NODE, INSTANCE, LEAF, SET_WORDS, PLAYER_OF_COLUMN, CODE, DONOR, CHANGE, PARTED };

enum { N_COLUMNS = 9 };

void case_donor_margin(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out);

static case_forest make_forest(const apo_stage *stage,
                               const apo_i32 *spec,
                               uint64_t seed,
                               bool is_small) {
  const case_forest_wish wish = {
      .seed = seed,
      .n_columns = N_COLUMNS,
      .n_outputs = 2,
      .n_trees = is_small ? 10 : 30,
      .max_depth = 6,
      .chain_depth = is_small ? 10 : 80,
      .has_sets = apo_spec_value(stage, spec, "APO_SETS", 0) != 0,
      .vector_leaves = seed % 2 == 0,
      .cast_f32 = seed % 4 < 2,
      .code_bytes = (size_t)apo_spec_value(stage, spec, "APO_CODE_BYTES", 2),
  };
  return case_forest_create(&wish);
}

// All players of one column each; a range of them; a range of groups.
static uint32_t choose_players(uint64_t seed, apo_donor_margin_args *args) {
  const uint32_t n_players = seed % 3 == 0 ? 4 : N_COLUMNS;
  args->player_begin = seed % 3 == 1 ? 0 : 1;
  args->n_players = seed % 3 == 1 ? n_players : n_players - 2;
  return n_players;
}

void case_donor_margin(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out) {
  uint64_t state = seed;
  const uint32_t group = (uint32_t)apo_spec_value(stage, spec, "APO_GROUP", 1);
  const uint32_t rows = (uint32_t)apo_spec_value(stage, spec, "APO_ROWS", 1);
  const uint32_t n_rows = group * rows * (is_small ? 2 : 5);
  case_forest forest = make_forest(stage, spec, seed, is_small);
  const apo_code_forest *codes = forest.codes;
  const size_t row_bytes = N_COLUMNS * forest.code_bytes;
  const uint32_t output = (uint32_t)(seed % codes->n_outputs);
  apo_donor_margin_args args = {
      .n_rows = n_rows,
      .n_columns = N_COLUMNS,
      .n_outputs = codes->n_outputs,
      .output = output,
      .instance_begin = codes->output_begin[output],
      .instance_end = codes->output_begin[output + 1],
      .max_depth = codes->max_depth,
  };
  const uint32_t n_players = choose_players(seed, &args);
  args.max_depth = codes->max_depth;
  memcpy(out->args.bytes, &args, sizeof args);
  case_forest_buffers(&forest, out, NODE);
  case_buffer_copy(out, LEAF, codes->leaf64, codes->n_values * sizeof *codes->leaf64);
  uint32_t *players = kernel_buffer_set(out, PLAYER_OF_COLUMN, N_COLUMNS * sizeof *players);
  case_players(&state, N_COLUMNS, n_players, players);

  char *code = kernel_buffer_set(out, CODE, n_rows * row_bytes);
  char *donor = kernel_buffer_set(out, DONOR, n_rows * row_bytes);
  case_forest_codes(&forest, &state, n_rows, code);
  case_forest_codes(&forest, &state, n_rows, donor);
  for (size_t row = 0; row < n_rows; row += 5) {  // these are their own donors
    memcpy(donor + row * row_bytes, code + row * row_bytes, row_bytes);
  }
  const size_t n_changes = (size_t)args.n_players * args.n_outputs * n_rows;
  int64_t *change = kernel_output_set(out, CHANGE, n_changes * sizeof *change, KERNEL_BYTES);
  for (size_t i = 0; i < n_changes; ++i) change[i] = (int64_t)(kernel_random(&state) >> 8);
  kernel_output_set(out, PARTED, 2 * (size_t)n_rows * (args.max_depth + 1) * sizeof(uint32_t),
                    KERNEL_SCRATCH);
  out->n_items = n_rows / rows;
  out->group = group;
  case_forest_destroy(&forest);
}
