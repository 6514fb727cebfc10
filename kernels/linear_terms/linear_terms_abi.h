/* linear_terms_abi.h - what the host writes and the linear_terms stage reads. */
#ifndef APO_LINEAR_TERMS_ABI_H
#define APO_LINEAR_TERMS_ABI_H

#include "kernels/abi.h"

typedef struct apo_linear_terms_args {
  apo_u32 n_rows; /* of the tile, padded to a multiple of APO_GROUP * APO_ROWS */
  apo_u32 n_columns;
  apo_u32 n_outputs;
  apo_u32 n_players;
} apo_linear_terms_args;
APO_ABI_ASSERT(linear_terms_args_size, sizeof(apo_linear_terms_args) == 16);

#endif
