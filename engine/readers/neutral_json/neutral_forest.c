/* neutral_forest.c - trees as parallel arrays; the builder checks how they hang together.
 *
 * The builder numbers the nodes of a tree in one sequence: inner nodes 0 to m-1, then leaf l as
 * m + l.  Its messages use these numbers.
 */
#include <inttypes.h>

#include "engine/core/memory.h"
#include "engine/forest/builder.h"
#include "engine/readers/neutral_json/neutral_parts.h"

/* What holds for trees that do not say. */
typedef struct defaults {
  bool has_op;
  bool has_missing;
  bool has_default_left;
  apo_op op;
  apo_missing missing;
  bool default_left;
} defaults;

typedef struct forest_reader {
  const apo_model *model;
  const apo_neutral_input *input;
  apo_builder *builder;
  apo_cover_kind cover_kind;
  defaults defaults;
  uint32_t *codes; /* [code_capacity] of the set that is read */
  uint64_t code_capacity;
  apo_neutral_terms terms; /* of the tree that is read */
} forest_reader;

/* An array that may be absent. */
typedef struct part {
  bool is_there;
  apo_json_at at;
} part;

typedef struct tree {
  const forest_reader *reader;
  apo_json_at at;
  int64_t n_inner; /* m */
  uint32_t width;  /* values of a leaf */
  uint32_t first_set;
  int64_t n_sets;
  part column, op, threshold, missing, default_left, left, right, leaf, cover, leaf_cover;
} tree;

/* --- nodes ------------------------------------------------------------------------------------- */

// Element `node` of an optional array of words, else the forest's default.
static apo_status word_at(
    const part *array, uint64_t node, const char *const *words, int *out, apo_error *err) {
  if (!array->is_there) return APO_OK;
  apo_json_chars text;
  APO_TRY(apo_json_text_at(array->at, node, &text, err));
  for (int i = 0; words[i] != NULL; ++i) {
    if (!apo_json_chars_are(text, words[i])) continue;
    *out = i;
    return APO_OK;
  }
  return apo_json_fault_at(array->at, node, err, APO_ERR_UNSUPPORTED, "\"%s\" is not known",
                           apo_json_show(text).text);
}

// c >= 0 is an inner node behind this one, c < 0 is leaf ~c.
static apo_status child_at(
    const tree *self, apo_json_at array, uint64_t node, int64_t *out, apo_error *err) {
  int64_t child = 0;
  const int64_t m = self->n_inner;
  APO_TRY(apo_json_integer_at(array, node, -(m + 1), m - 1, &child, err));
  if (child >= 0 && child <= (int64_t)node) {
    return apo_json_fault_at(array, node, err, APO_ERR_FORMAT,
                             "child %" PRId64 ", needs one above its parent %" PRIu64, child, node);
  }
  *out = child >= 0 ? child : m + ~child;
  return APO_OK;
}

static apo_status read_threshold(const tree *self,
                                 uint64_t node,
                                 apo_node_spec *out,
                                 apo_error *err) {
  if (out->op != APO_OP_IN) {
    return apo_neutral_number_at(self->threshold.at, node, &out->threshold, err);
  }
  int64_t set = 0;
  if (!self->reader->input->has_code) {
    return apo_json_fault(self->at, err, APO_ERR_FORMAT, "tests categories, needs input.code");
  }
  APO_TRY(apo_json_integer_at(self->threshold.at, node, 0, self->n_sets - 1, &set, err));
  out->threshold = (double)(self->first_set + set);
  return APO_OK;
}

static apo_status read_inner(const tree *self, uint64_t node, apo_node_spec *out, apo_error *err) {
  const defaults *otherwise = &self->reader->defaults;
  int64_t column = 0;
  int op = (int)otherwise->op;
  int missing = (int)otherwise->missing;
  bool default_left = otherwise->default_left;
  const int64_t last_column = (int64_t)self->reader->model->n_columns - 1;
  APO_TRY(apo_json_integer_at(self->column.at, node, 0, last_column, &column, err));
  APO_TRY(word_at(&self->op, node, apo_neutral_ops, &op, err));
  APO_TRY(word_at(&self->missing, node, apo_neutral_missing, &missing, err));
  if (self->default_left.is_there) {
    APO_TRY(apo_json_flag_at(self->default_left.at, node, &default_left, err));
  }
  out->column = (uint32_t)column;
  out->op = (apo_op)op;
  out->missing = (apo_missing)missing;
  out->default_left = default_left;
  APO_TRY(child_at(self, self->left.at, node, &out->left, err));
  APO_TRY(child_at(self, self->right.at, node, &out->right, err));
  if (self->cover.is_there) {
    APO_TRY(apo_neutral_number_at(self->cover.at, node, &out->cover, err));
  }
  return read_threshold(self, node, out, err);
}

static apo_status read_node(void *context, uint64_t node, apo_node_spec *out, apo_error *err) {
  const tree *self = context;
  const uint64_t m = (uint64_t)self->n_inner;
  if (node < m) return read_inner(self, node, out, err);
  out->is_leaf = true;
  if (!self->leaf_cover.is_there) return APO_OK;
  return apo_neutral_number_at(self->leaf_cover.at, node - m, &out->cover, err);
}

static apo_status read_leaf(void *context, uint64_t node, double *values, apo_error *err) {
  const tree *self = context;
  const uint64_t leaf = node - (uint64_t)self->n_inner;
  for (uint32_t k = 0; k < self->width; ++k) {
    APO_TRY(apo_neutral_number_at(self->leaf.at, leaf * self->width + k, &values[k], err));
  }
  return APO_OK;
}

static apo_status read_terms(void *context, uint64_t node, apo_leaf_terms *out, apo_error *err) {
  const tree *self = context;
  return apo_neutral_terms_of(&self->reader->terms, node - (uint64_t)self->n_inner, out, err);
}

/* --- sets -------------------------------------------------------------------------------------- */

static apo_status read_set(forest_reader *self, apo_json_at set, uint32_t *out, apo_error *err) {
  APO_TRY(apo_json_need(set, APO_JSON_ARRAY, err));
  const uint64_t n = apo_json_length(set);
  if (n == 0) return apo_json_fault(set, err, APO_ERR_FORMAT, "no code, needs one");
  if (n > self->code_capacity) {
    uint32_t *codes = apo_resize(self->codes, (size_t)n, sizeof *codes);
    if (codes == NULL) return apo_json_fault(set, err, APO_ERR_MEMORY, "%" PRIu64 " codes", n);
    self->codes = codes;
    self->code_capacity = n;
  }
  int64_t last = -1;
  for (uint64_t i = 0; i < n; ++i) {
    int64_t code = 0;
    APO_TRY(apo_json_integer_at(set, i, 0, APO_MAX_CATEGORY_CODE, &code, err));
    if (code <= last) {
      return apo_json_fault_at(set, i, err, APO_ERR_FORMAT,
                               "code %" PRId64 " after %" PRId64 ", needs to ascend", code, last);
    }
    self->codes[i] = (uint32_t)code;
    last = code;
  }
  return apo_builder_add_set(self->builder, self->codes, (size_t)n, out, err);
}

static apo_status read_sets(forest_reader *self, tree *out, apo_error *err) {
  apo_json_at sets;
  if (!apo_json_find(out->at, "sets", &sets)) return APO_OK;
  APO_TRY(apo_json_need(sets, APO_JSON_ARRAY, err));
  const uint64_t n = apo_json_length(sets);
  for (uint64_t i = 0; i < n; ++i) {
    apo_json_at set;
    uint32_t number = 0;
    APO_TRY(apo_json_item(sets, i, &set, err));
    APO_TRY(read_set(self, set, &number, err));
    if (i == 0) out->first_set = number;
  }
  out->n_sets = (int64_t)n;
  return APO_OK;
}

/* --- trees ------------------------------------------------------------------------------------- */

static apo_status find_array(
    const tree *self, const char *key, uint64_t length, part *out, apo_error *err) {
  out->is_there = apo_json_find(self->at, key, &out->at);
  return out->is_there ? apo_json_need_length(out->at, length, err) : APO_OK;
}

static apo_status need_array(
    const tree *self, const char *key, uint64_t length, part *out, apo_error *err) {
  APO_TRY(apo_json_member(self->at, key, &out->at, err));
  out->is_there = true;
  return apo_json_need_length(out->at, length, err);
}

static apo_status need_default(const tree *self, const char *key, bool is_said, apo_error *err) {
  if (is_said || self->n_inner == 0) return APO_OK;
  return apo_json_fault(self->at, err, APO_ERR_FORMAT, "%s is neither here nor in forest.defaults",
                        key);
}

static apo_status find_arrays(tree *self, apo_error *err) {
  APO_TRY(apo_json_member(self->at, "column", &self->column.at, err));
  APO_TRY(apo_json_need(self->column.at, APO_JSON_ARRAY, err));
  const uint64_t m = apo_json_length(self->column.at);
  self->n_inner = (int64_t)m;
  APO_TRY(need_array(self, "threshold", m, &self->threshold, err));
  APO_TRY(need_array(self, "left", m, &self->left, err));
  APO_TRY(need_array(self, "right", m, &self->right, err));
  APO_TRY(need_array(self, "leaf", (m + 1) * self->width, &self->leaf, err));
  APO_TRY(find_array(self, "op", m, &self->op, err));
  APO_TRY(find_array(self, "missing", m, &self->missing, err));
  APO_TRY(find_array(self, "default_left", m, &self->default_left, err));
  const defaults *otherwise = &self->reader->defaults;
  APO_TRY(need_default(self, "op", self->op.is_there || otherwise->has_op, err));
  APO_TRY(need_default(self, "missing", self->missing.is_there || otherwise->has_missing, err));
  APO_TRY(need_default(self, "default_left",
                       self->default_left.is_there || otherwise->has_default_left, err));
  APO_TRY(find_array(self, "cover", m, &self->cover, err));
  APO_TRY(find_array(self, "leaf_cover", m + 1, &self->leaf_cover, err));
  if (self->cover.is_there != self->leaf_cover.is_there) {
    return apo_json_fault(self->at, err, APO_ERR_FORMAT,
                          "cover and leaf_cover, needs both or none");
  }
  if (self->cover.is_there && self->reader->cover_kind == APO_COVER_NONE) {
    return apo_json_fault(self->cover.at, err, APO_ERR_FORMAT, "covers, needs forest.cover_kind");
  }
  return APO_OK;
}

static apo_status read_output(const tree *self, uint32_t *out, apo_error *err) {
  apo_json_at member;
  int64_t output = 0;
  *out = APO_TREE_VECTOR;
  if (!apo_json_find(self->at, "output", &member)) return APO_OK;
  const int64_t last = (int64_t)self->reader->model->n_outputs - 1;
  APO_TRY(apo_json_integer(member, 0, last, &output, err));
  *out = (uint32_t)output;
  return APO_OK;
}

static apo_status read_tree(forest_reader *reader, apo_json_at at, apo_error *err) {
  static const char *const keys[] = {"output",  "weight",       "column",     "op",     "threshold",
                                     "missing", "default_left", "left",       "right",  "sets",
                                     "leaf",    "cover",        "leaf_cover", "linear", NULL};
  tree self = {.reader = reader, .at = at};
  apo_tree_spec spec = {.weight = 1.0, .context = &self, .node = read_node, .leaf = read_leaf};
  apo_json_at linear;
  APO_TRY(apo_neutral_check_keys(at, keys, err));
  APO_TRY(read_output(&self, &spec.output, err));
  APO_TRY(apo_neutral_number(at, "weight", &spec.weight, err));
  self.width = spec.output == APO_TREE_VECTOR ? reader->model->n_outputs : 1;
  APO_TRY(find_arrays(&self, err));
  APO_TRY(read_sets(reader, &self, err));
  if (apo_json_find(at, "linear", &linear)) {
    if (spec.output == APO_TREE_VECTOR) {
      return apo_json_fault(linear, err, APO_ERR_FORMAT, "a tree with linear leaves needs output");
    }
    APO_TRY(apo_neutral_read_terms(linear, (uint64_t)self.n_inner + 1, reader->model->n_columns,
                                   &reader->terms, err));
    spec.terms = read_terms;
  }
  spec.n_nodes = 2 * (uint64_t)self.n_inner + 1;
  return apo_builder_add_tree(reader->builder, &spec, err);
}

/* --- forest ------------------------------------------------------------------------------------ */

static apo_status read_defaults(apo_json_at forest, defaults *out, apo_error *err) {
  static const char *const keys[] = {"op", "missing", "default_left", NULL};
  apo_json_at at;
  apo_json_at member;
  int word = 0;
  int64_t flag = 0;
  if (!apo_json_find(forest, "defaults", &at)) return APO_OK;
  APO_TRY(apo_neutral_check_keys(at, keys, err));
  out->has_op = apo_json_find(at, "op", &member);
  if (out->has_op)
    APO_TRY(apo_neutral_word(member, apo_neutral_ops, APO_ERR_UNSUPPORTED, &word, err));
  out->op = (apo_op)word;
  word = 0;
  out->has_missing = apo_json_find(at, "missing", &member);
  if (out->has_missing) {
    APO_TRY(apo_neutral_word(member, apo_neutral_missing, APO_ERR_UNSUPPORTED, &word, err));
  }
  out->missing = (apo_missing)word;
  out->has_default_left = apo_json_find(at, "default_left", &member);
  if (out->has_default_left) APO_TRY(apo_json_integer(member, 0, 1, &flag, err));
  out->default_left = flag == 1;
  return APO_OK;
}

static apo_status read_head(apo_json_at forest,
                            const apo_neutral_input *input,
                            const apo_model *model,
                            apo_forest_head *out,
                            apo_error *err) {
  apo_json_at member;
  int kind = APO_COVER_NONE;
  int64_t divide = 1;
  *out = (apo_forest_head){.n_columns = model->n_columns,
                           .n_outputs = model->n_outputs,
                           .cast_f32 = input->cast_f32,
                           .code_rule = input->code_rule,
                           .scale = 1.0};
  APO_TRY(apo_neutral_number(forest, "scale", &out->scale, err));
  if (apo_json_find(forest, "divide", &member)) {
    APO_TRY(apo_json_integer(member, 1, INT32_MAX, &divide, err));
  }
  out->divide = (double)divide;
  if (apo_json_find(forest, "cover_kind", &member)) {
    APO_TRY(apo_neutral_word(member, apo_neutral_cover_kinds, APO_ERR_UNSUPPORTED, &kind, err));
  }
  out->cover_kind = (apo_cover_kind)kind;
  return APO_OK;
}

static apo_status read_trees(forest_reader *reader, apo_json_at forest, apo_error *err) {
  apo_json_at trees;
  APO_TRY(apo_json_member(forest, "trees", &trees, err));
  APO_TRY(apo_json_need(trees, APO_JSON_ARRAY, err));
  for (uint64_t i = 0; i < apo_json_length(trees); ++i) {
    apo_json_at at;
    APO_TRY(apo_json_item(trees, i, &at, err));
    APO_TRY(read_tree(reader, at, err));
  }
  return APO_OK;
}

apo_status apo_neutral_forest(apo_json_at document,
                              const apo_neutral_input *input,
                              apo_model *model,
                              apo_error *err) {
  static const char *const keys[] = {"scale",    "divide", "cover_kind", "trees_per_iteration",
                                     "defaults", "trees",  NULL};
  apo_json_at forest;
  apo_forest_head head;
  forest_reader reader = {.model = model, .input = input};
  apo_json_at member;
  int64_t per_iteration = 0;
  APO_TRY(apo_json_member(document, "forest", &forest, err));
  APO_TRY(apo_neutral_check_keys(forest, keys, err));
  if (!input->has_cast) {
    return apo_json_fault(document, err, APO_ERR_FORMAT, "a forest needs input.cast");
  }
  APO_TRY(read_head(forest, input, model, &head, err));
  if (apo_json_find(forest, "trees_per_iteration", &member)) {
    APO_TRY(apo_json_integer(member, 1, APO_MAX_TREES, &per_iteration, err));
  }
  model->trees_per_iteration = (uint32_t)per_iteration;
  reader.cover_kind = head.cover_kind;
  APO_TRY(read_defaults(forest, &reader.defaults, err));
  APO_TRY(apo_builder_create(&head, &reader.builder, err));
  apo_status status = read_trees(&reader, forest, err);
  if (status == APO_OK) status = apo_builder_finish(&reader.builder, &model->forest, err);
  apo_builder_destroy(&reader.builder);
  free(reader.codes);
  apo_neutral_terms_clear(&reader.terms);
  return status;
}
