/* neutral_terms.c - "linear" of a tree: flat lists of terms, cut into leaves by their counts. */
#include <inttypes.h>

#include "engine/core/memory.h"
#include "engine/readers/neutral_json/neutral_parts.h"

static apo_status make_room(apo_json_at linear,
                            uint64_t n_leaves,
                            uint64_t n_terms,
                            apo_neutral_terms *self,
                            apo_error *err) {
  if (n_leaves >= self->leaf_capacity) {
    uint64_t *begin = apo_resize(self->begin, (size_t)n_leaves + 1, sizeof *begin);
    if (begin == NULL) return apo_json_fault(linear, err, APO_ERR_MEMORY, "no memory");
    self->begin = begin;
    self->leaf_capacity = n_leaves + 1;
  }
  if (n_terms <= self->term_capacity) return APO_OK;
  uint32_t *columns = apo_resize(self->columns, (size_t)n_terms, sizeof *columns);
  if (columns != NULL) self->columns = columns;
  double *coefficients = apo_resize(self->coefficients, (size_t)n_terms, sizeof *coefficients);
  if (coefficients != NULL) self->coefficients = coefficients;
  if (columns == NULL || coefficients == NULL) {
    return apo_json_fault(linear, err, APO_ERR_MEMORY, "%" PRIu64 " terms", n_terms);
  }
  self->term_capacity = n_terms;
  return APO_OK;
}

static apo_status read_counts(
    apo_json_at counts, uint64_t n_leaves, uint64_t n_terms, uint64_t *begin, apo_error *err) {
  begin[0] = 0;
  for (uint64_t leaf = 0; leaf < n_leaves; ++leaf) {
    int64_t count = 0;
    const int64_t rest = (int64_t)(n_terms - begin[leaf]);
    APO_TRY(apo_json_integer_at(counts, leaf, 0, rest, &count, err));
    begin[leaf + 1] = begin[leaf] + (uint64_t)count;
  }
  if (begin[n_leaves] == n_terms) return APO_OK;
  return apo_json_fault(counts, err, APO_ERR_FORMAT, "%" PRIu64 " in all, columns has %" PRIu64,
                        begin[n_leaves], n_terms);
}

apo_status apo_neutral_read_terms(apo_json_at linear,
                                  uint64_t n_leaves,
                                  uint32_t n_columns,
                                  apo_neutral_terms *out,
                                  apo_error *err) {
  static const char *const keys[] = {"count", "columns", "coefficients", "constant", NULL};
  apo_json_at counts;
  apo_json_at columns;
  apo_json_at coefficients;
  APO_TRY(apo_neutral_check_keys(linear, keys, err));
  APO_TRY(apo_json_member(linear, "count", &counts, err));
  APO_TRY(apo_json_need_length(counts, n_leaves, err));
  APO_TRY(apo_json_member(linear, "columns", &columns, err));
  APO_TRY(apo_json_need(columns, APO_JSON_ARRAY, err));
  const uint64_t n_terms = apo_json_length(columns);
  APO_TRY(apo_json_member(linear, "coefficients", &coefficients, err));
  APO_TRY(apo_json_need_length(coefficients, n_terms, err));
  APO_TRY(apo_json_member(linear, "constant", &out->constant, err));
  APO_TRY(apo_json_need_length(out->constant, n_leaves, err));
  APO_TRY(make_room(linear, n_leaves, n_terms, out, err));
  APO_TRY(read_counts(counts, n_leaves, n_terms, out->begin, err));
  for (uint64_t term = 0; term < n_terms; ++term) {
    int64_t column = 0;
    APO_TRY(apo_json_integer_at(columns, term, 0, (int64_t)n_columns - 1, &column, err));
    APO_TRY(apo_neutral_number_at(coefficients, term, &out->coefficients[term], err));
    out->columns[term] = (uint32_t)column;
  }
  return APO_OK;
}

apo_status apo_neutral_terms_of(const apo_neutral_terms *terms,
                                uint64_t leaf,
                                apo_leaf_terms *out,
                                apo_error *err) {
  const uint64_t begin = terms->begin[leaf];
  const uint64_t n_terms = terms->begin[leaf + 1] - begin;
  if (n_terms > UINT32_MAX) {
    return apo_json_fault_at(terms->constant, leaf, err, APO_ERR_LIMIT, "%" PRIu64 " terms",
                             n_terms);
  }
  out->n_terms = (uint32_t)n_terms;
  out->columns = n_terms > 0 ? terms->columns + begin : NULL;
  out->coefficients = n_terms > 0 ? terms->coefficients + begin : NULL;
  return apo_neutral_number_at(terms->constant, leaf, &out->constant, err);
}

void apo_neutral_terms_clear(apo_neutral_terms *terms) {
  free(terms->begin);
  free(terms->columns);
  free(terms->coefficients);
  *terms = (apo_neutral_terms){0};
}
