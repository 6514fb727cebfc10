/* json.h - a read-only document: JSON text and UBJSON bytes behind one set of questions.
 *
 * A document is a tree of values.  A place in it is a small struct that is passed by value; every
 * question that can be answered wrongly takes `err` and names the place the way people write it:
 * `learner.gradient_booster.model.trees[3].split_indices[17]: ...`.  An array of nothing but
 * numbers, or of nothing but booleans, is packed: it has no places of its own inside, and is asked
 * by position (apo_json_number_at).  Numbers of JSON text are doubles; packed, they take 1, 2, 4 or
 * 8 bytes each, whatever holds all of their array exactly.  Typed arrays of UBJSON stay where they
 * are in the bytes.  json_tree.h has the layout and what it costs.
 *
 * What is refused before any question can be asked: nesting above APO_JSON_MAX_DEPTH, a NUL, bytes
 * that are not UTF-8, a key that occurs twice in one object, bytes after the document, lengths that
 * the remaining bytes cannot hold.  A byte order mark is skipped.  The bare words NaN, Infinity and
 * -Infinity, which XGBoost writes, are numbers.
 */
#ifndef APO_ENGINE_READERS_JSON_H
#define APO_ENGINE_READERS_JSON_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/bytes.h"
#include "engine/core/error.h"

enum { APO_JSON_MAX_DEPTH = 64 };

/** A parsed document; owns the whole tree. */
typedef struct apo_json apo_json;

/** Parse JSON text.
 *
 * Owns:    texts without escapes point into `bytes`, which must live as long as the document.
 * Fails:   APO_ERR_FORMAT  with the byte of the fault, or the path of a key that occurs twice
 *          APO_ERR_LIMIT   2^32 values or more
 *          APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_json_parse(apo_bytes bytes, apo_json **out, apo_error *err);

/** Parse UBJSON as XGBoost writes it (engine/readers/xgboost_ubjson/README.md has the grammar).
 *
 * Owns:    typed arrays and texts point into `bytes`, which must live as long as the document.
 * Fails:   as apo_json_parse
 */
APO_NODISCARD apo_status apo_ubjson_parse(apo_bytes bytes, apo_json **out, apo_error *err);

void apo_json_destroy(apo_json **json);

typedef enum apo_json_kind {
  APO_JSON_NULL = 0,
  APO_JSON_BOOLEAN = 1,
  APO_JSON_NUMBER = 2,
  APO_JSON_TEXT = 3,
  APO_JSON_ARRAY = 4,
  APO_JSON_OBJECT = 5
} apo_json_kind;

/** A place in a document; valid as long as the document. */
typedef struct apo_json_at {
  const apo_json *json;
  uint32_t value;
} apo_json_at;

/** Borrowed text: UTF-8 without NUL inside, and NOT ended by one. */
typedef struct apo_json_chars {
  const char *at;
  size_t n_bytes;
} apo_json_chars;

apo_json_at apo_json_root(const apo_json *json);
apo_json_kind apo_json_kind_of(apo_json_at at);
/** The kind of element `position` of an array, packed or not; APO_JSON_NULL past its end. */
apo_json_kind apo_json_kind_at(apo_json_at array, uint64_t position);
/** Elements of an array, members of an object, else 0. */
uint64_t apo_json_length(apo_json_at at);

/* --- objects ---------------------------------------------------------------------------------- */

/** The member named `key`; false when there is none, or when `object` is no object. */
bool apo_json_find(apo_json_at object, const char *key, apo_json_at *out);

/** As apo_json_find, for a member that must be there.  Fails: APO_ERR_FORMAT  it is not. */
APO_NODISCARD apo_status apo_json_member(apo_json_at object,
                                         const char *key,
                                         apo_json_at *out,
                                         apo_error *err);

/** Element `position` of an array, or member `position` of an object in the order of its keys.
 *
 * Fails:   APO_ERR_FORMAT  there is no such position; the array is packed; it is no array or object
 */
APO_NODISCARD apo_status apo_json_item(apo_json_at at,
                                       uint64_t position,
                                       apo_json_at *out,
                                       apo_error *err);

/** The key of a member of an object; "" of anything else. */
apo_json_chars apo_json_key(apo_json_at member);

/* --- values ----------------------------------------------------------------------------------- */

/** Fails: APO_ERR_FORMAT  it is not of `kind`. */
APO_NODISCARD apo_status apo_json_need(apo_json_at at, apo_json_kind kind, apo_error *err);

/** A number; NaN and infinities are numbers.  Fails: APO_ERR_FORMAT  it is none. */
APO_NODISCARD apo_status apo_json_number(apo_json_at at, double *out, apo_error *err);

/** A whole number in [min, max].  Fails: APO_ERR_FORMAT  it is none, or outside. */
APO_NODISCARD apo_status
apo_json_integer(apo_json_at at, int64_t min, int64_t max, int64_t *out, apo_error *err);

/** true or false.  Fails: APO_ERR_FORMAT  it is neither. */
APO_NODISCARD apo_status apo_json_boolean(apo_json_at at, bool *out, apo_error *err);

/** A text.  Fails: APO_ERR_FORMAT  it is none. */
APO_NODISCARD apo_status apo_json_text(apo_json_at at, apo_json_chars *out, apo_error *err);

/** True when `at` is a text of exactly these characters. */
bool apo_json_text_is(apo_json_at at, const char *expected);
/** The same question to borrowed text. */
bool apo_json_chars_are(apo_json_chars chars, const char *expected);

/* --- elements of arrays, packed or not -------------------------------------------------------- */

/** Fails: APO_ERR_FORMAT  `array` is no array, or holds not exactly `length` elements. */
APO_NODISCARD apo_status apo_json_need_length(apo_json_at array, uint64_t length, apo_error *err);

APO_NODISCARD apo_status apo_json_number_at(apo_json_at array,
                                            uint64_t position,
                                            double *out,
                                            apo_error *err);
APO_NODISCARD apo_status apo_json_integer_at(
    apo_json_at array, uint64_t position, int64_t min, int64_t max, int64_t *out, apo_error *err);
/** A flag: true or false, or the number 1 or 0. */
APO_NODISCARD apo_status apo_json_flag_at(apo_json_at array,
                                          uint64_t position,
                                          bool *out,
                                          apo_error *err);
APO_NODISCARD apo_status apo_json_text_at(apo_json_at array,
                                          uint64_t position,
                                          apo_json_chars *out,
                                          apo_error *err);

/* --- saying where ----------------------------------------------------------------------------- */

/** Fail with "PATH: message".  The path of the whole document is "document". */
apo_status apo_json_fault(
    apo_json_at at, apo_error *err, apo_status status, const char *format, ...) APO_PRINTF(4, 5);

/** Fail with "PATH[position]: message", for an element of an array. */
apo_status apo_json_fault_at(apo_json_at array,
                             uint64_t position,
                             apo_error *err,
                             apo_status status,
                             const char *format,
                             ...) APO_PRINTF(5, 6);

/** Write the path, escaped and cut to fit; always ends in NUL. */
void apo_json_path(apo_json_at at, char *out, size_t n_bytes);

/** Text of a file made fit for a message: printable ASCII, escaped, cut to 64 bytes. */
typedef struct apo_json_shown {
  char text[272];
} apo_json_shown;

apo_json_shown apo_json_show(apo_json_chars chars);

/* --- recognising ------------------------------------------------------------------------------ */

/** Which model format a JSON text is of, by the first key of the outermost object that tells. */
typedef enum apo_json_dialect {
  APO_DIALECT_NONE = 0,
  APO_DIALECT_XGBOOST = 1,       /* "learner" */
  APO_DIALECT_NEUTRAL = 2,       /* "format" */
  APO_DIALECT_CATBOOST = 3,      /* "oblivious_trees", "features_info" */
  APO_DIALECT_LIGHTGBM_DUMP = 4, /* "tree_info", "pandas_categorical", "max_feature_idx" */
  APO_DIALECT_XGBOOST_DUMP = 5   /* "nodeid", in the first object of an array; "Config" */
} apo_json_dialect;

/** Look at JSON text that may be cut or broken.  One pass at most, nothing is allocated. */
apo_json_dialect apo_json_sniff(apo_bytes bytes);

#endif
