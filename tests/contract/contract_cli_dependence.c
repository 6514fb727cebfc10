/* contract_cli_dependence.c - linear models whose columns depend on one another, as a user asks. */
#include "tests/support/cli_place.h"

/* Mean 0, variances 1, covariance 1/2: the case that unit.gaussian has by hand. */
static const char linear_text[] =
    "{\"format\":\"apportion-model\",\"version\":1,\"kind\":\"linear\","
    "\"columns\":{\"count\":2,\"names\":[\"a\",\"b\"]},"
    "\"outputs\":{\"count\":1,\"base\":[10],\"link\":{\"name\":\"sigmoid\"}},"
    "\"linear\":{\"coefficients\":[[2,4]]}}";
static const char rows_text[] = "a,b\n3,5\n0,0\n";
static const char pairs_text[] = "a,b\n1,1\n-1,-1\n1,-1\n-1,1\n";
static const char weights_text[] = "w\n3\n3\n1\n1\n";

enum { N_WIDE = 26 };

typedef struct linear_place {
  place p;
  char weights[SCRATCH_PATH_BYTES];
} linear_place;

static linear_place open_linear(void) {
  linear_place l = {.p = open_place()};
  put_file(&l.p, l.p.model, "linear.json", linear_text);
  put_file(&l.p, l.p.data, "rows.csv", rows_text);
  put_file(&l.p, l.p.background, "pairs.csv", pairs_text);
  put_file(&l.p, l.weights, "weights.csv", weights_text);
  return l;
}

#define ASK(l, ...) \
  EXPLAIN(&(l)->p, "--background-weights", (l)->weights, "--dependence", "gaussian", __VA_ARGS__)

/* A model of many columns, each a step apart in time, and rows for it. */
static place open_wide(void) {
  static char text[16384];
  place p = open_place();
  int n = snprintf(text, sizeof text,
                   "{\"format\":\"apportion-model\",\"version\":1,\"kind\":\"linear\","
                   "\"columns\":{\"count\":%d},\"outputs\":{\"count\":1},"
                   "\"linear\":{\"coefficients\":[[1",
                   N_WIDE);
  for (int col = 1; col < N_WIDE; ++col)
    n += snprintf(text + n, sizeof text - (size_t)n, ",%d", col % 5);
  snprintf(text + n, sizeof text - (size_t)n, "]]}}");
  put_file(&p, p.model, "wide.json", text);
  n = 0;
  for (int row = -1; row < 12; ++row) {
    for (int col = 0; col < N_WIDE; ++col) {
      const char *end = col + 1 < N_WIDE ? "," : "\n";
      n += row < 0 ? snprintf(text + n, sizeof text - (size_t)n, "f%d%s", col, end)
                   : snprintf(text + n, sizeof text - (size_t)n, "%d%s",
                              (row * row * 7 + row * (col / 4) * 5 + col * col * row) % 23, end);
    }
  }
  put_file(&p, p.data, "wide.csv", text);
  snprintf(p.background, sizeof p.background, "%s", p.data);
  return p;
}

static void two_columns_equal_what_a_hand_computes(void **state) {
  (void)state;
  linear_place l = open_linear();
  outcome done = run(&l.p, ASK(&l, "--out", "-"));
  assert_code(&done, 0);
  // row,prediction,base,a,b
  double numbers[5];
  const char *at = strchr(done.out, '\n');
  assert_non_null(at);
  for (int col = 0; col < 5; ++col) {
    char *end;
    numbers[col] = strtod(at + 1, &end);
    at = end;
  }
  static const double expected[5] = {0, 36, 10, 6.5, 19.5};
  for (int col = 0; col < 5; ++col) {
    assert_true(numbers[col] > expected[col] - 1e-5 && numbers[col] < expected[col] + 1e-5);
  }
  assert_non_null(strstr(done.err, "gaussian: exact"));
  outcome_clear(&done);
  scratch_close(&l.p.folder);
}

static void the_plan_says_whether_values_are_exact(void **state) {
  (void)state;
  linear_place l = open_linear();
  outcome done = run(&l.p, WORDS("plan", "--model", l.p.model, "--background", l.p.background,
                                 "--device", "none", "--dependence", "gaussian"));
  assert_code(&done, 0);
  assert_non_null(strstr(done.out, "method       linear, output raw, link identity\n"));
  assert_non_null(
      strstr(done.out, "dependence   gaussian: exact, 2 players vary, all 2^2 coalitions\n"));
  outcome_clear(&done);
  done = run(&l.p, WORDS("plan", "--model", l.p.model, "--background", l.p.background, "--device",
                         "none", "--dependence", "independent"));
  assert_code(&done, 0);
  assert_null(strstr(done.out, "dependence"));
  outcome_clear(&done);
  scratch_close(&l.p.folder);

  place p = open_wide();
  done = run(&p, WORDS("plan", "--model", p.model, "--background", p.background, "--device", "none",
                       "--dependence", "gaussian", "--nsamples", "900"));
  assert_code(&done, 0);
  assert_non_null(strstr(done.out,
                         "dependence   gaussian: sampled, 26 players vary, 16 pairs of orders, "
                         "with standard errors\n"));
  outcome_clear(&done);
  scratch_close(&p.folder);
}

static void sampled_values_have_standard_errors_and_exact_ones_none(void **state) {
  (void)state;
  place p = open_wide();
  char errors[SCRATCH_PATH_BYTES];
  snprintf(errors, sizeof errors, "%s", scratch_path(&p.folder, "se.npy"));
  outcome done =
      run(&p, EXPLAIN(&p, "--out", p.out, "--errors", errors, "--dependence=gaussian", "--json"));
  assert_code(&done, 0);
  cJSON *json = last_line(done.out);
  assert_string_equal(cJSON_GetObjectItem(json, "method")->valuestring, "linear");
  assert_non_null(strstr(cJSON_GetObjectItem(json, "device")->valuestring,
                         "gaussian: sampled by 4096 pairs of orders"));
  const cJSON *additivity = cJSON_GetObjectItem(json, "additivity");
  assert_true(cJSON_GetObjectItem(additivity, "max")->valuedouble < 1e-3);
  cJSON_Delete(json);
  outcome_clear(&done);
  char *bytes = read_text(errors);
  assert_non_null(strstr(bytes + 10, "(12, 27)"));
  free(bytes);
  assert_refused(&p, EXPLAIN(&p, "--out", "-", "--dependence=gaussian", "--nsamples=52"), 3, "53");
  scratch_close(&p.folder);

  linear_place l = open_linear();
  assert_refused(&l.p, ASK(&l, "--out", l.p.out, "--errors", errors), 2, "--errors");
  scratch_close(&l.p.folder);
}

static void groups_are_players_of_the_grouped_game(void **state) {
  (void)state;
  linear_place l = open_linear();
  char groups[SCRATCH_PATH_BYTES];
  put_file(&l.p, groups, "groups.json", "{\"both\":[\"a\",\"b\"]}");
  outcome done = run(&l.p, ASK(&l, "--out", "-", "--groups", groups));
  assert_code(&done, 0);
  assert_non_null(strstr(done.out, ",26\n"));
  outcome_clear(&done);
  scratch_close(&l.p.folder);
}

static void other_games_are_refused_by_name(void **state) {
  (void)state;
  linear_place l = open_linear();
  static const char *const needs = "dependence gaussian: needs the method linear";
  assert_refused(&l.p, ASK(&l, "--out", l.p.out, "--method=kernel"), 3, needs);
  assert_refused(&l.p, ASK(&l, "--out", l.p.out, "--method=permutation"), 3, needs);
  assert_refused(&l.p, ASK(&l, "--out", l.p.out, "--output=probability"), 3, needs);
  assert_refused(&l.p, EXPLAIN(&l.p, "--out", l.p.out, "--dependence=causal"), 2, "--dependence");
  assert_refused(
      &l.p, WORDS("predict", "--model", l.p.model, "--data", l.p.data, "--dependence", "gaussian"),
      2, "--dependence");
  scratch_close(&l.p.folder);
  place p = open_place();  // a forest
  assert_refused(&p, EXPLAIN(&p, "--out", p.out, "--dependence=gaussian"), 3, needs);
  assert_false(exists(p.out));
  scratch_close(&p.folder);
}

static void missing_values_are_refused_where_there_is_no_rule(void **state) {
  (void)state;
  linear_place l = open_linear();
  put_file(&l.p, l.p.data, "rows.csv", "a,b\n1,1\n3,\n");
  assert_refused(&l.p, ASK(&l, "--out", l.p.out), 3, "row 1: column 1: a missing value");
  put_file(&l.p, l.p.background, "pairs.csv", "a,b\n1,1\n-1,-1\n1,-1\n,1\n");
  assert_refused(&l.p, ASK(&l, "--out", l.p.out), 3, "background row 3: ");
  scratch_close(&l.p.folder);
}

static void a_store_keeps_both_games_apart(void **state) {
  (void)state;
  linear_place l = open_linear();
  char store[SCRATCH_PATH_BYTES + 8];
  snprintf(store, sizeof store, "sqlite:%s", scratch_path(&l.p.folder, "runs.db"));
  outcome done = run(&l.p, EXPLAIN(&l.p, "--background-weights", l.weights, "--out", store));
  assert_code(&done, 0);
  assert_null(strstr(done.err, "rows are there"));
  outcome_clear(&done);
  done = run(&l.p, ASK(&l, "--out", store));
  assert_code(&done, 0);
  assert_null(strstr(done.err, "rows are there"));
  outcome_clear(&done);
  done = run(&l.p, ASK(&l, "--out", store));
  assert_code(&done, 0);
  assert_non_null(strstr(done.err, "2 rows are there, it is complete"));
  outcome_clear(&done);
  scratch_close(&l.p.folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_columns_equal_what_a_hand_computes),
      cmocka_unit_test(the_plan_says_whether_values_are_exact),
      cmocka_unit_test(sampled_values_have_standard_errors_and_exact_ones_none),
      cmocka_unit_test(groups_are_players_of_the_grouped_game),
      cmocka_unit_test(other_games_are_refused_by_name),
      cmocka_unit_test(missing_values_are_refused_where_there_is_no_rule),
      cmocka_unit_test(a_store_keeps_both_games_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
