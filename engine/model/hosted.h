/* hosted.h - models that no kernel evaluates: their own margins, as a callback.
 *
 * Kernels read codes, not values, so a forest with linear leaves is beyond them.  Whoever evaluates
 * models (plans, scorers) asks here first, and gets either the model itself or a callback model that
 * answers for it on the host, exactly and slower.  Sampling then works as for any callback.
 */
#ifndef APO_ENGINE_MODEL_HOSTED_H
#define APO_ENGINE_MODEL_HOSTED_H

#include "engine/model/model.h"

typedef struct apo_hosted {
  const apo_model *model;
  apo_output output;
  apo_model *callback; /* what answers for `model`; NULL: it needs nobody */
} apo_hosted;

/** True when kernels cannot evaluate the model. */
bool apo_needs_host(const apo_model *model);

/** What to evaluate in the model's place, in `*out`.
 *
 * A callback's outputs are what is explained, so the response is applied here when `output` asks
 * for it.
 *
 * Owns:    `hosted` must stay where it is until it is closed; `model` is borrowed.
 * Fails:   APO_ERR_UNSUPPORTED  the link has no response and `output` asks for it
 *          APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_hosted_open(apo_hosted *hosted,
                                         const apo_model *model,
                                         apo_output output,
                                         const apo_model **out,
                                         apo_error *err);
void apo_hosted_close(apo_hosted *hosted);

#endif
