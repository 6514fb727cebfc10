/* covers.c - what covers say: shares of nodes, and the mean of a forest under them. */
#include "engine/exact/tree_pieces.h"

#include "engine/exact/leaf_games.h"

static double cover_of(const apo_forest *forest, uint32_t tree, int32_t child) {
  if (child >= 0) return forest->node_cover[forest->node_begin[tree] + (uint64_t)child];
  return forest->leaf_cover[forest->leaf_begin[tree] + (uint64_t)~child];
}

void apo_cover_shares(const apo_forest *forest, uint32_t tree, uint32_t node, double share[2]) {
  const uint64_t at = forest->node_begin[tree] + node;
  double left = cover_of(forest, tree, forest->left[at]);
  double right = cover_of(forest, tree, forest->right[at]);
  share[0] = share[1] = 0.5;
  if (left == 0.0 && right == 0.0) return;
  if (left > 0x1p1000 || right > 0x1p1000) {  // their sum might be no number
    left *= 0x1p-60;
    right *= 0x1p-60;
  }
  share[0] = left / (left + right);
  share[1] = right / (left + right);
}

double apo_cover_share(const apo_forest *forest, uint32_t tree, uint32_t node) {
  double share[2];
  apo_cover_shares(forest, tree, node, share);
  return share[0];
}

// A node or leaf that is still to be visited, and the share of the covers that comes there.
typedef struct pending {
  int32_t node;
  double share;
} pending;

static void add_leaf(
    const apo_forest *forest, uint32_t tree, uint64_t leaf, double share, double *out) {
  const double *value = forest->leaf_value + forest->value_begin[tree];
  const uint32_t output = forest->tree_output[tree];
  if (output != APO_TREE_VECTOR) {
    out[output] += share * value[leaf];
    return;
  }
  for (uint32_t k = 0; k < forest->n_outputs; ++k) {
    out[k] += share * value[leaf * forest->n_outputs + k];
  }
}

// out += the mean of a tree, times its weight.  Depth first: one pending node a level, and one more.
static void add_tree(const apo_forest *forest, uint32_t tree, double *out) {
  pending stack[APO_MAX_TREE_DEPTH + 2];
  uint32_t n = 1;
  const bool is_stump = forest->node_begin[tree + 1] == forest->node_begin[tree];
  stack[0] = (pending){.node = is_stump ? ~0 : 0, .share = forest->tree_weight[tree]};
  while (n > 0) {
    const pending here = stack[--n];
    if (here.node < 0) {
      add_leaf(forest, tree, (uint64_t)~here.node, here.share, out);
      continue;
    }
    const uint64_t at = forest->node_begin[tree] + (uint64_t)here.node;
    double share[2];
    apo_cover_shares(forest, tree, (uint32_t)here.node, share);
    stack[n++] = (pending){.node = forest->right[at], .share = here.share * share[1]};
    stack[n++] = (pending){.node = forest->left[at], .share = here.share * share[0]};
  }
}

void apo_path_base(const apo_model *model, double *base) {
  const apo_forest *forest = model->forest;
  for (uint32_t k = 0; k < model->n_outputs; ++k) base[k] = 0.0;
  for (uint32_t tree = 0; tree < forest->n_trees; ++tree) add_tree(forest, tree, base);
  for (uint32_t k = 0; k < model->n_outputs; ++k) {
    base[k] = model->base[k] + forest->scale * base[k] / forest->divide;
  }
}
