/* run.c - tiles through lanes: rows from the source, attributions to the sink, in order.
 *
 * Tiles are begun on free lanes and finished oldest first, so the sink sees them in row order.  A
 * tile keeps its rows until it is put: after a device's fault every tile in flight is computed
 * again, in pieces if tiles had to shrink, and no row is lost or put twice.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/gaps.h"
#include "engine/core/memory.h"
#include "engine/data/rows.h"
#include "engine/explainers/estimator.h"
#include "host/api/clock.h"
#include "host/api/lanes.h"
#include "host/api/run_linear.h"
#include "kernels/coalition_mean/coalition_mean_abi.h"

// A lane with all that works on it.
typedef struct worker {
  apo_lane *lane;
  apo_constants *constants; /* NULL: those of an earlier worker on the device */
  apo_estimator *estimator;
  bool is_busy;
} worker;

// A block of rows on its way.
typedef struct tile {
  double *values; /* [n_rows x n_columns] */
  uint64_t row_begin;
  uint32_t n_rows;
  uint32_t worker; /* that computes it */
} tile;

typedef struct run {
  apo_plan plan; /* a copy: its tiling may shrink */
  const apo_source *source;
  const apo_sink *sink;
  const apo_watch *watch;
  apo_report *report;
  apo_lanes lanes;
  worker workers[APO_MAX_LANES];
  uint32_t n_workers;
  tile tiles[APO_MAX_LANES]; /* ring of n_tiles */
  uint32_t n_tiles;
  uint32_t first; /* oldest in flight */
  uint32_t n_flying;
  uint64_t n_read;
  bool is_end;
  float *phi; /* one tile's results */
  float *phi_se;
  float *pairs;
  double *prediction;
  double *row_base; /* of a loss, else NULL */
  float *gap;
  double *row_phi; /* one row's */
  double *row_se;
  double *response;
  double *v_full;
  apo_gaps gaps;
  uint64_t own_bytes; /* of all the above */
  uint64_t host_bytes;
} run;

// --- workers ------------------------------------------------------------------------------------

static void close_workers(run *r) {
  for (uint32_t i = r->n_workers; i-- > 0;) {
    apo_lane_destroy(&r->workers[i].lane);  // first: it waits for what is queued
    apo_estimator_destroy(&r->workers[i].estimator);
  }
  for (uint32_t i = 0; i < r->n_workers; ++i) apo_constants_destroy(&r->workers[i].constants);
  r->n_workers = 0;
}

static apo_constants *constants_of(const run *r, uint32_t device) {
  for (uint32_t i = 0; i < r->n_workers; ++i) {
    if (r->lanes.device_of[i] == device) return r->workers[i].constants;
  }
  return NULL;
}

static apo_status open_worker(run *r, uint32_t at, apo_error *err) {
  worker *w = &r->workers[at];
  apo_executor *executor = r->lanes.executors[at];
  apo_constants *shared = constants_of(r, r->lanes.device_of[at]);
  *w = (worker){0};
  r->n_workers = at + 1;
  if (shared == NULL) {
    APO_TRY(apo_constants_create(&r->plan, executor, &w->constants, err));
    shared = w->constants;
  }
  APO_TRY(apo_lane_create(&r->plan, executor, shared, &w->lane, err));
  return apo_estimator_create(&r->plan, &w->estimator, err);
}

// Executors, then workers on them; `lane_out` says where it failed.
static apo_status open_workers(run *r, uint32_t *lane_out, apo_error *err) {
  *lane_out = 0;
  const double start = apo_clock_seconds();
  apo_status status = apo_lanes_open(&r->lanes, err);
  for (uint32_t at = 0; at < r->lanes.n && status == APO_OK; ++at) {
    *lane_out = at;
    status = open_worker(r, at, err);
  }
  r->report->seconds_build += apo_clock_seconds() - start;
  return status;
}

// The most that lanes and estimators held at once, beside the run's own tiles.
static void note_host_bytes(run *r) {
  uint64_t n_bytes = r->own_bytes;
  for (uint32_t i = 0; i < r->n_workers; ++i) {
    const worker *w = &r->workers[i];
    if (w->lane != NULL) n_bytes += w->lane->host_bytes;
    if (w->estimator != NULL) n_bytes += w->estimator->host_bytes;
  }
  if (n_bytes > r->host_bytes) r->host_bytes = n_bytes;
}

// --- one tile -----------------------------------------------------------------------------------

static apo_status begin(run *r, worker *w, const tile *t, uint32_t at, uint32_t n, apo_error *err) {
  const uint32_t n_columns = r->plan.n_columns;
  const apo_rows rows = {t->values, t->n_rows, n_columns, 1, n_columns, APO_F64};
  const uint64_t row_begin = r->plan.row_origin + t->row_begin + at;
  const double *target = r->plan.target;
  w->lane->target = target != NULL ? target + t->row_begin + at : NULL;
  apo_status status = apo_lane_load(w->lane, &rows, at, n, err);
  const bool counts_from_0 = status == APO_ERR_FORMAT;
  if (status == APO_OK) status = w->estimator->prepare(w->estimator, w->lane, row_begin, err);
  if (status == APO_OK) status = apo_lane_evaluate(w->lane, err);
  if (!counts_from_0 && !w->lane->is_callers) return status;
  return apo_prefix(err, status, "rows from %llu: ", (unsigned long long)row_begin);
}

// A loss has one output, which sigmoids and links have no part in.
static void explained_loss(run *r, const apo_lane *lane, uint32_t row) {
  const apo_rescale *rescale = r->plan.exact->rescale[0];
  const double target = lane->target[row];
  r->v_full[0] = apo_rescale_loss(rescale, lane->margin[row], target);
  r->row_base[row] = apo_rescale_base(rescale, target);
}

static apo_status explained_output(run *r, const apo_lane *lane, uint32_t row, apo_error *err) {
  const apo_plan *plan = &r->plan;
  const double *margin = lane->margin + (size_t)row * plan->n_outputs;
  if (plan->loss != APO_LOSS_NONE) {
    explained_loss(r, lane, row);
    return APO_OK;
  }
  apo_plan_respond(plan, margin, r->response);
  for (uint32_t k = 0; k < plan->n_outputs; ++k) {
    const double complement = apo_plan_complement(plan, r->response[k], margin[k]);
    if (apo_plan_link(plan, r->response[k], complement, &r->v_full[k]) != APO_OK) {
      return apo_fail(err, APO_ERR_FORMAT, "output %u: %g, the logit link needs it inside (0, 1)",
                      k, r->response[k]);
    }
  }
  return APO_OK;
}

// Pairs of a row, over all outputs.
static size_t n_pairs(const apo_plan *plan) {
  return (size_t)plan->n_outputs * plan->n_players * (plan->n_players - 1) / 2;
}

// Results of one row, rounded once; the gap is that of the numbers given out.
static void put_row(run *r, uint32_t row) {
  const apo_plan *plan = &r->plan;
  for (uint32_t k = 0; k < plan->n_outputs; ++k) {
    const size_t output = (size_t)row * plan->n_outputs + k;
    double sum = r->row_base != NULL ? r->row_base[output] : plan->base[k];
    for (uint32_t p = 0; p < plan->n_players; ++p) {
      const size_t from = (size_t)k * plan->n_players + p;
      const float phi = (float)r->row_phi[from];
      r->phi[output * plan->n_players + p] = phi;
      if (r->phi_se != NULL) r->phi_se[output * plan->n_players + p] = (float)r->row_se[from];
      sum += (double)phi;
    }
    const double gap = fabs(sum - r->v_full[k]);
    r->prediction[output] = r->v_full[k];
    r->gap[output] = apo_gap_rounded(gap);
    if (plan->index == APO_INDEX_SHAPLEY) apo_gaps_add(&r->gaps, r->gap[output]);
  }
}

// One cell of the symmetric matrix is half of what two players do together.
static void put_pairs(run *r, const worker *w, uint32_t row) {
  const size_t n = n_pairs(&r->plan);
  const double *pairs = w->estimator->pairs(w->estimator, w->lane, row);
  for (size_t i = 0; i < n; ++i) r->pairs[row * n + i] = (float)(0.5 * pairs[i]);
}

static apo_status aggregate(run *r, worker *w, uint64_t row_begin, apo_error *err) {
  const size_t n = (size_t)r->plan.n_outputs * r->plan.n_players;
  for (uint32_t row = 0; row < w->lane->n_rows; ++row) {
    memset(r->row_phi, 0, n * sizeof *r->row_phi);
    memset(r->row_se, 0, n * sizeof *r->row_se);
    apo_status status = explained_output(r, w->lane, row, err);
    if (status == APO_OK) {
      status =
          w->estimator->finish(w->estimator, w->lane, row, r->v_full, r->row_phi, r->row_se, err);
    }
    if (status != APO_OK) {
      return apo_prefix(err, status, "row %llu: ", (unsigned long long)(row_begin + row));
    }
    put_row(r, row);
    if (r->pairs != NULL) put_pairs(r, w, row);
  }
  return APO_OK;
}

static apo_status put_tile(run *r, uint64_t row_begin, uint32_t n_rows, apo_error *err) {
  const apo_tile result = {
      .row_begin = row_begin,
      .n_rows = n_rows,
      .n_outputs = r->plan.n_outputs,
      .n_players = r->plan.n_players,
      .phi = r->phi,
      .phi_se = r->phi_se,
      .prediction = r->prediction,
      .base = r->plan.base,
      .gap = r->gap,
      .pairs = r->pairs,
      .row_base = r->row_base,
  };
  APO_TRY(r->sink->put(r->sink->context, &result, err));
  r->report->n_rows += n_rows;
  if (r->watch != NULL && r->watch->progress != NULL &&
      r->watch->progress(r->watch->context, r->report->n_rows) != 0) {
    return apo_fail(err, APO_ERR_CANCELLED, "stopped after row %llu",
                    (unsigned long long)(row_begin + n_rows));
  }
  return APO_OK;
}

// The end of a tile's way.  A failure of `collect` is the device's and may be answered; what comes
// after is final, which `is_final` says.
static apo_status finish(
    run *r, worker *w, const tile *t, uint32_t at, bool *is_final, apo_error *err) {
  *is_final = false;
  APO_TRY(apo_lane_collect(w->lane, err));
  *is_final = true;
  const double start = apo_clock_seconds();
  const uint64_t row_begin = r->plan.row_origin + t->row_begin + at;
  const apo_status status = aggregate(r, w, row_begin, err);
  r->report->seconds_aggregate += apo_clock_seconds() - start;
  if (status != APO_OK) return status;
  note_host_bytes(r);
  return put_tile(r, row_begin, w->lane->n_rows, err);
}

// --- faults -------------------------------------------------------------------------------------

static bool can_shrink(const apo_tiling *tiling) {
  return tiling->rows > 1 || tiling->background_rows > APO_BACKGROUND_BLOCK;
}

static void shrink(apo_tiling *tiling) {
  if (tiling->rows > 1) {
    tiling->rows /= 2;
  } else {
    const uint32_t n_blocks = tiling->background_rows / APO_BACKGROUND_BLOCK;
    tiling->background_rows = n_blocks / 2 * APO_BACKGROUND_BLOCK;
  }
}

// What a callback says is its own; it is no device of ours that failed.
static bool is_callers(const run *r, uint32_t lane) {
  return lane < r->n_workers && r->workers[lane].lane != NULL && r->workers[lane].lane->is_callers;
}

// After a failure on `lane`: shrink, renew or replace until workers stand again, or give up.
static apo_status stand_up(run *r, uint32_t lane, apo_status status, apo_error *err) {
  if (is_callers(r, lane)) return status;
  while (status != APO_OK) {
    close_workers(r);
    switch (apo_lanes_answer(&r->lanes, lane, status, can_shrink(&r->plan.tiling))) {
      case APO_ANSWER_FAIL:
        if (status != APO_ERR_DEVICE_MEMORY) return status;
        return apo_prefix(err, status, "tiles of %u rows and %u coalitions: ", r->plan.tiling.rows,
                          r->plan.max_words * 32);
      case APO_ANSWER_SMALLER_TILE: shrink(&r->plan.tiling); break;
      case APO_ANSWER_AGAIN: break;
    }
    status = open_workers(r, &lane, err);
  }
  return APO_OK;
}

// Compute the tiles that were in flight again, one after another on the first worker.
static apo_status redo(run *r, apo_error *err) {
  while (r->n_flying > 0) {
    tile *t = &r->tiles[r->first];
    for (uint32_t at = 0; at < t->n_rows;) {
      const uint32_t left = t->n_rows - at;
      const uint32_t n = left < r->plan.tiling.rows ? left : r->plan.tiling.rows;
      bool is_final = false;
      apo_status status = begin(r, &r->workers[0], t, at, n, err);
      if (status == APO_OK) status = finish(r, &r->workers[0], t, at, &is_final, err);
      if (status == APO_OK) {
        at += n;
      } else if (is_final) {
        return status;
      } else {
        APO_TRY(stand_up(r, 0, status, err));
      }
    }
    r->first = (r->first + 1) % r->n_tiles;
    --r->n_flying;
  }
  return APO_OK;
}

static apo_status recover(run *r, uint32_t lane, apo_status status, apo_error *err) {
  APO_TRY(stand_up(r, lane, status, err));
  return redo(r, err);
}

// --- the loop -----------------------------------------------------------------------------------

static apo_status check_targets(const run *r, apo_error *err) {
  const uint64_t n = r->plan.n_targets;
  const bool is_right = r->is_end ? r->n_read == n : r->n_read <= n;
  if (r->plan.loss == APO_LOSS_NONE || is_right) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT, "target: %llu values for %s%llu rows", (unsigned long long)n,
                  r->is_end ? "" : "at least ", (unsigned long long)r->n_read);
}

// A block of the source behind the rows that the tile has.
static apo_status read_block(run *r, tile *t, apo_error *err) {
  const uint32_t n_most = r->plan.tiling.rows - t->n_rows;
  apo_rows rows;
  APO_TRY(r->source->next(r->source->context, n_most, &rows, err));
  r->is_end = rows.n_rows == 0;
  if (r->is_end) return check_targets(r, err);
  APO_TRY(apo_rows_check(&rows, r->plan.n_columns, err));
  if (rows.n_rows > n_most) {
    return apo_fail(err, APO_ERR_ARGUMENT, "source: gave %llu rows, asked for at most %u",
                    (unsigned long long)rows.n_rows, n_most);
  }
  for (uint64_t row = 0; row < rows.n_rows; ++row) {
    apo_rows_copy_row(&rows, row, t->values + (t->n_rows + row) * r->plan.n_columns);
  }
  t->n_rows += (uint32_t)rows.n_rows;
  r->n_read += rows.n_rows;
  return check_targets(r, err);
}

// Tables are for many rows, so tiles of exact values wait until they are full.
static apo_status read_tile(run *r, tile *t, apo_error *err) {
  const bool fills = r->plan.exact != NULL;
  t->row_begin = r->n_read;
  t->n_rows = 0;
  do {
    APO_TRY(read_block(r, t, err));
  } while (fills && !r->is_end && t->n_rows < r->plan.tiling.rows);
  return APO_OK;
}

static uint32_t free_worker(const run *r) {
  uint32_t at = 0;
  while (r->workers[at].is_busy) ++at;
  return at;
}

static apo_status begin_next(run *r, apo_error *err) {
  tile *t = &r->tiles[(r->first + r->n_flying) % r->n_tiles];
  APO_TRY(read_tile(r, t, err));
  if (t->n_rows == 0) return APO_OK;
  ++r->n_flying;
  t->worker = free_worker(r);
  r->workers[t->worker].is_busy = true;
  const apo_status status = begin(r, &r->workers[t->worker], t, 0, t->n_rows, err);
  return status == APO_OK ? APO_OK : recover(r, t->worker, status, err);
}

static apo_status finish_oldest(run *r, apo_error *err) {
  tile *t = &r->tiles[r->first];
  bool is_final;
  const apo_status status = finish(r, &r->workers[t->worker], t, 0, &is_final, err);
  if (status != APO_OK && !is_final) return recover(r, t->worker, status, err);
  r->workers[t->worker].is_busy = false;
  r->first = (r->first + 1) % r->n_tiles;
  --r->n_flying;
  return status;
}

static apo_status loop(run *r, apo_error *err) {
  while (!r->is_end || r->n_flying > 0) {
    if (!r->is_end && r->n_flying < r->n_workers && r->n_flying < r->n_tiles) {
      APO_TRY(begin_next(r, err));
    } else {
      APO_TRY(finish_oldest(r, err));
    }
  }
  return APO_OK;
}

// --- set-up -------------------------------------------------------------------------------------

static apo_status allocate(run *r, apo_error *err) {
  const apo_plan *plan = &r->plan;
  const size_t rows = plan->tiling.rows;
  const size_t outputs = rows * plan->n_outputs;
  const size_t row = (size_t)plan->n_outputs * plan->n_players;
  const bool has_errors = apo_plan_has_errors(plan) != 0;
  r->phi = apo_alloc(rows * row, sizeof *r->phi);
  r->prediction = apo_alloc(outputs, sizeof *r->prediction);
  r->gap = apo_alloc(outputs, sizeof *r->gap);
  r->row_phi = apo_alloc(row, sizeof *r->row_phi);
  r->row_se = apo_alloc(row, sizeof *r->row_se);
  r->response = apo_alloc(plan->n_outputs, sizeof *r->response);
  r->v_full = apo_alloc(plan->n_outputs, sizeof *r->v_full);
  APO_TRY(apo_gaps_init(&r->gaps, err));
  bool is_whole = r->phi != NULL && r->prediction != NULL && r->gap != NULL && r->row_phi != NULL &&
                  r->row_se != NULL && r->response != NULL && r->v_full != NULL;
  if (has_errors) {
    r->phi_se = apo_alloc(rows * row, sizeof *r->phi_se);
    is_whole = is_whole && r->phi_se != NULL;
  }
  if (plan->loss != APO_LOSS_NONE) {
    r->row_base = apo_alloc(outputs, sizeof *r->row_base);
    is_whole = is_whole && r->row_base != NULL;
  }
  if (plan->has_pairs) {
    r->pairs = apo_alloc(rows * n_pairs(plan), sizeof *r->pairs);
    is_whole = is_whole && r->pairs != NULL;
  }
  r->n_tiles = plan->n_lanes < APO_MAX_LANES ? plan->n_lanes : APO_MAX_LANES;
  for (uint32_t i = 0; i < r->n_tiles; ++i) {
    r->tiles[i].values = apo_alloc(rows * plan->n_columns, sizeof *r->tiles[i].values);
    is_whole = is_whole && r->tiles[i].values != NULL;
  }
  r->own_bytes = (plan->has_pairs ? rows * n_pairs(plan) * sizeof(float) : 0) +
                 rows * row * sizeof(float) * (has_errors ? 2 : 1) + row * 2 * sizeof(double) +
                 outputs * (sizeof(double) + sizeof(float)) +
                 (plan->loss != APO_LOSS_NONE ? outputs * sizeof(double) : 0) +
                 r->n_tiles * rows * plan->n_columns * sizeof(double);
  if (!is_whole) return apo_fail(err, APO_ERR_MEMORY, "run: tiles of %zu rows", rows);
  return APO_OK;
}

static void clear(run *r) {
  close_workers(r);
  apo_lanes_close(&r->lanes);
  for (uint32_t i = 0; i < APO_MAX_LANES; ++i) free(r->tiles[i].values);
  free(r->phi);
  free(r->phi_se);
  free(r->pairs);
  free(r->prediction);
  free(r->row_base);
  free(r->gap);
  free(r->row_phi);
  free(r->row_se);
  free(r->response);
  free(r->v_full);
  apo_gaps_clear(&r->gaps);
}

static void report_run(run *r) {
  apo_report *report = r->report;
  apo_lanes_report(&r->lanes, report);
  report->host_bytes = r->host_bytes;
  report->gap_max = (double)r->gaps.max;
  report->gap_p99 = apo_gaps_p99(&r->gaps);
}

static apo_status run_sampled(run *r, apo_error *err) {
  apo_status status = allocate(r, err);
  if (status != APO_OK) return status;
  uint32_t lane = 0;
  status = open_workers(r, &lane, err);
  if (status != APO_OK) status = stand_up(r, lane, status, err);
  if (status == APO_OK) status = loop(r, err);
  close_workers(r);
  report_run(r);
  return status;
}

apo_status apo_plan_run(const apo_plan *plan,
                        const apo_source *source,
                        const apo_sink *sink,
                        const apo_watch *watch,
                        apo_report *report,
                        apo_error *err) {
  apo_report unread = {.struct_bytes = sizeof unread};
  if (report == NULL) report = &unread;
  *report = (apo_report){.struct_bytes = sizeof *report};
  if (plan->method == APO_METHOD_LINEAR) {
    return apo_run_linear(plan, source, sink, watch, report, err);
  }
  run *r = apo_alloc(1, sizeof *r);
  if (r == NULL) return apo_fail(err, APO_ERR_MEMORY, "run: %zu bytes", sizeof *r);
  r->plan = *plan;
  r->source = source;
  r->sink = sink;
  r->watch = watch;
  r->report = report;
  r->lanes.devices = plan->devices;
  r->lanes.n_per_device = apo_plan_queues(plan);
  // A callback runs on this thread: one queue is all it can feed.
  r->lanes.n_most = plan->model->kind == APO_MODEL_CALLBACK ? 1 : 0;
  const apo_status status = run_sampled(r, err);
  clear(r);
  free(r);
  return status;
}
