/* mutate_ubjson.c - UBJSON changed by values, typed elements and lengths.
 *
 * The bytes are walked once, as far as they can be understood, into a list of values.  Nothing in
 * UBJSON counts the bytes of a container, so a value that grows or goes leaves the others right;
 * only the lengths of texts and of counted arrays have to follow, and in half of the cases they
 * are left wrong on purpose.
 */
#include <inttypes.h>
#include <stdio.h>

#include "tests/fuzz/mutate.h"

enum { MAX_VALUES = 4096, MAX_DEPTH = 64 };

typedef struct value {
  uint32_t begin;  /* of its key, or of itself */
  uint32_t at;     /* of its marker */
  uint32_t length; /* of the marker of its length; 0: it has none */
  uint32_t data;   /* behind marker and length */
  uint32_t end;    /* behind its last byte; of a container that does not end, the end of all */
  uint32_t holder; /* the container around it; itself for the first */
} value;

typedef struct document {
  const uint8_t *bytes;
  uint32_t n_bytes;
  uint32_t at;
  uint32_t n_values;
  uint32_t n_open;
  uint32_t open[MAX_DEPTH];
  int64_t n_left[MAX_DEPTH]; /* -1: up to a bracket */
  value values[MAX_VALUES];
} document;

/* One at a time: a list on the stack would be as large as all else together. */
static document parsed;

static uint32_t width_of(int marker) {
  switch (marker) {
    case 'i':
    case 'U':
    case 'C': return 1;
    case 'I': return 2;
    case 'l':
    case 'd': return 4;
    case 'L':
    case 'D': return 8;
    default: return 0;
  }
}

static uint64_t load(const uint8_t *at, uint32_t width) {
  uint64_t bits = 0;
  for (uint32_t i = 0; i < width; ++i) bits = bits << 8 | at[i];
  return bits;
}

static void store(uint8_t *at, uint32_t width, uint64_t bits) {
  for (uint32_t i = width; i > 0; --i, bits >>= 8) at[i - 1] = (uint8_t)bits;
}

/* A length at `at`, or false when these bytes hold none. */
static bool take_length(document *doc, uint64_t *out) {
  if (doc->at >= doc->n_bytes) return false;
  const uint32_t width = width_of(doc->bytes[doc->at]);
  if (width == 0 || doc->n_bytes - doc->at <= width) return false;
  *out = load(doc->bytes + doc->at + 1, width);
  doc->at += 1 + width;
  return *out <= doc->n_bytes;
}

static bool skip(document *doc, uint64_t n_bytes) {
  if (n_bytes > doc->n_bytes - doc->at) return false;
  doc->at += (uint32_t)n_bytes;
  return true;
}

static bool open_level(document *doc, int64_t n_left) {
  if (doc->n_open == MAX_DEPTH) return false;
  doc->n_left[doc->n_open] = n_left;
  doc->open[doc->n_open++] = doc->n_values - 1;
  return true;
}

static bool take_array(document *doc, value *v) {
  uint64_t n = 0;
  if (doc->at < doc->n_bytes && doc->bytes[doc->at] == '$') {
    if (!skip(doc, 3)) return false;
    const uint32_t width = width_of(doc->bytes[doc->at - 2]);
    v->length = doc->at;
    if (width == 0 || !take_length(doc, &n)) return false;
    v->data = doc->at;
    return skip(doc, n * width);
  }
  const bool is_counted = doc->at < doc->n_bytes && doc->bytes[doc->at] == '#';
  if (is_counted) {
    v->length = ++doc->at;
    if (!take_length(doc, &n)) return false;
  }
  v->data = doc->at;
  return open_level(doc, is_counted ? (int64_t)n : -1);
}

/* What follows the marker of `v`, which is the last value. */
static bool take_payload(document *doc, value *v) {
  uint64_t n = 0;
  const uint8_t marker = doc->bytes[v->at];
  if (marker == '{') return open_level(doc, -1);
  if (marker == '[') return take_array(doc, v);
  if (marker == 'S') {
    v->length = doc->at;
    if (!take_length(doc, &n)) return false;
    v->data = doc->at;
    return skip(doc, n);
  }
  return skip(doc, width_of(marker));
}

static bool take_value(document *doc) {
  if (doc->n_values == MAX_VALUES || doc->at >= doc->n_bytes) return false;
  value *v = &doc->values[doc->n_values];
  *v = (value){.begin = doc->at, .end = doc->n_bytes};
  v->holder = doc->n_open > 0 ? doc->open[doc->n_open - 1] : 0;
  uint64_t n = 0;
  if (doc->n_open > 0 && doc->bytes[doc->values[v->holder].at] == '{') {
    if (!take_length(doc, &n) || !skip(doc, n) || doc->at >= doc->n_bytes) return false;
  }
  v->at = doc->at++;
  v->data = doc->at;
  ++doc->n_values;
  const uint32_t n_open = doc->n_open;
  if (!take_payload(doc, v)) {
    --doc->n_values;  // a list of whole values, so that changes need not check
    return false;
  }
  if (doc->n_open == n_open) v->end = doc->at;
  return true;
}

static void close_levels(document *doc) {
  while (doc->n_open > 0) {
    const uint32_t top = doc->n_open - 1;
    const bool is_counted = doc->n_left[top] >= 0;
    if (is_counted && doc->n_left[top] > 0) return;
    if (!is_counted) {
      const bool ends =
          doc->at < doc->n_bytes && (doc->bytes[doc->at] == '}' || doc->bytes[doc->at] == ']');
      if (!ends) return;
      ++doc->at;
    }
    doc->values[doc->open[top]].end = doc->at;
    --doc->n_open;
  }
}

static void parse(document *doc, const uint8_t *bytes, size_t n_bytes) {
  doc->bytes = bytes;
  doc->n_bytes = (uint32_t)n_bytes;
  doc->at = 0;
  doc->n_values = 0;
  doc->n_open = 0;
  do {
    const uint32_t n_open = doc->n_open;
    if (n_open > 0 && doc->n_left[n_open - 1] > 0) --doc->n_left[n_open - 1];
    if (!take_value(doc)) return;
    close_levels(doc);
  } while (doc->n_open > 0);
}

/* --- changes ---------------------------------------------------------------------------------- */

static bool is_typed(const apo_mutate_buffer *buffer, const value *v) {
  return buffer->at[v->at] == '[' && v->length != 0 && buffer->at[v->at + 1] == '$';
}

/* Add to the length whose marker is at `at`. */
static void add_to_length(apo_mutate_buffer *buffer, uint32_t at, int64_t more) {
  const uint32_t width = width_of(buffer->at[at]);
  store(buffer->at + at + 1, width, load(buffer->at + at + 1, width) + (uint64_t)more);
}

static void write_edge(uint8_t *at, int marker, apo_mutate_draw *draw) {
  const uint32_t width = width_of(marker);
  uint64_t bits = load(at, width);
  if (marker == 'd') {
    const double number = apo_mutate_edge_real(draw);
    // Beyond the floats the conversion itself would be undefined.
    const float narrow = number > 3.4e38 || number < -3.4e38 ? 3.4028235e38f : (float)number;
    uint32_t narrow_bits;
    memcpy(&narrow_bits, &narrow, sizeof narrow_bits);
    bits = apo_mutate_below(draw, 8) != 0 ? narrow_bits : UINT32_C(0x7f800000);
  } else if (marker == 'D') {
    const double number = apo_mutate_edge_real(draw);
    memcpy(&bits, &number, sizeof bits);
  } else {
    bits = (uint64_t)apo_mutate_edge_integer(draw, (int64_t)(bits & 0xffffffffu));
  }
  store(at, width, bits);
}

static bool change_length(apo_mutate_buffer *buffer, const value *v, apo_mutate_draw *draw) {
  // A key's length stands where the value's name begins.
  const uint32_t at = v->length != 0 ? v->length : v->begin;
  if (width_of(buffer->at[at]) == 0) return false;
  write_edge(buffer->at + at + 1, buffer->at[at], draw);
  return true;
}

/* Drop or repeat one element of a typed array. */
static bool resize_typed(
    apo_mutate_buffer *buffer, const value *v, size_t position, bool is_drop, bool fixes) {
  const uint32_t width = width_of(buffer->at[v->at + 2]);
  const size_t at = v->data + position * width;
  if (at + width > v->end) return false;
  const bool is_done = is_drop ? apo_mutate_replace(buffer, at, at + width, NULL, 0)
                               : apo_mutate_copy(buffer, at, at, at, at + width);
  if (is_done && fixes) add_to_length(buffer, v->length, is_drop ? -1 : 1);
  return is_done;
}

static bool change_typed(apo_mutate_buffer *buffer, const value *v, apo_mutate_draw *draw) {
  const uint32_t width = width_of(buffer->at[v->at + 2]);
  const size_t n = (v->end - v->data) / width;
  if (n == 0) return change_length(buffer, v, draw);
  const size_t position = apo_mutate_below(draw, n);
  switch (apo_mutate_below(draw, 4)) {
    case 0: return resize_typed(buffer, v, position, apo_mutate_coin(draw), apo_mutate_coin(draw));
    case 1: {
      const size_t other = apo_mutate_below(draw, n);
      memmove(buffer->at + v->data + position * width, buffer->at + v->data + other * width, width);
      return true;
    }
    default:
      write_edge(buffer->at + v->data + position * width, buffer->at[v->at + 2], draw);
      return true;
  }
}

/* Another text in its place: counts of XGBoost are texts. */
static bool change_text(apo_mutate_buffer *buffer, const value *v, apo_mutate_draw *draw) {
  char text[64];
  int64_t old = 0;
  for (uint32_t at = v->data; at < v->end && old < 1000000; ++at) {
    if (buffer->at[at] < '0' || buffer->at[at] > '9') break;
    old = old * 10 + (buffer->at[at] - '0');
  }
  const int n = apo_mutate_below(draw, 4) != 0
                    ? snprintf(text, sizeof text, "%" PRId64, apo_mutate_edge_integer(draw, old))
                    : snprintf(text, sizeof text, "%.9g", apo_mutate_edge_real(draw));
  if (n < 0 || !apo_mutate_replace(buffer, v->data, v->end, text, (size_t)n)) return false;
  if (apo_mutate_below(draw, 8) != 0)
    add_to_length(buffer, v->length, n - (int64_t)(v->end - v->data));
  return true;
}

static bool change_value(apo_mutate_buffer *buffer, const value *v, apo_mutate_draw *draw) {
  const uint8_t marker = buffer->at[v->at];
  if (marker == 'S') return change_text(buffer, v, draw);
  if (is_typed(buffer, v)) return change_typed(buffer, v, draw);
  if (width_of(marker) > 0) {
    write_edge(buffer->at + v->data, marker, draw);
    return true;
  }
  return false;
}

/* Drop, repeat, or replace by another value; a counted array is told in half of the cases. */
static bool change_place(apo_mutate_buffer *buffer, const value *v, apo_mutate_draw *draw) {
  const value *holder = &parsed.values[v->holder];
  const value *other = &parsed.values[apo_mutate_below(draw, parsed.n_values)];
  int64_t more = 0;
  bool is_done = false;
  switch (apo_mutate_below(draw, 3)) {
    case 0:
      is_done = apo_mutate_replace(buffer, v->begin, v->end, NULL, 0);
      more = -1;
      break;
    case 1:
      is_done = apo_mutate_copy(buffer, v->end, v->end, v->begin, v->end);
      more = 1;
      break;
    default: return apo_mutate_copy(buffer, v->at, v->end, other->at, other->end);
  }
  const bool is_counted = v->holder != (uint32_t)(v - parsed.values) && holder->length != 0;
  if (is_done && is_counted && apo_mutate_coin(draw)) add_to_length(buffer, holder->length, more);
  return is_done;
}

/* In each typed array of one length the element at one position goes or comes twice, and texts
 * that say the length follow.  From the last to the first, so that places stay right. */
static bool change_alike(apo_mutate_buffer *buffer, const value *chosen, apo_mutate_draw *draw) {
  if (!is_typed(buffer, chosen)) return false;
  const size_t n = (chosen->end - chosen->data) / width_of(buffer->at[chosen->at + 2]);
  if (n == 0) return false;
  char count[32];
  const size_t n_count = (size_t)snprintf(count, sizeof count, "%zu", n);
  const size_t position = apo_mutate_below(draw, n);
  const bool is_drop = apo_mutate_coin(draw);
  const bool fixes_texts = apo_mutate_coin(draw);
  char next[32];
  const size_t n_next = (size_t)snprintf(next, sizeof next, "%zu", is_drop ? n - 1 : n + 1);
  for (uint32_t i = parsed.n_values; i > 0; --i) {
    const value *v = &parsed.values[i - 1];
    if (is_typed(buffer, v)) {
      const size_t length = (v->end - v->data) / width_of(buffer->at[v->at + 2]);
      if (length == n && !resize_typed(buffer, v, position, is_drop, true)) break;
    } else if (fixes_texts && buffer->at[v->at] == 'S' && v->end - v->data == n_count &&
               memcmp(buffer->at + v->data, count, n_count) == 0) {
      if (!apo_mutate_replace(buffer, v->data, v->end, next, n_next)) break;
      add_to_length(buffer, v->length, (int64_t)n_next - (int64_t)n_count);
    }
  }
  return true;
}

size_t apo_mutate_ubjson(uint8_t *bytes, size_t n_bytes, size_t room, apo_mutate_draw *draw) {
  apo_mutate_buffer buffer = {bytes, n_bytes, room};
  if (n_bytes == 0 || n_bytes > UINT32_MAX / 2) return 0;
  parse(&parsed, bytes, n_bytes);
  if (parsed.n_values == 0) return 0;
  const value *v = &parsed.values[apo_mutate_below(draw, parsed.n_values)];
  bool is_done = false;
  switch (apo_mutate_below(draw, 8)) {
    case 0: is_done = change_length(&buffer, v, draw); break;
    case 1:
    case 2: is_done = change_place(&buffer, v, draw); break;
    case 3: is_done = change_alike(&buffer, v, draw); break;
    default: is_done = change_value(&buffer, v, draw); break;
  }
  return is_done ? buffer.n_bytes : 0;
}
