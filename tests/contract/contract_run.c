/* What plans and runs refuse, how they end early, and what they say. */
#define _POSIX_C_SOURCE 200809L  // setenv
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/explain.h"
#include "tests/support/games.h"
#include "tests/support/random_forest.h"

enum { N_ROWS = 30, N_BACKGROUND = 9, N_COLUMNS = 5 };

static apo_model *small_forest(uint32_t n_outputs, apo_link_name link) {
  const apo_random_spec spec = {.seed = 8,
                                .n_columns = N_COLUMNS,
                                .n_outputs = n_outputs,
                                .n_trees = 7,
                                .max_depth = 4,
                                .cast_f32 = true,
                                .link = link};
  return apo_random_model(&spec);
}

static const double *plain_rows(void) {
  static double rows[(N_ROWS + N_BACKGROUND) * N_COLUMNS];
  apo_random random = apo_random_start(1);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) rows[i] = apo_random_number(&random);
  return rows;
}

static explain_case case_of(const apo_model *model) {
  const double *rows = plain_rows();
  return (explain_case){.model = model,
                        .rows = rows,
                        .n_rows = N_ROWS,
                        .background = rows + N_ROWS * N_COLUMNS,
                        .n_background = N_BACKGROUND};
}

static void assert_refused(const explain_case *c,
                           apo_devices *devices,
                           const apo_request *request,
                           apo_status status,
                           const char *words) {
  explained e = {0};
  apo_error err = {.status = APO_OK};
  assert_fails(explain_all(c, devices, request, &e, &err), status, &err, words);
  assert_int_equal(err.status, status);
  explained_free(&e);
}

/* --- refusals --------------------------------------------------------------------------------- */

static void requests_that_contradict_the_model_are_refused(void **state) {
  (void)state;
  static const uint32_t players[N_COLUMNS] = {0, 1, 2, 3, 1};
  apo_devices *devices = explain_open("none");
  apo_model *model = small_forest(1, APO_LINK_STEP);
  const explain_case c = case_of(model);
  const struct {
    apo_request request;
    apo_status status;
    const char *words;
  } refusals[] = {
      {{.method = APO_METHOD_LINEAR}, APO_ERR_UNSUPPORTED, "method linear: needs a linear model"},
      {{.output = APO_OUTPUT_PROBABILITY}, APO_ERR_UNSUPPORTED, "the link step has none"},
      {{.method = (apo_method)9}, APO_ERR_ARGUMENT, "method 9 is not known"},
      {{.output = (apo_output)3}, APO_ERR_ARGUMENT, "output 3 is not known"},
      {{.link = (apo_value_link)2}, APO_ERR_ARGUMENT, "link 2 is not known"},
      {{.player_of_column = players, .n_players = 3},
       APO_ERR_ARGUMENT,
       "column 3 belongs to player 3 of 3"},
      {{.player_of_column = players}, APO_ERR_ARGUMENT, "column 0 belongs to player 0 of 0"},
      {{.method = APO_METHOD_KERNEL, .n_samples = 7}, APO_ERR_LIMIT, "5 players need at least 8"},
      {{.method = APO_METHOD_PERMUTATION, .n_samples = 10}, APO_ERR_LIMIT, "needed at least 11"},
      {{.memory_bytes = 1000}, APO_ERR_LIMIT, "memory: one row needs "},
      {{.link = APO_VALUE_LOGIT}, APO_ERR_FORMAT, "the logit link needs it inside (0, 1)"},
  };
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; ++i) {
    assert_refused(&c, devices, &refusals[i].request, refusals[i].status, refusals[i].words);
  }
  apo_model_destroy(&model);
  apo_devices_destroy(&devices);
}

static void the_bytes_a_refusal_names_are_enough(void **state) {
  (void)state;
  static const apo_method methods[] = {APO_METHOD_KERNEL, APO_METHOD_PERMUTATION};
  apo_devices *devices = explain_open("none");
  apo_model *model = small_forest(2, APO_LINK_SOFTMAX);
  const explain_case c = case_of(model);
  for (size_t i = 0; i < 2; ++i) {
    apo_request request = {.method = methods[i], .memory_bytes = 1};
    unsigned long long needed = 0;
    apo_error err;
    for (int round = 0; round < 8; ++round) {  // what one row needs may depend on the budget
      explained e = {0};
      const apo_status status = explain_all(&c, devices, &request, &e, &err);
      const uint64_t used = e.report.device_bytes + e.report.host_bytes;
      explained_free(&e);
      if (status == APO_OK) assert_in_range(used, 1, request.memory_bytes);
      if (status == APO_OK) break;
      assert_fails(status, APO_ERR_LIMIT, &err, "memory: one row needs ");
      assert_int_equal(sscanf(err.message, "memory: one row needs %llu bytes", &needed), 1);
      assert_true(needed > request.memory_bytes);
      assert_true(round < 7);
      request.memory_bytes = needed;
    }
  }
  apo_model_destroy(&model);
  apo_devices_destroy(&devices);
}

static void backgrounds_that_do_not_fit_are_refused(void **state) {
  (void)state;
  apo_model *model = small_forest(1, APO_LINK_IDENTITY);
  const double *values = plain_rows();
  const double negative[2] = {1.0, -1.0};
  const double zeros[2] = {0.0, 0.0};
  const double nan[2] = {1.0, (double)NAN};
  const struct {
    uint64_t n_rows;
    uint32_t n_cols;
    const double *weights;
    apo_status status;
  } refusals[] = {
      {2, N_COLUMNS + 1, NULL, APO_ERR_ARGUMENT}, {0, N_COLUMNS, NULL, APO_ERR_FORMAT},
      {2, N_COLUMNS, negative, APO_ERR_FORMAT},   {2, N_COLUMNS, zeros, APO_ERR_FORMAT},
      {2, N_COLUMNS, nan, APO_ERR_FORMAT},
  };
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; ++i) {
    const apo_rows rows = {values, refusals[i].n_rows, refusals[i].n_cols,
                           1,      refusals[i].n_cols, APO_F64};
    apo_background *background = NULL;
    apo_error err;
    assert_fails(apo_background_create(model, &rows, refusals[i].weights, &background, &err),
                 refusals[i].status, &err, "");
    assert_null(background);
  }
  apo_model_destroy(&model);
}

static void a_background_of_another_model_is_refused(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 1, .n_columns = 2, .n_outputs = 1};
  apo_devices *devices = explain_open("none");
  apo_model *model = small_forest(1, APO_LINK_IDENTITY);
  apo_model *other = apo_random_model(&spec);
  const apo_rows rows = {plain_rows(), 2, 2, 1, 2, APO_F64};
  const apo_request request = {.struct_bytes = sizeof request};
  apo_background *background = NULL;
  apo_plan *plan = NULL;
  apo_error err;
  assert_ok(apo_background_create(other, &rows, NULL, &background, &err), &err);
  assert_fails(apo_plan_create(model, background, &request, devices, &plan, &err), APO_ERR_ARGUMENT,
               &err, "background: 2 columns, the model has 5");
  assert_null(plan);
  assert_fails(apo_plan_create(model, NULL, &request, devices, &plan, &err), APO_ERR_ARGUMENT, &err,
               "background: none");
  apo_background_destroy(&background);
  apo_model_destroy(&model);
  apo_model_destroy(&other);
  apo_devices_destroy(&devices);
}

// Column 0 is the output, so means leave (0, 1) where a test says.
static apo_status first_column(void *context, const apo_rows *rows, double *out, apo_error *err) {
  (void)context;
  (void)err;
  const double *x = rows->values;
  for (uint64_t row = 0; row < rows->n_rows; ++row) {
    const double *at = x + row * rows->row_stride;
    out[row] = at[0] + (at[1] > 0.5 && at[2] < 0.5 ? -1.0 : 0.0);
  }
  return APO_OK;
}

static void a_mean_outside_the_logit_is_named_by_row_and_coalition(void **state) {
  (void)state;
  const apo_predictor predictor = {
      .struct_bytes = sizeof predictor, .n_columns = 3, .n_outputs = 1, .predict = first_column};
  apo_devices *devices = explain_open("none");
  apo_model *model = NULL;
  apo_error err;
  assert_ok(apo_model_wrap(&predictor, &model, &err), &err);
  const double background[] = {0.5, 0.0, 0.0};
  const double rows[] = {0.25, 0.25, 0.25, 0.25, 1.0, 1.0, 1.5, 0.0, 0.0};
  explain_case c = {
      .model = model, .rows = rows, .n_rows = 2, .background = background, .n_background = 1};
  const apo_request request = {.link = APO_VALUE_LOGIT, .row_origin = 100};
  // Row 101 is well by itself; with only its column 1 it is not.
  assert_refused(&c, devices, &request, APO_ERR_FORMAT, "row 101: output 0: coalition ");
  c.rows = rows + 6;
  c.n_rows = 1;
  assert_refused(&c, devices, &request, APO_ERR_FORMAT, "row 100: output 0: 1.5");
  apo_model_destroy(&model);
  apo_devices_destroy(&devices);
}

static void rows_of_another_width_are_refused(void **state) {
  (void)state;
  apo_devices *devices = explain_open("none");
  apo_model *model = small_forest(1, APO_LINK_IDENTITY);
  const explain_case c = case_of(model);
  const apo_rows b = {c.background, N_BACKGROUND, N_COLUMNS, 1, N_COLUMNS, APO_F64};
  const apo_request request = {.struct_bytes = sizeof request};
  apo_background *background = NULL;
  apo_plan *plan = NULL;
  apo_error err;
  assert_ok(apo_background_create(model, &b, NULL, &background, &err), &err);
  assert_ok(apo_plan_create(model, background, &request, devices, &plan, &err), &err);
  explain_rows rows = {.values = c.rows, .n_rows = 4, .n_columns = N_COLUMNS - 1};
  explained e = {0};
  assert_fails(explain_run(plan, &c, &rows, 0, NULL, &e, &err), APO_ERR_ARGUMENT, &err, "4");
  assert_int_equal(e.n_rows, 0);
  explained_free(&e);
  apo_plan_destroy(&plan);
  apo_background_destroy(&background);
  apo_model_destroy(&model);
  apo_devices_destroy(&devices);
}

/* --- endings ---------------------------------------------------------------------------------- */

typedef struct stop {
  uint64_t after;
  uint64_t n_rows;
} stop;

static int stop_after(void *context, uint64_t n_rows_done) {
  stop *s = context;
  s->n_rows = n_rows_done;
  return n_rows_done >= s->after;
}

typedef struct ending {
  apo_status source_status; /* fails after `at` rows */
  apo_status sink_status;   /* fails at tile `at` */
  bool is_cancelled;        /* after `at` rows */
  uint32_t at;
} ending;

static apo_status run_to(const explain_case *c,
                         apo_devices *devices,
                         apo_request request,
                         const ending *how,
                         explained *e,
                         apo_error *err) {
  const apo_rows b = {c->background, c->n_background, N_COLUMNS, 1, N_COLUMNS, APO_F64};
  explain_rows rows = {.values = c->rows,
                       .n_rows = c->n_rows,
                       .n_columns = N_COLUMNS,
                       .block = 2,
                       .fail_at = how->at,
                       .fail_status = how->source_status};
  stop s = {.after = how->at};
  const apo_watch watch = {&s, stop_after};
  apo_background *background = NULL;
  apo_plan *plan = NULL;
  request.struct_bytes = sizeof request;
  assert_ok(apo_background_create(c->model, &b, NULL, &background, err), err);
  assert_ok(apo_plan_create(c->model, background, &request, devices, &plan, err), err);
  *e = (explained){.fail_tile = how->at, .fail_status = how->sink_status};
  const apo_status status =
      explain_run(plan, c, &rows, request.row_origin, how->is_cancelled ? &watch : NULL, e, err);
  assert_int_equal(e->report.n_rows, e->n_rows);
  apo_plan_destroy(&plan);
  apo_background_destroy(&background);
  return status;
}

static const apo_request every_method[] = {{.method = APO_METHOD_KERNEL},
                                           {.method = APO_METHOD_PERMUTATION, .n_samples = 50}};
static const char *const lists[] = {"none", "0:0", "0:0,0:1"};

// With tiles in flight on several queues, whose memory goes when the run ends.
static void check_ending(const ending *how, apo_status expected, const char *words) {
  apo_model *model = small_forest(1, APO_LINK_IDENTITY);
  const explain_case c = case_of(model);
  for (size_t l = 0; l < sizeof lists / sizeof *lists; ++l) {
    apo_devices *devices = explain_try_open(lists[l]);
    for (size_t m = 0; m < 2 && devices != NULL; ++m) {
      explained e;
      apo_error err;
      const apo_status status = run_to(&c, devices, every_method[m], how, &e, &err);
      assert_fails(status, expected, &err, words);
      assert_true(e.n_rows < N_ROWS);
      // The devices are as good as before.
      explained_free(&e);
      e = explain(&c, devices, &every_method[m]);
      explained_free(&e);
    }
    apo_devices_destroy(&devices);
  }
  apo_model_destroy(&model);
}

static void a_source_that_fails_ends_the_run(void **state) {
  (void)state;
  for (uint32_t at = 0; at <= 12; at += 4) {
    const ending how = {.source_status = APO_ERR_IO, .at = at};
    check_ending(&how, APO_ERR_IO, "the source is tired");
  }
}

static void a_sink_that_fails_ends_the_run(void **state) {
  (void)state;
  for (uint32_t at = 0; at < 4; ++at) {
    const ending how = {.sink_status = APO_ERR_IO, .at = at};
    check_ending(&how, APO_ERR_IO, "the sink is full");
  }
  const ending device = {.sink_status = APO_ERR_DEVICE, .at = 1};  // the sink's, not ours
  check_ending(&device, APO_ERR_DEVICE, "the sink is full");
}

static void a_watch_can_stop_a_run(void **state) {
  (void)state;
  for (uint32_t at = 1; at < 8; at += 3) {
    const ending how = {.is_cancelled = true, .at = at};
    check_ending(&how, APO_ERR_CANCELLED, "stopped after row ");
  }
}

static void no_rows_are_no_tiles(void **state) {
  (void)state;
  apo_devices *devices = explain_open("none");
  apo_model *model = small_forest(1, APO_LINK_IDENTITY);
  explain_case c = case_of(model);
  c.n_rows = 0;
  for (size_t m = 0; m < 2; ++m) {
    explained e = explain(&c, devices, &every_method[m]);
    assert_int_equal(e.n_tiles, 0);
    explained_free(&e);
  }
  apo_model_destroy(&model);
  apo_devices_destroy(&devices);
}

/* --- callbacks -------------------------------------------------------------------------------- */

typedef struct function {
  const apo_model *inner;
  uint64_t most_rows;
  uint64_t n_rows; /* so far */
  uint64_t fail_after;
  apo_status fail_status;
  bool is_silent;
  bool gives_nan;
} function;

static apo_status evaluate(void *context, const apo_rows *rows, double *out, apo_error *err) {
  function *f = context;
  if (rows->n_rows > f->most_rows) f->most_rows = rows->n_rows;
  f->n_rows += rows->n_rows;
  const bool is_late = f->n_rows > f->fail_after && f->fail_after > 0;
  if (is_late && f->fail_status != APO_OK) {
    if (!f->is_silent) strcpy(err->message, "the model server hung up");
    return f->fail_status;
  }
  for (uint64_t row = 0; row < rows->n_rows; ++row) {
    const apo_status status =
        apo_model_margin(f->inner, (const double *)rows->values + row * rows->row_stride,
                         out + row * f->inner->n_outputs, err);
    if (status != APO_OK) return status;
  }
  if (is_late && f->gives_nan) out[0] = (double)NAN;
  return APO_OK;
}

static apo_model *wrap(function *f, uint64_t batch_rows) {
  const apo_predictor predictor = {.struct_bytes = sizeof predictor,
                                   .context = f,
                                   .n_columns = N_COLUMNS,
                                   .n_outputs = f->inner->n_outputs,
                                   .batch_rows = batch_rows,
                                   .predict = evaluate};
  apo_model *model = NULL;
  apo_error err;
  assert_ok(apo_model_wrap(&predictor, &model, &err), &err);
  return model;
}

static void a_callback_is_explained_like_the_forest_inside(void **state) {
  (void)state;
  apo_model *forest = small_forest(2, APO_LINK_IDENTITY);
  function f = {.inner = forest};
  for (uint64_t batch = 0; batch <= 13; batch += 13) {
    apo_model *callback = wrap(&f, batch);
    const explain_case of_forest = case_of(forest);
    const explain_case of_callback = case_of(callback);
    for (size_t l = 0; l < sizeof lists / sizeof *lists; ++l) {
      apo_devices *devices = explain_try_open(lists[l]);
      for (size_t m = 0; m < 2 && devices != NULL; ++m) {
        f.most_rows = 0;
        explained a = explain(&of_forest, devices, &every_method[m]);
        explained b = explain(&of_callback, devices, &every_method[m]);
        for (size_t i = 0; i < (size_t)N_ROWS * 2 * N_COLUMNS; ++i) {
          assert_near((double)b.phi[i], (double)a.phi[i], 2e-6, "phi");
        }
        if (batch > 0) assert_int_equal(f.most_rows, batch);
        explained_free(&a);
        explained_free(&b);
      }
      apo_devices_destroy(&devices);
    }
    apo_model_destroy(&callback);
  }
  apo_model_destroy(&forest);
}

static void a_callback_that_fails_ends_the_run_with_its_words(void **state) {
  (void)state;
  static const apo_status statuses[] = {APO_ERR_IO, APO_ERR_DEVICE, APO_ERR_DEVICE_MEMORY};
  apo_devices *devices = explain_open("none");
  apo_model *forest = small_forest(1, APO_LINK_IDENTITY);
  for (size_t s = 0; s < 3; ++s) {
    for (uint64_t after = 1; after < 3000; after = after * 3 + 1) {
      function f = {.inner = forest, .fail_after = after, .fail_status = statuses[s]};
      apo_model *model = wrap(&f, 50);
      const explain_case c = case_of(model);
      assert_refused(&c, devices, &every_method[s % 2], statuses[s], "the model server hung up");
      assert_true(f.n_rows <= after + 50);  // and it is not asked again
      f = (function){
          .inner = forest, .fail_after = after, .fail_status = statuses[s], .is_silent = true};
      assert_refused(&c, devices, &every_method[s % 2], statuses[s], "callback: ");
      apo_model_destroy(&model);
    }
  }
  apo_model_destroy(&forest);
  apo_devices_destroy(&devices);
}

static void a_callback_that_gives_nan_is_named(void **state) {
  (void)state;
  apo_devices *devices = explain_open("none");
  apo_model *forest = small_forest(1, APO_LINK_IDENTITY);
  for (uint64_t after = 1; after < 3000; after = after * 3 + 1) {
    function f = {.inner = forest, .fail_after = after, .gives_nan = true};
    apo_model *model = wrap(&f, 50);
    const explain_case c = case_of(model);
    assert_refused(&c, devices, &every_method[after % 2], APO_ERR_FORMAT, "needed a finite number");
    apo_model_destroy(&model);
  }
  apo_model_destroy(&forest);
  apo_devices_destroy(&devices);
}

/* --- importance ------------------------------------------------------------------------------- */

static void importance_refuses_by_name(void **state) {
  (void)state;
  static const apo_metric auc[] = {APO_METRIC_AUC};
  static const apo_metric rmse[] = {APO_METRIC_RMSE};
  static const apo_metric unknown[] = {(apo_metric)17};
  static double target[N_ROWS];
  static const double zeros[N_ROWS] = {0.0};
  for (int row = 0; row < N_ROWS; ++row) target[row] = row % 2;
  apo_devices *devices = explain_open("none");
  apo_model *model = small_forest(1, APO_LINK_STEP);
  apo_model *three = small_forest(3, APO_LINK_SOFTMAX);
  const apo_importance_request good = {.struct_bytes = sizeof good,
                                       .metrics = auc,
                                       .n_metrics = 1,
                                       .n_repeats = 1,
                                       .target = target,
                                       .n_rows = N_ROWS};
  apo_importance_request bad[10];
  for (size_t i = 0; i < 10; ++i) bad[i] = good;
  bad[1].n_metrics = 0;
  bad[2].n_repeats = 0;
  bad[3].metrics = unknown;
  bad[4].target = zeros;
  bad[5].weights = zeros;
  bad[6].n_rows = N_ROWS - 1;
  bad[7].metrics = rmse;
  bad[8].n_rows = 0;
  bad[9].struct_bytes = 1;
  static const struct {
    apo_status status;
    const char *words;
  } refusals[10] = {{APO_OK, ""},
                    {APO_ERR_ARGUMENT, "a metric and targets"},
                    {APO_ERR_ARGUMENT, "repeats: 0"},
                    {APO_ERR_ARGUMENT, "metric 17 is not known"},
                    {APO_ERR_FORMAT, "auc: "},
                    {APO_ERR_FORMAT, "weights: sum 0"},
                    {APO_ERR_FORMAT, "the targets are: 29"},
                    {APO_ERR_UNSUPPORTED, "the link step has no response"},
                    {APO_ERR_FORMAT, "rows: none"},
                    {APO_ERR_ARGUMENT, "request: 1 bytes"}};
  for (size_t i = 0; i < 11; ++i) {
    explain_rows from = {.values = plain_rows(), .n_rows = N_ROWS, .n_columns = N_COLUMNS};
    const apo_source source = {&from, explain_next};
    apo_importance *importance = NULL;
    apo_error err;
    const apo_status status =
        apo_importance_compute(i == 10 ? three : model, devices, i == 10 ? &good : &bad[i], &source,
                               NULL, &importance, NULL, &err);
    if (i == 0) {
      assert_ok(status, &err);
      apo_importance_destroy(&importance);
    } else if (i == 10) {
      assert_fails(status, APO_ERR_UNSUPPORTED, &err, "auc: ");
    } else {
      assert_fails(status, refusals[i].status, &err, refusals[i].words);
    }
    assert_null(importance);
  }
  apo_model_destroy(&model);
  apo_model_destroy(&three);
  apo_devices_destroy(&devices);
}

int main(void) {
  setenv("POCL_DEVICES", "pthread pthread", 0);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(requests_that_contradict_the_model_are_refused),
      cmocka_unit_test(the_bytes_a_refusal_names_are_enough),
      cmocka_unit_test(backgrounds_that_do_not_fit_are_refused),
      cmocka_unit_test(a_background_of_another_model_is_refused),
      cmocka_unit_test(a_mean_outside_the_logit_is_named_by_row_and_coalition),
      cmocka_unit_test(rows_of_another_width_are_refused),
      cmocka_unit_test(a_source_that_fails_ends_the_run),
      cmocka_unit_test(a_sink_that_fails_ends_the_run),
      cmocka_unit_test(a_watch_can_stop_a_run),
      cmocka_unit_test(no_rows_are_no_tiles),
      cmocka_unit_test(a_callback_is_explained_like_the_forest_inside),
      cmocka_unit_test(a_callback_that_fails_ends_the_run_with_its_words),
      cmocka_unit_test(a_callback_that_gives_nan_is_named),
      cmocka_unit_test(importance_refuses_by_name),
  };
  return cmocka_run_group_tests_name("contract.run", tests, NULL, NULL);
}
