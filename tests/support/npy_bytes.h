/* npy_bytes.h - .npy files for tests, written here by hand and not by the code that is tested. */
#ifndef APO_TESTS_SUPPORT_NPY_BYTES_H
#define APO_TESTS_SUPPORT_NPY_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { NPY_BYTES_MAX = 4096 };

typedef struct npy_bytes {
  uint8_t bytes[NPY_BYTES_MAX];
  size_t n_bytes;
  size_t data_at;
} npy_bytes;

/** A file of version `major`.0 with this dict as its header, padded to 64 bytes, and these data. */
static inline npy_bytes npy_file(unsigned major,
                                 const char *dict,
                                 const void *data,
                                 size_t n_data) {
  npy_bytes file = {{0x93, 'N', 'U', 'M', 'P', 'Y', (uint8_t)major, 0}, 0, 0};
  const size_t prefix = major == 1 ? 10 : 12;
  const size_t n_dict = strlen(dict);
  const size_t data_at = (prefix + n_dict + 1 + 63) / 64 * 64;
  const size_t length = data_at - prefix;
  file.bytes[8] = (uint8_t)(length & 0xffu);
  file.bytes[9] = (uint8_t)(length >> 8);
  memset(file.bytes + prefix, ' ', length);
  memcpy(file.bytes + prefix, dict, n_dict);
  file.bytes[data_at - 1] = '\n';
  if (n_data > 0) memcpy(file.bytes + data_at, data, n_data);
  file.data_at = data_at;
  file.n_bytes = data_at + n_data;
  return file;
}

/** As numpy.save writes it. */
static inline npy_bytes npy_array(
    const char *descr, const char *order, const char *shape, const void *data, size_t n_data) {
  char dict[512];
  snprintf(dict, sizeof dict, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", descr, order,
           shape);
  return npy_file(1, dict, data, n_data);
}

#endif
