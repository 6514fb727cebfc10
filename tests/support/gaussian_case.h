/* gaussian_case.h - linear models whose columns depend on one another, and their values by the
 * definition: every coalition's conditional expectation by plain elimination. */
#ifndef APO_TESTS_SUPPORT_GAUSSIAN_CASE_H
#define APO_TESTS_SUPPORT_GAUSSIAN_CASE_H

#include "engine/explainers/linear/gaussian.h"
#include "tests/support/games.h"

enum { MAX_GAUSSIAN_COLUMNS = 32, MAX_GAUSSIAN_OUTPUTS = 3, MAX_GAUSSIAN_ROWS = 64 };

/** A model and its background; all of it is filled in by gaussian_case_random. */
typedef struct gaussian_case {
  uint32_t n_columns;
  uint32_t n_outputs;
  uint32_t n_players;
  uint32_t n_rows;
  double coefficients[MAX_GAUSSIAN_OUTPUTS * MAX_GAUSSIAN_COLUMNS];
  apo_linear linear;
  double rows[MAX_GAUSSIAN_ROWS * MAX_GAUSSIAN_COLUMNS];
  double weights[MAX_GAUSSIAN_ROWS];
  uint8_t is_constant[MAX_GAUSSIAN_COLUMNS];
  uint32_t player_of_column[MAX_GAUSSIAN_COLUMNS];
  double row[MAX_GAUSSIAN_COLUMNS]; /* to explain */
} gaussian_case;

/** Which columns are constant; call it after changing `rows`. */
static inline void gaussian_case_seal(gaussian_case *c) {
  c->linear.coefficients = c->coefficients;
  for (uint32_t col = 0; col < c->n_columns; ++col) {
    c->is_constant[col] = 1;
    for (uint32_t row = 1; row < c->n_rows; ++row) {
      if (c->rows[row * c->n_columns + col] != c->rows[col]) c->is_constant[col] = 0;
    }
  }
}

/** Columns are mixtures of two common and one own part, of scales from 1/16 to 16; players are
 * columns; weights differ and one is 0. */
static inline void gaussian_case_random(
    gaussian_case *c, uint32_t n_columns, uint32_t n_outputs, uint32_t n_rows, uint64_t seed) {
  double loadings[2 * MAX_GAUSSIAN_COLUMNS];
  double sum = 0.0;
  apo_draw draw = apo_draw_start(seed, APO_STREAM_BENCH, n_columns, n_outputs);
  *c = (gaussian_case){
      .n_columns = n_columns, .n_outputs = n_outputs, .n_players = n_columns, .n_rows = n_rows};
  for (uint32_t i = 0; i < 2 * n_columns; ++i) loadings[i] = 2.0 * apo_draw_unit(&draw) - 1.0;
  for (uint32_t i = 0; i < n_outputs * n_columns; ++i) {
    c->coefficients[i] = 4.0 * apo_draw_unit(&draw) - 2.0;
  }
  for (uint32_t row = 0; row < n_rows; ++row) {
    const double common[2] = {apo_draw_unit(&draw), apo_draw_unit(&draw)};
    for (uint32_t col = 0; col < n_columns; ++col) {
      const double value = 3.0 + common[0] * loadings[2 * col] + common[1] * loadings[2 * col + 1] +
                           0.4 * apo_draw_unit(&draw);
      c->rows[row * n_columns + col] = ldexp(value, (int)(col % 9) - 4);
    }
    c->weights[row] = row == 1 && n_rows > 4 ? 0.0 : 0.2 + apo_draw_unit(&draw);
    sum += c->weights[row];
  }
  for (uint32_t row = 0; row < n_rows; ++row) c->weights[row] /= sum;
  for (uint32_t col = 0; col < n_columns; ++col) {
    c->player_of_column[col] = col;
    c->row[col] = c->rows[col] + ldexp(apo_draw_unit(&draw) - 0.5, (int)(col % 9) - 3);
  }
  gaussian_case_seal(c);
}

static inline apo_gaussian_game gaussian_case_game(const gaussian_case *c) {
  return (apo_gaussian_game){.linear = &c->linear,
                             .n_columns = c->n_columns,
                             .n_outputs = c->n_outputs,
                             .rows = c->rows,
                             .n_rows = c->n_rows,
                             .weights = c->weights,
                             .is_constant = c->is_constant,
                             .player_of_column = c->player_of_column,
                             .n_players = c->n_players};
}

static inline void gaussian_case_mean(const gaussian_case *c, double *mean) {
  for (uint32_t col = 0; col < c->n_columns; ++col) {
    mean[col] = 0.0;
    for (uint32_t row = 0; row < c->n_rows; ++row) {
      mean[col] += c->weights[row] * c->rows[row * c->n_columns + col];
    }
  }
}

static inline double gaussian_case_covariance(const gaussian_case *c,
                                              const double *mean,
                                              uint32_t i,
                                              uint32_t j) {
  double sum = 0.0;
  for (uint32_t row = 0; row < c->n_rows; ++row) {
    const double *values = c->rows + row * c->n_columns;
    sum += c->weights[row] * (values[i] - mean[i]) * (values[j] - mean[j]);
  }
  return sum;
}

/** Solve a x = b for n unknowns, with row exchanges; a and b are used up, x is left in b. */
static inline void eliminate(uint32_t n, double a[][MAX_GAUSSIAN_COLUMNS], double *b) {
  for (uint32_t step = 0; step < n; ++step) {
    uint32_t pivot = step;
    for (uint32_t row = step; row < n; ++row) {
      if (fabs(a[row][step]) > fabs(a[pivot][step])) pivot = row;
    }
    for (uint32_t col = 0; col < n; ++col) {
      const double moved = a[step][col];
      a[step][col] = a[pivot][col];
      a[pivot][col] = moved;
    }
    const double moved = b[step];
    b[step] = b[pivot];
    b[pivot] = moved;
    for (uint32_t row = 0; row < n; ++row) {
      if (row == step) continue;
      const double factor = a[row][step] / a[step][step];
      for (uint32_t col = step; col < n; ++col) a[row][col] -= factor * a[step][col];
      b[row] -= factor * b[step];
    }
  }
  for (uint32_t row = 0; row < n; ++row) b[row] /= a[row][row];
}

/** E[f(X) | X_S = x_S] - the model's base, for the columns of the players in `mask`; variances are
 * taken times 1 + ridge.  Constant columns are left out of what is known: they tell nothing. */
static inline double gaussian_case_value(const gaussian_case *c,
                                         uint32_t output,
                                         uint32_t mask,
                                         double ridge) {
  double mean[MAX_GAUSSIAN_COLUMNS];
  double a[MAX_GAUSSIAN_COLUMNS][MAX_GAUSSIAN_COLUMNS];
  double b[MAX_GAUSSIAN_COLUMNS];
  uint32_t known[MAX_GAUSSIAN_COLUMNS];
  uint32_t n = 0;
  gaussian_case_mean(c, mean);
  for (uint32_t col = 0; col < c->n_columns; ++col) {
    if ((mask >> c->player_of_column[col] & 1) != 0 && !c->is_constant[col]) known[n++] = col;
  }
  for (uint32_t i = 0; i < n; ++i) {
    b[i] = c->row[known[i]] - mean[known[i]];
    for (uint32_t j = 0; j < n; ++j) {
      a[i][j] = gaussian_case_covariance(c, mean, known[i], known[j]);
      if (i == j) a[i][j] *= 1.0 + ridge;
    }
  }
  eliminate(n, a, b);
  double value = 0.0;
  for (uint32_t col = 0; col < c->n_columns; ++col) {
    double expected = mean[col];
    if ((mask >> c->player_of_column[col] & 1) != 0) {
      expected = c->row[col];
    } else if (!c->is_constant[col]) {
      for (uint32_t i = 0; i < n; ++i) {
        expected += gaussian_case_covariance(c, mean, col, known[i]) * b[i];
      }
    }
    value += c->coefficients[output * c->n_columns + col] * expected;
  }
  return value;
}

/** Shapley values of one output by the definition.  Shapes: phi [n_players]. */
static inline void gaussian_case_shapley(const gaussian_case *c,
                                         uint32_t output,
                                         double ridge,
                                         double *phi) {
  static game g;
  g.n_players = c->n_players;
  for (uint32_t mask = 0; mask <= game_full(&g); ++mask) {
    g.v[mask] = gaussian_case_value(c, output, mask, ridge);
  }
  game_shapley(&g, phi);
}

/** f(x) - f(mean). */
static inline double gaussian_case_delta(const gaussian_case *c, uint32_t output) {
  double mean[MAX_GAUSSIAN_COLUMNS];
  double sum = 0.0;
  gaussian_case_mean(c, mean);
  for (uint32_t col = 0; col < c->n_columns; ++col) {
    sum += c->coefficients[output * c->n_columns + col] * (c->row[col] - mean[col]);
  }
  return sum;
}

#endif
