/* leaf_add_abi.h - what the host writes and the leaf_add stage reads. */
#ifndef APO_LEAF_ADD_ABI_H
#define APO_LEAF_ADD_ABI_H

#include "kernels/leaf_groups.h"

typedef struct apo_leaf_add_args {
  apo_u32 n_rows; /* any number */
  apo_u32 stride; /* rows between columns of codes and slots of phi: >= n_rows */
  apo_u32 n_slots;
  apo_u32 group_begin; /* of one chunk */
  apo_u32 group_end;
} apo_leaf_add_args;
APO_ABI_ASSERT(leaf_add_args_size, sizeof(apo_leaf_add_args) == 20);

/* The same sums as table_add, straight from the leaves' vectors: for few rows, and for groups whose
 * table would be too large.  Same integers, so the same bits.
 *
 * Buffers: group, group_leaf, group_player, test, slot  in
 *          value  [n_values]       in, int32
 *          vector [of the chunk]   in, uint64
 *          code   [columns x stride]  in
 *          phi    [n_slots x stride]  in and out, int64; the spare's is neither read nor written
 * Params:  APO_CODE_BYTES 2 or 4, APO_PAIRS 0 or 1, APO_GROUP 1 (item: a row) or 64 (work-group: a
 *          row; its items share the leaves) */

#endif
