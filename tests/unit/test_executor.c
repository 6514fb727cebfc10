/* test_executor.c - what every executor keeps count of and refuses, asked of the reference. */
#include "engine/exec/executor.h"
#include "engine/exec/spec_line.h"
#include "tests/support/apo_test.h"

// A stage of the test: out[i] = in[i] + args.add, for args.n words.
typedef struct add_args {
  apo_u32 n;
  apo_u32 add;
} add_args;

static void add(const apo_i32 *spec, const void *args_bytes, void *const *buffers) {
  const add_args *args = args_bytes;
  const apo_u32 *in = buffers[0];
  apo_u32 *out = buffers[1];
  for (apo_u32 i = 0; i < args->n; ++i) out[i] = in[i] + args->add * (apo_u32)spec[0];
}

static const char *const params[] = {"APO_TIMES", "APO_GROUP"};
static const apo_stage stage = {
    .name = "add",
    .source = "",
    .specs =
        "#line 1 \"specs.txt\"\n# a comment\n\nAPO_TIMES=3 APO_GROUP=1\n"
        "  APO_GROUP=64   APO_TIMES=12  \nAPO_TIMES=1 APO_GROUP=1",
    .params = params,
    .n_params = 2,
    .args_bytes = sizeof(add_args),
    .n_buffers = 2,
    .reference = add,
};

static apo_executor *create(void) {
  apo_executor *executor = NULL;
  apo_error err;
  assert_ok(apo_reference_create(&executor, &err), &err);
  return executor;
}

static void a_launch_is_the_twin(void **state) {
  (void)state;
  apo_executor *executor = create();
  apo_error err;
  const apo_u32 in[4] = {1, 2, 3, 4};
  apo_u32 out[4] = {0};
  const add_args args = {4, 10};
  apo_launch launch = {.stage = &stage, .spec = {2, 1}, .args = &args, .n_items = 4, .group = 1};
  for (int i = 0; i < 2; ++i) {
    assert_ok(apo_executor_buffer(executor, sizeof in, &launch.buffers[i], &err), &err);
  }
  assert_ok(apo_executor_upload(executor, launch.buffers[0], 0, in, sizeof in, &err), &err);
  assert_ok(apo_executor_launch(executor, &launch, &err), &err);
  assert_ok(apo_executor_download(executor, launch.buffers[1], 4, out, 8, &err), &err);
  assert_ok(apo_executor_wait(executor, &err), &err);
  assert_int_equal(out[0], 22);
  assert_int_equal(out[1], 23);
  for (int i = 0; i < 2; ++i) apo_executor_release(executor, &launch.buffers[i]);
  apo_executor_destroy(&executor);
  assert_null(executor);
}

static void bytes_are_counted_while_they_live_and_at_their_peak(void **state) {
  (void)state;
  apo_executor *executor = create();
  apo_buffer *buffers[3];
  apo_error err;
  assert_ok(apo_executor_buffer(executor, 100, &buffers[0], &err), &err);
  assert_ok(apo_executor_buffer(executor, 50, &buffers[1], &err), &err);
  apo_executor_release(executor, &buffers[0]);
  assert_null(buffers[0]);
  assert_int_equal(executor->live_bytes, 50);
  assert_ok(apo_executor_buffer(executor, 70, &buffers[2], &err), &err);
  assert_int_equal(executor->live_bytes, 120);
  assert_int_equal(executor->peak_bytes, 150);
  apo_executor_release(executor, &buffers[1]);
  apo_executor_release(executor, &buffers[2]);
  apo_executor_release(executor, &buffers[2]);  // NULL by now
  assert_int_equal(executor->live_bytes, 0);
  apo_executor_destroy(&executor);
}

static void transfers_past_the_end_are_refused(void **state) {
  (void)state;
  apo_executor *executor = create();
  apo_buffer *buffer = NULL;
  apo_error err;
  char bytes[16] = {0};
  assert_ok(apo_executor_buffer(executor, 8, &buffer, &err), &err);
  assert_fails(apo_executor_upload(executor, buffer, 4, bytes, 5, &err), APO_ERR_INTERNAL, &err,
               "upload of 5 bytes at 4 of a buffer of 8");
  assert_fails(apo_executor_download(executor, buffer, SIZE_MAX, bytes, 2, &err), APO_ERR_INTERNAL,
               &err, "download");
  assert_ok(apo_executor_upload(executor, buffer, 8, bytes, 0, &err), &err);
  apo_executor_release(executor, &buffer);
  assert_fails(apo_executor_buffer(executor, 0, &buffer, &err), APO_ERR_INTERNAL, &err, "0 bytes");
  apo_executor_destroy(&executor);
}

static void a_buffer_that_cannot_be_is_a_want_of_memory(void **state) {
  (void)state;
  apo_executor *executor = create();
  apo_buffer *buffer = NULL;
  apo_error err;
  assert_fails(apo_executor_buffer(executor, SIZE_MAX - 3, &buffer, &err), APO_ERR_MEMORY, &err,
               "reference");
  assert_null(buffer);
  assert_int_equal(executor->live_bytes, 0);
  apo_executor_destroy(&executor);
}

static void a_launch_that_does_not_fit_its_group_is_refused(void **state) {
  (void)state;
  apo_executor *executor = create();
  apo_error err;
  const add_args args = {0, 0};
  apo_launch launch = {.stage = &stage, .spec = {1, 1}, .args = &args, .n_items = 65, .group = 64};
  assert_fails(apo_executor_launch(executor, &launch, &err), APO_ERR_INTERNAL, &err,
               "add: 65 items");
  launch.n_items = 64;
  assert_fails(apo_executor_launch(executor, &launch, &err), APO_ERR_INTERNAL, &err,
               "buffer 0 is not set");
  apo_executor_destroy(&executor);
}

static double clock_of_the_test;
static double tick(void) {
  return clock_of_the_test += 0.5;
}

static void the_reference_counts_time_by_the_clock_it_is_given(void **state) {
  (void)state;
  apo_executor *executor = create();
  apo_buffer *buffer = NULL;
  apo_error err;
  const char bytes[4] = {0};
  assert_ok(apo_executor_buffer(executor, 4, &buffer, &err), &err);
  assert_ok(apo_executor_upload(executor, buffer, 0, bytes, 4, &err), &err);
  assert_true(executor->times.upload == 0);
  executor->seconds = tick;
  assert_ok(apo_executor_upload(executor, buffer, 0, bytes, 4, &err), &err);
  assert_true(executor->times.upload == 0.5);
  apo_executor_release(executor, &buffer);
  apo_executor_destroy(&executor);
}

static void specializations_are_read_in_the_order_of_the_parameters(void **state) {
  (void)state;
  static const apo_i32 expected[3][2] = {{3, 1}, {12, 64}, {1, 1}};
  const char *cursor = NULL;
  apo_i32 spec[APO_MAX_STAGE_PARAMS];
  bool bad_line = true;
  for (int i = 0; i < 3; ++i) {
    assert_true(apo_spec_next(&stage, &cursor, spec, &bad_line));
    assert_int_equal(spec[0], expected[i][0]);
    assert_int_equal(spec[1], expected[i][1]);
    assert_int_equal(apo_spec_value(&stage, spec, "APO_GROUP", 7), expected[i][1]);
    assert_int_equal(apo_spec_value(&stage, spec, "APO_OTHER", 7), 7);
  }
  assert_false(apo_spec_next(&stage, &cursor, spec, &bad_line));
  assert_false(bad_line);
}

static void a_line_that_is_no_specialization_ends_the_list(void **state) {
  (void)state;
  static const char *const bad[] = {"APO_TIMES=3",  "APO_TIMES=x APO_GROUP=1",
                                    "APO_TIMES",    "APO_TIMES=1 APO_GROUP=1 APO_MORE=1",
                                    "APO_TIMES=-1", "APO_TIMES=99999999999 APO_GROUP=1"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; ++i) {
    apo_stage spoilt = stage;
    const char *cursor = NULL;
    apo_i32 spec[APO_MAX_STAGE_PARAMS];
    bool bad_line = false;
    spoilt.specs = bad[i];
    assert_false(apo_spec_next(&spoilt, &cursor, spec, &bad_line));
    assert_true(bad_line);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_launch_is_the_twin),
      cmocka_unit_test(bytes_are_counted_while_they_live_and_at_their_peak),
      cmocka_unit_test(transfers_past_the_end_are_refused),
      cmocka_unit_test(a_buffer_that_cannot_be_is_a_want_of_memory),
      cmocka_unit_test(a_launch_that_does_not_fit_its_group_is_refused),
      cmocka_unit_test(the_reference_counts_time_by_the_clock_it_is_given),
      cmocka_unit_test(specializations_are_read_in_the_order_of_the_parameters),
      cmocka_unit_test(a_line_that_is_no_specialization_ends_the_list),
  };
  return cmocka_run_group_tests_name("unit.executor", tests, NULL, NULL);
}
