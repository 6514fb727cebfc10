/* catboost_split.c - what one split tests.
 *
 *   FloatFeature    {"float_feature_index", "border"}     true iff float(value) > border
 *   OneHotFeature   {"cat_feature_index", "value"}        true iff the category's hash is value
 *
 * true goes right.  NaN in a numeric column is false, unless the column says AsTrue; not > border
 * is <= border for all other numbers, infinities too.  The forest's equality test sends equal values
 * left, so a one-hot split is stored with its children swapped; a missing or unknown category is
 * equal to nothing, which is false.
 */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "engine/readers/catboost_json/catboost_parts.h"

/* --- refusals --------------------------------------------------------------------------------- */

static bool find_category(const apo_catboost_features *self, int64_t index, uint32_t *out) {
  uint32_t begin = 0;
  uint32_t end = self->n_categories;
  while (begin < end) {
    const uint32_t middle = begin + (end - begin) / 2;
    if (self->categories[middle].index < index) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  *out = begin;
  return begin < self->n_categories && self->categories[begin].index == index;
}

static apo_catboost_shown show_category(const apo_catboost_features *self, uint32_t place) {
  apo_json_at list;
  apo_json_at feature = self->info;
  const bool is_there = apo_json_find(self->info, "categorical_features", &list) &&
                        apo_json_item(list, place, &feature, NULL) == APO_OK;
  assert(is_there);
  (void)is_there;
  return apo_catboost_show(feature, self->categories[place].column);
}

/** The CTR that a split_index belongs to: CTR borders come behind all borders and values. */
static bool find_ctr(const apo_catboost_features *self, apo_json_at split, apo_json_at *out) {
  apo_json_at list;
  apo_json_at at;
  uint64_t n_ctrs = 0;
  int64_t index = 0;
  const int64_t first = (int64_t)(self->n_borders + self->n_values);
  if (apo_catboost_list(self->info, "ctrs", &list, &n_ctrs, NULL) != APO_OK) return false;
  if (!apo_json_find(split, "split_index", &at)) return false;
  if (apo_json_integer(at, first, INT32_MAX, &index, NULL) != APO_OK) return false;
  uint64_t left = (uint64_t)(index - first);
  for (uint64_t i = 0; i < n_ctrs; ++i) {
    uint64_t n = 0;
    if (apo_json_item(list, i, out, NULL) != APO_OK) return false;
    if (apo_catboost_list(*out, "borders", &at, &n, NULL) != APO_OK) return false;
    if (left < n) return true;
    left -= n;
  }
  return false;
}

/** The first categorical column of a CTR. */
static bool find_ctr_column(const apo_catboost_features *self, apo_json_at split, uint32_t *out) {
  apo_json_at ctr;
  apo_json_at list;
  uint64_t n = 0;
  if (!find_ctr(self, split, &ctr)) return false;
  if (apo_catboost_list(ctr, "elements", &list, &n, NULL) != APO_OK) return false;
  for (uint64_t i = 0; i < n; ++i) {
    apo_json_at element;
    apo_json_at at;
    int64_t index = 0;
    if (apo_json_item(list, i, &element, NULL) != APO_OK) return false;
    if (!apo_json_find(element, "cat_feature_index", &at)) continue;
    if (apo_json_integer(at, 0, INT32_MAX, &index, NULL) != APO_OK) return false;
    if (find_category(self, index, out)) return true;
  }
  return false;
}

static apo_status refuse_ctr(const apo_catboost_features *self, apo_json_at at, apo_error *err) {
  uint32_t place = 0;
  apo_catboost_shown shown = {"a categorical column"};
  if (find_ctr_column(self, at, &place)) shown = show_category(self, place);
  return apo_json_fault(at, err, APO_ERR_UNSUPPORTED,
                        "%s is tested through target statistics (CTR): train with one_hot_max_size "
                        "of at least its number of categories, or encode the column yourself",
                        shown.text);
}

/* --- splits ----------------------------------------------------------------------------------- */

static int compare_floats(const void *a, const void *b) {
  const uint32_t left = ((const apo_catboost_float *)a)->index;
  const uint32_t right = ((const apo_catboost_float *)b)->index;
  return left < right ? -1 : left > right;
}

static apo_status find_float(const apo_catboost_features *self,
                             apo_json_at split,
                             const apo_catboost_float **out,
                             apo_error *err) {
  apo_json_at at;
  int64_t index = 0;
  APO_TRY(apo_json_member(split, "float_feature_index", &at, err));
  APO_TRY(apo_json_integer(at, 0, INT32_MAX, &index, err));
  const apo_catboost_float key = {.index = (uint32_t)index};
  *out = bsearch(&key, self->floats, self->n_floats, sizeof *self->floats, compare_floats);
  if (*out != NULL) return APO_OK;
  return apo_json_fault(at, err, APO_ERR_FORMAT,
                        "%" PRId64 " is the feature_index of no numeric column", index);
}

// CatBoost goes by split_index alone, so it must be the border that the split states.
static apo_status check_split_index(const apo_catboost_features *self,
                                    const apo_catboost_float *of,
                                    float border,
                                    apo_json_at split,
                                    apo_error *err) {
  apo_json_at at;
  int64_t index = 0;
  if (!apo_json_find(split, "split_index", &at)) return APO_OK;
  APO_TRY(apo_json_integer(at, 0, INT32_MAX, &index, err));
  const uint64_t place = (uint64_t)index;
  if (place >= of->border_begin && place < of->border_end && self->borders[place] == border) {
    return APO_OK;
  }
  return apo_json_fault(at, err, APO_ERR_FORMAT,
                        "%" PRId64 " is not border %.9g of column %u in features_info", index,
                        (double)border, of->column);
}

static apo_status read_float(const apo_catboost_features *self,
                             apo_json_at split,
                             apo_catboost_split *out,
                             apo_error *err) {
  const apo_catboost_float *of = NULL;
  apo_json_at at;
  double border = 0.0;
  APO_TRY(find_float(self, split, &of, err));
  APO_TRY(apo_json_member(split, "border", &at, err));
  APO_TRY(apo_json_number(at, &border, err));
  if (!isfinite((float)border)) {
    return apo_json_fault(at, err, APO_ERR_FORMAT, "%g, needs a finite float", border);
  }
  APO_TRY(check_split_index(self, of, (float)border, split, err));
  out->node = (apo_node_spec){.column = of->column,
                              .op = APO_OP_LE,
                              .missing = APO_MISSING_NAN,
                              .default_left = !of->nan_is_true,
                              .threshold = (double)(float)border,
                              .cover = (double)NAN};
  out->true_is_left = false;
  return APO_OK;
}

static int compare_values(const void *a, const void *b) {
  const int32_t left = ((const apo_catboost_value *)a)->hash;
  const int32_t right = ((const apo_catboost_value *)b)->hash;
  return left < right ? -1 : left > right;
}

static apo_status read_one_hot(const apo_catboost_features *self,
                               apo_json_at split,
                               apo_catboost_split *out,
                               apo_error *err) {
  apo_json_at at;
  int64_t number = 0;
  uint32_t place = 0;
  APO_TRY(apo_json_member(split, "cat_feature_index", &at, err));
  APO_TRY(apo_json_integer(at, 0, INT32_MAX, &number, err));
  if (!find_category(self, number, &place)) {
    return apo_json_fault(at, err, APO_ERR_FORMAT,
                          "%" PRId64 " is the feature_index of no categorical column", number);
  }
  APO_TRY(apo_json_member(split, "value", &at, err));
  APO_TRY(apo_json_integer(at, INT32_MIN, INT32_MAX, &number, err));
  const apo_catboost_category *of = &self->categories[place];
  const apo_catboost_value key = {.hash = (int32_t)number};
  const apo_catboost_value *value =
      bsearch(&key, self->values + of->value_begin, (size_t)(of->value_end - of->value_begin),
              sizeof key, compare_values);
  if (value == NULL) {
    return apo_json_fault(at, err, APO_ERR_FORMAT,
                          "%" PRId64 " is not among the values of %s in features_info", number,
                          show_category(self, place).text);
  }
  out->node = (apo_node_spec){.column = of->column,
                              .op = APO_OP_EQ,
                              .missing = APO_MISSING_NAN,
                              .default_left = false,
                              .threshold = value->code,
                              .cover = (double)NAN};
  out->true_is_left = true;
  return APO_OK;
}

apo_status apo_catboost_split_read(const apo_catboost_features *features,
                                   apo_json_at at,
                                   apo_catboost_split *out,
                                   apo_error *err) {
  apo_json_at type;
  apo_json_chars text;
  APO_TRY(apo_json_need(at, APO_JSON_OBJECT, err));
  APO_TRY(apo_json_member(at, "split_type", &type, err));
  APO_TRY(apo_json_text(type, &text, err));
  if (apo_json_chars_are(text, "FloatFeature")) return read_float(features, at, out, err);
  if (apo_json_chars_are(text, "OneHotFeature")) return read_one_hot(features, at, out, err);
  if (apo_json_chars_are(text, "OnlineCtr")) return refuse_ctr(features, at, err);
  return apo_json_fault(type, err, APO_ERR_UNSUPPORTED,
                        "\"%s\" is not known; numeric and one-hot splits are read",
                        apo_json_show(text).text);
}
