/* cmd_validate.c - what a model file is, or what is wrong with it. */
#include <inttypes.h>
#include <string.h>

#include "host/cli/commands.h"
#include "host/cli/session.h"
#include "host/cli/text_out.h"
#include "host/io/file.h"

static apo_status read_model(const apo_options *o, apo_model **out, apo_error *err) {
  apo_mapping file = {0};
  APO_TRY(apo_mapping_open(o->operand, apo_option_count(o, APO_OPT_MAX_MODEL_BYTES), &file, err));
  const apo_status status = apo_model_read(file.bytes, file.n_bytes, out, err);
  apo_mapping_close(&file);
  return apo_prefix(err, status, "%s: ", o->operand);
}

/* --- text ------------------------------------------------------------------------------------- */

static void line(const char *name, const char *value) {
  printf("%-20s", name);
  apo_text_print(value[0] != '\0' ? value : "not stated", stdout);
  putchar('\n');
}

static void count_line(const char *name, uint64_t value) {
  printf("%-20s%" PRIu64 "\n", name, value);
}

static void print_names(const char *title,
                        const apo_model *model,
                        uint32_t n,
                        const char *(*name_of)(const apo_model *, uint32_t)) {
  if (n == 0 || name_of(model, 0) == NULL) {
    line(title, "none");
    return;
  }
  printf("%s\n", title);
  for (uint32_t i = 0; i < n; ++i) {
    const char *name = name_of(model, i);
    printf("  %8u  ", i);
    apo_text_print(name != NULL ? name : "", stdout);
    putchar('\n');
  }
}

static void print_text(const apo_model *model, const apo_model_info *info) {
  const bool is_forest = strcmp(info->kind, "forest") == 0;
  line("format", info->format);
  line("kind", info->kind);
  line("library", info->library);
  line("library version", info->library_version);
  line("objective", info->objective);
  line("link", info->link);
  count_line("columns", info->n_columns);
  count_line("outputs", info->n_outputs);
  if (is_forest) {
    count_line("trees", info->n_trees);
    count_line("leaves", info->n_leaves);
    count_line("depth", info->max_depth);
    count_line("players per path", info->max_players);
    count_line("categorical columns", info->n_categorical);
    count_line("missing columns", info->n_missing_columns);
    line("covers", info->has_cover ? "yes" : "no");
    if (info->best_iteration >= 0) {
      count_line("best iteration", (uint64_t)info->best_iteration);
      line("", "all trees are used all the same");
    }
  }
  line("digest", info->digest);
  print_names("column names", model, info->n_columns, apo_model_column_name);
  print_names("output names", model, info->n_outputs, apo_model_output_name);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void add_names(apo_json_out *json,
                      const char *member,
                      const apo_model *model,
                      uint32_t n,
                      const char *(*name_of)(const apo_model *, uint32_t)) {
  if (n == 0 || name_of(model, 0) == NULL) {
    apo_json_out_text(json, json->root, member, NULL);
    return;
  }
  cJSON *names = apo_json_out_array(json, json->root, member);
  for (uint32_t i = 0; i < n; ++i) apo_json_out_text(json, names, NULL, name_of(model, i));
}

static void add_model(apo_json_out *json, const apo_model *model, const apo_model_info *info) {
  cJSON *root = json->root;
  apo_json_out_text(json, root, "format", info->format);
  apo_json_out_text(json, root, "kind", info->kind);
  apo_json_out_text(json, root, "library", info->library);
  apo_json_out_text(json, root, "library_version", info->library_version);
  apo_json_out_text(json, root, "objective", info->objective);
  apo_json_out_text(json, root, "link", info->link);
  apo_json_out_text(json, root, "digest", info->digest);
  apo_json_out_count(json, root, "columns", info->n_columns);
  apo_json_out_count(json, root, "outputs", info->n_outputs);
  apo_json_out_count(json, root, "trees", info->n_trees);
  apo_json_out_count(json, root, "leaves", info->n_leaves);
  apo_json_out_count(json, root, "depth", info->max_depth);
  apo_json_out_count(json, root, "players_per_path", info->max_players);
  apo_json_out_count(json, root, "categorical_columns", info->n_categorical);
  apo_json_out_count(json, root, "missing_columns", info->n_missing_columns);
  apo_json_out_real(json, root, "best_iteration", (double)info->best_iteration);
  apo_json_out_flag(json, root, "has_cover", info->has_cover != 0);
  add_names(json, "column_names", model, info->n_columns, apo_model_column_name);
  add_names(json, "output_names", model, info->n_outputs, apo_model_output_name);
}

/* One document whether the file is a model or not: `status` says which. */
static apo_status print_json(const apo_options *o,
                             const apo_model *model,
                             const apo_model_info *info,
                             const apo_error *fault,
                             apo_error *err) {
  apo_json_out json = apo_json_out_start();
  apo_json_out_text(&json, json.root, "schema", "validate/1");
  apo_json_out_text(&json, json.root, "file", o->operand);
  apo_json_out_text(&json, json.root, "status", fault == NULL ? "valid" : "refused");
  if (fault != NULL) apo_json_out_text(&json, json.root, "fault", fault->message);
  if (fault == NULL) add_model(&json, model, info);
  const apo_status status = apo_json_out_print(&json, stdout, err);
  apo_json_out_clear(&json);
  return status;
}

int apo_cmd_validate(const apo_options *options) {
  apo_model *model = NULL;
  apo_model_info info = {.struct_bytes = sizeof info};
  apo_error fault;
  apo_error err;
  const bool is_json = apo_option_flag(options, APO_OPT_JSON);
  const apo_status read = read_model(options, &model, &fault);
  apo_status status = APO_OK;
  if (read == APO_OK) apo_model_describe(model, &info);
  if (is_json) {
    status = print_json(options, model, &info, read == APO_OK ? NULL : &fault, &err);
  } else if (read == APO_OK) {
    print_text(model, &info);
  }
  apo_model_destroy(&model);
  if (read != APO_OK) return apo_fail_command(&fault, APO_SIDE_INPUT, NULL);
  return status == APO_OK ? APO_EXIT_DONE : apo_fail_command(&err, APO_SIDE_OUTPUT, NULL);
}
