/* catboost_oblivious.c - symmetric trees: one split a level, and a table of 2^levels leaves.
 *
 *   leaf = sum of bit_d << d, where bit_d says whether splits[d] is true
 *
 * Predictions do not ask which level is the root, values that follow covers do: it is the last
 * split, the leaf's highest bit.  So the leaves lie in their order under a heap,
 *
 *            0           splits[1]          node i has the children 2i + 1 (false) and 2i + 2 (true);
 *          /   \                            leaf l is node 2^levels - 1 + l
 *        1       2       splits[0]
 *       / \     / \
 *      3   4   5   6     leaves 0 1 2 3
 *
 * and an inner node's cover is the sum of its children's.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "engine/core/memory.h"
#include "engine/readers/catboost_json/catboost_parts.h"

enum { MAX_LEVELS = 16 };

typedef struct tree {
  apo_catboost_split levels[MAX_LEVELS]; /* in the order of the file */
  uint32_t n_levels;
  uint32_t n_leaves;
  uint32_t n_outputs;
  apo_json_at values;
  const double *covers; /* [nodes of the heap]; NULL: none are stated */
} tree;

bool apo_catboost_room_for(apo_catboost_room *room, uint64_t n, size_t element_bytes) {
  if (n > SIZE_MAX / element_bytes) return false;
  const size_t n_bytes = (size_t)n * element_bytes;
  if (n_bytes <= room->n_bytes && room->at != NULL) return true;
  void *at = apo_resize(room->at, n_bytes, 1);
  if (at == NULL) return false;
  *room = (apo_catboost_room){at, n_bytes};
  return true;
}

static uint32_t level_of(uint64_t node) {
  uint32_t level = 0;
  for (uint64_t first = 0; 2 * first + 1 <= node; first = 2 * first + 1) ++level;
  return level;
}

static apo_status take_node(void *context, uint64_t node, apo_node_spec *out, apo_error *err) {
  (void)err;
  const tree *self = context;
  const uint32_t level = level_of(node);
  const bool is_leaf = level == self->n_levels;
  if (is_leaf) {
    out->is_leaf = true;
  } else {
    const apo_catboost_split *split = &self->levels[self->n_levels - 1 - level];
    const int64_t when_false = 2 * (int64_t)node + 1;
    *out = split->node;
    out->left = split->true_is_left ? when_false + 1 : when_false;
    out->right = split->true_is_left ? when_false : when_false + 1;
  }
  if (self->covers != NULL) out->cover = self->covers[node];
  return APO_OK;
}

static apo_status take_leaf(void *context, uint64_t node, double *values, apo_error *err) {
  const tree *self = context;
  const uint64_t leaf = node - (self->n_leaves - 1);
  for (uint32_t output = 0; output < self->n_outputs; ++output) {
    APO_TRY(apo_catboost_number_at(self->values, leaf * self->n_outputs + output, &values[output],
                                   err));
  }
  return APO_OK;
}

static apo_status take_levels(apo_json_at at, apo_json_at *list, uint32_t *out, apo_error *err) {
  uint64_t n = 0;
  APO_TRY(apo_json_need(at, APO_JSON_OBJECT, err));
  APO_TRY(apo_catboost_list(at, "splits", list, &n, err));
  if (n > MAX_LEVELS) {
    return apo_json_fault(*list, err, APO_ERR_LIMIT, "%" PRIu64 " splits, at most %d", n,
                          MAX_LEVELS);
  }
  *out = (uint32_t)n;
  return APO_OK;
}

static apo_status take_splits(const apo_catboost_features *features,
                              apo_json_at list,
                              tree *self,
                              apo_error *err) {
  for (uint32_t level = 0; level < self->n_levels; ++level) {
    apo_json_at split;
    APO_TRY(apo_json_item(list, level, &split, err));
    APO_TRY(apo_catboost_split_read(features, split, &self->levels[level], err));
  }
  return APO_OK;
}

static apo_status take_covers(apo_catboost_maker *maker,
                              apo_json_at at,
                              tree *self,
                              apo_error *err) {
  apo_json_at weights;
  uint64_t n = 0;
  APO_TRY(apo_catboost_list(at, "leaf_weights", &weights, &n, err));
  if (n == 0) return APO_OK;
  APO_TRY(apo_json_need_length(weights, self->n_leaves, err));
  const uint64_t first_leaf = self->n_leaves - 1;
  if (!apo_catboost_room_for(&maker->room, first_leaf + n, sizeof(double))) {
    return apo_json_fault(weights, err, APO_ERR_MEMORY, "no memory for %" PRIu64 " covers", n);
  }
  double *covers = maker->room.at;
  for (uint64_t leaf = 0; leaf < n; ++leaf) {
    APO_TRY(apo_catboost_weight_at(weights, leaf, &covers[first_leaf + leaf], err));
  }
  for (uint64_t node = first_leaf; node-- > 0;) {
    covers[node] = covers[2 * node + 1] + covers[2 * node + 2];
  }
  self->covers = covers;
  return APO_OK;
}

apo_status apo_catboost_oblivious_tree(apo_catboost_maker *maker, apo_json_at at, apo_error *err) {
  tree self = {.n_outputs = maker->n_outputs};
  apo_json_at splits = at;
  APO_TRY(take_levels(at, &splits, &self.n_levels, err));
  self.n_leaves = 1u << self.n_levels;
  APO_TRY(apo_json_member(at, "leaf_values", &self.values, err));
  APO_TRY(apo_json_need_length(self.values, (uint64_t)self.n_leaves * self.n_outputs, err));
  APO_TRY(take_splits(maker->features, splits, &self, err));
  APO_TRY(take_covers(maker, at, &self, err));
  const apo_tree_spec spec = {.n_nodes = 2 * (uint64_t)self.n_leaves - 1,
                              .output = self.n_outputs > 1 ? APO_TREE_VECTOR : 0,
                              .weight = 1.0,
                              .context = &self,
                              .node = take_node,
                              .leaf = take_leaf};
  return apo_builder_add_tree(maker->builder, &spec, err);
}

apo_status apo_catboost_oblivious_outputs(apo_json_at tree_at, uint32_t *out, apo_error *err) {
  apo_json_at splits = tree_at;
  apo_json_at values;
  uint32_t n_levels = 0;
  APO_TRY(take_levels(tree_at, &splits, &n_levels, err));
  APO_TRY(apo_json_member(tree_at, "leaf_values", &values, err));
  APO_TRY(apo_json_need(values, APO_JSON_ARRAY, err));
  const uint64_t n_leaves = UINT64_C(1) << n_levels;
  const uint64_t n_values = apo_json_length(values);
  if (n_values == 0 || n_values % n_leaves != 0 || n_values / n_leaves >= APO_TREE_VECTOR) {
    return apo_json_fault(values, err, APO_ERR_FORMAT,
                          "%" PRIu64 " elements, needs as many for each of the %" PRIu64
                          " leaves of %u splits",
                          n_values, n_leaves, n_levels);
  }
  *out = (uint32_t)(n_values / n_leaves);
  return APO_OK;
}
