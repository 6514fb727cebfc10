/* fault_self_test.c - a compiler that makes wrong programs, and what becomes of its device.
 *
 * The linker's --wrap puts this compiler before the real one: it spoils one constant of one stage.
 */
#include <CL/cl.h>
#include <stdlib.h>
#include <string.h>

#include "engine/exec/spec_line.h"
#include "host/opencl/executor_opencl.h"
#include "host/opencl/self_test.h"
#include "host/opencl/self_test_stages.h"
#include "tests/support/apo_test.h"

/* --- the compiler ----------------------------------------------------------------------------- */

static struct {
  const char *from; /* NULL: nothing is spoilt */
  const char *to;   /* of the same length */
  int n_spoilt;
} compiler;

cl_program __real_clCreateProgramWithSource(
    cl_context context, cl_uint n, const char **texts, const size_t *sizes, cl_int *native);
cl_program __wrap_clCreateProgramWithSource(
    cl_context context, cl_uint n, const char **texts, const size_t *sizes, cl_int *native);
cl_program __wrap_clCreateProgramWithSource(
    cl_context context, cl_uint n, const char **texts, const size_t *sizes, cl_int *native) {
  char *text = NULL;
  const char *given = texts[0];
  char *place = NULL;
  if (compiler.from != NULL && n == 1 && sizes == NULL) {
    text = malloc(strlen(given) + 1);
    assert_non_null(text);
    strcpy(text, given);
    place = strstr(text, compiler.from);
  }
  if (place != NULL) {
    memcpy(place, compiler.to, strlen(compiler.to));
    ++compiler.n_spoilt;
  }
  const char *used = place != NULL ? text : given;
  cl_program program = __real_clCreateProgramWithSource(context, n, &used, sizes, native);
  free(text);
  return program;
}

/* --- devices ---------------------------------------------------------------------------------- */

typedef struct opened {
  apo_device_record *records;
  apo_opencl_device *device;
  apo_executor *executor;
  const apo_stage *stage;
  apo_i32 spec[APO_MAX_STAGE_PARAMS]; /* the first of the device's shape */
} opened;

static bool find_spec(opened *o) {
  const bool is_cpu = apo_opencl_device_caps(o->device)->is_cpu;
  const char *cursor = NULL;
  while (apo_spec_next(o->stage, &cursor, o->spec, NULL)) {
    if ((apo_spec_value(o->stage, o->spec, "APO_GROUP", 1) == 1) == is_cpu) return true;
  }
  return false;
}

static opened open_first(const char *stage) {
  opened o = {.stage = apo_stage_find(stage)};
  uint32_t n = 0;
  apo_error err;
  assert_ok(apo_opencl_list(&o.records, &n, &err), &err);
  for (uint32_t i = 0; i < n && o.device == NULL; ++i) {
    if (!o.records[i].usable) continue;
    assert_ok(apo_opencl_device_open(&o.records[i], NULL, &o.device, &err), &err);
  }
  if (o.device == NULL) {
    free(o.records);
    print_message("no usable OpenCL device: nothing can be built\n");
    skip();
  }
  assert_ok(apo_opencl_executor_create(o.device, &o.executor, &err), &err);
  assert_true(find_spec(&o));
  return o;
}

static void close_all(opened *o) {
  apo_executor_destroy(&o->executor);
  apo_opencl_device_close(&o->device);
  free(o->records);
  compiler.from = NULL;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void every_specialization_of_every_stage_has_a_case(void **state) {
  (void)state;
  apo_self_test_case *known = malloc(sizeof *known);
  assert_non_null(known);
  for (size_t i = 0; apo_stages[i] != NULL; ++i) {
    apo_i32 spec[APO_MAX_STAGE_PARAMS];
    const char *cursor = NULL;
    while (apo_spec_next(apo_stages[i], &cursor, spec, NULL)) {
      memset(known, 0, sizeof *known);
      if (!apo_self_test_stage_case(apo_stages[i], spec, known)) {
        fail_msg("%s has no case that fits", apo_stages[i]->name);
      }
    }
  }
  free(known);
}

// What a stage writes has to depend on what it reads: else a program that does nothing would pass.
static void every_answer_differs_from_what_was_there(void **state) {
  (void)state;
  apo_self_test_case *known = malloc(sizeof *known);
  assert_non_null(known);
  for (size_t i = 0; apo_stages[i] != NULL; ++i) {
    const char *cursor = NULL;
    memset(known, 0, sizeof *known);
    assert_true(apo_spec_next(apo_stages[i], &cursor, known->spec, NULL));
    apo_i32 spec[APO_MAX_STAGE_PARAMS];
    memcpy(spec, known->spec, sizeof spec);
    assert_true(apo_self_test_stage_case(apo_stages[i], spec, known));
    void *contents[APO_CASE_BUFFERS];
    for (int b = 0; b < APO_CASE_BUFFERS; ++b) contents[b] = known->buffers[b].words;
    known->stage->reference(known->spec, known->args, contents);
    for (apo_u32 b = 0; b < known->stage->n_buffers; ++b) {
      const apo_case_buffer *buffer = &known->buffers[b];
      size_t n_set = 0;
      for (size_t w = 0; w < buffer->n_bytes / 4 && buffer->is_output; ++w) {
        n_set += buffer->words[w] != 0;
      }
      if (buffer->is_output && n_set < 2) fail_msg("%s leaves zeros", known->stage->name);
    }
  }
  free(known);
}

static void a_stage_that_computes_wrongly_is_refused_by_name(void **state) {
  static const struct {
    const char *stage, *from, *to;
  } faults[] = {
      {"mean_fold", "const float next = s + term;", "const float next = s - term;"},
      {"permutation_orders", "for (uint i = n; i > 1; --i)", "for (uint i = n; i > 2; --i)"},
      {"synth_rows", "is_present ? x[col]", "is_present ? x[  0]"},
      {"linear_terms", "const float product = x * w;", "const float product = x + w;"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; ++i) {
    opened o = open_first(faults[i].stage);
    apo_error err = {.status = APO_OK};
    assert_ok(apo_self_test_run(o.device, &err), &err);
    compiler.from = faults[i].from;
    compiler.to = faults[i].to;
    compiler.n_spoilt = 0;
    for (int attempt = 1; attempt <= 2; ++attempt) {  // it is not taken from a table either
      assert_fails(apo_executor_prepare(o.executor, o.stage, o.spec, &err), APO_ERR_BUILD, &err,
                   "self-test on ");
      assert_non_null(strstr(err.message, faults[i].stage));
      assert_non_null(strstr(err.message, "expected"));
      assert_int_equal(compiler.n_spoilt, attempt);
    }
    compiler.from = NULL;
    assert_ok(apo_executor_prepare(o.executor, o.stage, o.spec, &err), &err);
    close_all(&o);
  }
}

static void nothing_is_asked_of_a_device_that_was_not_tested(void **state) {
  (void)state;
  opened o = open_first("mean_fold");
  apo_error err;
  compiler.from = "const float next = s + term;";
  compiler.to = "const float next = s - term;";
  assert_ok(apo_executor_prepare(o.executor, o.stage, o.spec, &err), &err);
  close_all(&o);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_specialization_of_every_stage_has_a_case),
      cmocka_unit_test(every_answer_differs_from_what_was_there),
      cmocka_unit_test(a_stage_that_computes_wrongly_is_refused_by_name),
      cmocka_unit_test(nothing_is_asked_of_a_device_that_was_not_tested),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
