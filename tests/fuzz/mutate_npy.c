/* mutate_npy.c - .npy files changed by the fields of their header.
 *
 * The length of the header follows a change in half of the cases; the elements are left alone or
 * cut, so that the shape and the bytes disagree.
 */
#include "tests/fuzz/mutate.h"

enum { VERSION_AT = 6, LENGTH_AT = 8 };

typedef struct header {
  size_t begin;
  size_t end;
  size_t length_bytes;
} header;

static bool find_header(const apo_mutate_buffer *buffer, header *out) {
  static const uint8_t magic[] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
  if (buffer->n_bytes < 12 || memcmp(buffer->at, magic, sizeof magic) != 0) return false;
  out->length_bytes = buffer->at[VERSION_AT] == 1 ? 2 : 4;
  size_t length = 0;
  for (size_t i = out->length_bytes; i > 0; --i)
    length = length << 8 | buffer->at[LENGTH_AT + i - 1];
  out->begin = LENGTH_AT + out->length_bytes;
  const size_t n_rest = buffer->n_bytes - out->begin;
  out->end = out->begin + (length < n_rest ? length : n_rest);
  return out->end > out->begin;
}

static void write_length(apo_mutate_buffer *buffer, const header *h, uint64_t length) {
  for (size_t i = 0; i < h->length_bytes; ++i, length >>= 8) {
    buffer->at[LENGTH_AT + i] = (uint8_t)length;
  }
}

/* The value of one of the three keys becomes another. */
static bool change_word(apo_mutate_buffer *buffer, const header *h, apo_mutate_draw *draw) {
  static const char *const words[] = {"'<f4'",
                                      "'<f8'",
                                      "'<i2'",
                                      "'<i4'",
                                      "'<i8'",
                                      "'<u2'",
                                      "'<u4'",
                                      "'<u8'",
                                      "'|i1'",
                                      "'|u1'",
                                      "'|b1'",
                                      "'>f8'",
                                      "'|O'",
                                      "'<f2'",
                                      "'<c16'",
                                      "[('a','<f4')]",
                                      "True",
                                      "False",
                                      "()",
                                      "(1)",
                                      "(1,)",
                                      "(0,)",
                                      "(0,3)",
                                      "(3,0)",
                                      "(2,3)",
                                      "(2,3,)",
                                      "(1,1,1)",
                                      "(-1,2)",
                                      "(2L,3L)",
                                      "(4294967296,4294967296)",
                                      "(9223372036854775807,2)",
                                      "(9223372036854775808,1)",
                                      "(1,2,3,4,5,6,7,8,9)"};
  const char *word = words[apo_mutate_below(draw, sizeof words / sizeof words[0])];
  const size_t from = h->begin + apo_mutate_below(draw, h->end - h->begin);
  const uint8_t *colon = memchr(buffer->at + from, ':', h->end - from);
  if (colon == NULL) return false;
  const size_t begin = (size_t)(colon - buffer->at) + 1;
  size_t end = begin;
  for (size_t depth = 0; end < h->end; ++end) {
    const uint8_t c = buffer->at[end];
    if (c == '(' || c == '[') ++depth;
    if (c == '}' || (depth == 0 && c == ',')) break;
    if ((c == ')' || c == ']') && depth > 0) --depth;
  }
  return apo_mutate_replace(buffer, begin, end, word, strlen(word));
}

static bool cut_elements(apo_mutate_buffer *buffer, const header *h, apo_mutate_draw *draw) {
  const size_t n = buffer->n_bytes - h->end;
  if (n == 0 || apo_mutate_coin(draw))
    return apo_mutate_replace(buffer, h->end, h->end, "01234567", 8);
  const size_t n_cut = 1 + apo_mutate_below(draw, n);
  buffer->n_bytes -= n_cut;
  return true;
}

size_t apo_mutate_npy(uint8_t *bytes, size_t n_bytes, size_t room, apo_mutate_draw *draw) {
  apo_mutate_buffer buffer = {bytes, n_bytes, room};
  header h;
  bool is_done = false;
  if (!find_header(&buffer, &h)) return 0;
  switch (apo_mutate_below(draw, 8)) {
    case 0:
      buffer.at[VERSION_AT + apo_mutate_below(draw, 2)] = (uint8_t)apo_mutate_below(draw, 5);
      return buffer.n_bytes;
    case 1:
      write_length(&buffer, &h,
                   (uint64_t)apo_mutate_edge_integer(draw, (int64_t)(h.end - h.begin)));
      return buffer.n_bytes;
    case 2: return cut_elements(&buffer, &h, draw) ? buffer.n_bytes : 0;
    case 3:
    case 4:
    case 5: is_done = change_word(&buffer, &h, draw); break;
    default: is_done = apo_mutate_number(&buffer, h.begin, h.end, draw); break;
  }
  if (!is_done) return 0;
  if (apo_mutate_coin(draw)) write_length(&buffer, &h, h.end - h.begin + buffer.n_bytes - n_bytes);
  return buffer.n_bytes;
}
