/* npy.c - "x.npy": one float32 array that NumPy maps.
 *
 * (rows, players + 1) for one output, (rows, outputs, players + 1) for more; the last column is the
 * base value, so a row sums to the explained output.  With interactions a line is a matrix
 * (pair_matrix.h) that is expanded a few of its rows at a time.  The number of rows is known at the
 * end: the header is written first without it and then once more over itself.
 */
#include <string.h>

#include "engine/core/error.h"
#include "engine/core/memory.h"
#include "host/io/file.h"
#include "host/io/npy.h"
#include "host/stores/bytes.h"
#include "host/stores/pair_matrix.h"
#include "host/stores/store.h"

// Of a matrix at once: 16 floats are a cache line, in which the columns left of the diagonal are
// read.
enum { MATRIX_ROWS = 16 };

typedef struct npy_store {
  apo_store store; /* first */
  apo_output_file *file;
  uint8_t *line;   /* [4 (n_players + 1)], and as many for each of MATRIX_ROWS with pairs */
  float *cells;    /* [MATRIX_ROWS x (n_players + 1)]; these are NULL without pairs */
  float *diagonal; /* [n_players] */
  double *room;    /* [n_players] */
  uint32_t n_players;
  uint32_t n_outputs;
  bool has_pairs;
} npy_store;

static void write_header(const npy_store *npy, uint8_t header[APO_NPY_HEADER_BYTES]) {
  const uint32_t width = npy->n_players + 1;
  const uint32_t inner[3] = {npy->n_outputs, width, width};
  const uint32_t skipped = npy->n_outputs == 1 ? 1 : 0;
  const uint32_t n_inner = (npy->has_pairs ? 3 : 2) - skipped;
  apo_npy_header_write(APO_F32, npy->store.n_rows_kept, inner + skipped, n_inner, header);
}

static apo_status put_line(npy_store *npy, const float *phi, float base, apo_error *err) {
  const size_t n_players = npy->n_players;
  apo_pack_f32(phi, n_players, npy->line);
  apo_pack_f32(&base, 1, npy->line + 4 * n_players);
  return apo_output_file_write(npy->file, npy->line, 4 * (n_players + 1), err);
}

static apo_status put_matrix(
    npy_store *npy, const float *phi, const float *pairs, float base, apo_error *err) {
  const uint32_t width = npy->n_players + 1;
  apo_pair_diagonal(npy->n_players, phi, pairs, npy->room, npy->diagonal);
  for (uint32_t row = 0; row < width; row += MATRIX_ROWS) {
    const uint32_t rest = width - row;
    const uint32_t n_rows = rest < MATRIX_ROWS ? rest : MATRIX_ROWS;
    apo_pair_matrix_rows(npy->n_players, npy->diagonal, pairs, base, row, row + n_rows, npy->cells);
    apo_pack_f32(npy->cells, (size_t)n_rows * width, npy->line);
    APO_TRY(apo_output_file_write(npy->file, npy->line, (size_t)n_rows * width * 4, err));
  }
  return APO_OK;
}

static apo_status put(apo_store *self,
                      const apo_tile *tile,
                      const char *const *ids,
                      apo_error *err) {
  (void)ids;  // an array has no place for them
  npy_store *npy = (npy_store *)self;
  const size_t n_pairs = npy->has_pairs ? apo_pair_count(npy->n_players) : 0;
  const size_t n_lines = (size_t)tile->n_rows * tile->n_outputs;
  for (size_t line = 0; line < n_lines; ++line) {
    const float base = (float)apo_tile_base(tile, line);
    const float *phi = tile->phi + line * npy->n_players;
    // One player has no pairs, and its tile no array of them.
    const float *pairs = n_pairs > 0 ? tile->pairs + line * n_pairs : NULL;
    if (npy->has_pairs) {
      APO_TRY(put_matrix(npy, phi, pairs, base, err));
    } else {
      APO_TRY(put_line(npy, phi, base, err));
    }
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
  free(npy->cells);
  free(npy->diagonal);
  free(npy->room);
  free(npy);
}

static bool claims(const char *where) {
  return apo_path_ends_in(where, ".npy") && strncmp(where, "sqlite:", 7) != 0;
}

static apo_status allocate(npy_store *npy, const char *where, apo_error *err) {
  const size_t width = (size_t)npy->n_players + 1;
  const size_t n_rows = npy->has_pairs ? MATRIX_ROWS : 1;
  npy->line = apo_alloc(n_rows * width, 4);
  if (npy->has_pairs) {
    npy->cells = apo_alloc(n_rows * width, sizeof *npy->cells);
    npy->diagonal = apo_alloc(width, sizeof *npy->diagonal);
    npy->room = apo_alloc(width, sizeof *npy->room);
  }
  if (npy->line != NULL &&
      (!npy->has_pairs || (npy->cells != NULL && npy->diagonal != NULL && npy->room != NULL))) {
    return APO_OK;
  }
  return apo_fail(err, APO_ERR_MEMORY, "%s: out of memory", where);
}

static apo_status start(npy_store *npy,
                        const char *where,
                        const apo_run_spec *spec,
                        apo_error *err) {
  npy->n_players = spec->n_players;
  npy->n_outputs = spec->n_outputs;
  npy->has_pairs = spec->has_pairs;
  APO_TRY(allocate(npy, where, err));
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

const apo_store_kind apo_store_kind_npy = {
    .name = "npy", .can_be_reduced = true, .claims = claims, .open = open_npy};
