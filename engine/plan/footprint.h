/* footprint.h - the bytes of a run, by what holds them: as engine/games, the explainers and the
 * runner allocate.  Whoever adds a buffer there adds it here; unit.footprint compares the two.
 */
#ifndef APO_ENGINE_PLAN_FOOTPRINT_H
#define APO_ENGINE_PLAN_FOOTPRINT_H

#include "engine/plan/plan.h"

typedef struct apo_footprint {
  uint64_t device_bytes;
  uint64_t host_bytes;
  uint64_t largest_buffer;
} apo_footprint;

/** One lane with its estimator and its tile. */
void apo_footprint_lane(const apo_plan *plan,
                        bool is_cpu,
                        const apo_tiling *tiling,
                        apo_footprint *out);

/** What the lanes of one device share there. */
uint64_t apo_footprint_constants(const apo_plan *plan);

/** The results of one tile on the host, whatever the number of lanes. */
uint64_t apo_footprint_run(const apo_plan *plan, const apo_tiling *tiling);

/** Projections that a lane's Kernel SHAP may keep at once. */
uint64_t apo_footprint_projections(const apo_plan *plan);

/** Elements of orders that a lane's permutation SHAP draws in one launch, unless one row needs
 * more. */
enum { APO_ORDERS_AT_ONCE = 1 << 20 };

#endif
