/* json_scan.c - the whole grammar of RFC 8259, checked before cJSON sees the text.
 *
 * cJSON recurses, cuts numbers at 63 characters, ends strings at an escaped NUL, accepts control
 * characters and numbers like 01, and says nothing about where or why it stopped.  This loop keeps
 * one byte per open bracket instead of a stack frame, names the byte of the fault, and leaves only
 * text that cJSON reads as it was meant.
 */
#include <string.h>

#include "engine/core/names.h"
#include "engine/readers/json_tree.h"

enum { MAX_NUMBER_BYTES = 63 };  // what cJSON copies of a number

typedef struct scan {
  char *text;
  size_t n_bytes;
  size_t at;
  size_t n_open;
  char open[APO_JSON_MAX_DEPTH];
} scan;

static apo_status fault(const scan *s, apo_error *err, const char *needed) {
  if (s->at >= s->n_bytes) {
    return apo_fail(err, APO_ERR_FORMAT, "byte %zu: the text ends here, needs %s", s->at, needed);
  }
  return apo_fail(err, APO_ERR_FORMAT, "byte %zu: 0x%02x, needs %s", s->at,
                  (unsigned)(unsigned char)s->text[s->at], needed);
}

static int peek(const scan *s) {
  return s->at < s->n_bytes ? (unsigned char)s->text[s->at] : -1;
}

static bool take(scan *s, char c) {
  if (peek(s) != (unsigned char)c) return false;
  ++s->at;
  return true;
}

static void skip_space(scan *s) {
  for (int c = peek(s); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = peek(s)) ++s->at;
}

static bool is_digit(int c) {
  return c >= '0' && c <= '9';
}

static bool take_digits(scan *s) {
  const size_t begin = s->at;
  while (is_digit(peek(s))) ++s->at;
  return s->at > begin;
}

/** Replace the word at the cursor, if it is there, by as many characters that mean it to cJSON. */
static bool take_word(scan *s, const char *word, const char *meaning) {
  const size_t n = strlen(word);
  if (s->n_bytes - s->at < n || memcmp(s->text + s->at, word, n) != 0) return false;
  memcpy(s->text + s->at, meaning, n);
  s->at += n;
  return true;
}

static apo_status scan_number(scan *s, apo_error *err) {
  const size_t begin = s->at;
  if (take(s, '-') && take_word(s, "Infinity", "1e999   ")) return APO_OK;
  if (take(s, '0')) {
    if (is_digit(peek(s))) return fault(s, err, "no digit after a leading 0");
  } else if (!take_digits(s)) {
    return fault(s, err, "a digit");
  }
  if (take(s, '.') && !take_digits(s)) return fault(s, err, "a digit after the point");
  if (peek(s) == 'e' || peek(s) == 'E') {
    ++s->at;
    if (!take(s, '+')) take(s, '-');
    if (!take_digits(s)) return fault(s, err, "a digit of the exponent");
  }
  if (s->at - begin <= MAX_NUMBER_BYTES) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT, "byte %zu: a number of %zu characters, at most %d are read",
                  begin, s->at - begin, MAX_NUMBER_BYTES);
}

static apo_status take_unit(scan *s, unsigned *out, apo_error *err) {
  *out = 0;
  for (int i = 0; i < 4; ++i) {
    const int c = peek(s);
    unsigned digit;
    if (is_digit(c)) {
      digit = (unsigned)(c - '0');
    } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
      digit = (unsigned)((c | 0x20) - 'a' + 10);
    } else {
      return fault(s, err, "four hexadecimal digits");
    }
    *out = *out << 4 | digit;
    ++s->at;
  }
  return APO_OK;
}

static apo_status scan_escape(scan *s, apo_error *err) {
  const int c = peek(s);
  if (c != 'u') {
    if (c < 0 || c == 0 || strchr("\"\\/bfnrt", c) == NULL) return fault(s, err, "an escape");
    ++s->at;
    return APO_OK;
  }
  ++s->at;
  unsigned unit = 0;
  APO_TRY(take_unit(s, &unit, err));
  if (unit == 0) return fault(s, err, "no NUL before this place");
  if (unit >= 0xdc00 && unit <= 0xdfff) return fault(s, err, "the first half of a pair before it");
  if (unit < 0xd800 || unit > 0xdbff) return APO_OK;
  if (!take(s, '\\') || !take(s, 'u')) return fault(s, err, "the second half of a pair");
  APO_TRY(take_unit(s, &unit, err));
  if (unit >= 0xdc00 && unit <= 0xdfff) return APO_OK;
  return fault(s, err, "the second half of a pair before this place");
}

static apo_status scan_string(scan *s, apo_error *err) {
  const size_t begin = s->at;
  if (!take(s, '"')) return fault(s, err, "a quote");
  for (;;) {
    const int c = peek(s);
    if (c < ' ') return fault(s, err, "the end of a string");
    ++s->at;
    if (c == '"') break;
    if (c == '\\') APO_TRY(scan_escape(s, err));
  }
  const size_t n_bytes = s->at - begin - 2;
  if (n_bytes > APO_JSON_MAX_TEXT_BYTES) {
    return apo_fail(err, APO_ERR_LIMIT, "byte %zu: a string of %zu bytes, at most %zu are read",
                    begin, n_bytes, APO_JSON_MAX_TEXT_BYTES);
  }
  if (apo_utf8_valid(s->text + begin + 1, n_bytes)) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT, "byte %zu: a string that is not UTF-8", begin);
}

static apo_status scan_scalar(scan *s, apo_error *err) {
  const int c = peek(s);
  if (c == '"') return scan_string(s, err);
  if (c == '-' || is_digit(c)) return scan_number(s, err);
  const bool is_word = take_word(s, "true", "true") || take_word(s, "false", "false") ||
                       take_word(s, "null", "null") || take_word(s, "NaN", "\"\xff\"") ||
                       take_word(s, "Infinity", "1e999   ");
  return is_word ? APO_OK : fault(s, err, "a value");
}

static apo_status scan_key(scan *s, apo_error *err) {
  skip_space(s);
  APO_TRY(scan_string(s, err));
  skip_space(s);
  return take(s, ':') ? APO_OK : fault(s, err, "a colon");
}

/** After an opening bracket: `is_empty` when it was closed at once. */
static apo_status scan_open(scan *s, bool *is_empty, apo_error *err) {
  if (s->n_open == APO_JSON_MAX_DEPTH) {
    return apo_fail(err, APO_ERR_FORMAT, "byte %zu: nesting deeper than %d", s->at,
                    APO_JSON_MAX_DEPTH);
  }
  const char open = s->text[s->at++];
  skip_space(s);
  *is_empty = take(s, open == '{' ? '}' : ']');
  if (*is_empty) return APO_OK;
  s->open[s->n_open++] = open;
  return open == '{' ? scan_key(s, err) : APO_OK;
}

/** After a value: close what ends here, up to the next value or the end of the document. */
static apo_status scan_after(scan *s, apo_error *err) {
  while (s->n_open > 0) {
    const bool is_object = s->open[s->n_open - 1] == '{';
    skip_space(s);
    if (take(s, ',')) return is_object ? scan_key(s, err) : APO_OK;
    if (!take(s, is_object ? '}' : ']')) {
      return fault(s, err, is_object ? "a comma or }" : "a comma or ]");
    }
    --s->n_open;
  }
  return APO_OK;
}

apo_status apo_json_scan(char *text, size_t n_bytes, apo_error *err) {
  scan s = {.text = text, .n_bytes = n_bytes};
  do {
    bool is_complete = true;
    skip_space(&s);
    if (peek(&s) == '{' || peek(&s) == '[') {
      APO_TRY(scan_open(&s, &is_complete, err));
    } else {
      APO_TRY(scan_scalar(&s, err));
    }
    if (is_complete) APO_TRY(scan_after(&s, err));
    if (is_complete && s.n_open == 0) break;
  } while (true);
  skip_space(&s);
  return s.at == n_bytes ? APO_OK : fault(&s, err, "the end of the document");
}
