/* xgboost_params.c - numbers inside texts: "num_feature": "8", "base_score": "[3E-1,7E-1]". */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/core/number.h"
#include "engine/readers/xgboost/xgboost_parts.h"

apo_status apo_xgboost_integer(
    apo_json_at params, const char *key, apo_xgboost_range range, int64_t *out, apo_error *err) {
  apo_json_at at;
  apo_json_chars text;
  double number = 0;
  APO_TRY(apo_json_member(params, key, &at, err));
  APO_TRY(apo_json_text(at, &text, err));
  if (!apo_number_read(text.at, text.n_bytes, &number) || trunc(number) != number) {
    return apo_json_fault(at, err, APO_ERR_FORMAT, "\"%s\", needs a whole number",
                          apo_json_show(text).text);
  }
  if (number >= (double)range.min && number <= (double)range.max) {
    *out = (int64_t)number;
    return APO_OK;
  }
  const bool is_limit = range.max_is_limit && number > 0;
  return apo_json_fault(at, err, is_limit ? APO_ERR_LIMIT : APO_ERR_FORMAT,
                        "%.17g, needs %" PRId64 " to %" PRId64, number, range.min, range.max);
}

/** One number of base_score, as the float that XGBoost would read. */
static apo_status take_score(apo_json_at at, apo_json_chars text, float *out, apo_error *err) {
  double number = 0;
  if (!apo_number_read(text.at, text.n_bytes, &number) || !isfinite((float)number)) {
    return apo_json_fault(at, err, APO_ERR_FORMAT, "\"%s\", needs finite numbers",
                          apo_json_show(text).text);
  }
  *out = (float)number;
  return APO_OK;
}

static apo_json_chars trim(apo_json_chars text) {
  while (text.n_bytes > 0 && text.at[0] == ' ') {
    ++text.at;
    --text.n_bytes;
  }
  while (text.n_bytes > 0 && text.at[text.n_bytes - 1] == ' ') --text.n_bytes;
  return text;
}

apo_status apo_xgboost_base_score(apo_json_at params,
                                  uint32_t n_outputs,
                                  float *out,
                                  apo_error *err) {
  apo_json_at at;
  apo_json_chars rest;
  APO_TRY(apo_json_member(params, "base_score", &at, err));
  APO_TRY(apo_json_text(at, &rest, err));
  rest = trim(rest);
  if (rest.n_bytes >= 2 && rest.at[0] == '[' && rest.at[rest.n_bytes - 1] == ']') {
    rest = (apo_json_chars){rest.at + 1, rest.n_bytes - 2};
  }
  uint32_t n_scores = 0;
  for (bool is_last = false; !is_last; ++n_scores) {
    const char *comma = rest.n_bytes > 0 ? memchr(rest.at, ',', rest.n_bytes) : NULL;
    const size_t n_bytes = comma != NULL ? (size_t)(comma - rest.at) : rest.n_bytes;
    if (n_scores == n_outputs) {
      return apo_json_fault(at, err, APO_ERR_FORMAT,
                            "more than %u numbers, the model has %u outputs", n_scores, n_outputs);
    }
    APO_TRY(take_score(at, trim((apo_json_chars){rest.at, n_bytes}), &out[n_scores], err));
    is_last = comma == NULL;
    if (!is_last) rest = (apo_json_chars){comma + 1, rest.n_bytes - n_bytes - 1};
  }
  if (n_scores != 1 && n_scores != n_outputs) {
    return apo_json_fault(at, err, APO_ERR_FORMAT, "%u numbers, the model has %u outputs", n_scores,
                          n_outputs);
  }
  for (uint32_t output = n_scores; output < n_outputs; ++output) out[output] = out[0];
  return APO_OK;
}
