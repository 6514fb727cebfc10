/* onnx_ensemble.c - TreeEnsembleRegressor and TreeEnsembleClassifier of ai.onnx.ml 1 to 3.
 *
 * Nodes of all trees stand in a row, one entry of each list a node, and a tree is a run of equal
 * tree ids.  Its root is the node that comes first.  Node ids are any numbers; children are named
 * by them.  The lists are read side by side, and only one tree is held at a time.
 */
#include <inttypes.h>

#include "engine/core/memory.h"
#include "engine/readers/onnx/onnx_ensemble_parts.h"

/* --- a tree for the builder ------------------------------------------------------------------- */

static int compare_places(const void *a, const void *b) {
  const apo_onnx_place *x = a;
  const apo_onnx_place *y = b;
  return (x->id > y->id) - (x->id < y->id);
}

// Most writers number the nodes of a tree 0, 1, 2, ...: then an id is a place.
static apo_status order_places(apo_onnx_tree *tree, apo_error *err) {
  tree->is_plain = true;
  for (uint32_t at = 0; at < tree->n_nodes && tree->is_plain; ++at) {
    tree->is_plain = tree->nodes[at].id == (int64_t)at;
  }
  if (tree->is_plain) return APO_OK;
  if (tree->n_nodes > tree->place_capacity) {
    apo_onnx_place *places = apo_resize(tree->places, tree->n_nodes, sizeof *places);
    if (places == NULL) {
      return apo_onnx_fault(tree->node, err, APO_ERR_MEMORY, "%u nodes", tree->n_nodes);
    }
    tree->places = places;
    tree->place_capacity = tree->n_nodes;
  }
  for (uint32_t at = 0; at < tree->n_nodes; ++at) {
    tree->places[at] = (apo_onnx_place){tree->nodes[at].id, at};
  }
  qsort(tree->places, tree->n_nodes, sizeof *tree->places, compare_places);
  for (uint32_t at = 1; at < tree->n_nodes; ++at) {
    if (tree->places[at - 1].id != tree->places[at].id) continue;
    return apo_onnx_fault(tree->node, err, APO_ERR_FORMAT, "tree id %d: node id %d twice", tree->id,
                          tree->places[at].id);
  }
  return APO_OK;
}

static apo_status find_place(const apo_onnx_tree *tree, int32_t id, int64_t *out, apo_error *err) {
  uint32_t begin = 0;
  uint32_t end = tree->n_nodes;
  *out = id;
  if (tree->is_plain && id >= 0 && (uint32_t)id < tree->n_nodes) return APO_OK;
  while (!tree->is_plain && begin < end) {
    const uint32_t middle = begin + (end - begin) / 2;
    if (tree->places[middle].id < id) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  if (!tree->is_plain && begin < tree->n_nodes && tree->places[begin].id == id) {
    *out = tree->places[begin].at;
    return APO_OK;
  }
  return apo_fail(err, APO_ERR_FORMAT, "child %d is no node of tree id %d", id, tree->id);
}

static apo_status state_node(void *context, uint64_t at, apo_node_spec *out, apo_error *err) {
  const apo_onnx_tree *tree = context;
  const apo_onnx_tree_node *node = &tree->nodes[at];
  int64_t if_true = 0;
  int64_t if_false = 0;
  out->is_leaf = node->mode == APO_ONNX_LEAF;
  if (out->is_leaf) return APO_OK;
  out->column = node->column;
  APO_TRY(find_place(tree, node->if_true, &if_true, err));
  APO_TRY(find_place(tree, node->if_false, &if_false, err));
  apo_onnx_split((apo_onnx_mode)node->mode, node->value, node->missing_is_true, if_true, if_false,
                 out);
  return APO_OK;
}

// The builder has zeroed nothing: a leaf without a vote is 0.
static apo_status state_leaf(void *context, uint64_t at, double *values, apo_error *err) {
  (void)err;
  apo_onnx_tree *tree = context;
  uint64_t begin = tree->vote_begin;
  uint64_t end = tree->vote_end;
  const uint32_t width = tree->output == APO_TREE_VECTOR ? tree->n_outputs : 1;
  for (uint32_t k = 0; k < width; ++k) values[k] = 0.0;
  apo_onnx_votes_of_node(tree->votes, tree->nodes[at].id, &begin, &end);
  for (uint64_t vote = begin; vote < end; ++vote) {
    const uint32_t output = tree->votes->at[vote].output;
    values[width == 1 ? 0 : output] = tree->votes->at[vote].weight;
  }
  tree->n_counted += end - begin;
  return APO_OK;
}

/** One number a leaf where all votes are for one output, else one for each output. */
static uint32_t output_of(const apo_onnx_tree *tree) {
  if (tree->n_outputs == 1 || tree->vote_begin == tree->vote_end) return 0;
  const uint32_t first = tree->votes->at[tree->vote_begin].output;
  for (uint64_t at = tree->vote_begin; at < tree->vote_end; ++at) {
    if (tree->votes->at[at].output != first) return APO_TREE_VECTOR;
  }
  return first;
}

// A leaf votes at most once for an output, so as many votes as leaves are one of each.
static void note_certain(apo_onnx_tree *tree, uint64_t n_leaves) {
  for (uint64_t at = tree->vote_begin; at < tree->vote_end; ++at) {
    const uint32_t output = tree->votes->at[at].output;
    if (++tree->n_votes[output] == n_leaves) tree->is_certain[output] = true;
  }
  for (uint64_t at = tree->vote_begin; at < tree->vote_end; ++at) {
    tree->n_votes[tree->votes->at[at].output] = 0;
  }
}

apo_status apo_onnx_tree_add(apo_onnx_tree *tree, apo_builder *builder, apo_error *err) {
  uint64_t n_leaves = 0;
  APO_TRY(order_places(tree, err));
  for (uint32_t at = 0; at < tree->n_nodes; ++at) {
    n_leaves += tree->nodes[at].mode == APO_ONNX_LEAF ? 1 : 0;
  }
  apo_onnx_votes_of_tree(tree->votes, tree->id, &tree->vote_begin, &tree->vote_end);
  tree->output = output_of(tree);
  if (tree->output == APO_TREE_VECTOR) {
    tree->n_values += n_leaves * tree->n_outputs;
    APO_TRY(apo_onnx_check_vectors(tree->node, tree->n_values, tree->file_bytes, err));
  }
  tree->n_counted = 0;
  const apo_tree_spec spec = {.n_nodes = tree->n_nodes,
                              .output = tree->output,
                              .weight = 1.0,
                              .context = tree,
                              .node = state_node,
                              .leaf = state_leaf};
  const apo_status status = apo_builder_add_tree(builder, &spec, err);
  if (status != APO_OK) {
    return apo_prefix(err, status, "node \"%s\" (%s): ", apo_onnx_show(tree->node->name).text,
                      apo_onnx_show(tree->node->op).text);
  }
  if (tree->n_counted != tree->vote_end - tree->vote_begin) {
    return apo_onnx_fault(tree->node, err, APO_ERR_FORMAT,
                          "tree id %d: %" PRIu64 " votes of nodes that are no leaves of it",
                          tree->id, tree->vote_end - tree->vote_begin - tree->n_counted);
  }
  tree->n_all_counted += tree->n_counted;
  note_certain(tree, n_leaves);
  return APO_OK;
}

/* --- the columns ------------------------------------------------------------------------------ */

static apo_status largest_column(const apo_onnx_node *node, uint32_t *out, apo_error *err) {
  apo_onnx_list list;
  uint64_t bits = 0;
  bool more = true;
  *out = 1;
  APO_TRY(apo_onnx_list_open(node, "nodes_featureids", APO_ONNX_INTS, &list, err));
  for (;;) {
    APO_TRY(apo_onnx_list_bits(&list, &bits, &more, err));
    if (!more) return APO_OK;
    if (bits >= APO_MAX_COLUMNS) {
      return apo_onnx_fault(node, err, APO_ERR_LIMIT,
                            "nodes_featureids: column %" PRId64 ", needs one from 0 to %d",
                            (int64_t)bits, APO_MAX_COLUMNS - 1);
    }
    if (bits >= *out) *out = (uint32_t)bits + 1;
  }
}

apo_status apo_onnx_tree_columns(const apo_onnx_node *node,
                                 const apo_onnx_rows *rows,
                                 uint32_t *out,
                                 apo_error *err) {
  *out = rows->n_columns;
  return rows->n_columns > 0 ? APO_OK : largest_column(node, out, err);
}

/* --- the two operators ------------------------------------------------------------------------ */

// onnxruntime gives an output that has no vote in a row another value than one whose votes sum to
// 0: the second of two classes by another rule, one score of two classes and one of several targets
// without its base.
static apo_status check_certain(const apo_onnx_tree *tree,
                                const apo_model *model,
                                bool is_classifier,
                                apo_error *err) {
  const uint32_t n = model->n_outputs;
  for (uint32_t output = 0; output < n; ++output) {
    const bool loses_base = model->base[output] != 0.0 && (is_classifier ? n == 1 : n > 1);
    const bool is_second = is_classifier && n == 2 && output == 1;
    if (tree->is_certain[output] || (!loses_base && !is_second)) continue;
    return apo_onnx_fault(tree->node, err, APO_ERR_UNSUPPORTED,
                          "no tree whose leaves all vote for output %u, and libraries disagree "
                          "about rows without such a vote",
                          output);
  }
  return APO_OK;
}

static apo_status read_all_trees(
    apo_onnx_tree *tree, bool cast_f32, bool is_classifier, apo_model *model, apo_error *err) {
  tree->n_votes = apo_alloc(tree->n_outputs, sizeof *tree->n_votes);
  tree->is_certain = apo_alloc(tree->n_outputs, sizeof *tree->is_certain);
  if (tree->n_votes == NULL || tree->is_certain == NULL) {
    return apo_onnx_fault(tree->node, err, APO_ERR_MEMORY, "%u outputs", tree->n_outputs);
  }
  APO_TRY(apo_onnx_tree_lists(tree, cast_f32, model, err));
  if (tree->n_all_counted != tree->votes->n) {
    return apo_onnx_fault(tree->node, err, APO_ERR_FORMAT,
                          "%" PRIu64 " votes of trees that are not there",
                          tree->votes->n - tree->n_all_counted);
  }
  return check_certain(tree, model, is_classifier, err);
}

static apo_status read_trees(const apo_onnx_node *node,
                             const apo_onnx_rows *rows,
                             const apo_onnx_votes *votes,
                             size_t file_bytes,
                             bool is_classifier,
                             apo_model *model,
                             apo_error *err) {
  apo_onnx_tree tree = {
      .node = node, .votes = votes, .n_outputs = model->n_outputs, .file_bytes = file_bytes};
  APO_TRY(apo_onnx_tree_columns(node, rows, &model->n_columns, err));
  const apo_status status = read_all_trees(&tree, rows->needs_cast, is_classifier, model, err);
  free(tree.nodes);
  free(tree.places);
  free(tree.n_votes);
  free(tree.is_certain);
  return status;
}

static apo_status read_regressor(const apo_onnx_node *node,
                                 const apo_onnx_rows *rows,
                                 size_t file_bytes,
                                 apo_model *model,
                                 apo_onnx_scores *scores,
                                 apo_error *err) {
  int64_t n_targets = 0;
  apo_bytes word;
  apo_onnx_votes votes = {0};
  APO_TRY(apo_onnx_integer(node, "n_targets", 0, &n_targets, err));
  if (n_targets < 1 || n_targets > APO_MAX_OUTPUTS) {
    return apo_onnx_fault(node, err, n_targets < 1 ? APO_ERR_FORMAT : APO_ERR_LIMIT,
                          "n_targets %" PRId64 ", needs 1 to %d", n_targets, APO_MAX_OUTPUTS);
  }
  model->n_outputs = (uint32_t)n_targets;
  APO_TRY(apo_onnx_text(node, "post_transform", "NONE", &word, err));
  APO_TRY(apo_onnx_link(node, word, model, scores, err));
  APO_TRY(apo_onnx_base(node, model, err));
  APO_TRY(apo_onnx_text(node, "aggregate_function", "SUM", &word, err));
  APO_TRY(apo_onnx_votes_read(node, "target", model->n_outputs, &votes, err));
  const apo_status status = read_trees(node, rows, &votes, file_bytes, false, model, err);
  apo_onnx_votes_clear(&votes);
  APO_TRY(status);
  return apo_onnx_aggregate(node, apo_onnx_show(word).text, model->forest, err);
}

// A single score is that of the second class, and stands in the file as votes for class 0.
static apo_status look_for_pair(const apo_onnx_node *node,
                                const apo_onnx_votes *votes,
                                apo_model *model,
                                apo_onnx_scores *scores,
                                apo_error *err) {
  bool has[2] = {false, false};
  if (model->n_outputs != 2) return APO_OK;
  for (uint64_t at = 0; at < votes->n; ++at) has[votes->at[at].output] = true;
  if (has[0] && has[1]) return APO_OK;
  if (!has[0]) {
    return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED,
                          "2 classes and no vote for class 0, about which libraries disagree");
  }
  scores->is_pair = true;
  model->n_outputs = 1;
  return APO_OK;
}

static apo_status describe_classes(const apo_onnx_node *node,
                                   const apo_onnx_votes *votes,
                                   apo_model *model,
                                   apo_onnx_scores *scores,
                                   apo_error *err) {
  apo_bytes word;
  const uint32_t n_classes = model->n_outputs;
  APO_TRY(look_for_pair(node, votes, model, scores, err));
  APO_TRY(apo_onnx_text(node, "post_transform", "NONE", &word, err));
  APO_TRY(apo_onnx_link(node, word, model, scores, err));
  APO_TRY(apo_onnx_base(node, model, err));
  scores->is_probability = scores->is_pair && apo_onnx_is(word, "NONE") && !votes->has_negative;
  if (n_classes != 2 || scores->is_pair || apo_onnx_find(node, "base_values") == NULL) {
    if (scores->is_pair) apo_onnx_keep_second(&model->output_names);
    return APO_OK;
  }
  return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED,
                        "base_values of 2 classes that both have votes, about which libraries "
                        "disagree");
}

static apo_status read_classifier(const apo_onnx_node *node,
                                  const apo_onnx_rows *rows,
                                  size_t file_bytes,
                                  apo_model *model,
                                  apo_onnx_scores *scores,
                                  apo_error *err) {
  apo_onnx_votes votes = {0};
  APO_TRY(apo_onnx_labels(node, "classlabels_strings", "classlabels_int64s", &model->output_names,
                          err));
  model->n_outputs = model->output_names.n_names;
  APO_TRY(apo_onnx_votes_read(node, "class", model->n_outputs, &votes, err));
  apo_status status = describe_classes(node, &votes, model, scores, err);
  if (status == APO_OK) status = read_trees(node, rows, &votes, file_bytes, true, model, err);
  apo_onnx_votes_clear(&votes);
  return status;
}

apo_status apo_onnx_ensemble(const apo_onnx_node *node,
                             const apo_onnx_rows *rows,
                             size_t file_bytes,
                             apo_model *model,
                             apo_onnx_scores *scores,
                             apo_error *err) {
  model->kind = APO_MODEL_FOREST;
  if (apo_onnx_is(node->op, "TreeEnsembleRegressor")) {
    return read_regressor(node, rows, file_bytes, model, scores, err);
  }
  return read_classifier(node, rows, file_bytes, model, scores, err);
}
