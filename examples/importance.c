/* importance.c - what each column is worth to a model: the AUC that is lost without it.
 *
 *   importance MODEL ROWS.csv TARGET.csv [N_ROWS [DEVICE]]
 *   importance examples/flights/model.ubj examples/flights/rows.csv examples/flights/target.csv
 *
 * Each column is shuffled five times among N_ROWS of the rows (2,000 if not said).
 */
#include <apportion.h>

#include "csv_table.h"

enum { N_REPEATS = 5 };

typedef struct loss {
  uint32_t column;
  double mean;
  double spread; /* standard deviation over the repeats */
} loss;

static loss loss_of(const apo_importance *importance, uint32_t column) {
  const double *scores = apo_importance_scores(importance, 0, column);
  loss out = {.column = column};
  for (int i = 0; i < N_REPEATS; ++i) out.mean += scores[i] / N_REPEATS;
  for (int i = 0; i < N_REPEATS; ++i) out.spread += pow(scores[i] - out.mean, 2);
  out.spread = sqrt(out.spread / N_REPEATS);
  return out;
}

static int by_mean(const void *left, const void *right) {
  const double a = ((const loss *)left)->mean;
  const double b = ((const loss *)right)->mean;
  return (a < b) - (a > b);
}

static void print_losses(const apo_model *model, const apo_importance *importance, uint32_t n) {
  loss *losses = calloc(n, sizeof *losses);
  if (losses == NULL) die("importance", "no memory");
  for (uint32_t column = 0; column < n; ++column) losses[column] = loss_of(importance, column);
  qsort(losses, n, sizeof *losses, by_mean);
  printf("AUC %.4f; without...\n", apo_importance_baseline(importance, 0));
  for (uint32_t i = 0; i < n && i < 10; ++i) {
    const char *name = apo_model_column_name(model, losses[i].column);
    printf("  %-16s %+.4f +- %.4f\n", name != NULL ? name : "column", -losses[i].mean,
           losses[i].spread);
  }
  free(losses);
}

int main(int argc, char **argv) {
  if (argc < 4) die("usage", "importance MODEL ROWS.csv TARGET.csv [N_ROWS [DEVICE]]");
  size_t n_bytes = 0;
  void *bytes = read_bytes(argv[1], &n_bytes);
  csv_table rows = csv_read(argv[2], UINT64_MAX);
  csv_table target = csv_read(argv[3], UINT64_MAX);

  const apo_metric metric = APO_METRIC_AUC;
  const apo_importance_request request = {
      .struct_bytes = sizeof request,
      .metrics = &metric,
      .n_metrics = 1,
      .n_repeats = N_REPEATS,
      .seed = 1,
      .max_rows = argc > 4 ? strtoull(argv[4], NULL, 10) : 2000,
      .target = target.values,
      .n_rows = target.rows.n_rows,
  };
  const apo_device_options device = {.struct_bytes = sizeof device,
                                     .list = argc > 5 ? argv[5] : NULL};
  apo_report report = {.struct_bytes = sizeof report};
  apo_error err = {0};
  apo_model *model = NULL;
  apo_devices *devices = NULL;
  apo_importance *importance = NULL;

  apo_status status = apo_model_read(bytes, n_bytes, &model, &err);
  if (status == APO_OK) status = apo_devices_open(&device, &devices, &err);
  if (status == APO_OK) {
    const apo_source source = table_source(&rows);
    status =
        apo_importance_compute(model, devices, &request, &source, NULL, &importance, &report, &err);
  }
  if (status == APO_OK) {
    print_losses(model, importance, rows.rows.n_cols);
  } else {
    fprintf(stderr, "%s\n", err.message);
  }
  apo_importance_destroy(&importance);
  apo_devices_destroy(&devices);
  apo_model_destroy(&model);
  free(target.values);
  free(rows.values);
  free(bytes);
  return status == APO_OK ? 0 : 1;
}
