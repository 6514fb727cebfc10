/* group_table_abi.h - what the host writes and the group_table stage reads. */
#ifndef APO_GROUP_TABLE_ABI_H
#define APO_GROUP_TABLE_ABI_H

#include "kernels/leaf_groups.h"

typedef struct apo_group_table_args {
  apo_u32 group_begin;
  apo_u32 group_end;
} apo_group_table_args;
APO_ABI_ASSERT(group_table_args_size, sizeof(apo_group_table_args) == 8);

/* table[(group.table_begin + index * n_octets) * 8 + column] = sum over the group's leaves of
 * APO_LEAF_SHARE(value, expression of leaf_groups.h); int32.
 *
 * Buffers: group, group_leaf, group_player  in
 *          value  [n_values]       in, int32
 *          vector [of the chunk]   in, uint64
 *          table  [of the batch]   out, int32, 32-byte entries
 * Params:  APO_PAIRS 0 or 1, APO_GROUP 1 (item: a group) or 64 (work-group: a group) */

#endif
