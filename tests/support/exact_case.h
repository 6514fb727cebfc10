/* exact_case.h - exact and path-dependent values by definition, and the library held to them on
 * the reference and on an OpenCL CPU device.
 *
 *   int main(void) { ... return cmocka_run_group_tests_name("axiom.exact", tests,
 *                                                           exact_devices_open,
 *                                                           exact_devices_close); }
 *
 *   expectation e = expect_enumerated(&c, &request);   // or expect_leaves: any number of players
 *   check_expectation(&e, &c, &request, "what this is");
 *   expectation_free(&e);
 */
#ifndef APO_TESTS_SUPPORT_EXACT_CASE_H
#define APO_TESTS_SUPPORT_EXACT_CASE_H

#include "tests/support/random_forest.h"
#include "tests/support/tree_game.h"

/* --- devices ---------------------------------------------------------------------------------- */

enum { N_EXACT_DEVICES = 2 };

static apo_devices *exact_devices[N_EXACT_DEVICES]; /* the second may be NULL */

static inline int exact_devices_open(void **state) {
  (void)state;
  exact_devices[0] = explain_open("none");
  exact_devices[1] = explain_try_open("cpu");
  return 0;
}

static inline int exact_devices_close(void **state) {
  (void)state;
  for (size_t i = 0; i < N_EXACT_DEVICES; ++i) apo_devices_destroy(&exact_devices[i]);
  return 0;
}

/* --- by definition ---------------------------------------------------------------------------- */

/** Of the output's range, for every value, in the worst case. */
static const double exact_allowed = 1e-6;

typedef struct expectation {
  uint32_t n_outputs;
  uint32_t n_players;
  size_t n_pairs;
  double base_allowed; /* of what is allowed: weights are counted in 2^-28 of all, base included */
  double *phi;         /* [n_rows x n_outputs x n_players] */
  double *pairs;       /* [n_rows x n_outputs x n_pairs] */
  double *prediction;  /* [n_rows x n_outputs] */
  double *base;        /* [n_outputs]; by leaves: NAN, unknown */
  double *row_base;    /* [n_rows x n_outputs] of a loss, else NULL */
  double *low;         /* [n_outputs] least and greatest of what the output was seen to be */
  double *high;
} expectation;

static inline void expectation_free(expectation *e) {
  free(e->phi);
  free(e->pairs);
  free(e->prediction);
  free(e->base);
  free(e->row_base);
  free(e->low);
  free(e->high);
  *e = (expectation){0};
}

static inline void expectation_see(expectation *e, uint32_t output, double value) {
  e->low[output] = fmin(e->low[output], value);
  e->high[output] = fmax(e->high[output], value);
}

static inline expectation expectation_open(const explain_case *c, const brute *b) {
  const size_t n = (size_t)c->n_rows * c->model->n_outputs;
  const uint32_t n_outputs = c->model->n_outputs;
  expectation e = {.n_outputs = n_outputs,
                   .n_players = b->n_players,
                   .n_pairs = (size_t)b->n_players * (b->n_players - 1) / 2,
                   .base_allowed = c->weights != NULL ? 0.1 : 1e-3,
                   .phi = calloc(n * b->n_players + 1, sizeof(double)),
                   .prediction = calloc(n + 1, sizeof(double)),
                   .base = calloc(n_outputs, sizeof(double)),
                   .low = calloc(n_outputs, sizeof(double)),
                   .high = calloc(n_outputs, sizeof(double))};
  e.pairs = calloc(n * e.n_pairs + 1, sizeof(double));
  assert_true(e.phi != NULL && e.pairs != NULL && e.prediction != NULL);
  assert_true(e.base != NULL && e.low != NULL && e.high != NULL);
  for (uint32_t k = 0; k < n_outputs; ++k) {
    e.base[k] = NAN;
    e.low[k] = INFINITY;
    e.high[k] = -INFINITY;
  }
  return e;
}

static inline brute exact_question(const explain_case *c, const apo_request *request) {
  const bool is_grouped = request->player_of_column != NULL;
  return (brute){.c = c,
                 .player_of_column = request->player_of_column,
                 .n_players = is_grouped ? request->n_players : c->model->n_columns};
}

/** Every coalition; at most 16 players. */
static inline expectation expect_enumerated(const explain_case *c, const apo_request *request) {
  static game g;
  const brute b = exact_question(c, request);
  expectation e = expectation_open(c, &b);
  for (size_t row = 0; row < c->n_rows; ++row) {
    const double *x = c->rows + row * c->model->n_columns;
    for (uint32_t k = 0; k < e.n_outputs; ++k) {
      const size_t at = row * e.n_outputs + k;
      if (request->method == APO_METHOD_PATH) {
        path_game(&b, x, k, &g);
      } else {
        brute_game(&b, x, k, &g);
      }
      game_index(&g, request->index, e.phi + at * e.n_players);
      if (request->interactions) game_pairs(&g, request->index, e.pairs + at * e.n_pairs);
      e.prediction[at] = g.v[game_full(&g)];
      e.base[k] = g.v[0];
      for (uint32_t mask = 0; mask <= game_full(&g); ++mask) expectation_see(&e, k, g.v[mask]);
    }
  }
  return e;
}

/** Leaf by leaf; at most 64 players on a path.  The range is that of the predictions. */
static inline expectation expect_leaves(const explain_case *c, const apo_request *request) {
  const brute b = exact_question(c, request);
  const uint32_t n_columns = c->model->n_columns;
  const uint64_t n_background = c->background != NULL ? c->n_background : 0;
  double out[16];
  expectation e = expectation_open(c, &b);
  assert_true(e.n_outputs <= 16);
  for (size_t row = 0; row < c->n_rows; ++row) {
    const double *x = c->rows + row * n_columns;
    brute_output(&b, x, out);
    for (uint32_t k = 0; k < e.n_outputs; ++k) {
      const size_t at = row * e.n_outputs + k;
      leaf_values(&b, request->index, x, k, e.phi + at * e.n_players,
                  request->interactions ? e.pairs + at * e.n_pairs : NULL);
      e.prediction[at] = out[k];
      expectation_see(&e, k, out[k]);
    }
  }
  for (size_t row = 0; row < n_background; ++row) {
    brute_output(&b, c->background + row * n_columns, out);
    for (uint32_t k = 0; k < e.n_outputs; ++k) expectation_see(&e, k, out[k]);
  }
  for (uint32_t k = 0; k < e.n_outputs; ++k) assert_true(e.high[k] > e.low[k]);
  return e;
}

/* --- the library ------------------------------------------------------------------------------ */

/** What a value of an output may be off by: of its range, and of fp64 for a constant one. */
static inline double expectation_allowed(const expectation *e, uint32_t k) {
  return exact_allowed * (e->high[k] - e->low[k]) + 1e-14 * fmax(fabs(e->high[k]), fabs(e->low[k]));
}

static inline void check_cells(const float *actual,
                               const double *expected,
                               size_t n,
                               double allowed,
                               const char *cell,
                               const char *what) {
  for (size_t i = 0; i < n; ++i) {
    if (fabs((double)actual[i] - expected[i]) <= allowed) continue;  // false for NaN
    print_error("%s, %s[%zu] of %zu: %.9g, by definition %.9g within %.3g\n", what, cell, i, n,
                (double)actual[i], expected[i], allowed);
    fail();
  }
}

static inline void check_line(
    const expectation *e, const explained *got, size_t row, uint32_t k, const char *what) {
  const size_t at = row * e->n_outputs + k;
  const double allowed = expectation_allowed(e, k);
  const float *phi = got->phi + at * e->n_players;
  check_cells(phi, e->phi + at * e->n_players, e->n_players, allowed, "phi", what);
  if (got->pairs != NULL) {
    check_cells(got->pairs + at * e->n_pairs, e->pairs + at * e->n_pairs, e->n_pairs, allowed,
                "pairs", what);
  }
  // Both are fp64 all the way.
  const double rounding = 1e-12 * fmax(fabs(e->high[k]), fabs(e->low[k])) + 1e-15;
  assert_near(got->prediction[at], e->prediction[at], 1e-3 * allowed + rounding, "prediction");
  const double base = e->row_base != NULL ? e->row_base[at] : e->base[k];
  if (!isnan(base)) {
    assert_near(explained_base(got, row, k), base, e->base_allowed * allowed + rounding, "base");
  }
}

/** Efficiency, and that the tile says how well it holds. */
static inline void check_gap(
    const expectation *e, const explained *got, size_t row, uint32_t k, const char *what) {
  const size_t at = row * e->n_outputs + k;
  const double allowed = expectation_allowed(e, k);
  double sum = explained_base(got, row, k);
  for (uint32_t p = 0; p < e->n_players; ++p) sum += (double)got->phi[at * e->n_players + p];
  const double gap = fabs(sum - got->prediction[at]);
  assert_near((double)got->gap[at], gap, 1e-6 * gap + 1e-13 * (fabs(sum) + 1.0), "gap");
  if (gap <= allowed) return;
  print_error("%s: row %zu output %u misses its prediction by %g, allowed %g\n", what, row, k, gap,
              allowed);
  fail();
}

static inline void check_explained(const expectation *e,
                                   const apo_request *request,
                                   const explained *got,
                                   const char *what) {
  assert_int_equal(got->n_players, e->n_players);
  assert_int_equal(got->n_outputs, e->n_outputs);
  if (request->interactions && e->n_pairs > 0) assert_non_null(got->pairs);
  if (!request->interactions) assert_null(got->pairs);
  assert_null(got->phi_se);
  for (size_t row = 0; row < got->n_rows; ++row) {
    for (uint32_t k = 0; k < e->n_outputs; ++k) {
      check_line(e, got, row, k, what);
      if (request->index == APO_INDEX_SHAPLEY) {
        check_gap(e, got, row, k, what);
      } else {
        assert_true(isfinite(got->gap[row * e->n_outputs + k]));  // a distance, not an error
      }
    }
  }
}

/** Explain on every device and compare with the definition. */
static inline void check_expectation(const expectation *e,
                                     const explain_case *c,
                                     const apo_request *request,
                                     const char *what) {
  for (size_t i = 0; i < N_EXACT_DEVICES; ++i) {
    if (exact_devices[i] == NULL) continue;
    explained got = explain(c, exact_devices[i], request);
    assert_int_equal(got.method, request->method);
    check_explained(e, request, &got, what);
    explained_free(&got);
  }
}

static inline void check_enumerated(const explain_case *c,
                                    const apo_request *request,
                                    const char *what) {
  expectation e = expect_enumerated(c, request);
  check_expectation(&e, c, request, what);
  expectation_free(&e);
}

static inline void check_leaves(const explain_case *c,
                                const apo_request *request,
                                const char *what) {
  expectation e = expect_leaves(c, request);
  check_expectation(&e, c, request, what);
  expectation_free(&e);
}

/** Both indices, with and without pairs. */
static inline void check_all_enumerated(const explain_case *c,
                                        const apo_request *request,
                                        const char *what) {
  for (int way = 0; way < 4; ++way) {
    apo_request with = *request;
    with.index = way < 2 ? APO_INDEX_SHAPLEY : APO_INDEX_BANZHAF;
    with.interactions = way % 2;
    check_enumerated(c, &with, what);
  }
}

/* --- worlds ----------------------------------------------------------------------------------- */

/** A model with rows to explain and, behind them, background rows. */
typedef struct exact_world {
  apo_model *model;
  double *rows;
  explain_case c;    /* with the background */
  explain_case path; /* without it */
} exact_world;

static inline exact_world exact_world_of(
    apo_model *model, double *rows, uint64_t n_rows, uint64_t n_background, const double *weights) {
  exact_world w = {.model = model, .rows = rows};
  w.c = (explain_case){.model = model,
                       .rows = rows,
                       .n_rows = n_rows,
                       .background = rows + n_rows * model->n_columns,
                       .n_background = n_background,
                       .weights = weights};
  w.path = (explain_case){.model = model, .rows = rows, .n_rows = n_rows};
  return w;
}

static inline exact_world exact_world_make(const apo_random_spec *spec,
                                           uint64_t n_rows,
                                           uint64_t n_background,
                                           const double *weights) {
  apo_model *model = apo_random_model(spec);
  apo_random random = apo_random_start(spec->seed + 100);
  double *rows = apo_random_rows(&random, model->forest, n_rows + n_background);
  return exact_world_of(model, rows, n_rows, n_background, weights);
}

static inline void exact_world_free(exact_world *w) {
  free(w->rows);
  apo_model_destroy(&w->model);
}

enum { EXACT_WEIGHTS = 100 };

/** Of background rows: small integers, some of them 0, the first not. */
static inline const double *exact_weights(void) {
  static double weights[EXACT_WEIGHTS];
  apo_random random = apo_random_start(6);
  for (size_t i = 0; i < EXACT_WEIGHTS; ++i) weights[i] = (double)apo_random_below(&random, 5);
  weights[0] = 1.0;
  return weights;
}

/** What a request's method is asked of: `path` has no use for a background. */
static inline const explain_case *exact_world_case(const exact_world *w,
                                                   const apo_request *request) {
  return request->method == APO_METHOD_PATH ? &w->path : &w->c;
}

/** The method of the plan that the reference made. */
static inline apo_method exact_method(const explain_case *c, const apo_request *request) {
  explained got = explain(c, exact_devices[0], request);
  const apo_method method = got.method;
  explained_free(&got);
  return method;
}

static inline void assert_exact_refused(const explain_case *c,
                                        const apo_request *request,
                                        apo_status status,
                                        const char *words) {
  explained got = {0};
  apo_error err;
  assert_fails(explain_all(c, exact_devices[0], request, &got, &err), status, &err, words);
}

#endif
