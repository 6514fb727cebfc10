#include "engine/exact/loss.h"

#include <math.h>
#include <string.h>

// --- which ------------------------------------------------------------------------------------

// Objectives of these libraries without a link; all their others are no squared errors.
static const char *const libraries[] = {"xgboost", "lightgbm", "catboost"};
static const char *const squared[] = {"reg:squarederror", "reg:linear", "regression", "RMSE"};

// The first word of `text`: options may follow it.
static bool begins_with_word(const char *text, const char *word) {
  const size_t n = strlen(word);
  return strncmp(text, word, n) == 0 && (text[n] == '\0' || text[n] == ' ');
}

static bool is_fitted_to_other_loss(const apo_model *model) {
  bool is_known = false;
  for (size_t i = 0; i < sizeof libraries / sizeof *libraries; ++i) {
    if (strcmp(model->library, libraries[i]) == 0) is_known = true;
  }
  for (size_t i = 0; i < sizeof squared / sizeof *squared; ++i) {
    if (begins_with_word(model->objective, squared[i])) is_known = false;
  }
  return is_known && model->objective[0] != '\0';
}

apo_loss apo_loss_of(const apo_model *model) {
  if (model->kind != APO_MODEL_FOREST || model->n_outputs != 1) return APO_LOSS_NONE;
  if (model->link.name == APO_LINK_SIGMOID) return APO_LOSS_LOG;
  if (model->link.name != APO_LINK_IDENTITY || is_fitted_to_other_loss(model)) return APO_LOSS_NONE;
  return APO_LOSS_SQUARED;
}

const char *apo_loss_text(apo_loss loss) {
  switch (loss) {
    case APO_LOSS_NONE: return "none";
    case APO_LOSS_LOG: return "log-loss";
    case APO_LOSS_SQUARED: return "squared error";
  }
  return "none";
}

// --- targets ------------------------------------------------------------------------------------

apo_status apo_loss_check(apo_loss loss, const double *target, uint64_t n, apo_error *err) {
  for (uint64_t row = 0; row < n; ++row) {
    const double y = target[row];
    const bool is_label = y >= 0.0 && (y <= 0.0 || y >= 1.0) && y <= 1.0;
    if (isfinite(y) && (loss != APO_LOSS_LOG || is_label)) continue;
    return apo_fail(err, APO_ERR_FORMAT, "target: row %llu: %g, %s needs %s",
                    (unsigned long long)row, y, apo_loss_text(loss),
                    loss == APO_LOSS_LOG ? "0 or 1" : "a finite number");
  }
  return APO_OK;
}

// --- values -------------------------------------------------------------------------------------

// log(1 + e^-|m|), the part of a softplus that is not linear.
static double bend(double margin) {
  return log1p(exp(-fabs(margin)));
}

double apo_loss_at(apo_loss loss, double margin, double target) {
  switch (loss) {
    case APO_LOSS_NONE: return 0.0;
    case APO_LOSS_LOG:
      // log(1 + e^m) - m is log(1 + e^-m), without cancellation.
      margin = target > 0.0 ? -margin : margin;
      return fmax(margin, 0.0) + bend(margin);
    case APO_LOSS_SQUARED: return (target - margin) * (target - margin);
  }
  return 0.0;
}

// Of log(1 + e^m).  Near each other its values would cancel: (1 + e^a) / (1 + e^b) is
// 1 + s(b) (e^(a - b) - 1).
static double softplus_slope(double a, double b) {
  const double high = a > b ? a : b;
  const double low = a > b ? b : a;
  const double step = high - low;
  const double response = 1.0 / (1.0 + exp(-low));
  if (!(step > 0.0)) return response;
  if (step < 1.0) return log1p(response * expm1(step)) / step;
  return (fmax(high, 0.0) - fmax(low, 0.0) + (bend(high) - bend(low))) / step;
}

double apo_loss_slope(apo_loss loss, double a, double b, double target) {
  switch (loss) {
    case APO_LOSS_NONE: return 0.0;
    case APO_LOSS_LOG: return softplus_slope(a, b) - target;
    case APO_LOSS_SQUARED: return (a - target) + (b - target);
  }
  return 0.0;
}
