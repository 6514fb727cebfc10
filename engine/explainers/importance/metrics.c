#include "engine/explainers/importance/metrics.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/core/memory.h"

/* What each metric is called and asks for. */
static const struct {
  const char *text;
  bool is_loss;
  bool is_classification;
  bool needs_response;
} metrics[] = {
    [APO_METRIC_AUC] = {"auc", false, true, false},
    [APO_METRIC_LOGLOSS] = {"logloss", true, true, true},
    [APO_METRIC_ACCURACY] = {"accuracy", false, true, true},
    [APO_METRIC_RMSE] = {"rmse", true, false, true},
    [APO_METRIC_MAE] = {"mae", true, false, true},
    [APO_METRIC_R2] = {"r2", false, false, true},
};
enum { N_METRICS = sizeof metrics / sizeof metrics[0] };

const char *apo_metric_text(apo_metric metric) {
  return metrics[metric].text;
}

bool apo_metric_find(const char *text, apo_metric *out) {
  for (uint32_t metric = 0; metric < N_METRICS; ++metric) {
    if (strcmp(metrics[metric].text, text) != 0) continue;
    *out = (apo_metric)metric;
    return true;
  }
  return false;
}

bool apo_metric_is_loss(apo_metric metric) {
  return metrics[metric].is_loss;
}
bool apo_metric_needs_response(apo_metric metric) {
  return metrics[metric].needs_response;
}

// --- checking targets -----------------------------------------------------------------------------

static double weight_of(const apo_targets *t, uint64_t row) {
  return t->weights != NULL ? t->weights[row] : 1.0;
}

static double weight_sum(const apo_targets *t) {
  double sum = 0.0;
  for (uint64_t row = 0; row < t->n_rows; ++row) sum += weight_of(t, row);
  return sum;
}

// One output is the probability of class 1 of two.
static uint32_t n_classes(const apo_targets *t) {
  return t->n_outputs == 1 ? 2 : t->n_outputs;
}

static apo_status check_weights(const apo_targets *t, apo_error *err) {
  for (uint64_t row = 0; row < t->n_rows; ++row) {
    const double weight = weight_of(t, row);
    if (!(weight >= 0.0) || !isfinite(weight)) {
      return apo_fail(err, APO_ERR_FORMAT, "weight of row %" PRIu64 ": %g, needed 0 or more", row,
                      weight);
    }
  }
  const double sum = weight_sum(t);
  if (!(sum > 0.0) || !isfinite(sum)) {
    return apo_fail(err, APO_ERR_FORMAT, "weights: sum %g, needed a finite sum above 0", sum);
  }
  return APO_OK;
}

static apo_status check_numbers(const apo_targets *t, apo_error *err) {
  for (uint64_t row = 0; row < t->n_rows; ++row) {
    if (isfinite(t->target[row])) continue;
    return apo_fail(err, APO_ERR_FORMAT, "target of row %" PRIu64 ": %g, needed a finite number",
                    row, t->target[row]);
  }
  return APO_OK;
}

static apo_status check_classes(const apo_targets *t, apo_error *err) {
  const uint32_t n = n_classes(t);
  for (uint64_t row = 0; row < t->n_rows; ++row) {
    const double target = t->target[row];
    if (target >= 0.0 && target < n && target == floor(target)) continue;
    return apo_fail(err, APO_ERR_FORMAT,
                    "target of row %" PRIu64 ": %g, needed a class from 0 to %u", row, target,
                    n - 1);
  }
  return APO_OK;
}

// A class whose rows all weigh nothing is not there.
static apo_status check_both_classes(const apo_targets *t, apo_error *err) {
  double weights[2] = {0.0, 0.0};
  for (uint64_t row = 0; row < t->n_rows; ++row) {
    weights[t->target[row] == 1.0] += weight_of(t, row);
  }
  if (weights[0] > 0.0 && weights[1] > 0.0) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT, "target: class %d only, needed rows of both classes",
                  weights[1] > 0.0 ? 1 : 0);
}

static apo_status check_outputs(apo_metric metric, const apo_targets *t, apo_error *err) {
  const uint32_t most = metric == APO_METRIC_AUC            ? 2
                        : metrics[metric].is_classification ? UINT32_MAX
                                                            : 1;
  if (t->n_outputs >= 1 && t->n_outputs <= most) return APO_OK;
  return apo_fail(err, APO_ERR_UNSUPPORTED, "a model of %u outputs, needed at most %u",
                  t->n_outputs, most);
}

static apo_status check(apo_metric metric, const apo_targets *t, apo_error *err) {
  APO_TRY(check_outputs(metric, t, err));
  const uint64_t least = metric == APO_METRIC_R2 ? 2 : 1;
  if (t->n_rows < least) {
    return apo_fail(err, APO_ERR_FORMAT, "%" PRIu64 " rows, needed at least %" PRIu64, t->n_rows,
                    least);
  }
  APO_TRY(check_weights(t, err));
  if (!metrics[metric].is_classification) return check_numbers(t, err);
  APO_TRY(check_classes(t, err));
  return metric == APO_METRIC_AUC ? check_both_classes(t, err) : APO_OK;
}

apo_status apo_metric_check(apo_metric metric, const apo_targets *targets, apo_error *err) {
  if ((uint32_t)metric >= N_METRICS) {
    return apo_fail(err, APO_ERR_ARGUMENT, "metric %d, needed 0 to %d", (int)metric, N_METRICS - 1);
  }
  return apo_prefix(err, check(metric, targets, err), "%s: ", metrics[metric].text);
}

// --- auc ------------------------------------------------------------------------------------------

/* A prediction as an integer of the same order, with the row it belongs to. */
typedef struct ranked {
  uint64_t key;
  uint64_t row;
} ranked;

static uint64_t key_of(double value) {
  const double plain = value + 0.0;  // -0 and 0 are equal
  uint64_t bits;
  memcpy(&bits, &plain, sizeof bits);
  return bits >> 63 != 0 ? ~bits : bits | UINT64_C(1) << 63;
}

enum { DIGIT_BITS = 11, N_DIGITS = 6, N_BUCKETS = 1 << DIGIT_BITS };

// Least significant digit first; digits that all keys share are skipped, which halves the work for
// predictions that were computed in fp32.  Returns the array that holds the result.
static ranked *sort_ranked(ranked *from, ranked *to, uint64_t n, uint64_t *counts) {
  for (uint32_t digit = 0; digit < N_DIGITS; ++digit) {
    const uint32_t shift = digit * DIGIT_BITS;
    memset(counts, 0, N_BUCKETS * sizeof *counts);
    for (uint64_t i = 0; i < n; ++i) ++counts[from[i].key >> shift & (N_BUCKETS - 1)];
    if (counts[from[0].key >> shift & (N_BUCKETS - 1)] == n) continue;
    uint64_t place = 0;
    for (uint32_t bucket = 0; bucket < N_BUCKETS; ++bucket) {
      const uint64_t count = counts[bucket];
      counts[bucket] = place;
      place += count;
    }
    for (uint64_t i = 0; i < n; ++i) to[counts[from[i].key >> shift & (N_BUCKETS - 1)]++] = from[i];
    ranked *const swapped = from;
    from = to;
    to = swapped;
  }
  return from;
}

// Weight of the pairs (class 1 above class 0), equal ones half, from ascending predictions.
static double ordered_share(const apo_targets *t, const ranked *sorted) {
  double below = 0.0;  // weight of class 0 under the current prediction
  double ones = 0.0;
  double pairs = 0.0;
  for (uint64_t begin = 0, end; begin < t->n_rows; begin = end) {
    double weights[2] = {0.0, 0.0};  // of the rows with this prediction
    for (end = begin; end < t->n_rows && sorted[end].key == sorted[begin].key; ++end) {
      weights[t->target[sorted[end].row] == 1.0] += weight_of(t, sorted[end].row);
    }
    pairs += weights[1] * (below + 0.5 * weights[0]);
    below += weights[0];
    ones += weights[1];
  }
  return pairs / (below * ones);
}

static apo_status auc(const apo_targets *t,
                      const double *predictions,
                      double *out,
                      apo_error *err) {
  const uint64_t n = t->n_rows;
  apo_status status = APO_OK;
  ranked *a = apo_alloc(n, sizeof *a);
  ranked *b = apo_alloc(n, sizeof *b);
  uint64_t *counts = apo_alloc(N_BUCKETS, sizeof *counts);
  if (a == NULL || b == NULL || counts == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "no memory for %" PRIu64 " rows", n);
    goto done;
  }
  for (uint64_t row = 0; row < n; ++row) {
    const double value = predictions[row * t->n_outputs + (t->n_outputs - 1)];
    if (isnan(value)) {
      status = apo_fail(err, APO_ERR_FORMAT, "prediction of row %" PRIu64 ": not a number", row);
      goto done;
    }
    a[row] = (ranked){.key = key_of(value), .row = row};
  }
  *out = ordered_share(t, sort_ranked(a, b, n, counts));
done:
  free(a);
  free(b);
  free(counts);
  return status;
}

// --- the others -----------------------------------------------------------------------------------

static apo_status check_probabilities(const apo_targets *t, const double *p, apo_error *err) {
  for (uint64_t i = 0; i < t->n_rows * t->n_outputs; ++i) {
    if (p[i] >= 0.0 && p[i] <= 1.0) continue;
    return apo_fail(err, APO_ERR_FORMAT, "prediction of row %" PRIu64 ": %g, needed a probability",
                    i / t->n_outputs, p[i]);
  }
  return APO_OK;
}

static apo_status check_finite(const apo_targets *t, const double *predictions, apo_error *err) {
  for (uint64_t row = 0; row < t->n_rows; ++row) {
    if (isfinite(predictions[row])) continue;
    return apo_fail(err, APO_ERR_FORMAT,
                    "prediction of row %" PRIu64 ": %g, needed a finite number", row,
                    predictions[row]);
  }
  return APO_OK;
}

static double target_probability(const apo_targets *t, const double *p, uint64_t row) {
  if (t->n_outputs == 1) return t->target[row] == 1.0 ? p[row] : 1.0 - p[row];
  return p[row * t->n_outputs + (uint32_t)t->target[row]];
}

static double log_likelihood(const apo_targets *t, const double *p) {
  double sum = 0.0;
  for (uint64_t row = 0; row < t->n_rows; ++row) {
    double probability = target_probability(t, p, row);
    if (probability < 0x1p-52) probability = 0x1p-52;
    if (probability > 1.0 - 0x1p-52) probability = 1.0 - 0x1p-52;
    sum += weight_of(t, row) * log(probability);
  }
  return sum / weight_sum(t);
}

static uint32_t predicted_class(const apo_targets *t, const double *p, uint64_t row) {
  if (t->n_outputs == 1) return p[row] > 0.5 ? 1 : 0;
  const double *of_row = p + row * t->n_outputs;
  uint32_t best = 0;
  for (uint32_t output = 1; output < t->n_outputs; ++output) {
    if (of_row[output] > of_row[best]) best = output;
  }
  return best;
}

static double accuracy(const apo_targets *t, const double *p) {
  double sum = 0.0;
  for (uint64_t row = 0; row < t->n_rows; ++row) {
    if (predicted_class(t, p, row) == (uint32_t)t->target[row]) sum += weight_of(t, row);
  }
  return sum / weight_sum(t);
}

static double squared_errors(const apo_targets *t, const double *predictions) {
  double sum = 0.0;
  for (uint64_t row = 0; row < t->n_rows; ++row) {
    const double error = t->target[row] - predictions[row];
    sum += weight_of(t, row) * error * error;
  }
  return sum;
}

static double mean_absolute_error(const apo_targets *t, const double *predictions) {
  double sum = 0.0;
  for (uint64_t row = 0; row < t->n_rows; ++row) {
    sum += weight_of(t, row) * fabs(t->target[row] - predictions[row]);
  }
  return sum / weight_sum(t);
}

static double r2(const apo_targets *t, const double *predictions) {
  double sum = 0.0;
  for (uint64_t row = 0; row < t->n_rows; ++row) sum += weight_of(t, row) * t->target[row];
  const double mean = sum / weight_sum(t);
  double deviations = 0.0;
  for (uint64_t row = 0; row < t->n_rows; ++row) {
    const double deviation = t->target[row] - mean;
    deviations += weight_of(t, row) * deviation * deviation;
  }
  const double errors = squared_errors(t, predictions);
  if (deviations == 0.0) return errors == 0.0 ? 1.0 : 0.0;
  return 1.0 - errors / deviations;
}

static apo_status score(apo_metric metric,
                        const apo_targets *t,
                        const double *predictions,
                        double *out,
                        apo_error *err) {
  if (metric == APO_METRIC_LOGLOSS || metric == APO_METRIC_ACCURACY) {
    APO_TRY(check_probabilities(t, predictions, err));
  } else if (metric != APO_METRIC_AUC) {
    APO_TRY(check_finite(t, predictions, err));
  }
  switch (metric) {
    case APO_METRIC_AUC: return auc(t, predictions, out, err);
    case APO_METRIC_LOGLOSS: *out = log_likelihood(t, predictions); break;
    case APO_METRIC_ACCURACY: *out = accuracy(t, predictions); break;
    case APO_METRIC_RMSE: *out = -sqrt(squared_errors(t, predictions) / weight_sum(t)); break;
    case APO_METRIC_MAE: *out = -mean_absolute_error(t, predictions); break;
    case APO_METRIC_R2: *out = r2(t, predictions); break;
  }
  return APO_OK;
}

apo_status apo_metric_score(apo_metric metric,
                            const apo_targets *targets,
                            const double *predictions,
                            double *out,
                            apo_error *err) {
  return apo_prefix(err, score(metric, targets, predictions, out, err),
                    "%s: ", metrics[metric].text);
}
