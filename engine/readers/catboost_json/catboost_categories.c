/* catboost_categories.c - one-hot values: from hashes to what the data call the categories.
 *
 * A one-hot split asks whether the hash of a category, taken of its text, is the split's value.  The
 * texts stand in cat_features_hash, for all columns together, and only when the model was saved with
 * pool=.  The values that the splits of a column ask for are listed with the column.
 *
 *   categorical_features[c].values   [-1284790409, 288298918]       int32
 *   cat_features_hash                [{"hash": 3010176887, "value": "2"}, ...]     uint32, same bits
 *
 * What stands for a category in rows of numbers:
 *
 *   all categories of a column are whole numbers   themselves, so that numbers of the data need no
 *   that a float holds (below 2^24), as decimals   recoding: the column has no table
 *   else                                           the place in `values`: the table of the column.
 *                                                  Every other text is a code that no split knows,
 *                                                  which is what CatBoost makes of it
 *
 * A column that no split tests has an empty table, so that tables of data may hold any text in it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/readers/catboost_json/catboost_parts.h"

/* An entry of cat_features_hash. */
typedef struct hashed {
  uint32_t hash;
  uint32_t position;
} hashed;

typedef struct hash_table {
  apo_json_at list;
  hashed *entries; /* [n_entries], hash ascends */
  uint64_t n_entries;
} hash_table;

/* --- cat_features_hash ------------------------------------------------------------------------ */

static int compare_hashed(const void *a, const void *b) {
  const uint32_t left = ((const hashed *)a)->hash;
  const uint32_t right = ((const hashed *)b)->hash;
  return left < right ? -1 : left > right;
}

static apo_status fill_hashes(hash_table *self, apo_error *err) {
  for (uint64_t i = 0; i < self->n_entries; ++i) {
    apo_json_at entry;
    apo_json_at at;
    int64_t hash = 0;
    APO_TRY(apo_json_item(self->list, i, &entry, err));
    APO_TRY(apo_json_member(entry, "hash", &at, err));
    APO_TRY(apo_json_integer(at, 0, UINT32_MAX, &hash, err));
    self->entries[i] = (hashed){.hash = (uint32_t)hash, .position = (uint32_t)i};
  }
  qsort(self->entries, (size_t)self->n_entries, sizeof *self->entries, compare_hashed);
  for (uint64_t i = 1; i < self->n_entries; ++i) {
    if (self->entries[i - 1].hash != self->entries[i].hash) continue;
    return apo_json_fault(self->list, err, APO_ERR_FORMAT, "hash %u occurs twice",
                          self->entries[i].hash);
  }
  return APO_OK;
}

static apo_status take_hashes(apo_json_at info, hash_table *out, apo_error *err) {
  APO_TRY(apo_catboost_list(info, "cat_features_hash", &out->list, &out->n_entries, err));
  if (out->n_entries > UINT32_MAX) {
    return apo_json_fault(out->list, err, APO_ERR_LIMIT, "%" PRIu64 " categories, at most %u",
                          out->n_entries, UINT32_MAX);
  }
  out->entries = apo_alloc((size_t)out->n_entries, sizeof *out->entries);
  if (out->entries == NULL) {
    return apo_json_fault(info, err, APO_ERR_MEMORY, "no memory for %" PRIu64 " categories",
                          out->n_entries);
  }
  return fill_hashes(out, err);
}

/** The text of a hash; false when it is not listed. */
static bool find_text(const hash_table *self, uint32_t hash, apo_json_at *out) {
  const hashed key = {.hash = hash};
  if (self->n_entries == 0) return false;
  const hashed *found =
      bsearch(&key, self->entries, (size_t)self->n_entries, sizeof *self->entries, compare_hashed);
  if (found == NULL) return false;
  apo_json_at entry;
  return apo_json_item(self->list, found->position, &entry, NULL) == APO_OK &&
         apo_json_find(entry, "value", out);
}

/* --- values of a column ----------------------------------------------------------------------- */

static int compare_values(const void *a, const void *b) {
  const int32_t left = ((const apo_catboost_value *)a)->hash;
  const int32_t right = ((const apo_catboost_value *)b)->hash;
  return left < right ? -1 : left > right;
}

static apo_status count_values(apo_json_at feature, apo_catboost_category *out, apo_error *err) {
  apo_json_at values;
  uint64_t n = 0;
  APO_TRY(apo_catboost_list(feature, "values", &values, &n, err));
  if (n > APO_MAX_CATEGORY_CODE) {
    return apo_json_fault(values, err, APO_ERR_LIMIT, "%" PRIu64 " categories, at most %d", n,
                          APO_MAX_CATEGORY_CODE);
  }
  out->value_end = out->value_begin + n;
  return APO_OK;
}

// "-12", not "+12", "012", "-0" or "1e3": what CatBoost writes for a whole number, and nothing else.
static bool read_whole(apo_json_chars text, double *out) {
  enum { MOST_DIGITS = 8 };  // of numbers below 2^24
  const bool is_negative = text.n_bytes > 0 && text.at[0] == '-';
  const char *digits = text.at + (is_negative ? 1 : 0);
  const size_t n_digits = text.n_bytes - (is_negative ? 1 : 0);
  if (n_digits == 0 || n_digits > MOST_DIGITS) return false;
  if (digits[0] == '0' && (n_digits > 1 || is_negative)) return false;
  int32_t number = 0;
  for (size_t i = 0; i < n_digits; ++i) {
    if (digits[i] < '0' || digits[i] > '9') return false;
    number = 10 * number + (digits[i] - '0');
  }
  if (number > APO_MAX_CATEGORY_CODE) return false;
  *out = (double)(is_negative ? -number : number);
  return true;
}

static apo_status need_text(const hash_table *hashes,
                            apo_json_at feature,
                            uint32_t column,
                            int32_t hash,
                            apo_json_chars *out,
                            apo_error *err) {
  apo_json_at at;
  if (find_text(hashes, (uint32_t)hash, &at)) return apo_json_text(at, out, err);
  const apo_catboost_shown shown = apo_catboost_show(feature, column);
  if (hashes->n_entries == 0) {
    return apo_json_fault(feature, err, APO_ERR_UNSUPPORTED,
                          "%s has one-hot splits and the file no cat_features_hash: save the model "
                          "again with pool=",
                          shown.text);
  }
  return apo_json_fault(feature, err, APO_ERR_FORMAT,
                        "%s: hash %u is not in cat_features_hash: save the model again with pool= "
                        "the training data",
                        shown.text, (uint32_t)hash);
}

/* What the categories of one column need. */
typedef struct column {
  const hash_table *hashes;
  apo_json_at feature;
  const apo_catboost_category *category;
  apo_catboost_value *values; /* of this column, in the order of the file */
  uint64_t *text_bytes_left;
} column;

// All or none: a column with a table means places by its numbers.
static apo_status take_numbers(const column *self, bool *are_numbers, apo_error *err) {
  const uint64_t n = self->category->value_end - self->category->value_begin;
  *are_numbers = n > 0;
  for (uint64_t i = 0; i < n; ++i) {
    apo_json_chars text;
    apo_catboost_value *value = &self->values[i];
    APO_TRY(
        need_text(self->hashes, self->feature, self->category->column, value->hash, &text, err));
    if (!read_whole(text, &value->code)) *are_numbers = false;
  }
  return APO_OK;
}

static apo_status take_texts(const column *self, apo_names *texts, apo_error *err) {
  const uint64_t n = self->category->value_end - self->category->value_begin;
  for (uint64_t i = 0; i < n; ++i) {
    apo_json_chars text;
    apo_catboost_value *value = &self->values[i];
    APO_TRY(
        need_text(self->hashes, self->feature, self->category->column, value->hash, &text, err));
    value->code = (double)i;
    // Many columns may name one long text: a small file must not become a large model.
    if (text.n_bytes > *self->text_bytes_left) {
      return apo_json_fault(self->feature, err, APO_ERR_LIMIT,
                            "the categories of all columns have more text than the file");
    }
    *self->text_bytes_left -= text.n_bytes;
    const apo_status status = apo_names_add(texts, text.at, text.n_bytes, err);
    APO_TRY(apo_prefix(err, status,
                       "features_info.cat_features_hash: hash %u: ", (uint32_t)value->hash));
  }
  return APO_OK;
}

static apo_status take_values(const column *self, apo_error *err) {
  apo_json_at list;
  uint64_t n = 0;
  APO_TRY(apo_catboost_list(self->feature, "values", &list, &n, err));
  for (uint64_t i = 0; i < n; ++i) {
    int64_t hash = 0;
    APO_TRY(apo_json_integer_at(list, i, INT32_MIN, INT32_MAX, &hash, err));
    self->values[i].hash = (int32_t)hash;
  }
  return APO_OK;
}

// For the splits' sake, after the codes were given by position.
static apo_status sort_values(const column *self, apo_error *err) {
  const uint64_t n = self->category->value_end - self->category->value_begin;
  qsort(self->values, (size_t)n, sizeof *self->values, compare_values);
  for (uint64_t i = 1; i < n; ++i) {
    if (self->values[i - 1].hash != self->values[i].hash) continue;
    return apo_json_fault(self->feature, err, APO_ERR_FORMAT, "value %" PRId32 " is listed twice",
                          self->values[i].hash);
  }
  return APO_OK;
}

static apo_status take_column(const column *self, apo_model *model, apo_error *err) {
  bool are_numbers = false;
  APO_TRY(take_values(self, err));
  APO_TRY(take_numbers(self, &are_numbers, err));
  if (!are_numbers) {
    apo_category_table *table = &model->categories[model->n_categories++];
    table->column = self->category->column;
    table->is_text = true;
    table->unknown = APO_UNKNOWN_OTHER;
    APO_TRY(take_texts(self, &table->texts, err));
  }
  return sort_values(self, err);
}

/* --- all columns ------------------------------------------------------------------------------ */

static apo_status make_room(apo_catboost_features *features,
                            apo_json_at list,
                            apo_model *model,
                            apo_error *err) {
  for (uint32_t i = 0; i < features->n_categories; ++i) {
    apo_catboost_category *category = &features->categories[i];
    apo_json_at feature;
    APO_TRY(apo_json_item(list, i, &feature, err));
    category->value_begin = features->n_values;
    APO_TRY(count_values(feature, category, err));
    features->n_values = category->value_end;
  }
  features->values = apo_alloc((size_t)features->n_values, sizeof *features->values);
  model->categories = apo_alloc(features->n_categories, sizeof *model->categories);
  if (features->values != NULL && model->categories != NULL) return APO_OK;
  return apo_json_fault(list, err, APO_ERR_MEMORY, "no memory for %" PRIu64 " categories",
                        features->n_values);
}

static apo_status take_columns(apo_catboost_features *features,
                               const hash_table *hashes,
                               apo_json_at list,
                               apo_model *model,
                               apo_error *err) {
  for (uint32_t i = 0; i < features->n_categories; ++i) {
    column self = {.hashes = hashes,
                   .category = &features->categories[i],
                   .values = features->values + features->categories[i].value_begin,
                   .text_bytes_left = &features->text_bytes_left};
    APO_TRY(apo_json_item(list, i, &self.feature, err));
    APO_TRY(take_column(&self, model, err));
  }
  return APO_OK;
}

apo_status apo_catboost_categories(apo_catboost_features *features,
                                   apo_json_at list,
                                   apo_model *model,
                                   apo_error *err) {
  hash_table hashes = {.list = list};
  APO_TRY(make_room(features, list, model, err));
  apo_status status = take_hashes(features->info, &hashes, err);
  if (status == APO_OK) status = take_columns(features, &hashes, list, model, err);
  free(hashes.entries);
  return status;
}
