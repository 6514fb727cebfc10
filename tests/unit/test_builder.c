/* test_builder.c - what the builder renumbers, and what it refuses. */
#include "engine/forest/builder.h"

#include <math.h>
#include <stdlib.h>

#include "engine/forest/split.h"
#include "engine/forest/validate.h"
#include "tests/support/apo_test.h"
#include "tests/support/random_forest.h"

/* A tree given as a list of nodes; the value of a leaf is its number. */
typedef struct listed {
  const apo_node_spec *nodes;
  uint64_t n_nodes;
  double leaf_scale;
} listed;

static apo_status listed_node(void *context, uint64_t node, apo_node_spec *out, apo_error *err) {
  (void)err;
  *out = ((const listed *)context)->nodes[node];
  return APO_OK;
}

static apo_status listed_leaf(void *context, uint64_t node, double *values, apo_error *err) {
  (void)err;
  values[0] = (double)node * ((const listed *)context)->leaf_scale;
  return APO_OK;
}

static apo_node_spec inner(uint32_t column, double threshold, int64_t left, int64_t right) {
  return (apo_node_spec){
      .column = column, .threshold = threshold, .left = left, .right = right, .cover = (double)NAN};
}

static apo_node_spec leaf(void) {
  return (apo_node_spec){.is_leaf = true, .cover = (double)NAN};
}

static apo_builder *new_builder(bool cast_f32, apo_cover_kind cover_kind) {
  const apo_forest_head head = {.n_columns = 4,
                                .n_outputs = 2,
                                .cast_f32 = cast_f32,
                                .cover_kind = cover_kind,
                                .scale = 1.0,
                                .divide = 1.0};
  apo_builder *builder = NULL;
  apo_error err;
  assert_ok(apo_builder_create(&head, &builder, &err), &err);
  return builder;
}

static apo_status add(apo_builder *builder,
                      const apo_node_spec *nodes,
                      uint64_t n_nodes,
                      uint64_t n_deleted,
                      apo_error *err) {
  listed tree = {nodes, n_nodes, 1.0};
  const apo_tree_spec spec = {.n_nodes = n_nodes,
                              .n_deleted = n_deleted,
                              .weight = 1.0,
                              .context = &tree,
                              .node = listed_node,
                              .leaf = listed_leaf};
  return apo_builder_add_tree(builder, &spec, err);
}

static apo_forest *finish(apo_builder *builder) {
  apo_forest *forest = NULL;
  apo_error err;
  assert_ok(apo_builder_finish(&builder, &forest, &err), &err);
  assert_null(builder);
  assert_ok(apo_forest_validate(forest, &err), &err);
  return forest;
}

static void refuses(const apo_node_spec *nodes,
                    uint64_t n_nodes,
                    uint64_t n_deleted,
                    const char *words) {
  apo_builder *builder = new_builder(true, APO_COVER_NONE);
  apo_error err;
  assert_fails(add(builder, nodes, n_nodes, n_deleted, &err), APO_ERR_FORMAT, &err, words);
  apo_builder_destroy(&builder);
}

/*      0               file            0               builder
 *     / \                             / \
 *    4   2                           1   leaf 2
 *   / \                             / \
 *  1   3                       leaf 0  leaf 1
 */
static void nodes_are_renumbered_in_preorder(void **state) {
  (void)state;
  const apo_node_spec nodes[] = {inner(1, 0.5, 4, 2), leaf(), leaf(), leaf(), inner(3, 2, 1, 3)};
  apo_builder *builder = new_builder(true, APO_COVER_NONE);
  apo_error err;
  assert_ok(add(builder, nodes, 5, 0, &err), &err);
  apo_forest *forest = finish(builder);

  assert_int_equal(forest->n_nodes, 2);
  assert_int_equal(forest->n_leaves, 3);
  assert_int_equal(forest->column[0], 1);
  assert_int_equal(forest->column[1], 3);
  assert_int_equal(forest->left[0], 1);
  assert_int_equal(forest->right[0], ~2);
  assert_int_equal(forest->left[1], ~0);
  assert_int_equal(forest->right[1], ~1);
  assert_true(forest->leaf_value[0] == 1.0);
  assert_true(forest->leaf_value[1] == 3.0);
  assert_true(forest->leaf_value[2] == 2.0);
  apo_forest_destroy(&forest);
}

static void a_tree_of_one_leaf_is_a_tree(void **state) {
  (void)state;
  const apo_node_spec nodes[] = {leaf()};
  apo_builder *builder = new_builder(true, APO_COVER_NONE);
  apo_error err;
  assert_ok(add(builder, nodes, 1, 0, &err), &err);
  assert_ok(add(builder, nodes, 1, 0, &err), &err);
  apo_forest *forest = finish(builder);
  const double row[4] = {0};
  assert_int_equal(forest->n_trees, 2);
  assert_int_equal(forest->n_nodes, 0);
  assert_int_equal(apo_tree_leaf(forest, 1, row), 0);
  apo_forest_destroy(&forest);
}

static void a_forest_without_trees_is_a_forest(void **state) {
  (void)state;
  apo_forest *forest = finish(new_builder(false, APO_COVER_NONE));
  const double row[4] = {0};
  double margin[2] = {7.0, 7.0};
  apo_forest_margin(forest, row, margin);
  assert_true(margin[0] == 0.0 && margin[1] == 0.0);
  apo_forest_destroy(&forest);
}

static void deleted_nodes_are_left_out_and_must_be_as_many_as_said(void **state) {
  (void)state;
  const apo_node_spec nodes[] = {inner(0, 1, 1, 4), leaf(), inner(99, 0, 1, 1), leaf(), leaf()};
  apo_builder *builder = new_builder(true, APO_COVER_NONE);
  apo_error err;
  assert_ok(add(builder, nodes, 5, 2, &err), &err);
  assert_fails(add(builder, nodes, 5, 0, &err), APO_ERR_FORMAT, &err,
               "tree 1: 3 of 5 nodes are reached and 0 are deleted");
  assert_fails(add(builder, nodes, 5, 3, &err), APO_ERR_FORMAT, &err, "and 3 are deleted");
  assert_fails(add(builder, nodes, 5, UINT64_MAX, &err), APO_ERR_FORMAT, &err, "are deleted");
  apo_forest *forest = finish(builder);
  assert_int_equal(forest->n_trees, 1);
  apo_forest_destroy(&forest);
}

static void a_child_out_of_range_is_named(void **state) {
  (void)state;
  const apo_node_spec high[] = {inner(0, 1, 1, 3), leaf(), leaf()};
  const apo_node_spec low[] = {inner(0, 1, -1, 2), leaf(), leaf()};
  const apo_node_spec far[] = {inner(0, 1, 1, INT64_MAX), leaf(), leaf()};
  refuses(high, 3, 0, "tree 0: node 0: child 3 of 3 nodes");
  refuses(low, 3, 0, "tree 0: node 0: child -1 of 3 nodes");
  refuses(far, 3, 0, "tree 0: node 0: child 9223372036854775807 of 3 nodes");
}

static void a_node_with_two_parents_is_named(void **state) {
  (void)state;
  const apo_node_spec shared_leaf[] = {inner(0, 1, 1, 1), leaf(), leaf()};
  const apo_node_spec shared_node[] = {
      inner(0, 1, 1, 2), inner(0, 1, 3, 4), inner(0, 1, 1, 5), leaf(), leaf(), leaf()};
  refuses(shared_leaf, 3, 0, "node 0: child 1 is reached twice");
  refuses(shared_node, 6, 0, "is reached twice");
}

static void a_cycle_is_named_and_ends(void **state) {
  (void)state;
  const apo_node_spec self[] = {inner(0, 1, 0, 1), leaf()};
  const apo_node_spec back[] = {inner(0, 1, 1, 2), inner(0, 1, 3, 0), leaf(), leaf()};
  refuses(self, 2, 0, "node 0: child 0 is reached twice");
  refuses(back, 4, 0, "node 1: child 0 is reached twice");
}

static void a_column_out_of_range_is_named_with_its_limit(void **state) {
  (void)state;
  const apo_node_spec nodes[] = {inner(0, 1, 1, 2), leaf(), inner(4, 1, 3, 4), leaf(), leaf()};
  refuses(nodes, 5, 0, "tree 0: node 2: column 4 of 4");
}

static void numbers_that_are_not_finite_are_refused(void **state) {
  (void)state;
  const double bad[] = {(double)NAN, (double)INFINITY, -(double)INFINITY, 1e300};
  for (size_t i = 0; i < 4; ++i) {  // 1e300 is not a float's, and the cast is to float
    const apo_node_spec nodes[] = {inner(0, bad[i], 1, 2), leaf(), leaf()};
    refuses(nodes, 3, 0, "is not finite");
  }
  const apo_node_spec only_leaf[] = {leaf()};
  apo_builder *builder = new_builder(true, APO_COVER_NONE);
  listed tree = {only_leaf, 1, (double)INFINITY};  // 0 * inf is NaN
  apo_tree_spec spec = {
      .n_nodes = 1, .weight = 1.0, .context = &tree, .node = listed_node, .leaf = listed_leaf};
  apo_error err;
  assert_fails(apo_builder_add_tree(builder, &spec, &err), APO_ERR_FORMAT, &err,
               "tree 0: node 0: leaf value");
  spec.weight = (double)NAN;
  assert_fails(apo_builder_add_tree(builder, &spec, &err), APO_ERR_FORMAT, &err, "tree 0: weight");
  spec.weight = 1.0;
  spec.output = 2;
  assert_fails(apo_builder_add_tree(builder, &spec, &err), APO_ERR_FORMAT, &err,
               "tree 0: output 2 of 2");
  spec.output = 0;
  spec.n_nodes = 0;
  assert_fails(apo_builder_add_tree(builder, &spec, &err), APO_ERR_FORMAT, &err, "no nodes");
  spec.n_nodes = UINT64_C(1) << 31;
  assert_fails(apo_builder_add_tree(builder, &spec, &err), APO_ERR_LIMIT, &err, "2147483648 nodes");
  apo_builder_destroy(&builder);
}

static void unknown_comparisons_and_missing_rules_are_refused(void **state) {
  (void)state;
  apo_node_spec nodes[] = {inner(0, 1, 1, 2), leaf(), leaf()};
  nodes[0].op = (apo_op)5;
  refuses(nodes, 3, 0, "comparison 5 is not known");
  nodes[0].op = APO_OP_LT;
  nodes[0].missing = (apo_missing)3;
  refuses(nodes, 3, 0, "missing rule 3 is not known");
  nodes[0].missing = APO_MISSING_NAN;
  nodes[0].op = APO_OP_PRESENT;
  refuses(nodes, 3, 0, "split on presence, needs 0");
}

static void a_head_that_cannot_be_is_refused(void **state) {
  (void)state;
  const apo_forest_head good = {.n_columns = 1, .n_outputs = 1, .scale = 1.0, .divide = 1.0};
  apo_builder *builder = NULL;
  apo_error err;
  apo_forest_head head = good;
  head.n_columns = 0;
  assert_fails(apo_builder_create(&head, &builder, &err), APO_ERR_FORMAT, &err, "0 columns");
  head.n_columns = APO_MAX_COLUMNS + 1;
  assert_fails(apo_builder_create(&head, &builder, &err), APO_ERR_LIMIT, &err, "1000001 columns");
  head = good;
  head.n_outputs = APO_MAX_OUTPUTS + 1;
  assert_fails(apo_builder_create(&head, &builder, &err), APO_ERR_LIMIT, &err, "10001 outputs");
  head = good;
  head.scale = (double)NAN;
  assert_fails(apo_builder_create(&head, &builder, &err), APO_ERR_FORMAT, &err, "scale");
  head = good;
  head.divide = 0.5;
  assert_fails(apo_builder_create(&head, &builder, &err), APO_ERR_FORMAT, &err, "divide 0.5");
  assert_null(builder);
}

/* --- depth ------------------------------------------------------------------------------------- */

// Inner node i has leaf depth + i on the left and inner node i + 1 on the right.
static apo_status add_chain(apo_builder *builder, uint32_t depth, apo_error *err) {
  const uint64_t n_nodes = 2 * (uint64_t)depth + 1;
  apo_node_spec *nodes = calloc(n_nodes, sizeof *nodes);
  assert_non_null(nodes);
  for (uint32_t i = 0; i < depth; ++i) {
    const int64_t right = i + 1 < depth ? (int64_t)i + 1 : 2 * (int64_t)depth;
    nodes[i] = inner(i % 4, i, (int64_t)depth + i, right);
    nodes[depth + i] = leaf();
  }
  nodes[2 * depth] = leaf();
  const apo_status status = add(builder, nodes, n_nodes, 0, err);
  free(nodes);
  return status;
}

static void the_deepest_chain_is_read_and_one_deeper_is_refused(void **state) {
  (void)state;
  apo_builder *builder = new_builder(true, APO_COVER_NONE);
  apo_error err;
  assert_ok(add_chain(builder, APO_MAX_TREE_DEPTH, &err), &err);
  assert_fails(add_chain(builder, APO_MAX_TREE_DEPTH + 1, &err), APO_ERR_LIMIT, &err,
               "tree 1: node 4096: deeper than 4096");
  apo_forest *forest = finish(builder);
  apo_census census;
  assert_ok(apo_census_take(forest, &census, &err), &err);
  assert_int_equal(census.max_depth, APO_MAX_TREE_DEPTH);
  assert_int_equal(census.max_players, 4);
  apo_forest_destroy(&forest);
}

/* --- covers, sets, thresholds ------------------------------------------------------------------ */

static void covers_are_kept_when_every_node_states_one(void **state) {
  (void)state;
  apo_node_spec nodes[] = {inner(0, 1, 1, 2), leaf(), leaf()};
  for (int i = 0; i < 3; ++i) nodes[i].cover = 10.0 * i;
  apo_builder *builder = new_builder(true, APO_COVER_HESSIAN);
  apo_error err;
  assert_ok(add(builder, nodes, 3, 0, &err), &err);
  apo_forest *forest = finish(builder);
  assert_int_equal(forest->cover_kind, APO_COVER_HESSIAN);
  assert_true(forest->node_cover[0] == 0.0);
  assert_true(forest->leaf_cover[0] == 10.0);
  assert_true(forest->leaf_cover[1] == 20.0);
  apo_forest_destroy(&forest);
}

static void one_node_without_a_cover_drops_them_all(void **state) {
  (void)state;
  apo_node_spec nodes[] = {inner(0, 1, 1, 2), leaf(), leaf()};
  for (int i = 0; i < 3; ++i) nodes[i].cover = 1.0;
  apo_builder *builder = new_builder(true, APO_COVER_COUNT);
  apo_error err;
  assert_ok(add(builder, nodes, 3, 0, &err), &err);
  nodes[2].cover = (double)NAN;
  assert_ok(add(builder, nodes, 3, 0, &err), &err);
  apo_forest *forest = finish(builder);
  assert_int_equal(forest->cover_kind, APO_COVER_NONE);
  assert_null(forest->node_cover);
  assert_null(forest->leaf_cover);
  apo_forest_destroy(&forest);
}

static void a_negative_or_infinite_cover_is_refused(void **state) {
  (void)state;
  apo_node_spec nodes[] = {inner(0, 1, 1, 2), leaf(), leaf()};
  nodes[2].cover = -1.0;
  refuses(nodes, 3, 0, "node 2: cover -1");
  nodes[2].cover = (double)INFINITY;
  refuses(nodes, 3, 0, "node 2: cover inf");
}

static void sets_are_sorted_and_their_codes_unique(void **state) {
  (void)state;
  static const uint32_t codes[] = {9, 3, 9, 0, 3};
  apo_builder *builder = new_builder(false, APO_COVER_NONE);
  apo_error err;
  uint32_t set = 9;
  assert_ok(apo_builder_add_set(builder, codes, 1, &set, &err), &err);
  assert_int_equal(set, 0);
  assert_ok(apo_builder_add_set(builder, codes, 5, &set, &err), &err);
  assert_int_equal(set, 1);
  apo_node_spec nodes[] = {inner(2, 1, 1, 2), leaf(), leaf()};
  nodes[0].op = APO_OP_IN;
  assert_ok(add(builder, nodes, 3, 0, &err), &err);
  nodes[0].threshold = 2.0;
  assert_fails(add(builder, nodes, 3, 0, &err), APO_ERR_FORMAT, &err, "category set 2 of 2");
  nodes[0].threshold = -1.0;
  assert_fails(add(builder, nodes, 3, 0, &err), APO_ERR_FORMAT, &err, "category set -1 of 2");
  nodes[0].threshold = 0.5;
  assert_fails(add(builder, nodes, 3, 0, &err), APO_ERR_FORMAT, &err, "category set 0.5 of 2");
  apo_forest *forest = finish(builder);
  assert_int_equal(forest->set_begin[1], 1);
  assert_int_equal(forest->set_begin[2], 4);
  assert_int_equal(forest->set_code[1], 0);
  assert_int_equal(forest->set_code[2], 3);
  assert_int_equal(forest->set_code[3], 9);
  apo_forest_destroy(&forest);
}

static void empty_sets_and_codes_beyond_the_limit_are_refused(void **state) {
  (void)state;
  static const uint32_t codes[] = {APO_MAX_CATEGORY_CODE, APO_MAX_CATEGORY_CODE + 1};
  apo_builder *builder = new_builder(false, APO_COVER_NONE);
  apo_error err;
  uint32_t set = 0;
  assert_ok(apo_builder_add_set(builder, codes, 1, &set, &err), &err);
  assert_fails(apo_builder_add_set(builder, codes, 0, &set, &err), APO_ERR_FORMAT, &err, "no code");
  assert_fails(apo_builder_add_set(builder, codes, 2, &set, &err), APO_ERR_FORMAT, &err,
               "code 16777216");
  apo_builder_destroy(&builder);
}

// Values are floats and the threshold is not: the float kept has to decide alike for every float.
static void a_double_threshold_becomes_the_float_that_decides_alike(void **state) {
  (void)state;
  static const double thresholds[] = {0.1, -0.1, 0.3, 1e-50, -1e-50, 16777217.0, 3.5e38, 1e-45};
  static const apo_op ops[] = {APO_OP_LT, APO_OP_LE};
  for (size_t i = 0; i < 2 * sizeof thresholds / sizeof *thresholds; ++i) {
    const double threshold = thresholds[i / 2];
    apo_node_spec nodes[] = {inner(0, threshold, 1, 2), leaf(), leaf()};
    nodes[0].op = ops[i % 2];
    apo_builder *builder = new_builder(true, APO_COVER_NONE);
    apo_error err;
    const apo_status status = add(builder, nodes, 3, 0, &err);
    if (threshold > (double)FLT_MAX && nodes[0].op == APO_OP_LT) {
      // Only +inf goes right; no finite float says so.
      assert_fails(status, APO_ERR_FORMAT, &err, "is not finite");
      apo_builder_destroy(&builder);
      continue;
    }
    assert_ok(status, &err);
    apo_forest *forest = finish(builder);
    const float near = (float)threshold;
    const float values[] = {near,
                            nextafterf(near, -INFINITY),
                            nextafterf(near, INFINITY),
                            0.0f,
                            -0.0f,
                            INFINITY,
                            -INFINITY,
                            FLT_MAX};
    for (size_t at = 0; at < sizeof values / sizeof *values; ++at) {
      const double value = (double)values[at];
      const bool expected = i % 2 == 0 ? value < threshold : value <= threshold;
      assert_int_equal(apo_split_goes_left(forest, 0, value), expected);
    }
    apo_forest_destroy(&forest);
  }
}

static void an_equality_that_no_float_meets_is_refused(void **state) {
  (void)state;
  apo_node_spec nodes[] = {inner(0, 0.1, 1, 2), leaf(), leaf()};
  nodes[0].op = APO_OP_EQ;
  refuses(nodes, 3, 0, "node 0: threshold 0.1");
}

static void a_refused_tree_leaves_no_trace(void **state) {
  (void)state;
  const apo_node_spec good[] = {inner(1, 1, 1, 2), leaf(), leaf()};
  const apo_node_spec bad[] = {inner(2, 2, 1, 2), leaf(), inner(3, 3, 3, 9), leaf()};
  apo_builder *builder = new_builder(true, APO_COVER_NONE);
  apo_error err;
  assert_ok(add(builder, good, 3, 0, &err), &err);
  assert_fails(add(builder, bad, 4, 0, &err), APO_ERR_FORMAT, &err, "tree 1: node 2: child 9");
  assert_ok(add(builder, good, 3, 0, &err), &err);
  apo_forest *forest = finish(builder);
  assert_int_equal(forest->n_trees, 2);
  assert_int_equal(forest->n_nodes, 2);
  assert_int_equal(forest->n_leaves, 4);
  assert_int_equal(forest->column[1], 1);
  apo_forest_destroy(&forest);
}

/* --- validate ---------------------------------------------------------------------------------- */

static void spoilt_arrays_are_found(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 5,
                                .n_columns = 3,
                                .n_outputs = 2,
                                .n_trees = 4,
                                .max_depth = 4,
                                .split_share = 1.0,
                                .categorical_share = 0.5,
                                .cast_f32 = true,
                                .has_covers = true};
  apo_forest *forest = apo_random_forest(&spec);
  apo_error err;
  assert_ok(apo_forest_validate(forest, &err), &err);
  forest->left[0] = 0;
  assert_fails(apo_forest_validate(forest, &err), APO_ERR_FORMAT, &err, "tree 0: node 0: child 0");
  forest->left[0] = 2;
  assert_fails(apo_forest_validate(forest, &err), APO_ERR_FORMAT, &err, "has");
  forest->left[0] = 1;
  forest->column[1] = 3;
  assert_fails(apo_forest_validate(forest, &err), APO_ERR_FORMAT, &err, "node 1: column 3 of 3");
  forest->column[1] = 0;
  forest->leaf_value[3] = (double)NAN;
  assert_fails(apo_forest_validate(forest, &err), APO_ERR_FORMAT, &err, "leaf value");
  forest->leaf_value[3] = 0.0;
  forest->node_cover[2] = -1.0;
  assert_fails(apo_forest_validate(forest, &err), APO_ERR_FORMAT, &err, "node 2: cover -1");
  forest->node_cover[2] = 1.0;
  forest->tree_output[1] = 2;
  assert_fails(apo_forest_validate(forest, &err), APO_ERR_FORMAT, &err, "tree 1: output 2 of 2");
  forest->tree_output[1] = 1;
  forest->divide = 0.0;
  assert_fails(apo_forest_validate(forest, &err), APO_ERR_FORMAT, &err, "divide 0");
  forest->divide = 1.0;
  if (forest->n_sets > 0) {
    const uint32_t kept = forest->set_code[0];
    forest->set_code[0] = APO_MAX_CATEGORY_CODE + 1;
    assert_fails(apo_forest_validate(forest, &err), APO_ERR_FORMAT, &err, "does not ascend");
    forest->set_code[0] = kept;
  }
  assert_ok(apo_forest_validate(forest, &err), &err);
  apo_forest_destroy(&forest);
}

// Each leaf's path by walking up from it, which the census does not do.
static void the_census_counts_what_paths_hold(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const apo_random_spec spec = {.seed = seed,
                                  .n_columns = 1 + (uint32_t)seed % 6,
                                  .n_outputs = 1,
                                  .n_trees = 5,
                                  .max_depth = (uint32_t)seed % 7,
                                  .missing = 7,
                                  .categorical_share = 0.4};
    apo_forest *forest = apo_random_forest(&spec);
    apo_census census;
    apo_error err;
    uint32_t max_depth = 0;
    uint32_t max_players = 0;
    double sum_depth = 0.0;
    for (uint32_t tree = 0; tree < forest->n_trees; ++tree) {
      const uint64_t begin = forest->node_begin[tree];
      const uint64_t n_leaves = forest->leaf_begin[tree + 1] - forest->leaf_begin[tree];
      for (uint64_t at = 0; at < n_leaves; ++at) {
        int64_t child = ~(int64_t)at;
        uint32_t columns = 0;
        uint32_t depth = 0;
        for (uint64_t node = forest->node_begin[tree + 1]; node-- > begin;) {
          if (forest->left[node] != child && forest->right[node] != child) continue;
          columns |= 1u << forest->column[node];
          child = (int64_t)(node - begin);
          ++depth;
        }
        uint32_t players = 0;
        for (; columns != 0; columns &= columns - 1) ++players;
        if (depth > max_depth) max_depth = depth;
        if (players > max_players) max_players = players;
        sum_depth += depth;
      }
    }
    assert_ok(apo_census_take(forest, &census, &err), &err);
    assert_int_equal(census.max_depth, max_depth);
    assert_int_equal(census.max_players, max_players);
    assert_true(fabs(census.mean_depth - sum_depth / (double)forest->n_leaves) < 1e-12);
    apo_forest_destroy(&forest);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nodes_are_renumbered_in_preorder),
      cmocka_unit_test(a_tree_of_one_leaf_is_a_tree),
      cmocka_unit_test(a_forest_without_trees_is_a_forest),
      cmocka_unit_test(deleted_nodes_are_left_out_and_must_be_as_many_as_said),
      cmocka_unit_test(a_child_out_of_range_is_named),
      cmocka_unit_test(a_node_with_two_parents_is_named),
      cmocka_unit_test(a_cycle_is_named_and_ends),
      cmocka_unit_test(a_column_out_of_range_is_named_with_its_limit),
      cmocka_unit_test(numbers_that_are_not_finite_are_refused),
      cmocka_unit_test(unknown_comparisons_and_missing_rules_are_refused),
      cmocka_unit_test(a_head_that_cannot_be_is_refused),
      cmocka_unit_test(the_deepest_chain_is_read_and_one_deeper_is_refused),
      cmocka_unit_test(covers_are_kept_when_every_node_states_one),
      cmocka_unit_test(one_node_without_a_cover_drops_them_all),
      cmocka_unit_test(a_negative_or_infinite_cover_is_refused),
      cmocka_unit_test(sets_are_sorted_and_their_codes_unique),
      cmocka_unit_test(empty_sets_and_codes_beyond_the_limit_are_refused),
      cmocka_unit_test(a_double_threshold_becomes_the_float_that_decides_alike),
      cmocka_unit_test(an_equality_that_no_float_meets_is_refused),
      cmocka_unit_test(a_refused_tree_leaves_no_trace),
      cmocka_unit_test(spoilt_arrays_are_found),
      cmocka_unit_test(the_census_counts_what_paths_hold),
  };
  return cmocka_run_group_tests_name("builder", tests, NULL, NULL);
}
