/* caps.h - a device's properties as plain data, and as JSON. */
#ifndef APO_HOST_OPENCL_CAPS_H
#define APO_HOST_OPENCL_CAPS_H

#include <CL/cl.h>

#include "host/api/device_record.h"

/** Read everything of a record but its numbers and its self-test.
 *
 * A property that the driver does not know stays 0 or "".  Texts are ASCII: what drivers say is
 * printed on terminals, so every other byte becomes "?".
 */
void apo_caps_read(cl_platform_id platform, cl_device_id device, apo_device_record *out);

#endif
