/* Questions to every kind of destination about pairs, means over rows and the largest of a row. */
#include "tests/support/store_question.h"

/* --- every kind ------------------------------------------------------------------------------- */

static void interactions_that_are_announced_must_come(void **state) {
  (void)state;
  for (size_t i = 0; i < N_KINDS; ++i) {
    question q;
    ask(&q, &kinds[i], 2);
    q.c.spec.has_pairs = true;
    write_rows(&q, 10);
    q.c.spec.force = true;
    q.c.spec.seed = 8;  // of a store another run
    apo_store *store = open_store(&q);
    store_case_tile t = store_case_make(&q.c, 0, 1);
    t.tile.pairs = NULL;
    assert_fails(apo_store_put(store, &t.tile, NULL, &q.err), APO_ERR_ARGUMENT, &q.err,
                 "interactions");
    apo_store_close(&store);
    q.c.spec.has_errors = true;
    assert_fails(apo_store_open(q.where, &q.c.spec, &store, &q.err), APO_ERR_ARGUMENT, &q.err,
                 "interactions with standard errors");
    store_case_tile_free(&t);
    answer(&q);
  }
}

static void one_player_has_a_matrix_and_no_pairs(void **state) {
  (void)state;
  for (int reduced = 0; reduced < 2; ++reduced) {
    for (size_t i = 0; i < N_KINDS; ++i) {
      question q;
      if (reduced && !kinds[i].is_array) continue;
      ask(&q, &kinds[i], 1);
      q.c.spec.has_pairs = true;
      q.c.spec.n_players = 1;
      q.c.spec.reduction = reduced ? APO_REDUCE_MEAN_ABS : APO_REDUCE_NONE;
      apo_store *store = open_store(&q);
      store_case_tile t = store_case_make(&q.c, 0, 5);
      t.tile.n_players = 1;
      t.tile.pairs = NULL;
      assert_ok(apo_store_put(store, &t.tile, NULL, &q.err), &q.err);
      assert_ok(apo_store_finish(store, &q.err), &q.err);
      apo_store_close(&store);
      store_case_tile_free(&t);
      answer(&q);
    }
  }
}

static void only_stores_keep_the_largest_of_a_row(void **state) {
  (void)state;
  for (size_t i = 0; i < N_KINDS; ++i) {
    question q;
    ask(&q, &kinds[i], 1);
    q.c.spec.top = 2;
    if (q.kind->is_array) {
      apo_store *store = NULL;
      assert_fails(apo_store_open(q.where, &q.c.spec, &store, &q.err), APO_ERR_ARGUMENT, &q.err,
                   "sqlite:FILE");
      assert_int_equal(scratch_count(&q.folder), 0);
    } else {
      write_rows(&q, 10);
    }
    answer(&q);
  }
}

static void only_arrays_can_be_reduced(void **state) {
  (void)state;
  for (size_t i = 0; i < N_KINDS; ++i) {
    question q;
    ask(&q, &kinds[i], 2);
    q.c.spec.reduction = APO_REDUCE_MEAN_ABS;
    if (q.kind->is_array) {
      write_rows(&q, 10);
      apo_store *store = NULL;
      assert_fails(apo_store_open(q.where, &q.c.spec, &store, &q.err), APO_ERR_IO, &q.err, q.path);
      q.c.spec.force = true;
      store = open_store(&q);
      assert_ok(store_case_put(&q.c, store, 0, 10, 3, &q.err), &q.err);
      assert_ok(apo_store_stop(store, &q.err), &q.err);
      apo_store_close(&store);
      assert_int_equal(scratch_count(&q.folder), 1);  // the one that was there
    } else {
      apo_store *store = NULL;
      assert_fails(apo_store_open(q.where, &q.c.spec, &store, &q.err), APO_ERR_ARGUMENT, &q.err,
                   "a mean over them");
    }
    answer(&q);
  }
}

/* --- what arrays hold ------------------------------------------------------------------------- */

/* The matrix of a line by its definition. */
static void matrix_of(const question *q, uint64_t row, uint32_t output, float out[4][4]) {
  memset(out, 0, 16 * sizeof(float));
  static const uint32_t at[3][2] = {{0, 1}, {0, 2}, {1, 2}};
  double others[3] = {0, 0, 0};
  for (uint32_t pair = 0; pair < 3; ++pair) {
    const float value = store_case_value(row, output, pair, 4);
    out[at[pair][0]][at[pair][1]] = value;
    out[at[pair][1]][at[pair][0]] = value;
  }
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) others[i] += (double)out[i][j];
    out[i][i] = (float)((double)store_case_value(row, output, (uint32_t)i, 0) - others[i]);
  }
  out[3][3] = (float)q->c.base[output];
}

static void an_array_of_interactions_is_symmetric_with_the_base_in_its_corner(void **state) {
  (void)state;
  const char *const shapes[] = {"'shape': (10, 4, 4)", "'shape': (10, 2, 4, 4)"};
  for (uint32_t n_outputs = 1; n_outputs <= 2; ++n_outputs) {
    question q;
    ask(&q, &kinds[0], n_outputs);
    q.c.spec.has_pairs = true;
    write_rows(&q, 10);
    size_t n_bytes = 0;
    char *bytes = read_file(q.path, &n_bytes);
    assert_int_equal(n_bytes, 128 + 10 * n_outputs * 16 * sizeof(float));
    assert_non_null(strstr(bytes + 10, shapes[n_outputs - 1]));
    const char *at = bytes + 128;
    for (uint64_t row = 0; row < 10; ++row) {
      for (uint32_t output = 0; output < n_outputs; ++output, at += 16 * sizeof(float)) {
        float expected[4][4];
        matrix_of(&q, row, output, expected);
        assert_memory_equal(at, expected, sizeof expected);
      }
    }
    free(bytes);
    answer(&q);
  }
}

static void csv_has_a_line_for_each_cell_of_the_upper_triangle(void **state) {
  (void)state;
  question q;
  ask(&q, &kinds[1], 1);
  q.c.spec.has_pairs = true;
  store_case_tile t = store_case_make(&q.c, 0, 1);
  const float phi[] = {1, 2, 3};
  const float pairs[] = {0.25f, -0.5f, 4};
  memcpy(t.phi, phi, sizeof phi);
  memcpy(t.pairs, pairs, sizeof pairs);
  t.prediction[0] = -1.5;
  apo_store *store = open_store(&q);
  assert_ok(apo_store_put(store, &t.tile, NULL, &q.err), &q.err);
  assert_ok(apo_store_finish(store, &q.err), &q.err);
  apo_store_close(&store);
  size_t n_bytes = 0;
  char *bytes = read_file(q.path, &n_bytes);
  assert_string_equal(bytes,
                      "row,prediction,base,first,second,value\n"
                      "0,-1.5,0.5,a,a,1.25\n"
                      "0,-1.5,0.5,a,b,0.25\n"
                      "0,-1.5,0.5,a,c,-0.5\n"
                      "0,-1.5,0.5,b,b,-2.25\n"
                      "0,-1.5,0.5,b,c,4\n"
                      "0,-1.5,0.5,c,c,-0.5\n");
  free(bytes);
  store_case_tile_free(&t);
  answer(&q);
}

/* The mean magnitude of each cell of the array that would have been written, rounded once. */
static void a_reduced_array_is_the_mean_of_magnitudes(void **state) {
  (void)state;
  enum { N_ROWS = 50 };
  static const char *const shapes[2][2] = {{"'shape': (4,)", "'shape': (4, 4)"},
                                           {"'shape': (2, 4)", "'shape': (2, 4, 4)"}};
  for (int has_pairs = 0; has_pairs < 2; ++has_pairs) {
    for (uint32_t n_outputs = 1; n_outputs <= 2; ++n_outputs) {
      question q;
      ask(&q, &kinds[0], n_outputs);
      q.c.spec.has_pairs = has_pairs != 0;
      q.c.spec.reduction = APO_REDUCE_MEAN_ABS;
      write_rows(&q, N_ROWS);
      size_t n_bytes = 0;
      char *bytes = read_file(q.path, &n_bytes);
      const size_t n_cells = has_pairs ? 16 : 4;
      assert_int_equal(n_bytes, 128 + n_outputs * n_cells * sizeof(float));
      if (strstr(bytes + 10, shapes[n_outputs - 1][has_pairs]) == NULL)
        print_error("%s", bytes + 10);
      assert_non_null(strstr(bytes + 10, shapes[n_outputs - 1][has_pairs]));
      for (uint32_t output = 0; output < n_outputs; ++output) {
        double sums[16] = {0};
        for (uint64_t row = 0; row < N_ROWS; ++row) {
          float cells[4][4];
          matrix_of(&q, row, output, cells);
          for (uint32_t i = 0; i < n_cells; ++i) {
            const float value = has_pairs ? cells[i / 4][i % 4]
                                : i < 3   ? store_case_value(row, output, i, 0)
                                          : 0;
            sums[i] += fabs((double)value);
          }
        }
        float expected[16];
        for (size_t i = 0; i < n_cells; ++i) expected[i] = (float)(sums[i] / N_ROWS);
        expected[n_cells - 1] = fabsf((float)q.c.base[output]);
        assert_memory_equal(bytes + 128 + output * n_cells * sizeof(float), expected,
                            n_cells * sizeof(float));
      }
      free(bytes);
      answer(&q);
    }
  }
}

static void a_reduced_file_does_not_depend_on_tiles(void **state) {
  (void)state;
  const uint32_t tiles[] = {1, 7, 1000};
  for (size_t i = 0; i < 2; ++i) {
    char *first = NULL;
    size_t n_first = 0;
    for (size_t t = 0; t < 3; ++t) {
      question q;
      ask(&q, &kinds[i], 2);
      q.c.spec.has_pairs = true;
      q.c.spec.reduction = APO_REDUCE_MEAN_ABS;
      apo_store *store = open_store(&q);
      assert_ok(store_case_put(&q.c, store, 0, 1000, tiles[t], &q.err), &q.err);
      assert_ok(apo_store_finish(store, &q.err), &q.err);
      apo_store_close(&store);
      size_t n_bytes = 0;
      char *bytes = read_file(q.path, &n_bytes);
      if (t == 0) {
        first = bytes;
        n_first = n_bytes;
      } else {
        assert_int_equal(n_bytes, n_first);
        assert_memory_equal(bytes, first, n_bytes);
        free(bytes);
      }
      answer(&q);
    }
    free(first);
  }
}

static void reduced_text_names_players_and_pairs(void **state) {
  (void)state;
  static const char *const expected[] = {"player,mean_abs\na,1\nb,2\nc,3\n",
                                         "first,second,mean_abs\na,a,1.25\na,b,0.25\na,c,0.5\n"
                                         "b,b,2.25\nb,c,4\nc,c,0.5\n"};
  for (int has_pairs = 0; has_pairs < 2; ++has_pairs) {
    question q;
    ask(&q, &kinds[1], 1);
    q.c.spec.has_pairs = has_pairs != 0;
    q.c.spec.reduction = APO_REDUCE_MEAN_ABS;
    store_case_tile t = store_case_make(&q.c, 0, 1);
    const float phi[] = {1, 2, 3};
    const float pairs[] = {0.25f, -0.5f, 4};
    memcpy(t.phi, phi, sizeof phi);
    memcpy(t.pairs, pairs, sizeof pairs);
    apo_store *store = open_store(&q);
    assert_ok(apo_store_put(store, &t.tile, NULL, &q.err), &q.err);
    assert_ok(apo_store_finish(store, &q.err), &q.err);
    apo_store_close(&store);
    size_t n_bytes = 0;
    char *bytes = read_file(q.path, &n_bytes);
    assert_string_equal(bytes, expected[has_pairs]);
    free(bytes);
    store_case_tile_free(&t);
    answer(&q);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(interactions_that_are_announced_must_come),
      cmocka_unit_test(one_player_has_a_matrix_and_no_pairs),
      cmocka_unit_test(only_stores_keep_the_largest_of_a_row),
      cmocka_unit_test(only_arrays_can_be_reduced),
      cmocka_unit_test(an_array_of_interactions_is_symmetric_with_the_base_in_its_corner),
      cmocka_unit_test(csv_has_a_line_for_each_cell_of_the_upper_triangle),
      cmocka_unit_test(a_reduced_array_is_the_mean_of_magnitudes),
      cmocka_unit_test(a_reduced_file_does_not_depend_on_tiles),
      cmocka_unit_test(reduced_text_names_players_and_pairs),
  };
  return cmocka_run_group_tests_name("store_pairs", tests, NULL, NULL);
}
