/* devices.h - OpenCL devices: listed, and opened.
 *
 * Listing asks drivers and opens nothing.  An opened device has one context and the table of the
 * programs built in it, which the executors on it share.
 *
 * Threads: an opened device and its executors belong to one thread at a time.
 */
#ifndef APO_HOST_OPENCL_DEVICES_H
#define APO_HOST_OPENCL_DEVICES_H

#include "engine/exec/executor.h"
#include "host/api/device_record.h"

/** Every device of every platform, as clinfo numbers them; no platform at all is 0 records.
 *
 * Owns:    on success `*out` is freed by the caller with free(); NULL when there are none
 * Fails:   APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_opencl_list(apo_device_record **out, uint32_t *n_out, apo_error *err);

/** Split a CPU device by NUMA node.
 *
 * A device that spans one node, or whose driver cannot split, gives 0 records, which is no error:
 * the whole device serves.  The caller releases each sub-device with apo_opencl_release_record.
 *
 * Owns:    as apo_opencl_list
 */
APO_NODISCARD apo_status apo_opencl_split_numa(const apo_device_record *record,
                                               apo_device_record **out,
                                               uint32_t *n_out,
                                               apo_error *err);
void apo_opencl_release_record(apo_device_record *record);

typedef struct apo_opencl_device apo_opencl_device;

/** Open a context on a device.
 *
 * `cache_dir` is the folder for compiled kernels or NULL for none; a folder that is not safe to
 * use is left alone, and nothing is cached (program_cache.h).
 *
 * Fails:   APO_ERR_DEVICE  the device is not usable, or its driver refuses; APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_opencl_device_open(const apo_device_record *record,
                                                const char *cache_dir,
                                                apo_opencl_device **out,
                                                apo_error *err);
void apo_opencl_device_close(apo_opencl_device **device);

/** What the device is; `flushes_denormals` is known after the self-test. */
const apo_caps *apo_opencl_device_caps(const apo_opencl_device *device);
void apo_opencl_device_set_flushes(apo_opencl_device *device, bool flushes_denormals);

/** Why kernels are not cached; "" when they are, or were not meant to be. */
const char *apo_opencl_device_note(const apo_opencl_device *device);

/** Begin again after a fault: a new context without the old one's programs.
 *
 * The executors of the old context must have been destroyed.  What the old context held is given
 * back without waiting for it.
 */
APO_NODISCARD apo_status apo_opencl_device_renew(apo_opencl_device *device, apo_error *err);

#endif
