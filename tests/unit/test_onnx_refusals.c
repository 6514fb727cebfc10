/* test_onnx_refusals.c - what an ONNX file may not be, each refused by its name and place. */
#include "tests/support/scratch.h"

#include <math.h>

#include "engine/model/model.h"
#include "tests/support/onnx_bytes.h"

static void assert_file_refused(const apo_proto *file, apo_status expected, const char *words) {
  apo_error err;
  apo_model *model = NULL;
  uint8_t *copy = malloc(file->n);  // of its exact size, for the sanitizers
  assert_non_null(copy);
  memcpy(copy, file->at, file->n);
  const apo_status status = apo_model_read(copy, file->n, &model, &err);
  free(copy);
  assert_fails(status, expected, &err, words);
  assert_int_equal(strncmp(err.message, "onnx: ", 6), 0);
  assert_null(model);
}

static void assert_refused(const apo_onnx_case *given, apo_status expected, const char *words) {
  static apo_proto file;
  apo_onnx_file(given, &file);
  assert_file_refused(&file, expected, words);
}

/* --- external data ---------------------------------------------------------------------------- */

/** A tensor that says its data are at `location`. */
static void put_external(apo_proto *out, const char *name, const char *location, int64_t flag) {
  apo_proto entry = {.n = 0};
  apo_proto_text(&entry, 1, "location");
  apo_proto_text(&entry, 2, location);
  out->n = 0;
  apo_proto_integer(out, 1, 3);
  apo_proto_integer(out, 2, 1);
  apo_proto_text(out, 8, name);
  if (location[0] != '\0') apo_proto_message(out, 13, &entry);
  if (flag != 0) apo_proto_integer(out, 14, flag);
}

static void external_data_are_refused_wherever_they_lie(void **state) {
  (void)state;
  // A file that is there, with as many bytes as the tensor needs: reading it would succeed.
  scratch where = scratch_open();
  const char *there = scratch_write(&where, "weights.bin", "\0\0\0\0\0\0\0\0\0\0\0\0", 12);
  const char *const locations[] = {
      "weights.bin", "../../../etc/passwd", "/etc/passwd", "sub/../../x", "", there};
  for (size_t i = 0; i < sizeof locations / sizeof locations[0]; ++i) {
    for (int64_t flag = locations[i][0] == '\0' ? 1 : 0; flag < 2; ++flag) {
      apo_proto tensor;
      apo_proto in_graph = {.n = 0};
      apo_proto instead = {.n = 0};
      put_external(&tensor, "unused", locations[i], flag);
      apo_proto_message(&in_graph, 5, &tensor);
      assert_refused(&(apo_onnx_case){.in_graph = &in_graph}, APO_ERR_UNSUPPORTED,
                     "in another file (external data)");
      apo_put_tensor(&instead, "nodes_values_as_tensor", &tensor);
      assert_refused(&(apo_onnx_case){.replaced = "nodes_values", .instead = &instead},
                     APO_ERR_UNSUPPORTED, "nodes_values_as_tensor: byte ");
    }
  }
  scratch_close(&where);
}

/* --- the file --------------------------------------------------------------------------------- */

static void parts_of_a_file_that_are_not_read_are_refused(void **state) {
  (void)state;
  apo_proto part = {.n = 0};
  apo_proto_text(&part, 25, "");
  assert_refused(&(apo_onnx_case){.in_model = &part}, APO_ERR_UNSUPPORTED,
                 "a function of the model's own");
  part.n = 0;
  apo_proto_text(&part, 20, "");
  assert_refused(&(apo_onnx_case){.in_model = &part}, APO_ERR_UNSUPPORTED, "how to train");
  part.n = 0;
  apo_proto_text(&part, 7, "");
  assert_refused(&(apo_onnx_case){.in_model = &part}, APO_ERR_FORMAT, "a second graph");
  part.n = 0;
  apo_proto_text(&part, 15, "");
  assert_refused(&(apo_onnx_case){.in_graph = &part}, APO_ERR_UNSUPPORTED, "a sparse initializer");
}

static void operators_need_a_known_domain_that_is_imported(void **state) {
  (void)state;
  apo_proto part = {.n = 0};
  apo_proto import = {.n = 0};
  apo_proto_text(&import, 1, "com.microsoft");
  apo_proto_integer(&import, 2, 1);
  apo_proto_message(&part, 8, &import);
  assert_refused(&(apo_onnx_case){.in_model = &part}, APO_ERR_UNSUPPORTED,
                 "operators of domain \"com.microsoft\"");
  import.n = part.n = 0;
  apo_proto_text(&import, 1, "ai.onnx.ml");
  apo_proto_integer(&import, 2, 6);
  apo_proto_message(&part, 8, &import);
  assert_refused(&(apo_onnx_case){.in_model = &part}, APO_ERR_UNSUPPORTED, "ai.onnx.ml 6 is not");
  assert_refused(&(apo_onnx_case){.no_import = true}, APO_ERR_FORMAT,
                 "no opset_import for domain \"ai.onnx.ml\"");
}

static void a_field_of_the_wrong_wire_type_is_refused_with_its_byte(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t n;
    const char *words;
  } cases[] = {
      {"\x08\x08\x3a\x05\x0a", 5, "byte 3: a length of 5, but 1 bytes remain"},
      {"\x08\x08\x3a\xff\xff\xff\xff\xff\xff", 9, "byte 3: a cut or overlong length"},
      {"\x08\x08\x12\x00\x38\x01", 6, "byte 4: field 7: wire type 0, needs 2"},
      {"\x08\x08\x12\x00\x3b\x3c", 6, "byte 4: field 7: wire type 3, needs 0, 1, 2 or 5"},
      {"\x08\x08\x12\x00\x00\x00", 6, "byte 4: field number 0"},
      {"\x08\x08\x12\x00\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 16,
       "byte 5: a cut or overlong number"},
      {"\x08\x08\x12\x00\x29\x01\x02", 7, "byte 5: a cut or overlong number"},
      {"\x08\x08\x12\x00", 4, "byte 4: no graph, needs one"},
      {"\x08\x08\x12\x00\x3a\x00", 6, "graph: no input"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    apo_proto file = {.n = 0};
    apo_proto_raw(&file, cases[i].bytes, cases[i].n);
    assert_file_refused(&file, APO_ERR_FORMAT, cases[i].words);
  }
}

/* --- the graph -------------------------------------------------------------------------------- */

static void put_node(apo_proto *out, const apo_proto *node) {
  apo_proto_message(out, 1, node);
}

static void an_operator_that_is_not_read_is_refused_by_name(void **state) {
  (void)state;
  apo_proto node;
  apo_proto graph = {.n = 0};
  apo_onnx_node_begin(&node, "", "Tanh", "X", "T");
  put_node(&graph, &node);
  assert_refused(&(apo_onnx_case){.in_graph = &graph, .input = "T"}, APO_ERR_UNSUPPORTED,
                 "node \"Tanh\" (Tanh): an operator that is not read before a model");
  graph.n = 0;
  apo_onnx_node_begin(&node, "", "Relu", "S", "Y");
  put_node(&graph, &node);
  assert_refused(&(apo_onnx_case){.behind = &graph, .output = "S"}, APO_ERR_UNSUPPORTED,
                 "node \"Relu\" (Relu): an operator that is not read behind a model");
  graph.n = 0;
  apo_onnx_node_begin(&node, "ai.onnx.ml", "Imputer", "X", "T");
  put_node(&graph, &node);
  assert_refused(&(apo_onnx_case){.in_graph = &graph, .input = "T"}, APO_ERR_UNSUPPORTED,
                 "(Imputer)");
  graph.n = 0;
  apo_onnx_node_begin(&node, "somebody.else", "Cast", "X", "T");
  put_node(&graph, &node);
  assert_refused(&(apo_onnx_case){.in_graph = &graph, .input = "T"}, APO_ERR_UNSUPPORTED,
                 "domain \"somebody.else\" is not known");
  assert_refused(&(apo_onnx_case){.op = "SVMRegressor"}, APO_ERR_UNSUPPORTED, "(SVMRegressor)");
}

static void control_flow_and_references_are_refused(void **state) {
  (void)state;
  apo_proto node;
  apo_proto attribute = {.n = 0};
  apo_proto graph = {.n = 0};
  apo_proto_text(&attribute, 1, "then_branch");
  apo_proto_text(&attribute, 6, "");
  apo_onnx_node_begin(&node, "", "If", "X", "T");
  apo_proto_message(&node, 5, &attribute);
  put_node(&graph, &node);
  assert_refused(&(apo_onnx_case){.in_graph = &graph}, APO_ERR_UNSUPPORTED, "control flow");
  attribute.n = graph.n = 0;
  apo_proto_text(&attribute, 1, "to");
  apo_proto_text(&attribute, 21, "to");
  apo_onnx_node_begin(&node, "", "Cast", "X", "T");
  apo_proto_message(&node, 5, &attribute);
  put_node(&graph, &node);
  assert_refused(&(apo_onnx_case){.in_graph = &graph}, APO_ERR_UNSUPPORTED,
                 "a reference to a function's attribute");
}

static void a_graph_is_one_line_with_one_model(void **state) {
  (void)state;
  apo_proto node;
  apo_proto info;
  apo_proto graph = {.n = 0};
  apo_onnx_node_begin(&node, "ai.onnx.ml", "LinearRegressor", "X", "Z");
  put_node(&graph, &node);
  assert_refused(&(apo_onnx_case){.behind = &graph}, APO_ERR_UNSUPPORTED,
                 "(LinearRegressor): a second model");
  graph.n = 0;
  apo_onnx_info(&info, "second", 1, 1, 2);
  apo_proto_message(&graph, 11, &info);
  assert_refused(&(apo_onnx_case){.in_graph = &graph}, APO_ERR_UNSUPPORTED,
                 "a second input \"X\", needs one table");
  graph.n = 0;
  apo_onnx_node_begin(&node, "", "Exp", "S", "Y");
  put_node(&graph, &node);
  apo_onnx_node_begin(&node, "", "Sigmoid", "S", "Z");
  put_node(&graph, &node);
  assert_refused(&(apo_onnx_case){.behind = &graph, .output = "S"}, APO_ERR_UNSUPPORTED,
                 "(Sigmoid): a second branch from \"S\"");
  graph.n = 0;
  apo_onnx_node_begin(&node, "", "Exp", "Y", "Z");
  put_node(&graph, &node);
  assert_refused(&(apo_onnx_case){.behind = &graph}, APO_ERR_UNSUPPORTED,
                 "output \"Y\" is not what the model ends in");
  assert_refused(&(apo_onnx_case){.output = "S"}, APO_ERR_FORMAT, "output \"Y\"");
  assert_refused(&(apo_onnx_case){.input = "nobody"}, APO_ERR_FORMAT,
                 "input \"nobody\" is no tensor of the nodes before");
  assert_refused(&(apo_onnx_case){.output = "X"}, APO_ERR_FORMAT, "two tensors are named \"X\"");
  assert_refused(&(apo_onnx_case){.element = 7}, APO_ERR_UNSUPPORTED,
                 "an input of element type 7, needs 1 (float) or 11 (double)");
  assert_refused(&(apo_onnx_case){.n_columns = 1000001}, APO_ERR_LIMIT, "1000001 columns");
}

static void sums_and_links_are_read_only_where_they_are_exact(void **state) {
  (void)state;
  apo_proto node;
  apo_proto graph = {.n = 0};
  apo_onnx_node_begin(&node, "", "Exp", "S", "E");
  put_node(&graph, &node);
  apo_onnx_node_begin(&node, "", "Sigmoid", "E", "Y");
  put_node(&graph, &node);
  assert_refused(&(apo_onnx_case){.behind = &graph, .output = "S"}, APO_ERR_UNSUPPORTED,
                 "a link behind another link");
  graph.n = 0;
  apo_onnx_node_begin(&node, "ai.onnx.ml", "Normalizer", "S", "Y");
  apo_put_word(&node, "norm", "L2");
  put_node(&graph, &node);
  assert_refused(&(apo_onnx_case){.behind = &graph, .output = "S"}, APO_ERR_UNSUPPORTED,
                 "norm L2 behind link identity");
  graph.n = 0;
  apo_onnx_node_begin(&node, "", "Cast", "X", "T");
  apo_put_int(&node, "to", 7);
  put_node(&graph, &node);
  assert_refused(&(apo_onnx_case){.in_graph = &graph, .input = "T"}, APO_ERR_UNSUPPORTED,
                 "rows to type 7");
}

/* --- trees ------------------------------------------------------------------------------------ */

static void refuse_ints(
    const char *name, const int64_t *values, size_t n, apo_status expected, const char *words) {
  apo_proto instead = {.n = 0};
  apo_put_ints(&instead, name, values, n);
  assert_refused(&(apo_onnx_case){.replaced = name, .instead = &instead}, expected, words);
}

#define INTS(...) (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / 8

static void nodes_that_are_no_tree_are_refused_with_their_place(void **state) {
  (void)state;
  refuse_ints("nodes_truenodeids", INTS(3, 0, 0), APO_ERR_FORMAT,
              "tree 0: node 0: child 3 is no node of tree id 0");
  refuse_ints("nodes_truenodeids", INTS(-1, 0, 0), APO_ERR_FORMAT, "child -1 is no node");
  refuse_ints("nodes_truenodeids", INTS(0, 0, 0), APO_ERR_FORMAT, "child 0 is reached twice");
  refuse_ints("nodes_truenodeids", INTS(2, 0, 0), APO_ERR_FORMAT, "child 2 is reached twice");
  refuse_ints("nodes_nodeids", INTS(0, 1, 1), APO_ERR_FORMAT, "tree id 0: node id 1 twice");
  refuse_ints("nodes_nodeids", INTS(2, 1, 0), APO_ERR_FORMAT, "tree 0: ");
  refuse_ints("nodes_nodeids", INTS(0, 1, INT64_C(1) << 32), APO_ERR_LIMIT,
              "nodes_nodeids[2]: 4294967296, needs 32 bits");
  refuse_ints("nodes_treeids", INTS(0, 0, 1), APO_ERR_FORMAT, "child 2 is no node of tree id 0");
  refuse_ints("nodes_featureids", INTS(1, 0, 0), APO_ERR_FORMAT, "column 1");
  refuse_ints("nodes_featureids", INTS(-1, 0, 0), APO_ERR_FORMAT, "nodes_featureids[0]: column -1");
  refuse_ints("nodes_featureids", INTS(0, 0), APO_ERR_FORMAT,
              "nodes_featureids: another length than nodes_treeids, of which 2 were read");
  refuse_ints("nodes_treeids", INTS(0, 0), APO_ERR_FORMAT, "nodes_nodeids: another length");
  refuse_ints("n_targets", INTS(1), APO_ERR_FORMAT, "n_targets: attribute type 7, needs 2");
}

static void modes_and_thresholds_are_known_and_finite(void **state) {
  (void)state;
  static const char *const modes[] = {"BRANCH_NEAR", "LEAF", "LEAF", NULL};
  apo_proto instead = {.n = 0};
  apo_put_texts(&instead, "nodes_modes", modes);
  assert_refused(&(apo_onnx_case){.replaced = "nodes_modes", .instead = &instead},
                 APO_ERR_UNSUPPORTED, "nodes_modes[0]: \"BRANCH_NEAR\" is not known");
  static const float thresholds[] = {NAN, -INFINITY};
  for (size_t i = 0; i < 2; ++i) {
    instead.n = 0;
    apo_put_floats(&instead, "nodes_values", (const float[]){thresholds[i], 0.0f, 0.0f}, 3);
    assert_refused(&(apo_onnx_case){.replaced = "nodes_values", .instead = &instead},
                   APO_ERR_FORMAT, "tree 0: node 0: ");
  }
}

static void votes_belong_to_leaves_and_outputs(void **state) {
  (void)state;
  refuse_ints("target_ids", INTS(0, 1), APO_ERR_FORMAT, "target_ids[1]: output 1 of 1");
  refuse_ints("target_ids", INTS(0, -1), APO_ERR_FORMAT, "target_ids[1]: output -1 of 1");
  refuse_ints("target_ids", INTS(0), APO_ERR_FORMAT, "target_treeids: another length");
  refuse_ints("target_nodeids", INTS(1, 1), APO_ERR_FORMAT,
              "leaf 1 of tree 0 votes twice for output 0");
  refuse_ints("target_nodeids", INTS(1, 0), APO_ERR_FORMAT,
              "tree id 0: 1 votes of nodes that are no leaves of it");
  refuse_ints("target_nodeids", INTS(1, 9), APO_ERR_FORMAT, "1 votes of nodes");
  refuse_ints("target_treeids", INTS(0, 5), APO_ERR_FORMAT, "1 votes of trees that are not there");
  apo_proto instead = {.n = 0};
  apo_put_floats(&instead, "target_weights", (const float[]){1.0f, INFINITY}, 2);
  assert_refused(&(apo_onnx_case){.replaced = "target_weights", .instead = &instead},
                 APO_ERR_FORMAT, "target_weights[1]: inf, needs a finite number");
}

static void what_libraries_compute_differently_is_refused(void **state) {
  (void)state;
  static const char *const transforms[] = {"LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"};
  for (size_t i = 0; i < 4; ++i) {
    apo_proto instead = {.n = 0};
    apo_put_word(&instead, "post_transform", transforms[i]);
    char words[64];
    snprintf(words, sizeof words, "post_transform %s", transforms[i]);
    assert_refused(&(apo_onnx_case){.instead = &instead}, APO_ERR_UNSUPPORTED, words);
  }
  static const char *const aggregates[] = {"MIN", "MAX", "MEDIAN"};
  for (size_t i = 0; i < 3; ++i) {
    apo_proto instead = {.n = 0};
    apo_put_word(&instead, "aggregate_function", aggregates[i]);
    assert_refused(&(apo_onnx_case){.instead = &instead}, APO_ERR_UNSUPPORTED, aggregates[i]);
  }
  apo_proto instead = {.n = 0};
  apo_put_floats(&instead, "base_values", (const float[]){1.0f, 2.0f}, 2);
  assert_refused(&(apo_onnx_case){.instead = &instead}, APO_ERR_UNSUPPORTED,
                 "2 base_values of 1 scores");
}

static void refuse_classes(const int64_t *ids,
                           const float *base,
                           size_t n_base,
                           const char *transform,
                           const char *words) {
  apo_proto instead = {.n = 0};
  apo_put_ints(&instead, "class_ids", ids, 2);
  apo_put_ints(&instead, "classlabels_int64s", (const int64_t[]){0, 1}, 2);
  if (n_base > 0) apo_put_floats(&instead, "base_values", base, n_base);
  apo_put_word(&instead, "post_transform", transform);
  const apo_onnx_case given = {.op = "TreeEnsembleClassifier",
                               .prefix = "class",
                               .replaced = "class_ids",
                               .instead = &instead};
  assert_refused(&given, APO_ERR_UNSUPPORTED, words);
}

static void two_classes_are_read_only_where_onnxruntime_is_consistent(void **state) {
  (void)state;
  static const float base[] = {0.5f, 0.25f};
  refuse_classes((const int64_t[]){1, 1}, base, 0, "NONE", "no vote for class 0");
  refuse_classes((const int64_t[]){0, 0}, base, 2, "NONE", "2 base_values of 1 scores");
  refuse_classes((const int64_t[]){0, 0}, base, 0, "SOFTMAX", "post_transform SOFTMAX");
  refuse_classes((const int64_t[]){0, 1}, base, 2, "NONE", "base_values of 2 classes");
  refuse_classes((const int64_t[]){0, 1}, base, 0, "NONE",
                 "no tree whose leaves all vote for output 1");
}

static void a_base_of_several_targets_needs_a_vote_in_every_row(void **state) {
  (void)state;
  apo_proto instead = {.n = 0};
  apo_put_int(&instead, "n_targets", 2);
  apo_put_floats(&instead, "base_values", (const float[]){1.0f, 2.0f}, 2);
  assert_refused(&(apo_onnx_case){.replaced = "n_targets", .instead = &instead},
                 APO_ERR_UNSUPPORTED, "no tree whose leaves all vote for output 1");
}

static void a_base_of_a_single_score_needs_a_vote_in_every_row(void **state) {
  (void)state;
  apo_proto instead = {.n = 0};
  apo_put_ints(&instead, "class_treeids", (const int64_t[]){0}, 1);
  apo_put_ints(&instead, "class_nodeids", (const int64_t[]){1}, 1);
  apo_put_ints(&instead, "class_ids", (const int64_t[]){0}, 1);
  apo_put_floats(&instead, "class_weights", (const float[]){0.5f}, 1);
  apo_put_ints(&instead, "classlabels_int64s", (const int64_t[]){0, 1}, 2);
  apo_put_floats(&instead, "base_values", (const float[]){0.5f}, 1);
  const apo_onnx_case given = {
      .op = "TreeEnsembleClassifier", .prefix = "class", .no_leaves = true, .instead = &instead};
  assert_refused(&given, APO_ERR_UNSUPPORTED, "no tree whose leaves all vote for output 0");
}

static void class_labels_are_two_or_more_of_one_type(void **state) {
  (void)state;
  static const char *const texts[] = {"a", "b", NULL};
  apo_proto instead = {.n = 0};
  apo_put_ints(&instead, "classlabels_int64s", (const int64_t[]){7}, 1);
  const apo_onnx_case given = {
      .op = "TreeEnsembleClassifier", .prefix = "class", .instead = &instead};
  assert_refused(&given, APO_ERR_UNSUPPORTED, "1 class labels, needs 2 or more");
  apo_put_texts(&instead, "classlabels_strings", texts);
  assert_refused(&given, APO_ERR_FORMAT, "needs one of them");
}

static void leaves_of_many_outputs_are_in_proportion_to_the_file(void **state) {
  (void)state;
  // Two votes, for the first and the last of 10000 outputs, in each of many small trees.
  enum { N_TREES = 30, N_NODES = 3 * N_TREES, N_VOTES = 2 * N_TREES };
  static apo_proto node;
  static apo_proto graph;
  static apo_proto file;
  int64_t trees[N_NODES], ids[N_NODES], yes[N_NODES], no[N_NODES];
  int64_t voters[N_VOTES], leaves[N_VOTES], outputs[N_VOTES];
  const char *modes[N_NODES + 1] = {NULL};
  static const float zeros[N_NODES];
  for (int at = 0; at < N_NODES; ++at) {
    trees[at] = at / 3;
    ids[at] = at % 3;
    yes[at] = at % 3 == 0 ? 1 : 0;
    no[at] = at % 3 == 0 ? 2 : 0;
    modes[at] = at % 3 == 0 ? "BRANCH_LEQ" : "LEAF";
  }
  for (int at = 0; at < N_VOTES; ++at) {
    voters[at] = at / 2;
    leaves[at] = 1 + at % 2;
    outputs[at] = at % 2 == 0 ? 0 : 9999;
  }
  apo_onnx_node_begin(&node, "ai.onnx.ml", "TreeEnsembleRegressor", "X", "Y");
  apo_put_ints(&node, "nodes_treeids", trees, N_NODES);
  apo_put_ints(&node, "nodes_nodeids", ids, N_NODES);
  apo_put_ints(&node, "nodes_featureids", (const int64_t[N_NODES]){0}, N_NODES);
  apo_put_ints(&node, "nodes_truenodeids", yes, N_NODES);
  apo_put_ints(&node, "nodes_falsenodeids", no, N_NODES);
  apo_put_texts(&node, "nodes_modes", modes);
  apo_put_floats(&node, "nodes_values", zeros, N_NODES);
  apo_put_ints(&node, "target_treeids", voters, N_VOTES);
  apo_put_ints(&node, "target_nodeids", leaves, N_VOTES);
  apo_put_ints(&node, "target_ids", outputs, N_VOTES);
  apo_put_floats(&node, "target_weights", zeros, N_VOTES);
  apo_put_int(&node, "n_targets", 10000);
  graph.n = file.n = 0;
  apo_proto info;
  apo_proto_message(&graph, 1, &node);
  apo_onnx_info(&info, "X", 1, 1, 2);
  apo_proto_message(&graph, 11, &info);
  apo_onnx_info(&info, "Y", 1, 1, 2);
  apo_proto_message(&graph, 12, &info);
  apo_proto import = {.n = 0};
  apo_proto_text(&import, 1, "ai.onnx.ml");
  apo_proto_integer(&import, 2, 3);
  apo_proto_integer(&file, 1, 8);
  apo_proto_message(&file, 7, &graph);
  apo_proto_message(&file, 8, &import);
  assert_file_refused(&file, APO_ERR_LIMIT, "most of them 0, in a file of");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(external_data_are_refused_wherever_they_lie),
      cmocka_unit_test(parts_of_a_file_that_are_not_read_are_refused),
      cmocka_unit_test(operators_need_a_known_domain_that_is_imported),
      cmocka_unit_test(a_field_of_the_wrong_wire_type_is_refused_with_its_byte),
      cmocka_unit_test(an_operator_that_is_not_read_is_refused_by_name),
      cmocka_unit_test(control_flow_and_references_are_refused),
      cmocka_unit_test(a_graph_is_one_line_with_one_model),
      cmocka_unit_test(sums_and_links_are_read_only_where_they_are_exact),
      cmocka_unit_test(nodes_that_are_no_tree_are_refused_with_their_place),
      cmocka_unit_test(modes_and_thresholds_are_known_and_finite),
      cmocka_unit_test(votes_belong_to_leaves_and_outputs),
      cmocka_unit_test(what_libraries_compute_differently_is_refused),
      cmocka_unit_test(two_classes_are_read_only_where_onnxruntime_is_consistent),
      cmocka_unit_test(a_base_of_several_targets_needs_a_vote_in_every_row),
      cmocka_unit_test(a_base_of_a_single_score_needs_a_vote_in_every_row),
      cmocka_unit_test(class_labels_are_two_or_more_of_one_type),
      cmocka_unit_test(leaves_of_many_outputs_are_in_proportion_to_the_file),
  };
  return cmocka_run_group_tests_name("onnx_refusals", tests, NULL, NULL);
}
