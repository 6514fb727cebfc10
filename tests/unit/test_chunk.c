/* Chunks: gathering, checksums by their definition, and global values by theirs. */
#include "host/stores/chunk.h"

#include <xxhash.h>

#include "tests/support/apo_test.h"
#include "tests/support/store_case.h"

enum { N_ROWS = 5000 };

static apo_chunk gather(const store_case *c,
                        uint64_t row_begin,
                        uint64_t row_end,
                        uint32_t tile_rows) {
  apo_chunk chunk = {.shape = {.n_outputs = c->spec.n_outputs,
                               .n_players = c->spec.n_players,
                               .has_errors = c->spec.has_errors,
                               .has_ids = c->spec.key_name != NULL}};
  apo_chunk_restart(&chunk, row_begin);
  for (uint64_t row = row_begin; row < row_end; row += tile_rows) {
    const uint64_t rest = row_end - row;
    store_case_tile t = store_case_make(c, row, rest < tile_rows ? (uint32_t)rest : tile_rows);
    apo_error err;
    assert_ok(apo_chunk_take(&chunk, &t.tile, 0, t.tile.n_rows, t.ids, &err), &err);
    store_case_tile_free(&t);
  }
  return chunk;
}

static apo_chunk_sums sum(const apo_chunk *chunk) {
  apo_chunk_sums sums;
  apo_error err;
  assert_ok(apo_chunk_sum(chunk, &sums, &err), &err);
  return sums;
}

// A line, byte by byte as chunk.h says, for a machine that is little-endian.
static size_t line_by_definition(
    const store_case *c, const store_case_tile *t, uint32_t row, uint32_t output, uint8_t *out) {
  const size_t line = (size_t)row * c->spec.n_outputs + output;
  const int64_t row_ord = (int64_t)(t->tile.row_begin + row);
  const int32_t output_ord = (int32_t)output;
  const uint32_t n_id = c->spec.key_name != NULL ? (uint32_t)strlen(t->ids[row]) : 0;
  uint8_t *at = out;
  memcpy(at, &row_ord, 8);
  memcpy(at + 8, &output_ord, 4);
  memcpy(at + 12, &t->prediction[line], 8);
  memcpy(at + 20, &t->gap[line], 4);
  memcpy(at + 24, &n_id, 4);
  memcpy(at + 28, t->ids[row], n_id);
  at += 28 + n_id;
  memcpy(at, t->phi + line * STORE_CASE_PLAYERS, 4 * STORE_CASE_PLAYERS);
  at += 4 * STORE_CASE_PLAYERS;
  if (c->spec.has_errors) {
    memcpy(at, t->phi_se + line * STORE_CASE_PLAYERS, 4 * STORE_CASE_PLAYERS);
    at += 4 * STORE_CASE_PLAYERS;
  }
  return (size_t)(at - out);
}

static void check_sums_by_definition(bool has_ids, bool has_errors) {
  enum { FEW = 10, BYTES = 28 + 32 + 8 * STORE_CASE_PLAYERS };
  store_case c;
  store_case_open(&c, 2);
  c.spec.key_name = has_ids ? "id" : NULL;
  c.spec.has_errors = has_errors;
  apo_chunk chunk = gather(&c, 70000, 70000 + FEW, 3);
  apo_chunk_sums sums = sum(&chunk);

  store_case_tile t = store_case_make(&c, 70000, FEW);
  uint8_t all[FEW * 2 * BYTES];
  size_t n = 0;
  apo_u128 rowsum = {0, 0};
  for (uint32_t row = 0; row < FEW; ++row) {
    for (uint32_t output = 0; output < 2; ++output) {
      const size_t n_line = line_by_definition(&c, &t, row, output, all + n);
      const XXH128_hash_t hash = XXH3_128bits(all + n, n_line);
      const uint64_t low = rowsum.low + hash.low64;
      rowsum.high += hash.high64 + (low < rowsum.low);
      rowsum.low = low;
      n += n_line;
    }
  }
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(all, n));
  assert_memory_equal(sums.checksum, canonical.digest, 16);
  assert_true(sums.rowsum.high == rowsum.high && sums.rowsum.low == rowsum.low);
  assert_int_equal(sums.n_failed, 0);

  store_case_tile_free(&t);
  free(sums.partial);
  apo_chunk_clear(&chunk);
  store_case_close(&c);
}

static void checksum_and_rowsum_are_as_defined(void **state) {
  (void)state;
  check_sums_by_definition(false, false);
  check_sums_by_definition(false, true);
  check_sums_by_definition(true, false);
  check_sums_by_definition(true, true);
}

static void sums_do_not_depend_on_tiles(void **state) {
  (void)state;
  const uint32_t tiles[] = {1, 7, 4096, N_ROWS};
  store_case c;
  store_case_open(&c, 2);
  c.spec.key_name = "id";
  apo_chunk whole = gather(&c, 0, N_ROWS, 100);
  apo_chunk_sums expected = sum(&whole);
  for (size_t i = 0; i < sizeof tiles / sizeof tiles[0]; ++i) {
    apo_chunk chunk = gather(&c, 0, N_ROWS, tiles[i]);
    apo_chunk_sums sums = sum(&chunk);
    assert_memory_equal(sums.checksum, expected.checksum, 16);
    assert_int_equal(sums.rowsum.low, expected.rowsum.low);
    assert_int_equal(sums.n_partial, expected.n_partial);
    assert_memory_equal(sums.partial, expected.partial, 8 * sums.n_partial);
    free(sums.partial);
    apo_chunk_clear(&chunk);
  }
  free(expected.partial);
  apo_chunk_clear(&whole);
  store_case_close(&c);
}

static void rowsum_of_two_chunks_is_the_rowsum_of_one(void **state) {
  (void)state;
  store_case c;
  store_case_open(&c, 1);
  apo_chunk whole = gather(&c, 0, N_ROWS, 512);
  apo_chunk first = gather(&c, 0, 4096, 512);
  apo_chunk second = gather(&c, 4096, N_ROWS, 512);
  apo_chunk_sums a = sum(&first);
  apo_chunk_sums b = sum(&second);
  apo_chunk_sums both = sum(&whole);
  const apo_u128 added = apo_u128_add(a.rowsum, b.rowsum);
  assert_true(added.high == both.rowsum.high && added.low == both.rowsum.low);
  // Blocks are what partial sums are of, so a chunk's are those of its two parts in a row.
  assert_int_equal(both.n_partial, a.n_partial + b.n_partial);
  assert_memory_equal(both.partial, a.partial, 8 * a.n_partial);
  assert_memory_equal(both.partial + a.n_partial, b.partial, 8 * b.n_partial);
  free(a.partial);
  free(b.partial);
  free(both.partial);
  apo_chunk_clear(&whole);
  apo_chunk_clear(&first);
  apo_chunk_clear(&second);
  store_case_close(&c);
}

static void numbers_modulo_2_128_carry_and_round_trip(void **state) {
  (void)state;
  const apo_u128 top = {UINT64_MAX, UINT64_MAX};
  const apo_u128 zero = apo_u128_add(top, (apo_u128){0, 1});
  assert_true(zero.high == 0 && zero.low == 0);
  const apo_u128 carried = apo_u128_add((apo_u128){1, UINT64_MAX}, (apo_u128){2, 2});
  assert_true(carried.high == 4 && carried.low == 1);
  uint8_t bytes[16];
  apo_u128_write((apo_u128){0x0102030405060708u, 0x090a0b0c0d0e0f10u}, bytes);
  for (int i = 0; i < 16; ++i) assert_int_equal(bytes[i], i + 1);
  const apo_u128 back = apo_u128_read(bytes);
  assert_true(back.high == 0x0102030405060708u && back.low == 0x090a0b0c0d0e0f10u);
}

static void a_line_that_is_not_finite_is_in_no_sum(void **state) {
  (void)state;
  store_case c;
  store_case_open(&c, 2);
  c.nan_row = 2;
  apo_chunk chunk = gather(&c, 0, 4, 4);
  assert_string_equal(apo_chunk_fault(&chunk, 2, 0), "phi_not_finite");
  assert_null(apo_chunk_fault(&chunk, 2, 1));
  chunk.prediction[2 * 3 + 1] = (double)INFINITY;
  assert_string_equal(apo_chunk_fault(&chunk, 3, 1), "prediction_not_finite");
  chunk.gap[0] = NAN;
  assert_string_equal(apo_chunk_fault(&chunk, 0, 0), "gap_not_finite");
  apo_chunk_sums sums = sum(&chunk);
  assert_int_equal(sums.n_failed, 3);
  assert_true(sums.partial[APO_SUM_W] == 2.0);                                    // rows 1, 3
  assert_true(sums.partial[STORE_CASE_PLAYERS * APO_N_SUMS + APO_SUM_W] == 3.0);  // 0, 1, 2
  for (size_t i = 0; i < sums.n_partial; ++i) assert_true(isfinite(sums.partial[i]));
  free(sums.partial);
  apo_chunk_clear(&chunk);
  store_case_close(&c);
}

// Two passes over the rows, as the definition has it, against the sums of blocks.
static void global_values_are_as_defined(void **state) {
  (void)state;
  store_case c;
  store_case_open(&c, 1);
  c.spec.has_errors = true;
  apo_chunk chunk = gather(&c, 0, 4000, 1000);
  apo_chunk_sums sums = sum(&chunk);
  const double n = 4000.0;
  for (uint32_t player = 0; player < STORE_CASE_PLAYERS; ++player) {
    double m = 0.0;
    double mean = 0.0;
    double mean_sq = 0.0;
    double e = 0.0;
    double e2 = 0.0;
    for (uint32_t row = 0; row < 4000; ++row) {
      const double phi = (double)store_case_value(row, 0, player, 0);
      const double error = fabs((double)store_case_value(row, 0, player, 1));
      m += fabs(phi) / n;
      mean += phi / n;
      mean_sq += phi * phi / n;
      e += error / n;
      e2 += error * error;
    }
    double spread = 0.0;
    for (uint32_t row = 0; row < 4000; ++row) {
      const double away = fabs((double)store_case_value(row, 0, player, 0)) - m;
      spread += away * away;
    }
    const double *s = sums.partial + player * APO_N_SUMS;
    const apo_global own = apo_global_from_sums(s, false);
    const apo_global shared = apo_global_from_sums(s, true);
    // 4,000 additions of numbers below 1 in fp64: 4,000 * 2^-53 relative to the sum, < 1e-12.
    assert_true(own.n == n);
    assert_true(fabs(own.mean_abs - m) < 1e-12);
    assert_true(fabs(own.mean - mean) < 1e-12);
    assert_true(fabs(own.mean_sq - mean_sq) < 1e-12);
    assert_true(fabs(own.noise - sqrt(2.0 / acos(-1.0)) * e) < 1e-12);
    assert_true(fabs(own.se_mean_abs - sqrt((spread + e2) / (n * n))) < 1e-12);
    assert_true(fabs(shared.se_mean_abs - sqrt(spread / (n * n) + e * e)) < 1e-12);
  }
  free(sums.partial);
  apo_chunk_clear(&chunk);
  store_case_close(&c);
}

static void a_chunk_is_whole_blocks_within_its_bytes(void **state) {
  (void)state;
  apo_chunk_shape shape = {.n_outputs = 1, .n_players = 25};
  assert_int_equal(apo_chunk_rows(0, &shape), 65536);
  assert_int_equal(apo_chunk_rows(1, &shape), 4096);
  assert_int_equal(apo_chunk_rows(4097, &shape), 8192);
  shape.n_players = 1000;
  assert_int_equal(apo_chunk_rows(0, &shape), 4 * 4096);  // 64 MiB hold 4.07 blocks of 4,028 bytes
  shape.has_errors = true;
  assert_int_equal(apo_chunk_rows(0, &shape), 2 * 4096);
  shape.n_players = 1000000;
  assert_int_equal(apo_chunk_rows(0, &shape), 4096);
}

static void ids_that_cannot_be_ids_are_refused(void **state) {
  (void)state;
  store_case c;
  store_case_open(&c, 1);
  c.spec.key_name = "id";
  apo_chunk chunk = gather(&c, 0, 2, 2);
  store_case_tile t = store_case_make(&c, 2, 1);
  apo_error err;
  t.ids[0] = "";
  assert_fails(apo_chunk_take(&chunk, &t.tile, 0, 1, t.ids, &err), APO_ERR_FORMAT, &err,
               "row 2: id of 0 bytes");
  t.ids[0] = "\xc3(";
  assert_fails(apo_chunk_take(&chunk, &t.tile, 0, 1, t.ids, &err), APO_ERR_FORMAT, &err, "UTF-8");
  char longest[APO_MAX_ID_BYTES + 2];
  memset(longest, 'x', sizeof longest - 1);
  longest[APO_MAX_ID_BYTES + 1] = '\0';
  t.ids[0] = longest;
  assert_fails(apo_chunk_take(&chunk, &t.tile, 0, 1, t.ids, &err), APO_ERR_FORMAT, &err, "257");
  longest[APO_MAX_ID_BYTES] = '\0';
  assert_ok(apo_chunk_take(&chunk, &t.tile, 0, 1, t.ids, &err), &err);
  assert_string_equal(apo_chunk_id(&chunk, 2), longest);
  assert_string_equal(apo_chunk_id(&chunk, 0), "id0");
  store_case_tile_free(&t);
  apo_chunk_clear(&chunk);
  store_case_close(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(checksum_and_rowsum_are_as_defined),
      cmocka_unit_test(sums_do_not_depend_on_tiles),
      cmocka_unit_test(rowsum_of_two_chunks_is_the_rowsum_of_one),
      cmocka_unit_test(numbers_modulo_2_128_carry_and_round_trip),
      cmocka_unit_test(a_line_that_is_not_finite_is_in_no_sum),
      cmocka_unit_test(global_values_are_as_defined),
      cmocka_unit_test(a_chunk_is_whole_blocks_within_its_bytes),
      cmocka_unit_test(ids_that_cannot_be_ids_are_refused),
  };
  return cmocka_run_group_tests_name("chunk", tests, NULL, NULL);
}
