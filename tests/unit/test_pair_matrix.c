/* Pairs as a matrix, whole and in pieces. */
#include "host/stores/pair_matrix.h"

#include <stdlib.h>

#include "tests/support/apo_test.h"

enum { MAX_PLAYERS = 40, WIDTH = MAX_PLAYERS + 1 };

static void fill(uint32_t n_players, float *phi, float *pairs) {
  for (uint32_t i = 0; i < n_players; ++i) phi[i] = (float)i - 2.5f;
  for (size_t i = 0; i < apo_pair_count(n_players); ++i) pairs[i] = 0.25f * (float)(i % 17) - 1;
}

static void places_count_the_upper_triangle_row_by_row(void **state) {
  (void)state;
  for (uint32_t n = 1; n <= MAX_PLAYERS; ++n) {
    size_t place = 0;
    for (uint32_t i = 0; i < n; ++i) {
      for (uint32_t j = i + 1; j < n; ++j) assert_int_equal(apo_pair_place(n, i, j), place++);
    }
    assert_int_equal(apo_pair_count(n), place);
  }
}

static void the_matrix_is_symmetric_and_its_rows_sum_to_phi(void **state) {
  (void)state;
  float phi[MAX_PLAYERS];
  float pairs[MAX_PLAYERS * MAX_PLAYERS / 2];
  float diagonal[MAX_PLAYERS];
  double room[MAX_PLAYERS];
  float cells[WIDTH * WIDTH];
  for (uint32_t n = 1; n <= MAX_PLAYERS; ++n) {
    fill(n, phi, pairs);
    const float *given = n > 1 ? pairs : NULL;
    apo_pair_diagonal(n, phi, given, room, diagonal);
    apo_pair_matrix_rows(n, diagonal, given, 7.5f, 0, n + 1, cells);
    for (uint32_t i = 0; i < n; ++i) {
      double sum = 0;
      for (uint32_t j = 0; j < n; ++j) {
        assert_true(cells[i * (n + 1) + j] == cells[j * (n + 1) + i]);
        if (j > i) assert_true(cells[i * (n + 1) + j] == pairs[apo_pair_place(n, i, j)]);
        sum += (double)cells[i * (n + 1) + j];
      }
      // Quarters: every sum is exact.
      assert_true(sum == (double)phi[i]);
      assert_true(cells[i * (n + 1) + n] == 0 && cells[n * (n + 1) + i] == 0);
    }
    assert_true(cells[n * (n + 1) + n] == 7.5f);
  }
}

static void pieces_are_the_rows_of_the_whole(void **state) {
  (void)state;
  float phi[MAX_PLAYERS];
  float pairs[MAX_PLAYERS * MAX_PLAYERS / 2];
  float diagonal[MAX_PLAYERS];
  double room[MAX_PLAYERS];
  float whole[WIDTH * WIDTH];
  float piece[WIDTH * WIDTH];
  const uint32_t n = MAX_PLAYERS;
  fill(n, phi, pairs);
  apo_pair_diagonal(n, phi, pairs, room, diagonal);
  apo_pair_matrix_rows(n, diagonal, pairs, -1, 0, n + 1, whole);
  for (uint32_t step = 1; step <= WIDTH; ++step) {
    for (uint32_t row = 0; row < WIDTH; row += step) {
      const uint32_t end = row + step < WIDTH ? row + step : WIDTH;
      memset(piece, 0x55, sizeof piece);
      apo_pair_matrix_rows(n, diagonal, pairs, -1, row, end, piece);
      assert_memory_equal(piece, whole + row * WIDTH, (end - row) * WIDTH * sizeof *piece);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(places_count_the_upper_triangle_row_by_row),
      cmocka_unit_test(the_matrix_is_symmetric_and_its_rows_sum_to_phi),
      cmocka_unit_test(pieces_are_the_rows_of_the_whole),
  };
  return cmocka_run_group_tests_name("pair_matrix", tests, NULL, NULL);
}
