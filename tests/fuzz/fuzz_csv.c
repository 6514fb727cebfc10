/* fuzz_csv.c - bytes -> a table of CSV, in blocks of three rows.
 *
 * What is asked of the table depends on the length of the input, so that files stay plain CSV:
 * everything; row ids; one column; the columns and categories of a model.
 */
#include "host/io/source.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/memory_file.h"

enum { BLOCK_ROWS = 3 };

static const char model_text[] =
    "{\"format\":\"apportion-model\",\"version\":1,\"kind\":\"linear\","
    "\"columns\":{\"count\":3,\"names\":[\"a\",\"b\",\"c\"],\"categories\":["
    "{\"column\":0,\"values\":[\"red\",\"green\"],\"unknown\":\"error\"},"
    "{\"column\":1,\"values\":[1,2.5,-0.5],\"unknown\":\"missing\"}]},"
    "\"outputs\":{\"count\":1},\"linear\":{\"coefficients\":[[1,2,3]],\"missing\":\"zero\"}}";

static const apo_model *get_model(void) {
  static apo_model *model = NULL;
  apo_error err = {.message = ""};
  if (model == NULL) {
    const apo_status status = apo_model_read(model_text, sizeof model_text - 1, &model, &err);
    apo_fuzz_demand(status == APO_OK, "the model", err.message);
  }
  return model;
}

static apo_table_options options_for(size_t n_bytes) {
  switch (n_bytes % 4) {
    case 0: return (apo_table_options){0};
    case 1: return (apo_table_options){.id_column = "id"};
    case 2: return (apo_table_options){.only_column = "y", .missing = "NA,-999,?"};
    default: return (apo_table_options){.model = get_model()};
  }
}

static apo_status read_blocks(apo_table *table, apo_error *err) {
  const apo_source source = apo_table_source(table);
  apo_rows rows = {0};
  double sum = 0.0;
  do {
    APO_TRY(source.next(source.context, BLOCK_ROWS, &rows, err));
    apo_fuzz_demand(rows.n_rows <= BLOCK_ROWS, "at most the rows that were asked for", "more");
    const char *const *ids = apo_table_ids(table);
    for (uint64_t at = 0; at < rows.n_rows; ++at) {
      if (ids != NULL) apo_fuzz_demand(strlen(ids[at]) > 0, "an id", "none");
      const double *row = (const double *)rows.values + at * rows.row_stride;
      for (uint32_t column = 0; column < rows.n_cols; ++column) sum += row[column];
    }
  } while (rows.n_rows > 0);
  volatile double kept = sum;  // so that the values are read
  (void)kept;
  return APO_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  const apo_table_options options = options_for(n_bytes);
  apo_error err = {.message = ""};
  apo_table *table = NULL;
  apo_status status = apo_table_open(apo_memory_file(bytes, n_bytes), &options, &table, &err);
  if (status == APO_OK) status = read_blocks(table, &err);
  if (status != APO_OK) apo_fuzz_check_refusal(status, &err);
  apo_table_close(&table);
  return 0;
}
