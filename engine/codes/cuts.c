#include "engine/codes/cuts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"

static const uint64_t sign64 = 0x8000000000000000u;
static const uint64_t sign32 = 0x80000000u;

uint64_t apo_cuts_key(const apo_cuts *cuts, double value) {
  uint64_t bits = 0;
  uint64_t sign = sign64;
  if (cuts->key_bytes == 4) {
    const float narrow = (float)value;
    uint32_t narrow_bits;
    memcpy(&narrow_bits, &narrow, sizeof narrow_bits);
    bits = narrow_bits;
    sign = sign32;
  } else {
    memcpy(&bits, &value, sizeof bits);
  }
  const uint64_t magnitude = bits & (sign - 1);
  return (bits & sign) != 0 ? sign - magnitude : sign + magnitude;
}

static double value_of_key(const apo_cuts *cuts, uint64_t key) {
  const uint64_t sign = cuts->key_bytes == 4 ? sign32 : sign64;
  const uint64_t bits = key >= sign ? key - sign : sign | (sign - key);
  if (cuts->key_bytes == 4) {
    const uint32_t narrow_bits = (uint32_t)bits;
    float narrow;
    memcpy(&narrow, &narrow_bits, sizeof narrow);
    return (double)narrow;
  }
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

uint32_t apo_cuts_rank(const apo_cuts *cuts, uint32_t column, uint64_t key) {
  const uint64_t *keys = cuts->keys + cuts->begin[column];
  uint32_t below = 0;
  // The rank lies in [below, below + n].
  for (uint32_t n = cuts->begin[column + 1] - cuts->begin[column]; n > 0; n /= 2) {
    const uint32_t step = (n + 1) / 2;
    below += step * (keys[below + step - 1] <= key);  // no branch: nothing foretells it
  }
  return below;
}

double apo_cuts_value(const apo_cuts *cuts, uint32_t column, uint32_t code) {
  if (code == 0) return -INFINITY;
  return value_of_key(cuts, cuts->keys[cuts->begin[column] + code - 1]);
}

uint32_t apo_cuts_missing(const apo_cuts *cuts) {
  return cuts->code_bytes == 2 ? 0xffffu : 0xffffffffu;
}

void *apo_cuts_device_keys(const apo_cuts *cuts) {
  const size_t n = cuts->begin[cuts->n_columns];
  void *out = apo_alloc(n, cuts->key_bytes);
  if (out == NULL) return NULL;
  for (size_t i = 0; i < n; ++i) {
    if (cuts->key_bytes == 4) {
      ((uint32_t *)out)[i] = (uint32_t)cuts->keys[i];
    } else {
      ((uint64_t *)out)[i] = cuts->keys[i];
    }
  }
  return out;
}

// --- collecting ---------------------------------------------------------------------------------

typedef struct cut_list {
  struct column_key {
    uint64_t key;
    uint32_t column;
  } * at;
  size_t n;
  size_t capacity;
} cut_list;

static apo_status add_key(cut_list *list, uint32_t column, uint64_t key, apo_error *err) {
  if (list->n == list->capacity) {
    const size_t capacity = list->capacity > 0 ? 2 * list->capacity : 1024;
    void *at = apo_resize(list->at, capacity, sizeof *list->at);
    if (at == NULL) return apo_fail(err, APO_ERR_MEMORY, "cuts: %zu of them", capacity);
    list->at = at;
    list->capacity = capacity;
  }
  list->at[list->n].key = key;
  list->at[list->n++].column = column;
  return APO_OK;
}

// The interval of values whose category code is `code`.
static apo_status add_code(const apo_cuts *cuts,
                           cut_list *list,
                           apo_code_rule rule,
                           uint32_t column,
                           uint32_t code,
                           apo_error *err) {
  uint64_t low = apo_cuts_key(cuts, code);
  // Truncation towards zero lets everything above -1 become 0.
  if (code == 0 && rule == APO_CODE_TRUNC) low = apo_cuts_key(cuts, -1.0) + 1;
  APO_TRY(add_key(list, column, low, err));
  const uint64_t high = rule == APO_CODE_WHOLE ? low + 1 : apo_cuts_key(cuts, code + 1.0);
  return add_key(list, column, high, err);
}

static apo_status add_split(
    const apo_cuts *cuts, cut_list *list, const apo_forest *forest, uint64_t node, apo_error *err) {
  const uint32_t column = forest->column[node];
  const double threshold = forest->threshold[node];
  if (forest->missing[node] == APO_MISSING_ZERO) {
    APO_TRY(add_key(list, column, apo_cuts_key(cuts, -APO_ZERO_THRESHOLD), err));
    APO_TRY(add_key(list, column, apo_cuts_key(cuts, APO_ZERO_THRESHOLD) + 1, err));
  }
  switch ((apo_op)forest->op[node]) {
    case APO_OP_LT: return add_key(list, column, apo_cuts_key(cuts, threshold), err);
    case APO_OP_LE: return add_key(list, column, apo_cuts_key(cuts, threshold) + 1, err);
    case APO_OP_EQ:
      APO_TRY(add_key(list, column, apo_cuts_key(cuts, threshold), err));
      return add_key(list, column, apo_cuts_key(cuts, threshold) + 1, err);
    case APO_OP_IN: {
      const uint64_t set = (uint64_t)threshold;
      for (uint64_t i = forest->set_begin[set]; i < forest->set_begin[set + 1]; ++i) {
        APO_TRY(add_code(cuts, list, forest->code_rule, column, forest->set_code[i], err));
      }
      return APO_OK;
    }
    case APO_OP_PRESENT: return APO_OK;
  }
  return APO_OK;
}

static int compare_keys(const void *a, const void *b) {
  const struct column_key *x = a;
  const struct column_key *y = b;
  if (x->column != y->column) return x->column < y->column ? -1 : 1;
  return (x->key > y->key) - (x->key < y->key);
}

// Sorted and unique keys, by column.
static apo_status keep_unique(apo_cuts *cuts, cut_list *list, apo_error *err) {
  if (list->n > 1) qsort(list->at, list->n, sizeof *list->at, compare_keys);
  size_t n = 0;
  for (size_t i = 0; i < list->n; ++i) {
    if (n > 0 && compare_keys(&list->at[n - 1], &list->at[i]) == 0) continue;
    list->at[n++] = list->at[i];
  }
  if (n >= 0x7fffffffu) return apo_fail(err, APO_ERR_LIMIT, "cuts: %zu, the limit is 2^31", n);
  cuts->keys = apo_alloc(n, sizeof *cuts->keys);
  if (cuts->keys == NULL) return apo_fail(err, APO_ERR_MEMORY, "cuts: %zu of them", n);
  for (size_t i = 0; i < n; ++i) {
    cuts->keys[i] = list->at[i].key;
    ++cuts->begin[list->at[i].column + 1];
  }
  cuts->code_bytes = 2;
  for (uint32_t column = 0; column < cuts->n_columns; ++column) {
    if (cuts->begin[column + 1] > APO_MAX_NARROW_CUTS) cuts->code_bytes = 4;
    cuts->begin[column + 1] += cuts->begin[column];
  }
  return APO_OK;
}

apo_status apo_cuts_create(const apo_forest *forest, apo_cuts **out, apo_error *err) {
  apo_status status = APO_OK;
  cut_list list = {0};
  *out = NULL;
  apo_cuts *cuts = apo_alloc(1, sizeof *cuts);
  if (cuts == NULL) return apo_fail(err, APO_ERR_MEMORY, "cuts: %zu bytes", sizeof *cuts);
  cuts->n_columns = forest->n_columns;
  cuts->key_bytes = forest->cast_f32 ? 4 : 8;
  cuts->begin = apo_alloc((size_t)forest->n_columns + 1, sizeof *cuts->begin);
  if (cuts->begin == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "cuts: of %u columns", forest->n_columns);
    goto done;
  }
  for (uint64_t node = 0; node < forest->n_nodes; ++node) {
    status = add_split(cuts, &list, forest, node, err);
    if (status != APO_OK) goto done;
  }
  status = keep_unique(cuts, &list, err);
  if (status != APO_OK) goto done;
  *out = cuts;
  cuts = NULL;

done:
  free(list.at);
  apo_cuts_destroy(&cuts);
  return status;
}

void apo_cuts_destroy(apo_cuts **cuts) {
  if (cuts == NULL || *cuts == NULL) return;
  free((*cuts)->begin);
  free((*cuts)->keys);
  free(*cuts);
  *cuts = NULL;
}
