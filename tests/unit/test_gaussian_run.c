/* Linear models with dependent columns through the library: what a run gives, whatever its tiles. */
#include "tests/support/explain.h"
#include "tests/support/gaussian_case.h"

// The case as a model of its own; base 0.
static apo_model *model_of(const gaussian_case *c) {
  apo_model *model = NULL;
  apo_error err;
  const size_t n = (size_t)c->n_outputs * c->n_columns;
  assert_ok(apo_model_new(&model, &err), &err);
  model->kind = APO_MODEL_LINEAR;
  model->n_columns = c->n_columns;
  model->n_outputs = c->n_outputs;
  model->base = calloc(c->n_outputs, sizeof *model->base);
  model->linear = calloc(1, sizeof *model->linear);
  assert_non_null(model->linear);
  model->linear->coefficients = calloc(n, sizeof *model->linear->coefficients);
  assert_non_null(model->linear->coefficients);
  memcpy(model->linear->coefficients, c->coefficients, n * sizeof *c->coefficients);
  assert_ok(apo_model_seal(model, &err), &err);
  return model;
}

static explain_case rows_of(const gaussian_case *c, const apo_model *model) {
  return (explain_case){.model = model,
                        .rows = c->rows,
                        .n_rows = c->n_rows,
                        .background = c->rows,
                        .n_background = c->n_rows,
                        .weights = c->weights};
}

static void a_run_gives_the_values_of_the_definition(void **state) {
  (void)state;
  static gaussian_case c;
  double expected[6];
  apo_devices *devices = explain_open("none");
  gaussian_case_random(&c, 6, 2, 30, 41);
  apo_model *model = model_of(&c);
  const explain_case rows = rows_of(&c, model);
  const apo_request request = {.dependence = APO_DEPENDENCE_GAUSSIAN};
  explained e = explain(&rows, devices, &request);
  assert_int_equal(e.method, APO_METHOD_LINEAR);
  assert_null(e.phi_se);
  assert_string_equal(e.report.device, "host (closed form, gaussian: exact)");
  for (uint32_t row = 0; row < c.n_rows; ++row) {
    memcpy(c.row, c.rows + row * 6, 6 * sizeof *c.row);
    for (uint32_t output = 0; output < 2; ++output) {
      gaussian_case_shapley(&c, output, APO_GAUSSIAN_RIDGE, expected);
      for (uint32_t col = 0; col < 6; ++col) {
        const double phi = (double)e.phi[(row * 2 + output) * 6 + col];
        assert_near(phi, expected[col], 1e-9 + 0x1p-24 * fabs(expected[col]), "phi");
      }
    }
  }
  explained_free(&e);
  apo_model_destroy(&model);
  apo_devices_destroy(&devices);
}

static void tiles_and_budgets_change_no_bit(void **state) {
  (void)state;
  static gaussian_case c;
  apo_devices *devices = explain_open("none");
  gaussian_case_random(&c, 28, 2, 60, 42);
  apo_model *model = model_of(&c);
  explain_case rows = rows_of(&c, model);
  apo_request request = {.dependence = APO_DEPENDENCE_GAUSSIAN, .n_samples = 24 * 57, .seed = 9};
  explained whole = explain(&rows, devices, &request);
  assert_non_null(whole.phi_se);
  assert_true(whole.phi_se[0] > 0.0f);
  rows.block = 7;
  request.memory_bytes = 512 << 10;
  explained parts = explain(&rows, devices, &request);
  assert_true(parts.n_tiles > whole.n_tiles);
  assert_same_explained(&whole, &parts, "tiles");
  request.seed = 10;
  explained other = explain(&rows, devices, &request);
  assert_true(other.phi[0] != whole.phi[0]);
  explained_free(&other);
  explained_free(&parts);
  explained_free(&whole);

  explained none = {0};
  apo_error err;
  request.memory_bytes = 4096;  // not even the matrix
  assert_int_equal(explain_all(&rows, devices, &request, &none, &err), APO_ERR_LIMIT);
  explained_free(&none);
  apo_model_destroy(&model);
  apo_devices_destroy(&devices);
}

static void groups_without_columns_and_of_constant_ones_get_what_is_theirs(void **state) {
  (void)state;
  static gaussian_case c;
  static const uint32_t players[5] = {0, 0, 3, 1, 1};
  apo_devices *devices = explain_open("none");
  gaussian_case_random(&c, 5, 1, 30, 43);
  for (uint32_t row = 0; row < c.n_rows; ++row) c.rows[row * 5 + 2] = 4.0;
  gaussian_case_seal(&c);
  memcpy(c.player_of_column, players, sizeof players);
  c.n_players = 4;
  c.row[2] = 5.0;
  apo_model *model = model_of(&c);
  explain_case rows = rows_of(&c, model);
  rows.rows = c.row;
  rows.n_rows = 1;
  const apo_request request = {.dependence = APO_DEPENDENCE_GAUSSIAN,
                               .method = APO_METHOD_LINEAR,
                               .player_of_column = players,
                               .n_players = 4};
  explained e = explain(&rows, devices, &request);
  double expected[4];
  gaussian_case_shapley(&c, 0, APO_GAUSSIAN_RIDGE, expected);
  for (uint32_t player = 0; player < 4; ++player) {
    assert_near((double)e.phi[player], expected[player], 1e-9 + 0x1p-24 * fabs(expected[player]),
                "phi");
  }
  assert_true(e.phi[2] == 0.0f);
  assert_near((double)e.phi[3], c.coefficients[2], 1e-6, "phi of a constant column");
  explained_free(&e);
  apo_model_destroy(&model);
  apo_devices_destroy(&devices);
}

static void check_refused(const explain_case *rows,
                          apo_devices *devices,
                          apo_request request,
                          apo_status status,
                          const char *words) {
  explained e = {0};
  apo_error err;
  assert_int_equal(explain_all(rows, devices, &request, &e, &err), status);
  if (strstr(err.message, words) == NULL) print_error("no \"%s\" in: %s\n", words, err.message);
  assert_non_null(strstr(err.message, words));
  explained_free(&e);
}

static void other_methods_and_unknown_dependences_are_refused(void **state) {
  (void)state;
  static gaussian_case c;
  apo_devices *devices = explain_open("none");
  gaussian_case_random(&c, 3, 1, 10, 44);
  apo_model *model = model_of(&c);
  const explain_case rows = rows_of(&c, model);
  apo_request request = {.dependence = APO_DEPENDENCE_GAUSSIAN, .method = APO_METHOD_KERNEL};
  check_refused(&rows, devices, request, APO_ERR_UNSUPPORTED, "not kernel");
  request.method = APO_METHOD_PERMUTATION;
  check_refused(&rows, devices, request, APO_ERR_UNSUPPORTED, "not permutation");
  request.method = APO_METHOD_AUTO;
  request.link = APO_VALUE_LOGIT;
  check_refused(&rows, devices, request, APO_ERR_UNSUPPORTED, "dependence gaussian: needs");
  request = (apo_request){.dependence = (apo_dependence)2};
  check_refused(&rows, devices, request, APO_ERR_ARGUMENT, "dependence 2 is not known");
  apo_model_destroy(&model);
  apo_devices_destroy(&devices);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_run_gives_the_values_of_the_definition),
      cmocka_unit_test(tiles_and_budgets_change_no_bit),
      cmocka_unit_test(groups_without_columns_and_of_constant_ones_get_what_is_theirs),
      cmocka_unit_test(other_methods_and_unknown_dependences_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
