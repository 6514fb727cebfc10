/* test_lightgbm_refusals.c - what is refused of LightGBM's text, with its place.
 *
 * Among it the faults of other loaders: children and category sets outside their arrays, cycles,
 * arrays shorter than num_leaves says.
 */
#include <stdlib.h>

#include "tests/support/lightgbm_case.h"

/* --- header ------------------------------------------------------------------------- */

static void unknown_meanings_are_refused_by_name(void **state) {
  (void)state;
  refuse("version=v4", "version=v9", APO_ERR_UNSUPPORTED, "version: \"v9\" is not known");
  refuse("=regression\n", "=zzz a:1\n", APO_ERR_UNSUPPORTED, "objective: \"zzz\" is not known");
  refuse("=regression\n", "=\n", APO_ERR_UNSUPPORTED, "objective: \"\" is not known");
  refuse("=regression\n", "=regression foo:3\n", APO_ERR_UNSUPPORTED,
         "objective: option \"foo:3\" of regression");
  refuse("=regression\n", "=huber sqrt\n", APO_ERR_UNSUPPORTED, "option \"sqrt\" of huber");
}

static void options_of_an_objective_are_checked(void **state) {
  (void)state;
  refuse("=regression\n", "=binary\n", APO_ERR_FORMAT, "binary needs the option sigmoid");
  refuse("=regression\n", "=binary sigmoid:0\n", APO_ERR_FORMAT, "sigmoid \"0\", needs");
  refuse("=regression\n", "=binary sigmoid:nan\n", APO_ERR_FORMAT, "sigmoid \"nan\", needs");
  refuse("=regression\n", "=multiclass\n", APO_ERR_FORMAT, "needs the option num_class");
  refuse("=regression\n", "=multiclass num_class:3\n", APO_ERR_FORMAT, "\"3\", the model has 1");
  refuse("num_class=1\nnum_tree_per_iteration=1\n", "num_class=2\nnum_tree_per_iteration=2\n",
         APO_ERR_FORMAT, "regression with 2 outputs");
}

static void absurd_sizes_are_refused(void **state) {
  (void)state;
  refuse("max_feature_idx=2", "max_feature_idx=1000000", APO_ERR_LIMIT,
         "max_feature_idx: 1000000, at most 999999");
  refuse("max_feature_idx=2", "max_feature_idx=-1", APO_ERR_FORMAT, "max_feature_idx: -1");
  refuse("max_feature_idx=2\n", "", APO_ERR_FORMAT, "max_feature_idx: is not there");
  refuse("num_class=1\n", "num_class=10001\n", APO_ERR_LIMIT, "num_class: 10001, at most 10000");
  refuse("num_class=1\n", "num_class=0\n", APO_ERR_FORMAT, "num_class: 0");
  refuse("iteration=1\n", "iteration=2\n", APO_ERR_FORMAT, "2 trees for 1 classes");
  refuse("num_class=1\n", "num_class=99999999999999999999\n", APO_ERR_FORMAT, "a whole number");
  refuse("num_class=1\n", "num_class=0x1\n", APO_ERR_FORMAT, "num_class: \"0x1\"");
}

static void header_lists_that_disagree_are_refused(void **state) {
  (void)state;
  refuse("names=a b c", "names=a b", APO_ERR_FORMAT, "feature_names: 2 names, the model has 3");
  refuse("names=a b c", "names=a", APO_ERR_FORMAT, "feature_names: 1 names, the model has 3");
  refuse("names=a b c", "names=a b c d", APO_ERR_FORMAT, "feature_names: 4 names");
  refuse("names=a b c", "names=a b a", APO_ERR_FORMAT, "column");
  refuse("names=a b c", "names=a \xff c", APO_ERR_FORMAT, "feature_names[1]: ");
  refuse("infos=[0:1] ", "infos=", APO_ERR_FORMAT, "feature_infos: 2 infos, the model has 3");
  refuse("num_class=1\n", "num_class=1\nnum_class=1\n", APO_ERR_FORMAT,
         "line 4: num_class is there twice");
}

static void trees_that_do_not_fill_the_last_iteration_are_refused(void **state) {
  (void)state;
  refuse(
      "num_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=2\n"
      "objective=regression\n",
      "num_class=2\nmax_feature_idx=2\n", APO_ERR_FORMAT,
      "trees: 1 of them, needs a multiple of 2");
}

/* --- trees -------------------------------------------------------------------------- */

static void children_out_of_range_are_refused_with_their_place(void **state) {
  (void)state;
  static const char *const children[] = {"-5", "3", "-2147483648", "2147483647", "4294967296"};
  for (size_t i = 0; i < sizeof children / sizeof *children; ++i) {
    char line[96];
    char words[96];
    snprintf(line, sizeof line, "left_child=1 %s -2\n", children[i]);
    snprintf(words, sizeof words, "tree 0: left_child[1]: %s, needs -4 to 2", children[i]);
    refuse("left_child=1 -1 -2\n", line, APO_ERR_FORMAT, words);
    snprintf(line, sizeof line, "right_child=%s -3 -4\n", children[i]);
    snprintf(words, sizeof words, "tree 0: right_child[0]: %s, needs -4 to 2", children[i]);
    refuse("right_child=2 -3 -4\n", line, APO_ERR_FORMAT, words);
  }
  refuse("left_child=1 -1", "left_child=1 1e0", APO_ERR_FORMAT, "left_child[1]: \"1e0\", needs");
}

static void cycles_and_shared_children_are_refused(void **state) {
  (void)state;
  refuse("left_child=1 ", "left_child=0 ", APO_ERR_FORMAT, "tree 0: node 0: child 0");
  refuse("left_child=1 -1 ", "left_child=1 0 ", APO_ERR_FORMAT, "tree 0: node 1: child 0");
  refuse("left_child=1 -1 ", "left_child=1 1 ", APO_ERR_FORMAT, "tree 0: node 1: child 1");
  refuse("left_child=1 -1 ", "left_child=1 -3 ", APO_ERR_FORMAT, "tree 0: node 1: child 5");
  refuse("right_child=2 ", "right_child=1 ", APO_ERR_FORMAT, "tree 0: node 0: child 1");
  refuse("right_child=2 ", "right_child=-4 ", APO_ERR_FORMAT, "tree 0: ");
}

static void arrays_of_the_wrong_length_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *line;
    const char *shorter;
    const char *longer;
    const char *place;
  } cases[] = {
      {"split_feature=0 2 1\n", "split_feature=0 2\n", "split_feature=0 2 1 0\n",
       "split_feature: "},
      {"threshold=0.5 0 -1.5\n", "threshold=0.5 0\n", "threshold=0.5 0 -1.5 3\n", "threshold: "},
      {"decision_type=2 1 10\n", "decision_type=2 1\n", "decision_type=2 1 10 2\n",
       "decision_type: "},
      {"left_child=1 -1 -2\n", "left_child=1 -1\n", "left_child=1 -1 -2 -2\n", "left_child: "},
      {"right_child=2 -3 -4\n", "right_child=2 -3\n", "right_child=2 -3 -4 1\n", "right_child: "},
      {"leaf_value=1 2 3 4\n", "leaf_value=1 2 3\n", "leaf_value=1 2 3 4 5\n", "leaf_value: "},
      {"leaf_count=10 20 30 40\n", "leaf_count=10 20 30\n", "leaf_count=10 20 30 40 50\n",
       "leaf_count: "},
      {"internal_count=100 40 60\n", "internal_count=100 40\n", "internal_count=100 40 60 1\n",
       "internal_count: "},
      {"cat_boundaries=0 1\n", "cat_boundaries=0\n", "cat_boundaries=0 1 1\n", "cat_boundaries: "},
      {"cat_threshold=5\n", "cat_threshold=\n", "cat_threshold=5 5\n", "cat_threshold: "},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    refuse(cases[i].line, cases[i].shorter, APO_ERR_FORMAT, cases[i].place);
    refuse(cases[i].line, cases[i].longer, APO_ERR_FORMAT, cases[i].place);
  }
  refuse("leaf_value=1 2 3 4\n", "leaf_value=1 2 3\n", APO_ERR_FORMAT,
         "tree 0: leaf_value: 3 values, needs 4");
  refuse("leaf_value=1 2 3 4\n", "", APO_ERR_FORMAT, "tree 0: leaf_value: is not there");
  refuse("split_feature=0 2 1\n", "split_feature=0 2 1\nsplit_feature=0 2 1\n", APO_ERR_FORMAT,
         "tree 0: line 16: split_feature is there twice");
}

static void numbers_of_leaves_that_lie_are_refused(void **state) {
  (void)state;
  refuse("num_leaves=4", "num_leaves=0", APO_ERR_FORMAT, "tree 0: num_leaves: 0, needs 1 to");
  refuse("num_leaves=4", "num_leaves=-1", APO_ERR_FORMAT, "tree 0: num_leaves: -1");
  refuse("num_leaves=4", "num_leaves=1", APO_ERR_FORMAT, "tree 0: split_feature: 3 values");
  refuse("num_leaves=4", "num_leaves=5", APO_ERR_FORMAT, "tree 0: split_feature: 3 values");
  refuse("num_leaves=4", "num_leaves=2147483647", APO_ERR_FORMAT, "split_feature: 3 values");
  refuse("num_leaves=4", "num_leaves=2147483648", APO_ERR_FORMAT, "num_leaves: 2147483648");
  refuse("num_leaves=4\n", "", APO_ERR_FORMAT, "tree 0: num_leaves: is not there");
}

static void numbers_that_are_not_finite_are_refused(void **state) {
  (void)state;
  static const char *const words[] = {"nan", "-nan", "inf", "-inf", "1e999", "0x1p3", "1,5"};
  for (size_t i = 0; i < 7; ++i) {
    char line[64];
    snprintf(line, sizeof line, "leaf_value=1 2 %s 4\n", words[i]);
    refuse("leaf_value=1 2 3 4\n", line, APO_ERR_FORMAT, "tree 0: leaf_value[2]: \"");
    // A numeric split is at inf when it is on what is missing.
    if (strcmp(words[i], "inf") == 0) continue;
    snprintf(line, sizeof line, "threshold=0.5 0 %s\n", words[i]);
    refuse("threshold=0.5 0 -1.5\n", line, APO_ERR_FORMAT, "tree 0: threshold[2]: \"");
  }
}

static void splits_that_mean_nothing_are_refused(void **state) {
  (void)state;
  refuse("threshold=0.5 0 -1.5\n", "threshold=0.5 inf -1.5\n", APO_ERR_FORMAT,
         "tree 0: threshold[1]: category set inf");
  refuse("decision_type=2 ", "decision_type=14 ", APO_ERR_FORMAT,
         "tree 0: decision_type[0]: 14 has missing type 3");
  refuse("decision_type=2 ", "decision_type=16 ", APO_ERR_FORMAT, "decision_type[0]: 16, needs");
  refuse("decision_type=2 ", "decision_type=-1 ", APO_ERR_FORMAT, "decision_type[0]: -1, needs");
  refuse("split_feature=0 2 1", "split_feature=0 3 1", APO_ERR_FORMAT,
         "tree 0: split_feature[1]: 3, needs 0 to 2");
  refuse("split_feature=0 2 1", "split_feature=0 -1 1", APO_ERR_FORMAT, "split_feature[1]: -1");
  refuse("leaf_count=10 ", "leaf_count=-10 ", APO_ERR_FORMAT, "tree 0: leaf_count[0]: -10");
}

static void category_sets_that_are_not_there_are_refused(void **state) {
  (void)state;
  static const char *const sets[] = {"-1", "1", "1000000000", "0.5", "1e300"};
  for (size_t i = 0; i < sizeof sets / sizeof *sets; ++i) {
    char line[64];
    snprintf(line, sizeof line, "threshold=0.5 %s -1.5\n", sets[i]);
    refuse("threshold=0.5 0 -1.5\n", line, APO_ERR_FORMAT, "tree 0: threshold[1]: category set ");
  }
  refuse("num_cat=1\n", "num_cat=0\n", APO_ERR_FORMAT, "category set 0, the tree has 0");
  refuse("num_cat=1\n", "", APO_ERR_FORMAT, "category set 0, the tree has 0");
  refuse("num_cat=1\n", "num_cat=-1\n", APO_ERR_FORMAT, "tree 0: num_cat: -1");
  refuse("num_cat=1\n", "num_cat=2147483647\n", APO_ERR_FORMAT, "tree 0: cat_boundaries: ");
}

static void category_sets_that_lie_are_refused(void **state) {
  (void)state;
  refuse("cat_boundaries=0 1\n", "cat_boundaries=1 1\n", APO_ERR_FORMAT, "cat_boundaries[0]: 1");
  refuse("cat_boundaries=0 1\n", "cat_boundaries=0 -1\n", APO_ERR_FORMAT, "cat_boundaries[1]: -1");
  refuse("cat_boundaries=0 1\n", "cat_boundaries=0 2\n", APO_ERR_FORMAT,
         "tree 0: cat_threshold: 1 values, needs 2");
  refuse("cat_boundaries=0 1\n", "cat_boundaries=0 2147483647\n", APO_ERR_FORMAT,
         "tree 0: cat_threshold: 1 values, needs 2147483647");
  refuse("num_cat=1\n", "num_cat=2\ncat_boundaries=0 1 0\n", APO_ERR_FORMAT, "there twice");
  refuse("cat_boundaries=0 1\n", "cat_boundaries=0 0\n", APO_ERR_FORMAT, "cat_threshold: 1 values");
  refuse("cat_threshold=5", "cat_threshold=4294967296", APO_ERR_FORMAT, "cat_threshold[0]: ");
  refuse("cat_threshold=5", "cat_threshold=-1", APO_ERR_FORMAT, "cat_threshold[0]: \"-1\"");
}

static void a_category_beyond_the_limit_is_a_limit(void **state) {
  (void)state;
  enum { N_WORDS = (1 << 24) / 32 + 1, ROOM = 2 * N_WORDS + TEXT_BYTES };
  char *text = malloc(ROOM);
  assert_non_null(text);
  const char *at = strstr(model_text, "cat_boundaries=0 1\ncat_threshold=5\n");
  size_t n = (size_t)snprintf(text, ROOM,
                              "%.*scat_boundaries=0 %d\ncat_threshold=", (int)(at - model_text),
                              model_text, N_WORDS);
  for (int i = 0; i + 1 < N_WORDS; ++i) {
    text[n++] = '0';
    text[n++] = ' ';
  }
  n += (size_t)snprintf(text + n, ROOM - n, "1\nshrinkage=1\n\nend of trees\n");
  apo_refuse_bytes(text, n, APO_ERR_LIMIT,
                   "tree 0: cat_threshold: category 16777216, at most 16777215");
  free(text);
}

#define LINEAR(constants, counts, columns, coefficients)                                   \
  "is_linear=1\nleaf_const=" constants "\nnum_features=" counts "\nleaf_features=" columns \
  "\nleaf_coeff=" coefficients "\n"

static void linear_leaves_that_lie_are_refused(void **state) {
  (void)state;
  refuse("is_linear=0\n", "is_linear=2\n", APO_ERR_FORMAT, "tree 0: is_linear: 2, needs 0 to 1");
  refuse("is_linear=0\n", "is_linear=1\n", APO_ERR_FORMAT, "tree 0: leaf_const: is not there");
  refuse("is_linear=0\n", LINEAR("1 2 3", "0 0 0 0", "", ""), APO_ERR_FORMAT, "leaf_const: 3");
  refuse("is_linear=0\n", LINEAR("1 2 3 4", "0 0 0", "", ""), APO_ERR_FORMAT, "num_features: 3");
  refuse("is_linear=0\n", LINEAR("1 2 3 4", "0 -1 0 0", "", ""), APO_ERR_FORMAT,
         "num_features[1]: -1");
  refuse("is_linear=0\n", LINEAR("1 2 3 4", "0 4 0 0", "", ""), APO_ERR_FORMAT,
         "num_features[1]: 4, needs 0 to 3");
  refuse("is_linear=0\n", LINEAR("1 2 3 4", "0 2 0 0", "0", "1 2"), APO_ERR_FORMAT,
         "leaf_features: 1 values, needs 2");
  refuse("is_linear=0\n", LINEAR("1 2 3 4", "0 2 0 0", "0 1", "1 2 3"), APO_ERR_FORMAT,
         "leaf_coeff: 3 values, needs 2");
  refuse("is_linear=0\n", LINEAR("1 2 3 4", "0 0 0 0", "0", "1"), APO_ERR_FORMAT,
         "leaf_features: 1 values, needs 0");
  refuse("is_linear=0\n", LINEAR("1 2 3 4", "0 2 0 0", "0 3", "1 2"), APO_ERR_FORMAT,
         "leaf_features[1]: 3, needs 0 to 2");
  refuse("is_linear=0\n", LINEAR("1 nan 3 4", "0 0 0 0", "", ""), APO_ERR_FORMAT,
         "leaf_const[1]: \"nan\"");
  refuse("is_linear=0\n", LINEAR("1 2 3 4", "0 1 0 0", "0", "inf"), APO_ERR_FORMAT,
         "leaf_coeff[0]: \"inf\"");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unknown_meanings_are_refused_by_name),
      cmocka_unit_test(options_of_an_objective_are_checked),
      cmocka_unit_test(absurd_sizes_are_refused),
      cmocka_unit_test(header_lists_that_disagree_are_refused),
      cmocka_unit_test(trees_that_do_not_fill_the_last_iteration_are_refused),
      cmocka_unit_test(children_out_of_range_are_refused_with_their_place),
      cmocka_unit_test(cycles_and_shared_children_are_refused),
      cmocka_unit_test(arrays_of_the_wrong_length_are_refused),
      cmocka_unit_test(numbers_of_leaves_that_lie_are_refused),
      cmocka_unit_test(numbers_that_are_not_finite_are_refused),
      cmocka_unit_test(splits_that_mean_nothing_are_refused),
      cmocka_unit_test(category_sets_that_are_not_there_are_refused),
      cmocka_unit_test(category_sets_that_lie_are_refused),
      cmocka_unit_test(a_category_beyond_the_limit_is_a_limit),
      cmocka_unit_test(linear_leaves_that_lie_are_refused),
  };
  return cmocka_run_group_tests_name("lightgbm_refusals", tests, NULL, NULL);
}
