/* Nodes and their counts stand for rho of every background row, whatever the row's margin. */
#include <math.h>
#include <stdlib.h>

#include "engine/exact/rescale.h"
#include "engine/exact/value_weights.h"
#include "tests/support/apo_test.h"
#include "tests/support/games.h"
#include "tests/support/random_forest.h"

enum { MAX_ROWS = 4000 };

// Rows of a background, of which one looks up the weight at every margin.
typedef struct fit {
  double margin[MAX_ROWS];
  double weights[MAX_ROWS];
  apo_background background;
  int32_t *count;
  apo_rescale *rescale;
} fit;

static fit the_fit;

static fit *make_fit(uint64_t n_rows, double low, double high, double scale) {
  fit *f = &the_fit;
  apo_random random = apo_random_start(n_rows);
  apo_error err;
  double sum = 0.0;
  for (uint64_t row = 0; row < n_rows; ++row) {
    f->margin[row] = low + (high - low) * (double)row / (double)(n_rows > 1 ? n_rows - 1 : 1);
    f->weights[row] = 1.0 + (double)apo_random_below(&random, 5);
    sum += f->weights[row];
  }
  for (uint64_t row = 0; row < n_rows; ++row) f->weights[row] /= sum;
  f->background = (apo_background){.n_rows = n_rows, .weights = f->weights};
  assert_ok(apo_rescale_create(APO_LOSS_NONE, scale, &f->background, f->margin, &f->count,
                               &f->rescale, &err),
            &err);
  return f;
}

static void free_fit(fit *f) {
  apo_rescale_destroy(&f->rescale);
  free(f->count);
}

static double sigmoid_of(double scale, double margin) {
  return 1.0 / (1.0 + exp(-scale * margin));
}

// What the sets say of row `b` for a row of that margin, over its weight.
static double found(const fit *f, uint64_t b, double margin) {
  double sum = 0.0;
  for (uint32_t set = 0; set < f->rescale->n_sets; ++set) {
    sum += apo_rescale_factor(f->rescale, set, margin, 0.0) *
           f->count[set * f->background.n_rows + b] / APO_COUNT_SCALE;
  }
  return sum / f->weights[b];
}

// Counts of n_rows rows are off by up to 2^-30 of the set each.
static double worst(const fit *f, double scale) {
  static const double rows[] = {-700.0, -31.0, -8.0, -2.5, -0.1, 0.0,
                                0.3,    1.0,   4.0,  9.0,  40.0, 800.0};
  double most = 0.0;
  for (uint64_t b = 0; b < f->background.n_rows; b += 1 + f->background.n_rows / 50) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
      const double wanted = scale * apo_rescale_slope(scale * rows[i], scale * f->margin[b]);
      most = fmax(most, fabs(found(f, b, rows[i]) - wanted));
    }
  }
  return most;
}

static void the_slope_is_a_divided_difference(void **state) {
  (void)state;
  for (double a = -20.0; a <= 20.0; a += 1.7) {
    for (double b = -20.3; b <= 20.0; b += 2.3) {
      if (fabs(a - b) < 0.05) continue;  // the plain quotient would cancel
      const double wanted = (sigmoid_of(1.0, a) - sigmoid_of(1.0, b)) / (a - b);
      assert_near(apo_rescale_slope(a, b), wanted, 1e-14, "slope");
      assert_true(apo_rescale_slope(a, b) == apo_rescale_slope(b, a));
    }
    const double s = sigmoid_of(1.0, a);
    assert_near(apo_rescale_slope(a, a), s * sigmoid_of(1.0, -a), 1e-16, "slope at one margin");
    assert_near(apo_rescale_slope(a, a + 1e-9), s * sigmoid_of(1.0, -a), 1e-9, "slope nearby");
  }
  assert_near(apo_rescale_slope(-1e6, 1e6), 0.5e-6, 1e-20, "slope over all");
  assert_true(apo_rescale_slope(1e6, 2e6) == 0.0);
}

static void few_margins_have_a_set_each(void **state) {
  (void)state;
  for (uint64_t n_rows = 1; n_rows <= 15; n_rows += 7) {
    fit *f = make_fit(n_rows, -6.0, 7.0, 1.0);
    assert_int_equal(f->rescale->n_sets, n_rows);
    assert_in_range((uint64_t)(worst(f, 1.0) * 1e15), 0, 1000000);  // 1e-9: of counts alone
    free_fit(f);
  }
  fit *same = make_fit(300, 2.0, 2.0, 1.0);
  assert_int_equal(same->rescale->n_sets, 1);
  free_fit(same);
}

static void many_margins_share_a_few_nodes(void **state) {
  (void)state;
  static const struct {
    double low, high, scale;
    uint32_t most_sets;
  } all[] = {{-1, 1, 1, 9},    {-3, 3, 1, 16},   {-10, 10, 1, 28},  {-8, -2, 1, 16},
             {-40, 12, 1, 40}, {-4, 5, 0.4, 14}, {-4, 5, -2.5, 30}, {-600, 600, 1, 90}};
  for (size_t i = 0; i < sizeof all / sizeof *all; ++i) {
    fit *f = make_fit(1500, all[i].low, all[i].high, all[i].scale);
    const double error = worst(f, all[i].scale);
    if (f->rescale->n_sets > all[i].most_sets || error > 2e-6) {
      print_error("[%g, %g] x %g: %u sets, error %g\n", all[i].low, all[i].high, all[i].scale,
                  f->rescale->n_sets, error);
      fail();
    }
    free_fit(f);
  }
}

// As far as interpolation goes, without the rounding of counts: one row has nearly all the weight.
static void interpolation_is_right_to_a_billionth(void **state) {
  (void)state;
  enum { N_ROWS = 300 };
  for (uint64_t heavy = 0; heavy < N_ROWS; heavy += 23) {
    apo_error err;
    fit *f = &the_fit;
    for (uint64_t row = 0; row < N_ROWS; ++row) {
      f->margin[row] = -9.0 + 15.0 * (double)row / (N_ROWS - 1);
      f->weights[row] = row == heavy ? 1.0 : 1e-300;
    }
    f->background = (apo_background){.n_rows = N_ROWS, .weights = f->weights};
    assert_ok(apo_rescale_create(APO_LOSS_NONE, 1.0, &f->background, f->margin, &f->count,
                                 &f->rescale, &err),
              &err);
    assert_in_range(f->rescale->n_sets, 2, 30);
    for (double margin = -30.0; margin < 30.0; margin += 0.37) {
      const double wanted = apo_rescale_slope(margin, f->margin[heavy]);
      assert_near(found(f, heavy, margin), wanted, 4e-9, "interpolated");
    }
    free_fit(f);
  }
}

static void counts_stay_within_their_scale(void **state) {
  (void)state;
  for (uint64_t n_rows = 1; n_rows <= MAX_ROWS; n_rows = 5 * n_rows + 3) {
    fit *f = make_fit(n_rows, -5.0, 5.0, 1.0);
    for (uint32_t set = 0; set < f->rescale->n_sets; ++set) {
      uint64_t sum = 0;
      for (uint64_t row = 0; row < n_rows; ++row) {
        sum += (uint64_t)llabs((long long)f->count[set * n_rows + row]);
      }
      assert_in_range(sum, APO_COUNT_SCALE / 4, APO_COUNT_SCALE);
    }
    free_fit(f);
  }
}

static void the_base_is_the_mean_response(void **state) {
  (void)state;
  fit *f = make_fit(100, -3.0, 2.0, 1.7);
  double mean = 0.0;
  for (uint64_t row = 0; row < 100; ++row)
    mean += f->weights[row] * sigmoid_of(1.7, f->margin[row]);
  assert_near(f->rescale->base, mean, 1e-15, "base");
  free_fit(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_slope_is_a_divided_difference),
      cmocka_unit_test(few_margins_have_a_set_each),
      cmocka_unit_test(many_margins_share_a_few_nodes),
      cmocka_unit_test(interpolation_is_right_to_a_billionth),
      cmocka_unit_test(counts_stay_within_their_scale),
      cmocka_unit_test(the_base_is_the_mean_response),
  };
  return cmocka_run_group_tests_name("unit.rescale", tests, NULL, NULL);
}
