/* What an SQLite store keeps of a row beside every player: the largest, pairs, both. */
#include "tests/support/scratch.h"
// scratch.h asks for POSIX and comes first.
#include "tests/support/apo_test.h"
#include "tests/support/store_case.h"
#include "tests/support/store_query.h"

enum { N_ROWS = 5000 };

typedef struct fixture {
  scratch folder;
  store_case c;
  char path[SCRATCH_PATH_BYTES];
  char where[SCRATCH_PATH_BYTES + 8];
} fixture;

static void fixture_open(fixture *f, uint32_t n_outputs) {
  f->folder = scratch_open();
  store_case_open(&f->c, n_outputs);
  snprintf(f->path, sizeof f->path, "%s", scratch_path(&f->folder, "store.db"));
  snprintf(f->where, sizeof f->where, "sqlite:%s", f->path);
}

static void fixture_close(fixture *f) {
  store_case_close(&f->c);
  scratch_close(&f->folder);
}

static void write_run(fixture *f, uint32_t tile_rows) {
  apo_store *store = NULL;
  apo_error err;
  assert_ok(apo_store_open(f->where, &f->c.spec, &store, &err), &err);
  assert_ok(store_case_put(&f->c, store, 0, N_ROWS, tile_rows, &err), &err);
  assert_ok(apo_store_finish(store, &err), &err);
  apo_store_close(&store);
}

static void top_runs_keep_the_largest_and_the_rest(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 2);
  f.c.spec.has_errors = true;
  write_run(&f, 700);
  f.c.spec.top = 2;
  write_run(&f, 700);
  assert_string_equal(store_query(f.path, "SELECT layout FROM apo_run WHERE run_no = 2"), "topk");
  assert_string_equal(
      store_query(f.path, "SELECT json_extract(config, '$.layout') FROM apo_run WHERE run_no = 2"),
      "topk:2");
  assert_int_equal(store_query_int(f.path,
                                   "SELECT count(*) FROM apo_attribution WHERE run_no = 2 AND "
                                   "(length(phi) <> 24 OR length(phi_se) <> 8)"),
                   0);
  // Every kept value and error is that of the dense run, ranks count, and no greater one is left.
  assert_int_equal(store_query_int(f.path, "SELECT count(*) FROM apo_long_top"), 3 * 2 * N_ROWS);
  assert_int_equal(
      store_query_int(
          f.path,
          "SELECT count(*) FROM apo_long_top t JOIN apo_long l ON l.run_no = 1 AND "
          "l.row_ord = t.row_ord AND l.output = t.output AND l.feature = t.feature AND "
          "l.ord = t.ord WHERE l.phi = t.phi AND l.phi_se = t.phi_se AND t.rank = "
          "(SELECT count(*) FROM apo_long m WHERE m.run_no = 1 AND m.row_ord = l.row_ord "
          "AND m.output = l.output AND abs(m.phi) > abs(l.phi)) AND t.row_ord < 100"),
      2 * 2 * 100);
  // The rest is what is left of the sum, rounded to a float.
  assert_int_equal(
      store_query_int(
          f.path,
          "SELECT count(*) FROM (SELECT row_ord, output, sum(phi) AS s, count(feature) AS n FROM "
          "apo_long_top WHERE row_ord < 100 GROUP BY row_ord, output) t JOIN (SELECT row_ord, "
          "output, sum(phi) AS s FROM apo_long WHERE run_no = 1 AND row_ord < 100 GROUP BY row_ord, "
          "output) l USING(row_ord, output) WHERE abs(t.s - l.s) < 1e-7 AND t.n = 2"),
      200);
  // Global values are of all players all the same.
  assert_int_equal(store_query_int(f.path,
                                   "SELECT count(*) FROM apo_global a JOIN apo_global b "
                                   "USING(output, ord) WHERE a.run_no = 1 AND b.run_no = 2 AND "
                                   "a.mean_abs = b.mean_abs AND a.noise = b.noise"),
                   6);
  fixture_close(&f);
}

static void more_than_there_are_is_all_there_are(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 1);
  f.c.spec.top = 3;
  write_run(&f, 5000);
  f.c.spec.top = 1000;  // the same run, so nothing is written
  apo_store *store = NULL;
  apo_error err;
  assert_ok(apo_store_open(f.where, &f.c.spec, &store, &err), &err);
  assert_true(store->is_complete);
  apo_store_close(&store);
  assert_int_equal(store_query_int(f.path, "SELECT count(*) FROM apo_run"), 1);
  fixture_close(&f);
}

static void runs_with_interactions_keep_every_cell(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 2);
  f.c.spec.has_pairs = true;
  write_run(&f, 700);
  assert_string_equal(store_query(f.path, "SELECT layout FROM apo_run"), "pairs");
  assert_int_equal(store_query_int(f.path, "SELECT json_extract(config, '$.order') FROM apo_run"),
                   2);
  assert_int_equal(
      store_query_int(f.path, "SELECT count(*) FROM apo_attribution WHERE length(phi) <> 24"), 0);
  assert_int_equal(store_query_int(f.path, "SELECT count(*) FROM apo_long_pairs"), 6 * 2 * N_ROWS);
  const char *const cells[3][2] = {{"a", "b"}, {"a", "c"}, {"b", "c"}};
  for (uint32_t pair = 0; pair < 3; ++pair) {
    char sql[256];
    snprintf(
        sql, sizeof sql,
        "SELECT printf('%%!.17g', phi) FROM apo_long_pairs WHERE row_ord = 4321 AND output = 1 AND first = '%s' "
        "AND second = '%s'",
        cells[pair][0], cells[pair][1]);
    assert_true(strtod(store_query(f.path, sql), NULL) ==
                (double)store_case_value(4321, 1, pair, 4));
  }
  // Each player's cells sum to its value: the diagonal was rounded once, values are below 4.
  char sum[32];
  snprintf(sum, sizeof sum, "%.9f", (double)store_case_value(17, 0, 1, 0));
  char found[32];
  snprintf(found, sizeof found, "%.9f",
           strtod(store_query(f.path,
                              "SELECT sum(phi) FROM apo_long_pairs WHERE row_ord = 17 AND output = "
                              "0 AND (first = 'b' OR second = 'b')"),
                  NULL));
  assert_true(fabs(strtod(sum, NULL) - strtod(found, NULL)) < 4 * 0x1p-24);
  fixture_close(&f);
}

static void top_runs_with_interactions_keep_the_largest_pairs(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 1);
  f.c.spec.has_pairs = true;
  write_run(&f, 700);
  f.c.spec.top = 2;
  write_run(&f, 700);
  assert_string_equal(store_query(f.path, "SELECT layout FROM apo_run WHERE run_no = 2"),
                      "pairs_topk");
  assert_int_equal(store_query_int(f.path, "SELECT count(*) FROM apo_long_pairs WHERE run_no = 2"),
                   3 * N_ROWS);
  assert_int_equal(
      store_query_int(
          f.path,
          "SELECT count(*) FROM apo_long_pairs t JOIN apo_long_pairs l ON l.run_no = 1 AND "
          "l.row_ord = t.row_ord AND l.first = t.first AND l.second = t.second WHERE t.run_no = 2 "
          "AND t.row_ord < 50 AND t.phi = l.phi AND 1 >= (SELECT count(*) FROM apo_long_pairs m "
          "WHERE m.run_no = 1 AND m.row_ord = l.row_ord AND m.first <> m.second AND abs(m.phi) > "
          "abs(l.phi))"),
      2 * 50);
  // Twice each pair and the rest is the sum of the row.
  assert_int_equal(
      store_query_int(
          f.path,
          "SELECT count(*) FROM (SELECT row_ord, sum(phi * CASE WHEN first <> second THEN 2 ELSE 1 "
          "END) AS s FROM apo_long_pairs WHERE run_no = 2 AND row_ord < 50 GROUP BY row_ord) t JOIN "
          "(SELECT row_ord, sum(phi * CASE WHEN first <> second THEN 2 ELSE 1 END) AS s FROM "
          "apo_long_pairs WHERE run_no = 1 AND row_ord < 50 GROUP BY row_ord) l USING(row_ord) "
          "WHERE abs(t.s - l.s) < 2e-6"),
      50);
  fixture_close(&f);
}

static void sums_of_every_layout_do_not_depend_on_tiles(void **state) {
  (void)state;
  for (int layout = 0; layout < 4; ++layout) {
    char first[64] = "";
    const uint32_t tiles[] = {1, 700, N_ROWS};
    for (size_t t = 0; t < 3; ++t) {
      fixture f;
      fixture_open(&f, 2);
      f.c.spec.top = layout % 2 == 1 ? 2 : 0;
      f.c.spec.has_pairs = layout >= 2;
      write_run(&f, tiles[t]);
      const char *sum = store_query(f.path, "SELECT hex(rowsum) FROM apo_run");
      if (t == 0) snprintf(first, sizeof first, "%s", sum);
      assert_string_equal(sum, first);
      fixture_close(&f);
    }
  }
}

static void a_pair_that_is_no_number_is_a_row_error(void **state) {
  (void)state;
  for (uint32_t top = 0; top < 2; ++top) {
    fixture f;
    fixture_open(&f, 1);
    f.c.spec.has_pairs = true;
    f.c.spec.top = top;
    apo_store *store = NULL;
    apo_error err;
    assert_ok(apo_store_open(f.where, &f.c.spec, &store, &err), &err);
    store_case_tile t = store_case_make(&f.c, 0, 10);
    t.pairs[3 * 4 + 2] = NAN;
    assert_ok(apo_store_put(store, &t.tile, NULL, &err), &err);
    assert_ok(apo_store_finish(store, &err), &err);
    apo_store_close(&store);
    store_case_tile_free(&t);
    assert_string_equal(store_query(f.path, "SELECT row_ord || code FROM apo_row_error"),
                        "4pairs_not_finite");
    assert_int_equal(store_query_int(f.path, "SELECT count(*) FROM apo_attribution"), 9);
    fixture_close(&f);
  }
}

static void a_matrix_too_large_for_a_chunk_is_refused_and_top_is_named(void **state) {
  (void)state;
  enum { MANY = 100 };
  const char *names[MANY];
  char texts[MANY][16];
  fixture f;
  fixture_open(&f, 1);
  for (int i = 0; i < MANY; ++i) {
    snprintf(texts[i], sizeof texts[i], "p%d", i);
    names[i] = texts[i];
  }
  f.c.spec.n_players = MANY;
  f.c.spec.player_names = names;
  f.c.spec.has_pairs = true;
  apo_store *store = NULL;
  apo_error err;
  assert_fails(apo_store_open(f.where, &f.c.spec, &store, &err), APO_ERR_LIMIT, &err, "--top");
  assert_int_equal(scratch_count(&f.folder), 0);
  f.c.spec.top = 10;
  assert_ok(apo_store_open(f.where, &f.c.spec, &store, &err), &err);
  apo_store_close(&store);
  fixture_close(&f);
}

static void values_that_do_not_sum_have_no_gaps(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 1);
  f.c.spec.index = "banzhaf";
  write_run(&f, 700);
  assert_string_equal(store_query(f.path, "SELECT json_extract(config, '$.index') FROM apo_run"),
                      "banzhaf");
  assert_int_equal(
      store_query_int(f.path,
                      "SELECT count(*) FROM apo_run WHERE gap_max IS NULL AND gap_p99 IS NULL AND "
                      "status = 'complete'"),
      1);
  fixture_close(&f);
}

static void a_store_of_an_earlier_version_gets_the_views_with_the_first_run_that_needs_them(
    void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 1);
  write_run(&f, 700);
  store_query(f.path, "DROP VIEW apo_long_top");
  store_query(f.path, "DROP VIEW apo_long_pairs");
  f.c.spec.top = 1;
  write_run(&f, 700);
  assert_int_equal(store_query_int(f.path, "SELECT count(*) FROM apo_long_top"), 2 * N_ROWS);
  assert_int_equal(store_query_int(f.path, "SELECT count(*) FROM apo_long_pairs"), 0);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(top_runs_keep_the_largest_and_the_rest),
      cmocka_unit_test(more_than_there_are_is_all_there_are),
      cmocka_unit_test(runs_with_interactions_keep_every_cell),
      cmocka_unit_test(top_runs_with_interactions_keep_the_largest_pairs),
      cmocka_unit_test(sums_of_every_layout_do_not_depend_on_tiles),
      cmocka_unit_test(a_pair_that_is_no_number_is_a_row_error),
      cmocka_unit_test(a_matrix_too_large_for_a_chunk_is_refused_and_top_is_named),
      cmocka_unit_test(values_that_do_not_sum_have_no_gaps),
      cmocka_unit_test(
          a_store_of_an_earlier_version_gets_the_views_with_the_first_run_that_needs_them),
  };
  return cmocka_run_group_tests_name("sqlite_layouts", tests, NULL, NULL);
}
