/* test_response.c - fp32 responses against the real functions in double.
 *
 * An ulp is the distance of floats at the real value.  The bounds are those of response.inc; what
 * was measured over the same ranges is beside them.
 */
#include <math.h>
#include <stdlib.h>

#include "engine/model/link.h"
#include "kernels/response_ref.h"
#include "tests/support/apo_test.h"
#include "tests/support/random_forest.h"

enum { MAX_OUTPUTS = 7, N_VECTORS = 100000 };

static const double max_ulps = 4.0;
static const float lowest = -87.0f; /* exp is held between these */
static const float highest = 88.0f;

static double ulps(double got, double real) {
  int exponent;
  frexp(real, &exponent);
  return fabs(got - real) / ldexp(1.0, (exponent < -125 ? -125 : exponent) - 24);
}

typedef double (*real_function)(double x);
typedef float (*fast_function)(float x);

// The greatest error over [begin, end], `step` apart.
static void assert_close(const char *name,
                         fast_function fast,
                         real_function real,
                         double begin,
                         double end,
                         double step) {
  double worst = 0.0;
  float worst_at = 0.0f;
  for (double at = begin; at <= end; at += step) {
    const float x = (float)at;
    const double error = ulps((double)fast(x), real((double)x));
    if (error <= worst) continue;
    worst = error;
    worst_at = x;
  }
  if (worst < max_ulps) return;
  fail_msg("%s at %a: %.3f ulps, allowed %g", name, (double)worst_at, worst, max_ulps);
}

// The same over floats of one sign and every exponent from 2^-126 to 2^-1.
static void assert_close_near_zero(const char *name,
                                   fast_function fast,
                                   real_function real,
                                   bool is_negative) {
  for (uint32_t bits = 0x00800000u; bits < 0x3f000000u; bits += 6007) {
    const float x = apo_float_bits((int32_t)(is_negative ? bits | 0x80000000u : bits));
    const double error = ulps((double)fast(x), real((double)x));
    if (error < max_ulps) continue;
    fail_msg("%s at %a: %.3f ulps, allowed %g", name, (double)x, error, max_ulps);
  }
}

static float fast_exp(float x) {
  return apo_exp(x);
}

static float fast_reciprocal(float x) {
  return apo_reciprocal(x);
}

static float fast_sigmoid(float x) {
  return apo_sigmoid(x);
}

static float fast_log1p_exp(float x) {
  return apo_log1p_exp(x);
}

static double real_reciprocal(double x) {
  return 1.0 / x;
}

static double real_sigmoid(double x) {
  return 1.0 / (1.0 + exp(-x));
}

static double real_log1p_exp(double x) {
  return fmax(x, 0.0) + log1p(exp(-fabs(x)));
}

/* --- one margin ------------------------------------------------------------------------------- */

static void exp_is_close_between_its_bounds(void **state) {
  (void)state;
  assert_close("exp", fast_exp, exp, (double)lowest, (double)highest, 9.7e-5);  // 1.03
  assert_close("exp", fast_exp, exp, -1.0, 1.0, 1.1e-6);
  assert_close_near_zero("exp", fast_exp, exp, false);
  assert_close_near_zero("exp", fast_exp, exp, true);
  assert_true(apo_exp(0.0f) == 1.0f);
}

static void exp_is_held_outside_its_bounds(void **state) {
  (void)state;
  assert_true(apo_exp(-1000.0f) == apo_exp(lowest));
  assert_true(apo_exp(-INFINITY) == apo_exp(lowest));
  assert_true(apo_exp(1000.0f) == apo_exp(highest));
  assert_true(apo_exp(INFINITY) == apo_exp(highest));
  assert_true(isnormal(apo_exp(lowest)));
  assert_true(isnormal(apo_exp(highest)));
}

static void exp_never_falls(void **state) {
  (void)state;
  float before = apo_exp(lowest);
  for (float x = lowest; x < 20.0f; x += 0.0001f) {
    const float now = apo_exp(x);
    // It may step back by a rounding where n changes, not by more.
    assert_true((double)now >= (double)before * (1.0 - 3 * 0x1p-24));
    before = now;
  }
}

static void the_reciprocal_is_close_for_every_exponent(void **state) {
  (void)state;
  assert_close("1 / x", fast_reciprocal, real_reciprocal, 1.0, 2.0, 0x1p-22);  // 1.25
  for (int exponent = -100; exponent <= 100; ++exponent) {
    for (double unit = 1.0; unit < 2.0; unit += 0.00137) {
      const float x = (float)ldexp(unit, exponent);
      assert_true(ulps((double)apo_reciprocal(x), 1.0 / (double)x) < max_ulps);
    }
    assert_true(apo_reciprocal(ldexpf(1.0f, exponent)) == ldexpf(1.0f, -exponent));
  }
}

static void sigmoid_is_close_in_both_tails(void **state) {
  (void)state;
  assert_close("sigmoid", fast_sigmoid, real_sigmoid, (double)lowest, 0.0, 4.9e-5);  // 3.42
  assert_close("sigmoid", fast_sigmoid, real_sigmoid, 0.0, (double)highest, 4.9e-5);
  assert_close_near_zero("sigmoid", fast_sigmoid, real_sigmoid, false);
  assert_close_near_zero("sigmoid", fast_sigmoid, real_sigmoid, true);
  assert_true(apo_sigmoid(0.0f) == 0.5f);
  assert_true(apo_sigmoid(INFINITY) == 1.0f);
  assert_true(apo_sigmoid(-INFINITY) > 0.0f && apo_sigmoid(-INFINITY) < 2e-38f);
}

static void log1p_exp_is_close_in_both_tails(void **state) {
  (void)state;
  assert_close("log1p_exp", fast_log1p_exp, real_log1p_exp, (double)lowest, 0.0, 4.9e-5);  // 3.53
  assert_close("log1p_exp", fast_log1p_exp, real_log1p_exp, 0.0, 1000.0, 7.7e-4);
  assert_close_near_zero("log1p_exp", fast_log1p_exp, real_log1p_exp, false);
  assert_close_near_zero("log1p_exp", fast_log1p_exp, real_log1p_exp, true);
}

// Responses of one output with both planes, at the scale that a plan gives the stage.
static void respond_alone(apo_i32 response, float scale, float margin, float out[2]) {
  out[0] = margin;
  apo_respond(response, scale, 1, 1, 2, out);
}

static void a_complement_of_a_sigmoid_does_not_cancel(void **state) {
  (void)state;
  for (float x = -80.0f; x < 80.0f; x += 0.0011f) {
    float value[2];
    respond_alone(APO_RESPONSE_SIGMOID, 1.0f, x, value);
    assert_true(value[0] == apo_sigmoid(x));
    assert_true(ulps((double)value[1], real_sigmoid(-(double)x)) < max_ulps);
  }
}

static void scales_apply_to_the_margin(void **state) {
  (void)state;
  for (float x = -20.0f; x < 20.0f; x += 0.0113f) {
    float value[2];
    respond_alone(APO_RESPONSE_SIGMOID, 1.7f, x, value);
    assert_true(value[0] == apo_sigmoid(x * 1.7f));
    respond_alone(APO_RESPONSE_NEG_EXP2, -0.25f, x, value);
    assert_true(value[0] == -apo_exp(x * -0.25f));
  }
}

// neg_exp2 is -2^(-m / scale), given to the stage as -ln 2 / scale: the link's own definition.
static void every_response_is_that_of_its_link(void **state) {
  static const apo_link_name names[] = {APO_LINK_IDENTITY,    APO_LINK_SIGMOID,
                                        APO_LINK_EXP,         APO_LINK_LOG1P_EXP,
                                        APO_LINK_SIGN_SQUARE, APO_LINK_NEG_EXP2};
  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i) {
    const apo_link link = {.name = names[i], .scale = names[i] == APO_LINK_NEG_EXP2 ? 3.0 : 1.0};
    const float scale = names[i] == APO_LINK_NEG_EXP2 ? (float)(-log(2.0) / 3.0) : 1.0f;
    for (float x = -20.0f; x < 20.0f; x += 0.00713f) {
      const double margin = (double)x;
      double real;
      float value[2];
      apo_link_apply(link, &margin, 1, &real);
      respond_alone((apo_i32)names[i], scale, x, value);
      // Where a scale rounds the margin first, exp enlarges that.
      const double allowed = names[i] == APO_LINK_NEG_EXP2 ? max_ulps + fabs(margin) : max_ulps;
      assert_true(ulps((double)value[0], real) < allowed);
      if (names[i] != APO_LINK_SIGMOID) assert_true(value[1] == 1.0f - value[0]);
    }
  }
}

/* --- several margins -------------------------------------------------------------------------- */

typedef struct vector {
  uint32_t n;
  float margin[MAX_OUTPUTS];
  float value[2 * MAX_OUTPUTS];
  double real[MAX_OUTPUTS];
  double others[MAX_OUTPUTS]; /* 1 - real, without cancellation */
  double top;
} vector;

// Margins of all spreads, with ties, through one response.
static vector draw_vector(apo_random *random, apo_link_name name) {
  static const double spreads[] = {0.01, 1.0, 8.0, 20.0};
  vector v = {.n = 2 + apo_random_below(random, MAX_OUTPUTS - 1)};
  const double spread = spreads[apo_random_below(random, 4)];
  double margin[MAX_OUTPUTS];
  for (uint32_t k = 0; k < v.n; ++k) {
    v.margin[k] = (float)(apo_random_number(random) * spread);
    if (k > 0 && apo_random_below(random, 8) == 0) v.margin[k] = v.margin[0];
    v.value[k] = v.margin[k];
    margin[k] = (double)v.margin[k];
    v.top = k == 0 ? margin[0] : fmax(v.top, margin[k]);
  }
  apo_link_apply((apo_link){.name = name, .scale = 1.0}, margin, v.n, v.real);
  for (uint32_t k = 0; k < v.n; ++k) {
    for (uint32_t other = 0; other < v.n; ++other) v.others[k] += other != k ? v.real[other] : 0.0;
  }
  apo_respond((apo_i32)name, 1.0f, v.n, 1, 2, v.value);
  return v;
}

static void softmax_is_close_and_its_complements_do_not_cancel(void **state) {
  (void)state;
  apo_random random = apo_random_start(11);
  for (int i = 0; i < N_VECTORS; ++i) {
    const vector v = draw_vector(&random, APO_LINK_SOFTMAX);
    double widest = 0.0;
    for (uint32_t k = 0; k < v.n; ++k) {
      const double distance = v.top - (double)v.margin[k];
      widest = fmax(widest, distance);
      assert_true(ulps((double)v.value[k], v.real[k]) < 6.0 + distance);
    }
    for (uint32_t k = 0; k < v.n; ++k) {
      assert_true(ulps((double)v.value[v.n + k], v.others[k]) < 6.0 + widest);
    }
  }
}

static void softmax_sums_to_one(void **state) {
  (void)state;
  apo_random random = apo_random_start(12);
  for (int i = 0; i < N_VECTORS; ++i) {
    const vector v = draw_vector(&random, APO_LINK_SOFTMAX);
    double sum = 0.0;
    for (uint32_t k = 0; k < v.n; ++k) {
      const double both = (double)v.value[k] + (double)v.value[v.n + k];
      sum += (double)v.value[k];
      assert_true(fabs(both - 1.0) < 6 * 0x1p-24);
    }
    assert_true(fabs(sum - 1.0) < 6 * 0x1p-24);
  }
}

static void one_versus_rest_is_close(void **state) {
  (void)state;
  apo_random random = apo_random_start(13);
  for (int i = 0; i < N_VECTORS; ++i) {
    const vector v = draw_vector(&random, APO_LINK_OVR);
    for (uint32_t k = 0; k < v.n; ++k) {
      assert_true(ulps((double)v.value[k], v.real[k]) < 8.0);
      assert_true(v.value[v.n + k] == 1.0f - v.value[k]);
    }
  }
}

static void a_stride_skips_what_is_between(void **state) {
  enum { N = 3, STRIDE = 4 };
  (void)state;
  static const apo_i32 responses[] = {APO_RESPONSE_SIGMOID, APO_RESPONSE_SOFTMAX, APO_RESPONSE_OVR};
  for (size_t i = 0; i < sizeof responses / sizeof responses[0]; ++i) {
    float apart[2 * N * STRIDE];
    float together[2 * N] = {0.25f, -3.0f, 1.5f};
    for (int k = 0; k < 2 * N * STRIDE; ++k) apart[k] = 77.0f;
    for (int k = 0; k < N; ++k) apart[k * STRIDE] = together[k];
    apo_respond(responses[i], 1.0f, N, 1, 2, together);
    apo_respond(responses[i], 1.0f, N, STRIDE, 2, apart);
    for (int k = 0; k < 2 * N * STRIDE; ++k) {
      assert_true(apart[k] == (k % STRIDE == 0 ? together[k / STRIDE] : 77.0f));
    }
  }
}

static void one_plane_leaves_the_second_alone(void **state) {
  (void)state;
  for (apo_i32 response = 0; response <= APO_RESPONSE_NEG_EXP2; ++response) {
    float one[4] = {0.5f, -1.0f, 77.0f, 77.0f};
    float two[4] = {0.5f, -1.0f};
    apo_respond(response, 1.0f, 2, 1, 1, one);
    apo_respond(response, 1.0f, 2, 1, 2, two);
    assert_true(one[0] == two[0] && one[1] == two[1]);
    assert_true(one[2] == 77.0f && one[3] == 77.0f);
  }
}

static void a_nan_gives_no_finite_response(void **state) {
  (void)state;
  for (apo_i32 response = 0; response <= APO_RESPONSE_NEG_EXP2; ++response) {
    for (int at = 0; at < 3; ++at) {
      float value[6] = {0.5f, -1.0f, 2.0f};
      value[at] = NAN;
      apo_respond(response, 1.0f, 3, 1, 2, value);
      assert_false(fabsf(value[at]) < INFINITY);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exp_is_close_between_its_bounds),
      cmocka_unit_test(exp_is_held_outside_its_bounds),
      cmocka_unit_test(exp_never_falls),
      cmocka_unit_test(the_reciprocal_is_close_for_every_exponent),
      cmocka_unit_test(sigmoid_is_close_in_both_tails),
      cmocka_unit_test(log1p_exp_is_close_in_both_tails),
      cmocka_unit_test(a_complement_of_a_sigmoid_does_not_cancel),
      cmocka_unit_test(scales_apply_to_the_margin),
      cmocka_unit_test(every_response_is_that_of_its_link),
      cmocka_unit_test(softmax_is_close_and_its_complements_do_not_cancel),
      cmocka_unit_test(softmax_sums_to_one),
      cmocka_unit_test(one_versus_rest_is_close),
      cmocka_unit_test(a_stride_skips_what_is_between),
      cmocka_unit_test(one_plane_leaves_the_second_alone),
      cmocka_unit_test(a_nan_gives_no_finite_response),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
