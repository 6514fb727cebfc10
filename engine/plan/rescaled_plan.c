#include "engine/plan/rescaled_plan.h"

#include "engine/exact/rescale.h"

static bool has_loss(const apo_plan *plan) {
  return plan->link == APO_VALUE_IDENTITY && apo_loss_of(plan->model) != APO_LOSS_NONE;
}

apo_status apo_plan_check_loss(const apo_plan *plan, apo_error *err) {
  const apo_model *model = plan->model;
  if (plan->method != APO_METHOD_EXACT) {
    return apo_fail(err, APO_ERR_UNSUPPORTED, "output loss: method exact gives it, not %s",
                    apo_method_text(plan->method));
  }
  if (has_loss(plan)) return APO_OK;
  return apo_fail(err, APO_ERR_UNSUPPORTED,
                  "output loss: needs trees with one output that is a sigmoid (log-loss) or has no "
                  "link (squared error), and the identity link, this is %s of %u outputs%s%s%s%s",
                  apo_link_text(model->link.name), plan->n_outputs,
                  model->objective[0] != '\0' ? ", objective " : "", model->objective,
                  model->kind == APO_MODEL_FOREST ? "" : ", no plain trees",
                  plan->link == APO_VALUE_IDENTITY ? "" : ", with link logit");
}

apo_status apo_plan_take_targets(apo_plan *plan, const apo_request *request, apo_error *err) {
  if (plan->output != APO_OUTPUT_LOSS) {
    if (request->target == NULL && request->n_targets == 0) return APO_OK;
    return apo_fail(err, APO_ERR_ARGUMENT, "target: is for output loss");
  }
  if (request->target == NULL && request->n_targets > 0) {
    return apo_fail(err, APO_ERR_ARGUMENT, "target: none, output loss needs one for each row");
  }
  plan->loss = apo_loss_of(plan->model);
  plan->target = request->target;
  plan->n_targets = request->n_targets;
  return apo_loss_check(plan->loss, plan->target, plan->n_targets, err);
}

double apo_plan_rescaled_base(const apo_plan *plan, uint32_t output) {
  const apo_rescale *rescale = plan->exact->rescale[output];
  if (plan->loss == APO_LOSS_NONE) return apo_rescale_base(rescale, 0.0);
  double sum = 0.0;
  for (uint64_t row = 0; row < plan->n_targets; ++row) {
    sum += apo_rescale_base(rescale, plan->target[row]);
  }
  return plan->n_targets > 0 ? sum / (double)plan->n_targets : 0.0;
}

bool apo_plan_is_rescaled(const apo_plan *plan) {
  return plan->exact != NULL && plan->exact->rescale != NULL;
}

const char *apo_plan_output_text(const apo_plan *plan) {
  switch (plan->loss) {
    case APO_LOSS_NONE: break;
    case APO_LOSS_LOG: return "log-loss, rescaled";
    case APO_LOSS_SQUARED: return "squared error, rescaled";
  }
  if (apo_plan_is_rescaled(plan)) return "probability, rescaled";
  return plan->output == APO_OUTPUT_RAW ? "raw" : "probability";
}
