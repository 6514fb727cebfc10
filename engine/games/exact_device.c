#include "engine/games/exact_device.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/games/lane_parts.h"
#include "kernels/group_table/group_table_abi.h"
#include "kernels/leaf_add/leaf_add_abi.h"
#include "kernels/leaf_pairs/leaf_pairs_abi.h"
#include "kernels/leaf_vectors/leaf_vectors_abi.h"
#include "kernels/pattern_counts/pattern_counts_abi.h"
#include "kernels/table_add/table_add_abi.h"

enum {
  TABLE_ROWS = 256,   /* APO_ROWS of table_add on a CPU */
  MOST_SUB_TILES = 8, /* a table is read from memory once for so many of them */
  // Columns a power of two apart would share cache sets; so many rows more keep them apart.
  SKEW_ROWS = 192,
  SMALL_SKEW_ROWS = 32,      /* of tiles that have little to keep apart */
  MAX_LAUNCH_PAIRS = 1 << 27 /* (row, group) a launch: about 0.1 s on two CPU cores */
};

// Nanoseconds on one core: a leaf's player for a row by vectors, a word of a vector made, an octet
// of a table made, a leaf for a row and a background row.  Only the choice between ways to the same
// bits rests on them.
static const double ns_per_player = 30.0;
static const double ns_per_vector_word = 8.0;
static const double ns_per_octet = 30.0;
static const double ns_per_meeting = 2.3;

// --- buffers ------------------------------------------------------------------------------------

static apo_status put_columns(apo_exact_device *d,
                              const void *codes,
                              uint32_t n_rows,
                              apo_executor *executor,
                              apo_error *err);

static apo_status put_games(apo_exact_device *d, apo_executor *e, apo_error *err) {
  const apo_leaf_games *g = d->plan->games;
  const apo_schedule *s = d->plan->schedule;
  const struct {
    apo_buffer **buffer;
    const void *content;
    size_t n_bytes;
  } all[] = {
      {&d->derived, g->derived, g->n_derived * sizeof *g->derived},
      {&d->group, g->group, g->n_groups * sizeof *g->group},
      {&d->leaf, g->leaf, g->n_leaves * sizeof *g->leaf},
      {&d->player, g->player, g->n_group_players * sizeof *g->player},
      {&d->ratio, g->ratio, g->ratio != NULL ? g->n_group_players * sizeof *g->ratio : 0},
      {&d->test, g->test, g->n_tests * sizeof *g->test},
      {&d->slot, g->slot, g->n_slot_words * sizeof *g->slot},
      {&d->block, s->block, (s->n_blocks + (size_t)1) * sizeof *s->block},
      {&d->value, g->value, g->n_values * sizeof *g->value},
      {&d->weight, d->plan->weight, APO_WEIGHTS * sizeof *d->plan->weight},
      {&d->meeting, d->plan->meeting,
       d->plan->meeting != NULL ? APO_MEETINGS * sizeof *d->plan->meeting : 0},
  };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i) {
    APO_TRY(apo_constant_buffer(e, all[i].content, all[i].n_bytes, all[i].buffer, err));
  }
  return APO_OK;
}

static apo_status put_long(apo_exact_device *d, apo_executor *e, apo_error *err) {
  const apo_exact_plan *p = d->plan;
  const apo_leaf_games *g = p->games;
  const size_t n_long = g->n_long;
  const size_t n_moments = (size_t)p->n_moments * p->n_moments;
  const struct {
    apo_buffer **buffer;
    const void *content;
    size_t n_bytes;
    bool of_path, of_pairs;
  } all[] = {
      {&d->long_leaf, g->long_leaf, n_long * sizeof *g->long_leaf, true, true},
      {&d->long_test, g->long_test, g->n_long_tests * sizeof *g->long_test, true, true},
      {&d->long_player, g->long_player, g->n_long_players * sizeof *g->long_player, true, true},
      {&d->pattern, p->pattern, p->n_pattern_words * sizeof *p->pattern, false, true},
      {&d->pattern_weight, p->pattern_weight, p->n_patterns * sizeof *p->pattern_weight, false,
       true},
      {&d->weight_begin, p->weight_begin, n_long * sizeof *p->weight_begin, false, true},
      {&d->moment, p->moment, n_moments * sizeof *p->moment, false, true},
      {&d->long_ratio, p->ratio, g->n_long_players * sizeof *p->ratio, true, false},
      {&d->point, p->point, p->n_points * sizeof *p->point, true, false},
      {&d->points_of, p->points_of, 2 * n_long * sizeof *p->points_of, true, false},
  };
  if (n_long == 0) return APO_OK;
  for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i) {
    if (p->is_path ? !all[i].of_path : !all[i].of_pairs) continue;
    APO_TRY(apo_constant_buffer(e, all[i].content, all[i].n_bytes, all[i].buffer, err));
  }
  return APO_OK;
}

static apo_status put_programs(apo_exact_device *d, apo_executor *e, apo_error *err) {
  const apo_tree_programs *p = &d->plan->games->programs;
  const struct {
    apo_buffer **buffer;
    const void *content;
    size_t n_bytes;
  } all[] = {
      {&d->tree, p->tree, p->n_trees * sizeof *p->tree},
      {&d->step, p->step, p->n_steps * sizeof *p->step},
      {&d->node, p->node, p->n_nodes * sizeof *p->node},
      {&d->factor, p->factor, p->n_factors * sizeof *p->factor},
      {&d->tree_slot, p->slot, p->n_slots * sizeof *p->slot},
  };
  if (p->n_trees == 0) return APO_OK;
  for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i) {
    APO_TRY(apo_constant_buffer(e, all[i].content, all[i].n_bytes, all[i].buffer, err));
  }
  return APO_OK;
}

static apo_status make_room(apo_exact_device *d, apo_executor *e, apo_error *err) {
  const apo_schedule *s = d->plan->schedule;
  const size_t counts = d->plan->is_path ? 4 : s->count_words;
  APO_TRY(apo_executor_buffer(e, counts * sizeof(int32_t) + 32, &d->count, err));
  APO_TRY(apo_executor_buffer(e, s->vector_words * sizeof(uint64_t) + 32, &d->vector, err));
  return apo_executor_buffer(e, s->table_octets * 32 + 32, &d->table, err);
}

uint64_t apo_exact_device_bytes(const apo_exact_plan *plan,
                                const apo_code_forest *forest,
                                uint64_t n_rows) {
  const apo_leaf_games *g = plan->games;
  const apo_schedule *s = plan->schedule;
  const uint64_t columns = (uint64_t)forest->n_columns + g->n_derived;
  const uint64_t code_bytes = forest->cuts->code_bytes;
  const uint64_t counts = plan->is_path ? 4 : s->count_words;
  const uint64_t cut =
      g->n_derived * sizeof *g->derived + g->n_groups * sizeof *g->group +
      g->n_leaves * sizeof *g->leaf + g->n_group_players * (sizeof *g->player + 8ull) +
      g->n_tests * sizeof *g->test + 4ull * (g->n_slot_words + s->n_blocks + g->n_values) +
      (APO_WEIGHTS + APO_MEETINGS) * sizeof(uint64_t);
  const uint64_t longs =
      g->n_long * (sizeof *g->long_leaf + 16ull) + g->n_long_tests * sizeof *g->long_test +
      8ull * g->n_long_players + 4 * (plan->n_pattern_words + plan->n_patterns) +
      8ull * plan->n_moments * plan->n_moments + sizeof *plan->point * plan->n_points;
  const apo_tree_programs *p = &g->programs;
  const uint64_t programs = p->n_trees * sizeof *p->tree + p->n_nodes * sizeof *p->node +
                            4ull * (p->n_steps + (uint64_t)p->n_factors + p->n_slots);
  const uint64_t rows = (n_rows + 63) / 64 * 64 + SKEW_ROWS;
  const uint64_t background =
      n_rows == 0 ? 0 : rows * code_bytes * (columns + forest->n_columns) + 4 * n_rows;
  return cut + longs + programs + background + counts * 4 + s->vector_words * 8 +
         s->table_octets * 32 + 4096;
}

apo_status apo_exact_device_create(const apo_exact_plan *plan,
                                   const apo_code_forest *forest,
                                   apo_buffer *sets,
                                   const void *codes,
                                   uint32_t n_rows,
                                   apo_executor *executor,
                                   apo_exact_device **out,
                                   apo_error *err) {
  *out = NULL;
  apo_exact_device *d = apo_alloc(1, sizeof *d);
  if (d == NULL) return apo_fail(err, APO_ERR_MEMORY, "lane: %zu bytes", sizeof *d);
  d->plan = plan;
  d->forest = forest;
  d->sets = sets;
  apo_status status = put_games(d, executor, err);
  if (status == APO_OK) status = put_long(d, executor, err);
  if (status == APO_OK) status = put_programs(d, executor, err);
  if (status == APO_OK && !plan->is_path) status = put_columns(d, codes, n_rows, executor, err);
  if (status == APO_OK) status = make_room(d, executor, err);
  if (status != APO_OK) apo_exact_device_destroy(executor, &d);
  *out = d;
  return status;
}

void apo_exact_device_destroy(apo_executor *executor, apo_exact_device **device) {
  if (device == NULL || *device == NULL) return;
  apo_exact_device *d = *device;
  apo_buffer **const all[] = {
      &d->derived,        &d->group,        &d->leaf,      &d->player,      &d->ratio,
      &d->test,           &d->slot,         &d->block,     &d->value,       &d->weight,
      &d->meeting,        &d->b_column,     &d->b_count,   &d->count,       &d->vector,
      &d->table,          &d->long_leaf,    &d->long_test, &d->long_player, &d->pattern,
      &d->pattern_weight, &d->weight_begin, &d->moment,    &d->long_ratio,  &d->point,
      &d->points_of,      &d->tree,         &d->step,      &d->node,        &d->factor,
      &d->tree_slot,
  };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i) apo_executor_release(executor, all[i]);
  free(d);
  *device = NULL;
}

// --- stages -------------------------------------------------------------------------------------

static apo_i32 code_bytes_of(const apo_exact_device *d) {
  return (apo_i32)d->forest->cuts->code_bytes;
}

static apo_status queue_columns(const apo_exact_device *d,
                                apo_executor *executor,
                                apo_buffer *code,
                                uint32_t n_rows,
                                uint32_t stride,
                                apo_buffer *column,
                                apo_error *err) {
  const apo_i32 group = apo_group_of(executor);
  const apo_i32 rows = group == 1 ? 64 : 1;
  const apo_column_codes_args args = {.n_rows = n_rows,
                                      .stride = stride,
                                      .n_columns = d->forest->n_columns,
                                      .n_derived = d->plan->games->n_derived};
  const apo_launch launch = {.stage = apo_stage_find("column_codes"),
                             .spec = {code_bytes_of(d), group, rows},
                             .args = &args,
                             .buffers = {code, d->derived, d->sets, column},
                             .n_items = n_rows / (size_t)rows,
                             .group = (size_t)group};
  return apo_executor_launch(executor, &launch, err);
}

// The background's codes on the device, by column; row-major ones are there only meanwhile.
static apo_status put_columns(apo_exact_device *d,
                              const void *codes,
                              uint32_t n_rows,
                              apo_executor *executor,
                              apo_error *err) {
  const size_t row_bytes = (size_t)d->forest->n_columns * d->forest->cuts->code_bytes;
  const uint32_t padded = (n_rows + 63) / 64 * 64;
  const size_t n_columns = (size_t)d->forest->n_columns + d->plan->games->n_derived;
  d->n_background = n_rows;
  d->b_stride = padded + SKEW_ROWS;
  apo_buffer *rows = NULL;
  void *zeros = apo_alloc(64, row_bytes);
  if (zeros == NULL) return apo_fail(err, APO_ERR_MEMORY, "background: %zu bytes", 64 * row_bytes);
  apo_status status =
      apo_constant_buffer(executor, d->plan->count, n_rows * sizeof(int32_t), &d->b_count, err);
  if (status == APO_OK) {
    status = apo_executor_buffer(
        executor, (n_columns * d->b_stride + 64) * d->forest->cuts->code_bytes, &d->b_column, err);
  }
  if (status == APO_OK) {
    status = apo_executor_buffer(executor, padded * row_bytes + 64, &rows, err);
  }
  if (status == APO_OK) {
    status = apo_executor_upload(executor, rows, 0, codes, n_rows * row_bytes, err);
  }
  if (status == APO_OK && padded > n_rows) {
    status = apo_executor_upload(executor, rows, n_rows * row_bytes, zeros,
                                 (padded - n_rows) * row_bytes, err);
  }
  if (status == APO_OK) {
    status = queue_columns(d, executor, rows, padded, d->b_stride, d->b_column, err);
  }
  const apo_status waited = apo_executor_wait(executor, status == APO_OK ? err : NULL);
  apo_executor_release(executor, &rows);
  free(zeros);
  return status != APO_OK ? status : waited;
}

apo_status apo_exact_use_set(apo_exact_device *d,
                             apo_executor *executor,
                             uint32_t set,
                             apo_error *err) {
  const apo_exact_plan *p = d->plan;
  d->has_tables = false;
  APO_TRY(apo_executor_upload(executor, d->b_count, 0, p->count + (size_t)set * d->n_background,
                              d->n_background * sizeof *p->count, err));
  if (p->games->n_long == 0 || p->n_patterns == 0) return APO_OK;
  return apo_executor_upload(executor, d->pattern_weight, 0,
                             p->pattern_weight + set * p->n_patterns,
                             p->n_patterns * sizeof *p->pattern_weight, err);
}

static apo_status queue_counts(const apo_exact_device *d,
                               apo_executor *executor,
                               const apo_chunk *chunk,
                               apo_error *err) {
  const apo_i32 group = apo_group_of(executor);
  uint32_t n_most = MAX_LAUNCH_PAIRS / (d->n_background + 1);
  if (n_most == 0) n_most = 1;
  for (uint32_t g = chunk->group_begin; g < chunk->group_end;) {
    const uint32_t left = chunk->group_end - g;
    const uint32_t n = left < n_most ? left : n_most;
    const apo_pattern_counts_args args = {
        .n_rows = d->n_background, .stride = d->b_stride, .group_begin = g, .group_end = g + n};
    const apo_launch launch = {.stage = apo_stage_find("pattern_counts"),
                               .spec = {code_bytes_of(d), group},
                               .args = &args,
                               .buffers = {d->group, d->test, d->b_column, d->b_count, d->count},
                               .n_items = (size_t)n * (size_t)group,
                               .group = (size_t)group};
    APO_TRY(apo_executor_launch(executor, &launch, err));
    g += n;
  }
  return APO_OK;
}

static apo_status queue_vectors(const apo_exact_device *d,
                                apo_executor *executor,
                                const apo_chunk *chunk,
                                apo_error *err) {
  const apo_i32 group = apo_group_of(executor);
  if (!d->plan->is_path) APO_TRY(queue_counts(d, executor, chunk, err));
  const apo_leaf_vectors_args args = {.group_begin = chunk->group_begin,
                                      .group_end = chunk->group_end};
  const apo_launch launch = {
      .stage = apo_stage_find("leaf_vectors"),
      .spec = {d->plan->is_path ? 1 : 0, d->plan->with_pairs ? 1 : 0, group},
      .args = &args,
      .buffers = {d->group, d->leaf, d->player, d->count, d->ratio, d->weight, d->vector},
      .n_items = (size_t)(chunk->group_end - chunk->group_begin) * (size_t)group,
      .group = (size_t)group};
  return apo_executor_launch(executor, &launch, err);
}

static apo_status queue_tables(const apo_exact_device *d,
                               apo_executor *executor,
                               const apo_batch *batch,
                               apo_error *err) {
  const apo_i32 group = apo_group_of(executor);
  for (uint32_t c = batch->chunk_begin; c < batch->chunk_end; ++c) {
    const apo_chunk *chunk = &d->plan->schedule->chunk[c];
    APO_TRY(queue_vectors(d, executor, chunk, err));
    const apo_group_table_args args = {.group_begin = chunk->group_begin,
                                       .group_end = chunk->group_end};
    const apo_launch launch = {
        .stage = apo_stage_find("group_table"),
        .spec = {d->plan->with_pairs ? 1 : 0, group},
        .args = &args,
        .buffers = {d->group, d->leaf, d->player, d->value, d->vector, d->table},
        .n_items = (size_t)(chunk->group_end - chunk->group_begin) * (size_t)group,
        .group = (size_t)group};
    APO_TRY(apo_executor_launch(executor, &launch, err));
  }
  return APO_OK;
}

// --- rows ---------------------------------------------------------------------------------------

void apo_exact_shape(bool is_cpu, uint32_t compute_units, uint32_t n_rows, apo_exact_rows *out) {
  const uint32_t units = compute_units > 0 ? compute_units : 1;
  uint32_t sub_tiles = 1;
  // An item per core, and then as many rows to an item as keep the cores evenly busy.
  while (is_cpu && sub_tiles < MOST_SUB_TILES && n_rows / units >= 8u * sub_tiles * TABLE_ROWS) {
    sub_tiles *= 2;
  }
  const uint32_t grain = sub_tiles * TABLE_ROWS;
  out->n_rows = n_rows;
  out->sub_tiles = sub_tiles;
  out->padded = (n_rows + grain - 1) / grain * grain;
  out->stride = out->padded + (out->padded < 2048 ? SMALL_SKEW_ROWS : SKEW_ROWS);
}

static apo_status queue_lookups(const apo_exact_device *d,
                                apo_executor *executor,
                                const apo_exact_rows *rows,
                                const apo_batch *batch,
                                apo_error *err) {
  const apo_i32 group = apo_group_of(executor);
  const bool is_cpu = group == 1;
  const uint32_t *block = d->plan->schedule->block;
  const uint32_t n_most = 1 + MAX_LAUNCH_PAIRS / rows->padded;
  for (uint32_t b = batch->block_begin; b < batch->block_end;) {
    uint32_t end = b + 1;
    while (end < batch->block_end && block[end + 1] - block[b] <= n_most) ++end;
    const apo_table_add_args args = {.n_rows = rows->padded,
                                     .stride = rows->stride,
                                     .n_slots = d->plan->games->n_slots,
                                     .block_begin = b,
                                     .block_end = end,
                                     .sub_tiles = rows->sub_tiles};
    const apo_launch launch = {
        .stage = apo_stage_find("table_add"),
        .spec = {code_bytes_of(d), group, is_cpu ? TABLE_ROWS : 1},
        .args = &args,
        .buffers = {d->block, d->group, d->test, d->slot, d->table, rows->column, rows->phi,
                    rows->acc},
        .n_items = is_cpu ? rows->padded / (TABLE_ROWS * (size_t)rows->sub_tiles) : rows->padded,
        .group = (size_t)group};
    APO_TRY(apo_executor_launch(executor, &launch, err));
    b = end;
  }
  return APO_OK;
}

static apo_status add_by_tables(apo_exact_device *d,
                                apo_executor *executor,
                                const apo_exact_rows *rows,
                                apo_error *err) {
  const apo_schedule *s = d->plan->schedule;
  for (uint32_t b = 0; b < s->n_batches; ++b) {
    if (!d->has_tables) APO_TRY(queue_tables(d, executor, &s->batch[b], err));
    if (s->n_batches == 1 && !d->has_tables) {
      // The device's other queue reads them too.
      APO_TRY(apo_executor_wait(executor, err));
      d->has_tables = true;
    }
    APO_TRY(queue_lookups(d, executor, rows, &s->batch[b], err));
  }
  return APO_OK;
}

static apo_status add_by_leaves(apo_exact_device *d,
                                apo_executor *executor,
                                const apo_exact_rows *rows,
                                apo_error *err) {
  const apo_schedule *s = d->plan->schedule;
  const apo_i32 group = apo_group_of(executor);
  for (uint32_t c = 0; c < s->n_chunks; ++c) {
    APO_TRY(queue_vectors(d, executor, &s->chunk[c], err));
    const apo_leaf_add_args args = {.n_rows = rows->n_rows,
                                    .stride = rows->stride,
                                    .n_slots = d->plan->games->n_slots,
                                    .group_begin = s->chunk[c].group_begin,
                                    .group_end = s->chunk[c].group_end};
    const apo_launch launch = {.stage = apo_stage_find("leaf_add"),
                               .spec = {code_bytes_of(d), d->plan->with_pairs ? 1 : 0, group},
                               .args = &args,
                               .buffers = {d->group, d->leaf, d->player, d->test, d->slot, d->value,
                                           d->vector, rows->column, rows->phi},
                               .n_items = (size_t)rows->n_rows * (size_t)group,
                               .group = (size_t)group};
    APO_TRY(apo_executor_launch(executor, &launch, err));
  }
  // Another set's tables would not be theirs.
  if (d->plan->n_sets == 1) d->n_rows_without += rows->n_rows;
  // Counts and vectors are the device's: its other queue may want them next.
  return apo_executor_wait(executor, err);
}

static apo_status add_by_pairs(apo_exact_device *d,
                               apo_executor *executor,
                               const apo_exact_rows *rows,
                               apo_error *err) {
  const apo_i32 group = apo_group_of(executor);
  const apo_leaf_pairs_args args = {.n_rows = rows->n_rows,
                                    .stride = rows->stride,
                                    .n_slots = d->plan->games->n_slots,
                                    .group_end = d->plan->games->n_groups,
                                    .n_background = d->n_background,
                                    .b_stride = d->b_stride};
  const apo_launch launch = {
      .stage = apo_stage_find("leaf_pairs"),
      .spec = {code_bytes_of(d), group},
      .args = &args,
      .buffers = {d->group, d->leaf, d->player, d->test, d->slot, d->value, d->meeting, d->b_column,
                  d->b_count, rows->column, rows->phi},
      .n_items = (size_t)rows->n_rows * (size_t)group,
      .group = (size_t)group};
  if (d->plan->n_sets == 1) d->n_rows_without += rows->n_rows;
  return apo_executor_launch(executor, &launch, err);
}

// What a row costs without tables: by vectors, which are made anew for each tile, and by pairs with
// the background's rows.
static double vectors_row_ns(const apo_exact_device *d) {
  return ns_per_player * d->plan->games->n_group_players;
}

static double pairs_row_ns(const apo_exact_device *d) {
  const bool is_possible = d->plan->meeting != NULL && d->n_background <= APO_LEAF_PAIRS_BACKGROUND;
  return is_possible ? ns_per_meeting * d->n_background * d->plan->games->n_leaves : 1e300;
}

// Tables are made when the rows so far would have paid for them; where they do not stay, a tile's
// rows have to.
static bool wants_tables(const apo_exact_device *d, uint32_t n_rows) {
  const apo_schedule *s = d->plan->schedule;
  const double rows = n_rows + (s->n_batches == 1 ? (double)d->n_rows_without : 0.0);
  return d->has_tables ||
         rows * fmin(vectors_row_ns(d), pairs_row_ns(d)) > ns_per_octet * (double)s->total_octets;
}

static bool wants_pairs(const apo_exact_device *d, uint32_t n_rows) {
  const double vectors = ns_per_vector_word * (double)d->plan->schedule->total_vectors;
  return n_rows * pairs_row_ns(d) < vectors + n_rows * vectors_row_ns(d);
}

apo_status apo_exact_add(apo_exact_device *d,
                         apo_executor *executor,
                         const apo_exact_rows *rows,
                         apo_error *err) {
  APO_TRY(queue_columns(d, executor, rows->code, rows->padded, rows->stride, rows->column, err));
  if (d->plan->games->n_groups > 0) {
    APO_TRY(wants_tables(d, rows->n_rows)  ? add_by_tables(d, executor, rows, err)
            : wants_pairs(d, rows->n_rows) ? add_by_pairs(d, executor, rows, err)
                                           : add_by_leaves(d, executor, rows, err));
  }
  return apo_exact_add_long(d, executor, rows, err);
}
