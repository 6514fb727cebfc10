/* Losses, their divided differences, and the nodes that stand for a background's. */
#include "engine/exact/loss.h"

#include <math.h>
#include <stdlib.h>

#include "engine/exact/rescale.h"
#include "engine/exact/value_weights.h"
#include "tests/support/apo_test.h"
#include "tests/support/games.h"

enum { N_ROWS = 300 };

static double softplus(double m) {
  return (m > 0.0 ? m : 0.0) + log1p(exp(-fabs(m)));
}

static void the_log_loss_is_right_far_out(void **state) {
  (void)state;
  assert_near(apo_loss_at(APO_LOSS_LOG, 0.0, 0.0), log(2.0), 1e-16, "loss");
  assert_near(apo_loss_at(APO_LOSS_LOG, 40.0, 1.0), exp(-40.0), 1e-32, "small loss");
  assert_near(apo_loss_at(APO_LOSS_LOG, -40.0, 0.0), exp(-40.0), 1e-32, "small loss");
  assert_true(apo_loss_at(APO_LOSS_LOG, 1e6, 0.0) == 1e6);
  assert_true(apo_loss_at(APO_LOSS_LOG, 1e6, 1.0) == 0.0);
  assert_true(apo_loss_at(APO_LOSS_SQUARED, 3.0, -0.5) == 12.25);
}

static void the_slope_of_the_log_loss_is_a_divided_difference(void **state) {
  (void)state;
  for (double a = -20.0; a <= 20.0; a += 0.7) {
    for (double b = -20.3; b <= 20.0; b += 0.9) {
      if (fabs(a - b) < 0.05) continue;  // the plain quotient would cancel
      const double wanted = (softplus(a) - softplus(b)) / (a - b);
      assert_near(apo_loss_slope(APO_LOSS_LOG, a, b, 0.0), wanted, 1e-13, "slope");
      assert_near(apo_loss_slope(APO_LOSS_LOG, a, b, 1.0), wanted - 1.0, 1e-13, "slope");
    }
    const double s = 1.0 / (1.0 + exp(-a));
    assert_near(apo_loss_slope(APO_LOSS_LOG, a, a, 0.0), s, 1e-16, "slope at one margin");
    assert_near(apo_loss_slope(APO_LOSS_LOG, a, a + 1e-9, 0.0), s, 1e-9, "slope nearby");
    // Both forms, where one takes over from the other.
    const double below = apo_loss_slope(APO_LOSS_LOG, a, a + 1.0 - 1e-12, 0.0);
    assert_near(apo_loss_slope(APO_LOSS_LOG, a, a + 1.0 + 1e-12, 0.0), below, 1e-12, "seam");
  }
  assert_near(apo_loss_slope(APO_LOSS_LOG, -1e6, 1e6, 0.0), 0.5, 1e-12, "slope over all");
  assert_true(apo_loss_slope(APO_LOSS_LOG, 1e6, 2e6, 0.0) == 1.0);
  assert_true(apo_loss_slope(APO_LOSS_LOG, -2e6, -1e6, 0.0) == 0.0);
}

static void labels_are_zero_or_one(void **state) {
  (void)state;
  static const double good[] = {0.0, -0.0, 1.0};
  static const double bad[] = {0.5, -1.0, 2.0, 1.0000001, NAN, INFINITY, -INFINITY};
  apo_error err;
  assert_ok(apo_loss_check(APO_LOSS_LOG, good, 3, &err), &err);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    assert_fails(apo_loss_check(APO_LOSS_LOG, &bad[i], 1, &err), APO_ERR_FORMAT, &err, "row 0");
    if (isfinite(bad[i])) assert_ok(apo_loss_check(APO_LOSS_SQUARED, &bad[i], 1, &err), &err);
  }
  assert_fails(apo_loss_check(APO_LOSS_SQUARED, &bad[4], 1, &err), APO_ERR_FORMAT, &err, "finite");
}

// One row has nearly all the weight, so that counts are rounded away from it only.
static void interpolation_is_right_to_a_hundred_millionth(void **state) {
  (void)state;
  static const apo_loss losses[] = {APO_LOSS_LOG, APO_LOSS_SQUARED};
  static double margin[N_ROWS], weights[N_ROWS];
  for (size_t at = 0; at < 2; ++at) {
    for (uint64_t heavy = 0; heavy < N_ROWS; heavy += 23) {
      const apo_background background = {.n_rows = N_ROWS, .weights = weights};
      apo_rescale *rescale = NULL;
      int32_t *count = NULL;
      apo_error err;
      for (uint64_t row = 0; row < N_ROWS; ++row) {
        margin[row] = -9.0 + 15.0 * (double)row / (N_ROWS - 1);
        weights[row] = row == heavy ? 1.0 : 1e-300;
      }
      assert_ok(apo_rescale_create(losses[at], 1.0, &background, margin, &count, &rescale, &err),
                &err);
      assert_in_range(rescale->n_sets, 2, losses[at] == APO_LOSS_SQUARED ? 2 : 30);
      for (double m = -30.0; m < 30.0; m += 0.37) {
        double sum = 0.0;
        for (uint32_t set = 0; set < rescale->n_sets; ++set) {
          sum += apo_rescale_factor(rescale, set, m, 1.0) * count[set * N_ROWS + heavy] /
                 APO_COUNT_SCALE;
        }
        const double wanted = apo_loss_slope(losses[at], m, margin[heavy], 1.0);
        assert_near(sum, wanted, 1e-8 * (1.0 + fabs(wanted)), "interpolated");
      }
      free(count);
      apo_rescale_destroy(&rescale);
    }
  }
}

static void bases_are_means_of_losses(void **state) {
  (void)state;
  static const apo_loss losses[] = {APO_LOSS_LOG, APO_LOSS_SQUARED};
  static const double targets[] = {0.0, 1.0, -7.5};
  double margin[4] = {-2.0, 0.5, 100.25, 3.0};
  double weights[4] = {0.5, 0.25, 0.125, 0.125};
  const apo_background background = {.n_rows = 4, .weights = weights};
  for (size_t at = 0; at < 2; ++at) {
    const double scale = losses[at] == APO_LOSS_LOG ? 1.7 : 1.0;
    apo_rescale *rescale = NULL;
    int32_t *count = NULL;
    apo_error err;
    assert_ok(apo_rescale_create(losses[at], scale, &background, margin, &count, &rescale, &err),
              &err);
    for (size_t t = 0; t < (losses[at] == APO_LOSS_LOG ? 2u : 3u); ++t) {
      double mean = 0.0;
      for (size_t row = 0; row < 4; ++row) {
        mean += weights[row] * apo_loss_at(losses[at], scale * margin[row], targets[t]);
      }
      assert_near(apo_rescale_base(rescale, targets[t]), mean, 1e-14 * mean, "base");
    }
    free(count);
    apo_rescale_destroy(&rescale);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_log_loss_is_right_far_out),
      cmocka_unit_test(the_slope_of_the_log_loss_is_a_divided_difference),
      cmocka_unit_test(labels_are_zero_or_one),
      cmocka_unit_test(interpolation_is_right_to_a_hundred_millionth),
      cmocka_unit_test(bases_are_means_of_losses),
  };
  return cmocka_run_group_tests_name("unit.loss", tests, NULL, NULL);
}
