/* lightgbm_lines.c - lines and fields, where they stand in the bytes. */
#include <inttypes.h>
#include <string.h>

#include "engine/readers/lightgbm_text/lightgbm_parts.h"

bool apo_lightgbm_next(apo_lightgbm_lines *lines) {
  apo_bytes *rest = &lines->rest;
  lines->has_line = rest->n_bytes > 0;
  if (!lines->has_line) return false;
  const uint8_t *newline = memchr(rest->at, '\n', rest->n_bytes);
  const size_t n_line = newline != NULL ? (size_t)(newline - rest->at) : rest->n_bytes;
  lines->text = (apo_json_chars){(const char *)rest->at, n_line};
  ++lines->number;
  const size_t n_taken = newline != NULL ? n_line + 1 : n_line;
  rest->at += n_taken;
  rest->n_bytes -= n_taken;
  if (n_line > 0 && lines->text.at[n_line - 1] == '\r') --lines->text.n_bytes;
  return true;
}

bool apo_lightgbm_starts(const apo_lightgbm_lines *lines, const char *head) {
  apo_json_chars text = lines->text;
  return lines->has_line && apo_lightgbm_cut_head(&text, head);
}

bool apo_lightgbm_is(const apo_lightgbm_lines *lines, const char *text) {
  return lines->has_line && apo_json_chars_are(lines->text, text);
}

bool apo_lightgbm_ends_block(const apo_lightgbm_lines *lines) {
  return apo_lightgbm_starts(lines, "Tree=") || apo_lightgbm_is(lines, "end of trees");
}

apo_status apo_lightgbm_take(const apo_lightgbm_lines *lines,
                             apo_lightgbm_field *fields,
                             size_t n_fields,
                             apo_error *err) {
  const char *sign = memchr(lines->text.at, '=', lines->text.n_bytes);
  if (sign == NULL) return APO_OK;
  const apo_json_chars key = {lines->text.at, (size_t)(sign - lines->text.at)};
  for (size_t i = 0; i < n_fields; ++i) {
    apo_lightgbm_field *field = &fields[i];
    if (!apo_json_chars_are(key, field->key)) continue;
    if (field->line != 0) {
      return apo_fail(err, APO_ERR_FORMAT, "line %" PRIu64 ": %s is there twice", lines->number,
                      field->key);
    }
    field->line = lines->number;
    field->value = (apo_json_chars){sign + 1, lines->text.n_bytes - key.n_bytes - 1};
    return APO_OK;
  }
  return APO_OK;
}
