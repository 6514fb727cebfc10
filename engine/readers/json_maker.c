#include "engine/readers/json_maker.h"

#include <inttypes.h>
#include <string.h>

#include "engine/core/memory.h"

enum { FIRST_CAPACITY = 32, KEY_PROBES = 4 };

static apo_status no_memory(apo_error *err, uint64_t n, const char *what) {
  return apo_fail(err, APO_ERR_MEMORY, "document: no memory for %" PRIu64 " %s", n, what);
}

/** A block with room for `n` elements, or NULL; grows by half, so that all growth is linear. */
static void *grow(void *block, uint64_t *capacity, uint64_t n, size_t element_bytes) {
  uint64_t wanted = *capacity + *capacity / 2;
  if (wanted < n) wanted = n;
  if (wanted < FIRST_CAPACITY) wanted = FIRST_CAPACITY;
  void *grown = wanted <= SIZE_MAX ? apo_resize(block, (size_t)wanted, element_bytes) : NULL;
  if (grown != NULL) *capacity = wanted;
  return grown;
}

apo_status apo_maker_start(apo_json_maker *maker, apo_bytes bytes, apo_error *err) {
  *maker = (apo_json_maker){.json = NULL};
  if (bytes.n_bytes >> APO_TEXT_BEGIN_BITS != 0) {
    return apo_fail(err, APO_ERR_LIMIT, "document: %zu bytes, at most 2^%d are read", bytes.n_bytes,
                    APO_TEXT_BEGIN_BITS);
  }
  maker->json = apo_alloc(1, sizeof *maker->json);
  if (maker->json == NULL) return no_memory(err, 1, "document");
  maker->json->bytes = bytes.at;
  maker->json->elements = bytes.at;
  return APO_OK;
}

void apo_maker_stop(apo_json_maker *maker) {
  apo_json_destroy(&maker->json);
  free(maker->waiting);
  maker->waiting = NULL;
}

/* --- keys ------------------------------------------------------------------------------------- */

// Places in a table of guesses, not of a hash table: whoever makes texts collide gets keys that are
// stored twice, and no slower search.
static size_t slot_of(apo_json_chars text) {
  uint64_t head = 0;
  uint64_t tail = 0;
  const size_t n = text.n_bytes < sizeof head ? text.n_bytes : sizeof head;
  if (n > 0) {
    memcpy(&head, text.at, n);
    memcpy(&tail, text.at + text.n_bytes - n, n);
  }
  const uint64_t mixed = (head ^ (tail << 23 | tail >> 41) ^ text.n_bytes) * 0x9e3779b97f4a7c15u;
  return (size_t)(mixed >> 40);
}

static bool is_same(apo_json_chars a, apo_json_chars b) {
  return a.n_bytes == b.n_bytes && (a.n_bytes == 0 || memcmp(a.at, b.at, a.n_bytes) == 0);
}

apo_status apo_maker_key(apo_json_maker *maker,
                         apo_json_text_ref text,
                         uint32_t *out,
                         apo_error *err) {
  apo_json *json = maker->json;
  const apo_json_chars chars = apo_json_chars_of(json, text);
  const size_t first = slot_of(chars);
  uint32_t *slot = &maker->key_slots[first % APO_KEY_SLOTS];
  for (size_t i = 0; i < KEY_PROBES; ++i) {
    uint32_t *probed = &maker->key_slots[(first + i) % APO_KEY_SLOTS];
    if (*probed == 0) {
      slot = probed;
      break;
    }
    *out = *probed - 1;
    if (is_same(chars, apo_json_chars_of(json, json->keys[*out]))) return APO_OK;
  }
  if (json->n_keys >= maker->key_capacity) {
    apo_json_text_ref *keys =
        grow(json->keys, &maker->key_capacity, (uint64_t)json->n_keys + 1, sizeof *keys);
    if (keys == NULL) return no_memory(err, json->n_keys, "keys");
    json->keys = keys;
  }
  *out = json->n_keys;
  json->keys[json->n_keys++] = text;
  *slot = json->n_keys;
  return APO_OK;
}

/* --- values ----------------------------------------------------------------------------------- */

apo_status apo_maker_add(apo_json_maker *maker, apo_json_value value, apo_error *err) {
  if (maker->n_waiting == maker->waiting_capacity) {
    apo_json_value *waiting =
        grow(maker->waiting, &maker->waiting_capacity, maker->n_waiting + 1, sizeof *waiting);
    if (waiting == NULL) return no_memory(err, maker->n_waiting, "values");
    maker->waiting = waiting;
  }
  // Keys are no more than values, so they are counted in 32 bits as well.
  if (maker->json->n_values + maker->n_waiting >= UINT32_MAX - 1) {
    return apo_fail(err, APO_ERR_LIMIT, "document: more than %u values", UINT32_MAX - 1);
  }
  maker->waiting[maker->n_waiting++] = value;
  return APO_OK;
}

/** Place what waits from `begin` on. */
static apo_status place(apo_json_maker *maker, uint64_t begin, apo_error *err) {
  apo_json *json = maker->json;
  const uint64_t n = maker->n_waiting - begin;
  if (json->n_values + n > maker->value_capacity) {
    apo_json_value *values =
        grow(json->values, &maker->value_capacity, json->n_values + n, sizeof *values);
    if (values == NULL) return no_memory(err, json->n_values + n, "values");
    json->values = values;
  }
  if (n > 0) {
    memcpy(json->values + json->n_values, maker->waiting + begin, (size_t)n * sizeof *json->values);
  }
  json->n_values += (uint32_t)n;
  maker->n_waiting = begin;
  return APO_OK;
}

apo_status apo_maker_close(apo_json_maker *maker,
                           uint64_t begin,
                           apo_json_value owner,
                           apo_error *err) {
  owner.as.children.begin = maker->json->n_values;
  owner.as.children.n = (uint32_t)(maker->n_waiting - begin);
  APO_TRY(place(maker, begin, err));
  return apo_maker_add(maker, owner, err);
}

apo_status apo_maker_add_pack(
    apo_json_maker *maker, uint32_t key, uint8_t element, apo_json_pack pack, apo_error *err) {
  apo_json *json = maker->json;
  if (json->n_packs == maker->pack_capacity) {
    apo_json_pack *packs =
        grow(json->packs, &maker->pack_capacity, json->n_packs + 1, sizeof *packs);
    if (packs == NULL) return no_memory(err, json->n_packs, "arrays");
    json->packs = packs;
  }
  const apo_json_value value = {
      .as.pack = json->n_packs, .key = key, .kind = APO_JSON_ARRAY, .element = element};
  json->packs[json->n_packs++] = pack;
  return apo_maker_add(maker, value, err);
}

/* --- elements and texts ----------------------------------------------------------------------- */

apo_status apo_maker_room(apo_json_maker *maker, uint64_t n_bytes, apo_error *err) {
  const uint64_t n = maker->n_element_bytes + n_bytes;
  if (n <= maker->element_capacity) return APO_OK;
  uint8_t *elements = grow(maker->json->owned_elements, &maker->element_capacity, n, 1);
  if (elements == NULL) return no_memory(err, n, "bytes of numbers");
  maker->json->owned_elements = elements;
  maker->json->elements = elements;
  return APO_OK;
}

apo_status apo_maker_text_room(apo_json_maker *maker, size_t n_bytes, char **out, apo_error *err) {
  const uint64_t n = maker->n_unescaped + n_bytes;
  if (n > maker->unescaped_capacity) {
    char *texts = grow(maker->json->unescaped, &maker->unescaped_capacity, n, 1);
    if (texts == NULL) return no_memory(err, n, "bytes of text");
    maker->json->unescaped = texts;
  }
  *out = maker->json->unescaped + maker->n_unescaped;
  return APO_OK;
}

/* --- finish ----------------------------------------------------------------------------------- */

/** Give back what is not used. */
static apo_status trim(apo_json_maker *maker, apo_error *err) {
  apo_json *json = maker->json;
  free(maker->waiting);
  maker->waiting = NULL;
  apo_json_value *values = apo_resize(json->values, json->n_values, sizeof *values);
  if (values != NULL) json->values = values;
  uint8_t *elements = json->owned_elements;
  if (elements != NULL) elements = apo_resize(elements, (size_t)maker->n_element_bytes, 1);
  if (elements != NULL) json->owned_elements = elements;
  if (elements != NULL) json->elements = elements;
  // Both are smaller than what there was, but a heap may refuse anything.
  const bool is_trimmed = values != NULL && (elements != NULL || json->owned_elements == NULL);
  return is_trimmed ? APO_OK : no_memory(err, json->n_values, "values");
}

apo_status apo_maker_finish(apo_json_maker *maker, apo_json **out, apo_error *err) {
  APO_TRY(place(maker, 0, err));
  APO_TRY(trim(maker, err));
  APO_TRY(apo_json_sort(maker->json, err));
  *out = maker->json;
  maker->json = NULL;
  return APO_OK;
}
