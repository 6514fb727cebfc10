/* estimator.h - which coalitions a tile's rows ask for, and what their values say.
 *
 * An estimator serves one lane.  `prepare` reads which players vary in each row and fills the
 * lane's lists; once the lane has collected, `finish` turns mean outputs into attributions.  An
 * explainer is a folder; explainers.c lists them.
 */
#ifndef APO_ENGINE_EXPLAINERS_ESTIMATOR_H
#define APO_ENGINE_EXPLAINERS_ESTIMATOR_H

#include "engine/games/lane.h"

typedef struct apo_estimator apo_estimator;

/** One method that works through lanes; explainers.c lists them. */
typedef struct apo_explainer {
  apo_method method;
  apo_status (*create)(const apo_plan *plan, apo_estimator **out, apo_error *err);
} apo_explainer;

/** The first part of every estimator. */
struct apo_estimator {
  const apo_plan *plan;
  uint64_t host_bytes; /* held now; designs and draws come and go */
  /* Lists for the rows in `lane`, of which the first has number `row_number`. */
  apo_status (*prepare)(apo_estimator *self, apo_lane *lane, uint64_t row_number, apo_error *err);
  /* Attributions of one row of the lane.
   * Shapes: v_full [n_outputs]; phi and se [n_outputs x n_players], zero on entry */
  apo_status (*finish)(apo_estimator *self,
                       const apo_lane *lane,
                       uint32_t row,
                       const double *v_full,
                       double *phi,
                       double *se,
                       apo_error *err);
  /* The values of pairs of the same row, [n_outputs x n_pairs], not halved; valid until the next
   * call.  NULL for methods that have none. */
  const double *(*pairs)(apo_estimator *self, const apo_lane *lane, uint32_t row);
  void (*destroy)(apo_estimator *self);
};

/** The estimator of the plan's method.  Fails: APO_ERR_MEMORY. */
APO_NODISCARD apo_status apo_estimator_create(const apo_plan *plan,
                                              apo_estimator **out,
                                              apo_error *err);
void apo_estimator_destroy(apo_estimator **estimator);

/** The numbers of the players that vary in a row, ascending; returns how many.
 * Shapes: out [n_players]. */
uint32_t apo_varying_players(const apo_lane *lane, uint32_t row, uint32_t *out);

/** Values of the coalitions that a row uses: the link applied to their mean outputs.
 *
 * Shapes:  v [n_outputs x n_coalitions of the row]
 * Fails:   APO_ERR_FORMAT  the logit link met a mean outside (0, 1)
 */
APO_NODISCARD apo_status apo_coalition_values(const apo_lane *lane,
                                              uint32_t row,
                                              double *v,
                                              apo_error *err);

#endif
