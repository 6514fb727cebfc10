/* Linear models in closed form, against the definition. */
#include "engine/explainers/linear/linear.h"

#include "tests/support/games.h"

enum { N_COLUMNS = 5, N_OUTPUTS = 2, N_BACKGROUND = 3 };

/* Column 3 has no coefficient, column 4 one in the second output only. */
static double coefficients[N_OUTPUTS * N_COLUMNS] = {1.5, -2, 0.25, 0, 0, 3, 0, -1, 0, 0.5};
static const double base[N_OUTPUTS] = {0.5, -4};
static const double row[N_COLUMNS] = {2, NAN, -1, NAN, 8};
static const double background[N_BACKGROUND * N_COLUMNS] = {1, 2,   3,  INFINITY, 5,   0, NAN, 1,
                                                            1, 0.5, -7, 4,        NAN, 0, 2};
static const double weights[N_BACKGROUND] = {0.5, 0.3, 0.2};
static const apo_linear missing_is_nothing = {.coefficients = coefficients,
                                              .missing_adds_nothing = true};
static const apo_linear missing_is_error = {.coefficients = coefficients};

static apo_linear_game game_with(const apo_linear *linear, const double *means) {
  return (apo_linear_game){.linear = linear,
                           .base = base,
                           .n_columns = N_COLUMNS,
                           .n_outputs = N_OUTPUTS,
                           .means = means,
                           .n_players = N_COLUMNS};
}

static void get_means(double *means) {
  apo_error err;
  assert_ok(apo_linear_means(&missing_is_nothing, N_COLUMNS, N_OUTPUTS, background, N_BACKGROUND,
                             weights, means, &err),
            &err);
}

static double margin(uint32_t output, const double *values) {
  double sum = base[output];
  for (uint32_t col = 0; col < N_COLUMNS; ++col) {
    const double coefficient = coefficients[output * N_COLUMNS + col];
    if (coefficient != 0.0 && !isnan(values[col])) sum += coefficient * values[col];
  }
  return sum;
}

// The interventional game, value by value.
static void tabulate(uint32_t output,
                     const uint32_t *player_of_column,
                     uint32_t n_players,
                     game *g) {
  g->n_players = n_players;
  for (uint32_t mask = 0; mask <= game_full(g); ++mask) {
    g->v[mask] = 0.0;
    for (uint32_t b = 0; b < N_BACKGROUND; ++b) {
      double mixed[N_COLUMNS];
      for (uint32_t col = 0; col < N_COLUMNS; ++col) {
        const bool is_present = (mask >> player_of_column[col] & 1) != 0;
        mixed[col] = is_present ? row[col] : background[b * N_COLUMNS + col];
      }
      g->v[mask] += weights[b] * margin(output, mixed);
    }
  }
}

static void check_players(const uint32_t *player_of_column, uint32_t n_players) {
  static game g;
  apo_error err;
  double means[N_COLUMNS];
  double phi[N_OUTPUTS * N_COLUMNS];
  double at_nobody[N_OUTPUTS];
  get_means(means);
  apo_linear_game linear = game_with(&missing_is_nothing, means);
  linear.player_of_column = player_of_column;
  linear.n_players = n_players;
  assert_ok(apo_linear_phi(&linear, row, phi, &err), &err);
  apo_linear_base(&linear, at_nobody);
  for (uint32_t output = 0; output < N_OUTPUTS; ++output) {
    double expected[N_COLUMNS];
    tabulate(output, player_of_column, n_players, &g);
    game_shapley(&g, expected);
    assert_all_near(phi + output * n_players, expected, n_players, 1e-13, "phi");
    assert_near(at_nobody[output], g.v[0], 1e-13, "base");
  }
}

static void columns_get_their_shapley_values(void **state) {
  (void)state;
  check_players((const uint32_t[]){0, 1, 2, 3, 4}, 5);
}

static void groups_get_their_shapley_values(void **state) {
  (void)state;
  check_players((const uint32_t[]){1, 0, 1, 2, 0}, 3);
}

static void without_groups_every_column_is_a_player(void **state) {
  (void)state;
  apo_error err;
  double means[N_COLUMNS];
  double phi[2][N_OUTPUTS * N_COLUMNS];
  get_means(means);
  apo_linear_game linear = game_with(&missing_is_nothing, means);
  assert_ok(apo_linear_phi(&linear, row, phi[0], &err), &err);
  linear.player_of_column = (const uint32_t[]){0, 1, 2, 3, 4};
  assert_ok(apo_linear_phi(&linear, row, phi[1], &err), &err);
  assert_memory_equal(phi[0], phi[1], sizeof phi[0]);
}

static void missing_values_without_a_rule_are_refused(void **state) {
  (void)state;
  apo_error err;
  double means[N_COLUMNS] = {0};
  double phi[N_OUTPUTS * N_COLUMNS];
  assert_fails(apo_linear_means(&missing_is_error, N_COLUMNS, N_OUTPUTS, background, N_BACKGROUND,
                                weights, means, &err),
               APO_ERR_FORMAT, &err, "background row 1: column 1: a missing value");
  const apo_linear_game linear = game_with(&missing_is_error, means);
  assert_fails(apo_linear_phi(&linear, row, phi, &err), APO_ERR_FORMAT, &err,
               "column 1: a missing value, needed a finite number");
}

static void infinite_values_are_refused(void **state) {
  (void)state;
  apo_error err;
  double means[N_COLUMNS] = {0};
  double phi[N_OUTPUTS * N_COLUMNS];
  const double infinite[N_COLUMNS] = {0, 0, -INFINITY, 0, 0};
  const apo_linear_game linear = game_with(&missing_is_nothing, means);
  assert_fails(apo_linear_phi(&linear, infinite, phi, &err), APO_ERR_FORMAT, &err,
               "column 2: an infinite value");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(columns_get_their_shapley_values),
      cmocka_unit_test(groups_get_their_shapley_values),
      cmocka_unit_test(without_groups_every_column_is_a_player),
      cmocka_unit_test(missing_values_without_a_rule_are_refused),
      cmocka_unit_test(infinite_values_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
