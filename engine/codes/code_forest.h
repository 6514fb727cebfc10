/* code_forest.h - a forest with every split as an integer test, and every leaf as an integer.
 *
 * Made once per model; kernels/codes.h says what the records mean.  Leaf values, with tree weight,
 * scale and divisor applied in fp64, are rounded to multiples of a power of two, chosen so small
 * that no sum over all trees can overflow: `unit64` for margins (63 bits), `unit32` for coalition
 * values (31 bits, the base included).  docs/NUMERICS.md has the error bounds.
 */
#ifndef APO_ENGINE_CODES_CODE_FOREST_H
#define APO_ENGINE_CODES_CODE_FOREST_H

#include "engine/codes/cuts.h"
#include "engine/model/model.h"
#include "kernels/codes.h"

typedef struct apo_code_forest {
  uint32_t n_columns;
  uint32_t n_outputs;
  uint32_t n_nodes;
  uint32_t n_instances; /* trees, once per output that they add to, ordered by output */
  uint32_t n_values;
  uint32_t n_set_words;
  uint32_t max_depth; /* splits on the longest path */
  bool has_sets;
  double unit64;
  double unit32;
  apo_cuts *cuts;
  apo_node *nodes;
  apo_instance *instances;
  uint32_t *output_begin; /* [n_outputs + 1], into instances */
  int64_t *leaf64;        /* [n_values] */
  int32_t *leaf32;        /* [n_values] */
  int32_t *base32;        /* [n_outputs] the model's base in unit32 */
  uint32_t *set_words;    /* [n_set_words], at least one */
} apo_code_forest;

/** Compile a forest model.
 *
 * Fails:   APO_ERR_LIMIT   2^30 nodes, 2^32 leaf values; leaf values beyond 2^100 in sum
 *          APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_code_forest_create(const apo_model *model,
                                                apo_code_forest **out,
                                                apo_error *err);
void apo_code_forest_destroy(apo_code_forest **forest);

#endif
