/* xgboost_objective.c - the objective decides how base_score becomes a margin, and the response.
 *
 * XGBoost stores base_score on the user's scale and maps it by ProbToMargin of the objective, in
 * float.  What follows repeats those float operations, so that the intercept is XGBoost's to the
 * last bit of logf.  An objective that is not listed is refused: its link cannot be guessed.
 */
#include <math.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/readers/xgboost/xgboost_parts.h"

typedef enum intercept {
  SAME = 0,      /* the margin is base_score */
  LOG_ODDS = 1,  /* of base_score, kept off 0 and 1 */
  LOG = 2,       /* of base_score, which must be positive */
  EXPECTILES = 3 /* each output but the first is a softplus step above the one before */
} intercept;

static const struct {
  const char *name;
  intercept intercept;
  apo_link_name link;
} objectives[] = {
    {"reg:squarederror", SAME, APO_LINK_IDENTITY},
    {"reg:linear", SAME, APO_LINK_IDENTITY},
    {"reg:squaredlogerror", SAME, APO_LINK_IDENTITY},
    {"reg:absoluteerror", SAME, APO_LINK_IDENTITY},
    {"reg:pseudohubererror", SAME, APO_LINK_IDENTITY},
    {"reg:quantileerror", SAME, APO_LINK_IDENTITY},
    {"reg:expectileerror", EXPECTILES, APO_LINK_CUMULATIVE_SOFTPLUS},
    {"reg:logistic", LOG_ODDS, APO_LINK_SIGMOID},
    {"reg:gamma", LOG, APO_LINK_EXP},
    {"reg:tweedie", LOG, APO_LINK_EXP},
    {"binary:logistic", LOG_ODDS, APO_LINK_SIGMOID},
    {"binary:logitraw", SAME, APO_LINK_IDENTITY},
    {"binary:hinge", SAME, APO_LINK_STEP},
    {"count:poisson", LOG, APO_LINK_EXP},
    {"survival:cox", LOG, APO_LINK_EXP},
    {"survival:aft", LOG, APO_LINK_EXP},
    {"multi:softprob", SAME, APO_LINK_SOFTMAX},
    {"multi:softmax", SAME, APO_LINK_SOFTMAX},
    {"rank:ndcg", SAME, APO_LINK_IDENTITY},
    {"rank:pairwise", SAME, APO_LINK_IDENTITY},
    {"rank:map", SAME, APO_LINK_IDENTITY},
};

enum { N_OBJECTIVES = sizeof objectives / sizeof objectives[0] };

static float log_odds(float probability) {
  const float edge = 1e-6f;
  const float inside = fminf(fmaxf(probability, edge), 1.0f - edge);
  return -logf(1.0f / inside - 1.0f);
}

static float expectile_step(float below, float score) {
  const float edge = 1e-6f;
  return logf(expm1f(fmaxf(score - below - edge, edge)));
}

static apo_status take_intercepts(
    intercept rule, const float *scores, apo_json_at params, apo_model *model, apo_error *err) {
  for (uint32_t output = 0; output < model->n_outputs; ++output) {
    const float score = scores[output];
    switch (rule) {
      case SAME: model->base[output] = (double)score; break;
      case LOG_ODDS: model->base[output] = (double)log_odds(score); break;
      case LOG:
        if (!(score > 0.0f)) {
          return apo_json_fault(params, err, APO_ERR_FORMAT,
                                "base_score %g of objective %s, needs a positive number",
                                (double)score, model->objective);
        }
        model->base[output] = (double)logf(score);
        break;
      case EXPECTILES:
        model->base[output] =
            (double)(output == 0 ? score : expectile_step(scores[output - 1], score));
        break;
    }
  }
  return APO_OK;
}

static apo_status find_objective(apo_json_at learner, size_t *out, apo_error *err) {
  apo_json_at objective;
  apo_json_at name;
  apo_json_chars text;
  APO_TRY(apo_json_member(learner, "objective", &objective, err));
  APO_TRY(apo_json_member(objective, "name", &name, err));
  APO_TRY(apo_json_text(name, &text, err));
  for (*out = 0; *out < N_OBJECTIVES; ++*out) {
    if (apo_json_chars_are(text, objectives[*out].name)) return APO_OK;
  }
  return apo_json_fault(name, err, APO_ERR_UNSUPPORTED, "objective \"%s\" is not known",
                        apo_json_show(text).text);
}

apo_status apo_xgboost_objective(apo_json_at learner,
                                 apo_json_at params,
                                 apo_model *model,
                                 apo_error *err) {
  size_t at = 0;
  APO_TRY(find_objective(learner, &at, err));
  memcpy(model->objective, objectives[at].name, strlen(objectives[at].name) + 1);
  model->link = (apo_link){objectives[at].link, 1.0};

  float *scores = apo_alloc(model->n_outputs, sizeof *scores);
  model->base = apo_alloc(model->n_outputs, sizeof *model->base);
  if (scores == NULL || model->base == NULL) {
    free(scores);
    return apo_fail(err, APO_ERR_MEMORY, "learner: no memory for %u outputs", model->n_outputs);
  }
  apo_status status = apo_xgboost_base_score(params, model->n_outputs, scores, err);
  if (status == APO_OK) {
    status = take_intercepts(objectives[at].intercept, scores, params, model, err);
  }
  free(scores);
  return status;
}
