#include <stdlib.h>

#include "engine/explainers/estimator.h"
#include "engine/explainers/permutation/permutations.h"

// The table.  A new method adds its name here and touches nothing else.
#define EXPLAINERS(X) \
  X(kernel)           \
  X(permutation)      \
  X(exact)            \
  X(path)

#define DECLARE(name) extern const apo_explainer apo_explainer_##name;
EXPLAINERS(DECLARE)

#define ENTRY(name) &apo_explainer_##name,
static const apo_explainer *const explainers[] = {EXPLAINERS(ENTRY)};

apo_status apo_estimator_create(const apo_plan *plan, apo_estimator **out, apo_error *err) {
  *out = NULL;
  for (size_t i = 0; i < sizeof explainers / sizeof explainers[0]; ++i) {
    if (explainers[i]->method == plan->method) return explainers[i]->create(plan, out, err);
  }
  return apo_fail(err, APO_ERR_INTERNAL, "method %s has no estimator",
                  apo_method_text(plan->method));
}

void apo_estimator_destroy(apo_estimator **estimator) {
  if (estimator == NULL || *estimator == NULL) return;
  (*estimator)->destroy(*estimator);
  *estimator = NULL;
}

int apo_plan_has_errors(const apo_plan *plan) {
  uint32_t n_pairs;
  if (plan->method == APO_METHOD_LINEAR) return plan->gaussian.has_errors;
  return plan->method == APO_METHOD_PERMUTATION &&
         apo_permutation_pairs(plan->n_players, plan->n_samples, &n_pairs, NULL) == APO_OK &&
         n_pairs > 1;
}

uint32_t apo_varying_players(const apo_lane *lane, uint32_t row, uint32_t *out) {
  const uint32_t *mask = lane->varying + (size_t)row * lane->n_mask_words;
  uint32_t n = 0;
  for (uint32_t player = 0; player < lane->plan->n_players; ++player) {
    if ((mask[player / 32] >> (player % 32) & 1) != 0) out[n++] = player;
  }
  return n;
}

apo_status apo_coalition_values(const apo_lane *lane, uint32_t row, double *v, apo_error *err) {
  const apo_plan *plan = lane->plan;
  const uint32_t n = lane->lists.n_coalitions[row];
  for (uint32_t k = 0; k < plan->n_outputs; ++k) {
    for (uint32_t z = 0; z < n; ++z, ++v) {
      const double mean = apo_lane_mean(lane, row, 0, k, z) + plan->offset[k];
      const double complement =
          plan->n_planes == 2 ? apo_lane_mean(lane, row, 1, k, z) : 1.0 - mean;
      if (apo_plan_link(plan, mean, complement, v) != APO_OK) {
        return apo_fail(err, APO_ERR_FORMAT,
                        "output %u: coalition %u: mean output %g, the logit link needs it inside "
                        "(0, 1)",
                        k, z, mean);
      }
    }
  }
  return APO_OK;
}
