/* mean.c - what the forest and the linear game share: lists up, means over the background down. */
#include "engine/core/memory.h"
#include "engine/games/lane_parts.h"
#include "kernels/coalition_mean/coalition_mean_abi.h"
#include "kernels/mean_fold/mean_fold_abi.h"

static size_t values_of(const apo_lane *lane, uint32_t n_words) {
  return (size_t)lane->plan->n_planes * lane->plan->n_outputs * 32 * n_words;
}

apo_status apo_mean_buffers(apo_lane *lane, size_t scratch_bytes, apo_error *err) {
  const apo_plan *plan = lane->plan;
  const size_t rows = plan->tiling.rows;
  const size_t n_blocks = plan->tiling.background_rows / APO_BACKGROUND_BLOCK;
  const size_t n_members = rows * plan->n_players * plan->max_words;
  const size_t n_values = rows * values_of(lane, plan->max_words);
  apo_executor *executor = lane->executor;
  const size_t word = sizeof(uint32_t);
  APO_TRY(apo_executor_buffer(executor, n_members * word, &lane->member, err));
  APO_TRY(apo_executor_buffer(executor, rows * word, &lane->list_of_row, err));
  APO_TRY(apo_executor_buffer(executor, n_blocks * n_values * sizeof(float), &lane->partial, err));
  APO_TRY(apo_executor_buffer(executor, scratch_bytes, &lane->scratch, err));
  APO_TRY(apo_executor_buffer(executor, n_values * sizeof(float), &lane->device_sum, err));
  return apo_executor_buffer(executor, n_values * sizeof(float), &lane->device_rest, err);
}

static apo_status upload_lists(apo_lane *lane, apo_error *err) {
  const apo_lists *lists = &lane->lists;
  const size_t n = (size_t)lists->n_lists * lane->plan->n_players * lists->n_words;
  APO_TRY(apo_executor_upload(lane->executor, lane->member, 0, lists->member,
                              n * sizeof *lists->member, err));
  return apo_executor_upload(lane->executor, lane->list_of_row, 0, lists->list_of_row,
                             lane->n_rows * sizeof *lists->list_of_row, err);
}

static apo_status fold(apo_lane *lane, uint32_t n_blocks, bool is_first, apo_error *err) {
  const bool is_cpu = apo_is_cpu_shape(lane->executor);
  const apo_mean_fold_args args = {
      .n_rows = lane->n_rows,
      .n_blocks = n_blocks,
      .n_values = (apo_u32)values_of(lane, lane->lists.n_words),
      .is_first = is_first ? 1 : 0,
  };
  const size_t group = is_cpu ? 1 : 64;
  const size_t rows = is_cpu ? 64 : 1;
  const size_t n_groups = (args.n_values + group * rows - 1) / (group * rows);
  const apo_launch launch = {
      .stage = apo_stage_find("mean_fold"),
      .spec = {(apo_i32)group, (apo_i32)rows},
      .args = &args,
      .buffers = {lane->partial, lane->device_sum, lane->device_rest},
      .n_items = lane->n_rows * n_groups * group,
      .group = group,
  };
  return apo_executor_launch(lane->executor, &launch, err);
}

static apo_status download(apo_lane *lane, apo_error *err) {
  const size_t n_bytes = lane->n_rows * values_of(lane, lane->lists.n_words) * sizeof(float);
  APO_TRY(apo_executor_download(lane->executor, lane->device_sum, 0, lane->sum, n_bytes, err));
  return apo_executor_download(lane->executor, lane->device_rest, 0, lane->rest, n_bytes, err);
}

apo_status apo_mean_run(apo_lane *lane,
                        apo_launch *launch,
                        size_t items_per_block,
                        void (*aim)(void *args, uint32_t first, uint32_t n, uint32_t n_blocks),
                        apo_error *err) {
  const uint64_t n_background = lane->plan->background->n_rows;
  const uint32_t tile = lane->plan->tiling.background_rows;
  APO_TRY(upload_lists(lane, err));
  for (uint64_t first = 0; first < n_background; first += tile) {
    const uint64_t left = n_background - first;
    const uint32_t n = left < tile ? (uint32_t)left : tile;
    const uint32_t n_blocks = (n + APO_BACKGROUND_BLOCK - 1) / APO_BACKGROUND_BLOCK;
    aim((void *)(uintptr_t)launch->args, (uint32_t)first, n, n_blocks);
    launch->n_items = (size_t)lane->n_rows * n_blocks * items_per_block;
    APO_TRY(apo_executor_launch(lane->executor, launch, err));
    APO_TRY(fold(lane, n_blocks, first == 0, err));
  }
  return download(lane, err);
}
