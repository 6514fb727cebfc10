/* case_mean_fold.c - partial means of very different sizes, onto sums that are new or not. */
#include <math.h>
#include <string.h>

#include "engine/exec/spec_line.h"
#include "kernels/mean_fold/mean_fold_abi.h"
#include "tests/kernel/kernel_case.h"

enum { PARTIAL, SUM, REST };

void case_mean_fold(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out);

// Values whose sums round, with an edge now and then.
static void fill(uint64_t *state, size_t n, float *values) {
  for (size_t i = 0; i < n; ++i) {
    values[i] = ldexpf(kernel_random_value(state), (int)kernel_random_below(state, 40) - 20);
  }
}

void case_mean_fold(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out) {
  uint64_t state = seed;
  const uint32_t group = (uint32_t)apo_spec_value(stage, spec, "APO_GROUP", 1);
  const uint32_t rows = (uint32_t)apo_spec_value(stage, spec, "APO_ROWS", 1);
  const apo_mean_fold_args args = {
      .n_rows = is_small ? 2 : 5,
      .n_blocks = (apo_u32)(1 + seed % 3 * 2),
      .n_values = is_small ? 65 : 1000,
      .is_first = seed % 2 == 0,
  };
  memcpy(out->args.bytes, &args, sizeof args);
  const size_t n = (size_t)args.n_rows * args.n_values;
  fill(&state, n * args.n_blocks, kernel_buffer_set(out, PARTIAL, n * args.n_blocks * 4));
  fill(&state, n, kernel_output_set(out, SUM, n * 4, KERNEL_F32));
  fill(&state, n, kernel_output_set(out, REST, n * 4, KERNEL_F32));
  const size_t values_per_group = (size_t)group * rows;
  out->n_items = args.n_rows * ((args.n_values + values_per_group - 1) / values_per_group) * group;
  out->group = group;
}
