/* csv_table.c - a CSV file as a table: fp64 rows in one buffer, handed out a block at a time.
 *
 *   rows   |  lent before  |  lent now  |  read ahead  |  being read  |
 *             dropped        n_lent        at most the records of one piece of the file
 *
 * The buffer holds one block and what the last piece of the file gave beyond it, so memory depends
 * on the size of blocks and not on the length of the file.  Ids lie beside the rows in one text.
 */
#include <inttypes.h>
#include <string.h>

#include "engine/core/memory.h"
#include "host/io/csv.h"
#include "host/io/csv_columns.h"
#include "host/io/quoted.h"
#include "host/io/table.h"

enum { MAX_ID_BYTES = 256 };  // what a store keeps of a key

typedef struct csv_table {
  apo_table table;
  apo_csv *csv;
  const apo_table_options *options; /* of the caller, while it opens; then NULL */
  apo_csv_columns columns;
  bool has_columns;
  bool is_end;
  uint32_t n_fields; /* of the record under way */

  double *values; /* [capacity x n_cols] */
  uint64_t capacity;
  uint64_t n_rows;    /* complete ones in the buffer */
  uint64_t first_row; /* the first that was not dropped */
  uint64_t n_lent;

  char *id_text; /* [id_capacity] NUL-terminated ids of the rows, one behind the other */
  size_t id_capacity;
  size_t id_bytes;
  size_t *id_at;    /* [capacity] where the id of each row starts in it */
  const char **ids; /* [ids_capacity] of the rows that are lent */
  uint64_t ids_capacity;

  apo_status status; /* of an earlier failure, which stays */
  apo_error failure;
} csv_table;

/* --- the buffer ------------------------------------------------------------------------------- */

/* Room for one more row. */
static apo_status grow(csv_table *csv, apo_error *err) {
  if (csv->n_rows < csv->capacity) return APO_OK;
  const uint64_t capacity = csv->capacity > 0 ? 2 * csv->capacity : 64;
  const uint64_t row_bytes = csv->columns.n_cols * (uint64_t)sizeof *csv->values;
  double *values =
      capacity > SIZE_MAX ? NULL : apo_resize(csv->values, (size_t)capacity, (size_t)row_bytes);
  if (values == NULL)
    return apo_fail(err, APO_ERR_MEMORY, "no memory for %" PRIu64 " rows", capacity);
  csv->values = values;
  if (csv->columns.id_column >= 0) {
    size_t *id_at = apo_resize(csv->id_at, (size_t)capacity, sizeof *id_at);
    if (id_at == NULL) return apo_fail(err, APO_ERR_MEMORY, "no memory for ids");
    csv->id_at = id_at;
  }
  csv->capacity = capacity;
  return APO_OK;
}

/* Forget the rows before first_row.  The text ends anywhere, so a row may have begun behind the last
 * whole one, and its fields so far move along. */
static void compact(csv_table *csv) {
  const uint64_t n_dropped = csv->first_row;
  const uint64_t n_kept = csv->n_rows - n_dropped;
  const uint64_t n_moved = n_kept + (csv->n_fields > 0 ? 1 : 0);
  if (n_dropped == 0) return;
  if (csv->id_at != NULL) {
    const uint64_t n_ids = n_kept + ((int64_t)csv->n_fields > csv->columns.id_column ? 1 : 0);
    const size_t from = n_ids > 0 ? csv->id_at[n_dropped] : csv->id_bytes;
    for (uint64_t row = 0; row < n_ids; ++row) {
      csv->id_at[row] = csv->id_at[n_dropped + row] - from;
    }
    if (csv->id_text != NULL) memmove(csv->id_text, csv->id_text + from, csv->id_bytes - from);
    csv->id_bytes -= from;
  }
  if (n_moved > 0) {
    const size_t n_cols = csv->columns.n_cols;
    memmove(csv->values, csv->values + n_dropped * n_cols,
            (size_t)n_moved * n_cols * sizeof *csv->values);
  }
  csv->n_rows = n_kept;
  csv->first_row = 0;
}

/* --- fields and records ----------------------------------------------------------------------- */

static apo_status take_name(csv_table *csv, const char *text, size_t n_bytes, apo_error *err) {
  if (csv->columns.header.n_names == APO_CSV_MAX_COLUMNS) {
    return apo_fail(err, APO_ERR_LIMIT, "more than %d columns", APO_CSV_MAX_COLUMNS);
  }
  return apo_prefix(err, apo_names_add(&csv->columns.header, text, n_bytes, err), "header: ");
}

static apo_status take_id(csv_table *csv, const char *text, size_t n_bytes, apo_error *err) {
  if (n_bytes == 0 || n_bytes > MAX_ID_BYTES) {
    return apo_fail(err, APO_ERR_FORMAT, "an id of %zu bytes, needed 1 to %d", n_bytes,
                    MAX_ID_BYTES);
  }
  if (!apo_utf8_valid(text, n_bytes)) return apo_fail(err, APO_ERR_FORMAT, "not UTF-8");
  if (csv->id_capacity - csv->id_bytes < n_bytes + 1) {
    const size_t capacity = 2 * csv->id_capacity + MAX_ID_BYTES + 1;
    char *larger = apo_resize(csv->id_text, capacity, 1);
    if (larger == NULL) return apo_fail(err, APO_ERR_MEMORY, "no memory for ids");
    csv->id_text = larger;
    csv->id_capacity = capacity;
  }
  csv->id_at[csv->n_rows] = csv->id_bytes;
  memcpy(csv->id_text + csv->id_bytes, text, n_bytes);
  csv->id_text[csv->id_bytes + n_bytes] = '\0';
  csv->id_bytes += n_bytes + 1;
  return APO_OK;
}

static apo_status take_value(
    csv_table *csv, uint32_t place, const char *text, size_t n_bytes, apo_error *err) {
  const int32_t target = csv->columns.targets[place];
  if (target < 0) {
    if (apo_utf8_valid(text, n_bytes)) return APO_OK;
    return apo_fail(err, APO_ERR_FORMAT, "not UTF-8");
  }
  double *row = csv->values + csv->n_rows * csv->columns.n_cols;
  return apo_csv_columns_value(&csv->columns, (uint32_t)target, text, n_bytes, &row[target], err);
}

static apo_status take_field(void *context, const char *text, size_t n_bytes, apo_error *err) {
  csv_table *csv = context;
  if (!csv->has_columns) return take_name(csv, text, n_bytes, err);
  const uint32_t place = csv->n_fields;
  if (place >= csv->columns.header.n_names) {
    if (csv->n_fields < UINT32_MAX) ++csv->n_fields;  // counted, and refused with its record
    return APO_OK;
  }
  ++csv->n_fields;
  if (place == 0) APO_TRY(grow(csv, err));
  apo_status status = APO_OK;
  if ((int64_t)place == csv->columns.id_column) status = take_id(csv, text, n_bytes, err);
  if (status == APO_OK) status = take_value(csv, place, text, n_bytes, err);
  if (status == APO_OK) return APO_OK;
  const char *name = csv->columns.header.texts[place];
  return apo_prefix(err, status, "column %s: ", apo_quote(name, strlen(name)).text);
}

static apo_status take_record(void *context, apo_error *err) {
  csv_table *csv = context;
  const uint32_t n_fields = csv->n_fields;
  csv->n_fields = 0;
  if (!csv->has_columns) {
    APO_TRY(apo_csv_columns_make(&csv->columns, csv->options, err));
    csv->has_columns = true;
    return APO_OK;
  }
  if (n_fields != csv->columns.header.n_names) {
    return apo_fail(err, APO_ERR_FORMAT, "%u fields, the header has %u", n_fields,
                    csv->columns.header.n_names);
  }
  ++csv->n_rows;
  return APO_OK;
}

/* --- blocks ----------------------------------------------------------------------------------- */

static apo_status read_ahead(csv_table *csv, uint64_t n_wanted) {
  while (csv->status == APO_OK && !csv->is_end && csv->n_rows - csv->first_row < n_wanted) {
    compact(csv);
    csv->status = apo_csv_read(csv->csv, &csv->is_end, &csv->failure);
  }
  return csv->status;
}

static apo_status lend_ids(csv_table *csv, apo_error *err) {
  if (csv->id_at == NULL || csv->n_lent == 0) return APO_OK;
  if (csv->n_lent > csv->ids_capacity) {
    const char **larger = apo_resize(csv->ids, (size_t)csv->n_lent, sizeof *larger);
    if (larger == NULL) return apo_fail(err, APO_ERR_MEMORY, "no memory for ids");
    csv->ids = larger;
    csv->ids_capacity = csv->n_lent;
  }
  for (uint64_t row = 0; row < csv->n_lent; ++row) {
    csv->ids[row] = csv->id_text + csv->id_at[csv->first_row + row];
  }
  csv->table.ids = csv->ids;
  return APO_OK;
}

static apo_status next_block(apo_table *self, uint64_t max_rows, apo_rows *out, apo_error *err) {
  csv_table *csv = (csv_table *)self;
  csv->first_row += csv->n_lent;
  csv->n_lent = 0;
  if (read_ahead(csv, max_rows) != APO_OK) {
    if (err != NULL) *err = csv->failure;
    return csv->status;
  }
  const uint64_t n_ready = csv->n_rows - csv->first_row;
  self->n_unknown = csv->columns.n_unknown;
  csv->n_lent = n_ready < max_rows ? n_ready : max_rows;
  const uint32_t n_cols = self->n_cols;
  const double *first = csv->values == NULL ? NULL : csv->values + csv->first_row * n_cols;
  *out = (apo_rows){first, csv->n_lent, n_cols, 1, n_cols, APO_F64};
  return lend_ids(csv, err);
}

/* --- opening ---------------------------------------------------------------------------------- */

static bool claims(const char *where, const uint8_t *head, size_t n_head) {
  (void)where, (void)head, (void)n_head;
  return true;
}

static void destroy(apo_table *self) {
  csv_table *csv = (csv_table *)self;
  apo_csv_close(&csv->csv);
  apo_csv_columns_clear(&csv->columns);
  free(csv->values);
  free(csv->id_text);
  free(csv->id_at);
  free(csv->ids);
  free(csv);
}

/* Read until the header is there.  Rows may come with it; a fault in them waits for `next`. */
static apo_status read_header(csv_table *csv, apo_error *err) {
  while (csv->status == APO_OK && !csv->is_end && !csv->has_columns) {
    csv->status = apo_csv_read(csv->csv, &csv->is_end, &csv->failure);
  }
  if (csv->has_columns) return APO_OK;
  if (csv->status == APO_OK) return apo_fail(err, APO_ERR_FORMAT, "empty, needed a header");
  if (err != NULL) *err = csv->failure;
  return csv->status;
}

static apo_status open_table(const char *where,
                             const apo_table_options *options,
                             apo_table **out,
                             apo_error *err) {
  const char *shown = strcmp(where, "-") == 0 ? "stdin" : where;
  csv_table *csv = apo_alloc(1, sizeof *csv);
  if (csv == NULL) return apo_fail(err, APO_ERR_MEMORY, "%s: no memory to read it", shown);
  const apo_csv_events events = {csv, take_field, take_record};
  csv->options = options;
  apo_status status = apo_csv_open(where, &events, &csv->csv, err);
  if (status != APO_OK) goto done;
  status = apo_prefix(err, read_header(csv, err), "%s: ", shown);
  csv->options = NULL;
  csv->table = (apo_table){.n_cols = csv->columns.n_cols,
                           .n_ignored = csv->columns.n_ignored,
                           .is_by_position = csv->columns.is_by_position,
                           .n_rows = UINT64_MAX,
                           .names = csv->columns.names,
                           .next = next_block,
                           .destroy = destroy};

done:
  if (status == APO_OK) {
    *out = &csv->table;
  } else {
    destroy(&csv->table);
  }
  return status;
}

const apo_source_kind apo_source_kind_csv = {"csv", claims, open_table};
