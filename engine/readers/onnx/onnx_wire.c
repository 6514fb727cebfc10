/* onnx_wire.c - the only file that sees nanopb.
 *
 * nanopb normally fills structs that its generator has described.  Here only the functions under
 * that layer are used: they read a tag, a varint or a fixed number and stop at the end of their
 * stream.
 */
#include "engine/readers/onnx/onnx_wire.h"

#include <inttypes.h>
#include <pb_decode.h>

size_t apo_wire_at(const apo_wire *wire) {
  return (size_t)(wire->rest.at - wire->file);
}

static apo_status broken(const apo_wire *wire, const char *what, apo_error *err) {
  return apo_fail(err, APO_ERR_FORMAT, "byte %zu: %s", apo_wire_at(wire), what);
}

static pb_istream_t open_stream(const apo_wire *wire) {
  return pb_istream_from_buffer(wire->rest.at, wire->rest.n_bytes);
}

/** A varint of one byte, which most are: a stream for each would take most of a file's time. */
static bool take_short(apo_wire *wire, uint64_t *out) {
  if (wire->rest.n_bytes == 0 || wire->rest.at[0] > 127) return false;
  *out = wire->rest.at[0];
  ++wire->rest.at;
  --wire->rest.n_bytes;
  return true;
}

// Move to where the stream has come.
static void advance(apo_wire *wire, const pb_istream_t *stream) {
  wire->rest.at += wire->rest.n_bytes - stream->bytes_left;
  wire->rest.n_bytes = stream->bytes_left;
}

static apo_status check_tag(const apo_wire_field *field, apo_error *err) {
  if (field->number == 0) {
    return apo_fail(err, APO_ERR_FORMAT, "byte %zu: field number 0", field->at);
  }
  switch ((int)field->kind) {
    case APO_WIRE_VARINT:
    case APO_WIRE_FIXED64:
    case APO_WIRE_BYTES:
    case APO_WIRE_FIXED32: return APO_OK;
    default:
      return apo_fail(err, APO_ERR_FORMAT, "byte %zu: field %u: wire type %d, needs 0, 1, 2 or 5",
                      field->at, field->number, (int)field->kind);
  }
}

static apo_status take_tag(apo_wire *wire, apo_wire_field *out, apo_error *err) {
  uint64_t tag = 0;
  if (take_short(wire, &tag)) {
    out->number = (uint32_t)(tag >> 3);
    out->kind = (apo_wire_kind)(tag & 7);
    return check_tag(out, err);
  }
  pb_istream_t stream = open_stream(wire);
  pb_wire_type_t kind = PB_WT_VARINT;
  bool is_end = false;
  if (!pb_decode_tag(&stream, &kind, &out->number, &is_end) || is_end) {
    return broken(wire, "a cut or overlong field number", err);
  }
  out->kind = (apo_wire_kind)kind;
  advance(wire, &stream);
  return check_tag(out, err);
}

static apo_status take_length(apo_wire *wire, uint64_t *out, apo_error *err) {
  if (take_short(wire, out)) return APO_OK;
  pb_istream_t stream = open_stream(wire);
  uint32_t n_bytes = 0;
  if (!pb_decode_varint32(&stream, &n_bytes)) return broken(wire, "a cut or overlong length", err);
  *out = n_bytes;
  advance(wire, &stream);
  return APO_OK;
}

static apo_status take_body(apo_wire *wire, apo_wire *out, apo_error *err) {
  const size_t at = apo_wire_at(wire);
  uint64_t n_bytes = 0;
  APO_TRY(take_length(wire, &n_bytes, err));
  if (n_bytes > wire->rest.n_bytes) {
    return apo_fail(err, APO_ERR_FORMAT, "byte %zu: a length of %" PRIu64 ", but %zu bytes remain",
                    at, n_bytes, wire->rest.n_bytes);
  }
  *out = (apo_wire){wire->file, {wire->rest.at, n_bytes}};
  wire->rest.at += n_bytes;
  wire->rest.n_bytes -= n_bytes;
  return APO_OK;
}

apo_status apo_wire_take(apo_wire *wire, apo_wire_kind kind, uint64_t *out, apo_error *err) {
  if (kind == APO_WIRE_VARINT && take_short(wire, out)) return APO_OK;
  pb_istream_t stream = open_stream(wire);
  bool is_whole = false;
  uint32_t bits = 0;
  switch (kind) {
    case APO_WIRE_VARINT: is_whole = pb_decode_varint(&stream, out); break;
    case APO_WIRE_FIXED64: is_whole = pb_decode_fixed64(&stream, out); break;
    case APO_WIRE_FIXED32:
      is_whole = pb_decode_fixed32(&stream, &bits);
      *out = bits;
      break;
    case APO_WIRE_BYTES: return apo_fail(err, APO_ERR_INTERNAL, "onnx: bytes are no number");
  }
  if (!is_whole) return broken(wire, "a cut or overlong number", err);
  advance(wire, &stream);
  return APO_OK;
}

apo_status apo_wire_next(apo_wire *wire, apo_wire_field *out, bool *more, apo_error *err) {
  *more = wire->rest.n_bytes > 0;
  if (!*more) return APO_OK;
  *out = (apo_wire_field){.at = apo_wire_at(wire)};
  APO_TRY(take_tag(wire, out, err));
  if (out->kind == APO_WIRE_BYTES) return take_body(wire, &out->body, err);
  return apo_wire_take(wire, out->kind, &out->value, err);
}

apo_status apo_wire_need(const apo_wire_field *field, apo_wire_kind kind, apo_error *err) {
  if (field->kind == kind) return APO_OK;
  return apo_fail(err, APO_ERR_FORMAT, "byte %zu: field %u: wire type %d, needs %d", field->at,
                  field->number, (int)field->kind, (int)kind);
}
