/* summary.h - what is known of a run when its last row is there: sums, gaps, ids. */
#ifndef APO_HOST_STORES_SQLITE_SUMMARY_H
#define APO_HOST_STORES_SQLITE_SUMMARY_H

#include "engine/core/gaps.h"
#include "host/stores/chunk.h"
#include "host/stores/sqlite/database.h"

/** Which run, and what its summary needs to know of it. */
typedef struct apo_summary_spec {
  int64_t run_no;
  uint64_t n_rows;
  uint64_t n_rows_counted; /* rows whose gaps are not in `gaps` yet, from row 0 on */
  apo_chunk_shape shape;
  bool draws_are_shared;
  bool sums_up; /* false: rows need not sum to the output, and the run has no gaps */
} apo_summary_spec;

/** Write apo_global, key_type and the totals of apo_run, and make the run complete.  Within the
 * transaction that wrote the last chunk.
 *
 * Fails:   APO_ERR_FORMAT  ids that occur in more than one row; the first of them are named
 *          APO_ERR_IO, APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_summary_write(apo_database *database,
                                           const apo_summary_spec *spec,
                                           apo_gaps *gaps,
                                           apo_error *err);

#endif
