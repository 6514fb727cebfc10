/* gaps.h - the greatest gap of a run and its 99th percentile, in fixed memory. */
#ifndef APO_ENGINE_CORE_GAPS_H
#define APO_ENGINE_CORE_GAPS_H

#include <stdint.h>

#include "engine/core/error.h"

/** Counts of gaps by the upper half of their bits: buckets are 2^-8 of a value wide. */
typedef struct apo_gaps {
  uint64_t *counts;
  uint64_t n;
  float max; /* 0 without gaps */
} apo_gaps;

/** Empty counts.  Fails: APO_ERR_MEMORY.  Owns: given back by apo_gaps_clear. */
APO_NODISCARD apo_status apo_gaps_init(apo_gaps *gaps, apo_error *err);
void apo_gaps_clear(apo_gaps *gaps);

/** Count one gap; it is finite and not negative. */
void apo_gaps_add(apo_gaps *gaps, float gap);

/** The upper edge of the bucket of the 99th percentile, at most the greatest gap; 0 without any. */
double apo_gaps_p99(const apo_gaps *gaps);

/** The least float that is not below `gap`. */
float apo_gap_rounded(double gap);

#endif
