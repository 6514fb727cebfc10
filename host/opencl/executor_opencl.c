/* executor_opencl.c - one in-order queue: transfers and kernels that do not wait for each other.
 *
 * Each call enqueues and returns.  The event of each command stays in a ring until it is done; its
 * times are added up then, and the first failure is kept for `wait` to report.  The ring has a
 * fixed length, so a caller that never waits is slowed down to the device's pace instead of
 * growing a list.
 */
#include "host/opencl/executor_opencl.h"

#include <CL/cl.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/memory.h"
#include "host/api/clock.h"
#include "host/opencl/faults.h"
#include "host/opencl/opencl_device.h"
#include "host/opencl/program.h"

enum { RING_LENGTH = 256, FIRST_ROOM = 16, WHERE_BYTES = 256 };

typedef enum command_kind { UPLOAD, KERNEL, DOWNLOAD } command_kind;

typedef struct command {
  cl_event event;
  command_kind kind;
  const apo_stage *stage; /* of a KERNEL */
} command;

typedef struct device_buffer {
  apo_buffer base;
  cl_mem memory;
} device_buffer;

// Kernel objects hold arguments, so they are the executor's; programs are the device's.
typedef struct stage_kernel {
  const apo_stage *stage;
  apo_i32 spec[APO_MAX_STAGE_PARAMS];
  cl_kernel kernel;
} stage_kernel;

typedef struct opencl_executor {
  apo_executor base;
  apo_opencl_device *device;
  cl_command_queue queue;
  command ring[RING_LENGTH];
  size_t n_begun; /* commands ever put into the ring, and taken out of it */
  size_t n_ended;
  stage_kernel *kernels;
  uint32_t n_kernels;
  uint32_t n_room;
  int32_t failure; /* of the first command that failed, or CL_SUCCESS */
  char failed_at[WHERE_BYTES];
} opencl_executor;

static void describe(const opencl_executor *self,
                     command_kind kind,
                     const apo_stage *stage,
                     char where[WHERE_BYTES]) {
  const char *what = stage != NULL ? stage->name : kind == UPLOAD ? "upload" : "download";
  snprintf(where, WHERE_BYTES, "%s: %s", self->base.caps.name, what);
}

static apo_status fail_at(const opencl_executor *self,
                          cl_int native,
                          const char *what,
                          apo_error *err) {
  char where[WHERE_BYTES];
  snprintf(where, sizeof where, "%s: %s", self->base.caps.name, what);
  return apo_fault_fail(err, native, where);
}

/* --- the ring --------------------------------------------------------------------------------- */

static double event_seconds(cl_event event) {
  cl_ulong begin = 0;
  cl_ulong end = 0;
  if (clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof begin, &begin, NULL) !=
          CL_SUCCESS ||
      clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL) !=
          CL_SUCCESS ||
      end < begin) {
    return 0;
  }
  return (double)(end - begin) * 1e-9;
}

static void add_seconds(apo_executor_times *times, command_kind kind, double seconds) {
  switch (kind) {
    case UPLOAD: times->upload += seconds; return;
    case KERNEL: times->kernel += seconds; return;
    case DOWNLOAD: times->download += seconds; return;
  }
}

static void keep_failure(opencl_executor *self, const command *failed, cl_int native) {
  if (self->failure != CL_SUCCESS) return;
  self->failure = native;
  describe(self, failed->kind, failed->stage, self->failed_at);
}

// Take the commands that have ended out of the ring.
static void harvest(opencl_executor *self) {
  while (self->n_ended < self->n_begun) {
    command *oldest = &self->ring[self->n_ended % RING_LENGTH];
    cl_int state = CL_COMPLETE;
    const cl_int native = clGetEventInfo(oldest->event, CL_EVENT_COMMAND_EXECUTION_STATUS,
                                         sizeof state, &state, NULL);
    if (native != CL_SUCCESS) {
      keep_failure(self, oldest, native);
    } else if (state < CL_COMPLETE) {
      keep_failure(self, oldest, state);
    } else if (state > CL_COMPLETE) {
      return;
    } else {
      add_seconds(&self->base.times, oldest->kind, event_seconds(oldest->event));
    }
    clReleaseEvent(oldest->event);
    ++self->n_ended;
  }
}

static void put_command(opencl_executor *self,
                        cl_event event,
                        command_kind kind,
                        const apo_stage *stage) {
  if (self->n_begun - self->n_ended == RING_LENGTH) harvest(self);
  if (self->n_begun - self->n_ended == RING_LENGTH) {
    command *oldest = &self->ring[self->n_ended % RING_LENGTH];
    const cl_int native = clWaitForEvents(1, &oldest->event);
    if (native != CL_SUCCESS) keep_failure(self, oldest, native);
    harvest(self);
  }
  if (self->n_begun - self->n_ended == RING_LENGTH) {
    // A driver that says an event has ended and has not: its times are lost, not the command.
    clReleaseEvent(self->ring[self->n_ended++ % RING_LENGTH].event);
  }
  self->ring[self->n_begun++ % RING_LENGTH] = (command){event, kind, stage};
}

/* --- buffers and transfers -------------------------------------------------------------------- */

static cl_mem memory_of(apo_buffer *buffer) {
  return ((device_buffer *)buffer)->memory;
}

static apo_status make_buffer(apo_executor *base,
                              size_t n_bytes,
                              apo_buffer **out,
                              apo_error *err) {
  opencl_executor *self = (opencl_executor *)base;
  APO_TRY(apo_opencl_device_check_process(self->device, err));
  device_buffer *buffer = apo_alloc(1, sizeof *buffer);
  if (buffer == NULL) return apo_fail(err, APO_ERR_MEMORY, "executor: no memory for a buffer");
  cl_int native = CL_SUCCESS;
  buffer->memory = clCreateBuffer(self->device->context, CL_MEM_READ_WRITE, n_bytes, NULL, &native);
  if (native != CL_SUCCESS) {
    char what[64];
    snprintf(what, sizeof what, "a buffer of %zu bytes", n_bytes);
    free(buffer);
    return fail_at(self, native, what, err);
  }
  buffer->base.n_bytes = n_bytes;
  *out = &buffer->base;
  return APO_OK;
}

static void release(apo_executor *base, apo_buffer *buffer) {
  (void)base;
  clReleaseMemObject(memory_of(buffer));  // commands that use it keep it until they have ended
  free(buffer);
}

static apo_status upload(apo_executor *base,
                         apo_buffer *to,
                         size_t at,
                         const void *from,
                         size_t n_bytes,
                         apo_error *err) {
  opencl_executor *self = (opencl_executor *)base;
  cl_event event = NULL;
  const cl_int native = clEnqueueWriteBuffer(self->queue, memory_of(to), CL_FALSE, at, n_bytes,
                                             from, 0, NULL, &event);
  if (native != CL_SUCCESS) return fail_at(self, native, "upload", err);
  put_command(self, event, UPLOAD, NULL);
  return APO_OK;
}

static apo_status flush(const opencl_executor *self, apo_error *err) {
  const cl_int native = clFlush(self->queue);
  return native == CL_SUCCESS ? APO_OK : fail_at(self, native, "clFlush", err);
}

static apo_status download(
    apo_executor *base, apo_buffer *from, size_t at, void *to, size_t n_bytes, apo_error *err) {
  opencl_executor *self = (opencl_executor *)base;
  cl_event event = NULL;
  const cl_int native =
      clEnqueueReadBuffer(self->queue, memory_of(from), CL_FALSE, at, n_bytes, to, 0, NULL, &event);
  if (native != CL_SUCCESS) return fail_at(self, native, "download", err);
  put_command(self, event, DOWNLOAD, NULL);
  return flush(self, err);
}

/* --- kernels ---------------------------------------------------------------------------------- */

static stage_kernel *find_kernel(opencl_executor *self,
                                 const apo_stage *stage,
                                 const apo_i32 *spec) {
  for (uint32_t i = 0; i < self->n_kernels; ++i) {
    stage_kernel *kernel = &self->kernels[i];
    if (kernel->stage == stage &&
        memcmp(kernel->spec, spec, stage->n_params * sizeof spec[0]) == 0) {
      return kernel;
    }
  }
  return NULL;
}

static apo_status make_room(opencl_executor *self, apo_error *err) {
  if (self->n_kernels < self->n_room) return APO_OK;
  const uint32_t n_room = self->n_room > 0 ? 2 * self->n_room : FIRST_ROOM;
  stage_kernel *grown = apo_resize(self->kernels, n_room, sizeof *grown);
  if (grown == NULL) return apo_fail(err, APO_ERR_MEMORY, "executor: no memory for kernels");
  self->kernels = grown;
  self->n_room = n_room;
  return APO_OK;
}

static apo_status check_arguments(const opencl_executor *self,
                                  const apo_stage *stage,
                                  cl_kernel kernel,
                                  apo_error *err) {
  cl_uint n_args = 0;
  const cl_int native = clGetKernelInfo(kernel, CL_KERNEL_NUM_ARGS, sizeof n_args, &n_args, NULL);
  if (native != CL_SUCCESS) return fail_at(self, native, "clGetKernelInfo", err);
  if (n_args == stage->n_buffers + 1) return APO_OK;
  return apo_fail(err, APO_ERR_INTERNAL, "%s: the kernel has %u arguments, its stage %u",
                  stage->name, n_args, stage->n_buffers + 1);
}

static apo_status create_kernel(opencl_executor *self,
                                const apo_stage *stage,
                                const apo_i32 *spec,
                                apo_error *err) {
  cl_program program = NULL;
  APO_TRY(make_room(self, err));
  APO_TRY(apo_program_get(self->device, stage, spec, &program, err));
  cl_int native = CL_SUCCESS;
  cl_kernel kernel = clCreateKernel(program, stage->name, &native);
  if (native != CL_SUCCESS) return fail_at(self, native, stage->name, err);
  const apo_status status = check_arguments(self, stage, kernel, err);
  if (status != APO_OK) {
    clReleaseKernel(kernel);
    return status;
  }
  stage_kernel *added = &self->kernels[self->n_kernels++];
  *added = (stage_kernel){.stage = stage, .kernel = kernel};
  memcpy(added->spec, spec, stage->n_params * sizeof spec[0]);
  return APO_OK;
}

static apo_status prepare(apo_executor *base,
                          const apo_stage *stage,
                          const apo_i32 *spec,
                          apo_error *err) {
  opencl_executor *self = (opencl_executor *)base;
  APO_TRY(apo_opencl_device_check_process(self->device, err));
  if (find_kernel(self, stage, spec) != NULL) return APO_OK;
  const double begin = apo_clock_seconds();
  const apo_status status = create_kernel(self, stage, spec, err);
  self->base.times.build += apo_clock_seconds() - begin;
  return status;
}

static apo_status set_arguments(const opencl_executor *self,
                                cl_kernel kernel,
                                const apo_launch *launch,
                                apo_error *err) {
  cl_int native = clSetKernelArg(kernel, 0, launch->stage->args_bytes, launch->args);
  for (cl_uint i = 0; i < launch->stage->n_buffers && native == CL_SUCCESS; ++i) {
    cl_mem memory = memory_of(launch->buffers[i]);
    native = clSetKernelArg(kernel, i + 1, sizeof memory, &memory);
  }
  return native == CL_SUCCESS ? APO_OK : fail_at(self, native, launch->stage->name, err);
}

static apo_status launch(apo_executor *base, const apo_launch *what, apo_error *err) {
  opencl_executor *self = (opencl_executor *)base;
  APO_TRY(prepare(base, what->stage, what->spec, err));
  cl_kernel kernel = find_kernel(self, what->stage, what->spec)->kernel;
  APO_TRY(set_arguments(self, kernel, what, err));
  cl_event event = NULL;
  const cl_int native = clEnqueueNDRangeKernel(self->queue, kernel, 1, NULL, &what->n_items,
                                               &what->group, 0, NULL, &event);
  if (native != CL_SUCCESS) return fail_at(self, native, what->stage->name, err);
  put_command(self, event, KERNEL, what->stage);
  return flush(self, err);
}

/* --- the end ---------------------------------------------------------------------------------- */

static apo_status wait_for_all(apo_executor *base, apo_error *err) {
  opencl_executor *self = (opencl_executor *)base;
  APO_TRY(apo_opencl_device_check_process(self->device, err));
  const cl_int native = clFinish(self->queue);
  harvest(self);
  if (self->failure != CL_SUCCESS) {
    const int32_t failure = self->failure;
    self->failure = CL_SUCCESS;
    return apo_fault_fail(err, failure, self->failed_at);
  }
  return native == CL_SUCCESS ? APO_OK : fail_at(self, native, "clFinish", err);
}

static void destroy(apo_executor *base) {
  opencl_executor *self = (opencl_executor *)base;
  // What is queued still reads and writes the caller's memory.
  if (self->queue != NULL && self->n_ended < self->n_begun) clFinish(self->queue);
  for (; self->n_ended < self->n_begun; ++self->n_ended) {
    clReleaseEvent(self->ring[self->n_ended % RING_LENGTH].event);
  }
  for (uint32_t i = 0; i < self->n_kernels; ++i) clReleaseKernel(self->kernels[i].kernel);
  free(self->kernels);
  if (self->queue != NULL) clReleaseCommandQueue(self->queue);
  free(self);
}

static const apo_executor_calls calls = {
    .buffer = make_buffer,
    .release = release,
    .upload = upload,
    .download = download,
    .prepare = prepare,
    .launch = launch,
    .wait = wait_for_all,
    .destroy = destroy,
};

apo_status apo_opencl_executor_create(apo_opencl_device *device,
                                      apo_executor **out,
                                      apo_error *err) {
  *out = NULL;
  APO_TRY(apo_opencl_device_check_process(device, err));
  opencl_executor *self = apo_alloc(1, sizeof *self);
  if (self == NULL) return apo_fail(err, APO_ERR_MEMORY, "executor: no memory for a queue");
  self->base.calls = &calls;
  self->base.caps = *apo_opencl_device_caps(device);
  self->base.seconds = apo_clock_seconds;
  self->device = device;
  cl_int native = CL_SUCCESS;
  self->queue =
      clCreateCommandQueue(device->context, device->id, CL_QUEUE_PROFILING_ENABLE, &native);
  if (native != CL_SUCCESS) {
    self->queue = NULL;
    const apo_status status = fail_at(self, native, "clCreateCommandQueue", err);
    destroy(&self->base);
    return status;
  }
  *out = &self->base;
  return APO_OK;
}
