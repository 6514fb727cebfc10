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

inline apo_key key_of(apo_key bits) {
  return (bits & SIGN) != 0 ? SIGN - (bits & ~SIGN) : SIGN + bits;
}

__kernel __attribute__((reqd_work_group_size(APO_GROUP, 1, 1))) void row_codes(
    const apo_row_codes_args args,
    __global const apo_key *restrict value,
    __global const uint *restrict cut_begin,
    __global const apo_key *restrict cut_key,
    __global apo_code *restrict code) {
  const size_t first_row = get_group_id(0) * (size_t)(APO_GROUP * APO_ROWS) + get_local_id(0);
  for (uint col = 0; col < args.n_columns; ++col) {
    const uint n_cuts = cut_begin[col + 1] - cut_begin[col];
    __global const apo_key *restrict keys = cut_key + cut_begin[col];
    const size_t first = first_row * args.n_columns + col;
    const size_t stride = (size_t)APO_GROUP * args.n_columns;
    apo_key key[APO_ROWS];
    uint below[APO_ROWS];
    for (uint r = 0; r < APO_ROWS; ++r) {
      key[r] = key_of(value[first + r * stride]);
      below[r] = 0;
    }
    // The rank lies in [below, below + n]; all rows take the same steps, and none branches.
    for (uint n = n_cuts; n > 0; n >>= 1) {
      const uint step = (n + 1) >> 1;
      for (uint r = 0; r < APO_ROWS; ++r) {
        below[r] += keys[below[r] + step - 1] <= key[r] ? step : 0;
      }
    }
    for (uint r = 0; r < APO_ROWS; ++r) {
      const bool is_missing = (value[first + r * stride] & ~SIGN) > INFINITE;
      code[first + r * stride] = is_missing ? MISSING : (apo_code)below[r];
    }
  }
}
