/* test_leaf_shapes.c - leaf games of odd trees: none, one leaf, chains, thousands, many categories. */
#include <math.h>
#include <stdlib.h>

#include "tests/support/leaf_game_case.h"

static const apo_node_spec leaf_node = {.is_leaf = true, .cover = NAN};

static apo_node_spec split_node(uint32_t column, apo_op op, double threshold, int64_t left) {
  return (apo_node_spec){.column = column,
                         .op = op,
                         .threshold = threshold,
                         .left = left,
                         .right = left + 1,
                         .cover = NAN};
}

static leaf_case cut(apo_model *model, uint32_t n_players, apo_leaf_wish wish) {
  leaf_case c = {.model = model};
  leaf_case_cut(&c, n_players, wish);
  return c;
}

static void a_forest_without_trees_has_no_games(void **state) {
  (void)state;
  leaf_case c = cut(leaf_case_model(NULL, 0, 0, 3), 3, (apo_leaf_wish){.with_pairs = true});
  assert_int_equal(c.games->n_groups + c.games->n_long + c.games->n_blocks, 0);
  assert_int_equal(c.games->n_slots, 3 + 3 + 1);
  assert_non_null(c.games->group);
  assert_null(c.games->ratio);
  leaf_case_close(&c);
}

static void a_tree_that_is_one_leaf_has_no_games(void **state) {
  (void)state;
  apo_node_spec leaf = leaf_node;
  leaf_case c = cut(leaf_case_model(&leaf, 1, 2, 3), 3, (apo_leaf_wish){.is_path = true});
  assert_int_equal(c.games->n_groups + c.games->n_long, 0);
  leaf_case_close(&c);
}

static void a_tree_of_equal_leaves_has_no_games(void **state) {
  (void)state;
  apo_node_spec nodes[] = {split_node(0, APO_OP_LT, 1.0, 1), leaf_node, leaf_node};
  apo_model *model = leaf_case_model(nodes, 3, 2, 1);
  model->forest->leaf_value[0] = model->forest->leaf_value[1] = 7.0;
  leaf_case c = cut(model, 1, (apo_leaf_wish){0});
  assert_int_equal(c.games->n_groups, 1);  // of the second tree
  leaf_case_close(&c);
}

static void a_stump_is_one_group_of_one_bit(void **state) {
  (void)state;
  apo_node_spec nodes[] = {split_node(2, APO_OP_LE, 1.0, 1), leaf_node, leaf_node};
  leaf_case c = cut(leaf_case_model(nodes, 3, 1, 3), 3, (apo_leaf_wish){0});
  assert_int_equal(c.games->n_groups, 1);
  assert_int_equal(c.games->group[0].n_bits, 1);
  assert_int_equal(c.games->group[0].n_leaves, 2);
  assert_int_equal(c.games->slot[c.games->group[0].slot_begin], 2);
  // Leaves 1 and 2: a width of exactly 2^29 units, about its middle.
  assert_true(c.games->unit == 0x1p-29);
  assert_int_equal(c.games->value[0], -(1 << 28));
  assert_int_equal(c.games->value[1], 1 << 28);
  leaf_case_close(&c);
}

static void a_split_that_all_codes_pass_makes_no_player(void **state) {
  (void)state;
  apo_node_spec nodes[] = {split_node(0, APO_OP_PRESENT, 0.0, 1), split_node(1, APO_OP_LT, 1.0, 3),
                           leaf_node, leaf_node, leaf_node};
  nodes[0].default_left = true;
  leaf_case c = cut(leaf_case_model(nodes, 5, 1, 2), 2, (apo_leaf_wish){0});
  assert_int_equal(c.games->n_groups, 1);
  assert_int_equal(c.games->group[0].n_players, 1);
  assert_int_equal(c.games->group[0].n_leaves, 2);
  assert_int_equal(c.games->slot[c.games->group[0].slot_begin], 1);
  leaf_case_close(&c);
}

// Where a player is absent, path-dependent games go both ways by the covers.
static void under_covers_a_split_that_all_codes_pass_still_counts(void **state) {
  (void)state;
  apo_node_spec nodes[] = {split_node(0, APO_OP_PRESENT, 0.0, 1), split_node(1, APO_OP_LT, 1.0, 3),
                           leaf_node, leaf_node, leaf_node};
  static const double covers[] = {8, 6, 2, 3, 3};
  nodes[0].default_left = true;
  for (size_t i = 0; i < 5; ++i) nodes[i].cover = covers[i];
  leaf_case c = cut(leaf_case_model(nodes, 5, 1, 2), 2, (apo_leaf_wish){.is_path = true});
  assert_int_equal(c.games->n_leaves, 3);
  apo_random random = apo_random_start(1);
  for (uint32_t i = 0; i < 20; ++i) {
    leaf_case_draw(&c, &random);
    assert_true((leaf_case_index(&c, &c.games->group[0]) & 1) == 1);
  }
  leaf_case_close(&c);
}

static void covers_of_nothing_are_halves(void **state) {
  (void)state;
  apo_node_spec nodes[] = {split_node(0, APO_OP_LT, 0.0, 1), leaf_node, leaf_node};
  for (size_t i = 0; i < 3; ++i) nodes[i].cover = 0.0;
  apo_model *model = leaf_case_model(nodes, 3, 1, 1);
  assert_true(apo_cover_share(model->forest, 0, 0) == 0.5);
  leaf_case c = cut(model, 1, (apo_leaf_wish){.is_path = true});
  assert_true(c.games->ratio[0] == (uint64_t)1 << 61);
  double base;
  apo_path_base(c.model, &base);
  assert_true(base == 1.5);  // of leaves 1 and 2
  leaf_case_close(&c);
}

// CatBoost's trees: all nodes of a level ask the same.
static void equal_tests_of_a_group_are_one_bit(void **state) {
  (void)state;
  enum { DEPTH = 6, N = (2 << DEPTH) - 1 };
  apo_node_spec nodes[N];
  for (uint32_t at = 0; at < N; ++at) {
    uint32_t level = 0;
    while (at + 1 >= 2u << level) ++level;
    nodes[at] =
        level < DEPTH ? split_node(level % 4, APO_OP_LT, level, 2 * (int64_t)at + 1) : leaf_node;
  }
  leaf_case c = cut(leaf_case_model(nodes, N, 1, 4), 4, (apo_leaf_wish){0});
  assert_int_equal(c.games->n_groups, 1);
  assert_int_equal(c.games->group[0].n_bits, DEPTH);
  assert_int_equal(c.games->n_tests, DEPTH);
  assert_int_equal(c.games->group[0].n_players, 4);
  // Levels 4 and 5 ask columns 0 and 1 again: of x < 0 and x < 4 one side answers both.
  assert_int_equal(c.games->n_leaves, 3 * 3 * 2 * 2);
  leaf_case_close(&c);
}

// Without codes between, the second x < 1 has one side closed, but half of the covers goes there.
static void a_test_asked_twice_under_covers_keeps_its_shares(void **state) {
  (void)state;
  apo_node_spec nodes[] = {split_node(0, APO_OP_LT, 1.0, 1), split_node(0, APO_OP_LT, 1.0, 3),
                           leaf_node, leaf_node, leaf_node};
  static const double covers[] = {8, 4, 4, 2, 2};
  for (size_t i = 0; i < 5; ++i) nodes[i].cover = covers[i];
  leaf_case c = cut(leaf_case_model(nodes, 5, 1, 1), 1, (apo_leaf_wish){.is_path = true});
  apo_random random = apo_random_start(1);
  assert_int_equal(c.games->n_leaves, 3);
  for (uint32_t row = 0; row < 20; ++row) {
    leaf_case_draw(&c, &random);
    uint32_t n_passes = 0;
    for (uint32_t g = 0; g < c.games->n_groups; ++g) {
      const apo_leaf_group *group = &c.games->group[g];
      const uint64_t index = leaf_case_index(&c, group);
      for (uint32_t i = group->leaf_begin; i < group->leaf_begin + group->n_leaves; ++i) {
        const apo_group_player *player = &c.games->player[c.games->leaf[i].player_begin];
        n_passes += (index & player->care) == player->want ? 1 : 0;
      }
    }
    assert_int_equal(n_passes, 1);
  }
  leaf_case_close(&c);
}

/* --- chains ----------------------------------------------------------------------------------- */

static void a_chain_of_4096_players_has_long_leaves(void **state) {
  (void)state;
  leaf_case c = cut(leaf_case_chain(4096, 4096, true), 4096, (apo_leaf_wish){.is_path = true});
  assert_int_equal(c.games->longest, 4096);
  // Leaf d of the chain has d players; the last two both 4096.
  assert_int_equal(c.games->n_long, 4097 - 16);
  assert_int_equal(c.games->n_leaves, 16);
  assert_int_equal(c.games->n_long_tests, c.games->n_long_players);
  leaf_case_close(&c);
}

static void tests_of_one_column_on_a_chain_are_joined(void **state) {
  (void)state;
  for (int goes_right = 0; goes_right <= 1; ++goes_right) {
    leaf_case c = cut(leaf_case_chain(4096, 1, goes_right == 1), 1, (apo_leaf_wish){0});
    uint32_t n_bits = 0;
    uint32_t n_leaves = 0;
    for (uint32_t g = 0; g < c.games->n_groups; ++g) {
      n_bits += c.games->group[g].n_bits;
      n_leaves += c.games->group[g].n_leaves;
    }
    assert_int_equal(c.games->n_long, 0);
    assert_int_equal(n_leaves, 4097);
    assert_int_equal(n_bits, c.games->n_tests);  // one test a bit: each is an interval
    leaf_case_close(&c);
  }
}

static void a_chain_of_repeated_columns_keeps_few_players(void **state) {
  (void)state;
  leaf_case c = cut(leaf_case_chain(4096, 7, true), 7, (apo_leaf_wish){.is_path = true});
  assert_int_equal(c.games->n_long, 0);
  assert_int_equal(c.games->n_leaves, 4097);
  for (uint32_t g = 0; g < c.games->n_groups; ++g) {
    assert_true(c.games->group[g].n_players <= 7);
  }
  leaf_case_close(&c);
}

static void a_group_of_many_columns_keeps_all_their_tests(void **state) {
  (void)state;
  leaf_case c = cut(leaf_case_chain(1000, 1000, true), 1, (apo_leaf_wish){0});
  const apo_leaf_group *last = &c.games->group[c.games->n_groups - 1];
  assert_int_equal(c.games->n_long, 0);
  assert_int_equal(last->n_players, 1);
  assert_true(c.games->n_tests - last->test_begin >= 1000);
  leaf_case_close(&c);
}

/* --- categories ------------------------------------------------------------------------------- */

// A tree of two splits on the same column with the given sets, and one on another column.
static apo_model *model_of_sets(const uint32_t *sets[2], const size_t n[2]) {
  apo_model *model = NULL;
  apo_builder *builder = NULL;
  apo_error err;
  uint32_t number[2];
  const apo_forest_head head = {.n_columns = 2, .n_outputs = 1, .scale = 1.0, .divide = 1.0};
  assert_ok(apo_model_new(&model, &err), &err);
  assert_ok(apo_builder_create(&head, &builder, &err), &err);
  for (size_t i = 0; i < 2; ++i) {
    assert_ok(apo_builder_add_set(builder, sets[i], n[i], &number[i], &err), &err);
  }
  apo_node_spec nodes[] = {split_node(1, APO_OP_LT, 0.5, 1),
                           split_node(0, APO_OP_IN, number[0], 3),
                           split_node(0, APO_OP_IN, number[1], 5),
                           leaf_node,
                           leaf_node,
                           leaf_node,
                           leaf_node};
  const apo_tree_spec tree = {.n_nodes = 7,
                              .weight = 1.0,
                              .context = nodes,
                              .node = leaf_case_node,
                              .leaf = leaf_case_leaf};
  assert_ok(apo_builder_add_tree(builder, &tree, &err), &err);
  assert_ok(apo_builder_finish(&builder, &model->forest, &err), &err);
  model->kind = APO_MODEL_FOREST;
  model->format = "sets";
  model->n_columns = 2;
  model->n_outputs = 1;
  model->base = calloc(1, sizeof *model->base);
  assert_non_null(model->base);
  assert_ok(apo_model_seal(model, &err), &err);
  return model;
}

static void sets_of_the_same_codes_share_a_column(void **state) {
  (void)state;
  static const uint32_t odd[] = {1, 5, 9, 200, 999};
  static const uint32_t others[] = {1, 5, 9, 200, 998};
  leaf_case same =
      cut(model_of_sets((const uint32_t *[]){odd, odd}, (size_t[]){5, 5}), 2, (apo_leaf_wish){0});
  assert_int_equal(same.games->n_derived, 1);
  leaf_case_close(&same);
  leaf_case differ = cut(model_of_sets((const uint32_t *[]){odd, others}, (size_t[]){5, 5}), 2,
                         (apo_leaf_wish){0});
  assert_int_equal(differ.games->n_derived, 2);
  leaf_case_close(&differ);
}

static void sets_that_are_intervals_need_no_column(void **state) {
  (void)state;
  static const uint32_t low[] = {3, 4, 5};
  static const uint32_t one[] = {7};
  leaf_case c =
      cut(model_of_sets((const uint32_t *[]){low, one}, (size_t[]){3, 1}), 2, (apo_leaf_wish){0});
  assert_int_equal(c.games->n_derived, 0);
  leaf_case_close(&c);
}

static void a_thousand_categories_are_one_player(void **state) {
  (void)state;
  enum { N = 1000 };
  apo_node_spec *nodes = calloc(2 * N + 1, sizeof *nodes);
  assert_non_null(nodes);
  for (uint32_t i = 0; i < N; ++i) {
    nodes[2 * i] = split_node(0, APO_OP_EQ, i, 2 * (int64_t)i + 1);
    nodes[2 * i + 1] = leaf_node;
  }
  nodes[2 * N] = leaf_node;
  leaf_case c = cut(leaf_case_model(nodes, 2 * N + 1, 1, 1), 1, (apo_leaf_wish){0});
  assert_int_equal(c.games->n_leaves, N + 1);
  assert_int_equal(c.games->n_derived, 0);
  assert_int_equal(c.games->n_long, 0);
  free(nodes);
  leaf_case_close(&c);
}

/* --- sizes ------------------------------------------------------------------------------------ */

static void twenty_thousand_trees_are_cut(void **state) {
  (void)state;
  const apo_random_spec spec = {
      .seed = 3, .n_columns = 40, .n_outputs = 1, .n_trees = 20000, .max_depth = 4};
  leaf_case c = cut(apo_random_model(&spec), 40, (apo_leaf_wish){0});
  assert_true(c.games->n_groups >= 15000);
  assert_in_range(c.games->n_blocks, 2500, 10000);  // some 4 trees each
  leaf_case_close(&c);
}

static void more_pairs_than_32_bits_count_are_refused(void **state) {
  (void)state;
  apo_node_spec nodes[] = {split_node(0, APO_OP_LT, 1.0, 1), leaf_node, leaf_node};
  leaf_case c = cut(leaf_case_model(nodes, 3, 1, 100000), 100000, (apo_leaf_wish){0});
  apo_leaf_games *games = NULL;
  apo_error err;
  c.wish.with_pairs = true;
  const apo_status status = apo_leaf_games_create(c.model, c.codes, &c.wish, &games, &err);
  assert_fails(status, APO_ERR_LIMIT, &err, "leaf games: ");
  assert_null(games);
  leaf_case_close(&c);
}

static void without_covers_path_games_are_refused(void **state) {
  (void)state;
  apo_node_spec nodes[] = {split_node(0, APO_OP_LT, 1.0, 1), leaf_node, leaf_node};
  leaf_case c = cut(leaf_case_model(nodes, 3, 1, 1), 1, (apo_leaf_wish){0});
  apo_leaf_games *games = NULL;
  apo_error err;
  c.wish.is_path = true;
  const apo_status status = apo_leaf_games_create(c.model, c.codes, &c.wish, &games, &err);
  assert_fails(status, APO_ERR_UNSUPPORTED, &err, "covers");
  assert_null(games);
  leaf_case_close(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_forest_without_trees_has_no_games),
      cmocka_unit_test(a_tree_that_is_one_leaf_has_no_games),
      cmocka_unit_test(a_tree_of_equal_leaves_has_no_games),
      cmocka_unit_test(a_stump_is_one_group_of_one_bit),
      cmocka_unit_test(a_split_that_all_codes_pass_makes_no_player),
      cmocka_unit_test(under_covers_a_split_that_all_codes_pass_still_counts),
      cmocka_unit_test(covers_of_nothing_are_halves),
      cmocka_unit_test(equal_tests_of_a_group_are_one_bit),
      cmocka_unit_test(a_test_asked_twice_under_covers_keeps_its_shares),
      cmocka_unit_test(a_chain_of_4096_players_has_long_leaves),
      cmocka_unit_test(tests_of_one_column_on_a_chain_are_joined),
      cmocka_unit_test(a_chain_of_repeated_columns_keeps_few_players),
      cmocka_unit_test(a_group_of_many_columns_keeps_all_their_tests),
      cmocka_unit_test(sets_of_the_same_codes_share_a_column),
      cmocka_unit_test(sets_that_are_intervals_need_no_column),
      cmocka_unit_test(a_thousand_categories_are_one_player),
      cmocka_unit_test(twenty_thousand_trees_are_cut),
      cmocka_unit_test(more_pairs_than_32_bits_count_are_refused),
      cmocka_unit_test(without_covers_path_games_are_refused),
  };
  return cmocka_run_group_tests_name("leaf_shapes", tests, NULL, NULL);
}
