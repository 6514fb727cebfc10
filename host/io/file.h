/* file.h - whole files in, whole files out: a reader sees the old file or the new one. */
#ifndef APO_HOST_IO_FILE_H
#define APO_HOST_IO_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/error.h"

/** Whether a path is a name with this ending, as in ".npy". */
bool apo_path_ends_in(const char *path, const char *ending);

/** Whether a regular file is there, which `force` would replace. */
bool apo_file_is_regular(const char *path);
/** Whether two paths lead to one file that is there. */
bool apo_file_is_same(const char *path, const char *other);

/** A file mapped for reading; `bytes` is NULL when it is empty. */
typedef struct apo_mapping {
  const uint8_t *bytes;
  size_t n_bytes;
} apo_mapping;

/** Map a regular file.  Fails: APO_ERR_IO with path and errno; APO_ERR_LIMIT above max_bytes. */
APO_NODISCARD apo_status apo_mapping_open(const char *path,
                                          uint64_t max_bytes,
                                          apo_mapping *out,
                                          apo_error *err);
void apo_mapping_close(apo_mapping *mapping);

/** A file that appears under its name only when it is complete.
 *
 * Written as a temporary in the same folder (O_EXCL, O_NOFOLLOW, mode 0600 made 0644 & ~umask at
 * the end), synced, renamed.  An existing target is replaced only with `force`, a symbolic link
 * never.  "-" is stdout, written as it comes.
 */
typedef struct apo_output_file apo_output_file;

APO_NODISCARD apo_status apo_output_file_open(const char *path,
                                              bool force,
                                              apo_output_file **out,
                                              apo_error *err);
APO_NODISCARD apo_status apo_output_file_write(apo_output_file *file,
                                               const void *bytes,
                                               size_t n_bytes,
                                               apo_error *err);
/** Overwrite bytes already written (a header whose counts are known at the end). */
APO_NODISCARD apo_status apo_output_file_rewrite(
    apo_output_file *file, uint64_t at, const void *bytes, size_t n_bytes, apo_error *err);
/** Map what was written so far, to check it before it appears; not for stdout.
 *
 * Owns:    `*out` is closed with apo_mapping_close, and before more is written
 */
APO_NODISCARD apo_status apo_output_file_map(apo_output_file *file,
                                             apo_mapping *out,
                                             apo_error *err);
/** Sync, rename, close.  On failure the temporary is gone and the target is as it was. */
APO_NODISCARD apo_status apo_output_file_commit(apo_output_file **file, apo_error *err);
/** Drop what was written.  Accepts NULL. */
void apo_output_file_abandon(apo_output_file **file);

#endif
