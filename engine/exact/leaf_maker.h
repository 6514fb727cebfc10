/* leaf_maker.h - leaf games while they are made, and the steps of making them. */
#ifndef APO_ENGINE_EXACT_LEAF_MAKER_H
#define APO_ENGINE_EXACT_LEAF_MAKER_H

#include "engine/exact/leaf_games.h"
#include "engine/exact/tree_pieces.h"

/** A tree's values of one output: every leaf counts (value - middle) / unit. */
typedef struct apo_tree_range {
  double middle;
  double width; /* greatest value minus least */
} apo_tree_range;

/** Elements that the arrays of apo_leaf_games have room for. */
typedef struct apo_leaf_room {
  uint64_t group;
  uint64_t leaf;
  uint64_t player;
  uint64_t ratio;
  uint64_t test;
  uint64_t slot;
  uint64_t value;
  uint64_t block;
  uint64_t long_leaf;
  uint64_t long_player;
  uint64_t long_ratio;
  uint64_t long_test;
} apo_leaf_room;

struct apo_leaf_maker {
  apo_piece_maker pieces;
  apo_leaf_games *games;
  apo_leaf_room room;
  apo_program_room program_room;
  uint32_t *sum_of; /* [players] number of a player in the tree that is written, or all ones */
  uint32_t table_rows;
  bool is_banzhaf;
  uint32_t max_players;
  uint32_t cache_bytes;
  uint32_t tree;         /* the present one */
  uint32_t first_output; /* of the tree */
  uint32_t tree_outputs; /* of the tree */
  apo_tree_range *range; /* [n_outputs]: of the tree's outputs, from 0 on */
  uint64_t *block_span;  /* [n_outputs] spans of the trees in the present block, in units */
};

/** Room for `more` elements behind `n`; `field` is the address of the pointer to them.
 *
 * Fails:   APO_ERR_LIMIT  more than 32 bits count;  APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_leaf_room_make(
    void *field, uint64_t *room, uint64_t n, uint64_t more, size_t element_bytes, apo_error *err);

/** Make a tree the present one. */
void apo_leaf_tree_set(apo_leaf_maker *maker, uint32_t tree);

/** The present tree's range of each output; false when all its leaves are equal. */
bool apo_leaf_ranges(apo_leaf_maker *maker);

/** The unit of all trees.  Fails: APO_ERR_MEMORY. */
APO_NODISCARD apo_status apo_leaf_unit(apo_leaf_maker *maker, apo_error *err);

/** Value of a leaf in units, centred. */
int32_t apo_leaf_units(const apo_leaf_maker *maker, uint32_t leaf, uint32_t output);

/** The group that a piece is, or the long leaf; the path stands there. */
APO_NODISCARD apo_status apo_leaf_group_add(apo_leaf_maker *maker, uint32_t piece, apo_error *err);
APO_NODISCARD apo_status apo_long_leaf_add(apo_leaf_maker *maker, uint32_t piece, apo_error *err);

#endif
