/* check_kernels.c - every line of specs.txt, on every device, against the reference twin.
 *
 *   check_kernels [--bench] [--gpu-only] [--small] [--device TEXT] [STAGE...]
 *
 * Without names it checks every stage.  The first difference is printed with the device, the
 * specialization and the seed that repeat it.  Each buffer has a guard behind it that must not
 * change; --small leaves it out, so that a simulator sees the true ends.  --bench then times each
 * line.  No device is a skip (77), with its reason.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/exec/spec_line.h"
#include "host/api/clock.h"
#include "host/opencl/devices.h"
#include "host/opencl/executor_opencl.h"
#include "host/opencl/program.h"
#include "host/opencl/self_test.h"
#include "tests/kernel/kernel_case.h"
#include "tests/support/first_difference.h"

enum { SKIPPED = 77, N_SEEDS = 3, GUARD_BYTES = 256, GUARD = 0xa5, BENCH_REPEATS = 5 };

static const uint64_t first_seed = 0x5eed;

typedef struct wish {
  bool bench;
  bool gpu_only;
  bool is_small;
  const char *device; /* part of a name, or NULL */
} wish;

typedef struct tally {
  uint32_t n_checked;
  uint32_t n_skipped;
  uint32_t n_failed;
} tally;

typedef struct subject {
  const apo_stage *stage;
  const apo_i32 *spec;
  uint64_t seed;
  kernel_case given;
  apo_executor *executor;
  apo_buffer *buffers[APO_MAX_STAGE_BUFFERS];
  unsigned char *expected[APO_MAX_STAGE_BUFFERS];
  unsigned char *got[APO_MAX_STAGE_BUFFERS];
  size_t n_guard;
} subject;

static void *allocate(size_t n_bytes) {
  void *block = malloc(n_bytes > 0 ? n_bytes : 1);
  if (block != NULL) return block;
  fprintf(stderr, "check_kernels: no memory\n");
  exit(1);
}

/* --- one case --------------------------------------------------------------------------------- */

static apo_status put_buffers(subject *s, apo_error *err) {
  for (apo_u32 i = 0; i < s->stage->n_buffers; ++i) {
    const size_t n_bytes = s->given.buffers[i].n_bytes;
    const size_t n_all = n_bytes + s->n_guard > 0 ? n_bytes + s->n_guard : 1;
    s->expected[i] = allocate(n_all);
    s->got[i] = allocate(n_all);
    memset(s->expected[i], GUARD, n_all);
    memcpy(s->expected[i], s->given.buffers[i].content, n_bytes);
    APO_TRY(apo_executor_buffer(s->executor, n_all, &s->buffers[i], err));
    APO_TRY(apo_executor_upload(s->executor, s->buffers[i], 0, s->expected[i], n_all, err));
  }
  // The twin works on what was uploaded, so the upload has to be over.
  return apo_executor_wait(s->executor, err);
}

static apo_status launch(subject *s, apo_error *err) {
  apo_launch what = {.stage = s->stage,
                     .args = s->given.args.bytes,
                     .n_items = s->given.n_items,
                     .group = s->given.group};
  memcpy(what.spec, s->spec, sizeof what.spec);
  memcpy(what.buffers, s->buffers, sizeof what.buffers);
  return apo_executor_launch(s->executor, &what, err);
}

static apo_status compute(subject *s, apo_error *err) {
  APO_TRY(launch(s, err));
  for (apo_u32 i = 0; i < s->stage->n_buffers; ++i) {
    APO_TRY(apo_executor_download(s->executor, s->buffers[i], 0, s->got[i], s->buffers[i]->n_bytes,
                                  err));
  }
  APO_TRY(apo_executor_wait(s->executor, err));
  void *contents[APO_MAX_STAGE_BUFFERS];
  for (apo_u32 i = 0; i < s->stage->n_buffers; ++i) contents[i] = s->expected[i];
  s->stage->reference(s->spec, s->given.args.bytes, contents);
  return APO_OK;
}

static void flush_tiny(float *values, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    if (fabsf(values[i]) < 0x1p-126f) values[i] = copysignf(0.0f, values[i]);
  }
}

static bool same_bytes(const char *name, const unsigned char *e, const unsigned char *g, size_t n) {
  size_t n_different = 0;
  size_t first = 0;
  for (size_t i = n; i-- > 0;) {
    if (e[i] == g[i]) continue;
    ++n_different;
    first = i;
  }
  if (n_different == 0) return true;
  fprintf(stderr, "%s: byte %zu of %zu: expected %u, got %u; %zu differ\n", name, first, n,
          e[first], g[first], n_different);
  return false;
}

// Inputs must come back unchanged, outputs as the twin has them, guards always.
static bool compare_buffer(subject *s, apo_u32 i) {
  const kernel_buffer *buffer = &s->given.buffers[i];
  char name[64];
  snprintf(name, sizeof name, "buffer %u (%s)", i, buffer->is_output ? "output" : "input");
  bool is_same = buffer->element == KERNEL_SCRATCH;
  if (buffer->is_output && buffer->element == KERNEL_F32) {
    float *expected = (float *)(void *)s->expected[i];
    float *got = (float *)(void *)s->got[i];
    const size_t n = buffer->n_bytes / sizeof *got;
    if (s->executor->caps.flushes_denormals) {
      flush_tiny(expected, n);
      flush_tiny(got, n);
    }
    is_same = apo_same_floats(name, expected, got, n, n > 0 ? n : 1, s->stage->max_ulps);
  } else if (!is_same) {
    is_same = same_bytes(name, s->expected[i], s->got[i], buffer->n_bytes);
  }
  snprintf(name, sizeof name, "guard behind buffer %u", i);
  return same_bytes(name, s->expected[i] + buffer->n_bytes, s->got[i] + buffer->n_bytes,
                    s->n_guard) &&
         is_same;
}

static void describe(const subject *s, char *text, size_t size) {
  int n = snprintf(text, size, "%s", s->stage->name);
  for (apo_u32 p = 0; p < s->stage->n_params && n > 0 && (size_t)n < size; ++p) {
    n += snprintf(text + n, size - (size_t)n, " %s=%d", s->stage->params[p], s->spec[p]);
  }
}

static void print_bench(subject *s) {
  char text[APO_MAX_OPTIONS_BYTES];
  double best = 0;
  size_t n_bytes = 0;
  for (apo_u32 i = 0; i < s->stage->n_buffers; ++i) n_bytes += s->given.buffers[i].n_bytes;
  for (int repeat = 0; repeat < BENCH_REPEATS; ++repeat) {
    const double before = s->executor->times.kernel;
    if (launch(s, NULL) != APO_OK || apo_executor_wait(s->executor, NULL) != APO_OK) return;
    const double seconds = s->executor->times.kernel - before;
    if (repeat == 0 || seconds < best) best = seconds;
  }
  describe(s, text, sizeof text);
  printf("bench %-72s %10.3f ms  %8.2f GB/s of its buffers\n", text, best * 1e3,
         best > 0 ? (double)n_bytes / best * 1e-9 : 0);
}

static bool check_case(subject *s, const kernel_case_maker *maker, const wish *w) {
  apo_error err = {.status = APO_OK};
  char text[APO_MAX_OPTIONS_BYTES];
  maker->make(s->stage, s->spec, s->seed, w->is_small, &s->given);
  apo_status status = put_buffers(s, &err);
  if (status == APO_OK) status = compute(s, &err);
  bool is_same = status == APO_OK;
  for (apo_u32 i = 0; status == APO_OK && i < s->stage->n_buffers; ++i) {
    is_same = compare_buffer(s, i) && is_same;
  }
  describe(s, text, sizeof text);
  if (status != APO_OK) fprintf(stderr, "%s\n", err.message);
  if (!is_same) {
    fprintf(stderr, "FAILED %s on %s, seed %#" PRIx64 "\n", text, s->executor->caps.name, s->seed);
  } else if (w->bench && s->seed == first_seed) {
    print_bench(s);
  }
  for (apo_u32 i = 0; i < s->stage->n_buffers; ++i) {
    apo_executor_release(s->executor, &s->buffers[i]);
    free(s->expected[i]);
    free(s->got[i]);
  }
  kernel_case_clear(&s->given);
  return is_same;
}

/* --- stages and devices ----------------------------------------------------------------------- */

static void check_stage(apo_executor *executor, const apo_stage *stage, const wish *w, tally *t) {
  const kernel_case_maker *maker = kernel_case_find(stage->name);
  if (maker == NULL) {
    fprintf(stderr, "FAILED %s: no case in tests/kernel/kernel_case.c\n", stage->name);
    ++t->n_failed;
    return;
  }
  apo_i32 spec[APO_MAX_STAGE_PARAMS];
  const char *cursor = NULL;
  bool bad_line = false;
  while (apo_spec_next(stage, &cursor, spec, &bad_line)) {
    const apo_i32 group = apo_spec_value(stage, spec, "APO_GROUP", 1);
    if (w->gpu_only && group == 1) continue;
    if ((apo_u32)group > executor->caps.max_group) {
      printf("skipped on %s, which allows groups of %u: %s with APO_GROUP=%d\n",
             executor->caps.name, executor->caps.max_group, stage->name, group);
      ++t->n_skipped;
      continue;
    }
    for (uint64_t seed = 0; seed < (w->is_small ? 1 : N_SEEDS); ++seed) {
      subject *s = allocate(sizeof *s);
      *s = (subject){.stage = stage,
                     .spec = spec,
                     .seed = first_seed + seed,
                     .executor = executor,
                     .n_guard = w->is_small ? 0 : GUARD_BYTES};
      t->n_failed += !check_case(s, maker, w);
      ++t->n_checked;
      free(s);
    }
  }
  if (bad_line) {
    fprintf(stderr, "FAILED %s: specs.txt has a line that is no specialization\n", stage->name);
    ++t->n_failed;
  }
}

static void check_device(const apo_device_record *record,
                         char *const *names,
                         const wish *w,
                         tally *t) {
  apo_opencl_device *device = NULL;
  apo_executor *executor = NULL;
  apo_error err = {.status = APO_OK};
  apo_status status = apo_opencl_device_open(record, NULL, &device, &err);
  // Under a simulator the self-test would only cost time.  Where it fails, the stages say more.
  if (status == APO_OK && !w->is_small && apo_self_test_run(device, &err) != APO_OK) {
    fprintf(stderr, "FAILED %s\n", err.message);
    ++t->n_failed;
  }
  if (status == APO_OK) status = apo_opencl_executor_create(device, &executor, &err);
  if (status != APO_OK) {
    fprintf(stderr, "FAILED to open %s: %s\n", record->caps.name, err.message);
    ++t->n_failed;
  } else {
    printf("device %u:%u %s (%s)\n", record->platform, record->device, record->caps.name,
           record->caps.platform);
  }
  for (size_t i = 0; status == APO_OK && apo_stages[i] != NULL; ++i) {
    bool is_wanted = *names == NULL;
    for (char *const *name = names; *name != NULL; ++name) {
      is_wanted = is_wanted || strcmp(*name, apo_stages[i]->name) == 0;
    }
    if (is_wanted) check_stage(executor, apo_stages[i], w, t);
  }
  apo_executor_destroy(&executor);
  apo_opencl_device_close(&device);
}

static int parse(int argc, char **argv, wish *w) {
  int at = 1;
  for (; at < argc && strncmp(argv[at], "--", 2) == 0; ++at) {
    if (strcmp(argv[at], "--bench") == 0) {
      w->bench = true;
    } else if (strcmp(argv[at], "--gpu-only") == 0) {
      w->gpu_only = true;
    } else if (strcmp(argv[at], "--small") == 0) {
      w->is_small = true;
    } else if (strcmp(argv[at], "--device") == 0 && at + 1 < argc) {
      w->device = argv[++at];
    } else {
      return -1;
    }
  }
  for (int i = at; i < argc; ++i) {
    if (apo_stage_find(argv[i]) == NULL) return -1;
  }
  return at;
}

int main(int argc, char **argv) {
  wish w = {.bench = false};
  tally t = {0};
  apo_device_record *records = NULL;
  uint32_t n_records = 0;
  uint32_t n_tried = 0;
  const int first_name = parse(argc, argv, &w);
  if (first_name < 0) {
    fputs("usage: check_kernels [--bench] [--gpu-only] [--small] [--device TEXT] [STAGE...]\n",
          stderr);
    return 2;
  }
  if (apo_opencl_list(&records, &n_records, NULL) != APO_OK) return 1;
  for (uint32_t i = 0; i < n_records; ++i) {
    const apo_device_record *record = &records[i];
    if (w.device != NULL && strstr(record->caps.name, w.device) == NULL &&
        strstr(record->caps.platform, w.device) == NULL) {
      continue;
    }
    if (!record->usable) {
      printf("skipped %s: %s\n", record->caps.name, record->why);
      continue;
    }
    ++n_tried;
    check_device(record, argv + first_name, &w, &t);
  }
  free(records);
  if (n_tried == 0) {
    printf("SKIPPED: no usable OpenCL device: nothing to compare\n");
    return SKIPPED;
  }
  printf("%u launches compared, %u specializations skipped, %u failed\n", t.n_checked, t.n_skipped,
         t.n_failed);
  // Nothing compared is no success.
  if (t.n_checked == 0 && t.n_failed == 0 && t.n_skipped == 0 && !w.gpu_only) return 1;
  return t.n_failed > 0 ? 1 : 0;
}
