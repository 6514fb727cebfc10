/* fault_run.c - plans, runs, predictions and importance survive each allocation that can fail. */
#include "tests/support/explain.h"
#include "tests/support/random_forest.h"
// failing_heap.h defines the wrapped calls.
#include "tests/support/failing_heap.h"

enum { N_ROWS = 5, N_BACKGROUND = 3, N_COLUMNS = 4 };

// The library and LAPACK's own memory; its refusals are ours to report.
typedef struct world {
  apo_model *model;
  apo_background *background;
  apo_devices *devices;
  apo_request request;
  const double *rows;
  double target[N_ROWS];
} world;

static double rows[(N_ROWS + N_BACKGROUND) * N_COLUMNS];

static apo_status product(void *context, const apo_rows *view, double *out, apo_error *err) {
  (void)context;
  (void)err;
  for (uint64_t row = 0; row < view->n_rows; ++row) {
    const double *x = (const double *)view->values + row * view->row_stride;
    out[row] = x[0] * x[1] + x[2];
  }
  return APO_OK;
}

static apo_model *make_model(apo_model_kind kind) {
  apo_model *model = NULL;
  apo_error err;
  if (kind == APO_MODEL_FOREST) {
    const apo_random_spec spec = {.seed = 2,
                                  .n_columns = N_COLUMNS,
                                  .n_outputs = 1,
                                  .n_trees = 4,
                                  .max_depth = 3,
                                  .cast_f32 = true,
                                  .link = APO_LINK_SIGMOID};
    return apo_random_model(&spec);
  }
  if (kind == APO_MODEL_CALLBACK) {
    const apo_predictor predictor = {.struct_bytes = sizeof predictor,
                                     .n_columns = N_COLUMNS,
                                     .n_outputs = 1,
                                     .predict = product};
    assert_ok(apo_model_wrap(&predictor, &model, &err), &err);
    return model;
  }
  assert_ok(apo_model_new(&model, &err), &err);
  model->kind = APO_MODEL_LINEAR;
  model->format = "random";
  model->n_columns = N_COLUMNS;
  model->n_outputs = 1;
  model->link.name = APO_LINK_SIGMOID;
  model->linear = calloc(1, sizeof *model->linear);
  model->linear->coefficients = calloc(N_COLUMNS, sizeof(double));
  model->base = calloc(1, sizeof *model->base);
  model->linear->coefficients[1] = 2.0;
  assert_ok(apo_model_seal(model, &err), &err);
  return model;
}

static world make_world(apo_model_kind kind) {
  world w = {.model = make_model(kind), .devices = explain_open("none"), .rows = rows};
  apo_random random = apo_random_start(3);
  apo_error err;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) rows[i] = apo_random_number(&random);
  for (size_t i = 0; i < N_ROWS; ++i) w.target[i] = (double)(i % 2);
  const apo_rows b = {rows + N_ROWS * N_COLUMNS, N_BACKGROUND, N_COLUMNS, 1, N_COLUMNS, APO_F64};
  assert_ok(apo_background_create(w.model, &b, NULL, &w.background, &err), &err);
  return w;
}

static void free_world(world *w) {
  apo_background_destroy(&w->background);
  apo_model_destroy(&w->model);
  apo_devices_destroy(&w->devices);
}

// The sinks of these tests take nothing from the heap.
static apo_status take_tile(void *context, const apo_tile *tile, apo_error *err) {
  (void)err;
  *(uint64_t *)context += tile->n_rows;
  return APO_OK;
}

static apo_status take_predictions(
    void *context, uint64_t row_begin, uint64_t n_rows, const double *values, apo_error *err) {
  (void)row_begin;
  (void)values;
  (void)err;
  *(uint64_t *)context += n_rows;
  return APO_OK;
}

static apo_status plan_and_run(world *w, apo_error *err) {
  apo_plan *plan = NULL;
  explain_rows from = {.values = w->rows, .n_rows = N_ROWS, .n_columns = N_COLUMNS, .block = 2};
  uint64_t n_rows = 0;
  const apo_source source = {&from, explain_next};
  const apo_sink sink = {&n_rows, take_tile};
  apo_status status = apo_plan_create(w->model, w->background, &w->request, w->devices, &plan, err);
  assert_int_equal(plan == NULL, status != APO_OK);
  if (status == APO_OK) status = apo_plan_run(plan, &source, &sink, NULL, NULL, err);
  if (status == APO_OK) assert_int_equal(n_rows, N_ROWS);
  apo_plan_destroy(&plan);
  return status;
}

static apo_status predict_all(world *w, apo_error *err) {
  explain_rows from = {.values = w->rows, .n_rows = N_ROWS, .n_columns = N_COLUMNS, .block = 2};
  uint64_t n_rows = 0;
  const apo_source source = {&from, explain_next};
  const apo_prediction_sink sink = {&n_rows, take_predictions};
  const apo_status status = apo_predict(w->model, w->devices, APO_OUTPUT_PROBABILITY, 1 << 20,
                                        &source, &sink, NULL, NULL, err);
  if (status == APO_OK) assert_int_equal(n_rows, N_ROWS);
  return status;
}

static apo_status importance_of_all(world *w, apo_error *err) {
  static const apo_metric metrics[] = {APO_METRIC_AUC, APO_METRIC_RMSE};
  const apo_importance_request request = {.struct_bytes = sizeof request,
                                          .metrics = metrics,
                                          .n_metrics = 2,
                                          .n_repeats = 2,
                                          .max_rows = N_ROWS - 1,
                                          .memory_bytes = 1 << 20,
                                          .target = w->target,
                                          .n_rows = N_ROWS};
  explain_rows from = {.values = w->rows, .n_rows = N_ROWS, .n_columns = N_COLUMNS, .block = 2};
  const apo_source source = {&from, explain_next};
  apo_importance *importance = NULL;
  const apo_status status =
      apo_importance_compute(w->model, w->devices, &request, &source, NULL, &importance, NULL, err);
  assert_int_equal(importance == NULL, status != APO_OK);
  apo_importance_destroy(&importance);
  return status;
}

static void fail_each(world *w, apo_status (*work)(world *w, apo_error *err)) {
  for (long n_granted = 0;; ++n_granted) {
    apo_error err = {.status = APO_OK};
    heap_start(n_granted);
    const apo_status status = work(w, &err);
    const bool refused = heap_end();
    assert_int_equal(heap_live(), 0);
    if (!refused) {
      assert_ok(status, &err);
      assert_true(n_granted > 5);
      return;
    }
    if (status == APO_OK) continue;  // what was refused was a convenience
    assert_fails(status, APO_ERR_MEMORY, &err, "");
    assert_true(err.message[0] != '\0');
  }
}

static const apo_model_kind kinds[] = {APO_MODEL_FOREST, APO_MODEL_LINEAR, APO_MODEL_CALLBACK};

static void explaining(void **state) {
  (void)state;
  const apo_request requests[] = {
      {.struct_bytes = sizeof(apo_request), .method = APO_METHOD_KERNEL},
      {.struct_bytes = sizeof(apo_request), .method = APO_METHOD_KERNEL, .coalitions_per_row = 1},
      {.struct_bytes = sizeof(apo_request), .method = APO_METHOD_PERMUTATION},
      {.struct_bytes = sizeof(apo_request), .method = APO_METHOD_AUTO}};
  for (size_t k = 0; k < 3; ++k) {
    world w = make_world(kinds[k]);
    for (size_t q = 0; q < 4; ++q) {
      w.request = requests[q];
      fail_each(&w, plan_and_run);
    }
    free_world(&w);
  }
}

static void rescaling(void **state) {
  (void)state;
  world w = make_world(APO_MODEL_FOREST);
  w.request = (apo_request){.struct_bytes = sizeof(apo_request),
                            .method = APO_METHOD_EXACT,
                            .output = APO_OUTPUT_PROBABILITY};
  fail_each(&w, plan_and_run);
  w.request.output = APO_OUTPUT_LOSS;
  w.request.target = w.target;
  w.request.n_targets = N_ROWS;
  w.target[1] = 1.0;
  fail_each(&w, plan_and_run);
  free_world(&w);
}

static void predicting(void **state) {
  (void)state;
  for (size_t k = 0; k < 3; ++k) {
    world w = make_world(kinds[k]);
    fail_each(&w, predict_all);
    free_world(&w);
  }
}

static void importance(void **state) {
  (void)state;
  for (size_t k = 0; k < 3; ++k) {
    world w = make_world(kinds[k]);
    w.target[0] = 1.0;
    fail_each(&w, importance_of_all);
    free_world(&w);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(explaining),
      cmocka_unit_test(rescaling),
      cmocka_unit_test(predicting),
      cmocka_unit_test(importance),
  };
  return cmocka_run_group_tests_name("fault.run", tests, NULL, NULL);
}
