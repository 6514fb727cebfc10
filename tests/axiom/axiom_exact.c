/* Exact interventional values equal the definition: every coalition, every background row. */
#include "tests/support/exact_case.h"

enum { N_ROWS = 6, N_BACKGROUND = 7 };

static const double weights[N_BACKGROUND] = {0.5, 3.0, 0.0, 1.0, 0.25, 1e-7, 2.0};

static const apo_request exact = {.method = APO_METHOD_EXACT};

static const unsigned every_op =
    APO_ONLY(APO_OP_LT) | APO_ONLY(APO_OP_LE) | APO_ONLY(APO_OP_EQ) | APO_ONLY(APO_OP_PRESENT);
static const unsigned every_missing =
    APO_ONLY(APO_MISSING_NAN) | APO_ONLY(APO_MISSING_ZERO) | APO_ONLY(APO_MISSING_NONE);

static void check_spec(const apo_random_spec *spec,
                       const double *with,
                       const apo_request *request) {
  exact_world w = exact_world_make(spec, N_ROWS, N_BACKGROUND, with);
  // One row is in the background.
  memcpy(w.rows, w.rows + (size_t)(N_ROWS + 1) * spec->n_columns, spec->n_columns * sizeof *w.rows);
  check_all_enumerated(&w.c, request, "exact");
  exact_world_free(&w);
}

static void every_kind_of_split(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    const apo_random_spec spec = {.seed = seed,
                                  .n_columns = 1 + (uint32_t)seed,
                                  .n_outputs = 1,
                                  .n_trees = 12,
                                  .max_depth = 5,
                                  .categorical_share = 0.3,
                                  .ops = every_op,
                                  .missing = every_missing,
                                  .cast_f32 = seed % 2 == 0};
    check_spec(&spec, NULL, &exact);
  }
}

static void sets_of_categories(void **state) {
  (void)state;
  static const apo_code_rule rules[] = {APO_CODE_TRUNC, APO_CODE_NONNEG_TRUNC, APO_CODE_WHOLE};
  for (size_t i = 0; i < sizeof rules / sizeof *rules; ++i) {
    const apo_random_spec spec = {.seed = 11 + i,
                                  .n_columns = 6,
                                  .n_outputs = 1,
                                  .n_trees = 15,
                                  .max_depth = 6,
                                  .categorical_share = 0.9,
                                  .n_categories = 5 + 60 * (uint32_t)i,
                                  .missing = every_missing,
                                  .code_rule = rules[i]};
    check_spec(&spec, weights, &exact);
  }
}

static void ten_columns_and_deep_trees(void **state) {
  (void)state;
  const apo_random_spec spec = {
      .seed = 21, .n_columns = 10, .n_outputs = 1, .n_trees = 20, .max_depth = 8, .cast_f32 = true};
  check_spec(&spec, NULL, &exact);
}

// Paths test their few columns again and again.
static void two_columns_and_very_deep_trees(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 22,
                                .n_columns = 2,
                                .n_outputs = 1,
                                .n_trees = 4,
                                .max_depth = 14,
                                .split_share = 0.7,
                                .cast_f32 = true};
  check_spec(&spec, weights, &exact);
}

static void several_outputs(void **state) {
  (void)state;
  for (int vector = 0; vector < 2; ++vector) {
    for (uint32_t n_outputs = 2; n_outputs <= 5; n_outputs += 3) {
      const apo_random_spec spec = {.seed = 31,
                                    .n_columns = 5,
                                    .n_outputs = n_outputs,
                                    .n_trees = 11,
                                    .max_depth = 4,
                                    .categorical_share = 0.2,
                                    .vector_leaves = vector == 1,
                                    .cast_f32 = true,
                                    .link = APO_LINK_SOFTMAX};
      check_spec(&spec, weights, &exact);
    }
  }
}

static void weighted_backgrounds(void **state) {
  (void)state;
  for (uint64_t seed = 41; seed < 45; ++seed) {
    const apo_random_spec spec = {
        .seed = seed, .n_columns = 7, .n_outputs = 1, .n_trees = 20, .max_depth = 6};
    check_spec(&spec, weights, &exact);
  }
}

// A weight of 3 is three rows; the order of rows is nothing.
static void weights_are_repeated_rows(void **state) {
  (void)state;
  enum { N_COLUMNS = 6, N_REPEATED = 6 };
  static const double counts[3] = {1.0, 3.0, 2.0};
  static const size_t row_of[N_REPEATED] = {1, 2, 1, 0, 2, 1};
  const apo_random_spec spec = {
      .seed = 46, .n_columns = N_COLUMNS, .n_outputs = 2, .n_trees = 15, .max_depth = 5};
  exact_world w = exact_world_make(&spec, N_ROWS, 3, counts);
  double repeated[N_REPEATED * N_COLUMNS];
  for (size_t row = 0; row < N_REPEATED; ++row) {
    memcpy(repeated + row * N_COLUMNS, w.c.background + row_of[row] * N_COLUMNS,
           N_COLUMNS * sizeof(double));
  }
  expectation e = expect_enumerated(&w.c, &exact);
  explain_case c = w.c;
  c.background = repeated;
  c.n_background = N_REPEATED;
  c.weights = NULL;
  check_expectation(&e, &w.c, &exact, "weights");
  check_expectation(&e, &c, &exact, "repeated rows");
  expectation_free(&e);
  exact_world_free(&w);
}

static void groups_of_columns(void **state) {
  (void)state;
  static const uint32_t four[9] = {2, 0, 2, 1, 0, 3, 1, 0, 3};
  static const uint32_t one[9] = {0};
  const apo_random_spec spec = {.seed = 51,
                                .n_columns = 9,
                                .n_outputs = 2,
                                .n_trees = 14,
                                .max_depth = 7,
                                .categorical_share = 0.2};
  // With 6 players two have no columns: dummies.  A game of one player gives it all.
  for (uint32_t n_players = 4; n_players <= 6; n_players += 2) {
    apo_request request = exact;
    request.player_of_column = four;
    request.n_players = n_players;
    check_spec(&spec, weights, &request);
  }
  apo_request alone = exact;
  alone.player_of_column = one;
  alone.n_players = 1;
  check_spec(&spec, NULL, &alone);
}

static void many_rows(void **state) {
  (void)state;
  enum { N_MANY = 700 };
  const apo_random_spec spec = {.seed = 61,
                                .n_columns = 5,
                                .n_outputs = 2,
                                .n_trees = 8,
                                .max_depth = 5,
                                .categorical_share = 0.3,
                                .ops = every_op,
                                .missing = every_missing};
  exact_world w = exact_world_make(&spec, N_MANY, 4, NULL);
  apo_request request = exact;
  request.interactions = 1;
  check_enumerated(&w.c, &request, "many rows");
  exact_world_free(&w);
}

static void large_backgrounds(void **state) {
  (void)state;
  enum { N_LARGE = 5000 };
  const apo_random_spec spec = {
      .seed = 62, .n_columns = 4, .n_outputs = 1, .n_trees = 10, .max_depth = 6};
  static double large_weights[N_LARGE];
  apo_random random = apo_random_start(63);
  for (size_t i = 0; i < N_LARGE; ++i) large_weights[i] = apo_random_unit(&random);
  for (int weighted = 0; weighted < 2; ++weighted) {
    exact_world w = exact_world_make(&spec, 5, N_LARGE, weighted == 1 ? large_weights : NULL);
    apo_request request = exact;
    request.interactions = 1;
    check_enumerated(&w.c, &request, "large background");
    exact_world_free(&w);
  }
}

// The base cancels; it must not cost digits.
static void small_trees_on_a_large_base(void **state) {
  (void)state;
  const apo_random_spec spec = {
      .seed = 71, .n_columns = 5, .n_outputs = 1, .n_trees = 8, .max_depth = 4, .cast_f32 = true};
  exact_world w = exact_world_make(&spec, N_ROWS, N_BACKGROUND, weights);
  expectation e = expect_enumerated(&w.c, &exact);
  w.model->base[0] += 1000.0;
  for (size_t i = 0; i < N_EXACT_DEVICES && exact_devices[i] != NULL; ++i) {
    explained got = explain(&w.c, exact_devices[i], &exact);
    check_cells(got.phi, e.phi, N_ROWS * 5, expectation_allowed(&e, 0), "phi", "a large base");
    explained_free(&got);
  }
  expectation_free(&e);
  exact_world_free(&w);
}

// One tree of huge leaves beside many of small ones: errors are of the whole output's range.
static void trees_of_very_different_size(void **state) {
  (void)state;
  const apo_random_spec spec = {
      .seed = 72, .n_columns = 6, .n_outputs = 1, .n_trees = 40, .max_depth = 5};
  exact_world w = exact_world_make(&spec, N_ROWS, N_BACKGROUND, NULL);
  for (uint32_t tree = 0; tree < 40; ++tree) {
    w.model->forest->tree_weight[tree] = ldexp(1.0, -(int)tree);
  }
  check_all_enumerated(&w.c, &exact, "trees of very different size");
  exact_world_free(&w);
}

static void scale_and_divisor(void **state) {
  (void)state;
  const apo_random_spec spec = {
      .seed = 73, .n_columns = 5, .n_outputs = 1, .n_trees = 9, .max_depth = 4};
  exact_world w = exact_world_make(&spec, N_ROWS, N_BACKGROUND, weights);
  w.model->forest->scale = -1.0 / 3.0;
  w.model->forest->divide = 9.0;
  check_all_enumerated(&w.c, &exact, "scale and divisor");
  exact_world_free(&w);
}

static void auto_is_exact_for_trees_with_a_background(void **state) {
  (void)state;
  const apo_random_spec spec = {
      .seed = 81, .n_columns = 4, .n_outputs = 1, .n_trees = 5, .max_depth = 3};
  exact_world w = exact_world_make(&spec, 2, 3, NULL);
  const apo_request nothing = {0};
  explained got = explain(&w.c, exact_devices[0], &nothing);
  assert_int_equal(got.method, APO_METHOD_EXACT);
  explained_free(&got);
  exact_world_free(&w);
}

static void exact_values_need_a_background(void **state) {
  (void)state;
  const apo_random_spec spec = {
      .seed = 82, .n_columns = 4, .n_outputs = 1, .n_trees = 5, .max_depth = 3};
  exact_world w = exact_world_make(&spec, 2, 3, NULL);
  explained got = {0};
  apo_error err;
  assert_fails(explain_all(&w.path, exact_devices[0], &exact, &got, &err), APO_ERR_ARGUMENT, &err,
               "background");
  exact_world_free(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_kind_of_split),
      cmocka_unit_test(sets_of_categories),
      cmocka_unit_test(ten_columns_and_deep_trees),
      cmocka_unit_test(two_columns_and_very_deep_trees),
      cmocka_unit_test(several_outputs),
      cmocka_unit_test(weighted_backgrounds),
      cmocka_unit_test(weights_are_repeated_rows),
      cmocka_unit_test(groups_of_columns),
      cmocka_unit_test(many_rows),
      cmocka_unit_test(large_backgrounds),
      cmocka_unit_test(small_trees_on_a_large_base),
      cmocka_unit_test(trees_of_very_different_size),
      cmocka_unit_test(scale_and_divisor),
      cmocka_unit_test(auto_is_exact_for_trees_with_a_background),
      cmocka_unit_test(exact_values_need_a_background),
  };
  return cmocka_run_group_tests_name("axiom.exact", tests, exact_devices_open, exact_devices_close);
}
