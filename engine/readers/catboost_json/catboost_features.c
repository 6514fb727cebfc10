/* catboost_features.c - features_info: which columns there are, what they are called, their borders.
 *
 * A feature has two numbers: feature_index, among the features of its kind, by which splits name it,
 * and flat_feature_index, the column in the data.  Both have gaps after drop_unused_features; a
 * column in a gap is one that no split tests.
 *
 * A split also names itself by split_index: its place in the list of all borders, then all one-hot
 * values, then all CTR borders.  CatBoost itself believes that number alone, so a file in which it
 * says something else than the split's own words is refused (catboost_split.c).
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/core/memory.h"
#include "engine/readers/catboost_json/catboost_parts.h"

void apo_catboost_features_clear(apo_catboost_features *features) {
  free(features->floats);
  free(features->categories);
  free(features->borders);
  free(features->values);
  *features = (apo_catboost_features){0};
}

apo_catboost_shown apo_catboost_show(apo_json_at feature, uint32_t column) {
  apo_catboost_shown shown;
  apo_json_at name;
  apo_json_chars text;
  const bool has_name = apo_json_find(feature, "feature_id", &name) &&
                        apo_json_text(name, &text, NULL) == APO_OK && text.n_bytes > 0;
  if (has_name) {
    snprintf(shown.text, sizeof shown.text, "column %u \"%s\"", column, apo_json_show(text).text);
  } else {
    snprintf(shown.text, sizeof shown.text, "column %u", column);
  }
  return shown;
}

/* --- one feature ------------------------------------------------------------------------------ */

static apo_status take_indices(
    apo_json_at feature, int64_t previous, uint32_t *index, uint32_t *column, apo_error *err) {
  apo_json_at at;
  int64_t number = 0;
  APO_TRY(apo_json_member(feature, "feature_index", &at, err));
  APO_TRY(apo_json_integer(at, 0, INT32_MAX, &number, err));
  if (number <= previous) {
    return apo_json_fault(at, err, APO_ERR_FORMAT, "%" PRId64 " after %" PRId64 ", needs to ascend",
                          number, previous);
  }
  *index = (uint32_t)number;
  APO_TRY(apo_json_member(feature, "flat_feature_index", &at, err));
  APO_TRY(apo_json_integer(at, 0, INT64_MAX, &number, err));
  if (number >= APO_MAX_COLUMNS) {
    return apo_json_fault(at, err, APO_ERR_LIMIT, "column %" PRId64 ", at most %d columns", number,
                          APO_MAX_COLUMNS);
  }
  *column = (uint32_t)number;
  return APO_OK;
}

static apo_status take_treatment(apo_json_at feature, bool *nan_is_true, apo_error *err) {
  apo_json_at at;
  apo_json_chars text;
  APO_TRY(apo_json_member(feature, "nan_value_treatment", &at, err));
  APO_TRY(apo_json_text(at, &text, err));
  *nan_is_true = apo_json_chars_are(text, "AsTrue");
  if (*nan_is_true || apo_json_chars_are(text, "AsFalse") || apo_json_chars_are(text, "AsIs")) {
    return APO_OK;
  }
  return apo_json_fault(at, err, APO_ERR_UNSUPPORTED, "\"%s\" is not known",
                        apo_json_show(text).text);
}

static apo_status count_borders(apo_json_at feature, apo_catboost_float *out, apo_error *err) {
  apo_json_at borders;
  uint64_t n = 0;
  APO_TRY(apo_catboost_list(feature, "borders", &borders, &n, err));
  out->border_end = out->border_begin + n;
  return APO_OK;
}

static apo_status take_borders(apo_json_at feature,
                               const apo_catboost_float *of,
                               float *out,
                               apo_error *err) {
  apo_json_at borders;
  uint64_t n = 0;
  APO_TRY(apo_catboost_list(feature, "borders", &borders, &n, err));
  for (uint64_t i = 0; i < n; ++i) {
    double border = 0.0;
    APO_TRY(apo_json_number_at(borders, i, &border, err));
    out[of->border_begin + i] = (float)border;
    if (isfinite((float)border)) continue;
    return apo_json_fault_at(borders, i, err, APO_ERR_FORMAT, "%g, needs a finite float", border);
  }
  return APO_OK;
}

/* --- lists ------------------------------------------------------------------------------------ */

static apo_status no_memory(apo_json_at at, const char *what, uint64_t n, apo_error *err) {
  return apo_json_fault(at, err, APO_ERR_MEMORY, "no memory for %" PRIu64 " %s", n, what);
}

static apo_status need_few(apo_json_at list, uint64_t n, apo_error *err) {
  if (n <= APO_MAX_COLUMNS) return APO_OK;
  return apo_json_fault(list, err, APO_ERR_LIMIT, "%" PRIu64 " columns, at most %d", n,
                        APO_MAX_COLUMNS);
}

static apo_status take_floats(apo_catboost_features *self,
                              apo_json_at list,
                              uint64_t n,
                              apo_error *err) {
  int64_t previous = -1;
  APO_TRY(need_few(list, n, err));
  self->floats = apo_alloc((size_t)n, sizeof *self->floats);
  if (self->floats == NULL) return no_memory(list, "columns", n, err);
  for (uint64_t i = 0; i < n; ++i) {
    apo_catboost_float *out = &self->floats[i];
    apo_json_at feature;
    APO_TRY(apo_json_item(list, i, &feature, err));
    APO_TRY(take_indices(feature, previous, &out->index, &out->column, err));
    APO_TRY(take_treatment(feature, &out->nan_is_true, err));
    out->border_begin = self->n_borders;
    APO_TRY(count_borders(feature, out, err));
    self->n_borders = out->border_end;
    previous = out->index;
    ++self->n_floats;
  }
  self->borders = apo_alloc((size_t)self->n_borders, sizeof *self->borders);
  if (self->borders == NULL) return no_memory(list, "borders", self->n_borders, err);
  for (uint64_t i = 0; i < n; ++i) {
    apo_json_at feature;
    APO_TRY(apo_json_item(list, i, &feature, err));
    APO_TRY(take_borders(feature, &self->floats[i], self->borders, err));
  }
  return APO_OK;
}

static apo_status take_categories(apo_catboost_features *self,
                                  apo_json_at list,
                                  uint64_t n,
                                  apo_error *err) {
  int64_t previous = -1;
  APO_TRY(need_few(list, n, err));
  self->categories = apo_alloc((size_t)n, sizeof *self->categories);
  if (self->categories == NULL) return no_memory(list, "columns", n, err);
  for (uint64_t i = 0; i < n; ++i) {
    apo_catboost_category *out = &self->categories[i];
    apo_json_at feature;
    APO_TRY(apo_json_item(list, i, &feature, err));
    APO_TRY(take_indices(feature, previous, &out->index, &out->column, err));
    previous = out->index;
    ++self->n_categories;
  }
  return APO_OK;
}

/* --- columns ---------------------------------------------------------------------------------- */

/* A column and where it is described. */
typedef struct place {
  uint32_t column;
  apo_json_at feature;
} place;

static int compare_places(const void *a, const void *b) {
  const uint32_t left = ((const place *)a)->column;
  const uint32_t right = ((const place *)b)->column;
  return left < right ? -1 : left > right;
}

static apo_status list_places(const apo_catboost_features *self,
                              apo_json_at floats,
                              apo_json_at categories,
                              place *out,
                              apo_error *err) {
  for (uint32_t i = 0; i < self->n_floats; ++i, ++out) {
    out->column = self->floats[i].column;
    APO_TRY(apo_json_item(floats, i, &out->feature, err));
  }
  for (uint32_t i = 0; i < self->n_categories; ++i, ++out) {
    out->column = self->categories[i].column;
    APO_TRY(apo_json_item(categories, i, &out->feature, err));
  }
  return APO_OK;
}

// Names are worth something only when every column has one.
static apo_status take_names(const place *places, uint64_t n, apo_model *model, apo_error *err) {
  apo_json_at at;
  apo_json_chars name;
  if (n != model->n_columns) return APO_OK;
  for (uint64_t i = 0; i < n; ++i) {
    if (!apo_json_find(places[i].feature, "feature_id", &at)) return APO_OK;
    APO_TRY(apo_json_text(at, &name, err));
    if (name.n_bytes == 0) return APO_OK;
  }
  for (uint64_t i = 0; i < n; ++i) {
    APO_TRY(apo_json_member(places[i].feature, "feature_id", &at, err));
    APO_TRY(apo_json_text(at, &name, err));
    const apo_status status = apo_names_add(&model->column_names, name.at, name.n_bytes, err);
    char path[320];
    apo_json_path(at, path, sizeof path);
    APO_TRY(apo_prefix(err, status, "%s: ", path));
  }
  return APO_OK;
}

static apo_status take_columns(place *places, uint64_t n, apo_model *model, apo_error *err) {
  qsort(places, (size_t)n, sizeof *places, compare_places);
  for (uint64_t i = 1; i < n; ++i) {
    if (places[i - 1].column != places[i].column) continue;
    return apo_json_fault(places[i].feature, err, APO_ERR_FORMAT,
                          "column %u is another feature's as well", places[i].column);
  }
  model->n_columns = places[n - 1].column + 1;
  return take_names(places, n, model, err);
}

static apo_status find_columns(const apo_catboost_features *self,
                               apo_json_at floats,
                               apo_json_at categories,
                               apo_model *model,
                               apo_error *err) {
  const uint64_t n = (uint64_t)self->n_floats + self->n_categories;
  if (n == 0) return apo_json_fault(self->info, err, APO_ERR_FORMAT, "no features, needs one");
  place *places = apo_alloc((size_t)n, sizeof *places);
  if (places == NULL) return no_memory(self->info, "columns", n, err);
  apo_status status = list_places(self, floats, categories, places, err);
  if (status == APO_OK) status = take_columns(places, n, model, err);
  free(places);
  return status;
}

apo_status apo_catboost_features_read(apo_json_at root,
                                      apo_model *model,
                                      apo_catboost_features *out,
                                      apo_error *err) {
  apo_json_at floats = root;
  apo_json_at categories = root;
  uint64_t n_floats = 0;
  uint64_t n_categories = 0;
  APO_TRY(apo_json_member(root, "features_info", &out->info, err));
  APO_TRY(apo_catboost_list(out->info, "float_features", &floats, &n_floats, err));
  APO_TRY(apo_catboost_list(out->info, "categorical_features", &categories, &n_categories, err));
  APO_TRY(take_floats(out, floats, n_floats, err));
  APO_TRY(take_categories(out, categories, n_categories, err));
  APO_TRY(find_columns(out, floats, categories, model, err));
  return n_categories > 0 ? apo_catboost_categories(out, categories, model, err) : APO_OK;
}
