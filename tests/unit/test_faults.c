/* test_faults.c - each OpenCL error has a status, an answer and a name. */
#include "tests/support/apo_test.h"
#if APO_HAVE_OPENCL
  #include "host/opencl/faults.h"

static void want_of_memory_asks_for_a_smaller_tile(void **state) {
  (void)state;
  static const int32_t natives[] = {-4, -61};
  for (size_t i = 0; i < sizeof natives / sizeof natives[0]; ++i) {
    assert_int_equal(apo_fault_status(natives[i]), APO_ERR_DEVICE_MEMORY);
    assert_int_equal(apo_fault_answer_to(natives[i]), APO_FAULT_SMALLER_TILE);
  }
}

static void a_dead_context_asks_for_a_new_one(void **state) {
  (void)state;
  // The last one is NVIDIA's access fault.
  static const int32_t natives[] = {-5, -6, -14, -36, -34, -9999};
  for (size_t i = 0; i < sizeof natives / sizeof natives[0]; ++i) {
    assert_int_equal(apo_fault_status(natives[i]), APO_ERR_DEVICE);
    assert_int_equal(apo_fault_answer_to(natives[i]), APO_FAULT_NEW_CONTEXT);
  }
}

static void a_device_that_is_gone_is_removed(void **state) {
  (void)state;
  static const int32_t natives[] = {-1, -2, -1001};
  for (size_t i = 0; i < sizeof natives / sizeof natives[0]; ++i) {
    assert_int_equal(apo_fault_status(natives[i]), APO_ERR_DEVICE);
    assert_int_equal(apo_fault_answer_to(natives[i]), APO_FAULT_REMOVE_DEVICE);
  }
}

static void a_failed_build_asks_for_another_device(void **state) {
  (void)state;
  assert_int_equal(apo_fault_status(-11), APO_ERR_BUILD);
  assert_int_equal(apo_fault_answer_to(-11), APO_FAULT_OTHER_DEVICE);
  assert_int_equal(apo_fault_answer_to(-15), APO_FAULT_OTHER_DEVICE);
}

static void a_wrong_call_is_our_defect(void **state) {
  (void)state;
  static const int32_t natives[] = {-30, -52, -54, -55, -48};
  for (size_t i = 0; i < sizeof natives / sizeof natives[0]; ++i) {
    assert_int_equal(apo_fault_status(natives[i]), APO_ERR_INTERNAL);
    assert_int_equal(apo_fault_answer_to(natives[i]), APO_FAULT_DEFECT);
  }
}

static void an_unknown_code_counts_as_a_dead_context(void **state) {
  (void)state;
  assert_int_equal(apo_fault_status(-12345), APO_ERR_DEVICE);
  assert_int_equal(apo_fault_answer_to(-12345), APO_FAULT_NEW_CONTEXT);
  assert_string_equal(apo_fault_name(-12345), "unknown error");
}

static void success_is_no_fault(void **state) {
  (void)state;
  assert_int_equal(apo_fault_status(0), APO_OK);
  assert_int_equal(apo_fault_answer_to(0), APO_FAULT_NONE);
}

static void every_code_of_the_standard_has_a_name(void **state) {
  (void)state;
  for (int32_t native = -1; native >= -68; --native) {
    if (native <= -20 && native > -30) continue;  // the standard left these out
    assert_string_not_equal(apo_fault_name(native), "unknown error");
  }
}

static void a_failure_carries_place_name_and_number(void **state) {
  (void)state;
  apo_error err;
  const apo_status status = apo_fault_fail(&err, -5, "pocl: row_codes");
  assert_fails(status, APO_ERR_DEVICE, &err, "pocl: row_codes: OUT_OF_RESOURCES (-5)");
  assert_int_equal(err.native, -5);
  assert_int_equal(apo_fault_fail(NULL, -5, "x"), APO_ERR_DEVICE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(want_of_memory_asks_for_a_smaller_tile),
      cmocka_unit_test(a_dead_context_asks_for_a_new_one),
      cmocka_unit_test(a_device_that_is_gone_is_removed),
      cmocka_unit_test(a_failed_build_asks_for_another_device),
      cmocka_unit_test(a_wrong_call_is_our_defect),
      cmocka_unit_test(an_unknown_code_counts_as_a_dead_context),
      cmocka_unit_test(success_is_no_fault),
      cmocka_unit_test(every_code_of_the_standard_has_a_name),
      cmocka_unit_test(a_failure_carries_place_name_and_number),
  };
  return cmocka_run_group_tests_name("unit.faults", tests, NULL, NULL);
}
#else
int main(void) {
  print_message("skipped: built without OpenCL\n");
  return 0;
}
#endif
