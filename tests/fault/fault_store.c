/* fault_store.c - array files survive each allocation that can fail, and leave nothing behind.
 *
 * The stores' own requests are failed; SQLite's are made in its library and are not reached, so the
 * SQLite kind is asked for what it allocates itself.
 */
#include "tests/support/scratch.h"
// scratch.h asks for POSIX and comes first.
#include <limits.h>

#include "engine/core/error.h"
#include "tests/support/apo_test.h"
#include "tests/support/failing_heap.h"
#include "tests/support/store_case.h"

static apo_status write_all(const char *where,
                            const store_case *c,
                            const store_case_tile *t,
                            apo_error *err) {
  apo_store *store = NULL;
  APO_TRY(apo_store_open(where, &c->spec, &store, err));
  apo_status status = apo_store_put(store, &t->tile, t->ids, err);
  if (status == APO_OK) status = apo_store_finish(store, err);
  apo_store_close(&store);
  return status;
}

static void check_spec(const char *scheme, const char *name, void (*change)(apo_run_spec *)) {
  long n_granted = 0;
  bool refused = true;
  for (; refused; ++n_granted) {
    scratch folder = scratch_open();
    store_case c;
    store_case_open(&c, 2);
    c.spec.key_name = "id";
    if (change != NULL) change(&c.spec);
    store_case_tile t = store_case_make(&c, 0, 10);
    char where[SCRATCH_PATH_BYTES + 8];
    snprintf(where, sizeof where, "%s%s", scheme, name != NULL ? scratch_path(&folder, name) : "");
    apo_error err;

    heap_start(n_granted);
    const apo_status status = write_all(where, &c, &t, &err);
    refused = heap_end();

    assert_int_equal(heap_live(), 0);
    if (refused) {
      assert_int_equal(status, APO_ERR_MEMORY);
      assert_true(strlen(err.message) > 0);
      if (scheme[0] == '\0') assert_int_equal(scratch_count(&folder), 0);
    } else {
      assert_ok(status, &err);
    }
    store_case_tile_free(&t);
    store_case_close(&c);
    scratch_close(&folder);
  }
  assert_true(n_granted > 1);  // something was refused
}

static void check_kind(const char *scheme, const char *name) {
  check_spec(scheme, name, NULL);
}

static void npy_leaves_nothing(void **state) {
  (void)state;
  check_kind("", "out.npy");
}

static void csv_leaves_nothing(void **state) {
  (void)state;
  check_kind("", "out.csv");
}

static void null_leaves_nothing(void **state) {
  (void)state;
  check_kind("null:", NULL);
}

static void sqlite_leaks_nothing(void **state) {
  (void)state;
  check_kind("sqlite:", "out.db");
}

static void with_pairs(apo_run_spec *spec) {
  spec->has_pairs = true;
}

static void with_top(apo_run_spec *spec) {
  spec->top = 2;
}

static void with_top_pairs(apo_run_spec *spec) {
  spec->has_pairs = true;
  spec->top = 2;
}

static void reduced(apo_run_spec *spec) {
  spec->has_pairs = true;
  spec->reduction = APO_REDUCE_MEAN_ABS;
}

static void arrays_of_interactions_leave_nothing(void **state) {
  (void)state;
  check_spec("", "out.npy", with_pairs);
  check_spec("", "out.csv", with_pairs);
  check_spec("", "out.npy", reduced);
  check_spec("", "out.csv", reduced);
}

static void sqlite_leaks_nothing_in_other_layouts(void **state) {
  (void)state;
  check_spec("sqlite:", "out.db", with_pairs);
  check_spec("sqlite:", "out.db", with_top);
  check_spec("sqlite:", "out.db", with_top_pairs);
}

/* The most bytes of a store while so many rows pass; the tiles are made outside. */
static size_t peak_of(const char *name, uint32_t n_tiles, void (*change)(apo_run_spec *)) {
  scratch folder = scratch_open();
  store_case c;
  store_case_open(&c, 2);
  if (change != NULL) change(&c.spec);
  store_case_tile t = store_case_make(&c, 0, 100);
  char where[SCRATCH_PATH_BYTES];
  snprintf(where, sizeof where, "%s", scratch_path(&folder, name));
  apo_store *store = NULL;
  apo_error err;
  heap_start(LONG_MAX);
  assert_ok(apo_store_open(where, &c.spec, &store, &err), &err);
  for (uint32_t i = 0; i < n_tiles; ++i) {
    t.tile.row_begin = 100 * (uint64_t)i;
    assert_ok(apo_store_put(store, &t.tile, NULL, &err), &err);
  }
  assert_ok(apo_store_finish(store, &err), &err);
  apo_store_close(&store);
  heap_end();
  const size_t peak = heap_peak_bytes();
  store_case_tile_free(&t);
  store_case_close(&c);
  scratch_close(&folder);
  return peak;
}

static void memory_of_arrays_does_not_grow_with_rows(void **state) {
  (void)state;
  static const char *const names[] = {"out.npy", "out.csv"};
  void (*const changes[])(apo_run_spec *) = {NULL, with_pairs, reduced};
  for (size_t name = 0; name < 2; ++name) {
    for (size_t change = 0; change < 3; ++change) {
      const size_t few = peak_of(names[name], 1, changes[change]);
      assert_true(few > 0);
      assert_int_equal(peak_of(names[name], 300, changes[change]), few);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(npy_leaves_nothing),
      cmocka_unit_test(csv_leaves_nothing),
      cmocka_unit_test(null_leaves_nothing),
      cmocka_unit_test(sqlite_leaks_nothing),
      cmocka_unit_test(arrays_of_interactions_leave_nothing),
      cmocka_unit_test(sqlite_leaks_nothing_in_other_layouts),
      cmocka_unit_test(memory_of_arrays_does_not_grow_with_rows),
  };
  return cmocka_run_group_tests_name("fault_store", tests, NULL, NULL);
}
