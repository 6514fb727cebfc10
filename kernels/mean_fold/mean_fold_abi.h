/* mean_fold_abi.h - what the host writes and the mean_fold stage reads. */
#ifndef APO_MEAN_FOLD_ABI_H
#define APO_MEAN_FOLD_ABI_H

#include "kernels/abi.h"

typedef struct apo_mean_fold_args {
  apo_u32 n_rows;
  apo_u32 n_blocks; /* of background in this tile */
  apo_u32 n_values; /* per row: planes x outputs x coalitions */
  apo_u32 is_first; /* 1: the sums start here */
} apo_mean_fold_args;
APO_ABI_ASSERT(mean_fold_args_size, sizeof(apo_mean_fold_args) == 16);

#endif
