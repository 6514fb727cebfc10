/* case_tree_path.c - random trees as programs: chains, bushes and single nodes, players met again. */
#include <string.h>

#include "engine/exec/spec_line.h"
#include "kernels/tree_path/tree_path_abi.h"
#include "tests/kernel/kernel_case.h"

enum { TREE, STEP, NODE, FACTOR, SLOT, CODE, PHI, SCRATCH };
enum { N_COLUMNS = 7, N_CODES = 12, N_SLOTS = 11, MAX_NODES = 24, MAX_TREES = 4 };

void case_tree_path(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out);

// The present tree while its steps are written.
typedef struct maker {
  uint64_t *state;
  apo_path_tree *tree;
  apo_path_node *node;
  uint32_t *step;
  uint32_t n_nodes;
  uint32_t path[MAX_NODES];   // nodes above the present one
  uint32_t child[MAX_NODES];  // of each that the path goes through: 0 or 1
} maker;

static void put_step(maker *m, uint32_t kind, uint32_t node) {
  m->step[m->tree->n_steps++] = kind | node;
}

// A node of the tree's next level, with any test and any player, met above or not.
static uint32_t put_node(maker *m, uint32_t level, bool is_first) {
  const uint32_t low = kernel_random_below(m->state, N_CODES);
  const uint32_t before =
      kernel_random_below(m->state, 2) == 0 ? 0 : kernel_random_below(m->state, level + 1);
  apo_path_node *node = &m->node[m->n_nodes];
  *node = (apo_path_node){.test = {.column = kernel_random_below(m->state, N_COLUMNS),
                                   .low = kernel_random_below(m->state, 4) == 0 ? UINT32_MAX : low,
                                   .span = kernel_random_below(m->state, N_CODES)},
                          .level = level,
                          .before = before,
                          .total = is_first ? level : 0,
                          .sum = before > 0 ? m->node[m->path[before - 1]].sum
                                            : kernel_random_below(m->state, m->tree->n_sums),
                          .share = (float)kernel_random_below(m->state, 17) / 16.0f,
                          .first = (float)((int32_t)(kernel_random(m->state) >> 36) - (1 << 27)),
                          .second = (float)((int32_t)(kernel_random(m->state) >> 36) - (1 << 27))};
  m->path[level] = m->n_nodes;
  m->child[level] = 0;
  if (level + 1 > m->tree->n_levels) m->tree->n_levels = level + 1;
  return m->n_nodes++;
}

// Back up from a node whose children are done; the level to go on below, or none.
static bool come_up(maker *m, uint32_t *level) {
  while (*level > 0) {
    const uint32_t above = m->path[--*level];
    if (m->child[*level] == 0) {
      m->child[*level] = 1;
      put_step(m, APO_PATH_TURN, above);
      ++*level;
      return true;
    }
    put_step(m, APO_PATH_UP, above);
  }
  return false;
}

static void put_tree(maker *m, uint32_t n_nodes) {
  uint32_t level = 0;
  bool goes_on = true;
  while (goes_on) {
    const bool is_first = level > 0 && m->child[level - 1] == 0;
    const uint32_t at = put_node(m, level, is_first);
    const uint32_t kind = m->n_nodes < n_nodes ? kernel_random_below(m->state, 4) : 3;
    if (kind == 3) {
      put_step(m, APO_PATH_LEAVES, at);
      goes_on = come_up(m, &level);
    } else {
      put_step(m, kind == 0 ? APO_PATH_LEAF : APO_PATH_DOWN, at);
      if (kind == 0) m->child[level] = 1;
      ++level;
    }
  }
}

// Not of any covers: shares of a product in [0, 1], inverses of at least 1.
static void put_factors(uint64_t *state, uint32_t n, uint32_t n_points, float *factor) {
  for (uint32_t t = 0; t < n_points; ++t) factor[t] = 1.0f / (float)n_points;
  for (uint32_t i = 0; i < n * APO_PATH_FACTORS * n_points; ++i) {
    const uint32_t row = i / n_points % APO_PATH_FACTORS;
    const float u = (float)(kernel_random(state) >> 40) * 0x1p-24f;
    factor[n_points + i] = row <= APO_PATH_FAILS ? u : 1.0f + 3.0f * u;
  }
}

static void put_rows(const apo_tree_path_args *args,
                     size_t code_bytes,
                     uint64_t *state,
                     kernel_case *out) {
  const size_t n_codes = (size_t)N_COLUMNS * args->stride;
  unsigned char *code = kernel_buffer_set(out, CODE, n_codes * code_bytes);
  for (size_t i = 0; i < n_codes; ++i) {
    const uint32_t drawn = kernel_random_below(state, N_CODES + 1);
    const uint32_t wide = drawn == N_CODES ? UINT32_MAX : drawn;
    const uint16_t narrow = (uint16_t)wide;
    memcpy(code + i * code_bytes, code_bytes == 2 ? (const void *)&narrow : &wide, code_bytes);
  }
  const size_t n_phi = (size_t)N_SLOTS * args->stride;
  int64_t *phi = kernel_output_set(out, PHI, n_phi * sizeof *phi, KERNEL_BYTES);
  for (size_t i = 0; i < n_phi; ++i) phi[i] = (int64_t)(kernel_random(state) >> 20);
}

void case_tree_path(
    const apo_stage *stage, const apo_i32 *spec, uint64_t seed, bool is_small, kernel_case *out) {
  static const uint32_t sizes[MAX_TREES] = {3, 1, MAX_NODES - 12, 9};
  static const uint32_t small_sizes[2] = {2, 6};
  uint64_t state = seed;
  const uint32_t n_points = (uint32_t)apo_spec_value(stage, spec, "APO_POINTS", 2);
  const size_t n_trees = is_small ? 2 : MAX_TREES;
  apo_tree_path_args args = {.n_rows = APO_TREE_PATH_ROWS * (is_small ? 2 : 5),
                             .tree_begin = 1,
                             .tree_end = (uint32_t)n_trees};
  args.stride = args.n_rows + (is_small ? 0 : APO_TREE_PATH_ROWS);

  apo_path_tree *tree = kernel_buffer_set(out, TREE, n_trees * sizeof *tree);
  uint32_t *step = kernel_buffer_set(out, STEP, n_trees * 3 * MAX_NODES * sizeof *step);
  apo_path_node *node = kernel_buffer_set(out, NODE, n_trees * MAX_NODES * sizeof *node);
  const size_t most_factors = (1 + MAX_NODES * APO_PATH_FACTORS) * (size_t)n_points;
  float *factor = kernel_buffer_set(out, FACTOR, n_trees * most_factors * sizeof *factor);
  uint32_t *slot = kernel_buffer_set(out, SLOT, n_trees * N_SLOTS * sizeof *slot);
  for (uint32_t i = 0; i < n_trees; ++i) {
    tree[i] = (apo_path_tree){.step_begin = i * 3 * MAX_NODES,
                              .node_begin = i * MAX_NODES,
                              .factor_begin = i * (uint32_t)most_factors,
                              .slot_begin = i * N_SLOTS,
                              .n_sums = 1 + kernel_random_below(&state, N_SLOTS - 1),
                              .n_points = n_points};
    maker m = {.state = &state,
               .tree = &tree[i],
               .node = node + tree[i].node_begin,
               .step = step + tree[i].step_begin};
    put_tree(&m, is_small ? small_sizes[i] : sizes[i]);
    put_factors(&state, m.n_nodes, n_points, factor + tree[i].factor_begin);
    const uint32_t first = kernel_random_below(&state, N_SLOTS);
    for (uint32_t s = 0; s < tree[i].n_sums; ++s) {
      slot[tree[i].slot_begin + s] = (first + s) % N_SLOTS;
    }
    if (tree[i].n_levels > args.n_levels) args.n_levels = tree[i].n_levels;
    if (tree[i].n_sums > args.n_sums) args.n_sums = tree[i].n_sums;
  }
  put_rows(&args, (size_t)apo_spec_value(stage, spec, "APO_CODE_BYTES", 2), &state, out);
  memcpy(out->args.bytes, &args, sizeof args);

  // Fewer work-groups than rows ask for: each comes back for more.
  const uint32_t rows = (uint32_t)apo_spec_value(stage, spec, "APO_ROWS", 1);
  out->group = (size_t)apo_spec_value(stage, spec, "APO_GROUP", 1);
  out->n_items = (is_small ? 1 : 2) * out->group;
  kernel_output_set(out, SCRATCH,
                    out->n_items * rows * sizeof(float) *
                        APO_TREE_PATH_SCRATCH((size_t)args.n_levels, n_points, args.n_sums),
                    KERNEL_SCRATCH);
}
