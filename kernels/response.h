/* response.h - the numbers by which stages name a response, in APO_RESPONSE. */
#ifndef APO_KERNELS_RESPONSE_H
#define APO_KERNELS_RESPONSE_H

/* Those of apo_link_name in engine/model/link.h; step and cumulative_softplus have none. */
#define APO_RESPONSE_IDENTITY    0
#define APO_RESPONSE_SIGMOID     1
#define APO_RESPONSE_SOFTMAX     2
#define APO_RESPONSE_OVR         3
#define APO_RESPONSE_EXP         4
#define APO_RESPONSE_LOG1P_EXP   5
#define APO_RESPONSE_SIGN_SQUARE 6
#define APO_RESPONSE_NEG_EXP2    9

#endif
