/* test_ubjson.c - UBJSON: the grammar, its lies, and typed arrays that stay where they are. */
#include <math.h>
#include <stdlib.h>

#include "engine/readers/json.h"
#include "tests/support/apo_test.h"
#include "tests/support/json_case.h"

/* Bytes under construction. */
typedef struct draft {
  uint8_t bytes[4096];
  size_t n_bytes;
} draft;

static void put(draft *out, const char *bytes, size_t n_bytes) {
  assert_true(out->n_bytes + n_bytes <= sizeof out->bytes);
  if (n_bytes > 0) memcpy(out->bytes + out->n_bytes, bytes, n_bytes);
  out->n_bytes += n_bytes;
}

static void put_marks(draft *out, const char *marks) {
  put(out, marks, strlen(marks));
}

static void put_length(draft *out, int64_t length) {
  char bytes[9] = {'L'};
  for (int i = 0; i < 8; ++i) bytes[1 + i] = (char)(uint8_t)((uint64_t)length >> (56 - 8 * i));
  put(out, bytes, sizeof bytes);
}

static void put_text(draft *out, const char *text) {
  put_length(out, (int64_t)strlen(text));
  put_marks(out, text);
}

/** A member: its key, then the bytes of its value. */
static void put_member(draft *out, const char *key, const char *value, size_t n_value) {
  put_text(out, key);
  put(out, value, n_value);
}

static apo_json *parse(const draft *bytes) {
  apo_error err;
  apo_json *json = NULL;
  assert_ok(apo_ubjson_parse((apo_bytes){bytes->bytes, bytes->n_bytes}, &json, &err), &err);
  return json;
}

static void assert_refused(const void *bytes, size_t n_bytes, const char *words) {
  assert_json_refused(apo_ubjson_parse, bytes, n_bytes, APO_ERR_FORMAT, words);
}

static void assert_draft_refused(const draft *bytes, const char *words) {
  assert_refused(bytes->bytes, bytes->n_bytes, words);
}

static int64_t integer_of(apo_json_at root, const char *key) {
  apo_error err;
  int64_t integer = 0;
  assert_ok(apo_json_integer(json_member(root, key), INT64_MIN, INT64_MAX, &integer, &err), &err);
  return integer;
}

static double number_of(apo_json_at root, const char *key) {
  apo_error err;
  double number = 0;
  assert_ok(apo_json_number(json_member(root, key), &number, &err), &err);
  return number;
}

static void values_of_every_marker_are_read(void **state) {
  (void)state;
  draft bytes = {.n_bytes = 0};
  put_marks(&bytes, "{");
  put_member(&bytes, "i", "i\xff", 2);
  put_member(&bytes, "U", "U\xff", 2);
  put_member(&bytes, "C", "Ca", 2);
  put_member(&bytes, "I", "I\x80\0", 3);
  put_member(&bytes, "l", "l\0\0\1\0", 5);
  put_member(&bytes, "L", "L\x7f\xff\xff\xff\xff\xff\xff\xff", 9);
  put_member(&bytes, "d", "d\x3f\0\0\0", 5);
  put_member(&bytes, "D", "D\x3f\xb9\x99\x99\x99\x99\x99\x9a", 9);
  put_member(&bytes, "T", "T", 1);
  put_member(&bytes, "Z", "Z", 1);
  put_text(&bytes, "S");
  put_marks(&bytes, "S");
  put_text(&bytes, "hi");
  put_marks(&bytes, "}");
  apo_json *json = parse(&bytes);
  const apo_json_at root = apo_json_root(json);
  assert_int_equal(apo_json_length(root), 11);
  assert_int_equal(integer_of(root, "i"), -1);
  assert_int_equal(integer_of(root, "U"), 255);
  assert_int_equal(integer_of(root, "C"), 'a');
  assert_int_equal(integer_of(root, "I"), -32768);
  assert_int_equal(integer_of(root, "l"), 256);
  assert_true(integer_of(root, "L") == INT64_MAX);
  assert_true(number_of(root, "d") == 0.5);
  assert_true(number_of(root, "D") == 0.1);
  assert_int_equal(apo_json_kind_of(json_member(root, "T")), APO_JSON_BOOLEAN);
  assert_int_equal(apo_json_kind_of(json_member(root, "Z")), APO_JSON_NULL);
  assert_true(apo_json_text_is(json_member(root, "S"), "hi"));
  apo_json_destroy(&json);
}

static void an_int64_is_not_rounded_through_a_double(void **state) {
  (void)state;
  draft bytes = {.n_bytes = 0};
  put_marks(&bytes, "[$L#");
  put_length(&bytes, 1);
  put(&bytes, "\x7f\xff\xff\xff\xff\xff\xff\xfe", 8);
  apo_json *json = parse(&bytes);
  apo_error err;
  int64_t integer = 0;
  assert_ok(apo_json_integer_at(apo_json_root(json), 0, 0, INT64_MAX, &integer, &err), &err);
  assert_true(integer == INT64_MAX - 1);
  apo_json_destroy(&json);
}

static void the_three_kinds_of_array_are_read(void **state) {
  (void)state;
  draft bytes = {.n_bytes = 0};
  put_marks(&bytes, "{");
  put_text(&bytes, "typed");
  put_marks(&bytes, "[$d#");
  put_length(&bytes, 2);
  put(&bytes, "\x3f\x80\0\0\x7f\xc0\0\0", 8);
  put_text(&bytes, "counted");
  put_marks(&bytes, "[#");
  put_length(&bytes, 3);
  put(&bytes, "i\1[]Z", 5);
  put_text(&bytes, "open");
  put(&bytes, "[i\7T]", 5);
  put_text(&bytes, "none");
  put_marks(&bytes, "[#");
  put_length(&bytes, 0);
  put_marks(&bytes, "}");
  apo_json *json = parse(&bytes);
  const apo_json_at root = apo_json_root(json);
  apo_error err;
  double number = 0;
  assert_ok(apo_json_number_at(json_member(root, "typed"), 1, &number, &err), &err);
  assert_true(isnan(number));
  assert_int_equal(apo_json_length(json_member(root, "counted")), 3);
  assert_int_equal(apo_json_kind_at(json_member(root, "counted"), 1), APO_JSON_ARRAY);
  assert_ok(apo_json_number_at(json_member(root, "counted"), 0, &number, &err), &err);
  assert_true(number == 1.0);
  assert_int_equal(apo_json_length(json_member(root, "open")), 2);
  assert_int_equal(apo_json_length(json_member(root, "none")), 0);
  assert_fails(apo_json_number_at(json_member(root, "typed"), 2, &number, &err), APO_ERR_FORMAT,
               &err, "typed: 2 elements, needs element 2");
  apo_json_destroy(&json);
}

static void faults_name_their_byte(void **state) {
  (void)state;
  assert_refused("", 0, "byte 0: the bytes end here, needs the marker of a value");
  assert_refused("N", 1, "byte 0: 0x4e, needs the marker of a value");
  assert_refused("H", 1, "byte 0: 0x48");
  assert_refused("{", 1, "byte 1: the bytes end here, needs the marker of a length");
  assert_refused("{#", 2, "byte 1: 0x23");
  assert_refused("{S", 2, "byte 1: 0x53");
  assert_refused("l\0\0", 3, "byte 1: 0x00, needs a number");
  assert_refused("[$T#", 4, "byte 2: 0x54, needs the marker of a number");
  assert_refused("[$n#", 4, "byte 2");
  assert_refused("[$b#", 4, "byte 2");
  assert_refused("[$\xff#", 4, "byte 2");
  assert_refused("[$dL", 4, "byte 3: 0x4c, needs # and a length");
  assert_refused("[i\1", 3, "byte 3: the bytes end here");
  assert_refused("ZZ", 2, "byte 1: 0x5a, needs the end of the document");
  assert_refused("Z\0", 2, "byte 1: 0x00");
  assert_refused("SU\1\xff", 4, "byte 1: a text that is not UTF-8");
  assert_refused("SU\3a\0b", 6, "byte 1: a text that is not UTF-8");
}

static void lengths_are_believed_as_far_as_there_are_bytes(void **state) {
  (void)state;
  static const int64_t lies[] = {-1, INT64_MIN, 5, 65536, (int64_t)1 << 40, INT64_MAX};
  static const char *const heads[] = {"S", "[#", "[$d#", "[$L#", "[$U#", "{"};
  for (size_t head = 0; head < 6; ++head) {
    for (size_t lie = 0; lie < 6; ++lie) {
      draft bytes = {.n_bytes = 0};
      put_marks(&bytes, heads[head]);
      put_length(&bytes, lies[lie]);
      put(&bytes, "TTTT", 4);
      assert_draft_refused(&bytes, ", but 4 bytes are left");
    }
  }
}

static void a_key_that_occurs_twice_is_refused(void **state) {
  (void)state;
  draft bytes = {.n_bytes = 0};
  put_marks(&bytes, "{");
  put_member(&bytes, "a", "Z", 1);
  put_member(&bytes, "b", "Z", 1);
  put_member(&bytes, "a", "Z", 1);
  put_marks(&bytes, "}");
  assert_draft_refused(&bytes, "a: this key occurs twice");
}

static void nesting_has_an_end(void **state) {
  (void)state;
  draft bytes = {.n_bytes = 0};
  for (int i = 0; i < APO_JSON_MAX_DEPTH; ++i) put_marks(&bytes, "[");
  for (int i = 0; i < APO_JSON_MAX_DEPTH; ++i) put_marks(&bytes, "]");
  apo_json *json = parse(&bytes);
  apo_json_destroy(&json);
  bytes.n_bytes = 0;
  for (int i = 0; i <= APO_JSON_MAX_DEPTH; ++i) put_marks(&bytes, "[");
  assert_draft_refused(&bytes, "byte 65: nesting deeper than 64");
}

static void ten_million_brackets_are_refused(void **state) {
  (void)state;
  enum { N_BRACKETS = 10000000 };
  char *text = malloc(N_BRACKETS);
  assert_non_null(text);
  memset(text, '[', N_BRACKETS);
  assert_refused(text, N_BRACKETS, "nesting deeper than 64");
  free(text);
}

static void every_cut_of_a_document_is_refused(void **state) {
  (void)state;
  draft bytes = {.n_bytes = 0};
  put_marks(&bytes, "{");
  put_text(&bytes, "typed");
  put_marks(&bytes, "[$I#");
  put_length(&bytes, 2);
  put(&bytes, "\0\1\0\2", 4);
  put_text(&bytes, "counted");
  put_marks(&bytes, "[#");
  put_length(&bytes, 2);
  put(&bytes, "i\1D\0\0\0\0\0\0\0\0", 11);
  put_marks(&bytes, "}");
  apo_json *json = parse(&bytes);
  apo_json_destroy(&json);
  for (size_t n = 0; n < bytes.n_bytes; ++n) assert_refused(bytes.bytes, n, "byte ");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_of_every_marker_are_read),
      cmocka_unit_test(an_int64_is_not_rounded_through_a_double),
      cmocka_unit_test(the_three_kinds_of_array_are_read),
      cmocka_unit_test(faults_name_their_byte),
      cmocka_unit_test(lengths_are_believed_as_far_as_there_are_bytes),
      cmocka_unit_test(a_key_that_occurs_twice_is_refused),
      cmocka_unit_test(nesting_has_an_end),
      cmocka_unit_test(ten_million_brackets_are_refused),
      cmocka_unit_test(every_cut_of_a_document_is_refused),
  };
  return cmocka_run_group_tests_name("ubjson", tests, NULL, NULL);
}
