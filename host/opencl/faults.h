/* faults.h - what each OpenCL error means here, and what to do about it: one table.
 *
 * An error is told by its number; `native` is a cl_int.  Numbers that are not in the table came
 * from a driver that knows more than the standard, and are treated as the loss of the context.
 *
 * Threads: pure functions, safe from every thread.
 */
#ifndef APO_HOST_OPENCL_FAULTS_H
#define APO_HOST_OPENCL_FAULTS_H

#include <stdint.h>

#include "engine/core/error.h"

/** The answer to a fault, in the order of effort. */
typedef enum apo_fault_answer {
  APO_FAULT_NONE = 0,     /* no fault */
  APO_FAULT_SMALLER_TILE, /* release the tile's buffers, halve the tile, plan and run it again */
  APO_FAULT_NEW_CONTEXT,  /* drop the context, open a new one, repeat with half the launch length */
  APO_FAULT_OTHER_DEVICE, /* this device cannot do this work; the next one, or the reference */
  APO_FAULT_REMOVE_DEVICE, /* the device is gone for the rest of the run */
  APO_FAULT_DEFECT         /* our call was wrong; a test must fail, a run takes another device */
} apo_fault_answer;

/** The name of the constant without its "CL_": "OUT_OF_RESOURCES"; "unknown error" for others. */
const char *apo_fault_name(int32_t native);

apo_status apo_fault_status(int32_t native);

apo_fault_answer apo_fault_answer_to(int32_t native);

/** Write down a failed OpenCL call: "WHERE: NAME (number)", status and native set. */
apo_status apo_fault_fail(apo_error *err, int32_t native, const char *where);

#endif
