/* case_linear_terms.c - pairs of floats whose products round, with missing values and infinities. */
#include <math.h>
#include <string.h>

#include "engine/exec/spec_line.h"
#include "kernels/linear_terms/linear_terms_abi.h"
#include "tests/kernel/case_forest.h"

enum { HIGH, LOW, COEFFICIENT_HIGH, COEFFICIENT_LOW, PLAYER_OF_COLUMN, TERM_HIGH, TERM_LOW };

enum { N_COLUMNS = 11, N_OUTPUTS = 3 };

void case_linear_terms(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out);

// Doubles as pairs of floats: of all sizes for which errors of products are still normal numbers.
static void fill_pairs(uint64_t *state, size_t n, bool has_edges, float *high, float *low) {
  for (size_t i = 0; i < n; ++i) {
    const float edge = kernel_random_value(state);
    const double value = ldexp((double)(int64_t)kernel_random(state),
                               -63 + (int)kernel_random_below(state, 24) - 12);
    const bool is_edge = has_edges && kernel_random_below(state, 4) == 0;
    high[i] = is_edge ? edge : (float)value;
    low[i] = is_edge ? 0.0f : (float)(value - (double)high[i]);
  }
}

void case_linear_terms(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out) {
  uint64_t state = seed;
  const uint32_t group = (uint32_t)apo_spec_value(stage, spec, "APO_GROUP", 1);
  const uint32_t rows = (uint32_t)apo_spec_value(stage, spec, "APO_ROWS", 1);
  const apo_linear_terms_args args = {
      .n_rows = group * rows * (is_small ? 2 : 9),
      .n_columns = N_COLUMNS,
      .n_outputs = N_OUTPUTS,
      .n_players = seed % 2 == 0 ? N_COLUMNS : 4,
  };
  memcpy(out->args.bytes, &args, sizeof args);
  const size_t n_values = (size_t)args.n_rows * N_COLUMNS;
  const size_t n_terms = (size_t)args.n_rows * N_OUTPUTS * args.n_players;
  float *high = kernel_buffer_set(out, HIGH, n_values * sizeof *high);
  fill_pairs(&state, n_values, true, high, kernel_buffer_set(out, LOW, n_values * sizeof *high));
  const size_t n_weights = (size_t)N_OUTPUTS * N_COLUMNS;
  float *weight = kernel_buffer_set(out, COEFFICIENT_HIGH, n_weights * sizeof *weight);
  fill_pairs(&state, n_weights, false, weight,
             kernel_buffer_set(out, COEFFICIENT_LOW, n_weights * sizeof *weight));
  case_players(&state, N_COLUMNS, args.n_players,
               kernel_buffer_set(out, PLAYER_OF_COLUMN, N_COLUMNS * sizeof(uint32_t)));
  kernel_output_set(out, TERM_HIGH, n_terms * sizeof(float), KERNEL_F32);
  kernel_output_set(out, TERM_LOW, n_terms * sizeof(float), KERNEL_F32);
  out->n_items = args.n_rows / rows;
  out->group = group;
}
