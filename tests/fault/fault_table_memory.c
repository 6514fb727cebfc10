/* fault_table_memory.c - reading in blocks takes no more memory for a long file than for a short
 * one, counted by the byte.
 */
#define _POSIX_C_SOURCE 200809L
#include <limits.h>

#include "host/io/source.h"
#include "tests/support/apo_test.h"
#include "tests/support/failing_heap.h"
#include "tests/support/scratch.h"

/* Read by blocks of 4,096 rows; returns the most bytes that were live at once. */
static size_t peak_of_blocks(const char *path, uint64_t n_rows) {
  const apo_table_options options = {.id_column = "id"};
  apo_table *table = NULL;
  apo_rows rows;
  apo_error err;
  uint64_t n_read = 0;
  heap_start(LONG_MAX);
  assert_ok(apo_table_open(path, &options, &table, &err), &err);
  const apo_source source = apo_table_source(table);
  do {
    assert_ok(source.next(source.context, 4096, &rows, &err), &err);
    n_read += rows.n_rows;
  } while (rows.n_rows > 0);
  apo_table_close(&table);
  assert_int_equal(heap_live(), 0);
  assert_int_equal(n_read, n_rows);
  return heap_peak_bytes();
}

static const char *write_rows(scratch *folder, const char *name, uint32_t n_rows) {
  const char *path = scratch_path(folder, name);
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  fputs("id,a,b,c\n", file);
  for (uint32_t row = 0; row < n_rows; ++row) {
    fprintf(file, "row-%07u,%u.25,-%u,0.5\n", row, row % 1000, row % 7);
  }
  assert_int_equal(fclose(file), 0);
  return path;
}

static void memory_does_not_grow_with_the_rows_of_a_csv(void **state) {
  (void)state;
  scratch folder = scratch_open();
  const size_t few = peak_of_blocks(write_rows(&folder, "a.csv", 30000), 30000);
  const size_t many = peak_of_blocks(write_rows(&folder, "b.csv", 300000), 300000);
  assert_in_range(many, 1, few + few / 20);  // the allocator's rounding differs from run to run
  assert_true(many < 2 * 1024 * 1024);
  scratch_close(&folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(memory_does_not_grow_with_the_rows_of_a_csv),
  };
  return cmocka_run_group_tests_name("fault_table_memory", tests, NULL, NULL);
}
