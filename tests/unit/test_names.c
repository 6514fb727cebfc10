/* test_names.c - texts from files: UTF-8, their length, and that each is there once. */
#include "engine/core/names.h"

#include <stdio.h>

#include "tests/support/apo_test.h"

static void added_names_are_found_at_their_place(void **state) {
  (void)state;
  apo_names names = {0};
  apo_error err;
  char text[16];
  for (uint32_t i = 0; i < 100; ++i) {
    const int n = snprintf(text, sizeof text, "n%u", i);
    assert_ok(apo_names_add(&names, text, (size_t)n, &err), &err);
  }
  uint32_t at = 0;
  assert_int_equal(names.n_names, 100);
  assert_true(apo_names_find(&names, "n42", &at));
  assert_int_equal(at, 42);
  assert_false(apo_names_find(&names, "n100", &at));
  assert_ok(apo_names_check_unique(&names, "column", &err), &err);
  apo_names_clear(&names);
  assert_int_equal(names.n_names, 0);
  assert_null(names.texts);
}

static void an_empty_name_is_a_name(void **state) {
  (void)state;
  apo_names names = {0};
  apo_error err;
  assert_ok(apo_names_add(&names, "", 0, &err), &err);
  assert_string_equal(names.texts[0], "");
  apo_names_clear(&names);
}

static void a_name_that_occurs_twice_is_refused_with_both_places(void **state) {
  (void)state;
  apo_names names = {0};
  apo_error err;
  assert_ok(apo_names_add(&names, "b", 1, &err), &err);
  assert_ok(apo_names_add(&names, "a", 1, &err), &err);
  assert_ok(apo_names_add(&names, "b", 1, &err), &err);
  assert_fails(apo_names_check_unique(&names, "column", &err), APO_ERR_FORMAT, &err,
               "column 0 and column 2 are both \"b\"");
  apo_names_clear(&names);
}

static void well_formed_utf8_is_valid(void **state) {
  (void)state;
  static const char *const texts[] = {"",
                                      "plain",
                                      "\xc3\xa4",
                                      "\xe2\x82\xac",
                                      "\xf0\x9f\x8c\xb2",
                                      "\xed\x9f\xbf",
                                      "\xee\x80\x80",
                                      "\xf4\x8f\xbf\xbf"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
    assert_true(apo_utf8_valid(texts[i], strlen(texts[i])));
  }
}

static void broken_utf8_is_not(void **state) {
  (void)state;
  static const char *const texts[] = {"\x80",              // a continuation alone
                                      "\xc3",              // cut
                                      "\xc3(",             // continued by no continuation
                                      "\xc0\xaf",          // longer than needed
                                      "\xe0\x9f\xbf",      // likewise
                                      "\xf0\x8f\xbf\xbf",  // likewise
                                      "\xed\xa0\x80",      // a surrogate
                                      "\xf4\x90\x80\x80",  // above U+10FFFF
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "ok\xe2\x82"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
    assert_false(apo_utf8_valid(texts[i], strlen(texts[i])));
  }
  assert_false(apo_utf8_valid("a\0b", 3));
}

static void broken_and_long_names_are_refused_and_not_added(void **state) {
  (void)state;
  apo_names names = {0};
  apo_error err;
  static char text[APO_MAX_NAME_BYTES + 1];
  memset(text, 'x', sizeof text);
  assert_ok(apo_names_add(&names, text, APO_MAX_NAME_BYTES, &err), &err);
  assert_fails(apo_names_add(&names, text, sizeof text, &err), APO_ERR_LIMIT, &err,
               "name 1: 4097 bytes, at most 4096");
  assert_fails(apo_names_add(&names, "\xff", 1, &err), APO_ERR_FORMAT, &err, "name 1: not UTF-8");
  assert_fails(apo_names_add(&names, "a\0b", 3, &err), APO_ERR_FORMAT, &err, "name 1");
  assert_int_equal(names.n_names, 1);
  apo_names_clear(&names);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(added_names_are_found_at_their_place),
      cmocka_unit_test(an_empty_name_is_a_name),
      cmocka_unit_test(a_name_that_occurs_twice_is_refused_with_both_places),
      cmocka_unit_test(well_formed_utf8_is_valid),
      cmocka_unit_test(broken_utf8_is_not),
      cmocka_unit_test(broken_and_long_names_are_refused_and_not_added),
  };
  return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
