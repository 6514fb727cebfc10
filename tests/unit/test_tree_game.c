/* The definitions that exact and path-dependent values are held to: held to each other here, and
 * to games that can be worked out by hand. */
#include "tests/support/random_forest.h"
#include "tests/support/tree_game.h"

enum { N_ROWS = 4, N_BACKGROUND = 5, MAX_PAIRS = 45 };

static const double weights[N_BACKGROUND] = {0.5, 3.0, 0.0, 1.0, 0.25};
static const apo_index indices[] = {APO_INDEX_SHAPLEY, APO_INDEX_BANZHAF};

static void compare_ways(const brute *b) {
  static game g;
  const explain_case *c = b->c;
  for (uint32_t row = 0; row < N_ROWS; ++row) {
    const double *x = c->rows + (size_t)row * c->model->n_columns;
    for (uint32_t k = 0; k < c->model->n_outputs; ++k) {
      if (c->background != NULL) {
        brute_game(b, x, k, &g);
      } else {
        path_game(b, x, k, &g);
      }
      for (size_t i = 0; i < sizeof indices / sizeof *indices; ++i) {
        double phi[2][MAX_GAME_PLAYERS];
        double pairs[2][MAX_PAIRS + 1];
        game_index(&g, indices[i], phi[0]);
        game_pairs(&g, indices[i], pairs[0]);
        leaf_values(b, indices[i], x, k, phi[1], pairs[1]);
        assert_all_near(phi[1], phi[0], b->n_players, 1e-12, "phi");
        assert_all_near(pairs[1], pairs[0], b->n_players * (b->n_players - 1) / 2, 1e-12, "pairs");
      }
    }
  }
}

static void leaves_add_up_to_the_enumerated_game(void **state) {
  (void)state;
  static const uint32_t players[7] = {2, 0, 1, 1, 0, 3, 2};
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    const apo_random_spec spec = {.seed = seed,
                                  .n_columns = 7,
                                  .n_outputs = 1 + (uint32_t)seed % 3,
                                  .n_trees = 6,
                                  .max_depth = 5,
                                  .categorical_share = 0.3,
                                  .vector_leaves = seed % 2 == 0,
                                  .has_covers = true};
    apo_model *model = apo_random_model(&spec);
    apo_random random = apo_random_start(seed);
    double *rows = apo_random_rows(&random, model->forest, N_ROWS + N_BACKGROUND);
    const explain_case exact = {.model = model,
                                .rows = rows,
                                .n_rows = N_ROWS,
                                .background = rows + N_ROWS * 7,
                                .n_background = N_BACKGROUND,
                                .weights = seed > 1 ? weights : NULL};
    const explain_case path = {.model = model, .rows = rows, .n_rows = N_ROWS};
    const brute questions[] = {{.c = &exact, .n_players = 7},
                               {.c = &path, .n_players = 7},
                               {.c = &exact, .player_of_column = players, .n_players = 4},
                               {.c = &path, .player_of_column = players, .n_players = 5}};
    for (size_t i = 0; i < sizeof questions / sizeof *questions; ++i) compare_ways(&questions[i]);
    free(rows);
    apo_model_destroy(&model);
  }
}

// The minimum of n players: everybody is needed for 1.
static void everybody_or_nothing_is_shared_alike(void **state) {
  (void)state;
  static game g;
  for (uint32_t n = 2; n <= 8; ++n) {
    double phi[MAX_GAME_PLAYERS];
    double pairs[MAX_PAIRS];
    g.n_players = n;
    memset(g.v, 0, sizeof g.v);
    g.v[game_full(&g)] = 1.0;
    game_index(&g, APO_INDEX_SHAPLEY, phi);
    game_pairs(&g, APO_INDEX_SHAPLEY, pairs);
    assert_near(phi[n - 1], 1.0 / n, 1e-15, "Shapley");
    // The largest coalition without a pair counts M(n - 2, 0) = 1 / (n - 1).
    assert_near(pairs[0], 0.5 / (n - 1.0), 1e-15, "Shapley, pairs");
    game_index(&g, APO_INDEX_BANZHAF, phi);
    game_pairs(&g, APO_INDEX_BANZHAF, pairs);
    assert_near(phi[0], ldexp(1.0, 1 - (int)n), 1e-15, "Banzhaf");
    assert_near(pairs[0], ldexp(0.5, 2 - (int)n), 1e-15, "Banzhaf, pairs");
  }
}

static void the_index_of_shapley_is_his_value(void **state) {
  (void)state;
  static game g;
  for (uint32_t n = 1; n <= 10; ++n) {
    double phi[2][MAX_GAME_PLAYERS];
    game_random(&g, n, n);
    game_shapley(&g, phi[0]);
    game_index(&g, APO_INDEX_SHAPLEY, phi[1]);
    assert_all_near(phi[1], phi[0], n, 1e-13, "phi");
  }
}

// A player's value is its own effect and half of what it does together with each other one.
static void pairs_and_single_effects_are_found_again(void **state) {
  (void)state;
  static game g;
  enum { N = 6 };
  game_of_pairs(&g, N, 3);
  for (size_t i = 0; i < sizeof indices / sizeof *indices; ++i) {
    double phi[MAX_GAME_PLAYERS];
    double pairs[MAX_PAIRS];
    game_index(&g, indices[i], phi);
    game_pairs(&g, indices[i], pairs);
    for (uint32_t a = 0; a < N; ++a) {
      double own = phi[a];
      for (uint32_t b = 0; b < N; ++b) {
        if (b != a) own -= pairs[a < b ? pair_place(N, a, b) : pair_place(N, b, a)];
      }
      assert_near(own, g.v[UINT32_C(1) << a] - g.v[0], 1e-13, "the diagonal");
    }
  }
}

static void places_of_pairs_are_in_order(void **state) {
  (void)state;
  for (uint32_t n = 2; n < 9; ++n) {
    size_t place = 0;
    for (uint32_t i = 0; i < n; ++i) {
      for (uint32_t j = i + 1; j < n; ++j) assert_int_equal(pair_place(n, i, j), place++);
    }
    assert_int_equal(place, n * (n - 1) / 2);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(leaves_add_up_to_the_enumerated_game),
      cmocka_unit_test(everybody_or_nothing_is_shared_alike),
      cmocka_unit_test(the_index_of_shapley_is_his_value),
      cmocka_unit_test(pairs_and_single_effects_are_found_again),
      cmocka_unit_test(places_of_pairs_are_in_order),
  };
  return cmocka_run_group_tests_name("unit.tree_game", tests, NULL, NULL);
}
