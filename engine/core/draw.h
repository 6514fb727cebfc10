/* draw.h - random words that depend on (seed, stream, a, b) and on nothing else.
 *
 * A sequence is Philox4x32-10 (Random123) with key = seed and counter words
 * (a low, a high, b, stream << 24 | block), block = 0, 1, ..., four words a block.  The same
 * question gets the same words on every machine, in every tile, in every order.
 */
#ifndef APO_ENGINE_CORE_DRAW_H
#define APO_ENGINE_CORE_DRAW_H

#include <stdint.h>

/** What a sequence is for; numbers never change (docs/SEMANTICS.md). */
typedef enum apo_stream {
  APO_STREAM_COALITION_SIZE = 1,
  APO_STREAM_COALITION_MEMBERS = 2,
  APO_STREAM_PERMUTATION = 3,        /* a = row number or shared, b = permutation */
  APO_STREAM_IMPORTANCE_SHUFFLE = 4, /* a = repeat */
  APO_STREAM_IMPORTANCE_SUBSET = 5,
  APO_STREAM_BACKGROUND_SAMPLE = 6,
  APO_STREAM_KMEANS = 7,
  APO_STREAM_BOOTSTRAP = 8,
  APO_STREAM_BENCH = 9
} apo_stream;

#define APO_DRAW_SHARED UINT64_MAX /* `a` of what is shared by all rows */

typedef struct apo_draw {
  uint64_t seed;
  uint64_t a;
  uint32_t b;
  uint32_t stream_block; /* stream << 24 | next block */
  uint32_t words[4];
  uint32_t n_left; /* words of the block not yet given */
} apo_draw;

/** Start a sequence.  A sequence holds 2^26 words. */
apo_draw apo_draw_start(uint64_t seed, apo_stream stream, uint64_t a, uint32_t b);
/** The next word. */
uint32_t apo_draw_word(apo_draw *draw);
/** Uniform in [0, n), n >= 1: multiply-shift with rejection (Lemire 2019), words used in order. */
uint32_t apo_draw_below(apo_draw *draw, uint32_t n);
/** Uniform in [0, 1) with 53 bits, from two words. */
double apo_draw_unit(apo_draw *draw);
/** A uniform permutation of 0..n-1: Fisher-Yates from the top. */
void apo_draw_permutation(apo_draw *draw, uint32_t n, uint32_t *out);

#endif
