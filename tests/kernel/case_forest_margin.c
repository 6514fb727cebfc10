/* case_forest_margin.c - rows through forests of all kinds of splits, one output of several. */
#include <string.h>

#include "engine/exec/spec_line.h"
#include "kernels/forest_margin/forest_margin_abi.h"
#include "tests/kernel/case_forest.h"

enum { NODE, INSTANCE, LEAF, SET_WORDS, CODE, MARGIN };

void case_forest_margin(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out);

static case_forest make_forest(const apo_stage *stage,
                               const apo_i32 *spec,
                               uint64_t seed,
                               bool is_small) {
  const size_t code_bytes = (size_t)apo_spec_value(stage, spec, "APO_CODE_BYTES", 2);
  const bool many_cuts = code_bytes == 4 && !is_small && seed % 3 == 0;
  const case_forest_wish wish = {
      .seed = seed,
      .n_columns = many_cuts ? 2 : 5,
      .n_outputs = 3,
      .n_trees = many_cuts  ? 140
                 : is_small ? 12
                            : 40,
      .max_depth = many_cuts ? 12 : 6,
      .chain_depth = is_small ? 10 : 100,
      .has_sets = apo_spec_value(stage, spec, "APO_SETS", 0) != 0,
      .vector_leaves = seed % 2 == 0,
      .cast_f32 = seed % 4 < 2 && !many_cuts,
      .many_cuts = many_cuts,
      .code_bytes = code_bytes,
  };
  return case_forest_create(&wish);
}

void case_forest_margin(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out) {
  uint64_t state = seed;
  const uint32_t group = (uint32_t)apo_spec_value(stage, spec, "APO_GROUP", 1);
  const uint32_t rows = (uint32_t)apo_spec_value(stage, spec, "APO_ROWS", 1);
  const uint32_t n_rows = group * rows * (is_small ? 2 : 5);
  case_forest forest = make_forest(stage, spec, seed, is_small);
  const apo_code_forest *codes = forest.codes;
  const uint32_t output = (uint32_t)(seed % codes->n_outputs);
  const apo_forest_margin_args args = {
      .n_rows = n_rows,
      .n_columns = codes->n_columns,
      .n_outputs = codes->n_outputs,
      .output = output,
      .instance_begin = codes->output_begin[output],
      .instance_end = codes->output_begin[output + 1],
  };
  memcpy(out->args.bytes, &args, sizeof args);
  case_forest_buffers(&forest, out, NODE);
  case_buffer_copy(out, LEAF, codes->leaf64, codes->n_values * sizeof *codes->leaf64);
  void *code = kernel_buffer_set(out, CODE, (size_t)n_rows * codes->n_columns * forest.code_bytes);
  case_forest_codes(&forest, &state, n_rows, code);
  const size_t n_margins = (size_t)n_rows * codes->n_outputs;
  int64_t *margin = kernel_output_set(out, MARGIN, n_margins * sizeof *margin, KERNEL_BYTES);
  for (size_t i = 0; i < n_margins; ++i) margin[i] = (int64_t)(kernel_random(&state) >> 8);
  out->n_items = n_rows / rows;
  out->group = group;
  case_forest_destroy(&forest);
}
