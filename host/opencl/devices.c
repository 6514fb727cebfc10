/* devices.c - listing and opening OpenCL devices. */
// getpid is POSIX; a strict C17 compiler has to be asked for it.
#define _POSIX_C_SOURCE 200809L
#include "host/opencl/devices.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/core/memory.h"
#include "host/opencl/caps.h"
#include "host/opencl/faults.h"
#include "host/opencl/opencl_device.h"
#include "host/opencl/program.h"

// More than any machine has; a driver that claims more is not believed.
enum { MAX_PLATFORMS = 64, MAX_DEVICES = 256 };

/* --- listing ---------------------------------------------------------------------------------- */

typedef struct record_list {
  apo_device_record *records;
  uint32_t n_records;
} record_list;

static apo_status add_platform(record_list *list,
                               cl_platform_id platform,
                               uint32_t number,
                               apo_error *err) {
  cl_device_id ids[MAX_DEVICES];
  cl_uint n_ids = 0;
  // A platform without devices, or one that fails, hides no other.
  if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, MAX_DEVICES, ids, &n_ids) != CL_SUCCESS) {
    return APO_OK;
  }
  if (n_ids > MAX_DEVICES) n_ids = MAX_DEVICES;
  apo_device_record *grown =
      apo_resize(list->records, (size_t)list->n_records + n_ids, sizeof *grown);
  if (grown == NULL) return apo_fail(err, APO_ERR_MEMORY, "devices: no memory for their list");
  list->records = grown;
  for (cl_uint i = 0; i < n_ids; ++i) {
    apo_device_record *record = &list->records[list->n_records++];
    apo_caps_read(platform, ids[i], record);
    record->platform = number;
    record->device = i;
  }
  return APO_OK;
}

apo_status apo_opencl_list(apo_device_record **out, uint32_t *n_out, apo_error *err) {
  *out = NULL;
  *n_out = 0;
  cl_platform_id platforms[MAX_PLATFORMS];
  cl_uint n_platforms = 0;
  // Without any driver the loader reports an error; to us that is an empty list.
  if (clGetPlatformIDs(MAX_PLATFORMS, platforms, &n_platforms) != CL_SUCCESS) return APO_OK;
  if (n_platforms > MAX_PLATFORMS) n_platforms = MAX_PLATFORMS;
  record_list list = {0};
  for (cl_uint i = 0; i < n_platforms; ++i) {
    const apo_status status = add_platform(&list, platforms[i], i, err);
    if (status == APO_OK) continue;
    free(list.records);
    return status;
  }
  *out = list.records;
  *n_out = list.n_records;
  return APO_OK;
}

apo_status apo_opencl_split_numa(const apo_device_record *record,
                                 apo_device_record **out,
                                 uint32_t *n_out,
                                 apo_error *err) {
  static const cl_device_partition_property by_node[] = {CL_DEVICE_PARTITION_BY_AFFINITY_DOMAIN,
                                                         CL_DEVICE_AFFINITY_DOMAIN_NUMA, 0};
  *out = NULL;
  *n_out = 0;
  if (record->kind != APO_DEVICE_CPU) return APO_OK;
  cl_device_id ids[MAX_DEVICES];
  cl_uint n_ids = 0;
  // Most drivers cannot, and one node is refused as well: both mean the whole device.
  if (clCreateSubDevices(record->native_device, by_node, MAX_DEVICES, ids, &n_ids) != CL_SUCCESS) {
    return APO_OK;
  }
  apo_device_record *records = n_ids > 1 ? apo_alloc(n_ids, sizeof *records) : NULL;
  for (cl_uint i = 0; i < n_ids; ++i) {
    if (records == NULL) {
      clReleaseDevice(ids[i]);
      continue;
    }
    apo_caps_read(record->native_platform, ids[i], &records[i]);
    records[i].platform = record->platform;
    records[i].device = record->device;
    records[i].caps.cache_bytes = record->caps.cache_bytes;
  }
  if (records == NULL && n_ids > 1) {
    return apo_fail(err, APO_ERR_MEMORY, "devices: no memory for %u sub-devices", n_ids);
  }
  *out = records;
  *n_out = records != NULL ? n_ids : 0;
  return APO_OK;
}

void apo_opencl_release_record(apo_device_record *record) {
  if (record->native_device != NULL) clReleaseDevice(record->native_device);
  record->native_device = NULL;
}

/* --- opening ---------------------------------------------------------------------------------- */

static apo_status open_context(apo_opencl_device *device, apo_error *err) {
  const cl_context_properties properties[] = {
      CL_CONTEXT_PLATFORM, (cl_context_properties)device->record.native_platform, 0};
  cl_int native = CL_SUCCESS;
  device->context = clCreateContext(properties, 1, &device->id, NULL, NULL, &native);
  if (native == CL_SUCCESS) return APO_OK;
  device->context = NULL;
  apo_fault_fail(err, native, "clCreateContext");
  // Whatever the driver's reason, this device cannot be used now.
  if (err != NULL) err->status = APO_ERR_DEVICE;
  return apo_prefix(err, APO_ERR_DEVICE, "%s: ", device->record.caps.name);
}

apo_status apo_opencl_device_open(const apo_device_record *record,
                                  const char *cache_dir,
                                  apo_opencl_device **out,
                                  apo_error *err) {
  *out = NULL;
  if (!record->usable) {
    return apo_fail(err, APO_ERR_DEVICE, "%s: not usable: %s", record->caps.name, record->why);
  }
  apo_opencl_device *device = apo_alloc(1, sizeof *device);
  if (device == NULL) return apo_fail(err, APO_ERR_MEMORY, "devices: no memory for a device");
  device->record = *record;
  device->id = record->native_device;
  device->pid = getpid();
  clRetainDevice(device->id);  // counts for sub-devices only
  apo_error why;
  if (cache_dir != NULL && apo_program_cache_open(cache_dir, &device->cache, &why) != APO_OK) {
    // Slower, not wrong.
    snprintf(device->note, sizeof device->note, "W_CACHE_UNSAFE: %.230s", why.message);
  }
  const apo_status status = open_context(device, err);
  if (status != APO_OK) {
    apo_opencl_device_close(&device);
    return status;
  }
  *out = device;
  return APO_OK;
}

void apo_opencl_device_close(apo_opencl_device **device) {
  if (device == NULL || *device == NULL) return;
  apo_programs_clear(*device);
  free((*device)->programs);
  if ((*device)->context != NULL) clReleaseContext((*device)->context);
  clReleaseDevice((*device)->id);
  apo_program_cache_close(&(*device)->cache);
  free(*device);
  *device = NULL;
}

const apo_caps *apo_opencl_device_caps(const apo_opencl_device *device) {
  return &device->record.caps;
}

void apo_opencl_device_set_flushes(apo_opencl_device *device, bool flushes_denormals) {
  device->record.caps.flushes_denormals = flushes_denormals;
}

const char *apo_opencl_device_note(const apo_opencl_device *device) {
  return device->note;
}

apo_status apo_opencl_device_renew(apo_opencl_device *device, apo_error *err) {
  APO_TRY(apo_opencl_device_check_process(device, err));
  apo_programs_clear(device);
  if (device->context != NULL) clReleaseContext(device->context);
  device->context = NULL;
  return open_context(device, err);
}

apo_status apo_opencl_device_check_process(const apo_opencl_device *device, apo_error *err) {
  if (device->pid == getpid()) return APO_OK;
  return apo_fail(err, APO_ERR_DEVICE,
                  "%s: opened before a fork and used after it; start workers by spawn",
                  device->record.caps.name);
}
