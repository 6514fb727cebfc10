/* leaf_add.cl - few rows through leaves, without tables.
 *
 *   phi[slot][row] += sum over leaves of round(leaf value * share of the slot's players)
 *
 * The same integers as table_add, straight from the vectors of the leaves.
 *
 * Item:    CPU a row; GPU a work-group is a row, items take every 64th group.
 * Launch:  global {n_rows * APO_GROUP}, local {APO_GROUP}
 * Buffers: group  [n_groups]        in
 *          leaf   [n_leaves]        in
 *          player [n_group_players] in
 *          test   [n_tests]         in
 *          slot   [n_slot_words]    in
 *          value  [n_values]        in
 *          vector [of the chunk]    in, uint64
 *          code   [columns x stride]  in
 *          phi    [n_slots x stride]  in and out, int64; the last slot is neither read nor written
 * Params:  APO_CODE_BYTES  2 or 4, as column_codes
 *          APO_PAIRS       1 when columns of pairs follow those of players
 *          APO_GROUP       1   CPU: sums of a row in private memory, so that rows of two cores do
 *                              not share cache lines
 *                          64  GPU: sums in local memory
 * Cost:    per row and group n_bits tests; per leaf D players (pairs: D^2 / 2) of one product each.
 */
#include "kernels/leaf_add/leaf_add_abi.h"

#if !defined(APO_CODE_BYTES) || !defined(APO_PAIRS) || !defined(APO_GROUP)
  #error "leaf_add: the plan must set APO_CODE_BYTES, APO_PAIRS and APO_GROUP"
#endif

#include "kernels/leaf_groups.clh"
#include "kernels/leaf_sums.clh"

// All parts of one leaf.
inline void add_leaf(__global const apo_leaf_group *restrict group,
                     apo_group_leaf leaf,
                     __global const apo_group_player *restrict player,
                     __global const int *restrict value,
                     __global const ulong *restrict vector,
                     __global const uint *restrict slots,
                     uint index,
                     const apo_sums *to) {
  const uint n_players = group->n_players;
  const uint n_outputs = group->n_outputs;
  const size_t n = (size_t)1 << leaf.n_players;
  const uint c = apo_leaf_pattern(player, leaf.n_players, index);
  for (uint i = 0; i < leaf.n_players; ++i) {
    const uint q = player[i].player;
    const long share = apo_player_share(vector, n, c, 1u << i);
    for (uint k = 0; share != 0 && k < n_outputs; ++k) {
      add_sum(to, slots[k * n_players + q], APO_LEAF_SHARE(value[k], share, long));
    }
#if APO_PAIRS
    const uint n_pairs = n_players * (n_players - 1) / 2;
    __global const uint *restrict pair_slots = slots + n_outputs * n_players;
    for (uint j = i + 1; j < leaf.n_players; ++j) {
      const uint other = player[j].player;
      const uint low = min(q, other);
      const uint pair = APO_PAIR(n_players, low, max(q, other));
      const long of_pair = apo_pair_share(vector + 2 * n, n, c, 1u << i, 1u << j);
      for (uint k = 0; of_pair != 0 && k < n_outputs; ++k) {
        add_sum(to, pair_slots[k * n_pairs + pair], APO_LEAF_SHARE(value[k], of_pair, long));
      }
    }
#endif
  }
}

__kernel __attribute__((reqd_work_group_size(APO_GROUP, 1, 1))) void leaf_add(
    const apo_leaf_add_args args,
    __global const apo_leaf_group *restrict group,
    __global const apo_group_leaf *restrict leaf,
    __global const apo_group_player *restrict player,
    __global const apo_pattern_test *restrict test,
    __global const uint *restrict slot,
    __global const int *restrict value,
    __global const ulong *restrict vector,
    __global const apo_code *restrict code,
    __global long *restrict phi) {
  const size_t row = get_group_id(0);
  const uint n_own = args.n_slots - 1;  // without the spare
  const bool is_own = n_own <= OWN_SLOTS;
#if APO_GROUP == 1
  long own[OWN_SLOTS];
  const apo_sums to = {own, phi + row, args.stride, is_own};
  for (uint k = 0; is_own && k < n_own; ++k) own[k] = 0;
#else
  __local uint own[2 * OWN_SLOTS];
  const apo_sums to = {own, (volatile __global uint *)(phi + row), args.stride, is_own};
  for (uint k = get_local_id(0); k < 2 * OWN_SLOTS; k += APO_GROUP) own[k] = 0;
  barrier(CLK_LOCAL_MEM_FENCE);
#endif
  for (uint g = args.group_begin + get_local_id(0); g < args.group_end; g += APO_GROUP) {
    __global const apo_leaf_group *of = group + g;
    const uint index = apo_group_index(of, test, code + row, args.stride);
    for (uint l = of->leaf_begin; l < of->leaf_begin + of->n_leaves; ++l) {
      const apo_group_leaf a = leaf[l];
      add_leaf(of, a, player + a.player_begin, value + a.value_begin, vector + a.vector_begin,
               slot + of->slot_begin, index, &to);
    }
  }
#if APO_GROUP == 1
  for (uint k = 0; is_own && k < n_own; ++k) phi[(size_t)k * args.stride + row] += own[k];
#else
  barrier(CLK_LOCAL_MEM_FENCE);
  for (uint k = get_local_id(0); is_own && k < n_own; k += APO_GROUP) {
    const ulong sum = ((ulong)own[OWN_SLOTS + k] << 32) | own[k];
    phi[(size_t)k * args.stride + row] += (long)sum;
  }
#endif
}
