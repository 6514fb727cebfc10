/* split.h - the split rule as one thing, on plain numbers: the meaning that ranks must keep. */
#ifndef APO_ENGINE_FOREST_SPLIT_H
#define APO_ENGINE_FOREST_SPLIT_H

#include "engine/forest/forest.h"

/** The category code of `value`, or -1 when it has none (NaN, negative, 2^31 and beyond). */
int64_t apo_category_code(apo_code_rule rule, double value);

/** True when `value` goes left at node `node` (an index into the node arrays). */
bool apo_split_goes_left(const apo_forest *forest, uint64_t node, double value);

/** The leaf (0-based inside the tree) that a row reaches; `row` holds n_columns numbers. */
uint64_t apo_tree_leaf(const apo_forest *forest, uint32_t tree, const double *row);

/** The value of linear leaf `leaf` (an index into the leaf arrays) whose leaf_value is `value`. */
double apo_linear_leaf(const apo_forest *forest, uint64_t leaf, double value, const double *row);

/** Margins without the model's base: scale * sum / divide, fp64, trees in order.
 *
 * Shapes:  row [n_columns]; out [n_outputs], overwritten
 */
void apo_forest_margin(const apo_forest *forest, const double *row, double *out);

#endif
