#include "engine/readers/json_tree.h"

#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"

void apo_json_destroy(apo_json **json) {
  if (*json == NULL) return;
  free((*json)->values);
  free((*json)->children);
  free((*json)->keys);
  free((*json)->numbers);
  free((*json)->texts);
  free(*json);
  *json = NULL;
}

apo_json_value *apo_json_add(apo_json_maker *maker,
                             uint32_t parent,
                             const apo_json_chars *key,
                             apo_json_kind kind) {
  apo_json *json = maker->json;
  const uint64_t index = maker->n_values++;
  const uint64_t key_index = maker->n_keys;
  if (key != NULL) ++maker->n_keys;
  if (json == NULL) return &maker->ignored;

  apo_json_value *value = &json->values[index];
  value->kind = (uint8_t)kind;
  value->parent = parent;
  value->key = APO_JSON_NO_KEY;
  if (parent != APO_JSON_NO_PARENT) value->position = (uint32_t)json->values[parent].as.n++;
  if (key != NULL) {
    json->keys[key_index] = *key;
    value->key = (uint32_t)key_index;
  }
  return value;
}

apo_status apo_json_fill(apo_json_maker *maker, apo_error *err) {
  if (maker->n_values >= UINT32_MAX) {
    return apo_fail(err, APO_ERR_LIMIT, "document: more than %u values", UINT32_MAX - 1);
  }
  apo_json *json = apo_alloc(1, sizeof *json);
  if (json == NULL) goto no_memory;
  json->n_values = (uint32_t)maker->n_values;
  json->values = apo_alloc((size_t)maker->n_values, sizeof *json->values);
  json->children = apo_alloc((size_t)maker->n_values, sizeof *json->children);
  json->keys = apo_alloc((size_t)maker->n_keys, sizeof *json->keys);
  json->numbers = apo_alloc((size_t)maker->n_numbers, sizeof *json->numbers);
  json->texts = apo_alloc((size_t)maker->n_text_bytes, 1);
  if (json->values == NULL || json->children == NULL || json->keys == NULL ||
      json->numbers == NULL || json->texts == NULL) {
    goto no_memory;
  }
  *maker = (apo_json_maker){.json = json};
  return APO_OK;

no_memory:
  apo_json_destroy(&json);
  return apo_fail(err, APO_ERR_MEMORY, "document: no memory for %llu values",
                  (unsigned long long)maker->n_values);
}

typedef struct member {
  apo_json_chars key;
  uint32_t value;
} member;

static int compare_members(const void *a, const void *b) {
  const apo_json_chars x = ((const member *)a)->key;
  const apo_json_chars y = ((const member *)b)->key;
  const size_t n_common = x.n_bytes < y.n_bytes ? x.n_bytes : y.n_bytes;
  const int order = n_common > 0 ? memcmp(x.at, y.at, n_common) : 0;
  if (order != 0) return order;
  return x.n_bytes < y.n_bytes ? -1 : x.n_bytes > y.n_bytes;
}

// Sorted members answer apo_json_find by halving, and put equal keys side by side.
static apo_status sort_members(apo_json *json, uint32_t object, member *members, apo_error *err) {
  const apo_json_value *value = &json->values[object];
  const size_t n = (size_t)value->as.n;
  uint32_t *children = json->children + value->child_begin;
  for (size_t i = 0; i < n; ++i) {
    members[i].key = json->keys[json->values[children[i]].key];
    members[i].value = children[i];
  }
  qsort(members, n, sizeof *members, compare_members);
  for (size_t i = 0; i < n; ++i) {
    children[i] = members[i].value;
    if (i > 0 && compare_members(&members[i - 1], &members[i]) == 0) {
      const apo_json_at at = {json, children[i]};
      return apo_json_fault(at, err, APO_ERR_FORMAT, "this key occurs twice");
    }
  }
  return APO_OK;
}

static bool has_children(const apo_json_value *value) {
  return value->kind == APO_JSON_OBJECT ||
         (value->kind == APO_JSON_ARRAY && value->element == APO_ELEMENT_NONE);
}

static void link_children(apo_json *json) {
  uint32_t n_linked = 0;
  for (uint32_t at = 0; at < json->n_values; ++at) {
    apo_json_value *value = &json->values[at];
    if (!has_children(value)) continue;
    value->child_begin = n_linked;
    n_linked += (uint32_t)value->as.n;
  }
  for (uint32_t at = 1; at < json->n_values; ++at) {
    const apo_json_value *value = &json->values[at];
    json->children[json->values[value->parent].child_begin + value->position] = at;
  }
}

apo_status apo_json_finish(apo_json_maker *maker, apo_json **out, apo_error *err) {
  apo_json *json = maker->json;
  apo_status status = APO_OK;
  link_children(json);

  uint64_t n_most = 0;
  for (uint32_t at = 0; at < json->n_values; ++at) {
    const apo_json_value *value = &json->values[at];
    if (value->kind == APO_JSON_OBJECT && value->as.n > n_most) n_most = value->as.n;
  }
  member *members = apo_alloc((size_t)n_most, sizeof *members);
  if (members == NULL) return apo_fail(err, APO_ERR_MEMORY, "document: no memory for its keys");
  for (uint32_t at = 0; at < json->n_values && status == APO_OK; ++at) {
    if (json->values[at].kind == APO_JSON_OBJECT) status = sort_members(json, at, members, err);
  }
  free(members);
  if (status != APO_OK) return status;
  *out = json;
  maker->json = NULL;
  return APO_OK;
}

size_t apo_element_bytes(uint8_t element) {
  switch (element) {
    case 'i':
    case 'U':
    case 'C':
    case APO_ELEMENT_FLAG: return 1;
    case 'I': return 2;
    case 'l':
    case 'd': return 4;
    case 'L':
    case 'D':
    case APO_ELEMENT_NATIVE: return 8;
    default: return 0;
  }
}

static uint64_t load_big_endian(const uint8_t *at, size_t n_bytes) {
  uint64_t bits = 0;
  for (size_t i = 0; i < n_bytes; ++i) bits = bits << 8 | at[i];
  return bits;
}

static apo_json_figure integer_figure(int64_t integer) {
  return (apo_json_figure){.is_integer = true, .integer = integer, .real = (double)integer};
}

static apo_json_figure real_figure(double real) {
  return (apo_json_figure){.is_integer = false, .real = real};
}

apo_json_figure apo_element_load(uint8_t element, const uint8_t *at) {
  const size_t n_bytes = apo_element_bytes(element);
  const uint64_t bits = load_big_endian(at, n_bytes);
  const uint32_t low_bits = (uint32_t)bits;
  float narrow;
  double wide;
  switch (element) {
    case 'i': return integer_figure((int8_t)bits);
    case 'I': return integer_figure((int16_t)bits);
    case 'l': return integer_figure((int32_t)low_bits);
    case 'L': return integer_figure((int64_t)bits);
    case 'd': memcpy(&narrow, &low_bits, sizeof narrow); return real_figure((double)narrow);
    case 'D': memcpy(&wide, &bits, sizeof wide); return real_figure(wide);
    case APO_ELEMENT_NATIVE: memcpy(&wide, at, sizeof wide); return real_figure(wide);
    default: return integer_figure((int64_t)bits);  // 'U', 'C', APO_ELEMENT_FLAG: one byte
  }
}
