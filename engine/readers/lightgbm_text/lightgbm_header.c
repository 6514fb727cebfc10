/* lightgbm_header.c - sizes, names and objective: the lines before the first tree. */
#include <inttypes.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/readers/lightgbm_text/lightgbm_parts.h"

enum {
  VERSION,
  NUM_CLASS,
  TREES_PER_ITERATION,
  MAX_FEATURE_IDX,
  OBJECTIVE,
  FEATURE_NAMES,
  FEATURE_INFOS,
  TREE_SIZES,
  N_FIELDS
};

static apo_status take_version(const apo_lightgbm_field *field, apo_model *model, apo_error *err) {
  static const char *const versions[] = {"v1", "v2", "v3", "v4"};
  memcpy(model->library, "lightgbm", sizeof "lightgbm");
  if (field->line == 0) return APO_OK;
  for (size_t i = 0; i < sizeof versions / sizeof versions[0]; ++i) {
    if (!apo_json_chars_are(field->value, versions[i])) continue;
    memcpy(model->library_version, versions[i], strlen(versions[i]) + 1);
    memcpy(model->format_version, versions[i], strlen(versions[i]) + 1);
    return APO_OK;
  }
  return apo_fail(err, APO_ERR_UNSUPPORTED, "version: \"%s\" is not known",
                  apo_json_show(field->value).text);
}

// A size of the model, above whose limit it is not wrong but too much.
static apo_status take_size(const apo_lightgbm_field *field,
                            apo_lightgbm_range range,
                            int64_t *out,
                            apo_error *err) {
  const apo_lightgbm_range any = {range.min, INT64_MAX};
  APO_TRY(apo_lightgbm_integer(field, any, out, err));
  if (*out <= range.max) return APO_OK;
  return apo_fail(err, APO_ERR_LIMIT, "%s: %" PRId64 ", at most %" PRId64, field->key, *out,
                  range.max);
}

static apo_status take_sizes(const apo_lightgbm_field *fields, apo_model *model, apo_error *err) {
  const apo_lightgbm_range columns = {0, APO_MAX_COLUMNS - 1};
  const apo_lightgbm_range outputs = {1, APO_MAX_OUTPUTS};
  int64_t last_column = 0;
  int64_t n_classes = 0;
  APO_TRY(take_size(&fields[MAX_FEATURE_IDX], columns, &last_column, err));
  APO_TRY(take_size(&fields[NUM_CLASS], outputs, &n_classes, err));
  int64_t n_trees = n_classes;
  if (fields[TREES_PER_ITERATION].line != 0) {
    APO_TRY(take_size(&fields[TREES_PER_ITERATION], outputs, &n_trees, err));
  }
  if (n_trees != n_classes) {
    return apo_fail(err, APO_ERR_FORMAT,
                    "num_tree_per_iteration: %" PRId64 " trees for %" PRId64 " classes", n_trees,
                    n_classes);
  }
  model->n_columns = (uint32_t)last_column + 1;
  model->n_outputs = (uint32_t)n_classes;
  model->trees_per_iteration = (uint32_t)n_classes;
  return APO_OK;
}

static apo_status take_names(const apo_lightgbm_field *field, apo_model *model, apo_error *err) {
  apo_json_chars rest = field->value;
  apo_json_chars name;
  APO_TRY(apo_lightgbm_need(field, 0, err));
  const uint64_t n_names = apo_lightgbm_count(rest);
  if (n_names != model->n_columns) {
    return apo_fail(err, APO_ERR_FORMAT,
                    "feature_names: %" PRIu64 " names, the model has %u columns", n_names,
                    model->n_columns);
  }
  for (uint32_t column = 0; apo_lightgbm_word(&rest, &name); ++column) {
    const apo_status status = apo_names_add(&model->column_names, name.at, name.n_bytes, err);
    APO_TRY(apo_prefix(err, status, "feature_names[%u]: ", column));
  }
  return APO_OK;
}

static apo_status check_infos(const apo_lightgbm_field *field,
                              const apo_model *model,
                              apo_error *err) {
  if (field->line == 0) return APO_OK;
  const uint64_t n_infos = apo_lightgbm_count(field->value);
  if (n_infos == model->n_columns) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT, "feature_infos: %" PRIu64 " infos, the model has %u columns",
                  n_infos, model->n_columns);
}

static apo_status take_fields(apo_lightgbm_lines *lines,
                              apo_lightgbm_field *fields,
                              apo_lightgbm_header *out,
                              apo_error *err) {
  while (apo_lightgbm_next(lines) && !apo_lightgbm_ends_block(lines)) {
    if (apo_lightgbm_is(lines, "average_output")) out->is_averaged = true;
    APO_TRY(apo_lightgbm_take(lines, fields, N_FIELDS, err));
  }
  return APO_OK;
}

apo_status apo_lightgbm_read_header(apo_lightgbm_lines *lines,
                                    apo_model *model,
                                    apo_lightgbm_header *out,
                                    apo_error *err) {
  apo_lightgbm_field fields[N_FIELDS] = {
      [VERSION] = {.key = "version"},
      [NUM_CLASS] = {.key = "num_class"},
      [TREES_PER_ITERATION] = {.key = "num_tree_per_iteration"},
      [MAX_FEATURE_IDX] = {.key = "max_feature_idx"},
      [OBJECTIVE] = {.key = "objective"},
      [FEATURE_NAMES] = {.key = "feature_names"},
      [FEATURE_INFOS] = {.key = "feature_infos"},
      [TREE_SIZES] = {.key = "tree_sizes"},
  };
  *out = (apo_lightgbm_header){0};
  APO_TRY(take_fields(lines, fields, out, err));
  APO_TRY(take_version(&fields[VERSION], model, err));
  APO_TRY(take_sizes(fields, model, err));
  APO_TRY(take_names(&fields[FEATURE_NAMES], model, err));
  APO_TRY(check_infos(&fields[FEATURE_INFOS], model, err));
  APO_TRY(apo_lightgbm_objective(&fields[OBJECTIVE], model, err));
  out->feature_infos = fields[FEATURE_INFOS].value;
  out->has_sizes = fields[TREE_SIZES].line != 0;
  if (out->has_sizes) out->n_sizes = apo_lightgbm_count(fields[TREE_SIZES].value);
  model->best_iteration = -1;
  model->base = apo_alloc(model->n_outputs, sizeof *model->base);
  if (model->base != NULL) return APO_OK;
  return apo_fail(err, APO_ERR_MEMORY, "num_class: no memory for %u outputs", model->n_outputs);
}
