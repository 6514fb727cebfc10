/* csv.c - "x.csv" and "-": text for people, spreadsheets and pipes.
 *
 * A header and each line are built in one buffer, so that a full disk or a broken pipe meets whole
 * lines.  A row is one line for each output; with interactions one for each cell of the upper
 * triangle, since a line of all of them would be too long for what reads CSV.
 */
#include <string.h>

#include "engine/core/error.h"
#include "engine/core/memory.h"
#include "host/io/csv_line.h"
#include "host/io/file.h"
#include "host/stores/labels.h"
#include "host/stores/pair_matrix.h"
#include "host/stores/store.h"

typedef struct csv_store {
  apo_store store; /* first */
  apo_output_file *file;
  apo_csv_line line;
  apo_labels outputs; /* none for one output */
  apo_labels players; /* none without pairs */
  float *diagonal;    /* [n_players], NULL without pairs */
  double *room;       /* likewise */
  bool has_ids;
  bool has_pairs;
} csv_store;

/* --- lines ------------------------------------------------------------------------------------ */

static apo_status put_header(csv_store *csv, const apo_run_spec *spec, apo_error *err) {
  apo_csv_line_text(&csv->line, "row");
  if (csv->has_ids) apo_csv_line_text(&csv->line, "id");
  if (csv->outputs.n > 0) apo_csv_line_text(&csv->line, "output");
  apo_csv_line_text(&csv->line, "prediction");
  apo_csv_line_text(&csv->line, "base");
  if (csv->has_pairs) {
    apo_csv_line_text(&csv->line, "first");
    apo_csv_line_text(&csv->line, "second");
    apo_csv_line_text(&csv->line, "value");
  }
  for (uint32_t player = 0; !csv->has_pairs && player < spec->n_players; ++player) {
    apo_csv_line_text(&csv->line, spec->player_names[player]);
  }
  return apo_csv_line_end(&csv->line, csv->file, err);
}

static void begin_line(
    csv_store *csv, const apo_tile *tile, uint32_t row, uint32_t output, const char *id) {
  apo_csv_line_count(&csv->line, csv->store.n_rows_kept + row);
  if (csv->has_ids) apo_csv_line_text(&csv->line, id);
  if (csv->outputs.n > 0) apo_csv_line_text(&csv->line, csv->outputs.texts[output]);
  const size_t at = (size_t)row * tile->n_outputs + output;
  apo_csv_line_real(&csv->line, tile->prediction[at], 17);
  apo_csv_line_real(&csv->line, apo_tile_base(tile, at), 17);
}

static apo_status put_line(csv_store *csv,
                           const apo_tile *tile,
                           uint32_t row,
                           uint32_t output,
                           const char *id,
                           apo_error *err) {
  const size_t at = (size_t)row * tile->n_outputs + output;
  const float *phi = tile->phi + at * tile->n_players;
  begin_line(csv, tile, row, output, id);
  for (uint32_t player = 0; player < tile->n_players; ++player) {
    apo_csv_line_real(&csv->line, (double)phi[player], 9);
  }
  return apo_csv_line_end(&csv->line, csv->file, err);
}

static apo_status put_cells(csv_store *csv,
                            const apo_tile *tile,
                            uint32_t row,
                            uint32_t output,
                            const char *id,
                            apo_error *err) {
  const uint32_t n_players = tile->n_players;
  const size_t at = (size_t)row * tile->n_outputs + output;
  const size_t n_pairs = apo_pair_count(n_players);
  const float *pairs = n_pairs > 0 ? tile->pairs + at * n_pairs : NULL;
  apo_pair_diagonal(n_players, tile->phi + at * n_players, pairs, csv->room, csv->diagonal);
  for (uint32_t i = 0; i < n_players; ++i) {
    for (uint32_t j = i; j < n_players; ++j) {
      const float value = i == j ? csv->diagonal[i] : pairs[apo_pair_place(n_players, i, j)];
      begin_line(csv, tile, row, output, id);
      apo_csv_line_text(&csv->line, csv->players.texts[i]);
      apo_csv_line_text(&csv->line, csv->players.texts[j]);
      apo_csv_line_real(&csv->line, (double)value, 9);
      APO_TRY(apo_csv_line_end(&csv->line, csv->file, err));
    }
  }
  return APO_OK;
}

static apo_status put(apo_store *self,
                      const apo_tile *tile,
                      const char *const *ids,
                      apo_error *err) {
  csv_store *csv = (csv_store *)self;
  for (uint32_t row = 0; row < tile->n_rows; ++row) {
    for (uint32_t output = 0; output < tile->n_outputs; ++output) {
      const char *id = csv->has_ids ? ids[row] : "";
      if (csv->has_pairs) {
        APO_TRY(put_cells(csv, tile, row, output, id, err));
      } else {
        APO_TRY(put_line(csv, tile, row, output, id, err));
      }
    }
  }
  self->n_rows_kept += tile->n_rows;
  return APO_OK;
}

/* --- the store -------------------------------------------------------------------------------- */

static apo_status finish(apo_store *self, apo_error *err) {
  return apo_output_file_commit(&((csv_store *)self)->file, err);
}

static apo_status stop(apo_store *self, apo_error *err) {
  (void)err;
  apo_output_file_abandon(&((csv_store *)self)->file);
  self->n_rows_kept = 0;
  return APO_OK;
}

static void destroy(apo_store *self) {
  csv_store *csv = (csv_store *)self;
  apo_output_file_abandon(&csv->file);
  apo_labels_clear(&csv->outputs);
  apo_labels_clear(&csv->players);
  free(csv->diagonal);
  free(csv->room);
  apo_csv_line_clear(&csv->line);
  free(csv);
}

static bool claims(const char *where) {
  if (strcmp(where, "-") == 0) return true;
  return apo_path_ends_in(where, ".csv") && strncmp(where, "sqlite:", 7) != 0;
}

static apo_status prepare_pairs(csv_store *csv, const apo_run_spec *spec, apo_error *err) {
  APO_TRY(apo_labels_copy(spec->n_players, spec->player_names, &csv->players, err));
  csv->diagonal = apo_alloc(spec->n_players, sizeof *csv->diagonal);
  csv->room = apo_alloc(spec->n_players, sizeof *csv->room);
  if (csv->diagonal != NULL && csv->room != NULL) return APO_OK;
  return apo_fail(err, APO_ERR_MEMORY, "csv: %u players: out of memory", spec->n_players);
}

static apo_status start(csv_store *csv,
                        const char *where,
                        const apo_run_spec *spec,
                        apo_error *err) {
  csv->has_ids = spec->key_name != NULL;
  csv->has_pairs = spec->has_pairs;
  if (spec->n_outputs > 1) {
    APO_TRY(apo_labels_copy(spec->n_outputs, spec->output_names, &csv->outputs, err));
  }
  if (spec->has_pairs) APO_TRY(prepare_pairs(csv, spec, err));
  APO_TRY(apo_output_file_open(where, spec->force, &csv->file, err));
  return put_header(csv, spec, err);
}

static apo_status open_csv(const char *where,
                           const apo_run_spec *spec,
                           apo_store **out,
                           apo_error *err) {
  csv_store *csv = apo_alloc(1, sizeof *csv);
  if (csv == NULL) return apo_fail(err, APO_ERR_MEMORY, "%s: out of memory", where);
  csv->store.put = put;
  csv->store.finish = finish;
  csv->store.stop = stop;
  csv->store.destroy = destroy;
  const apo_status status = start(csv, where, spec, err);
  if (status != APO_OK) {
    destroy(&csv->store);
    return status;
  }
  *out = &csv->store;
  return APO_OK;
}

const apo_store_kind apo_store_kind_csv = {
    .name = "csv", .can_be_reduced = true, .claims = claims, .open = open_csv};
