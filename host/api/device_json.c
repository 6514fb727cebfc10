/* device_json.c - device records for machines to read. */
#include <cjson/cJSON.h>

#include "host/api/devices.h"

static const char *self_test_text(apo_self_test_state state) {
  switch (state) {
    case APO_SELF_TEST_NOT_RUN: return "not run";
    case APO_SELF_TEST_PASSED: return "passed";
    case APO_SELF_TEST_FAILED: return "failed";
  }
  return "not run";
}

static bool add_texts(cJSON *object, const apo_device_record *record) {
  const struct {
    const char *key;
    const char *text;
  } texts[] = {
      {"kind", apo_device_kind_text(record->kind)},
      {"name", record->caps.name},
      {"platform_name", record->caps.platform},
      {"vendor", record->vendor},
      {"driver", record->caps.driver},
      {"version", record->version},
      {"uuid", record->uuid},
      {"pci", record->pci},
      {"why", record->why},
      {"self_test", self_test_text(record->self_test)},
      {"self_test_message", record->self_test_text},
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; ++i) {
    if (cJSON_AddStringToObject(object, texts[i].key, texts[i].text) == NULL) return false;
  }
  return true;
}

static bool add_numbers(cJSON *object, const apo_device_record *record) {
  const apo_caps *caps = &record->caps;
  const struct {
    const char *key;
    double value;
  } numbers[] = {
      {"platform", record->platform},
      {"device", record->device},
      {"compute_units", caps->compute_units},
      {"global_bytes", (double)caps->global_bytes},
      {"max_alloc_bytes", (double)caps->max_alloc_bytes},
      {"local_bytes", (double)caps->local_bytes},
      {"cache_bytes", (double)caps->cache_bytes},
      {"max_group", caps->max_group},
      {"self_test_seconds", record->self_test_seconds},
  };
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; ++i) {
    if (cJSON_AddNumberToObject(object, numbers[i].key, numbers[i].value) == NULL) return false;
  }
  return cJSON_AddBoolToObject(object, "fp64", record->has_fp64) != NULL &&
         cJSON_AddBoolToObject(object, "flushes_denormals", caps->flushes_denormals) != NULL &&
         cJSON_AddBoolToObject(object, "usable", record->usable) != NULL;
}

static bool add_record(cJSON *devices, const apo_device_record *record) {
  cJSON *object = cJSON_CreateObject();
  if (object != NULL && cJSON_AddItemToArray(devices, object)) {
    return add_numbers(object, record) && add_texts(object, record);
  }
  cJSON_Delete(object);
  return false;
}

apo_status apo_device_records_json(const apo_device_record *records,
                                   uint32_t n_records,
                                   char **out,
                                   apo_error *err) {
  cJSON *root = cJSON_CreateObject();
  cJSON *devices = root != NULL ? cJSON_AddArrayToObject(root, "devices") : NULL;
  bool is_whole = devices != NULL;
  for (uint32_t i = 0; i < n_records && is_whole; ++i) is_whole = add_record(devices, &records[i]);
  *out = is_whole ? cJSON_PrintUnformatted(root) : NULL;
  cJSON_Delete(root);
  return *out != NULL ? APO_OK : apo_fail(err, APO_ERR_MEMORY, "devices: no memory for JSON");
}
