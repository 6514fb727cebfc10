/* forest_game.c - forests: rows to codes, codes to margins, coalitions by cubes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/data/encode.h"
#include "engine/games/forest_stages.h"
#include "engine/games/lane_parts.h"
#include "engine/plan/tiling.h"
#include "kernels/coalition_mean/coalition_mean_abi.h"

// The model's base in the forest's units, where devices are to add it (plan->offset).
static apo_status upload_base(apo_constants *c, apo_error *err) {
  const apo_plan *plan = c->plan;
  int32_t *base = apo_alloc(plan->n_outputs, sizeof *base);
  if (base == NULL) return apo_fail(err, APO_ERR_MEMORY, "base: %u outputs", plan->n_outputs);
  for (uint32_t k = 0; k < plan->n_outputs; ++k) {
    base[k] = plan->offset[k] == 0.0 ? plan->forest->base32[k] : 0;
  }
  const apo_status status =
      apo_constant_buffer(c->executor, base, plan->n_outputs * sizeof *base, &c->base32, err);
  free(base);
  return status;
}

static apo_status constants(apo_constants *c, apo_error *err) {
  const apo_code_forest *forest = c->plan->forest;
  const size_t n_codes = (size_t)c->plan->background->n_rows * c->plan->n_columns;
  APO_TRY(apo_forest_upload(forest, c->executor, &c->forest, err));
  APO_TRY(apo_constant_buffer(c->executor, forest->leaf32,
                              forest->n_values * sizeof *forest->leaf32, &c->leaf32, err));
  APO_TRY(apo_constant_buffer(c->executor, forest->output_begin,
                              (forest->n_outputs + 1) * sizeof *forest->output_begin,
                              &c->output_begin, err));
  APO_TRY(upload_base(c, err));
  return apo_constant_buffer(c->executor, c->plan->background_codes,
                             n_codes * forest->cuts->code_bytes, &c->b_code, err);
}

static apo_status buffers(apo_lane *lane, apo_error *err) {
  const apo_plan *plan = lane->plan;
  const apo_cuts *cuts = plan->forest->cuts;
  const bool is_cpu = apo_is_cpu_shape(lane->executor);
  const uint32_t padded = apo_padded_rows(plan->tiling.rows);
  const size_t n = (size_t)padded * plan->n_columns;
  const size_t n_margins = (size_t)padded * plan->n_outputs;
  const size_t n_groups = (size_t)plan->tiling.rows *
                          (plan->tiling.background_rows / APO_BACKGROUND_BLOCK) *
                          apo_scratch_chunks(is_cpu, plan->max_words);
  void *room;
  APO_TRY(apo_lane_alloc(lane, n, cuts->key_bytes, &lane->staging, err));
  APO_TRY(apo_lane_alloc(lane, n, cuts->code_bytes, &lane->staging_codes, err));
  APO_TRY(apo_lane_alloc(lane, n_margins, sizeof(int64_t), &room, err));
  lane->staging_margin = room;
  APO_TRY(apo_executor_buffer(lane->executor, n * cuts->key_bytes, &lane->value, err));
  APO_TRY(apo_executor_buffer(lane->executor, n * cuts->code_bytes, &lane->code, err));
  APO_TRY(
      apo_executor_buffer(lane->executor, n_margins * sizeof(int64_t), &lane->device_margin, err));
  return apo_mean_buffers(
      lane, n_groups * apo_scratch_group_words(plan, is_cpu, plan->max_words) * sizeof(uint32_t),
      err);
}

static void mark_varying(apo_lane *lane) {
  const apo_plan *plan = lane->plan;
  const size_t code_bytes = plan->forest->cuts->code_bytes;
  const char *constant = plan->background_codes;  // its first row holds the constant codes
  for (uint32_t row = 0; row < lane->n_rows; ++row) {
    const char *codes = (const char *)lane->staging_codes + row * plan->n_columns * code_bytes;
    for (uint32_t column = 0; column < plan->n_columns; ++column) {
      const bool is_same =
          memcmp(codes + column * code_bytes, constant + column * code_bytes, code_bytes) == 0;
      if (plan->is_constant[column] == 0 || !is_same) apo_lane_mark_column(lane, row, column);
    }
  }
}

static apo_status load(apo_lane *lane, const apo_rows *rows, uint64_t begin, apo_error *err) {
  const apo_plan *plan = lane->plan;
  const apo_code_forest *forest = plan->forest;
  const apo_constants *c = lane->constants;
  const uint32_t padded = apo_padded_rows(lane->n_rows);
  const size_t n = (size_t)padded * plan->n_columns;
  const size_t n_margins = (size_t)padded * plan->n_outputs;
  apo_encode_rows(plan->model, rows, begin, lane->n_rows, lane->staging);
  memset(lane->staging_margin, 0, n_margins * sizeof *lane->staging_margin);

  APO_TRY(apo_executor_upload(lane->executor, lane->value, 0, lane->staging,
                              n * forest->cuts->key_bytes, err));
  APO_TRY(apo_executor_upload(lane->executor, lane->device_margin, 0, lane->staging_margin,
                              n_margins * sizeof *lane->staging_margin, err));
  APO_TRY(
      apo_forest_codes(forest, &c->forest, lane->executor, padded, lane->value, lane->code, err));
  APO_TRY(apo_forest_margins(forest, &c->forest, lane->executor, padded, lane->code,
                             lane->device_margin, err));
  APO_TRY(apo_executor_download(lane->executor, lane->code, 0, lane->staging_codes,
                                n * forest->cuts->code_bytes, err));
  APO_TRY(apo_executor_download(lane->executor, lane->device_margin, 0, lane->staging_margin,
                                n_margins * sizeof *lane->staging_margin, err));
  APO_TRY(apo_executor_wait(lane->executor, err));
  for (size_t i = 0; i < (size_t)lane->n_rows * plan->n_outputs; ++i) {
    lane->margin[i] =
        plan->model->base[i % plan->n_outputs] + (double)lane->staging_margin[i] * forest->unit64;
  }
  mark_varying(lane);
  return APO_OK;
}

static void aim(void *args_bytes, uint32_t first, uint32_t n, uint32_t n_blocks) {
  apo_coalition_mean_args *args = args_bytes;
  args->first_background = first;
  args->n_background = n;
  args->n_blocks = n_blocks;
}

static apo_status evaluate(apo_lane *lane, apo_error *err) {
  const apo_plan *plan = lane->plan;
  const apo_code_forest *forest = plan->forest;
  const apo_constants *c = lane->constants;
  const bool is_cpu = apo_is_cpu_shape(lane->executor);
  const apo_i32 group = apo_group_of(lane->executor);
  const uint32_t n_words = lane->lists.n_words;
  apo_coalition_mean_args args = {
      .n_rows = lane->n_rows,
      .n_columns = plan->n_columns,
      .n_players = plan->n_players,
      .n_outputs = plan->n_outputs,
      .n_planes = plan->n_planes,
      .n_words = n_words,
      .n_chunks = apo_scratch_chunks(is_cpu, n_words),
      .lane_words = apo_scratch_lane_words(plan, is_cpu),
      .max_literals = plan->max_literals,
      .group_words = (apo_u32)apo_scratch_group_words(plan, is_cpu, n_words),
      .unit = (apo_f32)forest->unit32,
      .response_scale = plan->response_scale,
  };
  apo_launch launch = {
      .stage = apo_stage_find("coalition_mean"),
      .spec = {(apo_i32)forest->cuts->code_bytes, apo_forest_needs_sets(forest), plan->response,
               group},
      .args = &args,
      .buffers = {c->forest.node, c->forest.instance, c->leaf32, c->forest.sets, c->output_begin,
                  c->base32, lane->code, c->b_code, c->weight, c->player_of_column, lane->member,
                  lane->list_of_row, lane->partial, lane->scratch},
      .group = (size_t)group,
  };
  return apo_mean_run(lane, &launch, (size_t)args.n_chunks * (size_t)group, aim, err);
}

const apo_game apo_game_forest = {
    .constants = constants, .buffers = buffers, .load = load, .evaluate = evaluate};
