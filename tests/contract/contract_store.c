/* Questions to every kind of destination. */
#include "tests/support/store_question.h"
// It asks for POSIX before any other header.
#include <fcntl.h>

/* --- every kind ------------------------------------------------------------------------------- */

static void every_kind_is_listed_and_asked(void **state) {
  (void)state;
  for (size_t i = 0; apo_store_kinds[i] != NULL; ++i) {
    assert_in_range(i, 0, N_KINDS - 1);
    assert_string_equal(apo_store_kinds[i]->name, kinds[i].name);
  }
  assert_null(apo_store_kinds[N_KINDS]);
}

static void one_kind_at_most_claims_a_destination(void **state) {
  (void)state;
  const char *const places[] = {
      "x.npy", "x.csv", "-",    "sqlite:x.npy", "sqlite:x.csv",        "null:",
      "x",     "",      ".npy", ".csv",         "postgresql://x.csv/y"};
  const int claims[] = {1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0};
  for (size_t at = 0; at < sizeof places / sizeof places[0]; ++at) {
    int n = 0;
    for (size_t i = 0; apo_store_kinds[i] != NULL; ++i) n += apo_store_kinds[i]->claims(places[at]);
    assert_int_equal(n, claims[at]);
  }
}

static void an_unknown_destination_is_named(void **state) {
  (void)state;
  question q;
  ask(&q, &kinds[3], 1);
  apo_store *store = NULL;
  assert_fails(apo_store_open("rows.xlsx", &q.c.spec, &store, &q.err), APO_ERR_ARGUMENT, &q.err,
               "rows.xlsx");
  assert_null(store);
  answer(&q);
}

static void no_rows_are_a_result(void **state) {
  (void)state;
  for (size_t i = 0; i < N_KINDS; ++i) {
    question q;
    ask(&q, &kinds[i], 2);
    write_rows(&q, 0);
    if (q.kind->file != NULL) assert_int_equal(access(q.path, F_OK), 0);
    assert_int_equal(scratch_count(&q.folder), q.kind->file != NULL ? 1 : 0);
    answer(&q);
  }
}

static void finishing_twice_is_finishing_once(void **state) {
  (void)state;
  for (size_t i = 0; i < N_KINDS; ++i) {
    question q;
    ask(&q, &kinds[i], 1);
    apo_store *store = open_store(&q);
    assert_ok(store_case_put(&q.c, store, 0, 10, 3, &q.err), &q.err);
    assert_ok(apo_store_finish(store, &q.err), &q.err);
    assert_ok(apo_store_finish(store, &q.err), &q.err);
    assert_ok(apo_store_stop(store, &q.err), &q.err);
    assert_fails(store_case_put(&q.c, store, 10, 11, 1, &q.err), APO_ERR_ARGUMENT, &q.err,
                 "after the end");
    apo_store_close(&store);
    apo_store_close(&store);
    if (q.kind->file != NULL) assert_int_equal(access(q.path, F_OK), 0);
    answer(&q);
  }
}

static void what_is_abandoned_leaves_no_array(void **state) {
  (void)state;
  for (size_t i = 0; i < N_KINDS; ++i) {
    for (int stopped = 0; stopped < 2; ++stopped) {
      question q;
      ask(&q, &kinds[i], 1);
      apo_store *store = open_store(&q);
      assert_ok(store_case_put(&q.c, store, 0, 100, 30, &q.err), &q.err);
      if (stopped) {
        assert_ok(apo_store_stop(store, &q.err), &q.err);
        assert_ok(apo_store_stop(store, &q.err), &q.err);
        assert_fails(apo_store_finish(store, &q.err), APO_ERR_ARGUMENT, &q.err, "after a stop");
      }
      apo_store_close(&store);
      if (q.kind->is_array) assert_int_equal(scratch_count(&q.folder), 0);
      answer(&q);
    }
  }
}

static void a_place_that_cannot_be_written_is_named(void **state) {
  (void)state;
  for (size_t i = 0; i < N_KINDS; ++i) {
    if (kinds[i].file == NULL) continue;
    question q;
    ask(&q, &kinds[i], 1);
    char absent[SCRATCH_PATH_BYTES];
    snprintf(absent, sizeof absent, "%s/absent", q.folder.folder);
    snprintf(q.where, sizeof q.where, kinds[i].format, absent);
    apo_store *store = NULL;
    assert_fails(apo_store_open(q.where, &q.c.spec, &store, &q.err), APO_ERR_IO, &q.err,
                 kinds[i].file);
    assert_null(store);
    assert_int_equal(scratch_count(&q.folder), 0);
    answer(&q);
  }
}

static void an_existing_file_is_replaced_by_force_only(void **state) {
  (void)state;
  for (size_t i = 0; i < N_KINDS; ++i) {
    if (!kinds[i].is_array) continue;
    question q;
    ask(&q, &kinds[i], 1);
    scratch_write(&q.folder, q.kind->file, "old", 3);
    apo_store *store = NULL;
    assert_fails(apo_store_open(q.where, &q.c.spec, &store, &q.err), APO_ERR_IO, &q.err, q.path);
    assert_null(store);
    q.c.spec.force = true;
    store = open_store(&q);
    assert_ok(store_case_put(&q.c, store, 0, 10, 3, &q.err), &q.err);
    apo_store_close(&store);  // abandoned: the old one stays
    size_t n_bytes = 0;
    char *bytes = read_file(q.path, &n_bytes);
    assert_string_equal(bytes, "old");
    free(bytes);
    write_rows(&q, 10);
    bytes = read_file(q.path, &n_bytes);
    assert_true(n_bytes > 100);
    free(bytes);
    answer(&q);
  }
}

static void tiles_that_do_not_fit_are_refused(void **state) {
  (void)state;
  for (size_t i = 0; i < N_KINDS; ++i) {
    question q;
    ask(&q, &kinds[i], 1);
    apo_store *store = open_store(&q);
    store_case_tile t = store_case_make(&q.c, 50, 10);
    assert_ok(apo_store_put(store, &t.tile, NULL, &q.err), &q.err);  // the first may begin anywhere
    assert_fails(apo_store_put(store, &t.tile, NULL, &q.err), APO_ERR_ARGUMENT, &q.err,
                 "row 50, needed row 60");
    t.tile.row_begin = 60;
    t.tile.n_players = 2;
    assert_fails(apo_store_put(store, &t.tile, NULL, &q.err), APO_ERR_ARGUMENT, &q.err,
                 "1 outputs x 2 players, needed 1 x 3");
    t.tile.n_players = 3;
    assert_ok(apo_store_put(store, &t.tile, NULL, &q.err), &q.err);
    assert_ok(apo_store_finish(store, &q.err), &q.err);
    assert_int_equal(store->n_rows_kept, 20);
    apo_store_close(&store);
    store_case_tile_free(&t);
    answer(&q);
  }
}

static void ids_and_errors_that_are_announced_must_come(void **state) {
  (void)state;
  for (size_t i = 0; i < N_KINDS; ++i) {
    question q;
    ask(&q, &kinds[i], 1);
    q.c.spec.key_name = "id";
    q.c.spec.has_errors = true;
    apo_store *store = open_store(&q);
    store_case_tile t = store_case_make(&q.c, 0, 1);
    assert_fails(apo_store_put(store, &t.tile, NULL, &q.err), APO_ERR_ARGUMENT, &q.err, "ids");
    t.tile.phi_se = NULL;
    assert_fails(apo_store_put(store, &t.tile, t.ids, &q.err), APO_ERR_ARGUMENT, &q.err,
                 "standard errors");
    apo_store_close(&store);
    store_case_tile_free(&t);
    answer(&q);
  }
}

static void a_value_that_is_not_finite_is_seen_and_stops_nothing(void **state) {
  (void)state;
  for (size_t i = 0; i < N_KINDS; ++i) {
    question q;
    ask(&q, &kinds[i], 1);
    q.c.nan_row = 4;
    write_rows(&q, 10);  // sqlite: unit.sqlite_store asks for the row's error
    answer(&q);
  }
}

static void a_spec_without_players_or_with_a_base_of_nan_is_refused(void **state) {
  (void)state;
  for (size_t i = 0; i < N_KINDS; ++i) {
    question q;
    ask(&q, &kinds[i], 1);
    apo_store *store = NULL;
    q.c.base[0] = (double)NAN;
    assert_fails(apo_store_open(q.where, &q.c.spec, &store, &q.err), APO_ERR_ARGUMENT, &q.err,
                 "base of output 0");
    q.c.spec.n_players = 0;
    assert_fails(apo_store_open(q.where, &q.c.spec, &store, &q.err), APO_ERR_ARGUMENT, &q.err,
                 "0 players");
    assert_int_equal(scratch_count(&q.folder), 0);
    answer(&q);
  }
}

/* --- what arrays hold ------------------------------------------------------------------------- */

static void an_array_has_the_base_in_its_last_column(void **state) {
  (void)state;
  const char *const shapes[] = {"'shape': (10, 4)", "'shape': (10, 2, 4)"};
  for (uint32_t n_outputs = 1; n_outputs <= 2; ++n_outputs) {
    question q;
    ask(&q, &kinds[0], n_outputs);
    write_rows(&q, 10);
    size_t n_bytes = 0;
    char *bytes = read_file(q.path, &n_bytes);
    assert_int_equal(n_bytes, 128 + 10 * n_outputs * 4 * sizeof(float));
    assert_non_null(strstr(bytes + 10, shapes[n_outputs - 1]));
    const char *at = bytes + 128;
    for (uint64_t row = 0; row < 10; ++row) {
      for (uint32_t output = 0; output < n_outputs; ++output, at += 4 * sizeof(float)) {
        const float expected[] = {store_case_value(row, output, 0, 0),
                                  store_case_value(row, output, 1, 0),
                                  store_case_value(row, output, 2, 0), (float)q.c.base[output]};
        assert_memory_equal(at, expected, sizeof expected);
      }
    }
    free(bytes);
    answer(&q);
  }
}

static void csv_quotes_names_and_disarms_formulas(void **state) {
  (void)state;
  question q;
  ask(&q, &kinds[1], 2);
  q.c.spec.key_name = "id";
  q.c.names[0] = "=1+1";
  q.c.names[1] = "a \"b\", c";
  q.c.names[2] = "-5";
  q.c.outputs[0] = "@no";
  const char *ids[] = {"-12", "+x", "\tz"};
  store_case_tile t = store_case_make(&q.c, 0, 3);
  for (int i = 0; i < 18; ++i) t.phi[i] = 0.25f * (float)i;
  for (int i = 0; i < 6; ++i) t.prediction[i] = -1.5;
  t.phi[17] = NAN;
  apo_store *store = open_store(&q);
  assert_ok(apo_store_put(store, &t.tile, ids, &q.err), &q.err);
  assert_ok(apo_store_finish(store, &q.err), &q.err);
  apo_store_close(&store);
  size_t n_bytes = 0;
  char *bytes = read_file(q.path, &n_bytes);
  assert_string_equal(bytes,
                      "row,id,output,prediction,base,'=1+1,\"a \"\"b\"\", c\",-5\n"
                      "0,-12,'@no,-1.5,0.5,0,0.25,0.5\n"
                      "0,-12,1,-1.5,-1.25,0.75,1,1.25\n"
                      "1,'+x,'@no,-1.5,0.5,1.5,1.75,2\n"
                      "1,'+x,1,-1.5,-1.25,2.25,2.5,2.75\n"
                      "2,'\tz,'@no,-1.5,0.5,3,3.25,3.5\n"
                      "2,'\tz,1,-1.5,-1.25,3.75,4,nan\n");
  free(bytes);
  store_case_tile_free(&t);
  answer(&q);
}

static void a_dash_is_csv_on_stdout(void **state) {
  (void)state;
  question q;
  ask(&q, &kinds[3], 1);
  const char *path = scratch_path(&q.folder, "stdout");
  fflush(stdout);
  const int kept = dup(STDOUT_FILENO);
  const int file = open(path, O_CREAT | O_RDWR, 0600);
  assert_true(kept >= 0 && file >= 0);
  dup2(file, STDOUT_FILENO);
  snprintf(q.where, sizeof q.where, "-");
  write_rows(&q, 2);
  dup2(kept, STDOUT_FILENO);
  close(kept);
  close(file);
  size_t n_bytes = 0;
  char *bytes = read_file(scratch_path(&q.folder, "stdout"), &n_bytes);
  assert_int_equal(strncmp(bytes, "row,prediction,base,a,b,c\n0,", 28), 0);
  free(bytes);
  answer(&q);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_kind_is_listed_and_asked),
      cmocka_unit_test(one_kind_at_most_claims_a_destination),
      cmocka_unit_test(an_unknown_destination_is_named),
      cmocka_unit_test(no_rows_are_a_result),
      cmocka_unit_test(finishing_twice_is_finishing_once),
      cmocka_unit_test(what_is_abandoned_leaves_no_array),
      cmocka_unit_test(a_place_that_cannot_be_written_is_named),
      cmocka_unit_test(an_existing_file_is_replaced_by_force_only),
      cmocka_unit_test(tiles_that_do_not_fit_are_refused),
      cmocka_unit_test(ids_and_errors_that_are_announced_must_come),
      cmocka_unit_test(a_value_that_is_not_finite_is_seen_and_stops_nothing),
      cmocka_unit_test(a_spec_without_players_or_with_a_base_of_nan_is_refused),
      cmocka_unit_test(an_array_has_the_base_in_its_last_column),
      cmocka_unit_test(csv_quotes_names_and_disarms_formulas),
      cmocka_unit_test(a_dash_is_csv_on_stdout),
  };
  return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
