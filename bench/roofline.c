/* roofline.c - how many look-ups a second one core can do, for tables of growing size.
 *
 * A look-up is what the exact engine does for a row and eight entries of a group's table: at an
 * index of the row it loads 32 bytes and adds them to eight sums.  The indices are those of a
 * linear congruential generator, made LANES at a time as the engine makes those of rows, so that
 * nothing but the table misses a cache.  Prints one line for each size: bytes of the table,
 * look-ups a second.
 *
 * bench/peers/roofline.py compiles it for this machine, in several ways, and takes the best.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LANES = 256, OCTET = 8, ROUNDS = 1024, MIN_BITS = 7, MAX_BITS = 21 };

static double now(void) {
  struct timespec t;
  timespec_get(&t, TIME_UTC);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Top bits are the random ones, hence the shift. */
static void look_up(const uint32_t *restrict table,
                    unsigned shift,
                    uint32_t *restrict state,
                    uint32_t *restrict sum) {
  uint32_t index[LANES];
  uint32_t own[OCTET] = {0}; /* stays in a register */
  for (int round = 0; round < ROUNDS; ++round) {
    for (int lane = 0; lane < LANES; ++lane) {
      state[lane] = state[lane] * 1664525u + 1013904223u;
      index[lane] = state[lane] >> shift;
    }
    for (int lane = 0; lane < LANES; ++lane) {
      const uint32_t *entry = table + (size_t)index[lane] * OCTET;
      for (int k = 0; k < OCTET; ++k) {
        own[k] += entry[k];
      }
    }
  }
  for (int k = 0; k < OCTET; ++k) {
    sum[k] += own[k];
  }
}

int main(int argc, char **argv) {
  const double seconds = argc > 1 ? atof(argv[1]) : 0.2;
  const size_t n_words = ((size_t)1 << MAX_BITS) * OCTET;
  uint32_t *table = malloc(n_words * sizeof *table);
  if (table == NULL) {
    return 1;
  }
  for (size_t word = 0; word < n_words; ++word) {
    table[word] = (uint32_t)word * 2654435761u;
  }
  uint32_t state[LANES];
  uint32_t sum[OCTET] = {0};
  for (uint32_t lane = 0; lane < LANES; ++lane) {
    state[lane] = lane * 40503u + 1;
  }
  for (unsigned bits = MIN_BITS; bits <= MAX_BITS; bits += 2) {
    look_up(table, 32 - bits, state, sum); /* into the cache */
    uint64_t n = 0;
    const double begin = now();
    double end = begin;
    while (end - begin < seconds) {
      look_up(table, 32 - bits, state, sum);
      n += (uint64_t)LANES * ROUNDS;
      end = now();
    }
    printf("%zu %.4e\n", OCTET * sizeof *table << bits, (double)n / (end - begin));
  }
  free(table);
  /* Printed, so that no compiler finds that nobody needs the sums. */
  uint32_t all = 0;
  for (int k = 0; k < OCTET; ++k) {
    all += sum[k];
  }
  fprintf(stderr, "sums %u\n", (unsigned)all);
  return 0;
}
