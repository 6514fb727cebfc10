/* leaf_groups_ref.h - the twins' tests, indices, patterns and values of leaves, as
 * kernels/leaf_groups.h defines them; leaf_groups.clh and long_leaf.clh say the same for devices.
 */
#ifndef APO_KERNELS_LEAF_GROUPS_REF_H
#define APO_KERNELS_LEAF_GROUPS_REF_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/leaf_groups.h"

/** True when `row` passes all tests from `*at` on, up to the last one of a player or bit; `*at`
 * moves behind them. */
static inline bool apo_row_passes(const apo_pattern_test *test,
                                  apo_u32 *at,
                                  const void *code,
                                  apo_i32 code_bytes,
                                  size_t stride,
                                  size_t row) {
  const apo_u32 mask = code_bytes == 2 ? 0xffffu : 0xffffffffu;
  bool passes = true;
  bool is_last = false;
  while (!is_last) {
    const apo_pattern_test *t = &test[(*at)++];
    const size_t place = (t->column & APO_TEST_COLUMN) * stride + row;
    const apo_u32 found =
        code_bytes == 2 ? ((const uint16_t *)code)[place] : ((const apo_u32 *)code)[place];
    passes = passes && ((found - t->low) & mask) <= (t->span & mask);
    is_last = (t->column & APO_TEST_LAST) != 0;
  }
  return passes;
}

/** The index of a row in a group. */
static inline apo_u32 apo_group_index_of(const apo_leaf_group *group,
                                         const apo_pattern_test *test,
                                         const void *code,
                                         apo_i32 code_bytes,
                                         size_t stride,
                                         size_t row) {
  apo_u32 index = 0;
  apo_u32 at = group->test_begin;
  for (apo_u32 bit = 0; bit < group->n_bits; ++bit) {
    if (apo_row_passes(test, &at, code, code_bytes, stride, row)) index |= 1u << bit;
  }
  return index;
}

/** The pattern of a leaf at an index of its group. */
static inline apo_u32 apo_leaf_pattern_of(const apo_group_leaf *leaf,
                                          const apo_group_player *player,
                                          apo_u32 index) {
  apo_u32 pattern = 0;
  for (apo_u32 i = 0; i < leaf->n_players; ++i) {
    const apo_group_player *of = &player[leaf->player_begin + i];
    if ((index & of->care) == of->want) pattern |= 1u << i;
  }
  return pattern;
}

/** What player i of a leaf has at pattern c, in units of 2^-62. */
static inline int64_t apo_player_share_of(const apo_group_leaf *leaf,
                                          const uint64_t *vector,
                                          apo_u32 c,
                                          apo_u32 i) {
  const size_t n = (size_t)1 << leaf->n_players;
  const uint64_t *beta = vector + leaf->vector_begin;
  const uint64_t *alpha = beta + n;
  const apo_u32 without = c & ~(1u << i);
  if (without == c) return (int64_t)(0 - beta[c]);
  return (int64_t)(alpha[c] - alpha[without] - beta[without]);
}

/** What players i and j of a leaf have as a pair. */
static inline int64_t apo_pair_share_of(
    const apo_group_leaf *leaf, const uint64_t *vector, apo_u32 c, apo_u32 i, apo_u32 j) {
  const size_t n = (size_t)1 << leaf->n_players;
  const uint64_t *b = vector + leaf->vector_begin + 2 * n;
  const uint64_t *a = b + n;
  const uint64_t *d = a + n;
  const apo_u32 ci = c & ~(1u << i);
  const apo_u32 cj = c & ~(1u << j);
  const apo_u32 cij = ci & cj;
  if (ci == c && cj == c) return (int64_t)b[c];
  if (ci == c || cj == c) return (int64_t)(0 - (a[c] - a[cij] - b[cij]));
  return (int64_t)(d[c] - d[ci] - d[cj] + d[cij] - (a[cj] - a[cij]) - (a[ci] - a[cij]) + b[cij]);
}

/** One call of `add` for each column that a leaf has a part in, at one index. */
typedef void apo_add_part(void *to, apo_u32 column, int64_t part);
static inline void apo_leaf_parts(const apo_leaf_group *group,
                                  const apo_group_leaf *leaf,
                                  const apo_group_player *player,
                                  const apo_i32 *value,
                                  const uint64_t *vector,
                                  bool with_pairs,
                                  apo_u32 index,
                                  apo_add_part *add,
                                  void *to) {
  const apo_u32 n_pairs = group->n_players * (group->n_players - 1) / 2;
  const apo_u32 c = apo_leaf_pattern_of(leaf, player, index);
  const apo_group_player *of = player + leaf->player_begin;
  for (apo_u32 k = 0; k < group->n_outputs; ++k) {
    const apo_i32 worth = value[leaf->value_begin + k];
    for (apo_u32 i = 0; i < leaf->n_players; ++i) {
      const int64_t share = apo_player_share_of(leaf, vector, c, i);
      add(to, k * group->n_players + of[i].player, APO_LEAF_SHARE(worth, share, int64_t));
      for (apo_u32 j = i + 1; with_pairs && j < leaf->n_players; ++j) {
        const apo_u32 q = of[i].player < of[j].player ? of[i].player : of[j].player;
        const apo_u32 r = of[i].player ^ of[j].player ^ q;
        const apo_u32 column =
            group->n_outputs * group->n_players + k * n_pairs + APO_PAIR(group->n_players, q, r);
        const int64_t of_pair = apo_pair_share_of(leaf, vector, c, i, j);
        add(to, column, APO_LEAF_SHARE(worth, of_pair, int64_t));
      }
    }
  }
}

#endif
