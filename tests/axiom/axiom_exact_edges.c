/* Exact and path-dependent values of forests that are small, large, narrow, wide, deep or odd. */
#include "engine/codes/cuts.h"
#include "tests/support/exact_case.h"
#include "tests/support/made_forest.h"

enum { N_ROWS = 8, N_BACKGROUND = 6 };

static const double weights[N_BACKGROUND] = {0.5, 3.0, 0.0, 1.0, 0.25, 2.0};

/** Both methods; Shapley with pairs if asked for, and Banzhaf without. */
static void check_world(exact_world *w, int interactions, const char *what) {
  for (int way = 0; way < 4; ++way) {
    const apo_request request = {.method = way % 2 == 0 ? APO_METHOD_EXACT : APO_METHOD_PATH,
                                 .index = way < 2 ? APO_INDEX_SHAPLEY : APO_INDEX_BANZHAF,
                                 .interactions = way < 2 ? interactions : 0};
    const explain_case *c = exact_world_case(w, &request);
    if (w->model->n_columns <= 5) {
      check_enumerated(c, &request, what);
    } else {
      check_leaves(c, &request, what);
    }
  }
}

/** Random rows for a made forest, and the check; both are freed. */
static void check_made(made_forest *made, int interactions, const char *what) {
  apo_model *model = made_model(made);
  apo_random random = apo_random_start(17);
  double *rows = apo_random_rows(&random, model->forest, N_ROWS + N_BACKGROUND);
  exact_world w = exact_world_of(model, rows, N_ROWS, N_BACKGROUND, weights);
  check_world(&w, interactions, what);
  exact_world_free(&w);
}

static void assert_all_zero(const explained *e) {
  const size_t n = (size_t)e->n_rows * e->n_outputs;
  for (size_t i = 0; i < n * e->n_players; ++i) assert_true(e->phi[i] == 0.0f);
  for (size_t i = 0; i < n * explained_n_pairs(e); ++i) assert_true(e->pairs[i] == 0.0f);
  for (size_t i = 0; i < n; ++i) {
    assert_near(e->base[i % e->n_outputs], e->prediction[i], 1e-9, "base is prediction");
  }
}

static void check_zeros(const explain_case *c, apo_method method) {
  const apo_request request = {.method = method, .interactions = 1};
  for (size_t i = 0; i < N_EXACT_DEVICES; ++i) {
    if (exact_devices[i] == NULL) continue;
    explained e = explain(c, exact_devices[i], &request);
    assert_non_null(e.pairs);
    assert_all_zero(&e);
    explained_free(&e);
  }
}

/* --- small ------------------------------------------------------------------------------------ */

static void a_stump(void **state) {
  (void)state;
  made_forest made = made_open(3, 1);
  made_stump(&made, 1, 0.25, -1.0, 2.0);
  check_made(&made, 1, "a stump");
}

static void a_stump_worked_out_by_hand(void **state) {
  (void)state;
  made_forest made = made_open(2, 1);
  made_stump(&made, 1, 0.0, -1.0, 2.0);
  apo_model *model = made_model(&made);
  double *rows = calloc(10, sizeof *rows);
  assert_non_null(rows);
  const double second[5] = {1.0, -1.0, -1.0, -1.0, 1.0};  // 2 rows, 3 of the background
  for (size_t row = 0; row < 5; ++row) rows[2 * row + 1] = second[row];
  exact_world w = exact_world_of(model, rows, 2, 3, NULL);
  const apo_request exact = {.method = APO_METHOD_EXACT};
  const apo_request path = {.method = APO_METHOD_PATH};
  explained e = explain(&w.c, exact_devices[0], &exact);
  assert_near(e.base[0], 0.5 + (2.0 * -1.0 + 2.0) / 3.0, 1e-12, "exact base");
  assert_near((double)e.phi[1], 2.0, 1e-6, "exact, right");  // 2.5 - 0.5
  assert_near((double)e.phi[3], -1.0, 1e-6, "exact, left");
  assert_true(e.phi[0] == 0.0f && e.phi[2] == 0.0f);
  explained_free(&e);
  e = explain(&w.path, exact_devices[0], &path);  // covers 1 and 3
  assert_near(e.base[0], 0.5 + 0.25 * -1.0 + 0.75 * 2.0, 1e-12, "path base");
  assert_near((double)e.phi[1], 0.75, 1e-6, "path, right");
  assert_near((double)e.phi[3], -2.25, 1e-6, "path, left");
  explained_free(&e);
  exact_world_free(&w);
}

static void lone_leaves_and_no_trees_at_all(void **state) {
  (void)state;
  for (uint32_t n_leaves = 0; n_leaves < 4; ++n_leaves) {
    made_forest made = made_open(3, 2);
    for (uint32_t i = 0; i < n_leaves; ++i) made_leaf(&made, 1.0 + i);
    apo_model *model = made_model(&made);
    double rows[] = {1.0, NAN, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0};
    const explain_case exact = {
        .model = model, .rows = rows, .n_rows = 2, .background = rows + 6, .n_background = 1};
    const explain_case path = {.model = model, .rows = rows, .n_rows = 2};
    check_zeros(&exact, APO_METHOD_EXACT);
    check_zeros(&path, APO_METHOD_PATH);
    apo_model_destroy(&model);
  }
}

static void lone_leaves_among_trees(void **state) {
  (void)state;
  made_forest made = made_open(4, 2);
  made_leaf(&made, 100.0);
  made_stump(&made, 1, 0.25, -1.0, 2.0);
  made_chain(&made, 4, 3);
  made_leaf(&made, -3.0);
  made_stump(&made, 3, 0.25, 5.0, 5.0);  // equal leaves
  check_made(&made, 1, "lone leaves among trees");
}

static void one_column(void **state) {
  (void)state;
  made_forest made = made_open(1, 1);
  for (uint64_t seed = 0; seed < 5; ++seed) made_chain(&made, 9, seed);
  check_made(&made, 1, "one column");
}

/* --- backgrounds ------------------------------------------------------------------------------ */

static const apo_random_spec plain = {.seed = 31,
                                      .n_columns = 8,
                                      .n_outputs = 2,
                                      .n_trees = 16,
                                      .max_depth = 6,
                                      .categorical_share = 0.3,
                                      .has_covers = true};

static void one_background_row(void **state) {
  (void)state;
  exact_world w = exact_world_make(&plain, N_ROWS, 1, weights + 4);
  const apo_request request = {.method = APO_METHOD_EXACT};
  check_all_enumerated(&w.c, &request, "one background row");
  exact_world_free(&w);
}

static void a_row_that_is_the_background_gets_zeros(void **state) {
  (void)state;
  exact_world w = exact_world_make(&plain, N_ROWS, 1, NULL);
  for (size_t row = 0; row < N_ROWS; ++row) {
    memcpy(w.rows + row * plain.n_columns, w.c.background, plain.n_columns * sizeof *w.rows);
  }
  check_zeros(&w.c, APO_METHOD_EXACT);
  exact_world_free(&w);
}

// Columns 1, 4 and 6 are the same everywhere, one of them missing everywhere.
static void constant_columns_get_zeros(void **state) {
  (void)state;
  static const uint32_t constant[] = {1, 4, 6};
  exact_world w = exact_world_make(&plain, N_ROWS, N_BACKGROUND, weights);
  for (size_t row = 0; row < N_ROWS + N_BACKGROUND; ++row) {
    for (size_t i = 0; i < 3; ++i) {
      w.rows[row * 8 + constant[i]] = i == 2 ? (double)NAN : w.rows[constant[i]];
    }
  }
  const apo_request request = {.method = APO_METHOD_EXACT, .interactions = 1};
  check_enumerated(&w.c, &request, "constant columns");
  explained e = explain(&w.c, exact_devices[0], &request);
  for (size_t line = 0; line < N_ROWS * 2; ++line) {
    for (size_t i = 0; i < 3; ++i) {
      assert_near((double)e.phi[line * 8 + constant[i]], 0.0, 1e-8, "phi of a constant column");
    }
  }
  explained_free(&e);
  exact_world_free(&w);
}

// Under covers a constant column is a player like any other.
static void constant_columns_have_values_under_covers(void **state) {
  (void)state;
  exact_world w = exact_world_make(&plain, N_ROWS, 1, NULL);
  for (size_t row = 1; row < N_ROWS; ++row) {
    memcpy(w.rows + row * plain.n_columns, w.rows, 3 * sizeof *w.rows);
  }
  const apo_request request = {.method = APO_METHOD_PATH, .interactions = 1};
  check_enumerated(&w.path, &request, "constant columns under covers");
  explained e = explain(&w.path, exact_devices[0], &request);
  assert_true(e.phi[0] != 0.0f || e.phi[1] != 0.0f || e.phi[2] != 0.0f);
  explained_free(&e);
  exact_world_free(&w);
}

static void covers_do_not_ask_the_background(void **state) {
  (void)state;
  exact_world w = exact_world_make(&plain, N_ROWS, N_BACKGROUND, weights);
  const apo_request request = {.method = APO_METHOD_PATH, .interactions = 1};
  explained without = explain(&w.path, exact_devices[0], &request);
  explained with = explain(&w.c, exact_devices[0], &request);
  assert_same_explained(&without, &with, "path with a background");
  explained_free(&with);
  explained_free(&without);
  exact_world_free(&w);
}

static void no_rows_are_no_values(void **state) {
  (void)state;
  exact_world w = exact_world_make(&plain, N_ROWS, N_BACKGROUND, weights);
  const apo_request exact = {.method = APO_METHOD_EXACT};
  const apo_request path = {.method = APO_METHOD_PATH};
  w.c.n_rows = w.path.n_rows = 0;
  explained e = explain(&w.c, exact_devices[0], &exact);
  assert_int_equal(e.n_tiles, 0);
  explained_free(&e);
  e = explain(&w.path, exact_devices[0], &path);
  assert_int_equal(e.n_tiles, 0);
  explained_free(&e);
  exact_world_free(&w);
}

/* --- wide and deep ---------------------------------------------------------------------------- */

static void five_thousand_columns(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 41,
                                .n_columns = 5000,
                                .n_outputs = 1,
                                .n_trees = 150,
                                .max_depth = 4,
                                .categorical_share = 0.1,
                                .has_covers = true};
  exact_world w = exact_world_make(&spec, 3, N_BACKGROUND, weights);
  check_world(&w, 0, "5,000 columns");
  exact_world_free(&w);
}

static void pairs_of_three_hundred_columns(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 42,
                                .n_columns = 300,
                                .n_outputs = 2,
                                .n_trees = 60,
                                .max_depth = 5,
                                .has_covers = true};
  exact_world w = exact_world_make(&spec, 4, N_BACKGROUND, NULL);
  check_world(&w, 1, "pairs of 300 columns");
  exact_world_free(&w);
}

static void repeated_columns_on_a_path(void **state) {
  (void)state;
  made_forest made = made_open(5, 1);
  for (uint64_t seed = 0; seed < 3; ++seed) made_chain(&made, 40, seed);
  check_made(&made, 1, "repeated columns");
}

static void check_chains(
    uint32_t n_columns, uint32_t n_splits, uint32_t n_trees, int interactions, const char *what) {
  made_forest made = made_open(n_columns, 1);
  for (uint64_t seed = 0; seed < n_trees; ++seed) made_chain(&made, n_splits, seed);
  double *rows = made_chain_rows(11, n_columns, N_ROWS + N_BACKGROUND);
  exact_world w = exact_world_of(made_model(&made), rows, N_ROWS, N_BACKGROUND, weights);
  assert_int_equal(w.model->census.max_depth, n_splits);
  assert_int_equal(w.model->census.max_players, n_splits < n_columns ? n_splits : n_columns);
  check_world(&w, interactions, what);
  exact_world_free(&w);
}

static void a_chain_of_sixty_columns(void **state) {
  (void)state;
  check_chains(60, 60, 1, 0, "a chain of 60 columns");
}

// Spans of one column, and of few, that 60 splits narrow down.
static void chains_of_sixty_splits_on_few_columns(void **state) {
  (void)state;
  for (uint32_t n_columns = 1; n_columns <= 5; n_columns += 2) {
    check_chains(n_columns, 60, 2, 1, "60 splits on few columns");
  }
}

// Too many players for tables: pairs of patterns, of which there is one.
static void a_chain_of_sixty_columns_and_one_background_row(void **state) {
  (void)state;
  enum { N_COLUMNS = 60 };
  for (int is_row = 0; is_row < 2; ++is_row) {
    made_forest made = made_open(N_COLUMNS, 1);
    made_chain(&made, N_COLUMNS, 3);
    double *rows = made_chain_rows(13, N_COLUMNS, N_ROWS + 1);
    exact_world w = exact_world_of(made_model(&made), rows, N_ROWS, 1, NULL);
    if (is_row == 0) {
      const apo_request request = {.method = APO_METHOD_EXACT};
      check_leaves(&w.c, &request, "a chain and one background row");
    } else {
      for (size_t row = 0; row < N_ROWS; ++row) {
        memcpy(rows + row * N_COLUMNS, w.c.background, N_COLUMNS * sizeof *rows);
      }
      check_zeros(&w.c, APO_METHOD_EXACT);
    }
    exact_world_free(&w);
  }
}

static void chains_that_test_their_columns_twice(void **state) {
  (void)state;
  check_chains(33, 66, 3, 0, "chains of 33 columns");
}

static void pairs_of_chains_around_the_longest_table(void **state) {
  (void)state;
  for (uint32_t n = 15; n <= 18; ++n) check_chains(n, n, 2, 1, "pairs of chains");
}

static void pairs_of_a_chain_of_thirty_columns(void **state) {
  (void)state;
  check_chains(30, 30, 2, 1, "pairs of a chain of 30 columns");
}

// Bushy trees in which most paths have few players and some have many.
static void long_paths_among_short_ones(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 51,
                                .n_columns = 40,
                                .n_outputs = 2,
                                .n_trees = 4,
                                .max_depth = 26,
                                .split_share = 0.62,
                                .categorical_share = 0.2,
                                .has_covers = true};
  exact_world w = exact_world_make(&spec, N_ROWS, N_BACKGROUND, weights);
  assert_true(w.model->census.max_players > 17);
  check_world(&w, 1, "long paths among short ones");
  exact_world_free(&w);
}

/* --- many ------------------------------------------------------------------------------------- */

static void a_forest_of_twenty_thousand_trees(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 61,
                                .n_columns = 12,
                                .n_outputs = 1,
                                .n_trees = 20000,
                                .max_depth = 2,
                                .has_covers = true};
  exact_world w = exact_world_make(&spec, 3, 4, NULL);
  check_world(&w, 0, "20,000 trees");
  exact_world_free(&w);
}

// Every split asks for its own half of 1,000 categories.
static void a_thousand_categories(void **state) {
  (void)state;
  enum { N_CATEGORIES = 1000, N_TREES = 30 };
  uint32_t codes[N_CATEGORIES];
  apo_random random = apo_random_start(71);
  made_forest made = made_open(3, 1);
  for (uint32_t t = 0; t < N_TREES; ++t) {
    apo_random_tree tree = {.width = 1};
    for (uint32_t at = 0; at < 7; ++at) {
      apo_node_spec node = {.is_leaf = at >= 3, .left = 2 * at + 1, .right = 2 * at + 2};
      node.cover = at >= 3 ? 1.0 + apo_random_below(&random, 9) : 9.0;
      if (!node.is_leaf) {
        uint32_t n_codes = 0;
        uint32_t set = 0;
        apo_error err;
        for (uint32_t code = 0; code < N_CATEGORIES; ++code) {
          if (apo_random_below(&random, 2) == 0) codes[n_codes++] = code;
        }
        assert_ok(apo_builder_add_set(made.builder, codes, n_codes, &set, &err), &err);
        node.column = apo_random_below(&random, 3);
        node.op = APO_OP_IN;
        node.threshold = set;
      }
      apo_random_tree_add(&tree, node);
    }
    apo_random_tree_values(&tree, &random);
    made_tree(&made, &tree);
  }
  apo_model *model = made_model(&made);
  double *rows = calloc((N_ROWS + N_BACKGROUND) * 3, sizeof *rows);
  assert_non_null(rows);
  for (size_t i = 0; i < (N_ROWS + N_BACKGROUND) * 3; ++i) {
    rows[i] = i % 13 == 5 ? (double)NAN : (double)apo_random_below(&random, N_CATEGORIES + 50);
  }
  exact_world w = exact_world_of(model, rows, N_ROWS, N_BACKGROUND, weights);
  check_world(&w, 1, "1,000 categories");
  exact_world_free(&w);
}

// So many thresholds on a column that its codes take 4 bytes.
static void codes_of_four_bytes(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 81,
                                .n_columns = 2,
                                .n_outputs = 1,
                                .n_trees = 320,
                                .max_depth = 10,
                                .split_share = 1.0,
                                .has_covers = true};
  exact_world w = exact_world_make(&spec, 5, N_BACKGROUND, weights);
  apo_cuts *cuts = NULL;
  apo_error err;
  assert_ok(apo_cuts_create(w.model->forest, &cuts, &err), &err);
  assert_int_equal(cuts->code_bytes, 4);
  apo_cuts_destroy(&cuts);
  for (int path = 0; path < 2; ++path) {
    const apo_request request = {.method = path == 1 ? APO_METHOD_PATH : APO_METHOD_EXACT,
                                 .interactions = 1};
    check_enumerated(exact_world_case(&w, &request), &request, "codes of 4 bytes");
  }
  exact_world_free(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_stump),
      cmocka_unit_test(a_stump_worked_out_by_hand),
      cmocka_unit_test(lone_leaves_and_no_trees_at_all),
      cmocka_unit_test(lone_leaves_among_trees),
      cmocka_unit_test(one_column),
      cmocka_unit_test(one_background_row),
      cmocka_unit_test(a_row_that_is_the_background_gets_zeros),
      cmocka_unit_test(constant_columns_get_zeros),
      cmocka_unit_test(constant_columns_have_values_under_covers),
      cmocka_unit_test(covers_do_not_ask_the_background),
      cmocka_unit_test(no_rows_are_no_values),
      cmocka_unit_test(five_thousand_columns),
      cmocka_unit_test(pairs_of_three_hundred_columns),
      cmocka_unit_test(repeated_columns_on_a_path),
      cmocka_unit_test(a_chain_of_sixty_columns),
      cmocka_unit_test(chains_of_sixty_splits_on_few_columns),
      cmocka_unit_test(a_chain_of_sixty_columns_and_one_background_row),
      cmocka_unit_test(chains_that_test_their_columns_twice),
      cmocka_unit_test(pairs_of_chains_around_the_longest_table),
      cmocka_unit_test(pairs_of_a_chain_of_thirty_columns),
      cmocka_unit_test(long_paths_among_short_ones),
      cmocka_unit_test(a_forest_of_twenty_thousand_trees),
      cmocka_unit_test(a_thousand_categories),
      cmocka_unit_test(codes_of_four_bytes),
  };
  return cmocka_run_group_tests_name("axiom.exact_edges", tests, exact_devices_open,
                                     exact_devices_close);
}
