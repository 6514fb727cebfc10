/* long_path_abi.h - what the host writes and the long_path stage reads. */
#ifndef APO_LONG_PATH_ABI_H
#define APO_LONG_PATH_ABI_H

#include "kernels/leaf_groups.h"

typedef struct apo_long_path_args {
  apo_u32 n_rows; /* padded to a multiple of APO_LONG_PATH_ROWS */
  apo_u32 stride; /* rows between columns of codes and slots of phi: >= n_rows */
  apo_u32 n_players;
  apo_u32 n_outputs;
  apo_u32 leaf_begin;
  apo_u32 leaf_end;
  apo_u32 longest;  /* players of the longest leaf of the launch, or more */
  apo_u32 n_points; /* the most points of one of its leaves, or more */
} apo_long_path_args;
APO_ABI_ASSERT(long_path_args_size, sizeof(apo_long_path_args) == 32);

/* A point of a rule.  1 - t and its inverse are rounded from the true ones: near 1 a float t has
 * lost them. */
typedef struct apo_long_point {
  apo_f32 t;       /* in (0, 1) */
  apo_f32 rest;    /* 1 - t */
  apo_f32 weight;  /* at least 0; all of a rule together 1 */
  apo_f32 inverse; /* 1 / (1 - t) */
} apo_long_point;
APO_ABI_ASSERT(long_point_size, sizeof(apo_long_point) == 16);

/* Rows of a work-group, in both shapes. */
#define APO_LONG_PATH_ROWS 64

/* Scratch of a work-group, in words of 4 bytes: tables of factors and inverses, products, passes.
 * A row of a table is padded to whole vectors. */
#define APO_LONG_PATH_PADDED(longest) (((longest) + 15) / 16 * 16)
#define APO_LONG_PATH_SCRATCH(longest, n_points, pairs)   \
  ((2 * (n_points) + 1) * APO_LONG_PATH_PADDED(longest) + \
   APO_LONG_PATH_ROWS * ((n_points) + (longest)) * ((pairs) != 0 ? 2 : 1))

/* Path-dependent values of long leaves by Gauss-Legendre quadrature: with q_j = 1 when player j
 * passes, else 0, and r_j its ratio,
 *
 *   share of i      sum over points t of weight_t (q_i - r_i) prod over j != i ((1-t) r_j + t q_j)
 *   share of i, j   likewise with two factors (q - r) and without both
 *
 * exact with ceil(D / 2) points, in fp32 in a fixed order; Banzhaf: the one point 1/2.  A value is
 * the leaf value times the share: the share is rounded to a multiple of 2^-30 (halves away from
 * zero), the product to the nearest unit (halves upward).
 *
 * Buffers: leaf, test, player      in
 *          ratio  [as player]      in, float in [0, 1]
 *          point  [..]             in, apo_long_point: those of leaf l are points_of[2 l + 1] of them
 *                                  from points_of[2 l] on
 *          points_of [n leaves x 2]  in, uint32
 *          value  [n_values]       in, int32
 *          code   [columns x stride]  in; padding rows hold valid codes
 *          phi    [n_slots x stride]  in and out, int64
 *          factor [work-groups x APO_LONG_PATH_SCRATCH(longest, n_points, APO_PAIRS)]  scratch;
 *                                  work-groups = n_rows / APO_LONG_PATH_ROWS
 * Params:  APO_CODE_BYTES 2 or 4, APO_PAIRS 0 or 1, APO_GROUP 1 or 64, APO_ROWS 64 with APO_GROUP 1,
 *          else 1 */

#endif
