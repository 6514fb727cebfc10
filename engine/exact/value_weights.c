/* value_weights.c - weights as integers, rounded once from the exact fraction where 64 bits hold it. */
#include "engine/exact/value_weights.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "kernels/leaf_pairs/leaf_pairs_abi.h"

enum {
  MAX_EXACT = 56,       // C(56, 28) * 56 fits 64 bits and C(56, 28) fits a double
  MAX_NEWTON_STEPS = 16 /* from Chebyshev's guess three are enough; the rest is caution */
};

static const uint64_t one = (uint64_t)1 << 62;

// C(n, k), n <= MAX_EXACT: each step is again a binomial, so it divides evenly.
static uint64_t binomial(uint32_t n, uint32_t k) {
  uint64_t c = 1;
  if (k > n - k) k = n - k;
  for (uint32_t i = 1; i <= k; ++i) c = c * (n - k + i) / i;
  return c;
}

// 1 / M(s, r), a whole number; s + r <= MAX_EXACT.
static uint64_t inverse_moment(apo_index_weights index, uint32_t s, uint32_t r) {
  if (index == APO_WEIGHTS_BANZHAF) return (uint64_t)1 << (s + r);
  return (s + r + 1) * binomial(s + r, s);
}

double apo_value_moment(apo_index_weights index, uint32_t s, uint32_t r) {
  const uint32_t n = s + r;
  if (n <= MAX_EXACT) return 1.0 / (double)inverse_moment(index, s, r);
  if (index == APO_WEIGHTS_BANZHAF) return ldexp(1.0, -(int)n);
  const uint32_t least = s < r ? s : r;
  double moment = 1.0 / ((double)n + 1.0);
  for (uint32_t i = 1; i <= least; ++i) moment *= (double)i / (double)(n - least + i);
  return moment;
}

// round(2^62 M(s, r) / total); `moment` is M(s, r), for what 64 bits do not hold.
static uint64_t scaled(
    apo_index_weights index, uint32_t s, uint32_t r, double moment, uint64_t total) {
  if (s + r <= MAX_EXACT) {
    const uint64_t inverse = inverse_moment(index, s, r);
    if (total > UINT64_MAX / inverse) return 0;  // a divisor above 2^64
    const uint64_t divisor = inverse * total;
    const uint64_t rest = one % divisor;
    return one / divisor + (rest >= divisor - rest ? 1 : 0);
  }
  return (uint64_t)llrint(ldexp(moment, 62) / (double)total);
}

void apo_value_weights(apo_index_weights index, uint64_t total, uint64_t *out) {
  for (uint32_t order = 1; order <= 2; ++order) {
    for (uint32_t D = 0; D <= APO_LEAF_PLAYERS; ++D) {
      for (uint32_t s = 0; s <= APO_LEAF_PLAYERS; ++s) {
        const bool has_weight = s + order <= D;
        out[APO_WEIGHT(order, D, s)] = has_weight ? scaled(index, s, D - order - s, 0.0, total) : 0;
      }
    }
  }
}

// Pascal's rule on sums of weights: with one free player more, it is in or out.
void apo_value_meetings(const uint64_t *weight, uint64_t *out) {
  for (uint32_t D = 0; D <= APO_LEAF_PLAYERS; ++D) {
    for (uint32_t n_free = 0; n_free <= D; ++n_free) {
      for (uint32_t a = 0; a + n_free <= D; ++a) {
        const uint32_t q = D - n_free - a;
        out[APO_MEETING(D, a, q)] =
            n_free == 0 ? weight[APO_WEIGHT(1, D, a)]
                        : out[APO_MEETING(D, a, q + 1)] + out[APO_MEETING(D, a + 1, q)];
      }
    }
  }
}

void apo_value_moments(apo_index_weights index, uint64_t total, uint32_t n, uint64_t *out) {
  for (uint32_t s = 0; s < n; ++s) {
    double moment = apo_value_moment(index, s, 0);
    for (uint32_t r = 0; r < n; ++r) {
      out[(size_t)s * n + r] = scaled(index, s, r, moment, total);
      // M(s, r + 1) from M(s, r): a table of n^2 moments in n^2 steps.
      moment *= index == APO_WEIGHTS_BANZHAF ? 0.5 : (r + 1.0) / (s + r + 2.0);
    }
  }
}

// --- Gauss-Legendre -----------------------------------------------------------------------------

// P_n(x), with its derivative.
static double legendre(uint32_t n, double x, double *slope) {
  double before = 1.0;
  double p = x;
  for (uint32_t k = 2; k <= n; ++k) {
    const double next = ((2.0 * k - 1.0) * x * p - (k - 1.0) * before) / k;
    before = p;
    p = next;
  }
  *slope = n * (x * p - before) / (x * x - 1.0);
  return p;
}

void apo_gauss_points(uint32_t n, double *point, double *weight) {
  const double pi = 3.14159265358979323846;
  for (uint32_t i = 0; i < (n + 1) / 2; ++i) {
    // The i-th largest zero of P_n on (-1, 1); the middle one of an odd n is 0.
    const bool is_middle = 2 * i + 1 == n;
    double x = is_middle ? 0.0 : cos(pi * (i + 0.75) / (n + 0.5));
    double slope = 1.0;
    for (int step = 0; step < MAX_NEWTON_STEPS && !is_middle; ++step) {
      const double change = legendre(n, x, &slope) / slope;
      x -= change;
      if (fabs(change) < 0x1p-52) break;
    }
    legendre(n, x, &slope);
    const double share = 1.0 / ((1.0 - x * x) * slope * slope);
    point[i] = 0.5 * (1.0 - x);
    point[n - 1 - i] = 0.5 * (1.0 + x);
    weight[i] = share;
    weight[n - 1 - i] = share;
  }
}
