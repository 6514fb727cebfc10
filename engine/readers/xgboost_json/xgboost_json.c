/* xgboost_json.c - XGBoost's JSON models; the meaning is in readers/xgboost/. */
#include "engine/readers/json.h"
#include "engine/readers/reader.h"
#include "engine/readers/xgboost/xgboost.h"

static bool sniff(apo_bytes bytes) {
  return apo_json_sniff(bytes) == APO_DIALECT_XGBOOST;
}

static apo_status read(apo_bytes bytes, apo_model *model, apo_error *err) {
  apo_json *json = NULL;
  APO_TRY(apo_json_parse(bytes, &json, err));
  const apo_status status = apo_xgboost_read(json, model, err);
  apo_json_destroy(&json);
  return status;
}

const apo_reader apo_reader_xgboost_json = {.name = "xgboost_json", .sniff = sniff, .read = read};
