/* reduced.h - one array for all rows: the mean magnitude of each cell.
 *
 * Rows are added up in fp64 in their order, so the result depends neither on tiles nor on devices,
 * and no row is kept.  It is what abs(a).mean(axis=0) is of the array `a` that would have been
 * written, and has its shape without the rows: a mean |phi| for each player and |base|, or, with
 * interactions, a mean |cell| for each cell of the matrix.
 *
 *   x.npy     float32; ([outputs,] players + 1), or ([outputs,] players + 1, players + 1)
 *   x.csv, -  [output,]player,mean_abs, or [output,]first,second,mean_abs for the upper triangle
 */
#ifndef APO_HOST_STORES_REDUCED_H
#define APO_HOST_STORES_REDUCED_H

#include "host/stores/store.h"

/** As apo_store_kind.open.  The mean of no rows is NaN. */
APO_NODISCARD apo_status apo_reduced_open(const char *where,
                                          const apo_run_spec *spec,
                                          apo_store **out,
                                          apo_error *err);

#endif
