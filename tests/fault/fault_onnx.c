/* fault_onnx.c - a large ONNX model takes little more than itself, and a small one that lies nothing.
 */
#include <limits.h>
#include <stdio.h>

#include "engine/readers/reader.h"
#include "tests/support/failing_heap.h"
#include "tests/support/onnx_bytes.h"

enum {
  DEPTH = 10,
  N_INNER = (1 << DEPTH) - 1,
  N_LEAVES = 1 << DEPTH,
  N_NODES = N_INNER + N_LEAVES
};

/** Bytes of any number. */
typedef struct draft {
  uint8_t *at;
  size_t n;
  size_t capacity;
} draft;

static void put(draft *out, const void *bytes, size_t n) {
  while (out->n + n > out->capacity) {
    out->capacity = 2 * out->capacity + 4096;
    out->at = realloc(out->at, out->capacity);
    assert_non_null(out->at);
  }
  memcpy(out->at + out->n, bytes, n);
  out->n += n;
}

static void put_varint(draft *out, uint64_t value) {
  for (; value > 127; value >>= 7) put(out, &(uint8_t){(uint8_t)(value | 128)}, 1);
  put(out, &(uint8_t){(uint8_t)value}, 1);
}

static void put_message(draft *out, uint32_t number, draft *inner) {
  put_varint(out, number << 3 | 2);
  put_varint(out, inner->n);
  put(out, inner->at, inner->n);
  inner->n = 0;
}

static void put_name(draft *out, uint32_t number, const char *text) {
  put_varint(out, number << 3 | 2);
  put_varint(out, strlen(text));
  put(out, text, strlen(text));
}

static uint32_t integer_of(const char *name, uint32_t tree, uint32_t at, uint32_t n_votes) {
  const bool is_inner = at < N_INNER;
  if (strstr(name, "treeids") != NULL) return tree;
  if (strcmp(name, "nodes_nodeids") == 0) return at;
  if (strcmp(name, "nodes_truenodeids") == 0) return is_inner ? 2 * at + 1 : 0;
  if (strcmp(name, "nodes_falsenodeids") == 0) return is_inner ? 2 * at + 2 : 0;
  if (strcmp(name, "target_nodeids") == 0) return N_INNER + at / n_votes;
  if (strcmp(name, "target_ids") == 0) return at % n_votes;
  return at % 2 * 50;  // a column
}

static void put_ints(
    draft *node, const char *name, uint32_t n_trees, uint32_t n_each, uint32_t n_votes) {
  draft attribute = {0};
  put_name(&attribute, 1, name);
  for (uint32_t tree = 0; tree < n_trees; ++tree) {
    for (uint32_t at = 0; at < n_each; ++at) {
      put_varint(&attribute, 8 << 3);
      put_varint(&attribute, integer_of(name, tree, at, n_votes));
    }
  }
  put_varint(&attribute, 20 << 3);
  put_varint(&attribute, 7);
  put_message(node, 5, &attribute);
  free(attribute.at);
}

static void put_floats(draft *node, const char *name, size_t n) {
  draft attribute = {0};
  put_name(&attribute, 1, name);
  for (size_t at = 0; at < n; ++at) {
    const float value = (float)(at % 1000) / 8;
    put_varint(&attribute, 7 << 3 | 5);
    put(&attribute, &value, sizeof value);
  }
  put_varint(&attribute, 20 << 3);
  put_varint(&attribute, 6);
  put_message(node, 5, &attribute);
  free(attribute.at);
}

static void put_modes(draft *node, uint32_t n_trees) {
  draft attribute = {0};
  put_name(&attribute, 1, "nodes_modes");
  for (uint32_t at = 0; at < n_trees * N_NODES; ++at) {
    put_name(&attribute, 9, at % N_NODES < N_INNER ? "BRANCH_LEQ" : "LEAF");
  }
  put_varint(&attribute, 20 << 3);
  put_varint(&attribute, 8);
  put_message(node, 5, &attribute);
  free(attribute.at);
}

static void put_info(draft *graph, uint32_t number, const char *name, int64_t n_columns) {
  apo_proto info;
  apo_onnx_info(&info, name, 1, n_columns, 2);
  draft copy = {0};
  put(&copy, info.at, info.n);
  put_message(graph, number, &copy);
  free(copy.at);
}

/** A regressor of `n_trees` full trees whose leaves have `n_votes` votes each. */
static draft large_model(uint32_t n_trees, uint32_t n_votes) {
  static const char *const nodes[] = {"nodes_treeids", "nodes_nodeids", "nodes_featureids",
                                      "nodes_truenodeids", "nodes_falsenodeids"};
  static const char *const votes[] = {"target_treeids", "target_nodeids", "target_ids"};
  draft node = {0};
  draft graph = {0};
  draft file = {0};
  apo_proto head;
  apo_onnx_node_begin(&head, "ai.onnx.ml", "TreeEnsembleRegressor", "X", "Y");
  apo_put_int(&head, "n_targets", n_votes);
  put(&node, head.at, head.n);
  for (size_t i = 0; i < 5; ++i) put_ints(&node, nodes[i], n_trees, N_NODES, n_votes);
  for (size_t i = 0; i < 3; ++i) put_ints(&node, votes[i], n_trees, N_LEAVES * n_votes, n_votes);
  put_floats(&node, "nodes_values", (size_t)n_trees * N_NODES);
  put_floats(&node, "target_weights", (size_t)n_trees * N_LEAVES * n_votes);
  put_modes(&node, n_trees);
  put_message(&graph, 1, &node);
  put_info(&graph, 11, "X", 51);
  put_info(&graph, 12, "Y", n_votes);
  put(&file, "\x08\x08", 2);
  put_message(&file, 7, &graph);
  put(&file,
      "\x42\x0e\x0a\x0a"
      "ai.onnx.ml"
      "\x10\x03",
      16);
  free(node.at);
  free(graph.at);
  return file;
}

static void a_large_model_takes_at_most_three_times_its_size(void **state) {
  (void)state;
  static const struct {
    uint32_t n_trees;
    uint32_t n_votes;
  } cases[] = {{300, 1}, {120, 8}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    draft file = large_model(cases[i].n_trees, cases[i].n_votes);
    if (file.n <= (16u << 20)) print_error("%zu bytes\n", file.n);
    assert_true(file.n > (16u << 20));
    apo_error err;
    apo_model *model = NULL;
    heap_start(LONG_MAX);
    const apo_status status = apo_model_read(file.at, file.n, &model, &err);
    const size_t peak_bytes = heap_peak_bytes();
    heap_end();
    assert_ok(status, &err);
    assert_int_equal(model->forest->n_trees, cases[i].n_trees);
    assert_int_equal(model->forest->n_leaves, (uint64_t)cases[i].n_trees * N_LEAVES);
    apo_model_destroy(&model);
    if (peak_bytes > 3 * file.n) print_error("%zu bytes for %zu\n", peak_bytes, file.n);
    assert_true(peak_bytes <= 3 * file.n);
    free(file.at);
  }
}

static void columns_that_are_only_claimed_cost_nothing(void **state) {
  (void)state;
  // Two steps of one number each, for a million columns.
  static apo_proto file;
  apo_proto scaler;
  apo_proto graph = {.n = 0};
  apo_onnx_node_begin(&scaler, "ai.onnx.ml", "Scaler", "X", "S");
  apo_put_floats(&scaler, "offset", (const float[]){1.0f}, 1);
  apo_put_floats(&scaler, "scale", (const float[]){2.0f}, 1);
  apo_proto_message(&graph, 1, &scaler);
  apo_onnx_file(&(apo_onnx_case){.in_graph = &graph, .input = "S", .n_columns = 1000000}, &file);
  apo_error err;
  apo_model *model = NULL;
  heap_start(LONG_MAX);
  const apo_status status = apo_model_read(file.at, file.n, &model, &err);
  const size_t peak_bytes = heap_peak_bytes();
  heap_end();
  assert_fails(status, APO_ERR_LIMIT, &err, "4 steps for 1000000 columns in a file of");
  assert_true(peak_bytes <= 64 * file.n + ((size_t)1 << 20));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_large_model_takes_at_most_three_times_its_size),
      cmocka_unit_test(columns_that_are_only_claimed_cost_nothing),
  };
  return cmocka_run_group_tests_name("fault_onnx", tests, NULL, NULL);
}
