/* table_add_abi.h - what the host writes and the table_add stage reads. */
#ifndef APO_TABLE_ADD_ABI_H
#define APO_TABLE_ADD_ABI_H

#include "kernels/leaf_groups.h"

typedef struct apo_table_add_args {
  apo_u32 n_rows;      /* padded to a multiple of what an item (CPU) or work-group (GPU) covers */
  apo_u32 stride;      /* rows between columns of codes, slots of phi and of acc: >= n_rows */
  apo_u32 n_slots;     /* with the spare, which is the last */
  apo_u32 block_begin; /* blocks of groups, bounded so that no slot's sum over one leaves int32 */
  apo_u32 block_end;
  apo_u32 sub_tiles; /* CPU: an item covers sub_tiles * APO_ROWS rows */
} apo_table_add_args;
APO_ABI_ASSERT(table_add_args_size, sizeof(apo_table_add_args) == 24);

/* phi[slot][row] += sum over groups of blocks [block_begin, block_end) of the entry of the row's
 * index.  Sums of a block are int32 (wrapping), those of blocks int64.
 *
 * Buffers: block [n_blocks + 1]   in, group numbers: block b is groups [block[b], block[b + 1])
 *          group, test, slot      in
 *          table [of the batch]   in, int32; a group's table_begin counts from the batch's start
 *          code  [columns x stride]  in
 *          phi   [n_slots x stride]  in and out, int64; the spare's is neither read nor written
 *          acc   [n_slots x stride]  scratch, int32.  CPU: item i has the n_slots * sub_tiles *
 *                APO_ROWS words from i times as many on; GPU: [slot][row], unused up to 64 slots
 * The slots of one group's players are distinct, spares stand behind them.  Tables, phi and acc
 * start where a buffer starts: the CPU shape reads and writes aligned vectors.
 * Params:  APO_CODE_BYTES 2 or 4, APO_GROUP 1 or 64, APO_ROWS 256 (CPU) or 1 */

#endif
