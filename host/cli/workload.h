/* workload.h - a model, a background and rows to explain, made from a seed.
 *
 * 20 columns of uniform numbers, and complete trees of depth 6 that split on random columns at
 * random places, with a logistic link: about what a small production model costs to walk.  The
 * same seed makes the same bytes on every machine (stream 9 of draw.h).
 */
#ifndef APO_HOST_CLI_WORKLOAD_H
#define APO_HOST_CLI_WORKLOAD_H

#include "engine/core/error.h"

enum { APO_WORKLOAD_COLUMNS = 20, APO_WORKLOAD_DEPTH = 6, APO_WORKLOAD_BACKGROUND_ROWS = 100 };

/** The model as neutral JSON text.
 *
 * Owns:    `*out` is freed by the caller with free()
 * Fails:   APO_ERR_MEMORY
 */
APO_NODISCARD apo_status
apo_workload_model(uint64_t seed, uint32_t n_trees, char **out, size_t *n_bytes, apo_error *err);

/** Rows of uniform numbers; `table` 0 is the background, 1 what is explained.
 *
 * Shapes:  *values_out [n_rows x APO_WORKLOAD_COLUMNS], which *out views
 * Owns:    `*values_out` is freed by the caller with free()
 * Fails:   APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_workload_rows(uint64_t seed,
                                           uint32_t table,
                                           uint64_t n_rows,
                                           apo_rows *out,
                                           double **values_out,
                                           apo_error *err);

#endif
