/* kernel_case.h - inputs for one stage at one specialization, made from a seed.
 *
 * A maker fills a case: args, buffers and the launch.  check_kernels runs it on a device and by the
 * twin, and compares the buffers that are outputs.  To add a stage, write case_<stage>.c and add a
 * line to the table in kernel_case.c.
 */
#ifndef APO_TESTS_KERNEL_KERNEL_CASE_H
#define APO_TESTS_KERNEL_KERNEL_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/exec/executor.h"

enum { KERNEL_CASE_ARGS_BYTES = 256 };

typedef enum kernel_element {
  KERNEL_BYTES,  /* integers: equal bytes */
  KERNEL_F32,    /* within the stage's max_ulps; any two NaNs are equal, so are both zeros */
  KERNEL_F64,    /* equal bits */
  KERNEL_SCRATCH /* what the stage only works with: not compared, but its end is guarded */
} kernel_element;

typedef struct kernel_buffer {
  void *content; /* before the launch; from kernel_buffer_set, freed by kernel_case_clear */
  size_t n_bytes;
  bool is_output;
  kernel_element element;
} kernel_buffer;

typedef struct kernel_case {
  union {
    unsigned char bytes[KERNEL_CASE_ARGS_BYTES];
    uint64_t align;
  } args;
  kernel_buffer buffers[APO_MAX_STAGE_BUFFERS];
  size_t n_items;
  size_t group;
} kernel_case;

/** Fill a zeroed case.
 *
 * `is_small` asks for the least rows that still have a second work-group and a second step of every
 * loop: simulators need a second per thousand items.
 */
typedef struct kernel_case_maker {
  const char *stage;
  void (*make)(
      const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out);
} kernel_case_maker;

/** The maker of a stage, or NULL. */
const kernel_case_maker *kernel_case_find(const char *stage);

/** Give a case zeroed memory for one buffer and return it; the test ends when there is none. */
void *kernel_buffer_set(kernel_case *of, size_t buffer, size_t n_bytes);

/** The same for a buffer that the stage writes. */
void *kernel_output_set(kernel_case *of, size_t buffer, size_t n_bytes, kernel_element element);

void kernel_case_clear(kernel_case *of);

/** The next random number; `*state` starts as the seed (splitmix64). */
uint64_t kernel_random(uint64_t *state);

/** An integer in [0, limit), limit at least 1. */
uint32_t kernel_random_below(uint64_t *state, uint32_t limit);

/** A float biased to the edges: one in 16 is a zero, an infinity, a NaN or huge. */
float kernel_random_value(uint64_t *state);

/** A finite float in [-8, 8) on a grid of 2^-20, so that ties are frequent. */
float kernel_random_finite(uint64_t *state);

#endif
