/* Path-dependent values equal the definition: every coalition, absent players follow the covers. */
#include "tests/support/exact_case.h"

enum { N_ROWS = 7 };

static const apo_request path = {.method = APO_METHOD_PATH};

static const unsigned every_op =
    APO_ONLY(APO_OP_LT) | APO_ONLY(APO_OP_LE) | APO_ONLY(APO_OP_EQ) | APO_ONLY(APO_OP_PRESENT);
static const unsigned every_missing =
    APO_ONLY(APO_MISSING_NAN) | APO_ONLY(APO_MISSING_ZERO) | APO_ONLY(APO_MISSING_NONE);

static void check_spec(const apo_random_spec *spec, const apo_request *request) {
  exact_world w = exact_world_make(spec, N_ROWS, 1, NULL);
  check_all_enumerated(&w.path, request, "path");
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
                                  .cast_f32 = seed % 2 == 0,
                                  .has_covers = true};
    check_spec(&spec, &path);
  }
}

static void ten_columns_and_deep_trees(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 11,
                                .n_columns = 10,
                                .n_outputs = 1,
                                .n_trees = 12,
                                .max_depth = 8,
                                .cast_f32 = true,
                                .has_covers = true};
  check_spec(&spec, &path);
}

// Paths test their few columns again and again, so a player's share is a product.
static void two_columns_and_very_deep_trees(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 12,
                                .n_columns = 2,
                                .n_outputs = 1,
                                .n_trees = 4,
                                .max_depth = 14,
                                .split_share = 0.7,
                                .has_covers = true};
  check_spec(&spec, &path);
}

static void several_outputs(void **state) {
  (void)state;
  for (int vector = 0; vector < 2; ++vector) {
    for (uint32_t n_outputs = 2; n_outputs <= 5; n_outputs += 3) {
      const apo_random_spec spec = {.seed = 21,
                                    .n_columns = 5,
                                    .n_outputs = n_outputs,
                                    .n_trees = 11,
                                    .max_depth = 4,
                                    .categorical_share = 0.2,
                                    .vector_leaves = vector == 1,
                                    .has_covers = true,
                                    .link = APO_LINK_SOFTMAX};
      check_spec(&spec, &path);
    }
  }
}

static void groups_of_columns(void **state) {
  (void)state;
  static const uint32_t four[9] = {2, 0, 2, 1, 0, 3, 1, 0, 3};
  const apo_random_spec spec = {.seed = 31,
                                .n_columns = 9,
                                .n_outputs = 2,
                                .n_trees = 14,
                                .max_depth = 7,
                                .categorical_share = 0.2,
                                .has_covers = true};
  for (uint32_t n_players = 4; n_players <= 6; n_players += 2) {
    apo_request request = path;
    request.player_of_column = four;
    request.n_players = n_players;
    check_spec(&spec, &request);
  }
}

// Two sides that nobody took count one half each, whatever the nodes above say.
static void nodes_without_any_cover_count_one_half(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 41,
                                .n_columns = 6,
                                .n_outputs = 1,
                                .n_trees = 10,
                                .max_depth = 5,
                                .has_covers = true};
  for (int whole = 0; whole < 2; ++whole) {
    exact_world w = exact_world_make(&spec, N_ROWS, 1, NULL);
    apo_forest *forest = w.model->forest;
    apo_random random = apo_random_start(42);
    for (uint64_t i = 0; i < forest->n_leaves; ++i) {
      if (whole == 1 || apo_random_below(&random, 2) == 0) forest->leaf_cover[i] = 0.0;
    }
    for (uint64_t i = 0; i < forest->n_nodes; ++i) {
      if (whole == 1 || apo_random_below(&random, 3) == 0) forest->node_cover[i] = 0.0;
    }
    check_all_enumerated(&w.path, &path, whole == 1 ? "no covers at all" : "some covers are 0");
    exact_world_free(&w);
  }
}

static void one_half_is_worked_out_by_hand(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 43,
                                .n_columns = 1,
                                .n_outputs = 1,
                                .n_trees = 1,
                                .max_depth = 1,
                                .split_share = 1.0,
                                .has_covers = true};
  exact_world w = exact_world_make(&spec, N_ROWS, 1, NULL);
  apo_forest *forest = w.model->forest;
  const double *values = forest->leaf_value;
  assert_int_equal(forest->n_leaves, 2);
  forest->leaf_cover[0] = forest->leaf_cover[1] = 0.0;
  explained got = explain(&w.path, exact_devices[0], &path);
  const double mean = 0.5 * forest->tree_weight[0] * (values[0] + values[1]);
  assert_near(got.base[0], w.model->base[0] + mean, 1e-12, "base");
  explained_free(&got);
  forest->leaf_cover[0] = 1.0;
  forest->leaf_cover[1] = 3.0;
  got = explain(&w.path, exact_devices[0], &path);
  const double weighted = forest->tree_weight[0] * (0.25 * values[0] + 0.75 * values[1]);
  assert_near(got.base[0], w.model->base[0] + weighted, 1e-12, "base");
  for (size_t row = 0; row < N_ROWS; ++row) {
    assert_near((double)got.phi[row], got.prediction[row] - got.base[0], 1e-6, "phi");
  }
  explained_free(&got);
  exact_world_free(&w);
}

// Hessians as libraries store them are rounded; only a node's children count.
static void covers_need_not_add_up(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 44,
                                .n_columns = 7,
                                .n_outputs = 1,
                                .n_trees = 10,
                                .max_depth = 6,
                                .has_covers = true};
  exact_world w = exact_world_make(&spec, N_ROWS, 1, NULL);
  apo_forest *forest = w.model->forest;
  apo_random random = apo_random_start(45);
  for (uint64_t i = 0; i < forest->n_leaves; ++i) {
    forest->leaf_cover[i] = exp(20.0 * apo_random_unit(&random) - 10.0);
  }
  for (uint64_t i = 0; i < forest->n_nodes; ++i) {
    forest->node_cover[i] = exp(20.0 * apo_random_unit(&random) - 10.0);
  }
  check_all_enumerated(&w.path, &path, "any covers");
  exact_world_free(&w);
}

static void many_rows(void **state) {
  (void)state;
  enum { N_MANY = 700 };
  const apo_random_spec spec = {.seed = 51,
                                .n_columns = 5,
                                .n_outputs = 2,
                                .n_trees = 8,
                                .max_depth = 5,
                                .categorical_share = 0.3,
                                .ops = every_op,
                                .missing = every_missing,
                                .has_covers = true};
  exact_world w = exact_world_make(&spec, N_MANY, 1, NULL);
  apo_request request = path;
  request.interactions = 1;
  check_enumerated(&w.path, &request, "many rows");
  exact_world_free(&w);
}

static void weights_scale_and_base(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 61,
                                .n_columns = 5,
                                .n_outputs = 1,
                                .n_trees = 30,
                                .max_depth = 4,
                                .has_covers = true};
  exact_world w = exact_world_make(&spec, N_ROWS, 1, NULL);
  w.model->forest->scale = -1.0 / 3.0;
  w.model->forest->divide = 9.0;
  w.model->base[0] = 10.0;
  for (uint32_t tree = 0; tree < 30; ++tree) {
    w.model->forest->tree_weight[tree] = ldexp(1.0, -(int)tree);
  }
  check_all_enumerated(&w.path, &path, "weights, scale and base");
  exact_world_free(&w);
}

static void auto_is_path_for_trees_without_a_background(void **state) {
  (void)state;
  const apo_random_spec spec = {
      .seed = 71, .n_columns = 4, .n_outputs = 1, .n_trees = 5, .max_depth = 3, .has_covers = true};
  exact_world w = exact_world_make(&spec, 2, 3, NULL);
  const apo_request nothing = {0};
  explained got = explain(&w.path, exact_devices[0], &nothing);
  assert_int_equal(got.method, APO_METHOD_PATH);
  explained_free(&got);
  exact_world_free(&w);
}

static void refused(const explain_case *c, const apo_request *request, const char *words) {
  explained got = {0};
  apo_error err;
  const apo_status status = explain_all(c, exact_devices[0], request, &got, &err);
  assert_true(status == APO_ERR_UNSUPPORTED || status == APO_ERR_ARGUMENT);
  assert_fails(status, status, &err, words);
}

static void what_has_no_covers_is_refused(void **state) {
  (void)state;
  const apo_random_spec spec = {
      .seed = 72, .n_columns = 4, .n_outputs = 1, .n_trees = 5, .max_depth = 3};
  exact_world w = exact_world_make(&spec, 2, 3, NULL);
  refused(&w.path, &path, "cover");
  exact_world_free(&w);
}

static void what_is_no_margin_is_refused(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 73,
                                .n_columns = 4,
                                .n_outputs = 1,
                                .n_trees = 5,
                                .max_depth = 3,
                                .has_covers = true,
                                .link = APO_LINK_SIGMOID};
  exact_world w = exact_world_make(&spec, 2, 3, NULL);
  apo_request request = path;
  request.output = APO_OUTPUT_PROBABILITY;
  refused(&w.path, &request, "path");
  exact_world_free(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_kind_of_split),
      cmocka_unit_test(ten_columns_and_deep_trees),
      cmocka_unit_test(two_columns_and_very_deep_trees),
      cmocka_unit_test(several_outputs),
      cmocka_unit_test(groups_of_columns),
      cmocka_unit_test(nodes_without_any_cover_count_one_half),
      cmocka_unit_test(one_half_is_worked_out_by_hand),
      cmocka_unit_test(covers_need_not_add_up),
      cmocka_unit_test(many_rows),
      cmocka_unit_test(weights_scale_and_base),
      cmocka_unit_test(auto_is_path_for_trees_without_a_background),
      cmocka_unit_test(what_has_no_covers_is_refused),
      cmocka_unit_test(what_is_no_margin_is_refused),
  };
  return cmocka_run_group_tests_name("axiom.path", tests, exact_devices_open, exact_devices_close);
}
