/* onnx_split.c - what both kinds of tree ensembles share: how a node decides, how trees add up.
 *
 *   mode   true when       here
 *   LEQ    v <= t          le, the true child left
 *   LT     v <  t          lt, left
 *   GTE    v >= t          lt, right
 *   GT     v >  t          le, right
 *   EQ     v == t          eq, left
 *   NEQ    v != t          eq, right
 *   MEMBER v is in a set   in, left
 *
 * A missing value compares false, so that it is true only for NEQ, unless the node's flag in
 * nodes_missing_value_tracks_true makes it true.
 */
#include <inttypes.h>
#include <math.h>

#include "engine/readers/onnx/onnx_parts.h"

void apo_onnx_split(apo_onnx_mode mode,
                    double value,
                    bool missing_is_true,
                    int64_t if_true,
                    int64_t if_false,
                    apo_node_spec *out) {
  const bool true_is_right = mode == APO_ONNX_GTE || mode == APO_ONNX_GT || mode == APO_ONNX_NEQ;
  if (mode == APO_ONNX_NEQ) missing_is_true = true;
  out->missing = APO_MISSING_NAN;
  out->threshold = value;
  out->left = true_is_right ? if_false : if_true;
  out->right = true_is_right ? if_true : if_false;
  out->default_left = missing_is_true != true_is_right;
  switch (mode) {
    case APO_ONNX_LEQ:
    case APO_ONNX_GT: out->op = APO_OP_LE; break;
    case APO_ONNX_LT:
    case APO_ONNX_GTE: out->op = APO_OP_LT; break;
    case APO_ONNX_EQ:
    case APO_ONNX_NEQ: out->op = APO_OP_EQ; break;
    case APO_ONNX_MEMBER:
    case APO_ONNX_LEAF: out->op = APO_OP_IN; break;
  }
  // All that is present is at most infinite: scikit-learn splits so on what is missing.
  if (out->op == APO_OP_LE && isinf(value) && value > 0.0) {
    out->op = APO_OP_PRESENT;
    out->threshold = 0.0;
  }
}

apo_status apo_onnx_check_vectors(const apo_onnx_node *node,
                                  uint64_t n_values,
                                  size_t file_bytes,
                                  apo_error *err) {
  // Twice what is counted while the builder grows; the reader's limit is 64 bytes for each byte.
  if (n_values <= (uint64_t)file_bytes * 3 / 2 + (64u << 10) / sizeof(double)) return APO_OK;
  return apo_onnx_fault(node, err, APO_ERR_LIMIT,
                        "leaves of %" PRIu64
                        " numbers in all, most of them 0, in a file of %zu "
                        "bytes",
                        n_values, file_bytes);
}

apo_status apo_onnx_aggregate(const apo_onnx_node *node,
                              const char *name,
                              apo_forest *forest,
                              apo_error *err) {
  if (strcmp(name, "SUM") == 0) return APO_OK;
  if (strcmp(name, "AVERAGE") == 0) {
    if (forest->n_trees > 0) forest->divide = forest->n_trees;
    return APO_OK;
  }
  return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED,
                        "aggregate_function %s, needs SUM or AVERAGE", name);
}
