#include "engine/core/draw.h"

#include <assert.h>

#include <Random123/philox.h>

enum { WORDS_PER_BLOCK = 4, BLOCK_BITS = 24 };

apo_draw apo_draw_start(uint64_t seed, apo_stream stream, uint64_t a, uint32_t b) {
  return (apo_draw){.seed = seed, .a = a, .b = b, .stream_block = (uint32_t)stream << BLOCK_BITS};
}

static void next_block(apo_draw *draw) {
  const philox4x32_ctr_t counter = {
      {(uint32_t)draw->a, (uint32_t)(draw->a >> 32), draw->b, draw->stream_block}};
  const philox4x32_key_t key = {{(uint32_t)draw->seed, (uint32_t)(draw->seed >> 32)}};
  const philox4x32_ctr_t words = philox4x32_R(10, counter, key);
  for (int i = 0; i < WORDS_PER_BLOCK; ++i) draw->words[i] = words.v[i];
  draw->n_left = WORDS_PER_BLOCK;
  // A sequence that is longer than promised repeats itself; it does not become another stream's.
  const uint32_t block_mask = (1u << BLOCK_BITS) - 1;
  draw->stream_block = (draw->stream_block & ~block_mask) | ((draw->stream_block + 1) & block_mask);
}

uint32_t apo_draw_word(apo_draw *draw) {
  if (draw->n_left == 0) next_block(draw);
  return draw->words[WORDS_PER_BLOCK - draw->n_left--];
}

uint32_t apo_draw_below(apo_draw *draw, uint32_t n) {
  assert(n > 0);
  uint64_t product = (uint64_t)apo_draw_word(draw) * n;
  if ((uint32_t)product >= n) return (uint32_t)(product >> 32);
  // 2^32 mod n of the words would make some results more likely than others; they are drawn again.
  const uint32_t n_excess = (0u - n) % n;
  while ((uint32_t)product < n_excess) product = (uint64_t)apo_draw_word(draw) * n;
  return (uint32_t)(product >> 32);
}

double apo_draw_unit(apo_draw *draw) {
  const uint64_t high = apo_draw_word(draw) >> 5;
  const uint64_t low = apo_draw_word(draw) >> 6;
  return (double)(high << 26 | low) * 0x1p-53;
}

void apo_draw_permutation(apo_draw *draw, uint32_t n, uint32_t *out) {
  for (uint32_t i = 0; i < n; ++i) out[i] = i;
  for (uint32_t i = n; i > 1; --i) {
    const uint32_t j = apo_draw_below(draw, i);
    const uint32_t kept = out[i - 1];
    out[i - 1] = out[j];
    out[j] = kept;
  }
}
