/* csv.c - "x.csv" and "-": text for people, spreadsheets and pipes.
 *
 * A header and each line are built in one buffer, so that a full disk or a broken pipe meets whole
 * lines.
 */
#include <stdio.h>
#include <string.h>

#include "engine/core/error.h"
#include "engine/core/memory.h"
#include "host/io/csv_line.h"
#include "host/io/file.h"
#include "host/stores/store.h"

enum { NUMBER_BYTES = 32 };

typedef struct csv_store {
  apo_store store; /* first */
  apo_output_file *file;
  apo_csv_line line;
  char **outputs; /* [n_outputs] names; NULL for one output */
  uint32_t n_outputs;
  bool has_ids;
} csv_store;

/* --- lines ------------------------------------------------------------------------------------ */

static apo_status put_header(csv_store *csv, const apo_run_spec *spec, apo_error *err) {
  apo_csv_line_text(&csv->line, "row");
  if (csv->has_ids) apo_csv_line_text(&csv->line, "id");
  if (csv->outputs != NULL) apo_csv_line_text(&csv->line, "output");
  apo_csv_line_text(&csv->line, "prediction");
  apo_csv_line_text(&csv->line, "base");
  for (uint32_t player = 0; player < spec->n_players; ++player) {
    apo_csv_line_text(&csv->line, spec->player_names[player]);
  }
  return apo_csv_line_end(&csv->line, csv->file, err);
}

static apo_status put_line(csv_store *csv,
                           const apo_tile *tile,
                           uint32_t row,
                           uint32_t output,
                           const char *id,
                           apo_error *err) {
  const size_t at = (size_t)row * tile->n_outputs + output;
  const float *phi = tile->phi + at * tile->n_players;
  apo_csv_line_count(&csv->line, csv->store.n_rows_kept + row);
  if (csv->has_ids) apo_csv_line_text(&csv->line, id);
  if (csv->outputs != NULL) apo_csv_line_text(&csv->line, csv->outputs[output]);
  apo_csv_line_real(&csv->line, tile->prediction[at], 17);
  apo_csv_line_real(&csv->line, tile->base[output], 17);
  for (uint32_t player = 0; player < tile->n_players; ++player) {
    apo_csv_line_real(&csv->line, (double)phi[player], 9);
  }
  return apo_csv_line_end(&csv->line, csv->file, err);
}

static apo_status put(apo_store *self,
                      const apo_tile *tile,
                      const char *const *ids,
                      apo_error *err) {
  csv_store *csv = (csv_store *)self;
  for (uint32_t row = 0; row < tile->n_rows; ++row) {
    for (uint32_t output = 0; output < tile->n_outputs; ++output) {
      APO_TRY(put_line(csv, tile, row, output, csv->has_ids ? ids[row] : "", err));
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
  for (uint32_t output = 0; csv->outputs != NULL && output < csv->n_outputs; ++output) {
    free(csv->outputs[output]);
  }
  free(csv->outputs);
  apo_csv_line_clear(&csv->line);
  free(csv);
}

static bool claims(const char *where) {
  if (strcmp(where, "-") == 0) return true;
  return apo_path_ends_in(where, ".csv") && strncmp(where, "sqlite:", 7) != 0;
}

// The names of outputs, or their numbers, kept because the spec may go away.
static apo_status copy_outputs(csv_store *csv, const apo_run_spec *spec, apo_error *err) {
  csv->outputs = apo_alloc(spec->n_outputs, sizeof *csv->outputs);
  if (csv->outputs == NULL) return apo_fail(err, APO_ERR_MEMORY, "csv: outputs: out of memory");
  for (uint32_t output = 0; output < spec->n_outputs; ++output) {
    char number[NUMBER_BYTES];
    snprintf(number, sizeof number, "%u", output);
    const char *name = spec->output_names != NULL ? spec->output_names[output] : NULL;
    if (name == NULL) name = number;
    csv->outputs[output] = apo_alloc(strlen(name) + 1, 1);
    if (csv->outputs[output] == NULL) {
      return apo_fail(err, APO_ERR_MEMORY, "csv: output %u: out of memory", output);
    }
    memcpy(csv->outputs[output], name, strlen(name));
  }
  return APO_OK;
}

static apo_status start(csv_store *csv,
                        const char *where,
                        const apo_run_spec *spec,
                        apo_error *err) {
  csv->n_outputs = spec->n_outputs;
  csv->has_ids = spec->key_name != NULL;
  if (spec->n_outputs > 1) APO_TRY(copy_outputs(csv, spec, err));
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

const apo_store_kind apo_store_kind_csv = {"csv", claims, open_csv};
