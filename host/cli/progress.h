/* progress.h - how far a long command has come, on stderr. */
#ifndef APO_HOST_CLI_PROGRESS_H
#define APO_HOST_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "host/cli/options.h"

typedef enum apo_progress_kind {
  APO_PROGRESS_NEVER,
  APO_PROGRESS_BAR, /* one line that is written over, on a terminal */
  APO_PROGRESS_JSON /* one line a second */
} apo_progress_kind;

typedef struct apo_progress {
  apo_progress_kind kind;
  uint64_t total; /* rows; UINT64_MAX when not known */
  uint64_t chunk_rows;
  double begun;
  double shown; /* when a line was last written */
  bool is_open; /* the bar's line is not finished */
} apo_progress;

/** Decide by --progress and -q, and by whether stderr is a terminal. */
apo_progress apo_progress_start(const apo_options *options, uint64_t total, uint64_t chunk_rows);
/** Say that `n_rows` are done, if it is time to. */
void apo_progress_show(apo_progress *progress, uint64_t n_rows);
/** The last word: a json line for the end, or an empty line where the bar was. */
void apo_progress_end(apo_progress *progress, uint64_t n_rows);

#endif
