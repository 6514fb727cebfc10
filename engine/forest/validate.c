#include "engine/forest/validate.h"

#include <inttypes.h>
#include <math.h>

#include "engine/core/memory.h"

static apo_status check_op(apo_split split, uint32_t n_sets, apo_error *err) {
  if (!isfinite(split.threshold)) {
    return apo_fail(err, APO_ERR_FORMAT, "threshold %g is not finite", split.threshold);
  }
  switch (split.op) {
    case APO_OP_LT:
    case APO_OP_LE:
    case APO_OP_EQ: return APO_OK;
    case APO_OP_PRESENT:
      if (split.threshold == 0.0) return APO_OK;
      return apo_fail(err, APO_ERR_FORMAT, "threshold %g of a split on presence, needs 0",
                      split.threshold);
    case APO_OP_IN:
      if (split.threshold >= 0.0 && split.threshold < (double)n_sets &&
          split.threshold == floor(split.threshold)) {
        return APO_OK;
      }
      return apo_fail(err, APO_ERR_FORMAT, "category set %g of %u", split.threshold, n_sets);
  }
  return apo_fail(err, APO_ERR_FORMAT, "comparison %d is not known", (int)split.op);
}

apo_status apo_forest_check_split(const apo_forest *forest, apo_split split, apo_error *err) {
  if (split.column >= forest->n_columns) {
    return apo_fail(err, APO_ERR_FORMAT, "column %u of %u", split.column, forest->n_columns);
  }
  if (split.missing != APO_MISSING_NAN && split.missing != APO_MISSING_NONE &&
      split.missing != APO_MISSING_ZERO) {
    return apo_fail(err, APO_ERR_FORMAT, "missing rule %d is not known", (int)split.missing);
  }
  APO_TRY(check_op(split, forest->n_sets, err));
  const bool is_compared = split.op != APO_OP_IN && split.op != APO_OP_PRESENT;
  if (forest->cast_f32 && is_compared && (double)(float)split.threshold != split.threshold) {
    return apo_fail(err, APO_ERR_FORMAT, "threshold %.17g is not a float, and values are",
                    split.threshold);
  }
  return APO_OK;
}

static apo_status check_head(const apo_forest *forest, apo_error *err) {
  if (forest->n_columns == 0 || forest->n_columns > APO_MAX_COLUMNS) {
    return apo_fail(err, APO_ERR_LIMIT, "%u columns, needs 1 to %d", forest->n_columns,
                    APO_MAX_COLUMNS);
  }
  if (forest->n_outputs == 0 || forest->n_outputs > APO_MAX_OUTPUTS) {
    return apo_fail(err, APO_ERR_LIMIT, "%u outputs, needs 1 to %d", forest->n_outputs,
                    APO_MAX_OUTPUTS);
  }
  if (!isfinite(forest->scale)) {
    return apo_fail(err, APO_ERR_FORMAT, "scale %g is not finite", forest->scale);
  }
  if (!isfinite(forest->divide) || forest->divide < 1.0) {
    return apo_fail(err, APO_ERR_FORMAT, "divide %g, needs 1 or more", forest->divide);
  }
  return APO_OK;
}

static apo_status check_sets(const apo_forest *forest, apo_error *err) {
  for (uint32_t set = 0; set < forest->n_sets; ++set) {
    const uint64_t begin = forest->set_begin[set];
    const uint64_t end = forest->set_begin[set + 1];
    if (begin >= end) return apo_fail(err, APO_ERR_FORMAT, "category set %u is empty", set);
    for (uint64_t i = begin; i < end; ++i) {
      const uint32_t code = forest->set_code[i];
      if (code <= APO_MAX_CATEGORY_CODE && (i == begin || forest->set_code[i - 1] < code)) continue;
      return apo_fail(err, APO_ERR_FORMAT, "category set %u: code %u does not ascend", set, code);
    }
  }
  return APO_OK;
}

/* Of the tree that is looked at; sized for the largest one. */
typedef struct scratch {
  uint32_t *depth; /* [inner nodes]; 0: not named yet */
  uint8_t *seen;   /* [leaves] */
} scratch;

static apo_status check_child(
    const scratch *self, uint64_t node, int64_t child, uint64_t n_nodes, apo_error *err) {
  if (child < 0) {
    const uint64_t leaf = (uint64_t)~child;
    if (leaf > n_nodes) {
      return apo_fail(err, APO_ERR_FORMAT, "leaf %" PRIu64 " of %" PRIu64, leaf, n_nodes + 1);
    }
    if (self->seen[leaf]++ == 0) return APO_OK;
    return apo_fail(err, APO_ERR_FORMAT, "leaf %" PRIu64 " has two parents", leaf);
  }
  if ((uint64_t)child >= n_nodes || (uint64_t)child <= node) {
    return apo_fail(err, APO_ERR_FORMAT, "child %" PRId64 ", needs one above it and below %" PRIu64,
                    child, n_nodes);
  }
  if (self->depth[child] != 0) {
    return apo_fail(err, APO_ERR_FORMAT, "child %" PRId64 " has two parents", child);
  }
  self->depth[child] = self->depth[node] + 1;
  if (self->depth[child] <= APO_MAX_TREE_DEPTH) return APO_OK;
  return apo_fail(err, APO_ERR_LIMIT, "deeper than %d", APO_MAX_TREE_DEPTH);
}

static apo_status check_node(const apo_forest *forest, uint64_t at, apo_error *err) {
  const apo_split split = {.column = forest->column[at],
                           .op = (apo_op)forest->op[at],
                           .missing = (apo_missing)forest->missing[at],
                           .threshold = forest->threshold[at]};
  APO_TRY(apo_forest_check_split(forest, split, err));
  if (forest->node_cover != NULL &&
      !(isfinite(forest->node_cover[at]) && forest->node_cover[at] >= 0.0)) {
    return apo_fail(err, APO_ERR_FORMAT, "cover %g", forest->node_cover[at]);
  }
  return APO_OK;
}

static apo_status check_nodes(const apo_forest *forest,
                              scratch *self,
                              uint32_t tree,
                              apo_error *err) {
  const uint64_t begin = forest->node_begin[tree];
  const uint64_t n_nodes = forest->node_begin[tree + 1] - begin;
  for (uint64_t i = 0; i < n_nodes; ++i) self->depth[i] = 0;
  for (uint64_t i = 0; i <= n_nodes; ++i) self->seen[i] = 0;
  if (n_nodes > 0) self->depth[0] = 1;
  for (uint64_t node = 0; node < n_nodes; ++node) {
    apo_status status = APO_OK;
    // Parents come first, so a node without a depth by now has none.
    if (self->depth[node] == 0) status = apo_fail(err, APO_ERR_FORMAT, "has no parent");
    if (status == APO_OK) status = check_node(forest, begin + node, err);
    if (status == APO_OK) {
      status = check_child(self, node, forest->left[begin + node], n_nodes, err);
    }
    if (status == APO_OK) {
      status = check_child(self, node, forest->right[begin + node], n_nodes, err);
    }
    if (status != APO_OK) return apo_prefix(err, status, "node %" PRIu64 ": ", node);
  }
  return APO_OK;
}

static apo_status check_leaves(const apo_forest *forest, uint32_t tree, apo_error *err) {
  for (uint64_t i = forest->value_begin[tree]; i < forest->value_begin[tree + 1]; ++i) {
    if (isfinite(forest->leaf_value[i])) continue;
    return apo_fail(err, APO_ERR_FORMAT, "leaf value %g is not finite", forest->leaf_value[i]);
  }
  if (forest->leaf_cover == NULL) return APO_OK;
  for (uint64_t i = forest->leaf_begin[tree]; i < forest->leaf_begin[tree + 1]; ++i) {
    if (isfinite(forest->leaf_cover[i]) && forest->leaf_cover[i] >= 0.0) continue;
    return apo_fail(err, APO_ERR_FORMAT, "leaf cover %g", forest->leaf_cover[i]);
  }
  return APO_OK;
}

static apo_status check_terms(const apo_forest *forest, uint32_t tree, apo_error *err) {
  const bool is_vector = forest->tree_output[tree] == APO_TREE_VECTOR;
  const uint64_t n_terms = forest->term_begin[forest->n_leaves];
  for (uint64_t leaf = forest->leaf_begin[tree]; leaf < forest->leaf_begin[tree + 1]; ++leaf) {
    const uint64_t begin = forest->term_begin[leaf];
    const uint64_t end = forest->term_begin[leaf + 1];
    if (end < begin || end > n_terms || (is_vector && end > begin)) {
      return apo_fail(err, APO_ERR_FORMAT, "terms of a leaf from %" PRIu64 " to %" PRIu64, begin,
                      end);
    }
    if (!isfinite(forest->leaf_constant[leaf])) {
      return apo_fail(err, APO_ERR_FORMAT, "leaf constant %g is not finite",
                      forest->leaf_constant[leaf]);
    }
    for (uint64_t term = begin; term < end; ++term) {
      if (forest->term_column[term] < forest->n_columns &&
          isfinite(forest->term_coefficient[term])) {
        continue;
      }
      return apo_fail(err, APO_ERR_FORMAT, "term of column %u of %u with coefficient %g",
                      forest->term_column[term], forest->n_columns, forest->term_coefficient[term]);
    }
  }
  return APO_OK;
}

static apo_status check_sizes(const apo_forest *forest, uint32_t tree, apo_error *err) {
  const uint32_t output = forest->tree_output[tree];
  if (output >= forest->n_outputs && output != APO_TREE_VECTOR) {
    return apo_fail(err, APO_ERR_FORMAT, "output %u of %u", output, forest->n_outputs);
  }
  const uint64_t n_nodes = forest->node_begin[tree + 1] - forest->node_begin[tree];
  const uint64_t n_leaves = forest->leaf_begin[tree + 1] - forest->leaf_begin[tree];
  const uint64_t n_values = forest->value_begin[tree + 1] - forest->value_begin[tree];
  const uint64_t width = output == APO_TREE_VECTOR ? forest->n_outputs : 1;
  if (n_leaves != n_nodes + 1 || n_values != n_leaves * width) {
    return apo_fail(err, APO_ERR_FORMAT,
                    "%" PRIu64 " inner nodes, %" PRIu64 " leaves and %" PRIu64
                    " values do not fit together",
                    n_nodes, n_leaves, n_values);
  }
  if (!isfinite(forest->tree_weight[tree])) {
    return apo_fail(err, APO_ERR_FORMAT, "weight %g is not finite", forest->tree_weight[tree]);
  }
  return APO_OK;
}

static apo_status scratch_take(const apo_forest *forest, scratch *out, apo_error *err) {
  uint64_t max_nodes = 0;
  for (uint32_t tree = 0; tree < forest->n_trees; ++tree) {
    const uint64_t n_nodes = forest->node_begin[tree + 1] - forest->node_begin[tree];
    if (n_nodes > max_nodes) max_nodes = n_nodes;
  }
  out->depth = apo_alloc(max_nodes, sizeof *out->depth);
  out->seen = apo_alloc(max_nodes + 1, sizeof *out->seen);
  if (out->depth != NULL && out->seen != NULL) return APO_OK;
  return apo_fail(err, APO_ERR_MEMORY, "checking a tree of %" PRIu64 " nodes", max_nodes);
}

apo_status apo_forest_validate(const apo_forest *forest, apo_error *err) {
  scratch self = {0};
  apo_status status = check_head(forest, err);
  if (status == APO_OK) status = check_sets(forest, err);
  if (status == APO_OK) status = scratch_take(forest, &self, err);
  for (uint32_t tree = 0; tree < forest->n_trees && status == APO_OK; ++tree) {
    status = check_sizes(forest, tree, err);
    if (status == APO_OK) status = check_nodes(forest, &self, tree, err);
    if (status == APO_OK) status = check_leaves(forest, tree, err);
    if (status == APO_OK && forest->term_begin != NULL) status = check_terms(forest, tree, err);
    if (status != APO_OK) apo_prefix(err, status, "tree %u: ", tree);
  }
  free(self.depth);
  free(self.seen);
  return status;
}
