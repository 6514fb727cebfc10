/* cmd_explain.c - attributions for rows, to an array file or a store.
 *
 * A store knows a run by its identity.  What an earlier run of the same question committed is not
 * computed again: those rows of the source are passed over, and the plan is told the number of the
 * first one that is left, since draws depend on row numbers.
 */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "engine/core/digest.h"
#include "engine/core/memory.h"
#include "engine/data/background.h"
#include "engine/explainers/kernel/coalitions.h"
#include "engine/explainers/permutation/permutations.h"
#include "engine/plan/plan.h"
#include "host/api/clock.h"
#include "host/cli/commands.h"
#include "host/cli/explain_sink.h"
#include "host/cli/session.h"
#include "host/cli/stop.h"
#include "host/io/file.h"

/* Everything of one command; all zero is nothing. */
typedef struct explanation {
  apo_session session;
  apo_request request;
  apo_plan *plan;
  apo_feed feed;
  apo_explain_sink sink;
  apo_report report;
  const char **output_names; /* [n_outputs] */
  char input_digest[72];
  char target_digest[APO_DIGEST_TEXT_BYTES];
  char software[64];
  double seconds_run;
} explanation;

static apo_status check_options(const apo_options *o, apo_error *err) {
  const char *const tables[] = {
      apo_option_text(o, APO_OPT_DATA), apo_option_text(o, APO_OPT_BACKGROUND),
      apo_option_text(o, APO_OPT_BACKGROUND_WEIGHTS), apo_option_text(o, APO_OPT_TARGET)};
  const char *errors = apo_option_text(o, APO_OPT_ERRORS);
  const uint64_t chunk_rows = apo_option_count(o, APO_OPT_CHUNK_ROWS);
  APO_TRY(apo_check_one_stdin(tables, 4, err));
  if (chunk_rows == 0 || chunk_rows > UINT32_MAX) {
    return apo_fail(err, APO_ERR_ARGUMENT, "--chunk-rows: %" PRIu64 ", needed 1 to %u", chunk_rows,
                    UINT32_MAX);
  }
  if (errors != NULL && !apo_path_ends_in(errors, ".npy")) {
    return apo_fail(err, APO_ERR_ARGUMENT, "--errors: \"%.80s\", needed a name that ends in .npy",
                    errors);
  }
  if (apo_option_text(o, APO_OPT_TOP) != NULL) {
    const uint64_t top = apo_option_count(o, APO_OPT_TOP);
    if (top == 0 || top > UINT32_MAX) {
      return apo_fail(err, APO_ERR_ARGUMENT, "--top: %" PRIu64 ", needed 1 to %u", top, UINT32_MAX);
    }
  }
  return APO_OK;
}

static apo_status open_inputs(explanation *e, apo_error *err) {
  apo_session *session = &e->session;
  APO_TRY(apo_session_open_model(session, err));
  APO_TRY(apo_session_open_data(session, err));
  APO_TRY(apo_session_open_players(session, err));
  APO_TRY(apo_session_open_background(session, err));
  APO_TRY(apo_session_open_target(session, err));
  APO_TRY(apo_session_request(session, &e->request, err));
  return apo_session_open_devices(session, err);
}

static apo_status make_plan(explanation *e, apo_error *err) {
  const apo_options *o = e->session.options;
  const char *errors = apo_option_text(o, APO_OPT_ERRORS);
  if (errors != NULL && strcmp(errors, apo_option_text(o, APO_OPT_OUT)) == 0) {
    return apo_fail(err, APO_ERR_ARGUMENT, "--errors: the same destination as --out");
  }
  const apo_status status = apo_plan_create(e->session.model, e->session.background, &e->request,
                                            e->session.devices, &e->plan, err);
  if (status == APO_ERR_ARGUMENT && e->session.background == NULL) {
    e->session.hint =
        e->request.output == APO_OUTPUT_LOSS
            ? "--background SRC gives the rows that stand for absent"
            : "--background SRC gives the rows that stand for absent; --method path needs none";
  }
  if (status != APO_OK) return status;
  if (o->n_verbose > 0) fputs(apo_plan_text(e->plan), stderr);
  if (errors != NULL && !apo_plan_has_errors(e->plan)) {
    return apo_fail(
        err, APO_ERR_ARGUMENT,
        "--errors: the method %s has none, needs permutation with --nsamples of %u or more",
        apo_method_text(apo_plan_method(e->plan)), 2 * (2 * apo_plan_n_players(e->plan) + 1));
  }
  return APO_OK;
}

/* --- destinations ----------------------------------------------------------------------------- */

/* The coalitions or evaluations that a request without --nsamples stands for. */
static uint64_t samples_used(apo_method method, uint64_t n_samples, uint32_t n_players) {
  uint32_t n_pairs = 0;
  switch (method) {
    case APO_METHOD_KERNEL:
      return n_samples != 0 ? n_samples : apo_coalitions_auto_budget(n_players);
    case APO_METHOD_PERMUTATION:
      if (apo_permutation_pairs(n_players, n_samples, &n_pairs, NULL) != APO_OK) return n_samples;
      return (uint64_t)n_pairs * (2 * (uint64_t)n_players + 1);
    case APO_METHOD_AUTO:
    case APO_METHOD_LINEAR:
    case APO_METHOD_EXACT:
    case APO_METHOD_PATH: return 0;
  }
  return 0;
}

/* What the rows are known by; only a store asks, and reading them twice has its price. */
static apo_status identify_input(explanation *e, const char **out, apo_error *err) {
  const apo_options *o = e->session.options;
  const char *given = apo_option_text(o, APO_OPT_INPUT_ID);
  const char *where = apo_option_text(o, APO_OPT_DATA);
  *out = NULL;
  if (given != NULL) {
    if (strncmp(given, "user:", 5) != 0 || given[5] == '\0') {
      return apo_fail(err, APO_ERR_ARGUMENT, "--input-id: \"%.80s\", needed user:TEXT", given);
    }
    *out = given;
    return APO_OK;
  }
  const bool is_array = strncmp(apo_option_text(o, APO_OPT_OUT), "sqlite:", 7) != 0;
  if (is_array || strcmp(where, "-") == 0) return APO_OK;
  const apo_table_options options = {.model = e->session.model,
                                     .id_column = apo_option_text(o, APO_OPT_ID),
                                     .missing = apo_option_text(o, APO_OPT_MISSING)};
  APO_TRY(apo_table_digest(where, &options, e->input_digest, err));
  *out = e->input_digest;
  return APO_OK;
}

/* Of the targets as float64, little-endian: with others the losses are others. */
static apo_status identify_target(explanation *e, apo_error *err) {
  const apo_session *session = &e->session;
  uint8_t digest[APO_DIGEST_BYTES];
  apo_digest hash = {0};
  if (session->target == NULL) return APO_OK;
  apo_status status = apo_digest_start(&hash, err);
  if (status == APO_OK) {
    status = apo_digest_add_f64s(&hash, session->target, session->n_targets, err);
  }
  if (status == APO_OK) status = apo_digest_finish(&hash, digest, err);
  apo_digest_stop(&hash);
  if (status == APO_OK) apo_digest_print(digest, e->target_digest);
  return status;
}

static apo_status make_output_texts(explanation *e, apo_error *err) {
  const uint32_t n = e->session.info.n_outputs;
  e->output_names = apo_alloc(n, sizeof *e->output_names);
  e->sink.zeros = apo_alloc(n, sizeof *e->sink.zeros);
  if (e->output_names == NULL || e->sink.zeros == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "%u outputs: out of memory", n);
  }
  for (uint32_t output = 0; output < n; ++output) {
    e->output_names[output] = apo_model_output_name(e->session.model, output);
  }
  snprintf(e->software, sizeof e->software, "apportion %s", apo_version());
  return APO_OK;
}

/* Another game, so another run. */
static const char *method_kept(const apo_plan *plan) {
  return plan->dependence == APO_DEPENDENCE_GAUSSIAN ? "linear-gaussian"
                                                     : apo_method_text(plan->method);
}

/* Whether rows share what is drawn; the errors of their mean depend on it. */
static const char *coalitions_kept(const explanation *e) {
  if (e->plan->gaussian.n_pairs > 0) return "shared";
  return apo_plan_method(e->plan) == APO_METHOD_KERNEL
             ? apo_option_text(e->session.options, APO_OPT_COALITIONS)
             : "";
}

/* Covers stand for absent columns there, so a background is no part of the question. */
static const apo_background *background_of(const explanation *e) {
  const bool is_path = apo_plan_method(e->plan) == APO_METHOD_PATH;
  return is_path ? NULL : e->session.background;
}

static bool sums_up(const explanation *e) {
  return e->request.index == APO_INDEX_SHAPLEY;
}

static apo_run_spec make_spec(const explanation *e, const char *input_id) {
  const apo_session *session = &e->session;
  const apo_options *o = session->options;
  const apo_background *background = background_of(e);
  const apo_method method = apo_plan_method(e->plan);
  return (apo_run_spec){
      .model = session->model,
      .background_id = background != NULL ? apo_background_digest(background) : NULL,
      .background_rows = background != NULL ? background->n_rows : 0,
      .background_weighted = background != NULL && background->is_weighted,
      .input_id = input_id,
      .input_rows = apo_table_n_rows(session->data),
      .key_name = apo_option_text(o, APO_OPT_ID),
      .n_players = session->groups.n_players,
      .player_names = (const char *const *)session->groups.names,
      .player_members = session->groups.player_of_column != NULL
                            ? (const char *const *)session->groups.members
                            : NULL,
      .n_outputs = session->info.n_outputs,
      .output_names = e->output_names,
      .base = apo_plan_base(e->plan),
      .method = method_kept(e->plan),
      .output = apo_plan_output_text(e->plan),
      .target_id = session->target != NULL ? e->target_digest : NULL,
      .index = apo_option_text(o, APO_OPT_INDEX),
      .link = apo_option_text(o, APO_OPT_LINK),
      .coalitions = coalitions_kept(e),
      .n_samples = method == APO_METHOD_LINEAR
                       ? apo_gaussian_n_samples(&e->plan->gaussian)
                       : samples_used(method, e->request.n_samples, session->groups.n_players),
      .seed = e->request.seed,
      .row_origin = e->request.row_origin,
      .has_errors = apo_plan_has_errors(e->plan) != 0,
      .has_pairs = e->request.interactions != 0,
      .top = (uint32_t)apo_option_count(o, APO_OPT_TOP),
      .reduction =
          apo_option_is(o, APO_OPT_REDUCE, "mean-abs") ? APO_REDUCE_MEAN_ABS : APO_REDUCE_NONE,
      .chunk_rows = (uint32_t)apo_option_count(o, APO_OPT_CHUNK_ROWS),
      .force = apo_option_flag(o, APO_OPT_FORCE),
      .label = apo_option_text(o, APO_OPT_LABEL),
      .device = apo_devices_text(session->devices),
      .software = e->software};
}

static apo_status open_stores(explanation *e, apo_error *err) {
  const apo_options *o = e->session.options;
  const char *errors = apo_option_text(o, APO_OPT_ERRORS);
  const char *input_id;
  APO_TRY(make_output_texts(e, err));
  APO_TRY(identify_input(e, &input_id, err));
  APO_TRY(identify_target(e, err));
  apo_run_spec spec = make_spec(e, input_id);
  e->session.side = APO_SIDE_OUTPUT;
  apo_status status = apo_store_open(apo_option_text(o, APO_OPT_OUT), &spec, &e->sink.store, err);
  if (status == APO_OK && errors != NULL) {
    spec.base = e->sink.zeros;
    spec.has_errors = false;
    spec.top = 0;
    spec.reduction = APO_REDUCE_NONE;
    spec.key_name = NULL;
    spec.target_id = NULL;
    status = apo_store_open(errors, &spec, &e->sink.errors, err);
  }
  const char *refused = e->sink.store == NULL ? apo_option_text(o, APO_OPT_OUT) : errors;
  if (status == APO_ERR_IO) e->session.hint = apo_force_hint(o, refused);
  if (status != APO_OK) return status;
  e->session.side = APO_SIDE_INPUT;
  const uint64_t n_done = e->sink.store->n_rows_done;
  if (n_done > 0 && e->sink.errors != NULL) {
    return apo_fail(err, APO_ERR_ARGUMENT,
                    "--errors: the store holds %" PRIu64
                    " rows of this run already, so that a "
                    "file could not be whole",
                    n_done);
  }
  return APO_OK;
}

/* --- running ---------------------------------------------------------------------------------- */

static apo_status resume(explanation *e, apo_error *err) {
  const uint64_t n_done = e->sink.store->n_rows_done;
  const bool keeps_ids = apo_option_text(e->session.options, APO_OPT_ID) != NULL;
  e->feed = apo_feed_start(e->session.data, n_done, keeps_ids);
  if (n_done == 0) return APO_OK;
  if (!apo_option_flag(e->session.options, APO_OPT_QUIET)) {
    fprintf(stderr, "apportion: run %.23s: %" PRIu64 " rows are there, %s\n", e->sink.store->run_id,
            n_done, e->sink.store->is_complete ? "it is complete" : "going on behind them");
  }
  if (e->request.target != NULL) {
    if (n_done > e->request.n_targets) {
      return apo_fail(err, APO_ERR_FORMAT,
                      "--target: %" PRIu64 " values, %" PRIu64 " rows are there",
                      e->request.n_targets, n_done);
    }
    e->request.target += n_done;
    e->request.n_targets -= n_done;
  }
  e->request.row_origin += n_done;
  apo_plan_destroy(&e->plan);
  return apo_plan_create(e->session.model, e->session.background, &e->request, e->session.devices,
                         &e->plan, err);
}

static apo_status finish_stores(explanation *e, apo_error *err) {
  const double begun = apo_clock_seconds();
  apo_status status = apo_store_finish(e->sink.store, err);
  if (status == APO_OK && e->sink.errors != NULL) status = apo_store_finish(e->sink.errors, err);
  e->sink.seconds_store += apo_clock_seconds() - begun;
  // Ids that cannot be are the input's fault, all else is the destination's.
  if (status != APO_OK && status != APO_ERR_FORMAT) e->session.side = APO_SIDE_OUTPUT;
  return status;
}

/* What was computed so far is kept where it can be; the failure that led here stays the news. */
static void keep_what_can_be_resumed(explanation *e) {
  apo_error ignored;
  if (apo_store_stop(e->sink.store, &ignored) != APO_OK) {
    apo_warn(e->session.options, "W_NOT_KEPT", "%s", ignored.message);
  }
}

static apo_status run(explanation *e, apo_error *err) {
  const apo_options *o = e->session.options;
  APO_TRY(resume(e, err));
  if (e->sink.store->is_complete) return APO_OK;
  const uint64_t n_rows = apo_table_n_rows(e->session.data);
  const uint64_t n_done = e->sink.store->n_rows_done;
  const uint64_t n_total = n_rows == UINT64_MAX || n_rows < n_done ? n_rows : n_rows - n_done;
  e->sink.feed = &e->feed;
  e->sink.sums_up = sums_up(e);
  e->sink.gap_tolerance = apo_option_real(o, APO_OPT_GAP_TOLERANCE);
  e->sink.progress = apo_progress_start(o, n_total, apo_option_count(o, APO_OPT_CHUNK_ROWS));
  const apo_source source = apo_feed_source(&e->feed);
  const apo_sink sink = {&e->sink, apo_explain_sink_put};
  const apo_watch watch = {&e->sink, apo_explain_sink_watch};
  const double begun = apo_clock_seconds();
  apo_status status = apo_plan_run(e->plan, &source, &sink, &watch, &e->report, err);
  if (e->sink.failed && status != APO_ERR_FORMAT) e->session.side = APO_SIDE_OUTPUT;
  apo_progress_end(&e->sink.progress, e->sink.n_rows);
  if (status == APO_OK) {
    status = finish_stores(e, err);
  } else {
    keep_what_can_be_resumed(e);
  }
  if (status == APO_ERR_CANCELLED) {
    const bool is_store = e->sink.store->run_id[0] != '\0';
    status = apo_fail(err, APO_ERR_CANCELLED, "stopped by a signal after %" PRIu64 " rows",
                      e->sink.n_rows);
    e->session.hint = is_store ? "the same command goes on behind the rows that are kept"
                               : "an array file is whole or not there; nothing was written";
  }
  e->seconds_run = apo_clock_seconds() - begun;
  return status;
}

/* --- report ----------------------------------------------------------------------------------- */

static double rows_per_second(const explanation *e) {
  return e->seconds_run > 0 ? (double)e->sink.n_rows / e->seconds_run : 0;
}

/* Rows that are not meant to sum to the output say so: no number stands for how well they do. */
static void put_additivity(const explanation *e, apo_json_out *json) {
  if (!sums_up(e)) {
    apo_json_out_text(json, json->root, "index",
                      apo_option_text(e->session.options, APO_OPT_INDEX));
    apo_json_out_text(json, json->root, "additivity", NULL);
    return;
  }
  cJSON *additivity = apo_json_out_object(json, json->root, "additivity");
  apo_json_out_real(json, additivity, "max", e->report.gap_max);
  apo_json_out_real(json, additivity, "p99", e->report.gap_p99);
}

/* The members are those that README.md names, and no others; `index` only where it is not
 * Shapley's, `output` only where values are rescaled. */
static apo_status print_json(const explanation *e, apo_error *err) {
  const apo_session *session = &e->session;
  const apo_background *background = background_of(e);
  const char *digest = session->info.digest;
  apo_json_out json = apo_json_out_start();
  cJSON *root = json.root;
  apo_json_out_count(&json, root, "rows", e->sink.n_rows);
  apo_json_out_count(&json, root, "features", session->groups.n_players);
  apo_json_out_count(&json, root, "outputs", session->info.n_outputs);
  apo_json_out_text(&json, root, "method", apo_method_text(apo_plan_method(e->plan)));
  if (apo_plan_is_rescaled(e->plan)) {
    apo_json_out_text(&json, root, "output", apo_plan_output_text(e->plan));
  }
  apo_json_out_text(
      &json, root, "device",
      e->report.device[0] != '\0' ? e->report.device : apo_devices_text(session->devices));
  apo_session_put_seconds(session, &e->report, e->sink.seconds_store, &json);
  apo_json_out_real(&json, root, "rows_per_second", rows_per_second(e));
  put_additivity(e, &json);
  cJSON *memory = apo_json_out_object(&json, root, "memory");
  apo_json_out_count(&json, memory, "host", e->report.host_bytes);
  apo_json_out_count(&json, memory, "device", e->report.device_bytes);
  apo_json_out_text(&json, root, "model_digest", digest[0] != '\0' ? digest : NULL);
  apo_json_out_text(&json, root, "background_digest",
                    background != NULL ? apo_background_digest(background) : NULL);
  apo_json_out_count(&json, root, "seed", e->request.seed);
  apo_json_out_text(&json, root, "version", apo_version());
  const apo_status status = apo_json_out_print(&json, stdout, err);
  apo_json_out_clear(&json);
  return status;
}

static apo_status report(explanation *e, apo_error *err) {
  const apo_options *o = e->session.options;
  const apo_report *r = &e->report;
  if (r->n_faults > 0) {
    apo_warn(o, "W_DEVICE_FALLBACK", "%u device faults, answered; computed by %s", r->n_faults,
             r->device);
  }
  if (apo_option_flag(o, APO_OPT_JSON)) {
    e->session.side = APO_SIDE_OUTPUT;
    return print_json(e, err);
  }
  if (apo_option_flag(o, APO_OPT_QUIET)) return APO_OK;
  fprintf(stderr, "apportion: %" PRIu64 " rows, %u players, %s, in %.3g s (%.4g rows/s) on %s; ",
          e->sink.n_rows, e->session.groups.n_players, apo_method_text(apo_plan_method(e->plan)),
          e->seconds_run, rows_per_second(e), r->device);
  if (sums_up(e)) {
    fprintf(stderr, "gap at most %.3g\n", r->gap_max);
  } else {
    fprintf(stderr, "%s values, which do not sum to the output\n",
            apo_option_text(o, APO_OPT_INDEX));
  }
  return APO_OK;
}

/* More than 0.1 % of rows over the tolerance is a verdict, not a failure: what was written stays. */
static int verdict(const explanation *e) {
  const apo_explain_sink *sink = &e->sink;
  if (sink->n_rows_over <= sink->n_rows / 1000) return APO_EXIT_DONE;
  fprintf(stderr,
          "apportion: explain: %" PRIu64 " of %" PRIu64
          " rows miss their prediction by more than %g x max(1, |output|)\n"
          "hint: --gap-tolerance sets the share\n",
          sink->n_rows_over, sink->n_rows, sink->gap_tolerance);
  return APO_EXIT_VERDICT;
}

static apo_status explain(explanation *e, apo_error *err) {
  APO_TRY(check_options(e->session.options, err));
  APO_TRY(open_inputs(e, err));
  APO_TRY(make_plan(e, err));
  APO_TRY(open_stores(e, err));
  APO_TRY(run(e, err));
  return report(e, err);
}

int apo_cmd_explain(const apo_options *options) {
  explanation e = {.session = apo_session_start(options), .report.struct_bytes = sizeof e.report};
  apo_error err;
  apo_stop_install();
  const apo_status status = explain(&e, &err);
  const int code = status == APO_OK ? verdict(&e) : apo_session_fail(&e.session, &err);
  apo_explain_sink_close(&e.sink);
  apo_feed_clear(&e.feed);
  apo_plan_destroy(&e.plan);
  apo_session_close(&e.session);
  free(e.output_names);
  return code;
}
