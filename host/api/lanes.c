#include "host/api/lanes.h"

#include <stdio.h>

static void add_times(apo_executor_times *sum, const apo_executor_times *times) {
  sum->build += times->build;
  sum->upload += times->upload;
  sum->kernel += times->kernel;
  sum->download += times->download;
}

static apo_status open_one(apo_lanes *lanes, uint32_t device, apo_error *err) {
  apo_executor **out = &lanes->executors[lanes->n];
  if (lanes->is_reference) {
    APO_TRY(apo_devices_reference(lanes->devices, out, err));
  } else {
    APO_TRY(apo_devices_executor(lanes->devices, device, out, err));
  }
  lanes->device_of[lanes->n++] = device;
  return APO_OK;
}

apo_status apo_lanes_open(apo_lanes *lanes, apo_error *err) {
  lanes->n = 0;
  if (lanes->is_reference) return open_one(lanes, 0, err);
  for (uint32_t device = 0; device < apo_devices_count(lanes->devices); ++device) {
    if (device >= APO_MAX_LANES || lanes->is_lost[device]) continue;
    const bool is_reference = apo_devices_caps(lanes->devices, device)->is_reference;
    const uint32_t n = is_reference ? 1 : lanes->n_per_device;
    const uint32_t most = lanes->n_most > 0 ? lanes->n_most : APO_MAX_LANES;
    for (uint32_t i = 0; i < n && lanes->n < most; ++i) {
      const apo_status status = open_one(lanes, device, err);
      if (status == APO_OK) continue;
      apo_lanes_close(lanes);
      lanes->device_of[0] = device;
      return status;
    }
  }
  return APO_OK;
}

void apo_lanes_close(apo_lanes *lanes) {
  uint64_t peak = 0;
  for (uint32_t i = 0; i < lanes->n; ++i) {
    peak += lanes->executors[i]->peak_bytes;
    add_times(&lanes->times, &lanes->executors[i]->times);
    apo_executor_destroy(&lanes->executors[i]);
  }
  if (peak > lanes->peak_bytes) lanes->peak_bytes = peak;
  lanes->n = 0;
}

static bool all_lost(const apo_lanes *lanes) {
  for (uint32_t device = 0; device < apo_devices_count(lanes->devices); ++device) {
    if (device < APO_MAX_LANES && !lanes->is_lost[device]) return false;
  }
  return true;
}

apo_answer apo_lanes_answer(apo_lanes *lanes, uint32_t lane, apo_status status, bool can_shrink) {
  const uint32_t device = lanes->device_of[lane];
  const bool ran_out = status == APO_ERR_DEVICE_MEMORY;
  if (!ran_out && status != APO_ERR_DEVICE && status != APO_ERR_BUILD) return APO_ANSWER_FAIL;
  if (lanes->is_reference) return APO_ANSWER_FAIL;
  ++lanes->n_faults;
  apo_lanes_close(lanes);
  if (ran_out && can_shrink) return APO_ANSWER_SMALLER_TILE;
  // What did not fit or did not build will not do so on a second try.
  lanes->is_lost[device] = ran_out || status == APO_ERR_BUILD || lanes->n_faults > APO_MAX_FAULTS ||
                           apo_devices_renew(lanes->devices, device, NULL) != APO_OK;
  if (!all_lost(lanes)) return APO_ANSWER_AGAIN;
  lanes->is_reference = apo_devices_allow_reference(lanes->devices);
  return lanes->is_reference ? APO_ANSWER_AGAIN : APO_ANSWER_FAIL;
}

const char *apo_lanes_text(const apo_lanes *lanes) {
  return lanes->is_reference ? "reference (every device was lost)"
                             : apo_devices_text(lanes->devices);
}

void apo_lanes_report(apo_lanes *lanes, apo_report *report) {
  apo_lanes_close(lanes);
  report->seconds_upload += lanes->times.upload;
  report->seconds_kernel += lanes->times.kernel;
  report->seconds_download += lanes->times.download;
  if (lanes->peak_bytes > report->device_bytes) report->device_bytes = lanes->peak_bytes;
  report->n_faults += lanes->n_faults;
  snprintf(report->device, sizeof report->device, "%s", apo_lanes_text(lanes));
}
