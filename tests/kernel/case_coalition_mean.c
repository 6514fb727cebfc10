/* case_coalition_mean.c - every coalition of several lists, with room for few cubes at a time. */
#include <string.h>

#include "engine/exec/spec_line.h"
#include "kernels/coalition_mean/coalition_mean_abi.h"
#include "kernels/response.h"
#include "tests/kernel/case_forest.h"
#include "tests/kernel/case_lists.h"

enum {
  NODE,
  INSTANCE,
  LEAF,
  SET_WORDS,
  OUTPUT_BEGIN,
  BASE,
  X_CODE,
  B_CODE,
  WEIGHT,
  PLAYER_OF_COLUMN,
  MEMBER,
  LIST_OF_ROW,
  PARTIAL,
  SCRATCH
};

enum { N_COLUMNS = 40 };

void case_coalition_mean(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out);

// Few words of coalitions leave time for more trees than a group has lanes.
static case_forest make_forest(const apo_stage *stage,
                               const apo_i32 *spec,
                               uint64_t seed,
                               bool is_small,
                               const case_lists *lists) {
  const bool many_trees = lists->n_words == 4 && !is_small;
  const case_forest_wish wish = {
      .seed = seed,
      .n_columns = N_COLUMNS,
      .n_outputs = lists->n_outputs,
      .n_trees = many_trees ? 70 * lists->n_outputs : 10,
      .max_depth = many_trees ? 4 : 6,
      .chain_depth = is_small ? 12 : 60,
      .has_sets = apo_spec_value(stage, spec, "APO_SETS", 0) != 0,
      .vector_leaves = seed % 2 == 0 && !many_trees,
      .cast_f32 = seed % 4 < 2,
      .code_bytes = (size_t)apo_spec_value(stage, spec, "APO_CODE_BYTES", 2),
  };
  return case_forest_create(&wish);
}

static apo_coalition_mean_args make_args(const case_lists *lists,
                                         const case_forest *forest,
                                         uint64_t seed,
                                         uint32_t group) {
  const uint32_t max_literals = case_max_literals(forest, lists->n_players);
  // The least room, some, and enough for all cubes.
  const uint32_t more = seed % 3 == 0 ? 0 : seed % 3 == 1 ? 60 : 4000;
  const uint32_t lane_words = 2 * APO_CUBE_HEAD_WORDS + 2 * max_literals + more;
  const uint32_t own_words = group == 1 ? lists->n_words : group;
  const uint32_t group_words =
      group * (lane_words + 2 * max_literals) + lists->n_planes * lists->n_outputs * 32 * own_words;
  return (apo_coalition_mean_args){
      .n_rows = lists->n_rows,
      .n_columns = N_COLUMNS,
      .n_players = lists->n_players,
      .n_outputs = lists->n_outputs,
      .n_planes = lists->n_planes,
      .n_words = lists->n_words,
      .first_background = lists->first_background,
      .n_background = lists->n_background,
      .n_blocks = lists->n_blocks,
      .n_chunks = lists->n_chunks,
      .lane_words = lane_words,
      .max_literals = max_literals,
      .group_words = (group_words + 15) / 16 * 16,
      // A large unit takes the responses into both of their tails.
      .unit = (apo_f32)forest->codes->unit32 * (seed % 3 == 1 ? 16.0f : 1.0f),
      .response_scale = lists->response_scale,
  };
}

static void put_forest(const case_forest *forest, kernel_case *out) {
  const apo_code_forest *codes = forest->codes;
  case_forest_buffers(forest, out, NODE);
  case_buffer_copy(out, LEAF, codes->leaf32, codes->n_values * sizeof *codes->leaf32);
  case_buffer_copy(out, OUTPUT_BEGIN, codes->output_begin,
                   (codes->n_outputs + 1) * sizeof *codes->output_begin);
  case_buffer_copy(out, BASE, codes->base32, codes->n_outputs * sizeof *codes->base32);
}

static void put_rows(const case_forest *forest,
                     const case_lists *lists,
                     uint64_t *state,
                     kernel_case *out) {
  const size_t row_bytes = N_COLUMNS * forest->code_bytes;
  const uint32_t n_background = case_lists_background_rows(lists);
  void *x = kernel_buffer_set(out, X_CODE, lists->n_rows * row_bytes);
  case_forest_codes(forest, state, lists->n_rows, x);
  char *b = kernel_buffer_set(out, B_CODE, n_background * row_bytes);
  case_forest_codes(forest, state, n_background, b);
  // One row of background is the first row: no path parts, every hybrid is the row.
  memcpy(b + lists->first_background * row_bytes, x, row_bytes);
}

void case_coalition_mean(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out) {
  uint64_t state = seed;
  const uint32_t group = (uint32_t)apo_spec_value(stage, spec, "APO_GROUP", 1);
  const apo_i32 response = apo_spec_value(stage, spec, "APO_RESPONSE", 0);
  const bool is_cheap = response == APO_RESPONSE_IDENTITY;
  const case_lists lists = case_lists_choose(seed, group, response, is_small, is_cheap);
  case_forest forest = make_forest(stage, spec, seed, is_small, &lists);
  const apo_coalition_mean_args args = make_args(&lists, &forest, seed, group);
  memcpy(out->args.bytes, &args, sizeof args);
  put_forest(&forest, out);
  put_rows(&forest, &lists, &state, out);
  case_lists_buffers(&lists, &state, WEIGHT, MEMBER, LIST_OF_ROW, out);
  case_players(&state, N_COLUMNS, lists.n_players,
               kernel_buffer_set(out, PLAYER_OF_COLUMN, N_COLUMNS * sizeof(uint32_t)));
  kernel_output_set(out, PARTIAL, case_lists_n_partial(&lists) * sizeof(float), KERNEL_F32);
  const size_t n_groups = (size_t)lists.n_rows * lists.n_blocks * lists.n_chunks;
  kernel_output_set(out, SCRATCH, n_groups * args.group_words * sizeof(uint32_t), KERNEL_SCRATCH);
  out->n_items = n_groups * group;
  out->group = group;
  case_forest_destroy(&forest);
}
