/* case_long.h - long leaves and the rows that meet them, for the cases of long_pairs and long_path. */
#ifndef APO_TESTS_KERNEL_CASE_LONG_H
#define APO_TESTS_KERNEL_CASE_LONG_H

#include "kernels/leaf_groups.h"
#include "tests/kernel/kernel_case.h"

/* Leaf 0 lies before the launch: its numbers must not be read as those of another. */
enum { CASE_LONG_MAX_LEAVES = 8, CASE_LONG_OUTPUTS = 2 };

typedef struct case_long {
  uint32_t n_leaves;
  uint32_t size[CASE_LONG_MAX_LEAVES]; /* players of each leaf */
  uint32_t longest;
  uint32_t n_players; /* of the game */
  uint32_t n_rows;
  uint32_t stride;
  uint32_t n_group_rows; /* of a work-group */
} case_long;

/* Places of the buffers that both stages have. */
typedef struct case_long_places {
  size_t leaf, test, player, value, code, phi;
} case_long_places;

/** Sizes of a case: leaves of one word, of two and more, and of a single player. */
case_long case_long_create(const apo_stage *stage,
                           const apo_i32 *spec,
                           uint32_t n_group_rows,
                           bool is_small);

/** Fill the common buffers; returns the leaves, whose patterns may be filled in. */
apo_long_leaf *case_long_buffers(const case_long *of,
                                 const apo_stage *stage,
                                 const apo_i32 *spec,
                                 uint64_t *state,
                                 const case_long_places *at,
                                 kernel_case *out);

#endif
