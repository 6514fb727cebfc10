/* onnx_linear.c - LinearRegressor, LinearClassifier, and MatMul by a constant.
 *
 * onnxruntime rounds the rows of the first two to float, whatever they are.
 */
#include <inttypes.h>

#include "engine/core/memory.h"
#include "engine/readers/onnx/onnx_parts.h"

/** Give the model `n` coefficients [n_outputs x n_columns], which are the model's from now on. */
static apo_status set_coefficients(const apo_onnx_node *node,
                                   const apo_onnx_rows *rows,
                                   double *coefficients,
                                   uint64_t n,
                                   apo_model *model,
                                   apo_error *err) {
  const uint64_t n_columns = n / model->n_outputs;
  model->kind = APO_MODEL_LINEAR;
  model->linear = apo_alloc(1, sizeof *model->linear);
  if (model->linear == NULL) {
    free(coefficients);
    return apo_onnx_fault(node, err, APO_ERR_MEMORY, "a linear model");
  }
  model->linear->coefficients = coefficients;
  if (n == 0 || n % model->n_outputs != 0 ||
      (rows->n_columns != 0 && n_columns != rows->n_columns)) {
    return apo_onnx_fault(node, err, APO_ERR_FORMAT,
                          "%" PRIu64 " coefficients for %u outputs of %u columns", n,
                          model->n_outputs, rows->n_columns);
  }
  if (n_columns > APO_MAX_COLUMNS) {
    return apo_onnx_fault(node, err, APO_ERR_LIMIT, "%" PRIu64 " columns, at most %d", n_columns,
                          APO_MAX_COLUMNS);
  }
  model->n_columns = (uint32_t)n_columns;
  return APO_OK;
}

static apo_status read_coefficients(const apo_onnx_node *node,
                                    const apo_onnx_rows *rows,
                                    apo_model *model,
                                    apo_error *err) {
  double *coefficients = NULL;
  uint64_t n = 0;
  APO_TRY(apo_onnx_doubles(node, "coefficients", &coefficients, &n, err));
  APO_TRY(set_coefficients(node, rows, coefficients, n, model, err));
  model->linear->cast_f32 = true;
  return APO_OK;
}

static apo_status take_base(
    const apo_onnx_node *node, double *intercepts, uint64_t n, apo_model *model, apo_error *err) {
  model->base = intercepts;
  if (n == model->n_outputs) return APO_OK;
  if (n != 0) {
    return apo_onnx_fault(node, err, APO_ERR_FORMAT, "%" PRIu64 " intercepts for %u outputs", n,
                          model->n_outputs);
  }
  model->base = apo_alloc(model->n_outputs, sizeof *model->base);
  if (model->base != NULL) return APO_OK;
  return apo_onnx_fault(node, err, APO_ERR_MEMORY, "%u outputs", model->n_outputs);
}

static apo_status read_regressor(const apo_onnx_node *node, apo_model *model, apo_error *err) {
  int64_t targets = 1;
  double *intercepts = NULL;
  uint64_t n = 0;
  APO_TRY(apo_onnx_integer(node, "targets", 1, &targets, err));
  if (targets < 1 || targets > APO_MAX_OUTPUTS) {
    return apo_onnx_fault(node, err, targets < 1 ? APO_ERR_FORMAT : APO_ERR_LIMIT,
                          "targets %" PRId64 ", needs 1 to %d", targets, APO_MAX_OUTPUTS);
  }
  model->n_outputs = (uint32_t)targets;
  APO_TRY(apo_onnx_doubles(node, "intercepts", &intercepts, &n, err));
  return take_base(node, intercepts, n, model, err);
}

static apo_status read_classifier(const apo_onnx_node *node,
                                  apo_model *model,
                                  apo_onnx_scores *scores,
                                  apo_error *err) {
  double *intercepts = NULL;
  uint64_t n = 0;
  APO_TRY(
      apo_onnx_labels(node, "classlabels_strings", "classlabels_ints", &model->output_names, err));
  model->n_outputs = model->output_names.n_names;
  APO_TRY(apo_onnx_doubles(node, "intercepts", &intercepts, &n, err));
  if (n == 0) {
    return apo_onnx_fault(node, err, APO_ERR_FORMAT, "no intercepts, needs one for each output");
  }
  if (n == 1 && model->n_outputs == 2) {
    scores->is_pair = true;
    model->n_outputs = 1;
    apo_onnx_keep_second(&model->output_names);
  }
  return take_base(node, intercepts, n, model, err);
}

apo_status apo_onnx_linear(const apo_onnx_node *node,
                           const apo_onnx_rows *rows,
                           apo_model *model,
                           apo_onnx_scores *scores,
                           apo_error *err) {
  apo_bytes post_transform;
  if (apo_onnx_is(node->op, "LinearRegressor")) {
    APO_TRY(read_regressor(node, model, err));
  } else {
    APO_TRY(read_classifier(node, model, scores, err));
  }
  APO_TRY(apo_onnx_text(node, "post_transform", "NONE", &post_transform, err));
  APO_TRY(apo_onnx_link(node, post_transform, model, scores, err));
  return read_coefficients(node, rows, model, err);
}

/* --- MatMul ----------------------------------------------------------------------------------- */

static apo_status read_matrix(const apo_onnx_node *node,
                              const double *values,
                              uint64_t n,
                              const apo_onnx_rows *rows,
                              apo_model *model,
                              apo_error *err) {
  const uint32_t n_outputs = model->n_outputs;
  double *turned = apo_alloc((size_t)n, sizeof *turned);
  if (turned == NULL) return apo_onnx_fault(node, err, APO_ERR_MEMORY, "a matrix");
  for (uint64_t at = 0; at < n; ++at) {
    turned[at % n_outputs * (n / n_outputs) + at / n_outputs] = values[at];
  }
  APO_TRY(set_coefficients(node, rows, turned, n, model, err));
  model->linear->cast_f32 = rows->needs_cast;
  return take_base(node, NULL, 0, model, err);
}

apo_status apo_onnx_matmul(const apo_onnx_node *node,
                           const apo_onnx_rows *rows,
                           const apo_onnx_constants *constants,
                           apo_model *model,
                           apo_error *err) {
  double *values = NULL;
  uint64_t n = 0;
  if (node->n_inputs != 2) {
    return apo_onnx_fault(node, err, APO_ERR_FORMAT, "%u inputs, needs 2", node->n_inputs);
  }
  APO_TRY(apo_onnx_operand(node, 1, constants, &values, &n, err));
  const apo_onnx_constant *matrix = apo_onnx_constant_find(constants, node->inputs[1]);
  const apo_onnx_tensor_head *head = &matrix->head;
  const int64_t n_outputs = head->n_dims == 2 ? head->dims[1] : 1;
  apo_status status = APO_OK;
  if (head->n_dims < 1 || head->n_dims > 2 || n == 0 || n_outputs > APO_MAX_OUTPUTS) {
    status = apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED,
                            "a constant of %u dimensions, needs columns by at most %d outputs",
                            head->n_dims, APO_MAX_OUTPUTS);
  } else {
    model->n_outputs = (uint32_t)n_outputs;
    model->link = (apo_link){APO_LINK_IDENTITY, 1.0};
    status = read_matrix(node, values, n, rows, model, err);
  }
  free(values);
  return status;
}
