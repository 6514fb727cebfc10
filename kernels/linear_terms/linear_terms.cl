/* linear_terms.cl - what each player adds to the margin of a linear model.
 *
 *   term[row][output][player] = sum over the player's columns of coefficient * value;  NaN adds 0
 *
 * Values, coefficients and terms are pairs of floats (high + low), so a double's precision needs
 * no fp64 device: products and sums carry their rounding errors along (two-product, two-sum).
 *
 * Item:    APO_ROWS rows, APO_GROUP apart.
 * Launch:  global {n_rows / APO_ROWS}, local {APO_GROUP}.  Padding rows hold any value.
 * Buffers: high, low     [n_rows x n_columns]     in
 *          coefficient_high, coefficient_low [n_outputs x n_columns]  in
 *          player_of_column [n_columns]           in
 *          term_high, term_low [n_rows x n_outputs x n_players]  out
 * Params:  APO_GROUP  1 CPU, 64 GPU
 *          APO_ROWS   16 with APO_GROUP 1, else 1
 * Cost:    about 25 operations a value; 8 bytes a value moved.
 * Source:  Dekker 1971; Ogita, Rump and Oishi 2005 (two-product by fma).
 */
#include "kernels/linear_terms/linear_terms_abi.h"

#if !defined(APO_GROUP) || !defined(APO_ROWS)
  #error "linear_terms: the plan must set APO_GROUP and APO_ROWS"
#endif

#pragma OPENCL FP_CONTRACT OFF

__kernel __attribute__((reqd_work_group_size(APO_GROUP, 1, 1))) void linear_terms(
    const apo_linear_terms_args args,
    __global const float *restrict high,
    __global const float *restrict low,
    __global const float *restrict coefficient_high,
    __global const float *restrict coefficient_low,
    __global const uint *restrict player_of_column,
    __global float *restrict term_high,
    __global float *restrict term_low) {
  const size_t first_row = get_group_id(0) * (size_t)(APO_GROUP * APO_ROWS) + get_local_id(0);
  for (uint r = 0; r < APO_ROWS; ++r) {
    const size_t row = first_row + r * APO_GROUP;
    for (uint k = 0; k < args.n_outputs; ++k) {
      const size_t terms = (row * args.n_outputs + k) * args.n_players;
      for (uint p = 0; p < args.n_players; ++p) {
        term_high[terms + p] = 0.0f;
        term_low[terms + p] = 0.0f;
      }
      for (uint col = 0; col < args.n_columns; ++col) {
        const float x = high[row * args.n_columns + col];
        if ((as_uint(x) & 0x7fffffffu) > 0x7f800000u) continue;  // missing
        const float w = coefficient_high[(size_t)k * args.n_columns + col];
        const float product = x * w;
        const bool is_finite = (as_uint(product) & 0x7fffffffu) < 0x7f800000u;
        const float error =
            fma(x, w, -product) + (x * coefficient_low[(size_t)k * args.n_columns + col] +
                                   low[row * args.n_columns + col] * w);
        const size_t at = terms + player_of_column[col];
        const float before = term_high[at];
        const float sum = before + product;
        const float back = sum - before;
        const float lost = (before - (sum - back)) + (product - back);
        term_high[at] = sum;
        term_low[at] = is_finite ? term_low[at] + (lost + error) : 0.0f;
      }
    }
  }
}
