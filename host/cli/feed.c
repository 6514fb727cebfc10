/* feed.c - blocks pass through, ids are queued. */
#include "host/cli/feed.h"

#include <inttypes.h>
#include <string.h>

#include "engine/core/error.h"
#include "engine/core/memory.h"

enum { MAX_SKIP_ROWS = 65536 };

/* Room for `n` more ids behind those that wait. */
static apo_status make_room(apo_feed *feed, size_t n, apo_error *err) {
  const size_t n_waiting = feed->n_ids - feed->first_id;
  if (feed->first_id > 0) {
    memmove(feed->ids, feed->ids + feed->first_id, n_waiting * sizeof *feed->ids);
    feed->first_id = 0;
    feed->n_ids = n_waiting;
  }
  if (n_waiting + n <= feed->capacity) return APO_OK;
  const size_t capacity = (n_waiting + n) * 2;
  char **ids = apo_resize(feed->ids, capacity, sizeof *ids);
  if (ids == NULL) return apo_fail(err, APO_ERR_MEMORY, "ids of rows: out of memory");
  feed->ids = ids;
  feed->capacity = capacity;
  return APO_OK;
}

static apo_status queue_ids(apo_feed *feed, uint64_t n_rows, apo_error *err) {
  const char *const *ids = apo_table_ids(feed->table);
  APO_TRY(make_room(feed, (size_t)n_rows, err));
  for (uint64_t row = 0; row < n_rows; ++row) {
    const char *id = ids == NULL || ids[row] == NULL ? "" : ids[row];
    char *copy = apo_alloc(strlen(id) + 1, 1);
    if (copy == NULL) return apo_fail(err, APO_ERR_MEMORY, "ids of rows: out of memory");
    memcpy(copy, id, strlen(id));
    feed->ids[feed->n_ids++] = copy;
  }
  return APO_OK;
}

static apo_status skip_rows(apo_feed *feed, apo_error *err) {
  while (feed->n_skip > 0) {
    const uint64_t n = feed->n_skip < MAX_SKIP_ROWS ? feed->n_skip : MAX_SKIP_ROWS;
    apo_rows rows = {0};
    APO_TRY(feed->inner.next(feed->inner.context, n, &rows, err));
    if (rows.n_rows == 0) {
      return apo_fail(err, APO_ERR_FORMAT,
                      "data: ends %" PRIu64 " rows before those that the store already holds",
                      feed->n_skip);
    }
    feed->n_skip -= rows.n_rows;
  }
  return APO_OK;
}

static apo_status next(apo_feed *feed, uint64_t max_rows, apo_rows *out, apo_error *err) {
  APO_TRY(skip_rows(feed, err));
  const uint64_t n = max_rows < feed->n_limit ? max_rows : feed->n_limit;
  if (n == 0) {
    *out = (apo_rows){.n_cols = apo_table_n_cols(feed->table)};
    return APO_OK;
  }
  APO_TRY(feed->inner.next(feed->inner.context, n, out, err));
  if (feed->n_limit != UINT64_MAX) feed->n_limit -= out->n_rows;
  return feed->keeps_ids ? queue_ids(feed, out->n_rows, err) : APO_OK;
}

static apo_status feed_next(void *context, uint64_t max_rows, apo_rows *out, apo_error *err) {
  apo_feed *feed = context;
  const apo_status status = next(feed, max_rows, out, err);
  if (status != APO_OK) feed->failed = true;
  return status;
}

apo_feed apo_feed_start(apo_table *table, uint64_t n_skip, bool keeps_ids) {
  return (apo_feed){.table = table,
                    .inner = apo_table_source(table),
                    .n_skip = n_skip,
                    .n_limit = UINT64_MAX,
                    .keeps_ids = keeps_ids};
}

apo_source apo_feed_source(apo_feed *feed) {
  return (apo_source){feed, feed_next};
}

/* The ids that were handed out last stay until now. */
const char *const *apo_feed_take_ids(apo_feed *feed, uint64_t n_rows) {
  if (!feed->keeps_ids) return NULL;
  for (size_t i = 0; i < feed->n_given; ++i) free(feed->ids[feed->first_id + i]);
  feed->first_id += feed->n_given;
  feed->n_given = (size_t)n_rows;
  return (const char *const *)(feed->ids + feed->first_id);
}

void apo_feed_clear(apo_feed *feed) {
  for (size_t i = feed->first_id; i < feed->n_ids; ++i) free(feed->ids[i]);
  free(feed->ids);
  *feed = (apo_feed){0};
}
