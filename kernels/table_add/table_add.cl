/* table_add.cl - rows look up the tables of groups and add what they find.
 *
 *   phi[slot][row] += sum over groups of table[index of the row][column], column -> slot
 *
 * Item:    CPU sub_tiles * APO_ROWS rows; GPU one row.
 * Launch:  global {n_rows / (sub_tiles * APO_ROWS)} (CPU) or {n_rows} (GPU), local {APO_GROUP}.
 *          Padding rows hold valid codes.
 * Buffers: block [n_blocks + 1]      in
 *          group [n_groups]          in
 *          test  [n_tests]           in
 *          slot  [n_slot_words]      in
 *          table [of the batch]      in, int32
 *          code  [columns x stride]  in
 *          phi   [n_slots x stride]  in and out, int64; the last slot is neither read nor written
 *          acc   [n_slots x stride]  scratch: each item has a part of its own
 * Params:  APO_CODE_BYTES  2 or 4, as column_codes
 *          APO_GROUP       1   CPU
 *                          64  GPU
 *          APO_ROWS        256 with APO_GROUP 1, else 1
 * Cost:    per row and group n_bits tests, per octet 32 bytes of a table and 8 additions.
 */
#include "kernels/table_add/table_add_abi.h"

#if !defined(APO_CODE_BYTES) || !defined(APO_GROUP) || !defined(APO_ROWS)
  #error "table_add: the plan must set APO_CODE_BYTES, APO_GROUP and APO_ROWS"
#endif

#include "kernels/leaf_groups.clh"

#if APO_GROUP == 1
  #include "kernels/table_add/table_add_rows.clh"
#endif

__kernel __attribute__((reqd_work_group_size(APO_GROUP, 1, 1))) void table_add(
    const apo_table_add_args args,
    __global const uint *restrict block,
    __global const apo_leaf_group *restrict group,
    __global const apo_pattern_test *restrict test,
    __global const uint *restrict slot,
    __global const uint *restrict table,
    __global const apo_code *restrict code,
    __global long *restrict phi,
    __global uint *restrict acc) {
#if APO_GROUP == 1
  const size_t first_row = get_group_id(0) * (size_t)args.sub_tiles * APO_ROWS;
  const size_t tile_words = (size_t)args.n_slots * APO_ROWS;
  __global uint *restrict sums = acc + first_row * args.n_slots;
  for (uint b = args.block_begin; b < args.block_end; ++b) {
    for (size_t w = 0; w < args.sub_tiles * tile_words; ++w) sums[w] = 0;
    uint run = block[b];
    while (run < block[b + 1]) {
      const uint run_end = end_of_run(group, run, block[b + 1]);
      for (uint s = 0; s < args.sub_tiles; ++s) {
        for (uint g = run; g < run_end; ++g) {
          add_group(group + g, args.n_slots - 1, test, slot, table, code + first_row + s * APO_ROWS,
                    args.stride, sums + s * tile_words);
        }
      }
      run = run_end;
    }
    for (uint s = 0; s < args.sub_tiles; ++s) {
      for (uint k = 0; k + 1 < args.n_slots; ++k) {
        __global const int *from = (__global const int *)sums + s * tile_words + k * APO_ROWS;
        __global long *to = phi + (size_t)k * args.stride + first_row + s * APO_ROWS;
        for (uint r = 0; r < APO_ROWS; ++r) to[r] += from[r];
      }
    }
  }
#else
  #define LOCAL_SLOTS 64 /* sums of so many are in local memory */
  #define LOCAL_WORDS 4096
  __local uint own[LOCAL_SLOTS * APO_GROUP];
  __local uint shared[LOCAL_WORDS];
  const uint lane = get_local_id(0);
  const size_t row = get_global_id(0);
  const bool is_own = args.n_slots <= LOCAL_SLOTS;
  for (uint b = args.block_begin; b < args.block_end; ++b) {
    for (uint k = 0; k < args.n_slots; ++k) {
      if (is_own) {
        own[k * APO_GROUP + lane] = 0;
      } else {
        acc[(size_t)k * args.stride + row] = 0;
      }
    }
    for (uint g = block[b]; g < block[b + 1]; ++g) {
      __global const apo_leaf_group *of = group + g;
      __global const uint *restrict slots = slot + of->slot_begin;
      __global const uint *restrict entries = table + (size_t)of->table_begin * 8;
      const uint n_words = of->n_octets * 8;
      const uint table_words = n_words << of->n_bits;
      // No more is copied than the rows would read.
      const bool is_shared = of->n_bits <= 6 && table_words <= LOCAL_WORDS;
      barrier(CLK_LOCAL_MEM_FENCE);
      for (uint w = lane; is_shared && w < table_words; w += APO_GROUP) shared[w] = entries[w];
      barrier(CLK_LOCAL_MEM_FENCE);
      const uint index = apo_group_index(of, test, code + row, args.stride);
      for (uint w = 0; w < n_words; ++w) {
        const size_t at = (size_t)index * n_words + w;
        const uint part = is_shared ? shared[at] : entries[at];
        if (is_own) {
          own[slots[w] * APO_GROUP + lane] += part;
        } else {
          acc[(size_t)slots[w] * args.stride + row] += part;
        }
      }
    }
    for (uint k = 0; k + 1 < args.n_slots; ++k) {
      const size_t at = (size_t)k * args.stride + row;
      phi[at] += (int)(is_own ? own[k * APO_GROUP + lane] : acc[at]);
    }
  }
#endif
}
