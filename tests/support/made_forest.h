/* made_forest.h - forests of a stated shape: chains, lone leaves, nothing at all.
 *
 *   made_forest made = made_open(60, 1);               // columns, outputs
 *   made_chain(&made, 60, 7);                          // splits, seed
 *   made_leaf(&made, 0.25);
 *   apo_model *model = made_model(&made);              // apo_model_destroy it
 */
#ifndef APO_TESTS_SUPPORT_MADE_FOREST_H
#define APO_TESTS_SUPPORT_MADE_FOREST_H

#include "tests/support/random_forest.h"

typedef struct made_forest {
  uint32_t n_columns;
  uint32_t n_outputs;
  uint32_t n_trees;
  apo_builder *builder;
} made_forest;

static inline made_forest made_open(uint32_t n_columns, uint32_t n_outputs) {
  made_forest made = {.n_columns = n_columns, .n_outputs = n_outputs};
  const apo_forest_head head = {.n_columns = n_columns,
                                .n_outputs = n_outputs,
                                .cover_kind = APO_COVER_COUNT,
                                .scale = 1.0,
                                .divide = 1.0};
  apo_error err;
  assert_ok(apo_builder_create(&head, &made.builder, &err), &err);
  return made;
}

/** Add a tree, its nodes numbered as they were added, the root first.  Trees take turns with the
 * outputs. */
static inline void made_tree(made_forest *made, apo_random_tree *tree) {
  const apo_tree_spec stated = {.n_nodes = tree->n_nodes,
                                .output = made->n_trees++ % made->n_outputs,
                                .weight = 1.0,
                                .context = tree,
                                .node = apo_random_tree_node,
                                .leaf = apo_random_tree_leaf};
  apo_error err;
  assert_ok(apo_builder_add_tree(made->builder, &stated, &err), &err);
  free(tree->nodes);
  free(tree->values);
  *tree = (apo_random_tree){0};
}

static inline void made_leaf(made_forest *made, double value) {
  apo_random_tree tree = {.width = 1, .values = malloc(sizeof(double))};
  assert_non_null(tree.values);
  tree.values[0] = value;
  apo_random_tree_add(&tree, (apo_node_spec){.is_leaf = true, .cover = 5.0});
  made_tree(made, &tree);
}

/** The leaf's value is `left` where `column` is below `threshold`, else `right`. */
static inline void made_stump(
    made_forest *made, uint32_t column, double threshold, double left, double right) {
  apo_random_tree tree = {.width = 1, .values = calloc(3, sizeof(double))};
  assert_non_null(tree.values);
  apo_random_tree_add(&tree, (apo_node_spec){.column = column,
                                             .op = APO_OP_LT,
                                             .threshold = threshold,
                                             .left = 1,
                                             .right = 2,
                                             .cover = 4.0});
  apo_random_tree_add(&tree, (apo_node_spec){.is_leaf = true, .cover = 1.0});
  apo_random_tree_add(&tree, (apo_node_spec){.is_leaf = true, .cover = 3.0});
  tree.values[1] = left;
  tree.values[2] = right;
  made_tree(made, &tree);
}

/** Splits one below the other; each left child is a leaf.  Split d tests column
 * (d * 7 + seed) % n_columns, all different while there are columns (7 divides no n_columns). */
static inline void made_chain(made_forest *made, uint32_t n_splits, uint64_t seed) {
  apo_random_tree tree = {.width = 1};
  apo_random random = apo_random_start(seed);
  for (uint32_t depth = 0; depth < n_splits; ++depth) {
    const bool is_last = depth + 1 == n_splits;
    const apo_node_spec node = {
        .column = (uint32_t)((depth * 7 + seed) % made->n_columns),
        .op = APO_OP_LT,
        .threshold = apo_random_unit(&random) - 0.5,
        .default_left = apo_random_below(&random, 2) == 1,
        .left = n_splits + depth,
        .right = is_last ? 2 * n_splits : depth + 1,
    };
    apo_random_tree_add(&tree, node);
  }
  const apo_node_spec leaf = {.is_leaf = true};
  for (uint32_t i = 0; i <= n_splits; ++i) apo_random_tree_add(&tree, leaf);
  // Most of the rows go on, so that the far end of the chain counts.
  double cover = 1.0 + apo_random_unit(&random);
  tree.nodes[2 * (size_t)n_splits].cover = cover;
  for (uint32_t depth = n_splits; depth-- > 0;) {
    tree.nodes[n_splits + depth].cover = 0.2 * cover * apo_random_unit(&random);
    tree.nodes[depth].cover = cover += tree.nodes[n_splits + depth].cover;
  }
  apo_random_tree_values(&tree, &random);
  made_tree(made, &tree);
}

/** The sealed model. */
static inline apo_model *made_model(made_forest *made) {
  apo_model *model = NULL;
  apo_error err;
  assert_ok(apo_model_new(&model, &err), &err);
  model->kind = APO_MODEL_FOREST;
  model->format = "made";
  model->n_columns = made->n_columns;
  model->n_outputs = made->n_outputs;
  assert_ok(apo_builder_finish(&made->builder, &model->forest, &err), &err);
  model->base = calloc(made->n_outputs, sizeof *model->base);
  assert_non_null(model->base);
  for (uint32_t k = 0; k < made->n_outputs; ++k) model->base[k] = 0.5 - k;
  assert_ok(apo_model_seal(model, &err), &err);
  return model;
}

/** Rows for chains: all thresholds are in [-0.5, 0.5).  Row 0 passes every split, row 1 none, rows
 * 2 and 3 every other one; of the rest most values pass, some are missing. */
static inline double *made_chain_rows(uint64_t seed, uint32_t n_columns, size_t n_rows) {
  apo_random random = apo_random_start(seed);
  double *rows = calloc(n_rows * n_columns + 1, sizeof *rows);
  assert_non_null(rows);
  for (size_t row = 0; row < n_rows; ++row) {
    for (uint32_t column = 0; column < n_columns; ++column) {
      double *value = &rows[row * n_columns + column];
      *value = apo_random_unit(&random) * 1.2 - 0.4;
      if (apo_random_below(&random, 40) == 0) *value = NAN;
      if (row == 0) *value = 1.0;
      if (row == 1) *value = -1.0;
      if (row == 2 || row == 3) *value = (row + column) % 2 == 0 ? 1.0 : -1.0;
    }
  }
  return rows;
}

#endif
