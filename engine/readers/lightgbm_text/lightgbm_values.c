/* lightgbm_values.c - numbers of fields, straight from the text into arrays. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/core/number.h"
#include "engine/readers/lightgbm_text/lightgbm_parts.h"

bool apo_lightgbm_word(apo_json_chars *rest, apo_json_chars *out) {
  *out = (apo_json_chars){rest->at, 0};
  // A text that is not there has no address, from which nothing may be counted.
  if (rest->n_bytes == 0) return false;
  const char *at = rest->at;
  const char *const end = at + rest->n_bytes;
  while (at < end && *at == ' ') ++at;
  out->at = at;
  while (at < end && *at != ' ') ++at;
  out->n_bytes = (size_t)(at - out->at);
  rest->at = at;
  rest->n_bytes = (size_t)(end - at);
  return out->n_bytes > 0;
}

uint64_t apo_lightgbm_count(apo_json_chars text) {
  uint64_t n = 0;
  apo_json_chars word;
  while (apo_lightgbm_word(&text, &word)) ++n;
  return n;
}

bool apo_lightgbm_cut_head(apo_json_chars *chars, const char *head) {
  const size_t n_head = strlen(head);
  if (chars->n_bytes < n_head || memcmp(chars->at, head, n_head) != 0) return false;
  chars->at += n_head;
  chars->n_bytes -= n_head;
  return true;
}

bool apo_lightgbm_read_integer(apo_json_chars word, int64_t *out) {
  enum { MAX_DIGITS = 18 }; /* 10^18 fits in 64 bits with its sign */
  const bool is_negative = word.n_bytes > 0 && word.at[0] == '-';
  size_t at = is_negative ? 1 : 0;
  if (at == word.n_bytes || word.n_bytes - at > MAX_DIGITS) return false;
  int64_t value = 0;
  for (; at < word.n_bytes; ++at) {
    const char c = word.at[at];
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  *out = is_negative ? -value : value;
  return true;
}

static apo_status missing(const apo_lightgbm_field *field, apo_error *err) {
  return apo_fail(err, APO_ERR_FORMAT, "%s: is not there, and is needed", field->key);
}

apo_status apo_lightgbm_integer(const apo_lightgbm_field *field,
                                apo_lightgbm_range range,
                                int64_t *out,
                                apo_error *err) {
  if (field->line == 0) return missing(field, err);
  int64_t value = 0;
  if (!apo_lightgbm_read_integer(field->value, &value)) {
    return apo_fail(err, APO_ERR_FORMAT, "%s: \"%s\", needs a whole number", field->key,
                    apo_json_show(field->value).text);
  }
  if (value < range.min || value > range.max) {
    return apo_fail(err, APO_ERR_FORMAT, "%s: %" PRId64 ", needs %" PRId64 " to %" PRId64,
                    field->key, value, range.min, range.max);
  }
  *out = value;
  return APO_OK;
}

apo_status apo_lightgbm_need(const apo_lightgbm_field *field, uint64_t n, apo_error *err) {
  if (field->line == 0) return missing(field, err);
  // A word takes a byte, and a space from the next.
  const uint64_t most = (field->value.n_bytes + 1) / 2;
  if (n <= most) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT, "%s: %" PRIu64 " values, needs %" PRIu64, field->key,
                  apo_lightgbm_count(field->value), n);
}

static apo_status short_of(const apo_lightgbm_field *field, uint64_t n, apo_error *err) {
  return apo_fail(err, APO_ERR_FORMAT, "%s: %" PRIu64 " values, needs %" PRIu64, field->key,
                  apo_lightgbm_count(field->value), n);
}

static apo_status bad_word(const apo_lightgbm_field *field,
                           uint64_t at,
                           apo_json_chars word,
                           const char *needed,
                           apo_error *err) {
  return apo_fail(err, APO_ERR_FORMAT, "%s[%" PRIu64 "]: \"%s\", needs %s", field->key, at,
                  apo_json_show(word).text, needed);
}

apo_status apo_lightgbm_integers(const apo_lightgbm_field *field,
                                 apo_lightgbm_range range,
                                 uint64_t n,
                                 int32_t *out,
                                 apo_error *err) {
  apo_json_chars rest = field->value;
  apo_json_chars word;
  int64_t value = 0;
  for (uint64_t i = 0; i < n; ++i) {
    if (!apo_lightgbm_word(&rest, &word)) return short_of(field, n, err);
    if (!apo_lightgbm_read_integer(word, &value)) {
      return bad_word(field, i, word, "a whole number", err);
    }
    if (value < range.min || value > range.max) {
      return apo_fail(err, APO_ERR_FORMAT,
                      "%s[%" PRIu64 "]: %" PRId64 ", needs %" PRId64 " to %" PRId64, field->key, i,
                      value, range.min, range.max);
    }
    out[i] = (int32_t)value;
  }
  return apo_lightgbm_word(&rest, &word) ? short_of(field, n, err) : APO_OK;
}

// The number in front, which ends at a space or the end; false leaves `rest` where it is.
static bool take_fast(apo_json_chars *rest, double *out) {
  apo_number number;
  while (rest->n_bytes > 0 && rest->at[0] == ' ') {
    ++rest->at;
    --rest->n_bytes;
  }
  const size_t n = apo_number_take(rest->at, rest->n_bytes, &number);
  if (n == 0 || (n < rest->n_bytes && rest->at[n] != ' ')) return false;
  rest->at += n;
  rest->n_bytes -= n;
  *out = number.real;
  return true;
}

apo_status apo_lightgbm_doubles(
    const apo_lightgbm_field *field, uint64_t n, bool may_be_inf, double *out, apo_error *err) {
  apo_json_chars rest = field->value;
  apo_json_chars word;
  for (uint64_t i = 0; i < n; ++i) {
    if (take_fast(&rest, &out[i])) continue;
    if (!apo_lightgbm_word(&rest, &word)) return short_of(field, n, err);
    if (may_be_inf && apo_json_chars_are(word, "inf")) {
      out[i] = INFINITY;
      continue;
    }
    if (!apo_number_read(word.at, word.n_bytes, &out[i]) || !isfinite(out[i])) {
      return bad_word(field, i, word, "a finite number", err);
    }
  }
  return apo_lightgbm_word(&rest, &word) ? short_of(field, n, err) : APO_OK;
}

void *apo_lightgbm_fit(apo_lightgbm_room *room, uint64_t n, size_t element_bytes) {
  if (n > SIZE_MAX / element_bytes) return NULL;
  const size_t n_bytes = (size_t)n * element_bytes;
  if (room->at != NULL && n_bytes <= room->n_bytes) return room->at;
  // What it holds is of the tree before: nothing to keep.
  free(room->at);
  room->n_bytes = 0;
  room->at = apo_resize(NULL, n_bytes, 1);
  if (room->at != NULL) room->n_bytes = n_bytes;
  return room->at;
}

void *apo_lightgbm_grow(apo_lightgbm_room *room, uint64_t n, size_t element_bytes) {
  if (n > SIZE_MAX / element_bytes) return NULL;
  const size_t n_bytes = (size_t)n * element_bytes;
  if (room->at != NULL && n_bytes <= room->n_bytes) return room->at;
  void *grown = apo_resize(room->at, n_bytes, 1);
  if (grown == NULL) return NULL;
  room->at = grown;
  room->n_bytes = n_bytes;
  return grown;
}
