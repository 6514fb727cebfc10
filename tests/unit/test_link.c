/* test_link.c - from margin to response, against the formulas written out. */
#include "engine/model/link.h"

#include <math.h>

#include "tests/support/apo_test.h"

static void assert_near(double actual, double expected) {
  // A few roundings of fp64, each relative 2^-53.
  if (fabs(actual - expected) <= 16 * 0x1p-53 * fabs(expected)) return;
  print_error("expected %.17g, got %.17g\n", expected, actual);
  fail();
}

static double one(apo_link_name name, double scale, double margin) {
  double response = -99.0;
  apo_link_apply((apo_link){name, scale}, &margin, 1, &response);
  return response;
}

static void each_link_is_found_by_its_text(void **state) {
  (void)state;
  static const char *const texts[] = {"identity",    "sigmoid", "softmax",
                                      "ovr",         "exp",     "log1p_exp",
                                      "sign_square", "step",    "cumulative_softplus",
                                      "neg_exp2",    "none"};
  for (unsigned i = 0; i < 11; ++i) {
    apo_link_name name = APO_LINK_IDENTITY;
    assert_true(apo_link_find(texts[i], &name));
    assert_int_equal(name, i);
    assert_string_equal(apo_link_text(name), texts[i]);
  }
  apo_link_name name = APO_LINK_EXP;
  assert_false(apo_link_find("probit", &name));
  assert_false(apo_link_find("", &name));
  assert_int_equal(name, APO_LINK_EXP);
  assert_non_null(apo_link_text((apo_link_name)11));
}

static void links_of_one_output_follow_their_formulas(void **state) {
  (void)state;
  assert_near(one(APO_LINK_IDENTITY, 1, -2.5), -2.5);
  assert_near(one(APO_LINK_SIGMOID, 1, 0.0), 0.5);
  assert_near(one(APO_LINK_SIGMOID, 1, log(3.0)), 0.75);
  assert_near(one(APO_LINK_SIGMOID, 2, log(3.0)), 0.9);
  assert_near(one(APO_LINK_EXP, 1, log(7.0)), 7.0);
  assert_near(one(APO_LINK_LOG1P_EXP, 1, 0.0), log(2.0));
  assert_near(one(APO_LINK_SIGN_SQUARE, 1, -3.0), -9.0);
  assert_near(one(APO_LINK_SIGN_SQUARE, 1, 3.0), 9.0);
  assert_near(one(APO_LINK_STEP, 1, 0.0), 0.0);
  assert_near(one(APO_LINK_STEP, 1, 1e-300), 1.0);
  assert_near(one(APO_LINK_NEG_EXP2, 4, 8.0), -0.25);
}

static void extremes_saturate_and_do_not_overflow(void **state) {
  (void)state;
  assert_true(one(APO_LINK_SIGMOID, 1, 1e6) == 1.0);
  assert_true(one(APO_LINK_SIGMOID, 1, -1e6) == 0.0);
  assert_true(one(APO_LINK_LOG1P_EXP, 1, 1e6) == 1e6);
  assert_near(one(APO_LINK_LOG1P_EXP, 1, -700.0), exp(-700.0));
  double response[2];
  apo_link_apply((apo_link){APO_LINK_SOFTMAX, 1}, (double[]){1e6, 1e6}, 2, response);
  assert_near(response[0], 0.5);
  apo_link_apply((apo_link){APO_LINK_SOFTMAX, 1}, (double[]){-1e6, 1e6}, 2, response);
  assert_true(response[0] == 0.0 && response[1] == 1.0);
}

static void softmax_is_over_all_outputs(void **state) {
  (void)state;
  const double margin[] = {log(1.0), log(2.0), log(5.0)};
  double response[3];
  apo_link_apply((apo_link){APO_LINK_SOFTMAX, 1}, margin, 3, response);
  assert_near(response[0], 0.125);
  assert_near(response[1], 0.25);
  assert_near(response[2], 0.625);
}

static void ovr_normalises_sigmoids(void **state) {
  (void)state;
  const double margin[] = {0.0, log(3.0)};
  double response[2];
  apo_link_apply((apo_link){APO_LINK_OVR, 1}, margin, 2, response);
  assert_near(response[0], 0.5 / 1.25);
  assert_near(response[1], 0.75 / 1.25);
}

static void ovr_of_margins_that_all_vanish_still_sums_to_one(void **state) {
  (void)state;
  const double margin[] = {-800.0, -800.0 + log(3.0)};
  double response[2];
  apo_link_apply((apo_link){APO_LINK_OVR, 1}, margin, 2, response);
  assert_true(fabs(response[0] - 0.25) < 1e-12);  // the margins carry 2^-43 of rounding
  assert_true(fabs(response[1] - 0.75) < 1e-12);
}

static void expectiles_accumulate(void **state) {
  (void)state;
  const double margin[] = {-1.0, 0.0, 0.0};
  double response[3];
  apo_link_apply((apo_link){APO_LINK_CUMULATIVE_SOFTPLUS, 1}, margin, 3, response);
  assert_near(response[0], -1.0);
  assert_near(response[1], -1.0 + 1e-6 + log(2.0));
  assert_near(response[2], -1.0 + 2e-6 + 2 * log(2.0));
}

static void margins_may_be_replaced_in_place(void **state) {
  (void)state;
  for (int name = APO_LINK_IDENTITY; name <= APO_LINK_NONE; ++name) {
    const double margin[] = {-0.7, 0.2, 1.9};
    double apart[3];
    double in_place[] = {-0.7, 0.2, 1.9};
    const apo_link link = {(apo_link_name)name, 1.0};
    apo_link_apply(link, margin, 3, apart);
    apo_link_apply(link, in_place, 3, in_place);
    assert_memory_equal(apart, in_place, sizeof apart);
  }
}

static void only_step_expectiles_and_no_link_have_no_response(void **state) {
  (void)state;
  for (int name = APO_LINK_IDENTITY; name <= APO_LINK_NONE; ++name) {
    const bool expected =
        name != APO_LINK_STEP && name != APO_LINK_CUMULATIVE_SOFTPLUS && name != APO_LINK_NONE;
    assert_int_equal(apo_link_has_response((apo_link){(apo_link_name)name, 1.0}), expected);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_link_is_found_by_its_text),
      cmocka_unit_test(links_of_one_output_follow_their_formulas),
      cmocka_unit_test(extremes_saturate_and_do_not_overflow),
      cmocka_unit_test(softmax_is_over_all_outputs),
      cmocka_unit_test(ovr_normalises_sigmoids),
      cmocka_unit_test(ovr_of_margins_that_all_vanish_still_sums_to_one),
      cmocka_unit_test(expectiles_accumulate),
      cmocka_unit_test(margins_may_be_replaced_in_place),
      cmocka_unit_test(only_step_expectiles_and_no_link_have_no_response),
  };
  return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
