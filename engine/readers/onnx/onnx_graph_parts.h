/* onnx_graph_parts.h - what is known of a graph while it is read. */
#ifndef APO_ENGINE_READERS_ONNX_ONNX_GRAPH_PARTS_H
#define APO_ENGINE_READERS_ONNX_ONNX_GRAPH_PARTS_H

#include "engine/readers/onnx/onnx_parts.h"

enum { APO_ONNX_MAX_KNOWN = 512 };

/** What a tensor that is not constant holds. */
typedef enum apo_onnx_role { APO_ONNX_ROWS, APO_ONNX_SCORES, APO_ONNX_LABELS } apo_onnx_role;

typedef struct apo_onnx_known {
  apo_bytes name;
  apo_onnx_role role;
  uint32_t version; /* operations on rows or scores when it came to be */
} apo_onnx_known;

typedef struct apo_onnx_graph_walk {
  apo_model *model;
  apo_onnx_imports imports;
  size_t file_bytes;
  apo_bytes input;
  apo_bytes outputs[APO_ONNX_MAX_GRAPH_OUTPUTS];
  uint32_t n_outputs;
  apo_onnx_constants constants;
  apo_onnx_known known[APO_ONNX_MAX_KNOWN];
  uint32_t n_known;
  uint32_t n_nodes;
  uint32_t row_version;
  uint32_t score_version;
  apo_onnx_rows rows;
  apo_onnx_scores scores;
  bool has_model;
} apo_onnx_graph_walk;

/** Inputs, outputs and initializers, which come in any order beside the nodes.
 *
 * Fails:   APO_ERR_UNSUPPORTED  not one input of one table of numbers; sparse initializers; more
 *                               initializers or outputs than the limits
 */
APO_NODISCARD apo_status apo_onnx_graph_head(apo_onnx_graph_walk *self,
                                             apo_wire graph,
                                             apo_error *err);

/** Keep a tensor under `name`, or under its own when that is empty. */
APO_NODISCARD apo_status apo_onnx_graph_constant(apo_onnx_graph_walk *self,
                                                 apo_wire tensor,
                                                 apo_bytes name,
                                                 apo_error *err);

#endif
