#include "kernels/row_codes/row_codes_abi.h"

#include <stddef.h>

#include "kernels/stage.h"

extern const char apo_source_row_codes[];
extern const char apo_specs_row_codes[];

enum { KEY_BYTES, CODE_BYTES, GROUP, ROWS, N_PARAMS };
static const char *const params[N_PARAMS] = {"APO_KEY_BYTES", "APO_CODE_BYTES", "APO_GROUP",
                                             "APO_ROWS"};

// Floats and doubles alike on 64 bits: only the place of the sign and the infinity differ.
static apo_u32 code_of(apo_u64 bits, apo_u64 sign, const void *keys, apo_u32 n, apo_i32 key_bytes) {
  const apo_u64 infinite = key_bytes == 4 ? 0x7f800000u : 0x7ff0000000000000u;
  const apo_u64 magnitude = bits & (sign - 1);
  if (magnitude > infinite) return 0xffffffffu;
  const apo_u64 key = (bits & sign) != 0 ? sign - magnitude : sign + magnitude;
  apo_u32 n_below = 0;
  for (apo_u32 cut = 0; cut < n; ++cut) {
    const apo_u64 at = key_bytes == 4 ? ((const apo_u32 *)keys)[cut] : ((const apo_u64 *)keys)[cut];
    if (at <= key) ++n_below;
  }
  return n_below;
}

static void reference(const apo_i32 *spec, const void *args_bytes, void *const *buffers) {
  const apo_row_codes_args *args = args_bytes;
  const apo_i32 key_bytes = spec[KEY_BYTES];
  const apo_u32 *cut_begin = buffers[1];
  const apo_u64 sign = key_bytes == 4 ? 0x80000000u : 0x8000000000000000u;

  for (size_t row = 0; row < args->n_rows; ++row) {
    for (apo_u32 col = 0; col < args->n_columns; ++col) {
      const size_t at = row * args->n_columns + col;
      const apo_u64 bits =
          key_bytes == 4 ? ((const apo_u32 *)buffers[0])[at] : ((const apo_u64 *)buffers[0])[at];
      const char *keys = (const char *)buffers[2] + (size_t)cut_begin[col] * (size_t)key_bytes;
      const apo_u32 n_cuts = cut_begin[col + 1] - cut_begin[col];
      const apo_u32 code = code_of(bits, sign, keys, n_cuts, key_bytes);
      if (spec[CODE_BYTES] == 2) {
        ((uint16_t *)buffers[3])[at] = (uint16_t)code;
      } else {
        ((apo_u32 *)buffers[3])[at] = code;
      }
    }
  }
}

const apo_stage apo_stage_row_codes = {
    .name = "row_codes",
    .source = apo_source_row_codes,
    .specs = apo_specs_row_codes,
    .params = params,
    .n_params = N_PARAMS,
    .args_bytes = sizeof(apo_row_codes_args),
    .n_buffers = 4,
    .max_ulps = 0,  // integers
    .reference = reference,
};
