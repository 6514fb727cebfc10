/* device_record.h - what is known of one OpenCL device before anything is opened on it.
 *
 * Plain data: the list syntax chooses among records, and `apportion devices` prints them, so both
 * are tested without a driver.
 */
#ifndef APO_HOST_API_DEVICE_RECORD_H
#define APO_HOST_API_DEVICE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/exec/executor.h"

typedef enum apo_device_kind {
  APO_DEVICE_CPU,
  APO_DEVICE_GPU,
  APO_DEVICE_ACC,
  APO_DEVICE_OTHER
} apo_device_kind;

typedef enum apo_self_test_state {
  APO_SELF_TEST_NOT_RUN,
  APO_SELF_TEST_PASSED,
  APO_SELF_TEST_FAILED
} apo_self_test_state;

typedef struct apo_device_record {
  uint32_t platform; /* places in the lists of platforms and of its devices, as clinfo counts */
  uint32_t device;
  apo_device_kind kind;
  apo_caps caps; /* name, platform and driver are here */
  char vendor[128];
  char version[128]; /* "OpenCL 1.2 ..." of the device */
  char platform_vendor[128];
  char platform_version[128]; /* "OpenCL 3.0 ..." of the platform */
  char uuid[33];              /* 32 hex digits, or "" */
  char pci[24];               /* "0000:65:00.0", or "" */
  bool has_fp64;
  bool shares_host_memory; /* integrated with the host: copies are not transfers */
  bool usable;
  char why[256]; /* why it is not usable; "" when it is */
  apo_self_test_state self_test;
  char self_test_text[512]; /* which part failed: expected, got */
  double self_test_seconds; /* with building */
  void *native_platform;    /* cl_platform_id and cl_device_id */
  void *native_device;
} apo_device_record;

/** "cpu", "gpu", "acc" or "other". */
const char *apo_device_kind_text(apo_device_kind kind);

#endif
