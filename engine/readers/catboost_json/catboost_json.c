/* catboost_json.c - CatBoost's JSON models: scale and bias, and the order in which parts are read.
 *
 * Lists that are empty are left out or written as null: both are an empty list here.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/readers/catboost_json/catboost_parts.h"
#include "engine/readers/reader.h"

static bool sniff(apo_bytes bytes) {
  return apo_json_sniff(bytes) == APO_DIALECT_CATBOOST;
}

/* --- asking ----------------------------------------------------------------------------------- */

apo_status apo_catboost_list(
    apo_json_at object, const char *key, apo_json_at *out, uint64_t *n_out, apo_error *err) {
  *n_out = 0;
  apo_json_at found;
  if (!apo_json_find(object, key, &found)) return APO_OK;
  if (apo_json_kind_of(found) == APO_JSON_NULL) return APO_OK;
  APO_TRY(apo_json_need(found, APO_JSON_ARRAY, err));
  *out = found;
  *n_out = apo_json_length(found);
  return APO_OK;
}

apo_status apo_catboost_number_at(apo_json_at array,
                                  uint64_t position,
                                  double *out,
                                  apo_error *err) {
  APO_TRY(apo_json_number_at(array, position, out, err));
  if (isfinite(*out)) return APO_OK;
  return apo_json_fault_at(array, position, err, APO_ERR_FORMAT, "%g, needs a finite number", *out);
}

apo_status apo_catboost_weight_at(apo_json_at array,
                                  uint64_t position,
                                  double *out,
                                  apo_error *err) {
  APO_TRY(apo_json_number_at(array, position, out, err));
  if (isfinite(*out) && *out >= 0.0) return APO_OK;
  return apo_json_fault_at(array, position, err, APO_ERR_FORMAT, "%g, needs 0 or more", *out);
}

/* --- scale and bias --------------------------------------------------------------------------- */

// [scale, [bias of each output]]; a single number, as older versions wrote; null or [] is 0.
static apo_status take_bias(apo_json_at pair, apo_model *model, apo_error *err) {
  if (apo_json_kind_at(pair, 1) == APO_JSON_NULL) return APO_OK;
  if (apo_json_kind_at(pair, 1) == APO_JSON_NUMBER) {
    double bias = 0.0;
    APO_TRY(apo_catboost_number_at(pair, 1, &bias, err));
    for (uint32_t output = 0; output < model->n_outputs; ++output) model->base[output] = bias;
    return APO_OK;
  }
  apo_json_at list;
  APO_TRY(apo_json_item(pair, 1, &list, err));
  APO_TRY(apo_json_need(list, APO_JSON_ARRAY, err));
  if (apo_json_length(list) == 0) return APO_OK;
  APO_TRY(apo_json_need_length(list, model->n_outputs, err));
  for (uint32_t output = 0; output < model->n_outputs; ++output) {
    APO_TRY(apo_catboost_number_at(list, output, &model->base[output], err));
  }
  return APO_OK;
}

static apo_status take_scale_and_bias(apo_json_at root,
                                      apo_model *model,
                                      double *scale,
                                      apo_error *err) {
  apo_json_at pair;
  *scale = 1.0;
  model->base = apo_alloc(model->n_outputs, sizeof *model->base);
  if (model->base == NULL) {
    return apo_json_fault(root, err, APO_ERR_MEMORY, "no memory for %u outputs", model->n_outputs);
  }
  if (!apo_json_find(root, "scale_and_bias", &pair)) return APO_OK;
  APO_TRY(apo_json_need_length(pair, 2, err));
  APO_TRY(apo_catboost_number_at(pair, 0, scale, err));
  return take_bias(pair, model, err);
}

// A model without trees tells its outputs by its biases.
static uint32_t count_biases(apo_json_at root) {
  apo_json_at pair;
  apo_json_at list;
  if (!apo_json_find(root, "scale_and_bias", &pair)) return 1;
  if (apo_json_kind_at(pair, 1) != APO_JSON_ARRAY) return 1;
  if (apo_json_item(pair, 1, &list, NULL) != APO_OK) return 1;
  const uint64_t n = apo_json_length(list);
  if (n == 0) return 1;
  return n < APO_TREE_VECTOR ? (uint32_t)n : APO_TREE_VECTOR;
}

static apo_status take_outputs(apo_json_at root,
                               const apo_catboost_trees *trees,
                               apo_model *model,
                               apo_error *err) {
  model->n_outputs = trees->n_outputs > 0 ? trees->n_outputs : count_biases(root);
  if (model->n_outputs <= APO_MAX_OUTPUTS) return APO_OK;
  return apo_json_fault(root, err, APO_ERR_LIMIT, "%u outputs, at most %d", model->n_outputs,
                        APO_MAX_OUTPUTS);
}

/* --- document --------------------------------------------------------------------------------- */

static apo_status read_document(apo_json_at root,
                                apo_model *model,
                                apo_catboost_features *features,
                                apo_error *err) {
  apo_catboost_trees trees;
  double scale = 1.0;
  model->kind = APO_MODEL_FOREST;
  model->best_iteration = -1;
  model->trees_per_iteration = 1;
  APO_TRY(apo_catboost_trees_find(root, &trees, err));
  APO_TRY(take_outputs(root, &trees, model, err));
  APO_TRY(take_scale_and_bias(root, model, &scale, err));
  APO_TRY(apo_catboost_info(root, model, err));
  APO_TRY(apo_catboost_features_read(root, model, features, err));
  return apo_catboost_forest(&trees, features, scale, model, err);
}

static apo_status read(apo_bytes bytes, apo_model *model, apo_error *err) {
  apo_json *json = NULL;
  apo_catboost_features features = {.text_bytes_left = bytes.n_bytes};
  APO_TRY(apo_json_parse(bytes, &json, err));
  const apo_status status = read_document(apo_json_root(json), model, &features, err);
  apo_catboost_features_clear(&features);
  apo_json_destroy(&json);
  return status;
}

const apo_reader apo_reader_catboost_json = {.name = "catboost_json", .sniff = sniff, .read = read};
