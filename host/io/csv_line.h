/* csv_line.h - a line of CSV under construction, cell by cell.
 *
 * Texts from outside (names, ids) are quoted after RFC 4180 where they have to be, and those that a
 * spreadsheet would run as a formula get an apostrophe in front, numbers excepted.  A failure is
 * kept until the end of the line.
 */
#ifndef APO_HOST_IO_CSV_LINE_H
#define APO_HOST_IO_CSV_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/io/file.h"

/** All zero is an empty line.  Its room is kept from line to line. */
typedef struct apo_csv_line {
  char *bytes;
  size_t n_bytes;
  size_t capacity;
  size_t n_cells;
  bool has_failed; /* memory ran out */
} apo_csv_line;

void apo_csv_line_text(apo_csv_line *line, const char *value);
void apo_csv_line_count(apo_csv_line *line, uint64_t value);
/** `n_digits` significant digits; 0: as few as read back as the same double. */
void apo_csv_line_real(apo_csv_line *line, double value, int n_digits);
/** Write the line and begin the next.  Fails: APO_ERR_MEMORY, and as apo_output_file_write. */
APO_NODISCARD apo_status apo_csv_line_end(apo_csv_line *line,
                                          apo_output_file *file,
                                          apo_error *err);
void apo_csv_line_clear(apo_csv_line *line);

#endif
