/* xgboost_parts.h - the parts of an XGBoost document, each read by a file of its own. */
#ifndef APO_ENGINE_READERS_XGBOOST_XGBOOST_PARTS_H
#define APO_ENGINE_READERS_XGBOOST_XGBOOST_PARTS_H

#include "engine/forest/builder.h"
#include "engine/model/model.h"
#include "engine/readers/json.h"

/* --- parameters: numbers that XGBoost writes as texts ----------------------------------------- */

/** A whole number in [min, max] from text member `key`, or `absent` when there is no such member.
 *
 * Fails:   APO_ERR_FORMAT  it is no text, no whole number, or outside
 *          APO_ERR_LIMIT   it is above max, and `max_is_limit`
 */
typedef struct apo_xgboost_range {
  int64_t min;
  int64_t max;
  bool max_is_limit;
} apo_xgboost_range;

APO_NODISCARD apo_status apo_xgboost_integer(
    apo_json_at params, const char *key, apo_xgboost_range range, int64_t *out, apo_error *err);

/** base_score: "3E-1" or "[3E-1,4E-1]", one number or one for each output, as floats.
 *
 * Shapes:  out [n_outputs]
 */
APO_NODISCARD apo_status apo_xgboost_base_score(apo_json_at params,
                                                uint32_t n_outputs,
                                                float *out,
                                                apo_error *err);

/* --- objective -------------------------------------------------------------------------------- */

/** Objective and base score to the model's objective, link and base. */
APO_NODISCARD apo_status apo_xgboost_objective(apo_json_at learner,
                                               apo_json_at params,
                                               apo_model *model,
                                               apo_error *err);

/* --- boosters --------------------------------------------------------------------------------- */

/** gbtree and dart: `booster` holds "model"; drops holds one weight a tree when it is not NULL. */
APO_NODISCARD apo_status apo_xgboost_forest(apo_json_at booster,
                                            const apo_json_at *drops,
                                            apo_model *model,
                                            apo_error *err);

/** What does not change from tree to tree. */
typedef struct apo_xgboost_shape {
  uint32_t n_columns;
  uint32_t n_outputs;
  uint32_t leaf_width; /* size_leaf_vector; 1 for scalar leaves */
} apo_xgboost_shape;

/** One tree into the builder; `output` is ignored when leaves are vectors. */
APO_NODISCARD apo_status apo_xgboost_tree(apo_json_at tree,
                                          apo_xgboost_shape shape,
                                          uint32_t output,
                                          double weight,
                                          apo_builder *builder,
                                          apo_error *err);

/** The width of a tree's leaves. */
APO_NODISCARD apo_status apo_xgboost_leaf_width(apo_json_at tree, uint32_t *out, apo_error *err);

/** The sets of a tree's categorical splits.
 *
 * Owns:    `*set_of_node_out` is NULL when the tree has none; else [n_nodes] set numbers with
 *          APO_XGBOOST_NO_SET elsewhere, to be freed by the caller also on failure.
 */
#define APO_XGBOOST_NO_SET UINT32_MAX

APO_NODISCARD apo_status apo_xgboost_sets(apo_json_at tree,
                                          uint64_t n_nodes,
                                          apo_builder *builder,
                                          uint32_t **set_of_node_out,
                                          apo_error *err);

/** `cats` of XGBoost 3.1 and later to the model's category tables; nothing when there are none. */
APO_NODISCARD apo_status apo_xgboost_categories(apo_json_at trees_model,
                                                apo_model *model,
                                                apo_error *err);

APO_NODISCARD apo_status apo_xgboost_linear(apo_json_at booster, apo_model *model, apo_error *err);

#endif
