#include <string.h>

#include "engine/core/digest.h"
#include "engine/model/iterations.h"
#include "engine/readers/foreign.h"
#include "engine/readers/reader.h"

// The table.  A new format adds its name here and touches nothing else.
#define READERS(X)  \
  X(xgboost_json)   \
  X(xgboost_ubjson) \
  X(lightgbm_text)  \
  X(catboost_json)  \
  X(onnx)           \
  X(neutral_json)

#define DECLARE(name) extern const apo_reader apo_reader_##name;
READERS(DECLARE)

#define ENTRY(name) &apo_reader_##name,
const apo_reader *const apo_readers[] = {READERS(ENTRY) NULL};

static const apo_reader *find_reader(apo_bytes bytes) {
  for (size_t i = 0; apo_readers[i] != NULL; ++i) {
    if (apo_readers[i]->sniff(bytes)) return apo_readers[i];
  }
  return NULL;
}

// Another part of the same file is another model.
static apo_status digest_part(apo_model *model, uint64_t begin, uint64_t end, apo_error *err) {
  uint8_t digest[APO_DIGEST_BYTES];
  apo_digest part = {0};
  apo_status status = apo_digest_start(&part, err);
  if (status == APO_OK) status = apo_digest_add(&part, model->digest, strlen(model->digest), err);
  if (status == APO_OK) status = apo_digest_add_u64(&part, begin, err);
  if (status == APO_OK) status = apo_digest_add_u64(&part, end, err);
  if (status == APO_OK) status = apo_digest_finish(&part, digest, err);
  if (status == APO_OK) apo_digest_print(digest, model->digest);
  apo_digest_stop(&part);
  return status;
}

static apo_status fill(const apo_reader *reader,
                       apo_bytes bytes,
                       const apo_read_options *options,
                       apo_model *model,
                       apo_error *err) {
  const uint64_t begin = options->iteration_begin;
  uint64_t end = options->iteration_end;
  bool is_part = false;
  model->format = reader->name;
  APO_TRY(reader->read(bytes, model, err));
  APO_TRY(apo_model_keep_iterations(model, begin, &end, &is_part, err));
  APO_TRY(apo_model_seal(model, err));
  APO_TRY(apo_digest_text(bytes.at, bytes.n_bytes, model->digest, err));
  return is_part ? digest_part(model, begin, end, err) : APO_OK;
}

apo_status apo_model_read(const void *bytes, size_t n_bytes, apo_model **out, apo_error *err) {
  const apo_read_options whole = {.struct_bytes = sizeof whole};
  return apo_model_read_part(bytes, n_bytes, &whole, out, err);
}

apo_status apo_model_read_part(const void *bytes,
                               size_t n_bytes,
                               const apo_read_options *options,
                               apo_model **out,
                               apo_error *err) {
  *out = NULL;
  if (options->struct_bytes != sizeof *options) {
    return apo_fail(err, APO_ERR_ARGUMENT, "options: %zu bytes, this library knows %zu",
                    options->struct_bytes, sizeof *options);
  }
  const apo_bytes all = {bytes, bytes != NULL ? n_bytes : 0};
  const apo_reader *reader = find_reader(all);
  if (reader == NULL) return apo_foreign_refuse(all, err);
  apo_model *model = NULL;
  APO_TRY(apo_model_new(&model, err));
  const apo_status status = fill(reader, all, options, model, err);
  if (status != APO_OK) {
    apo_model_destroy(&model);
    return apo_prefix(err, status, "%s: ", reader->name);
  }
  *out = model;
  return APO_OK;
}
