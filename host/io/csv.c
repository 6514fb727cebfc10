/* csv.c - libcsv does the grammar; this file feeds it and holds it to RFC 4180.
 *
 * libcsv is more forgiving than a table of numbers can be: it drops blank lines, takes any mix of
 * CR and LF, and trims spaces.  With CSV_REPALL_NL it reports each line end, so that CRLF, a lone
 * CR and a blank line can be told apart here.
 */
#define _POSIX_C_SOURCE 200809L
#include "host/io/csv.h"

#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/core/memory.h"
#include "host/io/system_error.h"

enum { PIECE_BYTES = 64 * 1024, FIELD_STEP_BYTES = 4096, BOM_BYTES = 3 };

struct apo_csv {
  apo_csv_events events;
  int fd;
  bool owns_fd; /* not of stdin */
  bool has_parser;
  bool has_begun;      /* the first piece was read */
  bool is_after_cr;    /* the last line ended in CR; LF must be next */
  uint64_t n_fields;   /* of the record under way */
  uint64_t line;       /* where the record under way begins, from 1 */
  uint64_t n_inside;   /* line ends inside its fields so far */
  uint64_t blank_line; /* the first of the blank lines just seen, or 0 */
  apo_status status;   /* of the piece under way */
  apo_error *err;
  struct csv_parser parser;
  uint8_t piece[PIECE_BYTES];
};

/* --- what libcsv calls ------------------------------------------------------------------------ */

static void fail_in_line(apo_csv *csv, apo_status status) {
  csv->status = apo_prefix(csv->err, status, "line %" PRIu64 ": ", csv->line + csv->n_inside);
}

static uint64_t count_line_ends(const char *text, size_t n_bytes) {
  uint64_t n = 0;
  const char *end = text + n_bytes;
  for (const char *at = text; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; ++at) ++n;
  return n;
}

static void fail_lone_cr(apo_csv *csv) {
  --csv->line;  // it was counted as the end of a line
  fail_in_line(csv, apo_fail(csv->err, APO_ERR_FORMAT,
                             "a carriage return without a line feed, needed LF or CRLF"));
}

static void on_field(void *text, size_t n_bytes, void *context) {
  apo_csv *csv = context;
  if (csv->status != APO_OK) return;  // libcsv cannot be stopped within a piece
  if (csv->is_after_cr) {
    fail_lone_cr(csv);
    return;
  }
  if (csv->blank_line != 0) {
    csv->line = csv->blank_line;
    fail_in_line(csv, apo_fail(csv->err, APO_ERR_FORMAT, "blank, and records follow it"));
    return;
  }
  ++csv->n_fields;
  const apo_status status = csv->events.field(csv->events.context, text, n_bytes, csv->err);
  if (status != APO_OK) {
    fail_in_line(csv, status);
    return;
  }
  csv->n_inside += count_line_ends(text, n_bytes);
}

/* `end` is CR, LF, or -1 at the end of the file. */
static void on_line_end(int end, void *context) {
  apo_csv *csv = context;
  if (csv->status != APO_OK) return;
  if (csv->is_after_cr) {
    if (end != '\n') {
      fail_lone_cr(csv);
      return;
    }
    csv->is_after_cr = false;  // the second half of CRLF
    return;
  }
  if (csv->n_fields == 0) {
    if (csv->blank_line == 0) csv->blank_line = csv->line;
  } else {
    const apo_status status = csv->events.record(csv->events.context, csv->err);
    if (status != APO_OK) {
      csv->n_inside = 0;  // a fault of the record as a whole
      fail_in_line(csv, status);
      return;
    }
  }
  csv->line += 1 + csv->n_inside;
  csv->n_inside = 0;
  csv->n_fields = 0;
  csv->is_after_cr = end == '\r';
}

/* libcsv would trim what this says yes to. */
static int no_byte_is_space(unsigned char byte) {
  (void)byte;
  return 0;
}

/* Where libcsv grows its one field: refusing is how a field is kept below its limit.  It wants room
 * for one more byte before it looks at the byte that ends the field. */
static void *resize_field(void *old, size_t n_bytes) {
  if (n_bytes > APO_CSV_MAX_FIELD_BYTES + 1) return NULL;
  return apo_resize(old, n_bytes, 1);
}

static void free_field(void *old) {
  free(old);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* One read(), or several until there are `n_needed` bytes. */
static apo_status fill(apo_csv *csv, size_t n_needed, size_t *n_bytes, apo_error *err) {
  *n_bytes = 0;
  do {
    const ssize_t n = read(csv->fd, csv->piece + *n_bytes, PIECE_BYTES - *n_bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return apo_fail_errno(err, errno, "cannot read");
    if (n == 0) break;
    *n_bytes += (size_t)n;
  } while (*n_bytes < n_needed);
  return APO_OK;
}

/* Say what libcsv stopped at. */
static apo_status fail_as_parser(apo_csv *csv, bool is_end) {
  switch (csv_error(&csv->parser)) {
    case CSV_ENOMEM:
      if (csv_get_buffer_size(&csv->parser) < APO_CSV_MAX_FIELD_BYTES) {
        return apo_fail(csv->err, APO_ERR_MEMORY, "no memory for a field");
      }
      return apo_fail(csv->err, APO_ERR_LIMIT, "a field above %d bytes", APO_CSV_MAX_FIELD_BYTES);
    case CSV_EPARSE:
      return apo_fail(csv->err, APO_ERR_FORMAT,
                      is_end ? "a quoted field that does not end" : "a quote inside a field");
    default: return apo_fail(csv->err, APO_ERR_INTERNAL, "libcsv stopped without a reason");
  }
}

static void parse(apo_csv *csv, const uint8_t *bytes, size_t n_bytes) {
  if (n_bytes == 0) return;
  const size_t n_parsed = csv_parse(&csv->parser, bytes, n_bytes, on_field, on_line_end, csv);
  if (csv->status == APO_OK && n_parsed != n_bytes) {
    fail_in_line(csv, fail_as_parser(csv, false));
  }
}

static void finish(apo_csv *csv) {
  if (csv_fini(&csv->parser, on_field, on_line_end, csv) != 0 && csv->status == APO_OK) {
    fail_in_line(csv, fail_as_parser(csv, true));
  }
}

apo_status apo_csv_read(apo_csv *csv, bool *is_end, apo_error *err) {
  size_t n_bytes = 0;
  APO_TRY(fill(csv, csv->has_begun ? 1 : BOM_BYTES, &n_bytes, err));
  const uint8_t *bytes = csv->piece;
  *is_end = n_bytes == 0;
  if (!csv->has_begun && n_bytes >= BOM_BYTES && memcmp(bytes, "\xef\xbb\xbf", BOM_BYTES) == 0) {
    bytes += BOM_BYTES;
    n_bytes -= BOM_BYTES;
  }
  csv->has_begun = true;
  csv->err = err;
  const uint8_t *nul = n_bytes > 0 ? memchr(bytes, 0, n_bytes) : NULL;
  parse(csv, bytes, nul != NULL ? (size_t)(nul - bytes) : n_bytes);
  if (csv->status == APO_OK && nul != NULL) {
    fail_in_line(csv, apo_fail(err, APO_ERR_FORMAT, "a NUL byte, needed UTF-8 text"));
  }
  if (csv->status == APO_OK && *is_end) finish(csv);
  csv->err = NULL;
  return csv->status;
}

/* --- opening ---------------------------------------------------------------------------------- */

static apo_status open_file(apo_csv *csv, const char *where, apo_error *err) {
  if (strcmp(where, "-") == 0) {
    csv->fd = STDIN_FILENO;
    return APO_OK;
  }
  struct stat about;
  csv->fd = open(where, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (csv->fd < 0) return apo_fail_errno(err, errno, "%s: cannot open", where);
  csv->owns_fd = true;
  if (fstat(csv->fd, &about) != 0) {
    return apo_fail_errno(err, errno, "%s: cannot look at it", where);
  }
  // read() would say so too, but only once the caller has begun to work.
  if (S_ISDIR(about.st_mode)) return apo_fail_errno(err, EISDIR, "%s: cannot read", where);
  return APO_OK;
}

apo_status apo_csv_open(const char *where,
                        const apo_csv_events *events,
                        apo_csv **out,
                        apo_error *err) {
  *out = NULL;
  apo_csv *csv = apo_alloc(1, sizeof *csv);
  if (csv == NULL) return apo_fail(err, APO_ERR_MEMORY, "%s: no memory to read it", where);
  csv->events = *events;
  csv->fd = -1;
  csv->line = 1;
  const apo_status status = open_file(csv, where, err);
  if (status != APO_OK) {
    apo_csv_close(&csv);
    return status;
  }
  csv_init(&csv->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL);
  csv_set_space_func(&csv->parser, no_byte_is_space);
  csv_set_realloc_func(&csv->parser, resize_field);
  csv_set_free_func(&csv->parser, free_field);
  csv_set_blk_size(&csv->parser, FIELD_STEP_BYTES);
  csv->has_parser = true;
  *out = csv;
  return APO_OK;
}

void apo_csv_close(apo_csv **csv) {
  apo_csv *closed = *csv;
  *csv = NULL;
  if (closed == NULL) return;
  if (closed->has_parser) csv_free(&closed->parser);
  if (closed->owns_fd) close(closed->fd);
  free(closed);
}
