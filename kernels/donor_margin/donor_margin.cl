/* donor_margin.cl - how each row's margin changes when one player's columns come from a donor row.
 *
 *   change[player][output][row] += leaf(row with the player's columns from donor) - leaf(row)
 *
 * over instances [begin, end).  One pass serves all players: walking down a tree with the row, a
 * player can change the outcome only from the first node of its own on the row's path where row and
 * donor part.  From there the walk is repeated with that player's columns from the donor; all
 * other players leave the tree's leaf as it is and cost nothing.
 *
 * So a tree is done in two phases: find the places where rows part from their donors, each with the
 * player whose test it is, then walk on from each of them.
 *
 * Item:    APO_ROWS rows, APO_GROUP apart.
 * Launch:  global {n_rows / APO_ROWS}, local {APO_GROUP}.  Padding rows hold valid codes.
 * Buffers: node, instance, leaf (int64), sets   in, as forest_margin
 *          player_of_column [n_columns]         in
 *          code    [n_rows x n_columns]         in
 *          donor   [n_rows x n_columns]         in, codes of each row's donor
 *          change  [n_players x n_outputs x n_rows]  in and out, int64
 *          parted  [n_rows x 2 (max_depth + 1)]  used: pairs of player and node, a row at a time
 * Params:  APO_CODE_BYTES, APO_SETS  as forest_margin
 *          APO_GROUP  1   CPU: trees outside, rows inside, so that the tree stays in cache; eight
 *                         walks side by side, none of which branches on data
 *                     64  GPU: each item does its own row
 *          APO_ROWS   32 with APO_GROUP 1, else 1
 * Cost:    per row and tree: one descent of the path, and one partial descent a parting player.
 */
#include "kernels/donor_margin/donor_margin_abi.h"

#if !defined(APO_CODE_BYTES) || !defined(APO_SETS) || !defined(APO_GROUP) || !defined(APO_ROWS)
  #error "donor_margin: the plan must set APO_CODE_BYTES, APO_SETS, APO_GROUP and APO_ROWS"
#endif

#include "kernels/walk.clh"

#define LANE_SHIFT  29
#define PLAYER_MASK 0x1fffffffu

// Keep the first pair of each player among `n`; returns how many are left.
inline uint drop_repeated(__global uint *restrict pairs, uint n) {
  uint n_kept = 0;
  for (uint i = 0; i < n; ++i) {
    uint same = 0;
    while (same < n_kept && pairs[2 * same] != pairs[2 * i]) ++same;
    if (same < n_kept) continue;
    pairs[2 * n_kept] = pairs[2 * i];
    pairs[2 * n_kept + 1] = pairs[2 * i + 1];
    ++n_kept;
  }
  return n_kept;
}

#if APO_GROUP == 1
  #define LANES   8
  #define LEVELS  4
  #define EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)

// What all lanes need.
typedef struct forest {
  __global const apo_node *node;
  __global const uint *sets;
  __global const uint *player_of_column;
} forest;

// One level down the row's path.  The pair is always written and counted only where row and donor
// part, so nothing branches; a leaf never parts.
inline uint find_step(uint at,
                      const forest *f,
                      __global const apo_code *restrict x,
                      __global const apo_code *restrict d,
                      __global uint *restrict pairs,
                      uint *n) {
  __global const apo_node *own = f->node + at;
  const uint column = own->column;
  const uint left = own->next & APO_NODE_NEXT;
  const uint right = apo_goes_right(own, x[column], f->sets);
  const uint donor_right = apo_goes_right(own, d[column], f->sets);
  pairs[2 * *n] = f->player_of_column[column];
  pairs[2 * *n + 1] = left + donor_right;
  *n += right ^ donor_right;
  return left + right;
}

// One level down with the player's columns from the donor.
inline uint walk_step(uint at,
                      const forest *f,
                      uint player,
                      __global const apo_code *restrict x,
                      __global const apo_code *restrict d) {
  __global const apo_node *own = f->node + at;
  const uint column = own->column;
  __global const apo_code *from = f->player_of_column[column] == player ? d : x;
  return (own->next & APO_NODE_NEXT) + apo_goes_right(own, from[column], f->sets);
}

// First phase for eight rows: their leaves, and their pairs packed one after another with the lane
// in the upper bits of the player; returns the number of pairs.
inline uint find_pairs(const forest *f,
                       apo_instance tree,
                       __global const apo_code *restrict x,
                       __global const apo_code *restrict d,
                       uint n_columns,
                       __global uint *restrict pairs,
                       uint row_words,
                       uint *leaf_of) {
  #define START(k) uint at##k = tree.root, n##k = 0;
  #define FIND(k) \
    at##k = find_step(at##k, f, x + k * n_columns, d + k * n_columns, pairs + k * row_words, &n##k);
  #define LEAF(k) leaf_of[k] = f->node[at##k].leaf;
  #define PACK(k)                                              \
    {                                                          \
      __global uint *const own = pairs + k * row_words;        \
      const uint n_own = drop_repeated(own, n##k);             \
      for (uint i = 0; i < n_own; ++i) {                       \
        const uint player = own[2 * i], at = own[2 * i + 1];   \
        pairs[2 * n_pairs] = player | (uint)(k) << LANE_SHIFT; \
        pairs[2 * n_pairs + 1] = at;                           \
        ++n_pairs;                                             \
      }                                                        \
    }
  uint n_pairs = 0;
  EACH(START)
  for (uint level = 0; level < tree.depth; ++level) {
    EACH(FIND)
  }
  EACH(LEAF)
  EACH(PACK)
  return n_pairs;
}

// Second phase for eight pairs: where they lead.
inline void walk_pairs(const forest *f,
                       uint depth,
                       __global const apo_code *restrict x,
                       __global const apo_code *restrict d,
                       uint n_columns,
                       __global const uint *restrict pairs,
                       uint *leaf_of) {
  #define OPEN(k)                                      \
    uint at##k = pairs[2 * k + 1];                     \
    const uint player##k = pairs[2 * k] & PLAYER_MASK; \
    const uint skip##k = (pairs[2 * k] >> LANE_SHIFT) * n_columns;
  #define WALK(k)   at##k = walk_step(at##k, f, player##k, x + skip##k, d + skip##k);
  #define INSIDE(k) is_inside = is_inside || f->node[at##k].leaf == APO_NODE_INNER;
  EACH(OPEN)
  bool is_inside = true;
  for (uint level = 0; level < depth && is_inside; level += LEVELS) {
    for (uint l = 0; l < LEVELS; ++l) {
      EACH(WALK)
    }
    is_inside = false;
    EACH(INSIDE)
  }
  EACH(LEAF)
}
#else
// The leaf reached from node `at` when the player's columns come from the donor.
inline uint walk_down(uint at,
                      uint player,
                      __global const apo_node *restrict node,
                      __global const uint *restrict sets,
                      __global const uint *restrict player_of_column,
                      __global const apo_code *restrict x,
                      __global const apo_code *restrict d) {
  __global const apo_node *n = node + at;
  while (n->leaf == APO_NODE_INNER) {
    const uint column = n->column;
    const apo_code code = player_of_column[column] == player ? d[column] : x[column];
    n = node + ((n->next & APO_NODE_NEXT) + apo_goes_right(n, code, sets));
  }
  return n->leaf;
}

// Down the row's own path, noting where row and donor part; returns the row's leaf.
inline uint find_pairs(uint root,
                       __global const apo_node *restrict node,
                       __global const uint *restrict sets,
                       __global const uint *restrict player_of_column,
                       __global const apo_code *restrict x,
                       __global const apo_code *restrict d,
                       __global uint *restrict pairs,
                       uint *n_pairs) {
  __global const apo_node *n = node + root;
  uint n_found = 0;
  while (n->leaf == APO_NODE_INNER) {
    const uint column = n->column;
    const uint left = n->next & APO_NODE_NEXT;
    const uint right = apo_goes_right(n, x[column], sets);
    const uint donor_right = apo_goes_right(n, d[column], sets);
    if (right != donor_right) {
      pairs[2 * n_found] = player_of_column[column];
      pairs[2 * n_found + 1] = left + donor_right;
      ++n_found;
    }
    n = node + (left + right);
  }
  *n_pairs = drop_repeated(pairs, n_found);
  return n->leaf;
}
#endif

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
  const uint row_words = 2 * (args.max_depth + 1);
#if APO_GROUP == 1
  const forest f = {node, sets, player_of_column};
#endif
  for (uint i = args.instance_begin; i < args.instance_end; ++i) {
    const apo_instance tree = instance[i];
    __global const long *const value = leaf + tree.value_base;
#if APO_GROUP == 1
    for (size_t row = first_row; row < first_row + APO_ROWS; row += LANES) {
      __global const apo_code *const x = code + row * args.n_columns;
      __global const apo_code *const d = donor + row * args.n_columns;
      __global uint *const pairs = parted + row * row_words;
      uint own[LANES], to[LANES];
      const uint n = find_pairs(&f, tree, x, d, args.n_columns, pairs, row_words, own);
      for (uint begin = 0; begin < n; begin += LANES) {
        const uint n_left = min((uint)LANES, n - begin);
        // Lanes without a pair repeat the first one; their result is not used.
        for (uint k = n_left; k < LANES; ++k) {
          pairs[2 * (begin + k)] = pairs[2 * begin];
          pairs[2 * (begin + k) + 1] = pairs[2 * begin + 1];
        }
        walk_pairs(&f, tree.depth, x, d, args.n_columns, pairs + 2 * begin, to);
        for (uint k = 0; k < n_left; ++k) {
          const uint lane = pairs[2 * (begin + k)] >> LANE_SHIFT;
          const uint slot = (pairs[2 * (begin + k)] & PLAYER_MASK) - args.player_begin;
          if (slot >= args.n_players) continue;  // also players below, which wrap
          change[((size_t)slot * args.n_outputs + args.output) * args.n_rows + row + lane] +=
              value[to[k]] - value[own[lane]];
        }
      }
    }
#else
    for (uint r = 0; r < APO_ROWS; ++r) {
      const size_t row = first_row + r * APO_GROUP;
      __global const apo_code *restrict x = code + row * args.n_columns;
      __global const apo_code *restrict d = donor + row * args.n_columns;
      __global uint *const pairs = parted + row * row_words;
      uint n;
      const uint own = find_pairs(tree.root, node, sets, player_of_column, x, d, pairs, &n);
      for (uint m = 0; m < n; ++m) {
        const uint slot = pairs[2 * m] - args.player_begin;
        if (slot >= args.n_players) continue;
        const uint to =
            walk_down(pairs[2 * m + 1], pairs[2 * m], node, sets, player_of_column, x, d);
        change[((size_t)slot * args.n_outputs + args.output) * args.n_rows + row] +=
            value[to] - value[own];
      }
    }
#endif
  }
}
