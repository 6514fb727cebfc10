/* The same bytes, whatever the budget, the source's blocks, the devices, the shards or the day. */
#define _POSIX_C_SOURCE 200809L  // setenv
#include <stdlib.h>

#include "host/api/devices.h"
#include "tests/support/explain.h"
#include "tests/support/random_forest.h"

enum { N_ROWS = 41, N_BACKGROUND = 70, N_COLUMNS = 14 };

typedef struct world {
  apo_model *model;
  double *rows;
  explain_case c;
} world;

static world world_make(void) {
  const apo_random_spec spec = {.seed = 5,
                                .n_columns = N_COLUMNS,
                                .n_outputs = 2,
                                .n_trees = 11,
                                .max_depth = 5,
                                .categorical_share = 0.2,
                                .cast_f32 = true,
                                .link = APO_LINK_SOFTMAX};
  world w = {.model = apo_random_model(&spec)};
  apo_random random = apo_random_start(6);
  w.rows = apo_random_rows(&random, w.model->forest, N_ROWS + N_BACKGROUND);
  double *background = w.rows + (size_t)N_ROWS * N_COLUMNS;
  // Three columns are constant, so rows differ in the players that vary.
  for (size_t row = 1; row < N_BACKGROUND; ++row)
    memcpy(background + row * N_COLUMNS, background, 24);
  for (size_t row = 0; row < N_ROWS; row += 2) memcpy(w.rows + row * N_COLUMNS, background, 16);
  memcpy(w.rows + 4 * (size_t)N_COLUMNS, background, N_COLUMNS * sizeof *w.rows);
  w.c = (explain_case){.model = w.model,
                       .rows = w.rows,
                       .n_rows = N_ROWS,
                       .background = background,
                       .n_background = N_BACKGROUND};
  return w;
}

static void world_free(world *w) {
  free(w->rows);
  apo_model_destroy(&w->model);
}

static const apo_request requests[] = {
    {.method = APO_METHOD_KERNEL, .n_samples = 300, .seed = 1},
    {.method = APO_METHOD_KERNEL,
     .n_samples = 200,
     .coalitions_per_row = 1,
     .seed = 2,
     .output = APO_OUTPUT_PROBABILITY,
     .link = APO_VALUE_LOGIT},
    {.method = APO_METHOD_PERMUTATION, .n_samples = 150, .output = APO_OUTPUT_PROBABILITY},
};
enum { N_REQUESTS = sizeof requests / sizeof *requests };

static const char *const lists[] = {"none", "0:0", "0:0,0:1"};
enum { N_LISTS = sizeof lists / sizeof *lists };

// Explains on every device there is and hands the results to `compare` with the reference's.
static void on_all(void (*compare)(
    const world *w, apo_devices *devices, const apo_request *request, const explained *expected)) {
  world w = world_make();
  apo_devices *reference = explain_open("none");
  for (size_t q = 0; q < N_REQUESTS; ++q) {
    explained expected = explain(&w.c, reference, &requests[q]);
    for (size_t l = 0; l < N_LISTS; ++l) {
      apo_devices *devices = explain_try_open(lists[l]);
      if (devices == NULL) continue;
      compare(&w, devices, &requests[q], &expected);
      apo_devices_destroy(&devices);
    }
    explained_free(&expected);
  }
  apo_devices_destroy(&reference);
  world_free(&w);
}

static void compare_devices(const world *w,
                            apo_devices *devices,
                            const apo_request *request,
                            const explained *expected) {
  for (int round = 0; round < 2; ++round) {
    explained e = explain(&w->c, devices, request);
    assert_same_explained(expected, &e, apo_devices_text(devices));
    explained_free(&e);
  }
}

static void every_device_and_every_run_gives_the_same_bytes(void **state) {
  (void)state;
  on_all(compare_devices);
}

static void compare_budgets(const world *w,
                            apo_devices *devices,
                            const apo_request *request,
                            const explained *expected) {
  const budget_runs runs = explain_under_budgets(&w->c, devices, request, 2, expected);
  assert_true(runs.n > 3);
  assert_true(runs.most_tiles > 3);
}

static void every_budget_gives_the_same_bytes(void **state) {
  (void)state;
  on_all(compare_budgets);
}

static void compare_blocks(const world *w,
                           apo_devices *devices,
                           const apo_request *request,
                           const explained *expected) {
  for (uint64_t block = 1; block <= N_ROWS; block += 8) {
    explain_case c = w->c;
    c.block = block;
    explained e = explain(&c, devices, request);
    assert_same_explained(expected, &e, "blocks");
    explained_free(&e);
  }
}

static void blocks_of_a_source_change_nothing(void **state) {
  (void)state;
  on_all(compare_blocks);
}

static void compare_shards(const world *w,
                           apo_devices *devices,
                           const apo_request *request,
                           const explained *expected) {
  static const uint64_t ends[] = {0, 1, 17, 18, N_ROWS};
  for (size_t shard = 1; shard < sizeof ends / sizeof *ends; ++shard) {
    const uint64_t begin = ends[shard - 1];
    explain_case c = w->c;
    c.rows += begin * N_COLUMNS;
    c.n_rows = ends[shard] - begin;
    apo_request with = *request;
    with.row_origin = begin;
    explained e = explain(&c, devices, &with);
    const size_t row = (size_t)e.n_outputs * e.n_players;
    assert_memory_equal(e.phi, expected->phi + begin * row, c.n_rows * row * sizeof(float));
    explained_free(&e);
  }
}

static void shards_give_the_bytes_of_the_whole(void **state) {
  (void)state;
  on_all(compare_shards);
}

static void another_seed_gives_other_bytes(void **state) {
  (void)state;
  world w = world_make();
  apo_devices *devices = explain_open("none");
  for (size_t q = 0; q < N_REQUESTS; ++q) {
    apo_request with = requests[q];
    explained a = explain(&w.c, devices, &with);
    with.seed += 100;
    explained b = explain(&w.c, devices, &with);
    assert_memory_not_equal(a.phi, b.phi, N_ROWS * 2 * N_COLUMNS * sizeof(float));
    explained_free(&a);
    explained_free(&b);
  }
  apo_devices_destroy(&devices);
  world_free(&w);
}

static void long_backgrounds_go_in_several_launches(void **state) {
  (void)state;
  enum { N = 100000 };
  const apo_random_spec spec = {
      .seed = 9, .n_columns = 3, .n_outputs = 1, .n_trees = 2, .max_depth = 2, .cast_f32 = true};
  apo_model *model = apo_random_model(&spec);
  apo_random random = apo_random_start(10);
  double *rows = apo_random_rows(&random, model->forest, 2 + N);
  const explain_case c = {
      .model = model, .rows = rows, .n_rows = 2, .background = rows + 6, .n_background = N};
  const apo_request request = {.method = APO_METHOD_KERNEL};
  apo_request small = request;
  apo_devices *reference = explain_open("none");
  explained expected = explain(&c, reference, &request);
  apo_devices *devices = explain_try_open("0:0");
  if (devices != NULL) {
    small.memory_bytes = 6 << 20;
    for (int tight = 0; tight < 2; ++tight) {
      explained e = explain(&c, devices, tight == 1 ? &small : &request);
      assert_same_explained(&expected, &e, "100,000 background rows");
      explained_free(&e);
    }
  }
  explained_free(&expected);
  apo_devices_destroy(&devices);
  apo_devices_destroy(&reference);
  free(rows);
  apo_model_destroy(&model);
}

int main(void) {
  // Two devices of one kind, where PoCL is the driver.
  setenv("POCL_DEVICES", "pthread pthread", 0);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_device_and_every_run_gives_the_same_bytes),
      cmocka_unit_test(every_budget_gives_the_same_bytes),
      cmocka_unit_test(blocks_of_a_source_change_nothing),
      cmocka_unit_test(shards_give_the_bytes_of_the_whole),
      cmocka_unit_test(another_seed_gives_other_bytes),
      cmocka_unit_test(long_backgrounds_go_in_several_launches),
  };
  return cmocka_run_group_tests_name("axiom.determinism", tests, NULL, NULL);
}
