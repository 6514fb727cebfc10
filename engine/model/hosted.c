#include "engine/model/hosted.h"

bool apo_needs_host(const apo_model *model) {
  return model->forest != NULL && model->forest->term_begin != NULL;
}

static apo_status predict(void *context, const apo_rows *rows, double *outputs, apo_error *err) {
  const apo_hosted *hosted = context;
  const apo_model *model = hosted->model;
  const double *values = rows->values;
  for (uint64_t row = 0; row < rows->n_rows; ++row, outputs += model->n_outputs) {
    APO_TRY(apo_model_margin(model, values + row * model->n_columns, outputs, err));
    if (hosted->output != APO_OUTPUT_PROBABILITY) continue;
    apo_link_apply(model->link, outputs, model->n_outputs, outputs);
  }
  return APO_OK;
}

apo_status apo_hosted_open(apo_hosted *hosted,
                           const apo_model *model,
                           apo_output output,
                           const apo_model **out,
                           apo_error *err) {
  *hosted = (apo_hosted){.model = model, .output = output};
  *out = model;
  if (!apo_needs_host(model)) return APO_OK;
  if (output == APO_OUTPUT_PROBABILITY) APO_TRY(apo_link_need_response(model->link, err));
  const apo_predictor predictor = {.struct_bytes = sizeof predictor,
                                   .context = hosted,
                                   .n_columns = model->n_columns,
                                   .n_outputs = model->n_outputs,
                                   .predict = predict};
  APO_TRY(apo_model_wrap(&predictor, &hosted->callback, err));
  *out = hosted->callback;
  return APO_OK;
}

void apo_hosted_close(apo_hosted *hosted) {
  apo_model_destroy(&hosted->callback);
}
