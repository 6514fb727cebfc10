/* self_test.h - known answers before work: a device that gives others is not used.
 *
 * The parts, in order: a copy there and back; fp32 + - * in exact bits, NaN and infinities, and
 * whether small numbers are flushed to zero (recorded in the capabilities, no fault); then each
 * case of the stages, on the device and by its twin.
 */
#ifndef APO_HOST_OPENCL_SELF_TEST_H
#define APO_HOST_OPENCL_SELF_TEST_H

#include "host/opencl/devices.h"

/** Test an opened device; records `flushes_denormals`.
 *
 * Fails:   APO_ERR_DEVICE  a wrong answer; the message says which part, expected and got
 *          APO_ERR_BUILD and whatever the device's calls fail with
 */
APO_NODISCARD apo_status apo_self_test_run(apo_opencl_device *device, apo_error *err);

#endif
