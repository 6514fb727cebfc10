/* Lines as bytes: the largest in order, ties, the rest, what is not finite. */
#include "host/stores/packed.h"

#include <math.h>
#include <stdlib.h>

#include "host/stores/bytes.h"
#include "host/stores/pair_matrix.h"
#include "tests/support/apo_test.h"

enum { MAX_BYTES = 4096 };

static void pack(apo_layout layout,
                 uint32_t n_players,
                 uint32_t top,
                 const float *phi,
                 const float *pairs,
                 uint8_t out[MAX_BYTES]) {
  const apo_packing packing = {layout, n_players, top};
  apo_packer packer;
  apo_error err;
  assert_in_range(apo_packed_bytes(&packing), 1, MAX_BYTES);
  assert_ok(apo_packer_init(&packing, &packer, &err), &err);
  memset(out, 0x55, MAX_BYTES);
  apo_packer_line(&packer, phi, pairs, out);
  assert_int_equal(out[apo_packed_bytes(&packing)], 0x55);
  apo_packer_clear(&packer);
}

static float value_at(const uint8_t *bytes) {
  float value;
  apo_unpack_f32(bytes, 1, &value);
  return value;
}

static void the_largest_come_in_falling_order_and_ties_by_player(void **state) {
  (void)state;
  const float phi[] = {1, -4, 0.5f, 4, -1, 0, 8};
  const uint32_t players[] = {6, 1, 3, 0, 4, 2, 5};
  for (uint32_t top = 1; top <= 7; ++top) {
    uint8_t bytes[MAX_BYTES];
    pack(APO_LAYOUT_TOPK, 7, top, phi, NULL, bytes);
    float rest = 8.5f;
    for (uint32_t i = 0; i < top; ++i) {
      assert_int_equal(apo_unpack_u32(bytes + 8 * i), players[i]);
      assert_true(value_at(bytes + 8 * i + 4) == phi[players[i]]);
      rest -= phi[players[i]];
    }
    assert_int_equal(apo_unpack_u32(bytes + 8 * top), UINT32_MAX);
    assert_true(value_at(bytes + 8 * top + 4) == rest);
  }
}

static int by_falling_magnitude(const void *a, const void *b) {
  const apo_packed_entry *x = a;
  const apo_packed_entry *y = b;
  if (fabsf(x->value) != fabsf(y->value)) return fabsf(x->value) < fabsf(y->value) ? 1 : -1;
  return x->first < y->first ? -1 : 1;
}

// Few different values, so that there are ties at every cut.
static void any_number_of_the_largest_is_the_start_of_the_sorted_list(void **state) {
  (void)state;
  enum { N = 60 };
  float phi[N];
  apo_packed_entry sorted[N];
  uint32_t draw = 1;
  for (int round = 0; round < 20; ++round) {
    for (uint32_t i = 0; i < N; ++i) {
      draw = draw * 1664525u + 1013904223u;
      phi[i] = (float)((int)(draw >> 16) % 9 - 4);
      sorted[i] = (apo_packed_entry){phi[i], i, 0};
    }
    qsort(sorted, N, sizeof *sorted, by_falling_magnitude);
    for (uint32_t top = 1; top <= N; ++top) {
      uint8_t bytes[MAX_BYTES];
      pack(APO_LAYOUT_TOPK, N, top, phi, NULL, bytes);
      for (uint32_t i = 0; i < top; ++i) {
        assert_int_equal(apo_unpack_u32(bytes + 8 * i), sorted[i].first);
      }
    }
  }
}

static void the_triangle_holds_the_diagonal_too(void **state) {
  (void)state;
  const float phi[] = {1, 2, 3};
  const float pairs[] = {0.25f, -0.5f, 4};
  const float expected[] = {1.25f, 0.25f, -0.5f, -2.25f, 4, -0.5f};
  uint8_t bytes[MAX_BYTES];
  uint8_t packed[sizeof expected];
  pack(APO_LAYOUT_PAIRS, 3, 0, phi, pairs, bytes);
  apo_pack_f32(expected, 6, packed);
  assert_memory_equal(bytes, packed, sizeof packed);
  pack(APO_LAYOUT_PAIRS, 1, 0, phi, NULL, bytes);
  assert_true(value_at(bytes) == 1);
}

static void kept_pairs_and_the_rest_sum_to_the_output(void **state) {
  (void)state;
  const float phi[] = {1, 2, 3, -1};
  const float pairs[] = {0.25f, -0.5f, 4, 1, -4, 0};
  const uint32_t first[] = {0, 1, 1};
  const uint32_t second[] = {3, 3, 2};
  const float values[] = {4, -4, 1};
  uint8_t bytes[MAX_BYTES];
  pack(APO_LAYOUT_PAIRS_TOPK, 4, 3, phi, pairs, bytes);
  double sum = 0;
  for (uint32_t i = 0; i < 3; ++i) {
    assert_int_equal(apo_unpack_u32(bytes + 12 * i), first[i]);
    assert_int_equal(apo_unpack_u32(bytes + 12 * i + 4), second[i]);
    assert_true(value_at(bytes + 12 * i + 8) == values[i]);
    sum += 2 * (double)values[i];
  }
  assert_int_equal(apo_unpack_u32(bytes + 36), UINT32_MAX);
  assert_int_equal(apo_unpack_u32(bytes + 40), UINT32_MAX);
  assert_true(sum + (double)value_at(bytes + 44) == 5);
}

static void what_is_not_finite_shows_wherever_it_is(void **state) {
  (void)state;
  enum { N = 5, N_PAIRS = 10 };
  const apo_layout layouts[] = {APO_LAYOUT_PAIRS, APO_LAYOUT_PAIRS_TOPK};
  const float bad[] = {NAN, INFINITY, -INFINITY};
  for (size_t l = 0; l < 2; ++l) {
    const apo_packing packing = {layouts[l], N, 2};
    for (size_t at = 0; at <= N_PAIRS; ++at) {
      for (size_t b = 0; b < 3; ++b) {
        float phi[N] = {1, 2, 3, 4, 5};
        float pairs[N_PAIRS + 1] = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0};
        uint8_t bytes[MAX_BYTES];
        pairs[at] = bad[b];  // the last one is none of them
        pack(packing.layout, N, 2, phi, pairs, bytes);
        assert_int_equal(apo_packed_is_finite(&packing, bytes), at == N_PAIRS);
      }
    }
  }
}

static void errors_follow_their_players(void **state) {
  (void)state;
  const float phi[] = {1, -4, 0.5f, 4};
  const float phi_se[] = {0.1f, 0.2f, 0.3f, 0.4f};
  const apo_packing packing = {APO_LAYOUT_TOPK, 4, 3};
  uint8_t bytes[MAX_BYTES];
  uint8_t errors[16];
  pack(APO_LAYOUT_TOPK, 4, 3, phi, NULL, bytes);
  assert_int_equal(apo_packed_error_bytes(&packing), 12);
  apo_packed_errors(&packing, bytes, phi_se, errors);
  assert_true(value_at(errors) == 0.2f && value_at(errors + 4) == 0.4f &&
              value_at(errors + 8) == 0.1f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_largest_come_in_falling_order_and_ties_by_player),
      cmocka_unit_test(any_number_of_the_largest_is_the_start_of_the_sorted_list),
      cmocka_unit_test(the_triangle_holds_the_diagonal_too),
      cmocka_unit_test(kept_pairs_and_the_rest_sum_to_the_output),
      cmocka_unit_test(what_is_not_finite_shows_wherever_it_is),
      cmocka_unit_test(errors_follow_their_players),
  };
  return cmocka_run_group_tests_name("packed", tests, NULL, NULL);
}
