/* foreign.h - bytes that no reader takes, called by their name. */
#ifndef APO_ENGINE_READERS_FOREIGN_H
#define APO_ENGINE_READERS_FOREIGN_H

#include "engine/core/bytes.h"
#include "engine/core/error.h"

/** Fail: what these bytes are, and how to save such a model so that it can be read.
 *
 * Fails:   APO_ERR_UNSUPPORTED  a model format that is known but not read
 *          APO_ERR_FORMAT       anything else
 */
APO_NODISCARD apo_status apo_foreign_refuse(apo_bytes bytes, apo_error *err);

#endif
