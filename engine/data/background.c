#include "engine/data/background.h"

#include <inttypes.h>
#include <math.h>

#include "engine/core/memory.h"
#include "engine/data/rows.h"
#include "engine/data/table_digest.h"
#include "engine/model/model.h"

_Static_assert(sizeof((apo_background *)0)->digest == APO_DIGEST_TEXT_BYTES, "one size of digest");

void apo_background_destroy(apo_background **background) {
  if (background == NULL || *background == NULL) return;
  free((*background)->values);
  free((*background)->weights);
  free(*background);
  *background = NULL;
}

uint64_t apo_background_n_rows(const apo_background *background) {
  return background->n_rows;
}

const char *apo_background_digest(const apo_background *background) {
  return background->digest;
}

static apo_status check_arguments(const apo_model *model, const apo_rows *rows, apo_error *err) {
  if (model == NULL) return apo_fail(err, APO_ERR_ARGUMENT, "background: model is NULL");
  const apo_status status = apo_rows_check(rows, model->n_columns, err);
  if (status != APO_OK) return apo_prefix(err, status, "background: ");
  if (rows->n_rows == 0) {
    return apo_fail(err, APO_ERR_FORMAT, "background: no rows, needs at least one");
  }
  return APO_OK;
}

// The largest weight is divided out first, so that weights near the end of the range add up.
static apo_status scale_weights(const double *weights,
                                uint64_t n_rows,
                                double *out,
                                apo_error *err) {
  double max = 0.0;
  for (uint64_t row = 0; row < n_rows; ++row) {
    if (!isfinite(weights[row]) || weights[row] < 0.0) {
      return apo_fail(err, APO_ERR_FORMAT,
                      "background: row %" PRIu64 ": weight %g, needs 0 or more", row, weights[row]);
    }
    max = fmax(max, weights[row]);
  }
  if (max == 0.0) return apo_fail(err, APO_ERR_FORMAT, "background: the weights sum to 0");
  double sum = 0.0;
  for (uint64_t row = 0; row < n_rows; ++row) {
    out[row] = weights[row] / max;
    sum += out[row];
  }
  for (uint64_t row = 0; row < n_rows; ++row) out[row] /= sum;
  return APO_OK;
}

static apo_status hash_content(const apo_background *self,
                               const apo_model *model,
                               apo_table_hash *hash,
                               char out[72],
                               apo_error *err) {
  APO_TRY(apo_table_hash_start(hash, err));
  for (uint32_t column = 0; column < self->n_columns; ++column) {
    const char *name = apo_model_column_name(model, column);
    APO_TRY(apo_table_hash_column(hash, name, APO_COLUMN_NUMBER, err));
  }
  for (uint64_t row = 0; row < self->n_rows; ++row) {
    const double *values = self->values + (size_t)row * self->n_columns;
    APO_TRY(apo_table_hash_row(hash, values, self->n_columns, err));
  }
  if (self->is_weighted) {
    APO_TRY(apo_digest_add_f64s(&hash->tail, self->weights, (size_t)self->n_rows, err));
  }
  return apo_table_hash_finish(hash, out, err);
}

static apo_status fill(apo_background *self,
                       const apo_model *model,
                       const apo_rows *rows,
                       const double *weights,
                       apo_error *err) {
  for (uint64_t row = 0; row < rows->n_rows; ++row) {
    apo_rows_copy_row(rows, row, self->values + (size_t)row * self->n_columns);
    self->weights[row] = 1.0 / (double)rows->n_rows;
  }
  if (weights != NULL) APO_TRY(scale_weights(weights, rows->n_rows, self->weights, err));
  apo_table_hash hash = {0};
  const apo_status status = hash_content(self, model, &hash, self->digest, err);
  apo_table_hash_stop(&hash);
  return status;
}

apo_status apo_background_create(const apo_model *model,
                                 const apo_rows *rows,
                                 const double *weights,
                                 apo_background **out,
                                 apo_error *err) {
  apo_status status = APO_OK;
  apo_background *self = NULL;
  *out = NULL;
  APO_TRY(check_arguments(model, rows, err));

  self = apo_alloc(1, sizeof *self);
  if (self != NULL && rows->n_rows <= SIZE_MAX / sizeof(double) / rows->n_cols) {
    self->n_rows = rows->n_rows;
    self->n_columns = rows->n_cols;
    self->is_weighted = weights != NULL;
    self->values = apo_alloc((size_t)rows->n_rows * rows->n_cols, sizeof *self->values);
    self->weights = apo_alloc((size_t)rows->n_rows, sizeof *self->weights);
  }
  if (self == NULL || self->values == NULL || self->weights == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "background: %" PRIu64 " rows of %u columns",
                      rows->n_rows, rows->n_cols);
    goto done;
  }
  status = fill(self, model, rows, weights, err);
  if (status != APO_OK) goto done;
  *out = self;
  self = NULL;

done:
  apo_background_destroy(&self);
  return status;
}
