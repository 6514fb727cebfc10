/* contract_cli_explain.c - explain as a user runs it: results, refusals, exit codes, stopping. */
#include "tests/support/cli_place.h"
// It asks for POSIX before any other header.
#include <sys/resource.h>

#include "host/cli/workload.h"
#include "host/io/npy.h"

/* --- explain ---------------------------------------------------------------------------------- */

static void the_summary_has_exactly_its_members(void **state) {
  (void)state;
  static const char *const members[] = {"rows",   "features",     "outputs",           "method",
                                        "device", "seconds",      "rows_per_second",   "additivity",
                                        "memory", "model_digest", "background_digest", "seed",
                                        "version"};
  static const char *const seconds[] = {"load",     "build",     "upload", "kernel",
                                        "download", "aggregate", "store"};
  place p = open_place();
  outcome done = run(&p, EXPLAIN(&p, "--out", p.out, "--json"));
  assert_code(&done, 0);
  assert_int_equal(count_lines(done.out), 1);
  cJSON *json = last_line(done.out);
  assert_int_equal(cJSON_GetArraySize(json), 13);
  for (size_t i = 0; i < 13; ++i) {
    if (!cJSON_HasObjectItem(json, members[i])) print_error("no member %s\n", members[i]);
    assert_true(cJSON_HasObjectItem(json, members[i]));
  }
  assert_int_equal(cJSON_GetObjectItem(json, "rows")->valueint, 4);
  assert_int_equal(cJSON_GetObjectItem(json, "features")->valueint, 3);
  assert_int_equal(cJSON_GetObjectItem(json, "outputs")->valueint, 1);
  assert_string_equal(cJSON_GetObjectItem(json, "method")->valuestring, "exact");
  const cJSON *parts = cJSON_GetObjectItem(json, "seconds");
  assert_int_equal(cJSON_GetArraySize(parts), 7);
  for (size_t i = 0; i < 7; ++i) assert_true(cJSON_HasObjectItem(parts, seconds[i]));
  cJSON_Delete(json);
  outcome_clear(&done);
  assert_true(exists(p.out));
  scratch_close(&p.folder);
}

static void csv_on_stdout_sums_to_the_prediction(void **state) {
  (void)state;
  place p = open_place();
  outcome done = run(&p, EXPLAIN(&p, "--out", "-", "--id", "id"));
  assert_code(&done, 0);
  assert_int_equal(count_lines(done.out), 5);
  // row,id,prediction,base,colour,age,income; row a has margin -0.25 + 0.5 - 0.5.
  const char *row = strstr(done.out, "\n0,a,");
  assert_non_null(row);
  double numbers[5];
  char *at = (char *)row + 4;
  for (int col = 0; col < 5; ++col) {
    assert_int_equal(*at, ',');
    numbers[col] = strtod(at + 1, &at);
  }
  assert_int_equal(*at, '\n');
  assert_true(numbers[0] == -0.25);
  const double sum = numbers[1] + numbers[2] + numbers[3] + numbers[4];
  assert_true(sum > -0.25001 && sum < -0.24999);
  outcome_clear(&done);
  scratch_close(&p.folder);
}

static void rows_may_come_on_stdin_once(void **state) {
  (void)state;
  place p = open_place();
  outcome done = tool_finish(
      &p.folder, tool_start(&p.folder, p.data,
                            WORDS("explain", "--model", p.model, "--data", "-", "--background",
                                  p.background, "--device", "none", "--out", "-")));
  assert_code(&done, 0);
  assert_int_equal(count_lines(done.out), 5);
  outcome_clear(&done);
  assert_refused(
      &p, WORDS("explain", "--model", p.model, "--data", "-", "--background", "-", "--out", p.out),
      2, "stdin");
  scratch_close(&p.folder);
}

static void permutation_values_have_standard_errors(void **state) {
  (void)state;
  place p = open_place();
  char errors[SCRATCH_PATH_BYTES];
  snprintf(errors, sizeof errors, "%s", scratch_path(&p.folder, "se.npy"));
  outcome done = run(&p, EXPLAIN(&p, "--out", p.out, "--method=permutation", "--errors", errors));
  assert_code(&done, 0);
  outcome_clear(&done);
  char *bytes = read_text(errors);
  assert_int_equal(memcmp(bytes, "\x93NUMPY", 6), 0);
  assert_non_null(strstr(bytes + 10, "(4, 4)"));
  free(bytes);
  assert_refused(&p, EXPLAIN(&p, "--out", "-", "--method=kernel", "--errors", errors), 2,
                 "--errors");
  assert_refused(&p, EXPLAIN(&p, "--out", errors, "--method=permutation", "--errors", errors), 2,
                 "same destination");
  scratch_close(&p.folder);
}

static void groups_are_the_players(void **state) {
  (void)state;
  place p = open_place();
  char groups[SCRATCH_PATH_BYTES];
  put_file(&p, groups, "groups.json", "{\"person\":[\"age\",\"income\"]}");
  outcome done = run(&p, EXPLAIN(&p, "--out", p.out, "--groups", groups, "--json"));
  assert_code(&done, 0);
  cJSON *json = last_line(done.out);
  assert_int_equal(cJSON_GetObjectItem(json, "features")->valueint, 2);
  cJSON_Delete(json);
  outcome_clear(&done);
  put_file(&p, groups, "groups.json", "{\"person\":[\"age\",\"height\"]}");
  assert_refused(&p, EXPLAIN(&p, "--out", "-", "--groups", groups), 2, "\"height\"");
  put_file(&p, groups, "groups.json", "{\"x\":[\"age\"],\"y\":[\"age\"]}");
  assert_refused(&p, EXPLAIN(&p, "--out", "-", "--groups", groups), 2, "\"age\"");
  put_file(&p, groups, "groups.json", "{\"colour\":[\"age\"]}");
  assert_refused(&p, EXPLAIN(&p, "--out", "-", "--groups", groups), 2, "colour");
  put_file(&p, groups, "groups.json", "{\"x\":");
  assert_refused(&p, EXPLAIN(&p, "--out", "-", "--groups", groups), 2, "groups.json");
  scratch_close(&p.folder);
}

static void what_does_not_exist_yet_is_refused_by_name(void **state) {
  (void)state;
  place p = open_place();
  assert_refused(&p, EXPLAIN(&p, "--out", "-", "--tolerance", "0.1"), 3, "--tolerance");
  scratch_close(&p.folder);
}

static void too_many_gaps_are_a_verdict_and_the_file_stays(void **state) {
  (void)state;
  place p = open_place();
  // The attributions of these rows are multiples of 1/3, which float32 rounds.
  outcome done = run(&p, EXPLAIN(&p, "--out", p.out, "--output=probability", "--gap-tolerance=0"));
  assert_code(&done, 1);
  assert_non_null(strstr(done.err, "miss their prediction"));
  assert_true(exists(p.out));
  outcome_clear(&done);
  scratch_close(&p.folder);
}

static void an_existing_file_needs_force(void **state) {
  (void)state;
  place p = open_place();
  scratch_write(&p.folder, "phi.npy", "precious", 8);
  assert_refused(&p, EXPLAIN(&p, "--out", p.out, "-q"), 5, "--force");
  char *kept = read_text(p.out);
  assert_string_equal(kept, "precious");
  free(kept);
  outcome done = run(&p, EXPLAIN(&p, "--out", p.out, "--force"));
  assert_code(&done, 0);
  outcome_clear(&done);
  kept = read_text(p.out);
  assert_string_not_equal(kept, "precious");
  free(kept);
  scratch_close(&p.folder);
}

static void faults_of_input_exit_3_and_leave_nothing(void **state) {
  (void)state;
  place p = open_place();
  char path[SCRATCH_PATH_BYTES];
  assert_refused(&p, WORDS("explain", "--model", "missing.json", "--data", p.data, "--out", p.out),
                 3, "missing.json");
  assert_refused(&p, WORDS("predict", "--model", p.model, "--data", "missing.csv"), 3,
                 "missing.csv");
  put_file(&p, path, "empty.csv", "colour,age,income\n");
  assert_refused(&p,
                 WORDS("explain", "--model", p.model, "--data", p.data, "--background", path,
                       "--device", "none", "--out", p.out),
                 3, "empty.csv");
  put_file(&p, path, "columns.csv", "colour,age\n1,2\n");
  assert_refused(&p, WORDS("predict", "--model", p.model, "--data", path, "--device", "none"), 3,
                 "income");
  put_file(&p, path, "text.csv", "colour,age,income\n1,old,3\n");
  assert_refused(&p,
                 WORDS("explain", "--model", p.model, "--data", path, "--background", p.background,
                       "--device", "none", "--out", p.out),
                 3, "text.csv");
  put_file(&p, path, "ragged.csv", "colour,age,income\n1,2,3\n1,2\n");
  assert_refused(&p,
                 WORDS("explain", "--model", p.model, "--data", path, "--background", p.background,
                       "--device", "none", "--out", p.out),
                 3, "ragged.csv");
  assert_refused(&p, WORDS("explain", "--model", p.data, "--data", p.data, "--out", p.out), 3,
                 "data.csv");
  assert_false(exists(p.out));
  scratch_close(&p.folder);
}

static void faults_of_output_exit_5(void **state) {
  (void)state;
  place p = open_place();
  char path[SCRATCH_PATH_BYTES];
  snprintf(path, sizeof path, "%s", scratch_path(&p.folder, "no/such/folder/phi.npy"));
  assert_refused(&p, EXPLAIN(&p, "--out", path), 5, "phi.npy");
  assert_refused(
      &p, WORDS("predict", "--model", p.model, "--data", p.data, "--device", "none", "--out", path),
      5, "phi.npy");
  assert_refused(&p, EXPLAIN(&p, "--out", "phi.parquet"), 2, "phi.parquet");
  scratch_close(&p.folder);
}

static void without_a_platform_only_what_needs_one_fails(void **state) {
  (void)state;
  place p = open_place();
  setenv("OCL_ICD_VENDORS", "/nonexistent", 1);
  assert_refused(&p,
                 WORDS("predict", "-q", "--model", p.model, "--data", p.data, "--device", "gpu"), 4,
                 "gpu");
  outcome done = run(&p, WORDS("predict", "--model", p.model, "--data", p.data));
  assert_code(&done, 0);
  outcome_clear(&done);
  done = run(&p, WORDS("devices", "--json"));
  assert_code(&done, 0);
  cJSON *json = last_line(done.out);
  assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "devices")), 0);
  cJSON_Delete(json);
  outcome_clear(&done);
  unsetenv("OCL_ICD_VENDORS");
  scratch_close(&p.folder);
}

/* --- stopping --------------------------------------------------------------------------------- */

enum { SLOW_ROWS = 100000 };

/* A model and rows that take the reference long enough to be interrupted. */
static void make_slow(place *p, uint64_t n_rows) {
  char *text = NULL;
  size_t n_bytes = 0;
  double *values = NULL;
  apo_rows rows;
  apo_error err = {0};
  uint8_t header[APO_NPY_HEADER_BYTES];
  const uint32_t n_cols = APO_WORKLOAD_COLUMNS;
  assert_ok(apo_workload_model(1, 4, &text, &n_bytes, &err), &err);
  snprintf(p->model, sizeof p->model, "%s", scratch_write(&p->folder, "slow.json", text, n_bytes));
  free(text);
  for (uint32_t table = 0; table < 2; ++table) {
    const uint64_t n = table == 0 ? 2 : n_rows;
    char *path = table == 0 ? p->background : p->data;
    assert_ok(apo_workload_rows(1, table, n, &rows, &values, &err), &err);
    apo_npy_header_write(APO_F64, n, &n_cols, 1, header);
    snprintf(path, SCRATCH_PATH_BYTES, "%s",
             scratch_path(&p->folder, table == 0 ? "slow_background.npy" : "slow.npy"));
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(header, 1, sizeof header, file), sizeof header);
    assert_int_equal(fwrite(values, sizeof *values, n * n_cols, file), n * n_cols);
    assert_int_equal(fclose(file), 0);
    free(values);
  }
}

/* Start, interrupt when the first progress line is there, and wait for the end. */
static outcome interrupted(place *p, const char *const *words) {
  const pid_t child = tool_start(&p->folder, NULL, words);
  const bool is_running = tool_wait_for(&p->folder, child, "\"rows_per_s\"");
  kill(child, SIGINT);
  outcome done = tool_finish(&p->folder, child);
  if (!is_running) print_error("ended before it could be interrupted:\n%s", done.err);
  assert_true(is_running);
  return done;
}

static void a_limit_of_file_size_is_a_full_disk(void **state) {
  (void)state;
  place p = open_place();
  struct rlimit before;
  make_slow(&p, 1000);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  const struct rlimit limited = {1024, before.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limited), 0);
  outcome done = run(&p, WORDS("predict", "--model", p.model, "--data", p.data, "--device", "none",
                               "--out", p.out));
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  assert_code(&done, 5);
  assert_non_null(strstr(done.err, "cannot write"));
  assert_false(exists(p.out));
  outcome_clear(&done);
  scratch_close(&p.folder);
}

static void an_interrupted_array_is_not_there_and_exits_6(void **state) {
  (void)state;
  place p = open_place();
  make_slow(&p, SLOW_ROWS);
  outcome done = interrupted(
      &p, EXPLAIN(&p, "--out", p.out, "--method=kernel", "--nsamples=200", "--progress=json"));
  assert_code(&done, 6);
  assert_non_null(strstr(done.err, "stopped by a signal"));
  assert_string_equal(done.out, "");
  assert_false(exists(p.out));
  outcome_clear(&done);
  scratch_close(&p.folder);
}

static void an_interrupted_store_goes_on_where_it_stopped(void **state) {
  (void)state;
  enum { ROWS = 30000 };
  place p = open_place();
  char store[SCRATCH_PATH_BYTES + 8];
  snprintf(store, sizeof store, "sqlite:%s", scratch_path(&p.folder, "a.db"));
  make_slow(&p, ROWS);
  outcome done = interrupted(&p, EXPLAIN(&p, "--out", store, "--method=kernel", "--nsamples=200",
                                         "--chunk-rows=1000", "--progress=json"));
  assert_code(&done, 6);
  assert_non_null(strstr(done.err, "a second signal stops at once"));
  outcome_clear(&done);
  done = run(&p, EXPLAIN(&p, "--out", store, "--method=kernel", "--nsamples=200",
                         "--chunk-rows=1000", "--json"));
  assert_code(&done, 0);
  assert_non_null(strstr(done.err, "going on behind them"));
  cJSON *json = last_line(done.out);
  const int n_rows = cJSON_GetObjectItem(json, "rows")->valueint;
  assert_in_range(n_rows, 1, ROWS - 1);
  cJSON_Delete(json);
  outcome_clear(&done);
  // Complete: the same question has its answer, and nothing is computed.
  done = run(&p, EXPLAIN(&p, "--out", store, "--method=kernel", "--nsamples=200",
                         "--chunk-rows=1000", "--json"));
  assert_code(&done, 0);
  json = last_line(done.out);
  assert_int_equal(cJSON_GetObjectItem(json, "rows")->valueint, 0);
  cJSON_Delete(json);
  outcome_clear(&done);
  scratch_close(&p.folder);
}

int main(void) {
  // Caches of these runs stay out of the home folder.
  scratch cache = scratch_open();
  setenv("APPORTION_CACHE_DIR", cache.folder, 1);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_summary_has_exactly_its_members),
      cmocka_unit_test(csv_on_stdout_sums_to_the_prediction),
      cmocka_unit_test(rows_may_come_on_stdin_once),
      cmocka_unit_test(permutation_values_have_standard_errors),
      cmocka_unit_test(groups_are_the_players),
      cmocka_unit_test(what_does_not_exist_yet_is_refused_by_name),
      cmocka_unit_test(too_many_gaps_are_a_verdict_and_the_file_stays),
      cmocka_unit_test(an_existing_file_needs_force),
      cmocka_unit_test(faults_of_input_exit_3_and_leave_nothing),
      cmocka_unit_test(faults_of_output_exit_5),
      cmocka_unit_test(without_a_platform_only_what_needs_one_fails),
      cmocka_unit_test(a_limit_of_file_size_is_a_full_disk),
      cmocka_unit_test(an_interrupted_array_is_not_there_and_exits_6),
      cmocka_unit_test(an_interrupted_store_goes_on_where_it_stopped),
  };
  const int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
  scratch_close(&cache);
  return n_failed;
}
