/* fault_device_run.c - a run, a prediction and an importance whose n-th OpenCL call fails: the
 * result is still right and complete, or the failure is reported; nothing is left either way.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>

#include "tests/kernel/failing_driver.h"
#include "tests/support/explain.h"
#include "tests/support/random_forest.h"
#include "tests/support/scratch.h"

enum { N_ROWS = 12, N_BACKGROUND = 3, N_COLUMNS = 5, MAX_CALLS = 3000 };

static scratch place; /* of the kernel cache, for the whole program */

typedef struct answer {
  float phi[N_ROWS * N_COLUMNS];
  double prediction[N_ROWS];
  double score[N_COLUMNS];
  uint32_t n_faults;
} answer;

typedef struct work {
  explain_case c;
  apo_request request;
  const char *list;
  apo_status (*run)(struct work *w, apo_devices *devices, answer *out, apo_error *err);
} work;

static apo_status run_plan(work *w, apo_devices *devices, answer *out, apo_error *err) {
  explained e = {0};
  const apo_status status = explain_all(&w->c, devices, &w->request, &e, err);
  if (status == APO_OK) {
    assert_int_equal(e.n_rows, N_ROWS);
    memcpy(out->phi, e.phi, sizeof out->phi);
    memcpy(out->prediction, e.prediction, sizeof out->prediction);
    out->n_faults = e.report.n_faults;
  }
  explained_free(&e);
  return status;
}

static apo_status take(
    void *context, uint64_t row_begin, uint64_t n_rows, const double *predictions, apo_error *err) {
  (void)err;
  assert_true(row_begin + n_rows <= N_ROWS);
  memcpy(((answer *)context)->prediction + row_begin, predictions, n_rows * sizeof(double));
  return APO_OK;
}

static apo_status run_prediction(work *w, apo_devices *devices, answer *out, apo_error *err) {
  explain_rows from = {.values = w->c.rows, .n_rows = N_ROWS, .n_columns = N_COLUMNS, .block = 3};
  const apo_source source = {&from, explain_next};
  const apo_prediction_sink sink = {out, take};
  apo_report report;
  const apo_status status =
      apo_predict(w->c.model, devices, APO_OUTPUT_RAW, 1 << 20, &source, &sink, NULL, &report, err);
  out->n_faults = report.n_faults;
  return status;
}

static apo_status run_importance(work *w, apo_devices *devices, answer *out, apo_error *err) {
  static const apo_metric metrics[] = {APO_METRIC_MAE};
  static const double target[N_ROWS] = {0.5, 1.0, -1.0, 0.25};
  const apo_importance_request request = {.struct_bytes = sizeof request,
                                          .metrics = metrics,
                                          .n_metrics = 1,
                                          .n_repeats = 1,
                                          .memory_bytes = 1 << 20,
                                          .target = target,
                                          .n_rows = N_ROWS};
  explain_rows from = {.values = w->c.rows, .n_rows = N_ROWS, .n_columns = N_COLUMNS, .block = 5};
  const apo_source source = {&from, explain_next};
  apo_importance *importance = NULL;
  apo_report report;
  const apo_status status = apo_importance_compute(w->c.model, devices, &request, &source, NULL,
                                                   &importance, &report, err);
  for (uint32_t p = 0; p < N_COLUMNS && status == APO_OK; ++p) {
    out->score[p] = apo_importance_scores(importance, 0, p)[0];
  }
  out->n_faults = report.n_faults;
  apo_importance_destroy(&importance);
  return status;
}

// Programs are compiled once, by the first run, and then come from the cache.
static apo_devices *open_quickly(const char *list) {
  const apo_device_options options = {
      .struct_bytes = sizeof options, .list = list, .cache_dir = place.folder, .skip_self_test = 1};
  apo_devices *devices = NULL;
  apo_error err;
  if (apo_devices_open(&options, &devices, &err) != APO_OK) print_message("%s\n", err.message);
  return devices;
}

static void assert_same(const answer *a, const answer *b) {
  assert_memory_equal(a->phi, b->phi, sizeof a->phi);
  assert_memory_equal(a->prediction, b->prediction, sizeof a->prediction);
  assert_memory_equal(a->score, b->score, sizeof a->score);
}

static bool is_devices(apo_status status) {
  return status == APO_ERR_DEVICE || status == APO_ERR_DEVICE_MEMORY || status == APO_ERR_BUILD;
}

// Let 0, step, 2 step, ... calls succeed until all do.  Returns how many runs ended well all the
// same.
static uint32_t fail_calls(work *w, cl_int code, bool goes_on, long step, bool has_fallback) {
  uint32_t n_survived = 0;
  answer expected = {.n_faults = 0};
  apo_error err = {.status = APO_OK};
  apo_devices *reference = explain_open("none");
  assert_ok(w->run(w, reference, &expected, &err), &err);
  apo_devices_destroy(&reference);
  for (long n_granted = 0; n_granted < MAX_CALLS; n_granted += step) {
    answer actual = {.n_faults = 0};
    driver.n_granted = -1;
    driver.failed = false;
    driver.n_live = 0;
    apo_devices *devices = open_quickly(w->list);
    assert_non_null(devices);
    driver.goes_on = goes_on;
    driver.code = code;
    driver.n_granted = n_granted;

    const apo_status status = w->run(w, devices, &actual, &err);

    const bool failed = driver.failed;
    driver.failed = false;
    driver.n_granted = -1;
    apo_devices_destroy(&devices);
    assert_int_equal(driver.n_live, 0);
    if (status == APO_OK) {
      assert_same(&actual, &expected);
    } else {
      assert_true(failed);
      if (!is_devices(status)) print_error("%s\n", err.message);
      assert_true(is_devices(status));
      assert_int_equal(err.status, status);
      assert_true(err.message[0] != '\0');
      if (has_fallback) print_error("call %ld: %s\n", n_granted, err.message);
      assert_false(has_fallback);
    }
    if (!failed) {
      assert_in_range(n_granted, 10, MAX_CALLS);
      return n_survived;
    }
    n_survived += status == APO_OK;
  }
  fail_msg("more than %d calls", MAX_CALLS);
  return 0;
}

// Steps are primes, so that the loops meet different calls.
static void check_work(work *w) {
  w->list = "auto";  // the reference may go on
  fail_calls(w, CL_OUT_OF_RESOURCES, false, 7, true);
  fail_calls(w, CL_DEVICE_NOT_AVAILABLE, true, 23, true);
  fail_calls(w, CL_MEM_OBJECT_ALLOCATION_FAILURE, true, 29, true);
  w->list = "0:0";
  // A device that failed once works on when it is renewed.
  assert_true(fail_calls(w, CL_OUT_OF_RESOURCES, false, 13, false) > 0);
  assert_true(fail_calls(w, CL_MEM_OBJECT_ALLOCATION_FAILURE, false, 11, false) > 0);
  fail_calls(w, CL_OUT_OF_RESOURCES, true, 31, false);
  fail_calls(w, -9999, false, 37, false);
}

static void on_device(apo_status (*run)(work *, apo_devices *, answer *, apo_error *),
                      const apo_request *request) {
  driver.n_granted = -1;
  apo_devices *devices = open_quickly("0:0");
  if (devices == NULL) skip();
  apo_devices_destroy(&devices);
  const apo_random_spec spec = {.seed = 6,
                                .n_columns = N_COLUMNS,
                                .n_outputs = 1,
                                .n_trees = 5,
                                .max_depth = 3,
                                .cast_f32 = true};
  apo_model *model = apo_random_model(&spec);
  apo_random random = apo_random_start(7);
  double *rows = apo_random_rows(&random, model->forest, N_ROWS + N_BACKGROUND);
  work w = {.c = {.model = model,
                  .rows = rows,
                  .n_rows = N_ROWS,
                  .background = rows + N_ROWS * N_COLUMNS,
                  .n_background = N_BACKGROUND,
                  .block = 3},
            .run = run};
  if (request != NULL) w.request = *request;
  check_work(&w);
  free(rows);
  apo_model_destroy(&model);
}

static void explaining_by_kernel(void **state) {
  (void)state;
  const apo_request request = {.method = APO_METHOD_KERNEL};
  on_device(run_plan, &request);
}

static void explaining_by_permutation(void **state) {
  (void)state;
  const apo_request request = {.method = APO_METHOD_PERMUTATION, .n_samples = 40};
  on_device(run_plan, &request);
}

static void predicting(void **state) {
  (void)state;
  on_device(run_prediction, NULL);
}

static void importance(void **state) {
  (void)state;
  on_device(run_importance, NULL);
}

static int make_place(void **state) {
  (void)state;
  place = scratch_open();
  return 0;
}

static int remove_place(void **state) {
  (void)state;
  scratch_close(&place);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(explaining_by_kernel),
      cmocka_unit_test(explaining_by_permutation),
      cmocka_unit_test(predicting),
      cmocka_unit_test(importance),
  };
  return cmocka_run_group_tests_name("fault.device_run", tests, make_place, remove_place);
}
