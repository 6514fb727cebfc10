/* executor.c - the calls of every executor: preconditions and byte counts here, work behind them. */
#include "engine/exec/executor.h"

#include <assert.h>

apo_status apo_executor_buffer(apo_executor *executor,
                               size_t n_bytes,
                               apo_buffer **out,
                               apo_error *err) {
  *out = NULL;
  if (n_bytes == 0) return apo_fail(err, APO_ERR_INTERNAL, "executor: a buffer of 0 bytes");
  APO_TRY(executor->calls->buffer(executor, n_bytes, out, err));
  assert((*out)->n_bytes == n_bytes);
  executor->live_bytes += n_bytes;
  if (executor->live_bytes > executor->peak_bytes) executor->peak_bytes = executor->live_bytes;
  return APO_OK;
}

void apo_executor_release(apo_executor *executor, apo_buffer **buffer) {
  if (buffer == NULL || *buffer == NULL) return;
  executor->live_bytes -= (*buffer)->n_bytes;
  executor->calls->release(executor, *buffer);
  *buffer = NULL;
}

static apo_status check_range(
    const char *what, const apo_buffer *buffer, size_t at, size_t n_bytes, apo_error *err) {
  if (at <= buffer->n_bytes && n_bytes <= buffer->n_bytes - at) return APO_OK;
  return apo_fail(err, APO_ERR_INTERNAL, "executor: %s of %zu bytes at %zu of a buffer of %zu",
                  what, n_bytes, at, buffer->n_bytes);
}

apo_status apo_executor_upload(apo_executor *executor,
                               apo_buffer *to,
                               size_t at,
                               const void *from,
                               size_t n_bytes,
                               apo_error *err) {
  APO_TRY(check_range("upload", to, at, n_bytes, err));
  if (n_bytes == 0) return APO_OK;
  return executor->calls->upload(executor, to, at, from, n_bytes, err);
}

apo_status apo_executor_download(
    apo_executor *executor, apo_buffer *from, size_t at, void *to, size_t n_bytes, apo_error *err) {
  APO_TRY(check_range("download", from, at, n_bytes, err));
  if (n_bytes == 0) return APO_OK;
  return executor->calls->download(executor, from, at, to, n_bytes, err);
}

static apo_status check_stage(const apo_stage *stage, apo_error *err) {
  if (stage->n_params <= APO_MAX_STAGE_PARAMS && stage->n_buffers <= APO_MAX_STAGE_BUFFERS) {
    return APO_OK;
  }
  return apo_fail(err, APO_ERR_INTERNAL, "%s: %u parameters and %u buffers, at most %d and %d",
                  stage->name, stage->n_params, stage->n_buffers, APO_MAX_STAGE_PARAMS,
                  APO_MAX_STAGE_BUFFERS);
}

apo_status apo_executor_prepare(apo_executor *executor,
                                const apo_stage *stage,
                                const apo_i32 *spec,
                                apo_error *err) {
  APO_TRY(check_stage(stage, err));
  return executor->calls->prepare(executor, stage, spec, err);
}

apo_status apo_executor_launch(apo_executor *executor, const apo_launch *launch, apo_error *err) {
  const apo_stage *stage = launch->stage;
  APO_TRY(check_stage(stage, err));
  if (launch->group == 0 || launch->n_items % launch->group != 0) {
    return apo_fail(err, APO_ERR_INTERNAL, "%s: %zu items, needed a multiple of the group of %zu",
                    stage->name, launch->n_items, launch->group);
  }
  for (apo_u32 i = 0; i < stage->n_buffers; ++i) {
    if (launch->buffers[i] != NULL) continue;
    return apo_fail(err, APO_ERR_INTERNAL, "%s: buffer %u is not set", stage->name, i);
  }
  if (launch->n_items == 0) return APO_OK;
  return executor->calls->launch(executor, launch, err);
}

apo_status apo_executor_wait(apo_executor *executor, apo_error *err) {
  return executor->calls->wait(executor, err);
}

void apo_executor_destroy(apo_executor **executor) {
  if (executor == NULL || *executor == NULL) return;
  (*executor)->calls->destroy(*executor);
  *executor = NULL;
}
