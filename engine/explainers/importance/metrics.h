/* metrics.h - how good predictions are: weighted scores in fp64, greater is always better.
 *
 * Losses (logloss, rmse, mae) are negated, as in scikit-learn, so that what a permuted column
 * costs is baseline - score for every metric.
 */
#ifndef APO_ENGINE_EXPLAINERS_IMPORTANCE_METRICS_H
#define APO_ENGINE_EXPLAINERS_IMPORTANCE_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/core/error.h"

/** "auc", "logloss", "accuracy", "rmse", "mae", "r2"; never NULL. */
const char *apo_metric_text(apo_metric metric);
/** The metric of that name; false when there is none. */
bool apo_metric_find(const char *text, apo_metric *out);
/** True for metrics whose natural sign is the opposite of the score's: smaller is better. */
bool apo_metric_is_loss(apo_metric metric);
/** True for metrics that take the model's response (probabilities of classes, units of the target)
 * and not just any number that rises with it. */
bool apo_metric_needs_response(apo_metric metric);

/** What predictions are compared with.  Borrowed. */
typedef struct apo_targets {
  const double *target;  /* [n_rows]: class numbers from 0, or numbers to be met */
  const double *weights; /* [n_rows], or NULL for equal ones */
  uint64_t n_rows;
  uint32_t n_outputs; /* of a prediction */
} apo_targets;

/** Whether a metric can be computed from these targets, before anything is predicted.
 *
 * Fails:   APO_ERR_FORMAT       no rows; a target or weight that is not finite; a negative weight;
 *                               weights that sum to 0; auc: a target that is not 0 or 1, or one
 *                               class only; logloss, accuracy: a number that is no class of the
 *                               model; r2: fewer than two rows
 *          APO_ERR_UNSUPPORTED  a metric that does not fit the model's number of outputs
 */
APO_NODISCARD apo_status apo_metric_check(apo_metric metric,
                                          const apo_targets *targets,
                                          apo_error *err);

/** Score predictions; `targets` have passed apo_metric_check for this metric.
 *
 *     auc       share of pairs (1, 0) in the right order, ties one half; 1 output, or 2: the second
 *     logloss   - mean of -log p(target); probabilities clipped to [2^-52, 1 - 2^-52]; 1 output is
 *               the probability of class 1
 *     accuracy  share of rows whose greatest probability (the first of equals) is the target's;
 *               1 output: above 1/2 is class 1
 *     rmse mae  of 1 output, negated
 *     r2        1 - (squared errors) / (squared deviations from the weighted mean); without
 *               deviations 1 if there are no errors, else 0
 *
 * Shapes:  predictions [n_rows x n_outputs], row-major
 * Units:   response; auc takes any number that rises with it
 * Fails:   APO_ERR_FORMAT  a prediction that is NaN; rmse, mae, r2: infinite; logloss, accuracy:
 *                          outside [0, 1]; the row is named
 *          APO_ERR_MEMORY  auc sorts: 32 bytes per row
 * Threads: may run at once.
 * Source:  Mann and Whitney 1947 for auc; scikit-learn's metrics for conventions.
 */
APO_NODISCARD apo_status apo_metric_score(apo_metric metric,
                                          const apo_targets *targets,
                                          const double *predictions,
                                          double *out,
                                          apo_error *err);

#endif
