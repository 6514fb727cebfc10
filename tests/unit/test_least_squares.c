/* The regression of Kernel SHAP, against the definition and against a direct solution. */
#include "engine/solve/least_squares.h"

#include "tests/support/games.h"

enum { MAX_SYSTEM = MAX_GAME_PLAYERS + 1 };

// Gaussian elimination with pivoting of an n x (n + 1) system; the solution is left in column n.
static void eliminate(double a[MAX_SYSTEM][MAX_SYSTEM + 1], uint32_t n) {
  for (uint32_t col = 0; col < n; ++col) {
    uint32_t pivot = col;
    for (uint32_t row = col; row < n; ++row) {
      if (fabs(a[row][col]) > fabs(a[pivot][col])) pivot = row;
    }
    for (uint32_t i = 0; i <= n; ++i) {
      const double moved = a[col][i];
      a[col][i] = a[pivot][i];
      a[pivot][i] = moved;
    }
    for (uint32_t row = 0; row < n; ++row) {
      if (row == col) continue;
      const double factor = a[row][col] / a[col][col];
      for (uint32_t i = col; i <= n; ++i) a[row][i] -= factor * a[col][i];
    }
  }
  for (uint32_t row = 0; row < n; ++row) a[row][n] /= a[row][row];
}

// The stationary point of the Lagrangian: Z'WZ phi + lambda = Z'W (v - v_empty), sum phi = delta.
static void solve_directly(const game *g, const apo_coalitions *list, double *phi) {
  const uint32_t n = g->n_players;
  double a[MAX_SYSTEM][MAX_SYSTEM + 1] = {{0}};
  for (uint32_t k = 0; k < list->n_coalitions; ++k) {
    const uint32_t mask = game_mask(list->bits, n, list->n_coalitions, k);
    for (uint32_t i = 0; i < n; ++i) {
      if ((mask >> i & 1) == 0) continue;
      for (uint32_t j = 0; j < n; ++j) a[i][j] += list->weights[k] * (double)(mask >> j & 1);
      a[i][n + 1] += list->weights[k] * (g->v[mask] - g->v[0]);
    }
  }
  for (uint32_t i = 0; i < n; ++i) a[i][n] = a[n][i] = 1.0;
  a[n][n + 1] = game_delta(g);
  eliminate(a, n + 1);
  for (uint32_t i = 0; i < n; ++i) phi[i] = a[i][n + 1];
}

static apo_coalitions *draw(uint32_t n_players, uint64_t budget, uint64_t seed) {
  apo_error err;
  apo_coalitions *list = NULL;
  assert_ok(apo_coalitions_draw(n_players, budget, seed, APO_DRAW_SHARED, &list, &err), &err);
  return list;
}

static apo_projection *project(const apo_coalitions *list) {
  apo_error err;
  apo_projection *projection = NULL;
  assert_ok(apo_projection_create(list, &projection, &err), &err);
  return projection;
}

static void all_coalitions_give_shapley_values(void **state) {
  (void)state;
  static game g;
  for (uint32_t n = 2; n <= 11; ++n) {
    for (uint64_t seed = 0; seed < 3; ++seed) {
      double phi[MAX_GAME_PLAYERS];
      double expected[MAX_GAME_PLAYERS];
      game_random(&g, n, seed);
      game_shapley(&g, expected);
      game_kernel(&g, 0, seed, phi);
      assert_all_near(phi, expected, n, 1e-10, "phi");
    }
  }
}

static void sampled_coalitions_give_the_constrained_least_squares(void **state) {
  (void)state;
  static game g;
  for (uint32_t n = 12; n <= 16; ++n) {
    for (uint64_t budget = 8 * n; budget < 3000; budget *= 3) {
      apo_coalitions *list = draw(n, budget, 5);
      double phi[MAX_GAME_PLAYERS];
      double expected[MAX_GAME_PLAYERS];
      game_random(&g, n, budget);
      solve_directly(&g, list, expected);
      game_kernel(&g, budget, 5, phi);
      assert_all_near(phi, expected, n, 1e-9, "phi");
      apo_coalitions_destroy(&list);
    }
  }
}

// Muschalik et al. 2025 (arXiv 2508.12947): pairs see through interactions of two.
static void pairs_of_coalitions_are_exact_for_games_of_pairs(void **state) {
  (void)state;
  static game g;
  for (uint32_t n = 12; n <= 16; ++n) {
    double phi[MAX_GAME_PLAYERS];
    double expected[MAX_GAME_PLAYERS];
    game_of_pairs(&g, n, n);
    game_shapley(&g, expected);
    game_kernel(&g, 20 * n, 9, phi);
    assert_all_near(phi, expected, n, 1e-10, "phi");
  }
}

static void attributions_sum_to_the_difference(void **state) {
  (void)state;
  enum { N = 14 };
  static game g;
  apo_coalitions *list = draw(N, 400, 1);
  apo_projection *projection = project(list);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    apo_error err;
    double phi[N];
    game_random(&g, N, seed);
    // A base value far from 0 must not cost digits of the sum.
    for (uint32_t mask = 0; mask <= game_full(&g); ++mask) g.v[mask] += 1e6;
    double *v = game_values(&g, list->bits, list->n_coalitions);
    const double delta = game_delta(&g);
    assert_ok(apo_projection_apply(projection, 1, v, &g.v[0], &g.v[game_full(&g)], phi, &err),
              &err);
    double sum = 0.0;
    double size = fabs(delta);
    for (uint32_t i = 0; i < N; ++i) sum += phi[i];
    for (uint32_t i = 0; i < N; ++i) size += fabs(phi[i]);
    assert_near(sum, delta, 1e-12 * size, "sum of phi");
    free(v);
  }
  apo_projection_destroy(&projection);
  apo_coalitions_destroy(&list);
}

static void a_game_has_the_same_bits_beside_any_others(void **state) {
  (void)state;
  enum { N = 13, N_GAMES = 19 };
  static game g;
  apo_error err;
  apo_coalitions *list = draw(N, 300, 1);
  apo_projection *projection = project(list);
  const uint32_t n = list->n_coalitions;
  double *v = calloc((size_t)N_GAMES * n, sizeof *v);
  assert_non_null(v);
  double ends[2][N_GAMES];
  for (uint32_t i = 0; i < N_GAMES; ++i) {
    game_random(&g, N, i);
    double *values = game_values(&g, list->bits, n);
    memcpy(v + (size_t)i * n, values, n * sizeof *v);
    free(values);
    ends[0][i] = g.v[0];
    ends[1][i] = g.v[game_full(&g)];
  }
  double together[N_GAMES][N];
  assert_ok(apo_projection_apply(projection, N_GAMES, v, ends[0], ends[1], together[0], &err),
            &err);
  for (uint32_t begin = 0; begin < N_GAMES; ++begin) {
    for (uint32_t end = begin + 1; end <= N_GAMES; ++end) {
      double apart[N_GAMES][N];
      assert_ok(apo_projection_apply(projection, end - begin, v + (size_t)begin * n,
                                     ends[0] + begin, ends[1] + begin, apart[0], &err),
                &err);
      assert_memory_equal(apart, together[begin], (end - begin) * sizeof apart[0]);
    }
  }
  free(v);
  apo_projection_destroy(&projection);
  apo_coalitions_destroy(&list);
}

static void players_that_do_not_vary_are_left_out(void **state) {
  (void)state;
  enum { N = 9, N_LEFT = 6 };
  static const uint32_t players[N_LEFT] = {0, 1, 3, 5, 6, 8};
  static game small;
  static game large;
  game_random(&small, N_LEFT, 3);
  large.n_players = N;
  for (uint32_t mask = 0; mask < 1 << N; ++mask) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < N_LEFT; ++i) kept |= (mask >> players[i] & 1) << i;
    large.v[mask] = small.v[kept];
  }
  double expected[N_LEFT];
  double phi[N_LEFT];
  game_shapley(&small, expected);

  apo_error err;
  apo_projection *projection = NULL;
  apo_coalitions *list = draw(N, 0, 1);
  assert_ok(apo_projection_create_subset(list, players, N_LEFT, &projection, &err), &err);
  double *v = game_values(&large, list->bits, list->n_coalitions);
  assert_ok(
      apo_projection_apply(projection, 1, v, &small.v[0], &small.v[game_full(&small)], phi, &err),
      &err);
  assert_all_near(phi, expected, N_LEFT, 1e-12, "phi");
  free(v);
  apo_projection_destroy(&projection);
  apo_coalitions_destroy(&list);
}

// Above 128 MB the map is kept as a factor.  A game of pairs has a known answer at any width.
static void a_wide_list_is_solved_by_its_factor(void **state) {
  (void)state;
  enum { N = 1400, N_COALITIONS = 12200, N_GAMES = 9 };
  apo_error err;
  apo_coalitions *list = draw(N, N_COALITIONS, 1);
  apo_projection *projection = project(list);
  const uint32_t n = list->n_coalitions;
  assert_true((size_t)(N - 1) * n * sizeof(double) > (size_t)128 << 20);
  double *v = calloc((size_t)N_GAMES * n, sizeof *v);
  double *phi = calloc((size_t)(N_GAMES + 1) * N, sizeof *phi);
  assert_true(v != NULL && phi != NULL);
  double empty[N_GAMES];
  double full[N_GAMES];
  for (uint32_t i = 0; i < N_GAMES; ++i) {
    // Player p adds p + i; players p and p + 1 together, for even p, add 2 more.
    empty[i] = i;
    full[i] = empty[i] + N * (N - 1) / 2.0 + (double)i * N + N;
    for (uint32_t k = 0; k < n; ++k) {
      double value = empty[i];
      for (uint32_t p = 0; p < N; ++p) {
        if (!apo_coalitions_holds(list, k, p)) continue;
        value += p + i;
        if (p % 2 == 1 && apo_coalitions_holds(list, k, p - 1)) value += 2.0;
      }
      v[(size_t)i * n + k] = value;
    }
  }
  assert_ok(apo_projection_apply(projection, N_GAMES, v, empty, full, phi, &err), &err);
  for (uint32_t i = 0; i < N_GAMES; ++i) {
    for (uint32_t p = 0; p < N; ++p) assert_near(phi[i * N + p], p + i + 1.0, 1e-6, "phi");
  }
  double *last = phi + (size_t)N_GAMES * N;
  assert_ok(apo_projection_apply(projection, 1, v + 4 * (size_t)n, empty + 4, full + 4, last, &err),
            &err);
  assert_memory_equal(last, phi + 4 * N, N * sizeof *phi);
  free(v);
  free(phi);
  apo_projection_destroy(&projection);
  apo_coalitions_destroy(&list);
}

static void coalitions_that_never_part_two_players_are_refused(void **state) {
  (void)state;
  apo_coalitions *list = draw(6, 0, 1);
  memcpy(list->bits + 3 * list->n_words, list->bits + 1 * list->n_words,
         list->n_words * sizeof *list->bits);
  apo_error err;
  apo_projection *projection = NULL;
  assert_fails(apo_projection_create(list, &projection, &err), APO_ERR_LIMIT, &err,
               "62 coalitions do not determine the values of 6 players");
  assert_null(projection);
  apo_coalitions_destroy(&list);
}

// The factorisation runs through, on numbers that are rounding errors.
static void coalitions_that_hardly_part_two_players_are_refused(void **state) {
  (void)state;
  apo_coalitions *list = draw(6, 0, 1);
  for (uint32_t k = 0; k < list->n_coalitions; ++k) {
    if (apo_coalitions_holds(list, k, 1) != apo_coalitions_holds(list, k, 3)) {
      list->weights[k] *= 1e-14;
    }
  }
  apo_error err;
  apo_projection *projection = NULL;
  assert_fails(apo_projection_create(list, &projection, &err), APO_ERR_LIMIT, &err,
               "do not determine the values");
  apo_coalitions_destroy(&list);
}

static void a_budget_that_is_too_small_by_chance_is_refused(void **state) {
  (void)state;
  // 11 pairs of 12 players span 11 dimensions only by luck; over 40 seeds luck runs out.
  uint32_t n_refused = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    apo_error err;
    apo_coalitions *list = draw(12, 22, seed);
    apo_projection *projection = NULL;
    const apo_status status = apo_projection_create(list, &projection, &err);
    assert_true(status == APO_OK || status == APO_ERR_LIMIT);
    if (status == APO_ERR_LIMIT) ++n_refused;
    if (status == APO_ERR_LIMIT) assert_non_null(strstr(err.message, "always suffices"));
    apo_projection_destroy(&projection);
    apo_coalitions_destroy(&list);
  }
  assert_true(n_refused > 0);
}

static void the_budget_named_as_safe_is_regular(void **state) {
  (void)state;
  for (uint32_t n = 2; n <= 60; n += 3) {
    apo_coalitions *list = draw(n, apo_coalitions_safe_budget(n), 2);
    apo_projection *projection = project(list);
    apo_projection_destroy(&projection);
    apo_coalitions_destroy(&list);
  }
}

static void a_list_of_one_player_has_no_regression(void **state) {
  (void)state;
  apo_error err;
  apo_projection *projection = NULL;
  apo_coalitions *list = draw(1, 0, 1);
  assert_fails(apo_projection_create(list, &projection, &err), APO_ERR_ARGUMENT, &err,
               "needed at least 2");
  apo_coalitions_destroy(&list);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_coalitions_give_shapley_values),
      cmocka_unit_test(sampled_coalitions_give_the_constrained_least_squares),
      cmocka_unit_test(pairs_of_coalitions_are_exact_for_games_of_pairs),
      cmocka_unit_test(attributions_sum_to_the_difference),
      cmocka_unit_test(a_game_has_the_same_bits_beside_any_others),
      cmocka_unit_test(players_that_do_not_vary_are_left_out),
      cmocka_unit_test(a_wide_list_is_solved_by_its_factor),
      cmocka_unit_test(coalitions_that_never_part_two_players_are_refused),
      cmocka_unit_test(coalitions_that_hardly_part_two_players_are_refused),
      cmocka_unit_test(a_budget_that_is_too_small_by_chance_is_refused),
      cmocka_unit_test(the_budget_named_as_safe_is_regular),
      cmocka_unit_test(a_list_of_one_player_has_no_regression),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
