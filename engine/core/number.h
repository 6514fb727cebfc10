/* number.h - decimal text to double and back, correctly rounded, whatever the caller's locale is.
 *
 * strtod alone reads the point of the caller's locale, so that "0.5" becomes 0 in Germany.  Texts
 * of at most 19 digits are computed exactly here; for the others strtod gets digits and an exponent
 * without a point, which every locale reads alike.
 */
#ifndef APO_ENGINE_CORE_NUMBER_H
#define APO_ENGINE_CORE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Read all `n_bytes` as [+-] digits [. digits] [e [+-] digits], or return false.
 *
 * There must be a digit before or behind the point.  No white space, hexadecimals, words or bytes
 * after the number.  Beyond the range of double the nearest is an infinity or a zero, as IEEE 754
 * rounds.  `text` need not end in NUL.
 */
bool apo_number_read(const char *text, size_t n_bytes, double *out);

/** As apo_number_read, and the words nan, inf and infinity, in any case and with a sign. */
bool apo_number_read_word(const char *text, size_t n_bytes, double *out);

/** A number that was read from the start of a longer text. */
typedef struct apo_number {
  double real;
  int32_t integer; /* when is_integer: the same number */
  bool is_integer; /* spelt with digits only, at most nine, and not -0 */
} apo_number;

/** Read the number that `text` starts with, as JSON spells one: [-] digits [. digits] [e [+-]
 * digits], without a 0 before other digits; returns how many bytes it has.
 *
 * 0 says that this fast way cannot: no such number, more than 19 significant digits, subnormal or
 * beyond the range.  apo_number_read decides then.
 */
size_t apo_number_take(const char *text, size_t n_bytes, apo_number *out);

/** digits * 10^exponent, correctly rounded; false when it needs strtod (number_scale.c). */
bool apo_number_scale(uint64_t digits, int64_t exponent, double *out);

/** Room for every text that apo_number_write makes, with its NUL. */
enum { APO_NUMBER_BYTES = 32 };

/** Write a double as the decimal with the fewest digits that apo_number_read reads back to its very
 * bits; returns the length.
 *
 * Beside a power of two it may have one digit more than the fewest.  Whole numbers below 10^17 have
 * neither point nor exponent, -0.0 keeps its sign and its point; the point is always a point.  What
 * is not finite becomes a word of apo_number_read_word: NaN, Infinity, -Infinity.
 */
size_t apo_number_write(double value, char out[APO_NUMBER_BYTES]);

#endif
