/* contract_cli_interactions.c - what a user asks of players, pairs and their means, as a user asks.
 *
 * Its own model has covers.  With x = row a = (age 20, income 500):
 *
 *        age < 41.5 (cover 4)         income < 1000 (cover 4)
 *         /         \                  /           \
 *      0.5 (3)   -0.25 (1)      age < 30 (2)     0.125 (2)
 *                                /     \
 *                            -0.5 (1)  1 (1)
 */
#include "tests/support/cli_place.h"
// It asks for POSIX before any other header.
#include <math.h>

#include "host/io/npy.h"
#include "tests/support/store_query.h"

static const char covered_text[] =
    "{\"format\":\"apportion-model\",\"version\":1,\"kind\":\"forest\","
    "\"columns\":{\"count\":3,\"names\":[\"colour\",\"age\",\"income\"]},"
    "\"input\":{\"cast\":\"float32\"},"
    "\"outputs\":{\"count\":1,\"names\":[\"default\"],\"base\":[-0.25],"
    "\"link\":{\"name\":\"sigmoid\"}},"
    "\"forest\":{\"cover_kind\":\"count\","
    "\"defaults\":{\"op\":\"lt\",\"missing\":\"nan\",\"default_left\":1},\"trees\":["
    "{\"output\":0,\"column\":[1],\"threshold\":[41.5],\"left\":[-1],\"right\":[-2],"
    "\"leaf\":[0.5,-0.25],\"cover\":[4],\"leaf_cover\":[3,1]},"
    "{\"output\":0,\"column\":[2,1],\"threshold\":[1000,30],\"left\":[1,-1],\"right\":[-3,-2],"
    "\"leaf\":[-0.5,1,0.125],\"cover\":[4,2],\"leaf_cover\":[1,1,2]}]}}";

enum { N_ROWS = 4, WIDTH = 4 };

static place open_covered(void) {
  place p = open_place();
  put_file(&p, p.model, "covered.json", covered_text);
  return p;
}

/* Without a background. */
#define PATH(p, ...)                                                                     \
  WORDS("explain", "--model", (p)->model, "--data", (p)->data, "--device", "none", "-q", \
        __VA_ARGS__)

/* The floats of an array, freed by the caller; `shape` is a part of its header. */
static float *read_array(const char *path, const char *shape, size_t n) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  char header[APO_NPY_HEADER_BYTES + 1] = "";
  float *values = calloc(n, sizeof *values);
  assert_int_equal(fread(header, 1, APO_NPY_HEADER_BYTES, file), APO_NPY_HEADER_BYTES);
  if (strstr(header + 10, shape) == NULL) print_error("%s\nexpected %s\n", header + 10, shape);
  assert_non_null(strstr(header + 10, shape));
  assert_int_equal(fread(values, sizeof *values, n, file), n);
  assert_int_equal(fgetc(file), EOF);
  fclose(file);
  return values;
}

static void explained(place *p, const char *const *words) {
  outcome done = run(p, words);
  assert_code(&done, 0);
  outcome_clear(&done);
}

static cJSON *summary(place *p, const char *const *words) {
  outcome done = run(p, words);
  assert_code(&done, 0);
  cJSON *json = last_line(done.out);
  outcome_clear(&done);
  return json;
}

/* --- what any method does --------------------------------------------------------------------- */

static void a_mean_of_magnitudes_needs_no_rows(void **state) {
  (void)state;
  place p = open_place();
  char mean[SCRATCH_PATH_BYTES];
  snprintf(mean, sizeof mean, "%s", scratch_path(&p.folder, "mean.npy"));
  explained(&p, EXPLAIN(&p, "-q", "--method=kernel", "--out", p.out));
  explained(&p, EXPLAIN(&p, "-q", "--method=kernel", "--out", mean, "--reduce=mean-abs"));
  float *rows = read_array(p.out, "'shape': (4, 4)", (size_t)N_ROWS * WIDTH);
  float *means = read_array(mean, "'shape': (4,)", WIDTH);
  for (int col = 0; col < WIDTH; ++col) {
    double sum = 0;
    for (int row = 0; row < N_ROWS; ++row) sum += fabs((double)rows[row * WIDTH + col]);
    assert_true(means[col] == (float)(sum / N_ROWS));
  }
  free(rows);
  free(means);
  scratch_close(&p.folder);
}

static void the_largest_of_a_row_are_for_stores(void **state) {
  (void)state;
  place p = open_place();
  char store[SCRATCH_PATH_BYTES + 8];
  const char *path = scratch_path(&p.folder, "a.db");
  snprintf(store, sizeof store, "sqlite:%s", path);
  assert_refused(&p, EXPLAIN(&p, "-q", "--method=kernel", "--out", p.out, "--top", "2"), 2,
                 "sqlite:FILE");
  assert_refused(&p, EXPLAIN(&p, "-q", "--method=kernel", "--out", store, "--top", "0"), 2,
                 "--top: 0");
  assert_refused(&p, EXPLAIN(&p, "-q", "--method=kernel", "--out", store, "--reduce", "mean-abs"),
                 2, "a mean over them");
  explained(&p, EXPLAIN(&p, "-q", "--method=kernel", "--out", store, "--top", "2"));
  assert_int_equal(store_query_int(store + 7, "SELECT count(*) FROM apo_long_top"), 3 * N_ROWS);
  scratch_close(&p.folder);
}

static void sampled_methods_refuse_what_only_exact_ones_give(void **state) {
  (void)state;
  place p = open_place();
  assert_refused(&p, EXPLAIN(&p, "-q", "--out", "-", "--method=kernel", "--interactions"), 3,
                 "interactions");
  assert_refused(&p, EXPLAIN(&p, "-q", "--out", "-", "--method=kernel", "--index=banzhaf"), 3,
                 "banzhaf");
  assert_refused(&p, EXPLAIN(&p, "-q", "--out", "-", "--index=owen"), 2, "shapley, banzhaf");
  scratch_close(&p.folder);
}

static void the_help_shows_every_choice(void **state) {
  (void)state;
  place p = open_place();
  outcome done = run(&p, WORDS("explain", "--help"));
  assert_code(&done, 0);
  assert_non_null(strstr(done.out, "--method auto|exact|path|kernel|permutation|linear"));
  assert_non_null(strstr(done.out, "--index shapley|banzhaf"));
  assert_non_null(strstr(done.out, "--interactions"));
  assert_non_null(strstr(done.out, "--reduce none|mean-abs"));
  assert_non_null(strstr(done.out, "--top K"));
  assert_null(strstr(done.out, "--tolerance EPS"));
  outcome_clear(&done);
  scratch_close(&p.folder);
}

/* --- exact and path-dependent values ---------------------------------------------------------- */

static void values_along_the_covers_need_no_background(void **state) {
  (void)state;
  place p = open_covered();
  cJSON *json = summary(&p, PATH(&p, "--method", "path", "--out", p.out, "--json"));
  assert_string_equal(cJSON_GetObjectItem(json, "method")->valuestring, "path");
  assert_true(cJSON_IsNull(cJSON_GetObjectItem(json, "background_digest")));
  assert_true(cJSON_IsObject(cJSON_GetObjectItem(json, "additivity")));
  cJSON_Delete(json);
  // Row a: the first tree gives age 0.5 - 0.3125; the second has v() = 0.1875, v(age) = -0.1875,
  // v(income) = 0.25, v(both) = -0.5.
  float *phi = read_array(p.out, "'shape': (4, 4)", (size_t)N_ROWS * WIDTH);
  const float expected[] = {0, 0.1875f - 0.5625f, -0.125f, -0.25f + 0.3125f + 0.1875f};
  for (int col = 0; col < WIDTH; ++col) assert_true(fabsf(phi[col] - expected[col]) < 1e-6f);
  free(phi);
  // Nor does the automatic choice, and a background that is given is no part of the question.
  json = summary(&p, PATH(&p, "--out", "-", "--json"));
  assert_string_equal(cJSON_GetObjectItem(json, "method")->valuestring, "path");
  cJSON_Delete(json);
  json = summary(&p, EXPLAIN(&p, "-q", "--method", "path", "--out", "null:", "--json"));
  assert_true(cJSON_IsNull(cJSON_GetObjectItem(json, "background_digest")));
  cJSON_Delete(json);
  scratch_close(&p.folder);
}

static void a_background_makes_values_exact(void **state) {
  (void)state;
  place p = open_covered();
  cJSON *json = summary(&p, EXPLAIN(&p, "-q", "--out", p.out, "--json"));
  assert_string_equal(cJSON_GetObjectItem(json, "method")->valuestring, "exact");
  assert_true(cJSON_IsString(cJSON_GetObjectItem(json, "background_digest")));
  assert_false(cJSON_HasObjectItem(json, "index"));
  cJSON_Delete(json);
  assert_refused(&p, PATH(&p, "--method=exact", "--out", "-"), 2, "--background");
  outcome done = run(&p, WORDS("plan", "--model", p.model, "--device", "none", "--json"));
  assert_code(&done, 0);
  json = last_line(done.out);
  assert_string_equal(cJSON_GetObjectItem(json, "method")->valuestring, "path");
  assert_string_equal(cJSON_GetObjectItem(json, "index")->valuestring, "shapley");
  assert_true(cJSON_IsFalse(cJSON_GetObjectItem(json, "interactions")));
  cJSON_Delete(json);
  outcome_clear(&done);
  scratch_close(&p.folder);
}

static void interactions_are_a_matrix_whose_rows_sum_to_the_values(void **state) {
  (void)state;
  static const char *const methods[] = {"exact", "path"};
  for (size_t m = 0; m < 2; ++m) {
    place p = open_covered();
    char cube[SCRATCH_PATH_BYTES];
    char mean[SCRATCH_PATH_BYTES];
    snprintf(cube, sizeof cube, "%s", scratch_path(&p.folder, "cube.npy"));
    snprintf(mean, sizeof mean, "%s", scratch_path(&p.folder, "mean.npy"));
    explained(&p, EXPLAIN(&p, "-q", "--method", methods[m], "--out", p.out));
    explained(&p, EXPLAIN(&p, "-q", "--method", methods[m], "--out", cube, "--interactions"));
    explained(&p, EXPLAIN(&p, "-q", "--method", methods[m], "--out", mean, "--interactions",
                          "--reduce", "mean-abs"));
    float *phi = read_array(p.out, "'shape': (4, 4)", (size_t)N_ROWS * WIDTH);
    float *cells = read_array(cube, "'shape': (4, 4, 4)", (size_t)N_ROWS * WIDTH * WIDTH);
    float *means = read_array(mean, "'shape': (4, 4)", (size_t)WIDTH * WIDTH);
    double sums[WIDTH * WIDTH] = {0};
    for (int row = 0; row < N_ROWS; ++row) {
      const float *matrix = cells + row * WIDTH * WIDTH;
      for (int i = 0; i < WIDTH; ++i) {
        double sum = 0;
        for (int j = 0; j < WIDTH; ++j) {
          assert_true(matrix[i * WIDTH + j] == matrix[j * WIDTH + i]);
          sum += (double)matrix[i * WIDTH + j];
          sums[i * WIDTH + j] += fabs((double)matrix[i * WIDTH + j]);
        }
        // Values below 2, four roundings of half an ulp each.
        assert_true(fabs(sum - (double)phi[row * WIDTH + i]) < 4 * 0x1p-24);
      }
    }
    for (int cell = 0; cell < WIDTH * WIDTH; ++cell) {
      assert_true(means[cell] == (float)(sums[cell] / N_ROWS));
    }
    // The first tree has no pairs, colour none at all; age and income of the second do.
    assert_true(cells[0 * WIDTH + 1] == 0 && cells[0 * WIDTH + 2] == 0);
    assert_true(cells[1 * WIDTH + 2] != 0);
    // Half of v(both) - v(age) - v(income) + v() of the second tree: see above.
    if (m == 1) assert_true(fabsf(cells[1 * WIDTH + 2] - -0.1875f) < 1e-6f);
    free(phi);
    free(cells);
    free(means);
    scratch_close(&p.folder);
  }
}

static void values_that_do_not_sum_to_the_output_say_so(void **state) {
  (void)state;
  static const char *const methods[] = {"exact", "path"};
  for (size_t m = 0; m < 2; ++m) {
    place p = open_covered();
    char store[SCRATCH_PATH_BYTES + 8];
    snprintf(store, sizeof store, "sqlite:%s", scratch_path(&p.folder, "a.db"));
    cJSON *json = summary(&p, EXPLAIN(&p, "-q", "--method", methods[m], "--index", "banzhaf",
                                      "--out", store, "--gap-tolerance=0", "--json"));
    assert_string_equal(cJSON_GetObjectItem(json, "index")->valuestring, "banzhaf");
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(json, "additivity")));
    cJSON_Delete(json);
    assert_string_equal(
        store_query(store + 7, "SELECT json_extract(config, '$.index') FROM apo_run"), "banzhaf");
    assert_int_equal(
        store_query_int(store + 7, "SELECT count(*) FROM apo_run WHERE gap_max IS NULL"), 1);
    outcome done =
        run(&p, EXPLAIN(&p, "--method", methods[m], "--index", "banzhaf", "--out", p.out));
    assert_code(&done, 0);
    assert_non_null(strstr(done.err, "do not sum to the output"));
    outcome_clear(&done);
    scratch_close(&p.folder);
  }
}

static void a_store_keeps_the_largest_pairs(void **state) {
  (void)state;
  place p = open_covered();
  char store[SCRATCH_PATH_BYTES + 8];
  snprintf(store, sizeof store, "sqlite:%s", scratch_path(&p.folder, "a.db"));
  explained(&p, EXPLAIN(&p, "-q", "--method=exact", "--interactions", "--top=1", "--out", store));
  // Only age and income do anything together.
  assert_int_equal(
      store_query_int(store + 7,
                      "SELECT count(*) FROM apo_long_pairs WHERE row_ord = 0 AND first = 'age' "
                      "AND second = 'income'"),
      1);
  scratch_close(&p.folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_mean_of_magnitudes_needs_no_rows),
      cmocka_unit_test(the_largest_of_a_row_are_for_stores),
      cmocka_unit_test(sampled_methods_refuse_what_only_exact_ones_give),
      cmocka_unit_test(the_help_shows_every_choice),
      cmocka_unit_test(values_along_the_covers_need_no_background),
      cmocka_unit_test(a_background_makes_values_exact),
      cmocka_unit_test(interactions_are_a_matrix_whose_rows_sum_to_the_values),
      cmocka_unit_test(values_that_do_not_sum_to_the_output_say_so),
      cmocka_unit_test(a_store_keeps_the_largest_pairs),
  };
  return cmocka_run_group_tests_name("cli_interactions", tests, NULL, NULL);
}
