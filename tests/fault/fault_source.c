/* fault_source.c - reading tables and writing files survive each allocation that can fail. */
#define _POSIX_C_SOURCE 200809L
#include "engine/model/model.h"
#include "host/io/file.h"
#include "host/io/source.h"
#include "tests/support/apo_test.h"
#include "tests/support/failing_heap.h"
#include "tests/support/npy_bytes.h"
#include "tests/support/scratch.h"

/* Open, read everything, close: what the loops below let fail. */
static apo_status read_whole(const char *path, const apo_table_options *options, apo_error *err) {
  apo_table *table = NULL;
  apo_rows rows;
  void *values = NULL;
  apo_status status = apo_table_open(path, options, &table, err);
  if (status == APO_OK) {
    status = apo_table_read_all(table, &rows, &values, err);
    if (status != APO_OK && values != NULL) status = APO_ERR_INTERNAL;
  } else if (table != NULL) {
    status = APO_ERR_INTERNAL;
  }
  apo_table_close(&table);
  free(values);
  return status;
}

static void fail_each_allocation(const char *path, const apo_table_options *options) {
  long n_granted = 0;
  for (;; ++n_granted) {
    apo_error err;
    heap_start(n_granted);

    const apo_status status = read_whole(path, options, &err);

    const bool refused = heap_end();
    assert_int_equal(heap_live(), 0);
    if (!refused) {
      assert_ok(status, &err);
      break;
    }
    // libcsv asks again for less when it is refused, so a refusal need not be a failure.
    if (status != APO_OK) assert_fails(status, APO_ERR_MEMORY, &err, path);
  }
  assert_true(n_granted > 2);
}

static void each_failed_allocation_of_a_csv_is_reported_and_nothing_leaks(void **state) {
  (void)state;
  scratch folder = scratch_open();
  char *names[] = {"x", "t", "n"};
  char *texts[] = {"red", "green"};
  double numbers[] = {10, 20};
  apo_category_table tables[] = {{.column = 1, .is_text = true, .texts = {texts, 2, 2}},
                                 {.column = 2, .numbers = numbers, .n_numbers = 2}};
  const apo_model model = {
      .n_columns = 3, .column_names = {names, 3, 3}, .categories = tables, .n_categories = 2};
  const apo_table_options options = {.model = &model, .id_column = "id"};
  static const char text[] = "id,t,x,n\na,red,1,10\nb,green,2,20\nc,red,,10\n";
  char path[SCRATCH_PATH_BYTES];
  strcpy(path, scratch_write(&folder, "t.csv", text, sizeof text - 1));

  fail_each_allocation(path, &options);

  scratch_close(&folder);
}

static void each_failed_allocation_of_an_npy_is_reported_and_nothing_leaks(void **state) {
  (void)state;
  scratch folder = scratch_open();
  char *names[] = {"x", "y"};
  const apo_model model = {.n_columns = 2, .column_names = {names, 2, 2}};
  const apo_table_options options = {.model = &model};
  static const int32_t targets[] = {1, 2, 3};
  static const double values[] = {1, 2, 3, 4};
  char path[SCRATCH_PATH_BYTES];
  npy_bytes file = npy_array("<f8", "False", "(2, 2)", values, sizeof values);
  strcpy(path, scratch_write(&folder, "x.npy", file.bytes, file.n_bytes));
  fail_each_allocation(path, &options);

  file = npy_array("<i4", "False", "(3,)", targets, sizeof targets);
  strcpy(path, scratch_write(&folder, "y.npy", file.bytes, file.n_bytes));
  fail_each_allocation(path, NULL);

  scratch_close(&folder);
}

static void each_failed_allocation_of_a_digest_is_reported(void **state) {
  (void)state;
  scratch folder = scratch_open();
  char path[SCRATCH_PATH_BYTES];
  strcpy(path, scratch_write(&folder, "t.csv", "x\n1\n2\n", 6));
  for (long n_granted = 0;; ++n_granted) {
    char digest[72];
    apo_error err;
    heap_start(n_granted);
    const apo_status status = apo_table_digest(path, NULL, digest, &err);
    const bool refused = heap_end();
    assert_int_equal(heap_live(), 0);
    if (!refused) {
      assert_ok(status, &err);
      break;
    }
    if (status != APO_OK) assert_fails(status, APO_ERR_MEMORY, &err, "");
  }
  scratch_close(&folder);
}

static void each_failed_allocation_of_an_output_leaves_no_file(void **state) {
  (void)state;
  scratch folder = scratch_open();
  char path[SCRATCH_PATH_BYTES];
  strcpy(path, scratch_path(&folder, "out"));
  for (long n_granted = 0;; ++n_granted) {
    apo_output_file *file = NULL;
    apo_error err;
    heap_start(n_granted);
    const apo_status status = apo_output_file_open(path, false, &file, &err);
    const bool refused = heap_end();
    apo_output_file_abandon(&file);
    assert_int_equal(heap_live(), 0);
    assert_int_equal(scratch_count(&folder), 0);
    if (!refused) {
      assert_ok(status, &err);
      break;
    }
    assert_fails(status, APO_ERR_MEMORY, &err, path);
  }
  scratch_close(&folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_failed_allocation_of_a_csv_is_reported_and_nothing_leaks),
      cmocka_unit_test(each_failed_allocation_of_an_npy_is_reported_and_nothing_leaks),
      cmocka_unit_test(each_failed_allocation_of_a_digest_is_reported),
      cmocka_unit_test(each_failed_allocation_of_an_output_leaves_no_file),
  };
  return cmocka_run_group_tests_name("fault_source", tests, NULL, NULL);
}
