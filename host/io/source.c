/* source.c - apo_table for callers: picks the kind, puts the path before messages, reads all. */
#define _POSIX_C_SOURCE 200809L
#include "host/io/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/core/memory.h"
#include "engine/data/rows.h"
#include "engine/data/table_digest.h"
#include "host/io/system_error.h"
#include "host/io/table.h"

enum { HEAD_BYTES = 16, BLOCK_ROWS = 4096 };

static const apo_table_options no_options = {0};

static bool is_stdin(const char *where) {
  return strcmp(where, "-") == 0;
}

static bool starts_with(const char *text, const char *start) {
  return strncmp(text, start, strlen(start)) == 0;
}

/* --- opening ---------------------------------------------------------------------------------- */

static apo_status refuse_databases(const char *where, apo_error *err) {
  static const char *const names[] = {"sqlite:", "postgresql:", "postgres:"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i) {
    if (starts_with(where, names[i])) {
      return apo_fail(err, APO_ERR_UNSUPPORTED,
                      "%s: reading rows from \"%s\" is not built in, needed .npy or CSV", where,
                      names[i]);
    }
  }
  return APO_OK;
}

/* The first bytes of a regular file; none of anything else, whose bytes can be read only once. */
static apo_status read_head(const char *where, uint8_t *head, size_t *n_head, apo_error *err) {
  struct stat about;
  *n_head = 0;
  if (is_stdin(where)) return APO_OK;
  if (stat(where, &about) != 0) return apo_fail_errno(err, errno, "%s: cannot open", where);
  if (!S_ISREG(about.st_mode)) return APO_OK;
  const int fd = open(where, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return apo_fail_errno(err, errno, "%s: cannot open", where);
  const ssize_t n = pread(fd, head, HEAD_BYTES, 0);
  const int code = errno;
  close(fd);
  if (n < 0) return apo_fail_errno(err, code, "%s: cannot read", where);
  *n_head = (size_t)n;
  return APO_OK;
}

apo_status apo_table_open(const char *where,
                          const apo_table_options *options,
                          apo_table **out,
                          apo_error *err) {
  uint8_t head[HEAD_BYTES];
  size_t n_head = 0;
  *out = NULL;
  if (options == NULL) options = &no_options;
  APO_TRY(refuse_databases(where, err));
  APO_TRY(read_head(where, head, &n_head, err));
  const apo_source_kind *const *kind = apo_source_kinds;
  while (*kind != NULL && !(*kind)->claims(where, head, n_head)) ++kind;
  if (*kind == NULL) return apo_fail(err, APO_ERR_FORMAT, "%s: neither .npy nor CSV", where);
  apo_table *table = NULL;
  APO_TRY((*kind)->open(where, options, &table, err));
  const char *shown = is_stdin(where) ? "stdin" : where;
  table->where = apo_alloc(strlen(shown) + 1, 1);
  if (table->where == NULL) {
    table->destroy(table);
    return apo_fail(err, APO_ERR_MEMORY, "%s: no memory to read it", shown);
  }
  memcpy(table->where, shown, strlen(shown) + 1);
  *out = table;
  return APO_OK;
}

void apo_table_close(apo_table **table) {
  apo_table *closed = *table;
  *table = NULL;
  if (closed == NULL) return;
  free(closed->where);
  closed->destroy(closed);
}

/* --- asking ----------------------------------------------------------------------------------- */

uint32_t apo_table_n_cols(const apo_table *table) {
  return table->n_cols;
}

const char *apo_table_column_name(const apo_table *table, uint32_t column) {
  return table->names != NULL && column < table->n_cols ? table->names[column] : NULL;
}

uint64_t apo_table_n_rows(const apo_table *table) {
  return table->n_rows;
}

uint32_t apo_table_n_ignored(const apo_table *table) {
  return table->n_ignored;
}

uint64_t apo_table_n_unknown(const apo_table *table) {
  return table->n_unknown;
}

bool apo_table_is_by_position(const apo_table *table) {
  return table->is_by_position;
}

static apo_status next_rows(void *context, uint64_t max_rows, apo_rows *out, apo_error *err) {
  apo_table *table = context;
  *out = (apo_rows){0};
  table->ids = NULL;
  return apo_prefix(err, table->next(table, max_rows, out, err), "%s: ", table->where);
}

apo_source apo_table_source(apo_table *table) {
  return (apo_source){table, next_rows};
}

const char *const *apo_table_ids(const apo_table *table) {
  return table->ids;
}

/* --- everything at once ----------------------------------------------------------------------- */

/* Rows of any strides, packed in C order; `out` has the element type of `rows`. */
static void pack_rows(const apo_rows *rows, void *out) {
  float *narrow = out;
  double *wide = out;
  size_t at = 0;
  for (uint64_t row = 0; row < rows->n_rows; ++row) {
    for (uint32_t col = 0; col < rows->n_cols; ++col, ++at) {
      const size_t from = (size_t)(row * rows->row_stride + col * rows->col_stride);
      if (rows->dtype == APO_F32) {
        narrow[at] = ((const float *)rows->values)[from];
      } else {
        wide[at] = ((const double *)rows->values)[from];
      }
    }
  }
}

typedef struct gathered {
  unsigned char *bytes;
  uint64_t n_rows;
  uint64_t capacity; /* rows */
} gathered;

static apo_status gather(gathered *all,
                         const apo_table *table,
                         const apo_rows *rows,
                         apo_error *err) {
  const uint64_t row_bytes = (uint64_t)rows->n_cols * (rows->dtype == APO_F32 ? 4 : 8);
  if (all->capacity - all->n_rows < rows->n_rows) {
    uint64_t capacity = 2 * all->capacity + rows->n_rows;
    // Of a file that says how many there are, its size has proved it.
    if (all->capacity == 0 && table->n_rows != UINT64_MAX) capacity = table->n_rows;
    unsigned char *larger =
        capacity > SIZE_MAX ? NULL : apo_resize(all->bytes, (size_t)capacity, (size_t)row_bytes);
    if (larger == NULL) {
      return apo_fail(err, APO_ERR_MEMORY, "%s: no memory for all of its rows", table->where);
    }
    all->bytes = larger;
    all->capacity = capacity;
  }
  pack_rows(rows, all->bytes + all->n_rows * row_bytes);
  all->n_rows += rows->n_rows;
  return APO_OK;
}

apo_status apo_table_read_all(apo_table *table,
                              apo_rows *rows_out,
                              void **values_out,
                              apo_error *err) {
  gathered all = {0};
  apo_rows rows = {0};
  apo_status status = APO_OK;
  *rows_out = (apo_rows){0};
  *values_out = NULL;
  do {
    status = next_rows(table, BLOCK_ROWS, &rows, err);
    if (status == APO_OK && rows.n_rows > 0) status = gather(&all, table, &rows, err);
  } while (status == APO_OK && rows.n_rows > 0);
  if (status != APO_OK) {
    free(all.bytes);
    return status;
  }
  *rows_out = (apo_rows){all.bytes, all.n_rows, table->n_cols, 1, table->n_cols, rows.dtype};
  *values_out = all.bytes;
  return APO_OK;
}

/* --- identity --------------------------------------------------------------------------------- */

/* Columns are delivered as the model has them, so its names count, whatever the file calls them. */
static apo_status hash_columns(apo_table_hash *hash,
                               const apo_table *table,
                               const apo_table_options *options,
                               apo_error *err) {
  const apo_model *model = options->only_column == NULL ? options->model : NULL;
  for (uint32_t col = 0; col < table->n_cols; ++col) {
    const char *name =
        model != NULL ? apo_model_column_name(model, col) : apo_table_column_name(table, col);
    APO_TRY(apo_table_hash_column(hash, name, APO_COLUMN_NUMBER, err));
  }
  return APO_OK;
}

static apo_status hash_block(apo_table_hash *hash,
                             const apo_rows *rows,
                             const char *const *ids,
                             double *values,
                             apo_error *err) {
  for (uint64_t row = 0; row < rows->n_rows; ++row) {
    apo_rows_copy_row(rows, row, values);
    APO_TRY(apo_table_hash_row(hash, values, rows->n_cols, err));
    if (ids != NULL) APO_TRY(apo_table_hash_key(hash, ids[row], err));
  }
  return APO_OK;
}

static apo_status hash_rows(apo_table_hash *hash, apo_table *table, apo_error *err) {
  apo_rows rows = {0};
  apo_status status = APO_OK;
  double *values = apo_alloc(table->n_cols, sizeof *values);
  if (values == NULL) return apo_fail(err, APO_ERR_MEMORY, "%s: no memory for a row", table->where);
  do {
    status = next_rows(table, BLOCK_ROWS, &rows, err);
    if (status == APO_OK) status = hash_block(hash, &rows, table->ids, values, err);
  } while (status == APO_OK && rows.n_rows > 0);
  free(values);
  return status;
}

apo_status apo_table_digest(const char *where,
                            const apo_table_options *options,
                            char out[72],
                            apo_error *err) {
  apo_table *table = NULL;
  apo_table_hash hash = {0};
  if (options == NULL) options = &no_options;
  if (is_stdin(where)) {
    return apo_fail(err, APO_ERR_UNSUPPORTED, "stdin: read only once, it has no digest in advance");
  }
  apo_status status = apo_table_open(where, options, &table, err);
  if (status == APO_OK) status = apo_table_hash_start(&hash, err);
  if (status == APO_OK) status = hash_columns(&hash, table, options, err);
  if (status == APO_OK) status = hash_rows(&hash, table, err);
  if (status == APO_OK) status = apo_table_hash_finish(&hash, out, err);
  apo_table_hash_stop(&hash);
  apo_table_close(&table);
  return status;
}
