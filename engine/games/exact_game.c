/* exact_game.c - forests explained exactly: rows to codes, codes to indices, indices to values. */
#include <string.h>

#include "engine/core/memory.h"
#include "engine/data/encode.h"
#include "engine/games/exact_device.h"
#include "engine/games/lane_parts.h"

static apo_status constants(apo_constants *c, apo_error *err) {
  const apo_plan *plan = c->plan;
  APO_TRY(apo_forest_upload(plan->forest, c->executor, &c->forest, err));
  return apo_exact_device_create(plan->exact, plan->forest, c->forest.sets, plan->background_codes,
                                 (uint32_t)plan->background->n_rows, c->executor, &c->exact, err);
}

static void shape(const apo_lane *lane, uint32_t n_rows, apo_exact_rows *out) {
  const apo_caps *caps = &lane->executor->caps;
  apo_exact_shape(apo_is_cpu_shape(lane->executor), caps->compute_units, n_rows, out);
}

static apo_status buffers(apo_lane *lane, apo_error *err) {
  const apo_plan *plan = lane->plan;
  const apo_cuts *cuts = plan->forest->cuts;
  apo_exact_rows rows = {0};
  shape(lane, plan->tiling.rows, &rows);
  const size_t n = (size_t)rows.padded * plan->n_columns;
  const size_t n_margins = (size_t)rows.padded * plan->n_outputs;
  const size_t columns = (size_t)plan->n_columns + plan->exact->games->n_derived;
  const size_t n_phi = (size_t)plan->exact->games->n_slots * rows.stride;
  void *room;
  APO_TRY(apo_lane_alloc(lane, n, cuts->key_bytes, &lane->staging, err));
  APO_TRY(apo_lane_alloc(lane, n_margins, sizeof(int64_t), &room, err));
  lane->staging_margin = room;
  APO_TRY(apo_lane_alloc(lane, n_phi, sizeof(int64_t), &room, err));
  lane->staging_phi = room;
  if (plan->exact->rescale != NULL) {
    APO_TRY(apo_lane_alloc(lane, n_phi, sizeof(double), &room, err));
    lane->rescaled = room;
    APO_TRY(apo_lane_alloc(lane, plan->tiling.rows, sizeof(double), &room, err));
    lane->factor = room;
  }
  const struct {
    apo_buffer **buffer;
    size_t n_bytes;
  } all[] = {
      {&lane->value, n * cuts->key_bytes},
      {&lane->code, n * cuts->code_bytes},
      {&lane->device_margin, n_margins * sizeof(int64_t)},
      {&lane->column, (columns * rows.stride + 64) * cuts->code_bytes},
      {&lane->phi, n_phi * sizeof(int64_t)},
      {&lane->acc, n_phi * sizeof(int32_t)},
      {&lane->share,
       apo_exact_share_bytes(plan->exact, apo_is_cpu_shape(lane->executor), rows.padded) + 64},
  };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i) {
    APO_TRY(apo_executor_buffer(lane->executor, all[i].n_bytes, all[i].buffer, err));
  }
  return APO_OK;
}

static apo_status load(apo_lane *lane, const apo_rows *rows, uint64_t begin, apo_error *err) {
  const apo_plan *plan = lane->plan;
  const apo_code_forest *forest = plan->forest;
  const apo_constants *c = lane->constants;
  apo_exact_rows at = {0};
  shape(lane, lane->n_rows, &at);
  const size_t n = (size_t)at.padded * plan->n_columns;
  const size_t n_margins = (size_t)at.padded * plan->n_outputs;
  apo_encode_rows(plan->model, rows, begin, lane->n_rows, lane->staging);
  memset(lane->staging_margin, 0, n_margins * sizeof *lane->staging_margin);
  APO_TRY(apo_executor_upload(lane->executor, lane->value, 0, lane->staging,
                              n * forest->cuts->key_bytes, err));
  APO_TRY(apo_executor_upload(lane->executor, lane->device_margin, 0, lane->staging_margin,
                              n_margins * sizeof *lane->staging_margin, err));
  APO_TRY(apo_forest_codes(forest, &c->forest, lane->executor, at.padded, lane->value, lane->code,
                           err));
  APO_TRY(apo_forest_margins(forest, &c->forest, lane->executor, at.padded, lane->code,
                             lane->device_margin, err));
  return apo_executor_download(lane->executor, lane->device_margin, 0, lane->staging_margin,
                               n_margins * sizeof *lane->staging_margin, err);
}

static void read_margins(apo_lane *lane) {
  const apo_plan *plan = lane->plan;
  for (size_t i = 0; i < (size_t)lane->n_rows * plan->n_outputs; ++i) {
    lane->margin[i] = plan->model->base[i % plan->n_outputs] +
                      (double)lane->staging_margin[i] * plan->forest->unit64;
  }
}

// Queue the sums with the device's present counts.
static apo_status add(apo_lane *lane, apo_error *err) {
  apo_exact_rows at = {.code = lane->code,
                       .column = lane->column,
                       .phi = lane->phi,
                       .acc = lane->acc,
                       .share = lane->share};
  shape(lane, lane->n_rows, &at);
  const size_t n_bytes =
      (size_t)lane->plan->exact->games->n_slots * at.stride * sizeof *lane->staging_phi;
  lane->phi_stride = at.stride;
  memset(lane->staging_phi, 0, n_bytes);
  APO_TRY(apo_executor_upload(lane->executor, lane->phi, 0, lane->staging_phi, n_bytes, err));
  APO_TRY(apo_exact_add(lane->constants->exact, lane->executor, &at, err));
  return apo_executor_download(lane->executor, lane->phi, 0, lane->staging_phi, n_bytes, err);
}

// Add or put the slots [begin, end), times each row's factor.
static void add_slots(apo_lane *lane, size_t begin, size_t end, bool is_first) {
  for (size_t slot = begin; slot < end; ++slot) {
    const int64_t *from = lane->staging_phi + slot * lane->phi_stride;
    double *to = lane->rescaled + slot * lane->phi_stride;
    for (uint32_t row = 0; row < lane->n_rows; ++row) {
      const double value = lane->factor[row] * (double)from[row];
      to[row] = is_first ? value : to[row] + value;
    }
  }
}

// What the sums of an output's set are for that output of each row.
static void rescale(apo_lane *lane, uint32_t output, uint32_t set) {
  const apo_plan *plan = lane->plan;
  const size_t n_players = plan->n_players;
  const size_t n_pairs = plan->has_pairs ? n_players * (n_players - 1) / 2 : 0;
  const size_t pairs = plan->n_outputs * n_players + output * n_pairs;
  for (uint32_t row = 0; row < lane->n_rows; ++row) {
    const double margin = lane->margin[(size_t)row * plan->n_outputs + output];
    const double target = lane->target != NULL ? lane->target[row] : 0.0;
    lane->factor[row] = plan->exact->games->unit *
                        apo_rescale_factor(plan->exact->rescale[output], set, margin, target);
  }
  add_slots(lane, output * n_players, (output + 1) * n_players, set == 0);
  add_slots(lane, pairs, pairs + n_pairs, set == 0);
}

static apo_status evaluate(apo_lane *lane, apo_error *err) {
  const apo_exact_plan *exact = lane->plan->exact;
  if (exact->rescale == NULL) return add(lane, err);
  uint32_t at = 0;
  for (uint32_t output = 0; output < exact->n_rescaled; ++output) {
    for (uint32_t set = 0; set < exact->rescale[output]->n_sets; ++set, ++at) {
      APO_TRY(apo_exact_use_set(lane->constants->exact, lane->executor, at, err));
      APO_TRY(add(lane, err));
      APO_TRY(apo_executor_wait(lane->executor, err));
      if (at == 0) read_margins(lane);
      rescale(lane, output, set);
    }
  }
  return APO_OK;
}

static apo_status collect(apo_lane *lane, apo_error *err) {
  APO_TRY(apo_executor_wait(lane->executor, err));
  read_margins(lane);
  return APO_OK;
}

const apo_game apo_game_exact = {.constants = constants,
                                 .buffers = buffers,
                                 .load = load,
                                 .evaluate = evaluate,
                                 .collect = collect};
