/* tree_game.h - exact and path-dependent values of forests from their definitions, in fp64.
 *
 * Twice, because no single way serves all sizes:
 *
 *   by enumeration   v of every coalition, then the sum over coalitions; at most 16 players.
 *                    Interventional v comes from brute_force.h (hybrid rows through the model),
 *                    path-dependent v from a walk in which absent players follow the covers.
 *   leaf by leaf     a leaf's game is v(S) = product over players of (present if in S, else
 *                    absent).  present: the row passes the player's tests, 0 or 1; absent: a
 *                    background row does, or the share of the covers that does.  Its sum over
 *                    coalitions by size needs a polynomial only, so paths may have 60 players.
 *
 * unit.tree_game holds the two to each other.
 */
#ifndef APO_TESTS_SUPPORT_TREE_GAME_H
#define APO_TESTS_SUPPORT_TREE_GAME_H

#include "engine/forest/split.h"
#include "tests/support/brute_force.h"

/* --- what a coalition counts ------------------------------------------------------------------ */

/** Of `s` players and `r` others, beside those that are looked at: Shapley s! r! / (s + r + 1)!,
 * Banzhaf 2^-(s + r). */
static inline double index_weight(apo_index index, uint32_t s, uint32_t r) {
  if (index == APO_INDEX_BANZHAF) return ldexp(1.0, -(int)(s + r));
  double weight = 1.0 / (s + r + 1.0);
  for (uint32_t k = 1; k <= s; ++k) weight *= (double)k / (double)(r + k);
  return weight;
}

/** Place of the pair i < j among the pairs of n players. */
static inline size_t pair_place(uint32_t n, uint32_t i, uint32_t j) {
  return (size_t)i * (2 * (size_t)n - i - 1) / 2 + (j - i - 1);
}

/* --- by enumeration --------------------------------------------------------------------------- */

/** phi_i = sum over S without i of weight * (v(S+i) - v(S)). */
static inline void game_index(const game *g, apo_index index, double *phi) {
  const uint32_t n = g->n_players;
  for (uint32_t i = 0; i < n; ++i) {
    const uint32_t one = UINT32_C(1) << i;
    phi[i] = 0.0;
    for (uint32_t mask = 0; mask <= game_full(g); ++mask) {
      if ((mask & one) != 0) continue;
      const uint32_t size = game_size(mask);
      phi[i] += index_weight(index, size, n - 1 - size) * (g->v[mask | one] - g->v[mask]);
    }
  }
}

/** phi_ij = 1/2 sum over S without i and j of weight * (v(S+ij) - v(S+i) - v(S+j) + v(S)). */
static inline void game_pairs(const game *g, apo_index index, double *pairs) {
  const uint32_t n = g->n_players;
  for (uint32_t i = 0; i < n; ++i) {
    for (uint32_t j = i + 1; j < n; ++j) {
      const uint32_t a = UINT32_C(1) << i;
      const uint32_t b = UINT32_C(1) << j;
      double sum = 0.0;
      for (uint32_t mask = 0; mask <= game_full(g); ++mask) {
        if ((mask & (a | b)) != 0) continue;
        const uint32_t size = game_size(mask);
        sum += index_weight(index, size, n - 2 - size) *
               (g->v[mask | a | b] - g->v[mask | a] - g->v[mask | b] + g->v[mask]);
      }
      pairs[pair_place(n, i, j)] = 0.5 * sum;
    }
  }
}

/** Cover of a child of a tree's node. */
static inline double child_cover(const apo_forest *forest, uint32_t tree, int32_t child) {
  return child >= 0 ? forest->node_cover[forest->node_begin[tree] + (uint64_t)child]
                    : forest->leaf_cover[forest->leaf_begin[tree] + (uint64_t)~child];
}

/** The part of what is below a node that goes left when its player is absent. */
static inline double share_left(const apo_forest *forest, uint32_t tree, uint32_t node) {
  const uint64_t at = forest->node_begin[tree] + node;
  const double left = child_cover(forest, tree, forest->left[at]);
  const double right = child_cover(forest, tree, forest->right[at]);
  return left + right > 0.0 ? left / (left + right) : 0.5;
}

/** What a leaf adds to an output; 0 when its tree adds to others only. */
static inline double leaf_adds(const apo_forest *forest,
                               uint32_t tree,
                               uint64_t leaf,
                               uint32_t output) {
  const double factor = forest->tree_weight[tree] * forest->scale / forest->divide;
  const double *values = forest->leaf_value + forest->value_begin[tree];
  if (forest->tree_output[tree] == APO_TREE_VECTOR) {
    return factor * values[leaf * forest->n_outputs + output];
  }
  return forest->tree_output[tree] == output ? factor * values[leaf] : 0.0;
}

enum { TREE_GAME_DEPTH = 512 };

typedef struct tree_walker {
  int32_t child;
  double share;
} tree_walker;

/** One tree's v of one coalition: at a split on a present player follow the row, else both sides. */
static inline double path_tree_value(const apo_forest *forest,
                                     uint32_t tree,
                                     const double *x,
                                     const uint32_t *player_of_column,
                                     uint32_t mask,
                                     uint32_t output) {
  tree_walker stack[TREE_GAME_DEPTH];
  const uint64_t begin = forest->node_begin[tree];
  const bool is_leaf = forest->node_begin[tree + 1] == begin;
  uint32_t n = 0;
  double value = 0.0;
  stack[n++] = (tree_walker){is_leaf ? ~0 : 0, 1.0};
  while (n > 0) {
    const tree_walker at = stack[--n];
    if (at.child < 0) {
      value += at.share * leaf_adds(forest, tree, (uint64_t)~at.child, output);
      continue;
    }
    const uint32_t node = (uint32_t)at.child;
    const uint32_t column = forest->column[begin + node];
    const uint32_t player = player_of_column != NULL ? player_of_column[column] : column;
    double left = share_left(forest, tree, node);
    if ((mask >> player & 1) != 0) {
      left = apo_split_goes_left(forest, begin + node, x[column]) ? 1.0 : 0.0;
    }
    assert_true(n + 2 <= TREE_GAME_DEPTH);
    if (left < 1.0) {
      stack[n++] = (tree_walker){forest->right[begin + node], at.share * (1.0 - left)};
    }
    if (left > 0.0) stack[n++] = (tree_walker){forest->left[begin + node], at.share * left};
  }
  return value;
}

/** The path-dependent game of one row and output: v of all coalitions, the model's base included. */
static inline void path_game(const brute *b, const double *x, uint32_t output, game *g) {
  const apo_model *model = b->c->model;
  assert_true(b->n_players <= MAX_GAME_PLAYERS);
  g->n_players = b->n_players;
  for (uint32_t mask = 0; mask <= game_full(g); ++mask) {
    g->v[mask] = model->base[output];
    for (uint32_t tree = 0; tree < model->forest->n_trees; ++tree) {
      g->v[mask] += path_tree_value(model->forest, tree, x, b->player_of_column, mask, output);
    }
  }
}

/* --- leaf by leaf ----------------------------------------------------------------------------- */

/* The path to a leaf: node[d] (of the tree) was left by side left[d]. */
typedef struct leaf_walk {
  const apo_forest *forest;
  uint32_t tree;
  uint32_t depth;
  bool is_started;
  uint32_t node[TREE_GAME_DEPTH];
  bool left[TREE_GAME_DEPTH];
} leaf_walk;

/** The next leaf of the tree, from left to right; false behind the last. */
static inline bool leaf_walk_next(leaf_walk *walk, uint64_t *leaf) {
  const apo_forest *forest = walk->forest;
  const uint64_t begin = forest->node_begin[walk->tree];
  int32_t child = forest->node_begin[walk->tree + 1] == begin ? ~0 : 0;
  if (walk->is_started) {
    while (walk->depth > 0 && !walk->left[walk->depth - 1]) --walk->depth;
    if (walk->depth == 0) return false;
    walk->left[walk->depth - 1] = false;
    child = forest->right[begin + walk->node[walk->depth - 1]];
  }
  walk->is_started = true;
  for (; child >= 0; child = forest->left[begin + (uint32_t)child]) {
    assert_true(walk->depth < TREE_GAME_DEPTH);
    walk->node[walk->depth] = (uint32_t)child;
    walk->left[walk->depth++] = true;
  }
  *leaf = (uint64_t)~child;
  return true;
}

enum { LEAF_GAME_PLAYERS = 64 };

/* v(S) = factor * product over players of (in S ? present : absent). */
typedef struct leaf_game {
  uint32_t n_players;
  double factor;
  uint32_t player[LEAF_GAME_PLAYERS];
  double present[LEAF_GAME_PLAYERS];
  double absent[LEAF_GAME_PLAYERS];
} leaf_game;

static inline uint32_t leaf_game_player(leaf_game *g, uint32_t player) {
  uint32_t at = 0;
  while (at < g->n_players && g->player[at] != player) ++at;
  if (at < g->n_players) return at;
  assert_true(at < LEAF_GAME_PLAYERS);
  g->player[at] = player;
  g->present[at] = g->absent[at] = 1.0;
  ++g->n_players;
  return at;
}

/** Players that change nothing become part of the factor. */
static inline void leaf_game_reduce(leaf_game *g) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < g->n_players; ++i) {
    if (g->present[i] == g->absent[i]) {
      g->factor *= g->present[i];
      continue;
    }
    g->player[n] = g->player[i];
    g->present[n] = g->present[i];
    g->absent[n++] = g->absent[i];
  }
  g->n_players = n;
}

/** Sum over coalitions S of the players but i and j: weight * v(S) without i and j (UINT32_MAX: no
 * such player). */
static inline double leaf_game_sum(const leaf_game *g, apo_index index, uint32_t i, uint32_t j) {
  double of_size[LEAF_GAME_PLAYERS + 1] = {1.0};  // sum of products over coalitions of that size
  uint32_t n = 0;
  for (uint32_t k = 0; k < g->n_players; ++k) {
    if (k == i || k == j) continue;
    ++n;
    of_size[n] = 0.0;
    for (uint32_t size = n; size > 0; --size) {
      of_size[size] = of_size[size] * g->absent[k] + of_size[size - 1] * g->present[k];
    }
    of_size[0] *= g->absent[k];
  }
  double sum = 0.0;
  for (uint32_t size = 0; size <= n; ++size) {
    sum += index_weight(index, size, n - size) * of_size[size];
  }
  return sum;
}

/** Add a leaf's values to phi [n] and, unless NULL, pairs [n (n - 1) / 2]. */
static inline void leaf_game_add(
    const leaf_game *g, apo_index index, uint32_t n, double *phi, double *pairs) {
  if (g->factor == 0.0) return;
  for (uint32_t i = 0; i < g->n_players; ++i) {
    const double gain = g->factor * (g->present[i] - g->absent[i]);
    phi[g->player[i]] += gain * leaf_game_sum(g, index, i, UINT32_MAX);
    for (uint32_t j = i + 1; j < g->n_players && pairs != NULL; ++j) {
      const uint32_t a = g->player[i];
      const uint32_t b = g->player[j];
      pairs[a < b ? pair_place(n, a, b) : pair_place(n, b, a)] +=
          0.5 * gain * (g->present[j] - g->absent[j]) * leaf_game_sum(g, index, i, j);
    }
  }
}

/** The game of a leaf, a row x and a background row, or the covers when that is NULL. */
static inline void leaf_game_make(const brute *b,
                                  const leaf_walk *walk,
                                  const double *x,
                                  const double *background,
                                  leaf_game *g) {
  const apo_forest *forest = walk->forest;
  g->n_players = 0;
  for (uint32_t depth = 0; depth < walk->depth; ++depth) {
    const uint64_t node = forest->node_begin[walk->tree] + walk->node[depth];
    const uint32_t column = forest->column[node];
    const bool left = walk->left[depth];
    const uint32_t at =
        leaf_game_player(g, b->player_of_column != NULL ? b->player_of_column[column] : column);
    if (apo_split_goes_left(forest, node, x[column]) != left) g->present[at] = 0.0;
    if (background == NULL) {
      const double share = share_left(forest, walk->tree, walk->node[depth]);
      g->absent[at] *= left ? share : 1.0 - share;
    } else if (apo_split_goes_left(forest, node, background[column]) != left) {
      g->absent[at] = 0.0;
    }
  }
}

/** Values of one row and output leaf by leaf, by covers when the case has no background.
 *
 * Shapes:  phi [n_players] and pairs [n_players (n_players - 1) / 2] or NULL, overwritten
 */
static inline void leaf_values(
    const brute *b, apo_index index, const double *x, uint32_t output, double *phi, double *pairs) {
  const explain_case *c = b->c;
  const apo_forest *forest = c->model->forest;
  const uint32_t n = b->n_players;
  const uint64_t n_background = c->background != NULL ? c->n_background : 1;
  double weight_sum = 0.0;
  for (uint64_t r = 0; r < n_background; ++r) {
    weight_sum += c->weights != NULL ? c->weights[r] : 1.0;
  }
  memset(phi, 0, n * sizeof *phi);
  if (pairs != NULL) memset(pairs, 0, (size_t)n * (n - 1) / 2 * sizeof *pairs);
  for (uint32_t tree = 0; tree < forest->n_trees; ++tree) {
    leaf_walk walk = {.forest = forest, .tree = tree};
    uint64_t leaf = 0;
    while (leaf_walk_next(&walk, &leaf)) {
      const double value = leaf_adds(forest, tree, leaf, output);
      for (uint64_t r = 0; r < n_background && value != 0.0; ++r) {
        leaf_game g;
        leaf_game_make(b, &walk, x,
                       c->background != NULL ? c->background + r * forest->n_columns : NULL, &g);
        g.factor = value * (c->weights != NULL ? c->weights[r] : 1.0) / weight_sum;
        leaf_game_reduce(&g);
        leaf_game_add(&g, index, n, phi, pairs);
      }
    }
  }
}

#endif
