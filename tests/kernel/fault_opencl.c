/* fault_opencl.c - each OpenCL call that can fail does: the right status, nothing left, no crash.
 *
 * The n-th call fails, once or from then on, with each of several codes (failing_driver.h).
 */
#include <CL/cl.h>
#include <stdbool.h>
#include <stdlib.h>

#include "host/api/devices.h"
#include "host/opencl/faults.h"
#include "host/opencl/self_test_case.h"
#include "tests/kernel/failing_driver.h"
#include "tests/support/apo_test.h"

enum { N_VALUES = 512, N_ANSWERS = 4 * N_VALUES, MAX_CALLS = 400 };

/* --- the work --------------------------------------------------------------------------------- */

typedef struct work {
  float a[N_VALUES];
  float b[N_VALUES];
  float answers[N_ANSWERS];
} work;

static apo_status compute(apo_executor *executor, work *w, apo_buffer *buffers[3], apo_error *err) {
  const apo_u32 n = N_VALUES;
  apo_launch launch = {.stage = &apo_self_arithmetic, .args = &n, .n_items = N_VALUES, .group = 1};
  APO_TRY(apo_executor_buffer(executor, sizeof w->a, &buffers[0], err));
  APO_TRY(apo_executor_buffer(executor, sizeof w->b, &buffers[1], err));
  APO_TRY(apo_executor_buffer(executor, sizeof w->answers, &buffers[2], err));
  APO_TRY(apo_executor_upload(executor, buffers[0], 0, w->a, sizeof w->a, err));
  APO_TRY(apo_executor_upload(executor, buffers[1], 0, w->b, sizeof w->b, err));
  memcpy(launch.buffers, buffers, 3 * sizeof buffers[0]);
  APO_TRY(apo_executor_launch(executor, &launch, err));
  APO_TRY(apo_executor_download(executor, buffers[2], 0, w->answers, sizeof w->answers, err));
  return apo_executor_wait(executor, err);
}

static apo_status run(const char *list, work *w, apo_error *err) {
  const apo_device_options options = {.struct_bytes = sizeof options, .list = list};
  apo_devices *devices = NULL;
  apo_executor *executor = NULL;
  apo_buffer *buffers[3] = {NULL, NULL, NULL};
  apo_status status = apo_devices_open(&options, &devices, err);
  if (status != APO_OK) assert_null(devices);
  if (status == APO_OK) status = apo_devices_executor(devices, 0, &executor, err);
  if (status == APO_OK) status = compute(executor, w, buffers, err);
  for (int i = 0; executor != NULL && i < 3; ++i) {
    apo_executor_release(executor, &buffers[i]);
    assert_null(buffers[i]);
  }
  if (executor != NULL) assert_int_equal(executor->live_bytes, 0);
  apo_executor_destroy(&executor);
  apo_devices_destroy(&devices);
  return status;
}

static void fill(work *w) {
  for (int i = 0; i < N_VALUES; ++i) {
    w->a[i] = (float)i * 0.5f - 7.0f;
    w->b[i] = 3.0f - (float)i * 0.25f;
    for (int k = 0; k < 4; ++k) w->answers[4 * i + k] = -1.0f;
  }
}

static void assert_right(const work *w) {
  for (int i = 0; i < N_VALUES; ++i) {
    assert_true(w->answers[4 * i] == w->a[i] + w->b[i]);
    assert_true(w->answers[4 * i + 2] == w->a[i] * w->b[i]);
  }
}

static bool is_expected(apo_status status, cl_int code) {
  // The status of the code; DEVICE for what fails while a device is opened; BUILD for the compiler.
  return status == apo_fault_status(code) || status == APO_ERR_DEVICE || status == APO_ERR_BUILD;
}

/* Let 0, 1, 2, ... calls succeed until all do.  With "auto" the reference answers where the device
 * cannot be opened, so success after a failure has to be right. */
static void fail_each_call(const char *list, bool goes_on, cl_int code) {
  static work w;
  for (long n_granted = 0; n_granted < MAX_CALLS; ++n_granted) {
    apo_error err = {.status = APO_OK};
    fill(&w);
    driver.n_granted = n_granted;
    driver.goes_on = goes_on;
    driver.code = code;
    driver.failed = false;
    driver.n_live = 0;

    const apo_status status = run(list, &w, &err);

    const bool failed = driver.failed;
    driver.failed = false;
    driver.n_granted = -1;
    assert_int_equal(driver.n_live, 0);
    if (status == APO_OK) {
      assert_right(&w);
    } else {
      assert_true(failed);
      assert_true(is_expected(status, code));
      assert_int_equal(err.status, status);
      assert_true(err.message[0] != '\0');
    }
    if (!failed) {
      assert_in_range(n_granted, 20, MAX_CALLS);
      return;
    }
    if (status == APO_OK) assert_string_equal(list, "auto");
  }
  fail_msg("more than %d calls", MAX_CALLS);
}

static const cl_int codes[] = {CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_OUT_OF_RESOURCES,
                               CL_DEVICE_NOT_AVAILABLE, CL_BUILD_PROGRAM_FAILURE, -9999};

static bool there_is_a_device(void) {
  apo_device_record *records = NULL;
  uint32_t n_records = 0;
  driver.n_granted = -1;
  if (apo_device_records(false, &records, &n_records, NULL) != APO_OK) return false;
  free(records);
  if (n_records == 0) print_message("no OpenCL device: no call can fail\n");
  return n_records > 0;
}

static void one_failed_call_of_a_named_device_is_reported_and_leaves_nothing(void **state) {
  (void)state;
  if (!there_is_a_device()) skip();
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; ++i) {
    fail_each_call("0:0", false, codes[i]);
  }
}

static void a_device_lost_for_good_is_reported_and_leaves_nothing(void **state) {
  (void)state;
  if (!there_is_a_device()) skip();
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; ++i) {
    fail_each_call("0:0", true, codes[i]);
  }
}

static void a_device_that_fails_to_open_gives_way_to_the_reference(void **state) {
  (void)state;
  if (!there_is_a_device()) skip();
  fail_each_call("auto", false, CL_OUT_OF_RESOURCES);
  fail_each_call("auto", true, CL_DEVICE_NOT_AVAILABLE);
}

static void none_calls_no_driver(void **state) {
  (void)state;
  const apo_device_options options = {.struct_bytes = sizeof options, .list = "none"};
  apo_devices *devices = NULL;
  apo_executor *executor = NULL;
  apo_error err;
  driver.n_calls = 0;
  assert_ok(apo_devices_open(&options, &devices, &err), &err);
  assert_ok(apo_devices_executor(devices, 0, &executor, &err), &err);
  assert_true(executor->caps.is_reference);
  apo_executor_destroy(&executor);
  apo_devices_destroy(&devices);
  assert_int_equal(driver.n_calls, 0);
}

static void a_lost_context_is_renewed(void **state) {
  (void)state;
  static work w;
  if (!there_is_a_device()) skip();
  const apo_device_options options = {.struct_bytes = sizeof options, .list = "0:0"};
  apo_devices *devices = NULL;
  apo_executor *executor = NULL;
  apo_error err;
  assert_ok(apo_devices_open(&options, &devices, &err), &err);
  for (int round = 0; round < 2; ++round) {
    apo_buffer *buffers[3] = {NULL, NULL, NULL};
    fill(&w);
    assert_ok(apo_devices_executor(devices, 0, &executor, &err), &err);
    assert_ok(compute(executor, &w, buffers, &err), &err);
    assert_right(&w);
    for (int i = 0; i < 3; ++i) apo_executor_release(executor, &buffers[i]);
    apo_executor_destroy(&executor);
    assert_ok(apo_devices_renew(devices, 0, &err), &err);
  }
  apo_devices_destroy(&devices);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_failed_call_of_a_named_device_is_reported_and_leaves_nothing),
      cmocka_unit_test(a_device_lost_for_good_is_reported_and_leaves_nothing),
      cmocka_unit_test(a_device_that_fails_to_open_gives_way_to_the_reference),
      cmocka_unit_test(none_calls_no_driver),
      cmocka_unit_test(a_lost_context_is_renewed),
  };
  return cmocka_run_group_tests_name("fault.opencl", tests, NULL, NULL);
}
