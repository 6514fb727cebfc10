#include "engine/exact/code_span.h"

apo_code_span apo_span_other(apo_code_span span) {
  apo_code_span out = span;
  out.start = (uint32_t)(((uint64_t)span.start + span.length) % span.n_positions);
  out.length = span.n_positions - span.length;
  return out;
}

int apo_span_meet(apo_code_span a, apo_code_span b, apo_code_span *out) {
  const uint64_t n = a.n_positions;
  // The circle is turned so that a starts at 0; then b may reach a from its start, and once round.
  const uint64_t start = (b.start + n - a.start) % n;
  const uint64_t end = start + b.length;
  const uint64_t first_end = end < a.length ? end : a.length;
  const uint64_t first = start < first_end ? first_end - start : 0;
  const uint64_t round = end > n ? end - n : 0;
  const uint64_t second = round < a.length ? round : a.length;
  *out = a;
  if (a.length == n || b.length == n) {
    if (a.length == n) *out = b;
    return out->length > 0 ? 1 : 0;
  }
  if (first > 0 && second > 0) return 2;
  out->length = (uint32_t)(first + second);
  if (first > 0) out->start = (uint32_t)((a.start + start) % n);
  return out->length > 0 ? 1 : 0;
}

apo_pattern_test apo_span_test(const apo_code_forest *codes, apo_code_span span) {
  const uint32_t missing = apo_cuts_missing(codes->cuts);
  apo_pattern_test test = {.column = span.column, .low = 0, .span = missing};
  if (span.length == span.n_positions) return test;
  // The code below the missing one is that of no value: there are at most missing - 1 codes.
  if (span.length == 0) return (apo_pattern_test){.column = span.column, .low = missing - 1};
  if (span.column >= codes->n_columns) {
    test.low = span.start;
    test.span = span.length - 1;
    return test;
  }
  const uint64_t last = ((uint64_t)span.start + span.length - 1) % span.n_positions;
  test.low = (span.start - 1) & missing;
  test.span = ((uint32_t)last - 1 - test.low) & missing;
  return test;
}
