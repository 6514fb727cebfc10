/* lanes.h - the executors of a run: two queues for each device, so that one's transfers overlap
 * the other's kernels, and what to do when a device fails.
 */
#ifndef APO_HOST_API_LANES_H
#define APO_HOST_API_LANES_H

#include <stdbool.h>

#include "host/api/devices.h"

enum { APO_MAX_LANES = 32, APO_MAX_FAULTS = 5 };

/** Which devices a run still uses, and its queues on them. */
typedef struct apo_lanes {
  apo_devices *devices;
  uint32_t n_per_device;
  uint32_t n_most; /* executors at once; 0: all */
  uint32_t n;      /* executors at hand */
  apo_executor *executors[APO_MAX_LANES];
  uint32_t device_of[APO_MAX_LANES]; /* lanes of one device share its constants */
  bool is_lost[APO_MAX_LANES];       /* [devices] */
  bool is_reference;                 /* every device was lost; the reference goes on */
  uint32_t n_faults;
  apo_executor_times times; /* of executors already closed */
  uint64_t peak_bytes;      /* of all together */
} apo_lanes;

/** Open the executors of the devices still in use.  On failure none is open, and lane 0 stands for
 * the one that failed: apo_lanes_answer may be asked about it. */
APO_NODISCARD apo_status apo_lanes_open(apo_lanes *lanes, apo_error *err);

/** Close them; what they measured is added to the totals. */
void apo_lanes_close(apo_lanes *lanes);

/** What a failure means. */
typedef enum apo_answer {
  APO_ANSWER_FAIL = 0,         /* not a device's fault, or nothing is left to try */
  APO_ANSWER_SMALLER_TILE = 1, /* device memory ran out */
  APO_ANSWER_AGAIN = 2         /* on a renewed device, another one or the reference */
} apo_answer;

/** Decide what to do after a call on lane `lane` failed.  Closes the executors unless it is FAIL;
 * the caller opens them again.  Buffers on them must be gone before.
 *
 * A device whose memory ran out is given up once `can_shrink` says that less cannot be asked of it.
 */
apo_answer apo_lanes_answer(apo_lanes *lanes, uint32_t lane, apo_status status, bool can_shrink);

/** Close them and add what they measured and met to a report, with the name of what computed. */
void apo_lanes_report(apo_lanes *lanes, apo_report *report);

/** One line that names what computes. */
const char *apo_lanes_text(const apo_lanes *lanes);

#endif
