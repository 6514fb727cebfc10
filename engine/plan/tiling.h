/* tiling.h - rows per tile from a budget of bytes, background rows per launch from one of time. */
#ifndef APO_ENGINE_PLAN_TILING_H
#define APO_ENGINE_PLAN_TILING_H

#include "engine/plan/plan.h"

/** Choose plan->tiling and plan->n_lanes for a run's devices.
 *
 * Fails:   APO_ERR_LIMIT  not even one row fits; the message says what is needed
 */
APO_NODISCARD apo_status apo_tiling_choose(apo_plan *plan,
                                           const apo_caps *const *caps,
                                           uint32_t n_devices,
                                           uint32_t launch_ms,
                                           apo_error *err);

/** Words of scratch that a work-group of coalition_mean needs, and of one lane's list of cubes. */
size_t apo_scratch_group_words(const apo_plan *plan, bool is_cpu, uint32_t n_words);
uint32_t apo_scratch_lane_words(const apo_plan *plan, bool is_cpu);

/** Work-groups that share one (row, block of background). */
uint32_t apo_scratch_chunks(bool is_cpu, uint32_t n_words);

#endif
