/* number.c - decimal to double in three steps.
 *
 * A decimal is  digits * 10^exponent  with an integer `digits`.
 *
 * 1. If it is spelt as JSON asks and `digits` fits in 64 bits, one loop over the characters and
 *    number_scale.c do it.  Nearly all numbers of data and models end here.
 * 2. Else all forms are read, the digits are kept, and number_scale.c is asked again.
 * 3. Else strtod is asked, with the text "DIGITSeEXPONENT".  It has no point, and the point is all
 *    that a locale changes.  No double, nor the middle between two, has more than 767 significant
 *    digits.  So beyond MAX_DIGITS it only matters whether any digit differs from 0, and a last 1
 *    says so.
 */
#include "engine/core/number.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
  MAX_DIGITS = 780,
  MAX_EXACT_DIGITS = 19,   /* fit in 64 bits */
  MAX_SHORT_DIGITS = 9,    /* fit in 31 bits */
  MAX_TEXT_EXPONENT = 5000 /* beyond it every number of MAX_DIGITS digits is 0 or infinite */
};

static const int64_t max_exponent = 1000000000000000; /* no text is long enough to undo it */

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

static double magnitude(decimal *self) {
  double value = 0.0;
  if (self->n_digits == 0) return 0.0;
  if (self->n_digits <= MAX_EXACT_DIGITS && apo_number_scale(self->head, self->exponent, &value)) {
    return value;
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
  value = strtod(self->digits, NULL);
  errno = kept;
  return value;
}

static size_t count_digits(const char *text, size_t n_bytes) {
  size_t n = 0;
  while (n < n_bytes && is_digit(text[n])) ++n;
  return n;
}

/** Append digits to `head`, which wraps when there are too many of them. */
static uint64_t append_digits(uint64_t head, const char *text, size_t n) {
  for (size_t i = 0; i < n; ++i) head = head * 10 + (uint64_t)(text[i] - '0');
  return head;
}

/** Digits from the first that is not 0, of `n` with a point among them or not. */
static size_t significant_digits(const char *text, size_t n) {
  for (; n > 0; ++text) {
    if (*text == '.') continue;
    if (*text != '0') break;
    --n;
  }
  return n;
}

/** The exponent behind a mantissa, or false; `at` is moved past it. */
static bool take_short_exponent(const char *text, size_t n_bytes, size_t *at, int64_t *exponent) {
  ++*at;
  const bool is_negative = take_sign(text, n_bytes, at);
  const size_t n = count_digits(text + *at, n_bytes - *at);
  if (n == 0 || n > MAX_SHORT_DIGITS) return false;
  const int64_t value = (int64_t)append_digits(0, text + *at, n);
  *exponent += is_negative ? -value : value;
  *at += n;
  return true;
}

size_t apo_number_take(const char *text, size_t n_bytes, apo_number *out) {
  size_t at = 0;
  int64_t exponent = 0;
  const bool is_negative = n_bytes > 0 && text[0] == '-';
  if (is_negative) ++at;
  const size_t begin = at;
  size_t n_digits = count_digits(text + at, n_bytes - at);
  if (n_digits == 0 || (n_digits > 1 && text[at] == '0')) return 0;
  uint64_t head = append_digits(0, text + at, n_digits);
  at += n_digits;
  if (at < n_bytes && text[at] == '.') {
    ++at;
    const size_t n = count_digits(text + at, n_bytes - at);
    if (n == 0) return 0;
    head = append_digits(head, text + at, n);
    at += n;
    n_digits += n;
    exponent = -(int64_t)n;
  } else if (n_digits <= MAX_SHORT_DIGITS && (at >= n_bytes || (text[at] | 0x20) != 'e')) {
    out->integer = is_negative ? -(int32_t)head : (int32_t)head;
    out->is_integer = head != 0 || !is_negative;
    out->real = out->is_integer ? (double)out->integer : -0.0;
    return at;
  }
  if (n_digits > MAX_EXACT_DIGITS &&
      significant_digits(text + begin, n_digits) > MAX_EXACT_DIGITS) {
    return 0;
  }
  if (at < n_bytes && (text[at] | 0x20) == 'e' &&
      !take_short_exponent(text, n_bytes, &at, &exponent)) {
    return 0;
  }
  double value = 0.0;
  if (!apo_number_scale(head, exponent, &value)) return 0;
  out->is_integer = false;
  out->real = is_negative ? -value : value;
  return at;
}

bool apo_number_read(const char *text, size_t n_bytes, double *out) {
  apo_number plain;
  if (n_bytes > 0 && apo_number_take(text, n_bytes, &plain) == n_bytes) {
    *out = plain.real;
    return true;
  }
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
