#include "engine/model/callback.h"

#include <math.h>
#include <stdio.h>

static apo_status check(
    const apo_model *model, const double *out, uint64_t begin, uint64_t n, apo_error *err) {
  for (uint64_t i = 0; i < n * model->n_outputs; ++i) {
    if (isfinite(out[i])) continue;
    return apo_fail(err, APO_ERR_FORMAT,
                    "callback: row %llu: output %u is %g, needed a finite number",
                    (unsigned long long)(begin + i / model->n_outputs),
                    (uint32_t)(i % model->n_outputs), out[i]);
  }
  return APO_OK;
}

apo_status apo_callback_predict(
    const apo_model *model, const double *values, uint64_t n_rows, double *out, apo_error *err) {
  const apo_predictor *predictor = &model->predictor;
  const uint64_t batch = predictor->batch_rows > 0 ? predictor->batch_rows : n_rows;
  for (uint64_t begin = 0; begin < n_rows; begin += batch) {
    const uint64_t n = n_rows - begin < batch ? n_rows - begin : batch;
    const apo_rows rows = {
        values + begin * model->n_columns, n, model->n_columns, 1, model->n_columns, APO_F64};
    double *outputs = out + begin * model->n_outputs;
    // The function may fail without words.
    if (err != NULL) err->message[0] = '\0';
    const apo_status status = predictor->predict(predictor->context, &rows, outputs, err);
    if (status != APO_OK && err != NULL) {
      err->status = status;
      if (err->message[0] == '\0') {
        snprintf(err->message, sizeof err->message, "callback: %s", apo_status_text(status));
      }
    }
    if (status != APO_OK) return status;
    APO_TRY(check(model, outputs, begin, n, err));
  }
  return APO_OK;
}
