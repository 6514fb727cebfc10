/* test_sklearn.c - every exported model predicts what scikit-learn predicted.
 *
 * Both sum leaves and products in double, so they differ by the order of some additions.  1e-12 of
 * the magnitudes is thousands of ulps, and far below what a wrong branch or a wrong cast makes.
 * Margins of exp and isolation forests were computed back from the response by a logarithm, which
 * costs a few ulps more.
 */
#include <math.h>

#include "tests/support/fixture_case.h"

#define FOLDER    "tests/fixtures/sklearn"
#define TOLERANCE 1e-12

static void every_fixture_predicts_what_scikit_learn_predicted(void **state) {
  (void)state;
  static apo_fixture_list list;
  list.n_paths = 0;
  apo_fixtures_add(&list, FOLDER, ".json");
  assert_true(list.n_paths >= 60);
  for (size_t i = 0; i < list.n_paths; ++i) apo_fixture_check(list.paths[i], TOLERANCE);
}

static void a_random_forest_is_described_as_exported(void **state) {
  (void)state;
  apo_model *model = apo_fixture_model(FOLDER "/forest_three.json");
  assert_string_equal(model->format, "neutral_json");
  assert_string_equal(model->library, "scikit-learn");
  assert_string_equal(model->objective, "RandomForestClassifier");
  assert_int_equal(model->n_columns, 4);
  assert_int_equal(model->column_names.n_names, 0);
  assert_int_equal(model->n_outputs, 3);
  assert_string_equal(model->output_names.texts[2], "2");
  assert_true(model->margin_is_probability);
  assert_int_equal(model->link.name, APO_LINK_IDENTITY);
  assert_true(model->forest->cast_f32);
  assert_true(model->forest->divide == 4.0);
  assert_int_equal(model->forest->cover_kind, APO_COVER_WEIGHT);
  apo_model_destroy(&model);
}

static void exponential_loss_doubles_the_margin(void **state) {
  (void)state;
  apo_model *model = apo_fixture_model(FOLDER "/boosting_exponential.json");
  assert_int_equal(model->link.name, APO_LINK_SIGMOID);
  assert_true(model->link.scale == 2.0);
  assert_int_equal(model->output_names.n_names, 1);
  assert_string_equal(model->output_names.texts[0], "yes");
  apo_model_destroy(&model);
}

static void an_infinite_threshold_asks_what_is_present(void **state) {
  (void)state;
  apo_model *model = apo_fixture_model(FOLDER "/present.json");
  bool is_asked = false;
  for (uint64_t node = 0; node < model->forest->n_nodes; ++node) {
    is_asked = is_asked || model->forest->op[node] == APO_OP_PRESENT;
  }
  assert_true(is_asked);
  apo_model_destroy(&model);
}

static void whole_numbers_are_their_own_codes_and_names_have_tables(void **state) {
  (void)state;
  apo_model *model = apo_fixture_model(FOLDER "/histogram_codes.json");
  assert_false(model->forest->cast_f32);
  assert_int_equal(model->forest->code_rule, APO_CODE_NONNEG_TRUNC);
  assert_int_equal(model->n_categories, 1);
  assert_int_equal(model->categories[0].column, 3);
  apo_model_destroy(&model);

  model = apo_fixture_model(FOLDER "/histogram_names.json");
  assert_int_equal(model->n_categories, 2);
  assert_int_equal(model->categories[0].column, 1);
  assert_false(model->categories[0].is_text);
  assert_true(model->categories[0].numbers[0] == -6.5);
  assert_int_equal(model->categories[1].column, 3);
  assert_int_equal(model->categories[1].texts.n_names, 4);
  assert_string_equal(model->categories[1].texts.texts[2], "gr\xc3\xbcn");
  assert_int_equal(model->categories[1].unknown, APO_UNKNOWN_MISSING);
  apo_model_destroy(&model);
}

static void a_scaler_stays_a_step_over_all_columns(void **state) {
  (void)state;
  apo_model *model = apo_fixture_model(FOLDER "/pipeline_columns_forest.json");
  assert_int_equal(model->n_columns, 4);
  assert_int_equal(model->transform.n_steps, 2);
  assert_int_equal(model->transform.steps[0].op, APO_TRANSFORM_SUB);
  assert_int_equal(model->transform.steps[1].op, APO_TRANSFORM_DIV);
  assert_true(model->transform.steps[1].values[2] == 1.0);  // dropped
  assert_true(model->transform.steps[1].values[3] != 1.0);
  for (uint64_t node = 0; node < model->forest->n_nodes; ++node) {
    assert_int_not_equal(model->forest->column[node], 2);
  }
  apo_model_destroy(&model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_fixture_predicts_what_scikit_learn_predicted),
      cmocka_unit_test(a_random_forest_is_described_as_exported),
      cmocka_unit_test(exponential_loss_doubles_the_margin),
      cmocka_unit_test(an_infinite_threshold_asks_what_is_present),
      cmocka_unit_test(whole_numbers_are_their_own_codes_and_names_have_tables),
      cmocka_unit_test(a_scaler_stays_a_step_over_all_columns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
