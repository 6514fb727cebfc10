/* forest_stages.h - the forest stages that explaining, predicting and importance share. */
#ifndef APO_ENGINE_GAMES_FOREST_STAGES_H
#define APO_ENGINE_GAMES_FOREST_STAGES_H

#include <stdbool.h>

#include "engine/codes/code_forest.h"
#include "engine/exec/executor.h"

/** APO_SETS of coalition_mean: wide codes have only the variant with sets. */
static inline apo_i32 apo_forest_needs_sets(const apo_code_forest *forest) {
  return forest->has_sets || forest->cuts->code_bytes == 4 ? 1 : 0;
}

/** A forest on a device: what every stage over its codes and nodes reads. */
typedef struct apo_forest_buffers {
  apo_buffer *node;
  apo_buffer *instance;
  apo_buffer *leaf64;
  apo_buffer *sets;
  apo_buffer *cut_begin;
  apo_buffer *cut_key;
} apo_forest_buffers;

/** Put a forest on a device.  What was made is released by the call below, on failure too. */
APO_NODISCARD apo_status apo_forest_upload(const apo_code_forest *forest,
                                           apo_executor *executor,
                                           apo_forest_buffers *out,
                                           apo_error *err);
void apo_forest_release(apo_executor *executor, apo_forest_buffers *buffers);

/** Trees of one output that one launch walks; all zero before the first. */
typedef struct apo_tree_range {
  uint32_t output;
  uint32_t begin; /* of the forest's instances */
  uint32_t end;
} apo_tree_range;

/** The next range of trees for launches over `n_rows` rows, output by output, so small that a
 * launch stays short; false when all trees have been walked. */
bool apo_forest_next_trees(const apo_code_forest *forest, uint32_t n_rows, apo_tree_range *range);

/** Queue row_codes.  `n_rows` is a multiple of APO_TILE_GRAIN; value and code as the stage says. */
APO_NODISCARD apo_status apo_forest_codes(const apo_code_forest *forest,
                                          const apo_forest_buffers *buffers,
                                          apo_executor *executor,
                                          uint32_t n_rows,
                                          apo_buffer *value,
                                          apo_buffer *code,
                                          apo_error *err);

/** Queue forest_margin for all outputs; adds to `margin`. */
APO_NODISCARD apo_status apo_forest_margins(const apo_code_forest *forest,
                                            const apo_forest_buffers *buffers,
                                            apo_executor *executor,
                                            uint32_t n_rows,
                                            apo_buffer *code,
                                            apo_buffer *margin,
                                            apo_error *err);

#endif
