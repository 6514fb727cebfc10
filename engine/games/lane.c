#include "engine/games/lane.h"

#include <stdlib.h>

#include "engine/core/memory.h"
#include "engine/data/rows.h"
#include "engine/games/exact_device.h"
#include "engine/games/lane_parts.h"

static const apo_game *game_of(const apo_plan *plan) {
  if (plan->exact != NULL) return &apo_game_exact;
  switch (plan->model->kind) {
    case APO_MODEL_FOREST: return &apo_game_forest;
    case APO_MODEL_LINEAR: return &apo_game_linear;
    case APO_MODEL_CALLBACK: return &apo_game_callback;
  }
  return NULL;
}

// --- constants ----------------------------------------------------------------------------------

apo_status apo_constant_buffer(
    apo_executor *executor, const void *content, size_t n_bytes, apo_buffer **out, apo_error *err) {
  // A buffer has at least one word, so that a kernel's argument is never absent.
  APO_TRY(apo_executor_buffer(executor, n_bytes > 0 ? n_bytes : 16, out, err));
  if (n_bytes == 0) return APO_OK;
  APO_TRY(apo_executor_upload(executor, *out, 0, content, n_bytes, err));
  return apo_executor_wait(executor, err);
}

apo_status apo_constants_create(const apo_plan *plan,
                                apo_executor *executor,
                                apo_constants **out,
                                apo_error *err) {
  *out = NULL;
  apo_constants *constants = apo_alloc(1, sizeof *constants);
  if (constants == NULL) return apo_fail(err, APO_ERR_MEMORY, "lane: %zu bytes", sizeof *constants);
  constants->plan = plan;
  constants->executor = executor;
  apo_status status = apo_constant_buffer(executor, plan->player_of_column,
                                          plan->n_columns * sizeof *plan->player_of_column,
                                          &constants->player_of_column, err);
  if (status == APO_OK) {
    status = apo_constant_buffer(executor, plan->weights,
                                 plan->background->n_rows * sizeof *plan->weights,
                                 &constants->weight, err);
  }
  if (status == APO_OK) status = game_of(plan)->constants(constants, err);
  if (status != APO_OK) apo_constants_destroy(&constants);
  *out = constants;
  return status;
}

void apo_constants_destroy(apo_constants **constants) {
  if (constants == NULL || *constants == NULL) return;
  apo_constants *c = *constants;
  apo_buffer **const buffers[] = {
      &c->leaf32,     &c->output_begin,     &c->base32,           &c->b_code,
      &c->base,       &c->coefficient_high, &c->coefficient_low,  &c->b_term,
      &c->background, &c->weight,           &c->player_of_column,
  };
  for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; ++i) {
    apo_executor_release(c->executor, buffers[i]);
  }
  apo_exact_device_destroy(c->executor, &c->exact);
  apo_forest_release(c->executor, &c->forest);
  free(c);
  *constants = NULL;
}

// --- lanes --------------------------------------------------------------------------------------

apo_status apo_lane_alloc(
    apo_lane *lane, size_t n, size_t element_bytes, void **out, apo_error *err) {
  *out = apo_alloc(n, element_bytes);
  if (*out == NULL) return apo_fail(err, APO_ERR_MEMORY, "tile: %zu x %zu bytes", n, element_bytes);
  lane->host_bytes += (uint64_t)n * element_bytes;
  return APO_OK;
}

// Lists in the worst case: one a row.
static apo_status allocate_lists(apo_lane *lane, apo_error *err) {
  const apo_plan *plan = lane->plan;
  const size_t rows = plan->tiling.rows;
  const size_t n_values = rows * plan->n_planes * plan->n_outputs * 32 * plan->max_words;
  void *room;
  APO_TRY(
      apo_lane_alloc(lane, rows * plan->n_players * plan->max_words, sizeof(uint32_t), &room, err));
  lane->lists.member = room;
  APO_TRY(apo_lane_alloc(lane, rows, sizeof(uint32_t), &room, err));
  lane->lists.list_of_row = room;
  APO_TRY(apo_lane_alloc(lane, rows, sizeof(uint32_t), &room, err));
  lane->lists.n_coalitions = room;
  APO_TRY(apo_lane_alloc(lane, n_values, sizeof(float), &room, err));
  lane->sum = room;
  APO_TRY(apo_lane_alloc(lane, n_values, sizeof(float), &room, err));
  lane->rest = room;
  return APO_OK;
}

static apo_status allocate(apo_lane *lane, apo_error *err) {
  const apo_plan *plan = lane->plan;
  const size_t rows = plan->tiling.rows;
  void *margin;
  void *varying;
  APO_TRY(apo_lane_alloc(lane, rows * plan->n_outputs, sizeof(double), &margin, err));
  lane->margin = margin;
  APO_TRY(apo_lane_alloc(lane, rows * lane->n_mask_words, sizeof(uint32_t), &varying, err));
  lane->varying = varying;
  if (plan->exact == NULL) APO_TRY(allocate_lists(lane, err));
  return game_of(plan)->buffers(lane, err);
}

apo_status apo_lane_create(const apo_plan *plan,
                           apo_executor *executor,
                           apo_constants *constants,
                           apo_lane **out,
                           apo_error *err) {
  *out = NULL;
  apo_lane *lane = apo_alloc(1, sizeof *lane);
  if (lane == NULL) return apo_fail(err, APO_ERR_MEMORY, "lane: %zu bytes", sizeof *lane);
  lane->plan = plan;
  lane->executor = executor;
  lane->constants = constants;
  lane->n_mask_words = (plan->n_players + 31) / 32;
  const apo_status status = allocate(lane, err);
  if (status != APO_OK) apo_lane_destroy(&lane);
  *out = lane;
  return status;
}

void apo_lane_destroy(apo_lane **lane) {
  if (lane == NULL || *lane == NULL) return;
  apo_lane *l = *lane;
  // What is queued still reads and writes the lane's memory, so it has to end first, well or not.
  const apo_status ignored = apo_executor_wait(l->executor, NULL);
  (void)ignored;
  apo_buffer **const buffers[] = {
      &l->value,    &l->code,       &l->device_margin, &l->high,   &l->low,         &l->term_high,
      &l->term_low, &l->x,          &l->pairs,         &l->member, &l->list_of_row, &l->partial,
      &l->scratch,  &l->device_sum, &l->device_rest,   &l->column, &l->phi,         &l->acc,
      &l->share,
  };
  for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; ++i) {
    apo_executor_release(l->executor, buffers[i]);
  }
  free(l->margin);
  free(l->varying);
  free(l->lists.member);
  free(l->lists.list_of_row);
  free(l->lists.n_coalitions);
  free(l->sum);
  free(l->rest);
  free(l->staging);
  free(l->staging_codes);
  free(l->staging_margin);
  free(l->staging_phi);
  free(l->rescaled);
  free(l->factor);
  free(l->rows);
  free(l);
  *lane = NULL;
}

void apo_lane_mark_column(apo_lane *lane, uint32_t row, uint32_t column) {
  const uint32_t player = lane->plan->player_of_column[column];
  lane->varying[(size_t)row * lane->n_mask_words + player / 32] |= 1u << (player % 32);
}

void apo_lane_mark_rows(apo_lane *lane) {
  const apo_plan *plan = lane->plan;
  for (uint32_t row = 0; row < lane->n_rows; ++row) {
    const double *values = lane->rows + (size_t)row * plan->n_columns;
    for (uint32_t column = 0; column < plan->n_columns; ++column) {
      if (plan->is_constant[column] == 0 ||
          !apo_same_value(values[column], plan->background_rows[column])) {
        apo_lane_mark_column(lane, row, column);
      }
    }
  }
}

apo_status apo_lane_load(
    apo_lane *lane, const apo_rows *rows, uint64_t begin, uint32_t n_rows, apo_error *err) {
  lane->n_rows = n_rows;
  for (size_t i = 0; i < (size_t)n_rows * lane->n_mask_words; ++i) lane->varying[i] = 0;
  return game_of(lane->plan)->load(lane, rows, begin, err);
}

apo_status apo_lane_evaluate(apo_lane *lane, apo_error *err) {
  if (lane->plan->exact == NULL && lane->lists.n_lists == 0) return APO_OK;
  return game_of(lane->plan)->evaluate(lane, err);
}

apo_status apo_lane_collect(apo_lane *lane, apo_error *err) {
  const apo_game *game = game_of(lane->plan);
  return game->collect != NULL ? game->collect(lane, err) : apo_executor_wait(lane->executor, err);
}
