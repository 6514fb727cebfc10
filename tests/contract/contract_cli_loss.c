/* contract_cli_loss.c - losses as a user asks for them: --output loss --target SRC[:COLUMN].
 *
 * The model's margin of row a (age 20, income 500) is -0.25 + 0.5 - 0.5 = -0.25, and so on; what is
 * expected here is worked out from margins and labels alone.
 */
#include "tests/support/cli_place.h"
// It asks for POSIX before any other header.
#include <math.h>

#include "tests/support/store_query.h"

enum { N_ROWS = 4, N_BACKGROUND = 3 };

/* Trees, from the drawing in cli_place.h; a missing age goes left. */
static const double row_margins[N_ROWS] = {-0.25 + 0.5 - 0.5, -0.25 + 0.5 + 1.0,
                                           -0.25 - 0.25 + 0.125, -0.25 + 0.5 - 0.5};
static const double background_margins[N_BACKGROUND] = {-0.25 + 0.5 - 0.5, -0.25 - 0.25 + 0.125,
                                                        -0.25 + 0.5 + 1.0};
static const double late[N_ROWS] = {1, 0, 1, 0};

static double log_loss(double margin, double label) {
  return log(1.0 + exp(margin)) - label * margin;
}

static double base_of(double label) {
  double sum = 0.0;
  for (size_t b = 0; b < N_BACKGROUND; ++b) sum += log_loss(background_margins[b], label);
  return sum / N_BACKGROUND;
}

#define LOSS(p, ...) EXPLAIN(p, "--output", "loss", __VA_ARGS__)

static void target_of(const place *p, char out[SCRATCH_PATH_BYTES + 8]) {
  snprintf(out, SCRATCH_PATH_BYTES + 8, "%s:late", p->data);
}

static void each_row_has_the_base_of_its_label(void **state) {
  (void)state;
  place p = open_place();
  char target[SCRATCH_PATH_BYTES + 8];
  target_of(&p, target);
  outcome done = run(&p, LOSS(&p, "--target", target, "--out", "-", "-q"));
  assert_code(&done, 0);
  const char *at = strchr(done.out, '\n');
  for (size_t row = 0; row < N_ROWS; ++row) {
    double prediction, base, phi[3];
    unsigned number;
    assert_non_null(at);
    assert_int_equal(sscanf(at + 1, "%u,%lf,%lf,%lf,%lf,%lf", &number, &prediction, &base, &phi[0],
                            &phi[1], &phi[2]),
                     6);
    assert_int_equal(number, row);
    assert_true(fabs(prediction - log_loss(row_margins[row], late[row])) < 1e-7);
    assert_true(fabs(base - base_of(late[row])) < 1e-7);
    assert_true(fabs(base + phi[0] + phi[1] + phi[2] - prediction) < 1e-6);
    at = strchr(at + 1, '\n');
  }
  outcome_clear(&done);
  scratch_close(&p.folder);
}

static void the_report_says_which_loss_and_that_it_is_rescaled(void **state) {
  (void)state;
  place p = open_place();
  char target[SCRATCH_PATH_BYTES + 8];
  target_of(&p, target);
  outcome done = run(&p, LOSS(&p, "--target", target, "--out", p.out, "--json", "-q"));
  assert_code(&done, 0);
  cJSON *json = last_line(done.out);
  assert_string_equal(cJSON_GetObjectItem(json, "output")->valuestring, "log-loss, rescaled");
  assert_string_equal(cJSON_GetObjectItem(json, "method")->valuestring, "exact");
  cJSON_Delete(json);
  outcome_clear(&done);
  done = run(&p, WORDS("plan", "--model", p.model, "--background", p.background, "--device", "none",
                       "--output", "loss", "--target", target));
  assert_code(&done, 0);
  assert_non_null(strstr(done.out, "output loss"));
  assert_non_null(strstr(done.out, "log-loss, rescaled for each background row"));
  outcome_clear(&done);
  scratch_close(&p.folder);
}

static void a_regression_has_squared_errors(void **state) {
  (void)state;
  place p = open_place();
  char text[sizeof model_text + 16];
  char target[SCRATCH_PATH_BYTES];
  const char *link = strstr(model_text, "sigmoid");
  snprintf(text, sizeof text, "%.*sidentity%s", (int)(link - model_text), model_text, link + 7);
  put_file(&p, p.model, "regression.json", text);
  put_file(&p, target, "target.csv", "y\n0.5\n-2\n7\n0\n");
  outcome done = run(&p, LOSS(&p, "--target", target, "--out", p.out, "--json", "-q"));
  assert_code(&done, 0);
  assert_non_null(strstr(done.out, "\"output\":\"squared error, rescaled\""));
  outcome_clear(&done);
  scratch_close(&p.folder);
}

static void what_cannot_be_is_refused_in_one_line(void **state) {
  (void)state;
  place p = open_place();
  char target[SCRATCH_PATH_BYTES + 8];
  char other[SCRATCH_PATH_BYTES];
  target_of(&p, target);
  assert_refused(&p, LOSS(&p, "--out", p.out, "-q"), 2, "--output loss: needs --target");
  assert_refused(&p, EXPLAIN(&p, "--out", p.out, "--target", target, "-q"), 2,
                 "--target: is for --output loss");
  put_file(&p, other, "half.csv", "y\n1\n0.5\n0\n1\n");
  assert_refused(&p, LOSS(&p, "--target", other, "--out", p.out, "-q"), 3,
                 "target: row 1: 0.5, log-loss needs 0 or 1");
  put_file(&p, other, "few.csv", "y\n1\n0\n");
  assert_refused(&p, LOSS(&p, "--target", other, "--out", p.out, "-q"), 3, "2 values for ");
  put_file(&p, other, "many.csv", "y\n1\n0\n1\n0\n1\n");
  assert_refused(&p, LOSS(&p, "--target", other, "--out", p.out, "-q"), 3, "5 values for 4 rows");
  put_file(&p, other, "gap.csv", "y\n1\nNA\n1\n0\n");
  assert_refused(&p, LOSS(&p, "--target", other, "--out", p.out, "-q"), 3, "target: row 1");
  assert_refused(&p, LOSS(&p, "--target", target, "--method", "kernel", "--out", p.out, "-q"), 3,
                 "output loss: method exact gives it, not kernel");
  assert_refused(&p, LOSS(&p, "--target", target, "--method", "permutation", "--out", p.out, "-q"),
                 3, "output loss: method exact gives it, not permutation");
  assert_refused(&p, LOSS(&p, "--target", target, "--link", "logit", "--out", p.out, "-q"), 3,
                 "output loss: needs");
  assert_refused(
      &p, WORDS("predict", "--model", p.model, "--data", p.data, "--output", "loss", "--out", "-"),
      3, "--output loss");
  assert_false(exists(p.out));
  scratch_close(&p.folder);
}

static void a_store_keeps_bases_and_knows_targets_apart(void **state) {
  (void)state;
  place p = open_place();
  char target[SCRATCH_PATH_BYTES + 8];
  char other[SCRATCH_PATH_BYTES];
  char where[SCRATCH_PATH_BYTES + 8];
  char path[SCRATCH_PATH_BYTES];
  target_of(&p, target);
  put_file(&p, other, "other.csv", "y\n0\n0\n1\n0\n");
  snprintf(path, sizeof path, "%s", scratch_path(&p.folder, "store.db"));
  snprintf(where, sizeof where, "sqlite:%s", path);
  const char *const targets[] = {target, other, target};
  for (size_t i = 0; i < 3; ++i) {
    outcome done = run(&p, LOSS(&p, "--target", targets[i], "--out", where, "-q"));
    assert_code(&done, 0);
    outcome_clear(&done);
  }
  assert_int_equal(store_query_int(path, "SELECT count(*) FROM apo_run"), 2);
  assert_int_equal(store_query_int(path, "SELECT count(*) FROM apo_attribution"), 2 * N_ROWS);
  assert_string_equal(
      store_query(path, "SELECT json_extract(config, '$.output') FROM apo_run WHERE run_no = 1"),
      "log-loss, rescaled");
  for (size_t row = 0; row < N_ROWS; ++row) {
    char sql[128];
    snprintf(
        sql, sizeof sql,
        "SELECT printf('%%.17g', base) FROM apo_attribution WHERE run_no = 1 AND row_ord = %zu",
        row);
    assert_true(fabs(strtod(store_query(path, sql), NULL) - base_of(late[row])) < 1e-7);
  }
  const double mean = strtod(
      store_query(path, "SELECT printf('%.17g', base) FROM apo_output WHERE run_no = 1"), NULL);
  assert_true(fabs(mean - 0.5 * (base_of(0) + base_of(1))) < 1e-7);
  scratch_close(&p.folder);
}

static void a_store_without_the_column_gets_it(void **state) {
  (void)state;
  place p = open_place();
  char target[SCRATCH_PATH_BYTES + 8];
  char where[SCRATCH_PATH_BYTES + 8];
  char path[SCRATCH_PATH_BYTES];
  target_of(&p, target);
  snprintf(path, sizeof path, "%s", scratch_path(&p.folder, "store.db"));
  snprintf(where, sizeof where, "sqlite:%s", path);
  outcome done = run(&p, EXPLAIN(&p, "--out", where, "-q"));
  assert_code(&done, 0);
  outcome_clear(&done);
  store_query(path, "ALTER TABLE apo_attribution DROP COLUMN base");  // as an older store has it
  done = run(&p, EXPLAIN(&p, "--out", where, "--seed", "9", "-q"));
  assert_code(&done, 0);
  outcome_clear(&done);
  done = run(&p, LOSS(&p, "--target", target, "--out", where, "-q"));
  assert_code(&done, 0);
  outcome_clear(&done);
  assert_int_equal(
      store_query_int(path, "SELECT count(*) FROM apo_attribution WHERE base IS NOT NULL"), N_ROWS);
  assert_int_equal(store_query_int(path, "SELECT count(*) FROM apo_attribution"), 3 * N_ROWS);
  scratch_close(&p.folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_row_has_the_base_of_its_label),
      cmocka_unit_test(the_report_says_which_loss_and_that_it_is_rescaled),
      cmocka_unit_test(a_regression_has_squared_errors),
      cmocka_unit_test(what_cannot_be_is_refused_in_one_line),
      cmocka_unit_test(a_store_keeps_bases_and_knows_targets_apart),
      cmocka_unit_test(a_store_without_the_column_gets_it),
  };
  return cmocka_run_group_tests_name("contract.cli_loss", tests, NULL, NULL);
}
