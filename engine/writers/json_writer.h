/* json_writer.h - JSON text, streamed into a sink through a small buffer.
 *
 * Commas are put where they belong.  A failure is remembered: what is written after it goes
 * nowhere, and apo_json_writer_finish reports it, so that a document is written without asking at
 * each number.  A loop that is long asks apo_json_writer_ok now and then.
 */
#ifndef APO_ENGINE_WRITERS_JSON_WRITER_H
#define APO_ENGINE_WRITERS_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/core/error.h"

enum { APO_JSON_WRITER_BYTES = 4096 };

typedef struct apo_json_writer {
  const apo_byte_sink *sink;
  apo_error *err;
  apo_status status;
  bool is_first; /* of its array or object, or the value of a key: no comma */
  size_t n_buffered;
  char buffer[APO_JSON_WRITER_BYTES];
} apo_json_writer;

/** Start a document.  `sink` and `err` are used until it is finished. */
void apo_json_writer_start(apo_json_writer *writer, const apo_byte_sink *sink, apo_error *err);
bool apo_json_writer_ok(const apo_json_writer *writer);

/** Begin and end with '{' and '}', or '[' and ']'. */
void apo_json_writer_open(apo_json_writer *writer, char bracket);
void apo_json_writer_close(apo_json_writer *writer, char bracket);
/** The next member of an object; its value follows.  `key` is plain ASCII of ours. */
void apo_json_writer_key(apo_json_writer *writer, const char *key);
/** As apo_json_writer_key, on a new line. */
void apo_json_writer_line_key(apo_json_writer *writer, const char *key);
/** Put the next value on a new line. */
void apo_json_writer_line(apo_json_writer *writer);

void apo_json_writer_number(apo_json_writer *writer, double value);
void apo_json_writer_integer(apo_json_writer *writer, int64_t value);
/** Text that ends in NUL.  Fails: APO_ERR_FORMAT  it is not UTF-8. */
void apo_json_writer_text(apo_json_writer *writer, const char *text);

/** End the document with a line end and hand the rest to the sink.
 *
 * Fails:   as the sink's put, and APO_ERR_FORMAT
 */
APO_NODISCARD apo_status apo_json_writer_finish(apo_json_writer *writer);

#endif
