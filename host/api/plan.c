/* plan.c - plans for devices that are open. */
#include "engine/plan/plan.h"

#include "engine/core/memory.h"
#include "host/api/devices.h"

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
  const apo_status status = apo_plan_decide(model, background, request, caps, n_devices,
                                            apo_devices_launch_ms(devices), out, err);
  free(caps);
  if (status == APO_OK) (*out)->devices = devices;
  return status;
}
