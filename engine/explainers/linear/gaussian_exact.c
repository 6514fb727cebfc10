/* gaussian_exact.c - M over all coalitions.
 *
 * With b_s = s! (P-s-1)! / P! and a_s = (s-1)! (P-s)! / P! the definition of player p's share reads
 *
 *     M_p = sum over S with p of  a_|S| beta_S  -  sum over S without p of  b_|S| beta_S
 *         = sum over S with p of (a_|S| + b_|S|) beta_S  -  sum over all S of b_|S| beta_S
 *
 * Coalitions are walked as a tree: below S are those that add players of higher numbers.  Going
 * down appends rows to the Cholesky factor of the correlations within S and to the forward solution
 * (c R)_S, and only the back substitution is done anew.  A coalition that holds p lies below exactly
 * one whose last player is p, so sums over whole branches are all that M_p needs.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/explainers/linear/gaussian_parts.h"

typedef struct walk {
  const apo_gaussian_core *core;
  uint32_t n_held;      /* columns of S */
  uint32_t n_players;   /* of S */
  uint32_t *players;    /* [n_players of the game] of S, ascending */
  uint32_t *held;       /* [n_columns] those of S, in the order they came */
  double *factor;       /* [n_columns x n_columns] rows of the Cholesky factor */
  double *told;         /* [n_outputs x n_columns] c R */
  double *forward;      /* [n_outputs x n_columns] solution of factor y = (c R)_S */
  double *beta;         /* [n_columns] */
  double *branch;       /* [n_players + 1][n_outputs x n_columns] sums over what lies below */
  double *with;         /* [n_players][n_outputs x n_columns] */
  double *everywhere;   /* [n_outputs x n_columns] */
  double *weight_with;  /* [n_players + 1] a_s + b_s */
  double *weight_every; /* [n_players + 1] b_s */
} walk;

double apo_gaussian_enumerate_bytes(double n_columns, double n_players, double n_outputs) {
  return 8.0 * (n_columns * (n_columns + 3.0) + n_outputs * n_columns * (2.0 * n_players + 4.0) +
                3.0 * n_players + 3.0);
}

static size_t block_of(const walk *w) {
  return (size_t)w->core->n_outputs * w->core->n_columns;
}

static apo_status open(const apo_gaussian_core *core, walk *w, apo_error *err) {
  const size_t n = core->n_columns;
  const size_t n_players = core->n_players;
  w->core = core;
  const size_t block = block_of(w);
  w->players = apo_alloc(n_players, sizeof *w->players);
  w->held = apo_alloc(n, sizeof *w->held);
  w->factor = apo_alloc(n, n * sizeof *w->factor);
  w->told = apo_alloc(block, sizeof *w->told);
  w->forward = apo_alloc(block, sizeof *w->forward);
  w->beta = apo_alloc(n, sizeof *w->beta);
  w->branch = apo_alloc(n_players + 1, block * sizeof *w->branch);
  w->with = apo_alloc(n_players, block * sizeof *w->with);
  w->everywhere = apo_alloc(block, sizeof *w->everywhere);
  w->weight_with = apo_alloc(n_players + 1, sizeof *w->weight_with);
  w->weight_every = apo_alloc(n_players + 1, sizeof *w->weight_every);
  if (w->players == NULL || w->held == NULL || w->factor == NULL || w->told == NULL ||
      w->forward == NULL || w->beta == NULL || w->branch == NULL || w->with == NULL ||
      w->everywhere == NULL || w->weight_with == NULL || w->weight_every == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "linear: no memory for %u columns that depend",
                    core->n_columns);
  }
  return APO_OK;
}

static void clear(walk *w) {
  free(w->players);
  free(w->held);
  free(w->factor);
  free(w->told);
  free(w->forward);
  free(w->beta);
  free(w->branch);
  free(w->with);
  free(w->everywhere);
  free(w->weight_with);
  free(w->weight_every);
}

static void find_weights(walk *w) {
  const uint32_t n = w->core->n_players;
  double n_coalitions = 1.0;  // of s players
  for (uint32_t s = 0; s <= n; ++s) {
    w->weight_every[s] = s < n ? 1.0 / ((n - s) * n_coalitions) : 0.0;
    w->weight_with[s] = w->weight_every[s] + (s > 0 ? 1.0 / (s * n_coalitions) : 0.0);
    n_coalitions = n_coalitions * (n - s) / (s + 1.0);
  }
}

static void find_told(walk *w) {
  const apo_gaussian_core *core = w->core;
  const size_t n = core->n_columns;
  for (uint32_t output = 0; output < core->n_outputs; ++output) {
    double *told = w->told + output * n;
    for (size_t from = 0; from < n; ++from) {
      const double coefficient = core->coefficient[output * n + from];
      const double *correlation = core->correlation + from * n;
      for (size_t col = 0; col < n; ++col) told[col] += coefficient * correlation[col];
    }
  }
}

static double dot(const double *a, const double *b, uint32_t n) {
  double sum = 0.0;
  for (uint32_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

// One more row of the factor and of the forward solutions.
static void take_column(walk *w, uint32_t column) {
  const size_t n = w->core->n_columns;
  const uint32_t at = w->n_held;
  double *row = w->factor + at * n;
  const double *correlation = w->core->correlation + column * n;
  for (uint32_t i = 0; i < at; ++i) {
    const double *above = w->factor + i * n;
    row[i] = (correlation[w->held[i]] - dot(row, above, i)) / above[i];
  }
  // At least the ridge in exact arithmetic, which is far above what rounding takes away.
  const double left = correlation[column] - dot(row, row, at);
  row[at] = sqrt(left > APO_GAUSSIAN_RIDGE / 2 ? left : APO_GAUSSIAN_RIDGE / 2);
  for (uint32_t output = 0; output < w->core->n_outputs; ++output) {
    double *forward = w->forward + output * n;
    forward[at] = (w->told[output * n + column] - dot(row, forward, at)) / row[at];
  }
  w->held[at] = column;
  w->n_held = at + 1;
}

// beta_S of one output, in the order of `held`.
static void solve_back(walk *w, uint32_t output) {
  const size_t n = w->core->n_columns;
  memcpy(w->beta, w->forward + output * n, w->n_held * sizeof *w->beta);
  for (uint32_t i = w->n_held; i-- > 0;) {
    const double *row = w->factor + i * n;
    const double beta = w->beta[i] / row[i];
    w->beta[i] = beta;
    for (uint32_t above = 0; above < i; ++above) w->beta[above] -= row[above] * beta;
  }
}

// What everybody tells is the row itself; no solution is as exact as that.
static void take_all_coefficients(walk *w, uint32_t output) {
  const double *coefficient = w->core->coefficient + (size_t)output * w->core->n_columns;
  for (uint32_t i = 0; i < w->n_held; ++i) w->beta[i] = coefficient[w->held[i]];
}

static void add_coalition(walk *w) {
  const size_t n = w->core->n_columns;
  double *branch = w->branch + w->n_players * block_of(w);
  const double weight_with = w->weight_with[w->n_players];
  const double weight_every = w->weight_every[w->n_players];
  for (uint32_t output = 0; output < w->core->n_outputs; ++output) {
    double *below = branch + output * n;
    double *everywhere = w->everywhere + output * n;
    if (w->n_held == n) {
      take_all_coefficients(w, output);
    } else {
      solve_back(w, output);
    }
    for (uint32_t i = 0; i < w->n_held; ++i) {
      below[w->held[i]] += weight_with * w->beta[i];
      everywhere[w->held[i]] += weight_every * w->beta[i];
    }
  }
}

static void push(walk *w, uint32_t player) {
  w->players[w->n_players++] = player;
  memset(w->branch + w->n_players * block_of(w), 0, block_of(w) * sizeof *w->branch);
  const uint32_t end = w->core->begin[player + 1];
  for (uint32_t col = w->core->begin[player]; col < end; ++col) take_column(w, col);
}

// The branch of the last player is complete; returns that player.
static uint32_t pop(walk *w) {
  const size_t block = block_of(w);
  const uint32_t player = w->players[w->n_players - 1];
  const double *branch = w->branch + w->n_players * block;
  double *parent = w->branch + (w->n_players - 1) * block;
  double *with = w->with + player * block;
  for (size_t i = 0; i < block; ++i) {
    with[i] += branch[i];
    parent[i] += branch[i];
  }
  --w->n_players;
  w->n_held -= w->core->begin[player + 1] - w->core->begin[player];
  return player;
}

apo_status apo_gaussian_enumerate(const apo_gaussian_core *core, double *out, apo_error *err) {
  walk w = {0};
  const apo_status status = open(core, &w, err);
  if (status != APO_OK) goto done;
  find_weights(&w);
  find_told(&w);
  for (uint32_t next = 0;;) {
    if (next < core->n_players) {
      push(&w, next++);
      add_coalition(&w);
    } else if (w.n_players > 0) {
      next = pop(&w) + 1;
    } else {
      break;
    }
  }
  const size_t n = core->n_columns;
  for (size_t col = 0; col < n; ++col) {
    for (size_t output = 0; output < core->n_outputs; ++output) {
      for (size_t player = 0; player < core->n_players; ++player) {
        *out++ = w.with[player * block_of(&w) + output * n + col] - w.everywhere[output * n + col];
      }
    }
  }
done:
  clear(&w);
  return status;
}
