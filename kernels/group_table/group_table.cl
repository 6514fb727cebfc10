/* group_table.cl - the table of a group of leaves: an entry for each index.
 *
 *   table[index][column] = sum over leaves of round(leaf value * share of the column's players)
 *
 * A share depends on the pattern of the leaf only, so a CPU spreads the values of 2^D patterns into
 * entries once and then gathers them over the 2^n_bits indices, one octet of columns at a time.
 *
 * Item:    CPU a group; GPU a work-group is a group, items take every 64th index.
 * Launch:  global {(group_end - group_begin) * APO_GROUP}, local {APO_GROUP}
 * Buffers: group  [n_groups]        in
 *          leaf   [n_leaves]        in
 *          player [n_group_players] in
 *          value  [n_values]        in
 *          vector [of the chunk]    in, uint64: 2 (with pairs 5) vectors of 2^D a leaf
 *          table  [of the batch]    out, int32, entries of 8 * n_octets
 * Params:  APO_PAIRS  1 when columns of pairs follow those of players
 *          APO_GROUP  1 CPU, 64 GPU
 * Cost:    a leaf: 2^D D (pairs: D^2 / 2) multiplications, then 2^n_bits additions of an octet (GPU:
 *          2^n_bits D multiplications).
 */
#include "kernels/group_table/group_table_abi.h"

#if !defined(APO_PAIRS) || !defined(APO_GROUP)
  #error "group_table: the plan must set APO_PAIRS and APO_GROUP"
#endif

#include "kernels/leaf_groups.clh"

// All parts of one leaf at one index.
inline void add_leaf(__global const apo_leaf_group *restrict group,
                     apo_group_leaf leaf,
                     __global const apo_group_player *restrict player,
                     __global const int *restrict value,
                     __global const ulong *restrict vector,
                     uint index,
                     __global uint *restrict entry) {
  const uint n_players = group->n_players;
  const size_t n = (size_t)1 << leaf.n_players;
  const uint c = apo_leaf_pattern(player, leaf.n_players, index);
  for (uint i = 0; i < leaf.n_players; ++i) {
    const uint q = player[i].player;
    const long share = apo_player_share(vector, n, c, 1u << i);
    for (uint k = 0; k < group->n_outputs; ++k) {
      entry[k * n_players + q] += (uint)APO_LEAF_SHARE(value[k], share, long);
    }
#if APO_PAIRS
    const uint n_pairs = n_players * (n_players - 1) / 2;
    const uint first_pair = group->n_outputs * n_players;
    for (uint j = i + 1; j < leaf.n_players; ++j) {
      const uint other = player[j].player;
      const uint low = min(q, other);
      const uint pair = APO_PAIR(n_players, low, max(q, other));
      const long of_pair = apo_pair_share(vector + 2 * n, n, c, 1u << i, 1u << j);
      for (uint k = 0; k < group->n_outputs; ++k) {
        entry[first_pair + k * n_pairs + pair] += (uint)APO_LEAF_SHARE(value[k], of_pair, long);
      }
    }
#endif
  }
}

#if APO_GROUP == 1
  #define WORDS          8  /* of an octet */
  #define SPREAD_PLAYERS 9  /* most players of a leaf that is spread: 16 KiB */
  #define SIDE_BY_SIDE   16 /* indices */

// One column of a leaf's entries: player i, worth `value`.
inline void spread_player(
    __global const ulong *restrict z, uint n, uint i, int value, __private uint *restrict column) {
  const uint bit = 1u << i;
  for (uint h = 0; h < n / 2; ++h) {
    const uint without = ((h & ~(bit - 1)) << 1) | (h & (bit - 1));
    const uint with = without | bit;
    const long failed = (long)-z[without];
    const long passed = (long)(z[n + with] - z[n + without] - z[without]);
    column[without * WORDS] = (uint)APO_LEAF_SHARE(value, failed, long);
    column[with * WORDS] = (uint)APO_LEAF_SHARE(value, passed, long);
  }
}

  #if APO_PAIRS
inline void spread_pair(__global const ulong *restrict z,
                        uint n,
                        uint i,
                        uint j,
                        int value,
                        __private uint *restrict column) {
  for (uint c = 0; c < n; ++c) {
    const long share = apo_pair_share(z, n, c, 1u << i, 1u << j);
    column[c * WORDS] = (uint)APO_LEAF_SHARE(value, share, long);
  }
}
  #endif

// The columns of one octet that a leaf has parts in, for all its patterns.  False: there is none.
inline bool spread(__global const apo_leaf_group *restrict group,
                   apo_group_leaf leaf,
                   __global const apo_group_player *restrict player,
                   __global const int *restrict value,
                   __global const ulong *restrict vector,
                   uint octet,
                   __private uint *restrict entries) {
  const uint n_players = group->n_players;
  const uint n = 1u << leaf.n_players;
  bool has_any = false;
  for (uint c = 0; c < n; ++c) vstore8((uint8)0, c, entries);
  for (uint k = 0; k < group->n_outputs; ++k) {
    for (uint i = 0; i < leaf.n_players; ++i) {
      const uint q = player[i].player;
      const uint column = k * n_players + q;
      if (column / WORDS == octet) {
        spread_player(vector, n, i, value[k], entries + column % WORDS);
        has_any = true;
      }
  #if APO_PAIRS
      const uint n_pairs = n_players * (n_players - 1) / 2;
      const uint first = group->n_outputs * n_players + k * n_pairs;
      for (uint j = i + 1; j < leaf.n_players; ++j) {
        const uint other = player[j].player;
        const uint low = min(q, other);
        const uint at = first + APO_PAIR(n_players, low, max(q, other));
        if (at / WORDS != octet) continue;
        spread_pair(vector + 2 * (size_t)n, n, i, j, value[k], entries + at % WORDS);
        has_any = true;
      }
  #endif
    }
  }
  return has_any;
}

// Entries of patterns to entries of indices, `stride` words apart.
inline void gather(apo_group_leaf leaf,
                   __global const apo_group_player *restrict player,
                   uint n_indices,
                   __private const uint *restrict entries,
                   __global uint *restrict table,
                   size_t stride) {
  const ushort16 lane = (ushort16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  ushort pattern[SIDE_BY_SIDE];
  for (uint first = 0; first < n_indices; first += SIDE_BY_SIDE) {
    const ushort16 index = lane + (ushort)first;
    ushort16 c = 0;
    for (uint i = 0; i < leaf.n_players; ++i) {
      const ushort16 is_passed =
          as_ushort16((index & (ushort)player[i].care) == (ushort16)(ushort)player[i].want);
      c |= is_passed & (ushort)(1u << i);
    }
    vstore16(c, 0, pattern);
    const uint n = min(n_indices - first, (uint)SIDE_BY_SIDE);
    for (uint l = 0; l < n; ++l) {
      __global uint *entry = table + (first + l) * stride;
      vstore8(vload8(0, entry) + vload8(pattern[l], entries), 0, entry);
    }
  }
}
#endif

__kernel __attribute__((reqd_work_group_size(APO_GROUP, 1, 1))) void group_table(
    const apo_group_table_args args,
    __global const apo_leaf_group *restrict group,
    __global const apo_group_leaf *restrict leaf,
    __global const apo_group_player *restrict player,
    __global const int *restrict value,
    __global const ulong *restrict vector,
    __global uint *restrict table) {
  __global const apo_leaf_group *of = group + args.group_begin + get_group_id(0);
  __global uint *restrict entries = table + (size_t)of->table_begin * 8;
  const size_t entry_words = (size_t)of->n_octets * 8;
  const uint n_indices = 1u << of->n_bits;

#if APO_GROUP == 1
  uint spread_entries[WORDS << SPREAD_PLAYERS];
  for (size_t w = 0; w < n_indices * entry_words; w += WORDS) vstore8((uint8)0, 0, entries + w);
  for (uint l = of->leaf_begin; l < of->leaf_begin + of->n_leaves; ++l) {
    const apo_group_leaf a = leaf[l];
    __global const apo_group_player *restrict players = player + a.player_begin;
    __global const int *restrict values = value + a.value_begin;
    __global const ulong *restrict vectors = vector + a.vector_begin;
    if (a.n_players > SPREAD_PLAYERS) {
      for (uint index = 0; index < n_indices; ++index) {
        add_leaf(of, a, players, values, vectors, index, entries + index * entry_words);
      }
      continue;
    }
    for (uint octet = 0; octet < of->n_octets; ++octet) {
      if (!spread(of, a, players, values, vectors, octet, spread_entries)) continue;
      gather(a, players, n_indices, spread_entries, entries + octet * WORDS, entry_words);
    }
  }
#else
  for (uint index = get_local_id(0); index < n_indices; index += APO_GROUP) {
    __global uint *restrict entry = entries + index * entry_words;
    for (size_t w = 0; w < entry_words; ++w) entry[w] = 0;
    for (uint l = of->leaf_begin; l < of->leaf_begin + of->n_leaves; ++l) {
      const apo_group_leaf a = leaf[l];
      add_leaf(of, a, player + a.player_begin, value + a.value_begin, vector + a.vector_begin,
               index, entry);
    }
  }
#endif
}
