/* xgboost_tree.c - one tree: parallel arrays over all nodes, inner, leaf and deleted ones alike.
 *
 *   left_children[i] == -1 : node i is a leaf; its value is split_conditions[i]
 *   split_type[i] == 0     : left iff  value < split_conditions[i], compared as floats
 *   split_type[i] == 1     : RIGHT iff the category is in the node's set
 *   default_left[i]        : where a missing value goes, in both
 *
 * The forest's own membership test goes left when the category is in the set, so a categorical
 * split is stored with its children swapped and its default turned round.
 *
 * Leaves of several numbers (multi_strategy=multi_output_tree) came in two layouts.  From 3.2 on a
 * leaf keeps its ordinal in right_children and its numbers in leaf_weights[ordinal * K ...]; before,
 * the numbers are base_weights[i * K ...] and there are no covers.
 *
 * Deleted nodes stay in the arrays with anything in their fields; only their number is believed.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "engine/readers/xgboost/xgboost_parts.h"

typedef struct tree {
  apo_xgboost_shape shape;
  int64_t n_nodes;
  apo_json_at left;
  apo_json_at right;
  apo_json_at columns;
  apo_json_at conditions;
  apo_json_at default_left;
  apo_json_at covers;
  apo_json_at split_types;
  apo_json_at leaf_values; /* of vector leaves */
  bool has_covers;
  bool has_split_types;
  bool has_ordinals; /* vector leaves of 3.2 and later */
  uint64_t n_vectors;
  uint64_t n_vectors_left; /* no more leaves than vectors: a small file stays a small model */
  uint32_t *set_of_node;   /* NULL when no split is categorical */
} tree;

static apo_status take_float(apo_json_at array, uint64_t at, double *out, apo_error *err) {
  APO_TRY(apo_json_number_at(array, at, out, err));
  *out = (double)(float)*out;
  if (isfinite(*out)) return APO_OK;
  return apo_json_fault_at(array, at, err, APO_ERR_FORMAT, "%g, needs a finite number", *out);
}

static apo_status take_column(const tree *self, uint64_t node, uint32_t *out, apo_error *err) {
  int64_t column = 0;
  APO_TRY(apo_json_integer_at(self->columns, node, 0, INT64_MAX, &column, err));
  if (column >= self->shape.n_columns) {
    return apo_json_fault_at(self->columns, node, err, APO_ERR_FORMAT,
                             "column %" PRId64 ", the model has %u", column, self->shape.n_columns);
  }
  *out = (uint32_t)column;
  return APO_OK;
}

static apo_status is_categorical(const tree *self, uint64_t node, bool *out, apo_error *err) {
  *out = false;
  if (!self->has_split_types) return APO_OK;
  int64_t type = 0;
  APO_TRY(apo_json_integer_at(self->split_types, node, INT64_MIN, INT64_MAX, &type, err));
  if (type != 0 && type != 1) {
    return apo_json_fault_at(self->split_types, node, err, APO_ERR_UNSUPPORTED,
                             "split type %" PRId64 " is not known", type);
  }
  *out = type == 1;
  return APO_OK;
}

static apo_status take_category_split(const tree *self,
                                      uint64_t node,
                                      apo_node_spec *out,
                                      apo_error *err) {
  if (self->set_of_node == NULL || self->set_of_node[node] == APO_XGBOOST_NO_SET) {
    return apo_json_fault_at(self->split_types, node, err, APO_ERR_FORMAT,
                             "a categorical split without an entry in categories_nodes");
  }
  const int64_t left = out->left;
  out->left = out->right;
  out->right = left;
  out->default_left = !out->default_left;
  out->op = APO_OP_IN;
  out->threshold = (double)self->set_of_node[node];
  return APO_OK;
}

static apo_status take_node(void *context, uint64_t node, apo_node_spec *out, apo_error *err) {
  const tree *self = context;
  bool is_set = false;
  if (self->has_covers) {
    APO_TRY(apo_json_number_at(self->covers, node, &out->cover, err));
    out->cover = (double)(float)out->cover;
  }
  APO_TRY(apo_json_integer_at(self->left, node, -1, self->n_nodes - 1, &out->left, err));
  out->is_leaf = out->left == -1;
  if (out->is_leaf) return APO_OK;
  APO_TRY(apo_json_integer_at(self->right, node, 0, self->n_nodes - 1, &out->right, err));
  APO_TRY(take_column(self, node, &out->column, err));
  APO_TRY(apo_json_flag_at(self->default_left, node, &out->default_left, err));
  out->missing = APO_MISSING_NAN;
  APO_TRY(is_categorical(self, node, &is_set, err));
  if (is_set) return take_category_split(self, node, out, err);
  out->op = APO_OP_LT;
  return take_float(self->conditions, node, &out->threshold, err);
}

static apo_status take_leaf(void *context, uint64_t node, double *values, apo_error *err) {
  tree *self = context;
  const uint32_t width = self->shape.leaf_width;
  if (width == 1) return take_float(self->conditions, node, values, err);
  uint64_t vector = node;
  if (self->has_ordinals) {
    int64_t ordinal = 0;
    const int64_t n_vectors = (int64_t)self->n_vectors;
    APO_TRY(apo_json_integer_at(self->right, node, 0, n_vectors - 1, &ordinal, err));
    vector = (uint64_t)ordinal;
    if (self->n_vectors_left-- == 0) {
      return apo_json_fault(self->leaf_values, err, APO_ERR_FORMAT,
                            "%" PRIu64 " vectors, the tree has more leaves", self->n_vectors);
    }
  }
  for (uint32_t output = 0; output < width; ++output) {
    APO_TRY(take_float(self->leaf_values, vector * width + output, &values[output], err));
  }
  return APO_OK;
}

/** An array with one element for each node. */
static apo_status take_array(
    apo_json_at at, const char *key, int64_t n_nodes, apo_json_at *out, apo_error *err) {
  APO_TRY(apo_json_member(at, key, out, err));
  return apo_json_need_length(*out, (uint64_t)n_nodes, err);
}

/** The same for an array that older versions do not write; absent and empty are alike. */
static apo_status take_optional_array(apo_json_at at,
                                      const char *key,
                                      int64_t n_nodes,
                                      apo_json_at *out,
                                      bool *is_there,
                                      apo_error *err) {
  *is_there = apo_json_find(at, key, out);
  if (!*is_there) return APO_OK;
  APO_TRY(apo_json_need(*out, APO_JSON_ARRAY, err));
  *is_there = apo_json_length(*out) > 0;
  return *is_there ? apo_json_need_length(*out, (uint64_t)n_nodes, err) : APO_OK;
}

static apo_status take_vectors(apo_json_at at, tree *self, apo_error *err) {
  const uint64_t width = self->shape.leaf_width;
  apo_json_at *values = &self->leaf_values;
  self->has_ordinals = apo_json_find(at, "leaf_weights", values);
  if (!self->has_ordinals) {
    APO_TRY(apo_json_member(at, "base_weights", values, err));
    return apo_json_need_length(*values, (uint64_t)self->n_nodes * width, err);
  }
  APO_TRY(apo_json_need(*values, APO_JSON_ARRAY, err));
  const uint64_t n_values = apo_json_length(*values);
  if (n_values == 0 || n_values % width != 0) {
    return apo_json_fault(*values, err, APO_ERR_FORMAT,
                          "%" PRIu64 " elements, needs a multiple of %" PRIu64, n_values, width);
  }
  self->n_vectors = n_values / width;
  self->n_vectors_left = self->n_vectors;
  return APO_OK;
}

static apo_status take_arrays(apo_json_at at, tree *self, apo_error *err) {
  const int64_t n = self->n_nodes;
  APO_TRY(take_array(at, "left_children", n, &self->left, err));
  APO_TRY(take_array(at, "right_children", n, &self->right, err));
  APO_TRY(take_array(at, "split_indices", n, &self->columns, err));
  APO_TRY(take_array(at, "split_conditions", n, &self->conditions, err));
  APO_TRY(take_array(at, "default_left", n, &self->default_left, err));
  APO_TRY(take_optional_array(at, "sum_hessian", n, &self->covers, &self->has_covers, err));
  APO_TRY(
      take_optional_array(at, "split_type", n, &self->split_types, &self->has_split_types, err));
  return self->shape.leaf_width > 1 ? take_vectors(at, self, err) : APO_OK;
}

apo_status apo_xgboost_leaf_width(apo_json_at at, uint32_t *out, apo_error *err) {
  apo_json_at params;
  apo_json_at member;
  int64_t width = 0;
  APO_TRY(apo_json_member(at, "tree_param", &params, err));
  if (apo_json_find(params, "size_leaf_vector", &member)) {
    const apo_xgboost_range range = {0, APO_MAX_OUTPUTS, true};
    APO_TRY(apo_xgboost_integer(params, "size_leaf_vector", range, &width, err));
  }
  *out = width > 1 ? (uint32_t)width : 1;
  return APO_OK;
}

apo_status apo_xgboost_tree(apo_json_at at,
                            apo_xgboost_shape shape,
                            uint32_t output,
                            double weight,
                            apo_builder *builder,
                            apo_error *err) {
  apo_json_at params;
  apo_json_at member;
  uint32_t width = 0;
  int64_t n_deleted = 0;
  tree self = {.shape = shape};
  APO_TRY(apo_xgboost_leaf_width(at, &width, err));
  if (width != shape.leaf_width) {
    return apo_json_fault(at, err, APO_ERR_FORMAT, "leaves of %u numbers, those before have %u",
                          width, shape.leaf_width);
  }
  APO_TRY(apo_json_member(at, "tree_param", &params, err));
  const apo_xgboost_range range = {1, INT32_MAX, true};
  APO_TRY(apo_xgboost_integer(params, "num_nodes", range, &self.n_nodes, err));
  if (apo_json_find(params, "num_deleted", &member)) {
    const apo_xgboost_range below = {0, self.n_nodes - 1, false};
    APO_TRY(apo_xgboost_integer(params, "num_deleted", below, &n_deleted, err));
  }
  APO_TRY(take_arrays(at, &self, err));

  apo_status status = apo_xgboost_sets(at, (uint64_t)self.n_nodes, builder, &self.set_of_node, err);
  if (status == APO_OK) {
    const apo_tree_spec spec = {.n_nodes = (uint64_t)self.n_nodes,
                                .n_deleted = (uint64_t)n_deleted,
                                .output = width > 1 ? APO_TREE_VECTOR : output,
                                .weight = weight,
                                .context = &self,
                                .node = take_node,
                                .leaf = take_leaf};
    status = apo_builder_add_tree(builder, &spec, err);
  }
  free(self.set_of_node);
  return status;
}
