/* failing_heap.h - a heap that refuses the n-th request, and counts what is live.
 *
 * For tests/fault, which are linked with --wrap for malloc, calloc, realloc and free: the calls of
 * our own objects come here first.  calloc is wrapped by itself because an optimiser may write it
 * for malloc and memset.  Shared libraries are not reached.  Include it in one file of a program.
 *
 *   for (long n_granted = 0;; ++n_granted) {
 *     heap_start(n_granted);
 *     status = something(&out, &err);
 *     const bool refused = heap_end();       // the heap is whole again
 *     destroy(&out);
 *     assert_int_equal(heap_live(), 0);      // nothing leaked, nothing freed twice
 *     if (!refused) break;                   // it needed no more than n_granted requests
 *     assert_int_equal(status, APO_ERR_MEMORY);
 *   }
 *   assert_ok(status, &err);
 */
#ifndef APO_TESTS_SUPPORT_FAILING_HEAP_H
#define APO_TESTS_SUPPORT_FAILING_HEAP_H

#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>

void *__real_malloc(size_t n_bytes);
void *__real_calloc(size_t n, size_t element_bytes);
void *__real_realloc(void *old, size_t n_bytes);
void __real_free(void *block);
void *__wrap_malloc(size_t n_bytes);
void *__wrap_calloc(size_t n, size_t element_bytes);
void *__wrap_realloc(void *old, size_t n_bytes);
void __wrap_free(void *block);

static struct {
  bool is_failing; /* requests are counted and may be refused */
  bool has_refused;
  long n_granted;    /* requests that still succeed while failing */
  long n_requests;   /* since heap_start */
  long n_live;       /* blocks handed out and not freed since heap_start */
  size_t live_bytes; /* in blocks handed out since heap_start, as the allocator rounds them */
  size_t peak_bytes; /* the most that were live at once since heap_start */
} heap;

/** Grant `n_granted` requests, then refuse every one. */
static inline void heap_start(long n_granted) {
  heap.is_failing = true;
  heap.has_refused = false;
  heap.n_granted = n_granted;
  heap.n_requests = 0;
  heap.n_live = 0;
  heap.live_bytes = 0;
  heap.peak_bytes = 0;
}

/** Grant everything again.  True when a request was refused since heap_start. */
static inline bool heap_end(void) {
  heap.is_failing = false;
  return heap.has_refused;
}

/** Blocks that were handed out and not freed since heap_start. */
static inline long heap_live(void) {
  return heap.n_live;
}

/** Requests since heap_start. */
static inline long heap_requests(void) {
  return heap.n_requests;
}

/** The most bytes that were live at once since heap_start. */
static inline size_t heap_peak_bytes(void) {
  return heap.peak_bytes;
}

static inline bool heap_refuses(void) {
  ++heap.n_requests;
  if (!heap.is_failing) return false;
  if (heap.n_granted > 0) {
    --heap.n_granted;
    return false;
  }
  heap.has_refused = true;
  return true;
}

static inline void heap_add_bytes(void *block) {
  if (block == NULL) return;
  heap.live_bytes += malloc_usable_size(block);
  if (heap.live_bytes > heap.peak_bytes) heap.peak_bytes = heap.live_bytes;
}

static inline void heap_remove_bytes(void *block) {
  // A block of before heap_start may be freed after it.
  const size_t n_bytes = block != NULL ? malloc_usable_size(block) : 0;
  heap.live_bytes -= n_bytes < heap.live_bytes ? n_bytes : heap.live_bytes;
}

static inline void *heap_count(void *block) {
  if (block != NULL) ++heap.n_live;
  heap_add_bytes(block);
  return block;
}

void *__wrap_malloc(size_t n_bytes) {
  return heap_refuses() ? NULL : heap_count(__real_malloc(n_bytes));
}

void *__wrap_calloc(size_t n, size_t element_bytes) {
  return heap_refuses() ? NULL : heap_count(__real_calloc(n, element_bytes));
}

void *__wrap_realloc(void *old, size_t n_bytes) {
  if (heap_refuses()) return NULL;
  heap_remove_bytes(old);
  void *block = __real_realloc(old, n_bytes);
  if (block != NULL && old == NULL) ++heap.n_live;
  heap_add_bytes(block != NULL ? block : old);
  return block;
}

void __wrap_free(void *block) {
  if (block != NULL) --heap.n_live;
  heap_remove_bytes(block);
  __real_free(block);
}

#endif
