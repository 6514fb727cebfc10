/* cmd_convert.c - any readable model to the neutral JSON, verified before it appears.
 *
 * What was written is read back and compared with the model, number for number, by bits.  Only then
 * does the file get its name, so what is there under the name is the model.  For stdout the text is
 * held in memory and verified before its first byte goes out.
 */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "engine/core/memory.h"
#include "engine/model/compare.h"
#include "host/cli/commands.h"
#include "host/cli/failure.h"
#include "host/cli/json_out.h"
#include "host/cli/model_file.h"
#include "host/cli/text_out.h"
#include "host/io/file.h"

typedef struct conversion {
  const apo_options *options;
  apo_side side;
  const char *hint;
  const char *path;
  apo_model *model;
  apo_model *again; /* what was written, read */
  apo_output_file *file;
  char *text; /* for stdout */
  size_t n_room;
  uint64_t n_bytes; /* written */
} conversion;

static bool to_stdout(const conversion *self) {
  return strcmp(self->path, "-") == 0;
}

static apo_status put_file(void *context, const void *bytes, size_t n_bytes, apo_error *err) {
  conversion *self = context;
  self->n_bytes += n_bytes;
  return apo_output_file_write(self->file, bytes, n_bytes, err);
}

static apo_status put_text(void *context, const void *bytes, size_t n_bytes, apo_error *err) {
  conversion *self = context;
  const size_t n_used = (size_t)self->n_bytes;
  if (n_bytes > self->n_room - n_used) {
    const size_t n_room = 2 * self->n_room > n_used + n_bytes ? 2 * self->n_room : n_used + n_bytes;
    char *text = apo_resize(self->text, n_room, 1);
    if (text == NULL) return apo_fail(err, APO_ERR_MEMORY, "stdout: %zu bytes", n_room);
    self->text = text;
    self->n_room = n_room;
  }
  memcpy(self->text + n_used, bytes, n_bytes);
  self->n_bytes += n_bytes;
  return APO_OK;
}

static apo_status write_model(conversion *self, apo_error *err) {
  const apo_byte_sink sink = {self, to_stdout(self) ? put_text : put_file};
  if (apo_file_is_same(self->path, self->options->operand)) {
    return apo_fail(err, APO_ERR_ARGUMENT, "--out: %s is the model itself, needed another file",
                    self->path);
  }
  self->hint = apo_force_hint(self->options, self->path);
  APO_TRY(apo_output_file_open(self->path, apo_option_flag(self->options, APO_OPT_FORCE),
                               &self->file, err));
  self->hint = NULL;
  return apo_model_write(self->model, &sink, err);
}

static apo_status compare(conversion *self, const void *bytes, size_t n_bytes, apo_error *err) {
  apo_status status = apo_model_read(bytes, n_bytes, &self->again, err);
  // What we write and do not read is a defect, whatever the reader calls it.
  if (status == APO_ERR_FORMAT || status == APO_ERR_UNSUPPORTED) {
    status = err->status = APO_ERR_INTERNAL;
  }
  if (status == APO_OK) status = apo_model_compare(self->model, self->again, err);
  return apo_prefix(err, status, "reading it back: ");
}

static apo_status verify(conversion *self, apo_error *err) {
  if (to_stdout(self)) return compare(self, self->text, (size_t)self->n_bytes, err);
  apo_mapping written = {0};
  APO_TRY(apo_output_file_map(self->file, &written, err));
  const apo_status status = compare(self, written.bytes, written.n_bytes, err);
  apo_mapping_close(&written);
  return apo_prefix(err, status, "%s: ", self->path);
}

static apo_status convert(conversion *self, apo_error *err) {
  if (to_stdout(self) && apo_option_flag(self->options, APO_OPT_JSON)) {
    return apo_fail(err, APO_ERR_ARGUMENT, "--json: stdout is for the model, as --out - asks");
  }
  APO_TRY(
      apo_model_file_read(self->options, self->options->operand, &self->model, &self->hint, err));
  self->side = APO_SIDE_OUTPUT;
  APO_TRY(write_model(self, err));
  APO_TRY(verify(self, err));
  if (to_stdout(self)) {
    APO_TRY(apo_output_file_write(self->file, self->text, (size_t)self->n_bytes, err));
  }
  return apo_output_file_commit(&self->file, err);
}

/* --- report ----------------------------------------------------------------------------------- */

static apo_status print_json(const conversion *self, apo_error *err) {
  apo_model_info from = {.struct_bytes = sizeof from};
  apo_model_info to = {.struct_bytes = sizeof to};
  apo_model_describe(self->model, &from);
  apo_model_describe(self->again, &to);
  apo_json_out json = apo_json_out_start();
  apo_json_out_text(&json, json.root, "schema", "convert/1");
  apo_json_out_text(&json, json.root, "file", self->options->operand);
  apo_json_out_text(&json, json.root, "format", from.format);
  apo_json_out_text(&json, json.root, "model_digest", from.digest);
  apo_json_out_text(&json, json.root, "out", self->path);
  apo_json_out_text(&json, json.root, "out_digest", to.digest);
  apo_json_out_count(&json, json.root, "bytes", self->n_bytes);
  apo_json_out_text(&json, json.root, "kind", to.kind);
  apo_json_out_count(&json, json.root, "columns", to.n_columns);
  apo_json_out_count(&json, json.root, "outputs", to.n_outputs);
  apo_json_out_count(&json, json.root, "trees", to.n_trees);
  apo_json_out_count(&json, json.root, "leaves", to.n_leaves);
  apo_json_out_flag(&json, json.root, "equal", true);
  apo_json_out_text(&json, json.root, "version", apo_version());
  const apo_status status = apo_json_out_print(&json, stdout, err);
  apo_json_out_clear(&json);
  return status;
}

static void print_line(const conversion *self) {
  if (apo_option_flag(self->options, APO_OPT_QUIET)) return;
  fputs("apportion: ", stderr);
  apo_text_print(to_stdout(self) ? "stdout" : self->path, stderr);
  fprintf(stderr, ": %" PRIu64 " bytes, read back and found equal to ", self->n_bytes);
  apo_text_print(self->options->operand, stderr);
  fputc('\n', stderr);
}

static apo_status report(conversion *self, apo_error *err) {
  print_line(self);
  return apo_option_flag(self->options, APO_OPT_JSON) ? print_json(self, err) : APO_OK;
}

int apo_cmd_convert(const apo_options *options) {
  conversion self = {
      .options = options, .side = APO_SIDE_INPUT, .path = apo_option_text(options, APO_OPT_OUT)};
  apo_error err;
  apo_status status = convert(&self, &err);
  if (status == APO_OK) status = report(&self, &err);
  const int code = status == APO_OK ? APO_EXIT_DONE : apo_fail_command(&err, self.side, self.hint);
  apo_output_file_abandon(&self.file);
  apo_model_destroy(&self.model);
  apo_model_destroy(&self.again);
  free(self.text);
  return code;
}
