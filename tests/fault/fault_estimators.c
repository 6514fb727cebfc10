/* fault_estimators.c - the mathematics of the estimators survives each allocation that can fail.
 * Every refused request must end in APO_ERR_MEMORY, so that the loops stop at the first success. */
#include <limits.h>

#include "engine/core/draw.h"
#include "engine/explainers/importance/metrics.h"
#include "engine/explainers/importance/shuffles.h"
#include "engine/explainers/kernel/coalitions.h"
#include "engine/solve/least_squares.h"
#include "tests/support/apo_test.h"
#include "tests/support/failing_heap.h"

static apo_coalitions *draw(uint32_t n_players, uint64_t budget) {
  apo_error err;
  apo_coalitions *list = NULL;
  heap_start(LONG_MAX);
  assert_ok(apo_coalitions_draw(n_players, budget, 1, APO_DRAW_SHARED, &list, &err), &err);
  return list;
}

static void drawing_coalitions(void **state) {
  (void)state;
  for (long n_granted = 0;; ++n_granted) {
    apo_error err;
    apo_coalitions *list = NULL;
    heap_start(n_granted);
    const apo_status status = apo_coalitions_draw(20, 0, 1, 0, &list, &err);
    assert_int_equal(list == NULL, status != APO_OK);
    apo_coalitions_destroy(&list);
    assert_null(list);
    assert_int_equal(heap.n_live, 0);
    if (status == APO_OK) {
      assert_true(n_granted > 0);
      return;
    }
    assert_fails(status, APO_ERR_MEMORY, &err, "coalitions: ");
  }
}

static void creating_a_projection(void **state) {
  (void)state;
  apo_coalitions *list = draw(20, 0);
  for (long n_granted = 0;; ++n_granted) {
    apo_error err;
    apo_projection *projection = NULL;
    heap_start(n_granted);
    const apo_status status = apo_projection_create(list, &projection, &err);
    assert_int_equal(projection == NULL, status != APO_OK);
    apo_projection_destroy(&projection);
    assert_int_equal(heap.n_live, 0);
    if (status == APO_OK) {
      assert_true(n_granted > 0);
      break;
    }
    assert_fails(status, APO_ERR_MEMORY, &err, "least squares: ");
  }
  heap_start(LONG_MAX);
  apo_coalitions_destroy(&list);
}

static void applying_a_projection(void **state) {
  (void)state;
  static double v[2088];
  double phi[20];
  const double empty = 0.0;
  const double full = 1.0;
  apo_error err;
  apo_projection *projection = NULL;
  apo_coalitions *list = draw(20, 0);
  assert_int_equal(list->n_coalitions, sizeof v / sizeof *v);
  assert_ok(apo_projection_create(list, &projection, &err), &err);
  for (long n_granted = 0;; ++n_granted) {
    heap_start(n_granted);
    const apo_status status = apo_projection_apply(projection, 1, v, &empty, &full, phi, &err);
    assert_int_equal(heap.n_live, 0);
    if (status == APO_OK) {
      assert_true(n_granted > 0);
      break;
    }
    assert_fails(status, APO_ERR_MEMORY, &err, "least squares: ");
  }
  heap_start(LONG_MAX);
  apo_projection_destroy(&projection);
  apo_coalitions_destroy(&list);
}

static void scoring_by_auc(void **state) {
  (void)state;
  static const double target[3] = {0, 1, 0};
  const apo_targets targets = {target, NULL, 3, 1};
  for (long n_granted = 0;; ++n_granted) {
    apo_error err;
    double out = 0.0;
    heap_start(n_granted);
    const apo_status status = apo_metric_score(APO_METRIC_AUC, &targets, target, &out, &err);
    assert_int_equal(heap.n_live, 0);
    if (status == APO_OK) {
      assert_true(n_granted > 0);
      return;
    }
    assert_fails(status, APO_ERR_MEMORY, &err, "auc: no memory");
  }
}

static void drawing_a_subset(void **state) {
  (void)state;
  for (long n_granted = 0;; ++n_granted) {
    apo_error err;
    uint32_t rows[3];
    heap_start(n_granted);
    const apo_status status = apo_shuffle_subset(1, 10, 3, rows, &err);
    assert_int_equal(heap.n_live, 0);
    if (status == APO_OK) {
      assert_true(n_granted > 0);
      return;
    }
    assert_fails(status, APO_ERR_MEMORY, &err, "subset: no memory");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(drawing_coalitions),    cmocka_unit_test(creating_a_projection),
      cmocka_unit_test(applying_a_projection), cmocka_unit_test(scoring_by_auc),
      cmocka_unit_test(drawing_a_subset),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
