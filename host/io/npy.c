/* npy.c - a parser for one dict, and for nothing else of Python.
 *
 *   93 'N' 'U' 'M' 'P' 'Y'  major minor  length  {'descr': '<f8', 'fortran_order': False,
 *                                                 'shape': (3, 4), }  spaces  '\n'
 *
 * `length` has 2 bytes in version 1.0 and 4 in 2.0 and 3.0 (which allow UTF-8 in names of fields
 * that are refused here).  The parser moves one cursor forward over the bytes of the header and
 * never looks behind their end.  Source: numpy.lib.format, NEP 1.
 */
#include "host/io/npy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/bytes.h"
#include "host/io/quoted.h"

enum { MAGIC_BYTES = 6, PREFIX_BYTES = 10 };  // prefix: magic, version and length of version 1.0

static const uint8_t magic[MAGIC_BYTES] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

bool apo_npy_claims(const uint8_t *bytes, size_t n_bytes) {
  return n_bytes >= MAGIC_BYTES && memcmp(bytes, magic, MAGIC_BYTES) == 0;
}

/* --- the cursor ------------------------------------------------------------------------------- */

static bool is_blank(uint8_t byte) {
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static void skip_blanks(apo_bytes *rest) {
  while (rest->n_bytes > 0 && is_blank(*rest->at)) {
    ++rest->at;
    --rest->n_bytes;
  }
}

/* Skip blanks, then take the byte if it comes next. */
static bool take(apo_bytes *rest, char byte) {
  skip_blanks(rest);
  if (rest->n_bytes == 0 || *rest->at != (uint8_t)byte) return false;
  ++rest->at;
  --rest->n_bytes;
  return true;
}

static bool take_word(apo_bytes *rest, const char *word) {
  const size_t n_bytes = strlen(word);
  skip_blanks(rest);
  if (rest->n_bytes < n_bytes || memcmp(rest->at, word, n_bytes) != 0) return false;
  rest->at += n_bytes;
  rest->n_bytes -= n_bytes;
  return true;
}

/* A string without escapes, in either kind of quotes. */
static bool take_string(apo_bytes *rest, apo_bytes *out) {
  const bool is_double = take(rest, '"');
  if (!is_double && !take(rest, '\'')) return false;
  const char quote = is_double ? '"' : '\'';
  *out = (apo_bytes){rest->at, 0};
  while (rest->n_bytes > 0 && *rest->at != (uint8_t)quote) {
    if (*rest->at == '\\') return false;
    ++rest->at;
    --rest->n_bytes;
    ++out->n_bytes;
  }
  if (rest->n_bytes == 0) return false;
  ++rest->at;
  --rest->n_bytes;
  return true;
}

/* A count, with the L that Python 2 wrote behind long ones. */
static bool take_count(apo_bytes *rest, uint64_t *out) {
  skip_blanks(rest);
  uint64_t count = 0;
  size_t n_digits = 0;
  while (rest->n_bytes > 0 && *rest->at >= '0' && *rest->at <= '9') {
    const uint64_t digit = *rest->at - (uint64_t)'0';
    if (count > (INT64_MAX - digit) / 10) return false;
    count = count * 10 + digit;
    ++n_digits;
    ++rest->at;
    --rest->n_bytes;
  }
  if (n_digits == 0) return false;
  if (rest->n_bytes > 0 && *rest->at == 'L') {
    ++rest->at;
    --rest->n_bytes;
  }
  *out = count;
  return true;
}

static bool is_text(apo_bytes bytes, const char *text) {
  return bytes.n_bytes == strlen(text) && memcmp(bytes.at, text, bytes.n_bytes) == 0;
}

/* --- the three values ------------------------------------------------------------------------- */

static apo_status read_descr(apo_bytes *rest, apo_npy_header *out, apo_error *err) {
  static const char known[][4] = {"<f4", "<f8", "<i2", "<i4", "<i8", "<u2",
                                  "<u4", "<u8", "|i1", "|u1", "|b1"};
  apo_bytes descr;
  skip_blanks(rest);
  if (rest->n_bytes > 0 && (*rest->at == '[' || *rest->at == '(' || *rest->at == '{')) {
    return apo_fail(err, APO_ERR_FORMAT, "dtype with fields, needed '<f4' or '<f8'");
  }
  if (!take_string(rest, &descr)) {
    return apo_fail(err, APO_ERR_FORMAT, "header: 'descr' is not a string");
  }
  for (size_t i = 0; i < sizeof known / sizeof known[0]; ++i) {
    if (!is_text(descr, known[i])) continue;
    out->kind = known[i][1];
    out->item_bytes = (uint32_t)(known[i][2] - '0');
    return APO_OK;
  }
  const apo_quoted found = apo_quote((const char *)descr.at, descr.n_bytes);
  const bool is_big = descr.n_bytes > 0 && *descr.at == '>';
  return apo_fail(err, APO_ERR_FORMAT, "dtype %s%s, needed '<f4' or '<f8'", found.text,
                  is_big ? " is big-endian" : "");
}

static apo_status read_order(apo_bytes *rest, apo_npy_header *out, apo_error *err) {
  if (take_word(rest, "True")) {
    out->fortran_order = true;
  } else if (!take_word(rest, "False")) {
    return apo_fail(err, APO_ERR_FORMAT, "header: 'fortran_order' is neither True nor False");
  }
  return APO_OK;
}

static apo_status read_shape(apo_bytes *rest, apo_npy_header *out, apo_error *err) {
  if (!take(rest, '(')) return apo_fail(err, APO_ERR_FORMAT, "header: 'shape' is not a tuple");
  while (!take(rest, ')')) {
    uint64_t count;
    if (!take_count(rest, &count)) {
      return apo_fail(err, APO_ERR_FORMAT, "header: 'shape' holds what is not a count");
    }
    if (out->rank == APO_NPY_MAX_RANK) {
      return apo_fail(err, APO_ERR_FORMAT, "rank above %d, needed 2", APO_NPY_MAX_RANK);
    }
    out->shape[out->rank++] = count;
    const bool has_comma = take(rest, ',');
    if (take(rest, ')')) {
      // (3) is a number in Python and (3,) a tuple.
      if (has_comma || out->rank > 1) return APO_OK;
      return apo_fail(err, APO_ERR_FORMAT, "header: 'shape' is not a tuple");
    }
    if (!has_comma) return apo_fail(err, APO_ERR_FORMAT, "header: 'shape' has no end");
  }
  return out->rank == 0 ? APO_OK : apo_fail(err, APO_ERR_FORMAT, "header: 'shape' has no end");
}

typedef apo_status read_value(apo_bytes *rest, apo_npy_header *out, apo_error *err);

static apo_status read_dict(apo_bytes header, apo_npy_header *out, apo_error *err) {
  static const struct {
    const char *name;
    read_value *read;
  } keys[] = {{"descr", read_descr}, {"fortran_order", read_order}, {"shape", read_shape}};
  enum { N_KEYS = sizeof keys / sizeof keys[0] };
  bool has[N_KEYS] = {false};
  apo_bytes rest = header;
  bool goes_on = take(&rest, '{');
  if (!goes_on) return apo_fail(err, APO_ERR_FORMAT, "header: not a dict");
  while (goes_on && !take(&rest, '}')) {
    apo_bytes name;
    if (!take_string(&rest, &name) || !take(&rest, ':')) {
      return apo_fail(err, APO_ERR_FORMAT, "header: no key at byte %zu",
                      header.n_bytes - rest.n_bytes);
    }
    size_t key = 0;
    while (key < N_KEYS && !is_text(name, keys[key].name)) ++key;
    if (key == N_KEYS || has[key]) {
      return apo_fail(err, APO_ERR_FORMAT, "header: key %s is %s",
                      apo_quote((const char *)name.at, name.n_bytes).text,
                      key == N_KEYS ? "not one of three" : "there twice");
    }
    has[key] = true;
    APO_TRY(keys[key].read(&rest, out, err));
    goes_on = take(&rest, ',');
    if (!goes_on && !take(&rest, '}')) {
      return apo_fail(err, APO_ERR_FORMAT, "header: the dict has no end");
    }
  }
  for (size_t key = 0; key < N_KEYS; ++key) {
    if (!has[key]) return apo_fail(err, APO_ERR_FORMAT, "header: no '%s'", keys[key].name);
  }
  skip_blanks(&rest);
  if (rest.n_bytes != 0) {
    return apo_fail(err, APO_ERR_FORMAT, "header: %zu bytes behind the dict", rest.n_bytes);
  }
  return APO_OK;
}

/* --- the file --------------------------------------------------------------------------------- */

/* Version and length; `rest` then starts at the dict. */
static apo_status read_prefix(apo_bytes *rest, size_t *header_bytes, apo_error *err) {
  if (!apo_npy_claims(rest->at, rest->n_bytes)) {
    return apo_fail(err, APO_ERR_FORMAT, "not an .npy file");
  }
  const size_t n_bytes = rest->n_bytes;
  if (n_bytes < PREFIX_BYTES) {
    return apo_fail(err, APO_ERR_FORMAT, "header: cut after %zu bytes", n_bytes);
  }
  const unsigned major = rest->at[MAGIC_BYTES];
  const unsigned minor = rest->at[MAGIC_BYTES + 1];
  if (major < 1 || major > 3 || minor != 0) {
    return apo_fail(err, APO_ERR_FORMAT, "version %u.%u, needed 1.0, 2.0 or 3.0", major, minor);
  }
  rest->at += MAGIC_BYTES + 2;
  rest->n_bytes -= MAGIC_BYTES + 2;
  uint32_t length = 0;
  if (major == 1) {
    length = (uint32_t)rest->at[0] | (uint32_t)rest->at[1] << 8;
    rest->at += 2;
    rest->n_bytes -= 2;
  } else if (!apo_take_u32(rest, &length)) {
    return apo_fail(err, APO_ERR_FORMAT, "header: cut after %zu bytes", n_bytes);
  }
  if (length > rest->n_bytes) {
    return apo_fail(err, APO_ERR_FORMAT, "header: cut, %zu of %u bytes", rest->n_bytes, length);
  }
  *header_bytes = length;
  return APO_OK;
}

/* The elements are there, all of them and nothing else. */
static apo_status check_size(const apo_npy_header *header, size_t n_data, apo_error *err) {
  uint64_t n_bytes = header->item_bytes;
  bool has_none = false;
  for (uint32_t i = 0; i < header->rank; ++i) has_none = has_none || header->shape[i] == 0;
  for (uint32_t i = 0; i < header->rank && !has_none; ++i) {
    if (n_bytes > INT64_MAX / header->shape[i]) {
      return apo_fail(err, APO_ERR_FORMAT, "the shape has more elements than a file can");
    }
    n_bytes *= header->shape[i];
  }
  if (has_none) n_bytes = 0;
  if (n_bytes != n_data) {
    return apo_fail(err, APO_ERR_FORMAT, "%zu bytes of elements, the header says %" PRIu64, n_data,
                    n_bytes);
  }
  return APO_OK;
}

apo_status apo_npy_header_read(const uint8_t *bytes,
                               size_t n_bytes,
                               apo_npy_header *out,
                               apo_error *err) {
  *out = (apo_npy_header){0};
  apo_npy_header header = {0};
  apo_bytes rest = {bytes, n_bytes};
  size_t header_bytes = 0;
  APO_TRY(read_prefix(&rest, &header_bytes, err));
  APO_TRY(read_dict((apo_bytes){rest.at, header_bytes}, &header, err));
  header.data_at = n_bytes - rest.n_bytes + header_bytes;
  APO_TRY(check_size(&header, rest.n_bytes - header_bytes, err));
  header.n_elements = (rest.n_bytes - header_bytes) / header.item_bytes;
  *out = header;
  return APO_OK;
}

void apo_npy_header_write(
    apo_dtype dtype, uint64_t n_rows, const uint32_t *inner, uint32_t n_inner, uint8_t *out) {
  char dict[APO_NPY_HEADER_BYTES];
  char shape[72];
  int n_shape = snprintf(shape, sizeof shape, "%" PRIu64 ",", n_rows);
  for (uint32_t i = 0; i < n_inner && i < 3; ++i) {
    n_shape += snprintf(shape + n_shape, sizeof shape - (size_t)n_shape, "%s%u",
                        i == 0 ? " " : ", ", inner[i]);
  }
  const int n_dict =
      snprintf(dict, sizeof dict, "{'descr': '<f%d', 'fortran_order': False, 'shape': (%s), }",
               dtype == APO_F32 ? 4 : 8, shape);
  const uint32_t length = APO_NPY_HEADER_BYTES - PREFIX_BYTES;
  memset(out, ' ', APO_NPY_HEADER_BYTES);
  memcpy(out, magic, MAGIC_BYTES);
  out[MAGIC_BYTES] = 1;
  out[MAGIC_BYTES + 1] = 0;
  out[MAGIC_BYTES + 2] = (uint8_t)(length & 0xffu);
  out[MAGIC_BYTES + 3] = (uint8_t)(length >> 8);
  // 20 + 3 (2 + 10) bytes of shape at most, and 54 around them: it always fits.
  memcpy(out + PREFIX_BYTES, dict, (size_t)n_dict);
  out[APO_NPY_HEADER_BYTES - 1] = '\n';
}
