/* test_npy.c - the header parser understands one dict, and its writer writes it. */
#include "host/io/npy.h"

#include <stdlib.h>

#include "tests/support/apo_test.h"
#include "tests/support/npy_bytes.h"

static const char data[4096];

static apo_status read_file(const npy_bytes *file, apo_npy_header *out, apo_error *err) {
  return apo_npy_header_read(file->bytes, file->n_bytes, out, err);
}

/* The dict, with room for `n_data` bytes of elements behind it. */
static apo_status read_dict(const char *dict, size_t n_data, apo_npy_header *out, apo_error *err) {
  const npy_bytes file = npy_file(1, dict, data, n_data);
  return read_file(&file, out, err);
}

static void what_numpy_writes_is_read(void **state) {
  (void)state;
  apo_npy_header header;
  apo_error err;

  assert_ok(
      read_dict("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }", 96, &header, &err),
      &err);

  assert_int_equal(header.kind, 'f');
  assert_int_equal(header.item_bytes, 8);
  assert_false(header.fortran_order);
  assert_int_equal(header.rank, 2);
  assert_int_equal(header.shape[0], 3);
  assert_int_equal(header.shape[1], 4);
  assert_int_equal(header.n_elements, 12);
  assert_int_equal(header.data_at, 128);
}

static void versions_2_and_3_have_a_longer_length(void **state) {
  (void)state;
  for (unsigned major = 2; major <= 3; ++major) {
    const npy_bytes file =
        npy_file(major, "{'descr': '<f4', 'fortran_order': True, 'shape': (5,), }", data, 20);
    apo_npy_header header;
    apo_error err;
    assert_ok(read_file(&file, &header, &err), &err);
    assert_true(header.fortran_order);
    assert_int_equal(header.rank, 1);
    assert_int_equal(header.data_at, file.data_at);
  }
}

static void spelling_may_differ_where_python_lets_it(void **state) {
  (void)state;
  static const char *const dicts[] = {
      "{\"shape\":(3L,4L),\"fortran_order\":False,\"descr\":\"<f8\"}",
      "{ 'shape' : ( 3 , 4 , ) , 'descr' : '<f8' , 'fortran_order' : False , }",
  };
  for (size_t i = 0; i < sizeof dicts / sizeof dicts[0]; ++i) {
    apo_npy_header header;
    apo_error err;
    assert_ok(read_dict(dicts[i], 96, &header, &err), &err);
    assert_int_equal(header.n_elements, 12);
  }
}

static void each_fault_of_a_header_is_named(void **state) {
  (void)state;
  static const struct {
    const char *dict;
    size_t n_data;
    const char *words;
  } faults[] = {
      {"{'descr': '>f8', 'fortran_order': False, 'shape': (3, 4), }", 96, "\">f8\" is big-endian"},
      {"{'descr': '<c16', 'fortran_order': False, 'shape': (3, 2), }", 96, "dtype \"<c16\""},
      {"{'descr': '|O', 'fortran_order': False, 'shape': (3, 4), }", 96, "dtype \"|O\""},
      {"{'descr': '<f2', 'fortran_order': False, 'shape': (3, 4), }", 24, "dtype \"<f2\""},
      {"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (3,), }", 24, "with fields"},
      {"{'descr': 8, 'fortran_order': False, 'shape': (3,), }", 24, "not a string"},
      {"{'descr': '<f8', 'fortran_order': 0, 'shape': (3, 4), }", 96, "neither True nor False"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': [3, 4], }", 96, "not a tuple"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (3), }", 24, "not a tuple"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (3, -4), }", 96, "not a count"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4 4), }", 96, "no end"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999, 4), }", 96,
       "not a count"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296, 2), }", 0,
       "more elements than a file can"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", 8, "rank above"},
      {"{'descr': '<f8', 'fortran_order': False, }", 96, "no 'shape'"},
      {"{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }", 96,
       "\"descr\" is there twice"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), 'x': 1}", 96, "not one of three"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), } + 1", 96, "behind the dict"},
      {"{'descr': '<f8' 'fortran_order': False, 'shape': (3, 4), }", 96, "no end"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4)", 96, "no end"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4,", 96, "not a count"},
      {"'<f8'", 96, "not a dict"},
      {"", 96, "not a dict"},
      {"{'descr': '<f\\8', 'fortran_order': False, 'shape': (3, 4), }", 96, "not a string"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }", 95, "the header says 96"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }", 97, "the header says 96"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (0, 4), }", 8, "the header says 0"},
  };
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; ++i) {
    apo_npy_header header;
    apo_error err;
    assert_fails(read_dict(faults[i].dict, faults[i].n_data, &header, &err), APO_ERR_FORMAT, &err,
                 faults[i].words);
  }
}

static void unknown_versions_are_refused(void **state) {
  (void)state;
  npy_bytes file = npy_array("<f8", "False", "(3, 4)", data, 96);
  apo_npy_header header;
  apo_error err;
  file.bytes[6] = 4;
  assert_fails(read_file(&file, &header, &err), APO_ERR_FORMAT, &err, "version 4.0");
  file.bytes[6] = 1;
  file.bytes[7] = 1;
  assert_fails(read_file(&file, &header, &err), APO_ERR_FORMAT, &err, "version 1.1");
}

static void a_file_cut_anywhere_is_refused(void **state) {
  (void)state;
  const npy_bytes file = npy_array("<f8", "False", "(3, 4)", data, 96);
  for (size_t n = 0; n < file.n_bytes; ++n) {
    // A copy of exactly n bytes: one byte further would be seen by the address sanitizer.
    uint8_t *cut = malloc(n > 0 ? n : 1);
    apo_npy_header header;
    apo_error err;
    memcpy(cut, file.bytes, n);
    assert_fails(apo_npy_header_read(cut, n, &header, &err), APO_ERR_FORMAT, &err, "");
    free(cut);
  }
}

static uint32_t next_word(uint32_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

static void random_bytes_behind_the_magic_never_do_harm(void **state) {
  (void)state;
  static const char letters[] = "{}()[],:'\" \n0123456789LTrueFalsdcipothn_<>f48\\-";
  uint32_t word = 2463534242u;
  for (unsigned round = 0; round < 20000; ++round) {
    const size_t n = 6 + next_word(&word) % 100;
    uint8_t *bytes = malloc(n);
    apo_npy_header header;
    memcpy(bytes, "\x93NUMPY", 6);
    for (size_t i = 6; i < n; ++i) {
      const uint32_t random = next_word(&word) >> 8;
      bytes[i] =
          (uint8_t)(round % 2 == 0 ? random : (uint32_t)letters[random % (sizeof letters - 1)]);
    }
    if (n > 10 && round % 2 == 1) {
      bytes[6] = 1;
      bytes[7] = 0;
      bytes[8] = (uint8_t)(n - 10);
      bytes[9] = 0;
    }
    if (apo_npy_header_read(bytes, n, &header, NULL) == APO_OK) {
      assert_true(header.n_elements * header.item_bytes == n - header.data_at);
    }
    free(bytes);
  }
}

static void a_valid_header_with_one_byte_changed_never_does_harm(void **state) {
  (void)state;
  const npy_bytes good = npy_array("<f8", "False", "(3, 4)", data, 96);
  for (size_t at = 0; at < good.data_at; ++at) {
    for (unsigned value = 0; value < 256; ++value) {
      npy_bytes file = good;
      apo_npy_header header;
      file.bytes[at] = (uint8_t)value;
      if (read_file(&file, &header, NULL) != APO_OK) continue;
      assert_true(header.n_elements * header.item_bytes == file.n_bytes - header.data_at);
    }
  }
}

static void what_is_written_is_read_again(void **state) {
  (void)state;
  static const uint32_t inner[] = {3, 26, 2};
  for (uint32_t n_inner = 0; n_inner <= 3; ++n_inner) {
    uint8_t bytes[APO_NPY_HEADER_BYTES + 2000];
    const size_t n_elements = n_inner == 0 ? 2 : n_inner == 1 ? 6 : n_inner == 2 ? 156 : 312;
    apo_npy_header header;
    apo_error err;
    apo_npy_header_write(APO_F32, 2, inner, n_inner, bytes);
    assert_ok(apo_npy_header_read(bytes, APO_NPY_HEADER_BYTES + 4 * n_elements, &header, &err),
              &err);
    assert_int_equal(header.rank, 1 + n_inner);
    assert_int_equal(header.n_elements, n_elements);
    assert_int_equal(header.data_at, APO_NPY_HEADER_BYTES);
    assert_int_equal(header.data_at % 64, 0);
    assert_int_equal(bytes[APO_NPY_HEADER_BYTES - 1], '\n');
    assert_false(header.fortran_order);
  }
}

static void the_largest_shape_fits_the_header(void **state) {
  (void)state;
  static const uint32_t inner[] = {UINT32_MAX, UINT32_MAX, UINT32_MAX};
  uint8_t bytes[APO_NPY_HEADER_BYTES];
  apo_npy_header_write(APO_F64, UINT64_MAX, inner, 3, bytes);
  assert_memory_equal(bytes + 10,
                      "{'descr': '<f8', 'fortran_order': False, 'shape': "
                      "(18446744073709551615, 4294967295, 4294967295, 4294967295), } ",
                      112);
  assert_int_equal(bytes[APO_NPY_HEADER_BYTES - 1], '\n');
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_numpy_writes_is_read),
      cmocka_unit_test(versions_2_and_3_have_a_longer_length),
      cmocka_unit_test(spelling_may_differ_where_python_lets_it),
      cmocka_unit_test(each_fault_of_a_header_is_named),
      cmocka_unit_test(unknown_versions_are_refused),
      cmocka_unit_test(a_file_cut_anywhere_is_refused),
      cmocka_unit_test(random_bytes_behind_the_magic_never_do_harm),
      cmocka_unit_test(a_valid_header_with_one_byte_changed_never_does_harm),
      cmocka_unit_test(what_is_written_is_read_again),
      cmocka_unit_test(the_largest_shape_fits_the_header),
  };
  return cmocka_run_group_tests_name("npy", tests, NULL, NULL);
}
