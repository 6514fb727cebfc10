/* catboost_forest.c - which trees a document holds, and all of them into the forest. */
#include "engine/readers/catboost_json/catboost_parts.h"

#include <stdlib.h>

apo_status apo_catboost_trees_find(apo_json_at root, apo_catboost_trees *out, apo_error *err) {
  apo_json_at other;
  apo_json_at first;
  *out = (apo_catboost_trees){.list = root};
  const bool is_oblivious = apo_json_find(root, "oblivious_trees", &other);
  out->is_nested = apo_json_find(root, "trees", &other);
  if (is_oblivious == out->is_nested) {
    return apo_json_fault(root, err, APO_ERR_FORMAT, "%s oblivious_trees and trees, needs one",
                          is_oblivious ? "both" : "neither");
  }
  const char *key = out->is_nested ? "trees" : "oblivious_trees";
  APO_TRY(apo_catboost_list(root, key, &out->list, &out->n_trees, err));
  if (out->n_trees == 0) return APO_OK;
  APO_TRY(apo_json_item(out->list, 0, &first, err));
  return out->is_nested ? apo_catboost_nested_outputs(first, &out->n_outputs, err)
                        : apo_catboost_oblivious_outputs(first, &out->n_outputs, err);
}

static apo_status add_trees(const apo_catboost_trees *trees,
                            apo_catboost_maker *maker,
                            apo_error *err) {
  for (uint64_t tree = 0; tree < trees->n_trees; ++tree) {
    apo_json_at at;
    APO_TRY(apo_json_item(trees->list, tree, &at, err));
    if (trees->is_nested) {
      APO_TRY(apo_catboost_nested_tree(maker, at, err));
    } else {
      APO_TRY(apo_catboost_oblivious_tree(maker, at, err));
    }
  }
  return APO_OK;
}

apo_status apo_catboost_forest(const apo_catboost_trees *trees,
                               const apo_catboost_features *features,
                               double scale,
                               apo_model *model,
                               apo_error *err) {
  const apo_forest_head head = {.n_columns = model->n_columns,
                                .n_outputs = model->n_outputs,
                                .cast_f32 = true,
                                .code_rule = APO_CODE_NONNEG_TRUNC,
                                .cover_kind = APO_COVER_WEIGHT,
                                .scale = scale,
                                .divide = 1.0};
  apo_catboost_maker maker = {.features = features, .n_outputs = model->n_outputs};
  APO_TRY(apo_builder_create(&head, &maker.builder, err));
  apo_status status = add_trees(trees, &maker, err);
  if (status == APO_OK) status = apo_builder_finish(&maker.builder, &model->forest, err);
  apo_builder_destroy(&maker.builder);
  free(maker.room.at);
  return status;
}
