/* json_text.c - JSON text to a document: check, let cJSON parse, flatten, forget cJSON's tree.
 *
 * cJSON spends 64 bytes and a linked list on every number, so its tree is only a station: arrays of
 * numbers become arrays of doubles, strings one block.  The order is a loop over an explicit stack,
 * as deep as the scan allowed.
 */
#include <cjson/cJSON.h>
#include <math.h>

#include "engine/core/memory.h"
#include "engine/readers/json_tree.h"

/** What json_scan.c made of the bare word NaN. */
static bool is_nan_word(const cJSON *item) {
  return cJSON_IsString(item) && (unsigned char)item->valuestring[0] == 0xff;
}

static bool is_number(const cJSON *item) {
  return cJSON_IsNumber(item) || is_nan_word(item);
}

static double number_of(const cJSON *item) {
  return is_nan_word(item) ? (double)NAN : item->valuedouble;
}

/** What an array is made of, when it is one kind throughout: an element, else NONE. */
static uint8_t element_of(const cJSON *array) {
  const cJSON *item = array->child;
  bool all_numbers = item != NULL;
  bool all_flags = item != NULL;
  for (; item != NULL && (all_numbers || all_flags); item = item->next) {
    all_numbers = all_numbers && is_number(item);
    all_flags = all_flags && cJSON_IsBool(item);
  }
  if (all_numbers) return APO_ELEMENT_NATIVE;
  return all_flags ? APO_ELEMENT_FLAG : APO_ELEMENT_NONE;
}

/** Room for `n_bytes` of text, or NULL while counting. */
static char *take_text(apo_json_maker *maker, size_t n_bytes) {
  char *at = maker->json != NULL ? maker->json->texts + maker->n_text_bytes : NULL;
  maker->n_text_bytes += n_bytes;
  return at;
}

static apo_json_chars copy_text(apo_json_maker *maker, const char *text) {
  const size_t n_bytes = strlen(text);
  char *at = take_text(maker, n_bytes);
  if (at != NULL) memcpy(at, text, n_bytes);
  return (apo_json_chars){at, n_bytes};
}

static void pack_numbers(apo_json_maker *maker, const cJSON *array, apo_json_value *value) {
  double *numbers = maker->json != NULL ? maker->json->numbers + maker->n_numbers : NULL;
  uint64_t n = 0;
  for (const cJSON *item = array->child; item != NULL; item = item->next, ++n) {
    if (numbers != NULL) numbers[n] = number_of(item);
  }
  maker->n_numbers += n;
  value->data = numbers;
  value->as.n = n;
}

static void pack_flags(apo_json_maker *maker, const cJSON *array, apo_json_value *value) {
  const size_t n = (size_t)cJSON_GetArraySize(array);
  char *flags = take_text(maker, n);
  size_t at = 0;
  for (const cJSON *item = array->child; item != NULL && flags != NULL; item = item->next) {
    flags[at++] = cJSON_IsTrue(item) ? 1 : 0;
  }
  value->data = flags;
  value->as.n = n;
}

/** Add one value; true when its children have to be added too. */
static bool add_value(apo_json_maker *maker, const cJSON *item, uint32_t parent, bool has_key) {
  apo_json_chars key = {NULL, 0};
  if (has_key) key = copy_text(maker, item->string);
  const bool is_array = cJSON_IsArray(item);
  const apo_json_kind kind = is_number(item)        ? APO_JSON_NUMBER
                             : cJSON_IsBool(item)   ? APO_JSON_BOOLEAN
                             : cJSON_IsString(item) ? APO_JSON_TEXT
                             : cJSON_IsObject(item) ? APO_JSON_OBJECT
                             : is_array             ? APO_JSON_ARRAY
                                                    : APO_JSON_NULL;
  apo_json_value *value = apo_json_add(maker, parent, has_key ? &key : NULL, kind);
  if (kind == APO_JSON_NUMBER) {
    value->element = 'D';
    value->as.number = number_of(item);
  } else if (kind == APO_JSON_BOOLEAN) {
    value->as.integer = cJSON_IsTrue(item);
  } else if (kind == APO_JSON_TEXT) {
    const apo_json_chars text = copy_text(maker, item->valuestring);
    value->data = text.at;
    value->as.n = text.n_bytes;
  } else if (is_array) {
    const uint8_t element = element_of(item);
    value->element = element;
    if (element == APO_ELEMENT_NATIVE) pack_numbers(maker, item, value);
    if (element == APO_ELEMENT_FLAG) pack_flags(maker, item, value);
    return element == APO_ELEMENT_NONE;
  }
  return kind == APO_JSON_OBJECT;
}

typedef struct level {
  const cJSON *next; /* the child to add next */
  uint32_t value;    /* the parent's index */
  bool is_object;
} level;

static void walk(const cJSON *root, apo_json_maker *maker) {
  level stack[APO_JSON_MAX_DEPTH];
  size_t n_stack = 0;
  const cJSON *item = root;
  uint32_t parent = APO_JSON_NO_PARENT;
  bool has_key = false;
  while (item != NULL) {
    const uint32_t index = (uint32_t)maker->n_values;
    if (add_value(maker, item, parent, has_key)) {
      stack[n_stack++] = (level){item->child, index, cJSON_IsObject(item)};
    }
    while (n_stack > 0 && stack[n_stack - 1].next == NULL) --n_stack;
    if (n_stack == 0) return;
    level *top = &stack[n_stack - 1];
    item = top->next;
    top->next = item->next;
    parent = top->value;
    has_key = top->is_object;
  }
}

static apo_status flatten(const cJSON *root, apo_json **out, apo_error *err) {
  apo_json_maker maker = {0};
  walk(root, &maker);
  APO_TRY(apo_json_fill(&maker, err));
  walk(root, &maker);
  const apo_status status = apo_json_finish(&maker, out, err);
  apo_json_destroy(&maker.json);
  return status;
}

apo_status apo_json_parse(apo_bytes bytes, apo_json **out, apo_error *err) {
  static const uint8_t mark[3] = {0xef, 0xbb, 0xbf};
  apo_status status = APO_OK;
  cJSON *root = NULL;
  *out = NULL;
  if (bytes.n_bytes >= sizeof mark && memcmp(bytes.at, mark, sizeof mark) == 0) {
    bytes.at += sizeof mark;
    bytes.n_bytes -= sizeof mark;
  }
  char *text = apo_alloc(bytes.n_bytes, 1);
  if (text == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "document: no memory for %zu bytes", bytes.n_bytes);
  }
  if (bytes.n_bytes > 0) memcpy(text, bytes.at, bytes.n_bytes);

  status = apo_json_scan(text, bytes.n_bytes, err);
  if (status != APO_OK) goto done;
  root = cJSON_ParseWithLength(text, bytes.n_bytes);
  if (root == NULL) {
    // The scan left nothing that cJSON could refuse.
    status = apo_fail(err, APO_ERR_MEMORY, "document: no memory for its values");
    goto done;
  }
  status = flatten(root, out, err);

done:
  cJSON_Delete(root);
  free(text);
  return status;
}
