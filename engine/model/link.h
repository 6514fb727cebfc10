/* link.h - from margin to response, in fp64.  kernels/response.inc has the fp32 form for devices. */
#ifndef APO_ENGINE_MODEL_LINK_H
#define APO_ENGINE_MODEL_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/core/error.h"

typedef enum apo_link_name {
  APO_LINK_IDENTITY = 0,
  APO_LINK_SIGMOID = 1, /* 1 / (1 + exp(-scale m)), each output by itself */
  APO_LINK_SOFTMAX = 2, /* over all outputs */
  APO_LINK_OVR = 3,     /* sigmoid of each, divided by their sum */
  APO_LINK_EXP = 4,
  APO_LINK_LOG1P_EXP = 5,           /* log(1 + exp m) */
  APO_LINK_SIGN_SQUARE = 6,         /* sign(m) m^2 */
  APO_LINK_STEP = 7,                /* m > 0; has no probability */
  APO_LINK_CUMULATIVE_SOFTPLUS = 8, /* expectiles; has no probability */
  APO_LINK_NEG_EXP2 = 9,            /* -2^(-m / scale) */
  APO_LINK_NONE = 10                /* not known, so it has no probability; applied, it is m */
} apo_link_name;

typedef struct apo_link {
  apo_link_name name;
  double scale; /* of sigmoid and neg_exp2; else 1 */
} apo_link;

/** "sigmoid" and so on; never NULL. */
const char *apo_link_text(apo_link_name name);
/** The link of that name; false when there is none. */
bool apo_link_find(const char *text, apo_link_name *out);
/** False for the links whose response cannot be explained (step, cumulative_softplus, none). */
bool apo_link_has_response(apo_link link);
/** Fails with APO_ERR_UNSUPPORTED for these, where `output probability` is asked for. */
APO_NODISCARD apo_status apo_link_need_response(apo_link link, apo_error *err);
/** Responses of one row, in place or not.  Shapes: margin and response [n_outputs]. */
void apo_link_apply(apo_link link, const double *margin, uint32_t n_outputs, double *response);

#endif
