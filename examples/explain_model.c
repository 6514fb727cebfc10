/* explain_model.c - the three largest reasons of each prediction of a model in a file.
 *
 *   explain_model MODEL BACKGROUND.csv ROWS.csv [N_ROWS [DEVICE]]
 *   explain_model examples/flights/model.ubj examples/flights/background.csv \
 *                 examples/flights/rows.csv 5
 *
 * The columns of both files are those of the model, in its order.  Without DEVICE, the best OpenCL
 * device computes, or plain C where there is none; "none" asks for plain C.
 */
#include <apportion.h>

#include "csv_table.h"

enum { N_REASONS = 3 };

typedef struct printer {
  const apo_model *model;
  const apo_rows *rows; /* for the values behind the reasons */
} printer;

/* The player with the largest |phi| that is not among the `n` taken ones. */
static uint32_t next_reason(const float *phi, uint32_t n_players, const uint32_t *taken, int n) {
  uint32_t best = UINT32_MAX;
  for (uint32_t player = 0; player < n_players; ++player) {
    int is_taken = 0;
    for (int i = 0; i < n; ++i) is_taken |= taken[i] == player;
    if (is_taken) continue;
    if (best == UINT32_MAX || fabsf(phi[player]) > fabsf(phi[best])) best = player;
  }
  return best;
}

/* Tiles arrive in row order and are gone when this returns. */
static apo_status print_tile(void *context, const apo_tile *tile, apo_error *err) {
  const printer *self = context;
  (void)err;
  for (uint32_t row = 0; row < tile->n_rows; ++row) {
    const uint64_t number = tile->row_begin + row;
    const size_t first = (size_t)row * tile->n_outputs;  // output 0
    const float *phi = tile->phi + first * tile->n_players;
    const double *values = (const double *)self->rows->values + number * self->rows->row_stride;
    uint32_t taken[N_REASONS];
    printf("row %llu: log-odds %+.3f, of an average row %+.3f\n", (unsigned long long)number,
           tile->prediction[first], tile->base[0]);
    for (int i = 0; i < N_REASONS && (uint32_t)i < tile->n_players; ++i) {
      const uint32_t player = taken[i] = next_reason(phi, tile->n_players, taken, i);
      const char *name = apo_model_column_name(self->model, player);
      printf("  %+.3f  %s = %g\n", (double)phi[player], name != NULL ? name : "column",
             values[player]);
    }
  }
  return APO_OK;
}

int main(int argc, char **argv) {
  if (argc < 4) die("usage", "explain_model MODEL BACKGROUND.csv ROWS.csv [N_ROWS [DEVICE]]");
  size_t n_bytes = 0;
  void *bytes = read_bytes(argv[1], &n_bytes);
  csv_table background_rows = csv_read(argv[2], UINT64_MAX);
  csv_table rows = csv_read(argv[3], argc > 4 ? strtoull(argv[4], NULL, 10) : UINT64_MAX);

  const apo_request request = {.struct_bytes = sizeof request};  // exact values of the margin
  const apo_device_options device = {.struct_bytes = sizeof device,
                                     .list = argc > 5 ? argv[5] : NULL};
  apo_report report = {.struct_bytes = sizeof report};
  apo_error err = {0};
  apo_model *model = NULL;
  apo_background *background = NULL;
  apo_devices *devices = NULL;
  apo_plan *plan = NULL;

  apo_status status = apo_model_read(bytes, n_bytes, &model, &err);
  if (status == APO_OK) {
    status = apo_background_create(model, &background_rows.rows, NULL, &background, &err);
  }
  if (status == APO_OK) status = apo_devices_open(&device, &devices, &err);
  if (status == APO_OK) {
    status = apo_plan_create(model, background, &request, devices, &plan, &err);
  }
  if (status == APO_OK) {
    printer context = {model, &rows.rows};
    const apo_source source = table_source(&rows);
    const apo_sink sink = {&context, print_tile};
    status = apo_plan_run(plan, &source, &sink, NULL, &report, &err);
  }
  if (status == APO_OK) {
    printf("%llu rows on %s; base + reasons miss the log-odds by at most %.1e\n",
           (unsigned long long)report.n_rows, report.device, report.gap_max);
  } else {
    fprintf(stderr, "%s\n", err.message);
  }
  apo_plan_destroy(&plan);
  apo_devices_destroy(&devices);
  apo_background_destroy(&background);
  apo_model_destroy(&model);
  free(rows.values);
  free(background_rows.values);
  free(bytes);
  return status == APO_OK ? 0 : 1;
}
