/* lane_parts.h - between the files of this folder: what each kind of model does in a lane. */
#ifndef APO_ENGINE_GAMES_LANE_PARTS_H
#define APO_ENGINE_GAMES_LANE_PARTS_H

#include "engine/games/lane.h"

/** One kind of model.  `constants` and `buffers` allocate, the rest are the steps of lane.h. */
typedef struct apo_game {
  apo_status (*constants)(apo_constants *constants, apo_error *err);
  apo_status (*buffers)(apo_lane *lane, apo_error *err);
  apo_status (*load)(apo_lane *lane, const apo_rows *rows, uint64_t begin, apo_error *err);
  apo_status (*evaluate)(apo_lane *lane, apo_error *err);
  apo_status (*collect)(apo_lane *lane, apo_error *err); /* NULL: waiting is all */
} apo_game;

extern const apo_game apo_game_forest;
extern const apo_game apo_game_linear;
extern const apo_game apo_game_callback;
extern const apo_game apo_game_exact;

/** The shape of launches on this executor. */
static inline bool apo_is_cpu_shape(const apo_executor *executor) {
  return executor->caps.is_cpu || executor->caps.is_reference;
}

/** APO_GROUP of launches on this executor. */
static inline apo_i32 apo_group_of(const apo_executor *executor) {
  return apo_is_cpu_shape(executor) ? 1 : 64;
}

static inline uint32_t apo_padded_rows(uint32_t n_rows) {
  return (n_rows + APO_TILE_GRAIN - 1) / APO_TILE_GRAIN * APO_TILE_GRAIN;
}

/** A buffer with content; `content` may go when the call returns. */
APO_NODISCARD apo_status apo_constant_buffer(
    apo_executor *executor, const void *content, size_t n_bytes, apo_buffer **out, apo_error *err);

/** Zeroed host memory that counts in lane->host_bytes. */
APO_NODISCARD apo_status
apo_lane_alloc(apo_lane *lane, size_t n, size_t element_bytes, void **out, apo_error *err);

/** Note which players vary in a row: those with a column that is not constant in the background,
 * or whose value here differs from the constant one. */
void apo_lane_mark_column(apo_lane *lane, uint32_t row, uint32_t column);

/** The same for all of lane->rows, where rows are doubles. */
void apo_lane_mark_rows(apo_lane *lane);

/** Buffers for lists, partial means and their sums, and `scratch_bytes` for the mean stage. */
APO_NODISCARD apo_status apo_mean_buffers(apo_lane *lane, size_t scratch_bytes, apo_error *err);

/** Upload the lists; run `launch`, a stage that writes `partial` for a tile of background, over
 * all of the background, fold what it writes, and queue the download of the means.
 *
 * `aim` writes the tile [first, first + n) of n_blocks blocks into the launch's args, and
 * `items_per_block` is the number of work-items that one (row, block) takes.
 */
APO_NODISCARD apo_status
apo_mean_run(apo_lane *lane,
             apo_launch *launch,
             size_t items_per_block,
             void (*aim)(void *args, uint32_t first, uint32_t n, uint32_t n_blocks),
             apo_error *err);

#endif
