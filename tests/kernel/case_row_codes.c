/* case_row_codes.c - values below, on, between and above the cuts of columns with none to many. */
#include <stdlib.h>
#include <string.h>

#include "engine/exec/spec_line.h"
#include "kernels/row_codes/row_codes_abi.h"
#include "tests/kernel/kernel_case.h"

enum { N_COLUMNS = 7, MAX_CUTS = 300 };

void case_row_codes(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out);

// Bits of a value as the stage reads them; doubles get bits that no float has.
static uint64_t value_bits(uint64_t *state, bool is_double) {
  const float value = kernel_random_value(state);
  if (!is_double) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
  }
  const double wide = (double)value + (double)kernel_random_below(state, 3) * 0x1p-40;
  uint64_t bits;
  memcpy(&bits, &wide, sizeof bits);
  return bits;
}

// The order of row_codes.cl, computed apart from it.
static uint64_t key_of(uint64_t bits, uint64_t sign) {
  const uint64_t magnitude = bits & (sign - 1);
  return (bits & sign) != 0 ? sign - magnitude : sign + magnitude;
}

static void put(void *to, size_t at, uint64_t value, size_t n_bytes) {
  memcpy((unsigned char *)to + at * n_bytes, &value, n_bytes);  // little-endian hosts only
}

static int compare_keys(const void *left, const void *right) {
  uint64_t a;
  uint64_t b;
  memcpy(&a, left, sizeof a);
  memcpy(&b, right, sizeof b);
  return (a > b) - (a < b);
}

static bool is_nan(uint64_t bits, bool is_double) {
  return is_double ? (bits & 0x7fffffffffffffffu) > 0x7ff0000000000000u
                   : (bits & 0x7fffffffu) > 0x7f800000u;
}

void case_row_codes(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out) {
  static const uint32_t n_cuts_of[N_COLUMNS] = {0, 1, 2, 3, 31, 255, MAX_CUTS};
  uint64_t state = seed;
  const size_t key_bytes = (size_t)apo_spec_value(stage, spec, "APO_KEY_BYTES", 4);
  const size_t code_bytes = (size_t)apo_spec_value(stage, spec, "APO_CODE_BYTES", 4);
  const uint32_t group = (uint32_t)apo_spec_value(stage, spec, "APO_GROUP", 1);
  const uint32_t rows = (uint32_t)apo_spec_value(stage, spec, "APO_ROWS", 1);
  const bool is_double = key_bytes == 8;
  const uint64_t sign = is_double ? 0x8000000000000000u : 0x80000000u;
  const uint32_t n_rows = group * rows * (is_small ? 2 : 256 / group + 2);
  const apo_row_codes_args args = {.n_rows = n_rows, .n_columns = N_COLUMNS};
  memcpy(out->args.bytes, &args, sizeof args);

  uint32_t n_keys = 0;
  for (uint32_t col = 0; col < N_COLUMNS; ++col) n_keys += n_cuts_of[col];
  void *value = kernel_buffer_set(out, 0, (size_t)n_rows * N_COLUMNS * key_bytes);
  uint32_t *cut_begin = kernel_buffer_set(out, 1, (N_COLUMNS + 1) * sizeof *cut_begin);
  void *cut_key = kernel_buffer_set(out, 2, n_keys * key_bytes);
  kernel_output_set(out, 3, (size_t)n_rows * N_COLUMNS * code_bytes, KERNEL_BYTES);

  uint64_t keys[MAX_CUTS];
  for (uint32_t col = 0; col < N_COLUMNS; ++col) {
    for (uint32_t cut = 0; cut < n_cuts_of[col]; ++cut) {
      uint64_t bits = value_bits(&state, is_double);
      if (is_nan(bits, is_double)) bits = 0;
      keys[cut] = key_of(bits, sign) + kernel_random_below(&state, 2);
    }
    qsort(keys, n_cuts_of[col], sizeof keys[0], compare_keys);
    for (uint32_t cut = 0; cut < n_cuts_of[col]; ++cut) {
      put(cut_key, cut_begin[col] + cut, keys[cut], key_bytes);
    }
    cut_begin[col + 1] = cut_begin[col] + n_cuts_of[col];
  }
  for (size_t i = 0; i < (size_t)n_rows * N_COLUMNS; ++i) {
    put(value, i, value_bits(&state, is_double), key_bytes);
  }
  out->n_items = n_rows / rows;
  out->group = group;
}
