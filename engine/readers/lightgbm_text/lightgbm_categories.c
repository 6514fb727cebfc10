/* lightgbm_categories.c - what the categories of pandas columns are called in the data.
 *
 *   pandas_categorical:[["a","b"],[3,5,9]]     one list a category column, in column order
 *
 * The code of a category is its position.  The lists do not say which columns they belong to.  The
 * parameter categorical_feature does, when it is there; else the columns whose feature_infos list
 * codes ("-1:0:2").  Only when there are as many columns as lists, and every code has a category,
 * are they believed.  Else the model has no tables and its columns are read as codes; lists of
 * numbers that are not codes are refused then, since nobody could tell a 5 from the code 5.
 */
#include <inttypes.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/readers/lightgbm_text/lightgbm_parts.h"

/* --- which columns ---------------------------------------------------------------------------- */

typedef struct columns {
  uint32_t *at; /* [capacity], ascending */
  uint32_t n;
} columns;

// "1,2,5": false when it is anything else, as names of columns.
static bool take_parameter(apo_json_chars text, uint32_t n_columns, columns *out) {
  out->n = 0;
  while (text.n_bytes > 0) {
    const char *comma = memchr(text.at, ',', text.n_bytes);
    const size_t n_word = comma != NULL ? (size_t)(comma - text.at) : text.n_bytes;
    const size_t n_taken = comma != NULL ? n_word + 1 : n_word;
    int64_t column = 0;
    if (!apo_lightgbm_read_integer((apo_json_chars){text.at, n_word}, &column)) return false;
    if (column < 0 || column >= n_columns || out->n == n_columns) return false;
    if (out->n > 0 && out->at[out->n - 1] >= column) return false;
    out->at[out->n++] = (uint32_t)column;
    text.at += n_taken;
    text.n_bytes -= n_taken;
  }
  return out->n > 0;
}

static bool lists_codes(apo_json_chars info) {
  return info.n_bytes > 0 && (info.at[0] == '-' || (info.at[0] >= '0' && info.at[0] <= '9'));
}

static void take_infos(apo_json_chars infos, uint32_t n_columns, columns *out) {
  apo_json_chars info;
  out->n = 0;
  for (uint32_t column = 0; column < n_columns && apo_lightgbm_word(&infos, &info); ++column) {
    if (lists_codes(info)) out->at[out->n++] = column;
  }
}

// True when each of the codes "-1:0:2" has one of n categories, or is -1.
static bool has_codes_below(apo_json_chars info, uint64_t n_categories) {
  while (info.n_bytes > 0) {
    const char *colon = memchr(info.at, ':', info.n_bytes);
    const size_t n_word = colon != NULL ? (size_t)(colon - info.at) : info.n_bytes;
    const size_t n_taken = colon != NULL ? n_word + 1 : n_word;
    int64_t code = 0;
    if (!apo_lightgbm_read_integer((apo_json_chars){info.at, n_word}, &code)) return false;
    if (code >= (int64_t)n_categories) return false;
    info.at += n_taken;
    info.n_bytes -= n_taken;
  }
  return true;
}

// Every column with codes is among the columns, with a list that has all of them.
static bool do_infos_agree(apo_json_chars infos, const columns *named, apo_json_at lists) {
  apo_json_chars info;
  uint32_t at = 0;
  for (uint32_t column = 0; apo_lightgbm_word(&infos, &info); ++column) {
    const bool is_named = at < named->n && named->at[at] == column;
    apo_json_at list;
    if (is_named && apo_json_item(lists, at++, &list, NULL) != APO_OK) return false;
    if (!lists_codes(info)) {
      if (is_named && info.at[0] == '[') return false;
      continue;
    }
    if (!is_named || !has_codes_below(info, apo_json_length(list))) return false;
  }
  return at == named->n;
}

/* --- tables ----------------------------------------------------------------------------------- */

static apo_status need_kind(apo_json_at list, uint64_t at, apo_json_kind kind, apo_error *err) {
  if (apo_json_kind_at(list, at) == kind) return APO_OK;
  return apo_json_fault_at(list, at, err, APO_ERR_UNSUPPORTED,
                           "categories of one column that are not all of one kind");
}

static apo_status take_text(apo_json_at list, uint64_t at, apo_names *texts, apo_error *err) {
  apo_json_chars text;
  APO_TRY(need_kind(list, at, APO_JSON_TEXT, err));
  APO_TRY(apo_json_text_at(list, at, &text, err));
  return apo_prefix(err, apo_names_add(texts, text.at, text.n_bytes, err), "[%" PRIu64 "]: ", at);
}

// Files of pandas spell booleans like this.
static apo_status take_flag(apo_json_at list, uint64_t at, apo_names *texts, apo_error *err) {
  bool flag = false;
  APO_TRY(need_kind(list, at, APO_JSON_BOOLEAN, err));
  APO_TRY(apo_json_flag_at(list, at, &flag, err));
  return flag ? apo_names_add(texts, "True", 4, err) : apo_names_add(texts, "False", 5, err);
}

static apo_status take_category(
    apo_json_at list, uint64_t at, apo_json_kind kind, apo_category_table *table, apo_error *err) {
  if (kind == APO_JSON_BOOLEAN) return take_flag(list, at, &table->texts, err);
  if (kind == APO_JSON_TEXT) return take_text(list, at, &table->texts, err);
  APO_TRY(need_kind(list, at, APO_JSON_NUMBER, err));
  return apo_json_number_at(list, at, &table->numbers[at], err);
}

static apo_status take_list(apo_json_at list, apo_category_table *table, apo_error *err) {
  APO_TRY(apo_json_need(list, APO_JSON_ARRAY, err));
  const uint64_t n = apo_json_length(list);
  const apo_json_kind kind = apo_json_kind_at(list, 0);
  if (n > APO_MAX_CATEGORY_CODE) {
    return apo_json_fault(list, err, APO_ERR_LIMIT, "%" PRIu64 " categories, at most %d", n,
                          APO_MAX_CATEGORY_CODE);
  }
  // A column without any category was missing in all of the training data, and stays so.
  table->is_text = n == 0 || kind == APO_JSON_TEXT || kind == APO_JSON_BOOLEAN;
  table->unknown = APO_UNKNOWN_MISSING;
  if (!table->is_text) {
    if (kind != APO_JSON_NUMBER) {
      return apo_json_fault_at(list, 0, err, APO_ERR_UNSUPPORTED,
                               "a category that is no text, number or boolean");
    }
    table->numbers = apo_alloc((size_t)n, sizeof *table->numbers);
    if (table->numbers == NULL) return apo_json_fault(list, err, APO_ERR_MEMORY, "no memory");
    table->n_numbers = (uint32_t)n;
  }
  for (uint64_t at = 0; at < n; ++at) {
    APO_TRY(take_category(list, at, kind, table, err));
  }
  return APO_OK;
}

static apo_status take_tables(apo_json_at lists,
                              const columns *named,
                              apo_model *model,
                              apo_error *err) {
  model->categories = apo_alloc(named->n, sizeof *model->categories);
  if (model->categories == NULL) {
    return apo_json_fault(lists, err, APO_ERR_MEMORY, "no memory for %u tables", named->n);
  }
  for (uint32_t at = 0; at < named->n; ++at) {
    apo_json_at list;
    // Counted before it is filled, so that a failure leaves it to the model's destroy.
    apo_category_table *table = &model->categories[model->n_categories++];
    table->column = named->at[at];
    APO_TRY(apo_json_item(lists, at, &list, err));
    APO_TRY(take_list(list, table, err));
  }
  return APO_OK;
}

// Without a column for each list, only lists are harmless whose numbers are their own codes, and
// texts, which no table turns into codes.
static apo_status check_homeless(apo_json_at lists, uint32_t n_columns, apo_error *err) {
  for (uint64_t l = 0; l < apo_json_length(lists); ++l) {
    apo_json_at list;
    APO_TRY(apo_json_item(lists, l, &list, err));
    APO_TRY(apo_json_need(list, APO_JSON_ARRAY, err));
    for (uint64_t at = 0; at < apo_json_length(list); ++at) {
      double number = 0;
      if (apo_json_kind_at(list, at) != APO_JSON_NUMBER) continue;
      APO_TRY(apo_json_number_at(list, at, &number, err));
      if (number == (double)at) continue;
      return apo_json_fault_at(list, at, err, APO_ERR_UNSUPPORTED,
                               "category %g cannot be told from a code, with %" PRIu64
                               " lists for %u categorical columns",
                               number, apo_json_length(lists), n_columns);
    }
  }
  return APO_OK;
}

static apo_status read_lists(const apo_lightgbm_categories *from,
                             apo_json_at lists,
                             apo_model *model,
                             apo_error *err) {
  if (apo_json_kind_of(lists) == APO_JSON_NULL) return APO_OK;
  APO_TRY(apo_json_need(lists, APO_JSON_ARRAY, err));
  const uint64_t n_lists = apo_json_length(lists);
  if (n_lists == 0) return APO_OK;
  columns named = {.at = apo_alloc(model->n_columns, sizeof *named.at)};
  if (named.at == NULL) return apo_json_fault(lists, err, APO_ERR_MEMORY, "no memory");
  if (!take_parameter(from->parameter, model->n_columns, &named)) {
    take_infos(from->infos, model->n_columns, &named);
  }
  const bool agree = named.n == n_lists && do_infos_agree(from->infos, &named, lists);
  const apo_status status =
      agree ? take_tables(lists, &named, model, err) : check_homeless(lists, named.n, err);
  free(named.at);
  return status;
}

apo_status apo_lightgbm_read_categories(const apo_lightgbm_categories *from,
                                        apo_model *model,
                                        apo_error *err) {
  apo_json *json = NULL;
  const apo_bytes bytes = {(const uint8_t *)from->json.at, from->json.n_bytes};
  APO_TRY(apo_json_parse(bytes, &json, err));
  const apo_status status = read_lists(from, apo_json_root(json), model, err);
  apo_json_destroy(&json);
  return status;
}
