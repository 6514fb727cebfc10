/* test_leaf_games.c - leaves as games of their own say of every row what the tree says.
 *
 * The tests take one tree whose leaf l has the value l, so that a value in units names its leaf, and walk the code forest's paths beside the tests of groups and long leaves.
 */
#include <math.h>
#include <stdlib.h>

#include "tests/support/leaf_game_case.h"

/* --- one tree, walked independently ----------------------------------------------------------- */

typedef struct path_step {
  uint32_t node; /* of the code forest */
  bool is_left;
  double share; /* of the covers */
} path_step;

// A leaf of the tree: the way to it, and how often games name it.
typedef struct tree_leaf {
  path_step *step;
  uint32_t n_steps;
  uint32_t n_named;
} tree_leaf;

enum { MAX_STEPS = 64 };

typedef struct walker {
  const leaf_case *c;
  tree_leaf *leaf;
  path_step step[MAX_STEPS];
} walker;

// Trees of these tests are shallow, so the test may recurse.
static void collect(walker *w, uint32_t at, int32_t node, uint32_t depth) {
  const apo_node *code = &w->c->codes->nodes[at];
  const apo_forest *forest = w->c->model->forest;
  if (node < 0) {
    tree_leaf *leaf = &w->leaf[~node];
    assert_int_equal(code->leaf, ~node);
    leaf->step = calloc(depth + 1, sizeof *leaf->step);
    assert_non_null(leaf->step);
    memcpy(leaf->step, w->step, depth * sizeof *leaf->step);
    leaf->n_steps = depth;
    return;
  }
  const double share = w->c->wish.is_path ? apo_cover_share(forest, 0, (uint32_t)node) : 1.0;
  const double other = w->c->wish.is_path ? 1.0 - share : 1.0;
  w->step[depth] = (path_step){.node = at, .is_left = true, .share = share};
  collect(w, code->next & APO_NODE_NEXT, forest->left[node], depth + 1);
  w->step[depth] = (path_step){.node = at, .is_left = false, .share = other};
  collect(w, (code->next & APO_NODE_NEXT) + 1, forest->right[node], depth + 1);
}

static tree_leaf *collect_leaves(const leaf_case *c) {
  walker w = {.c = c};
  w.leaf = calloc(c->model->forest->n_leaves, sizeof *w.leaf);
  assert_non_null(w.leaf);
  collect(&w, c->codes->instances[0].root, c->model->forest->n_nodes > 0 ? 0 : ~0, 0);
  return w.leaf;
}

static uint32_t step_player(const leaf_case *c, const path_step *step) {
  return c->player_of_column[c->codes->nodes[step->node].column];
}

static bool step_passes(const leaf_case *c, const path_step *step) {
  return leaf_case_left(c, &c->codes->nodes[step->node]) == step->is_left;
}

// What the definition says of a player at a leaf: its steps pass, and the product of their shares.
static bool player_passes(const leaf_case *c, const tree_leaf *leaf, uint32_t player) {
  bool passes = true;
  for (uint32_t i = 0; i < leaf->n_steps; ++i) {
    if (step_player(c, &leaf->step[i]) == player) passes = passes && step_passes(c, &leaf->step[i]);
  }
  return passes;
}

static double player_ratio(const leaf_case *c, const tree_leaf *leaf, uint32_t player) {
  double ratio = 1.0;
  for (uint32_t i = 0; i < leaf->n_steps; ++i) {
    if (step_player(c, &leaf->step[i]) == player) ratio *= leaf->step[i].share;
  }
  return ratio;
}

static bool all_pass(const leaf_case *c, const tree_leaf *leaf) {
  for (uint32_t i = 0; i < leaf->n_steps; ++i) {
    if (!step_passes(c, &leaf->step[i])) return false;
  }
  return true;
}

/* --- what games say, as one list of leaves ---------------------------------------------------- */

// A leaf of a group or a long one, for the present row.
typedef struct named_leaf {
  uint32_t leaf;
  uint32_t n_players;
  uint32_t player[MAX_STEPS];
  double ratio[MAX_STEPS];
  bool passes[MAX_STEPS];
} named_leaf;

static uint32_t leaf_of_value(const leaf_case *c, uint32_t value_begin) {
  const double middle = ((double)c->model->forest->n_leaves - 1.0) / 2.0;
  const double leaf = c->games->value[value_begin] * c->games->unit + middle;
  assert_true(leaf >= 0.0 && leaf < (double)c->model->forest->n_leaves && leaf == floor(leaf));
  return (uint32_t)leaf;
}

static named_leaf read_group_leaf(const leaf_case *c, const apo_leaf_group *group, uint32_t at) {
  const apo_leaf_games *games = c->games;
  const apo_group_leaf *leaf = &games->leaf[group->leaf_begin + at];
  const uint64_t index = leaf_case_index(c, group);
  named_leaf out = {.leaf = leaf_of_value(c, leaf->value_begin), .n_players = leaf->n_players};
  assert_in_range(leaf->n_players, 1, c->wish.max_players);
  for (uint32_t i = 0; i < leaf->n_players; ++i) {
    const apo_group_player *player = &games->player[leaf->player_begin + i];
    assert_true(player->player < group->n_players);
    assert_true(player->care != 0 && (player->want & ~player->care) == 0);
    assert_true(player->care < 1u << group->n_bits);
    out.player[i] = games->slot[group->slot_begin + player->player];
    out.passes[i] = (index & player->care) == player->want;
    if (games->ratio != NULL) {
      out.ratio[i] = (double)games->ratio[leaf->player_begin + i] * 0x1p-62;
    }
  }
  return out;
}

static named_leaf read_long_leaf(const leaf_case *c, const apo_long_leaf *leaf) {
  const apo_leaf_games *games = c->games;
  const apo_pattern_test *end = NULL;
  const uint64_t bits =
      leaf_case_bits(c, games->long_test + leaf->test_begin, leaf->n_players, &end);
  named_leaf out = {.leaf = leaf_of_value(c, leaf->value_begin), .n_players = leaf->n_players};
  assert_true(leaf->n_players > c->wish.max_players && leaf->n_players <= games->longest);
  assert_true(end <= games->long_test + games->n_long_tests);
  for (uint32_t i = 0; i < leaf->n_players; ++i) {
    out.player[i] = games->long_player[leaf->player_begin + i];
    out.passes[i] = (bits >> i & 1) != 0;
    if (games->long_ratio != NULL) out.ratio[i] = games->long_ratio[leaf->player_begin + i];
  }
  return out;
}

static bool names_player(const named_leaf *named, uint32_t player) {
  for (uint32_t i = 0; i < named->n_players; ++i) {
    if (named->player[i] == player) return true;
  }
  return false;
}

// Everything that a row shows of one leaf is what the tree's path shows.
static void assert_same_leaf(const leaf_case *c, const named_leaf *named, const tree_leaf *leaf) {
  bool reached = true;
  for (uint32_t i = 0; i < named->n_players; ++i) {
    for (uint32_t j = 0; j < i; ++j) assert_int_not_equal(named->player[i], named->player[j]);
    reached = reached && named->passes[i];
    assert_int_equal(named->passes[i], player_passes(c, leaf, named->player[i]));
    if (!c->wish.is_path) continue;
    const double ratio = player_ratio(c, leaf, named->player[i]);
    assert_true(fabs(named->ratio[i] - ratio) <= 1e-14);
  }
  assert_int_equal(reached, all_pass(c, leaf));
  // Who is not named passes whatever the row is, and takes no share of the covers.
  for (uint32_t i = 0; i < leaf->n_steps; ++i) {
    const uint32_t player = step_player(c, &leaf->step[i]);
    if (names_player(named, player)) continue;
    assert_true(!reached || player_passes(c, leaf, player));
    if (c->wish.is_path) assert_true(player_ratio(c, leaf, player) == 1.0);
  }
}

static void assert_row(const leaf_case *c, tree_leaf *leaves) {
  const apo_leaf_games *games = c->games;
  uint32_t n_reached = 0;
  for (uint32_t leaf = 0; leaf < c->model->forest->n_leaves; ++leaf) leaves[leaf].n_named = 0;
  for (uint32_t g = 0; g < games->n_groups; ++g) {
    for (uint32_t i = 0; i < games->group[g].n_leaves; ++i) {
      const named_leaf named = read_group_leaf(c, &games->group[g], i);
      assert_same_leaf(c, &named, &leaves[named.leaf]);
      ++leaves[named.leaf].n_named;
      n_reached += all_pass(c, &leaves[named.leaf]) ? 1 : 0;
    }
  }
  for (uint32_t i = 0; i < games->n_long; ++i) {
    const named_leaf named = read_long_leaf(c, &games->long_leaf[i]);
    assert_same_leaf(c, &named, &leaves[named.leaf]);
    ++leaves[named.leaf].n_named;
    n_reached += all_pass(c, &leaves[named.leaf]) ? 1 : 0;
  }
  assert_int_equal(n_reached, 1);
}

// True when some codes take a row to the leaf: columns are free of each other, so each by itself.
static bool can_reach(leaf_case *c, const tree_leaf *leaf) {
  const apo_cuts *cuts = c->codes->cuts;
  for (uint32_t column = 0; column < c->model->n_columns; ++column) {
    const uint32_t n = cuts->begin[column + 1] - cuts->begin[column];
    bool found = false;
    for (uint32_t code = 0; code <= n + 1 && !found; ++code) {
      c->row[column] = code <= n ? code : apo_cuts_missing(cuts);
      found = true;
      for (uint32_t i = 0; i < leaf->n_steps; ++i) {
        if (c->codes->nodes[leaf->step[i].node].column != column) continue;
        found = found && step_passes(c, &leaf->step[i]);
      }
    }
    if (!found) return false;
  }
  return true;
}

static double leaf_share(const tree_leaf *leaf) {
  double share = 1.0;
  for (uint32_t i = 0; i < leaf->n_steps; ++i) share *= leaf->step[i].share;
  return share;
}

static void assert_named_once(leaf_case *c, const tree_leaf *leaves) {
  for (uint32_t leaf = 0; leaf < c->model->forest->n_leaves; ++leaf) {
    assert_true(leaves[leaf].n_named <= 1);
    if (leaves[leaf].n_named == 1) continue;
    assert_false(can_reach(c, &leaves[leaf]));
    if (c->wish.is_path) assert_true(leaf_share(&leaves[leaf]) == 0.0);
  }
}

/* --- what must hold of the records ------------------------------------------------------------ */

static void assert_slots(const leaf_case *c, const apo_leaf_group *group, uint32_t first_output) {
  const apo_leaf_games *games = c->games;
  const uint32_t *slot = games->slot + group->slot_begin;
  const uint32_t n = games->n_players;
  const uint32_t n_pairs = n * (n - 1) / 2;
  const uint32_t P = group->n_players;
  uint32_t at = group->n_outputs * P;
  for (uint32_t k = 0; k < group->n_outputs; ++k) {
    for (uint32_t q = 0; q < P; ++q) {
      assert_int_equal(slot[k * P + q], (first_output + k) * n + slot[q] - first_output * n);
    }
  }
  for (uint32_t k = 0; k < group->n_outputs && games->with_pairs; ++k) {
    for (uint32_t q = 0; q < P; ++q) {
      for (uint32_t r = q + 1; r < P; ++r, ++at) {
        // The pair's number, counted out.
        const uint32_t a = slot[q] - first_output * n;
        const uint32_t b = slot[r] - first_output * n;
        uint32_t pair = 0;
        for (uint32_t i = 0; i < n; ++i) {
          for (uint32_t j = i + 1; j < n; ++j, ++pair) {
            if ((i != a || j != b) && (i != b || j != a)) continue;
            assert_int_equal(slot[at], games->n_outputs * n + (first_output + k) * n_pairs + pair);
          }
        }
      }
    }
  }
  assert_int_equal(group->n_octets, (at + 7) / 8);
  for (; at < 8 * group->n_octets; ++at) assert_int_equal(slot[at], games->n_slots - 1);
}

static void assert_records(const leaf_case *c) {
  const apo_leaf_games *games = c->games;
  uint32_t n_tests = 0;
  uint32_t n_leaves = 0;
  uint32_t n_words = 0;
  for (uint32_t g = 0; g < games->n_groups; ++g) {
    const apo_leaf_group *group = &games->group[g];
    assert_int_equal(group->test_begin, n_tests);
    assert_int_equal(group->leaf_begin, n_leaves);
    assert_int_equal(group->slot_begin, n_words);
    assert_in_range(group->n_bits, 1, group->n_leaves > 1 ? 12 : APO_LEAF_PLAYERS);
    if (group->n_leaves > 1) assert_true((uint64_t)group->n_octets << group->n_bits <= 1u << 15);
    for (uint32_t bit = 0; bit < group->n_bits; ++n_tests) {
      assert_true(n_tests < games->n_tests);
      bit += games->test[n_tests].column >= APO_TEST_LAST ? 1 : 0;
    }
    n_leaves += group->n_leaves;
    n_words += 8 * group->n_octets;
  }
  assert_int_equal(n_tests, games->n_tests);
  assert_int_equal(n_leaves, games->n_leaves);
  assert_int_equal(n_words, games->n_slot_words);
  assert_int_equal(games->block[0], 0);
  assert_int_equal(games->block[games->n_blocks], games->n_groups);
  for (uint32_t b = 0; b < games->n_blocks; ++b) assert_true(games->block[b] < games->block[b + 1]);
}

static void number_leaves(apo_model *model) {
  apo_forest *forest = model->forest;
  const uint64_t width = forest->n_values / forest->n_leaves;
  forest->tree_weight[0] = 1.0;
  for (uint64_t i = 0; i < forest->n_values; ++i) forest->leaf_value[i] = (double)(i / width);
}

static void try_tree(const apo_random_spec *spec, uint32_t n_players, apo_leaf_wish wish) {
  leaf_case c = {.model = apo_random_model(spec)};
  number_leaves(c.model);
  leaf_case_cut(&c, n_players, wish);
  assert_records(&c);
  for (uint32_t g = 0; g < c.games->n_groups; ++g) assert_slots(&c, &c.games->group[g], 0);
  if (c.games->n_groups + c.games->n_long > 0) {
    apo_random random = apo_random_start(spec->seed);
    tree_leaf *leaves = collect_leaves(&c);
    for (uint32_t row = 0; row < 30; ++row) {
      leaf_case_draw(&c, &random);
      assert_row(&c, leaves);
    }
    assert_named_once(&c, leaves);
    for (uint32_t leaf = 0; leaf < c.model->forest->n_leaves; ++leaf) free(leaves[leaf].step);
    free(leaves);
  }
  leaf_case_close(&c);
}

static apo_random_spec spec_of(uint64_t seed) {
  const unsigned all_ops =
      APO_ONLY(APO_OP_LT) | APO_ONLY(APO_OP_LE) | APO_ONLY(APO_OP_EQ) | APO_ONLY(APO_OP_PRESENT);
  const unsigned all_missing =
      APO_ONLY(APO_MISSING_NAN) | APO_ONLY(APO_MISSING_NONE) | APO_ONLY(APO_MISSING_ZERO);
  return (apo_random_spec){.seed = seed,
                           .n_columns = 1 + (uint32_t)(seed % 23),
                           .n_outputs = 1,
                           .n_trees = 1,
                           .max_depth = 1 + (uint32_t)(seed % 9),
                           .categorical_share = seed % 3 == 0 ? 0.4 : 0.0,
                           .n_categories = 2 + (uint32_t)(seed % 70),
                           .ops = seed % 2 == 0 ? all_ops : 0,
                           .missing = seed % 5 < 2 ? all_missing : 0,
                           .has_covers = true};
}

/* --- tests of one tree ------------------------------------------------------------------------ */

static void every_row_finds_its_leaf_and_its_players(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    const apo_random_spec spec = spec_of(seed);
    try_tree(&spec, spec.n_columns, (apo_leaf_wish){.cache_bytes = 1u << 21});
  }
}

static void ratios_are_products_of_cover_shares(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    const apo_random_spec spec = spec_of(seed);
    try_tree(&spec, spec.n_columns, (apo_leaf_wish){.is_path = true});
  }
}

static void groups_of_columns_are_one_player(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    const apo_random_spec spec = spec_of(seed);
    try_tree(&spec, 1 + spec.n_columns / 3, (apo_leaf_wish){.is_path = seed % 2 == 0});
  }
}

static void leaves_with_too_many_players_are_long(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    const apo_random_spec spec = spec_of(seed);
    try_tree(&spec, spec.n_columns,
             (apo_leaf_wish){.is_path = seed % 2 == 0, .max_players = 1 + (uint32_t)seed % 5});
  }
}

static void pairs_and_vector_leaves_have_their_slots(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 120; ++seed) {
    apo_random_spec spec = spec_of(seed);
    spec.n_outputs = 1 + (uint32_t)(seed % 4);
    spec.vector_leaves = spec.n_outputs > 1;
    try_tree(&spec, spec.n_columns, (apo_leaf_wish){.with_pairs = seed % 3 > 0});
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_row_finds_its_leaf_and_its_players),
      cmocka_unit_test(ratios_are_products_of_cover_shares),
      cmocka_unit_test(groups_of_columns_are_one_player),
      cmocka_unit_test(leaves_with_too_many_players_are_long),
      cmocka_unit_test(pairs_and_vector_leaves_have_their_slots),
  };
  return cmocka_run_group_tests_name("leaf_games", tests, NULL, NULL);
}
