/* gaussian_orders.c - M over random orders of the players.
 *
 * In one order, with R = L L' the correlations in that order, e = L^-1 z are the innovations of the
 * columns z: what each of them tells beyond those before it.  They are uncorrelated and c z =
 * (c L) e, so what v gains while a player's columns [begin, end) come is the sum of their terms:
 *
 *     M_p = sum over j in [begin, end) of (c L)_j (row j of L^-1)
 *
 * Over all columns that is c L L^-1 = c: every order's values add up.
 */
#include <stdlib.h>

#include "engine/core/draw.h"
#include "engine/core/memory.h"
#include "engine/explainers/linear/gaussian_parts.h"
#include "engine/solve/cholesky.h"

typedef struct order {
  uint32_t *players; /* [n_players] */
  uint32_t *columns; /* [n_columns] in the order they come */
  double *terms;     /* [n_outputs x n_columns] c L */
} order;

static void lay_columns(const apo_gaussian_core *core, bool is_reversed, order *o) {
  uint32_t n = 0;
  for (uint32_t place = 0; place < core->n_players; ++place) {
    const uint32_t player = o->players[is_reversed ? core->n_players - 1 - place : place];
    for (uint32_t col = core->begin[player]; col < core->begin[player + 1]; ++col) {
      o->columns[n++] = col;
    }
  }
}

static void copy_ordered(const apo_gaussian_core *core, const order *o, double *work) {
  const size_t n = core->n_columns;
  for (size_t col = 0; col < n; ++col) {
    const double *from = core->correlation + o->columns[col] * n;
    for (size_t row = col; row < n; ++row) work[col * n + row] = from[o->columns[row]];
  }
}

// (c L) of one output.
static void find_terms(const apo_gaussian_core *core,
                       uint32_t output,
                       const double *factor,
                       const order *o) {
  const size_t n = core->n_columns;
  const double *coefficient = core->coefficient + output * n;
  for (size_t col = 0; col < n; ++col) {
    double sum = 0.0;
    for (size_t row = col; row < n; ++row) {
      sum += coefficient[o->columns[row]] * factor[col * n + row];
    }
    o->terms[output * n + col] = sum;
  }
}

static void add_values(const apo_gaussian_core *core,
                       const double *inverse,
                       const order *o,
                       double *out) {
  const size_t n = core->n_columns;
  for (size_t col = 0; col < n; ++col) {
    for (uint32_t output = 0; output < core->n_outputs; ++output) {
      const double *terms = o->terms + output * n;
      double *values = out + ((size_t)o->columns[col] * core->n_outputs + output) * core->n_players;
      for (size_t row = col; row < n; ++row) {
        values[core->player[o->columns[row]]] += terms[row] * inverse[col * n + row];
      }
    }
  }
}

static apo_status add_order(const apo_gaussian_core *core,
                            bool is_reversed,
                            order *o,
                            double *work,
                            double *out,
                            apo_error *err) {
  lay_columns(core, is_reversed, o);
  copy_ordered(core, o, work);
  APO_TRY(apo_cholesky_factor(core->n_columns, work, err));
  for (uint32_t output = 0; output < core->n_outputs; ++output) {
    find_terms(core, output, work, o);
  }
  APO_TRY(apo_cholesky_invert(core->n_columns, work, err));
  add_values(core, work, o, out);
  return APO_OK;
}

apo_status apo_gaussian_add_orders(const apo_gaussian_core *core,
                                   uint64_t seed,
                                   uint32_t begin,
                                   uint32_t end,
                                   double *work,
                                   double *out,
                                   apo_error *err) {
  apo_status status = APO_OK;
  order o = {.players = apo_alloc(core->n_players, sizeof *o.players),
             .columns = apo_alloc(core->n_columns, sizeof *o.columns),
             .terms = apo_alloc(core->n_columns, core->n_outputs * sizeof *o.terms)};
  if (o.players == NULL || o.columns == NULL || o.terms == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "linear: no memory for an order of %u columns",
                      core->n_columns);
  }
  for (uint32_t pair = begin; pair < end && status == APO_OK; ++pair) {
    apo_draw draw = apo_draw_start(seed, APO_STREAM_PERMUTATION, APO_DRAW_SHARED, pair);
    apo_draw_permutation(&draw, core->n_players, o.players);
    status = add_order(core, false, &o, work, out, err);
    if (status == APO_OK) status = add_order(core, true, &o, work, out, err);
  }
  free(o.players);
  free(o.columns);
  free(o.terms);
  return status;
}
