/* long_leaf_ref.h - the twins' question whether a row passes; long_leaf.clh asks it for devices. */
#ifndef APO_KERNELS_LONG_LEAF_REF_H
#define APO_KERNELS_LONG_LEAF_REF_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/leaf_groups.h"

/** True when `row` passes all tests of the next player; `*at` moves behind them. */
static inline bool apo_row_passes(const apo_pattern_test *test,
                                  apo_u32 *at,
                                  const void *code,
                                  apo_i32 code_bytes,
                                  apo_u32 stride,
                                  size_t row) {
  const apo_u32 mask = code_bytes == 2 ? 0xffffu : 0xffffffffu;
  bool pass = true;
  const apo_pattern_test *t;
  do {
    t = &test[(*at)++];
    const size_t place = (size_t)(t->column & APO_TEST_COLUMN) * stride + row;
    const apo_u32 found =
        code_bytes == 2 ? ((const uint16_t *)code)[place] : ((const apo_u32 *)code)[place];
    pass = pass && ((found - t->low) & mask) <= (t->span & mask);
  } while ((t->column & APO_TEST_LAST) == 0);
  return pass;
}

#endif
