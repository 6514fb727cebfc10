/* fault_projection_memory.c - a projection takes no more memory than apo_projection_bytes says,
 * counted by the byte. */
#include <limits.h>

#include "engine/core/draw.h"
#include "engine/solve/least_squares.h"
#include "tests/support/apo_test.h"
#include "tests/support/failing_heap.h"

static void check(uint32_t n_players, uint64_t budget) {
  apo_error err;
  apo_coalitions *list = NULL;
  apo_projection *projection = NULL;
  assert_ok(apo_coalitions_draw(n_players, budget, 1, APO_DRAW_SHARED, &list, &err), &err);
  heap_start(LONG_MAX);
  assert_ok(apo_projection_create(list, &projection, &err), &err);
  const size_t promised = apo_projection_bytes(list->n_players, list->n_coalitions);
  const size_t peak = heap_peak_bytes();
  // The allocator rounds each of a few blocks up, and a list of scale factors comes on top.
  assert_true(peak <= promised + promised / 50 + 1024);
  assert_true(peak >= promised / 2);
  apo_projection_destroy(&projection);
  assert_int_equal(heap_live(), 0);
  apo_coalitions_destroy(&list);
}

static void a_projection_takes_the_memory_it_says(void **state) {
  (void)state;
  check(2, 2);
  check(25, 2098);
  check(300, 2648);
}

static void a_wide_projection_takes_the_memory_it_says(void **state) {
  (void)state;
  check(1500, 14000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_projection_takes_the_memory_it_says),
      cmocka_unit_test(a_wide_projection_takes_the_memory_it_says),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
