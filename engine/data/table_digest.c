#include "engine/data/table_digest.h"

#include <string.h>

apo_status apo_table_hash_start(apo_table_hash *hash, apo_error *err) {
  hash->n_rows = 0;
  APO_TRY(apo_digest_start(&hash->head, err));
  APO_TRY(apo_digest_start(&hash->block, err));
  APO_TRY(apo_digest_start(&hash->blocks, err));
  return apo_digest_start(&hash->tail, err);
}

/* A text as its length in 4 bytes and its bytes; length -1 stands for none. */
static apo_status add_text(apo_digest *digest, const char *text, apo_error *err) {
  const size_t n_bytes = text != NULL ? strlen(text) : 0;
  const uint32_t length = text != NULL ? (uint32_t)n_bytes : UINT32_MAX;
  uint8_t bytes[4];
  for (int i = 0; i < 4; ++i) bytes[i] = (uint8_t)(length >> (8 * i));
  APO_TRY(apo_digest_add(digest, bytes, sizeof bytes, err));
  return apo_digest_add(digest, text, n_bytes, err);
}

apo_status apo_table_hash_column(apo_table_hash *hash,
                                 const char *name,
                                 uint8_t kind,
                                 apo_error *err) {
  APO_TRY(add_text(&hash->head, name, err));
  return apo_digest_add(&hash->head, &kind, 1, err);
}

static apo_status add_finished(apo_digest *from, apo_digest *to, apo_error *err) {
  uint8_t bytes[APO_DIGEST_BYTES];
  APO_TRY(apo_digest_finish(from, bytes, err));
  return apo_digest_add(to, bytes, sizeof bytes, err);
}

static apo_status end_block(apo_table_hash *hash, apo_error *err) {
  APO_TRY(add_finished(&hash->block, &hash->blocks, err));
  return apo_digest_start(&hash->block, err);
}

apo_status apo_table_hash_row(apo_table_hash *hash,
                              const double *row,
                              uint32_t n_columns,
                              apo_error *err) {
  APO_TRY(apo_digest_add_f64s(&hash->block, row, n_columns, err));
  ++hash->n_rows;
  return hash->n_rows % APO_DIGEST_BLOCK_ROWS == 0 ? end_block(hash, err) : APO_OK;
}

apo_status apo_table_hash_key(apo_table_hash *hash, const char *key, apo_error *err) {
  return add_text(&hash->tail, key, err);
}

apo_status apo_table_hash_finish(apo_table_hash *hash,
                                 char out[APO_DIGEST_TEXT_BYTES],
                                 apo_error *err) {
  uint8_t bytes[APO_DIGEST_BYTES];
  out[0] = '\0';
  if (hash->n_rows % APO_DIGEST_BLOCK_ROWS != 0) APO_TRY(end_block(hash, err));
  APO_TRY(apo_digest_add_u64(&hash->head, hash->n_rows, err));
  // The block is empty again and takes the three parts.
  APO_TRY(add_finished(&hash->head, &hash->block, err));
  APO_TRY(add_finished(&hash->blocks, &hash->block, err));
  APO_TRY(add_finished(&hash->tail, &hash->block, err));
  APO_TRY(apo_digest_finish(&hash->block, bytes, err));
  apo_digest_print(bytes, out);
  return APO_OK;
}

void apo_table_hash_stop(apo_table_hash *hash) {
  apo_digest_stop(&hash->head);
  apo_digest_stop(&hash->block);
  apo_digest_stop(&hash->blocks);
  apo_digest_stop(&hash->tail);
}
