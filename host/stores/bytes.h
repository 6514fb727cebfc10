/* bytes.h - numbers as the little-endian bytes that stores and arrays keep. */
#ifndef APO_HOST_STORES_BYTES_H
#define APO_HOST_STORES_BYTES_H

#include <stddef.h>
#include <stdint.h>

/** Shapes: out [4 n] and [8 n]. */
void apo_pack_f32(const float *values, size_t n, uint8_t *out);
void apo_pack_f64(const double *values, size_t n, uint8_t *out);
void apo_pack_u32(uint32_t value, uint8_t out[4]);
void apo_pack_u64(uint64_t value, uint8_t out[8]);

void apo_unpack_f32(const uint8_t *bytes, size_t n, float *out);
void apo_unpack_f64(const uint8_t *bytes, size_t n, double *out);
uint32_t apo_unpack_u32(const uint8_t bytes[4]);

#endif
