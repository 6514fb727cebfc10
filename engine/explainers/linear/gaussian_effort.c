/* gaussian_effort.c - linear models with dependent columns: exact or sampled, and in what memory. */
#include <math.h>
#include <stdlib.h>

#include "engine/core/memory.h"
#include "engine/explainers/linear/gaussian_parts.h"
#include "engine/explainers/permutation/permutations.h"

enum { MAX_EXACT_PLAYERS = 30 };

// Multiply-adds of an exact matrix: 2^P coalitions of half the columns each; 22 columns of one
// output.  Of a sampled one without a number of pairs: two factors and two inverses a pair.
static const double EXACT_WORK = 0x1p30;
static const double SAMPLED_WORK = 0x1p35;

// A matrix above this is kept once and not for each batch; 2,048 columns of one output.  The budget
// of a run has no say: results do not depend on it.
static const double ERRORS_BYTES = 0x1p25;

static apo_status count_varying(const apo_gaussian_game *game,
                                apo_gaussian_effort *out,
                                apo_error *err) {
  uint8_t *varies = apo_alloc(game->n_players, sizeof *varies);
  if (varies == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "linear: %u players", game->n_players);
  }
  for (uint32_t col = 0; col < game->n_columns; ++col) {
    if (game->is_constant[col]) continue;
    ++out->n_columns;
    uint8_t *seen = &varies[game->player_of_column[col]];
    out->n_players += *seen == 0;
    *seen = 1;
  }
  free(varies);
  return APO_OK;
}

static bool is_enumerable(const apo_gaussian_effort *effort, uint32_t n_outputs) {
  if (effort->n_players <= 1) return true;
  if (effort->n_players > MAX_EXACT_PLAYERS) return false;
  const double n = effort->n_columns;
  const double per_coalition = n * n * (1.0 + n_outputs) / 8.0 + 4.0 * n * n_outputs;
  return ldexp(per_coalition, (int)effort->n_players) <= EXACT_WORK;
}

static apo_status choose_pairs(uint64_t n_samples, apo_gaussian_effort *out, apo_error *err) {
  if (n_samples != 0) {
    APO_TRY(apo_permutation_pairs(out->n_players, n_samples, &out->n_pairs, err));
  } else {
    const double n = out->n_columns;
    const double affordable = SAMPLED_WORK / (n * n * n);
    out->n_pairs = affordable < APO_GAUSSIAN_PAIRS ? (uint32_t)affordable : APO_GAUSSIAN_PAIRS;
    if (out->n_pairs < APO_GAUSSIAN_BATCHES) out->n_pairs = APO_GAUSSIAN_BATCHES;
  }
  if (out->n_pairs > APO_GAUSSIAN_BATCHES) out->n_pairs -= out->n_pairs % APO_GAUSSIAN_BATCHES;
  return APO_OK;
}

uint32_t apo_gaussian_n_batches(const apo_gaussian_effort *effort) {
  return effort->n_pairs < APO_GAUSSIAN_BATCHES ? effort->n_pairs : APO_GAUSSIAN_BATCHES;
}

static double matrix_bytes(const apo_gaussian_game *game, const apo_gaussian_effort *effort) {
  return 8.0 * effort->n_columns * effort->n_players * game->n_outputs;
}

static double bytes_of(const apo_gaussian_game *game, const apo_gaussian_effort *effort) {
  const double n = effort->n_columns;
  const double n_players = effort->n_players;
  const double n_outputs = game->n_outputs;
  const double matrix = matrix_bytes(game, effort);
  const double shared =
      8.0 * (n * n + APO_GAUSSIAN_BLOCK_ROWS * n + game->n_columns + n_outputs * n + 4.0 * n);
  const double values = 8.0 * (1.0 + APO_GAUSSIAN_BATCHES) * n_players * n_outputs;
  if (effort->n_pairs == 0) {
    return shared + values + matrix + apo_gaussian_enumerate_bytes(n, n_players, n_outputs);
  }
  const double n_matrices = effort->has_errors ? 1.0 + apo_gaussian_n_batches(effort) : 2.0;
  return shared + values + n_matrices * matrix + 8.0 * (n * n + (n_outputs + 1.0) * n);
}

apo_status apo_gaussian_choose(const apo_gaussian_game *game,
                               uint64_t n_samples,
                               apo_gaussian_effort *out,
                               apo_error *err) {
  *out = (apo_gaussian_effort){0};
  APO_TRY(count_varying(game, out, err));
  if (!is_enumerable(out, game->n_outputs)) {
    APO_TRY(choose_pairs(n_samples, out, err));
    out->has_errors = out->n_pairs > 1 && matrix_bytes(game, out) <= ERRORS_BYTES;
  }
  const double bytes = bytes_of(game, out);
  out->bytes = bytes < 0x1p63 ? (uint64_t)bytes : UINT64_MAX / 2;
  return APO_OK;
}

uint64_t apo_gaussian_n_samples(const apo_gaussian_effort *effort) {
  return effort->n_pairs * (2 * (uint64_t)effort->n_players + 1);
}
