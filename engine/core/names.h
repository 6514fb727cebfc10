/* names.h - a list of texts from a file: columns, outputs, categories. */
#ifndef APO_ENGINE_CORE_NAMES_H
#define APO_ENGINE_CORE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/error.h"

enum { APO_MAX_NAME_BYTES = 4096 };

/** Owns its texts.  All zero is the empty list. */
typedef struct apo_names {
  char **texts; /* [n_names], NUL-terminated UTF-8 */
  uint32_t n_names;
  uint32_t capacity;
} apo_names;

/** Append a copy of `n_bytes` of text.
 *
 * Fails:   APO_ERR_FORMAT  it is not UTF-8 or holds a NUL
 *          APO_ERR_LIMIT   it is longer than APO_MAX_NAME_BYTES
 *          APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_names_add(apo_names *names,
                                       const char *text,
                                       size_t n_bytes,
                                       apo_error *err);

/** Fails with APO_ERR_FORMAT when a name occurs twice; `what` is "column" or "category". */
APO_NODISCARD apo_status apo_names_check_unique(const apo_names *names,
                                                const char *what,
                                                apo_error *err);

/** The place of a name, or false.  Linear; build a map where it is asked often. */
bool apo_names_find(const apo_names *names, const char *text, uint32_t *out);

void apo_names_clear(apo_names *names);

/** The bytes, 1 to 4, of the well-formed UTF-8 character that `text` begins with; 0: it begins with
 * none, or with NUL.  `n_bytes` is at least 1. */
size_t apo_utf8_character(const char *text, size_t n_bytes);
/** True when the bytes are well-formed UTF-8 without NUL. */
bool apo_utf8_valid(const char *text, size_t n_bytes);

#endif
