/* onnx_graph_head.c - a graph's inputs, outputs and initializers. */
#include <inttypes.h>

#include "engine/readers/onnx/onnx_graph_parts.h"

/* --- initializers ----------------------------------------------------------------------------- */

apo_status apo_onnx_graph_constant(apo_onnx_graph_walk *self,
                                   apo_wire tensor,
                                   apo_bytes name,
                                   apo_error *err) {
  apo_onnx_constants *constants = &self->constants;
  apo_onnx_constant constant = {.name = name};
  APO_TRY(apo_onnx_tensor_look(tensor, &constant.head, err));
  if (constant.name.n_bytes == 0) constant.name = constant.head.name;
  if (apo_onnx_constant_find(constants, constant.name) != NULL) {
    return apo_fail(err, APO_ERR_FORMAT, "byte %zu: constant \"%s\" for the second time",
                    apo_wire_at(&tensor), apo_onnx_show(constant.name).text);
  }
  if (constants->n == APO_ONNX_MAX_CONSTANTS) {
    return apo_fail(err, APO_ERR_UNSUPPORTED, "byte %zu: more than %d constants",
                    apo_wire_at(&tensor), APO_ONNX_MAX_CONSTANTS);
  }
  constants->at[constants->n++] = constant;
  return APO_OK;
}

/* --- the input -------------------------------------------------------------------------------- */

/** A nested message of field `number`; without one, an empty message. */
static apo_status find_message(apo_wire rest, uint32_t number, apo_wire *out, apo_error *err) {
  *out = rest;
  out->rest.n_bytes = 0;
  for (bool more = true; more;) {
    apo_wire_field field;
    APO_TRY(apo_wire_next(&rest, &field, &more, err));
    if (!more || field.number != number) continue;
    APO_TRY(apo_wire_need(&field, APO_WIRE_BYTES, err));
    *out = field.body;
  }
  return APO_OK;
}

static apo_status find_integer(apo_wire rest, uint32_t number, int64_t *out, apo_error *err) {
  *out = 0;
  for (bool more = true; more;) {
    apo_wire_field field;
    APO_TRY(apo_wire_next(&rest, &field, &more, err));
    if (!more || field.number != number) continue;
    APO_TRY(apo_wire_need(&field, APO_WIRE_VARINT, err));
    *out = (int64_t)field.value;
  }
  return APO_OK;
}

// Rows by columns; a column count that is not there or has a name is left open.
static apo_status read_shape(apo_onnx_graph_walk *self, apo_wire shape, apo_error *err) {
  uint32_t n_dims = 0;
  int64_t last = 0;
  const size_t at = apo_wire_at(&shape);
  for (bool more = true; more;) {
    apo_wire_field field;
    APO_TRY(apo_wire_next(&shape, &field, &more, err));
    if (!more || field.number != 1) continue;
    APO_TRY(apo_wire_need(&field, APO_WIRE_BYTES, err));
    APO_TRY(find_integer(field.body, 1, &last, err));
    ++n_dims;
  }
  if (n_dims == 0) return APO_OK;
  if (n_dims != 2) {
    return apo_fail(err, APO_ERR_UNSUPPORTED,
                    "byte %zu: an input of %u dimensions, needs rows by columns", at, n_dims);
  }
  if (last < 0 || last > APO_MAX_COLUMNS) {
    return apo_fail(err, last < 0 ? APO_ERR_FORMAT : APO_ERR_LIMIT,
                    "byte %zu: an input of %" PRId64 " columns, at most %d", at, last,
                    APO_MAX_COLUMNS);
  }
  self->rows.n_columns = (uint32_t)last;
  return APO_OK;
}

static apo_status read_input(apo_onnx_graph_walk *self, apo_wire info, apo_error *err) {
  apo_wire type;
  apo_wire tensor;
  apo_wire shape;
  int64_t element = 0;
  APO_TRY(find_message(info, 2, &type, err));
  APO_TRY(find_message(type, 1, &tensor, err));
  APO_TRY(find_integer(tensor, 1, &element, err));
  APO_TRY(find_message(tensor, 2, &shape, err));
  if (element != APO_ONNX_F32 && element != APO_ONNX_F64) {
    return apo_fail(err, APO_ERR_UNSUPPORTED,
                    "byte %zu: an input of element type %" PRId64
                    ", needs 1 (float) or 11 (double)",
                    apo_wire_at(&info), element);
  }
  self->rows.is_float = element == APO_ONNX_F32;
  self->rows.needs_cast = self->rows.is_float;
  return read_shape(self, shape, err);
}

/** The name of a ValueInfoProto. */
static apo_status info_name(const apo_wire_field *field, apo_bytes *out, apo_error *err) {
  apo_wire rest = field->body;
  *out = (apo_bytes){rest.file, 0};
  APO_TRY(apo_wire_need(field, APO_WIRE_BYTES, err));
  for (bool more = true; more;) {
    apo_wire_field part;
    APO_TRY(apo_wire_next(&rest, &part, &more, err));
    if (more && part.number == 1) APO_TRY(apo_onnx_name(&part, out, err));
  }
  return APO_OK;
}

// Old files list their initializers as inputs too, so these must be known by now.
static apo_status take_input(apo_onnx_graph_walk *self,
                             const apo_wire_field *field,
                             uint32_t *n_inputs,
                             apo_error *err) {
  apo_bytes name;
  APO_TRY(info_name(field, &name, err));
  if (apo_onnx_constant_find(&self->constants, name) != NULL) return APO_OK;
  if (++*n_inputs > 1) {
    return apo_fail(err, APO_ERR_UNSUPPORTED,
                    "byte %zu: a second input \"%s\", needs one table of all columns", field->at,
                    apo_onnx_show(name).text);
  }
  self->input = name;
  return read_input(self, field->body, err);
}

static apo_status take_output(apo_onnx_graph_walk *self,
                              const apo_wire_field *field,
                              apo_error *err) {
  if (self->n_outputs == APO_ONNX_MAX_GRAPH_OUTPUTS) {
    return apo_fail(err, APO_ERR_UNSUPPORTED, "byte %zu: more than %d outputs", field->at,
                    APO_ONNX_MAX_GRAPH_OUTPUTS);
  }
  return info_name(field, &self->outputs[self->n_outputs++], err);
}

/* --- both ------------------------------------------------------------------------------------- */

static apo_status take_initializers(apo_onnx_graph_walk *self, apo_wire graph, apo_error *err) {
  for (bool more = true; more;) {
    apo_wire_field field;
    APO_TRY(apo_wire_next(&graph, &field, &more, err));
    if (more && field.number == 15) {
      return apo_fail(err, APO_ERR_UNSUPPORTED, "byte %zu: a sparse initializer, which is not read",
                      field.at);
    }
    if (!more || field.number != 5) continue;
    APO_TRY(apo_wire_need(&field, APO_WIRE_BYTES, err));
    const apo_bytes own_name = {graph.file, 0};
    APO_TRY(apo_onnx_graph_constant(self, field.body, own_name, err));
  }
  return APO_OK;
}

apo_status apo_onnx_graph_head(apo_onnx_graph_walk *self, apo_wire graph, apo_error *err) {
  uint32_t n_inputs = 0;
  APO_TRY(take_initializers(self, graph, err));
  apo_wire rest = graph;
  for (bool more = true; more;) {
    apo_wire_field field;
    APO_TRY(apo_wire_next(&rest, &field, &more, err));
    if (more && field.number == 11) APO_TRY(take_input(self, &field, &n_inputs, err));
    if (more && field.number == 12) APO_TRY(take_output(self, &field, err));
  }
  if (n_inputs == 1) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT, "graph: no input, needs one");
}
