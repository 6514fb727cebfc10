/* linear_mean_abi.h - what the host writes and the linear_mean stage reads. */
#ifndef APO_LINEAR_MEAN_ABI_H
#define APO_LINEAR_MEAN_ABI_H

#include "kernels/abi.h"

typedef struct apo_linear_mean_args {
  apo_u32 n_rows;
  apo_u32 n_players;
  apo_u32 n_outputs;
  apo_u32 n_planes;         /* as coalition_mean */
  apo_u32 n_words;          /* 32 coalitions each */
  apo_u32 first_background; /* rows [first_background, + n_background) are this launch's */
  apo_u32 n_background;
  apo_u32 n_blocks; /* of APO_BACKGROUND_BLOCK rows */
  apo_u32 n_chunks; /* work-groups that share the words of one (row, block) */
  apo_f32 response_scale;
} apo_linear_mean_args;
APO_ABI_ASSERT(linear_mean_args_size, sizeof(apo_linear_mean_args) == 40);

#endif
