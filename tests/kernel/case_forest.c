#include "tests/kernel/case_forest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/random_forest.h"

static void require(bool holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "case_forest: %s\n", what);
  exit(1);
}

// A tree of `depth` splits below one another: one child of each is a leaf, the other the next.
static void grow_chain(apo_random_tree *tree,
                       apo_random *random,
                       const apo_random_spec *spec,
                       const bool *is_categorical,
                       apo_builder *builder,
                       uint32_t depth) {
  const apo_node_spec leaf = {.is_leaf = true, .cover = NAN};
  tree->n_nodes = 0;
  uint32_t at = apo_random_tree_add(tree, leaf);
  for (uint32_t i = 0; i < depth; ++i) {
    apo_node_spec node = apo_random_split(random, spec, is_categorical, builder);
    node.left = apo_random_tree_add(tree, leaf);
    node.right = apo_random_tree_add(tree, leaf);
    tree->nodes[at] = node;
    at = (uint32_t)(apo_random_below(random, 2) == 0 ? node.left : node.right);
  }
}

static void grow(apo_random_tree *tree,
                 apo_random *random,
                 const apo_random_spec *spec,
                 const bool *is_categorical,
                 apo_builder *builder,
                 const case_forest_wish *wish,
                 uint32_t at) {
  apo_random_spec own = *spec;
  if (at % 7 == 1) own.max_depth = 0;
  if (at % 7 == 3) {
    grow_chain(tree, random, spec, is_categorical, builder, wish->chain_depth);
  } else {
    apo_random_tree_grow(tree, random, &own, is_categorical, builder);
  }
}

static apo_random_spec spec_of(const case_forest_wish *wish) {
  const unsigned ranges = APO_ONLY(APO_OP_LT) | APO_ONLY(APO_OP_LE) | APO_ONLY(APO_OP_PRESENT);
  const unsigned no_zero = APO_ONLY(APO_MISSING_NAN) | APO_ONLY(APO_MISSING_NONE);
  apo_random_spec spec = {
      .n_columns = wish->n_columns,
      .n_outputs = wish->n_outputs,
      .max_depth = wish->max_depth,
      .ops = ranges,
      .missing = no_zero,
      .cast_f32 = wish->cast_f32,
      .code_rule = wish->seed % 2 == 0 ? APO_CODE_TRUNC : APO_CODE_NONNEG_TRUNC,
  };
  if (wish->many_cuts) {
    spec.ops = APO_ONLY(APO_OP_LT) | APO_ONLY(APO_OP_LE);
    spec.split_share = 1.0;
  } else if (wish->has_sets) {
    spec.ops = ranges | APO_ONLY(APO_OP_EQ);
    spec.missing = no_zero | APO_ONLY(APO_MISSING_ZERO);
    spec.categorical_share = 0.3;
  }
  return spec;
}

static void add_trees(const case_forest_wish *wish, apo_random *random, apo_builder *builder) {
  const apo_random_spec spec = spec_of(wish);
  apo_error err;
  bool *is_categorical = calloc(wish->n_columns, sizeof *is_categorical);
  require(is_categorical != NULL, "no memory");
  for (uint32_t column = 0; column < wish->n_columns; ++column) {
    is_categorical[column] = apo_random_unit(random) < spec.categorical_share;
  }
  apo_random_tree tree = {.width = wish->vector_leaves ? wish->n_outputs : 1};
  for (uint32_t at = 0; at < wish->n_trees; ++at) {
    grow(&tree, random, &spec, is_categorical, builder, wish, at);
    apo_random_tree_values(&tree, random);
    const apo_tree_spec stated = {
        .n_nodes = tree.n_nodes,
        .output = wish->vector_leaves ? APO_TREE_VECTOR : at % wish->n_outputs,
        .weight = at % 4 == 0 ? 0.5 : 1.0,
        .context = &tree,
        .node = apo_random_tree_node,
        .leaf = apo_random_tree_leaf,
    };
    require(apo_builder_add_tree(builder, &stated, &err) == APO_OK, err.message);
  }
  free(tree.nodes);
  free(tree.values);
  free(is_categorical);
}

static apo_forest *build(const case_forest_wish *wish, apo_random *random) {
  const apo_forest_head head = {
      .n_columns = wish->n_columns,
      .n_outputs = wish->n_outputs,
      .cast_f32 = wish->cast_f32,
      .code_rule = spec_of(wish).code_rule,
      .scale = 0.75,
      .divide = 1.0,
  };
  apo_builder *builder = NULL;
  apo_forest *forest = NULL;
  apo_error err;
  require(apo_builder_create(&head, &builder, &err) == APO_OK, err.message);
  add_trees(wish, random, builder);
  require(apo_builder_finish(&builder, &forest, &err) == APO_OK, err.message);
  return forest;
}

case_forest case_forest_create(const case_forest_wish *wish) {
  case_forest out = {.code_bytes = wish->code_bytes};
  apo_random random = apo_random_start(wish->seed);
  apo_error err;
  require(apo_model_new(&out.model, &err) == APO_OK, err.message);
  out.model->kind = APO_MODEL_FOREST;
  out.model->format = "case";
  out.model->n_columns = wish->n_columns;
  out.model->n_outputs = wish->n_outputs;
  out.model->forest = build(wish, &random);
  out.model->base = calloc(wish->n_outputs, sizeof *out.model->base);
  require(out.model->base != NULL, "no memory");
  for (uint32_t output = 0; output < wish->n_outputs; ++output) {
    out.model->base[output] = apo_random_number(&random);
  }
  require(apo_model_seal(out.model, &err) == APO_OK, err.message);
  require(apo_code_forest_create(out.model, &out.codes, &err) == APO_OK, err.message);
  require(out.codes->cuts->code_bytes <= wish->code_bytes, "the forest has too many cuts");
  require(!wish->many_cuts || out.codes->cuts->code_bytes == 4, "the forest has too few cuts");
  require(!out.codes->has_sets || wish->has_sets, "the forest has sets");
  return out;
}

void case_forest_destroy(case_forest *forest) {
  apo_code_forest_destroy(&forest->codes);
  apo_model_destroy(&forest->model);
}

void case_forest_codes(const case_forest *forest, uint64_t *state, size_t n_rows, void *codes) {
  const apo_cuts *cuts = forest->codes->cuts;
  apo_random random = apo_random_start(kernel_random(state));
  double *rows = apo_random_rows(&random, forest->model->forest, n_rows);
  for (size_t i = 0; i < n_rows * cuts->n_columns; ++i) {
    // All ones are the missing code of both widths.
    uint32_t code = UINT32_MAX;
    if (!isnan(rows[i])) {
      code = apo_cuts_rank(cuts, (uint32_t)(i % cuts->n_columns), apo_cuts_key(cuts, rows[i]));
    }
    if (forest->code_bytes == 2) {
      ((uint16_t *)codes)[i] = (uint16_t)code;
    } else {
      ((uint32_t *)codes)[i] = code;
    }
  }
  free(rows);
}

void *case_buffer_copy(kernel_case *of, size_t buffer, const void *from, size_t n_bytes) {
  void *content = kernel_buffer_set(of, buffer, n_bytes > 0 ? n_bytes : sizeof(uint32_t));
  if (n_bytes > 0) memcpy(content, from, n_bytes);
  return content;
}

void case_forest_buffers(const case_forest *forest, kernel_case *of, size_t node) {
  const apo_code_forest *codes = forest->codes;
  case_buffer_copy(of, node, codes->nodes, codes->n_nodes * sizeof *codes->nodes);
  case_buffer_copy(of, node + 1, codes->instances, codes->n_instances * sizeof *codes->instances);
  case_buffer_copy(of, node + 3, codes->set_words, codes->n_set_words * sizeof *codes->set_words);
}

void case_players(uint64_t *state, uint32_t n_columns, uint32_t n_players, uint32_t *out) {
  for (uint32_t column = 0; column < n_columns; ++column) {
    out[column] = column < n_players ? column : kernel_random_below(state, n_players);
  }
  // Groups of neighbours would hide a mix-up of columns and players.
  for (uint32_t column = n_columns; column > 1; --column) {
    const uint32_t other = kernel_random_below(state, column);
    const uint32_t player = out[column - 1];
    out[column - 1] = out[other];
    out[other] = player;
  }
}

uint32_t case_max_literals(const case_forest *forest, uint32_t n_players) {
  const uint32_t depth = forest->codes->max_depth;
  const uint32_t least = depth < n_players ? depth : n_players;
  return least > 0 ? least : 1;
}
