/* test_lightgbm.c - every fixture predicts what LightGBM predicted; layouts; category tables.
 *
 * LightGBM and we add the same doubles in the same order, so margins differ by what exp and the
 * compiler's fused multiplications may round: 1e-14 of the sum of magnitudes is 45 ulps.
 */
#include <math.h>

#include "engine/forest/split.h"
#include "tests/support/fixture_case.h"
#include "tests/support/lightgbm_case.h"

#define FOLDER    "tests/fixtures/lightgbm"
#define TOLERANCE 1e-14

static void every_fixture_predicts_what_lightgbm_predicted(void **state) {
  (void)state;
  static apo_fixture_list list;
  list.n_paths = 0;
  apo_fixtures_add(&list, FOLDER, ".txt");
  assert_true(list.n_paths >= 45);
  for (size_t i = 0; i < list.n_paths; ++i) apo_fixture_check(list.paths[i], TOLERANCE);
}

/* --- what is in a model ----------------------------------------------------------------------- */

static void a_model_is_described_as_its_file_describes_it(void **state) {
  (void)state;
  apo_model *model = apo_fixture_model(FOLDER "/numeric.txt");
  assert_string_equal(model->format, "lightgbm_text");
  assert_string_equal(model->library, "lightgbm");
  assert_string_equal(model->library_version, "v4");
  assert_string_equal(model->objective, "regression");
  assert_int_equal(model->n_columns, 4);
  assert_int_equal(model->n_outputs, 1);
  assert_int_equal(model->trees_per_iteration, 1);
  assert_int_equal(model->best_iteration, -1);
  assert_int_equal(model->column_names.n_names, 4);
  assert_string_equal(model->column_names.texts[2], "h\xc3\xb6he");
  assert_false(model->forest->cast_f32);
  assert_true(model->base[0] == 0.0);
  apo_model_destroy(&model);
}

static void an_objective_is_kept_as_it_stands(void **state) {
  (void)state;
  apo_model *model = apo_fixture_model(FOLDER "/objective_binary.txt");
  assert_string_equal(model->objective, "binary sigmoid:2");
  assert_int_equal(model->link.name, APO_LINK_SIGMOID);
  assert_true(model->link.scale == 2.0);
  apo_model_destroy(&model);
  model = apo_fixture_model(FOLDER "/objective_custom.txt");
  assert_string_equal(model->objective, "");
  assert_int_equal(model->link.name, APO_LINK_IDENTITY);
  apo_model_destroy(&model);
}

static void covers_are_the_counts_of_the_file(void **state) {
  (void)state;
  apo_model *model = read_text(model_text);
  assert_int_equal(model->forest->cover_kind, APO_COVER_COUNT);
  assert_true(model->forest->node_cover[0] == 100);
  assert_true(model->forest->leaf_cover[0] == 10);
  assert_true(model->forest->leaf_cover[1] == 30);
  apo_model_destroy(&model);
  model = read_text(with("leaf_count=10 20 30 40\n", ""));
  assert_int_equal(model->forest->cover_kind, APO_COVER_NONE);
  assert_predicts(model);
  apo_model_destroy(&model);
}

static void a_random_forest_is_a_mean_over_its_iterations(void **state) {
  (void)state;
  apo_model *model = apo_fixture_model(FOLDER "/rf_multiclass.txt");
  assert_int_equal(model->forest->n_trees, 9);
  assert_int_equal(model->trees_per_iteration, 3);
  assert_true(model->forest->divide == 3.0);
  assert_int_equal(model->forest->tree_output[4], 1);
  apo_model_destroy(&model);
  model = apo_fixture_model(FOLDER "/dart.txt");
  assert_true(model->forest->divide == 1.0);
  apo_model_destroy(&model);
}

static void linear_leaves_keep_their_terms(void **state) {
  (void)state;
  apo_model *model = read_text(with("is_linear=0\n",
                                    "is_linear=1\nleaf_const=10 20 30 40\nnum_features=2 0 1 0\n"
                                    "leaf_features=0 1   2  \nleaf_coeff=100 1000   0.5  \n"));
  assert_non_null(model->forest->term_begin);
  assert_int_equal(model->census.n_linear_leaves, 2);
  assert_true(margin_of(model, 0.25, 2, 0) == 10 + 25 + 2000);
  assert_true(margin_of(model, 0.25, NAN, 0) == 1);
  assert_true(margin_of(model, 0, NAN, 4) == 30 + 2);
  assert_true(margin_of(model, 0, 0, NAN) == 3);
  assert_true(margin_of(model, 1, NAN, NAN) == 20);
  assert_true(margin_of(model, 1, 0, 0) == 40);
  apo_model_destroy(&model);
}

static void a_tree_of_one_linear_leaf_is_its_terms(void **state) {
  (void)state;
  static const char text[] =
      "tree\nnum_class=1\nmax_feature_idx=2\nfeature_names=a b c\n\nTree=0\nnum_leaves=1\n"
      "split_feature=\nthreshold=\nleft_child=\nright_child=\nleaf_value=7\nleaf_count=3\n"
      "is_linear=1\nleaf_const=9\nnum_features=1\nleaf_features=1\nleaf_coeff=3\n\n"
      "end of trees\n";
  apo_model *model = read_text(text);
  assert_true(margin_of(model, 0, 1, 0) == 12);
  assert_true(margin_of(model, 0, NAN, 0) == 7);
  apo_model_destroy(&model);
}

static void decision_types_are_numeric_when_none_are_stated(void **state) {
  (void)state;
  apo_model *model = read_text(with("decision_type=2 1 10\n", ""));
  assert_true(margin_of(model, 1, NAN, 0) == 4);
  assert_true(margin_of(model, 0, 0, 0) == 1);
  assert_true(margin_of(model, 0, 0, 0.5) == 3);
  apo_model_destroy(&model);
}

static void an_empty_category_set_sends_everything_right(void **state) {
  (void)state;
  static const char *const sets[] = {"cat_boundaries=0 1\ncat_threshold=0\n",
                                     "cat_boundaries=0 0\ncat_threshold=\n"};
  for (size_t i = 0; i < 2; ++i) {
    apo_model *model = read_text(with("cat_boundaries=0 1\ncat_threshold=5\n", sets[i]));
    static const double values[] = {0, 1, -1, NAN, INFINITY, -INFINITY};
    for (size_t v = 0; v < sizeof values / sizeof *values; ++v) {
      assert_true(margin_of(model, 0, 0, values[v]) == 3);
    }
    apo_model_destroy(&model);
  }
}

static void thresholds_among_the_zeros_split_them_as_one(void **state) {
  (void)state;
  const double edge = APO_ZERO_THRESHOLD;
  static const char *const thresholds[] = {"1e-36", "0", "-0", "-1e-36", "-1.0000000180025095e-35"};
  for (size_t i = 0; i < 5; ++i) {
    char line[64];
    snprintf(line, sizeof line, "threshold=%s 0 -1.5\n", thresholds[i]);
    apo_model *model = read_text(with("threshold=0.5 0 -1.5\n", line));
    const double wanted = i < 3 ? 1 : 4;
    assert_true(margin_of(model, 0, 0, 0) == wanted);
    assert_true(margin_of(model, edge, 0, 0) == wanted);
    assert_true(margin_of(model, -edge, 0, 0) == wanted);
    assert_true(margin_of(model, nextafter(edge, 1), 0, 0) == 4);
    assert_true(margin_of(model, nextafter(-edge, -1), 0, 0) == 1);
    apo_model_destroy(&model);
  }
}

static void a_threshold_of_inf_splits_what_is_missing_from_all_numbers(void **state) {
  (void)state;
  static const struct {
    const char *kind; /* decision_type of the root: missing type, default side */
    double zero, nan; /* the margin where b is large and a is this */
  } cases[] = {{"8", 1, 4}, {"10", 1, 1}, {"4", 4, 4}, {"6", 1, 1}, {"0", 1, 1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    char line[96];
    snprintf(line, sizeof line, "threshold=inf 0 -1.5\ndecision_type=%s 1 10\n", cases[i].kind);
    apo_model *model = read_text(with("threshold=0.5 0 -1.5\ndecision_type=2 1 10\n", line));
    static const double numbers[] = {1e-30, -1, 1e308, INFINITY, -INFINITY};
    for (size_t v = 0; v < sizeof numbers / sizeof *numbers; ++v) {
      assert_true(margin_of(model, numbers[v], 9, 0) == 1);
    }
    assert_true(margin_of(model, 0, 9, 0) == cases[i].zero);
    assert_true(margin_of(model, NAN, 9, 0) == cases[i].nan);
    apo_model_destroy(&model);
  }
}

static void forty_thousand_nodes_are_numbered_beyond_16_bits(void **state) {
  (void)state;
  enum { N = 40000, ROOM = 4 * 16 * N };
  char *text = malloc(ROOM);
  assert_non_null(text);
  size_t n = (size_t)snprintf(
      text, ROOM, "%sTree=0\nnum_leaves=%d\nnum_cat=0\nsplit_feature=", LIGHTGBM_HEAD, N + 1);
  // A heap: node i has children 2 i + 1 and 2 i + 2, and leaf l stands where node N + l would.
  static const char *const lines[] = {
      "\nthreshold=", "\nleft_child=", "\nright_child=", "\nleaf_value="};
  for (int i = 0; i < N; ++i) n += (size_t)snprintf(text + n, ROOM - n, "%d ", i % 3);
  for (int line = 0; line < 4; ++line) {
    n += (size_t)snprintf(text + n, ROOM - n, "%s", lines[line]);
    for (int i = 0; i < (line == 3 ? N + 1 : N); ++i) {
      const int child = 2 * i + (line == 1 ? 1 : 2);
      const int named = child < N ? child : ~(child - N);
      n += (size_t)snprintf(text + n, ROOM - n, "%d ", line == 0 || line == 3 ? i : named);
    }
  }
  n += (size_t)snprintf(text + n, ROOM - n, "\nshrinkage=1\n\n%s", "end of trees\n");
  apo_model *model = read_bytes(text, n);
  // Always right: 0, 2, 6, ... to the last place of the heap's longest row that is reached.
  int64_t at = 0;
  while (at < N) at = 2 * at + 2;
  assert_true(margin_of(model, INFINITY, INFINITY, INFINITY) == (double)(at - N));
  assert_int_equal(model->forest->n_leaves, N + 1);
  apo_model_destroy(&model);
  free(text);
}

/* --- layouts ---------------------------------------------------------------------------------- */

static void line_ends_and_a_byte_order_mark_do_not_matter(void **state) {
  (void)state;
  char text[2 * TEXT_BYTES] = "\xef\xbb\xbf";
  size_t n = 3;
  for (const char *at = model_text; *at != '\0'; ++at) {
    if (*at == '\n') text[n++] = '\r';
    text[n++] = *at;
  }
  assert_same(text, n);
  assert_same(text + 3, n - 3);
  assert_same(text + 3, n - 4);
  assert_same(model_text, strlen(model_text) - 1);
  assert_same(model_text, strlen(model_text));
}

static void sizes_of_trees_are_not_needed_to_find_them(void **state) {
  (void)state;
  static const char *const sizes[] = {"", "tree_sizes=0\n", "tree_sizes=-1\n",
                                      "tree_sizes=99999999999999999999\n"};
  for (size_t i = 0; i < 4; ++i) {
    const char *text = with("tree_sizes=100\n", sizes[i]);
    assert_same(text, strlen(text));
  }
}

static void headers_of_older_versions_are_read(void **state) {
  (void)state;
  static const char *const versions[] = {"", "version=v2\n", "version=v3\n"};
  for (size_t i = 0; i < 3; ++i) {
    const char *text = with("version=v4\n", versions[i]);
    assert_same(text, strlen(text));
  }
  const char *text = with("num_tree_per_iteration=1\n", "");
  assert_same(text, strlen(text));
}

static void a_file_may_end_behind_the_last_line_of_its_last_tree(void **state) {
  (void)state;
  const char *last = strstr(model_text, "shrinkage=1\n");
  const size_t n = (size_t)(last - model_text) + strlen("shrinkage=1");
  assert_same(model_text, n);
  assert_same(model_text, n + 1);
  assert_same(model_text, n + 2);
  const char *end = strstr(model_text, "end of trees\n");
  assert_same(model_text, (size_t)(end - model_text) + strlen("end of trees"));
}

static void a_file_that_is_cut_before_it_is_refused(void **state) {
  (void)state;
  const char *last = strstr(model_text, "shrinkage=1\n");
  const size_t n = (size_t)(last - model_text) + strlen("shrinkage=");
  for (size_t cut = 0; cut < n; ++cut) {
    apo_error err;
    apo_model *model = NULL;
    assert_int_not_equal(apo_model_read(model_text, cut, &model, &err), APO_OK);
    assert_null(model);
  }
  apo_refuse_bytes(model_text, n - 11, APO_ERR_FORMAT,
                   "tree 0: line 29: the file ends inside a tree");
  apo_refuse_bytes(LIGHTGBM_HEAD, strlen(LIGHTGBM_HEAD), APO_ERR_FORMAT,
                   "tree_sizes: 1 trees, the file has 0");
  // Without sizes nothing says that this tree is the last one.
  const char *text = with("tree_sizes=100\n", "");
  apo_refuse_bytes(text, strlen(text) - strlen(LIGHTGBM_TAIL), APO_ERR_FORMAT,
                   "needs \"end of trees\"");
}

static void fewer_or_more_trees_than_sizes_are_refused(void **state) {
  (void)state;
  refuse("tree_sizes=100\n", "tree_sizes=100 100\n", APO_ERR_FORMAT,
         "tree_sizes: 2 trees, the file has 1");
  refuse("end of trees\n", LIGHTGBM_BLOCK "end of trees\n", APO_ERR_FORMAT,
         "tree_sizes: 1 trees, the file has 2");
  refuse("end of trees\n", "end of trees\n" LIGHTGBM_BLOCK, APO_ERR_FORMAT,
         "a tree behind the end");
}

static void a_model_without_trees_needs_its_end(void **state) {
  (void)state;
  static const char empty[] =
      "tree\nnum_class=1\nmax_feature_idx=0\nfeature_names=a\ntree_sizes=\n\nend of trees\n";
  apo_model *model = read_text(empty);
  assert_int_equal(model->forest->n_trees, 0);
  apo_model_destroy(&model);
  apo_refuse_bytes(empty, strlen(empty) - strlen("end of trees\n"), APO_ERR_FORMAT, "end of trees");
}

/* --- categories ------------------------------------------------------------------------------- */

static void pandas_categories_become_tables(void **state) {
  (void)state;
  apo_model *model = apo_fixture_model(FOLDER "/pandas_categories.txt");
  assert_int_equal(model->n_categories, 4);
  const apo_category_table *tables = model->categories;
  assert_int_equal(tables[0].column, 1);
  assert_true(tables[0].is_text);
  assert_int_equal(tables[0].unknown, APO_UNKNOWN_MISSING);
  assert_int_equal(tables[0].texts.n_names, 5);
  assert_string_equal(tables[0].texts.texts[2], "long name with spaces");
  assert_int_equal(tables[1].column, 2);
  assert_true(tables[1].numbers[0] == 1999);
  assert_int_equal(tables[2].column, 4);
  assert_true(tables[2].numbers[2] == 7.25);
  assert_int_equal(tables[3].column, 5);
  assert_true(tables[3].is_text);
  assert_int_equal(tables[3].texts.n_names, 2);
  assert_string_equal(tables[3].texts.texts[0], "False");
  assert_string_equal(tables[3].texts.texts[1], "True");
  apo_model_destroy(&model);
}

static void a_pandas_column_of_one_category_keeps_the_others_in_place(void **state) {
  (void)state;
  apo_model *model = apo_fixture_model(FOLDER "/pandas_constant.txt");
  assert_int_equal(model->n_categories, 5);
  assert_int_equal(model->categories[4].column, 6);
  assert_string_equal(model->categories[4].texts.texts[0], "k");
  apo_model_destroy(&model);
}

/** The number of tables when the list of pandas categories and the parameter are these. */
static uint32_t tables_with(const char *lists, const char *parameter) {
  char text[TEXT_BYTES];
  const int n = snprintf(text, sizeof text, "%s%send of trees\nparameters:\n%s\n%s%s\n",
                         LIGHTGBM_HEAD, LIGHTGBM_BLOCK, parameter, "pandas_categorical:", lists);
  assert_true(n > 0 && n < TEXT_BYTES);
  apo_model *model = read_text(text);
  const uint32_t n_tables = model->n_categories;
  assert_predicts(model);
  apo_model_destroy(&model);
  return n_tables;
}

static void lists_that_fit_no_columns_are_no_tables(void **state) {
  (void)state;
  assert_int_equal(tables_with("[[\"x\",\"y\",\"z\"]]", ""), 1);
  assert_int_equal(tables_with("[[\"x\",\"y\",\"z\"]]", "[categorical_feature: 2]"), 1);
  assert_int_equal(tables_with("[[5,6,7]]", "[categorical_feature: name:c]"), 1);
  assert_int_equal(tables_with("[[false,true,false]]", "[categorical_feature: 0,2]"), 0);
  assert_int_equal(tables_with("[[\"x\",\"y\"]]", ""), 0);
  assert_int_equal(tables_with("[[\"x\",\"y\",\"z\"]]", "[categorical_feature: 1]"), 0);
  assert_int_equal(tables_with("[[\"x\",\"y\",\"z\"]]", "[categorical_feature: 1,2]"), 0);
  assert_int_equal(tables_with("[[\"x\",\"y\",\"z\"],[\"k\"]]", ""), 0);
  assert_int_equal(tables_with("[[0,1,2],[0]]", ""), 0);
  assert_int_equal(tables_with("[]", ""), 0);
  assert_int_equal(tables_with("null", ""), 0);
  apo_model *model = read_text(with("feature_infos=[0:1] [-2:1] -1:0:2\n", ""));
  assert_int_equal(model->n_categories, 0);
  apo_model_destroy(&model);
}

#define LISTS "pandas_categorical:[[\"x\",\"y\",\"z\"]]\n"

static void lists_that_cannot_be_told_from_codes_are_refused(void **state) {
  (void)state;
  refuse(LISTS, "pandas_categorical:[[5,6,7],[\"k\"]]\n", APO_ERR_UNSUPPORTED,
         "pandas_categorical: [0][0]: category 5 cannot be told from a code");
}

static void broken_lists_are_refused_with_their_place(void **state) {
  (void)state;
  refuse(LISTS, "pandas_categorical:[[\"x\"", APO_ERR_FORMAT, "pandas_categorical: byte 5");
  refuse(LISTS, "pandas_categorical:{}\n", APO_ERR_FORMAT, "pandas_categorical: ");
  refuse(LISTS, "pandas_categorical:[1,2]\n", APO_ERR_FORMAT, "pandas_categorical: ");
  refuse(LISTS, "pandas_categorical:[[\"x\",1,2]]\n", APO_ERR_UNSUPPORTED, "[0][1]: ");
  refuse(LISTS, "pandas_categorical:[[null,1,2]]\n", APO_ERR_UNSUPPORTED, "[0][0]: ");
  refuse(LISTS, "pandas_categorical:[[1,2,2]]\n", APO_ERR_FORMAT, "category 2 is listed twice");
  refuse(LISTS, LISTS LISTS, APO_ERR_FORMAT, "line 45: pandas_categorical is there twice");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_fixture_predicts_what_lightgbm_predicted),
      cmocka_unit_test(a_model_is_described_as_its_file_describes_it),
      cmocka_unit_test(an_objective_is_kept_as_it_stands),
      cmocka_unit_test(covers_are_the_counts_of_the_file),
      cmocka_unit_test(a_random_forest_is_a_mean_over_its_iterations),
      cmocka_unit_test(linear_leaves_keep_their_terms),
      cmocka_unit_test(a_tree_of_one_linear_leaf_is_its_terms),
      cmocka_unit_test(decision_types_are_numeric_when_none_are_stated),
      cmocka_unit_test(an_empty_category_set_sends_everything_right),
      cmocka_unit_test(thresholds_among_the_zeros_split_them_as_one),
      cmocka_unit_test(a_threshold_of_inf_splits_what_is_missing_from_all_numbers),
      cmocka_unit_test(forty_thousand_nodes_are_numbered_beyond_16_bits),
      cmocka_unit_test(line_ends_and_a_byte_order_mark_do_not_matter),
      cmocka_unit_test(sizes_of_trees_are_not_needed_to_find_them),
      cmocka_unit_test(headers_of_older_versions_are_read),
      cmocka_unit_test(a_file_may_end_behind_the_last_line_of_its_last_tree),
      cmocka_unit_test(a_file_that_is_cut_before_it_is_refused),
      cmocka_unit_test(fewer_or_more_trees_than_sizes_are_refused),
      cmocka_unit_test(a_model_without_trees_needs_its_end),
      cmocka_unit_test(pandas_categories_become_tables),
      cmocka_unit_test(a_pandas_column_of_one_category_keeps_the_others_in_place),
      cmocka_unit_test(lists_that_fit_no_columns_are_no_tables),
      cmocka_unit_test(lists_that_cannot_be_told_from_codes_are_refused),
      cmocka_unit_test(broken_lists_are_refused_with_their_place),
  };
  return cmocka_run_group_tests_name("lightgbm", tests, NULL, NULL);
}
