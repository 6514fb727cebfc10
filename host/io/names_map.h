/* names_map.h - from a text to its place in a list, by hashing. */
#ifndef APO_HOST_IO_NAMES_MAP_H
#define APO_HOST_IO_NAMES_MAP_H

#include "engine/core/names.h"

/** All zero is the map that finds nothing. */
typedef struct apo_names_map {
  const apo_names *names; /* borrowed */
  uint32_t *slots;        /* [mask + 1] place + 1 of a text, 0 is empty */
  uint64_t mask;
} apo_names_map;

/** Build the map of a list, which must outlive it and keep its texts.
 *
 * Of a text that is there twice the first place is found.  Fails: APO_ERR_MEMORY.
 */
APO_NODISCARD apo_status apo_names_map_build(const apo_names *names,
                                             apo_names_map *out,
                                             apo_error *err);
/** The place of a text of `n_bytes`, or false. */
bool apo_names_map_find(const apo_names_map *map, const char *text, size_t n_bytes, uint32_t *out);
void apo_names_map_clear(apo_names_map *map);

/** A hash of bytes, for tables whose size is a power of two. */
uint64_t apo_hash_bytes(const void *bytes, size_t n_bytes);

#endif
