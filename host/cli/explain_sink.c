/* explain_sink.c - tiles to their destinations. */
#include "host/cli/explain_sink.h"

#include <stdio.h>

#include <math.h>

#include "engine/core/error.h"
#include "engine/core/memory.h"
#include "host/api/clock.h"
#include "host/cli/stop.h"

static void count_gaps(apo_explain_sink *sink, const apo_tile *tile) {
  for (uint32_t row = 0; sink->sums_up && row < tile->n_rows; ++row) {
    bool is_over = false;
    for (uint32_t output = 0; output < tile->n_outputs; ++output) {
      const size_t at = (size_t)row * tile->n_outputs + output;
      const double scale = fmax(1, fabs(tile->prediction[at]));
      // Written so that a gap that is no number is over.
      if (!((double)tile->gap[at] <= sink->gap_tolerance * scale)) is_over = true;
    }
    sink->n_rows_over += is_over;
  }
  sink->n_rows += tile->n_rows;
}

static apo_status put_errors(apo_explain_sink *sink, const apo_tile *tile, apo_error *err) {
  if (sink->errors == NULL) return APO_OK;
  if (tile->phi_se == NULL) {
    return apo_fail(err, APO_ERR_INTERNAL, "--errors: a tile without standard errors");
  }
  apo_tile errors = *tile;
  errors.phi = tile->phi_se;
  errors.phi_se = NULL;
  errors.base = sink->zeros;
  errors.row_base = NULL;
  return apo_store_put(sink->errors, &errors, NULL, err);
}

/* True when a signal came and this is a place to stop. */
static bool is_time_to_stop(apo_explain_sink *sink, uint64_t n_kept_before) {
  if (!apo_stop_wanted()) return false;
  if (sink->store->run_id[0] == '\0') return true;  // nothing of an array file could be resumed
  if (!sink->is_stopping) {
    sink->is_stopping = true;
    fputs("apportion: stopping when this chunk is whole; a second signal stops at once\n", stderr);
    sink->n_kept_when_stopped = n_kept_before;
  }
  return sink->store->n_rows_kept != sink->n_kept_when_stopped;
}

apo_status apo_explain_sink_put(void *context, const apo_tile *tile, apo_error *err) {
  apo_explain_sink *sink = context;
  const double begun = apo_clock_seconds();
  const uint64_t n_kept_before = sink->store->n_rows_kept;
  const char *const *ids = apo_feed_take_ids(sink->feed, tile->n_rows);
  count_gaps(sink, tile);
  apo_status status = apo_store_put(sink->store, tile, ids, err);
  if (status == APO_OK) status = put_errors(sink, tile, err);
  sink->seconds_store += apo_clock_seconds() - begun;
  if (status != APO_OK) {
    sink->failed = true;
    return status;
  }
  apo_progress_show(&sink->progress, sink->n_rows);
  if (!is_time_to_stop(sink, n_kept_before)) return APO_OK;
  return apo_fail(err, APO_ERR_CANCELLED, "stopped by a signal");
}

int apo_explain_sink_watch(void *context, uint64_t n_rows_done) {
  apo_explain_sink *sink = context;
  (void)n_rows_done;  // rows computed; shown are rows put
  apo_progress_show(&sink->progress, sink->n_rows);
  return apo_stop_wanted() && sink->store->run_id[0] == '\0';
}

void apo_explain_sink_close(apo_explain_sink *sink) {
  apo_store_close(&sink->errors);
  apo_store_close(&sink->store);
  free(sink->zeros);
  sink->zeros = NULL;
}
