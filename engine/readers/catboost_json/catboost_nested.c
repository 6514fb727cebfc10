/* catboost_nested.c - trees that are not symmetric (Depthwise, Lossguide): objects in objects.
 *
 *   {"split": {...}, "left": {...}, "right": {...}}      right iff the split is true
 *   {"value": 0.5, "weight": 12}                         or a list of values, one for each output
 *
 * The objects have no numbers, so they get some: the list of a tree's nodes is its own queue, each
 * inner node appending its two children, and place = number.  No recursion, and the depth is what
 * the JSON layer lets pass (CatBoost's own limit is 16 splits).
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "engine/readers/catboost_json/catboost_parts.h"

typedef struct node {
  apo_json_at at;
  uint64_t when_false; /* its number; when_true is the next.  0: a leaf */
  double cover;
} node;

typedef struct tree {
  const apo_catboost_features *features;
  const node *nodes;
  uint32_t n_outputs;
} tree;

static bool is_leaf(apo_json_at at) {
  apo_json_at value;
  return apo_json_find(at, "value", &value);
}

/* --- the list of nodes ------------------------------------------------------------------------ */

static apo_status append(apo_catboost_room *room, uint64_t n, apo_json_at at, apo_error *err) {
  if (n * sizeof(node) >= room->n_bytes) {
    const uint64_t capacity = n < 32 ? 64 : 2 * n;
    if (!apo_catboost_room_for(room, capacity, sizeof(node))) {
      return apo_json_fault(at, err, APO_ERR_MEMORY, "no memory for %" PRIu64 " nodes", capacity);
    }
  }
  ((node *)room->at)[n] = (node){.at = at, .cover = (double)NAN};
  return APO_OK;
}

static apo_status append_children(apo_catboost_room *room,
                                  uint64_t parent,
                                  uint64_t *n_nodes,
                                  apo_error *err) {
  const apo_json_at at = ((node *)room->at)[parent].at;
  apo_json_at child;
  APO_TRY(apo_json_need(at, APO_JSON_OBJECT, err));
  if (is_leaf(at)) return APO_OK;
  ((node *)room->at)[parent].when_false = *n_nodes;
  APO_TRY(apo_json_member(at, "left", &child, err));
  APO_TRY(append(room, (*n_nodes)++, child, err));
  APO_TRY(apo_json_member(at, "right", &child, err));
  return append(room, (*n_nodes)++, child, err);
}

static apo_status list_nodes(apo_catboost_room *room,
                             apo_json_at root,
                             uint64_t *n_out,
                             apo_error *err) {
  uint64_t n = 0;
  APO_TRY(append(room, n++, root, err));
  for (uint64_t at = 0; at < n; ++at) APO_TRY(append_children(room, at, &n, err));
  *n_out = n;
  return APO_OK;
}

/* --- covers ----------------------------------------------------------------------------------- */

static apo_status take_weight(node *leaf, apo_error *err) {
  apo_json_at at;
  if (!apo_json_find(leaf->at, "weight", &at)) return APO_OK;
  APO_TRY(apo_json_number(at, &leaf->cover, err));
  if (isfinite(leaf->cover) && leaf->cover >= 0.0) return APO_OK;
  return apo_json_fault(at, err, APO_ERR_FORMAT, "%g, needs 0 or more", leaf->cover);
}

// Children stand behind their parents.  One leaf without a weight leaves NaN, which is no cover.
static apo_status take_covers(node *nodes, uint64_t n, apo_error *err) {
  for (uint64_t at = n; at-- > 0;) {
    if (nodes[at].when_false == 0) {
      APO_TRY(take_weight(&nodes[at], err));
    } else {
      const node *children = &nodes[nodes[at].when_false];
      nodes[at].cover = children[0].cover + children[1].cover;
    }
  }
  return APO_OK;
}

/* --- for the builder -------------------------------------------------------------------------- */

static apo_status take_node(void *context, uint64_t number, apo_node_spec *out, apo_error *err) {
  const tree *self = context;
  const node *of = &self->nodes[number];
  if (of->when_false == 0) {
    out->is_leaf = true;
  } else {
    apo_json_at at;
    apo_catboost_split split;
    APO_TRY(apo_json_member(of->at, "split", &at, err));
    APO_TRY(apo_catboost_split_read(self->features, at, &split, err));
    const int64_t when_false = (int64_t)of->when_false;
    *out = split.node;
    out->left = split.true_is_left ? when_false + 1 : when_false;
    out->right = split.true_is_left ? when_false : when_false + 1;
  }
  out->cover = of->cover;
  return APO_OK;
}

static apo_status take_leaf(void *context, uint64_t number, double *values, apo_error *err) {
  const tree *self = context;
  apo_json_at value;
  APO_TRY(apo_json_member(self->nodes[number].at, "value", &value, err));
  if (apo_json_kind_of(value) == APO_JSON_ARRAY || self->n_outputs > 1) {
    APO_TRY(apo_json_need_length(value, self->n_outputs, err));
    for (uint32_t output = 0; output < self->n_outputs; ++output) {
      APO_TRY(apo_catboost_number_at(value, output, &values[output], err));
    }
    return APO_OK;
  }
  APO_TRY(apo_json_number(value, &values[0], err));
  if (isfinite(values[0])) return APO_OK;
  return apo_json_fault(value, err, APO_ERR_FORMAT, "%g, needs a finite number", values[0]);
}

apo_status apo_catboost_nested_tree(apo_catboost_maker *maker, apo_json_at at, apo_error *err) {
  uint64_t n_nodes = 0;
  APO_TRY(list_nodes(&maker->room, at, &n_nodes, err));
  APO_TRY(take_covers(maker->room.at, n_nodes, err));
  tree self = {.features = maker->features, .nodes = maker->room.at, .n_outputs = maker->n_outputs};
  const apo_tree_spec spec = {.n_nodes = n_nodes,
                              .output = self.n_outputs > 1 ? APO_TREE_VECTOR : 0,
                              .weight = 1.0,
                              .context = &self,
                              .node = take_node,
                              .leaf = take_leaf};
  return apo_builder_add_tree(maker->builder, &spec, err);
}

apo_status apo_catboost_nested_outputs(apo_json_at at, uint32_t *out, apo_error *err) {
  apo_json_at value;
  APO_TRY(apo_json_need(at, APO_JSON_OBJECT, err));
  while (!is_leaf(at)) {
    APO_TRY(apo_json_member(at, "left", &at, err));
    APO_TRY(apo_json_need(at, APO_JSON_OBJECT, err));
  }
  APO_TRY(apo_json_member(at, "value", &value, err));
  const uint64_t n = apo_json_kind_of(value) == APO_JSON_ARRAY ? apo_json_length(value) : 1;
  if (n == 0 || n >= APO_TREE_VECTOR) {
    return apo_json_fault(value, err, APO_ERR_FORMAT, "%" PRIu64 " elements, needs one or more", n);
  }
  *out = (uint32_t)n;
  return APO_OK;
}
