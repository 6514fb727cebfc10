/* case_groups.h - random groups of leaves for the stages of the exact engine: any tests, any
 * patterns, any vectors that kernels/leaf_groups.h allows, without a forest behind them.
 */
#ifndef APO_TESTS_KERNEL_CASE_GROUPS_H
#define APO_TESTS_KERNEL_CASE_GROUPS_H

#include "kernels/leaf_groups.h"
#include "tests/kernel/kernel_case.h"

typedef struct case_groups_wish {
  uint32_t n_groups;
  uint32_t n_players; /* of the game */
  uint32_t n_outputs; /* of the game; groups have 1 or all of them */
  uint32_t n_columns;
  size_t code_bytes;
  uint32_t max_bits;
  uint32_t max_leaf_players;
  bool with_pairs;
} case_groups_wish;

typedef struct case_groups {
  uint32_t n_groups, n_leaves, n_players, n_tests, n_slot_words, n_values;
  uint32_t n_slots;        /* of the game, with the spare */
  uint32_t n_vector_words; /* uint64 */
  uint32_t n_table_octets;
  apo_leaf_group *group;
  apo_group_leaf *leaf;
  apo_group_player *player;
  apo_pattern_test *test;
  uint32_t *slot;
  int32_t *value;
} case_groups;

case_groups case_groups_create(const case_groups_wish *wish, uint64_t *state);
void case_groups_destroy(case_groups *groups);

/** Vectors whose shares fit 62 bits, as buffer `at`. */
void case_groups_vectors(const case_groups *groups, uint64_t *state, size_t at, kernel_case *out);

/** Codes [n_columns x stride] near the bounds of tests, some missing, as buffer `at`. */
void case_groups_codes(uint64_t *state,
                       uint32_t n_columns,
                       size_t stride,
                       size_t code_bytes,
                       size_t at,
                       kernel_case *out);

/** A buffer with a copy of n_bytes. */
void case_groups_copy(kernel_case *out, size_t at, const void *from, size_t n_bytes);

#endif
