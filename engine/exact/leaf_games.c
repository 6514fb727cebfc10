#include "engine/exact/leaf_games.h"

#include <string.h>

#include "engine/core/memory.h"
#include "engine/exact/leaf_maker.h"

enum { FIRST_ROOM = 64, BLOCK_SPAN = 1 << 29 };

// `field` is the address of a pointer to any type; memcpy, because void * does not alias it.
apo_status apo_leaf_room_make(
    void *field, uint64_t *room, uint64_t n, uint64_t more, size_t element_bytes, apo_error *err) {
  if (n + more <= *room) return APO_OK;
  if (n + more > UINT32_MAX) {
    return apo_fail(err, APO_ERR_LIMIT, "leaf games: %llu records, the limit is %u",
                    (unsigned long long)(n + more), UINT32_MAX);
  }
  const uint64_t doubled = *room > 0 ? 2 * *room : FIRST_ROOM;
  const uint64_t capacity = doubled > n + more ? doubled : n + more;
  void *block = NULL;
  memcpy(&block, field, sizeof block);
  block = apo_resize(block, (size_t)capacity, element_bytes);
  if (block == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "leaf games: %llu records of %zu bytes",
                    (unsigned long long)capacity, element_bytes);
  }
  memcpy(field, &block, sizeof block);
  *room = capacity;
  return APO_OK;
}

// --- a tree -------------------------------------------------------------------------------------

// Span of the tree's values in units, the centre included.
static uint64_t units_of(const apo_leaf_maker *maker, uint32_t k) {
  const double halves = maker->range[k].width / 2.0 / maker->games->unit;
  return 2 * (uint64_t)(halves + 0.5);
}

// A block ends before the tree that would carry some output's sum over the bound.
static apo_status place_in_block(apo_leaf_maker *maker, apo_error *err) {
  apo_leaf_games *games = maker->games;
  bool fits = true;
  for (uint32_t k = 0; k < maker->tree_outputs; ++k) {
    const uint64_t before = maker->block_span[maker->first_output + k];
    if (before + units_of(maker, k) > BLOCK_SPAN) fits = false;
  }
  // A block of long leaves alone has no groups and goes on.
  const bool has_groups = games->n_groups > games->block[games->n_blocks];
  if (!fits && has_groups) {
    APO_TRY(apo_leaf_room_make(&games->block, &maker->room.block, games->n_blocks, 3,
                               sizeof *games->block, err));
    games->block[++games->n_blocks] = games->n_groups;
  }
  if (!fits) memset(maker->block_span, 0, games->n_outputs * sizeof *maker->block_span);
  for (uint32_t k = 0; k < maker->tree_outputs; ++k) {
    maker->block_span[maker->first_output + k] += units_of(maker, k);
  }
  return APO_OK;
}

// False when all leaves that rows can come to are equal.
static bool leaves_differ(const apo_leaf_maker *maker) {
  const apo_tree_pieces *pieces = &maker->pieces.pieces;
  const apo_forest *forest = maker->pieces.forest;
  const double *value = forest->leaf_value + forest->value_begin[maker->tree];
  const uint32_t K = maker->tree_outputs;
  const double *first = NULL;
  for (uint32_t at = 0; at < pieces->n; ++at) {
    if (pieces->piece[at].n_inner > 0) continue;
    const double *here = value + (uint64_t)pieces->piece[at].leaf * K;
    if (first == NULL) first = here;
    for (uint32_t k = 0; k < K; ++k) {
      if (here[k] < first[k] || here[k] > first[k]) return true;
    }
  }
  return false;
}

static apo_status cut_tree(apo_leaf_maker *maker, uint32_t tree, apo_error *err) {
  apo_tree_pieces *pieces = &maker->pieces.pieces;
  apo_leaf_tree_set(maker, tree);
  if (!apo_leaf_ranges(maker)) return APO_OK;
  APO_TRY(apo_tree_pieces_make(&maker->pieces, tree, err));
  if (!leaves_differ(maker)) return APO_OK;
  apo_cut_rules rules = {.max_players = maker->max_players,
                         .n_outputs = maker->tree_outputs,
                         .with_pairs = maker->games->with_pairs};
  if (maker->table_rows > 0) {
    // Both ways round differently, so the choice must be the same on every device.
    apo_tree_pieces_cut(pieces, &rules);
    if (apo_program_pays(maker)) return apo_program_add(maker, err);
  }
  rules.cache_bytes = maker->cache_bytes;
  apo_tree_pieces_cut(pieces, &rules);
  APO_TRY(place_in_block(maker, err));
  for (uint32_t at = 0; at < pieces->n;) {
    const apo_tree_piece *piece = &pieces->piece[at];
    apo_tree_pieces_go(&maker->pieces, at);
    if (piece->is_group) {
      APO_TRY(apo_leaf_group_add(maker, at, err));
      at = piece->end;
      continue;
    }
    if (piece->n_inner == 0) APO_TRY(apo_long_leaf_add(maker, at, err));
    ++at;
  }
  return APO_OK;
}

// --- the forest ---------------------------------------------------------------------------------

static apo_status check(const apo_model *model, const apo_leaf_wish *wish, apo_error *err) {
  const apo_forest *forest = model->forest;
  const uint64_t n = wish->n_players;
  const uint64_t n_pairs = wish->with_pairs && n > 0 ? n * (n - 1) / 2 : 0;
  if (wish->is_path && forest->n_nodes > 0 &&
      (forest->node_cover == NULL || forest->leaf_cover == NULL)) {
    return apo_fail(err, APO_ERR_UNSUPPORTED,
                    "path-dependent values: the model has no covers; they need them");
  }
  if (model->n_outputs * (n + n_pairs) >= UINT32_MAX) {
    return apo_fail(err, APO_ERR_LIMIT,
                    "leaf games: %llu values a row for %u players and %u outputs, the limit is %u",
                    (unsigned long long)(model->n_outputs * (n + n_pairs)), wish->n_players,
                    model->n_outputs, UINT32_MAX - 1);
  }
  return APO_OK;
}

static apo_status start_pieces(apo_leaf_maker *maker, const apo_leaf_wish *wish, apo_error *err) {
  apo_piece_maker *pieces = &maker->pieces;
  uint64_t most = 0;
  for (uint32_t tree = 0; tree < pieces->forest->n_trees; ++tree) {
    const uint64_t n = pieces->forest->node_begin[tree + 1] - pieces->forest->node_begin[tree];
    if (n > most) most = n;
  }
  APO_TRY(apo_code_sets_start(&pieces->sets, pieces->codes, err));
  APO_TRY(apo_leaf_path_start(&pieces->path, pieces->codes->max_depth, wish->n_players, err));
  pieces->pieces.piece = apo_alloc((size_t)(2 * most + 1), sizeof *pieces->pieces.piece);
  pieces->pieces.pending =
      apo_alloc((size_t)pieces->codes->max_depth + 2, sizeof *pieces->pieces.pending);
  pieces->pieces.set = apo_alloc((size_t)pieces->codes->max_depth + 2, sizeof *pieces->pieces.set);
  maker->sum_of = apo_alloc((size_t)wish->n_players + 1, sizeof *maker->sum_of);
  maker->range = apo_alloc(maker->games->n_outputs, sizeof *maker->range);
  maker->block_span = apo_alloc(maker->games->n_outputs, sizeof *maker->block_span);
  if (pieces->pieces.piece == NULL || pieces->pieces.pending == NULL ||
      pieces->pieces.set == NULL || maker->sum_of == NULL || maker->range == NULL ||
      maker->block_span == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "leaf games: a tree of %llu nodes",
                    (unsigned long long)most);
  }
  memset(maker->sum_of, 0xff, wish->n_players * sizeof *maker->sum_of);
  return APO_OK;
}

// Every array has some room from the start, so that none is NULL but those that are not wanted.
static apo_status start_games(apo_leaf_maker *maker, bool is_path, apo_error *err) {
  apo_leaf_games *games = maker->games;
  apo_leaf_room *room = &maker->room;
#define START(array) \
  APO_TRY(apo_leaf_room_make(&games->array, &room->array, 0, 1, sizeof *games->array, err))
  START(group);
  START(leaf);
  START(player);
  START(test);
  START(slot);
  START(value);
  START(block);
  START(long_leaf);
  START(long_player);
  START(long_test);
  if (is_path) START(ratio);
  if (is_path) START(long_ratio);
#undef START
  games->block[0] = 0;
  return APO_OK;
}

static apo_status make(apo_leaf_maker *maker, const apo_leaf_wish *wish, apo_error *err) {
  apo_leaf_games *games = maker->games;
  APO_TRY(start_games(maker, wish->is_path, err));
  APO_TRY(start_pieces(maker, wish, err));
  APO_TRY(apo_leaf_unit(maker, err));
  for (uint32_t tree = 0; tree < maker->pieces.forest->n_trees; ++tree) {
    APO_TRY(apo_prefix(err, cut_tree(maker, tree, err), "tree %u: ", tree));
  }
  if (games->n_groups > games->block[games->n_blocks]) {
    games->block[++games->n_blocks] = games->n_groups;
  }
  games->n_derived = maker->pieces.sets.n_derived;
  games->derived = maker->pieces.sets.derived;
  maker->pieces.sets.derived = NULL;
  return APO_OK;
}

apo_status apo_leaf_games_create(const apo_model *model,
                                 const apo_code_forest *codes,
                                 const apo_leaf_wish *wish,
                                 apo_leaf_games **out,
                                 apo_error *err) {
  *out = NULL;
  APO_TRY(check(model, wish, err));
  apo_leaf_games *games = apo_alloc(1, sizeof *games);
  if (games == NULL) return apo_fail(err, APO_ERR_MEMORY, "leaf games: %zu bytes", sizeof *games);
  const uint64_t n = wish->n_players;
  const uint64_t n_pairs = wish->with_pairs && n > 0 ? n * (n - 1) / 2 : 0;
  games->n_players = wish->n_players;
  games->n_outputs = model->n_outputs;
  games->n_slots = (uint32_t)(model->n_outputs * (n + n_pairs) + 1);
  games->with_pairs = wish->with_pairs;
  const uint32_t max_players = wish->max_players;
  apo_leaf_maker maker = {
      .pieces = {.forest = model->forest,
                 .codes = codes,
                 .player_of_column = wish->player_of_column,
                 .is_path = wish->is_path},
      .games = games,
      .table_rows = wish->is_path && !wish->with_pairs ? wish->table_rows : 0,
      .is_banzhaf = wish->is_banzhaf,
      .max_players = max_players < APO_LEAF_PLAYERS ? max_players : APO_LEAF_PLAYERS,
      .cache_bytes = wish->cache_bytes};

  const apo_status status = make(&maker, wish, err);
  if (status == APO_OK) {
    *out = games;
    games = NULL;
  }
  apo_code_sets_free(&maker.pieces.sets);
  apo_leaf_path_free(&maker.pieces.path);
  free(maker.pieces.pieces.piece);
  free(maker.pieces.pieces.pending);
  free(maker.pieces.pieces.set);
  free(maker.sum_of);
  free(maker.range);
  free(maker.block_span);
  apo_leaf_games_destroy(&games);
  return status;
}

void apo_leaf_games_destroy(apo_leaf_games **games) {
  if (games == NULL || *games == NULL) return;
  free((*games)->derived);
  free((*games)->group);
  free((*games)->leaf);
  free((*games)->player);
  free((*games)->ratio);
  free((*games)->test);
  free((*games)->slot);
  free((*games)->value);
  free((*games)->block);
  free((*games)->long_leaf);
  free((*games)->long_player);
  free((*games)->long_ratio);
  free((*games)->long_test);
  apo_tree_programs_free(&(*games)->programs);
  free(*games);
  *games = NULL;
}
