/* null.c - "null:" counts rows and keeps nothing, so that explaining can be timed by itself. */
#include <string.h>

#include "engine/core/error.h"
#include "engine/core/memory.h"
#include "host/stores/store.h"

static apo_status put(apo_store *self,
                      const apo_tile *tile,
                      const char *const *ids,
                      apo_error *err) {
  (void)ids;
  (void)err;
  self->n_rows_kept += tile->n_rows;
  return APO_OK;
}

static apo_status end(apo_store *self, apo_error *err) {
  (void)self;
  (void)err;
  return APO_OK;
}

static void destroy(apo_store *self) {
  free(self);
}

static bool claims(const char *where) {
  return strcmp(where, "null:") == 0;
}

static apo_status open_null(const char *where,
                            const apo_run_spec *spec,
                            apo_store **out,
                            apo_error *err) {
  (void)spec;
  apo_store *store = apo_alloc(1, sizeof *store);
  if (store == NULL) return apo_fail(err, APO_ERR_MEMORY, "%s: out of memory", where);
  store->put = put;
  store->finish = end;
  store->stop = end;
  store->destroy = destroy;
  *out = store;
  return APO_OK;
}

const apo_store_kind apo_store_kind_null = {
    .name = "null", .can_keep_top = true, .claims = claims, .open = open_null};
