/* test_linear_cast.c - a linear model that rounds its input to float is, on every way through the
 * library, the plain model on rounded rows: the same bytes. */
#include "tests/support/explain.h"
#include "tests/support/random_forest.h"

enum { N_COLUMNS = 4, N_OUTPUTS = 2, N_ROWS = 40, N_BACKGROUND = 9 };

static apo_model *make_model(bool cast_f32) {
  apo_model *model = NULL;
  apo_error err;
  assert_ok(apo_model_new(&model, &err), &err);
  model->kind = APO_MODEL_LINEAR;
  model->n_columns = N_COLUMNS;
  model->n_outputs = N_OUTPUTS;
  model->base = calloc(N_OUTPUTS, sizeof *model->base);
  model->linear = calloc(1, sizeof *model->linear);
  assert_non_null(model->base);
  assert_non_null(model->linear);
  model->linear->cast_f32 = cast_f32;
  model->linear->missing_adds_nothing = true;
  model->linear->coefficients = calloc(N_COLUMNS * N_OUTPUTS, sizeof(double));
  assert_non_null(model->linear->coefficients);
  apo_random random = apo_random_start(3);
  for (size_t i = 0; i < N_COLUMNS * N_OUTPUTS; ++i) {
    model->linear->coefficients[i] = apo_random_number(&random) * 1e3;
  }
  assert_ok(apo_model_seal(model, &err), &err);
  return model;
}

/* Values that lose bits as floats, and a missing one here and there; rounded or not. */
static double *make_rows(size_t n, bool is_rounded) {
  apo_random random = apo_random_start(n);
  double *rows = calloc(n * N_COLUMNS, sizeof *rows);
  assert_non_null(rows);
  for (size_t i = 0; i < n * N_COLUMNS; ++i) {
    rows[i] = apo_random_below(&random, 9) == 0 ? (double)NAN : apo_random_unit(&random) / 3.0;
    if (is_rounded) rows[i] = (double)(float)rows[i];
  }
  return rows;
}

/* Both models, each with its rows. */
typedef struct pair {
  apo_model *model[2];
  double *rows[2];
  double *background[2];
  apo_devices *devices;
} pair;

static pair open_pair(void) {
  pair p = {.devices = explain_open("none")};
  for (int cast = 0; cast < 2; ++cast) {
    p.model[cast] = make_model(cast == 1);
    p.rows[cast] = make_rows(N_ROWS, cast == 0);
    p.background[cast] = make_rows(N_BACKGROUND, cast == 0);
  }
  return p;
}

static void close_pair(pair *p) {
  apo_devices_destroy(&p->devices);
  for (int cast = 0; cast < 2; ++cast) {
    apo_model_destroy(&p->model[cast]);
    free(p->rows[cast]);
    free(p->background[cast]);
  }
}

static void margins_are_those_of_rounded_rows(void **state) {
  (void)state;
  pair p = open_pair();
  apo_error err;
  int n_moved = 0;
  for (size_t row = 0; row < N_ROWS; ++row) {
    double margin[3][N_OUTPUTS];
    for (int cast = 0; cast < 2; ++cast) {
      const double *values = p.rows[cast] + row * N_COLUMNS;
      assert_ok(apo_model_margin(p.model[cast], values, margin[cast], &err), &err);
    }
    assert_memory_equal(margin[0], margin[1], sizeof margin[0]);
    // Not rounded, the rows give something else: the test can fail.
    assert_ok(apo_model_margin(p.model[0], p.rows[1] + row * N_COLUMNS, margin[2], &err), &err);
    n_moved += memcmp(margin[2], margin[0], sizeof margin[0]) != 0;
  }
  assert_true(n_moved > N_ROWS / 2);
  close_pair(&p);
}

static void attributions_are_those_of_rounded_rows(void **state) {
  (void)state;
  static const apo_method methods[] = {APO_METHOD_LINEAR, APO_METHOD_KERNEL,
                                       APO_METHOD_PERMUTATION};
  pair p = open_pair();
  for (size_t m = 0; m < sizeof methods / sizeof *methods; ++m) {
    const apo_request request = {.method = methods[m]};
    explained e[2];
    for (int cast = 0; cast < 2; ++cast) {
      const explain_case c = {.model = p.model[cast],
                              .rows = p.rows[cast],
                              .n_rows = N_ROWS,
                              .background = p.background[cast],
                              .n_background = N_BACKGROUND};
      e[cast] = explain(&c, p.devices, &request);
    }
    assert_same_explained(&e[0], &e[1], "rounded rows");
    explained_free(&e[0]);
    explained_free(&e[1]);
  }
  close_pair(&p);
}

static apo_status take(
    void *context, uint64_t row_begin, uint64_t n_rows, const double *predictions, apo_error *err) {
  (void)err;
  memcpy((double *)context + row_begin * N_OUTPUTS, predictions,
         n_rows * N_OUTPUTS * sizeof *predictions);
  return APO_OK;
}

static void predictions_are_those_of_rounded_rows(void **state) {
  (void)state;
  pair p = open_pair();
  double predicted[2][N_ROWS * N_OUTPUTS];
  for (int cast = 0; cast < 2; ++cast) {
    apo_error err;
    explain_rows rows = {.values = p.rows[cast], .n_rows = N_ROWS, .n_columns = N_COLUMNS};
    const apo_source source = {&rows, explain_next};
    const apo_prediction_sink sink = {predicted[cast], take};
    apo_report report = {.struct_bytes = sizeof report};
    assert_ok(apo_predict(p.model[cast], p.devices, APO_OUTPUT_RAW, 0, &source, &sink, NULL,
                          &report, &err),
              &err);
  }
  assert_memory_equal(predicted[0], predicted[1], sizeof predicted[0]);
  close_pair(&p);
}

static void importance_is_that_of_rounded_rows(void **state) {
  (void)state;
  pair p = open_pair();
  static const apo_metric metrics[] = {APO_METRIC_RMSE};
  double target[N_ROWS];
  double scores[2][N_COLUMNS * 3];
  apo_random random = apo_random_start(9);
  for (size_t row = 0; row < N_ROWS; ++row) target[row] = apo_random_number(&random);
  for (int cast = 0; cast < 2; ++cast) {
    apo_error err;
    p.model[cast]->n_outputs = 1;  // the metric asks for one
    explain_rows rows = {.values = p.rows[cast], .n_rows = N_ROWS, .n_columns = N_COLUMNS};
    const apo_source source = {&rows, explain_next};
    const apo_importance_request request = {.struct_bytes = sizeof request,
                                            .metrics = metrics,
                                            .n_metrics = 1,
                                            .n_repeats = 3,
                                            .target = target,
                                            .n_rows = N_ROWS};
    apo_report report = {.struct_bytes = sizeof report};
    apo_importance *importance = NULL;
    assert_ok(apo_importance_compute(p.model[cast], p.devices, &request, &source, NULL, &importance,
                                     &report, &err),
              &err);
    for (uint32_t player = 0; player < N_COLUMNS; ++player) {
      memcpy(scores[cast] + 3 * player, apo_importance_scores(importance, 0, player),
             3 * sizeof(double));
    }
    apo_importance_destroy(&importance);
  }
  assert_memory_equal(scores[0], scores[1], sizeof scores[0]);
  close_pair(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(margins_are_those_of_rounded_rows),
      cmocka_unit_test(attributions_are_those_of_rounded_rows),
      cmocka_unit_test(predictions_are_those_of_rounded_rows),
      cmocka_unit_test(importance_is_that_of_rounded_rows),
  };
  return cmocka_run_group_tests_name("linear_cast", tests, NULL, NULL);
}
