#include "host/stores/reduced.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/error.h"
#include "engine/core/memory.h"
#include "host/io/csv_line.h"
#include "host/io/file.h"
#include "host/io/npy.h"
#include "host/stores/bytes.h"
#include "host/stores/labels.h"
#include "host/stores/pair_matrix.h"

enum { MATRIX_ROWS = 16 };

typedef struct reduced_store {
  apo_store store; /* first */
  apo_output_file *file;
  apo_csv_line line;
  apo_labels outputs;
  apo_labels players;
  uint32_t n_players;
  uint32_t n_outputs;
  size_t n_pairs; /* 0 without interactions */
  bool has_pairs;
  bool is_npy;
  double *sums;    /* [n_outputs x (n_players + n_pairs)] of |phi| or |diagonal|, then |pairs| */
  float *base;     /* [n_outputs] magnitudes */
  float *diagonal; /* [n_players] */
  float *pairs;    /* [n_pairs] means of one output */
  double *room;    /* [n_players] */
  float *cells;    /* [MATRIX_ROWS x (n_players + 1)] */
  uint8_t *bytes;  /* likewise, 4 each */
} reduced_store;

/* --- adding up -------------------------------------------------------------------------------- */

static void add_line(reduced_store *r, const float *phi, const float *pairs, double *sums) {
  const float *own = phi;
  if (r->has_pairs) {
    apo_pair_diagonal(r->n_players, phi, pairs, r->room, r->diagonal);
    own = r->diagonal;
  }
  for (uint32_t player = 0; player < r->n_players; ++player) {
    sums[player] += fabs((double)own[player]);
  }
  sums += r->n_players;
  for (size_t pair = 0; pair < r->n_pairs; ++pair) sums[pair] += fabs((double)pairs[pair]);
}

static apo_status put(apo_store *self,
                      const apo_tile *tile,
                      const char *const *ids,
                      apo_error *err) {
  (void)ids;
  (void)err;
  reduced_store *r = (reduced_store *)self;
  const size_t n_lines = (size_t)tile->n_rows * tile->n_outputs;
  for (size_t line = 0; line < n_lines; ++line) {
    const float *pairs = r->n_pairs > 0 ? tile->pairs + line * r->n_pairs : NULL;
    add_line(r, tile->phi + line * r->n_players, pairs,
             r->sums + line % tile->n_outputs * (r->n_players + r->n_pairs));
  }
  self->n_rows_kept += tile->n_rows;
  return APO_OK;
}

/* Leaves the means of one output in diagonal and pairs. */
static void take_means(reduced_store *r, uint32_t output) {
  const double n_rows = (double)r->store.n_rows_kept;
  const double *sums = r->sums + output * (r->n_players + r->n_pairs);
  for (uint32_t player = 0; player < r->n_players; ++player) {
    r->diagonal[player] = (float)(sums[player] / n_rows);
  }
  sums += r->n_players;
  for (size_t pair = 0; pair < r->n_pairs; ++pair) r->pairs[pair] = (float)(sums[pair] / n_rows);
}

/* --- as an array ------------------------------------------------------------------------------ */

static apo_status write_header(reduced_store *r, apo_error *err) {
  const uint32_t width = r->n_players + 1;
  const uint32_t shape[3] = {r->n_outputs, width, width};
  const uint32_t *dims = r->n_outputs == 1 ? shape + 1 : shape;
  const uint32_t n_dims = (r->has_pairs ? 3u : 2u) - (r->n_outputs == 1 ? 1u : 0u);
  uint8_t header[APO_NPY_HEADER_BYTES];
  apo_npy_header_write(APO_F32, dims[0], dims + 1, n_dims - 1, header);
  return apo_output_file_write(r->file, header, sizeof header, err);
}

static apo_status write_cells(reduced_store *r, const float *cells, size_t n, apo_error *err) {
  apo_pack_f32(cells, n, r->bytes);
  return apo_output_file_write(r->file, r->bytes, 4 * n, err);
}

static apo_status write_array(reduced_store *r, uint32_t output, apo_error *err) {
  const uint32_t width = r->n_players + 1;
  if (!r->has_pairs) {
    APO_TRY(write_cells(r, r->diagonal, r->n_players, err));
    return write_cells(r, &r->base[output], 1, err);
  }
  for (uint32_t row = 0; row < width; row += MATRIX_ROWS) {
    const uint32_t rest = width - row;
    const uint32_t n_rows = rest < MATRIX_ROWS ? rest : MATRIX_ROWS;
    apo_pair_matrix_rows(r->n_players, r->diagonal, r->pairs, r->base[output], row, row + n_rows,
                         r->cells);
    APO_TRY(write_cells(r, r->cells, (size_t)n_rows * width, err));
  }
  return APO_OK;
}

/* --- as text ---------------------------------------------------------------------------------- */

static apo_status write_head(reduced_store *r, apo_error *err) {
  if (r->n_outputs > 1) apo_csv_line_text(&r->line, "output");
  apo_csv_line_text(&r->line, r->has_pairs ? "first" : "player");
  if (r->has_pairs) apo_csv_line_text(&r->line, "second");
  apo_csv_line_text(&r->line, "mean_abs");
  return apo_csv_line_end(&r->line, r->file, err);
}

static apo_status write_text(reduced_store *r, uint32_t output, apo_error *err) {
  for (uint32_t i = 0; i < r->n_players; ++i) {
    const uint32_t end = r->has_pairs ? r->n_players : i + 1;
    for (uint32_t j = i; j < end; ++j) {
      const float value = i == j ? r->diagonal[i] : r->pairs[apo_pair_place(r->n_players, i, j)];
      if (r->n_outputs > 1) apo_csv_line_text(&r->line, r->outputs.texts[output]);
      apo_csv_line_text(&r->line, r->players.texts[i]);
      if (r->has_pairs) apo_csv_line_text(&r->line, r->players.texts[j]);
      apo_csv_line_real(&r->line, (double)value, 9);
      APO_TRY(apo_csv_line_end(&r->line, r->file, err));
    }
  }
  return APO_OK;
}

/* --- the store -------------------------------------------------------------------------------- */

static apo_status finish(apo_store *self, apo_error *err) {
  reduced_store *r = (reduced_store *)self;
  APO_TRY(r->is_npy ? write_header(r, err) : write_head(r, err));
  for (uint32_t output = 0; output < r->n_outputs; ++output) {
    take_means(r, output);
    APO_TRY(r->is_npy ? write_array(r, output, err) : write_text(r, output, err));
  }
  return apo_output_file_commit(&r->file, err);
}

static apo_status stop(apo_store *self, apo_error *err) {
  (void)err;
  apo_output_file_abandon(&((reduced_store *)self)->file);
  self->n_rows_kept = 0;
  return APO_OK;
}

static void destroy(apo_store *self) {
  reduced_store *r = (reduced_store *)self;
  apo_output_file_abandon(&r->file);
  apo_csv_line_clear(&r->line);
  apo_labels_clear(&r->outputs);
  apo_labels_clear(&r->players);
  free(r->sums);
  free(r->base);
  free(r->diagonal);
  free(r->pairs);
  free(r->room);
  free(r->cells);
  free(r->bytes);
  free(r);
}

static apo_status allocate(reduced_store *r, const char *where, apo_error *err) {
  const size_t width = (size_t)r->n_players + 1;
  const size_t n_cells = MATRIX_ROWS * width;
  r->sums = apo_alloc(r->n_outputs, (r->n_players + r->n_pairs) * sizeof *r->sums);
  r->base = apo_alloc(r->n_outputs, sizeof *r->base);
  r->diagonal = apo_alloc(width, sizeof *r->diagonal);
  r->pairs = apo_alloc(r->n_pairs, sizeof *r->pairs);
  r->room = apo_alloc(width, sizeof *r->room);
  r->cells = apo_alloc(n_cells, sizeof *r->cells);
  r->bytes = apo_alloc(n_cells, 4);
  if (r->sums != NULL && r->base != NULL && r->diagonal != NULL && r->pairs != NULL &&
      r->room != NULL && r->cells != NULL && r->bytes != NULL) {
    return APO_OK;
  }
  return apo_fail(err, APO_ERR_MEMORY, "%.300s: means of %u outputs x %zu cells: out of memory",
                  where, r->n_outputs, r->n_players + r->n_pairs);
}

static apo_status start(reduced_store *r,
                        const char *where,
                        const apo_run_spec *spec,
                        apo_error *err) {
  r->n_players = spec->n_players;
  r->n_outputs = spec->n_outputs;
  r->has_pairs = spec->has_pairs;
  r->n_pairs = spec->has_pairs ? apo_pair_count(spec->n_players) : 0;
  r->is_npy = apo_path_ends_in(where, ".npy");
  APO_TRY(allocate(r, where, err));
  for (uint32_t output = 0; output < r->n_outputs; ++output) {
    r->base[output] = fabsf((float)spec->base[output]);
  }
  APO_TRY(apo_labels_copy(spec->n_outputs, spec->output_names, &r->outputs, err));
  APO_TRY(apo_labels_copy(spec->n_players, spec->player_names, &r->players, err));
  return apo_output_file_open(where, spec->force, &r->file, err);
}

apo_status apo_reduced_open(const char *where,
                            const apo_run_spec *spec,
                            apo_store **out,
                            apo_error *err) {
  *out = NULL;
  reduced_store *r = apo_alloc(1, sizeof *r);
  if (r == NULL) return apo_fail(err, APO_ERR_MEMORY, "%.300s: out of memory", where);
  r->store = (apo_store){.put = put, .finish = finish, .stop = stop, .destroy = destroy};
  const apo_status status = start(r, where, spec, err);
  if (status != APO_OK) {
    destroy(&r->store);
    return status;
  }
  *out = &r->store;
  return APO_OK;
}
