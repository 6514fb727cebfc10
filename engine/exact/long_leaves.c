#include "engine/exact/long_leaves.h"

#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"

// --- interventional -----------------------------------------------------------------------------

// Patterns of one leaf while they are collected.
typedef struct collector {
  const apo_exact_wish *wish;
  apo_exact_plan *plan;
  int32_t *weight; /* [patterns x n_sets] */
  size_t word_capacity;
  size_t pattern_capacity;
  uint32_t *slot_of_hash; /* [n_slots] pattern number in the leaf + 1, 0: free */
  size_t n_slots;         /* a power of two, at least twice the background */
} collector;

static uint32_t code_at(const apo_exact_wish *wish, uint64_t row, uint32_t column) {
  const size_t at = (size_t)row * wish->codes->n_columns + column;
  return wish->codes->cuts->code_bytes == 2 ? ((const uint16_t *)wish->background_codes)[at]
                                            : ((const uint32_t *)wish->background_codes)[at];
}

static uint32_t code_mask(const apo_exact_wish *wish) {
  return wish->codes->cuts->code_bytes == 2 ? UINT16_MAX : UINT32_MAX;
}

// The code of a row in a column of column_codes: the model's, or a derived one.
static uint32_t column_code(const collector *c, uint64_t row, uint32_t column) {
  const uint32_t n_columns = c->wish->codes->n_columns;
  if (column < n_columns) return code_at(c->wish, row, column);
  const apo_derived_column *derived = &c->plan->games->derived[column - n_columns];
  const uint32_t bit = (code_at(c->wish, row, derived->column) + 1) & code_mask(c->wish);
  return ~c->wish->codes->set_words[derived->word + bit / 32] >> (bit % 32) & 1;
}

static void write_pattern(
    const collector *c, const apo_long_leaf *leaf, uint64_t row, uint32_t n_words, uint32_t *out) {
  const apo_pattern_test *test = c->plan->games->long_test + leaf->test_begin;
  const uint32_t mask = code_mask(c->wish);
  memset(out, 0, n_words * sizeof *out);
  for (uint32_t player = 0; player < leaf->n_players; ++player) {
    bool passes = true;
    bool is_last = false;
    while (!is_last) {
      const uint32_t code = column_code(c, row, test->column & APO_TEST_COLUMN);
      passes = passes && ((code - test->low) & mask) <= test->span;
      is_last = (test->column & APO_TEST_LAST) != 0;
      ++test;
    }
    if (passes) out[player / 32] |= 1u << (player % 32);
  }
}

static size_t hash_words(const uint32_t *words, uint32_t n) {
  uint64_t h = UINT64_C(0x9e3779b97f4a7c15);
  for (uint32_t i = 0; i < n; ++i) h = (h ^ words[i]) * UINT64_C(0xff51afd7ed558ccd) + (h >> 29);
  return (size_t)(h ^ (h >> 32));
}

static apo_status reserve(collector *c, uint32_t n_words, apo_error *err) {
  apo_exact_plan *plan = c->plan;
  if (plan->n_pattern_words + n_words > c->word_capacity) {
    const size_t n = 2 * c->word_capacity + n_words;
    uint32_t *more = apo_resize(plan->pattern, n, sizeof *more);
    if (more == NULL) return apo_fail(err, APO_ERR_MEMORY, "patterns: %zu words", n);
    plan->pattern = more;
    c->word_capacity = n;
  }
  if (plan->n_patterns + 1 > c->pattern_capacity) {
    const size_t n = 2 * c->pattern_capacity + 64;
    int32_t *more = apo_resize(c->weight, n * plan->n_sets, sizeof *more);
    if (more == NULL) return apo_fail(err, APO_ERR_MEMORY, "patterns: %zu", n);
    c->weight = more;
    c->pattern_capacity = n;
  }
  return APO_OK;
}

static apo_status collect_leaf(collector *c, uint32_t number, apo_error *err) {
  apo_exact_plan *plan = c->plan;
  apo_long_leaf *leaf = &plan->games->long_leaf[number];
  const uint32_t n_words = (leaf->n_players + 31) / 32;
  const uint64_t first = plan->n_patterns;
  const uint64_t first_word = plan->n_pattern_words;
  memset(c->slot_of_hash, 0, c->n_slots * sizeof *c->slot_of_hash);
  plan->weight_begin[number] = (uint32_t)first;
  leaf->pattern_begin = (uint32_t)first_word;
  for (uint64_t row = 0; row < c->wish->background->n_rows; ++row) {
    APO_TRY(reserve(c, n_words, err));
    uint32_t *fresh = plan->pattern + plan->n_pattern_words;
    write_pattern(c, leaf, row, n_words, fresh);
    size_t slot = hash_words(fresh, n_words) & (c->n_slots - 1);
    while (c->slot_of_hash[slot] != 0 &&
           memcmp(plan->pattern + first_word + (c->slot_of_hash[slot] - 1) * (size_t)n_words, fresh,
                  n_words * sizeof *fresh) != 0) {
      slot = (slot + 1) & (c->n_slots - 1);
    }
    if (c->slot_of_hash[slot] == 0) {
      memset(c->weight + plan->n_patterns++ * plan->n_sets, 0, plan->n_sets * sizeof *c->weight);
      plan->n_pattern_words += n_words;
      c->slot_of_hash[slot] = (uint32_t)(plan->n_patterns - first);
    }
    int32_t *weight = c->weight + (first + c->slot_of_hash[slot] - 1) * plan->n_sets;
    for (uint32_t set = 0; set < plan->n_sets; ++set) {
      weight[set] += plan->count[set * c->wish->background->n_rows + row];
    }
  }
  leaf->n_patterns = (uint32_t)(plan->n_patterns - first);
  if (plan->n_pattern_words > UINT32_MAX) {
    return apo_fail(err, APO_ERR_LIMIT, "background: %llu words of patterns on %u long leaves",
                    (unsigned long long)plan->n_pattern_words, plan->games->n_long);
  }
  return APO_OK;
}

// One set after another, as they go to the device.
static apo_status take_weights(collector *c, apo_error *err) {
  apo_exact_plan *plan = c->plan;
  const size_t n_sets = plan->n_sets;
  plan->pattern_weight = apo_alloc(plan->n_patterns * n_sets, sizeof *plan->pattern_weight);
  if (plan->pattern_weight == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "patterns: %llu", (unsigned long long)plan->n_patterns);
  }
  for (uint64_t i = 0; i < plan->n_patterns * n_sets; ++i) {
    plan->pattern_weight[i % n_sets * plan->n_patterns + i / n_sets] = c->weight[i];
  }
  return APO_OK;
}

static apo_status take_moments(apo_exact_plan *plan, apo_error *err) {
  plan->n_moments = plan->games->longest + 1;
  plan->moment = apo_alloc((size_t)plan->n_moments * plan->n_moments, sizeof *plan->moment);
  if (plan->moment == NULL) return apo_fail(err, APO_ERR_MEMORY, "moments: %u", plan->n_moments);
  apo_value_moments(plan->index, plan->total, plan->n_moments, plan->moment);
  return APO_OK;
}

apo_status apo_long_pairs_prepare(apo_exact_plan *plan,
                                  const apo_exact_wish *wish,
                                  apo_error *err) {
  collector c = {.wish = wish, .plan = plan, .n_slots = 64};
  while (c.n_slots < 2 * wish->background->n_rows) c.n_slots *= 2;
  apo_status status = take_moments(plan, err);
  if (status != APO_OK) return status;
  plan->weight_begin = apo_alloc(plan->games->n_long, sizeof *plan->weight_begin);
  c.slot_of_hash = apo_alloc(c.n_slots, sizeof *c.slot_of_hash);
  if (plan->weight_begin == NULL || c.slot_of_hash == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "patterns: %zu slots", c.n_slots);
  }
  for (uint32_t leaf = 0; leaf < plan->games->n_long && status == APO_OK; ++leaf) {
    status = collect_leaf(&c, leaf, err);
  }
  if (status == APO_OK) status = take_weights(&c, err);
  free(c.slot_of_hash);
  free(c.weight);
  return status;
}

// --- path-dependent -----------------------------------------------------------------------------

apo_status apo_long_path_prepare(apo_exact_plan *plan, apo_error *err) {
  const apo_leaf_games *games = plan->games;
  const bool is_banzhaf = plan->index == APO_WEIGHTS_BANZHAF;
  plan->most_points = is_banzhaf ? 1 : (games->longest + 1) / 2;
  // All numbers of points up to the most, one after another.
  plan->n_points = is_banzhaf ? 1 : plan->most_points * (plan->most_points + 1) / 2;
  plan->ratio = apo_alloc(games->n_long_players, sizeof *plan->ratio);
  plan->point = apo_alloc(plan->n_points, sizeof *plan->point);
  plan->points_of = apo_alloc(2 * (size_t)games->n_long, sizeof *plan->points_of);
  double *work = apo_alloc(2 * (size_t)plan->most_points, sizeof *work);
  if (plan->ratio == NULL || plan->point == NULL || plan->points_of == NULL || work == NULL) {
    free(work);
    return apo_fail(err, APO_ERR_MEMORY, "quadrature: %u points", plan->n_points);
  }
  for (uint32_t i = 0; i < games->n_long_players; ++i) plan->ratio[i] = (float)games->long_ratio[i];
  for (uint32_t n = 1; n <= plan->most_points; ++n) {
    const uint32_t begin = is_banzhaf ? 0 : n * (n - 1) / 2;
    double *weight = work + plan->most_points;
    work[0] = 0.5;
    weight[0] = 1.0;
    if (!is_banzhaf) apo_gauss_points(n, work, weight);
    for (uint32_t i = 0; i < n; ++i) {
      plan->point[begin + i] = (apo_long_point){.t = (float)work[i],
                                                .rest = (float)(1 - work[i]),
                                                .weight = (float)weight[i],
                                                .inverse = (float)(1 / (1 - work[i]))};
    }
  }
  for (uint32_t leaf = 0; leaf < games->n_long; ++leaf) {
    const uint32_t n = is_banzhaf ? 1 : (games->long_leaf[leaf].n_players + 1) / 2;
    plan->points_of[2 * leaf] = is_banzhaf ? 0 : n * (n - 1) / 2;
    plan->points_of[2 * leaf + 1] = n;
  }
  free(work);
  return APO_OK;
}
