/* reading_peak.h - how much memory reading a model takes; for tests whose heap is wrapped. */
#ifndef APO_TESTS_SUPPORT_READING_PEAK_H
#define APO_TESTS_SUPPORT_READING_PEAK_H

#include <limits.h>

#include "engine/model/model.h"
#include "tests/support/apo_test.h"
#include "tests/support/failing_heap.h"

/** Bytes that were in use at once while these bytes were read, with this outcome. */
static inline size_t apo_reading_peak(const void *bytes,
                                      size_t n_bytes,
                                      apo_status expected,
                                      const char *words) {
  apo_error err = {.message = ""};
  apo_model *model = NULL;
  heap_start(LONG_MAX);
  const apo_status status = apo_model_read(bytes, n_bytes, &model, &err);
  const size_t peak_bytes = heap_peak_bytes();
  heap_end();
  apo_model_destroy(&model);
  if (expected == APO_OK) assert_ok(status, &err);
  if (expected != APO_OK) assert_fails(status, expected, &err, words);
  return peak_bytes;
}

#endif
