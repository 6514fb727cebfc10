/* onnx_wire.h - protobuf's wire format, one field at a time and nothing unpacked.
 *
 * A message is a row of fields; each has a number, a wire type and a payload.  A cursor runs over
 * the bytes of one message and never past their end; a nested message is a field whose payload
 * becomes a cursor of its own.  So nesting is as deep as the code that asks, never as deep as the
 * file says.  Groups, which protobuf itself has given up, are refused.
 *
 * Every failure is APO_ERR_FORMAT and starts "byte N: ", counted from the start of the file.
 */
#ifndef APO_ENGINE_READERS_ONNX_ONNX_WIRE_H
#define APO_ENGINE_READERS_ONNX_ONNX_WIRE_H

#include "engine/core/bytes.h"
#include "engine/core/error.h"

/** Bytes of a file that are still to be read. */
typedef struct apo_wire {
  const uint8_t *file; /* its first byte, for places in messages */
  apo_bytes rest;
} apo_wire;

typedef enum apo_wire_kind {
  APO_WIRE_VARINT = 0,
  APO_WIRE_FIXED64 = 1,
  APO_WIRE_BYTES = 2,
  APO_WIRE_FIXED32 = 5
} apo_wire_kind;

typedef struct apo_wire_field {
  uint32_t number;
  apo_wire_kind kind;
  size_t at;      /* of the field in the file */
  uint64_t value; /* of a varint; the bits of a fixed number */
  apo_wire body;  /* of bytes */
} apo_wire_field;

/** The byte of the file at which `wire` stands. */
size_t apo_wire_at(const apo_wire *wire);

/** Read the next field, payload included; `*more` is false and nothing is read at the end.
 *
 * Fails:   APO_ERR_FORMAT  a cut or overlong number, a length that passes the end of `wire`, a
 *                          group, an unknown wire type, field number 0
 */
APO_NODISCARD apo_status apo_wire_next(apo_wire *wire,
                                       apo_wire_field *out,
                                       bool *more,
                                       apo_error *err);

/** Fails with APO_ERR_FORMAT when the field is not of wire type `kind`. */
APO_NODISCARD apo_status apo_wire_need(const apo_wire_field *field,
                                       apo_wire_kind kind,
                                       apo_error *err);

/** A bare number, as in a packed list.  Fails when `wire` ends within it. */
APO_NODISCARD apo_status apo_wire_take(apo_wire *wire,
                                       apo_wire_kind kind,
                                       uint64_t *out,
                                       apo_error *err);

#endif
