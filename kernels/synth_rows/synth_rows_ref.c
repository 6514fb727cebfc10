#include "kernels/synth_rows/synth_rows_abi.h"

#include <stddef.h>

#include "kernels/stage.h"

extern const char apo_source_synth_rows[];
extern const char apo_specs_synth_rows[];

enum { GROUP, N_PARAMS };
static const char *const params[N_PARAMS] = {"APO_GROUP"};

static void reference(const apo_i32 *spec, const void *args_bytes, void *const *buffers) {
  const apo_synth_rows_args *args = args_bytes;
  const apo_u64 *x = buffers[0];
  const apo_u64 *background = buffers[1];
  const apo_u32 *member = buffers[2];
  const apo_u32 *player_of_column = buffers[3];
  apo_u64 *out = buffers[4];
  (void)spec;
  for (size_t pair = 0; pair < args->n_pairs; ++pair) {
    const size_t at = args->first_background + pair;
    const size_t coalition = args->first_coalition + at / args->n_background;
    const apo_u64 *b = background + at % args->n_background * args->n_columns;
    for (size_t col = 0; col < args->n_columns; ++col) {
      const apo_u32 word = member[(size_t)player_of_column[col] * args->n_words + coalition / 32];
      *out++ = (word >> (coalition % 32) & 1) != 0 ? x[col] : b[col];
    }
  }
}

const apo_stage apo_stage_synth_rows = {
    .name = "synth_rows",
    .source = apo_source_synth_rows,
    .specs = apo_specs_synth_rows,
    .params = params,
    .n_params = N_PARAMS,
    .args_bytes = sizeof(apo_synth_rows_args),
    .n_buffers = 5,
    .max_ulps = 0,  // bits are moved
    .reference = reference,
};
