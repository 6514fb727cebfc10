/* leaf_vectors.cl - the subset sums of each leaf, from which its values follow by additions.
 *
 *   z_j[c] = sum over S inside c of W(|S| - j) g(S)     all uint64, wrapping
 *
 * g(S) is the share of the background that passes every player outside S.  With F the players that
 * an index fails, APO_GAME 0 adds its count to h[F]; a background row counts for S when F is inside
 * S, so g is the subset sum of h.  APO_GAME 1 multiplies the ratios of the players outside S.
 *
 * A subset sum of 2^D words takes D passes, each adds half of the words to the other half.  All is
 * done in the output: the last vector holds h, then g, until it gets its own z.
 *
 * Item:    APO_GROUP 1: a group, one leaf after the other; 64: its share of a leaf's words.
 * Launch:  global {(group_end - group_begin) * APO_GROUP}, local {APO_GROUP}.
 * Buffers: group         [n_groups]        in
 *          group_leaf    [n_leaves]        in
 *          group_player  [n_group_players] in
 *          count         [of the chunk]    in, int32; one unused word in game 1
 *          ratio         [n_group_players] in, uint64, 2^-62; one unused word in game 0
 *          weight        [APO_WEIGHTS]     in, uint64
 *          vector        [of the chunk]    out, uint64
 * Params:  APO_GAME   0 background counts, 1 cover ratios
 *          APO_PAIRS  0: beta, alpha; 1: beta, alpha, b, a, d (kernels/leaf_groups.h)
 *          APO_GROUP  1   CPU: vectors of eight words
 *                     64  GPU: a barrier after each pass
 * Cost:    per leaf of D players: (2 or 5) 2^D D / 2 additions, and 2^n_bits for its counts.
 */
#include "kernels/leaf_vectors/leaf_vectors_abi.h"

#if !defined(APO_GAME) || !defined(APO_PAIRS) || !defined(APO_GROUP)
  #error "leaf_vectors: the plan must set APO_GAME, APO_PAIRS and APO_GROUP"
#endif

#include "kernels/leaf_groups.clh"

#if APO_PAIRS
  #define N_VECTORS 5
#else
  #define N_VECTORS 2
#endif
#define ONE ((ulong)1 << 62)

// W(|S| - j) of vector `v`: beta and alpha are j = 0, 1 of order 1; b, a, d are 0, 1, 2 of order 2.
inline ulong weight_of(__global const ulong *restrict weight, uint v, uint n_players, uint size) {
  const uint order = v < 2 ? 1 : 2;
  const uint j = v < 2 ? v : v - 2;
  return size < j ? 0 : weight[APO_WEIGHT(order, n_players, size - j)];
}

// g itself: sums of counts wrap to int32, products come down from 2^-62 to 2^-28.
inline ulong share_of(ulong g) {
#if APO_GAME == 0
  return (ulong)(long)(int)g;
#else
  return (g + ((ulong)1 << 33)) >> 34;
#endif
}

#if APO_GROUP == 1

  #define MAX_INDICES (1 << APO_LEAF_PLAYERS)

// Vectors at any word; vload and vstore are taken apart by some compilers.
typedef ulong8 __attribute__((aligned(8))) word8;
typedef ulong4 __attribute__((aligned(8))) word4;
typedef int16 __attribute__((aligned(4))) word16;
typedef union lanes16 {
  ushort16 all;
  ushort one[16];
} lanes16;
  #define AT8(pointer)  (*(__global word8 *)(pointer))
  #define AT16(pointer) (*(word16 *)(pointer))

// Weights of one number of players, by order; two zeros stand before each, for sets of -2 and -1.
typedef struct leaf_weights {
  ulong of[2][APO_LEAF_PLAYERS + 6];
  uint n_players;
} leaf_weights;

// Each word becomes the sum over the subsets of its number.
inline void add_subsets(__global ulong *restrict word, uint n_players) {
  const uint n = 1u << n_players;
  if (n_players < 3) {
    for (uint step = 1; step < n; step *= 2) {
      for (uint c = 0; c < n; ++c) {
        if ((c & step) != 0) word[c] += word[c - step];
      }
    }
    return;
  }
  for (uint c = 0; c < n; c += 8) {
    ulong8 x = AT8(word + c);
    x += (ulong8)(0, x.s0, 0, x.s2, 0, x.s4, 0, x.s6);
    x += (ulong8)(0, 0, x.s01, 0, 0, x.s45);
    x += (ulong8)(0, 0, 0, 0, x.s0123);
    AT8(word + c) = x;
  }
  uint step = 8;
  if ((n_players & 1) == 0) {  // then the other bits come in pairs
    for (uint c = 0; c < n; c += 16) {
      AT8(word + c + 8) += AT8(word + c);
    }
    step = 16;
  }
  for (; step < n; step *= 4) {
    for (uint base = 0; base < n; base += 4 * step) {
      for (uint c = base; c < base + step; c += 8) {
        const ulong8 x0 = AT8(word + c);
        const ulong8 x1 = AT8(word + c + step) + x0;
        const ulong8 x2 = AT8(word + c + 2 * step);
        const ulong8 x3 = AT8(word + c + 3 * step) + x2;
        AT8(word + c + step) = x1;
        AT8(word + c + 2 * step) = x2 + x0;
        AT8(word + c + 3 * step) = x3 + x1;
      }
    }
  }
}

  #if APO_GAME == 0
    // Sums neighbours that differ in one of the four lowest bits, and closes the gaps.
    #define FOLD_LOW(keep, drop)                                         \
      for (uint i = 0; i < n; i += 32) {                                 \
        const int16 lo = AT16(x + i);                                    \
        const int16 hi = AT16(x + i + 16);                               \
        AT16(x + i / 2) = (int16)(lo.keep + lo.drop, hi.keep + hi.drop); \
      }

// Forgets a bit of the index: words that differ in it become one, in place.
inline void fold_bit(int *x, uint n, uint bit) {
  if (bit >= 4) {
    const uint step = 1u << bit;
    uint to = 0;
    for (uint base = 0; base < n; base += 2 * step) {
      for (uint i = base; i < base + step; i += 16, to += 16) {
        AT16(x + to) = AT16(x + i) + AT16(x + i + step);
      }
    }
  } else if (bit == 3) {
    FOLD_LOW(s01234567, s89abcdef)
  } else if (bit == 2) {
    FOLD_LOW(s012389ab, s4567cdef)
  } else if (bit == 1) {
    FOLD_LOW(s014589cd, s2367abef)
  } else {
    FOLD_LOW(s02468ace, s13579bdf)
  }
}

// h: the counts by the set of players that fail.  Bits of no player are summed away first.
inline void add_counts(const apo_group_leaf leaf,
                       __global const apo_group_player *restrict player,
                       __global const int *restrict count,
                       uint n_bits,
                       int *x,
                       __global ulong *restrict h) {
  uint n = 1u << n_bits;
  uint cares = 0;
  for (uint i = 0; i < leaf.n_players; ++i) cares |= player[i].care;
  if (n >= 16) {
    for (uint i = 0; i < n; i += 16) AT16(x + i) = *(__global const word16 *)(count + i);
  } else {
    for (uint i = 0; i < n; ++i) x[i] = count[i];
  }
  for (uint bit = n_bits; bit-- > 0;) {
    if ((cares >> bit & 1) != 0) continue;
    fold_bit(x, n, bit);
    n /= 2;
  }

  for (uint c = 0; c < 1u << leaf.n_players; ++c) h[c] = 0;
  lanes16 offset;
  lanes16 fails;
  uint index = 0;  // goes through the subsets of `cares` in order
  for (uint lane = 0; lane < 16; ++lane) {
    offset.one[lane] = (ushort)index;
    index = ((index | ~cares) + 1) & cares;
  }
  const uint high = n <= 16 ? 0 : cares & ~(uint)offset.one[15];
  index = 0;
  for (uint i = 0; i < n; i += 16) {
    const ushort16 indices = offset.all | (ushort)index;
    ushort16 failing = 0;
    for (uint p = 0; p < leaf.n_players; ++p) {
      const ushort care = (ushort)player[p].care;
      const ushort want = (ushort)player[p].want;
      failing |= as_ushort16((indices & care) != want) & (ushort)(1u << p);
    }
    fails.all = failing;
    if (n >= 16) {
      for (uint lane = 0; lane < 16; ++lane) h[fails.one[lane]] += (ulong)(long)x[i + lane];
    } else {
      for (uint lane = 0; lane < n; ++lane) h[fails.one[lane]] += (ulong)(long)x[lane];
    }
    index = ((index | ~high) + 1) & high;
  }
}
  #endif

  #if APO_GAME == 1
// g: for each player in order, the sets without it come to be multiplied, those with it are new.
inline void multiply_ratios(uint n_players,
                            __global const ulong *restrict ratio,
                            __global ulong *restrict g) {
  g[0] = ONE;
  for (uint p = 0; p < n_players; ++p) {
    const uint n = 1u << p;
    const ulong own = ratio[p];
    for (uint c = 0; c < n; ++c) {
      const ulong product = g[c];
      g[n + c] = product;
      g[c] = mul_hi(product, own) << 2;
    }
  }
}
  #endif

inline ulong8 shares_of(ulong8 g) {
  #if APO_GAME == 0
  return as_ulong8(convert_long8(convert_int8(as_long8(g))));
  #else
  return (g + ((ulong)1 << 33)) >> 34;
  #endif
}

inline void set_weights(__global const ulong *restrict weight, uint n_players, leaf_weights *to) {
  if (to->n_players == n_players) return;
  to->n_players = n_players;
  for (uint order = 0; order < 1 + APO_PAIRS; ++order) {
    to->of[order][0] = to->of[order][1] = 0;
    for (uint size = 0; size <= n_players; ++size) {
      to->of[order][2 + size] = weight[APO_WEIGHT(order + 1, n_players, size)];
    }
  }
}

// All z before their subset sums; `g` is the last of them.  Sets of eight words in a row have the
// lowest one's size and up to three more.
inline void weigh(__global const ulong *restrict weight,
                  uint n_players,
                  leaf_weights *known,
                  __global ulong *vector) {
  const uint n = 1u << n_players;
  __global const ulong *g = vector + (N_VECTORS - 1) * n;
  if (n_players < 3) {
    for (uint c = 0; c < n; ++c) {
      const ulong own = share_of(g[c]);
      for (uint v = 0; v < N_VECTORS; ++v) {
        vector[v * n + c] = own * weight_of(weight, v, n_players, popcount(c));
      }
    }
    return;
  }
  set_weights(weight, n_players, known);
  #define WEIGH(v, order, j) \
    AT8(vector + v * n + c) = own * (*(word4 *)(known->of[order] + size + 2 - j)).s01121223;
  for (uint c = 0; c < n; c += 8) {
    const ulong8 own = shares_of(AT8(g + c));
    const uint size = popcount(c);
    WEIGH(0, 0, 0)
    WEIGH(1, 0, 1)
  #if APO_PAIRS
    WEIGH(2, 1, 0)
    WEIGH(3, 1, 1)
    WEIGH(4, 1, 2)
  #endif
  }
}

#else

// One pass after the other over `n_vectors` vectors side by side.
inline void add_subsets(__global ulong *word, uint n_players, uint n_vectors) {
  const uint n_half = n_vectors << (n_players - 1);
  for (uint bit = 0; bit < n_players; ++bit) {
    const uint step = 1u << bit;
    for (uint i = get_local_id(0); i < n_half; i += APO_GROUP) {
      const uint c = ((i & ~(step - 1)) << 1) | (i & (step - 1));
      word[c + step] += word[c];
    }
    barrier(CLK_GLOBAL_MEM_FENCE);
  }
}

  #if APO_GAME == 0
inline void add_counts(const apo_group_leaf leaf,
                       __global const apo_group_player *restrict player,
                       __global const int *restrict count,
                       uint n_bits,
                       __global ulong *h) {
  const uint n = 1u << leaf.n_players;
  for (uint c = get_local_id(0); c < n; c += APO_GROUP) h[c] = 0;
  barrier(CLK_GLOBAL_MEM_FENCE);
  for (uint i = get_local_id(0); i < 1u << n_bits; i += APO_GROUP) {
    const int own = count[i];
    if (own == 0) continue;
    const uint fails = n - 1 - apo_leaf_pattern(player, leaf.n_players, i);
    // The low half of the word; what overflows it does not count.
    atomic_add((volatile __global int *)(h + fails), own);
  }
  barrier(CLK_GLOBAL_MEM_FENCE);
  add_subsets(h, leaf.n_players, 1);
}
  #else
inline ulong product_of(__global const ulong *restrict ratio, uint n_players, uint present) {
  ulong product = ONE;
  for (uint p = 0; p < n_players; ++p) {
    if ((present >> p & 1) == 0) product = mul_hi(product, ratio[p]) << 2;
  }
  return product;
}
  #endif

#endif

__kernel __attribute__((reqd_work_group_size(APO_GROUP, 1, 1))) void leaf_vectors(
    const apo_leaf_vectors_args args,
    __global const apo_leaf_group *restrict group,
    __global const apo_group_leaf *restrict group_leaf,
    __global const apo_group_player *restrict group_player,
    __global const int *restrict count,
    __global const ulong *restrict ratio,
    __global const ulong *restrict weight,
    __global ulong *restrict vector) {
  const apo_leaf_group of = group[args.group_begin + get_group_id(0)];
#if APO_GROUP == 1 && APO_GAME == 0
  int counts[MAX_INDICES];
  for (uint i = 0; i < 32; ++i) counts[i] = 0;  // folds of short vectors look past their end
#endif
#if APO_GROUP == 1
  leaf_weights known;
  known.n_players = 0;
#endif
  for (uint l = of.leaf_begin; l < of.leaf_begin + of.n_leaves; ++l) {
    const apo_group_leaf leaf = group_leaf[l];
    const uint n = 1u << leaf.n_players;
    __global ulong *to = vector + leaf.vector_begin;
    __global ulong *g = to + (N_VECTORS - 1) * n;
#if APO_GROUP == 1
  #if APO_GAME == 0
    add_counts(leaf, group_player + leaf.player_begin, count + of.count_begin, of.n_bits, counts,
               g);
    add_subsets(g, leaf.n_players);
  #else
    multiply_ratios(leaf.n_players, ratio + leaf.player_begin, g);
  #endif
    weigh(weight, leaf.n_players, &known, to);
    for (uint v = 0; v < N_VECTORS; ++v) add_subsets(to + v * n, leaf.n_players);
#else
  #if APO_GAME == 0
    add_counts(leaf, group_player + leaf.player_begin, count + of.count_begin, of.n_bits, g);
  #endif
    for (uint c = get_local_id(0); c < n; c += APO_GROUP) {
  #if APO_GAME == 0
      const ulong own = share_of(g[c]);
  #else
      const ulong own = share_of(product_of(ratio + leaf.player_begin, leaf.n_players, c));
  #endif
      for (uint v = 0; v < N_VECTORS; ++v) {
        to[v * n + c] = own * weight_of(weight, v, leaf.n_players, popcount(c));
      }
    }
    barrier(CLK_GLOBAL_MEM_FENCE);
    add_subsets(to, leaf.n_players, N_VECTORS);
#endif
  }
}
