/* json_element.h - one number of a packed array, in the bytes of the file or in our own.
 *
 * All of it is inline: a large model is millions of such numbers, and a call would cost more than
 * the number.
 */
#ifndef APO_ENGINE_READERS_JSON_ELEMENT_H
#define APO_ENGINE_READERS_JSON_ELEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** Elements of a packed array: the markers of UBJSON, big-endian, and those of this machine. */
enum {
  APO_ELEMENT_NONE = 0,
  APO_ELEMENT_I8 = 'i',
  APO_ELEMENT_U8 = 'U',
  APO_ELEMENT_I16 = 'h',
  APO_ELEMENT_I32 = 'w',
  APO_ELEMENT_F32 = 'f',
  APO_ELEMENT_F64 = 'n',
  APO_ELEMENT_FLAG = 'b' /* one byte, 0 or 1: a boolean */
};

/** Bytes of one element of a packed array; 0 for what is no marker of a number. */
static inline size_t apo_element_bytes(uint8_t element) {
  switch (element) {
    case APO_ELEMENT_I8:
    case APO_ELEMENT_U8:
    case 'C':
    case APO_ELEMENT_FLAG: return 1;
    case 'I':
    case APO_ELEMENT_I16: return 2;
    case 'l':
    case 'd':
    case APO_ELEMENT_I32:
    case APO_ELEMENT_F32: return 4;
    case 'L':
    case 'D':
    case APO_ELEMENT_F64: return 8;
    default: return 0;
  }
}

/** True for what stands after '$' in UBJSON. */
static inline bool apo_element_is_ubjson(uint8_t element) {
  return element != 0 && strchr("iUCIlLdD", element) != NULL;
}

// Written out, so that compilers see one load and a swap.
static inline uint32_t apo_load_u32(const uint8_t *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | (uint32_t)at[3];
}

static inline uint64_t apo_load_u64(const uint8_t *at) {
  return (uint64_t)apo_load_u32(at) << 32 | apo_load_u32(at + 4);
}

/** A number as it was written. */
typedef struct apo_json_figure {
  bool is_integer;
  int64_t integer;
  double real; /* always set; rounded when the integer passes 2^53 */
} apo_json_figure;

static inline apo_json_figure apo_figure_integer(int64_t integer) {
  return (apo_json_figure){.is_integer = true, .integer = integer, .real = (double)integer};
}

static inline apo_json_figure apo_figure_real(double real) {
  return (apo_json_figure){.is_integer = false, .real = real};
}

static inline double apo_float_of(uint32_t bits) {
  float number;
  memcpy(&number, &bits, sizeof number);
  return (double)number;
}

static inline double apo_double_of(uint64_t bits) {
  double number;
  memcpy(&number, &bits, sizeof number);
  return number;
}

/** Element at `at`, of a type for which apo_element_bytes is not 0. */
static inline apo_json_figure apo_element_load(uint8_t element, const uint8_t *at) {
  int16_t i16;
  int32_t i32;
  float f32;
  double f64;
  switch (element) {
    case APO_ELEMENT_I8: return apo_figure_integer((int8_t)at[0]);
    case 'I': return apo_figure_integer((int16_t)(at[0] << 8 | at[1]));
    case 'l': return apo_figure_integer((int32_t)apo_load_u32(at));
    case 'L': return apo_figure_integer((int64_t)apo_load_u64(at));
    case 'd': return apo_figure_real(apo_float_of(apo_load_u32(at)));
    case 'D': return apo_figure_real(apo_double_of(apo_load_u64(at)));
    case APO_ELEMENT_I16: memcpy(&i16, at, sizeof i16); return apo_figure_integer(i16);
    case APO_ELEMENT_I32: memcpy(&i32, at, sizeof i32); return apo_figure_integer(i32);
    case APO_ELEMENT_F32: memcpy(&f32, at, sizeof f32); return apo_figure_real((double)f32);
    case APO_ELEMENT_F64: memcpy(&f64, at, sizeof f64); return apo_figure_real(f64);
    default: return apo_figure_integer(at[0]);  // 'U', 'C', APO_ELEMENT_FLAG: one byte
  }
}

/** Write a number to an element of this machine, which must be able to hold it. */
static inline void apo_element_store(uint8_t element, uint8_t *at, double number) {
  const float f32 = (float)number;
  switch (element) {
    case APO_ELEMENT_F64: memcpy(at, &number, sizeof number); return;
    case APO_ELEMENT_F32: memcpy(at, &f32, sizeof f32); return;
    default: break;
  }
  const int32_t i32 = (int32_t)number;
  const int16_t i16 = (int16_t)i32;
  switch (element) {
    case APO_ELEMENT_I32: memcpy(at, &i32, sizeof i32); return;
    case APO_ELEMENT_I16: memcpy(at, &i16, sizeof i16); return;
    default: at[0] = (uint8_t)i32; return;
  }
}

#endif
