/* npy.h - the header of NumPy's .npy files, read and written.
 *
 * An .npy file is "\x93NUMPY", a version, the length of a header, the header, and the elements.
 * The header is a Python dict literal with three keys, padded with spaces.  Only that dict is
 * understood here: no other Python expression, no pickled objects, no structured types.
 */
#ifndef APO_HOST_IO_NPY_H
#define APO_HOST_IO_NPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/error.h"

enum {
  APO_NPY_HEADER_BYTES = 128, /* of every header that is written; a multiple of 64 */
  APO_NPY_MAX_RANK = 8        /* more dimensions are refused by their number */
};

/** What the elements of an .npy file are.  All little-endian. */
typedef struct apo_npy_header {
  char kind;           /* 'f' float, 'i' signed, 'u' unsigned, 'b' bool */
  uint32_t item_bytes; /* of one element: 1, 2, 4 or 8; of a float 4 or 8 */
  bool fortran_order;  /* the first index varies fastest */
  uint32_t rank;
  uint64_t shape[APO_NPY_MAX_RANK];
  uint64_t n_elements; /* product of the shape */
  size_t data_at;      /* bytes from the start of the file to the first element */
} apo_npy_header;

/** True when the bytes start as an .npy file does. */
bool apo_npy_claims(const uint8_t *bytes, size_t n_bytes);

/** Read the header of a whole .npy file, versions 1.0, 2.0 and 3.0.
 *
 * Fails:   APO_ERR_FORMAT  it is cut, is not the dict of three keys, has a type other than those
 *                          above (big-endian, complex, objects, ...; named), or the elements are
 *                          not exactly as many bytes as the shape says
 * Source:  numpy.lib.format, NEP 1.
 */
APO_NODISCARD apo_status apo_npy_header_read(const uint8_t *bytes,
                                             size_t n_bytes,
                                             apo_npy_header *out,
                                             apo_error *err);

/** Write the header (version 1.0, C order, little-endian floats) of an array [n_rows x inner...].
 *
 * Its size is always the same, so it can be written with n_rows = 0, the rows behind it, and then
 * once more over itself when their number is known (apo_output_file_rewrite).
 *
 * Shapes:  inner [n_inner], n_inner 0 to 3; out [APO_NPY_HEADER_BYTES]
 */
void apo_npy_header_write(
    apo_dtype dtype, uint64_t n_rows, const uint32_t *inner, uint32_t n_inner, uint8_t *out);

#endif
