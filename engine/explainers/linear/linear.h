/* linear.h - a linear model explains itself: phi_i = w_i (x_i - mean of the background's x_i). */
#ifndef APO_ENGINE_EXPLAINERS_LINEAR_LINEAR_H
#define APO_ENGINE_EXPLAINERS_LINEAR_LINEAR_H

#include <stdint.h>

#include "engine/core/error.h"
#include "engine/model/model.h"

/** A linear model with the mean of its background.  Borrows everything it points to. */
typedef struct apo_linear_game {
  const apo_linear *linear;
  const double *base; /* [n_outputs] the model's, margin units */
  uint32_t n_columns;
  uint32_t n_outputs;
  const double *means;              /* [n_columns], of apo_linear_means */
  const uint32_t *player_of_column; /* [n_columns], each below n_players; NULL: column = player */
  uint32_t n_players;               /* n_columns without player_of_column */
} apo_linear_game;

/** What a coefficient is multiplied with: the value, or 0 for a missing one where that is the rule.
 *
 * Fails:   APO_ERR_FORMAT  infinite, or missing without such a rule; the column is named
 */
APO_NODISCARD apo_status apo_linear_value(
    const apo_linear *linear, uint32_t column, double value, double *out, apo_error *err);

/** The weighted mean of what each column of the background adds, per unit of coefficient.
 *
 * A missing value adds 0 where the model says so, and then counts as 0 here.
 *
 * Shapes:  rows [n_rows x n_columns], row-major, after the model's transform; weights [n_rows],
 *          summing to 1; means [n_columns], 0 for columns without a coefficient
 * Fails:   APO_ERR_FORMAT  a value of a used column that is infinite, or missing where the model
 *                          has no rule for it; row and column are named
 */
APO_NODISCARD apo_status apo_linear_means(const apo_linear *linear,
                                          uint32_t n_columns,
                                          uint32_t n_outputs,
                                          const double *rows,
                                          uint64_t n_rows,
                                          const double *weights,
                                          double *means,
                                          apo_error *err);

/** The margin of each output when no player is present.  Shapes: out [n_outputs]. */
void apo_linear_base(const apo_linear_game *game, double *out);

/** Attributions of one row; columns of one player add up.
 *
 * Shapes:  row [n_columns], after the model's transform; phi [n_outputs x n_players]
 * Units:   margin
 * Fails:   APO_ERR_FORMAT  as apo_linear_means; the column is named
 */
APO_NODISCARD apo_status apo_linear_phi(const apo_linear_game *game,
                                        const double *row,
                                        double *phi,
                                        apo_error *err);

#endif
