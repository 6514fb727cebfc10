/* number.c - decimal to double in three steps.
 *
 * A decimal is  digits * 10^exponent  with an integer `digits`.
 *
 * 1. If digits <= 2^53 and |exponent| <= 22, digits and the power of ten are doubles exactly, and
 *    one multiplication or division rounds once, which is correct (Clinger 1990).  Most numbers of
 *    data and models end here.
 * 2. Else strtod is asked, with the text "DIGITSeEXPONENT".  It has no point, and the point is all
 *    that a locale changes.
 * 3. No double, nor the middle between two, has more than 767 significant digits.  So beyond
 *    MAX_DIGITS it only matters whether any digit differs from 0, and a last 1 says so.
 */
#include "engine/core/number.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
  MAX_DIGITS = 780,
  MAX_EXACT_DIGITS = 19,   /* fit in 64 bits */
  MAX_EXACT_POWER = 22,    /* 10^22 is a double exactly, 10^23 is not */
  MAX_TEXT_EXPONENT = 5000 /* beyond it every number of MAX_DIGITS digits is 0 or infinite */
};

static const int64_t max_exponent = 1000000000000000; /* no text is long enough to undo it */

static const double powers[MAX_EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

typedef struct decimal {
  char digits[MAX_DIGITS + 24]; /* from the first that is not 0; room for "1", "e" and exponent */
  uint32_t n_digits;
  bool is_negative;
  bool is_inexact; /* digits that are not 0 were left out */
  uint64_t head;   /* the value of the first MAX_EXACT_DIGITS digits */
  int64_t exponent;
} decimal;

static void take_digit(decimal *self, char digit, bool is_fraction) {
  const bool is_leading = self->n_digits == 0 && digit == '0';
  if (is_leading || self->n_digits < MAX_DIGITS) {
    if (is_fraction) --self->exponent;
    if (is_leading) return;
    if (self->n_digits < MAX_EXACT_DIGITS) self->head = self->head * 10 + (uint64_t)(digit - '0');
    self->digits[self->n_digits++] = digit;
    return;
  }
  if (!is_fraction) ++self->exponent;
  if (digit != '0') self->is_inexact = true;
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Digits with at most one point among them; true when there was a digit.
static bool take_mantissa(decimal *self, const char *text, size_t n_bytes, size_t *at) {
  bool has_digit = false;
  bool is_fraction = false;
  for (; *at < n_bytes; ++*at) {
    const char c = text[*at];
    if (is_digit(c)) {
      has_digit = true;
      take_digit(self, c, is_fraction);
    } else if (c == '.' && !is_fraction) {
      is_fraction = true;
    } else {
      break;
    }
  }
  return has_digit;
}

static bool take_sign(const char *text, size_t n_bytes, size_t *at) {
  if (*at >= n_bytes || (text[*at] != '-' && text[*at] != '+')) return false;
  return text[(*at)++] == '-';
}

static bool take_exponent(decimal *self, const char *text, size_t n_bytes, size_t *at) {
  if (*at >= n_bytes || (text[*at] != 'e' && text[*at] != 'E')) return true;
  ++*at;
  const bool is_negative = take_sign(text, n_bytes, at);
  if (*at >= n_bytes || !is_digit(text[*at])) return false;
  int64_t exponent = 0;
  for (; *at < n_bytes && is_digit(text[*at]); ++*at) {
    if (exponent < max_exponent) exponent = exponent * 10 + (text[*at] - '0');
  }
  self->exponent += is_negative ? -exponent : exponent;
  return true;
}

static bool is_exact(const decimal *self) {
  return FLT_EVAL_METHOD == 0 && self->n_digits <= MAX_EXACT_DIGITS &&
         self->head <= UINT64_C(1) << 53 && self->exponent >= -MAX_EXACT_POWER &&
         self->exponent <= MAX_EXACT_POWER;
}

static double magnitude(decimal *self) {
  if (self->n_digits == 0) return 0.0;
  if (is_exact(self)) {
    const double head = (double)self->head;
    return self->exponent < 0 ? head / powers[-self->exponent] : head * powers[self->exponent];
  }
  if (self->is_inexact) {
    self->digits[self->n_digits++] = '1';
    --self->exponent;
  }
  int exponent = (int)self->exponent;
  if (self->exponent > MAX_TEXT_EXPONENT) exponent = MAX_TEXT_EXPONENT;
  if (self->exponent < -MAX_TEXT_EXPONENT) exponent = -MAX_TEXT_EXPONENT;
  snprintf(self->digits + self->n_digits, sizeof self->digits - self->n_digits, "e%d", exponent);
  // The caller's errno is not ours to change.
  const int kept = errno;
  const double value = strtod(self->digits, NULL);
  errno = kept;
  return value;
}

bool apo_number_read(const char *text, size_t n_bytes, double *out) {
  decimal self;
  // Not an initialiser, which would clear all the digits of every number.
  self.n_digits = 0;
  self.is_inexact = false;
  self.head = 0;
  self.exponent = 0;
  size_t at = 0;
  self.is_negative = take_sign(text, n_bytes, &at);
  if (!take_mantissa(&self, text, n_bytes, &at)) return false;
  if (!take_exponent(&self, text, n_bytes, &at)) return false;
  if (at != n_bytes) return false;
  const double value = magnitude(&self);
  *out = self.is_negative ? -value : value;
  return true;
}

// Not tolower: it asks the locale.
static bool is_word(const char *text, size_t n_bytes, const char *word) {
  size_t at = 0;
  for (; at < n_bytes && word[at] != '\0'; ++at) {
    const char c = text[at];
    const char lower = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    if (lower != word[at]) return false;
  }
  return at == n_bytes && word[at] == '\0';
}

bool apo_number_read_word(const char *text, size_t n_bytes, double *out) {
  if (apo_number_read(text, n_bytes, out)) return true;
  size_t at = 0;
  const bool is_negative = take_sign(text, n_bytes, &at);
  double value = 0.0;
  if (is_word(text + at, n_bytes - at, "nan")) {
    value = (double)NAN;
  } else if (is_word(text + at, n_bytes - at, "inf") ||
             is_word(text + at, n_bytes - at, "infinity")) {
    value = (double)INFINITY;
  } else {
    return false;
  }
  *out = is_negative ? -value : value;
  return true;
}
