/* coalition_mean.cl - mean response of hybrid rows, for every coalition of a list; no hybrid row
 * is ever written.
 *
 *   hybrid(x, b, S)  takes the columns of players in S from row x, all others from background b
 *   partial[row][block][plane][output][S] = sum over b in block of
 *       weight[b] * response(base + sum over trees of leaf(hybrid(x, b, S)))
 *
 * For one (x, b) a tree has few leaves that any hybrid can reach: walking x and b together, where
 * they take the same side every hybrid does; where they part, hybrids with the player go x's way
 * and the others b's.  A leaf met so is a cube: "these players present, those absent".  A lane lists
 * the cubes of its trees (first phase); then the group adds each cube's leaf value to the coalitions
 * inside it (second phase).  Coalitions are bit-sliced: 32 to a word, one word a player, so a cube's
 * members are an AND of words.  Leaf values are integers (forest_margin), so the order in which
 * cubes are met changes no bit.
 *
 *        x[2] < 5: both left        A = {p: present}, N = {q: absent}
 *           x[p] parts
 *        x /         \ b            cube 1: leaf at x's side           p
 *                 x[q] parts        cube 2: then x's side of q     not p, q
 *                x /     \ b        cube 3: then b's side of q     not p, not q
 *
 * Item:    a lane of the group that owns (row, block of background, chunk of words).
 * Launch:  global {n_rows * n_blocks * n_chunks * APO_GROUP}, local {APO_GROUP}
 * Buffers: node, instance, leaf (int32), sets   as forest_margin
 *          output_begin [n_outputs + 1]  in, instances of each output
 *          base    [n_outputs]  in, int32 in units of `unit`
 *          x_code  [n_rows x n_columns]        in
 *          b_code  [background x n_columns]  in
 *          weight  [background]              in
 *          player_of_column [n_columns]        in
 *          member  [n_lists x n_players x n_words]  in, bit c of word w: coalition 32 w + c holds it
 *          list_of_row [n_rows]                in
 *          partial [n_rows x n_blocks x n_planes x n_outputs x 32 n_words]  out
 *          scratch [work-groups x group_words] used
 * Params:  APO_CODE_BYTES, APO_SETS  as forest_margin
 *          APO_RESPONSE  as response.h
 *          APO_GROUP     1   CPU: all words, four at a time in vector registers; n_chunks 1
 *                        64  GPU: a lane owns one word; n_chunks = n_words / 64 rounded up
 * Cost:    per (row, background row, tree): the visited nodes once a chunk; per cube and word, one
 *          AND a literal and 32 masked additions.
 * Source:  value of a coalition: Lundberg and Lee 2017, arXiv:1705.07874; the two-path walk: Laberge
 *          and Pequignot 2022, arXiv:2209.15123, section on interventional values.
 */
#include "kernels/coalition_mean/coalition_mean_abi.h"

#if !defined(APO_CODE_BYTES) || !defined(APO_SETS) || !defined(APO_RESPONSE) || !defined(APO_GROUP)
  #error "coalition_mean: the plan must set APO_CODE_BYTES, APO_SETS, APO_RESPONSE and APO_GROUP"
#endif

#include "kernels/response.clh"
#include "kernels/walk.clh"

// A lane on its way: which tree comes next, where it stands in the present one, and the literals
// that led there.  `other` is where the absent side of a literal leads, until it has been taken.
typedef struct lane_walk {
  uint instance;
  uint end;
  uint value_base;
  uint node;
  uint n_literals;
  bool is_inside; /* of a tree */
} lane_walk;

inline uint find_side(__global const uint *trail, uint n_literals, uint player) {
  for (uint t = 0; t < n_literals; ++t) {
    if (trail[2 * t] >> 1 == player) return trail[2 * t] & 1;
  }
  return 2;
}

// From walk->node down to a leaf, noting the players on which x and b part; returns the leaf.
inline uint descend(lane_walk *walk,
                    __global uint *trail,
                    __global const apo_node *restrict node,
                    __global const uint *restrict sets,
                    __global const apo_code *restrict x,
                    __global const apo_code *restrict b,
                    __global const uint *restrict player_of_column) {
  __global const apo_node *n = node + walk->node;
  while (n->leaf == APO_NODE_INNER) {
    const uint column = n->column;
    const uint left = n->next & APO_NODE_NEXT;
    const uint x_right = apo_goes_right(n, x[column], sets);
    const uint b_right = apo_goes_right(n, b[column], sets);
    uint right = x_right;
    if (x_right != b_right) {
      const uint player = player_of_column[column];
      const uint side = find_side(trail, walk->n_literals, player);
      if (side == 0) right = b_right;
      if (side == 2) {
        trail[2 * walk->n_literals] = player * 2 + 1;
        trail[2 * walk->n_literals + 1] = left + b_right;
        ++walk->n_literals;
      }
    }
    n = node + (left + right);
  }
  return n->leaf;
}

// Back to the last literal whose absent side is still to be taken; none left: the tree is done.
inline void turn_back(lane_walk *walk, __global uint *trail) {
  while (walk->n_literals > 0 && (trail[2 * walk->n_literals - 2] & 1) == 0) --walk->n_literals;
  walk->is_inside = walk->n_literals > 0;
  if (walk->is_inside) {
    trail[2 * walk->n_literals - 2] &= ~1u;
    walk->node = trail[2 * walk->n_literals - 1];
  }
}

// List cubes until the trees are done or the next one might not fit; returns the words used.
inline uint list_cubes(lane_walk *walk,
                       const apo_coalition_mean_args *args,
                       __global uint *restrict list,
                       __global uint *restrict trail,
                       __global const apo_node *restrict node,
                       __global const apo_instance *restrict instance,
                       __global const int *restrict leaf,
                       __global const uint *restrict sets,
                       __global const apo_code *restrict x,
                       __global const apo_code *restrict b,
                       __global const uint *restrict player_of_column) {
  const uint n_room = args->lane_words - 2 * APO_CUBE_HEAD_WORDS - args->max_literals;
  uint n_used = 0;
  int everywhere = 0; /* leaves that all hybrids reach */
  while (n_used <= n_room) {
    if (!walk->is_inside) {
      if (walk->instance >= walk->end) break;
      const apo_instance tree = instance[walk->instance];
      walk->node = tree.root;
      walk->value_base = tree.value_base;
      walk->n_literals = 0;
      walk->instance += APO_GROUP;
    }
    const uint leaf_at = descend(walk, trail, node, sets, x, b, player_of_column);
    const int value = leaf[walk->value_base + leaf_at];
    if (walk->n_literals == 0) {
      everywhere += value;
    } else if (value != 0) {
      list[n_used++] = (uint)value;
      list[n_used++] = walk->n_literals;
      for (uint t = 0; t < walk->n_literals; ++t) list[n_used++] = trail[2 * t];
    }
    turn_back(walk, trail);
  }
  list[n_used++] = (uint)everywhere;
  list[n_used++] = 0;
  return n_used;
}

// The members among 16 coalitions of a word, -1 or 0 a lane: the lower half and the upper half.
// CPUs test bits against a vector constant; for GPUs shift distances fit into the instructions.
#if APO_GROUP == 1
  #define LOW_BITS \
    ((int16)(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768))
  #define HIGH_BITS                                                                       \
    ((int16)(65536, 131072, 262144, 524288, 1048576, 2097152, 4194304, 8388608, 16777216, \
             33554432, 67108864, 134217728, 268435456, 536870912, 1073741824, (int)0x80000000))
  #define LOW_MEMBERS(word)  (((int16)((int)(word)) & LOW_BITS) != 0)
  #define HIGH_MEMBERS(word) (((int16)((int)(word)) & HIGH_BITS) != 0)
#else
  #define LOW_SHIFTS         ((int16)(31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16))
  #define HIGH_SHIFTS        ((int16)(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0))
  #define LOW_MEMBERS(word)  (((int16)((int)(word)) << LOW_SHIFTS) >> 31)
  #define HIGH_MEMBERS(word) (((int16)((int)(word)) << HIGH_SHIFTS) >> 31)
#endif

// Add the cubes of one list to the margins of 128 coalitions (CPU) or 32 (GPU).
#if APO_GROUP == 1
inline void add_cubes(__global const uint *restrict list,
                      uint n_used,
                      __global const uint *restrict member,
                      uint n_words,
                      __global int16 *restrict margin) {
  int16 a0 = margin[0], a1 = margin[1], a2 = margin[2], a3 = margin[3];
  int16 a4 = margin[4], a5 = margin[5], a6 = margin[6], a7 = margin[7];
  for (uint at = 0; at < n_used;) {
    const int16 value = (int16)((int)list[at]);
    const uint end = at + APO_CUBE_HEAD_WORDS + list[at + 1];
    uint4 inside = (uint4)(0xffffffffu);
    for (at += APO_CUBE_HEAD_WORDS; at < end; ++at) {
      const uint literal = list[at];
      const uint4 word = vload4(0, member + (size_t)(literal >> 1) * n_words);
      inside &= word ^ (uint4)((literal & 1) - 1);
    }
    a0 += LOW_MEMBERS(inside.s0) & value;
    a1 += HIGH_MEMBERS(inside.s0) & value;
    a2 += LOW_MEMBERS(inside.s1) & value;
    a3 += HIGH_MEMBERS(inside.s1) & value;
    a4 += LOW_MEMBERS(inside.s2) & value;
    a5 += HIGH_MEMBERS(inside.s2) & value;
    a6 += LOW_MEMBERS(inside.s3) & value;
    a7 += HIGH_MEMBERS(inside.s3) & value;
  }
  margin[0] = a0, margin[1] = a1, margin[2] = a2, margin[3] = a3;
  margin[4] = a4, margin[5] = a5, margin[6] = a6, margin[7] = a7;
}
#else
inline void add_cubes(__global const uint *restrict list,
                      uint n_used,
                      __global const uint *restrict member,
                      uint n_words,
                      int16 *low,
                      int16 *high) {
  for (uint at = 0; at < n_used;) {
    const int16 value = (int16)((int)list[at]);
    const uint end = at + APO_CUBE_HEAD_WORDS + list[at + 1];
    uint inside = 0xffffffffu;
    for (at += APO_CUBE_HEAD_WORDS; at < end; ++at) {
      const uint literal = list[at];
      inside &= member[(size_t)(literal >> 1) * n_words] ^ ((literal & 1) - 1);
    }
    *low += LOW_MEMBERS(inside) & value;
    *high += HIGH_MEMBERS(inside) & value;
  }
}
#endif

__kernel __attribute__((reqd_work_group_size(APO_GROUP, 1, 1))) void coalition_mean(
    const apo_coalition_mean_args args,
    __global const apo_node *restrict node,
    __global const apo_instance *restrict instance,
    __global const int *restrict leaf,
    __global const uint *restrict sets,
    __global const uint *restrict output_begin,
    __global const int *restrict base,
    __global const apo_code *restrict x_code,
    __global const apo_code *restrict b_code,
    __global const float *restrict weight,
    __global const uint *restrict player_of_column,
    __global const uint *restrict member,
    __global const uint *restrict list_of_row,
    __global float *restrict partial,
    __global uint *restrict scratch) {
  const uint lane = get_local_id(0);
  const uint row_block = get_group_id(0) / args.n_chunks;
  const uint row = row_block / args.n_blocks;
  const uint block = row_block % args.n_blocks;
  const uint b_begin = args.first_background + block * APO_BACKGROUND_BLOCK;
  const uint b_end = min(args.first_background + args.n_background, b_begin + APO_BACKGROUND_BLOCK);

  // Scratch of the group: margins first, since vectors want alignment, then lists, then trails.
#if APO_GROUP == 1
  const uint word_begin = 0;
  const uint n_own = args.n_words;
#else
  const uint word_begin = get_group_id(0) % args.n_chunks * APO_GROUP;
  const uint n_own = min((uint)APO_GROUP, args.n_words - word_begin);
#endif
  const uint stride = n_own * APO_VECTORS; /* vectors from one output to the next */
  __global uint *const group_scratch = scratch + (size_t)get_group_id(0) * args.group_words;
  __global APO_INT *const margin = (__global APO_INT *)group_scratch;
  __global uint *const lists = group_scratch + (size_t)args.n_planes * args.n_outputs * 32 * n_own;
  __global uint *const list = lists + (size_t)lane * args.lane_words;
  __global uint *const trail =
      lists + (size_t)APO_GROUP * args.lane_words + (size_t)lane * 2 * args.max_literals;

  __global const apo_code *const x = x_code + (size_t)row * args.n_columns;
  __global const uint *const own_member =
      member + (size_t)list_of_row[row] * args.n_players * args.n_words + word_begin;
  const uint partial_stride = args.n_words * APO_VECTORS;
  __global APO_FLOAT *const own_partial =
      (__global APO_FLOAT *)partial +
      (size_t)row_block * args.n_planes * args.n_outputs * partial_stride +
      word_begin * APO_VECTORS;
#if APO_GROUP > 1
  __local uint used[APO_GROUP];
  __local uint more[APO_GROUP];
#endif

  // A lane responds to the coalitions that it added up itself.
#if APO_GROUP == 1
  const uint v_begin = 0, v_end = stride;
#else
  const uint v_begin = min(lane * APO_VECTORS, stride), v_end = min(v_begin + APO_VECTORS, stride);
#endif
  for (uint k = 0; k < args.n_planes * args.n_outputs; ++k) {
    for (uint v = v_begin; v < v_end; ++v) {
      own_partial[(size_t)k * partial_stride + v] = (APO_FLOAT)(0.0f);
    }
  }
  for (uint b_at = b_begin; b_at < b_end; ++b_at) {
    __global const apo_code *const b = b_code + (size_t)b_at * args.n_columns;
    for (uint k = 0; k < args.n_outputs; ++k) {
      lane_walk walk = {output_begin[k] + lane, output_begin[k + 1], 0, 0, 0, false};
#if APO_GROUP == 1
      for (uint v = 0; v < stride; ++v) margin[k * stride + v] = (APO_INT)(base[k]);
      do {
        const uint n_used = list_cubes(&walk, &args, list, trail, node, instance, leaf, sets, x, b,
                                       player_of_column);
        for (uint w = 0; w < n_own; w += 4) {
          add_cubes(list, n_used, own_member + w, args.n_words, margin + k * stride + 2 * w);
        }
      } while (walk.is_inside || walk.instance < walk.end);
#else
      int16 low = (int16)(base[k]);
      int16 high = low;
      bool is_more = true;
      while (is_more) {
        used[lane] = list_cubes(&walk, &args, list, trail, node, instance, leaf, sets, x, b,
                                player_of_column);
        more[lane] = walk.is_inside || walk.instance < walk.end ? 1 : 0;
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);  // every list is written
        is_more = false;
        for (uint other = 0; other < APO_GROUP; ++other) {
          is_more = is_more || more[other] != 0;
          if (lane < n_own) {
            add_cubes(lists + (size_t)other * args.lane_words, used[other], own_member + lane,
                      args.n_words, &low, &high);
          }
        }
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);  // nobody still reads a list
      }
      if (lane < n_own) {
        __global int *const own = margin + k * stride + 32 * lane;
        vstore16(low, 0, own);
        vstore16(high, 1, own);
      }
#endif
    }
    const float share = weight[b_at];
    for (uint v = v_begin; v < v_end; ++v) {
      __global APO_FLOAT *const value = (__global APO_FLOAT *)(margin + v);
      for (uint k = 0; k < args.n_outputs; ++k) {
        value[k * stride] = APO_TO_FLOAT(margin[k * stride + v]) * args.unit;
      }
      apo_respond(APO_RESPONSE, args.response_scale, args.n_outputs, stride, args.n_planes, value);
      for (uint k = 0; k < args.n_planes * args.n_outputs; ++k) {
        own_partial[(size_t)k * partial_stride + v] += value[k * stride] * share;
      }
    }
  }
}
