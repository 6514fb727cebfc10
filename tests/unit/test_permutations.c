/* Permutation SHAP, against the definition and against its own spread. */
#include "engine/explainers/permutation/permutations.h"

#include "tests/support/games.h"

static void all_orders_give_shapley_values(void **state) {
  (void)state;
  static game g;
  static uint32_t padded[720][6];
  static uint32_t orders[720 * 6];
  for (uint32_t n = 2; n <= 6; ++n) {
    const uint32_t n_orders = game_all_orders(n, padded);
    for (uint32_t i = 0; i < n_orders; ++i) {
      memcpy(orders + (size_t)i * n, padded[i], n * sizeof *orders);
    }
    double phi[6];
    double expected[6];
    game_random(&g, n, n);
    game_shapley(&g, expected);
    game_permutation(&g, n_orders, orders, phi, NULL);
    assert_all_near(phi, expected, n, 1e-13, "phi");
  }
}

static void one_pair_is_exact_for_games_of_pairs(void **state) {
  (void)state;
  static game g;
  for (uint32_t n = 2; n <= 12; ++n) {
    uint32_t order[12];
    double phi[12];
    double expected[12];
    game_of_pairs(&g, n, n);
    game_shapley(&g, expected);
    apo_permutation_orders(n, 1, 1, n, order);
    game_permutation(&g, 1, order, phi, NULL);
    assert_all_near(phi, expected, n, 1e-12, "phi");
  }
}

static void evaluations_are_laid_out_as_the_header_says(void **state) {
  (void)state;
  enum { N = 37, N_PAIRS = 5, N_WORDS = (N_PAIRS * 2 * (N - 1) + 31) / 32 };
  uint32_t orders[N_PAIRS][N];
  static uint32_t bits[N][N_WORDS];
  memset(bits, 0xff, sizeof bits);
  apo_permutation_orders(N, N_PAIRS, 3, 4, orders[0]);
  apo_permutation_bits(N, N_PAIRS, orders[0], bits[0]);
  assert_int_equal(apo_permutation_n_evaluations(N, N_PAIRS), N_PAIRS * 2 * (N - 1));
  for (uint32_t pair = 0; pair < N_PAIRS; ++pair) {
    for (uint32_t j = 0; j < N - 1; ++j) {
      const uint32_t entering = pair * 2 * (N - 1) + j;
      const uint32_t leaving = entering + (N - 1);
      for (uint32_t q = 0; q < N; ++q) {
        const uint32_t *column = bits[orders[pair][q]];
        assert_int_equal(column[entering / 32] >> entering % 32 & 1, q <= j);
        assert_int_equal(column[leaving / 32] >> leaving % 32 & 1, q > j);
      }
    }
  }
  for (uint32_t player = 0; player < N; ++player) {
    assert_int_equal(bits[player][N_WORDS - 1] >> (N_PAIRS * 2 * (N - 1)) % 32, 0);
  }
}

static void orders_are_permutations_that_depend_on_seed_and_row(void **state) {
  (void)state;
  enum { N = 50, N_PAIRS = 4 };
  uint32_t orders[N_PAIRS][N];
  apo_permutation_orders(N, N_PAIRS, 1, 2, orders[0]);
  for (uint32_t pair = 0; pair < N_PAIRS; ++pair) {
    bool is_there[N] = {false};
    for (uint32_t q = 0; q < N; ++q) is_there[orders[pair][q]] = true;
    for (uint32_t player = 0; player < N; ++player) assert_true(is_there[player]);
    if (pair > 0) assert_memory_not_equal(orders[pair], orders[0], sizeof orders[0]);
  }
  static const uint64_t others[3][2] = {{1, 2}, {2, 2}, {1, 3}};  // seed, row
  for (size_t i = 0; i < 3; ++i) {
    uint32_t other[N_PAIRS][N];
    apo_permutation_orders(N, N_PAIRS, others[i][0], others[i][1], other[0]);
    assert_int_equal(memcmp(other, orders, sizeof orders) == 0, i == 0);
  }
}

static void attributions_and_errors_are_those_of_the_formula(void **state) {
  (void)state;
  enum { N = 7, N_PAIRS = 5 };
  static game g;
  game_random(&g, N, 12);
  uint32_t orders[N_PAIRS][N];
  apo_permutation_orders(N, N_PAIRS, 3, 4, orders[0]);
  double estimates[N_PAIRS][N];
  for (uint32_t pair = 0; pair < N_PAIRS; ++pair) {
    uint32_t present = 0;
    for (uint32_t q = 0; q < N; ++q) {
      const uint32_t player = UINT32_C(1) << orders[pair][q];
      const uint32_t absent = game_full(&g) & ~present;
      estimates[pair][orders[pair][q]] =
          0.5 * (g.v[present | player] - g.v[present] + g.v[absent] - g.v[absent & ~player]);
      present |= player;
    }
  }
  double phi[N];
  double phi_se[N];
  game_permutation(&g, N_PAIRS, orders[0], phi, phi_se);
  for (uint32_t i = 0; i < N; ++i) {
    double mean = 0.0;
    double squares = 0.0;
    for (uint32_t pair = 0; pair < N_PAIRS; ++pair) mean += estimates[pair][i] / N_PAIRS;
    for (uint32_t pair = 0; pair < N_PAIRS; ++pair) {
      squares += (estimates[pair][i] - mean) * (estimates[pair][i] - mean);
    }
    assert_near(phi[i], mean, 1e-14, "phi");
    assert_near(phi_se[i], sqrt(squares / (N_PAIRS - 1) / N_PAIRS), 1e-14, "phi_se");
  }
}

// Over many rows the mean squared error must be the mean of the squared standard errors, and
// estimates must not lean to a side.
static void standard_errors_are_unbiased(void **state) {
  (void)state;
  enum { N = 6, N_PAIRS = 4, N_ROWS = 20000 };
  static game g;
  game_random(&g, N, 1);
  double exact[N];
  game_shapley(&g, exact);
  double errors[N] = {0};
  double squared_errors[N] = {0};
  double variances[N] = {0};
  for (uint64_t row = 0; row < N_ROWS; ++row) {
    uint32_t orders[N_PAIRS][N];
    double phi[N];
    double phi_se[N];
    apo_permutation_orders(N, N_PAIRS, 1, row, orders[0]);
    game_permutation(&g, N_PAIRS, orders[0], phi, phi_se);
    for (uint32_t i = 0; i < N; ++i) {
      errors[i] += (phi[i] - exact[i]) / N_ROWS;
      squared_errors[i] += (phi[i] - exact[i]) * (phi[i] - exact[i]) / N_ROWS;
      variances[i] += phi_se[i] * phi_se[i] / N_ROWS;
    }
  }
  for (uint32_t i = 0; i < N; ++i) {
    // Both means of squares scatter by about sqrt(2 / 20000) = 1 %.
    assert_near(variances[i] / squared_errors[i], 1.0, 0.05, "variance over squared error");
    assert_near(errors[i], 0.0, 4.0 * sqrt(squared_errors[i] / N_ROWS), "mean error");
  }
}

static void one_player_takes_all(void **state) {
  (void)state;
  const uint32_t order = 0;
  double phi = 0.0;
  double phi_se = 1.0;
  assert_int_equal(apo_permutation_n_evaluations(1, 10), 0);
  apo_permutation_bits(1, 1, &order, NULL);
  apo_permutation_phi(1, 1, &order, NULL, 2.0, 5.0, &phi, &phi_se);
  assert_true(phi == 3.0 && phi_se == 0.0);
}

static void the_error_of_one_pair_is_unknown(void **state) {
  (void)state;
  static game g;
  game_random(&g, 4, 1);
  const uint32_t order[4] = {2, 0, 3, 1};
  double phi[4];
  double phi_se[4];
  game_permutation(&g, 1, order, phi, phi_se);
  for (uint32_t i = 0; i < 4; ++i) assert_true(isfinite(phi[i]) && isnan(phi_se[i]));
}

static void a_budget_buys_pairs_of_two_m_and_one(void **state) {
  (void)state;
  apo_error err;
  uint32_t n_pairs = 0;
  assert_ok(apo_permutation_pairs(250, 0, &n_pairs, &err), &err);
  assert_int_equal(n_pairs, 10);
  assert_ok(apo_permutation_pairs(3, 500, &n_pairs, &err), &err);
  assert_int_equal(n_pairs, 71);
  assert_ok(apo_permutation_pairs(20, 500, &n_pairs, &err), &err);
  assert_int_equal(n_pairs, 12);
  assert_ok(apo_permutation_pairs(250, 501, &n_pairs, &err), &err);
  assert_int_equal(n_pairs, 1);
}

static void a_budget_below_one_pair_names_the_least(void **state) {
  (void)state;
  apo_error err;
  uint32_t n_pairs = 0;
  assert_fails(apo_permutation_pairs(250, 500, &n_pairs, &err), APO_ERR_LIMIT, &err,
               "500 evaluations for 250 players, needed at least 501");
  assert_fails(apo_permutation_pairs(250, UINT64_MAX, &n_pairs, &err), APO_ERR_LIMIT, &err,
               "at most 2147483648");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_orders_give_shapley_values),
      cmocka_unit_test(one_pair_is_exact_for_games_of_pairs),
      cmocka_unit_test(evaluations_are_laid_out_as_the_header_says),
      cmocka_unit_test(orders_are_permutations_that_depend_on_seed_and_row),
      cmocka_unit_test(attributions_and_errors_are_those_of_the_formula),
      cmocka_unit_test(standard_errors_are_unbiased),
      cmocka_unit_test(one_player_takes_all),
      cmocka_unit_test(the_error_of_one_pair_is_unknown),
      cmocka_unit_test(a_budget_buys_pairs_of_two_m_and_one),
      cmocka_unit_test(a_budget_below_one_pair_names_the_least),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
