/* encode.h - a caller's rows as the device reads them: transformed, cast, row-major. */
#ifndef APO_ENGINE_DATA_ENCODE_H
#define APO_ENGINE_DATA_ENCODE_H

#include "engine/model/model.h"

/** Write rows [begin, begin + n_rows) for a forest model.
 *
 * Shapes:  out [n_rows x n_columns], floats or doubles as the forest casts
 */
void apo_encode_rows(
    const apo_model *model, const apo_rows *rows, uint64_t begin, uint32_t n_rows, void *out);

/** Write rows as pairs of floats (value = high + low) for a linear model; a value beyond the range
 * of floats becomes infinite.
 *
 * Shapes:  high and low [n_rows x n_columns]
 * Fails:   APO_ERR_FORMAT  a missing value in a used column of a model without a rule for it; rows
 *                          count from `begin`
 */
APO_NODISCARD apo_status apo_encode_pairs(const apo_model *model,
                                          const apo_rows *rows,
                                          uint64_t begin,
                                          uint32_t n_rows,
                                          float *high,
                                          float *low,
                                          apo_error *err);

/** Write rows as doubles, transformed.  Shapes: out [n_rows x n_columns]. */
void apo_encode_doubles(
    const apo_model *model, const apo_rows *rows, uint64_t begin, uint32_t n_rows, double *out);

#endif
