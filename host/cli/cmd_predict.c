/* cmd_predict.c - predictions to a file or to stdout. */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <unistd.h>

#include "engine/core/memory.h"
#include "host/api/clock.h"
#include "host/cli/commands.h"
#include "host/cli/feed.h"
#include "host/cli/prediction_file.h"
#include "host/cli/progress.h"
#include "host/cli/session.h"
#include "host/cli/stop.h"

/* Everything of one command; all zero is nothing. */
typedef struct prediction_run {
  apo_session session;
  apo_feed feed;
  apo_prediction_file file;
  apo_progress progress;
  apo_report report;
  const char **output_names; /* [n_outputs] */
  double seconds_run;
  double seconds_store; /* writing */
  bool failed;          /* the destination refused */
} prediction_run;

static apo_status put(
    void *context, uint64_t row_begin, uint64_t n_rows, const double *predictions, apo_error *err) {
  prediction_run *run = context;
  (void)row_begin;
  const char *const *ids = apo_feed_take_ids(&run->feed, n_rows);
  const double begun = apo_clock_seconds();
  const apo_status status = apo_prediction_file_put(&run->file, n_rows, predictions, ids, err);
  run->seconds_store += apo_clock_seconds() - begun;
  run->failed = status != APO_OK;
  apo_progress_show(&run->progress, run->file.n_rows);
  return status;
}

static int watch_stop(void *context, uint64_t n_rows_done) {
  prediction_run *run = context;
  (void)n_rows_done;  // rows predicted; shown are rows written
  apo_progress_show(&run->progress, run->file.n_rows);
  return apo_stop_wanted();
}

static apo_status open_output(prediction_run *run, apo_error *err) {
  const apo_options *o = run->session.options;
  const uint32_t n_outputs = run->session.info.n_outputs;
  const char *path = apo_option_text(o, APO_OPT_OUT);
  run->output_names = apo_alloc(n_outputs, sizeof *run->output_names);
  if (run->output_names == NULL) return apo_fail(err, APO_ERR_MEMORY, "outputs: out of memory");
  for (uint32_t output = 0; output < n_outputs; ++output) {
    run->output_names[output] = apo_model_output_name(run->session.model, output);
  }
  const apo_prediction_shape shape = {.n_outputs = n_outputs,
                                      .output_names = run->output_names,
                                      .id_name = apo_option_text(o, APO_OPT_ID)};
  run->session.side = APO_SIDE_OUTPUT;
  if (path != NULL) run->session.hint = apo_force_hint(o, path);
  APO_TRY(apo_prediction_file_open(path != NULL ? path : "-", apo_option_flag(o, APO_OPT_FORCE),
                                   &shape, &run->file, err));
  run->session.side = APO_SIDE_INPUT;
  run->session.hint = NULL;
  return APO_OK;
}

static apo_status predict_rows(prediction_run *run, apo_error *err) {
  const apo_options *o = run->session.options;
  const apo_source source = apo_feed_source(&run->feed);
  const apo_prediction_sink sink = {run, put};
  const apo_watch watch = {run, watch_stop};
  const bool is_probability = apo_option_is(o, APO_OPT_OUTPUT, "probability");
  const double begun = apo_clock_seconds();
  run->progress = apo_progress_start(o, apo_table_n_rows(run->session.data), 0);
  apo_status status =
      apo_predict(run->session.model, run->session.devices,
                  is_probability ? APO_OUTPUT_PROBABILITY : APO_OUTPUT_RAW,
                  apo_option_count(o, APO_OPT_MEMORY), &source, &sink, &watch, &run->report, err);
  apo_progress_end(&run->progress, run->file.n_rows);
  if (run->failed) run->session.side = APO_SIDE_OUTPUT;
  if (status == APO_OK) {
    run->session.side = APO_SIDE_OUTPUT;
    status = apo_prediction_file_finish(&run->file, err);
  }
  run->seconds_run = apo_clock_seconds() - begun;
  return status;
}

static apo_status print_json(const prediction_run *run, apo_error *err) {
  apo_json_out json = apo_json_out_start();
  cJSON *root = json.root;
  const double seconds = run->seconds_run;
  apo_json_out_text(&json, root, "schema", "predict/1");
  apo_json_out_count(&json, root, "rows", run->file.n_rows);
  apo_json_out_count(&json, root, "outputs", run->session.info.n_outputs);
  apo_json_out_text(&json, root, "device", run->report.device);
  apo_session_put_seconds(&run->session, &run->report, run->seconds_store, &json);
  apo_json_out_real(&json, root, "rows_per_second",
                    seconds > 0 ? (double)run->file.n_rows / seconds : 0);
  apo_json_out_text(&json, root, "model_digest", run->session.info.digest);
  apo_json_out_text(&json, root, "version", apo_version());
  const apo_status status = apo_json_out_print(&json, stdout, err);
  apo_json_out_clear(&json);
  return status;
}

static apo_status predict(prediction_run *run, apo_error *err) {
  apo_session *session = &run->session;
  const bool keeps_ids = apo_option_text(session->options, APO_OPT_ID) != NULL;
  if (apo_option_is(session->options, APO_OPT_OUTPUT, "loss")) {
    return apo_fail(err, APO_ERR_UNSUPPORTED,
                    "--output loss: is for explain and plan, not predict");
  }
  APO_TRY(apo_session_open_model(session, err));
  APO_TRY(apo_session_open_data(session, err));
  APO_TRY(apo_session_open_devices(session, err));
  run->feed = apo_feed_start(session->data, 0, keeps_ids);
  APO_TRY(open_output(run, err));
  APO_TRY(predict_rows(run, err));
  if (apo_option_flag(session->options, APO_OPT_JSON)) return print_json(run, err);
  if (session->options->n_verbose > 0) {
    fprintf(stderr, "apportion: %" PRIu64 " rows in %.3g s on %s\n", run->file.n_rows,
            run->seconds_run, run->report.device);
  }
  return APO_OK;
}

int apo_cmd_predict(const apo_options *options) {
  prediction_run run = {.session = apo_session_start(options),
                        .report.struct_bytes = sizeof run.report};
  apo_error err;
  apo_stop_install();
  const apo_status status = predict(&run, &err);
  const bool is_stopped = status == APO_ERR_CANCELLED;
  int code = APO_EXIT_DONE;
  if (status != APO_OK && !is_stopped) code = apo_session_fail(&run.session, &err);
  apo_prediction_file_close(&run.file);
  apo_feed_clear(&run.feed);
  apo_session_close(&run.session);
  free(run.output_names);
  if (is_stopped) {
    apo_stop_reraise();  // the file that was under way is gone; nothing can be resumed
    code = APO_EXIT_STOPPED;
  }
  return code;
}
