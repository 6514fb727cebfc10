/* forest_margin_abi.h - what the host writes and the forest_margin stage reads. */
#ifndef APO_FOREST_MARGIN_ABI_H
#define APO_FOREST_MARGIN_ABI_H

#include "kernels/abi.h"

typedef struct apo_forest_margin_args {
  apo_u32 n_rows; /* of the tile, padded to a multiple of APO_GROUP * APO_ROWS */
  apo_u32 n_columns;
  apo_u32 n_outputs;
  apo_u32 output;         /* the one this launch adds to */
  apo_u32 instance_begin; /* trees of that output */
  apo_u32 instance_end;
} apo_forest_margin_args;
APO_ABI_ASSERT(forest_margin_args_size, sizeof(apo_forest_margin_args) == 24);

#endif
