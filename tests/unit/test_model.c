/* test_model.c - wrapping, describing, sealing and evaluating a model. */
#include "engine/model/model.h"

#include <math.h>
#include <stdlib.h>

#include "tests/support/apo_test.h"
#include "tests/support/random_forest.h"

/* --- callbacks --------------------------------------------------------------------------------- */

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

static const apo_predictor good_predictor = {.struct_bytes = sizeof(apo_predictor),
                                             .n_columns = 3,
                                             .n_outputs = 2,
                                             .predict = no_prediction};

static void a_function_is_wrapped_as_a_model(void **state) {
  (void)state;
  apo_model *model = NULL;
  apo_error err;
  apo_model_info info = {.struct_bytes = sizeof info};
  const double row[3] = {0};
  double margin[2];
  assert_ok(apo_model_wrap(&good_predictor, &model, &err), &err);
  apo_model_describe(model, &info);
  assert_string_equal(info.format, "callback");
  assert_string_equal(info.kind, "callback");
  assert_string_equal(info.link, "identity");
  assert_string_equal(info.digest, "");
  assert_int_equal(info.n_columns, 3);
  assert_int_equal(info.n_outputs, 2);
  assert_int_equal(info.has_cover, 0);
  assert_null(apo_model_column_name(model, 0));
  assert_true(apo_model_intercept(model, 0) == 0.0);
  assert_fails(apo_model_margin(model, row, margin, &err), APO_ERR_ARGUMENT, &err, "no margin");
  apo_model_destroy(&model);
  assert_null(model);
  apo_model_destroy(&model);
}

static void a_predictor_that_cannot_be_called_is_refused(void **state) {
  (void)state;
  apo_model *model = NULL;
  apo_error err;
  apo_predictor bad = good_predictor;
  assert_fails(apo_model_wrap(NULL, &model, &err), APO_ERR_ARGUMENT, &err, "predictor: NULL");
  bad.struct_bytes = 8;
  assert_fails(apo_model_wrap(&bad, &model, &err), APO_ERR_ARGUMENT, &err, "struct_bytes 8");
  bad = good_predictor;
  bad.predict = NULL;
  assert_fails(apo_model_wrap(&bad, &model, &err), APO_ERR_ARGUMENT, &err, "predict is NULL");
  bad = good_predictor;
  bad.n_columns = 0;
  assert_fails(apo_model_wrap(&bad, &model, &err), APO_ERR_ARGUMENT, &err, "0 columns");
  bad = good_predictor;
  bad.n_outputs = APO_MAX_OUTPUTS + 1;
  assert_fails(apo_model_wrap(&bad, &model, &err), APO_ERR_LIMIT, &err, "10001 outputs");
  assert_null(model);
}

static void an_older_info_struct_gets_only_what_it_knows(void **state) {
  (void)state;
  apo_model *model = NULL;
  apo_error err;
  struct {
    apo_model_info info;
  } old;
  memset(&old, 0x5a, sizeof old);
  old.info.struct_bytes = offsetof(apo_model_info, link);
  assert_ok(apo_model_wrap(&good_predictor, &model, &err), &err);
  apo_model_describe(model, &old.info);
  assert_string_equal(old.info.kind, "callback");
  const char *untouched;
  memset(&untouched, 0x5a, sizeof untouched);
  assert_true(old.info.link == untouched);
  apo_model_destroy(&model);
}

/* --- forests ----------------------------------------------------------------------------------- */

static const apo_random_spec small = {.seed = 3,
                                      .n_columns = 3,
                                      .n_outputs = 2,
                                      .n_trees = 6,
                                      .max_depth = 4,
                                      .cast_f32 = true,
                                      .has_covers = true,
                                      .link = APO_LINK_SOFTMAX};

static void a_forest_is_described(void **state) {
  (void)state;
  apo_model *model = apo_random_model(&small);
  apo_model_info info = {.struct_bytes = sizeof info};
  apo_error err;
  apo_model_describe(model, &info);
  assert_string_equal(info.kind, "forest");
  assert_string_equal(info.link, "softmax");
  assert_int_equal(info.n_trees, 6);
  assert_int_equal(info.n_leaves, model->forest->n_leaves);
  assert_int_equal(info.max_depth, 4);
  assert_int_equal(info.has_cover, 1);
  assert_int_equal(info.best_iteration, -1);
  assert_true(apo_model_intercept(model, 1) == model->base[1]);
  assert_true(apo_model_intercept(model, 2) == 0.0);

  assert_ok(apo_names_add(&model->output_names, "no", 2, &err), &err);
  assert_ok(apo_names_add(&model->output_names, "yes", 3, &err), &err);
  assert_string_equal(apo_model_output_name(model, 1), "yes");
  assert_null(apo_model_output_name(model, 2));
  apo_model_destroy(&model);
}

static void a_transform_moves_values_before_the_splits(void **state) {
  (void)state;
  apo_model *plain = apo_random_model(&small);
  apo_model *moved = apo_random_model(&small);
  apo_error err;
  moved->transform.steps = calloc(2, sizeof *moved->transform.steps);
  assert_non_null(moved->transform.steps);
  moved->transform.n_steps = 2;
  moved->transform.steps[0].op = APO_TRANSFORM_SUB;
  moved->transform.steps[1].op = APO_TRANSFORM_DIV;
  for (int step = 0; step < 2; ++step) {
    double *values = calloc(3, sizeof *values);
    assert_non_null(values);
    for (int column = 0; column < 3; ++column) values[column] = step == 0 ? 8.0 * column : 4.0;
    moved->transform.steps[step].values = values;
  }
  assert_ok(apo_model_seal(moved, &err), &err);
  apo_random random = apo_random_start(9);
  double *rows = apo_random_rows(&random, plain->forest, 100);
  for (size_t row = 0; row < 100; ++row) {
    double given[3];
    double expected[2];
    double actual[2];
    for (size_t column = 0; column < 3; ++column) {
      given[column] = 4.0 * (double)(float)rows[3 * row + column] + 8.0 * (double)column;
      rows[3 * row + column] = (given[column] - 8.0 * (double)column) / 4.0;
    }
    assert_ok(apo_model_margin(plain, rows + 3 * row, expected, &err), &err);
    assert_ok(apo_model_margin(moved, given, actual, &err), &err);
    assert_memory_equal(expected, actual, sizeof actual);
  }
  free(rows);
  apo_model_destroy(&plain);
  apo_model_destroy(&moved);
}

static void steps_compute_what_their_names_say(void **state) {
  (void)state;
  double operand = 3.0;
  double high = 4.0;
  apo_transform_step step = {.values = &operand, .highs = &high};
  const apo_transform transform = {&step, 1};
  step.op = APO_TRANSFORM_ADD;
  assert_true(apo_transform_value(&transform, 0, 5.0) == 8.0);
  step.op = APO_TRANSFORM_SUB;
  assert_true(apo_transform_value(&transform, 0, 5.0) == 2.0);
  step.op = APO_TRANSFORM_MUL;
  assert_true(apo_transform_value(&transform, 0, 5.0) == 15.0);
  step.op = APO_TRANSFORM_DIV;
  assert_true(apo_transform_value(&transform, 0, 6.0) == 2.0);
  step.op = APO_TRANSFORM_CLIP;
  assert_true(apo_transform_value(&transform, 0, 5.0) == 4.0);
  assert_true(apo_transform_value(&transform, 0, 3.5) == 3.5);
  assert_true(apo_transform_value(&transform, 0, -(double)INFINITY) == 3.0);
  step.op = APO_TRANSFORM_FLOAT;
  assert_true(apo_transform_value(&transform, 0, 0.1) == (double)0.1f);
  assert_true(apo_transform_value(&transform, 0, 1e300) == (double)INFINITY);
  for (int op = APO_TRANSFORM_ADD; op <= APO_TRANSFORM_FLOAT; ++op) {
    step.op = (apo_transform_op)op;
    assert_true(isnan(apo_transform_value(&transform, 0, (double)NAN)));
  }
}

static void an_unsound_model_is_not_sealed(void **state) {
  (void)state;
  apo_model *model = apo_random_model(&small);
  apo_error err;
  model->base[1] = (double)NAN;
  assert_fails(apo_model_seal(model, &err), APO_ERR_FORMAT, &err, "base of output 1: nan");
  model->base[1] = 0.0;
  model->link.scale = 0.0;
  assert_fails(apo_model_seal(model, &err), APO_ERR_FORMAT, &err, "link softmax: scale 0");
  model->link.scale = 1.0;
  model->link.name = (apo_link_name)77;
  assert_fails(apo_model_seal(model, &err), APO_ERR_UNSUPPORTED, &err, "link 77");
  model->link.name = APO_LINK_IDENTITY;
  model->n_columns = 4;
  assert_fails(apo_model_seal(model, &err), APO_ERR_FORMAT, &err, "forest of 3 columns");
  model->n_columns = 3;
  assert_ok(apo_names_add(&model->column_names, "a", 1, &err), &err);
  assert_fails(apo_model_seal(model, &err), APO_ERR_FORMAT, &err,
               "1 column names, the model has 3 columns");
  assert_ok(apo_names_add(&model->column_names, "b", 1, &err), &err);
  assert_ok(apo_names_add(&model->column_names, "a", 1, &err), &err);
  assert_fails(apo_model_seal(model, &err), APO_ERR_FORMAT, &err,
               "column 0 and column 2 are both \"a\"");
  apo_names_clear(&model->column_names);
  model->forest->column[0] = 3;
  assert_fails(apo_model_seal(model, &err), APO_ERR_FORMAT, &err, "tree 0: node 0: column 3 of 3");
  model->forest->column[0] = 0;
  assert_ok(apo_model_seal(model, &err), &err);
  apo_model_destroy(&model);
}

static void category_tables_are_checked(void **state) {
  (void)state;
  apo_model *model = apo_random_model(&small);
  apo_error err;
  model->categories = calloc(2, sizeof *model->categories);
  assert_non_null(model->categories);
  model->n_categories = 2;
  apo_category_table *first = &model->categories[0];
  first->column = 2;
  first->numbers = calloc(3, sizeof *first->numbers);
  assert_non_null(first->numbers);
  first->n_numbers = 3;
  first->numbers[0] = 7.0;
  first->numbers[1] = 3.0;
  first->numbers[2] = 7.0;
  model->categories[1].column = 1;
  model->categories[1].is_text = true;
  assert_fails(apo_model_seal(model, &err), APO_ERR_FORMAT, &err,
               "category table 0: category 7 is listed twice");
  first->numbers[2] = 8.0;
  model->categories[1].column = 2;
  assert_fails(apo_model_seal(model, &err), APO_ERR_FORMAT, &err,
               "category table 1: column 2 has two tables");
  model->categories[1].column = 3;
  assert_fails(apo_model_seal(model, &err), APO_ERR_FORMAT, &err,
               "category table 1: column 3 of 3");
  model->categories[1].column = 1;
  assert_ok(apo_names_add(&model->categories[1].texts, "red", 3, &err), &err);
  assert_ok(apo_model_seal(model, &err), &err);
  assert_ok(apo_names_add(&model->categories[1].texts, "red", 3, &err), &err);
  assert_fails(apo_model_seal(model, &err), APO_ERR_FORMAT, &err,
               "category table 1: category 0 and category 1 are both \"red\"");
  apo_model_destroy(&model);
}

static void a_transform_may_not_touch_categories(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 3,
                                .n_columns = 2,
                                .n_outputs = 1,
                                .n_trees = 3,
                                .max_depth = 3,
                                .categorical_share = 1.0};
  apo_model *model = apo_random_model(&spec);
  apo_error err;
  model->transform.steps = calloc(1, sizeof *model->transform.steps);
  assert_non_null(model->transform.steps);
  model->transform.n_steps = 1;
  apo_transform_step *step = &model->transform.steps[0];
  step->op = APO_TRANSFORM_MUL;
  step->values = calloc(2, sizeof *step->values);
  assert_non_null(step->values);
  step->values[0] = 1.0;
  step->values[1] = 2.0;
  assert_fails(apo_model_seal(model, &err), APO_ERR_FORMAT, &err,
               "transform 0: changes column 1, which is categorical");
  step->values[1] = 1.0;
  assert_ok(apo_model_seal(model, &err), &err);
  step->op = APO_TRANSFORM_DIV;
  step->values[0] = 0.0;
  assert_fails(apo_model_seal(model, &err), APO_ERR_FORMAT, &err,
               "transform 0: column 0: divides by 0");
  apo_model_destroy(&model);
}

/* --- linear ------------------------------------------------------------------------------------ */

static apo_model *linear_model(void) {
  apo_model *model = NULL;
  apo_error err;
  static const double coefficients[] = {1.0, 0.0, -2.0, 0.5, 4.0, 0.0};
  assert_ok(apo_model_new(&model, &err), &err);
  model->kind = APO_MODEL_LINEAR;
  model->n_columns = 3;
  model->n_outputs = 2;
  model->base = calloc(2, sizeof *model->base);
  model->linear = calloc(1, sizeof *model->linear);
  assert_non_null(model->base);
  assert_non_null(model->linear);
  model->base[1] = 100.0;
  model->linear->coefficients = calloc(6, sizeof *coefficients);
  assert_non_null(model->linear->coefficients);
  memcpy(model->linear->coefficients, coefficients, sizeof coefficients);
  assert_ok(apo_model_seal(model, &err), &err);
  return model;
}

static void a_linear_model_adds_its_products(void **state) {
  (void)state;
  apo_model *model = linear_model();
  const double row[] = {10.0, 20.0, 30.0};
  double margin[2];
  apo_error err;
  assert_ok(apo_model_margin(model, row, margin, &err), &err);
  assert_true(margin[0] == -50.0);
  assert_true(margin[1] == 185.0);
  apo_model_destroy(&model);
}

static void a_missing_value_of_a_linear_model_is_an_error_unless_it_adds_nothing(void **state) {
  (void)state;
  apo_model *model = linear_model();
  const double used_by_both[] = {(double)NAN, 20.0, 30.0};
  const double not_in_first[] = {10.0, (double)NAN, 30.0};
  double margin[2];
  apo_error err;
  assert_fails(apo_model_margin(model, used_by_both, margin, &err), APO_ERR_FORMAT, &err,
               "column 0 is missing");
  assert_fails(apo_model_margin(model, not_in_first, margin, &err), APO_ERR_FORMAT, &err,
               "column 1 is missing");
  model->linear->missing_adds_nothing = true;
  assert_ok(apo_model_margin(model, used_by_both, margin, &err), &err);
  assert_true(margin[0] == -60.0 && margin[1] == 180.0);
  model->linear->coefficients[1 * 3 + 1] = (double)INFINITY;
  assert_fails(apo_model_seal(model, &err), APO_ERR_FORMAT, &err, "coefficient 4: inf");
  apo_model_destroy(&model);
}

static void the_library_says_its_version(void **state) {
  (void)state;
  assert_int_equal(apo_abi_version(), APO_ABI_VERSION);
  assert_non_null(strchr(apo_version(), '.'));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_function_is_wrapped_as_a_model),
      cmocka_unit_test(a_predictor_that_cannot_be_called_is_refused),
      cmocka_unit_test(an_older_info_struct_gets_only_what_it_knows),
      cmocka_unit_test(a_forest_is_described),
      cmocka_unit_test(a_transform_moves_values_before_the_splits),
      cmocka_unit_test(steps_compute_what_their_names_say),
      cmocka_unit_test(an_unsound_model_is_not_sealed),
      cmocka_unit_test(category_tables_are_checked),
      cmocka_unit_test(a_transform_may_not_touch_categories),
      cmocka_unit_test(a_linear_model_adds_its_products),
      cmocka_unit_test(a_missing_value_of_a_linear_model_is_an_error_unless_it_adds_nothing),
      cmocka_unit_test(the_library_says_its_version),
  };
  return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
