/* Path-dependent values of forests with trees that are walked whole (stage tree_path) equal the
 * definition; unit.tree_programs has the trees that a plan would rather make tables of. */
#include "tests/support/exact_case.h"
#include "tests/support/made_forest.h"

enum { N_ROWS = 40 };

static const apo_index indices[] = {APO_INDEX_SHAPLEY, APO_INDEX_BANZHAF};

// Else a test below would hold the tables to the definition once more.
static void assert_walked_whole(const explain_case *c, const apo_request *request) {
  apo_request full = *request;
  full.struct_bytes = sizeof full;
  apo_plan *plan = NULL;
  apo_error err;
  assert_ok(apo_plan_create(c->model, NULL, &full, exact_devices[0], &plan, &err), &err);
  assert_non_null(strstr(apo_plan_text(plan), "walked whole"));
  apo_plan_destroy(&plan);
}

static void check(exact_world *w, const char *what) {
  for (size_t i = 0; i < sizeof indices / sizeof *indices; ++i) {
    const apo_request with = {.method = APO_METHOD_PATH, .index = indices[i]};
    assert_walked_whole(&w->path, &with);
    check_leaves(&w->path, &with, what);
  }
}

static void check_spec(const apo_random_spec *spec, const char *what) {
  exact_world w = exact_world_make(spec, N_ROWS, 1, NULL);
  check(&w, what);
  exact_world_free(&w);
}

static void many_columns(void **state) {
  (void)state;
  for (uint32_t n = 14; n <= 32; n += 6) {
    const apo_random_spec spec = {.seed = n,
                                  .n_columns = n,
                                  .n_outputs = 1,
                                  .n_trees = 2,
                                  .max_depth = 10 + n / 3,
                                  .split_share = 0.62,
                                  .cast_f32 = true,
                                  .has_covers = true};
    check_spec(&spec, "many columns");
  }
}

static void chains_of_as_many_players_as_points_allow(void **state) {
  (void)state;
  for (uint32_t n = 23; n <= 32; n += 9) {
    made_forest made = made_open(n, 1);
    for (uint64_t seed = 0; seed < 3; ++seed) made_chain(&made, n, seed);
    double *rows = made_chain_rows(7, n, N_ROWS + 1);
    exact_world w = exact_world_of(made_model(&made), rows, N_ROWS, 1, NULL);
    check(&w, "chains");
    exact_world_free(&w);
  }
}

static void a_class_for_each_tree(void **state) {
  (void)state;
  const apo_random_spec spec = {.seed = 41,
                                .n_columns = 18,
                                .n_outputs = 3,
                                .n_trees = 6,
                                .max_depth = 14,
                                .split_share = 0.65,
                                .has_covers = true,
                                .link = APO_LINK_SOFTMAX};
  check_spec(&spec, "three classes");
}

// Some trees are worth tables, some are walked: the sums are one.
static void deep_trees_among_shallow_ones(void **state) {
  (void)state;
  made_forest made = made_open(16, 1);
  for (uint64_t seed = 0; seed < 6; ++seed) {
    made_chain(&made, seed % 2 == 0 ? 16 : 3, seed);
    made_stump(&made, (uint32_t)seed, 0.25, -1.0, 2.0);
  }
  double *rows = made_chain_rows(9, 16, N_ROWS + 1);
  exact_world w = exact_world_of(made_model(&made), rows, N_ROWS, 1, NULL);
  check(&w, "deep and shallow");
  exact_world_free(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(many_columns),
      cmocka_unit_test(chains_of_as_many_players_as_points_allow),
      cmocka_unit_test(a_class_for_each_tree),
      cmocka_unit_test(deep_trees_among_shallow_ones),
  };
  return cmocka_run_group_tests_name("axiom.tree_path", tests, exact_devices_open,
                                     exact_devices_close);
}
