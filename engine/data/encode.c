#include "engine/data/encode.h"

#include <math.h>

#include "engine/data/rows.h"

static double value_at(const apo_model *model,
                       const apo_rows *rows,
                       uint64_t row,
                       uint32_t column) {
  return apo_model_value(model, column, apo_rows_value(rows, row, column));
}

void apo_encode_rows(
    const apo_model *model, const apo_rows *rows, uint64_t begin, uint32_t n_rows, void *out) {
  const bool is_plain = model->transform.n_steps == 0;
  float *narrow = out;
  double *wide = out;
  for (uint64_t row = begin; row < begin + n_rows; ++row) {
    if (is_plain && model->forest->cast_f32) {
      apo_rows_narrow_row(rows, row, narrow);
      narrow += model->n_columns;
    } else if (is_plain) {
      apo_rows_copy_row(rows, row, wide);
      wide += model->n_columns;
    } else {
      for (uint32_t column = 0; column < model->n_columns; ++column) {
        const double value = value_at(model, rows, row, column);
        if (model->forest->cast_f32) {
          *narrow++ = (float)value;
        } else {
          *wide++ = value;
        }
      }
    }
  }
}

static bool is_used(const apo_model *model, uint32_t column) {
  for (uint32_t k = 0; k < model->n_outputs; ++k) {
    if (model->linear->coefficients[(size_t)k * model->n_columns + column] != 0.0) return true;
  }
  return false;
}

apo_status apo_encode_pairs(const apo_model *model,
                            const apo_rows *rows,
                            uint64_t begin,
                            uint32_t n_rows,
                            float *high,
                            float *low,
                            apo_error *err) {
  for (uint32_t row = 0; row < n_rows; ++row) {
    for (uint32_t column = 0; column < model->n_columns; ++column) {
      double value = value_at(model, rows, begin + row, column);
      const size_t at = (size_t)row * model->n_columns + column;
      if (isnan(value) && !model->linear->missing_adds_nothing && is_used(model, column)) {
        return apo_fail(err, APO_ERR_FORMAT,
                        "row %u: column %u: missing, the model has no rule for it", row, column);
      }
      // A column that is not used may hold anything: 0 * inf would be NaN.
      if (isinf((float)value) && !is_used(model, column)) value = 0.0;
      high[at] = (float)value;
      low[at] = isfinite(high[at]) ? (float)(value - (double)high[at]) : 0.0f;
    }
  }
  return APO_OK;
}

void apo_encode_doubles(
    const apo_model *model, const apo_rows *rows, uint64_t begin, uint32_t n_rows, double *out) {
  for (uint32_t row = 0; row < n_rows; ++row) {
    for (uint32_t column = 0; column < model->n_columns; ++column) {
      *out++ = value_at(model, rows, begin + row, column);
    }
  }
}
