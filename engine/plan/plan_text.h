/* plan_text.h - the stable dump of a plan, for people and golden tests. */
#ifndef APO_ENGINE_PLAN_PLAN_TEXT_H
#define APO_ENGINE_PLAN_PLAN_TEXT_H

#include "engine/plan/plan.h"

/** Write plan->text.  Fails: APO_ERR_MEMORY. */
APO_NODISCARD apo_status apo_plan_write_text(apo_plan *plan,
                                             const apo_caps *const *caps,
                                             uint32_t n_devices,
                                             apo_error *err);

#endif
