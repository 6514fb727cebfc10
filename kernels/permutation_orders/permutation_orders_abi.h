/* permutation_orders_abi.h - what the host writes and the permutation_orders stage reads. */
#ifndef APO_PERMUTATION_ORDERS_ABI_H
#define APO_PERMUTATION_ORDERS_ABI_H

#include "kernels/abi.h"

typedef struct apo_permutation_orders_args {
  apo_u32 seed_low;
  apo_u32 seed_high;
  apo_u32 row_low; /* number of the tile's first row */
  apo_u32 row_high;
  apo_u32 stream; /* APO_STREAM_PERMUTATION */
  apo_u32 n_rows;
  apo_u32 n_orders; /* a row */
  apo_u32 n_slots;  /* elements kept for each order */
} apo_permutation_orders_args;
APO_ABI_ASSERT(permutation_orders_args_size, sizeof(apo_permutation_orders_args) == 32);

#endif
