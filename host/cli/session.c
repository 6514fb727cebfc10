/* session.c - options to model, data, background, players, devices and request. */
#define _POSIX_C_SOURCE 200809L

#include "host/cli/session.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "engine/core/memory.h"
#include "engine/data/rows.h"
#include "engine/plan/plan.h"
#include "host/api/clock.h"
#include "host/cli/cache_dir.h"
#include "host/cli/model_file.h"
#include "host/cli/text_out.h"

apo_session apo_session_start(const apo_options *options) {
  return (apo_session){.options = options, .side = APO_SIDE_INPUT, .begun = apo_clock_seconds()};
}

static void warn_unknown(const apo_session *session, const char *where, const apo_table *table) {
  const uint64_t n = apo_table_n_unknown(table);
  if (n == 0) return;
  apo_warn(session->options, "W_UNKNOWN_CATEGORIES",
           "%s: %" PRIu64
           " fields are no category that the model knows; it takes them as its "
           "library does: for missing, or for another one",
           where, n);
}

void apo_session_close(apo_session *session) {
  const char *data = apo_option_text(session->options, APO_OPT_DATA);
  if (session->data != NULL) warn_unknown(session, data, session->data);
  apo_devices_destroy(&session->devices);
  apo_background_destroy(&session->background);
  apo_table_close(&session->data);
  apo_groups_clear(&session->groups);
  apo_model_destroy(&session->model);
  free(session->target);
  free(session->column_names);
  free(session->made_names);
  session->target = NULL;
  session->column_names = NULL;
  session->made_names = NULL;
}

int apo_session_fail(const apo_session *session, const apo_error *err) {
  return apo_fail_command(err, session->side, session->hint);
}

apo_status apo_session_open_model(apo_session *session, apo_error *err) {
  const char *path = apo_option_text(session->options, APO_OPT_MODEL);
  APO_TRY(apo_model_file_read(session->options, path, &session->model, &session->hint, err));
  session->info.struct_bytes = sizeof session->info;
  apo_model_describe(session->model, &session->info);
  return APO_OK;
}

static apo_table_options table_options(const apo_session *session) {
  return (apo_table_options){.model = session->model,
                             .missing = apo_option_text(session->options, APO_OPT_MISSING)};
}

apo_status apo_session_open_data(apo_session *session, apo_error *err) {
  const char *where = apo_option_text(session->options, APO_OPT_DATA);
  apo_table_options options = table_options(session);
  options.id_column = apo_option_text(session->options, APO_OPT_ID);
  APO_TRY(apo_table_open(where, &options, &session->data, err));
  if (apo_table_is_by_position(session->data)) {
    apo_warn(session->options, "W_BY_POSITION",
             "%s: the model has no column names: columns are taken in the file's order", where);
  }
  const uint32_t n_ignored = apo_table_n_ignored(session->data);
  const uint32_t n_expected = options.id_column != NULL ? 1 : 0;
  if (n_ignored > n_expected) {
    apo_warn(session->options, "W_COLUMNS_IGNORED", "%s: %u columns are not the model's", where,
             n_ignored - n_expected);
  }
  return APO_OK;
}

apo_status apo_session_open_background(apo_session *session, apo_error *err) {
  const char *where = apo_option_text(session->options, APO_OPT_BACKGROUND);
  const char *weights_where = apo_option_text(session->options, APO_OPT_BACKGROUND_WEIGHTS);
  const apo_table_options options = table_options(session);
  apo_table *table = NULL;
  apo_rows rows = {0};
  void *values = NULL;
  double *weights = NULL;
  uint64_t n_weights = 0;
  if (where == NULL && weights_where == NULL) return APO_OK;
  if (where == NULL) {
    return apo_fail(err, APO_ERR_ARGUMENT, "--background-weights: needs --background");
  }
  apo_status status = apo_table_open(where, &options, &table, err);
  if (status != APO_OK) goto done;
  status = apo_table_read_all(table, &rows, &values, err);
  if (status != APO_OK) goto done;
  warn_unknown(session, where, table);
  if (weights_where != NULL) {
    status = apo_read_numbers(weights_where, options.missing, &weights, &n_weights, err);
    if (status != APO_OK) goto done;
  }
  if (weights != NULL && n_weights != rows.n_rows) {
    status =
        apo_fail(err, APO_ERR_FORMAT, "%s: %" PRIu64 " weights for %" PRIu64 " background rows",
                 weights_where, n_weights, rows.n_rows);
    goto done;
  }
  status = apo_background_create(session->model, &rows, weights, &session->background, err);
  if (status != APO_OK) status = apo_prefix(err, status, "%s: ", where);
done:
  free(weights);
  free(values);
  apo_table_close(&table);
  return status;
}

/* The model's names, else the data's, else f0, f1, ... as XGBoost has it. */
static apo_status name_columns(apo_session *session, apo_error *err) {
  const uint32_t n = session->info.n_columns;
  session->column_names = apo_alloc(n, sizeof *session->column_names);
  session->made_names = apo_alloc(n, sizeof *session->made_names);
  if (session->column_names == NULL || session->made_names == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "names of columns: out of memory");
  }
  bool data_has_names = session->data != NULL && apo_table_n_cols(session->data) == n;
  for (uint32_t col = 0; data_has_names && col < n; ++col) {
    data_has_names = apo_table_column_name(session->data, col) != NULL;
  }
  for (uint32_t col = 0; col < n; ++col) {
    const char *name = apo_model_column_name(session->model, col);
    if (name == NULL && data_has_names) name = apo_table_column_name(session->data, col);
    if (name == NULL) {
      snprintf(session->made_names[col], sizeof session->made_names[col], "f%u", col);
      name = session->made_names[col];
    }
    session->column_names[col] = name;
  }
  return APO_OK;
}

apo_status apo_session_open_players(apo_session *session, apo_error *err) {
  APO_TRY(name_columns(session, err));
  const char *path = apo_option_text(session->options, APO_OPT_GROUPS);
  return apo_groups_read(path, session->column_names, session->info.n_columns, &session->groups,
                         err);
}

apo_status apo_session_open_target(apo_session *session, apo_error *err) {
  const apo_options *o = session->options;
  const char *where = apo_option_text(o, APO_OPT_TARGET);
  const bool is_loss = apo_option_is(o, APO_OPT_OUTPUT, "loss");
  if (where == NULL && !is_loss) return APO_OK;
  if (where == NULL) {
    return apo_fail(err, APO_ERR_ARGUMENT, "--output loss: needs --target SRC[:COLUMN]");
  }
  if (!is_loss) return apo_fail(err, APO_ERR_ARGUMENT, "--target: is for --output loss");
  APO_TRY(apo_read_numbers(where, apo_option_text(o, APO_OPT_MISSING), &session->target,
                           &session->n_targets, err));
  const uint64_t n_rows =
      session->data != NULL ? apo_table_n_rows(session->data) : session->n_targets;
  if (n_rows == UINT64_MAX || n_rows == session->n_targets) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT, "%s: %" PRIu64 " targets for %" PRIu64 " rows", where,
                  session->n_targets, n_rows);
}

apo_status apo_session_open_devices(apo_session *session, apo_error *err) {
  const apo_options *o = session->options;
  const uint64_t launch_ms = apo_option_count(o, APO_OPT_LAUNCH_MS);
  if (launch_ms < 1 || launch_ms > 60000) {
    return apo_fail(err, APO_ERR_ARGUMENT, "--launch-ms: %" PRIu64 ", needed 1 to 60000",
                    launch_ms);
  }
  char cache_dir[APO_CACHE_DIR_BYTES] = "";
  const bool loads_drivers = !apo_option_is(o, APO_OPT_DEVICE, "none");
  if (loads_drivers && apo_option_flag(o, APO_OPT_CACHE)) apo_cache_dir_make(cache_dir);
  apo_device_options options = {.struct_bytes = sizeof options,
                                .list = apo_option_text(o, APO_OPT_DEVICE),
                                .cache_dir = cache_dir[0] != '\0' ? cache_dir : NULL,
                                .launch_ms = (uint32_t)launch_ms,
                                .skip_self_test = !apo_option_flag(o, APO_OPT_SELF_TEST_FIRST)};
  if (options.skip_self_test) {
    apo_warn(o, "W_NO_SELF_TEST", "the device is not checked with known answers");
  }
  const double loaded = apo_clock_seconds();
  const apo_status status = apo_devices_open(&options, &session->devices, err);
  session->seconds_load = loaded - session->begun;
  session->seconds_open = apo_clock_seconds() - loaded;
  if (status == APO_ERR_DEVICE) session->hint = "`apportion devices` lists what there is";
  if (status == APO_ERR_ARGUMENT) session->hint = "--device takes gpu, cpu, P:D, a name or none";
  if (status != APO_OK) return apo_prefix(err, status, "--device: ");
  if (o->n_verbose > 0) {
    fprintf(stderr, "apportion: device: %s\n", apo_devices_text(session->devices));
  }
  return APO_OK;
}

apo_status apo_session_request(const apo_session *session, apo_request *out, apo_error *err) {
  const apo_options *o = session->options;
  *out = (apo_request){.struct_bytes = sizeof *out};
  bool is_known = false;
  for (int method = APO_METHOD_AUTO; method <= APO_METHOD_PATH; ++method) {
    if (!apo_option_is(o, APO_OPT_METHOD, apo_method_text((apo_method)method))) continue;
    out->method = (apo_method)method;
    is_known = true;
  }
  // Never another method in silence.
  if (!is_known) {
    return apo_fail(err, APO_ERR_INTERNAL, "--method %s: not known to the library",
                    apo_option_text(o, APO_OPT_METHOD));
  }
  out->index = apo_option_is(o, APO_OPT_INDEX, "banzhaf") ? APO_INDEX_BANZHAF : APO_INDEX_SHAPLEY;
  out->interactions = apo_option_flag(o, APO_OPT_INTERACTIONS);
  out->output = APO_OUTPUT_RAW;
  if (apo_option_is(o, APO_OPT_OUTPUT, "probability")) out->output = APO_OUTPUT_PROBABILITY;
  if (apo_option_is(o, APO_OPT_OUTPUT, "loss")) out->output = APO_OUTPUT_LOSS;
  out->target = session->target;
  out->n_targets = session->n_targets;
  out->link = apo_option_is(o, APO_OPT_LINK, "logit") ? APO_VALUE_LOGIT : APO_VALUE_IDENTITY;
  out->dependence = apo_option_is(o, APO_OPT_DEPENDENCE, "gaussian") ? APO_DEPENDENCE_GAUSSIAN
                                                                     : APO_DEPENDENCE_INDEPENDENT;
  out->coalitions_per_row = apo_option_is(o, APO_OPT_COALITIONS, "per-row");
  out->n_samples = apo_option_count(o, APO_OPT_NSAMPLES);
  out->seed = apo_option_count(o, APO_OPT_SEED);
  out->row_origin = apo_option_count(o, APO_OPT_ROW_ORIGIN);
  out->memory_bytes = apo_option_count(o, APO_OPT_MEMORY);
  out->player_of_column = session->groups.player_of_column;
  out->n_players = session->groups.player_of_column != NULL ? session->groups.n_players : 0;
  if (out->method == APO_METHOD_PERMUTATION && out->coalitions_per_row) {
    return apo_fail(err, APO_ERR_ARGUMENT, "--coalitions per-row: is for the method kernel");
  }
  return APO_OK;
}

apo_status apo_check_one_stdin(const char *const *sources, uint32_t n, apo_error *err) {
  uint32_t n_stdin = 0;
  for (uint32_t i = 0; i < n; ++i) {
    const char *where = sources[i];
    if (where != NULL && (strcmp(where, "-") == 0 || strncmp(where, "-:", 2) == 0)) ++n_stdin;
  }
  if (n_stdin <= 1) return APO_OK;
  return apo_fail(err, APO_ERR_ARGUMENT, "stdin: given for %u tables, and can be read once",
                  n_stdin);
}

/* --- one number a row ------------------------------------------------------------------------- */

static apo_status numbers_of(apo_table *table, double **out, uint64_t *n_out, apo_error *err) {
  if (apo_table_n_cols(table) != 1) {
    return apo_fail(err, APO_ERR_FORMAT, "%u columns, needed one, or its name as SRC:COLUMN",
                    apo_table_n_cols(table));
  }
  apo_rows rows = {0};
  void *values = NULL;
  APO_TRY(apo_table_read_all(table, &rows, &values, err));
  double *numbers = apo_alloc(rows.n_rows, sizeof *numbers);
  if (numbers == NULL) {
    free(values);
    return apo_fail(err, APO_ERR_MEMORY, "%" PRIu64 " numbers: out of memory", rows.n_rows);
  }
  for (uint64_t row = 0; row < rows.n_rows; ++row) numbers[row] = apo_rows_value(&rows, row, 0);
  free(values);
  *out = numbers;
  *n_out = rows.n_rows;
  return APO_OK;
}

apo_status apo_read_numbers(
    const char *where, const char *missing, double **out, uint64_t *n_out, apo_error *err) {
  apo_table_options options = {.missing = missing};
  apo_table *table = NULL;
  char *file = apo_alloc(strlen(where) + 1, 1);
  if (file == NULL) return apo_fail(err, APO_ERR_MEMORY, "%s: out of memory", where);
  memcpy(file, where, strlen(where));
  char *colon = strrchr(file, ':');
  if (colon != NULL && access(where, F_OK) != 0) {
    *colon = '\0';
    options.only_column = colon + 1;
  }
  apo_status status = apo_table_open(file, &options, &table, err);
  if (status == APO_OK) {
    status = numbers_of(table, out, n_out, err);
    if (status != APO_OK) status = apo_prefix(err, status, "%s: ", file);
  }
  apo_table_close(&table);
  free(file);
  return status;
}

void apo_session_put_seconds(const apo_session *session,
                             const apo_report *report,
                             double seconds_store,
                             apo_json_out *json) {
  cJSON *seconds = apo_json_out_object(json, json->root, "seconds");
  apo_json_out_real(json, seconds, "load", session->seconds_load);
  apo_json_out_real(json, seconds, "build", session->seconds_open + report->seconds_build);
  apo_json_out_real(json, seconds, "upload", report->seconds_upload);
  apo_json_out_real(json, seconds, "kernel", report->seconds_kernel);
  apo_json_out_real(json, seconds, "download", report->seconds_download);
  apo_json_out_real(json, seconds, "aggregate", report->seconds_aggregate);
  apo_json_out_real(json, seconds, "store", seconds_store);
}
