#include "kernels/long_pairs/long_pairs_abi.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "kernels/leaf_groups_ref.h"
#include "kernels/stage.h"

extern const char apo_source_long_pairs[];
extern const char apo_specs_long_pairs[];

enum { CODE_BYTES, PAIRS, GROUP, ROWS, N_PARAMS };
static const char *const params[N_PARAMS] = {"APO_CODE_BYTES", "APO_PAIRS", "APO_GROUP",
                                             "APO_ROWS"};
enum {
  LEAF,
  TEST,
  PLAYER,
  PATTERN,
  PATTERN_WEIGHT,
  WEIGHT_BEGIN,
  MOMENT,
  VALUE,
  CODE,
  PHI,
  SHARE,
  N_BUFFERS
};

static bool bit(const apo_u32 *pattern, apo_u32 player) {
  return (pattern[player / 32] >> (player % 32) & 1) != 0;
}

static void find_pattern(const apo_i32 *spec,
                         const apo_long_pairs_args *args,
                         void *const *buffers,
                         const apo_long_leaf *leaf,
                         size_t row,
                         apo_u32 *pattern) {
  apo_u32 at = leaf->test_begin;
  memset(pattern, 0, APO_PATTERN_WORDS(leaf->n_players) * sizeof *pattern);
  for (apo_u32 i = 0; i < leaf->n_players; ++i) {
    const bool pass =
        apo_row_passes(buffers[TEST], &at, buffers[CODE], spec[CODE_BYTES], args->stride, row);
    pattern[i / 32] |= (apo_u32)pass << (i % 32);
  }
}

// Shares of players, then of pairs, from one background pattern of weight n.
static void add_pattern(const apo_long_pairs_args *args,
                        apo_u32 n_players,
                        const apo_u64 *moment,
                        const apo_u32 *c,
                        const apo_u32 *b,
                        apo_u64 n,
                        bool with_pairs,
                        apo_u64 *share) {
  apo_u32 p = 0;
  apo_u32 q = 0;
  for (apo_u32 i = 0; i < n_players; ++i) {
    if (!bit(c, i) && !bit(b, i)) return;
    p += !bit(b, i);
    q += !bit(c, i);
  }
#define M(s, r) moment[(size_t)(s)*args->n_moments + (r)]
  apo_u64 *pair = share + n_players;
  for (apo_u32 i = 0; i < n_players; ++i) {
    const bool i_a = !bit(b, i);
    const bool i_n = !bit(c, i);
    if (i_a) share[i] += n * M(p - 1, q);
    if (i_n) share[i] -= n * M(p, q - 1);
    for (apo_u32 j = i + 1; with_pairs && j < n_players; ++j, ++pair) {
      const bool j_a = !bit(b, j);
      const bool j_n = !bit(c, j);
      if (i_a && j_a) *pair += n * M(p - 2, q);
      if (i_n && j_n) *pair += n * M(p, q - 2);
      if ((i_a && j_n) || (i_n && j_a)) *pair -= n * M(p - 1, q - 1);
    }
  }
#undef M
}

static void add_value(const apo_long_pairs_args *args,
                      void *const *buffers,
                      const apo_long_leaf *leaf,
                      size_t slot,
                      size_t slots_an_output,
                      size_t row,
                      apo_u64 share) {
  const apo_i32 *value = (const apo_i32 *)buffers[VALUE] + leaf->value_begin;
  int64_t *phi = buffers[PHI];
  for (apo_u32 k = 0; k < leaf->n_outputs; ++k) {
    const size_t at = slot + (leaf->first_output + k) * slots_an_output;
    phi[at * args->stride + row] += APO_LEAF_SHARE(value[k], share, int64_t);
  }
}

static void add_values(const apo_long_pairs_args *args,
                       void *const *buffers,
                       const apo_long_leaf *leaf,
                       size_t row,
                       bool with_pairs,
                       const apo_u64 *share) {
  const apo_u32 *player = (const apo_u32 *)buffers[PLAYER] + leaf->player_begin;
  const size_t n = args->n_players;
  const apo_u64 *pair = share + leaf->n_players;
  for (apo_u32 i = 0; i < leaf->n_players; ++i) {
    add_value(args, buffers, leaf, player[i], n, row, share[i]);
    for (apo_u32 j = i + 1; with_pairs && j < leaf->n_players; ++j, ++pair) {
      const size_t low = player[i] < player[j] ? player[i] : player[j];
      const size_t high = player[i] < player[j] ? player[j] : player[i];
      add_value(args, buffers, leaf, args->n_outputs * n + APO_PAIR(n, low, high), n * (n - 1) / 2,
                row, *pair);
    }
  }
}

static void reference(const apo_i32 *spec, const void *args_bytes, void *const *buffers) {
  const apo_long_pairs_args *args = args_bytes;
  const apo_long_leaf *leaves = buffers[LEAF];
  const apo_u32 *weight_begin = buffers[WEIGHT_BEGIN];
  const apo_i32 *weights = buffers[PATTERN_WEIGHT];
  const bool with_pairs = spec[PAIRS] != 0;
  const apo_u32 longest = args->n_moments - 1;
  apo_u64 *share = buffers[SHARE];
  apo_u32 *c = (apo_u32 *)(share + APO_LONG_PAIRS_SUMS(longest, with_pairs));

  for (apo_u32 l = args->leaf_begin; l < args->leaf_end; ++l) {
    const apo_long_leaf *leaf = &leaves[l];
    const apo_u32 n = leaf->n_players;
    const apo_u32 *patterns = (const apo_u32 *)buffers[PATTERN] + leaf->pattern_begin;
    const size_t n_sums = n + (with_pairs ? (size_t)n * (n - 1) / 2 : 0);
    for (size_t row = 0; row < args->n_rows; ++row) {
      find_pattern(spec, args, buffers, leaf, row, c);
      memset(share, 0, n_sums * sizeof *share);
      for (apo_u32 k = 0; k < leaf->n_patterns; ++k) {
        const apo_u64 weight = (apo_u64)(int64_t)weights[weight_begin[l] + k];
        add_pattern(args, n, buffers[MOMENT], c, patterns + (size_t)k * APO_PATTERN_WORDS(n),
                    weight, with_pairs, share);
      }
      add_values(args, buffers, leaf, row, with_pairs, share);
    }
  }
}

const apo_stage apo_stage_long_pairs = {
    .name = "long_pairs",
    .source = apo_source_long_pairs,
    .specs = apo_specs_long_pairs,
    .params = params,
    .n_params = N_PARAMS,
    .args_bytes = sizeof(apo_long_pairs_args),
    .n_buffers = N_BUFFERS,
    .max_ulps = 0,  // integers
    .reference = reference,
};
