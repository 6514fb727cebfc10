#include "host/stores/bytes.h"

#include <string.h>

void apo_pack_u32(uint32_t value, uint8_t out[4]) {
  for (int i = 0; i < 4; ++i) out[i] = (uint8_t)(value >> 8 * i);
}

void apo_pack_u64(uint64_t value, uint8_t out[8]) {
  for (int i = 0; i < 8; ++i) out[i] = (uint8_t)(value >> 8 * i);
}

void apo_pack_f32(const float *values, size_t n, uint8_t *out) {
  for (size_t i = 0; i < n; ++i) {
    uint32_t bits;
    memcpy(&bits, &values[i], sizeof bits);
    apo_pack_u32(bits, out + 4 * i);
  }
}

void apo_pack_f64(const double *values, size_t n, uint8_t *out) {
  for (size_t i = 0; i < n; ++i) {
    uint64_t bits;
    memcpy(&bits, &values[i], sizeof bits);
    apo_pack_u64(bits, out + 8 * i);
  }
}

uint32_t apo_unpack_u32(const uint8_t bytes[4]) {
  return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
         (uint32_t)bytes[3] << 24;
}

void apo_unpack_f32(const uint8_t *bytes, size_t n, float *out) {
  for (size_t i = 0; i < n; ++i) {
    const uint32_t bits = apo_unpack_u32(bytes + 4 * i);
    memcpy(&out[i], &bits, sizeof bits);
  }
}

void apo_unpack_f64(const uint8_t *bytes, size_t n, double *out) {
  for (size_t i = 0; i < n; ++i) {
    uint64_t bits = 0;
    for (int byte = 7; byte >= 0; --byte) bits = bits << 8 | bytes[8 * i + (size_t)byte];
    memcpy(&out[i], &bits, sizeof bits);
  }
}
