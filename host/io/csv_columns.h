/* csv_columns.h - what each column of a CSV file is for: its header against what is asked. */
#ifndef APO_HOST_IO_CSV_COLUMNS_H
#define APO_HOST_IO_CSV_COLUMNS_H

#include "host/io/codebook.h"
#include "host/io/source.h"

enum { APO_COLUMN_IGNORED = -1 };

/** The plan of a file.  All zero until it is made. */
typedef struct apo_csv_columns {
  apo_names header;    /* names as the file has them */
  int32_t *targets;    /* [header.n_names] delivered column, or APO_COLUMN_IGNORED */
  int64_t id_column;   /* place in the header, or -1 */
  uint32_t n_cols;     /* delivered */
  uint32_t n_ignored;  /* columns that a model has no use for */
  const char **names;  /* [n_cols] of the model, or else of the header */
  apo_codebook *books; /* [n_cols] for columns with categories; NULL when no column has */
  apo_names missing;   /* words that stand for a missing value */
  bool may_miss[256];  /* a missing word starts with this byte */
  uint64_t n_unknown;  /* fields so far that are no category the model knows, and count as none */
  bool is_by_position; /* the model has no names, and the header no numbers in order either */
} apo_csv_columns;

/** Decide, once the header is complete.
 *
 * `options->model` must outlive the plan.
 *
 * Fails:   APO_ERR_FORMAT  a name occurs twice; a column that is asked for is absent; the number of
 *                          columns is not the model's; the "header" is a row of numbers
 */
APO_NODISCARD apo_status apo_csv_columns_make(apo_csv_columns *columns,
                                              const apo_table_options *options,
                                              apo_error *err);
void apo_csv_columns_clear(apo_csv_columns *columns);

/** The value of a field for delivered column `target`: a number, NaN for a missing one, a code.
 *
 * Fails:   APO_ERR_FORMAT  with the text that was found; the caller adds line and column
 */
APO_NODISCARD apo_status apo_csv_columns_value(apo_csv_columns *columns,
                                               uint32_t target,
                                               const char *text,
                                               size_t n_bytes,
                                               double *out,
                                               apo_error *err);

#endif
