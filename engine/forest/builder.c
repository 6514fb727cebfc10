/* builder.c - the builder's life, and category sets. */
#include "engine/forest/builder_parts.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/core/memory.h"

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

apo_status apo_builder_create(const apo_forest_head *head, apo_builder **out, apo_error *err) {
  *out = NULL;
  APO_TRY(check_head(head, err));
  apo_builder *builder = apo_alloc(1, sizeof *builder);
  if (builder == NULL) return apo_fail(err, APO_ERR_MEMORY, "forest: no memory");
  const apo_status status = apo_builder_first_room(builder, err);
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

apo_status apo_builder_add_set(apo_builder *builder,
                               const uint32_t *codes,
                               size_t n_codes,
                               uint32_t *set_out,
                               apo_error *err) {
  apo_forest *forest = builder->forest;
  const uint64_t begin = forest->set_begin[forest->n_sets];
  APO_TRY(check_codes(codes, n_codes, err));
  APO_TRY(apo_builder_room_for_set(builder, begin + n_codes, err));
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

/* --- finish ----------------------------------------------------------------------------------- */

// F8: a leaf without terms is its value.  A forest whose linear trees were all refused has none.
static void finish_terms(apo_builder *builder) {
  apo_forest *forest = builder->forest;
  if (builder->n_terms == 0) {
    apo_forest_drop_terms(forest);
    return;
  }
  for (uint32_t tree = 0; tree < forest->n_trees; ++tree) {
    const bool is_vector = forest->tree_output[tree] == APO_TREE_VECTOR;
    const double *values = forest->leaf_value + forest->value_begin[tree];
    const uint64_t begin = forest->leaf_begin[tree];
    for (uint64_t leaf = begin; leaf < forest->leaf_begin[tree + 1]; ++leaf) {
      if (forest->term_begin[leaf + 1] > forest->term_begin[leaf]) continue;
      forest->leaf_constant[leaf] = is_vector ? 0.0 : values[leaf - begin];
    }
  }
}

apo_status apo_builder_finish(apo_builder **builder, apo_forest **out, apo_error *err) {
  *out = NULL;
  apo_forest *forest = (*builder)->forest;
  APO_TRY(apo_builder_trim(*builder, err));
  if (!(*builder)->has_covers) {
    free(forest->node_cover);
    free(forest->leaf_cover);
    forest->node_cover = NULL;
    forest->leaf_cover = NULL;
    forest->cover_kind = APO_COVER_NONE;
  }
  finish_terms(*builder);
  *out = forest;
  (*builder)->forest = NULL;
  apo_builder_destroy(builder);
  return APO_OK;
}
