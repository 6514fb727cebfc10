/* onnx_trees.c - TreeEnsemble of ai.onnx.ml 5.
 *
 * Inner nodes of all trees share one numbering, leaves another, and tree_roots names the first node
 * of each tree.  A child is a node or, where nodes_trueleafs or nodes_falseleafs says so, a leaf.
 * A node whose children are the same leaf is how a tree of one leaf is written.
 *
 * For the builder each tree is numbered anew, breadth first, so that it costs its own size and not
 * that of the file.  A node that is met twice, in one tree or in two, is refused; leaves are only a
 * number and an output, and may be shared.
 */
#include <inttypes.h>
#include <math.h>

#include "engine/core/memory.h"
#include "engine/readers/onnx/onnx_trees_parts.h"

/* --- one tree --------------------------------------------------------------------------------- */

static bool take_bit(uint8_t *bits, uint32_t at) {
  const uint8_t bit = (uint8_t)(1u << (at % 8));
  const bool was = (bits[at / 8] & bit) != 0;
  bits[at / 8] |= bit;
  return was;
}

static apo_status add_local(apo_onnx_trees_walk *walk, apo_onnx_local local, apo_error *err) {
  if (walk->n_locals == walk->capacity) {
    const uint32_t capacity = walk->capacity > 0 ? 2 * walk->capacity : 64;
    if (walk->capacity > INT32_MAX / 2) {
      return apo_fail(err, APO_ERR_LIMIT, "tree %u: more than %u nodes", walk->tree,
                      walk->capacity);
    }
    apo_onnx_local *locals = apo_resize(walk->locals, capacity, sizeof *locals);
    if (locals == NULL) {
      return apo_fail(err, APO_ERR_MEMORY, "tree %u: %u nodes", walk->tree, capacity);
    }
    walk->locals = locals;
    walk->capacity = capacity;
  }
  walk->locals[walk->n_locals++] = local;
  return APO_OK;
}

static apo_status enter(apo_onnx_trees_walk *walk, bool is_leaf, uint32_t at, apo_error *err) {
  const apo_onnx_arrays *arrays = walk->arrays;
  const uint32_t n = is_leaf ? arrays->n_leaves : arrays->n_nodes;
  if (at >= n) {
    return apo_fail(err, APO_ERR_FORMAT, "tree %u: %s %u of %u", walk->tree,
                    is_leaf ? "leaf" : "node", at, n);
  }
  if (take_bit(is_leaf ? walk->used_leaves : walk->used_nodes, at)) {
    if (is_leaf) return add_local(walk, (apo_onnx_local){at, 0, true}, err);
    return apo_fail(err, APO_ERR_FORMAT, "tree %u: node %u is reached twice", walk->tree, at);
  }
  if (is_leaf) ++walk->n_used_leaves;
  if (!is_leaf) ++walk->n_used_nodes;
  return add_local(walk, (apo_onnx_local){at, 0, is_leaf}, err);
}

static apo_status expand(apo_onnx_trees_walk *walk, uint32_t local, apo_error *err) {
  const apo_onnx_arrays *arrays = walk->arrays;
  const uint32_t at = walk->locals[local].at;
  const uint8_t flags = arrays->flags[at];
  const bool true_is_leaf = (flags & APO_ONNX_TRUE_LEAF) != 0;
  const bool false_is_leaf = (flags & APO_ONNX_FALSE_LEAF) != 0;
  if (true_is_leaf && false_is_leaf && arrays->if_true[at] == arrays->if_false[at]) {
    // Decides nothing: it is that leaf.
    APO_TRY(enter(walk, true, arrays->if_true[at], err));
    walk->locals[local] = walk->locals[--walk->n_locals];
    return APO_OK;
  }
  walk->locals[local].first_child = walk->n_locals;
  APO_TRY(enter(walk, true_is_leaf, arrays->if_true[at], err));
  return enter(walk, false_is_leaf, arrays->if_false[at], err);
}

static apo_status state_node(void *context, uint64_t at, apo_node_spec *out, apo_error *err) {
  const apo_onnx_trees_walk *walk = context;
  const apo_onnx_arrays *arrays = walk->arrays;
  const apo_onnx_local *local = &walk->locals[at];
  out->is_leaf = local->is_leaf;
  if (out->is_leaf) return APO_OK;
  apo_onnx_mode mode = (apo_onnx_mode)apo_onnx_tensor_integer(&arrays->modes, local->at);
  double value = 0.0;
  if (mode == APO_ONNX_MEMBER) {
    mode = apo_onnx_member(arrays, local->at, &value);
  } else {
    value = apo_onnx_tensor_number(&arrays->splits, local->at);
  }
  (void)err;
  out->column = arrays->columns[local->at];
  apo_onnx_split(mode, value, (arrays->flags[local->at] & APO_ONNX_TRACKS_TRUE) != 0,
                 local->first_child, (int64_t)local->first_child + 1, out);
  return APO_OK;
}

static apo_status state_leaf(void *context, uint64_t at, double *values, apo_error *err) {
  const apo_onnx_trees_walk *walk = context;
  const uint32_t leaf = walk->locals[at].at;
  const bool is_vector = walk->output == APO_TREE_VECTOR;
  (void)err;
  for (uint32_t k = 0; is_vector && k < walk->n_outputs; ++k) values[k] = 0.0;
  values[is_vector ? walk->arrays->targets[leaf] : 0] =
      apo_onnx_tensor_number(&walk->arrays->weights, leaf);
  return APO_OK;
}

static apo_status choose_output(apo_onnx_trees_walk *walk, apo_error *err) {
  uint64_t n_leaves = 0;
  walk->output = UINT32_MAX - 1;
  for (uint32_t at = 0; at < walk->n_locals; ++at) {
    if (!walk->locals[at].is_leaf) continue;
    const uint32_t target = walk->arrays->targets[walk->locals[at].at];
    if (n_leaves++ == 0) walk->output = target;
    if (walk->output != target) walk->output = APO_TREE_VECTOR;
  }
  if (walk->output != APO_TREE_VECTOR) return APO_OK;
  walk->n_values += n_leaves * walk->n_outputs;
  return apo_onnx_check_vectors(walk->arrays->node, walk->n_values, walk->file_bytes, err);
}

static apo_status add_tree(apo_onnx_trees_walk *walk,
                           uint32_t root,
                           apo_builder *builder,
                           apo_error *err) {
  walk->n_locals = 0;
  APO_TRY(enter(walk, false, root, err));
  for (uint32_t local = 0; local < walk->n_locals; ++local) {
    if (!walk->locals[local].is_leaf) APO_TRY(expand(walk, local, err));
  }
  APO_TRY(choose_output(walk, err));
  const apo_tree_spec spec = {.n_nodes = walk->n_locals,
                              .output = walk->output,
                              .weight = 1.0,
                              .context = walk,
                              .node = state_node,
                              .leaf = state_leaf};
  return apo_builder_add_tree(builder, &spec, err);
}

/* --- all trees -------------------------------------------------------------------------------- */

static apo_status check_used(const apo_onnx_trees_walk *walk, apo_error *err) {
  const apo_onnx_arrays *arrays = walk->arrays;
  if (walk->n_used_nodes == arrays->n_nodes && walk->n_used_leaves == arrays->n_leaves) {
    return APO_OK;
  }
  return apo_fail(err, APO_ERR_FORMAT, "%u of %u nodes and %u of %u leaves are in a tree",
                  walk->n_used_nodes, arrays->n_nodes, walk->n_used_leaves, arrays->n_leaves);
}

static apo_status walk_roots(apo_onnx_trees_walk *walk, apo_builder *builder, apo_error *err) {
  apo_onnx_list roots;
  APO_TRY(apo_onnx_list_open(walk->arrays->node, "tree_roots", APO_ONNX_INTS, &roots, err));
  for (walk->tree = 0;; ++walk->tree) {
    uint64_t root = 0;
    bool more = true;
    APO_TRY(apo_onnx_list_bits(&roots, &root, &more, err));
    if (!more) return check_used(walk, err);
    if (root >= walk->arrays->n_nodes) {
      return apo_fail(err, APO_ERR_FORMAT, "tree_roots[%u]: node %" PRId64 " of %u", walk->tree,
                      (int64_t)root, walk->arrays->n_nodes);
    }
    APO_TRY(add_tree(walk, (uint32_t)root, builder, err));
  }
}

static apo_status build(apo_onnx_trees_walk *walk,
                        bool cast_f32,
                        apo_model *model,
                        apo_error *err) {
  const apo_forest_head head = {.n_columns = model->n_columns,
                                .n_outputs = model->n_outputs,
                                .cast_f32 = cast_f32,
                                .code_rule = APO_CODE_WHOLE,
                                .cover_kind = APO_COVER_NONE,
                                .scale = 1.0,
                                .divide = 1.0};
  apo_onnx_arrays *arrays = walk->arrays;
  apo_builder *builder = NULL;
  APO_TRY(apo_builder_create(&head, &builder, err));
  apo_status status = apo_onnx_members_read(arrays, builder, err);
  walk->used_nodes = apo_alloc(arrays->n_nodes / 8 + 1, 1);
  walk->used_leaves = apo_alloc(arrays->n_leaves / 8 + 1, 1);
  if (status == APO_OK && (walk->used_nodes == NULL || walk->used_leaves == NULL)) {
    status = apo_fail(err, APO_ERR_MEMORY, "%u nodes", arrays->n_nodes);
  }
  if (status == APO_OK) status = walk_roots(walk, builder, err);
  if (status == APO_OK) status = apo_builder_finish(&builder, &model->forest, err);
  apo_builder_destroy(&builder);
  free(walk->locals);
  free(walk->used_nodes);
  free(walk->used_leaves);
  return status;
}

static apo_status read_head(const apo_onnx_node *node, apo_model *model, apo_error *err) {
  int64_t n_targets = 0;
  int64_t transform = 0;
  APO_TRY(apo_onnx_integer(node, "n_targets", 0, &n_targets, err));
  APO_TRY(apo_onnx_integer(node, "post_transform", 0, &transform, err));
  if (n_targets < 1 || n_targets > APO_MAX_OUTPUTS) {
    return apo_onnx_fault(node, err, n_targets < 1 ? APO_ERR_FORMAT : APO_ERR_LIMIT,
                          "n_targets %" PRId64 ", needs 1 to %d", n_targets, APO_MAX_OUTPUTS);
  }
  // 1 is SOFTMAX and 2 LOGISTIC by the standard; onnxruntime 1.32 has them the other way round.
  if (transform != 0) {
    return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED,
                          "post_transform %" PRId64 ", about which libraries disagree, needs 0",
                          transform);
  }
  model->kind = APO_MODEL_FOREST;
  model->n_outputs = (uint32_t)n_targets;
  model->link = (apo_link){APO_LINK_IDENTITY, 1.0};
  return apo_onnx_base(node, model, err);
}

apo_status apo_onnx_trees(const apo_onnx_node *node,
                          const apo_onnx_rows *rows,
                          size_t file_bytes,
                          apo_model *model,
                          apo_error *err) {
  static const char *const aggregates[] = {"AVERAGE", "SUM", "MIN", "MAX"};
  apo_onnx_arrays arrays = {.node = node};
  int64_t aggregate = 1;
  APO_TRY(read_head(node, model, err));
  APO_TRY(apo_onnx_integer(node, "aggregate_function", 1, &aggregate, err));
  if (aggregate < 0 || aggregate > 3) {
    return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED,
                          "aggregate_function %" PRId64 " is not known", aggregate);
  }
  apo_status status = apo_onnx_arrays_read(rows, model->n_outputs, &arrays, err);
  if (status == APO_OK) {
    apo_onnx_trees_walk walk = {
        .arrays = &arrays, .file_bytes = file_bytes, .n_outputs = model->n_outputs};
    model->n_columns = arrays.n_columns;
    status = build(&walk, rows->needs_cast, model, err);
    if (status != APO_OK) {
      apo_prefix(err, status, "node \"%s\" (%s): ", apo_onnx_show(node->name).text,
                 apo_onnx_show(node->op).text);
    }
  }
  apo_onnx_arrays_clear(&arrays);
  APO_TRY(status);
  return apo_onnx_aggregate(node, aggregates[aggregate], model->forest, err);
}
