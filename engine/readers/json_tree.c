#include "engine/readers/json_tree.h"

#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"

void apo_json_destroy(apo_json **json) {
  if (*json == NULL) return;
  free((*json)->values);
  free((*json)->keys);
  free((*json)->packs);
  free((*json)->owned_elements);
  free((*json)->unescaped);
  free(*json);
  *json = NULL;
}

enum { MAX_FEW = 32 };

/* --- order ------------------------------------------------------------------------------------ */

typedef struct named_key {
  const char *at;
  uint32_t n_bytes;
  uint32_t key;
} named_key;

static int compare_keys(const void *a, const void *b) {
  const named_key *x = a;
  const named_key *y = b;
  const size_t n_common = x->n_bytes < y->n_bytes ? x->n_bytes : y->n_bytes;
  const int order = n_common > 0 ? memcmp(x->at, y->at, n_common) : 0;
  if (order != 0) return order;
  return x->n_bytes < y->n_bytes ? -1 : x->n_bytes > y->n_bytes;
}

static apo_status no_memory(apo_error *err) {
  return apo_fail(err, APO_ERR_MEMORY, "document: no memory for its keys");
}

/** Sort the keys and leave each different one once; `rank` [n_keys] gets the new numbers. */
static apo_status rank_keys(apo_json *json, uint32_t *rank, apo_error *err) {
  const uint32_t n = json->n_keys;
  named_key *named = apo_alloc(n, sizeof *named);
  apo_json_text_ref *sorted = apo_alloc(n, sizeof *sorted);
  if (named == NULL || sorted == NULL) {
    free(named);
    free(sorted);
    return no_memory(err);
  }
  for (uint32_t key = 0; key < n; ++key) {
    const apo_json_chars chars = apo_json_chars_of(json, json->keys[key]);
    named[key] = (named_key){chars.at, (uint32_t)chars.n_bytes, key};
  }
  qsort(named, n, sizeof *named, compare_keys);
  uint32_t n_ranks = 0;
  for (uint32_t i = 0; i < n; ++i) {
    if (i == 0 || compare_keys(&named[i - 1], &named[i]) != 0) {
      sorted[n_ranks++] = json->keys[named[i].key];
    }
    rank[named[i].key] = n_ranks - 1;
  }
  free(named);
  free(json->keys);
  json->keys = sorted;
  json->n_keys = n_ranks;
  return APO_OK;
}

static apo_status sort_keys(apo_json *json, apo_error *err) {
  if (json->n_keys == 0) return APO_OK;
  uint32_t *rank = apo_alloc(json->n_keys, sizeof *rank);
  if (rank == NULL) return no_memory(err);
  const apo_status status = rank_keys(json, rank, err);
  for (uint32_t at = 0; status == APO_OK && at < json->n_values; ++at) {
    apo_json_value *value = &json->values[at];
    if (value->key != APO_JSON_NO_KEY) value->key = rank[value->key];
  }
  free(rank);
  return status;
}

static int compare_members(const void *a, const void *b) {
  const uint32_t x = ((const apo_json_value *)a)->key;
  const uint32_t y = ((const apo_json_value *)b)->key;
  return x < y ? -1 : x > y;
}

// Most objects have a dozen members, and most files put them in order already.
static void sort_few(apo_json_value *members, uint32_t n) {
  for (uint32_t i = 1; i < n; ++i) {
    const apo_json_value moved = members[i];
    uint32_t at = i;
    for (; at > 0 && members[at - 1].key > moved.key; --at) members[at] = members[at - 1];
    members[at] = moved;
  }
}

// Sorted members answer apo_json_find by halving, and put equal keys side by side.
static apo_status sort_members(apo_json *json, const apo_json_value *object, apo_error *err) {
  const uint32_t begin = object->as.children.begin;
  const uint32_t n = object->as.children.n;
  apo_json_value *members = json->values + begin;
  if (n <= MAX_FEW) {
    sort_few(members, n);
  } else {
    qsort(members, n, sizeof *members, compare_members);
  }
  for (uint32_t i = 1; i < n; ++i) {
    if (members[i - 1].key != members[i].key) continue;
    const apo_json_at at = {json, begin + i};
    return apo_json_fault(at, err, APO_ERR_FORMAT, "this key occurs twice");
  }
  return APO_OK;
}

apo_status apo_json_sort(apo_json *json, apo_error *err) {
  APO_TRY(sort_keys(json, err));
  for (uint32_t at = 0; at < json->n_values; ++at) {
    // Its members lie before it: sorting them does not move it.
    const apo_json_value *value = &json->values[at];
    if (value->kind == APO_JSON_OBJECT) APO_TRY(sort_members(json, value, err));
  }
  return APO_OK;
}
