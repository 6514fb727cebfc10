/* stores.c - the kinds of destination, and what is the same for all of them.
 *
 * The life of a store and the shape of its tiles are checked here, once, so that a kind is only
 * about where bytes go.
 */
#include "host/stores/store.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/core/error.h"
#include "host/stores/pair_matrix.h"
#include "host/stores/reduced.h"

// One word for each folder.
#define APO_STORE_KINDS(X) \
  X(npy)                   \
  X(csv)                   \
  X(sqlite)                \
  X(null)

#define DECLARE(name) extern const apo_store_kind apo_store_kind_##name;
APO_STORE_KINDS(DECLARE)
#undef DECLARE

#define LIST(name) &apo_store_kind_##name,
const apo_store_kind *const apo_store_kinds[] = {APO_STORE_KINDS(LIST) NULL};
#undef LIST

/* --- what a run keeps ------------------------------------------------------------------------- */

apo_layout apo_spec_layout(const apo_run_spec *spec) {
  if (spec->has_pairs) return spec->top > 0 ? APO_LAYOUT_PAIRS_TOPK : APO_LAYOUT_PAIRS;
  return spec->top > 0 ? APO_LAYOUT_TOPK : APO_LAYOUT_DENSE;
}

uint32_t apo_spec_top(const apo_run_spec *spec) {
  const size_t n = spec->has_pairs ? apo_pair_count(spec->n_players) : spec->n_players;
  return spec->top < n ? spec->top : (uint32_t)n;
}

const char *apo_layout_text(apo_layout layout) {
  switch (layout) {
    case APO_LAYOUT_DENSE: return "dense";
    case APO_LAYOUT_TOPK: return "topk";
    case APO_LAYOUT_PAIRS: return "pairs";
    case APO_LAYOUT_PAIRS_TOPK: return "pairs_topk";
  }
  return "unknown";
}

bool apo_spec_sums_up(const apo_run_spec *spec) {
  return spec->index == NULL || strcmp(spec->index, "shapley") == 0;
}

/* --- opening ---------------------------------------------------------------------------------- */

static apo_status check_spec(const apo_run_spec *spec, apo_error *err) {
  if (spec->model == NULL || spec->n_players == 0 || spec->n_outputs == 0) {
    return apo_fail(err, APO_ERR_ARGUMENT,
                    "store: %s model, %u players, %u outputs; needed one and at least 1 each",
                    spec->model == NULL ? "no" : "a", spec->n_players, spec->n_outputs);
  }
  if (spec->has_pairs && spec->has_errors) {
    return apo_fail(err, APO_ERR_ARGUMENT, "store: interactions with standard errors");
  }
  for (uint32_t output = 0; output < spec->n_outputs; ++output) {
    if (isfinite(spec->base[output])) continue;
    return apo_fail(err, APO_ERR_ARGUMENT, "store: base of output %u is not finite", output);
  }
  return APO_OK;
}

static apo_status check_kind(const apo_store_kind *kind,
                             const char *where,
                             const apo_run_spec *spec,
                             apo_error *err) {
  if (spec->top > 0 && !kind->can_keep_top) {
    return apo_fail(err, APO_ERR_ARGUMENT,
                    "%.300s: keeps whole rows; the largest %u of a row are for sqlite:FILE", where,
                    spec->top);
  }
  if (spec->reduction != APO_REDUCE_NONE && !kind->can_be_reduced) {
    return apo_fail(err, APO_ERR_ARGUMENT,
                    "%.300s: keeps rows; a mean over them is for x.npy, x.csv or -", where);
  }
  return APO_OK;
}

static const apo_store_kind *find_kind(const char *where) {
  for (size_t i = 0; apo_store_kinds[i] != NULL; ++i) {
    if (apo_store_kinds[i]->claims(where)) return apo_store_kinds[i];
  }
  return NULL;
}

apo_status apo_store_open(const char *where,
                          const apo_run_spec *spec,
                          apo_store **out,
                          apo_error *err) {
  *out = NULL;
  const apo_store_kind *kind = find_kind(where);
  if (kind == NULL) {
    return apo_fail(
        err, APO_ERR_ARGUMENT,
        "%.300s: no kind of destination, needed x.npy, x.csv, -, sqlite:FILE or null:", where);
  }
  APO_TRY(check_spec(spec, err));
  APO_TRY(check_kind(kind, where, spec, err));
  apo_store *store = NULL;
  if (spec->reduction != APO_REDUCE_NONE) {
    APO_TRY(apo_reduced_open(where, spec, &store, err));
  } else {
    APO_TRY(kind->open(where, spec, &store, err));
  }
  store->phase = APO_STORE_OPEN;
  store->n_players = spec->n_players;
  store->n_outputs = spec->n_outputs;
  store->has_errors = spec->has_errors;
  store->has_pairs = spec->has_pairs;
  store->has_ids = spec->key_name != NULL;
  store->has_row_base = spec->target_id != NULL;
  store->first_row = 0;
  store->n_rows_put = 0;
  store->n_rows_kept = store->n_rows_done;
  *out = store;
  return APO_OK;
}

static apo_status check_tile(const apo_store *store,
                             const apo_tile *tile,
                             const char *const *ids,
                             apo_error *err) {
  if (store->phase != APO_STORE_OPEN || store->is_complete) {
    return apo_fail(err, APO_ERR_ARGUMENT, "store: a tile at row %" PRIu64 " after %s",
                    tile->row_begin,
                    store->phase == APO_STORE_FAILED ? "a failure" : "the end of the run");
  }
  if (tile->n_players != store->n_players || tile->n_outputs != store->n_outputs) {
    return apo_fail(err, APO_ERR_ARGUMENT,
                    "store: a tile of %u outputs x %u players, needed %u x %u", tile->n_outputs,
                    tile->n_players, store->n_outputs, store->n_players);
  }
  const uint64_t expected = store->first_row + store->n_rows_put;
  if (store->n_rows_put > 0 && tile->row_begin != expected) {
    return apo_fail(err, APO_ERR_ARGUMENT, "store: a tile at row %" PRIu64 ", needed row %" PRIu64,
                    tile->row_begin, expected);
  }
  if ((store->has_ids && ids == NULL) || (store->has_errors && tile->phi_se == NULL)) {
    return apo_fail(err, APO_ERR_ARGUMENT, "store: a tile without the run's %s",
                    store->has_ids && ids == NULL ? "ids" : "standard errors");
  }
  if (store->has_row_base && tile->row_base == NULL) {
    return apo_fail(err, APO_ERR_ARGUMENT, "store: a tile without the base of each row");
  }
  // One player has no pairs, and then there is nothing to point to.
  if (store->has_pairs && tile->pairs == NULL && store->n_players > 1) {
    return apo_fail(err, APO_ERR_ARGUMENT, "store: a tile without the run's interactions");
  }
  return APO_OK;
}

apo_status apo_store_put(apo_store *store,
                         const apo_tile *tile,
                         const char *const *ids,
                         apo_error *err) {
  APO_TRY(check_tile(store, tile, ids, err));
  if (store->n_rows_put == 0) store->first_row = tile->row_begin;
  const apo_status status = store->put(store, tile, ids, err);
  if (status != APO_OK) {
    store->phase = APO_STORE_FAILED;
    return status;
  }
  store->n_rows_put += tile->n_rows;
  return APO_OK;
}

apo_status apo_store_finish(apo_store *store, apo_error *err) {
  if (store->phase == APO_STORE_FINISHED) return APO_OK;
  if (store->phase != APO_STORE_OPEN) {
    return apo_fail(err, APO_ERR_ARGUMENT, "store: to be finished after a %s",
                    store->phase == APO_STORE_FAILED ? "failure" : "stop");
  }
  const apo_status status = store->finish(store, err);
  store->phase = status == APO_OK ? APO_STORE_FINISHED : APO_STORE_FAILED;
  return status;
}

apo_status apo_store_stop(apo_store *store, apo_error *err) {
  const apo_store_phase phase = store->phase;
  if (phase != APO_STORE_FINISHED) store->phase = APO_STORE_STOPPED;
  return phase == APO_STORE_OPEN ? store->stop(store, err) : APO_OK;
}

void apo_store_close(apo_store **store) {
  if (store == NULL || *store == NULL) return;
  (*store)->destroy(*store);
  *store = NULL;
}
