/* leaf_groups.h - leaves as games of their own, as devices see them: integers only.
 *
 * A leaf is reached when every player on its path passes all of the player's tests.  Leaves below
 * one node form a group: one index of n_bits bits says, for a row, which tests it passes, and the
 * pattern of each leaf (bit i: player i passes) is a function of that index.
 *
 *   test      passes iff (code - low), wrapped to the width of a code, is <= span: an interval of
 *             codes that may go round through the missing code (all ones) to 0
 *   bit       of the index: set iff all of its tests pass.  Tests stand in order of bits; the last
 *             test of a bit has APO_TEST_LAST in `column`
 *   column    of codes stored [column][row]; behind the model's columns come derived ones, one for
 *             each set of codes that splits ask for: 0 in the set, 1 outside (stage column_codes)
 *   player    of a leaf: passes iff (index & care) == want
 *   slot      where values are added up: output * n_players + player for single players, behind
 *             these n_outputs * n_players + output * n_pairs + pair for pairs i < j, pair number
 *             i * (2 n_players - i - 1) / 2 + (j - i - 1); the last slot is a spare that nobody
 *             reads
 *
 * An entry of a group's table has 8 * n_octets words, one a table column.  Columns, with P players
 * of the group and K outputs of its tree: k * P + q for player q, then K * P + k * P (P - 1) / 2 +
 * pair(q, r) for q < r, numbered like pairs of slots with P in place of n_players.  Columns that are
 * left over name the spare slot and hold 0.
 *
 * Vectors of a leaf with D players, over its 2^D patterns c, all uint64 and wrapping, in units of
 * 2^-62 (docs/NUMERICS.md, "leaf games"):
 *
 *   z_j[c] = sum over S inside c of W(|S| - j) g(S),   g(S): share of the background that passes
 *                                                      every player outside S
 * Two for single players, beta = z_0, alpha = z_1 with W = W_1; with pairs three more, b, a, d =
 * z_0, z_1, z_2 with W = W_2.  c^i is c with bit i cleared:
 *
 *   i failed           - beta[c]
 *   i passed             alpha[c] - alpha[c^i] - beta[c^i]
 *   both failed          b[c]
 *   i passed, j not    -(a[c] - a[c^i] - b[c^i])
 *   both passed          d[c] - d[c^i] - d[c^j] + d[c^ij] - (a[c^j] - a[c^ij]) - (a[c^i] - a[c^ij])
 *                        + b[c^ij]
 *
 * A value is round(leaf value * that): see apo_leaf_share below.
 */
#ifndef APO_KERNELS_LEAF_GROUPS_H
#define APO_KERNELS_LEAF_GROUPS_H

#include "kernels/abi.h"

#define APO_TEST_LAST   0x80000000u
#define APO_TEST_COLUMN 0x7fffffffu

#define APO_LEAF_PLAYERS 16 /* most players of a leaf with vectors; also most bits of an index */

typedef struct apo_pattern_test {
  apo_u32 column; /* APO_TEST_LAST | column */
  apo_u32 low;
  apo_u32 span;
} apo_pattern_test;
APO_ABI_ASSERT(pattern_test_size, sizeof(apo_pattern_test) == 12);

typedef struct apo_leaf_group {
  apo_u32 test_begin;
  apo_u32 n_bits;      /* at most APO_LEAF_PLAYERS; 0: a tree of one leaf has no group */
  apo_u32 leaf_begin;  /* of group_leaf */
  apo_u32 n_leaves;    /* at least 1 */
  apo_u32 count_begin; /* words into the counts of a chunk: 2^n_bits of them */
  apo_u32 table_begin; /* octets (32 bytes) into the tables of a batch: n_octets * 2^n_bits */
  apo_u32 n_octets;
  apo_u32 slot_begin; /* into slot: 8 * n_octets */
  apo_u32 n_players;  /* P */
  apo_u32 n_outputs;  /* K */
} apo_leaf_group;
APO_ABI_ASSERT(leaf_group_size, sizeof(apo_leaf_group) == 40);

typedef struct apo_group_leaf {
  apo_u32 player_begin; /* into group_player */
  apo_u32 n_players;    /* D, at least 1 */
  apo_u32 vector_begin; /* into the vectors of a chunk, in units of 2^D uint64 vectors' words:
                           word number of vector 0; vector j starts at vector_begin + j * 2^D */
  apo_u32 value_begin;  /* into value: n_outputs of the group */
} apo_group_leaf;
APO_ABI_ASSERT(group_leaf_size, sizeof(apo_group_leaf) == 16);

typedef struct apo_group_player {
  apo_u32 care;
  apo_u32 want;
  apo_u32 player; /* q: its number in the group */
  apo_u32 pad;
} apo_group_player;
APO_ABI_ASSERT(group_player_size, sizeof(apo_group_player) == 16);

/* A leaf with more players than a table is worth: it has no group and no vectors.  Its bits are its
 * players, in order; there may be more than 32 of them. */
typedef struct apo_long_leaf {
  apo_u32 test_begin; /* into the long leaves' tests */
  apo_u32 n_players;
  apo_u32 player_begin; /* into long_player: numbers of players in the game */
  apo_u32 value_begin;  /* into value */
  apo_u32 first_output;
  apo_u32 n_outputs;
  apo_u32 pattern_begin; /* interventional: its distinct background patterns, first and number */
  apo_u32 n_patterns;
} apo_long_leaf;
APO_ABI_ASSERT(long_leaf_size, sizeof(apo_long_leaf) == 32);

/* Weights W_order(s) of D players, order 1 or 2: weight[APO_WEIGHT(order, D, s)], uint64. */
#define APO_WEIGHTS (2 * (APO_LEAF_PLAYERS + 1) * (APO_LEAF_PLAYERS + 1))
#define APO_WEIGHT(order, D, s) \
  ((((order)-1) * (APO_LEAF_PLAYERS + 1) + (D)) * (APO_LEAF_PLAYERS + 1) + (s))

/* Number of the pair q < r among n. */
#define APO_PAIR(n, q, r) ((q) * (2 * (n) - (q)-1) / 2 + (r) - (q)-1)

/* x / 2^31 to the nearest integer, halves away from zero: shares such as 1/2 and 1/4 are common, and
 * halves that all went up would add up over many trees. */
#define APO_ROUND_31(x, i64) (((x) + ((i64)1 << 30) + ((x) >> 63)) >> 31)

/* A leaf's value (units, |value| < 2^30) times a share in 2^-62, in units: the share is rounded to
 * 2^-31, the product to an integer, so that every device and engine has the same. */
#define APO_LEAF_SHARE(value, share, i64) \
  APO_ROUND_31((i64)(value)*APO_ROUND_31((i64)(share), i64), i64)

#endif
