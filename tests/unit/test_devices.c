/* test_devices.c - opening devices, with and without a platform. */
// setenv, fork and their kin are POSIX.
#define _XOPEN_SOURCE 700
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/api/devices.h"
#include "tests/support/apo_test.h"

static apo_status open_list(const char *list, apo_devices **out, apo_error *err) {
  const apo_device_options options = {.struct_bytes = sizeof options, .list = list};
  return apo_devices_open(&options, out, err);
}

static void none_is_the_reference(void **state) {
  (void)state;
  apo_devices *devices = NULL;
  apo_executor *executor = NULL;
  apo_error err;
  assert_ok(open_list("none", &devices, &err), &err);
  assert_int_equal(apo_devices_count(devices), 1);
  assert_true(apo_devices_caps(devices, 0)->is_reference);
  assert_true(apo_devices_allow_reference(devices));
  assert_string_equal(apo_devices_text(devices), "reference");
  assert_int_equal(apo_devices_launch_ms(devices), 100);
  assert_ok(apo_devices_executor(devices, 0, &executor, &err), &err);
  assert_non_null(executor->seconds);
  apo_executor_destroy(&executor);
  assert_fails(apo_devices_executor(devices, 1, &executor, &err), APO_ERR_INTERNAL, &err,
               "device 1 of 1");
  apo_devices_destroy(&devices);
  assert_null(devices);
}

static void a_bad_list_is_the_callers_fault(void **state) {
  (void)state;
  apo_devices *devices = NULL;
  apo_error err;
  assert_fails(open_list("1:2:3", &devices, &err), APO_ERR_ARGUMENT, &err, "1:2:3");
  assert_null(devices);
  const apo_device_options unset = {.struct_bytes = 0};
  assert_fails(apo_devices_open(&unset, &devices, &err), APO_ERR_ARGUMENT, &err, "struct_bytes");
}

static void options_may_be_absent(void **state) {
  (void)state;
  apo_devices *devices = NULL;
  apo_error err;
  assert_ok(apo_devices_open(NULL, &devices, &err), &err);
  assert_true(apo_devices_count(devices) >= 1);
  assert_false(apo_devices_self_test_skipped(devices));
  apo_devices_destroy(&devices);
}

static void records_are_valid_json(void **state) {
  (void)state;
  apo_device_record *records = NULL;
  uint32_t n_records = 0;
  char *text = NULL;
  apo_error err;
  assert_ok(apo_device_records(true, &records, &n_records, &err), &err);
  assert_ok(apo_device_records_json(records, n_records, &text, &err), &err);
  cJSON *root = cJSON_Parse(text);
  const cJSON *devices = cJSON_GetObjectItem(root, "devices");
  assert_true(cJSON_IsArray(devices));
  assert_int_equal(cJSON_GetArraySize(devices), n_records);
  for (uint32_t i = 0; i < n_records; ++i) {
    const cJSON *device = cJSON_GetArrayItem(devices, (int)i);
    assert_string_equal(cJSON_GetObjectItem(device, "name")->valuestring, records[i].caps.name);
    assert_string_not_equal(cJSON_GetObjectItem(device, "self_test")->valuestring, "failed");
  }
  cJSON_Delete(root);
  free(text);
  free(records);
}

// In a child, since a loader reads its environment once.
static int status_of_child(void (*body)(void)) {
  const pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    body();
    _exit(99);
  }
  int status = 0;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void open_without_a_platform(void) {
  apo_devices *devices = NULL;
  apo_error err;
  setenv("OCL_ICD_VENDORS", "/nonexistent", 1);
  setenv("OPENCL_VENDOR_PATH", "/nonexistent", 1);
  if (open_list("auto", &devices, &err) != APO_OK) _exit(1);
  if (!apo_devices_caps(devices, 0)->is_reference) _exit(2);
  apo_devices_destroy(&devices);
  if (open_list("gpu", &devices, &err) != APO_ERR_DEVICE) _exit(3);
  if (strstr(err.message, "no OpenCL device") == NULL) _exit(4);
  _exit(0);
}

static void without_a_platform_auto_is_the_reference_and_gpu_an_error(void **state) {
  (void)state;
  assert_int_equal(status_of_child(open_without_a_platform), 0);
}

static apo_devices *opened_by_parent;

static void use_after_a_fork(void) {
  apo_executor *executor = NULL;
  apo_error err;
  const apo_status status = apo_devices_executor(opened_by_parent, 0, &executor, &err);
  _exit(status == APO_ERR_DEVICE && strstr(err.message, "spawn") != NULL ? 0 : 1);
}

static void a_child_may_not_use_its_parents_device(void **state) {
  (void)state;
  apo_error err;
  assert_ok(open_list("auto", &opened_by_parent, &err), &err);
  const bool is_reference = apo_devices_caps(opened_by_parent, 0)->is_reference;
  if (!is_reference) assert_int_equal(status_of_child(use_after_a_fork), 0);
  apo_devices_destroy(&opened_by_parent);
  if (is_reference) {
    print_message("no OpenCL device: nothing to share with a child\n");
    skip();
  }
}

int main(void) {
  // The children first: what they test is a process that has not loaded a driver yet.
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_a_platform_auto_is_the_reference_and_gpu_an_error),
      cmocka_unit_test(none_is_the_reference),
      cmocka_unit_test(a_bad_list_is_the_callers_fault),
      cmocka_unit_test(options_may_be_absent),
      cmocka_unit_test(records_are_valid_json),
      cmocka_unit_test(a_child_may_not_use_its_parents_device),
  };
  return cmocka_run_group_tests_name("unit.devices", tests, NULL, NULL);
}
