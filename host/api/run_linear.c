#include "host/api/run_linear.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/core/gaps.h"
#include "engine/core/memory.h"
#include "engine/data/encode.h"
#include "engine/data/rows.h"
#include "engine/explainers/linear/gaussian.h"
#include "engine/explainers/linear/linear.h"
#include "host/api/clock.h"

typedef struct linear_run {
  const apo_plan *plan;
  apo_linear_game game;
  apo_gaussian *gaussian; /* NULL: columns are independent */
  double *means;          /* [n_columns] */
  double *row;            /* [n_columns] */
  double *phi64;          /* [n_outputs x n_players] */
  double *se64;           /* likewise, or NULL */
  double *margin;         /* [n_outputs] */
  float *phi;             /* [tile rows x n_outputs x n_players] */
  float *phi_se;          /* likewise, or NULL */
  double *prediction;     /* [tile rows x n_outputs] */
  float *gap;             /* likewise */
  apo_gaps gaps;
} linear_run;

static apo_status allocate(linear_run *r, apo_error *err) {
  const apo_plan *plan = r->plan;
  const size_t row = (size_t)plan->n_outputs * plan->n_players;
  const size_t rows = plan->tiling.rows;
  r->means = apo_alloc(plan->n_columns, sizeof *r->means);
  r->row = apo_alloc(plan->n_columns, sizeof *r->row);
  r->phi64 = apo_alloc(row, sizeof *r->phi64);
  r->margin = apo_alloc(plan->n_outputs, sizeof *r->margin);
  r->phi = apo_alloc(rows, row * sizeof *r->phi);
  r->prediction = apo_alloc(rows, plan->n_outputs * sizeof *r->prediction);
  r->gap = apo_alloc(rows, plan->n_outputs * sizeof *r->gap);
  APO_TRY(apo_gaps_init(&r->gaps, err));
  if (apo_plan_has_errors(plan)) {
    r->se64 = apo_alloc(row, sizeof *r->se64);
    r->phi_se = apo_alloc(rows, row * sizeof *r->phi_se);
    if (r->se64 == NULL || r->phi_se == NULL) {
      return apo_fail(err, APO_ERR_MEMORY, "run: tiles of %zu rows", rows);
    }
  }
  if (r->means == NULL || r->row == NULL || r->phi64 == NULL || r->margin == NULL ||
      r->phi == NULL || r->prediction == NULL || r->gap == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "run: tiles of %zu rows", rows);
  }
  return APO_OK;
}

static void clear(linear_run *r) {
  free(r->means);
  free(r->row);
  free(r->phi64);
  free(r->se64);
  free(r->margin);
  free(r->phi);
  free(r->phi_se);
  free(r->prediction);
  free(r->gap);
  apo_gaps_clear(&r->gaps);
  apo_gaussian_destroy(&r->gaussian);
}

static apo_status prepare(linear_run *r, apo_error *err) {
  const apo_plan *plan = r->plan;
  APO_TRY(allocate(r, err));
  if (plan->dependence == APO_DEPENDENCE_GAUSSIAN) {
    const apo_gaussian_game game = apo_plan_gaussian_game(plan);
    return apo_gaussian_create(&game, &plan->gaussian, plan->seed, &r->gaussian, err);
  }
  APO_TRY(apo_linear_means(plan->model->linear, plan->n_columns, plan->n_outputs,
                           plan->background_rows, plan->background->n_rows,
                           plan->background->weights, r->means, err));
  r->game = (apo_linear_game){.linear = plan->model->linear,
                              .base = plan->model->base,
                              .n_columns = plan->n_columns,
                              .n_outputs = plan->n_outputs,
                              .means = r->means,
                              .player_of_column = plan->player_of_column,
                              .n_players = plan->n_players};
  return APO_OK;
}

static apo_status explain_row(linear_run *r, const apo_rows *rows, uint32_t row, apo_error *err) {
  const apo_plan *plan = r->plan;
  double *values = r->row;
  apo_encode_doubles(plan->model, rows, row, 1, values);
  if (r->gaussian != NULL) {
    APO_TRY(apo_gaussian_phi(r->gaussian, values, r->phi64, r->se64, err));
  } else {
    APO_TRY(apo_linear_phi(&r->game, values, r->phi64, err));
  }
  apo_rows_copy_row(rows, row, values);
  APO_TRY(apo_model_margin(plan->model, values, r->margin, err));
  for (uint32_t k = 0; k < plan->n_outputs; ++k) {
    const size_t output = (size_t)row * plan->n_outputs + k;
    double sum = plan->base[k];
    for (uint32_t p = 0; p < plan->n_players; ++p) {
      const float phi = (float)r->phi64[(size_t)k * plan->n_players + p];
      const size_t at = output * plan->n_players + p;
      r->phi[at] = phi;
      if (r->phi_se != NULL) r->phi_se[at] = (float)r->se64[(size_t)k * plan->n_players + p];
      sum += (double)phi;
    }
    const double gap = fabs(sum - r->margin[k]);
    r->prediction[output] = r->margin[k];
    r->gap[output] = apo_gap_rounded(gap);
    apo_gaps_add(&r->gaps, r->gap[output]);
  }
  return APO_OK;
}

static apo_status run(linear_run *r,
                      const apo_source *source,
                      const apo_sink *sink,
                      const apo_watch *watch,
                      apo_report *report,
                      apo_error *err) {
  const apo_plan *plan = r->plan;
  for (;;) {
    apo_rows rows;
    APO_TRY(source->next(source->context, plan->tiling.rows, &rows, err));
    if (rows.n_rows == 0) return APO_OK;
    APO_TRY(apo_rows_check(&rows, plan->n_columns, err));
    if (rows.n_rows > plan->tiling.rows) {
      return apo_fail(err, APO_ERR_ARGUMENT, "source: gave %llu rows, asked for at most %u",
                      (unsigned long long)rows.n_rows, plan->tiling.rows);
    }
    const uint64_t row_begin = plan->row_origin + report->n_rows;
    const double start = apo_clock_seconds();
    for (uint32_t row = 0; row < rows.n_rows; ++row) {
      const apo_status status = explain_row(r, &rows, row, err);
      apo_prefix(err, status, "row %llu: ", (unsigned long long)(row_begin + row));
      if (status != APO_OK) return status;
    }
    report->seconds_aggregate += apo_clock_seconds() - start;
    const apo_tile tile = {.row_begin = row_begin,
                           .n_rows = (uint32_t)rows.n_rows,
                           .n_outputs = plan->n_outputs,
                           .n_players = plan->n_players,
                           .phi = r->phi,
                           .phi_se = r->phi_se,
                           .prediction = r->prediction,
                           .base = plan->base,
                           .gap = r->gap};
    APO_TRY(sink->put(sink->context, &tile, err));
    report->n_rows += rows.n_rows;
    if (watch != NULL && watch->progress != NULL &&
        watch->progress(watch->context, report->n_rows) != 0) {
      return apo_fail(err, APO_ERR_CANCELLED, "stopped after row %llu",
                      (unsigned long long)(row_begin + rows.n_rows));
    }
  }
}

// Whether the values are exact is a part of the answer.
static void describe(const apo_plan *plan, apo_report *report) {
  const uint32_t n_pairs = plan->gaussian.n_pairs;
  if (plan->dependence == APO_DEPENDENCE_INDEPENDENT) {
    snprintf(report->device, sizeof report->device, "host (closed form)");
  } else if (n_pairs == 0) {
    snprintf(report->device, sizeof report->device, "host (closed form, gaussian: exact)");
  } else {
    snprintf(report->device, sizeof report->device,
             "host (closed form, gaussian: sampled by %u pairs of orders)", n_pairs);
  }
}

apo_status apo_run_linear(const apo_plan *plan,
                          const apo_source *source,
                          const apo_sink *sink,
                          const apo_watch *watch,
                          apo_report *report,
                          apo_error *err) {
  linear_run r = {.plan = plan};
  const double start = apo_clock_seconds();
  apo_status status = prepare(&r, err);
  report->seconds_build += apo_clock_seconds() - start;
  if (status == APO_OK) status = run(&r, source, sink, watch, report, err);
  if (r.gaps.counts != NULL) {
    report->gap_max = (double)r.gaps.max;
    report->gap_p99 = apo_gaps_p99(&r.gaps);
  }
  report->host_bytes = plan->tiling.host_bytes;
  describe(plan, report);
  clear(&r);
  return status;
}
