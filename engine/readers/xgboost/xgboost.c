/* xgboost.c - the learner: sizes, names, objective, booster.
 *
 * Every scalar parameter of the format is a text.  What a version did not write yet has the meaning
 * it had then: no num_target is 0, no default for the rest.  Keys that are not known are skipped,
 * since the format grows; values of known keys that are not known are refused.
 */
#include "engine/readers/xgboost/xgboost.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/number.h"
#include "engine/readers/xgboost/xgboost_parts.h"

static apo_status take_version(apo_json_at root, apo_model *model, apo_error *err) {
  apo_json_at version;
  int64_t part[3] = {0};
  memcpy(model->library, "xgboost", sizeof "xgboost");
  if (!apo_json_find(root, "version", &version)) return APO_OK;
  APO_TRY(apo_json_need_length(version, 3, err));
  for (uint64_t i = 0; i < 3; ++i) {
    APO_TRY(apo_json_integer_at(version, i, -1, 99999, &part[i], err));
  }
  snprintf(model->library_version, sizeof model->library_version,
           "%" PRId64 ".%" PRId64 ".%" PRId64, part[0], part[1], part[2]);
  return APO_OK;
}

static apo_status take_sizes(apo_json_at params, apo_model *model, apo_error *err) {
  const apo_xgboost_range columns = {1, APO_MAX_COLUMNS, true};
  const apo_xgboost_range outputs = {0, APO_MAX_OUTPUTS, true};
  apo_json_at targets;
  int64_t n_columns = 0;
  int64_t n_classes = 0;
  int64_t n_targets = 0;
  APO_TRY(apo_xgboost_integer(params, "num_feature", columns, &n_columns, err));
  APO_TRY(apo_xgboost_integer(params, "num_class", outputs, &n_classes, err));
  if (apo_json_find(params, "num_target", &targets)) {
    APO_TRY(apo_xgboost_integer(params, "num_target", outputs, &n_targets, err));
  }
  if (n_classes > 1 && n_targets > 1) {
    return apo_json_fault(params, err, APO_ERR_UNSUPPORTED,
                          "%" PRId64 " classes for each of %" PRId64 " targets", n_classes,
                          n_targets);
  }
  const int64_t n_outputs = n_classes > n_targets ? n_classes : n_targets;
  model->n_columns = (uint32_t)n_columns;
  model->n_outputs = n_outputs > 1 ? (uint32_t)n_outputs : 1;
  return APO_OK;
}

static apo_status take_names(apo_json_at learner, apo_model *model, apo_error *err) {
  apo_json_at names;
  if (!apo_json_find(learner, "feature_names", &names)) return APO_OK;
  APO_TRY(apo_json_need(names, APO_JSON_ARRAY, err));
  const uint64_t n_names = apo_json_length(names);
  if (n_names == 0) return APO_OK;
  if (n_names != model->n_columns) {
    return apo_json_fault(names, err, APO_ERR_FORMAT, "%" PRIu64 " names, the model has %u columns",
                          n_names, model->n_columns);
  }
  for (uint64_t column = 0; column < n_names; ++column) {
    apo_json_chars name;
    APO_TRY(apo_json_text_at(names, column, &name, err));
    const apo_status status = apo_names_add(&model->column_names, name.at, name.n_bytes, err);
    APO_TRY(apo_prefix(err, status, "learner.feature_names[%" PRIu64 "]: ", column));
  }
  return APO_OK;
}

/** attributes belong to the user: what is no number is no best iteration. */
static void take_best_iteration(apo_json_at learner, apo_model *model) {
  apo_json_at attributes;
  apo_json_at best;
  apo_json_chars text;
  double number = 0;
  model->best_iteration = -1;
  if (!apo_json_find(learner, "attributes", &attributes)) return;
  if (!apo_json_find(attributes, "best_iteration", &best)) return;
  if (apo_json_text(best, &text, NULL) != APO_OK) return;
  if (!apo_number_read(text.at, text.n_bytes, &number)) return;
  if (!(number >= 0 && number < 0x1p53)) return;
  model->best_iteration = (int64_t)number;
}

static apo_status take_booster(apo_json_at learner, apo_model *model, apo_error *err) {
  apo_json_at booster;
  apo_json_at name;
  apo_json_chars text;
  APO_TRY(apo_json_member(learner, "gradient_booster", &booster, err));
  APO_TRY(apo_json_member(booster, "name", &name, err));
  APO_TRY(apo_json_text(name, &text, err));
  if (apo_json_chars_are(text, "gblinear")) return apo_xgboost_linear(booster, model, err);
  if (apo_json_chars_are(text, "gbtree")) return apo_xgboost_forest(booster, NULL, model, err);
  if (apo_json_chars_are(text, "dart")) {
    apo_json_at trees;
    apo_json_at drops;
    APO_TRY(apo_json_member(booster, "gbtree", &trees, err));
    APO_TRY(apo_json_member(booster, "weight_drop", &drops, err));
    return apo_xgboost_forest(trees, &drops, model, err);
  }
  return apo_json_fault(name, err, APO_ERR_UNSUPPORTED, "booster \"%s\" is not known",
                        apo_json_show(text).text);
}

apo_status apo_xgboost_read(const apo_json *json, apo_model *model, apo_error *err) {
  const apo_json_at root = apo_json_root(json);
  apo_json_at learner;
  apo_json_at params;
  APO_TRY(apo_json_member(root, "learner", &learner, err));
  APO_TRY(take_version(root, model, err));
  APO_TRY(apo_json_member(learner, "learner_model_param", &params, err));
  APO_TRY(take_sizes(params, model, err));
  APO_TRY(take_names(learner, model, err));
  APO_TRY(apo_xgboost_objective(learner, params, model, err));
  take_best_iteration(learner, model);
  return take_booster(learner, model, err);
}
