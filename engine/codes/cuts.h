/* cuts.h - the places where a column's values change what some split decides.
 *
 * Each split of a forest is, on its column, a union of intervals of values.  The ends of all these
 * intervals are the column's cuts.  Between two cuts no split can tell values apart, so the rank of
 * a value among the cuts (its code) is all that a device needs to know of it.
 *
 * A cut is kept as an integer key: key(v) orders floats (or doubles) as integers, both zeros equal,
 * and a value lies at or above the cut iff key(value) >= cut.  "left iff v < t" is the cut key(t),
 * "left iff v <= t" the cut key(t) + 1, a category code c the two cuts of [c, c + 1).
 */
#ifndef APO_ENGINE_CODES_CUTS_H
#define APO_ENGINE_CODES_CUTS_H

#include "engine/forest/forest.h"

typedef struct apo_cuts {
  uint32_t n_columns;
  uint32_t key_bytes;  /* 4: keys of floats; 8: of doubles */
  uint32_t code_bytes; /* 2 when every column has at most APO_MAX_NARROW_CUTS cuts, else 4 */
  uint32_t *begin;     /* [n_columns + 1], into keys */
  uint64_t *keys;      /* ascending inside a column; those of floats fit 32 bits */
} apo_cuts;

enum { APO_MAX_NARROW_CUTS = 65533 };

/** Collect the cuts of a forest.  Fails: APO_ERR_MEMORY, APO_ERR_LIMIT (2^31 cuts). */
APO_NODISCARD apo_status apo_cuts_create(const apo_forest *forest, apo_cuts **out, apo_error *err);
void apo_cuts_destroy(apo_cuts **cuts);

/** The key of a value, cast as the forest casts.  Not for NaN. */
uint64_t apo_cuts_key(const apo_cuts *cuts, double value);

/** How many cuts of `column` lie at or below `key`. */
uint32_t apo_cuts_rank(const apo_cuts *cuts, uint32_t column, uint64_t key);

/** Some value of the interval with code `code`: the least one, or -infinity for code 0. */
double apo_cuts_value(const apo_cuts *cuts, uint32_t column, uint32_t code);

/** The code of a missing value: all ones of code_bytes. */
uint32_t apo_cuts_missing(const apo_cuts *cuts);

/** The keys as row_codes reads them: uint32 or uint64, begin[n_columns] of them.
 *
 * Owns:    the caller frees the result with free(); NULL when memory ran out.
 */
void *apo_cuts_device_keys(const apo_cuts *cuts);

#endif
