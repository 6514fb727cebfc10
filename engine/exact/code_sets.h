/* code_sets.h - splits as arcs of codes; sets that are no arc become derived columns.
 *
 * Nodes that ask for the same codes of the same column share a derived column.
 */
#ifndef APO_ENGINE_EXACT_CODE_SETS_H
#define APO_ENGINE_EXACT_CODE_SETS_H

#include "engine/exact/code_span.h"
#include "kernels/column_codes/column_codes_abi.h"

typedef struct apo_code_sets {
  const apo_code_forest *codes;
  apo_derived_column *derived; /* [n_derived], at least one */
  uint32_t n_derived;
  uint32_t *bucket; /* [n_buckets] number of a derived column + 1; open addressing */
  uint32_t n_buckets;
} apo_code_sets;

APO_NODISCARD apo_status apo_code_sets_start(apo_code_sets *sets,
                                             const apo_code_forest *codes,
                                             apo_error *err);
void apo_code_sets_free(apo_code_sets *sets);

/** The codes that an inner node sends left. */
APO_NODISCARD apo_status apo_code_sets_left(apo_code_sets *sets,
                                            const apo_node *node,
                                            apo_code_span *out,
                                            apo_error *err);

#endif
