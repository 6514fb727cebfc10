/* fuzz_reader.c - bytes -> one reader, whatever the bytes look like -> a sealed model -> two rows.
 *
 * The build names the reader (APO_FUZZ_READER).  The reader is taken from the table and called as
 * apo_model_read would, but without the digest, and also when the bytes would not be sniffed as its
 * own: a reader must survive any bytes.
 */
#include "engine/readers/reader.h"
#include "tests/fuzz/fuzz.h"

static const apo_reader *find_reader(void) {
  for (size_t i = 0; apo_readers[i] != NULL; ++i) {
    if (strcmp(apo_readers[i]->name, APO_FUZZ_READER) == 0) return apo_readers[i];
  }
  apo_fuzz_demand(false, "a reader in the table", APO_FUZZ_READER);
  return NULL;
}

static void use(const apo_model *model) {
  static double row[APO_FUZZ_MAX_CELLS];
  static double margin[APO_FUZZ_MAX_CELLS];
  if (model->n_columns > APO_FUZZ_MAX_CELLS || model->n_outputs > APO_FUZZ_MAX_CELLS) return;
  for (uint32_t column = 0; column < model->n_columns; ++column) row[column] = 0.0;
  apo_fuzz_margin(model, row, margin);
  for (uint32_t column = 0; column < model->n_columns; ++column) row[column] = (double)NAN;
  apo_fuzz_margin(model, row, margin);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  static const apo_reader *reader = NULL;
  if (reader == NULL) reader = find_reader();
  apo_error err = {.message = ""};
  apo_model *model = NULL;
  const apo_bytes all = {bytes, n_bytes};
  (void)reader->sniff(all);
  apo_status status = apo_model_new(&model, &err);
  apo_fuzz_demand(status == APO_OK, "an empty model", err.message);
  model->format = reader->name;
  status = reader->read(all, model, &err);
  if (status == APO_OK) status = apo_model_seal(model, &err);
  if (status == APO_OK) {
    use(model);
  } else {
    apo_fuzz_check_refusal(apo_prefix(&err, status, "%s: ", reader->name), &err);
  }
  apo_model_destroy(&model);
  return 0;
}
