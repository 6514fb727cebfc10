/* gaussian.c - linear models with dependent columns: moments, and the matrix made and applied. */
#include "engine/explainers/linear/gaussian.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/explainers/linear/gaussian_parts.h"
#include "engine/explainers/linear/linear.h"
#include "engine/solve/cholesky.h"

struct apo_gaussian {
  apo_gaussian_game game;
  apo_gaussian_core core;
  uint32_t n_batches;   /* 0: no standard errors */
  uint32_t *column;     /* [core.n_columns] in the game */
  uint32_t *player;     /* [core.n_players] in the game */
  double *means;        /* [game.n_columns] */
  double *scales;       /* [core.n_columns] standard deviations; 1 for none */
  double *matrix;       /* M, as in gaussian_parts.h */
  double *batches;      /* [n_batches] of them */
  double *values;       /* [n_outputs x core.n_players] of one row */
  double *batch_values; /* [n_batches x that] */
  double *block; /* [APO_GAUSSIAN_BLOCK_ROWS x core.n_columns] while the covariance is made */
};

// --- moments ------------------------------------------------------------------------------------

static bool is_used(const apo_gaussian_game *game, uint32_t column) {
  for (size_t output = 0; output < game->n_outputs; ++output) {
    if (game->linear->coefficients[output * game->n_columns + column] != 0.0) return true;
  }
  return false;
}

static apo_status background_value(
    const apo_gaussian_game *game, uint64_t row, uint32_t column, double *out, apo_error *err) {
  const double value = game->rows[row * game->n_columns + column];
  const apo_status status = apo_linear_value(game->linear, column, value, out, err);
  return apo_prefix(err, status, "background row %" PRIu64 ": ", row);
}

static apo_status find_mean(apo_gaussian *g, uint32_t column, apo_error *err) {
  const apo_gaussian_game *game = &g->game;
  const bool is_constant = game->is_constant[column] != 0;
  if (is_constant && !is_used(game, column)) return APO_OK;
  double sum = 0.0;
  for (uint64_t row = 0; row < game->n_rows; ++row) {
    double value = 0.0;
    APO_TRY(background_value(game, row, column, &value, err));
    if (is_constant) {
      sum = value;  // a mean of equal values may miss them by a rounding
      break;
    }
    sum += game->weights[row] * value;
  }
  g->means[column] = sum;
  return APO_OK;
}

// Standard deviation of a column that varies; 1 where weights leave none.
static apo_status find_scale(apo_gaussian *g, uint32_t at, apo_error *err) {
  const apo_gaussian_game *game = &g->game;
  const uint32_t column = g->column[at];
  double largest = 0.0;
  double squares = 0.0;
  for (int pass = 0; pass < 2; ++pass) {
    for (uint64_t row = 0; row < game->n_rows; ++row) {
      double value = 0.0;
      APO_TRY(background_value(game, row, column, &value, err));
      if (game->weights[row] == 0.0) continue;
      const double distance = fabs(value - g->means[column]);
      if (pass == 0) {
        if (!(distance <= largest)) largest = distance;
      } else {
        const double part = distance / largest;
        squares += game->weights[row] * part * part;
      }
    }
    if (largest == 0.0) break;
  }
  const double scale = largest * sqrt(squares);
  g->scales[at] = scale == 0.0 ? 1.0 : scale;  // NaN of an infinite spread stays
  bool is_finite = isfinite(g->means[column]) && isfinite(g->scales[at]);
  for (size_t output = 0; output < game->n_outputs; ++output) {
    double *coefficient = &g->core.coefficient[output * g->core.n_columns + at];
    *coefficient = game->linear->coefficients[output * game->n_columns + column] * g->scales[at];
    is_finite = is_finite && isfinite(*coefficient);
  }
  if (is_finite) return APO_OK;
  return apo_fail(err, APO_ERR_LIMIT,
                  "background: column %u: its spread is beyond the range of "
                  "doubles",
                  column);
}

// Rows [begin, end) in standard deviations, times the square roots of their weights.
static apo_status standardise(apo_gaussian *g, uint64_t begin, uint64_t end, apo_error *err) {
  const size_t n = g->core.n_columns;
  for (uint64_t row = begin; row < end; ++row) {
    const double weight = sqrt(g->game.weights[row]);
    double *out = g->block + (row - begin) * n;
    for (size_t at = 0; at < n; ++at) {
      double value = 0.0;
      APO_TRY(background_value(&g->game, row, g->column[at], &value, err));
      out[at] = weight > 0.0 ? weight * ((value - g->means[g->column[at]]) / g->scales[at]) : 0.0;
    }
  }
  return APO_OK;
}

// Both triangles, with the ridge; what does not vary after all stands alone.
static void complete_correlations(apo_gaussian_core *core) {
  const size_t n = core->n_columns;
  for (size_t col = 0; col < n; ++col) {
    for (size_t row = col + 1; row < n; ++row) {
      core->correlation[row * n + col] = core->correlation[col * n + row];
    }
    core->correlation[col * n + col] = 1.0 + APO_GAUSSIAN_RIDGE;
  }
}

static apo_status find_moments(apo_gaussian *g, apo_error *err) {
  const apo_gaussian_game *game = &g->game;
  for (uint32_t column = 0; column < game->n_columns; ++column) APO_TRY(find_mean(g, column, err));
  for (uint32_t at = 0; at < g->core.n_columns; ++at) APO_TRY(find_scale(g, at, err));
  for (uint64_t begin = 0; begin < game->n_rows; begin += APO_GAUSSIAN_BLOCK_ROWS) {
    const uint64_t left = game->n_rows - begin;
    const uint64_t n_rows = left < APO_GAUSSIAN_BLOCK_ROWS ? left : APO_GAUSSIAN_BLOCK_ROWS;
    APO_TRY(standardise(g, begin, begin + n_rows, err));
    apo_cholesky_add(g->core.n_columns, (uint32_t)n_rows, g->block, g->core.correlation);
  }
  complete_correlations(&g->core);
  return APO_OK;
}

// --- the matrix ---------------------------------------------------------------------------------

static size_t matrix_size(const apo_gaussian_core *core) {
  return (size_t)core->n_columns * core->n_outputs * core->n_players;
}

// Over players, M adds up to the coefficients; what rounding left goes to the column's own player.
static void close_sums(const apo_gaussian_core *core, double *matrix) {
  for (size_t col = 0; col < core->n_columns; ++col) {
    for (size_t output = 0; output < core->n_outputs; ++output) {
      double *values = matrix + (col * core->n_outputs + output) * core->n_players;
      double rest = core->coefficient[output * core->n_columns + col];
      for (uint32_t player = 0; player < core->n_players; ++player) rest -= values[player];
      values[core->player[col]] += rest;
    }
  }
}

// The sum over batches is taken in one order whether they are kept or not.
static apo_status sample(apo_gaussian *g,
                         const apo_gaussian_effort *effort,
                         uint64_t seed,
                         apo_error *err) {
  const size_t n = matrix_size(&g->core);
  const uint32_t n_batches = apo_gaussian_n_batches(effort);
  const uint32_t n_pairs = effort->n_pairs / n_batches;
  const size_t room = effort->has_errors ? n_batches : 1;
  double *work = apo_alloc(g->core.n_columns, g->core.n_columns * sizeof *work);
  g->batches = apo_alloc(n, room * sizeof *g->batches);
  apo_status status = APO_OK;
  if (work == NULL || g->batches == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "linear: no memory for %u columns that depend",
                      g->core.n_columns);
  }
  for (uint32_t batch = 0; batch < n_batches && status == APO_OK; ++batch) {
    double *values = g->batches + (effort->has_errors ? batch * n : 0);
    memset(values, 0, n * sizeof *values);
    status = apo_gaussian_add_orders(&g->core, seed, batch * n_pairs, (batch + 1) * n_pairs, work,
                                     values, err);
    for (size_t i = 0; i < n; ++i) {
      values[i] /= 2.0 * n_pairs;
      g->matrix[i] += values[i] / n_batches;
    }
  }
  free(work);
  if (effort->has_errors) {
    g->n_batches = n_batches;
  } else {
    free(g->batches);
    g->batches = NULL;
  }
  return status;
}

static apo_status find_matrix(apo_gaussian *g,
                              const apo_gaussian_effort *effort,
                              uint64_t seed,
                              apo_error *err) {
  const size_t n_values = (size_t)g->core.n_outputs * g->core.n_players;
  g->matrix = apo_alloc(matrix_size(&g->core), sizeof *g->matrix);
  g->values = apo_alloc(n_values, sizeof *g->values);
  g->batch_values = apo_alloc(APO_GAUSSIAN_BATCHES, n_values * sizeof *g->batch_values);
  if (g->matrix == NULL || g->values == NULL || g->batch_values == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "linear: no memory for %u columns that depend",
                    g->core.n_columns);
  }
  if (effort->n_pairs == 0) {
    APO_TRY(apo_gaussian_enumerate(&g->core, g->matrix, err));
  } else {
    APO_TRY(sample(g, effort, seed, err));
  }
  close_sums(&g->core, g->matrix);
  return APO_OK;
}

// --- creating -----------------------------------------------------------------------------------

static apo_status allocate(apo_gaussian *g, const apo_gaussian_effort *effort, apo_error *err) {
  apo_gaussian_core *core = &g->core;
  const size_t n = effort->n_columns;
  *core = (apo_gaussian_core){.n_columns = effort->n_columns,
                              .n_players = effort->n_players,
                              .n_outputs = g->game.n_outputs};
  core->begin = apo_alloc(core->n_players + 1, sizeof *core->begin);
  core->player = apo_alloc(n, sizeof *core->player);
  core->correlation = apo_alloc(n, n * sizeof *core->correlation);
  core->coefficient = apo_alloc(n, core->n_outputs * sizeof *core->coefficient);
  g->column = apo_alloc(n, sizeof *g->column);
  g->player = apo_alloc(core->n_players, sizeof *g->player);
  g->means = apo_alloc(g->game.n_columns, sizeof *g->means);
  g->scales = apo_alloc(n, sizeof *g->scales);
  g->block = apo_alloc(APO_GAUSSIAN_BLOCK_ROWS, n * sizeof *g->block);
  if (core->begin == NULL || core->player == NULL || core->correlation == NULL ||
      core->coefficient == NULL || g->column == NULL || g->player == NULL || g->means == NULL ||
      g->scales == NULL || g->block == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "linear: no memory for %u columns that depend",
                    core->n_columns);
  }
  return APO_OK;
}

// Columns that vary, by player: counting sort, so that columns of a player keep their order.
static apo_status sort_columns(apo_gaussian *g, apo_error *err) {
  const apo_gaussian_game *game = &g->game;
  uint32_t *ends = apo_alloc(game->n_players, sizeof *ends);
  if (ends == NULL) return apo_fail(err, APO_ERR_MEMORY, "linear: %u players", game->n_players);
  for (uint32_t col = 0; col < game->n_columns; ++col) {
    if (!game->is_constant[col]) ++ends[game->player_of_column[col]];
  }
  uint32_t n_players = 0;
  uint32_t n_columns = 0;
  for (uint32_t player = 0; player < game->n_players; ++player) {
    const uint32_t n = ends[player];
    ends[player] = n_columns;
    if (n == 0) continue;
    g->player[n_players] = player;
    g->core.begin[n_players] = n_columns;
    for (uint32_t i = 0; i < n; ++i) g->core.player[n_columns + i] = n_players;
    n_columns += n;
    ++n_players;
  }
  g->core.begin[n_players] = n_columns;
  for (uint32_t col = 0; col < game->n_columns; ++col) {
    if (!game->is_constant[col]) g->column[ends[game->player_of_column[col]]++] = col;
  }
  free(ends);
  return APO_OK;
}

apo_status apo_gaussian_create(const apo_gaussian_game *game,
                               const apo_gaussian_effort *effort,
                               uint64_t seed,
                               apo_gaussian **out,
                               apo_error *err) {
  *out = NULL;
  apo_gaussian *g = apo_alloc(1, sizeof *g);
  if (g == NULL) return apo_fail(err, APO_ERR_MEMORY, "linear: no memory");
  g->game = *game;
  apo_status status = allocate(g, effort, err);
  if (status == APO_OK) status = sort_columns(g, err);
  if (status == APO_OK) status = find_moments(g, err);
  free(g->block);
  g->block = NULL;
  if (status == APO_OK) status = find_matrix(g, effort, seed, err);
  free(g->core.correlation);
  g->core.correlation = NULL;
  if (status == APO_OK) {
    *out = g;
    g = NULL;
  }
  apo_gaussian_destroy(&g);
  return status;
}

void apo_gaussian_destroy(apo_gaussian **gaussian) {
  apo_gaussian *g = *gaussian;
  if (g == NULL) return;
  free(g->core.begin);
  free(g->core.player);
  free(g->core.correlation);
  free(g->core.coefficient);
  free(g->column);
  free(g->player);
  free(g->means);
  free(g->scales);
  free(g->matrix);
  free(g->batches);
  free(g->values);
  free(g->batch_values);
  free(g->block);
  free(g);
  *gaussian = NULL;
}

// --- applying -----------------------------------------------------------------------------------

// A column that is constant in the background is independent of all others.
static apo_status add_constants(const apo_gaussian *g,
                                const double *row,
                                double *phi,
                                apo_error *err) {
  const apo_gaussian_game *game = &g->game;
  for (uint32_t col = 0; col < game->n_columns; ++col) {
    if (!game->is_constant[col] || !is_used(game, col)) continue;
    double value = 0.0;
    APO_TRY(apo_linear_value(game->linear, col, row[col], &value, err));
    for (size_t output = 0; output < game->n_outputs; ++output) {
      phi[output * game->n_players + game->player_of_column[col]] +=
          game->linear->coefficients[output * game->n_columns + col] * (value - g->means[col]);
    }
  }
  return APO_OK;
}

static void add_column(size_t n, double distance, const double *values, double *sums) {
  for (size_t i = 0; i < n; ++i) sums[i] += distance * values[i];
}

static apo_status multiply(apo_gaussian *g, const double *row, bool with_batches, apo_error *err) {
  const size_t n = (size_t)g->core.n_outputs * g->core.n_players;
  const size_t n_batches = with_batches ? g->n_batches : 0;
  memset(g->values, 0, n * sizeof *g->values);
  memset(g->batch_values, 0, n_batches * n * sizeof *g->batch_values);
  for (size_t at = 0; at < g->core.n_columns; ++at) {
    const uint32_t col = g->column[at];
    double value = 0.0;
    APO_TRY(apo_linear_value(g->game.linear, col, row[col], &value, err));
    const double distance = (value - g->means[col]) / g->scales[at];
    add_column(n, distance, g->matrix + at * n, g->values);
    for (size_t batch = 0; batch < n_batches; ++batch) {
      add_column(n, distance, g->batches + batch * matrix_size(&g->core) + at * n,
                 g->batch_values + batch * n);
    }
  }
  return APO_OK;
}

static double standard_error(const apo_gaussian *g, size_t at) {
  const size_t n = (size_t)g->core.n_outputs * g->core.n_players;
  const double n_batches = g->n_batches;
  double mean = 0.0;
  double squares = 0.0;
  for (uint32_t batch = 0; batch < g->n_batches; ++batch) {
    mean += g->batch_values[batch * n + at] / n_batches;
  }
  for (uint32_t batch = 0; batch < g->n_batches; ++batch) {
    const double step = g->batch_values[batch * n + at] - mean;
    squares += step * step;
  }
  return sqrt(squares / (n_batches - 1.0) / n_batches);
}

apo_status apo_gaussian_phi(
    apo_gaussian *g, const double *row, double *phi, double *phi_se, apo_error *err) {
  const uint32_t n_players = g->game.n_players;
  const size_t n = (size_t)g->game.n_outputs * n_players;
  memset(phi, 0, n * sizeof *phi);
  if (phi_se != NULL) memset(phi_se, 0, n * sizeof *phi_se);
  APO_TRY(add_constants(g, row, phi, err));
  APO_TRY(multiply(g, row, phi_se != NULL, err));
  for (size_t output = 0; output < g->core.n_outputs; ++output) {
    for (size_t player = 0; player < g->core.n_players; ++player) {
      const size_t from = output * g->core.n_players + player;
      const size_t to = output * n_players + g->player[player];
      phi[to] += g->values[from];
      if (phi_se != NULL && g->n_batches > 1) phi_se[to] = standard_error(g, from);
    }
  }
  return APO_OK;
}
