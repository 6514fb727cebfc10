/* self_test_case.h - one launch with a known answer, small enough to run before any work. */
#ifndef APO_HOST_OPENCL_SELF_TEST_CASE_H
#define APO_HOST_OPENCL_SELF_TEST_CASE_H

#include <stdbool.h>

#include "engine/exec/executor.h"

enum { APO_CASE_BUFFERS = APO_MAX_STAGE_BUFFERS, APO_CASE_WORDS = 2048, APO_CASE_ARGS_WORDS = 16 };

typedef struct apo_case_buffer {
  apo_u32 words[APO_CASE_WORDS]; /* before the launch */
  size_t n_bytes;                /* used of them, a multiple of 4 */
  bool is_output;
  bool is_float;   /* words are fp32, compared within the stage's ulps; else bits */
  bool is_scratch; /* the stage only works with it: n_bytes without content, not compared */
} apo_case_buffer;

typedef struct apo_self_test_case {
  const apo_stage *stage;
  apo_i32 spec[APO_MAX_STAGE_PARAMS];
  apo_u32 args[APO_CASE_ARGS_WORDS];
  apo_case_buffer buffers[APO_CASE_BUFFERS];
  size_t n_items;
  size_t group;
} apo_self_test_case;

/** Fill a zeroed case for a device; false when the device has no use for it. */
typedef bool (*apo_self_test_maker)(const apo_caps *caps, apo_self_test_case *out);

/** What is tested before any stage is: the table, ended by NULL. */
extern const apo_self_test_maker apo_self_test_makers[];

/** The stage of the arithmetic case: out[i] = a + b, a - b, a * b, fma(a, b, a). */
extern const apo_stage apo_self_arithmetic;

/** True when `got` is what a device gives for that word of the answers which takes subnormal
 * operands for zero, or gives zero for a subnormal answer. */
bool apo_self_arithmetic_flushed(const apo_self_test_case *known, size_t word, apo_u32 got);

#endif
