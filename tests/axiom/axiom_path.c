/* Path-dependent values equal the definition: every coalition, absent players follow the covers. */
#include "tests/support/tree_suite.h"

enum { N_ROWS = SUITE_ROWS };

static const apo_request path = {.method = APO_METHOD_PATH};

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

static void what_has_no_covers_is_refused(void **state) {
  (void)state;
  const apo_random_spec spec = {
      .seed = 72, .n_columns = 4, .n_outputs = 1, .n_trees = 5, .max_depth = 3};
  exact_world w = exact_world_make(&spec, 2, 3, NULL);
  assert_exact_refused(&w.path, &path, APO_ERR_UNSUPPORTED, "cover");
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
  assert_exact_refused(&w.path, &request, APO_ERR_UNSUPPORTED, "path");
  exact_world_free(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TREE_SUITE(&path),
      cmocka_unit_test(nodes_without_any_cover_count_one_half),
      cmocka_unit_test(one_half_is_worked_out_by_hand),
      cmocka_unit_test(covers_need_not_add_up),
      cmocka_unit_test(what_has_no_covers_is_refused),
      cmocka_unit_test(what_is_no_margin_is_refused),
  };
  return cmocka_run_group_tests_name("axiom.path", tests, exact_devices_open, exact_devices_close);
}
