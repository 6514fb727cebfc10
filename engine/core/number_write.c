/* number_write.c - double to the shortest decimal, from 17 digits downward.
 *
 * 17 significant digits name every double, and snprintf gives them, correctly rounded.  Fewer will
 * do when the decimal rounded to them still lies nearer to this double than to any other, which is
 * asked by reading it back.  How far a decimal may be off is known beforehand: half the distance to
 * the next double is at most 2^-53 of the value, hence at most 12 units of the 17th digit.
 *
 *   12345678901234567    rounded to 15 digits is 33 units off: no need to ask
 *   10000000149011612    likewise 12 units: worth asking
 *   19999999999999996    is 4 units from 2 with 15 digits, which then loses its zeros
 *
 * Below the normal range doubles lie farther apart than that, so every count of digits is tried.
 */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/number.h"

enum {
  MAX_DIGITS = 17,
  SURE_DIGITS = 15,   /* every decimal of so few digits survives in a normal double */
  MAX_UNITS_OFF = 12, /* of the 17th digit */
  MAX_POINT = 17,     /* further right, an exponent is shorter */
  MIN_POINT = -3      /* 0.0001; further left likewise */
};

/* 0.d1 d2 ... dn * 10^point: the point stands behind so many digits. */
typedef struct digits {
  char text[MAX_DIGITS + 1]; /* [n] the first is not 0 */
  int n;
  int point;
} digits;

// The text of %e is d.ddde+dd with the point of the locale, which may be several bytes.
static digits take_digits(double magnitude) {
  char text[64];
  digits out = {.n = 0};
  snprintf(text, sizeof text, "%.*e", MAX_DIGITS - 1, magnitude);
  const char *at = text;
  for (; *at != 'e'; ++at) {
    if (*at >= '0' && *at <= '9' && out.n < MAX_DIGITS) out.text[out.n++] = *at;
  }
  const bool is_negative = *++at == '-';
  int exponent = 0;
  for (++at; *at >= '0' && *at <= '9'; ++at) exponent = exponent * 10 + (*at - '0');
  out.point = (is_negative ? -exponent : exponent) + 1;
  return out;
}

static void drop_zeros(digits *self) {
  while (self->n > 1 && self->text[self->n - 1] == '0') --self->n;
}

// The same decimal with `n` digits at most, half up.
static digits rounded(const digits *from, int n) {
  digits out = *from;
  if (n >= from->n) return out;
  out.n = n;
  if (from->text[n] >= '5') {
    int at = n - 1;
    while (at >= 0 && out.text[at] == '9') out.text[at--] = '0';
    if (at >= 0) {
      ++out.text[at];
    } else {
      out.text[0] = '1';  // 99.9 became 100
      ++out.point;
    }
  }
  drop_zeros(&out);
  return out;
}

static size_t put(char *out, size_t n, const char *bytes, int n_bytes) {
  memcpy(out + n, bytes, (size_t)n_bytes);
  return n + (size_t)n_bytes;
}

static size_t put_zeros(char *out, size_t n, int n_zeros) {
  memset(out + n, '0', (size_t)n_zeros);
  return n + (size_t)n_zeros;
}

static size_t print(const digits *self, char out[APO_NUMBER_BYTES]) {
  size_t n = 0;
  if (self->point > MAX_POINT || self->point < MIN_POINT) {
    n = put(out, n, self->text, 1);
    if (self->n > 1) out[n++] = '.';
    n = put(out, n, self->text + 1, self->n - 1);
    n += (size_t)snprintf(out + n, APO_NUMBER_BYTES - 1 - n, "e%d", self->point - 1);
  } else if (self->point <= 0) {
    n = put(out, n, "0.", 2);
    n = put_zeros(out, n, -self->point);
    n = put(out, n, self->text, self->n);
  } else if (self->point >= self->n) {
    n = put(out, n, self->text, self->n);
    n = put_zeros(out, n, self->point - self->n);
  } else {
    n = put(out, n, self->text, self->point);
    out[n++] = '.';
    n = put(out, n, self->text + self->point, self->n - self->point);
  }
  out[n] = '\0';
  return n;
}

static bool reads_back(const digits *self, double magnitude) {
  char text[APO_NUMBER_BYTES];
  double value = 0.0;
  const size_t n = print(self, text);
  return apo_number_read(text, n, &value) && value == magnitude;
}

// Is the decimal of SURE_DIGITS near enough to be worth reading back?
static bool is_near(const digits *all) {
  const int last = (all->text[MAX_DIGITS - 2] - '0') * 10 + (all->text[MAX_DIGITS - 1] - '0');
  return last <= MAX_UNITS_OFF || last >= 100 - MAX_UNITS_OFF;
}

static digits shortest(double magnitude) {
  const digits all = take_digits(magnitude);
  const bool is_normal = magnitude >= DBL_MIN;
  int n = is_normal ? SURE_DIGITS : 1;
  if (is_normal && !is_near(&all)) ++n;
  for (; n < MAX_DIGITS; ++n) {
    const digits fewer = rounded(&all, n);
    if (reads_back(&fewer, magnitude)) return fewer;
  }
  return all;
}

static size_t write_whole(uint64_t value, char *out) {
  char reversed[24];
  size_t n = 0;
  do {
    reversed[n++] = (char)('0' + value % 10);
    value /= 10;
  } while (value != 0);
  for (size_t i = 0; i < n; ++i) out[i] = reversed[n - 1 - i];
  out[n] = '\0';
  return n;
}

static size_t write_word(const char *word, char *out) {
  const size_t n = strlen(word);
  memcpy(out, word, n + 1);
  return n;
}

static size_t write_magnitude(double magnitude, char *out) {
  if (isinf(magnitude)) return write_word("Infinity", out);
  if (magnitude < 0x1p53 && magnitude == floor(magnitude)) {
    return write_whole((uint64_t)magnitude, out);
  }
  const digits found = shortest(magnitude);
  return print(&found, out);
}

size_t apo_number_write(double value, char out[APO_NUMBER_BYTES]) {
  if (isnan(value)) return write_word("NaN", out);
  if (value == 0.0 && signbit(value) != 0) return write_word("-0.0", out);
  if (value >= 0.0) return write_magnitude(value, out);
  out[0] = '-';
  return 1 + write_magnitude(-value, out + 1);
}
