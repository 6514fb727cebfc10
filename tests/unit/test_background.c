/* test_background.c - rows and weights are copied, scaled and named. */
#include "engine/data/background.h"

#include <math.h>

#include "engine/data/rows.h"
#include "engine/model/model.h"
#include "tests/support/apo_test.h"

static apo_status no_prediction(void *context,
                                const apo_rows *rows,
                                double *outputs,
                                apo_error *err) {
  (void)context;
  (void)rows;
  (void)outputs;
  (void)err;
  return APO_OK;
}

static apo_model *model_of(uint32_t n_columns) {
  const apo_predictor predictor = {.struct_bytes = sizeof predictor,
                                   .n_columns = n_columns,
                                   .n_outputs = 1,
                                   .predict = no_prediction};
  apo_model *model = NULL;
  apo_error err;
  assert_ok(apo_model_wrap(&predictor, &model, &err), &err);
  return model;
}

static const double doubles[] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0};
static const apo_rows two_rows = {doubles, 2, 3, 1, 3, APO_F64};

static apo_background *create(apo_model *model, const apo_rows *rows, const double *weights) {
  apo_background *background = NULL;
  apo_error err;
  assert_ok(apo_background_create(model, rows, weights, &background, &err), &err);
  return background;
}

static void rows_are_copied_and_weigh_the_same(void **state) {
  (void)state;
  apo_model *model = model_of(3);
  apo_background *background = create(model, &two_rows, NULL);
  assert_int_equal(apo_background_n_rows(background), 2);
  assert_int_equal(background->n_columns, 3);
  assert_false(background->is_weighted);
  assert_memory_equal(background->values, doubles, sizeof doubles);
  assert_true(background->values != doubles);
  assert_true(background->weights[0] == 0.5 && background->weights[1] == 0.5);
  assert_int_equal(strlen(apo_background_digest(background)), 71);
  apo_background_destroy(&background);
  assert_null(background);
  apo_model_destroy(&model);
}

static void strides_and_floats_are_understood(void **state) {
  (void)state;
  // Columns one after the other, as Fortran and data frames keep them, with a gap.
  static const float floats[] = {1, 4, 99, 2, 5, 99, 3, 6, 99};
  const apo_rows rows = {floats, 2, 1, 3, 3, APO_F32};
  apo_model *model = model_of(3);
  apo_background *strided = create(model, &rows, NULL);
  apo_background *plain = create(model, &two_rows, NULL);
  assert_memory_equal(strided->values, doubles, sizeof doubles);
  assert_string_equal(strided->digest, plain->digest);
  apo_background_destroy(&strided);
  apo_background_destroy(&plain);
  apo_model_destroy(&model);
}

static void weights_are_scaled_to_one(void **state) {
  (void)state;
  const double weights[] = {1.0, 3.0};
  const double huge[] = {0.5e308, 1.5e308};  // their sum is infinite
  apo_model *model = model_of(3);
  apo_background *background = create(model, &two_rows, weights);
  apo_background *large = create(model, &two_rows, huge);
  assert_true(background->is_weighted);
  assert_true(background->weights[0] == 0.25 && background->weights[1] == 0.75);
  assert_true(fabs(large->weights[0] - 0.25) < 1e-15);
  apo_background_destroy(&background);
  apo_background_destroy(&large);
  apo_model_destroy(&model);
}

static void values_and_weights_change_the_digest_and_scale_does_not(void **state) {
  (void)state;
  const double weights[] = {1.0, 3.0};
  const double twice[] = {2.0, 6.0};
  const double others[] = {1.0, 2.0, 3.0, 4.0, 5.0, -6.0};
  const apo_rows other_rows = {others, 2, 3, 1, 3, APO_F64};
  apo_model *model = model_of(3);
  apo_background *plain = create(model, &two_rows, NULL);
  apo_background *weighted = create(model, &two_rows, weights);
  apo_background *scaled = create(model, &two_rows, twice);
  apo_background *other = create(model, &other_rows, NULL);
  assert_string_not_equal(plain->digest, weighted->digest);
  assert_string_equal(weighted->digest, scaled->digest);
  assert_string_not_equal(plain->digest, other->digest);
  apo_background_destroy(&plain);
  apo_background_destroy(&weighted);
  apo_background_destroy(&scaled);
  apo_background_destroy(&other);
  apo_model_destroy(&model);
}

static void what_cannot_be_a_background_is_refused(void **state) {
  (void)state;
  apo_model *model = model_of(3);
  apo_background *background = NULL;
  apo_error err;
  apo_rows rows = two_rows;
  rows.n_cols = 2;
  assert_fails(apo_background_create(model, &rows, NULL, &background, &err), APO_ERR_ARGUMENT, &err,
               "background: rows: 2 columns, the model has 3");
  rows = two_rows;
  rows.dtype = (apo_dtype)2;
  assert_fails(apo_background_create(model, &rows, NULL, &background, &err), APO_ERR_ARGUMENT, &err,
               "dtype 2");
  rows = two_rows;
  rows.values = NULL;
  assert_fails(apo_background_create(model, &rows, NULL, &background, &err), APO_ERR_ARGUMENT, &err,
               "values is NULL");
  rows.n_rows = 0;
  assert_fails(apo_background_create(model, &rows, NULL, &background, &err), APO_ERR_FORMAT, &err,
               "no rows");
  assert_fails(apo_background_create(model, NULL, NULL, &background, &err), APO_ERR_ARGUMENT, &err,
               "rows: NULL");
  assert_null(background);
  apo_model_destroy(&model);
}

static void weights_that_weigh_nothing_or_less_are_refused(void **state) {
  (void)state;
  static const double bad[][2] = {{1.0, -0.5}, {(double)NAN, 1.0}, {1.0, (double)INFINITY}};
  const double zero[] = {0.0, -0.0};
  apo_model *model = model_of(3);
  apo_background *background = NULL;
  apo_error err;
  for (size_t i = 0; i < 3; ++i) {
    assert_fails(apo_background_create(model, &two_rows, bad[i], &background, &err), APO_ERR_FORMAT,
                 &err, "needs 0 or more");
  }
  assert_fails(apo_background_create(model, &two_rows, zero, &background, &err), APO_ERR_FORMAT,
               &err, "the weights sum to 0");
  assert_null(background);
  apo_model_destroy(&model);
}

static void a_claim_of_more_rows_than_memory_is_refused(void **state) {
  (void)state;
  apo_model *model = model_of(3);
  apo_background *background = NULL;
  apo_error err;
  apo_rows rows = two_rows;
  rows.n_rows = UINT64_MAX / 8;
  assert_fails(apo_background_create(model, &rows, NULL, &background, &err), APO_ERR_MEMORY, &err,
               "rows of 3 columns");
  apo_model_destroy(&model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_are_copied_and_weigh_the_same),
      cmocka_unit_test(strides_and_floats_are_understood),
      cmocka_unit_test(weights_are_scaled_to_one),
      cmocka_unit_test(values_and_weights_change_the_digest_and_scale_does_not),
      cmocka_unit_test(what_cannot_be_a_background_is_refused),
      cmocka_unit_test(weights_that_weigh_nothing_or_less_are_refused),
      cmocka_unit_test(a_claim_of_more_rows_than_memory_is_refused),
  };
  return cmocka_run_group_tests_name("background", tests, NULL, NULL);
}
