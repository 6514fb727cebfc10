/* xgboost_linear.c - gblinear: weights[column * n_outputs + output], the row of biases last. */
#include <inttypes.h>
#include <math.h>

#include "engine/core/memory.h"
#include "engine/readers/xgboost/xgboost_parts.h"

static apo_status take_weight(apo_json_at weights, uint64_t at, double *out, apo_error *err) {
  APO_TRY(apo_json_number_at(weights, at, out, err));
  *out = (double)(float)*out;
  if (isfinite(*out)) return APO_OK;
  return apo_json_fault_at(weights, at, err, APO_ERR_FORMAT, "%g, needs a finite number", *out);
}

apo_status apo_xgboost_linear(apo_json_at booster, apo_model *model, apo_error *err) {
  apo_json_at linear;
  apo_json_at weights;
  const uint64_t n_columns = model->n_columns;
  const uint64_t n_outputs = model->n_outputs;
  APO_TRY(apo_json_member(booster, "model", &linear, err));
  APO_TRY(apo_json_member(linear, "weights", &weights, err));
  APO_TRY(apo_json_need_length(weights, (n_columns + 1) * n_outputs, err));

  model->kind = APO_MODEL_LINEAR;
  model->linear = apo_alloc(1, sizeof *model->linear);
  if (model->linear != NULL) {
    model->linear->coefficients = apo_alloc((size_t)(n_columns * n_outputs), sizeof(double));
    model->linear->missing_adds_nothing = true;
  }
  if (model->linear == NULL || model->linear->coefficients == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "learner: no memory for %" PRIu64 " coefficients",
                    n_columns * n_outputs);
  }
  // XGBoost's linear booster adds the first entry of base_score to every class (3.2 and 3.4).
  const double intercept = model->base[0];
  for (uint64_t output = 0; output < n_outputs; ++output) {
    double *coefficients = model->linear->coefficients + output * n_columns;
    for (uint64_t column = 0; column < n_columns; ++column) {
      APO_TRY(take_weight(weights, column * n_outputs + output, &coefficients[column], err));
    }
    double bias = 0;
    APO_TRY(take_weight(weights, n_columns * n_outputs + output, &bias, err));
    model->base[output] = intercept + bias;
  }
  return APO_OK;
}
