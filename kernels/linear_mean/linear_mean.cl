/* linear_mean.cl - mean response of hybrid rows of a linear model, for every coalition of a list.
 *
 *   margin_k(x, b, S) = base_k + sum over players p of (p in S ? x_term : b_term)[k][p]
 *   partial[row][block][plane][output][S] = sum over b in block of weight[b] * response(margin)
 *
 * The additions run over the players in order, in fp32, so that twin and device agree in bits.
 *
 * Item:    a lane of the group that owns (row, block of background, chunk of words).
 * Launch:  global {n_rows * n_blocks * n_chunks * APO_GROUP}, local {APO_GROUP}
 * Buffers: base    [n_outputs]  in
 *          x_term  [n_rows x n_outputs x n_players]        in, of linear_terms
 *          b_term  [background x n_outputs x n_players]  in
 *          weight  [background]                          in
 *          member  [n_lists x n_players x n_words]         in, as coalition_mean
 *          list_of_row [n_rows]                            in
 *          partial [n_rows x n_blocks x n_planes x n_outputs x 32 n_words]  out
 *          scratch [n_rows x n_blocks x n_planes x n_outputs x 32 n_words]  used
 * Params:  APO_RESPONSE  as response.h
 *          APO_GROUP     1 CPU (n_chunks 1), 64 GPU (n_chunks = n_words / 64 rounded up)
 * Cost:    per (row, background row, output): one masked choice and addition a player and coalition.
 */
#include "kernels/coalition_mean/coalition_mean_abi.h"
#include "kernels/linear_mean/linear_mean_abi.h"

#if !defined(APO_RESPONSE) || !defined(APO_GROUP)
  #error "linear_mean: the plan must set APO_RESPONSE and APO_GROUP"
#endif

#include "kernels/response.clh"

// The bits of a word, or of half a word, that belong to the coalitions of vector `v` of the word.
#if APO_GROUP == 1
  #define LOW_BITS \
    ((int16)(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768))
  #define HOLDS(word, v) (((int16)((int)((word) >> (16 * (v)))) & LOW_BITS) != 0)
#else
  #define HOLDS(word, v) (((word) >> (v)) & 1)
#endif

__kernel __attribute__((reqd_work_group_size(APO_GROUP, 1, 1))) void linear_mean(
    const apo_linear_mean_args args,
    __global const float *restrict base,
    __global const float *restrict x_term,
    __global const float *restrict b_term,
    __global const float *restrict weight,
    __global const uint *restrict member,
    __global const uint *restrict list_of_row,
    __global float *restrict partial,
    __global float *restrict scratch) {
  const uint row_block = get_group_id(0) / args.n_chunks;
  const uint row = row_block / args.n_blocks;
  const uint block = row_block % args.n_blocks;
  const uint b_begin = args.first_background + block * APO_BACKGROUND_BLOCK;
  const uint b_end = min(args.first_background + args.n_background, b_begin + APO_BACKGROUND_BLOCK);
  const uint n_values = args.n_planes * args.n_outputs;
  const uint stride = args.n_words * APO_VECTORS; /* vectors from one output to the next */
  const size_t own = (size_t)row_block * n_values * stride;
  __global APO_FLOAT *const own_partial = (__global APO_FLOAT *)partial + own;
  __global APO_FLOAT *const own_scratch = (__global APO_FLOAT *)scratch + own;
  __global const uint *const own_member =
      member + (size_t)list_of_row[row] * args.n_players * args.n_words;

#if APO_GROUP == 1
  const uint w_begin = 0, w_end = args.n_words;
#else
  const uint w_begin =
      min((uint)(get_group_id(0) % args.n_chunks * APO_GROUP + get_local_id(0)), args.n_words);
  const uint w_end = min(w_begin + 1, args.n_words);
#endif
  for (uint v = w_begin * APO_VECTORS; v < w_end * APO_VECTORS; ++v) {
    for (uint k = 0; k < n_values; ++k) own_partial[(size_t)k * stride + v] = (APO_FLOAT)(0.0f);
    for (uint b = b_begin; b < b_end; ++b) {
      for (uint k = 0; k < args.n_outputs; ++k) {
        __global const float *x = x_term + ((size_t)row * args.n_outputs + k) * args.n_players;
        __global const float *y = b_term + ((size_t)b * args.n_outputs + k) * args.n_players;
        APO_FLOAT margin = (APO_FLOAT)(base[k]);
        for (uint p = 0; p < args.n_players; ++p) {
          const uint word = own_member[(size_t)p * args.n_words + v / APO_VECTORS];
          margin += APO_PICK(HOLDS(word, v % APO_VECTORS), (APO_FLOAT)(x[p]), (APO_FLOAT)(y[p]));
        }
        own_scratch[(size_t)k * stride + v] = margin;
      }
      apo_respond(APO_RESPONSE, args.response_scale, args.n_outputs, stride, args.n_planes,
                  own_scratch + v);
      for (uint k = 0; k < n_values; ++k) {
        own_partial[(size_t)k * stride + v] += own_scratch[(size_t)k * stride + v] * weight[b];
      }
    }
  }
}
