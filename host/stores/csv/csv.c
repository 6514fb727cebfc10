/* csv.c - "x.csv" and "-": text for people, spreadsheets and pipes.
 *
 * Texts from outside (names, ids) are quoted after RFC 4180, and those that a spreadsheet would run
 * as a formula get an apostrophe in front.  A header and each line are built in one buffer, so that
 * a full disk or a broken pipe meets whole lines.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/error.h"
#include "engine/core/memory.h"
#include "engine/core/number.h"
#include "host/io/file.h"
#include "host/stores/store.h"

enum { NUMBER_BYTES = 32 };

typedef struct csv_store {
  apo_store store; /* first */
  apo_output_file *file;
  char *line; /* [capacity], of which n_bytes are written */
  size_t n_bytes;
  size_t capacity;
  char **outputs; /* [n_outputs] cells, ready to be copied; NULL for one output */
  uint32_t n_outputs;
  bool has_ids;
} csv_store;

/* --- cells ------------------------------------------------------------------------------------ */

static bool is_formula(const char *value) {
  double number;
  return *value != '\0' && strchr("=+-@\t\r", *value) != NULL &&
         !apo_number_read(value, strlen(value), &number);
}

// A cell of any text takes at most this: every byte a doubled quote, two quotes, an apostrophe.
static size_t cell_bytes(const char *value) {
  return 2 * strlen(value) + 3;
}

// Returns the end of what it wrote; no NUL.
static char *write_cell(const char *value, char *out) {
  const bool quoted = strpbrk(value, ",\"\r\n") != NULL;
  if (quoted) *out++ = '"';
  if (is_formula(value)) *out++ = '\'';
  for (; *value != '\0'; ++value) {
    if (*value == '"') *out++ = '"';
    *out++ = *value;
  }
  if (quoted) *out++ = '"';
  return out;
}

static bool reserve(csv_store *csv, size_t n_more) {
  if (n_more <= csv->capacity - csv->n_bytes) return true;
  const size_t capacity = 2 * (csv->n_bytes + n_more);
  char *grown = apo_resize(csv->line, capacity, 1);
  if (grown == NULL) return false;
  csv->line = grown;
  csv->capacity = capacity;
  return true;
}

static bool put_text(csv_store *csv, const char *value) {
  if (!reserve(csv, cell_bytes(value) + 2)) return false;
  if (csv->n_bytes > 0) csv->line[csv->n_bytes++] = ',';
  csv->n_bytes = (size_t)(write_cell(value, csv->line + csv->n_bytes) - csv->line);
  return true;
}

static bool put_number(csv_store *csv, double value, int n_digits) {
  if (!reserve(csv, NUMBER_BYTES + 1)) return false;
  if (csv->n_bytes > 0) csv->line[csv->n_bytes++] = ',';
  // printf prints a sign of NaN on some systems and not on others.
  const int n = isnan(value)
                    ? snprintf(csv->line + csv->n_bytes, NUMBER_BYTES, "nan")
                    : snprintf(csv->line + csv->n_bytes, NUMBER_BYTES, "%.*g", n_digits, value);
  csv->n_bytes += (size_t)n;
  return true;
}

static apo_status end_line(csv_store *csv, apo_error *err) {
  csv->line[csv->n_bytes++] = '\n';  // put_text and put_number leave room for it
  const apo_status status = apo_output_file_write(csv->file, csv->line, csv->n_bytes, err);
  csv->n_bytes = 0;
  return status;
}

static apo_status no_memory(apo_error *err) {
  return apo_fail(err, APO_ERR_MEMORY, "csv: a line: out of memory");
}

/* --- lines ------------------------------------------------------------------------------------ */

static apo_status put_header(csv_store *csv, const apo_run_spec *spec, apo_error *err) {
  bool ok = put_text(csv, "row");
  if (csv->has_ids) ok = ok && put_text(csv, "id");
  if (csv->outputs != NULL) ok = ok && put_text(csv, "output");
  ok = ok && put_text(csv, "prediction") && put_text(csv, "base");
  for (uint32_t player = 0; player < spec->n_players && ok; ++player) {
    ok = put_text(csv, spec->player_names[player]);
  }
  return ok ? end_line(csv, err) : no_memory(err);
}

static apo_status put_line(csv_store *csv,
                           const apo_tile *tile,
                           uint32_t row,
                           uint32_t output,
                           const char *id,
                           apo_error *err) {
  const size_t line = (size_t)row * tile->n_outputs + output;
  const float *phi = tile->phi + line * tile->n_players;
  char number[NUMBER_BYTES];
  snprintf(number, sizeof number, "%" PRIu64, csv->store.n_rows_kept + row);
  bool ok = put_text(csv, number);
  if (csv->has_ids) ok = ok && put_text(csv, id);
  if (csv->outputs != NULL) ok = ok && put_text(csv, csv->outputs[output]);
  ok = ok && put_number(csv, tile->prediction[line], 17);
  ok = ok && put_number(csv, tile->base[output], 17);
  for (uint32_t player = 0; player < tile->n_players && ok; ++player) {
    ok = put_number(csv, (double)phi[player], 9);
  }
  return ok ? end_line(csv, err) : no_memory(err);
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
  free(csv->line);
  free(csv);
}

static bool claims(const char *where) {
  const size_t n_bytes = strlen(where);
  if (strcmp(where, "-") == 0) return true;
  return n_bytes > 4 && strcmp(where + n_bytes - 4, ".csv") == 0 &&
         strncmp(where, "sqlite:", 7) != 0;
}

// The names of outputs, or their numbers, kept because the spec may go away.
static apo_status copy_outputs(csv_store *csv, const apo_run_spec *spec, apo_error *err) {
  csv->outputs = apo_alloc(spec->n_outputs, sizeof *csv->outputs);
  if (csv->outputs == NULL) return no_memory(err);
  for (uint32_t output = 0; output < spec->n_outputs; ++output) {
    char number[NUMBER_BYTES];
    snprintf(number, sizeof number, "%u", output);
    const char *name = spec->output_names != NULL ? spec->output_names[output] : NULL;
    if (name == NULL) name = number;
    csv->outputs[output] = apo_alloc(strlen(name) + 1, 1);
    if (csv->outputs[output] == NULL) return no_memory(err);
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
