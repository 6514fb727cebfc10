/* test_xgboost.c - every fixture predicts what XGBoost predicted, in both syntaxes.
 *
 * XGBoost sums leaves in float, we in double.  A sum of n floats is off by at most (n - 1) half ulps
 * of the sum of magnitudes, and the fixtures have few trees: 2e-6 of the magnitudes is 16 ulps.
 */
#include <math.h>

#include "engine/forest/split.h"
#include "engine/model/model.h"
#include "engine/readers/json.h"
#include "tests/support/fixture_case.h"

#define FOLDER    "tests/fixtures/xgboost"
#define TOLERANCE 2e-6

static void check_fixtures(const char *end) {
  static apo_fixture_list list;
  list.n_paths = 0;
  apo_fixtures_add(&list, FOLDER, end);
  assert_true(list.n_paths >= 30);
  for (size_t i = 0; i < list.n_paths; ++i) apo_fixture_check(list.paths[i], TOLERANCE);
}

static void every_json_fixture_predicts_what_xgboost_predicted(void **state) {
  (void)state;
  check_fixtures(".json");
}

static void every_ubjson_fixture_predicts_what_xgboost_predicted(void **state) {
  (void)state;
  check_fixtures(".ubj");
}

/* --- both syntaxes ---------------------------------------------------------------------------- */

#define SAME(a, b, n) \
  if ((n) > 0) assert_memory_equal((a), (b), (size_t)(n) * sizeof *(a))

static void assert_same_forest(const apo_forest *a, const apo_forest *b) {
  assert_int_equal(a->n_trees, b->n_trees);
  assert_int_equal(a->n_nodes, b->n_nodes);
  assert_int_equal(a->n_leaves, b->n_leaves);
  assert_int_equal(a->n_values, b->n_values);
  assert_int_equal(a->n_sets, b->n_sets);
  assert_int_equal(a->cover_kind, b->cover_kind);
  SAME(a->node_begin, b->node_begin, a->n_trees + 1);
  SAME(a->tree_output, b->tree_output, a->n_trees);
  SAME(a->tree_weight, b->tree_weight, a->n_trees);
  SAME(a->column, b->column, a->n_nodes);
  SAME(a->op, b->op, a->n_nodes);
  SAME(a->default_left, b->default_left, a->n_nodes);
  SAME(a->threshold, b->threshold, a->n_nodes);
  SAME(a->left, b->left, a->n_nodes);
  SAME(a->right, b->right, a->n_nodes);
  SAME(a->leaf_value, b->leaf_value, a->n_values);
  assert_int_equal(a->leaf_cover == NULL, b->leaf_cover == NULL);
  if (a->leaf_cover != NULL) SAME(a->leaf_cover, b->leaf_cover, a->n_leaves);
  SAME(a->set_begin, b->set_begin, a->n_sets + 1);
  SAME(a->set_code, b->set_code, a->set_begin[a->n_sets]);
}

static void assert_same_names(const apo_names *a, const apo_names *b) {
  assert_int_equal(a->n_names, b->n_names);
  for (uint32_t i = 0; i < a->n_names; ++i) assert_string_equal(a->texts[i], b->texts[i]);
}

static void assert_same_model(const apo_model *a, const apo_model *b) {
  assert_int_equal(a->kind, b->kind);
  assert_int_equal(a->n_columns, b->n_columns);
  assert_int_equal(a->n_outputs, b->n_outputs);
  assert_int_equal(a->link.name, b->link.name);
  assert_int_equal(a->best_iteration, b->best_iteration);
  assert_string_equal(a->objective, b->objective);
  assert_string_equal(a->library_version, b->library_version);
  SAME(a->base, b->base, a->n_outputs);
  assert_same_names(&a->column_names, &b->column_names);
  if (a->forest != NULL) assert_same_forest(a->forest, b->forest);
  if (a->linear != NULL) {
    SAME(a->linear->coefficients, b->linear->coefficients, a->n_columns * a->n_outputs);
  }
  assert_int_equal(a->n_categories, b->n_categories);
  for (uint32_t i = 0; i < a->n_categories; ++i) {
    assert_int_equal(a->categories[i].column, b->categories[i].column);
    assert_same_names(&a->categories[i].texts, &b->categories[i].texts);
    assert_int_equal(a->categories[i].n_numbers, b->categories[i].n_numbers);
    SAME(a->categories[i].numbers, b->categories[i].numbers, a->categories[i].n_numbers);
  }
}

static void json_and_ubjson_are_the_same_model(void **state) {
  (void)state;
  static apo_fixture_list list;
  list.n_paths = 0;
  apo_fixtures_add(&list, FOLDER, ".ubj");
  for (size_t i = 0; i < list.n_paths; ++i) {
    char path[APO_FIXTURE_PATH_BYTES];
    const char *dot = strrchr(list.paths[i], '.');
    snprintf(path, sizeof path, "%.*s.json", (int)(dot - list.paths[i]), list.paths[i]);
    apo_model *binary = apo_fixture_model(list.paths[i]);
    apo_model *text = apo_fixture_model(path);
    assert_same_model(binary, text);
    assert_string_equal(binary->format, "xgboost_ubjson");
    assert_string_equal(text->format, "xgboost_json");
    apo_model_destroy(&binary);
    apo_model_destroy(&text);
  }
}

/* --- what is in a model ----------------------------------------------------------------------- */

static void a_model_is_described_as_xgboost_describes_it(void **state) {
  (void)state;
  apo_model *model = apo_fixture_model(FOLDER "/logistic_3_4_1.ubj");
  assert_string_equal(model->library, "xgboost");
  assert_string_equal(model->library_version, "3.4.1");
  assert_string_equal(model->objective, "binary:logistic");
  assert_int_equal(model->link.name, APO_LINK_SIGMOID);
  assert_int_equal(model->n_columns, 4);
  assert_int_equal(model->column_names.n_names, 4);
  assert_string_equal(model->column_names.texts[2], "height of \xc3\xa9t\xc3\xa9");
  assert_int_equal(model->best_iteration, -1);
  assert_int_equal(strncmp(model->digest, "sha256:", 7), 0);
  assert_int_equal(strlen(model->digest), 7 + 64);
  assert_true(fabs(model->base[0] - log(0.3 / 0.7)) < 1e-6);
  assert_int_equal(model->forest->cover_kind, APO_COVER_HESSIAN);
  assert_true(model->forest->cast_f32);
  apo_model_destroy(&model);
}

static void the_best_iteration_of_early_stopping_is_reported(void **state) {
  (void)state;
  apo_model *model = apo_fixture_model(FOLDER "/stopped_3_4_1.json");
  assert_true(model->best_iteration >= 0);
  assert_true(model->best_iteration < model->forest->n_trees);
  apo_model_destroy(&model);
}

static void vector_leaves_of_before_3_2_have_no_cover(void **state) {
  (void)state;
  apo_model *old = apo_fixture_model(FOLDER "/vector_leaves_2_1_4.json");
  apo_model *new = apo_fixture_model(FOLDER "/vector_leaves_3_4_1.json");
  assert_int_equal(old->forest->cover_kind, APO_COVER_NONE);
  assert_int_equal(new->forest->cover_kind, APO_COVER_HESSIAN);
  assert_int_equal(new->forest->tree_output[0], APO_TREE_VECTOR);
  apo_model_destroy(&old);
  apo_model_destroy(&new);
}

static void dart_keeps_its_weights_in_both_layouts(void **state) {
  (void)state;
  static const char *const paths[] = {FOLDER "/dart_1_2_1.json", FOLDER "/dart_3_2_0.ubj",
                                      FOLDER "/dart_3_4_1.ubj"};
  for (size_t i = 0; i < 3; ++i) {
    apo_model *model = apo_fixture_model(paths[i]);
    bool some_weight_is_not_one = false;
    for (uint32_t tree = 0; tree < model->forest->n_trees; ++tree) {
      some_weight_is_not_one |= model->forest->tree_weight[tree] != 1.0;
    }
    assert_true(some_weight_is_not_one);
    apo_model_destroy(&model);
  }
}

static const apo_category_table *table_of(const apo_model *model, uint32_t column) {
  for (uint32_t i = 0; i < model->n_categories; ++i) {
    if (model->categories[i].column == column) return &model->categories[i];
  }
  return NULL;
}

static void named_categories_become_tables(void **state) {
  (void)state;
  static const char *const paths[] = {FOLDER "/named_categories_3_4_1.json",
                                      FOLDER "/named_categories_3_4_1.ubj"};
  for (size_t i = 0; i < 2; ++i) {
    apo_model *model = apo_fixture_model(paths[i]);
    assert_int_equal(model->n_categories, 5);
    assert_null(table_of(model, 5));
    const apo_category_table *colour = table_of(model, 0);
    assert_true(colour->is_text);
    assert_int_equal(colour->texts.n_names, 5);
    assert_string_equal(colour->texts.texts[0], "blue");
    assert_string_equal(colour->texts.texts[4],
                        "se\xc3\xb1"
                        "al");
    assert_true(table_of(model, 1)->numbers[0] == 100.0);
    assert_true(table_of(model, 2)->numbers[0] == -5.0);
    assert_true(table_of(model, 3)->numbers[4] == 65534.0);
    assert_true(table_of(model, 4)->numbers[0] == -3e12);
    apo_model_destroy(&model);
  }
}

/* --- refusals --------------------------------------------------------------------------------- */

static void assert_refused(const char *name,
                           const char *after,
                           const char *old,
                           const char *new,
                           apo_status expected,
                           const char *words) {
  char path[APO_FIXTURE_PATH_BYTES];
  snprintf(path, sizeof path, "%s/%s", FOLDER, name);
  apo_refuse_spoilt(path, after, old, new, expected, words);
}

#define LOGISTIC "logistic_3_4_1.json"
#define SETS     "category_sets_3_4_1.json"

static void unknown_meanings_are_refused_by_name(void **state) {
  (void)state;
  assert_refused(LOGISTIC, "\"objective\"", "binary:logistic", "zzz", APO_ERR_UNSUPPORTED,
                 "xgboost_json: learner.objective.name: objective \"zzz\"");
  assert_refused(LOGISTIC, "\"name\"", "gbtree", "zzz", APO_ERR_UNSUPPORTED,
                 "learner.gradient_booster.name: booster \"zzz\"");
  assert_refused(SETS, "\"split_type\"", "[1", "[2", APO_ERR_UNSUPPORTED,
                 "trees[0].split_type[0]: split type 2");
  assert_refused("parallel_3_4_1.json", "\"num_target\"", "\"1\"", "\"2\"", APO_ERR_UNSUPPORTED,
                 "learner.learner_model_param: 3 classes for each of 2 targets");
}

static void counts_that_disagree_are_refused_with_their_place(void **state) {
  (void)state;
  assert_refused(LOGISTIC, "\"num_nodes\"", "\"1", "\"2", APO_ERR_FORMAT, "trees[0].");
  assert_refused(LOGISTIC, "\"num_trees\"", "\"3\"", "\"4\"", APO_ERR_FORMAT,
                 "learner.gradient_booster.model.trees: 3 elements, needs 4");
  assert_refused(LOGISTIC, "\"tree_info\"", "[0,0,0]", "[0,0]", APO_ERR_FORMAT, "tree_info: 2 el");
  assert_refused(LOGISTIC, "\"tree_info\"", "[0,0,0]", "[0,0,1]", APO_ERR_FORMAT,
                 "tree_info[2]: 1");
  assert_refused(LOGISTIC, "\"num_deleted\"", "\"0\"", "\"1\"", APO_ERR_FORMAT, "tree 0: ");
  assert_refused(LOGISTIC, "\"learner_model_param\"", "\"4\"", "\"5\"", APO_ERR_FORMAT,
                 "learner.feature_names: 4 names, the model has 5 columns");
  assert_refused(LOGISTIC, "\"base_score\"", "[3E-1]", "[3E-1,4E-1]", APO_ERR_FORMAT,
                 "learner.learner_model_param.base_score: more than 1");
  assert_refused("dart_3_4_1.json", "\"weight_drop\"", "[", "[1,", APO_ERR_FORMAT,
                 "weight_drop: 6 elements, needs 5");
  assert_refused("dart_3_2_0.json", "\"weight_drop\"", "[", "[1,", APO_ERR_FORMAT,
                 "learner.gradient_booster.weight_drop: 6 elements, needs 5");
  assert_refused("linear_one_3_4_1.json", "\"weights\"", "[", "[1,", APO_ERR_FORMAT,
                 "learner.gradient_booster.model.weights: 6 elements, needs 5");
}

static void a_tree_out_of_its_place_is_refused(void **state) {
  (void)state;
  assert_refused(LOGISTIC, "\"id\"", ":0", ":1", APO_ERR_FORMAT,
                 "trees[0].id: 1, needs the tree's place in the list");
}

static void broken_trees_are_refused_with_their_place(void **state) {
  (void)state;
  assert_refused(LOGISTIC, "\"left_children\"", "[1,", "[0,", APO_ERR_FORMAT, "tree 0: node 0");
  assert_refused(LOGISTIC, "\"left_children\"", "[1,", "[2,", APO_ERR_FORMAT, "tree 0: node 0");
  assert_refused(LOGISTIC, "\"left_children\"", "[1,", "[99,", APO_ERR_FORMAT,
                 "trees[0].left_children[0]: 99, needs");
  assert_refused(LOGISTIC, "\"right_children\"", "[2,", "[-1,", APO_ERR_FORMAT,
                 "trees[0].right_children[0]: -1, needs");
  assert_refused(LOGISTIC, "\"split_indices\"", "[", "[9, ", APO_ERR_FORMAT, "split_indices: ");
  assert_refused(LOGISTIC, "\"split_conditions\"", "[", "[NaN, ", APO_ERR_FORMAT,
                 "split_conditions: ");
}

static void vector_leaves_without_their_vector_are_refused(void **state) {
  (void)state;
  assert_refused("vector_leaves_3_4_1.json", "\"leaf_weights\"", ":[", ":[1,1],\"x_\":[",
                 APO_ERR_FORMAT, "needs a whole number from 0 to 0");
  assert_refused("vector_leaves_3_4_1.json", "\"leaf_weights\"", ":[", ":[1],\"x_\":[",
                 APO_ERR_FORMAT, "trees[0].leaf_weights: 1 elements, needs a multiple of 2");
  assert_refused("vector_leaves_2_1_4.json", "\"base_weights\"", ":[", ":[1,", APO_ERR_FORMAT,
                 "trees[0].base_weights: ");
  assert_refused("vector_leaves_3_4_1.json", "\"size_leaf_vector\"", "\"2\"", "\"3\"",
                 APO_ERR_FORMAT, "trees[0]: leaves of 3 numbers, the model has 2 outputs");
}

static void a_split_on_a_column_that_is_not_there_is_named(void **state) {
  (void)state;
  assert_refused(
      "deleted_3_4_1.json", "\"learner_model_param\"", "\"4\"", "\"1\"", APO_ERR_FORMAT,
      "learner.gradient_booster.model.trees[0].split_indices[3]: column 3, the model has 1");
}

static void numbers_that_are_not_finite_are_refused(void **state) {
  (void)state;
  assert_refused("leaves_only_3_4_1.json", "\"split_conditions\"", "[4.4180095E-9]", "[NaN]",
                 APO_ERR_FORMAT, "trees[0].split_conditions[0]: nan, needs a finite number");
  assert_refused("leaves_only_3_4_1.json", "\"split_conditions\"", "[4.4180095E-9]", "[-Infinity]",
                 APO_ERR_FORMAT, "trees[0].split_conditions[0]: -inf");
  assert_refused("leaves_only_3_4_1.json", "\"split_conditions\"", "[4.4180095E-9]", "[1e39]",
                 APO_ERR_FORMAT, "trees[0].split_conditions[0]: inf");
  assert_refused(LOGISTIC, "\"base_score\"", "[3E-1]", "[NaN]", APO_ERR_FORMAT, "base_score: ");
  assert_refused("objective_count_poisson_3_4_1.json", "\"base_score\"", "\"[", "\"[-",
                 APO_ERR_FORMAT, "of objective count:poisson, needs a positive number");
}

static void category_lists_that_lie_are_refused(void **state) {
  (void)state;
  assert_refused(SETS, "\"categories_sizes\"", "[", "[1000", APO_ERR_FORMAT,
                 "trees[0].categories_sizes[0]: ");
  assert_refused(SETS, "\"categories_segments\"", "[0", "[-1", APO_ERR_FORMAT,
                 "trees[0].categories_segments[0]: -1");
  assert_refused(SETS, "\"categories_nodes\"", "[0", "[9999", APO_ERR_FORMAT,
                 "trees[0].categories_nodes[0]: 9999");
  assert_refused(SETS, "\"categories\"", "[", "[16777216,", APO_ERR_FORMAT,
                 "trees[0].categories[0]: 16777216");
  assert_refused("named_categories_3_4_1.json", "\"type\"", ":10", ":8", APO_ERR_UNSUPPORTED,
                 "enc[1].type: categories of type 8");
  assert_refused("named_categories_3_4_1.json", "\"offsets\"", "[0,", "[99,", APO_ERR_FORMAT,
                 "enc[0].offsets[");
}

static void more_columns_than_the_limit_are_a_limit(void **state) {
  (void)state;
  assert_refused(LOGISTIC, "\"learner_model_param\"", "\"4\"", "\"1000001\"", APO_ERR_LIMIT,
                 "learner.learner_model_param.num_feature: 1000001, needs 1 to 1000000");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_json_fixture_predicts_what_xgboost_predicted),
      cmocka_unit_test(every_ubjson_fixture_predicts_what_xgboost_predicted),
      cmocka_unit_test(json_and_ubjson_are_the_same_model),
      cmocka_unit_test(a_model_is_described_as_xgboost_describes_it),
      cmocka_unit_test(the_best_iteration_of_early_stopping_is_reported),
      cmocka_unit_test(vector_leaves_of_before_3_2_have_no_cover),
      cmocka_unit_test(dart_keeps_its_weights_in_both_layouts),
      cmocka_unit_test(named_categories_become_tables),
      cmocka_unit_test(unknown_meanings_are_refused_by_name),
      cmocka_unit_test(counts_that_disagree_are_refused_with_their_place),
      cmocka_unit_test(a_tree_out_of_its_place_is_refused),
      cmocka_unit_test(broken_trees_are_refused_with_their_place),
      cmocka_unit_test(vector_leaves_without_their_vector_are_refused),
      cmocka_unit_test(a_split_on_a_column_that_is_not_there_is_named),
      cmocka_unit_test(numbers_that_are_not_finite_are_refused),
      cmocka_unit_test(category_lists_that_lie_are_refused),
      cmocka_unit_test(more_columns_than_the_limit_are_a_limit),
  };
  return cmocka_run_group_tests_name("xgboost", tests, NULL, NULL);
}
