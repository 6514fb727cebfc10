/* fuzz_roundtrip.c - what is read as valid is written as neutral JSON and read again: the same
 * model number for number, and the same text when it is written again.
 */
#include "engine/core/memory.h"
#include "engine/model/compare.h"
#include "tests/fuzz/fuzz.h"

typedef struct text {
  char *at;
  size_t n_bytes;
  size_t capacity;
} text;

static apo_status put(void *context, const void *bytes, size_t n_bytes, apo_error *err) {
  text *out = context;
  if (out->capacity - out->n_bytes < n_bytes) {
    const size_t capacity = 2 * out->capacity + n_bytes;
    char *larger = apo_resize(out->at, capacity, 1);
    if (larger == NULL) return apo_fail(err, APO_ERR_MEMORY, "text: %zu bytes", capacity);
    out->at = larger;
    out->capacity = capacity;
  }
  memcpy(out->at + out->n_bytes, bytes, n_bytes);
  out->n_bytes += n_bytes;
  return APO_OK;
}

/* Write a model; false when the format cannot say it. */
static bool write_model(const apo_model *model, text *out) {
  apo_error err = {.message = ""};
  const apo_byte_sink sink = {out, put};
  out->n_bytes = 0;
  const apo_status status = apo_model_write(model, &sink, &err);
  if (status != APO_OK) apo_fuzz_check_refusal(status, &err);
  return status == APO_OK;
}

static void check(const apo_model *model) {
  static text first;
  static text second;
  apo_error err = {.message = ""};
  apo_model *again = NULL;
  if (model->n_columns > APO_FUZZ_MAX_CELLS || model->n_outputs > APO_FUZZ_MAX_CELLS) return;
  if (!write_model(model, &first)) return;
  apo_status status = apo_model_read(first.at, first.n_bytes, &again, &err);
  apo_fuzz_demand(status == APO_OK, "a text that can be read", err.message);
  status = apo_model_compare(model, again, &err);
  apo_fuzz_demand(status == APO_OK, "the same model", err.message);
  const bool is_same = write_model(again, &second) && first.n_bytes == second.n_bytes &&
                       memcmp(first.at, second.at, first.n_bytes) == 0;
  apo_fuzz_demand(is_same, "the same text", "another");
  apo_model_destroy(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  apo_error err = {.message = ""};
  apo_model *model = NULL;
  if (apo_model_read(bytes, n_bytes, &model, &err) == APO_OK) check(model);
  apo_model_destroy(&model);
  return 0;
}
