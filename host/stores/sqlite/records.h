/* records.h - the rows that say what a run is: model, background, input, players, the run itself. */
#ifndef APO_HOST_STORES_SQLITE_RECORDS_H
#define APO_HOST_STORES_SQLITE_RECORDS_H

#include "host/stores/run.h"
#include "host/stores/sqlite/database.h"

/** A run in a store, as it was found or made. */
typedef struct apo_run_record {
  int64_t run_no;
  uint32_t chunk_rows;
  uint64_t n_rows_done; /* in done chunks from row 0 on, or all rows when it is complete */
  uint32_t n_chunks_done;
  bool is_complete;
} apo_run_record;

/** The tables of a new store.  Within a transaction. */
APO_NODISCARD apo_status apo_records_create(apo_database *database,
                                            const char *software,
                                            apo_error *err);

/** The views that stores of earlier versions lack; only runs of other layouts than dense need them.
 * Within a transaction. */
APO_NODISCARD apo_status apo_records_add_views(apo_database *database, apo_error *err);

/** Give the lines of a store that was made before runs of a loss a place for their own base. */
APO_NODISCARD apo_status apo_records_add_base(apo_database *database, apo_error *err);

/** Find the run of this identity, or write it with everything it refers to.  Within a transaction.
 *
 * Fails:   APO_ERR_ARGUMENT  the run or input is there with another id column, or with rows that
 *                            have standard errors when these have none, or the other way round
 *          APO_ERR_IO        the run is being purged; the database refused
 */
APO_NODISCARD apo_status apo_records_open_run(apo_database *database,
                                              const apo_run_spec *spec,
                                              const apo_run_identity *identity,
                                              uint32_t chunk_rows,
                                              apo_run_record *out,
                                              apo_error *err);

#endif
