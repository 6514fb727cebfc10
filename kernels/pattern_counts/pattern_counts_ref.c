#include <stddef.h>

#include "kernels/leaf_groups_ref.h"
#include "kernels/pattern_counts/pattern_counts_abi.h"
#include "kernels/stage.h"

extern const char apo_source_pattern_counts[];
extern const char apo_specs_pattern_counts[];

enum { CODE_BYTES, GROUP, N_PARAMS };
static const char *const params[N_PARAMS] = {"APO_CODE_BYTES", "APO_GROUP"};

static void reference(const apo_i32 *spec, const void *args_bytes, void *const *buffers) {
  const apo_pattern_counts_args *args = args_bytes;
  const apo_leaf_group *group = buffers[0];
  const apo_i32 *weight = buffers[3];

  for (apo_u32 g = args->group_begin; g < args->group_end; ++g) {
    apo_u32 *count = (apo_u32 *)buffers[4] + group[g].count_begin;
    for (size_t i = 0; i < (size_t)1 << group[g].n_bits; ++i) count[i] = 0;
    for (size_t row = 0; row < args->n_rows; ++row) {
      const apo_u32 index = apo_group_index_of(&group[g], buffers[1], buffers[2], spec[CODE_BYTES],
                                               args->stride, row);
      count[index] += (apo_u32)weight[row];
    }
  }
}

const apo_stage apo_stage_pattern_counts = {
    .name = "pattern_counts",
    .source = apo_source_pattern_counts,
    .specs = apo_specs_pattern_counts,
    .params = params,
    .n_params = N_PARAMS,
    .args_bytes = sizeof(apo_pattern_counts_args),
    .n_buffers = 5,
    .max_ulps = 0,  // integers
    .reference = reference,
};
