/* permutations.h - antithetic permutation SHAP: which coalitions it evaluates, and what they say.
 *
 * Players enter one after another in a random order, and what v gains when a player enters is one
 * estimate of its attribution.  Then they leave in the same order, which is the same as entering in
 * the reversed order, and gives a second one.  The mean of both is the estimate of one *pair*; the
 * result is the mean over independent pairs, and their spread is its standard error.
 *
 * Evaluations of pair p, for M players, start at first = p * 2 (M - 1):
 *
 *     first + j            holds the first j + 1 players of the order          j = 0 .. M-2
 *     first + (M-1) + j    holds all but the first j + 1 players of the order  j = 0 .. M-2
 *
 * so n_evaluations = n_pairs * 2 (M - 1); the empty and the full coalition are known apart.
 */
#ifndef APO_ENGINE_EXPLAINERS_PERMUTATION_PERMUTATIONS_H
#define APO_ENGINE_EXPLAINERS_PERMUTATION_PERMUTATIONS_H

#include <stdint.h>

#include "engine/core/error.h"

enum { APO_AUTO_PERMUTATION_PAIRS = 10 };

/** How many pairs a number of model evaluations pays for: n_samples / (2 M + 1); 0 asks for 10.
 *
 * Fails:   APO_ERR_LIMIT  not one pair; the least number is named
 *          APO_ERR_LIMIT  more than 2^31 evaluations per row
 */
APO_NODISCARD apo_status apo_permutation_pairs(uint32_t n_players,
                                               uint64_t n_samples,
                                               uint32_t *out,
                                               apo_error *err);

/** n_pairs * 2 (M - 1); 0 for fewer than 2 players. */
uint32_t apo_permutation_n_evaluations(uint32_t n_players, uint32_t n_pairs);

/** The orders of a row.
 *
 * Shapes:  orders [n_pairs x n_players]; orders[p][q] is the player that enters q-th
 * Source:  stream 3 of draw.h, a = row, b = p.
 */
void apo_permutation_orders(
    uint32_t n_players, uint32_t n_pairs, uint64_t seed, uint64_t row, uint32_t *orders);

/** The coalitions of those orders as bit-sliced columns (coalitions.h).
 *
 * Shapes:  orders as above; bits [n_players x n_words], n_words = (n_evaluations + 31) / 32
 */
void apo_permutation_bits(uint32_t n_players,
                          uint32_t n_pairs,
                          const uint32_t *orders,
                          uint32_t *bits);

/** Attributions of one row and output, and their standard errors.
 *
 * One player gets all, with an error of 0.  With one pair the error cannot be known: it is NaN.
 *
 * Shapes:  v [n_evaluations] in the order above; phi [n_players]; phi_se [n_players] or NULL:
 *          standard deviation (n_pairs - 1) of the pairs' estimates / sqrt(n_pairs)
 * Source:  Castro, Gomez and Tejada 2009; antithetic form: Mitchell et al. 2022 (arXiv 2104.12199).
 */
void apo_permutation_phi(uint32_t n_players,
                         uint32_t n_pairs,
                         const uint32_t *orders,
                         const double *v,
                         double v_empty,
                         double v_full,
                         double *phi,
                         double *phi_se);

#endif
