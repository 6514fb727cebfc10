/* opencl_device.h - the inside of an opened device, for the files of this folder. */
#ifndef APO_HOST_OPENCL_OPENCL_DEVICE_H
#define APO_HOST_OPENCL_OPENCL_DEVICE_H

#include <CL/cl.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/opencl/devices.h"
#include "host/opencl/program_cache.h"

/** One stage at one specialization. */
typedef struct apo_built_program {
  const apo_stage *stage;
  apo_i32 spec[APO_MAX_STAGE_PARAMS];
  cl_program program;
} apo_built_program;

struct apo_opencl_device {
  apo_device_record record;
  cl_device_id id;
  cl_context context;
  pid_t pid; /* a driver's threads do not follow a fork, so a child must not use the context */
  apo_program_cache *cache; /* NULL: none */
  char note[256];           /* why it is NULL though a folder was given */
  apo_built_program *programs;
  uint32_t n_programs;
  uint32_t n_room;
  /* Called for each program when it is built, before anyone else has it; NULL: none is asked. */
  apo_status (*check)(apo_opencl_device *device,
                      const apo_stage *stage,
                      const apo_i32 *spec,
                      apo_error *err);
};

/** Fails with APO_ERR_DEVICE in a child of the process that opened the device. */
APO_NODISCARD apo_status apo_opencl_device_check_process(const apo_opencl_device *device,
                                                         apo_error *err);

#endif
