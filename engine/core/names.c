#include "engine/core/names.h"

#include <string.h>

#include "engine/core/memory.h"

enum { FIRST_CAPACITY = 16 };

// Well-formed: RFC 3629, so no surrogates, no longer form than needed, nothing above U+10FFFF.
size_t apo_utf8_character(const char *text, size_t n_left) {
  const unsigned char *at = (const unsigned char *)text;
  if (at[0] < 0x80) return at[0] != 0 ? 1 : 0;
  if (at[0] < 0xc2 || at[0] > 0xf4) return 0;
  const size_t n_bytes = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
  if (n_left < n_bytes) return 0;
  for (size_t i = 1; i < n_bytes; ++i) {
    if ((at[i] & 0xc0) != 0x80) return 0;
  }
  if (at[0] == 0xe0 && at[1] < 0xa0) return 0;
  if (at[0] == 0xed && at[1] > 0x9f) return 0;
  if (at[0] == 0xf0 && at[1] < 0x90) return 0;
  if (at[0] == 0xf4 && at[1] > 0x8f) return 0;
  return n_bytes;
}

bool apo_utf8_valid(const char *text, size_t n_bytes) {
  size_t n_done = 0;
  while (n_done < n_bytes) {
    const size_t n = apo_utf8_character(text + n_done, n_bytes - n_done);
    if (n == 0) return false;
    n_done += n;
  }
  return true;
}

static apo_status make_room(apo_names *names, apo_error *err) {
  if (names->n_names < names->capacity) return APO_OK;
  if (names->n_names > UINT32_MAX / 2) {
    return apo_fail(err, APO_ERR_LIMIT, "more than %u names", names->n_names);
  }
  const uint32_t capacity = names->capacity > 0 ? 2 * names->capacity : FIRST_CAPACITY;
  char **texts = apo_resize(names->texts, capacity, sizeof *texts);
  if (texts == NULL) return apo_fail(err, APO_ERR_MEMORY, "%u names", capacity);
  names->texts = texts;
  names->capacity = capacity;
  return APO_OK;
}

apo_status apo_names_add(apo_names *names, const char *text, size_t n_bytes, apo_error *err) {
  const uint32_t at = names->n_names;
  if (n_bytes > APO_MAX_NAME_BYTES) {
    return apo_fail(err, APO_ERR_LIMIT, "name %u: %zu bytes, at most %d", at, n_bytes,
                    APO_MAX_NAME_BYTES);
  }
  if (!apo_utf8_valid(text, n_bytes)) {
    return apo_fail(err, APO_ERR_FORMAT, "name %u: not UTF-8, or a NUL in it", at);
  }
  APO_TRY(make_room(names, err));
  char *copy = apo_alloc(n_bytes + 1, 1);
  if (copy == NULL) return apo_fail(err, APO_ERR_MEMORY, "name %u: %zu bytes", at, n_bytes + 1);
  if (n_bytes > 0) memcpy(copy, text, n_bytes);
  names->texts[names->n_names++] = copy;
  return APO_OK;
}

typedef struct place {
  const char *text;
  uint32_t at;
} place;

static int compare_places(const void *a, const void *b) {
  const place *left = a;
  const place *right = b;
  const int order = strcmp(left->text, right->text);
  if (order != 0) return order;
  return left->at < right->at ? -1 : left->at > right->at;
}

apo_status apo_names_check_unique(const apo_names *names, const char *what, apo_error *err) {
  if (names->n_names < 2) return APO_OK;
  apo_status status = APO_OK;
  place *places = apo_alloc(names->n_names, sizeof *places);
  if (places == NULL) return apo_fail(err, APO_ERR_MEMORY, "%u names", names->n_names);
  for (uint32_t at = 0; at < names->n_names; ++at) places[at] = (place){names->texts[at], at};
  qsort(places, names->n_names, sizeof *places, compare_places);
  for (uint32_t i = 1; i < names->n_names && status == APO_OK; ++i) {
    if (strcmp(places[i - 1].text, places[i].text) != 0) continue;
    status = apo_fail(err, APO_ERR_FORMAT, "%s %u and %s %u are both \"%.80s\"", what,
                      places[i - 1].at, what, places[i].at, places[i].text);
  }
  free(places);
  return status;
}

bool apo_names_find(const apo_names *names, const char *text, uint32_t *out) {
  for (uint32_t at = 0; at < names->n_names; ++at) {
    if (strcmp(names->texts[at], text) != 0) continue;
    *out = at;
    return true;
  }
  return false;
}

void apo_names_clear(apo_names *names) {
  for (uint32_t at = 0; at < names->n_names; ++at) free(names->texts[at]);
  free(names->texts);
  *names = (apo_names){0};
}
