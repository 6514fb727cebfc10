/* tree_suite.h - questions to both values of forests, interventional and path-dependent: do they
 * equal the definition on every kind of split, output, player and row?
 *
 *   static const apo_request exact = {.method = APO_METHOD_EXACT};
 *   const struct CMUnitTest tests[] = {TREE_SUITE(&exact), ...};
 *
 * A test's state is the request; it is asked with both indices, with and without pairs.
 */
#ifndef APO_TESTS_SUPPORT_TREE_SUITE_H
#define APO_TESTS_SUPPORT_TREE_SUITE_H

#include "tests/support/exact_case.h"

enum { SUITE_ROWS = 6, SUITE_BACKGROUND = 7 };

static const double suite_weights[SUITE_BACKGROUND] = {0.5, 3.0, 0.0, 1.0, 0.25, 1e-7, 2.0};

static const unsigned every_op =
    APO_ONLY(APO_OP_LT) | APO_ONLY(APO_OP_LE) | APO_ONLY(APO_OP_EQ) | APO_ONLY(APO_OP_PRESENT);
static const unsigned every_missing =
    APO_ONLY(APO_MISSING_NAN) | APO_ONLY(APO_MISSING_ZERO) | APO_ONLY(APO_MISSING_NONE);

/** Random forest and rows; `weights` is of SUITE_BACKGROUND rows or NULL. */
static inline void check_spec(const apo_random_spec *spec,
                              const double *weights,
                              const apo_request *request) {
  apo_random_spec covered = *spec;
  covered.has_covers = true;
  exact_world w = exact_world_make(&covered, SUITE_ROWS, SUITE_BACKGROUND, weights);
  // One row is in the background.
  memcpy(w.rows, w.rows + (size_t)(SUITE_ROWS + 1) * spec->n_columns,
         spec->n_columns * sizeof *w.rows);
  check_all_enumerated(exact_world_case(&w, request), request, "suite");
  exact_world_free(&w);
}

static inline void every_kind_of_split(void **state) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    const apo_random_spec spec = {.seed = seed,
                                  .n_columns = 1 + (uint32_t)seed,
                                  .n_outputs = 1,
                                  .n_trees = 12,
                                  .max_depth = 5,
                                  .categorical_share = 0.3,
                                  .ops = every_op,
                                  .missing = every_missing,
                                  .cast_f32 = seed % 2 == 0};
    check_spec(&spec, NULL, *state);
  }
}

static inline void sets_of_categories(void **state) {
  static const apo_code_rule rules[] = {APO_CODE_TRUNC, APO_CODE_NONNEG_TRUNC, APO_CODE_WHOLE};
  for (size_t i = 0; i < sizeof rules / sizeof *rules; ++i) {
    const apo_random_spec spec = {.seed = 11 + i,
                                  .n_columns = 6,
                                  .n_outputs = 1,
                                  .n_trees = 15,
                                  .max_depth = 6,
                                  .categorical_share = 0.9,
                                  .n_categories = 5 + 60 * (uint32_t)i,
                                  .missing = every_missing,
                                  .code_rule = rules[i]};
    check_spec(&spec, suite_weights, *state);
  }
}

static inline void ten_columns_and_deep_trees(void **state) {
  const apo_random_spec spec = {
      .seed = 21, .n_columns = 10, .n_outputs = 1, .n_trees = 20, .max_depth = 8, .cast_f32 = true};
  check_spec(&spec, NULL, *state);
}

// Paths test their few columns again and again: a player's share of the covers is a product.
static inline void two_columns_and_very_deep_trees(void **state) {
  const apo_random_spec spec = {.seed = 22,
                                .n_columns = 2,
                                .n_outputs = 1,
                                .n_trees = 4,
                                .max_depth = 14,
                                .split_share = 0.7,
                                .cast_f32 = true};
  check_spec(&spec, suite_weights, *state);
}

static inline void several_outputs(void **state) {
  for (int vector = 0; vector < 2; ++vector) {
    for (uint32_t n_outputs = 2; n_outputs <= 5; n_outputs += 3) {
      const apo_random_spec spec = {.seed = 31,
                                    .n_columns = 5,
                                    .n_outputs = n_outputs,
                                    .n_trees = 11,
                                    .max_depth = 4,
                                    .categorical_share = 0.2,
                                    .vector_leaves = vector == 1,
                                    .cast_f32 = true,
                                    .link = APO_LINK_SOFTMAX};
      check_spec(&spec, suite_weights, *state);
    }
  }
}

static inline void groups_of_columns(void **state) {
  static const uint32_t four[9] = {2, 0, 2, 1, 0, 3, 1, 0, 3};
  static const uint32_t one[9] = {0};
  const apo_random_spec spec = {.seed = 51,
                                .n_columns = 9,
                                .n_outputs = 2,
                                .n_trees = 14,
                                .max_depth = 7,
                                .categorical_share = 0.2};
  apo_request request = *(const apo_request *)*state;
  // With 6 players two have no columns: dummies.  A game of one player gives it all.
  request.player_of_column = four;
  for (request.n_players = 4; request.n_players <= 6; request.n_players += 2) {
    check_spec(&spec, suite_weights, &request);
  }
  request.player_of_column = one;
  request.n_players = 1;
  check_spec(&spec, NULL, &request);
}

static inline void many_rows(void **state) {
  const apo_random_spec spec = {.seed = 61,
                                .n_columns = 5,
                                .n_outputs = 2,
                                .n_trees = 8,
                                .max_depth = 5,
                                .categorical_share = 0.3,
                                .ops = every_op,
                                .missing = every_missing,
                                .has_covers = true};
  exact_world w = exact_world_make(&spec, 700, 4, NULL);
  apo_request request = *(const apo_request *)*state;
  request.interactions = 1;
  check_enumerated(exact_world_case(&w, &request), &request, "many rows");
  exact_world_free(&w);
}

// One tree of huge leaves beside many of small ones: errors are of the whole output's range.
static inline void trees_of_very_different_size(void **state) {
  const apo_random_spec spec = {.seed = 72,
                                .n_columns = 6,
                                .n_outputs = 1,
                                .n_trees = 40,
                                .max_depth = 5,
                                .has_covers = true};
  exact_world w = exact_world_make(&spec, SUITE_ROWS, SUITE_BACKGROUND, NULL);
  for (uint32_t tree = 0; tree < spec.n_trees; ++tree) {
    w.model->forest->tree_weight[tree] = ldexp(1.0, -(int)tree);
  }
  check_all_enumerated(exact_world_case(&w, *state), *state, "trees of very different size");
  exact_world_free(&w);
}

static inline void scale_divisor_and_base(void **state) {
  const apo_random_spec spec = {
      .seed = 73, .n_columns = 5, .n_outputs = 1, .n_trees = 9, .max_depth = 4, .has_covers = true};
  exact_world w = exact_world_make(&spec, SUITE_ROWS, SUITE_BACKGROUND, suite_weights);
  w.model->forest->scale = -1.0 / 3.0;
  w.model->forest->divide = 9.0;
  w.model->base[0] = 10.0;
  check_all_enumerated(exact_world_case(&w, *state), *state, "scale, divisor and base");
  exact_world_free(&w);
}

// The base cancels; it must not cost digits.
static inline void small_trees_on_a_large_base(void **state) {
  const apo_request *request = *state;
  const apo_random_spec spec = {.seed = 71,
                                .n_columns = 5,
                                .n_outputs = 1,
                                .n_trees = 8,
                                .max_depth = 4,
                                .cast_f32 = true,
                                .has_covers = true};
  exact_world w = exact_world_make(&spec, SUITE_ROWS, SUITE_BACKGROUND, suite_weights);
  const explain_case *c = exact_world_case(&w, request);
  expectation e = expect_enumerated(c, request);
  w.model->base[0] += 1000.0;
  for (size_t i = 0; i < N_EXACT_DEVICES && exact_devices[i] != NULL; ++i) {
    explained got = explain(c, exact_devices[i], request);
    check_cells(got.phi, e.phi, SUITE_ROWS * 5, expectation_allowed(&e, 0), "phi", "a large base");
    explained_free(&got);
  }
  expectation_free(&e);
  exact_world_free(&w);
}

/** The method is found, given what the other method needs less of. */
static inline void auto_is_the_method(void **state) {
  const apo_request *request = *state;
  const apo_request nothing = {0};
  const apo_random_spec spec = {
      .seed = 81, .n_columns = 4, .n_outputs = 1, .n_trees = 5, .max_depth = 3, .has_covers = true};
  exact_world w = exact_world_make(&spec, 2, 3, NULL);
  assert_int_equal(exact_method(exact_world_case(&w, request), &nothing), request->method);
  exact_world_free(&w);
}

#define TREE_TEST(question, request) cmocka_unit_test_prestate(question, (void *)(request))

#define TREE_SUITE(request)                                                                        \
  TREE_TEST(every_kind_of_split, request), TREE_TEST(sets_of_categories, request),                 \
      TREE_TEST(ten_columns_and_deep_trees, request),                                              \
      TREE_TEST(two_columns_and_very_deep_trees, request), TREE_TEST(several_outputs, request),    \
      TREE_TEST(groups_of_columns, request), TREE_TEST(many_rows, request),                        \
      TREE_TEST(trees_of_very_different_size, request),                                            \
      TREE_TEST(scale_divisor_and_base, request), TREE_TEST(small_trees_on_a_large_base, request), \
      TREE_TEST(auto_is_the_method, request)

#endif
