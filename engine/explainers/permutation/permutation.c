/* permutation.c - antithetic permutation SHAP: the orders of each row, drawn on the device. */
#include <stdlib.h>
#include <string.h>

#include "engine/core/draw.h"
#include "engine/core/memory.h"
#include "engine/explainers/estimator.h"
#include "engine/explainers/permutation/permutations.h"
#include "engine/plan/footprint.h"
#include "kernels/permutation_orders/permutation_orders_abi.h"

typedef struct permutation_estimator {
  apo_estimator part;
  uint32_t *n_varying; /* [tile rows] */
  uint32_t *n_pairs;   /* [tile rows] */
  uint32_t *players;   /* [tile rows x n_players] those that vary come first */
  size_t *first_order; /* [tile rows] in `orders` */
  uint32_t *orders;    /* of the tile's rows, one after another */
  size_t orders_room;
  uint32_t *drawn; /* one batch */
  size_t drawn_room;
  uint32_t *bits;     /* [n_players x max_words] of one row */
  double *v;          /* [n_outputs x 32 max_words] */
  double *phi;        /* [n_players] */
  double *se;         /* [n_players] */
  uint64_t own_bytes; /* of what does not grow */
} permutation_estimator;

static apo_status make_room(uint32_t **block, size_t *room, size_t n, apo_error *err) {
  if (n <= *room) return APO_OK;
  uint32_t *more = apo_resize(*block, n, sizeof *more);
  if (more == NULL) return apo_fail(err, APO_ERR_MEMORY, "permutation: %zu order elements", n);
  *block = more;
  *room = n;
  return APO_OK;
}

static uint32_t *players_of(const permutation_estimator *self, uint32_t row) {
  return self->players + (size_t)row * self->part.plan->n_players;
}

// Players, pairs and the place of each row's orders.
static apo_status count_rows(permutation_estimator *self, const apo_lane *lane, apo_error *err) {
  size_t n_elements = 0;
  for (uint32_t row = 0; row < lane->n_rows; ++row) {
    const uint32_t n = apo_varying_players(lane, row, players_of(self, row));
    self->n_varying[row] = n;
    self->n_pairs[row] = 0;
    self->first_order[row] = n_elements;
    if (n < 2) continue;
    APO_TRY(apo_permutation_pairs(n, lane->plan->n_samples, &self->n_pairs[row], err));
    n_elements += (size_t)n * self->n_pairs[row];
  }
  return make_room(&self->orders, &self->orders_room, n_elements, err);
}

// Rows that one launch draws for.  Its orders are as many and as long as the largest of any row,
// so rows of unequal sizes are drawn in several launches.
typedef struct batch {
  uint32_t begin;
  uint32_t n_rows;
  uint32_t n_orders; /* a row */
  uint32_t n_slots;  /* of an order */
} batch;

static size_t elements_of(const batch *b) {
  return (size_t)b->n_rows * b->n_orders * b->n_slots;
}

static batch next_batch(const permutation_estimator *self, uint32_t begin, uint32_t end) {
  batch b = {.begin = begin};
  for (uint32_t row = begin; row < end; ++row) {
    batch more = b;
    more.n_rows = row + 1 - begin;
    if (self->n_pairs[row] > more.n_orders) more.n_orders = self->n_pairs[row];
    if (self->n_varying[row] > more.n_slots) more.n_slots = self->n_varying[row];
    if (b.n_rows > 0 && elements_of(&more) > APO_ORDERS_AT_ONCE) break;
    b = more;
  }
  return b;
}

static apo_status draw_batch(permutation_estimator *self,
                             apo_lane *lane,
                             uint64_t row_number,
                             const batch *b,
                             apo_error *err) {
  apo_status status;
  apo_executor *executor = lane->executor;
  apo_buffer *n_varying = NULL;
  apo_buffer *order = NULL;
  const size_t group = executor->caps.is_cpu || executor->caps.is_reference ? 1 : 64;
  const size_t n_items = (size_t)b->n_rows * b->n_orders;
  const size_t n_bytes = elements_of(b) * sizeof *self->drawn;
  const apo_permutation_orders_args args = {
      .seed_low = (apo_u32)lane->plan->seed,
      .seed_high = (apo_u32)(lane->plan->seed >> 32),
      .row_low = (apo_u32)row_number,
      .row_high = (apo_u32)(row_number >> 32),
      .stream = APO_STREAM_PERMUTATION,
      .n_rows = b->n_rows,
      .n_orders = b->n_orders,
      .n_slots = b->n_slots,
  };
  status = apo_executor_buffer(executor, b->n_rows * sizeof(uint32_t), &n_varying, err);
  if (status != APO_OK) goto done;
  status = apo_executor_buffer(executor, n_bytes, &order, err);
  if (status != APO_OK) goto done;
  status = apo_executor_upload(executor, n_varying, 0, self->n_varying + b->begin,
                               b->n_rows * sizeof(uint32_t), err);
  if (status != APO_OK) goto done;
  const apo_launch launch = {
      .stage = apo_stage_find("permutation_orders"),
      .spec = {(apo_i32)group},
      .args = &args,
      .buffers = {n_varying, order},
      .n_items = (n_items + group - 1) / group * group,
      .group = group,
  };
  status = apo_executor_launch(executor, &launch, err);
  if (status != APO_OK) goto done;
  status = apo_executor_download(executor, order, 0, self->drawn, n_bytes, err);
  if (status != APO_OK) goto done;
  status = apo_executor_wait(executor, err);

done:
  apo_executor_release(executor, &n_varying);
  apo_executor_release(executor, &order);
  return status;
}

// A row's orders without the gaps that other rows' sizes left.
static void pack_orders(permutation_estimator *self, const batch *b) {
  for (uint32_t row = b->begin; row < b->begin + b->n_rows; ++row) {
    const uint32_t n = self->n_varying[row];
    uint32_t *to = self->orders + self->first_order[row];
    for (uint32_t p = 0; p < self->n_pairs[row]; ++p) {
      const size_t order = (size_t)(row - b->begin) * b->n_orders + p;
      memcpy(to + (size_t)p * n, self->drawn + order * b->n_slots, n * sizeof *to);
    }
  }
}

static apo_status draw_orders(permutation_estimator *self,
                              apo_lane *lane,
                              uint64_t row_number,
                              apo_error *err) {
  for (uint32_t begin = 0; begin < lane->n_rows;) {
    const batch b = next_batch(self, begin, lane->n_rows);
    APO_TRY(make_room(&self->drawn, &self->drawn_room, elements_of(&b), err));
    if (elements_of(&b) > 0) APO_TRY(draw_batch(self, lane, row_number + begin, &b, err));
    pack_orders(self, &b);
    begin += b.n_rows;
  }
  return APO_OK;
}

static void write_list(permutation_estimator *self, apo_lane *lane, uint32_t row) {
  const apo_lists *lists = &lane->lists;
  const uint32_t n = self->n_varying[row];
  const uint32_t n_words = (lists->n_coalitions[row] + 31) / 32;
  const uint32_t *players = self->players + (size_t)row * lane->plan->n_players;
  const size_t list_words = (size_t)lane->plan->n_players * lists->n_words;
  uint32_t *member = lists->member + row * list_words;
  memset(member, 0, list_words * sizeof *member);
  lists->list_of_row[row] = row;
  if (n < 2) return;
  const uint32_t *orders = self->orders + self->first_order[row];
  apo_permutation_bits(n, self->n_pairs[row], orders, self->bits);
  for (uint32_t i = 0; i < n; ++i) {
    memcpy(member + (size_t)players[i] * lists->n_words, self->bits + (size_t)i * n_words,
           n_words * sizeof *member);
  }
}

static apo_status prepare(apo_estimator *part,
                          apo_lane *lane,
                          uint64_t row_number,
                          apo_error *err) {
  permutation_estimator *self = (permutation_estimator *)part;
  apo_lists *lists = &lane->lists;
  uint32_t most = 0;
  APO_TRY(count_rows(self, lane, err));
  for (uint32_t row = 0; row < lane->n_rows; ++row) {
    lists->n_coalitions[row] =
        apo_permutation_n_evaluations(self->n_varying[row], self->n_pairs[row]);
    if (lists->n_coalitions[row] > most) most = lists->n_coalitions[row];
  }
  lists->n_lists = most > 0 ? lane->n_rows : 0;
  lists->n_words = ((most + 31) / 32 + 3) / 4 * 4;
  if (most == 0) return APO_OK;
  APO_TRY(draw_orders(self, lane, row_number, err));
  for (uint32_t row = 0; row < lane->n_rows; ++row) write_list(self, lane, row);
  part->host_bytes = self->own_bytes + (self->orders_room + self->drawn_room) * sizeof(uint32_t);
  return APO_OK;
}

static apo_status finish(apo_estimator *part,
                         const apo_lane *lane,
                         uint32_t row,
                         const double *v_full,
                         double *phi,
                         double *se,
                         apo_error *err) {
  permutation_estimator *self = (permutation_estimator *)part;
  const apo_plan *plan = part->plan;
  const uint32_t n = self->n_varying[row];
  const uint32_t n_coalitions = lane->lists.n_coalitions[row];
  const uint32_t *players = self->players + (size_t)row * plan->n_players;
  if (n == 0) return APO_OK;
  if (n > 1) APO_TRY(apo_coalition_values(lane, row, self->v, err));
  for (uint32_t k = 0; k < plan->n_outputs; ++k) {
    apo_permutation_phi(n, self->n_pairs[row], self->orders + self->first_order[row],
                        self->v + (size_t)k * n_coalitions, plan->base[k], v_full[k], self->phi,
                        self->se);
    for (uint32_t i = 0; i < n; ++i) {
      phi[(size_t)k * plan->n_players + players[i]] = self->phi[i];
      se[(size_t)k * plan->n_players + players[i]] = self->se[i];
    }
  }
  return APO_OK;
}

static void destroy(apo_estimator *part) {
  permutation_estimator *self = (permutation_estimator *)part;
  free(self->n_varying);
  free(self->n_pairs);
  free(self->first_order);
  free(self->players);
  free(self->drawn);
  free(self->orders);
  free(self->bits);
  free(self->v);
  free(self->phi);
  free(self->se);
  free(self);
}

static apo_status create(const apo_plan *plan, apo_estimator **out, apo_error *err) {
  const size_t rows = plan->tiling.rows;
  const size_t n_values = (size_t)plan->n_outputs * 32 * plan->max_words;
  permutation_estimator *self = apo_alloc(1, sizeof *self);
  if (self == NULL) return apo_fail(err, APO_ERR_MEMORY, "permutation: %zu bytes", sizeof *self);
  self->part =
      (apo_estimator){.plan = plan, .prepare = prepare, .finish = finish, .destroy = destroy};
  self->n_varying = apo_alloc(rows, sizeof *self->n_varying);
  self->n_pairs = apo_alloc(rows, sizeof *self->n_pairs);
  self->first_order = apo_alloc(rows, sizeof *self->first_order);
  self->players = apo_alloc(rows * plan->n_players, sizeof *self->players);
  self->bits = apo_alloc((size_t)plan->n_players * plan->max_words, sizeof *self->bits);
  self->v = apo_alloc(n_values, sizeof *self->v);
  self->phi = apo_alloc(plan->n_players, sizeof *self->phi);
  self->se = apo_alloc(plan->n_players, sizeof *self->se);
  self->own_bytes = rows * (16 + 4ull * plan->n_players) + n_values * sizeof(double) +
                    4ull * plan->n_players * plan->max_words + 16ull * plan->n_players;
  if (self->n_varying == NULL || self->n_pairs == NULL || self->first_order == NULL ||
      self->players == NULL || self->bits == NULL || self->v == NULL || self->phi == NULL ||
      self->se == NULL) {
    destroy(&self->part);
    return apo_fail(err, APO_ERR_MEMORY, "permutation: %zu coalition values", n_values);
  }
  *out = &self->part;
  return APO_OK;
}

const apo_explainer apo_explainer_permutation = {.method = APO_METHOD_PERMUTATION,
                                                 .create = create};
