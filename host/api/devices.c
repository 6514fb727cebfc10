/* devices.c - from a device list to opened, tested devices. */
#include "host/api/devices.h"

#include <stdio.h>
#include <string.h>

#include "engine/core/memory.h"
#include "host/api/clock.h"
#include "host/api/device_list.h"
#include "host/topology/topology.h"
#if APO_HAVE_OPENCL
  #include "host/opencl/devices.h"
  #include "host/opencl/executor_opencl.h"
  #include "host/opencl/self_test.h"
#else
// Never created in this build; the type keeps the struct below the same.
typedef struct apo_opencl_device apo_opencl_device;
#endif

enum { MAX_OPEN = 64, LAUNCH_MS = 100, TEXT_BYTES = 512 };

struct apo_devices {
  apo_opencl_device *opened[MAX_OPEN];
  uint32_t n_opened; /* 0: the reference */
  apo_caps reference;
  bool allows_reference;
  bool skips_self_test;
  uint32_t launch_ms;
  char text[TEXT_BYTES];
  char note[TEXT_BYTES];
};

static void add_text(char text[TEXT_BYTES], const char *separator, const char *more) {
  const size_t n = strlen(text);
  snprintf(text + n, TEXT_BYTES - n, "%s%s", n > 0 ? separator : "", more);
}

static void fill_reference(apo_devices *devices, const apo_topology *topology) {
  apo_executor *reference = NULL;
  if (apo_reference_create(&reference, NULL) != APO_OK) return;
  devices->reference = reference->caps;
  apo_executor_destroy(&reference);
  if (topology != NULL) devices->reference.cache_bytes = apo_topology_core_cache_bytes(topology);
}

#if APO_HAVE_OPENCL

/* --- opening ---------------------------------------------------------------------------------- */

typedef struct opening {
  apo_devices *devices;
  const apo_device_options *options;
  bool is_auto; /* the first that works is enough, and one that does not is passed over */
} opening;

static void fill_caches(apo_device_record *records, uint32_t n, const apo_topology *topology) {
  for (uint32_t i = 0; i < n && topology != NULL; ++i) {
    if (records[i].caps.is_cpu) {
      records[i].caps.cache_bytes = apo_topology_core_cache_bytes(topology);
    }
  }
}

// Whatever went wrong in a test, the device is at fault, not the work or the caller.
static apo_status blame_device(apo_status status, apo_error *err) {
  if (status == APO_OK || status == APO_ERR_MEMORY || status == APO_ERR_BUILD) return status;
  if (err != NULL) err->status = APO_ERR_DEVICE;
  return APO_ERR_DEVICE;
}

static apo_status open_one(opening *o, const apo_device_record *record, apo_error *err) {
  apo_devices *devices = o->devices;
  if (devices->n_opened == MAX_OPEN) {
    return apo_fail(err, APO_ERR_DEVICE, "device list: more than %d devices", MAX_OPEN);
  }
  apo_opencl_device *device = NULL;
  APO_TRY(apo_opencl_device_open(record, o->options->cache_dir, &device, err));
  if (!o->options->skip_self_test) {
    const apo_status status = blame_device(apo_self_test_run(device, err), err);
    if (status != APO_OK) {
      apo_opencl_device_close(&device);
      return status;
    }
  }
  const char *note = apo_opencl_device_note(device);
  if (note[0] != '\0' && strstr(devices->note, note) == NULL) add_text(devices->note, "; ", note);
  devices->opened[devices->n_opened++] = device;
  char text[TEXT_BYTES];
  snprintf(text, sizeof text, "%s (%s, driver %s)", record->caps.name, record->caps.platform,
           record->caps.driver);
  add_text(devices->text, "; ", text);
  return APO_OK;
}

// The sub-devices of a device that spans several NUMA nodes, else the device itself.
static apo_status open_split(opening *o, const apo_device_record *record, apo_error *err) {
  apo_device_record *nodes = NULL;
  uint32_t n_nodes = 0;
  APO_TRY(apo_opencl_split_numa(record, &nodes, &n_nodes, err));
  apo_status status = n_nodes == 0 ? open_one(o, record, err) : APO_OK;
  for (uint32_t i = 0; i < n_nodes; ++i) {
    if (status == APO_OK) status = open_one(o, &nodes[i], err);
    apo_opencl_release_record(&nodes[i]);
  }
  free(nodes);
  return status;
}

static apo_status open_choices(opening *o,
                               const apo_device_record *records,
                               const apo_device_choice *choices,
                               uint32_t n_choices,
                               apo_error *err) {
  for (uint32_t i = 0; i < n_choices; ++i) {
    const apo_device_record *record = &records[choices[i].record];
    apo_error why = {.status = APO_OK};
    const apo_status status =
        choices[i].splits_numa ? open_split(o, record, &why) : open_one(o, record, &why);
    if (status == APO_OK && o->is_auto) return APO_OK;
    if (status == APO_OK) continue;
    if (!o->devices->allows_reference || status == APO_ERR_MEMORY) {
      if (err != NULL) *err = why;
      return status;
    }
    add_text(o->devices->note, "; ", why.message);
  }
  return APO_OK;
}

static apo_status open_list(opening *o,
                            const apo_device_list *list,
                            const apo_topology *topology,
                            apo_error *err) {
  apo_device_record *records = NULL;
  apo_device_choice *choices = NULL;
  uint32_t n_records = 0;
  uint32_t n_choices = 0;
  apo_status status = apo_opencl_list(&records, &n_records, err);
  if (status != APO_OK) goto done;
  fill_caches(records, n_records, topology);
  choices = apo_alloc(n_records, sizeof *choices);
  if (choices == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "devices: no memory for %u choices", n_records);
    goto done;
  }
  status = apo_device_list_choose(list, records, n_records, choices, &n_choices, err);
  if (status != APO_OK) goto done;
  status = open_choices(o, records, choices, n_choices, err);
done:
  free(choices);
  free(records);
  return status;
}

static void close_all(apo_devices *devices) {
  while (devices->n_opened > 0) apo_opencl_device_close(&devices->opened[--devices->n_opened]);
}

const apo_caps *apo_devices_caps(const apo_devices *devices, uint32_t index) {
  if (index >= devices->n_opened) return &devices->reference;
  return apo_opencl_device_caps(devices->opened[index]);
}

apo_status apo_devices_executor(apo_devices *devices,
                                uint32_t index,
                                apo_executor **out,
                                apo_error *err) {
  *out = NULL;
  if (index >= apo_devices_count(devices)) {
    return apo_fail(err, APO_ERR_INTERNAL, "devices: device %u of %u", index,
                    apo_devices_count(devices));
  }
  if (devices->n_opened == 0) return apo_devices_reference(devices, out, err);
  return apo_opencl_executor_create(devices->opened[index], out, err);
}

apo_status apo_devices_renew(apo_devices *devices, uint32_t index, apo_error *err) {
  if (index >= devices->n_opened) return APO_OK;  // the reference has nothing to lose
  return apo_opencl_device_renew(devices->opened[index], err);
}

static void test_record(apo_device_record *record) {
  apo_opencl_device *device = NULL;
  apo_error err = {.status = APO_OK};
  const double begin = apo_clock_seconds();
  apo_status status = apo_opencl_device_open(record, NULL, &device, &err);
  if (status == APO_OK) status = apo_self_test_run(device, &err);
  record->self_test_seconds = apo_clock_seconds() - begin;
  if (status == APO_OK) {
    record->self_test = APO_SELF_TEST_PASSED;
    record->caps.flushes_denormals = apo_opencl_device_caps(device)->flushes_denormals;
  } else {
    record->self_test = APO_SELF_TEST_FAILED;
    record->usable = false;
    snprintf(record->self_test_text, sizeof record->self_test_text, "%s", err.message);
    snprintf(record->why, sizeof record->why, "its self-test failed");
  }
  apo_opencl_device_close(&device);
}

apo_status apo_device_records(bool self_test,
                              apo_device_record **out,
                              uint32_t *n_out,
                              apo_error *err) {
  APO_TRY(apo_opencl_list(out, n_out, err));
  apo_topology *topology = NULL;
  if (apo_topology_load(&topology, NULL) == APO_OK) fill_caches(*out, *n_out, topology);
  apo_topology_destroy(&topology);
  for (uint32_t i = 0; self_test && i < *n_out; ++i) {
    if ((*out)[i].usable) test_record(&(*out)[i]);
  }
  return APO_OK;
}

#else

typedef struct opening {
  apo_devices *devices;
  const apo_device_options *options;
  bool is_auto;
} opening;

static apo_status open_list(opening *o,
                            const apo_device_list *list,
                            const apo_topology *topology,
                            apo_error *err) {
  (void)topology;
  apo_device_choice choices[1];
  uint32_t n_choices = 0;
  add_text(o->devices->note, "; ", "built without OpenCL");
  return apo_prefix(err, apo_device_list_choose(list, NULL, 0, choices, &n_choices, err),
                    "built without OpenCL: ");
}

static void close_all(apo_devices *devices) {
  (void)devices;
}

const apo_caps *apo_devices_caps(const apo_devices *devices, uint32_t index) {
  (void)index;
  return &devices->reference;
}

apo_status apo_devices_executor(apo_devices *devices,
                                uint32_t index,
                                apo_executor **out,
                                apo_error *err) {
  *out = NULL;
  if (index == 0) return apo_devices_reference(devices, out, err);
  return apo_fail(err, APO_ERR_INTERNAL, "devices: device %u of 1", index);
}

apo_status apo_devices_renew(apo_devices *devices, uint32_t index, apo_error *err) {
  (void)devices;
  (void)index;
  (void)err;
  return APO_OK;
}

apo_status apo_device_records(bool self_test,
                              apo_device_record **out,
                              uint32_t *n_out,
                              apo_error *err) {
  (void)self_test;
  (void)err;
  *out = NULL;
  *n_out = 0;
  return APO_OK;
}

#endif

/* --- the public calls ------------------------------------------------------------------------- */

apo_status apo_devices_open(const apo_device_options *options, apo_devices **out, apo_error *err) {
  *out = NULL;
  apo_device_options mine = {.struct_bytes = sizeof mine};
  if (options != NULL) {
    if (options->struct_bytes == 0) {
      return apo_fail(err, APO_ERR_ARGUMENT, "device options: struct_bytes is 0");
    }
    memcpy(&mine, options,
           options->struct_bytes < sizeof mine ? options->struct_bytes : sizeof mine);
  }
  apo_device_list *list = apo_alloc(1, sizeof *list);
  apo_devices *devices = apo_alloc(1, sizeof *devices);
  apo_topology *topology = NULL;
  apo_status status = APO_OK;
  if (list == NULL || devices == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "devices: no memory");
    goto done;
  }
  status = apo_device_list_parse(mine.list, list, err);
  if (status != APO_OK) goto done;
  devices->launch_ms = mine.launch_ms > 0 ? mine.launch_ms : LAUNCH_MS;
  devices->skips_self_test = mine.skip_self_test != 0;
  devices->allows_reference = list->allows_reference;
  // Without a topology the cache sizes are unknown, which planners expect of some devices anyway.
  if (apo_topology_load(&topology, NULL) != APO_OK) topology = NULL;
  fill_reference(devices, topology);
  if (list->needs_devices) {
    opening o = {devices, &mine, list->is_auto};
    status = open_list(&o, list, topology, err);
    if (status != APO_OK) goto done;
  }
  if (devices->n_opened == 0) add_text(devices->text, "; ", "reference");
  *out = devices;
  devices = NULL;
done:
  apo_topology_destroy(&topology);
  apo_devices_destroy(&devices);
  free(list);
  return status;
}

void apo_devices_destroy(apo_devices **devices) {
  if (devices == NULL || *devices == NULL) return;
  close_all(*devices);
  free(*devices);
  *devices = NULL;
}

const char *apo_devices_text(const apo_devices *devices) {
  return devices->text;
}

/* --- for the runners -------------------------------------------------------------------------- */

uint32_t apo_devices_count(const apo_devices *devices) {
  return devices->n_opened > 0 ? devices->n_opened : 1;
}

apo_status apo_devices_reference(const apo_devices *devices, apo_executor **out, apo_error *err) {
  APO_TRY(apo_reference_create(out, err));
  (*out)->caps = devices->reference;
  (*out)->seconds = apo_clock_seconds;
  return APO_OK;
}

bool apo_devices_allow_reference(const apo_devices *devices) {
  return devices->allows_reference;
}

uint32_t apo_devices_launch_ms(const apo_devices *devices) {
  return devices->launch_ms;
}

bool apo_devices_self_test_skipped(const apo_devices *devices) {
  return devices->skips_self_test;
}

const char *apo_devices_note(const apo_devices *devices) {
  return devices->note;
}
