/* json.c - the questions of json.h. */
#include "engine/readers/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/readers/json_tree.h"

enum { PATH_BYTES = 320, KEY_BYTES = 64 };

static const apo_json_value *value_of(apo_json_at at) {
  return &at.json->values[at.value];
}

apo_json_at apo_json_root(const apo_json *json) {
  return (apo_json_at){json, json->n_values - 1};
}

apo_json_kind apo_json_kind_of(apo_json_at at) {
  return (apo_json_kind)value_of(at)->kind;
}

static bool is_packed(const apo_json_value *value) {
  return value->kind == APO_JSON_ARRAY && value->element != APO_ELEMENT_NONE;
}

static const apo_json_pack *pack_of(apo_json_at array) {
  return &array.json->packs[value_of(array)->as.pack];
}

static apo_json_at child(apo_json_at at, uint64_t position) {
  return (apo_json_at){at.json, value_of(at)->as.children.begin + (uint32_t)position};
}

apo_json_kind apo_json_kind_at(apo_json_at array, uint64_t position) {
  const apo_json_value *value = value_of(array);
  if (value->kind != APO_JSON_ARRAY || position >= apo_json_length(array)) return APO_JSON_NULL;
  if (value->element == APO_ELEMENT_FLAG) return APO_JSON_BOOLEAN;
  return is_packed(value) ? APO_JSON_NUMBER : apo_json_kind_of(child(array, position));
}

uint64_t apo_json_length(apo_json_at at) {
  const apo_json_value *value = value_of(at);
  if (value->kind < APO_JSON_ARRAY) return 0;
  return is_packed(value) ? pack_of(at)->n : value->as.children.n;
}

/* --- saying where ----------------------------------------------------------------------------- */

typedef struct line {
  char *at;
  size_t n_bytes; /* room, the NUL included */
  size_t n_used;
} line;

static void put_char(line *out, char c) {
  if (out->n_used + 1 < out->n_bytes) out->at[out->n_used++] = c;
}

static void put_text(line *out, const char *text) {
  for (; *text != '\0'; ++text) put_char(out, *text);
}

// Keys come from the file: only plain characters reach a message, and not too many.
static void put_key(line *out, apo_json_chars key) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < key.n_bytes; ++i) {
    const unsigned char c = (unsigned char)key.at[i];
    if (i == KEY_BYTES) {
      put_text(out, "...");
      return;
    }
    if (c > ' ' && c < 0x7f && c != '\\') {
      put_char(out, (char)c);
    } else {
      put_text(out, "\\x");
      put_char(out, digits[c >> 4]);
      put_char(out, digits[c & 15]);
    }
  }
}

apo_json_shown apo_json_show(apo_json_chars chars) {
  apo_json_shown shown = {{0}};
  line out = {shown.text, sizeof shown.text, 0};
  put_key(&out, chars);
  return shown;
}

/** The way from the document down to `at`, last step first; its length. */
static size_t find_way(apo_json_at at, uint32_t way[APO_JSON_MAX_DEPTH + 1]) {
  const apo_json *json = at.json;
  size_t n_way = 0;
  uint32_t step = at.value;
  // An owner lies behind what it owns, and its own owner behind it: one walk finds them all.
  for (uint32_t owner = step + 1; owner < json->n_values && n_way <= APO_JSON_MAX_DEPTH; ++owner) {
    const apo_json_value *value = &json->values[owner];
    if (!apo_json_has_children(value)) continue;
    if (step < value->as.children.begin) continue;
    if (step - value->as.children.begin >= value->as.children.n) continue;
    way[n_way++] = step;
    step = owner;
  }
  return n_way;
}

void apo_json_path(apo_json_at at, char *out, size_t n_bytes) {
  // A scalar lies one below the deepest array or object.
  uint32_t way[APO_JSON_MAX_DEPTH + 1];
  const size_t n_way = find_way(at, way);
  line path = {out, n_bytes, 0};
  if (n_way == 0) put_text(&path, "document");
  for (size_t i = n_way; i-- > 0;) {
    const apo_json_value *value = &at.json->values[way[i]];
    if (value->key != APO_JSON_NO_KEY) {
      if (i + 1 < n_way) put_char(&path, '.');
      put_key(&path, apo_json_chars_of(at.json, at.json->keys[value->key]));
    } else {
      const uint32_t owner = i + 1 < n_way ? way[i + 1] : at.json->n_values - 1;
      char index[16];
      snprintf(index, sizeof index, "[%u]", way[i] - at.json->values[owner].as.children.begin);
      put_text(&path, index);
    }
  }
  if (n_bytes > 0) out[path.n_used] = '\0';
}

static apo_status fault(
    apo_error *err, apo_status status, const char *path, const char *format, va_list args) {
  char message[PATH_BYTES];
  vsnprintf(message, sizeof message, format, args);
  return apo_fail(err, status, "%s: %s", path, message);
}

apo_status apo_json_fault(
    apo_json_at at, apo_error *err, apo_status status, const char *format, ...) {
  // Nobody will read it, and finding the path takes time.
  if (err == NULL) return status;
  char path[PATH_BYTES];
  apo_json_path(at, path, sizeof path);
  va_list args;
  va_start(args, format);
  fault(err, status, path, format, args);
  va_end(args);
  return status;
}

apo_status apo_json_fault_at(apo_json_at array,
                             uint64_t position,
                             apo_error *err,
                             apo_status status,
                             const char *format,
                             ...) {
  if (err == NULL) return status;
  char path[PATH_BYTES + 24];
  apo_json_path(array, path, PATH_BYTES);
  const size_t n_path = strlen(path);
  snprintf(path + n_path, sizeof path - n_path, "[%" PRIu64 "]", position);
  va_list args;
  va_start(args, format);
  fault(err, status, path, format, args);
  va_end(args);
  return status;
}

static const char *kind_text(apo_json_kind kind) {
  switch (kind) {
    case APO_JSON_NULL: return "null";
    case APO_JSON_BOOLEAN: return "a boolean";
    case APO_JSON_NUMBER: return "a number";
    case APO_JSON_TEXT: return "a text";
    case APO_JSON_ARRAY: return "an array";
    case APO_JSON_OBJECT: return "an object";
  }
  return "nothing known";
}

apo_status apo_json_need(apo_json_at at, apo_json_kind kind, apo_error *err) {
  const apo_json_kind found = apo_json_kind_of(at);
  if (found == kind) return APO_OK;
  return apo_json_fault(at, err, APO_ERR_FORMAT, "%s, needs %s", kind_text(found), kind_text(kind));
}

/* --- objects ---------------------------------------------------------------------------------- */

apo_json_chars apo_json_key(apo_json_at member) {
  const uint32_t key = value_of(member)->key;
  if (key == APO_JSON_NO_KEY) return (apo_json_chars){"", 0};
  return apo_json_chars_of(member.json, member.json->keys[key]);
}

static int compare_key(apo_json_chars key, const char *wanted, size_t n_wanted) {
  const size_t n_common = key.n_bytes < n_wanted ? key.n_bytes : n_wanted;
  const int order = n_common > 0 ? memcmp(key.at, wanted, n_common) : 0;
  if (order != 0) return order;
  return key.n_bytes < n_wanted ? -1 : key.n_bytes > n_wanted;
}

bool apo_json_find(apo_json_at object, const char *key, apo_json_at *out) {
  if (apo_json_kind_of(object) != APO_JSON_OBJECT) return false;
  const size_t n_key = strlen(key);
  uint64_t begin = 0;
  uint64_t end = apo_json_length(object);
  while (begin < end) {
    const uint64_t middle = begin + (end - begin) / 2;
    const apo_json_at member = child(object, middle);
    const int order = compare_key(apo_json_key(member), key, n_key);
    if (order == 0) {
      *out = member;
      return true;
    }
    if (order < 0) begin = middle + 1;
    if (order > 0) end = middle;
  }
  return false;
}

apo_status apo_json_member(apo_json_at object, const char *key, apo_json_at *out, apo_error *err) {
  APO_TRY(apo_json_need(object, APO_JSON_OBJECT, err));
  if (apo_json_find(object, key, out)) return APO_OK;
  return apo_json_fault(object, err, APO_ERR_FORMAT, "no \"%s\", which is needed", key);
}

apo_status apo_json_item(apo_json_at at, uint64_t position, apo_json_at *out, apo_error *err) {
  const apo_json_value *value = value_of(at);
  if (value->kind < APO_JSON_ARRAY) return apo_json_need(at, APO_JSON_ARRAY, err);
  const uint64_t length = apo_json_length(at);
  if (position >= length) {
    return apo_json_fault(at, err, APO_ERR_FORMAT, "%" PRIu64 " elements, needs element %" PRIu64,
                          length, position);
  }
  if (is_packed(value)) {
    return apo_json_fault_at(at, position, err, APO_ERR_FORMAT, "%s, needs another kind",
                             kind_text(apo_json_kind_at(at, position)));
  }
  *out = child(at, position);
  return APO_OK;
}

/* --- values ----------------------------------------------------------------------------------- */

static apo_json_figure figure_of(const apo_json_value *value) {
  if (value->element == 'L') {
    return (apo_json_figure){true, value->as.integer, (double)value->as.integer};
  }
  return (apo_json_figure){false, 0, value->as.number};
}

// 2^63 is a double, INT64_MAX is not.
static bool as_integer(apo_json_figure figure, int64_t min, int64_t max, int64_t *out) {
  if (!figure.is_integer) {
    const bool is_whole =
        figure.real >= -0x1p63 && figure.real < 0x1p63 && trunc(figure.real) == figure.real;
    if (!is_whole) return false;
    figure.integer = (int64_t)figure.real;
  }
  *out = figure.integer;
  return figure.integer >= min && figure.integer <= max;
}

apo_status apo_json_number(apo_json_at at, double *out, apo_error *err) {
  APO_TRY(apo_json_need(at, APO_JSON_NUMBER, err));
  *out = figure_of(value_of(at)).real;
  return APO_OK;
}

apo_status apo_json_integer(
    apo_json_at at, int64_t min, int64_t max, int64_t *out, apo_error *err) {
  APO_TRY(apo_json_need(at, APO_JSON_NUMBER, err));
  const apo_json_figure figure = figure_of(value_of(at));
  if (as_integer(figure, min, max, out)) return APO_OK;
  return apo_json_fault(at, err, APO_ERR_FORMAT,
                        "%.17g, needs a whole number from %" PRId64 " to %" PRId64, figure.real,
                        min, max);
}

apo_status apo_json_boolean(apo_json_at at, bool *out, apo_error *err) {
  APO_TRY(apo_json_need(at, APO_JSON_BOOLEAN, err));
  *out = value_of(at)->as.integer != 0;
  return APO_OK;
}

apo_status apo_json_text(apo_json_at at, apo_json_chars *out, apo_error *err) {
  APO_TRY(apo_json_need(at, APO_JSON_TEXT, err));
  *out = apo_json_chars_of(at.json, value_of(at)->as.text);
  return APO_OK;
}

bool apo_json_chars_are(apo_json_chars chars, const char *expected) {
  return compare_key(chars, expected, strlen(expected)) == 0;
}

bool apo_json_text_is(apo_json_at at, const char *expected) {
  const apo_json_value *value = value_of(at);
  if (value->kind != APO_JSON_TEXT) return false;
  return apo_json_chars_are(apo_json_chars_of(at.json, value->as.text), expected);
}

/* --- elements --------------------------------------------------------------------------------- */

apo_status apo_json_need_length(apo_json_at array, uint64_t length, apo_error *err) {
  APO_TRY(apo_json_need(array, APO_JSON_ARRAY, err));
  const uint64_t found = apo_json_length(array);
  if (found == length) return APO_OK;
  return apo_json_fault(array, err, APO_ERR_FORMAT, "%" PRIu64 " elements, needs %" PRIu64, found,
                        length);
}

static apo_status need_element(apo_json_at array,
                               uint64_t position,
                               apo_json_kind kind,
                               apo_error *err) {
  APO_TRY(apo_json_need(array, APO_JSON_ARRAY, err));
  const uint64_t length = apo_json_length(array);
  if (position >= length) {
    return apo_json_fault(array, err, APO_ERR_FORMAT,
                          "%" PRIu64 " elements, needs element %" PRIu64, length, position);
  }
  const apo_json_kind found = apo_json_kind_at(array, position);
  if (found == kind) return APO_OK;
  return apo_json_fault_at(array, position, err, APO_ERR_FORMAT, "%s, needs %s", kind_text(found),
                           kind_text(kind));
}

static apo_json_figure figure_at(apo_json_at array, uint64_t position) {
  const apo_json_value *value = value_of(array);
  if (!is_packed(value)) return figure_of(value_of(child(array, position)));
  const uint8_t *begin = array.json->elements + pack_of(array)->begin;
  return apo_element_load(value->element, begin + position * apo_element_bytes(value->element));
}

/** True for a number of a packed array, which is nearly every number of a model. */
static bool find_packed(apo_json_at array, uint64_t position, apo_json_figure *out) {
  const apo_json_value *value = value_of(array);
  if (!is_packed(value) || value->element == APO_ELEMENT_FLAG) return false;
  if (position >= pack_of(array)->n) return false;
  *out = figure_at(array, position);
  return true;
}

apo_status apo_json_number_at(apo_json_at array, uint64_t position, double *out, apo_error *err) {
  apo_json_figure figure;
  if (!find_packed(array, position, &figure)) {
    APO_TRY(need_element(array, position, APO_JSON_NUMBER, err));
    figure = figure_at(array, position);
  }
  *out = figure.real;
  return APO_OK;
}

apo_status apo_json_integer_at(
    apo_json_at array, uint64_t position, int64_t min, int64_t max, int64_t *out, apo_error *err) {
  apo_json_figure figure;
  if (!find_packed(array, position, &figure)) {
    APO_TRY(need_element(array, position, APO_JSON_NUMBER, err));
    figure = figure_at(array, position);
  }
  if (as_integer(figure, min, max, out)) return APO_OK;
  return apo_json_fault_at(array, position, err, APO_ERR_FORMAT,
                           "%.17g, needs a whole number from %" PRId64 " to %" PRId64, figure.real,
                           min, max);
}

apo_status apo_json_flag_at(apo_json_at array, uint64_t position, bool *out, apo_error *err) {
  int64_t number = 0;
  if (apo_json_kind_at(array, position) == APO_JSON_BOOLEAN) {
    number = is_packed(value_of(array)) ? figure_at(array, position).integer
                                        : value_of(child(array, position))->as.integer;
  } else {
    APO_TRY(apo_json_integer_at(array, position, 0, 1, &number, err));
  }
  *out = number != 0;
  return APO_OK;
}

apo_status apo_json_text_at(apo_json_at array,
                            uint64_t position,
                            apo_json_chars *out,
                            apo_error *err) {
  APO_TRY(need_element(array, position, APO_JSON_TEXT, err));
  return apo_json_text(child(array, position), out, err);
}
