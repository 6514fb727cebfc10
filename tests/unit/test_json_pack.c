/* test_json_pack.c - arrays of numbers and of flags: how small they are, and that nothing is lost. */
#include <math.h>

#include "engine/readers/json_tree.h"
#include "tests/support/apo_test.h"
#include "tests/support/json_case.h"

static apo_json *parse(const char *text) {
  apo_error err;
  apo_json *json = NULL;
  assert_ok(apo_json_parse((apo_bytes){(const uint8_t *)text, strlen(text)}, &json, &err), &err);
  return json;
}

/** Numbers of an array are `expected` to the bit, and each takes an `element`. */
static void assert_packed(const char *text, uint8_t element, const double *expected, uint64_t n) {
  apo_error err;
  apo_json *json = parse(text);
  const apo_json_at root = apo_json_root(json);
  assert_int_equal(apo_json_length(root), n);
  for (uint64_t i = 0; i < n; ++i) {
    double number = 0;
    assert_ok(apo_json_number_at(root, i, &number, &err), &err);
    if (memcmp(&number, &expected[i], sizeof number) == 0) continue;
    print_error("%s: element %d is %a, needs %a\n", text, (int)i, number, expected[i]);
    fail();
  }
  if (json->values[root.value].element != element) {
    print_error("%s: packed as %c, needs %c\n", text, json->values[root.value].element, element);
    fail();
  }
  apo_json_destroy(&json);
}

static void arrays_take_the_smallest_elements_that_hold_their_numbers(void **state) {
  (void)state;
  assert_packed("[127,-128]", APO_ELEMENT_I8, (double[]){127, -128}, 2);
  assert_packed("[0,1e0,2.0E0]", APO_ELEMENT_I8, (double[]){0, 1, 2}, 3);
  assert_packed("[0,128]", APO_ELEMENT_U8, (double[]){0, 128}, 2);
  assert_packed("[0,255]", APO_ELEMENT_U8, (double[]){0, 255}, 2);
  assert_packed("[-1,128]", APO_ELEMENT_I16, (double[]){-1, 128}, 2);
  assert_packed("[128,-1]", APO_ELEMENT_I16, (double[]){128, -1}, 2);
  assert_packed("[32767,-32768]", APO_ELEMENT_I16, (double[]){32767, -32768}, 2);
  assert_packed("[1,32768]", APO_ELEMENT_I32, (double[]){1, 32768}, 2);
  assert_packed("[2147483647,-2147483648]", APO_ELEMENT_I32, (double[]){2147483647, -2147483648.0},
                2);
  assert_packed("[1,0.5]", APO_ELEMENT_F32, (double[]){1, 0.5}, 2);
  assert_packed("[0,-0]", APO_ELEMENT_F32, (double[]){0, -0.0}, 2);
  assert_packed("[0,-0.0e5]", APO_ELEMENT_F32, (double[]){0, -0.0}, 2);
  assert_packed("[-0.0,300,1e38]", APO_ELEMENT_F64, (double[]){-0.0, 300, 1e38}, 3);
  assert_packed("[2147483648]", APO_ELEMENT_F32, (double[]){2147483648.0}, 1);
  assert_packed("[4294967295]", APO_ELEMENT_F64, (double[]){4294967295.0}, 1);
  assert_packed("[16777217,0.5]", APO_ELEMENT_F64, (double[]){16777217, 0.5}, 2);
  assert_packed("[1,200,-3,70000,0.25,0.1,9007199254740993]", APO_ELEMENT_F64,
                (double[]){1, 200, -3, 70000, 0.25, 0.1, 9007199254740992.0}, 7);
  assert_packed("[Infinity,-Infinity,1e999]", APO_ELEMENT_F32,
                (double[]){(double)INFINITY, -(double)INFINITY, (double)INFINITY}, 3);
  assert_packed("[1e-45,3.4028235e38]", APO_ELEMENT_F64, (double[]){1e-45, 3.4028235e38}, 2);
}

static void a_nan_is_packed_beside_small_numbers(void **state) {
  (void)state;
  apo_error err;
  apo_json *json = parse("[7, NaN, 1]");
  const apo_json_at root = apo_json_root(json);
  double numbers[3];
  for (uint64_t i = 0; i < 3; ++i) assert_ok(apo_json_number_at(root, i, &numbers[i], &err), &err);
  assert_true(numbers[0] == 7 && isnan(numbers[1]) && numbers[2] == 1);
  assert_int_equal(json->values[root.value].element, APO_ELEMENT_F32);
  apo_json_destroy(&json);
}

static void what_is_not_all_of_one_kind_is_not_packed(void **state) {
  (void)state;
  apo_error err;
  apo_json *json = parse("[[1,2.5,-300,[4],true],[true,false,null],[],[3,true],[false,0,\"x\"]]");
  const apo_json_at root = apo_json_root(json);
  static const struct {
    uint64_t row, position;
    apo_json_kind kind;
    double number;
  } cases[] = {
      {0, 0, APO_JSON_NUMBER, 1},  {0, 1, APO_JSON_NUMBER, 2.5}, {0, 2, APO_JSON_NUMBER, -300},
      {0, 3, APO_JSON_ARRAY, 0},   {0, 4, APO_JSON_BOOLEAN, 1},  {1, 0, APO_JSON_BOOLEAN, 1},
      {1, 1, APO_JSON_BOOLEAN, 0}, {1, 2, APO_JSON_NULL, 0},     {2, 0, APO_JSON_NULL, 0},
      {3, 0, APO_JSON_NUMBER, 3},  {3, 1, APO_JSON_BOOLEAN, 1},  {4, 0, APO_JSON_BOOLEAN, 0},
      {4, 1, APO_JSON_NUMBER, 0},  {4, 2, APO_JSON_TEXT, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    apo_json_at row;
    double number = 0;
    bool flag = false;
    assert_ok(apo_json_item(root, cases[i].row, &row, &err), &err);
    assert_int_equal(apo_json_kind_at(row, cases[i].position), cases[i].kind);
    if (cases[i].kind == APO_JSON_NUMBER) {
      assert_ok(apo_json_number_at(row, cases[i].position, &number, &err), &err);
      assert_true(number == cases[i].number);
    }
    if (cases[i].kind == APO_JSON_BOOLEAN) {
      assert_ok(apo_json_flag_at(row, cases[i].position, &flag, &err), &err);
      assert_true(flag == (cases[i].number != 0));
    }
  }
  apo_json_destroy(&json);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(arrays_take_the_smallest_elements_that_hold_their_numbers),
      cmocka_unit_test(a_nan_is_packed_beside_small_numbers),
      cmocka_unit_test(what_is_not_all_of_one_kind_is_not_packed),
  };
  return cmocka_run_group_tests_name("json_pack", tests, NULL, NULL);
}
