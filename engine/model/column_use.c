#include "engine/model/column_use.h"

#include <string.h>

static void count_split(const apo_forest *forest, uint64_t node, apo_column_use *use) {
  const apo_missing missing = (apo_missing)forest->missing[node];
  ++use->n_splits;
  ++use->n_missing[missing];
  if (missing != APO_MISSING_NONE)
    ++*(forest->default_left[node] != 0 ? &use->n_left : &use->n_right);
  if (forest->op[node] != APO_OP_IN) return;
  const uint64_t end = forest->set_begin[(uint64_t)forest->threshold[node] + 1];
  ++use->n_categorical;
  // Codes ascend inside a set.
  if (forest->set_code[end - 1] > use->largest_code) use->largest_code = forest->set_code[end - 1];
}

static void count_forest(const apo_forest *forest, apo_column_use *out) {
  for (uint64_t node = 0; node < forest->n_nodes; ++node) {
    count_split(forest, node, &out[forest->column[node]]);
  }
  if (forest->term_begin == NULL) return;
  const uint64_t n_terms = forest->term_begin[forest->n_leaves];
  for (uint64_t term = 0; term < n_terms; ++term) ++out[forest->term_column[term]].n_terms;
}

static void count_linear(const apo_model *model, apo_column_use *out) {
  for (uint32_t output = 0; output < model->n_outputs; ++output) {
    const double *coefficients = model->linear->coefficients + (size_t)output * model->n_columns;
    for (uint32_t column = 0; column < model->n_columns; ++column) {
      if (coefficients[column] != 0.0) ++out[column].n_terms;
    }
  }
}

void apo_column_use_take(const apo_model *model, apo_column_use *out) {
  memset(out, 0, model->n_columns * sizeof *out);
  for (uint32_t at = 0; at < model->n_categories; ++at) {
    out[model->categories[at].column].table = &model->categories[at];
  }
  if (model->forest != NULL) count_forest(model->forest, out);
  if (model->linear != NULL) count_linear(model, out);
}

bool apo_column_use_is_categorical(const apo_column_use *use) {
  return use->table != NULL || use->n_categorical > 0;
}

uint32_t apo_category_table_size(const apo_category_table *table) {
  return table->is_text ? table->texts.n_names : table->n_numbers;
}
