/* xgboost_categories.c - `cats`: what the categories of each column are called in the data.
 *
 * Code of a category = its position.  Each column has an entry in `enc`:
 *   texts    {"offsets": [0, 3, 8], "values": [bytes]}     numeric column: both empty
 *   numbers  {"type": n, "values": [...]}                  n: the width; unsigned ones of 16 bits
 *                                                          and more are stored as signed, same bits
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/readers/xgboost/xgboost_parts.h"

enum { I8 = 9, U8 = 10, I16 = 11, U16 = 12, I32 = 13, U32 = 14, I64 = 15, U64 = 16 };

/** The values of one category list, in the order of their codes. */
static apo_status take_bytes(
    apo_json_at values, int64_t begin, int64_t end, char *out, apo_error *err) {
  for (int64_t i = begin; i < end; ++i) {
    int64_t byte = 0;
    APO_TRY(apo_json_integer_at(values, (uint64_t)i, INT8_MIN, UINT8_MAX, &byte, err));
    out[i - begin] = (char)(uint8_t)byte;
  }
  return APO_OK;
}

static apo_status take_text(
    apo_json_at offsets, apo_json_at values, uint64_t category, apo_names *texts, apo_error *err) {
  char bytes[APO_MAX_NAME_BYTES];
  int64_t begin = 0;
  int64_t end = 0;
  const int64_t n_bytes = (int64_t)apo_json_length(values);
  APO_TRY(apo_json_integer_at(offsets, category, 0, n_bytes, &begin, err));
  APO_TRY(apo_json_integer_at(offsets, category + 1, begin, n_bytes, &end, err));
  if (end - begin > APO_MAX_NAME_BYTES) {
    return apo_json_fault_at(offsets, category, err, APO_ERR_LIMIT,
                             "a category of %" PRId64 " bytes, at most %d", end - begin,
                             APO_MAX_NAME_BYTES);
  }
  APO_TRY(take_bytes(values, begin, end, bytes, err));
  const apo_status status = apo_names_add(texts, bytes, (size_t)(end - begin), err);
  if (status == APO_OK) return APO_OK;
  char path[320];
  apo_json_path(offsets, path, sizeof path);
  return apo_prefix(err, status, "%s[%" PRIu64 "]: ", path, category);
}

static apo_status take_texts(apo_json_at column,
                             apo_json_at offsets,
                             apo_category_table *table,
                             apo_error *err) {
  apo_json_at values;
  APO_TRY(apo_json_need(offsets, APO_JSON_ARRAY, err));
  APO_TRY(apo_json_member(column, "values", &values, err));
  APO_TRY(apo_json_need(values, APO_JSON_ARRAY, err));
  table->is_text = true;
  for (uint64_t category = 0; category + 1 < apo_json_length(offsets); ++category) {
    APO_TRY(take_text(offsets, values, category, &table->texts, err));
  }
  return APO_OK;
}

/** The bits that an unsigned type has and the file's signed one lacks; 0 for the other types. */
static bool wrap_of(int64_t type, double *out) {
  *out = 0.0;
  switch (type) {
    case I8:
    case I16:
    case I32:
    case I64: return true;
    case U8: *out = 0x1p8; return true;
    case U16: *out = 0x1p16; return true;
    case U32: *out = 0x1p32; return true;
    case U64: *out = 0x1p64; return true;
    default: return false;
  }
}

static apo_status take_numbers(apo_json_at column,
                               apo_json_at type_at,
                               apo_category_table *table,
                               apo_error *err) {
  apo_json_at values;
  int64_t type = 0;
  double wrap = 0.0;
  APO_TRY(apo_json_integer(type_at, INT64_MIN, INT64_MAX, &type, err));
  if (!wrap_of(type, &wrap)) {
    return apo_json_fault(type_at, err, APO_ERR_UNSUPPORTED,
                          "categories of type %" PRId64 " are not known", type);
  }
  APO_TRY(apo_json_member(column, "values", &values, err));
  APO_TRY(apo_json_need(values, APO_JSON_ARRAY, err));
  const uint64_t n = apo_json_length(values);
  if (n > (uint64_t)APO_MAX_CATEGORY_CODE + 1) {
    return apo_json_fault(values, err, APO_ERR_LIMIT, "%" PRIu64 " categories, at most %d", n,
                          APO_MAX_CATEGORY_CODE + 1);
  }
  table->numbers = apo_alloc((size_t)n, sizeof *table->numbers);
  if (table->numbers == NULL) {
    return apo_json_fault(values, err, APO_ERR_MEMORY, "no memory for its categories");
  }
  for (uint64_t category = 0; category < n; ++category) {
    int64_t number = 0;
    APO_TRY(apo_json_integer_at(values, category, INT64_MIN, INT64_MAX, &number, err));
    table->numbers[category] = (double)number + (number < 0 ? wrap : 0.0);
  }
  table->n_numbers = (uint32_t)n;
  return APO_OK;
}

static apo_status take_column(apo_json_at column, apo_category_table *table, apo_error *err) {
  apo_json_at at;
  APO_TRY(apo_json_need(column, APO_JSON_OBJECT, err));
  if (apo_json_find(column, "type", &at)) return take_numbers(column, at, table, err);
  APO_TRY(apo_json_member(column, "offsets", &at, err));
  return take_texts(column, at, table, err);
}

static bool is_empty(const apo_category_table *table) {
  return table->texts.n_names == 0 && table->n_numbers == 0;
}

static void forget(apo_category_table *table) {
  apo_names_clear(&table->texts);
  free(table->numbers);
  *table = (apo_category_table){0};
}

apo_status apo_xgboost_categories(apo_json_at trees_model, apo_model *model, apo_error *err) {
  apo_json_at cats;
  apo_json_at columns;
  if (!apo_json_find(trees_model, "cats", &cats)) return APO_OK;
  if (!apo_json_find(cats, "enc", &columns)) return APO_OK;
  APO_TRY(apo_json_need(columns, APO_JSON_ARRAY, err));
  if (apo_json_length(columns) == 0) return APO_OK;
  APO_TRY(apo_json_need_length(columns, model->n_columns, err));
  model->categories = apo_alloc(model->n_columns, sizeof *model->categories);
  if (model->categories == NULL) {
    return apo_json_fault(columns, err, APO_ERR_MEMORY, "no memory for %u columns",
                          model->n_columns);
  }
  for (uint32_t column = 0; column < model->n_columns; ++column) {
    apo_category_table *table = &model->categories[model->n_categories];
    apo_json_at at;
    APO_TRY(apo_json_item(columns, column, &at, err));
    // Counted before it is filled, so that a failure leaves it to the model's destroy.
    ++model->n_categories;
    table->column = column;
    table->unknown = APO_UNKNOWN_ERROR;
    APO_TRY(take_column(at, table, err));
    if (!is_empty(table)) continue;
    forget(table);
    --model->n_categories;
  }
  return APO_OK;
}
