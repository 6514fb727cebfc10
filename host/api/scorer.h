/* scorer.h - margins of blocks of rows on the opened devices: what predicting and importance do
 * with rows, whatever the kind of model.
 *
 * A scorer owns lanes.  Blocks are put on it in order and taken from it in the same order; up to
 * `apo_scorer_depth` may be in flight, so that the host encodes one while devices compute others.
 * After a device's fault the blocks in flight are computed again (lanes.h).
 */
#ifndef APO_HOST_API_SCORER_H
#define APO_HOST_API_SCORER_H

#include "engine/codes/code_forest.h"
#include "host/api/lanes.h"

typedef struct apo_scorer apo_scorer;

/** Open lanes for blocks of at most `block_rows` rows, fewer if the budget is small.
 *
 * `forest` is the compiled model of a forest, else NULL; it and `model` are borrowed.
 */
APO_NODISCARD apo_status apo_scorer_create(const apo_model *model,
                                           const apo_code_forest *forest,
                                           apo_devices *devices,
                                           uint64_t memory_bytes,
                                           apo_scorer **out,
                                           apo_error *err);
void apo_scorer_destroy(apo_scorer **scorer);

/** Rows of a block, and blocks that may be in flight. */
uint32_t apo_scorer_block_rows(const apo_scorer *scorer);
uint32_t apo_scorer_depth(const apo_scorer *scorer);
uint32_t apo_scorer_n_flying(const apo_scorer *scorer);

/** Put a block: its rows are copied.  There must be room: n_flying < depth.
 *
 * Fails:   APO_ERR_FORMAT  a value the model refuses; rows count from 0 in the block
 *          and when every device is lost
 */
APO_NODISCARD apo_status apo_scorer_put(apo_scorer *scorer, const apo_rows *rows, apo_error *err);

/** What is known of the oldest block. */
typedef struct apo_scored {
  uint32_t n_rows;
  const double *margins; /* [n_rows x n_outputs]; a callback's outputs */
  const void *codes;     /* [n_rows x n_columns] of the forest's code_bytes; forests only */
} apo_scored;

/** Wait for the oldest block and take it; valid until the next call. */
APO_NODISCARD apo_status apo_scorer_take(apo_scorer *scorer, apo_scored *out, apo_error *err);

/** Add seconds, bytes, faults and the device's name to a report. */
void apo_scorer_report(apo_scorer *scorer, apo_report *report);

#endif
