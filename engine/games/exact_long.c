/* exact_long.c - what tables are too large for: leaves with many players, trees walked whole. */
#include "engine/games/exact_device.h"
#include "engine/games/lane_parts.h"
#include "kernels/long_pairs/long_pairs_abi.h"
#include "kernels/long_path/long_path_abi.h"
#include "kernels/tree_path/tree_path_abi.h"

enum {
  LONG_LANES = 16,             /* APO_ROWS of long_pairs on a CPU */
  MAX_LAUNCH_LEAVES = 1 << 21, /* (row, long leaf) a launch: about 0.1 s on two CPU cores */
  WALK_LANES = 32,             /* APO_ROWS of tree_path on a CPU */
  MAX_LAUNCH_STEPS = 1 << 14,  /* of trees that are walked together */
  // More keep no core busier, fewer keep the scratch in cache.
  MOST_WALK_GROUPS_CPU = 512,
  MOST_WALK_GROUPS_GPU = 4096
};

// --- long leaves --------------------------------------------------------------------------------

static uint64_t long_bytes(const apo_exact_plan *plan, uint64_t padded_rows) {
  if (plan->games->n_long == 0) return 0;
  const uint64_t longest = plan->games->longest;
  const uint64_t n_points = plan->most_points;
  if (!plan->is_path) {
    return padded_rows * APO_LONG_PAIRS_SCRATCH(longest, plan->with_pairs) * sizeof(int64_t);
  }
  return padded_rows / APO_LONG_PATH_ROWS * sizeof(float) *
         APO_LONG_PATH_SCRATCH(longest, n_points, plan->with_pairs);
}

// Work-groups of tree_path take turns at the rows when there are more than so many.
static uint64_t walk_groups(bool is_cpu, uint64_t padded_rows) {
  const uint64_t most = is_cpu ? MOST_WALK_GROUPS_CPU : MOST_WALK_GROUPS_GPU;
  const uint64_t n = padded_rows / (is_cpu ? WALK_LANES : APO_TREE_PATH_ROWS);
  return n < most ? n : most;
}

static uint64_t walk_bytes(const apo_exact_plan *plan, bool is_cpu, uint64_t padded_rows) {
  const apo_tree_programs *p = &plan->games->programs;
  if (p->n_trees == 0) return 0;
  const uint64_t rows =
      walk_groups(is_cpu, padded_rows) * (is_cpu ? WALK_LANES : APO_TREE_PATH_ROWS);
  return rows * sizeof(float) *
         APO_TREE_PATH_SCRATCH((uint64_t)p->most_levels, p->most_points, (uint64_t)p->most_sums);
}

// Long leaves and whole trees take turns in one buffer.
uint64_t apo_exact_share_bytes(const apo_exact_plan *plan, bool is_cpu, uint64_t padded_rows) {
  const uint64_t longs = long_bytes(plan, padded_rows);
  const uint64_t trees = walk_bytes(plan, is_cpu, padded_rows);
  return longs > trees ? longs : trees;
}

static apo_status queue_long_pairs(const apo_exact_device *d,
                                   apo_executor *executor,
                                   const apo_exact_rows *rows,
                                   uint32_t begin,
                                   uint32_t end,
                                   apo_error *err) {
  const apo_leaf_games *games = d->plan->games;
  const apo_i32 group = apo_group_of(executor);
  const apo_i32 lanes = group == 1 ? LONG_LANES : 1;
  const apo_long_pairs_args args = {.n_rows = rows->padded,
                                    .stride = rows->stride,
                                    .n_players = games->n_players,
                                    .n_outputs = games->n_outputs,
                                    .leaf_begin = begin,
                                    .leaf_end = end,
                                    .n_moments = d->plan->n_moments};
  const apo_launch launch = {
      .stage = apo_stage_find("long_pairs"),
      .spec = {(apo_i32)d->forest->cuts->code_bytes, d->plan->with_pairs ? 1 : 0, group, lanes},
      .args = &args,
      .buffers = {d->long_leaf, d->long_test, d->long_player, d->pattern, d->pattern_weight,
                  d->weight_begin, d->moment, d->value, rows->column, rows->phi, rows->share},
      .n_items = rows->padded / (size_t)lanes,
      .group = (size_t)group};
  return apo_executor_launch(executor, &launch, err);
}

static apo_status queue_long_path(const apo_exact_device *d,
                                  apo_executor *executor,
                                  const apo_exact_rows *rows,
                                  uint32_t begin,
                                  uint32_t end,
                                  apo_error *err) {
  const apo_leaf_games *games = d->plan->games;
  const apo_i32 group = apo_group_of(executor);
  const apo_i32 lanes = group == 1 ? APO_LONG_PATH_ROWS : 1;
  const apo_long_path_args args = {.n_rows = rows->padded,
                                   .stride = rows->stride,
                                   .n_players = games->n_players,
                                   .n_outputs = games->n_outputs,
                                   .leaf_begin = begin,
                                   .leaf_end = end,
                                   .longest = games->longest,
                                   .n_points = d->plan->most_points};
  const apo_launch launch = {
      .stage = apo_stage_find("long_path"),
      .spec = {(apo_i32)d->forest->cuts->code_bytes, d->plan->with_pairs ? 1 : 0, group, lanes},
      .args = &args,
      .buffers = {d->long_leaf, d->long_test, d->long_player, d->long_ratio, d->point, d->points_of,
                  d->value, rows->column, rows->phi, rows->share},
      .n_items = rows->padded / (size_t)lanes,
      .group = (size_t)group};
  return apo_executor_launch(executor, &launch, err);
}

static apo_status add_long(const apo_exact_device *d,
                           apo_executor *executor,
                           const apo_exact_rows *rows,
                           apo_error *err) {
  const uint32_t n_long = d->plan->games->n_long;
  const uint32_t n_most = 1 + MAX_LAUNCH_LEAVES / rows->padded;
  for (uint32_t begin = 0; begin < n_long; begin += n_most) {
    const uint32_t end = n_long - begin < n_most ? n_long : begin + n_most;
    APO_TRY(d->plan->is_path ? queue_long_path(d, executor, rows, begin, end, err)
                             : queue_long_pairs(d, executor, rows, begin, end, err));
  }
  return APO_OK;
}

// --- whole trees --------------------------------------------------------------------------------

// Trees of a launch: they have as many points, and their programs stay in second-level cache while
// one item after another walks them.
static uint32_t end_of_launch(const apo_tree_programs *p, uint32_t begin) {
  uint32_t end = begin + 1;
  uint64_t n_steps = p->tree[begin].n_steps;
  while (end < p->n_trees && p->tree[end].n_points == p->tree[begin].n_points) {
    n_steps += p->tree[end].n_steps;
    if (n_steps > MAX_LAUNCH_STEPS) break;
    ++end;
  }
  return end;
}

static apo_status add_programs(const apo_exact_device *d,
                               apo_executor *executor,
                               const apo_exact_rows *rows,
                               apo_error *err) {
  const apo_tree_programs *p = &d->plan->games->programs;
  const apo_i32 group = apo_group_of(executor);
  const bool is_cpu = group == 1;
  const uint32_t n_rows =
      (rows->n_rows + APO_TREE_PATH_ROWS - 1) / APO_TREE_PATH_ROWS * APO_TREE_PATH_ROWS;
  for (uint32_t begin = 0; begin < p->n_trees;) {
    const uint32_t end = end_of_launch(p, begin);
    const apo_tree_path_args args = {.n_rows = n_rows,
                                     .stride = rows->stride,
                                     .tree_begin = begin,
                                     .tree_end = end,
                                     .n_levels = p->most_levels,
                                     .n_sums = p->most_sums};
    const apo_launch launch = {
        .stage = apo_stage_find("tree_path"),
        .spec = {(apo_i32)d->forest->cuts->code_bytes, (apo_i32)p->tree[begin].n_points, group,
                 is_cpu ? WALK_LANES : 1},
        .args = &args,
        .buffers = {d->tree, d->step, d->node, d->factor, d->tree_slot, rows->column, rows->phi,
                    rows->share},
        .n_items = walk_groups(is_cpu, n_rows) * (size_t)group,
        .group = (size_t)group};
    APO_TRY(apo_executor_launch(executor, &launch, err));
    begin = end;
  }
  return APO_OK;
}

apo_status apo_exact_add_long(const apo_exact_device *d,
                              apo_executor *executor,
                              const apo_exact_rows *rows,
                              apo_error *err) {
  APO_TRY(add_long(d, executor, rows, err));
  return add_programs(d, executor, rows, err);
}
