/* mutate_json.c - JSON text changed by elements and members, without a parse tree.
 *
 * An element is what stands between '[' , '{' , ',' or ':' and the next ',' or closing bracket of
 * the same level; in an object it is "key":value.  That needs one scan from a place that was drawn,
 * so a mutation costs less than the reading that follows it.
 */
#include <stdio.h>

#include "tests/fuzz/mutate.h"

typedef struct element {
  size_t begin;
  size_t end;
} element;

static bool is_blank(uint8_t c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* The byte behind the text whose opening quote is at `at`. */
static size_t text_end(const apo_mutate_buffer *buffer, size_t at) {
  for (++at; at < buffer->n_bytes; ++at) {
    if (buffer->at[at] == '\\') {
      ++at;
    } else if (buffer->at[at] == '"') {
      return at + 1;
    }
  }
  return buffer->n_bytes;
}

static size_t element_end(const apo_mutate_buffer *buffer, size_t at) {
  size_t depth = 0;
  while (at < buffer->n_bytes) {
    const uint8_t c = buffer->at[at];
    if (c == '"') {
      at = text_end(buffer, at);
      continue;
    }
    const bool opens = c == '[' || c == '{';
    const bool closes = c == ']' || c == '}';
    if (depth == 0 && (closes || c == ',')) return at;
    if (opens) ++depth;
    if (closes) --depth;
    ++at;
  }
  return buffer->n_bytes;
}

static bool begins_element(uint8_t c) {
  return c == '[' || c == '{' || c == ',' || c == ':';
}

/* An element behind a place that is drawn. */
static bool draw_element(const apo_mutate_buffer *buffer, apo_mutate_draw *draw, element *out) {
  if (buffer->n_bytes == 0) return false;
  const size_t from = apo_mutate_below(draw, buffer->n_bytes);
  for (size_t i = 0; i < buffer->n_bytes; ++i) {
    size_t at = from + i;
    if (at >= buffer->n_bytes) at -= buffer->n_bytes;
    if (!begins_element(buffer->at[at])) continue;
    ++at;
    while (at < buffer->n_bytes && is_blank(buffer->at[at])) ++at;
    *out = (element){at, element_end(buffer, at)};
    if (out->end > out->begin) return true;
  }
  return false;
}

/* --- changes of one element ------------------------------------------------------------------- */

/* Drop it with one of its commas. */
static bool drop(apo_mutate_buffer *buffer, element e) {
  if (e.end < buffer->n_bytes && buffer->at[e.end] == ',') {
    ++e.end;
  } else if (e.begin > 0 && buffer->at[e.begin - 1] == ',') {
    --e.begin;
  }
  return apo_mutate_replace(buffer, e.begin, e.end, NULL, 0);
}

static bool repeat(apo_mutate_buffer *buffer, element e, size_t n_times) {
  bool is_done = false;
  for (size_t i = 0; i < n_times; ++i) {
    if (e.end - e.begin > buffer->room - buffer->n_bytes) return is_done;
    if (!apo_mutate_replace(buffer, e.end, e.end, ",", 1)) return is_done;
    if (!apo_mutate_copy(buffer, e.end + 1, e.end + 1, e.begin, e.end)) {
      return apo_mutate_replace(buffer, e.end, e.end + 1, NULL, 0) && is_done;
    }
    is_done = true;
  }
  return is_done;
}

static bool swap(apo_mutate_buffer *buffer, element e) {
  if (e.end >= buffer->n_bytes || buffer->at[e.end] != ',') return false;
  return apo_mutate_swap(buffer, e.begin, e.end, e.end + 1, element_end(buffer, e.end + 1));
}

/* Another element in its place: parts of the same file in each other's roles. */
static bool splice(apo_mutate_buffer *buffer, element e, apo_mutate_draw *draw) {
  element other;
  if (!draw_element(buffer, draw, &other)) return false;
  return apo_mutate_copy(buffer, e.begin, e.end, other.begin, other.end);
}

static bool retype(apo_mutate_buffer *buffer, element e, apo_mutate_draw *draw) {
  static const char *const values[] = {
      "null", "true",  "[]",    "{}",    "\"\"",  "[[]]",     "[null]",    "[1]",    "[0,1]",
      "[-1]", "false", "\"0\"", "[1.5]", "[NaN]", "[true,0]", "[\"a\",1]", "\"-1\"", "[0]"};
  const char *value = values[apo_mutate_below(draw, sizeof values / sizeof values[0])];
  for (size_t at = e.begin; at < e.end && buffer->at[e.begin] == '"'; ++at) {
    // Of a member only the value: without its key it would be a different document.
    if (at == e.begin) at = text_end(buffer, at);
    if (at < e.end && buffer->at[at] == ':') {
      e.begin = at + 1;
      break;
    }
  }
  return apo_mutate_replace(buffer, e.begin, e.end, value, strlen(value));
}

/* --- the same change in all arrays of one length ---------------------------------------------- */

/* The elements of the array without brackets inside that opens at `at`; 0 when it is none. */
static size_t flat_length(const apo_mutate_buffer *buffer, size_t at, size_t *end) {
  size_t n = 1;
  for (++at; at < buffer->n_bytes; ++at) {
    const uint8_t c = buffer->at[at];
    if (c == '[' || c == '{' || c == '}' || c == '"') return 0;
    if (c == ',') ++n;
    if (c == ']') {
      *end = at;
      return buffer->at[at - 1] == '[' ? 0 : n;
    }
  }
  return 0;
}

static element element_at(const apo_mutate_buffer *buffer, size_t array, size_t position) {
  size_t at = array + 1;
  for (; position > 0; --position) at = element_end(buffer, at) + 1;
  return (element){at, element_end(buffer, at)};
}

/* "n" as XGBoost writes counts becomes "n + 1" or "n - 1". */
static void fix_counts(apo_mutate_buffer *buffer, size_t n, bool is_drop) {
  char old[32];
  char new[32];
  const size_t n_old = (size_t)snprintf(old, sizeof old, "\"%zu\"", n);
  const size_t n_new = (size_t)snprintf(new, sizeof new, "\"%zu\"", is_drop ? n - 1 : n + 1);
  for (size_t at = 0; at + n_old <= buffer->n_bytes; ++at) {
    if (memcmp(buffer->at + at, old, n_old) != 0) continue;
    if (!apo_mutate_replace(buffer, at, at + n_old, new, n_new)) return;
  }
}

static bool change_alike(apo_mutate_buffer *buffer, apo_mutate_draw *draw) {
  size_t at = apo_mutate_below(draw, buffer->n_bytes);
  size_t end = 0;
  size_t length = 0;
  for (; at < buffer->n_bytes && length == 0; ++at) {
    if (buffer->at[at] == '[') length = flat_length(buffer, at, &end);
  }
  if (length == 0) return false;
  const size_t position = apo_mutate_below(draw, length);
  const bool is_drop = apo_mutate_coin(draw);
  for (at = 0; at < buffer->n_bytes; ++at) {
    if (buffer->at[at] != '[' || flat_length(buffer, at, &end) != length) continue;
    const element e = element_at(buffer, at, position);
    if (is_drop ? !drop(buffer, e) : !repeat(buffer, e, 1)) break;
  }
  if (apo_mutate_coin(draw)) fix_counts(buffer, length, is_drop);
  return true;
}

size_t apo_mutate_json(uint8_t *bytes, size_t n_bytes, size_t room, apo_mutate_draw *draw) {
  apo_mutate_buffer buffer = {bytes, n_bytes, room};
  element e;
  bool is_done = false;
  if (!draw_element(&buffer, draw, &e)) return 0;
  switch (apo_mutate_below(draw, 16)) {
    case 0: is_done = drop(&buffer, e); break;
    case 1: is_done = repeat(&buffer, e, 1); break;
    case 2: is_done = repeat(&buffer, e, (size_t)1 << apo_mutate_below(draw, 10)); break;
    case 3: is_done = swap(&buffer, e); break;
    case 4:
    case 5: is_done = splice(&buffer, e, draw); break;
    case 6: is_done = retype(&buffer, e, draw); break;
    case 7: is_done = change_alike(&buffer, draw); break;
    default: is_done = apo_mutate_number(&buffer, 0, n_bytes, draw); break;
  }
  return is_done ? buffer.n_bytes : 0;
}
