/* codes.h - the code forest as devices see it: integers only, one record a node.
 *
 * Every value of a row becomes the rank of its interval among the cuts of its column: code(v) is
 * the number of cuts at or below v, and a missing value is the greatest code.  After that a split
 * is one integer comparison, the same on every device (docs/NUMERICS.md, "ranks").
 *
 *   ranges   left iff code <= j.  Where missing goes left the comparison is made on code + 1, which
 *            wraps the missing code to 0: APO_NODE_BIAS, and `cut` holds j + 1.
 *   sets     categories, and splits that treat zero as missing: bit (code + 1, wrapped) of the bit
 *            set that starts at word `cut` says left: APO_NODE_SET.
 *
 * Children lie side by side: left at `next`, right at `next + 1`.  A leaf is its own left child and
 * no code passes its cut, so a walk may go on past it without a test.
 */
#ifndef APO_KERNELS_CODES_H
#define APO_KERNELS_CODES_H

#include "kernels/abi.h"

typedef struct apo_node {
  apo_u32 column; /* of the split; 0 in a leaf */
  apo_u32 cut;    /* see above; 0xffffffff in a leaf */
  apo_u32 next;   /* flags | number of the left child in the node array */
  apo_u32 leaf;   /* number of the leaf inside its tree, or APO_NODE_INNER */
} apo_node;
APO_ABI_ASSERT(node_size, sizeof(apo_node) == 16);

#define APO_NODE_BIAS  0x80000000u
#define APO_NODE_SET   0x40000000u
#define APO_NODE_NEXT  0x3fffffffu /* mask of the child number; also the limit of nodes */
#define APO_NODE_INNER 0xffffffffu
#define APO_LEAF_CUT   0xffffffffu

/* One tree for one output: trees with vector leaves appear once per output. */
typedef struct apo_instance {
  apo_u32 root;       /* node number */
  apo_u32 value_base; /* its leaf values start here */
  apo_u32 depth;      /* splits on its longest path */
  apo_u32 pad;
} apo_instance;
APO_ABI_ASSERT(instance_size, sizeof(apo_instance) == 16);

#endif
