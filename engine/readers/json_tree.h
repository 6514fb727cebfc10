/* json_tree.h - how a document lies in memory, and how the two parsers fill it.
 *
 * A parser walks its input twice with the same code.  The first time `maker.json` is NULL and only
 * counts grow; then everything is allocated at its exact size, and the second walk fills it.  So a
 * document costs at most 44 bytes for a value that took one byte, whatever the input claims.
 *
 *   values     in the order of the walk, each with its parent and its position there
 *   children   for each array and object its values: by position, or sorted by key
 *   keys       of members; numbers: packed arrays of JSON text; texts: unescaped JSON strings
 */
#ifndef APO_ENGINE_READERS_JSON_TREE_H
#define APO_ENGINE_READERS_JSON_TREE_H

#include "engine/readers/json.h"

/** Elements of a packed array: the markers of UBJSON, and two of our own. */
enum {
  APO_ELEMENT_NONE = 0,
  APO_ELEMENT_NATIVE = 'n', /* double, of this machine */
  APO_ELEMENT_FLAG = 'b'    /* one byte, 0 or 1: a boolean */
};

#define APO_JSON_NO_KEY         UINT32_MAX
#define APO_JSON_NO_PARENT      UINT32_MAX
#define APO_JSON_MAX_TEXT_BYTES ((size_t)16 << 20)

typedef struct apo_json_value {
  const void *data; /* characters of a text, elements of a packed array */
  union {
    double number;
    int64_t integer;
    uint64_t n; /* characters, elements, members */
  } as;
  uint32_t parent;
  uint32_t position;    /* in the parent */
  uint32_t child_begin; /* into children */
  uint32_t key;         /* into keys, or APO_JSON_NO_KEY */
  uint8_t kind;         /* apo_json_kind */
  uint8_t element;      /* packed array: of what; number: 'L' when it is as.integer, else 'D' */
} apo_json_value;

struct apo_json {
  apo_json_value *values; /* values[0] is the document */
  uint32_t n_values;
  uint32_t *children; /* [n_values]; the last is spare */
  apo_json_chars *keys;
  double *numbers;
  char *texts;
};

typedef struct apo_json_maker {
  apo_json *json; /* NULL while counting */
  uint64_t n_values;
  uint64_t n_keys;
  uint64_t n_numbers; /* elements of `numbers` used */
  uint64_t n_text_bytes;
  apo_json_value ignored; /* what a counting walk writes to */
} apo_json_maker;

/** Add a value under `parent`; its index is maker->n_values before the call. */
apo_json_value *apo_json_add(apo_json_maker *maker,
                             uint32_t parent,
                             const apo_json_chars *key,
                             apo_json_kind kind);

/** After the counting walk: allocate, and start the filling one. */
APO_NODISCARD apo_status apo_json_fill(apo_json_maker *maker, apo_error *err);

/** After the filling walk: link children and refuse keys that occur twice.
 *
 * Owns:    on success `*out` holds the document and maker->json is NULL; on failure nothing moves.
 */
APO_NODISCARD apo_status apo_json_finish(apo_json_maker *maker, apo_json **out, apo_error *err);

/** Bytes of one element of a packed array; 0 for what is no marker of a number. */
size_t apo_element_bytes(uint8_t element);

typedef struct apo_json_figure {
  bool is_integer;
  int64_t integer;
  double real; /* always set; rounded when the integer passes 2^53 */
} apo_json_figure;

/** Element at `at`, of a type for which apo_element_bytes is not 0. */
apo_json_figure apo_element_load(uint8_t element, const uint8_t *at);

/** Check JSON text and replace, in place, the words that cJSON does not know.
 *
 * NaN becomes the one-character string 0xFF, which no UTF-8 text can hold; Infinity becomes 1e999,
 * which every strtod rounds to infinity.  What passes, cJSON parses, unless memory runs out.
 */
APO_NODISCARD apo_status apo_json_scan(char *text, size_t n_bytes, apo_error *err);

#endif
