/* Full enumeration through the library equals the definition: Shapley values of hybrid rows. */
#include <float.h>

#include "tests/support/brute_force.h"
#include "tests/support/random_forest.h"

enum { N_ROWS = 6, N_BACKGROUND = 5 };

// Of the range of v: fp32 sums over the background, fp32 responses, leaves in 31 bits.
static const double allowed = 1e-6;

typedef struct question {
  apo_output output;
  apo_value_link link;
  bool is_weighted;
  const uint32_t *player_of_column;
  uint32_t n_players;
} question;

static const double weights[N_BACKGROUND] = {0.5, 3.0, 0.0, 1.0, 0.25};

static void check_row(
    const explained *e, const game *g, uint32_t row, uint32_t k, const char *what) {
  double phi[MAX_GAME_PLAYERS];
  const double scale = game_range(g);
  const float *actual = e->phi + ((size_t)row * e->n_outputs + k) * e->n_players;
  double sum = e->base[k];
  game_shapley(g, phi);
  for (uint32_t p = 0; p < g->n_players; ++p) {
    sum += (double)actual[p];
    if (fabs((double)actual[p] - phi[p]) <= allowed * scale) continue;
    print_error("%s: row %u output %u player %u: %.9g, by definition %.9g; range %g\n", what, row,
                k, p, (double)actual[p], phi[p], scale);
    fail();
  }
  assert_near(e->base[k], g->v[0], 1e-12 * scale + 1e-14, "base");
  assert_near(e->prediction[(size_t)row * e->n_outputs + k], g->v[game_full(g)], 1e-9 * scale,
              "prediction");
  const double gap = fabs(sum - e->prediction[(size_t)row * e->n_outputs + k]);
  assert_near((double)e->gap[(size_t)row * e->n_outputs + k], gap, 1e-6 * gap + 1e-15, "gap");
  assert_true(gap <= 1e-6 * scale);
}

static void check_case(const explain_case *c, const question *q, const char *list) {
  static game g;
  apo_devices *devices = explain_try_open(list);
  if (devices == NULL) return;
  const apo_request request = {.method = APO_METHOD_KERNEL,
                               .output = q->output,
                               .link = q->link,
                               .player_of_column = q->player_of_column,
                               .n_players = q->n_players};
  explained e = explain(c, devices, &request);
  const brute b = {c, q->output, q->link, q->player_of_column, e.n_players};
  for (uint32_t row = 0; row < c->n_rows; ++row) {
    for (uint32_t k = 0; k < e.n_outputs; ++k) {
      brute_game(&b, c->rows + (size_t)row * c->model->n_columns, k, &g);
      check_row(&e, &g, row, k, list);
    }
  }
  explained_free(&e);
  apo_devices_destroy(&devices);
}

static void check_model(const apo_model *model, const double *rows, const question *q) {
  explain_case c = {.model = model,
                    .rows = rows,
                    .n_rows = N_ROWS,
                    .background = rows + (size_t)N_ROWS * model->n_columns,
                    .n_background = N_BACKGROUND,
                    .weights = q->is_weighted ? weights : NULL};
  check_case(&c, q, "none");
  check_case(&c, q, "cpu");
}

static void check_forest(const apo_random_spec *spec, const question *q) {
  apo_model *model = apo_random_model(spec);
  apo_random random = apo_random_start(spec->seed + 100);
  double *rows = apo_random_rows(&random, model->forest, N_ROWS + N_BACKGROUND);
  // One row is in the background, one is the background's first row.
  memcpy(rows, rows + (size_t)(N_ROWS + 1) * spec->n_columns, spec->n_columns * sizeof *rows);
  check_model(model, rows, q);
  free(rows);
  apo_model_destroy(&model);
}

static const question raw = {0};

static void forests_with_every_kind_of_split(void **state) {
  (void)state;
  const unsigned ops =
      APO_ONLY(APO_OP_LT) | APO_ONLY(APO_OP_LE) | APO_ONLY(APO_OP_EQ) | APO_ONLY(APO_OP_PRESENT);
  const unsigned missing =
      APO_ONLY(APO_MISSING_NAN) | APO_ONLY(APO_MISSING_ZERO) | APO_ONLY(APO_MISSING_NONE);
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    const apo_random_spec spec = {.seed = seed,
                                  .n_columns = 2 + (uint32_t)seed,
                                  .n_outputs = 1,
                                  .n_trees = 12,
                                  .max_depth = 5,
                                  .categorical_share = 0.3,
                                  .ops = ops,
                                  .missing = missing,
                                  .cast_f32 = seed % 2 == 0};
    check_forest(&spec, &raw);
  }
}

// Kernels cannot evaluate these: the host answers, for raw margins and for responses.
static void forests_with_linear_leaves(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 71,
                                .n_columns = 5,
                                .n_outputs = 2,
                                .n_trees = 6,
                                .max_depth = 3,
                                .categorical_share = 0.2,
                                .linear_share = 0.7,
                                .link = APO_LINK_SOFTMAX};
  const question questions[] = {
      {0},
      {.output = APO_OUTPUT_PROBABILITY, .is_weighted = true},
      {.output = APO_OUTPUT_PROBABILITY, .link = APO_VALUE_LOGIT},
  };
  apo_model *model = apo_random_model(&spec);
  assert_true(model->census.n_linear_leaves > 0);
  apo_random random = apo_random_start(72);
  double rows[(N_ROWS + N_BACKGROUND) * 5];
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
    rows[i] = apo_random_below(&random, 8) == 0 ? (double)NAN : apo_random_number(&random);
  }
  for (size_t i = 0; i < sizeof questions / sizeof questions[0]; ++i) {
    check_model(model, rows, &questions[i]);
  }
  apo_model_destroy(&model);
}

static void several_outputs_and_vector_leaves(void **state) {
  (void)state;
  for (int vector = 0; vector < 2; ++vector) {
    const apo_random_spec spec = {.seed = 11,
                                  .n_columns = 5,
                                  .n_outputs = 3,
                                  .n_trees = 9,
                                  .max_depth = 4,
                                  .vector_leaves = vector == 1,
                                  .cast_f32 = true,
                                  .link = APO_LINK_SOFTMAX};
    const question probability = {.output = APO_OUTPUT_PROBABILITY, .is_weighted = true};
    const question logit = {.output = APO_OUTPUT_PROBABILITY, .link = APO_VALUE_LOGIT};
    check_forest(&spec, &raw);
    check_forest(&spec, &probability);
    check_forest(&spec, &logit);
  }
}

static void probabilities_and_their_log_odds(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 21,
                                .n_columns = 6,
                                .n_outputs = 1,
                                .n_trees = 15,
                                .max_depth = 5,
                                .cast_f32 = true,
                                .link = APO_LINK_SIGMOID};
  for (int weighted = 0; weighted < 2; ++weighted) {
    const question probability = {.output = APO_OUTPUT_PROBABILITY, .is_weighted = weighted == 1};
    const question logit = {
        .output = APO_OUTPUT_PROBABILITY, .link = APO_VALUE_LOGIT, .is_weighted = weighted == 1};
    check_forest(&spec, &probability);
    check_forest(&spec, &logit);
  }
}

static void other_links(void **state) {
  (void)state;
  static const apo_link_name links[] = {APO_LINK_OVR, APO_LINK_EXP, APO_LINK_LOG1P_EXP,
                                        APO_LINK_SIGN_SQUARE, APO_LINK_NEG_EXP2};
  for (size_t i = 0; i < sizeof links / sizeof *links; ++i) {
    const apo_random_spec spec = {.seed = 30 + i,
                                  .n_columns = 4,
                                  .n_outputs = 2,
                                  .n_trees = 6,
                                  .max_depth = 3,
                                  .cast_f32 = true,
                                  .link = links[i]};
    const question probability = {.output = APO_OUTPUT_PROBABILITY};
    check_forest(&spec, &probability);
  }
}

static void groups_of_columns(void **state) {
  (void)state;
  static const uint32_t players[9] = {2, 0, 2, 1, 0, 3, 1, 0, 3};
  const apo_random_spec spec = {.seed = 41,
                                .n_columns = 9,
                                .n_outputs = 2,
                                .n_trees = 14,
                                .max_depth = 6,
                                .categorical_share = 0.2};
  const question grouped = {.player_of_column = players, .n_players = 4, .is_weighted = true};
  // A player without columns is a dummy; a game of one player gives it all.
  const question with_dummy = {.player_of_column = players, .n_players = 5};
  static const uint32_t zeros[9] = {0};
  const question single = {.player_of_column = zeros, .n_players = 1};
  check_forest(&spec, &grouped);
  check_forest(&spec, &with_dummy);
  check_forest(&spec, &single);
}

static void ten_players(void **state) {
  (void)state;
  const apo_random_spec spec = {
      .seed = 51, .n_columns = 10, .n_outputs = 1, .n_trees = 30, .max_depth = 8, .cast_f32 = true};
  check_forest(&spec, &raw);
}

static void forests_of_nothing_much(void **state) {
  (void)state;
  const apo_random_spec no_trees = {.seed = 61, .n_columns = 3, .n_outputs = 2};
  const apo_random_spec stumps = {.seed = 62, .n_columns = 3, .n_outputs = 2, .n_trees = 5};
  const apo_random_spec one_column = {
      .seed = 63, .n_columns = 1, .n_outputs = 1, .n_trees = 4, .max_depth = 3};
  const question probability = {.output = APO_OUTPUT_PROBABILITY};
  check_forest(&no_trees, &raw);
  check_forest(&no_trees, &probability);
  check_forest(&stumps, &raw);
  check_forest(&one_column, &raw);
}

static void small_trees_on_a_large_base(void **state) {
  (void)state;
  const apo_random_spec spec = {
      .seed = 71, .n_columns = 4, .n_outputs = 1, .n_trees = 8, .max_depth = 4, .cast_f32 = true};
  apo_model *model = apo_random_model(&spec);
  apo_random random = apo_random_start(72);
  double *rows = apo_random_rows(&random, model->forest, N_ROWS + N_BACKGROUND);
  model->base[0] = 1000.0;
  check_model(model, rows, &raw);
  free(rows);
  apo_model_destroy(&model);
}

/* --- linear models ---------------------------------------------------------------------------- */

static apo_model *linear_model(uint32_t n_columns, uint32_t n_outputs, apo_link_name link) {
  apo_model *model = NULL;
  apo_error err;
  assert_ok(apo_model_new(&model, &err), &err);
  model->kind = APO_MODEL_LINEAR;
  model->format = "random";
  model->n_columns = n_columns;
  model->n_outputs = n_outputs;
  model->link.name = link;
  model->linear = calloc(1, sizeof *model->linear);
  assert_non_null(model->linear);
  model->linear->missing_adds_nothing = true;
  model->linear->coefficients = calloc((size_t)n_columns * n_outputs, sizeof(double));
  model->base = calloc(n_outputs, sizeof *model->base);
  apo_random random = apo_random_start(n_columns * 10 + n_outputs);
  for (uint32_t i = 0; i < n_columns * n_outputs; ++i) {
    model->linear->coefficients[i] = apo_random_number(&random) / 3.0;
  }
  for (uint32_t k = 0; k < n_outputs; ++k) model->base[k] = apo_random_number(&random);
  assert_ok(apo_model_seal(model, &err), &err);
  return model;
}

static void linear_models(void **state) {
  (void)state;
  static const uint32_t players[6] = {0, 1, 1, 2, 0, 3};
  for (uint32_t n_outputs = 1; n_outputs <= 3; n_outputs += 2) {
    apo_model *model =
        linear_model(6, n_outputs, n_outputs == 1 ? APO_LINK_SIGMOID : APO_LINK_SOFTMAX);
    double rows[(N_ROWS + N_BACKGROUND) * 6];
    apo_random random = apo_random_start(81);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
      rows[i] = apo_random_below(&random, 10) == 0 ? (double)NAN : apo_random_number(&random);
    }
    const question questions[] = {
        raw,
        {.output = APO_OUTPUT_PROBABILITY, .is_weighted = true},
        {.output = APO_OUTPUT_PROBABILITY, .link = APO_VALUE_LOGIT},
        {.player_of_column = players, .n_players = 4},
    };
    for (size_t i = 0; i < sizeof questions / sizeof *questions; ++i) {
      check_model(model, rows, &questions[i]);
    }
    apo_model_destroy(&model);
  }
}

static void the_closed_form_is_the_game_of_a_linear_model(void **state) {
  (void)state;
  static game g;
  static const uint32_t players[6] = {0, 1, 1, 2, 0, 3};
  apo_devices *devices = explain_open("none");
  apo_model *model = linear_model(6, 3, APO_LINK_IDENTITY);
  double rows[(N_ROWS + N_BACKGROUND) * 6];
  apo_random random = apo_random_start(91);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) rows[i] = apo_random_number(&random);
  for (int grouped = 0; grouped < 2; ++grouped) {
    const explain_case c = {.model = model,
                            .rows = rows,
                            .n_rows = N_ROWS,
                            .background = rows + N_ROWS * 6,
                            .n_background = N_BACKGROUND,
                            .weights = weights};
    const apo_request request = {.player_of_column = grouped == 1 ? players : NULL, .n_players = 4};
    explained e = explain(&c, devices, &request);
    assert_int_equal(e.method, APO_METHOD_LINEAR);
    const brute b = {&c, APO_OUTPUT_RAW, APO_VALUE_IDENTITY, request.player_of_column, e.n_players};
    for (uint32_t row = 0; row < N_ROWS; ++row) {
      for (uint32_t k = 0; k < 3; ++k) {
        brute_game(&b, rows + (size_t)row * 6, k, &g);
        check_row(&e, &g, row, k, "closed form");
      }
    }
    explained_free(&e);
  }
  apo_model_destroy(&model);
  apo_devices_destroy(&devices);
}

/* --- callbacks -------------------------------------------------------------------------------- */

static apo_status wavy(void *context, const apo_rows *rows, double *outputs, apo_error *err) {
  (void)context;
  (void)err;
  const double *x = rows->values;
  for (uint64_t row = 0; row < rows->n_rows; ++row, x += rows->n_cols) {
    outputs[2 * row] = sin(x[0] * x[1]) + x[2] * (isnan(x[3]) ? 2.0 : x[3]) + x[4];
    outputs[2 * row + 1] = 1.0 / (1.0 + exp(-x[0] - x[1] * x[4]));
  }
  return APO_OK;
}

static void callbacks(void **state) {
  (void)state;
  static const uint32_t players[5] = {0, 1, 0, 2, 2};
  for (uint64_t batch = 0; batch <= 7; batch += 7) {
    const apo_predictor predictor = {.struct_bytes = sizeof predictor,
                                     .n_columns = 5,
                                     .n_outputs = 2,
                                     .batch_rows = batch,
                                     .predict = wavy};
    apo_model *model = NULL;
    apo_error err;
    assert_ok(apo_model_wrap(&predictor, &model, &err), &err);
    double rows[(N_ROWS + N_BACKGROUND) * 5];
    apo_random random = apo_random_start(95);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
      rows[i] = i % 15 == 3 ? (double)NAN : apo_random_number(&random);
    }
    const question grouped = {.player_of_column = players, .n_players = 3, .is_weighted = true};
    check_model(model, rows, &raw);
    check_model(model, rows, &grouped);
    apo_model_destroy(&model);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(forests_with_every_kind_of_split),
      cmocka_unit_test(forests_with_linear_leaves),
      cmocka_unit_test(several_outputs_and_vector_leaves),
      cmocka_unit_test(probabilities_and_their_log_odds),
      cmocka_unit_test(other_links),
      cmocka_unit_test(groups_of_columns),
      cmocka_unit_test(ten_players),
      cmocka_unit_test(forests_of_nothing_much),
      cmocka_unit_test(small_trees_on_a_large_base),
      cmocka_unit_test(linear_models),
      cmocka_unit_test(the_closed_form_is_the_game_of_a_linear_model),
      cmocka_unit_test(callbacks),
  };
  return cmocka_run_group_tests_name("axiom.enumeration", tests, NULL, NULL);
}
