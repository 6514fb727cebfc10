#include "engine/exact/exact_plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/exact/long_leaves.h"
#include "kernels/leaf_pairs/leaf_pairs_abi.h"

enum {
  MOST_PLAYERS = 12,       /* of a leaf with a table: 2^12 entries of 64 bytes */
  TABLE_ROWS = 1 << 14,    /* that a table is made for, when deep trees are weighed */
  VECTOR_BYTES = 64 << 20, /* of the vectors of a chunk */
  SMALLEST_ROWS = 288,     /* of a tile in memory */
  SLOT_BYTES = 20          /* of a row: int64 on the device and the host, int32 */
};

// Counts of the background: ones, or its weights as integers that sum to APO_COUNT_SCALE, each
// rounded so that the running sum is never off by more than half.
static apo_status count_background(apo_exact_plan *plan,
                                   const apo_background *background,
                                   apo_error *err) {
  if (background->n_rows > APO_COUNT_SCALE) {
    return apo_fail(err, APO_ERR_LIMIT, "background: %llu rows, the limit is %u",
                    (unsigned long long)background->n_rows, APO_COUNT_SCALE);
  }
  plan->count = apo_alloc(background->n_rows, sizeof *plan->count);
  if (plan->count == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "background: %llu rows",
                    (unsigned long long)background->n_rows);
  }
  plan->total = background->is_weighted ? APO_COUNT_SCALE : background->n_rows;
  double sum = 0.0;
  int64_t given = 0;
  for (uint64_t row = 0; row < background->n_rows; ++row) {
    plan->count[row] = 1;
    if (!background->is_weighted) continue;
    sum += background->weights[row];
    const bool is_last = row + 1 == background->n_rows;
    const int64_t until = is_last ? APO_COUNT_SCALE : llround(sum * APO_COUNT_SCALE);
    plan->count[row] = (int32_t)(until - given);
    given = until;
  }
  return APO_OK;
}

// The sets of one output behind those that are there.
static apo_status add_sets(apo_exact_plan *plan,
                           const apo_exact_wish *wish,
                           uint32_t output,
                           double *margin,
                           apo_error *err) {
  const size_t n_rows = wish->background->n_rows;
  apo_rescale **rescale = &plan->rescale[output];
  int32_t *count = NULL;
  for (size_t row = 0; row < n_rows; ++row) {
    margin[row] = wish->margin[row * wish->model->n_outputs + output];
  }
  APO_TRY(apo_rescale_create(wish->loss, wish->model->link.scale, wish->background, margin, &count,
                             rescale, err));
  const uint32_t n_sets = plan->n_sets + (*rescale)->n_sets;
  int32_t *more = apo_resize(plan->count, n_sets * n_rows, sizeof *more);
  if (more != NULL) {
    memcpy(more + plan->n_sets * n_rows, count, (n_sets - plan->n_sets) * n_rows * sizeof *count);
    plan->count = more;
    plan->n_sets = n_sets;
  }
  free(count);
  if (more != NULL) return APO_OK;
  return apo_fail(err, APO_ERR_MEMORY, "background: %u sets of %zu weights", n_sets, n_rows);
}

static apo_status count_sets(apo_exact_plan *plan, const apo_exact_wish *wish, apo_error *err) {
  const uint32_t n_outputs = wish->model->n_outputs;
  double *margin = apo_alloc(wish->background->n_rows, sizeof *margin);
  plan->rescale = apo_alloc(n_outputs, sizeof *plan->rescale);
  plan->n_rescaled = plan->rescale != NULL ? n_outputs : 0;
  plan->n_sets = 0;
  plan->total = APO_COUNT_SCALE;
  apo_status status = APO_OK;
  if (margin == NULL || plan->rescale == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "background: %llu margins",
                      (unsigned long long)wish->background->n_rows);
  }
  for (uint32_t output = 0; output < n_outputs && status == APO_OK; ++output) {
    status = add_sets(plan, wish, output, margin, err);
  }
  free(margin);
  return status;
}

static apo_status weigh(apo_exact_plan *plan, apo_error *err) {
  plan->weight = apo_alloc(APO_WEIGHTS, sizeof *plan->weight);
  if (plan->weight == NULL) return apo_fail(err, APO_ERR_MEMORY, "weights: %d", APO_WEIGHTS);
  apo_value_weights(plan->index, plan->total, plan->weight);
  if (plan->is_path || plan->with_pairs) return APO_OK;
  plan->meeting = apo_alloc(APO_MEETINGS, sizeof *plan->meeting);
  if (plan->meeting == NULL) return apo_fail(err, APO_ERR_MEMORY, "weights: %d", APO_MEETINGS);
  apo_value_meetings(plan->weight, plan->meeting);
  return APO_OK;
}

// Tables take half of what the smallest tiles of two queues leave over.
static uint64_t table_bytes(const apo_exact_plan *plan, uint64_t memory_bytes) {
  const uint64_t tiles = 2ull * plan->games->n_slots * SMALLEST_ROWS * SLOT_BYTES;
  const uint64_t least = memory_bytes / 16;
  const uint64_t rest = memory_bytes > tiles ? (memory_bytes - tiles) / 2 : 0;
  return rest > least ? rest : least;
}

static apo_status build(apo_exact_plan *plan, const apo_exact_wish *wish, apo_error *err) {
  const apo_leaf_wish leaves = {
      .player_of_column = wish->player_of_column,
      .n_players = wish->n_players,
      .with_pairs = wish->with_pairs,
      .is_path = wish->is_path,
      .table_rows = TABLE_ROWS,
      .is_banzhaf = wish->index == APO_WEIGHTS_BANZHAF,
      .max_players = MOST_PLAYERS,
      .cache_bytes = wish->cache_bytes,
  };
  plan->total = APO_COVER_SCALE;
  plan->n_sets = 1;
  if (wish->is_rescaled) {
    APO_TRY(count_sets(plan, wish, err));
  } else if (!wish->is_path) {
    APO_TRY(count_background(plan, wish->background, err));
  }
  APO_TRY(apo_leaf_games_create(wish->model, wish->codes, &leaves, &plan->games, err));
  APO_TRY(weigh(plan, err));
  APO_TRY(apo_schedule_create(plan->games, VECTOR_BYTES, table_bytes(plan, wish->memory_bytes),
                              &plan->schedule, err));
  if (plan->games->n_long == 0) return APO_OK;
  return wish->is_path ? apo_long_path_prepare(plan, err) : apo_long_pairs_prepare(plan, wish, err);
}

apo_status apo_exact_plan_create(const apo_exact_wish *wish, apo_exact_plan **out, apo_error *err) {
  *out = NULL;
  apo_exact_plan *plan = apo_alloc(1, sizeof *plan);
  if (plan == NULL) return apo_fail(err, APO_ERR_MEMORY, "plan: %zu bytes", sizeof *plan);
  plan->is_path = wish->is_path;
  plan->with_pairs = wish->with_pairs;
  plan->index = wish->index;
  const apo_status status = build(plan, wish, err);
  if (status != APO_OK) apo_exact_plan_destroy(&plan);
  *out = plan;
  return status;
}

void apo_exact_plan_destroy(apo_exact_plan **plan) {
  if (plan == NULL || *plan == NULL) return;
  apo_leaf_games_destroy(&(*plan)->games);
  apo_schedule_destroy(&(*plan)->schedule);
  for (uint32_t output = 0; output < (*plan)->n_rescaled; ++output) {
    apo_rescale_destroy(&(*plan)->rescale[output]);
  }
  free((*plan)->rescale);
  free((*plan)->count);
  free((*plan)->weight);
  free((*plan)->meeting);
  free((*plan)->moment);
  free((*plan)->pattern);
  free((*plan)->pattern_weight);
  free((*plan)->weight_begin);
  free((*plan)->ratio);
  free((*plan)->point);
  free((*plan)->points_of);
  free(*plan);
  *plan = NULL;
}
