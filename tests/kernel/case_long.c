#include "tests/kernel/case_long.h"

#include <string.h>

#include "engine/exec/spec_line.h"

enum { N_COLUMNS = 9, N_CODES = 12, MAX_TESTS = 3 };

case_long case_long_create(const apo_stage *stage,
                           const apo_i32 *spec,
                           uint32_t n_group_rows,
                           bool is_small) {
  static const uint32_t sizes[] = {4, 17, 1, 32, 45, 2, 64, 70};
  static const uint32_t small_sizes[] = {3, 5, 34};
  const bool with_pairs = apo_spec_value(stage, spec, "APO_PAIRS", 0) != 0;
  case_long of = {.n_group_rows = n_group_rows, .n_players = is_small ? 36 : 75};
  of.n_leaves = is_small ? 3 : CASE_LONG_MAX_LEAVES;
  for (uint32_t l = 0; l < of.n_leaves; ++l) {
    of.size[l] = is_small ? small_sizes[l] : sizes[l];
    if (of.size[l] > of.longest) of.longest = of.size[l];
  }
  of.n_rows = n_group_rows * (is_small ? 2 : with_pairs ? 3 : 7);
  of.stride = of.n_rows + (is_small ? 0 : 5);
  return of;
}

// Intervals that most codes are inside, some of them round through the missing code.
static uint32_t put_tests(uint64_t *state, uint32_t limit, apo_pattern_test *test) {
  const uint32_t n = 1 + kernel_random_below(state, limit) / 2;
  for (uint32_t t = 0; t < n; ++t) {
    const bool wraps = kernel_random_below(state, 3) == 0;
    const uint32_t low = kernel_random_below(state, 2);
    test[t].column = kernel_random_below(state, N_COLUMNS);
    test[t].low = wraps ? UINT32_MAX - kernel_random_below(state, 2) : low;
    test[t].span =
        kernel_random_below(state, 16) == 0 ? kernel_random_below(state, N_CODES) : N_CODES - low;
  }
  test[n - 1].column |= APO_TEST_LAST;
  return n;
}

// Distinct players of the game, in no order.
static void put_players(uint64_t *state, uint32_t n_players, uint32_t n, uint32_t *player) {
  for (uint32_t i = 0; i < n; ++i) {
    bool is_new = false;
    while (!is_new) {
      player[i] = kernel_random_below(state, n_players);
      is_new = true;
      for (uint32_t j = 0; j < i; ++j) is_new = is_new && player[j] != player[i];
    }
  }
}

static void put_codes(uint64_t *state, uint32_t n, size_t code_bytes, unsigned char *code) {
  for (uint32_t i = 0; i < n; ++i) {
    const uint32_t drawn = kernel_random_below(state, N_CODES + 1);
    const uint32_t wide = drawn == N_CODES ? UINT32_MAX : drawn;
    const uint16_t narrow = (uint16_t)wide;
    memcpy(code + i * code_bytes, code_bytes == 2 ? (const void *)&narrow : &wide, code_bytes);
  }
}

apo_long_leaf *case_long_buffers(const case_long *of,
                                 const apo_stage *stage,
                                 const apo_i32 *spec,
                                 uint64_t *state,
                                 const case_long_places *at,
                                 kernel_case *out) {
  const size_t code_bytes = (size_t)apo_spec_value(stage, spec, "APO_CODE_BYTES", 2);
  const bool with_pairs = apo_spec_value(stage, spec, "APO_PAIRS", 0) != 0;
  const uint32_t n_pairs = with_pairs ? of->n_players * (of->n_players - 1) / 2 : 0;
  uint32_t n_all = 0;
  for (uint32_t l = 0; l < of->n_leaves; ++l) n_all += of->size[l];
  apo_long_leaf *leaf = kernel_buffer_set(out, at->leaf, of->n_leaves * sizeof *leaf);
  apo_pattern_test *test =
      kernel_buffer_set(out, at->test, (size_t)n_all * MAX_TESTS * sizeof *test);
  uint32_t *player = kernel_buffer_set(out, at->player, n_all * sizeof *player);
  int32_t *value =
      kernel_buffer_set(out, at->value, (size_t)of->n_leaves * CASE_LONG_OUTPUTS * sizeof *value);
  uint32_t n_tests = 0;
  uint32_t n_put = 0;
  for (uint32_t l = 0; l < of->n_leaves; ++l) {
    leaf[l] = (apo_long_leaf){.test_begin = n_tests,
                              .n_players = of->size[l],
                              .player_begin = n_put,
                              .value_begin = l * CASE_LONG_OUTPUTS,
                              .first_output = l % CASE_LONG_OUTPUTS,
                              .n_outputs = l % CASE_LONG_OUTPUTS == 0 ? CASE_LONG_OUTPUTS : 1};
    put_players(state, of->n_players, of->size[l], player + n_put);
    n_put += of->size[l];
    for (uint32_t i = 0; i < of->size[l]; ++i) n_tests += put_tests(state, 5, test + n_tests);
    for (uint32_t k = 0; k < CASE_LONG_OUTPUTS; ++k) {
      value[l * CASE_LONG_OUTPUTS + k] = (int32_t)(kernel_random(state) >> 34) - (1 << 29);
    }
  }
  put_codes(state, N_COLUMNS * of->stride, code_bytes,
            kernel_buffer_set(out, at->code, (size_t)N_COLUMNS * of->stride * code_bytes));
  const size_t n_phi = ((size_t)CASE_LONG_OUTPUTS * (of->n_players + n_pairs) + 1) * of->stride;
  int64_t *phi = kernel_output_set(out, at->phi, n_phi * sizeof *phi, KERNEL_BYTES);
  for (size_t i = 0; i < n_phi; ++i) phi[i] = (int64_t)(kernel_random(state) >> 20);
  out->group = (size_t)apo_spec_value(stage, spec, "APO_GROUP", 1);
  out->n_items = of->n_rows / of->n_group_rows * out->group;
  return leaf;
}
