/* number_powers.h - the powers of five as number_scale.c wants them. */
#ifndef APO_ENGINE_CORE_NUMBER_POWERS_H
#define APO_ENGINE_CORE_NUMBER_POWERS_H

#include <stdint.h>

enum { APO_MIN_POWER = -342, APO_MAX_POWER = 308 };

/* Row q - APO_MIN_POWER: the leading 128 bits of 5^q, the high word first, top bit set. */
extern const uint64_t apo_number_powers[APO_MAX_POWER - APO_MIN_POWER + 1][2];

#endif
