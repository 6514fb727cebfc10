/* tree_pieces.h - one tree in preorder, without the branches that no row can take.
 *
 *   pieces   0: x < 3       the left child of an inner piece p is p + 1, the right one
 *            1:   y < 1     the `end` of the left one; [p, end) is the piece with all below it
 *            2:     leaf
 *            3:     leaf
 *            4:   leaf
 *
 * A split whose one side is closed (all codes go to the other, or the tests above leave none for it)
 * is replaced by its open side.  Path-dependent games walk by covers where a player is absent, so
 * there a closed side goes only when its share is 0.
 */
#ifndef APO_ENGINE_EXACT_TREE_PIECES_H
#define APO_ENGINE_EXACT_TREE_PIECES_H

#include "engine/exact/code_sets.h"
#include "engine/exact/leaf_path.h"

typedef struct apo_tree_piece {
  uint32_t parent;
  uint32_t depth; /* pieces above it */
  uint32_t end;
  uint32_t n_inner; /* of [p, end); 0: a leaf */
  uint32_t leaf;    /* of the tree; only of a leaf */
  bool is_left;     /* child of its parent */

  /* Of an inner piece: */
  uint32_t player;
  bool is_new;        /* no piece above it has its player */
  apo_code_span left; /* codes that go left */
  double share[2];    /* of the covers: left, right; 1 without covers */

  /* Of the path above: */
  uint32_t n_players;
  uint32_t n_tests;

  /* Of the cut: */
  bool has_long;
  bool is_group;
  double cost;
  double table_octets; /* of all groups below */
  uint32_t n_long;     /* leaves below that are in no group */
} apo_tree_piece;

typedef struct apo_pending_piece {
  int32_t node; /* inner node of the tree; ~leaf */
  uint32_t at;  /* where it lies in the code forest */
  uint32_t parent;
  uint32_t depth;
  bool is_left;
} apo_pending_piece;

enum { APO_SHARED_BITS = 12 }; /* most index bits of a group of several leaves */

/** What the inner pieces of a subtree ask for, as far as it may still be one group. */
typedef struct apo_cut_set {
  uint32_t n_tests;               /* above APO_SHARED_BITS: too many to be a group */
  uint32_t test[APO_SHARED_BITS]; /* pieces with different `left`, one for each */
  uint32_t n_new;                 /* players that the path above does not have */
  uint32_t player[APO_SHARED_BITS];
} apo_cut_set;

typedef struct apo_tree_pieces {
  uint32_t n;
  apo_tree_piece *piece;      /* [2 * inner nodes of the largest tree + 1] */
  apo_pending_piece *pending; /* [max_depth + 2] */
  apo_cut_set *set;           /* [max_depth + 2] */
} apo_tree_pieces;

/** What one tree is cut with. */
typedef struct apo_piece_maker {
  const apo_forest *forest;
  const apo_code_forest *codes;
  const uint32_t *player_of_column;
  bool is_path;
  apo_code_sets sets;
  apo_leaf_path path;
  apo_tree_pieces pieces;
} apo_piece_maker;

/** Make the pieces of a tree.  Fails: APO_ERR_MEMORY, APO_ERR_LIMIT of sets. */
APO_NODISCARD apo_status apo_tree_pieces_make(apo_piece_maker *maker,
                                              uint32_t tree,
                                              apo_error *err);

/** Bring the path to a piece; pieces are visited in order, subtrees may be left out. */
void apo_tree_pieces_go(apo_piece_maker *maker, uint32_t piece);

/** Decide which pieces are groups (is_group); every leaf is below one, or has_long. */
typedef struct apo_cut_rules {
  uint32_t max_players;
  uint32_t n_outputs; /* of the tree */
  bool with_pairs;
  uint32_t cache_bytes;
} apo_cut_rules;
void apo_tree_pieces_cut(apo_tree_pieces *pieces, const apo_cut_rules *rules);

/** Add a piece's test, if it is not among them; returns its number, which is that of an index bit
 * behind the path's.  Not with APO_SHARED_BITS of them that differ. */
uint32_t apo_cut_set_test(const apo_tree_pieces *pieces, apo_cut_set *set, uint32_t piece);

/** Add a player likewise. */
uint32_t apo_cut_set_player(apo_cut_set *set, uint32_t player);

/** Octets of a table entry for P players. */
uint64_t apo_entry_octets(uint64_t n_players, uint64_t n_outputs, bool with_pairs);

/** Shares of the covers that go left and right at an inner node. */
void apo_cover_shares(const apo_forest *forest, uint32_t tree, uint32_t node, double share[2]);

#endif
