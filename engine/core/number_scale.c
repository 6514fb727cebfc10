/* number_scale.c - digits * 10^exponent to the nearest double, with one or two multiplications.
 *
 * 1. If digits <= 2^53 and |exponent| <= 22, digits and the power of ten are doubles exactly, and
 *    one multiplication or division rounds once, which is correct (Clinger 1990).
 * 2. Else 10^q = 5^q * 2^q, and 5^q stands in a table, cut to 128 bits.  digits, shifted up until
 *    its top bit is set, times the high word of that is a 128-bit product whose high word starts
 *    with the 53 bits of the result and the bit that rounds them:
 *
 *       high word   1xxxxxxxxxxxxxxxx...xxx r sssssssss     (or 01xxx...)
 *                   53 bits of mantissa     |  the rest
 *                                           rounding bit
 *
 *    Unless the rest is all ones, what was cut off cannot carry into the rounding bit.  If it is all
 *    ones, the low word of the table decides (Lemire 2021; Mushtak and Lemire 2023 prove that this
 *    always does).  A tie needs an exact product, and only -4 <= q <= 23 leave one room in 64 bits.
 *
 * What is subnormal or overflows, and what that proof is about, goes to strtod: they are rare, and
 * so nothing here rests on the hardest cases.
 */
#include <float.h>
#include <string.h>

#include "engine/core/number.h"
#include "engine/core/number_powers.h"

enum {
  MAX_EXACT_POWER = 22, /* 10^22 is a double exactly, 10^23 is not */
  MIN_TIE_POWER = -4,
  MAX_TIE_POWER = 23,
  MANTISSA_BITS = 52, /* stored ones */
  EXPONENT_BIAS = 1023,
  MAX_BIASED_EXPONENT = 2046
};

static const double powers[MAX_EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

typedef struct wide {
  uint64_t high;
  uint64_t low;
} wide;

static wide multiply(uint64_t a, uint64_t b) {
  const uint64_t a_low = a & UINT32_MAX;
  const uint64_t b_low = b & UINT32_MAX;
  const uint64_t a_high = a >> 32;
  const uint64_t b_high = b >> 32;
  const uint64_t low = a_low * b_low;
  const uint64_t middle = a_high * b_low + (low >> 32);  // at most 2^64 - 2^32: no overflow
  const uint64_t other = a_low * b_high + (middle & UINT32_MAX);
  return (wide){a_high * b_high + (middle >> 32) + (other >> 32), other << 32 | (low & UINT32_MAX)};
}

static int leading_zeros(uint64_t x) {
  int n = 0;
  for (int step = 32; step > 0; step /= 2) {
    if (x >> (64 - step) != 0) continue;
    n += step;
    x <<= step;
  }
  return n;
}

// floor(log2(10^q)) for every q of the table.
static int binary_exponent(int q) {
  return (int)((152170 + 65536) * (int64_t)q >> 16);
}

static bool scale_by_table(uint64_t digits, int q, double *out) {
  const uint64_t *power = apo_number_powers[q - APO_MIN_POWER];
  const int n_shifted = leading_zeros(digits);
  const uint64_t shifted = digits << n_shifted;
  wide product = multiply(shifted, power[0]);
  const uint64_t rest = UINT64_MAX >> (MANTISSA_BITS + 3);
  if ((product.high & rest) == rest) {
    const wide next = multiply(shifted, power[1]);
    product.low += next.high;
    if (product.low < next.high) ++product.high;
    if (product.low == UINT64_MAX) return false;
  }
  const int top = (int)(product.high >> 63);
  const int n_cut = top + 64 - MANTISSA_BITS - 3;
  uint64_t mantissa = product.high >> n_cut;  // with the rounding bit
  int exponent = binary_exponent(q) + 63 + top - n_shifted + EXPONENT_BIAS;
  if (exponent <= 0) return false;

  const bool is_exact = mantissa << n_cut == product.high && product.low <= 1;
  // Exactly in the middle, and even below: down.
  if (is_exact && q >= MIN_TIE_POWER && q <= MAX_TIE_POWER && (mantissa & 3) == 1) --mantissa;
  mantissa = (mantissa + (mantissa & 1)) >> 1;
  if (mantissa >> (MANTISSA_BITS + 1) != 0) {
    mantissa >>= 1;
    ++exponent;
  }
  if (exponent > MAX_BIASED_EXPONENT) return false;
  const uint64_t hidden = UINT64_C(1) << MANTISSA_BITS;
  const uint64_t bits = (mantissa & (hidden - 1)) | (uint64_t)exponent << MANTISSA_BITS;
  memcpy(out, &bits, sizeof *out);
  return true;
}

bool apo_number_scale(uint64_t digits, int64_t exponent, double *out) {
  if (digits == 0) {
    *out = 0.0;
    return true;
  }
  if (FLT_EVAL_METHOD == 0 && digits <= UINT64_C(1) << 53 && exponent >= -MAX_EXACT_POWER &&
      exponent <= MAX_EXACT_POWER) {
    *out = exponent < 0 ? (double)digits / powers[-exponent] : (double)digits * powers[exponent];
    return true;
  }
  if (exponent < APO_MIN_POWER || exponent > APO_MAX_POWER) return false;
  return scale_by_table(digits, (int)exponent, out);
}
