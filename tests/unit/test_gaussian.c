/* Linear models with dependent columns, against conditional expectations by elimination. */
#include "engine/explainers/linear/gaussian.h"

#include "engine/explainers/linear/linear.h"
#include "tests/support/gaussian_case.h"

static apo_gaussian_effort chosen(const gaussian_case *c) {
  const apo_gaussian_game asked = gaussian_case_game(c);
  apo_gaussian_effort effort;
  apo_error err;
  assert_ok(apo_gaussian_choose(&asked, 0, &effort, &err), &err);
  return effort;
}

static void explain_with(const gaussian_case *c,
                         const apo_gaussian_effort *effort,
                         uint64_t seed,
                         double *phi,
                         double *phi_se) {
  const apo_gaussian_game asked = gaussian_case_game(c);
  apo_gaussian *gaussian = NULL;
  apo_error err;
  assert_ok(apo_gaussian_create(&asked, effort, seed, &gaussian, &err), &err);
  assert_ok(apo_gaussian_phi(gaussian, c->row, phi, phi_se, &err), &err);
  apo_gaussian_destroy(&gaussian);
  assert_null(gaussian);
}

static void explain_exactly(const gaussian_case *c, double *phi) {
  const apo_gaussian_effort effort = chosen(c);
  assert_int_equal(effort.n_pairs, 0);
  assert_false(effort.has_errors);
  explain_with(c, &effort, 0, phi, NULL);
}

// Against the definition: closely with the ridge, and within what the ridge may move without it.
static void check_definition(const gaussian_case *c) {
  double phi[MAX_GAUSSIAN_OUTPUTS * MAX_GAUSSIAN_COLUMNS];
  double expected[MAX_GAUSSIAN_COLUMNS];
  explain_exactly(c, phi);
  for (uint32_t output = 0; output < c->n_outputs; ++output) {
    const double *values = phi + output * c->n_players;
    gaussian_case_shapley(c, output, APO_GAUSSIAN_RIDGE, expected);
    assert_all_near(values, expected, c->n_players, 1e-9, "with the ridge");
    gaussian_case_shapley(c, output, 0.0, expected);
    assert_all_near(values, expected, c->n_players, 1e-5, "without");
  }
}

// --- exact values -------------------------------------------------------------------------------

static void values_equal_the_definition(void **state) {
  (void)state;
  static gaussian_case c;
  for (uint32_t n = 1; n <= 8; ++n) {
    gaussian_case_random(&c, n, 1 + n % 3, 40, n);
    check_definition(&c);
  }
}

static void groups_of_columns_equal_the_definition(void **state) {
  (void)state;
  static gaussian_case c;
  gaussian_case_random(&c, 8, 2, 40, 3);
  const uint32_t players[8] = {2, 0, 1, 2, 0, 2, 3, 1};
  memcpy(c.player_of_column, players, sizeof players);
  c.n_players = 4;
  check_definition(&c);
  c.n_players = 6;  // players 4 and 5 have no columns
  check_definition(&c);
  memset(c.player_of_column, 0, sizeof c.player_of_column);
  c.n_players = 1;
  check_definition(&c);
}

static void two_columns_equal_what_a_hand_computes(void **state) {
  (void)state;
  // Mean 0, variances 1, covariance 1/2.
  static gaussian_case c = {.n_columns = 2,
                            .n_outputs = 1,
                            .n_players = 2,
                            .n_rows = 4,
                            .coefficients = {2, 4},
                            .rows = {1, 1, -1, -1, 1, -1, -1, 1},
                            .weights = {0.375, 0.375, 0.125, 0.125},
                            .player_of_column = {0, 1},
                            .row = {3, 5}};
  double phi[2];
  gaussian_case_seal(&c);
  explain_exactly(&c, phi);
  // v({0}) = (2 + 4/2) 3 = 12, v({1}) = (4 + 2/2) 5 = 25, v(both) = 26.
  assert_near(phi[0], 6.5, 1e-6, "phi of column 0");
  assert_near(phi[1], 19.5, 1e-6, "phi of column 1");
}

static void independent_columns_have_the_independent_values(void **state) {
  (void)state;
  enum { N = 4 };
  static gaussian_case c;
  double means[N];
  double expected[2 * N];
  double phi[2 * N];
  apo_error err;
  gaussian_case_random(&c, N, 2, 1 << N, 5);
  for (uint32_t row = 0; row < c.n_rows; ++row) {
    c.weights[row] = 1.0 / c.n_rows;
    for (uint32_t col = 0; col < N; ++col) {
      c.rows[row * N + col] = (row >> col & 1) != 0 ? 7.0 : -1.0;  // all sign patterns
    }
  }
  gaussian_case_seal(&c);
  explain_exactly(&c, phi);
  assert_ok(apo_linear_means(&c.linear, N, 2, c.rows, c.n_rows, c.weights, means, &err), &err);
  static const double base[2] = {0};
  const apo_linear_game independent = {.linear = &c.linear,
                                       .base = base,
                                       .n_columns = N,
                                       .n_outputs = 2,
                                       .means = means,
                                       .n_players = N};
  assert_ok(apo_linear_phi(&independent, c.row, expected, &err), &err);
  assert_all_near(phi, expected, 2 * N, 1e-13, "phi");
}

static void units_of_columns_do_not_matter(void **state) {
  (void)state;
  static gaussian_case c;
  double before[6];
  double after[6];
  gaussian_case_random(&c, 6, 1, 30, 8);
  explain_exactly(&c, before);
  for (uint32_t col = 0; col < 6; col += 2) {
    const double unit = col == 0 ? 0x1p400 : 0x1p-300;
    for (uint32_t row = 0; row < c.n_rows; ++row) c.rows[row * 6 + col] *= unit;
    c.row[col] *= unit;
    c.coefficients[col] /= unit;
  }
  explain_exactly(&c, after);
  assert_all_near(after, before, 6, 1e-12, "phi");
}

// --- axioms -------------------------------------------------------------------------------------

static void values_sum_to_the_prediction_less_the_base(void **state) {
  (void)state;
  static gaussian_case c;
  double phi[2 * MAX_GAUSSIAN_COLUMNS];
  for (uint32_t n = 1; n <= 26; n += 5) {
    gaussian_case_random(&c, n, 2, 12, n);  // from 12 columns on the covariance is singular
    const apo_gaussian_effort effort = chosen(&c);
    explain_with(&c, &effort, 3, phi, NULL);
    for (uint32_t output = 0; output < 2; ++output) {
      double sum = 0.0;
      for (uint32_t col = 0; col < n; ++col) sum += phi[output * n + col];
      assert_near(sum, gaussian_case_delta(&c, output), 1e-11, "sum of phi");
    }
  }
}

static void columns_that_nothing_tells_apart_share_alike(void **state) {
  (void)state;
  static gaussian_case c;
  double phi[5];
  gaussian_case_random(&c, 5, 1, 40, 11);
  // Every background row once more with columns 1 and 3 exchanged.
  c.n_rows = 20;
  for (uint32_t row = 0; row < 20; ++row) {
    double *twin = c.rows + (row + 20) * 5;
    memcpy(twin, c.rows + row * 5, 5 * sizeof *twin);
    twin[1] = c.rows[row * 5 + 3];
    twin[3] = c.rows[row * 5 + 1];
    c.weights[row] = c.weights[row + 20] = 1.0 / 40;
  }
  c.n_rows = 40;
  c.coefficients[3] = c.coefficients[1];
  c.row[3] = c.row[1];
  gaussian_case_seal(&c);
  explain_exactly(&c, phi);
  assert_near(phi[1], phi[3], 1e-9, "phi of twins");
  assert_true(fabs(phi[1]) > 1e-3);
}

// A column without coefficient that tells nothing about others gets nothing; one that tells
// something gets a share, which is what sets this game apart from the independent one.
static void only_a_column_that_tells_nothing_gets_nothing(void **state) {
  (void)state;
  static gaussian_case c;
  double phi[4];
  gaussian_case_random(&c, 4, 1, 16, 2);
  for (uint32_t row = 0; row < 16; ++row) {
    double *values = c.rows + row * 4;
    values[0] = (row & 1) != 0;
    values[1] = (row & 1) + 2.0 * (row >> 1 & 1);
    values[2] = row >> 2 & 1;  // independent of the others
    values[3] = (row >> 3 & 1) + 0.5 * (row & 1);
    c.weights[row] = 1.0 / 16;
  }
  c.coefficients[1] = c.coefficients[2] = 0.0;
  gaussian_case_seal(&c);
  explain_exactly(&c, phi);
  assert_near(phi[2], 0.0, 1e-13, "phi of the independent one");
  assert_true(fabs(phi[1]) > 1e-2);
  check_definition(&c);
}

static void values_are_linear_in_the_coefficients(void **state) {
  (void)state;
  static gaussian_case c;
  double phi[3][7];
  double first[7];
  gaussian_case_random(&c, 7, 1, 40, 21);
  explain_exactly(&c, phi[0]);
  memcpy(first, c.coefficients, sizeof first);
  for (uint32_t col = 0; col < 7; ++col) c.coefficients[col] = 0.5 * col - 1.0;
  explain_exactly(&c, phi[1]);
  for (uint32_t col = 0; col < 7; ++col) {
    c.coefficients[col] = 2.5 * first[col] - 0.75 * c.coefficients[col];
  }
  explain_exactly(&c, phi[2]);
  for (uint32_t col = 0; col < 7; ++col) {
    assert_near(phi[2][col], 2.5 * phi[0][col] - 0.75 * phi[1][col], 1e-10, "phi");
  }
}

// --- singular covariances -----------------------------------------------------------------------

static void constant_columns_tell_nothing_and_are_told_nothing(void **state) {
  (void)state;
  static gaussian_case c;
  double phi[6];
  gaussian_case_random(&c, 6, 1, 30, 4);
  for (uint32_t row = 0; row < c.n_rows; ++row) {
    c.rows[row * 6 + 2] = 0.1;
    c.rows[row * 6 + 5] = -3.0;
  }
  c.row[2] = 2.1;
  c.row[5] = -3.0;
  gaussian_case_seal(&c);
  explain_exactly(&c, phi);
  assert_near(phi[2], c.coefficients[2] * 2.0, 1e-14, "phi of a constant column");
  assert_true(phi[5] == 0.0);
  check_definition(&c);
  const uint32_t players[6] = {0, 1, 1, 2, 0, 3};  // a constant column beside one that varies
  memcpy(c.player_of_column, players, sizeof players);
  c.n_players = 4;
  check_definition(&c);
}

static void a_background_of_equal_rows_gives_the_independent_values(void **state) {
  (void)state;
  static gaussian_case c;
  double phi[3];
  gaussian_case_random(&c, 3, 1, 1, 4);
  explain_exactly(&c, phi);
  for (uint32_t col = 0; col < 3; ++col) {
    assert_near(phi[col], c.coefficients[col] * (c.row[col] - c.rows[col]), 1e-14, "phi");
  }
  // Rows that differ where the weight is 0 are no spread either.
  gaussian_case_random(&c, 3, 1, 2, 4);
  c.weights[0] = 1.0;
  c.weights[1] = 0.0;
  explain_exactly(&c, phi);
  for (uint32_t col = 0; col < 3; ++col) {
    assert_near(phi[col], c.coefficients[col] * (c.row[col] - c.rows[col]), 1e-14, "phi");
  }
}

static void columns_that_repeat_one_another_share_alike(void **state) {
  (void)state;
  static gaussian_case c;
  double phi[4];
  gaussian_case_random(&c, 4, 1, 30, 9);
  for (uint32_t row = 0; row < c.n_rows; ++row) {
    c.rows[row * 4 + 3] = 1000.0 - 8.0 * c.rows[row * 4 + 1];  // turned and in another unit
  }
  c.row[3] = 1000.0 - 8.0 * c.row[1];
  c.coefficients[3] = 0.0;
  gaussian_case_seal(&c);
  explain_exactly(&c, phi);
  assert_near(phi[1], phi[3], 1e-6, "phi of one column and its copy");
  // A row that breaks the rule has values all the same, and they add up.
  c.row[3] += 100.0;
  explain_exactly(&c, phi);
  assert_near(phi[0] + phi[1] + phi[2] + phi[3], gaussian_case_delta(&c, 0), 1e-11, "sum");
  for (uint32_t col = 0; col < 4; ++col) assert_true(isfinite(phi[col]));
}

static void missing_values_that_add_nothing_are_zeros(void **state) {
  (void)state;
  static gaussian_case c;
  static gaussian_case zeros;
  double phi[4];
  double expected[4];
  gaussian_case_random(&c, 4, 1, 20, 31);
  zeros = c;
  c.linear.missing_adds_nothing = true;
  for (uint32_t row = 0; row < c.n_rows; row += 3) {
    c.rows[row * 4 + row % 4] = (double)NAN;
    zeros.rows[row * 4 + row % 4] = 0.0;
  }
  c.row[2] = (double)NAN;
  zeros.row[2] = 0.0;
  gaussian_case_seal(&c);
  gaussian_case_seal(&zeros);
  explain_exactly(&c, phi);
  explain_exactly(&zeros, expected);
  assert_memory_equal(phi, expected, sizeof phi);
}

// --- refusals -----------------------------------------------------------------------------------

static void check_refused(const gaussian_case *c, apo_status status, const char *words) {
  const apo_gaussian_effort effort = chosen(c);
  const apo_gaussian_game asked = gaussian_case_game(c);
  apo_gaussian *gaussian = NULL;
  apo_error err;
  assert_int_equal(apo_gaussian_create(&asked, &effort, 0, &gaussian, &err), status);
  assert_null(gaussian);
  if (strstr(err.message, words) == NULL) print_error("no \"%s\" in: %s\n", words, err.message);
  assert_non_null(strstr(err.message, words));
}

static void missing_and_infinite_values_are_refused_by_place(void **state) {
  (void)state;
  static gaussian_case c;
  double phi[3];
  gaussian_case_random(&c, 3, 1, 10, 1);
  c.coefficients[1] = 0.0;  // it is looked at all the same: it tells about the others
  c.rows[2 * 3 + 1] = (double)NAN;
  gaussian_case_seal(&c);
  check_refused(&c, APO_ERR_FORMAT, "background row 2: column 1: a missing value");
  c.rows[2 * 3 + 1] = (double)INFINITY;
  check_refused(&c, APO_ERR_FORMAT, "background row 2: column 1: an infinite value");
  for (uint32_t row = 0; row < c.n_rows; ++row) {
    c.rows[row * 3 + 1] = row == 2 ? 1.7e308 : -1.7e308;
  }
  check_refused(&c, APO_ERR_LIMIT, "column 1");

  gaussian_case_random(&c, 3, 1, 10, 1);
  const apo_gaussian_effort effort = chosen(&c);
  const apo_gaussian_game asked = gaussian_case_game(&c);
  apo_gaussian *gaussian = NULL;
  apo_error err;
  assert_ok(apo_gaussian_create(&asked, &effort, 0, &gaussian, &err), &err);
  c.row[2] = (double)NAN;
  assert_int_equal(apo_gaussian_phi(gaussian, c.row, phi, NULL, &err), APO_ERR_FORMAT);
  assert_non_null(strstr(err.message, "column 2: a missing value"));
  apo_gaussian_destroy(&gaussian);
}

// --- sampled values -----------------------------------------------------------------------------

static void one_pair_of_orders_is_exact_for_two_players(void **state) {
  (void)state;
  static gaussian_case c;
  double phi[2 * 5];
  double se[2 * 5];
  double expected[2 * 5];
  gaussian_case_random(&c, 5, 2, 40, 6);
  const uint32_t players[5] = {0, 1, 0, 1, 0};
  memcpy(c.player_of_column, players, sizeof players);
  c.n_players = 2;
  explain_exactly(&c, expected);
  const apo_gaussian_effort one = {.n_players = 2, .n_columns = 5, .n_pairs = 1};
  explain_with(&c, &one, 17, phi, se);
  assert_all_near(phi, expected, 4, 1e-9, "phi");
  for (uint32_t i = 0; i < 4; ++i) assert_true(se[i] == 0.0);
}

static void sampled_values_miss_by_their_standard_errors(void **state) {
  (void)state;
  enum { N = 6, N_SEEDS = 20 };
  static gaussian_case c;
  double expected[2 * N];
  double phi[2 * N];
  double se[2 * N];
  double misses = 0.0;
  double spreads = 0.0;
  gaussian_case_random(&c, N, 2, 40, 77);
  explain_exactly(&c, expected);
  const apo_gaussian_effort effort = {
      .n_players = N, .n_columns = N, .n_pairs = 64, .has_errors = true};
  for (uint64_t seed = 0; seed < N_SEEDS; ++seed) {
    explain_with(&c, &effort, seed, phi, se);
    for (uint32_t i = 0; i < 2 * N; ++i) {
      assert_true(se[i] > 0.0);
      // Student's t with 7 degrees of freedom: 1e-5 beyond 10.
      assert_near(phi[i], expected[i], 10.0 * se[i], "phi");
      misses += (phi[i] - expected[i]) * (phi[i] - expected[i]);
      spreads += se[i] * se[i];
    }
  }
  assert_in_range((uint64_t)(1000.0 * sqrt(misses / spreads)), 700, 1400);
}

static void sampled_values_do_not_depend_on_whether_errors_are_kept(void **state) {
  (void)state;
  static gaussian_case c;
  double with[9];
  double without[9];
  double other[9];
  double se[9];
  gaussian_case_random(&c, 9, 1, 40, 13);
  apo_gaussian_effort effort = {.n_players = 9, .n_columns = 9, .n_pairs = 24, .has_errors = true};
  explain_with(&c, &effort, 5, with, se);
  explain_with(&c, &effort, 6, other, NULL);
  effort.has_errors = false;
  explain_with(&c, &effort, 5, without, se);
  assert_memory_equal(with, without, sizeof with);
  assert_memory_not_equal(with, other, sizeof with);
  for (uint32_t i = 0; i < 9; ++i) assert_true(se[i] == 0.0);
}

static apo_gaussian_effort effort_of(uint32_t n, uint64_t n_samples) {
  static gaussian_case c;
  apo_gaussian_effort effort;
  apo_error err;
  gaussian_case_random(&c, n, 1, 40, 1);
  const apo_gaussian_game asked = gaussian_case_game(&c);
  assert_ok(apo_gaussian_choose(&asked, n_samples, &effort, &err), &err);
  assert_int_equal(effort.n_columns, n);
  assert_int_equal(effort.n_players, n);
  return effort;
}

static void few_players_are_exact_and_many_are_sampled(void **state) {
  (void)state;
  assert_int_equal(effort_of(15, 0).n_pairs, 0);
  assert_int_equal(effort_of(22, 0).n_pairs, 0);
  assert_int_equal(effort_of(22, 1000).n_pairs, 0);
  const apo_gaussian_effort many = effort_of(30, 0);
  assert_int_equal(many.n_pairs, APO_GAUSSIAN_PAIRS);
  assert_true(many.has_errors);
  assert_int_equal(apo_gaussian_n_samples(&many), 4096 * 61);
  assert_int_equal(effort_of(30, 61).n_pairs, 1);
  assert_false(effort_of(30, 61).has_errors);
  assert_int_equal(effort_of(30, 7 * 61).n_pairs, 7);
  assert_int_equal(effort_of(30, 23 * 61 + 60).n_pairs, 16);
  assert_true(effort_of(30, 61).bytes < many.bytes);
}

static void too_few_samples_are_refused(void **state) {
  (void)state;
  static gaussian_case c;
  apo_gaussian_effort effort;
  apo_error err;
  gaussian_case_random(&c, 30, 1, 40, 1);
  const apo_gaussian_game asked = gaussian_case_game(&c);
  assert_int_equal(apo_gaussian_choose(&asked, 60, &effort, &err), APO_ERR_LIMIT);
  assert_non_null(strstr(err.message, "61"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_equal_the_definition),
      cmocka_unit_test(groups_of_columns_equal_the_definition),
      cmocka_unit_test(two_columns_equal_what_a_hand_computes),
      cmocka_unit_test(independent_columns_have_the_independent_values),
      cmocka_unit_test(units_of_columns_do_not_matter),
      cmocka_unit_test(values_sum_to_the_prediction_less_the_base),
      cmocka_unit_test(columns_that_nothing_tells_apart_share_alike),
      cmocka_unit_test(only_a_column_that_tells_nothing_gets_nothing),
      cmocka_unit_test(values_are_linear_in_the_coefficients),
      cmocka_unit_test(constant_columns_tell_nothing_and_are_told_nothing),
      cmocka_unit_test(a_background_of_equal_rows_gives_the_independent_values),
      cmocka_unit_test(columns_that_repeat_one_another_share_alike),
      cmocka_unit_test(missing_values_that_add_nothing_are_zeros),
      cmocka_unit_test(missing_and_infinite_values_are_refused_by_place),
      cmocka_unit_test(one_pair_of_orders_is_exact_for_two_players),
      cmocka_unit_test(sampled_values_miss_by_their_standard_errors),
      cmocka_unit_test(sampled_values_do_not_depend_on_whether_errors_are_kept),
      cmocka_unit_test(few_players_are_exact_and_many_are_sampled),
      cmocka_unit_test(too_few_samples_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
