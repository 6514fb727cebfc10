/* kernel.c - Kernel SHAP: one regression for each set of players that vary.
 *
 * A *design* is what rows with the same varying players share: their coalitions and the factored
 * regression.  Drawn once for all rows (the default), a design is kept as long as tiles use it;
 * drawn for each row, it lives for one tile.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/core/draw.h"
#include "engine/core/memory.h"
#include "engine/explainers/estimator.h"
#include "engine/explainers/kernel/coalitions.h"
#include "engine/plan/footprint.h"
#include "engine/solve/least_squares.h"

enum { MAX_IDLE_DESIGNS = 32 };

typedef struct design {
  uint32_t *mask; /* [n_mask_words] which players vary: the key */
  uint32_t *players;
  uint32_t n_players;
  apo_coalitions *coalitions; /* NULL for fewer than two players */
  apo_projection *projection; /* made when the first row needs it, dropped for want of room */
  uint32_t list;              /* in the tile at hand, or NO_LIST */
} design;

#define NO_LIST UINT32_MAX

typedef struct kernel_estimator {
  apo_estimator part;
  design **designs; /* [n_designs] */
  uint32_t n_designs;
  uint32_t capacity;
  design **of_row;           /* [tile rows] */
  uint64_t design_bytes;     /* held by designs... */
  uint64_t projection_bytes; /* ... and by their projections */
  double *v;                 /* [n_outputs x 32 max_words] */
  double *phi;               /* [n_outputs x n_players] */
} kernel_estimator;

static void design_destroy(design *d) {
  if (d == NULL) return;
  free(d->mask);
  free(d->players);
  apo_coalitions_destroy(&d->coalitions);
  apo_projection_destroy(&d->projection);
  free(d);
}

static apo_status design_create(
    const apo_lane *lane, uint32_t row, uint64_t a, design **out, apo_error *err) {
  apo_status status = APO_OK;
  const apo_plan *plan = lane->plan;
  const size_t mask_bytes = lane->n_mask_words * sizeof(uint32_t);
  design *d = apo_alloc(1, sizeof *d);
  if (d == NULL) return apo_fail(err, APO_ERR_MEMORY, "design: %zu bytes", sizeof *d);
  d->mask = apo_alloc(lane->n_mask_words, sizeof *d->mask);
  d->players = apo_alloc(plan->n_players, sizeof *d->players);
  if (d->mask == NULL || d->players == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "design: %u players", plan->n_players);
    goto done;
  }
  memcpy(d->mask, lane->varying + (size_t)row * lane->n_mask_words, mask_bytes);
  d->n_players = apo_varying_players(lane, row, d->players);
  d->list = NO_LIST;
  if (d->n_players >= 2) {
    status = apo_coalitions_draw(d->n_players, plan->n_samples, plan->seed, a, &d->coalitions, err);
    if (status != APO_OK) goto done;
  }
  *out = d;
  d = NULL;

done:
  design_destroy(d);
  return status;
}

// --- designs of a tile --------------------------------------------------------------------------

static void drop_projection(kernel_estimator *self, design *d) {
  if (d->projection == NULL) return;
  self->projection_bytes -= apo_projection_bytes(d->n_players, d->coalitions->n_coalitions);
  apo_projection_destroy(&d->projection);
}

// As many as a tile may add, so that both together stay within the plan's bytes.
static void forget_idle(kernel_estimator *self) {
  const apo_plan *plan = self->part.plan;
  const uint32_t room = plan->tiling.rows < MAX_IDLE_DESIGNS ? plan->tiling.rows : MAX_IDLE_DESIGNS;
  const uint32_t n_kept = plan->per_row ? 0 : room;
  uint32_t n = 0;
  for (uint32_t i = 0; i < self->n_designs; ++i) {
    if (n < n_kept) {
      self->designs[n++] = self->designs[i];
    } else {
      drop_projection(self, self->designs[i]);
      design_destroy(self->designs[i]);
    }
  }
  self->n_designs = n;
  for (uint32_t i = 0; i < n; ++i) self->designs[i]->list = NO_LIST;
}

static apo_status keep_design(kernel_estimator *self, design *d, apo_error *err) {
  if (self->n_designs == self->capacity) {
    const uint32_t capacity = self->capacity > 0 ? 2 * self->capacity : 64;
    design **designs = apo_resize(self->designs, capacity, sizeof *designs);
    if (designs == NULL) return apo_fail(err, APO_ERR_MEMORY, "design: %u of them", capacity);
    self->designs = designs;
    self->capacity = capacity;
  }
  self->designs[self->n_designs++] = d;
  return APO_OK;
}

static design *find_design(const kernel_estimator *self, const apo_lane *lane, uint32_t row) {
  const uint32_t *mask = lane->varying + (size_t)row * lane->n_mask_words;
  for (uint32_t i = 0; i < self->n_designs; ++i) {
    if (memcmp(self->designs[i]->mask, mask, lane->n_mask_words * sizeof *mask) == 0) {
      return self->designs[i];
    }
  }
  return NULL;
}

static apo_status design_of_row(kernel_estimator *self,
                                const apo_lane *lane,
                                uint32_t row,
                                uint64_t row_number,
                                design **out,
                                apo_error *err) {
  const bool per_row = self->part.plan->per_row;
  *out = per_row ? NULL : find_design(self, lane, row);
  if (*out != NULL) return APO_OK;
  APO_TRY(design_create(lane, row, per_row ? row_number : APO_DRAW_SHARED, out, err));
  const apo_status status = keep_design(self, *out, err);
  if (status != APO_OK) {
    design_destroy(*out);
    *out = NULL;
  }
  return status;
}

// --- lists --------------------------------------------------------------------------------------

static void write_list(const apo_lane *lane, const design *d) {
  const apo_lists *lists = &lane->lists;
  const size_t list_words = (size_t)lane->plan->n_players * lists->n_words;
  uint32_t *member = lists->member + d->list * list_words;
  memset(member, 0, list_words * sizeof *member);
  for (uint32_t i = 0; i < d->n_players; ++i) {
    memcpy(member + (size_t)d->players[i] * lists->n_words,
           d->coalitions->bits + (size_t)i * d->coalitions->n_words,
           d->coalitions->n_words * sizeof *member);
  }
}

static void write_lists(kernel_estimator *self, apo_lane *lane) {
  apo_lists *lists = &lane->lists;
  uint32_t n_words = 0;
  lists->n_lists = 0;
  for (uint32_t i = 0; i < self->n_designs; ++i) {
    design *d = self->designs[i];
    if (d->list == NO_LIST || d->coalitions == NULL) continue;
    d->list = lists->n_lists++;
    if (d->coalitions->n_words > n_words) n_words = d->coalitions->n_words;
  }
  lists->n_words = (n_words + 3) / 4 * 4;
  for (uint32_t i = 0; i < self->n_designs; ++i) {
    const design *d = self->designs[i];
    if (d->list != NO_LIST && d->coalitions != NULL) write_list(lane, d);
  }
  for (uint32_t row = 0; row < lane->n_rows; ++row) {
    const design *d = self->of_row[row];
    lists->list_of_row[row] = d->coalitions != NULL ? d->list : 0;
    lists->n_coalitions[row] = d->coalitions != NULL ? d->coalitions->n_coalitions : 0;
  }
}

static void count_bytes(kernel_estimator *self, const apo_lane *lane) {
  self->design_bytes = 0;
  for (uint32_t i = 0; i < self->n_designs; ++i) {
    const design *d = self->designs[i];
    self->design_bytes += (lane->n_mask_words + lane->plan->n_players) * sizeof(uint32_t);
    if (d->coalitions == NULL) continue;
    self->design_bytes += (uint64_t)d->n_players * d->coalitions->n_words * sizeof(uint32_t) +
                          d->coalitions->n_coalitions * sizeof(double);
  }
}

static apo_status prepare(apo_estimator *part,
                          apo_lane *lane,
                          uint64_t row_number,
                          apo_error *err) {
  kernel_estimator *self = (kernel_estimator *)part;
  forget_idle(self);
  for (uint32_t row = 0; row < lane->n_rows; ++row) {
    design *d;
    const apo_status status = design_of_row(self, lane, row, row_number + row, &d, err);
    if (status != APO_OK) {
      return apo_prefix(err, status, "row %llu: ", (unsigned long long)(row_number + row));
    }
    d->list = 0;  // used; write_lists numbers it
    self->of_row[row] = d;
  }
  write_lists(self, lane);
  count_bytes(self, lane);
  return APO_OK;
}

// The regression of a row's design.  Projections of wide games are large: only so many are kept.
static apo_status need_projection(kernel_estimator *self, design *d, apo_error *err) {
  if (d->projection != NULL) return APO_OK;
  const uint64_t room = apo_footprint_projections(self->part.plan);
  const uint64_t n_bytes = apo_projection_bytes(d->n_players, d->coalitions->n_coalitions);
  for (uint32_t i = 0; i < self->n_designs && self->projection_bytes + n_bytes > room; ++i) {
    drop_projection(self, self->designs[i]);
  }
  APO_TRY(apo_projection_create(d->coalitions, &d->projection, err));
  self->projection_bytes += n_bytes;
  const uint64_t held = self->design_bytes + self->projection_bytes;
  if (held > self->part.host_bytes) self->part.host_bytes = held;
  return APO_OK;
}

static apo_status finish(apo_estimator *part,
                         const apo_lane *lane,
                         uint32_t row,
                         const double *v_full,
                         double *phi,
                         double *se,
                         apo_error *err) {
  kernel_estimator *self = (kernel_estimator *)part;
  const apo_plan *plan = part->plan;
  design *d = self->of_row[row];
  (void)se;
  if (d->n_players == 1) {
    for (uint32_t k = 0; k < plan->n_outputs; ++k) {
      phi[(size_t)k * plan->n_players + d->players[0]] = v_full[k] - plan->base[k];
    }
  }
  if (d->n_players < 2) return APO_OK;
  APO_TRY(need_projection(self, d, err));
  APO_TRY(apo_coalition_values(lane, row, self->v, err));
  APO_TRY(apo_projection_apply(d->projection, plan->n_outputs, self->v, plan->base, v_full,
                               self->phi, err));
  for (uint32_t k = 0; k < plan->n_outputs; ++k) {
    for (uint32_t i = 0; i < d->n_players; ++i) {
      phi[(size_t)k * plan->n_players + d->players[i]] = self->phi[(size_t)k * d->n_players + i];
    }
  }
  return APO_OK;
}

static void destroy(apo_estimator *part) {
  kernel_estimator *self = (kernel_estimator *)part;
  for (uint32_t i = 0; i < self->n_designs; ++i) design_destroy(self->designs[i]);
  free(self->designs);
  free(self->of_row);
  free(self->v);
  free(self->phi);
  free(self);
}

static apo_status create(const apo_plan *plan, apo_estimator **out, apo_error *err) {
  const size_t n_values = (size_t)plan->n_outputs * 32 * plan->max_words;
  kernel_estimator *self = apo_alloc(1, sizeof *self);
  if (self == NULL) return apo_fail(err, APO_ERR_MEMORY, "kernel: %zu bytes", sizeof *self);
  self->part =
      (apo_estimator){.plan = plan, .prepare = prepare, .finish = finish, .destroy = destroy};
  self->of_row = apo_alloc(plan->tiling.rows, sizeof *self->of_row);
  self->v = apo_alloc(n_values, sizeof *self->v);
  self->phi = apo_alloc((size_t)plan->n_outputs * plan->n_players, sizeof *self->phi);
  if (self->of_row == NULL || self->v == NULL || self->phi == NULL) {
    destroy(&self->part);
    return apo_fail(err, APO_ERR_MEMORY, "kernel: %zu coalition values", n_values);
  }
  *out = &self->part;
  return APO_OK;
}

const apo_explainer apo_explainer_kernel = {.method = APO_METHOD_KERNEL, .create = create};
