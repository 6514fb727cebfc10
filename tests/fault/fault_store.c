/* fault_store.c - array files survive each allocation that can fail, and leave nothing behind.
 *
 * The stores' own requests are failed; SQLite's are made in its library and are not reached, so the
 * SQLite kind is asked for what it allocates itself.
 */
#include "tests/support/scratch.h"
// scratch.h asks for POSIX and comes first.
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

static void check_kind(const char *scheme, const char *name) {
  long n_granted = 0;
  bool refused = true;
  for (; refused; ++n_granted) {
    scratch folder = scratch_open();
    store_case c;
    store_case_open(&c, 2);
    c.spec.key_name = "id";
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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(npy_leaves_nothing),
      cmocka_unit_test(csv_leaves_nothing),
      cmocka_unit_test(null_leaves_nothing),
      cmocka_unit_test(sqlite_leaks_nothing),
  };
  return cmocka_run_group_tests_name("fault_store", tests, NULL, NULL);
}
