/* walk_ref.h - the twins' walk down a tree of codes; walk.clh says the same for devices. */
#ifndef APO_KERNELS_WALK_REF_H
#define APO_KERNELS_WALK_REF_H

#include <stddef.h>

#include "kernels/codes.h"

/** The code in `column` of a row of codes of `code_bytes` each. */
static inline apo_u32 apo_code_at(const void *row, apo_i32 code_bytes, apo_u32 column) {
  return code_bytes == 2 ? ((const uint16_t *)row)[column] : ((const apo_u32 *)row)[column];
}

/** 1 when a row with `code` in the node's column goes right, else 0. */
static inline apo_u32 apo_node_right(const apo_node *node,
                                     apo_u32 code,
                                     apo_i32 code_bytes,
                                     const apo_u32 *sets) {
  const apo_u32 mask = code_bytes == 2 ? 0xffffu : 0xffffffffu;
  if ((node->next & APO_NODE_SET) != 0) {
    const apo_u32 bit = (code + 1) & mask;
    return (~sets[node->cut + (bit >> 5)] >> (bit & 31)) & 1;
  }
  return ((code + (node->next >> 31)) & mask) > node->cut ? 1 : 0;
}

#endif
