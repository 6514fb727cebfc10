/* case_column_codes.c - rows of codes at the edges of sets, and sets as columns of their own. */
#include <string.h>

#include "engine/exec/spec_line.h"
#include "kernels/column_codes/column_codes_abi.h"
#include "tests/kernel/kernel_case.h"

enum { CODE, DERIVED, SETS, COLUMN };
enum { N_COLUMNS = 37, N_DERIVED = 9, SET_WORDS = 3, MAX_CODE = 32 * SET_WORDS - 2 };

void case_column_codes(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out);

static void put(void *to, size_t at, uint32_t code, size_t code_bytes) {
  memcpy((unsigned char *)to + at * code_bytes, &code, code_bytes);  // little-endian hosts only
}

void case_column_codes(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out) {
  uint64_t state = seed;
  const size_t code_bytes = (size_t)apo_spec_value(stage, spec, "APO_CODE_BYTES", 2);
  const uint32_t group = (uint32_t)apo_spec_value(stage, spec, "APO_GROUP", 1);
  const uint32_t rows = (uint32_t)apo_spec_value(stage, spec, "APO_ROWS", 1);
  const uint32_t n_rows = group * rows * (is_small ? 2 : 64);
  const apo_column_codes_args args = {.n_rows = n_rows,
                                      .stride = n_rows + (uint32_t)(seed % 3) * 64,
                                      .n_columns = N_COLUMNS,
                                      .n_derived = seed % 3 == 1 ? 0 : N_DERIVED};
  memcpy(out->args.bytes, &args, sizeof args);

  const size_t n_codes = (size_t)n_rows * N_COLUMNS;
  void *code = kernel_buffer_set(out, CODE, n_codes * code_bytes);
  for (size_t i = 0; i < n_codes; ++i) {
    const uint32_t drawn = kernel_random_below(&state, MAX_CODE + 4);
    put(code, i, drawn <= MAX_CODE ? drawn : UINT32_MAX, code_bytes);
  }
  // The last set ends with its buffer, so the greatest code reads its last bit.
  apo_derived_column *derived = kernel_buffer_set(out, DERIVED, N_DERIVED * sizeof *derived);
  uint32_t *sets = kernel_buffer_set(out, SETS, sizeof *sets * N_DERIVED * SET_WORDS);
  for (uint32_t d = 0; d < N_DERIVED; ++d) {
    derived[d].column = kernel_random_below(&state, N_COLUMNS);
    derived[d].word = d * SET_WORDS;
  }
  for (size_t i = 0; i < (size_t)N_DERIVED * SET_WORDS; ++i) {
    sets[i] = (uint32_t)kernel_random(&state);
  }
  kernel_output_set(out, COLUMN, (size_t)(N_COLUMNS + N_DERIVED) * args.stride * code_bytes,
                    KERNEL_BYTES);
  out->n_items = n_rows / rows;
  out->group = group;
}
