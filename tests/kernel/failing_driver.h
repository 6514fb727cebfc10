/* failing_driver.h - OpenCL whose n-th call fails, once or from then on, and which counts objects.
 *
 * For tests linked with --wrap for the calls below (kernel.cmake): those of our own objects come
 * here first.  Include it in one file of a program.
 */
#ifndef APO_TESTS_KERNEL_FAILING_DRIVER_H
#define APO_TESTS_KERNEL_FAILING_DRIVER_H

#include <CL/cl.h>
#include <stdbool.h>

static struct {
  long n_granted; /* calls that still succeed; negative: all */
  bool goes_on;   /* the failure stays */
  cl_int code;
  bool failed;
  long n_calls;
  long n_live; /* contexts, queues, buffers, programs, kernels and events */
} driver;

static bool refuse(void) {
  ++driver.n_calls;
  if (driver.failed && driver.goes_on) return true;
  if (driver.n_granted < 0) return false;
  if (driver.n_granted-- > 0) return false;
  driver.failed = true;
  return true;
}

/* --- the calls -------------------------------------------------------------------------------- */

// A call that creates: it counts what it gave, and fails through its last argument.
#define CREATES(type, name, parameters, arguments) \
  type __real_##name parameters;                   \
  type __wrap_##name parameters;                   \
  type __wrap_##name parameters {                  \
    if (refuse()) {                                \
      *native = driver.code;                       \
      return NULL;                                 \
    }                                              \
    type made = __real_##name arguments;           \
    driver.n_live += made != NULL;                 \
    return made;                                   \
  }

#define RELEASES(name, type)       \
  cl_int __real_##name(type old);  \
  cl_int __wrap_##name(type old);  \
  cl_int __wrap_##name(type old) { \
    --driver.n_live;               \
    return __real_##name(old);     \
  }

// A call that returns a code and gives an event, which counts.
#define ENQUEUES(name, parameters, arguments)               \
  cl_int __real_##name parameters;                          \
  cl_int __wrap_##name parameters;                          \
  cl_int __wrap_##name parameters {                         \
    if (refuse()) return driver.code;                       \
    const cl_int native = __real_##name arguments;          \
    driver.n_live += native == CL_SUCCESS && event != NULL; \
    return native;                                          \
  }

#define CALLS(name, parameters, arguments) \
  cl_int __real_##name parameters;         \
  cl_int __wrap_##name parameters;         \
  cl_int __wrap_##name parameters {        \
    if (refuse()) return driver.code;      \
    return __real_##name arguments;        \
  }

typedef void(CL_CALLBACK *context_notify)(const char *, const void *, size_t, void *);
typedef void(CL_CALLBACK *build_notify)(cl_program, void *);

CREATES(cl_context,
        clCreateContext,
        (const cl_context_properties *properties,
         cl_uint n,
         const cl_device_id *devices,
         context_notify notify,
         void *data,
         cl_int *native),
        (properties, n, devices, notify, data, native))
CREATES(cl_command_queue,
        clCreateCommandQueue,
        (cl_context context,
         cl_device_id device,
         cl_command_queue_properties properties,
         cl_int *native),
        (context, device, properties, native))
CREATES(cl_mem,
        clCreateBuffer,
        (cl_context context, cl_mem_flags flags, size_t n_bytes, void *host, cl_int *native),
        (context, flags, n_bytes, host, native))
CREATES(cl_program,
        clCreateProgramWithSource,
        (cl_context context, cl_uint n, const char **texts, const size_t *n_bytes, cl_int *native),
        (context, n, texts, n_bytes, native))
CREATES(cl_program,
        clCreateProgramWithBinary,
        (cl_context context,
         cl_uint n,
         const cl_device_id *devices,
         const size_t *n_bytes,
         const unsigned char **binaries,
         cl_int *of_binary,
         cl_int *native),
        (context, n, devices, n_bytes, binaries, of_binary, native))
CREATES(cl_kernel,
        clCreateKernel,
        (cl_program program, const char *name, cl_int *native),
        (program, name, native))

RELEASES(clReleaseContext, cl_context)
RELEASES(clReleaseCommandQueue, cl_command_queue)
RELEASES(clReleaseMemObject, cl_mem)
RELEASES(clReleaseProgram, cl_program)
RELEASES(clReleaseKernel, cl_kernel)
RELEASES(clReleaseEvent, cl_event)

ENQUEUES(clEnqueueWriteBuffer,
         (cl_command_queue queue,
          cl_mem memory,
          cl_bool blocking,
          size_t at,
          size_t n_bytes,
          const void *from,
          cl_uint n,
          const cl_event *list,
          cl_event *event),
         (queue, memory, blocking, at, n_bytes, from, n, list, event))
ENQUEUES(clEnqueueReadBuffer,
         (cl_command_queue queue,
          cl_mem memory,
          cl_bool blocking,
          size_t at,
          size_t n_bytes,
          void *to,
          cl_uint n,
          const cl_event *list,
          cl_event *event),
         (queue, memory, blocking, at, n_bytes, to, n, list, event))
ENQUEUES(clEnqueueNDRangeKernel,
         (cl_command_queue queue,
          cl_kernel kernel,
          cl_uint n_dimensions,
          const size_t *offset,
          const size_t *global,
          const size_t *local,
          cl_uint n,
          const cl_event *list,
          cl_event *event),
         (queue, kernel, n_dimensions, offset, global, local, n, list, event))

CALLS(clGetPlatformIDs,
      (cl_uint n_room, cl_platform_id *platforms, cl_uint *n),
      (n_room, platforms, n))
CALLS(clBuildProgram,
      (cl_program program,
       cl_uint n,
       const cl_device_id *devices,
       const char *options,
       build_notify notify,
       void *data),
      (program, n, devices, options, notify, data))
CALLS(clSetKernelArg,
      (cl_kernel kernel, cl_uint index, size_t n_bytes, const void *value),
      (kernel, index, n_bytes, value))
CALLS(clFlush, (cl_command_queue queue), (queue))
CALLS(clGetEventInfo,
      (cl_event event, cl_event_info what, size_t n_room, void *value, size_t *n_bytes),
      (event, what, n_room, value, n_bytes))

cl_int __real_clFinish(cl_command_queue queue);
cl_int __wrap_clFinish(cl_command_queue queue);
cl_int __wrap_clFinish(cl_command_queue queue) {
  // The queue is finished all the same: a lost device no longer writes, but this one would.
  const cl_int native = __real_clFinish(queue);
  return refuse() ? driver.code : native;
}

#endif
