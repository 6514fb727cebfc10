/* The SQL of docs/STORES.md runs on a store as it is written, and finds something. */
#include "tests/support/scratch.h"
// scratch.h asks for POSIX and comes first.
#include <sqlite3.h>

#include "tests/support/apo_test.h"
#include "tests/support/store_case.h"

static void write_store(const char *where) {
  store_case c;
  store_case_open(&c, 1);
  c.spec.key_name = "id";
  // Run 1 keeps everything, run 2 the largest, run 3 the largest pairs.
  for (int run = 0; run < 3; ++run) {
    apo_store *store = NULL;
    apo_error err;
    c.spec.top = run > 0 ? 2 : 0;
    c.spec.has_pairs = run > 1;
    assert_ok(apo_store_open(where, &c.spec, &store, &err), &err);
    assert_ok(store_case_put(&c, store, 0, 10, 10, &err), &err);
    assert_ok(apo_store_finish(store, &err), &err);
    apo_store_close(&store);
  }
  store_case_close(&c);
}

static int count_rows(sqlite3 *db, const char *sql, int n_bytes) {
  sqlite3_stmt *row = NULL;
  if (sqlite3_prepare_v2(db, sql, n_bytes, &row, NULL) != SQLITE_OK) {
    print_error("%s: %.*s\n", sqlite3_errmsg(db), n_bytes, sql);
    fail();
  }
  int n = 0;
  while (sqlite3_step(row) == SQLITE_ROW) ++n;
  sqlite3_finalize(row);
  return n;
}

static void every_example_finds_something(void **state) {
  (void)state;
  static char text[64 * 1024];
  FILE *in = fopen("docs/STORES.md", "rb");
  assert_non_null(in);
  const size_t n_text = fread(text, 1, sizeof text - 1, in);
  fclose(in);
  assert_true(n_text < sizeof text - 1);

  scratch folder = scratch_open();
  char where[SCRATCH_PATH_BYTES + 8];
  snprintf(where, sizeof where, "sqlite:%s", scratch_path(&folder, "store.db"));
  write_store(where);
  sqlite3 *db = NULL;
  assert_int_equal(sqlite3_open(where + 7, &db), SQLITE_OK);

  static const char fence[] = "```sql\n";
  int n_examples = 0;
  for (const char *at = strstr(text, fence); at != NULL; at = strstr(at, fence)) {
    at += sizeof fence - 1;
    const char *end = strstr(at, "```");
    assert_non_null(end);
    if (count_rows(db, at, (int)(end - at)) == 0) {
      print_error("no row: %.*s\n", (int)(end - at), at);
      fail();
    }
    ++n_examples;
  }
  assert_true(n_examples >= 5);
  sqlite3_close(db);
  scratch_close(&folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_example_finds_something),
  };
  return cmocka_run_group_tests_name("store_examples", tests, NULL, NULL);
}
