/* fault_reader.c - reading a model survives each allocation that can fail, and asks for little.
 *
 * cJSON lives in a shared library, so its own requests are not failed here, and not counted.
 */
#include <limits.h>

#include "engine/readers/reader.h"
#include "tests/support/failing_heap.h"
#include "tests/support/fixture_files.h"

static const char *const paths[] = {
    "tests/fixtures/xgboost/logistic_3_4_1.json",
    "tests/fixtures/xgboost/logistic_3_4_1.ubj",
    "tests/fixtures/xgboost/dart_3_2_0.json",
    "tests/fixtures/xgboost/linear_three_3_4_1.json",
    "tests/fixtures/xgboost/linear_three_3_4_1.ubj",
    "tests/fixtures/xgboost/vector_leaves_3_4_1.ubj",
    "tests/fixtures/xgboost/category_sets_3_4_1.ubj",
    "tests/fixtures/xgboost/named_categories_3_4_1.json",
    "tests/fixtures/xgboost/named_categories_3_4_1.ubj",
    "tests/fixtures/xgboost/no_trees_3_4_1.json",
};

enum { N_PATHS = sizeof paths / sizeof paths[0] };

static void fail_each_request(apo_bytes bytes, const char *path) {
  for (long n_granted = 0;; ++n_granted) {
    apo_error err = {.status = APO_OK};
    apo_model *model = NULL;
    heap_start(n_granted);

    const apo_status status = apo_model_read(bytes.at, bytes.n_bytes, &model, &err);

    const bool refused = heap_end();
    const bool has_model = model != NULL;
    apo_model_destroy(&model);
    const long n_live = heap_live();
    if (n_live != 0) print_error("%s: request %ld: %ld blocks live\n", path, n_granted, n_live);
    assert_int_equal(n_live, 0);
    if (!refused) {
      assert_ok(status, &err);
      assert_true(n_granted >= 5);
      return;
    }
    assert_fails(status, APO_ERR_MEMORY, &err, ":");
    assert_false(has_model);
  }
}

static void each_failed_allocation_is_reported_and_nothing_leaks(void **state) {
  (void)state;
  for (size_t i = 0; i < N_PATHS; ++i) {
    const apo_bytes bytes = apo_fixture_read(paths[i]);
    fail_each_request(bytes, paths[i]);
    free((void *)(uintptr_t)bytes.at);
  }
}

static size_t peak_of(const void *bytes, size_t n_bytes, apo_status expected, const char *words) {
  apo_error err = {.status = APO_OK};
  apo_model *model = NULL;
  heap_start(LONG_MAX);
  const apo_status status = apo_model_read(bytes, n_bytes, &model, &err);
  const size_t peak_bytes = heap_peak_bytes();
  heap_end();
  apo_model_destroy(&model);
  if (expected == APO_OK) assert_ok(status, &err);
  if (expected != APO_OK) assert_fails(status, expected, &err, words);
  return peak_bytes;
}

static void reading_takes_at_most_64_bytes_a_byte_and_a_mebibyte(void **state) {
  (void)state;
  for (size_t i = 0; i < N_PATHS; ++i) {
    const apo_bytes bytes = apo_fixture_read(paths[i]);
    const size_t peak_bytes = peak_of(bytes.at, bytes.n_bytes, APO_OK, "");
    assert_true(peak_bytes <= 64 * bytes.n_bytes + ((size_t)1 << 20));
    free((void *)(uintptr_t)bytes.at);
  }
}

static void a_small_file_that_claims_2_to_40_elements_costs_nothing(void **state) {
  (void)state;
  enum { N_BYTES = 1024, SMALL = 16384 };
  static const char *const heads[] = {"[$d#", "[$L#", "[$U#", "[#", "S"};
  for (size_t i = 0; i < sizeof heads / sizeof heads[0]; ++i) {
    static const char key[] = "{L\0\0\0\0\0\0\0\7learner";
    static const char claim[] = "L\0\0\1\0\0\0\0\0";
    char bytes[N_BYTES];
    memset(bytes, 'T', sizeof bytes);
    memcpy(bytes, key, sizeof key - 1);
    size_t n = sizeof key - 1;
    memcpy(bytes + n, heads[i], strlen(heads[i]));
    n += strlen(heads[i]);
    memcpy(bytes + n, claim, sizeof claim - 1);
    const size_t peak = peak_of(bytes, sizeof bytes, APO_ERR_FORMAT, "length 1099511627776, but");
    assert_true(peak < SMALL);
  }
}

static void a_small_file_that_claims_many_trees_nodes_or_columns_costs_little(void **state) {
  (void)state;
  static const char *const claims[] = {"\"num_trees\":\"3\"", "\"num_trees\":\"1000000\"",
                                       "\"num_nodes\":\"1",   "\"num_nodes\":\"200000001",
                                       "\"num_class\":\"0\"", "\"num_class\":\"9999\""};
  const apo_bytes bytes = apo_fixture_read("tests/fixtures/xgboost/logistic_3_4_1.json");
  char *text = (char *)(uintptr_t)bytes.at;
  text[bytes.n_bytes] = '\0';
  for (size_t i = 0; i < 6; i += 2) {
    const char *at = strstr(text, claims[i]);
    assert_non_null(at);
    static char spoilt[65536];
    const int n = snprintf(spoilt, sizeof spoilt, "%.*s%s%s", (int)(at - text), text, claims[i + 1],
                           at + strlen(claims[i]));
    assert_true(n > 0 && (size_t)n < sizeof spoilt);
    apo_error err;
    apo_model *model = NULL;
    heap_start(LONG_MAX);
    const apo_status status = apo_model_read(spoilt, (size_t)n, &model, &err);
    const size_t peak_bytes = heap_peak_bytes();
    heap_end();
    apo_model_destroy(&model);
    (void)status;  // 9999 classes are valid: the trees of this file are of class 0
    assert_true(peak_bytes <= 64 * (size_t)n + ((size_t)1 << 20));
  }
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_failed_allocation_is_reported_and_nothing_leaks),
      cmocka_unit_test(reading_takes_at_most_64_bytes_a_byte_and_a_mebibyte),
      cmocka_unit_test(a_small_file_that_claims_2_to_40_elements_costs_nothing),
      cmocka_unit_test(a_small_file_that_claims_many_trees_nodes_or_columns_costs_little),
  };
  return cmocka_run_group_tests_name("fault_reader", tests, NULL, NULL);
}
