/* self_test.c - the cases of the self-test. */
#include "host/opencl/self_test.h"

#include <stdbool.h>
#include <string.h>

#include "engine/core/memory.h"
#include "host/opencl/executor_opencl.h"
#include "host/opencl/opencl_device.h"
#include "host/opencl/self_test_stages.h"

enum { COPY_BYTES = 1 << 20 };

// After a failure: what is queued must not reach memory that is freed next.  The failure that is
// told is the first one, so this one's status is of no use.
static void settle(apo_executor *executor) {
  const apo_status status = apo_executor_wait(executor, NULL);
  (void)status;
}

/* --- a copy there and back -------------------------------------------------------------------- */

static apo_status compare_copy(const unsigned char *sent,
                               const unsigned char *got,
                               apo_error *err) {
  for (size_t i = 0; i < COPY_BYTES; ++i) {
    if (sent[i] == got[i]) continue;
    return apo_fail(err, APO_ERR_DEVICE, "copy: byte %zu: expected %u, got %u", i, sent[i], got[i]);
  }
  return APO_OK;
}

static apo_status check_copy(apo_executor *executor, apo_error *err) {
  unsigned char *sent = apo_alloc(2, COPY_BYTES);
  if (sent == NULL) return apo_fail(err, APO_ERR_MEMORY, "copy: no memory");
  unsigned char *got = sent + COPY_BYTES;
  apo_buffer *buffer = NULL;
  for (uint32_t i = 0; i < COPY_BYTES; ++i) sent[i] = (unsigned char)((i * 2654435761u) >> 24);
  apo_status status = apo_executor_buffer(executor, COPY_BYTES, &buffer, err);
  if (status != APO_OK) goto done;
  status = apo_executor_upload(executor, buffer, 0, sent, COPY_BYTES, err);
  if (status != APO_OK) goto done;
  status = apo_executor_download(executor, buffer, 0, got, COPY_BYTES, err);
  if (status != APO_OK) goto done;
  status = apo_executor_wait(executor, err);
  if (status == APO_OK) status = compare_copy(sent, got, err);
done:
  if (status != APO_OK) settle(executor);
  apo_executor_release(executor, &buffer);
  free(sent);
  return status;
}

/* --- cases ------------------------------------------------------------------------------------ */

typedef struct case_run {
  const apo_self_test_case *known;
  apo_executor *executor;
  apo_buffer *buffers[APO_CASE_BUFFERS];
  apo_u32 expected[APO_CASE_BUFFERS][APO_CASE_WORDS];
  apo_u32 got[APO_CASE_BUFFERS][APO_CASE_WORDS];
} case_run;

static apo_status send(case_run *run, apo_error *err) {
  for (apo_u32 i = 0; i < run->known->stage->n_buffers; ++i) {
    const apo_case_buffer *buffer = &run->known->buffers[i];
    APO_TRY(apo_executor_buffer(run->executor, buffer->n_bytes, &run->buffers[i], err));
    if (buffer->is_scratch) continue;
    memcpy(run->expected[i], buffer->words, buffer->n_bytes);
    APO_TRY(apo_executor_upload(run->executor, run->buffers[i], 0, buffer->words, buffer->n_bytes,
                                err));
  }
  return APO_OK;
}

static apo_status compute(case_run *run, apo_error *err) {
  const apo_self_test_case *known = run->known;
  apo_launch launch = {
      .stage = known->stage, .args = known->args, .n_items = known->n_items, .group = known->group};
  memcpy(launch.spec, known->spec, sizeof launch.spec);
  memcpy(launch.buffers, run->buffers, sizeof run->buffers);
  APO_TRY(apo_executor_launch(run->executor, &launch, err));
  for (apo_u32 i = 0; i < known->stage->n_buffers; ++i) {
    if (!known->buffers[i].is_output) continue;
    APO_TRY(apo_executor_download(run->executor, run->buffers[i], 0, run->got[i],
                                  known->buffers[i].n_bytes, err));
  }
  APO_TRY(apo_executor_wait(run->executor, err));
  void *expected[APO_CASE_BUFFERS];
  for (int i = 0; i < APO_CASE_BUFFERS; ++i) expected[i] = run->expected[i];
  known->stage->reference(known->spec, known->args, expected);
  return APO_OK;
}

static bool is_nan(apo_u32 bits) {
  return (bits & 0x7fffffffu) > 0x7f800000u;
}

// How far two floats are apart in steps between neighbours; both zeros are one place.
static uint64_t steps_between(apo_u32 a, apo_u32 b) {
  const int64_t place_a = a >> 31 != 0 ? -(int64_t)(a & 0x7fffffffu) : (int64_t)a;
  const int64_t place_b = b >> 31 != 0 ? -(int64_t)(b & 0x7fffffffu) : (int64_t)b;
  return (uint64_t)(place_a > place_b ? place_a - place_b : place_b - place_a);
}

// An exact stage gives equal bits, but every NaN is the same one.
static bool words_agree(apo_u32 expected, apo_u32 got, bool is_float, apo_u32 max_ulps) {
  if (expected == got) return true;
  if (!is_float) return false;
  if (is_nan(expected) || is_nan(got)) return is_nan(expected) && is_nan(got);
  return max_ulps > 0 && steps_between(expected, got) <= max_ulps;
}

static apo_status compare(const case_run *run, bool *flushes, apo_error *err) {
  const apo_self_test_case *known = run->known;
  // What a stage computes wrongly its program does, and that can only be built again.
  const bool is_stage = apo_stage_find(known->stage->name) == known->stage;
  for (apo_u32 b = 0; b < known->stage->n_buffers; ++b) {
    const apo_case_buffer *buffer = &known->buffers[b];
    for (size_t i = 0; buffer->is_output && i < buffer->n_bytes / sizeof(apo_u32); ++i) {
      const apo_u32 expected = run->expected[b][i];
      const apo_u32 got = run->got[b][i];
      if (words_agree(expected, got, buffer->is_float, known->stage->max_ulps)) continue;
      if (known->stage == &apo_self_arithmetic && apo_self_arithmetic_flushed(known, i, got)) {
        *flushes = true;
        continue;
      }
      return apo_fail(err, is_stage ? APO_ERR_BUILD : APO_ERR_DEVICE,
                      "%s: word %zu of buffer %u: expected %#x, got %#x", known->stage->name, i, b,
                      expected, got);
    }
  }
  return APO_OK;
}

static apo_status check_case(apo_executor *executor,
                             const apo_self_test_case *known,
                             bool *flushes,
                             apo_error *err) {
  case_run *run = apo_alloc(1, sizeof *run);
  if (run == NULL) return apo_fail(err, APO_ERR_MEMORY, "%s: no memory", known->stage->name);
  run->known = known;
  run->executor = executor;
  apo_status status = send(run, err);
  if (status == APO_OK) status = compute(run, err);
  if (status == APO_OK) status = compare(run, flushes, err);
  if (status != APO_OK) settle(executor);
  for (int i = 0; i < APO_CASE_BUFFERS; ++i) apo_executor_release(executor, &run->buffers[i]);
  free(run);
  return status;
}

static apo_status check_cases(apo_executor *executor, bool *flushes, apo_error *err) {
  apo_self_test_case *known = apo_alloc(1, sizeof *known);
  if (known == NULL) return apo_fail(err, APO_ERR_MEMORY, "no memory");
  apo_status status = APO_OK;
  for (size_t i = 0; apo_self_test_makers[i] != NULL && status == APO_OK; ++i) {
    memset(known, 0, sizeof *known);
    if (!apo_self_test_makers[i](&executor->caps, known)) continue;
    status = check_case(executor, known, flushes, err);
  }
  free(known);
  return status;
}

// A program was built: its stage's case, with a queue of its own.
static apo_status check_stage(apo_opencl_device *device,
                              const apo_stage *stage,
                              const apo_i32 *spec,
                              apo_error *err) {
  apo_executor *executor = NULL;
  bool flushes = false;
  apo_self_test_case *known = apo_alloc(1, sizeof *known);
  if (known == NULL) return apo_fail(err, APO_ERR_MEMORY, "%s: no memory", stage->name);
  apo_status status = APO_OK;
  if (apo_self_test_stage_case(stage, spec, known)) {
    status = apo_opencl_executor_create(device, &executor, err);
    if (status == APO_OK) status = check_case(executor, known, &flushes, err);
  }
  apo_executor_destroy(&executor);
  free(known);
  return apo_prefix(err, status, "self-test on %s: ", apo_opencl_device_caps(device)->name);
}

apo_status apo_self_test_run(apo_opencl_device *device, apo_error *err) {
  bool flushes = false;
  apo_executor *executor = NULL;
  apo_status status = apo_opencl_executor_create(device, &executor, err);
  if (status == APO_OK) status = check_copy(executor, err);
  if (status == APO_OK) status = check_cases(executor, &flushes, err);
  apo_executor_destroy(&executor);
  if (status == APO_OK) {
    apo_opencl_device_set_flushes(device, flushes);
    device->check = check_stage;
  }
  return apo_prefix(err, status, "self-test on %s: ", apo_opencl_device_caps(device)->name);
}
