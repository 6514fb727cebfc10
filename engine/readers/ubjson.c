/* ubjson.c - UBJSON as XGBoost writes it, in one loop with an explicit stack.
 *
 *   value   := marker payload
 *   object  := '{' { key value } '}'              key := length bytes
 *   text    := 'S' length bytes                   length := one of i U I l L, then that integer
 *   array   := '[' '$' T '#' length payload       typed: no closing bracket, stays in the bytes
 *            | '[' '#' length value...            counted: no closing bracket
 *            | '[' value... ']'
 *
 * Every length is compared with the bytes that remain before anything follows from it.  The loop
 * runs twice (json_tree.h): the first walk only counts, and finds every fault.
 */
#include "engine/core/names.h"
#include "engine/readers/json_tree.h"

typedef struct level {
  uint32_t value;
  bool is_object;
  bool is_counted;
  uint64_t n_left; /* of a counted array */
} level;

typedef struct reader {
  const uint8_t *begin;
  apo_bytes rest;
  apo_json_maker *maker;
  size_t n_open;
  level open[APO_JSON_MAX_DEPTH];
} reader;

static size_t offset(const reader *r) {
  return (size_t)(r->rest.at - r->begin);
}

static apo_status fault(const reader *r, apo_error *err, const char *needed) {
  if (r->rest.n_bytes == 0) {
    return apo_fail(err, APO_ERR_FORMAT, "byte %zu: the bytes end here, needs %s", offset(r),
                    needed);
  }
  return apo_fail(err, APO_ERR_FORMAT, "byte %zu: 0x%02x, needs %s", offset(r),
                  (unsigned)r->rest.at[0], needed);
}

static int peek(const reader *r) {
  return r->rest.n_bytes > 0 ? r->rest.at[0] : -1;
}

static void skip(reader *r, size_t n_bytes) {
  r->rest.at += n_bytes;
  r->rest.n_bytes -= n_bytes;
}

static bool take(reader *r, char c) {
  if (peek(r) != c) return false;
  skip(r, 1);
  return true;
}

/** A length: believed only as far as `unit` bytes each are left. */
static apo_status take_length(reader *r, size_t unit, size_t *out, apo_error *err) {
  const size_t at = offset(r);
  const int marker = peek(r);
  const bool is_integer =
      marker == 'i' || marker == 'U' || marker == 'I' || marker == 'l' || marker == 'L';
  if (!is_integer) return fault(r, err, "the marker of a length");
  const size_t n_bytes = apo_element_bytes((uint8_t)marker);
  skip(r, 1);
  if (r->rest.n_bytes < n_bytes) return fault(r, err, "a length");
  const int64_t length = apo_element_load((uint8_t)marker, r->rest.at).integer;
  skip(r, n_bytes);
  if (length < 0 || (uint64_t)length > r->rest.n_bytes / unit) {
    return apo_fail(err, APO_ERR_FORMAT, "byte %zu: length %lld, but %zu bytes are left", at,
                    (long long)length, r->rest.n_bytes);
  }
  *out = (size_t)length;
  return APO_OK;
}

static apo_status take_chars(reader *r, apo_json_chars *out, apo_error *err) {
  const size_t at = offset(r);
  size_t n_bytes = 0;
  APO_TRY(take_length(r, 1, &n_bytes, err));
  if (n_bytes > APO_JSON_MAX_TEXT_BYTES) {
    return apo_fail(err, APO_ERR_LIMIT, "byte %zu: a text of %zu bytes, at most %zu are read", at,
                    n_bytes, APO_JSON_MAX_TEXT_BYTES);
  }
  *out = (apo_json_chars){(const char *)r->rest.at, n_bytes};
  if (!apo_utf8_valid(out->at, n_bytes)) {
    return apo_fail(err, APO_ERR_FORMAT, "byte %zu: a text that is not UTF-8", at);
  }
  skip(r, n_bytes);
  return APO_OK;
}

static apo_status open_level(reader *r, level opened, apo_error *err) {
  if (r->n_open == APO_JSON_MAX_DEPTH) {
    return apo_fail(err, APO_ERR_FORMAT, "byte %zu: nesting deeper than %d", offset(r),
                    APO_JSON_MAX_DEPTH);
  }
  r->open[r->n_open++] = opened;
  return APO_OK;
}

/** After '[': a packed array is complete, the others are opened. */
static apo_status take_array(reader *r, uint32_t index, apo_json_value *value, apo_error *err) {
  if (take(r, '$')) {
    const int element = peek(r);
    const size_t element_bytes = element > 0 ? apo_element_bytes((uint8_t)element) : 0;
    if (element_bytes == 0 || element == APO_ELEMENT_NATIVE || element == APO_ELEMENT_FLAG) {
      return fault(r, err, "the marker of a number");
    }
    skip(r, 1);
    if (!take(r, '#')) return fault(r, err, "# and a length");
    size_t n = 0;
    APO_TRY(take_length(r, element_bytes, &n, err));
    value->element = (uint8_t)element;
    value->data = r->rest.at;
    value->as.n = n;
    skip(r, n * element_bytes);
    return APO_OK;
  }
  level opened = {.value = index};
  if (take(r, '#')) {
    size_t n = 0;
    APO_TRY(take_length(r, 1, &n, err));
    opened.is_counted = true;
    opened.n_left = n;
  }
  return open_level(r, opened, err);
}

static apo_status take_number(reader *r, uint8_t marker, apo_json_value *value, apo_error *err) {
  const size_t n_bytes = apo_element_bytes(marker);
  if (r->rest.n_bytes < n_bytes) return fault(r, err, "a number");
  const apo_json_figure figure = apo_element_load(marker, r->rest.at);
  skip(r, n_bytes);
  value->element = figure.is_integer ? 'L' : 'D';
  if (figure.is_integer) value->as.integer = figure.integer;
  if (!figure.is_integer) value->as.number = figure.real;
  return APO_OK;
}

static bool kind_of(int marker, apo_json_kind *out) {
  switch (marker) {
    case '{': *out = APO_JSON_OBJECT; return true;
    case '[': *out = APO_JSON_ARRAY; return true;
    case 'S': *out = APO_JSON_TEXT; return true;
    case 'T':
    case 'F': *out = APO_JSON_BOOLEAN; return true;
    case 'Z': *out = APO_JSON_NULL; return true;
    case 'i':
    case 'U':
    case 'I':
    case 'l':
    case 'L':
    case 'd':
    case 'D':
    case 'C': *out = APO_JSON_NUMBER; return true;
    default: return false;
  }
}

static apo_status take_value(reader *r,
                             uint32_t parent,
                             const apo_json_chars *key,
                             apo_error *err) {
  const int marker = peek(r);
  apo_json_kind kind = APO_JSON_NULL;
  if (!kind_of(marker, &kind)) return fault(r, err, "the marker of a value");
  skip(r, 1);
  const uint32_t index = (uint32_t)r->maker->n_values;
  apo_json_value *value = apo_json_add(r->maker, parent, key, kind);
  apo_json_chars text = {NULL, 0};
  switch (kind) {
    case APO_JSON_NULL: return APO_OK;
    case APO_JSON_BOOLEAN: value->as.integer = marker == 'T'; return APO_OK;
    case APO_JSON_NUMBER: return take_number(r, (uint8_t)marker, value, err);
    case APO_JSON_TEXT: {
      APO_TRY(take_chars(r, &text, err));
      value->data = text.at;
      value->as.n = text.n_bytes;
      return APO_OK;
    }
    case APO_JSON_ARRAY: return take_array(r, index, value, err);
    case APO_JSON_OBJECT: return open_level(r, (level){.value = index, .is_object = true}, err);
  }
  return APO_OK;
}

/** Close every level that ends here. */
static void close_levels(reader *r) {
  while (r->n_open > 0) {
    const level *top = &r->open[r->n_open - 1];
    if (top->is_counted ? top->n_left > 0 : !take(r, top->is_object ? '}' : ']')) return;
    --r->n_open;
  }
}

static apo_status walk(apo_bytes bytes, apo_json_maker *maker, apo_error *err) {
  reader r = {.begin = bytes.at, .rest = bytes, .maker = maker};
  APO_TRY(take_value(&r, APO_JSON_NO_PARENT, NULL, err));
  for (close_levels(&r); r.n_open > 0; close_levels(&r)) {
    level *top = &r.open[r.n_open - 1];
    if (top->is_counted) --top->n_left;
    apo_json_chars key = {NULL, 0};
    if (top->is_object) APO_TRY(take_chars(&r, &key, err));
    APO_TRY(take_value(&r, top->value, top->is_object ? &key : NULL, err));
  }
  while (peek(&r) == ' ' || peek(&r) == '\t' || peek(&r) == '\n' || peek(&r) == '\r') skip(&r, 1);
  return r.rest.n_bytes == 0 ? APO_OK : fault(&r, err, "the end of the document");
}

apo_status apo_ubjson_parse(apo_bytes bytes, apo_json **out, apo_error *err) {
  *out = NULL;
  apo_json_maker maker = {0};
  APO_TRY(walk(bytes, &maker, err));
  APO_TRY(apo_json_fill(&maker, err));
  apo_status status = walk(bytes, &maker, err);
  if (status == APO_OK) status = apo_json_finish(&maker, out, err);
  apo_json_destroy(&maker.json);
  return status;
}
