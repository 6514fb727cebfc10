/* prediction_file.c - a .npy header that is written twice, or lines of text. */
#include "host/cli/prediction_file.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/io/npy.h"

static bool ends_in(const char *text, const char *end) {
  const size_t n = strlen(text);
  const size_t n_end = strlen(end);
  return n >= n_end && strcmp(text + n - n_end, end) == 0;
}

static apo_status write_text(apo_prediction_file *file, const char *text, apo_error *err) {
  return apo_output_file_write(file->file, text, strlen(text), err);
}

/* A field, quoted where it has to be.  What a spreadsheet would take for a formula gets an
 * apostrophe in front, numbers excepted. */
static apo_status write_field(apo_prediction_file *file, const char *text, apo_error *err) {
  char *end;
  strtod(text, &end);
  const bool is_number = text[0] != '\0' && *end == '\0';
  const bool is_formula = text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL && !is_number;
  if (!is_formula && strpbrk(text, ",\"\r\n") == NULL) return write_text(file, text, err);
  APO_TRY(write_text(file, is_formula ? "\"'" : "\"", err));
  while (*text != '\0') {
    const size_t n = strcspn(text, "\"");
    APO_TRY(apo_output_file_write(file->file, text, n, err));
    text += n;
    if (*text != '"') continue;
    APO_TRY(write_text(file, "\"\"", err));
    ++text;
  }
  return write_text(file, "\"", err);
}

static apo_status write_header(apo_prediction_file *file, apo_error *err) {
  const apo_prediction_shape *shape = &file->shape;
  if (file->is_npy) {
    uint8_t header[APO_NPY_HEADER_BYTES];
    apo_npy_header_write(APO_F64, 0, &shape->n_outputs, shape->n_outputs > 1 ? 1 : 0, header);
    return apo_output_file_write(file->file, header, sizeof header, err);
  }
  APO_TRY(write_field(file, shape->id_name != NULL ? shape->id_name : "row", err));
  for (uint32_t output = 0; output < shape->n_outputs; ++output) {
    char made[24] = "prediction";
    if (shape->n_outputs > 1) snprintf(made, sizeof made, "output%u", output);
    const char *name = shape->output_names[output] != NULL ? shape->output_names[output] : made;
    APO_TRY(write_text(file, ",", err));
    APO_TRY(write_field(file, name, err));
  }
  return write_text(file, "\n", err);
}

apo_status apo_prediction_file_open(const char *path,
                                    bool force,
                                    const apo_prediction_shape *shape,
                                    apo_prediction_file *out,
                                    apo_error *err) {
  *out = (apo_prediction_file){.shape = *shape, .is_npy = ends_in(path, ".npy")};
  if (!out->is_npy && !ends_in(path, ".csv") && strcmp(path, "-") != 0) {
    return apo_fail(err, APO_ERR_ARGUMENT, "--out: \"%.80s\", needed x.npy, x.csv or -", path);
  }
  APO_TRY(apo_output_file_open(path, force, &out->file, err));
  const apo_status status = write_header(out, err);
  if (status != APO_OK) apo_prediction_file_close(out);
  return status;
}

/* The shortest decimal that reads back as the same double. */
static void print_real(double value, char *out, size_t n_out) {
  for (int digits = 15; digits <= 17; ++digits) {
    snprintf(out, n_out, "%.*g", digits, value);
    if (isnan(value) || strtod(out, NULL) == value) return;
  }
}

static apo_status put_line(apo_prediction_file *file,
                           uint64_t row,
                           const double *predictions,
                           const char *id,
                           apo_error *err) {
  char text[40];
  if (id != NULL) {
    APO_TRY(write_field(file, id, err));
  } else {
    snprintf(text, sizeof text, "%" PRIu64, row);
    APO_TRY(write_text(file, text, err));
  }
  for (uint32_t output = 0; output < file->shape.n_outputs; ++output) {
    text[0] = ',';
    print_real(predictions[output], text + 1, sizeof text - 1);
    APO_TRY(write_text(file, text, err));
  }
  return write_text(file, "\n", err);
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
}
