#include "engine/games/forest_stages.h"

#include <stdlib.h>

#include "engine/games/lane_parts.h"
#include "kernels/forest_margin/forest_margin_abi.h"
#include "kernels/row_codes/row_codes_abi.h"

// About 0.2 s on two CPU cores, a tenth of that on a GPU.
enum { MAX_LAUNCH_VISITS = 250000000 };

apo_status apo_forest_upload(const apo_code_forest *forest,
                             apo_executor *executor,
                             apo_forest_buffers *out,
                             apo_error *err) {
  const apo_cuts *cuts = forest->cuts;
  const size_t n_cuts = cuts->begin[cuts->n_columns];
  APO_TRY(apo_constant_buffer(executor, forest->nodes, forest->n_nodes * sizeof *forest->nodes,
                              &out->node, err));
  APO_TRY(apo_constant_buffer(executor, forest->instances,
                              forest->n_instances * sizeof *forest->instances, &out->instance,
                              err));
  APO_TRY(apo_constant_buffer(executor, forest->leaf64, forest->n_values * sizeof *forest->leaf64,
                              &out->leaf64, err));
  APO_TRY(apo_constant_buffer(executor, forest->set_words,
                              forest->n_set_words * sizeof *forest->set_words, &out->sets, err));
  APO_TRY(apo_constant_buffer(executor, cuts->begin,
                              ((size_t)cuts->n_columns + 1) * sizeof *cuts->begin, &out->cut_begin,
                              err));
  void *keys = apo_cuts_device_keys(cuts);
  if (keys == NULL) return apo_fail(err, APO_ERR_MEMORY, "cuts: %zu of them", n_cuts);
  const apo_status status =
      apo_constant_buffer(executor, keys, n_cuts * cuts->key_bytes, &out->cut_key, err);
  free(keys);
  return status;
}

void apo_forest_release(apo_executor *executor, apo_forest_buffers *buffers) {
  apo_buffer **const all[] = {&buffers->node, &buffers->instance,  &buffers->leaf64,
                              &buffers->sets, &buffers->cut_begin, &buffers->cut_key};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i) apo_executor_release(executor, all[i]);
}

apo_status apo_forest_codes(const apo_code_forest *forest,
                            const apo_forest_buffers *buffers,
                            apo_executor *executor,
                            uint32_t n_rows,
                            apo_buffer *value,
                            apo_buffer *code,
                            apo_error *err) {
  const apo_i32 group = apo_group_of(executor);
  const apo_i32 rows = group == 1 ? 16 : 1;
  const apo_row_codes_args args = {.n_rows = n_rows, .n_columns = forest->n_columns};
  const apo_launch launch = {
      .stage = apo_stage_find("row_codes"),
      .spec = {(apo_i32)forest->cuts->key_bytes, (apo_i32)forest->cuts->code_bytes, group, rows},
      .args = &args,
      .buffers = {value, buffers->cut_begin, buffers->cut_key, code},
      .n_items = n_rows / (size_t)rows,
      .group = (size_t)group,
  };
  return apo_executor_launch(executor, &launch, err);
}

bool apo_forest_next_trees(const apo_code_forest *forest, uint32_t n_rows, apo_tree_range *range) {
  const uint64_t visits = (uint64_t)n_rows * (forest->max_depth + 1);
  const uint64_t n_most = visits < MAX_LAUNCH_VISITS ? MAX_LAUNCH_VISITS / visits : 1;
  range->begin = range->end;
  // Outputs follow one another in the instances, some of them without a tree.
  while (range->output < forest->n_outputs &&
         range->begin == forest->output_begin[range->output + 1]) {
    ++range->output;
  }
  if (range->output == forest->n_outputs) return false;
  const uint32_t n_left = forest->output_begin[range->output + 1] - range->begin;
  range->end = range->begin + (n_left < n_most ? n_left : (uint32_t)n_most);
  return true;
}

apo_status apo_forest_margins(const apo_code_forest *forest,
                              const apo_forest_buffers *buffers,
                              apo_executor *executor,
                              uint32_t n_rows,
                              apo_buffer *code,
                              apo_buffer *margin,
                              apo_error *err) {
  const apo_i32 group = apo_group_of(executor);
  const apo_i32 rows = group == 1 ? 64 : 1;
  for (apo_tree_range trees = {0}; apo_forest_next_trees(forest, n_rows, &trees);) {
    const apo_forest_margin_args args = {
        .n_rows = n_rows,
        .n_columns = forest->n_columns,
        .n_outputs = forest->n_outputs,
        .output = trees.output,
        .instance_begin = trees.begin,
        .instance_end = trees.end,
    };
    const apo_launch launch = {
        .stage = apo_stage_find("forest_margin"),
        .spec = {(apo_i32)forest->cuts->code_bytes, forest->has_sets ? 1 : 0, group, rows},
        .args = &args,
        .buffers = {buffers->node, buffers->instance, buffers->leaf64, buffers->sets, code, margin},
        .n_items = n_rows / (size_t)rows,
        .group = (size_t)group,
    };
    APO_TRY(apo_executor_launch(executor, &launch, err));
  }
  return APO_OK;
}
