/* neutral_columns.c - what comes in: columns, category tables, cast, codes and transform. */
#include <inttypes.h>

#include "engine/core/memory.h"
#include "engine/readers/neutral_json/neutral_parts.h"

/* --- columns ----------------------------------------------------------------------------------- */

static apo_status read_values(apo_json_at values, apo_category_table *table, apo_error *err) {
  APO_TRY(apo_json_need(values, APO_JSON_ARRAY, err));
  const uint64_t n = apo_json_length(values);
  if (n > APO_MAX_CATEGORY_CODE) {
    return apo_json_fault(values, err, APO_ERR_LIMIT, "%" PRIu64 " categories, at most %d", n,
                          APO_MAX_CATEGORY_CODE);
  }
  // No category is known: every value is an unknown one, whatever it looks like.
  table->is_text = n == 0 || apo_json_kind_at(values, 0) == APO_JSON_TEXT;
  if (table->is_text) return apo_neutral_names(values, "category", &table->texts, err);
  APO_TRY(apo_neutral_numbers(values, n, &table->numbers, err));
  table->n_numbers = (uint32_t)n;
  return APO_OK;
}

static apo_status read_table(apo_json_at at,
                             uint32_t n_columns,
                             apo_category_table *table,
                             apo_error *err) {
  static const char *const keys[] = {"column", "values", "unknown", NULL};
  apo_json_at member;
  int64_t column = 0;
  int rule = APO_UNKNOWN_ERROR;
  APO_TRY(apo_neutral_check_keys(at, keys, err));
  APO_TRY(apo_json_member(at, "column", &member, err));
  APO_TRY(apo_json_integer(member, 0, (int64_t)n_columns - 1, &column, err));
  table->column = (uint32_t)column;
  if (apo_json_find(at, "unknown", &member)) {
    APO_TRY(apo_neutral_word(member, apo_neutral_unknown, APO_ERR_FORMAT, &rule, err));
  }
  table->unknown = (apo_unknown_rule)rule;
  APO_TRY(apo_json_member(at, "values", &member, err));
  return read_values(member, table, err);
}

static apo_status read_tables(apo_json_at tables, apo_model *model, apo_error *err) {
  APO_TRY(apo_json_need(tables, APO_JSON_ARRAY, err));
  const uint64_t n = apo_json_length(tables);
  if (n == 0) return APO_OK;
  if (n > model->n_columns) {
    return apo_json_fault(tables, err, APO_ERR_FORMAT, "%" PRIu64 " tables for %u columns", n,
                          model->n_columns);
  }
  model->categories = apo_alloc((size_t)n, sizeof *model->categories);
  if (model->categories == NULL) {
    return apo_json_fault(tables, err, APO_ERR_MEMORY, "%" PRIu64 " tables", n);
  }
  for (uint64_t i = 0; i < n; ++i) {
    apo_json_at table;
    APO_TRY(apo_json_item(tables, i, &table, err));
    APO_TRY(read_table(table, model->n_columns, &model->categories[model->n_categories++], err));
  }
  return APO_OK;
}

apo_status apo_neutral_columns(apo_json_at document, apo_model *model, apo_error *err) {
  static const char *const keys[] = {"count", "names", "categories", NULL};
  apo_json_at columns;
  apo_json_at member;
  APO_TRY(apo_json_member(document, "columns", &columns, err));
  APO_TRY(apo_neutral_check_keys(columns, keys, err));
  APO_TRY(apo_neutral_count(columns, "count", APO_MAX_COLUMNS, &model->n_columns, err));
  if (apo_json_find(columns, "names", &member)) {
    APO_TRY(apo_json_need_length(member, model->n_columns, err));
    APO_TRY(apo_neutral_names(member, "column", &model->column_names, err));
  }
  if (!apo_json_find(columns, "categories", &member)) return APO_OK;
  return read_tables(member, model, err);
}

/* --- input ------------------------------------------------------------------------------------- */

static apo_status read_operands(
    apo_json_at step, const char *key, uint32_t n_columns, double **out, apo_error *err) {
  apo_json_at values;
  APO_TRY(apo_json_member(step, key, &values, err));
  return apo_neutral_numbers(values, n_columns, out, err);
}

static apo_status check_divisors(apo_json_at step,
                                 const apo_transform_step *read,
                                 uint32_t n_columns,
                                 apo_error *err) {
  if (read->op != APO_TRANSFORM_DIV) return APO_OK;
  for (uint32_t column = 0; column < n_columns; ++column) {
    if (read->values[column] != 0.0) continue;
    return apo_json_fault(step, err, APO_ERR_FORMAT, "divides column %u by 0", column);
  }
  return APO_OK;
}

// A step without operands; its values are 0.
static apo_status read_float(apo_json_at at,
                             uint32_t n_columns,
                             apo_transform_step *step,
                             apo_error *err) {
  static const char *const keys[] = {"op", NULL};
  APO_TRY(apo_neutral_check_keys(at, keys, err));
  step->values = apo_alloc(n_columns, sizeof *step->values);
  if (step->values != NULL) return APO_OK;
  return apo_json_fault(at, err, APO_ERR_MEMORY, "%u columns", n_columns);
}

static apo_status read_step(apo_json_at at,
                            uint32_t n_columns,
                            apo_transform_step *step,
                            apo_error *err) {
  static const char *const keys[] = {"op", "values", NULL};
  static const char *const clip_keys[] = {"op", "low", "high", NULL};
  apo_json_at member;
  int op = 0;
  APO_TRY(apo_json_member(at, "op", &member, err));
  APO_TRY(apo_neutral_word(member, apo_neutral_steps, APO_ERR_UNSUPPORTED, &op, err));
  step->op = (apo_transform_op)op;
  if (step->op == APO_TRANSFORM_FLOAT) return read_float(at, n_columns, step, err);
  const bool is_clip = step->op == APO_TRANSFORM_CLIP;
  APO_TRY(apo_neutral_check_keys(at, is_clip ? clip_keys : keys, err));
  APO_TRY(read_operands(at, is_clip ? "low" : "values", n_columns, &step->values, err));
  if (is_clip) return read_operands(at, "high", n_columns, &step->highs, err);
  return check_divisors(at, step, n_columns, err);
}

static apo_status read_transform(apo_json_at steps, apo_model *model, apo_error *err) {
  APO_TRY(apo_json_need(steps, APO_JSON_ARRAY, err));
  const uint64_t n = apo_json_length(steps);
  if (n == 0) return APO_OK;
  model->transform.steps = apo_alloc((size_t)n, sizeof *model->transform.steps);
  if (model->transform.steps == NULL) {
    return apo_json_fault(steps, err, APO_ERR_MEMORY, "%" PRIu64 " steps", n);
  }
  for (uint64_t i = 0; i < n; ++i) {
    apo_json_at step;
    APO_TRY(apo_json_item(steps, i, &step, err));
    apo_transform_step *out = &model->transform.steps[model->transform.n_steps++];
    APO_TRY(read_step(step, model->n_columns, out, err));
  }
  return APO_OK;
}

apo_status apo_neutral_read_input(apo_json_at document,
                                  apo_model *model,
                                  apo_neutral_input *out,
                                  apo_error *err) {
  static const char *const keys[] = {"cast", "code", "transform", NULL};
  apo_json_at input;
  apo_json_at member;
  int word = 0;
  *out = (apo_neutral_input){0};
  if (!apo_json_find(document, "input", &input)) return APO_OK;
  APO_TRY(apo_neutral_check_keys(input, keys, err));
  out->has_cast = apo_json_find(input, "cast", &member);
  if (out->has_cast) {
    APO_TRY(apo_neutral_word(member, apo_neutral_casts, APO_ERR_UNSUPPORTED, &word, err));
    out->cast_f32 = word == 1;
  }
  out->has_code = apo_json_find(input, "code", &member);
  if (out->has_code) {
    APO_TRY(apo_neutral_word(member, apo_neutral_code_rules, APO_ERR_UNSUPPORTED, &word, err));
    out->code_rule = (apo_code_rule)word;
  }
  if (!apo_json_find(input, "transform", &member)) return APO_OK;
  return read_transform(member, model, err);
}
