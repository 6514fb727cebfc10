/* long_leaves.h - what leaves without tables need: background patterns, or quadrature points. */
#ifndef APO_ENGINE_EXACT_LONG_LEAVES_H
#define APO_ENGINE_EXACT_LONG_LEAVES_H

#include "engine/exact/exact_plan.h"

/** Distinct background patterns of each long leaf with the sums of their counts, and moments. */
APO_NODISCARD apo_status apo_long_pairs_prepare(apo_exact_plan *plan,
                                                const apo_exact_wish *wish,
                                                apo_error *err);

/** Ratios and Gauss points: ceil(D / 2) of them for D players, or Banzhaf's one. */
APO_NODISCARD apo_status apo_long_path_prepare(apo_exact_plan *plan, apo_error *err);

#endif
