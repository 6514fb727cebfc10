/* xgboost_forest.c - gbtree and dart: the list of trees, whose output each one is, its weight. */
#include <inttypes.h>
#include <math.h>

#include "engine/readers/xgboost/xgboost_parts.h"

typedef struct trees {
  apo_json_at list;
  apo_json_at outputs; /* tree_info */
  const apo_json_at *drops;
  uint64_t n_trees;
  apo_xgboost_shape shape;
} trees;

static apo_status take_trees(apo_json_at at, trees *out, apo_error *err) {
  apo_json_at params;
  int64_t n_trees = 0;
  const apo_xgboost_range range = {0, APO_MAX_TREES, true};
  APO_TRY(apo_json_member(at, "gbtree_model_param", &params, err));
  APO_TRY(apo_xgboost_integer(params, "num_trees", range, &n_trees, err));
  out->n_trees = (uint64_t)n_trees;
  APO_TRY(apo_json_member(at, "trees", &out->list, err));
  APO_TRY(apo_json_need_length(out->list, out->n_trees, err));
  APO_TRY(apo_json_member(at, "tree_info", &out->outputs, err));
  APO_TRY(apo_json_need_length(out->outputs, out->n_trees, err));
  if (out->drops != NULL) APO_TRY(apo_json_need_length(*out->drops, out->n_trees, err));
  return APO_OK;
}

static apo_status take_width(trees *self, apo_error *err) {
  self->shape.leaf_width = 1;
  if (self->n_trees == 0) return APO_OK;
  apo_json_at first;
  APO_TRY(apo_json_item(self->list, 0, &first, err));
  APO_TRY(apo_xgboost_leaf_width(first, &self->shape.leaf_width, err));
  if (self->shape.leaf_width == 1 || self->shape.leaf_width == self->shape.n_outputs) return APO_OK;
  return apo_json_fault(first, err, APO_ERR_FORMAT,
                        "leaves of %u numbers, the model has %u outputs", self->shape.leaf_width,
                        self->shape.n_outputs);
}

static apo_status take_weight(const trees *self, uint64_t tree, double *out, apo_error *err) {
  *out = 1.0;
  if (self->drops == NULL) return APO_OK;
  APO_TRY(apo_json_number_at(*self->drops, tree, out, err));
  *out = (double)(float)*out;
  if (isfinite(*out)) return APO_OK;
  return apo_json_fault_at(*self->drops, tree, err, APO_ERR_FORMAT, "%g, needs a finite number",
                           *out);
}

// XGBoost puts a tree where its id says; all of its files have them in order, and so must others.
static apo_status check_place(apo_json_at at, uint64_t tree, apo_error *err) {
  apo_json_at id;
  int64_t number = 0;
  if (!apo_json_find(at, "id", &id)) return APO_OK;
  APO_TRY(apo_json_integer(id, INT32_MIN, INT32_MAX, &number, err));
  if (number >= 0 && (uint64_t)number == tree) return APO_OK;
  return apo_json_fault(id, err, APO_ERR_FORMAT, "%" PRId64 ", needs the tree's place in the list",
                        number);
}

static apo_status add_tree(const trees *self, uint64_t tree, apo_builder *builder, apo_error *err) {
  apo_json_at at;
  int64_t output = 0;
  double weight = 1.0;
  APO_TRY(apo_json_item(self->list, tree, &at, err));
  const int64_t n_outputs = self->shape.n_outputs;
  APO_TRY(check_place(at, tree, err));
  APO_TRY(apo_json_integer_at(self->outputs, tree, 0, n_outputs - 1, &output, err));
  APO_TRY(take_weight(self, tree, &weight, err));
  return apo_xgboost_tree(at, self->shape, (uint32_t)output, weight, builder, err);
}

static apo_status build(const trees *self, apo_forest **out, apo_error *err) {
  const apo_forest_head head = {.n_columns = self->shape.n_columns,
                                .n_outputs = self->shape.n_outputs,
                                .cast_f32 = true,
                                .code_rule = APO_CODE_NONNEG_TRUNC,
                                .cover_kind = APO_COVER_HESSIAN,
                                .scale = 1.0,
                                .divide = 1.0};
  apo_builder *builder = NULL;
  APO_TRY(apo_builder_create(&head, &builder, err));
  apo_status status = APO_OK;
  for (uint64_t tree = 0; tree < self->n_trees && status == APO_OK; ++tree) {
    status = add_tree(self, tree, builder, err);
  }
  if (status == APO_OK) status = apo_builder_finish(&builder, out, err);
  apo_builder_destroy(&builder);
  return status;
}

// Files of before 2.0 state the length of an iteration by num_parallel_tree alone; later ones state
// where each begins, and one that is uneven (a model that was cut or joined) has no iterations.
static apo_status take_iterations(apo_json_at at,
                                  const trees *self,
                                  apo_model *model,
                                  apo_error *err) {
  apo_json_at params;
  apo_json_at begins;
  int64_t n_parallel = 1;
  const apo_xgboost_range range = {0, APO_MAX_TREES, false};
  APO_TRY(apo_json_member(at, "gbtree_model_param", &params, err));
  if (apo_json_find(params, "num_parallel_tree", &begins)) {
    APO_TRY(apo_xgboost_integer(params, "num_parallel_tree", range, &n_parallel, err));
  }
  if (n_parallel == 0) n_parallel = 1;
  const uint64_t n_groups = self->shape.leaf_width > 1 ? 1 : self->shape.n_outputs;
  const uint64_t step = (uint64_t)n_parallel * n_groups;
  if (step > UINT32_MAX || self->n_trees % step != 0) return APO_OK;
  if (apo_json_find(at, "iteration_indptr", &begins)) {
    APO_TRY(apo_json_need(begins, APO_JSON_ARRAY, err));
    for (uint64_t i = 0; i < apo_json_length(begins); ++i) {
      int64_t begin = 0;
      APO_TRY(apo_json_integer_at(begins, i, 0, APO_MAX_TREES, &begin, err));
      if ((uint64_t)begin != i * step) return APO_OK;
    }
  }
  model->trees_per_iteration = (uint32_t)step;
  return APO_OK;
}

apo_status apo_xgboost_forest(apo_json_at booster,
                              const apo_json_at *drops,
                              apo_model *model,
                              apo_error *err) {
  apo_json_at at;
  apo_json_at own_drops;
  trees self = {.drops = drops,
                .shape = {.n_columns = model->n_columns, .n_outputs = model->n_outputs}};
  model->kind = APO_MODEL_FOREST;
  APO_TRY(apo_json_member(booster, "model", &at, err));
  // XGBoost 3.4 saves dart under the name gbtree, with the weights here.
  if (apo_json_find(at, "weight_drop", &own_drops)) {
    APO_TRY(apo_json_need(own_drops, APO_JSON_ARRAY, err));
    if (drops == NULL && apo_json_length(own_drops) > 0) self.drops = &own_drops;
  }
  APO_TRY(take_trees(at, &self, err));
  APO_TRY(take_width(&self, err));
  APO_TRY(take_iterations(at, &self, model, err));
  APO_TRY(build(&self, &model->forest, err));
  return apo_xgboost_categories(at, model, err);
}
