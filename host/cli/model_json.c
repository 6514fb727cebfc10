/* model_json.c - a model for machines: every list is complete. */
#include "host/cli/model_report.h"

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

static void add_missing(apo_json_out *json, cJSON *in, const apo_column_use *use) {
  apo_json_out_count(json, in, "nan", use->n_missing[APO_MISSING_NAN]);
  apo_json_out_count(json, in, "none", use->n_missing[APO_MISSING_NONE]);
  apo_json_out_count(json, in, "zero", use->n_missing[APO_MISSING_ZERO]);
  apo_json_out_count(json, in, "left", use->n_left);
  apo_json_out_count(json, in, "right", use->n_right);
}

static const char *unknown_text(apo_unknown_rule rule) {
  switch (rule) {
    case APO_UNKNOWN_ERROR: return "error";
    case APO_UNKNOWN_MISSING: return "missing";
    case APO_UNKNOWN_OTHER: return "other";
  }
  return "";
}

// In the order of their codes, which is what arrays hold.
static void add_values(const apo_category_table *table, apo_json_out *json, cJSON *in) {
  cJSON *values = apo_json_out_array(json, in, "values");
  for (uint32_t at = 0; at < apo_category_table_size(table); ++at) {
    if (table->is_text) {
      apo_json_out_text(json, values, NULL, table->texts.texts[at]);
    } else {
      apo_json_out_real(json, values, NULL, table->numbers[at]);
    }
  }
}

static void add_categorical(const apo_model_report *report, apo_json_out *json) {
  cJSON *list = apo_json_out_array(json, json->root, "categorical");
  for (uint32_t column = 0; column < report->info->n_columns; ++column) {
    const apo_column_use *use = &report->uses[column];
    if (!apo_column_use_is_categorical(use)) continue;
    cJSON *item = apo_json_out_object(json, list, NULL);
    apo_json_out_count(json, item, "column", column);
    apo_json_out_text(json, item, "name", apo_model_column_name(report->model, column));
    if (use->table != NULL) {
      apo_json_out_count(json, item, "categories", apo_category_table_size(use->table));
      apo_json_out_text(json, item, "unknown", unknown_text(use->table->unknown));
      add_values(use->table, json, item);
    }
    if (use->n_categorical > 0) apo_json_out_count(json, item, "largest_code", use->largest_code);
  }
}

// One array for each number rather than an object for each column: a model may have a million.
static void add_column_use(const apo_model_report *report, apo_json_out *json) {
  cJSON *use = apo_json_out_object(json, json->root, "column_use");
  cJSON *splits = apo_json_out_array(json, use, "splits");
  cJSON *terms = apo_json_out_array(json, use, "terms");
  cJSON *nan = apo_json_out_array(json, use, "nan");
  cJSON *none = apo_json_out_array(json, use, "none");
  cJSON *zero = apo_json_out_array(json, use, "zero");
  cJSON *left = apo_json_out_array(json, use, "left");
  cJSON *right = apo_json_out_array(json, use, "right");
  for (uint32_t column = 0; column < report->info->n_columns; ++column) {
    const apo_column_use *at = &report->uses[column];
    apo_json_out_count(json, splits, NULL, at->n_splits);
    apo_json_out_count(json, terms, NULL, at->n_terms);
    apo_json_out_count(json, nan, NULL, at->n_missing[APO_MISSING_NAN]);
    apo_json_out_count(json, none, NULL, at->n_missing[APO_MISSING_NONE]);
    apo_json_out_count(json, zero, NULL, at->n_missing[APO_MISSING_ZERO]);
    apo_json_out_count(json, left, NULL, at->n_left);
    apo_json_out_count(json, right, NULL, at->n_right);
  }
}

static void add_trees(const apo_model_info *info, apo_json_out *json) {
  cJSON *root = json->root;
  apo_json_out_count(json, root, "trees", info->n_trees);
  apo_json_out_count(json, root, "leaves", info->n_leaves);
  apo_json_out_count(json, root, "depth", info->max_depth);
  apo_json_out_count(json, root, "players_per_path", info->max_players);
  apo_json_out_count(json, root, "categorical_columns", info->n_categorical);
  apo_json_out_count(json, root, "missing_columns", info->n_missing_columns);
  apo_json_out_real(json, root, "best_iteration", (double)info->best_iteration);
  apo_json_out_count(json, root, "trees_per_iteration", info->trees_per_iteration);
  apo_json_out_count(json, root, "iterations",
                     info->trees_per_iteration > 0 ? info->n_trees / info->trees_per_iteration : 0);
  apo_json_out_count(json, root, "nodes", info->n_nodes);
  apo_json_out_count(json, root, "linear_leaves", info->n_linear_leaves);
  apo_json_out_flag(json, root, "has_cover", info->has_cover != 0);
  apo_json_out_text(json, root, "cover_kind", info->cover_kind);
}

apo_column_use apo_model_report_sum(const apo_model_report *report) {
  apo_column_use sum = {0};
  for (uint32_t column = 0; column < report->info->n_columns; ++column) {
    const apo_column_use *use = &report->uses[column];
    sum.n_splits += use->n_splits;
    for (int rule = 0; rule < 3; ++rule) sum.n_missing[rule] += use->n_missing[rule];
    sum.n_left += use->n_left;
    sum.n_right += use->n_right;
    sum.n_categorical += use->n_categorical;
    if (use->largest_code > sum.largest_code) sum.largest_code = use->largest_code;
    sum.n_terms += use->n_terms;
  }
  return sum;
}

void apo_model_report_add(const apo_model_report *report, apo_json_out *json) {
  const apo_model_info *info = report->info;
  const apo_column_use sum = apo_model_report_sum(report);
  cJSON *root = json->root;
  apo_json_out_text(json, root, "format", info->format);
  apo_json_out_text(json, root, "format_version", info->format_version);
  apo_json_out_text(json, root, "made_from", info->made_from);
  apo_json_out_text(json, root, "kind", info->kind);
  apo_json_out_text(json, root, "library", info->library);
  apo_json_out_text(json, root, "library_version", info->library_version);
  apo_json_out_text(json, root, "objective", info->objective);
  apo_json_out_text(json, root, "link", info->link);
  apo_json_out_text(json, root, "raw_output",
                    info->margin_is_probability ? "probability" : "margin");
  apo_json_out_text(json, root, "digest", info->digest);
  apo_json_out_count(json, root, "columns", info->n_columns);
  apo_json_out_count(json, root, "outputs", info->n_outputs);
  add_trees(info, json);
  apo_json_out_text(json, root, "cast", info->cast);
  apo_json_out_count(json, root, "transforms", info->n_transforms);
  apo_json_out_count(json, root, "memory_bytes", info->memory_bytes);
  add_missing(json, apo_json_out_object(json, root, "missing"), &sum);
  add_categorical(report, json);
  add_column_use(report, json);
  add_names(json, "column_names", report->model, info->n_columns, apo_model_column_name);
  add_names(json, "output_names", report->model, info->n_outputs, apo_model_output_name);
}
