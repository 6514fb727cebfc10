/* iterations.h - keep the trees of some boosting iterations, as iteration_range does elsewhere. */
#ifndef APO_ENGINE_MODEL_ITERATIONS_H
#define APO_ENGINE_MODEL_ITERATIONS_H

#include "engine/model/model.h"

/** Keep the trees of iterations [begin, end) of a model that is not sealed yet.
 *
 * The base stays.  A forest that averages over its iterations averages over those it keeps.
 * `end` 0 stands for all iterations, APO_BEST_ITERATION for those up to the best one; it becomes
 * the number that it stands for.  `*is_part` says whether any tree went;
 * the best iteration is then counted from `begin`, if it stayed.
 *
 * Fails:   APO_ERR_ARGUMENT     no such iterations, or no best one is stated
 *          APO_ERR_UNSUPPORTED  the model knows no iterations
 */
APO_NODISCARD apo_status apo_model_keep_iterations(
    apo_model *model, uint64_t begin, uint64_t *end, bool *is_part, apo_error *err);

#endif
