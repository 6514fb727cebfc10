/* leaf_emit.c - a piece of a tree written down as a group, or as a long leaf. */
#include "engine/exact/leaf_maker.h"

#include <math.h>
#include <string.h>

#include "engine/core/memory.h"

// A group while it is written: its players, first those of the path, then those of the subtree.
typedef struct group_players {
  uint32_t n;
  uint32_t n_above;
  uint32_t player[APO_LEAF_PLAYERS];
  apo_cut_set set; /* of the subtree's tests: test i is bit n_above + i */
  /* Of the leaf at hand: */
  uint32_t care[APO_LEAF_PLAYERS];
  uint32_t want[APO_LEAF_PLAYERS];
  double ratio[APO_LEAF_PLAYERS];
} group_players;

static uint64_t fixed_ratio(double ratio) {
  return (uint64_t)llrint(ratio * 0x1p62);
}

#define ROOM(maker, array, n, more, err)                                                      \
  APO_TRY(apo_leaf_room_make(&(maker)->games->array, &(maker)->room.array, (maker)->games->n, \
                             more, sizeof *(maker)->games->array, err))

// --- tests --------------------------------------------------------------------------------------

// The tests of one player on the path; the last one says so.  Returns how many.
static uint32_t write_player_tests(const apo_leaf_maker *maker,
                                   uint32_t player,
                                   apo_pattern_test *out) {
  const apo_leaf_path *path = &maker->pieces.path;
  uint32_t n = 0;
  for (uint32_t at = path->know[player].head; at != APO_NO_CELL; at = path->cell[at].before) {
    if (path->cell[at].is_dead) continue;
    out[n++] = apo_span_test(maker->pieces.codes, path->cell[at].span);
  }
  out[n - 1].column |= APO_TEST_LAST;
  return n;
}

// One bit for each player of the path, then one for each test of the subtree.
static apo_status add_group_tests(apo_leaf_maker *maker, const apo_cut_set *set, apo_error *err) {
  const apo_leaf_path *path = &maker->pieces.path;
  const apo_tree_piece *piece = maker->pieces.pieces.piece;
  apo_leaf_games *games = maker->games;
  ROOM(maker, test, n_tests, (uint64_t)path->n_tests + set->n_tests, err);
  for (uint32_t i = 0; i < path->n_players; ++i) {
    games->n_tests += write_player_tests(maker, path->players[i], games->test + games->n_tests);
  }
  for (uint32_t i = 0; i < set->n_tests; ++i) {
    apo_pattern_test test = apo_span_test(maker->pieces.codes, piece[set->test[i]].left);
    test.column |= APO_TEST_LAST;
    games->test[games->n_tests++] = test;
  }
  return APO_OK;
}

// --- leaves of a group --------------------------------------------------------------------------

static void find_players(const apo_leaf_maker *maker, uint32_t at, group_players *out) {
  const apo_leaf_path *path = &maker->pieces.path;
  const apo_tree_pieces *pieces = &maker->pieces.pieces;
  out->n_above = path->n_players;
  out->set.n_tests = out->set.n_new = 0;
  for (uint32_t i = at; i < pieces->piece[at].end; ++i) {
    if (pieces->piece[i].n_inner == 0) continue;
    apo_cut_set_test(pieces, &out->set, i);
    if (pieces->piece[i].is_new) apo_cut_set_player(&out->set, pieces->piece[i].player);
  }
  out->n = out->n_above + out->set.n_new;
  memcpy(out->player, path->players, out->n_above * sizeof *out->player);
  memcpy(out->player + out->n_above, out->set.player, out->set.n_new * sizeof *out->player);
}

static uint32_t number_of(const group_players *players, uint32_t player) {
  uint32_t q = 0;
  while (players->player[q] != player) ++q;
  return q;
}

// What each player has to show for a leaf: its bit of the path, and those of the pieces between.
static void read_leaf(const apo_leaf_maker *maker,
                      uint32_t at,
                      uint32_t leaf,
                      group_players *players) {
  const apo_leaf_path *path = &maker->pieces.path;
  const apo_tree_piece *piece = maker->pieces.pieces.piece;
  for (uint32_t q = 0; q < players->n; ++q) {
    const bool is_above = q < players->n_above;
    players->care[q] = players->want[q] = is_above ? 1u << q : 0;
    players->ratio[q] = is_above ? path->know[players->player[q]].ratio : 1.0;
  }
  for (uint32_t i = leaf; i != at; i = piece[i].parent) {
    const apo_tree_piece *parent = &piece[piece[i].parent];
    const uint32_t q = number_of(players, parent->player);
    const uint32_t test = apo_cut_set_test(&maker->pieces.pieces, &players->set, piece[i].parent);
    const uint32_t bit = 1u << (players->n_above + test);
    players->care[q] |= bit;
    if (piece[i].is_left) players->want[q] |= bit;
    players->ratio[q] *= parent->share[piece[i].is_left ? 0 : 1];
  }
}

static apo_status add_values(apo_leaf_maker *maker, uint32_t leaf, apo_error *err) {
  apo_leaf_games *games = maker->games;
  ROOM(maker, value, n_values, maker->tree_outputs, err);
  for (uint32_t k = 0; k < maker->tree_outputs; ++k) {
    games->value[games->n_values++] = apo_leaf_units(maker, leaf, k);
  }
  return APO_OK;
}

static apo_status add_leaf(apo_leaf_maker *maker,
                           const group_players *players,
                           uint32_t leaf,
                           apo_error *err) {
  apo_leaf_games *games = maker->games;
  ROOM(maker, leaf, n_leaves, 1, err);
  ROOM(maker, player, n_group_players, players->n, err);
  if (games->ratio != NULL) ROOM(maker, ratio, n_group_players, players->n, err);
  apo_group_leaf *out = &games->leaf[games->n_leaves++];
  *out = (apo_group_leaf){.player_begin = games->n_group_players, .value_begin = games->n_values};
  for (uint32_t q = 0; q < players->n; ++q) {
    if (players->care[q] == 0) continue;
    const uint32_t self = games->n_group_players++;
    games->player[self] =
        (apo_group_player){.care = players->care[q], .want = players->want[q], .player = q};
    if (games->ratio != NULL) games->ratio[self] = fixed_ratio(players->ratio[q]);
    ++out->n_players;
  }
  return add_values(maker, leaf, err);
}

// --- slots --------------------------------------------------------------------------------------

// Table columns in their order; what is left over of the last octet names the spare slot.
static apo_status add_slots(apo_leaf_maker *maker,
                            const group_players *players,
                            uint32_t n_octets,
                            apo_error *err) {
  apo_leaf_games *games = maker->games;
  const uint32_t n = games->n_players;
  const uint32_t P = players->n;
  const uint32_t *player = players->player;
  ROOM(maker, slot, n_slot_words, 8 * (uint64_t)n_octets, err);
  uint32_t *out = games->slot + games->n_slot_words;
  const uint32_t *end = out + 8 * (size_t)n_octets;
  games->n_slot_words += 8 * n_octets;
  for (uint32_t k = 0; k < maker->tree_outputs; ++k) {
    for (uint32_t q = 0; q < P; ++q) *out++ = (maker->first_output + k) * n + player[q];
  }
  for (uint32_t k = 0; k < maker->tree_outputs && games->with_pairs; ++k) {
    const uint64_t n_pairs = (uint64_t)n * (n - 1) / 2;
    const uint64_t begin = (uint64_t)games->n_outputs * n + (maker->first_output + k) * n_pairs;
    for (uint32_t q = 0; q < P; ++q) {
      for (uint32_t r = q + 1; r < P; ++r) {
        const uint64_t i = player[q] < player[r] ? player[q] : player[r];
        const uint64_t j = player[q] < player[r] ? player[r] : player[q];
        *out++ = (uint32_t)(begin + APO_PAIR((uint64_t)n, i, j));
      }
    }
  }
  while (out < end) *out++ = games->n_slots - 1;
  return APO_OK;
}

// --- public -------------------------------------------------------------------------------------

apo_status apo_leaf_group_add(apo_leaf_maker *maker, uint32_t at, apo_error *err) {
  apo_leaf_games *games = maker->games;
  const apo_tree_piece *piece = maker->pieces.pieces.piece;
  group_players players;
  find_players(maker, at, &players);
  const uint64_t n_octets = apo_entry_octets(players.n, maker->tree_outputs, games->with_pairs);

  ROOM(maker, group, n_groups, 1, err);
  apo_leaf_group *group = &games->group[games->n_groups++];
  *group = (apo_leaf_group){.test_begin = games->n_tests,
                            .n_bits = players.n_above + players.set.n_tests,
                            .leaf_begin = games->n_leaves,
                            .n_leaves = piece[at].n_inner + 1,
                            .n_octets = (uint32_t)n_octets,
                            .slot_begin = games->n_slot_words,
                            .n_players = players.n,
                            .n_outputs = maker->tree_outputs};
  APO_TRY(add_group_tests(maker, &players.set, err));
  APO_TRY(add_slots(maker, &players, (uint32_t)n_octets, err));
  for (uint32_t i = at; i < piece[at].end; ++i) {
    if (piece[i].n_inner > 0) continue;
    read_leaf(maker, at, i, &players);
    APO_TRY(add_leaf(maker, &players, piece[i].leaf, err));
  }
  return APO_OK;
}

apo_status apo_long_leaf_add(apo_leaf_maker *maker, uint32_t at, apo_error *err) {
  apo_leaf_games *games = maker->games;
  const apo_leaf_path *path = &maker->pieces.path;
  ROOM(maker, long_leaf, n_long, 1, err);
  ROOM(maker, long_player, n_long_players, path->n_players, err);
  if (games->long_ratio != NULL) ROOM(maker, long_ratio, n_long_players, path->n_players, err);
  ROOM(maker, long_test, n_long_tests, path->n_tests, err);
  games->long_leaf[games->n_long++] = (apo_long_leaf){.test_begin = games->n_long_tests,
                                                      .n_players = path->n_players,
                                                      .player_begin = games->n_long_players,
                                                      .value_begin = games->n_values,
                                                      .first_output = maker->first_output,
                                                      .n_outputs = maker->tree_outputs};
  for (uint32_t i = 0; i < path->n_players; ++i) {
    const uint32_t player = path->players[i];
    const uint32_t self = games->n_long_players++;
    games->long_player[self] = player;
    if (games->long_ratio != NULL) games->long_ratio[self] = path->know[player].ratio;
    games->n_long_tests +=
        write_player_tests(maker, player, games->long_test + games->n_long_tests);
  }
  if (path->n_players > games->longest) games->longest = path->n_players;
  return add_values(maker, maker->pieces.pieces.piece[at].leaf, err);
}
