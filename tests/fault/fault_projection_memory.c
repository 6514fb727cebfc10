/* fault_projection_memory.c - a projection takes no more memory than apo_projection_bytes says,
 * counted by the byte: the heap here refuses nothing and remembers its peak. */
#include <malloc.h>

#include "engine/core/draw.h"
#include "engine/solve/least_squares.h"
#include "tests/support/apo_test.h"

void *__real_malloc(size_t n_bytes);
void *__real_calloc(size_t n, size_t element_bytes);
void *__real_realloc(void *old, size_t n_bytes);
void __real_free(void *block);
void *__wrap_malloc(size_t n_bytes);
void *__wrap_calloc(size_t n, size_t element_bytes);
void *__wrap_realloc(void *old, size_t n_bytes);
void __wrap_free(void *block);

static struct {
  size_t live_bytes; /* in blocks handed out and not freed, as the allocator rounds */
  size_t peak_bytes;
} heap;

static void *add(void *block) {
  if (block == NULL) return NULL;
  heap.live_bytes += malloc_usable_size(block);
  if (heap.live_bytes > heap.peak_bytes) heap.peak_bytes = heap.live_bytes;
  return block;
}

static void drop(void *block) {
  if (block != NULL) heap.live_bytes -= malloc_usable_size(block);
}

void *__wrap_malloc(size_t n_bytes) {
  return add(__real_malloc(n_bytes));
}

void *__wrap_calloc(size_t n, size_t element_bytes) {
  return add(__real_calloc(n, element_bytes));
}

void *__wrap_realloc(void *old, size_t n_bytes) {
  drop(old);
  void *block = __real_realloc(old, n_bytes);
  add(block != NULL ? block : old);
  return block;
}

void __wrap_free(void *block) {
  drop(block);
  __real_free(block);
}

static void check(uint32_t n_players, uint64_t budget) {
  apo_error err;
  apo_coalitions *list = NULL;
  apo_projection *projection = NULL;
  assert_ok(apo_coalitions_draw(n_players, budget, 1, APO_DRAW_SHARED, &list, &err), &err);
  const size_t before = heap.live_bytes;
  heap.peak_bytes = before;
  assert_ok(apo_projection_create(list, &projection, &err), &err);
  const size_t promised = apo_projection_bytes(list->n_players, list->n_coalitions);
  const size_t peak = heap.peak_bytes - before;
  // The allocator rounds each of a few blocks up, and a list of scale factors comes on top.
  assert_true(peak <= promised + promised / 50 + 1024);
  assert_true(peak >= promised / 2);
  apo_projection_destroy(&projection);
  assert_true(heap.live_bytes == before);
  apo_coalitions_destroy(&list);
}

static void a_projection_takes_the_memory_it_says(void **state) {
  (void)state;
  check(2, 2);
  check(25, 2098);
  check(300, 2648);
}

static void a_wide_projection_takes_the_memory_it_says(void **state) {
  (void)state;
  check(1500, 14000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_projection_takes_the_memory_it_says),
      cmocka_unit_test(a_wide_projection_takes_the_memory_it_says),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
