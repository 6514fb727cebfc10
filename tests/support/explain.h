/* explain.h - the public library on small tables: rows in, attributions out, as arrays.
 *
 *   apo_devices *devices = explain_open("none");
 *   explain_case c = {.model = model, .rows = rows, .n_rows = 5, .background = b, .n_background = 7};
 *   (without a background, for path-dependent values, both are left out)
 *   explained e = explain(&c, devices, &request);   // fails the test when the library refuses
 *   ... e.phi[...] ...
 *   explained_free(&e);
 */
#ifndef APO_TESTS_SUPPORT_EXPLAIN_H
#define APO_TESTS_SUPPORT_EXPLAIN_H

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "engine/model/model.h"
#include "tests/support/apo_test.h"

/* --- rows ------------------------------------------------------------------------------------- */

/** Rows of doubles, lent at most `block` at a time; 0 lends what is asked for. */
typedef struct explain_rows {
  const double *values;
  uint64_t n_rows;
  uint32_t n_columns;
  uint64_t block;
  uint64_t at;
  uint64_t fail_at; /* with fail_status: `next` fails when it has lent that many */
  apo_status fail_status;
} explain_rows;

static inline apo_status explain_next(void *context,
                                      uint64_t max_rows,
                                      apo_rows *out,
                                      apo_error *err) {
  explain_rows *rows = context;
  uint64_t n = rows->n_rows - rows->at;
  if (rows->fail_status != APO_OK && rows->at >= rows->fail_at) {
    err->status = rows->fail_status;
    strcpy(err->message, "the source is tired");
    return rows->fail_status;
  }
  if (n > max_rows) n = max_rows;
  if (rows->block > 0 && n > rows->block) n = rows->block;
  *out = (apo_rows){
      rows->values + rows->at * rows->n_columns, n, rows->n_columns, 1, rows->n_columns, APO_F64};
  rows->at += n;
  return APO_OK;
}

/* --- devices ---------------------------------------------------------------------------------- */

static inline apo_devices *explain_open(const char *list) {
  const apo_device_options options = {.struct_bytes = sizeof options, .list = list};
  apo_devices *devices = NULL;
  apo_error err;
  assert_ok(apo_devices_open(&options, &devices, &err), &err);
  return devices;
}

/** As above, or NULL with a line that says why. */
static inline apo_devices *explain_try_open(const char *list) {
  const apo_device_options options = {.struct_bytes = sizeof options, .list = list};
  apo_devices *devices = NULL;
  apo_error err;
  if (apo_devices_open(&options, &devices, &err) != APO_OK) print_message("%s\n", err.message);
  return devices;
}

/* --- explaining ------------------------------------------------------------------------------- */

typedef struct explain_case {
  const apo_model *model;
  const double *rows; /* [n_rows x n_columns] */
  uint64_t n_rows;
  const double *background;
  uint64_t n_background;
  const double *weights;
  uint64_t block; /* of the source */
} explain_case;

/** Results of all rows, row-major. */
typedef struct explained {
  uint32_t n_outputs;
  uint32_t n_players;
  uint64_t n_rows;
  apo_method method;
  float *phi;         /* [n_rows x n_outputs x n_players] */
  float *phi_se;      /* likewise, or NULL */
  float *pairs;       /* [n_rows x n_outputs x n_players (n_players - 1) / 2], or NULL */
  double *prediction; /* [n_rows x n_outputs] */
  float *gap;
  double *base;     /* [n_outputs] */
  double *row_base; /* [n_rows x n_outputs] of a loss, else NULL */
  uint64_t row_origin;
  uint32_t n_tiles;
  uint32_t fail_tile; /* with fail_status: `put` fails at that tile */
  apo_status fail_status;
  apo_report report;
} explained;

static inline void explained_free(explained *e) {
  free(e->phi);
  free(e->phi_se);
  free(e->pairs);
  free(e->prediction);
  free(e->gap);
  free(e->base);
  free(e->row_base);
  *e = (explained){0};
}

/** The base of a line. */
static inline double explained_base(const explained *e, size_t row, uint32_t output) {
  return e->row_base != NULL ? e->row_base[row * e->n_outputs + output] : e->base[output];
}

/** How many pairs of players a row has for one output. */
static inline size_t explained_n_pairs(const explained *e) {
  return (size_t)e->n_players * (e->n_players - 1) / 2;
}

static inline apo_status explained_put(void *context, const apo_tile *tile, apo_error *err) {
  explained *e = context;
  const size_t row = (size_t)e->n_outputs * e->n_players;
  const size_t at = (size_t)(tile->row_begin - e->row_origin);
  if (e->fail_status != APO_OK && e->n_tiles == e->fail_tile) {
    err->status = e->fail_status;
    strcpy(err->message, "the sink is full");
    return e->fail_status;
  }
  ++e->n_tiles;
  assert_int_equal(tile->n_outputs, e->n_outputs);
  assert_int_equal(tile->n_players, e->n_players);
  assert_int_equal(at, e->n_rows);  // each row once and in order
  memcpy(e->phi + at * row, tile->phi, tile->n_rows * row * sizeof(float));
  if (tile->phi_se != NULL) {
    if (e->phi_se == NULL) e->phi_se = calloc(1, 1);
    e->phi_se = realloc(e->phi_se, (at + tile->n_rows) * row * sizeof(float));
    memcpy(e->phi_se + at * row, tile->phi_se, tile->n_rows * row * sizeof(float));
  }
  if (tile->pairs != NULL) {
    const size_t pairs = e->n_outputs * explained_n_pairs(e);
    if (e->pairs == NULL) e->pairs = calloc(1, 1);
    e->pairs = realloc(e->pairs, ((at + tile->n_rows) * pairs + 1) * sizeof(float));
    memcpy(e->pairs + at * pairs, tile->pairs, tile->n_rows * pairs * sizeof(float));
  }
  memcpy(e->prediction + at * e->n_outputs, tile->prediction,
         tile->n_rows * e->n_outputs * sizeof(double));
  memcpy(e->gap + at * e->n_outputs, tile->gap, tile->n_rows * e->n_outputs * sizeof(float));
  memcpy(e->base, tile->base, e->n_outputs * sizeof(double));
  if (tile->row_base != NULL) {
    const size_t n = tile->n_rows * (size_t)e->n_outputs;
    e->row_base = realloc(e->row_base, (at * e->n_outputs + n) * sizeof(double));
    memcpy(e->row_base + at * e->n_outputs, tile->row_base, n * sizeof(double));
  }
  e->n_rows += tile->n_rows;
  return APO_OK;
}

/** Run a plan into `e`, which was zeroed but for its failures. */
static inline apo_status explain_run(const apo_plan *plan,
                                     const explain_case *c,
                                     explain_rows *rows,
                                     uint64_t row_origin,
                                     const apo_watch *watch,
                                     explained *e,
                                     apo_error *err) {
  e->n_outputs = c->model->n_outputs;
  e->n_players = apo_plan_n_players(plan);
  e->method = apo_plan_method(plan);
  e->row_origin = row_origin;
  const size_t n = (size_t)c->n_rows * e->n_outputs;
  e->phi = calloc(n * e->n_players + 1, sizeof *e->phi);
  e->prediction = calloc(n + 1, sizeof *e->prediction);
  e->gap = calloc(n + 1, sizeof *e->gap);
  e->base = calloc(e->n_outputs, sizeof *e->base);
  const apo_source source = {rows, explain_next};
  const apo_sink sink = {e, explained_put};
  return apo_plan_run(plan, &source, &sink, watch, &e->report, err);
}

/** Background (where there is one), plan and run. */
static inline apo_status explain_all(const explain_case *c,
                                     apo_devices *devices,
                                     const apo_request *request,
                                     explained *e,
                                     apo_error *err) {
  const uint32_t n_columns = c->model->n_columns;
  const apo_rows b = {c->background, c->n_background, n_columns, 1, n_columns, APO_F64};
  explain_rows rows = {
      .values = c->rows, .n_rows = c->n_rows, .n_columns = n_columns, .block = c->block};
  apo_request full = *request;
  full.struct_bytes = sizeof full;
  apo_background *background = NULL;
  apo_plan *plan = NULL;
  apo_status status = APO_OK;
  if (c->background != NULL) {
    status = apo_background_create(c->model, &b, c->weights, &background, err);
  }
  if (status == APO_OK) {
    status = apo_plan_create(c->model, background, &full, devices, &plan, err);
  }
  if (status == APO_OK) {
    status = explain_run(plan, c, &rows, full.row_origin, NULL, e, err);
  } else {
    assert_null(plan);
  }
  apo_plan_destroy(&plan);
  apo_background_destroy(&background);
  return status;
}

static inline explained explain(const explain_case *c,
                                apo_devices *devices,
                                const apo_request *request) {
  explained e = {0};
  apo_error err;
  assert_ok(explain_all(c, devices, request, &e, &err), &err);
  assert_int_equal(e.n_rows, c->n_rows);
  assert_int_equal(e.report.n_rows, c->n_rows);
  return e;
}

/** The same bytes, all of them. */
static inline void assert_same_explained(const explained *a, const explained *b, const char *what) {
  const size_t n = (size_t)a->n_rows * a->n_outputs;
  const size_t n_phi = n * a->n_players;
  assert_int_equal(a->n_rows, b->n_rows);
  assert_int_equal(a->n_players, b->n_players);
  assert_true((a->phi_se != NULL) == (b->phi_se != NULL));
  assert_true((a->pairs != NULL) == (b->pairs != NULL));
  assert_true((a->row_base != NULL) == (b->row_base != NULL));
  const size_t n_pairs = n * explained_n_pairs(a);
  const bool same =
      memcmp(a->phi, b->phi, n_phi * sizeof *a->phi) == 0 &&
      memcmp(a->prediction, b->prediction, n * sizeof *a->prediction) == 0 &&
      memcmp(a->gap, b->gap, n * sizeof *a->gap) == 0 &&
      memcmp(a->base, b->base, a->n_outputs * sizeof *a->base) == 0 &&
      (a->row_base == NULL || memcmp(a->row_base, b->row_base, n * sizeof *a->row_base) == 0) &&
      (a->phi_se == NULL || memcmp(a->phi_se, b->phi_se, n_phi * sizeof *a->phi_se) == 0) &&
      (a->pairs == NULL || memcmp(a->pairs, b->pairs, n_pairs * sizeof *a->pairs) == 0);
  if (same) return;
  for (size_t i = 0; i < n_phi; ++i) {
    if (memcmp(&a->phi[i], &b->phi[i], sizeof(float)) == 0) continue;
    print_error("%s: phi[%zu] of %zu: %.9g and %.9g\n", what, i, n_phi, (double)a->phi[i],
                (double)b->phi[i]);
    break;
  }
  for (size_t i = 0; i < n_pairs && a->pairs != NULL; ++i) {
    if (memcmp(&a->pairs[i], &b->pairs[i], sizeof(float)) == 0) continue;
    print_error("%s: pairs[%zu] of %zu: %.9g and %.9g\n", what, i, n_pairs, (double)a->pairs[i],
                (double)b->pairs[i]);
    break;
  }
  print_error("%s: results differ\n", what);
  fail();
}

typedef struct budget_runs {
  uint32_t n; /* budgets that were enough */
  uint32_t most_tiles;
} budget_runs;

/** Budgets from 64 KiB to 1 GiB, each `factor` times the last: those that are enough give the
 * bytes of `expected` and are kept to; those below are refused. */
static inline budget_runs explain_under_budgets(const explain_case *c,
                                                apo_devices *devices,
                                                const apo_request *request,
                                                uint64_t factor,
                                                const explained *expected) {
  budget_runs runs = {0};
  apo_request with = *request;
  with.memory_bytes = UINT64_C(1) << 16;
  for (; with.memory_bytes <= UINT64_C(1) << 30; with.memory_bytes *= factor) {
    explained e = {0};
    apo_error err;
    const apo_status status = explain_all(c, devices, &with, &e, &err);
    if (status == APO_OK) {
      assert_same_explained(expected, &e, "budgets");
      assert_true(e.report.device_bytes + e.report.host_bytes <= with.memory_bytes);
      if (e.n_tiles > runs.most_tiles) runs.most_tiles = e.n_tiles;
      ++runs.n;
    } else {
      assert_fails(status, APO_ERR_LIMIT, &err, "memory");
      assert_int_equal(runs.n, 0);
    }
    explained_free(&e);
  }
  return runs;
}

#endif
