/* response_ref.h - response.inc for the twins: one float at a time. */
#ifndef APO_KERNELS_RESPONSE_REF_H
#define APO_KERNELS_RESPONSE_REF_H

#include <string.h>

#include "kernels/abi.h"

static inline apo_i32 apo_int_bits(apo_f32 x) {
  apo_i32 bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline apo_f32 apo_float_bits(apo_i32 bits) {
  apo_f32 x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static inline apo_f32 apo_scale_bits(apo_f32 x, apo_f32 n) {
  return apo_float_bits((apo_i32)((apo_u32)apo_int_bits(x) + ((apo_u32)apo_int_bits(n) << 23)));
}

#define APO_FLOAT                     apo_f32
#define APO_INT                       apo_i32
#define APO_AS_INT(x)                 apo_int_bits(x)
#define APO_AS_FLOAT(i)               apo_float_bits((apo_i32)(i))
#define APO_PICK(condition, a, b)     ((condition) ? (a) : (b))
#define APO_PICK_INT(condition, a, b) ((condition) ? (a) : (b))
#define APO_SCALE(x, n)               apo_scale_bits(x, n)
#define APO_GLOBAL
#include "kernels/response.inc"

#endif
