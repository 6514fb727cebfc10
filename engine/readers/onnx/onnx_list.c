/* onnx_list.c - repeated fields, and the floats that are a list or a tensor.
 *
 * A repeated number is written as many fields of the same number, or as one field of bytes with the
 * numbers side by side (packed), or, as protobuf allows, as any mixture.  Nothing is copied: the
 * cursor holds what is left of the message and what is left of the packed run it is in.
 */
#include "engine/core/memory.h"
#include "engine/readers/onnx/onnx_proto.h"

/** The next field of the list's number; `*more` is false when the message ends. */
static apo_status next_field(apo_onnx_list *list, apo_wire_field *out, bool *more, apo_error *err) {
  do {
    APO_TRY(apo_wire_next(&list->rest, out, more, err));
  } while (*more && out->number != list->number);
  return APO_OK;
}

apo_status apo_onnx_list_bits(apo_onnx_list *list, uint64_t *out, bool *more, apo_error *err) {
  apo_wire_field field;
  while (list->packed.rest.n_bytes == 0) {
    APO_TRY(next_field(list, &field, more, err));
    if (!*more) return APO_OK;
    if (field.kind != APO_WIRE_BYTES) {
      *out = field.value;
      return apo_wire_need(&field, list->kind, err);
    }
    list->packed = field.body;  // which may be empty
  }
  *more = true;
  return apo_wire_take(&list->packed, list->kind, out, err);
}

apo_status apo_onnx_list_text(apo_onnx_list *list, apo_bytes *out, bool *more, apo_error *err) {
  apo_wire_field field;
  APO_TRY(next_field(list, &field, more, err));
  if (!*more) return APO_OK;
  APO_TRY(apo_wire_need(&field, APO_WIRE_BYTES, err));
  *out = field.body.rest;
  return APO_OK;
}

apo_status apo_onnx_list_count(apo_onnx_list list, uint64_t *out, apo_error *err) {
  uint64_t bits = 0;
  apo_bytes text;
  bool more = true;
  for (*out = 0;; ++*out) {
    if (list.kind == APO_WIRE_BYTES) {
      APO_TRY(apo_onnx_list_text(&list, &text, &more, err));
    } else {
      APO_TRY(apo_onnx_list_bits(&list, &bits, &more, err));
    }
    if (!more) return APO_OK;
  }
}

/* --- floats ----------------------------------------------------------------------------------- */

apo_status apo_onnx_floats_open(const apo_onnx_node *node,
                                const char *name,
                                apo_onnx_floats *out,
                                apo_error *err) {
  static const char end[] = "_as_tensor";
  char tensor_name[64];
  const size_t n = strlen(name);
  *out = (apo_onnx_floats){0};
  if (n + sizeof end > sizeof tensor_name) return apo_fail(err, APO_ERR_INTERNAL, "onnx: %s", name);
  memcpy(tensor_name, name, n);
  memcpy(tensor_name + n, end, sizeof end);
  APO_TRY(apo_onnx_list_open(node, name, APO_ONNX_FLOATS, &out->list, err));
  if (apo_onnx_find(node, tensor_name) == NULL) return APO_OK;
  if (apo_onnx_find(node, name) != NULL) {
    return apo_onnx_fault(node, err, APO_ERR_FORMAT, "%s and %s, needs one of them", name,
                          tensor_name);
  }
  APO_TRY(apo_onnx_tensor_of(node, tensor_name, &out->tensor, err));
  if (out->tensor.type == APO_ONNX_F32 || out->tensor.type == APO_ONNX_F64) return APO_OK;
  return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED,
                        "%s: elements of type %d, needs 1 (float) or 11 (double)", tensor_name,
                        (int)out->tensor.type);
}

apo_status apo_onnx_floats_next(apo_onnx_floats *floats, double *out, bool *more, apo_error *err) {
  if (floats->tensor.n > 0) {
    *more = floats->at < floats->tensor.n;
    if (*more) *out = apo_onnx_tensor_number(&floats->tensor, floats->at++);
    return APO_OK;
  }
  uint64_t bits = 0;
  APO_TRY(apo_onnx_list_bits(&floats->list, &bits, more, err));
  const uint32_t narrow = (uint32_t)bits;
  float value;
  memcpy(&value, &narrow, sizeof value);
  *out = (double)value;
  return APO_OK;
}

void apo_onnx_floats_clear(apo_onnx_floats *floats) {
  apo_onnx_tensor_clear(&floats->tensor);
}

static apo_status fill(
    apo_onnx_floats *floats, double *values, uint64_t n, const char *name, apo_error *err) {
  bool more = true;
  for (uint64_t at = 0; at < n; ++at)
    APO_TRY(apo_onnx_floats_next(floats, &values[at], &more, err));
  return more ? APO_OK : apo_fail(err, APO_ERR_INTERNAL, "onnx: %s ends early", name);
}

apo_status apo_onnx_doubles(
    const apo_onnx_node *node, const char *name, double **out, uint64_t *n_out, apo_error *err) {
  apo_onnx_floats floats = {0};
  double *values = NULL;
  *out = NULL;
  *n_out = 0;
  apo_status status = apo_onnx_floats_open(node, name, &floats, err);
  uint64_t n = floats.tensor.n;
  if (status == APO_OK && n == 0) status = apo_onnx_list_count(floats.list, &n, err);
  if (status != APO_OK || n == 0) goto done;
  values = apo_alloc((size_t)n, sizeof *values);
  if (values == NULL) {
    status = apo_onnx_fault(node, err, APO_ERR_MEMORY, "%s: %zu numbers", name, (size_t)n);
    goto done;
  }
  status = fill(&floats, values, n, name, err);
  if (status != APO_OK) goto done;
  *out = values;
  *n_out = n;
  values = NULL;

done:
  apo_onnx_floats_clear(&floats);
  free(values);
  return status;
}
