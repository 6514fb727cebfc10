/* compare.h - are two models the same, number for number? */
#ifndef APO_ENGINE_MODEL_COMPARE_H
#define APO_ENGINE_MODEL_COMPARE_H

#include "engine/model/model.h"

/** Find the first difference between two sealed models that are no callbacks.
 *
 * Compared is all that predicts, names or describes, doubles by their bits: columns, categories,
 * transform, cast, trees, coefficients, base, link, covers, library, objective, iterations.  Not
 * compared are format, digest, and the numbers of category sets: what counts is their codes.
 *
 * Fails:   APO_ERR_INTERNAL  with the place and both values
 */
APO_NODISCARD apo_status apo_model_compare(const apo_model *before,
                                           const apo_model *after,
                                           apo_error *err);

#endif
