#include "engine/plan/tiling.h"

#include "kernels/coalition_mean/coalition_mean_abi.h"

enum {
  GPU_GROUP = 64,
  CPU_LIST_WORDS = 16384, /* 64 KiB of cubes: second-level cache */
  GPU_LIST_WORDS = 96,
  MAX_TILE_ROWS = 4096
};

// Seconds per (row, background row) on one core or one group of lanes: visits, then cubes.  From
// bench_kernels on a 2-core AVX-512 machine; only the length of launches rests on it.
static const double seconds_per_tree = 100e-9;
static const double seconds_per_tree_word = 12e-9;
static const double seconds_per_player_word = 20e-9;

uint32_t apo_scratch_chunks(bool is_cpu, uint32_t n_words) {
  return is_cpu ? 1 : (n_words + GPU_GROUP - 1) / GPU_GROUP;
}

uint32_t apo_scratch_lane_words(const apo_plan *plan, bool is_cpu) {
  const uint32_t least = 2 * APO_CUBE_HEAD_WORDS + 2 * plan->max_literals;
  const uint32_t usual = is_cpu ? CPU_LIST_WORDS : GPU_LIST_WORDS;
  return usual > least ? usual : least;
}

size_t apo_scratch_group_words(const apo_plan *plan, bool is_cpu, uint32_t n_words) {
  const size_t group = is_cpu ? 1 : GPU_GROUP;
  const size_t own_words = is_cpu ? n_words : GPU_GROUP;
  const size_t lane = apo_scratch_lane_words(plan, is_cpu) + 2 * (size_t)plan->max_literals;
  const size_t margins = (size_t)plan->n_planes * plan->n_outputs * 32 * own_words;
  return (group * lane + margins + 15) / 16 * 16;
}

static uint64_t value_bytes(const apo_plan *plan) {
  return (uint64_t)plan->n_planes * plan->n_outputs * 32 * plan->max_words * sizeof(float);
}

void apo_tiling_bytes(const apo_plan *plan, bool is_cpu, apo_tiling *tiling) {
  const uint64_t rows = tiling->rows;
  const uint64_t padded = (rows + APO_TILE_GRAIN - 1) / APO_TILE_GRAIN * APO_TILE_GRAIN;
  const uint64_t n_blocks = tiling->background_rows / APO_BACKGROUND_BLOCK;
  const uint64_t values = value_bytes(plan);
  const uint64_t lists = (uint64_t)plan->n_players * plan->max_words * sizeof(uint32_t);
  uint64_t scratch = values;
  if (plan->forest != NULL) {
    scratch = apo_scratch_chunks(is_cpu, plan->max_words) *
              apo_scratch_group_words(plan, is_cpu, plan->max_words) * sizeof(uint32_t);
  }
  const uint64_t row_bytes = 12ull * plan->n_columns + 8ull * plan->n_outputs;
  const uint64_t terms = 8ull * plan->n_outputs * plan->n_players;
  tiling->device_bytes = padded * (row_bytes + (plan->forest == NULL ? terms : 0)) +
                         rows * (lists + 4 + 2 * values + n_blocks * (values + scratch));
  tiling->host_bytes = padded * (2 * row_bytes + terms) + rows * (2 * lists + 4 * values);
}

static double pair_seconds(const apo_plan *plan) {
  if (plan->forest == NULL) {
    return seconds_per_player_word * plan->n_outputs * plan->n_players * plan->max_words;
  }
  return plan->forest->n_instances * (seconds_per_tree + seconds_per_tree_word * plan->max_words);
}

static uint32_t blocks_of(const apo_plan *plan) {
  const uint64_t n = (plan->background->n_rows + APO_BACKGROUND_BLOCK - 1) / APO_BACKGROUND_BLOCK;
  return n < 1u << 20 ? (uint32_t)n : 1u << 20;
}

apo_status apo_tiling_choose(apo_plan *plan,
                             const apo_caps *caps,
                             uint32_t launch_ms,
                             apo_error *err) {
  const bool is_cpu = caps->is_cpu || caps->is_reference;
  const uint64_t budget = plan->memory_bytes / plan->n_lanes;
  const double units = caps->compute_units > 0 ? caps->compute_units : 1;
  const double lanes = is_cpu ? units : 4 * units;
  const double pairs = launch_ms * 1e-3 * lanes / pair_seconds(plan);
  apo_tiling tiling = {.rows = 1, .background_rows = APO_BACKGROUND_BLOCK};

  // Rows first, since blocks of background fold into one another; both while time and bytes last.
  uint64_t rows = (uint64_t)(pairs / APO_BACKGROUND_BLOCK);
  const uint64_t least = is_cpu ? (uint64_t)units : 1;  // no core without a row
  if (rows < least) rows = least;
  if (rows > MAX_TILE_ROWS) rows = MAX_TILE_ROWS;
  tiling.rows = (uint32_t)rows;
  for (;;) {
    apo_tiling_bytes(plan, is_cpu, &tiling);
    if (tiling.device_bytes <= budget / 2 && tiling.host_bytes <= budget / 2) break;
    if (tiling.rows == 1) {
      return apo_fail(
          err, APO_ERR_LIMIT, "memory: one row needs %llu bytes, the budget gives %llu",
          (unsigned long long)(2 * plan->n_lanes *
                               (tiling.device_bytes > tiling.host_bytes ? tiling.device_bytes
                                                                        : tiling.host_bytes)),
          (unsigned long long)plan->memory_bytes);
    }
    tiling.rows /= 2;
  }
  for (uint32_t n_blocks = 2; n_blocks <= blocks_of(plan); ++n_blocks) {
    apo_tiling more = {.rows = tiling.rows, .background_rows = n_blocks * APO_BACKGROUND_BLOCK};
    apo_tiling_bytes(plan, is_cpu, &more);
    if (more.device_bytes > budget / 2) break;
    if ((double)more.rows * more.background_rows > pairs) break;
    tiling = more;
  }
  tiling.launch_seconds = pair_seconds(plan) * tiling.rows * tiling.background_rows / lanes;
  plan->tiling = tiling;
  return APO_OK;
}
