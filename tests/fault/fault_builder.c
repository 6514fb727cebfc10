/* fault_builder.c - building and sealing a model survives each allocation that can fail. */
#include <stdlib.h>

#include "engine/forest/builder.h"
#include "engine/model/model.h"
#include "tests/support/apo_test.h"
#include "tests/support/failing_heap.h"

enum { N_INNER = 200 };

/* A chain: inner node i has leaf N_INNER + i on its left and inner node i + 1 on its right. */
static apo_status chain_node(void *context, uint64_t node, apo_node_spec *out, apo_error *err) {
  (void)context;
  (void)err;
  out->is_leaf = node >= N_INNER;
  out->cover = 1.0;
  if (out->is_leaf) return APO_OK;
  out->column = (uint32_t)(node % 3);
  out->op = node == 0 ? APO_OP_IN : APO_OP_LT;
  out->left = (int64_t)node + N_INNER;
  out->right = (int64_t)node + 1 < N_INNER ? (int64_t)node + 1 : 2 * N_INNER;
  return APO_OK;
}

static apo_status chain_leaf(void *context, uint64_t node, double *values, apo_error *err) {
  (void)context;
  (void)err;
  values[0] = (double)node;
  values[1] = 1.0;
  return APO_OK;
}

static apo_status linear_leaf(void *context, uint64_t node, double *values, apo_error *err) {
  (void)context;
  (void)err;
  values[0] = (double)node;
  return APO_OK;
}

static apo_status chain_terms(void *context, uint64_t node, apo_leaf_terms *out, apo_error *err) {
  (void)context;
  (void)err;
  static const uint32_t columns[] = {2, 0};
  static const double coefficients[] = {1.0, 2.0};
  *out = (apo_leaf_terms){1.0, columns, coefficients, (uint32_t)(node % 2 * 2)};
  return APO_OK;
}

static apo_status build_forest(apo_forest **out, apo_error *err) {
  const apo_forest_head head = {
      .n_columns = 3, .n_outputs = 2, .cover_kind = APO_COVER_COUNT, .scale = 1.0, .divide = 1.0};
  const apo_tree_spec tree = {.n_nodes = 2 * N_INNER + 1,
                              .output = APO_TREE_VECTOR,
                              .weight = 1.0,
                              .node = chain_node,
                              .leaf = chain_leaf};
  const apo_tree_spec linear = {.n_nodes = 2 * N_INNER + 1,
                                .weight = 1.0,
                                .node = chain_node,
                                .leaf = linear_leaf,
                                .terms = chain_terms};
  static const uint32_t codes[] = {3, 1, 2};
  apo_builder *builder = NULL;
  uint32_t set = 0;
  apo_status status = apo_builder_create(&head, &builder, err);
  if (status == APO_OK) status = apo_builder_add_set(builder, codes, 3, &set, err);
  for (int i = 0; i < 3 && status == APO_OK; ++i) {
    status = apo_builder_add_tree(builder, i == 1 ? &linear : &tree, err);
  }
  if (status == APO_OK) status = apo_builder_finish(&builder, out, err);
  apo_builder_destroy(&builder);
  return status;
}

static apo_status build_model(apo_model **out, apo_error *err) {
  apo_model *model = NULL;
  *out = NULL;
  apo_status status = apo_model_new(&model, err);
  if (status != APO_OK) goto done;
  model->n_columns = 3;
  model->n_outputs = 2;
  status = build_forest(&model->forest, err);
  for (int i = 0; i < 3 && status == APO_OK; ++i) {
    static const char *const names[] = {"a", "b", "c"};
    status = apo_names_add(&model->column_names, names[i], 1, err);
  }
  if (status != APO_OK) goto done;
  model->base = calloc(2, sizeof *model->base);
  status = model->base != NULL ? apo_model_seal(model, err) : APO_ERR_MEMORY;
  if (status != APO_OK) goto done;
  *out = model;
  model = NULL;

done:
  apo_model_destroy(&model);
  return status;
}

static void each_failed_allocation_is_reported_and_nothing_leaks(void **state) {
  (void)state;
  apo_error err;
  apo_model *model = NULL;
  apo_status status = APO_ERR_MEMORY;
  for (long n_granted = 0; status != APO_OK; ++n_granted) {
    heap_start(n_granted);
    status = build_model(&model, &err);
    const bool refused = heap_end();
    assert_int_equal(refused, status != APO_OK);
    if (refused) {
      assert_int_equal(status, APO_ERR_MEMORY);
      assert_null(model);
    }
    apo_model_destroy(&model);
    assert_int_equal(heap_live(), 0);
    assert_true(n_granted < 1000);
  }
  // 21 arrays grow by doubling to 600 nodes; the rest is fixed.
  assert_true(heap_requests() > 50);
}

static void a_builder_whose_finish_failed_can_still_be_used(void **state) {
  (void)state;
  const apo_forest_head head = {
      .n_columns = 3, .n_outputs = 2, .cover_kind = APO_COVER_COUNT, .scale = 1.0, .divide = 1.0};
  const apo_tree_spec tree = {.n_nodes = 2 * N_INNER + 1,
                              .output = APO_TREE_VECTOR,
                              .weight = 1.0,
                              .node = chain_node,
                              .leaf = chain_leaf};
  static const uint32_t codes[] = {1};
  for (long n_granted = 0; n_granted < 17; ++n_granted) {
    apo_builder *builder = NULL;
    apo_forest *forest = NULL;
    uint32_t set = 0;
    apo_error err;
    assert_ok(apo_builder_create(&head, &builder, &err), &err);
    assert_ok(apo_builder_add_set(builder, codes, 1, &set, &err), &err);
    assert_ok(apo_builder_add_tree(builder, &tree, &err), &err);

    heap_start(n_granted);
    const apo_status status = apo_builder_finish(&builder, &forest, &err);
    (void)heap_end();

    assert_fails(status, APO_ERR_MEMORY, &err, "forest: room for");
    assert_null(forest);
    assert_non_null(builder);
    assert_ok(apo_builder_add_set(builder, codes, 1, &set, &err), &err);
    assert_ok(apo_builder_add_tree(builder, &tree, &err), &err);
    assert_ok(apo_builder_finish(&builder, &forest, &err), &err);
    assert_int_equal(forest->n_trees, 2);
    assert_int_equal(forest->n_sets, 2);
    apo_forest_destroy(&forest);
  }
}

static apo_status ignore_rows(void *context,
                              const apo_rows *rows,
                              double *outputs,
                              apo_error *err) {
  (void)context;
  (void)err;
  for (uint64_t row = 0; row < rows->n_rows; ++row) outputs[row] = 0.0;
  return APO_OK;
}

static void a_background_survives_each_failed_allocation(void **state) {
  (void)state;
  const apo_predictor predictor = {
      .struct_bytes = sizeof predictor, .n_columns = 2, .n_outputs = 1, .predict = ignore_rows};
  static const float values[] = {1, 2, 3, 4};
  const apo_rows rows = {values, 2, 2, 1, 2, APO_F32};
  const double weights[] = {1.0, 3.0};
  apo_model *model = NULL;
  apo_background *background = NULL;
  apo_error err;
  assert_ok(apo_model_wrap(&predictor, &model, &err), &err);
  apo_status status = APO_ERR_MEMORY;
  for (long n_granted = 0; status != APO_OK; ++n_granted) {
    heap_start(n_granted);
    status = apo_background_create(model, &rows, weights, &background, &err);
    const bool refused = heap_end();
    if (refused) assert_fails(status, APO_ERR_MEMORY, &err, "background: 2 rows of 2 columns");
    apo_background_destroy(&background);
    assert_int_equal(heap_live(), 0);
    assert_true(n_granted < 100);
  }
  apo_model_destroy(&model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_failed_allocation_is_reported_and_nothing_leaks),
      cmocka_unit_test(a_builder_whose_finish_failed_can_still_be_used),
      cmocka_unit_test(a_background_survives_each_failed_allocation),
  };
  return cmocka_run_group_tests_name("fault_builder", tests, NULL, NULL);
}
