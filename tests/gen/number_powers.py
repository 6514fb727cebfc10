#!/usr/bin/env python3
"""Write engine/core/number_powers.c: the powers of five, cut to 128 bits.

    python3 tests/gen/number_powers.py > engine/core/number_powers.c

Row q + 342 holds the leading 128 bits of 5^q, scaled so that the top bit is set: rounded down for
q >= 0 and for q < -27, rounded up between, where the product with a reciprocal can be exact.  Only
integers are used, so every Python writes the same bytes.
"""

MIN_POWER = -342
MAX_POWER = 308
MIN_EXACT_RECIPROCAL = -27  # 5^27 < 2^64 <= 5^28
HEAD = """\
/* number_powers.c - written by tests/gen/number_powers.py; do not edit. */
#include "engine/core/number_powers.h"

// clang-format off
const uint64_t apo_number_powers[APO_MAX_POWER - APO_MIN_POWER + 1][2] = {"""


def leading_bits(power: int) -> int:
    if power >= 0:
        value = 5**power
        shift = value.bit_length() - 128
        return value >> shift if shift > 0 else value << -shift
    value = 5**-power
    # 2^bits / value has 128 bits, and is never whole.
    bits = value.bit_length() + 127
    return (1 << bits) // value + (1 if power >= MIN_EXACT_RECIPROCAL else 0)


def main() -> None:
    cells = []
    for power in range(MIN_POWER, MAX_POWER + 1):
        bits = leading_bits(power)
        assert bits.bit_length() == 128
        cells.append(f"{{0x{bits >> 64:016x}, 0x{bits & (2**64 - 1):016x}}},")
    print(HEAD)
    for at in range(0, len(cells), 2):
        print("  " + " ".join(cells[at : at + 2]))
    print("};")


if __name__ == "__main__":
    main()
