/* least_squares.h - from the values of coalitions to attributions, under the sum constraint.
 *
 * A coalition list fixes a linear map: phi minimises
 *
 *     sum over coalitions z of  weight_z (v_z - v_empty - sum_i z_i phi_i)^2
 *     subject to                sum_i phi_i = v_full - v_empty = delta
 *
 * The last player l takes the constraint: phi_l = delta - (the others), which leaves a plain
 * weighted least-squares problem with X_zi = z_i - z_l and y_z = v_z - v_empty - z_l delta.  Its
 * Gram matrix X'WX is factored once, in fp64; each vector of values then costs one product.
 *
 * The product is computed in one fixed order per vector, whatever stands beside it in the call:
 * the same values give the same bits in every tile, and callers may split vectors over threads.
 */
#ifndef APO_ENGINE_SOLVE_LEAST_SQUARES_H
#define APO_ENGINE_SOLVE_LEAST_SQUARES_H

#include <stddef.h>
#include <stdint.h>

#include "engine/core/error.h"
#include "engine/explainers/kernel/coalitions.h"

/** An immutable map from values to attributions; independent of the coalitions it came from. */
typedef struct apo_projection apo_projection;

/** Factor the regression of a coalition list with at least 2 players.
 *
 * Owns:    on success *out goes back with apo_projection_destroy; the list is not kept.
 * Fails:   APO_ERR_LIMIT   the coalitions do not determine the values (a singular Gram matrix);
 *                          nothing is regularised; the message names a budget that suffices
 *          APO_ERR_MEMORY
 * Threads: may run at once.  The factorisation runs on as many threads as OpenBLAS was told to use.
 */
APO_NODISCARD apo_status apo_projection_create(const apo_coalitions *coalitions,
                                               apo_projection **out,
                                               apo_error *err);

/** As above for a game in which only `players` vary: the columns of the others are left out.
 *
 * Coalitions that differ in left-out players only become one, with their weights added; those that
 * hold all or none of `players` say nothing.  A complete list stays exact.
 *
 * Shapes:  players [n_players], ascending numbers of the list's players, at least 2 of them;
 *          phi of apo_projection_apply then is [n_rhs x n_players]
 */
APO_NODISCARD apo_status apo_projection_create_subset(const apo_coalitions *coalitions,
                                                      const uint32_t *players,
                                                      uint32_t n_players,
                                                      apo_projection **out,
                                                      apo_error *err);

/** Attributions of `n_rhs` games (rows times outputs) from their values.
 *
 * Each row of phi sums to v_full - v_empty up to the rounding of that sum.
 *
 * Shapes:  v [n_rhs x n_coalitions], link(v(S)) in the order of the list; v_empty and v_full
 *          [n_rhs], in the same units; phi [n_rhs x n_players], row-major
 * Fails:   APO_ERR_MEMORY  a work area of about 128 (n_coalitions + n_players) bytes
 * Threads: any number of calls may share a projection.
 */
APO_NODISCARD apo_status apo_projection_apply(const apo_projection *projection,
                                              size_t n_rhs,
                                              const double *v,
                                              const double *v_empty,
                                              const double *v_full,
                                              double *phi,
                                              apo_error *err);
void apo_projection_destroy(apo_projection **projection);

/** Bytes that a projection of this size will hold, and of those needed only while it is made. */
size_t apo_projection_bytes(uint32_t n_players, uint32_t n_coalitions);

#endif
