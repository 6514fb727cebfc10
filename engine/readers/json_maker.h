/* json_maker.h - how the two parsers fill a document.
 *
 * A parser states values in the order of the file.  A value waits on a stack until the array or
 * object around it ends; then all that wait since it began are placed side by side, and what is left
 * on the stack is the one value that owns them.  Every array grows by half, so the parser walks the
 * input once and knows no sizes before.
 */
#ifndef APO_ENGINE_READERS_JSON_MAKER_H
#define APO_ENGINE_READERS_JSON_MAKER_H

#include "engine/readers/json_tree.h"

enum { APO_KEY_SLOTS = 512 };

typedef struct apo_json_maker {
  apo_json *json;
  apo_json_value *waiting;
  uint64_t n_waiting;
  uint64_t waiting_capacity;
  uint64_t value_capacity;
  uint64_t key_capacity;
  uint64_t pack_capacity;
  uint64_t n_element_bytes;
  uint64_t element_capacity;
  uint64_t n_unescaped;
  uint64_t unescaped_capacity;
  uint32_t key_slots[APO_KEY_SLOTS]; /* key + 1; where a key that came before may be found */
} apo_json_maker;

/** Start a document over `bytes`.  Fails: APO_ERR_MEMORY; APO_ERR_LIMIT  2^38 bytes or more. */
APO_NODISCARD apo_status apo_maker_start(apo_json_maker *maker, apo_bytes bytes, apo_error *err);
/** Free what a maker holds; accepts one that has finished, and one that was never started. */
void apo_maker_stop(apo_json_maker *maker);

/** The number of a key; mostly the same for the same text (apo_json_sort makes it so). */
APO_NODISCARD apo_status apo_maker_key(apo_json_maker *maker,
                                       apo_json_text_ref text,
                                       uint32_t *out,
                                       apo_error *err);

/** Add a value.  Fails: APO_ERR_MEMORY; APO_ERR_LIMIT  2^32 values. */
APO_NODISCARD apo_status apo_maker_add(apo_json_maker *maker, apo_json_value value, apo_error *err);

/** End an array or object: what waits from `begin` on is its children. */
APO_NODISCARD apo_status apo_maker_close(apo_json_maker *maker,
                                         uint64_t begin,
                                         apo_json_value owner,
                                         apo_error *err);

/** Add a packed array whose elements begin at byte `begin` of json->elements. */
APO_NODISCARD apo_status apo_maker_add_pack(
    apo_json_maker *maker, uint32_t key, uint8_t element, apo_json_pack pack, apo_error *err);

/** Make room for `n_bytes` behind the n_element_bytes that are used. */
APO_NODISCARD apo_status apo_maker_room(apo_json_maker *maker, uint64_t n_bytes, apo_error *err);

/** Room for an unescaped text of at most `n_bytes`; the caller adds to n_unescaped what it used. */
APO_NODISCARD apo_status apo_maker_text_room(apo_json_maker *maker,
                                             size_t n_bytes,
                                             char **out,
                                             apo_error *err);

/** End the document: one value waits.
 *
 * Owns:    on success `*out` holds the document; on failure nothing moves.
 * Fails:   APO_ERR_FORMAT  a key occurs twice in one object
 *          APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_maker_finish(apo_json_maker *maker, apo_json **out, apo_error *err);

#endif
