#include "engine/core/digest.h"
#include "engine/readers/foreign.h"
#include "engine/readers/reader.h"

// The table.  A new format adds its name here and touches nothing else.
#define READERS(X)  \
  X(xgboost_json)   \
  X(xgboost_ubjson) \
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

static apo_status fill(const apo_reader *reader,
                       apo_bytes bytes,
                       apo_model *model,
                       apo_error *err) {
  model->format = reader->name;
  APO_TRY(reader->read(bytes, model, err));
  APO_TRY(apo_model_seal(model, err));
  return apo_digest_text(bytes.at, bytes.n_bytes, model->digest, err);
}

apo_status apo_model_read(const void *bytes, size_t n_bytes, apo_model **out, apo_error *err) {
  *out = NULL;
  const apo_bytes all = {bytes, bytes != NULL ? n_bytes : 0};
  const apo_reader *reader = find_reader(all);
  if (reader == NULL) return apo_foreign_refuse(all, err);
  apo_model *model = NULL;
  APO_TRY(apo_model_new(&model, err));
  const apo_status status = fill(reader, all, model, err);
  if (status != APO_OK) {
    apo_model_destroy(&model);
    return apo_prefix(err, status, "%s: ", reader->name);
  }
  *out = model;
  return APO_OK;
}
