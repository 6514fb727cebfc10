/* xgboost.h - what an XGBoost model document means, whichever syntax it came in. */
#ifndef APO_ENGINE_READERS_XGBOOST_XGBOOST_H
#define APO_ENGINE_READERS_XGBOOST_XGBOOST_H

#include "engine/model/model.h"
#include "engine/readers/json.h"

/** Fill `model` from a document that XGBoost 1.2 to 3.4 may have written.
 *
 * Owns:    `json` is not needed after the call.
 * Fails:   APO_ERR_FORMAT       with the path of the fault
 *          APO_ERR_UNSUPPORTED  an objective, booster or split type that is not known; it is named
 *          APO_ERR_LIMIT, APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_xgboost_read(const apo_json *json, apo_model *model, apo_error *err);

#endif
