/* permutation_orders.cl - draw the orders in which players enter, for each row.
 *
 *   order[row][o][0 .. n_varying[row]) = a uniform permutation, drawn from (seed, row number, o)
 *
 * Philox4x32-10 with the counters of docs/SEMANTICS.md, so an order depends on the seed and the
 * row's number and on nothing else: no tile, no launch, no device.
 *
 * Item:    one order of one row.
 * Launch:  global {n_rows * n_orders rounded up to APO_GROUP}, local {APO_GROUP}
 * Buffers: n_varying [n_rows]                        in
 *          order     [n_rows x n_orders x n_slots]   out; what is past n_varying is 0
 * Params:  APO_GROUP  1 CPU, 64 GPU
 * Source:  Salmon et al. 2011 (Philox); Lemire 2019 (bounded integers); Fisher and Yates from the
 *          top (TAOCP 2, 3.4.2 algorithm P).
 */
#include "kernels/permutation_orders/permutation_orders_abi.h"

#if !defined(APO_GROUP)
  #error "permutation_orders: the plan must set APO_GROUP"
#endif

#include "Random123/philox.h"

typedef struct words {
  philox4x32_ctr_t counter;
  philox4x32_key_t key;
  philox4x32_ctr_t block;
  uint n_left;
} words;

inline uint next_word(words *w) {
  if (w->n_left == 0) {
    w->block = philox4x32(w->counter, w->key);
    ++w->counter.v[3];
    w->n_left = 4;
  }
  const uint at = 4 - w->n_left--;
  return at == 0   ? w->block.v[0]
         : at == 1 ? w->block.v[1]
         : at == 2 ? w->block.v[2]
                   : w->block.v[3];
}

inline uint below(words *w, uint n) {
  ulong product = (ulong)next_word(w) * n;
  if ((uint)product < n) {
    const uint least = (0u - n) % n;
    while ((uint)product < least) product = (ulong)next_word(w) * n;
  }
  return (uint)(product >> 32);
}

__kernel __attribute__((reqd_work_group_size(APO_GROUP, 1, 1))) void permutation_orders(
    const apo_permutation_orders_args args,
    __global const uint *restrict n_varying,
    __global uint *restrict order) {
  const size_t item = get_global_id(0);
  if (item >= (size_t)args.n_rows * args.n_orders) return;
  const size_t row = item / args.n_orders;
  const ulong number = (((ulong)args.row_high << 32) | args.row_low) + row;
  __global uint *own = order + item * args.n_slots;
  const uint n = n_varying[row];

  words w;
  w.n_left = 0;
  w.counter.v[0] = (uint)number;
  w.counter.v[1] = (uint)(number >> 32);
  w.counter.v[2] = (uint)(item % args.n_orders);
  w.counter.v[3] = args.stream << 24;
  w.key.v[0] = args.seed_low;
  w.key.v[1] = args.seed_high;
  for (uint i = 0; i < args.n_slots; ++i) own[i] = i < n ? i : 0;
  for (uint i = n; i > 1; --i) {
    const uint j = below(&w, i);
    const uint last = own[i - 1];
    own[i - 1] = own[j];
    own[j] = last;
  }
}
