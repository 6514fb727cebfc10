/* test_number.c - decimal text to double: every bit, in every locale. */
#include "engine/core/number.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/apo_test.h"

static double read_text(const char *text) {
  double value = -1.0;
  assert_true(apo_number_read(text, strlen(text), &value));
  return value;
}

// In the C locale, where these tests run unless they say otherwise, strtod is correctly rounded.
static void assert_same_as_strtod(const char *text) {
  const double expected = strtod(text, NULL);
  const double actual = read_text(text);
  if (memcmp(&expected, &actual, sizeof actual) == 0) return;
  print_error("\"%s\": expected %a, got %a\n", text, expected, actual);
  fail();
}

static void plain_forms_are_read(void **state) {
  (void)state;
  assert_true(read_text("0") == 0.0);
  assert_true(read_text("-12.5") == -12.5);
  assert_true(read_text("+3") == 3.0);
  assert_true(read_text(".5") == 0.5);
  assert_true(read_text("5.") == 5.0);
  assert_true(read_text("1e3") == 1000.0);
  assert_true(read_text("1E-3") == 0.001);
  assert_true(read_text("007.50e+01") == 75.0);
  assert_true(signbit(read_text("-0.0")) != 0);
}

static void anything_else_is_refused(void **state) {
  (void)state;
  static const char *const texts[] = {"",
                                      " 1",
                                      "1 ",
                                      "0x10",
                                      "1e",
                                      "1e+",
                                      "e5",
                                      ".",
                                      "-",
                                      "+-1",
                                      "1.2.3",
                                      "1,5",
                                      "1_0",
                                      "nan",
                                      "inf",
                                      "NaN",
                                      "1f",
                                      "1e5x",
                                      "--1",
                                      "1e1.5",
                                      "\xc2\xa0"
                                      "1",
                                      "١"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
    double value = 0.0;
    if (apo_number_read(texts[i], strlen(texts[i]), &value)) {
      print_error("\"%s\" was read as %g\n", texts[i], value);
      fail();
    }
  }
  double value = 0.0;
  assert_false(apo_number_read("1\0", 2, &value));
}

static void only_the_given_bytes_are_read(void **state) {
  (void)state;
  double value = 0.0;
  assert_true(apo_number_read("12345", 3, &value));
  assert_true(value == 123.0);
}

static void hard_cases_round_to_nearest_even(void **state) {
  (void)state;
  static const char *const texts[] = {
      "9007199254740993",
      "9007199254740992",
      "9007199254740991",
      "9007199254740993.0000000000001",
      "1e22",
      "1e23",
      "9e22",
      "123456789012345678e5",
      "0.1",
      "0.30000000000000004",
      "2.2250738585072011e-308",
      "2.2250738585072014e-308",
      "4.9406564584124654e-324",
      "2.4703282292062327e-324",
      "2.4703282292062328e-324",
      "1.7976931348623157e308",
      "1.7976931348623158e308",
      "1.7976931348623159e308",
      "1e400",
      "-1e400",
      "1e-400",
      "1e99999999999999999999",
      "1e-99999999999999999999",
      "0e99999999999999999999",
      "8.5e-45",
      "3.4028235677973366e38",
      "100000000000000000000000000000000000000000e-40",
      "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977"
      "58720709633028641669288791094655554785194040263065748867150582068190890200070838367627385484"
      "58177115317644757302700698555713669596228429148198608349364752927190741684443655107043427115"
      "59699508093042880e0"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) assert_same_as_strtod(texts[i]);
}

// Between two doubles: the digits that decide may come very late.
static void a_last_digit_far_out_decides_a_tie(void **state) {
  (void)state;
  enum { N_ZEROS = 3000 };
  static char text[N_ZEROS + 64];
  const int n = snprintf(text, sizeof text, "9007199254740993.");
  memset(text + n, '0', N_ZEROS);
  text[n + N_ZEROS] = '\0';
  assert_true(read_text(text) == 9007199254740992.0);
  text[n + N_ZEROS] = '1';
  assert_true(read_text(text) == 9007199254740994.0);
}

static void zeros_in_front_and_behind_do_not_count(void **state) {
  (void)state;
  enum { N_ZEROS = 2000 };
  static char text[N_ZEROS + 64];
  text[0] = '.';
  memset(text + 1, '0', N_ZEROS);
  snprintf(text + 1 + N_ZEROS, 32, "25e2001");
  assert_true(read_text(text) == 2.5);
  memset(text, '0', N_ZEROS);
  text[0] = '7';
  snprintf(text + N_ZEROS, 32, "e-1999");
  assert_true(read_text(text) == 7.0);
}

static void random_texts_equal_strtod(void **state) {
  (void)state;
  uint64_t word = 20260101;
  for (int i = 0; i < 200000; ++i) {
    word = word * 6364136223846793005u + 1442695040888963407u;
    char text[64];
    const int n_digits = 1 + (int)(word >> 60);
    const int exponent = (int)((word >> 40) % 700) - 350;
    if (i % 2 == 0) {
      double value;
      memcpy(&value, &word, sizeof value);
      if (!isfinite(value)) continue;
      snprintf(text, sizeof text, "%.*e", 16 + i % 3, value);
    } else {
      snprintf(text, sizeof text, "%.*g", n_digits, ldexp((double)(word >> 11), exponent / 8 - 60));
    }
    assert_same_as_strtod(text);
  }
}

static void the_callers_locale_changes_nothing(void **state) {
  (void)state;
  static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8"};
  const char *found = NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names && found == NULL; ++i) {
    found = setlocale(LC_ALL, names[i]);
  }
  if (found == NULL) {
    print_message("no locale with a decimal comma is installed\n");
    skip();
  }
  const double exact = read_text("0.5");
  const double through_strtod = read_text("0.30000000000000004");
  double comma = 0.0;
  const int is_comma = apo_number_read("0,5", 3, &comma);
  setlocale(LC_ALL, "C");
  assert_true(exact == 0.5);
  assert_true(through_strtod == 0.30000000000000004);
  assert_false(is_comma);
}

static void errno_stays_as_it_was(void **state) {
  (void)state;
  errno = 77;
  assert_true(isinf(read_text("1e999")));
  assert_true(read_text("1e-999") == 0.0);
  assert_int_equal(errno, 77);
}

static void words_are_read_only_where_asked_for(void **state) {
  (void)state;
  double value = 0.0;
  assert_true(apo_number_read_word("NaN", 3, &value));
  assert_true(isnan(value));
  assert_true(apo_number_read_word("-Infinity", 9, &value));
  assert_true(value == -(double)INFINITY);
  assert_true(apo_number_read_word("+inf", 4, &value));
  assert_true(value == (double)INFINITY);
  assert_true(apo_number_read_word("1.5", 3, &value));
  assert_true(value == 1.5);
  assert_false(apo_number_read_word("infinit", 7, &value));
  assert_false(apo_number_read_word("nan(1)", 6, &value));
  assert_false(apo_number_read_word("", 0, &value));
  assert_false(apo_number_read_word("-", 1, &value));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plain_forms_are_read),
      cmocka_unit_test(anything_else_is_refused),
      cmocka_unit_test(only_the_given_bytes_are_read),
      cmocka_unit_test(hard_cases_round_to_nearest_even),
      cmocka_unit_test(a_last_digit_far_out_decides_a_tie),
      cmocka_unit_test(zeros_in_front_and_behind_do_not_count),
      cmocka_unit_test(random_texts_equal_strtod),
      cmocka_unit_test(the_callers_locale_changes_nothing),
      cmocka_unit_test(errno_stays_as_it_was),
      cmocka_unit_test(words_are_read_only_where_asked_for),
  };
  return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
