/* linear_game.c - linear models: rows to the players' terms, coalitions as sums of chosen terms. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/data/encode.h"
#include "engine/games/lane_parts.h"
#include "engine/games/linear_stages.h"
#include "kernels/coalition_mean/coalition_mean_abi.h"
#include "kernels/linear_mean/linear_mean_abi.h"

// The background's terms, and the base, as floats; computed once, in fp64.
static apo_status upload_background(apo_constants *c, apo_error *err) {
  apo_status status = APO_OK;
  const apo_plan *plan = c->plan;
  const double *coefficients = plan->model->linear->coefficients;
  const size_t n_rows = (size_t)plan->background->n_rows;
  const size_t n = n_rows * plan->n_outputs * plan->n_players;
  float *terms = apo_alloc(n, sizeof *terms);
  double *sums = apo_alloc(plan->n_players, sizeof *sums);
  float *base = apo_alloc(plan->n_outputs, sizeof *base);
  if (terms == NULL || sums == NULL || base == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "background: %zu terms", n);
    goto done;
  }
  for (size_t at = 0; at < n_rows * plan->n_outputs; ++at) {
    const double *row = plan->background_rows + at / plan->n_outputs * plan->n_columns;
    const double *weights = coefficients + at % plan->n_outputs * plan->n_columns;
    memset(sums, 0, plan->n_players * sizeof *sums);
    for (uint32_t column = 0; column < plan->n_columns; ++column) {
      // A column that is not used may hold anything: 0 * inf would be NaN.
      if (isnan(row[column]) || weights[column] == 0.0) continue;
      sums[plan->player_of_column[column]] += weights[column] * row[column];
    }
    for (uint32_t p = 0; p < plan->n_players; ++p) terms[at * plan->n_players + p] = (float)sums[p];
  }
  for (uint32_t k = 0; k < plan->n_outputs; ++k)
    base[k] = (float)(plan->model->base[k] - plan->offset[k]);
  status = apo_constant_buffer(c->executor, terms, n * sizeof *terms, &c->b_term, err);
  if (status != APO_OK) goto done;
  status = apo_constant_buffer(c->executor, base, plan->n_outputs * sizeof *base, &c->base, err);

done:
  free(terms);
  free(sums);
  free(base);
  return status;
}

static apo_status constants(apo_constants *c, apo_error *err) {
  APO_TRY(apo_linear_constants(c->plan->model, c->executor, &c->coefficient_high,
                               &c->coefficient_low, err));
  return upload_background(c, err);
}

static apo_status buffers(apo_lane *lane, apo_error *err) {
  const apo_plan *plan = lane->plan;
  const size_t padded = apo_padded_rows(plan->tiling.rows);
  const size_t n = padded * plan->n_columns;
  const size_t n_terms = padded * plan->n_outputs * plan->n_players;
  const size_t n_blocks = plan->tiling.background_rows / APO_BACKGROUND_BLOCK;
  const size_t n_values = (size_t)plan->n_planes * plan->n_outputs * 32 * plan->max_words;
  void *room;
  APO_TRY(apo_lane_alloc(lane, 2 * n, sizeof(float), &lane->staging, err));
  APO_TRY(apo_lane_alloc(lane, 2 * n_terms, sizeof(float), &lane->staging_codes, err));
  APO_TRY(apo_lane_alloc(lane, n, sizeof(double), &room, err));
  lane->rows = room;
  apo_buffer **const values[] = {&lane->high, &lane->low};
  apo_buffer **const terms[] = {&lane->term_high, &lane->term_low};
  for (size_t i = 0; i < 2; ++i) {
    APO_TRY(apo_executor_buffer(lane->executor, n * sizeof(float), values[i], err));
    APO_TRY(apo_executor_buffer(lane->executor, n_terms * sizeof(float), terms[i], err));
  }
  return apo_mean_buffers(lane, plan->tiling.rows * n_blocks * n_values * sizeof(float), err);
}

// An infinite value makes an infinite term, which no attribution can share out.
static apo_status sum_margins(apo_lane *lane, const float *high, const float *low, apo_error *err) {
  const apo_plan *plan = lane->plan;
  for (size_t i = 0; i < (size_t)lane->n_rows * plan->n_outputs; ++i) {
    double margin = plan->model->base[i % plan->n_outputs];
    for (uint32_t p = 0; p < plan->n_players; ++p) {
      margin += (double)high[i * plan->n_players + p] + (double)low[i * plan->n_players + p];
    }
    if (!isfinite(margin)) {
      return apo_fail(err, APO_ERR_FORMAT, "row %zu: output %zu: margin %g, needed a finite one",
                      i / plan->n_outputs, i % plan->n_outputs, margin);
    }
    lane->margin[i] = margin;
  }
  return APO_OK;
}

static apo_status load(apo_lane *lane, const apo_rows *rows, uint64_t begin, apo_error *err) {
  const apo_plan *plan = lane->plan;
  const apo_constants *c = lane->constants;
  const uint32_t padded = apo_padded_rows(lane->n_rows);
  const size_t n = (size_t)padded * plan->n_columns;
  const size_t n_terms = (size_t)padded * plan->n_outputs * plan->n_players;
  float *high = lane->staging;
  float *low = high + n;
  float *term_high = lane->staging_codes;
  float *term_low = term_high + n_terms;
  apo_encode_doubles(plan->model, rows, begin, lane->n_rows, lane->rows);
  APO_TRY(apo_encode_pairs(plan->model, rows, begin, lane->n_rows, high, low, err));
  APO_TRY(apo_executor_upload(lane->executor, lane->high, 0, high, n * sizeof *high, err));
  APO_TRY(apo_executor_upload(lane->executor, lane->low, 0, low, n * sizeof *low, err));
  const apo_linear_buffers stage = {lane->high,         lane->low,           c->coefficient_high,
                                    c->coefficient_low, c->player_of_column, lane->term_high,
                                    lane->term_low};
  APO_TRY(
      apo_linear_queue_terms(plan->model, lane->executor, padded, plan->n_players, &stage, err));
  APO_TRY(apo_executor_download(lane->executor, lane->term_high, 0, term_high,
                                n_terms * sizeof *term_high, err));
  APO_TRY(apo_executor_download(lane->executor, lane->term_low, 0, term_low,
                                n_terms * sizeof *term_low, err));
  APO_TRY(apo_executor_wait(lane->executor, err));
  APO_TRY(sum_margins(lane, term_high, term_low, err));
  apo_lane_mark_rows(lane);
  return APO_OK;
}

static void aim(void *args_bytes, uint32_t first, uint32_t n, uint32_t n_blocks) {
  apo_linear_mean_args *args = args_bytes;
  args->first_background = first;
  args->n_background = n;
  args->n_blocks = n_blocks;
}

static apo_status evaluate(apo_lane *lane, apo_error *err) {
  const apo_plan *plan = lane->plan;
  const apo_constants *c = lane->constants;
  const apo_i32 group = apo_group_of(lane->executor);
  const uint32_t n_words = lane->lists.n_words;
  apo_linear_mean_args args = {
      .n_rows = lane->n_rows,
      .n_players = plan->n_players,
      .n_outputs = plan->n_outputs,
      .n_planes = plan->n_planes,
      .n_words = n_words,
      .n_chunks = group == 1 ? 1 : (n_words + (apo_u32)group - 1) / (apo_u32)group,
      .response_scale = plan->response_scale,
  };
  apo_launch launch = {
      .stage = apo_stage_find("linear_mean"),
      .spec = {plan->response, group},
      .args = &args,
      .buffers = {c->base, lane->term_high, c->b_term, c->weight, lane->member, lane->list_of_row,
                  lane->partial, lane->scratch},
      .group = (size_t)group,
  };
  return apo_mean_run(lane, &launch, (size_t)args.n_chunks * (size_t)group, aim, err);
}

const apo_game apo_game_linear = {
    .constants = constants, .buffers = buffers, .load = load, .evaluate = evaluate};
