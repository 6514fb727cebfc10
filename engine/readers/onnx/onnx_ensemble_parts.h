/* onnx_ensemble_parts.h - one tree of TreeEnsembleRegressor or -Classifier, between the file that
 * reads its nodes from the lists and the file that states it to the builder.
 */
#ifndef APO_ENGINE_READERS_ONNX_ONNX_ENSEMBLE_PARTS_H
#define APO_ENGINE_READERS_ONNX_ONNX_ENSEMBLE_PARTS_H

#include "engine/readers/onnx/onnx_parts.h"

typedef struct apo_onnx_tree_node {
  double value;
  int32_t id;
  int32_t if_true; /* ids */
  int32_t if_false;
  uint32_t column;
  uint8_t mode; /* apo_onnx_mode */
  bool missing_is_true;
} apo_onnx_tree_node;

/** Where a node of that id stands. */
typedef struct apo_onnx_place {
  int32_t id;
  uint32_t at;
} apo_onnx_place;

typedef struct apo_onnx_tree {
  const apo_onnx_node *node;
  const apo_onnx_votes *votes;
  size_t file_bytes;
  uint32_t n_outputs;
  /* the tree of the moment */
  apo_onnx_tree_node *nodes;
  uint32_t n_nodes;
  uint32_t capacity;
  apo_onnx_place *places; /* by id; not used when is_plain */
  uint32_t place_capacity;
  bool is_plain; /* node ids are 0, 1, 2, ... in their order */
  int32_t id;
  uint32_t output;
  uint64_t vote_begin;
  uint64_t vote_end;
  uint64_t n_counted; /* votes that leaves have asked for */
  /* all trees */
  uint64_t n_all_counted;
  uint64_t n_values; /* numbers in vector leaves */
  uint32_t *n_votes; /* [n_outputs] in the tree of the moment */
  bool *is_certain;  /* [n_outputs] in some tree every leaf votes for it */
} apo_onnx_tree;

/** Add the tree of the moment. */
APO_NODISCARD apo_status apo_onnx_tree_add(apo_onnx_tree *tree,
                                           apo_builder *builder,
                                           apo_error *err);

/** All trees of the lists to the model's forest. */
APO_NODISCARD apo_status apo_onnx_tree_lists(apo_onnx_tree *tree,
                                             bool cast_f32,
                                             apo_model *model,
                                             apo_error *err);

/** The columns of the rows, or else one more than the largest column of a split. */
APO_NODISCARD apo_status apo_onnx_tree_columns(const apo_onnx_node *node,
                                               const apo_onnx_rows *rows,
                                               uint32_t *out,
                                               apo_error *err);

#endif
