/* run.h - the identity of a run: the same question, asked again, is the same run.
 *
 * A run is named by the SHA-256 of a canonical JSON text that holds everything the answer depends
 * on and nothing else.  Device, tile and chunk size, versions and times are recorded beside it.
 */
#ifndef APO_HOST_STORES_RUN_H
#define APO_HOST_STORES_RUN_H

#include "engine/core/digest.h"
#include "host/stores/store.h"

enum {
  /* Raised whenever results may differ from those of an older version by more than tolerance. */
  APO_RUN_SEMANTICS = 1
};

/** Names of a run and of what it refers to: "sha256:" or, where nothing identifies it, "random:". */
typedef struct apo_run_identity {
  char run_id[APO_DIGEST_TEXT_BYTES];
  char model_id[APO_DIGEST_TEXT_BYTES];
  char columns_id[APO_DIGEST_TEXT_BYTES]; /* of the model's columns, as a list of players */
  char players_id[APO_DIGEST_TEXT_BYTES];
  char *input_id;  /* the caller's, or "random:..." */
  char *config;    /* the canonical JSON; run_id is its digest unless the run is a random one */
  bool can_resume; /* false: model or input has no digest, so the run is only itself */
} apo_run_identity;

/** Work out the identity of a run.
 *
 * Canonical JSON: members sorted by bytes, no spaces, integers in decimal, reals as hexadecimal
 * floats, texts as they come (escaped are ", \ and control characters), nothing left out because
 * it has its default.
 *
 * Owns:    on success apo_run_identity_clear gives back; on failure there is nothing to give back
 * Fails:   APO_ERR_ARGUMENT  a text of the identity is not UTF-8
 *          APO_ERR_MEMORY, APO_ERR_IO (no random numbers)
 */
APO_NODISCARD apo_status apo_run_identify(const apo_run_spec *spec,
                                          apo_run_identity *out,
                                          apo_error *err);
void apo_run_identity_clear(apo_run_identity *identity);

/** Digest of a list of players: their names, whether they are groups, and of what columns.
 *
 * Shapes:  names [n]; members [n] or NULL, entries NULL for plain columns
 * Fails:   APO_ERR_ARGUMENT  a name is not UTF-8, longer than 4,096 bytes, or occurs twice
 *          APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_players_digest(uint32_t n,
                                            const char *const *names,
                                            const char *const *members,
                                            char out[APO_DIGEST_TEXT_BYTES],
                                            apo_error *err);

/** "random:" and 64 hex digits.  Fails: APO_ERR_IO. */
APO_NODISCARD apo_status apo_random_id(char out[APO_DIGEST_TEXT_BYTES], apo_error *err);

/** The model's name of a column, or "f<column>" in `room` where it has none. */
const char *apo_column_label(const apo_model *model, uint32_t column, char room[16]);

#endif
