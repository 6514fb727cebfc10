/* onnx_proto.h - nodes, attributes, lists and tensors of an ONNX file, read where they lie.
 *
 * Nothing here owns memory but a tensor whose numbers are spread over the file.  Names are borrowed
 * from the file and are neither NUL-terminated nor trusted.
 */
#ifndef APO_ENGINE_READERS_ONNX_ONNX_PROTO_H
#define APO_ENGINE_READERS_ONNX_ONNX_PROTO_H

#include "engine/readers/json.h"
#include "engine/readers/onnx/onnx_wire.h"

enum {
  APO_ONNX_MAX_INPUTS = 8,
  APO_ONNX_MAX_OUTPUTS = 4,
  APO_ONNX_MAX_ATTRIBUTES = 32,
  APO_ONNX_MAX_DIMS = 4
};

/* --- texts ------------------------------------------------------------------------------------ */

bool apo_onnx_is(apo_bytes text, const char *expected);
bool apo_onnx_same(apo_bytes a, apo_bytes b);
/** Made fit for a message. */
apo_json_shown apo_onnx_show(apo_bytes text);
/** A name: bytes of at most APO_MAX_NAME_BYTES.  Fails: APO_ERR_FORMAT, APO_ERR_LIMIT. */
APO_NODISCARD apo_status apo_onnx_name(const apo_wire_field *field, apo_bytes *out, apo_error *err);

/* --- nodes ------------------------------------------------------------------------------------ */

/** AttributeProto.type */
typedef enum apo_onnx_type {
  APO_ONNX_FLOAT = 1,
  APO_ONNX_INT = 2,
  APO_ONNX_STRING = 3,
  APO_ONNX_TENSOR = 4,
  APO_ONNX_FLOATS = 6,
  APO_ONNX_INTS = 7,
  APO_ONNX_STRINGS = 8
} apo_onnx_type;

typedef struct apo_onnx_attribute {
  apo_bytes name;
  int64_t type; /* 0 when the file does not say */
  apo_wire body;
} apo_onnx_attribute;

typedef struct apo_onnx_node {
  size_t at;        /* in the file */
  apo_bytes name;   /* may be empty */
  apo_bytes op;     /* op_type */
  apo_bytes domain; /* "" of the standard operators */
  apo_bytes inputs[APO_ONNX_MAX_INPUTS];
  apo_bytes outputs[APO_ONNX_MAX_OUTPUTS];
  apo_onnx_attribute attributes[APO_ONNX_MAX_ATTRIBUTES];
  uint32_t n_inputs;
  uint32_t n_outputs;
  uint32_t n_attributes;
} apo_onnx_node;

/** Read a NodeProto.
 *
 * Fails:   APO_ERR_FORMAT       broken bytes; an attribute that occurs twice
 *          APO_ERR_UNSUPPORTED  a graph as an attribute (control flow), a reference to a function's
 *                               attribute, more inputs, outputs or attributes than the limits above
 */
APO_NODISCARD apo_status apo_onnx_node_read(const apo_wire_field *field,
                                            apo_onnx_node *out,
                                            apo_error *err);

/** Fail with "node NAME (OPERATOR): message". */
apo_status apo_onnx_fault(const apo_onnx_node *node,
                          apo_error *err,
                          apo_status status,
                          const char *format,
                          ...) APO_PRINTF(4, 5);

/** True for an operator of the standard domain; false for ai.onnx.ml. */
bool apo_onnx_is_standard(const apo_onnx_node *node);

/* --- attributes ------------------------------------------------------------------------------- */

/** The attribute of that name, or NULL. */
const apo_onnx_attribute *apo_onnx_find(const apo_onnx_node *node, const char *name);

/** An integer, or `absent` when the node has none.  Fails: APO_ERR_FORMAT  it is no integer. */
APO_NODISCARD apo_status apo_onnx_integer(
    const apo_onnx_node *node, const char *name, int64_t absent, int64_t *out, apo_error *err);

/** As apo_onnx_integer, for a text; `absent` is a literal. */
APO_NODISCARD apo_status apo_onnx_text(const apo_onnx_node *node,
                                       const char *name,
                                       const char *absent,
                                       apo_bytes *out,
                                       apo_error *err);

/* --- lists ------------------------------------------------------------------------------------ */

/** A cursor over a repeated field, packed or not, or a mixture. */
typedef struct apo_onnx_list {
  apo_wire rest;
  apo_wire packed;
  uint32_t number;
  apo_wire_kind kind;
} apo_onnx_list;

/** A cursor over the list of node attribute `name`; empty when there is none.
 *
 * Fails:   APO_ERR_FORMAT  the attribute is of another type
 */
APO_NODISCARD apo_status apo_onnx_list_open(const apo_onnx_node *node,
                                            const char *name,
                                            apo_onnx_type type,
                                            apo_onnx_list *out,
                                            apo_error *err);

/** The next element: bits of a number.  Not for texts. */
APO_NODISCARD apo_status apo_onnx_list_bits(apo_onnx_list *list,
                                            uint64_t *out,
                                            bool *more,
                                            apo_error *err);
APO_NODISCARD apo_status apo_onnx_list_text(apo_onnx_list *list,
                                            apo_bytes *out,
                                            bool *more,
                                            apo_error *err);
/** Elements left; the cursor stays. */
APO_NODISCARD apo_status apo_onnx_list_count(apo_onnx_list list, uint64_t *out, apo_error *err);

/* --- tensors ---------------------------------------------------------------------------------- */

/** TensorProto.DataType, as far as numbers of them are read. */
typedef enum apo_onnx_element {
  APO_ONNX_F32 = 1,
  APO_ONNX_U8 = 2,
  APO_ONNX_I32 = 6,
  APO_ONNX_I64 = 7,
  APO_ONNX_F64 = 11
} apo_onnx_element;

/** What a TensorProto says of itself. */
typedef struct apo_onnx_tensor_head {
  apo_bytes name;
  int64_t type;
  int64_t dims[APO_ONNX_MAX_DIMS];
  uint32_t n_dims;
  apo_wire body;
} apo_onnx_tensor_head;

/** Read the head.  No file but this one is ever opened.
 *
 * Fails:   APO_ERR_UNSUPPORTED  the data are in another file (external data)
 *          APO_ERR_LIMIT        more than APO_ONNX_MAX_DIMS dimensions
 *          APO_ERR_FORMAT
 */
APO_NODISCARD apo_status apo_onnx_tensor_look(apo_wire body,
                                              apo_onnx_tensor_head *out,
                                              apo_error *err);

/** Numbers, little-endian and side by side: a view of the file, or owned when they are not so. */
typedef struct apo_onnx_tensor {
  apo_onnx_element type;
  uint64_t n;
  const uint8_t *at;
  uint8_t *owned;
} apo_onnx_tensor;

/** Fails:   APO_ERR_UNSUPPORTED  elements of another type
 *          APO_ERR_FORMAT       more or fewer elements than the dimensions say
 *          APO_ERR_MEMORY
 */
APO_NODISCARD apo_status apo_onnx_tensor_load(const apo_onnx_tensor_head *head,
                                              apo_onnx_tensor *out,
                                              apo_error *err);
void apo_onnx_tensor_clear(apo_onnx_tensor *tensor);
double apo_onnx_tensor_number(const apo_onnx_tensor *tensor, uint64_t at);
int64_t apo_onnx_tensor_integer(const apo_onnx_tensor *tensor, uint64_t at);

/** The tensor of node attribute `name`; no elements when there is none. */
APO_NODISCARD apo_status apo_onnx_tensor_of(const apo_onnx_node *node,
                                            const char *name,
                                            apo_onnx_tensor *out,
                                            apo_error *err);

/* --- floats that are a list or a tensor ------------------------------------------------------- */

/** Attribute `name` (floats) or `name`_as_tensor (float or double), one after the other. */
typedef struct apo_onnx_floats {
  apo_onnx_list list;
  apo_onnx_tensor tensor;
  uint64_t at; /* in the tensor */
} apo_onnx_floats;

/** Fails with APO_ERR_FORMAT when a node has both.  Cleared by the caller, also on failure. */
APO_NODISCARD apo_status apo_onnx_floats_open(const apo_onnx_node *node,
                                              const char *name,
                                              apo_onnx_floats *out,
                                              apo_error *err);
APO_NODISCARD apo_status apo_onnx_floats_next(apo_onnx_floats *floats,
                                              double *out,
                                              bool *more,
                                              apo_error *err);
void apo_onnx_floats_clear(apo_onnx_floats *floats);

/** All of them at once.
 *
 * Owns:    `*out` [*n_out] is the caller's; NULL when there is none
 */
APO_NODISCARD apo_status apo_onnx_doubles(
    const apo_onnx_node *node, const char *name, double **out, uint64_t *n_out, apo_error *err);

#endif
