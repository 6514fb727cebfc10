/* test_draw.c - Philox4x32-10 as published, and the sequences made of it.
 *
 * The goldens never change, because stored runs are repeated by them.  They were confirmed by a
 * second implementation, written from the paper and from docs/SEMANTICS.md.
 */
#include "engine/core/draw.h"

#include <stdlib.h>

#include "tests/support/apo_test.h"

/* Known answers of Philox4x32-10 (kat_vectors of Random123 1.14; Salmon et al. 2011). */
static void published_answers_agree(void **state) {
  (void)state;
  static const struct {
    apo_draw draw;
    uint32_t words[4];
  } examples[] = {
      {{.seed = 0, .a = 0, .b = 0, .stream_block = 0},
       {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{.seed = UINT64_MAX, .a = UINT64_MAX, .b = UINT32_MAX, .stream_block = UINT32_MAX},
       {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{.seed = 0x299f31d0a4093822,
        .a = 0x85a308d3243f6a88,
        .b = 0x13198a2e,
        .stream_block = 0x03707344},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (size_t i = 0; i < sizeof examples / sizeof *examples; ++i) {
    apo_draw draw = examples[i].draw;
    for (int word = 0; word < 4; ++word) {
      assert_int_equal(apo_draw_word(&draw), examples[i].words[word]);
    }
  }
}

static void the_counter_is_laid_out_as_documented(void **state) {
  (void)state;
  const apo_draw draw = apo_draw_start(1, APO_STREAM_PERMUTATION, 0x500000006, 7);
  assert_true(draw.seed == 1);
  assert_true(draw.a == 0x500000006);
  assert_int_equal(draw.b, 7);
  assert_int_equal(draw.stream_block, 3u << 24);
}

static void the_fifth_word_is_the_first_of_block_one(void **state) {
  (void)state;
  apo_draw draw = apo_draw_start(11, APO_STREAM_BENCH, 12, 13);
  apo_draw second = draw;
  second.stream_block += 1;
  for (int i = 0; i < 4; ++i) (void)apo_draw_word(&draw);
  assert_int_equal(apo_draw_word(&draw), apo_draw_word(&second));
}

static void a_sequence_that_is_too_long_stays_in_its_stream(void **state) {
  (void)state;
  apo_draw draw = {.stream_block = (uint32_t)APO_STREAM_KMEANS << 24 | 0xffffff};
  (void)apo_draw_word(&draw);
  assert_int_equal(draw.stream_block, (uint32_t)APO_STREAM_KMEANS << 24);
}

static void each_stream_keeps_its_golden_words(void **state) {
  (void)state;
  static const struct {
    apo_stream stream;
    uint32_t words[5];
  } goldens[] = {
      {APO_STREAM_COALITION_SIZE,
       {
           0x4ebe8163,
           0x3882b44c,
           0x230457f0,
           0xdca1ee4f,
           0xd37b6bd2,
       }},
      {APO_STREAM_COALITION_MEMBERS,
       {
           0x3d00a7da,
           0xc04e65de,
           0xe28211f2,
           0xba818c3f,
           0x5bbc5ef6,
       }},
      {APO_STREAM_PERMUTATION,
       {
           0x1342d7f2,
           0xd2146119,
           0x3137f997,
           0x472b3697,
           0x800aa535,
       }},
      {APO_STREAM_IMPORTANCE_SHUFFLE,
       {
           0xc81b9024,
           0x60a7333e,
           0xc9c17fb0,
           0x5d007962,
           0x478fbeaa,
       }},
      {APO_STREAM_IMPORTANCE_SUBSET,
       {
           0xef6c3879,
           0x4ee56d77,
           0x964774d9,
           0x8abf40be,
           0xa75f1e77,
       }},
      {APO_STREAM_BACKGROUND_SAMPLE,
       {
           0x783a6836,
           0x7b14ca04,
           0xd56ec936,
           0xd52fadf3,
           0xa8650254,
       }},
      {APO_STREAM_KMEANS,
       {
           0x9b6c8315,
           0x17d152b2,
           0x9faa50ef,
           0xa5db57d4,
           0x0c4342cc,
       }},
      {APO_STREAM_BOOTSTRAP,
       {
           0x18c4f322,
           0xae5dd2f8,
           0xef8de947,
           0x863abf06,
           0xeb7f3fcc,
       }},
      {APO_STREAM_BENCH,
       {
           0xa2f01440,
           0xe9a051f1,
           0x7f154b2d,
           0xcee3459a,
           0x1042c817,
       }},
  };
  for (size_t i = 0; i < sizeof goldens / sizeof *goldens; ++i) {
    apo_draw draw = apo_draw_start(42, goldens[i].stream, APO_DRAW_SHARED - i, (uint32_t)i);
    for (int word = 0; word < 5; ++word) {
      assert_int_equal(apo_draw_word(&draw), goldens[i].words[word]);
    }
  }
}

static void derived_draws_keep_their_golden_values(void **state) {
  (void)state;
  static const uint32_t permutation[12] = {11, 6, 8, 9, 10, 1, 2, 3, 4, 7, 0, 5};
  static const uint32_t below_1000[8] = {673, 343, 434, 584, 731, 793, 502, 145};
  static const uint32_t below_3g[6] = {2856466476, 3148601455, 2294557676,
                                       770184783,  1940463690, 1079067796};
  static const double unit[3] = {0x1.0ae30b305f6p-9, 0x1.ae4dc8ddf5b4ap-2, 0x1.2cc84503e848p-1};
  uint32_t drawn[12];
  apo_draw draw = apo_draw_start(7, APO_STREAM_PERMUTATION, 3, 2);
  apo_draw_permutation(&draw, 12, drawn);
  assert_memory_equal(drawn, permutation, sizeof permutation);
  draw = apo_draw_start(7, APO_STREAM_IMPORTANCE_SUBSET, 0, 0);
  for (int i = 0; i < 8; ++i) assert_int_equal(apo_draw_below(&draw, 1000), below_1000[i]);
  draw = apo_draw_start(7, APO_STREAM_KMEANS, 0, 0);  // 2 of 8 words are rejected
  for (int i = 0; i < 6; ++i) assert_int_equal(apo_draw_below(&draw, 3u << 30), below_3g[i]);
  draw = apo_draw_start(7, APO_STREAM_BOOTSTRAP, 0, 0);
  for (int i = 0; i < 3; ++i) assert_true(apo_draw_unit(&draw) == unit[i]);
}

/* Sum of (observed - expected)^2 / expected over equally likely cells. */
static double chi_square(const uint32_t *counts, uint32_t n_cells, double n_draws) {
  const double expected = n_draws / n_cells;
  double sum = 0.0;
  for (uint32_t i = 0; i < n_cells; ++i) {
    sum += ((double)counts[i] - expected) * ((double)counts[i] - expected) / expected;
  }
  return sum;
}

static void bounded_integers_are_uniform(void **state) {
  (void)state;
  enum { N_CELLS = 100, N_DRAWS = 1000000 };
  uint32_t counts[N_CELLS] = {0};
  apo_draw draw = apo_draw_start(2026, APO_STREAM_COALITION_SIZE, 1, 2);
  for (int i = 0; i < N_DRAWS; ++i) ++counts[apo_draw_below(&draw, N_CELLS)];
  // 99 degrees of freedom: below 56 and above 159 each happen once in 10,000.
  const double statistic = chi_square(counts, N_CELLS, N_DRAWS);
  assert_true(statistic > 56.0 && statistic < 159.0);
}

// Without rejection 4 words in 3 results would make each third number twice as likely as the others.
static void a_bound_that_rejects_a_quarter_is_uniform_too(void **state) {
  (void)state;
  enum { N_CELLS = 3, N_DRAWS = 30000 };
  uint32_t counts[N_CELLS] = {0};
  apo_draw draw = apo_draw_start(2026, APO_STREAM_COALITION_SIZE, 1, 3);
  for (int i = 0; i < N_DRAWS; ++i) ++counts[apo_draw_below(&draw, 3u << 30) % N_CELLS];
  // 2 degrees of freedom: above 19.8 once in 20,000.
  assert_true(chi_square(counts, N_CELLS, N_DRAWS) < 19.8);
}

static void all_orders_of_four_are_equally_likely(void **state) {
  (void)state;
  enum { N_CELLS = 256, N_ORDERS = 24, N_DRAWS = 240000 };
  uint32_t counts[N_CELLS] = {0};
  for (uint32_t i = 0; i < N_DRAWS; ++i) {
    uint32_t order[4];
    apo_draw draw = apo_draw_start(2026, APO_STREAM_PERMUTATION, i, 0);
    apo_draw_permutation(&draw, 4, order);
    ++counts[order[0] | order[1] << 2 | order[2] << 4 | order[3] << 6];
  }
  uint32_t found[N_CELLS];
  uint32_t n_found = 0;
  for (int i = 0; i < N_CELLS; ++i) {
    if (counts[i] > 0) found[n_found++] = counts[i];
  }
  assert_int_equal(n_found, N_ORDERS);
  // 23 degrees of freedom: above 58.6 once in 20,000.
  assert_true(chi_square(found, N_ORDERS, N_DRAWS) < 58.6);
}

static void units_lie_in_their_range_and_have_its_mean(void **state) {
  (void)state;
  enum { N_DRAWS = 100000 };
  double sum = 0.0;
  apo_draw draw = apo_draw_start(2026, APO_STREAM_BOOTSTRAP, 0, 0);
  for (int i = 0; i < N_DRAWS; ++i) {
    const double unit = apo_draw_unit(&draw);
    assert_true(unit >= 0.0 && unit < 1.0);
    sum += unit;
  }
  // The mean has a standard deviation of 0.289 / sqrt(N_DRAWS) = 0.0009; four of them.
  assert_true(sum / N_DRAWS > 0.4963 && sum / N_DRAWS < 0.5037);
}

static void one_choice_and_small_permutations_are_fine(void **state) {
  (void)state;
  uint32_t order[1] = {9};
  apo_draw draw = apo_draw_start(1, APO_STREAM_BENCH, 0, 0);
  assert_int_equal(apo_draw_below(&draw, 1), 0);
  apo_draw_permutation(&draw, 0, order);
  assert_int_equal(order[0], 9);
  apo_draw_permutation(&draw, 1, order);
  assert_int_equal(order[0], 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(published_answers_agree),
      cmocka_unit_test(the_counter_is_laid_out_as_documented),
      cmocka_unit_test(the_fifth_word_is_the_first_of_block_one),
      cmocka_unit_test(a_sequence_that_is_too_long_stays_in_its_stream),
      cmocka_unit_test(each_stream_keeps_its_golden_words),
      cmocka_unit_test(derived_draws_keep_their_golden_values),
      cmocka_unit_test(bounded_integers_are_uniform),
      cmocka_unit_test(a_bound_that_rejects_a_quarter_is_uniform_too),
      cmocka_unit_test(all_orders_of_four_are_equally_likely),
      cmocka_unit_test(units_lie_in_their_range_and_have_its_mean),
      cmocka_unit_test(one_choice_and_small_permutations_are_fine),
  };
  return cmocka_run_group_tests_name("draw", tests, NULL, NULL);
}
