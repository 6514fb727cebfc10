/* json_sniff.c - what kind of model a JSON text holds, from text that nobody has checked yet. */
#include <string.h>

#include "engine/readers/json.h"

static const struct {
  const char *key;
  apo_json_dialect dialect;
} telling[] = {
    {"learner", APO_DIALECT_XGBOOST},
    {"format", APO_DIALECT_NEUTRAL},
    {"oblivious_trees", APO_DIALECT_CATBOOST},
    {"features_info", APO_DIALECT_CATBOOST},
    {"ctr_data", APO_DIALECT_CATBOOST},
    {"tree_info", APO_DIALECT_LIGHTGBM_DUMP},
    {"pandas_categorical", APO_DIALECT_LIGHTGBM_DUMP},
    {"max_feature_idx", APO_DIALECT_LIGHTGBM_DUMP},
    {"nodeid", APO_DIALECT_XGBOOST_DUMP},
    {"Config", APO_DIALECT_XGBOOST_DUMP},
};

static bool is_space(uint8_t c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Outside of strings JSON has neither.  UBJSON, which starts with the same bracket, soon has one.
static bool is_foreign(uint8_t c) {
  return c >= 0x7f || (c < ' ' && !is_space(c));
}

static void skip_space(apo_bytes *rest) {
  while (rest->n_bytes > 0 && is_space(rest->at[0])) {
    ++rest->at;
    --rest->n_bytes;
  }
}

/** Skip a string whose quote was taken; its raw characters.  False when it does not end. */
static bool take_string(apo_bytes *rest, apo_json_chars *out) {
  const uint8_t *begin = rest->at;
  for (size_t i = 0; i < rest->n_bytes; ++i) {
    if (begin[i] == '\\') {
      ++i;
    } else if (begin[i] == '"') {
      *out = (apo_json_chars){(const char *)begin, i};
      rest->at += i + 1;
      rest->n_bytes -= i + 1;
      return true;
    }
  }
  return false;
}

static apo_json_dialect dialect_of(apo_json_chars key) {
  for (size_t i = 0; i < sizeof telling / sizeof telling[0]; ++i) {
    if (apo_json_chars_are(key, telling[i].key)) return telling[i].dialect;
  }
  return APO_DIALECT_NONE;
}

apo_json_dialect apo_json_sniff(apo_bytes bytes) {
  static const uint8_t mark[3] = {0xef, 0xbb, 0xbf};
  apo_bytes rest = bytes;
  if (rest.n_bytes >= sizeof mark && memcmp(rest.at, mark, sizeof mark) == 0) {
    rest = (apo_bytes){rest.at + sizeof mark, rest.n_bytes - sizeof mark};
  }
  skip_space(&rest);
  if (rest.n_bytes == 0 || (rest.at[0] != '{' && rest.at[0] != '[')) return APO_DIALECT_NONE;
  const size_t depth_of_keys = rest.at[0] == '{' ? 1 : 2;
  size_t depth = 0;
  while (rest.n_bytes > 0) {
    const uint8_t c = rest.at[0];
    ++rest.at;
    --rest.n_bytes;
    if (is_foreign(c)) break;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) break;
    if (c != '"') continue;
    apo_json_chars text;
    if (!take_string(&rest, &text)) break;
    if (depth != depth_of_keys) continue;
    skip_space(&rest);
    const bool is_key = rest.n_bytes > 0 && rest.at[0] == ':';
    const apo_json_dialect dialect = is_key ? dialect_of(text) : APO_DIALECT_NONE;
    if (dialect != APO_DIALECT_NONE) {
      const bool is_dump = dialect == APO_DIALECT_XGBOOST_DUMP;
      return depth_of_keys == 1 || is_dump ? dialect : APO_DIALECT_NONE;
    }
  }
  return APO_DIALECT_NONE;
}
