/* random_forest.h - seeded random models, and rows that sit where splits decide.
 *
 *   const apo_random_spec spec = {.seed = 7, .n_columns = 5, .n_outputs = 2, .n_trees = 20,
 *                                 .max_depth = 6, .cast_f32 = true};
 *   apo_model *model = apo_random_model(&spec);
 *   apo_random random = apo_random_start(8);
 *   double *rows = apo_random_rows(&random, model->forest, 100);  // [100 x 5], free() it
 *
 * Zero in a field asks for the plain case; what it means is said at the field.  Everything here
 * fails the running test when the library refuses.
 */
#ifndef APO_TESTS_SUPPORT_RANDOM_FOREST_H
#define APO_TESTS_SUPPORT_RANDOM_FOREST_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/forest/builder.h"
#include "engine/model/model.h"
#include "tests/support/apo_test.h"

/* --- words ------------------------------------------------------------------------------------ */

typedef struct apo_random {
  uint64_t state;
} apo_random;

static inline apo_random apo_random_start(uint64_t seed) {
  return (apo_random){seed};
}

/** The next 64 bits (splitmix64). */
static inline uint64_t apo_random_word(apo_random *random) {
  uint64_t word = random->state += 0x9e3779b97f4a7c15u;
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9u;
  word = (word ^ (word >> 27)) * 0x94d049bb133111ebu;
  return word ^ (word >> 31);
}

static inline uint32_t apo_random_below(apo_random *random, uint32_t n) {
  return (uint32_t)(((apo_random_word(random) >> 32) * n) >> 32);
}

/** In [0, 1). */
static inline double apo_random_unit(apo_random *random) {
  return (double)(apo_random_word(random) >> 11) * 0x1p-53;
}

/** In [-2, 2), with a few decimals, so that columns share thresholds and values tie with them. */
static inline double apo_random_number(apo_random *random) {
  const double unit = 4.0 * apo_random_unit(random) - 2.0;
  return apo_random_below(random, 2) == 0 ? unit : floor(unit * 8.0) / 8.0;
}

/* --- forests ---------------------------------------------------------------------------------- */

#define APO_ONLY(value) (1u << (value)) /* a set of one op or missing rule; join them with | */

typedef struct apo_random_spec {
  uint64_t seed;
  uint32_t n_columns;
  uint32_t n_outputs;
  uint32_t n_trees;
  uint32_t max_depth;       /* inner nodes on a path; 0: trees are one leaf */
  double split_share;       /* chance that a node above max_depth splits; 0 means 0.85 */
  double categorical_share; /* chance that a column is tested by APO_OP_IN only */
  uint32_t n_categories;    /* codes in sets are below it; 0 means 40 */
  unsigned ops;             /* APO_ONLY(APO_OP_...) of number columns; 0 means lt */
  unsigned missing;         /* APO_ONLY(APO_MISSING_...); 0 means nan */
  bool vector_leaves;       /* every leaf holds all outputs */
  bool cast_f32;
  bool has_covers;
  double linear_share; /* chance that a leaf is linear */
  apo_code_rule code_rule;
  apo_link_name link;
} apo_random_spec;

enum { APO_RANDOM_TERMS = 3 }; /* most of a linear leaf */

/* A tree as a reader would state it. */
typedef struct apo_random_tree {
  apo_node_spec *nodes;
  double *values;       /* [n_nodes x width] */
  uint32_t *n_terms;    /* [n_nodes] */
  uint32_t *columns;    /* [n_nodes x APO_RANDOM_TERMS] */
  double *coefficients; /* likewise */
  uint32_t width;
  uint32_t n_nodes;
  uint32_t capacity;
} apo_random_tree;

static inline apo_status apo_random_tree_node(void *context,
                                              uint64_t node,
                                              apo_node_spec *out,
                                              apo_error *err) {
  (void)err;
  *out = ((const apo_random_tree *)context)->nodes[node];
  return APO_OK;
}

static inline apo_status apo_random_tree_leaf(void *context,
                                              uint64_t node,
                                              double *values,
                                              apo_error *err) {
  (void)err;
  const apo_random_tree *tree = context;
  memcpy(values, tree->values + node * tree->width, tree->width * sizeof *values);
  return APO_OK;
}

static inline apo_status apo_random_tree_terms(void *context,
                                               uint64_t node,
                                               apo_leaf_terms *out,
                                               apo_error *err) {
  (void)err;
  const apo_random_tree *tree = context;
  *out = (apo_leaf_terms){.constant = 0.5 * tree->values[node],
                          .columns = tree->columns + node * APO_RANDOM_TERMS,
                          .coefficients = tree->coefficients + node * APO_RANDOM_TERMS,
                          .n_terms = tree->n_terms[node]};
  return APO_OK;
}

// One of the bits of `set`.
static inline uint32_t apo_random_bit(apo_random *random, unsigned set) {
  uint32_t bit = 0;
  do {
    bit = apo_random_below(random, 8);
  } while ((set & (1u << bit)) == 0);
  return bit;
}

static inline uint32_t apo_random_set(apo_random *random,
                                      const apo_random_spec *spec,
                                      apo_builder *builder) {
  const uint32_t n_categories = spec->n_categories > 0 ? spec->n_categories : 40;
  uint32_t codes[64];
  const uint32_t n_codes = 1 + apo_random_below(random, n_categories < 64 ? n_categories : 64);
  for (uint32_t i = 0; i < n_codes; ++i) codes[i] = apo_random_below(random, n_categories);
  uint32_t set = 0;
  apo_error err;
  assert_ok(apo_builder_add_set(builder, codes, n_codes, &set, &err), &err);
  return set;
}

static inline apo_node_spec apo_random_split(apo_random *random,
                                             const apo_random_spec *spec,
                                             const bool *is_categorical,
                                             apo_builder *builder) {
  apo_node_spec node = {.column = apo_random_below(random, spec->n_columns), .cover = NAN};
  const unsigned missing = spec->missing != 0 ? spec->missing : APO_ONLY(APO_MISSING_NAN);
  const unsigned ops = spec->ops != 0 ? spec->ops : APO_ONLY(APO_OP_LT);
  node.missing = (apo_missing)apo_random_bit(random, missing);
  node.default_left = apo_random_below(random, 2) == 1;
  if (is_categorical[node.column]) {
    node.op = APO_OP_IN;
    node.threshold = apo_random_set(random, spec, builder);
    return node;
  }
  node.op = (apo_op)apo_random_bit(random, ops & ~APO_ONLY(APO_OP_IN));
  if (node.op == APO_OP_PRESENT) return node;
  node.threshold = apo_random_number(random);
  if (apo_random_below(random, 8) == 0) node.threshold = 0.0;
  if (spec->cast_f32) node.threshold = (double)(float)node.threshold;
  return node;
}

static inline uint32_t apo_random_tree_add(apo_random_tree *tree, apo_node_spec node) {
  if (tree->n_nodes == tree->capacity) {
    tree->capacity = tree->capacity > 0 ? 2 * tree->capacity : 64;
    tree->nodes = realloc(tree->nodes, tree->capacity * sizeof *tree->nodes);
    assert_non_null(tree->nodes);
  }
  tree->nodes[tree->n_nodes] = node;
  return tree->n_nodes++;
}

// Breadth first, so that the file's numbers are not the builder's.
static inline void apo_random_tree_grow(apo_random_tree *tree,
                                        apo_random *random,
                                        const apo_random_spec *spec,
                                        const bool *is_categorical,
                                        apo_builder *builder) {
  const apo_node_spec leaf = {.is_leaf = true, .cover = NAN};
  const double share = spec->split_share > 0.0 ? spec->split_share : 0.85;
  tree->n_nodes = 0;
  apo_random_tree_add(tree, leaf);
  uint32_t begin = 0;
  for (uint32_t depth = 0; depth < spec->max_depth; ++depth) {
    const uint32_t end = tree->n_nodes;
    for (uint32_t at = begin; at < end; ++at) {
      if (apo_random_unit(random) >= share) continue;
      apo_node_spec node = apo_random_split(random, spec, is_categorical, builder);
      node.left = apo_random_tree_add(tree, leaf);
      node.right = apo_random_tree_add(tree, leaf);
      tree->nodes[at] = node;
    }
    begin = end;
  }
}

// A leaf has the weight of some rows, now and then of none; an inner node that of its children.
static inline void apo_random_tree_cover(apo_random_tree *tree, apo_random *random) {
  for (uint32_t at = tree->n_nodes; at-- > 0;) {
    apo_node_spec *node = &tree->nodes[at];
    node->cover = node->is_leaf ? (double)apo_random_below(random, 20)
                                : tree->nodes[node->left].cover + tree->nodes[node->right].cover;
  }
}

static inline void apo_random_tree_values(apo_random_tree *tree, apo_random *random) {
  const size_t n = (size_t)tree->n_nodes * tree->width;
  tree->values = realloc(tree->values, n * sizeof *tree->values);
  assert_non_null(tree->values);
  // Floats, so that a device that keeps leaves in fp32 loses nothing.
  for (size_t i = 0; i < n; ++i) tree->values[i] = (double)(float)apo_random_number(random);
}

static inline void apo_random_tree_lines(apo_random_tree *tree,
                                         apo_random *random,
                                         const apo_random_spec *spec) {
  const size_t n = (size_t)tree->n_nodes * APO_RANDOM_TERMS;
  tree->n_terms = realloc(tree->n_terms, tree->n_nodes * sizeof *tree->n_terms);
  tree->columns = realloc(tree->columns, n * sizeof *tree->columns);
  tree->coefficients = realloc(tree->coefficients, n * sizeof *tree->coefficients);
  assert_true(tree->n_terms != NULL && tree->columns != NULL && tree->coefficients != NULL);
  for (uint32_t at = 0; at < tree->n_nodes; ++at) {
    const bool is_linear = apo_random_unit(random) < spec->linear_share;
    tree->n_terms[at] = is_linear ? 1 + apo_random_below(random, APO_RANDOM_TERMS) : 0;
  }
  for (size_t i = 0; i < n; ++i) {
    tree->columns[i] = apo_random_below(random, spec->n_columns);
    tree->coefficients[i] = apo_random_number(random);
  }
}

/** A forest of `spec`; apo_forest_destroy it. */
static inline apo_forest *apo_random_forest(const apo_random_spec *spec) {
  apo_random random = apo_random_start(spec->seed);
  const apo_forest_head head = {
      .n_columns = spec->n_columns,
      .n_outputs = spec->n_outputs,
      .cast_f32 = spec->cast_f32,
      .code_rule = spec->code_rule,
      .cover_kind = spec->has_covers ? APO_COVER_WEIGHT : APO_COVER_NONE,
      .scale = 1.0,
      .divide = 1.0,
  };
  apo_builder *builder = NULL;
  apo_forest *forest = NULL;
  apo_error err;
  assert_ok(apo_builder_create(&head, &builder, &err), &err);

  bool *is_categorical = calloc(spec->n_columns, sizeof *is_categorical);
  assert_non_null(is_categorical);
  for (uint32_t column = 0; column < spec->n_columns; ++column) {
    is_categorical[column] = apo_random_unit(&random) < spec->categorical_share;
  }
  apo_random_tree tree = {.width = spec->vector_leaves ? spec->n_outputs : 1};
  for (uint32_t at = 0; at < spec->n_trees; ++at) {
    apo_random_tree_grow(&tree, &random, spec, is_categorical, builder);
    if (spec->has_covers) apo_random_tree_cover(&tree, &random);
    apo_random_tree_values(&tree, &random);
    if (spec->linear_share > 0.0) apo_random_tree_lines(&tree, &random, spec);
    const apo_tree_spec stated = {
        .n_nodes = tree.n_nodes,
        .output = spec->vector_leaves ? APO_TREE_VECTOR : at % spec->n_outputs,
        .weight = apo_random_below(&random, 4) == 0 ? 0.5 : 1.0,
        .context = &tree,
        .node = apo_random_tree_node,
        .leaf = apo_random_tree_leaf,
        .terms = spec->linear_share > 0.0 ? apo_random_tree_terms : NULL,
    };
    assert_ok(apo_builder_add_tree(builder, &stated, &err), &err);
  }
  assert_ok(apo_builder_finish(&builder, &forest, &err), &err);
  free(tree.nodes);
  free(tree.values);
  free(tree.n_terms);
  free(tree.columns);
  free(tree.coefficients);
  free(is_categorical);
  return forest;
}

/** A sealed model around such a forest, with a random base and the link of `spec`;
 * apo_model_destroy it. */
static inline apo_model *apo_random_model(const apo_random_spec *spec) {
  apo_model *model = NULL;
  apo_error err;
  assert_ok(apo_model_new(&model, &err), &err);
  model->kind = APO_MODEL_FOREST;
  model->format = "random";
  model->n_columns = spec->n_columns;
  model->n_outputs = spec->n_outputs;
  model->link.name = spec->link;
  model->forest = apo_random_forest(spec);
  model->base = calloc(spec->n_outputs, sizeof *model->base);
  assert_non_null(model->base);
  apo_random random = apo_random_start(~spec->seed);
  for (uint32_t output = 0; output < spec->n_outputs; ++output) {
    model->base[output] = (double)(float)apo_random_number(&random);
  }
  assert_ok(apo_model_seal(model, &err), &err);
  return model;
}

/* --- rows ------------------------------------------------------------------------------------- */

/** A value near `threshold`: itself, or the next float or double on either side. */
static inline double apo_random_beside(apo_random *random, double threshold) {
  switch (apo_random_below(random, 6)) {
    case 0: return (double)nextafterf((float)threshold, -INFINITY);
    case 1: return (double)nextafterf((float)threshold, INFINITY);
    case 2: return nextafter(threshold, -INFINITY);
    case 3: return nextafter(threshold, INFINITY);
    default: return threshold;
  }
}

/** A value that is hard for one reason or another. */
static inline double apo_random_edge(apo_random *random) {
  static const double edges[] = {0.0,     -0.0,     INFINITY, -INFINITY, 1e38,    -1e38,
                                 1e300,   -1e300,   1e-36,    -1e-36,    1e-35,   1e-45,
                                 FLT_MAX, -FLT_MAX, 0.5,      -0.5,      DBL_MIN, NAN};
  return edges[apo_random_below(random, sizeof edges / sizeof *edges)];
}

/** A category: usually one in use, else unseen, negative, broken or far too large. */
static inline double apo_random_category(apo_random *random, uint32_t n_categories) {
  static const double odd[] = {-1.0, -0.5, -0.0, 1.5, 2147483647.0, 2147483648.0, 3e9, -3e9, 1e30};
  switch (apo_random_below(random, 8)) {
    case 0: return odd[apo_random_below(random, sizeof odd / sizeof *odd)];
    case 1: return (double)(n_categories + apo_random_below(random, 100));
    case 2: return (double)apo_random_below(random, n_categories) + 0.5;
    default: return (double)apo_random_below(random, n_categories);
  }
}

/* The splits of each column: node[begin[column] .. begin[column + 1]). */
typedef struct apo_random_index {
  uint64_t *begin;
  uint64_t *node;
} apo_random_index;

static inline apo_random_index apo_random_index_make(const apo_forest *forest) {
  apo_random_index index = {
      .begin = calloc((size_t)forest->n_columns + 2, sizeof *index.begin),
      .node = calloc(forest->n_nodes + 1, sizeof *index.node),
  };
  assert_non_null(index.begin);
  assert_non_null(index.node);
  // Counted two places ahead, so that filling leaves each column's begin where it belongs.
  for (uint64_t node = 0; node < forest->n_nodes; ++node) ++index.begin[forest->column[node] + 2];
  for (uint32_t column = 2; column < forest->n_columns + 2; ++column) {
    index.begin[column] += index.begin[column - 1];
  }
  for (uint64_t node = 0; node < forest->n_nodes; ++node) {
    index.node[index.begin[forest->column[node] + 1]++] = node;
  }
  return index;
}

static inline double apo_random_value(apo_random *random,
                                      const apo_forest *forest,
                                      const apo_random_index *index,
                                      uint32_t column) {
  const uint64_t n = index->begin[column + 1] - index->begin[column];
  switch (apo_random_below(random, 10)) {
    case 0: return NAN;
    case 1: return apo_random_edge(random);
    default: break;
  }
  if (n == 0 || apo_random_below(random, 4) == 0) return apo_random_number(random);
  const uint64_t node = index->node[index->begin[column] + apo_random_below(random, (uint32_t)n)];
  if (forest->op[node] != APO_OP_IN) return apo_random_beside(random, forest->threshold[node]);
  // Some code of the set, or a category around the largest one.
  const uint64_t set = (uint64_t)forest->threshold[node];
  const uint64_t begin = forest->set_begin[set];
  const uint32_t n_codes = (uint32_t)(forest->set_begin[set + 1] - begin);
  if (apo_random_below(random, 3) == 0) {
    return (double)forest->set_code[begin + apo_random_below(random, n_codes)];
  }
  return apo_random_category(random, forest->set_code[begin + n_codes - 1] + 1);
}

/** Rows for `forest`: about a tenth NaN, a tenth extremes, half at or beside a threshold or a code
 * of the column, the rest anywhere in [-2, 2).
 *
 * Shapes:  the result is [n_rows x n_columns]; free() it
 */
static inline double *apo_random_rows(apo_random *random, const apo_forest *forest, size_t n_rows) {
  apo_random_index index = apo_random_index_make(forest);
  double *rows = calloc(n_rows * forest->n_columns + 1, sizeof *rows);
  assert_non_null(rows);
  for (size_t row = 0; row < n_rows; ++row) {
    for (uint32_t column = 0; column < forest->n_columns; ++column) {
      rows[row * forest->n_columns + column] = apo_random_value(random, forest, &index, column);
    }
  }
  free(index.begin);
  free(index.node);
  return rows;
}

#endif
