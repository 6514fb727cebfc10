/* run_linear.h - linear models with raw output: the closed form, on the host. */
#ifndef APO_HOST_API_RUN_LINEAR_H
#define APO_HOST_API_RUN_LINEAR_H

#include "engine/plan/plan.h"

/** As apo_plan_run, for plans of APO_METHOD_LINEAR. */
APO_NODISCARD apo_status apo_run_linear(const apo_plan *plan,
                                        const apo_source *source,
                                        const apo_sink *sink,
                                        const apo_watch *watch,
                                        apo_report *report,
                                        apo_error *err);

#endif
