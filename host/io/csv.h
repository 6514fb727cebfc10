/* csv.h - CSV as RFC 4180 says, as a stream of fields and records; what they mean is not its job.
 *
 * UTF-8 with or without BOM; records end in LF or CRLF, the last one also at the end of the file;
 * a field may be quoted, and only then holds commas, quotes (doubled) and line ends.  Spaces belong
 * to their field.  Blank lines may stand at the end only: in between, a blank line is either a
 * record of one empty field or nothing, and a reader that guesses shifts every row behind it.
 */
#ifndef APO_HOST_IO_CSV_H
#define APO_HOST_IO_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/error.h"

enum {
  APO_CSV_MAX_FIELD_BYTES = 1024 * 1024,
  APO_CSV_MAX_COLUMNS = 65535 /* for callers; the stream itself does not count */
};

/** Who takes the fields.  A status but APO_OK ends the reading, "line N: " put before the message. */
typedef struct apo_csv_events {
  void *context;
  /** One field, without its quotes; gone when the call returns; not NUL-terminated. */
  apo_status (*field)(void *context, const char *text, size_t n_bytes, apo_error *err);
  /** The fields since the last call were a record; at least one. */
  apo_status (*record)(void *context, apo_error *err);
} apo_csv_events;

typedef struct apo_csv apo_csv;

/** Open a file, or stdin for "-".  Fails: APO_ERR_IO with the path and the system's reason. */
APO_NODISCARD apo_status apo_csv_open(const char *where,
                                      const apo_csv_events *events,
                                      apo_csv **out,
                                      apo_error *err);

/** Read one piece (64 KiB at most) and hand on what is complete; `*is_end` says it was the last.
 *
 * After a failure it must not be called again.
 *
 * Fails:   APO_ERR_FORMAT  a NUL, a quote inside an unquoted field, an open quote at the end,
 *                          a lone carriage return, a blank line in between; with the line
 *          APO_ERR_LIMIT   a field above APO_CSV_MAX_FIELD_BYTES
 *          APO_ERR_IO, APO_ERR_MEMORY, and what the events return
 */
APO_NODISCARD apo_status apo_csv_read(apo_csv *csv, bool *is_end, apo_error *err);
void apo_csv_close(apo_csv **csv);

#endif
