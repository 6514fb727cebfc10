/* case_long_path.c - leaves of one to seventy players, ratios down to 0, rules of any numbers. */
#include <string.h>

#include "engine/exec/spec_line.h"
#include "kernels/long_path/long_path_abi.h"
#include "tests/kernel/case_long.h"

enum { LEAF, TEST, PLAYER, RATIO, POINT, POINTS_OF, VALUE, CODE, PHI, FACTOR };

void case_long_path(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out);

// Most ratios near 1, so that products do not vanish; some tiny, and 0 and 1 themselves.
static float draw_ratio(uint64_t *state) {
  static const float edges[] = {0.0f, 1.0f, 0x1p-20f, 1e-30f};
  const float u = (float)(kernel_random(state) >> 40) * 0x1p-24f;
  const uint32_t kind = kernel_random_below(state, 64);
  if (kind < sizeof edges / sizeof edges[0]) return edges[kind];
  return kind < 16 ? u : 1.0f - 0.1f * u;
}

// Not the points of a quadrature: two numbers below 1 at each, weights that sum to about 1.
static uint32_t put_points(uint64_t *state,
                           const case_long *of,
                           const apo_long_leaf *leaf,
                           kernel_case *out) {
  uint32_t n_all = 0;
  uint32_t most = 0;
  uint32_t *points_of = kernel_buffer_set(out, POINTS_OF, 2 * of->n_leaves * sizeof *points_of);
  for (uint32_t l = 0; l < of->n_leaves; ++l) {
    points_of[2 * l] = n_all;
    points_of[2 * l + 1] = leaf[l].n_players % 5 == 0 ? 1 : (leaf[l].n_players + 1) / 2;
    n_all += points_of[2 * l + 1];
    if (points_of[2 * l + 1] > most) most = points_of[2 * l + 1];
  }
  apo_long_point *point = kernel_buffer_set(out, POINT, n_all * sizeof *point);
  for (uint32_t i = 0; i < n_all; ++i) {
    const double t = ((double)(kernel_random(state) >> 11) * 0x1p-53 + 0.001) / 1.002;
    point[i] =
        (apo_long_point){(float)t, (float)(1 - t), 0.05f * (float)(1 - t), (float)(1 / (1 - t))};
  }
  return most;
}

void case_long_path(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out) {
  uint64_t state = seed;
  const bool with_pairs = apo_spec_value(stage, spec, "APO_PAIRS", 0) != 0;
  const case_long of = case_long_create(stage, spec, APO_LONG_PATH_ROWS, is_small);
  const case_long_places at = {LEAF, TEST, PLAYER, VALUE, CODE, PHI};
  const apo_long_leaf *leaf = case_long_buffers(&of, stage, spec, &state, &at, out);
  const size_t n_ratios = out->buffers[PLAYER].n_bytes / sizeof(uint32_t);
  float *ratio = kernel_buffer_set(out, RATIO, n_ratios * sizeof *ratio);
  for (size_t i = 0; i < n_ratios; ++i) ratio[i] = draw_ratio(&state);
  const apo_long_path_args args = {.n_rows = of.n_rows,
                                   .stride = of.stride,
                                   .n_players = of.n_players,
                                   .n_outputs = CASE_LONG_OUTPUTS,
                                   .leaf_begin = 1,
                                   .leaf_end = of.n_leaves,
                                   .longest = of.longest,
                                   .n_points = put_points(&state, &of, leaf, out)};
  memcpy(out->args.bytes, &args, sizeof args);
  const size_t n_groups = of.n_rows / APO_LONG_PATH_ROWS;
  kernel_output_set(
      out, FACTOR,
      n_groups * sizeof(float) *
          APO_LONG_PATH_SCRATCH((size_t)of.longest, (size_t)args.n_points, with_pairs),
      KERNEL_SCRATCH);
}
