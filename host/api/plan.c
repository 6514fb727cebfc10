/* plan.c - plans for devices that are open. */
#include "engine/plan/plan.h"

#include <string.h>

#include "engine/core/memory.h"
#include "host/api/devices.h"
#include "host/api/scorer.h"

// The devices of a plan, and what they may use.
typedef struct margin_context {
  apo_devices *devices;
  uint64_t memory_bytes;
} margin_context;

static apo_status score(
    apo_scorer *scorer, const apo_rows *rows, uint32_t n_outputs, double *out, apo_error *err) {
  uint64_t n_put = 0;
  uint64_t n_taken = 0;
  while (n_taken < rows->n_rows) {
    if (n_put < rows->n_rows && apo_scorer_n_flying(scorer) < apo_scorer_depth(scorer)) {
      const uint64_t left = rows->n_rows - n_put;
      const uint32_t most = apo_scorer_block_rows(scorer);
      apo_rows block = *rows;
      block.values = (const double *)rows->values + n_put * rows->row_stride;
      block.n_rows = left < most ? left : most;
      APO_TRY(apo_scorer_put(scorer, &block, err));
      n_put += block.n_rows;
      continue;
    }
    apo_scored scored;
    APO_TRY(apo_scorer_take(scorer, &scored, err));
    memcpy(out + n_taken * n_outputs, scored.margins,
           (size_t)scored.n_rows * n_outputs * sizeof *out);
    n_taken += scored.n_rows;
  }
  return APO_OK;
}

static apo_status margins(void *context,
                          const apo_model *model,
                          const apo_code_forest *forest,
                          const apo_rows *rows,
                          double *out,
                          apo_error *err) {
  const margin_context *c = context;
  apo_scorer *scorer = NULL;
  APO_TRY(apo_scorer_create(model, forest, c->devices, c->memory_bytes, &scorer, err));
  const apo_status status = score(scorer, rows, model->n_outputs, out, err);
  apo_scorer_destroy(&scorer);
  return status;
}

apo_status apo_plan_create(const apo_model *model,
                           const apo_background *background,
                           const apo_request *request,
                           apo_devices *devices,
                           apo_plan **out,
                           apo_error *err) {
  *out = NULL;
  if (model == NULL || request == NULL || devices == NULL) {
    return apo_fail(err, APO_ERR_ARGUMENT, "plan: model, request and devices must be given");
  }
  if (request->struct_bytes != sizeof *request) {
    return apo_fail(err, APO_ERR_ARGUMENT, "request: %zu bytes, this library knows %zu",
                    request->struct_bytes, sizeof *request);
  }
  const uint32_t n_devices = apo_devices_count(devices);
  const apo_caps **caps = apo_alloc(n_devices, sizeof *caps);
  if (caps == NULL) return apo_fail(err, APO_ERR_MEMORY, "plan: %u devices", n_devices);
  for (uint32_t i = 0; i < n_devices; ++i) caps[i] = apo_devices_caps(devices, i);
  margin_context context = {devices, request->memory_bytes};
  const apo_margin_source source = {&context, margins};
  const apo_status status = apo_plan_decide(model, background, request, caps, n_devices,
                                            apo_devices_launch_ms(devices), &source, out, err);
  free(caps);
  if (status == APO_OK) (*out)->devices = devices;
  return status;
}
