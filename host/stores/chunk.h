/* chunk.h - rows that a store commits together, with the sums that prove and summarise them.
 *
 * Tiles of any size are gathered into chunks of a fixed size, so nothing below depends on tiles:
 *
 *   checksum  XXH3-128 of the chunk's lines in order
 *   rowsum    sum modulo 2^128 of the XXH3-128 of each line alone: of neither order nor chunking
 *   partial   sums for the global values, one set per block of 4,096 rows
 *
 * A *line* is one (row, output) as bytes, little-endian: row i64, output i32, prediction f64,
 * gap f32, id (length u32, bytes), phi as packed.h has it, phi_se likewise if kept, base f64 if
 * rows have bases of their own.  A line that is not finite is a *fault*: it is in none of the sums, and its attributions are not stored.
 */
#ifndef APO_HOST_STORES_CHUNK_H
#define APO_HOST_STORES_CHUNK_H

#include <stdbool.h>

#include "engine/core/error.h"
#include "host/stores/bytes.h"
#include "host/stores/packed.h"

enum {
  APO_BLOCK_ROWS = 4096,
  APO_CHUNK_ROWS = 65536,
  APO_CHUNK_BYTES = 64 << 20,
  APO_CHUNK_SUM_BYTES = 16,
  APO_MAX_ID_BYTES = 256
};

/** What is summed for a block, an output and a player; w is the row's weight, e its phi_se. */
enum {
  APO_SUM_W = 0,
  APO_SUM_W2 = 1,
  APO_SUM_W_ABS = 2, /* w |phi| */
  APO_SUM_W_PHI = 3,
  APO_SUM_W_PHI2 = 4,
  APO_SUM_W2_ABS = 5,
  APO_SUM_W2_PHI2 = 6,
  APO_SUM_W_E = 7,
  APO_SUM_W2_E2 = 8,
  APO_N_SUMS = 9
};

/** What every row of a run has the same of. */
typedef struct apo_chunk_shape {
  uint32_t n_outputs;
  uint32_t n_players;
  bool has_errors;
  bool has_ids;
  bool has_row_base; /* tiles have row_base, and it is kept */
  apo_layout layout; /* of what is kept; sums are of all players in every layout */
  uint32_t top;
} apo_chunk_shape;

/** Owns its arrays, which grow to the chunk's size and are used again for the next one. */
typedef struct apo_chunk {
  apo_chunk_shape shape;
  uint64_t row_begin; /* number of the first row */
  uint32_t n_rows;
  uint32_t capacity;  /* rows that the arrays have room for */
  float *phi;         /* [n_rows x n_outputs x n_players] */
  float *phi_se;      /* likewise, or NULL */
  uint8_t *packed;    /* lines as they are kept, where that is not phi; or NULL */
  double *prediction; /* [n_rows x n_outputs] */
  float *gap;         /* likewise */
  double *base;       /* likewise, or NULL */
  char *ids;          /* texts one behind the other, each with its NUL; or NULL */
  size_t *id_begin;   /* [n_rows + 1] */
  size_t ids_capacity;
  apo_packer packer;
} apo_chunk;

/** A number modulo 2^128. */
typedef struct apo_u128 {
  uint64_t high;
  uint64_t low;
} apo_u128;

typedef struct apo_chunk_sums {
  uint8_t checksum[APO_CHUNK_SUM_BYTES]; /* big-endian, as xxHash prints it */
  apo_u128 rowsum;
  uint32_t n_failed; /* rows with a fault in some output */
  float gap_max;     /* of the lines without fault */
  double *partial;   /* [n_blocks x n_outputs x n_players x APO_N_SUMS]; freed by the caller */
  size_t n_partial;
} apo_chunk_sums;

/** Rows of a chunk: `wanted` (0: APO_CHUNK_ROWS) in whole blocks, fewer where they would take more
 * than APO_CHUNK_BYTES, never less than one block. */
uint32_t apo_chunk_rows(uint32_t wanted, const apo_chunk_shape *shape);

/** Append rows [row_begin, row_end) of a tile; `ids` are those of the tile's rows.
 *
 * Fails:   APO_ERR_FORMAT  an id is empty, longer than 256 bytes or not UTF-8
 *          APO_ERR_MEMORY  the chunk is as it was
 */
APO_NODISCARD apo_status apo_chunk_take(apo_chunk *chunk,
                                        const apo_tile *tile,
                                        uint32_t row_begin,
                                        uint32_t row_end,
                                        const char *const *ids,
                                        apo_error *err);

/** The id of a row, "" without ids. */
const char *apo_chunk_id(const apo_chunk *chunk, uint32_t row);

/** How lines are packed. */
apo_packing apo_chunk_packing(const apo_chunk_shape *shape);
/** A line's attributions, and its standard errors, as they are kept.
 * Shapes: out [apo_packed_bytes] and [apo_packed_error_bytes]. */
void apo_chunk_pack(const apo_chunk *chunk, uint32_t row, uint32_t output, uint8_t *out);
void apo_chunk_pack_errors(
    const apo_chunk *chunk, uint32_t row, uint32_t output, const uint8_t *packed, uint8_t *out);

/** A code for what is not finite in a line, or NULL when all is. */
const char *apo_chunk_fault(const apo_chunk *chunk, uint32_t row, uint32_t output);

/** Fill `out`.  Owns: out->partial, on success.  Fails: APO_ERR_MEMORY. */
APO_NODISCARD apo_status apo_chunk_sum(const apo_chunk *chunk, apo_chunk_sums *out, apo_error *err);

/** Forget the rows, keep the memory. */
void apo_chunk_restart(apo_chunk *chunk, uint64_t row_begin);
void apo_chunk_clear(apo_chunk *chunk);

apo_u128 apo_u128_add(apo_u128 a, apo_u128 b);
/** As 16 bytes, big-endian, and back. */
void apo_u128_write(apo_u128 value, uint8_t out[APO_CHUNK_SUM_BYTES]);
apo_u128 apo_u128_read(const uint8_t bytes[APO_CHUNK_SUM_BYTES]);

/** What an output owes to a player over all rows. */
typedef struct apo_global {
  double n; /* sum of weights */
  double mean_abs;
  double mean;
  double mean_sq;
  double se_mean_abs; /* of mean_abs: spread of the rows and, if sampled, of the draws */
  double noise;       /* the mean_abs that sampling noise alone would give */
} apo_global;

/** Global values from the sums of all blocks.
 *
 * With draws that rows share, their errors are correlated and the sampling part of the standard
 * error is its upper bound, sum(w e) / W; with draws of their own it is sqrt(sum(w^2 e^2)) / W.
 */
apo_global apo_global_from_sums(const double sums[APO_N_SUMS], bool draws_are_shared);

#endif
