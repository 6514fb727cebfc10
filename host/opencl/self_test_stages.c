/* self_test_stages.c - small inputs for every stage.
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

#include "engine/exec/spec_line.h"
#include "kernels/coalition_mean/coalition_mean_abi.h"
#include "kernels/codes.h"
#include "kernels/column_codes/column_codes_abi.h"
#include "kernels/donor_margin/donor_margin_abi.h"
#include "kernels/forest_margin/forest_margin_abi.h"
#include "kernels/group_table/group_table_abi.h"
#include "kernels/leaf_add/leaf_add_abi.h"
#include "kernels/leaf_vectors/leaf_vectors_abi.h"
#include "kernels/linear_mean/linear_mean_abi.h"
#include "kernels/linear_terms/linear_terms_abi.h"
#include "kernels/long_pairs/long_pairs_abi.h"
#include "kernels/long_path/long_path_abi.h"
#include "kernels/mean_fold/mean_fold_abi.h"
#include "kernels/pattern_counts/pattern_counts_abi.h"
#include "kernels/permutation_orders/permutation_orders_abi.h"
#include "kernels/row_codes/row_codes_abi.h"
#include "kernels/synth_rows/synth_rows_abi.h"
#include "kernels/table_add/table_add_abi.h"

enum { N_COLUMNS = 3, N_OUTPUTS = 2, N_CODES = 4, N_LEAVES = 7, N_WORDS = 4 };

/* A case on its way, and the parameters that most stages have. */
typedef struct writer {
  apo_self_test_case *out;
  apo_u32 group;
  apo_u32 rows;       /* of a work-item */
  apo_u32 code_bytes; /* of stages on codes */
  bool has_sets;
  apo_u32 next; /* the buffer to be written next */
  apo_u32 state;
  bool fits;
} writer;

static apo_i32 param(const apo_self_test_case *known, const char *name, apo_i32 absent) {
  return apo_spec_value(known->stage, known->spec, name, absent);
}

// The next buffer, zeroed; behind the last word of a case there is none, and the case is given up.
static apo_u32 *buffer(writer *w, size_t n_bytes) {
  apo_case_buffer *to = &w->out->buffers[w->next++];
  w->fits = w->fits && n_bytes <= sizeof to->words;
  to->n_bytes = w->fits ? n_bytes : sizeof to->words;
  return to->words;
}

static apo_u32 *output(writer *w, size_t n_bytes, bool is_float) {
  w->out->buffers[w->next].is_output = true;
  w->out->buffers[w->next].is_float = is_float;
  return buffer(w, n_bytes);
}

// What a stage only works with has no content and may be longer than a case's words.
static void scratch(writer *w, size_t n_bytes) {
  w->out->buffers[w->next].is_scratch = true;
  w->out->buffers[w->next++].n_bytes = n_bytes;
}

static void copy(writer *w, const void *from, size_t n_bytes) {
  memcpy(buffer(w, n_bytes), from, n_bytes);
}

static void args(writer *w, const void *from, size_t n_bytes) {
  memcpy(w->out->args, from, n_bytes);
}

static void launch(writer *w, size_t n_items) {
  w->out->n_items = (n_items + w->group - 1) / w->group * w->group;
  w->out->group = w->group;
}

static apo_u32 draw(writer *w, apo_u32 limit) {
  w->state = w->state * 1664525u + 1013904223u;
  return (w->state >> 16) % limit;
}

static void floats(writer *w, size_t n) {
  apo_f32 *to = (apo_f32 *)(void *)buffer(w, n * sizeof *to);
  for (size_t i = 0; w->fits && i < n; ++i) {
    to[i] = ((apo_f32)draw(w, 2001) - 1000.0f) * 0.0031f;
  }
}

/* --- forests ---------------------------------------------------------------------------------- */

static apo_node split(apo_u32 column, apo_u32 cut, apo_u32 next) {
  return (apo_node){.column = column, .cut = cut, .next = next, .leaf = APO_NODE_INNER};
}

static apo_node leaf(apo_u32 self, apo_u32 number) {
  return (apo_node){.cut = APO_LEAF_CUT, .next = self, .leaf = number};
}

// Nodes, instances, leaves of `leaf_bytes` and sets, as the forest stages order them.
static void put_forest(writer *w, size_t leaf_bytes) {
  static const apo_i32 values[N_LEAVES] = {300, -70, 11, 5, -400, 90, 2500};
  const apo_u32 set_or_range = w->has_sets ? APO_NODE_SET : 0;
  const apo_node nodes[] = {
      split(0, 1, 1), split(1, 1, 3 | APO_NODE_BIAS), leaf(2, 0), leaf(3, 1),     leaf(4, 2),
      leaf(5, 0),     split(2, 0, 7 | set_or_range),  leaf(7, 0), split(0, 0, 9), leaf(9, 1),
      leaf(10, 2)};
  const apo_instance instances[] = {{0, 0, 2, 0}, {5, 3, 0, 0}, {6, 4, 2, 0}};
  const apo_u32 sets[] = {0x15};  // missing, 1 and 3 go left
  copy(w, nodes, sizeof nodes);
  copy(w, instances, sizeof instances);
  unsigned char *leaves = (unsigned char *)buffer(w, N_LEAVES * leaf_bytes);
  for (size_t i = 0; i < N_LEAVES; ++i) {
    const int64_t value = values[i];
    const apo_i32 narrow = values[i];
    memcpy(leaves + i * leaf_bytes, leaf_bytes == 8 ? (const void *)&value : &narrow, leaf_bytes);
  }
  copy(w, sets, sizeof sets);
}

static void put_codes(writer *w, size_t n_rows) {
  const size_t n = n_rows * N_COLUMNS;
  const size_t n_bytes = n * w->code_bytes;
  unsigned char *to = (unsigned char *)buffer(w, (n_bytes + 3) / 4 * 4);
  for (size_t i = 0; w->fits && i < n; ++i) {
    const apo_u32 drawn = draw(w, N_CODES + 1);
    const apo_u32 code = drawn == N_CODES ? UINT32_MAX : drawn;
    const uint16_t narrow = (uint16_t)code;
    memcpy(to + i * w->code_bytes, w->code_bytes == 2 ? (const void *)&narrow : &code,
           w->code_bytes);
  }
}

static void put_players(writer *w) {
  static const apo_u32 players[N_COLUMNS] = {0, 1, 2};
  copy(w, players, sizeof players);
}

static void make_forest_margin(writer *w) {
  const apo_forest_margin_args a = {.n_rows = w->group * w->rows,
                                    .n_columns = N_COLUMNS,
                                    .n_outputs = N_OUTPUTS,
                                    .output = 0,
                                    .instance_begin = 0,
                                    .instance_end = 2};
  args(w, &a, sizeof a);
  put_forest(w, sizeof(int64_t));
  put_codes(w, a.n_rows);
  output(w, (size_t)a.n_rows * N_OUTPUTS * sizeof(int64_t), false);
  launch(w, w->group);
}

static void make_donor_margin(writer *w) {
  const apo_donor_margin_args a = {.n_rows = w->group * w->rows,
                                   .n_columns = N_COLUMNS,
                                   .n_outputs = N_OUTPUTS,
                                   .output = 1,
                                   .instance_begin = 2,
                                   .instance_end = 3,
                                   .player_begin = 1,
                                   .n_players = 2,
                                   .max_depth = 2};
  args(w, &a, sizeof a);
  put_forest(w, sizeof(int64_t));
  put_players(w);
  put_codes(w, a.n_rows);
  put_codes(w, a.n_rows);
  output(w, (size_t)a.n_players * N_OUTPUTS * a.n_rows * sizeof(int64_t), false);
  scratch(w, (size_t)a.n_rows * 2 * (a.max_depth + 1) * sizeof(apo_u32));
  launch(w, w->group);
}

// All eight coalitions of three players, again and again.
static void put_members(writer *w) {
  static const apo_u32 patterns[N_COLUMNS] = {0xaaaaaaaau, 0xccccccccu, 0xf0f0f0f0u};
  apo_u32 *members = buffer(w, sizeof(apo_u32) * N_COLUMNS * N_WORDS);
  for (size_t i = 0; i < (size_t)N_COLUMNS * N_WORDS; ++i) members[i] = patterns[i / N_WORDS];
}

static void put_list_of_row(writer *w) {
  buffer(w, sizeof(apo_u32));  // list 0
}

enum { N_BACKGROUND = 2, N_PLANES = 2 };

static void make_coalition_mean(writer *w) {
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
  args(w, &a, sizeof a);
  put_forest(w, sizeof(apo_i32));
  copy(w, output_begin, sizeof output_begin);
  copy(w, base, sizeof base);
  put_codes(w, 1);
  put_codes(w, N_BACKGROUND);
  floats(w, N_BACKGROUND);
  put_players(w);
  put_members(w);
  put_list_of_row(w);
  output(w, sizeof(apo_f32) * N_PLANES * N_OUTPUTS * 32 * N_WORDS, true);
  scratch(w, a.group_words * sizeof(apo_u32));
  launch(w, w->group);
}

/* --- linear models ---------------------------------------------------------------------------- */

static void make_linear_mean(writer *w) {
  const apo_linear_mean_args a = {.n_rows = 1,
                                  .n_players = N_COLUMNS,
                                  .n_outputs = N_OUTPUTS,
                                  .n_planes = N_PLANES,
                                  .n_words = N_WORDS,
                                  .n_background = N_BACKGROUND,
                                  .n_blocks = 1,
                                  .n_chunks = 1,
                                  .response_scale = 1.0f};
  args(w, &a, sizeof a);
  floats(w, N_OUTPUTS);
  floats(w, (size_t)N_OUTPUTS * N_COLUMNS);
  floats(w, (size_t)N_BACKGROUND * N_OUTPUTS * N_COLUMNS);
  floats(w, N_BACKGROUND);
  put_members(w);
  put_list_of_row(w);
  const size_t n_bytes = sizeof(apo_f32) * N_PLANES * N_OUTPUTS * 32 * N_WORDS;
  output(w, n_bytes, true);
  scratch(w, n_bytes);
  launch(w, w->group);
}

static void make_linear_terms(writer *w) {
  const apo_linear_terms_args a = {.n_rows = w->group * w->rows,
                                   .n_columns = N_COLUMNS,
                                   .n_outputs = N_OUTPUTS,
                                   .n_players = N_COLUMNS};
  const size_t n_terms = (size_t)a.n_rows * N_OUTPUTS * N_COLUMNS;
  args(w, &a, sizeof a);
  floats(w, (size_t)a.n_rows * N_COLUMNS);
  buffer(w, (size_t)a.n_rows * N_COLUMNS * sizeof(apo_f32));  // the low halves are 0
  floats(w, (size_t)N_OUTPUTS * N_COLUMNS);
  buffer(w, sizeof(apo_f32) * N_OUTPUTS * N_COLUMNS);
  put_players(w);
  output(w, n_terms * sizeof(apo_f32), true);
  output(w, n_terms * sizeof(apo_f32), true);
  launch(w, w->group);
}

/* --- the rest --------------------------------------------------------------------------------- */

static void make_mean_fold(writer *w) {
  const apo_mean_fold_args a = {.n_rows = 1, .n_blocks = 3, .n_values = 70, .is_first = 1};
  const size_t per_group = (size_t)w->group * w->rows;
  args(w, &a, sizeof a);
  floats(w, (size_t)a.n_blocks * a.n_values);
  output(w, a.n_values * sizeof(apo_f32), true);
  output(w, a.n_values * sizeof(apo_f32), true);
  launch(w, (a.n_values + per_group - 1) / per_group * w->group);
}

static void make_synth_rows(writer *w) {
  const apo_synth_rows_args a = {.n_pairs = 12,
                                 .n_columns = N_COLUMNS,
                                 .n_words = N_WORDS,
                                 .n_background = N_BACKGROUND,
                                 .first_coalition = 1,
                                 .first_background = 1};
  args(w, &a, sizeof a);
  floats(w, 2 * N_COLUMNS);  // any bits will do
  floats(w, (size_t)2 * N_BACKGROUND * N_COLUMNS);
  put_members(w);
  put_players(w);
  output(w, (size_t)a.n_pairs * N_COLUMNS * sizeof(uint64_t), false);
  launch(w, a.n_pairs);
}

static void make_permutation_orders(writer *w) {
  static const apo_u32 n_varying[] = {0, 1, 5, 8};
  const apo_permutation_orders_args a = {.seed_low = 0x89abcdefu,
                                         .seed_high = 0x81234567u,
                                         .row_low = 0xfffffffeu,
                                         .row_high = 1,
                                         .stream = 3,
                                         .n_rows = 4,
                                         .n_orders = 3,
                                         .n_slots = 8};
  args(w, &a, sizeof a);
  copy(w, n_varying, sizeof n_varying);
  output(w, sizeof(apo_u32) * a.n_rows * a.n_orders * a.n_slots, false);
  launch(w, (size_t)a.n_rows * a.n_orders);
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
static void make_row_codes(writer *w) {
  static const double cuts[] = {-2.5, -0.0, 1.0, 0x1p100};
  static const double values[] = {-3.0, -2.5,   -0.0,     0.0,       0.5,
                                  1.0,  0x1p99, INFINITY, -INFINITY, NAN};
  enum { N_CUTS = 4, N_VALUES = 10 };
  static const apo_u32 cut_begin[N_COLUMNS + 1] = {0, N_CUTS, N_CUTS, 2 * N_CUTS};
  const size_t key_bytes = (size_t)param(w->out, "APO_KEY_BYTES", 4);
  const apo_row_codes_args a = {.n_rows = w->group * w->rows, .n_columns = N_COLUMNS};
  const size_t n = (size_t)a.n_rows * N_COLUMNS;
  args(w, &a, sizeof a);
  unsigned char *value = (unsigned char *)buffer(w, n * key_bytes);
  for (size_t i = 0; w->fits && i < n; ++i) {
    const double wide = values[i * 7 % N_VALUES];
    const float narrow = (float)wide;
    memcpy(value + i * key_bytes, key_bytes == 8 ? (const void *)&wide : &narrow, key_bytes);
  }
  copy(w, cut_begin, sizeof cut_begin);
  unsigned char *keys = (unsigned char *)buffer(w, 2 * N_CUTS * key_bytes);
  for (size_t i = 0; i < 2 * N_CUTS; ++i) {
    const double wide = cuts[i % N_CUTS];
    const float narrow = (float)wide;
    const uint64_t key = key_of(key_bytes == 8 ? (const void *)&wide : &narrow, key_bytes);
    memcpy(keys + i * key_bytes, &key, key_bytes);
  }
  output(w, (n * w->code_bytes + 3) / 4 * 4, false);
  launch(w, w->group);
}

/* --- leaves as games -------------------------------------------------------------------------- */

static void make_column_codes(writer *w) {
  static const apo_derived_column derived[] = {{2, 0}, {0, 1}};
  static const apo_u32 sets[] = {0x15, 0x0a};
  const apo_column_codes_args a = {
      .n_rows = w->group * w->rows, .stride = 64, .n_columns = N_COLUMNS, .n_derived = 2};
  args(w, &a, sizeof a);
  put_codes(w, a.n_rows);
  copy(w, derived, sizeof derived);
  copy(w, sets, sizeof sets);
  output(w, (size_t)(N_COLUMNS + 2) * a.stride * w->code_bytes, false);
  launch(w, w->group);
}

// Two bits, the second of two tests, one of which goes round through missing; some padding rows.
static void make_pattern_counts(writer *w) {
  static const apo_pattern_test tests[] = {
      {0 | APO_TEST_LAST, 1, 1}, {1, 0, 2}, {2 | APO_TEST_LAST, UINT32_MAX, 2}};
  static const apo_leaf_group group = {.n_bits = 2, .n_leaves = 1};
  const apo_pattern_counts_args a = {.n_rows = 61, .stride = 64, .group_begin = 0, .group_end = 1};
  args(w, &a, sizeof a);
  copy(w, &group, sizeof group);
  copy(w, tests, sizeof tests);
  put_codes(w, a.stride);  // [N_COLUMNS x stride]
  apo_u32 *weights = buffer(w, a.n_rows * sizeof *weights);
  for (apo_u32 row = 0; row < a.n_rows; ++row) weights[row] = row - 7;
  output(w, sizeof(apo_i32) << group.n_bits, false);
  launch(w, w->group);
}

// Four players of six bits: one has two of them, and one bit is nobody's.
static void make_leaf_vectors(writer *w) {
  enum { N_BITS = 6, N_PLAYERS = 4 };
  static const apo_group_player players[N_PLAYERS] = {
      {0x01, 0x01, 0, 0}, {0x12, 0x02, 1, 0}, {0x08, 0x00, 2, 0}, {0x20, 0x20, 3, 0}};
  static const apo_leaf_group group = {.n_bits = N_BITS, .n_leaves = 1};
  static const apo_group_leaf leaf = {.n_players = N_PLAYERS};
  const bool has_counts = param(w->out, "APO_GAME", 0) == 0;
  const size_t n_vectors = param(w->out, "APO_PAIRS", 0) != 0 ? 5 : 2;
  const size_t n_weights = APO_WEIGHT(2, N_PLAYERS, N_PLAYERS) + 1;
  const apo_leaf_vectors_args a = {.group_begin = 0, .group_end = 1};
  args(w, &a, sizeof a);
  copy(w, &group, sizeof group);
  copy(w, &leaf, sizeof leaf);
  copy(w, players, sizeof players);
  const size_t n_counts = has_counts ? (size_t)1 << N_BITS : 1;
  apo_u32 *counts = buffer(w, n_counts * sizeof *counts);
  for (size_t i = 0; i < n_counts; ++i) counts[i] = draw(w, 100);
  apo_u32 *ratios = buffer(w, sizeof(apo_u64) * N_PLAYERS);  // low and high halves
  for (size_t i = 0; i < 2 * N_PLAYERS; ++i) ratios[i] = draw(w, 0xffff) << 14;
  apo_u32 *weights = buffer(w, n_weights * sizeof(apo_u64));
  for (size_t i = 0; w->fits && i < 2 * n_weights; ++i) weights[i] = draw(w, 0xffff) << 9;
  output(w, (n_vectors << N_PLAYERS) * sizeof(apo_u64), false);
  launch(w, w->group);
}

// A group of three players and two leaves; one bit has two tests.
enum { GROUP_BITS = 3, GROUP_PLAYERS = 3 };

static const apo_pattern_test group_tests[] = {{0 | APO_TEST_LAST, 1, 1},
                                               {1, 0, 2},
                                               {2 | APO_TEST_LAST, UINT32_MAX, 2},
                                               {2 | APO_TEST_LAST, 1, 2}};

static void put_group(writer *w) {
  static const apo_group_leaf leaves[] = {{0, 2, 0, 0}, {2, 2, 20, 1}};
  static const apo_group_player players[] = {
      {0x1, 0x1, 0, 0}, {0x6, 0x2, 2, 0}, {0x4, 0x4, 2, 0}, {0x3, 0x0, 1, 0}};
  static const apo_leaf_group group = {.n_bits = GROUP_BITS,
                                       .n_leaves = 2,
                                       .n_octets = 1,
                                       .n_players = GROUP_PLAYERS,
                                       .n_outputs = 1};
  copy(w, &group, sizeof group);
  copy(w, leaves, sizeof leaves);
  copy(w, players, sizeof players);
}

static void put_values_and_vectors(writer *w) {
  static const apo_i32 values[] = {123456789, -345678901};
  copy(w, values, sizeof values);
  enum { N_HALVES = 2 * 40 };  // 5 vectors of 4 patterns each
  apo_u32 *halves = buffer(w, N_HALVES * sizeof *halves);
  for (size_t i = 0; w->fits && i < N_HALVES; ++i) halves[i] = draw(w, 0xffff) << 12;
}

static void make_group_table(writer *w) {
  const apo_group_table_args a = {.group_begin = 0, .group_end = 1};
  args(w, &a, sizeof a);
  put_group(w);
  put_values_and_vectors(w);
  output(w, (size_t)32 << GROUP_BITS, false);
  launch(w, w->group);
}

static void make_leaf_add(writer *w) {
  const apo_leaf_add_args a = {.n_rows = 2, .stride = 3, .n_slots = 7, .group_end = 1};
  static const apo_u32 slots[] = {2, 0, 1, 5, 4, 3, 6, 6};
  args(w, &a, sizeof a);
  put_group(w);
  copy(w, group_tests, sizeof group_tests);
  copy(w, slots, sizeof slots);
  put_values_and_vectors(w);
  put_codes(w, 4);
  output(w, (size_t)a.n_slots * a.stride * sizeof(int64_t), false);
  launch(w, (size_t)a.n_rows * w->group);
}

// Eight groups of one player, whose value is in another column of each.
static void make_table_add(writer *w) {
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
  args(w, &a, sizeof a);
  copy(w, blocks, sizeof blocks);
  copy(w, groups, sizeof groups);
  copy(w, group_tests, sizeof group_tests);
  copy(w, slots, sizeof slots);
  apo_u32 *table = buffer(w, sizeof(apo_u32) * N_GROUPS * N_WORDS_OF_TABLE);
  for (apo_u32 i = 0; i < N_GROUPS * N_WORDS_OF_TABLE; ++i) {
    table[i] = i % 8 == i / N_WORDS_OF_TABLE ? draw(w, 60000) - 30000 : 0;
  }
  put_codes(w, n_rows);
  output(w, (size_t)a.n_slots * a.stride * sizeof(int64_t), false);
  scratch(w, (size_t)a.n_slots * a.stride * sizeof(apo_u32));
  launch(w, w->group);
}

enum { LONG_ROWS = 64 };

// One leaf of three players and four tests, one of which goes round through missing.
static void put_long_leaf(writer *w, apo_u32 n_patterns) {
  static const apo_pattern_test tests[] = {{0 | APO_TEST_LAST, 1, 1},
                                           {1, 0, 2},
                                           {2 | APO_TEST_LAST, UINT32_MAX, 2},
                                           {1 | APO_TEST_LAST, 1, 9}};
  static const apo_u32 players[N_COLUMNS] = {2, 0, 1};
  const apo_long_leaf long_leaf = {
      .n_players = N_COLUMNS, .n_outputs = 1, .n_patterns = n_patterns};
  copy(w, &long_leaf, sizeof long_leaf);
  copy(w, tests, sizeof tests);
  copy(w, players, sizeof players);
}

// The leaf's value, codes [N_COLUMNS x LONG_ROWS], phi of singles and pairs.
static void put_long_rows(writer *w) {
  static const apo_i32 value = -400000;
  copy(w, &value, sizeof value);
  put_codes(w, LONG_ROWS);
  output(w, sizeof(int64_t) * 2 * N_COLUMNS * LONG_ROWS, false);
}

static void make_long_pairs(writer *w) {
  enum { N_PATTERNS = 3, N_MOMENTS = N_COLUMNS + 1 };
  static const apo_u32 patterns[N_PATTERNS] = {7, 2, 4};
  static const apo_i32 weights[N_PATTERNS] = {5, 3, -1};
  const apo_long_pairs_args a = {.n_rows = LONG_ROWS,
                                 .stride = LONG_ROWS,
                                 .n_players = N_COLUMNS,
                                 .n_outputs = 1,
                                 .leaf_end = 1,
                                 .n_moments = N_MOMENTS};
  args(w, &a, sizeof a);
  put_long_leaf(w, N_PATTERNS);
  copy(w, patterns, sizeof patterns);
  copy(w, weights, sizeof weights);
  buffer(w, sizeof(apo_u32));                                             // its weights begin at 0
  apo_u32 *moments = buffer(w, sizeof(apo_u64) * N_MOMENTS * N_MOMENTS);  // low and high halves
  for (size_t i = 0; i < 2 * N_MOMENTS * N_MOMENTS; ++i) moments[i] = draw(w, 0xffff) << 9;
  put_long_rows(w);
  scratch(w, sizeof(int64_t) * LONG_ROWS * APO_LONG_PAIRS_SCRATCH(N_COLUMNS, 1));
  launch(w, LONG_ROWS / w->rows);
}

static void make_long_path(writer *w) {
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
  args(w, &a, sizeof a);
  put_long_leaf(w, 0);
  copy(w, ratios, sizeof ratios);
  copy(w, points, sizeof points);
  copy(w, points_of, sizeof points_of);
  put_long_rows(w);
  scratch(w, sizeof(apo_f32) * APO_LONG_PATH_SCRATCH(N_COLUMNS, N_POINTS, 1));
  launch(w, LONG_ROWS / w->rows);
}

typedef struct stage_maker {
  const char *stage;
  void (*make)(writer *w);
} stage_maker;

static const stage_maker makers[] = {
    {"row_codes", make_row_codes},
    {"forest_margin", make_forest_margin},
    {"coalition_mean", make_coalition_mean},
    {"linear_mean", make_linear_mean},
    {"mean_fold", make_mean_fold},
    {"donor_margin", make_donor_margin},
    {"linear_terms", make_linear_terms},
    {"synth_rows", make_synth_rows},
    {"permutation_orders", make_permutation_orders},
    {"column_codes", make_column_codes},
    {"pattern_counts", make_pattern_counts},
    {"leaf_vectors", make_leaf_vectors},
    {"group_table", make_group_table},
    {"table_add", make_table_add},
    {"leaf_add", make_leaf_add},
    {"long_pairs", make_long_pairs},
    {"long_path", make_long_path},
};

bool apo_self_test_stage_case(const apo_stage *stage,
                              const apo_i32 *spec,
                              apo_self_test_case *out) {
  out->stage = stage;
  memcpy(out->spec, spec, stage->n_params * sizeof spec[0]);
  writer w = {.out = out,
              .group = (apo_u32)param(out, "APO_GROUP", 1),
              .rows = (apo_u32)param(out, "APO_ROWS", 1),
              .code_bytes = (apo_u32)param(out, "APO_CODE_BYTES", 2),
              .has_sets = param(out, "APO_SETS", 0) != 0,
              .state = 0x5eed,
              .fits = true};
  for (size_t i = 0; i < sizeof makers / sizeof makers[0]; ++i) {
    if (apo_stage_find(makers[i].stage) != stage) continue;
    makers[i].make(&w);
    return w.fits;
  }
  return false;
}
