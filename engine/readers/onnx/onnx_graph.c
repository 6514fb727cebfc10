/* onnx_graph.c - the line through the graph: which tensor is what, and whose turn it is.
 *
 * A tensor that is not constant is rows (from the input to the model), scores (from the model to
 * the output) or labels (the class that was chosen, and what names it).  An operation on rows or
 * scores changes what the model means, so it counts only on their latest form: two branches would
 * be two models.  Labels are not explained; what reads them may only rename them.
 */
#include <inttypes.h>
#include <stdio.h>

#include "engine/core/memory.h"
#include "engine/readers/onnx/onnx_graph_parts.h"

/* --- tensors ---------------------------------------------------------------------------------- */

static const apo_onnx_known *find_known(const apo_onnx_graph_walk *self, apo_bytes name) {
  for (uint32_t at = 0; at < self->n_known; ++at) {
    if (apo_onnx_same(self->known[at].name, name)) return &self->known[at];
  }
  return NULL;
}

static apo_status add_known(apo_onnx_graph_walk *self,
                            apo_bytes name,
                            apo_onnx_role role,
                            apo_error *err) {
  if (name.n_bytes == 0) return APO_OK;  // an output that nobody wants
  if (find_known(self, name) != NULL || apo_onnx_constant_find(&self->constants, name) != NULL) {
    return apo_fail(err, APO_ERR_FORMAT, "graph: two tensors are named \"%s\"",
                    apo_onnx_show(name).text);
  }
  if (self->n_known == APO_ONNX_MAX_KNOWN) {
    return apo_fail(err, APO_ERR_UNSUPPORTED, "graph: more than %d tensors", APO_ONNX_MAX_KNOWN);
  }
  const uint32_t version = role == APO_ONNX_SCORES ? self->score_version : self->row_version;
  self->known[self->n_known++] = (apo_onnx_known){name, role, version};
  return APO_OK;
}

static bool is_latest(const apo_onnx_graph_walk *self, const apo_onnx_known *known) {
  switch (known->role) {
    case APO_ONNX_ROWS: return known->version == self->row_version;
    case APO_ONNX_SCORES: return known->version == self->score_version;
    case APO_ONNX_LABELS: return true;
  }
  return false;
}

/** The one input that is not constant. */
static apo_status find_live(const apo_onnx_graph_walk *self,
                            const apo_onnx_node *node,
                            uint32_t *input,
                            apo_error *err) {
  uint32_t n_live = 0;
  for (uint32_t at = 0; at < node->n_inputs; ++at) {
    if (node->inputs[at].n_bytes == 0) continue;
    if (apo_onnx_constant_find(&self->constants, node->inputs[at]) != NULL) continue;
    if (find_known(self, node->inputs[at]) == NULL) {
      return apo_onnx_fault(node, err, APO_ERR_FORMAT,
                            "input \"%s\" is no tensor of the nodes before",
                            apo_onnx_show(node->inputs[at]).text);
    }
    *input = at;
    ++n_live;
  }
  if (n_live == 1) return APO_OK;
  return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED,
                        "reads %u tensors that are not constant, needs 1", n_live);
}

/* --- nodes ------------------------------------------------------------------------------------ */

static bool is_model(const apo_onnx_graph_walk *self, const apo_onnx_node *node) {
  static const char *const names[] = {"TreeEnsembleRegressor", "TreeEnsembleClassifier",
                                      "TreeEnsemble", "LinearRegressor", "LinearClassifier"};
  if (apo_onnx_is_standard(node)) {
    return apo_onnx_is(node->op, "MatMul") && !self->has_model;
  }
  for (size_t at = 0; at < sizeof names / sizeof names[0]; ++at) {
    if (apo_onnx_is(node->op, names[at])) return true;
  }
  return false;
}

static apo_status read_model(apo_onnx_graph_walk *self, const apo_onnx_node *node, apo_error *err) {
  const apo_onnx_rows *rows = &self->rows;
  apo_onnx_scores *scores = &self->scores;
  if (apo_onnx_is(node->op, "MatMul")) {
    return apo_onnx_matmul(node, rows, &self->constants, self->model, err);
  }
  if (apo_onnx_is(node->op, "TreeEnsemble")) {
    return apo_onnx_trees(node, rows, self->file_bytes, self->model, err);
  }
  if (node->op.at[0] == 'L') return apo_onnx_linear(node, rows, self->model, scores, err);
  return apo_onnx_ensemble(node, rows, self->file_bytes, self->model, scores, err);
}

static void keep_objective(apo_model *model, const apo_onnx_node *node) {
  const int room = (int)sizeof model->objective - 1;
  snprintf(model->objective, sizeof model->objective, "%.*s", room, apo_onnx_show(node->op).text);
}

static apo_status take_model(apo_onnx_graph_walk *self, const apo_onnx_node *node, apo_error *err) {
  const bool is_classifier =
      apo_onnx_is(node->op, "TreeEnsembleClassifier") || apo_onnx_is(node->op, "LinearClassifier");
  const uint32_t n_outputs = is_classifier ? 2 : 1;
  if (self->has_model) {
    return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED, "a second model in the graph");
  }
  if (node->n_outputs != n_outputs) {
    return apo_onnx_fault(node, err, APO_ERR_FORMAT, "%u outputs, needs %u", node->n_outputs,
                          n_outputs);
  }
  APO_TRY(read_model(self, node, err));
  keep_objective(self->model, node);
  APO_TRY(apo_onnx_rows_finish(&self->rows, self->file_bytes, self->model, err));
  self->has_model = true;
  if (is_classifier) APO_TRY(add_known(self, node->outputs[0], APO_ONNX_LABELS, err));
  return add_known(self, node->outputs[n_outputs - 1], APO_ONNX_SCORES, err);
}

// The class that was chosen is not explained; these only look it up.
static apo_status take_labels(apo_onnx_graph_walk *self,
                              const apo_onnx_node *node,
                              apo_error *err) {
  static const char *const names[] = {"Cast",    "Identity",    "Reshape",
                                      "Squeeze", "Flatten",     "ArrayFeatureExtractor",
                                      "Gather",  "LabelEncoder"};
  for (size_t at = 0; at < sizeof names / sizeof names[0]; ++at) {
    if (!apo_onnx_is(node->op, names[at]) || node->n_outputs != 1) continue;
    return add_known(self, node->outputs[0], APO_ONNX_LABELS, err);
  }
  return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED, "an operator that is not read on labels");
}

static bool changes_nothing(const apo_onnx_node *node) {
  return apo_onnx_is(node->op, "Identity") || apo_onnx_is(node->op, "ZipMap");
}

static apo_status take_rows(apo_onnx_graph_walk *self,
                            const apo_onnx_node *node,
                            uint32_t input,
                            apo_error *err) {
  APO_TRY(apo_onnx_rows_node(&self->rows, node, input, &self->constants, err));
  if (!changes_nothing(node)) ++self->row_version;
  return add_known(self, node->outputs[0], APO_ONNX_ROWS, err);
}

static apo_status take_scores(apo_onnx_graph_walk *self,
                              const apo_onnx_node *node,
                              uint32_t input,
                              apo_error *err) {
  APO_TRY(apo_onnx_scores_node(&self->scores, node, input, &self->constants, self->model, err));
  if (!changes_nothing(node)) ++self->score_version;
  return add_known(self, node->outputs[0], APO_ONNX_SCORES, err);
}

static apo_status take_live(apo_onnx_graph_walk *self, const apo_onnx_node *node, apo_error *err) {
  uint32_t input = 0;
  APO_TRY(find_live(self, node, &input, err));
  const apo_onnx_known *known = find_known(self, node->inputs[input]);
  if (known->role == APO_ONNX_SCORES && apo_onnx_is_standard(node) &&
      apo_onnx_is(node->op, "ArgMax") && node->n_outputs == 1) {
    return add_known(self, node->outputs[0], APO_ONNX_LABELS, err);
  }
  if (!is_latest(self, known)) {
    return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED,
                          "a second branch from \"%s\", which another node has changed",
                          apo_onnx_show(known->name).text);
  }
  if (is_model(self, node)) {
    if (known->role == APO_ONNX_ROWS && input == 0) return take_model(self, node, err);
    return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED, "a model that does not read the rows");
  }
  if (node->n_outputs != 1) {
    return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED, "%u outputs, needs 1", node->n_outputs);
  }
  switch (known->role) {
    case APO_ONNX_ROWS: return take_rows(self, node, input, err);
    case APO_ONNX_SCORES: return take_scores(self, node, input, err);
    case APO_ONNX_LABELS: return take_labels(self, node, err);
  }
  return APO_OK;
}

static apo_status take_constant(apo_onnx_graph_walk *self,
                                const apo_onnx_node *node,
                                apo_error *err) {
  const apo_onnx_attribute *value = apo_onnx_find(node, "value");
  if (value == NULL || node->n_outputs != 1 || node->n_inputs != 0) {
    return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED, "a constant that is no tensor");
  }
  apo_wire rest = value->body;
  for (bool more = true; more;) {
    apo_wire_field field;
    APO_TRY(apo_wire_next(&rest, &field, &more, err));
    if (!more || field.number != 5) continue;
    APO_TRY(apo_wire_need(&field, APO_WIRE_BYTES, err));
    return apo_onnx_graph_constant(self, field.body, node->outputs[0], err);
  }
  return apo_onnx_fault(node, err, APO_ERR_FORMAT, "value: no tensor");
}

static apo_status check_domain(const apo_onnx_graph_walk *self,
                               const apo_onnx_node *node,
                               apo_error *err) {
  const bool is_standard = apo_onnx_is_standard(node);
  if (!is_standard && !apo_onnx_is(node->domain, "ai.onnx.ml")) {
    return apo_onnx_fault(node, err, APO_ERR_UNSUPPORTED, "domain \"%s\" is not known",
                          apo_onnx_show(node->domain).text);
  }
  if (is_standard ? self->imports.has_standard : self->imports.has_ml) return APO_OK;
  return apo_onnx_fault(node, err, APO_ERR_FORMAT, "no opset_import for domain \"%s\"",
                        is_standard ? "" : "ai.onnx.ml");
}

static apo_status take_node(apo_onnx_graph_walk *self,
                            const apo_wire_field *field,
                            apo_error *err) {
  apo_onnx_node node;
  APO_TRY(apo_onnx_node_read(field, &node, err));
  if (++self->n_nodes > APO_ONNX_MAX_NODES) {
    return apo_fail(err, APO_ERR_UNSUPPORTED, "graph: more than %d nodes", APO_ONNX_MAX_NODES);
  }
  APO_TRY(check_domain(self, &node, err));
  if (apo_onnx_is_standard(&node) && apo_onnx_is(node.op, "Constant")) {
    return take_constant(self, &node, err);
  }
  return take_live(self, &node, err);
}

/* --- the whole -------------------------------------------------------------------------------- */

static apo_status walk_nodes(apo_onnx_graph_walk *self, apo_wire graph, apo_error *err) {
  APO_TRY(add_known(self, self->input, APO_ONNX_ROWS, err));
  for (bool more = true; more;) {
    apo_wire_field field;
    APO_TRY(apo_wire_next(&graph, &field, &more, err));
    if (more && field.number == 1) APO_TRY(take_node(self, &field, err));
  }
  if (self->has_model) return APO_OK;
  return apo_fail(err, APO_ERR_UNSUPPORTED,
                  "graph: no model in it, needs a TreeEnsembleRegressor, TreeEnsembleClassifier, "
                  "TreeEnsemble, LinearRegressor, LinearClassifier or MatMul");
}

static apo_status check_outputs(const apo_onnx_graph_walk *self, apo_error *err) {
  uint32_t n_scores = 0;
  for (uint32_t at = 0; at < self->n_outputs; ++at) {
    const apo_onnx_known *known = find_known(self, self->outputs[at]);
    if (known != NULL && known->role == APO_ONNX_LABELS) continue;
    if (known != NULL && known->role == APO_ONNX_SCORES && is_latest(self, known)) {
      ++n_scores;
      continue;
    }
    return apo_fail(err, known == NULL ? APO_ERR_FORMAT : APO_ERR_UNSUPPORTED,
                    "graph: output \"%s\" is not what the model ends in",
                    apo_onnx_show(self->outputs[at]).text);
  }
  if (n_scores > 0) return APO_OK;
  return apo_fail(err, APO_ERR_UNSUPPORTED, "graph: no output holds the model's scores");
}

apo_status apo_onnx_graph(
    apo_wire graph, apo_onnx_imports imports, size_t file_bytes, apo_model *model, apo_error *err) {
  apo_onnx_graph_walk *self = apo_alloc(1, sizeof *self);
  if (self == NULL) return apo_fail(err, APO_ERR_MEMORY, "graph: %zu bytes", sizeof *self);
  self->model = model;
  self->imports = imports;
  self->file_bytes = file_bytes;
  apo_status status = apo_onnx_graph_head(self, graph, err);
  if (status == APO_OK) status = walk_nodes(self, graph, err);
  if (status == APO_OK) status = check_outputs(self, err);
  if (status == APO_OK) model->margin_is_probability = self->scores.is_probability;
  apo_onnx_rows_clear(&self->rows);
  free(self);
  return status;
}
