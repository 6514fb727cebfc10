#include "engine/model/compare.h"

#include <inttypes.h>
#include <string.h>

static apo_status check_count(uint64_t before, uint64_t after, const char *what, apo_error *err) {
  if (before == after) return APO_OK;
  return apo_fail(err, APO_ERR_INTERNAL, "%s: %" PRIu64 " became %" PRIu64, what, before, after);
}

static apo_status check_text(const char *before,
                             const char *after,
                             const char *what,
                             apo_error *err) {
  if (strcmp(before, after) == 0) return APO_OK;
  return apo_fail(err, APO_ERR_INTERNAL, "%s: \"%.64s\" became \"%.64s\"", what, before, after);
}

static apo_status check_names(const apo_names *before,
                              const apo_names *after,
                              const char *what,
                              apo_error *err) {
  APO_TRY(check_count(before->n_names, after->n_names, what, err));
  for (uint32_t i = 0; i < before->n_names; ++i) {
    APO_TRY(check_text(before->texts[i], after->texts[i], what, err));
  }
  return APO_OK;
}

// By bits: -0.0 is not 0.0 here.
static bool is_same(double before, double after) {
  return memcmp(&before, &after, sizeof before) == 0;
}

static apo_status check_numbers(
    const double *before, const double *after, uint64_t n, const char *what, apo_error *err) {
  APO_TRY(check_count(before != NULL, after != NULL, what, err));
  for (uint64_t i = 0; before != NULL && i < n; ++i) {
    if (is_same(before[i], after[i])) continue;
    return apo_fail(err, APO_ERR_INTERNAL, "%s %" PRIu64 ": %.17g became %.17g", what, i, before[i],
                    after[i]);
  }
  return APO_OK;
}

static apo_status check_number(double before, double after, const char *what, apo_error *err) {
  if (is_same(before, after)) return APO_OK;
  return apo_fail(err, APO_ERR_INTERNAL, "%s: %.17g became %.17g", what, before, after);
}

/* Any array of elements without padding. */
static apo_status check_array(const void *before,
                              const void *after,
                              uint64_t n,
                              size_t element_bytes,
                              const char *what,
                              apo_error *err) {
  APO_TRY(check_count(before != NULL, after != NULL, what, err));
  for (uint64_t i = 0; before != NULL && i < n; ++i) {
    const size_t at = (size_t)i * element_bytes;
    if (memcmp((const char *)before + at, (const char *)after + at, element_bytes) == 0) continue;
    return apo_fail(err, APO_ERR_INTERNAL, "%s %" PRIu64 ": is not what it was", what, i);
  }
  return APO_OK;
}

/* --- what comes in ---------------------------------------------------------------------------- */

static apo_status check_table(const apo_category_table *before,
                              const apo_category_table *after,
                              apo_error *err) {
  APO_TRY(check_count(before->column, after->column, "column", err));
  APO_TRY(check_count(before->unknown, after->unknown, "unknown", err));
  APO_TRY(check_count(before->is_text, after->is_text, "text", err));
  APO_TRY(check_names(&before->texts, &after->texts, "category", err));
  APO_TRY(check_count(before->n_numbers, after->n_numbers, "categories", err));
  if (before->is_text) return APO_OK;
  return check_numbers(before->numbers, after->numbers, before->n_numbers, "category", err);
}

static apo_status check_tables(const apo_model *before, const apo_model *after, apo_error *err) {
  APO_TRY(check_count(before->n_categories, after->n_categories, "category tables", err));
  for (uint32_t at = 0; at < before->n_categories; ++at) {
    const apo_status status = check_table(&before->categories[at], &after->categories[at], err);
    if (status != APO_OK) return apo_prefix(err, status, "category table %u: ", at);
  }
  return APO_OK;
}

static apo_status check_transform(const apo_model *before, const apo_model *after, apo_error *err) {
  const uint32_t n = before->n_columns;
  APO_TRY(check_count(before->transform.n_steps, after->transform.n_steps, "transforms", err));
  for (uint32_t at = 0; at < before->transform.n_steps; ++at) {
    const apo_transform_step *a = &before->transform.steps[at];
    const apo_transform_step *b = &after->transform.steps[at];
    APO_TRY(check_count(a->op, b->op, "transform", err));
    APO_TRY(check_numbers(a->values, b->values, n, "transform: column", err));
    APO_TRY(check_numbers(a->highs, b->highs, n, "transform: upper bound of column", err));
  }
  return APO_OK;
}

/* --- forest ----------------------------------------------------------------------------------- */

static apo_status check_forest_head(const apo_forest *before,
                                    const apo_forest *after,
                                    apo_error *err) {
  APO_TRY(check_count(before->n_trees, after->n_trees, "trees", err));
  APO_TRY(check_count(before->n_nodes, after->n_nodes, "inner nodes", err));
  APO_TRY(check_count(before->n_leaves, after->n_leaves, "leaves", err));
  APO_TRY(check_count(before->n_values, after->n_values, "leaf values", err));
  APO_TRY(check_count(before->cast_f32, after->cast_f32, "cast to float", err));
  APO_TRY(check_count(before->code_rule, after->code_rule, "rule of codes", err));
  APO_TRY(check_count(before->cover_kind, after->cover_kind, "kind of covers", err));
  APO_TRY(check_number(before->scale, after->scale, "scale", err));
  return check_number(before->divide, after->divide, "divide", err);
}

static apo_status check_trees(const apo_forest *a, const apo_forest *b, apo_error *err) {
  const uint64_t n = a->n_trees;
  APO_TRY(check_array(a->node_begin, b->node_begin, n + 1, 8, "inner nodes before tree", err));
  APO_TRY(check_array(a->leaf_begin, b->leaf_begin, n + 1, 8, "leaves before tree", err));
  APO_TRY(check_array(a->value_begin, b->value_begin, n + 1, 8, "leaf values before tree", err));
  APO_TRY(check_array(a->tree_output, b->tree_output, n, 4, "output of tree", err));
  return check_numbers(a->tree_weight, b->tree_weight, n, "weight of tree", err);
}

static apo_status check_set(const apo_forest *a,
                            const apo_forest *b,
                            uint64_t node,
                            apo_error *err) {
  const uint64_t a_begin = a->set_begin[(uint64_t)a->threshold[node]];
  const uint64_t b_begin = b->set_begin[(uint64_t)b->threshold[node]];
  const uint64_t n = a->set_begin[(uint64_t)a->threshold[node] + 1] - a_begin;
  const uint64_t b_n = b->set_begin[(uint64_t)b->threshold[node] + 1] - b_begin;
  if (n == b_n &&
      memcmp(a->set_code + a_begin, b->set_code + b_begin, (size_t)n * sizeof *a->set_code) == 0) {
    return APO_OK;
  }
  return apo_fail(err, APO_ERR_INTERNAL, "inner node %" PRIu64 ": its category set changed", node);
}

static apo_status check_nodes(const apo_forest *a, const apo_forest *b, apo_error *err) {
  const uint64_t n = a->n_nodes;
  APO_TRY(check_array(a->column, b->column, n, sizeof *a->column, "column of inner node", err));
  APO_TRY(check_array(a->op, b->op, n, 1, "comparison of inner node", err));
  APO_TRY(check_array(a->missing, b->missing, n, 1, "missing rule of inner node", err));
  APO_TRY(check_array(a->default_left, b->default_left, n, 1, "default side of inner node", err));
  APO_TRY(check_array(a->left, b->left, n, sizeof *a->left, "left child of inner node", err));
  APO_TRY(check_array(a->right, b->right, n, sizeof *a->right, "right child of inner node", err));
  APO_TRY(check_numbers(a->node_cover, b->node_cover, n, "cover of inner node", err));
  for (uint64_t node = 0; node < n; ++node) {
    if (a->op[node] == APO_OP_IN) {
      APO_TRY(check_set(a, b, node, err));
    } else {
      const apo_status status =
          check_number(a->threshold[node], b->threshold[node], "threshold", err);
      if (status != APO_OK) return apo_prefix(err, status, "inner node %" PRIu64 ": ", node);
    }
  }
  return APO_OK;
}

static apo_status check_leaves(const apo_forest *a, const apo_forest *b, apo_error *err) {
  APO_TRY(check_numbers(a->leaf_value, b->leaf_value, a->n_values, "leaf value", err));
  APO_TRY(check_numbers(a->leaf_cover, b->leaf_cover, a->n_leaves, "cover of leaf", err));
  APO_TRY(check_array(a->term_begin, b->term_begin, a->n_leaves + 1, 8, "terms before leaf", err));
  if (a->term_begin == NULL) return APO_OK;
  const uint64_t n = a->term_begin[a->n_leaves];
  APO_TRY(check_array(a->term_column, b->term_column, n, 4, "column of term", err));
  APO_TRY(check_numbers(a->term_coefficient, b->term_coefficient, n, "coefficient of term", err));
  return check_numbers(a->leaf_constant, b->leaf_constant, a->n_leaves, "constant of leaf", err);
}

static apo_status check_forest(const apo_forest *before, const apo_forest *after, apo_error *err) {
  APO_TRY(check_forest_head(before, after, err));
  APO_TRY(check_trees(before, after, err));
  APO_TRY(check_nodes(before, after, err));
  return check_leaves(before, after, err);
}

static apo_status check_linear(const apo_model *before, const apo_model *after, apo_error *err) {
  const apo_linear *a = before->linear;
  const apo_linear *b = after->linear;
  const uint64_t n = (uint64_t)before->n_columns * before->n_outputs;
  APO_TRY(check_count(a->missing_adds_nothing, b->missing_adds_nothing, "missing rule", err));
  APO_TRY(check_count(a->cast_f32, b->cast_f32, "cast to float", err));
  return check_numbers(a->coefficients, b->coefficients, n, "coefficient", err);
}

/* --- model ------------------------------------------------------------------------------------ */

static apo_status check_origin(const apo_model *before, const apo_model *after, apo_error *err) {
  APO_TRY(check_text(before->library, after->library, "library", err));
  APO_TRY(check_text(before->library_version, after->library_version, "library version", err));
  APO_TRY(check_text(before->objective, after->objective, "objective", err));
  APO_TRY(check_count((uint64_t)before->best_iteration, (uint64_t)after->best_iteration,
                      "best iteration", err));
  return check_count(before->trees_per_iteration, after->trees_per_iteration,
                     "trees of an iteration", err);
}

static apo_status check_outputs(const apo_model *before, const apo_model *after, apo_error *err) {
  APO_TRY(check_count(before->n_outputs, after->n_outputs, "outputs", err));
  APO_TRY(check_names(&before->output_names, &after->output_names, "output", err));
  APO_TRY(check_numbers(before->base, after->base, before->n_outputs, "base of output", err));
  APO_TRY(check_count(before->link.name, after->link.name, "link", err));
  APO_TRY(check_number(before->link.scale, after->link.scale, "scale of the link", err));
  return check_count(before->margin_is_probability, after->margin_is_probability,
                     "margin as probability", err);
}

apo_status apo_model_compare(const apo_model *before, const apo_model *after, apo_error *err) {
  APO_TRY(check_count(before->kind, after->kind, "kind", err));
  APO_TRY(check_origin(before, after, err));
  APO_TRY(check_count(before->n_columns, after->n_columns, "columns", err));
  APO_TRY(check_names(&before->column_names, &after->column_names, "column", err));
  APO_TRY(check_tables(before, after, err));
  APO_TRY(check_transform(before, after, err));
  APO_TRY(check_outputs(before, after, err));
  switch (before->kind) {
    case APO_MODEL_FOREST: return check_forest(before->forest, after->forest, err);
    case APO_MODEL_LINEAR: return check_linear(before, after, err);
    case APO_MODEL_CALLBACK: break;
  }
  return apo_fail(err, APO_ERR_INTERNAL, "model: a callback cannot be compared");
}
