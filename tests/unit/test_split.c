/* test_split.c - where a value goes: every comparison at its threshold and beside it. */
#include "engine/forest/split.h"

#include <float.h>
#include <math.h>

#include "tests/support/apo_test.h"

#define NOT_A_NUMBER ((double)NAN)
#define INFINITE     ((double)INFINITY)

/* One split, in arrays of one element, with two sets: {0, 2, 5} and {7}. */
typedef struct stump {
  apo_forest forest;
  uint8_t op;
  uint8_t missing;
  uint8_t default_left;
  double threshold;
  uint64_t set_begin[3];
  uint32_t set_code[4];
} stump;

static bool goes_left(stump split, double value) {
  split.forest.op = &split.op;
  split.forest.missing = &split.missing;
  split.forest.default_left = &split.default_left;
  split.forest.threshold = &split.threshold;
  split.forest.set_begin = split.set_begin;
  split.forest.set_code = split.set_code;
  return apo_split_goes_left(&split.forest, 0, value);
}

static stump compare(apo_op op, double threshold, bool cast_f32) {
  return (stump){.op = (uint8_t)op,
                 .threshold = threshold,
                 .forest = {.cast_f32 = cast_f32},
                 .set_begin = {0, 3, 4},
                 .set_code = {0, 2, 5, 7}};
}

static void less_than_is_false_at_the_threshold(void **state) {
  (void)state;
  const stump split = compare(APO_OP_LT, 0.5, false);
  assert_false(goes_left(split, 0.5));
  assert_true(goes_left(split, nextafter(0.5, -1)));
  assert_false(goes_left(split, nextafter(0.5, 1)));
  assert_true(goes_left(split, -INFINITE));
  assert_false(goes_left(split, INFINITE));
}

static void less_or_equal_is_true_at_the_threshold(void **state) {
  (void)state;
  const stump split = compare(APO_OP_LE, 0.5, false);
  assert_true(goes_left(split, 0.5));
  assert_true(goes_left(split, nextafter(0.5, -1)));
  assert_false(goes_left(split, nextafter(0.5, 1)));
  assert_true(goes_left(split, -INFINITE));
  assert_false(goes_left(split, INFINITE));
}

static void equality_is_true_at_the_threshold_alone(void **state) {
  (void)state;
  const stump split = compare(APO_OP_EQ, 0.5, false);
  assert_true(goes_left(split, 0.5));
  assert_false(goes_left(split, nextafter(0.5, -1)));
  assert_false(goes_left(split, nextafter(0.5, 1)));
}

static void the_cast_to_float_comes_before_the_comparison(void **state) {
  (void)state;
  const double beside = nextafter(0.5, 1);  // rounds to 0.5f
  assert_false(goes_left(compare(APO_OP_LE, 0.5, false), beside));
  assert_true(goes_left(compare(APO_OP_LE, 0.5, true), beside));
  assert_true(goes_left(compare(APO_OP_EQ, 0.5, true), beside));
  assert_true(goes_left(compare(APO_OP_LT, 0.5, true), (double)nextafterf(0.5f, 0)));
  assert_false(goes_left(compare(APO_OP_LT, 0.5, true), nextafter(0.5, 0)));
}

static void values_beyond_float_become_infinite(void **state) {
  (void)state;
  const stump split = compare(APO_OP_LE, (double)FLT_MAX, true);
  assert_true(goes_left(split, (double)FLT_MAX));
  assert_false(goes_left(split, 1e39));
  assert_true(goes_left(split, -1e39));
}

static void both_zeros_are_equal(void **state) {
  (void)state;
  for (int cast_f32 = 0; cast_f32 < 2; ++cast_f32) {
    assert_false(goes_left(compare(APO_OP_LT, 0.0, cast_f32), -0.0));
    assert_false(goes_left(compare(APO_OP_LT, -0.0, cast_f32), 0.0));
    assert_true(goes_left(compare(APO_OP_LE, -0.0, cast_f32), 0.0));
    assert_true(goes_left(compare(APO_OP_EQ, -0.0, cast_f32), 0.0));
    assert_true(goes_left(compare(APO_OP_EQ, 0.0, cast_f32), -0.0));
  }
}

static void nan_takes_the_default_side_of_every_comparison(void **state) {
  (void)state;
  static const apo_op ops[] = {APO_OP_LT, APO_OP_LE, APO_OP_EQ, APO_OP_IN, APO_OP_PRESENT};
  for (size_t i = 0; i < sizeof ops / sizeof *ops; ++i) {
    for (uint8_t left = 0; left < 2; ++left) {
      stump split = compare(ops[i], 0.0, true);
      split.default_left = left;
      assert_int_equal(goes_left(split, NOT_A_NUMBER), left);
      assert_int_equal(goes_left(split, -NOT_A_NUMBER), left);
    }
  }
}

static void present_sends_every_number_left(void **state) {
  (void)state;
  const stump split = compare(APO_OP_PRESENT, 0.0, false);
  assert_true(goes_left(split, INFINITE));
  assert_true(goes_left(split, -INFINITE));
  assert_true(goes_left(split, 0.0));
}

static void without_a_missing_rule_nan_is_zero(void **state) {
  (void)state;
  stump split = compare(APO_OP_LE, 0.0, false);
  split.missing = APO_MISSING_NONE;
  split.default_left = 0;
  assert_true(goes_left(split, NOT_A_NUMBER));
  split.op = APO_OP_LT;
  split.default_left = 1;
  assert_false(goes_left(split, NOT_A_NUMBER));
  split.op = APO_OP_IN;  // code 0 is in set 0, not in set 1
  assert_true(goes_left(split, NOT_A_NUMBER));
  split.threshold = 1.0;
  assert_false(goes_left(split, NOT_A_NUMBER));
}

static void zero_can_be_missing_with_all_that_is_near_it(void **state) {
  (void)state;
  stump split = compare(APO_OP_LT, 100.0, false);
  split.missing = APO_MISSING_ZERO;
  split.default_left = 0;
  assert_false(goes_left(split, NOT_A_NUMBER));
  assert_false(goes_left(split, 0.0));
  assert_false(goes_left(split, -0.0));
  assert_false(goes_left(split, APO_ZERO_THRESHOLD));
  assert_false(goes_left(split, -APO_ZERO_THRESHOLD));
  assert_true(goes_left(split, nextafter(APO_ZERO_THRESHOLD, 1)));
  assert_true(goes_left(split, nextafter(-APO_ZERO_THRESHOLD, -1)));
}

static void codes_are_truncated_by_both_rules(void **state) {
  (void)state;
  for (int rule = 0; rule < 2; ++rule) {
    assert_int_equal(apo_category_code((apo_code_rule)rule, 0.0), 0);
    assert_int_equal(apo_category_code((apo_code_rule)rule, -0.0), 0);
    assert_int_equal(apo_category_code((apo_code_rule)rule, 2.9), 2);
    assert_int_equal(apo_category_code((apo_code_rule)rule, 2147483647.0), 2147483647);
    assert_int_equal(apo_category_code((apo_code_rule)rule, 2147483647.5), 2147483647);
    assert_int_equal(apo_category_code((apo_code_rule)rule, 2147483648.0), -1);
    assert_int_equal(apo_category_code((apo_code_rule)rule, INFINITE), -1);
    assert_int_equal(apo_category_code((apo_code_rule)rule, -INFINITE), -1);
    assert_int_equal(apo_category_code((apo_code_rule)rule, -1.0), -1);
    assert_int_equal(apo_category_code((apo_code_rule)rule, -3e9), -1);
    assert_int_equal(apo_category_code((apo_code_rule)rule, NOT_A_NUMBER), -1);
  }
}

static void only_whole_numbers_are_codes_by_the_third_rule(void **state) {
  (void)state;
  assert_int_equal(apo_category_code(APO_CODE_WHOLE, 0.0), 0);
  assert_int_equal(apo_category_code(APO_CODE_WHOLE, -0.0), 0);
  assert_int_equal(apo_category_code(APO_CODE_WHOLE, 16777215.0), 16777215);
  assert_int_equal(apo_category_code(APO_CODE_WHOLE, 2.9), -1);
  assert_int_equal(apo_category_code(APO_CODE_WHOLE, nextafter(2.0, 3.0)), -1);
  assert_int_equal(apo_category_code(APO_CODE_WHOLE, 1e-300), -1);
  assert_int_equal(apo_category_code(APO_CODE_WHOLE, -0.5), -1);
  assert_int_equal(apo_category_code(APO_CODE_WHOLE, -1.0), -1);
  assert_int_equal(apo_category_code(APO_CODE_WHOLE, INFINITE), -1);
  assert_int_equal(apo_category_code(APO_CODE_WHOLE, NOT_A_NUMBER), -1);
}

static void the_rules_differ_between_minus_one_and_zero(void **state) {
  (void)state;
  assert_int_equal(apo_category_code(APO_CODE_TRUNC, -0.5), 0);
  assert_int_equal(apo_category_code(APO_CODE_NONNEG_TRUNC, -0.5), -1);
  assert_int_equal(apo_category_code(APO_CODE_TRUNC, nextafter(-1.0, 0.0)), 0);
  assert_int_equal(apo_category_code(APO_CODE_NONNEG_TRUNC, -1e-300), -1);
}

static void members_of_the_set_go_left(void **state) {
  (void)state;
  const stump split = compare(APO_OP_IN, 0.0, true);
  for (int code = 0; code < 9; ++code) {
    const bool is_member = code == 0 || code == 2 || code == 5;
    assert_int_equal(goes_left(split, code), is_member);
    assert_int_equal(goes_left(split, code + 0.5), is_member);
  }
  assert_false(goes_left(split, -1.0));
  assert_false(goes_left(split, 1e30));
  assert_true(goes_left(compare(APO_OP_IN, 1.0, true), 7.0));
  assert_false(goes_left(compare(APO_OP_IN, 1.0, true), 5.0));
}

static void a_code_is_taken_after_the_cast(void **state) {
  (void)state;
  const double below_two = nextafter(2.0, 0.0);  // rounds to 2.0f
  assert_false(goes_left(compare(APO_OP_IN, 0.0, false), below_two));
  assert_true(goes_left(compare(APO_OP_IN, 0.0, true), below_two));
}

/*      0: x0 < 1
 *      /       \
 *  leaf 0   1: x1 <= 2        and a second tree of one leaf, and a vector tree
 *            /      \
 *        leaf 1    leaf 2
 */
static void margins_add_weighted_leaves_of_each_output(void **state) {
  (void)state;
  apo_forest forest = {
      .n_columns = 2,
      .n_outputs = 2,
      .n_trees = 3,
      .scale = 3.0,
      .divide = 2.0,
      .node_begin = (uint64_t[]){0, 2, 2, 2},
      .leaf_begin = (uint64_t[]){0, 3, 4, 5},
      .value_begin = (uint64_t[]){0, 3, 4, 6},
      .tree_output = (uint32_t[]){1, 0, APO_TREE_VECTOR},
      .tree_weight = (double[]){0.5, 1.0, 2.0},
      .column = (uint32_t[]){0, 1},
      .op = (uint8_t[]){APO_OP_LT, APO_OP_LE},
      .missing = (uint8_t[]){0, 0},
      .default_left = (uint8_t[]){0, 0},
      .threshold = (double[]){1.0, 2.0},
      .left = (int32_t[]){~0, ~1},
      .right = (int32_t[]){1, ~2},
      .leaf_value = (double[]){10.0, 20.0, 40.0, 1.0, 100.0, 1000.0},
  };
  static const double rows[3][2] = {{0.0, 9.0}, {1.0, 2.0}, {1.0, 3.0}};
  static const double leaf_parts[3] = {5.0, 10.0, 20.0};
  for (int i = 0; i < 3; ++i) {
    double margin[2];
    apo_forest_margin(&forest, rows[i], margin);
    assert_int_equal(apo_tree_leaf(&forest, 0, rows[i]), i);
    assert_true(margin[0] == 3.0 * (1.0 + 200.0) / 2.0);
    assert_true(margin[1] == 3.0 * (leaf_parts[i] + 2000.0) / 2.0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(less_than_is_false_at_the_threshold),
      cmocka_unit_test(less_or_equal_is_true_at_the_threshold),
      cmocka_unit_test(equality_is_true_at_the_threshold_alone),
      cmocka_unit_test(the_cast_to_float_comes_before_the_comparison),
      cmocka_unit_test(values_beyond_float_become_infinite),
      cmocka_unit_test(both_zeros_are_equal),
      cmocka_unit_test(nan_takes_the_default_side_of_every_comparison),
      cmocka_unit_test(present_sends_every_number_left),
      cmocka_unit_test(without_a_missing_rule_nan_is_zero),
      cmocka_unit_test(zero_can_be_missing_with_all_that_is_near_it),
      cmocka_unit_test(codes_are_truncated_by_both_rules),
      cmocka_unit_test(only_whole_numbers_are_codes_by_the_third_rule),
      cmocka_unit_test(the_rules_differ_between_minus_one_and_zero),
      cmocka_unit_test(members_of_the_set_go_left),
      cmocka_unit_test(a_code_is_taken_after_the_cast),
      cmocka_unit_test(margins_add_weighted_leaves_of_each_output),
  };
  return cmocka_run_group_tests_name("split", tests, NULL, NULL);
}
