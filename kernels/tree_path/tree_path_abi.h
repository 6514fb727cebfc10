/* tree_path_abi.h - what the host writes and the tree_path stage reads. */
#ifndef APO_TREE_PATH_ABI_H
#define APO_TREE_PATH_ABI_H

#include "kernels/leaf_groups.h"

typedef struct apo_tree_path_args {
  apo_u32 n_rows; /* padded to a multiple of APO_TREE_PATH_ROWS */
  apo_u32 stride; /* rows between columns of codes and slots of phi: >= n_rows */
  apo_u32 tree_begin;
  apo_u32 tree_end;
  apo_u32 n_levels; /* inner nodes on the longest path of the launch's trees, or more */
  apo_u32 n_sums;   /* the most players of one of them, or more */
} apo_tree_path_args;
APO_ABI_ASSERT(tree_path_args_size, sizeof(apo_tree_path_args) == 24);

/* A tree as a program: the way down and up its inner nodes. */
typedef struct apo_path_tree {
  apo_u32 step_begin;
  apo_u32 n_steps;
  apo_u32 node_begin;   /* nodes of steps count from here */
  apo_u32 factor_begin; /* of the root one row of points, of each node APO_PATH_FACTORS */
  apo_u32 slot_begin;   /* slots of its players' sums */
  apo_u32 n_sums;
  apo_u32 n_levels; /* inner nodes on its longest path */
  apo_u32 n_points;
} apo_path_tree;
APO_ABI_ASSERT(path_tree_size, sizeof(apo_path_tree) == 32);

/* A step: what to do | the node's number.  A node with two leaves is one step; one with a leaf, which
 * is then its first child, goes down to the other child and comes back up; one without goes down to
 * the first, turns to the second and comes back up. */
#define APO_PATH_LEAVES 0x00000000u
#define APO_PATH_DOWN   0x20000000u
#define APO_PATH_TURN   0x40000000u
#define APO_PATH_LEAF   0x60000000u /* take the first child, a leaf, and go down to the second */
#define APO_PATH_UP     0x80000000u
#define APO_PATH_KIND   0xe0000000u
#define APO_PATH_NODE   0x1fffffffu

/* An inner node.  The masks of a row: 0 is all ones, that of an edge below a node of level l is number
 * l + 1: the row passes all tests of the node's player down to the edge. */
typedef struct apo_path_node {
  apo_pattern_test test; /* passes: the row takes the first child */
  apo_u32 level;         /* inner nodes above it */
  apo_u32 before;        /* mask of the player's last edge above; 0: none */
  apo_u32 total;  /* row of totals that its own goes to: its level as a first child, else 0 */
  apo_u32 sum;    /* number of the player in the tree */
  apo_f32 share;  /* of the covers: the first child's */
  apo_f32 first;  /* value of the first child, a leaf, in units */
  apo_f32 second; /* likewise */
} apo_path_node;
APO_ABI_ASSERT(path_node_size, sizeof(apo_path_node) == 40);

/* Rows of a node's factors, each a number for every point.  The root's row is weight_t / (1-t). */
#define APO_PATH_TAKES   0 /* F when the row passed above and takes the first child */
#define APO_PATH_FAILS   1 /* F when it passed above and takes the second */
#define APO_PATH_ABOVE   2 /* G above the node, */
#define APO_PATH_FIRST   3 /* behind the first edge, */
#define APO_PATH_SECOND  4 /* and behind the second */
#define APO_PATH_FACTORS 5

/* Rows that a launch's rows are a multiple of, in both shapes. */
#define APO_TREE_PATH_ROWS 64

/* Scratch of a row in words of 4 bytes: products of each level, totals (0: the last one, l + 1: of the
 * first child of a node of level l), masks, players' sums. */
#define APO_TREE_PATH_SCRATCH(n_levels, n_points, n_sums) \
  ((2 * (n_levels) + 1) * (n_points) + (n_levels) + 1 + (n_sums))

/* Path-dependent values of whole trees by Gauss-Legendre quadrature, with products shared along
 * paths.  For the player of a node let q = 1 while a row passes its tests, r be the share of the
 * covers that does so, and r' that behind an edge:
 *
 *   H(r) = (1-t) r + t       G(r) = 1 / H(r)
 *   F    = H(r') / H(r) of the first child, when q = 1 and the row takes it
 *        = 1 - that of the second, when q = 1 and it does not
 *        = share, when q = 0: the factors of both children add up to 1
 *   walk(node, h):  a = h F;  b = h - a;      s = child is a leaf ? value * a (b) : walk(child, a (b))
 *     sum[player] += q ? sum over t of (s G(r')) of the child that the row takes
 *                                      - (s first + s second) G(r) : 0
 *     return s first + s second
 *   walk(root, weight_t / (1-t))
 *
 * in fp32 in the order written, terms added point by point.  At the end of a tree each sum is rounded
 * to the nearest unit (halves away from zero) and added to phi.
 *
 * Buffers: tree, step, node       in
 *          factor [..]             in, float, a tree's (1 + nodes x APO_PATH_FACTORS) x n_points
 *          slot   [..]             in, uint32
 *          code   [columns x stride]  in; padding rows hold valid codes
 *          phi    [n_slots x stride]  in and out, int64
 *          scratch [work-items x APO_ROWS x APO_TREE_PATH_SCRATCH(n_levels, APO_POINTS, n_sums)]
 * Params:  APO_CODE_BYTES 2 or 4, APO_POINTS the points of every tree of the launch, APO_GROUP 1 or
 *          64, APO_ROWS 32 with APO_GROUP 1, else 1 */

#endif
