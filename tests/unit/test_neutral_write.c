/* test_neutral_write.c - the text of the neutral writer, what it refuses, and how it ends.  That a
 * model comes back from it bit for bit is asked by contract.convert. */
#include "tests/support/convert_case.h"

static const char document[] =
    "{\"format\":\"apportion-model\",\"version\":1,\"kind\":\"forest\",\n"
    "\"origin\":{\"library\":\"xgboost\",\"library_version\":\"3.4.1\","
    "\"file\":\"xgboost_ubjson\",\"objective\":\"binary:logistic\",\"x_best_iteration\":2},\n"
    "\"columns\":{\"count\":3,\"names\":[\"colour\",\"age\",\"income\"],\"categories\":["
    "{\"column\":0,\"values\":[\"red\",\"green\"],\"unknown\":\"error\"}]},\n"
    "\"input\":{\"cast\":\"float32\",\"code\":\"nonneg_trunc\",\"transform\":["
    "{\"op\":\"sub\",\"values\":[0,38.1,2100]},"
    "{\"op\":\"clip\",\"low\":[-1.7976931348623157e308,-1,-0.0],"
    "\"high\":[1.7976931348623157e308,1,1e-5]}]},\n"
    "\"outputs\":{\"count\":1,\"names\":[\"default\"],\"base\":[-0.84729785],"
    "\"link\":{\"name\":\"sigmoid\",\"scale\":1},\"space\":\"margin\"},\n"
    "\"forest\":{\"scale\":1,\"divide\":3,\"cover_kind\":\"hessian\",\"trees_per_iteration\":2,"
    "\"defaults\":{\"op\":\"lt\",\"missing\":\"nan\",\"default_left\":0},\"trees\":[\n"
    "{\"output\":0,\"weight\":0.5,\"column\":[0,1],\"op\":[\"in\",\"lt\"],\"threshold\":[0,41.5],"
    "\"default_left\":[1,0],\"left\":[1,-1],\"right\":[-3,-2],\"sets\":[[0]],"
    "\"leaf\":[0.2,-0.1,0.4],\"cover\":[100,60],\"leaf_cover\":[25,35,40]},\n"
    "{\"column\":[2],\"threshold\":[0.25],\"missing\":[\"zero\"],"
    "\"left\":[-1],\"right\":[-2],\"leaf\":[1,0],\"cover\":[0],\"leaf_cover\":[0,0]},\n"
    "{\"output\":0,\"column\":[2],\"threshold\":[0.25],\"left\":[-1],\"right\":[-2],"
    "\"leaf\":[1,0],\"cover\":[0],\"leaf_cover\":[0,0],"
    "\"linear\":{\"count\":[2,0],\"columns\":[1,1],\"coefficients\":[0.5,3],\"constant\":[7,0]}},\n"
    "{\"output\":0,\"column\":[],\"threshold\":[],\"left\":[],\"right\":[],"
    "\"leaf\":[-0.0],\"cover\":[],\"leaf_cover\":[5]}]}}\n";

static apo_model *read_document(void) {
  const convert_text text = {(char *)(uintptr_t)document, sizeof document - 1, 0};
  return convert_read(&text);
}

static void the_text_is_as_documented(void **state) {
  (void)state;
  apo_model *model = read_document();
  convert_text text = convert_write(model);
  assert_string_equal(text.text, document);
  free(text.text);
  apo_model_destroy(&model);
}

static void a_linear_model_has_a_line_for_each_output(void **state) {
  (void)state;
  static const char linear[] =
      "{\"format\":\"apportion-model\",\"version\":1,\"kind\":\"linear\",\n"
      "\"origin\":{},\n"
      "\"columns\":{\"count\":2},\n"
      "\"input\":{\"cast\":\"float32\"},\n"
      "\"outputs\":{\"count\":2,\"base\":[0,1],\"link\":{\"name\":\"softmax\"},"
      "\"space\":\"probability\"},\n"
      "\"linear\":{\"coefficients\":[\n[1,-0.5],\n[1e300,0]],\"missing\":\"zero\"}}\n";
  const convert_text given = {(char *)(uintptr_t)linear, sizeof linear - 1, 0};
  apo_model *model = convert_read(&given);
  convert_text text = convert_write(model);
  assert_string_equal(text.text, linear);
  free(text.text);
  apo_model_destroy(&model);
}

/* --- what ends it ------------------------------------------------------------------------------ */

static apo_status predict(void *context, const apo_rows *rows, double *outputs, apo_error *err) {
  (void)context;
  (void)rows;
  (void)outputs;
  (void)err;
  return APO_OK;
}

static void a_callback_is_refused_by_name(void **state) {
  (void)state;
  const apo_predictor predictor = {
      .struct_bytes = sizeof predictor, .n_columns = 1, .n_outputs = 1, .predict = predict};
  apo_model *model = NULL;
  apo_error err;
  convert_text text = {0};
  const apo_byte_sink sink = {&text, convert_put};
  assert_ok(apo_model_wrap(&predictor, &model, &err), &err);
  assert_fails(apo_model_write(model, &sink, &err), APO_ERR_UNSUPPORTED, &err, "callback");
  assert_int_equal(text.n_bytes, 0);
  assert_fails(apo_model_write(NULL, &sink, &err), APO_ERR_ARGUMENT, &err, "no model");
  assert_fails(apo_model_write(model, NULL, &err), APO_ERR_ARGUMENT, &err, "no sink");
  apo_model_destroy(&model);
}

static void what_the_format_cannot_hold_is_refused_by_name(void **state) {
  (void)state;
  apo_model *model = read_document();
  apo_error err;
  convert_text text = {0};
  const apo_byte_sink sink = {&text, convert_put};
  model->forest->divide = 2.5;
  assert_fails(apo_model_write(model, &sink, &err), APO_ERR_UNSUPPORTED, &err,
               "forest.divide: 2.5, needs a whole number");
  model->forest->divide = 1e10;
  assert_fails(apo_model_write(model, &sink, &err), APO_ERR_UNSUPPORTED, &err, "forest.divide");
  model->forest->divide = 1.0;
  memcpy(model->objective, "caf\xe9", 5);
  assert_fails(apo_model_write(model, &sink, &err), APO_ERR_FORMAT, &err, "not UTF-8");
  model->objective[0] = '\0';
  model->link = (apo_link){APO_LINK_SOFTMAX, 2.0};
  assert_fails(apo_model_write(model, &sink, &err), APO_ERR_UNSUPPORTED, &err,
               "outputs.link: scale 2 of softmax");
  free(text.text);
  apo_model_destroy(&model);
}

/* A sink that takes so many pieces and no more. */
typedef struct tired {
  size_t n_pieces;
  size_t n_calls;
  size_t largest;
} tired;

static apo_status put_tired(void *context, const void *bytes, size_t n_bytes, apo_error *err) {
  (void)bytes;
  tired *self = context;
  ++self->n_calls;
  if (n_bytes > self->largest) self->largest = n_bytes;
  if (self->n_calls <= self->n_pieces) return APO_OK;
  err->status = APO_ERR_IO;
  strcpy(err->message, "the sink is full");
  return APO_ERR_IO;
}

static void the_text_comes_in_small_pieces_until_the_sink_refuses(void **state) {
  (void)state;
  const apo_random_spec spec = {
      .seed = 5, .n_columns = 4, .n_outputs = 1, .n_trees = 60, .max_depth = 7};
  apo_model *model = apo_random_model(&spec);
  apo_error err;
  tired all = {.n_pieces = SIZE_MAX};
  const apo_byte_sink sink = {&all, put_tired};
  assert_ok(apo_model_write(model, &sink, &err), &err);
  assert_true(all.n_calls > 20);
  assert_true(all.largest <= 4096);
  for (size_t n = 0; n < all.n_calls; n += 7) {
    tired some = {.n_pieces = n};
    const apo_byte_sink full = {&some, put_tired};
    assert_fails(apo_model_write(model, &full, &err), APO_ERR_IO, &err, "the sink is full");
    assert_int_equal(some.n_calls, n + 1);  // it is not asked again
  }
  apo_model_destroy(&model);
}

/* --- comparing -------------------------------------------------------------------------------- */

#define ASSERT_DIFFERS(change, words)                                                      \
  do {                                                                                     \
    apo_model *after = read_document();                                                    \
    assert_ok(apo_model_compare(before, after, &err), &err);                               \
    change;                                                                                \
    assert_fails(apo_model_compare(before, after, &err), APO_ERR_INTERNAL, &err, (words)); \
    apo_model_destroy(&after);                                                             \
  } while (0)

static void a_comparison_finds_each_difference(void **state) {
  (void)state;
  apo_error err;
  apo_model *before = read_document();
  ASSERT_DIFFERS(after->library[0] = 'X', "library: \"xgboost\" became \"Xgboost\"");
  ASSERT_DIFFERS(after->objective[0] = 'B', "objective");
  ASSERT_DIFFERS(after->best_iteration = 3, "best iteration: 2 became 3");
  ASSERT_DIFFERS(after->trees_per_iteration = 3, "trees of an iteration: 2 became 3");
  ASSERT_DIFFERS(after->column_names.texts[1][0] = 'A', "column: \"age\"");
  ASSERT_DIFFERS(after->output_names.texts[0][0] = 'D', "output: \"default\"");
  ASSERT_DIFFERS(after->categories[0].texts.texts[0][0] = 'R', "category table 0: category");
  ASSERT_DIFFERS(after->categories[0].unknown = APO_UNKNOWN_OTHER, "category table 0: unknown");
  ASSERT_DIFFERS(after->transform.steps[0].values[0] = -0.0, "transform: column 0: 0 became -0");
  ASSERT_DIFFERS(after->transform.steps[1].highs[1] = 2, "upper bound of column 1");
  ASSERT_DIFFERS(after->base[0] = nextafter(after->base[0], 0), "base of output 0");
  ASSERT_DIFFERS(after->link.name = APO_LINK_EXP, "link");
  ASSERT_DIFFERS(after->link.scale = 2, "scale of the link: 1 became 2");
  ASSERT_DIFFERS(after->margin_is_probability = true, "margin as probability");
  ASSERT_DIFFERS(after->forest->cast_f32 = false, "cast to float");
  ASSERT_DIFFERS(after->forest->code_rule = APO_CODE_TRUNC, "rule of codes");
  ASSERT_DIFFERS(after->forest->cover_kind = APO_COVER_COUNT, "kind of covers");
  ASSERT_DIFFERS(after->forest->scale = 2, "scale: 1 became 2");
  ASSERT_DIFFERS(after->forest->divide = 2, "divide: 3 became 2");
  ASSERT_DIFFERS(after->forest->tree_weight[0] = 1, "weight of tree 0");
  ASSERT_DIFFERS(after->forest->tree_output[1] = 0, "output of tree 1");
  ASSERT_DIFFERS(after->forest->column[0] = 1, "column of inner node 0");
  ASSERT_DIFFERS(after->forest->op[1] = APO_OP_LE, "comparison of inner node 1");
  ASSERT_DIFFERS(after->forest->missing[2] = APO_MISSING_NAN, "missing rule of inner node 2");
  ASSERT_DIFFERS(after->forest->default_left[0] = 0, "default side of inner node 0");
  ASSERT_DIFFERS(after->forest->left[1] = -2, "left child of inner node 1");
  ASSERT_DIFFERS(after->forest->right[1] = -1, "right child of inner node 1");
  ASSERT_DIFFERS(after->forest->threshold[1] = 41, "inner node 1: threshold: 41.5 became 41");
  ASSERT_DIFFERS(after->forest->set_code[0] = 1, "inner node 0: its category set changed");
  ASSERT_DIFFERS(after->forest->node_cover[1] = 61, "cover of inner node 1");
  ASSERT_DIFFERS(after->forest->leaf_cover[2] = 41, "cover of leaf 2");
  ASSERT_DIFFERS(after->forest->leaf_value[7] = 0.0, "leaf value 7: -0 became 0");
  ASSERT_DIFFERS(after->forest->term_column[1] = 0, "column of term 1");
  ASSERT_DIFFERS(after->forest->term_coefficient[0] = 1, "coefficient of term 0");
  ASSERT_DIFFERS(after->forest->leaf_constant[5] = 8, "constant of leaf 5");
  apo_model_destroy(&before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_text_is_as_documented),
      cmocka_unit_test(a_linear_model_has_a_line_for_each_output),
      cmocka_unit_test(a_callback_is_refused_by_name),
      cmocka_unit_test(what_the_format_cannot_hold_is_refused_by_name),
      cmocka_unit_test(the_text_comes_in_small_pieces_until_the_sink_refuses),
      cmocka_unit_test(a_comparison_finds_each_difference),
  };
  return cmocka_run_group_tests_name("neutral_write", tests, NULL, NULL);
}
