/* brute_force.h - Shapley values of a model by the definition, in fp64: every coalition, every
 * background row, one hybrid row at a time through apo_model_margin.
 */
#ifndef APO_TESTS_SUPPORT_BRUTE_FORCE_H
#define APO_TESTS_SUPPORT_BRUTE_FORCE_H

#include "tests/support/explain.h"
#include "tests/support/games.h"

typedef struct brute {
  const explain_case *c;
  apo_output output;
  apo_value_link link;
  const uint32_t *player_of_column; /* NULL: columns */
  uint32_t n_players;
} brute;

/** The explained output of one plain row, before the value link. */
static inline void brute_output(const brute *b, const double *row, double *out) {
  const apo_model *model = b->c->model;
  apo_error err;
  if (model->kind == APO_MODEL_CALLBACK) {
    const apo_rows rows = {row, 1, model->n_columns, 1, model->n_columns, APO_F64};
    assert_ok(model->predictor.predict(model->predictor.context, &rows, out, &err), &err);
    return;
  }
  assert_ok(apo_model_margin(model, row, out, &err), &err);
  if (b->output == APO_OUTPUT_PROBABILITY) apo_link_apply(model->link, out, model->n_outputs, out);
}

/** The game of one row and output.  `g` gets v of all coalitions. */
static inline void brute_game(const brute *b, const double *x, uint32_t output, game *g) {
  const explain_case *c = b->c;
  const uint32_t n_columns = c->model->n_columns;
  double hybrid[64];
  double out[16];
  double weight_sum = 0.0;
  assert_true(n_columns <= 64 && c->model->n_outputs <= 16 && b->n_players <= MAX_GAME_PLAYERS);
  for (uint64_t r = 0; r < c->n_background; ++r) {
    weight_sum += c->weights != NULL ? c->weights[r] : 1.0;
  }
  g->n_players = b->n_players;
  for (uint32_t mask = 0; mask <= game_full(g); ++mask) {
    double mean = 0.0;
    for (uint64_t r = 0; r < c->n_background; ++r) {
      for (uint32_t col = 0; col < n_columns; ++col) {
        const uint32_t player = b->player_of_column != NULL ? b->player_of_column[col] : col;
        hybrid[col] = (mask >> player & 1) != 0 ? x[col] : c->background[r * n_columns + col];
      }
      brute_output(b, hybrid, out);
      mean += (c->weights != NULL ? c->weights[r] : 1.0) / weight_sum * out[output];
    }
    g->v[mask] = b->link == APO_VALUE_LOGIT ? log(mean) - log1p(-mean) : mean;
  }
}

/** max v - min v, the scale of tolerances; of a game that moves little, some of what it stands on. */
static inline double game_range(const game *g) {
  double low = g->v[0];
  double high = g->v[0];
  double most = 0.0;
  for (uint32_t mask = 0; mask <= game_full(g); ++mask) {
    low = fmin(low, g->v[mask]);
    high = fmax(high, g->v[mask]);
    most = fmax(most, fabs(g->v[mask]));
  }
  return fmax(high - low, 1e-3 * most) + 1e-12;
}

#endif
