/* contract_cli_model.c - convert and validate, from the shell. */
#include "tests/support/cli_place.h"
// It asks for POSIX before any other header.
#include <sys/resource.h>

#include "engine/model/compare.h"

/* --- helpers ---------------------------------------------------------------------------------- */

static apo_model *read_model(const char *path) {
  apo_model *model = NULL;
  apo_error err;
  char *text = read_text(path);
  assert_ok(apo_model_read(text, strlen(text), &model, &err), &err);
  free(text);
  return model;
}

static void assert_same_model(const char *before, const char *after) {
  apo_error err;
  apo_model *a = read_model(before);
  apo_model *b = read_model(after);
  assert_ok(apo_model_compare(a, b, &err), &err);
  apo_model_destroy(&a);
  apo_model_destroy(&b);
}

static double number_of(const cJSON *json, const char *member) {
  const cJSON *item = cJSON_GetObjectItem(json, member);
  if (!cJSON_IsNumber(item)) print_error("no number \"%s\"\n", member);
  assert_true(cJSON_IsNumber(item));
  return item->valuedouble;
}

static const char *text_of(const cJSON *json, const char *member) {
  const cJSON *item = cJSON_GetObjectItem(json, member);
  if (!cJSON_IsString(item)) print_error("no text \"%s\"\n", member);
  assert_true(cJSON_IsString(item));
  return item->valuestring;
}

/* --- convert ---------------------------------------------------------------------------------- */

static void a_converted_model_is_the_model(void **state) {
  (void)state;
  place p = open_place();
  outcome done = run(&p, WORDS("convert", p.model, "--out", p.out));
  assert_code(&done, 0);
  assert_string_equal(done.out, "");
  assert_int_equal(count_lines(done.err), 1);
  assert_non_null(strstr(done.err, "read back and found equal to"));
  outcome_clear(&done);
  assert_same_model(p.model, p.out);
  // Again, it is the same file.
  char again[SCRATCH_PATH_BYTES];
  snprintf(again, sizeof again, "%s", scratch_path(&p.folder, "again.json"));
  done = run(&p, WORDS("convert", "-q", p.out, "--out", again));
  assert_code(&done, 0);
  assert_string_equal(done.err, "");
  outcome_clear(&done);
  char *first = read_text(p.out);
  char *second = read_text(again);
  assert_string_equal(first, second);
  free(first);
  free(second);
  scratch_close(&p.folder);
}

static void a_binary_model_goes_to_stdout_whole(void **state) {
  (void)state;
  place p = open_place();
  outcome done =
      run(&p, WORDS("convert", "tests/fixtures/xgboost/logistic_3_4_1.ubj", "--out", "-"));
  assert_code(&done, 0);
  assert_int_equal(count_lines(done.err), 1);
  scratch_write(&p.folder, "c.json", done.out, strlen(done.out));
  outcome_clear(&done);
  char path[SCRATCH_PATH_BYTES];
  snprintf(path, sizeof path, "%s", scratch_path(&p.folder, "c.json"));
  assert_same_model("tests/fixtures/xgboost/logistic_3_4_1.json", path);
  scratch_close(&p.folder);
}

static void the_report_is_one_line_of_json(void **state) {
  (void)state;
  place p = open_place();
  outcome done = run(&p, WORDS("convert", p.model, "--out", p.out, "--json"));
  assert_code(&done, 0);
  assert_int_equal(count_lines(done.out), 1);
  cJSON *json = last_line(done.out);
  apo_model *from = read_model(p.model);
  apo_model *to = read_model(p.out);
  assert_string_equal(text_of(json, "schema"), "convert/1");
  assert_string_equal(text_of(json, "file"), p.model);
  assert_string_equal(text_of(json, "format"), "neutral_json");
  assert_string_equal(text_of(json, "out"), p.out);
  assert_string_equal(text_of(json, "model_digest"), from->digest);
  assert_string_equal(text_of(json, "out_digest"), to->digest);
  assert_true(number_of(json, "trees") == 2 && number_of(json, "leaves") == 5);
  char *text = read_text(p.out);
  assert_true(number_of(json, "bytes") == (double)strlen(text));
  assert_true(cJSON_IsTrue(cJSON_GetObjectItem(json, "equal")));
  free(text);
  apo_model_destroy(&from);
  apo_model_destroy(&to);
  cJSON_Delete(json);
  outcome_clear(&done);
  assert_refused(&p, WORDS("convert", p.model, "--out", "-", "--json"), 2, "--json: stdout is for");
  scratch_close(&p.folder);
}

static void what_is_there_is_replaced_only_by_force(void **state) {
  (void)state;
  place p = open_place();
  scratch_write(&p.folder, "phi.npy", "old", 3);
  assert_refused(&p, WORDS("convert", p.model, "--out", p.out), 5, "--force replaces the file");
  char *text = read_text(p.out);
  assert_string_equal(text, "old");
  free(text);
  outcome done = run(&p, WORDS("convert", p.model, "--out", p.out, "--force"));
  assert_code(&done, 0);
  outcome_clear(&done);
  assert_same_model(p.model, p.out);
  // Never the model itself: what its own format says beyond the model would be lost.
  assert_refused(&p, WORDS("convert", p.out, "--out", p.out, "--force"), 2, "is the model itself");
  assert_same_model(p.model, p.out);
  // Never what a link points to.
  char link[SCRATCH_PATH_BYTES];
  snprintf(link, sizeof link, "%s", scratch_path(&p.folder, "link.json"));
  assert_int_equal(symlink(p.out, link), 0);
  assert_refused(&p, WORDS("convert", p.model, "--out", link, "--force"), 5, "symbolic link");
  scratch_close(&p.folder);
}

static void bad_words_and_paths_have_their_exit_codes(void **state) {
  (void)state;
  place p = open_place();
  assert_refused(&p, WORDS("convert", "--out", p.out), 2, "FILE: missing");
  assert_refused(&p, WORDS("convert", p.model), 2, "--out: missing");
  assert_refused(&p, WORDS("convert", p.model, p.model, "--out", p.out), 2, "model.json");
  assert_refused(&p, WORDS("convert", p.model, "--out", p.out, "--device=none"), 2, "--device");
  assert_refused(&p, WORDS("convert", "nowhere.ubj", "--out", p.out), 3, "nowhere.ubj");
  assert_refused(&p, WORDS("convert", p.data, "--out", p.out), 3, "data.csv");
  assert_refused(&p, WORDS("convert", p.folder.folder, "--out", p.out), 3, "directory");
  assert_refused(&p, WORDS("convert", "--max-model-bytes=10", p.model, "--out", p.out), 3,
                 "model.json");
  assert_refused(&p, WORDS("convert", p.model, "--out", p.folder.folder), 5, "not a regular file");
  assert_refused(&p, WORDS("convert", p.model, "--out", "/nowhere/x.json"), 5, "/nowhere/x.json");
  assert_false(exists(p.out));
  scratch_close(&p.folder);
}

static void a_full_disk_leaves_nothing(void **state) {
  (void)state;
  place p = open_place();
  struct rlimit before;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  const struct rlimit limited = {512, before.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limited), 0);
  outcome done = run(&p, WORDS("convert", p.model, "--out", p.out));
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  assert_code(&done, 5);
  assert_non_null(strstr(done.err, "cannot write"));
  assert_false(exists(p.out));
  outcome_clear(&done);
  // model, data, background, out and err of the run: no temporary
  assert_int_equal(scratch_count(&p.folder), 5);
  scratch_close(&p.folder);
}

/* --- validate --------------------------------------------------------------------------------- */

static cJSON *validate(place *p, const char *path) {
  outcome done = run(p, WORDS("validate", "--json", path));
  assert_code(&done, 0);
  assert_int_equal(count_lines(done.out), 1);
  cJSON *json = last_line(done.out);
  assert_string_equal(text_of(json, "schema"), "validate/1");
  assert_string_equal(text_of(json, "status"), "valid");
  outcome_clear(&done);
  return json;
}

static int element(const cJSON *json, const char *list, int at) {
  const cJSON *items = cJSON_GetObjectItem(cJSON_GetObjectItem(json, "column_use"), list);
  assert_true(cJSON_GetArraySize(items) > at);
  return cJSON_GetArrayItem(items, at)->valueint;
}

static void a_report_says_what_splits_do(void **state) {
  (void)state;
  place p = open_place();
  cJSON *json = validate(&p, p.model);
  assert_string_equal(text_of(json, "format_version"), "1");
  assert_string_equal(text_of(json, "cast"), "float32");
  assert_string_equal(text_of(json, "raw_output"), "margin");
  assert_string_equal(text_of(json, "cover_kind"), "none");
  assert_true(number_of(json, "nodes") == 3);
  assert_true(number_of(json, "iterations") == 0);
  const cJSON *missing = cJSON_GetObjectItem(json, "missing");
  assert_true(number_of(missing, "nan") == 3 && number_of(missing, "zero") == 0);
  assert_true(number_of(missing, "left") == 3 && number_of(missing, "right") == 0);
  assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "categorical")), 0);
  assert_int_equal(element(json, "splits", 0), 0);
  assert_int_equal(element(json, "splits", 1), 2);
  assert_int_equal(element(json, "left", 2), 1);
  assert_in_range((uint64_t)number_of(json, "memory_bytes"), 500, 5000);
  cJSON_Delete(json);
  scratch_close(&p.folder);
}

static const char rich_text[] =
    "{\"format\":\"apportion-model\",\"version\":1,\"kind\":\"forest\","
    "\"origin\":{\"file\":\"lightgbm_text\",\"x_best_iteration\":1},"
    "\"columns\":{\"count\":3,\"categories\":"
    "[{\"column\":1,\"values\":[\"a\",\"b\"],\"unknown\":\"missing\"}]},"
    "\"input\":{\"cast\":\"float64\",\"code\":\"trunc\","
    "\"transform\":[{\"op\":\"mul\",\"values\":[1,1,0.5]}]},"
    "\"outputs\":{\"count\":1,\"space\":\"probability\"},"
    "\"forest\":{\"trees_per_iteration\":1,\"cover_kind\":\"count\",\"trees\":["
    "{\"output\":0,\"column\":[0,1,2],\"op\":[\"in\",\"in\",\"le\"],\"threshold\":[0,1,5],"
    "\"missing\":[\"none\",\"nan\",\"zero\"],\"default_left\":[1,0,1],"
    "\"left\":[1,2,-1],\"right\":[-2,-3,-4],\"sets\":[[3,70],[0,1]],\"leaf\":[1,2,3,4],"
    "\"cover\":[9,8,7],\"leaf_cover\":[1,2,3,4],"
    "\"linear\":{\"count\":[0,2,0,0],\"columns\":[0,2],\"coefficients\":[1,1],"
    "\"constant\":[1,0,3,4]}},"
    "{\"output\":0,\"column\":[],\"threshold\":[],\"left\":[],\"right\":[],\"leaf\":[7],"
    "\"cover\":[],\"leaf_cover\":[5]}]}}";

static void categories_missing_values_and_linear_leaves_are_reported(void **state) {
  (void)state;
  place p = open_place();
  char path[SCRATCH_PATH_BYTES];
  put_file(&p, path, "rich.json", rich_text);
  cJSON *json = validate(&p, path);
  assert_string_equal(text_of(json, "made_from"), "lightgbm_text");
  assert_string_equal(text_of(json, "raw_output"), "probability");
  assert_string_equal(text_of(json, "cover_kind"), "count");
  assert_true(number_of(json, "iterations") == 2 && number_of(json, "best_iteration") == 1);
  assert_true(number_of(json, "linear_leaves") == 1 && number_of(json, "transforms") == 1);
  const cJSON *missing = cJSON_GetObjectItem(json, "missing");
  assert_true(number_of(missing, "none") == 1 && number_of(missing, "zero") == 1);
  // Nothing is missing at the first split, whatever its default side.
  assert_true(number_of(missing, "left") == 1 && number_of(missing, "right") == 1);
  const cJSON *categorical = cJSON_GetObjectItem(json, "categorical");
  assert_int_equal(cJSON_GetArraySize(categorical), 2);
  const cJSON *codes = cJSON_GetArrayItem(categorical, 0);
  const cJSON *named = cJSON_GetArrayItem(categorical, 1);
  assert_true(number_of(codes, "column") == 0 && number_of(codes, "largest_code") == 70);
  assert_false(cJSON_HasObjectItem(codes, "categories"));
  assert_true(number_of(named, "categories") == 2 && number_of(named, "largest_code") == 1);
  assert_string_equal(text_of(named, "unknown"), "missing");
  assert_int_equal(element(json, "terms", 0), 1);
  assert_int_equal(element(json, "terms", 1), 0);
  assert_true(cJSON_IsNull(cJSON_GetObjectItem(json, "column_names")));
  cJSON_Delete(json);

  outcome done = run(&p, WORDS("validate", path));
  assert_code(&done, 0);
  static const char *const words[] = {"made from           lightgbm_text\n",
                                      "raw output          probability\n",
                                      "iterations          2 of 1 tree\n",
                                      "best iteration      1\n",
                                      "linear leaves       1\n",
                                      "NaN counts as 0 at 1 of 3 splits\n",
                                      "NaN and 0 are missing at 1 of 3 splits\n",
                                      "to the left at 1, to the right at 1\n",
                                      "input transforms    multiply\n",
                                      "covers              count\n",
                                      "codes to 70",
                                      "2 named"};
  for (size_t i = 0; i < sizeof words / sizeof *words; ++i) {
    if (strstr(done.out, words[i]) == NULL) print_error("no \"%s\" in\n%s", words[i], done.out);
    assert_non_null(strstr(done.out, words[i]));
  }
  outcome_clear(&done);
  scratch_close(&p.folder);
}

static void a_linear_model_is_reported(void **state) {
  (void)state;
  place p = open_place();
  outcome done = run(&p, WORDS("validate", "tests/fixtures/xgboost/linear_one_3_4_1.json"));
  assert_code(&done, 0);
  assert_non_null(strstr(done.out, "kind                linear\n"));
  assert_non_null(strstr(done.out, "missing values      add nothing\n"));
  assert_null(strstr(done.out, "trees"));
  outcome_clear(&done);
  scratch_close(&p.folder);
}

static void long_lists_are_cut_unless_asked_for(void **state) {
  (void)state;
  enum { N_COLUMNS = 500 };
  place p = open_place();
  static char text[16384];
  size_t n = (size_t)snprintf(text, sizeof text,
                              "{\"format\":\"apportion-model\",\"version\":1,"
                              "\"kind\":\"linear\",\"columns\":{\"count\":%d},"
                              "\"outputs\":{\"count\":1},\"linear\":{\"coefficients\":[[0",
                              N_COLUMNS);
  for (int i = 1; i < N_COLUMNS; ++i) n += (size_t)snprintf(text + n, sizeof text - n, ",1");
  snprintf(text + n, sizeof text - n, "]]}}");
  char path[SCRATCH_PATH_BYTES];
  put_file(&p, path, "wide.json", text);
  outcome done = run(&p, WORDS("validate", path));
  assert_code(&done, 0);
  assert_in_range(count_lines(done.out), 30, 60);
  assert_non_null(strstr(done.out, "and 470 more, which -v shows\n"));
  outcome_clear(&done);
  done = run(&p, WORDS("validate", "-v", path));
  assert_code(&done, 0);
  assert_in_range(count_lines(done.out), N_COLUMNS, N_COLUMNS + 30);
  assert_null(strstr(done.out, "more"));
  outcome_clear(&done);
  cJSON *json = validate(&p, path);
  assert_int_equal(element(json, "terms", 0), 0);
  assert_int_equal(element(json, "terms", N_COLUMNS - 1), 1);
  cJSON_Delete(json);
  scratch_close(&p.folder);
}

static void names_cannot_move_the_cursor(void **state) {
  (void)state;
  place p = open_place();
  char path[SCRATCH_PATH_BYTES];
  put_file(&p, path, "hostile.json",
           "{\"format\":\"apportion-model\",\"version\":1,\"kind\":\"linear\","
           "\"origin\":{\"library\":\"\\u001b[2J\"},"
           "\"columns\":{\"count\":1,\"names\":[\"a\\u001b[31m\\u202eb\"]},"
           "\"outputs\":{\"count\":1,\"names\":[\"\\u0007\"]},"
           "\"linear\":{\"coefficients\":[[1]]}}");
  outcome done = run(&p, WORDS("validate", path));
  assert_code(&done, 0);
  assert_null(strchr(done.out, '\x1b'));
  assert_null(strchr(done.out, '\a'));
  assert_non_null(strstr(done.out, "a\\x1b[31m\\u{202e}b"));
  outcome_clear(&done);
  done = run(&p, WORDS("convert", path, "--out", p.out));
  assert_code(&done, 0);
  outcome_clear(&done);
  assert_same_model(path, p.out);
  scratch_close(&p.folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_converted_model_is_the_model),
      cmocka_unit_test(a_binary_model_goes_to_stdout_whole),
      cmocka_unit_test(the_report_is_one_line_of_json),
      cmocka_unit_test(what_is_there_is_replaced_only_by_force),
      cmocka_unit_test(bad_words_and_paths_have_their_exit_codes),
      cmocka_unit_test(a_full_disk_leaves_nothing),
      cmocka_unit_test(a_report_says_what_splits_do),
      cmocka_unit_test(categories_missing_values_and_linear_leaves_are_reported),
      cmocka_unit_test(a_linear_model_is_reported),
      cmocka_unit_test(long_lists_are_cut_unless_asked_for),
      cmocka_unit_test(names_cannot_move_the_cursor),
  };
  return cmocka_run_group_tests_name("contract_cli_model", tests, NULL, NULL);
}
