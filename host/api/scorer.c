#include "host/api/scorer.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/data/encode.h"
#include "engine/data/rows.h"
#include "engine/games/forest_stages.h"
#include "engine/games/lane_parts.h"
#include "engine/games/linear_stages.h"
#include "engine/model/callback.h"
#include "host/api/clock.h"

enum { MAX_BLOCK_ROWS = 16384 };

// What all lanes of one device share.
typedef struct constants {
  apo_forest_buffers forest;
  apo_buffer *coefficient_high, *coefficient_low, *player_of_column; /* linear */
} constants;

typedef struct worker {
  apo_executor *executor;
  constants own;                     /* of the first worker on a device */
  const constants *shared;           /* own, or that of the first worker on the device */
  apo_buffer *value, *code, *margin; /* forest */
  apo_buffer *high, *low, *term_high, *term_low; /* linear */
  bool is_busy;
} worker;

// A block in flight, on the host.
typedef struct block {
  void *values;    /* encoded: [padded x n_columns] values; linear: high, then low */
  void *codes;     /* [padded x n_columns], forests */
  int64_t *sums;   /* [padded x n_outputs], forests */
  float *terms;    /* linear: [2 x padded x n_outputs] high, then low */
  double *margins; /* [rows x n_outputs] */
  bool is_done;    /* margins are there: the host computed them */
  uint32_t n_rows;
  uint32_t worker;
} block;

struct apo_scorer {
  const apo_model *model;
  const apo_code_forest *forest;
  uint32_t block_rows;
  float most_value; /* linear: rows with a larger one are the host's */
  apo_lanes lanes;
  worker workers[APO_MAX_LANES];
  uint32_t n_workers;
  block blocks[APO_MAX_LANES]; /* ring */
  uint32_t n_blocks;
  uint32_t first;
  uint32_t n_flying;
  uint64_t host_bytes;
  double seconds_build;
};

// --- workers ------------------------------------------------------------------------------------

static void close_workers(apo_scorer *s) {
  for (uint32_t i = s->n_workers; i-- > 0;) {
    worker *w = &s->workers[i];
    constants *c = &w->own;
    apo_buffer **const buffers[] = {
        &w->value,
        &w->code,
        &w->margin,
        &w->high,
        &w->low,
        &w->term_high,
        &w->term_low,
        &c->coefficient_high,
        &c->coefficient_low,
        &c->player_of_column,
    };
    for (size_t b = 0; b < sizeof buffers / sizeof buffers[0]; ++b) {
      apo_executor_release(w->executor, buffers[b]);
    }
    apo_forest_release(w->executor, &c->forest);
  }
  s->n_workers = 0;
}

static apo_status open_constants(apo_scorer *s, worker *w, apo_error *err) {
  constants *c = &w->own;
  w->shared = c;
  if (s->forest != NULL) {
    return apo_forest_upload(s->forest, w->executor, &c->forest, err);
  }
  if (s->model->kind != APO_MODEL_LINEAR) return APO_OK;
  // For a margin all columns belong to one player.
  const size_t n_bytes = s->model->n_columns * sizeof(uint32_t);
  uint32_t *zeros = apo_alloc(s->model->n_columns, sizeof *zeros);
  if (zeros == NULL) return apo_fail(err, APO_ERR_MEMORY, "model: %zu bytes", n_bytes);
  const apo_status status =
      apo_constant_buffer(w->executor, zeros, n_bytes, &c->player_of_column, err);
  free(zeros);
  if (status != APO_OK) return status;
  return apo_linear_constants(s->model, w->executor, &c->coefficient_high, &c->coefficient_low,
                              err);
}

static apo_status open_buffers(apo_scorer *s, worker *w, apo_error *err) {
  const size_t rows = apo_padded_rows(s->block_rows);
  const size_t n = rows * s->model->n_columns;
  const size_t n_outputs = rows * s->model->n_outputs;
  if (s->forest != NULL) {
    const apo_cuts *cuts = s->forest->cuts;
    APO_TRY(apo_executor_buffer(w->executor, n * cuts->key_bytes, &w->value, err));
    APO_TRY(apo_executor_buffer(w->executor, n * cuts->code_bytes, &w->code, err));
    return apo_executor_buffer(w->executor, n_outputs * sizeof(int64_t), &w->margin, err);
  }
  if (s->model->kind != APO_MODEL_LINEAR) return APO_OK;
  APO_TRY(apo_executor_buffer(w->executor, n * sizeof(float), &w->high, err));
  APO_TRY(apo_executor_buffer(w->executor, n * sizeof(float), &w->low, err));
  APO_TRY(apo_executor_buffer(w->executor, n_outputs * sizeof(float), &w->term_high, err));
  return apo_executor_buffer(w->executor, n_outputs * sizeof(float), &w->term_low, err);
}

static apo_status open_workers(apo_scorer *s, uint32_t *lane_out, apo_error *err) {
  const double start = apo_clock_seconds();
  *lane_out = 0;
  apo_status status = apo_lanes_open(&s->lanes, err);
  for (uint32_t at = 0; at < s->lanes.n && status == APO_OK; ++at) {
    worker *w = &s->workers[at];
    *w = (worker){.executor = s->lanes.executors[at]};
    *lane_out = at;
    s->n_workers = at + 1;
    for (uint32_t other = 0; other < at && w->shared == NULL; ++other) {
      if (s->lanes.device_of[other] == s->lanes.device_of[at]) {
        w->shared = s->workers[other].shared;
      }
    }
    if (w->shared == NULL) status = open_constants(s, w, err);
    if (status == APO_OK) status = open_buffers(s, w, err);
  }
  s->seconds_build += apo_clock_seconds() - start;
  return status;
}

// --- one block ----------------------------------------------------------------------------------

static apo_status queue_forest(apo_scorer *s, const worker *w, block *b, apo_error *err) {
  const apo_cuts *cuts = s->forest->cuts;
  const constants *c = w->shared;
  const uint32_t rows = apo_padded_rows(b->n_rows);
  const size_t n = (size_t)rows * s->model->n_columns;
  const size_t sum_bytes = (size_t)rows * s->model->n_outputs * sizeof *b->sums;
  memset(b->sums, 0, sum_bytes);
  APO_TRY(apo_executor_upload(w->executor, w->value, 0, b->values, n * cuts->key_bytes, err));
  APO_TRY(apo_executor_upload(w->executor, w->margin, 0, b->sums, sum_bytes, err));
  APO_TRY(apo_forest_codes(s->forest, &c->forest, w->executor, rows, w->value, w->code, err));
  APO_TRY(apo_forest_margins(s->forest, &c->forest, w->executor, rows, w->code, w->margin, err));
  if (b->codes != NULL) {
    APO_TRY(apo_executor_download(w->executor, w->code, 0, b->codes, n * cuts->code_bytes, err));
  }
  return apo_executor_download(w->executor, w->margin, 0, b->sums, sum_bytes, err);
}

static apo_status queue_linear(apo_scorer *s, const worker *w, block *b, apo_error *err) {
  const constants *c = w->shared;
  const uint32_t rows = apo_padded_rows(b->n_rows);
  const size_t n_bytes = (size_t)rows * s->model->n_columns * sizeof(float);
  const size_t n_terms = (size_t)rows * s->model->n_outputs;
  const size_t room = (size_t)apo_padded_rows(s->block_rows) * s->model->n_columns;
  const apo_linear_buffers stage = {
      w->high,      w->low,     c->coefficient_high, c->coefficient_low, c->player_of_column,
      w->term_high, w->term_low};
  APO_TRY(apo_executor_upload(w->executor, w->high, 0, b->values, n_bytes, err));
  APO_TRY(apo_executor_upload(w->executor, w->low, 0, (float *)b->values + room, n_bytes, err));
  APO_TRY(apo_linear_queue_terms(s->model, w->executor, rows, 1, &stage, err));
  APO_TRY(
      apo_executor_download(w->executor, w->term_high, 0, b->terms, n_terms * sizeof(float), err));
  return apo_executor_download(w->executor, w->term_low, 0, b->terms + n_terms,
                               n_terms * sizeof(float), err);
}

static apo_status call_back(apo_scorer *s, block *b, apo_error *err) {
  return apo_callback_predict(s->model, b->values, b->n_rows, b->margins, err);
}

static apo_status queue_block(apo_scorer *s, block *b, apo_error *err) {
  const worker *w = &s->workers[b->worker];
  if (b->is_done) return APO_OK;
  if (s->forest != NULL) return queue_forest(s, w, b, err);
  if (s->model->kind == APO_MODEL_LINEAR) return queue_linear(s, w, b, err);
  return call_back(s, b, err);
}

static void close_block(const apo_scorer *s, block *b) {
  const uint32_t n_outputs = s->model->n_outputs;
  const size_t n_terms = (size_t)apo_padded_rows(b->n_rows) * n_outputs;
  if (b->is_done || s->model->kind == APO_MODEL_CALLBACK) return;
  for (size_t i = 0; i < (size_t)b->n_rows * n_outputs; ++i) {
    const double sum = s->forest != NULL ? (double)b->sums[i] * s->forest->unit64
                                         : (double)b->terms[i] + (double)b->terms[n_terms + i];
    b->margins[i] = s->model->base[i % n_outputs] + sum;
  }
}

// --- faults -------------------------------------------------------------------------------------

// Blocks cannot shrink here: when memory runs out, one queue a device is what is left to try.
static apo_status stand_up(apo_scorer *s, uint32_t lane, apo_status status, apo_error *err) {
  while (status != APO_OK) {
    close_workers(s);
    switch (apo_lanes_answer(&s->lanes, lane, status, s->lanes.n_per_device > 1)) {
      case APO_ANSWER_FAIL:
        if (status != APO_ERR_DEVICE_MEMORY) return status;
        return apo_prefix(err, status, "%u rows: ", s->block_rows);
      case APO_ANSWER_SMALLER_TILE: s->lanes.n_per_device = 1; break;
      case APO_ANSWER_AGAIN: break;
    }
    status = open_workers(s, &lane, err);
  }
  return APO_OK;
}

static apo_status recover(apo_scorer *s, uint32_t lane, apo_status status, apo_error *err) {
  APO_TRY(stand_up(s, lane, status, err));
  for (uint32_t i = 0; i < s->n_flying;) {
    block *b = &s->blocks[(s->first + i) % s->n_blocks];
    b->worker = 0;
    status = queue_block(s, b, err);
    if (status == APO_OK) status = apo_executor_wait(s->workers[0].executor, err);
    if (status == APO_OK) {
      ++i;
    } else {
      APO_TRY(stand_up(s, 0, status, err));
      i = 0;
    }
  }
  return APO_OK;
}

// --- the interface ------------------------------------------------------------------------------

uint32_t apo_scorer_block_rows(const apo_scorer *scorer) {
  return scorer->block_rows;
}
uint32_t apo_scorer_depth(const apo_scorer *scorer) {
  return scorer->n_workers < scorer->n_blocks ? scorer->n_workers : scorer->n_blocks;
}
uint32_t apo_scorer_n_flying(const apo_scorer *scorer) {
  return scorer->n_flying;
}

// What leaves the range of floats on the way is a matter for doubles, which the host has.
static bool is_huge(const apo_scorer *s, const float *high, uint32_t n_rows) {
  const size_t n = (size_t)n_rows * s->model->n_columns;
  for (size_t i = 0; i < n; ++i) {
    if (fabsf(high[i]) > s->most_value) return true;
  }
  return false;
}

static apo_status host_margins(apo_scorer *s, const apo_rows *rows, block *b, apo_error *err) {
  const apo_model *model = s->model;
  apo_status status = APO_OK;
  double *row = apo_alloc(model->n_columns, sizeof *row);
  if (row == NULL) return apo_fail(err, APO_ERR_MEMORY, "a row of %u columns", model->n_columns);
  for (uint32_t at = 0; at < b->n_rows && status == APO_OK; ++at) {
    for (uint32_t column = 0; column < model->n_columns; ++column) {
      row[column] = apo_rows_value(rows, at, column);
    }
    status = apo_model_margin(model, row, b->margins + (size_t)at * model->n_outputs, err);
  }
  free(row);
  b->is_done = true;
  return status;
}

// The largest value whose products and their sum stay far inside the range of floats.
static float find_most_value(const apo_model *model) {
  double most = 1.0;
  if (model->kind != APO_MODEL_LINEAR) return FLT_MAX;
  for (size_t i = 0; i < (size_t)model->n_outputs * model->n_columns; ++i) {
    most = fmax(most, fabs(model->linear->coefficients[i]));
  }
  return (float)(0x1p100 / most / model->n_columns);
}

static apo_status encode(apo_scorer *s, const apo_rows *rows, block *b, apo_error *err) {
  const uint32_t n_rows = (uint32_t)rows->n_rows;
  b->n_rows = n_rows;
  b->is_done = false;
  switch (s->model->kind) {
    case APO_MODEL_FOREST: apo_encode_rows(s->model, rows, 0, n_rows, b->values); return APO_OK;
    case APO_MODEL_LINEAR: {
      const size_t room = (size_t)apo_padded_rows(s->block_rows) * s->model->n_columns;
      float *high = b->values;
      APO_TRY(apo_encode_pairs(s->model, rows, 0, n_rows, high, high + room, err));
      return is_huge(s, high, n_rows) ? host_margins(s, rows, b, err) : APO_OK;
    }
    case APO_MODEL_CALLBACK:
      apo_encode_doubles(s->model, rows, 0, n_rows, b->values);
      return APO_OK;
  }
  return APO_OK;
}

apo_status apo_scorer_put(apo_scorer *s, const apo_rows *rows, apo_error *err) {
  block *b = &s->blocks[(s->first + s->n_flying) % s->n_blocks];
  APO_TRY(apo_rows_check(rows, s->model->n_columns, err));
  if (rows->n_rows > s->block_rows) {
    return apo_fail(err, APO_ERR_ARGUMENT, "source: gave %llu rows, asked for at most %u",
                    (unsigned long long)rows->n_rows, s->block_rows);
  }
  APO_TRY(encode(s, rows, b, err));
  // After a fault blocks may outnumber the queues left: they line up on the last one.
  b->worker = 0;
  while (s->workers[b->worker].is_busy && b->worker + 1 < s->n_workers) ++b->worker;
  s->workers[b->worker].is_busy = true;
  ++s->n_flying;
  const uint32_t lane = b->worker;
  const apo_status status = queue_block(s, b, err);
  if (status == APO_OK || s->model->kind == APO_MODEL_CALLBACK) return status;
  return recover(s, lane, status, err);
}

apo_status apo_scorer_take(apo_scorer *s, apo_scored *out, apo_error *err) {
  block *b = &s->blocks[s->first];
  const uint32_t lane = b->worker;
  const apo_status status = apo_executor_wait(s->workers[lane].executor, err);
  if (status != APO_OK) APO_TRY(recover(s, lane, status, err));
  s->workers[b->worker].is_busy = false;
  close_block(s, b);
  s->first = (s->first + 1) % s->n_blocks;
  --s->n_flying;
  *out = (apo_scored){b->n_rows, b->margins, b->codes};
  return APO_OK;
}

static uint64_t block_bytes(const apo_model *model, const apo_code_forest *forest, uint64_t rows) {
  const uint64_t values = forest != NULL ? forest->cuts->key_bytes + forest->cuts->code_bytes : 8;
  return rows * (values * model->n_columns + 24ull * model->n_outputs);
}

static apo_status allocate_block(apo_scorer *s, block *b, apo_error *err) {
  const size_t rows = apo_padded_rows(s->block_rows);
  const size_t n = rows * s->model->n_columns;
  const size_t n_outputs = rows * s->model->n_outputs;
  const size_t value_bytes = s->forest != NULL ? s->forest->cuts->key_bytes : sizeof(double);
  bool is_whole = true;
  b->values = apo_alloc(n, value_bytes);
  b->margins = apo_alloc(n_outputs, sizeof *b->margins);
  if (s->forest != NULL) {
    b->codes = apo_alloc(n, s->forest->cuts->code_bytes);
    b->sums = apo_alloc(n_outputs, sizeof *b->sums);
    is_whole = b->codes != NULL && b->sums != NULL;
  } else {
    b->terms = apo_alloc(2 * n_outputs, sizeof *b->terms);
    is_whole = b->terms != NULL;
  }
  if (!is_whole || b->values == NULL || b->margins == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "blocks of %u rows", s->block_rows);
  }
  return APO_OK;
}

apo_status apo_scorer_create(const apo_model *model,
                             const apo_code_forest *forest,
                             apo_devices *devices,
                             uint64_t memory_bytes,
                             apo_scorer **out,
                             apo_error *err) {
  apo_status status = APO_OK;
  *out = NULL;
  apo_scorer *s = apo_alloc(1, sizeof *s);
  if (s == NULL) return apo_fail(err, APO_ERR_MEMORY, "scorer: %zu bytes", sizeof *s);
  s->model = model;
  s->forest = forest;
  s->lanes.devices = devices;
  s->lanes.n_per_device = model->kind == APO_MODEL_CALLBACK ? 1 : 2;
  s->lanes.n_most = model->kind == APO_MODEL_CALLBACK ? 1 : 0;
  s->block_rows = MAX_BLOCK_ROWS;
  s->most_value = find_most_value(model);
  uint32_t lane = 0;
  const uint32_t n_devices = model->kind == APO_MODEL_CALLBACK ? 1 : apo_devices_count(devices);
  s->n_blocks = s->lanes.n_per_device * n_devices;
  if (s->n_blocks > APO_MAX_LANES) s->n_blocks = APO_MAX_LANES;
  // Half of the budget is the host's, half the devices'.
  const uint64_t budget = apo_memory_budget(memory_bytes);
  while (s->block_rows > APO_TILE_GRAIN &&
         2 * s->n_blocks * block_bytes(model, forest, s->block_rows) > budget) {
    s->block_rows /= 2;
  }
  for (uint32_t i = 0; i < s->n_blocks && status == APO_OK; ++i) {
    status = allocate_block(s, &s->blocks[i], err);
  }
  s->host_bytes = s->n_blocks * block_bytes(model, forest, apo_padded_rows(s->block_rows));
  if (status == APO_OK) {
    status = open_workers(s, &lane, err);
    if (status != APO_OK) status = stand_up(s, lane, status, err);
  }
  if (status != APO_OK) apo_scorer_destroy(&s);
  *out = s;
  return status;
}

void apo_scorer_destroy(apo_scorer **scorer) {
  if (scorer == NULL || *scorer == NULL) return;
  apo_scorer *s = *scorer;
  close_workers(s);
  apo_lanes_close(&s->lanes);
  for (uint32_t i = 0; i < s->n_blocks; ++i) {
    free(s->blocks[i].values);
    free(s->blocks[i].codes);
    free(s->blocks[i].sums);
    free(s->blocks[i].terms);
    free(s->blocks[i].margins);
  }
  free(s);
  *scorer = NULL;
}

void apo_scorer_report(apo_scorer *s, apo_report *report) {
  close_workers(s);
  apo_lanes_report(&s->lanes, report);
  report->seconds_build += s->seconds_build;
  if (s->host_bytes > report->host_bytes) report->host_bytes = s->host_bytes;
}
