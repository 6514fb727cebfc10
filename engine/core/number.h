/* number.h - decimal text to double, correctly rounded, whatever the caller's locale is.
 *
 * strtod alone reads the point of the caller's locale, so that "0.5" becomes 0 in Germany.  Texts
 * with few digits are computed exactly here; for the others strtod gets digits and an exponent
 * without a point, which every locale reads alike.
 */
#ifndef APO_ENGINE_CORE_NUMBER_H
#define APO_ENGINE_CORE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

/** Read all `n_bytes` as [+-] digits [. digits] [e [+-] digits], or return false.
 *
 * There must be a digit before or behind the point.  No white space, hexadecimals, words or bytes
 * after the number.  Beyond the range of double the nearest is an infinity or a zero, as IEEE 754
 * rounds.  `text` need not end in NUL.
 */
bool apo_number_read(const char *text, size_t n_bytes, double *out);

/** As apo_number_read, and the words nan, inf and infinity, in any case and with a sign. */
bool apo_number_read_word(const char *text, size_t n_bytes, double *out);

#endif
