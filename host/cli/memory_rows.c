/* memory_rows.c - a view that moves. */
#include "host/cli/memory_rows.h"

static apo_status next(void *context, uint64_t max_rows, apo_rows *out, apo_error *err) {
  apo_memory_rows *memory = context;
  const uint64_t n_left = memory->rows.n_rows - memory->n_given;
  const uint64_t at = memory->n_given * memory->rows.row_stride;
  (void)err;
  *out = memory->rows;
  out->n_rows = n_left < max_rows ? n_left : max_rows;
  if (memory->rows.dtype == APO_F64) {
    out->values = (const double *)memory->rows.values + at;
  } else {
    out->values = (const float *)memory->rows.values + at;
  }
  memory->n_given += out->n_rows;
  return APO_OK;
}

apo_source apo_memory_rows_source(apo_memory_rows *rows) {
  rows->n_given = 0;
  return (apo_source){rows, next};
}
