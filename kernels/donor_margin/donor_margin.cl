/* donor_margin.cl - how each row's margin changes when one player's columns come from a donor row.
 *
 *   change[player][output][row] += leaf(row with the player's columns from donor) - leaf(row)
 *
 * over instances [begin, end).  One pass serves all players: walking down a tree with the row, a
 * player can change the outcome only from the first node of its own on the row's path where row and
 * donor part.  From there the walk is repeated with that player's columns from the donor; all
 * other players leave the tree's leaf as it is and cost nothing.
 *
 * Item:    APO_ROWS rows, APO_GROUP apart.
 * Launch:  global {n_rows / APO_ROWS}, local {APO_GROUP}.  Padding rows hold valid codes.
 * Buffers: node, instance, leaf (int64), sets   in, as forest_margin
 *          player_of_column [n_columns]         in
 *          code    [n_rows x n_columns]         in
 *          donor   [n_rows x n_columns]         in, codes of each row's donor
 *          change  [n_players x n_outputs x n_rows]  in and out, int64
 *          parted  [n_rows x max_literals]      used: the players met so far
 * Params:  APO_CODE_BYTES, APO_SETS  as forest_margin
 *          APO_GROUP  1 CPU: trees outside, rows inside, so that the tree stays in cache; 64 GPU
 *          APO_ROWS   32 with APO_GROUP 1, else 1
 * Cost:    per row and tree: two descents of the path, and one partial descent a parting player.
 */
#include "kernels/donor_margin/donor_margin_abi.h"

#if !defined(APO_CODE_BYTES) || !defined(APO_SETS) || !defined(APO_GROUP) || !defined(APO_ROWS)
  #error "donor_margin: the plan must set APO_CODE_BYTES, APO_SETS, APO_GROUP and APO_ROWS"
#endif

#include "kernels/walk.clh"

inline uint walk_down(uint at,
                      uint player,
                      __global const apo_node *restrict node,
                      __global const uint *restrict sets,
                      __global const uint *restrict player_of_column,
                      __global const apo_code *restrict x,
                      __global const apo_code *restrict d) {
  apo_node n = node[at];
  while (n.leaf == APO_NODE_INNER) {
    const apo_code code = player_of_column[n.column] == player ? d[n.column] : x[n.column];
    n = node[(n.next & APO_NODE_NEXT) + apo_goes_right(n, code, sets)];
  }
  return n.leaf;
}

inline uint leaf_of(uint at,
                    __global const apo_node *restrict node,
                    __global const uint *restrict sets,
                    __global const apo_code *restrict x) {
  apo_node n = node[at];
  while (n.leaf == APO_NODE_INNER) {
    n = node[(n.next & APO_NODE_NEXT) + apo_goes_right(n, x[n.column], sets)];
  }
  return n.leaf;
}

__kernel __attribute__((reqd_work_group_size(APO_GROUP, 1, 1))) void donor_margin(
    const apo_donor_margin_args args,
    __global const apo_node *restrict node,
    __global const apo_instance *restrict instance,
    __global const long *restrict leaf,
    __global const uint *restrict sets,
    __global const uint *restrict player_of_column,
    __global const apo_code *restrict code,
    __global const apo_code *restrict donor,
    __global long *restrict change,
    __global uint *restrict parted) {
  const size_t first_row = get_group_id(0) * (size_t)(APO_GROUP * APO_ROWS) + get_local_id(0);
  for (uint i = args.instance_begin; i < args.instance_end; ++i) {
    const apo_instance tree = instance[i];
    for (uint r = 0; r < APO_ROWS; ++r) {
      const size_t row = first_row + r * APO_GROUP;
      __global const apo_code *restrict x = code + row * args.n_columns;
      __global const apo_code *restrict d = donor + row * args.n_columns;
      __global uint *met = parted + row * args.max_literals;
      const long value = leaf[tree.value_base + leaf_of(tree.root, node, sets, x)];
      uint n_met = 0;
      apo_node n = node[tree.root];
      while (n.leaf == APO_NODE_INNER) {
        const uint left = n.next & APO_NODE_NEXT;
        const uint right = apo_goes_right(n, x[n.column], sets);
        const uint donor_right = apo_goes_right(n, d[n.column], sets);
        if (right != donor_right) {
          const uint player = player_of_column[n.column];
          bool is_new = true;
          for (uint m = 0; m < n_met; ++m) is_new = is_new && met[m] != player;
          if (is_new) {
            met[n_met++] = player;
            const uint slot = player - args.player_begin;  // wraps for players below
            if (slot < args.n_players) {
              const uint to =
                  walk_down(left + donor_right, player, node, sets, player_of_column, x, d);
              change[((size_t)slot * args.n_outputs + args.output) * args.n_rows + row] +=
                  leaf[tree.value_base + to] - value;
            }
          }
        }
        n = node[left + right];
      }
    }
  }
}
