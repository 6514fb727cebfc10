/* consumer.c - a program outside the tree: explains x0 + 2 x1 of the row (3, 4) against (1, 1). */
#include <apportion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct one_row {
  double values[2];
  uint64_t n_left;
} one_row;

static apo_status next(void *context, uint64_t max_rows, apo_rows *out, apo_error *err) {
  one_row *row = context;
  (void)max_rows;
  (void)err;
  *out = (apo_rows){row->values, row->n_left, 2, 1, 2, APO_F64};
  row->n_left = 0;
  return APO_OK;
}

static apo_status take(void *context, const apo_tile *tile, apo_error *err) {
  (void)err;
  memcpy(context, tile->phi, 2 * sizeof(float));
  return APO_OK;
}

int main(void) {
  static const char text[] =
      "{\"format\": \"apportion-model\", \"version\": 1, \"kind\": \"linear\","
      " \"columns\": {\"count\": 2}, \"outputs\": {\"count\": 1, \"base\": [0]},"
      " \"linear\": {\"coefficients\": [[1, 2]]}}";
  const apo_device_options none = {.struct_bytes = sizeof none, .list = "none"};
  const apo_request request = {.struct_bytes = sizeof request, .method = APO_METHOD_KERNEL};
  const double ones[2] = {1, 1};
  const apo_rows background_rows = {ones, 1, 2, 1, 2, APO_F64};
  one_row row = {{3, 4}, 1};
  float phi[2] = {0};
  apo_error err = {0};
  apo_model *model = NULL;
  apo_background *background = NULL;
  apo_devices *devices = NULL;
  apo_plan *plan = NULL;

  apo_status status = apo_model_read(text, sizeof text - 1, &model, &err);
  if (status == APO_OK) {
    status = apo_background_create(model, &background_rows, NULL, &background, &err);
  }
  if (status == APO_OK) status = apo_devices_open(&none, &devices, &err);
  if (status == APO_OK) {
    status = apo_plan_create(model, background, &request, devices, &plan, &err);
  }
  if (status == APO_OK) {
    const apo_source source = {&row, next};
    const apo_sink sink = {phi, take};
    status = apo_plan_run(plan, &source, &sink, NULL, NULL, &err);
  }
  if (status != APO_OK) fprintf(stderr, "%s\n", err.message);
  printf("apportion %s: %g %g\n", apo_version(), (double)phi[0], (double)phi[1]);
  apo_plan_destroy(&plan);
  apo_devices_destroy(&devices);
  apo_background_destroy(&background);
  apo_model_destroy(&model);
  const int is_right = fabs((double)phi[0] - 2) < 1e-5 && fabs((double)phi[1] - 6) < 1e-5;
  return status == APO_OK && is_right ? 0 : 1;
}
