#include "tests/kernel/case_groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LEAVES = 4, MOST_TESTS = 3, NEAR_CODES = 24, WORDS = 8 };

static void *room(size_t n, size_t size) {
  void *block = calloc(n > 0 ? n : 1, size);
  if (block == NULL) {
    fprintf(stderr, "case_groups: no memory\n");
    exit(1);
  }
  return block;
}

static uint32_t between(uint64_t *state, uint32_t low, uint32_t high) {
  return low + kernel_random_below(state, high - low + 1);
}

// `n` distinct numbers below `limit`, in any order; `out` has room for `limit`.
static void draw_distinct(uint64_t *state, uint32_t n, uint32_t limit, uint32_t *out) {
  for (uint32_t i = 0; i < limit; ++i) out[i] = i;
  for (uint32_t i = 0; i < n; ++i) {
    const uint32_t other = between(state, i, limit - 1);
    const uint32_t drawn = out[other];
    out[other] = out[i];
    out[i] = drawn;
  }
}

static void put_tests(case_groups *g, const case_groups_wish *wish, uint64_t *state, uint32_t n) {
  const uint32_t mask = wish->code_bytes == 2 ? 0xffffu : 0xffffffffu;
  for (uint32_t bit = 0; bit < n; ++bit) {
    const uint32_t n_tests = kernel_random_below(state, 3) > 0 ? 1 : between(state, 2, MOST_TESTS);
    for (uint32_t t = 0; t < n_tests; ++t) {
      // Intervals around 0 begin below it, so that they go round through the missing code.
      g->test[g->n_tests++] =
          (apo_pattern_test){.column = kernel_random_below(state, wish->n_columns) |
                                       (t + 1 == n_tests ? APO_TEST_LAST : 0),
                             .low = (kernel_random_below(state, NEAR_CODES) - 2) & mask,
                             .span = kernel_random_below(state, NEAR_CODES)};
    }
  }
}

static void put_leaf(case_groups *g,
                     const case_groups_wish *wish,
                     uint64_t *state,
                     const apo_leaf_group *group) {
  const uint32_t most =
      group->n_players < wish->max_leaf_players ? group->n_players : wish->max_leaf_players;
  const uint32_t n_players = between(state, 1, most);
  uint32_t order[64];
  draw_distinct(state, n_players, group->n_players, order);
  g->leaf[g->n_leaves++] = (apo_group_leaf){.player_begin = g->n_players,
                                            .n_players = n_players,
                                            .vector_begin = g->n_vector_words,
                                            .value_begin = g->n_values};
  g->n_vector_words += (wish->with_pairs ? 5u : 2u) << n_players;
  const uint32_t bits = (1u << group->n_bits) - 1;
  for (uint32_t i = 0; i < n_players; ++i) {
    const uint32_t care = (uint32_t)kernel_random(state) & bits;
    g->player[g->n_players++] = (apo_group_player){
        .care = care, .want = care & (uint32_t)kernel_random(state), .player = order[i]};
  }
  for (uint32_t k = 0; k < group->n_outputs; ++k) {
    g->value[g->n_values++] = (int32_t)kernel_random_below(state, 1u << 30) - (int32_t)(1u << 29);
  }
}

// Columns of a group in the slots of its players, the rest in the spare.
static void put_slots(case_groups *g,
                      const case_groups_wish *wish,
                      uint64_t *state,
                      const apo_leaf_group *group) {
  uint32_t players[64];
  draw_distinct(state, group->n_players, wish->n_players, players);
  uint32_t *slot = g->slot + group->slot_begin;
  const uint32_t first_output =
      group->n_outputs == 1 ? kernel_random_below(state, wish->n_outputs) : 0;
  const uint32_t n_pairs = wish->n_players * (wish->n_players - 1) / 2;
  for (uint32_t k = first_output; k < first_output + group->n_outputs; ++k) {
    for (uint32_t q = 0; q < group->n_players; ++q) *slot++ = k * wish->n_players + players[q];
  }
  for (uint32_t k = first_output; wish->with_pairs && k < first_output + group->n_outputs; ++k) {
    for (uint32_t q = 0; q < group->n_players; ++q) {
      for (uint32_t r = q + 1; r < group->n_players; ++r) {
        const uint32_t low = players[q] < players[r] ? players[q] : players[r];
        const uint32_t high = players[q] ^ players[r] ^ low;
        *slot++ =
            wish->n_outputs * wish->n_players + k * n_pairs + APO_PAIR(wish->n_players, low, high);
      }
    }
  }
  g->n_slot_words += WORDS * group->n_octets;
  while (slot < g->slot + g->n_slot_words) *slot++ = g->n_slots - 1;
}

static void put_group(case_groups *g, const case_groups_wish *wish, uint64_t *state) {
  apo_leaf_group *group = &g->group[g->n_groups];
  // The first group is the largest that is wished for.
  const bool is_first = g->n_groups++ == 0;
  group->test_begin = g->n_tests;
  group->n_bits = is_first ? wish->max_bits : between(state, 1, wish->max_bits);
  group->n_players = is_first ? wish->n_players : between(state, 1, wish->n_players);
  group->n_outputs = kernel_random(state) % 2 == 0 ? 1 : wish->n_outputs;
  group->leaf_begin = g->n_leaves;
  group->n_leaves = between(state, 1, MOST_LEAVES);
  group->table_begin = g->n_table_octets;
  group->slot_begin = g->n_slot_words;
  const uint32_t n_pairs = wish->with_pairs ? group->n_players * (group->n_players - 1) / 2 : 0;
  group->n_octets = (group->n_outputs * (group->n_players + n_pairs) + WORDS - 1) / WORDS;
  g->n_table_octets += group->n_octets << group->n_bits;
  put_tests(g, wish, state, group->n_bits);
  for (uint32_t l = 0; l < group->n_leaves; ++l) put_leaf(g, wish, state, group);
  put_slots(g, wish, state, group);
}

case_groups case_groups_create(const case_groups_wish *wish, uint64_t *state) {
  const size_t n_pairs = wish->n_players * (wish->n_players - 1) / 2;
  const size_t n_words = wish->n_outputs * (wish->n_players + n_pairs);
  const size_t n_leaves = (size_t)wish->n_groups * MOST_LEAVES;
  case_groups g = {
      .group = room(wish->n_groups, sizeof *g.group),
      .leaf = room(n_leaves, sizeof *g.leaf),
      .player = room(n_leaves * wish->max_leaf_players, sizeof *g.player),
      .test = room((size_t)wish->n_groups * wish->max_bits * MOST_TESTS, sizeof *g.test),
      .slot = room(wish->n_groups * (n_words + WORDS), sizeof *g.slot),
      .value = room(n_leaves * wish->n_outputs, sizeof *g.value)};
  g.n_slots = (uint32_t)(wish->with_pairs ? n_words : (size_t)wish->n_outputs * wish->n_players);
  g.n_slots += 1;
  while (g.n_groups < wish->n_groups) put_group(&g, wish, state);
  return g;
}

void case_groups_destroy(case_groups *groups) {
  free(groups->group);
  free(groups->leaf);
  free(groups->player);
  free(groups->test);
  free(groups->slot);
  free(groups->value);
  memset(groups, 0, sizeof *groups);
}

void case_groups_vectors(const case_groups *groups, uint64_t *state, size_t at, kernel_case *out) {
  uint64_t *vector = kernel_buffer_set(out, at, groups->n_vector_words * sizeof *vector);
  for (uint32_t w = 0; w < groups->n_vector_words; ++w) {
    // At most 8 of them are added.
    vector[w] = (kernel_random(state) >> 5) - ((uint64_t)1 << 58);
    if (kernel_random_below(state, 8) == 0) vector[w] = 0;
  }
}

void case_groups_codes(uint64_t *state,
                       uint32_t n_columns,
                       size_t stride,
                       size_t code_bytes,
                       size_t at,
                       kernel_case *out) {
  const size_t n = n_columns * stride;
  unsigned char *to = kernel_buffer_set(out, at, n * code_bytes);
  for (size_t i = 0; i < n; ++i) {
    const uint32_t drawn = kernel_random_below(state, NEAR_CODES + 2);
    const uint32_t code = drawn == NEAR_CODES       ? UINT32_MAX
                          : drawn == NEAR_CODES + 1 ? (uint32_t)kernel_random(state)
                                                    : drawn;
    const uint16_t narrow = (uint16_t)code;
    memcpy(to + i * code_bytes, code_bytes == 2 ? (const void *)&narrow : &code, code_bytes);
  }
}

void case_groups_copy(kernel_case *out, size_t at, const void *from, size_t n_bytes) {
  memcpy(kernel_buffer_set(out, at, n_bytes), from, n_bytes);
}
