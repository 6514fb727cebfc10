#include "engine/core/gaps.h"

#include <math.h>
#include <string.h>

#include "engine/core/memory.h"

enum { N_BUCKETS = 1 << 16 };

apo_status apo_gaps_init(apo_gaps *gaps, apo_error *err) {
  *gaps = (apo_gaps){.counts = apo_alloc(N_BUCKETS, sizeof *gaps->counts)};
  if (gaps->counts == NULL) return apo_fail(err, APO_ERR_MEMORY, "gaps: %d counts", N_BUCKETS);
  return APO_OK;
}

void apo_gaps_clear(apo_gaps *gaps) {
  free(gaps->counts);
  *gaps = (apo_gaps){0};
}

// Floats that are not negative order as their bits do, so the upper 16 of 31 bits are a bucket.
void apo_gaps_add(apo_gaps *gaps, float gap) {
  uint32_t bits;
  memcpy(&bits, &gap, sizeof bits);
  ++gaps->counts[bits >> 15 & (N_BUCKETS - 1)];
  ++gaps->n;
  if (gap > gaps->max) gaps->max = gap;
}

double apo_gaps_p99(const apo_gaps *gaps) {
  const uint64_t rank = gaps->n - gaps->n / 100;  // ceil(0.99 n)
  uint64_t n_below = 0;
  uint32_t bucket = 0;
  while (bucket < N_BUCKETS - 1 && n_below + gaps->counts[bucket] < rank) {
    n_below += gaps->counts[bucket++];
  }
  const uint32_t bits = bucket << 15 | 0x7fff;
  float edge;
  memcpy(&edge, &bits, sizeof edge);
  return (double)(edge < gaps->max ? edge : gaps->max);
}

float apo_gap_rounded(double gap) {
  const float nearest = (float)gap;
  return (double)nearest >= gap ? nearest : nextafterf(nearest, INFINITY);
}
