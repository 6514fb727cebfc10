/* test_linear_leaves.c - leaves whose value is an affine function of the row. */
#include <math.h>

#include "engine/forest/builder.h"
#include "engine/forest/split.h"
#include "engine/forest/validate.h"
#include "tests/support/apo_test.h"

/* x[0] < 1 ? leaf 1 : leaf 2.  Leaf 1 is 10 + 2 x[1] - x[0], or 7; leaf 2 is plain. */
typedef struct stump {
  apo_leaf_terms terms[3];
} stump;

static const uint32_t columns[] = {1, 0};
static const double coefficients[] = {2.0, -1.0};

static stump linear_stump(void) {
  return (stump){.terms = {[1] = {10.0, columns, coefficients, 2}, [2] = {.constant = 5.0}}};
}

static apo_status stump_node(void *context, uint64_t node, apo_node_spec *out, apo_error *err) {
  (void)context;
  (void)err;
  *out = (apo_node_spec){
      .is_leaf = node > 0, .threshold = 1.0, .left = 1, .right = 2, .cover = (double)NAN};
  return APO_OK;
}

static apo_status stump_leaf(void *context, uint64_t node, double *values, apo_error *err) {
  (void)context;
  (void)err;
  values[0] = node == 1 ? 7.0 : 3.0;
  return APO_OK;
}

static apo_status stump_terms(void *context, uint64_t node, apo_leaf_terms *out, apo_error *err) {
  (void)err;
  *out = ((const stump *)context)->terms[node];
  return APO_OK;
}

static apo_status add(apo_builder *builder, stump *tree, bool is_linear, apo_error *err) {
  const apo_tree_spec spec = {.n_nodes = 3,
                              .weight = 1.0,
                              .context = tree,
                              .node = stump_node,
                              .leaf = stump_leaf,
                              .terms = is_linear ? stump_terms : NULL};
  return apo_builder_add_tree(builder, &spec, err);
}

static apo_builder *new_builder(bool cast_f32) {
  const apo_forest_head head = {
      .n_columns = 2, .n_outputs = 1, .cast_f32 = cast_f32, .scale = 1.0, .divide = 1.0};
  apo_builder *builder = NULL;
  apo_error err;
  assert_ok(apo_builder_create(&head, &builder, &err), &err);
  return builder;
}

static apo_forest *finish(apo_builder *builder) {
  apo_error err;
  apo_forest *forest = NULL;
  assert_ok(apo_builder_finish(&builder, &forest, &err), &err);
  assert_ok(apo_forest_validate(forest, &err), &err);
  return forest;
}

static double margin(const apo_forest *forest, double first, double second) {
  const double row[] = {first, second};
  double out;
  apo_forest_margin(forest, row, &out);
  return out;
}

static void a_linear_leaf_is_its_constant_and_its_terms(void **state) {
  (void)state;
  apo_error err;
  stump tree = linear_stump();
  apo_builder *builder = new_builder(false);
  assert_ok(add(builder, &tree, true, &err), &err);
  apo_forest *forest = finish(builder);
  assert_true(margin(forest, 0.5, 3.0) == 10.0 + 6.0 - 0.5);
  apo_forest_destroy(&forest);
}

static void a_missing_value_among_its_terms_makes_the_leaf_a_plain_one(void **state) {
  (void)state;
  apo_error err;
  stump tree = linear_stump();
  apo_builder *builder = new_builder(false);
  assert_ok(add(builder, &tree, true, &err), &err);
  apo_forest *forest = finish(builder);
  assert_float_equal(margin(forest, 0.5, (double)NAN), 7.0, 0.0);
  apo_forest_destroy(&forest);
}

static void a_leaf_without_terms_is_its_constant(void **state) {
  (void)state;
  apo_error err;
  stump tree = linear_stump();
  apo_builder *builder = new_builder(false);
  assert_ok(add(builder, &tree, true, &err), &err);
  apo_forest *forest = finish(builder);
  assert_float_equal(margin(forest, 2.0, (double)NAN), 5.0, 0.0);
  assert_true(forest->leaf_constant[1] == forest->leaf_value[1]);
  apo_forest_destroy(&forest);
}

static void terms_see_values_after_the_cast(void **state) {
  (void)state;
  apo_error err;
  stump tree = linear_stump();
  apo_builder *builder = new_builder(true);
  assert_ok(add(builder, &tree, true, &err), &err);
  apo_forest *forest = finish(builder);
  assert_true(margin(forest, 0.5, 0.1) == 10.0 + 2.0 * (double)0.1f - 0.5);
  apo_forest_destroy(&forest);
}

static void plain_and_linear_trees_add_up_in_any_order(void **state) {
  (void)state;
  apo_error err;
  stump tree = linear_stump();
  apo_builder *builder = new_builder(false);
  for (int i = 0; i < 200; ++i) assert_ok(add(builder, &tree, i % 3 == 1, &err), &err);
  apo_forest *forest = finish(builder);
  assert_int_equal(forest->term_begin[forest->n_leaves], 2 * 67);
  assert_true(fabs(margin(forest, 0.5, 3.0) - (133 * 7.0 + 67 * 15.5)) < 1e-9);
  assert_true(fabs(margin(forest, 2.0, 3.0) - (133 * 3.0 + 67 * 5.0)) < 1e-9);
  apo_forest_destroy(&forest);
}

static void trees_whose_leaves_have_no_terms_make_no_linear_forest(void **state) {
  (void)state;
  apo_error err;
  stump tree = linear_stump();
  tree.terms[1].n_terms = 0;
  apo_builder *builder = new_builder(false);
  assert_ok(add(builder, &tree, true, &err), &err);
  apo_forest *forest = finish(builder);
  assert_null(forest->term_begin);
  assert_float_equal(margin(forest, 0.5, (double)NAN), 10.0, 0.0);
  apo_forest_destroy(&forest);
}

static void a_refused_linear_tree_leaves_no_trace(void **state) {
  (void)state;
  apo_error err;
  static const uint32_t beyond[] = {1, 2};
  stump bad = linear_stump();
  bad.terms[2] = (apo_leaf_terms){5.0, beyond, coefficients, 2};
  stump good = linear_stump();
  apo_builder *builder = new_builder(false);
  assert_ok(add(builder, &good, false, &err), &err);
  assert_fails(add(builder, &bad, true, &err), APO_ERR_FORMAT, &err,
               "tree 1: node 2: term 1: column 2 of 2");
  assert_ok(add(builder, &good, false, &err), &err);
  apo_forest *forest = finish(builder);
  assert_null(forest->term_begin);
  apo_forest_destroy(&forest);

  builder = new_builder(false);
  assert_ok(add(builder, &good, true, &err), &err);
  assert_fails(add(builder, &bad, true, &err), APO_ERR_FORMAT, &err, "tree 1: node 2");
  assert_ok(add(builder, &good, true, &err), &err);
  forest = finish(builder);
  assert_int_equal(forest->term_begin[forest->n_leaves], 4);
  assert_true(margin(forest, 0.5, 3.0) == 31.0);
  apo_forest_destroy(&forest);
}

static void numbers_that_are_not_finite_are_refused(void **state) {
  (void)state;
  apo_error err;
  static const double infinite[] = {1.0, (double)INFINITY};
  stump tree = linear_stump();
  tree.terms[1].coefficients = infinite;
  apo_builder *builder = new_builder(false);
  assert_fails(add(builder, &tree, true, &err), APO_ERR_FORMAT, &err, "term 1: coefficient inf");
  tree = linear_stump();
  tree.terms[1].constant = (double)NAN;
  assert_fails(add(builder, &tree, true, &err), APO_ERR_FORMAT, &err, "leaf constant nan");
  apo_builder_destroy(&builder);
}

static void spoilt_terms_are_found(void **state) {
  (void)state;
  apo_error err;
  stump tree = linear_stump();
  apo_builder *builder = new_builder(false);
  assert_ok(add(builder, &tree, true, &err), &err);
  apo_forest *forest = finish(builder);
  forest->term_column[1] = 2;
  assert_fails(apo_forest_validate(forest, &err), APO_ERR_FORMAT, &err, "term of column 2 of 2");
  forest->term_column[1] = 0;
  forest->leaf_constant[0] = (double)INFINITY;
  assert_fails(apo_forest_validate(forest, &err), APO_ERR_FORMAT, &err, "leaf constant inf");
  forest->leaf_constant[0] = 0.0;
  forest->term_begin[1] = 3;
  assert_fails(apo_forest_validate(forest, &err), APO_ERR_FORMAT, &err, "terms of a leaf");
  apo_forest_destroy(&forest);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_linear_leaf_is_its_constant_and_its_terms),
      cmocka_unit_test(a_missing_value_among_its_terms_makes_the_leaf_a_plain_one),
      cmocka_unit_test(a_leaf_without_terms_is_its_constant),
      cmocka_unit_test(terms_see_values_after_the_cast),
      cmocka_unit_test(plain_and_linear_trees_add_up_in_any_order),
      cmocka_unit_test(trees_whose_leaves_have_no_terms_make_no_linear_forest),
      cmocka_unit_test(a_refused_linear_tree_leaves_no_trace),
      cmocka_unit_test(numbers_that_are_not_finite_are_refused),
      cmocka_unit_test(spoilt_terms_are_found),
  };
  return cmocka_run_group_tests_name("linear_leaves", tests, NULL, NULL);
}
