/* case_leaf_vectors.c - leaves of one to many players, with bits that no player of theirs has. */
#include <string.h>

#include "engine/exec/spec_line.h"
#include "kernels/leaf_vectors/leaf_vectors_abi.h"
#include "tests/kernel/kernel_case.h"

enum { GROUP, LEAF, PLAYER, COUNT, RATIO, WEIGHT, VECTOR };
enum { N_GROUPS = 12, MAX_GROUP_LEAVES = 5, MAX_LEAVES = N_GROUPS * MAX_GROUP_LEAVES };

typedef struct shape {
  uint32_t n_bits;
  uint32_t n_players; /* of the group's longest leaf */
} shape;

void case_leaf_vectors(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out);

// Bits in a random order: the first is for player 0 and so on, then some more for anybody.
static void share_bits(uint64_t *state, uint32_t n_bits, uint32_t n_players, apo_group_player *to) {
  uint32_t order[APO_LEAF_PLAYERS];
  for (uint32_t i = 0; i < n_bits; ++i) {
    const uint32_t at = kernel_random_below(state, i + 1);
    order[i] = order[at];
    order[at] = i;
  }
  const uint32_t n_shared = n_players + kernel_random_below(state, n_bits - n_players + 1);
  for (uint32_t i = 0; i < n_shared; ++i) {
    apo_group_player *player = &to[i < n_players ? i : kernel_random_below(state, n_players)];
    player->care |= (uint32_t)1 << order[i];
    player->want |= kernel_random_below(state, 2) << order[i];
  }
}

static uint64_t random_ratio(uint64_t *state) {
  const uint64_t one = (uint64_t)1 << 62;
  const uint32_t edge = kernel_random_below(state, 8);
  return edge == 0 ? 0 : edge == 1 ? one : kernel_random(state) % (one + 1);
}

void case_leaf_vectors(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out) {
  static const shape shapes[N_GROUPS] = {{1, 1}, {2, 2}, {6, 3}, {3, 3},  {4, 2},   {8, 6},
                                         {5, 4}, {7, 7}, {9, 5}, {10, 6}, {12, 10}, {16, 12}};
  uint64_t state = seed;
  const uint32_t group = (uint32_t)apo_spec_value(stage, spec, "APO_GROUP", 1);
  const uint32_t n_vectors = apo_spec_value(stage, spec, "APO_PAIRS", 0) != 0 ? 5 : 2;
  const bool has_counts = apo_spec_value(stage, spec, "APO_GAME", 0) == 0;
  const uint32_t n_groups = is_small ? 6 : N_GROUPS;
  const apo_leaf_vectors_args args = {.group_begin = 1, .group_end = n_groups};
  memcpy(out->args.bytes, &args, sizeof args);

  apo_leaf_group *groups = kernel_buffer_set(out, GROUP, n_groups * sizeof *groups);
  apo_group_leaf leaves[MAX_LEAVES];
  apo_group_player players[MAX_LEAVES * APO_LEAF_PLAYERS] = {{.care = 0}};
  uint32_t n_leaves = 0;
  uint32_t n_players = 0;
  uint32_t n_counts = 0;
  uint32_t n_words = 0;
  for (uint32_t g = 0; g < n_groups; ++g) {
    const shape *of = &shapes[g];
    groups[g] = (apo_leaf_group){.n_bits = of->n_bits,
                                 .leaf_begin = n_leaves,
                                 .n_leaves = 1 + kernel_random_below(&state, MAX_GROUP_LEAVES),
                                 .count_begin = n_counts};
    n_counts += (uint32_t)1 << of->n_bits;
    for (uint32_t l = 0; l < groups[g].n_leaves; ++l) {
      const uint32_t n = l == 0 ? of->n_players : 1 + kernel_random_below(&state, of->n_players);
      leaves[n_leaves++] =
          (apo_group_leaf){.player_begin = n_players, .n_players = n, .vector_begin = n_words};
      share_bits(&state, of->n_bits, n, players + n_players);
      n_players += n;
      n_words += n_vectors << n;
    }
  }
  memcpy(kernel_buffer_set(out, LEAF, n_leaves * sizeof leaves[0]), leaves,
         n_leaves * sizeof leaves[0]);
  memcpy(kernel_buffer_set(out, PLAYER, n_players * sizeof players[0]), players,
         n_players * sizeof players[0]);
  int32_t *count = kernel_buffer_set(out, COUNT, (has_counts ? n_counts : 1) * sizeof *count);
  for (uint32_t i = 0; has_counts && i < n_counts; ++i) {
    count[i] =
        seed % 2 == 0 ? (int32_t)kernel_random_below(&state, 50) : (int32_t)kernel_random(&state);
  }
  uint64_t *ratio = kernel_buffer_set(out, RATIO, (has_counts ? 1 : n_players) * sizeof *ratio);
  for (uint32_t i = 0; !has_counts && i < n_players; ++i) ratio[i] = random_ratio(&state);
  uint64_t *weight = kernel_buffer_set(out, WEIGHT, APO_WEIGHTS * sizeof *weight);
  for (uint32_t i = 0; i < APO_WEIGHTS; ++i) weight[i] = kernel_random(&state);
  kernel_output_set(out, VECTOR, n_words * sizeof(uint64_t), KERNEL_BYTES);
  out->n_items = (size_t)(n_groups - 1) * group;
  out->group = group;
}
