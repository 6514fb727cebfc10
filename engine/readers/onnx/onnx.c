/* onnx.c - ONNX models: the ModelProto around the graph. */
#include <inttypes.h>
#include <stdio.h>

#include "engine/readers/onnx/onnx_parts.h"
#include "engine/readers/reader.h"

enum { LATEST_ML = 5 };

enum {  // of ModelProto
  FIELD_IR_VERSION = 1,
  FIELD_PRODUCER = 2,
  FIELD_PRODUCER_VERSION = 3,
  FIELD_GRAPH = 7,
  FIELD_OPSET = 8,
  FIELD_TRAINING = 20,
  FIELD_FUNCTIONS = 25
};

typedef struct document {
  apo_wire graph;
  apo_bytes producer;
  apo_bytes producer_version;
  apo_onnx_imports imports;
  bool has_graph;
} document;

// ir_version, a small number, comes first; then the key of one of the fields that may follow it.
static bool sniff(apo_bytes bytes) {
  static const uint8_t keys[] = {0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42};
  if (bytes.n_bytes < 4 || bytes.at[0] != 0x08 || bytes.at[1] == 0 || bytes.at[1] > 0x20) {
    return false;
  }
  return memchr(keys, bytes.at[2], sizeof keys) != NULL;
}

/* --- opset_import ----------------------------------------------------------------------------- */

static apo_status take_import(document *self, const apo_wire_field *field, apo_error *err) {
  apo_bytes domain = {field->body.file, 0};
  int64_t version = 0;
  APO_TRY(apo_wire_need(field, APO_WIRE_BYTES, err));
  apo_wire rest = field->body;
  for (bool more = true; more;) {
    apo_wire_field part;
    APO_TRY(apo_wire_next(&rest, &part, &more, err));
    if (more && part.number == 1) APO_TRY(apo_onnx_name(&part, &domain, err));
    if (!more || part.number != 2) continue;
    APO_TRY(apo_wire_need(&part, APO_WIRE_VARINT, err));
    version = (int64_t)part.value;
  }
  if (domain.n_bytes == 0 || apo_onnx_is(domain, "ai.onnx")) {
    self->imports.has_standard = true;
    return APO_OK;
  }
  if (!apo_onnx_is(domain, "ai.onnx.ml")) {
    return apo_fail(err, APO_ERR_UNSUPPORTED, "byte %zu: operators of domain \"%s\" are not known",
                    field->at, apo_onnx_show(domain).text);
  }
  if (version < 1 || version > LATEST_ML) {
    return apo_fail(err, APO_ERR_UNSUPPORTED,
                    "byte %zu: ai.onnx.ml %" PRId64 " is not known, needs 1 to %d", field->at,
                    version, LATEST_ML);
  }
  self->imports.has_ml = true;
  return APO_OK;
}

/* --- ModelProto ------------------------------------------------------------------------------- */

static apo_status take_graph(document *self, const apo_wire_field *field, apo_error *err) {
  APO_TRY(apo_wire_need(field, APO_WIRE_BYTES, err));
  if (self->has_graph) {
    return apo_fail(err, APO_ERR_FORMAT, "byte %zu: a second graph", field->at);
  }
  self->has_graph = true;
  self->graph = field->body;
  return APO_OK;
}

static apo_status refuse(const apo_wire_field *field, const char *what, apo_error *err) {
  return apo_fail(err, APO_ERR_UNSUPPORTED, "byte %zu: %s, which is not read", field->at, what);
}

static apo_status take_field(document *self, const apo_wire_field *field, apo_error *err) {
  switch (field->number) {
    case FIELD_IR_VERSION: return apo_wire_need(field, APO_WIRE_VARINT, err);
    case FIELD_PRODUCER: return apo_onnx_name(field, &self->producer, err);
    case FIELD_PRODUCER_VERSION: return apo_onnx_name(field, &self->producer_version, err);
    case FIELD_GRAPH: return take_graph(self, field, err);
    case FIELD_OPSET: return take_import(self, field, err);
    case FIELD_TRAINING: return refuse(field, "how to train the model", err);
    case FIELD_FUNCTIONS: return refuse(field, "a function of the model's own", err);
    default: return APO_OK;
  }
}

static void keep_text(apo_bytes text, char *out, size_t n_bytes) {
  snprintf(out, n_bytes, "%.*s", (int)n_bytes - 1, apo_onnx_show(text).text);
}

static apo_status read(apo_bytes bytes, apo_model *model, apo_error *err) {
  document self = {.producer = {bytes.at, 0}, .producer_version = {bytes.at, 0}};
  apo_wire rest = {bytes.at, bytes};
  for (bool more = true; more;) {
    apo_wire_field field;
    APO_TRY(apo_wire_next(&rest, &field, &more, err));
    if (more) APO_TRY(take_field(&self, &field, err));
  }
  if (!self.has_graph) {
    return apo_fail(err, APO_ERR_FORMAT, "byte %zu: no graph, needs one", bytes.n_bytes);
  }
  keep_text(self.producer, model->library, sizeof model->library);
  keep_text(self.producer_version, model->library_version, sizeof model->library_version);
  return apo_onnx_graph(self.graph, self.imports, bytes.n_bytes, model, err);
}

const apo_reader apo_reader_onnx = {.name = "onnx", .sniff = sniff, .read = read};
