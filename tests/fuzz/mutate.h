/* mutate.h - changes that know the syntax of the bytes: one number to an edge, one element gone.
 *
 * A mutation of random bytes rarely passes the parser.  These make one small lie in a file that
 * stays well formed: a count one too large, a child that points at its parent, an array with an
 * element twice.  Each takes a buffer of `room` bytes that holds `n_bytes`, changes it in place and
 * returns the new length; 0 means that it found nothing to change, or no room to do it.
 * They are functions of the bytes and the state of `draw` alone, so that a run can be repeated.
 */
#ifndef APO_TESTS_FUZZ_MUTATE_H
#define APO_TESTS_FUZZ_MUTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** xorshift64*: good enough to choose places, and always the same. */
typedef struct apo_mutate_draw {
  uint64_t state; /* not 0 */
} apo_mutate_draw;

static inline apo_mutate_draw apo_mutate_start(uint32_t seed) {
  return (apo_mutate_draw){seed * UINT64_C(0x9e3779b97f4a7c15) + UINT64_C(0x632be59bd9b4e019)};
}

static inline uint64_t apo_mutate_next(apo_mutate_draw *draw) {
  draw->state ^= draw->state >> 12;
  draw->state ^= (draw->state << 25) & UINT64_MAX;
  draw->state ^= draw->state >> 27;
  return (draw->state * UINT64_C(0x2545f4914f6cdd1d)) >> 11;
}

/** A number below `n`, which is at least 1. */
static inline size_t apo_mutate_below(apo_mutate_draw *draw, size_t n) {
  return (size_t)(apo_mutate_next(draw) % n);
}

static inline bool apo_mutate_coin(apo_mutate_draw *draw) {
  return (apo_mutate_next(draw) & 1) != 0;
}

/** Bytes that are changed in place. */
typedef struct apo_mutate_buffer {
  uint8_t *at;
  size_t n_bytes;
  size_t room; /* n_bytes at most */
} apo_mutate_buffer;

/** Put `n_new` bytes in the place of [begin, end); false, and nothing changed, without room.
 * `new_bytes` must not point into the buffer. */
static inline bool apo_mutate_replace(
    apo_mutate_buffer *buffer, size_t begin, size_t end, const void *new_bytes, size_t n_new) {
  if (buffer->n_bytes - (end - begin) + n_new > buffer->room) return false;
  memmove(buffer->at + begin + n_new, buffer->at + end, buffer->n_bytes - end);
  if (n_new > 0) memcpy(buffer->at + begin, new_bytes, n_new);
  buffer->n_bytes = buffer->n_bytes - (end - begin) + n_new;
  return true;
}

/** Put a copy of [from, from_end) in the place of [begin, end), both of the buffer.  A copy above
 * 4 KiB is refused, as is one that does not fit. */
bool apo_mutate_copy(
    apo_mutate_buffer *buffer, size_t begin, size_t end, size_t from, size_t from_end);

/** Exchange [a, a_end) and [b, b_end), in this order and apart; 4 KiB each at most. */
bool apo_mutate_swap(apo_mutate_buffer *buffer, size_t a, size_t a_end, size_t b, size_t b_end);

/** A whole number that is likely to be a limit; `n` is one that means something here. */
int64_t apo_mutate_edge_integer(apo_mutate_draw *draw, int64_t n);
/** A real number that is likely to be one. */
double apo_mutate_edge_real(apo_mutate_draw *draw);

/** Replace one number of a text, in quotes or not, anywhere in [begin, end). */
bool apo_mutate_number(apo_mutate_buffer *buffer, size_t begin, size_t end, apo_mutate_draw *draw);

/* --- the syntaxes ----------------------------------------------------------------------------- */

typedef size_t apo_mutate_syntax(uint8_t *bytes,
                                 size_t n_bytes,
                                 size_t room,
                                 apo_mutate_draw *draw);

apo_mutate_syntax apo_mutate_json;
apo_mutate_syntax apo_mutate_ubjson;
apo_mutate_syntax apo_mutate_lines; /* LightGBM: key=value value value */
apo_mutate_syntax apo_mutate_csv;
apo_mutate_syntax apo_mutate_protobuf;
apo_mutate_syntax apo_mutate_npy;
/** The syntax that the first bytes look like. */
apo_mutate_syntax apo_mutate_any;

#endif
