/* lightgbm_case.h - a small LightGBM model by hand, and the same with one line changed. */
#ifndef APO_TESTS_SUPPORT_LIGHTGBM_CASE_H
#define APO_TESTS_SUPPORT_LIGHTGBM_CASE_H

#include <math.h>
#include <stdio.h>

#include "engine/model/model.h"
#include "tests/support/fixture_case.h"

/*            a <= 0.5                  node 0
 *           /        \
 *     c in {0, 2}     b <= -1.5        nodes 1 and 2; a missing b goes left
 *      /    \          /    \
 *     1      3        2      4         leaves 0, 2, 1, 3
 */
#define LIGHTGBM_HEAD                   \
  "tree\n"                              \
  "version=v4\n"                        \
  "num_class=1\n"                       \
  "num_tree_per_iteration=1\n"          \
  "label_index=0\n"                     \
  "max_feature_idx=2\n"                 \
  "objective=regression\n"              \
  "feature_names=a b c\n"               \
  "feature_infos=[0:1] [-2:1] -1:0:2\n" \
  "tree_sizes=100\n"                    \
  "\n"

#define LIGHTGBM_BLOCK         \
  "Tree=0\n"                   \
  "num_leaves=4\n"             \
  "num_cat=1\n"                \
  "split_feature=0 2 1\n"      \
  "split_gain=inf nan -1\n"    \
  "threshold=0.5 0 -1.5\n"     \
  "decision_type=2 1 10\n"     \
  "left_child=1 -1 -2\n"       \
  "right_child=2 -3 -4\n"      \
  "leaf_value=1 2 3 4\n"       \
  "leaf_weight=\n"             \
  "leaf_count=10 20 30 40\n"   \
  "internal_value=0 0 0\n"     \
  "internal_weight=0 0\n"      \
  "internal_count=100 40 60\n" \
  "cat_boundaries=0 1\n"       \
  "cat_threshold=5\n"          \
  "is_linear=0\n"              \
  "shrinkage=1\n"              \
  "\n\n"

#define LIGHTGBM_TAIL          \
  "end of trees\n"             \
  "\n"                         \
  "feature_importances:\n"     \
  "a=1\n"                      \
  "\n"                         \
  "parameters:\n"              \
  "[boosting: gbdt]\n"         \
  "[categorical_feature: 2]\n" \
  "\n"                         \
  "end of parameters\n"        \
  "\n"                         \
  "pandas_categorical:[[\"x\",\"y\",\"z\"]]\n"

static const char model_text[] = LIGHTGBM_HEAD LIGHTGBM_BLOCK LIGHTGBM_TAIL;

enum { TEXT_BYTES = 4096 };

/** model_text with the first `old` replaced. */
static inline const char *with(const char *old, const char *new) {
  static char text[TEXT_BYTES];
  const char *at = strstr(model_text, old);
  assert_non_null(at);
  const int n = snprintf(text, sizeof text, "%.*s%s%s", (int)(at - model_text), model_text, new,
                         at + strlen(old));
  assert_true(n > 0 && n < TEXT_BYTES);
  return text;
}

static inline apo_model *read_bytes(const char *text, size_t n_bytes) {
  apo_error err;
  apo_model *model = NULL;
  assert_ok(apo_model_read(text, n_bytes, &model, &err), &err);
  return model;
}

static inline apo_model *read_text(const char *text) {
  return read_bytes(text, strlen(text));
}

static inline void refuse(const char *old,
                          const char *new,
                          apo_status expected,
                          const char *words) {
  const char *text = with(old, new);
  apo_refuse_bytes(text, strlen(text), expected, words);
}

static inline double margin_of(const apo_model *model, double a, double b, double c) {
  apo_error err;
  const double row[] = {a, b, c};
  double margin = 0;
  assert_ok(apo_model_margin(model, row, &margin, &err), &err);
  return margin;
}

static inline void assert_predicts(const apo_model *model) {
  assert_true(margin_of(model, 0.5, 0, 2) == 1);
  assert_true(margin_of(model, NAN, 0, 0) == 1);
  assert_true(margin_of(model, 0, 0, 1) == 3);
  assert_true(margin_of(model, 0, 0, NAN) == 3);
  assert_true(margin_of(model, 1, NAN, 0) == 2);
  assert_true(margin_of(model, 1, -1.5, 0) == 2);
  assert_true(margin_of(model, 1, 0, 0) == 4);
}

static inline void assert_same(const char *text, size_t n_bytes) {
  apo_model *model = read_bytes(text, n_bytes);
  assert_predicts(model);
  apo_model_destroy(&model);
}

#endif
