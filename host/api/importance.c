/* importance.c - permutation importance: what the model loses when a player is shuffled. */
#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/data/rows.h"
#include "engine/explainers/importance/metrics.h"
#include "engine/explainers/importance/shuffles.h"
#include "engine/model/hosted.h"
#include "engine/plan/plan.h"
#include "host/api/changes.h"
#include "host/api/clock.h"
#include "host/api/scorer.h"

struct apo_importance {
  uint32_t n_metrics;
  uint32_t n_players;
  uint32_t n_repeats;
  double *baseline; /* [n_metrics] */
  double *losses;   /* [n_metrics x n_players x n_repeats] baseline - permuted score */
};

typedef struct importance_run {
  const apo_model *model; /* what is evaluated */
  apo_hosted hosted;
  const apo_importance_request *request;
  const apo_source *source;
  const apo_watch *watch;
  apo_report *report;
  apo_devices *devices;
  apo_code_forest *forest;
  uint32_t *player_of_column;
  uint32_t n_players;
  uint32_t n_rows;  /* used */
  uint32_t *chosen; /* [n_rows] rows of the source that are used; NULL: all */
  double *target;   /* [n_rows] of the rows used */
  double *weights;  /* likewise, or NULL */
  void *codes;      /* [n_rows x n_columns], forests */
  double *values;   /* [n_rows x n_columns], other models */
  double *margins;  /* [n_rows x n_outputs] */
  double *moved;    /* [players at a time x n_rows x n_outputs] */
  double *response; /* [n_rows x n_outputs] */
  uint32_t *donor;  /* [n_rows] */
  uint32_t players_at_once;
  apo_importance *out;
} importance_run;

// --- set-up -------------------------------------------------------------------------------------

static apo_status check_request(const apo_importance_request *request, apo_error *err) {
  if (request->struct_bytes != sizeof *request) {
    return apo_fail(err, APO_ERR_ARGUMENT, "request: %zu bytes, this library knows %zu",
                    request->struct_bytes, sizeof *request);
  }
  if (request->n_metrics == 0 || request->metrics == NULL || request->target == NULL) {
    return apo_fail(err, APO_ERR_ARGUMENT, "request: a metric and targets must be given");
  }
  if (request->n_repeats == 0) return apo_fail(err, APO_ERR_ARGUMENT, "repeats: 0, needs 1");
  if (request->n_rows == 0) return apo_fail(err, APO_ERR_FORMAT, "rows: none, needs at least one");
  return APO_OK;
}

static apo_status take_players(importance_run *r, apo_error *err) {
  const apo_importance_request *request = r->request;
  const uint32_t n_columns = r->model->n_columns;
  r->n_players = request->player_of_column != NULL ? request->n_players : n_columns;
  r->player_of_column = apo_alloc(n_columns, sizeof *r->player_of_column);
  if (r->player_of_column == NULL) return apo_fail(err, APO_ERR_MEMORY, "%u columns", n_columns);
  for (uint32_t column = 0; column < n_columns; ++column) {
    const uint32_t player =
        request->player_of_column != NULL ? request->player_of_column[column] : column;
    if (player >= r->n_players) {
      return apo_fail(err, APO_ERR_ARGUMENT, "players: column %u belongs to player %u of %u",
                      column, player, r->n_players);
    }
    r->player_of_column[column] = player;
  }
  return APO_OK;
}

// Which rows, and their targets and weights.
static apo_status take_rows(importance_run *r, apo_error *err) {
  const apo_importance_request *request = r->request;
  const uint64_t n = request->max_rows > 0 && request->max_rows < request->n_rows
                         ? request->max_rows
                         : request->n_rows;
  if (n > APO_MAX_SHUFFLED_ROWS) {
    return apo_fail(err, APO_ERR_LIMIT, "rows: %llu, the limit of permuted rows is %d",
                    (unsigned long long)n, APO_MAX_SHUFFLED_ROWS);
  }
  r->n_rows = (uint32_t)n;
  r->chosen = apo_alloc(r->n_rows, sizeof *r->chosen);
  r->target = apo_alloc(r->n_rows, sizeof *r->target);
  r->weights = request->weights != NULL ? apo_alloc(r->n_rows, sizeof *r->weights) : NULL;
  if (r->chosen == NULL || r->target == NULL || (request->weights != NULL && r->weights == NULL)) {
    return apo_fail(err, APO_ERR_MEMORY, "importance: %u rows", r->n_rows);
  }
  if (r->n_rows < request->n_rows) {
    APO_TRY(apo_shuffle_subset(request->seed, request->n_rows, r->n_rows, r->chosen, err));
  } else {
    for (uint32_t row = 0; row < r->n_rows; ++row) r->chosen[row] = row;
  }
  for (uint32_t row = 0; row < r->n_rows; ++row) {
    r->target[row] = request->target[r->chosen[row]];
    if (r->weights != NULL) r->weights[row] = request->weights[r->chosen[row]];
  }
  return APO_OK;
}

static apo_status check_metrics(const importance_run *r, apo_error *err) {
  const apo_targets targets = {r->target, r->weights, r->n_rows, r->model->n_outputs};
  for (uint32_t m = 0; m < r->request->n_metrics; ++m) {
    const apo_metric metric = r->request->metrics[m];
    if ((unsigned)metric > APO_METRIC_R2) {
      return apo_fail(err, APO_ERR_ARGUMENT, "request: metric %d is not known", (int)metric);
    }
    const apo_status status = apo_metric_check(metric, &targets, err);
    if (status != APO_OK) return status;
    if (apo_metric_needs_response(metric) && !apo_link_has_response(r->model->link)) {
      return apo_fail(err, APO_ERR_UNSUPPORTED, "%s: the link %s has no response",
                      apo_metric_text(metric), apo_link_text(r->model->link.name));
    }
  }
  return APO_OK;
}

static apo_status allocate(importance_run *r, apo_error *err) {
  const apo_model *model = r->model;
  const uint64_t memory = apo_memory_budget(r->request->memory_bytes);
  const size_t n = (size_t)r->n_rows * model->n_columns;
  const size_t n_outputs = (size_t)r->n_rows * model->n_outputs;
  const uint64_t players = memory / 2 / (n_outputs * sizeof(double));
  r->players_at_once = players < 1 ? 1 : players > r->n_players ? r->n_players : (uint32_t)players;
  const size_t results = (size_t)r->request->n_metrics * r->n_players * r->request->n_repeats;
  r->out = apo_alloc(1, sizeof *r->out);
  if (r->out == NULL) return apo_fail(err, APO_ERR_MEMORY, "importance: %zu bytes", sizeof *r->out);
  *r->out = (apo_importance){.n_metrics = r->request->n_metrics,
                             .n_players = r->n_players,
                             .n_repeats = r->request->n_repeats,
                             .baseline = apo_alloc(r->request->n_metrics, sizeof(double)),
                             .losses = apo_alloc(results, sizeof(double))};
  if (r->forest != NULL) {
    r->codes = apo_alloc(n, r->forest->cuts->code_bytes);
  } else {
    r->values = apo_alloc(n, sizeof *r->values);
  }
  r->margins = apo_alloc(n_outputs, sizeof *r->margins);
  r->moved = apo_alloc(r->players_at_once * n_outputs, sizeof *r->moved);
  r->response = apo_alloc(n_outputs, sizeof *r->response);
  r->donor = apo_alloc(r->n_rows, sizeof *r->donor);
  if (r->out->baseline == NULL || r->out->losses == NULL ||
      (r->codes == NULL && r->values == NULL) || r->margins == NULL || r->moved == NULL ||
      r->response == NULL || r->donor == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "importance: %u rows of %u columns", r->n_rows,
                    model->n_columns);
  }
  return APO_OK;
}

// --- reading ------------------------------------------------------------------------------------

// Rows [row_begin, row_begin + n) of the source have been scored: keep the chosen ones.
static void keep(importance_run *r,
                 const apo_scored *scored,
                 uint64_t row_begin,
                 uint32_t *n_kept) {
  const uint32_t n_outputs = r->model->n_outputs;
  const size_t row_bytes =
      r->forest != NULL ? (size_t)r->model->n_columns * r->forest->cuts->code_bytes : 0;
  while (*n_kept < r->n_rows && r->chosen[*n_kept] < row_begin + scored->n_rows) {
    const size_t from = (size_t)(r->chosen[*n_kept] - row_begin);
    memcpy(r->margins + (size_t)*n_kept * n_outputs, scored->margins + from * n_outputs,
           n_outputs * sizeof *r->margins);
    if (r->codes != NULL) {
      memcpy((char *)r->codes + *n_kept * row_bytes, (const char *)scored->codes + from * row_bytes,
             row_bytes);
    }
    ++*n_kept;
  }
}

static void keep_values(importance_run *r, const apo_rows *rows, uint64_t begin, uint32_t *n_kept) {
  while (r->values != NULL && *n_kept < r->n_rows && r->chosen[*n_kept] < begin + rows->n_rows) {
    apo_rows_copy_row(rows, r->chosen[*n_kept] - begin,
                      r->values + (size_t)*n_kept * r->model->n_columns);
    ++*n_kept;
  }
}

static apo_status read_rows(importance_run *r, apo_scorer *scorer, apo_error *err) {
  uint64_t n_read = 0;
  uint64_t n_taken = 0;
  uint32_t n_kept = 0;
  uint32_t n_values = 0;
  for (bool is_end = false; !is_end || apo_scorer_n_flying(scorer) > 0;) {
    if (is_end || apo_scorer_n_flying(scorer) >= apo_scorer_depth(scorer)) {
      apo_scored scored;
      APO_TRY(apo_scorer_take(scorer, &scored, err));
      keep(r, &scored, n_taken, &n_kept);
      n_taken += scored.n_rows;
      continue;
    }
    apo_rows rows;
    APO_TRY(r->source->next(r->source->context, apo_scorer_block_rows(scorer), &rows, err));
    is_end = rows.n_rows == 0;
    if (is_end) continue;
    if (rows.n_rows > r->request->n_rows - n_read) {
      return apo_fail(err, APO_ERR_FORMAT, "rows: more than the targets are: %llu",
                      (unsigned long long)r->request->n_rows);
    }
    APO_TRY(apo_scorer_put(scorer, &rows, err));
    keep_values(r, &rows, n_read, &n_values);
    n_read += rows.n_rows;
  }
  r->report->n_rows = n_read;
  if (n_read == r->request->n_rows) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT, "rows: %llu, the targets are %llu",
                  (unsigned long long)n_read, (unsigned long long)r->request->n_rows);
}

static apo_status score_rows(importance_run *r, apo_error *err) {
  apo_scorer *scorer = NULL;
  APO_TRY(
      apo_scorer_create(r->model, r->forest, r->devices, r->request->memory_bytes, &scorer, err));
  const apo_status status = read_rows(r, scorer, err);
  apo_scorer_report(scorer, r->report);
  apo_scorer_destroy(&scorer);
  return status;
}

// --- scoring ------------------------------------------------------------------------------------

static apo_status score(
    importance_run *r, uint32_t m, const double *margins, double *out, apo_error *err) {
  const apo_model *model = r->model;
  const apo_metric metric = r->request->metrics[m];
  const apo_targets targets = {r->target, r->weights, r->n_rows, model->n_outputs};
  const double *predictions = margins;
  // A single margin ranks rows as its response does, without rounding two of them together.
  const bool needs = apo_metric_needs_response(metric) || model->n_outputs > 1;
  if (needs && model->kind != APO_MODEL_CALLBACK) {
    for (size_t row = 0; row < r->n_rows; ++row) {
      apo_link_apply(model->link, margins + row * model->n_outputs, model->n_outputs,
                     r->response + row * model->n_outputs);
    }
    predictions = r->response;
  }
  return apo_metric_score(metric, &targets, predictions, out, err);
}

static apo_status score_player(
    importance_run *r, uint32_t repeat, uint32_t player, const double *margins, apo_error *err) {
  for (uint32_t m = 0; m < r->request->n_metrics; ++m) {
    double permuted;
    APO_TRY(score(r, m, margins, &permuted, err));
    const size_t at = ((size_t)m * r->n_players + player) * r->request->n_repeats + repeat;
    r->out->losses[at] = r->out->baseline[m] - permuted;
  }
  return APO_OK;
}

static apo_status run_repeat(importance_run *r,
                             apo_changes *changes,
                             uint32_t repeat,
                             apo_error *err) {
  const size_t n = (size_t)r->n_rows * r->model->n_outputs;
  APO_TRY(apo_shuffle_rows(r->request->seed, repeat, r->n_rows, r->donor, err));
  for (uint32_t player = 0; player < r->n_players; player += r->players_at_once) {
    const uint32_t left = r->n_players - player;
    const uint32_t n_players = left < r->players_at_once ? left : r->players_at_once;
    APO_TRY(apo_changes_margins(changes, r->donor, player, n_players, r->moved, err));
    const double start = apo_clock_seconds();
    for (uint32_t p = 0; p < n_players; ++p) {
      APO_TRY(score_player(r, repeat, player + p, r->moved + p * n, err));
    }
    r->report->seconds_aggregate += apo_clock_seconds() - start;
  }
  const uint64_t n_done = (uint64_t)(repeat + 1) * r->n_rows;
  if (r->watch != NULL && r->watch->progress != NULL &&
      r->watch->progress(r->watch->context, n_done) != 0) {
    return apo_fail(err, APO_ERR_CANCELLED, "stopped after repeat %u", repeat + 1);
  }
  return APO_OK;
}

static apo_status permute(importance_run *r, apo_error *err) {
  apo_status status = APO_OK;
  apo_changes *changes = NULL;
  const apo_changes_spec spec = {.model = r->model,
                                 .forest = r->forest,
                                 .player_of_column = r->player_of_column,
                                 .n_players = r->n_players,
                                 .n_rows = r->n_rows,
                                 .codes = r->codes,
                                 .values = r->values,
                                 .margins = r->margins,
                                 .devices = r->devices,
                                 .memory_bytes = r->request->memory_bytes};
  for (uint32_t m = 0; m < r->request->n_metrics; ++m) {
    APO_TRY(score(r, m, r->margins, &r->out->baseline[m], err));
  }
  APO_TRY(apo_changes_create(&spec, &changes, err));
  for (uint32_t repeat = 0; repeat < r->request->n_repeats && status == APO_OK; ++repeat) {
    status = run_repeat(r, changes, repeat, err);
  }
  apo_changes_report(changes, r->report);
  apo_changes_destroy(&changes);
  return status;
}

// A callback's outputs are scored as they are, so they must be responses where there are any.
static apo_status host_model(importance_run *r, apo_error *err) {
  const apo_output output =
      apo_link_has_response(r->model->link) ? APO_OUTPUT_PROBABILITY : APO_OUTPUT_RAW;
  return apo_hosted_open(&r->hosted, r->model, output, &r->model, err);
}

static apo_status compute(importance_run *r, apo_error *err) {
  APO_TRY(check_request(r->request, err));
  APO_TRY(take_players(r, err));
  APO_TRY(take_rows(r, err));
  APO_TRY(check_metrics(r, err));
  APO_TRY(host_model(r, err));
  if (r->model->kind == APO_MODEL_FOREST) {
    APO_TRY(apo_code_forest_create(r->model, &r->forest, err));
  }
  APO_TRY(allocate(r, err));
  APO_TRY(score_rows(r, err));
  return permute(r, err);
}

apo_status apo_importance_compute(const apo_model *model,
                                  apo_devices *devices,
                                  const apo_importance_request *request,
                                  const apo_source *source,
                                  const apo_watch *watch,
                                  apo_importance **out,
                                  apo_report *report,
                                  apo_error *err) {
  apo_report unread = {.struct_bytes = sizeof unread};
  if (report == NULL) report = &unread;
  *report = (apo_report){.struct_bytes = sizeof *report};
  importance_run r = {.model = model,
                      .request = request,
                      .source = source,
                      .watch = watch,
                      .report = report,
                      .devices = devices};
  const apo_status status = compute(&r, err);
  apo_code_forest_destroy(&r.forest);
  apo_hosted_close(&r.hosted);
  free(r.player_of_column);
  free(r.chosen);
  free(r.target);
  free(r.weights);
  free(r.codes);
  free(r.values);
  free(r.margins);
  free(r.moved);
  free(r.response);
  free(r.donor);
  if (status != APO_OK) apo_importance_destroy(&r.out);
  *out = r.out;
  return status;
}

void apo_importance_destroy(apo_importance **importance) {
  if (importance == NULL || *importance == NULL) return;
  free((*importance)->baseline);
  free((*importance)->losses);
  free(*importance);
  *importance = NULL;
}

double apo_importance_baseline(const apo_importance *importance, uint32_t metric) {
  return importance->baseline[metric];
}

const double *apo_importance_scores(const apo_importance *importance,
                                    uint32_t metric,
                                    uint32_t player) {
  return importance->losses +
         ((size_t)metric * importance->n_players + player) * importance->n_repeats;
}
