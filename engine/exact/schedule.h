/* schedule.h - in which order the groups of leaf games are summarised and looked up.
 *
 *   chunk   groups whose counts and vectors are in memory at once
 *   batch   chunks whose tables are in memory at once; with a single batch they are built once and
 *           kept, else they are built again for every tile of rows
 *   block   groups whose values are summed in int32: those of the leaf games, cut at batches too
 *
 * A schedule rests on the sizes of groups and two budgets of bytes, and changes no result.
 */
#ifndef APO_ENGINE_EXACT_SCHEDULE_H
#define APO_ENGINE_EXACT_SCHEDULE_H

#include "engine/exact/leaf_games.h"

typedef struct apo_chunk {
  uint32_t group_begin;
  uint32_t group_end;
} apo_chunk;

typedef struct apo_batch {
  uint32_t chunk_begin;
  uint32_t chunk_end;
  uint32_t block_begin;
  uint32_t block_end;
} apo_batch;

typedef struct apo_schedule {
  uint32_t n_chunks, n_batches, n_blocks;
  apo_chunk *chunk;
  apo_batch *batch;
  uint32_t *block;        /* [n_blocks + 1] group numbers */
  uint64_t count_words;   /* of the largest chunk: int32 */
  uint64_t vector_words;  /* of the largest chunk: uint64 */
  uint64_t table_octets;  /* of the largest batch: 32 bytes each */
  uint64_t row_lookups;   /* octets added per row */
  uint64_t row_tests;     /* tests per row */
  uint64_t total_vectors; /* words of all chunks */
  uint64_t total_octets;  /* of all batches */
} apo_schedule;

/** Decide, and write the places (count_begin, vector_begin, table_begin) into `games`.
 *
 * A group larger than a budget is a chunk or a batch of its own.
 * Fails:   APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_schedule_create(apo_leaf_games *games,
                                             uint64_t vector_bytes,
                                             uint64_t table_bytes,
                                             apo_schedule **out,
                                             apo_error *err);
void apo_schedule_destroy(apo_schedule **schedule);

#endif
