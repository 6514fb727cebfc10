/* source.c - apo_table for callers: picks the kind, puts the path before messages, reads all. */
#define _POSIX_C_SOURCE 200809L
#include "host/io/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/core/digest.h"
#include "engine/core/memory.h"
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

/* Everything below is little-endian: numbers as 8 bytes, a text as its length and its bytes.
 *
 *   block digest k = SHA-256(values of rows 4096 k ... in C order as fp64, then their ids)
 *   digest         = SHA-256("apo-table/1\n", n_cols, names, id name, block digests, n_rows)
 *
 * A column without a name counts as length 2^64 - 1.  The number of rows stands last because a
 * stream does not know it first. */

static apo_status add_text(apo_digest *digest, const char *text, apo_error *err) {
  if (text == NULL) return apo_digest_add_u64(digest, UINT64_MAX, err);
  const size_t n_bytes = strlen(text);
  APO_TRY(apo_digest_add_u64(digest, n_bytes, err));
  return apo_digest_add(digest, text, n_bytes, err);
}

static apo_status add_head(apo_digest *digest,
                           const apo_table *table,
                           const char *id_column,
                           apo_error *err) {
  static const char magic[] = "apo-table/1\n";
  APO_TRY(apo_digest_start(digest, err));
  APO_TRY(apo_digest_add(digest, magic, sizeof magic - 1, err));
  APO_TRY(apo_digest_add_u64(digest, table->n_cols, err));
  for (uint32_t col = 0; col < table->n_cols; ++col) {
    APO_TRY(add_text(digest, apo_table_column_name(table, col), err));
  }
  return add_text(digest, id_column, err);
}

/* One value as 8 little-endian bytes; every NaN is the same. */
static void put_value(const apo_rows *rows, uint64_t row, uint32_t col, uint8_t *out) {
  const size_t at = (size_t)(row * rows->row_stride + col * rows->col_stride);
  const double value = rows->dtype == APO_F32 ? (double)((const float *)rows->values)[at]
                                              : ((const double *)rows->values)[at];
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  if ((bits & UINT64_C(0x7fffffffffffffff)) > UINT64_C(0x7ff0000000000000)) {
    bits = UINT64_C(0x7ff8000000000000);
  }
  for (int i = 0; i < 8; ++i) out[i] = (uint8_t)(bits >> (8 * i));
}

static apo_status add_values(apo_digest *digest, const apo_rows *rows, apo_error *err) {
  uint8_t piece[4096];  // a call a value would cost more than the hash
  size_t n_bytes = 0;
  for (uint64_t row = 0; row < rows->n_rows; ++row) {
    for (uint32_t col = 0; col < rows->n_cols; ++col) {
      put_value(rows, row, col, piece + n_bytes);
      n_bytes += 8;
      if (n_bytes < sizeof piece) continue;
      APO_TRY(apo_digest_add(digest, piece, n_bytes, err));
      n_bytes = 0;
    }
  }
  return apo_digest_add(digest, piece, n_bytes, err);
}

static apo_status add_ids(apo_digest *digest, const char *const *ids, uint64_t n, apo_error *err) {
  for (uint64_t row = 0; ids != NULL && row < n; ++row) APO_TRY(add_text(digest, ids[row], err));
  return APO_OK;
}

static apo_status add_block(apo_digest *whole,
                            apo_digest *block,
                            const apo_rows *rows,
                            const char *const *ids,
                            apo_error *err) {
  uint8_t bytes[APO_DIGEST_BYTES];
  APO_TRY(apo_digest_start(block, err));
  APO_TRY(add_values(block, rows, err));
  APO_TRY(add_ids(block, ids, rows->n_rows, err));
  APO_TRY(apo_digest_finish(block, bytes, err));
  return apo_digest_add(whole, bytes, sizeof bytes, err);
}

static apo_status digest_rows(
    apo_table *table, apo_digest *whole, apo_digest *block, char *out, apo_error *err) {
  uint64_t n_rows = 0;
  apo_rows rows = {0};
  do {
    APO_TRY(next_rows(table, BLOCK_ROWS, &rows, err));
    if (rows.n_rows > 0) APO_TRY(add_block(whole, block, &rows, table->ids, err));
    n_rows += rows.n_rows;
  } while (rows.n_rows > 0);
  uint8_t bytes[APO_DIGEST_BYTES];
  APO_TRY(apo_digest_add_u64(whole, n_rows, err));
  APO_TRY(apo_digest_finish(whole, bytes, err));
  apo_digest_print(bytes, out);
  return APO_OK;
}

apo_status apo_table_digest(const char *where,
                            const apo_table_options *options,
                            char out[72],
                            apo_error *err) {
  apo_table *table = NULL;
  apo_digest whole = {0};
  apo_digest block = {0};
  if (options == NULL) options = &no_options;
  if (is_stdin(where)) {
    return apo_fail(err, APO_ERR_UNSUPPORTED, "stdin: read only once, it has no digest in advance");
  }
  apo_status status = apo_table_open(where, options, &table, err);
  if (status == APO_OK) status = add_head(&whole, table, options->id_column, err);
  if (status == APO_OK) status = digest_rows(table, &whole, &block, out, err);
  apo_digest_stop(&whole);
  apo_digest_stop(&block);
  apo_table_close(&table);
  return status;
}
