/* digest.h - SHA-256: what models, backgrounds, inputs and runs are known by. */
#ifndef APO_ENGINE_CORE_DIGEST_H
#define APO_ENGINE_CORE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "engine/core/error.h"

enum {
  APO_DIGEST_BYTES = 32,
  APO_DIGEST_TEXT_BYTES = 72 /* "sha256:", 64 hex digits, NUL */
};

/** A digest under way.  All zero is one that was not started. */
typedef struct apo_digest {
  void *context;
} apo_digest;

/** Start, or start anew.  Fails: APO_ERR_MEMORY. */
APO_NODISCARD apo_status apo_digest_start(apo_digest *digest, apo_error *err);
/** Add bytes to a started digest. */
APO_NODISCARD apo_status apo_digest_add(apo_digest *digest,
                                        const void *bytes,
                                        size_t n_bytes,
                                        apo_error *err);
/** Add a number as 8 little-endian bytes. */
APO_NODISCARD apo_status apo_digest_add_u64(apo_digest *digest, uint64_t value, apo_error *err);
/** Add doubles as 8 little-endian bytes each; every NaN counts as the same one. */
APO_NODISCARD apo_status apo_digest_add_f64s(apo_digest *digest,
                                             const double *values,
                                             size_t n_values,
                                             apo_error *err);
/** The digest of what was added; it can be started anew. */
APO_NODISCARD apo_status apo_digest_finish(apo_digest *digest,
                                           uint8_t out[APO_DIGEST_BYTES],
                                           apo_error *err);
/** Give back what start took.  Accepts a digest that was not started. */
void apo_digest_stop(apo_digest *digest);

/** "sha256:" and 64 hex digits. */
void apo_digest_print(const uint8_t digest[APO_DIGEST_BYTES], char out[APO_DIGEST_TEXT_BYTES]);

/** All in one: bytes to "sha256:...". */
APO_NODISCARD apo_status apo_digest_text(const void *bytes,
                                         size_t n_bytes,
                                         char out[APO_DIGEST_TEXT_BYTES],
                                         apo_error *err);

#endif
