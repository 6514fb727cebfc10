#include "tests/kernel/kernel_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The table.  A new stage adds its name here and touches nothing else.
#define CASES(X)        \
  X(row_codes)          \
  X(forest_margin)      \
  X(coalition_mean)     \
  X(linear_mean)        \
  X(mean_fold)          \
  X(donor_margin)       \
  X(linear_terms)       \
  X(synth_rows)         \
  X(permutation_orders) \
  X(column_codes)       \
  X(pattern_counts)     \
  X(leaf_vectors)       \
  X(group_table)        \
  X(table_add)          \
  X(leaf_add)           \
  X(leaf_pairs)         \
  X(long_pairs)         \
  X(long_path)          \
  X(tree_path)

#define DECLARE(name)                                                                         \
  void case_##name(const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, \
                   kernel_case *out);
CASES(DECLARE)

#define ENTRY(name) {#name, case_##name},
static const kernel_case_maker makers[] = {CASES(ENTRY)};

const kernel_case_maker *kernel_case_find(const char *stage) {
  for (size_t i = 0; i < sizeof makers / sizeof makers[0]; ++i) {
    if (strcmp(makers[i].stage, stage) == 0) return &makers[i];
  }
  return NULL;
}

void *kernel_buffer_set(kernel_case *of, size_t buffer, size_t n_bytes) {
  void *content = buffer < APO_MAX_STAGE_BUFFERS ? calloc(n_bytes > 0 ? n_bytes : 1, 1) : NULL;
  if (content == NULL) {
    fprintf(stderr, "kernel_case: no memory for buffer %zu of %zu bytes\n", buffer, n_bytes);
    exit(1);
  }
  of->buffers[buffer] = (kernel_buffer){.content = content, .n_bytes = n_bytes};
  return content;
}

void *kernel_output_set(kernel_case *of, size_t buffer, size_t n_bytes, kernel_element element) {
  void *content = kernel_buffer_set(of, buffer, n_bytes);
  of->buffers[buffer].is_output = true;
  of->buffers[buffer].element = element;
  return content;
}

void kernel_case_clear(kernel_case *of) {
  for (size_t i = 0; i < APO_MAX_STAGE_BUFFERS; ++i) free(of->buffers[i].content);
  memset(of, 0, sizeof *of);
}

uint64_t kernel_random(uint64_t *state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

uint32_t kernel_random_below(uint64_t *state, uint32_t limit) {
  return (uint32_t)(((kernel_random(state) >> 32) * limit) >> 32);
}

float kernel_random_finite(uint64_t *state) {
  return (float)(int32_t)(kernel_random(state) >> 40) * 0x1p-20f - 8.0f;
}

float kernel_random_value(uint64_t *state) {
  static const float edges[] = {0.0f, -0.0f, 3e38f, -3e38f, INFINITY, -INFINITY, NAN, NAN};
  const uint64_t r = kernel_random(state);
  if (r % 16 == 0) return edges[r / 16 % (sizeof edges / sizeof edges[0])];
  return kernel_random_finite(state);
}
