/* self_test_stages.c - small inputs for every stage; those of leaf games are in self_test_leaf_games.c.
 *
 *   columns 0, 1, 2 are players 0, 1, 2; codes are 0 to 3, and missing
 *
 *   tree 0, output 0            tree 1, output 0      tree 2, output 1
 *        0: code[0] <= 1             5: leaf               6: code[2] in a set, or <= 0
 *        /          \                                      /          \
 *   1: code[1] <= 0  2: leaf                            7: leaf    8: code[0] <= 0
 *      or missing                                                    /        \
 *      /      \                                                   9: leaf   10: leaf
 *   3: leaf  4: leaf
 */
#include "host/opencl/self_test_stages.h"

#include <math.h>
#include <string.h>

#include "host/opencl/self_test_writer.h"
#include "kernels/coalition_mean/coalition_mean_abi.h"
#include "kernels/codes.h"
#include "kernels/donor_margin/donor_margin_abi.h"
#include "kernels/forest_margin/forest_margin_abi.h"
#include "kernels/linear_mean/linear_mean_abi.h"
#include "kernels/linear_terms/linear_terms_abi.h"
#include "kernels/mean_fold/mean_fold_abi.h"
#include "kernels/permutation_orders/permutation_orders_abi.h"
#include "kernels/row_codes/row_codes_abi.h"
#include "kernels/synth_rows/synth_rows_abi.h"

enum { N_COLUMNS = APO_CASE_COLUMNS, N_OUTPUTS = 2, N_LEAVES = 7, N_WORDS = 4 };

/* --- forests ---------------------------------------------------------------------------------- */

static apo_node split(apo_u32 column, apo_u32 cut, apo_u32 next) {
  return (apo_node){.column = column, .cut = cut, .next = next, .leaf = APO_NODE_INNER};
}

static apo_node leaf(apo_u32 self, apo_u32 number) {
  return (apo_node){.cut = APO_LEAF_CUT, .next = self, .leaf = number};
}

// Nodes, instances, leaves of `leaf_bytes` and sets, as the forest stages order them.
static void put_forest(apo_case_writer *w, size_t leaf_bytes) {
  static const apo_i32 values[N_LEAVES] = {300, -70, 11, 5, -400, 90, 2500};
  const apo_u32 set_or_range = w->has_sets ? APO_NODE_SET : 0;
  const apo_node nodes[] = {
      split(0, 1, 1), split(1, 1, 3 | APO_NODE_BIAS), leaf(2, 0), leaf(3, 1),     leaf(4, 2),
      leaf(5, 0),     split(2, 0, 7 | set_or_range),  leaf(7, 0), split(0, 0, 9), leaf(9, 1),
      leaf(10, 2)};
  const apo_instance instances[] = {{0, 0, 2, 0}, {5, 3, 0, 0}, {6, 4, 2, 0}};
  const apo_u32 sets[] = {0x15};  // missing, 1 and 3 go left
  apo_case_copy(w, nodes, sizeof nodes);
  apo_case_copy(w, instances, sizeof instances);
  unsigned char *leaves = (unsigned char *)apo_case_words(w, N_LEAVES * leaf_bytes);
  for (size_t i = 0; i < N_LEAVES; ++i) {
    const int64_t value = values[i];
    const apo_i32 narrow = values[i];
    memcpy(leaves + i * leaf_bytes, leaf_bytes == 8 ? (const void *)&value : &narrow, leaf_bytes);
  }
  apo_case_copy(w, sets, sizeof sets);
}

static void put_players(apo_case_writer *w) {
  static const apo_u32 players[N_COLUMNS] = {0, 1, 2};
  apo_case_copy(w, players, sizeof players);
}

static void make_forest_margin(apo_case_writer *w) {
  const apo_forest_margin_args a = {.n_rows = w->group * w->rows,
                                    .n_columns = N_COLUMNS,
                                    .n_outputs = N_OUTPUTS,
                                    .output = 0,
                                    .instance_begin = 0,
                                    .instance_end = 2};
  apo_case_args(w, &a, sizeof a);
  put_forest(w, sizeof(int64_t));
  apo_case_codes(w, a.n_rows);
  apo_case_output(w, (size_t)a.n_rows * N_OUTPUTS * sizeof(int64_t), false);
  apo_case_launch(w, w->group);
}

static void make_donor_margin(apo_case_writer *w) {
  const apo_donor_margin_args a = {.n_rows = w->group * w->rows,
                                   .n_columns = N_COLUMNS,
                                   .n_outputs = N_OUTPUTS,
                                   .output = 1,
                                   .instance_begin = 2,
                                   .instance_end = 3,
                                   .player_begin = 1,
                                   .n_players = 2,
                                   .max_depth = 2};
  apo_case_args(w, &a, sizeof a);
  put_forest(w, sizeof(int64_t));
  put_players(w);
  apo_case_codes(w, a.n_rows);
  apo_case_codes(w, a.n_rows);
  apo_case_output(w, (size_t)a.n_players * N_OUTPUTS * a.n_rows * sizeof(int64_t), false);
  apo_case_scratch(w, (size_t)a.n_rows * 2 * (a.max_depth + 1) * sizeof(apo_u32));
  apo_case_launch(w, w->group);
}

// All eight coalitions of three players, again and again.
static void put_members(apo_case_writer *w) {
  static const apo_u32 patterns[N_COLUMNS] = {0xaaaaaaaau, 0xccccccccu, 0xf0f0f0f0u};
  apo_u32 *members = apo_case_words(w, sizeof(apo_u32) * N_COLUMNS * N_WORDS);
  for (size_t i = 0; i < (size_t)N_COLUMNS * N_WORDS; ++i) members[i] = patterns[i / N_WORDS];
}

static void put_list_of_row(apo_case_writer *w) {
  apo_case_words(w, sizeof(apo_u32));  // list 0
}

enum { N_BACKGROUND = 2, N_PLANES = 2 };

static void make_coalition_mean(apo_case_writer *w) {
  const apo_u32 own_words = w->group == 1 ? N_WORDS : w->group;
  apo_coalition_mean_args a = {.n_rows = 1,
                               .n_columns = N_COLUMNS,
                               .n_players = N_COLUMNS,
                               .n_outputs = N_OUTPUTS,
                               .n_planes = N_PLANES,
                               .n_words = N_WORDS,
                               .n_background = N_BACKGROUND,
                               .n_blocks = 1,
                               .n_chunks = 1,
                               .lane_words = 2 * APO_CUBE_HEAD_WORDS + 4,
                               .max_literals = 2,
                               .unit = 0x1p-8f,
                               .response_scale = 1.0f};
  a.group_words =
      w->group * (a.lane_words + 2 * a.max_literals) + N_PLANES * N_OUTPUTS * 32 * own_words;
  a.group_words = (a.group_words + 15) / 16 * 16;
  static const apo_u32 output_begin[N_OUTPUTS + 1] = {0, 2, 3};
  static const apo_i32 base[N_OUTPUTS] = {100, -30};
  apo_case_args(w, &a, sizeof a);
  put_forest(w, sizeof(apo_i32));
  apo_case_copy(w, output_begin, sizeof output_begin);
  apo_case_copy(w, base, sizeof base);
  apo_case_codes(w, 1);
  apo_case_codes(w, N_BACKGROUND);
  apo_case_floats(w, N_BACKGROUND);
  put_players(w);
  put_members(w);
  put_list_of_row(w);
  apo_case_output(w, sizeof(apo_f32) * N_PLANES * N_OUTPUTS * 32 * N_WORDS, true);
  apo_case_scratch(w, a.group_words * sizeof(apo_u32));
  apo_case_launch(w, w->group);
}

/* --- linear models ---------------------------------------------------------------------------- */

static void make_linear_mean(apo_case_writer *w) {
  const apo_linear_mean_args a = {.n_rows = 1,
                                  .n_players = N_COLUMNS,
                                  .n_outputs = N_OUTPUTS,
                                  .n_planes = N_PLANES,
                                  .n_words = N_WORDS,
                                  .n_background = N_BACKGROUND,
                                  .n_blocks = 1,
                                  .n_chunks = 1,
                                  .response_scale = 1.0f};
  apo_case_args(w, &a, sizeof a);
  apo_case_floats(w, N_OUTPUTS);
  apo_case_floats(w, (size_t)N_OUTPUTS * N_COLUMNS);
  apo_case_floats(w, (size_t)N_BACKGROUND * N_OUTPUTS * N_COLUMNS);
  apo_case_floats(w, N_BACKGROUND);
  put_members(w);
  put_list_of_row(w);
  const size_t n_bytes = sizeof(apo_f32) * N_PLANES * N_OUTPUTS * 32 * N_WORDS;
  apo_case_output(w, n_bytes, true);
  apo_case_scratch(w, n_bytes);
  apo_case_launch(w, w->group);
}

static void make_linear_terms(apo_case_writer *w) {
  const apo_linear_terms_args a = {.n_rows = w->group * w->rows,
                                   .n_columns = N_COLUMNS,
                                   .n_outputs = N_OUTPUTS,
                                   .n_players = N_COLUMNS};
  const size_t n_terms = (size_t)a.n_rows * N_OUTPUTS * N_COLUMNS;
  apo_case_args(w, &a, sizeof a);
  apo_case_floats(w, (size_t)a.n_rows * N_COLUMNS);
  apo_case_words(w, (size_t)a.n_rows * N_COLUMNS * sizeof(apo_f32));  // the low halves are 0
  apo_case_floats(w, (size_t)N_OUTPUTS * N_COLUMNS);
  apo_case_words(w, sizeof(apo_f32) * N_OUTPUTS * N_COLUMNS);
  put_players(w);
  apo_case_output(w, n_terms * sizeof(apo_f32), true);
  apo_case_output(w, n_terms * sizeof(apo_f32), true);
  apo_case_launch(w, w->group);
}

/* --- the rest --------------------------------------------------------------------------------- */

static void make_mean_fold(apo_case_writer *w) {
  const apo_mean_fold_args a = {.n_rows = 1, .n_blocks = 3, .n_values = 70, .is_first = 1};
  const size_t per_group = (size_t)w->group * w->rows;
  apo_case_args(w, &a, sizeof a);
  apo_case_floats(w, (size_t)a.n_blocks * a.n_values);
  apo_case_output(w, a.n_values * sizeof(apo_f32), true);
  apo_case_output(w, a.n_values * sizeof(apo_f32), true);
  apo_case_launch(w, (a.n_values + per_group - 1) / per_group * w->group);
}

static void make_synth_rows(apo_case_writer *w) {
  const apo_synth_rows_args a = {.n_pairs = 12,
                                 .n_columns = N_COLUMNS,
                                 .n_words = N_WORDS,
                                 .n_background = N_BACKGROUND,
                                 .first_coalition = 1,
                                 .first_background = 1};
  apo_case_args(w, &a, sizeof a);
  apo_case_floats(w, 2 * N_COLUMNS);  // any bits will do
  apo_case_floats(w, (size_t)2 * N_BACKGROUND * N_COLUMNS);
  put_members(w);
  put_players(w);
  apo_case_output(w, (size_t)a.n_pairs * N_COLUMNS * sizeof(uint64_t), false);
  apo_case_launch(w, a.n_pairs);
}

static void make_permutation_orders(apo_case_writer *w) {
  static const apo_u32 n_varying[] = {0, 1, 5, 8};
  const apo_permutation_orders_args a = {.seed_low = 0x89abcdefu,
                                         .seed_high = 0x81234567u,
                                         .row_low = 0xfffffffeu,
                                         .row_high = 1,
                                         .stream = 3,
                                         .n_rows = 4,
                                         .n_orders = 3,
                                         .n_slots = 8};
  apo_case_args(w, &a, sizeof a);
  apo_case_copy(w, n_varying, sizeof n_varying);
  apo_case_output(w, sizeof(apo_u32) * a.n_rows * a.n_orders * a.n_slots, false);
  apo_case_launch(w, (size_t)a.n_rows * a.n_orders);
}

// The key of a value as cuts have it: integers in the order of the values.
static uint64_t key_of(const void *value, size_t n_bytes) {
  uint64_t bits = 0;
  memcpy(&bits, value, n_bytes);  // little-endian hosts only
  const uint64_t sign = (uint64_t)1 << (8 * n_bytes - 1);
  const uint64_t magnitude = bits & (sign - 1);
  return (bits & sign) != 0 ? sign - magnitude : sign + magnitude;
}

// Three columns, the second without cuts; values below, on, between and above cuts, and missing.
static void make_row_codes(apo_case_writer *w) {
  static const double cuts[] = {-2.5, -0.0, 1.0, 0x1p100};
  static const double values[] = {-3.0, -2.5,   -0.0,     0.0,       0.5,
                                  1.0,  0x1p99, INFINITY, -INFINITY, NAN};
  enum { N_CUTS = 4, N_VALUES = 10 };
  static const apo_u32 cut_begin[N_COLUMNS + 1] = {0, N_CUTS, N_CUTS, 2 * N_CUTS};
  const size_t key_bytes = (size_t)apo_case_param(w->out, "APO_KEY_BYTES", 4);
  const apo_row_codes_args a = {.n_rows = w->group * w->rows, .n_columns = N_COLUMNS};
  const size_t n = (size_t)a.n_rows * N_COLUMNS;
  apo_case_args(w, &a, sizeof a);
  unsigned char *value = (unsigned char *)apo_case_words(w, n * key_bytes);
  for (size_t i = 0; w->fits && i < n; ++i) {
    const double wide = values[i * 7 % N_VALUES];
    const float narrow = (float)wide;
    memcpy(value + i * key_bytes, key_bytes == 8 ? (const void *)&wide : &narrow, key_bytes);
  }
  apo_case_copy(w, cut_begin, sizeof cut_begin);
  unsigned char *keys = (unsigned char *)apo_case_words(w, 2 * N_CUTS * key_bytes);
  for (size_t i = 0; i < 2 * N_CUTS; ++i) {
    const double wide = cuts[i % N_CUTS];
    const float narrow = (float)wide;
    const uint64_t key = key_of(key_bytes == 8 ? (const void *)&wide : &narrow, key_bytes);
    memcpy(keys + i * key_bytes, &key, key_bytes);
  }
  apo_case_output(w, (n * w->code_bytes + 3) / 4 * 4, false);
  apo_case_launch(w, w->group);
}

static const apo_case_maker makers[] = {
    {"row_codes", make_row_codes},
    {"forest_margin", make_forest_margin},
    {"coalition_mean", make_coalition_mean},
    {"linear_mean", make_linear_mean},
    {"mean_fold", make_mean_fold},
    {"donor_margin", make_donor_margin},
    {"linear_terms", make_linear_terms},
    {"synth_rows", make_synth_rows},
    {"permutation_orders", make_permutation_orders},
    {NULL, NULL},
};

static const apo_case_maker *find_maker(const apo_case_maker *at, const apo_stage *stage) {
  while (at->stage != NULL && apo_stage_find(at->stage) != stage) ++at;
  return at->stage != NULL ? at : NULL;
}

bool apo_self_test_stage_case(const apo_stage *stage,
                              const apo_i32 *spec,
                              apo_self_test_case *out) {
  const apo_case_maker *maker = find_maker(makers, stage);
  if (maker == NULL) maker = find_maker(apo_leaf_game_makers, stage);
  if (maker == NULL) return false;
  out->stage = stage;
  memcpy(out->spec, spec, stage->n_params * sizeof spec[0]);
  apo_case_writer w = {.out = out,
                       .group = (apo_u32)apo_case_param(out, "APO_GROUP", 1),
                       .rows = (apo_u32)apo_case_param(out, "APO_ROWS", 1),
                       .code_bytes = (apo_u32)apo_case_param(out, "APO_CODE_BYTES", 2),
                       .has_sets = apo_case_param(out, "APO_SETS", 0) != 0,
                       .state = 0x5eed,
                       .fits = true};
  maker->make(&w);
  return w.fits;
}
