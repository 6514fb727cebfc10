/* leaf_path.h - the way from a tree's root to where a walk stands: its players, tests and ratios.
 *
 * Tests of one column are joined while they are one arc of codes.  Going up again undoes a step in
 * the time that it took.
 *
 *   cells     tests, newest last; a test that was joined with a later one is dead until that one
 *             goes.  Cells of one player are a list, newest first.
 *   players   in the order in which the path met them
 */
#ifndef APO_ENGINE_EXACT_LEAF_PATH_H
#define APO_ENGINE_EXACT_LEAF_PATH_H

#include <stdbool.h>

#include "engine/exact/code_span.h"

#define APO_NO_CELL UINT32_MAX

typedef struct apo_path_cell {
  apo_code_span span;
  uint32_t before; /* next older cell of the player, or APO_NO_CELL */
  bool is_dead;
} apo_path_cell;

typedef struct apo_path_player {
  uint32_t head;    /* newest cell, or APO_NO_CELL */
  uint32_t n_steps; /* of the path that test it; 0: not on the path */
  uint32_t place;   /* in `players` */
  double ratio;     /* product of the steps' shares */
} apo_path_player;

typedef struct apo_path_step {
  uint32_t player;
  uint32_t head;   /* of the player before the step */
  uint32_t n_dead; /* length of `dead` before the step */
  double ratio;    /* of the player before the step */
} apo_path_step;

typedef struct apo_leaf_path {
  uint32_t depth; /* steps; each adds one cell */
  uint32_t n_players;
  uint32_t n_tests; /* cells that are not dead */
  uint32_t n_dead;
  apo_path_cell *cell;   /* [max_depth] */
  apo_path_step *step;   /* [max_depth] */
  uint32_t *players;     /* [max_depth] */
  uint32_t *dead;        /* [max_depth] cells, in the order in which they died */
  apo_path_player *know; /* [players of the game] */
} apo_leaf_path;

APO_NODISCARD apo_status apo_leaf_path_start(apo_leaf_path *path,
                                             uint32_t max_depth,
                                             uint32_t n_players,
                                             apo_error *err);
void apo_leaf_path_free(apo_leaf_path *path);

/** Down one step: `player` has to pass `span`, which a `share` of the covers does. */
void apo_leaf_path_push(apo_leaf_path *path, uint32_t player, apo_code_span span, double share);

/** Up, until `depth` steps are left. */
void apo_leaf_path_pop(apo_leaf_path *path, uint32_t depth);

/** True when no code that comes this far passes `span`, as far as single tests tell. */
bool apo_leaf_path_forbids(const apo_leaf_path *path, uint32_t player, apo_code_span span);

#endif
