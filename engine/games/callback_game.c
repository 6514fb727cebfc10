/* callback_game.c - models that only their owner can run: hybrid rows are written, a bounded number
 * at a time, and handed to the owner's function.
 *
 * Everything happens inside evaluate: the function is the bottleneck, and it runs on this thread.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/data/encode.h"
#include "engine/games/lane_parts.h"
#include "engine/model/callback.h"
#include "kernels/synth_rows/synth_rows_abi.h"

static apo_status constants(apo_constants *c, apo_error *err) {
  const size_t n = (size_t)c->plan->background->n_rows * c->plan->n_columns;
  return apo_constant_buffer(c->executor, c->plan->background_rows, n * sizeof(double),
                             &c->background, err);
}

static apo_status buffers(apo_lane *lane, apo_error *err) {
  const apo_plan *plan = lane->plan;
  const size_t rows = plan->tiling.rows;
  const size_t n_pairs = plan->tiling.batch_rows;
  void *room;
  APO_TRY(apo_lane_alloc(lane, rows * plan->n_columns, sizeof(double), &room, err));
  lane->rows = room;
  APO_TRY(apo_lane_alloc(lane, n_pairs * plan->n_columns, sizeof(double), &lane->staging, err));
  APO_TRY(
      apo_lane_alloc(lane, n_pairs * plan->n_outputs, sizeof(double), &lane->staging_codes, err));
  APO_TRY(apo_executor_buffer(lane->executor, plan->n_columns * sizeof(double), &lane->x, err));
  APO_TRY(apo_executor_buffer(lane->executor, n_pairs * plan->n_columns * sizeof(double),
                              &lane->pairs, err));
  return apo_executor_buffer(lane->executor,
                             (size_t)plan->n_players * plan->max_words * sizeof(uint32_t),
                             &lane->member, err);
}

// A failure here is not the executor's, and must not be answered as one.
static apo_status predict(
    apo_lane *lane, const double *values, uint64_t n_rows, double *out, apo_error *err) {
  const apo_status status = apo_callback_predict(lane->plan->model, values, n_rows, out, err);
  lane->is_callers = status != APO_OK;
  return status;
}

static apo_status load(apo_lane *lane, const apo_rows *rows, uint64_t begin, apo_error *err) {
  const apo_plan *plan = lane->plan;
  apo_encode_doubles(plan->model, rows, begin, lane->n_rows, lane->rows);
  APO_TRY(predict(lane, lane->rows, lane->n_rows, lane->margin, err));
  apo_lane_mark_rows(lane);
  return APO_OK;
}

// Hybrid rows of pairs [first, first + n) of one row, then their outputs in lane->staging_codes.
static apo_status run_pairs(apo_lane *lane, uint64_t first, uint32_t n, apo_error *err) {
  const apo_plan *plan = lane->plan;
  const uint64_t n_background = plan->background->n_rows;
  const apo_i32 group = apo_group_of(lane->executor);
  const apo_synth_rows_args args = {
      .n_pairs = n,
      .n_columns = plan->n_columns,
      .n_words = lane->lists.n_words,
      .n_background = (apo_u32)n_background,
      .first_coalition = (apo_u32)(first / n_background),
      .first_background = (apo_u32)(first % n_background),
  };
  const apo_launch launch = {
      .stage = apo_stage_find("synth_rows"),
      .spec = {group},
      .args = &args,
      .buffers = {lane->x, lane->constants->background, lane->member,
                  lane->constants->player_of_column, lane->pairs},
      .n_items = ((size_t)n + (size_t)group - 1) / (size_t)group * (size_t)group,
      .group = (size_t)group,
  };
  APO_TRY(apo_executor_launch(lane->executor, &launch, err));
  APO_TRY(apo_executor_download(lane->executor, lane->pairs, 0, lane->staging,
                                (size_t)n * plan->n_columns * sizeof(double), err));
  APO_TRY(apo_executor_wait(lane->executor, err));
  return predict(lane, lane->staging, n, lane->staging_codes, err);
}

// Close a coalition: its weighted mean becomes a pair of floats.
static void put_mean(apo_lane *lane, uint32_t row, uint64_t coalition, const double *mean) {
  const uint32_t n_outputs = lane->plan->n_outputs;
  const size_t n = (size_t)lane->lists.n_words * 32;
  for (uint32_t k = 0; k < n_outputs; ++k) {
    const size_t at = ((size_t)row * n_outputs + k) * n + coalition;
    lane->sum[at] = (float)mean[k];
    lane->rest[at] = (float)(mean[k] - (double)lane->sum[at]);
  }
}

// Sums run over background rows in order, in fp64, whatever the size of a batch.
static apo_status evaluate_row(
    apo_lane *lane, uint32_t row, uint64_t n_coalitions, double *mean, apo_error *err) {
  const apo_plan *plan = lane->plan;
  const uint64_t n_background = plan->background->n_rows;
  const uint64_t n_pairs = n_coalitions * n_background;
  const uint32_t batch = plan->tiling.batch_rows;
  for (uint64_t first = 0; first < n_pairs; first += batch) {
    const uint32_t n = n_pairs - first < batch ? (uint32_t)(n_pairs - first) : batch;
    APO_TRY(run_pairs(lane, first, n, err));
    const double *outputs = lane->staging_codes;
    for (uint64_t pair = first; pair < first + n; ++pair, outputs += plan->n_outputs) {
      const uint64_t b = pair % n_background;
      if (b == 0) memset(mean, 0, plan->n_outputs * sizeof *mean);
      for (uint32_t k = 0; k < plan->n_outputs; ++k) {
        mean[k] += plan->background->weights[b] * outputs[k];
      }
      if (b == n_background - 1) put_mean(lane, row, pair / n_background, mean);
    }
  }
  return APO_OK;
}

static apo_status evaluate(apo_lane *lane, apo_error *err) {
  apo_status status = APO_OK;
  const apo_plan *plan = lane->plan;
  const apo_lists *lists = &lane->lists;
  const size_t list_words = (size_t)plan->n_players * lists->n_words;
  double *mean = apo_alloc(plan->n_outputs, sizeof *mean);
  if (mean == NULL) return apo_fail(err, APO_ERR_MEMORY, "callback: %u outputs", plan->n_outputs);
  for (uint32_t row = 0; row < lane->n_rows && status == APO_OK; ++row) {
    const uint32_t *member = lists->member + lists->list_of_row[row] * list_words;
    status = apo_executor_upload(lane->executor, lane->member, 0, member,
                                 list_words * sizeof *member, err);
    if (status == APO_OK) {
      status = apo_executor_upload(lane->executor, lane->x, 0,
                                   lane->rows + (size_t)row * plan->n_columns,
                                   plan->n_columns * sizeof(double), err);
    }
    if (status == APO_OK) {
      status = evaluate_row(lane, row, lists->n_coalitions[row], mean, err);
      if (lane->is_callers) apo_prefix(err, status, "hybrids of row %u: ", row);
    }
  }
  free(mean);
  return status;
}

const apo_game apo_game_callback = {
    .constants = constants, .buffers = buffers, .load = load, .evaluate = evaluate};
