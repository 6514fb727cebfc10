#include "host/stores/packed.h"

#include <math.h>
#include <stdlib.h>

#include "engine/core/memory.h"
#include "host/stores/bytes.h"
#include "host/stores/pair_matrix.h"

enum { TOPK_BYTES = 8, PAIRS_TOPK_BYTES = 12 };

size_t apo_packed_bytes(const apo_packing *packing) {
  const size_t n = packing->n_players;
  switch (packing->layout) {
    case APO_LAYOUT_DENSE: return 4 * n;
    case APO_LAYOUT_TOPK: return TOPK_BYTES * ((size_t)packing->top + 1);
    case APO_LAYOUT_PAIRS: return 4 * (n + apo_pair_count(packing->n_players));
    case APO_LAYOUT_PAIRS_TOPK: return PAIRS_TOPK_BYTES * ((size_t)packing->top + 1);
  }
  return 0;
}

size_t apo_packed_error_bytes(const apo_packing *packing) {
  return 4 * (size_t)(packing->layout == APO_LAYOUT_TOPK ? packing->top : packing->n_players);
}

apo_status apo_packer_init(const apo_packing *packing, apo_packer *out, apo_error *err) {
  *out = (apo_packer){.packing = *packing};
  out->best = apo_alloc(packing->top, sizeof *out->best);
  out->diagonal = apo_alloc(packing->n_players, sizeof *out->diagonal);
  out->room = apo_alloc(packing->n_players, sizeof *out->room);
  if (out->best != NULL && out->diagonal != NULL && out->room != NULL) return APO_OK;
  return apo_fail(err, APO_ERR_MEMORY, "packed lines: %u players: out of memory",
                  packing->n_players);
}

void apo_packer_clear(apo_packer *packer) {
  free(packer->best);
  free(packer->diagonal);
  free(packer->room);
  *packer = (apo_packer){0};
}

/* --- the largest ------------------------------------------------------------------------------ */

// A heap whose root is the worst of those that are kept: smaller, or equal and further back.

static bool is_worse(const apo_packed_entry *a, const apo_packed_entry *b) {
  const float x = fabsf(a->value);
  const float y = fabsf(b->value);
  if (x < y || y < x) return x < y;
  return a->first > b->first || (a->first == b->first && a->second > b->second);
}

static void swap(apo_packed_entry *a, apo_packed_entry *b) {
  const apo_packed_entry kept = *a;
  *a = *b;
  *b = kept;
}

static void sink_down(apo_packed_entry *heap, size_t n, size_t at) {
  for (;;) {
    size_t worst = at;
    for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < n; ++child) {
      if (is_worse(&heap[child], &heap[worst])) worst = child;
    }
    if (worst == at) return;
    swap(&heap[at], &heap[worst]);
    at = worst;
  }
}

static void rise(apo_packed_entry *heap, size_t at) {
  for (; at > 0 && is_worse(&heap[at], &heap[(at - 1) / 2]); at = (at - 1) / 2) {
    swap(&heap[at], &heap[(at - 1) / 2]);
  }
}

/* Offer an entry to a heap with room for `top`; returns the value that has no place in it. */
static double offer(apo_packed_entry *heap, size_t *n, size_t top, apo_packed_entry entry) {
  if (*n < top) {
    heap[*n] = entry;
    rise(heap, (*n)++);
    return 0;
  }
  if (top == 0 || !is_worse(&heap[0], &entry)) return (double)entry.value;
  const double dropped = (double)heap[0].value;
  heap[0] = entry;
  sink_down(heap, *n, 0);
  return dropped;
}

/* The worst goes to the end, again and again: what is left is in falling order. */
static void sort_heap(apo_packed_entry *heap, size_t n) {
  while (n > 1) {
    swap(&heap[0], &heap[--n]);
    sink_down(heap, n, 0);
  }
}

/* --- packing ---------------------------------------------------------------------------------- */

static void pack_top(apo_packer *packer, const float *phi, uint8_t *out) {
  const uint32_t top = packer->packing.top;
  size_t n = 0;
  double rest = 0;
  for (uint32_t player = 0; player < packer->packing.n_players; ++player) {
    rest += offer(packer->best, &n, top, (apo_packed_entry){phi[player], player, 0});
  }
  sort_heap(packer->best, n);
  for (uint32_t i = 0; i < top; ++i, out += TOPK_BYTES) {
    apo_pack_u32(packer->best[i].first, out);
    apo_pack_f32(&packer->best[i].value, 1, out + 4);
  }
  const float rest32 = (float)rest;
  apo_pack_u32(UINT32_MAX, out);
  apo_pack_f32(&rest32, 1, out + 4);
}

static void pack_triangle(apo_packer *packer, const float *phi, const float *pairs, uint8_t *out) {
  const uint32_t n_players = packer->packing.n_players;
  apo_pair_diagonal(n_players, phi, pairs, packer->room, packer->diagonal);
  for (uint32_t i = 0; i < n_players; ++i) {
    const size_t n_right = n_players - i - 1;
    apo_pack_f32(&packer->diagonal[i], 1, out);
    if (n_right > 0) apo_pack_f32(pairs, n_right, out + 4);
    out += 4 * (n_right + 1);
    pairs = n_right > 0 ? pairs + n_right : pairs;
  }
}

static void pack_top_pairs(apo_packer *packer, const float *phi, const float *pairs, uint8_t *out) {
  const uint32_t n_players = packer->packing.n_players;
  const uint32_t top = packer->packing.top;
  bool is_finite = true;
  size_t n = 0;
  double rest = 0;
  for (uint32_t player = 0; player < n_players; ++player) rest += (double)phi[player];
  for (uint32_t i = 0; i < n_players; ++i) {
    for (uint32_t j = i + 1; j < n_players; ++j, ++pairs) {
      if (!isfinite(*pairs)) is_finite = false;
      offer(packer->best, &n, top, (apo_packed_entry){*pairs, i, j});
    }
  }
  sort_heap(packer->best, n);
  for (uint32_t i = 0; i < top; ++i, out += PAIRS_TOPK_BYTES) {
    apo_pack_u32(packer->best[i].first, out);
    apo_pack_u32(packer->best[i].second, out + 4);
    apo_pack_f32(&packer->best[i].value, 1, out + 8);
    rest -= 2 * (double)packer->best[i].value;
  }
  // A pair that is no number may be none of those that are kept.
  const float rest32 = is_finite ? (float)rest : NAN;
  apo_pack_u32(UINT32_MAX, out);
  apo_pack_u32(UINT32_MAX, out + 4);
  apo_pack_f32(&rest32, 1, out + 8);
}

void apo_packer_line(apo_packer *packer, const float *phi, const float *pairs, uint8_t *out) {
  switch (packer->packing.layout) {
    case APO_LAYOUT_DENSE: apo_pack_f32(phi, packer->packing.n_players, out); return;
    case APO_LAYOUT_TOPK: pack_top(packer, phi, out); return;
    case APO_LAYOUT_PAIRS: pack_triangle(packer, phi, pairs, out); return;
    case APO_LAYOUT_PAIRS_TOPK: pack_top_pairs(packer, phi, pairs, out); return;
  }
}

void apo_packed_errors(const apo_packing *packing,
                       const uint8_t *packed,
                       const float *phi_se,
                       uint8_t *out) {
  if (packing->layout != APO_LAYOUT_TOPK) {
    apo_pack_f32(phi_se, packing->n_players, out);
    return;
  }
  for (uint32_t i = 0; i < packing->top; ++i) {
    apo_pack_f32(&phi_se[apo_unpack_u32(packed + TOPK_BYTES * i)], 1, out + 4 * i);
  }
}

bool apo_packed_is_finite(const apo_packing *packing, const uint8_t *packed) {
  const size_t n_bytes = apo_packed_bytes(packing);
  const size_t step = packing->layout == APO_LAYOUT_TOPK         ? TOPK_BYTES
                      : packing->layout == APO_LAYOUT_PAIRS_TOPK ? PAIRS_TOPK_BYTES
                                                                 : 4;
  for (size_t at = step; at <= n_bytes; at += step) {
    float value;
    apo_unpack_f32(packed + at - 4, 1, &value);
    if (!isfinite(value)) return false;
  }
  return true;
}
