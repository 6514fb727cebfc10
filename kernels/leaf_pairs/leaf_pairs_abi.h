/* leaf_pairs_abi.h - what the host writes and the leaf_pairs stage reads. */
#ifndef APO_LEAF_PAIRS_ABI_H
#define APO_LEAF_PAIRS_ABI_H

#include "kernels/leaf_groups.h"

typedef struct apo_leaf_pairs_args {
  apo_u32 n_rows; /* any number */
  apo_u32 stride; /* rows between columns of codes and slots of phi: >= n_rows */
  apo_u32 n_slots;
  apo_u32 group_begin;
  apo_u32 group_end;
  apo_u32 n_background; /* at most APO_LEAF_PAIRS_BACKGROUND */
  apo_u32 b_stride;     /* rows between columns of the background's codes, a multiple of 64 */
} apo_leaf_pairs_args;
APO_ABI_ASSERT(leaf_pairs_args_size, sizeof(apo_leaf_pairs_args) == 28);

#define APO_LEAF_PAIRS_BACKGROUND 1024

/* The same sums as table_add for a few rows and a small background: each row meets each background
 * row at each leaf, and nothing is summed over coalitions.
 *
 * Let N be the players of a leaf that the row fails, q of them, A those that the background row
 * fails, a of them.  When a player is in both, no coalition reaches the leaf.  Else those do that
 * hold A and nobody of N; the other D - a - q players are free.  A background row of count w adds
 *
 *   w meeting(D, a - 1, q + 1)      to the share of each player in A
 *   - w meeting(D, a, q)            to that of each in N
 *   meeting(D, a, q) = sum over k of C(D - a - q, k) W_1(D, a + k)        wrapping, in 2^-62
 *
 * which are the sums that the vectors hold, so the bits are the same.
 *
 * Buffers: group, group_leaf, group_player, test, slot  in
 *          value   [n_values]            in, int32
 *          meeting [APO_MEETINGS]        in, uint64
 *          b_code  [columns x b_stride]  in; padding rows hold valid codes
 *          b_count [n_background]        in, int32
 *          code    [columns x stride]    in
 *          phi     [n_slots x stride]    in and out, int64; the spare's is neither read nor written
 * Params:  APO_CODE_BYTES 2 or 4, APO_GROUP 1 (item: a row) or 64 (work-group: a row; its items
 *          share the groups) */
#define APO_MEETINGS         ((APO_LEAF_PLAYERS + 1) * (APO_LEAF_PLAYERS + 1) * (APO_LEAF_PLAYERS + 1))
#define APO_MEETING(D, a, q) (((D) * (APO_LEAF_PLAYERS + 1) + (a)) * (APO_LEAF_PLAYERS + 1) + (q))

#endif
