/* long_path.cl - path-dependent values of leaves with more players than a table is worth.
 *
 *   phi[slot][row] += round(leaf value * share), over long leaves [begin, end)
 *
 * The shares (long_path_abi.h) leave one or two factors out of a product, and nothing is divided:
 * a factor is (1 - t) r_j when player j fails, (1 - t) r_j + t when it passes, so a leaf has two for
 * each player and point, whatever the row.  Their inverses make the left-out products,
 *
 *   i passes    (1 - r_i) sum over t of product_t * 1 / ((1 - t) r_i + t)
 *   i fails     - sum over t of product_t * 1 / (1 - t)         r_i is in the product; one for all
 *
 * and pairs two of them: what differs between pairs are those in which both pass.  Every term is
 * positive, so fp32 loses about one rounding an operation.  The order of operations is that of the
 * twin: points and players ascend, products are rounded before they are added.
 *
 * Item:    APO_ROWS rows: four vectors of sixteen on a CPU, one row on a GPU, whose group makes
 *          the tables together.
 * Launch:  global {n_rows / APO_ROWS}, local {APO_GROUP}.  Padding rows hold valid codes.
 * Buffers: long_path_abi.h.  A group's scratch, rows innermost, 64 of them: fail [points x padded],
 *          inverse [points x padded], ratio [padded]; product [points], pass [longest]; with pairs
 *          without [points], mixed [longest].
 * Params:  APO_CODE_BYTES, APO_PAIRS, APO_GROUP, APO_ROWS  as long_path_abi.h
 * Cost:    per row and leaf of D players: its tests; D points multiplications twice (pairs: D^2 / 2
 *          points); once, a product for each player (pair) and output.  Per group and leaf 2 D points
 *          table entries.
 * Source:  the integral over t: Owen 1972, "Multilinear extensions of games"; Gauss-Legendre
 *          quadrature is exact for its degree.
 */
#include "kernels/long_path/long_path_abi.h"

#if !defined(APO_CODE_BYTES) || !defined(APO_PAIRS) || !defined(APO_GROUP) || !defined(APO_ROWS)
  #error "long_path: the plan must set APO_CODE_BYTES, APO_PAIRS, APO_GROUP and APO_ROWS"
#endif

#include "kernels/long_leaf.clh"
#include "kernels/response.clh"

// X for each vector of an item.  They are named one by one so that they stay in registers; in
// memory a value takes ROWS words, those of vector k behind k vectors.
#define ROWS APO_LONG_PATH_ROWS
#if APO_GROUP == 1
  #define EACH(X)         X(0) X(1) X(2) X(3)
  #define LONGS           long16
  #define LOAD(p, k)      vload16(k, p)
  #define STORE(v, p, k)  vstore16(v, k, p)
  #define TO_INTS(x)      convert_int16(x)
  #define TO_LONGS(x)     convert_long16(x)
  #define AT_VECTOR(p, k) ((p) + (k)*16)
#else
  #define EACH(X)         X(0)
  #define LONGS           long
  #define LOAD(p, k)      (*(p))
  #define STORE(v, p, k)  (*(p) = (v))
  #define TO_INTS(x)      convert_int(x)
  #define TO_LONGS(x)     convert_long(x)
  #define AT_VECTOR(p, k) (p)
#endif

// The part of a group's scratch that belongs to a leaf, and the leaf.
typedef struct leaf_visit {
  uint n_players;
  uint n_points;
  uint padded;
  __global const apo_long_point *point;
  __global const float *ratio;
  __global float *fail;
  __global float *inverse;
  __global float *own_ratio; /* padded */
  __global float *product;
  __global int *pass; /* -1 or 0 */
  __global float *without;
  __global float *mixed;
} leaf_visit;

// Where phi is, and what a leaf adds to it.
typedef struct leaf_target {
  __global long *phi;
  __global const int *value;
  size_t step; /* from one output to the next */
  uint n_outputs;
} leaf_target;

inline void fill_tables(const leaf_visit *v) {
#if APO_GROUP == 1
  for (uint i = 0; i < v->padded; ++i) v->own_ratio[i] = i < v->n_players ? v->ratio[i] : 1.0f;
  for (uint t = 0; t < v->n_points; ++t) {
    for (uint i = 0; i < v->padded; i += 16) {
      const float16 fail = v->point[t].rest * vload16(0, v->own_ratio + i);
      vstore16(fail, 0, v->fail + t * v->padded + i);
      vstore16(apo_reciprocal(fail + v->point[t].t), 0, v->inverse + t * v->padded + i);
    }
  }
#else
  for (uint e = get_local_id(0); e < v->n_points * v->n_players; e += APO_GROUP) {
    const uint t = e / v->n_players;
    const uint i = e % v->n_players;
    const float fail = v->point[t].rest * v->ratio[i];
    v->fail[t * v->padded + i] = fail;
    v->inverse[t * v->padded + i] = apo_reciprocal(fail + v->point[t].t);
  }
#endif
}

inline void find_passes(const leaf_visit *v,
                        __global const apo_pattern_test *restrict test,
                        __global const apo_code *restrict code,
                        uint stride) {
#define START(k) uint at##k = 0;
#define PASS(k) \
  STORE(apo_lanes_pass(test, &at##k, AT_VECTOR(code, k), stride), v->pass + i * ROWS, k);
  EACH(START)
  for (uint i = 0; i < v->n_players; ++i) {
    EACH(PASS)
  }
#undef START
#undef PASS
}

inline void multiply(const leaf_visit *v) {
#define START(k)  APO_FLOAT product##k = (APO_FLOAT)(p.weight);
#define FACTOR(k) product##k *= fail + APO_AS_FLOAT(LOAD(v->pass + i * ROWS, k) & as_int(p.t));
#define KEEP(k)   STORE(product##k, v->product + t * ROWS, k);
  for (uint t = 0; t < v->n_points; ++t) {
    const apo_long_point p = v->point[t];
    EACH(START)
    for (uint i = 0; i < v->n_players; ++i) {
      const float fail = v->fail[t * v->padded + i];
      EACH(FACTOR)
    }
    EACH(KEEP)
  }
#undef START
#undef FACTOR
#undef KEEP
}

// A share to phi of every output of the leaf; `sign` is -1 where it is negative, else 0.
inline void add_value(const leaf_target *to,
                      __global long *phi,
                      APO_FLOAT magnitude,
                      APO_INT sign) {
  const APO_FLOAT scaled = magnitude * 1073741824.0f;
  APO_INT units = TO_INTS(scaled);
  const APO_FLOAT over = scaled - APO_TO_FLOAT(units);
  units = APO_PICK_INT(over >= 0.5f, units + 1, units);
  const LONGS share = TO_LONGS((units ^ sign) - sign);
  for (uint k = 0; k < to->n_outputs; ++k, phi += to->step) {
    const LONGS value = (LONGS)((long)to->value[k]) * share;
    STORE(LOAD(phi, 0) + ((value + (LONGS)(1l << 29)) >> 30), phi, 0);
  }
}

inline void add_singles(const leaf_visit *v,
                        const leaf_target *to,
                        __global const uint *restrict player,
                        uint stride) {
#define START_FAILED(k) APO_FLOAT failed##k = (APO_FLOAT)(0.0f);
#define TERM_FAILED(k)  failed##k += LOAD(v->product + t * ROWS, k) * v->point[t].inverse;
#define START(k)        APO_FLOAT sum##k = (APO_FLOAT)(0.0f);
#define TERM(k)         sum##k += LOAD(v->product + t * ROWS, k) * inverse;
#define ADD(k)                                                                               \
  {                                                                                          \
    const APO_INT pass = LOAD(v->pass + i * ROWS, k);                                        \
    add_value(to, AT_VECTOR(phi, k), APO_PICK(pass != 0, scale * sum##k, failed##k), ~pass); \
  }
  EACH(START_FAILED)
  for (uint t = 0; t < v->n_points; ++t) {
    EACH(TERM_FAILED)
  }
  for (uint i = 0; i < v->n_players; ++i) {
    __global long *const phi = to->phi + (size_t)player[i] * stride;
    const float scale = 1.0f - v->ratio[i];
    EACH(START)
    for (uint t = 0; t < v->n_points; ++t) {
      const float inverse = v->inverse[t * v->padded + i];
      EACH(TERM)
    }
    EACH(ADD)
  }
#undef START_FAILED
#undef TERM_FAILED
#undef START
#undef TERM
#undef ADD
}

#if APO_PAIRS
// Shares of a player that passes together with one that fails: the same for all of those.
inline void find_mixed(const leaf_visit *v) {
  #define START(k) APO_FLOAT sum##k = (APO_FLOAT)(0.0f);
  #define TERM(k)  sum##k += (LOAD(v->product + t * ROWS, k) * inverse) * v->point[t].inverse;
  #define KEEP(k)  STORE(scale *sum##k, v->mixed + i * ROWS, k);
  for (uint i = 0; i < v->n_players; ++i) {
    const float scale = 1.0f - v->ratio[i];
    EACH(START)
    for (uint t = 0; t < v->n_points; ++t) {
      const float inverse = v->inverse[t * v->padded + i];
      EACH(TERM)
    }
    EACH(KEEP)
  }
  #undef START
  #undef TERM
  #undef KEEP
}

inline void add_pairs(const leaf_visit *v,
                      const leaf_target *to,
                      __global const uint *restrict player,
                      size_t n_players,
                      uint stride) {
  #define START_FAILED(k) APO_FLOAT failed##k = (APO_FLOAT)(0.0f);
  #define TERM_FAILED(k) \
    failed##k += (LOAD(v->product + t * ROWS, k) * v->point[t].inverse) * v->point[t].inverse;
  #define WITHOUT(k) STORE(LOAD(v->product + t * ROWS, k) * i_inverse, v->without + t * ROWS, k);
  #define START(k)   APO_FLOAT sum##k = (APO_FLOAT)(0.0f);
  #define TERM(k)    sum##k += LOAD(v->without + t * ROWS, k) * j_inverse;
  #define ADD(k)                                                                               \
    {                                                                                          \
      const APO_INT i_pass = LOAD(v->pass + i * ROWS, k);                                      \
      const APO_INT j_pass = LOAD(v->pass + j * ROWS, k);                                      \
      const APO_FLOAT passed =                                                                 \
          APO_PICK(j_pass != 0, scale * sum##k, LOAD(v->mixed + i * ROWS, k));                 \
      const APO_FLOAT other = APO_PICK(j_pass != 0, LOAD(v->mixed + j * ROWS, k), failed##k);  \
      add_value(to, AT_VECTOR(phi, k), APO_PICK(i_pass != 0, passed, other), i_pass ^ j_pass); \
    }
  EACH(START_FAILED)
  for (uint t = 0; t < v->n_points; ++t) {
    EACH(TERM_FAILED)
  }
  for (uint i = 0; i < v->n_players; ++i) {
    for (uint t = 0; t < v->n_points; ++t) {
      const float i_inverse = v->inverse[t * v->padded + i];
      EACH(WITHOUT)
    }
    for (uint j = i + 1; j < v->n_players; ++j) {
      const size_t low = min(player[i], player[j]);
      const size_t high = max(player[i], player[j]);
      __global long *const phi = to->phi + APO_PAIR(n_players, low, high) * stride;
      const float scale = (1.0f - v->ratio[i]) * (1.0f - v->ratio[j]);
      EACH(START)
      for (uint t = 0; t < v->n_points; ++t) {
        const float j_inverse = v->inverse[t * v->padded + j];
        EACH(TERM)
      }
      EACH(ADD)
    }
  }
  #undef START_FAILED
  #undef TERM_FAILED
  #undef WITHOUT
  #undef START
  #undef TERM
  #undef ADD
}
#endif

__kernel __attribute__((reqd_work_group_size(APO_GROUP, 1, 1))) void long_path(
    const apo_long_path_args args,
    __global const apo_long_leaf *restrict leaves,
    __global const apo_pattern_test *restrict test,
    __global const uint *restrict players,
    __global const float *restrict ratio,
    __global const apo_long_point *restrict point,
    __global const uint *restrict points_of,
    __global const int *restrict value,
    __global const apo_code *restrict code,
    __global long *restrict phi,
    __global float *restrict factor) {
  const size_t row = get_global_id(0) * APO_ROWS;
  const size_t n_scratch = APO_LONG_PATH_SCRATCH(args.longest, args.n_points, APO_PAIRS);
  leaf_visit visit;
  visit.padded = APO_LONG_PATH_PADDED(args.longest);
  visit.fail = factor + get_group_id(0) * n_scratch;
  visit.inverse = visit.fail + (size_t)args.n_points * visit.padded;
  visit.own_ratio = visit.inverse + (size_t)args.n_points * visit.padded;
  visit.product = visit.own_ratio + visit.padded + get_local_id(0);
  visit.pass = (__global int *)(visit.product + (size_t)args.n_points * ROWS);
  visit.without = (__global float *)(visit.pass + (size_t)args.longest * ROWS);
  visit.mixed = visit.without + (size_t)args.n_points * ROWS;

  for (uint l = args.leaf_begin; l < args.leaf_end; ++l) {
    const apo_long_leaf leaf = leaves[l];
    __global const uint *restrict player = players + leaf.player_begin;
    visit.n_players = leaf.n_players;
    visit.n_points = points_of[2 * l + 1];
    visit.point = point + points_of[2 * l];
    visit.ratio = ratio + leaf.player_begin;
    fill_tables(&visit);
    find_passes(&visit, test + leaf.test_begin, code + row, args.stride);
#if APO_GROUP > 1
    barrier(CLK_GLOBAL_MEM_FENCE);  // the tables are written
#endif
    leaf_target to = {.value = value + leaf.value_begin,
                      .step = (size_t)args.n_players * args.stride,
                      .n_outputs = leaf.n_outputs};
    to.phi = phi + row + leaf.first_output * to.step;
    multiply(&visit);
    add_singles(&visit, &to, player, args.stride);
#if APO_PAIRS
    const size_t n_players = args.n_players;
    to.phi = phi + row + args.n_outputs * to.step;
    to.step = n_players * (n_players - 1) / 2 * args.stride;
    to.phi += leaf.first_output * to.step;
    find_mixed(&visit);
    add_pairs(&visit, &to, player, n_players, args.stride);
#endif
#if APO_GROUP > 1
    barrier(CLK_GLOBAL_MEM_FENCE);  // nobody still reads them
#endif
  }
}
