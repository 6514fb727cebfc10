/* coalitions.c - shap's design of coalitions, drawn by counters.
 *
 * Coalitions are made one after another as rows of words, because enumerating and recognising
 * repeats asks for whole coalitions, and turned into columns at the end, because evaluating asks
 * for 32 coalitions at a time:
 *
 *     rows  [coalition][player / 32]   --- 32 x 32 blocks are transposed --->
 *     bits  [player][coalition / 32]
 *
 * Draws repeat a coalition often when few are left, so drawn ones are kept in a hash table.  Of a
 * pair only the smaller half is looked up; in the middle size, where both halves have the same
 * size, the one that holds player 0 stands for the pair.
 */
#include "engine/explainers/kernel/coalitions.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/core/draw.h"
#include "engine/core/memory.h"

/* shap's tolerance for "the budget covers this size". */
static const double COVERED = 1.0 - 1e-8;

typedef struct design {
  uint32_t n_players;
  uint32_t n_sizes;  /* S: sizes 1..S, each standing for itself and its complement's */
  uint32_t n_paired; /* P: S, or S - 1 where M is even and size S is its own complement's */
  uint32_t row_words;
  uint32_t capacity;
  uint32_t n_coalitions;
  double *size_weights; /* [n_sizes + 1], by size, [0] unused; sum 1 */
  uint32_t *rows;       /* [capacity x row_words] */
  double *weights;      /* [capacity] */
} design;

typedef struct sampler {
  uint32_t first_size; /* sizes [first_size, n_sizes] are drawn */
  double *cumulative;  /* [n_sizes + 1], by size */
  uint32_t *order;     /* [n_players], the identity between draws */
  uint32_t *swaps;     /* [n_players] */
  uint32_t *row;       /* [row_words] */
  uint32_t *slots;     /* [n_slots], coalition + 1 or 0 */
  uint32_t n_slots;    /* a power of two, at least twice the pairs */
} sampler;

// --- sizes and budgets ----------------------------------------------------------------------------

static uint64_t all_coalitions(uint32_t n_players) {
  return n_players <= APO_MAX_PLAYERS_ENUMERABLE ? (UINT64_C(1) << n_players) - 2 : UINT64_MAX;
}

static uint64_t capped(uint32_t n_players, uint64_t budget) {
  const uint64_t all = all_coalitions(n_players);
  return budget < all ? budget : all;
}

uint64_t apo_coalitions_auto_budget(uint32_t n_players) {
  if (n_players < 2) return 0;
  return capped(n_players, 2 * (uint64_t)n_players + 2048);
}

// Weight of size s together with size M - s before scaling; M is at least 2.
static double size_weight(uint32_t n_players, uint32_t size) {
  const double n = n_players;
  const bool is_own_complement = 2 * (uint64_t)size == n_players;
  const double one_side = (n - 1.0) / ((double)size * (n - size));
  return is_own_complement ? one_side : 2.0 * one_side;
}

uint64_t apo_coalitions_safe_budget(uint32_t n_players) {
  if (n_players < 2) return 0;
  double sum = 0.0;
  for (uint32_t size = 1; size <= n_players / 2; ++size) sum += size_weight(n_players, size);
  const double share = size_weight(n_players, 1) / sum;
  const double n_singles = n_players == 2 ? 2.0 : 2.0 * n_players;
  uint64_t budget = (uint64_t)(COVERED * n_singles / share);
  while ((double)budget * share / n_singles < COVERED) ++budget;
  return capped(n_players, budget);
}

static void fill_size_weights(design *d) {
  double sum = 0.0;
  for (uint32_t size = 1; size <= d->n_sizes; ++size) {
    d->size_weights[size] = size_weight(d->n_players, size);
    sum += d->size_weights[size];
  }
  for (uint32_t size = 1; size <= d->n_sizes; ++size) d->size_weights[size] /= sum;
}

// --- rows -----------------------------------------------------------------------------------------

static uint32_t last_word_mask(uint32_t n_players) {
  return n_players % 32 == 0 ? UINT32_MAX : (UINT32_C(1) << n_players % 32) - 1;
}

static void complement(const design *d, const uint32_t *row, uint32_t *out) {
  for (uint32_t word = 0; word < d->row_words; ++word) out[word] = ~row[word];
  out[d->row_words - 1] &= last_word_mask(d->n_players);
}

static void add_row(design *d, const uint32_t *row, double weight) {
  memcpy(d->rows + (size_t)d->n_coalitions * d->row_words, row, d->row_words * sizeof *row);
  d->weights[d->n_coalitions++] = weight;
}

static void add_complement_of_last(design *d) {
  const size_t last = (size_t)d->n_coalitions - 1;
  uint32_t *row = d->rows + last * d->row_words;
  complement(d, row, row + d->row_words);
  d->weights[d->n_coalitions++] = d->weights[last];
}

static void set_members(const design *d, const uint32_t *members, uint32_t size, uint32_t *row) {
  memset(row, 0, d->row_words * sizeof *row);
  for (uint32_t i = 0; i < size; ++i) row[members[i] / 32] |= UINT32_C(1) << members[i] % 32;
}

// --- sizes taken in full --------------------------------------------------------------------------

// The lexicographic successor of an ascending choice of `size` from n; false after the last.
static bool next_choice(uint32_t *members, uint32_t size, uint32_t n) {
  uint32_t i = size;
  while (i > 0 && members[i - 1] == n - size + (i - 1)) --i;
  if (i == 0) return false;
  ++members[i - 1];
  for (; i < size; ++i) members[i] = members[i - 1] + 1;
  return true;
}

static void enumerate_size(design *d, uint32_t size, double weight, uint32_t *members) {
  for (uint32_t i = 0; i < size; ++i) members[i] = i;
  uint32_t *row = d->rows + (size_t)d->n_coalitions * d->row_words;
  do {
    set_members(d, members, size, row);
    d->weights[d->n_coalitions++] = weight;
    if (size <= d->n_paired) add_complement_of_last(d);
    row = d->rows + (size_t)d->n_coalitions * d->row_words;
  } while (next_choice(members, size, d->n_players));
}

// Returns the first size that is not taken in full.
static uint32_t enumerate(design *d, uint64_t budget, uint32_t *members) {
  uint64_t left = budget;
  uint64_t choices = 1;     // C(M, size); exact, as the size before fitted into the budget
  double unassigned = 1.0;  // shap rescales the other sizes' weights after each size taken
  for (uint32_t size = 1; size <= d->n_sizes; ++size) {
    choices = choices * (d->n_players - size + 1) / size;
    const uint64_t n_of_size = size <= d->n_paired ? 2 * choices : choices;
    const double share = d->size_weights[size] / unassigned;
    if ((double)left * share / (double)n_of_size < COVERED || n_of_size > left) return size;
    enumerate_size(d, size, d->size_weights[size] / (double)n_of_size, members);
    left -= n_of_size;
    unassigned -= d->size_weights[size];
  }
  return d->n_sizes + 1;
}

// --- coalitions that are drawn --------------------------------------------------------------------

static uint32_t draw_size(const sampler *s, uint32_t last_size, double unit) {
  const double place = unit * s->cumulative[last_size];
  uint32_t lo = s->first_size;
  uint32_t hi = last_size;
  while (lo < hi) {
    const uint32_t middle = lo + (hi - lo) / 2;
    if (place < s->cumulative[middle]) {
      hi = middle;
    } else {
      lo = middle + 1;
    }
  }
  return lo;
}

// `size` players by the first steps of a Fisher-Yates shuffle from the top.  The swaps are undone,
// so that a draw depends on its number and not on the draws before it.
static void draw_members(const design *d, sampler *s, uint32_t size, apo_draw *draw) {
  const uint32_t n = d->n_players;
  for (uint32_t i = 0; i < size; ++i) {
    const uint32_t top = n - 1 - i;
    const uint32_t other = apo_draw_below(draw, top + 1);
    const uint32_t taken = s->order[other];
    s->order[other] = s->order[top];
    s->order[top] = taken;
    s->swaps[i] = other;
  }
  set_members(d, s->order + (n - size), size, s->row);
  for (uint32_t i = size; i-- > 0;) {
    const uint32_t top = n - 1 - i;
    const uint32_t taken = s->order[top];
    s->order[top] = s->order[s->swaps[i]];
    s->order[s->swaps[i]] = taken;
  }
}

static uint64_t hash_row(const uint32_t *row, uint32_t n_words) {
  uint64_t hash = UINT64_C(0x9e3779b97f4a7c15);
  for (uint32_t word = 0; word < n_words; ++word) {
    hash = (hash ^ row[word]) * UINT64_C(0xff51afd7ed558ccd);
    hash ^= hash >> 32;
  }
  return hash;
}

// The slot of a coalition: holding it, or free for it.
static uint32_t *find_slot(const design *d, const sampler *s, const uint32_t *row) {
  const uint32_t mask = s->n_slots - 1;
  for (uint32_t at = (uint32_t)hash_row(row, d->row_words) & mask;; at = (at + 1) & mask) {
    if (s->slots[at] == 0) return &s->slots[at];
    const uint32_t *known = d->rows + (size_t)(s->slots[at] - 1) * d->row_words;
    if (memcmp(known, row, d->row_words * sizeof *row) == 0) return &s->slots[at];
  }
}

static void add_drawn(design *d, sampler *s, uint32_t size) {
  if (2 * (uint64_t)size == d->n_players && (s->row[0] & 1) == 0) complement(d, s->row, s->row);
  uint32_t *slot = find_slot(d, s, s->row);
  if (*slot == 0) {
    *slot = d->n_coalitions + 1;
    add_row(d, s->row, 1.0);
    add_complement_of_last(d);
  } else {
    const uint32_t known = *slot - 1;
    d->weights[known] += 1.0;
    d->weights[known + 1] += 1.0;
  }
}

static apo_status alloc_sampler(const design *d, uint32_t n_pairs, sampler *s, apo_error *err) {
  s->n_slots = 16;
  while (s->n_slots < 2 * n_pairs) s->n_slots *= 2;
  s->cumulative = apo_alloc((size_t)d->n_sizes + 1, sizeof *s->cumulative);
  s->order = apo_alloc(d->n_players, sizeof *s->order);
  s->swaps = apo_alloc(d->n_players, sizeof *s->swaps);
  s->row = apo_alloc(d->row_words, sizeof *s->row);
  s->slots = apo_alloc(s->n_slots, sizeof *s->slots);
  if (s->cumulative == NULL || s->order == NULL || s->swaps == NULL || s->row == NULL ||
      s->slots == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "coalitions: no memory for %u pairs", n_pairs);
  }
  double sum = 0.0;
  for (uint32_t size = s->first_size; size <= d->n_sizes; ++size) {
    // A pair is one draw, so a size is drawn as often as it and its complement's weigh together.
    sum += d->size_weights[size];
    s->cumulative[size] = sum;
  }
  for (uint32_t player = 0; player < d->n_players; ++player) s->order[player] = player;
  return APO_OK;
}

// Sampled weights, so far counts, come to share what their sizes weigh together.
static void scale_drawn(design *d, uint32_t first_drawn, double weight) {
  double sum = 0.0;
  for (uint32_t k = first_drawn; k < d->n_coalitions; ++k) sum += d->weights[k];
  for (uint32_t k = first_drawn; k < d->n_coalitions; ++k) d->weights[k] *= weight / sum;
}

static apo_status draw_rest(
    design *d, uint32_t first_size, uint64_t seed, uint64_t a, apo_error *err) {
  const uint32_t first_drawn = d->n_coalitions;
  const uint32_t n_left = (d->capacity - first_drawn) / 2 * 2;
  if (n_left == 0) return APO_OK;
  const uint32_t end = first_drawn + n_left;

  sampler s = {.first_size = first_size};
  apo_status status = alloc_sampler(d, n_left / 2, &s, err);
  if (status != APO_OK) goto done;
  for (uint64_t b = 0; b < 4 * (uint64_t)n_left && d->n_coalitions < end; ++b) {
    apo_draw sizes = apo_draw_start(seed, APO_STREAM_COALITION_SIZE, a, (uint32_t)b);
    apo_draw members = apo_draw_start(seed, APO_STREAM_COALITION_MEMBERS, a, (uint32_t)b);
    const uint32_t size = draw_size(&s, d->n_sizes, apo_draw_unit(&sizes));
    draw_members(d, &s, size, &members);
    add_drawn(d, &s, size);
  }
  scale_drawn(d, first_drawn, s.cumulative[d->n_sizes]);
done:
  free(s.cumulative);
  free(s.order);
  free(s.swaps);
  free(s.row);
  free(s.slots);
  return status;
}

// --- rows to columns ------------------------------------------------------------------------------

// Swap bit j of word i with bit i of word j, by swapping halves of halves.
static void transpose(uint32_t block[32]) {
  uint32_t mask = UINT32_C(0x0000ffff);
  for (uint32_t half = 16; half != 0; half /= 2, mask ^= mask << half) {
    for (uint32_t i = 0; i < 32; i = (i + half + 1) & ~half) {
      const uint32_t differing = (block[i] >> half ^ block[i + half]) & mask;
      block[i] ^= differing << half;
      block[i + half] ^= differing;
    }
  }
}

static void fill_columns(const design *d, const apo_coalitions *out) {
  for (uint32_t player_word = 0; player_word < d->row_words; ++player_word) {
    for (uint32_t word = 0; word < out->n_words; ++word) {
      uint32_t block[32] = {0};
      for (uint32_t i = 0; i < 32 && word * 32 + i < d->n_coalitions; ++i) {
        block[i] = d->rows[(size_t)(word * 32 + i) * d->row_words + player_word];
      }
      transpose(block);
      for (uint32_t i = 0; i < 32 && player_word * 32 + i < d->n_players; ++i) {
        out->bits[(size_t)(player_word * 32 + i) * out->n_words + word] = block[i];
      }
    }
  }
}

// --- all together ---------------------------------------------------------------------------------

static apo_status check_budget(uint32_t n_players, uint64_t budget, apo_error *err) {
  const uint64_t least = 2 * ((uint64_t)n_players - 1);
  if (budget < least) {
    return apo_fail(err, APO_ERR_LIMIT,
                    "coalitions: a budget of %" PRIu64 " for %u players, needed at least %" PRIu64
                    ", and %" PRIu64 " always suffice",
                    budget, n_players, least, apo_coalitions_safe_budget(n_players));
  }
  if (budget > APO_MAX_COALITIONS) {
    return apo_fail(err, APO_ERR_LIMIT, "coalitions: a budget of %" PRIu64 ", at most %d", budget,
                    APO_MAX_COALITIONS);
  }
  return APO_OK;
}

static apo_status alloc_design(uint32_t n_players, uint32_t capacity, design *d, apo_error *err) {
  d->n_players = n_players;
  d->n_sizes = n_players / 2;
  d->n_paired = (n_players - 1) / 2;
  d->row_words = (n_players - 1) / 32 + 1;
  d->capacity = capacity;
  d->size_weights = apo_alloc((size_t)d->n_sizes + 1, sizeof *d->size_weights);
  d->weights = apo_alloc(capacity, sizeof *d->weights);
  // The product of the two counts fits 62 bits; the checked call sees the size of one row.
  d->rows = apo_alloc(capacity, d->row_words * sizeof *d->rows);
  if (d->size_weights == NULL || d->weights == NULL || d->rows == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "coalitions: no memory for %u of %u players", capacity,
                    n_players);
  }
  fill_size_weights(d);
  return APO_OK;
}

// Moves the weights out of the design.
static apo_status finish(design *d, uint64_t n_enumerated, apo_coalitions *out, apo_error *err) {
  out->n_players = d->n_players;
  out->n_coalitions = d->n_coalitions;
  out->n_words = (d->n_coalitions + 31) / 32;
  out->n_enumerated = n_enumerated;
  out->is_complete = n_enumerated == all_coalitions(d->n_players);
  out->bits = apo_alloc(d->n_players, out->n_words * sizeof *out->bits);
  if (out->bits == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "coalitions: no memory for %u of %u players",
                    d->n_coalitions, d->n_players);
  }
  fill_columns(d, out);
  out->weights = d->weights;
  d->weights = NULL;
  return APO_OK;
}

static apo_status draw_design(
    design *d, uint64_t seed, uint64_t a, apo_coalitions *out, apo_error *err) {
  uint32_t *members = apo_alloc(d->n_sizes, sizeof *members);
  if (members == NULL) return apo_fail(err, APO_ERR_MEMORY, "coalitions: no memory");
  const uint32_t first_size = enumerate(d, d->capacity, members);
  free(members);
  const uint64_t n_enumerated = d->n_coalitions;
  if (first_size <= d->n_sizes) APO_TRY(draw_rest(d, first_size, seed, a, err));
  if (d->n_coalitions / 2 < d->n_players - 1) {
    return apo_fail(err, APO_ERR_LIMIT,
                    "coalitions: %u different ones drawn with a budget of %u for %u players, "
                    "needed %u; a budget of %" PRIu64 " always suffices",
                    d->n_coalitions, d->capacity, d->n_players, 2 * (d->n_players - 1),
                    apo_coalitions_safe_budget(d->n_players));
  }
  return finish(d, n_enumerated, out, err);
}

apo_status apo_coalitions_draw(uint32_t n_players,
                               uint64_t budget,
                               uint64_t seed,
                               uint64_t a,
                               apo_coalitions **out,
                               apo_error *err) {
  *out = NULL;
  if (budget == 0) budget = apo_coalitions_auto_budget(n_players);
  design d = {0};
  apo_coalitions *coalitions = apo_alloc(1, sizeof *coalitions);
  apo_status status = APO_OK;
  if (coalitions == NULL) {
    status = apo_fail(err, APO_ERR_MEMORY, "coalitions: no memory");
    goto done;
  }
  if (n_players < 2) {
    coalitions->n_players = n_players;
    coalitions->is_complete = true;
  } else {
    budget = capped(n_players, budget);
    status = check_budget(n_players, budget, err);
    if (status == APO_OK) status = alloc_design(n_players, (uint32_t)budget, &d, err);
    if (status == APO_OK) status = draw_design(&d, seed, a, coalitions, err);
    if (status != APO_OK) goto done;
  }
  *out = coalitions;
  coalitions = NULL;
done:
  free(d.size_weights);
  free(d.weights);
  free(d.rows);
  apo_coalitions_destroy(&coalitions);
  return status;
}

void apo_coalitions_destroy(apo_coalitions **coalitions) {
  if (*coalitions == NULL) return;
  free((*coalitions)->bits);
  free((*coalitions)->weights);
  free(*coalitions);
  *coalitions = NULL;
}
