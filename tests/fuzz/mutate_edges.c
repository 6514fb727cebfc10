/* mutate_edges.c - the numbers that programs are wrong about, and how a text says them. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "tests/fuzz/mutate.h"

enum { PIECE_BYTES = 4096 };

bool apo_mutate_copy(
    apo_mutate_buffer *buffer, size_t begin, size_t end, size_t from, size_t from_end) {
  uint8_t piece[PIECE_BYTES];
  const size_t n = from_end - from;
  if (n > sizeof piece) return false;
  memcpy(piece, buffer->at + from, n);
  return apo_mutate_replace(buffer, begin, end, piece, n);
}

bool apo_mutate_swap(apo_mutate_buffer *buffer, size_t a, size_t a_end, size_t b, size_t b_end) {
  uint8_t first[PIECE_BYTES];
  uint8_t second[PIECE_BYTES];
  const size_t n_first = a_end - a;
  const size_t n_second = b_end - b;
  const size_t n_between = b - a_end;
  if (n_first > sizeof first || n_second > sizeof second) return false;
  memcpy(first, buffer->at + a, n_first);
  memcpy(second, buffer->at + b, n_second);
  memmove(buffer->at + a + n_second, buffer->at + a_end, n_between);
  memcpy(buffer->at + a, second, n_second);
  memcpy(buffer->at + a + n_second + n_between, first, n_first);
  return true;
}

int64_t apo_mutate_edge_integer(apo_mutate_draw *draw, int64_t n) {
  static const int64_t edges[] = {-1,
                                  0,
                                  1,
                                  2,
                                  -2,
                                  63,
                                  64,
                                  65,
                                  127,
                                  128,
                                  255,
                                  256,
                                  4096,
                                  4097,
                                  9999,
                                  10000,
                                  10001,
                                  32767,
                                  32768,
                                  -32768,
                                  65535,
                                  65536,
                                  999999,
                                  1000000,
                                  1000001,
                                  16777215,
                                  16777216,
                                  16777217,
                                  INT32_MAX,
                                  INT64_C(2147483648),
                                  INT32_MIN,
                                  INT64_C(-2147483649),
                                  UINT32_MAX,
                                  INT64_C(4294967296),
                                  INT64_C(9007199254740992),
                                  INT64_C(9007199254740993),
                                  INT64_MAX,
                                  INT64_MIN};
  enum { N_EDGES = sizeof edges / sizeof edges[0] };
  // What is one off decides more often than what is far away.
  const int64_t near = n > -1000000 && n < 1000000 ? n : 0;
  switch (apo_mutate_below(draw, 8)) {
    case 0: return near + 1;
    case 1: return near - 1;
    case 2: return ~near;
    case 3: return (int64_t)apo_mutate_below(draw, 16);
    default: return edges[apo_mutate_below(draw, N_EDGES)];
  }
}

double apo_mutate_edge_real(apo_mutate_draw *draw) {
  static const double edges[] = {0.0,
                                 -0.0,
                                 0.5,
                                 -1.0,
                                 1e-45,
                                 -1e-45,
                                 1e-38,
                                 1.1754942e-38,
                                 1e-35,
                                 1.0000000180025095e-35,
                                 16777216.0,
                                 16777217.0,
                                 3.4028234663852886e38,
                                 3.4028235677973366e38,
                                 -3.4028235677973366e38,
                                 1e39,
                                 9007199254740993.0,
                                 2147483648.0,
                                 9223372036854775808.0,
                                 -9223372036854775808.0,
                                 18446744073709551616.0,
                                 4.9406564584124654e-324,
                                 2.2250738585072014e-308,
                                 1.7976931348623157e308,
                                 -1.7976931348623157e308,
                                 (double)NAN,
                                 (double)INFINITY,
                                 -(double)INFINITY};
  return edges[apo_mutate_below(draw, sizeof edges / sizeof edges[0])];
}

/* --- numbers in text -------------------------------------------------------------------------- */

static bool starts_number(const apo_mutate_buffer *buffer, size_t at) {
  const uint8_t c = buffer->at[at];
  if (c >= '0' && c <= '9') return true;
  return c == '-' && at + 1 < buffer->n_bytes && buffer->at[at + 1] >= '0' &&
         buffer->at[at + 1] <= '9';
}

static bool is_in_word(uint8_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static size_t number_end(const apo_mutate_buffer *buffer, size_t at, size_t end) {
  if (buffer->at[at] == '-') ++at;
  while (at < end) {
    const uint8_t c = buffer->at[at];
    const bool is_sign = (c == '-' || c == '+') && (buffer->at[at - 1] | 0x20) == 'e';
    if (!(c >= '0' && c <= '9') && c != '.' && (c | 0x20) != 'e' && !is_sign) break;
    ++at;
  }
  return at;
}

/* The first number in [from, end) that is not part of a word. */
static bool find_number(const apo_mutate_buffer *buffer,
                        size_t from,
                        size_t end,
                        size_t *begin,
                        size_t *number_end_out) {
  for (size_t at = from; at < end; ++at) {
    if (!starts_number(buffer, at)) continue;
    if (at > 0 && is_in_word(buffer->at[at - 1])) continue;
    *begin = at;
    *number_end_out = number_end(buffer, at, end);
    return true;
  }
  return false;
}

static int64_t read_integer(const uint8_t *at, size_t n_bytes) {
  int64_t value = 0;
  const bool is_negative = n_bytes > 0 && at[0] == '-';
  for (size_t i = is_negative ? 1 : 0; i < n_bytes && at[i] >= '0' && at[i] <= '9'; ++i) {
    if (value > 100000000) return 0;
    value = value * 10 + (at[i] - '0');
  }
  return is_negative ? -value : value;
}

static int write_edge(apo_mutate_draw *draw, int64_t old, char *text, size_t room) {
  static const char *const words[] = {"1e999",
                                      "-1e999",
                                      "NaN",
                                      "Infinity",
                                      "-Infinity",
                                      "-0.0",
                                      "1e-45",
                                      "1e-9999",
                                      "1.5",
                                      "-",
                                      "00",
                                      "0x10",
                                      "nan",
                                      "inf",
                                      "1e5",
                                      "1E+2",
                                      ".5",
                                      "5.",
                                      "+1",
                                      "1e400000",
                                      "4294967295",
                                      "18446744073709551615",
                                      "18446744073709551616",
                                      "",
                                      "99999999999999999999999999",
                                      "0.1000000000000000055511151231257827021181583404541015625",
                                      "1e",
                                      "2147483647.5",
                                      "null",
                                      "true"};
  switch (apo_mutate_below(draw, 8)) {
    case 0:
      return snprintf(text, room, "%s",
                      words[apo_mutate_below(draw, sizeof words / sizeof words[0])]);
    case 1: return snprintf(text, room, "%.17g", apo_mutate_edge_real(draw));
    case 2: return snprintf(text, room, "%" PRId64 ".0", apo_mutate_edge_integer(draw, old));
    default: return snprintf(text, room, "%" PRId64, apo_mutate_edge_integer(draw, old));
  }
}

bool apo_mutate_number(apo_mutate_buffer *buffer, size_t begin, size_t end, apo_mutate_draw *draw) {
  char text[128];
  size_t at;
  size_t at_end;
  if (end <= begin) return false;
  const size_t from = begin + apo_mutate_below(draw, end - begin);
  if (!find_number(buffer, from, end, &at, &at_end) &&
      !find_number(buffer, begin, end, &at, &at_end)) {
    return false;
  }
  const int n = write_edge(draw, read_integer(buffer->at + at, at_end - at), text, sizeof text);
  return n >= 0 && apo_mutate_replace(buffer, at, at_end, text, (size_t)n);
}
