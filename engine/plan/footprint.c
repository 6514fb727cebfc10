#include "engine/plan/footprint.h"

#include "engine/games/exact_device.h"
#include "engine/plan/tiling.h"
#include "engine/solve/least_squares.h"
#include "kernels/coalition_mean/coalition_mean_abi.h"

enum { PROJECTION_BYTES = 1 << 25 };

// Means of one row: what one plane of floats for all its coalitions takes.
static uint64_t value_bytes(const apo_plan *plan) {
  return (uint64_t)plan->n_planes * plan->n_outputs * 32 * plan->max_words * sizeof(float);
}

static uint64_t list_bytes(const apo_plan *plan) {
  return (uint64_t)plan->n_players * plan->max_words * sizeof(uint32_t);
}

static uint64_t padded(uint64_t rows) {
  return (rows + APO_TILE_GRAIN - 1) / APO_TILE_GRAIN * APO_TILE_GRAIN;
}

static void need(apo_footprint *out, uint64_t n_bytes) {
  out->device_bytes += n_bytes;
  if (n_bytes > out->largest_buffer) out->largest_buffer = n_bytes;
}

// --- the three games ----------------------------------------------------------------------------

static void add_means(const apo_plan *plan,
                      const apo_tiling *tiling,
                      uint64_t scratch,
                      apo_footprint *out) {
  const uint64_t rows = tiling->rows;
  const uint64_t n_blocks = tiling->background_rows / APO_BACKGROUND_BLOCK;
  need(out, rows * list_bytes(plan));
  need(out, rows * sizeof(uint32_t));
  need(out, rows * n_blocks * value_bytes(plan));
  need(out, rows * n_blocks * scratch);
  need(out, rows * value_bytes(plan));
  need(out, rows * value_bytes(plan));
}

static void add_forest(const apo_plan *plan,
                       bool is_cpu,
                       const apo_tiling *tiling,
                       apo_footprint *out) {
  const apo_cuts *cuts = plan->forest->cuts;
  const uint64_t n = padded(tiling->rows) * plan->n_columns;
  const uint64_t n_margins = padded(tiling->rows) * plan->n_outputs;
  const uint64_t scratch = apo_scratch_chunks(is_cpu, plan->max_words) *
                           apo_scratch_group_words(plan, is_cpu, plan->max_words) *
                           sizeof(uint32_t);
  need(out, n * cuts->key_bytes);
  need(out, n * cuts->code_bytes);
  need(out, n_margins * sizeof(int64_t));
  add_means(plan, tiling, scratch, out);
  out->host_bytes += n * (cuts->key_bytes + cuts->code_bytes) + n_margins * sizeof(int64_t);
}

static void add_linear(const apo_plan *plan, const apo_tiling *tiling, apo_footprint *out) {
  const uint64_t n = padded(tiling->rows) * plan->n_columns;
  const uint64_t n_terms = padded(tiling->rows) * plan->n_outputs * plan->n_players;
  for (int pair = 0; pair < 2; ++pair) {
    need(out, n * sizeof(float));
    need(out, n_terms * sizeof(float));
  }
  add_means(plan, tiling, value_bytes(plan), out);
  out->host_bytes += n * (2 * sizeof(float) + sizeof(double)) + n_terms * 2 * sizeof(float);
}

static void add_callback(const apo_plan *plan, const apo_tiling *tiling, apo_footprint *out) {
  const uint64_t row_bytes = (uint64_t)plan->n_columns * sizeof(double);
  const uint64_t batch = tiling->batch_rows;
  need(out, row_bytes);
  need(out, batch * row_bytes);
  need(out, list_bytes(plan));
  out->host_bytes +=
      tiling->rows * row_bytes + batch * (row_bytes + (uint64_t)plan->n_outputs * sizeof(double));
}

// --- the two estimators -------------------------------------------------------------------------

uint64_t apo_footprint_projections(const apo_plan *plan) {
  const uint64_t one = apo_projection_bytes(plan->n_players, plan->max_words * 32);
  const uint64_t share = plan->memory_bytes / 16;
  const uint64_t most = share < PROJECTION_BYTES ? share : PROJECTION_BYTES;
  return one > most ? one : most;
}

// Designs of the tile's rows and as many idle ones; drawing one and applying it.
static void add_kernel(const apo_plan *plan, const apo_tiling *tiling, apo_footprint *out) {
  const uint64_t coalitions = 32ull * plan->max_words;
  const uint64_t list = list_bytes(plan) + coalitions * sizeof(double) + 8ull * plan->n_players;
  out->host_bytes += 2 * tiling->rows * list + 3 * list + apo_footprint_projections(plan) +
                     128 * (coalitions + plan->n_players) +
                     coalitions * plan->n_outputs * sizeof(double) +
                     (uint64_t)plan->n_outputs * plan->n_players * sizeof(double);
}

// Orders of a row have at most half as many elements as it has evaluations.
static void add_permutation(const apo_plan *plan, const apo_tiling *tiling, apo_footprint *out) {
  const uint64_t coalitions = 32ull * plan->max_words;
  const uint64_t orders = (coalitions / 2 + plan->n_players) * sizeof(uint32_t);
  const uint64_t least = APO_ORDERS_AT_ONCE * sizeof(uint32_t);
  uint64_t drawn = tiling->rows * orders;
  if (drawn > least) drawn = orders > least ? orders : least;
  need(out, drawn);
  need(out, tiling->rows * sizeof(uint32_t));
  out->host_bytes += drawn + tiling->rows * (orders + 4ull * plan->n_players + 16) +
                     list_bytes(plan) + coalitions * plan->n_outputs * sizeof(double) +
                     16ull * plan->n_players;
}

// --- exact values -------------------------------------------------------------------------------

// The shape of a machine with one core has the most padding.
static void add_exact(const apo_plan *plan,
                      bool is_cpu,
                      const apo_tiling *tiling,
                      apo_footprint *out) {
  const apo_cuts *cuts = plan->forest->cuts;
  const apo_leaf_games *games = plan->exact->games;
  apo_exact_rows rows = {0};
  apo_exact_shape(is_cpu, 1, tiling->rows, &rows);
  const uint64_t n = (uint64_t)rows.padded * plan->n_columns;
  const uint64_t n_margins = (uint64_t)rows.padded * plan->n_outputs;
  const uint64_t n_columns = (uint64_t)plan->n_columns + games->n_derived;
  const uint64_t n_phi = (uint64_t)games->n_slots * rows.stride;
  need(out, n * cuts->key_bytes);
  need(out, n * cuts->code_bytes);
  need(out, n_margins * sizeof(int64_t));
  need(out, (n_columns * rows.stride + 64) * cuts->code_bytes);
  need(out, n_phi * sizeof(int64_t));
  need(out, n_phi * sizeof(int32_t));
  need(out, apo_exact_share_bytes(plan->exact, is_cpu, rows.padded) + 64);
  const uint64_t mask = (plan->n_players + 31) / 32 * sizeof(uint32_t);
  out->host_bytes +=
      n * cuts->key_bytes + n_margins * sizeof(int64_t) + n_phi * sizeof(int64_t) +
      tiling->rows * (plan->n_outputs * sizeof(double) + mask + plan->n_columns * sizeof(double)) +
      32ull * games->n_slots * sizeof(double);
  if (apo_plan_is_rescaled(plan)) out->host_bytes += (n_phi + tiling->rows) * sizeof(double);
}

// --- all together -------------------------------------------------------------------------------

void apo_footprint_lane(const apo_plan *plan,
                        bool is_cpu,
                        const apo_tiling *tiling,
                        apo_footprint *out) {
  const uint64_t rows = tiling->rows;
  *out = (apo_footprint){0};
  if (plan->method == APO_METHOD_LINEAR) return;
  if (plan->exact != NULL) {
    add_exact(plan, is_cpu, tiling, out);
    return;
  }
  const uint64_t mask = (plan->n_players + 31) / 32 * sizeof(uint32_t);
  out->host_bytes =
      rows * ((uint64_t)plan->n_outputs * sizeof(double) + mask + 8 + list_bytes(plan) +
              2 * value_bytes(plan) + (uint64_t)plan->n_columns * sizeof(double));
  switch (plan->model->kind) {
    case APO_MODEL_FOREST: add_forest(plan, is_cpu, tiling, out); break;
    case APO_MODEL_LINEAR: add_linear(plan, tiling, out); break;
    case APO_MODEL_CALLBACK: add_callback(plan, tiling, out); break;
  }
  if (plan->method == APO_METHOD_KERNEL) {
    add_kernel(plan, tiling, out);
  } else {
    add_permutation(plan, tiling, out);
  }
}

static uint64_t forest_bytes(const apo_code_forest *forest) {
  const apo_cuts *cuts = forest->cuts;
  return forest->n_nodes * sizeof *forest->nodes + forest->n_instances * sizeof *forest->instances +
         (uint64_t)forest->n_values * (sizeof(int64_t) + sizeof(int32_t)) +
         forest->n_set_words * sizeof(uint32_t) + (cuts->n_columns + 1ull) * sizeof *cuts->begin +
         (uint64_t)cuts->begin[cuts->n_columns] * cuts->key_bytes + 8ull * forest->n_outputs + 256;
}

uint64_t apo_footprint_constants(const apo_plan *plan) {
  if (plan->method == APO_METHOD_LINEAR) return 0;
  const uint64_t n_rows = plan->background->n_rows;
  const uint64_t n = n_rows * plan->n_columns;
  const uint64_t shared = 4ull * plan->n_columns + 4 * n_rows + 32;
  if (plan->exact != NULL) {
    return shared + forest_bytes(plan->forest) +
           apo_exact_device_bytes(plan->exact, plan->forest, n_rows);
  }
  switch (plan->model->kind) {
    case APO_MODEL_FOREST:
      return shared + forest_bytes(plan->forest) + n * plan->forest->cuts->code_bytes;
    case APO_MODEL_LINEAR:
      return shared + 4 * n_rows * plan->n_outputs * plan->n_players +
             8ull * plan->n_outputs * plan->n_columns + 4ull * plan->n_outputs;
    case APO_MODEL_CALLBACK: return shared + n * sizeof(double);
  }
  return shared;
}

uint64_t apo_footprint_run(const apo_plan *plan, const apo_tiling *tiling) {
  const uint64_t row = (uint64_t)plan->n_outputs * plan->n_players;
  const bool has_errors = plan->method == APO_METHOD_PERMUTATION || plan->gaussian.has_errors;
  const uint64_t phi = has_errors ? 8 : 4;
  const uint64_t output = plan->loss != APO_LOSS_NONE ? 20 : 12;  // prediction, gap, base
  const uint64_t pairs =
      plan->has_pairs ? row * (plan->n_players - (plan->n_players > 0 ? 1 : 0)) / 2 : 0;
  return plan->gaussian.bytes + tiling->rows * (row * phi + 4 * pairs + output * plan->n_outputs) +
         16 * row + 16ull * (plan->n_columns + plan->n_outputs);
}
