#include "kernels/leaf_groups_ref.h"
#include "kernels/leaf_pairs/leaf_pairs_abi.h"
#include "kernels/stage.h"

extern const char apo_source_leaf_pairs[];
extern const char apo_specs_leaf_pairs[];

enum { CODE_BYTES, GROUP, N_PARAMS };
static const char *const params[N_PARAMS] = {"APO_CODE_BYTES", "APO_GROUP"};
enum { GROUPS, LEAF, PLAYER, TEST, SLOT, VALUE, MEETING, B_CODE, B_COUNT, CODE, PHI, N_BUFFERS };

static apo_u32 size_of(apo_u32 set) {
  apo_u32 size = 0;
  for (; set != 0; set &= set - 1) ++size;
  return size;
}

// What a background row adds to the shares of a leaf.
static void meet(const apo_u64 *meeting,
                 apo_u32 n_players,
                 apo_u32 row_fails,
                 apo_u32 b_fails,
                 apo_u64 count,
                 apo_u64 *share) {
  const apo_u32 a = size_of(b_fails);
  const apo_u32 q = size_of(row_fails);
  if ((row_fails & b_fails) != 0) return;
  for (apo_u32 i = 0; i < n_players; ++i) {
    if ((b_fails >> i & 1) != 0) share[i] += count * meeting[APO_MEETING(n_players, a - 1, q + 1)];
    if ((row_fails >> i & 1) != 0) share[i] -= count * meeting[APO_MEETING(n_players, a, q)];
  }
}

// One leaf and one row, whose index is `index`; `b_index` are those of the background.
static void add_leaf(void *const *buffers,
                     const apo_leaf_pairs_args *args,
                     const apo_leaf_group *group,
                     const apo_group_leaf *leaf,
                     apo_u32 index,
                     const apo_u32 *b_index,
                     int64_t *phi) {
  const apo_group_player *player = (const apo_group_player *)buffers[PLAYER] + leaf->player_begin;
  const apo_i32 *value = (const apo_i32 *)buffers[VALUE] + leaf->value_begin;
  const apo_u32 *slot = (const apo_u32 *)buffers[SLOT] + group->slot_begin;
  const apo_u32 all = (1u << leaf->n_players) - 1;
  const apo_u32 row_fails = all & ~apo_leaf_pattern_of(leaf, buffers[PLAYER], index);
  apo_u64 share[APO_LEAF_PLAYERS] = {0};
  for (apo_u32 b = 0; b < args->n_background; ++b) {
    const apo_u32 b_fails = all & ~apo_leaf_pattern_of(leaf, buffers[PLAYER], b_index[b]);
    const apo_u64 count = (apo_u64)((const apo_i32 *)buffers[B_COUNT])[b];
    meet(buffers[MEETING], leaf->n_players, row_fails, b_fails, count, share);
  }
  for (apo_u32 k = 0; k < group->n_outputs; ++k) {
    for (apo_u32 i = 0; i < leaf->n_players; ++i) {
      phi[(size_t)slot[k * group->n_players + player[i].player] * args->stride] +=
          APO_LEAF_SHARE(value[k], share[i], int64_t);
    }
  }
}

static void reference(const apo_i32 *spec, const void *args_bytes, void *const *buffers) {
  const apo_leaf_pairs_args *args = args_bytes;
  const apo_i32 code_bytes = spec[CODE_BYTES];
  apo_u32 b_index[APO_LEAF_PAIRS_BACKGROUND];
  for (apo_u32 g = args->group_begin; g < args->group_end; ++g) {
    const apo_leaf_group *group = (const apo_leaf_group *)buffers[GROUPS] + g;
    for (apo_u32 b = 0; b < args->n_background; ++b) {
      b_index[b] =
          apo_group_index_of(group, buffers[TEST], buffers[B_CODE], code_bytes, args->b_stride, b);
    }
    for (size_t row = 0; row < args->n_rows; ++row) {
      const apo_u32 index =
          apo_group_index_of(group, buffers[TEST], buffers[CODE], code_bytes, args->stride, row);
      for (apo_u32 l = 0; l < group->n_leaves; ++l) {
        add_leaf(buffers, args, group,
                 (const apo_group_leaf *)buffers[LEAF] + group->leaf_begin + l, index, b_index,
                 (int64_t *)buffers[PHI] + row);
      }
    }
  }
}

const apo_stage apo_stage_leaf_pairs = {
    .name = "leaf_pairs",
    .source = apo_source_leaf_pairs,
    .specs = apo_specs_leaf_pairs,
    .params = params,
    .n_params = N_PARAMS,
    .args_bytes = sizeof(apo_leaf_pairs_args),
    .n_buffers = N_BUFFERS,
    .max_ulps = 0,  // integers
    .reference = reference,
};
