/* onnx_node.c - NodeProto and AttributeProto. */
#include <stdarg.h>
#include <stdio.h>

#include "engine/core/names.h"
#include "engine/readers/onnx/onnx_proto.h"

bool apo_onnx_is(apo_bytes text, const char *expected) {
  return text.n_bytes == strlen(expected) && memcmp(text.at, expected, text.n_bytes) == 0;
}

bool apo_onnx_same(apo_bytes a, apo_bytes b) {
  return a.n_bytes == b.n_bytes && (a.n_bytes == 0 || memcmp(a.at, b.at, a.n_bytes) == 0);
}

apo_json_shown apo_onnx_show(apo_bytes text) {
  return apo_json_show((apo_json_chars){(const char *)text.at, text.n_bytes});
}

apo_status apo_onnx_name(const apo_wire_field *field, apo_bytes *out, apo_error *err) {
  APO_TRY(apo_wire_need(field, APO_WIRE_BYTES, err));
  if (field->body.rest.n_bytes > APO_MAX_NAME_BYTES) {
    return apo_fail(err, APO_ERR_LIMIT, "byte %zu: a name of %zu bytes, at most %d", field->at,
                    field->body.rest.n_bytes, APO_MAX_NAME_BYTES);
  }
  *out = field->body.rest;
  return APO_OK;
}

apo_status apo_onnx_fault(
    const apo_onnx_node *node, apo_error *err, apo_status status, const char *format, ...) {
  char message[sizeof err->message];
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  apo_fail(err, status, "%s", message);
  return apo_prefix(err, status, "node \"%s\" (%s): ", apo_onnx_show(node->name).text,
                    apo_onnx_show(node->op).text);
}

bool apo_onnx_is_standard(const apo_onnx_node *node) {
  return node->domain.n_bytes == 0 || apo_onnx_is(node->domain, "ai.onnx");
}

/* --- reading ---------------------------------------------------------------------------------- */

enum {  // of AttributeProto
  FIELD_NAME = 1,
  FIELD_F = 2,
  FIELD_I = 3,
  FIELD_S = 4,
  FIELD_T = 5,
  FIELD_G = 6,
  FIELD_FLOATS = 7,
  FIELD_INTS = 8,
  FIELD_STRINGS = 9,
  FIELD_GRAPHS = 11,
  FIELD_TYPE = 20,
  FIELD_REFERENCE = 21
};

// Only what tells attributes apart; payloads are skipped over as they come.
static apo_status read_attribute(const apo_wire_field *field,
                                 apo_onnx_attribute *out,
                                 apo_error *err) {
  APO_TRY(apo_wire_need(field, APO_WIRE_BYTES, err));
  *out = (apo_onnx_attribute){.body = field->body};
  apo_wire rest = field->body;
  apo_wire_field part;
  for (bool more = true;;) {
    APO_TRY(apo_wire_next(&rest, &part, &more, err));
    if (!more) return APO_OK;
    switch (part.number) {
      case FIELD_NAME: APO_TRY(apo_onnx_name(&part, &out->name, err)); break;
      case FIELD_TYPE:
        APO_TRY(apo_wire_need(&part, APO_WIRE_VARINT, err));
        out->type = (int64_t)part.value;
        break;
      case FIELD_G:
      case FIELD_GRAPHS:
        return apo_fail(err, APO_ERR_UNSUPPORTED,
                        "byte %zu: a graph inside a node (control flow), which is not read",
                        part.at);
      case FIELD_REFERENCE:
        return apo_fail(err, APO_ERR_UNSUPPORTED,
                        "byte %zu: a reference to a function's attribute, which is not read",
                        part.at);
      default: break;
    }
  }
}

static apo_status add_attribute(const apo_wire_field *field, apo_onnx_node *node, apo_error *err) {
  if (node->n_attributes == APO_ONNX_MAX_ATTRIBUTES) {
    return apo_fail(err, APO_ERR_UNSUPPORTED, "byte %zu: a node of more than %d attributes",
                    field->at, APO_ONNX_MAX_ATTRIBUTES);
  }
  apo_onnx_attribute *out = &node->attributes[node->n_attributes];
  APO_TRY(read_attribute(field, out, err));
  for (uint32_t at = 0; at < node->n_attributes; ++at) {
    if (!apo_onnx_same(node->attributes[at].name, out->name)) continue;
    return apo_fail(err, APO_ERR_FORMAT, "byte %zu: attribute \"%s\" for the second time",
                    field->at, apo_onnx_show(out->name).text);
  }
  ++node->n_attributes;
  return APO_OK;
}

static apo_status add_name(
    const apo_wire_field *field, apo_bytes *names, uint32_t *n, uint32_t max, apo_error *err) {
  if (*n == max) {
    return apo_fail(err, APO_ERR_UNSUPPORTED, "byte %zu: a node of more than %u inputs or outputs",
                    field->at, max);
  }
  return apo_onnx_name(field, &names[(*n)++], err);
}

apo_status apo_onnx_node_read(const apo_wire_field *field, apo_onnx_node *out, apo_error *err) {
  APO_TRY(apo_wire_need(field, APO_WIRE_BYTES, err));
  *out = (apo_onnx_node){.at = field->at};
  apo_wire rest = field->body;
  apo_wire_field part;
  for (bool more = true;;) {
    APO_TRY(apo_wire_next(&rest, &part, &more, err));
    if (!more) return APO_OK;
    switch (part.number) {
      case 1:
        APO_TRY(add_name(&part, out->inputs, &out->n_inputs, APO_ONNX_MAX_INPUTS, err));
        break;
      case 2:
        APO_TRY(add_name(&part, out->outputs, &out->n_outputs, APO_ONNX_MAX_OUTPUTS, err));
        break;
      case 3: APO_TRY(apo_onnx_name(&part, &out->name, err)); break;
      case 4: APO_TRY(apo_onnx_name(&part, &out->op, err)); break;
      case 5: APO_TRY(add_attribute(&part, out, err)); break;
      case 7: APO_TRY(apo_onnx_name(&part, &out->domain, err)); break;
      default: break;
    }
  }
}

/* --- attributes ------------------------------------------------------------------------------- */

const apo_onnx_attribute *apo_onnx_find(const apo_onnx_node *node, const char *name) {
  for (uint32_t at = 0; at < node->n_attributes; ++at) {
    if (apo_onnx_is(node->attributes[at].name, name)) return &node->attributes[at];
  }
  return NULL;
}

static apo_status need_type(const apo_onnx_node *node,
                            const apo_onnx_attribute *attribute,
                            apo_onnx_type type,
                            apo_error *err) {
  if (attribute->type == 0 || attribute->type == (int64_t)type) return APO_OK;
  return apo_onnx_fault(node, err, APO_ERR_FORMAT, "%s: attribute type %lld, needs %d",
                        apo_onnx_show(attribute->name).text, (long long)attribute->type, (int)type);
}

/** The last field of that number, as protobuf has it for a field that is not repeated. */
static apo_status last_field(
    apo_wire rest, uint32_t number, apo_wire_kind kind, apo_wire_field *out, apo_error *err) {
  apo_wire_field part;
  *out = (apo_wire_field){.kind = kind, .body = rest};
  out->body.rest.n_bytes = 0;
  for (bool more = true;;) {
    APO_TRY(apo_wire_next(&rest, &part, &more, err));
    if (!more) return APO_OK;
    if (part.number != number) continue;
    APO_TRY(apo_wire_need(&part, kind, err));
    *out = part;
  }
}

apo_status apo_onnx_integer(
    const apo_onnx_node *node, const char *name, int64_t absent, int64_t *out, apo_error *err) {
  const apo_onnx_attribute *attribute = apo_onnx_find(node, name);
  apo_wire_field field;
  *out = absent;
  if (attribute == NULL) return APO_OK;
  APO_TRY(need_type(node, attribute, APO_ONNX_INT, err));
  APO_TRY(last_field(attribute->body, FIELD_I, APO_WIRE_VARINT, &field, err));
  *out = (int64_t)field.value;
  return APO_OK;
}

apo_status apo_onnx_text(const apo_onnx_node *node,
                         const char *name,
                         const char *absent,
                         apo_bytes *out,
                         apo_error *err) {
  const apo_onnx_attribute *attribute = apo_onnx_find(node, name);
  apo_wire_field field;
  *out = (apo_bytes){(const uint8_t *)absent, strlen(absent)};
  if (attribute == NULL) return APO_OK;
  APO_TRY(need_type(node, attribute, APO_ONNX_STRING, err));
  APO_TRY(last_field(attribute->body, FIELD_S, APO_WIRE_BYTES, &field, err));
  *out = field.body.rest;
  return APO_OK;
}

apo_status apo_onnx_tensor_of(const apo_onnx_node *node,
                              const char *name,
                              apo_onnx_tensor *out,
                              apo_error *err) {
  const apo_onnx_attribute *attribute = apo_onnx_find(node, name);
  apo_wire_field field;
  apo_onnx_tensor_head head;
  *out = (apo_onnx_tensor){.type = APO_ONNX_F32};
  if (attribute == NULL) return APO_OK;
  APO_TRY(need_type(node, attribute, APO_ONNX_TENSOR, err));
  APO_TRY(last_field(attribute->body, FIELD_T, APO_WIRE_BYTES, &field, err));
  apo_status status = apo_onnx_tensor_look(field.body, &head, err);
  if (status == APO_OK) status = apo_onnx_tensor_load(&head, out, err);
  return apo_prefix(err, status, "node \"%s\" (%s): %s: ", apo_onnx_show(node->name).text,
                    apo_onnx_show(node->op).text, name);
}

apo_status apo_onnx_list_open(const apo_onnx_node *node,
                              const char *name,
                              apo_onnx_type type,
                              apo_onnx_list *out,
                              apo_error *err) {
  const apo_onnx_attribute *attribute = apo_onnx_find(node, name);
  *out = (apo_onnx_list){0};
  switch ((int)type) {
    case APO_ONNX_FLOATS:
      *out = (apo_onnx_list){.number = FIELD_FLOATS, .kind = APO_WIRE_FIXED32};
      break;
    case APO_ONNX_INTS:
      *out = (apo_onnx_list){.number = FIELD_INTS, .kind = APO_WIRE_VARINT};
      break;
    case APO_ONNX_STRINGS:
      *out = (apo_onnx_list){.number = FIELD_STRINGS, .kind = APO_WIRE_BYTES};
      break;
    default:
      return apo_fail(err, APO_ERR_INTERNAL, "onnx: attribute type %d is no list", (int)type);
  }
  if (attribute == NULL) return APO_OK;
  APO_TRY(need_type(node, attribute, type, err));
  out->rest = attribute->body;
  return APO_OK;
}
