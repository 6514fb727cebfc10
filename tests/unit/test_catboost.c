/* test_catboost.c - every fixture predicts what CatBoost predicted, and what is refused.
 *
 * Both sum leaves in double, so they differ by the order of some additions; CatBoost's sigmoid,
 * softmax and exp are good to a few ulps.  1e-12 of the magnitudes is thousands of ulps, and far
 * below the smallest difference that a wrong branch makes.
 */
#include <math.h>

#include "engine/forest/split.h"
#include "tests/support/fixture_case.h"

#define FOLDER    "tests/fixtures/catboost"
#define TOLERANCE 1e-12

static void every_fixture_predicts_what_catboost_predicted(void **state) {
  (void)state;
  static apo_fixture_list list;
  list.n_paths = 0;
  apo_fixtures_add(&list, FOLDER, ".json");
  assert_true(list.n_paths >= 40);
  for (size_t i = 0; i < list.n_paths; ++i) apo_fixture_check(list.paths[i], TOLERANCE);
}

/* --- what is in a model ----------------------------------------------------------------------- */

static void a_model_is_described_as_catboost_describes_it(void **state) {
  (void)state;
  apo_model *model = apo_fixture_model(FOLDER "/names.json");
  assert_string_equal(model->format, "catboost_json");
  assert_string_equal(model->library, "catboost");
  assert_string_equal(model->library_version, "1.2.10");
  assert_string_equal(model->objective, "RMSE");
  assert_int_equal(model->link.name, APO_LINK_IDENTITY);
  assert_int_equal(model->n_columns, 4);
  assert_int_equal(model->column_names.n_names, 4);
  assert_string_equal(model->column_names.texts[2], "height of \xc3\xa9t\xc3\xa9");
  assert_int_equal(model->output_names.n_names, 0);
  assert_int_equal(model->best_iteration, -1);
  assert_int_equal(model->trees_per_iteration, 1);
  assert_int_equal(model->forest->cover_kind, APO_COVER_WEIGHT);
  assert_true(model->forest->cast_f32);
  apo_model_destroy(&model);
}

static void assert_outputs_named(const char *path, uint32_t n, const char *const *names) {
  apo_model *model = apo_fixture_model(path);
  assert_int_equal(model->output_names.n_names, n);
  for (uint32_t i = 0; i < n; ++i) assert_string_equal(model->output_names.texts[i], names[i]);
  apo_model_destroy(&model);
}

static void outputs_are_named_by_their_classes(void **state) {
  (void)state;
  static const char *const words[] = {"yes, or so"};
  static const char *const flags[] = {"True"};
  static const char *const numbers[] = {"-3.25", "0.5", "2"};
  assert_outputs_named(FOLDER "/loss_logloss.json", 1, words);
  assert_outputs_named(FOLDER "/loss_focal.json", 1, flags);
  assert_outputs_named(FOLDER "/loss_multiclass.json", 3, numbers);
  // Two labels, each yes or no: the classes are not the outputs.
  assert_outputs_named(FOLDER "/loss_multilogloss.json", 0, NULL);
  assert_outputs_named(FOLDER "/loss_rmse.json", 0, NULL);
}

static const apo_category_table *table_of(const apo_model *model, uint32_t column) {
  for (uint32_t i = 0; i < model->n_categories; ++i) {
    if (model->categories[i].column == column) return &model->categories[i];
  }
  return NULL;
}

static void categories_become_tables_but_whole_numbers_stand_for_themselves(void **state) {
  (void)state;
  static const char *const colours[] = {"red",
                                        "se\xc3\xb1"
                                        "al",
                                        "7", "green", "NA"};
  apo_model *model = apo_fixture_model(FOLDER "/onehot.json");
  assert_int_equal(model->n_categories, 3);
  const apo_category_table *colour = table_of(model, 0);
  assert_non_null(colour);
  assert_true(colour->is_text);
  assert_int_equal(colour->unknown, APO_UNKNOWN_OTHER);
  assert_int_equal(colour->texts.n_names, 5);
  for (uint32_t i = 0; i < 5; ++i) assert_string_equal(colour->texts.texts[i], colours[i]);
  // Sizes from -3 to 4 need no table; days like 20240101 are no floats; nobody asks for the last.
  assert_null(table_of(model, 1));
  assert_string_equal(table_of(model, 2)->texts.texts[0], "20240106");
  assert_int_equal(table_of(model, 3)->texts.n_names, 0);
  assert_null(table_of(model, 4));
  apo_model_destroy(&model);
}

static void columns_that_were_dropped_are_there_and_unused(void **state) {
  (void)state;
  apo_model *model = apo_fixture_model(FOLDER "/dropped.json");
  assert_int_equal(model->n_columns, 7);
  for (uint64_t node = 0; node < model->forest->n_nodes; ++node) {
    const uint32_t column = model->forest->column[node];
    assert_true(column == 1 || column == 3 || column == 4 || column == 6);
  }
  apo_model_destroy(&model);
}

/* --- documents by hand ------------------------------------------------------------------------ */

#define NUMBER(index, column, borders)                                        \
  "{\"feature_index\":" index ",\"flat_feature_index\":" column               \
  ",\"feature_id\":\"\",\"has_nans\":false,\"nan_value_treatment\":\"AsIs\"," \
  "\"borders\":[" borders "]}"
#define SPLIT(feature, border, index)                                                       \
  "{\"split_type\":\"FloatFeature\",\"float_feature_index\":" feature ",\"border\":" border \
  ",\"split_index\":" index "}"
#define FEATURES \
  "\"features_info\":{\"float_features\":[" NUMBER("0", "0", "0.5") "," NUMBER("1", "1", "1.5") "]}"
#define TREE(splits, values, weights) \
  "{\"splits\":" splits ",\"leaf_values\":[" values "],\"leaf_weights\":[" weights "]}"
#define TWO_LEVELS                                                                        \
  "\"oblivious_trees\":[" TREE("[" SPLIT("0", "0.5", "0") "," SPLIT("1", "1.5", "1") "]", \
                               "1,2,3,4", "10,20,30,40") "]"

static apo_model *read_text(const char *text) {
  apo_error err;
  apo_model *model = NULL;
  const apo_status status = apo_model_read(text, strlen(text), &model, &err);
  if (status != APO_OK) print_error("%s\n", text);
  assert_ok(status, &err);
  return model;
}

static double margin_of(const apo_model *model, double x, double y) {
  apo_error err;
  const double row[] = {x, y};
  double margin = NAN;
  assert_ok(apo_model_margin(model, row, &margin, &err), &err);
  return margin;
}

static void the_root_of_a_symmetric_tree_is_its_last_split(void **state) {
  (void)state;
  //           y <= 1.5 (100)
  //         /           \                    leaf = (x > 0.5) + 2 (y > 1.5)
  //   x <= 0.5 (30)   x <= 0.5 (70)
  //    /     \          /     \             preorder numbers the inner nodes 0 1 2
  //  1 (10) 2 (20)   3 (30)  4 (40)
  apo_model *model = read_text("{" FEATURES "," TWO_LEVELS "}");
  const apo_forest *forest = model->forest;
  static const double covers[] = {100, 30, 70};
  static const double leaf_covers[] = {10, 20, 30, 40};
  static const double values[] = {1, 2, 3, 4};
  assert_int_equal(forest->n_nodes, 3);
  assert_int_equal(forest->column[0], 1);
  assert_int_equal(forest->column[1], 0);
  assert_int_equal(forest->column[2], 0);
  assert_memory_equal(forest->node_cover, covers, sizeof covers);
  assert_memory_equal(forest->leaf_cover, leaf_covers, sizeof leaf_covers);
  assert_memory_equal(forest->leaf_value, values, sizeof values);
  assert_true(margin_of(model, 0.5, 1.5) == 1.0);
  assert_true(margin_of(model, 0.75, 1.5) == 2.0);
  assert_true(margin_of(model, 0.5, 1.75) == 3.0);
  assert_true(margin_of(model, NAN, INFINITY) == 3.0);
  apo_model_destroy(&model);
}

static void a_loss_that_is_not_known_has_margins_only(void **state) {
  (void)state;
  static const char *const infos[] = {
      "",
      "\"model_info\":{},",
      "\"model_info\":{\"params\":{\"loss_function\":{\"type\":\"PythonUserDefinedPerObject\"}}},",
      "\"model_info\":{\"params\":{\"loss_function\":{\"type\":\"RMSEWithUncertainty\"}}},",
  };
  for (size_t i = 0; i < sizeof infos / sizeof infos[0]; ++i) {
    char text[2048];
    snprintf(text, sizeof text, "{%s%s}", infos[i], FEATURES "," TWO_LEVELS);
    apo_model *model = read_text(text);
    assert_int_equal(model->link.name, APO_LINK_NONE);
    assert_false(apo_link_has_response(model->link));
    apo_model_destroy(&model);
  }
}

static void what_is_an_object_may_be_a_text_that_holds_one(void **state) {
  (void)state;
  static const char *const infos[] = {
      "{\"params\":\"{\\\"loss_function\\\":{\\\"type\\\":\\\"Poisson\\\"}}\"}",
      "{\"params\":{\"loss_function\":\"{\\\"type\\\":\\\"Poisson\\\"}\"}}",
      "{\"loss_function\":\"{\\\"type\\\":\\\"Poisson\\\"}\"}",
      "{\"params\":{},\"loss_function\":{\"type\":\"Poisson\"}}",
  };
  for (size_t i = 0; i < sizeof infos / sizeof infos[0]; ++i) {
    char text[2048];
    snprintf(text, sizeof text, "{\"model_info\":%s,%s}", infos[i], FEATURES "," TWO_LEVELS);
    apo_model *model = read_text(text);
    assert_int_equal(model->link.name, APO_LINK_EXP);
    assert_string_equal(model->objective, "Poisson");
    apo_model_destroy(&model);
  }
}

static void scale_and_bias_have_the_forms_of_all_versions(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double margin;
  } cases[] = {
      {"", 1.0},
      {",\"scale_and_bias\":[2,[5]]", 7.0},
      {",\"scale_and_bias\":[2,5]", 7.0},
      {",\"scale_and_bias\":[2,[]]", 2.0},
      {",\"scale_and_bias\":[2,null]", 2.0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    char text[2048];
    snprintf(text, sizeof text, "{%s%s}", FEATURES "," TWO_LEVELS, cases[i].text);
    apo_model *model = read_text(text);
    assert_true(margin_of(model, 0.0, 0.0) == cases[i].margin);
    apo_model_destroy(&model);
  }
}

static void a_model_without_trees_is_its_bias(void **state) {
  (void)state;
  static const char *const trees[] = {"null", "[]"};
  for (size_t i = 0; i < 2; ++i) {
    char text[2048];
    snprintf(text, sizeof text, "{%s,\"oblivious_trees\":%s,\"scale_and_bias\":[1,[0.5,-2]]}",
             FEATURES, trees[i]);
    apo_model *model = read_text(text);
    assert_int_equal(model->n_outputs, 2);
    assert_int_equal(model->forest->n_trees, 0);
    assert_true(model->base[0] == 0.5 && model->base[1] == -2.0);
    apo_model_destroy(&model);
  }
}

static void one_tree_without_weights_leaves_a_model_without_covers(void **state) {
  (void)state;
  static const char *const lone[] = {
      "{\"splits\":null,\"leaf_values\":[1]}",
      "{\"splits\":[],\"leaf_values\":[1],\"leaf_weights\":null}",
  };
  for (size_t i = 0; i < 2; ++i) {
    char text[2048];
    snprintf(text, sizeof text, "{%s,\"oblivious_trees\":[%s,%s]}", FEATURES,
             TREE("null", "2", "3"), lone[i]);
    apo_model *model = read_text(text);
    assert_int_equal(model->forest->cover_kind, APO_COVER_NONE);
    assert_true(margin_of(model, 0.0, 0.0) == 3.0);
    apo_model_destroy(&model);
  }
}

static void split_index_may_be_left_out(void **state) {
  (void)state;
  apo_model *model = read_text("{" FEATURES
                               ",\"trees\":[{\"split\":{\"split_type\":\"FloatFeature\","
                               "\"float_feature_index\":1,\"border\":1.5},"
                               "\"left\":{\"value\":1},\"right\":{\"value\":[2],\"weight\":3}}]}");
  assert_true(margin_of(model, 0.0, 1.5) == 1.0);
  assert_true(margin_of(model, 0.0, 1.6) == 2.0);
  assert_int_equal(model->forest->cover_kind, APO_COVER_NONE);
  apo_model_destroy(&model);
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

static void columns_that_only_catboost_can_compute_are_refused_by_name(void **state) {
  (void)state;
  static const struct {
    const char *path;
    apo_status status;
    const char *words;
  } cases[] = {
      {FOLDER "/refused/ctr.json", APO_ERR_UNSUPPORTED,
       "splits[0]: column 1 \"size\" is tested through target statistics (CTR): train with "
       "one_hot_max_size"},
      {FOLDER "/refused/no_pool.json", APO_ERR_UNSUPPORTED,
       "features_info.categorical_features[0]: column 0 \"colour\" has one-hot splits and the file "
       "no cat_features_hash: save the model again with pool="},
      {FOLDER "/refused/other_pool.json", APO_ERR_FORMAT,
       "column 0 \"colour\": hash 1894726013 is not in cat_features_hash"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    const apo_bytes bytes = apo_fixture_read(cases[i].path);
    apo_refuse_bytes((const char *)bytes.at, bytes.n_bytes, cases[i].status, cases[i].words);
    free((void *)(uintptr_t)bytes.at);
  }
}

#define NAMES   "names.json"
#define ONEHOT  "onehot.json"
#define CLASSES "multiclass.json"
#define NESTED  "depthwise.json"

static void unknown_meanings_are_refused_by_name(void **state) {
  (void)state;
  assert_refused(NAMES, "\"splits\"", "FloatFeature", "EstimatedFeature", APO_ERR_UNSUPPORTED,
                 "oblivious_trees[0].splits[0].split_type: "
                 "\"EstimatedFeature\" is not known");
  assert_refused(NAMES, "\"nan_value_treatment\"", "AsFalse", "AsIt", APO_ERR_UNSUPPORTED,
                 "features_info.float_features[0].nan_value_treatment: \"AsIt\" is not known");
}

static void numbers_that_disagree_are_refused_with_their_place(void **state) {
  (void)state;
  assert_refused(NAMES, "\"leaf_values\"", "[", "[1,", APO_ERR_FORMAT,
                 "oblivious_trees[0].leaf_values: 9 elements");
  assert_refused(NAMES, "\"leaf_weights\"", "[", "[1,", APO_ERR_FORMAT,
                 "oblivious_trees[0].leaf_weights: 9 elements, needs 8");
  assert_refused(NAMES, "\"leaf_weights\"", "[", "[-", APO_ERR_FORMAT,
                 "oblivious_trees[0].leaf_weights[0]: -");
  assert_refused(NAMES, "\"splits\"", "\"float_feature_index\":", "\"float_feature_index\":9",
                 APO_ERR_FORMAT, "is the feature_index of no numeric column");
  assert_refused(NAMES, "\"splits\"", "\"border\":", "\"border\":9,\"x\":", APO_ERR_FORMAT,
                 "splits[0].split_index: ");
  assert_refused(NAMES, "\"splits\"", "\"split_index\":", "\"split_index\":9", APO_ERR_FORMAT,
                 "in features_info");
  assert_refused(NAMES, "\"flat_feature_index\":1", "1", "0", APO_ERR_FORMAT,
                 "float_features[1]: column 0 is another feature's as well");
  assert_refused(NAMES, "\"feature_index\":1", "1", "0", APO_ERR_FORMAT,
                 "float_features[1].feature_index: 0 after 0, needs to ascend");
  assert_refused(NAMES, "\"feature_id\"", "age", "income", APO_ERR_FORMAT, "income");
  assert_refused(NAMES, "\"scale_and_bias\"", "[1,[", "[1,[0,", APO_ERR_FORMAT,
                 "scale_and_bias[1]: 2 elements, needs 1");
  assert_refused(NAMES, "\"oblivious_trees\"", "\"oblivious_trees\"", "\"other_trees\"",
                 APO_ERR_FORMAT, "neither oblivious_trees and trees");
  assert_refused(CLASSES, "\"class_names\"", "[", "[9,", APO_ERR_FORMAT,
                 "model_info.class_params.class_names: 4 elements, needs 3");
  assert_refused(NESTED, "\"trees\"", "\"value\"", "\"valve\"", APO_ERR_FORMAT, "trees[0].left");
  assert_refused("depthwise_multiclass.json", "\"right\"", "\"value\":[", "\"value\":[1,",
                 APO_ERR_FORMAT, "4 elements, needs 3");
  assert_refused(ONEHOT, "\"oblivious_trees\"", "\"cat_feature_index\":", "\"cat_feature_index\":9",
                 APO_ERR_FORMAT, "is the feature_index of no categorical column");
  assert_refused(ONEHOT, "\"oblivious_trees\"", "\"value\":", "\"value\":1,\"x\":", APO_ERR_FORMAT,
                 "is not among the values of column");
}

static void numbers_that_are_not_finite_are_refused_with_their_place(void **state) {
  (void)state;
  assert_refused(NAMES, "\"leaf_values\"", "[", "[1e999,", APO_ERR_FORMAT, "leaf_values: 9");
  assert_refused(NAMES, "\"scale_and_bias\"", "[1,", "[1e999,", APO_ERR_FORMAT,
                 "scale_and_bias[0]: inf, needs a finite number");
  assert_refused(NAMES, "\"scale_and_bias\"", "[1,[", "[1,[1e999], [", APO_ERR_FORMAT,
                 "scale_and_bias: 3 elements, needs 2");
  assert_refused(NAMES, "\"borders\"", "[", "[1e39,", APO_ERR_FORMAT,
                 "features_info.float_features[0].borders[0]: 1e+39, needs a finite float");
  assert_refused(NAMES, "\"splits\"", "\"border\":", "\"border\":1e99,\"x\":", APO_ERR_FORMAT,
                 "splits[0].border: 1e+99, needs a finite float");
  assert_refused(NESTED, "\"trees\"", "\"value\":", "\"value\":NaN,\"x\":", APO_ERR_FORMAT,
                 "value: nan, needs a finite number");
  assert_refused(NESTED, "\"trees\"", "\"weight\":", "\"weight\":-1,\"x\":", APO_ERR_FORMAT,
                 "weight: -1, needs 0 or more");
}

static void a_document_with_both_kinds_of_trees_is_refused(void **state) {
  (void)state;
  assert_refused(NAMES, "\"oblivious_trees\"", "\"oblivious_trees\"",
                 "\"trees\":[],\"oblivious_trees\"", APO_ERR_FORMAT,
                 "document: both oblivious_trees and trees");
}

static void categories_listed_twice_are_refused(void **state) {
  (void)state;
  assert_refused(ONEHOT, "\"cat_features_hash\":[{\"hash\":", ":[{\"hash\"",
                 ":[{\"hash\":1,\"value\":\"a\"},{\"hash\":1,\"value\":\"b\"},{\"hash\"",
                 APO_ERR_FORMAT, "features_info.cat_features_hash: hash 1 occurs twice");
  assert_refused(ONEHOT, "\"values\":[", "\"values\":[", "\"values\":[1894726013,", APO_ERR_FORMAT,
                 "categorical_features[0]: value 1894726013 is listed twice");
}

static void seventeen_levels_are_one_too_many(void **state) {
  (void)state;
  static char text[8192];
  int n = snprintf(text, sizeof text, "{%s,\"oblivious_trees\":[{\"splits\":[", FEATURES);
  for (int level = 0; level < 17; ++level) {
    n += snprintf(text + n, sizeof text - (size_t)n, "%s%s", level > 0 ? "," : "",
                  SPLIT("0", "0.5", "0"));
  }
  n += snprintf(text + n, sizeof text - (size_t)n, "],\"leaf_values\":[1]}]}");
  assert_true(n < (int)sizeof text);
  apo_refuse_bytes(text, (size_t)n, APO_ERR_LIMIT,
                   "oblivious_trees[0].splits: 17 splits, at most 16");
}

static void trees_nest_as_deep_as_catboost_makes_them_and_not_without_end(void **state) {
  (void)state;
  apo_model *model = apo_fixture_model(FOLDER "/chain.json");
  assert_int_equal(model->census.max_depth, 16);
  apo_model_destroy(&model);
  enum { LEVELS = 5000, BYTES = 200 };
  char *text = malloc((size_t)LEVELS * BYTES);
  assert_non_null(text);
  int n = snprintf(text, 4096, "{%s,\"trees\":[", FEATURES);
  for (int level = 0; level < LEVELS; ++level) {
    n += snprintf(text + n, BYTES, "{\"right\":{\"value\":1},\"left\":");
  }
  apo_refuse_bytes(text, (size_t)n, APO_ERR_FORMAT, "nesting deeper than 64");
  free(text);
}

static void a_small_file_does_not_claim_a_large_model(void **state) {
  (void)state;
  assert_refused(NAMES, "\"flat_feature_index\":3", "3", "1000000", APO_ERR_LIMIT,
                 "flat_feature_index: column 1000000, at most 1000000 columns");
  assert_refused(NAMES, "\"flat_feature_index\":3", "3", "4294967296", APO_ERR_LIMIT,
                 "at most 1000000 columns");
  // A thousand columns name one long text.
  enum { N_COLUMNS = 1000, N_LONG = 4000, BYTES = 256 };
  char *text = malloc((size_t)N_COLUMNS * BYTES + N_LONG);
  assert_non_null(text);
  int n =
      snprintf(text, 256, "{\"features_info\":{\"cat_features_hash\":[{\"hash\":5,\"value\":\"");
  for (int i = 0; i < N_LONG; ++i) text[n++] = 'x';
  n += snprintf(text + n, 256, "\"}],\"categorical_features\":[");
  for (int i = 0; i < N_COLUMNS; ++i) {
    n += snprintf(text + n, BYTES,
                  "%s{\"feature_index\":%d,\"flat_feature_index\":%d,\"values\":[5]}",
                  i > 0 ? "," : "", i, i);
  }
  n += snprintf(text + n, 256, "]},\"oblivious_trees\":[]}");
  apo_refuse_bytes(text, (size_t)n, APO_ERR_LIMIT,
                   "the categories of all columns have more text than the file");
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_fixture_predicts_what_catboost_predicted),
      cmocka_unit_test(a_model_is_described_as_catboost_describes_it),
      cmocka_unit_test(outputs_are_named_by_their_classes),
      cmocka_unit_test(categories_become_tables_but_whole_numbers_stand_for_themselves),
      cmocka_unit_test(columns_that_were_dropped_are_there_and_unused),
      cmocka_unit_test(the_root_of_a_symmetric_tree_is_its_last_split),
      cmocka_unit_test(a_loss_that_is_not_known_has_margins_only),
      cmocka_unit_test(what_is_an_object_may_be_a_text_that_holds_one),
      cmocka_unit_test(scale_and_bias_have_the_forms_of_all_versions),
      cmocka_unit_test(a_model_without_trees_is_its_bias),
      cmocka_unit_test(one_tree_without_weights_leaves_a_model_without_covers),
      cmocka_unit_test(split_index_may_be_left_out),
      cmocka_unit_test(columns_that_only_catboost_can_compute_are_refused_by_name),
      cmocka_unit_test(unknown_meanings_are_refused_by_name),
      cmocka_unit_test(numbers_that_disagree_are_refused_with_their_place),
      cmocka_unit_test(numbers_that_are_not_finite_are_refused_with_their_place),
      cmocka_unit_test(a_document_with_both_kinds_of_trees_is_refused),
      cmocka_unit_test(categories_listed_twice_are_refused),
      cmocka_unit_test(seventeen_levels_are_one_too_many),
      cmocka_unit_test(trees_nest_as_deep_as_catboost_makes_them_and_not_without_end),
      cmocka_unit_test(a_small_file_does_not_claim_a_large_model),
  };
  return cmocka_run_group_tests_name("catboost", tests, NULL, NULL);
}
