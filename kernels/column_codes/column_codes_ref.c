#include <stddef.h>

#include "kernels/column_codes/column_codes_abi.h"
#include "kernels/stage.h"
#include "kernels/walk_ref.h"

extern const char apo_source_column_codes[];
extern const char apo_specs_column_codes[];

enum { CODE_BYTES, GROUP, ROWS, N_PARAMS };
static const char *const params[N_PARAMS] = {"APO_CODE_BYTES", "APO_GROUP", "APO_ROWS"};

static void put(void *column, apo_i32 code_bytes, size_t at, apo_u32 code) {
  if (code_bytes == 2) {
    ((uint16_t *)column)[at] = (uint16_t)code;
  } else {
    ((apo_u32 *)column)[at] = code;
  }
}

static void reference(const apo_i32 *spec, const void *args_bytes, void *const *buffers) {
  const apo_column_codes_args *args = args_bytes;
  const apo_derived_column *derived = buffers[1];
  const apo_u32 *sets = buffers[2];
  const apo_u32 mask = spec[CODE_BYTES] == 2 ? 0xffffu : 0xffffffffu;
  const size_t row_bytes = (size_t)args->n_columns * (size_t)spec[CODE_BYTES];

  for (size_t row = 0; row < args->n_rows; ++row) {
    const char *codes = (const char *)buffers[0] + row * row_bytes;
    for (apo_u32 col = 0; col < args->n_columns; ++col) {
      put(buffers[3], spec[CODE_BYTES], (size_t)col * args->stride + row,
          apo_code_at(codes, spec[CODE_BYTES], col));
    }
    for (apo_u32 d = 0; d < args->n_derived; ++d) {
      const apo_u32 code = apo_code_at(codes, spec[CODE_BYTES], derived[d].column);
      const apo_u32 bit = (code + 1) & mask;
      const apo_u32 is_outside = (~sets[derived[d].word + (bit >> 5)] >> (bit & 31)) & 1;
      put(buffers[3], spec[CODE_BYTES], (size_t)(args->n_columns + d) * args->stride + row,
          is_outside);
    }
  }
}

const apo_stage apo_stage_column_codes = {
    .name = "column_codes",
    .source = apo_source_column_codes,
    .specs = apo_specs_column_codes,
    .params = params,
    .n_params = N_PARAMS,
    .args_bytes = sizeof(apo_column_codes_args),
    .n_buffers = 4,
    .max_ulps = 0,  // integers
    .reference = reference,
};
