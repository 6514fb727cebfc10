#include "kernels/tree_path/tree_path_abi.h"

#include <stdbool.h>
#include <stddef.h>

#include "kernels/leaf_groups_ref.h"
#include "kernels/stage.h"

extern const char apo_source_tree_path[];
extern const char apo_specs_tree_path[];

enum { CODE_BYTES, POINTS, GROUP, ROWS, N_PARAMS };
static const char *const params[N_PARAMS] = {"APO_CODE_BYTES", "APO_POINTS", "APO_GROUP",
                                             "APO_ROWS"};
enum { TREE, STEP, NODE, FACTOR, SLOT, CODE, PHI, SCRATCH, N_BUFFERS };

/* One tree and one row. */
typedef struct walk {
  const apo_tree_path_args *args;
  const void *code;
  apo_i32 code_bytes;
  apo_u32 n_points;
  size_t row;
  apo_f32 *product; /* [level][point] of the present path */
  apo_f32 *total;   /* [level + 1][point] of first children; 0: of the node that was left last */
  apo_f32 *mask;    /* [level + 1] 1 or 0 */
  apo_f32 *sum;     /* [player of the tree] */
} walk;

static bool takes_first(const walk *w, const apo_path_node *node) {
  apo_pattern_test test = node->test;
  apo_u32 at = 0;
  test.column |= APO_TEST_LAST;
  return apo_row_passes(&test, &at, w->code, w->code_bytes, w->args->stride, w->row);
}

static apo_f32 share_of(
    const walk *w, const apo_path_node *node, const apo_f32 *factor, bool first, apo_u32 t) {
  if (w->mask[node->before] == 0.0f) return node->share;
  return factor[(first ? APO_PATH_TAKES : APO_PATH_FAILS) * w->n_points + t];
}

/* Down to the first child, or past it to the second when it is a leaf. */
static void go_down(
    walk *w, const apo_path_node *node, const apo_f32 *factor, bool first, bool is_leaf) {
  const apo_u32 n = w->n_points;
  const bool before = w->mask[node->before] != 0.0f;
  w->mask[node->level + 1] = before && first != is_leaf ? 1.0f : 0.0f;
  for (apo_u32 t = 0; t < n; ++t) {
    const apo_f32 h = w->product[node->level * n + t];
    const apo_f32 a = h * share_of(w, node, factor, first, t);
    if (is_leaf) w->total[(node->level + 1) * n + t] = a * node->first;
    w->product[(node->level + 1) * n + t] = is_leaf ? h - a : a;
  }
}

static void turn(walk *w, const apo_path_node *node) {
  const apo_u32 n = w->n_points;
  const bool first = w->mask[node->level + 1] != 0.0f;
  w->mask[node->level + 1] = w->mask[node->before] != 0.0f && !first ? 1.0f : 0.0f;
  for (apo_u32 t = 0; t < n; ++t) {
    apo_f32 *below = &w->product[(node->level + 1) * n + t];
    *below = w->product[node->level * n + t] - *below;
  }
}

/* Both children are known: their total, and the term of the player's sum at one point. */
static apo_f32 term_of(walk *w,
                       const apo_path_node *node,
                       const apo_f32 *factor,
                       bool first,
                       apo_u32 t,
                       apo_f32 of_first,
                       apo_f32 of_second) {
  const apo_u32 n = w->n_points;
  const apo_f32 total = of_first + of_second;
  const apo_f32 taken = first ? of_first * factor[APO_PATH_FIRST * n + t]
                              : of_second * factor[APO_PATH_SECOND * n + t];
  w->total[node->total * n + t] = total;
  return taken - total * factor[APO_PATH_ABOVE * n + t];
}

static void add_sum(walk *w, const apo_path_node *node, apo_f32 dot) {
  const apo_f32 part = w->mask[node->before] != 0.0f ? dot : 0.0f;
  w->sum[node->sum] = w->sum[node->sum] + part;
}

static void visit_leaves(walk *w, const apo_path_node *node, const apo_f32 *factor, bool first) {
  apo_f32 dot = 0.0f;
  for (apo_u32 t = 0; t < w->n_points; ++t) {
    const apo_f32 h = w->product[node->level * w->n_points + t];
    const apo_f32 a = h * share_of(w, node, factor, first, t);
    const apo_f32 b = h - a;
    dot = dot + term_of(w, node, factor, first, t, a * node->first, b * node->second);
  }
  add_sum(w, node, dot);
}

static void come_up(walk *w, const apo_path_node *node, const apo_f32 *factor) {
  const bool first = w->mask[node->level + 1] == 0.0f;
  apo_f32 dot = 0.0f;
  for (apo_u32 t = 0; t < w->n_points; ++t) {
    const apo_f32 of_first = w->total[(node->level + 1) * w->n_points + t];
    dot = dot + term_of(w, node, factor, first, t, of_first, w->total[t]);
  }
  add_sum(w, node, dot);
}

static apo_i32 rounded(apo_f32 x) {
  const apo_i32 whole = (apo_i32)x;
  const apo_f32 over = x - (apo_f32)whole;
  if (over >= 0.5f) return whole + 1;
  return over <= -0.5f ? whole - 1 : whole;
}

static void run_tree(walk *w, const apo_path_tree *tree, void *const *buffers) {
  const apo_u32 *steps = (const apo_u32 *)buffers[STEP] + tree->step_begin;
  const apo_u32 *slot = (const apo_u32 *)buffers[SLOT] + tree->slot_begin;
  const apo_f32 *root = (const apo_f32 *)buffers[FACTOR] + tree->factor_begin;
  w->mask[0] = 1.0f;
  for (apo_u32 t = 0; t < w->n_points; ++t) w->product[t] = root[t];
  for (apo_u32 i = 0; i < tree->n_sums; ++i) w->sum[i] = 0.0f;
  for (apo_u32 at = 0; at < tree->n_steps; ++at) {
    const size_t number = steps[at] & APO_PATH_NODE;
    const apo_path_node *node = (const apo_path_node *)buffers[NODE] + tree->node_begin + number;
    const apo_f32 *factor = root + (1 + number * APO_PATH_FACTORS) * w->n_points;
    switch (steps[at] & APO_PATH_KIND) {
      case APO_PATH_LEAVES: visit_leaves(w, node, factor, takes_first(w, node)); break;
      case APO_PATH_DOWN: go_down(w, node, factor, takes_first(w, node), false); break;
      case APO_PATH_LEAF: go_down(w, node, factor, takes_first(w, node), true); break;
      case APO_PATH_TURN: turn(w, node); break;
      default: come_up(w, node, factor); break;
    }
  }
  for (apo_u32 i = 0; i < tree->n_sums; ++i) {
    ((int64_t *)buffers[PHI])[(size_t)slot[i] * w->args->stride + w->row] += rounded(w->sum[i]);
  }
}

static void reference(const apo_i32 *spec, const void *args_bytes, void *const *buffers) {
  const apo_tree_path_args *args = args_bytes;
  walk w = {.args = args,
            .code = buffers[CODE],
            .code_bytes = spec[CODE_BYTES],
            .n_points = (apo_u32)spec[POINTS],
            .product = buffers[SCRATCH]};
  w.total = w.product + (size_t)args->n_levels * w.n_points;
  w.mask = w.total + ((size_t)args->n_levels + 1) * w.n_points;
  w.sum = w.mask + args->n_levels + 1;
  for (apo_u32 i = args->tree_begin; i < args->tree_end; ++i) {
    for (w.row = 0; w.row < args->n_rows; ++w.row) {
      run_tree(&w, (const apo_path_tree *)buffers[TREE] + i, buffers);
    }
  }
}

const apo_stage apo_stage_tree_path = {
    .name = "tree_path",
    .source = apo_source_tree_path,
    .specs = apo_specs_tree_path,
    .params = params,
    .n_params = N_PARAMS,
    .args_bytes = sizeof(apo_tree_path_args),
    .n_buffers = N_BUFFERS,
    .max_ulps = 0,  // + - * in one order
    .reference = reference,
};
