/* devices.h - the inside of apo_devices, for the runners: what is open, and queues on it.
 *
 * An apo_devices holds the opened devices in the order of the list, or none: then the reference is
 * the one device.  Runners ask for executors by index; a runner that lost a device renews or
 * removes it, and when none is left takes the reference if `apo_devices_allow_reference` says so.
 *
 * Threads: as apo_devices, one run at a time; executors of different devices may be used from
 * different threads, those of one device may not.
 */
#ifndef APO_HOST_API_DEVICES_H
#define APO_HOST_API_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "apportion.h"
#include "engine/exec/executor.h"
#include "host/api/device_record.h"

/** How many devices there are: at least 1.  "none" and a failed "auto" are the one reference. */
uint32_t apo_devices_count(const apo_devices *devices);

/** What a device is.  Lives as long as `devices`. */
const apo_caps *apo_devices_caps(const apo_devices *devices, uint32_t index);

/** Create one more executor on a device; `devices` must outlive it.
 *
 * Fails:   APO_ERR_DEVICE, APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_devices_executor(apo_devices *devices,
                                              uint32_t index,
                                              apo_executor **out,
                                              apo_error *err);

/** Create an executor of the reference, whatever is open; its times are counted. */
APO_NODISCARD apo_status apo_devices_reference(const apo_devices *devices,
                                               apo_executor **out,
                                               apo_error *err);

/** True when the list lets the reference answer where no device can: "auto" or "none" is in it. */
bool apo_devices_allow_reference(const apo_devices *devices);

/** Give a device a new context after a fault.  Its executors must have been destroyed before.
 *
 * Fails:   APO_ERR_DEVICE  the device is lost; take another one
 */
APO_NODISCARD apo_status apo_devices_renew(apo_devices *devices, uint32_t index, apo_error *err);

/** Target length of one launch: the options' launch_ms, 100 where they say 0. */
uint32_t apo_devices_launch_ms(const apo_devices *devices);

/** True when the devices were trusted unseen. */
bool apo_devices_self_test_skipped(const apo_devices *devices);

/** Why a device was passed over or kernels are not cached; "" when nothing is to be told. */
const char *apo_devices_note(const apo_devices *devices);

/** Every OpenCL device there is, for `apportion devices`; with `self_test` each usable one is opened
 * and tested.  Without OpenCL in the build, or without a platform: no records.
 *
 * Owns:    on success `*out` is freed by the caller with free(); NULL when there are none
 * Fails:   APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_device_records(bool self_test,
                                            apo_device_record **out,
                                            uint32_t *n_out,
                                            apo_error *err);

/** The records as JSON, {"devices": [...]}: one object each with limits and self-test.
 *
 * Owns:    on success `*out` is freed by the caller with free()
 * Fails:   APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_device_records_json(const apo_device_record *records,
                                                 uint32_t n_records,
                                                 char **out,
                                                 apo_error *err);

#endif
