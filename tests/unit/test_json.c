/* test_json.c - JSON text: what is read, what is refused, and where. */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/readers/json_tree.h"
#include "tests/support/apo_test.h"
#include "tests/support/json_case.h"

static apo_json *parse(const char *text) {
  apo_error err;
  apo_json *json = NULL;
  assert_ok(apo_json_parse((apo_bytes){(const uint8_t *)text, strlen(text)}, &json, &err), &err);
  return json;
}

static void assert_refused(const void *text, size_t n_bytes, apo_status status, const char *words) {
  assert_json_refused(apo_json_parse, text, n_bytes, status, words);
}

static void assert_text_refused(const char *text, const char *words) {
  assert_refused(text, strlen(text), APO_ERR_FORMAT, words);
}

static void values_of_every_kind_are_found_by_key(void **state) {
  (void)state;
  apo_error err;
  apo_json *json =
      parse(" {\"b\": true, \"a\": 1.5, \"z\": null, \"t\": \"x\\u00e9\", \"o\": {}} ");
  const apo_json_at root = apo_json_root(json);
  double number = 0;
  bool flag = false;
  assert_int_equal(apo_json_length(root), 5);
  assert_ok(apo_json_number(json_member(root, "a"), &number, &err), &err);
  assert_true(number == 1.5);
  assert_ok(apo_json_boolean(json_member(root, "b"), &flag, &err), &err);
  assert_true(flag);
  assert_int_equal(apo_json_kind_of(json_member(root, "z")), APO_JSON_NULL);
  assert_true(apo_json_text_is(json_member(root, "t"), "x\xc3\xa9"));
  assert_false(apo_json_text_is(json_member(root, "t"), "x"));
  assert_int_equal(apo_json_length(json_member(root, "o")), 0);
  apo_json_at absent;
  assert_false(apo_json_find(root, "c", &absent));
  assert_false(apo_json_find(root, "", &absent));
  apo_json_destroy(&json);
  assert_null(json);
}

static void numbers_are_packed_and_the_bare_words_are_numbers(void **state) {
  (void)state;
  apo_error err;
  apo_json *json = parse("[1, -0.0, NaN, Infinity, -Infinity, 1e-45, 5E-1]");
  const apo_json_at root = apo_json_root(json);
  double numbers[7];
  for (uint64_t i = 0; i < 7; ++i) assert_ok(apo_json_number_at(root, i, &numbers[i], &err), &err);
  assert_true(numbers[0] == 1.0);
  assert_true(numbers[1] == 0.0 && signbit(numbers[1]));
  assert_true(isnan(numbers[2]));
  assert_true(isinf(numbers[3]) && numbers[3] > 0);
  assert_true(isinf(numbers[4]) && numbers[4] < 0);
  assert_true(numbers[5] == 1e-45);
  assert_true(numbers[6] == 0.5);
  apo_json_at at;
  assert_fails(apo_json_item(root, 1, &at, &err), APO_ERR_FORMAT, &err,
               "document[1]: a number, needs another kind");
  apo_json_destroy(&json);
}

static void escapes_mean_what_rfc_8259_says(void **state) {
  (void)state;
  apo_error err;
  apo_json *json = parse(
      "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\", \"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\", \"caf\xc3\xa9\","
      " \"\", \"\\uffff\", \"\\u0001\"]");
  static const char *const expected[] = {"\"\\/\b\f\n\r\t", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
                                         "caf\xc3\xa9",     "",
                                         "\xef\xbf\xbf",    "\x01"};
  for (uint64_t i = 0; i < sizeof expected / sizeof expected[0]; ++i) {
    apo_json_chars text;
    assert_ok(apo_json_text_at(apo_json_root(json), i, &text, &err), &err);
    assert_true(apo_json_chars_are(text, expected[i]));
  }
  apo_json_destroy(&json);
}

static void a_text_without_escapes_stays_in_the_bytes(void **state) {
  (void)state;
  apo_error err;
  static const char text[] = "[\"plain\", \"esc\\u0061ped\"]";
  apo_json *json = parse(text);
  apo_json_chars chars;
  assert_ok(apo_json_text_at(apo_json_root(json), 0, &chars, &err), &err);
  assert_ptr_equal(chars.at, text + 2);
  assert_ok(apo_json_text_at(apo_json_root(json), 1, &chars, &err), &err);
  assert_true(apo_json_chars_are(chars, "escaped"));
  apo_json_destroy(&json);
}

static void members_come_in_the_order_of_their_keys(void **state) {
  (void)state;
  apo_error err;
  apo_json *json = parse("[{\"b\":1,\"\":2,\"a\":3,\"ab\":4},{\"a\":5,\"\\u0062\":{\"a\":6}},{}]");
  static const char *const keys[] = {"", "a", "ab", "b"};
  static const double numbers[] = {2, 3, 4, 1};
  apo_json_at object;
  apo_json_at member;
  double number = 0;
  assert_ok(apo_json_item(apo_json_root(json), 0, &object, &err), &err);
  for (uint64_t i = 0; i < 4; ++i) {
    assert_ok(apo_json_item(object, i, &member, &err), &err);
    assert_true(apo_json_chars_are(apo_json_key(member), keys[i]));
    assert_ok(apo_json_number(member, &number, &err), &err);
    assert_true(number == numbers[i]);
  }
  assert_fails(apo_json_item(object, 4, &member, &err), APO_ERR_FORMAT, &err,
               "[0]: 4 elements, needs");
  assert_ok(apo_json_item(apo_json_root(json), 1, &object, &err), &err);
  member = json_member(json_member(object, "b"), "a");
  assert_ok(apo_json_number(member, &number, &err), &err);
  assert_true(number == 6);
  char path[64];
  apo_json_path(member, path, sizeof path);
  assert_string_equal(path, "[1].b.a");
  apo_json_destroy(&json);
}

static void a_key_that_repeats_in_other_objects_is_kept_once(void **state) {
  (void)state;
  apo_json *json = parse("[{\"x\":{\"left\":1,\"y\":2}},{\"left\":3,\"x\":4},{\"l\\u0065ft\":5}]");
  assert_int_equal(json->n_keys, 3);
  apo_json_destroy(&json);
}

static void a_text_of_the_word_nan_stays_a_text(void **state) {
  (void)state;
  apo_error err;
  double number = 0;
  apo_json *json = parse("[\"NaN\", \"Infinity\", NaN]");
  const apo_json_at root = apo_json_root(json);
  assert_int_equal(apo_json_kind_at(root, 0), APO_JSON_TEXT);
  assert_int_equal(apo_json_kind_at(root, 2), APO_JSON_NUMBER);
  assert_fails(apo_json_number_at(root, 0, &number, &err), APO_ERR_FORMAT, &err,
               "document[0]: a text, needs a number");
  apo_json_destroy(&json);
}

static void flags_are_booleans_or_0_and_1(void **state) {
  (void)state;
  apo_error err;
  apo_json *json = parse("{\"a\":[true,false],\"b\":[0,1,2],\"c\":[true,1,\"x\"]}");
  const apo_json_at root = apo_json_root(json);
  bool flag = false;
  assert_ok(apo_json_flag_at(json_member(root, "a"), 0, &flag, &err), &err);
  assert_true(flag);
  assert_ok(apo_json_flag_at(json_member(root, "b"), 0, &flag, &err), &err);
  assert_false(flag);
  assert_fails(apo_json_flag_at(json_member(root, "b"), 2, &flag, &err), APO_ERR_FORMAT, &err,
               "b[2]: 2, needs a whole number from 0 to 1");
  assert_ok(apo_json_flag_at(json_member(root, "c"), 0, &flag, &err), &err);
  assert_true(flag);
  assert_fails(apo_json_flag_at(json_member(root, "c"), 2, &flag, &err), APO_ERR_FORMAT, &err,
               "c[2]: ");
  assert_fails(apo_json_flag_at(json_member(root, "a"), 2, &flag, &err), APO_ERR_FORMAT, &err,
               "a: 2 elements, needs element 2");
  apo_json_destroy(&json);
}

static void a_fault_is_named_by_its_path(void **state) {
  (void)state;
  apo_error err;
  apo_json *json = parse("{\"a\":{\"trees\":[{},{\"x y\":[3,4.5]}]}}");
  apo_json_at at = json_member(json_member(apo_json_root(json), "a"), "trees");
  int64_t integer = 0;
  assert_ok(apo_json_item(at, 1, &at, &err), &err);
  assert_fails(apo_json_integer_at(json_member(at, "x y"), 1, 0, 9, &integer, &err), APO_ERR_FORMAT,
               &err, "a.trees[1].x\\x20y[1]: 4.5, needs a whole number from 0 to 9");
  assert_fails(apo_json_integer_at(json_member(at, "x y"), 0, 4, 9, &integer, &err), APO_ERR_FORMAT,
               &err, "a.trees[1].x\\x20y[0]: 3, needs");
  assert_fails(apo_json_member(at, "id", &at, &err), APO_ERR_FORMAT, &err,
               "a.trees[1]: no \"id\", which is needed");
  apo_json_destroy(&json);
}

static void grammar_faults_name_their_byte(void **state) {
  (void)state;
  assert_text_refused("", "byte 0: the text ends here, needs a value");
  assert_text_refused("  ", "byte 2: the text ends here");
  assert_text_refused("{\"a\":1,}", "byte 7: 0x7d, needs a quote");
  assert_text_refused("[1,]", "byte 3: 0x5d, needs a value");
  assert_text_refused("[1 2]", "byte 3: 0x32, needs a comma or ]");
  assert_text_refused("{\"a\" 1}", "byte 5: 0x31, needs a colon");
  assert_text_refused("[01]", "byte 2: 0x31, needs no digit");
  assert_text_refused("[+1]", "byte 1: 0x2b");
  assert_text_refused("[1.]", "byte 3: 0x5d, needs a digit after the point");
  assert_text_refused("[.5]", "byte 1");
  assert_text_refused("[1e]", "byte 3");
  assert_text_refused("[0x10]", "byte 2");
  assert_text_refused("[-NaN]", "byte 2");
  assert_text_refused("[nan]", "byte 1");
  assert_text_refused("[tru]", "byte 1");
  assert_text_refused("[1", "byte 2: the text ends here, needs a comma or ]");
  assert_text_refused("[\"a", "byte 3: the text ends here, needs the end of a string");
  assert_text_refused("[\"a\nb\"]", "byte 3: 0x0a");
  assert_text_refused("[\"\\q\"]", "byte 3");
  assert_text_refused("[\"\\u12g4\"]", "byte 6");
  assert_text_refused("[\"\\u0000\"]", "no NUL");
  assert_text_refused("[\"\\ud800x\"]", "the second half of a pair");
  assert_text_refused("[\"\\udc00\"]", "the first half of a pair");
  assert_text_refused("[\"\xff\"]", "byte 1: a string that is not UTF-8");
  assert_text_refused("[1,2 3]", "byte 5: 0x33, needs a comma or ]");
  assert_text_refused("[1,\"a\" 3]", "byte 7: 0x33, needs a comma or ]");
  assert_text_refused("[true 1]", "byte 6: 0x31, needs a comma or ]");
  assert_text_refused("[true,tru]", "byte 6: 0x74, needs a value");
  assert_text_refused("[true,", "byte 6: the text ends here, needs a value");
  assert_text_refused("[1,", "byte 3: the text ends here, needs a value");
  assert_text_refused("[1,-]", "byte 4: 0x5d, needs a digit");
  assert_text_refused("[-Inf]", "byte 2");
  assert_text_refused("[Inf]", "byte 1: 0x49, needs a value");
  assert_text_refused("[1.5.2]", "byte 4: 0x2e, needs a comma or ]");
  assert_text_refused("{\"a\":1 \"b\":2}", "byte 7: 0x22, needs a comma or }");
  assert_text_refused("{1:2}", "byte 1: 0x31, needs a quote");
  assert_text_refused("[\"\\ud800\\u0041\"]", "the second half of a pair before this place");
  assert_text_refused("[\"\xed\xa0\x80\"]", "byte 1: a string that is not UTF-8");
  assert_text_refused("[1]]", "byte 3: 0x5d, needs the end of the document");
  assert_text_refused("{} x", "byte 3: 0x78");
}

static void a_nul_is_refused_wherever_it_is(void **state) {
  (void)state;
  assert_refused("[1]\0", 4, APO_ERR_FORMAT, "byte 3: 0x00");
  assert_refused("[1\0]", 4, APO_ERR_FORMAT, "byte 2: 0x00");
  assert_refused("[\"a\0b\"]", 7, APO_ERR_FORMAT, "byte 3: 0x00");
}

static void a_byte_order_mark_is_skipped(void **state) {
  (void)state;
  apo_json *json = parse("\xef\xbb\xbf{}\r\n");
  assert_int_equal(apo_json_kind_of(apo_json_root(json)), APO_JSON_OBJECT);
  apo_json_destroy(&json);
}

static void a_key_that_occurs_twice_is_refused(void **state) {
  (void)state;
  assert_text_refused("{\"x\":{\"a\":1,\"b\":2,\"a\":3}}", "x.a: this key occurs twice");
  assert_text_refused("{\"a\":1,\"\\u0061\":3}", "a: this key occurs twice");
  assert_text_refused("{\"\":1,\"\":3}", "this key occurs twice");
}

static void nesting_has_an_end(void **state) {
  (void)state;
  char text[2 * (APO_JSON_MAX_DEPTH + 1)];
  memset(text, '[', APO_JSON_MAX_DEPTH);
  memset(text + APO_JSON_MAX_DEPTH, ']', APO_JSON_MAX_DEPTH);
  apo_error err;
  apo_json *json = NULL;
  const apo_bytes bytes = {(const uint8_t *)text, 2 * APO_JSON_MAX_DEPTH};
  assert_ok(apo_json_parse(bytes, &json, &err), &err);
  apo_json_destroy(&json);
  memset(text, '[', APO_JSON_MAX_DEPTH + 1);
  assert_refused(text, APO_JSON_MAX_DEPTH + 1, APO_ERR_FORMAT, "byte 64: nesting deeper than 64");
}

static void ten_million_brackets_are_refused(void **state) {
  (void)state;
  enum { N_BRACKETS = 10000000 };
  char *text = malloc(N_BRACKETS);
  assert_non_null(text);
  memset(text, '[', N_BRACKETS);
  assert_refused(text, N_BRACKETS, APO_ERR_FORMAT, "nesting deeper than 64");
  for (size_t i = 0; i < N_BRACKETS; ++i) text[i] = "{\"a\":"[i % 5];
  assert_refused(text, N_BRACKETS, APO_ERR_FORMAT, "nesting deeper than 64");
  free(text);
}

static void many_keys_do_not_take_quadratic_time(void **state) {
  (void)state;
  // 200,000 keys; compared in pairs this would be 2e10 comparisons and the test would not end.
  enum { N_KEYS = 200000, KEY_BYTES = 12 };
  char *text = malloc((size_t)N_KEYS * KEY_BYTES + 2);
  assert_non_null(text);
  size_t n = 0;
  text[n++] = '{';
  for (unsigned i = 0; i < N_KEYS; ++i) {
    n +=
        (size_t)snprintf(text + n, KEY_BYTES + 1, "%s\"%06u\":0", i > 0 ? "," : "", i * 7 % N_KEYS);
  }
  text[n++] = '}';
  apo_error err;
  apo_json *json = NULL;
  assert_ok(apo_json_parse((apo_bytes){(const uint8_t *)text, n}, &json, &err), &err);
  assert_int_equal(apo_json_length(apo_json_root(json)), N_KEYS);
  apo_json_destroy(&json);
  free(text);
}

static void a_large_object_in_any_order_answers_for_every_key(void **state) {
  (void)state;
  enum { N_KEYS = 5000, KEY_BYTES = 24 };
  char *text = malloc((size_t)N_KEYS * KEY_BYTES + 2);
  assert_non_null(text);
  size_t n = 0;
  text[n++] = '{';
  for (unsigned i = 0; i < N_KEYS; ++i) {
    const unsigned key = i * 2741 % N_KEYS;
    n += (size_t)snprintf(text + n, KEY_BYTES + 1, "%s\"key %u\":%u", i > 0 ? "," : "", key, key);
  }
  text[n++] = '}';
  apo_error err;
  apo_json *json = NULL;
  assert_ok(apo_json_parse((apo_bytes){(const uint8_t *)text, n}, &json, &err), &err);
  for (unsigned key = 0; key < N_KEYS; ++key) {
    char name[KEY_BYTES];
    int64_t number = -1;
    snprintf(name, sizeof name, "key %u", key);
    const apo_json_at member = json_member(apo_json_root(json), name);
    assert_ok(apo_json_integer(member, 0, N_KEYS, &number, &err), &err);
    assert_int_equal(number, key);
  }
  apo_json_destroy(&json);
  memcpy(text + 1, "\"key 7\":", 8);  // was "key 0":0
  assert_refused(text, n, APO_ERR_FORMAT, "key\\x207: this key occurs twice");
  free(text);
}

static void a_number_of_any_length_is_read(void **state) {
  (void)state;
  enum { N_DIGITS = 5000 };
  static char text[N_DIGITS + 8] = "[0.";
  memset(text + 3, '1', N_DIGITS);
  text[3 + N_DIGITS] = ']';
  apo_error err;
  double number = 0;
  apo_json *json = parse(text);
  assert_ok(apo_json_number_at(apo_json_root(json), 0, &number, &err), &err);
  assert_true(number == 1.0 / 9.0);
  apo_json_destroy(&json);
}

static void the_callers_locale_does_not_matter(void **state) {
  (void)state;
  if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL) {
    print_message("skipped: no locale de_DE.UTF-8 on this machine\n");
    skip();
  }
  apo_json *json = parse("[1.5, 2]");
  setlocale(LC_ALL, "C");
  apo_error err;
  double number = 0;
  assert_ok(apo_json_number_at(apo_json_root(json), 0, &number, &err), &err);
  assert_true(number == 1.5);
  apo_json_destroy(&json);
}

static void a_format_is_recognised_by_its_first_telling_key(void **state) {
  (void)state;
  static const struct {
    const char *text;
    apo_json_dialect dialect;
  } cases[] = {
      {"{\"learner\":{", APO_DIALECT_XGBOOST},
      {" \n{\"version\":[1,{\"format\":2}],\"learner\":", APO_DIALECT_XGBOOST},
      {"\xef\xbb\xbf{\"format\" : \"x\"", APO_DIALECT_NEUTRAL},
      {"{\"a\":\"learner\",\"format\":1}", APO_DIALECT_NEUTRAL},
      {"{\"a\":{\"learner\":1}}", APO_DIALECT_NONE},
      {"{\"features_info\":1", APO_DIALECT_CATBOOST},
      {"{\"name\":\"tree\",\"max_feature_idx\":3", APO_DIALECT_LIGHTGBM_DUMP},
      {"[{\"nodeid\":0", APO_DIALECT_XGBOOST_DUMP},
      {"[{\"learner\":0", APO_DIALECT_NONE},
      {"{\"learner", APO_DIALECT_NONE},
      {"{\"learner\\", APO_DIALECT_NONE},
      {"", APO_DIALECT_NONE},
      {"{", APO_DIALECT_NONE},
      {"learner", APO_DIALECT_NONE},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    const apo_bytes bytes = {(const uint8_t *)cases[i].text, strlen(cases[i].text)};
    assert_int_equal(apo_json_sniff(bytes), cases[i].dialect);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_of_every_kind_are_found_by_key),
      cmocka_unit_test(numbers_are_packed_and_the_bare_words_are_numbers),
      cmocka_unit_test(escapes_mean_what_rfc_8259_says),
      cmocka_unit_test(a_text_without_escapes_stays_in_the_bytes),
      cmocka_unit_test(members_come_in_the_order_of_their_keys),
      cmocka_unit_test(a_key_that_repeats_in_other_objects_is_kept_once),
      cmocka_unit_test(a_text_of_the_word_nan_stays_a_text),
      cmocka_unit_test(flags_are_booleans_or_0_and_1),
      cmocka_unit_test(a_fault_is_named_by_its_path),
      cmocka_unit_test(grammar_faults_name_their_byte),
      cmocka_unit_test(a_nul_is_refused_wherever_it_is),
      cmocka_unit_test(a_byte_order_mark_is_skipped),
      cmocka_unit_test(a_key_that_occurs_twice_is_refused),
      cmocka_unit_test(nesting_has_an_end),
      cmocka_unit_test(ten_million_brackets_are_refused),
      cmocka_unit_test(many_keys_do_not_take_quadratic_time),
      cmocka_unit_test(a_large_object_in_any_order_answers_for_every_key),
      cmocka_unit_test(a_number_of_any_length_is_read),
      cmocka_unit_test(the_callers_locale_does_not_matter),
      cmocka_unit_test(a_format_is_recognised_by_its_first_telling_key),
  };
  return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
