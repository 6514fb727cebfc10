/* self_test_case.c - the table of known answers. */
#include "host/opencl/self_test_case.h"

#include <math.h>
#include <string.h>

/* --- arithmetic: what every stage stands on --------------------------------------------------- */

enum { N_OPERATIONS = 4, N_PAIRS = 128 };

// A stage like the others, but of no plan, so its source stands here.
static const char arithmetic_source[] =
    "#pragma OPENCL FP_CONTRACT OFF\n"
    "typedef struct { uint n; } args_of;\n"
    "__kernel void self_arithmetic(const args_of args, __global const float *restrict a,\n"
    "                              __global const float *restrict b,\n"
    "                              __global float *restrict out) {\n"
    "  const size_t i = get_global_id(0);\n"
    "  out[4 * i] = a[i] + b[i];\n"
    "  out[4 * i + 1] = a[i] - b[i];\n"
    "  out[4 * i + 2] = a[i] * b[i];\n"
    "  out[4 * i + 3] = fma(a[i], b[i], a[i]);\n"
    "}\n";

// The case keeps floats as words, so they are moved by their bytes.
static float float_at(const void *from, size_t i) {
  float value;
  memcpy(&value, (const unsigned char *)from + i * sizeof value, sizeof value);
  return value;
}

static void arithmetic(const apo_i32 *spec, const void *args, void *const *buffers) {
  (void)spec;
  const apo_u32 n = *(const apo_u32 *)args;
  for (apo_u32 i = 0; i < n; ++i) {
    const float a = float_at(buffers[0], i);
    const float b = float_at(buffers[1], i);
    const float answers[N_OPERATIONS] = {a + b, a - b, a * b, fmaf(a, b, a)};
    memcpy((unsigned char *)buffers[2] + i * sizeof answers, answers, sizeof answers);
  }
}

const apo_stage apo_self_arithmetic = {
    .name = "self_arithmetic",
    .source = arithmetic_source,
    .specs = "",
    .n_params = 0,
    .args_bytes = sizeof(apo_u32),
    .n_buffers = 3,
    .max_ulps = 0,
    .reference = arithmetic,
};

static apo_u32 next_word(apo_u32 *state) {  // xorshift32
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

// The first pairs are the edges with each other, the rest have ordinary exponents.
static bool make_arithmetic(const apo_caps *caps, apo_self_test_case *out) {
  static const apo_u32 edges[] = {
      0x00000000u, 0x80000000u, 0x3f800000u, 0x7f800000u, 0xff800000u,  // 0, -0, 1, both infinities
      0x7fc00000u, 0x7f7fffffu, 0x00800000u, 0x00000001u,               // NaN, greatest, least
  };
  enum { N_EDGES = sizeof edges / sizeof edges[0] };
  (void)caps;
  apo_u32 state = 0x5eedu;
  for (apo_u32 i = 0; i < N_PAIRS; ++i) {
    const bool is_edge = i < N_EDGES * N_EDGES;
    for (int side = 0; side < 2; ++side) {
      const apo_u32 word = next_word(&state);
      const apo_u32 ordinary = (word & 0x807fffffu) | ((112 + (word >> 23) % 32) << 23);
      out->buffers[side].words[i] = !is_edge    ? ordinary
                                    : side == 0 ? edges[i / N_EDGES]
                                                : edges[i % N_EDGES];
    }
  }
  out->stage = &apo_self_arithmetic;
  out->args[0] = N_PAIRS;
  out->buffers[0].n_bytes = out->buffers[1].n_bytes = N_PAIRS * sizeof(apo_u32);
  out->buffers[2].n_bytes = (size_t)N_OPERATIONS * N_PAIRS * sizeof(apo_u32);
  out->buffers[2].is_output = out->buffers[2].is_float = true;
  out->n_items = N_PAIRS;
  out->group = 1;
  return true;
}

static apo_u32 flushed(apo_u32 bits) {
  return (bits & 0x7f800000u) == 0 ? bits & 0x80000000u : bits;
}

// The answers are recomputed with the operands, the result, or both flushed.
bool apo_self_arithmetic_flushed(const apo_self_test_case *known, size_t word, apo_u32 got) {
  const apo_u32 operands[] = {known->buffers[0].words[word / N_OPERATIONS],
                              known->buffers[1].words[word / N_OPERATIONS]};
  for (int flush_in = 0; flush_in < 2; ++flush_in) {
    const apo_u32 n = 1;
    apo_u32 a = flush_in ? flushed(operands[0]) : operands[0];
    apo_u32 b = flush_in ? flushed(operands[1]) : operands[1];
    apo_u32 answers[N_OPERATIONS];
    arithmetic(NULL, &n, (void *const[]){&a, &b, answers});
    const apo_u32 answer = answers[word % N_OPERATIONS];
    // The sign of a zero that was flushed is the driver's choice.
    const bool is_zero = (flushed(answer) & 0x7fffffffu) == 0;
    if (answer == got || (is_zero && (got & 0x7fffffffu) == 0)) return true;
  }
  return false;
}

/* --- a sum of a work-group: local memory and barriers ----------------------------------------- */

enum { SUM_GROUP = 64, SUM_GROUPS = 4 };

static const char sum_source[] =
    "typedef struct { uint n; } args_of;\n"
    "__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void self_sum(\n"
    "    const args_of args, __global const uint *restrict in, __global uint *restrict out) {\n"
    "  __local uint shared[64];\n"
    "  const uint lane = get_local_id(0);\n"
    "  shared[lane] = in[get_global_id(0)];\n"
    "  for (uint half_n = 32; half_n > 0; half_n >>= 1) {\n"
    "    barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    if (lane < half_n) shared[lane] += shared[lane + half_n];\n"
    "  }\n"
    "  if (lane == 0) out[get_group_id(0)] = shared[0];\n"
    "}\n";

static void sum(const apo_i32 *spec, const void *args, void *const *buffers) {
  (void)spec;
  const apo_u32 n = *(const apo_u32 *)args;
  const apo_u32 *in = buffers[0];
  apo_u32 *out = buffers[1];
  memset(out, 0, n / SUM_GROUP * sizeof out[0]);
  for (apo_u32 i = 0; i < n; ++i) out[i / SUM_GROUP] += in[i];
}

static const apo_stage self_sum = {
    .name = "self_sum",
    .source = sum_source,
    .specs = "",
    .n_params = 0,
    .args_bytes = sizeof(apo_u32),
    .n_buffers = 2,
    .max_ulps = 0,
    .reference = sum,
};

static bool make_sum(const apo_caps *caps, apo_self_test_case *out) {
  apo_u32 state = 0x5eedu;
  if (caps->max_group < SUM_GROUP || caps->is_cpu) return false;  // CPU shapes have no groups
  for (apo_u32 i = 0; i < SUM_GROUP * SUM_GROUPS; ++i) out->buffers[0].words[i] = next_word(&state);
  out->stage = &self_sum;
  out->args[0] = SUM_GROUP * SUM_GROUPS;
  out->buffers[0].n_bytes = (size_t)SUM_GROUP * SUM_GROUPS * sizeof(apo_u32);
  out->buffers[1].n_bytes = SUM_GROUPS * sizeof(apo_u32);
  out->buffers[1].is_output = true;
  out->n_items = (size_t)SUM_GROUP * SUM_GROUPS;
  out->group = SUM_GROUP;
  return true;
}

const apo_self_test_maker apo_self_test_makers[] = {make_arithmetic, make_sum, NULL};
