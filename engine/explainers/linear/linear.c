#include "engine/explainers/linear/linear.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static bool is_used(const apo_linear *linear,
                    uint32_t n_columns,
                    uint32_t n_outputs,
                    uint32_t column) {
  for (uint32_t output = 0; output < n_outputs; ++output) {
    if (linear->coefficients[(size_t)output * n_columns + column] != 0.0) return true;
  }
  return false;
}

apo_status apo_linear_value(
    const apo_linear *linear, uint32_t column, double value, double *out, apo_error *err) {
  if (isnan(value) && linear->missing_adds_nothing) {
    *out = 0.0;
    return APO_OK;
  }
  if (!isfinite(value)) {
    return apo_fail(err, APO_ERR_FORMAT, "column %u: %s, needed a finite number", column,
                    isnan(value) ? "a missing value" : "an infinite value");
  }
  *out = value;
  return APO_OK;
}

apo_status apo_linear_means(const apo_linear *linear,
                            uint32_t n_columns,
                            uint32_t n_outputs,
                            const double *rows,
                            uint64_t n_rows,
                            const double *weights,
                            double *means,
                            apo_error *err) {
  for (uint32_t column = 0; column < n_columns; ++column) {
    means[column] = 0.0;
    if (!is_used(linear, n_columns, n_outputs, column)) continue;
    for (uint64_t row = 0; row < n_rows; ++row) {
      double value = 0.0;
      const apo_status status =
          apo_linear_value(linear, column, rows[row * n_columns + column], &value, err);
      if (status != APO_OK) return apo_prefix(err, status, "background row %" PRIu64 ": ", row);
      means[column] += weights[row] * value;
    }
  }
  return APO_OK;
}

void apo_linear_base(const apo_linear_game *game, double *out) {
  for (uint32_t output = 0; output < game->n_outputs; ++output) {
    const double *coefficients = game->linear->coefficients + (size_t)output * game->n_columns;
    out[output] = game->base[output];
    for (uint32_t column = 0; column < game->n_columns; ++column) {
      out[output] += coefficients[column] * game->means[column];
    }
  }
}

apo_status apo_linear_phi(const apo_linear_game *game,
                          const double *row,
                          double *phi,
                          apo_error *err) {
  const apo_linear *linear = game->linear;
  memset(phi, 0, (size_t)game->n_outputs * game->n_players * sizeof *phi);
  for (uint32_t column = 0; column < game->n_columns; ++column) {
    if (!is_used(linear, game->n_columns, game->n_outputs, column)) continue;
    double value = 0.0;
    APO_TRY(apo_linear_value(linear, column, row[column], &value, err));
    const uint32_t player =
        game->player_of_column != NULL ? game->player_of_column[column] : column;
    for (uint32_t output = 0; output < game->n_outputs; ++output) {
      phi[(size_t)output * game->n_players + player] +=
          linear->coefficients[(size_t)output * game->n_columns + column] *
          (value - game->means[column]);
    }
  }
  return APO_OK;
}
