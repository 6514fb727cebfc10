/* test_text_out.c - nothing from outside moves the cursor or turns the reading direction. */
#include "host/cli/text_out.h"

#include <stdlib.h>

#include "tests/support/apo_test.h"

static void assert_escaped(const char *text, const char *expected) {
  char out[256];
  const size_t n = apo_text_escape(text, out, sizeof out);
  assert_string_equal(out, expected);
  assert_int_equal(n, strlen(expected));
}

static void plain_text_stays_as_it_is(void **state) {
  (void)state;
  assert_escaped("", "");
  assert_escaped("age of dep_delay [min]", "age of dep_delay [min]");
  assert_escaped("Größe, 年, 😀", "Größe, 年, 😀");
}

static void control_characters_become_hexadecimal(void **state) {
  (void)state;
  assert_escaped("\033[31mred\a", "\\x1b[31mred\\x07");
  assert_escaped("a\nb\tc\x7f", "a\\x0ab\\x09c\\x7f");
}

static void the_second_row_of_controls_is_named_by_number(void **state) {
  (void)state;
  assert_escaped(
      "\xc2\x9b"
      "31m",
      "\\u{9b}31m");
}

static void overrides_of_direction_are_named_by_number(void **state) {
  (void)state;
  assert_escaped(
      "a\xe2\x80\xae"
      "b",
      "a\\u{202e}b");
  assert_escaped("\xe2\x81\xa6\xe2\x81\xa9", "\\u{2066}\\u{2069}");
}

static void bytes_that_are_no_utf8_become_hexadecimal(void **state) {
  (void)state;
  assert_escaped("\xff", "\\xff");
  assert_escaped("a\xc3", "a\\xc3");
  assert_escaped("\xc0\xaf", "\\xc0\\xaf");                    // overlong
  assert_escaped("\xed\xa0\x80", "\\xed\\xa0\\x80");           // a surrogate
  assert_escaped("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");  // above U+10FFFF
}

static void a_cut_is_made_between_characters(void **state) {
  (void)state;
  char out[6];
  apo_text_escape("ab\033cd", out, sizeof out);
  assert_string_equal(out, "ab");  // the escape would not fit
  apo_text_escape("abcdé", out, sizeof out);
  assert_string_equal(out, "abcd");
}

static void a_long_text_is_shown_in_80_bytes(void **state) {
  (void)state;
  char text[200];
  char out[APO_SHOWN_BYTES];
  memset(text, 'x', sizeof text);
  text[80] = '\0';
  apo_text_show(text, out);
  assert_string_equal(out, text);
  text[80] = 'x';
  text[199] = '\0';
  apo_text_show(text, out);
  assert_int_equal(strlen(out), 80);
  assert_string_equal(out + 77, "...");
}

/* What a table prints, as text. */
static char *printed(const apo_text_table *table, size_t max_name, char *room, size_t n_room) {
  apo_error err = {0};
  FILE *file = tmpfile();
  assert_non_null(file);
  assert_ok(apo_text_table_print(table, max_name, file, &err), &err);
  rewind(file);
  const size_t n = fread(room, 1, n_room - 1, file);
  room[n] = '\0';
  fclose(file);
  return room;
}

static void columns_line_up(void **state) {
  (void)state;
  char room[256];
  apo_text_table table = apo_text_table_start(2);
  apo_text_table_add(&table, "a");
  apo_text_table_add(&table, "1");
  apo_text_table_add(&table, "größe");
  apo_text_table_addf(&table, "%d", 234);
  assert_string_equal(printed(&table, 0, room, sizeof room),
                      "a        1\n"
                      "größe  234\n");
  apo_text_table_clear(&table);
}

static void a_name_that_is_too_long_loses_its_middle(void **state) {
  (void)state;
  char room[256];
  apo_text_table table = apo_text_table_start(2);
  apo_text_table_add(&table, "départure_delay");
  apo_text_table_add(&table, "1");
  assert_string_equal(printed(&table, 9, room, sizeof room), "dép...lay  1\n");
  apo_text_table_clear(&table);
}

static void cells_are_escaped(void **state) {
  (void)state;
  char room[256];
  apo_text_table table = apo_text_table_start(1);
  apo_text_table_add(&table, "\033[2J");
  assert_string_equal(printed(&table, 0, room, sizeof room), "\\x1b[2J\n");
  apo_text_table_clear(&table);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plain_text_stays_as_it_is),
      cmocka_unit_test(control_characters_become_hexadecimal),
      cmocka_unit_test(the_second_row_of_controls_is_named_by_number),
      cmocka_unit_test(overrides_of_direction_are_named_by_number),
      cmocka_unit_test(bytes_that_are_no_utf8_become_hexadecimal),
      cmocka_unit_test(a_cut_is_made_between_characters),
      cmocka_unit_test(a_long_text_is_shown_in_80_bytes),
      cmocka_unit_test(columns_line_up),
      cmocka_unit_test(a_name_that_is_too_long_loses_its_middle),
      cmocka_unit_test(cells_are_escaped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
