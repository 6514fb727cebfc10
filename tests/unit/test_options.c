/* test_options.c - words of a command line become values, or a failure that helps. */
#define _POSIX_C_SOURCE 200809L

#include "host/cli/options.h"

#include <stdlib.h>

#include "host/cli/commands.h"
#include "host/cli/nearest.h"
#include "tests/support/apo_test.h"

enum { EXPLAIN = 1 << APO_COMMAND_EXPLAIN, VALIDATE = 1 << APO_COMMAND_VALIDATE };

/* Parse up to 6 words behind a command; the list ends with NULL. */
static apo_status parse(uint32_t command,
                        uint32_t max_operands,
                        const char *const *words,
                        apo_options *out,
                        apo_error *err) {
  const char *argv[8] = {"command"};
  int argc = 1;
  for (; words[argc - 1] != NULL; ++argc) argv[argc] = words[argc - 1];
  return apo_options_parse(command, max_operands, argc, argv, out, err);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void value_and_option_may_be_one_word_or_two(void **state) {
  (void)state;
  apo_options options;
  apo_error err = {0};
  assert_ok(parse(EXPLAIN, 0, WORDS("--model=m.json", "--seed", "7"), &options, &err), &err);
  assert_string_equal(apo_option_text(&options, APO_OPT_MODEL), "m.json");
  assert_int_equal(apo_option_count(&options, APO_OPT_SEED), 7);
  assert_true(options.values[APO_OPT_SEED].is_given);
  apo_options_clear(&options);
}

static void every_default_of_every_command_is_a_value(void **state) {
  (void)state;
  for (int command = 0; command < APO_N_COMMANDS; ++command) {
    apo_options options;
    apo_error err = {0};
    assert_ok(parse(1u << command, 0, WORDS("--quiet"), &options, &err), &err);
    apo_options_clear(&options);
  }
}

static void every_option_of_the_table_has_a_name_and_a_sentence(void **state) {
  (void)state;
  for (int id = 0; id < APO_N_OPTIONS; ++id) {
    assert_non_null(apo_option_table[id].name);
    assert_non_null(apo_option_table[id].sentence);
    assert_int_not_equal(apo_option_table[id].commands, 0);
    if (apo_option_table[id].type == APO_OPTION_FLAG) assert_non_null(apo_option_table[id].initial);
  }
}

static void the_last_of_repeated_options_wins(void **state) {
  (void)state;
  apo_options options;
  apo_error err = {0};
  assert_ok(parse(EXPLAIN, 0, WORDS("--seed=1", "--seed=2", "--json", "--no-json"), &options, &err),
            &err);
  assert_int_equal(apo_option_count(&options, APO_OPT_SEED), 2);
  assert_false(apo_option_flag(&options, APO_OPT_JSON));
  apo_options_clear(&options);
}

static void a_flag_that_is_on_can_be_turned_off(void **state) {
  (void)state;
  apo_options options;
  apo_error err = {0};
  assert_ok(parse(EXPLAIN, 0, WORDS("--no-self-test"), &options, &err), &err);
  assert_false(apo_option_flag(&options, APO_OPT_SELF_TEST_FIRST));
  assert_true(apo_option_flag(&options, APO_OPT_CACHE));
  apo_options_clear(&options);
}

static void an_unknown_option_suggests_the_nearest(void **state) {
  (void)state;
  apo_options options;
  apo_error err = {0};
  assert_fails(parse(EXPLAIN, 0, WORDS("--modle=x"), &options, &err), APO_ERR_ARGUMENT, &err,
               "--modle");
  assert_string_equal(options.hint, "did you mean --model?");
  assert_fails(parse(EXPLAIN, 0, WORDS("--zzzzzz"), &options, &err), APO_ERR_ARGUMENT, &err,
               "unknown option");
  assert_string_equal(options.hint, "");
}

static void a_prefix_of_an_option_is_unknown(void **state) {
  (void)state;
  apo_options options;
  apo_error err = {0};
  assert_fails(parse(EXPLAIN, 0, WORDS("--mod", "x"), &options, &err), APO_ERR_ARGUMENT, &err,
               "--mod: unknown option");
}

static void an_option_of_another_command_is_unknown(void **state) {
  (void)state;
  apo_options options;
  apo_error err = {0};
  assert_fails(parse(VALIDATE, 1, WORDS("--metric=auc"), &options, &err), APO_ERR_ARGUMENT, &err,
               "--metric");
}

static void an_option_without_its_value_is_named(void **state) {
  (void)state;
  apo_options options;
  apo_error err = {0};
  assert_fails(parse(EXPLAIN, 0, WORDS("--model"), &options, &err), APO_ERR_ARGUMENT, &err,
               "--model: needs a value");
  assert_fails(parse(EXPLAIN, 0, WORDS("--model="), &options, &err), APO_ERR_ARGUMENT, &err,
               "--model");
}

static void a_flag_takes_no_value(void **state) {
  (void)state;
  apo_options options;
  apo_error err = {0};
  assert_fails(parse(EXPLAIN, 0, WORDS("--json=yes"), &options, &err), APO_ERR_ARGUMENT, &err,
               "--json");
}

static void what_is_not_in_this_version_is_refused_by_name(void **state) {
  (void)state;
  apo_options options;
  apo_error err = {0};
  assert_fails(parse(EXPLAIN, 0, WORDS("--tolerance=0.1"), &options, &err), APO_ERR_UNSUPPORTED,
               &err, "--tolerance");
  assert_fails(parse(EXPLAIN, 0, WORDS("--method", "kernal"), &options, &err), APO_ERR_ARGUMENT,
               &err, "\"kernal\"");
}

static void operands_may_stand_before_options(void **state) {
  (void)state;
  apo_options options;
  apo_error err = {0};
  assert_ok(parse(VALIDATE, 1, WORDS("m.json", "--json"), &options, &err), &err);
  assert_string_equal(options.operand, "m.json");
  assert_true(apo_option_flag(&options, APO_OPT_JSON));
  apo_options_clear(&options);
  assert_ok(parse(VALIDATE, 1, WORDS("--", "--json"), &options, &err), &err);
  assert_string_equal(options.operand, "--json");
  assert_false(apo_option_flag(&options, APO_OPT_JSON));
  apo_options_clear(&options);
}

static void an_operand_too_many_is_quoted(void **state) {
  (void)state;
  apo_options options;
  apo_error err = {0};
  assert_fails(parse(EXPLAIN, 0, WORDS("rows\033.csv"), &options, &err), APO_ERR_ARGUMENT, &err,
               "\"rows\\x1b.csv\"");
}

static void the_dash_is_a_value(void **state) {
  (void)state;
  apo_options options;
  apo_error err = {0};
  assert_ok(parse(EXPLAIN, 0, WORDS("--data", "-", "--out=-"), &options, &err), &err);
  assert_string_equal(apo_option_text(&options, APO_OPT_DATA), "-");
  assert_string_equal(apo_option_text(&options, APO_OPT_OUT), "-");
  apo_options_clear(&options);
}

static void a_required_option_that_is_missing_is_explained(void **state) {
  (void)state;
  apo_options options;
  apo_error err = {0};
  assert_ok(parse(EXPLAIN, 0, WORDS("--model=m"), &options, &err), &err);
  assert_fails(apo_options_check_required(&options, &err), APO_ERR_ARGUMENT, &err,
               "--data: missing");
  assert_non_null(strstr(options.hint, "--data SRC"));
  apo_options_clear(&options);
}

static void the_environment_stands_behind_the_option(void **state) {
  (void)state;
  apo_options options;
  apo_error err = {0};
  setenv("APPORTION_CHUNK_ROWS", "12", 1);
  setenv("APPORTION_JSON", "yes", 1);
  assert_ok(parse(EXPLAIN, 0, WORDS("--no-force"), &options, &err), &err);
  assert_int_equal(apo_option_count(&options, APO_OPT_CHUNK_ROWS), 12);
  assert_true(apo_option_flag(&options, APO_OPT_JSON));
  apo_options_clear(&options);
  assert_ok(parse(EXPLAIN, 0, WORDS("--chunk-rows=13", "--no-json"), &options, &err), &err);
  assert_int_equal(apo_option_count(&options, APO_OPT_CHUNK_ROWS), 13);
  assert_false(apo_option_flag(&options, APO_OPT_JSON));
  apo_options_clear(&options);
  setenv("APPORTION_CHUNK_ROWS", "many", 1);
  assert_fails(parse(EXPLAIN, 0, WORDS("--no-force"), &options, &err), APO_ERR_ARGUMENT, &err,
               "APPORTION_CHUNK_ROWS");
  unsetenv("APPORTION_CHUNK_ROWS");
  unsetenv("APPORTION_JSON");
}

/* --- units ------------------------------------------------------------------------------------ */

static apo_status read_as(apo_option_type type, const char *text, apo_option_value *out) {
  const apo_option option = {.name = "x", .type = type};
  *out = (apo_option_value){0};
  return apo_option_read(&option, text, out, NULL);
}

static void sizes_have_units(void **state) {
  (void)state;
  static const struct {
    const char *text;
    uint64_t bytes;
  } cases[] = {{"0", 0},
               {"1_000", 1000},
               {"3K", 3000},
               {"2M", 2000000},
               {"1G", 1000000000},
               {"1T", UINT64_C(1000000000000)},
               {"4Ki", 4096},
               {"1.5Mi", 1572864},
               {"2Gi", UINT64_C(2147483648)},
               {"1Ti", UINT64_C(1099511627776)}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    apo_option_value value;
    assert_int_equal(read_as(APO_OPTION_BYTES, cases[i].text, &value), APO_OK);
    assert_int_equal(value.count, cases[i].bytes);
  }
  static const char *const faults[] = {
      "", "K", "1k", "1KB", "-1", "1 K", "1e3", "1.", "0x10", "99999999T", "18446744073709551616"};
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; ++i) {
    apo_option_value value;
    assert_int_equal(read_as(APO_OPTION_BYTES, faults[i], &value), APO_ERR_ARGUMENT);
  }
}

static void counts_may_be_grouped(void **state) {
  (void)state;
  apo_option_value value;
  assert_int_equal(read_as(APO_OPTION_COUNT, "1_000_000", &value), APO_OK);
  assert_int_equal(value.count, 1000000);
  assert_int_equal(read_as(APO_OPTION_COUNT, "18446744073709551615", &value), APO_OK);
  assert_true(value.count == UINT64_MAX);
  static const char *const faults[] = {
      "_1", "1_", "1__0", "1.5", "-3", "+3", "18446744073709551616"};
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; ++i) {
    assert_int_equal(read_as(APO_OPTION_COUNT, faults[i], &value), APO_ERR_ARGUMENT);
  }
}

static void auto_is_a_count_too(void **state) {
  (void)state;
  apo_option_value value;
  assert_int_equal(read_as(APO_OPTION_AUTO_COUNT, "auto", &value), APO_OK);
  assert_int_equal(value.count, 0);
  assert_int_equal(read_as(APO_OPTION_AUTO_COUNT, "2048", &value), APO_OK);
  assert_int_equal(value.count, 2048);
  assert_int_equal(read_as(APO_OPTION_AUTO_COUNT, "0", &value), APO_ERR_ARGUMENT);
}

static void a_portion_is_a_count_or_a_share(void **state) {
  (void)state;
  apo_option_value value;
  assert_int_equal(read_as(APO_OPTION_PORTION, "1", &value), APO_OK);
  assert_false(value.is_share);
  assert_int_equal(value.count, 1);
  assert_int_equal(read_as(APO_OPTION_PORTION, "1.0", &value), APO_OK);
  assert_true(value.is_share);
  assert_true(value.real == 1.0);
  assert_int_equal(read_as(APO_OPTION_PORTION, "5%", &value), APO_OK);
  assert_true(value.is_share);
  assert_true(value.real == 0.05);
  static const char *const faults[] = {"1.5", "101%", "-0.5", "0.0", "0%", "%", "half"};
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; ++i) {
    assert_int_equal(read_as(APO_OPTION_PORTION, faults[i], &value), APO_ERR_ARGUMENT);
  }
}

static void a_range_may_be_open_at_one_end(void **state) {
  (void)state;
  apo_option_value value;
  assert_int_equal(read_as(APO_OPTION_RANGE, "2:1_000", &value), APO_OK);
  assert_int_equal(value.count, 2);
  assert_int_equal(value.end, 1000);
  assert_int_equal(read_as(APO_OPTION_RANGE, ":7", &value), APO_OK);
  assert_int_equal(value.count, 0);
  assert_int_equal(value.end, 7);
  assert_int_equal(read_as(APO_OPTION_RANGE, "3:", &value), APO_OK);
  assert_int_equal(value.count, 3);
  assert_int_equal(value.end, 0);
  assert_int_equal(read_as(APO_OPTION_RANGE, "best", &value), APO_OK);
  assert_int_equal(value.count, 0);
  assert_true(value.end == APO_BEST_ITERATION);
  static const char *const faults[] = {
      ":", "3", "0:0", "a:b", "1:2:3", "-1:2", "best:", "1-2", "1:18446744073709551615"};
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; ++i) {
    assert_int_equal(read_as(APO_OPTION_RANGE, faults[i], &value), APO_ERR_ARGUMENT);
  }
}

static void real_numbers_are_finite_and_not_negative(void **state) {
  (void)state;
  apo_option_value value;
  assert_int_equal(read_as(APO_OPTION_REAL, "1e-4", &value), APO_OK);
  assert_true(value.real == 1e-4);
  static const char *const faults[] = {"-1", "nan", "inf", "1e999", "0x1p3", "1,5", "1 "};
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; ++i) {
    assert_int_equal(read_as(APO_OPTION_REAL, faults[i], &value), APO_ERR_ARGUMENT);
  }
}

static void slips_are_near_and_other_words_are_far(void **state) {
  (void)state;
  assert_int_equal(apo_edit_distance("model", "model"), 0);
  assert_int_equal(apo_edit_distance("modle", "model"), 1);  // neighbours swapped
  assert_int_equal(apo_edit_distance("mdel", "model"), 1);
  assert_int_equal(apo_edit_distance("modell", "model"), 1);
  assert_int_equal(apo_edit_distance("nodal", "model"), 2);
  assert_int_equal(apo_edit_distance("", "abc"), 3);
  assert_int_equal(apo_edit_distance("kitten", "sitting"), 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(value_and_option_may_be_one_word_or_two),
      cmocka_unit_test(every_default_of_every_command_is_a_value),
      cmocka_unit_test(every_option_of_the_table_has_a_name_and_a_sentence),
      cmocka_unit_test(the_last_of_repeated_options_wins),
      cmocka_unit_test(a_flag_that_is_on_can_be_turned_off),
      cmocka_unit_test(an_unknown_option_suggests_the_nearest),
      cmocka_unit_test(a_prefix_of_an_option_is_unknown),
      cmocka_unit_test(an_option_of_another_command_is_unknown),
      cmocka_unit_test(an_option_without_its_value_is_named),
      cmocka_unit_test(a_flag_takes_no_value),
      cmocka_unit_test(what_is_not_in_this_version_is_refused_by_name),
      cmocka_unit_test(operands_may_stand_before_options),
      cmocka_unit_test(an_operand_too_many_is_quoted),
      cmocka_unit_test(the_dash_is_a_value),
      cmocka_unit_test(a_required_option_that_is_missing_is_explained),
      cmocka_unit_test(the_environment_stands_behind_the_option),
      cmocka_unit_test(sizes_have_units),
      cmocka_unit_test(counts_may_be_grouped),
      cmocka_unit_test(auto_is_a_count_too),
      cmocka_unit_test(a_portion_is_a_count_or_a_share),
      cmocka_unit_test(a_range_may_be_open_at_one_end),
      cmocka_unit_test(real_numbers_are_finite_and_not_negative),
      cmocka_unit_test(slips_are_near_and_other_words_are_far),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
