/* column_codes.cl - codes of rows, turned into columns of codes; sets become columns of their own.
 *
 *   column[col][row]             = code[row][col]
 *   column[n_columns + d][row]   = 0 if code[row][derived d's column] is in d's set, else 1
 *
 * The bit of a code is code + 1, wrapped to its width, so that a missing value has bit 0: no code
 * of a column has a bit that its sets do not reach (kernels/codes.h).
 *
 * Item:    APO_ROWS rows, side by side.
 * Launch:  global {n_rows / APO_ROWS}, local {APO_GROUP}.  Padding rows hold valid codes.
 * Buffers: code    [n_rows x n_columns]               in
 *          derived [n_derived]                        in; one unused record without any
 *          sets    [n_set_words]                      in; one unused word without any
 *          column  [(n_columns + n_derived) x stride] out
 * Params:  APO_CODE_BYTES  2 or 4, as row_codes
 *          APO_GROUP       1   CPU: one cache line of columns at a time for all rows of the item
 *                          64  GPU: neighbouring items write neighbouring rows
 *          APO_ROWS        64 with APO_GROUP 1, else 1
 * Cost:    per code: one read, one write; per derived code: two reads, one write.
 */
#include "kernels/column_codes/column_codes_abi.h"

#if !defined(APO_CODE_BYTES) || !defined(APO_GROUP) || !defined(APO_ROWS)
  #error "column_codes: the plan must set APO_CODE_BYTES, APO_GROUP and APO_ROWS"
#endif

#if APO_CODE_BYTES == 2
typedef ushort apo_code;
#else
typedef uint apo_code;
#endif

#if APO_GROUP == 1
  #define LINE (64 / APO_CODE_BYTES) /* columns */
#else
  #define LINE 1
#endif

__kernel __attribute__((reqd_work_group_size(APO_GROUP, 1, 1))) void column_codes(
    const apo_column_codes_args args,
    __global const apo_code *restrict code,
    __global const apo_derived_column *restrict derived,
    __global const uint *restrict sets,
    __global apo_code *restrict column) {
  const size_t first_row = get_global_id(0) * APO_ROWS;
  __global const apo_code *restrict codes = code + first_row * args.n_columns;
  __global apo_code *restrict out = column + first_row;

  for (uint begin = 0; begin < args.n_columns; begin += LINE) {
    const uint end = min(begin + LINE, args.n_columns);
    for (uint col = begin; col < end; ++col) {
      for (uint r = 0; r < APO_ROWS; ++r) {
        out[(size_t)col * args.stride + r] = codes[(size_t)r * args.n_columns + col];
      }
    }
  }
  for (uint d = 0; d < args.n_derived; ++d) {
    const apo_derived_column from = derived[d];
    __global const uint *restrict set = sets + from.word;
    for (uint r = 0; r < APO_ROWS; ++r) {
      const apo_code own = codes[(size_t)r * args.n_columns + from.column];
      const uint bit = (apo_code)(own + 1);
      out[(size_t)(args.n_columns + d) * args.stride + r] =
          (apo_code)((~set[bit >> 5] >> (bit & 31)) & 1);
    }
  }
}
