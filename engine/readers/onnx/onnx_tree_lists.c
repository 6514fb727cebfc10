/* onnx_tree_lists.c - the lists of TreeEnsembleRegressor and -Classifier, read side by side. */
#include <inttypes.h>
#include <math.h>

#include "engine/core/memory.h"
#include "engine/readers/onnx/onnx_ensemble_parts.h"

enum { TREES, NODES, COLUMNS, TRUES, FALSES, TRACKS, N_LISTS };

static const char *const names[N_LISTS] = {
    [TREES] = "nodes_treeids",       [NODES] = "nodes_nodeids",
    [COLUMNS] = "nodes_featureids",  [TRUES] = "nodes_truenodeids",
    [FALSES] = "nodes_falsenodeids", [TRACKS] = "nodes_missing_value_tracks_true"};

typedef struct lists {
  const apo_onnx_node *node;
  apo_onnx_list integers[N_LISTS];
  apo_onnx_list modes;
  apo_onnx_floats values;
  bool has_tracks;
  uint64_t n_read; /* whole entries */
} lists;

static apo_status open_lists(lists *self, apo_error *err) {
  for (int list = 0; list < N_LISTS; ++list) {
    APO_TRY(apo_onnx_list_open(self->node, names[list], APO_ONNX_INTS, &self->integers[list], err));
  }
  uint64_t bits = 0;
  apo_onnx_list tracks = self->integers[TRACKS];
  APO_TRY(apo_onnx_list_bits(&tracks, &bits, &self->has_tracks, err));
  APO_TRY(apo_onnx_list_open(self->node, "nodes_modes", APO_ONNX_STRINGS, &self->modes, err));
  return apo_onnx_floats_open(self->node, "nodes_values", &self->values, err);
}

static apo_status wrong_length(const lists *self, const char *name, apo_error *err) {
  return apo_onnx_fault(self->node, err, APO_ERR_FORMAT,
                        "%s: another length than nodes_treeids, of which %" PRIu64 " were read",
                        name, self->n_read);
}

static apo_status read_mode(const lists *self, apo_bytes text, uint8_t *out, apo_error *err) {
  static const char *const modes[] = {
      [APO_ONNX_LEQ] = "BRANCH_LEQ", [APO_ONNX_LT] = "BRANCH_LT", [APO_ONNX_GTE] = "BRANCH_GTE",
      [APO_ONNX_GT] = "BRANCH_GT",   [APO_ONNX_EQ] = "BRANCH_EQ", [APO_ONNX_NEQ] = "BRANCH_NEQ",
      [APO_ONNX_MEMBER] = NULL,      [APO_ONNX_LEAF] = "LEAF"};
  for (uint8_t mode = 0; mode <= APO_ONNX_LEAF; ++mode) {
    if (modes[mode] == NULL || !apo_onnx_is(text, modes[mode])) continue;
    *out = mode;
    return APO_OK;
  }
  return apo_onnx_fault(self->node, err, APO_ERR_UNSUPPORTED,
                        "nodes_modes[%" PRIu64 "]: \"%s\" is not known", self->n_read,
                        apo_onnx_show(text).text);
}

static apo_status narrow(
    const lists *self, int list, const int64_t *entry, int32_t *out, apo_error *err) {
  *out = (int32_t)entry[list];
  if ((int64_t)*out == entry[list]) return APO_OK;
  return apo_onnx_fault(self->node, err, APO_ERR_LIMIT,
                        "%s[%" PRIu64 "]: %" PRId64 ", needs 32 bits", names[list], self->n_read,
                        entry[list]);
}

static apo_status take_column(const lists *self,
                              const int64_t *entry,
                              apo_onnx_tree_node *out,
                              apo_error *err) {
  if (out->mode == APO_ONNX_LEAF) return APO_OK;
  if (entry[COLUMNS] < 0 || entry[COLUMNS] >= APO_MAX_COLUMNS) {
    return apo_onnx_fault(self->node, err, APO_ERR_FORMAT,
                          "nodes_featureids[%" PRIu64 "]: column %" PRId64
                          ", needs one from 0 to "
                          "%d",
                          self->n_read, entry[COLUMNS], APO_MAX_COLUMNS - 1);
  }
  out->column = (uint32_t)entry[COLUMNS];
  return APO_OK;
}

/** The next entry of all lists; `*more` is false when all have ended together. */
static apo_status read_entry(
    lists *self, int32_t *tree, apo_onnx_tree_node *out, bool *more, apo_error *err) {
  int64_t entry[N_LISTS] = {0};
  uint64_t bits = 0;
  apo_bytes mode;
  bool has = false;
  *out = (apo_onnx_tree_node){0};
  APO_TRY(apo_onnx_list_bits(&self->integers[TREES], &bits, more, err));
  entry[TREES] = (int64_t)bits;
  for (int list = TREES + 1; list < N_LISTS; ++list) {
    if (list == TRACKS && !self->has_tracks) continue;
    APO_TRY(apo_onnx_list_bits(&self->integers[list], &bits, &has, err));
    if (has != *more) return wrong_length(self, names[list], err);
    entry[list] = (int64_t)bits;
  }
  APO_TRY(apo_onnx_list_text(&self->modes, &mode, &has, err));
  if (has != *more) return wrong_length(self, "nodes_modes", err);
  APO_TRY(apo_onnx_floats_next(&self->values, &out->value, &has, err));
  if (has != *more) return wrong_length(self, "nodes_values", err);
  if (!*more) return APO_OK;
  APO_TRY(read_mode(self, mode, &out->mode, err));
  APO_TRY(take_column(self, entry, out, err));
  APO_TRY(narrow(self, TREES, entry, tree, err));
  APO_TRY(narrow(self, NODES, entry, &out->id, err));
  out->missing_is_true = entry[TRACKS] == 1;
  if (out->mode != APO_ONNX_LEAF) {
    APO_TRY(narrow(self, TRUES, entry, &out->if_true, err));
    APO_TRY(narrow(self, FALSES, entry, &out->if_false, err));
  }
  ++self->n_read;
  return APO_OK;
}

static apo_status keep(apo_onnx_tree *tree, const apo_onnx_tree_node *node, apo_error *err) {
  if (tree->n_nodes == tree->capacity) {
    if (tree->capacity > INT32_MAX / 2) {
      return apo_onnx_fault(tree->node, err, APO_ERR_LIMIT, "a tree of more than %u nodes",
                            tree->capacity);
    }
    const uint32_t capacity = tree->capacity > 0 ? 2 * tree->capacity : 32;
    apo_onnx_tree_node *nodes = apo_resize(tree->nodes, capacity, sizeof *nodes);
    if (nodes == NULL) {
      return apo_onnx_fault(tree->node, err, APO_ERR_MEMORY, "%u nodes", capacity);
    }
    tree->nodes = nodes;
    tree->capacity = capacity;
  }
  tree->nodes[tree->n_nodes++] = *node;
  return APO_OK;
}

static apo_status read_all(lists *self, apo_onnx_tree *tree, apo_builder *builder, apo_error *err) {
  for (bool more = true; more;) {
    apo_onnx_tree_node node;
    int32_t id = 0;
    APO_TRY(read_entry(self, &id, &node, &more, err));
    if (tree->n_nodes > 0 && (!more || id != tree->id)) {
      APO_TRY(apo_onnx_tree_add(tree, builder, err));
      tree->n_nodes = 0;
    }
    tree->id = id;
    if (more) APO_TRY(keep(tree, &node, err));
  }
  return APO_OK;
}

apo_status apo_onnx_tree_lists(apo_onnx_tree *tree,
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
  apo_builder *builder = NULL;
  lists self = {.node = tree->node};
  APO_TRY(apo_builder_create(&head, &builder, err));
  apo_status status = open_lists(&self, err);
  if (status == APO_OK) status = read_all(&self, tree, builder, err);
  if (status == APO_OK) status = apo_builder_finish(&builder, &model->forest, err);
  apo_onnx_floats_clear(&self.values);
  apo_builder_destroy(&builder);
  return status;
}
