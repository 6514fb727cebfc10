/* names_map.c - open addressing with linear steps, at most half full. */
#include "host/io/names_map.h"

#include <string.h>

#include "engine/core/memory.h"

// FNV-1a, then a multiplication that brings the high bits down (the tables look at the low ones).
uint64_t apo_hash_bytes(const void *bytes, size_t n_bytes) {
  const unsigned char *at = bytes;
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (size_t i = 0; i < n_bytes; ++i) hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
  hash ^= hash >> 32;
  hash *= UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ hash >> 32;
}

/* The slot that holds the text, or the empty one where it would be. */
static uint64_t find_slot(const apo_names_map *map, const char *text, size_t n_bytes) {
  uint64_t slot = apo_hash_bytes(text, n_bytes) & map->mask;
  for (; map->slots[slot] != 0; slot = (slot + 1) & map->mask) {
    const char *other = map->names->texts[map->slots[slot] - 1];
    // A text without NUL: strncmp never leaves `other`.
    if (strncmp(other, text, n_bytes) == 0 && other[n_bytes] == '\0') break;
  }
  return slot;
}

apo_status apo_names_map_build(const apo_names *names, apo_names_map *out, apo_error *err) {
  *out = (apo_names_map){0};
  uint64_t n_slots = 8;
  while (n_slots < 2 * (uint64_t)names->n_names) n_slots *= 2;
  uint32_t *slots = apo_alloc((size_t)n_slots, sizeof *slots);
  if (slots == NULL) return apo_fail(err, APO_ERR_MEMORY, "no memory for %u names", names->n_names);
  *out = (apo_names_map){names, slots, n_slots - 1};
  for (uint32_t i = 0; i < names->n_names; ++i) {
    const uint64_t slot = find_slot(out, names->texts[i], strlen(names->texts[i]));
    if (slots[slot] == 0) slots[slot] = i + 1;
  }
  return APO_OK;
}

bool apo_names_map_find(const apo_names_map *map, const char *text, size_t n_bytes, uint32_t *out) {
  if (map->slots == NULL) return false;
  const uint32_t place = map->slots[find_slot(map, text, n_bytes)];
  if (place != 0) *out = place - 1;
  return place != 0;
}

void apo_names_map_clear(apo_names_map *map) {
  free(map->slots);
  *map = (apo_names_map){0};
}
