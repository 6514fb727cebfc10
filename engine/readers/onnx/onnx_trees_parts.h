/* onnx_trees_parts.h - TreeEnsemble of ai.onnx.ml 5: its arrays, and the walk over them. */
#ifndef APO_ENGINE_READERS_ONNX_ONNX_TREES_PARTS_H
#define APO_ENGINE_READERS_ONNX_ONNX_TREES_PARTS_H

#include "engine/readers/onnx/onnx_parts.h"

enum { APO_ONNX_TRUE_LEAF = 1, APO_ONNX_FALSE_LEAF = 2, APO_ONNX_TRACKS_TRUE = 4 };

/** A set of one value is a comparison, whatever the value; others are sets of the forest. */
typedef struct apo_onnx_member_set {
  double value; /* of the comparison, or the number of the set */
  bool is_one;
} apo_onnx_member_set;

typedef struct apo_onnx_arrays {
  const apo_onnx_node *node;
  uint32_t n_nodes;
  uint32_t n_leaves;
  uint32_t n_columns;
  uint32_t *columns;  /* [n_nodes] */
  uint32_t *if_true;  /* [n_nodes] a node or a leaf; not checked yet */
  uint32_t *if_false; /* [n_nodes] likewise */
  uint8_t *flags;     /* [n_nodes] */
  apo_onnx_tensor modes;
  apo_onnx_tensor splits;
  uint32_t *targets; /* [n_leaves] */
  apo_onnx_tensor weights;
  uint32_t *set_of;          /* [n_nodes] into sets; NULL when no node tests a set */
  apo_onnx_member_set *sets; /* [n_sets] in the order of their nodes */
  uint32_t n_sets;
} apo_onnx_arrays;

/** Read and check all arrays, children apart.  Cleared by the caller, also on failure. */
APO_NODISCARD apo_status apo_onnx_arrays_read(const apo_onnx_rows *rows,
                                              uint32_t n_outputs,
                                              apo_onnx_arrays *out,
                                              apo_error *err);
void apo_onnx_arrays_clear(apo_onnx_arrays *arrays);

/** membership_values to sets of the builder.
 *
 * Fails:   APO_ERR_FORMAT       another number of sets than nodes that test one; an empty set
 *          APO_ERR_UNSUPPORTED  several values, one of which is no code
 */
APO_NODISCARD apo_status apo_onnx_members_read(apo_onnx_arrays *arrays,
                                               apo_builder *builder,
                                               apo_error *err);

/** The mode and value of a node that tests a set: a comparison, or the number of its set. */
apo_onnx_mode apo_onnx_member(const apo_onnx_arrays *arrays, uint32_t node, double *value);

/** A node or leaf of the tree of the moment. */
typedef struct apo_onnx_local {
  uint32_t at;          /* in the arrays */
  uint32_t first_child; /* local number of the true child; the false one follows */
  bool is_leaf;
} apo_onnx_local;

typedef struct apo_onnx_trees_walk {
  apo_onnx_arrays *arrays;
  size_t file_bytes;
  uint32_t n_outputs;
  /* the tree of the moment */
  uint32_t tree;
  apo_onnx_local *locals;
  uint32_t n_locals;
  uint32_t capacity;
  uint32_t output;
  /* all trees */
  uint8_t *used_nodes; /* a bit each */
  uint8_t *used_leaves;
  uint32_t n_used_nodes;
  uint32_t n_used_leaves;
  uint64_t n_values; /* numbers in vector leaves */
} apo_onnx_trees_walk;

#endif
