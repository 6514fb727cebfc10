/* Exact interventional values equal the definition: every coalition, every background row. */
#include "tests/support/tree_suite.h"

enum { N_ROWS = SUITE_ROWS };

static const apo_request exact = {.method = APO_METHOD_EXACT};

static void weighted_backgrounds(void **state) {
  (void)state;
  for (uint64_t seed = 41; seed < 45; ++seed) {
    const apo_random_spec spec = {
        .seed = seed, .n_columns = 7, .n_outputs = 1, .n_trees = 20, .max_depth = 6};
    check_spec(&spec, suite_weights, &exact);
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

static void exact_values_need_a_background(void **state) {
  (void)state;
  const apo_random_spec spec = {
      .seed = 82, .n_columns = 4, .n_outputs = 1, .n_trees = 5, .max_depth = 3};
  exact_world w = exact_world_make(&spec, 2, 3, NULL);
  assert_exact_refused(&w.path, &exact, APO_ERR_ARGUMENT, "background");
  exact_world_free(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TREE_SUITE(&exact),
      cmocka_unit_test(weighted_backgrounds),
      cmocka_unit_test(weights_are_repeated_rows),
      cmocka_unit_test(large_backgrounds),
      cmocka_unit_test(exact_values_need_a_background),
  };
  return cmocka_run_group_tests_name("axiom.exact", tests, exact_devices_open, exact_devices_close);
}
