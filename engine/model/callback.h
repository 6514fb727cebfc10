/* callback.h - calling a caller's function: in batches that suit it, and its outputs checked. */
#ifndef APO_ENGINE_MODEL_CALLBACK_H
#define APO_ENGINE_MODEL_CALLBACK_H

#include "engine/model/model.h"

/** Outputs of `n_rows` rows of a callback model, at most predictor.batch_rows of them in a call.
 *
 * Shapes:  values [n_rows x n_columns]; out [n_rows x n_outputs]; row-major
 * Fails:   APO_ERR_FORMAT  an output that is not finite; the row counts from 0 in `values`
 *          and as the function says
 */
APO_NODISCARD apo_status apo_callback_predict(
    const apo_model *model, const double *values, uint64_t n_rows, double *out, apo_error *err);

#endif
