/* test_long_leaves.c - the twins of long_pairs and long_path on one leaf, against the definition of
 * the leaf's game by all of its coalitions, and for leaves too long for that against quadrature in
 * double.
 *
 * Player i of the leaf passes iff code 0 stands in column i of the row.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "engine/exact/value_weights.h"
#include "kernels/long_pairs/long_pairs_abi.h"
#include "kernels/long_path/long_path_abi.h"
#include "kernels/stage.h"
#include "tests/support/apo_test.h"

enum {
  N_ROWS = APO_LONG_PATH_ROWS,
  MAX_PLAYERS = 70, /* of the leaf */
  MAX_ACTIVE = 10,  /* those that any row or pattern fails, where coalitions are counted */
  MAX_PATTERNS = 12,
  N_OUTPUTS = 3, /* of the model; the leaf has the last two */
  N_PAIRS = (MAX_PLAYERS + 1) * MAX_PLAYERS / 2,
  N_SLOTS = N_OUTPUTS * (MAX_PLAYERS + 1 + N_PAIRS),
  START = 1000 /* what phi holds before */
};

static uint64_t state = 1;

static double unit_draw(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (double)(state >> 11) * 0x1p-53;
}

/* A leaf with everything that surrounds it. */
typedef struct world {
  uint32_t n_players;
  apo_index_weights index;
  uint32_t active[MAX_ACTIVE];
  uint32_t n_active;
  bool row[N_ROWS][MAX_PLAYERS]; /* passes */
  bool background[MAX_PATTERNS][MAX_PLAYERS];
  int32_t count[MAX_PATTERNS];
  uint32_t n_patterns;
  int64_t total;
  float ratio[MAX_PLAYERS];
  apo_pattern_test test[MAX_PLAYERS];
  uint32_t player[MAX_PLAYERS];
  uint32_t code[MAX_PLAYERS * N_ROWS];
  int32_t value[2];
  int64_t phi[N_SLOTS * N_ROWS];
} world;

static world *make_world(uint32_t n_players, uint32_t n_active, apo_index_weights index) {
  world *w = calloc(1, sizeof *w);
  assert_non_null(w);
  state = n_players * 100u + n_active * 2u + index;
  w->n_players = n_players;
  w->n_active = n_active;
  w->index = index;
  w->value[0] = 536870911;
  w->value[1] = -400000001;
  for (uint32_t a = 0; a < n_active; ++a) w->active[a] = a * n_players / n_active;
  for (uint32_t i = 0; i < n_players; ++i) {
    w->test[i] = (apo_pattern_test){.column = i | APO_TEST_LAST};
    w->player[i] = (i * 3 + 1) % (n_players + 1);  // another order than the leaf's
    w->ratio[i] = (float)(i == 1 ? 0.0 : i == 2 ? 1.0 : unit_draw());
  }
  if (n_players % 3 == 2) {
    for (uint32_t i = 0; i < n_players; ++i) w->player[i] = n_players - i;
  }
  for (uint32_t row = 0; row < N_ROWS; ++row) {
    for (uint32_t i = 0; i < n_players; ++i) w->row[row][i] = true;
    for (uint32_t a = 0; a < n_active && row > 0; ++a) {
      w->row[row][w->active[a]] = row > 1 && unit_draw() < 0.6;
    }
  }
  // Distinct, or not: the stage does not mind.
  w->n_patterns = MAX_PATTERNS;
  for (uint32_t k = 0; k < w->n_patterns; ++k) {
    for (uint32_t i = 0; i < n_players; ++i) w->background[k][i] = true;
    for (uint32_t a = 0; a < n_active && k > 0; ++a) {
      w->background[k][w->active[a]] = k > 1 && unit_draw() < 0.7;
    }
    w->count[k] = (int32_t)(unit_draw() * 50) - 5;
    w->total += w->count[k];
  }
  if (w->total <= 0) {
    w->count[0] += (int32_t)(1 - w->total);
    w->total = 1;
  }
  for (uint32_t i = 0; i < n_players; ++i) {
    for (uint32_t row = 0; row < N_ROWS; ++row) w->code[i * N_ROWS + row] = !w->row[row][i];
  }
  for (size_t at = 0; at < N_SLOTS * N_ROWS; ++at) w->phi[at] = START;
  return w;
}

// Value of the leaf's game over value[.], S a set of active players.
static double pairs_game(const world *w, uint32_t row, uint32_t S) {
  double sum = 0.0;
  for (uint32_t k = 0; k < w->n_patterns; ++k) {
    bool is_reached = true;
    for (uint32_t a = 0; a < w->n_active; ++a) {
      const uint32_t i = w->active[a];
      is_reached = is_reached && ((S >> a & 1) != 0 ? w->row[row][i] : w->background[k][i]);
    }
    if (is_reached) sum += w->count[k];
  }
  return sum / (double)w->total;
}

static double path_game(const world *w, uint32_t row, uint32_t S) {
  double product = 1.0;
  for (uint32_t a = 0; a < w->n_active; ++a) {
    const uint32_t i = w->active[a];
    product *= (S >> a & 1) != 0 ? (w->row[row][i] ? 1.0 : 0.0) : (double)w->ratio[i];
  }
  return product;
}

typedef double (*leaf_game)(const world *w, uint32_t row, uint32_t S);

static uint32_t size_of(uint32_t S) {
  uint32_t size = 0;
  for (; S != 0; S &= S - 1) ++size;
  return size;
}

// The definition, for active players a and b; a == b is the value of one.
static double share_by_definition(const double *v, const world *w, uint32_t a, uint32_t b) {
  const uint32_t D = w->n_active;
  const uint32_t i = 1u << a;
  const uint32_t j = 1u << b;
  double sum = 0.0;
  for (uint32_t S = 0; S < 1u << D; ++S) {
    if ((S & (i | j)) != 0) continue;
    const double moment = apo_value_moment(w->index, size_of(S), D - size_of(i | j) - size_of(S));
    sum += moment * (a == b ? v[S | i] - v[S] : v[S | i | j] - v[S | i] - v[S | j] + v[S]);
  }
  return sum;
}

static size_t slot_of(const world *w, uint32_t output, uint32_t i, uint32_t j) {
  const size_t n = w->n_players + 1;
  if (i == j) return output * n + w->player[i];
  const size_t low = w->player[i] < w->player[j] ? w->player[i] : w->player[j];
  const size_t high = w->player[i] < w->player[j] ? w->player[j] : w->player[i];
  return N_OUTPUTS * n + output * (n * (n - 1) / 2) + APO_PAIR(n, low, high);
}

/* A share's error: its rounding to a multiple of 2^-30 or finer, half a unit of the product, and
 * `relative` of the share itself. */
static void assert_share(
    const world *w, uint32_t row, uint32_t i, uint32_t j, double share, double relative) {
  for (uint32_t k = 0; k < 2; ++k) {
    const double got = (double)(w->phi[slot_of(w, k + 1, i, j) * N_ROWS + row] - START);
    const double real = share * w->value[k];
    const double allowed = 0.51 + fabs((double)w->value[k]) * 0x1p-31 + fabs(real) * relative;
    if (fabs(got - real) <= allowed) continue;
    fail_msg("row %u, players %u %u, value %u: expected %.3f, got %.0f; allowed %.3f", row, i, j, k,
             real, got, allowed);
  }
}

// Everything against the definition; other slots are as they were.
static void assert_defined(const world *w, leaf_game game, bool with_pairs, double relative) {
  double v[1 << MAX_ACTIVE];
  for (uint32_t row = 0; row < N_ROWS; ++row) {
    for (uint32_t S = 0; S < 1u << w->n_active; ++S) v[S] = game(w, row, S);
    for (uint32_t a = 0; a < w->n_active; ++a) {
      for (uint32_t b = a; b < (with_pairs ? w->n_active : a + 1); ++b) {
        assert_share(w, row, w->active[a], w->active[b], share_by_definition(v, w, a, b), relative);
      }
    }
  }
  const size_t n = w->n_players + 1;
  for (size_t at = 0; at < n * N_ROWS; ++at) assert_int_equal(w->phi[at], START);  // output 0
  const size_t n_used = N_OUTPUTS * (n + (with_pairs ? n * (n - 1) / 2 : 0));
  for (size_t at = n_used * N_ROWS; at < N_SLOTS * N_ROWS; ++at) {
    assert_int_equal(w->phi[at], START);
  }
}

static apo_long_leaf leaf_of(const world *w) {
  return (apo_long_leaf){
      .n_players = w->n_players, .first_output = 1, .n_outputs = 2, .n_patterns = w->n_patterns};
}

static void run_pairs(world *w, bool with_pairs) {
  const apo_stage *stage = apo_stage_find("long_pairs");
  const uint32_t n = w->n_players;
  const uint32_t n_words = APO_PATTERN_WORDS(n);
  const uint32_t n_moments = n + 1;
  apo_long_leaf leaf = leaf_of(w);
  uint32_t weight_begin = 0;
  uint32_t *pattern = calloc((size_t)w->n_patterns * n_words, sizeof *pattern);
  uint64_t *moment = calloc((size_t)n_moments * n_moments, sizeof *moment);
  int64_t *scratch = calloc(APO_LONG_PAIRS_SCRATCH((size_t)n, 1) * N_ROWS, sizeof *scratch);
  assert_true(stage != NULL && pattern != NULL && moment != NULL && scratch != NULL);
  apo_value_moments(w->index, (uint64_t)w->total, n_moments, moment);
  for (uint32_t k = 0; k < w->n_patterns; ++k) {
    for (uint32_t i = 0; i < n; ++i) {
      pattern[k * n_words + i / 32] |= (uint32_t)w->background[k][i] << (i % 32);
    }
  }
  const apo_long_pairs_args args = {.n_rows = N_ROWS,
                                    .stride = N_ROWS,
                                    .n_players = n + 1,
                                    .n_outputs = N_OUTPUTS,
                                    .leaf_end = 1,
                                    .n_moments = n_moments};
  const apo_i32 spec[] = {4, with_pairs, 1, 16};
  void *buffers[] = {&leaf,  w->test,  w->player, pattern, w->count, &weight_begin,
                     moment, w->value, w->code,   w->phi,  scratch};
  stage->reference(spec, &args, buffers);
  free(pattern);
  free(moment);
  free(scratch);
}

static void put_points(uint32_t n, bool is_banzhaf, apo_long_point *point) {
  double t[MAX_PLAYERS] = {0.5};
  double weight[MAX_PLAYERS] = {1.0};
  if (!is_banzhaf) apo_gauss_points(n, t, weight);
  for (uint32_t i = 0; i < n; ++i) {
    point[i] = (apo_long_point){(float)t[i], (float)(1.0 - t[i]), (float)weight[i],
                                (float)(1.0 / (1.0 - t[i]))};
  }
}

static uint32_t points_for(const world *w) {
  return w->index == APO_WEIGHTS_BANZHAF ? 1 : (w->n_players + 1) / 2;
}

/* Each of D factors is rounded when made (1 - t, t and twice more) and when multiplied, the weight
 * once, the inverse below 2 u and its product once, each of the sums of points once, then the scale
 * twice: shares of pairs have all of that twice but for the factors. */
static double path_error(const world *w) {
  return (5.0 * w->n_players + points_for(w) + 14.0) * 0x1p-24;
}

static void run_path(world *w, bool with_pairs) {
  const apo_stage *stage = apo_stage_find("long_path");
  const uint32_t n_points = points_for(w);
  apo_long_leaf leaf = leaf_of(w);
  uint32_t points_of[] = {0, n_points};
  apo_long_point point[MAX_PLAYERS];
  put_points(n_points, w->index == APO_WEIGHTS_BANZHAF, point);
  float *scratch =
      calloc(APO_LONG_PATH_SCRATCH((size_t)w->n_players, n_points, 1), sizeof *scratch);
  assert_true(stage != NULL && scratch != NULL);
  const apo_long_path_args args = {.n_rows = N_ROWS,
                                   .stride = N_ROWS,
                                   .n_players = w->n_players + 1,
                                   .n_outputs = N_OUTPUTS,
                                   .leaf_end = 1,
                                   .longest = w->n_players,
                                   .n_points = n_points};
  const apo_i32 spec[] = {4, with_pairs, 1, 64};
  void *buffers[] = {&leaf,     w->test,  w->player, w->ratio, point,
                     points_of, w->value, w->code,   w->phi,   scratch};
  stage->reference(spec, &args, buffers);
  free(scratch);
}

/* --- interventional --------------------------------------------------------------------------- */

static void check_pairs(uint32_t n_players, uint32_t n_active, bool with_pairs) {
  for (int index = APO_WEIGHTS_SHAPLEY; index <= APO_WEIGHTS_BANZHAF; ++index) {
    world *w = make_world(n_players, n_active, (apo_index_weights)index);
    run_pairs(w, with_pairs);
    assert_defined(w, pairs_game, with_pairs, 1e-12);
    free(w);
  }
}

static void interventional_values_meet_the_definition(void **unused) {
  (void)unused;
  for (uint32_t n = 1; n <= MAX_ACTIVE; ++n) check_pairs(n, n, false);
}

static void interventional_pairs_meet_the_definition(void **unused) {
  (void)unused;
  for (uint32_t n = 1; n <= MAX_ACTIVE; ++n) check_pairs(n, n, true);
}

static void players_that_never_fail_change_nothing_at_any_length(void **unused) {
  (void)unused;
  static const uint32_t lengths[] = {31, 32, 33, 64, 65, 70};
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; ++i) {
    check_pairs(lengths[i], 8, true);
  }
}

/* --- path-dependent --------------------------------------------------------------------------- */

static void check_path(uint32_t n_players, bool with_pairs) {
  for (int index = APO_WEIGHTS_SHAPLEY; index <= APO_WEIGHTS_BANZHAF; ++index) {
    world *w = make_world(n_players, n_players, (apo_index_weights)index);
    run_path(w, with_pairs);
    assert_defined(w, path_game, with_pairs, path_error(w));
    free(w);
  }
}

static void path_dependent_values_meet_the_definition(void **unused) {
  (void)unused;
  for (uint32_t n = 1; n <= MAX_ACTIVE; ++n) check_path(n, false);
}

static void path_dependent_pairs_meet_the_definition(void **unused) {
  (void)unused;
  for (uint32_t n = 1; n <= MAX_ACTIVE; ++n) check_path(n, true);
}

// In double, with ten points more than needed, and without a division.
static double long_share(const world *w, uint32_t row, uint32_t i, uint32_t j) {
  enum { N_POINTS = MAX_PLAYERS / 2 + 10 };
  double t[N_POINTS];
  double weight[N_POINTS];
  double sum = 0.0;
  apo_gauss_points(N_POINTS, t, weight);
  for (uint32_t point = 0; point < N_POINTS; ++point) {
    double product = weight[point];
    for (uint32_t player = 0; player < w->n_players; ++player) {
      const double q = w->row[row][player] ? 1.0 : 0.0;
      const double r = (double)w->ratio[player];
      const bool is_left_out = player == i || player == j;
      product *= is_left_out ? q - r : (1.0 - t[point]) * r + t[point] * q;
    }
    sum += product;
  }
  return sum;
}

static void seventy_players_are_as_accurate_as_ten(void **unused) {
  (void)unused;
  world *w = make_world(MAX_PLAYERS, 10, APO_WEIGHTS_SHAPLEY);
  // Of a chain: most of the cover goes on, and most rows fail a few players.
  for (uint32_t i = 0; i < w->n_players; ++i) w->ratio[i] = (float)(1.0 - 0.1 * unit_draw());
  w->ratio[5] = 1e-20f;
  w->ratio[6] = 0x1p-12f;
  run_path(w, true);
  for (uint32_t row = 0; row < N_ROWS; ++row) {
    for (uint32_t i = 0; i < w->n_players; ++i) {
      assert_share(w, row, i, i, long_share(w, row, i, i), path_error(w));
      const uint32_t j = (i + 1 + row) % w->n_players;
      if (i != j) assert_share(w, row, i, j, long_share(w, row, i, j), path_error(w));
    }
  }
  free(w);
}

static void products_that_underflow_are_harmless(void **unused) {
  (void)unused;
  world *w = make_world(MAX_PLAYERS, 10, APO_WEIGHTS_SHAPLEY);
  for (uint32_t i = 0; i < w->n_players; ++i) w->ratio[i] = i % 2 == 0 ? 0.0f : 1e-30f;
  run_path(w, true);
  for (uint32_t i = 0; i < w->n_players; ++i) {
    // Row 0 passes everybody: all are alike, and there is nothing before.
    assert_share(w, 0, i, i, 1.0 / w->n_players, path_error(w));
    for (uint32_t row = 2; row < N_ROWS; ++row) {
      assert_share(w, row, i, i, long_share(w, row, i, i), path_error(w));
    }
  }
  free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(interventional_values_meet_the_definition),
      cmocka_unit_test(interventional_pairs_meet_the_definition),
      cmocka_unit_test(players_that_never_fail_change_nothing_at_any_length),
      cmocka_unit_test(path_dependent_values_meet_the_definition),
      cmocka_unit_test(path_dependent_pairs_meet_the_definition),
      cmocka_unit_test(seventy_players_are_as_accurate_as_ten),
      cmocka_unit_test(products_that_underflow_are_harmless),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
