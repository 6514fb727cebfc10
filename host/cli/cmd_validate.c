/* cmd_validate.c - what a model file is, or what is wrong with it. */
#include <stdlib.h>

#include "engine/core/memory.h"
#include "host/cli/commands.h"
#include "host/cli/failure.h"
#include "host/cli/model_file.h"
#include "host/cli/model_report.h"

typedef struct validation {
  const apo_options *options;
  const char *hint;
  apo_model *model; /* NULL: refused */
  apo_model_info info;
  apo_column_use *uses; /* [n_columns] */
} validation;

static apo_status look(validation *self, apo_error *err) {
  APO_TRY(
      apo_model_file_read(self->options, self->options->operand, &self->model, &self->hint, err));
  apo_model_describe(self->model, &self->info);
  self->uses = apo_alloc(self->info.n_columns, sizeof *self->uses);
  if (self->uses == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "report: %u columns", self->info.n_columns);
  }
  apo_column_use_take(self->model, self->uses);
  return APO_OK;
}

/* One document whether the file is a model or not: `status` says which. */
static apo_status print_json(const validation *self, const apo_error *fault, apo_error *err) {
  const apo_model_report report = {self->model, &self->info, self->uses};
  apo_json_out json = apo_json_out_start();
  apo_json_out_text(&json, json.root, "schema", "validate/1");
  apo_json_out_text(&json, json.root, "file", self->options->operand);
  apo_json_out_text(&json, json.root, "status", fault == NULL ? "valid" : "refused");
  if (fault != NULL) apo_json_out_text(&json, json.root, "fault", fault->message);
  if (fault == NULL) apo_model_report_add(&report, &json);
  const apo_status status = apo_json_out_print(&json, stdout, err);
  apo_json_out_clear(&json);
  return status;
}

static apo_status print_text(const validation *self, apo_error *err) {
  const apo_model_report report = {self->model, &self->info, self->uses};
  return apo_model_report_print(&report, self->options->n_verbose > 0, err);
}

int apo_cmd_validate(const apo_options *options) {
  validation self = {.options = options, .info.struct_bytes = sizeof self.info};
  apo_error fault;
  apo_error err;
  const apo_status found = look(&self, &fault);
  apo_status status = APO_OK;
  if (apo_option_flag(options, APO_OPT_JSON)) {
    status = print_json(&self, found == APO_OK ? NULL : &fault, &err);
  } else if (found == APO_OK) {
    status = print_text(&self, &err);
  }
  apo_model_destroy(&self.model);
  free(self.uses);
  if (found != APO_OK) return apo_fail_command(&fault, APO_SIDE_INPUT, self.hint);
  return status == APO_OK ? APO_EXIT_DONE : apo_fail_command(&err, APO_SIDE_OUTPUT, NULL);
}
