/* self_test_leaf_games.c - small inputs for the stages of leaf games (kernels/leaf_groups.h).
 *
 * Columns, codes and missing ones as in self_test_stages.c; most cases have one group or one leaf.
 */
#include "host/opencl/self_test_writer.h"
#include "kernels/column_codes/column_codes_abi.h"
#include "kernels/group_table/group_table_abi.h"
#include "kernels/leaf_add/leaf_add_abi.h"
#include "kernels/leaf_pairs/leaf_pairs_abi.h"
#include "kernels/leaf_vectors/leaf_vectors_abi.h"
#include "kernels/long_pairs/long_pairs_abi.h"
#include "kernels/long_path/long_path_abi.h"
#include "kernels/pattern_counts/pattern_counts_abi.h"
#include "kernels/table_add/table_add_abi.h"
#include "kernels/tree_path/tree_path_abi.h"

enum { N_COLUMNS = APO_CASE_COLUMNS };

static void make_column_codes(apo_case_writer *w) {
  static const apo_derived_column derived[] = {{2, 0}, {0, 1}};
  static const apo_u32 sets[] = {0x15, 0x0a};
  const apo_column_codes_args a = {
      .n_rows = w->group * w->rows, .stride = 64, .n_columns = N_COLUMNS, .n_derived = 2};
  apo_case_args(w, &a, sizeof a);
  apo_case_codes(w, a.n_rows);
  apo_case_copy(w, derived, sizeof derived);
  apo_case_copy(w, sets, sizeof sets);
  apo_case_output(w, (size_t)(N_COLUMNS + 2) * a.stride * w->code_bytes, false);
  apo_case_launch(w, w->group);
}

// Two bits, the second of two tests, one of which goes round through missing; some padding rows.
static void make_pattern_counts(apo_case_writer *w) {
  static const apo_pattern_test tests[] = {
      {0 | APO_TEST_LAST, 1, 1}, {1, 0, 2}, {2 | APO_TEST_LAST, UINT32_MAX, 2}};
  static const apo_leaf_group group = {.n_bits = 2, .n_leaves = 1};
  const apo_pattern_counts_args a = {.n_rows = 61, .stride = 64, .group_begin = 0, .group_end = 1};
  apo_case_args(w, &a, sizeof a);
  apo_case_copy(w, &group, sizeof group);
  apo_case_copy(w, tests, sizeof tests);
  apo_case_codes(w, a.stride);  // [N_COLUMNS x stride]
  apo_u32 *weights = apo_case_words(w, a.n_rows * sizeof *weights);
  for (apo_u32 row = 0; row < a.n_rows; ++row) weights[row] = row - 7;
  apo_case_output(w, sizeof(apo_i32) << group.n_bits, false);
  apo_case_launch(w, w->group);
}

// Four players of six bits: one has two of them, and one bit is nobody's.
static void make_leaf_vectors(apo_case_writer *w) {
  enum { N_BITS = 6, N_PLAYERS = 4 };
  static const apo_group_player players[N_PLAYERS] = {
      {0x01, 0x01, 0, 0}, {0x12, 0x02, 1, 0}, {0x08, 0x00, 2, 0}, {0x20, 0x20, 3, 0}};
  static const apo_leaf_group group = {.n_bits = N_BITS, .n_leaves = 1};
  static const apo_group_leaf leaf = {.n_players = N_PLAYERS};
  const bool has_counts = apo_case_param(w->out, "APO_GAME", 0) == 0;
  const size_t n_vectors = apo_case_param(w->out, "APO_PAIRS", 0) != 0 ? 5 : 2;
  const size_t n_weights = APO_WEIGHT(2, N_PLAYERS, N_PLAYERS) + 1;
  const apo_leaf_vectors_args a = {.group_begin = 0, .group_end = 1};
  apo_case_args(w, &a, sizeof a);
  apo_case_copy(w, &group, sizeof group);
  apo_case_copy(w, &leaf, sizeof leaf);
  apo_case_copy(w, players, sizeof players);
  const size_t n_counts = has_counts ? (size_t)1 << N_BITS : 1;
  apo_u32 *counts = apo_case_words(w, n_counts * sizeof *counts);
  for (size_t i = 0; i < n_counts; ++i) counts[i] = apo_case_draw(w, 100);
  apo_u32 *ratios = apo_case_words(w, sizeof(apo_u64) * N_PLAYERS);  // low and high halves
  for (size_t i = 0; i < 2 * N_PLAYERS; ++i) ratios[i] = apo_case_draw(w, 0xffff) << 14;
  apo_u32 *weights = apo_case_words(w, n_weights * sizeof(apo_u64));
  for (size_t i = 0; w->fits && i < 2 * n_weights; ++i) weights[i] = apo_case_draw(w, 0xffff) << 9;
  apo_case_output(w, (n_vectors << N_PLAYERS) * sizeof(apo_u64), false);
  apo_case_launch(w, w->group);
}

// A group of three players and two leaves; one bit has two tests.
enum { GROUP_BITS = 3, GROUP_PLAYERS = 3 };

static const apo_pattern_test group_tests[] = {{0 | APO_TEST_LAST, 1, 1},
                                               {1, 0, 2},
                                               {2 | APO_TEST_LAST, UINT32_MAX, 2},
                                               {2 | APO_TEST_LAST, 1, 2}};

static void put_group(apo_case_writer *w) {
  static const apo_group_leaf leaves[] = {{0, 2, 0, 0}, {2, 2, 20, 1}};
  static const apo_group_player players[] = {
      {0x1, 0x1, 0, 0}, {0x6, 0x2, 2, 0}, {0x4, 0x4, 2, 0}, {0x3, 0x0, 1, 0}};
  static const apo_leaf_group group = {.n_bits = GROUP_BITS,
                                       .n_leaves = 2,
                                       .n_octets = 1,
                                       .n_players = GROUP_PLAYERS,
                                       .n_outputs = 1};
  apo_case_copy(w, &group, sizeof group);
  apo_case_copy(w, leaves, sizeof leaves);
  apo_case_copy(w, players, sizeof players);
}

static void put_values_and_vectors(apo_case_writer *w) {
  static const apo_i32 values[] = {123456789, -345678901};
  apo_case_copy(w, values, sizeof values);
  enum { N_HALVES = 2 * 40 };  // 5 vectors of 4 patterns each
  apo_u32 *halves = apo_case_words(w, N_HALVES * sizeof *halves);
  for (size_t i = 0; w->fits && i < N_HALVES; ++i) halves[i] = apo_case_draw(w, 0xffff) << 12;
}

static void make_group_table(apo_case_writer *w) {
  const apo_group_table_args a = {.group_begin = 0, .group_end = 1};
  apo_case_args(w, &a, sizeof a);
  put_group(w);
  put_values_and_vectors(w);
  apo_case_output(w, (size_t)32 << GROUP_BITS, false);
  apo_case_launch(w, w->group);
}

static void make_leaf_add(apo_case_writer *w) {
  const apo_leaf_add_args a = {.n_rows = 2, .stride = 3, .n_slots = 7, .group_end = 1};
  static const apo_u32 slots[] = {2, 0, 1, 5, 4, 3, 6, 6};
  apo_case_args(w, &a, sizeof a);
  put_group(w);
  apo_case_copy(w, group_tests, sizeof group_tests);
  apo_case_copy(w, slots, sizeof slots);
  put_values_and_vectors(w);
  apo_case_codes(w, 4);
  apo_case_output(w, (size_t)a.n_slots * a.stride * sizeof(int64_t), false);
  apo_case_launch(w, (size_t)a.n_rows * w->group);
}

// Three background rows, one of which counts less than nothing.
static void make_leaf_pairs(apo_case_writer *w) {
  enum { N_BACKGROUND = 3, B_STRIDE = 64, MOST = 3 };
  static const apo_i32 counts[N_BACKGROUND] = {5, 3, -1};
  static const apo_u32 slots[] = {2, 0, 1, 5, 4, 3, 6, 6};
  static const apo_i32 values[] = {123456789, -345678901};
  const apo_leaf_pairs_args a = {.n_rows = 2,
                                 .stride = 3,
                                 .n_slots = 7,
                                 .group_end = 1,
                                 .n_background = N_BACKGROUND,
                                 .b_stride = B_STRIDE};
  apo_case_args(w, &a, sizeof a);
  put_group(w);
  apo_case_copy(w, group_tests, sizeof group_tests);
  apo_case_copy(w, slots, sizeof slots);
  apo_case_copy(w, values, sizeof values);
  // Low and high halves, as far as a leaf of few players reads them.
  const size_t n_halves = 2 * (APO_MEETING(MOST, MOST, MOST) + 1);
  apo_u32 *meetings = apo_case_words(w, n_halves * sizeof *meetings);
  for (size_t i = 0; w->fits && i < n_halves; ++i) meetings[i] = apo_case_draw(w, 0xffff) << 9;
  apo_case_codes(w, B_STRIDE);
  apo_case_copy(w, counts, sizeof counts);
  apo_case_codes(w, 4);
  apo_case_output(w, (size_t)a.n_slots * a.stride * sizeof(int64_t), false);
  apo_case_launch(w, (size_t)a.n_rows * w->group);
}

// Eight groups of one player, whose value is in another column of each.
static void make_table_add(apo_case_writer *w) {
  enum { N_GROUPS = 8, N_WORDS_OF_TABLE = 8 << GROUP_BITS };
  const apo_u32 n_rows = w->group * w->rows;
  const apo_table_add_args a = {
      .n_rows = n_rows, .stride = n_rows, .n_slots = 2, .block_end = 1, .sub_tiles = 1};
  static const apo_u32 blocks[] = {0, N_GROUPS};
  apo_leaf_group groups[N_GROUPS];
  apo_u32 slots[8 * N_GROUPS];
  for (apo_u32 g = 0; g < N_GROUPS; ++g) {
    groups[g] = (apo_leaf_group){.n_bits = GROUP_BITS,
                                 .table_begin = g << GROUP_BITS,
                                 .n_octets = 1,
                                 .slot_begin = 8 * g,
                                 .n_players = 1,
                                 .n_outputs = 1};
    for (apo_u32 column = 0; column < 8; ++column) slots[8 * g + column] = column != g;
  }
  apo_case_args(w, &a, sizeof a);
  apo_case_copy(w, blocks, sizeof blocks);
  apo_case_copy(w, groups, sizeof groups);
  apo_case_copy(w, group_tests, sizeof group_tests);
  apo_case_copy(w, slots, sizeof slots);
  apo_u32 *table = apo_case_words(w, sizeof(apo_u32) * N_GROUPS * N_WORDS_OF_TABLE);
  for (apo_u32 i = 0; i < N_GROUPS * N_WORDS_OF_TABLE; ++i) {
    table[i] = i % 8 == i / N_WORDS_OF_TABLE ? apo_case_draw(w, 60000) - 30000 : 0;
  }
  apo_case_codes(w, n_rows);
  apo_case_output(w, (size_t)a.n_slots * a.stride * sizeof(int64_t), false);
  apo_case_scratch(w, (size_t)a.n_slots * a.stride * sizeof(apo_u32));
  apo_case_launch(w, w->group);
}

enum { LONG_ROWS = 64 };

// One leaf of three players and four tests, one of which goes round through missing.
static void put_long_leaf(apo_case_writer *w, apo_u32 n_patterns) {
  static const apo_pattern_test tests[] = {{0 | APO_TEST_LAST, 1, 1},
                                           {1, 0, 2},
                                           {2 | APO_TEST_LAST, UINT32_MAX, 2},
                                           {1 | APO_TEST_LAST, 1, 9}};
  static const apo_u32 players[N_COLUMNS] = {2, 0, 1};
  const apo_long_leaf long_leaf = {
      .n_players = N_COLUMNS, .n_outputs = 1, .n_patterns = n_patterns};
  apo_case_copy(w, &long_leaf, sizeof long_leaf);
  apo_case_copy(w, tests, sizeof tests);
  apo_case_copy(w, players, sizeof players);
}

// The leaf's value, codes [N_COLUMNS x LONG_ROWS], phi of singles and pairs.
static void put_long_rows(apo_case_writer *w) {
  static const apo_i32 value = -400000;
  apo_case_copy(w, &value, sizeof value);
  apo_case_codes(w, LONG_ROWS);
  apo_case_output(w, sizeof(int64_t) * 2 * N_COLUMNS * LONG_ROWS, false);
}

static void make_long_pairs(apo_case_writer *w) {
  enum { N_PATTERNS = 3, N_MOMENTS = N_COLUMNS + 1 };
  static const apo_u32 patterns[N_PATTERNS] = {7, 2, 4};
  static const apo_i32 weights[N_PATTERNS] = {5, 3, -1};
  const apo_long_pairs_args a = {.n_rows = LONG_ROWS,
                                 .stride = LONG_ROWS,
                                 .n_players = N_COLUMNS,
                                 .n_outputs = 1,
                                 .leaf_end = 1,
                                 .n_moments = N_MOMENTS};
  apo_case_args(w, &a, sizeof a);
  put_long_leaf(w, N_PATTERNS);
  apo_case_copy(w, patterns, sizeof patterns);
  apo_case_copy(w, weights, sizeof weights);
  apo_case_words(w, sizeof(apo_u32));  // its weights begin at 0
  apo_u32 *moments =
      apo_case_words(w, sizeof(apo_u64) * N_MOMENTS * N_MOMENTS);  // low and high halves
  for (size_t i = 0; i < 2 * N_MOMENTS * N_MOMENTS; ++i) moments[i] = apo_case_draw(w, 0xffff) << 9;
  put_long_rows(w);
  apo_case_scratch(w, sizeof(int64_t) * LONG_ROWS * APO_LONG_PAIRS_SCRATCH(N_COLUMNS, 1));
  apo_case_launch(w, LONG_ROWS / w->rows);
}

static void make_long_path(apo_case_writer *w) {
  enum { N_POINTS = 2 };
  static const apo_f32 ratios[N_COLUMNS] = {0.3f, 0.0f, 0.9f};
  static const apo_long_point points[N_POINTS] = {{0.21f, 0.79f, 0.5f, 1.27f},
                                                  {0.79f, 0.21f, 0.5f, 4.73f}};
  static const apo_u32 points_of[] = {0, N_POINTS};
  const apo_long_path_args a = {.n_rows = LONG_ROWS,
                                .stride = LONG_ROWS,
                                .n_players = N_COLUMNS,
                                .n_outputs = 1,
                                .leaf_end = 1,
                                .longest = N_COLUMNS,
                                .n_points = N_POINTS};
  apo_case_args(w, &a, sizeof a);
  put_long_leaf(w, 0);
  apo_case_copy(w, ratios, sizeof ratios);
  apo_case_copy(w, points, sizeof points);
  apo_case_copy(w, points_of, sizeof points_of);
  put_long_rows(w);
  apo_case_scratch(w, sizeof(apo_f32) * APO_LONG_PATH_SCRATCH(N_COLUMNS, N_POINTS, 1));
  apo_case_launch(w, LONG_ROWS / w->rows);
}

// Four nodes, every kind of step, and a player that the path meets again.
static void make_tree_path(apo_case_writer *w) {
  enum { N_NODES = 4, N_LEVELS = 3, N_SUMS = 2 };
  static const apo_u32 steps[] = {0 | APO_PATH_DOWN, 1 | APO_PATH_LEAVES, 0 | APO_PATH_TURN,
                                  2 | APO_PATH_LEAF, 3 | APO_PATH_LEAVES, 2 | APO_PATH_UP,
                                  0 | APO_PATH_UP};
  static const apo_path_node nodes[N_NODES] = {
      {{0, 1, 1}, 0, 0, 0, 0, 0.5f, 0.0f, 0.0f},
      {{1, 0, 2}, 1, 0, 1, 1, 0.25f, 500000.0f, -300000.0f},
      {{2, UINT32_MAX, 2}, 1, 1, 0, 0, 0.75f, 70000.0f, 0.0f},
      {{1, 1, 9}, 2, 0, 0, 1, 0.5f, -800000.0f, 200000.0f}};
  static const apo_u32 slots[N_SUMS] = {2, 0};
  const apo_u32 n_points = (apo_u32)apo_case_param(w->out, "APO_POINTS", 2);
  const apo_u32 n_factors = (1 + N_NODES * APO_PATH_FACTORS) * n_points;
  const apo_path_tree tree = {.n_steps = sizeof steps / sizeof steps[0],
                              .n_sums = N_SUMS,
                              .n_levels = N_LEVELS,
                              .n_points = n_points};
  const apo_tree_path_args a = {.n_rows = APO_TREE_PATH_ROWS,
                                .stride = APO_TREE_PATH_ROWS,
                                .tree_end = 1,
                                .n_levels = N_LEVELS,
                                .n_sums = N_SUMS};
  apo_case_args(w, &a, sizeof a);
  apo_case_copy(w, &tree, sizeof tree);
  apo_case_copy(w, steps, sizeof steps);
  apo_case_copy(w, nodes, sizeof nodes);
  apo_f32 factors[(1 + N_NODES * APO_PATH_FACTORS) * 16];
  for (apo_u32 i = 0; i < n_factors; ++i) factors[i] = (apo_f32)(1 + i % 7) * 0.125f;
  apo_case_copy(w, factors, n_factors * sizeof factors[0]);
  apo_case_copy(w, slots, sizeof slots);
  apo_case_codes(w, APO_TREE_PATH_ROWS);
  apo_case_output(w, sizeof(int64_t) * N_COLUMNS * APO_TREE_PATH_ROWS, false);
  apo_case_scratch(
      w, sizeof(apo_f32) * w->group * w->rows * APO_TREE_PATH_SCRATCH(N_LEVELS, n_points, N_SUMS));
  apo_case_launch(w, w->group);
}

const apo_case_maker apo_leaf_game_makers[] = {
    {"column_codes", make_column_codes},
    {"pattern_counts", make_pattern_counts},
    {"leaf_vectors", make_leaf_vectors},
    {"group_table", make_group_table},
    {"table_add", make_table_add},
    {"leaf_add", make_leaf_add},
    {"leaf_pairs", make_leaf_pairs},
    {"long_pairs", make_long_pairs},
    {"long_path", make_long_path},
    {"tree_path", make_tree_path},
    {NULL, NULL},
};
