/* pattern_counts.cl - how much of the background has each index of a group.
 *
 *   count[group.count_begin + i] = sum of weight[row] over background rows whose index is i
 *
 * Counts are int32 and wrap, so sums have no order.
 *
 * Item:    APO_GROUP 1: a group; 64: its share of a group's rows.
 * Launch:  global {(group_end - group_begin) * APO_GROUP}, local {APO_GROUP}.
 * Buffers: group  [n_groups]          in
 *          test   [n_tests]           in
 *          code   [columns x stride]  in; padding rows hold valid codes and are not counted
 *          weight [n_rows]            in, int32
 *          count  [of the chunk]      out, int32
 * Params:  APO_CODE_BYTES  2 or 4
 *          APO_GROUP       1   CPU: indices of 64 rows side by side in vectors, then 64 additions;
 *                              groups that are neighbours take turns on some rows' codes, which
 *                              then come from cache
 *                          64  GPU: items own rows, and add atomically
 * Cost:    per row and group: its tests, side by side, and one addition to a count in cache.
 */
#include "kernels/pattern_counts/pattern_counts_abi.h"

#if !defined(APO_CODE_BYTES) || !defined(APO_GROUP)
  #error "pattern_counts: the plan must set APO_CODE_BYTES and APO_GROUP"
#endif

#include "kernels/index_block.clh"

#if APO_GROUP == 1
  #define TILE       4096 /* rows whose codes stay in cache from group to group */
  #define PART_WORDS 8192 /* of counts that wait to be added up */
  #define MOST_TURNS 16   /* groups that take turns on a tile */
  #define MOST_ITEMS 64   /* but as many items as this have work, where there are as many groups */

inline void set_zero(__global int *restrict counts, uint n_bits) {
  if (n_bits < 4) {
    for (uint i = 0; i < 1u << n_bits; ++i) counts[i] = 0;
  } else {
    for (uint i = 0; i < 1u << n_bits; i += 16) vstore16((int16)0, 0, counts + i);
  }
}

inline void add_all(__global int *restrict counts, const int *part, uint n) {
  if (n < 16) {
    for (uint i = 0; i < n; ++i) counts[i] += part[i];
  } else {
    for (uint i = 0; i < n; i += 16) {
      vstore16(vload16(0, counts + i) + *(const int16 *)(part + i), 0, counts + i);
    }
  }
}

// Rows [begin, end) of one group.  Neighbouring rows often have the same index, and an addition has
// to wait for the one before to the same word: so four rows in a row have counts of their own,
// where that is little work beside the rows.
inline void add_rows(const apo_leaf_group of,
                     __global const apo_pattern_test *restrict test,
                     __global const apo_code *restrict code,
                     uint stride,
                     uint begin,
                     uint end,
                     __global const int *restrict weight,
                     __global int *restrict counts,
                     int *part) {
  const uint n = 1u << of.n_bits;
  const uint part_words = max(n, 16u);
  const bool is_parted = n <= end - begin && 2 * n <= PART_WORDS;
  const uint whole_end = is_parted ? begin + (end - begin) / BLOCK * BLOCK : begin;
  const uint n_parts = min(PART_WORDS / part_words, 4u);
  block_index index;
  uint row = begin;
  if (row < whole_end) {
    int *part1 = part + (1 & (n_parts - 1)) * part_words;
    int *part2 = part + (2 & (n_parts - 1)) * part_words;
    int *part3 = part + (3 & (n_parts - 1)) * part_words;
    for (uint i = 0; i < n_parts * part_words; i += 16) *(int16 *)(part + i) = 0;
    for (; row < whole_end; row += BLOCK) {
      find_indices(of.n_bits, test, code + row, stride, &index);
      __global const int *restrict own = weight + row;
      for (size_t r = 0; r < BLOCK; r += 4) {
        part[index.one[r]] += own[r];
        part1[index.one[r + 1]] += own[r + 1];
        part2[index.one[r + 2]] += own[r + 2];
        part3[index.one[r + 3]] += own[r + 3];
      }
    }
    for (uint i = 0; i < part_words; i += 16) {
      for (uint k = 1; k < n_parts; ++k)
        *(int16 *)(part + i) += *(int16 *)(part + k * part_words + i);
    }
    add_all(counts, part, n);
  }
  for (; row < end; row += BLOCK) {
    find_indices(of.n_bits, test, code + row, stride, &index);
    for (uint r = 0; r < min(end - row, (uint)BLOCK); ++r) {
      counts[index.one[r]] += weight[row + r];
    }
  }
}
#endif

__kernel __attribute__((reqd_work_group_size(APO_GROUP, 1, 1))) void pattern_counts(
    const apo_pattern_counts_args args,
    __global const apo_leaf_group *restrict group,
    __global const apo_pattern_test *restrict test,
    __global const apo_code *restrict code,
    __global const int *restrict weight,
    __global int *restrict count) {
#if APO_GROUP == 1
  // Item 0 of `turns` neighbours has the groups of all of them.
  const uint turns = clamp((args.group_end - args.group_begin) / MOST_ITEMS, 1u, (uint)MOST_TURNS);
  if (get_global_id(0) % turns != 0) return;
  const uint first = args.group_begin + (uint)get_global_id(0);
  const uint end = min(first + turns, args.group_end);
  int16 part[PART_WORDS / 16];
  for (uint g = first; g < end; ++g) set_zero(count + group[g].count_begin, group[g].n_bits);
  for (uint row = 0; row < args.n_rows; row += TILE) {
    for (uint g = first; g < end; ++g) {
      const apo_leaf_group of = group[g];
      add_rows(of, test + of.test_begin, code, args.stride, row, min(row + TILE, args.n_rows),
               weight, count + of.count_begin, (int *)part);
    }
  }
#else
  __global const apo_leaf_group *own = group + args.group_begin + get_group_id(0);
  __global int *restrict counts = count + own->count_begin;
  const uint n_counts = 1u << own->n_bits;
  for (uint i = get_local_id(0); i < n_counts; i += APO_GROUP) counts[i] = 0;
  barrier(CLK_GLOBAL_MEM_FENCE);
  for (uint row = get_local_id(0); row < args.n_rows; row += APO_GROUP) {
    const uint index = apo_group_index(own, test, code + row, args.stride);
    atomic_add(&counts[index], weight[row]);
  }
#endif
}
