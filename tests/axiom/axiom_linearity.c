/* Linearity: the attributions of a u + b v are a times those of u plus b times those of v, for
 * every estimator as long as the coalitions are the same. */
#include "tests/support/games.h"

static const double A = 2.5;
static const double B = -0.75;

static void make_games(uint32_t n_players, uint64_t seed, game *u, game *v, game *mixed) {
  game_random(u, n_players, 2 * seed);
  game_random(v, n_players, 2 * seed + 1);
  mixed->n_players = n_players;
  for (uint32_t mask = 0; mask <= game_full(u); ++mask) {
    mixed->v[mask] = A * u->v[mask] + B * v->v[mask];
  }
}

static void assert_mixed(const double *u, const double *v, const double *mixed, uint32_t n) {
  for (uint32_t i = 0; i < n; ++i) assert_near(mixed[i], A * u[i] + B * v[i], 1e-11, "phi");
}

static void kernel_values_are_linear(void **state) {
  (void)state;
  static game u;
  static game v;
  static game mixed;
  for (uint32_t n = 2; n <= MAX_GAME_PLAYERS; ++n) {
    static const uint64_t budget_per_player[] = {6, 0};
    for (uint64_t i = 0; i < 2; ++i) {
      double phi[3][MAX_GAME_PLAYERS];
      make_games(n, i, &u, &v, &mixed);
      game_kernel(&u, budget_per_player[i] * n, 7, phi[0]);
      game_kernel(&v, budget_per_player[i] * n, 7, phi[1]);
      game_kernel(&mixed, budget_per_player[i] * n, 7, phi[2]);
      assert_mixed(phi[0], phi[1], phi[2], n);
    }
  }
}

static void permutation_values_are_linear(void **state) {
  (void)state;
  static game u;
  static game v;
  static game mixed;
  for (uint32_t n = 1; n <= MAX_GAME_PLAYERS; ++n) {
    uint32_t orders[4 * MAX_GAME_PLAYERS];
    double phi[3][MAX_GAME_PLAYERS];
    make_games(n, n, &u, &v, &mixed);
    apo_permutation_orders(n, 4, 1, n, orders);
    game_permutation(&u, 4, orders, phi[0], NULL);
    game_permutation(&v, 4, orders, phi[1], NULL);
    game_permutation(&mixed, 4, orders, phi[2], NULL);
    assert_mixed(phi[0], phi[1], phi[2], n);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kernel_values_are_linear),
      cmocka_unit_test(permutation_values_are_linear),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
