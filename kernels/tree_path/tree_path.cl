/* tree_path.cl - path-dependent values of trees too deep for tables, by quadrature.
 *
 *   phi[slot][row] += round(sum over the tree's edges of the player), trees [begin, end)
 *
 * One pass down and up a tree (tree_path_abi.h).  What a row does at a node only chooses between
 * factors that the host has made, so nothing is divided here; the second child's product is what the
 * first leaves over.  The order of operations is that of the twin: nodes in the order of steps,
 * points ascend, products are rounded before they are added.
 *
 * Item:    APO_ROWS rows: two vectors of sixteen on a CPU, one row on a GPU; then those that lie as
 *          many further on as the launch has.
 * Launch:  global {any multiple of APO_GROUP up to n_rows / APO_ROWS}, local {APO_GROUP}.  Padding
 *          rows hold valid codes.
 * Buffers: tree_path_abi.h.  A work-group's scratch, rows innermost: products [n_levels][point],
 *          first children's totals [n_levels][point], the last total [point], masks [n_levels + 1],
 *          sums [n_sums].
 * Params:  APO_CODE_BYTES, APO_POINTS, APO_GROUP, APO_ROWS  as tree_path_abi.h
 * Cost:    per row, inner node and point five multiplications, five additions, three choices.
 * Source:  the integral over t: Owen 1972, "Multilinear extensions of games"; Gauss-Legendre
 *          quadrature is exact for its degree.
 */
#include "kernels/tree_path/tree_path_abi.h"

#if !defined(APO_CODE_BYTES) || !defined(APO_POINTS) || !defined(APO_GROUP) || !defined(APO_ROWS)
  #error "tree_path: the plan must set APO_CODE_BYTES, APO_POINTS, APO_GROUP and APO_ROWS"
#endif

#include "kernels/long_leaf.clh"
#include "kernels/response.clh"

// X for each vector of an item.  They are named one by one so that they stay in registers; in
// memory a value takes WIDTH words, and vectors are aligned.
#if APO_GROUP == 1
  #define WIDTH           32
  #define EACH(X)         X(0) X(1)
  #define FLOATS(p, k)    (((__global float16 *)(p))[k])
  #define INTS(p, k)      (((__global int16 *)(p))[k])
  #define LONGS(p, k)     (((__global long16 *)(p))[k])
  #define TO_INTS(x)      convert_int16(x)
  #define TO_LONGS(x)     convert_long16(x)
  #define AT_VECTOR(p, k) ((p) + (k)*16)
#else
  #define WIDTH           64
  #define EACH(X)         X(0)
  #define FLOATS(p, k)    (*(p))
  #define INTS(p, k)      (*(p))
  #define LONGS(p, k)     (*(p))
  #define TO_INTS(x)      convert_int(x)
  #define TO_LONGS(x)     convert_long(x)
  #define AT_VECTOR(p, k) (p)
#endif

// A group's scratch, from the item's first row on.
typedef struct tree_state {
  __global float *product; /* [level][point] */
  __global float *total;   /* [level + 1][point]; 0: the last one */
  __global int *mask;      /* [level + 1] -1 or 0 */
  __global float *sum;
} tree_state;

#define PRODUCTS(s, level) ((s)->product + (level) * (APO_POINTS * WIDTH))
#define TOTALS(s, row)     ((s)->total + (row) * (APO_POINTS * WIDTH))

static inline void start_tree(const tree_state *s, __global const float *root, uint n_sums) {
#define MASK(k) INTS(s->mask, k) = (APO_INT)(-1);
#define ROOT(k) FLOATS(s->product + t * WIDTH, k) = (APO_FLOAT)(root[t]);
#define SUM(k)  FLOATS(s->sum + i * WIDTH, k) = (APO_FLOAT)(0.0f);
  EACH(MASK)
  for (uint t = 0; t < APO_POINTS; ++t) {
    EACH(ROOT)
  }
  for (uint i = 0; i < n_sums; ++i) {
    EACH(SUM)
  }
#undef MASK
#undef ROOT
#undef SUM
}

#define FACTOR(name) (APO_FLOAT)(factor[APO_PATH_##name * APO_POINTS + t])

#define READ_BEFORE(k) const APO_INT before##k = INTS(s->mask + node->before * WIDTH, k);
#define READ_TEST(k) \
  const APO_INT first##k = apo_lanes_inside(node->test, AT_VECTOR(code, k), stride);
#define START_DOT(k) APO_FLOAT dot##k = (APO_FLOAT)(0.0f);

// The first child's product and the second's.
#define SPLIT(k)                                                                              \
  const APO_FLOAT h##k = FLOATS(product + t * WIDTH, k);                                      \
  const APO_FLOAT a##k = h##k * APO_PICK(before##k, APO_PICK(first##k, takes, fails), share); \
  const APO_FLOAT b##k = h##k - a##k;

// Both children's totals are known.
#define JOIN(k)                                                                     \
  const APO_FLOAT total##k = x##k + y##k;                                           \
  const APO_FLOAT taken##k = APO_PICK(first##k, x##k * of_first, y##k * of_second); \
  FLOATS(total + t * WIDTH, k) = total##k;                                          \
  dot##k = dot##k + (taken##k - total##k * above);

// A row that failed the player's tests above adds nothing.
#define ADD_SUM(k) FLOATS(sum, k) = FLOATS(sum, k) + APO_PICK(before##k, dot##k, (APO_FLOAT)(0.0f));

static inline void visit_leaves(const tree_state *s,
                                __global const apo_path_node *node,
                                __global const float *factor,
                                __global const apo_code *code,
                                uint stride) {
#define POINT(k)                                \
  {                                             \
    SPLIT(k)                                    \
    const APO_FLOAT x##k = a##k * first_value;  \
    const APO_FLOAT y##k = b##k * second_value; \
    JOIN(k)                                     \
  }
  const APO_FLOAT share = (APO_FLOAT)(node->share);
  const APO_FLOAT first_value = (APO_FLOAT)(node->first);
  const APO_FLOAT second_value = (APO_FLOAT)(node->second);
  __global const float *product = PRODUCTS(s, node->level);
  __global float *total = TOTALS(s, node->total);
  __global float *sum = s->sum + node->sum * WIDTH;
  EACH(READ_BEFORE)
  EACH(READ_TEST)
  EACH(START_DOT)
  for (uint t = 0; t < APO_POINTS; ++t) {
    const APO_FLOAT takes = FACTOR(TAKES);
    const APO_FLOAT fails = FACTOR(FAILS);
    const APO_FLOAT of_first = FACTOR(FIRST);
    const APO_FLOAT of_second = FACTOR(SECOND);
    const APO_FLOAT above = FACTOR(ABOVE);
    EACH(POINT)
  }
  EACH(ADD_SUM)
#undef POINT
}

// To the first child, or past it to the second when it is a leaf.
static inline void go_down(const tree_state *s,
                           __global const apo_path_node *node,
                           __global const float *factor,
                           __global const apo_code *code,
                           uint stride,
                           bool is_leaf) {
#define KEEP(k) \
  INTS(s->mask + (node->level + 1) * WIDTH, k) = before##k & (is_leaf ? ~first##k : first##k);
#define POINT(k)                                                     \
  {                                                                  \
    SPLIT(k)                                                         \
    if (is_leaf) FLOATS(firsts + t * WIDTH, k) = a##k * first_value; \
    FLOATS(below + t * WIDTH, k) = is_leaf ? b##k : a##k;            \
  }
  const APO_FLOAT share = (APO_FLOAT)(node->share);
  const APO_FLOAT first_value = (APO_FLOAT)(node->first);
  __global const float *product = PRODUCTS(s, node->level);
  __global float *below = PRODUCTS(s, node->level + 1);
  __global float *firsts = TOTALS(s, node->level + 1);
  EACH(READ_BEFORE)
  EACH(READ_TEST)
  EACH(KEEP)
  for (uint t = 0; t < APO_POINTS; ++t) {
    const APO_FLOAT takes = FACTOR(TAKES);
    const APO_FLOAT fails = FACTOR(FAILS);
    EACH(POINT)
  }
#undef KEEP
#undef POINT
}

static inline void turn(const tree_state *s, __global const apo_path_node *node) {
#define OTHER(k) INTS(mask, k) = INTS(before, k) & ~INTS(mask, k);
#define POINT(k) \
  FLOATS(below + t * WIDTH, k) = FLOATS(product + t * WIDTH, k) - FLOATS(below + t * WIDTH, k);
  __global const int *before = s->mask + node->before * WIDTH;
  __global int *mask = s->mask + (node->level + 1) * WIDTH;
  __global const float *product = PRODUCTS(s, node->level);
  __global float *below = PRODUCTS(s, node->level + 1);
  EACH(OTHER)
  for (uint t = 0; t < APO_POINTS; ++t) {
    EACH(POINT)
  }
#undef OTHER
#undef POINT
}

// The mask behind a node's edge is the second one's now.
static inline void come_up(const tree_state *s,
                           __global const apo_path_node *node,
                           __global const float *factor) {
#define READ_FIRST(k) const APO_INT first##k = ~INTS(s->mask + (node->level + 1) * WIDTH, k);
#define POINT(k)                                            \
  {                                                         \
    const APO_FLOAT x##k = FLOATS(firsts + t * WIDTH, k);   \
    const APO_FLOAT y##k = FLOATS(s->total + t * WIDTH, k); \
    JOIN(k)                                                 \
  }
  __global const float *firsts = TOTALS(s, node->level + 1);
  __global float *total = TOTALS(s, node->total);
  __global float *sum = s->sum + node->sum * WIDTH;
  EACH(READ_BEFORE)
  EACH(READ_FIRST)
  EACH(START_DOT)
  for (uint t = 0; t < APO_POINTS; ++t) {
    const APO_FLOAT of_first = FACTOR(FIRST);
    const APO_FLOAT of_second = FACTOR(SECOND);
    const APO_FLOAT above = FACTOR(ABOVE);
    EACH(POINT)
  }
  EACH(ADD_SUM)
#undef READ_FIRST
#undef POINT
}

// A sum in float, rounded to the nearest integer; from 2^23 on it is one.
static inline APO_INT rounded(APO_FLOAT x) {
  const APO_INT whole = TO_INTS(x);
  const APO_FLOAT over = x - APO_TO_FLOAT(whole);
  const APO_INT up = APO_PICK_INT(over >= 0.5f, whole + 1, whole);
  return APO_PICK_INT(over <= -0.5f, whole - 1, up);
}

static inline void add_sums(
    const tree_state *s, __global const uint *slot, uint n_sums, __global long *phi, uint stride) {
#define ADD(k) LONGS(to, k) = LONGS(to, k) + TO_LONGS(rounded(FLOATS(s->sum + i * WIDTH, k)));
  for (uint i = 0; i < n_sums; ++i) {
    __global long *to = phi + (size_t)slot[i] * stride;
    EACH(ADD)
  }
#undef ADD
}

static inline void walk(const tree_state *s,
                        __global const apo_path_tree *tree,
                        __global const uint *steps,
                        __global const apo_path_node *nodes,
                        __global const float *factors,
                        __global const apo_code *code,
                        uint stride) {
  start_tree(s, factors, tree->n_sums);
  for (uint at = 0; at < tree->n_steps; ++at) {
    const uint kind = steps[at] & APO_PATH_KIND;
    const uint number = steps[at] & APO_PATH_NODE;
    __global const apo_path_node *node = nodes + number;
    __global const float *factor =
        factors + APO_POINTS + (size_t)number * (APO_PATH_FACTORS * APO_POINTS);
    if (kind == APO_PATH_LEAVES) {
      visit_leaves(s, node, factor, code, stride);
    } else if (kind == APO_PATH_UP) {
      come_up(s, node, factor);
    } else if (kind == APO_PATH_LEAF) {
      go_down(s, node, factor, code, stride, true);
    } else if (kind == APO_PATH_DOWN) {
      go_down(s, node, factor, code, stride, false);
    } else {
      turn(s, node);
    }
  }
}

__kernel __attribute__((reqd_work_group_size(APO_GROUP, 1, 1))) void tree_path(
    const apo_tree_path_args args,
    __global const apo_path_tree *restrict trees,
    __global const uint *restrict steps,
    __global const apo_path_node *restrict nodes,
    __global const float *restrict factors,
    __global const uint *restrict slots,
    __global const apo_code *restrict codes,
    __global long *restrict phi,
    __global float *scratch) {
  const size_t n_scratch =
      WIDTH * (size_t)APO_TREE_PATH_SCRATCH(args.n_levels, APO_POINTS, args.n_sums);
  tree_state state;
  state.product = scratch + get_group_id(0) * n_scratch + get_local_id(0);
  state.total = state.product + (size_t)args.n_levels * (APO_POINTS * WIDTH);
  state.mask = (__global int *)(state.total + (args.n_levels + 1) * (APO_POINTS * WIDTH));
  state.sum = (__global float *)(state.mask + (args.n_levels + 1) * WIDTH);

  for (size_t row = get_global_id(0) * APO_ROWS; row < args.n_rows;
       row += get_global_size(0) * APO_ROWS) {
    for (uint i = args.tree_begin; i < args.tree_end; ++i) {
      __global const apo_path_tree *tree = trees + i;
      walk(&state, tree, steps + tree->step_begin, nodes + tree->node_begin,
           factors + tree->factor_begin, codes + row, args.stride);
      add_sums(&state, slots + tree->slot_begin, tree->n_sums, phi + row, args.stride);
    }
  }
}
