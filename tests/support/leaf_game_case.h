/* leaf_game_case.h - leaf games of a random model, and rows of random codes to try them on.
 *
 * A row here is [n_columns + n_derived] codes, the derived ones as stage column_codes makes them.
 */
#ifndef APO_TESTS_SUPPORT_LEAF_GAME_CASE_H
#define APO_TESTS_SUPPORT_LEAF_GAME_CASE_H

#include "engine/exact/leaf_games.h"
#include "kernels/walk_ref.h"
#include "tests/support/random_forest.h"

typedef struct leaf_case {
  apo_model *model;
  apo_code_forest *codes;
  apo_leaf_games *games;
  apo_leaf_wish wish;
  uint32_t *player_of_column;
  uint32_t *row;
} leaf_case;

/** Players are columns modulo n_players; is `max_players` 0, it is the most. */
static inline void leaf_case_cut(leaf_case *c, uint32_t n_players, apo_leaf_wish wish) {
  apo_error err;
  c->player_of_column = calloc(c->model->n_columns + 1, sizeof *c->player_of_column);
  assert_non_null(c->player_of_column);
  for (uint32_t column = 0; column < c->model->n_columns; ++column) {
    c->player_of_column[column] = column % n_players;
  }
  c->wish = wish;
  c->wish.player_of_column = c->player_of_column;
  c->wish.n_players = n_players;
  if (c->wish.max_players == 0) c->wish.max_players = APO_LEAF_PLAYERS;
  assert_ok(apo_code_forest_create(c->model, &c->codes, &err), &err);
  assert_ok(apo_leaf_games_create(c->model, c->codes, &c->wish, &c->games, &err), &err);
  c->row = calloc((size_t)c->model->n_columns + c->games->n_derived + 1, sizeof *c->row);
  assert_non_null(c->row);
}

static inline void leaf_case_close(leaf_case *c) {
  apo_leaf_games_destroy(&c->games);
  assert_null(c->games);
  apo_code_forest_destroy(&c->codes);
  apo_model_destroy(&c->model);
  free(c->player_of_column);
  free(c->row);
}

/* --- trees stated by the test ----------------------------------------------------------------- */

static inline apo_status leaf_case_node(void *context,
                                        uint64_t node,
                                        apo_node_spec *out,
                                        apo_error *err) {
  (void)err;
  *out = ((const apo_node_spec *)context)[node];
  return APO_OK;
}

static inline apo_status leaf_case_leaf(void *context,
                                        uint64_t node,
                                        double *values,
                                        apo_error *err) {
  (void)context;
  (void)err;
  values[0] = (double)node;
  return APO_OK;
}

/** A model of equal trees, leaf values their node numbers; the first node's cover says whether there
 * are covers.  Columns [0, n_columns). */
static inline apo_model *leaf_case_model(apo_node_spec *nodes,
                                         uint32_t n_nodes,
                                         uint32_t n_trees,
                                         uint32_t n_columns) {
  apo_model *model = NULL;
  apo_builder *builder = NULL;
  apo_error err;
  const apo_forest_head head = {
      .n_columns = n_columns,
      .n_outputs = 1,
      .cover_kind = n_nodes > 0 && !isnan(nodes[0].cover) ? APO_COVER_COUNT : 0,
      .scale = 1.0,
      .divide = 1.0};
  const apo_tree_spec tree = {.n_nodes = n_nodes,
                              .weight = 1.0,
                              .context = nodes,
                              .node = leaf_case_node,
                              .leaf = leaf_case_leaf};
  assert_ok(apo_model_new(&model, &err), &err);
  assert_ok(apo_builder_create(&head, &builder, &err), &err);
  for (uint32_t i = 0; i < n_trees; ++i) {
    assert_ok(apo_builder_add_tree(builder, &tree, &err), &err);
  }
  assert_ok(apo_builder_finish(&builder, &model->forest, &err), &err);
  model->kind = APO_MODEL_FOREST;
  model->format = "stated";
  model->n_columns = n_columns;
  model->n_outputs = 1;
  model->base = calloc(1, sizeof *model->base);
  assert_non_null(model->base);
  assert_ok(apo_model_seal(model, &err), &err);
  return model;
}

/** A chain: node 2 i is x[i % n_columns] < threshold, its left child a leaf, or its right one. */
static inline apo_model *leaf_case_chain(uint32_t n_inner, uint32_t n_columns, bool goes_right) {
  const uint32_t n = 2 * n_inner + 1;
  apo_node_spec *nodes = calloc(n, sizeof *nodes);
  assert_non_null(nodes);
  for (uint32_t at = 0; at < n; ++at) {
    nodes[at] = (apo_node_spec){.is_leaf = true, .cover = n - at};
    if (at % 2 == 1 || at + 1 == n) continue;
    nodes[at].is_leaf = false;
    nodes[at].column = at / 2 % n_columns;
    nodes[at].threshold = goes_right ? at : -(double)at;
    nodes[at].left = goes_right ? at + 1 : at + 2;
    nodes[at].right = goes_right ? at + 2 : at + 1;
  }
  apo_model *model = leaf_case_model(nodes, n, 1, n_columns);
  free(nodes);
  return model;
}

/* --- rows ------------------------------------------------------------------------------------- */

static inline uint32_t leaf_case_bytes(const leaf_case *c) {
  return c->codes->cuts->code_bytes;
}

static inline void leaf_case_derive(leaf_case *c) {
  const uint32_t mask = apo_cuts_missing(c->codes->cuts);
  for (uint32_t i = 0; i < c->games->n_derived; ++i) {
    const apo_derived_column derived = c->games->derived[i];
    const uint32_t bit = (c->row[derived.column] + 1) & mask;
    const uint32_t word = c->codes->set_words[derived.word + bit / 32];
    c->row[c->model->n_columns + i] = ~word >> (bit % 32) & 1;
  }
}

/** Random codes that values can have, the missing one now and then. */
static inline void leaf_case_draw(leaf_case *c, apo_random *random) {
  const apo_cuts *cuts = c->codes->cuts;
  for (uint32_t column = 0; column < c->model->n_columns; ++column) {
    const uint32_t n = cuts->begin[column + 1] - cuts->begin[column];
    const bool is_missing = apo_random_below(random, 6) == 0;
    c->row[column] = is_missing ? apo_cuts_missing(cuts) : apo_random_below(random, n + 1);
  }
  leaf_case_derive(c);
}

static inline bool leaf_case_passes(const leaf_case *c, const apo_pattern_test *test) {
  const uint32_t code = c->row[test->column & APO_TEST_COLUMN];
  return ((code - test->low) & apo_cuts_missing(c->codes->cuts)) <= test->span;
}

/** The bits of `n_bits` runs of tests, at most 64; `end` is where they end. */
static inline uint64_t leaf_case_bits(const leaf_case *c,
                                      const apo_pattern_test *test,
                                      uint32_t n_bits,
                                      const apo_pattern_test **end) {
  uint64_t bits = 0;
  for (uint32_t bit = 0; bit < n_bits; ++bit) {
    bool passes = true;
    do {
      passes = leaf_case_passes(c, test) && passes;
    } while (((test++)->column & APO_TEST_LAST) == 0);
    if (bit < 64 && passes) bits |= (uint64_t)1 << bit;
  }
  *end = test;
  return bits;
}

static inline uint64_t leaf_case_index(const leaf_case *c, const apo_leaf_group *group) {
  const apo_pattern_test *end = NULL;
  return leaf_case_bits(c, c->games->test + group->test_begin, group->n_bits, &end);
}

/** True when the row goes from a node of the code forest to the left. */
static inline bool leaf_case_left(const leaf_case *c, const apo_node *node) {
  return apo_node_right(node, c->row[node->column], (apo_i32)leaf_case_bytes(c),
                        c->codes->set_words) == 0;
}

#endif
