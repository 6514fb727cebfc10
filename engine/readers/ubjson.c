/* ubjson.c - UBJSON as XGBoost writes it, in one loop with an explicit stack.
 *
 *   value   := marker payload
 *   object  := '{' { key value } '}'              key := length bytes
 *   text    := 'S' length bytes                   length := one of i U I l L, then that integer
 *   array   := '[' '$' T '#' length payload       typed: no closing bracket, stays in the bytes
 *            | '[' '#' length value...            counted: no closing bracket
 *            | '[' value... ']'
 *
 * Every length is compared with the bytes that remain before anything follows from it.
 */
#include "engine/core/names.h"
#include "engine/readers/json_maker.h"

typedef struct level {
  uint64_t begin; /* its first child among the values that wait */
  uint32_t key;   /* of the array or object itself */
  bool is_object;
  bool is_counted;
  uint64_t n_left; /* of a counted array */
} level;

typedef struct reader {
  const uint8_t *begin;
  apo_bytes rest;
  apo_json_maker *maker;
  uint32_t key; /* of the value that comes next */
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

static apo_status take_text(reader *r, apo_json_text_ref *out, apo_error *err) {
  const size_t at = offset(r);
  size_t n_bytes = 0;
  APO_TRY(take_length(r, 1, &n_bytes, err));
  if (n_bytes > APO_JSON_MAX_TEXT_BYTES) {
    return apo_fail(err, APO_ERR_LIMIT, "byte %zu: a text of %zu bytes, at most %zu are read", at,
                    n_bytes, APO_JSON_MAX_TEXT_BYTES);
  }
  *out = apo_text_ref(offset(r), n_bytes, false);
  if (!apo_utf8_valid((const char *)r->rest.at, n_bytes)) {
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
  opened.begin = r->maker->n_waiting;
  opened.key = r->key;
  r->open[r->n_open++] = opened;
  return APO_OK;
}

/** After '[' and '$': a typed array. */
static apo_status take_packed(reader *r, apo_error *err) {
  const int element = peek(r);
  if (element <= 0 || !apo_element_is_ubjson((uint8_t)element)) {
    return fault(r, err, "the marker of a number");
  }
  skip(r, 1);
  if (!take(r, '#')) return fault(r, err, "# and a length");
  const size_t element_bytes = apo_element_bytes((uint8_t)element);
  size_t n = 0;
  APO_TRY(take_length(r, element_bytes, &n, err));
  const apo_json_pack pack = {offset(r), n};
  skip(r, n * element_bytes);
  return apo_maker_add_pack(r->maker, r->key, (uint8_t)element, pack, err);
}

/** After '[': a packed array is complete, the others are opened. */
static apo_status take_array(reader *r, apo_error *err) {
  if (take(r, '$')) return take_packed(r, err);
  level opened = {.is_object = false};
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

static apo_status take_value(reader *r, apo_error *err) {
  const int marker = peek(r);
  apo_json_kind kind = APO_JSON_NULL;
  if (!kind_of(marker, &kind)) return fault(r, err, "the marker of a value");
  skip(r, 1);
  apo_json_value value = {.as.integer = 0, .key = r->key, .kind = (uint8_t)kind};
  switch (kind) {
    case APO_JSON_NULL: break;
    case APO_JSON_BOOLEAN: value.as.integer = marker == 'T'; break;
    case APO_JSON_NUMBER: APO_TRY(take_number(r, (uint8_t)marker, &value, err)); break;
    case APO_JSON_TEXT: APO_TRY(take_text(r, &value.as.text, err)); break;
    case APO_JSON_ARRAY: return take_array(r, err);
    case APO_JSON_OBJECT: return open_level(r, (level){.is_object = true}, err);
  }
  return apo_maker_add(r->maker, value, err);
}

/** Close every level that ends here. */
static apo_status close_levels(reader *r, apo_error *err) {
  while (r->n_open > 0) {
    const level *top = &r->open[r->n_open - 1];
    if (top->is_counted ? top->n_left > 0 : !take(r, top->is_object ? '}' : ']')) break;
    const apo_json_value owner = {.key = top->key,
                                  .kind = top->is_object ? APO_JSON_OBJECT : APO_JSON_ARRAY};
    APO_TRY(apo_maker_close(r->maker, top->begin, owner, err));
    --r->n_open;
  }
  return APO_OK;
}

/** Before a value inside an array or object: its key. */
static apo_status take_key(reader *r, apo_error *err) {
  level *top = &r->open[r->n_open - 1];
  if (top->is_counted) --top->n_left;
  r->key = APO_JSON_NO_KEY;
  if (!top->is_object) return APO_OK;
  apo_json_text_ref text = 0;
  APO_TRY(take_text(r, &text, err));
  return apo_maker_key(r->maker, text, &r->key, err);
}

static apo_status walk(reader *r, apo_error *err) {
  APO_TRY(take_value(r, err));
  APO_TRY(close_levels(r, err));
  while (r->n_open > 0) {
    APO_TRY(take_key(r, err));
    APO_TRY(take_value(r, err));
    APO_TRY(close_levels(r, err));
  }
  while (peek(r) == ' ' || peek(r) == '\t' || peek(r) == '\n' || peek(r) == '\r') skip(r, 1);
  return r->rest.n_bytes == 0 ? APO_OK : fault(r, err, "the end of the document");
}

apo_status apo_ubjson_parse(apo_bytes bytes, apo_json **out, apo_error *err) {
  *out = NULL;
  apo_json_maker maker;
  apo_status status = apo_maker_start(&maker, bytes, err);
  if (status == APO_OK) {
    reader r = {.begin = bytes.at, .rest = bytes, .maker = &maker, .key = APO_JSON_NO_KEY};
    status = walk(&r, err);
  }
  if (status == APO_OK) status = apo_maker_finish(&maker, out, err);
  apo_maker_stop(&maker);
  return status;
}
