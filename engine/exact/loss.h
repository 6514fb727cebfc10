/* loss.h - the loss of a row's margin, and its divided difference between two margins.
 *
 *   log-loss        log(1 + e^m) - y m     y 0 or 1, m the log-odds: the scaled margin
 *   squared error   (y - m)^2              any y, m the margin
 *
 * Values of a loss are those of the margin against one background row at a time, times
 *
 *   rho(m_x, m_b) = (loss(m_x) - loss(m_b)) / (m_x - m_b)
 *
 * as shap's TreeExplainer has them with model_output "log_loss" (engine/exact/rescale.h).
 */
#ifndef APO_ENGINE_EXACT_LOSS_H
#define APO_ENGINE_EXACT_LOSS_H

#include "engine/model/model.h"

typedef enum apo_loss { APO_LOSS_NONE = 0, APO_LOSS_LOG = 1, APO_LOSS_SQUARED = 2 } apo_loss;

/** The loss that a model's values can be had of, or APO_LOSS_NONE.
 *
 * Trees with one output: log-loss with a sigmoid, squared error without a link unless the model's
 * library says that it was fitted to something else.
 */
apo_loss apo_loss_of(const apo_model *model);

/** "log-loss" and "squared error"; "none". */
const char *apo_loss_text(apo_loss loss);

/** Fails with APO_ERR_FORMAT unless targets are finite, and 0 or 1 for log-loss; names the row. */
APO_NODISCARD apo_status apo_loss_check(apo_loss loss,
                                        const double *target,
                                        uint64_t n,
                                        apo_error *err);

/** The loss of a row; 0 for APO_LOSS_NONE. */
double apo_loss_at(apo_loss loss, double margin, double target);

/** rho; where both margins are equal the derivative.  Any finite margins. */
double apo_loss_slope(apo_loss loss, double a, double b, double target);

#endif
