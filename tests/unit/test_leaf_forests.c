/* test_leaf_forests.c - leaf games of whole forests: sums, units, blocks, bases, and odd shapes. */
#include <math.h>
#include <stdlib.h>

#include "tests/support/leaf_game_case.h"

/* --- sums over leaves ------------------------------------------------------------------------- */

enum { MOST_OUTPUTS = 3 };

// Sums of the values, in units, of all leaves whose players pass: those of `from_row` by the first
// row, the others by the second.
typedef struct pattern_source {
  const uint64_t *index[2]; /* [n_groups] */
  uint64_t *bits[2];        /* [n_long x words] of the long leaves, one word each */
  uint32_t from_row;        /* set of players */
} pattern_source;

static void read_row(const leaf_case *c, uint64_t *index, uint64_t *bits) {
  const apo_pattern_test *end = NULL;
  for (uint32_t g = 0; g < c->games->n_groups; ++g) {
    index[g] = leaf_case_index(c, &c->games->group[g]);
  }
  for (uint32_t i = 0; i < c->games->n_long; ++i) {
    const apo_long_leaf *leaf = &c->games->long_leaf[i];
    assert_in_range(leaf->n_players, 1, 64);
    bits[i] = leaf_case_bits(c, c->games->long_test + leaf->test_begin, leaf->n_players, &end);
  }
}

static bool group_leaf_passes(const leaf_case *c,
                              const pattern_source *source,
                              uint32_t g,
                              const apo_group_leaf *leaf) {
  const uint32_t *slot = c->games->slot + c->games->group[g].slot_begin;
  for (uint32_t i = 0; i < leaf->n_players; ++i) {
    const apo_group_player *player = &c->games->player[leaf->player_begin + i];
    const uint32_t who = slot[player->player] % c->games->n_players;
    const uint64_t index = source->index[(source->from_row >> who & 1) != 0 ? 0 : 1][g];
    if ((index & player->care) != player->want) return false;
  }
  return true;
}

static bool long_leaf_passes(const leaf_case *c, const pattern_source *source, uint32_t at) {
  const apo_long_leaf *leaf = &c->games->long_leaf[at];
  for (uint32_t i = 0; i < leaf->n_players; ++i) {
    const uint32_t who = c->games->long_player[leaf->player_begin + i];
    const uint64_t bits = source->bits[(source->from_row >> who & 1) != 0 ? 0 : 1][at];
    if ((bits >> i & 1) == 0) return false;
  }
  return true;
}

static void sum_leaves(const leaf_case *c, const pattern_source *source, int64_t *sum) {
  const apo_leaf_games *games = c->games;
  memset(sum, 0, games->n_outputs * sizeof *sum);
  for (uint32_t g = 0; g < games->n_groups; ++g) {
    const apo_leaf_group *group = &games->group[g];
    const uint32_t first_output = games->slot[group->slot_begin] / games->n_players;
    for (uint32_t i = 0; i < group->n_leaves; ++i) {
      const apo_group_leaf *leaf = &games->leaf[group->leaf_begin + i];
      if (!group_leaf_passes(c, source, g, leaf)) continue;
      for (uint32_t k = 0; k < group->n_outputs; ++k) {
        sum[first_output + k] += games->value[leaf->value_begin + k];
      }
    }
  }
  for (uint32_t i = 0; i < games->n_long; ++i) {
    const apo_long_leaf *leaf = &games->long_leaf[i];
    if (!long_leaf_passes(c, source, i)) continue;
    for (uint32_t k = 0; k < leaf->n_outputs; ++k) {
      sum[leaf->first_output + k] += games->value[leaf->value_begin + k];
    }
  }
}

// The margin of the present row by the code forest, the base left out.
static double margin_of(const leaf_case *c, uint32_t output) {
  const apo_code_forest *codes = c->codes;
  double sum = 0.0;
  for (uint32_t i = codes->output_begin[output]; i < codes->output_begin[output + 1]; ++i) {
    const apo_node *node = &codes->nodes[codes->instances[i].root];
    while (node->leaf == APO_NODE_INNER) {
      node = &codes->nodes[(node->next & APO_NODE_NEXT) + (leaf_case_left(c, node) ? 0 : 1)];
    }
    sum += (double)codes->leaf64[codes->instances[i].value_base + node->leaf] * codes->unit64;
  }
  return sum;
}

// What leaves say less the present row's margin: a constant for each output.
static void find_offsets(const leaf_case *c, const pattern_source *source, double *offset) {
  int64_t sum[MOST_OUTPUTS];
  sum_leaves(c, source, sum);
  for (uint32_t k = 0; k < c->games->n_outputs; ++k) {
    offset[k] = (double)sum[k] * c->games->unit - margin_of(c, k);
  }
}

// Half a unit for each leaf that is reached, and as much for what it is compared with.
static double allowed_of(const leaf_case *c) {
  return (c->games->unit + 1e-14) * (c->model->forest->n_trees + 1.0);
}

// Coalitions of a row and a background row: leaves add up to the margin of the hybrid row.
static void assert_hybrids(leaf_case *c, apo_random *random) {
  const uint32_t n_columns = c->model->n_columns;
  uint64_t *index = calloc(2 * (size_t)c->games->n_groups + 2, sizeof *index);
  uint64_t *bits = calloc(2 * (size_t)c->games->n_long + 2, sizeof *bits);
  uint32_t *rows = calloc(2 * (size_t)n_columns, sizeof *rows);
  assert_true(index != NULL && bits != NULL && rows != NULL);
  double offset[MOST_OUTPUTS];
  double here[MOST_OUTPUTS];
  pattern_source source = {.index = {index, index + c->games->n_groups},
                           .bits = {bits, bits + c->games->n_long}};
  for (uint32_t which = 0; which < 2; ++which) {
    leaf_case_draw(c, random);
    memcpy(rows + which * n_columns, c->row, n_columns * sizeof *rows);
    read_row(c, index + which * c->games->n_groups, bits + which * c->games->n_long);
  }
  for (uint32_t trial = 0; trial < 20; ++trial) {
    source.from_row = trial == 0 ? 0 : (uint32_t)apo_random_word(random);
    for (uint32_t column = 0; column < n_columns; ++column) {
      const uint32_t who = c->player_of_column[column];
      const uint32_t which = (source.from_row >> who & 1) != 0 ? 0 : 1;
      c->row[column] = rows[which * n_columns + column];
    }
    leaf_case_derive(c);
    find_offsets(c, &source, trial == 0 ? offset : here);
    for (uint32_t k = 0; k < c->games->n_outputs && trial > 0; ++k) {
      assert_true(fabs(here[k] - offset[k]) <= allowed_of(c));
    }
  }
  free(index);
  free(bits);
  free(rows);
}

static apo_random_spec forest_of(uint64_t seed) {
  const unsigned all_ops =
      APO_ONLY(APO_OP_LT) | APO_ONLY(APO_OP_LE) | APO_ONLY(APO_OP_EQ) | APO_ONLY(APO_OP_PRESENT);
  const unsigned all_missing =
      APO_ONLY(APO_MISSING_NAN) | APO_ONLY(APO_MISSING_NONE) | APO_ONLY(APO_MISSING_ZERO);
  return (apo_random_spec){.seed = seed,
                           .n_columns = 2 + (uint32_t)(seed % 29),
                           .n_outputs = 1 + (uint32_t)(seed % 3),
                           .n_trees = (uint32_t)(seed % 20),
                           .max_depth = (uint32_t)(seed % 8),
                           .categorical_share = seed % 2 == 0 ? 0.3 : 0.0,
                           .ops = seed % 3 == 0 ? all_ops : 0,
                           .missing = seed % 4 == 0 ? all_missing : 0,
                           .vector_leaves = seed % 5 == 0,
                           .has_covers = true};
}

static void leaves_add_up_to_the_margin_of_every_hybrid_row(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    const apo_random_spec spec = forest_of(seed);
    leaf_case c = {.model = apo_random_model(&spec)};
    leaf_case_cut(&c, seed % 7 == 0 ? 1 + spec.n_columns / 2 : spec.n_columns,
                  (apo_leaf_wish){.max_players = seed % 6 == 0 ? 3 : 0});
    apo_random random = apo_random_start(seed);
    for (uint32_t pair = 0; pair < 4; ++pair) assert_hybrids(&c, &random);
    leaf_case_close(&c);
  }
}

/* --- path-dependent base ---------------------------------------------------------------------- */

// v of nobody in the games, tree by tree's constant.
static void sum_shares(const leaf_case *c, double *sum) {
  const apo_leaf_games *games = c->games;
  for (uint32_t k = 0; k < games->n_outputs; ++k) sum[k] = 0.0;
  for (uint32_t g = 0; g < games->n_groups; ++g) {
    const apo_leaf_group *group = &games->group[g];
    const uint32_t first_output = games->slot[group->slot_begin] / games->n_players;
    for (uint32_t i = 0; i < group->n_leaves; ++i) {
      const apo_group_leaf *leaf = &games->leaf[group->leaf_begin + i];
      double share = games->unit;
      for (uint32_t p = 0; p < leaf->n_players; ++p) {
        share *= (double)games->ratio[leaf->player_begin + p] * 0x1p-62;
      }
      for (uint32_t k = 0; k < group->n_outputs; ++k) {
        sum[first_output + k] += share * games->value[leaf->value_begin + k];
      }
    }
  }
  for (uint32_t i = 0; i < games->n_long; ++i) {
    const apo_long_leaf *leaf = &games->long_leaf[i];
    double share = games->unit;
    for (uint32_t p = 0; p < leaf->n_players; ++p) {
      share *= games->long_ratio[leaf->player_begin + p];
    }
    for (uint32_t k = 0; k < leaf->n_outputs; ++k) {
      sum[leaf->first_output + k] += share * games->value[leaf->value_begin + k];
    }
  }
}

// From nobody to everybody the games go as far as the margin goes from its base.
static void the_base_of_path_games_is_what_nobody_gets(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    const apo_random_spec spec = forest_of(seed);
    leaf_case c = {.model = apo_random_model(&spec)};
    double base[MOST_OUTPUTS];
    double nobody[MOST_OUTPUTS];
    double offset[MOST_OUTPUTS];
    leaf_case_cut(&c, spec.n_columns, (apo_leaf_wish){.is_path = true, .max_players = 4});
    apo_path_base(c.model, base);
    sum_shares(&c, nobody);

    uint64_t *index = calloc((size_t)c.games->n_groups + c.games->n_long + 1, sizeof *index);
    assert_non_null(index);
    uint64_t *bits = index + c.games->n_groups;
    apo_random random = apo_random_start(seed);
    leaf_case_draw(&c, &random);
    read_row(&c, index, bits);
    const pattern_source source = {.index = {index, index}, .bits = {bits, bits}};
    find_offsets(&c, &source, offset);
    for (uint32_t k = 0; k < spec.n_outputs; ++k) {
      // offset: games less margin, of this row; the same of nobody has to be equal.
      const double without = nobody[k] - (base[k] - c.model->base[k]);
      assert_true(fabs(without - offset[k]) <= allowed_of(&c));
    }
    free(index);
    leaf_case_close(&c);
  }
}

/* --- units and blocks ------------------------------------------------------------------------- */

// How far a tree's values of one output are apart.
static double tree_width(const apo_forest *forest, uint32_t tree, uint32_t output) {
  const bool is_vector = forest->tree_output[tree] == APO_TREE_VECTOR;
  const uint32_t n = is_vector ? forest->n_outputs : 1;
  const double factor = forest->tree_weight[tree] * forest->scale / forest->divide;
  double least = INFINITY;
  double most = -INFINITY;
  if (!is_vector && forest->tree_output[tree] != output) return 0.0;
  for (uint64_t i = forest->value_begin[tree] + (is_vector ? output : 0);
       i < forest->value_begin[tree + 1]; i += n) {
    least = fmin(least, factor * forest->leaf_value[i]);
    most = fmax(most, factor * forest->leaf_value[i]);
  }
  return most - least;
}

// Whether a unit holds: no tree above 2^29, no output's trees together above
// 2^29 times the blocks that a forest may have.
static bool unit_holds(const apo_model *model, double unit) {
  for (uint32_t k = 0; k < model->n_outputs; ++k) {
    double sum = 0.0;
    for (uint32_t tree = 0; tree < model->forest->n_trees; ++tree) {
      const double width = tree_width(model->forest, tree, k);
      sum += width;
      if (width > unit * 0x1p29) return false;
    }
    const double n_blocks = fmax(64.0, model->forest->n_trees / 4.0);
    if (sum > unit * n_blocks * 0x1p29) return false;
  }
  return true;
}

static void the_unit_is_the_least_power_of_two_that_holds(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    apo_random_spec spec = forest_of(seed);
    spec.n_trees = 1 + (uint32_t)(seed * 7 % 300);
    spec.max_depth = 1 + (uint32_t)(seed % 3);
    leaf_case c = {.model = apo_random_model(&spec)};
    int exponent;
    leaf_case_cut(&c, spec.n_columns, (apo_leaf_wish){0});
    assert_true(frexp(c.games->unit, &exponent) == 0.5);
    assert_true(unit_holds(c.model, c.games->unit));
    if (c.games->n_groups > 0) assert_false(unit_holds(c.model, c.games->unit / 2.0));
    leaf_case_close(&c);
  }
}

static void a_slot_of_one_block_never_leaves_its_bound(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 5,
                                .n_columns = 6,
                                .n_outputs = 2,
                                .n_trees = 600,
                                .max_depth = 3,
                                .split_share = 1.0};
  leaf_case c = {.model = apo_random_model(&spec)};
  leaf_case_cut(&c, spec.n_columns, (apo_leaf_wish){0});
  const apo_leaf_games *games = c.games;
  assert_in_range(games->n_blocks, 32, 200);
  for (uint32_t b = 0; b < games->n_blocks; ++b) {
    // A tree's span from the values that its leaves have: two of them at least stand in the block.
    uint64_t span[2] = {0, 0};
    for (uint32_t g = games->block[b]; g < games->block[b + 1]; ++g) {
      const apo_leaf_group *group = &games->group[g];
      const uint32_t output = games->slot[group->slot_begin] / games->n_players;
      int32_t least = INT32_MAX;
      int32_t most = INT32_MIN;
      for (uint32_t i = 0; i < group->n_leaves; ++i) {
        const int32_t value = games->value[games->leaf[group->leaf_begin + i].value_begin];
        least = value < least ? value : least;
        most = value > most ? value : most;
      }
      // Depth 3 is one group a tree, so the group's span is the tree's.
      span[output] += (uint64_t)(most - least);
    }
    assert_true(span[0] <= 1u << 29 && span[1] <= 1u << 29);
  }
  leaf_case_close(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(leaves_add_up_to_the_margin_of_every_hybrid_row),
      cmocka_unit_test(the_base_of_path_games_is_what_nobody_gets),
      cmocka_unit_test(the_unit_is_the_least_power_of_two_that_holds),
      cmocka_unit_test(a_slot_of_one_block_never_leaves_its_bound),
  };
  return cmocka_run_group_tests_name("leaf_forests", tests, NULL, NULL);
}
