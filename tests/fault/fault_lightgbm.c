/* fault_lightgbm.c - what reading LightGBM's text asks for, in bytes of memory a byte of file. */
#include <limits.h>

#include "tests/support/failing_heap.h"
#include "tests/support/fixture_files.h"
#include "tests/support/reading_peak.h"

/** The trees of a fixture, so often that the file is large; the caller frees it. */
static char *large_text(const char *path, size_t at_least, size_t *n_bytes) {
  const apo_bytes bytes = apo_fixture_read(path);
  char *text = (char *)(uintptr_t)bytes.at;
  text[bytes.n_bytes] = '\0';
  const char *sizes = strstr(text, "tree_sizes=");
  const char *trees = strstr(text, "Tree=0\n");
  const char *end = strstr(text, "end of trees\n");
  assert_true(sizes != NULL && trees != NULL && end != NULL);
  const size_t n_trees = (size_t)(end - trees);
  const size_t n_copies = at_least / n_trees + 1;
  char *out = malloc(bytes.n_bytes + n_copies * n_trees);
  assert_non_null(out);
  size_t n = (size_t)(sizes - text);
  memcpy(out, text, n);
  for (size_t copy = 0; copy < n_copies; ++copy, n += n_trees) memcpy(out + n, trees, n_trees);
  memcpy(out + n, end, strlen(end));
  *n_bytes = n + strlen(end);
  free(text);
  return out;
}

static void a_large_model_takes_at_most_twice_its_size(void **state) {
  (void)state;
  static const char *const paths[] = {"tests/fixtures/lightgbm/missing_nan.txt",
                                      "tests/fixtures/lightgbm/rf_regression.txt",
                                      "tests/fixtures/lightgbm/linear.txt"};
  for (size_t i = 0; i < 3; ++i) {
    size_t n_bytes = 0;
    char *text = large_text(paths[i], (size_t)20 << 20, &n_bytes);
    const size_t peak_bytes = apo_reading_peak(text, n_bytes, APO_OK, "");
    if (peak_bytes > 2 * n_bytes) print_error("%zu bytes for %zu\n", peak_bytes, n_bytes);
    assert_true(peak_bytes <= 2 * n_bytes);
    free(text);
  }
}

#define HEAD "tree\nnum_class=1\nmax_feature_idx=0\nfeature_names=a\n\nTree=0\n"

static void a_small_file_that_claims_much_costs_little(void **state) {
  (void)state;
  static const struct {
    const char *text;
    const char *words;
  } cases[] = {
      {HEAD "num_leaves=2147483647\nsplit_feature=0\n\n", "split_feature: 1 values, needs 2147"},
      {HEAD "num_leaves=1\nnum_cat=2147483647\nsplit_feature=\nthreshold=\nleft_child=\n"
            "right_child=\nleaf_value=1\ncat_boundaries=0\n\n",
       "cat_boundaries: 1 values, needs 2147483648"},
      {HEAD "num_leaves=1\nnum_cat=1\nsplit_feature=\nthreshold=\nleft_child=\nright_child=\n"
            "leaf_value=1\ncat_boundaries=0 2147483647\ncat_threshold=1\n\n",
       "cat_threshold: 1 values, needs 2147483647"},
      {"tree\nnum_class=1\nmax_feature_idx=999999\nfeature_names=a\n\n", "feature_names: 1 names"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    const size_t peak_bytes =
        apo_reading_peak(cases[i].text, strlen(cases[i].text), APO_ERR_FORMAT, cases[i].words);
    assert_true(peak_bytes <= (size_t)1 << 19);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_large_model_takes_at_most_twice_its_size),
      cmocka_unit_test(a_small_file_that_claims_much_costs_little),
  };
  return cmocka_run_group_tests_name("fault_lightgbm", tests, NULL, NULL);
}
