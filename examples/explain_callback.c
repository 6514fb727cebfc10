/* explain_callback.c - explains a function of one's own, by two methods, with standard errors.
 *
 * Any function from rows to numbers is a model: here the energy that a room takes, from ten
 * inputs.  Kernel SHAP and permutation SHAP estimate the same Shapley values, so each checks the
 * other; permutation SHAP also says how far its draws may be off.
 */
#include <apportion.h>

#include "csv_table.h"

enum { N_COLUMNS = 10, N_BACKGROUND = 50, N_ROWS = 2 };

/* What is known of the room goes through the context; here, how well it is insulated. */
typedef struct room {
  double insulation;
} room;

static apo_status predict(void *context, const apo_rows *rows, double *out, apo_error *err) {
  const room *self = context;
  (void)err;
  for (uint64_t row = 0; row < rows->n_rows; ++row) {
    const double *x = (const double *)rows->values + row * rows->row_stride;
    const double loss = fmax(0.0, x[0] - x[1]) / self->insulation;  // inside minus outside
    out[row] =
        loss * (1.0 + x[2]) - 0.5 * x[3] * x[4] + 0.2 * x[5] * x[6] * x[7] + sin(x[8]) - 0.1 * x[9];
  }
  return APO_OK;
}

/* Reproducible numbers in [0, 1). */
static double draw(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(*state >> 11) * 0x1p-53;
}

typedef struct answer {
  float phi[N_ROWS][N_COLUMNS];
  float se[N_ROWS][N_COLUMNS]; /* 0 where the method gives none */
} answer;

static apo_status keep(void *context, const apo_tile *tile, apo_error *err) {
  answer *self = context;
  (void)err;
  for (uint32_t row = 0; row < tile->n_rows; ++row) {
    for (uint32_t column = 0; column < N_COLUMNS; ++column) {
      const size_t from = (size_t)row * N_COLUMNS + column;
      self->phi[tile->row_begin + row][column] = tile->phi[from];
      if (tile->phi_se != NULL) self->se[tile->row_begin + row][column] = tile->phi_se[from];
    }
  }
  return APO_OK;
}

static apo_status explain(const apo_model *model,
                          const apo_background *background,
                          apo_devices *devices,
                          apo_method method,
                          double *values,
                          answer *out,
                          apo_error *err) {
  const apo_request request = {.struct_bytes = sizeof request, .method = method, .seed = 1};
  csv_table rows = {{values, N_ROWS, N_COLUMNS, 1, N_COLUMNS, APO_F64}, values, 0};
  const apo_source source = table_source(&rows);
  const apo_sink sink = {out, keep};
  apo_plan *plan = NULL;
  apo_status status = apo_plan_create(model, background, &request, devices, &plan, err);
  if (status == APO_OK) status = apo_plan_run(plan, &source, &sink, NULL, NULL, err);
  apo_plan_destroy(&plan);
  return status;
}

int main(void) {
  static double values[N_BACKGROUND + N_ROWS][N_COLUMNS];
  uint64_t state = 1;
  for (int i = 0; i < (N_BACKGROUND + N_ROWS) * N_COLUMNS; ++i) {
    values[i / N_COLUMNS][i % N_COLUMNS] = 4.0 * draw(&state) - 2.0;
  }
  room home = {.insulation = 2.0};
  const apo_predictor predictor = {sizeof predictor, &home, N_COLUMNS, 1, 0, predict};
  const apo_rows background_rows = {values, N_BACKGROUND, N_COLUMNS, 1, N_COLUMNS, APO_F64};
  const apo_device_options none = {.struct_bytes = sizeof none, .list = "none"};
  static answer kernel;
  static answer permutation;
  apo_error err = {0};
  apo_model *model = NULL;
  apo_background *background = NULL;
  apo_devices *devices = NULL;

  apo_status status = apo_model_wrap(&predictor, &model, &err);
  if (status == APO_OK) {
    status = apo_background_create(model, &background_rows, NULL, &background, &err);
  }
  if (status == APO_OK) status = apo_devices_open(&none, &devices, &err);
  if (status == APO_OK) {
    status =
        explain(model, background, devices, APO_METHOD_KERNEL, values[N_BACKGROUND], &kernel, &err);
  }
  if (status == APO_OK) {
    status = explain(model, background, devices, APO_METHOD_PERMUTATION, values[N_BACKGROUND],
                     &permutation, &err);
  }
  if (status != APO_OK) fprintf(stderr, "%s\n", err.message);
  int n_apart = 0;
  for (int row = 0; row < N_ROWS && status == APO_OK; ++row) {
    printf("row %d       kernel   permutation\n", row);
    for (int column = 0; column < N_COLUMNS; ++column) {
      const double phi = (double)permutation.phi[row][column];
      const double se = (double)permutation.se[row][column];
      const double other = (double)kernel.phi[row][column];
      printf("  column %d  %+.4f  %+.4f +- %.4f\n", column, other, phi, se);
      n_apart += fabs(phi - other) > 4 * se + 1e-4;
    }
  }
  if (status == APO_OK)
    printf("%d of %d are more than 4 errors apart\n", n_apart, N_ROWS * N_COLUMNS);
  apo_devices_destroy(&devices);
  apo_background_destroy(&background);
  apo_model_destroy(&model);
  return status == APO_OK && n_apart == 0 ? 0 : 1;
}
