/* self_test.h - known answers before work: a device that gives others is not used.
 *
 * When a device is opened: a copy there and back; fp32 + - * in exact bits, NaN and infinities, and
 * whether small numbers are flushed to zero (recorded in the capabilities, no fault); the sum of a
 * work-group.  After that every stage is tested at the very specialization that a run needs, just
 * after its program is built: on the device and by its twin.  So no program is built for a test
 * alone, and a run starts no later.
 */
#ifndef APO_HOST_OPENCL_SELF_TEST_H
#define APO_HOST_OPENCL_SELF_TEST_H

#include "host/opencl/devices.h"

/** Test an opened device, and have its programs tested from now on; records `flushes_denormals`.
 *
 * A stage that gives a wrong answer later fails the first launch or apo_executor_prepare of its
 * specialization with APO_ERR_BUILD: its program is of no use, however often it is built.
 *
 * Fails:   APO_ERR_DEVICE  a wrong answer; the message says which part, expected and got
 *          APO_ERR_BUILD and whatever the device's calls fail with
 */
APO_NODISCARD apo_status apo_self_test_run(apo_opencl_device *device, apo_error *err);

#endif
