/* npy.c - "x.npy": one float32 array that NumPy maps.
 *
 * (rows, players + 1) for one output, (rows, outputs, players + 1) for more; the last column is the
 * base value, so a row sums to the explained output.  The number of rows is known at the end: the
 * header is written first without it and then once more over itself.
 */
#include <string.h>

#include "engine/core/error.h"
#include "engine/core/memory.h"
#include "host/io/file.h"
#include "host/io/npy.h"
#include "host/stores/chunk.h"
#include "host/stores/store.h"

typedef struct npy_store {
  apo_store store; /* first */
  apo_output_file *file;
  uint8_t *line; /* [4 (n_players + 1)] */
  uint32_t n_players;
  uint32_t n_outputs;
} npy_store;

static void write_header(const npy_store *npy, uint8_t header[APO_NPY_HEADER_BYTES]) {
  const uint32_t inner[2] = {npy->n_outputs, npy->n_players + 1};
  if (npy->n_outputs == 1) {
    apo_npy_header_write(APO_F32, npy->store.n_rows_kept, inner + 1, 1, header);
  } else {
    apo_npy_header_write(APO_F32, npy->store.n_rows_kept, inner, 2, header);
  }
}

static apo_status put(apo_store *self,
                      const apo_tile *tile,
                      const char *const *ids,
                      apo_error *err) {
  (void)ids;  // an array has no place for them
  npy_store *npy = (npy_store *)self;
  const size_t n_players = npy->n_players;
  const size_t n_lines = (size_t)tile->n_rows * tile->n_outputs;
  for (size_t line = 0; line < n_lines; ++line) {
    const float base = (float)tile->base[line % tile->n_outputs];
    apo_pack_f32(tile->phi + line * n_players, n_players, npy->line);
    apo_pack_f32(&base, 1, npy->line + 4 * n_players);
    APO_TRY(apo_output_file_write(npy->file, npy->line, 4 * (n_players + 1), err));
  }
  self->n_rows_kept += tile->n_rows;
  return APO_OK;
}

static apo_status finish(apo_store *self, apo_error *err) {
  npy_store *npy = (npy_store *)self;
  uint8_t header[APO_NPY_HEADER_BYTES];
  write_header(npy, header);
  APO_TRY(apo_output_file_rewrite(npy->file, 0, header, sizeof header, err));
  return apo_output_file_commit(&npy->file, err);
}

static apo_status stop(apo_store *self, apo_error *err) {
  (void)err;
  apo_output_file_abandon(&((npy_store *)self)->file);
  self->n_rows_kept = 0;
  return APO_OK;
}

static void destroy(apo_store *self) {
  npy_store *npy = (npy_store *)self;
  apo_output_file_abandon(&npy->file);
  free(npy->line);
  free(npy);
}

static bool claims(const char *where) {
  return apo_path_ends_in(where, ".npy") && strncmp(where, "sqlite:", 7) != 0;
}

static apo_status start(npy_store *npy,
                        const char *where,
                        const apo_run_spec *spec,
                        apo_error *err) {
  npy->line = apo_alloc((size_t)spec->n_players + 1, 4);
  if (npy->line == NULL) return apo_fail(err, APO_ERR_MEMORY, "%s: out of memory", where);
  npy->n_players = spec->n_players;
  npy->n_outputs = spec->n_outputs;
  APO_TRY(apo_output_file_open(where, spec->force, &npy->file, err));
  uint8_t header[APO_NPY_HEADER_BYTES];
  write_header(npy, header);
  return apo_output_file_write(npy->file, header, sizeof header, err);
}

static apo_status open_npy(const char *where,
                           const apo_run_spec *spec,
                           apo_store **out,
                           apo_error *err) {
  npy_store *npy = apo_alloc(1, sizeof *npy);
  if (npy == NULL) return apo_fail(err, APO_ERR_MEMORY, "%s: out of memory", where);
  npy->store.put = put;
  npy->store.finish = finish;
  npy->store.stop = stop;
  npy->store.destroy = destroy;
  const apo_status status = start(npy, where, spec, err);
  if (status != APO_OK) {
    destroy(&npy->store);
    return status;
  }
  *out = &npy->store;
  return APO_OK;
}

const apo_store_kind apo_store_kind_npy = {"npy", claims, open_npy};
