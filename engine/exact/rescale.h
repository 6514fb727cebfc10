/* rescale.h - values of a sigmoid's output or of a loss, each background row's game rescaled.
 *
 * shap's TreeExplainer with model_output "probability" takes the values of the margin against one
 * background row at a time, times
 *
 *   rho(m_x, m_b) = (s(m_x) - s(m_b)) / (m_x - m_b)        s'(m_x) where both are equal
 *
 * so that they sum to s(m_x) - s(m_b), and averages over the background.  They are not the Shapley
 * values of s(margin).  A loop over the background would undo what summarising it saves.  But rho
 * is smooth in m_b, and the margins of the background are known before the first row: with nodes
 * m_k and Lagrange's weights L_k,
 *
 *   sum_b omega_b rho(m_x, m_b) phi_b  ~  sum_k rho(m_x, m_k) phi[omega_b L_k(m_b)]
 *
 * a few sets of signed weights, fixed by the background alone, and coefficients that are right for
 * any row.  rho has its poles at +-i pi, +-3 i pi, ...; m = pi sinh(u) takes the plane without the
 * rays behind them to the strip |Im u| < pi / 2, where K Chebyshev nodes over a segment of half
 * width h have an error of r^-K, r = a + sqrt(a^2 + 1), a = pi / (2 h).  Ten units of log-odds to
 * both sides take 28 nodes.  A background with no more different margins than that gets a set for
 * each of them and no error at all.
 *
 * The log-loss has rho of log(1 + e^m), less the target, and the same poles; the squared error has
 * m_x + m_b - 2 y, for which two sets are exact: Lagrange's at the least and the greatest margin.
 */
#ifndef APO_ENGINE_EXACT_RESCALE_H
#define APO_ENGINE_EXACT_RESCALE_H

#include "engine/data/background.h"
#include "engine/exact/loss.h"
#include "engine/model/model.h"

typedef struct apo_rescale {
  apo_loss loss; /* NONE: the probability */
  double scale;  /* of the sigmoid; margins below are times it */
  double base;   /* mean over the background: of the response, of the log-loss with target 0 ... */
  double other;  /* ... and 1; of the squared error: spread and mean of the margins */
  uint32_t n_sets;
  double *node; /* [n_sets] */
  double *unit; /* [n_sets] APO_COUNT_SCALE over the scale of the set's counts: a power of two */
} apo_rescale;

/** Whether a model's probabilities can be explained this way: a sigmoid of each output by itself. */
bool apo_rescale_can(const apo_model *model);

/** The mean of the explained output over the background, for a row with that target. */
double apo_rescale_base(const apo_rescale *rescale, double target);

/** The loss of a row. */
double apo_rescale_loss(const apo_rescale *rescale, double margin, double target);

/** Nodes for a background of which only rows and weights are read, and its counts in each set.
 *
 * Shapes:  margin [n_rows], finite; count_out [n_sets x n_rows], magnitudes of a set sum to at most
 *          APO_COUNT_SCALE
 * Owns:    both results pass to the caller; free() count_out
 * Fails:   APO_ERR_LIMIT  more than 2^29 rows;  APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_rescale_create(apo_loss loss,
                                            double scale,
                                            const apo_background *background,
                                            const double *margin,
                                            int32_t **count_out,
                                            apo_rescale **out,
                                            apo_error *err);
void apo_rescale_destroy(apo_rescale **rescale);

/** What a set's sums, taken with weights that add up to APO_COUNT_SCALE, count for a row.  The target counts for
 * a loss only. */
double apo_rescale_factor(const apo_rescale *rescale, uint32_t set, double margin, double target);

/** rho of the standard sigmoid.  Any finite margins. */
double apo_rescale_slope(double a, double b);

/** The most sets: enough for margins of +-1e6. */
enum { APO_MAX_RESCALE_SETS = 256 };

#endif
