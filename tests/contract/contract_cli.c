/* contract_cli.c - one set of questions to every command: help, JSON, usage, exit codes, and
 * results on stdout only.  What is asked of explain alone is in contract_cli_explain.c. */
#include "tests/support/cli_place.h"
// It asks for POSIX before any other header.
#include "host/cli/commands.h"
#include "host/io/npy.h"

/* --- the tool itself -------------------------------------------------------------------------- */

static void every_command_prints_its_help_on_stdout(void **state) {
  (void)state;
  place p = open_place();
  for (int id = 0; id < APO_N_COMMANDS; ++id) {
    outcome done = run(&p, WORDS(apo_commands[id].name, "--help"));
    assert_code(&done, 0);
    assert_string_equal(done.err, "");
    assert_non_null(strstr(done.out, "Usage: apportion "));
    assert_non_null(strstr(done.out, "--json"));
    outcome_clear(&done);
  }
  outcome done = run(&p, WORDS("--help"));
  assert_code(&done, 0);
  for (int id = 0; id < APO_N_COMMANDS; ++id) {
    assert_non_null(strstr(done.out, apo_commands[id].name));
  }
  outcome_clear(&done);
  scratch_close(&p.folder);
}

static void the_version_is_text_or_json(void **state) {
  (void)state;
  place p = open_place();
  outcome done = run(&p, WORDS("-V"));
  assert_code(&done, 0);
  assert_int_equal(strncmp(done.out, "apportion ", 10), 0);
  outcome_clear(&done);
  done = run(&p, WORDS("--version", "--json"));
  assert_code(&done, 0);
  cJSON *json = last_line(done.out);
  const cJSON *version = cJSON_GetObjectItem(json, "version");
  assert_string_equal(version->valuestring, apo_version());
  cJSON_Delete(json);
  outcome_clear(&done);
  scratch_close(&p.folder);
}

static void every_command_refuses_an_unknown_option_in_two_lines(void **state) {
  (void)state;
  place p = open_place();
  for (int id = 0; id < APO_N_COMMANDS; ++id) {
    outcome done = run(&p, WORDS(apo_commands[id].name, "--jsom"));
    assert_code(&done, 2);
    assert_string_equal(done.out, "");
    assert_int_equal(count_lines(done.err), 2);
    assert_non_null(strstr(done.err, "--jsom: unknown option"));
    assert_non_null(strstr(done.err, "hint: did you mean --json?"));
    outcome_clear(&done);
  }
  scratch_close(&p.folder);
}

static void an_unknown_command_suggests_the_nearest(void **state) {
  (void)state;
  place p = open_place();
  assert_refused(&p, WORDS("explian"), 2, "did you mean apportion explain?");
  assert_refused(&p, WORDS("zzz"), 2, "unknown command");
  assert_refused(&p, WORDS("--zzz"), 2, "unknown option");
  assert_refused(&p, WORDS("../explain"), 2, "unknown command");
  scratch_close(&p.folder);
}

static void an_unknown_command_may_live_on_an_absolute_path(void **state) {
  (void)state;
  place p = open_place();
  char old[4096];
  static const char script[] = "#!/bin/sh\nprintf '%s|' \"$@\"\nexit 9\n";
  chmod(scratch_write(&p.folder, "apportion-hello", script, strlen(script)), 0700);
  snprintf(old, sizeof old, "%s", getenv("PATH"));
  setenv("PATH", p.folder.folder, 1);
  outcome done = run(&p, WORDS("hello", "a b", "--c"));
  assert_code(&done, 9);
  assert_string_equal(done.out, "a b|--c|");
  outcome_clear(&done);
  // The same folder, named from where we stand, is not searched.
  char here[1024];
  assert_non_null(getcwd(here, sizeof here));
  assert_int_equal(chdir(p.folder.folder), 0);
  setenv("PATH", ".", 1);
  assert_refused(&p, WORDS("hello"), 2, "unknown command");
  assert_int_equal(chdir(here), 0);
  setenv("PATH", old, 1);
  scratch_close(&p.folder);
}

static void a_missing_option_is_named(void **state) {
  (void)state;
  place p = open_place();
  assert_refused(&p, WORDS("explain", "--model", p.model), 2, "--data: missing");
  assert_refused(&p, WORDS("validate"), 2, "FILE: missing");
  assert_refused(&p, WORDS("explain", "stray"), 2, "\"stray\"");
  scratch_close(&p.folder);
}

/* --- the other commands ----------------------------------------------------------------------- */

static void predictions_are_the_model_s(void **state) {
  (void)state;
  place p = open_place();
  outcome done = run(
      &p, WORDS("predict", "--model", p.model, "--data", p.data, "--id", "id", "--device", "none"));
  assert_code(&done, 0);
  assert_string_equal(done.out,
                      "id,default\n"
                      "a,-0.25\n"
                      "b,1.25\n"
                      "c,-0.375\n"
                      "d,-0.25\n");
  outcome_clear(&done);
  done = run(&p, WORDS("predict", "--model", p.model, "--data", p.data, "--device", "none", "--out",
                       p.out, "--output", "probability", "--json"));
  assert_code(&done, 0);
  cJSON *json = last_line(done.out);
  assert_int_equal(cJSON_GetObjectItem(json, "rows")->valueint, 4);
  cJSON_Delete(json);
  outcome_clear(&done);
  char *bytes = read_text(p.out);
  assert_non_null(strstr(bytes + 10, "'<f8'"));
  assert_non_null(strstr(bytes + 10, "(4,)"));
  double first;
  memcpy(&first, bytes + APO_NPY_HEADER_BYTES, sizeof first);
  assert_true(first > 0.4378 && first < 0.4379);  // 1 / (1 + exp(0.25))
  free(bytes);
  scratch_close(&p.folder);
}

static void a_valid_model_is_described(void **state) {
  (void)state;
  place p = open_place();
  outcome done = run(&p, WORDS("validate", p.model));
  assert_code(&done, 0);
  assert_non_null(strstr(done.out, "neutral_json"));
  assert_non_null(strstr(done.out, "income"));
  outcome_clear(&done);
  done = run(&p, WORDS("validate", "--json", p.model));
  assert_code(&done, 0);
  cJSON *json = last_line(done.out);
  assert_string_equal(cJSON_GetObjectItem(json, "status")->valuestring, "valid");
  assert_int_equal(cJSON_GetObjectItem(json, "trees")->valueint, 2);
  assert_int_equal(cJSON_GetObjectItem(json, "leaves")->valueint, 5);
  assert_int_equal(cJSON_GetObjectItem(json, "depth")->valueint, 2);
  assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "column_names")), 3);
  cJSON_Delete(json);
  outcome_clear(&done);
  scratch_close(&p.folder);
}

static void a_model_that_is_none_is_refused(void **state) {
  (void)state;
  place p = open_place();
  assert_refused(&p, WORDS("validate", p.data), 3, "data.csv");
  assert_refused(&p, WORDS("validate", "--max-model-bytes=10", p.model), 3, "model.json");
  outcome done = run(&p, WORDS("validate", "--json", p.data));
  assert_code(&done, 3);
  cJSON *json = last_line(done.out);
  assert_string_equal(cJSON_GetObjectItem(json, "status")->valuestring, "refused");
  assert_non_null(cJSON_GetObjectItem(json, "fault")->valuestring);
  cJSON_Delete(json);
  outcome_clear(&done);
  scratch_close(&p.folder);
}

static void importance_is_a_table_or_json(void **state) {
  (void)state;
  place p = open_place();
  char target[SCRATCH_PATH_BYTES + 8];
  snprintf(target, sizeof target, "%s:late", p.data);
  const char *const *base =
      WORDS("importance", "--model", p.model, "--data", p.data, "--target", target, "--metric",
            "logloss,auc", "--device", "none", "--json", "--repeats=3");
  outcome done = run(&p, base);
  assert_code(&done, 0);
  cJSON *json = last_line(done.out);
  assert_int_equal(cJSON_GetArraySize(json), 2);
  const cJSON *baseline = cJSON_GetObjectItem(json, "baseline");
  assert_true(cJSON_GetObjectItem(baseline, "logloss")->valuedouble > 0);
  const cJSON *features = cJSON_GetObjectItem(json, "features");
  assert_int_equal(cJSON_GetArraySize(features), 6);
  const cJSON *first = cJSON_GetArrayItem(features, 0);
  assert_string_equal(cJSON_GetObjectItem(first, "name")->valuestring, "colour");
  assert_string_equal(cJSON_GetObjectItem(first, "metric")->valuestring, "logloss");
  assert_true(cJSON_GetObjectItem(first, "mean")->valuedouble == 0);  // no tree looks at it
  assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(first, "scores")), 3);
  cJSON_Delete(json);
  outcome_clear(&done);
  done = run(&p, WORDS("importance", "--model", p.model, "--data", p.data, "--target", target,
                       "--metric", "accuracy", "--device", "none"));
  assert_code(&done, 0);
  assert_int_equal(count_lines(done.out), 5);
  outcome_clear(&done);
  assert_refused(&p,
                 WORDS("importance", "--model", p.model, "--data", p.data, "--target", target,
                       "--metric", "f1"),
                 2, "\"f1\"");
  assert_refused(&p,
                 WORDS("importance", "--model", p.model, "--data", p.data, "--target", p.data,
                       "--metric", "auc"),
                 3, "columns");
  scratch_close(&p.folder);
}

static void a_plan_is_text_or_json(void **state) {
  (void)state;
  place p = open_place();
  outcome done =
      run(&p, WORDS("plan", "--model", p.model, "--background", p.background, "--device", "none"));
  assert_code(&done, 0);
  assert_in_range(count_lines(done.out), 2, 1000);
  outcome_clear(&done);
  done = run(&p, WORDS("plan", "--model", p.model, "--background", p.background, "--device", "none",
                       "--json", "--method=permutation"));
  assert_code(&done, 0);
  cJSON *json = last_line(done.out);
  assert_string_equal(cJSON_GetObjectItem(json, "method")->valuestring, "permutation");
  cJSON_Delete(json);
  outcome_clear(&done);
  scratch_close(&p.folder);
}

static void devices_are_listed(void **state) {
  (void)state;
  place p = open_place();
  outcome done = run(&p, WORDS("devices", "--json"));
  assert_code(&done, 0);
  cJSON *json = last_line(done.out);
  assert_true(cJSON_IsArray(cJSON_GetObjectItem(json, "devices")));
  assert_true(cJSON_HasObjectItem(json, "topology"));
  cJSON_Delete(json);
  outcome_clear(&done);
  done = run(&p, WORDS("devices", "--device", "none"));
  assert_code(&done, 0);
  assert_non_null(strstr(done.out, "none  the reference"));
  outcome_clear(&done);
  assert_refused(&p, WORDS("devices", "--device", "0:"), 2, "0:");
  scratch_close(&p.folder);
}

static void a_benchmark_verifies_and_times(void **state) {
  (void)state;
  place p = open_place();
  const char *const *words = WORDS("bench", "--device=none", "--rows=4", "--trees=2", "--repeats=2",
                                   "--nsamples=64", "--json");
  outcome done = run(&p, words);
  assert_code(&done, 0);
  cJSON *json = last_line(done.out);
  assert_string_equal(cJSON_GetObjectItem(json, "status")->valuestring, "ok");
  assert_true(cJSON_GetArraySize(cJSON_GetObjectItem(json, "results")) >= 8);
  cJSON_Delete(json);
  outcome_clear(&done);
  done = run(&p, WORDS("bench", "--device=none", "--rows=4", "--trees=2", "--repeats=2",
                       "--nsamples=64", "--csv"));
  assert_code(&done, 0);
  assert_int_equal(
      strncmp(done.out, "workload,part,device,rows,n,median,spread,status,check\n", 55), 0);
  outcome_clear(&done);
  done = run(&p, WORDS("bench", "--device=none", "--model", p.model, "--data", p.data,
                       "--background", p.background, "--repeats=1"));
  assert_code(&done, 0);
  outcome_clear(&done);
  scratch_close(&p.folder);
}

int main(void) {
  // Caches of these runs stay out of the home folder.
  scratch cache = scratch_open();
  setenv("APPORTION_CACHE_DIR", cache.folder, 1);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_command_prints_its_help_on_stdout),
      cmocka_unit_test(the_version_is_text_or_json),
      cmocka_unit_test(every_command_refuses_an_unknown_option_in_two_lines),
      cmocka_unit_test(an_unknown_command_suggests_the_nearest),
      cmocka_unit_test(an_unknown_command_may_live_on_an_absolute_path),
      cmocka_unit_test(a_missing_option_is_named),
      cmocka_unit_test(predictions_are_the_model_s),
      cmocka_unit_test(a_valid_model_is_described),
      cmocka_unit_test(a_model_that_is_none_is_refused),
      cmocka_unit_test(importance_is_a_table_or_json),
      cmocka_unit_test(a_plan_is_text_or_json),
      cmocka_unit_test(devices_are_listed),
      cmocka_unit_test(a_benchmark_verifies_and_times),
  };
  const int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
  scratch_close(&cache);
  return n_failed;
}
