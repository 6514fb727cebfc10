/* text_out.h - text for people: what comes from outside is escaped, tables have columns.
 *
 * A model file names its columns, so a name may hold anything that moves a terminal's cursor or
 * turns the reading direction.  Control characters (C0, DEL, C1), bidirectional overrides and
 * isolates, and bytes that are not UTF-8 become \xNN or \u{...}.
 */
#ifndef APO_HOST_CLI_TEXT_OUT_H
#define APO_HOST_CLI_TEXT_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/core/error.h"

/** Room for user text in a message: 80 bytes, a sign that it was cut, NUL. */
enum { APO_SHOWN_BYTES = 84 };

/** Escape `text`, at most what fits in `n_out` bytes, cut at a character.
 *
 * Returns the bytes written without the NUL.  Never splits an escape or a character.
 */
size_t apo_text_escape(const char *text, char *out, size_t n_out);

/** As apo_text_escape, at most 80 bytes; "..." shows that something is missing. */
void apo_text_show(const char *text, char out[APO_SHOWN_BYTES]);

/** Write escaped text of any length. */
void apo_text_print(const char *text, FILE *to);

/** A table of texts, gathered row by row and printed with aligned columns. */
typedef struct apo_text_table {
  uint32_t n_cols;
  size_t n_cells;
  size_t capacity;
  char **cells; /* [n_cells], row-major, escaped */
  bool failed;  /* memory ran out; printing says so */
} apo_text_table;

/** Start an empty table.  Owns: given back with apo_text_table_clear. */
apo_text_table apo_text_table_start(uint32_t n_cols);
/** Add the next cell; rows fill by themselves.  `text` is escaped here. */
void apo_text_table_add(apo_text_table *table, const char *text);
/** As apo_text_table_add, formatted. */
void apo_text_table_addf(apo_text_table *table, const char *format, ...) APO_PRINTF(2, 3);
/** Print with the first column to the left and the others to the right; a name longer than
 * `max_name` characters loses its middle; 0 cuts nothing.  Fails: APO_ERR_MEMORY. */
APO_NODISCARD apo_status apo_text_table_print(const apo_text_table *table,
                                              size_t max_name,
                                              FILE *to,
                                              apo_error *err);
void apo_text_table_clear(apo_text_table *table);

#endif
