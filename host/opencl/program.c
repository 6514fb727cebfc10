/* program.c - building programs, and finding those that were built before. */
#include "host/opencl/program.h"

#include <stdio.h>
#include <string.h>

#include "apo_version.h"
#include "engine/core/digest.h"
#include "engine/core/memory.h"
#include "host/opencl/faults.h"

// Raised when the meaning of a cached program changes by something that the key does not hold.
enum { CACHE_KEY_VERSION = 1, FIRST_ROOM = 16, LOG_IN_MESSAGE = 300 };

static bool is_parameter_name(const char *name) {
  if (strncmp(name, "APO_", 4) != 0 || name[4] == '\0') return false;
  for (const char *at = name; *at != '\0'; ++at) {
    const bool is_letter = *at >= 'A' && *at <= 'Z';
    if (!is_letter && !(*at >= '0' && *at <= '9') && *at != '_') return false;
  }
  return true;
}

apo_status apo_program_options(const apo_stage *stage,
                               const apo_i32 *spec,
                               char options[APO_MAX_OPTIONS_BYTES],
                               apo_error *err) {
  size_t n = (size_t)snprintf(options, APO_MAX_OPTIONS_BYTES, "-cl-std=CL1.2");
  for (apo_u32 p = 0; p < stage->n_params; ++p) {
    if (!is_parameter_name(stage->params[p])) {
      return apo_fail(err, APO_ERR_INTERNAL, "%s: parameter %u is not called APO_...", stage->name,
                      p);
    }
    const int n_more =
        snprintf(options + n, APO_MAX_OPTIONS_BYTES - n, " -D%s=%d", stage->params[p], spec[p]);
    if (n_more < 0 || (size_t)n_more >= APO_MAX_OPTIONS_BYTES - n) {
      return apo_fail(err, APO_ERR_INTERNAL, "%s: options above %d bytes", stage->name,
                      APO_MAX_OPTIONS_BYTES);
    }
    n += (size_t)n_more;
  }
  return APO_OK;
}

/* --- building --------------------------------------------------------------------------------- */

// The log in one line: line ends and control characters become spaces, runs of them one.
static void flatten_log(char *log) {
  size_t n = 0;
  for (const char *at = log; *at != '\0'; ++at) {
    const bool is_space = *at <= 0x20 || *at >= 0x7f;
    if (is_space && (n == 0 || log[n - 1] == ' ')) continue;
    log[n++] = is_space ? ' ' : *at;
  }
  log[n] = '\0';
}

static apo_status fail_build(const apo_opencl_device *device,
                             cl_program program,
                             const apo_stage *stage,
                             const char *options,
                             cl_int native,
                             apo_error *err) {
  size_t n_log = 0;
  char *log = NULL;
  if (clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &n_log) ==
          CL_SUCCESS &&
      n_log > 0) {
    log = apo_alloc(n_log + 1, 1);
  }
  if (log != NULL) {
    clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, n_log, log, NULL);
    flatten_log(log);
  }
  apo_fail(err, APO_ERR_BUILD, "%s: build on %s: %s (%d) with %s: %.*s", stage->name,
           device->record.caps.name, apo_fault_name(native), native, options + strlen("-cl-std="),
           LOG_IN_MESSAGE, log != NULL ? log : "no log");
  if (err != NULL) err->native = native;
  free(log);
  return APO_ERR_BUILD;
}

static apo_status build_source(const apo_opencl_device *device,
                               const apo_stage *stage,
                               const char *options,
                               cl_program *out,
                               apo_error *err) {
  cl_int native = CL_SUCCESS;
  const char *source = stage->source;
  cl_program program = clCreateProgramWithSource(device->context, 1, &source, NULL, &native);
  if (native != CL_SUCCESS) return apo_fault_fail(err, native, "clCreateProgramWithSource");
  native = clBuildProgram(program, 1, &device->id, options, NULL, NULL);
  if (native != CL_SUCCESS) {
    const apo_status status = fail_build(device, program, stage, options, native, err);
    clReleaseProgram(program);
    return status;
  }
  *out = program;
  return APO_OK;
}

static bool build_binary(const apo_opencl_device *device,
                         const char *options,
                         const uint8_t *binary,
                         size_t n_bytes,
                         cl_program *out) {
  cl_int native = CL_SUCCESS;
  cl_int of_binary = CL_SUCCESS;
  cl_program program = clCreateProgramWithBinary(device->context, 1, &device->id, &n_bytes, &binary,
                                                 &of_binary, &native);
  if (native != CL_SUCCESS) return false;
  if (of_binary == CL_SUCCESS &&
      clBuildProgram(program, 1, &device->id, options, NULL, NULL) == CL_SUCCESS) {
    *out = program;
    return true;
  }
  clReleaseProgram(program);
  return false;
}

/* --- the cache -------------------------------------------------------------------------------- */

static apo_status add_text(apo_digest *digest, const char *text, apo_error *err) {
  return apo_digest_add(digest, text, strlen(text) + 1, err);  // the NUL keeps texts apart
}

static apo_status add_program(apo_digest *digest,
                              const apo_device_record *record,
                              const apo_stage *stage,
                              const char *options,
                              apo_error *err) {
  const char *const texts[] = {stage->source,
                               options,
                               record->caps.platform,
                               record->platform_vendor,
                               record->platform_version,
                               record->caps.name,
                               record->vendor,
                               record->version,
                               record->caps.driver,
                               APO_VERSION};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; ++i) {
    APO_TRY(add_text(digest, texts[i], err));
  }
  APO_TRY(apo_digest_add_u64(digest, sizeof(void *), err));
  return apo_digest_add_u64(digest, CACHE_KEY_VERSION, err);
}

static apo_status make_key(const apo_device_record *record,
                           const apo_stage *stage,
                           const char *options,
                           uint8_t key[APO_CACHE_KEY_BYTES]) {
  apo_digest digest = {0};
  apo_status status = apo_digest_start(&digest, NULL);
  if (status == APO_OK) status = add_program(&digest, record, stage, options, NULL);
  if (status == APO_OK) status = apo_digest_finish(&digest, key, NULL);
  apo_digest_stop(&digest);
  return status;
}

// Storing is best effort: a full disk makes the next start slower, and nothing else.
static void store(const apo_opencl_device *device, cl_program program, const uint8_t *key) {
  size_t n_bytes = 0;
  if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof n_bytes, &n_bytes, NULL) !=
          CL_SUCCESS ||
      n_bytes == 0) {
    return;
  }
  unsigned char *binary = apo_alloc(n_bytes, 1);
  if (binary == NULL) return;
  if (clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof binary, &binary, NULL) == CL_SUCCESS) {
    const apo_status status = apo_program_cache_put(device->cache, key, binary, n_bytes, NULL);
    (void)status;
  }
  free(binary);
}

static apo_status build(const apo_opencl_device *device,
                        const apo_stage *stage,
                        const apo_i32 *spec,
                        cl_program *out,
                        apo_error *err) {
  char options[APO_MAX_OPTIONS_BYTES];
  uint8_t key[APO_CACHE_KEY_BYTES];
  APO_TRY(apo_program_options(stage, spec, options, err));
  const bool has_key =
      device->cache != NULL && make_key(&device->record, stage, options, key) == APO_OK;
  uint8_t *binary = NULL;
  size_t n_bytes = 0;
  if (has_key && apo_program_cache_find(device->cache, key, &binary, &n_bytes)) {
    const bool built = build_binary(device, options, binary, n_bytes, out);
    free(binary);
    if (built) return APO_OK;
    apo_program_cache_drop(device->cache, key);
  }
  APO_TRY(build_source(device, stage, options, out, err));
  if (has_key) store(device, *out, key);
  return APO_OK;
}

/* --- the table -------------------------------------------------------------------------------- */

static bool is_same(const apo_built_program *built, const apo_stage *stage, const apo_i32 *spec) {
  return built->stage == stage && memcmp(built->spec, spec, stage->n_params * sizeof spec[0]) == 0;
}

static apo_status make_room(apo_opencl_device *device, apo_error *err) {
  if (device->n_programs < device->n_room) return APO_OK;
  const uint32_t n_room = device->n_room > 0 ? 2 * device->n_room : FIRST_ROOM;
  apo_built_program *grown = apo_resize(device->programs, n_room, sizeof *grown);
  if (grown == NULL) return apo_fail(err, APO_ERR_MEMORY, "programs: no memory for %u", n_room);
  device->programs = grown;
  device->n_room = n_room;
  return APO_OK;
}

apo_status apo_program_get(apo_opencl_device *device,
                           const apo_stage *stage,
                           const apo_i32 *spec,
                           cl_program *out,
                           apo_error *err) {
  for (uint32_t i = 0; i < device->n_programs; ++i) {
    if (!is_same(&device->programs[i], stage, spec)) continue;
    *out = device->programs[i].program;
    return APO_OK;
  }
  APO_TRY(make_room(device, err));
  cl_program program = NULL;
  APO_TRY(build(device, stage, spec, &program, err));
  apo_built_program *built = &device->programs[device->n_programs++];
  *built = (apo_built_program){.stage = stage, .program = program};
  memcpy(built->spec, spec, stage->n_params * sizeof spec[0]);
  // The check gets the program from the table, where it is by now, and builds none.
  const apo_status status =
      device->check != NULL ? device->check(device, stage, spec, err) : APO_OK;
  if (status != APO_OK) {
    clReleaseProgram(device->programs[--device->n_programs].program);
    return status;
  }
  *out = program;
  return APO_OK;
}

void apo_programs_clear(apo_opencl_device *device) {
  for (uint32_t i = 0; i < device->n_programs; ++i) clReleaseProgram(device->programs[i].program);
  device->n_programs = 0;
}
