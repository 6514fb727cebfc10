#include "engine/exact/code_sets.h"

#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"

enum { FIRST_BUCKETS = 64, MAX_DERIVED = 1 << 29 };

static uint32_t positions_of(const apo_code_forest *codes, uint32_t column) {
  return codes->cuts->begin[column + 1] - codes->cuts->begin[column] + 2;
}

static uint32_t words_of(const apo_code_forest *codes, uint32_t column) {
  return (positions_of(codes, column) + 31) / 32;
}

// --- sets that are arcs -------------------------------------------------------------------------

static bool is_in(const uint32_t *words, uint32_t position) {
  return (words[position / 32] >> (position % 32) & 1u) != 0;
}

// True when the positions in the set are one arc of the circle, none and all included.
static bool find_arc(const uint32_t *words, apo_code_span *span) {
  const uint32_t n = span->n_positions;
  uint32_t n_starts = 0;
  uint32_t length = 0;
  bool before = is_in(words, n - 1);
  span->start = 0;
  for (uint32_t position = 0; position < n; ++position) {
    const bool now = is_in(words, position);
    if (now && !before) {
      span->start = position;
      ++n_starts;
    }
    length += now ? 1 : 0;
    before = now;
  }
  span->length = length;
  return n_starts <= 1;
}

// --- sets that are not --------------------------------------------------------------------------

// FNV-1a over the column and its words.
static uint32_t hash(const uint32_t *words, uint32_t n_words, uint32_t column) {
  uint64_t h = 0xcbf29ce484222325u ^ column;
  for (uint32_t i = 0; i < n_words; ++i) h = (h ^ words[i]) * 0x100000001b3u;
  return (uint32_t)(h ^ (h >> 32));
}

// The bucket of a set: the one that holds it, or the free one where it belongs.
static uint32_t bucket_of(const apo_code_sets *sets, apo_derived_column set) {
  const uint32_t n_words = words_of(sets->codes, set.column);
  const uint32_t *words = sets->codes->set_words + set.word;
  uint32_t at = hash(words, n_words, set.column) & (sets->n_buckets - 1);
  while (sets->bucket[at] != 0) {
    const apo_derived_column other = sets->derived[sets->bucket[at] - 1];
    if (other.column == set.column &&
        memcmp(sets->codes->set_words + other.word, words, n_words * sizeof *words) == 0) {
      break;
    }
    at = (at + 1) & (sets->n_buckets - 1);
  }
  return at;
}

// Room for one more at half load.
static apo_status grow(apo_code_sets *sets, apo_error *err) {
  if (2 * (sets->n_derived + 1) <= sets->n_buckets) return APO_OK;
  if (sets->n_derived >= MAX_DERIVED ||
      (uint64_t)sets->codes->n_columns + sets->n_derived >= APO_TEST_COLUMN) {
    return apo_fail(err, APO_ERR_LIMIT, "leaf games: %u sets of categories", sets->n_derived);
  }
  const uint32_t n = 2 * sets->n_buckets;
  apo_derived_column *derived = apo_resize(sets->derived, n / 2, sizeof *derived);
  if (derived != NULL) sets->derived = derived;
  uint32_t *bucket = apo_alloc(n, sizeof *bucket);
  if (derived == NULL || bucket == NULL) {
    free(bucket);
    return apo_fail(err, APO_ERR_MEMORY, "leaf games: %u sets of categories", n / 2);
  }
  free(sets->bucket);
  sets->bucket = bucket;
  sets->n_buckets = n;
  for (uint32_t i = 0; i < sets->n_derived; ++i) {
    sets->bucket[bucket_of(sets, sets->derived[i])] = i + 1;
  }
  return APO_OK;
}

static apo_status derived_span(apo_code_sets *sets,
                               apo_derived_column set,
                               apo_code_span *out,
                               apo_error *err) {
  APO_TRY(grow(sets, err));
  const uint32_t at = bucket_of(sets, set);
  if (sets->bucket[at] == 0) {
    sets->derived[sets->n_derived++] = set;
    sets->bucket[at] = sets->n_derived;
  }
  *out = (apo_code_span){.column = sets->codes->n_columns + sets->bucket[at] - 1,
                         .n_positions = 2,
                         .start = 0,
                         .length = 1};
  return APO_OK;
}

// --- public -------------------------------------------------------------------------------------

apo_status apo_code_sets_start(apo_code_sets *sets, const apo_code_forest *codes, apo_error *err) {
  *sets = (apo_code_sets){.codes = codes, .n_buckets = FIRST_BUCKETS};
  sets->derived = apo_alloc(FIRST_BUCKETS / 2, sizeof *sets->derived);
  sets->bucket = apo_alloc(FIRST_BUCKETS, sizeof *sets->bucket);
  if (sets->derived != NULL && sets->bucket != NULL) return APO_OK;
  return apo_fail(err, APO_ERR_MEMORY, "leaf games: %d sets of categories", FIRST_BUCKETS / 2);
}

void apo_code_sets_free(apo_code_sets *sets) {
  free(sets->derived);
  free(sets->bucket);
  *sets = (apo_code_sets){0};
}

apo_status apo_code_sets_left(apo_code_sets *sets,
                              const apo_node *node,
                              apo_code_span *out,
                              apo_error *err) {
  *out = (apo_code_span){.column = node->column,
                         .n_positions = positions_of(sets->codes, node->column)};
  if ((node->next & APO_NODE_SET) != 0) {
    if (find_arc(sets->codes->set_words + node->cut, out)) return APO_OK;
    return derived_span(sets, (apo_derived_column){.column = node->column, .word = node->cut}, out,
                        err);
  }
  // Positions are biased codes: without APO_NODE_BIAS the missing one, 0, is not among them.
  out->start = (node->next & APO_NODE_BIAS) != 0 ? 0 : 1;
  out->length = node->cut + 1;
  return APO_OK;
}
