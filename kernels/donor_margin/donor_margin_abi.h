/* donor_margin_abi.h - what the host writes and the donor_margin stage reads. */
#ifndef APO_DONOR_MARGIN_ABI_H
#define APO_DONOR_MARGIN_ABI_H

#include "kernels/abi.h"

typedef struct apo_donor_margin_args {
  apo_u32 n_rows; /* of the tile, padded to a multiple of APO_GROUP * APO_ROWS */
  apo_u32 n_columns;
  apo_u32 n_outputs;
  apo_u32 output;         /* the one this launch adds to */
  apo_u32 instance_begin; /* trees of that output */
  apo_u32 instance_end;
  apo_u32 player_begin; /* players [player_begin, player_begin + n_players) are computed */
  apo_u32 n_players;
  apo_u32 max_depth; /* splits on the longest path */
} apo_donor_margin_args;
APO_ABI_ASSERT(donor_margin_args_size, sizeof(apo_donor_margin_args) == 36);

#endif
