/* test_neutral_json.c - every key of version 1 and every refusal; contract.convert has the round
 * trip. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/forest/split.h"
#include "engine/model/model.h"
#include "tests/support/apo_test.h"
#include "tests/support/random_forest.h"

/* The example of the format's description: a set, a transform, covers, one scaled link. */
static const char whole[] =
    "{\"format\": \"apportion-model\", \"version\": 1, \"kind\": \"forest\",\n"
    " \"origin\": {\"library\": \"xgboost\", \"library_version\": \"3.4.1\", \"file\": \"ubjson\",\n"
    "  \"objective\": \"binary:logistic\"},\n"
    " \"columns\": {\"count\": 3, \"names\": [\"colour\", \"age\", \"income\"],\n"
    "  \"categories\": [{\"column\": 0, \"values\": [\"red\", \"green\"], \"unknown\": \"other\"}]},\n"
    " \"input\": {\"cast\": \"float32\", \"code\": \"nonneg_trunc\",\n"
    "  \"transform\": [{\"op\": \"sub\", \"values\": [0, 38.1, 2100]},\n"
    "                {\"op\": \"div\", \"values\": [1, 9.5, 800]}]},\n"
    " \"outputs\": {\"count\": 1, \"names\": [\"default\"], \"base\": [-0.5],\n"
    "  \"link\": {\"name\": \"sigmoid\", \"scale\": 2}, \"space\": \"margin\"},\n"
    " \"forest\": {\"scale\": 1, \"divide\": 1, \"cover_kind\": \"hessian\",\n"
    "  \"defaults\": {\"op\": \"lt\", \"missing\": \"nan\", \"default_left\": 0},\n"
    "  \"trees\": [{\"output\": 0, \"weight\": 0.5,\n"
    "    \"column\": [0, 1], \"op\": [\"in\", \"lt\"], \"threshold\": [0, 0.5],\n"
    "    \"default_left\": [1, 0], \"left\": [1, -1], \"right\": [-2, -3], \"sets\": [[0]],\n"
    "    \"leaf\": [0.25, -0.125, 0.5], \"cover\": [100, 60], \"leaf_cover\": [25, 40, 35]}]}}";

static const char linear[] =
    "{\"format\": \"apportion-model\", \"version\": 1, \"kind\": \"linear\",\n"
    " \"columns\": {\"count\": 2}, \"outputs\": {\"count\": 2, \"base\": [1, 2]},\n"
    " \"linear\": {\"coefficients\": [[1, 2], [3, 4]], \"missing\": \"zero\"}}";

static apo_status read_text(const char *text, apo_model **out, apo_error *err) {
  return apo_model_read(text, strlen(text), out, err);
}

static apo_model *read_good(const char *text) {
  apo_model *model = NULL;
  apo_error err;
  assert_ok(read_text(text, &model, &err), &err);
  return model;
}

/* `text` with `from`, which must be there, replaced by `to` once. */
static char *replaced(const char *text, const char *from, const char *to) {
  const char *at = strstr(text, from);
  if (at == NULL) {
    print_error("not in the document: %s\n", from);
    fail();
    return NULL;
  }
  char *out = calloc(strlen(text) + strlen(to) + 1, 1);
  assert_non_null(out);
  memcpy(out, text, (size_t)(at - text));
  strcat(out, to);
  strcat(out, at + strlen(from));
  return out;
}

typedef struct spoiling {
  const char *from;
  const char *to;
  apo_status status;
  const char *words;
} spoiling;

static void assert_refused(const char *text, const spoiling *spoilings, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    const spoiling *spoilt = &spoilings[i];
    char *document = replaced(text, spoilt->from, spoilt->to);
    apo_model *model = NULL;
    apo_error err;
    assert_fails(read_text(document, &model, &err), spoilt->status, &err, "neutral_json: ");
    assert_fails(err.status, spoilt->status, &err, spoilt->words);
    assert_null(model);
    free(document);
  }
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* --- reading ----------------------------------------------------------------------------------- */

static void a_whole_document_is_read(void **state) {
  (void)state;
  apo_model *model = read_good(whole);
  const apo_forest *forest = model->forest;
  apo_model_info info = {.struct_bytes = sizeof info};
  apo_model_describe(model, &info);
  assert_string_equal(info.format, "neutral_json");
  assert_string_equal(info.library, "xgboost");
  assert_string_equal(info.library_version, "3.4.1");
  assert_string_equal(info.objective, "binary:logistic");
  assert_string_equal(info.link, "sigmoid");
  assert_int_equal(info.n_trees, 1);
  assert_int_equal(info.n_categorical, 1);
  assert_int_equal(info.has_cover, 1);
  assert_int_equal(strlen(info.digest), 71);
  assert_true(model->link.scale == 2.0);
  assert_false(model->margin_is_probability);
  assert_string_equal(apo_model_column_name(model, 2), "income");
  assert_string_equal(apo_model_output_name(model, 0), "default");
  assert_true(apo_model_intercept(model, 0) == -0.5);
  assert_int_equal(model->n_categories, 1);
  assert_true(model->categories[0].is_text);
  assert_int_equal(model->categories[0].unknown, APO_UNKNOWN_OTHER);
  assert_string_equal(model->categories[0].texts.texts[1], "green");
  assert_true(forest->cast_f32);
  assert_int_equal(forest->code_rule, APO_CODE_NONNEG_TRUNC);
  assert_int_equal(forest->cover_kind, APO_COVER_HESSIAN);
  assert_true(forest->node_cover[1] == 60.0);
  assert_true(forest->tree_weight[0] == 0.5);
  apo_model_destroy(&model);
}

static void a_whole_document_predicts_what_it_says(void **state) {
  (void)state;
  apo_model *model = read_good(whole);
  apo_error err;
  const struct {
    double row[3];
    double margin;
  } cases[] = {
      {{0, 38.1, 0}, -0.5 + 0.5 * 0.25},            // red, age below the threshold: leaf 0
      {{0, 38.1 + 9.5, 0}, -0.5 + 0.5 * 0.5},       // red, age above: leaf 2
      {{1, 38.1, 0}, -0.5 + 0.5 * -0.125},          // green: leaf 1
      {{(double)NAN, 38.1, 0}, -0.5 + 0.5 * 0.25},  // missing goes left
      {{-0.5, 38.1, 0}, -0.5 + 0.5 * -0.125},       // no code
      {{0, (double)NAN, 0}, -0.5 + 0.5 * 0.5},      // missing goes right
  };
  for (size_t i = 0; i < COUNT(cases); ++i) {
    double margin = 0.0;
    assert_ok(apo_model_margin(model, cases[i].row, &margin, &err), &err);
    assert_true(margin == cases[i].margin);
  }
  apo_model_destroy(&model);
}

static void the_order_of_keys_is_free_and_own_keys_are_ignored(void **state) {
  (void)state;
  apo_model *model = read_good(
      "{\"x_note\": {\"a\": [1, null]}, \"outputs\": {\"count\": 1, \"x_\": 0},"
      " \"forest\": {\"trees\": [{\"x_id\": 7, \"leaf\": [0.5], \"right\": [], \"left\": [],"
      " \"threshold\": [], \"column\": []}]}, \"input\": {\"cast\": \"float64\"},"
      " \"columns\": {\"count\": 1}, \"kind\": \"forest\", \"version\": 1,"
      " \"format\": \"apportion-model\"}");
  const double row[1] = {0};
  double margin = 0.0;
  apo_error err;
  assert_ok(apo_model_margin(model, row, &margin, &err), &err);
  assert_true(margin == 0.5);
  assert_int_equal(model->forest->tree_output[0], APO_TREE_VECTOR);
  assert_int_equal(model->link.name, APO_LINK_IDENTITY);
  assert_false(model->forest->cast_f32);
  apo_model_destroy(&model);
}

static void a_linear_model_is_read(void **state) {
  (void)state;
  apo_model *model = read_good(linear);
  const double row[2] = {10.0, (double)NAN};
  double margin[2];
  apo_error err;
  assert_true(model->linear->missing_adds_nothing);
  assert_ok(apo_model_margin(model, row, margin, &err), &err);
  assert_true(margin[0] == 11.0 && margin[1] == 32.0);
  apo_model_destroy(&model);
}

static void a_linear_model_may_round_its_input_to_float(void **state) {
  (void)state;
  char *document = replaced(linear, "\"outputs\"",
                            "\"input\": {\"cast\": \"float32\", \"transform\":"
                            " [{\"op\": \"add\", \"values\": [1e-9, 0]}]}, \"outputs\"");
  apo_model *model = read_good(document);
  const double row[2] = {0.1, (double)NAN};
  double margin[2];
  apo_error err;
  assert_true(model->linear->cast_f32);
  assert_ok(apo_model_margin(model, row, margin, &err), &err);
  const double moved = (double)(float)(0.1 + 1e-9);
  assert_true(moved != 0.1 + 1e-9);
  assert_true(margin[0] == 1.0 * moved + 1 && margin[1] == 3.0 * moved + 2);
  apo_model_destroy(&model);
  free(document);
}

/* Leaf 0: 1 + 0.5 income, leaf 1: 2, leaf 2: 3 + 3 colour - age. */
static const char lines[] =
    "\"linear\": {\"count\": [1, 0, 2], \"columns\": [2, 0, 1],"
    " \"coefficients\": [0.5, 3, -1], \"constant\": [1, 2, 3]}";

static void a_step_may_round_to_float(void **state) {
  (void)state;
  char *document =
      replaced(whole, "{\"op\": \"div\", \"values\": [1, 9.5, 800]}", "{\"op\": \"float\"}");
  apo_model *model = read_good(document);
  assert_int_equal(model->transform.steps[1].op, APO_TRANSFORM_FLOAT);
  assert_true(apo_transform_value(&model->transform, 1, 38.2) == (double)(float)(38.2 - 38.1));
  apo_model_destroy(&model);
  free(document);
}

static void linear_leaves_are_read(void **state) {
  (void)state;
  char *document = replaced(whole, "\"cover\": [100, 60], \"leaf_cover\": [25, 40, 35]", lines);
  apo_model *model = read_good(document);
  apo_error err;
  const double income = (double)(float)((500.0 - 2100.0) / 800.0);
  const double age = (double)(float)((47.6 - 38.1) / 9.5);
  const struct {
    double row[3];
    double margin;
  } cases[] = {
      {{0, 38.1, 500}, -0.5 + 0.5 * (1 + 0.5 * income)},   // leaf 0
      {{0, 38.1, (double)NAN}, -0.5 + 0.5 * 0.25},         // leaf 0, a term is missing
      {{1, 38.1, 500}, -0.5 + 0.5 * 2},                    // leaf 1 has no term
      {{0, 47.6, 500}, -0.5 + 0.5 * (3 + 3 * 0.0 - age)},  // leaf 2
  };
  for (size_t i = 0; i < COUNT(cases); ++i) {
    double margin = 0.0;
    assert_ok(apo_model_margin(model, cases[i].row, &margin, &err), &err);
    assert_true(margin == cases[i].margin);
  }
  assert_int_equal(model->census.n_linear_leaves, 2);
  apo_model_destroy(&model);
  free(document);
}

static void iterations_are_read(void **state) {
  (void)state;
  char *once = replaced(whole, "\"divide\": 1,", "\"divide\": 1, \"trees_per_iteration\": 3,");
  char *document = replaced(once, "\"origin\": {", "\"origin\": {\"x_best_iteration\": 7, ");
  apo_model *model = read_good(document);
  assert_int_equal(model->trees_per_iteration, 3);
  assert_int_equal(model->best_iteration, 7);
  assert_string_equal(model->origin_format, "ubjson");
  assert_string_equal(model->format_version, "1");
  apo_model_destroy(&model);
  free(document);
  // The key is the user's: what is no iteration is none.
  document = replaced(whole, "\"origin\": {", "\"origin\": {\"x_best_iteration\": \"7\", ");
  model = read_good(document);
  assert_int_equal(model->trees_per_iteration, 0);
  assert_int_equal(model->best_iteration, -1);
  apo_model_destroy(&model);
  free(document);
  free(once);
}

static void scale_and_divide_apply_to_the_sum(void **state) {
  (void)state;
  char *document = replaced(whole, "\"scale\": 1, \"divide\": 1", "\"scale\": 3, \"divide\": 2");
  apo_model *model = read_good(document);
  const double row[3] = {1, 0, 0};
  double margin = 0.0;
  apo_error err;
  assert_ok(apo_model_margin(model, row, &margin, &err), &err);
  assert_true(margin == -0.5 + 3.0 * (0.5 * -0.125) / 2.0);
  apo_model_destroy(&model);
  free(document);
}

static void clips_and_numeric_categories_are_read(void **state) {
  (void)state;
  char *once = replaced(whole, "{\"op\": \"div\", \"values\": [1, 9.5, 800]}",
                        "{\"op\": \"clip\", \"low\": [-1.7976931348623157e308, 0, 0],"
                        " \"high\": [1.7976931348623157e308, 0.25, 1]}");
  char *document = replaced(once, "[\"red\", \"green\"], \"unknown\": \"other\"", "[30, 10.5]");
  apo_model *model = read_good(document);
  assert_int_equal(model->transform.steps[1].op, APO_TRANSFORM_CLIP);
  assert_true(model->transform.steps[1].highs[1] == 0.25);
  assert_false(model->categories[0].is_text);
  assert_int_equal(model->categories[0].n_numbers, 2);
  assert_true(model->categories[0].numbers[1] == 10.5);
  assert_int_equal(model->categories[0].unknown, APO_UNKNOWN_ERROR);
  apo_model_destroy(&model);
  free(once);
  free(document);
}

static void a_table_without_categories_knows_none(void **state) {
  (void)state;
  char *document = replaced(whole, "[\"red\", \"green\"]", "[]");
  apo_model *model = read_good(document);
  assert_int_equal(model->n_categories, 1);
  assert_true(model->categories[0].is_text);
  assert_int_equal(model->categories[0].texts.n_names, 0);
  apo_model_destroy(&model);
  free(document);
}

/* --- refusing ---------------------------------------------------------------------------------- */

static void heads_are_refused_by_name(void **state) {
  (void)state;
  static const spoiling spoilings[] = {
      {"\"version\": 1", "\"version\": 2", APO_ERR_UNSUPPORTED, "version: 2, this reads up to 1"},
      {"\"version\": 1", "\"version\": 1.5", APO_ERR_FORMAT, "version"},
      {"\"version\": 1,", "", APO_ERR_FORMAT, "version"},
      {"apportion-model", "other-model", APO_ERR_FORMAT, "format: \"other-model\""},
      {"\"kind\": \"forest\"", "\"kind\": \"network\"", APO_ERR_UNSUPPORTED, "kind: \"network\""},
      {"\"kind\": \"forest\"", "\"kind\": 3", APO_ERR_FORMAT, "kind"},
      {"\"kind\": \"forest\"", "\"kind\": \"linear\"", APO_ERR_FORMAT,
       "forest: in a model of kind linear"},
      {"\"forest\": {", "\"linear\": {}, \"forest\": {", APO_ERR_FORMAT,
       "linear: in a model of kind forest"},
      {"\"kind\":", "\"colour\": 1, \"kind\":", APO_ERR_FORMAT, "colour: not a key of version 1"},
      {"\"file\":", "\"when\":", APO_ERR_FORMAT, "origin.when: not a key"},
      {"\"ubjson\"", "7", APO_ERR_FORMAT, "origin.file"},
      {"\"kind\":", "\"version\": 1, \"kind\":", APO_ERR_FORMAT, "version"},
  };
  assert_refused(whole, spoilings, COUNT(spoilings));
}

static void columns_and_input_are_refused_by_place(void **state) {
  (void)state;
  static const spoiling spoilings[] = {
      {"\"count\": 3", "\"count\": 0", APO_ERR_FORMAT, "columns.count"},
      {"\"count\": 3", "\"count\": 1000001", APO_ERR_LIMIT,
       "columns.count: 1000001, at most 1000000"},
      {"\"count\": 3", "\"count\": 4", APO_ERR_FORMAT, "columns.names"},
      {"\"count\": 3", "\"number\": 3", APO_ERR_FORMAT, "columns.number: not a key"},
      {"\"income\"", "\"age\"", APO_ERR_FORMAT,
       "columns.names: column 1 and column 2 are both \"age\""},
      {"\"income\"", "7", APO_ERR_FORMAT, "columns.names[2]"},
      {"{\"column\": 0", "{\"column\": 3", APO_ERR_FORMAT, "columns.categories[0].column"},
      {"\"unknown\": \"other\"", "\"unknown\": \"guess\"", APO_ERR_FORMAT, "unknown: \"guess\""},
      {"\"unknown\": \"other\"", "\"rest\": \"other\"", APO_ERR_FORMAT,
       "categories[0].rest: not a key"},
      {"[\"red\", \"green\"]", "[\"red\", \"red\"]", APO_ERR_FORMAT, "category 0 and category 1"},
      {"[\"red\", \"green\"]", "[\"red\", 1]", APO_ERR_FORMAT, "columns.categories[0].values[1]"},
      {"[\"red\", \"green\"]", "[1, \"red\"]", APO_ERR_FORMAT, "columns.categories[0].values[1]"},
      {"[\"red\", \"green\"]", "[1, 1]", APO_ERR_FORMAT, "category 1 is listed twice"},
      {"\"other\"}]", "\"other\"}, {\"column\": 0, \"values\": [1]}]", APO_ERR_FORMAT,
       "column 0 has two tables"},
      {"\"cast\": \"float32\",", "", APO_ERR_FORMAT, "a forest needs input.cast"},
      {"\"float32\"", "\"float16\"", APO_ERR_UNSUPPORTED, "input.cast: \"float16\""},
      {"\"code\": \"nonneg_trunc\",", "", APO_ERR_FORMAT, "needs input.code"},
      {"\"nonneg_trunc\"", "\"round\"", APO_ERR_UNSUPPORTED, "input.code: \"round\""},
      {"\"op\": \"sub\"", "\"op\": \"log\"", APO_ERR_UNSUPPORTED, "input.transform[0].op: \"log\""},
      {"[0, 38.1, 2100]", "[0, 38.1]", APO_ERR_FORMAT, "input.transform[0].values"},
      {"[0, 38.1, 2100]", "[5, 38.1, 2100]", APO_ERR_FORMAT, "transform 0: changes column 0"},
      {"\"op\": \"div\"", "\"op\": \"float\"", APO_ERR_FORMAT,
       "input.transform[1].values: not a key"},
      {"[1, 9.5, 800]", "[1, 0, 800]", APO_ERR_FORMAT, "input.transform[1]: divides column 1 by 0"},
      {"[1, 9.5, 800]", "[1, NaN, 800]", APO_ERR_FORMAT, "input.transform[1].values[1]"},
      {"\"op\": \"div\", \"values\"", "\"op\": \"clip\", \"values\"", APO_ERR_FORMAT,
       "transform[1].values: not a key"},
      {"\"op\": \"div\", \"values\": [1, 9.5, 800]",
       "\"op\": \"clip\", \"low\": [0, 2, 0], \"high\": [0, 1, 0]", APO_ERR_FORMAT,
       "transform 1: column 1: clips to 2 at least and 1 at most"},
      {"\"cast\":", "\"scale\": 1, \"cast\":", APO_ERR_FORMAT, "input.scale: not a key"},
  };
  assert_refused(whole, spoilings, COUNT(spoilings));
}

static void outputs_are_refused_by_place(void **state) {
  (void)state;
  static const spoiling spoilings[] = {
      {"\"count\": 1,", "\"count\": -1,", APO_ERR_FORMAT, "outputs.count"},
      {"\"count\": 1,", "\"count\": 10001,", APO_ERR_LIMIT, "outputs.count: 10001, at most 10000"},
      {"\"count\": 1,", "\"count\": 2,", APO_ERR_FORMAT, "outputs.names"},
      {"[-0.5]", "[-0.5, 1]", APO_ERR_FORMAT, "outputs.base"},
      {"[-0.5]", "[Infinity]", APO_ERR_FORMAT, "outputs.base[0]: inf is not finite"},
      {"[-0.5]", "[1e999]", APO_ERR_FORMAT, "outputs.base[0]"},
      {"\"sigmoid\"", "\"probit\"", APO_ERR_UNSUPPORTED, "outputs.link.name: \"probit\""},
      {"\"sigmoid\"", "\"softmax\"", APO_ERR_FORMAT, "outputs.link: scale 2 of softmax, needs 1"},
      {"\"scale\": 2", "\"scale\": 0", APO_ERR_FORMAT, "outputs.link: scale 0"},
      {"\"scale\": 2", "\"slope\": 2", APO_ERR_FORMAT, "outputs.link.slope: not a key"},
      {"\"space\": \"margin\"", "\"space\": \"loss\"", APO_ERR_UNSUPPORTED,
       "outputs.space: \"loss\""},
      {"\"base\":", "\"bias\":", APO_ERR_FORMAT, "outputs.bias: not a key"},
  };
  assert_refused(whole, spoilings, COUNT(spoilings));
}

static void trees_are_refused_by_place(void **state) {
  (void)state;
  static const spoiling spoilings[] = {
      {"\"scale\": 1,", "\"scale\": \"1\",", APO_ERR_FORMAT, "forest.scale"},
      {"\"divide\": 1", "\"divide\": 0", APO_ERR_FORMAT, "forest.divide"},
      {"\"hessian\"", "\"gain\"", APO_ERR_UNSUPPORTED, "forest.cover_kind: \"gain\""},
      {"\"cover_kind\": \"hessian\",", "", APO_ERR_FORMAT,
       "trees[0].cover: covers, needs forest.cover_kind"},
      {"\"cover_kind\": \"hessian\",", "\"order\": 1,", APO_ERR_FORMAT, "forest.order: not a key"},
      {"\"missing\": \"nan\",", "", APO_ERR_FORMAT, "trees[0]: missing is neither here nor in"},
      {"\"missing\": \"nan\",", "\"missing\": \"inf\",", APO_ERR_UNSUPPORTED,
       "forest.defaults.missing: \"inf\""},
      {"\"missing\": \"nan\",", "\"nan\": 1,", APO_ERR_FORMAT, "forest.defaults.nan: not a key"},
      {"\"trees\": [", "\"trees\": [7, ", APO_ERR_FORMAT, "forest.trees[0]"},
      {"\"weight\": 0.5", "\"weight\": NaN", APO_ERR_FORMAT,
       "forest.trees[0].weight: nan is not finite"},
      {"\"weight\": 0.5", "\"gewicht\": 0.5", APO_ERR_FORMAT, "forest.trees[0].gewicht: not a key"},
      {"\"output\": 0", "\"output\": 1", APO_ERR_FORMAT, "forest.trees[0].output"},
      {"\"column\": [0, 1]", "\"column\": [0, 3]", APO_ERR_FORMAT, "forest.trees[0].column[1]"},
      {"\"column\": [0, 1]", "\"column\": [0, 1.5]", APO_ERR_FORMAT, "forest.trees[0].column[1]"},
      {"\"column\": [0, 1]", "\"column\": [0]", APO_ERR_FORMAT, "forest.trees[0].threshold"},
      {"[\"in\", \"lt\"]", "[\"in\", \"gt\"]", APO_ERR_UNSUPPORTED,
       "forest.trees[0].op[1]: \"gt\""},
      {"[\"in\", \"lt\"]", "[\"in\"]", APO_ERR_FORMAT, "forest.trees[0].op"},
      {"[\"in\", \"lt\"]", "[\"in\", \"present\"]", APO_ERR_FORMAT, "split on presence, needs 0"},
      {"\"threshold\": [0, 0.5]", "\"threshold\": [1, 0.5]", APO_ERR_FORMAT,
       "forest.trees[0].threshold[0]"},
      {"\"threshold\": [0, 0.5]", "\"threshold\": [0, NaN]", APO_ERR_FORMAT,
       "forest.trees[0].threshold[1]: nan is not finite"},
      {"\"default_left\": [1, 0]", "\"default_left\": [1, 2]", APO_ERR_FORMAT,
       "forest.trees[0].default_left[1]"},
      {"\"left\": [1, -1]", "\"left\": [0, -1]", APO_ERR_FORMAT,
       "trees[0].left[0]: child 0, needs one above"},
      {"\"left\": [1, -1]", "\"left\": [2, -1]", APO_ERR_FORMAT, "forest.trees[0].left[0]"},
      {"\"left\": [1, -1]", "\"left\": [1, -4]", APO_ERR_FORMAT, "forest.trees[0].left[1]"},
      {"\"left\": [1, -1]", "\"left\": [1, -2]", APO_ERR_FORMAT, "is reached twice"},
      {"\"left\": [1, -1]", "\"left\": [-1, -1]", APO_ERR_FORMAT, "nodes are reached"},
      {"\"left\": [1, -1],", "", APO_ERR_FORMAT, "left"},
      {"[[0]]", "[[]]", APO_ERR_FORMAT, "forest.trees[0].sets[0]: no code"},
      {"[[0]]", "[[1, 0]]", APO_ERR_FORMAT, "forest.trees[0].sets[0][1]: code 0 after 1"},
      {"[[0]]", "[[1, 1]]", APO_ERR_FORMAT, "forest.trees[0].sets[0][1]: code 1 after 1"},
      {"[[0]]", "[[16777216]]", APO_ERR_FORMAT, "forest.trees[0].sets[0][0]"},
      {"[[0]]", "[[-1]]", APO_ERR_FORMAT, "forest.trees[0].sets[0][0]"},
      {"[[0]]", "[0]", APO_ERR_FORMAT, "forest.trees[0].sets"},
      {"\"leaf\": [0.25, -0.125, 0.5]", "\"leaf\": [0.25, -0.125]", APO_ERR_FORMAT,
       "forest.trees[0].leaf"},
      {"\"leaf\": [0.25, -0.125, 0.5]", "\"leaf\": [0.25, -0.125, NaN]", APO_ERR_FORMAT,
       "forest.trees[0].leaf[2]"},
      {"\"cover\": [100, 60],", "", APO_ERR_FORMAT, "cover and leaf_cover, needs both or none"},
      {"\"cover\": [100, 60]", "\"cover\": [100, -60]", APO_ERR_FORMAT, "node 1: cover -60"},
      {"\"cover\": [100, 60]", "\"cover\": [100, NaN]", APO_ERR_FORMAT,
       "forest.trees[0].cover[1]: nan"},
      {"\"leaf_cover\": [25, 40, 35]", "\"leaf_cover\": [25, 40]", APO_ERR_FORMAT,
       "forest.trees[0].leaf_cover"},
      {"\"divide\": 1,", "\"trees_per_iteration\": 0,", APO_ERR_FORMAT,
       "forest.trees_per_iteration"},
  };
  assert_refused(whole, spoilings, COUNT(spoilings));
}

static void linear_models_are_refused_by_place(void **state) {
  (void)state;
  static const spoiling spoilings[] = {
      {"[[1, 2], [3, 4]]", "[[1, 2]]", APO_ERR_FORMAT, "linear.coefficients"},
      {"[[1, 2], [3, 4]]", "[[1, 2], [3]]", APO_ERR_FORMAT, "linear.coefficients[1]"},
      {"[[1, 2], [3, 4]]", "[1, 2]", APO_ERR_FORMAT, "linear.coefficients"},
      {"[[1, 2], [3, 4]]", "[[1, 2], [3, NaN]]", APO_ERR_FORMAT, "linear.coefficients[1][1]"},
      {"\"zero\"", "\"mean\"", APO_ERR_UNSUPPORTED, "linear.missing: \"mean\""},
      {"\"missing\": \"zero\"", "\"bias\": 1", APO_ERR_FORMAT, "linear.bias: not a key"},
      {"\"outputs\"", "\"input\": {\"cast\": \"float16\"}, \"outputs\"", APO_ERR_UNSUPPORTED,
       "input.cast: \"float16\""},
  };
  assert_refused(linear, spoilings, COUNT(spoilings));
}

static void linear_leaves_are_refused_by_place(void **state) {
  (void)state;
  static const spoiling spoilings[] = {
      {"[1, 0, 2]", "[1, 0]", APO_ERR_FORMAT, "forest.trees[0].linear.count: 2 elements, needs 3"},
      {"[1, 0, 2]", "[1, 0, 1]", APO_ERR_FORMAT, "linear.count: 2 in all, columns has 3"},
      {"[1, 0, 2]", "[1, 0, 3]", APO_ERR_FORMAT, "linear.count[2]"},
      {"[1, 0, 2]", "[-1, 2, 2]", APO_ERR_FORMAT, "linear.count[0]"},
      {"[1, 0, 2]", "[9007199254740992, 0, 2]", APO_ERR_FORMAT, "linear.count[0]"},
      {"[2, 0, 1]", "[2, 0, 3]", APO_ERR_FORMAT, "linear.columns[2]"},
      {"[2, 0, 1]", "[2, 0, 1, 1]", APO_ERR_FORMAT, "linear.coefficients"},
      {"[2, 0, 1]", "7", APO_ERR_FORMAT, "linear.columns"},
      {"[0.5, 3, -1]", "[0.5, 3, NaN]", APO_ERR_FORMAT, "linear.coefficients[2]: nan"},
      {"[1, 2, 3]", "[1, 2]", APO_ERR_FORMAT, "linear.constant"},
      {"[1, 2, 3]", "[1, 2, 1e999]", APO_ERR_FORMAT, "linear.constant[2]: inf"},
      {"\"constant\": [1, 2, 3]", "\"intercept\": [1, 2, 3]", APO_ERR_FORMAT,
       "linear.intercept: not a key"},
      {"\"output\": 0,", "", APO_ERR_FORMAT, "linear: a tree with linear leaves needs output"},
  };
  char *document = replaced(whole, "\"cover\": [100, 60], \"leaf_cover\": [25, 40, 35]", lines);
  assert_refused(document, spoilings, COUNT(spoilings));
  free(document);
}

static void every_cut_document_is_refused(void **state) {
  (void)state;
  for (size_t n_bytes = 0; n_bytes < sizeof whole - 1; ++n_bytes) {
    apo_model *model = NULL;
    assert_int_equal(apo_model_read(whole, n_bytes, &model, NULL), APO_ERR_FORMAT);
    assert_null(model);
  }
}

/* A document of its own length at each step, so that reading past its end is seen. */
static void no_changed_byte_breaks_the_reader(void **state) {
  (void)state;
  char *spoilt = calloc(sizeof whole - 1, 1);
  assert_non_null(spoilt);
  apo_random random = apo_random_start(77);
  for (int i = 0; i < 20000; ++i) {
    memcpy(spoilt, whole, sizeof whole - 1);
    for (uint32_t n = 1 + apo_random_below(&random, 3); n > 0; --n) {
      static const char likely[] = "0123456789-.,:[]{}\"eEx ";
      spoilt[apo_random_below(&random, sizeof whole - 1)] =
          likely[apo_random_below(&random, sizeof likely - 1)];
    }
    apo_model *model = NULL;
    const apo_status status = apo_model_read(spoilt, sizeof whole - 1, &model, NULL);
    assert_int_equal(status == APO_OK, model != NULL);
    assert_int_not_equal(status, APO_ERR_INTERNAL);
    apo_model_destroy(&model);
  }
  free(spoilt);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_whole_document_is_read),
      cmocka_unit_test(a_whole_document_predicts_what_it_says),
      cmocka_unit_test(the_order_of_keys_is_free_and_own_keys_are_ignored),
      cmocka_unit_test(a_linear_model_is_read),
      cmocka_unit_test(a_linear_model_may_round_its_input_to_float),
      cmocka_unit_test(a_step_may_round_to_float),
      cmocka_unit_test(linear_leaves_are_read),
      cmocka_unit_test(iterations_are_read),
      cmocka_unit_test(scale_and_divide_apply_to_the_sum),
      cmocka_unit_test(clips_and_numeric_categories_are_read),
      cmocka_unit_test(a_table_without_categories_knows_none),
      cmocka_unit_test(heads_are_refused_by_name),
      cmocka_unit_test(columns_and_input_are_refused_by_place),
      cmocka_unit_test(outputs_are_refused_by_place),
      cmocka_unit_test(trees_are_refused_by_place),
      cmocka_unit_test(linear_models_are_refused_by_place),
      cmocka_unit_test(linear_leaves_are_refused_by_place),
      cmocka_unit_test(every_cut_document_is_refused),
      cmocka_unit_test(no_changed_byte_breaks_the_reader),
  };
  return cmocka_run_group_tests_name("neutral_json", tests, NULL, NULL);
}
