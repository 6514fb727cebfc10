/* Coalitions of Kernel SHAP, against a second implementation of the text of docs/SEMANTICS.md. */
#include <math.h>
#include <stdlib.h>

#include "engine/core/draw.h"
#include "engine/explainers/kernel/coalitions.h"
#include "tests/support/apo_test.h"

// --- the reference: masks of up to 40 players, kept in a list that is searched linearly -----------

enum { REFERENCE_CAPACITY = 5000 };

typedef struct reference {
  uint32_t n;
  uint32_t n_enumerated;
  uint64_t masks[REFERENCE_CAPACITY];
  double weights[REFERENCE_CAPACITY];
} reference;

static double binomial(uint32_t n, uint32_t k) {
  return round(exp(lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0)));
}

// Player 0 as the highest bit, so that lexicographic order of members is descending order.
static uint64_t reversed(uint64_t mask, uint32_t n_players) {
  uint64_t out = 0;
  for (uint32_t i = 0; i < n_players; ++i) out |= (mask >> i & 1) << (n_players - 1 - i);
  return out;
}

// The next larger number with as many bits.
static uint64_t next_same_size(uint64_t mask) {
  const uint64_t lowest = mask & (~mask + 1);
  const uint64_t ripple = mask + lowest;
  return ripple | ((mask ^ ripple) >> 2) / lowest;
}

static void reference_add(reference *r, uint64_t mask, double weight) {
  assert_true(r->n < REFERENCE_CAPACITY);
  r->masks[r->n] = mask;
  r->weights[r->n++] = weight;
}

static void reference_enumerate(
    reference *r, uint32_t m, uint32_t s, bool is_paired, double weight) {
  const uint64_t full = (UINT64_C(1) << m) - 1;
  // Complements of ascending numbers with m - s bits are descending numbers with s bits.
  uint64_t rest = (UINT64_C(1) << (m - s)) - 1;
  for (; rest <= full; rest = next_same_size(rest)) {
    const uint64_t mask = reversed(full ^ rest, m);
    reference_add(r, mask, weight);
    if (is_paired) reference_add(r, full ^ mask, weight);
  }
}

static void reference_count(reference *r, uint64_t mask, uint64_t full) {
  for (uint32_t k = r->n_enumerated; k < r->n; k += 2) {
    if (r->masks[k] != mask && r->masks[k + 1] != mask) continue;
    r->weights[k] += 1;
    r->weights[k + 1] += 1;
    return;
  }
  reference_add(r, mask, 1.0);
  reference_add(r, full ^ mask, 1.0);
}

static void reference_sample(
    reference *r, uint32_t m, uint32_t first, const double *w, uint32_t left, uint64_t seed) {
  const uint64_t full = (UINT64_C(1) << m) - 1;
  const uint32_t n_sizes = m / 2;
  double sum = 0;
  for (uint32_t s = first; s <= n_sizes; ++s) sum += w[s];
  const uint32_t end = r->n + left;
  for (uint32_t b = 0; b < 4 * left && r->n < end; ++b) {
    apo_draw sizes = apo_draw_start(seed, APO_STREAM_COALITION_SIZE, APO_DRAW_SHARED, b);
    apo_draw members = apo_draw_start(seed, APO_STREAM_COALITION_MEMBERS, APO_DRAW_SHARED, b);
    const double place = apo_draw_unit(&sizes) * sum;
    uint32_t s = first;
    for (double below = w[s]; s < n_sizes && place >= below; below += w[s]) ++s;
    uint32_t order[64];
    apo_draw_permutation(&members, m, order);
    uint64_t mask = 0;
    for (uint32_t i = 0; i < s; ++i) mask |= UINT64_C(1) << order[m - 1 - i];
    if (2 * s == m && (mask & 1) == 0) mask = full ^ mask;
    reference_count(r, mask, full);
  }
  double drawn = 0;
  for (uint32_t k = r->n_enumerated; k < r->n; ++k) drawn += r->weights[k];
  for (uint32_t k = r->n_enumerated; k < r->n; ++k) r->weights[k] *= sum / drawn;
}

// docs/SEMANTICS.md, the design of KernelExplainer, steps 5 to 7.
static void reference_draw(reference *r, uint32_t m, uint32_t budget, uint64_t seed) {
  const uint32_t n_sizes = (uint32_t)ceil((m - 1) / 2.0);
  const uint32_t n_paired = (uint32_t)floor((m - 1) / 2.0);
  double w[64] = {0};
  double rem[64];
  double sum = 0;
  for (uint32_t s = 1; s <= n_sizes; ++s) {
    w[s] = (m - 1.0) / (s * (m - s)) * (s <= n_paired ? 2 : 1);
    sum += w[s];
  }
  for (uint32_t s = 1; s <= n_sizes; ++s) rem[s] = w[s] /= sum;

  memset(r, 0, sizeof *r);
  double left = budget;
  uint32_t s = 1;
  for (; s <= n_sizes; ++s) {
    const bool is_paired = s <= n_paired;
    const double n_of_size = binomial(m, s) * (is_paired ? 2 : 1);
    if (!(left * rem[s] / n_of_size >= 1.0 - 1e-8)) break;
    reference_enumerate(r, m, s, is_paired, w[s] / binomial(m, s) / (is_paired ? 2 : 1));
    left -= n_of_size;
    const double taken = rem[s];
    if (taken < 1.0) {
      for (uint32_t t = 1; t <= n_sizes; ++t) rem[t] /= 1.0 - taken;
    }
  }
  r->n_enumerated = r->n;
  if (s <= n_sizes) reference_sample(r, m, s, w, (uint32_t)left / 2 * 2, seed);
}

// --- helpers --------------------------------------------------------------------------------------

static apo_coalitions *draw(uint32_t n_players, uint64_t budget, uint64_t seed, uint64_t a) {
  apo_error err;
  apo_coalitions *list = NULL;
  assert_ok(apo_coalitions_draw(n_players, budget, seed, a, &list, &err), &err);
  return list;
}

static uint64_t mask_of(const apo_coalitions *list, uint32_t k) {
  uint64_t mask = 0;
  for (uint32_t p = 0; p < list->n_players; ++p) {
    if (apo_coalitions_holds(list, k, p)) mask |= UINT64_C(1) << p;
  }
  return mask;
}

static uint32_t size_of(uint64_t mask) {
  uint32_t size = 0;
  for (; mask != 0; mask &= mask - 1) ++size;
  return size;
}

static int compare_masks(const void *a, const void *b) {
  const uint64_t x = *(const uint64_t *)a;
  const uint64_t y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

// A chi-square value of n degrees that would be exceeded about once in 30,000 (Wilson, Hilferty).
static double chi_square_limit(double n) {
  const double root = 1.0 - 2.0 / (9.0 * n) + 4.0 * sqrt(2.0 / (9.0 * n));
  return n * root * root * root;
}

// --- tests ----------------------------------------------------------------------------------------

static void check_against_reference(uint32_t n_players, uint32_t budget, uint64_t seed) {
  static reference expected;
  reference_draw(&expected, n_players, budget, seed);
  apo_coalitions *list = draw(n_players, budget, seed, APO_DRAW_SHARED);
  assert_int_equal(list->n_coalitions, expected.n);
  assert_int_equal(list->n_enumerated, expected.n_enumerated);
  for (uint32_t k = 0; k < expected.n; ++k) {
    if (mask_of(list, k) == expected.masks[k] &&
        fabs(list->weights[k] - expected.weights[k]) <= 1e-12 * expected.weights[k]) {
      continue;
    }
    print_error(
        "M %u, budget %u, seed %u, coalition %u of %u: mask %llx weight %.17g, expected "
        "%llx %.17g\n",
        n_players, budget, (unsigned)seed, k, expected.n, (unsigned long long)mask_of(list, k),
        list->weights[k], (unsigned long long)expected.masks[k], expected.weights[k]);
    fail();
  }
  apo_coalitions_destroy(&list);
}

static void the_automatic_design_is_that_of_the_text(void **state) {
  (void)state;
  static const uint32_t sizes[] = {2, 3, 4, 5, 12, 13, 16, 30, 35, 40};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
    const uint32_t budget = (uint32_t)apo_coalitions_auto_budget(sizes[i]);
    for (uint64_t seed = 0; seed < 3; ++seed) check_against_reference(sizes[i], budget, seed);
  }
}

static void other_budgets_give_the_design_of_the_text(void **state) {
  (void)state;
  for (uint32_t budget = 22; budget < 4094; budget += 37) check_against_reference(12, budget, 7);
  for (uint32_t budget = 24; budget < 5000; budget += 113) check_against_reference(13, budget, 7);
}

static void a_budget_above_all_coalitions_is_complete(void **state) {
  (void)state;
  for (uint32_t m = 2; m <= 12; ++m) {
    apo_coalitions *list = draw(m, UINT64_C(1) << 40, 1, 0);
    assert_true(list->is_complete);
    assert_int_equal(list->n_coalitions, (1 << m) - 2);
    double sum = 0.0;
    for (uint32_t k = 0; k < list->n_coalitions; ++k) {
      const uint32_t s = size_of(mask_of(list, k));
      sum += (m - 1) / (binomial(m, s) * s * (m - s));
    }
    for (uint32_t k = 0; k < list->n_coalitions; ++k) {
      const uint32_t s = size_of(mask_of(list, k));
      const double expected = (m - 1) / (binomial(m, s) * s * (m - s)) / sum;
      assert_true(fabs(list->weights[k] - expected) < 1e-14);
    }
    apo_coalitions_destroy(&list);
  }
}

static void the_automatic_budget_is_complete_up_to_eleven_players(void **state) {
  (void)state;
  for (uint32_t m = 0; m <= 13; ++m) {
    apo_coalitions *list = draw(m, 0, 1, 0);
    assert_int_equal(list->is_complete, m <= 11);
    apo_coalitions_destroy(&list);
  }
  assert_int_equal(apo_coalitions_auto_budget(11), 2046);
  assert_int_equal(apo_coalitions_auto_budget(12), 2072);
  assert_int_equal(apo_coalitions_auto_budget(100), 2248);
}

static void no_players_and_one_player_need_no_coalition(void **state) {
  (void)state;
  for (uint32_t m = 0; m < 2; ++m) {
    apo_coalitions *list = draw(m, 100, 1, 0);
    assert_int_equal(list->n_coalitions, 0);
    assert_true(list->is_complete);
    apo_coalitions_destroy(&list);
  }
}

static void no_coalition_is_empty_full_or_twice_there(void **state) {
  (void)state;
  for (uint32_t m = 2; m <= 40; ++m) {
    apo_coalitions *list = draw(m, m < 12 ? 2 * m : 0, 3, 5);
    const uint64_t full = (UINT64_C(1) << m) - 1;
    uint64_t *masks = malloc(list->n_coalitions * sizeof *masks);
    assert_non_null(masks);
    for (uint32_t k = 0; k < list->n_coalitions; ++k) {
      masks[k] = mask_of(list, k);
      assert_true(masks[k] != 0 && masks[k] != full);
    }
    qsort(masks, list->n_coalitions, sizeof *masks, compare_masks);
    for (uint32_t k = 1; k < list->n_coalitions; ++k) assert_true(masks[k] != masks[k - 1]);
    free(masks);
    apo_coalitions_destroy(&list);
  }
}

static void drawn_coalitions_are_pairs_of_equal_weight(void **state) {
  (void)state;
  for (uint32_t m = 12; m <= 40; ++m) {
    apo_coalitions *list = draw(m, 2 * m + 2049, 3, 5);
    assert_int_equal(list->n_coalitions % 2, 0);
    assert_true(list->n_coalitions <= 2 * m + 2048);
    const uint64_t full = (UINT64_C(1) << m) - 1;
    for (uint32_t k = (uint32_t)list->n_enumerated; k < list->n_coalitions; k += 2) {
      assert_true(mask_of(list, k + 1) == (full ^ mask_of(list, k)));
      assert_true(list->weights[k + 1] == list->weights[k]);
    }
    apo_coalitions_destroy(&list);
  }
}

static void weights_of_sizes_sum_to_the_kernel(void **state) {
  (void)state;
  apo_coalitions *list = draw(13, 0, 11, 0);
  double by_size[14] = {0};
  double expected[14] = {0};
  double sum = 0.0;
  for (uint32_t k = 0; k < list->n_coalitions; ++k) {
    by_size[size_of(mask_of(list, k))] += list->weights[k];
  }
  for (uint32_t s = 1; s < 13; ++s) sum += expected[s] = 12.0 / (s * (13.0 - s));
  double drawn = 0.0;
  double expected_drawn = 0.0;
  for (uint32_t s = 1; s < 13; ++s) {
    const bool is_taken = binomial(13, s) <= 286;  // sizes up to 3 and from 10
    if (is_taken) assert_true(fabs(by_size[s] - expected[s] / sum) < 1e-14);
    if (!is_taken) drawn += by_size[s];
    if (!is_taken) expected_drawn += expected[s] / sum;
  }
  assert_true(fabs(drawn - expected_drawn) < 1e-14);
  apo_coalitions_destroy(&list);
}

// How often each pair of a list was drawn: its weight in units of the least.
static uint64_t times_drawn(const apo_coalitions *list, uint32_t k) {
  double least = INFINITY;
  for (uint32_t i = (uint32_t)list->n_enumerated; i < list->n_coalitions; ++i) {
    least = fmin(least, list->weights[i]);
  }
  return (uint64_t)llround(list->weights[k] / least);
}

static void sizes_are_drawn_by_their_weights(void **state) {
  (void)state;
  enum { M = 41, N_SIZES = 20, N_SEEDS = 15 };
  double counts[N_SIZES + 1] = {0};
  double n_draws = 0.0;
  uint32_t first = M;
  for (uint64_t seed = 0; seed < N_SEEDS; ++seed) {
    apo_coalitions *list = draw(M, 0, seed, 0);
    for (uint32_t k = (uint32_t)list->n_enumerated; k < list->n_coalitions; k += 2) {
      const uint32_t s = size_of(mask_of(list, k));
      const double n = (double)times_drawn(list, k);
      counts[s] += n;
      n_draws += n;
      if (s < first) first = s;
    }
    apo_coalitions_destroy(&list);
  }
  double sum = 0.0;
  for (uint32_t s = first; s <= N_SIZES; ++s) sum += 1.0 / (s * (double)(M - s));
  double chi_square = 0.0;
  for (uint32_t s = first; s <= N_SIZES; ++s) {
    const double expected = n_draws / (s * (double)(M - s)) / sum;
    chi_square += (counts[s] - expected) * (counts[s] - expected) / expected;
  }
  assert_true(n_draws > 10000);
  assert_true(chi_square < chi_square_limit(N_SIZES - first));
}

static void players_are_drawn_equally_often(void **state) {
  (void)state;
  enum { M = 41, N_SEEDS = 15 };
  double counts[M] = {0};
  double expected = 0.0;
  double variance = 0.0;
  for (uint64_t seed = 0; seed < N_SEEDS; ++seed) {
    apo_coalitions *list = draw(M, 0, seed, 1);
    for (uint32_t k = (uint32_t)list->n_enumerated; k < list->n_coalitions; k += 2) {
      const uint64_t mask = mask_of(list, k);
      const double share = size_of(mask) / (double)M;
      expected += share;
      variance += share * (1.0 - share);
      for (uint32_t p = 0; p < M; ++p) counts[p] += (double)(mask >> p & 1);
    }
    apo_coalitions_destroy(&list);
  }
  // Members of one coalition exclude each other: a covariance of -variance / (M - 1).
  double chi_square = 0.0;
  for (uint32_t p = 0; p < M; ++p) {
    chi_square += (counts[p] - expected) * (counts[p] - expected) / variance * (M - 1) / M;
  }
  assert_true(chi_square < chi_square_limit(M - 1));
}

static void bits_behind_the_last_coalition_are_zero(void **state) {
  (void)state;
  apo_coalitions *list = draw(35, 1001, 1, 0);
  assert_int_equal(list->n_coalitions, 1000);
  for (uint32_t p = 0; p < 35; ++p) {
    assert_int_equal(list->bits[(size_t)p * list->n_words + 31] >> 8, 0);
  }
  apo_coalitions_destroy(&list);
}

static void lists_depend_on_seed_and_row_only(void **state) {
  (void)state;
  apo_coalitions *list = draw(20, 0, 1, 2);
  static const uint64_t others[3][2] = {{1, 2}, {2, 2}, {1, 3}};  // seed, row
  for (size_t i = 0; i < 3; ++i) {
    apo_coalitions *other = draw(20, 0, others[i][0], others[i][1]);
    assert_int_equal(list->n_words, other->n_words);
    const bool is_same =
        memcmp(list->bits, other->bits, 20 * list->n_words * sizeof(uint32_t)) == 0;
    assert_int_equal(is_same, i == 0);
    apo_coalitions_destroy(&other);
  }
  apo_coalitions_destroy(&list);
}

static void five_thousand_players_are_drawn(void **state) {
  (void)state;
  enum { M = 5000 };
  apo_coalitions *list = draw(M, 0, 1, APO_DRAW_SHARED);
  assert_int_equal(list->n_coalitions, 2 * M + 2048);
  assert_int_equal(list->n_enumerated, 0);
  for (uint32_t k = 0; k < list->n_coalitions; k += 2000) {
    uint32_t size = 0;
    uint32_t n_of_complement = 0;
    for (uint32_t p = 0; p < M; ++p) size += apo_coalitions_holds(list, k, p);
    for (uint32_t p = 0; p < M; ++p) n_of_complement += apo_coalitions_holds(list, k + 1, p);
    assert_true(size > 0 && size <= M / 2);
    assert_int_equal(size + n_of_complement, M);
  }
  apo_coalitions_destroy(&list);
}

static void a_safe_budget_takes_single_players_in_full(void **state) {
  (void)state;
  for (uint32_t m = 2; m <= 100; m += 7) {
    const uint64_t budget = apo_coalitions_safe_budget(m);
    apo_coalitions *list = draw(m, budget, 1, 0);
    assert_true(list->n_enumerated >= (m == 2 ? 2 : 2 * m));
    apo_coalitions_destroy(&list);
    apo_error err;
    if (m > 2 && apo_coalitions_draw(m, budget - 1, 1, 0, &list, &err) == APO_OK) {
      assert_int_equal(list->n_enumerated, 0);
      apo_coalitions_destroy(&list);
    }
  }
}

static void a_budget_that_determines_nothing_names_what_is_needed(void **state) {
  (void)state;
  apo_error err;
  apo_coalitions *list = NULL;
  assert_fails(apo_coalitions_draw(20, 37, 1, 0, &list, &err), APO_ERR_LIMIT, &err,
               "a budget of 37 for 20 players, needed at least 38");
  assert_null(list);
  assert_fails(apo_coalitions_draw(2, 1, 1, 0, &list, &err), APO_ERR_LIMIT, &err, "at least 2");
  assert_fails(apo_coalitions_draw(40, (UINT64_C(1) << 30) + 1, 1, 0, &list, &err), APO_ERR_LIMIT,
               &err, "at most 1073741824");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_automatic_design_is_that_of_the_text),
      cmocka_unit_test(other_budgets_give_the_design_of_the_text),
      cmocka_unit_test(a_budget_above_all_coalitions_is_complete),
      cmocka_unit_test(the_automatic_budget_is_complete_up_to_eleven_players),
      cmocka_unit_test(no_players_and_one_player_need_no_coalition),
      cmocka_unit_test(no_coalition_is_empty_full_or_twice_there),
      cmocka_unit_test(drawn_coalitions_are_pairs_of_equal_weight),
      cmocka_unit_test(weights_of_sizes_sum_to_the_kernel),
      cmocka_unit_test(sizes_are_drawn_by_their_weights),
      cmocka_unit_test(players_are_drawn_equally_often),
      cmocka_unit_test(bits_behind_the_last_coalition_are_zero),
      cmocka_unit_test(lists_depend_on_seed_and_row_only),
      cmocka_unit_test(five_thousand_players_are_drawn),
      cmocka_unit_test(a_safe_budget_takes_single_players_in_full),
      cmocka_unit_test(a_budget_that_determines_nothing_names_what_is_needed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
