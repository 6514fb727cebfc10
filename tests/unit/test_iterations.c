/* test_iterations.c - parts of a model are read as iteration_range reads them. */
#include "engine/model/iterations.h"

#include <math.h>

#include "tests/support/fixture_case.h"
#include "tests/support/random_forest.h"

#define FOLDER "tests/fixtures/xgboost"

static apo_status read_part(
    const char *path, uint64_t begin, uint64_t end, apo_model **out, apo_error *err) {
  const apo_bytes bytes = apo_fixture_read(path);
  const apo_read_options options = {
      .struct_bytes = sizeof options, .iteration_begin = begin, .iteration_end = end};
  const apo_status status = apo_model_read_part(bytes.at, bytes.n_bytes, &options, out, err);
  free((void *)(uintptr_t)bytes.at);
  return status;
}

static apo_model *part_of(const char *path, uint64_t begin, uint64_t end) {
  apo_error err;
  apo_model *model = NULL;
  assert_ok(read_part(path, begin, end, &model, &err), &err);
  return model;
}

static void add_margin(const apo_model *model, const double *row, double sign, double *sum) {
  apo_error err;
  double margin[16];
  assert_ok(apo_model_margin(model, row, margin, &err), &err);
  for (uint32_t k = 0; k < model->n_outputs; ++k) sum[k] += sign * (margin[k] - model->base[k]);
}

// Every tree is in exactly one part, so parts add up to the whole.
static void assert_parts_add_up(const apo_model *whole, apo_model *const parts[], size_t n_parts) {
  apo_random random = apo_random_start(5);
  for (int row = 0; row < 50; ++row) {
    double values[16];
    double sum[16] = {0};
    assert_true(whole->n_columns <= 16 && whole->n_outputs <= 16);
    for (uint32_t column = 0; column < whole->n_columns; ++column) {
      values[column] = apo_random_below(&random, 8) == 0 ? (double)NAN : apo_random_number(&random);
    }
    add_margin(whole, values, 1.0, sum);
    for (size_t i = 0; i < n_parts; ++i) add_margin(parts[i], values, -1.0, sum);
    for (uint32_t k = 0; k < whole->n_outputs; ++k) assert_true(fabs(sum[k]) < 1e-12);
  }
}

static void parts_of_every_kind_of_booster_add_up(void **state) {
  (void)state;
  static const char *const paths[] = {
      FOLDER "/logistic_1_2_1.json",     FOLDER "/logistic_3_4_1.ubj",
      FOLDER "/parallel_3_4_1.json",     FOLDER "/dart_2_1_4.json",
      FOLDER "/dart_3_4_1.ubj",          FOLDER "/vector_leaves_2_1_4.json",
      FOLDER "/vector_leaves_3_4_1.ubj", FOLDER "/category_sets_3_4_1.json",
  };
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; ++i) {
    apo_model *whole = apo_fixture_model(paths[i]);
    assert_true(whole->trees_per_iteration > 0);
    const uint64_t n = whole->forest->n_trees / whole->trees_per_iteration;
    assert_true(n >= 2);
    apo_model *parts[] = {part_of(paths[i], 0, 1), part_of(paths[i], 1, 0)};
    assert_int_equal(parts[0]->forest->n_trees, whole->trees_per_iteration);
    assert_parts_add_up(whole, parts, 2);
    apo_model_destroy(&parts[0]);
    apo_model_destroy(&parts[1]);
    apo_model_destroy(&whole);
  }
}

static void several_trees_an_iteration_are_counted(void **state) {
  (void)state;
  apo_model *model = apo_fixture_model(FOLDER "/parallel_3_4_1.json");
  assert_int_equal(model->trees_per_iteration, 9); /* 3 classes x 3 parallel trees */
  apo_model_destroy(&model);
}

static void the_best_iteration_can_be_asked_for(void **state) {
  (void)state;
  apo_model *whole = apo_fixture_model(FOLDER "/stopped_3_4_1.json");
  const uint64_t n_best = (uint64_t)whole->best_iteration + 1;
  apo_model *best = part_of(FOLDER "/stopped_3_4_1.json", 0, APO_BEST_ITERATION);
  apo_model *same = part_of(FOLDER "/stopped_3_4_1.json", 0, n_best);
  assert_true(n_best < whole->forest->n_trees);
  assert_int_equal(best->forest->n_trees, n_best);
  assert_int_equal(best->best_iteration, whole->best_iteration);
  assert_string_equal(best->digest, same->digest);
  assert_string_not_equal(best->digest, whole->digest);
  apo_model_destroy(&best);
  apo_model_destroy(&same);
  apo_model_destroy(&whole);
}

static void the_whole_range_is_the_model_itself(void **state) {
  (void)state;
  apo_model *whole = apo_fixture_model(FOLDER "/stopped_3_4_1.json");
  apo_model *same = part_of(FOLDER "/stopped_3_4_1.json", 0, whole->forest->n_trees);
  assert_int_equal(same->forest->n_trees, whole->forest->n_trees);
  assert_string_equal(same->digest, whole->digest);
  apo_model_destroy(&same);
  apo_model_destroy(&whole);
}

static void ranges_that_are_not_there_are_refused(void **state) {
  (void)state;
  apo_error err;
  apo_model *model = NULL;
  const char *path = FOLDER "/logistic_1_2_1.json";
  assert_fails(read_part(path, 0, 1000, &model, &err), APO_ERR_ARGUMENT, &err,
               "iterations: 0 to 1000, the model has ");
  assert_fails(read_part(path, 3, 3, &model, &err), APO_ERR_ARGUMENT, &err, "iterations: 3 to 3");
  assert_fails(read_part(path, 0, APO_BEST_ITERATION, &model, &err), APO_ERR_ARGUMENT, &err,
               "states no best one");
  assert_fails(read_part(FOLDER "/linear_one_3_4_1.json", 0, 1, &model, &err), APO_ERR_UNSUPPORTED,
               &err, "iterations: the model states none");
  assert_null(model);
}

static void an_average_is_over_the_iterations_that_are_kept(void **state) {
  (void)state;
  apo_error err;
  const apo_random_spec spec = {.seed = 3,
                                .n_columns = 4,
                                .n_outputs = 2,
                                .n_trees = 12,
                                .max_depth = 3,
                                .linear_share = 0.5};
  apo_model *whole = apo_random_model(&spec);
  apo_model *part = apo_random_model(&spec);
  uint64_t end = 5;
  bool is_part = false;
  whole->forest->divide = 6.0;
  part->forest->divide = 6.0;
  part->trees_per_iteration = 2;
  assert_ok(apo_model_keep_iterations(part, 2, &end, &is_part, &err), &err);
  assert_true(is_part);
  assert_ok(apo_model_seal(part, &err), &err);
  assert_true(part->forest->divide == 3.0);

  const double row[] = {0.1, -0.4, 1.2, 0.3};
  double wanted[2] = {0};
  for (uint32_t tree = 4; tree < 10; ++tree) {
    const apo_forest *f = whole->forest;
    const uint64_t leaf = apo_tree_leaf(f, tree, row);
    const double value = f->leaf_value[f->value_begin[tree] + leaf];
    wanted[f->tree_output[tree]] +=
        f->tree_weight[tree] * apo_linear_leaf(f, f->leaf_begin[tree] + leaf, value, row) / 3.0;
  }
  double margin[2];
  assert_ok(apo_model_margin(part, row, margin, &err), &err);
  for (int k = 0; k < 2; ++k) {
    assert_true(fabs(margin[k] - part->base[k] - wanted[k]) < 1e-12);
  }
  apo_model_destroy(&whole);
  apo_model_destroy(&part);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parts_of_every_kind_of_booster_add_up),
      cmocka_unit_test(several_trees_an_iteration_are_counted),
      cmocka_unit_test(the_best_iteration_can_be_asked_for),
      cmocka_unit_test(the_whole_range_is_the_model_itself),
      cmocka_unit_test(ranges_that_are_not_there_are_refused),
      cmocka_unit_test(an_average_is_over_the_iterations_that_are_kept),
  };
  return cmocka_run_group_tests_name("iterations", tests, NULL, NULL);
}
