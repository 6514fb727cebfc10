/* onnx_scores.c - what happens to scores behind the model: sums, factors and links. */
#include <inttypes.h>
#include <math.h>

#include "engine/core/memory.h"
#include "engine/readers/onnx/onnx_parts.h"

static apo_status refuse(const apo_onnx_node *node, const char *why, apo_error *err) {
  return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED, "%s", why);
}

static bool is_margin(const apo_onnx_scores *scores, const apo_model *model) {
  return model->link.name == APO_LINK_IDENTITY && !scores->is_pair;
}

static apo_status set_link(apo_onnx_scores *scores,
                           const apo_onnx_node *node,
                           apo_link_name link,
                           apo_model *model,
                           apo_error *err) {
  if (!is_margin(scores, model)) return refuse(node, "a link behind another link", err);
  model->link = (apo_link){link, 1.0};
  scores->is_probability = false;
  return APO_OK;
}

/* --- sums and factors ------------------------------------------------------------------------- */

typedef enum arithmetic { ADD, SUB, MUL, DIV } arithmetic;

static void add(apo_model *model, const double *values, uint64_t n, double sign) {
  for (uint32_t k = 0; k < model->n_outputs; ++k) model->base[k] += sign * values[n == 1 ? 0 : k];
}

static void scale(apo_model *model, double factor, bool is_divisor) {
  for (uint32_t k = 0; k < model->n_outputs; ++k) {
    model->base[k] = is_divisor ? model->base[k] / factor : model->base[k] * factor;
  }
  if (model->forest != NULL) {
    const bool is_whole = is_divisor && model->forest->divide * factor >= 1.0;
    if (is_whole) model->forest->divide *= factor;
    if (!is_whole) model->forest->scale *= is_divisor ? 1.0 / factor : factor;
    return;
  }
  const size_t n = (size_t)model->n_outputs * model->n_columns;
  for (size_t at = 0; at < n; ++at) {
    double *coefficient = &model->linear->coefficients[at];
    *coefficient = is_divisor ? *coefficient / factor : *coefficient * factor;
  }
}

static apo_status apply(apo_onnx_scores *scores,
                        const apo_onnx_node *node,
                        arithmetic what,
                        const double *values,
                        uint64_t n,
                        apo_model *model,
                        apo_error *err) {
  for (uint64_t at = 0; at < n; ++at) {
    if (isfinite(values[at])) continue;
    return apo_onnx_fault(node, err, APO_ERR_FORMAT, "operand %g, needs a finite number",
                          values[at]);
  }
  if (n != 1 && (n != model->n_outputs || what == MUL || what == DIV)) {
    return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED,
                          "an operand of %" PRIu64 " numbers for %u outputs", n, model->n_outputs);
  }
  // onnxmltools multiplies LightGBM's probabilities by one, to name them.
  if (n == 1 && values[0] == (what == MUL || what == DIV ? 1.0 : 0.0)) return APO_OK;
  scores->is_probability = false;
  if (what == MUL && model->link.name == APO_LINK_EXP && !scores->is_pair && values[0] > 0.0) {
    const double shift = log(values[0]);  // c exp(m) = exp(m + log c)
    add(model, &shift, 1, 1.0);
    return APO_OK;
  }
  if (!is_margin(scores, model)) return refuse(node, "a sum or factor behind a link", err);
  if ((what == MUL || what == DIV) && values[0] == 0.0) {
    return apo_onnx_fault(node, err, APO_ERR_FORMAT, "a factor or divisor of 0");
  }
  switch (what) {
    case ADD: add(model, values, n, 1.0); break;
    case SUB: add(model, values, n, -1.0); break;
    case MUL: scale(model, values[0], false); break;
    case DIV: scale(model, values[0], true); break;
  }
  return APO_OK;
}

static apo_status sum(apo_onnx_scores *scores,
                      const apo_onnx_node *node,
                      uint32_t input,
                      arithmetic what,
                      const apo_onnx_constants *constants,
                      apo_model *model,
                      apo_error *err) {
  double *values = NULL;
  uint64_t n = 0;
  if (node->n_inputs != 2 || (input == 1 && (what == SUB || what == DIV))) {
    return refuse(node, "takes the scores as its second input", err);
  }
  APO_TRY(apo_onnx_operand(node, 1 - input, constants, &values, &n, err));
  const apo_status status = apply(scores, node, what, values, n, model, err);
  free(values);
  return status;
}

/* --- shapes ----------------------------------------------------------------------------------- */

static apo_status cast(const apo_onnx_node *node, apo_error *err) {
  int64_t to = 0;
  APO_TRY(apo_onnx_integer(node, "to", 0, &to, err));
  if (to == APO_ONNX_F32 || to == APO_ONNX_F64) return APO_OK;
  return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED,
                        "scores to type %" PRId64 ", needs 1 (float) or 11 (double)", to);
}

// Only shapes that keep a row a row.
static apo_status reshape(const apo_onnx_scores *scores,
                          const apo_onnx_node *node,
                          const apo_onnx_constants *constants,
                          const apo_model *model,
                          apo_error *err) {
  double *dims = NULL;
  uint64_t n = 0;
  const double width = scores->is_pair ? 2 : model->n_outputs;
  APO_TRY(apo_onnx_operand(node, 1, constants, &dims, &n, err));
  const bool is_column = n == 1 && dims[0] == -1.0 && width == 1.0;
  const bool is_table = n == 2 && (dims[0] == -1.0 || dims[0] == 0.0) && dims[1] == width;
  free(dims);
  return is_column || is_table ? APO_OK : refuse(node, "changes the shape of the scores", err);
}

static apo_status flatten(const apo_onnx_node *node, apo_error *err) {
  int64_t axis = 1;
  APO_TRY(apo_onnx_integer(node, "axis", 1, &axis, err));
  return axis == 1 ? APO_OK : refuse(node, "changes the shape of the scores", err);
}

static apo_status softmax(apo_onnx_scores *scores,
                          const apo_onnx_node *node,
                          apo_model *model,
                          apo_error *err) {
  int64_t axis = -1;
  APO_TRY(apo_onnx_integer(node, "axis", -1, &axis, err));
  if ((axis != 1 && axis != -1) || model->n_outputs < 2) {
    return refuse(node, "is not over the outputs of a row", err);
  }
  APO_TRY(set_link(scores, node, APO_LINK_SOFTMAX, model, err));
  scores->sums_to_one = true;
  return APO_OK;
}

// One norm is a link: sigmoids divided by their sum.
static apo_status normalize(apo_onnx_scores *scores,
                            const apo_onnx_node *node,
                            apo_model *model,
                            apo_error *err) {
  apo_bytes norm;
  APO_TRY(apo_onnx_text(node, "norm", "MAX", &norm, err));
  if (apo_onnx_is(norm, "L1") && scores->sums_to_one) return APO_OK;
  if (apo_onnx_is(norm, "L1") && !scores->is_pair && model->link.name == APO_LINK_SIGMOID) {
    model->link.name = APO_LINK_OVR;
    scores->sums_to_one = true;
    return APO_OK;
  }
  return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED, "norm %s behind link %s",
                        apo_onnx_show(norm).text, apo_link_text(model->link.name));
}

/* --- one column of several -------------------------------------------------------------------- */

static apo_status keep_output(apo_model *model, uint32_t output, apo_error *err) {
  apo_names kept = {0};
  if (model->output_names.n_names > output) {
    const char *name = model->output_names.texts[output];
    const apo_status status = apo_names_add(&kept, name, strlen(name), err);
    if (status != APO_OK) {
      apo_names_clear(&kept);
      return apo_prefix(err, status, "graph: ");
    }
  }
  apo_names_clear(&model->output_names);
  model->output_names = kept;
  const size_t n_columns = model->n_columns;
  memmove(model->linear->coefficients, model->linear->coefficients + output * n_columns,
          n_columns * sizeof *model->linear->coefficients);
  model->base[0] = model->base[output];
  model->n_outputs = 1;
  return APO_OK;
}

static apo_status extract(apo_onnx_scores *scores,
                          const apo_onnx_node *node,
                          const apo_onnx_constants *constants,
                          apo_model *model,
                          apo_error *err) {
  double *column = NULL;
  uint64_t n = 0;
  APO_TRY(apo_onnx_operand(node, 1, constants, &column, &n, err));
  const double output = n == 1 ? column[0] : -1.0;
  free(column);
  const uint32_t width = scores->is_pair ? 2 : model->n_outputs;
  if (!(output >= 0.0 && output < width)) {
    return refuse(node, "takes other than one column of the scores", err);
  }
  scores->sums_to_one = false;
  if (scores->is_pair && output == 1.0) {
    scores->is_pair = false;
    return APO_OK;
  }
  if (scores->is_pair || model->linear == NULL || !is_margin(scores, model)) {
    return refuse(node, "takes one column of scores that are computed together", err);
  }
  return keep_output(model, (uint32_t)output, err);
}

apo_status apo_onnx_scores_node(apo_onnx_scores *scores,
                                const apo_onnx_node *node,
                                uint32_t input,
                                const apo_onnx_constants *constants,
                                apo_model *model,
                                apo_error *err) {
  static const char *const sums[] = {[ADD] = "Add", [SUB] = "Sub", [MUL] = "Mul", [DIV] = "Div"};
  const apo_bytes op = node->op;
  if (!apo_onnx_is_standard(node)) {
    if (apo_onnx_is(op, "ZipMap")) return APO_OK;
    if (apo_onnx_is(op, "Normalizer")) return normalize(scores, node, model, err);
    if (apo_onnx_is(op, "ArrayFeatureExtractor") && input == 0) {
      return extract(scores, node, constants, model, err);
    }
    return refuse(node, "an operator that is not read behind a model", err);
  }
  if (apo_onnx_is(op, "Identity")) return APO_OK;
  if (apo_onnx_is(op, "Cast")) return cast(node, err);
  if (apo_onnx_is(op, "Flatten")) return flatten(node, err);
  if (apo_onnx_is(op, "Reshape") && input == 0) {
    return reshape(scores, node, constants, model, err);
  }
  for (int what = ADD; what <= DIV; ++what) {
    if (!apo_onnx_is(op, sums[what])) continue;
    return sum(scores, node, input, (arithmetic)what, constants, model, err);
  }
  if (apo_onnx_is(op, "Sigmoid")) return set_link(scores, node, APO_LINK_SIGMOID, model, err);
  if (apo_onnx_is(op, "Exp")) return set_link(scores, node, APO_LINK_EXP, model, err);
  if (apo_onnx_is(op, "Softmax")) return softmax(scores, node, model, err);
  return refuse(node, "an operator that is not read behind a model", err);
}

/* --- what the model's node says --------------------------------------------------------------- */

apo_status apo_onnx_link(const apo_onnx_node *node,
                         apo_bytes post_transform,
                         apo_model *model,
                         apo_onnx_scores *scores,
                         apo_error *err) {
  const bool is_logistic = apo_onnx_is(post_transform, "LOGISTIC");
  const bool is_softmax = apo_onnx_is(post_transform, "SOFTMAX");
  model->link = (apo_link){APO_LINK_IDENTITY, 1.0};
  if (apo_onnx_is(post_transform, "NONE")) return APO_OK;
  if (!is_logistic && !is_softmax) {
    return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED, "post_transform %s is not read",
                          apo_onnx_show(post_transform).text);
  }
  // onnxruntime leaves these out, the standard does not.
  if (model->n_outputs == 1 && !(scores->is_pair && is_logistic)) {
    return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED,
                          "post_transform %s of a single score, about which libraries disagree",
                          apo_onnx_show(post_transform).text);
  }
  model->link.name = is_logistic ? APO_LINK_SIGMOID : APO_LINK_SOFTMAX;
  scores->sums_to_one = is_softmax || scores->is_pair;
  return APO_OK;
}

apo_status apo_onnx_base(const apo_onnx_node *node, apo_model *model, apo_error *err) {
  uint64_t n = 0;
  APO_TRY(apo_onnx_doubles(node, "base_values", &model->base, &n, err));
  if (n == model->n_outputs) return APO_OK;
  if (n != 0) {
    return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED,
                          "%" PRIu64 " base_values of %u scores, about which libraries disagree", n,
                          model->n_outputs);
  }
  model->base = apo_alloc(model->n_outputs, sizeof *model->base);
  if (model->base != NULL) return APO_OK;
  return apo_onnx_fault(node, err, APO_ERR_MEMORY, "%u outputs", model->n_outputs);
}
