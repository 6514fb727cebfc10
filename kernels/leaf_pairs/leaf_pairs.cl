/* leaf_pairs.cl - few rows against few background rows, leaf by leaf.
 *
 *   phi[slot][row] += sum over leaves of round(leaf value * share of the slot's players)
 *
 * The same integers as table_add without what tables and vectors cost: at a leaf whose players N the
 * row fails, only background rows that pass all of N count (leaf_pairs_abi.h).  In deep trees N has
 * many players, and a few comparisons of indices, side by side, leave no background row.
 *
 * Item:    CPU a row; GPU a work-group is a row, items take every 64th group.
 * Launch:  global {n_rows * APO_GROUP}, local {APO_GROUP}
 * Buffers: leaf_pairs_abi.h
 * Params:  APO_CODE_BYTES  2 or 4, as column_codes
 *          APO_GROUP       1   CPU: indices of 64 background rows side by side
 *                          64  GPU: shares of a leaf in local memory
 * Cost:    per row, group and background row its tests; per leaf and background row up to |N|
 *          comparisons; per background row that passes them, D of them and |A| additions.
 * Source:  two-path cubes: Laberge and Pequignot 2022, arXiv:2209.15123.
 */
#include "kernels/leaf_pairs/leaf_pairs_abi.h"

#if !defined(APO_CODE_BYTES) || !defined(APO_GROUP)
  #error "leaf_pairs: the plan must set APO_CODE_BYTES and APO_GROUP"
#endif

#include "kernels/index_block.clh"
#include "kernels/leaf_sums.clh"

#if APO_GROUP == 1
  #define SHARES       __private
  #define SHARE(to, i) (to)[i]
#else
  #define SHARES       __local
  #define SHARE(to, i) (to)[(i)*APO_GROUP]
#endif

// A leaf while a row is at it.
typedef struct leaf_visit {
  __global const apo_group_player *player;
  __global const ulong *meeting; /* of its number of players */
  uint n_players;
  uint row_fails; /* N */
  uint n_fails;   /* q */
  ulong failed;   /* the share of each player of N, negative */
} leaf_visit;

// A background row of this index, which passes all players of N.
static inline void meet(leaf_visit *v, uint index, ulong count, SHARES ulong *share) {
  uint fails = 0;
  uint n_fails = 0;
  for (uint i = 0; i < v->n_players; ++i) {
    const uint is_failed = (index & v->player[i].care) != v->player[i].want ? 1 : 0;
    fails |= is_failed << i;
    n_fails += is_failed;
  }
  v->failed += count * v->meeting[APO_MEETING(0, n_fails, v->n_fails)];
  if (n_fails == 0) return;
  const ulong part = count * v->meeting[APO_MEETING(0, n_fails - 1, v->n_fails + 1)];
  for (uint i = 0; i < v->n_players; ++i) {
    if ((fails >> i & 1) != 0) SHARE(share, i) += part;
  }
}

#if APO_GROUP == 1
// The background rows of a block that pass all players of N.
static inline void meet_block(
    leaf_visit *v, const block_index *index, __global const int *count, uint n, ulong *share) {
  #define START(k)  apo_codes pass##k = (apo_codes)(apo_code)~0u;
  #define PLAYER(k) pass##k &= AS_CODES((index->four[k] & care) == want);
  #define KEEP(k)   pass.four[k] = pass##k;
  block_index pass;
  EACH(START)
  for (uint i = 0; i < v->n_players; ++i) {
    if ((v->row_fails >> i & 1) == 0) continue;
    const apo_code care = (apo_code)v->player[i].care;
    const apo_code want = (apo_code)v->player[i].want;
    EACH(PLAYER)
    if (!any(AS_SIGNED(pass0 | pass1 | pass2 | pass3))) return;
  }
  EACH(KEEP)
  for (uint b = 0; b < n; ++b) {
    if (pass.one[b] != 0) meet(v, index->one[b], (ulong)(long)count[b], share);
  }
  #undef START
  #undef PLAYER
  #undef KEEP
}
#endif

// All background rows at one leaf; `index` are theirs on a CPU.
static inline void meet_all(leaf_visit *v,
                            const apo_leaf_pairs_args *args,
                            __global const apo_leaf_group *of,
                            __global const apo_pattern_test *test,
                            __global const apo_code *code,
                            __global const int *count,
                            const block_index *index,
                            SHARES ulong *share) {
#if APO_GROUP == 1
  for (uint b = 0; b < args->n_background; b += BLOCK) {
    const uint n = min(args->n_background - b, (uint)BLOCK);
    meet_block(v, &index[b / BLOCK], count + b, n, share);
  }
#else
  for (uint b = 0; b < args->n_background; ++b) {
    const uint at = apo_group_index(of, test, code + b, args->b_stride);
    const uint passes = apo_leaf_pattern(v->player, v->n_players, at);
    if ((v->row_fails & ~passes) == 0) meet(v, at, (ulong)(long)count[b], share);
  }
#endif
}

// The shares of a leaf's players, each times the leaf's values.
static inline void add_leaf(const leaf_visit *v,
                            __global const apo_leaf_group *of,
                            __global const int *value,
                            __global const uint *slot,
                            const apo_sums *to,
                            SHARES ulong *share) {
  for (uint i = 0; i < v->n_players; ++i) {
    const bool is_failed = (v->row_fails >> i & 1) != 0;
    const long part = (long)(is_failed ? -v->failed : SHARE(share, i));
    const uint column = v->player[i].player;
    for (uint k = 0; part != 0 && k < of->n_outputs; ++k) {
      add_sum(to, slot[k * of->n_players + column], APO_LEAF_SHARE(value[k], part, long));
    }
  }
}

__kernel __attribute__((reqd_work_group_size(APO_GROUP, 1, 1))) void leaf_pairs(
    const apo_leaf_pairs_args args,
    __global const apo_leaf_group *restrict group,
    __global const apo_group_leaf *restrict leaf,
    __global const apo_group_player *restrict player,
    __global const apo_pattern_test *restrict test,
    __global const uint *restrict slot,
    __global const int *restrict value,
    __global const ulong *restrict meeting,
    __global const apo_code *restrict b_code,
    __global const int *restrict b_count,
    __global const apo_code *restrict code,
    __global long *restrict phi) {
  const size_t row = get_group_id(0);
  const uint n_own = args.n_slots - 1;  // without the spare
  const bool is_own = n_own <= OWN_SLOTS;
#if APO_GROUP == 1
  long own[OWN_SLOTS];
  ulong share[APO_LEAF_PLAYERS];
  block_index index[APO_LEAF_PAIRS_BACKGROUND / BLOCK];
  const apo_sums to = {own, phi + row, args.stride, is_own};
  for (uint k = 0; is_own && k < n_own; ++k) own[k] = 0;
#else
  __local uint own[2 * OWN_SLOTS];
  __local ulong shares[APO_LEAF_PLAYERS * APO_GROUP];
  __local ulong *share = shares + get_local_id(0);
  const block_index *index = 0;  // found leaf by leaf
  const apo_sums to = {own, (volatile __global uint *)(phi + row), args.stride, is_own};
  for (uint k = get_local_id(0); k < 2 * OWN_SLOTS; k += APO_GROUP) own[k] = 0;
  barrier(CLK_LOCAL_MEM_FENCE);
#endif
  for (uint g = args.group_begin + get_local_id(0); g < args.group_end; g += APO_GROUP) {
    __global const apo_leaf_group *of = group + g;
    const uint row_index = apo_group_index(of, test, code + row, args.stride);
#if APO_GROUP == 1
    for (uint b = 0; b < args.n_background; b += BLOCK) {
      find_indices(of->n_bits, test + of->test_begin, b_code + b, args.b_stride, &index[b / BLOCK]);
    }
#endif
    for (uint l = of->leaf_begin; l < of->leaf_begin + of->n_leaves; ++l) {
      const apo_group_leaf a = leaf[l];
      const uint all = (1u << a.n_players) - 1;
      leaf_visit v = {.player = player + a.player_begin,
                      .meeting = meeting + APO_MEETING(a.n_players, 0, 0),
                      .n_players = a.n_players,
                      .failed = 0};
      v.row_fails = all & ~apo_leaf_pattern(v.player, a.n_players, row_index);
      v.n_fails = popcount(v.row_fails);
      for (uint i = 0; i < a.n_players; ++i) SHARE(share, i) = 0;
      meet_all(&v, &args, of, test, b_code, b_count, index, share);
      add_leaf(&v, of, value + a.value_begin, slot + of->slot_begin, &to, share);
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
