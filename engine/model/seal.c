/* seal.c - what every reader's model is asked before anybody uses it. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/forest/validate.h"
#include "engine/model/model.h"

static apo_status check_sizes(const apo_model *model, apo_error *err) {
  if (model->n_columns == 0) return apo_fail(err, APO_ERR_FORMAT, "model: no columns");
  if (model->n_outputs == 0) return apo_fail(err, APO_ERR_FORMAT, "model: no outputs");
  if (model->n_columns > APO_MAX_COLUMNS) {
    return apo_fail(err, APO_ERR_LIMIT, "model: %u columns, at most %d", model->n_columns,
                    APO_MAX_COLUMNS);
  }
  if (model->n_outputs > APO_MAX_OUTPUTS) {
    return apo_fail(err, APO_ERR_LIMIT, "model: %u outputs, at most %d", model->n_outputs,
                    APO_MAX_OUTPUTS);
  }
  return APO_OK;
}

static apo_status check_names(const apo_names *names,
                              uint32_t n,
                              const char *what,
                              apo_error *err) {
  if (names->n_names != 0 && names->n_names != n) {
    return apo_fail(err, APO_ERR_FORMAT, "%u %s names, the model has %u %ss", names->n_names, what,
                    n, what);
  }
  return apo_names_check_unique(names, what, err);
}

static apo_status check_link(const apo_model *model, apo_error *err) {
  apo_link_name found;
  if (!apo_link_find(apo_link_text(model->link.name), &found)) {
    return apo_fail(err, APO_ERR_UNSUPPORTED, "link %d is not known", (int)model->link.name);
  }
  if (isfinite(model->link.scale) && model->link.scale > 0.0) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT, "link %s: scale %g, needs more than 0",
                  apo_link_text(model->link.name), model->link.scale);
}

static apo_status check_finite(const double *values, size_t n, const char *what, apo_error *err) {
  for (size_t i = 0; i < n; ++i) {
    if (isfinite(values[i])) continue;
    return apo_fail(err, APO_ERR_FORMAT, "%s %zu: %g is not finite", what, i, values[i]);
  }
  return APO_OK;
}

/* --- transform -------------------------------------------------------------------------------- */

static apo_status check_step(const apo_transform_step *step, uint32_t n_columns, apo_error *err) {
  APO_TRY(check_finite(step->values, n_columns, "column", err));
  switch (step->op) {
    case APO_TRANSFORM_ADD:
    case APO_TRANSFORM_SUB:
    case APO_TRANSFORM_MUL:
    case APO_TRANSFORM_FLOAT: return APO_OK;
    case APO_TRANSFORM_DIV:
      for (uint32_t column = 0; column < n_columns; ++column) {
        if (step->values[column] != 0.0) continue;
        return apo_fail(err, APO_ERR_FORMAT, "column %u: divides by 0", column);
      }
      return APO_OK;
    case APO_TRANSFORM_CLIP:
      APO_TRY(check_finite(step->highs, n_columns, "column", err));
      for (uint32_t column = 0; column < n_columns; ++column) {
        if (step->values[column] <= step->highs[column]) continue;
        return apo_fail(err, APO_ERR_FORMAT, "column %u: clips to %g at least and %g at most",
                        column, step->values[column], step->highs[column]);
      }
      return APO_OK;
  }
  return apo_fail(err, APO_ERR_UNSUPPORTED, "step %d is not known", (int)step->op);
}

static bool leaves_alone(const apo_transform_step *step, uint32_t column) {
  switch (step->op) {
    case APO_TRANSFORM_ADD:
    case APO_TRANSFORM_SUB: return step->values[column] == 0.0;
    case APO_TRANSFORM_MUL:
    case APO_TRANSFORM_DIV: return step->values[column] == 1.0;
    case APO_TRANSFORM_CLIP:
      return step->values[column] == -DBL_MAX && step->highs[column] == DBL_MAX;
    // Codes are whole and below 2^24: floats have them all.
    case APO_TRANSFORM_FLOAT: return true;
  }
  return false;
}

// A code is a name, not a quantity: scaling one makes it another's.
static apo_status check_code_column(const apo_model *model, uint32_t column, apo_error *err) {
  for (uint32_t at = 0; at < model->transform.n_steps; ++at) {
    if (leaves_alone(&model->transform.steps[at], column)) continue;
    return apo_fail(err, APO_ERR_FORMAT, "transform %u: changes column %u, which is categorical",
                    at, column);
  }
  return APO_OK;
}

static apo_status check_transform(const apo_model *model, apo_error *err) {
  for (uint32_t at = 0; at < model->transform.n_steps; ++at) {
    const apo_status status = check_step(&model->transform.steps[at], model->n_columns, err);
    if (status != APO_OK) return apo_prefix(err, status, "transform %u: ", at);
  }
  if (model->transform.n_steps == 0) return APO_OK;
  for (uint32_t at = 0; at < model->n_categories; ++at) {
    APO_TRY(check_code_column(model, model->categories[at].column, err));
  }
  const apo_forest *forest = model->forest;
  for (uint64_t node = 0; forest != NULL && node < forest->n_nodes; ++node) {
    if (forest->op[node] != APO_OP_IN) continue;
    APO_TRY(check_code_column(model, forest->column[node], err));
  }
  return APO_OK;
}

/* --- category tables -------------------------------------------------------------------------- */

static int compare_numbers(const void *a, const void *b) {
  const double left = *(const double *)a;
  const double right = *(const double *)b;
  return left < right ? -1 : left > right;
}

static apo_status check_numbers(const apo_category_table *table, apo_error *err) {
  APO_TRY(check_finite(table->numbers, table->n_numbers, "category", err));
  apo_status status = APO_OK;
  double *sorted = apo_alloc(table->n_numbers, sizeof *sorted);
  if (sorted == NULL) return apo_fail(err, APO_ERR_MEMORY, "%u categories", table->n_numbers);
  if (table->n_numbers > 0) memcpy(sorted, table->numbers, table->n_numbers * sizeof *sorted);
  qsort(sorted, table->n_numbers, sizeof *sorted, compare_numbers);
  for (uint32_t i = 1; i < table->n_numbers && status == APO_OK; ++i) {
    if (sorted[i - 1] != sorted[i]) continue;
    status = apo_fail(err, APO_ERR_FORMAT, "category %.17g is listed twice", sorted[i]);
  }
  free(sorted);
  return status;
}

static apo_status check_table(const apo_category_table *table, apo_error *err) {
  const uint32_t n = table->is_text ? table->texts.n_names : table->n_numbers;
  if (n > APO_MAX_CATEGORY_CODE) {
    return apo_fail(err, APO_ERR_LIMIT, "%u categories, at most %d", n, APO_MAX_CATEGORY_CODE);
  }
  if (table->unknown != APO_UNKNOWN_ERROR && table->unknown != APO_UNKNOWN_MISSING &&
      table->unknown != APO_UNKNOWN_OTHER) {
    return apo_fail(err, APO_ERR_FORMAT, "rule %d for unknown values", (int)table->unknown);
  }
  if (table->is_text) return apo_names_check_unique(&table->texts, "category", err);
  return check_numbers(table, err);
}

static apo_status check_categories(const apo_model *model, apo_error *err) {
  apo_status status = APO_OK;
  uint8_t *seen = apo_alloc(model->n_columns, sizeof *seen);
  if (seen == NULL) return apo_fail(err, APO_ERR_MEMORY, "%u columns", model->n_columns);
  for (uint32_t at = 0; at < model->n_categories && status == APO_OK; ++at) {
    const apo_category_table *table = &model->categories[at];
    if (table->column >= model->n_columns) {
      status = apo_fail(err, APO_ERR_FORMAT, "column %u of %u", table->column, model->n_columns);
    } else if (seen[table->column]++ != 0) {
      status = apo_fail(err, APO_ERR_FORMAT, "column %u has two tables", table->column);
    } else {
      status = check_table(table, err);
    }
    if (status != APO_OK) apo_prefix(err, status, "category table %u: ", at);
  }
  free(seen);
  return status;
}

/* --- parts ------------------------------------------------------------------------------------ */

static apo_status check_forest(const apo_model *model, apo_error *err) {
  const apo_forest *forest = model->forest;
  if (forest == NULL) return apo_fail(err, APO_ERR_INTERNAL, "model: a forest without trees");
  if (forest->n_columns != model->n_columns || forest->n_outputs != model->n_outputs) {
    return apo_fail(err, APO_ERR_FORMAT,
                    "forest of %u columns and %u outputs in a model of %u and %u",
                    forest->n_columns, forest->n_outputs, model->n_columns, model->n_outputs);
  }
  return apo_forest_validate(forest, err);
}

static apo_status check_linear(const apo_model *model, apo_error *err) {
  if (model->linear == NULL || model->linear->coefficients == NULL) {
    return apo_fail(err, APO_ERR_INTERNAL, "model: linear without coefficients");
  }
  const size_t n = (size_t)model->n_columns * model->n_outputs;
  return check_finite(model->linear->coefficients, n, "coefficient", err);
}

static apo_status check_part(const apo_model *model, apo_error *err) {
  switch (model->kind) {
    case APO_MODEL_FOREST: APO_TRY(check_forest(model, err)); break;
    case APO_MODEL_LINEAR: APO_TRY(check_linear(model, err)); break;
    case APO_MODEL_CALLBACK: return APO_OK;
  }
  if (model->base == NULL) return apo_fail(err, APO_ERR_INTERNAL, "model: no base");
  return check_finite(model->base, model->n_outputs, "base of output", err);
}

// A column with named categories is categorical also where splits compare their codes one by one.
static apo_status count_categorical(apo_model *model, apo_error *err) {
  const apo_forest *forest = model->forest;
  if (model->n_categories == 0) return APO_OK;
  uint8_t *is_categorical = apo_alloc(model->n_columns, sizeof *is_categorical);
  if (is_categorical == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "%u columns", model->n_columns);
  }
  for (uint64_t node = 0; node < forest->n_nodes; ++node) {
    if (forest->op[node] == APO_OP_IN) is_categorical[forest->column[node]] = 1;
  }
  for (uint32_t at = 0; at < model->n_categories; ++at) {
    const apo_category_table *table = &model->categories[at];
    if (table->texts.n_names + table->n_numbers > 0) is_categorical[table->column] = 1;
  }
  model->census.n_categorical = 0;
  for (uint32_t column = 0; column < model->n_columns; ++column) {
    model->census.n_categorical += is_categorical[column];
  }
  free(is_categorical);
  return APO_OK;
}

apo_status apo_model_seal(apo_model *model, apo_error *err) {
  APO_TRY(check_sizes(model, err));
  APO_TRY(check_names(&model->column_names, model->n_columns, "column", err));
  APO_TRY(check_names(&model->output_names, model->n_outputs, "output", err));
  APO_TRY(check_link(model, err));
  APO_TRY(check_part(model, err));
  APO_TRY(check_categories(model, err));
  APO_TRY(check_transform(model, err));
  if (model->forest == NULL) return APO_OK;
  APO_TRY(apo_census_take(model->forest, &model->census, err));
  return count_categorical(model, err);
}
