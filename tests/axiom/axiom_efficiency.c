/* Efficiency: attributions sum to v(all) - v(none), for every estimator, budget and draw. */
#include "tests/support/games.h"

static double sum_of(const double *phi, uint32_t n) {
  double sum = 0.0;
  for (uint32_t i = 0; i < n; ++i) sum += phi[i];
  return sum;
}

static void shapley_values_by_definition_sum_up(void **state) {
  (void)state;
  static game g;
  for (uint32_t n = 1; n <= 12; ++n) {
    double phi[MAX_GAME_PLAYERS];
    game_random(&g, n, n);
    game_shapley(&g, phi);
    assert_near(sum_of(phi, n), game_delta(&g), 1e-13, "sum of phi");
  }
}

static void kernel_values_sum_up(void **state) {
  (void)state;
  static game g;
  for (uint32_t n = 2; n <= MAX_GAME_PLAYERS; ++n) {
    for (uint64_t seed = 0; seed < 4; ++seed) {
      double phi[MAX_GAME_PLAYERS];
      game_random(&g, n, seed);
      game_kernel(&g, 6 * n, seed, phi);
      assert_near(sum_of(phi, n), game_delta(&g), 1e-12, "sum of phi");
      game_kernel(&g, 0, seed, phi);
      assert_near(sum_of(phi, n), game_delta(&g), 1e-12, "sum of phi");
    }
  }
}

static void permutation_values_sum_up(void **state) {
  (void)state;
  static game g;
  for (uint32_t n = 1; n <= MAX_GAME_PLAYERS; ++n) {
    for (uint32_t n_pairs = 1; n_pairs <= 10; n_pairs += 3) {
      uint32_t orders[10 * MAX_GAME_PLAYERS];
      double phi[MAX_GAME_PLAYERS];
      game_random(&g, n, n_pairs);
      apo_permutation_orders(n, n_pairs, 1, n, orders);
      game_permutation(&g, n_pairs, orders, phi, NULL);
      assert_near(sum_of(phi, n), game_delta(&g), 1e-13, "sum of phi");
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shapley_values_by_definition_sum_up),
      cmocka_unit_test(kernel_values_sum_up),
      cmocka_unit_test(permutation_values_sum_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
