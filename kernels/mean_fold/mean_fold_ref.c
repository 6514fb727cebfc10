#include "kernels/mean_fold/mean_fold_abi.h"

#include <stddef.h>

#include "kernels/stage.h"

extern const char apo_source_mean_fold[];
extern const char apo_specs_mean_fold[];

enum { GROUP, ROWS, N_PARAMS };
static const char *const params[N_PARAMS] = {"APO_GROUP", "APO_ROWS"};

static void reference(const apo_i32 *spec, const void *args_bytes, void *const *buffers) {
  const apo_mean_fold_args *args = args_bytes;
  const apo_f32 *partial = buffers[0];
  apo_f32 *sum = buffers[1];
  apo_f32 *rest = buffers[2];
  (void)spec;
  for (size_t row = 0; row < args->n_rows; ++row) {
    for (size_t value = 0; value < args->n_values; ++value, ++sum, ++rest) {
      if (args->is_first != 0) *sum = *rest = 0.0f;
      for (size_t block = 0; block < args->n_blocks; ++block) {
        const apo_f32 term = partial[(row * args->n_blocks + block) * args->n_values + value];
        const apo_f32 next = *sum + term;
        const apo_f32 back = next - *sum;
        *rest += (*sum - (next - back)) + (term - back);
        *sum = next;
      }
    }
  }
}

const apo_stage apo_stage_mean_fold = {
    .name = "mean_fold",
    .source = apo_source_mean_fold,
    .specs = apo_specs_mean_fold,
    .params = params,
    .n_params = N_PARAMS,
    .args_bytes = sizeof(apo_mean_fold_args),
    .n_buffers = 3,
    .max_ulps = 0,  // additions in one order
    .reference = reference,
};
