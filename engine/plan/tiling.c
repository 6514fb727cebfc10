#include "engine/plan/tiling.h"

#include "engine/plan/footprint.h"
#include "kernels/coalition_mean/coalition_mean_abi.h"

enum {
  GPU_GROUP = 64,
  CPU_LIST_WORDS = 16384, /* 64 KiB of cubes: second-level cache */
  GPU_LIST_WORDS = 96,
  MAX_TILE_ROWS = 4096,
  MAX_EXACT_ROWS = 65536,
  LEAST_ROWS_FOR_TWO = 4096,
  DEFAULT_BATCH_ROWS = 8192,
  CALLBACK_TILE_PAIRS = 1 << 17
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

static const apo_caps *least_able(const apo_caps *const *caps, uint32_t n_devices) {
  const apo_caps *least = caps[0];
  for (uint32_t i = 1; i < n_devices; ++i) {
    if (caps[i]->compute_units < least->compute_units) least = caps[i];
  }
  return least;
}

// A callback is called on one thread, and the closed form is computed there.
static bool uses_one_lane(const apo_plan *plan) {
  return plan->model->kind == APO_MODEL_CALLBACK || plan->method == APO_METHOD_LINEAR;
}

static uint32_t lanes_of(const apo_plan *plan, const apo_caps *caps) {
  return caps->is_reference || uses_one_lane(plan) ? 1 : apo_plan_queues(plan);
}

// Whether a tiling fits the budget and every device; its bytes are filled in.
static bool fits(const apo_plan *plan,
                 const apo_caps *const *caps,
                 uint32_t n_devices,
                 apo_tiling *tiling) {
  bool fits_devices = true;
  tiling->device_bytes = 0;
  tiling->host_bytes = apo_footprint_run(plan, tiling);
  for (uint32_t i = 0; i < n_devices; ++i) {
    const bool is_cpu = caps[i]->is_cpu || caps[i]->is_reference;
    const uint32_t n_lanes = lanes_of(plan, caps[i]);
    apo_footprint lane;
    apo_footprint_lane(plan, is_cpu, tiling, &lane);
    const uint64_t device_bytes = n_lanes * lane.device_bytes + apo_footprint_constants(plan);
    tiling->device_bytes += device_bytes;
    tiling->host_bytes += n_lanes * lane.host_bytes;
    // A fifth of a device is left to others: robustness, not arithmetic.
    fits_devices = fits_devices && lane.largest_buffer <= caps[i]->max_alloc_bytes &&
                   device_bytes <= caps[i]->global_bytes / 5 * 4;
  }
  return fits_devices && tiling->device_bytes <= plan->memory_bytes &&
         tiling->host_bytes <= plan->memory_bytes - tiling->device_bytes;
}

static uint32_t first_batch_rows(const apo_plan *plan) {
  const uint64_t asked = plan->model->predictor.batch_rows;
  if (plan->model->kind != APO_MODEL_CALLBACK) return 0;
  return asked == 0 || asked > UINT32_MAX ? DEFAULT_BATCH_ROWS : (uint32_t)asked;
}

static uint32_t first_rows(const apo_plan *plan, bool is_cpu, double units, double pairs) {
  uint64_t rows = (uint64_t)(pairs / APO_BACKGROUND_BLOCK);
  const uint64_t least = is_cpu ? (uint64_t)units : 1;  // no core without a row
  if (plan->method == APO_METHOD_LINEAR) rows = MAX_TILE_ROWS;
  if (plan->model->kind == APO_MODEL_CALLBACK) {
    // Between tiles a run can be watched and stopped.
    rows = CALLBACK_TILE_PAIRS / (32ull * plan->max_words * plan->background->n_rows + 1);
  }
  if (rows < least) rows = least;
  return rows > MAX_TILE_ROWS ? MAX_TILE_ROWS : (uint32_t)rows;
}

// Exact values, nanoseconds on one core; from `apportion bench` on a 2-core AVX-512 machine.
static const double ns_per_octet = 1.1;        /* added to a row */
static const double ns_per_test = 0.06;        /* of a row */
static const double ns_per_step = 1.2;         /* down a tree, for the margin */
static const double ns_per_cell = 12.0;        /* a row's column: to codes, and its value out */
static const double ns_per_count = 0.75;       /* a background row's index, and its count */
static const double ns_per_vector_word = 8.0;  /* of a leaf's vectors */
static const double ns_per_table_octet = 30.0; /* of a group's table */

static void expect_exact(const apo_plan *plan, double units, apo_tiling *tiling) {
  const apo_schedule *s = plan->exact->schedule;
  const double n_background = (double)plan->background->n_rows;
  const double trees = plan->forest->n_instances;
  const double steps = plan->forest->max_depth;
  tiling->prepare_seconds =
      1e-9 / units *
      (ns_per_count * n_background * plan->exact->games->n_groups +
       ns_per_step * n_background * trees * steps + ns_per_vector_word * (double)s->total_vectors +
       ns_per_table_octet * (double)s->total_octets);
  tiling->row_seconds =
      1e-9 / units *
      (ns_per_octet * (double)s->row_lookups + ns_per_test * (double)s->row_tests +
       ns_per_step * trees * steps + ns_per_cell * (plan->n_columns + plan->exact->games->n_slots) +
       plan->exact->games->programs.row_ns);
  // Tables and look-ups are those of every set.
  tiling->prepare_seconds *= plan->exact->n_sets;
  tiling->row_seconds *= plan->exact->n_sets;
}

static apo_status too_small(const apo_plan *plan, const apo_tiling *tiling, apo_error *err) {
  return apo_fail(err, APO_ERR_LIMIT, "memory: one row needs %llu bytes, the budget gives %llu",
                  (unsigned long long)(tiling->device_bytes + tiling->host_bytes),
                  (unsigned long long)plan->memory_bytes);
}

// Exact values: the more rows a tile has, the less often tables come from memory.
static apo_status choose_exact(
    apo_plan *plan, const apo_caps *const *caps, uint32_t n_devices, double units, apo_error *err) {
  apo_tiling tiling = {.rows = MAX_EXACT_ROWS, .background_rows = APO_BACKGROUND_BLOCK};
  while (!fits(plan, caps, n_devices, &tiling)) {
    if (tiling.rows == 1) return too_small(plan, &tiling, err);
    tiling.rows /= 2;
    // Small tiles cost more than what a second queue hides.
    if (tiling.rows < LEAST_ROWS_FOR_TWO) plan->has_one_queue = true;
  }
  plan->n_lanes = 0;
  for (uint32_t i = 0; i < n_devices; ++i) plan->n_lanes += lanes_of(plan, caps[i]);
  expect_exact(plan, units, &tiling);
  plan->tiling = tiling;
  return APO_OK;
}

apo_status apo_tiling_choose(apo_plan *plan,
                             const apo_caps *const *caps,
                             uint32_t n_devices,
                             uint32_t launch_ms,
                             apo_error *err) {
  const apo_caps *least = least_able(caps, n_devices);
  const bool is_cpu = least->is_cpu || least->is_reference;
  const double units = least->compute_units > 0 ? least->compute_units : 1;
  const double lanes = is_cpu ? units : 4 * units;
  const double seconds = pair_seconds(plan);
  const double pairs = seconds > 0 ? launch_ms * 1e-3 * lanes / seconds : 1e18;
  const uint32_t n_used = uses_one_lane(plan) ? 1 : n_devices;
  apo_tiling tiling = {.rows = first_rows(plan, is_cpu, units, pairs < 1e9 ? pairs : 1e9),
                       .background_rows = APO_BACKGROUND_BLOCK,
                       .batch_rows = first_batch_rows(plan)};
  plan->n_lanes = 0;
  for (uint32_t i = 0; i < n_used; ++i) plan->n_lanes += lanes_of(plan, caps[i]);
  if (plan->exact != NULL) return choose_exact(plan, caps, n_used, units, err);

  // Rows first, since blocks of background fold into one another; both while time and bytes last.
  while (!fits(plan, caps, n_used, &tiling)) {
    if (tiling.rows > 1) {
      tiling.rows /= 2;
    } else if (tiling.batch_rows > 1) {
      tiling.batch_rows /= 2;
    } else {
      return too_small(plan, &tiling, err);
    }
  }
  for (uint32_t n_blocks = 2; n_blocks <= blocks_of(plan); ++n_blocks) {
    apo_tiling more = tiling;
    more.background_rows = n_blocks * APO_BACKGROUND_BLOCK;
    if (!fits(plan, caps, n_used, &more)) break;
    if ((double)more.rows * more.background_rows > pairs) break;
    tiling = more;
  }
  tiling.launch_seconds = seconds * tiling.rows * tiling.background_rows / lanes;
  plan->tiling = tiling;
  return APO_OK;
}
