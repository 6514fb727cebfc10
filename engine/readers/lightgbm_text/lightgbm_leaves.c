/* lightgbm_leaves.c - linear leaves: leaf_const + sum of leaf_coeff * value.
 *
 *   leaf_const=0.5 -1         two leaves
 *   num_features=2 0          the first has two terms; the second none: its value is leaf_const
 *   leaf_features=0 3         columns, one list after the other
 *   leaf_coeff=0.25 -2
 *
 * A leaf one of whose columns is NaN gives its leaf_value instead.
 */
#include <inttypes.h>

#include "engine/readers/lightgbm_text/lightgbm_parts.h"

static apo_status no_memory(const char *what, apo_error *err) {
  return apo_fail(err, APO_ERR_MEMORY, "%s: no memory", what);
}

static apo_status read_counts(apo_lightgbm_tree *tree, uint64_t n_leaves, apo_error *err) {
  apo_lightgbm_field *field = &tree->fields[APO_LIGHTGBM_NUM_FEATURES];
  const apo_lightgbm_range range = {0, tree->n_columns};
  APO_TRY(apo_lightgbm_need(field, n_leaves, err));
  int32_t *n_terms = apo_lightgbm_fit(&field->room, n_leaves, sizeof *n_terms);
  uint64_t *begin = apo_lightgbm_fit(&tree->begin_room, n_leaves + 1, sizeof *begin);
  if (n_terms == NULL || begin == NULL) return no_memory("num_features", err);
  APO_TRY(apo_lightgbm_integers(field, range, n_leaves, n_terms, err));
  begin[0] = 0;
  for (uint64_t leaf = 0; leaf < n_leaves; ++leaf) {
    begin[leaf + 1] = begin[leaf] + (uint64_t)n_terms[leaf];
  }
  tree->term_begin = begin;
  return APO_OK;
}

static apo_status read_terms(apo_lightgbm_tree *tree, uint64_t n_terms, apo_error *err) {
  apo_lightgbm_field *columns = &tree->fields[APO_LIGHTGBM_LEAF_FEATURES];
  apo_lightgbm_field *coefficients = &tree->fields[APO_LIGHTGBM_LEAF_COEFF];
  const apo_lightgbm_range range = {0, (int64_t)tree->n_columns - 1};
  // Without terms the two lines need not be there.
  if (n_terms == 0 && columns->line == 0 && coefficients->line == 0) return APO_OK;
  APO_TRY(apo_lightgbm_need(columns, n_terms, err));
  APO_TRY(apo_lightgbm_need(coefficients, n_terms, err));
  int32_t *read = apo_lightgbm_fit(&columns->room, n_terms, sizeof *read);
  tree->coefficient = apo_lightgbm_fit(&coefficients->room, n_terms, sizeof *tree->coefficient);
  if (read == NULL || tree->coefficient == NULL) return no_memory("leaf_features", err);
  APO_TRY(apo_lightgbm_integers(columns, range, n_terms, read, err));
  // The same bits: none is negative.
  tree->term_column = (uint32_t *)read;
  return apo_lightgbm_doubles(coefficients, n_terms, false, tree->coefficient, err);
}

apo_status apo_lightgbm_read_leaves(apo_lightgbm_tree *tree, apo_error *err) {
  apo_lightgbm_field *field = &tree->fields[APO_LIGHTGBM_LEAF_CONST];
  const uint64_t n_leaves = tree->n_inner + 1;
  APO_TRY(apo_lightgbm_need(field, n_leaves, err));
  tree->constant = apo_lightgbm_fit(&field->room, n_leaves, sizeof *tree->constant);
  if (tree->constant == NULL) return no_memory("leaf_const", err);
  APO_TRY(apo_lightgbm_doubles(field, n_leaves, false, tree->constant, err));
  APO_TRY(read_counts(tree, n_leaves, err));
  return read_terms(tree, tree->term_begin[n_leaves], err);
}
