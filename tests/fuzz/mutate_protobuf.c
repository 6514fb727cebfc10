/* mutate_protobuf.c - protobuf messages (ONNX) changed by fields.
 *
 *   message := { tag value }        tag := varint, field * 8 + kind
 *   kind 0  varint     1  8 bytes     2  varint length, bytes: a message, a text, packed numbers
 *   kind 5  4 bytes
 *
 * A field is found by a walk from the outside: in each message one field is drawn, and when its
 * bytes are a message themselves, the walk may go on inside.  The lengths of the messages around a
 * change follow it, but for one case in eight.
 */
#include "tests/fuzz/mutate.h"

enum { MAX_DEPTH = 16, MAX_FIELDS = 65536, MAX_VARINT = 10 };

typedef struct field {
  size_t begin; /* of its tag */
  size_t data;  /* of the number, or of the length */
  size_t body;  /* of kind 2: behind the length; else as data */
  size_t end;
  unsigned kind;
} field;

static bool take_varint(const uint8_t *bytes, size_t *at, size_t end, uint64_t *out) {
  *out = 0;
  for (unsigned shift = 0; shift < 7 * MAX_VARINT && *at < end; shift += 7) {
    const uint8_t byte = bytes[(*at)++];
    if (shift < 64) *out |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

static size_t put_varint(uint8_t *out, uint64_t number) {
  size_t n = 0;
  for (; number >= 0x80; number >>= 7) out[n++] = (uint8_t)(number | 0x80);
  out[n++] = (uint8_t)number;
  return n;
}

static bool take_field(const uint8_t *bytes, size_t at, size_t end, field *out) {
  uint64_t tag = 0;
  uint64_t number = 0;
  *out = (field){.begin = at};
  if (!take_varint(bytes, &at, end, &tag) || tag < 8) return false;
  out->kind = tag & 7;
  out->data = at;
  out->body = at;
  if (out->kind == 0) {
    if (!take_varint(bytes, &at, end, &number)) return false;
  } else if (out->kind == 2) {
    if (!take_varint(bytes, &at, end, &number) || number > end - at) return false;
    out->body = at;
    at += (size_t)number;
  } else if (out->kind == 1 || out->kind == 5) {
    const size_t width = out->kind == 1 ? 8 : 4;
    if (width > end - at) return false;
    at += width;
  } else {
    return false;
  }
  out->end = at;
  return true;
}

/* One field of [begin, end), or false; `is_whole` when the range is fields to its end. */
static bool draw_field(const uint8_t *bytes,
                       size_t begin,
                       size_t end,
                       apo_mutate_draw *draw,
                       field *out,
                       bool *is_whole) {
  field next;
  size_t n = 0;
  size_t at = begin;
  for (; at < end && n < MAX_FIELDS && take_field(bytes, at, end, &next); at = next.end) {
    if (apo_mutate_below(draw, ++n) == 0) *out = next;  // each is as likely as the others
  }
  *is_whole = at == end;
  return n > 0;
}

static void write_little(uint8_t *at, size_t width, uint64_t bits) {
  for (size_t i = 0; i < width; ++i, bits >>= 8) at[i] = (uint8_t)bits;
}

static void write_edge_bits(uint8_t *at, size_t width, apo_mutate_draw *draw) {
  static const uint32_t narrow[] = {0,          0x80000000, 1,          0x7f800000, 0xff800000,
                                    0x7fc00000, 0x7f7fffff, 0x00800000, 0x3f800000, 0x4b800000};
  uint64_t bits = narrow[apo_mutate_below(draw, sizeof narrow / sizeof narrow[0])];
  if (width == 8) {
    const double number = apo_mutate_edge_real(draw);
    memcpy(&bits, &number, sizeof bits);
  }
  write_little(at, width, bits);
}

/* Bytes that may be packed numbers: one varint, float or double becomes an edge. */
static bool change_packed(apo_mutate_buffer *buffer, const field *f, apo_mutate_draw *draw) {
  const size_t n_bytes = f->end - f->body;
  const size_t width = apo_mutate_coin(draw) ? 4 : 8;
  if (n_bytes >= width && n_bytes % width == 0 && apo_mutate_coin(draw)) {
    const size_t at = f->body + width * apo_mutate_below(draw, n_bytes / width);
    write_edge_bits(buffer->at + at, width, draw);
    return true;
  }
  uint8_t number[MAX_VARINT];
  uint64_t old = 0;
  if (n_bytes == 0) return false;
  size_t at = f->body + apo_mutate_below(draw, n_bytes);
  while (at > f->body && buffer->at[at - 1] >= 0x80) --at;
  size_t end = at;
  if (!take_varint(buffer->at, &end, f->end, &old)) return false;
  const size_t n = put_varint(number, (uint64_t)apo_mutate_edge_integer(draw, (int64_t)(old >> 1)));
  if (!apo_mutate_replace(buffer, at, end, number, n)) return false;
  uint8_t length[MAX_VARINT];
  const size_t n_length = put_varint(length, n_bytes - (end - at) + n);
  return apo_mutate_replace(buffer, f->data, f->body, length, n_length);
}

static bool change_number(apo_mutate_buffer *buffer, const field *f, apo_mutate_draw *draw) {
  if (f->kind == 1 || f->kind == 5) {
    write_edge_bits(buffer->at + f->data, f->end - f->data, draw);
    return true;
  }
  uint8_t number[MAX_VARINT];
  uint64_t old = 0;
  size_t at = f->data;
  // Of kind 2 it is the length that changes, and its bytes do not.
  const size_t end = f->kind == 2 ? f->body : f->end;
  if (!take_varint(buffer->at, &at, end, &old)) return false;
  const size_t n = put_varint(number, (uint64_t)apo_mutate_edge_integer(draw, (int64_t)(old >> 1)));
  return apo_mutate_replace(buffer, f->data, end, number, n);
}

/* A text is often a word that decides ("BRANCH_LEQ"), and sometimes a number. */
static bool change_body(apo_mutate_buffer *buffer, const field *f, apo_mutate_draw *draw) {
  static const char *const words[] = {
      "",           "LEAF",       "BRANCH_LEQ",    "BRANCH_LT",    "BRANCH_GTE", "BRANCH_GT",
      "BRANCH_EQ",  "BRANCH_NEQ", "BRANCH_MEMBER", "SUM",          "AVERAGE",    "MIN",
      "MAX",        "SOFTMAX",    "LOGISTIC",      "SOFTMAX_ZERO", "PROBIT",     "NONE",
      "ai.onnx.ml", "ZipMap"};
  const char *word = words[apo_mutate_below(draw, sizeof words / sizeof words[0])];
  uint8_t length[MAX_VARINT];
  const size_t n_length = put_varint(length, strlen(word));
  return apo_mutate_replace(buffer, f->body, f->end, word, strlen(word)) &&
         apo_mutate_replace(buffer, f->data, f->body, length, n_length);
}

/* The lengths around a change: from the innermost message outwards. */
static void fix_lengths(apo_mutate_buffer *buffer, const field *around, size_t n, size_t n_before) {
  for (; n > 0; --n) {
    const field *f = &around[n - 1];
    uint8_t length[MAX_VARINT];
    const size_t grown = f->end - f->body + buffer->n_bytes - n_before;
    const size_t n_length = put_varint(length, grown);
    if (!apo_mutate_replace(buffer, f->data, f->body, length, n_length)) return;
  }
}

static bool change_field(apo_mutate_buffer *buffer, const field *f, apo_mutate_draw *draw) {
  switch (apo_mutate_below(draw, 8)) {
    case 0: return apo_mutate_replace(buffer, f->begin, f->end, NULL, 0);
    case 1: return apo_mutate_copy(buffer, f->end, f->end, f->begin, f->end);
    case 2: {
      field next;
      return take_field(buffer->at, f->end, buffer->n_bytes, &next) &&
             apo_mutate_swap(buffer, f->begin, f->end, next.begin, next.end);
    }
    case 3: return f->kind == 2 && change_body(buffer, f, draw);
    case 4: return change_number(buffer, f, draw);
    default: return f->kind == 2 ? change_packed(buffer, f, draw) : change_number(buffer, f, draw);
  }
}

size_t apo_mutate_protobuf(uint8_t *bytes, size_t n_bytes, size_t room, apo_mutate_draw *draw) {
  apo_mutate_buffer buffer = {bytes, n_bytes, room};
  field around[MAX_DEPTH];
  size_t n_around = 0;
  field f;
  bool is_whole = false;
  if (!draw_field(bytes, 0, n_bytes, draw, &f, &is_whole)) return 0;
  while (n_around < MAX_DEPTH && f.kind == 2 && f.end > f.body && apo_mutate_below(draw, 8) != 0) {
    field inner;
    if (!draw_field(bytes, f.body, f.end, draw, &inner, &is_whole) || !is_whole) break;
    around[n_around++] = f;
    f = inner;
  }
  if (!change_field(&buffer, &f, draw)) return 0;
  if (apo_mutate_below(draw, 8) != 0) fix_lengths(&buffer, around, n_around, n_bytes);
  return buffer.n_bytes;
}
