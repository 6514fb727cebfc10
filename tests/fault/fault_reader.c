/* fault_reader.c - reading a model survives each allocation that can fail, and asks for little. */
#include <limits.h>

#include "engine/readers/reader.h"
#include "tests/support/failing_heap.h"
#include "tests/support/fixture_files.h"
#include "tests/support/reading_peak.h"

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
    "tests/fixtures/lightgbm/categories_40.txt",
    "tests/fixtures/lightgbm/categories_1000.txt",
    "tests/fixtures/lightgbm/pandas_categories.txt",
    "tests/fixtures/lightgbm/rf_multiclass.txt",
    "tests/fixtures/lightgbm/linear.txt",
    "tests/fixtures/catboost/onehot.json",
    "tests/fixtures/catboost/lossguide_multiclass.json",
    "tests/fixtures/catboost/summed.json",
    "tests/fixtures/onnx/sk_forest_names.onnx",
    "tests/fixtures/onnx/sk_minmax_clip_forest.onnx",
    "tests/fixtures/onnx/sk_standard_forest.onnx",
    "tests/fixtures/onnx/sk_svc_two.onnx",
    "tests/fixtures/onnx/sk_poisson.onnx",
    "tests/fixtures/onnx/linear_one_logistic.onnx",
    "tests/fixtures/onnx/modes_float.onnx",
    "tests/fixtures/onnx/modes_tensor.onnx",
    "tests/fixtures/onnx/modes_cast.onnx",
    "tests/fixtures/onnx/trees_double.onnx",
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

static void reading_takes_at_most_64_bytes_a_byte_and_a_mebibyte(void **state) {
  (void)state;
  for (size_t i = 0; i < N_PATHS; ++i) {
    const apo_bytes bytes = apo_fixture_read(paths[i]);
    const size_t peak_bytes = apo_reading_peak(bytes.at, bytes.n_bytes, APO_OK, "");
    assert_true(peak_bytes <= 64 * bytes.n_bytes + ((size_t)1 << 20));
    free((void *)(uintptr_t)bytes.at);
  }
}

/** A text that grows by pieces of another. */
typedef struct draft {
  char *text;
  size_t n_bytes;
} draft;

static void put(draft *out, const char *begin, const char *end) {
  memcpy(out->text + out->n_bytes, begin, (size_t)(end - begin));
  out->n_bytes += (size_t)(end - begin);
}

static void put_text(draft *out, const char *text) {
  put(out, text, text + strlen(text));
}

/** The first place behind `from` that follows `words`. */
static const char *after(const char *from, const char *words) {
  const char *at = strstr(from, words);
  assert_non_null(at);
  return at + strlen(words);
}

/** 0, 1, 2, ... or 0, 0, 0, ... */
static void put_list(draft *out, unsigned n, bool is_counting) {
  char number[32];
  for (unsigned i = 0; i < n; ++i) {
    snprintf(number, sizeof number, "%s%u", i > 0 ? "," : "", is_counting ? i : 0);
    put_text(out, number);
  }
}

/** The trees of a list once more, numbered from `first`; the number behind the last. */
static unsigned put_trees(draft *out, const char *trees, const char *end, unsigned first) {
  char number[32];
  const char *id = strstr(trees, "\"id\":");
  for (; id != NULL && id < end; id = strstr(trees, "\"id\":")) {
    id += strlen("\"id\":");
    put(out, trees, id);
    snprintf(number, sizeof number, "%u", first++);
    put_text(out, number);
    trees = id + strspn(id, "0123456789");
  }
  put(out, trees, end);
  return first;
}

/** The model with its list of trees `n` times, which XGBoost would read as well. */
static draft repeat_trees(const char *text, size_t n_bytes, unsigned n) {
  const char *claim = after(text, "\"num_trees\":\"");
  const char *begins = after(claim, "\"iteration_indptr\":[");
  const char *outputs = after(begins, "\"tree_info\":[");
  const char *trees = after(outputs, "\"trees\":[");
  const char *trees_end = strstr(trees, "]},\"name\"");
  assert_non_null(trees_end);
  const unsigned n_trees = n * (unsigned)strtoul(claim, NULL, 10);
  draft out = {.text = malloc(n_bytes + 24 * n_trees + n * ((size_t)(trees_end - trees) + 1))};
  assert_non_null(out.text);
  put(&out, text, claim);
  char number[32];
  snprintf(number, sizeof number, "%u", n_trees);
  put_text(&out, number);
  put(&out, strchr(claim, '"'), begins);
  put_list(&out, n_trees + 1, true);
  put(&out, strchr(begins, ']'), outputs);
  put_list(&out, n_trees, false);
  put(&out, strchr(outputs, ']'), trees);
  unsigned next = 0;
  for (unsigned copy = 0; copy < n; ++copy) {
    if (copy > 0) put_text(&out, ",");
    next = put_trees(&out, trees, trees_end, next);
  }
  assert_int_equal(next, n_trees);
  put(&out, trees_end, text + n_bytes);
  return out;
}

static void a_large_json_model_takes_at_most_twice_its_size(void **state) {
  (void)state;
  enum { LARGE = 40 << 20 };
  const apo_bytes bytes = apo_fixture_read("tests/fixtures/xgboost/logistic_3_4_1.json");
  char *text = (char *)(uintptr_t)bytes.at;
  text[bytes.n_bytes] = '\0';
  draft large = repeat_trees(text, bytes.n_bytes, LARGE / (unsigned)bytes.n_bytes);
  assert_true(large.n_bytes > 16 << 20);
  const size_t peak_bytes = apo_reading_peak(large.text, large.n_bytes, APO_OK, "");
  if (peak_bytes > 2 * large.n_bytes) {
    print_error("%zu bytes for a file of %zu\n", peak_bytes, large.n_bytes);
  }
  assert_true(peak_bytes <= 2 * large.n_bytes);
  free(large.text);
  free(text);
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
    const size_t peak =
        apo_reading_peak(bytes, sizeof bytes, APO_ERR_FORMAT, "length 1099511627776, but");
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
      cmocka_unit_test(a_large_json_model_takes_at_most_twice_its_size),
      cmocka_unit_test(a_small_file_that_claims_2_to_40_elements_costs_nothing),
      cmocka_unit_test(a_small_file_that_claims_many_trees_nodes_or_columns_costs_little),
  };
  return cmocka_run_group_tests_name("fault_reader", tests, NULL, NULL);
}
