/* explain_sink.h - where the tiles of `explain` go: a store, a file of standard errors, and the
 * count of rows that miss their prediction. */
#ifndef APO_HOST_CLI_EXPLAIN_SINK_H
#define APO_HOST_CLI_EXPLAIN_SINK_H

#include "host/cli/feed.h"
#include "host/cli/progress.h"
#include "host/stores/store.h"

typedef struct apo_explain_sink {
  apo_store *store;
  apo_store *errors; /* an array file that takes phi_se for phi; or NULL */
  double *zeros;     /* [n_outputs]: the base values of the array of errors */
  apo_feed *feed;    /* borrowed */
  apo_progress progress;
  double gap_tolerance; /* share of max(1, |prediction|) */
  bool sums_up;         /* false: rows are not meant to, and no gap is counted */
  uint64_t n_rows;
  uint64_t n_rows_over; /* rows with an output over the tolerance */
  double seconds_store;
  uint64_t n_kept_when_stopped;
  bool is_stopping;
  bool failed; /* a put failed; so a failed run is the destination's fault */
} apo_explain_sink;

/** As apo_sink.put and apo_watch.progress want it; `context` is the apo_explain_sink.
 *
 * After a signal, a store gets whole tiles until it has committed one more chunk; then, and with an
 * array file at once, the answer is APO_ERR_CANCELLED.
 */
apo_status apo_explain_sink_put(void *context, const apo_tile *tile, apo_error *err);
int apo_explain_sink_watch(void *context, uint64_t n_rows_done);

/** Close what is still open; unfinished array files vanish. */
void apo_explain_sink_close(apo_explain_sink *sink);

#endif
