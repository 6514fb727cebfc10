/* leaf_cut.c - which subtrees share a table, by an estimate of what a row pays.
 *
 * The unit is one octet added to one row out of first-level cache.  Bottom up, a subtree is one
 * group where that is estimated cheaper than its children apart.  Tables are built once for all
 * rows; a row's share of that is taken from a run of 2^18 rows.  Small runs build no tables
 * (leaf_add), so the estimate need not hold for them.
 *
 * Nodes that ask the same share a bit of the index, as all nodes of a level of an oblivious tree
 * do: such a tree is one group of as many bits as it has levels.
 */
#include "engine/exact/tree_pieces.h"

enum {
  MAX_SHARED_BYTES = 1 << 20,    // of the table of a group of several leaves
  DEFAULT_CACHE_BYTES = 2 << 20  // of a core, where nobody says
};

// What an octet costs by the size of its table, in shares of a core's cache: of 2 MiB, a table up to
// 16 KiB leaves first-level cache to the rows, one up to 64 KiB passes through it, one up to 512 KiB
// stays in second-level cache.  Estimates of design, in units of one octet from first-level cache.
enum { NEAR_SHARE = 128, MIDDLE_SHARE = 32, FAR_SHARE = 4 };
static const double near_cost = 1.0;
static const double middle_cost = 1.3;
static const double far_cost = 2.0;
static const double beyond_cost = 4.0;

static const double test_cost = 0.12;      // one compare of a vector of narrow codes
static const double group_cost = 0.3;      // a group's records, once for a tile of rows
static const double build_cost = 0x1p-18;  // for each word of a table and each leaf in it

uint64_t apo_entry_octets(uint64_t n_players, uint64_t n_outputs, bool with_pairs) {
  const uint64_t n_pairs = with_pairs ? n_players * (n_players - 1) / 2 : 0;
  return (n_outputs * (n_players + n_pairs) + 7) / 8;
}

static double octet_cost(const apo_cut_rules *rules, uint64_t table_bytes) {
  const uint64_t cache = rules->cache_bytes > 0 ? rules->cache_bytes : DEFAULT_CACHE_BYTES;
  if (table_bytes <= cache / NEAR_SHARE) return near_cost;
  if (table_bytes <= cache / MIDDLE_SHARE) return middle_cost;
  if (table_bytes <= cache / FAR_SHARE) return far_cost;
  return beyond_cost;
}

// --- what a subtree asks for --------------------------------------------------------------------

static bool same_test(const apo_code_span *a, const apo_code_span *b) {
  return a->column == b->column && a->start == b->start && a->length == b->length;
}

static uint32_t find_test(const apo_tree_pieces *pieces, const apo_cut_set *set, uint32_t at) {
  const apo_code_span *span = &pieces->piece[at].left;
  uint32_t i = 0;
  while (i < set->n_tests && !same_test(&pieces->piece[set->test[i]].left, span)) ++i;
  return i;
}

uint32_t apo_cut_set_test(const apo_tree_pieces *pieces, apo_cut_set *set, uint32_t at) {
  const uint32_t i = find_test(pieces, set, at);
  if (i == set->n_tests) set->test[set->n_tests++] = at;
  return i;
}

uint32_t apo_cut_set_player(apo_cut_set *set, uint32_t player) {
  uint32_t i = 0;
  while (i < set->n_new && set->player[i] != player) ++i;
  if (i == set->n_new) set->player[set->n_new++] = player;
  return i;
}

static bool is_open(const apo_cut_set *set) {
  return set->n_tests <= APO_SHARED_BITS;
}

static void close_set(apo_cut_set *set) {
  set->n_tests = APO_SHARED_BITS + 1;
}

// A test of its own at a time, so that a set never has more than it has room for.  A new player
// comes with a new test: there are not more players than tests.
static void add_set(const apo_tree_pieces *pieces, apo_cut_set *set, const apo_cut_set *other) {
  if (!is_open(other)) close_set(set);
  for (uint32_t i = 0; i < other->n_tests && is_open(set); ++i) {
    if (find_test(pieces, set, other->test[i]) == APO_SHARED_BITS) {
      close_set(set);
    } else {
      apo_cut_set_test(pieces, set, other->test[i]);
    }
  }
  for (uint32_t i = 0; i < other->n_new && is_open(set); ++i) {
    apo_cut_set_player(set, other->player[i]);
  }
}

// The set of an inner piece from that of its left child, which it replaces, and of its right one.
static void join_sets(const apo_tree_pieces *pieces,
                      uint32_t at,
                      apo_cut_set *set,
                      const apo_cut_set *right) {
  const apo_tree_piece *piece = &pieces->piece[at];
  add_set(pieces, set, right);
  if (!is_open(set)) return;
  // Under covers a test may be asked again below itself (tree_pieces.h).  One bit cannot say both
  // answers, so such a subtree is no group.
  if (find_test(pieces, set, at) < set->n_tests || set->n_tests == APO_SHARED_BITS) {
    close_set(set);
    return;
  }
  apo_cut_set_test(pieces, set, at);
  if (piece->is_new) apo_cut_set_player(set, piece->player);
}

// --- the cut ------------------------------------------------------------------------------------

// False when a subtree may not be one group.
static bool cost_of_group(const apo_tree_piece *piece,
                          const apo_cut_set *set,
                          const apo_cut_rules *rules,
                          double *out,
                          double *table_octets) {
  const bool is_shared = piece->n_inner > 0;
  const uint64_t n_bits = (uint64_t)piece->n_players + set->n_tests;
  if (piece->has_long || (is_shared && n_bits > APO_SHARED_BITS)) return false;
  const uint64_t n_octets = apo_entry_octets((uint64_t)piece->n_players + set->n_new,
                                             rules->n_outputs, rules->with_pairs);
  const uint64_t table_bytes = (n_octets << n_bits) * 32;
  *table_octets = (double)(n_octets << n_bits);
  if (is_shared && table_bytes > MAX_SHARED_BYTES) return false;
  *out = (double)n_octets * octet_cost(rules, table_bytes) +
         test_cost * ((double)piece->n_tests + set->n_tests) + group_cost +
         build_cost * ((double)table_bytes / 4.0) * (piece->n_inner + 1.0);
  return true;
}

// Pieces from the last to the first: the sets of a piece's children are then the last two of the
// stack, the left child's on top.
void apo_tree_pieces_cut(apo_tree_pieces *pieces, const apo_cut_rules *rules) {
  apo_cut_set *top = pieces->set;  // behind the last
  for (uint32_t at = pieces->n; at-- > 0;) {
    apo_tree_piece *piece = &pieces->piece[at];
    double apart = 0.0;
    double together = 0.0;
    double octets = 0.0;
    if (piece->n_inner == 0) {
      *top++ = (apo_cut_set){.n_tests = 0};
      piece->has_long = piece->n_players > rules->max_players;
      piece->is_group = cost_of_group(piece, top - 1, rules, &piece->cost, &piece->table_octets);
      piece->n_long = piece->is_group ? 0 : 1;
      continue;
    }
    const apo_tree_piece *left = &pieces->piece[at + 1];
    const apo_tree_piece *right = &pieces->piece[left->end];
    const apo_cut_set of_left = *--top;
    const apo_cut_set of_right = top[-1];
    top[-1] = of_left;
    join_sets(pieces, at, &top[-1], &of_right);
    apart = left->cost + right->cost;
    piece->has_long = left->has_long || right->has_long;
    piece->is_group =
        cost_of_group(piece, &top[-1], rules, &together, &octets) && together <= apart;
    piece->cost = piece->is_group ? together : apart;
    piece->table_octets = piece->is_group ? octets : left->table_octets + right->table_octets;
    piece->n_long = left->n_long + right->n_long;
  }
}
