/* case_pattern_counts.c - groups of one to many bits over rows that sit at the ends of intervals. */
#include <string.h>

#include "engine/exec/spec_line.h"
#include "kernels/pattern_counts/pattern_counts_abi.h"
#include "tests/kernel/kernel_case.h"

enum { GROUP, TEST, CODE, WEIGHT, COUNT };
enum { N_COLUMNS = 11, MAX_CODE = 20, N_SIZES = 9, MAX_GROUPS = 18 * N_SIZES };
enum { MAX_TESTS = MAX_GROUPS * APO_LEAF_PLAYERS * 3 };

void case_pattern_counts(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out);

static uint32_t random_code(uint64_t *state) {
  const uint32_t drawn = kernel_random_below(state, MAX_CODE + 3);
  return drawn <= MAX_CODE ? drawn : UINT32_MAX;
}

// An interval of codes; one in four goes round through the missing code.
static apo_pattern_test random_test(uint64_t *state, uint32_t mask, bool is_last) {
  const uint32_t low = kernel_random_below(state, MAX_CODE);
  const uint32_t n_codes = kernel_random_below(state, MAX_CODE - low) + 1;
  const bool goes_round = kernel_random_below(state, 4) == 0;
  return (apo_pattern_test){
      .column = kernel_random_below(state, N_COLUMNS) | (is_last ? APO_TEST_LAST : 0),
      .low = goes_round ? (0 - n_codes) & mask : low,
      .span = goes_round ? 2 * n_codes : n_codes - 1};
}

void case_pattern_counts(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out) {
  static const uint32_t n_bits_of[N_SIZES] = {1, 2, 5, 8, 3, 7, 10, 12, APO_LEAF_PLAYERS};
  uint64_t state = seed;
  const size_t code_bytes = (size_t)apo_spec_value(stage, spec, "APO_CODE_BYTES", 2);
  const uint32_t group = (uint32_t)apo_spec_value(stage, spec, "APO_GROUP", 1);
  const bool is_wide = seed % 3 == 1;  // enough groups that some take turns
  const uint32_t n_groups = is_small ? 4 : is_wide ? MAX_GROUPS : N_SIZES;
  const uint32_t n_rows = is_small ? 100 : is_wide ? 64 * 79 : 20011;
  const apo_pattern_counts_args args = {
      .n_rows = n_rows, .stride = (n_rows + 63) / 64 * 64, .group_begin = 1, .group_end = n_groups};
  memcpy(out->args.bytes, &args, sizeof args);

  apo_leaf_group *groups = kernel_buffer_set(out, GROUP, n_groups * sizeof *groups);
  apo_pattern_test tests[MAX_TESTS];
  uint32_t n_tests = 0;
  uint32_t n_counts = 0;
  for (uint32_t g = 0; g < n_groups; ++g) {
    groups[g] = (apo_leaf_group){.test_begin = n_tests,
                                 .n_bits = n_bits_of[g % N_SIZES],
                                 .n_leaves = 1,
                                 .count_begin = n_counts};
    n_counts += 1u << n_bits_of[g % N_SIZES];
    for (uint32_t bit = 0; bit < n_bits_of[g % N_SIZES]; ++bit) {
      const uint32_t n_own = 1 + kernel_random_below(&state, 8) / 6 * (1 + bit % 2);
      for (uint32_t i = 0; i < n_own; ++i) {
        tests[n_tests++] =
            random_test(&state, code_bytes == 2 ? 0xffff : UINT32_MAX, i + 1 == n_own);
      }
    }
  }
  memcpy(kernel_buffer_set(out, TEST, n_tests * sizeof tests[0]), tests, n_tests * sizeof tests[0]);
  const size_t n_codes = (size_t)N_COLUMNS * args.stride;
  unsigned char *code = kernel_buffer_set(out, CODE, n_codes * code_bytes);
  for (size_t i = 0; i < n_codes; ++i) {
    const uint32_t own = random_code(&state);
    memcpy(code + i * code_bytes, &own, code_bytes);  // little-endian hosts only
  }
  int32_t *weight = kernel_buffer_set(out, WEIGHT, n_rows * sizeof *weight);
  for (uint32_t row = 0; row < n_rows; ++row) {
    weight[row] = seed % 2 == 0 ? 1 : (int32_t)kernel_random(&state);
  }
  uint32_t *count = kernel_output_set(out, COUNT, n_counts * sizeof *count, KERNEL_BYTES);
  for (uint32_t i = 0; i < n_counts; ++i) count[i] = 0xdeadbeef;  // nobody zeroes them before
  out->n_items = (size_t)(n_groups - 1) * group;
  out->group = group;
}
