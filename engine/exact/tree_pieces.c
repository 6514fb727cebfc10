#include "engine/exact/tree_pieces.h"

// What is known of an inner node before it becomes a piece, or is passed over.
typedef struct split {
  uint32_t player;
  apo_code_span left;
  double share[2];
} split;

static apo_status read_split(apo_piece_maker *maker,
                             uint32_t tree,
                             const apo_pending_piece *from,
                             split *out,
                             apo_error *err) {
  const apo_node *code = &maker->codes->nodes[from->at];
  out->player = maker->player_of_column[code->column];
  out->share[0] = out->share[1] = 1.0;
  if (maker->is_path) apo_cover_shares(maker->forest, tree, (uint32_t)from->node, out->share);
  return apo_code_sets_left(&maker->sets, code, &out->left, err);
}

// True when nothing that a game sees goes to one side.
static bool is_closed(const apo_piece_maker *maker, const split *at, bool is_left) {
  if (maker->is_path && at->share[is_left ? 0 : 1] > 0.0) return false;
  const apo_code_span span = is_left ? at->left : apo_span_other(at->left);
  return apo_leaf_path_forbids(&maker->path, at->player, span);
}

void apo_tree_pieces_go(apo_piece_maker *maker, uint32_t at) {
  const apo_tree_piece *piece = &maker->pieces.piece[at];
  if (piece->depth == 0) {
    apo_leaf_path_pop(&maker->path, 0);
    return;
  }
  const apo_tree_piece *parent = &maker->pieces.piece[piece->parent];
  apo_leaf_path_pop(&maker->path, piece->depth - 1);
  apo_leaf_path_push(&maker->path, parent->player,
                     piece->is_left ? parent->left : apo_span_other(parent->left),
                     parent->share[piece->is_left ? 0 : 1]);
}

// The child of a pending inner node; the two forests are walked in step.
static apo_pending_piece child_of(const apo_piece_maker *maker,
                                  uint32_t tree,
                                  const apo_pending_piece *from,
                                  bool is_left) {
  const uint64_t node = maker->forest->node_begin[tree] + (uint64_t)from->node;
  apo_pending_piece child = *from;
  child.node = is_left ? maker->forest->left[node] : maker->forest->right[node];
  child.at = (maker->codes->nodes[from->at].next & APO_NODE_NEXT) + (is_left ? 0 : 1);
  return child;
}

// Pass over splits with a closed side: `from` becomes a leaf, or a node with two open ones.
static apo_status find_open(
    apo_piece_maker *maker, uint32_t tree, apo_pending_piece *from, split *out, apo_error *err) {
  while (from->node >= 0) {
    APO_TRY(read_split(maker, tree, from, out, err));
    if (is_closed(maker, out, true)) {
      *from = child_of(maker, tree, from, false);
    } else if (is_closed(maker, out, false)) {
      *from = child_of(maker, tree, from, true);
    } else {
      return APO_OK;
    }
  }
  return APO_OK;
}

// Where subtrees end, and how many inner pieces they have; children stand behind their parents.
static void measure(apo_tree_pieces *pieces) {
  for (uint32_t at = pieces->n; at-- > 0;) {
    apo_tree_piece *piece = &pieces->piece[at];
    piece->end = at + 1;
    if (piece->n_inner == 0) continue;
    const apo_tree_piece *left = &pieces->piece[at + 1];
    const apo_tree_piece *right = &pieces->piece[left->end];
    piece->end = right->end;
    piece->n_inner = 1 + left->n_inner + right->n_inner;
  }
}

apo_status apo_tree_pieces_make(apo_piece_maker *maker, uint32_t tree, apo_error *err) {
  const apo_forest *forest = maker->forest;
  apo_tree_pieces *pieces = &maker->pieces;
  const bool is_stump = forest->node_begin[tree + 1] == forest->node_begin[tree];
  // Nodes and leaves of a tree stand together in the code forest, the root first.
  const uint64_t root = forest->node_begin[tree] + forest->leaf_begin[tree];
  uint32_t n_pending = 1;
  pieces->pending[0] = (apo_pending_piece){.node = is_stump ? ~0 : 0, .at = (uint32_t)root};
  pieces->n = 0;
  while (n_pending > 0) {
    apo_pending_piece from = pieces->pending[--n_pending];
    const uint32_t self = pieces->n++;
    apo_tree_piece *piece = &pieces->piece[self];
    *piece = (apo_tree_piece){.parent = from.parent, .depth = from.depth, .is_left = from.is_left};
    apo_tree_pieces_go(maker, self);
    piece->n_players = maker->path.n_players;
    piece->n_tests = maker->path.n_tests;

    split here;
    APO_TRY(find_open(maker, tree, &from, &here, err));
    if (from.node < 0) {
      piece->leaf = (uint32_t)~from.node;
      continue;
    }
    piece->n_inner = 1;
    piece->player = here.player;
    piece->left = here.left;
    piece->share[0] = here.share[0];
    piece->share[1] = here.share[1];
    piece->is_new = maker->path.know[here.player].n_steps == 0;
    for (int is_left = 0; is_left <= 1; ++is_left) {  // the left one is taken first
      apo_pending_piece child = child_of(maker, tree, &from, is_left == 1);
      child.parent = self;
      child.depth = from.depth + 1;
      child.is_left = is_left == 1;
      pieces->pending[n_pending++] = child;
    }
  }
  measure(pieces);
  return APO_OK;
}
