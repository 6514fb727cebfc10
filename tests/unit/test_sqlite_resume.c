/* A run that was stopped, killed or out of room, and then continued, is the undisturbed run. */
#include "tests/support/scratch.h"
// scratch.h asks for POSIX and comes first.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "engine/core/error.h"
#include "tests/support/apo_test.h"
#include "tests/support/store_case.h"
#include "tests/support/store_query.h"

enum { N_ROWS = 30000, CHUNK_ROWS = 4096, TILE_ROWS = 1500 };

typedef struct fixture {
  scratch folder;
  store_case c;
  char path[SCRATCH_PATH_BYTES];
  char where[SCRATCH_PATH_BYTES + 8];
  char rowsum[64]; /* of the undisturbed run */
} fixture;

static void use_file(fixture *f, const char *name) {
  snprintf(f->path, sizeof f->path, "%s/%s", f->folder.folder, name);
  snprintf(f->where, sizeof f->where, "sqlite:%s", f->path);
}

/** Open, go on behind what is done up to `row_end`, and finish when that is the last row. */
static apo_status go_on(fixture *f, uint64_t row_end, apo_error *err) {
  apo_store *store = NULL;
  APO_TRY(apo_store_open(f->where, &f->c.spec, &store, err));
  apo_status status = APO_OK;
  if (!store->is_complete) {
    status = store_case_put(&f->c, store, store->n_rows_done, row_end, TILE_ROWS, err);
  }
  if (status == APO_OK) {
    status = row_end == N_ROWS ? apo_store_finish(store, err) : apo_store_stop(store, err);
  }
  apo_store_close(&store);
  return status;
}

static void fixture_open(fixture *f) {
  f->folder = scratch_open();
  store_case_open(&f->c, 1);
  f->c.spec.key_name = "id";
  use_file(f, "undisturbed.db");
  apo_error err;
  assert_ok(go_on(f, N_ROWS, &err), &err);
  snprintf(f->rowsum, sizeof f->rowsum, "%s",
           store_query(f->path, "SELECT hex(rowsum) || printf(' %!.17g', gap_p99) FROM apo_run"));
  use_file(f, "store.db");
}

static void fixture_close(fixture *f) {
  store_case_close(&f->c);
  scratch_close(&f->folder);
}

static void check_complete(const fixture *f) {
  assert_string_equal(
      store_query(f->path, "SELECT hex(rowsum) || printf(' %!.17g', gap_p99) FROM apo_run"),
      f->rowsum);
  assert_string_equal(store_query(f->path, "SELECT status FROM apo_run"), "complete");
  assert_int_equal(store_query_int(f->path, "SELECT count(*) FROM apo_attribution"), N_ROWS);
  assert_string_equal(store_query_damage(f->path), "");
}

/** Rows and done chunks agree, whatever happened. */
static void check_whole_chunks(const fixture *f) {
  assert_string_equal(store_query_damage(f->path), "");
  if (store_query_int(f->path, "SELECT count(*) FROM sqlite_schema") == 0) return;
  assert_int_equal(
      store_query_int(f->path,
                      "SELECT coalesce((SELECT sum(n_rows) FROM apo_chunk WHERE state = "
                      "'done'), 0) - (SELECT count(*) FROM apo_attribution)"),
      0);
  assert_int_equal(store_query_int(f->path, "SELECT count(*) FROM apo_chunk WHERE state <> 'done'"),
                   0);
}

static void a_stopped_run_goes_on_behind_its_whole_chunks(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  apo_error err;
  assert_ok(go_on(&f, 10500, &err), &err);
  check_whole_chunks(&f);
  assert_string_equal(store_query(f.path, "SELECT status FROM apo_run"), "loading");
  apo_store *store = NULL;
  f.c.spec.chunk_rows = 65536;  // of a run that is there, its own is kept
  assert_ok(apo_store_open(f.where, &f.c.spec, &store, &err), &err);
  assert_int_equal(store->n_rows_done, 2 * CHUNK_ROWS);
  assert_int_equal(store->n_rows_kept, 2 * CHUNK_ROWS);
  assert_false(store->is_complete);
  apo_store_close(&store);
  assert_ok(go_on(&f, N_ROWS, &err), &err);
  check_complete(&f);
  fixture_close(&f);
}

static void a_complete_run_takes_nothing_more(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  use_file(&f, "undisturbed.db");
  apo_store *store = NULL;
  apo_error err;
  assert_ok(apo_store_open(f.where, &f.c.spec, &store, &err), &err);
  assert_true(store->is_complete);
  assert_int_equal(store->n_rows_done, N_ROWS);
  assert_fails(store_case_put(&f.c, store, 0, 1, 1, &err), APO_ERR_ARGUMENT, &err,
               "end of the run");
  assert_ok(apo_store_finish(store, &err), &err);
  apo_store_close(&store);
  check_complete(&f);
  fixture_close(&f);
}

static void another_question_is_another_run_in_the_same_file(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  use_file(&f, "undisturbed.db");
  f.c.spec.seed = 8;
  apo_error err;
  assert_ok(go_on(&f, N_ROWS, &err), &err);
  assert_int_equal(store_query_int(f.path, "SELECT count(*) FROM apo_run"), 2);
  assert_int_equal(store_query_int(f.path, "SELECT count(*) FROM apo_model"), 1);
  assert_int_equal(store_query_int(f.path, "SELECT count(DISTINCT hex(rowsum)) FROM apo_run"), 1);
  fixture_close(&f);
}

static void losses_go_on_with_the_bases_of_their_rows(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  apo_error err;
  static const char sums[] =
      "SELECT hex(rowsum) || (SELECT printf(' %!.17g', sum(base)) FROM apo_attribution "
      "WHERE base IS NOT NULL) FROM apo_run ORDER BY run_no DESC";
  f.c.spec.target_id = "sha256:targets";
  use_file(&f, "undisturbed.db");
  assert_ok(go_on(&f, N_ROWS, &err), &err);  // beside the run without a loss
  char whole[128];
  snprintf(whole, sizeof whole, "%s", store_query(f.path, sums));
  assert_int_not_equal(strncmp(whole, f.rowsum, 32), 0);  // bases are summed too
  use_file(&f, "store.db");
  assert_ok(go_on(&f, 10500, &err), &err);
  assert_ok(go_on(&f, N_ROWS, &err), &err);
  assert_string_equal(store_query(f.path, sums), whole);
  f.c.spec.target_id = "sha256:others";
  assert_ok(go_on(&f, N_ROWS, &err), &err);
  assert_int_equal(store_query_int(f.path, "SELECT count(*) FROM apo_run"), 2);
  fixture_close(&f);
}

static void a_loss_needs_the_base_of_each_row(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  apo_error err;
  apo_store *store = NULL;
  f.c.spec.target_id = "sha256:targets";
  assert_ok(apo_store_open(f.where, &f.c.spec, &store, &err), &err);
  store_case_tile t = store_case_make(&f.c, 0, 3);
  t.tile.row_base = NULL;
  assert_fails(apo_store_put(store, &t.tile, t.ids, &err), APO_ERR_ARGUMENT, &err, "base");
  store_case_tile_free(&t);
  apo_store_close(&store);
  fixture_close(&f);
}

static void an_input_without_digest_starts_anew(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  f.c.spec.input_id = NULL;
  apo_error err;
  assert_ok(go_on(&f, 10500, &err), &err);
  assert_ok(go_on(&f, N_ROWS, &err), &err);
  assert_string_equal(store_query(f.path, "SELECT group_concat(status) FROM apo_run"),
                      "loading,complete");
  fixture_close(&f);
}

static void a_run_has_standard_errors_in_all_rows_or_none(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  apo_error err;
  assert_ok(go_on(&f, 10500, &err), &err);
  f.c.spec.has_errors = true;
  assert_fails(go_on(&f, N_ROWS, &err), APO_ERR_ARGUMENT, &err, "without standard errors");
  fixture_close(&f);
}

static void an_input_of_another_length_is_not_complete(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  f.c.spec.input_rows = N_ROWS + 1;
  apo_error err;
  assert_fails(go_on(&f, N_ROWS, &err), APO_ERR_FORMAT, &err, "30000 rows, announced were 30001");
  assert_string_equal(store_query(f.path, "SELECT status FROM apo_run"), "loading");
  fixture_close(&f);
}

// The child dies at some point of its writing; the parent goes on, over and over.
static void kills_change_nothing(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  apo_error err;
  for (int kill_no = 0; kill_no < 12; ++kill_no) {
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
      const apo_status status = go_on(&f, N_ROWS, NULL);
      _exit(status == APO_OK ? 0 : 1);
    }
    // Between 1 and 34 ms: in the middle of opening, of a chunk, of the end.
    const struct timespec pause = {.tv_nsec = 1000000L + 3000000L * kill_no};
    nanosleep(&pause, NULL);
    kill(child, SIGKILL);
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how) || WEXITSTATUS(how) == 0);
    if (access(f.path, F_OK) == 0) check_whole_chunks(&f);
  }
  assert_ok(go_on(&f, N_ROWS, &err), &err);
  check_complete(&f);
  fixture_close(&f);
}

/** Dies with rows of a chunk written but not committed, so that a journal is left behind. */
static void die_within_a_chunk(fixture *f) {
  apo_store *store = NULL;
  if (apo_store_open(f->where, &f->c.spec, &store, NULL) != APO_OK) _exit(1);
  // A limit on the file's size makes the write fail; the default of the signal ends the process.
  struct rlimit room = {.rlim_cur = 1200000, .rlim_max = 1200000};
  signal(SIGXFSZ, SIG_DFL);
  setrlimit(RLIMIT_FSIZE, &room);
  const struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  const apo_status status = store_case_put(&f->c, store, store->n_rows_done, N_ROWS, 1500, NULL);
  _exit(status == APO_OK ? 0 : 2);
}

static void a_process_that_dies_while_it_writes_leaves_whole_chunks(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) die_within_a_chunk(&f);
  int how = 0;
  assert_int_equal(waitpid(child, &how, 0), child);
  assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGXFSZ);
  check_whole_chunks(&f);
  assert_true(store_query_int(f.path, "SELECT count(*) FROM apo_chunk") > 0);
  apo_error err;
  assert_ok(go_on(&f, N_ROWS, &err), &err);
  check_complete(&f);
  fixture_close(&f);
}

/** In a child with a limit: 0 all written, 1 refused as it should be, 2 something else. */
static int fill_up(fixture *f, uint64_t n_bytes) {
  const struct rlimit room = {.rlim_cur = n_bytes, .rlim_max = n_bytes};
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &room);
  apo_error err = {0};
  const apo_status status = go_on(f, N_ROWS, &err);
  if (status == APO_OK) return 0;
  const bool is_said = strstr(err.message, f->path) != NULL && strchr(err.message, '\n') == NULL;
  if (status == APO_ERR_IO && is_said) return 1;
  fprintf(stderr, "%d: %s\n", (int)status, err.message);
  return 2;
}

static void a_full_disk_keeps_the_last_good_chunk(void **state) {
  (void)state;
  // The tables take about half a megabyte, a chunk a quarter of one.
  const uint64_t sizes[] = {0,      1000,    16384,   163840,  500000, 600000,
                            800000, 1000001, 1300000, 1700000, 8000000};
  fixture f;
  fixture_open(&f);
  int n_refused = 0;
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; ++i) {
    char name[32];
    snprintf(name, sizeof name, "full%zu.db", i);
    use_file(&f, name);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(fill_up(&f, sizes[i]));
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) <= 1);
    n_refused += WEXITSTATUS(how);
    if (access(f.path, F_OK) == 0) check_whole_chunks(&f);
    apo_error err;
    assert_ok(go_on(&f, N_ROWS, &err), &err);  // there is room again
    check_complete(&f);
  }
  assert_in_range(n_refused, 8, 10);  // the largest is enough, and most are not
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_stopped_run_goes_on_behind_its_whole_chunks),
      cmocka_unit_test(a_complete_run_takes_nothing_more),
      cmocka_unit_test(another_question_is_another_run_in_the_same_file),
      cmocka_unit_test(losses_go_on_with_the_bases_of_their_rows),
      cmocka_unit_test(a_loss_needs_the_base_of_each_row),
      cmocka_unit_test(an_input_without_digest_starts_anew),
      cmocka_unit_test(a_run_has_standard_errors_in_all_rows_or_none),
      cmocka_unit_test(an_input_of_another_length_is_not_complete),
      cmocka_unit_test(kills_change_nothing),
      cmocka_unit_test(a_process_that_dies_while_it_writes_leaves_whole_chunks),
      cmocka_unit_test(a_full_disk_keeps_the_last_good_chunk),
  };
  return cmocka_run_group_tests_name("sqlite_resume", tests, NULL, NULL);
}
