/* forest.h - trees as flat arrays: what every forest reader ends in, and all that explainers see.
 *
 * Inner nodes and leaves are numbered apart.  The inner nodes of tree t are nodes
 * [node_begin[t], node_begin[t+1]) of the node arrays, its leaves [leaf_begin[t], leaf_begin[t+1])
 * of the leaf arrays; indices inside a tree count from 0.  A child c >= 0 is an inner node of the
 * same tree, a child c < 0 is leaf ~c.
 *
 *        0: x[2] < 0.5                left  [ 1, ~0]
 *        /            \               right [~2, ~1]
 *   1: x[0] < 3      leaf 2
 *     /      \
 *  leaf 0   leaf 1
 *
 * The margin of output k is  base_k + scale * (sum over trees of weight_t * leaf_t,k) / divide.
 *
 * How a split decides (split.h is the one place that does it): the value is cast; a missing one
 * goes to the default side; else `op` compares.
 *
 * A leaf may be linear (LightGBM's linear_tree): its value is constant + sum of coefficient * value
 * over its terms in their order, on cast values; when one of these values is NaN it is leaf_value.
 *
 * Invariants, held by validate.c and relied on everywhere:
 *   F1  a tree of m inner nodes has m + 1 leaves; every inner node but 0 and every leaf is named
 *       once, and an inner child is greater than its parent (so there is no cycle)
 *   F2  column < n_columns; tree_output < n_outputs, or APO_TREE_VECTOR
 *   F3  thresholds, leaf values, weights, scale are finite; divide >= 1
 *   F4  the threshold of an APO_OP_IN node is the number of a set; codes of a set ascend, are
 *       unique, not empty and below 2^24
 *   F5  covers, where present, are finite and not negative
 *   F6  no path is longer than APO_MAX_TREE_DEPTH
 *   F7  with cast APO_F32, thresholds of lt, le and eq are floats exactly
 *   F8  a vector tree has no terms; term columns < n_columns; constants and coefficients are finite;
 *       the constant of a leaf without terms is its leaf_value (0 in a vector tree)
 */
#ifndef APO_ENGINE_FOREST_FOREST_H
#define APO_ENGINE_FOREST_FOREST_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/core/error.h"

enum {
  APO_MAX_TREE_DEPTH = 4096,
  APO_MAX_TREES = 1000000,
  APO_MAX_COLUMNS = 1000000,
  APO_MAX_OUTPUTS = 10000,
  APO_MAX_CATEGORY_CODE = (1 << 24) - 1
};

typedef enum apo_op {
  APO_OP_LT = 0,     /* left iff v <  threshold */
  APO_OP_LE = 1,     /* left iff v <= threshold */
  APO_OP_EQ = 2,     /* left iff v == threshold */
  APO_OP_IN = 3,     /* left iff the code of v is in set `threshold` */
  APO_OP_PRESENT = 4 /* left iff not missing */
} apo_op;

typedef enum apo_missing {
  APO_MISSING_NAN = 0,  /* NaN is missing */
  APO_MISSING_NONE = 1, /* NaN is replaced by 0.0; nothing is missing */
  APO_MISSING_ZERO = 2  /* NaN and |v| <= APO_ZERO_THRESHOLD are missing */
} apo_missing;

#define APO_ZERO_THRESHOLD 1.0000000180025095e-35

/* From a value to a category code; NaN has none, nor has a value whose code would pass 2^31. */
typedef enum apo_code_rule {
  APO_CODE_TRUNC = 0,        /* truncate towards zero, then a negative number is no code */
  APO_CODE_NONNEG_TRUNC = 1, /* a negative number is no code; then truncate.  -0.0 is 0 */
  APO_CODE_WHOLE = 2         /* a negative number and one with a fraction is no code */
} apo_code_rule;

typedef enum apo_cover_kind {
  APO_COVER_NONE = 0,
  APO_COVER_HESSIAN = 1,
  APO_COVER_COUNT = 2,
  APO_COVER_WEIGHT = 3
} apo_cover_kind;

#define APO_TREE_VECTOR UINT32_MAX /* tree_output of a tree whose leaves hold all outputs */

typedef struct apo_forest {
  uint32_t n_columns;
  uint32_t n_outputs;
  uint32_t n_trees;
  uint64_t n_nodes;  /* inner nodes of all trees */
  uint64_t n_leaves; /* leaves of all trees */
  uint64_t n_values; /* leaf values of all trees */
  uint32_t n_sets;
  bool cast_f32; /* values are rounded to float before they are compared */
  apo_code_rule code_rule;
  apo_cover_kind cover_kind;
  double scale;
  double divide;

  uint64_t *node_begin;  /* [n_trees + 1] */
  uint64_t *leaf_begin;  /* [n_trees + 1] */
  uint64_t *value_begin; /* [n_trees + 1], into leaf_value */
  uint32_t *tree_output; /* [n_trees] */
  double *tree_weight;   /* [n_trees] */

  uint32_t *column;      /* [n_nodes] */
  uint8_t *op;           /* [n_nodes] apo_op */
  uint8_t *missing;      /* [n_nodes] apo_missing */
  uint8_t *default_left; /* [n_nodes] 0 or 1 */
  double *threshold;     /* [n_nodes]; of APO_OP_IN a set number, of APO_OP_PRESENT 0 */
  int32_t *left;         /* [n_nodes] */
  int32_t *right;        /* [n_nodes] */
  double *node_cover;    /* [n_nodes], or NULL */

  double *leaf_value; /* [n_values]: one a leaf, or n_outputs a leaf for a vector tree */
  double *leaf_cover; /* [n_leaves], or NULL */

  uint64_t *term_begin; /* [n_leaves + 1], into the terms; NULL when no leaf is linear */
  uint32_t *term_column;
  double *term_coefficient;
  double *leaf_constant; /* [n_leaves], or NULL likewise */

  uint64_t *set_begin; /* [n_sets + 1], into set_code */
  uint32_t *set_code;  /* ascending inside a set */
} apo_forest;

void apo_forest_destroy(apo_forest **forest);

/** Make every leaf a plain one: its leaf_value. */
void apo_forest_drop_terms(apo_forest *forest);

/** What planners and `validate` ask of a forest. */
typedef struct apo_census {
  uint32_t max_depth;         /* inner nodes on the longest path */
  uint32_t max_players;       /* most distinct columns on one path */
  uint64_t max_leaves;        /* of one tree */
  double mean_depth;          /* over leaves */
  double mean_players;        /* over leaves */
  uint32_t n_categorical;     /* columns tested by APO_OP_IN */
  uint32_t n_missing_columns; /* columns with a split at which missing values take default_left */
  uint64_t n_linear_leaves;   /* leaves with terms */
} apo_census;

/** Count.  Fails: APO_ERR_MEMORY. */
APO_NODISCARD apo_status apo_census_take(const apo_forest *forest, apo_census *out, apo_error *err);

#endif
