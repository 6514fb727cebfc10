/* test_tree_programs.c - trees written down as programs, run by the twin of tree_path, against the
 * definition leaf by leaf.  A table made for one row never pays, so that every tree is a program. */
#include "kernels/stage.h"
#include "tests/support/leaf_game_case.h"
#include "tests/support/made_forest.h"
#include "tests/support/tree_game.h"

enum { N_ROWS = APO_TREE_PATH_ROWS, MAX_PLAYERS = 32 };

// Of a tree's greatest value: fp32 throughout, and sums of many nodes.
static const double allowed = 2e-6;

typedef struct world {
  leaf_case c;
  double *rows;   /* [N_ROWS x n_columns] that have the codes below */
  uint32_t *code; /* [n_columns + n_derived][N_ROWS] */
  int64_t *phi;   /* [n_slots][N_ROWS] */
} world;

static void draw_rows(world *w) {
  leaf_case *c = &w->c;
  const uint32_t n = c->model->n_columns;
  const uint32_t n_all = n + c->games->n_derived;
  const apo_cuts *cuts = c->codes->cuts;
  apo_random random = apo_random_start(99);
  w->rows = calloc((size_t)N_ROWS * n, sizeof *w->rows);
  w->code = calloc((size_t)N_ROWS * n_all, sizeof *w->code);
  assert_true(w->rows != NULL && w->code != NULL);
  for (uint32_t row = 0; row < N_ROWS; ++row) {
    leaf_case_draw(c, &random);
    for (uint32_t i = 0; i < n_all; ++i) w->code[(size_t)i * N_ROWS + row] = c->row[i];
    for (uint32_t i = 0; i < n; ++i) {
      w->rows[(size_t)row * n + i] =
          c->row[i] == apo_cuts_missing(cuts) ? (double)NAN : apo_cuts_value(cuts, i, c->row[i]);
    }
  }
}

// Codes of two bytes, should the forest have such.
static void *narrowed(const world *w, size_t n) {
  uint16_t *narrow = calloc(n, sizeof *narrow);
  assert_non_null(narrow);
  for (size_t i = 0; i < n; ++i) narrow[i] = (uint16_t)w->code[i];
  return narrow;
}

static void run_programs(world *w) {
  const apo_leaf_games *games = w->c.games;
  const apo_tree_programs *p = &games->programs;
  const apo_stage *stage = apo_stage_find("tree_path");
  const uint32_t n_all = w->c.model->n_columns + games->n_derived;
  const uint32_t code_bytes = leaf_case_bytes(&w->c);
  void *code = code_bytes == 2 ? narrowed(w, (size_t)n_all * N_ROWS) : w->code;
  w->phi = calloc((size_t)games->n_slots * N_ROWS, sizeof *w->phi);
  float *scratch = calloc(
      APO_TREE_PATH_SCRATCH((size_t)p->most_levels, p->most_points, p->most_sums), sizeof *scratch);
  assert_true(stage != NULL && w->phi != NULL && scratch != NULL);
  for (uint32_t i = 0; i < p->n_trees; ++i) {
    const apo_tree_path_args args = {.n_rows = N_ROWS,
                                     .stride = N_ROWS,
                                     .tree_begin = i,
                                     .tree_end = i + 1,
                                     .n_levels = p->most_levels,
                                     .n_sums = p->most_sums};
    const apo_i32 spec[] = {(apo_i32)code_bytes, (apo_i32)p->tree[i].n_points, 1, 32};
    void *buffers[] = {p->tree, p->step, p->node, p->factor, p->slot, code, w->phi, scratch};
    stage->reference(spec, &args, buffers);
  }
  free(scratch);
  if (code != w->code) free(code);
}

static double greatest_value(const apo_model *model) {
  double greatest = 0.0;
  for (uint64_t i = 0; i < model->forest->n_leaves; ++i) {
    greatest = fmax(greatest, fabs(model->forest->leaf_value[i]));
  }
  return greatest;
}

static void assert_defined(const world *w, apo_index index, const char *what) {
  const leaf_case *c = &w->c;
  const uint32_t n_players = c->wish.n_players;
  const explain_case of = {.model = c->model, .rows = w->rows, .n_rows = N_ROWS};
  const brute b = {.c = &of, .player_of_column = c->player_of_column, .n_players = n_players};
  const double most = allowed * greatest_value(c->model) * c->model->forest->n_trees;
  for (uint32_t row = 0; row < N_ROWS; ++row) {
    const double *x = w->rows + (size_t)row * c->model->n_columns;
    for (uint32_t k = 0; k < c->model->n_outputs; ++k) {
      double phi[MAX_PLAYERS];
      leaf_values(&b, index, x, k, phi, NULL);
      for (uint32_t i = 0; i < n_players; ++i) {
        const size_t slot = (size_t)k * n_players + i;
        const double got = (double)w->phi[slot * N_ROWS + row] * c->games->unit;
        if (fabs(got - phi[i]) <= most) continue;
        fail_msg("%s: row %u output %u player %u: %.9g, by definition %.9g within %g", what, row, k,
                 i, got, phi[i], most);
      }
    }
  }
}

static void check(apo_model *model, uint32_t n_players, bool is_banzhaf, const char *what) {
  world w = {.c = {.model = model}};
  leaf_case_cut(&w.c, n_players,
                (apo_leaf_wish){.is_path = true, .table_rows = 1, .is_banzhaf = is_banzhaf});
  assert_true(w.c.games->programs.n_trees > 0);
  assert_int_equal(w.c.games->n_groups, 0);
  assert_int_equal(w.c.games->n_long, 0);
  draw_rows(&w);
  run_programs(&w);
  assert_defined(&w, is_banzhaf ? APO_INDEX_BANZHAF : APO_INDEX_SHAPLEY, what);
  free(w.rows);
  free(w.code);
  free(w.phi);
  leaf_case_close(&w.c);
}

// From one column, and so one node after another of one player, to ten.
static void random_trees_meet_the_definition(void **state) {
  (void)state;
  for (uint32_t n = 1; n <= 10; ++n) {
    for (int banzhaf = 0; banzhaf < 2; ++banzhaf) {
      const apo_random_spec spec = {.seed = n,
                                    .n_columns = n,
                                    .n_outputs = 1 + n % 2,
                                    .n_trees = 3,
                                    .max_depth = 2 + n,
                                    .categorical_share = 0.2,
                                    .has_covers = true};
      check(apo_random_model(&spec), n, banzhaf != 0, "random trees");
    }
  }
}

static void players_of_several_columns_meet_the_definition(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 21,
                                .n_columns = 12,
                                .n_outputs = 1,
                                .n_trees = 4,
                                .max_depth = 9,
                                .split_share = 0.9,
                                .categorical_share = 0.3,
                                .has_covers = true};
  for (uint32_t n_players = 1; n_players <= 7; n_players += 2) {
    check(apo_random_model(&spec), n_players, false, "players of several columns");
  }
}

static void sides_without_cover_meet_the_definition(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 31,
                                .n_columns = 6,
                                .n_outputs = 1,
                                .n_trees = 4,
                                .max_depth = 8,
                                .split_share = 0.9,
                                .has_covers = true};
  apo_model *model = apo_random_model(&spec);
  apo_random random = apo_random_start(32);
  for (uint64_t i = 0; i < model->forest->n_leaves; ++i) {
    if (apo_random_below(&random, 3) == 0) model->forest->leaf_cover[i] = 0.0;
  }
  check(model, 6, false, "sides without cover");
}

static void chains_meet_the_definition_at_any_length(void **state) {
  (void)state;
  for (uint32_t n = 1; n <= MAX_PLAYERS; n = n < 4 ? n + 1 : 2 * n) {
    made_forest made = made_open(n, 1);
    made_chain(&made, n, n);
    check(made_model(&made), n, false, "a chain");
  }
}

static void a_tree_with_more_players_than_points_is_no_program(void **state) {
  (void)state;
  made_forest made = made_open(MAX_PLAYERS + 1, 1);
  made_chain(&made, MAX_PLAYERS + 1, 1);
  leaf_case c = {.model = made_model(&made)};
  leaf_case_cut(&c, MAX_PLAYERS + 1, (apo_leaf_wish){.is_path = true, .table_rows = 1});
  assert_int_equal(c.games->programs.n_trees, 0);
  assert_true(c.games->n_groups + c.games->n_long > 0);
  leaf_case_close(&c);
}

static void nobody_who_does_not_ask_gets_programs(void **state) {
  (void)state;
  const apo_random_spec spec = {
      .seed = 41, .n_columns = 5, .n_outputs = 1, .n_trees = 3, .max_depth = 6, .has_covers = true};
  const apo_leaf_wish wishes[] = {
      {.is_path = true}, {.is_path = true, .with_pairs = true, .table_rows = 1}, {.table_rows = 1}};
  for (size_t i = 0; i < sizeof wishes / sizeof *wishes; ++i) {
    leaf_case c = {.model = apo_random_model(&spec)};
    leaf_case_cut(&c, 5, wishes[i]);
    assert_int_equal(c.games->programs.n_trees, 0);
    leaf_case_close(&c);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_trees_meet_the_definition),
      cmocka_unit_test(players_of_several_columns_meet_the_definition),
      cmocka_unit_test(sides_without_cover_meet_the_definition),
      cmocka_unit_test(chains_meet_the_definition_at_any_length),
      cmocka_unit_test(a_tree_with_more_players_than_points_is_no_program),
      cmocka_unit_test(nobody_who_does_not_ask_gets_programs),
  };
  return cmocka_run_group_tests_name("unit.tree_programs", tests, NULL, NULL);
}
