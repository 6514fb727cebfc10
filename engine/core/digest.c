#include "engine/core/digest.h"

#include <math.h>
#include <openssl/evp.h>
#include <string.h>

enum { PIECE_VALUES = 128 };

static apo_status refused(apo_error *err) {
  return apo_fail(err, APO_ERR_INTERNAL, "digest: libcrypto refused SHA-256");
}

apo_status apo_digest_start(apo_digest *digest, apo_error *err) {
  if (digest->context == NULL) digest->context = EVP_MD_CTX_new();
  if (digest->context == NULL) return apo_fail(err, APO_ERR_MEMORY, "digest: no memory");
  return EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) == 1 ? APO_OK : refused(err);
}

apo_status apo_digest_add(apo_digest *digest, const void *bytes, size_t n_bytes, apo_error *err) {
  if (n_bytes == 0) return APO_OK;
  return EVP_DigestUpdate(digest->context, bytes, n_bytes) == 1 ? APO_OK : refused(err);
}

static void write_u64(uint64_t value, uint8_t *out) {
  for (int i = 0; i < 8; ++i) out[i] = (uint8_t)(value >> (8 * i));
}

apo_status apo_digest_add_u64(apo_digest *digest, uint64_t value, apo_error *err) {
  uint8_t bytes[8];
  write_u64(value, bytes);
  return apo_digest_add(digest, bytes, sizeof bytes, err);
}

apo_status apo_digest_add_f64s(apo_digest *digest,
                               const double *values,
                               size_t n_values,
                               apo_error *err) {
  // A piece at a time: a call into libcrypto for each number costs more than hashing it.
  uint8_t bytes[8 * PIECE_VALUES];
  size_t n_done = 0;
  while (n_done < n_values) {
    size_t n = 0;
    for (; n < PIECE_VALUES && n_done + n < n_values; ++n) {
      uint64_t bits = 0x7ff8000000000000u;
      if (!isnan(values[n_done + n])) memcpy(&bits, &values[n_done + n], sizeof bits);
      write_u64(bits, bytes + 8 * n);
    }
    APO_TRY(apo_digest_add(digest, bytes, 8 * n, err));
    n_done += n;
  }
  return APO_OK;
}

apo_status apo_digest_finish(apo_digest *digest, uint8_t out[APO_DIGEST_BYTES], apo_error *err) {
  unsigned n_bytes = 0;
  if (EVP_DigestFinal_ex(digest->context, out, &n_bytes) != 1 || n_bytes != APO_DIGEST_BYTES) {
    return refused(err);
  }
  return APO_OK;
}

void apo_digest_stop(apo_digest *digest) {
  EVP_MD_CTX_free(digest->context);
  digest->context = NULL;
}

void apo_digest_print(const uint8_t digest[APO_DIGEST_BYTES], char out[APO_DIGEST_TEXT_BYTES]) {
  static const char hex[] = "0123456789abcdef";
  static const char prefix[] = "sha256:";
  memcpy(out, prefix, sizeof prefix);
  char *at = out + sizeof prefix - 1;
  for (int i = 0; i < APO_DIGEST_BYTES; ++i) {
    *at++ = hex[digest[i] >> 4];
    *at++ = hex[digest[i] & 15];
  }
  *at = '\0';
}

apo_status apo_digest_text(const void *bytes,
                           size_t n_bytes,
                           char out[APO_DIGEST_TEXT_BYTES],
                           apo_error *err) {
  apo_digest digest = {0};
  uint8_t binary[APO_DIGEST_BYTES];
  out[0] = '\0';
  apo_status status = apo_digest_start(&digest, err);
  if (status == APO_OK) status = apo_digest_add(&digest, bytes, n_bytes, err);
  if (status == APO_OK) status = apo_digest_finish(&digest, binary, err);
  apo_digest_stop(&digest);
  if (status == APO_OK) apo_digest_print(binary, out);
  return status;
}
