#include "engine/explainers/permutation/permutations.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "engine/core/draw.h"

static const uint64_t MAX_EVALUATIONS = UINT64_C(1) << 31;

apo_status apo_permutation_pairs(uint32_t n_players,
                                 uint64_t n_samples,
                                 uint32_t *out,
                                 apo_error *err) {
  const uint64_t n_per_pair = 2 * (uint64_t)n_players + 1;
  const uint64_t n_pairs = n_samples == 0 ? APO_AUTO_PERMUTATION_PAIRS : n_samples / n_per_pair;
  if (n_pairs == 0) {
    return apo_fail(err, APO_ERR_LIMIT,
                    "permutations: %" PRIu64
                    " evaluations for %u players, needed at least %" PRIu64,
                    n_samples, n_players, n_per_pair);
  }
  if (n_pairs > MAX_EVALUATIONS / n_per_pair) {
    return apo_fail(err, APO_ERR_LIMIT,
                    "permutations: %" PRIu64 " pairs for %u players, at most %" PRIu64
                    " evaluations",
                    n_pairs, n_players, MAX_EVALUATIONS);
  }
  *out = (uint32_t)n_pairs;
  return APO_OK;
}

uint32_t apo_permutation_n_evaluations(uint32_t n_players, uint32_t n_pairs) {
  return n_players < 2 ? 0 : n_pairs * 2 * (n_players - 1);
}

void apo_permutation_orders(
    uint32_t n_players, uint32_t n_pairs, uint64_t seed, uint64_t row, uint32_t *orders) {
  for (uint32_t pair = 0; pair < n_pairs; ++pair) {
    apo_draw draw = apo_draw_start(seed, APO_STREAM_PERMUTATION, row, pair);
    apo_draw_permutation(&draw, n_players, orders + (size_t)pair * n_players);
  }
}

// Set bits [begin, end) of one player's column.
static void set_range(uint32_t *column, uint32_t begin, uint32_t end) {
  for (uint32_t at = begin; at < end;) {
    const uint32_t low = at % 32;
    const uint32_t n = end - at < 32 - low ? end - at : 32 - low;
    column[at / 32] |= (n == 32 ? UINT32_MAX : (UINT32_C(1) << n) - 1) << low;
    at += n;
  }
}

void apo_permutation_bits(uint32_t n_players,
                          uint32_t n_pairs,
                          const uint32_t *orders,
                          uint32_t *bits) {
  if (n_players < 2) return;
  const uint32_t n_steps = n_players - 1;
  const size_t n_words = ((size_t)apo_permutation_n_evaluations(n_players, n_pairs) + 31) / 32;
  memset(bits, 0, n_players * n_words * sizeof *bits);
  for (uint32_t pair = 0; pair < n_pairs; ++pair) {
    const uint32_t first = pair * 2 * n_steps;
    for (uint32_t q = 0; q < n_players; ++q) {
      uint32_t *column = bits + orders[(size_t)pair * n_players + q] * n_words;
      // The q-th player is in once q + 1 players have entered, and until as many have left.
      set_range(column, first + q, first + n_steps);
      set_range(column, first + n_steps, first + n_steps + q);
    }
  }
}

// What the player at place q of a pair's order gains, mean of entering and leaving; v holds the
// pair's evaluations.
static double pair_estimate(
    uint32_t n_players, uint32_t q, const double *v, double v_empty, double v_full) {
  const uint32_t last = n_players - 1;
  const double before_entering = q == 0 ? v_empty : v[q - 1];
  const double after_entering = q == last ? v_full : v[q];
  const double before_leaving = q == 0 ? v_full : v[last + q - 1];
  const double after_leaving = q == last ? v_empty : v[last + q];
  return 0.5 * ((after_entering - before_entering) + (before_leaving - after_leaving));
}

// Welford's running mean and sum of squared deviations; after the last pair the sums become errors.
static void take_pair(double estimate, uint32_t pair, double *mean, double *squares) {
  const double step = estimate - *mean;
  *mean += step / ((double)pair + 1.0);
  if (squares != NULL) *squares += step * (estimate - *mean);
}

void apo_permutation_phi(uint32_t n_players,
                         uint32_t n_pairs,
                         const uint32_t *orders,
                         const double *v,
                         double v_empty,
                         double v_full,
                         double *phi,
                         double *phi_se) {
  for (uint32_t player = 0; player < n_players; ++player) {
    phi[player] = n_players == 1 ? v_full - v_empty : 0.0;
    if (phi_se != NULL) phi_se[player] = 0.0;
  }
  if (n_players < 2) return;

  for (uint32_t pair = 0; pair < n_pairs; ++pair) {
    const double *values = v + (size_t)pair * 2 * (n_players - 1);
    for (uint32_t q = 0; q < n_players; ++q) {
      const uint32_t player = orders[(size_t)pair * n_players + q];
      const double estimate = pair_estimate(n_players, q, values, v_empty, v_full);
      take_pair(estimate, pair, &phi[player], phi_se != NULL ? &phi_se[player] : NULL);
    }
  }
  if (phi_se == NULL) return;
  const double n = n_pairs;
  for (uint32_t player = 0; player < n_players; ++player) {
    phi_se[player] = n_pairs < 2 ? (double)NAN : sqrt(phi_se[player] / (n - 1.0) / n);
  }
}
