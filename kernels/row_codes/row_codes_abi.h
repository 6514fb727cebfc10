/* row_codes_abi.h - what the host writes and the row_codes stage reads. */
#ifndef APO_ROW_CODES_ABI_H
#define APO_ROW_CODES_ABI_H

#include "kernels/abi.h"

typedef struct apo_row_codes_args {
  apo_u32 n_rows; /* of the tile, padded to a multiple of APO_GROUP * APO_ROWS */
  apo_u32 n_columns;
} apo_row_codes_args;
APO_ABI_ASSERT(row_codes_args_size, sizeof(apo_row_codes_args) == 8);

#endif
