/* test_onnx_wire.c - fields, lists and tensors, byte by byte. */
#include <math.h>
#include <string.h>

#include "engine/readers/onnx/onnx_proto.h"
#include "tests/support/apo_test.h"

#define WIRE(text) wire_of((const uint8_t *)(text), sizeof(text) - 1)

static apo_wire wire_of(const uint8_t *at, size_t n_bytes) {
  return (apo_wire){at, {at, n_bytes}};
}

static void a_field_of_each_wire_type_is_read(void **state) {
  (void)state;
  apo_error err;
  apo_wire_field field;
  bool more = false;
  apo_wire wire = WIRE("\x08\xac\x02\x11\1\0\0\0\0\0\0\x80\x1a\3abc\x25\0\0\x80\x3f\xa0\x06\1");
  assert_ok(apo_wire_next(&wire, &field, &more, &err), &err);
  assert_true(more && field.number == 1 && field.kind == APO_WIRE_VARINT && field.value == 300);
  assert_ok(apo_wire_next(&wire, &field, &more, &err), &err);
  assert_true(field.kind == APO_WIRE_FIXED64 && field.value == UINT64_C(0x8000000000000001));
  assert_int_equal(field.at, 3);
  assert_ok(apo_wire_next(&wire, &field, &more, &err), &err);
  assert_true(field.kind == APO_WIRE_BYTES && field.body.rest.n_bytes == 3);
  assert_memory_equal(field.body.rest.at, "abc", 3);
  assert_ok(apo_wire_next(&wire, &field, &more, &err), &err);
  assert_true(field.kind == APO_WIRE_FIXED32 && field.value == 0x3f800000u);
  assert_ok(apo_wire_next(&wire, &field, &more, &err), &err);
  assert_true(field.number == 100 && field.value == 1);
  assert_ok(apo_wire_next(&wire, &field, &more, &err), &err);
  assert_false(more);
}

static void negative_numbers_take_ten_bytes(void **state) {
  (void)state;
  apo_error err;
  uint64_t bits = 0;
  apo_wire wire = WIRE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  assert_ok(apo_wire_take(&wire, APO_WIRE_VARINT, &bits, &err), &err);
  assert_true((int64_t)bits == -1);
  wire = WIRE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  assert_fails(apo_wire_take(&wire, APO_WIRE_VARINT, &bits, &err), APO_ERR_FORMAT, &err,
               "byte 0: a cut or overlong number");
}

static void what_is_cut_is_refused_at_its_byte(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t n;
    const char *words;
  } cases[] = {
      {"\x88", 1, "byte 0: a cut or overlong field number"},
      {"\xff\xff\xff\xff\xff\xff\x01", 7, "byte 0: a cut or overlong field number"},
      {"\x08", 1, "byte 1: a cut or overlong number"},
      {"\x08\x80", 2, "byte 1: a cut or overlong number"},
      {"\x09\1\2\3\4\5\6\7", 8, "byte 1: a cut or overlong number"},
      {"\x0d\1\2\3", 4, "byte 1: a cut or overlong number"},
      {"\x0a", 1, "byte 1: a cut or overlong length"},
      {"\x0a\x81", 2, "byte 1: a cut or overlong length"},
      {"\x0a\x02z", 3, "byte 1: a length of 2, but 1 bytes remain"},
      {"\x0a\xff\xff\xff\xff\x0fz", 7, "byte 1: a length of 4294967295, but 1 bytes remain"},
      {"\x02", 1, "byte 0: field number 0"},
      {"\x0b", 1, "byte 0: field 1: wire type 3"},
      {"\x0c", 1, "byte 0: field 1: wire type 4"},
      {"\x0e", 1, "byte 0: field 1: wire type 6"},
      {"\x87\x01", 2, "byte 0: field 16: wire type 7"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    apo_error err;
    apo_wire_field field;
    bool more = false;
    apo_wire wire = wire_of((const uint8_t *)cases[i].bytes, cases[i].n);
    assert_fails(apo_wire_next(&wire, &field, &more, &err), APO_ERR_FORMAT, &err, cases[i].words);
  }
}

static void lists_may_be_packed_or_not_or_both(void **state) {
  (void)state;
  apo_error err;
  uint64_t n = 0;
  // 1, [2, 300], another field, [], 4
  apo_onnx_list list = {
      .rest = WIRE("\x40\1\x42\3\2\xac\2\x48\7\x42\0\x40\4"), .number = 8, .kind = APO_WIRE_VARINT};
  assert_ok(apo_onnx_list_count(list, &n, &err), &err);
  assert_int_equal(n, 4);
  static const uint64_t expected[] = {1, 2, 300, 4};
  for (size_t i = 0; i <= 4; ++i) {
    uint64_t bits = 0;
    bool more = false;
    assert_ok(apo_onnx_list_bits(&list, &bits, &more, &err), &err);
    assert_int_equal(more, i < 4);
    if (more) assert_int_equal(bits, expected[i]);
  }
  list = (apo_onnx_list){.rest = WIRE("\x3d\0\0\x80\x3f"), .number = 7, .kind = APO_WIRE_VARINT};
  assert_fails(apo_onnx_list_count(list, &n, &err), APO_ERR_FORMAT, &err,
               "byte 0: field 7: wire type 5, needs 0");
  list = (apo_onnx_list){.rest = WIRE("\x3a\3\1\2\3"), .number = 7, .kind = APO_WIRE_FIXED32};
  assert_fails(apo_onnx_list_count(list, &n, &err), APO_ERR_FORMAT, &err,
               "byte 2: a cut or overlong number");
}

static void tensors_are_raw_or_lists(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t n;
    double expected[2];
  } cases[] = {
      {"\x08\2\x10\1\x4a\x08\0\0\x80\x3f\0\0\0\xc0", 14, {1.0, -2.0}},
      {"\x08\2\x10\1\x22\x08\0\0\x80\x3f\0\0\0\xc0", 14, {1.0, -2.0}},
      {"\x0a\1\2\x10\1\x25\0\0\x80\x3f\x25\0\0\0\xc0", 15, {1.0, -2.0}},
      {"\x08\2\x10\x0b\x52\x10\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\0\xc0", 22, {1.0, -2.0}},
      {"\x08\2\x10\7\x38\5\x38\xfe\xff\xff\xff\xff\xff\xff\xff\xff\1", 17, {5.0, -2.0}},
      {"\x08\2\x10\6\x28\5\x28\xfe\xff\xff\xff\xff\xff\xff\xff\xff\1", 17, {5.0, -2.0}},
      {"\x08\2\x10\2\x2a\2\5\6", 8, {5.0, 6.0}},
      {"\x08\2\x08\1\x10\2\x4a\2\5\xff", 10, {5.0, 255.0}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    apo_error err;
    apo_onnx_tensor_head head;
    apo_onnx_tensor tensor;
    const apo_wire wire = wire_of((const uint8_t *)cases[i].bytes, cases[i].n);
    assert_ok(apo_onnx_tensor_look(wire, &head, &err), &err);
    assert_ok(apo_onnx_tensor_load(&head, &tensor, &err), &err);
    assert_int_equal(tensor.n, 2);
    for (uint64_t at = 0; at < 2; ++at) {
      assert_true(apo_onnx_tensor_number(&tensor, at) == cases[i].expected[at]);
    }
    apo_onnx_tensor_clear(&tensor);
  }
}

static void a_tensor_that_lies_about_its_size_costs_nothing(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t n;
    apo_status status;
    const char *words;
  } cases[] = {
      {"\x08\xff\xff\xff\xff\x0f\x10\1", 8, APO_ERR_FORMAT, "a dimension of 4294967295 in 8 bytes"},
      {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\x10\1", 13, APO_ERR_FORMAT, "dimension of -1"},
      {"\x08\2\x10\1\x4a\4\0\0\x80\x3f", 10, APO_ERR_FORMAT, "2 elements by its dimensions"},
      {"\x08\1\x10\1\x4a\5\0\0\x80\x3f\0", 11, APO_ERR_FORMAT, "1 elements by its dimensions"},
      {"\x08\2\x10\1\x25\0\0\x80\x3f", 9, APO_ERR_FORMAT, "2 elements by its dimensions"},
      {"\x08\1\x10\x0a\x4a\2\0\0", 8, APO_ERR_UNSUPPORTED, "elements of type 10"},
      {"\x08\1\x08\1\x08\1\x08\1\x08\1", 10, APO_ERR_LIMIT, "more than 4 dimensions"},
      {"\x1a\0", 2, APO_ERR_UNSUPPORTED, "a segment of a tensor"},
      {"\x70\1", 2, APO_ERR_UNSUPPORTED, "external data"},
      {"\x6a\0", 2, APO_ERR_UNSUPPORTED, "external data"},
      {"\x10\1\x4d\0\0\0\0", 7, APO_ERR_FORMAT, "field 9: wire type 5, needs 2"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    apo_error err;
    apo_onnx_tensor_head head;
    apo_onnx_tensor tensor = {0};
    const apo_wire wire = wire_of((const uint8_t *)cases[i].bytes, cases[i].n);
    apo_status status = apo_onnx_tensor_look(wire, &head, &err);
    if (status == APO_OK) status = apo_onnx_tensor_load(&head, &tensor, &err);
    assert_fails(status, cases[i].status, &err, cases[i].words);
    assert_null(tensor.owned);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_field_of_each_wire_type_is_read),
      cmocka_unit_test(negative_numbers_take_ten_bytes),
      cmocka_unit_test(what_is_cut_is_refused_at_its_byte),
      cmocka_unit_test(lists_may_be_packed_or_not_or_both),
      cmocka_unit_test(tensors_are_raw_or_lists),
      cmocka_unit_test(a_tensor_that_lies_about_its_size_costs_nothing),
  };
  return cmocka_run_group_tests_name("onnx_wire", tests, NULL, NULL);
}
