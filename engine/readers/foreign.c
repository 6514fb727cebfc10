#include "engine/readers/foreign.h"

#include <string.h>

#include "engine/readers/json.h"

static const struct {
  const char *head;
  size_t n_head;
  const char *message;
} heads[] = {
    {"binf", 4, "XGBoost's old binary format: load it with XGBoost and save it as .ubj or .json"},
    {"\x80", 1, "a Python pickle, which is a program: save the model in its library's own format"},
    {"CBM1", 4, "CatBoost's binary format: save_model with format=\"json\" and pool= the data"},
    {"\x93NUMPY", 6, "a NumPy array, not a model"},
    {"PK\x03\x04", 4, "a zip archive, not a model: unpack it first"},
    {"\x1f\x8b", 2, "compressed by gzip: unpack it first"},
    {"SQLite format 3", 15, "an SQLite database, not a model"},
};

static bool contains(apo_bytes bytes, const char *word) {
  const size_t n_word = strlen(word);
  for (size_t at = 0; at + n_word <= bytes.n_bytes; ++at) {
    if (memcmp(bytes.at + at, word, n_word) == 0) return true;
  }
  return false;
}

static const char *head_message(apo_bytes bytes) {
  for (size_t i = 0; i < sizeof heads / sizeof heads[0]; ++i) {
    if (bytes.n_bytes < heads[i].n_head) continue;
    if (memcmp(bytes.at, heads[i].head, heads[i].n_head) == 0) return heads[i].message;
  }
  return NULL;
}

static const char *json_message(apo_bytes bytes) {
  switch (apo_json_sniff(bytes)) {
    case APO_DIALECT_NONE:
    case APO_DIALECT_XGBOOST:
    case APO_DIALECT_NEUTRAL:
    case APO_DIALECT_CATBOOST: return NULL;
    case APO_DIALECT_LIGHTGBM_DUMP:
      return "LightGBM's dump_model, which rounds its numbers: use save_model";
    case APO_DIALECT_XGBOOST_DUMP:
      return "XGBoost's dump or snapshot, which is no model: use save_model";
  }
  return NULL;
}

static const char *markup_message(apo_bytes bytes) {
  enum { HEAD_BYTES = 4096 };
  if (bytes.n_bytes > HEAD_BYTES) bytes.n_bytes = HEAD_BYTES;
  return bytes.n_bytes > 0 && bytes.at[0] == '<' && contains(bytes, "<PMML")
             ? "PMML, which is not read"
             : NULL;
}

apo_status apo_foreign_refuse(apo_bytes bytes, apo_error *err) {
  if (bytes.n_bytes == 0) return apo_fail(err, APO_ERR_FORMAT, "byte 0: no bytes, needs a model");
  const char *message = head_message(bytes);
  if (message == NULL) message = json_message(bytes);
  if (message == NULL) message = markup_message(bytes);
  if (message != NULL) return apo_fail(err, APO_ERR_UNSUPPORTED, "byte 0: %s", message);
  return apo_fail(err, APO_ERR_FORMAT,
                  "byte 0: none of the readers knows these %zu bytes, needs a model of XGBoost "
                  "(.json, .ubj), LightGBM (text), CatBoost (.json), ONNX or apportion's JSON",
                  bytes.n_bytes);
}
