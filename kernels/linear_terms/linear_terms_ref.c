#include "kernels/linear_terms/linear_terms_abi.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "kernels/stage.h"

extern const char apo_source_linear_terms[];
extern const char apo_specs_linear_terms[];

enum { GROUP, ROWS, N_PARAMS };
static const char *const params[N_PARAMS] = {"APO_GROUP", "APO_ROWS"};

static apo_u32 magnitude_bits(apo_f32 x) {
  apo_u32 bits;
  memcpy(&bits, &x, sizeof bits);
  return bits & 0x7fffffffu;
}

// (high, low) += (x, x_low) * (w, w_low)
static void add_product(
    apo_f32 x, apo_f32 x_low, apo_f32 w, apo_f32 w_low, apo_f32 *high, apo_f32 *low) {
  const apo_f32 product = x * w;
  const apo_f32 error = fmaf(x, w, -product) + (x * w_low + x_low * w);
  const apo_f32 before = *high;
  const apo_f32 sum = before + product;
  const apo_f32 back = sum - before;
  const apo_f32 lost = (before - (sum - back)) + (product - back);
  *high = sum;
  *low = magnitude_bits(product) < 0x7f800000u ? *low + (lost + error) : 0.0f;
}

static void reference(const apo_i32 *spec, const void *args_bytes, void *const *buffers) {
  const apo_linear_terms_args *args = args_bytes;
  const apo_f32 *high = buffers[0];
  const apo_f32 *low = buffers[1];
  const apo_f32 *w_high = buffers[2];
  const apo_f32 *w_low = buffers[3];
  const apo_u32 *player_of_column = buffers[4];
  apo_f32 *term_high = buffers[5];
  apo_f32 *term_low = buffers[6];
  const size_t n_terms = (size_t)args->n_rows * args->n_outputs * args->n_players;
  (void)spec;

  memset(term_high, 0, n_terms * sizeof *term_high);
  memset(term_low, 0, n_terms * sizeof *term_low);
  for (size_t row = 0; row < args->n_rows; ++row) {
    for (size_t k = 0; k < args->n_outputs; ++k) {
      for (size_t col = 0; col < args->n_columns; ++col) {
        const size_t value = row * args->n_columns + col;
        const size_t weight = k * args->n_columns + col;
        const size_t at = (row * args->n_outputs + k) * args->n_players + player_of_column[col];
        if (magnitude_bits(high[value]) > 0x7f800000u) continue;  // missing
        add_product(high[value], low[value], w_high[weight], w_low[weight], &term_high[at],
                    &term_low[at]);
      }
    }
  }
}

const apo_stage apo_stage_linear_terms = {
    .name = "linear_terms",
    .source = apo_source_linear_terms,
    .specs = apo_specs_linear_terms,
    .params = params,
    .n_params = N_PARAMS,
    .args_bytes = sizeof(apo_linear_terms_args),
    .n_buffers = 7,
    .max_ulps = 0,  // + * and fma in one order
    .reference = reference,
};
