/* prediction_file.h - predictions as .npy (float64) or CSV. */
#ifndef APO_HOST_CLI_PREDICTION_FILE_H
#define APO_HOST_CLI_PREDICTION_FILE_H

#include <stdbool.h>

#include "host/io/csv_line.h"
#include "host/io/file.h"

/** What an output of predictions looks like. */
typedef struct apo_prediction_shape {
  uint32_t n_outputs;
  const char *const *output_names; /* [n_outputs], entries may be NULL */
  const char *id_name;             /* first column of a CSV, or NULL */
} apo_prediction_shape;

typedef struct apo_prediction_file {
  apo_output_file *file;
  apo_prediction_shape shape; /* borrowed texts */
  bool is_npy;
  uint64_t n_rows;
  apo_csv_line line;
} apo_prediction_file;

/** Open "x.npy", "x.csv" or "-" (CSV on stdout).
 *
 * Shapes:  the array is (rows) for one output, else (rows, outputs)
 * Fails:   APO_ERR_ARGUMENT  another name; as apo_output_file_open
 */
APO_NODISCARD apo_status apo_prediction_file_open(const char *path,
                                                  bool force,
                                                  const apo_prediction_shape *shape,
                                                  apo_prediction_file *out,
                                                  apo_error *err);
/** Shapes: predictions [n_rows x n_outputs]; ids [n_rows], or NULL without id_name. */
APO_NODISCARD apo_status apo_prediction_file_put(apo_prediction_file *file,
                                                 uint64_t n_rows,
                                                 const double *predictions,
                                                 const char *const *ids,
                                                 apo_error *err);
APO_NODISCARD apo_status apo_prediction_file_finish(apo_prediction_file *file, apo_error *err);
/** Drop what was not finished. */
void apo_prediction_file_close(apo_prediction_file *file);

#endif
