/* json_cursor.h - a place in JSON text; shared by the files that parse it. */
#ifndef APO_ENGINE_READERS_JSON_CURSOR_H
#define APO_ENGINE_READERS_JSON_CURSOR_H

#include "engine/readers/json_maker.h"

typedef struct apo_json_cursor {
  const uint8_t *begin;
  const uint8_t *at;
  const uint8_t *end;
} apo_json_cursor;

static inline int apo_cursor_peek(const apo_json_cursor *cursor) {
  return cursor->at < cursor->end ? *cursor->at : -1;
}

static inline bool apo_cursor_take(apo_json_cursor *cursor, char c) {
  if (apo_cursor_peek(cursor) != (unsigned char)c) return false;
  ++cursor->at;
  return true;
}

static inline void apo_cursor_skip_space(apo_json_cursor *cursor) {
  while (
      cursor->at < cursor->end && *cursor->at <= ' ' &&
      (*cursor->at == ' ' || *cursor->at == '\t' || *cursor->at == '\n' || *cursor->at == '\r')) {
    ++cursor->at;
  }
}

/** Fail with the byte that is here, and what was needed. */
apo_status apo_cursor_fault(const apo_json_cursor *cursor, apo_error *err, const char *needed);

/** Take a string, quotes and all; with escapes its characters go to the maker's block. */
APO_NODISCARD apo_status apo_cursor_string(apo_json_cursor *cursor,
                                           apo_json_maker *maker,
                                           apo_json_text_ref *out,
                                           apo_error *err);

#endif
