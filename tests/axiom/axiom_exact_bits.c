/* Exact and path-dependent values: the same bytes for every memory budget, block of a source,
 * number of rows asked for at once, device, number of devices, shard and day. */
#define _POSIX_C_SOURCE 200809L  // setenv
#include <stdlib.h>

#include "tests/support/exact_case.h"
#include "tests/support/made_forest.h"

enum { N_ROWS = 300, N_BACKGROUND = 90, MAX_COLUMNS = 24, N_OUTPUTS = 2 };

static const char *const lists[] = {"none", "0:0", "0:0,0:1"};
enum { N_LISTS = sizeof lists / sizeof *lists };

static const uint32_t players[MAX_COLUMNS] = {0, 1, 2, 3, 0, 4, 5, 5, 6, 1, 2, 3,
                                              1, 6, 5, 5, 0, 2, 4, 3, 0, 6, 1, 2};

static const apo_request requests[] = {
    {.method = APO_METHOD_EXACT},
    {.method = APO_METHOD_EXACT, .interactions = 1},
    {.method = APO_METHOD_EXACT, .index = APO_INDEX_BANZHAF},
    {.method = APO_METHOD_EXACT, .player_of_column = players, .n_players = 7},
    {.method = APO_METHOD_PATH},
    {.method = APO_METHOD_PATH, .interactions = 1},
};
enum { N_REQUESTS = sizeof requests / sizeof *requests };

typedef struct world {
  exact_world w;
  uint32_t n_columns;
  apo_devices *devices[N_LISTS]; /* the first is the reference; others may be NULL */
  explained expected[N_REQUESTS];
} world;

static world the_world;

static const explain_case *case_of(const apo_request *request) {
  return exact_world_case(&the_world.w, request);
}

static int open_devices(void) {
  for (size_t l = 0; l < N_LISTS; ++l) the_world.devices[l] = explain_try_open(lists[l]);
  return the_world.devices[0] == NULL;
}

// A part of the columns holds categories; paths have up to 9 players.
static int open_forest(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 5,
                                .n_columns = 12,
                                .n_outputs = N_OUTPUTS,
                                .n_trees = 24,
                                .max_depth = 9,
                                .split_share = 0.8,
                                .categorical_share = 0.3,
                                .cast_f32 = true,
                                .has_covers = true};
  the_world = (world){.n_columns = spec.n_columns};
  the_world.w = exact_world_make(&spec, N_ROWS, N_BACKGROUND, exact_weights());
  return open_devices();
}

// Paths have up to 24 players: too many for tables.
static int open_chains(void **state) {
  (void)state;
  made_forest made = made_open(MAX_COLUMNS, N_OUTPUTS);
  for (uint64_t seed = 0; seed < 6; ++seed) made_chain(&made, MAX_COLUMNS - (uint32_t)seed, seed);
  double *rows = made_chain_rows(7, MAX_COLUMNS, N_ROWS + N_BACKGROUND);
  the_world = (world){.n_columns = MAX_COLUMNS};
  the_world.w = exact_world_of(made_model(&made), rows, N_ROWS, N_BACKGROUND, exact_weights());
  return open_devices();
}

static int close_world(void **state) {
  (void)state;
  for (size_t q = 0; q < N_REQUESTS; ++q) explained_free(&the_world.expected[q]);
  for (size_t l = 0; l < N_LISTS; ++l) apo_devices_destroy(&the_world.devices[l]);
  exact_world_free(&the_world.w);
  return 0;
}

/** What the reference says when it is asked for all rows at once. */
static const explained *expected_of(size_t q) {
  explained *expected = &the_world.expected[q];
  if (expected->phi == NULL) {
    *expected = explain(case_of(&requests[q]), the_world.devices[0], &requests[q]);
  }
  return expected;
}

/** Call `compare` for every request on every device. */
static void on_all(void (*compare)(size_t q, apo_devices *devices)) {
  for (size_t q = 0; q < N_REQUESTS; ++q) {
    expected_of(q);
    for (size_t l = 0; l < N_LISTS; ++l) {
      if (the_world.devices[l] != NULL) compare(q, the_world.devices[l]);
    }
  }
}

/** The rows from `begin` of the whole. */
static void assert_part(size_t q, const explained *part, uint64_t begin, const char *what) {
  explained whole = *expected_of(q);
  const size_t at = begin * whole.n_outputs;
  whole.phi += at * whole.n_players;
  whole.prediction += at;
  whole.gap += at;
  if (whole.pairs != NULL) whole.pairs += at * explained_n_pairs(&whole);
  whole.n_rows = part->n_rows;
  assert_same_explained(&whole, part, what);
}

static void compare_devices(size_t q, apo_devices *devices) {
  for (int round = 0; round < 2; ++round) {
    explained e = explain(case_of(&requests[q]), devices, &requests[q]);
    assert_same_explained(expected_of(q), &e, apo_devices_text(devices));
    explained_free(&e);
  }
}

static void every_device_and_every_run_gives_the_same_bytes(void **state) {
  (void)state;
  on_all(compare_devices);
}

static uint32_t most_tiles;

static void compare_budgets(size_t q, apo_devices *devices) {
  const budget_runs runs =
      explain_under_budgets(case_of(&requests[q]), devices, &requests[q], 4, expected_of(q));
  assert_true(runs.n > 1);  // pairs need a group's table: some 80 MB
  most_tiles = runs.most_tiles > most_tiles ? runs.most_tiles : most_tiles;
}

static void every_budget_gives_the_same_bytes(void **state) {
  (void)state;
  on_all(compare_budgets);
  assert_true(most_tiles > 1);
}

static void compare_blocks(size_t q, apo_devices *devices) {
  static const uint64_t blocks[] = {1, 7, 64, 299};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; ++i) {
    explain_case c = *case_of(&requests[q]);
    c.block = blocks[i];
    // Every block may cost as much as a whole run.
    c.n_rows = blocks[i] < 64 ? 3 * blocks[i] : N_ROWS;
    explained e = explain(&c, devices, &requests[q]);
    assert_part(q, &e, 0, "blocks");
    explained_free(&e);
  }
}

static void blocks_of_a_source_change_nothing(void **state) {
  (void)state;
  on_all(compare_blocks);
}

static void compare_counts(size_t q, apo_devices *devices) {
  static const uint64_t counts[] = {1, 2, 3, 8, 17, 65, 150};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; ++i) {
    explain_case c = *case_of(&requests[q]);
    apo_request with = requests[q];
    const uint64_t begin = N_ROWS - counts[i];
    c.rows += begin * the_world.n_columns;
    c.n_rows = counts[i];
    with.row_origin = begin;
    explained e = explain(&c, devices, &with);
    assert_part(q, &e, begin, "a few rows of all");
    explained_free(&e);
  }
}

static void few_rows_have_the_bytes_that_they_have_among_many(void **state) {
  (void)state;
  on_all(compare_counts);
}

static void one_row_at_a_time_has_the_bytes_of_all_at_once(void **state) {
  (void)state;
  enum { N_SINGLE = 12 };
  for (size_t q = 0; q < N_REQUESTS; ++q) {
    for (uint64_t row = 0; row < N_SINGLE; ++row) {
      for (size_t l = 0; l < 2; ++l) {
        explain_case c = *case_of(&requests[q]);
        c.rows += row * the_world.n_columns;
        c.n_rows = 1;
        if (the_world.devices[l] == NULL) continue;
        explained e = explain(&c, the_world.devices[l], &requests[q]);
        assert_part(q, &e, row, "one row");
        explained_free(&e);
      }
    }
  }
}

// Equal rows have equal bytes wherever they stand; the order of rows is nothing.
static void the_order_of_rows_is_nothing(void **state) {
  (void)state;
  static double reversed[N_ROWS * MAX_COLUMNS];
  const uint32_t n_columns = the_world.n_columns;
  for (size_t row = 0; row < N_ROWS; ++row) {
    memcpy(reversed + row * n_columns, the_world.w.rows + (N_ROWS - 1 - row) * n_columns,
           n_columns * sizeof(double));
  }
  for (size_t q = 0; q < N_REQUESTS; ++q) {
    explain_case c = *case_of(&requests[q]);
    c.rows = reversed;
    explained e = explain(&c, the_world.devices[0], &requests[q]);
    const size_t n = (size_t)N_OUTPUTS * e.n_players;
    for (size_t row = 0; row < N_ROWS; ++row) {
      assert_memory_equal(e.phi + row * n, expected_of(q)->phi + (N_ROWS - 1 - row) * n,
                          n * sizeof(float));
    }
    explained_free(&e);
  }
}

// Sums over the background have no order.
static void the_order_of_the_background_is_nothing(void **state) {
  (void)state;
  static double rows[N_BACKGROUND * MAX_COLUMNS];
  const uint32_t n_columns = the_world.n_columns;
  explain_case c = the_world.w.c;
  c.weights = NULL;
  explain_case turned = c;
  turned.background = rows;
  for (size_t row = 0; row < N_BACKGROUND; ++row) {
    const size_t other = (row * 7 + 13) % N_BACKGROUND;
    memcpy(rows + row * n_columns, c.background + other * n_columns, n_columns * sizeof(double));
  }
  for (size_t q = 0; q < 4; ++q) {
    explained a = explain(&c, the_world.devices[0], &requests[q]);
    explained b = explain(&turned, the_world.devices[0], &requests[q]);
    assert_memory_equal(a.phi, b.phi, (size_t)N_ROWS * N_OUTPUTS * a.n_players * sizeof(float));
    explained_free(&a);
    explained_free(&b);
  }
}

int main(void) {
  // Two devices of one kind, where PoCL is the driver.
  setenv("POCL_DEVICES", "pthread pthread", 0);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_device_and_every_run_gives_the_same_bytes),
      cmocka_unit_test(every_budget_gives_the_same_bytes),
      cmocka_unit_test(blocks_of_a_source_change_nothing),
      cmocka_unit_test(few_rows_have_the_bytes_that_they_have_among_many),
      cmocka_unit_test(one_row_at_a_time_has_the_bytes_of_all_at_once),
      cmocka_unit_test(the_order_of_rows_is_nothing),
      cmocka_unit_test(the_order_of_the_background_is_nothing),
  };
  const int n_failed =
      cmocka_run_group_tests_name("axiom.exact_bits: forest", tests, open_forest, close_world);
  return n_failed +
         cmocka_run_group_tests_name("axiom.exact_bits: chains", tests, open_chains, close_world);
}
