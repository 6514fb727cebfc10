#include <stddef.h>

#include "kernels/leaf_groups_ref.h"
#include "kernels/leaf_vectors/leaf_vectors_abi.h"
#include "kernels/stage.h"

extern const char apo_source_leaf_vectors[];
extern const char apo_specs_leaf_vectors[];

enum { GAME, PAIRS, GROUP, N_PARAMS };
static const char *const params[N_PARAMS] = {"APO_GAME", "APO_PAIRS", "APO_GROUP"};

static apo_u32 size_of(apo_u32 set) {
  apo_u32 size = 0;
  for (; set != 0; set &= set - 1) ++size;
  return size;
}

// The high half of a product of 64 bits.
static apo_u64 mul_hi(apo_u64 a, apo_u64 b) {
  const apo_u64 a_low = a & 0xffffffffu, a_high = a >> 32;
  const apo_u64 b_low = b & 0xffffffffu, b_high = b >> 32;
  const apo_u64 middle = a_high * b_low + (a_low * b_low >> 32);
  const apo_u64 rest = a_low * b_high + (middle & 0xffffffffu);
  return a_high * b_high + (middle >> 32) + (rest >> 32);
}

// h[F]: counts of the indices that fail exactly the players F.
static void add_counts(const apo_leaf_group *group,
                       const apo_group_leaf *leaf,
                       const apo_group_player *player,
                       const apo_i32 *count,
                       apo_u64 *h) {
  const apo_u32 n = (apo_u32)1 << leaf->n_players;
  for (apo_u32 fails = 0; fails < n; ++fails) h[fails] = 0;
  for (apo_u32 index = 0; index >> group->n_bits == 0; ++index) {
    const apo_u32 fails = n - 1 - apo_leaf_pattern_of(leaf, player, index);
    h[fails] += (apo_u64)count[index];
  }
}

// g(present) of a background: whatever fails no other player.  `g` holds h; sets that are inside
// others are read after them, so each is still there.
static void sum_counts(const apo_group_leaf *leaf, apo_u64 *g) {
  for (apo_u32 present = (apo_u32)1 << leaf->n_players; present-- > 0;) {
    apo_u64 sum = g[0];
    for (apo_u32 fails = present; fails != 0; fails = (fails - 1) & present) sum += g[fails];
    g[present] = sum;
  }
  for (apo_u32 set = 0; set >> leaf->n_players == 0; ++set) {
    g[set] = (apo_u64)(int64_t)(apo_i32)(apo_u32)g[set];
  }
}

// g(present) of covers: the ratios of the others.
static void multiply_ratios(const apo_group_leaf *leaf, const apo_u64 *ratio, apo_u64 *g) {
  for (apo_u32 present = 0; present >> leaf->n_players == 0; ++present) {
    apo_u64 product = (apo_u64)1 << 62;
    for (apo_u32 p = 0; p < leaf->n_players; ++p) {
      if ((present >> p & 1) == 0) product = mul_hi(product, ratio[p]) << 2;
    }
    g[present] = (product + ((apo_u64)1 << 33)) >> 34;
  }
}

// z_j of one order from g; they may be the same array, for the reason above.
static void weigh(const apo_group_leaf *leaf,
                  const apo_u64 *weight,
                  apo_u32 order,
                  apo_u32 j,
                  const apo_u64 *g,
                  apo_u64 *z) {
  for (apo_u32 pattern = (apo_u32)1 << leaf->n_players; pattern-- > 0;) {
    apo_u64 sum = 0;
    for (apo_u32 set = pattern, is_first = 1; is_first != 0 || set != pattern;
         set = (set - 1) & pattern, is_first = 0) {
      const apo_u32 size = size_of(set);
      if (size < j) continue;
      sum += weight[APO_WEIGHT(order, leaf->n_players, size - j)] * g[set];
    }
    z[pattern] = sum;
  }
}

static void reference(const apo_i32 *spec, const void *args_bytes, void *const *buffers) {
  const apo_leaf_vectors_args *args = args_bytes;
  const apo_group_leaf *leaves = buffers[1];
  const apo_group_player *players = buffers[2];
  const apo_i32 *counts = buffers[3];
  const apo_u64 *ratios = buffers[4];
  const apo_u32 n_vectors = spec[PAIRS] != 0 ? 5 : 2;

  for (apo_u32 g = args->group_begin; g < args->group_end; ++g) {
    const apo_leaf_group *group = (const apo_leaf_group *)buffers[0] + g;
    for (apo_u32 l = 0; l < group->n_leaves; ++l) {
      const apo_group_leaf *leaf = &leaves[group->leaf_begin + l];
      const size_t n = (size_t)1 << leaf->n_players;
      apo_u64 *vector = (apo_u64 *)buffers[6] + leaf->vector_begin;
      apo_u64 *share = vector + (n_vectors - 1) * n;  // until the last vector gets its z
      if (spec[GAME] == 0) {
        add_counts(group, leaf, players, counts + group->count_begin, share);
        sum_counts(leaf, share);
      } else {
        multiply_ratios(leaf, ratios + leaf->player_begin, share);
      }
      for (apo_u32 v = 0; v < n_vectors; ++v) {
        weigh(leaf, buffers[5], v < 2 ? 1 : 2, v < 2 ? v : v - 2, share, vector + v * n);
      }
    }
  }
}

const apo_stage apo_stage_leaf_vectors = {
    .name = "leaf_vectors",
    .source = apo_source_leaf_vectors,
    .specs = apo_specs_leaf_vectors,
    .params = params,
    .n_params = N_PARAMS,
    .args_bytes = sizeof(apo_leaf_vectors_args),
    .n_buffers = 7,
    .max_ulps = 0,  // integers
    .reference = reference,
};
