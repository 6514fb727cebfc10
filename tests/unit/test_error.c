/* test_error.c - a message is one printable line of UTF-8, whatever it quotes. */
#include "engine/core/error.h"

#include "engine/core/names.h"
#include "tests/support/apo_test.h"

static void a_failure_is_its_status_and_its_message(void **state) {
  (void)state;
  apo_error err = {.native = 7};
  assert_int_equal(apo_fail(&err, APO_ERR_LIMIT, "tree %d: too deep", 3), APO_ERR_LIMIT);
  assert_int_equal(err.status, APO_ERR_LIMIT);
  assert_int_equal(err.native, 0);
  assert_string_equal(err.message, "tree 3: too deep");
  assert_int_equal(apo_fail(NULL, APO_ERR_LIMIT, "unread"), APO_ERR_LIMIT);
}

static void a_prefix_stands_in_front_and_success_has_none(void **state) {
  (void)state;
  apo_error err;
  apo_fail(&err, APO_ERR_FORMAT, "node 5: a cycle");
  assert_int_equal(apo_prefix(&err, APO_ERR_FORMAT, "tree %d: ", 3), APO_ERR_FORMAT);
  assert_string_equal(err.message, "tree 3: node 5: a cycle");
  assert_int_equal(apo_prefix(&err, APO_OK, "file: "), APO_OK);
  assert_string_equal(err.message, "tree 3: node 5: a cycle");
}

static void control_bytes_of_a_file_do_not_reach_the_message(void **state) {
  (void)state;
  apo_error err;
  apo_fail(&err, APO_ERR_FORMAT, "column \"a\nb\r\x1b[2J\x7f\"");
  assert_string_equal(err.message, "column \"a?b??[2J?\"");
  apo_fail(&err, APO_ERR_FORMAT, "column \"\xc2\x9b\x32J \xc3\xb1 \xe2\x82\xac\"");
  assert_string_equal(err.message, "column \"??2J \xc3\xb1 \xe2\x82\xac\"");
  apo_fail(&err, APO_ERR_FORMAT, "cut");
  apo_prefix(&err, APO_ERR_FORMAT, "a\tb: ");
  assert_string_equal(err.message, "a?b: cut");
}

static void bytes_that_are_not_utf8_do_not_reach_the_message(void **state) {
  (void)state;
  apo_error err;
  apo_fail(&err, APO_ERR_FORMAT, "%.2s\" \xff \xc3", "a\xe2\x82\xac");
  assert_string_equal(err.message, "a?\" ? ?");
}

static void a_long_message_is_cut_between_characters(void **state) {
  (void)state;
  apo_error err;
  char text[1024];
  for (size_t shift = 0; shift < 3; ++shift) {
    memset(text, 'x', shift);
    for (size_t at = shift; at + 3 < sizeof text; at += 3) memcpy(text + at, "\xe2\x82\xac", 4);
    apo_fail(&err, APO_ERR_FORMAT, "%s", text);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    assert_true(apo_utf8_valid(err.message, strlen(err.message)));
    apo_prefix(&err, APO_ERR_FORMAT, "p: ");
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    assert_true(apo_utf8_valid(err.message, strlen(err.message)));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_failure_is_its_status_and_its_message),
      cmocka_unit_test(a_prefix_stands_in_front_and_success_has_none),
      cmocka_unit_test(control_bytes_of_a_file_do_not_reach_the_message),
      cmocka_unit_test(bytes_that_are_not_utf8_do_not_reach_the_message),
      cmocka_unit_test(a_long_message_is_cut_between_characters),
  };
  return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
