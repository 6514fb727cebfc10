/* program_cache.h - compiled kernels on disk, so that the second run starts at once.
 *
 * A cache entry is machine code that a driver will run, so a folder is used only when it is ours
 * alone: 0700, our user's, no symbolic link in its place.  An entry is a file named by the SHA-256
 * of everything that went into the program; its content carries its length and its XXH3-128.
 * Whatever is wrong with a file makes it a miss, and it is deleted; readers never lock, writers
 * rename a finished file into place.
 *
 *   "APOK"  format u32  key [32]  n_bytes u64  XXH3-128 of the payload [16]  payload [n_bytes]
 *
 * All numbers are little-endian.
 *
 * Threads: one thread per cache object; any number of processes per folder.
 */
#ifndef APO_HOST_OPENCL_PROGRAM_CACHE_H
#define APO_HOST_OPENCL_PROGRAM_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/error.h"

enum { APO_CACHE_KEY_BYTES = 32, APO_CACHE_LIMIT_MIB = 256 };

typedef struct apo_program_cache apo_program_cache;

/** Open a folder, creating it and its last parent with mode 0700 where they are missing.
 *
 * Fails:   APO_ERR_IO  the folder cannot be made, is a symbolic link or no folder, belongs to
 *                      another user, or others may read or write it; APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_program_cache_open(const char *folder,
                                                apo_program_cache **out,
                                                apo_error *err);
void apo_program_cache_close(apo_program_cache **cache);

/** Find an entry.  False is a miss: nothing there, a bad file (deleted), or no memory.
 *
 * Owns:    on success `*out` is the caller's, for free()
 */
bool apo_program_cache_find(apo_program_cache *cache,
                            const uint8_t key[APO_CACHE_KEY_BYTES],
                            uint8_t **out,
                            size_t *n_bytes);

/** Store an entry, then delete the longest unused ones while all are above the limit.
 *
 * Fails:   APO_ERR_IO  the disk refused; nothing half-written is left
 */
APO_NODISCARD apo_status apo_program_cache_put(apo_program_cache *cache,
                                               const uint8_t key[APO_CACHE_KEY_BYTES],
                                               const void *payload,
                                               size_t n_bytes,
                                               apo_error *err);

/** Delete an entry that a driver refused. */
void apo_program_cache_drop(apo_program_cache *cache, const uint8_t key[APO_CACHE_KEY_BYTES]);

/** For tests: the limit of all entries together. */
void apo_program_cache_set_limit(apo_program_cache *cache, uint64_t n_bytes);

#endif
