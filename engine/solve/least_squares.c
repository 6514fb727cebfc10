/* least_squares.c - the weighted regression of coalitions, factored once.
 *
 * Two forms of the same map:
 *
 *     P = (X'WX)^-1 X'W              [n_free x n_coalitions], dense: phi_free = P y
 *     factor of X'WX, X as bits      [n_free x n_free]:       phi_free = solve(X'W y)
 *
 * The first costs one product per game and is what a model of ordinary width takes.  The second is
 * for thousands of players, where P would be hundreds of megabytes; X is expanded from bits a few
 * coalitions at a time, there and in building the Gram matrix.
 *
 * Neither P y nor X'W y is left to BLAS: it picks its order of additions by the shape of the call,
 * and a row's bits would depend on how many rows stand beside it.  Here LANES games go side by
 * side, each in its own lane, in one order; missing games are lanes of zeros.
 */
#include "engine/solve/least_squares.h"

#include <cblas.h>
#include <inttypes.h>
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "engine/core/memory.h"

enum {
  LANES = 8,              /* one cache line of y; 4 registers of 2 doubles hold the sums */
  BLOCK_BYTES = 8 << 20,  /* of X expanded at a time while building the Gram matrix */
  DENSE_BYTES = 128 << 20 /* P above this is not formed */
};

/* Below this reciprocal condition number a factorisation that ran through met rounding, not rank.
 * Measured: 1e-7 and more for automatic budgets up to 2,000 players, 2e-12 for the least budget of
 * 2,000; a singular matrix has 1e-16 or fails to factor. */
static const double SINGULAR = 1e-13;

struct apo_projection {
  uint32_t n_players; /* that vary */
  uint32_t n_free;    /* n_players - 1; the last one takes the sum constraint */
  uint32_t n_coalitions;
  uint32_t n_words;
  uint32_t *bits;  /* [n_players x n_words] */
  double *weights; /* [n_coalitions] */
  double *dense;   /* P, or NULL */
  double *factor;  /* lower Cholesky factor [n_free x n_free], column-major; NULL with P */
};

// 1 or 0: whether coalition k holds the player.
static double holds(const apo_projection *p, uint32_t player, uint32_t k) {
  return (double)(p->bits[(size_t)player * p->n_words + k / 32] >> (k % 32) & 1);
}

// --- the Gram matrix ------------------------------------------------------------------------------

static uint32_t block_coalitions(const apo_projection *p) {
  const size_t n = BLOCK_BYTES / sizeof(double) / p->n_free;
  if (n < 32) return 32;
  return n < p->n_coalitions ? (uint32_t)n : p->n_coalitions;
}

// Columns [begin, end) of sqrt(W) X, each of n_free numbers.
static void expand(
    const apo_projection *p, const double *scales, uint32_t begin, uint32_t end, double *out) {
  const uint32_t last = p->n_free;
  for (uint32_t player = 0; player < p->n_free; ++player) {
    for (uint32_t k = begin; k < end; ++k) {
      out[(size_t)(k - begin) * p->n_free + player] =
          scales[k] * (holds(p, player, k) - holds(p, last, k));
    }
  }
}

static apo_status build_gram(const apo_projection *p, double *gram, apo_error *err) {
  const uint32_t n_block = block_coalitions(p);
  apo_status status = APO_OK;
  double *scales = apo_alloc(p->n_coalitions, sizeof *scales);
  double *block = apo_alloc(n_block, p->n_free * sizeof *block);
  if (scales == NULL || block == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "least squares: no memory for %u players", p->n_players);
    goto done;
  }
  for (uint32_t k = 0; k < p->n_coalitions; ++k) scales[k] = sqrt(p->weights[k]);
  const int n = (int)p->n_free;
  for (uint32_t begin = 0; begin < p->n_coalitions; begin += n_block) {
    const uint32_t rest = p->n_coalitions - begin;
    const uint32_t n_here = rest < n_block ? rest : n_block;
    expand(p, scales, begin, begin + n_here, block);
    cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, n, (int)n_here, 1.0, block, n, 1.0, gram,
                n);
  }
done:
  free(scales);
  free(block);
  return status;
}

static apo_status fail_singular(const apo_projection *p, uint32_t n_listed, apo_error *err) {
  return apo_fail(err, APO_ERR_LIMIT,
                  "least squares: %u coalitions do not determine the values of %u players, needed "
                  "more; a budget of %" PRIu64 " always suffices",
                  p->n_coalitions, p->n_players, apo_coalitions_safe_budget(n_listed));
}

// Cholesky in place, refused when singular.  `n_listed` players were drawn for.
static apo_status factorise(const apo_projection *p,
                            uint32_t n_listed,
                            double *gram,
                            apo_error *err) {
  const lapack_int n = (lapack_int)p->n_free;
  const double norm = LAPACKE_dlansy(LAPACK_COL_MAJOR, '1', 'L', n, gram, n);
  lapack_int info = LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', n, gram, n);
  if (info > 0) return fail_singular(p, n_listed, err);
  double reciprocal_condition = 0.0;
  if (info == 0) {
    info = LAPACKE_dpocon(LAPACK_COL_MAJOR, 'L', n, gram, n, norm, &reciprocal_condition);
  }
  if (info == LAPACK_WORK_MEMORY_ERROR || info == LAPACK_TRANSPOSE_MEMORY_ERROR) {
    return apo_fail(err, APO_ERR_MEMORY, "least squares: no memory for %u players", p->n_players);
  }
  if (info != 0) {
    return apo_fail(err, APO_ERR_INTERNAL, "least squares: LAPACK returned %d", (int)info);
  }
  if (!(reciprocal_condition > SINGULAR)) return fail_singular(p, n_listed, err);
  return APO_OK;
}

// P, column by column of X'W, from the factor.
static apo_status solve_dense(apo_projection *p, const double *factor, apo_error *err) {
  double *columns = apo_alloc(p->n_coalitions, p->n_free * sizeof *columns);
  p->dense = apo_alloc(p->n_free, p->n_coalitions * sizeof *p->dense);
  apo_status status = APO_OK;
  if (columns == NULL || p->dense == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "least squares: no memory for %u coalitions of %u",
                      p->n_coalitions, p->n_players);
    goto done;
  }
  expand(p, p->weights, 0, p->n_coalitions, columns);
  const lapack_int n = (lapack_int)p->n_free;
  const lapack_int info =
      LAPACKE_dpotrs(LAPACK_COL_MAJOR, 'L', n, (lapack_int)p->n_coalitions, factor, n, columns, n);
  if (info != 0) {
    status = apo_fail(err, APO_ERR_INTERNAL, "least squares: LAPACK returned %d", (int)info);
    goto done;
  }
  for (uint32_t player = 0; player < p->n_free; ++player) {
    for (uint32_t k = 0; k < p->n_coalitions; ++k) {
      p->dense[(size_t)player * p->n_coalitions + k] = columns[(size_t)k * p->n_free + player];
    }
  }
done:
  free(columns);
  return status;
}

// --- creating -------------------------------------------------------------------------------------

static bool is_dense(uint32_t n_free, uint32_t n_coalitions) {
  return (size_t)n_free * n_coalitions <= DENSE_BYTES / sizeof(double);
}

static size_t gram_bytes(uint32_t n_free) {
  return (size_t)n_free * n_free * sizeof(double);
}

size_t apo_projection_bytes(uint32_t n_players, uint32_t n_coalitions) {
  if (n_players < 2) return sizeof(apo_projection);
  const uint32_t n_free = n_players - 1;
  const size_t n_words = ((size_t)n_coalitions + 31) / 32;
  const size_t list = n_players * n_words * sizeof(uint32_t) + n_coalitions * sizeof(double);
  const size_t dense = (size_t)n_free * n_coalitions * sizeof(double);
  const size_t maps = is_dense(n_free, n_coalitions) ? 2 * dense : (size_t)BLOCK_BYTES;
  return sizeof(apo_projection) + list + gram_bytes(n_free) + maps;
}

static apo_status copy_list(const apo_coalitions *list,
                            const uint32_t *players,
                            apo_projection *p,
                            apo_error *err) {
  p->bits = apo_alloc(p->n_players, p->n_words * sizeof *p->bits);
  p->weights = apo_alloc(p->n_coalitions, sizeof *p->weights);
  if (p->bits == NULL || p->weights == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "least squares: no memory for %u coalitions of %u",
                    p->n_coalitions, p->n_players);
  }
  for (uint32_t i = 0; i < p->n_players; ++i) {
    const size_t player = players != NULL ? players[i] : i;
    memcpy(p->bits + (size_t)i * p->n_words, list->bits + player * p->n_words,
           p->n_words * sizeof *p->bits);
  }
  memcpy(p->weights, list->weights, p->n_coalitions * sizeof *p->weights);
  return APO_OK;
}

static apo_status factor_list(uint32_t n_listed, apo_projection *p, apo_error *err) {
  double *gram = apo_alloc(p->n_free, p->n_free * sizeof *gram);
  if (gram == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "least squares: no memory for %u players", p->n_players);
  }
  apo_status status = build_gram(p, gram, err);
  if (status == APO_OK) status = factorise(p, n_listed, gram, err);
  if (status == APO_OK && is_dense(p->n_free, p->n_coalitions)) {
    status = solve_dense(p, gram, err);
  } else if (status == APO_OK) {
    p->factor = gram;
    gram = NULL;
  }
  free(gram);
  return status;
}

apo_status apo_projection_create_subset(const apo_coalitions *coalitions,
                                        const uint32_t *players,
                                        uint32_t n_players,
                                        apo_projection **out,
                                        apo_error *err) {
  *out = NULL;
  if (n_players < 2 || n_players > coalitions->n_players) {
    return apo_fail(err, APO_ERR_ARGUMENT, "least squares: %u players of %u, needed at least 2",
                    n_players, coalitions->n_players);
  }
  apo_projection *p = apo_alloc(1, sizeof *p);
  if (p == NULL) return apo_fail(err, APO_ERR_MEMORY, "least squares: no memory");
  p->n_players = n_players;
  p->n_free = n_players - 1;
  p->n_coalitions = coalitions->n_coalitions;
  p->n_words = coalitions->n_words;
  apo_status status = copy_list(coalitions, players, p, err);
  if (status == APO_OK) status = factor_list(coalitions->n_players, p, err);
  if (status == APO_OK) {
    *out = p;
    p = NULL;
  }
  apo_projection_destroy(&p);
  return status;
}

apo_status apo_projection_create(const apo_coalitions *coalitions,
                                 apo_projection **out,
                                 apo_error *err) {
  return apo_projection_create_subset(coalitions, NULL, coalitions->n_players, out, err);
}

void apo_projection_destroy(apo_projection **projection) {
  if (*projection == NULL) return;
  free((*projection)->bits);
  free((*projection)->weights);
  free((*projection)->dense);
  free((*projection)->factor);
  free(*projection);
  *projection = NULL;
}

// --- applying -------------------------------------------------------------------------------------

/* Up to LANES games side by side. */
typedef struct lanes {
  uint32_t n_used;
  double *y;    /* [n_coalitions x LANES] v - v_empty - z_l delta; 0 in unused lanes */
  double *free; /* [n_free x LANES] */
} lanes;

static void load_lanes(const apo_projection *p,
                       const double *v,
                       const double *v_empty,
                       const double *v_full,
                       lanes *l) {
  for (uint32_t lane = 0; lane < l->n_used; ++lane) {
    const double *values = v + (size_t)lane * p->n_coalitions;
    const double delta = v_full[lane] - v_empty[lane];
    for (uint32_t k = 0; k < p->n_coalitions; ++k) {
      l->y[(size_t)k * LANES + lane] = values[k] - v_empty[lane] - holds(p, p->n_free, k) * delta;
    }
  }
}

static void multiply_dense(const apo_projection *p, lanes *l) {
  for (uint32_t player = 0; player < p->n_free; ++player) {
    const double *row = p->dense + (size_t)player * p->n_coalitions;
    double sums[LANES] = {0};
    for (uint32_t k = 0; k < p->n_coalitions; ++k) {
      const double *y = l->y + (size_t)k * LANES;
      for (size_t lane = 0; lane < LANES; ++lane) sums[lane] += row[k] * y[lane];
    }
    memcpy(l->free + (size_t)player * LANES, sums, sizeof sums);
  }
}

// X'W y, then one solve per game: the number of right-hand sides is always 1, so that LAPACK has
// no shape to choose by either.
static apo_status solve_factor(const apo_projection *p, lanes *l, double *column, apo_error *err) {
  for (uint32_t k = 0; k < p->n_coalitions; ++k) {
    for (size_t lane = 0; lane < LANES; ++lane) l->y[(size_t)k * LANES + lane] *= p->weights[k];
  }
  for (uint32_t player = 0; player < p->n_free; ++player) {
    double sums[LANES] = {0};
    for (uint32_t k = 0; k < p->n_coalitions; ++k) {
      const double x = holds(p, player, k) - holds(p, p->n_free, k);
      const double *y = l->y + (size_t)k * LANES;
      for (size_t lane = 0; lane < LANES; ++lane) sums[lane] += x * y[lane];
    }
    memcpy(l->free + (size_t)player * LANES, sums, sizeof sums);
  }
  const lapack_int n = (lapack_int)p->n_free;
  for (uint32_t lane = 0; lane < l->n_used; ++lane) {
    for (uint32_t i = 0; i < p->n_free; ++i) column[i] = l->free[(size_t)i * LANES + lane];
    const lapack_int info = LAPACKE_dpotrs(LAPACK_COL_MAJOR, 'L', n, 1, p->factor, n, column, n);
    if (info != 0) {
      return apo_fail(err, APO_ERR_INTERNAL, "least squares: LAPACK returned %d", (int)info);
    }
    for (uint32_t i = 0; i < p->n_free; ++i) l->free[(size_t)i * LANES + lane] = column[i];
  }
  return APO_OK;
}

static void store_lanes(const apo_projection *p,
                        const lanes *l,
                        const double *v_empty,
                        const double *v_full,
                        double *phi) {
  for (uint32_t lane = 0; lane < l->n_used; ++lane) {
    double *row = phi + (size_t)lane * p->n_players;
    double rest = v_full[lane] - v_empty[lane];
    for (uint32_t i = 0; i < p->n_free; ++i) {
      row[i] = l->free[(size_t)i * LANES + lane];
      rest -= row[i];
    }
    row[p->n_free] = rest;
  }
}

apo_status apo_projection_apply(const apo_projection *p,
                                size_t n_rhs,
                                const double *v,
                                const double *v_empty,
                                const double *v_full,
                                double *phi,
                                apo_error *err) {
  lanes l = {0};
  apo_status status = APO_OK;
  double *column = apo_alloc(p->n_free, sizeof *column);
  l.y = apo_alloc(p->n_coalitions, LANES * sizeof *l.y);
  l.free = apo_alloc(p->n_free, LANES * sizeof *l.free);
  if (column == NULL || l.y == NULL || l.free == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "least squares: no memory for %u coalitions of %u",
                      p->n_coalitions, p->n_players);
    goto done;
  }
  for (size_t begin = 0; begin < n_rhs; begin += LANES) {
    l.n_used = n_rhs - begin < LANES ? (uint32_t)(n_rhs - begin) : LANES;
    load_lanes(p, v + begin * p->n_coalitions, v_empty + begin, v_full + begin, &l);
    if (p->dense != NULL) {
      multiply_dense(p, &l);
    } else {
      status = solve_factor(p, &l, column, err);
      if (status != APO_OK) goto done;
    }
    store_lanes(p, &l, v_empty + begin, v_full + begin, phi + begin * p->n_players);
  }
done:
  free(column);
  free(l.y);
  free(l.free);
  return status;
}
