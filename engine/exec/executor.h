/* executor.h - something that runs stages on buffers: a device, or the reference.
 *
 * An executor is one in-order queue.  Work put on it runs in the order in which it was put and may
 * still be under way when the call returns; apo_executor_wait returns when all of it is done.  Host
 * memory given to `upload` and `download` must stay put until then.  Two executors on one device
 * overlap one's transfers with the other's kernels; that is all the concurrency there is.
 *
 * The reference executor runs each stage's twin at once, on the calling thread.  It is the meaning
 * of every launch; a device has to agree with it (docs/NUMERICS.md).
 *
 * Threads: an executor belongs to one thread at a time.
 */
#ifndef APO_ENGINE_EXEC_EXECUTOR_H
#define APO_ENGINE_EXEC_EXECUTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/error.h"
#include "kernels/stage.h"

/** What planners ask of a device; plain data, so that plans for absent devices can be tested. */
typedef struct apo_caps {
  char name[128];
  char platform[128];
  char driver[64];
  bool is_cpu; /* work-items are few and fat: the APO_GROUP == 1 shapes */
  bool is_reference;
  uint32_t compute_units;
  uint64_t global_bytes;
  uint64_t max_alloc_bytes;
  uint64_t local_bytes;
  uint64_t cache_bytes; /* nearest cache that one core or unit has to itself; 0 unknown */
  uint32_t max_group;
  bool flushes_denormals;
} apo_caps;

enum { APO_MAX_STAGE_BUFFERS = 16, APO_MAX_STAGE_PARAMS = 8 };

/** Opaque but for its size; belongs to the executor that made it.  Another executor of the same
 * device may use it too, once the owner has waited for what it put there. */
typedef struct apo_buffer {
  size_t n_bytes;
} apo_buffer;

/** One launch: everything that a stage needs. */
typedef struct apo_launch {
  const apo_stage *stage;
  apo_i32 spec[APO_MAX_STAGE_PARAMS]; /* in the order of stage->params */
  const void *args;                   /* stage->args_bytes bytes, copied by the call */
  apo_buffer *buffers[APO_MAX_STAGE_BUFFERS];
  size_t n_items; /* global size; a multiple of `group` */
  size_t group;   /* work-group size; 1 for the CPU shapes */
} apo_launch;

typedef struct apo_executor apo_executor;

/** The calls of one kind of executor.  Use the functions below, which say what they mean. */
typedef struct apo_executor_calls {
  apo_status (*buffer)(apo_executor *self, size_t n_bytes, apo_buffer **out, apo_error *err);
  void (*release)(apo_executor *self, apo_buffer *buffer);
  apo_status (*upload)(apo_executor *self,
                       apo_buffer *to,
                       size_t at,
                       const void *from,
                       size_t n_bytes,
                       apo_error *err);
  apo_status (*download)(
      apo_executor *self, apo_buffer *from, size_t at, void *to, size_t n_bytes, apo_error *err);
  apo_status (*prepare)(apo_executor *self,
                        const apo_stage *stage,
                        const apo_i32 *spec,
                        apo_error *err);
  apo_status (*launch)(apo_executor *self, const apo_launch *launch, apo_error *err);
  apo_status (*wait)(apo_executor *self, apo_error *err);
  void (*destroy)(apo_executor *self);
} apo_executor_calls;

/** Seconds of work finished so far, by kind; from device events where there are any.  The reference
 * counts them only if its host gave it a clock. */
typedef struct apo_executor_times {
  double build;
  double upload;
  double kernel;
  double download;
} apo_executor_times;

/** The part that every kind of executor begins with. */
struct apo_executor {
  const apo_executor_calls *calls;
  apo_caps caps;
  apo_executor_times times;
  uint64_t live_bytes; /* of buffers not yet released */
  uint64_t peak_bytes;
  double (*seconds)(void); /* a monotonic clock of the host, or NULL; the engine has none */
};

/** A buffer of `n_bytes` (at least 1) with undefined content.
 *
 * Fails:   APO_ERR_DEVICE_MEMORY, APO_ERR_MEMORY, APO_ERR_DEVICE
 */
APO_NODISCARD apo_status apo_executor_buffer(apo_executor *executor,
                                             size_t n_bytes,
                                             apo_buffer **out,
                                             apo_error *err);
/** Release after what is queued is done.  Accepts NULL, stores NULL. */
void apo_executor_release(apo_executor *executor, apo_buffer **buffer);
APO_NODISCARD apo_status apo_executor_upload(apo_executor *executor,
                                             apo_buffer *to,
                                             size_t at,
                                             const void *from,
                                             size_t n_bytes,
                                             apo_error *err);
APO_NODISCARD apo_status apo_executor_download(
    apo_executor *executor, apo_buffer *from, size_t at, void *to, size_t n_bytes, apo_error *err);
/** Build a stage's program ahead of its first launch.  Fails: APO_ERR_BUILD with the log. */
APO_NODISCARD apo_status apo_executor_prepare(apo_executor *executor,
                                              const apo_stage *stage,
                                              const apo_i32 *spec,
                                              apo_error *err);
APO_NODISCARD apo_status apo_executor_launch(apo_executor *executor,
                                             const apo_launch *launch,
                                             apo_error *err);
/** Return when everything queued is done, or the first failure of it. */
APO_NODISCARD apo_status apo_executor_wait(apo_executor *executor, apo_error *err);
void apo_executor_destroy(apo_executor **executor);

/** The reference: twins on the calling thread.  Fails: APO_ERR_MEMORY. */
APO_NODISCARD apo_status apo_reference_create(apo_executor **out, apo_error *err);

#endif
