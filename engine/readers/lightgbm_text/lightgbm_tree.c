/* lightgbm_tree.c - from the fields of one tree to the builder.
 *
 * Inner nodes and leaves are numbered apart; a child c >= 0 is an inner node, c < 0 is leaf ~c.
 * The builder gets them in one sequence: inner nodes 0 to m-1, then leaf l as m + l.
 *
 *   decision_type   bit 0: categorical, threshold is the number of a set
 *                   bit 1: a missing value goes left (numeric splits only)
 *                   bits 2, 3: missing is nothing (0; NaN counts as 0), zero and NaN (1), NaN (2)
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/readers/lightgbm_text/lightgbm_parts.h"

enum { IS_CATEGORICAL = 1, IS_DEFAULT_LEFT = 2, MISSING_SHIFT = 2, MAX_DECISION = 15 };

enum { MISSING_NOTHING = 0, MISSING_ZERO = 1, MISSING_NAN = 2, MISSING_UNKNOWN = 3 };

/* --- for the builder -------------------------------------------------------------------------- */

// Rows of arrays and data frames reach LightGBM's trees with |v| <= 1e-35 as 0.  So a threshold
// among these values splits them as one: all left from 0 on, else all right.
static double whole_zero(double threshold) {
  const double edge = APO_ZERO_THRESHOLD;
  if (threshold < -edge || threshold >= edge) return threshold;
  return threshold >= 0.0 ? edge : nextafter(-edge, -INFINITY);
}

static void take_numeric(const apo_lightgbm_tree *tree, uint64_t node, apo_node_spec *out) {
  static const apo_missing missing[] = {[MISSING_NOTHING] = APO_MISSING_NONE,
                                        [MISSING_ZERO] = APO_MISSING_ZERO,
                                        [MISSING_NAN] = APO_MISSING_NAN};
  const uint32_t bits = (uint32_t)tree->decision[node];
  out->op = APO_OP_LE;
  out->threshold = whole_zero(tree->threshold[node]);
  out->missing = missing[bits >> MISSING_SHIFT];
  out->default_left = (bits & IS_DEFAULT_LEFT) != 0;
  // LightGBM splits so on what is missing: every number is at most infinite.
  if (isinf(out->threshold)) {
    out->op = APO_OP_PRESENT;
    out->threshold = 0.0;
  }
}

static void take_categorical(const apo_lightgbm_tree *tree, uint64_t node, apo_node_spec *out) {
  const uint32_t set = tree->set_of[(uint64_t)tree->threshold[node]];
  if (set != APO_LIGHTGBM_NO_SET) {
    out->op = APO_OP_IN;
    out->threshold = (double)set;
    out->missing = APO_MISSING_NAN;
    out->default_left = false;
    return;
  }
  // Nothing goes left.  What always holds is stated, and the children change places.
  const int64_t left = out->left;
  out->left = out->right;
  out->right = left;
  out->op = APO_OP_PRESENT;
  out->threshold = 0.0;
  out->missing = APO_MISSING_NONE;
}

static apo_status take_node(void *context, uint64_t node, apo_node_spec *out, apo_error *err) {
  const apo_lightgbm_tree *tree = context;
  const uint64_t m = tree->n_inner;
  (void)err;
  out->is_leaf = node >= m;
  if (out->is_leaf) {
    if (tree->has_leaf_counts) out->cover = tree->leaf_count[node - m];
    return APO_OK;
  }
  const int64_t left = tree->left[node];
  const int64_t right = tree->right[node];
  out->left = left >= 0 ? left : (int64_t)m + ~left;
  out->right = right >= 0 ? right : (int64_t)m + ~right;
  out->column = (uint32_t)tree->column[node];
  if (tree->has_node_counts) out->cover = tree->node_count[node];
  if ((tree->decision[node] & IS_CATEGORICAL) != 0) {
    take_categorical(tree, node, out);
  } else {
    take_numeric(tree, node, out);
  }
  return APO_OK;
}

static apo_status take_leaf(void *context, uint64_t node, double *values, apo_error *err) {
  const apo_lightgbm_tree *tree = context;
  (void)err;
  values[0] = tree->leaf_value[node - tree->n_inner];
  return APO_OK;
}

// A leaf without terms is worth its constant, which the builder puts in the place of leaf_value.
static apo_status take_terms(void *context, uint64_t node, apo_leaf_terms *out, apo_error *err) {
  const apo_lightgbm_tree *tree = context;
  const uint64_t leaf = node - tree->n_inner;
  (void)err;
  *out = (apo_leaf_terms){.constant = tree->constant[leaf]};
  const uint64_t begin = tree->term_begin[leaf];
  const uint64_t end = tree->term_begin[leaf + 1];
  if (begin == end) return APO_OK;
  out->columns = tree->term_column + begin;
  out->coefficients = tree->coefficient + begin;
  out->n_terms = (uint32_t)(end - begin);
  return APO_OK;
}

/* --- fields ----------------------------------------------------------------------------------- */

static apo_status read_sizes(apo_lightgbm_tree *tree, apo_error *err) {
  const apo_lightgbm_range leaves = {1, INT32_MAX};
  const apo_lightgbm_range sets = {0, INT32_MAX};
  const apo_lightgbm_range flag = {0, 1};
  int64_t n_leaves = 0;
  int64_t n_sets = 0;
  int64_t is_linear = 0;
  APO_TRY(apo_lightgbm_integer(&tree->fields[APO_LIGHTGBM_NUM_LEAVES], leaves, &n_leaves, err));
  if (tree->fields[APO_LIGHTGBM_NUM_CAT].line != 0) {
    APO_TRY(apo_lightgbm_integer(&tree->fields[APO_LIGHTGBM_NUM_CAT], sets, &n_sets, err));
  }
  if (tree->fields[APO_LIGHTGBM_IS_LINEAR].line != 0) {
    APO_TRY(apo_lightgbm_integer(&tree->fields[APO_LIGHTGBM_IS_LINEAR], flag, &is_linear, err));
  }
  tree->n_inner = (uint64_t)n_leaves - 1;
  tree->n_sets = (uint64_t)n_sets;
  tree->is_linear = is_linear == 1;
  return APO_OK;
}

static apo_status read_integers(apo_lightgbm_field *field,
                                apo_lightgbm_range range,
                                uint64_t n,
                                int32_t **out,
                                apo_error *err) {
  APO_TRY(apo_lightgbm_need(field, n, err));
  *out = apo_lightgbm_fit(&field->room, n, sizeof **out);
  if (*out == NULL) return apo_fail(err, APO_ERR_MEMORY, "%s: no memory", field->key);
  return apo_lightgbm_integers(field, range, n, *out, err);
}

static apo_status read_doubles(
    apo_lightgbm_field *field, uint64_t n, bool may_be_inf, double **out, apo_error *err) {
  APO_TRY(apo_lightgbm_need(field, n, err));
  *out = apo_lightgbm_fit(&field->room, n, sizeof **out);
  if (*out == NULL) return apo_fail(err, APO_ERR_MEMORY, "%s: no memory", field->key);
  return apo_lightgbm_doubles(field, n, may_be_inf, *out, err);
}

// Without decision types all splits are numeric, as the library has it.
static apo_status read_decisions(apo_lightgbm_tree *tree, apo_error *err) {
  apo_lightgbm_field *field = &tree->fields[APO_LIGHTGBM_DECISION_TYPE];
  const apo_lightgbm_range range = {0, MAX_DECISION};
  const uint64_t m = tree->n_inner;
  if (field->line == 0) {
    tree->decision = apo_lightgbm_fit(&field->room, m, sizeof *tree->decision);
    if (tree->decision == NULL) return apo_fail(err, APO_ERR_MEMORY, "decision_type: no memory");
    memset(tree->decision, 0, (size_t)m * sizeof *tree->decision);
    return APO_OK;
  }
  APO_TRY(read_integers(field, range, m, &tree->decision, err));
  for (uint64_t node = 0; node < m; ++node) {
    if (tree->decision[node] >> MISSING_SHIFT != MISSING_UNKNOWN) continue;
    return apo_fail(err, APO_ERR_FORMAT,
                    "decision_type[%" PRIu64 "]: %d has missing type 3, needs 0 to 2", node,
                    tree->decision[node]);
  }
  return APO_OK;
}

static apo_status read_splits(apo_lightgbm_tree *tree, apo_error *err) {
  const uint64_t m = tree->n_inner;
  const apo_lightgbm_range columns = {0, (int64_t)tree->n_columns - 1};
  const apo_lightgbm_range children = {-(int64_t)m - 1, (int64_t)m - 1};
  apo_lightgbm_field *fields = tree->fields;
  APO_TRY(read_integers(&fields[APO_LIGHTGBM_SPLIT_FEATURE], columns, m, &tree->column, err));
  APO_TRY(read_doubles(&fields[APO_LIGHTGBM_THRESHOLD], m, true, &tree->threshold, err));
  APO_TRY(read_integers(&fields[APO_LIGHTGBM_LEFT_CHILD], children, m, &tree->left, err));
  APO_TRY(read_integers(&fields[APO_LIGHTGBM_RIGHT_CHILD], children, m, &tree->right, err));
  return read_decisions(tree, err);
}

static bool is_count_there(const apo_lightgbm_field *field) {
  return field->line != 0 && apo_lightgbm_count(field->value) > 0;
}

// Counts may be left out, and a constant tree may have an empty line for them.
static apo_status read_counts(apo_lightgbm_tree *tree, apo_error *err) {
  const apo_lightgbm_range range = {0, INT32_MAX};
  const uint64_t m = tree->n_inner;
  apo_lightgbm_field *leaves = &tree->fields[APO_LIGHTGBM_LEAF_COUNT];
  apo_lightgbm_field *nodes = &tree->fields[APO_LIGHTGBM_INTERNAL_COUNT];
  tree->has_leaf_counts = m == 0 ? is_count_there(leaves) : leaves->line != 0;
  tree->has_node_counts = nodes->line != 0;
  if (tree->has_leaf_counts) {
    APO_TRY(read_integers(leaves, range, m + 1, &tree->leaf_count, err));
  }
  if (!tree->has_node_counts) return APO_OK;
  return read_integers(nodes, range, m, &tree->node_count, err);
}

static apo_status check_set_numbers(const apo_lightgbm_tree *tree, apo_error *err) {
  for (uint64_t node = 0; node < tree->n_inner; ++node) {
    const double set = tree->threshold[node];
    if ((tree->decision[node] & IS_CATEGORICAL) == 0) continue;
    if (set >= 0.0 && set < (double)tree->n_sets && set == floor(set)) continue;
    return apo_fail(err, APO_ERR_FORMAT,
                    "threshold[%" PRIu64 "]: category set %.17g, the tree has %" PRIu64, node, set,
                    tree->n_sets);
  }
  return APO_OK;
}

static apo_status read_fields(apo_lightgbm_tree *tree, apo_builder *builder, apo_error *err) {
  APO_TRY(read_sizes(tree, err));
  APO_TRY(read_splits(tree, err));
  APO_TRY(read_doubles(&tree->fields[APO_LIGHTGBM_LEAF_VALUE], tree->n_inner + 1, false,
                       &tree->leaf_value, err));
  APO_TRY(read_counts(tree, err));
  APO_TRY(check_set_numbers(tree, err));
  APO_TRY(apo_lightgbm_read_sets(tree, builder, err));
  return tree->is_linear ? apo_lightgbm_read_leaves(tree, err) : APO_OK;
}

apo_status apo_lightgbm_add_tree(apo_lightgbm_tree *tree,
                                 uint32_t number,
                                 uint32_t output,
                                 apo_builder *builder,
                                 apo_error *err) {
  const apo_status status = read_fields(tree, builder, err);
  APO_TRY(apo_prefix(err, status, "tree %u: ", number));
  const apo_tree_spec spec = {.n_nodes = 2 * tree->n_inner + 1,
                              .output = output,
                              .weight = 1.0,
                              .context = tree,
                              .node = take_node,
                              .leaf = take_leaf,
                              .terms = tree->is_linear ? take_terms : NULL};
  return apo_builder_add_tree(builder, &spec, err);
}
