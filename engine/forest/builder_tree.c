/* builder_tree.c - from a file's nodes to the arrays of forest.h.
 *
 * A tree is written behind the last whole one and counts only when it is complete, so a tree that
 * is refused leaves no trace.  The walk keeps one pending right child for each level:
 *
 *        0            pending while node 3 is visited: 2, 4
 *       / \
 *      1   2          A node gets its number when it is visited, left before right, so numbers are
 *     / \             in preorder and a child's is greater than its parent's.
 *    3   4
 */
#include "engine/forest/builder_parts.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/forest/validate.h"

/* The tree that is being added. */
typedef struct walk {
  apo_builder *builder;
  const apo_tree_spec *spec;
  uint64_t node_begin;
  uint64_t leaf_begin;
  uint64_t value_begin;
  uint32_t leaf_width; /* values of a leaf */
  uint32_t n_nodes;    /* added so far */
  uint32_t n_leaves;
  uint32_t n_pending;
  uint64_t n_terms; /* of the forest so far */
  bool has_covers;
} walk;

static apo_status push(
    walk *self, int64_t node, uint32_t parent, uint32_t depth, bool is_left, apo_error *err) {
  if (node < 0 || (uint64_t)node >= self->spec->n_nodes) {
    return apo_fail(err, APO_ERR_FORMAT, "child %" PRId64 " of %" PRIu64 " nodes", node,
                    self->spec->n_nodes);
  }
  uint8_t *seen = &self->builder->seen[node / 8];
  const uint8_t bit = (uint8_t)(1u << (node % 8));
  if ((*seen & bit) != 0) {
    return apo_fail(err, APO_ERR_FORMAT, "child %" PRId64 " is reached twice", node);
  }
  *seen |= bit;
  self->builder->stack[self->n_pending++] =
      (apo_pending){.node = (uint64_t)node, .parent = parent, .depth = depth, .is_left = is_left};
  return APO_OK;
}

// The parent learns the number of its child: c >= 0 an inner node, ~c a leaf.
static void link_parent(walk *self, const apo_pending *at, int32_t child) {
  if (at->depth == 0) return;
  apo_forest *forest = self->builder->forest;
  int32_t *side = at->is_left ? forest->left : forest->right;
  side[self->node_begin + at->parent] = child;
}

static apo_status check_cover(walk *self, double cover, apo_error *err) {
  if (isnan(cover)) {
    self->has_covers = false;
    return APO_OK;
  }
  if (isfinite(cover) && cover >= 0.0) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT, "cover %g, needs 0 or more", cover);
}

static apo_status check_terms(const apo_forest *forest,
                              const apo_leaf_terms *terms,
                              apo_error *err) {
  if (!isfinite(terms->constant)) {
    return apo_fail(err, APO_ERR_FORMAT, "leaf constant %g is not finite", terms->constant);
  }
  for (uint32_t i = 0; i < terms->n_terms; ++i) {
    if (terms->columns[i] >= forest->n_columns) {
      return apo_fail(err, APO_ERR_FORMAT, "term %u: column %u of %u", i, terms->columns[i],
                      forest->n_columns);
    }
    if (!isfinite(terms->coefficients[i])) {
      return apo_fail(err, APO_ERR_FORMAT, "term %u: coefficient %g is not finite", i,
                      terms->coefficients[i]);
    }
  }
  return APO_OK;
}

// A leaf of a tree with one value a leaf; `value` is already there.
static apo_status add_terms(
    walk *self, const apo_pending *at, uint64_t leaf, double *value, apo_error *err) {
  apo_forest *forest = self->builder->forest;
  apo_leaf_terms terms = {0};
  APO_TRY(self->spec->terms(self->spec->context, at->node, &terms, err));
  APO_TRY(check_terms(forest, &terms, err));
  if (terms.n_terms == 0) {
    *value = terms.constant;
    return APO_OK;
  }
  const uint64_t end = self->n_terms + terms.n_terms;
  APO_TRY(apo_builder_room_for_terms(self->builder, leaf, end, err));
  const size_t n = terms.n_terms;
  memcpy(forest->term_column + self->n_terms, terms.columns, n * sizeof *terms.columns);
  memcpy(forest->term_coefficient + self->n_terms, terms.coefficients,
         n * sizeof *terms.coefficients);
  forest->leaf_constant[leaf] = terms.constant;
  self->n_terms = end;
  return APO_OK;
}

static apo_status add_leaf(walk *self, const apo_pending *at, double cover, apo_error *err) {
  apo_forest *forest = self->builder->forest;
  const uint64_t leaf = self->leaf_begin + self->n_leaves;
  const uint64_t value = self->value_begin + (uint64_t)self->n_leaves * self->leaf_width;
  APO_TRY(apo_builder_room_for_leaf(self->builder, leaf + 1, value + self->leaf_width, err));
  double *values = forest->leaf_value + value;
  APO_TRY(self->spec->leaf(self->spec->context, at->node, values, err));
  for (uint32_t i = 0; i < self->leaf_width; ++i) {
    if (isfinite(values[i])) continue;
    return apo_fail(err, APO_ERR_FORMAT, "leaf value %g is not finite", values[i]);
  }
  if (self->spec->terms != NULL) APO_TRY(add_terms(self, at, leaf, values, err));
  if (forest->term_begin != NULL) forest->term_begin[leaf + 1] = self->n_terms;
  if (forest->leaf_cover != NULL) forest->leaf_cover[leaf] = cover;
  link_parent(self, at, (int32_t)~self->n_leaves);
  ++self->n_leaves;
  return APO_OK;
}

// The float that splits all floats as `threshold` does: none lies between the two.  F7 asks for
// it, and libraries that cast values but keep their thresholds in double need it.
static double float_threshold(apo_op op, double threshold) {
  const float nearest = (float)threshold;
  const double rounded = (double)nearest;
  if (op == APO_OP_LE && rounded > threshold) return (double)nextafterf(nearest, -INFINITY);
  if (op == APO_OP_LT && rounded < threshold) return (double)nextafterf(nearest, INFINITY);
  if (op == APO_OP_LE || op == APO_OP_LT) return rounded;
  return threshold;
}

static apo_status add_inner(walk *self,
                            const apo_pending *at,
                            const apo_node_spec *node,
                            apo_error *err) {
  apo_forest *forest = self->builder->forest;
  const uint64_t inner = self->node_begin + self->n_nodes;
  if (at->depth >= APO_MAX_TREE_DEPTH) {
    return apo_fail(err, APO_ERR_LIMIT, "deeper than %d splits", APO_MAX_TREE_DEPTH);
  }
  if (!isfinite(node->threshold)) {
    return apo_fail(err, APO_ERR_FORMAT, "threshold %g is not finite", node->threshold);
  }
  apo_split split = {.column = node->column,
                     .op = node->op,
                     .missing = node->missing,
                     .threshold = node->threshold};
  if (forest->cast_f32) split.threshold = float_threshold(node->op, node->threshold);
  APO_TRY(apo_forest_check_split(forest, split, err));
  APO_TRY(apo_builder_room_for_node(self->builder, inner + 1, err));
  forest->column[inner] = split.column;
  forest->op[inner] = (uint8_t)split.op;
  forest->missing[inner] = (uint8_t)split.missing;
  forest->default_left[inner] = node->default_left ? 1 : 0;
  forest->threshold[inner] = split.threshold;
  if (forest->node_cover != NULL) forest->node_cover[inner] = node->cover;
  link_parent(self, at, (int32_t)self->n_nodes);
  const uint32_t number = self->n_nodes++;
  APO_TRY(push(self, node->right, number, at->depth + 1, false, err));
  return push(self, node->left, number, at->depth + 1, true, err);
}

static apo_status visit(walk *self, const apo_pending *at, apo_error *err) {
  apo_node_spec node = {.cover = NAN};
  apo_status status = self->spec->node(self->spec->context, at->node, &node, err);
  if (status == APO_OK) status = check_cover(self, node.cover, err);
  if (status == APO_OK) {
    status = node.is_leaf ? add_leaf(self, at, node.cover, err) : add_inner(self, at, &node, err);
  }
  return apo_prefix(err, status, "node %" PRIu64 ": ", at->node);
}

static apo_status check_tree(const apo_builder *builder,
                             const apo_tree_spec *spec,
                             apo_error *err) {
  const uint32_t n_outputs = builder->forest->n_outputs;
  if (spec->n_nodes == 0) return apo_fail(err, APO_ERR_FORMAT, "no nodes, needs a root");
  if (spec->n_nodes > APO_MAX_NODES) {
    return apo_fail(err, APO_ERR_LIMIT, "%" PRIu64 " nodes, at most %" PRIu64, spec->n_nodes,
                    APO_MAX_NODES);
  }
  if (spec->output >= n_outputs && spec->output != APO_TREE_VECTOR) {
    return apo_fail(err, APO_ERR_FORMAT, "output %u of %u", spec->output, n_outputs);
  }
  if (spec->output == APO_TREE_VECTOR && spec->terms != NULL) {
    return apo_fail(err, APO_ERR_UNSUPPORTED, "linear leaves that hold all outputs");
  }
  if (!isfinite(spec->weight)) {
    return apo_fail(err, APO_ERR_FORMAT, "weight %g is not finite", spec->weight);
  }
  return APO_OK;
}

static apo_status walk_tree(walk *self, apo_error *err) {
  APO_TRY(push(self, 0, 0, 0, false, err));
  while (self->n_pending > 0) {
    const apo_pending at = self->builder->stack[--self->n_pending];
    APO_TRY(visit(self, &at, err));
  }
  const uint64_t n_reached = (uint64_t)self->n_nodes + self->n_leaves;
  if (self->spec->n_nodes - n_reached == self->spec->n_deleted) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT,
                  "%" PRIu64 " of %" PRIu64 " nodes are reached and %" PRIu64 " are deleted",
                  n_reached, self->spec->n_nodes, self->spec->n_deleted);
}

// Only now does the tree count.
static void commit(const walk *self) {
  apo_forest *forest = self->builder->forest;
  forest->tree_output[forest->n_trees] = self->spec->output;
  forest->tree_weight[forest->n_trees] = self->spec->weight;
  ++forest->n_trees;
  forest->n_nodes = self->node_begin + self->n_nodes;
  forest->n_leaves = self->leaf_begin + self->n_leaves;
  forest->n_values = self->value_begin + (uint64_t)self->n_leaves * self->leaf_width;
  forest->node_begin[forest->n_trees] = forest->n_nodes;
  forest->leaf_begin[forest->n_trees] = forest->n_leaves;
  forest->value_begin[forest->n_trees] = forest->n_values;
  self->builder->has_covers = self->has_covers;
  self->builder->n_terms = self->n_terms;
}

apo_status apo_builder_add_tree(apo_builder *builder, const apo_tree_spec *spec, apo_error *err) {
  const apo_forest *forest = builder->forest;
  const bool is_vector = spec->output == APO_TREE_VECTOR;
  walk self = {.builder = builder,
               .spec = spec,
               .node_begin = forest->n_nodes,
               .leaf_begin = forest->n_leaves,
               .value_begin = forest->n_values,
               .leaf_width = is_vector ? forest->n_outputs : 1,
               .n_terms = builder->n_terms,
               .has_covers = builder->has_covers};
  apo_status status = check_tree(builder, spec, err);
  if (status == APO_OK) status = apo_builder_room_for_tree(builder, err);
  if (status == APO_OK) status = apo_builder_clear_seen(builder, spec->n_nodes, err);
  if (status == APO_OK) status = walk_tree(&self, err);
  if (status != APO_OK) return apo_prefix(err, status, "tree %u: ", forest->n_trees);
  commit(&self);
  return APO_OK;
}
