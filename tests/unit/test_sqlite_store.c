/* What an SQLite store holds: the same numbers back, whole chunks, nobody else's file. */
#include "tests/support/scratch.h"
// scratch.h asks for POSIX and comes first.
#include <float.h>

#include "tests/support/apo_test.h"
#include "tests/support/store_case.h"
#include "tests/support/store_query.h"

typedef struct fixture {
  scratch folder;
  store_case c;
  char path[SCRATCH_PATH_BYTES];
  char where[SCRATCH_PATH_BYTES + 8];
} fixture;

static void fixture_file(fixture *f, const char *name) {
  snprintf(f->path, sizeof f->path, "%s/%s", f->folder.folder, name);
  snprintf(f->where, sizeof f->where, "sqlite:%s", f->path);
}

static void fixture_open(fixture *f, uint32_t n_outputs) {
  f->folder = scratch_open();
  store_case_open(&f->c, n_outputs);
  fixture_file(f, "store.db");
}

static void fixture_close(fixture *f) {
  store_case_close(&f->c);
  scratch_close(&f->folder);
}

/** The whole run in one go. */
static void write_run(fixture *f, uint64_t n_rows, uint32_t tile_rows) {
  apo_store *store = NULL;
  apo_error err;
  assert_ok(apo_store_open(f->where, &f->c.spec, &store, &err), &err);
  assert_ok(store_case_put(&f->c, store, 0, n_rows, tile_rows, &err), &err);
  assert_ok(apo_store_finish(store, &err), &err);
  assert_int_equal(store->n_rows_kept, n_rows);
  apo_store_close(&store);
  assert_null(store);
}

static void open_fails(fixture *f, const char *words) {
  apo_store *store = NULL;
  apo_error err;
  assert_fails(apo_store_open(f->where, &f->c.spec, &store, &err), APO_ERR_IO, &err, words);
  assert_null(store);
}

/* --- content ---------------------------------------------------------------------------------- */

static void the_file_is_what_it_says(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 2);
  write_run(&f, 5000, 700);
  assert_int_equal(store_query_int(f.path, "PRAGMA application_id"), 0x41504F31);
  assert_int_equal(store_query_int(f.path, "PRAGMA user_version"), 1);
  assert_int_equal(store_query_int(f.path, "PRAGMA page_size"), 16384);
  assert_string_equal(store_query_damage(f.path), "");
  assert_int_equal(store_query_int(f.path, "SELECT count(*) FROM apo_attribution"), 10000);
  assert_int_equal(store_query_int(f.path, "SELECT count(*) FROM apo_chunk"), 2);
  assert_int_equal(store_query_int(f.path, "SELECT max(row_hi) FROM apo_chunk"), 5000);
  assert_int_equal(store_query_int(f.path, "SELECT count(*) FROM apo_player"), 3);
  assert_int_equal(store_query_int(f.path, "SELECT count(*) FROM apo_global"), 6);
  assert_int_equal(
      store_query_int(f.path, "SELECT count(*) FROM apo_attribution WHERE length(phi) <> 12"), 0);
  assert_string_equal(store_query(f.path, "SELECT status FROM apo_run"), "complete");
  assert_string_equal(
      store_query(f.path, "SELECT group_concat(name || '=' || base) FROM apo_output"),
      "no=0.5,1=-1.25");
  assert_int_equal(
      store_query_int(f.path,
                      "SELECT count(*) FROM apo_run WHERE gap_p99 <= gap_max AND gap_p99 > "
                      "0.95 * gap_max AND n_rows = 5000 AND n_failed = 0"),
      1);
  assert_string_equal(store_query(f.path, "PRAGMA foreign_key_check"), "");
  fixture_close(&f);
}

// apo_global was summed while writing; here it is summed from the rows by SQL.
static void global_values_are_those_of_the_long_view(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 1);
  write_run(&f, 4500, 4500);
  // 4,500 additions in fp64 in another order: below 4500 * 2^-53 of the sum.
  assert_int_equal(
      store_query_int(
          f.path,
          "SELECT count(*) FROM apo_global g JOIN (SELECT output, ord, count(*) AS n, "
          "avg(abs(phi)) AS m, avg(phi) AS mean, avg(phi * phi) AS q FROM apo_published GROUP BY "
          "output, ord) l USING(output, ord) WHERE g.n = l.n AND abs(g.mean_abs - l.m) < 1e-12 "
          "AND abs(g.mean - l.mean) < 1e-12 AND abs(g.mean_sq - l.q) < 1e-12 AND cohort = 'all'"),
      3);
  fixture_close(&f);
}

static const uint32_t special_bits[] = {
    0x00000000, 0x80000000, 0x00000001, 0x80000001, 0x007fffff, 0x807fffff, 0x00800000,
    0x80800000, 0x3f800000, 0xbf800000, 0x3f800001, 0x34000000, 0x4b000000, 0x4b7fffff,
    0x7f7fffff, 0xff7fffff, 0x7f000000, 0x3eaaaaab, 0xc0490fdb, 0x01000000, 0x12345678,
};

// Bits through the bytes of phi and through SQL's view of them.
static void floats_come_back_as_they_were(void **state) {
  (void)state;
  enum { N_SPECIAL = sizeof special_bits / sizeof special_bits[0], N_ROWS = 3000 };
  fixture f;
  fixture_open(&f, 1);
  f.c.spec.has_errors = true;
  store_case_tile t = store_case_make(&f.c, 0, N_ROWS);
  uint32_t bits = 1;
  for (size_t i = 0; i < N_ROWS * STORE_CASE_PLAYERS; ++i) {
    bits = bits * 1664525u + 1013904223u;  // all exponents, arbitrary mantissas
    const uint32_t kept = (bits >> 23 & 255) == 255 ? bits & 0x807fffffu : bits;
    const uint32_t value = i < N_SPECIAL ? special_bits[i] : kept;
    memcpy(&t.phi[i], &value, sizeof value);
    const uint32_t error = value & 0x7fffffffu;
    memcpy(&t.phi_se[i], &error, sizeof error);
  }
  apo_store *store = NULL;
  apo_error err;
  assert_ok(apo_store_open(f.where, &f.c.spec, &store, &err), &err);
  assert_ok(apo_store_put(store, &t.tile, NULL, &err), &err);
  assert_ok(apo_store_finish(store, &err), &err);
  apo_store_close(&store);

  sqlite3 *db = NULL;
  sqlite3_stmt *row = NULL;
  assert_int_equal(sqlite3_open(f.path, &db), SQLITE_OK);
  assert_int_equal(
      sqlite3_prepare_v2(db,
                         "SELECT l.row_ord, l.ord, l.phi, l.phi_se, a.phi, l.feature FROM "
                         "apo_published l JOIN apo_attribution a USING(run_no, row_ord, output)",
                         -1, &row, NULL),
      SQLITE_OK);
  size_t n = 0;
  for (; sqlite3_step(row) == SQLITE_ROW; ++n) {
    const size_t player = (size_t)sqlite3_column_int64(row, 1);
    const size_t i = (size_t)sqlite3_column_int64(row, 0) * STORE_CASE_PLAYERS + player;
    assert_true(sqlite3_column_double(row, 2) == (double)t.phi[i]);
    assert_true(sqlite3_column_double(row, 3) == (double)t.phi_se[i]);
    assert_memory_equal((const uint8_t *)sqlite3_column_blob(row, 4) + 4 * player, &t.phi[i], 4);
    assert_string_equal((const char *)sqlite3_column_text(row, 5), f.c.names[player]);
  }
  assert_int_equal(n, N_ROWS * STORE_CASE_PLAYERS);
  sqlite3_finalize(row);
  sqlite3_close(db);
  store_case_tile_free(&t);
  fixture_close(&f);
}

static void tiles_of_any_size_give_the_same_store(void **state) {
  (void)state;
  const uint32_t tiles[] = {1, 100, 4096, 10000};
  const uint32_t chunks[] = {4096, 8192, 65536, 4096};
  char expected[128] = "";
  char globals[2048] = "";
  for (size_t i = 0; i < sizeof tiles / sizeof tiles[0]; ++i) {
    fixture f;
    fixture_open(&f, 1);
    f.c.spec.key_name = "id";
    f.c.spec.has_errors = true;
    f.c.spec.chunk_rows = chunks[i];
    write_run(&f, 10000, tiles[i]);
    const char *found = store_query(f.path, "SELECT run_id || hex(rowsum) FROM apo_run");
    if (i == 0) snprintf(expected, sizeof expected, "%s", found);
    assert_string_equal(found, expected);
    found = store_query(f.path,
                        "SELECT group_concat(printf('%!.17g %!.17g %!.17g', mean_abs, "
                        "se_mean_abs, noise)) FROM apo_global");
    if (i == 0) snprintf(globals, sizeof globals, "%s", found);
    assert_string_equal(found, globals);
    fixture_close(&f);
  }
}

static void a_line_that_is_not_finite_is_an_error_of_its_row(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 2);
  f.c.nan_row = 17;
  write_run(&f, 100, 100);
  assert_int_equal(store_query_int(f.path, "SELECT count(*) FROM apo_attribution"), 199);
  assert_string_equal(
      store_query(f.path, "SELECT row_ord || ' ' || output || ' ' || code FROM apo_row_error"),
      "17 0 phi_not_finite");
  assert_int_equal(store_query_int(f.path, "SELECT n_failed FROM apo_run"), 1);
  fixture_close(&f);
}

static void no_rows_make_a_complete_run(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 1);
  write_run(&f, 0, 1);
  assert_string_equal(store_query(f.path, "SELECT status || n_rows FROM apo_run"), "complete0");
  fixture_close(&f);
}

/* --- names and ids ---------------------------------------------------------------------------- */

static void hostile_names_are_only_values(void **state) {
  (void)state;
  static char emoji[255 * 4 + 1];
  for (int i = 0; i < 255; ++i) memcpy(emoji + 4 * i, "\xf0\x9f\x98\x80", 4);
  static char longest[4097];
  memset(longest, '%', 4096);
  const char *const names[][3] = {
      {"x\"; DROP TABLE apo_run;--", "%s%n", "'); DELETE FROM apo_player; --"},
      {"\xe2\x80\xae"
       "gnp.exe",
       emoji, longest},
  };
  for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i) {
    fixture f;
    fixture_open(&f, 1);
    memcpy(f.c.names, names[i], sizeof names[i]);
    write_run(&f, 10, 10);
    for (int player = 0; player < 3; ++player) {
      char sql[160];
      snprintf(sql, sizeof sql, "SELECT feature FROM apo_published WHERE ord = %d", player);
      assert_string_equal(store_query(f.path, sql), names[i][player]);
    }
    fixture_close(&f);
  }
}

static void ids_are_integers_where_they_are_written_as_such(void **state) {
  (void)state;
  const char *ids[] = {"7",  "007", "-12", "9223372036854775807",  "9223372036854775808", "1e3",
                       "+1", " 1",  "-0",  "'; DROP TABLE apo_run"};
  enum { N_IDS = sizeof ids / sizeof ids[0] };
  fixture f;
  fixture_open(&f, 1);
  f.c.spec.key_name = "id";
  store_case_tile t = store_case_make(&f.c, 0, N_IDS);
  apo_store *store = NULL;
  apo_error err;
  assert_ok(apo_store_open(f.where, &f.c.spec, &store, &err), &err);
  assert_ok(apo_store_put(store, &t.tile, ids, &err), &err);
  assert_ok(apo_store_finish(store, &err), &err);
  apo_store_close(&store);
  assert_string_equal(
      store_query(f.path,
                  "SELECT group_concat(coalesce(key_i, '-') || '|' || coalesce(key_t, '-'), "
                  "' ; ') FROM apo_attribution"),
      "7|- ; -|007 ; -12|- ; 9223372036854775807|- ; -|9223372036854775808 ; -|1e3 ; -|+1 ; -| 1 ; "
      "-|-0 ; -|'; DROP TABLE apo_run");
  assert_string_equal(store_query(f.path, "SELECT key_name || key_type FROM apo_input"), "idtext");
  store_case_tile_free(&t);
  fixture_close(&f);
}

static void ids_that_repeat_fail_the_run(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 2);
  f.c.spec.key_name = "id";
  f.c.same_id_row = 4500;
  apo_store *store = NULL;
  apo_error err;
  assert_ok(apo_store_open(f.where, &f.c.spec, &store, &err), &err);
  assert_ok(store_case_put(&f.c, store, 0, 5000, 1000, &err), &err);
  assert_fails(apo_store_finish(store, &err), APO_ERR_FORMAT, &err, "\"id0\"");
  apo_store_close(&store);
  assert_string_equal(store_query(f.path, "SELECT status FROM apo_run"), "failed");
  assert_int_equal(store_query_int(f.path, "SELECT max(row_hi) FROM apo_chunk"), 4096);
  fixture_close(&f);
}

/* --- other people's files --------------------------------------------------------------------- */

static void a_file_of_something_else_is_refused_and_left_alone(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 1);
  const char *text = "not a database at all\n";
  scratch_write(&f.folder, "store.db", text, strlen(text));
  open_fails(&f, "store.db: exists and is no attribution store");
  char found[64] = "";
  FILE *file = fopen(f.path, "rb");
  assert_non_null(file);
  const size_t n = fread(found, 1, sizeof found - 1, file);
  fclose(file);
  assert_int_equal(n, strlen(text));
  assert_string_equal(found, text);
  fixture_close(&f);
}

static void a_database_of_another_program_is_refused(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 1);
  scratch_write(&f.folder, "store.db", "", 0);
  store_query(f.path, "CREATE TABLE theirs(x)");
  open_fails(&f, "is no attribution store");
  assert_int_equal(store_query_int(f.path, "SELECT count(*) FROM sqlite_schema"), 1);
  fixture_close(&f);
}

static void a_newer_store_is_refused(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 1);
  write_run(&f, 10, 10);
  store_query(f.path, "PRAGMA user_version = 2");
  open_fails(&f, "version 2, needed version 1");
  fixture_close(&f);
}

static void a_symbolic_link_and_a_folder_are_refused(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 1);
  char target[SCRATCH_PATH_BYTES];
  snprintf(target, sizeof target, "%s/target.db", f.folder.folder);
  assert_int_equal(symlink(target, f.path), 0);
  open_fails(&f, "symbolic link");
  assert_int_equal(access(target, F_OK), -1);
  fixture_file(&f, ".");
  open_fails(&f, f.path);
  fixture_file(&f, "absent/store.db");
  open_fails(&f, "absent/store.db: cannot open");
  fixture_close(&f);
}

static void a_name_is_never_a_uri(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 1);
  char back[SCRATCH_PATH_BYTES];
  assert_non_null(getcwd(back, sizeof back));
  assert_int_equal(chdir(f.folder.folder), 0);
  snprintf(f.where, sizeof f.where, "sqlite:file:x?mode=memory");
  write_run(&f, 10, 10);
  snprintf(f.where, sizeof f.where, "sqlite::memory:");
  write_run(&f, 10, 10);
  assert_int_equal(access("file:x?mode=memory", F_OK), 0);
  assert_int_equal(access(":memory:", F_OK), 0);
  assert_int_equal(chdir(back), 0);
  fixture_close(&f);
}

static void a_second_writer_is_refused_until_the_first_is_gone(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 1);
  apo_store *store = NULL;
  apo_error err;
  assert_ok(apo_store_open(f.where, &f.c.spec, &store, &err), &err);
  open_fails(&f, "store.db: another process is writing it");
  apo_store_close(&store);
  write_run(&f, 10, 10);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_file_is_what_it_says),
      cmocka_unit_test(global_values_are_those_of_the_long_view),
      cmocka_unit_test(floats_come_back_as_they_were),
      cmocka_unit_test(tiles_of_any_size_give_the_same_store),
      cmocka_unit_test(a_line_that_is_not_finite_is_an_error_of_its_row),
      cmocka_unit_test(no_rows_make_a_complete_run),
      cmocka_unit_test(hostile_names_are_only_values),
      cmocka_unit_test(ids_are_integers_where_they_are_written_as_such),
      cmocka_unit_test(ids_that_repeat_fail_the_run),
      cmocka_unit_test(a_file_of_something_else_is_refused_and_left_alone),
      cmocka_unit_test(a_database_of_another_program_is_refused),
      cmocka_unit_test(a_newer_store_is_refused),
      cmocka_unit_test(a_symbolic_link_and_a_folder_are_refused),
      cmocka_unit_test(a_name_is_never_a_uri),
      cmocka_unit_test(a_second_writer_is_refused_until_the_first_is_gone),
  };
  return cmocka_run_group_tests_name("sqlite_store", tests, NULL, NULL);
}
