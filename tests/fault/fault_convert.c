/* fault_convert.c - writing a model survives each allocation that can fail, and its memory does not
 * grow with the trees. */
#include <limits.h>

#include "tests/support/failing_heap.h"
#include "tests/support/fixture_files.h"
#include "tests/support/random_forest.h"

/* A sink that only counts. */
static apo_status count(void *context, const void *bytes, size_t n_bytes, apo_error *err) {
  (void)bytes;
  (void)err;
  *(size_t *)context += n_bytes;
  return APO_OK;
}

static apo_model *read_fixture(const char *path) {
  apo_error err;
  apo_model *model = NULL;
  const apo_bytes bytes = apo_fixture_read(path);
  assert_ok(apo_model_read(bytes.at, bytes.n_bytes, &model, &err), &err);
  free((void *)(uintptr_t)bytes.at);
  return model;
}

static void fail_each_request(const apo_model *model) {
  for (long n_granted = 0;; ++n_granted) {
    apo_error err = {.status = APO_OK};
    size_t n_bytes = 0;
    const apo_byte_sink sink = {&n_bytes, count};
    heap_start(n_granted);

    const apo_status status = apo_model_write(model, &sink, &err);

    const bool refused = heap_end();
    assert_int_equal(heap_live(), 0);
    if (!refused) {
      assert_ok(status, &err);
      assert_true(n_bytes > 100);
      return;
    }
    assert_fails(status, APO_ERR_MEMORY, &err, "category sets");
  }
}

static void each_failed_allocation_is_reported_and_nothing_leaks(void **state) {
  (void)state;
  static const char *const paths[] = {"tests/fixtures/xgboost/category_sets_3_4_1.ubj",
                                      "tests/fixtures/xgboost/named_categories_3_4_1.ubj",
                                      "tests/fixtures/xgboost/linear_three_3_4_1.ubj",
                                      "tests/fixtures/xgboost/no_trees_3_4_1.json"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; ++i) {
    apo_model *model = read_fixture(paths[i]);
    fail_each_request(model);
    apo_model_destroy(&model);
  }
}

/* --- reading it back -------------------------------------------------------------------------- */

typedef struct text {
  char bytes[65536];
  size_t n_bytes;
} text;

static apo_status keep(void *context, const void *bytes, size_t n_bytes, apo_error *err) {
  (void)err;
  text *self = context;
  assert_true(n_bytes <= sizeof self->bytes - self->n_bytes);
  memcpy(self->bytes + self->n_bytes, bytes, n_bytes);
  self->n_bytes += n_bytes;
  return APO_OK;
}

static void fail_each_request_of_reading(const apo_model *model) {
  static text written;
  apo_error err = {.status = APO_OK};
  const apo_byte_sink sink = {&written, keep};
  written.n_bytes = 0;
  assert_ok(apo_model_write(model, &sink, &err), &err);
  for (long n_granted = 0;; ++n_granted) {
    apo_model *again = NULL;
    heap_start(n_granted);
    const apo_status status = apo_model_read(written.bytes, written.n_bytes, &again, &err);
    const bool refused = heap_end();
    const bool has_model = again != NULL;
    apo_model_destroy(&again);
    assert_int_equal(heap_live(), 0);
    if (!refused) {
      assert_ok(status, &err);
      return;
    }
    assert_fails(status, APO_ERR_MEMORY, &err, ":");
    assert_false(has_model);
  }
}

static void each_failed_allocation_of_reading_it_back_is_reported(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 4,
                                .n_columns = 5,
                                .n_outputs = 2,
                                .n_trees = 6,
                                .max_depth = 4,
                                .categorical_share = 0.4,
                                .linear_share = 0.5,
                                .has_covers = true};
  apo_model *models[] = {apo_random_model(&spec),
                         read_fixture("tests/fixtures/xgboost/named_categories_3_4_1.ubj"),
                         read_fixture("tests/fixtures/xgboost/linear_three_3_4_1.ubj")};
  for (size_t i = 0; i < sizeof models / sizeof *models; ++i) {
    fail_each_request_of_reading(models[i]);
    apo_model_destroy(&models[i]);
  }
}

/* --- memory ----------------------------------------------------------------------------------- */

static size_t peak_of(uint32_t n_trees) {
  const apo_random_spec spec = {.seed = 1,
                                .n_columns = 5,
                                .n_outputs = 1,
                                .n_trees = n_trees,
                                .max_depth = 6,
                                .linear_share = 0.2,
                                .has_covers = true};
  apo_error err;
  apo_model *model = apo_random_model(&spec);
  size_t n_bytes = 0;
  const apo_byte_sink sink = {&n_bytes, count};
  heap_start(LONG_MAX);
  assert_ok(apo_model_write(model, &sink, &err), &err);
  const size_t peak = heap_peak_bytes();
  heap_end();
  assert_true(n_bytes > (size_t)n_trees * 1000);
  apo_model_destroy(&model);
  return peak;
}

static void memory_does_not_grow_with_the_trees(void **state) {
  (void)state;
  assert_true(peak_of(2) < 256);
  assert_true(peak_of(400) < 256);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_failed_allocation_is_reported_and_nothing_leaks),
      cmocka_unit_test(each_failed_allocation_of_reading_it_back_is_reported),
      cmocka_unit_test(memory_does_not_grow_with_the_trees),
  };
  return cmocka_run_group_tests_name("fault_convert", tests, NULL, NULL);
}
