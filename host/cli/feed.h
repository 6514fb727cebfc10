/* feed.h - a table on its way into a plan: rows already done are skipped, ids wait for their tile.
 *
 * A plan reads ahead: when a tile reaches the sink, the table has lent later blocks, and their ids
 * with them.  So ids are copied as blocks go by and handed out in row order.
 */
#ifndef APO_HOST_CLI_FEED_H
#define APO_HOST_CLI_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "host/io/source.h"

typedef struct apo_feed {
  apo_table *table; /* borrowed */
  apo_source inner;
  uint64_t n_skip;  /* rows still to be passed over */
  uint64_t n_limit; /* rows still to be given; UINT64_MAX for all */
  bool keeps_ids;
  char **ids; /* [n_ids] from first_id on, in row order */
  size_t first_id;
  size_t n_ids;
  size_t n_given; /* of the waiting ids, handed out last and not yet freed */
  size_t capacity;
  bool failed; /* the table refused; so a failed run is the input's fault */
} apo_feed;

/** Begin behind `n_skip` rows.  The table must outlive the feed. */
apo_feed apo_feed_start(apo_table *table, uint64_t n_skip, bool keeps_ids);
/** The feed as a source.  Fails: as the table; APO_ERR_FORMAT  it ends within the skipped rows. */
apo_source apo_feed_source(apo_feed *feed);
/** The ids of the next `n_rows` rows, valid until the next call; NULL without ids. */
const char *const *apo_feed_take_ids(apo_feed *feed, uint64_t n_rows);
void apo_feed_clear(apo_feed *feed);

#endif
