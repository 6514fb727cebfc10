/* long_pairs_abi.h - what the host writes and the long_pairs stage reads. */
#ifndef APO_LONG_PAIRS_ABI_H
#define APO_LONG_PAIRS_ABI_H

#include "kernels/leaf_groups.h"

typedef struct apo_long_pairs_args {
  apo_u32 n_rows;     /* padded to a multiple of APO_GROUP * APO_ROWS */
  apo_u32 stride;     /* rows between columns of codes and slots of phi: >= n_rows */
  apo_u32 n_players;  /* of the game */
  apo_u32 n_outputs;  /* of the model */
  apo_u32 leaf_begin; /* long leaves of this launch */
  apo_u32 leaf_end;
  apo_u32 n_moments; /* players of the longest leaf + 1 */
} apo_long_pairs_args;
APO_ABI_ASSERT(long_pairs_args_size, sizeof(apo_long_pairs_args) == 28);

/* Words of a pattern of n players. */
#define APO_PATTERN_WORDS(n) (((n) + 31) / 32)

/* Scratch, in int64 a row, when the longest leaf has n players: one sum each, with pairs another
 * and one a pair, and the row's pattern. */
#define APO_LONG_PAIRS_SUMS(n, pairs)    ((n) + ((pairs) != 0 ? (n) + (n) * ((n)-1) / 2 : 0))
#define APO_LONG_PAIRS_SCRATCH(n, pairs) (APO_LONG_PAIRS_SUMS(n, pairs) + APO_PATTERN_WORDS(n))

/* Interventional values of long leaves: a row's pattern c meets each distinct background pattern b.
 * Only where every player passes in c or in b does the leaf count; then, with A = c and not b of p
 * players, N = b and not c of q players, share of i in A: + n_b M(p - 1, q), of i in N: - n_b M(p,
 * q - 1); pairs: both in A + n_b M(p - 2, q), both in N + n_b M(p, q - 2), one of each
 * - n_b M(p - 1, q - 1).  Shares of one leaf are summed over b as int64, wrapping, before
 * APO_LEAF_SHARE.
 *
 * Buffers: leaf   [n long leaves]  in
 *          test, player            in
 *          pattern [..]            in, uint32 words: APO_PATTERN_WORDS(n_players) a pattern, bit i:
 *                                  passes player i; those of leaf l start at word leaf.pattern_begin
 *          pattern_weight [..]     in, int32: pattern k of leaf l at weight_begin[l] + k, where
 *          weight_begin [n leaves] in, uint32
 *          moment [n_moments x n_moments]  in, uint64: moment[s * n_moments + r] = M(s, r), 2^-62
 *          value  [n_values]       in, int32
 *          code   [columns x stride]  in; padding rows hold valid codes
 *          phi    [n_slots x stride]  in and out, int64
 *          share  [n_rows x APO_LONG_PAIRS_SCRATCH(n_moments - 1, APO_PAIRS)]  scratch, int64
 * Params:  APO_CODE_BYTES 2 or 4, APO_PAIRS 0 or 1, APO_GROUP 1 or 64, APO_ROWS 16 with APO_GROUP 1,
 *          else 1 */

#endif
