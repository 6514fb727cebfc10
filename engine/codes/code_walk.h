/* code_walk.h - margins of rows that are codes already, on the host: a background's base value. */
#ifndef APO_ENGINE_CODES_CODE_WALK_H
#define APO_ENGINE_CODES_CODE_WALK_H

#include "engine/codes/code_forest.h"

/** Sums of leaf values in unit64, without the model's base.
 *
 * Shapes:  codes [n_rows x n_columns] of code_bytes; margin [n_rows x n_outputs], overwritten
 */
void apo_code_margins(const apo_code_forest *forest,
                      const void *codes,
                      uint64_t n_rows,
                      int64_t *margin);

#endif
