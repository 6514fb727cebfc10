/* memory_rows.h - rows that are in memory already, as a source. */
#ifndef APO_HOST_CLI_MEMORY_ROWS_H
#define APO_HOST_CLI_MEMORY_ROWS_H

#include "apportion.h"

typedef struct apo_memory_rows {
  apo_rows rows; /* borrowed */
  uint64_t n_given;
} apo_memory_rows;

/** The rows from the first one on; `rows` must outlive the source, which can be made again. */
apo_source apo_memory_rows_source(apo_memory_rows *rows);

#endif
