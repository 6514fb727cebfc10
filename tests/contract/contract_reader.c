/* contract_reader.c - what every reader is asked, with every spoilt file we can think of.
 *
 * The model of a spoilt file may be valid or refused, but it is never a crash, a read past the end
 * (each input is copied to a block of its exact size, for the sanitizers), a message without a
 * place, or an output on failure.
 */
#include <math.h>

#include "engine/core/memory.h"
#include "engine/readers/reader.h"
#include "tests/support/fixture_files.h"

enum { FIRST_CUTS = 4096, CUT_STEP = 97, N_FLIPS = 400 };

/* Every kind of content once; the whole list is read by unit.xgboost. */
static const char *const kinds[] = {
    "tests/fixtures/xgboost/logistic_1_2_1.json",
    "tests/fixtures/xgboost/logistic_3_4_1.json",
    "tests/fixtures/xgboost/logistic_3_4_1.ubj",
    "tests/fixtures/xgboost/dart_3_2_0.ubj",
    "tests/fixtures/xgboost/linear_three_3_4_1.json",
    "tests/fixtures/xgboost/linear_three_3_4_1.ubj",
    "tests/fixtures/xgboost/vector_leaves_2_1_4.json",
    "tests/fixtures/xgboost/vector_leaves_3_4_1.ubj",
    "tests/fixtures/xgboost/category_onehot_3_4_1.json",
    "tests/fixtures/xgboost/category_sets_3_4_1.ubj",
    "tests/fixtures/xgboost/named_categories_3_4_1.json",
    "tests/fixtures/xgboost/named_categories_3_4_1.ubj",
    "tests/fixtures/xgboost/no_trees_3_4_1.json",
    "tests/fixtures/lightgbm/missing_nan.txt",
    "tests/fixtures/lightgbm/categories_40.txt",
    "tests/fixtures/lightgbm/pandas_categories.txt",
    "tests/fixtures/lightgbm/rf_multiclass.txt",
    "tests/fixtures/lightgbm/linear.txt",
    "tests/fixtures/lightgbm/constant_linear.txt",
    "tests/fixtures/catboost/names.json",
    "tests/fixtures/catboost/onehot.json",
    "tests/fixtures/catboost/multiclass.json",
    "tests/fixtures/catboost/lossguide_multirmse.json",
    "tests/fixtures/catboost/loss_logloss.json",
    "tests/fixtures/catboost/summed.json",
    "tests/fixtures/onnx/sk_forest_names.onnx",
    "tests/fixtures/onnx/sk_minmax_clip_forest.onnx",
    "tests/fixtures/onnx/sk_standard_forest.onnx",
    "tests/fixtures/onnx/sk_svc_two.onnx",
    "tests/fixtures/onnx/sk_poisson.onnx",
    "tests/fixtures/onnx/linear_one_logistic.onnx",
    "tests/fixtures/onnx/class_logistic.onnx",
    "tests/fixtures/onnx/modes_float_packed.onnx",
    "tests/fixtures/onnx/modes_tensor.onnx",
    "tests/fixtures/onnx/modes_cast.onnx",
    "tests/fixtures/onnx/trees_double.onnx",
    "tests/fixtures/sklearn/histogram_names.json",
    "tests/fixtures/sklearn/pipeline_min_max_forest.json",
};

enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

/* The neutral format by hand, since no library writes it: a path that starts with a brace. */
static const char *const neutral[] = {
    "{\"format\":\"apportion-model\",\"version\":1,\"kind\":\"forest\","
    "\"columns\":{\"count\":3,\"names\":[\"colour\",\"age\",\"income\"],"
    "\"categories\":[{\"column\":0,\"values\":[\"red\",\"green\"],\"unknown\":\"error\"}]},"
    "\"input\":{\"cast\":\"float32\",\"code\":\"nonneg_trunc\","
    "\"transform\":[{\"op\":\"sub\",\"values\":[0,38.1,2100]}]},"
    "\"outputs\":{\"count\":1,\"base\":[-0.84729785],\"link\":{\"name\":\"sigmoid\"}},"
    "\"forest\":{\"scale\":1,\"divide\":1,\"cover_kind\":\"hessian\",\"trees\":[{\"output\":0,"
    "\"column\":[0,1],\"op\":[\"in\",\"lt\"],\"threshold\":[0,41.5],\"default_left\":[1,0],"
    "\"left\":[1,-1],\"right\":[-2,-3],\"missing\":[\"nan\",\"nan\"],\"sets\":[[0]],"
    "\"leaf\":[0.2,-0.1,0.4],\"cover\":[100,60],\"leaf_cover\":[25,40,35]}]}}",
    "{\"format\":\"apportion-model\",\"version\":1,\"kind\":\"linear\","
    "\"columns\":{\"count\":2},\"outputs\":{\"count\":2,\"link\":{\"name\":\"softmax\"}},"
    "\"linear\":{\"coefficients\":[[1,2],[3,4]],\"missing\":\"zero\"}}",
};

enum { N_NEUTRAL = sizeof neutral / sizeof neutral[0], N_MODELS = N_KINDS + N_NEUTRAL };

static const char *name_of(size_t kind) {
  return kind < N_KINDS ? kinds[kind] : neutral[kind - N_KINDS];
}

/** The bytes of one kind; the caller frees them. */
static apo_bytes read_kind(size_t kind) {
  if (kind < N_KINDS) return apo_fixture_read(kinds[kind]);
  const char *text = neutral[kind - N_KINDS];
  uint8_t *at = malloc(strlen(text));
  assert_non_null(at);
  memcpy(at, text, strlen(text));
  return (apo_bytes){at, strlen(text)};
}

/** A valid model answers; what it answers is not the question here. */
static void use(const apo_model *model) {
  apo_error err;
  assert_true(model->n_columns > 0 && model->n_outputs > 0);
  double *row = apo_alloc(model->n_columns, sizeof *row);
  double *margin = apo_alloc(model->n_outputs, sizeof *margin);
  assert_non_null(row);
  assert_non_null(margin);
  assert_ok(apo_model_margin(model, row, margin, &err), &err);
  for (uint32_t column = 0; column < model->n_columns; ++column) row[column] = NAN;
  const apo_status status = apo_model_margin(model, row, margin, &err);
  // Only a linear model may have no rule for what is missing.
  if (model->linear == NULL || model->linear->missing_adds_nothing) assert_ok(status, &err);
  free(row);
  free(margin);
}

static bool is_clean_line(const char *text) {
  for (; *text != '\0'; ++text) {
    if ((unsigned char)*text < ' ' || *text == 0x7f) return false;
  }
  return true;
}

static void check_refusal(apo_status status, const apo_error *err) {
  const bool is_about_input =
      status == APO_ERR_FORMAT || status == APO_ERR_UNSUPPORTED || status == APO_ERR_LIMIT;
  if (is_about_input && err->status == status && strchr(err->message, ':') != NULL &&
      is_clean_line(err->message)) {
    return;
  }
  print_error("status %d, message \"%s\"\n", (int)status, err->message);
  fail();
}

/** Read any bytes; true when they are a model. */
static bool survives(const uint8_t *bytes, size_t n_bytes) {
  uint8_t *copy = malloc(n_bytes > 0 ? n_bytes : 1);
  assert_non_null(copy);
  if (n_bytes > 0) memcpy(copy, bytes, n_bytes);
  apo_error err = {.status = APO_OK};
  apo_model *model = NULL;
  const apo_status status = apo_model_read(copy, n_bytes, &model, &err);
  free(copy);
  if (status == APO_OK) {
    assert_non_null(model);
    use(model);
    apo_model_destroy(&model);
    return true;
  }
  assert_null(model);
  check_refusal(status, &err);
  return false;
}

static uint8_t *own(apo_bytes bytes) {
  return (uint8_t *)(uintptr_t)bytes.at;
}

static void no_bytes_are_no_model(void **state) {
  (void)state;
  apo_error err;
  apo_model *model = NULL;
  assert_fails(apo_model_read("", 0, &model, &err), APO_ERR_FORMAT, &err, "no bytes");
  assert_fails(apo_model_read(NULL, 0, &model, &err), APO_ERR_FORMAT, &err, "no bytes");
  const apo_bytes none = {(const uint8_t *)"", 0};
  for (size_t i = 0; apo_readers[i] != NULL; ++i) assert_false(apo_readers[i]->sniff(none));
}

static void no_two_readers_claim_the_same_bytes(void **state) {
  (void)state;
  static apo_fixture_list list;
  list.n_paths = 0;
  apo_fixtures_add(&list, "tests/fixtures/xgboost", ".json");
  apo_fixtures_add(&list, "tests/fixtures/xgboost", ".ubj");
  apo_fixtures_add(&list, "tests/fixtures/lightgbm", ".txt");
  apo_fixtures_add(&list, "tests/fixtures/catboost", ".json");
  apo_fixtures_add(&list, "tests/fixtures/onnx", ".onnx");
  for (size_t i = 0; i < list.n_paths; ++i) {
    const apo_bytes bytes = apo_fixture_read(list.paths[i]);
    for (size_t n = 0; n <= bytes.n_bytes; n = n < 64 ? n + 1 : n + 997) {
      int n_claims = 0;
      for (size_t at = 0; apo_readers[at] != NULL; ++at) {
        n_claims += apo_readers[at]->sniff((apo_bytes){bytes.at, n}) ? 1 : 0;
      }
      assert_true(n_claims <= 1);
    }
    free(own(bytes));
  }
}

/** How many bytes of a file a model needs: of LightGBM's, those up to the last key of a tree; of
 * others, all but the end of the last line. */
static size_t n_needed_bytes(const char *name, apo_bytes bytes) {
  static const char last[] = "\nshrinkage=";
  size_t end = bytes.n_bytes;
  if (!apo_fixture_ends(name, ".txt")) return bytes.at[end - 1] == '\n' ? end - 1 : end;
  while (end > strlen(last) && memcmp(bytes.at + end - strlen(last), last, strlen(last)) != 0) {
    --end;
  }
  return end;
}

static void a_cut_file_is_refused_with_a_place(void **state) {
  (void)state;
  for (size_t kind = 0; kind < N_MODELS; ++kind) {
    const apo_bytes bytes = read_kind(kind);
    assert_true(survives(bytes.at, bytes.n_bytes));
    const size_t n_needed = n_needed_bytes(name_of(kind), bytes);
    for (size_t n = 0; n < bytes.n_bytes; n += n < FIRST_CUTS ? 1 : CUT_STEP) {
      if (survives(bytes.at, n) && n < n_needed) {
        print_error("%s: a model when cut after %zu bytes\n", name_of(kind), n);
        fail();
      }
    }
    free(own(bytes));
  }
}

static void flipped_bits_are_survived(void **state) {
  (void)state;
  uint64_t random = 42;
  for (size_t kind = 0; kind < N_MODELS; ++kind) {
    const apo_bytes bytes = read_kind(kind);
    for (int flip = 0; flip < N_FLIPS; ++flip) {
      random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
      const size_t at = (size_t)(random >> 33) % bytes.n_bytes;
      const uint8_t bit = (uint8_t)(1u << (random >> 29 & 7));
      own(bytes)[at] ^= bit;
      survives(bytes.at, bytes.n_bytes);
      own(bytes)[at] ^= bit;
    }
    free(own(bytes));
  }
}

static bool is_digit(uint8_t c) {
  return c >= '0' && c <= '9';
}

/** Replace the digits at [begin, end) of a text and read. */
static void read_with(apo_bytes text, size_t begin, size_t end, const char *number) {
  const size_t n_number = strlen(number);
  const size_t n_bytes = text.n_bytes - (end - begin) + n_number;
  uint8_t *spoilt = malloc(n_bytes);
  assert_non_null(spoilt);
  memcpy(spoilt, text.at, begin);
  memcpy(spoilt + begin, number, n_number);
  memcpy(spoilt + begin + n_number, text.at + end, text.n_bytes - end);
  survives(spoilt, n_bytes);
  free(spoilt);
}

static void let_each_number_lie(apo_bytes text) {
  static const char *const edges[] = {
      "-1", "0", "7", "32768", "2147483647", "2147483648", "1e99", "-9223372036854775808", "NaN"};
  for (size_t begin = 0; begin < text.n_bytes; ++begin) {
    if (!is_digit(text.at[begin])) continue;
    size_t end = begin;
    while (end < text.n_bytes && is_digit(text.at[end])) ++end;
    for (size_t edge = 0; edge < sizeof edges / sizeof edges[0]; ++edge) {
      read_with(text, begin, end, edges[edge]);
    }
    begin = end;
  }
}

static void every_number_of_a_text_may_lie(void **state) {
  (void)state;
  static const char *const paths[] = {"tests/fixtures/xgboost/no_trees_3_4_1.json",
                                      "tests/fixtures/xgboost/leaves_only_3_4_1.json",
                                      "tests/fixtures/xgboost/linear_three_3_4_1.json",
                                      "tests/fixtures/xgboost/objective_reg_gamma_3_4_1.json",
                                      "tests/fixtures/xgboost/category_onehot_3_4_1.json",
                                      "tests/fixtures/lightgbm/categories_40.txt",
                                      "tests/fixtures/lightgbm/linear.txt",
                                      "tests/fixtures/lightgbm/constant.txt",
                                      "tests/fixtures/catboost/names.json",
                                      "tests/fixtures/catboost/onehot.json",
                                      "tests/fixtures/catboost/lossguide_multirmse.json"};
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; ++i) {
    const apo_bytes text = apo_fixture_read(paths[i]);
    let_each_number_lie(text);
    free(own(text));
  }
  for (size_t i = 0; i < N_NEUTRAL; ++i) {
    let_each_number_lie((apo_bytes){(const uint8_t *)neutral[i], strlen(neutral[i])});
  }
}

static void every_length_of_ubjson_may_lie(void **state) {
  (void)state;
  static const uint64_t edges[] = {0,
                                   1,
                                   UINT64_C(1) << 15,
                                   UINT64_C(0x7fffffff),
                                   UINT64_C(0x80000000),
                                   UINT64_C(1) << 40,
                                   UINT64_C(1) << 60,
                                   UINT64_C(0x7fffffffffffffff),
                                   UINT64_C(0x8000000000000000),
                                   UINT64_MAX};
  static const char *const paths[] = {"tests/fixtures/xgboost/leaves_only_3_4_1.ubj",
                                      "tests/fixtures/xgboost/category_onehot_3_4_1.ubj",
                                      "tests/fixtures/xgboost/vector_leaves_3_4_1.ubj"};
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; ++i) {
    const apo_bytes bytes = apo_fixture_read(paths[i]);
    for (size_t at = 0; at + 9 <= bytes.n_bytes; ++at) {
      if (bytes.at[at] != 'L') continue;
      uint8_t kept[8];
      memcpy(kept, bytes.at + at + 1, sizeof kept);
      for (size_t edge = 0; edge < sizeof edges / sizeof edges[0]; ++edge) {
        for (int byte = 0; byte < 8; ++byte) {
          own(bytes)[at + 1 + (size_t)byte] = (uint8_t)(edges[edge] >> (56 - 8 * byte));
        }
        survives(bytes.at, bytes.n_bytes);
      }
      memcpy(own(bytes) + at + 1, kept, sizeof kept);
    }
    free(own(bytes));
  }
}

static void every_byte_of_ubjson_may_be_an_edge(void **state) {
  (void)state;
  static const uint8_t edges[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
  const apo_bytes bytes = apo_fixture_read("tests/fixtures/xgboost/category_onehot_3_4_1.ubj");
  for (size_t at = 0; at < bytes.n_bytes; ++at) {
    const uint8_t kept = bytes.at[at];
    for (size_t edge = 0; edge < sizeof edges; ++edge) {
      own(bytes)[at] = edges[edge];
      survives(bytes.at, bytes.n_bytes);
    }
    own(bytes)[at] = kept;
  }
  free(own(bytes));
}

static void every_byte_of_onnx_may_be_an_edge(void **state) {
  (void)state;
  static const uint8_t edges[] = {0x00, 0x01, 0x07, 0x7f, 0x80, 0xff};
  static const char *const paths[] = {"tests/fixtures/onnx/linear_one_logistic.onnx",
                                      "tests/fixtures/onnx/sk_tree_three.onnx",
                                      "tests/fixtures/onnx/trees_float.onnx"};
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; ++i) {
    const apo_bytes bytes = apo_fixture_read(paths[i]);
    for (size_t at = 0; at < bytes.n_bytes; ++at) {
      const uint8_t kept = bytes.at[at];
      for (size_t edge = 0; edge < sizeof edges; ++edge) {
        own(bytes)[at] = edges[edge];
        survives(bytes.at, bytes.n_bytes);
      }
      own(bytes)[at] = kept;
    }
    free(own(bytes));
  }
}

static void the_same_bytes_give_the_same_answer(void **state) {
  (void)state;
  for (size_t kind = 0; kind < N_MODELS; ++kind) {
    const apo_bytes bytes = read_kind(kind);
    for (size_t n = bytes.n_bytes; n > 0; n /= 2) {
      apo_error errs[2];
      apo_model *models[2] = {NULL, NULL};
      const apo_status first = apo_model_read(bytes.at, n, &models[0], &errs[0]);
      const apo_status second = apo_model_read(bytes.at, n, &models[1], &errs[1]);
      assert_int_equal(first, second);
      if (first != APO_OK) {
        assert_string_equal(errs[0].message, errs[1].message);
        continue;
      }
      assert_string_equal(models[0]->digest, models[1]->digest);
      assert_int_equal(models[0]->census.max_depth, models[1]->census.max_depth);
      apo_model_destroy(&models[0]);
      apo_model_destroy(&models[1]);
    }
    free(own(bytes));
  }
}

static void foreign_formats_are_refused_by_name(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t n_bytes;
    const char *words;
  } cases[] = {
      {"binf\0\0\0\0", 8, "save it as .ubj or .json"},
      {"\x80\x05\x95", 3, "Python pickle"},
      {"CBM1\0", 5, "CatBoost's binary format"},
      {"{\"name\":\"tree\",\"max_feature_idx\":3}", 35, "LightGBM's dump_model"},
      {"[{\"nodeid\":0}]", 14, "use save_model"},
      {"<?xml version=\"1.0\"?><PMML>", 27, "PMML"},
      {"PK\x03\x04", 4, "zip archive"},
      {"\x1f\x8b\x08", 3, "gzip"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    apo_error err;
    apo_model *model = NULL;
    const apo_status status = apo_model_read(cases[i].bytes, cases[i].n_bytes, &model, &err);
    assert_fails(status, APO_ERR_UNSUPPORTED, &err, cases[i].words);
    assert_null(model);
  }
}

static void bytes_of_no_format_are_refused(void **state) {
  (void)state;
  apo_error err;
  apo_model *model = NULL;
  assert_fails(apo_model_read("hello", 5, &model, &err), APO_ERR_FORMAT, &err, "these 5 bytes");
  assert_fails(apo_model_read("{}", 2, &model, &err), APO_ERR_FORMAT, &err, "these 2 bytes");
  assert_fails(apo_model_read("\0\0", 2, &model, &err), APO_ERR_FORMAT, &err, "these 2 bytes");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_bytes_are_no_model),
      cmocka_unit_test(no_two_readers_claim_the_same_bytes),
      cmocka_unit_test(a_cut_file_is_refused_with_a_place),
      cmocka_unit_test(flipped_bits_are_survived),
      cmocka_unit_test(every_number_of_a_text_may_lie),
      cmocka_unit_test(every_length_of_ubjson_may_lie),
      cmocka_unit_test(every_byte_of_ubjson_may_be_an_edge),
      cmocka_unit_test(every_byte_of_onnx_may_be_an_edge),
      cmocka_unit_test(the_same_bytes_give_the_same_answer),
      cmocka_unit_test(foreign_formats_are_refused_by_name),
      cmocka_unit_test(bytes_of_no_format_are_refused),
  };
  return cmocka_run_group_tests_name("contract_reader", tests, NULL, NULL);
}
