/* json_pack.h - an array of numbers under construction, in elements as small as they can be.
 *
 * The array starts with the smallest type.  A number that does not fit makes all of it wider, in
 * place and from the last element to the first; there are six types, so that happens five times at
 * most and the work stays linear.  What is packed so is what was read, to the bit.
 */
#ifndef APO_ENGINE_READERS_JSON_PACK_H
#define APO_ENGINE_READERS_JSON_PACK_H

#include "engine/core/number.h"
#include "engine/readers/json_maker.h"

typedef struct apo_packer {
  apo_json_maker *maker;
  uint64_t begin; /* into elements */
  uint64_t n;
  uint8_t element;
} apo_packer;

/** An array behind the elements that are there; until it ends nothing else may add elements. */
apo_packer apo_packer_start(apo_json_maker *maker);

APO_NODISCARD apo_status apo_packer_add(apo_packer *packer, apo_number number, apo_error *err);
APO_NODISCARD apo_status apo_packer_add_flag(apo_packer *packer, bool flag, apo_error *err);

/** End it: the array waits as one value. */
APO_NODISCARD apo_status apo_packer_close(const apo_packer *packer, uint32_t key, apo_error *err);

/** It was no packed array: its elements wait as values of their own. */
APO_NODISCARD apo_status apo_packer_spill(const apo_packer *packer, apo_error *err);

#endif
