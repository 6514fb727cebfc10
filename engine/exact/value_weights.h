/* value_weights.h - how much a coalition counts: Shapley or Banzhaf, for players and for pairs.
 *
 * M(s, r) = integral of t^s (1 - t)^r: Shapley s! r! / (s + r + 1)!, Banzhaf 2^-(s + r).  Among D
 * players a coalition of s counts M(s, D - 1 - s) for a player and M(s, D - 2 - s) for a pair.  As
 * integers: round(M * 2^62 / total), total being the sum of all counts of the background (or 2^28
 * for path-dependent games, whose cover shares are in 2^-28), so that sums of weight * count are in 2^-62.
 */
#ifndef APO_ENGINE_EXACT_VALUE_WEIGHTS_H
#define APO_ENGINE_EXACT_VALUE_WEIGHTS_H

#include <stdint.h>

typedef enum apo_index_weights {
  APO_WEIGHTS_SHAPLEY = 0,
  APO_WEIGHTS_BANZHAF = 1
} apo_index_weights;

/** The sum of the counts of a weighted background, and the scale of cover shares. */
#define APO_COUNT_SCALE 1073741824u /* 2^30 */
#define APO_COVER_SCALE 268435456u  /* 2^28 */

/** M(s, r) as a real number.  Any s and r up to 8192. */
double apo_value_moment(apo_index_weights index, uint32_t s, uint32_t r);

/** The table of kernels/leaf_groups.h, APO_WEIGHTS words. */
void apo_value_weights(apo_index_weights index, uint64_t total, uint64_t *out);

/** The table of kernels/leaf_pairs, APO_MEETINGS words, from that of apo_value_weights. */
void apo_value_meetings(const uint64_t *weight, uint64_t *out);

/** moment[s * n + r] for s, r < n, as long_pairs reads it. */
void apo_value_moments(apo_index_weights index, uint64_t total, uint32_t n, uint64_t *out);

/** Gauss-Legendre points and weights on (0, 1), n of them; Banzhaf games take the one point 1/2 of
 * weight 1 instead. */
void apo_gauss_points(uint32_t n, double *point, double *weight);

#endif
