/* gaussian_parts.h - what the files of gaussian.h share.
 *
 * Inside, columns are those that vary, sorted by player, in units of their standard deviation;
 * players are those that have such columns.  Constant columns never get here.
 */
#ifndef APO_ENGINE_EXPLAINERS_LINEAR_GAUSSIAN_PARTS_H
#define APO_ENGINE_EXPLAINERS_LINEAR_GAUSSIAN_PARTS_H

#include "engine/explainers/linear/gaussian.h"

enum { APO_GAUSSIAN_BLOCK_ROWS = 256 }; /* of the background, at a time */

/** One game in those terms. */
typedef struct apo_gaussian_core {
  uint32_t n_columns;
  uint32_t n_players;
  uint32_t n_outputs;
  uint32_t *begin;     /* [n_players + 1] columns of player p are [begin[p], begin[p + 1]) */
  uint32_t *player;    /* [n_columns] */
  double *correlation; /* [n_columns x n_columns], both triangles, with the ridge */
  double *coefficient; /* [n_outputs x n_columns] per standard deviation */
} apo_gaussian_core;

/* A matrix M is [n_columns x n_outputs x n_players] here, so that a row's values are added up
 * column by column, in one order. */

/** M over all coalitions.  Shapes: out as above, zeroed.  Fails: APO_ERR_MEMORY. */
APO_NODISCARD apo_status apo_gaussian_enumerate(const apo_gaussian_core *core,
                                                double *out,
                                                apo_error *err);

/** The sum of M over pairs of orders [begin, end).  Shapes: out as above; work [n_columns^2].
 * Fails: APO_ERR_MEMORY. */
APO_NODISCARD apo_status apo_gaussian_add_orders(const apo_gaussian_core *core,
                                                 uint64_t seed,
                                                 uint32_t begin,
                                                 uint32_t end,
                                                 double *work,
                                                 double *out,
                                                 apo_error *err);

/** Batches of a sampled effort: 8, or one for each pair of fewer. */
uint32_t apo_gaussian_n_batches(const apo_gaussian_effort *effort);

/** Bytes that apo_gaussian_enumerate works in. */
double apo_gaussian_enumerate_bytes(double n_columns, double n_players, double n_outputs);

#endif
