/* row_codes.cl - turn values into ranks among the cuts of their column.
 *
 *   code[row][col] = number of cuts of col whose key is <= key(value[row][col]);  NaN: all ones
 *
 * key() maps the bits of a float or double to an unsigned integer of the same order, with both
 * zeros equal, so no arithmetic on floats is needed and a double needs no fp64 device.  A cut for
 * "v < t goes left" is key(t); one for "v <= t goes left" is key(t) + 1.
 *
 * Item:    APO_ROWS rows, APO_GROUP apart.
 * Launch:  global {n_rows / APO_ROWS}, local {APO_GROUP}.  Padding rows hold any value.
 * Buffers: value     [n_rows x n_columns]  in, bits of a float or double
 *          cut_begin [n_columns + 1]       in, into cut_key
 *          cut_key   [cut_begin[n_columns]] in, ascending inside a column
 *          code      [n_rows x n_columns]  out
 * Params:  APO_KEY_BYTES   4 (float) or 8 (double)
 *          APO_CODE_BYTES  2 when no column has more than 65533 cuts, else 4
 *          APO_GROUP       1: CPU; 64: GPU
 *          APO_ROWS        16 with APO_GROUP 1, else 1
 * Cost:    per value: log2(cuts) dependent reads of the cuts; APO_KEY_BYTES + APO_CODE_BYTES moved.
 */
#include "kernels/row_codes/row_codes_abi.h"

#if !defined(APO_KEY_BYTES) || !defined(APO_CODE_BYTES) || !defined(APO_GROUP) || !defined(APO_ROWS)
  #error "row_codes: the plan must set APO_KEY_BYTES, APO_CODE_BYTES, APO_GROUP and APO_ROWS"
#endif

#if APO_KEY_BYTES == 4
typedef uint apo_key;
  #define SIGN     0x80000000u
  #define INFINITE 0x7f800000u
#else
typedef ulong apo_key;
  #define SIGN     0x8000000000000000ul
  #define INFINITE 0x7ff0000000000000ul
#endif

#if APO_CODE_BYTES == 2
typedef ushort apo_code;
#else
typedef uint apo_code;
#endif
#define MISSING ((apo_code)~0u)

inline apo_code code_of(apo_key bits, uint n, __global const apo_key *restrict keys) {
  if ((bits & ~SIGN) > INFINITE) return MISSING;
  const apo_key key = (bits & SIGN) != 0 ? SIGN - (bits & ~SIGN) : SIGN + bits;
  uint below = 0;
  while (n > 0) {  // the cuts before `below` are at or below the key, those from below + n are not
    const uint half_n = n >> 1;
    const uint at = below + half_n;
    const bool passes = keys[at] <= key;
    below = passes ? at + 1 : below;
    n = passes ? n - half_n - 1 : half_n;
  }
  return (apo_code)below;
}

__kernel __attribute__((reqd_work_group_size(APO_GROUP, 1, 1))) void row_codes(
    const apo_row_codes_args args,
    __global const apo_key *restrict value,
    __global const uint *restrict cut_begin,
    __global const apo_key *restrict cut_key,
    __global apo_code *restrict code) {
  const size_t first_row = get_group_id(0) * (size_t)(APO_GROUP * APO_ROWS) + get_local_id(0);
  for (uint col = 0; col < args.n_columns; ++col) {
    const uint begin = cut_begin[col];
    const uint n_cuts = cut_begin[col + 1] - begin;
    for (uint r = 0; r < APO_ROWS; ++r) {
      const size_t at = (first_row + r * APO_GROUP) * args.n_columns + col;
      code[at] = code_of(value[at], n_cuts, cut_key + begin);
    }
  }
}
