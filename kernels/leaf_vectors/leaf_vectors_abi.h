/* leaf_vectors_abi.h - what the host writes and the leaf_vectors stage reads. */
#ifndef APO_LEAF_VECTORS_ABI_H
#define APO_LEAF_VECTORS_ABI_H

#include "kernels/leaf_groups.h"

typedef struct apo_leaf_vectors_args {
  apo_u32 group_begin;
  apo_u32 group_end;
} apo_leaf_vectors_args;
APO_ABI_ASSERT(leaf_vectors_args_size, sizeof(apo_leaf_vectors_args) == 8);

/* The vectors of all leaves of the groups (kernels/leaf_groups.h).
 *
 * g(S) is an integer: APO_GAME 0, the sum of counts of indices whose leaf pattern contains all
 * players outside S (project the group's counts on the leaf's patterns, then a superset sum);
 * APO_GAME 1, the product over players outside S of ratio (units of 2^-62, at most 2^62):
 * start with 2^62, g = mul_hi(g, ratio) << 2 for ascending players, in the end (g + 2^33) >> 34.
 * Sums of counts wrap to int32, like the counts themselves.
 * Then z_j as subset sums of weight * g, all uint64, wrapping; no set of less than j players counts.
 * The order of the vectors: beta, alpha, and with pairs b, a, d.
 *
 * Buffers: group, group_leaf, group_player  in
 *          count  [of the chunk]       in, int32 (APO_GAME 0; else one unused word)
 *          ratio  [group players]      in, uint64, numbered as group_player (APO_GAME 1; else unused)
 *          weight [APO_WEIGHTS]        in, uint64
 *          vector [of the chunk]       out, uint64: 2 or 5 times 2^D a leaf
 * Params:  APO_GAME 0 or 1, APO_PAIRS 0 or 1,
 *          APO_GROUP 1 (item: a group) or 64 (work-group: a group) */

#endif
