#include "engine/model/link.h"

#include <math.h>
#include <string.h>

static const char *const texts[] = {
    [APO_LINK_IDENTITY] = "identity",
    [APO_LINK_SIGMOID] = "sigmoid",
    [APO_LINK_SOFTMAX] = "softmax",
    [APO_LINK_OVR] = "ovr",
    [APO_LINK_EXP] = "exp",
    [APO_LINK_LOG1P_EXP] = "log1p_exp",
    [APO_LINK_SIGN_SQUARE] = "sign_square",
    [APO_LINK_STEP] = "step",
    [APO_LINK_CUMULATIVE_SOFTPLUS] = "cumulative_softplus",
    [APO_LINK_NEG_EXP2] = "neg_exp2",
    [APO_LINK_NONE] = "none",
};

enum { N_LINKS = sizeof texts / sizeof *texts };

/* The step that keeps expectiles apart (XGBoost 3.4.1). */
static const double expectile_gap = 1e-6;

const char *apo_link_text(apo_link_name name) {
  return (unsigned)name < N_LINKS ? texts[name] : "unknown";
}

bool apo_link_find(const char *text, apo_link_name *out) {
  for (unsigned name = 0; name < N_LINKS; ++name) {
    if (strcmp(text, texts[name]) != 0) continue;
    *out = (apo_link_name)name;
    return true;
  }
  return false;
}

bool apo_link_has_response(apo_link link) {
  return link.name != APO_LINK_STEP && link.name != APO_LINK_CUMULATIVE_SOFTPLUS &&
         link.name != APO_LINK_NONE;
}

apo_status apo_link_need_response(apo_link link, apo_error *err) {
  if (apo_link_has_response(link)) return APO_OK;
  return apo_fail(err, APO_ERR_UNSUPPORTED, "output probability: the link %s has none",
                  apo_link_text(link.name));
}

static double sigmoid(double margin) {
  return 1.0 / (1.0 + exp(-margin));
}

static double softplus(double margin) {
  return fmax(margin, 0.0) + log1p(exp(-fabs(margin)));
}

static void softmax(const double *margin, uint32_t n_outputs, double *response) {
  double max = margin[0];
  for (uint32_t k = 1; k < n_outputs; ++k) max = fmax(max, margin[k]);
  double sum = 0.0;
  for (uint32_t k = 0; k < n_outputs; ++k) {
    response[k] = exp(margin[k] - max);
    sum += response[k];
  }
  for (uint32_t k = 0; k < n_outputs; ++k) response[k] /= sum;
}

static void one_versus_rest(const double *margin, uint32_t n_outputs, double *response) {
  double sum = 0.0;
  for (uint32_t k = 0; k < n_outputs; ++k) sum += sigmoid(margin[k]);
  // Far below zero a sigmoid is the exponential: where all vanish, their ratios are softmax's.
  if (sum == 0.0) {
    softmax(margin, n_outputs, response);
    return;
  }
  for (uint32_t k = 0; k < n_outputs; ++k) response[k] = sigmoid(margin[k]) / sum;
}

static void cumulate(const double *margin, uint32_t n_outputs, double *response) {
  response[0] = margin[0];
  for (uint32_t k = 1; k < n_outputs; ++k) {
    response[k] = response[k - 1] + expectile_gap + softplus(margin[k]);
  }
}

// The links that look at one output alone.
static double single(apo_link link, double margin) {
  switch (link.name) {
    case APO_LINK_IDENTITY:
    case APO_LINK_NONE: return margin;
    case APO_LINK_SIGMOID: return sigmoid(link.scale * margin);
    case APO_LINK_EXP: return exp(margin);
    case APO_LINK_LOG1P_EXP: return softplus(margin);
    case APO_LINK_SIGN_SQUARE: return copysign(margin * margin, margin);
    case APO_LINK_STEP: return margin > 0.0 ? 1.0 : 0.0;
    case APO_LINK_NEG_EXP2: return -exp2(-margin / link.scale);
    case APO_LINK_SOFTMAX:
    case APO_LINK_OVR:
    case APO_LINK_CUMULATIVE_SOFTPLUS: break;
  }
  return NAN;
}

void apo_link_apply(apo_link link, const double *margin, uint32_t n_outputs, double *response) {
  switch (link.name) {
    case APO_LINK_SOFTMAX: softmax(margin, n_outputs, response); return;
    case APO_LINK_OVR: one_versus_rest(margin, n_outputs, response); return;
    case APO_LINK_CUMULATIVE_SOFTPLUS: cumulate(margin, n_outputs, response); return;
    case APO_LINK_IDENTITY:
    case APO_LINK_SIGMOID:
    case APO_LINK_EXP:
    case APO_LINK_LOG1P_EXP:
    case APO_LINK_SIGN_SQUARE:
    case APO_LINK_STEP:
    case APO_LINK_NEG_EXP2:
    case APO_LINK_NONE: break;
  }
  for (uint32_t k = 0; k < n_outputs; ++k) response[k] = single(link, margin[k]);
}
