/* lightgbm_forest.c - blocks of lines, one a tree.
 *
 * tree_sizes, which the library uses to find the trees, is not believed: it is wrong in files that
 * were edited or whose line ends were changed.  Only the number of trees that it lists counts, so
 * that a file that lost some is refused.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "engine/readers/lightgbm_text/lightgbm_parts.h"

static const char *const keys[APO_LIGHTGBM_N_FIELDS] = {
    [APO_LIGHTGBM_NUM_LEAVES] = "num_leaves",
    [APO_LIGHTGBM_NUM_CAT] = "num_cat",
    [APO_LIGHTGBM_SPLIT_FEATURE] = "split_feature",
    [APO_LIGHTGBM_THRESHOLD] = "threshold",
    [APO_LIGHTGBM_DECISION_TYPE] = "decision_type",
    [APO_LIGHTGBM_LEFT_CHILD] = "left_child",
    [APO_LIGHTGBM_RIGHT_CHILD] = "right_child",
    [APO_LIGHTGBM_LEAF_VALUE] = "leaf_value",
    [APO_LIGHTGBM_LEAF_COUNT] = "leaf_count",
    [APO_LIGHTGBM_INTERNAL_COUNT] = "internal_count",
    [APO_LIGHTGBM_CAT_BOUNDARIES] = "cat_boundaries",
    [APO_LIGHTGBM_CAT_THRESHOLD] = "cat_threshold",
    [APO_LIGHTGBM_IS_LINEAR] = "is_linear",
    [APO_LIGHTGBM_LEAF_CONST] = "leaf_const",
    [APO_LIGHTGBM_NUM_FEATURES] = "num_features",
    [APO_LIGHTGBM_LEAF_FEATURES] = "leaf_features",
    [APO_LIGHTGBM_LEAF_COEFF] = "leaf_coeff",
    [APO_LIGHTGBM_SHRINKAGE] = "shrinkage",
};

// Lines up to an empty one, the next tree or the end.
static apo_status take_block(apo_lightgbm_lines *lines, apo_lightgbm_tree *tree, apo_error *err) {
  for (size_t i = 0; i < APO_LIGHTGBM_N_FIELDS; ++i) {
    tree->fields[i].key = keys[i];
    tree->fields[i].line = 0;
  }
  while (apo_lightgbm_next(lines)) {
    if (lines->text.n_bytes == 0 || apo_lightgbm_ends_block(lines)) return APO_OK;
    APO_TRY(apo_lightgbm_take(lines, tree->fields, APO_LIGHTGBM_N_FIELDS, err));
  }
  // shrinkage is the last line of a tree: without it, the file may be cut inside a number.
  if (tree->fields[APO_LIGHTGBM_SHRINKAGE].line != 0) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT, "line %" PRIu64 ": the file ends inside a tree",
                  lines->number);
}

// From behind a block to the next one: only empty lines lie between.
static void skip_empty(apo_lightgbm_lines *lines) {
  while (lines->has_line && lines->text.n_bytes == 0) apo_lightgbm_next(lines);
}

static apo_status read_trees(apo_lightgbm_lines *lines,
                             const apo_model *model,
                             apo_lightgbm_tree *tree,
                             apo_builder *builder,
                             uint32_t *n_trees,
                             apo_error *err) {
  for (; apo_lightgbm_starts(lines, "Tree="); ++*n_trees) {
    const apo_status status = take_block(lines, tree, err);
    APO_TRY(apo_prefix(err, status, "tree %u: ", *n_trees));
    APO_TRY(apo_lightgbm_add_tree(tree, *n_trees, *n_trees % model->n_outputs, builder, err));
    skip_empty(lines);
  }
  return APO_OK;
}

static apo_status check_trees(const apo_lightgbm_lines *lines,
                              const apo_lightgbm_header *header,
                              const apo_model *model,
                              uint32_t n_trees,
                              apo_error *err) {
  if (header->has_sizes && header->n_sizes != n_trees) {
    return apo_fail(err, APO_ERR_FORMAT, "tree_sizes: %" PRIu64 " trees, the file has %u",
                    header->n_sizes, n_trees);
  }
  // Only a count, or what follows the trees, shows that none is lost.
  if (!lines->has_line && (!header->has_sizes || n_trees == 0)) {
    return apo_fail(err, APO_ERR_FORMAT,
                    "line %" PRIu64 ": the file ends after %u trees, needs \"end of trees\"",
                    lines->number, n_trees);
  }
  if (n_trees % model->n_outputs == 0) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT, "trees: %u of them, needs a multiple of %u", n_trees,
                  model->n_outputs);
}

// How many trees there will be; an averaging forest wants to know before they are read.
static uint64_t count_trees(apo_lightgbm_lines lines) {
  uint64_t n = 0;
  for (; lines.has_line && !apo_lightgbm_is(&lines, "end of trees"); apo_lightgbm_next(&lines)) {
    if (apo_lightgbm_starts(&lines, "Tree=")) ++n;
  }
  return n;
}

static apo_forest_head head_of(const apo_lightgbm_lines *lines,
                               const apo_lightgbm_header *header,
                               const apo_model *model) {
  apo_forest_head head = {.n_columns = model->n_columns,
                          .n_outputs = model->n_outputs,
                          .cast_f32 = false,
                          .code_rule = APO_CODE_TRUNC,
                          .cover_kind = APO_COVER_COUNT,
                          .scale = 1.0,
                          .divide = 1.0};
  if (!header->is_averaged) return head;
  const uint64_t n_iterations = count_trees(*lines) / model->n_outputs;
  if (n_iterations > 1) head.divide = (double)n_iterations;
  return head;
}

static void clear_rooms(apo_lightgbm_tree *tree) {
  for (size_t i = 0; i < APO_LIGHTGBM_N_FIELDS; ++i) free(tree->fields[i].room.at);
  free(tree->set_room.at);
  free(tree->begin_room.at);
}

apo_status apo_lightgbm_read_forest(apo_lightgbm_lines *lines,
                                    const apo_lightgbm_header *header,
                                    apo_model *model,
                                    apo_error *err) {
  const apo_forest_head head = head_of(lines, header, model);
  apo_builder *builder = NULL;
  apo_lightgbm_tree tree = {.n_columns = model->n_columns};
  uint32_t n_trees = 0;
  APO_TRY(apo_builder_create(&head, &builder, err));
  apo_status status = read_trees(lines, model, &tree, builder, &n_trees, err);
  if (status == APO_OK) status = check_trees(lines, header, model, n_trees, err);
  // Before the forest is trimmed, which may move it.
  clear_rooms(&tree);
  if (status == APO_OK) status = apo_builder_finish(&builder, &model->forest, err);
  apo_builder_destroy(&builder);
  return status;
}
