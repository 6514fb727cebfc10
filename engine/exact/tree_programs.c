#include "engine/exact/tree_programs.h"

#include <stdlib.h>

#include "engine/core/memory.h"
#include "engine/exact/leaf_maker.h"
#include "engine/exact/value_weights.h"

// Nanoseconds on one core for one row: a unit of the cut's cost, a long leaf, an inner node that is
// walked and a point of it; an octet of a table made.  Measured on forests of
// depth 6 to 27; results of both ways differ by the rounding of fp32 only.
static const double ns_per_cost = 0.55;
static const double ns_per_long = 25.0;
static const double ns_per_node = 0.96;
static const double ns_per_point = 0.12;
static const double ns_per_octet = 18.0;

static const uint32_t no_sum = 0xffffffff;  // of a player that the tree has not met yet

enum {
  MOST_LEVELS = 64,  // of a tree: its scratch is some levels times points
  MOST_POINTS = 16,  // more are left to tables and long leaves, whose error grows less
  MOST_NODES = 1 << 24
};

// Numbers of points that the stage is made for; more than a tree needs are as exact.
static const uint32_t point_counts[] = {2, 4, 6, 8, 12, MOST_POINTS};

static uint32_t larger(uint32_t a, uint32_t b) {
  return a > b ? a : b;
}

static uint32_t points_for(const apo_leaf_maker *maker, uint32_t most_players) {
  const uint32_t least = maker->is_banzhaf ? 1 : (most_players + 1) / 2;
  size_t i = 0;
  while (point_counts[i] < least) ++i;
  return point_counts[i];
}

// --- the choice ---------------------------------------------------------------------------------

static double walk_ns(uint32_t n_nodes, uint32_t n_points) {
  return n_nodes * (ns_per_node + ns_per_point * n_points);
}

bool apo_program_pays(const apo_leaf_maker *maker) {
  const apo_tree_pieces *pieces = &maker->pieces.pieces;
  const apo_tree_piece *root = pieces->piece;
  if (maker->tree_outputs != 1 || pieces->n < 3) return false;
  if (root->n_inner > MOST_NODES) return false;
  uint32_t most_players = 0;
  for (uint32_t at = 0; at < pieces->n; ++at) {
    if (pieces->piece[at].depth > MOST_LEVELS) return false;
    most_players = larger(most_players, pieces->piece[at].n_players);
  }
  if (most_players > 2 * MOST_POINTS) return false;
  const double tables = root->cost * ns_per_cost + root->n_long * ns_per_long +
                        root->table_octets * ns_per_octet / maker->table_rows;
  return walk_ns(root->n_inner, points_for(maker, most_players)) < tables;
}

// --- factors ------------------------------------------------------------------------------------

typedef struct rule {
  uint32_t n;
  double t[MOST_POINTS];
  double weight[MOST_POINTS];
} rule;

static void make_rule(const apo_leaf_maker *maker, uint32_t n, rule *out) {
  out->n = n;
  if (!maker->is_banzhaf) {
    apo_gauss_points(n, out->t, out->weight);
    return;
  }
  for (uint32_t i = 0; i < n; ++i) {
    out->t[i] = 0.5;
    out->weight[i] = i == 0 ? 1.0 : 0.0;
  }
}

// What the host makes of a node for each point.  `above`: share of the covers that passes the
// player's tests above the node, of which `share` goes to the first child.  Points lie inside (0, 1):
// nothing here is 0 that divides.
static void write_factors(const rule *points, double above, double share, float *out) {
  const uint32_t n = points->n;
  for (uint32_t i = 0; i < n; ++i) {
    const double t = points->t[i];
    const double rest = 1 - t;
    const double h = rest * above + t;
    const double h_first = rest * (above * share) + t;
    const double h_second = rest * (above * (1 - share)) + t;
    out[APO_PATH_TAKES * n + i] = (float)(h_first / h);
    out[APO_PATH_FAILS * n + i] = (float)(rest * (above * share) / h);
    out[APO_PATH_ABOVE * n + i] = (float)(1 / h);
    out[APO_PATH_FIRST * n + i] = (float)(1 / h_first);
    out[APO_PATH_SECOND * n + i] = (float)(1 / h_second);
  }
}

// --- a tree -------------------------------------------------------------------------------------

// An inner node of the present path.
typedef struct path_node {
  uint32_t piece;
  uint32_t number;
  uint32_t player;
  double above;       // share of the covers that passes the player's tests above
  double below;       // the same behind the edge to the next one
  bool has_leaf;      // as its first child
  bool is_in_second;  // the present path goes through the second child
} path_node;

typedef struct writer {
  apo_leaf_maker *maker;
  apo_path_tree *tree;
  rule points;
  path_node path[MOST_LEVELS];
} writer;

static apo_status sum_of(const writer *w, uint32_t player, uint32_t *out, apo_error *err) {
  apo_leaf_maker *maker = w->maker;
  apo_tree_programs *to = &maker->games->programs;
  if (maker->sum_of[player] == no_sum) {
    APO_TRY(apo_leaf_room_make(&to->slot, &maker->program_room.slot, to->n_slots, 1,
                               sizeof *to->slot, err));
    to->slot[to->n_slots++] = maker->first_output * maker->games->n_players + player;
    maker->sum_of[player] = w->tree->n_sums++;
  }
  *out = maker->sum_of[player];
  return APO_OK;
}

static float value_of(const writer *w, const apo_tree_piece *piece) {
  return piece->n_inner == 0 ? (float)apo_leaf_units(w->maker, piece->leaf, 0) : 0.0f;
}

static apo_status add_node(writer *w, uint32_t at, apo_error *err) {
  apo_leaf_maker *maker = w->maker;
  apo_tree_programs *to = &maker->games->programs;
  const apo_tree_piece *piece = &maker->pieces.pieces.piece[at];
  const apo_tree_piece *left = piece + 1;
  const apo_tree_piece *right = &maker->pieces.pieces.piece[left->end];
  const uint32_t level = piece->depth;
  // A leaf comes first.
  const bool is_swapped = left->n_inner > 0 && right->n_inner == 0;
  const double share = piece->share[is_swapped ? 1 : 0];

  bool is_first = false;
  if (level > 0) {
    path_node *parent = &w->path[level - 1];
    is_first = !parent->has_leaf && !parent->is_in_second;
    const double of_edge = maker->pieces.pieces.piece[parent->piece].share[piece->is_left ? 0 : 1];
    parent->below = parent->above * of_edge;
  }
  uint32_t before = level;
  while (before > 0 && w->path[before - 1].player != piece->player) --before;
  const double above = before > 0 ? w->path[before - 1].below : 1.0;
  w->path[level] = (path_node){.piece = at,
                               .number = to->n_nodes - w->tree->node_begin,
                               .player = piece->player,
                               .above = above,
                               .has_leaf = left->n_inner == 0 || right->n_inner == 0};

  const uint32_t n = APO_PATH_FACTORS * w->points.n;
  uint32_t sum = 0;
  APO_TRY(sum_of(w, piece->player, &sum, err));
  APO_TRY(apo_leaf_room_make(&to->node, &maker->program_room.node, to->n_nodes, 1, sizeof *to->node,
                             err));
  APO_TRY(apo_leaf_room_make(&to->factor, &maker->program_room.factor, to->n_factors, n,
                             sizeof *to->factor, err));
  to->node[to->n_nodes++] =
      (apo_path_node){.test = apo_span_test(maker->pieces.codes,
                                            is_swapped ? apo_span_other(piece->left) : piece->left),
                      .level = level,
                      .before = before,
                      .total = is_first ? level : 0,
                      .sum = sum,
                      .share = (float)share,
                      .first = value_of(w, is_swapped ? right : left),
                      .second = value_of(w, is_swapped ? left : right)};
  write_factors(&w->points, above, share, to->factor + to->n_factors);
  to->n_factors += n;
  w->tree->n_levels = larger(w->tree->n_levels, level + 1);
  return APO_OK;
}

static apo_status add_root(writer *w, apo_error *err) {
  apo_leaf_maker *maker = w->maker;
  apo_tree_programs *to = &maker->games->programs;
  APO_TRY(apo_leaf_room_make(&to->factor, &maker->program_room.factor, to->n_factors, w->points.n,
                             sizeof *to->factor, err));
  for (uint32_t i = 0; i < w->points.n; ++i) {
    to->factor[to->n_factors++] = (float)(w->points.weight[i] / (1 - w->points.t[i]));
  }
  return APO_OK;
}

static void add_step(writer *w, uint32_t level, uint32_t kind) {
  apo_tree_programs *to = &w->maker->games->programs;
  to->step[to->n_steps++] = kind | w->path[level].number;
}

// A node has been visited: up to the nearest one above that has a second child to come.
static void come_up(writer *w, uint32_t level) {
  while (level > 0) {
    path_node *parent = &w->path[--level];
    if (!parent->has_leaf && !parent->is_in_second) {
      parent->is_in_second = true;
      add_step(w, level, APO_PATH_TURN);
      return;
    }
    add_step(w, level, APO_PATH_UP);
  }
}

static apo_status add_steps(writer *w, apo_error *err) {
  apo_leaf_maker *maker = w->maker;
  apo_tree_programs *to = &maker->games->programs;
  const apo_tree_pieces *pieces = &maker->pieces.pieces;
  APO_TRY(apo_leaf_room_make(&to->step, &maker->program_room.step, to->n_steps,
                             3 * (uint64_t)pieces->piece[0].n_inner, sizeof *to->step, err));
  const uint32_t begin = to->n_steps;
  for (uint32_t at = 0; at < pieces->n; ++at) {
    const apo_tree_piece *piece = &pieces->piece[at];
    if (piece->n_inner == 0) continue;
    APO_TRY(add_node(w, at, err));
    if (piece->n_inner == 1) {
      add_step(w, piece->depth, APO_PATH_LEAVES);
      come_up(w, piece->depth);
    } else {
      add_step(w, piece->depth, w->path[piece->depth].has_leaf ? APO_PATH_LEAF : APO_PATH_DOWN);
    }
  }
  w->tree->n_steps = to->n_steps - begin;
  return APO_OK;
}

apo_status apo_program_add(apo_leaf_maker *maker, apo_error *err) {
  apo_tree_programs *to = &maker->games->programs;
  const apo_tree_pieces *pieces = &maker->pieces.pieces;
  uint32_t most_players = 0;
  for (uint32_t at = 0; at < pieces->n; ++at) {
    most_players = larger(most_players, pieces->piece[at].n_players);
  }
  apo_path_tree tree = {.step_begin = to->n_steps,
                        .node_begin = to->n_nodes,
                        .factor_begin = to->n_factors,
                        .slot_begin = to->n_slots,
                        .n_points = points_for(maker, most_players)};
  writer w = {.maker = maker, .tree = &tree};
  make_rule(maker, tree.n_points, &w.points);
  APO_TRY(apo_leaf_room_make(&to->tree, &maker->program_room.tree, to->n_trees, 1, sizeof *to->tree,
                             err));
  APO_TRY(add_root(&w, err));
  APO_TRY(add_steps(&w, err));
  for (uint32_t i = 0; i < tree.n_sums; ++i) {
    maker->sum_of[to->slot[tree.slot_begin + i] - maker->first_output * maker->games->n_players] =
        no_sum;
  }
  to->tree[to->n_trees++] = tree;
  to->row_ns += walk_ns(pieces->piece[0].n_inner, tree.n_points);
  to->most_levels = larger(to->most_levels, tree.n_levels);
  to->most_points = larger(to->most_points, tree.n_points);
  to->most_sums = larger(to->most_sums, tree.n_sums);
  return APO_OK;
}

void apo_tree_programs_free(apo_tree_programs *programs) {
  free(programs->tree);
  free(programs->step);
  free(programs->node);
  free(programs->factor);
  free(programs->slot);
  *programs = (apo_tree_programs){0};
}
