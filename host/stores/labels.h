/* labels.h - copies of the names that a destination writes with every line. */
#ifndef APO_HOST_STORES_LABELS_H
#define APO_HOST_STORES_LABELS_H

#include <stdint.h>

#include "engine/core/error.h"

/** Owns its texts.  All zero is the empty list. */
typedef struct apo_labels {
  char **texts; /* [n] */
  uint32_t n;
} apo_labels;

/** Copy `n` names; the list or an entry may be NULL, and then the label is the number.
 *
 * Owns:    on success and on failure apo_labels_clear gives back
 * Fails:   APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_labels_copy(uint32_t n,
                                         const char *const *names,
                                         apo_labels *out,
                                         apo_error *err);
void apo_labels_clear(apo_labels *labels);

#endif
