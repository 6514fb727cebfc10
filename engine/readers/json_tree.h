/* json_tree.h - how a document lies in memory.
 *
 * A value takes 16 bytes.  The children of an array or object lie side by side, those of an object
 * sorted by key; a block of children is complete before the value that owns it is placed, so an
 * owner comes after what it owns and the document itself is last:
 *
 *     {"a": {"x": 1, "y": 2}, "b": 3}       values   x:1  y:2 | a:{0, 2}  b:3 | {2, 2}
 *                                                    0    1     2         3     4
 *
 * Nothing points upwards.  Who owns a value is asked only to name the place of a fault, and then one
 * look at all the values behind it tells.
 *
 *   keys      each different key once, sorted; a value has the number of its key
 *   packs     packed arrays: where their elements begin, and how many they are
 *   elements  of packed arrays: a block of our own for JSON text, the bytes themselves for UBJSON
 *   texts     in the bytes, or in `unescaped` when the bytes had escapes
 */
#ifndef APO_ENGINE_READERS_JSON_TREE_H
#define APO_ENGINE_READERS_JSON_TREE_H

#include "engine/readers/json.h"
#include "engine/readers/json_element.h"

#define APO_JSON_NO_KEY         UINT32_MAX
#define APO_JSON_MAX_TEXT_BYTES ((size_t)16 << 20)

/** Where a text is, in one word: its length, whether it was unescaped, and its first byte. */
typedef uint64_t apo_json_text_ref;

enum { APO_TEXT_LENGTH_BITS = 25, APO_TEXT_BEGIN_BITS = 38 };

static inline apo_json_text_ref apo_text_ref(size_t begin, size_t n_bytes, bool is_unescaped) {
  return (uint64_t)n_bytes | (uint64_t)begin << APO_TEXT_LENGTH_BITS |
         (uint64_t)is_unescaped << (APO_TEXT_LENGTH_BITS + APO_TEXT_BEGIN_BITS);
}

typedef struct apo_json_value {
  union {
    double number;          /* a number whose element is 'D' */
    int64_t integer;        /* a number whose element is 'L'; a boolean */
    apo_json_text_ref text; /* a text */
    uint64_t pack;          /* a packed array: its number */
    struct {
      uint32_t begin; /* into values */
      uint32_t n;
    } children; /* an object, any other array */
  } as;
  uint32_t key; /* into keys, or APO_JSON_NO_KEY */
  uint8_t kind; /* apo_json_kind */
  uint8_t element;
} apo_json_value;

typedef struct apo_json_pack {
  uint64_t begin; /* into elements, in bytes */
  uint64_t n;
} apo_json_pack;

struct apo_json {
  apo_json_value *values; /* the last is the document */
  uint32_t n_values;
  apo_json_text_ref *keys;
  uint32_t n_keys;
  apo_json_pack *packs;
  uint64_t n_packs;
  const uint8_t *elements; /* owned_elements, or bytes */
  uint8_t *owned_elements;
  char *unescaped;
  const uint8_t *bytes; /* of the file; borrowed */
};

static inline apo_json_chars apo_json_chars_of(const apo_json *json, apo_json_text_ref text) {
  const uint64_t rest = text >> APO_TEXT_LENGTH_BITS;
  const uint64_t begin = rest & ((UINT64_C(1) << APO_TEXT_BEGIN_BITS) - 1);
  const size_t n_bytes = (size_t)(text & ((UINT64_C(1) << APO_TEXT_LENGTH_BITS) - 1));
  const bool is_unescaped = rest >> APO_TEXT_BEGIN_BITS != 0;
  const char *all = is_unescaped ? json->unescaped : (const char *)json->bytes;
  return (apo_json_chars){all + begin, n_bytes};
}

static inline bool apo_json_has_children(const apo_json_value *value) {
  return value->kind == APO_JSON_OBJECT ||
         (value->kind == APO_JSON_ARRAY && value->element == APO_ELEMENT_NONE);
}

/** Sort keys and members.  Fails: APO_ERR_FORMAT  a key occurs twice; APO_ERR_MEMORY. */
APO_NODISCARD apo_status apo_json_sort(apo_json *json, apo_error *err);

#endif
