/* Symmetry: players that the game cannot tell apart get the same.
 *
 * It holds for exact results.  A sample treats players differently by chance, but its expectation
 * does not, which is tested with the sample's own standard error. */
#include "tests/support/games.h"

enum { TWIN_A = 0, TWIN_B = 3 };

// A random game that is unchanged when players TWIN_A and TWIN_B swap places.
static void make_symmetric(game *g, uint32_t n_players, uint64_t seed) {
  game_random(g, n_players, seed);
  for (uint32_t mask = 0; mask <= game_full(g); ++mask) {
    const uint32_t differing = (mask >> TWIN_A ^ mask >> TWIN_B) & 1;
    const uint32_t swapped = mask ^ (differing << TWIN_A | differing << TWIN_B);
    if (swapped > mask) g->v[swapped] = g->v[mask];
  }
}

static void complete_kernel_values_are_symmetric(void **state) {
  (void)state;
  static game g;
  for (uint32_t n = 4; n <= 11; ++n) {
    double phi[MAX_GAME_PLAYERS];
    make_symmetric(&g, n, n);
    game_kernel(&g, 0, 1, phi);
    assert_near(phi[TWIN_A], phi[TWIN_B], 1e-12, "phi of twins");
  }
}

static void permutation_values_over_all_orders_are_symmetric(void **state) {
  (void)state;
  static game g;
  static uint32_t orders[720][6];
  double phi[6];
  const uint32_t n_orders = game_all_orders(6, orders);
  assert_int_equal(n_orders, 720);
  make_symmetric(&g, 6, 2);
  game_permutation(&g, n_orders, orders[0], phi, NULL);
  assert_near(phi[TWIN_A], phi[TWIN_B], 1e-13, "phi of twins");
}

static void sampled_permutation_values_are_symmetric_on_average(void **state) {
  (void)state;
  enum { N = 12, N_PAIRS = 20000 };
  static game g;
  static uint32_t orders[N_PAIRS * N];
  double phi[N];
  double phi_se[N];
  make_symmetric(&g, N, 3);
  apo_permutation_orders(N, N_PAIRS, 1, 1, orders);
  game_permutation(&g, N_PAIRS, orders, phi, phi_se);
  const double allowed = 4.0 * hypot(phi_se[TWIN_A], phi_se[TWIN_B]);
  assert_true(allowed < 0.03);
  assert_near(phi[TWIN_A], phi[TWIN_B], allowed, "phi of twins");
}

static void sampled_kernel_values_are_symmetric_on_average(void **state) {
  (void)state;
  enum { N = 12, N_LISTS = 400 };
  static game g;
  make_symmetric(&g, N, 4);
  double mean = 0.0;
  double squares = 0.0;
  for (uint64_t seed = 0; seed < N_LISTS; ++seed) {
    double phi[N];
    game_kernel(&g, 200, seed, phi);
    const double difference = phi[TWIN_A] - phi[TWIN_B];
    mean += difference / N_LISTS;
    squares += difference * difference / N_LISTS;
  }
  assert_near(mean, 0.0, 4.0 * sqrt(squares / N_LISTS), "mean difference of twins");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(complete_kernel_values_are_symmetric),
      cmocka_unit_test(permutation_values_over_all_orders_are_symmetric),
      cmocka_unit_test(sampled_permutation_values_are_symmetric_on_average),
      cmocka_unit_test(sampled_kernel_values_are_symmetric_on_average),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
