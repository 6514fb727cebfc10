/* reference.c - the executor without a device: buffers are host memory, a launch is its twin.
 *
 * Everything is done when the call returns, so there is no queue and waiting is nothing.  This is
 * what a plan means; a device that disagrees with it is wrong.
 */
#include <stdio.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/exec/executor.h"

// The content follows the header.  16 is what malloc itself aligns to on 64-bit Linux, and no type
// of a stage's buffer needs more.
enum { HEADER_BYTES = 16 };
_Static_assert(sizeof(apo_buffer) <= HEADER_BYTES, "the header has room for the struct");

static void *content(apo_buffer *buffer) {
  return (unsigned char *)buffer + HEADER_BYTES;
}

static double now(const apo_executor *self) {
  return self->seconds != NULL ? self->seconds() : 0;
}

static apo_status make_buffer(apo_executor *self,
                              size_t n_bytes,
                              apo_buffer **out,
                              apo_error *err) {
  (void)self;
  // Not zeroed by a contract, but so by apo_alloc: pages that nobody touches cost nothing.
  apo_buffer *buffer =
      n_bytes > SIZE_MAX - HEADER_BYTES ? NULL : apo_alloc(HEADER_BYTES + n_bytes, 1);
  if (buffer == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "reference: a buffer of %zu bytes", n_bytes);
  }
  buffer->n_bytes = n_bytes;
  *out = buffer;
  return APO_OK;
}

static void release(apo_executor *self, apo_buffer *buffer) {
  (void)self;
  free(buffer);
}

static apo_status upload(apo_executor *self,
                         apo_buffer *to,
                         size_t at,
                         const void *from,
                         size_t n_bytes,
                         apo_error *err) {
  (void)err;
  const double begin = now(self);
  memcpy((unsigned char *)content(to) + at, from, n_bytes);
  self->times.upload += now(self) - begin;
  return APO_OK;
}

static apo_status download(
    apo_executor *self, apo_buffer *from, size_t at, void *to, size_t n_bytes, apo_error *err) {
  (void)err;
  const double begin = now(self);
  memcpy(to, (const unsigned char *)content(from) + at, n_bytes);
  self->times.download += now(self) - begin;
  return APO_OK;
}

static apo_status prepare(apo_executor *self,
                          const apo_stage *stage,
                          const apo_i32 *spec,
                          apo_error *err) {
  (void)self;
  (void)spec;
  if (stage->reference != NULL) return APO_OK;
  return apo_fail(err, APO_ERR_INTERNAL, "reference: %s has no twin", stage->name);
}

static apo_status launch(apo_executor *self, const apo_launch *launch, apo_error *err) {
  APO_TRY(prepare(self, launch->stage, launch->spec, err));
  void *contents[APO_MAX_STAGE_BUFFERS];
  for (apo_u32 i = 0; i < launch->stage->n_buffers; ++i) contents[i] = content(launch->buffers[i]);
  const double begin = now(self);
  launch->stage->reference(launch->spec, launch->args, contents);
  self->times.kernel += now(self) - begin;
  return APO_OK;
}

static apo_status wait_for_all(apo_executor *self, apo_error *err) {
  (void)self;
  (void)err;
  return APO_OK;
}

static void destroy(apo_executor *self) {
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

apo_status apo_reference_create(apo_executor **out, apo_error *err) {
  *out = NULL;
  apo_executor *self = apo_alloc(1, sizeof *self);
  if (self == NULL) return apo_fail(err, APO_ERR_MEMORY, "reference: no memory for an executor");
  self->calls = &calls;
  // Limits that no plan meets: what bounds the reference is the run's budget.
  self->caps = (apo_caps){
      .name = "reference",
      .platform = "apportion",
      .is_cpu = true,
      .is_reference = true,
      .compute_units = 1,
      .global_bytes = PTRDIFF_MAX,
      .max_alloc_bytes = PTRDIFF_MAX,
      .local_bytes = 32768,
      .max_group = 1024,
  };
  *out = self;
  return APO_OK;
}
