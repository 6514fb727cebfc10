#include "engine/model/iterations.h"

#include <inttypes.h>
#include <string.h>

// Elements [begin, end) of an array to its front; `array` may be NULL.
static void keep(void *array, uint64_t begin, uint64_t end, size_t element_bytes) {
  if (array == NULL || begin == 0) return;
  memmove(array, (char *)array + begin * element_bytes, (size_t)(end - begin) * element_bytes);
}

// As keep, for an array of n + 1 begins, which start at 0 again.
static void keep_begins(uint64_t *begins, uint64_t begin, uint64_t end) {
  if (begins == NULL || begin == 0) return;
  const uint64_t first = begins[begin];
  for (uint64_t at = begin; at <= end; ++at) begins[at - begin] = begins[at] - first;
}

static void keep_nodes(apo_forest *f, uint64_t begin, uint64_t end) {
  keep(f->column, begin, end, sizeof *f->column);
  keep(f->op, begin, end, sizeof *f->op);
  keep(f->missing, begin, end, sizeof *f->missing);
  keep(f->default_left, begin, end, sizeof *f->default_left);
  keep(f->threshold, begin, end, sizeof *f->threshold);
  keep(f->left, begin, end, sizeof *f->left);
  keep(f->right, begin, end, sizeof *f->right);
  keep(f->node_cover, begin, end, sizeof *f->node_cover);
  f->n_nodes = end - begin;
}

static void keep_leaves(apo_forest *f, uint64_t begin, uint64_t end) {
  keep(f->leaf_cover, begin, end, sizeof *f->leaf_cover);
  if (f->term_begin != NULL) {
    const uint64_t term_begin = f->term_begin[begin];
    const uint64_t term_end = f->term_begin[end];
    keep(f->leaf_constant, begin, end, sizeof *f->leaf_constant);
    keep(f->term_column, term_begin, term_end, sizeof *f->term_column);
    keep(f->term_coefficient, term_begin, term_end, sizeof *f->term_coefficient);
    keep_begins(f->term_begin, begin, end);
    if (term_end == term_begin) apo_forest_drop_terms(f);
  }
  f->n_leaves = end - begin;
}

// Category sets stay, also those that no tree asks for any more.
static void keep_trees(apo_forest *f, uint64_t begin, uint64_t end) {
  keep_nodes(f, f->node_begin[begin], f->node_begin[end]);
  keep_leaves(f, f->leaf_begin[begin], f->leaf_begin[end]);
  keep(f->leaf_value, f->value_begin[begin], f->value_begin[end], sizeof *f->leaf_value);
  f->n_values = f->value_begin[end] - f->value_begin[begin];
  keep(f->tree_output, begin, end, sizeof *f->tree_output);
  keep(f->tree_weight, begin, end, sizeof *f->tree_weight);
  keep_begins(f->node_begin, begin, end);
  keep_begins(f->leaf_begin, begin, end);
  keep_begins(f->value_begin, begin, end);
  f->n_trees = (uint32_t)(end - begin);
}

apo_status apo_model_keep_iterations(
    apo_model *model, uint64_t begin, uint64_t *end, bool *is_part, apo_error *err) {
  *is_part = false;
  if (begin == 0 && *end == 0) return APO_OK;
  const uint64_t step = model->trees_per_iteration;
  if (model->forest == NULL || step == 0) {
    return apo_fail(err, APO_ERR_UNSUPPORTED, "iterations: the model states none to choose from");
  }
  const uint64_t n = model->forest->n_trees / step;
  if (*end == APO_BEST_ITERATION) {
    if (model->best_iteration < 0) {
      return apo_fail(err, APO_ERR_ARGUMENT, "iterations: the model states no best one");
    }
    *end = (uint64_t)model->best_iteration + 1;
  }
  if (*end == 0) *end = n;
  if (begin >= *end || *end > n) {
    return apo_fail(err, APO_ERR_ARGUMENT,
                    "iterations: %" PRIu64 " to %" PRIu64 ", the model has %" PRIu64, begin, *end,
                    n);
  }
  if (begin == 0 && *end == n) return APO_OK;
  *is_part = true;
  keep_trees(model->forest, begin * step, *end * step);
  const int64_t best = model->best_iteration - (int64_t)begin;
  model->best_iteration = best >= 0 && (uint64_t)best < *end - begin ? best : -1;
  if (model->forest->divide == (double)n) model->forest->divide = (double)(*end - begin);
  return APO_OK;
}
