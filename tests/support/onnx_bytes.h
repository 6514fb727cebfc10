/* onnx_bytes.h - ONNX files by hand, down to the byte, for what no library would write.
 *
 * The model is a tree of two leaves:  x0 <= 1 ? 10 : 20.  A test gives attributes in place of its
 * own, nodes around it, or other fields of the graph or the model.
 */
#ifndef APO_TESTS_SUPPORT_ONNX_BYTES_H
#define APO_TESTS_SUPPORT_ONNX_BYTES_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/apo_test.h"

enum { APO_PROTO_BYTES = 16384 };

typedef struct apo_proto {
  uint8_t at[APO_PROTO_BYTES];
  size_t n;
} apo_proto;

static inline void apo_proto_raw(apo_proto *out, const void *bytes, size_t n) {
  assert_true(n <= sizeof out->at - out->n);
  if (n > 0) memcpy(out->at + out->n, bytes, n);
  out->n += n;
}

static inline void apo_proto_varint(apo_proto *out, uint64_t value) {
  for (; value > 127; value >>= 7) apo_proto_raw(out, &(uint8_t){(uint8_t)(value | 128)}, 1);
  apo_proto_raw(out, &(uint8_t){(uint8_t)value}, 1);
}

static inline void apo_proto_integer(apo_proto *out, uint32_t number, int64_t value) {
  apo_proto_varint(out, number << 3);
  apo_proto_varint(out, (uint64_t)value);
}

static inline void apo_proto_bytes(apo_proto *out, uint32_t number, const void *bytes, size_t n) {
  apo_proto_varint(out, number << 3 | 2);
  apo_proto_varint(out, n);
  apo_proto_raw(out, bytes, n);
}

static inline void apo_proto_text(apo_proto *out, uint32_t number, const char *text) {
  apo_proto_bytes(out, number, text, strlen(text));
}

static inline void apo_proto_message(apo_proto *out, uint32_t number, const apo_proto *inner) {
  apo_proto_bytes(out, number, inner->at, inner->n);
}

static inline void apo_proto_float(apo_proto *out, uint32_t number, float value) {
  apo_proto_varint(out, number << 3 | 5);
  apo_proto_raw(out, &value, sizeof value);
}

/* --- attributes ------------------------------------------------------------------------------- */

static inline void apo_onnx_attribute_begin(apo_proto *out, const char *name) {
  out->n = 0;
  apo_proto_text(out, 1, name);
}

static inline void apo_put_ints(apo_proto *node,
                                const char *name,
                                const int64_t *values,
                                size_t n) {
  apo_proto attribute;
  apo_onnx_attribute_begin(&attribute, name);
  for (size_t i = 0; i < n; ++i) apo_proto_integer(&attribute, 8, values[i]);
  apo_proto_integer(&attribute, 20, 7);
  apo_proto_message(node, 5, &attribute);
}

static inline void apo_put_floats(apo_proto *node,
                                  const char *name,
                                  const float *values,
                                  size_t n) {
  apo_proto attribute;
  apo_onnx_attribute_begin(&attribute, name);
  for (size_t i = 0; i < n; ++i) apo_proto_float(&attribute, 7, values[i]);
  apo_proto_integer(&attribute, 20, 6);
  apo_proto_message(node, 5, &attribute);
}

/** Texts, ended by NULL. */
static inline void apo_put_texts(apo_proto *node, const char *name, const char *const *texts) {
  apo_proto attribute;
  apo_onnx_attribute_begin(&attribute, name);
  for (; *texts != NULL; ++texts) apo_proto_text(&attribute, 9, *texts);
  apo_proto_integer(&attribute, 20, 8);
  apo_proto_message(node, 5, &attribute);
}

static inline void apo_put_word(apo_proto *node, const char *name, const char *text) {
  apo_proto attribute;
  apo_onnx_attribute_begin(&attribute, name);
  apo_proto_text(&attribute, 4, text);
  apo_proto_integer(&attribute, 20, 3);
  apo_proto_message(node, 5, &attribute);
}

static inline void apo_put_int(apo_proto *node, const char *name, int64_t value) {
  apo_proto attribute;
  apo_onnx_attribute_begin(&attribute, name);
  apo_proto_integer(&attribute, 3, value);
  apo_proto_integer(&attribute, 20, 2);
  apo_proto_message(node, 5, &attribute);
}

static inline void apo_put_tensor(apo_proto *node, const char *name, const apo_proto *tensor) {
  apo_proto attribute;
  apo_onnx_attribute_begin(&attribute, name);
  apo_proto_message(&attribute, 5, tensor);
  apo_proto_integer(&attribute, 20, 4);
  apo_proto_message(node, 5, &attribute);
}

/* --- nodes ------------------------------------------------------------------------------------ */

static inline void apo_onnx_node_begin(
    apo_proto *out, const char *domain, const char *op, const char *input, const char *output) {
  out->n = 0;
  apo_proto_text(out, 1, input);
  apo_proto_text(out, 2, output);
  apo_proto_text(out, 3, op);
  apo_proto_text(out, 4, op);
  apo_proto_text(out, 7, domain);
}

typedef struct apo_onnx_case {
  const char *input;         /* of the model's node; NULL: the graph's */
  const char *output;        /* of the model's node; NULL: the graph's */
  const char *replaced;      /* an attribute that is left out */
  const apo_proto *instead;  /* attributes of the model's node in its place */
  const apo_proto *in_graph; /* further fields of the graph, before its nodes */
  const apo_proto *behind;   /* likewise, after them */
  const apo_proto *in_model; /* further fields of the model */
  const char *op;            /* NULL: TreeEnsembleRegressor */
  const char *prefix;        /* NULL: "target" */
  int64_t n_columns;         /* 0: one */
  int64_t element;           /* 0: float */
  bool no_import;
  bool no_leaves; /* `instead` has the votes */
} apo_onnx_case;

static inline bool apo_onnx_keeps(const apo_onnx_case *given, const char *name) {
  return given->replaced == NULL || strcmp(given->replaced, name) != 0;
}

static inline void apo_onnx_tree(const apo_onnx_case *given, apo_proto *node) {
  static const char *const modes[] = {"BRANCH_LEQ", "LEAF", "LEAF", NULL};
  static const struct {
    const char *name;
    int64_t values[3];
  } lists[] = {{"nodes_treeids", {0, 0, 0}},
               {"nodes_nodeids", {0, 1, 2}},
               {"nodes_featureids", {0, 0, 0}},
               {"nodes_truenodeids", {1, 0, 0}},
               {"nodes_falsenodeids", {2, 0, 0}}};
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; ++i) {
    if (apo_onnx_keeps(given, lists[i].name)) {
      apo_put_ints(node, lists[i].name, lists[i].values, 3);
    }
  }
  if (apo_onnx_keeps(given, "nodes_modes")) apo_put_texts(node, "nodes_modes", modes);
  if (apo_onnx_keeps(given, "nodes_values")) {
    apo_put_floats(node, "nodes_values", (const float[]){1.0f, 0.0f, 0.0f}, 3);
  }
}

static inline void apo_onnx_leaves(const apo_onnx_case *given, apo_proto *node) {
  static const struct {
    const char *name;
    int64_t values[2];
  } lists[] = {{"treeids", {0, 0}}, {"nodeids", {1, 2}}, {"ids", {0, 0}}};
  const char *prefix = given->prefix != NULL ? given->prefix : "target";
  char name[64];
  for (size_t i = 0; i < 3; ++i) {
    snprintf(name, sizeof name, "%s_%s", prefix, lists[i].name);
    if (apo_onnx_keeps(given, name)) apo_put_ints(node, name, lists[i].values, 2);
  }
  snprintf(name, sizeof name, "%s_weights", prefix);
  if (apo_onnx_keeps(given, name)) {
    apo_put_floats(node, name, (const float[]){10.0f, 20.0f}, 2);
  }
  if (given->prefix == NULL && apo_onnx_keeps(given, "n_targets")) {
    apo_put_int(node, "n_targets", 1);
  }
}

/** A ValueInfoProto of rows by `n_columns`. */
static inline void apo_onnx_info(
    apo_proto *out, const char *name, int64_t element, int64_t n_columns, int n_dims) {
  apo_proto dim = {.n = 0};
  apo_proto shape = {.n = 0};
  apo_proto tensor = {.n = 0};
  apo_proto type = {.n = 0};
  for (int i = 0; i < n_dims; ++i) {
    dim.n = 0;
    if (i > 0) apo_proto_integer(&dim, 1, n_columns);
    apo_proto_message(&shape, 1, &dim);
  }
  apo_proto_integer(&tensor, 1, element);
  apo_proto_message(&tensor, 2, &shape);
  apo_proto_message(&type, 1, &tensor);
  out->n = 0;
  apo_proto_text(out, 1, name);
  apo_proto_message(out, 2, &type);
}

/** The file of a case. */
static inline void apo_onnx_file(const apo_onnx_case *given, apo_proto *out) {
  static apo_proto node;
  static apo_proto graph;
  apo_proto part;
  const bool is_classifier = given->prefix != NULL;
  const char *op = given->op != NULL ? given->op : "TreeEnsembleRegressor";
  apo_onnx_node_begin(&node, "ai.onnx.ml", op, given->input != NULL ? given->input : "X",
                      is_classifier           ? "L"
                      : given->output != NULL ? given->output
                                              : "Y");
  if (is_classifier) apo_proto_text(&node, 2, given->output != NULL ? given->output : "Y");
  apo_onnx_tree(given, &node);
  if (!given->no_leaves) apo_onnx_leaves(given, &node);
  if (given->instead != NULL) apo_proto_raw(&node, given->instead->at, given->instead->n);
  graph.n = 0;
  if (given->in_graph != NULL) apo_proto_raw(&graph, given->in_graph->at, given->in_graph->n);
  apo_proto_message(&graph, 1, &node);
  if (given->behind != NULL) apo_proto_raw(&graph, given->behind->at, given->behind->n);
  apo_onnx_info(&part, "X", given->element != 0 ? given->element : 1,
                given->n_columns != 0 ? given->n_columns : 1, 2);
  apo_proto_message(&graph, 11, &part);
  apo_onnx_info(&part, "Y", 1, 1, 2);
  apo_proto_message(&graph, 12, &part);
  out->n = 0;
  apo_proto_integer(out, 1, 8);
  apo_proto_message(out, 7, &graph);
  if (given->in_model != NULL) apo_proto_raw(out, given->in_model->at, given->in_model->n);
  for (int i = 0; i < 2 && !given->no_import; ++i) {
    part.n = 0;
    apo_proto_text(&part, 1, i == 0 ? "" : "ai.onnx.ml");
    apo_proto_integer(&part, 2, i == 0 ? 21 : 3);
    apo_proto_message(out, 8, &part);
  }
}

#endif
