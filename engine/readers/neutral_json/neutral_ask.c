#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/readers/neutral_json/neutral_parts.h"

static bool is_known(apo_json_chars key, const char *const *known) {
  if (key.n_bytes >= 2 && memcmp(key.at, "x_", 2) == 0) return true;
  for (size_t i = 0; known[i] != NULL; ++i) {
    if (apo_json_chars_are(key, known[i])) return true;
  }
  return false;
}

apo_status apo_neutral_check_keys(apo_json_at object, const char *const *known, apo_error *err) {
  APO_TRY(apo_json_need(object, APO_JSON_OBJECT, err));
  for (uint64_t position = 0; position < apo_json_length(object); ++position) {
    apo_json_at member;
    APO_TRY(apo_json_item(object, position, &member, err));
    if (is_known(apo_json_key(member), known)) continue;
    return apo_json_fault(member, err, APO_ERR_FORMAT,
                          "not a key of version 1; keys of your own start with x_");
  }
  return APO_OK;
}

apo_status apo_neutral_count(
    apo_json_at object, const char *key, uint32_t max, uint32_t *out, apo_error *err) {
  apo_json_at at;
  int64_t count = 0;
  APO_TRY(apo_json_member(object, key, &at, err));
  APO_TRY(apo_json_integer(at, 1, INT64_MAX, &count, err));
  if (count > (int64_t)max) {
    return apo_json_fault(at, err, APO_ERR_LIMIT, "%" PRId64 ", at most %u", count, max);
  }
  *out = (uint32_t)count;
  return APO_OK;
}

apo_status apo_neutral_number(apo_json_at object, const char *key, double *out, apo_error *err) {
  apo_json_at at;
  if (!apo_json_find(object, key, &at)) return APO_OK;
  APO_TRY(apo_json_number(at, out, err));
  if (isfinite(*out)) return APO_OK;
  return apo_json_fault(at, err, APO_ERR_FORMAT, "%g is not finite", *out);
}

apo_status apo_neutral_number_at(apo_json_at array,
                                 uint64_t position,
                                 double *out,
                                 apo_error *err) {
  APO_TRY(apo_json_number_at(array, position, out, err));
  if (isfinite(*out)) return APO_OK;
  return apo_json_fault_at(array, position, err, APO_ERR_FORMAT, "%g is not finite", *out);
}

apo_status apo_neutral_numbers(apo_json_at array, uint64_t n, double **out, apo_error *err) {
  *out = NULL;
  APO_TRY(apo_json_need_length(array, n, err));
  double *numbers = apo_alloc((size_t)n, sizeof *numbers);
  if (numbers == NULL) {
    return apo_json_fault(array, err, APO_ERR_MEMORY, "%" PRIu64 " numbers", n);
  }
  for (uint64_t i = 0; i < n; ++i) {
    const apo_status status = apo_neutral_number_at(array, i, &numbers[i], err);
    if (status == APO_OK) continue;
    free(numbers);
    return status;
  }
  *out = numbers;
  return APO_OK;
}

apo_status apo_neutral_names(apo_json_at array,
                             const char *what,
                             apo_names *names,
                             apo_error *err) {
  apo_status status = apo_json_need(array, APO_JSON_ARRAY, err);
  if (status != APO_OK) return status;
  for (uint64_t i = 0; i < apo_json_length(array); ++i) {
    apo_json_chars text;
    APO_TRY(apo_json_text_at(array, i, &text, err));
    status = apo_names_add(names, text.at, text.n_bytes, err);
    if (status != APO_OK) break;
  }
  if (status == APO_OK) status = apo_names_check_unique(names, what, err);
  char path[256];
  apo_json_path(array, path, sizeof path);
  return apo_prefix(err, status, "%s: ", path);
}

apo_status apo_neutral_word(
    apo_json_at at, const char *const *words, apo_status unknown, int *out, apo_error *err) {
  apo_json_chars text;
  APO_TRY(apo_json_text(at, &text, err));
  for (int i = 0; words[i] != NULL; ++i) {
    if (!apo_json_chars_are(text, words[i])) continue;
    *out = i;
    return APO_OK;
  }
  return apo_json_fault(at, err, unknown, "\"%s\" is not known", apo_json_show(text).text);
}
