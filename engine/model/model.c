#include "engine/model/model.h"

#include <math.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/forest/split.h"

apo_status apo_model_new(apo_model **out, apo_error *err) {
  *out = apo_alloc(1, sizeof **out);
  if (*out == NULL) return apo_fail(err, APO_ERR_MEMORY, "model: %zu bytes", sizeof **out);
  (*out)->link.scale = 1.0;
  (*out)->best_iteration = -1;
  (*out)->format = "";
  return APO_OK;
}

static void free_linear(apo_linear *linear) {
  if (linear == NULL) return;
  free(linear->coefficients);
  free(linear);
}

static void free_transform(apo_transform *transform) {
  for (uint32_t at = 0; transform->steps != NULL && at < transform->n_steps; ++at) {
    free(transform->steps[at].values);
    free(transform->steps[at].highs);
  }
  free(transform->steps);
}

static void free_categories(apo_model *model) {
  for (uint32_t at = 0; model->categories != NULL && at < model->n_categories; ++at) {
    apo_names_clear(&model->categories[at].texts);
    free(model->categories[at].numbers);
  }
  free(model->categories);
}

void apo_model_destroy(apo_model **model) {
  if (model == NULL || *model == NULL) return;
  apo_names_clear(&(*model)->column_names);
  apo_names_clear(&(*model)->output_names);
  free((*model)->base);
  apo_forest_destroy(&(*model)->forest);
  free_linear((*model)->linear);
  free_transform(&(*model)->transform);
  free_categories(*model);
  free(*model);
  *model = NULL;
}

static apo_status check_predictor(const apo_predictor *predictor, apo_error *err) {
  if (predictor == NULL) return apo_fail(err, APO_ERR_ARGUMENT, "predictor: NULL");
  if (predictor->struct_bytes < sizeof *predictor) {
    return apo_fail(err, APO_ERR_ARGUMENT, "predictor: struct_bytes %zu, needs %zu",
                    predictor->struct_bytes, sizeof *predictor);
  }
  if (predictor->predict == NULL) {
    return apo_fail(err, APO_ERR_ARGUMENT, "predictor: predict is NULL");
  }
  if (predictor->n_columns == 0 || predictor->n_outputs == 0) {
    return apo_fail(err, APO_ERR_ARGUMENT, "predictor: %u columns and %u outputs, needs 1 of each",
                    predictor->n_columns, predictor->n_outputs);
  }
  return APO_OK;
}

apo_status apo_model_wrap(const apo_predictor *predictor, apo_model **out, apo_error *err) {
  *out = NULL;
  APO_TRY(check_predictor(predictor, err));
  apo_model *model = NULL;
  APO_TRY(apo_model_new(&model, err));
  model->kind = APO_MODEL_CALLBACK;
  model->format = "callback";
  model->n_columns = predictor->n_columns;
  model->n_outputs = predictor->n_outputs;
  model->predictor = *predictor;
  // A newer caller's struct is larger; what we keep is what we know.
  model->predictor.struct_bytes = sizeof *predictor;
  const apo_status status = apo_model_seal(model, err);
  if (status != APO_OK) {
    apo_model_destroy(&model);
    return apo_prefix(err, status, "predictor: ");
  }
  *out = model;
  return APO_OK;
}

static const char *kind_text(apo_model_kind kind) {
  switch (kind) {
    case APO_MODEL_FOREST: return "forest";
    case APO_MODEL_LINEAR: return "linear";
    case APO_MODEL_CALLBACK: return "callback";
  }
  return "unknown";
}

static const char *cover_text(apo_cover_kind kind) {
  switch (kind) {
    case APO_COVER_NONE: return "none";
    case APO_COVER_HESSIAN: return "hessian";
    case APO_COVER_COUNT: return "count";
    case APO_COVER_WEIGHT: return "weight";
  }
  return "unknown";
}

static const char *cast_text(const apo_model *model) {
  const bool is_cast = (model->forest != NULL && model->forest->cast_f32) ||
                       (model->linear != NULL && model->linear->cast_f32);
  return is_cast ? "float32" : "float64";
}

void apo_model_describe(const apo_model *model, apo_model_info *info) {
  apo_model_info full = {
      .struct_bytes = info->struct_bytes,
      .format = model->format,
      .kind = kind_text(model->kind),
      .library = model->library,
      .library_version = model->library_version,
      .objective = model->objective,
      .link = apo_link_text(model->link.name),
      .digest = model->digest,
      .n_columns = model->n_columns,
      .n_outputs = model->n_outputs,
      .max_depth = model->census.max_depth,
      .max_players = model->census.max_players,
      .n_categorical = model->census.n_categorical,
      .n_missing_columns = model->census.n_missing_columns,
      .best_iteration = model->best_iteration,
      .format_version = model->format_version,
      .made_from = model->origin_format,
      .cast = cast_text(model),
      .cover_kind = "none",
      .memory_bytes = apo_model_bytes(model),
      .trees_per_iteration = model->trees_per_iteration,
      .n_transforms = model->transform.n_steps,
      .n_category_tables = model->n_categories,
      .margin_is_probability = model->margin_is_probability,
  };
  if (model->forest != NULL) {
    full.cover_kind = cover_text(model->forest->cover_kind);
    full.n_nodes = model->forest->n_nodes;
    full.n_linear_leaves = model->census.n_linear_leaves;
    full.n_trees = model->forest->n_trees;
    full.n_leaves = model->forest->n_leaves;
    full.has_cover = model->forest->node_cover != NULL;
  }
  // An older caller's struct is shorter; it gets what it knows.
  memcpy(info, &full, info->struct_bytes < sizeof full ? info->struct_bytes : sizeof full);
}

static const char *name_at(const apo_names *names, uint32_t at) {
  return at < names->n_names ? names->texts[at] : NULL;
}

const char *apo_model_column_name(const apo_model *model, uint32_t column) {
  return name_at(&model->column_names, column);
}

const char *apo_model_output_name(const apo_model *model, uint32_t output) {
  return name_at(&model->output_names, output);
}

double apo_model_intercept(const apo_model *model, uint32_t output) {
  return model->base != NULL && output < model->n_outputs ? model->base[output] : 0.0;
}

static apo_status linear_margin(const apo_model *model,
                                const double *row,
                                double *out,
                                apo_error *err) {
  const apo_linear *linear = model->linear;
  for (uint32_t output = 0; output < model->n_outputs; ++output) {
    const double *coefficients = linear->coefficients + (size_t)output * model->n_columns;
    double sum = 0.0;
    for (uint32_t column = 0; column < model->n_columns; ++column) {
      // A column that is not used may hold anything: 0 * inf would be NaN.
      if (coefficients[column] == 0.0) continue;
      if (isnan(row[column])) {
        if (linear->missing_adds_nothing) continue;
        return apo_fail(err, APO_ERR_FORMAT,
                        "column %u is missing, and the model has no rule for it", column);
      }
      sum += coefficients[column] * row[column];
    }
    out[output] = sum;
  }
  return APO_OK;
}

static apo_status add_parts(const apo_model *model,
                            const double *row,
                            double *out,
                            apo_error *err) {
  if (model->kind == APO_MODEL_LINEAR) {
    APO_TRY(linear_margin(model, row, out, err));
  } else {
    apo_forest_margin(model->forest, row, out);
  }
  for (uint32_t output = 0; output < model->n_outputs; ++output) out[output] += model->base[output];
  return APO_OK;
}

double apo_model_value(const apo_model *model, uint32_t column, double value) {
  const double moved = apo_transform_value(&model->transform, column, value);
  return model->kind == APO_MODEL_LINEAR && model->linear->cast_f32 ? (double)(float)moved : moved;
}

apo_status apo_model_margin(const apo_model *model,
                            const double *row,
                            double *out,
                            apo_error *err) {
  if (model->kind == APO_MODEL_CALLBACK) {
    return apo_fail(err, APO_ERR_ARGUMENT, "a callback model has no margin");
  }
  const bool is_cast = model->kind == APO_MODEL_LINEAR && model->linear->cast_f32;
  if (model->transform.n_steps == 0 && !is_cast) return add_parts(model, row, out, err);
  double *moved = apo_alloc(model->n_columns, sizeof *moved);
  if (moved == NULL) return apo_fail(err, APO_ERR_MEMORY, "a row of %u columns", model->n_columns);
  for (uint32_t column = 0; column < model->n_columns; ++column) {
    moved[column] = apo_model_value(model, column, row[column]);
  }
  const apo_status status = add_parts(model, moved, out, err);
  free(moved);
  return status;
}
