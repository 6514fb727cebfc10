/* test_number.c - decimal text to double and back: every bit, in every locale. */
#include "tests/support/comma_locale.h"
// It asks for POSIX before any other header.
#include "engine/core/number.h"

#include <errno.h>
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

// Decimals beside the middle of two doubles, where the last of 128 bits may decide.
static void texts_beside_a_middle_equal_strtod(void **state) {
  (void)state;
  uint64_t word = 42;
  for (int i = 0; i < 200000; ++i) {
    word = word * 6364136223846793005u + 1442695040888963407u;
    char text[64];
    double value;
    const uint64_t bits = word & 0x7fffffffffffffffu;
    memcpy(&value, &bits, sizeof value);
    const long double next = (long double)nextafter(value, (double)INFINITY);
    if (!isfinite(value) || !isfinite((double)next)) continue;
    const long double middle = ((long double)value + next) / 2;
    snprintf(text, sizeof text, "%.*Le", 14 + i % 5, middle);
    assert_same_as_strtod(text);
  }
}

static void integers_that_are_ties_round_to_even(void **state) {
  (void)state;
  uint64_t word = 7;
  for (int i = 0; i < 100000; ++i) {
    word = word * 6364136223846793005u + 1442695040888963407u;
    char text[64];
    const uint64_t odd = (UINT64_C(1) << 53 | word >> 11) * 2 + 1;
    snprintf(text, sizeof text, "%llu", (unsigned long long)odd << i % 9);
    assert_same_as_strtod(text);
    snprintf(text, sizeof text, "%llu.5", (unsigned long long)(odd >> 1) >> 1);
    assert_same_as_strtod(text);
  }
}

static void every_power_of_ten_equals_strtod(void **state) {
  (void)state;
  static const char *const digits[] = {"1",
                                       "9",
                                       "17976931348623157",
                                       "9999999999999999999",
                                       "18446744073709551615",
                                       "4503599627370497"};
  for (size_t at = 0; at < sizeof digits / sizeof digits[0]; ++at) {
    for (int exponent = -370; exponent <= 330; ++exponent) {
      char text[64];
      snprintf(text, sizeof text, "%se%d", digits[at], exponent);
      assert_same_as_strtod(text);
    }
  }
}

static void the_number_at_the_start_of_a_text_is_taken(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t n_bytes; /* 0: not in the fast way */
    double real;
    bool is_integer;
  } cases[] = {
      {"17,18", 2, 17, true},
      {"-17]", 3, -17, true},
      {"0", 1, 0, true},
      {"-0", 2, -0.0, false},
      {"999999999}", 9, 999999999, true},
      {"1000000000", 10, 1e9, false},
      {"1.5 ", 3, 1.5, false},
      {"4.2E-1,", 6, 0.42, false},
      {"1E0", 3, 1, false},
      {"1e+2x", 4, 100, false},
      {"0.00012345678901234567", 22, 0.00012345678901234567, false},
      {"1.2345678901234567890123", 0, 0, false},
      {"01", 0, 0, false},
      {"", 0, 0, false},
      {"-", 0, 0, false},
      {"1.", 0, 0, false},
      {".5", 0, 0, false},
      {"+1", 0, 0, false},
      {"1e", 0, 0, false},
      {"1e-", 0, 0, false},
      {"NaN", 0, 0, false},
      {"1e400", 0, 0, false},
      {"4e-324", 0, 0, false},
      {"1e99999999999999999999", 0, 0, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    apo_number number = {.real = -1};
    const size_t n_bytes = apo_number_take(cases[i].text, strlen(cases[i].text), &number);
    if (n_bytes != cases[i].n_bytes) print_error("\"%s\": %zu bytes\n", cases[i].text, n_bytes);
    assert_int_equal(n_bytes, cases[i].n_bytes);
    if (n_bytes == 0) continue;
    assert_memory_equal(&number.real, &cases[i].real, sizeof number.real);
    assert_int_equal(number.is_integer, cases[i].is_integer);
    if (number.is_integer) assert_true(number.integer == cases[i].real);
  }
}

static void the_callers_locale_changes_nothing(void **state) {
  (void)state;
  scratch folder;
  comma_locale_begin(&folder);
  const double exact = read_text("0.5");
  const double through_strtod = read_text("0.30000000000000004");
  double comma = 0.0;
  const int is_comma = apo_number_read("0,5", 3, &comma);
  comma_locale_end(&folder);
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

/* --- writing ---------------------------------------------------------------------------------- */

static void assert_written(double value, const char *expected) {
  char text[APO_NUMBER_BYTES];
  const size_t n = apo_number_write(value, text);
  assert_string_equal(text, expected);
  assert_int_equal(n, strlen(expected));
}

static void numbers_are_written_with_the_fewest_digits(void **state) {
  (void)state;
  assert_written(0.0, "0");
  assert_written(-0.0, "-0.0");
  assert_written(1.0, "1");
  assert_written(-12.5, "-12.5");
  assert_written(0.1, "0.1");
  assert_written(0.1 + 0.2, "0.30000000000000004");
  assert_written((double)0.1f, "0.10000000149011612");
  assert_written(1.0 / 3.0, "0.3333333333333333");
  assert_written(100000.0, "100000");
  assert_written(9007199254740991.0, "9007199254740991");
  assert_written(9007199254740994.0, "9007199254740994");
  assert_written(12345678901234568.0, "12345678901234568");
  assert_written(123456789012345680.0, "1.2345678901234568e17");
  assert_written(1e16, "10000000000000000");
  assert_written(1e17, "1e17");
  assert_written(1e18, "1e18");
  assert_written(1e22, "1e22");
  assert_written(1.5e300, "1.5e300");
  assert_written(0.0001, "0.0001");
  assert_written(0.00001, "1e-5");
  assert_written(-1.25e-7, "-1.25e-7");
  assert_written(2.0 - 0x1p-51, "1.9999999999999996");
  assert_written(1.7976931348623157e308, "1.7976931348623157e308");
  assert_written(2.2250738585072014e-308, "2.2250738585072014e-308");
  assert_written(4.9406564584124654e-324, "5e-324");
  assert_written(-(double)INFINITY, "-Infinity");
  assert_written((double)NAN, "NaN");
}

static bool reads_back(double value) {
  char text[APO_NUMBER_BYTES];
  double again = 0.0;
  const size_t n = apo_number_write(value, text);
  if (n < APO_NUMBER_BYTES && text[n] == '\0' && apo_number_read(text, n, &again) &&
      memcmp(&value, &again, sizeof value) == 0) {
    return true;
  }
  print_error("%a was written \"%s\"\n", value, text);
  return false;
}

static void what_is_written_reads_back_to_the_same_bits(void **state) {
  (void)state;
  for (int exponent = -1074; exponent < 1024; ++exponent) {
    const double power = ldexp(1.0, exponent);
    assert_true(reads_back(power) && reads_back(-power));
    assert_true(reads_back(nextafter(power, 0.0)) && reads_back(nextafter(power, INFINITY)));
  }
  double power = 1e-323;
  for (int exponent = -323; exponent <= 308; ++exponent, power *= 10.0) {
    assert_true(reads_back(power) && reads_back(nextafter(power, 0.0)));
  }
  uint64_t word = 7;
  for (int i = 0; i < 300000; ++i) {
    word = word * 6364136223846793005u + 1442695040888963407u;
    double value;
    if (i % 3 == 0) {
      memcpy(&value, &word, sizeof value);
      if (!isfinite(value)) continue;
    } else if (i % 3 == 1) {
      value = (double)(float)ldexp((double)(word >> 32), (int)(word % 64) - 60);
    } else {
      value = (double)(int64_t)word / 1000.0 / (double)(1 + word % 1000);
    }
    assert_true(reads_back(value));
  }
}

// A decimal of at most 15 digits survives a double, so its own digits must come back.
static void no_digit_is_written_that_was_not_given(void **state) {
  (void)state;
  uint64_t word = 11;
  for (int i = 0; i < 100000; ++i) {
    word = word * 6364136223846793005u + 1442695040888963407u;
    char given[64];
    char text[APO_NUMBER_BYTES];
    const uint64_t head = (word >> 16) % UINT64_C(1000000000000000);
    const int exponent = (int)(word % 600) - 310;
    const int n = snprintf(given, sizeof given, "%llde%d", (long long)head, exponent);
    double value = 0.0;
    assert_true(apo_number_read(given, (size_t)n, &value));
    if (!(value >= 2.2250738585072014e-308) || !isfinite(value)) continue;
    apo_number_write(value, text);
    int n_digits = 0;
    int n_zeros = 0;  // at the end, which only say where the point is
    for (const char *at = text; *at != '\0' && *at != 'e'; ++at) {
      if (*at == '.' || (*at == '0' && n_digits == 0)) continue;
      ++n_digits;
      n_zeros = *at == '0' ? n_zeros + 1 : 0;
    }
    if (n_digits - n_zeros > 15) print_error("%s was written %s\n", given, text);
    assert_true(n_digits - n_zeros <= 15);
  }
}

static void a_comma_in_the_locale_is_not_written(void **state) {
  (void)state;
  scratch folder;
  comma_locale_begin(&folder);
  char text[APO_NUMBER_BYTES];
  apo_number_write((double)0.1f, text);
  comma_locale_end(&folder);
  assert_string_equal(text, "0.10000000149011612");
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
      cmocka_unit_test(texts_beside_a_middle_equal_strtod),
      cmocka_unit_test(integers_that_are_ties_round_to_even),
      cmocka_unit_test(every_power_of_ten_equals_strtod),
      cmocka_unit_test(the_number_at_the_start_of_a_text_is_taken),
      cmocka_unit_test(the_callers_locale_changes_nothing),
      cmocka_unit_test(errno_stays_as_it_was),
      cmocka_unit_test(words_are_read_only_where_asked_for),
      cmocka_unit_test(numbers_are_written_with_the_fewest_digits),
      cmocka_unit_test(what_is_written_reads_back_to_the_same_bits),
      cmocka_unit_test(no_digit_is_written_that_was_not_given),
      cmocka_unit_test(a_comma_in_the_locale_is_not_written),
  };
  return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
