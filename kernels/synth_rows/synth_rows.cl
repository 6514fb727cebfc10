/* synth_rows.cl - write hybrid rows for a model that only its owner can run.
 *
 *   out[pair][col] = (player of col in coalition ? x : background[b])[col]
 *
 * Pairs run over background rows inside coalitions.  Values are moved as bits.
 *
 * Item:    one pair.
 * Launch:  global {n_pairs rounded up to APO_GROUP}, local {APO_GROUP}
 * Buffers: x          [n_columns]                  in, bits of doubles
 *          background [n_background x n_columns]   in
 *          member     [n_players x n_words]        in, as coalition_mean
 *          player_of_column [n_columns]            in
 *          out        [n_pairs x n_columns]        out
 * Params:  APO_GROUP  1 CPU, 64 GPU
 * Cost:    16 bytes a value moved.
 */
#include "kernels/synth_rows/synth_rows_abi.h"

#if !defined(APO_GROUP)
  #error "synth_rows: the plan must set APO_GROUP"
#endif

__kernel __attribute__((reqd_work_group_size(APO_GROUP, 1, 1))) void synth_rows(
    const apo_synth_rows_args args,
    __global const ulong *restrict x,
    __global const ulong *restrict background,
    __global const uint *restrict member,
    __global const uint *restrict player_of_column,
    __global ulong *restrict out) {
  const size_t pair = get_global_id(0);
  if (pair >= args.n_pairs) return;
  const size_t at = args.first_background + pair;
  const uint coalition = args.first_coalition + (uint)(at / args.n_background);
  const size_t b = at % args.n_background;
  for (uint col = 0; col < args.n_columns; ++col) {
    const uint word = member[(size_t)player_of_column[col] * args.n_words + coalition / 32];
    const bool is_present = ((word >> (coalition % 32)) & 1) != 0;
    out[pair * args.n_columns + col] = is_present ? x[col] : background[b * args.n_columns + col];
  }
}
