#include "engine/data/rows.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

apo_status apo_rows_check(const apo_rows *rows, uint32_t n_columns, apo_error *err) {
  if (rows == NULL) return apo_fail(err, APO_ERR_ARGUMENT, "rows: NULL");
  if (rows->dtype != APO_F32 && rows->dtype != APO_F64) {
    return apo_fail(err, APO_ERR_ARGUMENT, "rows: dtype %d is not known", (int)rows->dtype);
  }
  if (rows->n_cols != n_columns) {
    return apo_fail(err, APO_ERR_ARGUMENT, "rows: %u columns, the model has %u", rows->n_cols,
                    n_columns);
  }
  if (rows->values == NULL && rows->n_rows > 0) {
    return apo_fail(err, APO_ERR_ARGUMENT, "rows: values is NULL");
  }
  return APO_OK;
}

double apo_rows_value(const apo_rows *rows, uint64_t row, uint32_t column) {
  const size_t at = (size_t)(row * rows->row_stride + column * rows->col_stride);
  if (rows->dtype == APO_F32) return (double)((const float *)rows->values)[at];
  return ((const double *)rows->values)[at];
}

void apo_rows_copy_row(const apo_rows *rows, uint64_t row, double *out) {
  const size_t begin = (size_t)(row * rows->row_stride);
  const size_t stride = (size_t)rows->col_stride;
  if (rows->dtype == APO_F32) {
    const float *from = (const float *)rows->values + begin;
    for (uint32_t column = 0; column < rows->n_cols; ++column) {
      out[column] = (double)from[column * stride];
    }
  } else {
    const double *from = (const double *)rows->values + begin;
    for (uint32_t column = 0; column < rows->n_cols; ++column) out[column] = from[column * stride];
  }
}

void apo_rows_narrow_row(const apo_rows *rows, uint64_t row, float *out) {
  const size_t begin = (size_t)(row * rows->row_stride);
  const size_t stride = (size_t)rows->col_stride;
  if (rows->dtype == APO_F32) {
    const float *from = (const float *)rows->values + begin;
    if (stride == 1) {
      memcpy(out, from, rows->n_cols * sizeof *from);
      return;
    }
    for (uint32_t column = 0; column < rows->n_cols; ++column) out[column] = from[column * stride];
  } else {
    const double *from = (const double *)rows->values + begin;
    for (uint32_t column = 0; column < rows->n_cols; ++column) {
      out[column] = (float)from[column * stride];
    }
  }
}

bool apo_same_value(double a, double b) {
  return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}
