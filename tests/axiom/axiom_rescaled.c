/* Rescaled probabilities equal the definition: the values against one background row at a time,
 * times (s(m_x) - s(m_b)) / (m_x - m_b), averaged; in the same bytes however rows are cut up. */
#include "engine/exact/rescale.h"
#include "tests/support/exact_case.h"
#include "tests/support/made_forest.h"

enum { N_ROWS = 4, MAX_BACKGROUND = 80, MAX_OUTPUTS = 3 };  // background: at most EXACT_WEIGHTS

static const apo_request probability = {.method = APO_METHOD_EXACT,
                                        .output = APO_OUTPUT_PROBABILITY};

typedef expectation expect(const explain_case *c, const apo_request *request);

static double weight_of(const explain_case *c, uint64_t b) {
  double sum = 0.0;
  if (c->weights == NULL) return 1.0 / (double)c->n_background;
  for (uint64_t row = 0; row < c->n_background; ++row) sum += c->weights[row];
  return c->weights[b] / sum;
}

static double response(const explain_case *c, double margin) {
  return 1.0 / (1.0 + exp(-c->model->link.scale * margin));
}

static void add_scaled(double factor, const double *from, size_t n, double *to) {
  for (size_t i = 0; i < n; ++i) to[i] += factor * from[i];
}

// The definition; `raw` says what one background row's game has.
static expectation expect_rescaled(const explain_case *c, const apo_request *request, expect *raw) {
  const double scale = c->model->link.scale;
  const brute b = exact_question(c, request);
  expectation sum = expectation_open(c, &b);
  for (uint32_t k = 0; k < sum.n_outputs; ++k) sum.base[k] = 0.0;
  for (uint64_t at = 0; at < c->n_background; ++at) {
    explain_case one = *c;
    double margins[MAX_OUTPUTS];
    one.background = c->background + at * c->model->n_columns;
    one.n_background = 1;
    one.weights = NULL;
    brute_output(&b, one.background, margins);
    expectation e = raw(&one, request);
    for (size_t line = 0; line < c->n_rows * e.n_outputs; ++line) {
      const uint32_t k = (uint32_t)(line % e.n_outputs);
      const double rho = scale * apo_rescale_slope(scale * e.prediction[line], scale * margins[k]);
      const double factor = weight_of(c, at) * rho;
      add_scaled(factor, e.phi + line * e.n_players, e.n_players, sum.phi + line * e.n_players);
      add_scaled(factor, e.pairs + line * e.n_pairs, e.n_pairs, sum.pairs + line * e.n_pairs);
      sum.prediction[line] = response(c, e.prediction[line]);
      expectation_see(&sum, k, sum.prediction[line]);
    }
    for (uint32_t k = 0; k < e.n_outputs; ++k) {
      sum.base[k] += weight_of(c, at) * response(c, margins[k]);
      expectation_see(&sum, k, response(c, margins[k]));
    }
    expectation_free(&e);
  }
  return sum;
}

static void check_rescaled(const explain_case *c,
                           const apo_request *request,
                           expect *raw,
                           const char *what) {
  expectation e = expect_rescaled(c, request, raw);
  check_expectation(&e, c, request, what);
  expectation_free(&e);
}

static void few_and_many_background_rows(void **state) {
  (void)state;
  static const uint64_t backgrounds[] = {1, 5, MAX_BACKGROUND};
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    const apo_random_spec spec = {.seed = seed,
                                  .n_columns = 2 + (uint32_t)seed,
                                  .n_outputs = 1,
                                  .n_trees = 10,
                                  .max_depth = 5,
                                  .categorical_share = 0.3,
                                  .cast_f32 = seed % 2 == 0,
                                  .link = APO_LINK_SIGMOID};
    const double *weights = seed % 2 == 0 ? exact_weights() : NULL;
    exact_world w = exact_world_make(&spec, N_ROWS, backgrounds[seed % 3], weights);
    // One row is in the background.
    memcpy(w.rows, w.c.background, spec.n_columns * sizeof *w.rows);
    if (seed == 5) w.model->link.scale = 0.7;
    check_rescaled(&w.c, &probability, expect_enumerated, "rescaled");
    exact_world_free(&w);
  }
}

static void pairs_groups_and_banzhaf(void **state) {
  (void)state;
  static const uint32_t three[6] = {2, 0, 2, 1, 0, 1};
  const apo_random_spec spec = {.seed = 31,
                                .n_columns = 6,
                                .n_outputs = 1,
                                .n_trees = 12,
                                .max_depth = 5,
                                .link = APO_LINK_SIGMOID};
  exact_world w = exact_world_make(&spec, N_ROWS, 40, exact_weights());
  apo_request with = probability;
  with.interactions = 1;
  check_rescaled(&w.c, &with, expect_enumerated, "pairs");
  with.player_of_column = three;
  with.n_players = 3;
  check_rescaled(&w.c, &with, expect_enumerated, "groups");
  with = probability;
  with.index = APO_INDEX_BANZHAF;
  check_rescaled(&w.c, &with, expect_enumerated, "Banzhaf");
  exact_world_free(&w);
}

static void each_output_is_rescaled_by_itself(void **state) {
  (void)state;
  for (uint64_t seed = 40; seed < 44; ++seed) {
    const apo_random_spec spec = {.seed = seed,
                                  .n_columns = 5,
                                  .n_outputs = MAX_OUTPUTS,
                                  .n_trees = 15,
                                  .max_depth = 4,
                                  .link = APO_LINK_SIGMOID};
    exact_world w = exact_world_make(&spec, N_ROWS, seed % 2 == 0 ? 3 : 60, exact_weights());
    apo_request with = probability;
    check_rescaled(&w.c, &with, expect_enumerated, "outputs");
    with.interactions = 1;
    check_rescaled(&w.c, &with, expect_enumerated, "pairs of outputs");
    exact_world_free(&w);
  }
}

static void a_response_without_a_link_is_the_margin(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 3,
                                .n_columns = 5,
                                .n_outputs = 2,
                                .n_trees = 8,
                                .max_depth = 4,
                                .has_covers = true,
                                .link = APO_LINK_IDENTITY};
  exact_world w = exact_world_make(&spec, N_ROWS, 30, NULL);
  static const apo_method methods[] = {APO_METHOD_AUTO, APO_METHOD_EXACT, APO_METHOD_PATH};
  for (size_t i = 0; i < 3; ++i) {
    const explain_case *c = methods[i] == APO_METHOD_PATH ? &w.path : &w.c;
    apo_request request = {.method = methods[i]};
    explained raw = explain(c, exact_devices[0], &request);
    request.output = APO_OUTPUT_PROBABILITY;
    explained response = explain(c, exact_devices[0], &request);
    assert_int_equal(raw.method, response.method);
    assert_same_explained(&raw, &response, "no link");
    explained_free(&raw);
    explained_free(&response);
  }
  exact_world_free(&w);
}

enum { CHAIN_COLUMNS = 24, CHAIN_ROWS = 300, CHAIN_BACKGROUND = 70 };

static exact_world chains(void) {
  made_forest made = made_open(CHAIN_COLUMNS, 1);
  for (uint64_t seed = 0; seed < 6; ++seed) made_chain(&made, CHAIN_COLUMNS - (uint32_t)seed, seed);
  double *rows = made_chain_rows(7, CHAIN_COLUMNS, CHAIN_ROWS + CHAIN_BACKGROUND);
  apo_model *model = made_model(&made);
  model->link.name = APO_LINK_SIGMOID;
  return exact_world_of(model, rows, CHAIN_ROWS, CHAIN_BACKGROUND, exact_weights());
}

static expectation leaves_alone(const explain_case *c, const apo_request *request) {
  const brute b = exact_question(c, request);
  expectation e = expectation_open(c, &b);
  for (size_t row = 0; row < c->n_rows; ++row) {
    const double *x = c->rows + row * c->model->n_columns;
    brute_output(&b, x, e.prediction + row);
    leaf_values(&b, request->index, x, 0, e.phi + row * e.n_players,
                request->interactions ? e.pairs + row * e.n_pairs : NULL);
  }
  return e;
}

static void leaves_with_too_many_players_for_tables(void **state) {
  (void)state;
  exact_world w = chains();
  explain_case few = w.c;
  few.n_rows = N_ROWS;
  check_rescaled(&few, &probability, leaves_alone, "long leaves");
  exact_world_free(&w);
}

static void check_bits(const explain_case *c, const apo_request *request) {
  explained whole = explain(c, exact_devices[0], request);
  uint32_t most_tiles = 0;
  for (size_t i = 0; i < N_EXACT_DEVICES; ++i) {
    if (exact_devices[i] == NULL) continue;
    const budget_runs runs = explain_under_budgets(c, exact_devices[i], request, 2, &whole);
    assert_true(runs.n > 1);
    most_tiles = runs.most_tiles > most_tiles ? runs.most_tiles : most_tiles;
  }
  assert_true(most_tiles > 1);
  // Rows alone, without tables.
  explain_case one = *c;
  one.rows += 2 * c->model->n_columns;
  one.n_rows = 1;
  explained e = explain(&one, exact_devices[0], request);
  for (uint32_t p = 0; p < e.n_players; ++p) {
    assert_true(e.phi[p] == whole.phi[2 * (size_t)e.n_players + p]);
  }
  explained_free(&e);
  explained_free(&whole);
}

static void budgets_devices_and_tiles_change_nothing(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 5,
                                .n_columns = 10,
                                .n_outputs = 1,
                                .n_trees = 20,
                                .max_depth = 8,
                                .categorical_share = 0.2,
                                .link = APO_LINK_SIGMOID};
  exact_world w = exact_world_make(&spec, 1200, MAX_BACKGROUND, exact_weights());
  check_bits(&w.c, &probability);
  exact_world_free(&w);
  w = chains();
  check_bits(&w.c, &probability);
  exact_world_free(&w);
}

static void check_refused(const apo_random_spec *spec,
                          const apo_request *request,
                          const char *says) {
  exact_world w = exact_world_make(spec, 2, 3, NULL);
  assert_exact_refused(&w.c, request, APO_ERR_UNSUPPORTED, says);
  exact_world_free(&w);
}

static void other_responses_are_refused_by_name(void **state) {
  (void)state;
  apo_random_spec spec = {.seed = 82,
                          .n_columns = 4,
                          .n_outputs = 1,
                          .n_trees = 5,
                          .max_depth = 3,
                          .has_covers = true,
                          .link = APO_LINK_SIGMOID};
  apo_request logit = probability;
  apo_request path = probability;
  logit.link = APO_VALUE_LOGIT;
  path.method = APO_METHOD_PATH;
  check_refused(&spec, &logit, "link logit");
  check_refused(&spec, &path, "method path");
  spec.link = APO_LINK_EXP;
  check_refused(&spec, &probability, "exp of 1 outputs");
  spec.link = APO_LINK_SOFTMAX;
  spec.n_outputs = 3;
  check_refused(&spec, &probability, "softmax of 3 outputs");
}

static void auto_samples_the_probability_itself(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 81,
                                .n_columns = 4,
                                .n_outputs = 1,
                                .n_trees = 5,
                                .max_depth = 3,
                                .link = APO_LINK_SIGMOID};
  exact_world w = exact_world_make(&spec, 2, 3, NULL);
  const apo_request nothing = {.output = APO_OUTPUT_PROBABILITY};
  assert_int_equal(exact_method(&w.c, &nothing), APO_METHOD_KERNEL);
  exact_world_free(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(few_and_many_background_rows),
      cmocka_unit_test(pairs_groups_and_banzhaf),
      cmocka_unit_test(each_output_is_rescaled_by_itself),
      cmocka_unit_test(a_response_without_a_link_is_the_margin),
      cmocka_unit_test(leaves_with_too_many_players_for_tables),
      cmocka_unit_test(budgets_devices_and_tiles_change_nothing),
      cmocka_unit_test(other_responses_are_refused_by_name),
      cmocka_unit_test(auto_samples_the_probability_itself),
  };
  return cmocka_run_group_tests_name("axiom.rescaled", tests, exact_devices_open,
                                     exact_devices_close);
}
