/* test_value_weights.c - weights against fractions, quadrature against integrals. */
#include "engine/exact/value_weights.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "kernels/leaf_pairs/leaf_pairs_abi.h"
#include "tests/support/apo_test.h"

enum { MOST_POINTS = 2048 };

static const uint64_t one = (uint64_t)1 << 62;

static uint64_t factorial(uint32_t n) {
  uint64_t product = 1;
  for (uint32_t i = 2; i <= n; ++i) product *= i;
  return product;
}

// round(2^62 / divisor), ties upward.
static uint64_t share_of(uint64_t divisor) {
  return (one + divisor / 2) / divisor;
}

// s! r! / (s + r + 1)! as one over a whole number: it is 1 / ((s + r + 1) C(s + r, s)).
static uint64_t shapley_divisor(uint32_t s, uint32_t r) {
  return factorial(s + r + 1) / (factorial(s) * factorial(r));
}

static void weights_are_rounded_fractions(void **state) {
  (void)state;
  uint64_t shapley[APO_WEIGHTS];
  uint64_t banzhaf[APO_WEIGHTS];
  static const uint64_t totals[] = {1, 3, 100, 32735, APO_COUNT_SCALE, 1000003};
  for (size_t t = 0; t < sizeof totals / sizeof *totals; ++t) {
    apo_value_weights(APO_WEIGHTS_SHAPLEY, totals[t], shapley);
    apo_value_weights(APO_WEIGHTS_BANZHAF, totals[t], banzhaf);
    for (uint32_t order = 1; order <= 2; ++order) {
      for (uint32_t D = 0; D <= APO_LEAF_PLAYERS; ++D) {
        for (uint32_t s = 0; s <= APO_LEAF_PLAYERS; ++s) {
          const uint32_t at = APO_WEIGHT(order, D, s);
          if (s + order > D) {
            assert_true(shapley[at] == 0 && banzhaf[at] == 0);
            continue;
          }
          const uint32_t r = D - order - s;
          assert_true(shapley[at] == share_of(totals[t] * shapley_divisor(s, r)));
          assert_true(banzhaf[at] == share_of(totals[t] << (s + r)));
        }
      }
    }
  }
}

static void moments_obey_their_recurrence(void **state) {
  (void)state;
  for (int index = 0; index <= 1; ++index) {
    for (uint32_t s = 0; s < 120; ++s) {
      for (uint32_t r = 0; r < 120; ++r) {
        const double whole = apo_value_moment((apo_index_weights)index, s, r);
        const double parts = apo_value_moment((apo_index_weights)index, s + 1, r) +
                             apo_value_moment((apo_index_weights)index, s, r + 1);
        assert_true(fabs(whole - parts) <= 1e-13 * whole);
      }
    }
  }
  assert_true(apo_value_moment(APO_WEIGHTS_SHAPLEY, 2, 3) == 1.0 / 60.0);
  assert_true(apo_value_moment(APO_WEIGHTS_BANZHAF, 2, 3) == 1.0 / 32.0);
  assert_true(apo_value_moment(APO_WEIGHTS_SHAPLEY, 8192, 0) == 1.0 / 8193.0);
  assert_true(apo_value_moment(APO_WEIGHTS_SHAPLEY, 8192, 8192) == 0.0);
  assert_true(apo_value_moment(APO_WEIGHTS_BANZHAF, 8192, 8192) == 0.0);
}

static void tables_of_moments_hold_scaled_moments(void **state) {
  (void)state;
  enum { N = 150 };
  uint64_t *moment = calloc((size_t)N * N, sizeof *moment);
  assert_non_null(moment);
  for (int index = 0; index <= 1; ++index) {
    apo_value_moments((apo_index_weights)index, 100, N, moment);
    for (uint32_t s = 0; s < N; ++s) {
      for (uint32_t r = 0; r < N; ++r) {
        const double exact = ldexp(apo_value_moment((apo_index_weights)index, s, r), 62) / 100.0;
        assert_true(fabs((double)moment[s * N + r] - exact) <= 0.5 + 1e-13 * exact);
      }
    }
  }
  assert_true(moment[0] == share_of(100));
  free(moment);
}

// Integral of t^k over (0, 1) is 1 / (k + 1).
static void points_integrate_polynomials(void **state) {
  (void)state;
  static const uint32_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 13, 30, 31, 64, 255, 1000, MOST_POINTS};
  static double point[MOST_POINTS];
  static double weight[MOST_POINTS];
  for (size_t at = 0; at < sizeof sizes / sizeof *sizes; ++at) {
    const uint32_t n = sizes[at];
    apo_gauss_points(n, point, weight);
    for (uint32_t i = 0; i < n; ++i) {
      assert_true(point[i] > 0.0 && point[i] < 1.0 && weight[i] > 0.0);
      if (i > 0) assert_true(point[i] > point[i - 1]);
    }
    for (uint32_t k = 0; k < 2 * n; k += 1 + k / 8) {
      double sum = 0.0;
      for (uint32_t i = 0; i < n; ++i) sum += weight[i] * pow(point[i], k);
      if (fabs(sum * (k + 1.0) - 1.0) > 2e-12) fail_msg("%u points, t^%u: %.17g", n, k, sum);
    }
    double sum = 0.0;
    for (uint32_t i = 0; i < n; ++i) sum += weight[i] * pow(point[i], 2.0 * n - 1.0);
    assert_true(fabs(sum * 2.0 * n - 1.0) <= 2e-11);
  }
  // n points are not exact at degree 2 n: t^2 with the one point 1/2 is 1/4.
  apo_gauss_points(1, point, weight);
  assert_true(point[0] == 0.5 && weight[0] == 1.0);
  apo_gauss_points(2, point, weight);
  assert_true(fabs(point[0] - (0.5 - sqrt(3.0) / 6.0)) <= 1e-16);
}

static uint32_t size_of(uint32_t set) {
  uint32_t size = 0;
  for (; set != 0; set &= set - 1) ++size;
  return size;
}

// What leaf_pairs looks up is what leaf_vectors would have added up, bit for bit.
static void meetings_are_sums_of_weights_over_coalitions(void **state) {
  (void)state;
  static uint64_t weight[APO_WEIGHTS];
  static uint64_t meeting[APO_MEETINGS];
  for (int index = APO_WEIGHTS_SHAPLEY; index <= APO_WEIGHTS_BANZHAF; ++index) {
    apo_value_weights((apo_index_weights)index, 7, weight);
    apo_value_meetings(weight, meeting);
    for (uint32_t D = 1; D <= 10; ++D) {
      for (uint32_t held = 0; held < 1u << D; held = 2 * held + 1) {
        const uint32_t a = size_of(held);
        for (uint32_t q = 0; a + q <= D; ++q) {
          const uint32_t barred = ((1u << q) - 1) << (D - q);
          uint64_t sum = 0;
          for (uint32_t S = 0; S < 1u << D; ++S) {
            const bool counts = (S & held) == held && (S & barred) == 0;
            if (counts) sum += weight[APO_WEIGHT(1, D, size_of(S))];
          }
          assert_true(sum == meeting[APO_MEETING(D, a, q)]);
        }
      }
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(weights_are_rounded_fractions),
      cmocka_unit_test(moments_obey_their_recurrence),
      cmocka_unit_test(tables_of_moments_hold_scaled_moments),
      cmocka_unit_test(points_integrate_polynomials),
      cmocka_unit_test(meetings_are_sums_of_weights_over_coalitions),
  };
  return cmocka_run_group_tests_name("value_weights", tests, NULL, NULL);
}
