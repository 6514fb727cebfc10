/* Values of a loss equal the definition: the margin's values against one background row at a time,
 * times (loss(m_x) - loss(m_b)) / (m_x - m_b), averaged; each row has the base of its target. */
#include "engine/exact/loss.h"

#include <stdio.h>

#include "tests/support/exact_case.h"

enum { N_ROWS = 6, MAX_BACKGROUND = 80 };

typedef double loss_at(double margin, double target);

static double log_loss(double m, double y) {
  return (m > 0.0 ? m : 0.0) + log(1.0 + exp(-fabs(m))) - y * m;
}

static double log_loss_derivative(double m, double y) {
  return 1.0 / (1.0 + exp(-m)) - y;
}

static double squared_error(double m, double y) {
  return (y - m) * (y - m);
}

static double squared_error_derivative(double m, double y) {
  return 2.0 * (m - y);
}

typedef struct rule {
  loss_at *loss;
  loss_at *derivative;
} rule;

static const rule log_rule = {log_loss, log_loss_derivative};
static const rule squared_rule = {squared_error, squared_error_derivative};

/* The quotient, which cancels where both are nearly equal. */
static double quotient(const rule *r, double a, double b, double y) {
  if (fabs(a - b) < 1e-4) return r->derivative(0.5 * (a + b), y);
  return (r->loss(a, y) - r->loss(b, y)) / (a - b);
}

static double weight_of(const explain_case *c, uint64_t b) {
  double sum = 0.0;
  if (c->weights == NULL) return 1.0 / (double)c->n_background;
  for (uint64_t row = 0; row < c->n_background; ++row) sum += c->weights[row];
  return c->weights[b] / sum;
}

static void add_scaled(double factor, const double *from, size_t n, double *to) {
  for (size_t i = 0; i < n; ++i) to[i] += factor * from[i];
}

/* One background row's part of one row. */
static void add_row(const explain_case *c,
                    const rule *r,
                    const expectation *one,
                    double margin_b,
                    double weight,
                    size_t row,
                    double y,
                    expectation *sum) {
  const double scale = c->model->link.scale;
  const double margin = one->prediction[row];
  const double factor = weight * scale * quotient(r, scale * margin, scale * margin_b, y);
  const double base = r->loss(scale * margin_b, y);
  add_scaled(factor, one->phi + row * one->n_players, one->n_players,
             sum->phi + row * one->n_players);
  add_scaled(factor, one->pairs + row * one->n_pairs, one->n_pairs,
             sum->pairs + row * one->n_pairs);
  sum->prediction[row] = r->loss(scale * margin, y);
  sum->row_base[row] += weight * base;
  expectation_see(sum, 0, sum->prediction[row]);
  expectation_see(sum, 0, base);
}

static expectation expect_loss(const explain_case *c, const apo_request *request, const rule *r) {
  const brute b = exact_question(c, request);
  expectation sum = expectation_open(c, &b);
  sum.row_base = calloc(c->n_rows, sizeof(double));
  assert_non_null(sum.row_base);
  for (uint64_t at = 0; at < c->n_background; ++at) {
    explain_case one = *c;
    double margin;
    one.background = c->background + at * c->model->n_columns;
    one.n_background = 1;
    one.weights = NULL;
    brute_output(&b, one.background, &margin);
    apo_request margins = *request;
    margins.output = APO_OUTPUT_RAW;
    expectation e = expect_enumerated(&one, &margins);
    for (size_t row = 0; row < c->n_rows; ++row) {
      add_row(c, r, &e, margin, weight_of(c, at), row, request->target[row], &sum);
    }
    expectation_free(&e);
  }
  return sum;
}

static void check_loss(const explain_case *c,
                       const apo_request *request,
                       const rule *r,
                       const char *what) {
  expectation e = expect_loss(c, request, r);
  check_expectation(&e, c, request, what);
  expectation_free(&e);
}

static const double labels[N_ROWS] = {0, 1, 1, 0, 1, 0};
static const double numbers[N_ROWS] = {0.25, -3.5, 0, 17, -0.0, 2};

static apo_request ask_for(const double *target) {
  return (apo_request){
      .method = APO_METHOD_EXACT, .output = APO_OUTPUT_LOSS, .target = target, .n_targets = N_ROWS};
}

static void check_backgrounds(apo_link_name link, const double *target, const rule *r) {
  static const uint64_t backgrounds[] = {1, 2, 5, MAX_BACKGROUND};
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    const apo_random_spec spec = {.seed = seed,
                                  .n_columns = 2 + (uint32_t)seed % 5,
                                  .n_outputs = 1,
                                  .n_trees = 10,
                                  .max_depth = 5,
                                  .categorical_share = 0.3,
                                  .cast_f32 = seed % 2 == 0,
                                  .link = link};
    const double *weights = seed % 2 == 0 ? exact_weights() : NULL;
    exact_world w = exact_world_make(&spec, N_ROWS, backgrounds[seed % 4], weights);
    const apo_request request = ask_for(target);
    // One row is in the background.
    memcpy(w.rows, w.c.background, spec.n_columns * sizeof *w.rows);
    if (seed == 5 && link == APO_LINK_SIGMOID) w.model->link.scale = 0.7;
    check_loss(&w.c, &request, r, apo_link_text(link));
    exact_world_free(&w);
  }
}

static void log_loss_of_a_sigmoid(void **state) {
  (void)state;
  check_backgrounds(APO_LINK_SIGMOID, labels, &log_rule);
}

static void squared_error_of_a_regression(void **state) {
  (void)state;
  check_backgrounds(APO_LINK_IDENTITY, numbers, &squared_rule);
}

static void pairs_groups_and_banzhaf(void **state) {
  (void)state;
  static const uint32_t three[6] = {2, 0, 2, 1, 0, 1};
  for (int way = 0; way < 2; ++way) {
    const apo_random_spec spec = {.seed = 31,
                                  .n_columns = 6,
                                  .n_outputs = 1,
                                  .n_trees = 12,
                                  .max_depth = 5,
                                  .link = way == 0 ? APO_LINK_SIGMOID : APO_LINK_IDENTITY};
    const rule *r = way == 0 ? &log_rule : &squared_rule;
    exact_world w = exact_world_make(&spec, N_ROWS, 40, exact_weights());
    apo_request with = ask_for(way == 0 ? labels : numbers);
    with.index = APO_INDEX_BANZHAF;
    check_loss(&w.c, &with, r, "Banzhaf");
    with.index = APO_INDEX_SHAPLEY;
    with.interactions = 1;
    check_loss(&w.c, &with, r, "pairs");
    with.player_of_column = three;
    with.n_players = 3;
    check_loss(&w.c, &with, r, "groups");
    exact_world_free(&w);
  }
}

/* --- the same bits ---------------------------------------------------------------------------- */

enum { MANY_ROWS = 1200 };

static void budgets_devices_and_tiles_change_nothing(void **state) {
  (void)state;
  static double target[MANY_ROWS];
  const apo_random_spec spec = {.seed = 5,
                                .n_columns = 10,
                                .n_outputs = 1,
                                .n_trees = 20,
                                .max_depth = 8,
                                .link = APO_LINK_SIGMOID};
  exact_world w = exact_world_make(&spec, MANY_ROWS, MAX_BACKGROUND, exact_weights());
  for (size_t row = 0; row < MANY_ROWS; ++row) target[row] = (double)(row * 7 % 5 % 2);
  apo_request request = ask_for(target);
  request.n_targets = MANY_ROWS;
  explained whole = explain(&w.c, exact_devices[0], &request);
  uint32_t most_tiles = 0;
  for (size_t i = 0; i < N_EXACT_DEVICES; ++i) {
    if (exact_devices[i] == NULL) continue;
    for (uint64_t memory = UINT64_C(1) << 18; memory <= UINT64_C(1) << 30; memory *= 8) {
      explained e = {0};
      apo_error err;
      request.memory_bytes = memory;
      const apo_status status = explain_all(&w.c, exact_devices[i], &request, &e, &err);
      if (status == APO_OK) {
        assert_same_explained(&whole, &e, "budgets");
        assert_true(e.report.device_bytes + e.report.host_bytes <= memory);
        if (e.n_tiles > most_tiles) most_tiles = e.n_tiles;
      } else {
        assert_fails(status, APO_ERR_LIMIT, &err, "memory");
      }
      explained_free(&e);
    }
  }
  assert_true(most_tiles > 1);
  double mean = 0.0;
  for (size_t row = 0; row < MANY_ROWS; ++row) mean += whole.row_base[row] / MANY_ROWS;
  assert_near(whole.base[0], mean, 1e-12, "mean of the bases");
  explained_free(&whole);
  exact_world_free(&w);
}

/* --- refusals --------------------------------------------------------------------------------- */

static apo_random_spec small(apo_link_name link, uint32_t n_outputs) {
  return (apo_random_spec){.seed = 82,
                           .n_columns = 4,
                           .n_outputs = n_outputs,
                           .n_trees = 6,
                           .max_depth = 3,
                           .has_covers = true,
                           .link = link};
}

static void check_refused(const apo_random_spec *spec,
                          const apo_request *request,
                          const char *objective,
                          apo_status status,
                          const char *says) {
  exact_world w = exact_world_make(spec, N_ROWS, 3, NULL);
  if (objective != NULL) {
    snprintf(w.model->library, sizeof w.model->library, "xgboost");
    snprintf(w.model->objective, sizeof w.model->objective, "%s", objective);
  }
  explained got = {0};
  apo_error err;
  assert_fails(explain_all(&w.c, exact_devices[0], request, &got, &err), status, &err, says);
  explained_free(&got);
  exact_world_free(&w);
}

static void other_models_and_methods_are_refused_by_name(void **state) {
  (void)state;
  static const apo_method others[] = {APO_METHOD_KERNEL, APO_METHOD_PERMUTATION, APO_METHOD_PATH,
                                      APO_METHOD_LINEAR};
  const apo_random_spec sigmoid = small(APO_LINK_SIGMOID, 1);
  const apo_random_spec identity = small(APO_LINK_IDENTITY, 1);
  apo_request request = ask_for(labels);
  for (size_t i = 0; i < sizeof others / sizeof *others; ++i) {
    request.method = others[i];
    check_refused(&sigmoid, &request, NULL, APO_ERR_UNSUPPORTED, "output loss: method exact");
  }
  request = ask_for(labels);
  request.link = APO_VALUE_LOGIT;
  check_refused(&sigmoid, &request, NULL, APO_ERR_UNSUPPORTED, "link logit");
  request.link = APO_VALUE_IDENTITY;
  const apo_random_spec exponential = small(APO_LINK_EXP, 1);
  check_refused(&exponential, &request, NULL, APO_ERR_UNSUPPORTED, "exp of 1 outputs");
  const apo_random_spec classes = small(APO_LINK_SOFTMAX, 3);
  check_refused(&classes, &request, NULL, APO_ERR_UNSUPPORTED, "softmax of 3 outputs");
  check_refused(&identity, &request, "reg:absoluteerror", APO_ERR_UNSUPPORTED, "absoluteerror");
  check_refused(&identity, &request, "binary:logitraw", APO_ERR_UNSUPPORTED, "logitraw");
}

static void targets_that_cannot_be_are_refused(void **state) {
  (void)state;
  static const double half[N_ROWS] = {0, 1, 1, 0.5, 1, 0};
  static const double missing[N_ROWS] = {0, 1, NAN, 1, 1, 0};
  static const double endless[N_ROWS] = {0, 1, 1, 1, 1, INFINITY};
  const apo_random_spec sigmoid = small(APO_LINK_SIGMOID, 1);
  const apo_random_spec identity = small(APO_LINK_IDENTITY, 1);
  apo_request request = ask_for(half);
  check_refused(&sigmoid, &request, NULL, APO_ERR_FORMAT, "target: row 3: 0.5, log-loss");
  request = ask_for(missing);
  check_refused(&sigmoid, &request, NULL, APO_ERR_FORMAT, "target: row 2");
  check_refused(&identity, &request, NULL, APO_ERR_FORMAT, "target: row 2");
  request = ask_for(endless);
  check_refused(&identity, &request, NULL, APO_ERR_FORMAT, "target: row 5");
  request = ask_for(NULL);
  check_refused(&sigmoid, &request, NULL, APO_ERR_ARGUMENT, "target: none");
  request = ask_for(labels);
  request.output = APO_OUTPUT_RAW;
  check_refused(&sigmoid, &request, NULL, APO_ERR_ARGUMENT, "target: is for output loss");
}

static void there_are_as_many_targets_as_rows(void **state) {
  (void)state;
  const apo_random_spec sigmoid = small(APO_LINK_SIGMOID, 1);
  apo_request request = ask_for(labels);
  request.n_targets = N_ROWS - 1;
  check_refused(&sigmoid, &request, NULL, APO_ERR_FORMAT, "target: 5 values for at least 6 rows");
  static const double more[N_ROWS + 1] = {0, 1, 1, 0, 1, 0, 1};
  request = ask_for(more);
  request.n_targets = N_ROWS + 1;
  check_refused(&sigmoid, &request, NULL, APO_ERR_FORMAT, "target: 7 values for 6 rows");
}

static void auto_is_exact(void **state) {
  (void)state;
  const apo_random_spec spec = small(APO_LINK_SIGMOID, 1);
  exact_world w = exact_world_make(&spec, N_ROWS, 3, NULL);
  apo_request request = ask_for(labels);
  request.method = APO_METHOD_AUTO;
  explained got = explain(&w.c, exact_devices[0], &request);
  assert_int_equal(got.method, APO_METHOD_EXACT);
  explained_free(&got);
  exact_world_free(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(log_loss_of_a_sigmoid),
      cmocka_unit_test(squared_error_of_a_regression),
      cmocka_unit_test(pairs_groups_and_banzhaf),
      cmocka_unit_test(budgets_devices_and_tiles_change_nothing),
      cmocka_unit_test(other_models_and_methods_are_refused_by_name),
      cmocka_unit_test(targets_that_cannot_be_are_refused),
      cmocka_unit_test(there_are_as_many_targets_as_rows),
      cmocka_unit_test(auto_is_exact),
  };
  return cmocka_run_group_tests_name("axiom.loss", tests, exact_devices_open, exact_devices_close);
}
