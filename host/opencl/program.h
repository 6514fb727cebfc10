/* program.h - a stage at one specialization becomes a program of a device.
 *
 * The compiler gets the stage's embedded source and options that are made of integers, so nothing
 * that a user wrote reaches it.  A program is built once per context, from the cache when there is
 * one.
 */
#ifndef APO_HOST_OPENCL_PROGRAM_H
#define APO_HOST_OPENCL_PROGRAM_H

#include "host/opencl/opencl_device.h"

enum { APO_MAX_OPTIONS_BYTES = 512 };

/** "-cl-std=CL1.2 -DNAME=value ...", in the order of the stage's parameters.
 *
 * Fails:   APO_ERR_INTERNAL  a name is not APO_[A-Z0-9_]+, or there are too many
 */
APO_NODISCARD apo_status apo_program_options(const apo_stage *stage,
                                             const apo_i32 *spec,
                                             char options[APO_MAX_OPTIONS_BYTES],
                                             apo_error *err);

/** The program of a stage; it stays the device's.
 *
 * Fails:   APO_ERR_BUILD   with the device, the options and the first lines of the log, or with
 *                          what the device's check says (self_test.h)
 *          APO_ERR_DEVICE, APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_program_get(apo_opencl_device *device,
                                         const apo_stage *stage,
                                         const apo_i32 *spec,
                                         cl_program *out,
                                         apo_error *err);

/** Release every program of the device's table. */
void apo_programs_clear(apo_opencl_device *device);

#endif
