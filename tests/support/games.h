/* games.h - random games with all their values, their Shapley values by definition, and what the
 * estimators make of them. */
#ifndef APO_TESTS_SUPPORT_GAMES_H
#define APO_TESTS_SUPPORT_GAMES_H

#include <math.h>
#include <stdlib.h>

#include "engine/core/draw.h"
#include "engine/explainers/kernel/coalitions.h"
#include "engine/explainers/permutation/permutations.h"
#include "engine/solve/least_squares.h"
#include "tests/support/apo_test.h"

enum { MAX_GAME_PLAYERS = 16 };

/** A game of few players.  Bit p of a mask says that player p is present. */
typedef struct game {
  uint32_t n_players;
  double v[1 << MAX_GAME_PLAYERS]; /* [2^n_players] */
} game;

static inline uint32_t game_full(const game *g) {
  return (UINT32_C(1) << g->n_players) - 1;
}

static inline double game_delta(const game *g) {
  return g->v[game_full(g)] - g->v[0];
}

static inline uint32_t game_size(uint32_t mask) {
  uint32_t size = 0;
  for (; mask != 0; mask &= mask - 1) ++size;
  return size;
}

/** Every value uniform in [-1, 1): interactions of all orders. */
static inline void game_random(game *g, uint32_t n_players, uint64_t seed) {
  g->n_players = n_players;
  for (uint32_t mask = 0; mask <= game_full(g); ++mask) {
    apo_draw draw = apo_draw_start(seed, APO_STREAM_BENCH, n_players, mask);
    g->v[mask] = 2.0 * apo_draw_unit(&draw) - 1.0;
  }
}

/** Sums of single effects and of pairs of players, all uniform in [-1, 1). */
static inline void game_of_pairs(game *g, uint32_t n_players, uint64_t seed) {
  double effects[MAX_GAME_PLAYERS][MAX_GAME_PLAYERS];
  apo_draw draw = apo_draw_start(seed, APO_STREAM_BENCH, n_players, UINT32_MAX);
  for (uint32_t i = 0; i < n_players; ++i) {
    for (uint32_t j = 0; j <= i; ++j) effects[i][j] = 2.0 * apo_draw_unit(&draw) - 1.0;
  }
  g->n_players = n_players;
  for (uint32_t mask = 0; mask <= game_full(g); ++mask) {
    g->v[mask] = 0.25;
    for (uint32_t i = 0; i < n_players; ++i) {
      for (uint32_t j = 0; j <= i; ++j) {
        if ((mask >> i & mask >> j & 1) != 0) g->v[mask] += effects[i][j];
      }
    }
  }
}

/** The definition: phi_i = sum over S without i of |S|! (n-|S|-1)! / n! (v(S+i) - v(S)). */
static inline void game_shapley(const game *g, double *phi) {
  double weights[MAX_GAME_PLAYERS];
  for (uint32_t s = 0; s < g->n_players; ++s) {
    weights[s] = tgamma(s + 1.0) * tgamma(g->n_players - s) / tgamma(g->n_players + 1.0);
  }
  for (uint32_t i = 0; i < g->n_players; ++i) {
    const uint32_t player = UINT32_C(1) << i;
    phi[i] = 0.0;
    for (uint32_t mask = 0; mask <= game_full(g); ++mask) {
      if ((mask & player) != 0) continue;
      phi[i] += weights[game_size(mask)] * (g->v[mask | player] - g->v[mask]);
    }
  }
}

/** The players of coalition k, from bit-sliced columns. */
static inline uint32_t game_mask(const uint32_t *bits, uint32_t n_players, uint32_t n, uint32_t k) {
  const size_t n_words = (n + 31) / 32;
  uint32_t mask = 0;
  for (uint32_t player = 0; player < n_players; ++player) {
    mask |= (bits[player * n_words + k / 32] >> k % 32 & 1) << player;
  }
  return mask;
}

static inline double *game_values(const game *g, const uint32_t *bits, uint32_t n) {
  double *v = malloc((n + 1) * sizeof *v);
  assert_non_null(v);
  for (uint32_t k = 0; k < n; ++k) v[k] = g->v[game_mask(bits, g->n_players, n, k)];
  return v;
}

/** Kernel SHAP of a game with at least 2 players. */
static inline void game_kernel(const game *g, uint64_t budget, uint64_t seed, double *phi) {
  apo_error err;
  apo_coalitions *list = NULL;
  apo_projection *projection = NULL;
  assert_ok(apo_coalitions_draw(g->n_players, budget, seed, APO_DRAW_SHARED, &list, &err), &err);
  assert_ok(apo_projection_create(list, &projection, &err), &err);
  double *v = game_values(g, list->bits, list->n_coalitions);
  assert_ok(apo_projection_apply(projection, 1, v, &g->v[0], &g->v[game_full(g)], phi, &err), &err);
  free(v);
  apo_projection_destroy(&projection);
  apo_coalitions_destroy(&list);
}

/** Permutation SHAP of a game over given orders. */
static inline void game_permutation(
    const game *g, uint32_t n_pairs, const uint32_t *orders, double *phi, double *phi_se) {
  const uint32_t n = apo_permutation_n_evaluations(g->n_players, n_pairs);
  uint32_t *bits = malloc((size_t)g->n_players * (n / 32 + 1) * sizeof *bits);
  assert_non_null(bits);
  apo_permutation_bits(g->n_players, n_pairs, orders, bits);
  double *v = game_values(g, bits, n);
  apo_permutation_phi(g->n_players, n_pairs, orders, v, g->v[0], g->v[game_full(g)], phi, phi_se);
  free(v);
  free(bits);
}

/** All n! orders, n up to 6, by Heap's method without recursion; returns how many. */
static inline uint32_t game_all_orders(uint32_t n_players, uint32_t orders[][6]) {
  uint32_t order[6] = {0, 1, 2, 3, 4, 5};
  uint32_t counters[6] = {0};
  uint32_t n_orders = 0;
  memcpy(orders[n_orders++], order, sizeof order);
  for (uint32_t i = 1; i < n_players;) {
    if (counters[i] == i) {
      counters[i++] = 0;
      continue;
    }
    const uint32_t other = i % 2 == 0 ? 0 : counters[i];
    const uint32_t moved = order[i];
    order[i] = order[other];
    order[other] = moved;
    memcpy(orders[n_orders++], order, sizeof order);
    ++counters[i];
    i = 1;
  }
  return n_orders;
}

static inline void assert_near(double actual, double expected, double allowed, const char *what) {
  if (fabs(actual - expected) <= allowed) return;
  print_error("%s: %.17g, expected %.17g within %g\n", what, actual, expected, allowed);
  fail();
}

/** Largest |difference| of n numbers at most `allowed`. */
static inline void assert_all_near(
    const double *actual, const double *expected, uint32_t n, double allowed, const char *what) {
  for (uint32_t i = 0; i < n; ++i) {
    if (fabs(actual[i] - expected[i]) <= allowed) continue;
    print_error("%s[%u] of %u: %.17g, expected %.17g within %g\n", what, i, n, actual[i],
                expected[i], allowed);
    fail();
  }
}

#endif
