/* tree_programs.h - trees that are walked whole, by quadrature (stage tree_path).
 *
 * For path-dependent values of single players, where tables of a deep tree would be large and its
 * leaves long.  A tree is either here or has groups and long leaves, never both.
 */
#ifndef APO_ENGINE_EXACT_TREE_PROGRAMS_H
#define APO_ENGINE_EXACT_TREE_PROGRAMS_H

#include <stdbool.h>

#include "engine/core/error.h"
#include "kernels/tree_path/tree_path_abi.h"

typedef struct apo_leaf_maker apo_leaf_maker;

typedef struct apo_tree_programs {
  uint32_t n_trees, n_steps, n_nodes, n_factors, n_slots;
  apo_path_tree *tree;
  uint32_t *step;
  apo_path_node *node;
  float *factor;
  uint32_t *slot;
  double row_ns;                                /* estimate for one row on one core */
  uint32_t most_levels, most_points, most_sums; /* of one tree */
} apo_tree_programs;

typedef struct apo_program_room {
  uint64_t tree;
  uint64_t step;
  uint64_t node;
  uint64_t factor;
  uint64_t slot;
} apo_program_room;

/** True when the present tree is estimated to be faster walked whole than as it was cut. */
bool apo_program_pays(const apo_leaf_maker *maker);

/** Write the present tree down. */
APO_NODISCARD apo_status apo_program_add(apo_leaf_maker *maker, apo_error *err);

void apo_tree_programs_free(apo_tree_programs *programs);

#endif
