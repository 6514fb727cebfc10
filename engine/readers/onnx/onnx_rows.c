/* onnx_rows.c - what happens to rows before the model: casts, scalers, sums and factors by column.
 *
 * onnxruntime rounds after each operation on floats, and a model's transform is in double.  A
 * double has more than twice the digits of a float, so one rounding to float after each sum,
 * difference, product or quotient of floats is float arithmetic exactly; a step
 * APO_TRANSFORM_FLOAT says where.
 */
#include <inttypes.h>
#include <math.h>

#include "engine/core/memory.h"
#include "engine/readers/onnx/onnx_parts.h"

const apo_onnx_constant *apo_onnx_constant_find(const apo_onnx_constants *constants,
                                                apo_bytes name) {
  for (uint32_t at = 0; at < constants->n; ++at) {
    if (apo_onnx_same(constants->at[at].name, name)) return &constants->at[at];
  }
  return NULL;
}

apo_status apo_onnx_operand(const apo_onnx_node *node,
                            uint32_t input,
                            const apo_onnx_constants *constants,
                            double **out,
                            uint64_t *n_out,
                            apo_error *err) {
  apo_onnx_tensor tensor = {0};
  *out = NULL;
  *n_out = 0;
  const apo_onnx_constant *constant =
      input < node->n_inputs ? apo_onnx_constant_find(constants, node->inputs[input]) : NULL;
  if (constant == NULL) {
    return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED, "input %u is not constant", input);
  }
  const apo_status status = apo_onnx_tensor_load(&constant->head, &tensor, err);
  if (status != APO_OK) {
    return apo_prefix(err, status, "constant \"%s\": ", apo_onnx_show(constant->name).text);
  }
  double *values = apo_alloc((size_t)tensor.n, sizeof *values);
  for (uint64_t at = 0; values != NULL && at < tensor.n; ++at) {
    values[at] = apo_onnx_tensor_number(&tensor, at);
  }
  *n_out = tensor.n;
  apo_onnx_tensor_clear(&tensor);
  *out = values;
  if (values != NULL) return APO_OK;
  return apo_onnx_fault(node, err, APO_ERR_MEMORY, "input %u: %" PRIu64 " numbers", input, *n_out);
}

/* --- steps ------------------------------------------------------------------------------------ */

/** Add a step.  Takes `values`, also on failure. */
static apo_status add_step(apo_onnx_rows *rows,
                           const apo_onnx_node *node,
                           apo_transform_op op,
                           double *values,
                           uint64_t n_values,
                           apo_error *err) {
  if (n_values != 1 && rows->n_columns == 0 && n_values <= APO_MAX_COLUMNS) {
    rows->n_columns = (uint32_t)n_values;
  }
  if (n_values == 0 || (n_values != 1 && n_values != rows->n_columns)) {
    free(values);
    return apo_onnx_fault(node, err, APO_ERR_FORMAT,
                          "an operand of %" PRIu64 " numbers for %u columns", n_values,
                          rows->n_columns);
  }
  if (rows->n_steps == APO_ONNX_MAX_STEPS) {
    free(values);
    return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED, "more than %d steps before the model",
                          APO_ONNX_MAX_STEPS);
  }
  rows->steps[rows->n_steps++] = (apo_onnx_step){.op = op, .values = values, .n_values = n_values};
  return APO_OK;
}

/** What is still to be rounded is rounded now, since arithmetic comes. */
static apo_status settle(apo_onnx_rows *rows, const apo_onnx_node *node, apo_error *err) {
  if (!rows->needs_cast) return APO_OK;
  double *values = apo_alloc(1, sizeof *values);
  if (values == NULL) return apo_onnx_fault(node, err, APO_ERR_MEMORY, "a step");
  APO_TRY(add_step(rows, node, APO_TRANSFORM_FLOAT, values, 1, err));
  rows->needs_cast = false;
  return APO_OK;
}

static apo_status arithmetic(apo_onnx_rows *rows,
                             const apo_onnx_node *node,
                             uint32_t input,
                             apo_transform_op op,
                             const apo_onnx_constants *constants,
                             apo_error *err) {
  double *values = NULL;
  uint64_t n = 0;
  const bool commutes = op == APO_TRANSFORM_ADD || op == APO_TRANSFORM_MUL;
  if (node->n_inputs != 2 || (input == 1 && !commutes)) {
    return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED, "takes the rows as its second input");
  }
  APO_TRY(settle(rows, node, err));
  APO_TRY(apo_onnx_operand(node, 1 - input, constants, &values, &n, err));
  rows->needs_cast = rows->is_float;
  return add_step(rows, node, op, values, n, err);
}

static apo_status clip_bound(const apo_onnx_node *node,
                             uint32_t input,
                             const apo_onnx_constants *constants,
                             double **out,
                             apo_error *err) {
  uint64_t n = 0;
  APO_TRY(apo_onnx_operand(node, input, constants, out, &n, err));
  if (n == 1) return APO_OK;
  free(*out);
  *out = NULL;
  return apo_onnx_fault(node, err, APO_ERR_FORMAT, "input %u: %" PRIu64 " numbers, needs 1", input,
                        n);
}

static apo_status clip(apo_onnx_rows *rows,
                       const apo_onnx_node *node,
                       const apo_onnx_constants *constants,
                       apo_error *err) {
  double *low = NULL;
  double *high = NULL;
  if (node->n_inputs != 3 || node->n_attributes != 0) {
    return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED, "needs both bounds as inputs");
  }
  APO_TRY(settle(rows, node, err));
  APO_TRY(clip_bound(node, 1, constants, &low, err));
  const apo_status status = clip_bound(node, 2, constants, &high, err);
  if (status != APO_OK) {
    free(low);
    return status;
  }
  const double bound = *high;
  free(high);
  APO_TRY(add_step(rows, node, APO_TRANSFORM_CLIP, low, 1, err));
  rows->steps[rows->n_steps - 1].high = bound;
  rows->needs_cast = rows->is_float;
  return APO_OK;
}

// (x - offset) * scale; the result is a float whatever the rows were.
static apo_status scaler(apo_onnx_rows *rows, const apo_onnx_node *node, apo_error *err) {
  static const char *const names[] = {"offset", "scale"};
  static const apo_transform_op ops[] = {APO_TRANSFORM_SUB, APO_TRANSFORM_MUL};
  for (int part = 0; part < 2; ++part) {
    double *values = NULL;
    uint64_t n = 0;
    APO_TRY(settle(rows, node, err));
    APO_TRY(apo_onnx_doubles(node, names[part], &values, &n, err));
    APO_TRY(add_step(rows, node, ops[part], values, n, err));
    rows->needs_cast = rows->is_float;
  }
  rows->is_float = true;
  rows->needs_cast = true;
  return APO_OK;
}

static apo_status cast(apo_onnx_rows *rows, const apo_onnx_node *node, apo_error *err) {
  int64_t to = 0;
  APO_TRY(apo_onnx_integer(node, "to", 0, &to, err));
  if (to != APO_ONNX_F32 && to != APO_ONNX_F64) {
    return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED,
                          "rows to type %" PRId64 ", needs 1 (float) or 11 (double)", to);
  }
  rows->is_float = to == APO_ONNX_F32;
  // Floats stay floats when they are widened.
  rows->needs_cast = rows->needs_cast || rows->is_float;
  return APO_OK;
}

apo_status apo_onnx_rows_node(apo_onnx_rows *rows,
                              const apo_onnx_node *node,
                              uint32_t input,
                              const apo_onnx_constants *constants,
                              apo_error *err) {
  static const struct {
    const char *name;
    apo_transform_op op;
  } sums[] = {{"Add", APO_TRANSFORM_ADD},
              {"Sub", APO_TRANSFORM_SUB},
              {"Mul", APO_TRANSFORM_MUL},
              {"Div", APO_TRANSFORM_DIV}};
  if (apo_onnx_is_standard(node)) {
    if (apo_onnx_is(node->op, "Identity")) return APO_OK;
    if (apo_onnx_is(node->op, "Cast")) return cast(rows, node, err);
    if (apo_onnx_is(node->op, "Clip") && input == 0) return clip(rows, node, constants, err);
    for (size_t at = 0; at < sizeof sums / sizeof sums[0]; ++at) {
      if (!apo_onnx_is(node->op, sums[at].name)) continue;
      return arithmetic(rows, node, input, sums[at].op, constants, err);
    }
  } else if (apo_onnx_is(node->op, "Scaler")) {
    return scaler(rows, node, err);
  }
  return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED,
                        "an operator that is not read before a model");
}

void apo_onnx_rows_clear(apo_onnx_rows *rows) {
  for (uint32_t at = 0; at < rows->n_steps; ++at) free(rows->steps[at].values);
  rows->n_steps = 0;
}

/* --- the model's transform -------------------------------------------------------------------- */

static double *spread(const double *values, uint64_t n_values, uint32_t n_columns) {
  double *out = apo_alloc(n_columns, sizeof *out);
  for (uint32_t column = 0; out != NULL && column < n_columns; ++column) {
    out[column] = values[n_values == 1 ? 0 : column];
  }
  return out;
}

apo_status apo_onnx_rows_finish(const apo_onnx_rows *rows,
                                size_t file_bytes,
                                apo_model *model,
                                apo_error *err) {
  const uint32_t n_columns = model->n_columns;
  if (rows->n_steps == 0) return APO_OK;
  if (rows->n_columns != 0 && rows->n_columns != n_columns) {
    return apo_fail(err, APO_ERR_FORMAT, "graph: %u columns before the model, which has %u",
                    rows->n_columns, n_columns);
  }
  // Columns are a claim of a few bytes, and an operand may be one number for all of them.
  const uint64_t n_bytes = (uint64_t)rows->n_steps * n_columns * 2 * sizeof(double);
  if (n_bytes > (uint64_t)file_bytes * 32 + (512u << 10)) {
    return apo_fail(err, APO_ERR_LIMIT, "graph: %u steps for %u columns in a file of %zu bytes",
                    rows->n_steps, n_columns, file_bytes);
  }
  model->transform.steps = apo_alloc(rows->n_steps, sizeof *model->transform.steps);
  if (model->transform.steps == NULL) {
    return apo_fail(err, APO_ERR_MEMORY, "graph: %u steps", rows->n_steps);
  }
  for (uint32_t at = 0; at < rows->n_steps; ++at) {
    const apo_onnx_step *step = &rows->steps[at];
    apo_transform_step *out = &model->transform.steps[model->transform.n_steps++];
    const bool is_clip = step->op == APO_TRANSFORM_CLIP;
    out->op = step->op;
    out->values = spread(step->values, step->n_values, n_columns);
    if (is_clip) out->highs = spread(&step->high, 1, n_columns);
    if (out->values != NULL && (!is_clip || out->highs != NULL)) continue;
    return apo_fail(err, APO_ERR_MEMORY, "graph: a step for %u columns", n_columns);
  }
  return APO_OK;
}
