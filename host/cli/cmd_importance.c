/* cmd_importance.c - what permuting each column costs, as JSON and as a table. */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "engine/core/memory.h"
#include "engine/explainers/importance/metrics.h"
#include "host/cli/commands.h"
#include "host/cli/feed.h"
#include "host/cli/progress.h"
#include "host/cli/session.h"
#include "host/cli/stop.h"
#include "host/cli/text_out.h"

enum { MAX_METRICS = 6 };

/* Everything of one command; all zero is nothing. */
typedef struct importance_run {
  apo_session session;
  apo_metric metrics[MAX_METRICS];
  uint32_t n_metrics;
  uint32_t n_repeats;
  double *target;
  double *weights;
  uint64_t n_rows;
  apo_feed feed;
  apo_progress progress;
  apo_importance *importance;
  apo_report report;
} importance_run;

/* --- what is asked ---------------------------------------------------------------------------- */

static apo_status read_metrics(importance_run *run, apo_error *err) {
  const char *text = apo_option_text(run->session.options, APO_OPT_METRIC);
  for (const char *word = text; word != NULL;) {
    const char *comma = strchr(word, ',');
    const size_t n = comma == NULL ? strlen(word) : (size_t)(comma - word);
    char name[32];
    apo_metric metric = APO_METRIC_AUC;
    snprintf(name, sizeof name, "%.*s", n < sizeof name ? (int)n : (int)sizeof name - 1, word);
    if (!apo_metric_find(name, &metric)) {
      return apo_fail(err, APO_ERR_ARGUMENT,
                      "--metric: \"%s\", needed auc, logloss, accuracy, rmse, mae, r2", name);
    }
    for (uint32_t i = 0; i < run->n_metrics; ++i) {
      if (run->metrics[i] != metric) continue;
      return apo_fail(err, APO_ERR_ARGUMENT, "--metric: %s occurs twice", name);
    }
    run->metrics[run->n_metrics++] = metric;
    word = comma == NULL ? NULL : comma + 1;
  }
  return APO_OK;
}

static apo_status read_labels(importance_run *run, apo_error *err) {
  const apo_options *o = run->session.options;
  const char *missing = apo_option_text(o, APO_OPT_MISSING);
  const char *weights = apo_option_text(o, APO_OPT_SAMPLE_WEIGHT);
  APO_TRY(apo_read_numbers(apo_option_text(o, APO_OPT_TARGET), missing, &run->target, &run->n_rows,
                           err));
  if (weights == NULL) return APO_OK;
  uint64_t n_weights = 0;
  APO_TRY(apo_read_numbers(weights, missing, &run->weights, &n_weights, err));
  if (n_weights == run->n_rows) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT,
                  "--sample-weight: %" PRIu64 " weights for %" PRIu64 " targets", n_weights,
                  run->n_rows);
}

static apo_status make_request(const importance_run *run,
                               apo_importance_request *out,
                               apo_error *err) {
  const apo_options *o = run->session.options;
  const apo_option_value *portion = &o->values[APO_OPT_MAX_SAMPLES];
  const apo_groups *groups = &run->session.groups;
  uint64_t max_rows = portion->count;
  if (portion->is_share) {
    max_rows = (uint64_t)(portion->real * (double)run->n_rows);
    if (max_rows == 0) max_rows = 1;
  } else if (portion->text != NULL && (max_rows == 0 || max_rows > run->n_rows)) {
    return apo_fail(err, APO_ERR_ARGUMENT, "--max-samples: %" PRIu64 " of %" PRIu64 " rows",
                    max_rows, run->n_rows);
  }
  *out = (apo_importance_request){
      .struct_bytes = sizeof *out,
      .metrics = run->metrics,
      .n_metrics = run->n_metrics,
      .n_repeats = run->n_repeats,
      .seed = apo_option_count(o, APO_OPT_SEED),
      .max_rows = max_rows,
      .memory_bytes = apo_option_count(o, APO_OPT_MEMORY),
      .target = run->target,
      .weights = run->weights,
      .n_rows = run->n_rows,
      .player_of_column = groups->player_of_column,
      .n_players = groups->player_of_column != NULL ? groups->n_players : 0};
  return APO_OK;
}

static apo_status check_options(importance_run *run, apo_error *err) {
  const apo_options *o = run->session.options;
  const char *const tables[] = {apo_option_text(o, APO_OPT_DATA),
                                apo_option_text(o, APO_OPT_TARGET),
                                apo_option_text(o, APO_OPT_SAMPLE_WEIGHT)};
  const uint64_t n_repeats = apo_option_count(o, APO_OPT_REPEATS);
  APO_TRY(apo_check_one_stdin(tables, 3, err));
  if (n_repeats < 1 || n_repeats > 100000) {
    return apo_fail(err, APO_ERR_ARGUMENT, "--repeats: %" PRIu64 ", needed 1 to 100000", n_repeats);
  }
  run->n_repeats = (uint32_t)n_repeats;
  return read_metrics(run, err);
}

/* --- report ----------------------------------------------------------------------------------- */

typedef struct moments {
  double mean;
  double deviation; /* with the number of repeats below, as scikit-learn has it */
} moments;

static moments moments_of(const double *scores, uint32_t n) {
  moments out = {0, 0};
  for (uint32_t i = 0; i < n; ++i) out.mean += scores[i] / n;
  for (uint32_t i = 0; i < n; ++i) {
    out.deviation += (scores[i] - out.mean) * (scores[i] - out.mean) / n;
  }
  out.deviation = sqrt(out.deviation);
  return out;
}

/* In the metric's own sign: an error is a positive number. */
static double natural_baseline(const importance_run *run, uint32_t metric) {
  const double score = apo_importance_baseline(run->importance, metric);
  return apo_metric_is_loss(run->metrics[metric]) ? -score : score;
}

static void add_feature(const importance_run *run,
                        apo_json_out *json,
                        cJSON *features,
                        uint32_t player,
                        uint32_t metric) {
  const double *scores = apo_importance_scores(run->importance, metric, player);
  const moments m = moments_of(scores, run->n_repeats);
  cJSON *feature = apo_json_out_object(json, features, NULL);
  apo_json_out_text(json, feature, "name", run->session.groups.names[player]);
  apo_json_out_text(json, feature, "metric", apo_metric_text(run->metrics[metric]));
  apo_json_out_real(json, feature, "mean", m.mean);
  apo_json_out_real(json, feature, "std", m.deviation);
  cJSON *list = apo_json_out_array(json, feature, "scores");
  for (uint32_t i = 0; i < run->n_repeats; ++i) apo_json_out_real(json, list, NULL, scores[i]);
}

static apo_status print_json(const importance_run *run, apo_error *err) {
  apo_json_out json = apo_json_out_start();
  cJSON *baseline = apo_json_out_object(&json, json.root, "baseline");
  for (uint32_t metric = 0; metric < run->n_metrics; ++metric) {
    apo_json_out_real(&json, baseline, apo_metric_text(run->metrics[metric]),
                      natural_baseline(run, metric));
  }
  cJSON *features = apo_json_out_array(&json, json.root, "features");
  for (uint32_t player = 0; player < run->session.groups.n_players; ++player) {
    for (uint32_t metric = 0; metric < run->n_metrics; ++metric) {
      add_feature(run, &json, features, player, metric);
    }
  }
  const apo_status status = apo_json_out_print(&json, stdout, err);
  apo_json_out_clear(&json);
  return status;
}

typedef struct ranked {
  uint32_t player;
  double mean; /* of the first metric */
} ranked;

static int by_falling_mean(const void *a, const void *b) {
  const ranked *x = a;
  const ranked *y = b;
  if (x->mean != y->mean) return x->mean < y->mean ? 1 : -1;
  return x->player < y->player ? -1 : x->player > y->player;
}

static void fill_table(const importance_run *run, const ranked *order, apo_text_table *table) {
  apo_text_table_add(table, "feature");
  for (uint32_t metric = 0; metric < run->n_metrics; ++metric) {
    apo_text_table_add(table, apo_metric_text(run->metrics[metric]));
    apo_text_table_add(table, "std");
  }
  apo_text_table_add(table, "(all columns in place)");
  for (uint32_t metric = 0; metric < run->n_metrics; ++metric) {
    apo_text_table_addf(table, "%.6g", natural_baseline(run, metric));
    apo_text_table_add(table, "");
  }
  for (uint32_t i = 0; i < run->session.groups.n_players; ++i) {
    apo_text_table_add(table, run->session.groups.names[order[i].player]);
    for (uint32_t metric = 0; metric < run->n_metrics; ++metric) {
      const moments m = moments_of(apo_importance_scores(run->importance, metric, order[i].player),
                                   run->n_repeats);
      apo_text_table_addf(table, "%.6f", m.mean);
      apo_text_table_addf(table, "%.6f", m.deviation);
    }
  }
}

static apo_status print_table(const importance_run *run, apo_error *err) {
  const uint32_t n = run->session.groups.n_players;
  ranked *order = apo_alloc(n, sizeof *order);
  if (order == NULL) return apo_fail(err, APO_ERR_MEMORY, "table: out of memory");
  for (uint32_t player = 0; player < n; ++player) {
    order[player].player = player;
    order[player].mean =
        moments_of(apo_importance_scores(run->importance, 0, player), run->n_repeats).mean;
  }
  qsort(order, n, sizeof *order, by_falling_mean);
  apo_text_table table = apo_text_table_start(1 + 2 * run->n_metrics);
  fill_table(run, order, &table);
  const apo_status status = apo_text_table_print(&table, isatty(1) ? 40 : 0, stdout, err);
  apo_text_table_clear(&table);
  free(order);
  return status;
}

/* --- the command ------------------------------------------------------------------------------ */

static int watch_progress(void *context, uint64_t n_rows_done) {
  apo_progress_show(context, n_rows_done);
  return apo_stop_wanted();
}

static apo_status compute(importance_run *run, apo_error *err) {
  apo_session *session = &run->session;
  apo_importance_request request;
  APO_TRY(check_options(run, err));
  APO_TRY(apo_session_open_model(session, err));
  APO_TRY(apo_session_open_data(session, err));
  APO_TRY(apo_session_open_players(session, err));
  APO_TRY(read_labels(run, err));
  APO_TRY(make_request(run, &request, err));
  APO_TRY(apo_session_open_devices(session, err));
  run->feed = apo_feed_start(session->data, 0, false);
  run->progress = apo_progress_start(session->options, UINT64_MAX, 0);
  const apo_source source = apo_feed_source(&run->feed);
  const apo_watch watch = {&run->progress, watch_progress};
  const apo_status status =
      apo_importance_compute(session->model, session->devices, &request, &source, &watch,
                             &run->importance, &run->report, err);
  apo_progress_end(&run->progress, run->n_rows);
  return status;
}

int apo_cmd_importance(const apo_options *options) {
  importance_run run = {.session = apo_session_start(options),
                        .report.struct_bytes = sizeof run.report};
  apo_error err;
  apo_stop_install();
  apo_status status = compute(&run, &err);
  if (status == APO_OK) {
    run.session.side = APO_SIDE_OUTPUT;
    status =
        apo_option_flag(options, APO_OPT_JSON) ? print_json(&run, &err) : print_table(&run, &err);
  }
  const bool is_stopped = status == APO_ERR_CANCELLED;
  int code = APO_EXIT_DONE;
  if (status != APO_OK && !is_stopped) code = apo_session_fail(&run.session, &err);
  apo_importance_destroy(&run.importance);
  apo_feed_clear(&run.feed);
  apo_session_close(&run.session);
  free(run.target);
  free(run.weights);
  if (is_stopped) {
    apo_stop_reraise();  // nothing is left that could be resumed
    code = APO_EXIT_STOPPED;
  }
  return code;
}
