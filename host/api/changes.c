#include "host/api/changes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/games/forest_stages.h"
#include "engine/games/lane_parts.h"
#include "engine/model/callback.h"
#include "host/api/clock.h"
#include "kernels/donor_margin/donor_margin_abi.h"

enum { CPU_TILE_ROWS = 2048, GPU_TILE_ROWS = 16384 };

// One device's queue with the forest on it and room for a tile.
typedef struct worker {
  apo_executor *executor;
  apo_forest_buffers forest;
  apo_buffer *player_of_column;
  apo_buffer *code, *donor, *change, *parted;
  uint32_t row_begin; /* of the tile at hand */
  uint32_t n_rows;
} worker;

// A tile on the host.
typedef struct staging {
  void *donor_codes;
  int64_t *change; /* [players x outputs x padded rows] */
  void *codes;
} staging;

struct apo_changes {
  apo_changes_spec spec;
  apo_lanes lanes;
  worker workers[APO_MAX_LANES];
  staging tiles[APO_MAX_LANES];
  uint32_t n_tiles; /* allocated */
  uint32_t n_workers;
  uint32_t tile_rows;
  uint32_t tile_players; /* players that a tile has room for */
  double seconds_build;
  double *work; /* callbacks: [batch x n_columns] values */
};

// --- workers ------------------------------------------------------------------------------------

static void close_workers(apo_changes *c) {
  for (uint32_t i = 0; i < c->n_workers; ++i) {
    worker *w = &c->workers[i];
    apo_buffer **const buffers[] = {
        &w->player_of_column, &w->code, &w->donor, &w->change, &w->parted,
    };
    for (size_t b = 0; b < sizeof buffers / sizeof buffers[0]; ++b) {
      apo_executor_release(w->executor, buffers[b]);
    }
    apo_forest_release(w->executor, &w->forest);
  }
  c->n_workers = 0;
}

static apo_status open_worker(apo_changes *c, worker *w, apo_error *err) {
  const apo_code_forest *forest = c->spec.forest;
  const size_t rows = apo_padded_rows(c->tile_rows);
  const size_t code_bytes = rows * forest->n_columns * forest->cuts->code_bytes;
  const size_t n_changes = rows * c->tile_players * forest->n_outputs;
  APO_TRY(apo_forest_upload(forest, w->executor, &w->forest, err));
  APO_TRY(apo_constant_buffer(w->executor, c->spec.player_of_column,
                              forest->n_columns * sizeof(uint32_t), &w->player_of_column, err));
  APO_TRY(apo_executor_buffer(w->executor, code_bytes, &w->code, err));
  APO_TRY(apo_executor_buffer(w->executor, code_bytes, &w->donor, err));
  APO_TRY(apo_executor_buffer(w->executor, n_changes * sizeof(int64_t), &w->change, err));
  return apo_executor_buffer(w->executor, 2 * rows * (forest->max_depth + 1) * sizeof(uint32_t),
                             &w->parted, err);
}

static apo_status open_workers(apo_changes *c, uint32_t *lane_out, apo_error *err) {
  const double start = apo_clock_seconds();
  *lane_out = 0;
  apo_status status = apo_lanes_open(&c->lanes, err);
  for (uint32_t at = 0; at < c->lanes.n && at < c->n_tiles && status == APO_OK; ++at) {
    c->workers[at] = (worker){.executor = c->lanes.executors[at]};
    c->n_workers = at + 1;
    *lane_out = at;
    status = open_worker(c, &c->workers[at], err);
  }
  c->seconds_build += apo_clock_seconds() - start;
  return status;
}

static apo_status stand_up(apo_changes *c, uint32_t lane, apo_status status, apo_error *err) {
  while (status != APO_OK) {
    close_workers(c);
    const bool can_shrink = c->tile_rows > APO_TILE_GRAIN;
    switch (apo_lanes_answer(&c->lanes, lane, status, can_shrink)) {
      case APO_ANSWER_FAIL:
        if (status != APO_ERR_DEVICE_MEMORY) return status;
        return apo_prefix(err, status, "%u rows: ", c->tile_rows);
      case APO_ANSWER_SMALLER_TILE: c->tile_rows /= 2; break;
      case APO_ANSWER_AGAIN: break;
    }
    status = open_workers(c, &lane, err);
  }
  return APO_OK;
}

// --- forests ------------------------------------------------------------------------------------

static void gather(const apo_changes *c,
                   const staging *tile,
                   const worker *w,
                   const uint32_t *donor) {
  const size_t row_bytes = (size_t)c->spec.forest->n_columns * c->spec.forest->cuts->code_bytes;
  const char *codes = c->spec.codes;
  for (uint32_t row = 0; row < w->n_rows; ++row) {
    memcpy((char *)tile->codes + row * row_bytes, codes + (w->row_begin + row) * row_bytes,
           row_bytes);
    memcpy((char *)tile->donor_codes + row * row_bytes,
           codes + donor[w->row_begin + row] * row_bytes, row_bytes);
  }
}

static apo_status launch(
    const apo_changes *c, const worker *w, uint32_t player, uint32_t n_players, apo_error *err) {
  const apo_code_forest *forest = c->spec.forest;
  const apo_i32 group = apo_group_of(w->executor);
  const apo_i32 rows = group == 1 ? 32 : 1;
  const uint32_t n_rows = apo_padded_rows(w->n_rows);
  for (apo_tree_range trees = {0}; apo_forest_next_trees(forest, n_rows, &trees);) {
    const apo_donor_margin_args args = {
        .n_rows = n_rows,
        .n_columns = forest->n_columns,
        .n_outputs = forest->n_outputs,
        .output = trees.output,
        .instance_begin = trees.begin,
        .instance_end = trees.end,
        .player_begin = player,
        .n_players = n_players,
        .max_depth = forest->max_depth,
    };
    const apo_launch stage = {
        .stage = apo_stage_find("donor_margin"),
        .spec = {(apo_i32)forest->cuts->code_bytes, forest->has_sets ? 1 : 0, group, rows},
        .args = &args,
        .buffers = {w->forest.node, w->forest.instance, w->forest.leaf64, w->forest.sets,
                    w->player_of_column, w->code, w->donor, w->change, w->parted},
        .n_items = n_rows / (size_t)rows,
        .group = (size_t)group,
    };
    APO_TRY(apo_executor_launch(w->executor, &stage, err));
  }
  return APO_OK;
}

static apo_status begin_tile(apo_changes *c,
                             uint32_t lane,
                             const uint32_t *donor,
                             uint32_t player,
                             uint32_t n_players,
                             apo_error *err) {
  const worker *w = &c->workers[lane];
  const staging *tile = &c->tiles[lane];
  const apo_code_forest *forest = c->spec.forest;
  const size_t rows = apo_padded_rows(w->n_rows);
  const size_t code_bytes = rows * forest->n_columns * forest->cuts->code_bytes;
  const size_t change_bytes = rows * n_players * forest->n_outputs * sizeof(int64_t);
  gather(c, tile, w, donor);
  memset(tile->change, 0, change_bytes);
  APO_TRY(apo_executor_upload(w->executor, w->code, 0, tile->codes, code_bytes, err));
  APO_TRY(apo_executor_upload(w->executor, w->donor, 0, tile->donor_codes, code_bytes, err));
  APO_TRY(apo_executor_upload(w->executor, w->change, 0, tile->change, change_bytes, err));
  APO_TRY(launch(c, w, player, n_players, err));
  return apo_executor_download(w->executor, w->change, 0, tile->change, change_bytes, err);
}

static void scatter(const apo_changes *c, uint32_t lane, uint32_t n_players, double *out) {
  const worker *w = &c->workers[lane];
  const apo_code_forest *forest = c->spec.forest;
  const uint32_t n_outputs = forest->n_outputs;
  const size_t rows = apo_padded_rows(w->n_rows);
  for (size_t slot = 0; slot < n_players; ++slot) {
    for (size_t k = 0; k < n_outputs; ++k) {
      const int64_t *change = c->tiles[lane].change + (slot * n_outputs + k) * rows;
      for (size_t row = 0; row < w->n_rows; ++row) {
        const size_t at = (w->row_begin + row) * n_outputs + k;
        out[slot * c->spec.n_rows * n_outputs + at] =
            c->spec.margins[at] + (double)change[row] * forest->unit64;
      }
    }
  }
}

// Tiles in order over the lanes; after a fault, on from the first tile that is not done.
static apo_status forest_margins(apo_changes *c,
                                 const uint32_t *donor,
                                 uint32_t player,
                                 uint32_t n_players,
                                 double *out,
                                 apo_error *err) {
  uint32_t row_done = 0;
  uint32_t row_next = 0;
  uint32_t first = 0;
  uint32_t n_flying = 0;
  while (row_done < c->spec.n_rows) {
    apo_status status;
    uint32_t lane = first;
    if (row_next < c->spec.n_rows && n_flying < c->n_workers) {
      lane = (first + n_flying) % c->n_workers;
      worker *w = &c->workers[lane];
      const uint32_t left = c->spec.n_rows - row_next;
      w->row_begin = row_next;
      w->n_rows = left < c->tile_rows ? left : c->tile_rows;
      row_next += w->n_rows;
      ++n_flying;
      status = begin_tile(c, lane, donor, player, n_players, err);
    } else {
      status = apo_executor_wait(c->workers[lane].executor, err);
      if (status == APO_OK) {
        scatter(c, lane, n_players, out);
        row_done += c->workers[lane].n_rows;
        first = (first + 1) % c->n_workers;
        --n_flying;
      }
    }
    if (status != APO_OK) {
      APO_TRY(stand_up(c, lane, status, err));
      row_next = row_done;
      first = 0;
      n_flying = 0;
    }
  }
  return APO_OK;
}

// --- other models -------------------------------------------------------------------------------

static void mix_row(
    const apo_changes *c, uint32_t row, uint32_t donor, uint32_t player, double *out) {
  const uint32_t n_columns = c->spec.model->n_columns;
  for (uint32_t column = 0; column < n_columns; ++column) {
    const uint32_t from = c->spec.player_of_column[column] == player ? donor : row;
    out[column] = c->spec.values[(size_t)from * n_columns + column];
  }
}

// What a value of a column adds to a margin.  Rows were scored before, so missing values have a rule.
static double linear_term(const apo_model *model, uint32_t output, uint32_t column, double value) {
  const double w = model->linear->coefficients[(size_t)output * model->n_columns + column];
  const double moved = apo_model_value(model, column, value);
  return w == 0.0 || isnan(moved) ? 0.0 : w * moved;
}

// Only the player's terms change, so wide models cost their columns once, not once a player.
static apo_status linear_row(apo_changes *c,
                             uint32_t row,
                             uint32_t donor,
                             uint32_t player,
                             const uint32_t *columns,
                             uint32_t n_columns,
                             double *out,
                             apo_error *err) {
  const apo_model *model = c->spec.model;
  const double *from = c->spec.values + (size_t)donor * model->n_columns;
  const double *to = c->spec.values + (size_t)row * model->n_columns;
  for (uint32_t k = 0; k < model->n_outputs; ++k) {
    double change = 0.0;
    for (uint32_t i = 0; i < n_columns; ++i) {
      change += linear_term(model, k, columns[i], from[columns[i]]) -
                linear_term(model, k, columns[i], to[columns[i]]);
    }
    out[k] = c->spec.margins[(size_t)row * model->n_outputs + k] + change;
    if (isfinite(out[k])) continue;
    mix_row(c, row, donor, player, c->work);  // an infinity came or went
    return apo_model_margin(model, c->work, out, err);
  }
  return APO_OK;
}

static apo_status linear_margins(apo_changes *c,
                                 const uint32_t *donor,
                                 uint32_t player,
                                 uint32_t n_players,
                                 double *out,
                                 apo_error *err) {
  apo_status status = APO_OK;
  const apo_model *model = c->spec.model;
  uint32_t *columns = apo_alloc(model->n_columns, sizeof *columns);
  if (columns == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "importance: %u columns", model->n_columns);
  }
  for (uint32_t p = player; p < player + n_players && status == APO_OK; ++p) {
    uint32_t n = 0;
    for (uint32_t column = 0; column < model->n_columns; ++column) {
      if (c->spec.player_of_column[column] == p) columns[n++] = column;
    }
    for (uint32_t row = 0; row < c->spec.n_rows && status == APO_OK; ++row) {
      status = linear_row(c, row, donor[row], p, columns, n, out, err);
      out += model->n_outputs;
    }
  }
  free(columns);
  return status;
}

static apo_status callback_margins(apo_changes *c,
                                   const uint32_t *donor,
                                   uint32_t player,
                                   uint32_t n_players,
                                   double *out,
                                   apo_error *err) {
  const apo_model *model = c->spec.model;
  const uint32_t n_columns = model->n_columns;
  for (uint32_t p = player; p < player + n_players; ++p) {
    for (uint32_t begin = 0; begin < c->spec.n_rows; begin += c->tile_rows) {
      const uint32_t left = c->spec.n_rows - begin;
      const uint32_t n = left < c->tile_rows ? left : c->tile_rows;
      for (uint32_t row = 0; row < n; ++row) {
        mix_row(c, begin + row, donor[begin + row], p, c->work + (size_t)row * n_columns);
      }
      const apo_status status = apo_callback_predict(model, c->work, n, out, err);
      if (status != APO_OK) {
        return apo_prefix(err, status, "player %u: rows from %u: ", p, begin);
      }
      out += (size_t)n * model->n_outputs;
    }
  }
  return APO_OK;
}

apo_status apo_changes_margins(apo_changes *changes,
                               const uint32_t *donor,
                               uint32_t player,
                               uint32_t n_players,
                               double *out,
                               apo_error *err) {
  switch (changes->spec.model->kind) {
    case APO_MODEL_FOREST:
      for (uint32_t at = 0; at < n_players; at += changes->tile_players) {
        const uint32_t left = n_players - at;
        const uint32_t n = left < changes->tile_players ? left : changes->tile_players;
        const size_t skip = (size_t)at * changes->spec.n_rows * changes->spec.model->n_outputs;
        APO_TRY(forest_margins(changes, donor, player + at, n, out + skip, err));
      }
      return APO_OK;
    case APO_MODEL_LINEAR: return linear_margins(changes, donor, player, n_players, out, err);
    case APO_MODEL_CALLBACK: return callback_margins(changes, donor, player, n_players, out, err);
  }
  return APO_OK;
}

// --- set-up -------------------------------------------------------------------------------------

static uint64_t tile_bytes(const apo_changes *c) {
  const uint64_t codes = c->spec.forest->cuts->code_bytes * (uint64_t)c->spec.forest->n_columns;
  const uint64_t changes = 8ull * c->tile_players * c->spec.forest->n_outputs;
  return apo_padded_rows(c->tile_rows) *
         (2 * codes + changes + 8ull * (c->spec.forest->max_depth + 1));
}

// Players first: a pass serves any number of them at nearly the same cost.
static void size_tiles(apo_changes *c) {
  const bool is_cpu = apo_devices_caps(c->spec.devices, 0)->is_cpu ||
                      apo_devices_caps(c->spec.devices, 0)->is_reference;
  const uint64_t budget = apo_memory_budget(c->spec.memory_bytes) / (2 * c->n_tiles);
  c->tile_rows = is_cpu ? CPU_TILE_ROWS : GPU_TILE_ROWS;
  c->tile_players = c->spec.n_players;
  while (tile_bytes(c) > budget && c->tile_rows > APO_TILE_GRAIN) c->tile_rows /= 2;
  while (tile_bytes(c) > budget && c->tile_players > 1) c->tile_players = (c->tile_players + 1) / 2;
}

static apo_status open_forest(apo_changes *c, apo_error *err) {
  const apo_code_forest *forest = c->spec.forest;
  const uint32_t n_devices = apo_devices_count(c->spec.devices);
  c->lanes.devices = c->spec.devices;
  c->lanes.n_per_device = 1;
  c->n_tiles = n_devices < APO_MAX_LANES ? n_devices : APO_MAX_LANES;
  size_tiles(c);
  const size_t rows = apo_padded_rows(c->tile_rows);
  for (uint32_t i = 0; i < c->n_tiles; ++i) {
    staging *tile = &c->tiles[i];
    tile->codes = apo_alloc(rows * forest->n_columns, forest->cuts->code_bytes);
    tile->donor_codes = apo_alloc(rows * forest->n_columns, forest->cuts->code_bytes);
    tile->change = apo_alloc(rows * c->tile_players * forest->n_outputs, sizeof *tile->change);
    if (tile->codes == NULL || tile->donor_codes == NULL || tile->change == NULL) {
      return apo_fail(err, APO_ERR_MEMORY, "importance: tiles of %zu rows", rows);
    }
  }
  uint32_t lane = 0;
  const apo_status status = open_workers(c, &lane, err);
  return status == APO_OK ? APO_OK : stand_up(c, lane, status, err);
}

apo_status apo_changes_create(const apo_changes_spec *spec, apo_changes **out, apo_error *err) {
  apo_status status = APO_OK;
  *out = NULL;
  apo_changes *c = apo_alloc(1, sizeof *c);
  if (c == NULL) return apo_fail(err, APO_ERR_MEMORY, "importance: %zu bytes", sizeof *c);
  c->spec = *spec;
  c->tile_rows = CPU_TILE_ROWS;
  if (spec->model->kind == APO_MODEL_FOREST) {
    status = open_forest(c, err);
  } else {
    c->work = apo_alloc((size_t)c->tile_rows * spec->model->n_columns, sizeof *c->work);
    if (c->work == NULL)
      status = apo_fail(err, APO_ERR_MEMORY, "importance: %u rows", c->tile_rows);
  }
  if (status != APO_OK) apo_changes_destroy(&c);
  *out = c;
  return status;
}

void apo_changes_destroy(apo_changes **changes) {
  if (changes == NULL || *changes == NULL) return;
  apo_changes *c = *changes;
  close_workers(c);
  apo_lanes_close(&c->lanes);
  for (uint32_t i = 0; i < c->n_tiles; ++i) {
    free(c->tiles[i].codes);
    free(c->tiles[i].donor_codes);
    free(c->tiles[i].change);
  }
  free(c->work);
  free(c);
  *changes = NULL;
}

void apo_changes_report(apo_changes *c, apo_report *report) {
  if (c->spec.model->kind != APO_MODEL_FOREST) return;
  const uint64_t bytes = c->n_tiles * tile_bytes(c);
  close_workers(c);
  apo_lanes_report(&c->lanes, report);
  report->seconds_build += c->seconds_build;
  if (bytes > report->host_bytes) report->host_bytes = bytes;
}
