/* self_test_stages.h - a small launch of every stage, at any specialization.
 *
 * The forest stages share one model of three trees and two outputs.
 */
#ifndef APO_HOST_OPENCL_SELF_TEST_STAGES_H
#define APO_HOST_OPENCL_SELF_TEST_STAGES_H

#include "host/opencl/self_test_case.h"

/** Fill a zeroed case for a stage of apo_stages; false when it has none, or when the specialization
 * is too wide for a case. */
bool apo_self_test_stage_case(const apo_stage *stage, const apo_i32 *spec, apo_self_test_case *out);

#endif
