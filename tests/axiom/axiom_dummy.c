/* Dummy: a player that adds the same to every coalition gets just that; 0 if it adds nothing. */
#include "tests/support/games.h"

enum { DUMMY = 2 };

// A random game in which player DUMMY adds `gain` to everything.
static void make_dummy(game *g, uint32_t n_players, double gain, uint64_t seed) {
  game_random(g, n_players, seed);
  for (uint32_t mask = 0; mask <= game_full(g); ++mask) {
    if ((mask >> DUMMY & 1) != 0) g->v[mask] = g->v[mask ^ UINT32_C(1) << DUMMY] + gain;
  }
}

static void complete_kernel_values_leave_a_dummy_its_own(void **state) {
  (void)state;
  static game g;
  for (uint32_t n = 3; n <= 11; ++n) {
    for (uint32_t gain = 0; gain < 2; ++gain) {
      double phi[MAX_GAME_PLAYERS];
      make_dummy(&g, n, gain, n);
      game_kernel(&g, 0, 1, phi);
      assert_near(phi[DUMMY], gain, 1e-12, "phi of the dummy");
    }
  }
}

// Every single order gives a dummy its own, so any sample does, without error.
static void permutation_values_leave_a_dummy_its_own(void **state) {
  (void)state;
  static game g;
  for (uint32_t n = 3; n <= MAX_GAME_PLAYERS; ++n) {
    for (uint32_t gain = 0; gain < 2; ++gain) {
      uint32_t orders[3 * MAX_GAME_PLAYERS];
      double phi[MAX_GAME_PLAYERS];
      double phi_se[MAX_GAME_PLAYERS];
      make_dummy(&g, n, gain, n);
      apo_permutation_orders(n, 3, 1, n, orders);
      game_permutation(&g, 3, orders, phi, phi_se);
      assert_near(phi[DUMMY], gain, 1e-14, "phi of the dummy");
      assert_near(phi_se[DUMMY], 0.0, 1e-14, "its standard error");
    }
  }
}

static void players_left_out_of_a_kernel_list_change_nothing(void **state) {
  (void)state;
  enum { N = 8 };
  static const uint32_t others[N - 1] = {0, 1, 3, 4, 5, 6, 7};
  static game g;
  make_dummy(&g, N, 0.0, 5);
  apo_error err;
  apo_coalitions *list = NULL;
  apo_projection *projection = NULL;
  assert_ok(apo_coalitions_draw(N, 0, 1, APO_DRAW_SHARED, &list, &err), &err);
  assert_ok(apo_projection_create_subset(list, others, N - 1, &projection, &err), &err);
  double *v = game_values(&g, list->bits, list->n_coalitions);
  double phi[N - 1];
  double expected[N];
  assert_ok(apo_projection_apply(projection, 1, v, &g.v[0], &g.v[game_full(&g)], phi, &err), &err);
  game_shapley(&g, expected);
  for (uint32_t i = 0; i < N - 1; ++i) assert_near(phi[i], expected[others[i]], 1e-12, "phi");
  free(v);
  apo_projection_destroy(&projection);
  apo_coalitions_destroy(&list);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(complete_kernel_values_leave_a_dummy_its_own),
      cmocka_unit_test(permutation_values_leave_a_dummy_its_own),
      cmocka_unit_test(players_left_out_of_a_kernel_list_change_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
