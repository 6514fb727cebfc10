/* test_digest.c - SHA-256 against the examples of FIPS 180-2, and the digest of a table. */
#include "engine/core/digest.h"

#include <math.h>

#include "engine/data/table_digest.h"
#include "tests/support/apo_test.h"

static void published_examples_agree(void **state) {
  (void)state;
  static const struct {
    const char *text;
    const char *digest;
  } examples[] = {
      {"", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "sha256:248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
  };
  for (size_t i = 0; i < sizeof examples / sizeof *examples; ++i) {
    char digest[APO_DIGEST_TEXT_BYTES];
    apo_error err;
    assert_ok(apo_digest_text(examples[i].text, strlen(examples[i].text), digest, &err), &err);
    assert_string_equal(digest, examples[i].digest);
  }
}

static void pieces_give_the_digest_of_the_whole(void **state) {
  (void)state;
  apo_digest digest = {0};
  uint8_t bytes[APO_DIGEST_BYTES];
  char whole[APO_DIGEST_TEXT_BYTES];
  char pieces[APO_DIGEST_TEXT_BYTES];
  apo_error err;
  assert_ok(apo_digest_text("\x01\x02\0\0\0\0\0\0ab", 10, whole, &err), &err);
  assert_ok(apo_digest_start(&digest, &err), &err);
  assert_ok(apo_digest_add(&digest, "gone", 4, &err), &err);
  assert_ok(apo_digest_start(&digest, &err), &err);  // anew
  assert_ok(apo_digest_add_u64(&digest, 0x201, &err), &err);
  assert_ok(apo_digest_add(&digest, "a", 1, &err), &err);
  assert_ok(apo_digest_add(&digest, NULL, 0, &err), &err);
  assert_ok(apo_digest_add(&digest, "b", 1, &err), &err);
  assert_ok(apo_digest_finish(&digest, bytes, &err), &err);
  apo_digest_stop(&digest);
  apo_digest_print(bytes, pieces);
  assert_string_equal(pieces, whole);
}

enum { N_ROWS = 3 * APO_DIGEST_BLOCK_ROWS / 2, N_COLUMNS = 3 };

static void hash_table(const double *values, const char *name, uint64_t n_rows, char out[72]) {
  apo_table_hash hash = {0};
  apo_error err;
  assert_ok(apo_table_hash_start(&hash, &err), &err);
  for (int column = 0; column < N_COLUMNS; ++column) {
    assert_ok(apo_table_hash_column(&hash, column == 1 ? name : "x", APO_COLUMN_NUMBER, &err),
              &err);
  }
  for (uint64_t row = 0; row < n_rows; ++row) {
    assert_ok(apo_table_hash_row(&hash, values + row * N_COLUMNS, N_COLUMNS, &err), &err);
  }
  assert_ok(apo_table_hash_finish(&hash, out, &err), &err);
  apo_table_hash_stop(&hash);
}

static double values[N_ROWS * N_COLUMNS];

static void a_table_is_hashed_as_the_header_says(void **state) {
  (void)state;
  const double row[N_COLUMNS] = {1.0, -0.0, 0.5};
  // Written down by hand from table_digest.h.
  static const uint8_t head[] = {1, 0, 0,   0, 'x', 0, 0xff, 0xff, 0xff, 0xff, 0, 1, 0,
                                 0, 0, 'x', 0, 1,   0, 0,    0,    0,    0,    0, 0};
  static const uint8_t block[] = {0, 0, 0, 0,    0, 0, 0xf0, 0x3f, 0, 0, 0,    0,
                                  0, 0, 0, 0x80, 0, 0, 0,    0,    0, 0, 0xe0, 0x3f};
  uint8_t parts[3 * APO_DIGEST_BYTES];
  uint8_t block_digest[APO_DIGEST_BYTES];
  apo_digest digest = {0};
  apo_error err;
  assert_ok(apo_digest_start(&digest, &err), &err);
  assert_ok(apo_digest_add(&digest, head, sizeof head, &err), &err);
  assert_ok(apo_digest_finish(&digest, parts, &err), &err);
  assert_ok(apo_digest_start(&digest, &err), &err);
  assert_ok(apo_digest_add(&digest, block, sizeof block, &err), &err);
  assert_ok(apo_digest_finish(&digest, block_digest, &err), &err);
  assert_ok(apo_digest_start(&digest, &err), &err);
  assert_ok(apo_digest_add(&digest, block_digest, sizeof block_digest, &err), &err);
  assert_ok(apo_digest_finish(&digest, parts + APO_DIGEST_BYTES, &err), &err);
  assert_ok(apo_digest_start(&digest, &err), &err);
  assert_ok(apo_digest_finish(&digest, parts + 2 * APO_DIGEST_BYTES, &err), &err);
  apo_digest_stop(&digest);
  char expected[72];
  char actual[72];
  assert_ok(apo_digest_text(parts, sizeof parts, expected, &err), &err);

  hash_table(row, NULL, 1, actual);

  assert_string_equal(actual, expected);
}

static void names_rows_and_values_all_count(void **state) {
  (void)state;
  char first[72];
  char other[72];
  for (size_t i = 0; i < N_ROWS * N_COLUMNS; ++i) values[i] = (double)i;
  hash_table(values, "y", N_ROWS, first);
  hash_table(values, "y", N_ROWS, other);
  assert_string_equal(first, other);
  hash_table(values, "z", N_ROWS, other);
  assert_string_not_equal(first, other);
  hash_table(values, "y", N_ROWS - 1, other);
  assert_string_not_equal(first, other);
  values[N_ROWS * N_COLUMNS - 1] += 1.0;
  hash_table(values, "y", N_ROWS, other);
  assert_string_not_equal(first, other);
  values[N_ROWS * N_COLUMNS - 1] -= 1.0;
  values[0] = -0.0;
  hash_table(values, "y", N_ROWS, other);
  assert_string_not_equal(first, other);
}

static void every_nan_is_the_same_nan(void **state) {
  (void)state;
  char first[72];
  char other[72];
  memset(values, 0, sizeof values);
  values[5] = (double)NAN;
  hash_table(values, "y", 10, first);
  values[5] = -(double)NAN;
  hash_table(values, "y", 10, other);
  assert_string_equal(first, other);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(published_examples_agree),
      cmocka_unit_test(pieces_give_the_digest_of_the_whole),
      cmocka_unit_test(a_table_is_hashed_as_the_header_says),
      cmocka_unit_test(names_rows_and_values_all_count),
      cmocka_unit_test(every_nan_is_the_same_nan),
  };
  return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
