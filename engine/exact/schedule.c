#include "engine/exact/schedule.h"

#include <stdlib.h>

#include "engine/core/memory.h"

enum { OCTET_BYTES = 32 };

// What the groups put so far into the present chunk and batch take.
typedef struct room {
  uint64_t counts;
  uint64_t vectors;
  uint64_t octets;
} room;

static uint64_t vectors_of(const apo_leaf_games *games, const apo_leaf_group *group) {
  uint64_t n = 0;
  for (uint32_t l = group->leaf_begin; l < group->leaf_begin + group->n_leaves; ++l) {
    n += (games->with_pairs ? UINT64_C(5) : UINT64_C(2)) << games->leaf[l].n_players;
  }
  return n;
}

static void place_leaves(apo_leaf_games *games, const apo_leaf_group *group, uint64_t at) {
  for (uint32_t l = group->leaf_begin; l < group->leaf_begin + group->n_leaves; ++l) {
    games->leaf[l].vector_begin = (uint32_t)at;
    at += (games->with_pairs ? UINT64_C(5) : UINT64_C(2)) << games->leaf[l].n_players;
  }
}

static void grow(uint64_t *most, uint64_t n) {
  if (n > *most) *most = n;
}

static void open_chunk(apo_schedule *s, uint32_t group) {
  if (s->n_chunks > 0) s->chunk[s->n_chunks - 1].group_end = group;
  s->chunk[s->n_chunks++] = (apo_chunk){group, group};
}

static void open_block(apo_schedule *s, uint32_t group) {
  if (s->n_blocks == 0 || s->block[s->n_blocks - 1] != group) s->block[s->n_blocks++] = group;
}

static void open_batch(apo_schedule *s, uint32_t group) {
  open_chunk(s, group);
  open_block(s, group);
  if (s->n_batches > 0) {
    s->batch[s->n_batches - 1].chunk_end = s->n_chunks - 1;
    s->batch[s->n_batches - 1].block_end = s->n_blocks - 1;
  }
  s->batch[s->n_batches++] =
      (apo_batch){.chunk_begin = s->n_chunks - 1, .block_begin = s->n_blocks - 1};
}

static void close_all(apo_schedule *s, uint32_t n_groups) {
  s->block[s->n_blocks] = n_groups;
  if (s->n_batches == 0) return;
  s->chunk[s->n_chunks - 1].group_end = n_groups;
  s->batch[s->n_batches - 1].chunk_end = s->n_chunks;
  s->batch[s->n_batches - 1].block_end = s->n_blocks;
}

static void schedule(apo_schedule *s, apo_leaf_games *games, uint64_t most_words, uint64_t most) {
  room used = {0};
  uint32_t next_block = 0;
  for (uint32_t g = 0; g < games->n_groups; ++g) {
    apo_leaf_group *group = &games->group[g];
    const uint64_t counts = UINT64_C(1) << group->n_bits;
    const uint64_t vectors = vectors_of(games, group);
    const uint64_t octets = (uint64_t)group->n_octets << group->n_bits;
    if (g == 0 || used.octets + octets > most) {
      open_batch(s, g);
      used = (room){0};
    } else if (used.vectors + vectors > most_words) {
      open_chunk(s, g);
      used.counts = used.vectors = 0;
    }
    if (next_block < games->n_blocks && games->block[next_block] == g) {
      open_block(s, g);
      ++next_block;
    }
    group->count_begin = (uint32_t)used.counts;
    group->table_begin = (uint32_t)used.octets;
    place_leaves(games, group, used.vectors);
    used.counts += counts;
    used.vectors += vectors;
    used.octets += octets;
    grow(&s->count_words, used.counts);
    grow(&s->vector_words, used.vectors);
    grow(&s->table_octets, used.octets);
    s->row_lookups += group->n_octets;
    s->total_vectors += vectors;
    s->total_octets += octets;
  }
  s->row_tests = games->n_tests;
  close_all(s, games->n_groups);
}

apo_status apo_schedule_create(apo_leaf_games *games,
                               uint64_t vector_bytes,
                               uint64_t table_bytes,
                               apo_schedule **out,
                               apo_error *err) {
  *out = NULL;
  apo_schedule *s = apo_alloc(1, sizeof *s);
  if (s == NULL) return apo_fail(err, APO_ERR_MEMORY, "schedule: %zu bytes", sizeof *s);
  // At worst every group opens one of each.
  s->chunk = apo_alloc(games->n_groups, sizeof *s->chunk);
  s->batch = apo_alloc(games->n_groups, sizeof *s->batch);
  s->block = apo_alloc((size_t)games->n_groups + 1, sizeof *s->block);
  if (s->chunk == NULL || s->batch == NULL || s->block == NULL) {
    apo_schedule_destroy(&s);
    return apo_fail(err, APO_ERR_MEMORY, "schedule: %u groups", games->n_groups);
  }
  // Places are 32 bits wide.
  const uint64_t most_words = vector_bytes / sizeof(uint64_t);
  const uint64_t most_octets = table_bytes / OCTET_BYTES;
  schedule(s, games, most_words < UINT32_MAX ? most_words : UINT32_MAX,
           most_octets < UINT32_MAX ? most_octets : UINT32_MAX);
  *out = s;
  return APO_OK;
}

void apo_schedule_destroy(apo_schedule **schedule) {
  if (schedule == NULL || *schedule == NULL) return;
  free((*schedule)->chunk);
  free((*schedule)->batch);
  free((*schedule)->block);
  free(*schedule);
  *schedule = NULL;
}
