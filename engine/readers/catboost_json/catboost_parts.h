/* catboost_parts.h - the parts of a CatBoost document, each read by a file of its own. */
#ifndef APO_ENGINE_READERS_CATBOOST_JSON_CATBOOST_PARTS_H
#define APO_ENGINE_READERS_CATBOOST_JSON_CATBOOST_PARTS_H

#include "engine/forest/builder.h"
#include "engine/model/model.h"
#include "engine/readers/json.h"

/* --- asking ----------------------------------------------------------------------------------- */

/** A list that CatBoost leaves out, or writes as null, when it is empty.
 *
 * `*n_out` is 0 for both, and `*out` is then not set.
 * Fails:   APO_ERR_FORMAT  the member is neither an array nor null
 */
APO_NODISCARD apo_status apo_catboost_list(
    apo_json_at object, const char *key, apo_json_at *out, uint64_t *n_out, apo_error *err);

/** Element of an array that is a finite number. */
APO_NODISCARD apo_status apo_catboost_number_at(apo_json_at array,
                                                uint64_t position,
                                                double *out,
                                                apo_error *err);

/** Element of an array that is a cover: finite, not negative. */
APO_NODISCARD apo_status apo_catboost_weight_at(apo_json_at array,
                                                uint64_t position,
                                                double *out,
                                                apo_error *err);

/* --- features --------------------------------------------------------------------------------- */

/** A numeric column.  Its borders are [border_begin, border_end) of the features' borders. */
typedef struct apo_catboost_float {
  uint32_t index;  /* feature_index: what splits call it */
  uint32_t column; /* flat_feature_index */
  uint64_t border_begin;
  uint64_t border_end;
  bool nan_is_true; /* nan_value_treatment AsTrue */
} apo_catboost_float;

/** One category that some split tests, and the number that stands for it in rows. */
typedef struct apo_catboost_value {
  int32_t hash; /* the bits of the file's uint32 */
  double code;
} apo_catboost_value;

/** A categorical column.  Its values are [value_begin, value_end) of the features' values. */
typedef struct apo_catboost_category {
  uint32_t index;
  uint32_t column;
  uint64_t value_begin;
  uint64_t value_end;
} apo_catboost_category;

/** features_info.  All zero is empty. */
typedef struct apo_catboost_features {
  apo_json_at info;
  apo_catboost_float *floats; /* [n_floats], index ascends */
  uint32_t n_floats;
  apo_catboost_category *categories; /* [n_categories], index ascends */
  uint32_t n_categories;
  float *borders; /* [n_borders] of all numeric columns: place = split_index */
  uint64_t n_borders;
  apo_catboost_value *values; /* [n_values], hash ascends inside a column */
  uint64_t n_values;
  uint64_t text_bytes_left; /* texts are stored once and named often: what may still be copied */
} apo_catboost_features;

/** Read features_info: columns, names and category tables of the model, and what splits need.
 *
 * `out` is empty but for text_bytes_left, and is cleared by the caller on failure as well.
 */
APO_NODISCARD apo_status apo_catboost_features_read(apo_json_at root,
                                                    apo_model *model,
                                                    apo_catboost_features *out,
                                                    apo_error *err);
void apo_catboost_features_clear(apo_catboost_features *features);

/** The values of all categorical columns, their codes, and the model's category tables. */
APO_NODISCARD apo_status apo_catboost_categories(apo_catboost_features *features,
                                                 apo_json_at list,
                                                 apo_model *model,
                                                 apo_error *err);

/** A column for messages: `column 3 "city"`, or `column 3`. */
typedef struct apo_catboost_shown {
  char text[320];
} apo_catboost_shown;

apo_catboost_shown apo_catboost_show(apo_json_at feature, uint32_t column);

/* --- splits ----------------------------------------------------------------------------------- */

/** What a split tests.  `node` lacks its children and cover. */
typedef struct apo_catboost_split {
  apo_node_spec node;
  bool true_is_left; /* of a one-hot split: rows of the category go left in the forest */
} apo_catboost_split;

APO_NODISCARD apo_status apo_catboost_split_read(const apo_catboost_features *features,
                                                 apo_json_at at,
                                                 apo_catboost_split *out,
                                                 apo_error *err);

/* --- trees ------------------------------------------------------------------------------------ */

/** Which trees the document holds, and how many outputs they have. */
typedef struct apo_catboost_trees {
  apo_json_at list;
  uint64_t n_trees;
  bool is_nested;     /* "trees", else "oblivious_trees" */
  uint32_t n_outputs; /* 0: there is no tree to ask */
} apo_catboost_trees;

APO_NODISCARD apo_status apo_catboost_trees_find(apo_json_at root,
                                                 apo_catboost_trees *out,
                                                 apo_error *err);

/** Room that is used for one tree after the other.  All zero is empty. */
typedef struct apo_catboost_room {
  void *at;
  size_t n_bytes;
} apo_catboost_room;

/** True when there is room for `n` elements. */
bool apo_catboost_room_for(apo_catboost_room *room, uint64_t n, size_t element_bytes);

/** What adding a tree needs. */
typedef struct apo_catboost_maker {
  const apo_catboost_features *features;
  apo_builder *builder;
  uint32_t n_outputs;
  apo_catboost_room room;
} apo_catboost_maker;

APO_NODISCARD apo_status apo_catboost_oblivious_tree(apo_catboost_maker *maker,
                                                     apo_json_at tree,
                                                     apo_error *err);
/** Outputs of a tree, from the lengths of its lists. */
APO_NODISCARD apo_status apo_catboost_oblivious_outputs(apo_json_at tree,
                                                        uint32_t *out,
                                                        apo_error *err);
APO_NODISCARD apo_status apo_catboost_nested_tree(apo_catboost_maker *maker,
                                                  apo_json_at tree,
                                                  apo_error *err);
APO_NODISCARD apo_status apo_catboost_nested_outputs(apo_json_at tree,
                                                     uint32_t *out,
                                                     apo_error *err);

/** All trees into model->forest, with `scale`. */
APO_NODISCARD apo_status apo_catboost_forest(const apo_catboost_trees *trees,
                                             const apo_catboost_features *features,
                                             double scale,
                                             apo_model *model,
                                             apo_error *err);

/* --- loss ------------------------------------------------------------------------------------- */

/** model_info to library version, objective, link and output names. */
APO_NODISCARD apo_status apo_catboost_info(apo_json_at root, apo_model *model, apo_error *err);

#endif
