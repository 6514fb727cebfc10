/* case_long_pairs.c - leaves of one to seventy players and backgrounds of few and many patterns. */
#include <string.h>

#include "engine/exec/spec_line.h"
#include "kernels/long_pairs/long_pairs_abi.h"
#include "tests/kernel/case_long.h"

enum { LEAF, TEST, PLAYER, PATTERN, WEIGHT, WEIGHT_BEGIN, MOMENT, VALUE, CODE, PHI, SHARE };

void case_long_pairs(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out);

// Patterns that hold most players, so that many meet a row; the first holds all, the second none.
static void put_patterns(uint64_t *state,
                         const case_long *of,
                         apo_long_leaf *leaf,
                         kernel_case *out) {
  uint32_t n_words = 0;
  uint32_t n_weights = 0;
  uint32_t *begin = kernel_buffer_set(out, WEIGHT_BEGIN, of->n_leaves * sizeof *begin);
  for (uint32_t l = 0; l < of->n_leaves; ++l) {
    leaf[l].pattern_begin = n_words;
    leaf[l].n_patterns = l == 1 ? 2 : 3 + kernel_random_below(state, 40);
    begin[l] = n_weights;
    n_words += leaf[l].n_patterns * APO_PATTERN_WORDS(leaf[l].n_players);
    n_weights += leaf[l].n_patterns;
  }
  uint32_t *pattern = kernel_buffer_set(out, PATTERN, n_words * sizeof *pattern);
  int32_t *weight = kernel_buffer_set(out, WEIGHT, n_weights * sizeof *weight);
  for (uint32_t l = 0; l < of->n_leaves; ++l) {
    for (uint32_t k = 0; k < leaf[l].n_patterns; ++k) {
      *weight++ = (int32_t)kernel_random_below(state, 4000) - 1000;
      for (uint32_t i = 0; i < leaf[l].n_players; ++i) {
        const uint32_t pass = k < 2 ? 1 - k : kernel_random_below(state, 12) != 0;
        pattern[i / 32] |= pass << (i % 32);
      }
      pattern += APO_PATTERN_WORDS(leaf[l].n_players);
    }
  }
}

void case_long_pairs(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out) {
  uint64_t state = seed;
  const bool with_pairs = apo_spec_value(stage, spec, "APO_PAIRS", 0) != 0;
  const uint32_t rows = (uint32_t)apo_spec_value(stage, spec, "APO_ROWS", 1) *
                        (uint32_t)apo_spec_value(stage, spec, "APO_GROUP", 1);
  const case_long of = case_long_create(stage, spec, rows, is_small);
  const apo_long_pairs_args args = {.n_rows = of.n_rows,
                                    .stride = of.stride,
                                    .n_players = of.n_players,
                                    .n_outputs = CASE_LONG_OUTPUTS,
                                    .leaf_begin = 1,
                                    .leaf_end = of.n_leaves,
                                    .n_moments = of.longest + 1};
  memcpy(out->args.bytes, &args, sizeof args);
  const case_long_places at = {LEAF, TEST, PLAYER, VALUE, CODE, PHI};
  apo_long_leaf *leaf = case_long_buffers(&of, stage, spec, &state, &at, out);
  put_patterns(&state, &of, leaf, out);
  // Any numbers serve; these stay small enough for sums of all patterns.
  const size_t n_moments = (size_t)args.n_moments * args.n_moments;
  uint64_t *moment = kernel_buffer_set(out, MOMENT, n_moments * sizeof *moment);
  for (size_t i = 0; i < n_moments; ++i) moment[i] = kernel_random(&state) >> 20;
  kernel_output_set(
      out, SHARE,
      (size_t)of.n_rows * APO_LONG_PAIRS_SCRATCH((size_t)of.longest, with_pairs) * sizeof(int64_t),
      KERNEL_SCRATCH);
}
