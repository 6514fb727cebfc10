/* fuzz_validate_agrees.c - what is read as valid must work: margins of eight rows, and codes.
 *
 * Rows at the edges of the model's own splits are walked twice, by the meaning (split.h) and by the
 * integer codes that devices use: each tree must end in the same leaf.  So must those of a part of the iterations.
 */
#include "engine/codes/code_forest.h"
#include "engine/forest/split.h"
#include "kernels/walk_ref.h"
#include "tests/fuzz/fuzz.h"

enum { N_ROWS = 8, MAX_INSTANCES = 4096 };

static double row[APO_FUZZ_MAX_CELLS];
static double moved[APO_FUZZ_MAX_CELLS];
static double margin[APO_FUZZ_MAX_CELLS];
static uint32_t codes[APO_FUZZ_MAX_CELLS];

static void set_all(uint32_t n_columns, double value) {
  for (uint32_t column = 0; column < n_columns; ++column) row[column] = value;
}

/* Each column at a threshold of one of its splits, or next to it. */
static void set_thresholds(const apo_model *model, double towards) {
  const apo_forest *forest = model->forest;
  set_all(model->n_columns, towards);
  for (uint64_t node = 0; node < forest->n_nodes; ++node) {
    const double threshold = forest->threshold[node];
    const double near = forest->cast_f32 ? (double)nextafterf((float)threshold, (float)towards)
                                         : nextafter(threshold, towards);
    row[forest->column[node]] = towards == 0.0 ? threshold : near;
  }
}

static void set_row(const apo_model *model, uint32_t number) {
  static const double values[] = {0.0, (double)NAN, 1e38, -1e38, (double)INFINITY};
  enum { N_VALUES = sizeof values / sizeof values[0] };
  if (number < N_VALUES || model->forest == NULL) {
    set_all(model->n_columns, values[number % N_VALUES]);
  } else {
    static const double towards[] = {0.0, (double)INFINITY, -(double)INFINITY};
    set_thresholds(model, towards[number - N_VALUES]);
  }
}

static void encode(const apo_model *model, const apo_cuts *cuts) {
  for (uint32_t column = 0; column < model->n_columns; ++column) {
    double value = apo_transform_value(&model->transform, column, row[column]);
    moved[column] = value;
    if (model->forest->cast_f32) value = (double)(float)value;
    codes[column] = isnan(value) ? apo_cuts_missing(cuts)
                                 : apo_cuts_rank(cuts, column, apo_cuts_key(cuts, value));
  }
}

static uint32_t walk(const apo_code_forest *forest, uint32_t root) {
  const apo_node *at = &forest->nodes[root];
  while (at->leaf == APO_NODE_INNER) {
    const apo_u32 right =
        apo_node_right(at, codes[at->column], (apo_i32)forest->cuts->code_bytes, forest->set_words);
    at = &forest->nodes[(at->next & APO_NODE_NEXT) + right];
  }
  return at->leaf;
}

static void compare_leaves(const apo_model *model, const apo_code_forest *codes_of) {
  const apo_forest *forest = model->forest;
  encode(model, codes_of->cuts);
  for (uint32_t output = 0; output < model->n_outputs; ++output) {
    uint32_t instance = codes_of->output_begin[output];
    for (uint32_t tree = 0; tree < forest->n_trees; ++tree) {
      const uint32_t own = forest->tree_output[tree];
      if (own != APO_TREE_VECTOR && own != output) continue;
      const uint32_t leaf = walk(codes_of, codes_of->instances[instance++].root);
      apo_fuzz_demand(leaf == apo_tree_leaf(forest, tree, moved), "the same leaf by codes",
                      "another");
    }
  }
}

static void check(const apo_model *model) {
  if (model->n_columns > APO_FUZZ_MAX_CELLS || model->n_outputs > APO_FUZZ_MAX_CELLS) return;
  apo_code_forest *compiled = NULL;
  apo_error err = {.message = ""};
  if (model->kind == APO_MODEL_FOREST) {
    const apo_status status = apo_code_forest_create(model, &compiled, &err);
    if (status != APO_OK) apo_fuzz_check_refusal(status, &err);
    apo_fuzz_demand((status == APO_OK) == (compiled != NULL), "codes, or none", err.message);
  }
  const bool is_small = compiled != NULL && compiled->n_instances <= MAX_INSTANCES;
  for (uint32_t number = 0; number < N_ROWS; ++number) {
    set_row(model, number);
    apo_fuzz_margin(model, row, margin);
    if (is_small) compare_leaves(model, compiled);
  }
  apo_code_forest_destroy(&compiled);
}

/* A part of the iterations is a model as well, or refused. */
static void check_part(const uint8_t *bytes, size_t n_bytes, uint64_t begin, uint64_t end) {
  const apo_read_options options = {sizeof options, begin, end};
  apo_error err = {.message = ""};
  apo_model *model = NULL;
  const apo_status status = apo_model_read_part(bytes, n_bytes, &options, &model, &err);
  if (status == APO_OK) check(model);
  // No such iterations is the caller's fault.
  if (status != APO_OK && status != APO_ERR_ARGUMENT) apo_fuzz_check_refusal(status, &err);
  apo_model_destroy(&model);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  apo_error err = {.message = ""};
  apo_model *model = NULL;
  if (apo_model_read(bytes, n_bytes, &model, &err) == APO_OK) {
    check(model);
    const bool ends_at_best = n_bytes % 2 == 1;
    check_part(bytes, n_bytes, n_bytes % 3, ends_at_best ? APO_BEST_ITERATION : n_bytes % 3 + 1);
  }
  apo_model_destroy(&model);
  return 0;
}
