/* json_string.c - strings of JSON text.
 *
 * Nearly all have no escapes and stay where they are.  One that has is checked to its end first,
 * then written into the maker's block: an escape is never shorter than what it means.
 */
#include <string.h>

#include "engine/core/names.h"
#include "engine/readers/json_cursor.h"

apo_status apo_cursor_fault(const apo_json_cursor *cursor, apo_error *err, const char *needed) {
  const size_t at = (size_t)(cursor->at - cursor->begin);
  if (cursor->at >= cursor->end) {
    return apo_fail(err, APO_ERR_FORMAT, "byte %zu: the text ends here, needs %s", at, needed);
  }
  return apo_fail(err, APO_ERR_FORMAT, "byte %zu: 0x%02x, needs %s", at, (unsigned)*cursor->at,
                  needed);
}

/* --- to the end ------------------------------------------------------------------------------- */

static int digit_of(int c) {
  if (c >= '0' && c <= '9') return c - '0';
  const int lower = c | 0x20;
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static apo_status take_unit(apo_json_cursor *cursor, unsigned *out, apo_error *err) {
  *out = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = digit_of(apo_cursor_peek(cursor));
    if (digit < 0) return apo_cursor_fault(cursor, err, "four hexadecimal digits");
    *out = *out << 4 | (unsigned)digit;
    ++cursor->at;
  }
  return APO_OK;
}

/** Check an escape whose backslash was taken. */
static apo_status skip_escape(apo_json_cursor *cursor, apo_error *err) {
  const int c = apo_cursor_peek(cursor);
  if (c != 'u') {
    if (c <= 0 || strchr("\"\\/bfnrt", c) == NULL) {
      return apo_cursor_fault(cursor, err, "an escape");
    }
    ++cursor->at;
    return APO_OK;
  }
  ++cursor->at;
  unsigned unit = 0;
  APO_TRY(take_unit(cursor, &unit, err));
  if (unit == 0) return apo_cursor_fault(cursor, err, "no NUL before this place");
  if (unit >= 0xdc00 && unit <= 0xdfff) {
    return apo_cursor_fault(cursor, err, "the first half of a pair before it");
  }
  if (unit < 0xd800 || unit > 0xdbff) return APO_OK;
  if (!apo_cursor_take(cursor, '\\') || !apo_cursor_take(cursor, 'u')) {
    return apo_cursor_fault(cursor, err, "the second half of a pair");
  }
  APO_TRY(take_unit(cursor, &unit, err));
  if (unit >= 0xdc00 && unit <= 0xdfff) return APO_OK;
  return apo_cursor_fault(cursor, err, "the second half of a pair before this place");
}

/* What is between two quotes. */
typedef struct content {
  const uint8_t *at;
  size_t n_bytes;
  bool has_escapes;
  bool is_ascii;
} content;

static apo_status skip_string(apo_json_cursor *cursor, content *out, apo_error *err) {
  if (!apo_cursor_take(cursor, '"')) return apo_cursor_fault(cursor, err, "a quote");
  *out = (content){.at = cursor->at, .is_ascii = true};
  for (;;) {
    const int c = apo_cursor_peek(cursor);
    if (c < ' ') return apo_cursor_fault(cursor, err, "the end of a string");
    ++cursor->at;
    if (c == '"') break;
    if (c >= 0x80) out->is_ascii = false;
    if (c != '\\') continue;
    out->has_escapes = true;
    APO_TRY(skip_escape(cursor, err));
  }
  out->n_bytes = (size_t)(cursor->at - out->at) - 1;
  return APO_OK;
}

/* --- what it means ---------------------------------------------------------------------------- */

static unsigned unit_at(const uint8_t *at) {
  unsigned unit = 0;
  for (int i = 0; i < 4; ++i) unit = unit << 4 | (unsigned)digit_of(at[i]);
  return unit;
}

static char *put_utf8(char *out, unsigned point) {
  if (point < 0x80) {
    *out++ = (char)point;
    return out;
  }
  const int n_more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  static const unsigned heads[] = {0, 0xc0, 0xe0, 0xf0};
  *out++ = (char)(heads[n_more] | point >> (6 * n_more));
  for (int i = n_more - 1; i >= 0; --i) *out++ = (char)(0x80 | (point >> (6 * i) & 0x3f));
  return out;
}

static char meaning_of(uint8_t escape) {
  switch (escape) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return (char)escape;
  }
}

/** Write what a checked string means; returns the end. */
static char *unescape(const content *text, char *out) {
  const uint8_t *at = text->at;
  const uint8_t *end = at + text->n_bytes;
  while (at < end) {
    if (*at != '\\') {
      *out++ = (char)*at++;
    } else if (at[1] != 'u') {
      *out++ = meaning_of(at[1]);
      at += 2;
    } else {
      unsigned point = unit_at(at + 2);
      at += 6;
      if (point >= 0xd800 && point <= 0xdbff) {
        point = 0x10000 + ((point & 0x3ff) << 10 | (unit_at(at + 2) & 0x3ff));
        at += 6;
      }
      out = put_utf8(out, point);
    }
  }
  return out;
}

apo_status apo_cursor_string(apo_json_cursor *cursor,
                             apo_json_maker *maker,
                             apo_json_text_ref *out,
                             apo_error *err) {
  content text = {.at = NULL};
  const size_t at = (size_t)(cursor->at - cursor->begin);
  APO_TRY(skip_string(cursor, &text, err));
  if (text.n_bytes > APO_JSON_MAX_TEXT_BYTES) {
    return apo_fail(err, APO_ERR_LIMIT, "byte %zu: a string of %zu bytes, at most %zu are read", at,
                    text.n_bytes, APO_JSON_MAX_TEXT_BYTES);
  }
  if (!text.is_ascii && !apo_utf8_valid((const char *)text.at, text.n_bytes)) {
    return apo_fail(err, APO_ERR_FORMAT, "byte %zu: a string that is not UTF-8", at);
  }
  if (!text.has_escapes) {
    *out = apo_text_ref(at + 1, text.n_bytes, false);
    return APO_OK;
  }
  char *room = NULL;
  APO_TRY(apo_maker_text_room(maker, text.n_bytes, &room, err));
  const size_t n_bytes = (size_t)(unescape(&text, room) - room);
  *out = apo_text_ref((size_t)maker->n_unescaped, n_bytes, true);
  maker->n_unescaped += n_bytes;
  return APO_OK;
}
