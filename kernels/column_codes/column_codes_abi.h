/* column_codes_abi.h - what the host writes and the column_codes stage reads. */
#ifndef APO_COLUMN_CODES_ABI_H
#define APO_COLUMN_CODES_ABI_H

#include "kernels/abi.h"

/* A derived column: is the code of `column` in the set that starts at word `word`?  The bit of a
 * code is as in kernels/codes.h: code + 1, wrapped. */
typedef struct apo_derived_column {
  apo_u32 column;
  apo_u32 word;
} apo_derived_column;
APO_ABI_ASSERT(derived_column_size, sizeof(apo_derived_column) == 8);

typedef struct apo_column_codes_args {
  apo_u32 n_rows;    /* padded to a multiple of APO_GROUP * APO_ROWS */
  apo_u32 stride;    /* rows between columns of the output, at least n_rows */
  apo_u32 n_columns; /* of the model */
  apo_u32 n_derived;
} apo_column_codes_args;
APO_ABI_ASSERT(column_codes_args_size, sizeof(apo_column_codes_args) == 16);

/* Buffers: code    [n_rows x n_columns]              in, as row_codes writes them
 *          derived [n_derived]                       in; one unused record without any
 *          sets    [n_set_words]                     in; one unused word without any
 *          column  [(n_columns + n_derived) x stride] out, same width as code
 * Params:  APO_CODE_BYTES 2 or 4, APO_GROUP 1 or 64, APO_ROWS 64 or 1 */

#endif
