/* Permutation SHAP and sampled Kernel SHAP through the library: near the definition, and exact
 * where that is promised. */
#include "tests/support/brute_force.h"
#include "tests/support/random_forest.h"

enum { N_ROWS = 12, N_BACKGROUND = 4, N_COLUMNS = 8 };

static double rows[(N_ROWS + N_BACKGROUND) * N_COLUMNS];

static explain_case case_of(const apo_model *model) {
  apo_random random = apo_random_start(5);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) rows[i] = apo_random_number(&random);
  return (explain_case){.model = model,
                        .rows = rows,
                        .n_rows = N_ROWS,
                        .background = rows + N_ROWS * N_COLUMNS,
                        .n_background = N_BACKGROUND};
}

// Calls `compare` for each row with its Shapley values and the scale of its game.
static void for_each_row(
    const explain_case *c,
    const apo_request *request,
    void (*compare)(const float *phi, const float *phi_se, const double *expected, double scale)) {
  static game g;
  apo_devices *devices = explain_open("none");
  explained e = explain(c, devices, request);
  const brute b = {c, request->output, request->link, NULL, N_COLUMNS};
  for (uint32_t row = 0; row < N_ROWS; ++row) {
    double expected[MAX_GAME_PLAYERS];
    const size_t at = (size_t)row * N_COLUMNS;
    brute_game(&b, c->rows + at, 0, &g);
    game_shapley(&g, expected);
    compare(e.phi + at, e.phi_se != NULL ? e.phi_se + at : NULL, expected, game_range(&g));
    assert_true((double)e.gap[row] <= 1e-6 * game_range(&g));
  }
  explained_free(&e);
  apo_devices_destroy(&devices);
}

static apo_model *forest(uint32_t max_depth) {
  const apo_random_spec spec = {.seed = 31,
                                .n_columns = N_COLUMNS,
                                .n_outputs = 1,
                                .n_trees = 12,
                                .max_depth = max_depth,
                                .cast_f32 = true,
                                .link = APO_LINK_SIGMOID};
  return apo_random_model(&spec);
}

static void within_errors(const float *phi,
                          const float *phi_se,
                          const double *expected,
                          double scale) {
  assert_non_null(phi_se);
  for (uint32_t p = 0; p < N_COLUMNS; ++p) {
    const double se = (double)phi_se[p];
    assert_true(se >= 0.0 && se < scale);
    // A gain that few orders show is rarely drawn, and its error is then guessed too small.
    assert_near((double)phi[p], expected[p], 5.0 * se + 1e-4 * scale, "phi");
  }
}

static void permutation_values_are_within_five_standard_errors(void **state) {
  (void)state;
  apo_model *model = forest(5);
  const explain_case c = case_of(model);
  const apo_request raw = {.method = APO_METHOD_PERMUTATION, .n_samples = 17 * 600};
  const apo_request probability = {.method = APO_METHOD_PERMUTATION,
                                   .n_samples = 17 * 600,
                                   .output = APO_OUTPUT_PROBABILITY,
                                   .seed = 3};
  for_each_row(&c, &raw, within_errors);
  for_each_row(&c, &probability, within_errors);
  apo_model_destroy(&model);
}

static void exactly(const float *phi, const float *phi_se, const double *expected, double scale) {
  for (uint32_t p = 0; p < N_COLUMNS; ++p) {
    assert_near((double)phi[p], expected[p], 1e-6 * scale, "phi");
    if (phi_se != NULL && !isnan(phi_se[p])) assert_true((double)phi_se[p] <= 1e-6 * scale);
  }
}

// Stumps add up, so every order and every regression gives the same.
static void additive_models_are_exact_in_any_sample(void **state) {
  (void)state;
  apo_model *model = forest(1);
  const explain_case c = case_of(model);
  const apo_request requests[] = {
      {.method = APO_METHOD_PERMUTATION, .n_samples = 17},
      {.method = APO_METHOD_PERMUTATION, .n_samples = 51, .seed = 9},
      {.method = APO_METHOD_KERNEL, .n_samples = 40},
      {.method = APO_METHOD_KERNEL, .n_samples = 60, .coalitions_per_row = 1, .seed = 4}};
  for (size_t i = 0; i < sizeof requests / sizeof *requests; ++i) {
    for_each_row(&c, &requests[i], exactly);
  }
  apo_model_destroy(&model);
}

static void near(const float *phi, const float *phi_se, const double *expected, double scale) {
  assert_null(phi_se);
  for (uint32_t p = 0; p < N_COLUMNS; ++p) {
    assert_near((double)phi[p], expected[p], 0.1 * scale, "phi");
  }
}

static void sampled_kernel_values_are_near(void **state) {
  (void)state;
  apo_model *model = forest(5);
  const explain_case c = case_of(model);
  const apo_request shared = {.method = APO_METHOD_KERNEL, .n_samples = 150};
  const apo_request own = {.method = APO_METHOD_KERNEL, .n_samples = 150, .coalitions_per_row = 1};
  for_each_row(&c, &shared, near);
  for_each_row(&c, &own, near);
  apo_model_destroy(&model);
}

static apo_status twins(void *context, const apo_rows *view, double *out, apo_error *err) {
  (void)context;
  (void)err;
  for (uint64_t row = 0; row < view->n_rows; ++row) {
    const double *x = (const double *)view->values + row * view->row_stride;
    out[row] = sin(x[0] + x[1]) * x[2] + x[0] * x[1];  // columns 3 and up are dummies
  }
  return APO_OK;
}

static void dummies_get_nothing_and_twins_the_same(void **state) {
  (void)state;
  const apo_predictor predictor = {
      .struct_bytes = sizeof predictor, .n_columns = 5, .n_outputs = 1, .predict = twins};
  apo_devices *devices = explain_open("none");
  apo_model *model = NULL;
  apo_error err;
  assert_ok(apo_model_wrap(&predictor, &model, &err), &err);
  double table[6 * 5];
  apo_random random = apo_random_start(8);
  for (size_t i = 0; i < 30; ++i) table[i] = apo_random_number(&random);
  for (size_t row = 0; row < 6; ++row) table[row * 5 + 1] = table[row * 5];
  const explain_case c = {
      .model = model, .rows = table, .n_rows = 3, .background = table + 15, .n_background = 3};
  const apo_request kernel = {.method = APO_METHOD_KERNEL};
  const apo_request permutation = {.method = APO_METHOD_PERMUTATION};
  explained a = explain(&c, devices, &kernel);
  explained b = explain(&c, devices, &permutation);
  for (size_t row = 0; row < 3; ++row) {
    assert_near((double)a.phi[row * 5], (double)a.phi[row * 5 + 1], 1e-6, "twin");
    for (size_t p = 3; p < 5; ++p) {
      assert_near((double)a.phi[row * 5 + p], 0.0, 1e-6, "dummy");
      assert_near((double)b.phi[row * 5 + p], 0.0, 1e-12, "dummy");  // in every order
    }
  }
  explained_free(&a);
  explained_free(&b);
  apo_model_destroy(&model);
  apo_devices_destroy(&devices);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(permutation_values_are_within_five_standard_errors),
      cmocka_unit_test(additive_models_are_exact_in_any_sample),
      cmocka_unit_test(sampled_kernel_values_are_near),
      cmocka_unit_test(dummies_get_nothing_and_twins_the_same),
  };
  return cmocka_run_group_tests_name("axiom.estimates", tests, NULL, NULL);
}
