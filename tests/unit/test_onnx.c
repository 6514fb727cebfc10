/* test_onnx.c - every fixture predicts what onnxruntime predicted; what else a model is.
 *
 * onnxruntime sums leaves and products in float, we in double.  A sum of n floats is off by at most
 * (n - 1) half ulps of the sum of magnitudes, and the fixtures have few trees: 2e-6 of the
 * magnitudes is 16 ulps.  TreeEnsemble in double has no float anywhere.
 */
#include <math.h>
#include <stdio.h>

#include "tests/support/fixture_case.h"
#include "tests/support/onnx_bytes.h"

#define FOLDER           "tests/fixtures/onnx"
#define TOLERANCE        2e-6
#define DOUBLE_TOLERANCE 1e-14

static void every_fixture_predicts_what_onnxruntime_predicted(void **state) {
  (void)state;
  static apo_fixture_list list;
  list.n_paths = 0;
  apo_fixtures_add(&list, FOLDER, ".onnx");
  assert_true(list.n_paths >= 45);
  for (size_t i = 0; i < list.n_paths; ++i) apo_fixture_check(list.paths[i], TOLERANCE);
}

static void an_ensemble_in_double_is_equal_to_all_digits(void **state) {
  (void)state;
  apo_fixture_check(FOLDER "/trees_double.onnx", DOUBLE_TOLERANCE);
}

/* --- what is in a model ----------------------------------------------------------------------- */

static void a_model_is_described_by_its_file(void **state) {
  (void)state;
  apo_model *model = apo_fixture_model(FOLDER "/sk_forest_names.onnx");
  assert_string_equal(model->format, "onnx");
  assert_string_equal(model->library, "skl2onnx");
  assert_string_equal(model->library_version, "1.20.0");
  assert_string_equal(model->objective, "TreeEnsembleClassifier");
  assert_int_equal(model->n_columns, 4);
  assert_int_equal(model->output_names.n_names, 3);
  assert_string_equal(model->output_names.texts[0],
                      "h\xc3\xb6"
                      "chste");
  assert_string_equal(model->output_names.texts[2], "middle");
  assert_int_equal(model->forest->cover_kind, APO_COVER_NONE);
  assert_true(model->forest->cast_f32);
  apo_model_destroy(&model);
}

static void one_score_of_two_classes_is_named_after_the_second(void **state) {
  (void)state;
  apo_model *model = apo_fixture_model(FOLDER "/class_logistic.onnx");
  assert_int_equal(model->n_outputs, 1);
  assert_int_equal(model->output_names.n_names, 1);
  assert_string_equal(model->output_names.texts[0], "1000000000000");
  assert_int_equal(model->link.name, APO_LINK_SIGMOID);
  assert_false(model->margin_is_probability);
  apo_model_destroy(&model);
}

static void one_score_without_negative_votes_is_a_probability(void **state) {
  (void)state;
  apo_model *positive = apo_fixture_model(FOLDER "/sk_forest_two.onnx");
  apo_model *both_signs = apo_fixture_model(FOLDER "/class_signed.onnx");
  assert_true(positive->margin_is_probability);
  assert_false(both_signs->margin_is_probability);
  apo_model_destroy(&positive);
  apo_model_destroy(&both_signs);
}

static void doubles_are_cast_only_where_the_graph_casts_them(void **state) {
  (void)state;
  static const struct {
    const char *path;
    bool cast_f32;
  } cases[] = {{FOLDER "/modes_float.onnx", true},
               {FOLDER "/modes_double.onnx", false},
               {FOLDER "/modes_cast.onnx", true},
               {FOLDER "/sk_standard_forest_double.onnx", false},
               {FOLDER "/sk_standard_forest.onnx", true}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    apo_model *model = apo_fixture_model(cases[i].path);
    assert_int_equal(model->forest->cast_f32, cases[i].cast_f32);
    apo_model_destroy(&model);
  }
}

static void a_scaler_of_floats_rounds_after_each_step(void **state) {
  (void)state;
  apo_model *model = apo_fixture_model(FOLDER "/sk_standard_forest.onnx");
  static const apo_transform_op ops[] = {APO_TRANSFORM_FLOAT, APO_TRANSFORM_SUB,
                                         APO_TRANSFORM_FLOAT, APO_TRANSFORM_MUL};
  assert_int_equal(model->transform.n_steps, 4);
  for (uint32_t at = 0; at < 4; ++at) assert_int_equal(model->transform.steps[at].op, ops[at]);
  apo_model_destroy(&model);
}

static void trees_of_one_output_hold_one_number_a_leaf(void **state) {
  (void)state;
  apo_model *alone = apo_fixture_model(FOLDER "/sk_boosting_three.onnx");
  apo_model *vectors = apo_fixture_model(FOLDER "/sk_tree_three.onnx");
  assert_int_equal(alone->forest->tree_output[1], 1);
  assert_int_equal(vectors->forest->tree_output[0], APO_TREE_VECTOR);
  apo_model_destroy(&alone);
  apo_model_destroy(&vectors);
}

static void packed_lists_are_the_same_model(void **state) {
  (void)state;
  apo_model *plain = apo_fixture_model(FOLDER "/modes_float.onnx");
  apo_model *packed = apo_fixture_model(FOLDER "/modes_float_packed.onnx");
  const apo_forest *a = plain->forest;
  const apo_forest *b = packed->forest;
  assert_int_equal(a->n_nodes, b->n_nodes);
  assert_int_equal(a->n_values, b->n_values);
  assert_memory_equal(a->threshold, b->threshold, a->n_nodes * sizeof *a->threshold);
  assert_memory_equal(a->left, b->left, a->n_nodes * sizeof *a->left);
  assert_memory_equal(a->default_left, b->default_left, a->n_nodes);
  assert_memory_equal(a->leaf_value, b->leaf_value, a->n_values * sizeof *a->leaf_value);
  apo_model_destroy(&plain);
  apo_model_destroy(&packed);
}

/* --- models by hand --------------------------------------------------------------------------- */

static apo_model *read_case(const apo_onnx_case *given) {
  static apo_proto file;
  apo_error err;
  apo_model *model = NULL;
  apo_onnx_file(given, &file);
  assert_ok(apo_model_read(file.at, file.n, &model, &err), &err);
  return model;
}

static double margin_of(const apo_model *model, double value) {
  apo_error err;
  double margin = NAN;
  assert_ok(apo_model_margin(model, &value, &margin, &err), &err);
  return margin;
}

static void the_model_by_hand_is_the_one_that_is_drawn(void **state) {
  (void)state;
  apo_model *model = read_case(&(apo_onnx_case){0});
  assert_true(margin_of(model, 1.0) == 10.0);
  assert_true(margin_of(model, (double)nextafterf(1.0f, 2.0f)) == 20.0);
  assert_true(margin_of(model, (double)NAN) == 20.0);
  apo_model_destroy(&model);
}

static void an_infinite_threshold_splits_what_is_missing_from_the_rest(void **state) {
  (void)state;
  apo_proto values = {.n = 0};
  apo_put_floats(&values, "nodes_values", (const float[]){INFINITY, 0.0f, 0.0f}, 3);
  const apo_onnx_case given = {.replaced = "nodes_values", .instead = &values};
  apo_model *model = read_case(&given);
  assert_true(margin_of(model, (double)INFINITY) == 10.0);
  assert_true(margin_of(model, -1e30) == 10.0);
  assert_true(margin_of(model, (double)NAN) == 20.0);
  apo_model_destroy(&model);
}

// OP by a constant behind a sigmoid.
static apo_status read_behind_a_link(const char *op, float operand, apo_model **out) {
  static apo_proto file;
  apo_proto node;
  apo_proto bytes = {.n = 0};
  apo_proto constant = {.n = 0};
  apo_proto graph = {.n = 0};
  apo_error err;
  apo_proto_raw(&bytes, &operand, sizeof operand);
  apo_proto_integer(&constant, 1, 1);
  apo_proto_integer(&constant, 2, 1);
  apo_proto_text(&constant, 8, "c");
  apo_proto_message(&constant, 9, &bytes);
  apo_proto_message(&graph, 5, &constant);
  apo_onnx_node_begin(&node, "", "Sigmoid", "S", "P");
  apo_proto_message(&graph, 1, &node);
  apo_onnx_node_begin(&node, "", op, "P", "Y");
  apo_proto_text(&node, 1, "c");
  apo_proto_message(&graph, 1, &node);
  apo_onnx_file(&(apo_onnx_case){.behind = &graph, .output = "S"}, &file);
  return apo_model_read(file.at, file.n, out, &err);
}

static void what_changes_no_number_may_stand_behind_a_link(void **state) {
  (void)state;
  static const struct {
    const char *op;
    float nothing, something;
  } cases[] = {{"Mul", 1, 2}, {"Div", 1, 2}, {"Add", 0, 1}, {"Sub", 0, 1}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    apo_model *model = NULL;
    assert_int_equal(read_behind_a_link(cases[i].op, cases[i].nothing, &model), APO_OK);
    assert_int_equal(model->link.name, APO_LINK_SIGMOID);
    assert_true(margin_of(model, 1.0) == 10.0);
    apo_model_destroy(&model);
    assert_int_equal(read_behind_a_link(cases[i].op, cases[i].something, &model),
                     APO_ERR_UNSUPPORTED);
    assert_null(model);
  }
}

static void columns_are_counted_by_the_trees_where_the_graph_does_not_say(void **state) {
  (void)state;
  apo_proto columns = {.n = 0};
  apo_put_ints(&columns, "nodes_featureids", (const int64_t[]){6, 0, 0}, 3);
  // A dimension of 0 is what an unknown one reads as.
  static apo_proto file;
  const apo_onnx_case given = {
      .replaced = "nodes_featureids", .instead = &columns, .n_columns = 999};
  apo_onnx_file(&given, &file);
  uint8_t *dim = NULL;
  for (size_t at = 0; at + 3 <= file.n && dim == NULL; ++at) {
    if (memcmp(file.at + at, "\x08\xe7\x07", 3) == 0) dim = file.at + at;
  }
  assert_non_null(dim);
  dim[1] = 0x80;
  dim[2] = 0;
  apo_error err;
  apo_model *model = NULL;
  assert_ok(apo_model_read(file.at, file.n, &model, &err), &err);
  assert_int_equal(model->n_columns, 7);
  apo_model_destroy(&model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_fixture_predicts_what_onnxruntime_predicted),
      cmocka_unit_test(an_ensemble_in_double_is_equal_to_all_digits),
      cmocka_unit_test(a_model_is_described_by_its_file),
      cmocka_unit_test(one_score_of_two_classes_is_named_after_the_second),
      cmocka_unit_test(one_score_without_negative_votes_is_a_probability),
      cmocka_unit_test(doubles_are_cast_only_where_the_graph_casts_them),
      cmocka_unit_test(a_scaler_of_floats_rounds_after_each_step),
      cmocka_unit_test(trees_of_one_output_hold_one_number_a_leaf),
      cmocka_unit_test(packed_lists_are_the_same_model),
      cmocka_unit_test(the_model_by_hand_is_the_one_that_is_drawn),
      cmocka_unit_test(an_infinite_threshold_splits_what_is_missing_from_the_rest),
      cmocka_unit_test(what_changes_no_number_may_stand_behind_a_link),
      cmocka_unit_test(columns_are_counted_by_the_trees_where_the_graph_does_not_say),
  };
  return cmocka_run_group_tests_name("onnx", tests, NULL, NULL);
}
