/* fault_leaf_games.c - cutting a forest survives each allocation that can fail. */
#include "tests/support/failing_heap.h"
#include "tests/support/leaf_game_case.h"

// Enough sets, groups and long leaves or trees that every array has to grow.
static void check(apo_leaf_wish wish, bool is_walked) {
  const apo_random_spec spec = {.seed = 11,
                                .n_columns = 30,
                                .n_outputs = 1,
                                .n_trees = 60,
                                .max_depth = 8,
                                .categorical_share = 0.5,
                                .has_covers = true};
  leaf_case c = {.model = apo_random_model(&spec)};
  leaf_case_cut(&c, 30, wish);
  assert_true(c.games->n_derived > 64);
  if (is_walked) {
    assert_true(c.games->programs.n_trees > 32);
  } else {
    assert_true(c.games->n_groups > 64 && c.games->n_long > 64);
  }
  for (long n_granted = 0;; ++n_granted) {
    apo_leaf_games *games = NULL;
    apo_error err;
    heap_start(n_granted);
    const apo_status status = apo_leaf_games_create(c.model, c.codes, &c.wish, &games, &err);
    const bool refused = heap_end();
    assert_int_equal(games != NULL, status == APO_OK);
    apo_leaf_games_destroy(&games);
    assert_int_equal(heap_live(), 0);
    if (!refused) {
      assert_ok(status, &err);
      break;
    }
    assert_fails(status, APO_ERR_MEMORY, &err, "leaf games: ");
  }
  leaf_case_close(&c);
}

static void each_failed_allocation_is_reported_and_nothing_leaks(void **state) {
  (void)state;
  check((apo_leaf_wish){.is_path = true, .max_players = 6}, false);
}

static void likewise_for_trees_walked_whole(void **state) {
  (void)state;
  check((apo_leaf_wish){.is_path = true, .table_rows = 1}, true);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_failed_allocation_is_reported_and_nothing_leaks),
      cmocka_unit_test(likewise_for_trees_walked_whole),
  };
  return cmocka_run_group_tests_name("fault_leaf_games", tests, NULL, NULL);
}
