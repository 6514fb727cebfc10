/* Predictions and permutation importance through the library equal their definitions. */
#define _POSIX_C_SOURCE 200809L  // setenv
#include <stdlib.h>

#include "engine/explainers/importance/metrics.h"
#include "engine/explainers/importance/shuffles.h"
#include "tests/support/explain.h"
#include "tests/support/games.h"
#include "tests/support/random_forest.h"

enum { N_ROWS = 333, N_COLUMNS = 7, N_REPEATS = 3, MAX_OUTPUTS = 4 };

static const char *const lists[] = {"none", "0:0,0:1"};

/* --- models ----------------------------------------------------------------------------------- */

static apo_model *forest_model(uint32_t n_outputs, apo_link_name link) {
  const apo_random_spec spec = {.seed = 3 + n_outputs,
                                .n_columns = N_COLUMNS,
                                .n_outputs = n_outputs,
                                .n_trees = 10,
                                .max_depth = 5,
                                .categorical_share = 0.2,
                                .cast_f32 = n_outputs == 1,
                                .link = link};
  return apo_random_model(&spec);
}

static apo_model *linear_model(uint32_t n_outputs, apo_link_name link) {
  apo_model *model = NULL;
  apo_error err;
  apo_random random = apo_random_start(n_outputs);
  assert_ok(apo_model_new(&model, &err), &err);
  model->kind = APO_MODEL_LINEAR;
  model->format = "random";
  model->n_columns = N_COLUMNS;
  model->n_outputs = n_outputs;
  model->link.name = link;
  model->linear = calloc(1, sizeof *model->linear);
  model->linear->missing_adds_nothing = true;
  model->linear->coefficients = calloc((size_t)N_COLUMNS * n_outputs, sizeof(double));
  model->base = calloc(n_outputs, sizeof *model->base);
  for (uint32_t i = 0; i < N_COLUMNS * n_outputs; ++i) {
    model->linear->coefficients[i] = i % N_COLUMNS == 2 ? 0.0 : apo_random_number(&random) / 3.0;
  }
  for (uint32_t k = 0; k < n_outputs; ++k) model->base[k] = apo_random_number(&random);
  assert_ok(apo_model_seal(model, &err), &err);
  return model;
}

typedef struct caller {
  const apo_model *inner;
  uint64_t most_rows; /* of one call */
} caller;

// The responses of another model, as a function.
static apo_status call(void *context, const apo_rows *rows, double *outputs, apo_error *err) {
  caller *c = context;
  if (rows->n_rows > c->most_rows) c->most_rows = rows->n_rows;
  const uint32_t n = c->inner->n_outputs;
  for (uint64_t row = 0; row < rows->n_rows; ++row) {
    const double *values = (const double *)rows->values + row * rows->row_stride;
    const apo_status status = apo_model_margin(c->inner, values, outputs + row * n, err);
    if (status != APO_OK) return status;
    apo_link_apply(c->inner->link, outputs + row * n, n, outputs + row * n);
  }
  return APO_OK;
}

static apo_model *wrap(caller *c, uint64_t batch_rows) {
  const apo_predictor predictor = {.struct_bytes = sizeof predictor,
                                   .context = c,
                                   .n_columns = c->inner->n_columns,
                                   .n_outputs = c->inner->n_outputs,
                                   .batch_rows = batch_rows,
                                   .predict = call};
  apo_model *model = NULL;
  apo_error err;
  assert_ok(apo_model_wrap(&predictor, &model, &err), &err);
  return model;
}

static double *make_rows(const apo_model *model, size_t n) {
  apo_random random = apo_random_start(77);
  if (model->kind == APO_MODEL_FOREST) return apo_random_rows(&random, model->forest, n);
  double *rows = calloc(n * N_COLUMNS, sizeof *rows);
  assert_non_null(rows);
  for (size_t i = 0; i < n * N_COLUMNS; ++i) {
    rows[i] = apo_random_below(&random, 9) == 0 ? (double)NAN : apo_random_number(&random);
    // A column without a coefficient may hold anything.
    if (i % N_COLUMNS == 2 && model->kind == APO_MODEL_LINEAR) {
      rows[i] = i % 2 == 0 ? (double)INFINITY : 1e300;
    }
  }
  return rows;
}

/* --- predictions ------------------------------------------------------------------------------ */

typedef struct predicted {
  double *values;
  uint32_t n_outputs;
  uint64_t n_rows;
} predicted;

static apo_status take(
    void *context, uint64_t row_begin, uint64_t n_rows, const double *predictions, apo_error *err) {
  predicted *p = context;
  (void)err;
  assert_int_equal(row_begin, p->n_rows);
  memcpy(p->values + row_begin * p->n_outputs, predictions,
         n_rows * p->n_outputs * sizeof *predictions);
  p->n_rows += n_rows;
  return APO_OK;
}

static void define_output(const apo_model *model, const double *row, bool responds, double *out) {
  apo_error err;
  if (model->kind == APO_MODEL_CALLBACK) {
    const apo_rows rows = {row, 1, model->n_columns, 1, model->n_columns, APO_F64};
    assert_ok(model->predictor.predict(model->predictor.context, &rows, out, &err), &err);
    return;
  }
  assert_ok(apo_model_margin(model, row, out, &err), &err);
  if (responds) apo_link_apply(model->link, out, model->n_outputs, out);
}

static void check_predictions(const apo_model *model, size_t n_rows, uint64_t block) {
  double *rows = make_rows(model, n_rows);
  for (size_t l = 0; l < sizeof lists / sizeof *lists; ++l) {
    apo_devices *devices = explain_try_open(lists[l]);
    for (int shape = 0; shape < 4 && devices != NULL; ++shape) {
      const apo_output output = shape % 2 == 0 ? APO_OUTPUT_RAW : APO_OUTPUT_PROBABILITY;
      explain_rows from = {rows, n_rows, N_COLUMNS, block, 0, 0, APO_OK};
      predicted to = {calloc(n_rows * MAX_OUTPUTS, sizeof(double)), model->n_outputs, 0};
      const apo_source source = {&from, explain_next};
      const apo_prediction_sink sink = {&to, take};
      apo_report report;
      apo_error err;
      assert_ok(apo_predict(model, devices, output, shape < 2 ? 0 : 1 << 16, &source, &sink, NULL,
                            &report, &err),
                &err);
      assert_int_equal(to.n_rows, n_rows);
      assert_int_equal(report.n_rows, n_rows);
      for (size_t row = 0; row < n_rows; ++row) {
        double expected[MAX_OUTPUTS];
        define_output(model, rows + row * N_COLUMNS, output == APO_OUTPUT_PROBABILITY, expected);
        for (uint32_t k = 0; k < model->n_outputs; ++k) {
          const double actual = to.values[row * model->n_outputs + k];
          assert_near(actual, expected[k], 1e-12 * fmax(1.0, fabs(expected[k])), lists[l]);
        }
      }
      free(to.values);
    }
    apo_devices_destroy(&devices);
  }
  free(rows);
}

static void predictions_are_the_models(void **state) {
  (void)state;
  apo_model *models[] = {forest_model(1, APO_LINK_SIGMOID), forest_model(3, APO_LINK_SOFTMAX),
                         linear_model(1, APO_LINK_SIGMOID), linear_model(3, APO_LINK_SOFTMAX)};
  for (size_t i = 0; i < sizeof models / sizeof *models; ++i) {
    caller c = {models[i], 0};
    apo_model *callback = wrap(&c, 10);
    check_predictions(models[i], N_ROWS, 0);
    check_predictions(models[i], 65, 1);
    check_predictions(callback, N_ROWS, 0);
    assert_int_equal(c.most_rows, 10);
    apo_model_destroy(&callback);
    apo_model_destroy(&models[i]);
  }
}

static void no_rows_are_no_predictions(void **state) {
  (void)state;
  apo_model *model = forest_model(1, APO_LINK_IDENTITY);
  check_predictions(model, 0, 0);
  apo_model_destroy(&model);
}

/* --- importance ------------------------------------------------------------------------------- */

typedef struct job {
  apo_importance_request request;
  double target[N_ROWS];
  double weights[N_ROWS];
} job;

// Targets near what the model says, so that columns matter.
static void job_fill(job *j, const apo_model *model, const double *rows, bool is_classification) {
  apo_random random = apo_random_start(5);
  for (size_t row = 0; row < N_ROWS; ++row) {
    double out[MAX_OUTPUTS];
    define_output(model, rows + row * N_COLUMNS, true, out);
    j->weights[row] = (double)apo_random_below(&random, 4);
    if (!is_classification) {
      j->target[row] = out[0] + 0.1 * apo_random_number(&random);
    } else if (model->n_outputs == 1) {
      j->target[row] = apo_random_unit(&random) < out[0] ? 1.0 : 0.0;
    } else {
      j->target[row] = (double)apo_random_below(&random, model->n_outputs);
    }
  }
}

// Scores of rows `chosen` where player `player` takes the values of `donor`; UINT32_MAX: nobody.
static double define_score(const apo_model *model,
                           const double *rows,
                           const job *j,
                           apo_metric metric,
                           const uint32_t *chosen,
                           const uint32_t *donor,
                           uint32_t n,
                           uint32_t player) {
  double *predictions = calloc((size_t)n * model->n_outputs, sizeof *predictions);
  double *target = calloc(n, sizeof *target);
  double *weights = calloc(n, sizeof *weights);
  for (uint32_t row = 0; row < n; ++row) {
    double moved[N_COLUMNS];
    for (uint32_t col = 0; col < N_COLUMNS; ++col) {
      const uint32_t *players = j->request.player_of_column;
      const bool is_moved = (players != NULL ? players[col] : col) == player;
      moved[col] = rows[(size_t)chosen[is_moved ? donor[row] : row] * N_COLUMNS + col];
    }
    define_output(model, moved, metric != APO_METRIC_AUC || model->n_outputs > 1,
                  predictions + (size_t)row * model->n_outputs);
    target[row] = j->target[chosen[row]];
    weights[row] = j->weights[chosen[row]];
  }
  const apo_targets targets = {target, j->request.weights != NULL ? weights : NULL, n,
                               model->n_outputs};
  double score = 0.0;
  apo_error err;
  assert_ok(apo_metric_score(metric, &targets, predictions, &score, &err), &err);
  free(predictions);
  free(target);
  free(weights);
  return score;
}

static void check_job(const apo_model *model, const double *rows, const job *j, const char *list) {
  const apo_importance_request *request = &j->request;
  apo_devices *devices = explain_try_open(list);
  if (devices == NULL) return;
  explain_rows from = {rows, N_ROWS, N_COLUMNS, 50, 0, 0, APO_OK};
  const apo_source source = {&from, explain_next};
  apo_importance *importance = NULL;
  apo_report report;
  apo_error err;
  assert_ok(
      apo_importance_compute(model, devices, request, &source, NULL, &importance, &report, &err),
      &err);
  const uint32_t n = request->max_rows > 0 ? (uint32_t)request->max_rows : N_ROWS;
  const uint32_t n_players = request->player_of_column != NULL ? request->n_players : N_COLUMNS;
  uint32_t chosen[N_ROWS];
  uint32_t donor[N_ROWS];
  for (uint32_t row = 0; row < N_ROWS; ++row) chosen[row] = row;
  if (n < N_ROWS) {
    assert_ok(apo_shuffle_subset(request->seed, N_ROWS, n, chosen, &err), &err);
  }
  for (uint32_t m = 0; m < request->n_metrics; ++m) {
    const apo_metric metric = request->metrics[m];
    const double baseline = define_score(model, rows, j, metric, chosen, chosen, n, UINT32_MAX);
    assert_near(apo_importance_baseline(importance, m), baseline, 1e-12, apo_metric_text(metric));
    for (uint32_t repeat = 0; repeat < request->n_repeats; ++repeat) {
      assert_ok(apo_shuffle_rows(request->seed, repeat, n, donor, &err), &err);
      for (uint32_t player = 0; player < n_players; ++player) {
        const double score = define_score(model, rows, j, metric, chosen, donor, n, player);
        assert_near(apo_importance_scores(importance, m, player)[repeat], baseline - score, 1e-11,
                    apo_metric_text(metric));
      }
    }
  }
  apo_importance_destroy(&importance);
  apo_devices_destroy(&devices);
}

static const apo_metric classification[] = {APO_METRIC_AUC, APO_METRIC_LOGLOSS,
                                            APO_METRIC_ACCURACY};
static const apo_metric multiclass[] = {APO_METRIC_LOGLOSS, APO_METRIC_ACCURACY};
static const apo_metric regression[] = {APO_METRIC_R2, APO_METRIC_RMSE, APO_METRIC_MAE};
static const uint32_t groups[N_COLUMNS] = {0, 1, 1, 2, 0, 2, 2};

static void check_importance(const apo_model *model,
                             const apo_metric *metrics,
                             uint32_t n_metrics) {
  static job j;
  double *rows = make_rows(model, N_ROWS);
  job_fill(&j, model, rows, metrics != regression);
  for (int variant = 0; variant < 5; ++variant) {
    j.request = (apo_importance_request){.struct_bytes = sizeof j.request,
                                         .metrics = metrics,
                                         .n_metrics = n_metrics,
                                         .n_repeats = N_REPEATS,
                                         .seed = 40 + (uint64_t)variant,
                                         .target = j.target,
                                         .n_rows = N_ROWS};
    if (variant == 1) j.request.weights = j.weights;
    if (variant == 2) j.request.max_rows = 100;
    if (variant == 3) {
      j.request.player_of_column = groups;
      j.request.n_players = 3;
    }
    if (variant == 4) j.request.memory_bytes = 3 * N_ROWS * 8 * 2;  // a few players at a time
    check_job(model, rows, &j, lists[variant % 2]);
    if (variant == 4) check_job(model, rows, &j, lists[1]);
  }
  free(rows);
}

static void importance_is_that_of_predicting_again(void **state) {
  (void)state;
  apo_model *models[] = {forest_model(1, APO_LINK_SIGMOID), linear_model(1, APO_LINK_SIGMOID)};
  for (size_t i = 0; i < 2; ++i) {
    caller c = {models[i], 0};
    apo_model *callback = wrap(&c, 20);
    check_importance(models[i], classification, 3);
    check_importance(models[i], regression, 3);
    check_importance(callback, classification, 3);
    check_importance(callback, regression, 3);
    assert_int_equal(c.most_rows, 20);
    apo_model_destroy(&callback);
    apo_model_destroy(&models[i]);
  }
}

static void importance_of_several_classes(void **state) {
  (void)state;
  apo_model *models[] = {forest_model(3, APO_LINK_SOFTMAX), linear_model(4, APO_LINK_SOFTMAX)};
  for (size_t i = 0; i < 2; ++i) {
    caller c = {models[i], 0};
    apo_model *callback = wrap(&c, 0);
    check_importance(models[i], multiclass, 2);
    check_importance(callback, multiclass, 2);
    apo_model_destroy(&callback);
    apo_model_destroy(&models[i]);
  }
}

static void two_outputs_rank_by_the_second(void **state) {
  (void)state;
  apo_model *model = forest_model(2, APO_LINK_SOFTMAX);
  check_importance(model, classification, 3);
  apo_model_destroy(&model);
}

int main(void) {
  setenv("POCL_DEVICES", "pthread pthread", 0);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(predictions_are_the_models),
      cmocka_unit_test(no_rows_are_no_predictions),
      cmocka_unit_test(importance_is_that_of_predicting_again),
      cmocka_unit_test(importance_of_several_classes),
      cmocka_unit_test(two_outputs_rank_by_the_second),
  };
  return cmocka_run_group_tests_name("axiom.importance", tests, NULL, NULL);
}
