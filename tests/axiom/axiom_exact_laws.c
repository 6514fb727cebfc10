/* What exact and path-dependent values obey whatever the forest is: efficiency, dummy, symmetry,
 * linearity, for values and pairs. */
#include "tests/support/exact_case.h"

enum { N_ROWS = 40, N_BACKGROUND = 30, N_COLUMNS = 14, N_PAIRS = N_COLUMNS * (N_COLUMNS - 1) / 2 };

static const apo_random_spec plain = {.seed = 3,
                                      .n_columns = N_COLUMNS,
                                      .n_outputs = 1,
                                      .n_trees = 30,
                                      .max_depth = 7,
                                      .categorical_share = 0.2,
                                      .has_covers = true};

static const apo_request requests[] = {
    {.method = APO_METHOD_EXACT, .interactions = 1},
    {.method = APO_METHOD_PATH, .interactions = 1},
    {.method = APO_METHOD_EXACT, .interactions = 1, .index = APO_INDEX_BANZHAF},
    {.method = APO_METHOD_PATH, .interactions = 1, .index = APO_INDEX_BANZHAF},
};
enum { N_REQUESTS = sizeof requests / sizeof *requests };

static explained ask(const exact_world *w, const apo_request *request) {
  explained e = explain(exact_world_case(w, request), exact_devices[0], request);
  assert_non_null(e.pairs);
  return e;
}

/** Of the predictions of all rows. */
static double range_of(const explained *e) {
  double low = INFINITY;
  double high = -INFINITY;
  for (size_t i = 0; i < e->n_rows * e->n_outputs; ++i) {
    low = fmin(low, e->prediction[i]);
    high = fmax(high, e->prediction[i]);
  }
  assert_true(high > low);
  return high - low;
}

/** a = factor_b * b + factor_c * c, for values and pairs. */
static void assert_combined(const explained *a,
                            const explained *b,
                            double factor_b,
                            const explained *c,
                            double factor_c,
                            const char *what) {
  const double allowed = 2.0 * exact_allowed * range_of(a);
  for (size_t i = 0; i < (size_t)a->n_rows * a->n_players; ++i) {
    assert_near((double)a->phi[i], factor_b * (double)b->phi[i] + factor_c * (double)c->phi[i],
                allowed, what);
  }
  for (size_t i = 0; i < a->n_rows * explained_n_pairs(a); ++i) {
    assert_near((double)a->pairs[i],
                factor_b * (double)b->pairs[i] + factor_c * (double)c->pairs[i], allowed, what);
  }
}

/* --- efficiency ------------------------------------------------------------------------------- */

// More players than can be enumerated; one row in a hundred may be off by more than 1e-6.
static void values_sum_to_the_prediction(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 2; ++seed) {
    const apo_random_spec spec = {.seed = seed,
                                  .n_columns = 50,
                                  .n_outputs = 2,
                                  .n_trees = 40,
                                  .max_depth = 8,
                                  .split_share = seed == 1 ? 0.95 : 0.75,
                                  .categorical_share = 0.2,
                                  .has_covers = true};
    exact_world w = exact_world_make(&spec, 150, 50, NULL);
    for (size_t i = 0; i < 2 * N_EXACT_DEVICES; ++i) {
      if (exact_devices[i / 2] == NULL) continue;
      const apo_request request = {.method = i % 2 == 0 ? APO_METHOD_EXACT : APO_METHOD_PATH};
      explained e = explain(exact_world_case(&w, &request), exact_devices[i / 2], &request);
      const double range = range_of(&e);
      double most = 0.0;
      for (size_t line = 0; line < e.n_rows * e.n_outputs; ++line) {
        double sum = e.base[line % e.n_outputs];
        for (size_t p = 0; p < 50; ++p) sum += (double)e.phi[line * 50 + p];
        most = fmax(most, fabs(sum - e.prediction[line]));
      }
      assert_true(most <= 1e-5 * range);
      assert_near(e.report.gap_max, most, 1e-6 * most + 1e-14, "the report's largest gap");
      assert_true(e.report.gap_p99 <= 1e-6 * range);
      explained_free(&e);
    }
    exact_world_free(&w);
  }
}

/* --- dummy ------------------------------------------------------------------------------------ */

// Columns 5 and 9 are tested nowhere.
static void unused_columns_get_nothing(void **state) {
  (void)state;
  exact_world w = exact_world_make(&plain, N_ROWS, N_BACKGROUND, NULL);
  apo_forest *forest = w.model->forest;
  for (uint64_t node = 0; node < forest->n_nodes; ++node) {
    if (forest->op[node] == APO_OP_IN) continue;
    if (forest->column[node] == 5 || forest->column[node] == 9) forest->column[node] = 0;
  }
  for (uint64_t node = 0; node < forest->n_nodes; ++node) {
    if (forest->column[node] == 5 || forest->column[node] == 9) forest->column[node] = 1;
  }
  for (size_t q = 0; q < N_REQUESTS; ++q) {
    explained e = ask(&w, &requests[q]);
    for (size_t row = 0; row < N_ROWS; ++row) {
      const float *phi = e.phi + row * N_COLUMNS;
      const float *pairs = e.pairs + row * N_PAIRS;
      assert_true(phi[5] == 0.0f && phi[9] == 0.0f);
      for (uint32_t i = 0; i < N_COLUMNS; ++i) {
        for (uint32_t j = i + 1; j < N_COLUMNS; ++j) {
          const bool is_dummy = i == 5 || i == 9 || j == 5 || j == 9;
          assert_true(!is_dummy || pairs[pair_place(N_COLUMNS, i, j)] == 0.0f);
        }
      }
    }
    explained_free(&e);
  }
  exact_world_free(&w);
}

// Columns that meet on no path do nothing together.
static void columns_of_different_trees_do_not_interact(void **state) {
  (void)state;
  exact_world w = exact_world_make(&plain, N_ROWS, N_BACKGROUND, NULL);
  apo_forest *forest = w.model->forest;
  // Odd trees test odd columns, even trees even ones.
  for (uint32_t tree = 0; tree < forest->n_trees; ++tree) {
    for (uint64_t node = forest->node_begin[tree]; node < forest->node_begin[tree + 1]; ++node) {
      forest->column[node] = forest->column[node] / 2 * 2 + tree % 2;
    }
  }
  for (size_t q = 0; q < N_REQUESTS; ++q) {
    explained e = ask(&w, &requests[q]);
    bool any = false;
    for (size_t row = 0; row < N_ROWS; ++row) {
      for (uint32_t i = 0; i < N_COLUMNS; ++i) {
        for (uint32_t j = i + 1; j < N_COLUMNS; ++j) {
          const float pair = e.pairs[row * N_PAIRS + pair_place(N_COLUMNS, i, j)];
          if ((i ^ j) % 2 == 1) assert_true(pair == 0.0f);
          if (pair != 0.0f) any = true;
        }
      }
    }
    assert_true(any);
    explained_free(&e);
  }
  exact_world_free(&w);
}

/* --- symmetry --------------------------------------------------------------------------------- */

// Columns in another order have their values in that order.
static void names_of_columns_are_nothing(void **state) {
  (void)state;
  exact_world a = exact_world_make(&plain, N_ROWS, N_BACKGROUND, NULL);
  exact_world b = exact_world_make(&plain, N_ROWS, N_BACKGROUND, NULL);
  uint32_t place[N_COLUMNS];
  for (uint32_t i = 0; i < N_COLUMNS; ++i) place[i] = (i * 5 + 3) % N_COLUMNS;
  for (uint64_t node = 0; node < b.model->forest->n_nodes; ++node) {
    b.model->forest->column[node] = place[b.model->forest->column[node]];
  }
  for (size_t i = 0; i < (N_ROWS + N_BACKGROUND) * N_COLUMNS; ++i) {
    b.rows[i / N_COLUMNS * N_COLUMNS + place[i % N_COLUMNS]] = a.rows[i];
  }
  for (size_t q = 0; q < N_REQUESTS; ++q) {
    explained was = ask(&a, &requests[q]);
    explained is = ask(&b, &requests[q]);
    const double allowed = 2.0 * exact_allowed * range_of(&was);
    for (size_t row = 0; row < N_ROWS; ++row) {
      for (uint32_t i = 0; i < N_COLUMNS; ++i) {
        const size_t line = row * N_COLUMNS;
        assert_near((double)is.phi[line + place[i]], (double)was.phi[line + i], allowed, "phi");
        for (uint32_t j = i + 1; j < N_COLUMNS; ++j) {
          const uint32_t low = place[i] < place[j] ? place[i] : place[j];
          const uint32_t high = place[i] < place[j] ? place[j] : place[i];
          assert_near((double)is.pairs[row * N_PAIRS + pair_place(N_COLUMNS, low, high)],
                      (double)was.pairs[row * N_PAIRS + pair_place(N_COLUMNS, i, j)], allowed,
                      "pairs");
        }
      }
    }
    explained_free(&was);
    explained_free(&is);
  }
  exact_world_free(&a);
  exact_world_free(&b);
}

// What the row gains from the background, the background's row loses to the row.
static void row_and_background_changing_places_change_the_sign(void **state) {
  (void)state;
  exact_world w = exact_world_make(&plain, 1, 1, NULL);
  explain_case turned = w.c;
  turned.rows = w.c.background;
  turned.background = w.c.rows;
  const apo_request request = {.method = APO_METHOD_EXACT};
  explained a = explain(&w.c, exact_devices[0], &request);
  explained b = explain(&turned, exact_devices[0], &request);
  const double range = fabs(a.prediction[0] - b.prediction[0]);
  assert_true(range > 0.1);
  for (uint32_t i = 0; i < N_COLUMNS; ++i) {
    assert_near((double)a.phi[i], -(double)b.phi[i], 1e-5 * range, "phi");
  }
  explained_free(&a);
  explained_free(&b);
  exact_world_free(&w);
}

/* --- linearity -------------------------------------------------------------------------------- */

static void trees_add_up(void **state) {
  (void)state;
  exact_world whole = exact_world_make(&plain, N_ROWS, N_BACKGROUND, NULL);
  exact_world odd = exact_world_make(&plain, N_ROWS, N_BACKGROUND, NULL);
  exact_world even = exact_world_make(&plain, N_ROWS, N_BACKGROUND, NULL);
  for (uint32_t tree = 0; tree < plain.n_trees; ++tree) {
    (tree % 2 == 0 ? odd : even).model->forest->tree_weight[tree] = 0.0;
  }
  for (size_t q = 0; q < N_REQUESTS; ++q) {
    explained a = ask(&whole, &requests[q]);
    explained b = ask(&odd, &requests[q]);
    explained c = ask(&even, &requests[q]);
    assert_combined(&a, &b, 1.0, &c, 1.0, "odd and even trees");
    explained_free(&a);
    explained_free(&b);
    explained_free(&c);
  }
  exact_world_free(&whole);
  exact_world_free(&odd);
  exact_world_free(&even);
}

static void a_factor_of_the_forest_is_one_of_its_values(void **state) {
  (void)state;
  exact_world w = exact_world_make(&plain, N_ROWS, N_BACKGROUND, NULL);
  for (size_t q = 0; q < N_REQUESTS; ++q) {
    w.model->forest->scale = 1.0;
    explained a = ask(&w, &requests[q]);
    w.model->forest->scale = -2.5;
    explained b = ask(&w, &requests[q]);
    assert_combined(&b, &a, -2.5, &a, 0.0, "a factor");
    explained_free(&a);
    explained_free(&b);
  }
  exact_world_free(&w);
}

static void a_constant_moves_the_base_only(void **state) {
  (void)state;
  exact_world w = exact_world_make(&plain, N_ROWS, N_BACKGROUND, NULL);
  for (size_t q = 0; q < N_REQUESTS; ++q) {
    explained a = ask(&w, &requests[q]);
    apo_forest *forest = w.model->forest;
    for (uint64_t i = forest->value_begin[4]; i < forest->value_begin[5]; ++i) {
      forest->leaf_value[i] += 8.0;
    }
    explained b = ask(&w, &requests[q]);
    assert_near(b.base[0] - a.base[0], 8.0 * forest->tree_weight[4], 1e-9, "base");
    assert_combined(&b, &a, 1.0, &a, 0.0, "a constant");
    explained_free(&a);
    explained_free(&b);
  }
  exact_world_free(&w);
}

// Backgrounds mix as their values do: 30 rows are 10 and 20.
static void backgrounds_mix(void **state) {
  (void)state;
  exact_world w = exact_world_make(&plain, N_ROWS, N_BACKGROUND, NULL);
  for (size_t q = 0; q < N_REQUESTS; q += 2) {
    explain_case first = w.c;
    explain_case rest = w.c;
    first.n_background = 10;
    rest.n_background = 20;
    rest.background += 10 * N_COLUMNS;
    explained a = ask(&w, &requests[q]);
    explained b = explain(&first, exact_devices[0], &requests[q]);
    explained c = explain(&rest, exact_devices[0], &requests[q]);
    assert_near(a.base[0], (b.base[0] + 2.0 * c.base[0]) / 3.0, 1e-9, "base");
    assert_combined(&a, &b, 1.0 / 3.0, &c, 2.0 / 3.0, "10 rows and 20");
    explained_free(&a);
    explained_free(&b);
    explained_free(&c);
  }
  exact_world_free(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_sum_to_the_prediction),
      cmocka_unit_test(unused_columns_get_nothing),
      cmocka_unit_test(columns_of_different_trees_do_not_interact),
      cmocka_unit_test(names_of_columns_are_nothing),
      cmocka_unit_test(row_and_background_changing_places_change_the_sign),
      cmocka_unit_test(trees_add_up),
      cmocka_unit_test(a_factor_of_the_forest_is_one_of_its_values),
      cmocka_unit_test(a_constant_moves_the_base_only),
      cmocka_unit_test(backgrounds_mix),
  };
  return cmocka_run_group_tests_name("axiom.exact_laws", tests, exact_devices_open,
                                     exact_devices_close);
}
