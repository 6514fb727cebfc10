/* store_case.h - a small run for tests of destinations: a model, a spec, and made-up attributions.
 *
 * Every value is a function of (row, output, player), so that two stores can be given the same rows
 * in tiles of any size.
 */
#ifndef APO_TESTS_SUPPORT_STORE_CASE_H
#define APO_TESTS_SUPPORT_STORE_CASE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/model/model.h"
#include "host/stores/store.h"

enum { STORE_CASE_PLAYERS = 3, STORE_CASE_OUTPUTS = 2, STORE_CASE_TILE_ROWS = 5000 };

typedef struct store_case {
  apo_model *model;
  apo_run_spec spec;
  const char *names[STORE_CASE_PLAYERS];
  const char *outputs[STORE_CASE_OUTPUTS];
  double base[STORE_CASE_OUTPUTS];
  uint64_t nan_row;     /* the row whose first output has a NaN among its phi; UINT64_MAX: none */
  uint64_t same_id_row; /* the row that gets the id of row 0; UINT64_MAX: none */
} store_case;

static inline void store_case_check(bool ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "store_case: %s\n", what);
  abort();
}

/** A linear model of three columns and `n_outputs` outputs. */
static inline apo_model *store_case_model(uint32_t n_outputs) {
  apo_model *model = NULL;
  store_case_check(apo_model_new(&model, NULL) == APO_OK, "model");
  model->kind = APO_MODEL_LINEAR;
  model->n_columns = STORE_CASE_PLAYERS;
  model->n_outputs = n_outputs;
  model->format = "neutral_json";
  model->base = calloc(n_outputs, sizeof *model->base);
  model->linear = calloc(1, sizeof *model->linear);
  model->linear->coefficients =
      calloc((size_t)n_outputs * STORE_CASE_PLAYERS, sizeof *model->linear->coefficients);
  store_case_check(apo_names_add(&model->column_names, "a", 1, NULL) == APO_OK &&
                       apo_names_add(&model->column_names, "b", 1, NULL) == APO_OK &&
                       apo_names_add(&model->column_names, "c", 1, NULL) == APO_OK,
                   "names");
  snprintf(model->digest, sizeof model->digest, "sha256:%064d", 1);
  return model;
}

/** Owns a model; its spec points into it, so it must stay where it is. */
static inline void store_case_open(store_case *c, uint32_t n_outputs) {
  *c = (store_case){.names = {"a", "b", "c"},
                    .outputs = {"no", NULL},
                    .base = {0.5, -1.25},
                    .nan_row = UINT64_MAX,
                    .same_id_row = UINT64_MAX};
  c->model = store_case_model(n_outputs);
  c->spec = (apo_run_spec){.model = c->model,
                           .background_id = "sha256:background",
                           .background_rows = 100,
                           .input_id = "sha256:input",
                           .input_rows = UINT64_MAX,
                           .n_players = STORE_CASE_PLAYERS,
                           .player_names = c->names,
                           .n_outputs = n_outputs,
                           .output_names = c->outputs,
                           .base = c->base,
                           .method = "kernel",
                           .output = "raw",
                           .link = "identity",
                           .coalitions = "shared",
                           .n_samples = 64,
                           .seed = 7,
                           .chunk_rows = 4096,
                           .device = "reference",
                           .software = "apportion test"};
}

static inline void store_case_close(store_case *c) {
  apo_model_destroy(&c->model);
}

/** A value in [-1, 1) that depends on its three places and on what it is for. */
static inline float store_case_value(uint64_t row, uint32_t output, uint32_t player, uint32_t use) {
  uint64_t x = row * 0x9e3779b97f4a7c15u + output * 0xbf58476d1ce4e5b9u +
               player * 0x94d049bb133111ebu + use * 0xd6e8feb86659fd93u;
  x ^= x >> 31;
  x *= 0x7fb5d329728ea185u;
  x ^= x >> 27;
  x *= 0x81dadef4bc2dd44du;
  return (float)((double)(x >> 40) * 0x1p-23 - 1.0);
}

/** The id of a row: integers, or texts for every third row when `mixed`. */
static inline void store_case_id(uint64_t row, bool mixed, char out[32]) {
  snprintf(out, 32, mixed && row % 3 == 0 ? "id%llu" : "%llu", (unsigned long long)row);
}

typedef struct store_case_tile {
  apo_tile tile;
  float *phi;
  float *phi_se;
  float *pairs;
  double *prediction;
  double *row_base;
  float *gap;
  char (*id_texts)[32];
  const char **ids;
} store_case_tile;

static inline void store_case_tile_free(store_case_tile *t) {
  free(t->phi);
  free(t->phi_se);
  free(t->pairs);
  free(t->prediction);
  free(t->row_base);
  free(t->gap);
  free(t->id_texts);
  free((void *)t->ids);
}

/** The tile of rows [row_begin, row_begin + n_rows). */
static inline store_case_tile store_case_make(const store_case *c,
                                              uint64_t row_begin,
                                              uint32_t n_rows) {
  const uint32_t n_outputs = c->spec.n_outputs;
  const size_t n_lines = (size_t)n_rows * n_outputs;
  const size_t p = STORE_CASE_PLAYERS;
  const size_t n_pairs = p * (p - 1) / 2;
  store_case_tile t = {.phi = malloc(n_lines * p * sizeof(float)),
                       .phi_se = malloc(n_lines * p * sizeof(float)),
                       .pairs = malloc(n_lines * n_pairs * sizeof(float)),
                       .prediction = malloc(n_lines * sizeof(double)),
                       .row_base = malloc(n_lines * sizeof(double)),
                       .gap = malloc(n_lines * sizeof(float)),
                       .id_texts = malloc(n_rows * sizeof *t.id_texts),
                       .ids = malloc(n_rows * sizeof *t.ids)};
  for (size_t line = 0; line < n_lines; ++line) {
    const uint64_t row = row_begin + line / n_outputs;
    const uint32_t output = (uint32_t)(line % n_outputs);
    for (uint32_t player = 0; player < p; ++player) {
      t.phi[line * p + player] = store_case_value(row, output, player, 0);
      t.phi_se[line * p + player] = fabsf(store_case_value(row, output, player, 1));
    }
    for (uint32_t pair = 0; pair < n_pairs; ++pair) {
      t.pairs[line * n_pairs + pair] = store_case_value(row, output, pair, 4);
    }
    t.prediction[line] = (double)store_case_value(row, output, 0, 2) / 3.0;
    t.row_base[line] = (double)store_case_value(row, output, 0, 5) / 7.0;
    // Early rows have the larger gaps, so that a summary without them is another one.
    t.gap[line] = fabsf(store_case_value(row, output, 0, 3)) * (row < 2000 ? 1e-5f : 1e-6f);
    if (row == c->nan_row && output == 0) t.phi[line * p + 1] = NAN;
  }
  for (uint32_t i = 0; i < n_rows; ++i) {
    store_case_id(row_begin + i == c->same_id_row ? 0 : row_begin + i, true, t.id_texts[i]);
    t.ids[i] = t.id_texts[i];
  }
  t.tile = (apo_tile){.row_begin = row_begin,
                      .n_rows = n_rows,
                      .n_outputs = n_outputs,
                      .n_players = STORE_CASE_PLAYERS,
                      .phi = t.phi,
                      .phi_se = c->spec.has_errors ? t.phi_se : NULL,
                      .prediction = t.prediction,
                      .base = c->base,
                      .gap = t.gap,
                      .pairs = c->spec.has_pairs ? t.pairs : NULL,
                      .row_base = c->spec.target_id != NULL ? t.row_base : NULL};
  return t;
}

/** Put rows [row_begin, row_end) in tiles of `tile_rows`. */
static inline apo_status store_case_put(const store_case *c,
                                        apo_store *store,
                                        uint64_t row_begin,
                                        uint64_t row_end,
                                        uint32_t tile_rows,
                                        apo_error *err) {
  apo_status status = APO_OK;
  for (uint64_t row = row_begin; row < row_end && status == APO_OK; row += tile_rows) {
    const uint64_t rest = row_end - row;
    store_case_tile t = store_case_make(c, row, rest < tile_rows ? (uint32_t)rest : tile_rows);
    status = apo_store_put(store, &t.tile, c->spec.key_name != NULL ? t.ids : NULL, err);
    store_case_tile_free(&t);
  }
  return status;
}

#endif
