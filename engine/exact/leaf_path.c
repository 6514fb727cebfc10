#include "engine/exact/leaf_path.h"

#include <stdlib.h>

#include "engine/core/memory.h"

apo_status apo_leaf_path_start(apo_leaf_path *path,
                               uint32_t max_depth,
                               uint32_t n_players,
                               apo_error *err) {
  *path = (apo_leaf_path){.depth = 0};
  path->cell = apo_alloc(max_depth, sizeof *path->cell);
  path->step = apo_alloc(max_depth, sizeof *path->step);
  path->players = apo_alloc(max_depth, sizeof *path->players);
  path->dead = apo_alloc(max_depth, sizeof *path->dead);
  path->know = apo_alloc(n_players, sizeof *path->know);
  if (path->cell == NULL || path->step == NULL || path->players == NULL || path->dead == NULL ||
      path->know == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "leaf games: %u players", n_players);
  }
  for (uint32_t player = 0; player < n_players; ++player) path->know[player].head = APO_NO_CELL;
  return APO_OK;
}

void apo_leaf_path_free(apo_leaf_path *path) {
  free(path->cell);
  free(path->step);
  free(path->players);
  free(path->dead);
  free(path->know);
  *path = (apo_leaf_path){.depth = 0};
}

static void kill_cell(apo_leaf_path *path, uint32_t at) {
  path->cell[at].is_dead = true;
  path->dead[path->n_dead++] = at;
  --path->n_tests;
}

// The first cell of a list, from `at` on, that is alive.
static uint32_t alive(const apo_leaf_path *path, uint32_t at) {
  while (at != APO_NO_CELL && path->cell[at].is_dead) at = path->cell[at].before;
  return at;
}

void apo_leaf_path_push(apo_leaf_path *path, uint32_t player, apo_code_span span, double share) {
  apo_path_player *know = &path->know[player];
  path->step[path->depth] = (apo_path_step){
      .player = player, .head = know->head, .n_dead = path->n_dead, .ratio = know->ratio};
  if (know->n_steps++ == 0) {
    know->place = path->n_players;
    know->ratio = 1.0;
    path->players[path->n_players++] = player;
  }
  know->ratio *= share;

  uint32_t at = alive(path, know->head);
  while (at != APO_NO_CELL) {
    const apo_path_cell *cell = &path->cell[at];
    apo_code_span both;
    if (cell->span.column == span.column && apo_span_meet(cell->span, span, &both) < 2) {
      span = both;
      kill_cell(path, at);
      // What was two arcs with the wider test may be one with the narrower: from the start again.
      at = alive(path, know->head);
    } else {
      at = alive(path, cell->before);
    }
  }
  path->cell[path->depth] =
      (apo_path_cell){.span = span, .before = alive(path, know->head), .is_dead = false};
  know->head = path->depth++;
  ++path->n_tests;
}

void apo_leaf_path_pop(apo_leaf_path *path, uint32_t depth) {
  while (path->depth > depth) {
    const apo_path_step *step = &path->step[--path->depth];
    apo_path_player *know = &path->know[step->player];
    --path->n_tests;
    while (path->n_dead > step->n_dead) {
      path->cell[path->dead[--path->n_dead]].is_dead = false;
      ++path->n_tests;
    }
    know->head = step->head;
    know->ratio = step->ratio;
    if (--know->n_steps == 0) --path->n_players;
  }
}

bool apo_leaf_path_forbids(const apo_leaf_path *path, uint32_t player, apo_code_span span) {
  if (span.length == 0) return true;
  uint32_t at = alive(path, path->know[player].head);
  for (; at != APO_NO_CELL; at = alive(path, path->cell[at].before)) {
    apo_code_span both;
    if (path->cell[at].span.column != span.column) continue;
    if (apo_span_meet(path->cell[at].span, span, &both) == 0) return true;
  }
  return false;
}
