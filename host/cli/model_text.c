/* model_text.c - a model for people: a line for each fact, a table of the columns. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "host/cli/model_report.h"
#include "host/cli/text_out.h"

enum { SHOWN_COLUMNS = 30, SHOWN_NAMES = 10, MAX_NAME = 40 };

static void line(const char *name, const char *value) {
  printf("%-20s", name);
  apo_text_print(value[0] != '\0' ? value : "not stated", stdout);
  putchar('\n');
}

static void count_line(const char *name, uint64_t value) {
  printf("%-20s%" PRIu64 "\n", name, value);
}

/* --- lines ------------------------------------------------------------------------------------ */

static void print_origin(const apo_model_info *info) {
  line("format", info->format);
  line("format version", info->format_version);
  if (info->made_from[0] != '\0') line("made from", info->made_from);
  line("kind", info->kind);
  line("library", info->library);
  line("library version", info->library_version);
  line("objective", info->objective);
  line("link", info->link);
  line("raw output", info->margin_is_probability ? "probability" : "margin");
}

static void print_iterations(const apo_model_info *info) {
  if (info->trees_per_iteration > 0) {
    printf("%-20s%u of %u tree%s\n", "iterations", info->n_trees / info->trees_per_iteration,
           info->trees_per_iteration, info->trees_per_iteration > 1 ? "s" : "");
  } else {
    line("iterations", "");
  }
  if (info->best_iteration < 0) return;
  count_line("best iteration", (uint64_t)info->best_iteration);
  const uint64_t n_best = (uint64_t)(info->best_iteration + 1) * info->trees_per_iteration;
  if (info->n_trees > n_best) line("", "all trees are used all the same: see --iterations");
}

static const char *missing_text(apo_missing rule) {
  switch (rule) {
    case APO_MISSING_NAN: return "NaN is missing";
    case APO_MISSING_NONE: return "NaN counts as 0";
    case APO_MISSING_ZERO: return "NaN and 0 are missing";
  }
  return "";
}

static void print_missing(const apo_model_report *report) {
  const apo_column_use sum = apo_model_report_sum(report);
  count_line("missing columns", report->info->n_missing_columns);
  for (int rule = APO_MISSING_NAN; rule <= APO_MISSING_ZERO; ++rule) {
    if (sum.n_missing[rule] == 0) continue;
    printf("%-20s%s at %" PRIu64 " of %" PRIu64 " splits\n", "", missing_text((apo_missing)rule),
           sum.n_missing[rule], sum.n_splits);
  }
  if (sum.n_left + sum.n_right == 0) return;
  printf("%-20sto the left at %" PRIu64 ", to the right at %" PRIu64 "\n", "", sum.n_left,
         sum.n_right);
}

static void print_trees(const apo_model_report *report) {
  const apo_model_info *info = report->info;
  count_line("trees", info->n_trees);
  print_iterations(info);
  count_line("inner nodes", info->n_nodes);
  count_line("leaves", info->n_leaves);
  if (info->n_linear_leaves > 0) count_line("linear leaves", info->n_linear_leaves);
  count_line("depth", info->max_depth);
  count_line("players per path", info->max_players);
  count_line("categorical columns", info->n_categorical);
  print_missing(report);
  line("covers", info->has_cover ? info->cover_kind : "no");
}

static void print_linear(const apo_model *model) {
  line("missing values", model->linear->missing_adds_nothing ? "add nothing" : "are refused");
}

static const char *step_text(apo_transform_op op) {
  switch (op) {
    case APO_TRANSFORM_ADD: return "add";
    case APO_TRANSFORM_SUB: return "subtract";
    case APO_TRANSFORM_MUL: return "multiply";
    case APO_TRANSFORM_DIV: return "divide";
    case APO_TRANSFORM_CLIP: return "clip";
    case APO_TRANSFORM_FLOAT: return "round to float32";
  }
  return "";
}

static void print_input(const apo_model *model, const apo_model_info *info) {
  line("input cast", info->cast);
  if (info->n_transforms == 0) return;
  printf("%-20s", "input transforms");
  for (uint32_t at = 0; at < model->transform.n_steps; ++at) {
    printf("%s%s", at > 0 ? ", " : "", step_text(model->transform.steps[at].op));
  }
  putchar('\n');
}

static void print_output_names(const apo_model_report *report, bool is_whole) {
  const uint32_t n = report->info->n_outputs;
  if (apo_model_output_name(report->model, 0) == NULL) {
    line("output names", "none");
    return;
  }
  const uint32_t n_shown = is_whole || n <= SHOWN_NAMES ? n : SHOWN_NAMES;
  printf("output names\n");
  for (uint32_t output = 0; output < n_shown; ++output) {
    printf("  %8u  ", output);
    apo_text_print(apo_model_output_name(report->model, output), stdout);
    putchar('\n');
  }
  if (n_shown < n) printf("  and %u more, which -v shows\n", n - n_shown);
}

/* --- table of columns ------------------------------------------------------------------------- */

static void add_missing(apo_text_table *table, const apo_column_use *use) {
  static const char *const words[] = {
      [APO_MISSING_NAN] = "NaN", [APO_MISSING_NONE] = "none", [APO_MISSING_ZERO] = "NaN, 0"};
  const char *found = "-";
  for (int rule = APO_MISSING_NAN; rule <= APO_MISSING_ZERO; ++rule) {
    if (use->n_missing[rule] == 0) continue;
    found = use->n_missing[rule] == use->n_splits ? words[rule] : "mixed";
  }
  apo_text_table_add(table, found);
}

static void add_categories(apo_text_table *table, const apo_column_use *use) {
  if (use->table != NULL) {
    apo_text_table_addf(table, "%u named", apo_category_table_size(use->table));
  } else if (use->n_categorical > 0) {
    apo_text_table_addf(table, "codes to %u", use->largest_code);
  } else {
    apo_text_table_add(table, "-");
  }
}

static void add_head(apo_text_table *table, bool is_forest, bool has_terms) {
  apo_text_table_add(table, "column");
  apo_text_table_add(table, "number");
  apo_text_table_add(table, "categories");
  if (!is_forest) {
    apo_text_table_add(table, "outputs");
    return;
  }
  apo_text_table_add(table, "splits");
  apo_text_table_add(table, "missing");
  apo_text_table_add(table, "left");
  apo_text_table_add(table, "right");
  if (has_terms) apo_text_table_add(table, "terms");
}

static void add_column(apo_text_table *table,
                       const apo_model_report *report,
                       uint32_t column,
                       bool is_forest) {
  const apo_column_use *use = &report->uses[column];
  const char *name = apo_model_column_name(report->model, column);
  apo_text_table_add(table, name != NULL ? name : "");
  apo_text_table_addf(table, "%u", column);
  add_categories(table, use);
  if (!is_forest) {
    apo_text_table_addf(table, "%" PRIu64, use->n_terms);
    return;
  }
  apo_text_table_addf(table, "%" PRIu64, use->n_splits);
  add_missing(table, use);
  apo_text_table_addf(table, "%" PRIu64, use->n_left);
  apo_text_table_addf(table, "%" PRIu64, use->n_right);
  if (report->info->n_linear_leaves > 0) apo_text_table_addf(table, "%" PRIu64, use->n_terms);
}

static apo_status print_columns(const apo_model_report *report, bool is_whole, apo_error *err) {
  const uint32_t n = report->info->n_columns;
  const uint32_t n_shown = is_whole || n <= SHOWN_COLUMNS ? n : SHOWN_COLUMNS;
  const bool is_forest = report->model->forest != NULL;
  const bool has_terms = report->info->n_linear_leaves > 0;
  apo_text_table table = apo_text_table_start(!is_forest ? 4 : has_terms ? 8 : 7);
  putchar('\n');
  add_head(&table, is_forest, has_terms);
  for (uint32_t column = 0; column < n_shown; ++column) {
    add_column(&table, report, column, is_forest);
  }
  const apo_status status = apo_text_table_print(&table, isatty(1) ? MAX_NAME : 0, stdout, err);
  apo_text_table_clear(&table);
  if (n_shown < n) printf("and %u more, which -v shows\n", n - n_shown);
  return status;
}

apo_status apo_model_report_print(const apo_model_report *report, bool is_whole, apo_error *err) {
  const apo_model_info *info = report->info;
  print_origin(info);
  count_line("columns", info->n_columns);
  line("column names", apo_model_column_name(report->model, 0) != NULL ? "stated" : "none");
  count_line("outputs", info->n_outputs);
  if (report->model->forest != NULL) print_trees(report);
  if (report->model->linear != NULL) print_linear(report->model);
  print_input(report->model, info);
  count_line("memory bytes", info->memory_bytes);
  line("digest", info->digest);
  print_output_names(report, is_whole);
  return print_columns(report, is_whole, err);
}
