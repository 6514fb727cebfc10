/* rescaled_plan.h - the parts of a plan for probabilities and losses of exact values. */
#ifndef APO_ENGINE_PLAN_RESCALED_PLAN_H
#define APO_ENGINE_PLAN_RESCALED_PLAN_H

#include "engine/plan/plan.h"

/** Fails with APO_ERR_UNSUPPORTED, by name, unless the plan's method has the model's loss. */
APO_NODISCARD apo_status apo_plan_check_loss(const apo_plan *plan, apo_error *err);

/** Take the request's targets, whose number is compared when the source ends.
 *
 * Fails:   APO_ERR_ARGUMENT  none for a loss, or some for another output
 *          APO_ERR_FORMAT    as apo_loss_check
 */
APO_NODISCARD apo_status apo_plan_take_targets(apo_plan *plan,
                                               const apo_request *request,
                                               apo_error *err);

/** The base of an output; of a loss, which has one for each row, their mean. */
double apo_plan_rescaled_base(const apo_plan *plan, uint32_t output);

#endif
