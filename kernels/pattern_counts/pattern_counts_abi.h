/* pattern_counts_abi.h - what the host writes and the pattern_counts stage reads. */
#ifndef APO_PATTERN_COUNTS_ABI_H
#define APO_PATTERN_COUNTS_ABI_H

#include "kernels/leaf_groups.h"

typedef struct apo_pattern_counts_args {
  apo_u32 n_rows; /* of the background, unpadded */
  apo_u32 stride; /* rows between columns; a multiple of 64, padding rows hold valid codes */
  apo_u32 group_begin;
  apo_u32 group_end;
} apo_pattern_counts_args;
APO_ABI_ASSERT(pattern_counts_args_size, sizeof(apo_pattern_counts_args) == 16);

/* counts[group.count_begin + index] = sum of weight over background rows with that index.
 *
 * Buffers: group, test  in
 *          code   [columns x stride]  in, as column_codes writes them
 *          weight [n_rows]            in, int32: counts of equal rows, or scaled weights; may be
 *                                     negative
 *          count  [of the chunk]      out, int32; wraps; nobody has to zero it before
 * Params:  APO_CODE_BYTES 2 or 4, APO_GROUP 1 (item: a group) or 64 (work-group: a group) */

#endif
