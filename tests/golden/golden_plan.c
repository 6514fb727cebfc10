/* Plans for recorded devices that are not there, as text.  A plan that changes on purpose is
 * recorded anew by scripts/update_golden.sh. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/plan/plan.h"
#include "tests/support/explain.h"
#include "tests/support/random_forest.h"

enum { TEXT_BYTES = 16384, LAUNCH_MS = 100 };

// As these devices described themselves.
static const apo_caps cpu = {.name = "recorded CPU",
                             .platform = "recorded",
                             .is_cpu = true,
                             .compute_units = 16,
                             .global_bytes = UINT64_C(64) << 30,
                             .max_alloc_bytes = UINT64_C(16) << 30,
                             .local_bytes = 512 << 10,
                             .cache_bytes = 1 << 20,
                             .max_group = 4096};
static const apo_caps gpu = {.name = "recorded GPU",
                             .platform = "recorded",
                             .compute_units = 132,
                             .global_bytes = UINT64_C(80) << 30,
                             .max_alloc_bytes = UINT64_C(20) << 30,
                             .local_bytes = 48 << 10,
                             .max_group = 1024};
static const apo_caps small_gpu = {.name = "recorded small GPU",
                                   .platform = "recorded",
                                   .compute_units = 24,
                                   .global_bytes = UINT64_C(1) << 30,
                                   .max_alloc_bytes = UINT64_C(256) << 20,
                                   .local_bytes = 64 << 10,
                                   .max_group = 256};

static double *rows_of(const apo_model *model, size_t n) {
  double *rows = calloc(n * model->n_columns, sizeof *rows);
  apo_random random = apo_random_start(1);
  assert_non_null(rows);
  for (size_t i = 0; i < n * model->n_columns; ++i) rows[i] = apo_random_number(&random);
  return rows;
}

static void check(const char *name,
                  const apo_model *model,
                  uint64_t n_background,
                  const apo_request *request,
                  const apo_caps *const *caps,
                  uint32_t n_devices) {
  static char expected[TEXT_BYTES];
  char path[128];
  snprintf(path, sizeof path, "tests/golden/%s.txt", name);
  double *rows = rows_of(model, n_background);
  const apo_rows view = {rows, n_background, model->n_columns, 1, model->n_columns, APO_F64};
  apo_background *background = NULL;
  apo_plan *plan = NULL;
  apo_error err;
  assert_ok(apo_background_create(model, &view, NULL, &background, &err), &err);
  assert_ok(
      apo_plan_decide(model, background, request, caps, n_devices, LAUNCH_MS, NULL, &plan, &err),
      &err);
  if (getenv("APO_UPDATE_GOLDEN") != NULL) {
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    fputs(apo_plan_text(plan), out);
    assert_int_equal(fclose(out), 0);
  }
  FILE *in = fopen(path, "rb");
  assert_non_null(in);
  expected[fread(expected, 1, sizeof expected - 1, in)] = '\0';
  fclose(in);
  assert_string_equal(apo_plan_text(plan), expected);
  apo_plan_destroy(&plan);
  apo_background_destroy(&background);
  free(rows);
}

static apo_model *forest(uint32_t n_columns, uint32_t n_outputs, uint32_t n_trees) {
  const apo_random_spec spec = {.seed = 12,
                                .n_columns = n_columns,
                                .n_outputs = n_outputs,
                                .n_trees = n_trees,
                                .max_depth = 6,
                                .cast_f32 = true,
                                .link = n_outputs > 1 ? APO_LINK_SOFTMAX : APO_LINK_SIGMOID};
  return apo_random_model(&spec);
}

static const apo_caps *const one_cpu[] = {&cpu};
static const apo_caps *const one_gpu[] = {&gpu};
static const apo_caps *const one_small[] = {&small_gpu};
static const apo_caps *const both[] = {&gpu, &cpu};

static void a_forest_by_kernel(void **state) {
  (void)state;
  apo_model *model = forest(12, 1, 100);
  const apo_request request = {.method = APO_METHOD_KERNEL};
  check("plan_kernel_cpu", model, 100, &request, one_cpu, 1);
  check("plan_kernel_gpu", model, 100, &request, one_gpu, 1);
  check("plan_kernel_small_gpu", model, 100, &request, one_small, 1);
  check("plan_kernel_both", model, 100, &request, both, 2);
  apo_model_destroy(&model);
}

static void a_forest_of_classes_by_permutation(void **state) {
  (void)state;
  apo_model *model = forest(40, 3, 60);
  const apo_request request = {.method = APO_METHOD_PERMUTATION,
                               .output = APO_OUTPUT_PROBABILITY,
                               .link = APO_VALUE_LOGIT,
                               .memory_bytes = UINT64_C(256) << 20};
  check("plan_permutation_cpu", model, 1000, &request, one_cpu, 1);
  check("plan_permutation_gpu", model, 1000, &request, one_gpu, 1);
  apo_model_destroy(&model);
}

static void a_wide_forest_in_a_small_budget(void **state) {
  (void)state;
  apo_model *model = forest(400, 1, 50);
  const apo_request request = {
      .method = APO_METHOD_KERNEL, .coalitions_per_row = 1, .memory_bytes = UINT64_C(128) << 20};
  check("plan_wide_cpu", model, 10, &request, one_cpu, 1);
  check("plan_wide_gpu", model, 10, &request, one_gpu, 1);
  apo_model_destroy(&model);
}

static apo_status never(void *context, const apo_rows *rows, double *out, apo_error *err) {
  (void)context;
  (void)err;
  for (uint64_t row = 0; row < rows->n_rows; ++row) out[row] = 0.0;
  return APO_OK;
}

static void a_callback(void **state) {
  (void)state;
  const apo_predictor predictor = {
      .struct_bytes = sizeof predictor, .n_columns = 8, .n_outputs = 1, .predict = never};
  const apo_request request = {.method = APO_METHOD_KERNEL};
  apo_model *model = NULL;
  apo_error err;
  assert_ok(apo_model_wrap(&predictor, &model, &err), &err);
  check("plan_callback_cpu", model, 20, &request, one_cpu, 1);
  check("plan_callback_both", model, 20, &request, both, 2);
  apo_model_destroy(&model);
}

static void a_linear_model(void **state) {
  (void)state;
  apo_model *model = NULL;
  apo_error err;
  assert_ok(apo_model_new(&model, &err), &err);
  model->kind = APO_MODEL_LINEAR;
  model->format = "golden";
  model->n_columns = 6;
  model->n_outputs = 1;
  model->link.name = APO_LINK_SIGMOID;
  model->linear = calloc(1, sizeof *model->linear);
  model->linear->coefficients = calloc(6, sizeof(double));
  model->base = calloc(1, sizeof *model->base);
  assert_ok(apo_model_seal(model, &err), &err);
  const apo_request closed = {.method = APO_METHOD_AUTO};
  const apo_request sampled = {.method = APO_METHOD_AUTO, .output = APO_OUTPUT_PROBABILITY};
  check("plan_linear_closed", model, 20, &closed, one_gpu, 1);
  check("plan_linear_gpu", model, 20, &sampled, one_gpu, 1);
  apo_model_destroy(&model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_forest_by_kernel),
      cmocka_unit_test(a_forest_of_classes_by_permutation),
      cmocka_unit_test(a_wide_forest_in_a_small_budget),
      cmocka_unit_test(a_callback),
      cmocka_unit_test(a_linear_model),
  };
  return cmocka_run_group_tests_name("golden.plan", tests, NULL, NULL);
}
