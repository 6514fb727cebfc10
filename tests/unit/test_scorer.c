/* test_scorer.c - predictions of linear models whose terms leave the range of floats. */
#include <math.h>

#include "tests/support/explain.h"

enum { N_ROWS = 5 };

static const char text[] =
    "{\"format\":\"apportion-model\",\"version\":1,\"kind\":\"linear\",\"columns\":{\"count\":2},"
    "\"outputs\":{\"count\":2,\"base\":[0.5,0]},"
    "\"linear\":{\"coefficients\":[[3,-3],[1e300,0]]}}";

/* The second is an ordinary row: its block is the huge ones'. */
static const double values[N_ROWS * 2] = {1e38, 2e38, 1, 2, 2e38, 1e38, 1e300, 1, -1e200, -1e200};

static apo_status take(
    void *context, uint64_t row_begin, uint64_t n_rows, const double *predictions, apo_error *err) {
  (void)err;
  memcpy((double *)context + row_begin * 2, predictions, n_rows * 2 * sizeof *predictions);
  return APO_OK;
}

static void check(const char *list, uint64_t block) {
  apo_error err;
  apo_model *model = NULL;
  double found[N_ROWS * 2];
  apo_devices *devices = explain_try_open(list);
  if (devices == NULL) return;
  explain_rows rows = {.values = values, .n_rows = N_ROWS, .n_columns = 2, .block = block};
  const apo_source source = {&rows, explain_next};
  const apo_prediction_sink sink = {found, take};
  assert_ok(apo_model_read(text, sizeof text - 1, &model, &err), &err);
  assert_ok(apo_predict(model, devices, APO_OUTPUT_RAW, 0, &source, &sink, NULL, NULL, &err), &err);
  for (int row = 0; row < N_ROWS; ++row) {
    double wanted[2];
    assert_ok(apo_model_margin(model, values + 2 * row, wanted, &err), &err);
    for (int k = 0; k < 2; ++k) {
      const double off = fabs(found[2 * row + k] - wanted[k]);
      assert_true(found[2 * row + k] == wanted[k] || off <= 1e-12 * fabs(wanted[k]));
    }
  }
  apo_model_destroy(&model);
  apo_devices_destroy(&devices);
}

static void rows_beyond_floats_are_predicted_in_doubles(void **state) {
  (void)state;
  check("none", 0);
  check("none", 1);
  check("cpu", 0);
  check("cpu", 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_beyond_floats_are_predicted_in_doubles),
  };
  return cmocka_run_group_tests_name("scorer", tests, NULL, NULL);
}
