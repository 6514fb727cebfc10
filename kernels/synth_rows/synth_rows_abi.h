/* synth_rows_abi.h - what the host writes and the synth_rows stage reads. */
#ifndef APO_SYNTH_ROWS_ABI_H
#define APO_SYNTH_ROWS_ABI_H

#include "kernels/abi.h"

typedef struct apo_synth_rows_args {
  apo_u32 n_pairs; /* rows to write in this launch */
  apo_u32 n_columns;
  apo_u32 n_words;         /* of coalitions */
  apo_u32 n_background;    /* background rows; pair = coalition * n_background + background row */
  apo_u32 first_coalition; /* of pair 0 */
  apo_u32 first_background;
} apo_synth_rows_args;
APO_ABI_ASSERT(synth_rows_args_size, sizeof(apo_synth_rows_args) == 24);

#endif
