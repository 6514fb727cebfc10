/* shuffles.h - which rows permutation importance uses, and how a repeat permutes them. */
#ifndef APO_ENGINE_EXPLAINERS_IMPORTANCE_SHUFFLES_H
#define APO_ENGINE_EXPLAINERS_IMPORTANCE_SHUFFLES_H

#include <stdint.h>

#include "engine/core/error.h"

enum { APO_MAX_SHUFFLED_ROWS = 1 << 25 }; /* a sequence of draw.h has twice as many words */

/** The permutation of repeat `repeat`: a permuted column takes row out[row]'s value for `row`.
 *
 * Every player of a repeat moves by the same permutation; repeats are independent.
 *
 * Shapes:  out [n_rows], a uniform permutation of 0..n_rows-1
 * Fails:   APO_ERR_LIMIT  more than APO_MAX_SHUFFLED_ROWS
 * Source:  stream 4 of draw.h, a = repeat, b = 0.
 */
APO_NODISCARD apo_status
apo_shuffle_rows(uint64_t seed, uint32_t repeat, uint32_t n_rows, uint32_t *out, apo_error *err);

/** `n_chosen` of `n_rows` rows, without replacement, in ascending order.
 *
 * Shapes:  out [n_chosen]
 * Fails:   APO_ERR_ARGUMENT  n_chosen is above n_rows
 *          APO_ERR_LIMIT     n_chosen is above APO_MAX_SHUFFLED_ROWS, n_rows above 2^32 - 1
 *          APO_ERR_MEMORY
 * Source:  stream 5 of draw.h, a = b = 0.
 */
APO_NODISCARD apo_status apo_shuffle_subset(
    uint64_t seed, uint64_t n_rows, uint32_t n_chosen, uint32_t *out, apo_error *err);

#endif
