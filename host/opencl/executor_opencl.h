/* executor_opencl.h - an executor that is one in-order queue of an OpenCL device. */
#ifndef APO_HOST_OPENCL_EXECUTOR_OPENCL_H
#define APO_HOST_OPENCL_EXECUTOR_OPENCL_H

#include "host/opencl/devices.h"

/** Create a queue on an opened device, which must outlive it.
 *
 * Fails:   APO_ERR_DEVICE, APO_ERR_MEMORY
 * Threads: all executors of a device belong to one thread at a time
 */
APO_NODISCARD apo_status apo_opencl_executor_create(apo_opencl_device *device,
                                                    apo_executor **out,
                                                    apo_error *err);

#endif
