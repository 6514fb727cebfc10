/* long_pairs.cl - interventional values of leaves with more players than a table is worth.
 *
 *   phi[slot][row] += round(leaf value * share), over long leaves [begin, end)
 *
 * A row's pattern c meets each distinct background pattern b; the leaf counts where every player
 * passes in c or in b.  There the two sets of long_pairs_abi.h are simple: nobody fails in both, so
 *
 *   A = players that fail in b         p = |A| depends on the pattern only
 *   N = players that fail in c         q = |N| depends on the row only
 *
 * All players of N have one share, all pairs inside N another, and all pairs of an A with an N a
 * third that depends on the former only.  So what is left is a test of "N inside b" a pattern, and
 * where it holds one addition for each player (pair) of A.
 *
 * Item:    APO_ROWS rows; on a CPU they are the lanes of vectors.
 * Launch:  global {n_rows / APO_ROWS}, local {APO_GROUP}.  Padding rows hold valid codes.
 * Buffers: long_pairs_abi.h.  A lane's scratch: sums of players [longest]; with pairs sums of mixed
 *          pairs [longest] and of pairs in A [longest (longest - 1) / 2]; then words of N.
 * Params:  APO_CODE_BYTES, APO_PAIRS, APO_GROUP, APO_ROWS  as long_pairs_abi.h
 * Cost:    per row and leaf: its tests, a comparison a pattern; per pattern that meets the row, |A|
 *          additions, |A|^2 / 2 with pairs; once, a product for each player (pair) and output.
 * Source:  two-path cubes: Laberge and Pequignot 2022, arXiv:2209.15123.
 */
#include "kernels/long_pairs/long_pairs_abi.h"

#if !defined(APO_CODE_BYTES) || !defined(APO_PAIRS) || !defined(APO_GROUP) || !defined(APO_ROWS)
  #error "long_pairs: the plan must set APO_CODE_BYTES, APO_PAIRS, APO_GROUP and APO_ROWS"
#endif

#include "kernels/long_leaf.clh"

// One value for each row of an item; MASK makes -1 of a comparison that holds, as vectors have it.
#if APO_GROUP == 1
  #define UINTS            uint16
  #define LONGS            long16
  #define STEP             16 /* from one value to the next in scratch */
  #define LOAD(p)          vload16(0, p)
  #define STORE(v, p)      vstore16(v, 0, p)
  #define ANY(mask)        any(mask)
  #define MASK(condition)  (condition)
  #define TO_UINTS(mask)   as_uint16(mask)
  #define TO_LONGS(mask)   convert_long16(mask)
  #define PICK(mask, a, b) select(b, a, mask)
#else
  #define UINTS            uint
  #define LONGS            long
  #define STEP             APO_GROUP
  #define LOAD(p)          (*(p))
  #define STORE(v, p)      (*(p) = (v))
  #define ANY(mask)        ((mask) != 0)
  #define MASK(condition)  (-(condition))
  #define TO_UINTS(mask)   ((uint)(mask))
  #define TO_LONGS(mask)   ((long)(mask))
  #define PICK(mask, a, b) ((mask) != 0 ? (a) : (b))
#endif

// A leaf with the rows of an item, and its place in the item's scratch.
typedef struct leaf_visit {
  uint n_players;
  uint n_words;
  __global long *single;
  __global long *mixed;
  __global long *both;
  __global uint *failed; /* words of N */
  LONGS failed_share;    /* of each player of N */
  LONGS failed_pair;     /* of each pair inside N */
} leaf_visit;

inline uint word_mask(uint n_players, uint word) {
  const uint n = n_players - 32 * word;
  return n >= 32 ? 0xffffffffu : (1u << n) - 1;
}

inline uint lowest_bit(uint bits) {
  return 31 - clz(bits & (0u - bits));
}

inline void add_to(__global long *sum, LONGS what) {
  STORE(LOAD(sum) + what, sum);
}

// N of the rows; returns q.
inline UINTS find_failed(const leaf_visit *visit,
                         __global const apo_pattern_test *test,
                         __global const apo_code *code,
                         uint stride) {
  uint at = 0;
  UINTS q = (UINTS)(0);
  for (uint w = 0; w < visit->n_words; ++w) {
    const uint n = min(visit->n_players - 32 * w, 32u);
    UINTS word = (UINTS)(0);
    for (uint bit = 0; bit < n; ++bit) {
      word |= TO_UINTS(~apo_lanes_pass(test, &at, code, stride)) & (UINTS)(1u << bit);
    }
    STORE(word, visit->failed + w * STEP);
    q += popcount(word);
  }
  return q;
}

// -1 for rows whose N lies inside b, else 0.
inline APO_LANES meets(const leaf_visit *visit, UINTS first_word, __global const uint *pattern) {
  APO_LANES mask = MASK((first_word & (UINTS)(~pattern[0])) == (UINTS)(0));
  for (uint w = 1; w < visit->n_words && ANY(mask); ++w) {
    const UINTS word = LOAD(visit->failed + w * STEP);
    mask &= MASK((word & (UINTS)(~pattern[w])) == (UINTS)(0));
  }
  return mask;
}

// weight * moment[r], r of each row.  Wraps as unsigned integers do.
inline LONGS weighed(__global const ulong *moment, const uint *r, ulong weight) {
#if APO_GROUP == 1
  const ulong16 found =
      (ulong16)(moment[r[0]], moment[r[1]], moment[r[2]], moment[r[3]], moment[r[4]], moment[r[5]],
                moment[r[6]], moment[r[7]], moment[r[8]], moment[r[9]], moment[r[10]],
                moment[r[11]], moment[r[12]], moment[r[13]], moment[r[14]], moment[r[15]]);
  return as_long16(found * (ulong16)(weight));
#else
  return as_long(moment[r[0]] * weight);
#endif
}

inline void clear_sums(const leaf_visit *visit) {
  const size_t n = visit->n_players;
  for (size_t i = 0; i < n; ++i) STORE((LONGS)(0), visit->single + i * STEP);
#if APO_PAIRS
  for (size_t i = 0; i < n; ++i) STORE((LONGS)(0), visit->mixed + i * STEP);
  for (size_t i = 0; i < n * (n - 1) / 2; ++i) STORE((LONGS)(0), visit->both + i * STEP);
#endif
}

#if APO_PAIRS
// The pairs of player i with those of A behind it.
inline void add_both(const leaf_visit *visit, uint i, __global const uint *pattern, LONGS both) {
  const size_t n = visit->n_players;
  __global long *const sum = visit->both + APO_PAIR(n, (size_t)i, (size_t)i + 1) * STEP;
  const uint first = i + 1;
  uint keep = 0xffffffffu << (first & 31);
  for (uint w = first >> 5; w < visit->n_words; ++w) {
    uint bits = ~pattern[w] & word_mask(visit->n_players, w) & keep;
    for (; bits != 0; bits &= bits - 1) {
      const uint j = 32 * w + lowest_bit(bits);
      add_to(sum + (size_t)(j - first) * STEP, both);
    }
    keep = 0xffffffffu;
  }
}
#endif

// One background pattern that meets the rows of `mask`.  `r` holds q, q - 1 and q - 2 of each row, 0
// in place of less, where nobody reads the sum.
inline void add_pattern(leaf_visit *visit,
                        __global const uint *pattern,
                        ulong weight,
                        APO_LANES mask,
                        __global const ulong *moments,
                        uint n_moments,
                        uint r[3][APO_ROWS]) {
  uint p = 0;
  for (uint w = 0; w < visit->n_words; ++w) {
    p += popcount(~pattern[w] & word_mask(visit->n_players, w));
  }
  const LONGS here = TO_LONGS(mask);
  __global const ulong *const moment = moments + (size_t)p * n_moments;
  visit->failed_share -= here & weighed(moment, r[1], weight);
#if APO_PAIRS
  visit->failed_pair += here & weighed(moment, r[2], weight);
#endif
  if (p == 0) return;
  const LONGS single = here & weighed(moment - n_moments, r[0], weight);
#if APO_PAIRS
  const LONGS mixed = here & weighed(moment - n_moments, r[1], weight);
  const LONGS both =
      p < 2 ? (LONGS)(0) : here & weighed(moment - 2 * (size_t)n_moments, r[0], weight);
#endif
  for (uint w = 0; w < visit->n_words; ++w) {
    uint bits = ~pattern[w] & word_mask(visit->n_players, w);
    for (; bits != 0; bits &= bits - 1) {
      const uint i = 32 * w + lowest_bit(bits);
      add_to(visit->single + (size_t)i * STEP, single);
#if APO_PAIRS
      add_to(visit->mixed + (size_t)i * STEP, -mixed);
      add_both(visit, i, pattern, both);
#endif
    }
  }
}

// -1 for rows in which player i fails, else 0.
inline LONGS fails(const leaf_visit *visit, uint i) {
  const UINTS bit = LOAD(visit->failed + (i >> 5) * STEP) & (UINTS)(1u << (i & 31));
  return TO_LONGS(MASK(bit != (UINTS)(0)));
}

// A share to phi of every output of the leaf, `step` elements apart.
inline void add_value(
    __global long *phi, size_t step, __global const int *value, uint n_outputs, LONGS share) {
  for (uint k = 0; k < n_outputs; ++k) {
    add_to(phi + k * step, APO_LEAF_SHARE(value[k], share, LONGS));
  }
}

inline void add_values(const leaf_visit *visit,
                       const apo_long_pairs_args *args,
                       const apo_long_leaf *leaf,
                       __global const uint *player,
                       __global const int *value,
                       __global long *phi) {
  const size_t n_players = args->n_players;
  const size_t step = n_players * args->stride;
  __global long *const to = phi + leaf->first_output * step;
#if APO_PAIRS
  const size_t pair_step = n_players * (n_players - 1) / 2 * args->stride;
  __global long *const pair_to = phi + args->n_outputs * step + leaf->first_output * pair_step;
  __global const long *both = visit->both;
#endif
  for (uint i = 0; i < visit->n_players; ++i) {
    const LONGS i_fails = fails(visit, i);
    const LONGS single = LOAD(visit->single + (size_t)i * STEP);
    add_value(to + (size_t)player[i] * args->stride, step, value, leaf->n_outputs,
              PICK(i_fails, visit->failed_share, single));
#if APO_PAIRS
    const LONGS i_mixed = LOAD(visit->mixed + (size_t)i * STEP);
    for (uint j = i + 1; j < visit->n_players; ++j, both += STEP) {
      const LONGS j_fails = fails(visit, j);
      const LONGS j_mixed = LOAD(visit->mixed + (size_t)j * STEP);
      const LONGS when_i_fails = PICK(j_fails, visit->failed_pair, j_mixed);
      const LONGS when_i_passes = PICK(j_fails, i_mixed, LOAD(both));
      const size_t low = min(player[i], player[j]);
      const size_t high = max(player[i], player[j]);
      add_value(pair_to + APO_PAIR(n_players, low, high) * args->stride, pair_step, value,
                leaf->n_outputs, PICK(i_fails, when_i_fails, when_i_passes));
    }
#endif
  }
}

__kernel __attribute__((reqd_work_group_size(APO_GROUP, 1, 1))) void long_pairs(
    const apo_long_pairs_args args,
    __global const apo_long_leaf *restrict leaves,
    __global const apo_pattern_test *restrict test,
    __global const uint *restrict player,
    __global const uint *restrict patterns,
    __global const int *restrict pattern_weight,
    __global const uint *restrict weight_begin,
    __global const ulong *restrict moments,
    __global const int *restrict value,
    __global const apo_code *restrict code,
    __global long *restrict phi,
    __global long *restrict share) {
  const size_t row = get_global_id(0) * APO_ROWS;
  const size_t longest = args.n_moments - 1;
  // A group's scratch holds value after value, each for all rows of the group.
  __global long *const own =
      share + get_group_id(0) * APO_LONG_PAIRS_SCRATCH(longest, APO_PAIRS) * STEP;
  leaf_visit visit;
  visit.single = own + get_local_id(0);
  visit.mixed = visit.single + longest * STEP;
  visit.both = visit.mixed + longest * STEP;
  visit.failed = (__global uint *)(own + APO_LONG_PAIRS_SUMS(longest, APO_PAIRS) * STEP);
  visit.failed += get_local_id(0);

  for (uint l = args.leaf_begin; l < args.leaf_end; ++l) {
    const apo_long_leaf leaf = leaves[l];
    __global const int *restrict weight = pattern_weight + weight_begin[l];
    __global const uint *restrict pattern = patterns + leaf.pattern_begin;
    visit.n_players = leaf.n_players;
    visit.n_words = APO_PATTERN_WORDS(leaf.n_players);
    visit.failed_share = (LONGS)(0);
    visit.failed_pair = (LONGS)(0);
    const UINTS q = find_failed(&visit, test + leaf.test_begin, code + row, args.stride);
    const UINTS first_word = LOAD(visit.failed);
    uint r[3][APO_ROWS];
    STORE(q, r[0]);
    STORE(max(q, (UINTS)(1)) - (UINTS)(1), r[1]);
    STORE(max(q, (UINTS)(2)) - (UINTS)(2), r[2]);

    bool is_met = false;
    for (uint k = 0; k < leaf.n_patterns; ++k, pattern += visit.n_words) {
      const APO_LANES mask = meets(&visit, first_word, pattern);
      if (!ANY(mask)) continue;
      if (!is_met) clear_sums(&visit);
      is_met = true;
      add_pattern(&visit, pattern, (ulong)(long)weight[k], mask, moments, args.n_moments, r);
    }
    if (is_met) {
      add_values(&visit, &args, &leaf, player + leaf.player_begin, value + leaf.value_begin,
                 phi + row);
    }
  }
}
