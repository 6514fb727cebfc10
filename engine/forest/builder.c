/* builder.c - from a file's nodes to the arrays of forest.h.
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
#include "engine/forest/builder.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/forest/validate.h"

enum { FIRST_CAPACITY = 64, MAX_PENDING = APO_MAX_TREE_DEPTH + 1 };

static const uint64_t MAX_NODES = INT32_MAX; /* children are int32 */

typedef struct pending {
  uint64_t node;   /* of the file */
  uint32_t parent; /* inner node of this tree; any for the root */
  uint32_t depth;  /* inner nodes above it */
  bool is_left;
} pending;

struct apo_builder {
  apo_forest *forest;
  bool has_covers; /* so far every node stated one */
  uint64_t node_capacity;
  uint64_t leaf_capacity;
  uint64_t value_capacity;
  uint64_t tree_capacity;
  uint64_t set_capacity;
  uint64_t code_capacity;
  pending *stack;         /* [MAX_PENDING] */
  uint8_t *seen;          /* a bit for each node of the file's tree */
  uint64_t seen_capacity; /* bytes */
};

/* --- room ------------------------------------------------------------------------------------- */

// `field` is the address of a pointer to any type; memcpy, because void * does not alias it.
static bool resize(void *field, uint64_t n, size_t element_bytes) {
  if (n > SIZE_MAX) return false;
  void *block = NULL;
  memcpy(&block, field, sizeof block);
  block = apo_resize(block, (size_t)n, element_bytes);
  if (block == NULL) return false;
  memcpy(field, &block, sizeof block);
  return true;
}

static uint64_t larger(uint64_t capacity, uint64_t n) {
  const uint64_t doubled = capacity > 0 ? 2 * capacity : FIRST_CAPACITY;
  return doubled > n ? doubled : n;
}

static bool resize_nodes(apo_forest *forest, uint64_t n) {
  return resize(&forest->column, n, sizeof *forest->column) &&
         resize(&forest->op, n, sizeof *forest->op) &&
         resize(&forest->missing, n, sizeof *forest->missing) &&
         resize(&forest->default_left, n, sizeof *forest->default_left) &&
         resize(&forest->threshold, n, sizeof *forest->threshold) &&
         resize(&forest->left, n, sizeof *forest->left) &&
         resize(&forest->right, n, sizeof *forest->right) &&
         resize(&forest->node_cover, n, sizeof *forest->node_cover);
}

static bool resize_trees(apo_forest *forest, uint64_t n) {
  return resize(&forest->node_begin, n + 1, sizeof *forest->node_begin) &&
         resize(&forest->leaf_begin, n + 1, sizeof *forest->leaf_begin) &&
         resize(&forest->value_begin, n + 1, sizeof *forest->value_begin) &&
         resize(&forest->tree_output, n, sizeof *forest->tree_output) &&
         resize(&forest->tree_weight, n, sizeof *forest->tree_weight);
}

static apo_status no_memory(apo_error *err, const char *what, uint64_t n) {
  return apo_fail(err, APO_ERR_MEMORY, "forest: room for %" PRIu64 " %s", n, what);
}

static apo_status room_for_node(apo_builder *builder, uint64_t n, apo_error *err) {
  if (n <= builder->node_capacity) return APO_OK;
  if (n > MAX_NODES) {
    return apo_fail(err, APO_ERR_LIMIT, "forest: more than %" PRIu64 " nodes", MAX_NODES);
  }
  const uint64_t capacity = larger(builder->node_capacity, n);
  if (!resize_nodes(builder->forest, capacity)) return no_memory(err, "nodes", capacity);
  builder->node_capacity = capacity;
  return APO_OK;
}

static apo_status room_for_leaf(apo_builder *builder,
                                uint64_t n,
                                uint64_t n_values,
                                apo_error *err) {
  apo_forest *forest = builder->forest;
  if (n > builder->leaf_capacity) {
    const uint64_t capacity = larger(builder->leaf_capacity, n);
    if (!resize(&forest->leaf_cover, capacity, sizeof *forest->leaf_cover)) {
      return no_memory(err, "leaves", capacity);
    }
    builder->leaf_capacity = capacity;
  }
  if (n_values > builder->value_capacity) {
    const uint64_t capacity = larger(builder->value_capacity, n_values);
    if (!resize(&forest->leaf_value, capacity, sizeof *forest->leaf_value)) {
      return no_memory(err, "leaf values", capacity);
    }
    builder->value_capacity = capacity;
  }
  return APO_OK;
}

static apo_status room_for_tree(apo_builder *builder, apo_error *err) {
  const uint64_t n = (uint64_t)builder->forest->n_trees + 1;
  if (n > APO_MAX_TREES) {
    return apo_fail(err, APO_ERR_LIMIT, "forest: more than %d trees", APO_MAX_TREES);
  }
  if (n <= builder->tree_capacity) return APO_OK;
  const uint64_t capacity = larger(builder->tree_capacity, n);
  if (!resize_trees(builder->forest, capacity)) return no_memory(err, "trees", capacity);
  builder->tree_capacity = capacity;
  return APO_OK;
}

/* --- create, destroy -------------------------------------------------------------------------- */

static apo_status check_head(const apo_forest_head *head, apo_error *err) {
  if (head->n_columns == 0 || head->n_outputs == 0) {
    return apo_fail(err, APO_ERR_FORMAT, "forest: %u columns and %u outputs, needs 1 of each",
                    head->n_columns, head->n_outputs);
  }
  if (head->n_columns > APO_MAX_COLUMNS) {
    return apo_fail(err, APO_ERR_LIMIT, "forest: %u columns, at most %d", head->n_columns,
                    APO_MAX_COLUMNS);
  }
  if (head->n_outputs > APO_MAX_OUTPUTS) {
    return apo_fail(err, APO_ERR_LIMIT, "forest: %u outputs, at most %d", head->n_outputs,
                    APO_MAX_OUTPUTS);
  }
  if (!isfinite(head->scale)) {
    return apo_fail(err, APO_ERR_FORMAT, "forest: scale %g is not finite", head->scale);
  }
  if (!isfinite(head->divide) || head->divide < 1.0) {
    return apo_fail(err, APO_ERR_FORMAT, "forest: divide %g, needs 1 or more", head->divide);
  }
  return APO_OK;
}

static apo_status create_arrays(apo_builder *builder, apo_error *err) {
  builder->forest = apo_alloc(1, sizeof *builder->forest);
  builder->stack = apo_alloc(MAX_PENDING, sizeof *builder->stack);
  if (builder->forest == NULL || builder->stack == NULL) return no_memory(err, "trees", 0);
  apo_forest *forest = builder->forest;
  // The begin arrays hold their first 0 even in a forest without trees.
  if (!resize_trees(forest, 0) || !resize(&forest->set_begin, 1, sizeof *forest->set_begin)) {
    return no_memory(err, "trees", 0);
  }
  forest->node_begin[0] = 0;
  forest->leaf_begin[0] = 0;
  forest->value_begin[0] = 0;
  forest->set_begin[0] = 0;
  return APO_OK;
}

apo_status apo_builder_create(const apo_forest_head *head, apo_builder **out, apo_error *err) {
  *out = NULL;
  APO_TRY(check_head(head, err));
  apo_builder *builder = apo_alloc(1, sizeof *builder);
  if (builder == NULL) return no_memory(err, "trees", 0);
  const apo_status status = create_arrays(builder, err);
  if (status != APO_OK) {
    apo_builder_destroy(&builder);
    return status;
  }
  builder->has_covers = head->cover_kind != APO_COVER_NONE;
  builder->forest->n_columns = head->n_columns;
  builder->forest->n_outputs = head->n_outputs;
  builder->forest->cast_f32 = head->cast_f32;
  builder->forest->code_rule = head->code_rule;
  builder->forest->cover_kind = head->cover_kind;
  builder->forest->scale = head->scale;
  builder->forest->divide = head->divide;
  *out = builder;
  return APO_OK;
}

void apo_builder_destroy(apo_builder **builder) {
  if (builder == NULL || *builder == NULL) return;
  apo_forest_destroy(&(*builder)->forest);
  free((*builder)->stack);
  free((*builder)->seen);
  free(*builder);
  *builder = NULL;
}

/* --- sets ------------------------------------------------------------------------------------- */

static int compare_codes(const void *a, const void *b) {
  const uint32_t left = *(const uint32_t *)a;
  const uint32_t right = *(const uint32_t *)b;
  return left < right ? -1 : left > right;
}

static apo_status check_codes(const uint32_t *codes, size_t n_codes, apo_error *err) {
  if (n_codes == 0) return apo_fail(err, APO_ERR_FORMAT, "category set: no code, needs one");
  for (size_t i = 0; i < n_codes; ++i) {
    if (codes[i] <= APO_MAX_CATEGORY_CODE) continue;
    return apo_fail(err, APO_ERR_FORMAT, "category set: code %u, at most %d", codes[i],
                    APO_MAX_CATEGORY_CODE);
  }
  return APO_OK;
}

static apo_status room_for_set(apo_builder *builder, uint64_t n_codes, apo_error *err) {
  apo_forest *forest = builder->forest;
  const uint64_t n_sets = (uint64_t)forest->n_sets + 1;
  if (n_sets > UINT32_MAX) return apo_fail(err, APO_ERR_LIMIT, "forest: too many category sets");
  if (n_sets > builder->set_capacity) {
    const uint64_t capacity = larger(builder->set_capacity, n_sets);
    if (!resize(&forest->set_begin, capacity + 1, sizeof *forest->set_begin)) {
      return no_memory(err, "category sets", capacity);
    }
    builder->set_capacity = capacity;
  }
  if (n_codes > builder->code_capacity) {
    const uint64_t capacity = larger(builder->code_capacity, n_codes);
    if (!resize(&forest->set_code, capacity, sizeof *forest->set_code)) {
      return no_memory(err, "category codes", capacity);
    }
    builder->code_capacity = capacity;
  }
  return APO_OK;
}

apo_status apo_builder_add_set(apo_builder *builder,
                               const uint32_t *codes,
                               size_t n_codes,
                               uint32_t *set_out,
                               apo_error *err) {
  apo_forest *forest = builder->forest;
  const uint64_t begin = forest->set_begin[forest->n_sets];
  APO_TRY(check_codes(codes, n_codes, err));
  APO_TRY(room_for_set(builder, begin + n_codes, err));
  uint32_t *set = forest->set_code + begin;
  memcpy(set, codes, n_codes * sizeof *codes);
  qsort(set, n_codes, sizeof *set, compare_codes);
  size_t n_unique = 1;
  for (size_t i = 1; i < n_codes; ++i) {
    if (set[i] != set[n_unique - 1]) set[n_unique++] = set[i];
  }
  *set_out = forest->n_sets++;
  forest->set_begin[forest->n_sets] = begin + n_unique;
  return APO_OK;
}

/* --- trees ------------------------------------------------------------------------------------ */

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
      (pending){.node = (uint64_t)node, .parent = parent, .depth = depth, .is_left = is_left};
  return APO_OK;
}

// The parent learns the number of its child: c >= 0 an inner node, ~c a leaf.
static void link_parent(walk *self, const pending *at, int32_t child) {
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

static apo_status add_leaf(walk *self, const pending *at, double cover, apo_error *err) {
  apo_forest *forest = self->builder->forest;
  const uint64_t leaf = self->leaf_begin + self->n_leaves;
  const uint64_t value = self->value_begin + (uint64_t)self->n_leaves * self->leaf_width;
  APO_TRY(room_for_leaf(self->builder, leaf + 1, value + self->leaf_width, err));
  double *values = forest->leaf_value + value;
  APO_TRY(self->spec->leaf(self->spec->context, at->node, values, err));
  for (uint32_t i = 0; i < self->leaf_width; ++i) {
    if (isfinite(values[i])) continue;
    return apo_fail(err, APO_ERR_FORMAT, "leaf value %g is not finite", values[i]);
  }
  forest->leaf_cover[leaf] = cover;
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
                            const pending *at,
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
  APO_TRY(room_for_node(self->builder, inner + 1, err));
  forest->column[inner] = split.column;
  forest->op[inner] = (uint8_t)split.op;
  forest->missing[inner] = (uint8_t)split.missing;
  forest->default_left[inner] = node->default_left ? 1 : 0;
  forest->threshold[inner] = split.threshold;
  forest->node_cover[inner] = node->cover;
  link_parent(self, at, (int32_t)self->n_nodes);
  const uint32_t number = self->n_nodes++;
  APO_TRY(push(self, node->right, number, at->depth + 1, false, err));
  return push(self, node->left, number, at->depth + 1, true, err);
}

static apo_status visit(walk *self, const pending *at, apo_error *err) {
  apo_node_spec node = {.cover = NAN};
  apo_status status = self->spec->node(self->spec->context, at->node, &node, err);
  if (status == APO_OK) status = check_cover(self, node.cover, err);
  if (status == APO_OK) {
    status = node.is_leaf ? add_leaf(self, at, node.cover, err) : add_inner(self, at, &node, err);
  }
  return apo_prefix(err, status, "node %" PRIu64 ": ", at->node);
}

static apo_status clear_seen(apo_builder *builder, uint64_t n_nodes, apo_error *err) {
  const uint64_t n_bytes = n_nodes / 8 + 1;
  if (n_bytes > builder->seen_capacity) {
    const uint64_t capacity = larger(builder->seen_capacity, n_bytes);
    if (!resize(&builder->seen, capacity, 1)) return no_memory(err, "nodes of a tree", n_nodes);
    builder->seen_capacity = capacity;
  }
  memset(builder->seen, 0, (size_t)n_bytes);
  return APO_OK;
}

static apo_status check_tree(const apo_builder *builder,
                             const apo_tree_spec *spec,
                             apo_error *err) {
  const uint32_t n_outputs = builder->forest->n_outputs;
  if (spec->n_nodes == 0) return apo_fail(err, APO_ERR_FORMAT, "no nodes, needs a root");
  if (spec->n_nodes > MAX_NODES) {
    return apo_fail(err, APO_ERR_LIMIT, "%" PRIu64 " nodes, at most %" PRIu64, spec->n_nodes,
                    MAX_NODES);
  }
  if (spec->output >= n_outputs && spec->output != APO_TREE_VECTOR) {
    return apo_fail(err, APO_ERR_FORMAT, "output %u of %u", spec->output, n_outputs);
  }
  if (!isfinite(spec->weight)) {
    return apo_fail(err, APO_ERR_FORMAT, "weight %g is not finite", spec->weight);
  }
  return APO_OK;
}

static apo_status walk_tree(walk *self, apo_error *err) {
  APO_TRY(push(self, 0, 0, 0, false, err));
  while (self->n_pending > 0) {
    const pending at = self->builder->stack[--self->n_pending];
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
               .has_covers = builder->has_covers};
  apo_status status = check_tree(builder, spec, err);
  if (status == APO_OK) status = room_for_tree(builder, err);
  if (status == APO_OK) status = clear_seen(builder, spec->n_nodes, err);
  if (status == APO_OK) status = walk_tree(&self, err);
  if (status != APO_OK) return apo_prefix(err, status, "tree %u: ", forest->n_trees);
  commit(&self);
  return APO_OK;
}

/* --- finish ----------------------------------------------------------------------------------- */

// Arrays have grown by doubling; give back what is not used.
static apo_status trim(apo_builder *builder, apo_error *err) {
  apo_forest *forest = builder->forest;
  // First the claims, then the room: a builder that runs out of memory here can still be used.
  builder->node_capacity = forest->n_nodes;
  builder->tree_capacity = forest->n_trees;
  builder->leaf_capacity = forest->n_leaves;
  builder->value_capacity = forest->n_values;
  builder->set_capacity = forest->n_sets;
  builder->code_capacity = forest->set_begin[forest->n_sets];
  if (!resize_nodes(forest, forest->n_nodes) || !resize_trees(forest, forest->n_trees) ||
      !resize(&forest->leaf_cover, forest->n_leaves, sizeof *forest->leaf_cover) ||
      !resize(&forest->leaf_value, forest->n_values, sizeof *forest->leaf_value) ||
      !resize(&forest->set_code, forest->set_begin[forest->n_sets], sizeof *forest->set_code) ||
      !resize(&forest->set_begin, (uint64_t)forest->n_sets + 1, sizeof *forest->set_begin)) {
    return no_memory(err, "nodes", forest->n_nodes);
  }
  return APO_OK;
}

apo_status apo_builder_finish(apo_builder **builder, apo_forest **out, apo_error *err) {
  *out = NULL;
  apo_forest *forest = (*builder)->forest;
  APO_TRY(trim(*builder, err));
  if (!(*builder)->has_covers) {
    free(forest->node_cover);
    free(forest->leaf_cover);
    forest->node_cover = NULL;
    forest->leaf_cover = NULL;
    forest->cover_kind = APO_COVER_NONE;
  }
  *out = forest;
  (*builder)->forest = NULL;
  apo_builder_destroy(builder);
  return APO_OK;
}
