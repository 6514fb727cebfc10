/* tiling.h - rows per tile from a budget of bytes, background rows per launch from one of time. */
#ifndef APO_ENGINE_PLAN_TILING_H
#define APO_ENGINE_PLAN_TILING_H

#include "engine/plan/plan.h"

/** Bytes on the device and on the host that a lane needs for tiles of `rows` and launches of
 * `background_rows`, beside what does not grow with either. */
void apo_tiling_bytes(const apo_plan *plan, bool is_cpu, apo_tiling *tiling);

/** Choose plan->tiling for devices of which the least able is `caps`.
 *
 * Fails:   APO_ERR_LIMIT  not even one row fits; the message says what is needed
 */
APO_NODISCARD apo_status apo_tiling_choose(apo_plan *plan,
                                           const apo_caps *caps,
                                           uint32_t launch_ms,
                                           apo_error *err);

/** Words of scratch that a work-group of coalition_mean needs, and of one lane's list of cubes. */
size_t apo_scratch_group_words(const apo_plan *plan, bool is_cpu, uint32_t n_words);
uint32_t apo_scratch_lane_words(const apo_plan *plan, bool is_cpu);

/** Work-groups that share one (row, block of background). */
uint32_t apo_scratch_chunks(bool is_cpu, uint32_t n_words);

#endif
