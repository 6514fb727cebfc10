/* exact.c - methods exact and path: the lane has summed the values; this reads them out.
 *
 * Values come slot by slot; they are turned into rows a block at a time, so that each cache line of
 * a slot is read once.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/exact/exact_plan.h"
#include "engine/explainers/estimator.h"

enum { BLOCK_ROWS = 32 };

typedef struct exact {
  apo_estimator head;
  double *block; /* [BLOCK_ROWS x values of a row] */
  uint32_t n_values;
  const apo_lane *lane; /* whose tile `block` is of, NULL: of none */
  uint32_t begin;       /* its first row */
} exact;

static apo_status prepare(apo_estimator *head,
                          apo_lane *lane,
                          uint64_t row_number,
                          apo_error *err) {
  exact *self = (exact *)head;
  (void)lane, (void)row_number, (void)err;
  self->lane = NULL;
  return APO_OK;
}

static void turn(exact *self, const apo_lane *lane, uint32_t row) {
  const double unit = self->head.plan->exact->games->unit;
  const uint32_t left = lane->n_rows - row;
  const uint32_t n = left < BLOCK_ROWS ? left : BLOCK_ROWS;
  self->lane = lane;
  self->begin = row;
  for (uint32_t slot = 0; slot < self->n_values && lane->rescaled != NULL; ++slot) {
    const double *from = lane->rescaled + (size_t)slot * lane->phi_stride + row;
    for (uint32_t r = 0; r < n; ++r) self->block[(size_t)r * self->n_values + slot] = from[r];
  }
  for (uint32_t slot = 0; slot < self->n_values && lane->rescaled == NULL; ++slot) {
    const int64_t *from = lane->staging_phi + (size_t)slot * lane->phi_stride + row;
    for (uint32_t r = 0; r < n; ++r) {
      self->block[(size_t)r * self->n_values + slot] = (double)from[r] * unit;
    }
  }
}

static const double *values_of(exact *self, const apo_lane *lane, uint32_t row) {
  if (self->lane != lane || row < self->begin || row >= self->begin + BLOCK_ROWS) {
    turn(self, lane, row / BLOCK_ROWS * BLOCK_ROWS);
  }
  return self->block + (size_t)(row - self->begin) * self->n_values;
}

static apo_status finish(apo_estimator *head,
                         const apo_lane *lane,
                         uint32_t row,
                         const double *v_full,
                         double *phi,
                         double *se,
                         apo_error *err) {
  (void)v_full, (void)se, (void)err;
  const size_t n = (size_t)head->plan->n_outputs * head->plan->n_players;
  memcpy(phi, values_of((exact *)head, lane, row), n * sizeof *phi);
  return APO_OK;
}

static const double *pairs(apo_estimator *head, const apo_lane *lane, uint32_t row) {
  const size_t n = (size_t)head->plan->n_outputs * head->plan->n_players;
  return values_of((exact *)head, lane, row) + n;
}

static void destroy(apo_estimator *head) {
  free(((exact *)head)->block);
  free(head);
}

static apo_status create(const apo_plan *plan, apo_estimator **out, apo_error *err) {
  *out = NULL;
  exact *self = apo_alloc(1, sizeof *self);
  if (self == NULL) return apo_fail(err, APO_ERR_MEMORY, "exact: %zu bytes", sizeof *self);
  self->head = (apo_estimator){
      .plan = plan, .prepare = prepare, .finish = finish, .pairs = pairs, .destroy = destroy};
  self->n_values = plan->exact->games->n_slots - 1;
  self->block = apo_alloc((size_t)BLOCK_ROWS * self->n_values, sizeof *self->block);
  self->head.host_bytes = (uint64_t)BLOCK_ROWS * self->n_values * sizeof *self->block;
  if (self->block == NULL) {
    free(self);
    return apo_fail(err, APO_ERR_MEMORY, "exact: %d rows", BLOCK_ROWS);
  }
  *out = &self->head;
  return APO_OK;
}

const apo_explainer apo_explainer_exact = {.method = APO_METHOD_EXACT, .create = create};
const apo_explainer apo_explainer_path = {.method = APO_METHOD_PATH, .create = create};
