/* code_span.h - a test of one column as an arc of the circle that its codes form.
 *
 * Positions of a model's column: 0 is missing, c + 1 is code c; those of a derived column are its
 * codes 0 and 1.  An arc has `length` positions from `start` on and goes round; length 0 is a test
 * that nothing passes, length n_positions one that everything does.
 */
#ifndef APO_ENGINE_EXACT_CODE_SPAN_H
#define APO_ENGINE_EXACT_CODE_SPAN_H

#include "engine/codes/code_forest.h"
#include "kernels/leaf_groups.h"

typedef struct apo_code_span {
  uint32_t column; /* derived ones behind the model's */
  uint32_t n_positions;
  uint32_t start; /* below n_positions */
  uint32_t length;
} apo_code_span;

/** What does not pass. */
apo_code_span apo_span_other(apo_code_span span);

/** What passes both, on the same column, as 0, 1 or 2 arcs.
 *
 * Of 0 and 1 `out` is the arc; of 2 it is undefined.
 */
int apo_span_meet(apo_code_span a, apo_code_span b, apo_code_span *out);

/** As devices test it; without APO_TEST_LAST. */
apo_pattern_test apo_span_test(const apo_code_forest *codes, apo_code_span span);

#endif
