/* catboost_info.c - model_info: what trained the model, for which loss, and what its classes are.
 *
 * A response is what CatBoost's own predict makes of the margin by default: predict_proba for
 * losses of classification, Exponent for Poisson and Tweedie, the margin itself for all other losses
 * of regression and ranking.  For a loss that is not listed only the margin is known.
 *
 * model_info holds texts and objects; what is an object in one version is a text that holds JSON in
 * another (loss_function of sum_models is one to this day), so both are read everywhere.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/number.h"
#include "engine/readers/catboost_json/catboost_parts.h"

static const struct {
  const char *name;
  apo_link_name link;
} losses[] = {
    {"Logloss", APO_LINK_SIGMOID},
    {"CrossEntropy", APO_LINK_SIGMOID},
    {"Focal", APO_LINK_SIGMOID},
    {"MultiClass", APO_LINK_SOFTMAX},
    {"MultiClassOneVsAll", APO_LINK_SIGMOID},
    {"MultiLogloss", APO_LINK_SIGMOID},
    {"MultiCrossEntropy", APO_LINK_SIGMOID},
    {"Poisson", APO_LINK_EXP},
    {"Tweedie", APO_LINK_EXP},
    {"RMSE", APO_LINK_IDENTITY},
    {"MAE", APO_LINK_IDENTITY},
    {"MAPE", APO_LINK_IDENTITY},
    {"RMSPE", APO_LINK_IDENTITY},
    {"Quantile", APO_LINK_IDENTITY},
    {"MultiQuantile", APO_LINK_IDENTITY},
    {"LogLinQuantile", APO_LINK_IDENTITY},
    {"GroupQuantile", APO_LINK_IDENTITY},
    {"Expectile", APO_LINK_IDENTITY},
    {"Huber", APO_LINK_IDENTITY},
    {"Lq", APO_LINK_IDENTITY},
    {"LogCosh", APO_LINK_IDENTITY},
    {"MultiRMSE", APO_LINK_IDENTITY},
    {"MultiRMSEWithMissingValues", APO_LINK_IDENTITY},
    {"SurvivalAft", APO_LINK_IDENTITY},
    {"Cox", APO_LINK_IDENTITY},
    {"QueryRMSE", APO_LINK_IDENTITY},
    {"QueryCrossEntropy", APO_LINK_IDENTITY},
    {"QuerySoftMax", APO_LINK_IDENTITY},
    {"YetiRank", APO_LINK_IDENTITY},
    {"YetiRankPairwise", APO_LINK_IDENTITY},
    {"PairLogit", APO_LINK_IDENTITY},
    {"PairLogitPairwise", APO_LINK_IDENTITY},
    {"StochasticFilter", APO_LINK_IDENTITY},
    {"StochasticRank", APO_LINK_IDENTITY},
    {"LambdaMart", APO_LINK_IDENTITY},
};

enum { N_LOSSES = sizeof losses / sizeof losses[0] };

/* --- objects that may be texts ---------------------------------------------------------------- */

/* A value, and the document that it is in when that is a text of the file. */
typedef struct part {
  apo_json_at at;
  apo_json *own;
} part;

static apo_status open_part(apo_json_at at, part *out, apo_error *err) {
  apo_json_chars text;
  *out = (part){.at = at};
  if (apo_json_kind_of(at) != APO_JSON_TEXT) return APO_OK;
  APO_TRY(apo_json_text(at, &text, err));
  const apo_bytes bytes = {(const uint8_t *)text.at, text.n_bytes};
  const apo_status status = apo_json_parse(bytes, &out->own, err);
  if (status != APO_OK) {
    char path[320];
    apo_json_path(at, path, sizeof path);
    return apo_prefix(err, status, "%s: ", path);
  }
  out->at = apo_json_root(out->own);
  return APO_OK;
}

/* --- version ---------------------------------------------------------------------------------- */

static bool is_version_char(char c) {
  return (c >= '0' && c <= '9') || c == '.';
}

// What git said when the library was built: "...    Branch: tags/v1.2.10\n...".
static void take_version(apo_json_at info, apo_model *model) {
  static const char tag[] = "tags/v";
  apo_json_at at;
  apo_json_chars text;
  if (!apo_json_find(info, "catboost_version_info", &at) &&
      !apo_json_find(info, "model0:catboost_version_info", &at)) {
    return;
  }
  if (apo_json_text(at, &text, NULL) != APO_OK) return;
  for (size_t i = 0; i + sizeof tag - 1 < text.n_bytes; ++i) {
    if (memcmp(text.at + i, tag, sizeof tag - 1) != 0) continue;
    const size_t begin = i + sizeof tag - 1;
    size_t end = begin;
    while (end < text.n_bytes && is_version_char(text.at[end])) ++end;
    snprintf(model->library_version, sizeof model->library_version, "%.*s",
             (int)(end - begin < 31 ? end - begin : 31), text.at + begin);
    return;
  }
}

/* --- loss ------------------------------------------------------------------------------------- */

static apo_status take_type(apo_json_at loss, apo_model *model, apo_error *err) {
  apo_json_at type;
  apo_json_chars text;
  APO_TRY(apo_json_member(loss, "type", &type, err));
  APO_TRY(apo_json_text(type, &text, err));
  // Escaped, and then cut: it is shown to people.
  snprintf(model->objective, sizeof model->objective, "%.63s", apo_json_show(text).text);
  for (size_t i = 0; i < N_LOSSES; ++i) {
    if (apo_json_chars_are(text, losses[i].name)) model->link.name = losses[i].link;
  }
  return APO_OK;
}

static apo_status take_loss_at(apo_json_at at, apo_model *model, apo_error *err) {
  part loss;
  apo_status status = open_part(at, &loss, err);
  if (status == APO_OK) status = take_type(loss.at, model, err);
  apo_json_destroy(&loss.own);
  return status;
}

static apo_status take_loss(apo_json_at info, apo_model *model, apo_error *err) {
  apo_json_at at;
  apo_json_at loss;
  part params;
  if (apo_json_find(info, "params", &at)) {
    apo_status status = open_part(at, &params, err);
    const bool is_there = status == APO_OK && apo_json_find(params.at, "loss_function", &loss);
    if (is_there) status = take_loss_at(loss, model, err);
    apo_json_destroy(&params.own);
    if (is_there || status != APO_OK) return status;
  }
  return apo_json_find(info, "loss_function", &at) ? take_loss_at(at, model, err) : APO_OK;
}

/* --- classes ---------------------------------------------------------------------------------- */

static apo_status add_class(apo_json_at names, uint64_t i, apo_model *model, apo_error *err) {
  char written[APO_NUMBER_BYTES];
  apo_json_chars text = {written, 0};
  double number = 0.0;
  bool flag = false;
  switch (apo_json_kind_at(names, i)) {
    case APO_JSON_TEXT: APO_TRY(apo_json_text_at(names, i, &text, err)); break;
    case APO_JSON_BOOLEAN:
      APO_TRY(apo_json_flag_at(names, i, &flag, err));
      text.n_bytes = (size_t)snprintf(written, sizeof written, flag ? "True" : "False");
      break;
    case APO_JSON_NUMBER:
      APO_TRY(apo_catboost_number_at(names, i, &number, err));
      text.n_bytes = apo_number_write(number, written);
      break;
    case APO_JSON_NULL:
    case APO_JSON_ARRAY:
    case APO_JSON_OBJECT:
      return apo_json_fault_at(names, i, err, APO_ERR_FORMAT, "needs a text, number or flag");
  }
  const apo_status status = apo_names_add(&model->output_names, text.at, text.n_bytes, err);
  char path[320];
  apo_json_path(names, path, sizeof path);
  return apo_prefix(err, status, "%s[%" PRIu64 "]: ", path, i);
}

// One output of two classes is the second one's.  Labels of several outputs at once are no names.
static apo_status take_names(apo_json_at params, apo_model *model, apo_error *err) {
  apo_json_at names;
  uint64_t n = 0;
  const bool is_binary = model->n_outputs == 1 && model->link.name == APO_LINK_SIGMOID;
  const bool has_classes = strcmp(model->objective, "MultiClass") == 0 ||
                           strcmp(model->objective, "MultiClassOneVsAll") == 0;
  if (!is_binary && !has_classes) return APO_OK;
  APO_TRY(apo_catboost_list(params, "class_names", &names, &n, err));
  if (n == 0) return APO_OK;
  const uint64_t n_classes = is_binary ? 2 : model->n_outputs;
  APO_TRY(apo_json_need_length(names, n_classes, err));
  for (uint64_t i = is_binary ? 1 : 0; i < n_classes; ++i) {
    APO_TRY(add_class(names, i, model, err));
  }
  return APO_OK;
}

static apo_status take_classes(apo_json_at info, apo_model *model, apo_error *err) {
  apo_json_at at;
  part params;
  if (!apo_json_find(info, "class_params", &at)) return APO_OK;
  apo_status status = open_part(at, &params, err);
  if (status == APO_OK) status = take_names(params.at, model, err);
  apo_json_destroy(&params.own);
  return status;
}

apo_status apo_catboost_info(apo_json_at root, apo_model *model, apo_error *err) {
  apo_json_at info;
  memcpy(model->library, "catboost", sizeof "catboost");
  model->link = (apo_link){APO_LINK_NONE, 1.0};
  if (!apo_json_find(root, "model_info", &info)) return APO_OK;
  take_version(info, model);
  APO_TRY(take_loss(info, model, err));
  return take_classes(info, model, err);
}
