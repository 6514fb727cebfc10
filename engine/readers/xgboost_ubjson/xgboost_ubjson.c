/* xgboost_ubjson.c - XGBoost's UBJSON models; the meaning is in readers/xgboost/. */
#include "engine/readers/json.h"
#include "engine/readers/reader.h"
#include "engine/readers/xgboost/xgboost.h"

// In JSON an opening brace is never followed by L, so no text can be taken for UBJSON.
/* An object whose first key has a length of 64 bits.  Its highest byte is 0 in any file; what lies
 * there is no text, so that broken JSON is not claimed by two readers. */
static bool sniff(apo_bytes bytes) {
  if (bytes.n_bytes < 2 || bytes.at[0] != '{' || bytes.at[1] != 'L') return false;
  return bytes.n_bytes == 2 || bytes.at[2] == 0 || bytes.at[2] >= 0x7f;
}

static apo_status read(apo_bytes bytes, apo_model *model, apo_error *err) {
  apo_json *json = NULL;
  APO_TRY(apo_ubjson_parse(bytes, &json, err));
  const apo_status status = apo_xgboost_read(json, model, err);
  apo_json_destroy(&json);
  return status;
}

const apo_reader apo_reader_xgboost_ubjson = {
    .name = "xgboost_ubjson", .sniff = sniff, .read = read};
