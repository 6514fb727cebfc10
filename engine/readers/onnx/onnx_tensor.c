/* onnx_tensor.c - TensorProto: numbers as raw bytes, or as a list of one of four types. */
#include <inttypes.h>

#include "engine/core/memory.h"
#include "engine/readers/onnx/onnx_proto.h"

enum {  // of TensorProto
  FIELD_DIMS = 1,
  FIELD_TYPE = 2,
  FIELD_SEGMENT = 3,
  FIELD_FLOATS = 4,
  FIELD_I32 = 5,
  FIELD_I64 = 7,
  FIELD_NAME = 8,
  FIELD_RAW = 9,
  FIELD_DOUBLES = 10,
  FIELD_EXTERNAL = 13,
  FIELD_LOCATION = 14
};

/* --- the head --------------------------------------------------------------------------------- */

static apo_status refuse_external(const apo_wire_field *field, apo_error *err) {
  return apo_fail(err, APO_ERR_UNSUPPORTED,
                  "byte %zu: a tensor whose data are in another file (external data), which is "
                  "not read: save the model in one file",
                  field->at);
}

static apo_status read_dims(const apo_wire_field *field,
                            apo_onnx_tensor_head *head,
                            apo_error *err) {
  apo_wire packed = field->body;
  for (bool more = true; more;) {
    uint64_t dim = field->value;
    if (field->kind == APO_WIRE_BYTES) {
      if (packed.rest.n_bytes == 0) return APO_OK;
      APO_TRY(apo_wire_take(&packed, APO_WIRE_VARINT, &dim, err));
    } else {
      APO_TRY(apo_wire_need(field, APO_WIRE_VARINT, err));
      more = false;
    }
    if (head->n_dims == APO_ONNX_MAX_DIMS) {
      return apo_fail(err, APO_ERR_LIMIT, "byte %zu: a tensor of more than %d dimensions",
                      field->at, APO_ONNX_MAX_DIMS);
    }
    head->dims[head->n_dims++] = (int64_t)dim;
  }
  return APO_OK;
}

static apo_status read_part(const apo_wire_field *part, apo_onnx_tensor_head *out, apo_error *err) {
  switch (part->number) {
    case FIELD_DIMS: return read_dims(part, out, err);
    case FIELD_NAME: return apo_onnx_name(part, &out->name, err);
    case FIELD_TYPE:
      APO_TRY(apo_wire_need(part, APO_WIRE_VARINT, err));
      out->type = (int64_t)part->value;
      return APO_OK;
    case FIELD_LOCATION:
      APO_TRY(apo_wire_need(part, APO_WIRE_VARINT, err));
      return part->value == 0 ? APO_OK : refuse_external(part, err);
    case FIELD_EXTERNAL: return refuse_external(part, err);
    case FIELD_SEGMENT:
      return apo_fail(err, APO_ERR_UNSUPPORTED,
                      "byte %zu: a segment of a tensor, which is not read", part->at);
    default: return APO_OK;
  }
}

apo_status apo_onnx_tensor_look(apo_wire body, apo_onnx_tensor_head *out, apo_error *err) {
  *out = (apo_onnx_tensor_head){.body = body};
  apo_wire_field part;
  for (bool more = true;;) {
    APO_TRY(apo_wire_next(&body, &part, &more, err));
    if (!more) return APO_OK;
    APO_TRY(read_part(&part, out, err));
  }
}

/* --- the numbers ------------------------------------------------------------------------------ */

static uint32_t width_of(apo_onnx_element type) {
  switch (type) {
    case APO_ONNX_U8: return 1;
    case APO_ONNX_F32:
    case APO_ONNX_I32: return 4;
    case APO_ONNX_I64:
    case APO_ONNX_F64: return 8;
  }
  return 0;
}

/** Where the numbers of a type are when they are not raw. */
static apo_onnx_list list_of(apo_onnx_element type, apo_wire body) {
  apo_onnx_list list = {.rest = body, .kind = APO_WIRE_VARINT};
  switch (type) {
    case APO_ONNX_F32:
      list.number = FIELD_FLOATS;
      list.kind = APO_WIRE_FIXED32;
      break;
    case APO_ONNX_U8:
    case APO_ONNX_I32: list.number = FIELD_I32; break;
    case APO_ONNX_I64: list.number = FIELD_I64; break;
    case APO_ONNX_F64:
      list.number = FIELD_DOUBLES;
      list.kind = APO_WIRE_FIXED64;
      break;
  }
  return list;
}

/** Elements by the dimensions; at most as many as the tensor has bytes, which no writer passes. */
static apo_status count_elements(const apo_onnx_tensor_head *head, uint64_t *out, apo_error *err) {
  *out = 1;
  for (uint32_t at = 0; at < head->n_dims; ++at) {
    const int64_t dim = head->dims[at];
    if (dim == 0) *out = 0;
    if (*out == 0) continue;
    if (dim < 0 || (uint64_t)dim > head->body.rest.n_bytes / *out) {
      return apo_fail(err, APO_ERR_FORMAT,
                      "byte %zu: a tensor with a dimension of %" PRId64 " in %zu bytes",
                      apo_wire_at(&head->body), dim, head->body.rest.n_bytes);
    }
    *out *= (uint64_t)dim;
  }
  return APO_OK;
}

static apo_status find_raw(const apo_onnx_tensor_head *head, apo_wire_field *out, apo_error *err) {
  apo_wire rest = head->body;
  apo_wire_field part;
  for (bool more = true;;) {
    APO_TRY(apo_wire_next(&rest, &part, &more, err));
    if (!more) return APO_OK;
    if (part.number != FIELD_RAW) continue;
    APO_TRY(apo_wire_need(&part, APO_WIRE_BYTES, err));
    *out = part;
  }
}

static apo_status wrong_count(const apo_onnx_tensor_head *head, uint64_t n, apo_error *err) {
  return apo_fail(err, APO_ERR_FORMAT,
                  "byte %zu: a tensor of %" PRIu64 " elements by its dimensions, its data disagree",
                  apo_wire_at(&head->body), n);
}

static apo_status gather(const apo_onnx_tensor_head *head, apo_onnx_tensor *out, apo_error *err) {
  const uint32_t width = width_of(out->type);
  apo_onnx_list list = list_of(out->type, head->body);
  out->owned = apo_alloc((size_t)out->n, width);
  if (out->owned == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "byte %zu: %" PRIu64 " elements of a tensor",
                    apo_wire_at(&head->body), out->n);
  }
  out->at = out->owned;
  for (uint64_t at = 0;; ++at) {
    uint64_t bits = 0;
    bool more = true;
    APO_TRY(apo_onnx_list_bits(&list, &bits, &more, err));
    if (more != (at < out->n)) return wrong_count(head, out->n, err);
    if (!more) return APO_OK;
    for (uint32_t byte = 0; byte < width; ++byte) {
      out->owned[at * width + byte] = (uint8_t)(bits >> (8 * byte));
    }
  }
}

static apo_status load(const apo_onnx_tensor_head *head, apo_onnx_tensor *out, apo_error *err) {
  apo_wire_field raw = {0};
  const uint32_t width = width_of((apo_onnx_element)head->type);
  if (width == 0) {
    return apo_fail(err, APO_ERR_UNSUPPORTED,
                    "byte %zu: a tensor with elements of type %" PRId64 ", which is not read",
                    apo_wire_at(&head->body), head->type);
  }
  out->type = (apo_onnx_element)head->type;
  APO_TRY(count_elements(head, &out->n, err));
  APO_TRY(find_raw(head, &raw, err));
  if (raw.number == 0) return gather(head, out, err);
  out->at = raw.body.rest.at;
  if (raw.body.rest.n_bytes / width == out->n && raw.body.rest.n_bytes % width == 0) return APO_OK;
  return wrong_count(head, out->n, err);
}

apo_status apo_onnx_tensor_load(const apo_onnx_tensor_head *head,
                                apo_onnx_tensor *out,
                                apo_error *err) {
  *out = (apo_onnx_tensor){.type = APO_ONNX_F32};
  const apo_status status = load(head, out, err);
  if (status != APO_OK) apo_onnx_tensor_clear(out);
  return status;
}

void apo_onnx_tensor_clear(apo_onnx_tensor *tensor) {
  free(tensor->owned);
  *tensor = (apo_onnx_tensor){.type = APO_ONNX_F32};
}

static uint64_t bits_at(const apo_onnx_tensor *tensor, uint64_t at) {
  const uint32_t width = width_of(tensor->type);
  uint64_t bits = 0;
  for (uint32_t byte = 0; byte < width; ++byte) {
    bits |= (uint64_t)tensor->at[at * width + byte] << (8 * byte);
  }
  return bits;
}

int64_t apo_onnx_tensor_integer(const apo_onnx_tensor *tensor, uint64_t at) {
  const uint64_t bits = bits_at(tensor, at);
  return tensor->type == APO_ONNX_I32 ? (int64_t)(int32_t)(uint32_t)bits : (int64_t)bits;
}

double apo_onnx_tensor_number(const apo_onnx_tensor *tensor, uint64_t at) {
  const uint64_t bits = bits_at(tensor, at);
  const uint32_t narrow = (uint32_t)bits;
  double wide_value;
  float value;
  switch (tensor->type) {
    case APO_ONNX_F32: memcpy(&value, &narrow, sizeof value); return (double)value;
    case APO_ONNX_F64: memcpy(&wide_value, &bits, sizeof wide_value); return wide_value;
    case APO_ONNX_U8:
    case APO_ONNX_I32:
    case APO_ONNX_I64: return (double)apo_onnx_tensor_integer(tensor, at);
  }
  return 0.0;
}
