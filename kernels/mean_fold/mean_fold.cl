/* mean_fold.cl - add the blocks of a tile of background to the running means, with compensation.
 *
 *   (sum, rest)[row][value] += partial[row][block][value],  blocks in order
 *
 * Two floats carry each sum: `rest` collects what rounding took from `sum`, so a background of any
 * size costs no accuracy, and how it was cut into tiles changes no bit.
 *
 * Item:    APO_ROWS values of a row, APO_GROUP apart.
 * Launch:  global {n_rows * values rounded up to APO_GROUP * APO_ROWS, / APO_ROWS}, local {APO_GROUP}
 * Buffers: partial [n_rows x n_blocks x n_values]  in
 *          sum     [n_rows x n_values]             in and out
 *          rest    [n_rows x n_values]             in and out
 * Params:  APO_GROUP  1 CPU, 64 GPU
 *          APO_ROWS   64 with APO_GROUP 1, else 1
 * Source:  two-sum: Knuth, TAOCP 2, 4.2.2 theorem B; its use: Neumaier 1974.
 */
#include "kernels/mean_fold/mean_fold_abi.h"

#if !defined(APO_GROUP) || !defined(APO_ROWS)
  #error "mean_fold: the plan must set APO_GROUP and APO_ROWS"
#endif

#pragma OPENCL FP_CONTRACT OFF

__kernel __attribute__((reqd_work_group_size(APO_GROUP, 1, 1))) void mean_fold(
    const apo_mean_fold_args args,
    __global const float *restrict partial,
    __global float *restrict sum,
    __global float *restrict rest) {
  const uint n_groups = (args.n_values + APO_GROUP * APO_ROWS - 1) / (APO_GROUP * APO_ROWS);
  const size_t row = get_group_id(0) / n_groups;
  const uint first = (get_group_id(0) % n_groups) * (APO_GROUP * APO_ROWS) + get_local_id(0);
  for (uint r = 0; r < APO_ROWS; ++r) {
    const uint value = first + r * APO_GROUP;
    if (value < args.n_values) {
      const size_t at = row * args.n_values + value;
      float s = args.is_first ? 0.0f : sum[at];
      float c = args.is_first ? 0.0f : rest[at];
      for (uint block = 0; block < args.n_blocks; ++block) {
        const float term = partial[(row * args.n_blocks + block) * args.n_values + value];
        const float next = s + term;
        const float back = next - s;
        c += (s - (next - back)) + (term - back);
        s = next;
      }
      sum[at] = s;
      rest[at] = c;
    }
  }
}
