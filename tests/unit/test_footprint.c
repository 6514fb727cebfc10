/* What a plan says about memory is what its run takes. */
#include "engine/plan/plan.h"
#include "tests/support/explain.h"
#include "tests/support/random_forest.h"

typedef struct shape {
  apo_model_kind kind;
  uint32_t n_columns;
  uint32_t n_outputs;
  uint64_t n_rows;
  uint64_t n_background;
  uint64_t n_samples;
} shape;

static apo_status sum(void *context, const apo_rows *rows, double *out, apo_error *err) {
  (void)err;
  const uint32_t n_outputs = *(const uint32_t *)context;
  for (uint64_t row = 0; row < rows->n_rows; ++row) {
    const double *x = (const double *)rows->values + row * rows->row_stride;
    for (uint32_t k = 0; k < n_outputs; ++k) out[row * n_outputs + k] = x[k] * x[k + 1];
  }
  return APO_OK;
}

static apo_model *make_model(const shape *s) {
  apo_model *model = NULL;
  apo_error err;
  if (s->kind == APO_MODEL_FOREST) {
    const apo_random_spec spec = {.seed = 4,
                                  .n_columns = s->n_columns,
                                  .n_outputs = s->n_outputs,
                                  .n_trees = 5,
                                  .max_depth = 4,
                                  .cast_f32 = true};
    return apo_random_model(&spec);
  }
  if (s->kind == APO_MODEL_CALLBACK) {
    const apo_predictor predictor = {.struct_bytes = sizeof predictor,
                                     .context = (void *)(uintptr_t)&s->n_outputs,
                                     .n_columns = s->n_columns,
                                     .n_outputs = s->n_outputs,
                                     .predict = sum};
    assert_ok(apo_model_wrap(&predictor, &model, &err), &err);
    return model;
  }
  assert_ok(apo_model_new(&model, &err), &err);
  model->kind = APO_MODEL_LINEAR;
  model->format = "random";
  model->n_columns = s->n_columns;
  model->n_outputs = s->n_outputs;
  model->linear = calloc(1, sizeof *model->linear);
  model->linear->coefficients = calloc((size_t)s->n_columns * s->n_outputs, sizeof(double));
  model->base = calloc(s->n_outputs, sizeof *model->base);
  model->linear->coefficients[1] = 2.0;
  assert_ok(apo_model_seal(model, &err), &err);
  return model;
}

static void check_run(
    const shape *s, const explain_case *c, const char *list, apo_request request, uint64_t memory) {
  apo_devices *devices = explain_try_open(list);
  if (devices == NULL) return;
  const apo_rows b = {c->background, c->n_background, s->n_columns, 1, s->n_columns, APO_F64};
  apo_background *background = NULL;
  apo_plan *plan = NULL;
  apo_error err;
  request.struct_bytes = sizeof request;
  request.memory_bytes = memory;
  request.n_samples = s->n_samples;
  assert_ok(apo_background_create(c->model, &b, NULL, &background, &err), &err);
  const apo_status status = apo_plan_create(c->model, background, &request, devices, &plan, &err);
  if (status == APO_ERR_LIMIT) {
    assert_true(strstr(err.message, "memory: one row needs ") != NULL);
  } else {
    assert_ok(status, &err);
    explain_rows rows = {.values = c->rows, .n_rows = c->n_rows, .n_columns = s->n_columns};
    explained e = {0};
    assert_ok(explain_run(plan, c, &rows, 0, NULL, &e, &err), &err);
    assert_in_range(e.report.device_bytes, 0, plan->tiling.device_bytes);
    assert_in_range(e.report.host_bytes, 1, plan->tiling.host_bytes);
    assert_in_range(plan->tiling.device_bytes + plan->tiling.host_bytes, 1, memory);
    // What is planned on devices is taken there.
    assert_true(plan->method == APO_METHOD_LINEAR ||
                e.report.device_bytes >= plan->tiling.device_bytes / 8 ||
                plan->method == APO_METHOD_PERMUTATION);
    explained_free(&e);
  }
  apo_plan_destroy(&plan);
  apo_background_destroy(&background);
  apo_devices_destroy(&devices);
}

static void check_shape(const shape *s) {
  static const char *const lists[] = {"none", "0:0"};
  const apo_request requests[] = {{.method = APO_METHOD_KERNEL},
                                  {.method = APO_METHOD_KERNEL, .coalitions_per_row = 1},
                                  {.method = APO_METHOD_PERMUTATION},
                                  {.method = APO_METHOD_AUTO}};
  apo_model *model = make_model(s);
  apo_random random = apo_random_start(3);
  const size_t n = (size_t)(s->n_rows + s->n_background) * s->n_columns;
  double *rows = calloc(n, sizeof *rows);
  assert_non_null(rows);
  for (size_t i = 0; i < n; ++i) {
    // Many constants, so that rows vary in players of their own.
    rows[i] = apo_random_below(&random, 4) == 0 ? apo_random_number(&random) : 0.0;
  }
  const explain_case c = {.model = model,
                          .rows = rows,
                          .n_rows = s->n_rows,
                          .background = rows + s->n_rows * s->n_columns,
                          .n_background = s->n_background};
  for (size_t l = 0; l < 2; ++l) {
    for (size_t q = 0; q < 4; ++q) {
      for (uint64_t memory = UINT64_C(64) << 20; memory <= UINT64_C(1) << 30; memory *= 16) {
        check_run(s, &c, lists[l], requests[q], memory);
      }
    }
  }
  free(rows);
  apo_model_destroy(&model);
}

static void of_forests(void **state) {
  (void)state;
  const shape usual = {APO_MODEL_FOREST, 12, 1, 90, 3, 0};
  const shape outputs = {APO_MODEL_FOREST, 9, 7, 10, 3, 0};
  const shape one = {APO_MODEL_FOREST, 1, 1, 70, 1, 0};
  check_shape(&usual);
  check_shape(&outputs);
  check_shape(&one);
}

static void of_linear_models(void **state) {
  (void)state;
  const shape usual = {APO_MODEL_LINEAR, 12, 3, 50, 4, 0};
  const shape wide = {APO_MODEL_LINEAR, 700, 1, 2, 1, 1500};
  check_shape(&usual);
  check_shape(&wide);
}

static void of_callbacks(void **state) {
  (void)state;
  const shape usual = {APO_MODEL_CALLBACK, 6, 2, 10, 4, 0};
  const shape wide = {APO_MODEL_CALLBACK, 150, 1, 2, 1, 350};
  check_shape(&usual);
  check_shape(&wide);
}

static void of_wide_forests(void **state) {
  (void)state;
  const shape wide = {APO_MODEL_FOREST, 700, 1, 2, 1, 1500};
  check_shape(&wide);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(of_forests),
      cmocka_unit_test(of_linear_models),
      cmocka_unit_test(of_callbacks),
      cmocka_unit_test(of_wide_forests),
  };
  return cmocka_run_group_tests_name("unit.footprint", tests, NULL, NULL);
}
