/* validate.h - the invariants of forest.h, checked. */
#ifndef APO_ENGINE_FOREST_VALIDATE_H
#define APO_ENGINE_FOREST_VALIDATE_H

#include "engine/forest/forest.h"

/** What one split says, apart from its children. */
typedef struct apo_split {
  uint32_t column;
  apo_op op;
  apo_missing missing;
  double threshold;
} apo_split;

/** Check one split against a forest's columns, sets and cast (F2, F3, F4, F7).
 *
 * Fails:   APO_ERR_FORMAT, without a place: the caller knows the node
 */
APO_NODISCARD apo_status apo_forest_check_split(const apo_forest *forest,
                                                apo_split split,
                                                apo_error *err);

/** Check F1 to F7 on finished arrays, whose lengths are as forest.h says.
 *
 * Fails:   APO_ERR_FORMAT, APO_ERR_LIMIT  "tree T: node N: ..."
 *          APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_forest_validate(const apo_forest *forest, apo_error *err);

#endif
