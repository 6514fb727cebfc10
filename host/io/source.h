/* source.h - tables from outside: rows in, a block at a time, columns matched to a model.
 *
 * Kinds are told apart by content for files (.npy magic, else CSV), "-" is CSV on stdin.  Memory
 * does not grow with rows: .npy is mapped, CSV is streamed.
 */
#ifndef APO_HOST_IO_SOURCE_H
#define APO_HOST_IO_SOURCE_H

#include <stdbool.h>

#include "apportion.h"
#include "engine/model/model.h"

typedef struct apo_table apo_table;

typedef struct apo_table_options {
  const apo_model *model;  /* columns to deliver, by name where both have names; NULL: every column;
                          * must outlive the table */
  const char *id_column;   /* CSV: column kept as row id, or NULL */
  const char *only_column; /* deliver this one column (targets, weights), or NULL */
  const char *missing;     /* CSV: comma list of missing words; NULL: NA, NaN, null.  An empty
                            * field and nan in any case are missing always */
} apo_table_options;

/** Open a table.
 *
 * With a model: a CSV header is matched to the model's names, order free, extra columns ignored
 * (counted for a warning), absent ones refused; a model without names takes columns by position.
 * Text in a column with a category table becomes its code; other text is a fault.
 *
 * Fails:   APO_ERR_IO           cannot be opened or read
 *          APO_ERR_FORMAT       not .npy or CSV; wrong dtype, rank or column count; no header
 *          APO_ERR_UNSUPPORTED  a source kind that is not built in ("postgresql:"), by name
 *          messages start with the path; CSV faults name line and column
 */
APO_NODISCARD apo_status apo_table_open(const char *where,
                                        const apo_table_options *options,
                                        apo_table **out,
                                        apo_error *err);
void apo_table_close(apo_table **table);

uint32_t apo_table_n_cols(const apo_table *table);
/** Name of a delivered column, or NULL. */
const char *apo_table_column_name(const apo_table *table, uint32_t column);
/** Rows, when known ahead (.npy); else UINT64_MAX. */
uint64_t apo_table_n_rows(const apo_table *table);
/** Columns of the file that the model does not use. */
uint32_t apo_table_n_ignored(const apo_table *table);
/** Fields so far that are no category the model knows, and by its rule count as missing or other. */
uint64_t apo_table_n_unknown(const apo_table *table);
/** True when the file names its columns and the model does not, so only their order tells. */
bool apo_table_is_by_position(const apo_table *table);

/** The table as apo_source: `next` gives views valid until the following `next`. */
apo_source apo_table_source(apo_table *table);

/** Ids of the rows of the latest block, NUL-terminated texts; NULL without id_column. */
const char *const *apo_table_ids(const apo_table *table);

/** Read the rest of a table into memory as fp64 (fp32 for an .npy of fp32), C order.
 *
 * Owns:    `*values_out` is freed by the caller with free()
 */
APO_NODISCARD apo_status apo_table_read_all(apo_table *table,
                                            apo_rows *rows_out,
                                            void **values_out,
                                            apo_error *err);

/** The digest of the delivered content ("sha256:..."), as engine/data/table_digest.h defines it: of
 * the columns under the model's names, or the table's own without a model, the rows, and the ids
 * where there are any.  So it does not depend on the kind of file, and it is the digest of a
 * background of the same rows.  For tables that can be read twice; stdin fails with
 * APO_ERR_UNSUPPORTED. */
APO_NODISCARD apo_status apo_table_digest(const char *where,
                                          const apo_table_options *options,
                                          char out[72],
                                          apo_error *err);

#endif
