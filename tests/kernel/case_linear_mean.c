/* case_linear_mean.c - terms of rows and background, several lists, blocks and chunks. */
#include <string.h>

#include "engine/exec/spec_line.h"
#include "kernels/linear_mean/linear_mean_abi.h"
#include "tests/kernel/case_lists.h"

enum { BASE, X_TERM, B_TERM, WEIGHT, MEMBER, LIST_OF_ROW, PARTIAL, SCRATCH };

void case_linear_mean(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out);

// Terms whose sums over all players pass both tails of the responses now and then.
static void fill(uint64_t *state, size_t n, float *terms) {
  for (size_t i = 0; i < n; ++i) {
    const float term = kernel_random_finite(state);
    terms[i] = kernel_random_below(state, 4) == 0 ? term * 2.0f : term * 0x1p-6f;
  }
}

void case_linear_mean(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out) {
  uint64_t state = seed;
  const uint32_t group = (uint32_t)apo_spec_value(stage, spec, "APO_GROUP", 1);
  const apo_i32 response = apo_spec_value(stage, spec, "APO_RESPONSE", 0);
  const case_lists lists = case_lists_choose(seed, group, response, is_small, false);
  const apo_linear_mean_args args = {
      .n_rows = lists.n_rows,
      .n_players = lists.n_players,
      .n_outputs = lists.n_outputs,
      .n_planes = lists.n_planes,
      .n_words = lists.n_words,
      .first_background = lists.first_background,
      .n_background = lists.n_background,
      .n_blocks = lists.n_blocks,
      .n_chunks = lists.n_chunks,
      .response_scale = lists.response_scale,
  };
  memcpy(out->args.bytes, &args, sizeof args);
  const size_t row_terms = (size_t)lists.n_outputs * lists.n_players;
  const size_t n_x = lists.n_rows * row_terms;
  const size_t n_b = case_lists_background_rows(&lists) * row_terms;
  fill(&state, lists.n_outputs, kernel_buffer_set(out, BASE, lists.n_outputs * sizeof(float)));
  fill(&state, n_x, kernel_buffer_set(out, X_TERM, n_x * sizeof(float)));
  fill(&state, n_b, kernel_buffer_set(out, B_TERM, n_b * sizeof(float)));
  case_lists_buffers(&lists, &state, WEIGHT, MEMBER, LIST_OF_ROW, out);
  const size_t n_partial = case_lists_n_partial(&lists);
  kernel_output_set(out, PARTIAL, n_partial * sizeof(float), KERNEL_F32);
  kernel_output_set(out, SCRATCH, n_partial * sizeof(float), KERNEL_SCRATCH);
  out->n_items = (size_t)lists.n_rows * lists.n_blocks * lists.n_chunks * group;
  out->group = group;
}
