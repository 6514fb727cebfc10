/* onnx_trees_arrays.c - the arrays of TreeEnsemble, read and checked. */
#include <inttypes.h>
#include <math.h>

#include "engine/core/memory.h"
#include "engine/readers/onnx/onnx_trees_parts.h"

static apo_status wrong_length(
    const apo_onnx_node *node, const char *name, uint64_t n, uint64_t needed, apo_error *err) {
  return apo_onnx_fault(node, err, APO_ERR_FORMAT, "%s: %" PRIu64 " entries, needs %" PRIu64, name,
                        n, needed);
}

static apo_status count(const apo_onnx_node *node,
                        const char *name,
                        uint32_t *out,
                        apo_error *err) {
  apo_onnx_list list;
  uint64_t n = 0;
  APO_TRY(apo_onnx_list_open(node, name, APO_ONNX_INTS, &list, err));
  APO_TRY(apo_onnx_list_count(list, &n, err));
  if (n > INT32_MAX) {
    return apo_onnx_fault(node, err, APO_ERR_LIMIT, "%s: %" PRIu64 " entries, at most %d", name, n,
                          INT32_MAX);
  }
  *out = (uint32_t)n;
  return APO_OK;
}

/** `n` integers from 0 to `max`. */
static apo_status read_list(const apo_onnx_node *node,
                            const char *name,
                            uint32_t n,
                            uint32_t max,
                            uint32_t **out,
                            apo_error *err) {
  apo_onnx_list list;
  APO_TRY(apo_onnx_list_open(node, name, APO_ONNX_INTS, &list, err));
  *out = apo_alloc(n, sizeof **out);
  if (*out == NULL) return apo_onnx_fault(node, err, APO_ERR_MEMORY, "%s: %u entries", name, n);
  for (uint32_t at = 0;; ++at) {
    uint64_t bits = 0;
    bool more = true;
    APO_TRY(apo_onnx_list_bits(&list, &bits, &more, err));
    if (!more && at == n) return APO_OK;
    if (more != (at < n)) return wrong_length(node, name, at, n, err);
    if (bits > max) {
      return apo_onnx_fault(node, err, APO_ERR_FORMAT, "%s[%u]: %" PRId64 ", needs 0 to %u", name,
                            at, (int64_t)bits, max);
    }
    (*out)[at] = (uint32_t)bits;
  }
}

/** A list of 0 and 1 into one bit of the flags. */
static apo_status read_flags(
    apo_onnx_arrays *arrays, const char *name, uint8_t flag, bool may_miss, apo_error *err) {
  const apo_onnx_node *node = arrays->node;
  apo_onnx_list list;
  APO_TRY(apo_onnx_list_open(node, name, APO_ONNX_INTS, &list, err));
  for (uint32_t at = 0;; ++at) {
    uint64_t bits = 0;
    bool more = true;
    APO_TRY(apo_onnx_list_bits(&list, &bits, &more, err));
    if (!more && (at == arrays->n_nodes || (at == 0 && may_miss))) return APO_OK;
    if (more != (at < arrays->n_nodes)) {
      return wrong_length(node, name, at, arrays->n_nodes, err);
    }
    if (bits > 1) {
      return apo_onnx_fault(node, err, APO_ERR_FORMAT, "%s[%u]: %" PRId64 ", needs 0 or 1", name,
                            at, (int64_t)bits);
    }
    if (bits == 1) arrays->flags[at] |= flag;
  }
}

static apo_status read_tensor(const apo_onnx_node *node,
                              const char *name,
                              uint32_t n,
                              bool is_number,
                              apo_onnx_tensor *out,
                              apo_error *err) {
  APO_TRY(apo_onnx_tensor_of(node, name, out, err));
  if (out->n != n) return wrong_length(node, name, out->n, n, err);
  const bool is_float = out->type == APO_ONNX_F32 || out->type == APO_ONNX_F64;
  if (n == 0 || (is_number ? is_float : out->type == APO_ONNX_U8)) return APO_OK;
  return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED, "%s: elements of type %d, needs %s", name,
                        (int)out->type, is_number ? "1 (float) or 11 (double)" : "2 (uint8)");
}

static apo_status check_modes(const apo_onnx_arrays *arrays, apo_error *err) {
  for (uint32_t at = 0; at < arrays->n_nodes; ++at) {
    const int64_t mode = apo_onnx_tensor_integer(&arrays->modes, at);
    if (mode <= APO_ONNX_MEMBER) continue;
    return apo_onnx_fault(arrays->node, err, APO_ERR_UNSUPPORTED,
                          "nodes_modes[%u]: %" PRId64 " is not known", at, mode);
  }
  return APO_OK;
}

apo_status apo_onnx_arrays_read(const apo_onnx_rows *rows,
                                uint32_t n_outputs,
                                apo_onnx_arrays *out,
                                apo_error *err) {
  const apo_onnx_node *node = out->node;
  const uint32_t n_max = INT32_MAX;
  const uint32_t last = rows->n_columns > 0 ? rows->n_columns - 1 : APO_MAX_COLUMNS - 1;
  APO_TRY(count(node, "nodes_featureids", &out->n_nodes, err));
  APO_TRY(count(node, "leaf_targetids", &out->n_leaves, err));
  const uint32_t n = out->n_nodes;
  APO_TRY(read_list(node, "nodes_featureids", n, last, &out->columns, err));
  APO_TRY(read_list(node, "nodes_truenodeids", n, n_max, &out->if_true, err));
  APO_TRY(read_list(node, "nodes_falsenodeids", n, n_max, &out->if_false, err));
  APO_TRY(read_list(node, "leaf_targetids", out->n_leaves, n_outputs - 1, &out->targets, err));
  out->flags = apo_alloc(n, sizeof *out->flags);
  if (out->flags == NULL) return apo_onnx_fault(node, err, APO_ERR_MEMORY, "%u nodes", n);
  APO_TRY(read_flags(out, "nodes_trueleafs", APO_ONNX_TRUE_LEAF, false, err));
  APO_TRY(read_flags(out, "nodes_falseleafs", APO_ONNX_FALSE_LEAF, false, err));
  APO_TRY(read_flags(out, "nodes_missing_value_tracks_true", APO_ONNX_TRACKS_TRUE, true, err));
  APO_TRY(read_tensor(node, "nodes_modes", n, false, &out->modes, err));
  APO_TRY(read_tensor(node, "nodes_splits", n, true, &out->splits, err));
  APO_TRY(read_tensor(node, "leaf_weights", out->n_leaves, true, &out->weights, err));
  out->n_columns = rows->n_columns;
  for (uint32_t at = 0; at < n && rows->n_columns == 0; ++at) {
    if (out->columns[at] >= out->n_columns) out->n_columns = out->columns[at] + 1;
  }
  if (out->n_columns == 0) out->n_columns = 1;
  return check_modes(out, err);
}

void apo_onnx_arrays_clear(apo_onnx_arrays *arrays) {
  free(arrays->columns);
  free(arrays->if_true);
  free(arrays->if_false);
  free(arrays->flags);
  free(arrays->targets);
  free(arrays->set_of);
  free(arrays->sets);
  apo_onnx_tensor_clear(&arrays->modes);
  apo_onnx_tensor_clear(&arrays->splits);
  apo_onnx_tensor_clear(&arrays->weights);
  *arrays = (apo_onnx_arrays){0};
}

/* --- sets ------------------------------------------------------------------------------------- */

static apo_status count_sets(apo_onnx_arrays *arrays, apo_error *err) {
  uint32_t n = 0;
  for (uint32_t at = 0; at < arrays->n_nodes; ++at) {
    n += apo_onnx_tensor_integer(&arrays->modes, at) == APO_ONNX_MEMBER ? 1 : 0;
  }
  arrays->n_sets = n;
  if (n == 0) return APO_OK;
  arrays->set_of = apo_alloc(arrays->n_nodes, sizeof *arrays->set_of);
  arrays->sets = apo_alloc(n, sizeof *arrays->sets);
  if (arrays->set_of == NULL || arrays->sets == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "%u sets", n);
  }
  n = 0;
  for (uint32_t at = 0; at < arrays->n_nodes; ++at) {
    if (apo_onnx_tensor_integer(&arrays->modes, at) == APO_ONNX_MEMBER) arrays->set_of[at] = n++;
  }
  return APO_OK;
}

/** Values [begin, end) of the tensor as set `set`; `codes` has room for them. */
static apo_status read_set(apo_onnx_arrays *arrays,
                           const apo_onnx_tensor *values,
                           uint64_t begin,
                           uint64_t end,
                           uint32_t set,
                           uint32_t *codes,
                           apo_builder *builder,
                           apo_error *err) {
  if (set >= arrays->n_sets || begin == end) {
    return apo_fail(err, APO_ERR_FORMAT,
                    "membership_values: set %u has %" PRIu64
                    " values, needs %u sets that are not empty",
                    set, end - begin, arrays->n_sets);
  }
  if (end - begin == 1) {
    arrays->sets[set] = (apo_onnx_member_set){apo_onnx_tensor_number(values, begin), true};
    return APO_OK;
  }
  for (uint64_t at = begin; at < end; ++at) {
    const double value = apo_onnx_tensor_number(values, at);
    if (!(value >= 0.0 && value <= APO_MAX_CATEGORY_CODE) || value != floor(value)) {
      return apo_fail(err, APO_ERR_UNSUPPORTED,
                      "membership_values[%" PRIu64
                      "]: %g in a set of several, needs a whole number "
                      "from 0 to %d",
                      at, value, APO_MAX_CATEGORY_CODE);
    }
    codes[at - begin] = (uint32_t)value;
  }
  uint32_t number = 0;
  APO_TRY(apo_builder_add_set(builder, codes, (size_t)(end - begin), &number, err));
  arrays->sets[set] = (apo_onnx_member_set){(double)number, false};
  return APO_OK;
}

static apo_status read_sets(apo_onnx_arrays *arrays,
                            const apo_onnx_tensor *values,
                            uint32_t *codes,
                            apo_builder *builder,
                            apo_error *err) {
  uint32_t set = 0;
  for (uint64_t begin = 0; begin < values->n; ++set) {
    uint64_t end = begin;
    while (end < values->n && !isnan(apo_onnx_tensor_number(values, end))) ++end;
    APO_TRY(read_set(arrays, values, begin, end, set, codes, builder, err));
    begin = end + 1;
  }
  if (set == arrays->n_sets) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT, "membership_values: %u sets for %u nodes that test one", set,
                  arrays->n_sets);
}

apo_status apo_onnx_members_read(apo_onnx_arrays *arrays, apo_builder *builder, apo_error *err) {
  apo_onnx_tensor values = {0};
  uint32_t *codes = NULL;
  APO_TRY(count_sets(arrays, err));
  apo_status status = apo_onnx_tensor_of(arrays->node, "membership_values", &values, err);
  if (status == APO_OK) {
    codes = apo_alloc((size_t)values.n, sizeof *codes);
    status = codes == NULL ? apo_fail(err, APO_ERR_MEMORY, "%" PRIu64 " values", values.n)
                           : read_sets(arrays, &values, codes, builder, err);
  }
  free(codes);
  apo_onnx_tensor_clear(&values);
  return status;
}

apo_onnx_mode apo_onnx_member(const apo_onnx_arrays *arrays, uint32_t node, double *value) {
  const apo_onnx_member_set *set = &arrays->sets[arrays->set_of[node]];
  *value = set->value;
  return set->is_one ? APO_ONNX_EQ : APO_ONNX_MEMBER;
}
