/* json_text.c - JSON text (RFC 8259) to a document, in one walk over the bytes.
 *
 * One loop and one small struct for each open bracket, instead of a stack frame.  An array that
 * starts with a number is packed while it lasts, and so is one that starts with true or false; when
 * something else turns up in it, what was packed is spilt and it goes on as an array of values.
 */
#include <math.h>
#include <string.h>

#include "engine/core/number.h"
#include "engine/readers/json_cursor.h"
#include "engine/readers/json_pack.h"

typedef struct level {
  uint64_t begin; /* its first child among the values that wait */
  uint32_t key;   /* of the array or object itself */
  bool is_object;
} level;

typedef struct parser {
  apo_json_cursor cursor;
  apo_json_maker *maker;
  uint32_t key; /* of the value that comes next */
  size_t n_open;
  level open[APO_JSON_MAX_DEPTH];
} parser;

/* --- scalars ---------------------------------------------------------------------------------- */

static bool is_digit(int c) {
  return c >= '0' && c <= '9';
}

static bool take_digits(apo_json_cursor *cursor) {
  const uint8_t *begin = cursor->at;
  while (is_digit(apo_cursor_peek(cursor))) ++cursor->at;
  return cursor->at > begin;
}

static bool take_word(apo_json_cursor *cursor, const char *word) {
  const size_t n = strlen(word);
  if ((size_t)(cursor->end - cursor->at) < n || memcmp(cursor->at, word, n) != 0) return false;
  cursor->at += n;
  return true;
}

/** What is spelt as no plain number is, or is no number at all: slowly, to find the fault. */
static apo_status take_hard_number(apo_json_cursor *cursor, apo_number *out, apo_error *err) {
  const uint8_t *begin = cursor->at;
  *out = (apo_number){.real = (double)NAN};
  if (take_word(cursor, "NaN")) return APO_OK;
  const bool is_negative = apo_cursor_take(cursor, '-');
  out->real = is_negative ? -(double)INFINITY : (double)INFINITY;
  if (take_word(cursor, "Infinity")) return APO_OK;
  if (apo_cursor_take(cursor, '0')) {
    if (is_digit(apo_cursor_peek(cursor))) {
      return apo_cursor_fault(cursor, err, "no digit after a leading 0");
    }
  } else if (!take_digits(cursor)) {
    return apo_cursor_fault(cursor, err, is_negative ? "a digit" : "a value");
  }
  if (apo_cursor_take(cursor, '.') && !take_digits(cursor)) {
    return apo_cursor_fault(cursor, err, "a digit after the point");
  }
  if (apo_cursor_take(cursor, 'e') || apo_cursor_take(cursor, 'E')) {
    if (!apo_cursor_take(cursor, '+')) apo_cursor_take(cursor, '-');
    if (!take_digits(cursor)) return apo_cursor_fault(cursor, err, "a digit of the exponent");
  }
  if (apo_number_read((const char *)begin, (size_t)(cursor->at - begin), &out->real)) return APO_OK;
  return apo_fail(err, APO_ERR_INTERNAL, "byte %zu: a number that cannot be read",
                  (size_t)(begin - cursor->begin));
}

static apo_status take_number(apo_json_cursor *cursor, apo_number *out, apo_error *err) {
  const size_t n_left = (size_t)(cursor->end - cursor->at);
  const size_t n_taken = apo_number_take((const char *)cursor->at, n_left, out);
  if (n_taken == 0) return take_hard_number(cursor, out, err);
  cursor->at += n_taken;
  return APO_OK;
}

static bool is_number_start(int c) {
  return is_digit(c) || c == '-' || c == 'N' || c == 'I';
}

/** A value that is neither array nor object. */
static apo_status take_scalar(parser *p, apo_error *err) {
  apo_json_value value = {.as.integer = 0, .key = p->key};
  apo_number number;
  switch (apo_cursor_peek(&p->cursor)) {
    case '"':
      value.kind = APO_JSON_TEXT;
      APO_TRY(apo_cursor_string(&p->cursor, p->maker, &value.as.text, err));
      break;
    case 't':
    case 'f':
    case 'n':
      value.kind = APO_JSON_BOOLEAN;
      if (take_word(&p->cursor, "true")) {
        value.as.integer = 1;
      } else if (take_word(&p->cursor, "null")) {
        value.kind = APO_JSON_NULL;
      } else if (!take_word(&p->cursor, "false")) {
        return apo_cursor_fault(&p->cursor, err, "a value");
      }
      break;
    default:
      value.kind = APO_JSON_NUMBER;
      value.element = 'D';
      APO_TRY(take_number(&p->cursor, &number, err));
      value.as.number = number.real;
  }
  return apo_maker_add(p->maker, value, err);
}

/* --- arrays and objects ----------------------------------------------------------------------- */

/** Pack elements while they are of one kind; `is_complete` when the array ends with them. */
static apo_status pack(parser *p, apo_packer *packer, bool *is_complete, apo_error *err) {
  apo_json_cursor *cursor = &p->cursor;
  const bool are_flags = !is_number_start(apo_cursor_peek(cursor));
  *is_complete = false;
  for (;;) {
    apo_number number;
    if (!are_flags && is_number_start(apo_cursor_peek(cursor))) {
      APO_TRY(take_number(cursor, &number, err));
      APO_TRY(apo_packer_add(packer, number, err));
    } else if (are_flags && (take_word(cursor, "true") || take_word(cursor, "false"))) {
      APO_TRY(apo_packer_add_flag(packer, cursor->at[-2] == 'u', err));
    } else {
      return APO_OK;  // another kind: nothing of it was taken
    }
    apo_cursor_skip_space(cursor);
    *is_complete = apo_cursor_take(cursor, ']');
    if (*is_complete) return APO_OK;
    if (!apo_cursor_take(cursor, ',')) return apo_cursor_fault(cursor, err, "a comma or ]");
    apo_cursor_skip_space(cursor);
  }
}

static apo_status take_key(parser *p, apo_error *err) {
  apo_json_text_ref text = 0;
  apo_cursor_skip_space(&p->cursor);
  APO_TRY(apo_cursor_string(&p->cursor, p->maker, &text, err));
  APO_TRY(apo_maker_key(p->maker, text, &p->key, err));
  apo_cursor_skip_space(&p->cursor);
  return apo_cursor_take(&p->cursor, ':') ? APO_OK : apo_cursor_fault(&p->cursor, err, "a colon");
}

/** After '[': packed, empty, or open with its first value next; `is_complete` but for the last. */
static apo_status take_array(parser *p, bool *is_complete, apo_error *err) {
  const level opened = {p->maker->n_waiting, p->key, false};
  apo_cursor_skip_space(&p->cursor);
  *is_complete = apo_cursor_take(&p->cursor, ']');
  if (*is_complete) {
    const apo_json_value empty = {.key = p->key, .kind = APO_JSON_ARRAY};
    return apo_maker_close(p->maker, opened.begin, empty, err);
  }
  apo_packer packer = apo_packer_start(p->maker);
  const int c = apo_cursor_peek(&p->cursor);
  if (is_number_start(c) || c == 't' || c == 'f') {
    APO_TRY(pack(p, &packer, is_complete, err));
    if (*is_complete) return apo_packer_close(&packer, p->key, err);
    APO_TRY(apo_packer_spill(&packer, err));
  }
  p->open[p->n_open++] = opened;
  p->key = APO_JSON_NO_KEY;
  return APO_OK;
}

static apo_status take_object(parser *p, bool *is_complete, apo_error *err) {
  const level opened = {p->maker->n_waiting, p->key, true};
  apo_cursor_skip_space(&p->cursor);
  *is_complete = apo_cursor_take(&p->cursor, '}');
  if (*is_complete) {
    const apo_json_value empty = {.key = p->key, .kind = APO_JSON_OBJECT};
    return apo_maker_close(p->maker, opened.begin, empty, err);
  }
  p->open[p->n_open++] = opened;
  return take_key(p, err);
}

/** Take a value, or the start of one whose first child comes next. */
static apo_status take_value(parser *p, bool *is_complete, apo_error *err) {
  *is_complete = true;
  apo_cursor_skip_space(&p->cursor);
  const int c = apo_cursor_peek(&p->cursor);
  if (c != '[' && c != '{') return take_scalar(p, err);
  if (p->n_open == APO_JSON_MAX_DEPTH) {
    return apo_fail(err, APO_ERR_FORMAT, "byte %zu: nesting deeper than %d",
                    (size_t)(p->cursor.at - p->cursor.begin), APO_JSON_MAX_DEPTH);
  }
  ++p->cursor.at;
  return c == '[' ? take_array(p, is_complete, err) : take_object(p, is_complete, err);
}

/** After a value: close what ends here, up to the next value or the end of the document. */
static apo_status take_after(parser *p, apo_error *err) {
  while (p->n_open > 0) {
    const level *top = &p->open[p->n_open - 1];
    apo_cursor_skip_space(&p->cursor);
    if (apo_cursor_take(&p->cursor, ',')) {
      p->key = APO_JSON_NO_KEY;
      return top->is_object ? take_key(p, err) : APO_OK;
    }
    if (!apo_cursor_take(&p->cursor, top->is_object ? '}' : ']')) {
      return apo_cursor_fault(&p->cursor, err, top->is_object ? "a comma or }" : "a comma or ]");
    }
    const apo_json_value owner = {.key = top->key,
                                  .kind = top->is_object ? APO_JSON_OBJECT : APO_JSON_ARRAY};
    APO_TRY(apo_maker_close(p->maker, top->begin, owner, err));
    --p->n_open;
  }
  return APO_OK;
}

static apo_status walk(parser *p, apo_error *err) {
  bool is_complete;
  do {
    APO_TRY(take_value(p, &is_complete, err));
    if (is_complete) APO_TRY(take_after(p, err));
  } while (p->n_open > 0);
  apo_cursor_skip_space(&p->cursor);
  if (p->cursor.at == p->cursor.end) return APO_OK;
  return apo_cursor_fault(&p->cursor, err, "the end of the document");
}

apo_status apo_json_parse(apo_bytes bytes, apo_json **out, apo_error *err) {
  static const uint8_t mark[3] = {0xef, 0xbb, 0xbf};
  *out = NULL;
  if (bytes.n_bytes == 0) bytes.at = mark;
  apo_json_maker maker;
  apo_status status = apo_maker_start(&maker, bytes, err);
  if (status == APO_OK) {
    parser p = {.cursor = {bytes.at, bytes.at, bytes.at + bytes.n_bytes},
                .maker = &maker,
                .key = APO_JSON_NO_KEY};
    if (bytes.n_bytes >= sizeof mark && memcmp(bytes.at, mark, sizeof mark) == 0) {
      p.cursor.at += sizeof mark;
    }
    status = walk(&p, err);
  }
  if (status == APO_OK) status = apo_maker_finish(&maker, out, err);
  apo_maker_stop(&maker);
  return status;
}
