#include "engine/readers/json_pack.h"

#include <float.h>
#include <math.h>

/* From small to large.  A type that comes later need not hold what an earlier one does. */
static const uint8_t types[] = {APO_ELEMENT_I8,  APO_ELEMENT_U8,  APO_ELEMENT_I16,
                                APO_ELEMENT_I32, APO_ELEMENT_F32, APO_ELEMENT_F64};

enum { N_TYPES = sizeof types / sizeof types[0], WIDEST = 8 };

apo_packer apo_packer_start(apo_json_maker *maker) {
  return (apo_packer){
      .maker = maker, .begin = maker->n_element_bytes, .n = 0, .element = APO_ELEMENT_I8};
}

/** The number as an integer, if it is one of 32 bits and not -0.0. */
static bool find_integer(apo_number *number) {
  if (number->is_integer) return true;
  if (!(number->real >= INT32_MIN && number->real <= INT32_MAX)) return false;
  number->integer = (int32_t)number->real;
  number->is_integer =
      (double)number->integer == number->real && !(number->integer == 0 && signbit(number->real));
  return number->is_integer;
}

static bool fits_float(double real) {
  if (!(fabs(real) <= (double)FLT_MAX)) return !isfinite(real);
  return (double)(float)real == real;
}

static bool fits(uint8_t element, apo_number number) {
  switch (element) {
    case APO_ELEMENT_F64: return true;
    case APO_ELEMENT_F32: return fits_float(number.real);
    default: break;
  }
  if (!find_integer(&number)) return false;
  switch (element) {
    case APO_ELEMENT_I8: return number.integer >= INT8_MIN && number.integer <= INT8_MAX;
    case APO_ELEMENT_U8: return number.integer >= 0 && number.integer <= UINT8_MAX;
    case APO_ELEMENT_I16: return number.integer >= INT16_MIN && number.integer <= INT16_MAX;
    default: return true;
  }
}

static const uint8_t *element_at(const apo_packer *packer, uint64_t position) {
  const uint64_t offset = position * apo_element_bytes(packer->element);
  return packer->maker->json->elements + packer->begin + offset;
}

static apo_number number_at(const apo_packer *packer, uint64_t position) {
  const apo_json_figure figure = apo_element_load(packer->element, element_at(packer, position));
  return (apo_number){.real = figure.real};
}

static bool all_fit(const apo_packer *packer, uint8_t element) {
  for (uint64_t i = 0; i < packer->n; ++i) {
    if (!fits(element, number_at(packer, i))) return false;
  }
  return true;
}

/** Go on with the smallest type that holds `number` and all before it. */
static apo_status widen(apo_packer *packer, apo_number number, apo_error *err) {
  size_t type = 0;
  while (types[type] != packer->element) ++type;
  // The last type holds everything.
  do {
    ++type;
  } while (type < N_TYPES - 1 && !(fits(types[type], number) && all_fit(packer, types[type])));
  const uint8_t element = types[type];
  const size_t n_bytes = apo_element_bytes(element);
  packer->maker->n_element_bytes = packer->begin;
  APO_TRY(apo_maker_room(packer->maker, (packer->n + 1) * n_bytes, err));
  uint8_t *out = packer->maker->json->owned_elements + packer->begin;
  for (uint64_t i = packer->n; i-- > 0;) {
    apo_element_store(element, out + i * n_bytes, number_at(packer, i).real);
  }
  packer->element = element;
  packer->maker->n_element_bytes = packer->begin + packer->n * n_bytes;
  return APO_OK;
}

apo_status apo_packer_add(apo_packer *packer, apo_number number, apo_error *err) {
  apo_json_maker *maker = packer->maker;
  if (!fits(packer->element, number)) APO_TRY(widen(packer, number, err));
  if (maker->element_capacity - maker->n_element_bytes < WIDEST) {
    APO_TRY(apo_maker_room(maker, WIDEST, err));
  }
  apo_element_store(packer->element, maker->json->owned_elements + maker->n_element_bytes,
                    number.real);
  maker->n_element_bytes += apo_element_bytes(packer->element);
  ++packer->n;
  return APO_OK;
}

apo_status apo_packer_add_flag(apo_packer *packer, bool flag, apo_error *err) {
  apo_json_maker *maker = packer->maker;
  packer->element = APO_ELEMENT_FLAG;
  APO_TRY(apo_maker_room(maker, 1, err));
  maker->json->owned_elements[maker->n_element_bytes++] = flag ? 1 : 0;
  ++packer->n;
  return APO_OK;
}

apo_status apo_packer_close(const apo_packer *packer, uint32_t key, apo_error *err) {
  const apo_json_pack pack = {packer->begin, packer->n};
  return apo_maker_add_pack(packer->maker, key, packer->element, pack, err);
}

apo_status apo_packer_spill(const apo_packer *packer, apo_error *err) {
  for (uint64_t i = 0; i < packer->n; ++i) {
    apo_json_value value = {.key = APO_JSON_NO_KEY, .kind = APO_JSON_NUMBER, .element = 'D'};
    const apo_json_figure figure = apo_element_load(packer->element, element_at(packer, i));
    if (packer->element == APO_ELEMENT_FLAG) {
      value.kind = APO_JSON_BOOLEAN;
      value.element = APO_ELEMENT_NONE;
      value.as.integer = figure.integer;
    } else {
      value.as.number = figure.real;
    }
    APO_TRY(apo_maker_add(packer->maker, value, err));
  }
  packer->maker->n_element_bytes = packer->begin;
  return APO_OK;
}
