/* predict.c - predictions of every row of a source. */
#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/model/hosted.h"
#include "host/api/clock.h"
#include "host/api/scorer.h"

typedef struct prediction_run {
  const apo_model *model;
  apo_output output;
  apo_scorer *scorer;
  const apo_source *source;
  const apo_prediction_sink *sink;
  const apo_watch *watch;
  apo_report *report;
  double *responses; /* [block x n_outputs] */
} prediction_run;

static apo_status put_oldest(prediction_run *r, apo_error *err) {
  apo_scored scored;
  APO_TRY(apo_scorer_take(r->scorer, &scored, err));
  const double start = apo_clock_seconds();
  const uint32_t n_outputs = r->model->n_outputs;
  const double *out = scored.margins;
  if (r->output == APO_OUTPUT_PROBABILITY && r->model->kind != APO_MODEL_CALLBACK) {
    for (size_t row = 0; row < scored.n_rows; ++row) {
      apo_link_apply(r->model->link, scored.margins + row * n_outputs, n_outputs,
                     r->responses + row * n_outputs);
    }
    out = r->responses;
  }
  r->report->seconds_aggregate += apo_clock_seconds() - start;
  APO_TRY(r->sink->put(r->sink->context, r->report->n_rows, scored.n_rows, out, err));
  r->report->n_rows += scored.n_rows;
  if (r->watch != NULL && r->watch->progress != NULL &&
      r->watch->progress(r->watch->context, r->report->n_rows) != 0) {
    return apo_fail(err, APO_ERR_CANCELLED, "stopped after row %llu",
                    (unsigned long long)r->report->n_rows);
  }
  return APO_OK;
}

static apo_status loop(prediction_run *r, apo_error *err) {
  uint64_t n_read = 0;
  for (bool is_end = false; !is_end || apo_scorer_n_flying(r->scorer) > 0;) {
    if (is_end || apo_scorer_n_flying(r->scorer) >= apo_scorer_depth(r->scorer)) {
      APO_TRY(put_oldest(r, err));
      continue;
    }
    apo_rows rows;
    APO_TRY(r->source->next(r->source->context, apo_scorer_block_rows(r->scorer), &rows, err));
    is_end = rows.n_rows == 0;
    if (is_end) continue;
    const apo_status status = apo_scorer_put(r->scorer, &rows, err);
    if (status != APO_OK) {
      return apo_prefix(err, status, "rows from %llu: ", (unsigned long long)n_read);
    }
    n_read += rows.n_rows;
  }
  return APO_OK;
}

static apo_status check(const apo_model *model, apo_output output, apo_error *err) {
  if (output == APO_OUTPUT_LOSS) {
    return apo_fail(err, APO_ERR_UNSUPPORTED, "output loss: is explained, not predicted");
  }
  if (output != APO_OUTPUT_PROBABILITY || model->kind == APO_MODEL_CALLBACK) return APO_OK;
  return apo_link_need_response(model->link, err);
}

apo_status apo_predict(const apo_model *model,
                       apo_devices *devices,
                       apo_output output,
                       uint64_t memory_bytes,
                       const apo_source *source,
                       const apo_prediction_sink *sink,
                       const apo_watch *watch,
                       apo_report *report,
                       apo_error *err) {
  apo_report unread = {.struct_bytes = sizeof unread};
  if (report == NULL) report = &unread;
  *report = (apo_report){.struct_bytes = sizeof *report};
  apo_code_forest *forest = NULL;
  apo_hosted hosted;
  APO_TRY(check(model, output, err));
  APO_TRY(apo_hosted_open(&hosted, model, output, &model, err));
  prediction_run r = {.model = model,
                      .output = output,
                      .source = source,
                      .sink = sink,
                      .watch = watch,
                      .report = report};
  apo_status status = APO_OK;
  if (model->kind == APO_MODEL_FOREST) status = apo_code_forest_create(model, &forest, err);
  if (status == APO_OK) {
    status = apo_scorer_create(model, forest, devices, memory_bytes, &r.scorer, err);
  }
  if (status == APO_OK) {
    r.responses =
        apo_alloc((size_t)apo_scorer_block_rows(r.scorer) * model->n_outputs, sizeof(double));
    if (r.responses == NULL) status = apo_fail(err, APO_ERR_MEMORY, "predictions of a block");
  }
  if (status == APO_OK) status = loop(&r, err);
  if (r.scorer != NULL) apo_scorer_report(r.scorer, report);
  free(r.responses);
  apo_scorer_destroy(&r.scorer);
  apo_code_forest_destroy(&forest);
  apo_hosted_close(&hosted);
  return status;
}
