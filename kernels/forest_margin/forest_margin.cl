/* forest_margin.cl - add the leaf of each tree to the margin of each row.
 *
 *   margin[row][output] += leaf value that `row` reaches, over instances [begin, end)
 *
 * Leaf values are integers: multiples of one small unit, chosen so that no sum overflows 63 bits.
 * Integer sums have no order, so any split into launches gives the same bits.
 *
 * Item:    APO_ROWS rows, APO_GROUP apart.
 * Launch:  global {n_rows / APO_ROWS}, local {APO_GROUP}.  Padding rows hold valid codes.
 * Buffers: node     [n_nodes]      in
 *          instance [n_instances]  in
 *          leaf     [n_values]     in, int64
 *          sets     [n_set_words]  in; one unused word without sets
 *          code     [n_rows x n_columns]  in
 *          margin   [n_rows x n_outputs]  in and out, int64
 * Params:  APO_CODE_BYTES  2 or 4, as row_codes
 *          APO_SETS        1 when some node has APO_NODE_SET
 *          APO_GROUP       1   CPU: rows go down level by level, side by side, past their leaves to
 *                              the tree's depth; no branch depends on data, the tree stays in cache
 *                          64  GPU: each item walks until its leaf
 *          APO_ROWS        64 with APO_GROUP 1, else 1
 * Cost:    per row and tree: depth steps (CPU) or path length (GPU), one node record each.
 */
#include "kernels/forest_margin/forest_margin_abi.h"

#if !defined(APO_CODE_BYTES) || !defined(APO_SETS) || !defined(APO_GROUP) || !defined(APO_ROWS)
  #error "forest_margin: the plan must set APO_CODE_BYTES, APO_SETS, APO_GROUP and APO_ROWS"
#endif

#include "kernels/walk.clh"

#if APO_GROUP == 1
  #define SIDE_BY_SIDE 16
  #define LEVELS       8

// One level down.
inline uint step(uint at,
                 __global const apo_node *restrict node,
                 __global const uint *restrict sets,
                 __global const apo_code *restrict codes) {
  __global const apo_node *n = node + at;
  return (n->next & APO_NODE_NEXT) + apo_goes_right(n, codes[n->column], sets);
}

// Sixteen rows down one tree.  Their places are named one by one so that they stay in registers.
// Every few levels all are asked whether they have arrived, for trees with few deep paths.
inline void add_leaves(__global const apo_node *restrict node,
                       __global const long *restrict leaf,
                       __global const uint *restrict sets,
                       apo_instance tree,
                       __global const apo_code *restrict codes,
                       uint n_columns,
                       long *sum) {
  #define EACH(X) \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
  #define START(k) uint at##k = tree.root;
  #define STEP(k)  at##k = step(at##k, node, sets, codes + k * n_columns);
  #define ADD(k)   sum[k] += leaf[node[at##k].leaf];
  #define CHECK(k) is_inside = is_inside || node[at##k].leaf == APO_NODE_INNER;
  EACH(START)
  for (uint level = 0; level < tree.depth; level += LEVELS) {
    const uint end = min(tree.depth, level + LEVELS);
    for (uint l = level; l < end; ++l) {
      EACH(STEP)
    }
    bool is_inside = false;
    EACH(CHECK)
    if (!is_inside) break;
  }
  EACH(ADD)
}
#endif

__kernel __attribute__((reqd_work_group_size(APO_GROUP, 1, 1))) void forest_margin(
    const apo_forest_margin_args args,
    __global const apo_node *restrict node,
    __global const apo_instance *restrict instance,
    __global const long *restrict leaf,
    __global const uint *restrict sets,
    __global const apo_code *restrict code,
    __global long *restrict margin) {
  const size_t first_row = get_group_id(0) * (size_t)(APO_GROUP * APO_ROWS) + get_local_id(0);

#if APO_GROUP == 1
  __global const apo_code *restrict codes = code + first_row * args.n_columns;
  long sum[APO_ROWS];
  for (uint r = 0; r < APO_ROWS; ++r) sum[r] = 0;
  for (uint i = args.instance_begin; i < args.instance_end; ++i) {
    const apo_instance tree = instance[i];
    for (uint r = 0; r < APO_ROWS; r += SIDE_BY_SIDE) {
      add_leaves(node, leaf + tree.value_base, sets, tree, codes + (size_t)r * args.n_columns,
                 args.n_columns, sum + r);
    }
  }
  for (uint r = 0; r < APO_ROWS; ++r) {
    margin[(first_row + r) * args.n_outputs + args.output] += sum[r];
  }
#else
  for (uint r = 0; r < APO_ROWS; ++r) {
    const size_t row = first_row + r * APO_GROUP;
    __global const apo_code *restrict codes = code + row * args.n_columns;
    long sum = 0;
    for (uint i = args.instance_begin; i < args.instance_end; ++i) {
      const apo_instance tree = instance[i];
      __global const apo_node *n = node + tree.root;
      while (n->leaf == APO_NODE_INNER) {
        n = node + ((n->next & APO_NODE_NEXT) + apo_goes_right(n, codes[n->column], sets));
      }
      sum += leaf[tree.value_base + n->leaf];
    }
    margin[row * args.n_outputs + args.output] += sum;
  }
#endif
}
