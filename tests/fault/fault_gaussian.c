/* fault_gaussian.c - linear models with dependent columns survive each allocation that can fail.
 * Every refused request must end in APO_ERR_MEMORY, so that the loops stop at the first success. */
#include <limits.h>

#include "tests/support/gaussian_case.h"
// It wraps the heap, so it comes last.
#include "tests/support/failing_heap.h"

static void choosing_an_effort(void **state) {
  (void)state;
  static gaussian_case c;
  gaussian_case_random(&c, 30, 1, 40, 1);
  const apo_gaussian_game asked = gaussian_case_game(&c);
  for (long n_granted = 0;; ++n_granted) {
    apo_gaussian_effort effort;
    apo_error err;
    heap_start(n_granted);
    const apo_status status = apo_gaussian_choose(&asked, 0, &effort, &err);
    assert_int_equal(heap.n_live, 0);
    if (status == APO_OK) {
      assert_true(n_granted > 0);
      return;
    }
    assert_fails(status, APO_ERR_MEMORY, &err, "linear: ");
  }
}

static void check_create(const gaussian_case *c, const apo_gaussian_effort *effort) {
  const apo_gaussian_game asked = gaussian_case_game(c);
  for (long n_granted = 0;; ++n_granted) {
    apo_gaussian *gaussian = NULL;
    apo_error err;
    heap_start(n_granted);
    const apo_status status = apo_gaussian_create(&asked, effort, 1, &gaussian, &err);
    assert_int_equal(gaussian == NULL, status != APO_OK);
    if (status == APO_OK) {
      assert_true(n_granted > 10);
      assert_true(heap.peak_bytes < effort->bytes + 4096);
      apo_gaussian_destroy(&gaussian);
      assert_int_equal(heap.n_live, 0);
      return;
    }
    assert_int_equal(heap.n_live, 0);
    assert_fails(status, APO_ERR_MEMORY, &err, "linear: ");
  }
}

static void creating_within_the_bytes_that_are_stated(void **state) {
  (void)state;
  static gaussian_case c;
  apo_gaussian_effort effort;
  apo_error err;
  gaussian_case_random(&c, 10, 2, 40, 1);
  const apo_gaussian_game few = gaussian_case_game(&c);
  heap_start(LONG_MAX);
  assert_ok(apo_gaussian_choose(&few, 0, &effort, &err), &err);
  assert_int_equal(effort.n_pairs, 0);
  check_create(&c, &effort);

  gaussian_case_random(&c, 28, 3, 40, 1);
  const apo_gaussian_game many = gaussian_case_game(&c);
  heap_start(LONG_MAX);
  assert_ok(apo_gaussian_choose(&many, 16 * 57, &effort, &err), &err);
  assert_int_equal(effort.n_pairs, 16);
  assert_true(effort.has_errors);
  check_create(&c, &effort);
  heap_start(LONG_MAX);
  assert_ok(apo_gaussian_choose(&many, 57, &effort, &err), &err);
  assert_false(effort.has_errors);
  check_create(&c, &effort);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(choosing_an_effort),
      cmocka_unit_test(creating_within_the_bytes_that_are_stated),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
