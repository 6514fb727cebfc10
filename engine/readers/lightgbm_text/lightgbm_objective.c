/* lightgbm_objective.c - from the objective line to the link.
 *
 *   objective=binary sigmoid:2        the first word names it, the others are its options
 *
 * An objective or option that is not listed is refused: its link cannot be guessed.  Options that
 * older versions wrote and that do not touch predictions are listed as harmless.
 */
#include <math.h>
#include <string.h>

#include "engine/core/number.h"
#include "engine/readers/lightgbm_text/lightgbm_parts.h"

typedef struct objective {
  const char *name;
  apo_link_name link;
  bool has_sqrt;    /* option sqrt: trained on the signed root, predicts the square */
  bool has_sigmoid; /* option sigmoid:NUMBER, the slope; must be there */
  bool has_classes; /* option num_class:NUMBER, one output each; must be there */
  bool is_custom;   /* of the caller: any number of outputs */
} objective;

static const objective objectives[] = {
    {.name = "regression", .link = APO_LINK_IDENTITY, .has_sqrt = true},
    {.name = "regression_l1", .link = APO_LINK_IDENTITY, .has_sqrt = true},
    {.name = "huber", .link = APO_LINK_IDENTITY},
    {.name = "fair", .link = APO_LINK_IDENTITY, .has_sqrt = true},
    {.name = "quantile", .link = APO_LINK_IDENTITY, .has_sqrt = true},
    {.name = "mape", .link = APO_LINK_IDENTITY, .has_sqrt = true},
    {.name = "poisson", .link = APO_LINK_EXP},
    {.name = "gamma", .link = APO_LINK_EXP},
    {.name = "tweedie", .link = APO_LINK_EXP},
    {.name = "binary", .link = APO_LINK_SIGMOID, .has_sigmoid = true},
    {.name = "multiclass", .link = APO_LINK_SOFTMAX, .has_classes = true},
    {.name = "multiclassova", .link = APO_LINK_SIGMOID, .has_sigmoid = true, .has_classes = true},
    {.name = "cross_entropy", .link = APO_LINK_SIGMOID},
    {.name = "xentropy", .link = APO_LINK_SIGMOID},
    {.name = "cross_entropy_lambda", .link = APO_LINK_LOG1P_EXP},
    {.name = "xentlambda", .link = APO_LINK_LOG1P_EXP},
    {.name = "lambdarank", .link = APO_LINK_IDENTITY},
    {.name = "rank_xendcg", .link = APO_LINK_IDENTITY},
    {.name = "custom", .link = APO_LINK_IDENTITY, .is_custom = true},
    {.name = "none", .link = APO_LINK_IDENTITY, .is_custom = true},
};

static const char *const harmless[] = {
    "alpha:", "fair_c:", "gaussian_eta:", "poisson_max_delta_step:", "tweedie_variance_power:"};

/* Which options were there. */
typedef struct options {
  bool sigmoid;
  bool classes;
} options;

static apo_status take_sigmoid(apo_json_chars value, apo_model *model, apo_error *err) {
  double slope = 0;
  if (apo_number_read(value.at, value.n_bytes, &slope) && isfinite(slope) && slope > 0.0) {
    model->link.scale = slope;
    return APO_OK;
  }
  return apo_fail(err, APO_ERR_FORMAT, "objective: sigmoid \"%s\", needs a number above 0",
                  apo_json_show(value).text);
}

static apo_status take_classes(apo_json_chars value, const apo_model *model, apo_error *err) {
  int64_t n_classes = 0;
  if (apo_lightgbm_read_integer(value, &n_classes) && n_classes == model->n_outputs) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT, "objective: num_class \"%s\", the model has %u",
                  apo_json_show(value).text, model->n_outputs);
}

static apo_status take_option(
    const objective *is, apo_json_chars word, options *seen, apo_model *model, apo_error *err) {
  apo_json_chars value = word;
  if (is->has_sqrt && apo_json_chars_are(word, "sqrt")) {
    model->link.name = APO_LINK_SIGN_SQUARE;
    return APO_OK;
  }
  if (is->has_sigmoid && apo_lightgbm_cut_head(&value, "sigmoid:")) {
    seen->sigmoid = true;
    return take_sigmoid(value, model, err);
  }
  if (is->has_classes && apo_lightgbm_cut_head(&value, "num_class:")) {
    seen->classes = true;
    return take_classes(value, model, err);
  }
  for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; ++i) {
    if (apo_lightgbm_cut_head(&value, harmless[i])) return APO_OK;
  }
  return apo_fail(err, APO_ERR_UNSUPPORTED, "objective: option \"%s\" of %s is not known",
                  apo_json_show(word).text, is->name);
}

static apo_status take_options(const objective *is,
                               apo_json_chars rest,
                               apo_model *model,
                               apo_error *err) {
  options seen = {0};
  apo_json_chars word;
  model->link = (apo_link){is->link, 1.0};
  while (apo_lightgbm_word(&rest, &word)) APO_TRY(take_option(is, word, &seen, model, err));
  if (is->has_sigmoid && !seen.sigmoid) {
    return apo_fail(err, APO_ERR_FORMAT, "objective: %s needs the option sigmoid", is->name);
  }
  if (is->has_classes && !seen.classes) {
    return apo_fail(err, APO_ERR_FORMAT, "objective: %s needs the option num_class", is->name);
  }
  if (model->n_outputs == 1 || is->has_classes || is->is_custom) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT, "objective: %s with %u outputs, needs 1", is->name,
                  model->n_outputs);
}

static void keep_text(apo_json_chars text, apo_model *model) {
  const size_t most = sizeof model->objective - 1;
  const size_t n_bytes = text.n_bytes < most ? text.n_bytes : most;
  memcpy(model->objective, text.at, n_bytes);
  model->objective[n_bytes] = '\0';
}

apo_status apo_lightgbm_objective(const apo_lightgbm_field *line,
                                  apo_model *model,
                                  apo_error *err) {
  apo_json_chars rest = line->value;
  apo_json_chars name;
  // A custom objective leaves no line; the library predicts margins then.
  model->link = (apo_link){APO_LINK_IDENTITY, 1.0};
  if (line->line == 0) return APO_OK;
  apo_lightgbm_word(&rest, &name);
  for (size_t i = 0; i < sizeof objectives / sizeof objectives[0]; ++i) {
    if (!apo_json_chars_are(name, objectives[i].name)) continue;
    APO_TRY(take_options(&objectives[i], rest, model, err));
    keep_text(line->value, model);
    return APO_OK;
  }
  return apo_fail(err, APO_ERR_UNSUPPORTED, "objective: \"%s\" is not known",
                  apo_json_show(name).text);
}
