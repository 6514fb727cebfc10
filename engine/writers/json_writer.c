#include "engine/writers/json_writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/names.h"
#include "engine/core/number.h"

void apo_json_writer_start(apo_json_writer *writer, const apo_byte_sink *sink, apo_error *err) {
  writer->sink = sink;
  writer->err = err;
  writer->status = APO_OK;
  writer->is_first = true;
  writer->n_buffered = 0;
}

bool apo_json_writer_ok(const apo_json_writer *writer) {
  return writer->status == APO_OK;
}

static void flush(apo_json_writer *writer) {
  const size_t n_bytes = writer->n_buffered;
  writer->n_buffered = 0;
  if (writer->status != APO_OK || n_bytes == 0) return;
  writer->status = writer->sink->put(writer->sink->context, writer->buffer, n_bytes, writer->err);
}

static void put(apo_json_writer *writer, const char *bytes, size_t n_bytes) {
  while (n_bytes > 0) {
    if (writer->n_buffered == sizeof writer->buffer) flush(writer);
    const size_t room = sizeof writer->buffer - writer->n_buffered;
    const size_t n = n_bytes < room ? n_bytes : room;
    memcpy(writer->buffer + writer->n_buffered, bytes, n);
    writer->n_buffered += n;
    bytes += n;
    n_bytes -= n;
  }
}

static void put_byte(apo_json_writer *writer, char byte) {
  put(writer, &byte, 1);
}

// Before each value that is not that of a key.
static void separate(apo_json_writer *writer) {
  if (!writer->is_first) put_byte(writer, ',');
  writer->is_first = false;
}

void apo_json_writer_open(apo_json_writer *writer, char bracket) {
  separate(writer);
  put_byte(writer, bracket);
  writer->is_first = true;
}

void apo_json_writer_close(apo_json_writer *writer, char bracket) {
  put_byte(writer, bracket);
  writer->is_first = false;
}

static void put_key(apo_json_writer *writer, const char *key) {
  put_byte(writer, '"');
  put(writer, key, strlen(key));
  put(writer, "\":", 2);
  writer->is_first = true;
}

void apo_json_writer_key(apo_json_writer *writer, const char *key) {
  separate(writer);
  put_key(writer, key);
}

void apo_json_writer_line(apo_json_writer *writer) {
  separate(writer);
  put_byte(writer, '\n');
  writer->is_first = true;
}

void apo_json_writer_line_key(apo_json_writer *writer, const char *key) {
  apo_json_writer_line(writer);
  put_key(writer, key);
}

void apo_json_writer_number(apo_json_writer *writer, double value) {
  char text[APO_NUMBER_BYTES];
  separate(writer);
  put(writer, text, apo_number_write(value, text));
}

void apo_json_writer_integer(apo_json_writer *writer, int64_t value) {
  char text[24];
  separate(writer);
  put(writer, text, (size_t)snprintf(text, sizeof text, "%" PRId64, value));
}

void apo_json_writer_text(apo_json_writer *writer, const char *text) {
  const size_t n_bytes = strlen(text);
  if (writer->status == APO_OK && !apo_utf8_valid(text, n_bytes)) {
    writer->status = apo_fail(writer->err, APO_ERR_FORMAT, "a text of the model is not UTF-8");
  }
  separate(writer);
  put_byte(writer, '"');
  for (const char *at = text; *at != '\0'; ++at) {
    char escaped[8];
    if (*at == '"' || *at == '\\') put_byte(writer, '\\');
    if ((unsigned char)*at >= ' ') {
      put_byte(writer, *at);
    } else {
      put(writer, escaped, (size_t)snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)*at));
    }
  }
  put_byte(writer, '"');
}

apo_status apo_json_writer_finish(apo_json_writer *writer) {
  put_byte(writer, '\n');
  flush(writer);
  return writer->status;
}
