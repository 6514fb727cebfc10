/* builder.h - the only writer of a forest.
 *
 * Formats number their nodes in their own ways, share the arrays of inner nodes and leaves, keep
 * deleted nodes, and lie.  A reader states each tree in the file's own numbering; the builder walks
 * it from node 0 without recursion, renumbers inner nodes and leaves in preorder, and refuses what
 * breaks forest.h's invariants, with the file's node number in the message.
 */
#ifndef APO_ENGINE_FOREST_BUILDER_H
#define APO_ENGINE_FOREST_BUILDER_H

#include "engine/forest/forest.h"

typedef struct apo_builder apo_builder;

/** What holds for the whole forest. */
typedef struct apo_forest_head {
  uint32_t n_columns;
  uint32_t n_outputs;
  bool cast_f32;
  apo_code_rule code_rule;
  apo_cover_kind cover_kind;
  double scale;  /* 1 unless the format says otherwise */
  double divide; /* likewise */
} apo_forest_head;

APO_NODISCARD apo_status apo_builder_create(const apo_forest_head *head,
                                            apo_builder **out,
                                            apo_error *err);
void apo_builder_destroy(apo_builder **builder);

/** Add a category set and get its number.  Codes may come in any order and repeat.
 *
 * Fails:   APO_ERR_FORMAT  no code, or one above APO_MAX_CATEGORY_CODE
 */
APO_NODISCARD apo_status apo_builder_add_set(
    apo_builder *builder, const uint32_t *codes, size_t n_codes, uint32_t *set_out, apo_error *err);

/** One node as a reader states it. */
typedef struct apo_node_spec {
  bool is_leaf;
  uint32_t column;
  apo_op op;
  apo_missing missing;
  bool default_left;
  double threshold; /* of APO_OP_IN: the set number */
  int64_t left;     /* numbers in the file's own numbering of this tree */
  int64_t right;
  double cover; /* NaN: the file states none */
} apo_node_spec;

/** A linear leaf as a reader states it.  What it points to is read until the next call. */
typedef struct apo_leaf_terms {
  double constant;
  const uint32_t *columns;    /* [n_terms] */
  const double *coefficients; /* [n_terms] */
  uint32_t n_terms;           /* 0: the leaf is a plain one and `constant` is its value */
} apo_leaf_terms;

/** How to ask for the nodes of one tree. */
typedef struct apo_tree_spec {
  uint64_t n_nodes;   /* of the file, deleted ones included */
  uint64_t n_deleted; /* nodes that must not be reached from node 0; the rest all must */
  uint32_t output;    /* or APO_TREE_VECTOR */
  double weight;
  void *context;
  /** Fill `out` for node `node` < n_nodes. */
  apo_status (*node)(void *context, uint64_t node, apo_node_spec *out, apo_error *err);
  /** Fill `values` for a leaf: 1 number, or n_outputs for a vector tree. */
  apo_status (*leaf)(void *context, uint64_t node, double *values, apo_error *err);
  /** Fill `out` for a leaf of a tree with linear leaves, asked after `leaf`; NULL: it has none. */
  apo_status (*terms)(void *context, uint64_t node, apo_leaf_terms *out, apo_error *err);
} apo_tree_spec;

/** Walk and add one tree; messages start "tree T: node N: ".
 *
 * Covers: kept when every node of every tree states one, else the forest has none.
 *
 * Fails:   APO_ERR_FORMAT  a child out of range, a node reached twice, too few or too many nodes
 *                          reached, a column out of range, a number that is not finite
 *          APO_ERR_LIMIT   deeper than APO_MAX_TREE_DEPTH, more than APO_MAX_TREES trees
 *          and whatever the callbacks return
 */
APO_NODISCARD apo_status apo_builder_add_tree(apo_builder *builder,
                                              const apo_tree_spec *spec,
                                              apo_error *err);

/** Freeze what was added; a forest without trees is valid.
 *
 * Owns:    on success `*out` holds the forest and `*builder` is NULL; on failure nothing moves.
 */
APO_NODISCARD apo_status apo_builder_finish(apo_builder **builder,
                                            apo_forest **out,
                                            apo_error *err);

#endif
