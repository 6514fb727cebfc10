/* fuzz_npy.c - bytes -> the header of an .npy file -> the table, where the header is right.
 *
 * Only the few inputs with a right header become a file, so that the others cost no system call.
 */
#include "host/io/npy.h"

#include "host/io/source.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/memory_file.h"

static void read_table(const uint8_t *bytes, size_t n_bytes, const apo_npy_header *header) {
  const apo_table_options options = {.only_column = n_bytes % 2 == 1 ? "y" : NULL};
  apo_error err = {.message = ""};
  apo_table *table = NULL;
  apo_rows rows;
  void *values = NULL;
  apo_status status = apo_table_open(apo_memory_file(bytes, n_bytes), &options, &table, &err);
  if (status == APO_OK) {
    const uint64_t n_rows = apo_table_n_rows(table);
    status = apo_table_read_all(table, &rows, &values, &err);
    if (status == APO_OK && n_rows > 0 && rows.n_cols > 0) {
      apo_fuzz_demand(rows.n_rows == n_rows, "as many rows as the header says", "others");
      apo_fuzz_demand(rows.n_rows * rows.n_cols == header->n_elements, "all elements", "others");
    }
  }
  if (status != APO_OK) apo_fuzz_check_refusal(status, &err);
  free(values);
  apo_table_close(&table);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  apo_error err = {.message = ""};
  apo_npy_header header;
  const apo_status status = apo_npy_header_read(bytes, n_bytes, &header, &err);
  if (status == APO_OK) {
    read_table(bytes, n_bytes, &header);
  } else {
    apo_fuzz_demand(status == APO_ERR_FORMAT && err.message[0] != '\0', "FORMAT", err.message);
  }
  return 0;
}
