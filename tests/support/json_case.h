/* json_case.h - what the tests of both JSON encodings share. */
#ifndef APO_TESTS_SUPPORT_JSON_CASE_H
#define APO_TESTS_SUPPORT_JSON_CASE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/readers/json.h"
#include "tests/support/apo_test.h"

/** The value of a member that is there. */
static inline apo_json_at json_member(apo_json_at at, const char *key) {
  apo_error err;
  apo_json_at out;
  assert_ok(apo_json_member(at, key, &out, &err), &err);
  return out;
}

typedef apo_status json_parser(apo_bytes bytes, apo_json **out, apo_error *err);

/** `parse` refuses the bytes with `status`, and its message holds `words`. */
static inline void assert_json_refused(
    json_parser *parse, const void *bytes, size_t n_bytes, apo_status status, const char *words) {
  apo_error err;
  apo_json *json = NULL;
  // A copy of the exact size, so that a sanitizer sees one byte too many.
  uint8_t *copy = malloc(n_bytes > 0 ? n_bytes : 1);
  assert_non_null(copy);
  if (n_bytes > 0) memcpy(copy, bytes, n_bytes);
  const apo_status found = parse((apo_bytes){copy, n_bytes}, &json, &err);
  free(copy);
  assert_fails(found, status, &err, words);
  assert_null(json);
}

#endif
