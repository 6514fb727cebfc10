/* Shuffles and subsets of permutation importance. */
#include "engine/explainers/importance/shuffles.h"

#include <stdbool.h>
#include <stdlib.h>

#include "tests/support/apo_test.h"

static void a_shuffle_is_a_permutation_of_its_repeat(void **state) {
  (void)state;
  enum { N = 1000, N_REPEATS = 3 };
  static uint32_t orders[N_REPEATS][N];
  apo_error err;
  for (uint32_t repeat = 0; repeat < N_REPEATS; ++repeat) {
    bool is_there[N] = {false};
    assert_ok(apo_shuffle_rows(5, repeat, N, orders[repeat], &err), &err);
    for (uint32_t i = 0; i < N; ++i) is_there[orders[repeat][i]] = true;
    for (uint32_t i = 0; i < N; ++i) assert_true(is_there[i]);
    for (uint32_t other = 0; other < repeat; ++other) {
      assert_memory_not_equal(orders[repeat], orders[other], sizeof orders[0]);
    }
  }
  uint32_t again[N];
  assert_ok(apo_shuffle_rows(5, 1, N, again, &err), &err);
  assert_memory_equal(again, orders[1], sizeof again);
  assert_ok(apo_shuffle_rows(6, 1, N, again, &err), &err);
  assert_memory_not_equal(again, orders[1], sizeof again);
}

static void a_subset_ascends_without_repeats(void **state) {
  (void)state;
  enum { N = 97 };
  for (uint32_t n_chosen = 0; n_chosen <= N; ++n_chosen) {
    apo_error err;
    uint32_t rows[N];
    assert_ok(apo_shuffle_subset(n_chosen, N, n_chosen, rows, &err), &err);
    for (uint32_t i = 0; i < n_chosen; ++i) {
      assert_true(rows[i] < N);
      if (i > 0) assert_true(rows[i] > rows[i - 1]);
    }
  }
}

static void every_subset_is_equally_likely(void **state) {
  (void)state;
  // The 20 choices of 3 from 6: chi-square with 19 degrees, 1 in 100,000 above 58.
  enum { N_SEEDS = 20000 };
  double counts[64] = {0};
  for (uint64_t seed = 0; seed < N_SEEDS; ++seed) {
    apo_error err;
    uint32_t rows[3];
    assert_ok(apo_shuffle_subset(seed, 6, 3, rows, &err), &err);
    counts[1u << rows[0] | 1u << rows[1] | 1u << rows[2]] += 1.0;
  }
  double chi_square = 0.0;
  uint32_t n_seen = 0;
  for (uint32_t mask = 0; mask < 64; ++mask) {
    if (counts[mask] == 0.0) continue;
    ++n_seen;
    const double expected = N_SEEDS / 20.0;
    chi_square += (counts[mask] - expected) * (counts[mask] - expected) / expected;
  }
  assert_int_equal(n_seen, 20);
  assert_true(chi_square < 58.0);
}

static void sizes_that_cannot_be_drawn_are_refused(void **state) {
  (void)state;
  apo_error err;
  uint32_t row = 0;
  assert_fails(apo_shuffle_subset(1, 10, 11, &row, &err), APO_ERR_ARGUMENT, &err, "11 rows of 10");
  assert_fails(apo_shuffle_subset(1, UINT64_C(1) << 32, 1, &row, &err), APO_ERR_LIMIT, &err,
               "4294967296");
  assert_fails(apo_shuffle_rows(1, 0, (1u << 25) + 1, &row, &err), APO_ERR_LIMIT, &err,
               "at most 33554432");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_shuffle_is_a_permutation_of_its_repeat),
      cmocka_unit_test(a_subset_ascends_without_repeats),
      cmocka_unit_test(every_subset_is_equally_likely),
      cmocka_unit_test(sizes_that_cannot_be_drawn_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
