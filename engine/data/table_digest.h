/* table_digest.h - the identity of a table's content: background_id and input_id.
 *
 *   head   = for each column: int32 length, UTF-8 name (length -1: no name), one byte kind;
 *            then the number of rows as uint64
 *   block  = SHA-256 of up to 4,096 rows of float64, row-major
 *   tail   = for each row that has a key: int32 length, UTF-8 key; then weights as float64
 *   result = SHA-256(SHA-256(head), SHA-256(all block digests), SHA-256(tail))
 *
 * All numbers are little-endian and every NaN is the same one.  Rows come one at a time, their
 * number is needed only at the end, and how they were grouped on the way does not matter.
 */
#ifndef APO_ENGINE_DATA_TABLE_DIGEST_H
#define APO_ENGINE_DATA_TABLE_DIGEST_H

#include "engine/core/digest.h"

enum { APO_DIGEST_BLOCK_ROWS = 4096 };

/** Kinds of columns, as hashed. */
enum { APO_COLUMN_NUMBER = 0, APO_COLUMN_CATEGORY = 1 };

/** All zero is one that was not started. */
typedef struct apo_table_hash {
  apo_digest head;
  apo_digest block;
  apo_digest blocks;
  apo_digest tail;
  uint64_t n_rows;
} apo_table_hash;

APO_NODISCARD apo_status apo_table_hash_start(apo_table_hash *hash, apo_error *err);
/** Each column once, in order, before the end.  `name` may be NULL. */
APO_NODISCARD apo_status apo_table_hash_column(apo_table_hash *hash,
                                               const char *name,
                                               uint8_t kind,
                                               apo_error *err);
/** The next row.  Shapes: row [n_columns]. */
APO_NODISCARD apo_status apo_table_hash_row(apo_table_hash *hash,
                                            const double *row,
                                            uint32_t n_columns,
                                            apo_error *err);
/** The key of the next row that has one; keys may come before, between or after the rows. */
APO_NODISCARD apo_status apo_table_hash_key(apo_table_hash *hash, const char *key, apo_error *err);
/** The digest of all of it, as text.  Weights go to hash->tail before. */
APO_NODISCARD apo_status apo_table_hash_finish(apo_table_hash *hash,
                                               char out[APO_DIGEST_TEXT_BYTES],
                                               apo_error *err);
/** Give back what start took. */
void apo_table_hash_stop(apo_table_hash *hash);

#endif
