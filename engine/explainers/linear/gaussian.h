/* gaussian.h - a linear model explains itself when its columns depend on one another.
 *
 * The game is *observational*: v(S) = E[f(X) | X_S = x_S] for X normal with the mean mu and the
 * covariance of the weighted background, its diagonal times 1 + 2^-27.  What the absent columns
 * are expected to be is linear in what is known of the present ones, so the values of all rows are
 * one matrix times (x - mu):
 *
 *     v(S) = f(mu) + beta_S (x_S - mu_S),   beta_S = (c Sigma)_S (Sigma_SS)^-1
 *     phi  = M (x - mu),                    M_i = sum over S of weight_S (beta_(S+i) - beta_S)
 *
 * with c the coefficients.  M depends on the model and the background only and is built once: over
 * all coalitions where these are few enough, else over random orders of the players, each with its
 * reverse.  Rows of M add up to c in both, so base + sum of phi = f(x).
 *
 * The factor 1 + 2^-27 makes every Sigma_SS regular.  Columns that repeat one another, or depend on
 * others linearly, share alike what they tell, as with the pseudo-inverse of the correlations.  A
 * column that is constant in the background tells nothing and is told nothing: phi = c (x - mu).
 */
#ifndef APO_ENGINE_EXPLAINERS_LINEAR_GAUSSIAN_H
#define APO_ENGINE_EXPLAINERS_LINEAR_GAUSSIAN_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/core/error.h"
#include "engine/model/model.h"

enum {
  APO_GAUSSIAN_PAIRS = 4096, /* of orders, automatic; fewer above 203 columns */
  APO_GAUSSIAN_BATCHES = 8   /* of pairs, whose spread is the standard error */
};

/** The covariance's diagonal is multiplied by 1 + this. */
#define APO_GAUSSIAN_RIDGE 0x1p-27

/** What is explained.  Borrows everything it points to. */
typedef struct apo_gaussian_game {
  const apo_linear *linear;
  uint32_t n_columns;
  uint32_t n_outputs;
  const double *rows; /* [n_rows x n_columns] background, row-major, after the model's transform */
  uint64_t n_rows;
  const double *weights;            /* [n_rows], summing to 1 */
  const uint8_t *is_constant;       /* [n_columns] every background row has the same value */
  const uint32_t *player_of_column; /* [n_columns], each below n_players */
  uint32_t n_players;
} apo_gaussian_game;

/** How M is found. */
typedef struct apo_gaussian_effort {
  uint32_t n_players; /* that have a column that varies */
  uint32_t n_columns; /* that vary */
  uint32_t n_pairs;   /* of random orders; 0: all coalitions, exactly */
  bool has_errors;    /* standard errors are found: more than one pair, M at most 32 MiB */
  uint64_t bytes;     /* of memory, at most, while M is built */
} apo_gaussian_effort;

/** Choose: exact while 2^players coalitions cost about a second at most, else sampled.
 *
 * `n_samples` counts evaluations as permutation SHAP does, 2 players + 1 a pair, players being
 * those that vary; from 8 pairs on their number is rounded down to a multiple of 8.  0 asks for 4096
 * pairs, or for 2^35 / columns^3 where that is less, but 8 at least.  It does not matter where the
 * values are exact.
 *
 * Fails:   APO_ERR_LIMIT  fewer samples than one pair needs
 *          APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_gaussian_choose(const apo_gaussian_game *game,
                                             uint64_t n_samples,
                                             apo_gaussian_effort *out,
                                             apo_error *err);

/** Evaluations that an effort stands for; 0 of an exact one. */
uint64_t apo_gaussian_n_samples(const apo_gaussian_effort *effort);

/** The matrix M with the mean of the background. */
typedef struct apo_gaussian apo_gaussian;

/** Build M.
 *
 * Owns:    on success *out goes back with apo_gaussian_destroy; `game` is borrowed until then
 * Fails:   APO_ERR_FORMAT  a value of a column that varies, or has a coefficient, that is infinite,
 *                          or missing where the model has no rule for it; row and column are named
 *          APO_ERR_LIMIT   a column's spread is beyond the range of doubles
 *          APO_ERR_MEMORY
 * Source:  Aas, Jullum and Loland 2021 (doi 10.1016/j.artint.2021.103502), section 3.1; orders of
 *          players: stream 3 of draw.h, a = APO_DRAW_SHARED, b = pair.
 */
APO_NODISCARD apo_status apo_gaussian_create(const apo_gaussian_game *game,
                                             const apo_gaussian_effort *effort,
                                             uint64_t seed,
                                             apo_gaussian **out,
                                             apo_error *err);
void apo_gaussian_destroy(apo_gaussian **gaussian);

/** Attributions of one row.
 *
 * Shapes:  row [n_columns], after the model's transform; phi and phi_se [n_outputs x n_players];
 *          phi_se may be NULL, and is 0 where nothing was sampled: standard deviation of the
 *          batches' values (their number - 1) / sqrt(their number)
 * Units:   margin
 * Fails:   APO_ERR_FORMAT  as apo_gaussian_create; the column is named
 * Threads: one call at a time
 */
APO_NODISCARD apo_status apo_gaussian_phi(
    apo_gaussian *gaussian, const double *row, double *phi, double *phi_se, apo_error *err);

#endif
