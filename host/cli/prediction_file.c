/* prediction_file.c - a .npy header that is written twice, or lines of text. */
#include "host/cli/prediction_file.h"

#include <stdio.h>
#include <string.h>

#include "host/io/npy.h"

static apo_status write_header(apo_prediction_file *file, apo_error *err) {
  const apo_prediction_shape *shape = &file->shape;
  if (file->is_npy) {
    uint8_t header[APO_NPY_HEADER_BYTES];
    apo_npy_header_write(APO_F64, 0, &shape->n_outputs, shape->n_outputs > 1 ? 1 : 0, header);
    return apo_output_file_write(file->file, header, sizeof header, err);
  }
  apo_csv_line_text(&file->line, shape->id_name != NULL ? shape->id_name : "row");
  for (uint32_t output = 0; output < shape->n_outputs; ++output) {
    char made[24] = "prediction";
    if (shape->n_outputs > 1) snprintf(made, sizeof made, "output%u", output);
    const char *name = shape->output_names[output] != NULL ? shape->output_names[output] : made;
    apo_csv_line_text(&file->line, name);
  }
  return apo_csv_line_end(&file->line, file->file, err);
}

apo_status apo_prediction_file_open(const char *path,
                                    bool force,
                                    const apo_prediction_shape *shape,
                                    apo_prediction_file *out,
                                    apo_error *err) {
  *out = (apo_prediction_file){.shape = *shape, .is_npy = apo_path_ends_in(path, ".npy")};
  if (!out->is_npy && !apo_path_ends_in(path, ".csv") && strcmp(path, "-") != 0) {
    return apo_fail(err, APO_ERR_ARGUMENT, "--out: \"%.80s\", needed x.npy, x.csv or -", path);
  }
  APO_TRY(apo_output_file_open(path, force, &out->file, err));
  const apo_status status = write_header(out, err);
  if (status != APO_OK) apo_prediction_file_close(out);
  return status;
}

static apo_status put_line(apo_prediction_file *file,
                           uint64_t row,
                           const double *predictions,
                           const char *id,
                           apo_error *err) {
  if (id != NULL) {
    apo_csv_line_text(&file->line, id);
  } else {
    apo_csv_line_count(&file->line, row);
  }
  for (uint32_t output = 0; output < file->shape.n_outputs; ++output) {
    apo_csv_line_real(&file->line, predictions[output], 0);
  }
  return apo_csv_line_end(&file->line, file->file, err);
}

apo_status apo_prediction_file_put(apo_prediction_file *file,
                                   uint64_t n_rows,
                                   const double *predictions,
                                   const char *const *ids,
                                   apo_error *err) {
  const uint32_t n_outputs = file->shape.n_outputs;
  const uint64_t row_begin = file->n_rows;
  file->n_rows += n_rows;
  if (file->is_npy) {
    // .npy is written as little-endian, which all hosts that are built for are.
    return apo_output_file_write(file->file, predictions,
                                 (size_t)(n_rows * n_outputs) * sizeof *predictions, err);
  }
  for (uint64_t row = 0; row < n_rows; ++row) {
    APO_TRY(put_line(file, row_begin + row, predictions + row * n_outputs,
                     ids != NULL ? ids[row] : NULL, err));
  }
  return APO_OK;
}

apo_status apo_prediction_file_finish(apo_prediction_file *file, apo_error *err) {
  if (file->is_npy) {
    uint8_t header[APO_NPY_HEADER_BYTES];
    const uint32_t n_outputs = file->shape.n_outputs;
    apo_npy_header_write(APO_F64, file->n_rows, &n_outputs, n_outputs > 1 ? 1 : 0, header);
    APO_TRY(apo_output_file_rewrite(file->file, 0, header, sizeof header, err));
  }
  return apo_output_file_commit(&file->file, err);
}

void apo_prediction_file_close(apo_prediction_file *file) {
  apo_output_file_abandon(&file->file);
  apo_csv_line_clear(&file->line);
}
