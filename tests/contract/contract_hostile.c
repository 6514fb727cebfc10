/* contract_hostile.c - files made to hurt: deep, long, wide, colliding; and rules that hold for
 * every reader on any thread and in any locale.  What single bytes do is in contract_reader.c.
 */
#include "tests/support/comma_locale.h"
// It asks for POSIX before any other header.
#include <pthread.h>
#include <time.h>

#include "engine/readers/reader.h"
#include "tests/support/convert_case.h"
#include "tests/support/fixture_files.h"
#include "tests/support/wild_tree.h"

#if defined(__SANITIZE_ADDRESS__)
enum { STACK_BYTES = 1024 * 1024 }; /* redzones are not ours */
#else
enum { STACK_BYTES = 64 * 1024 };
#endif

/* --- trees ------------------------------------------------------------------------------------ */

static void assert_predicts(const page *text, const wild_tree *tree) {
  apo_model *model = page_read_good(text);
  apo_random random = apo_random_start(3);
  for (int i = 0; i < 500; ++i) {
    double row[WILD_COLUMNS];
    double margin = 0.0;
    apo_error err;
    for (int column = 0; column < WILD_COLUMNS; ++column) {
      const uint32_t node = apo_random_below(&random, tree->n_inner);
      row[column] = apo_random_beside(&random, (double)tree->value[node]);
    }
    assert_ok(apo_model_margin(model, row, &margin, &err), &err);
    assert_true(margin == 0.5 + wild_value(tree, row));
  }
  apo_model_destroy(&model);
}

/* --- known faults of other loaders ------------------------------------------------------------ */

// shap #3486: node numbers of 16 bits.
static void a_tree_of_40000_nodes_works(void **state) {
  (void)state;
  wild_tree tree = wild_flat(40000);
  page texts[] = {wild_as_xgboost(&tree, "5E-1"), wild_as_neutral(&tree)};
  for (size_t i = 0; i < 2; ++i) {
    assert_predicts(&texts[i], &tree);
    free(texts[i].text);
  }
  wild_close(&tree);
}

// shap #1824: precision is lost with depth.
static void a_tree_of_depth_4096_works(void **state) {
  (void)state;
  wild_tree tree = wild_chain(4096);
  page texts[] = {wild_as_xgboost(&tree, "5E-1"), wild_as_neutral(&tree)};
  for (size_t i = 0; i < 2; ++i) {
    assert_predicts(&texts[i], &tree);
    free(texts[i].text);
  }
  wild_close(&tree);
}

// xgboost #7903: children taken for neighbours.
static void the_order_of_nodes_does_not_matter(void **state) {
  (void)state;
  wild_tree tree = wild_flat(300);
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    wild_tree other = wild_permuted(&tree, seed);
    page text = wild_as_xgboost(&other, "5E-1");
    assert_predicts(&text, &tree);
    free(text.text);
    wild_close(&other);
  }
  wild_close(&tree);
}

// xgboost #11764, shap #4184: a vector read as a number.
static void a_base_score_of_the_wrong_length_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *text;
    const char *words;
  } cases[] = {{"[5E-1,5E-1]", "base_score"}, {"[]", "base_score"},        {"[5E-1", "base_score"},
               {"5E-1,5E-1", "base_score"},   {"[[5E-1]]", "base_score"},  {"", "base_score"},
               {"[5E-1,]", "base_score"},     {"5E-1 5E-1", "base_score"}, {"NaN", "base_score"}};
  wild_tree tree = wild_flat(1);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    page text = wild_as_xgboost(&tree, cases[i].text);
    apo_model *model = NULL;
    apo_error err;
    assert_fails(page_read(&text, &model, &err), APO_ERR_FORMAT, &err, cases[i].words);
    free(text.text);
  }
  page one = wild_as_xgboost(&tree, "[5E-1]");
  assert_predicts(&one, &tree);
  free(one.text);
  wild_close(&tree);
}

// shap #2662, cuml #8055: categories packed in a float, and not checked.
static void categories_up_to_the_limit_work(void **state) {
  (void)state;
  page text = {0};
  page_put(
      &text,
      "{\"format\":\"apportion-model\",\"version\":1,\"kind\":\"forest\",\"columns\":{\"count\":1},"
      "\"input\":{\"cast\":\"float32\",\"code\":\"nonneg_trunc\"},\"outputs\":{\"count\":1},"
      "\"forest\":{\"trees\":[{\"output\":0,\"column\":[0],\"op\":[\"in\"],\"threshold\":[0],"
      "\"missing\":[\"nan\"],\"default_left\":[0],\"left\":[-1],\"right\":[-2],\"leaf\":[1,0],"
      "\"sets\":[[1000000,16777215]]}]}}");
  apo_model *model = page_read_good(&text);
  static const struct {
    double value;
    double margin;
  } cases[] = {{1000000, 1},  {1000000.5, 1},         {999999, 0}, {16777215, 1},
               {16777216, 0}, {(double)NAN, 0},       {-1, 0},     {1.5, 0},
               {-1000000, 0}, {4294967296.0 + 1e6, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    double margin = -1.0;
    apo_error err;
    assert_ok(apo_model_margin(model, &cases[i].value, &margin, &err), &err);
    assert_true(margin == cases[i].margin);
  }
  apo_model_destroy(&model);
  free(text.text);
}

/* --- deep ------------------------------------------------------------------------------------- */

/* What one thread with a small stack does; it may not assert, so it reports. */
typedef struct task {
  const char *text;
  size_t n_bytes;
  apo_status status;
  apo_error err;
  apo_model *model;
} task;

static void *read_task(void *context) {
  task *self = context;
  self->status = apo_model_read(self->text, self->n_bytes, &self->model, &self->err);
  return NULL;
}

static void run_on_small_stack(task *self) {
  pthread_attr_t attributes;
  pthread_t thread;
  assert_int_equal(pthread_attr_init(&attributes), 0);
  assert_int_equal(pthread_attr_setstacksize(&attributes, STACK_BYTES), 0);
  assert_int_equal(pthread_create(&thread, &attributes, read_task, self), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
  pthread_attr_destroy(&attributes);
}

static void assert_limit(page *text, const char *words) {
  task self = {.text = text->text, .n_bytes = text->n_bytes};
  run_on_small_stack(&self);
  assert_fails(self.status, APO_ERR_LIMIT, &self.err, words);
  assert_null(self.model);
  free(text->text);
}

static void chains_of_a_million_nodes_are_a_limit_on_a_small_stack(void **state) {
  (void)state;
  wild_tree tree = wild_chain(500000);
  page text = wild_as_xgboost(&tree, "5E-1");
  assert_limit(&text, "deeper than 4096");
  text = wild_as_neutral(&tree);
  assert_limit(&text, "deeper than 4096");
  wild_close(&tree);
}

// Whatever comes first, so that each reader gets its share of brackets.
static void ten_million_brackets_are_refused_by_every_reader(void **state) {
  (void)state;
  enum { N_BRACKETS = 10000000 };
  static const char *const heads[] = {"",
                                      "{\"learner\":",
                                      "{\"format\":",
                                      "{\"format\":\"apportion-model\",\"version\":1,\"x_\":",
                                      "{\"features_info\":",
                                      "{\"oblivious_trees\":",
                                      "{\"learner\":{\"a\":",
                                      "tree\nversion=v4\nnum_class=",
                                      "\x08\x07\x3a"};
  static const char *const brackets[] = {"[", "{\"a\":", "{L"};
  char *bytes = malloc(N_BRACKETS + 64);
  assert_non_null(bytes);
  for (size_t head = 0; head < sizeof heads / sizeof *heads; ++head) {
    for (size_t kind = 0; kind < sizeof brackets / sizeof *brackets; ++kind) {
      const size_t n = strlen(heads[head]);
      const size_t n_bracket = strlen(brackets[kind]);
      memcpy(bytes, heads[head], n);
      for (size_t at = 0; at < N_BRACKETS; ++at) bytes[n + at] = brackets[kind][at % n_bracket];
      task self = {.text = bytes, .n_bytes = n + N_BRACKETS};
      run_on_small_stack(&self);
      assert_true(self.status == APO_ERR_FORMAT || self.status == APO_ERR_LIMIT ||
                  self.status == APO_ERR_UNSUPPORTED);
      assert_null(self.model);
    }
  }
  free(bytes);
}

typedef void (*visit)(const char *path, apo_bytes bytes);

static void visit_fixtures(visit each) {
  DIR *root = opendir("tests/fixtures");
  assert_non_null(root);
  for (struct dirent *folder = readdir(root); folder != NULL; folder = readdir(root)) {
    char path[2 * APO_FIXTURE_PATH_BYTES];
    if (folder->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "tests/fixtures/%s", folder->d_name);
    DIR *directory = opendir(path);
    if (directory == NULL) continue;
    for (struct dirent *file = readdir(directory); file != NULL; file = readdir(directory)) {
      if (file->d_name[0] == '.' || strchr(file->d_name, '.') == NULL) continue;
      snprintf(path, sizeof path, "tests/fixtures/%s/%s", folder->d_name, file->d_name);
      const apo_bytes bytes = apo_fixture_read(path);
      each(path, bytes);
      free((void *)(uintptr_t)bytes.at);
    }
    closedir(directory);
  }
  closedir(root);
}

static void read_on_small_stack(const char *path, apo_bytes bytes) {
  apo_error err;
  apo_model *model = NULL;
  task self = {.text = (const char *)bytes.at, .n_bytes = bytes.n_bytes};
  const apo_status status = apo_model_read(bytes.at, bytes.n_bytes, &model, &err);
  run_on_small_stack(&self);
  if (self.status != status) print_error("%s\n", path);
  assert_int_equal(self.status, status);
  apo_model_destroy(&model);
  apo_model_destroy(&self.model);
}

static void every_reader_needs_a_small_stack_only(void **state) {
  (void)state;
  visit_fixtures(read_on_small_stack);
}

/* --- long ------------------------------------------------------------------------------------- */

enum { LONG_BYTES = 4 * 1024 * 1024, MAX_SECONDS = 10 };

// Of the processor, not of the clock on the wall.  What is linear takes a hundredth of the limit
// here; what is quadratic takes a hundred times it.
static void assert_linear(const char *what, page *text) {
  apo_error err;
  apo_model *model = NULL;
  const clock_t begin = clock();
  const apo_status status = page_read(text, &model, &err);
  const double seconds = (double)(clock() - begin) / (double)CLOCKS_PER_SEC;
  if (seconds > MAX_SECONDS) print_error("%s: %.1f s\n", what, seconds);
  assert_true(seconds <= MAX_SECONDS);
  if (status != APO_OK) assert_true(status != APO_ERR_INTERNAL && strchr(err.message, ':') != NULL);
  apo_model_destroy(&model);
  free(text->text);
  *text = (page){0};
}

static const char neutral_head[] =
    "{\"format\":\"apportion-model\",\"version\":1,\"kind\":\"linear\",\"columns\":{\"count\":1},"
    "\"outputs\":{\"count\":1},\"linear\":{\"coefficients\":[[1]]},\"x_\":";

static void many_keys_take_linear_time(void **state) {
  (void)state;
  static const char *const heads[] = {neutral_head,
                                      "{\"learner\":", "{\"features_info\":", "{\"a\":"};
  for (size_t head = 0; head < sizeof heads / sizeof *heads; ++head) {
    page text = {0};
    page_put(&text, "%s{", heads[head]);
    for (int i = 0; text.n_bytes < LONG_BYTES; ++i)
      page_put(&text, "%s\"%d\":0", i > 0 ? "," : "", i);
    page_put(&text, "}}");
    assert_linear("keys", &text);
    // Keys that differ at their end only.
    page_put(&text, "%s{", heads[head]);
    for (int i = 0; text.n_bytes < LONG_BYTES; ++i) {
      page_put(&text, "%s\"%0200d\":0", i > 0 ? "," : "", i);
    }
    page_put(&text, "}}");
    assert_linear("long keys", &text);
  }
  page text = {0};
  page_put(&text, "%s[", neutral_head);
  for (int i = 0; text.n_bytes < LONG_BYTES; ++i)
    page_put(&text, "%s{\"%d\":0}", i > 0 ? "," : "", i);
  page_put(&text, "]}");
  assert_linear("objects", &text);
}

static void many_names_take_linear_time(void **state) {
  (void)state;
  enum { N_NAMES = 300000 };
  page text = {0};
  page_put(
      &text,
      "{\"format\":\"apportion-model\",\"version\":1,\"kind\":\"linear\",\"columns\":{\"count\":1,"
      "\"categories\":[{\"column\":0,\"values\":[");
  for (int i = 0; i < N_NAMES; ++i) page_put(&text, "%s\"%d\"", i > 0 ? "," : "", i);
  page_put(&text, "]}]},\"outputs\":{\"count\":1},\"linear\":{\"coefficients\":[[1]]}}");
  assert_linear("names", &text);
}

static void nesting_and_brackets_take_linear_time(void **state) {
  (void)state;
  page text = {0};
  page_put(&text, "%s[", neutral_head);
  for (int i = 0; text.n_bytes < LONG_BYTES; ++i) {
    page_put(&text, "%s", i > 0 ? "," : "");
    page_repeat(&text, "[", 60);
    page_repeat(&text, "]", 60);
  }
  page_put(&text, "]}");
  assert_linear("nesting", &text);
  page_put(&text, "%s[", neutral_head);
  while (text.n_bytes < LONG_BYTES) page_put(&text, "[],{},[[]],");
  page_put(&text, "0]}");
  assert_linear("empty arrays", &text);
  page_repeat(&text, "{\"a\":[", LONG_BYTES / 6);
  assert_linear("never closed", &text);
  page_repeat(&text, " ", LONG_BYTES);
  assert_linear("blanks", &text);
}

static void long_numbers_and_texts_take_linear_time(void **state) {
  (void)state;
  static const char *const numbers[] = {"1", "0", "9", "0.", "5"};
  page text = {0};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i) {
    page_put(&text, "%s%s", neutral_head, i == 3 ? "0." : "1.");
    page_repeat(&text, i == 3 ? "0" : numbers[i], LONG_BYTES);
    page_put(&text, "e-5}");
    assert_linear("one number", &text);
  }
  page_put(&text, "%s[", neutral_head);
  while (text.n_bytes < LONG_BYTES) {
    page_put(&text, "0.1");
    page_repeat(&text, "123456789", 85);
    page_put(&text, "e-300,");
  }
  page_put(&text, "0]}");
  assert_linear("numbers of 768 digits", &text);
  page_put(&text, "%s\"", neutral_head);
  page_repeat(&text, "\\u00e9", LONG_BYTES / 6);
  page_put(&text, "\"}");
  assert_linear("escapes", &text);
  page_put(&text, "%s", neutral_head);
  page_repeat(&text, "\"", LONG_BYTES);
  assert_linear("quotes", &text);
}

static void ubjson_of_a_million_small_things_takes_linear_time(void **state) {
  (void)state;
  static const char head[] = "{L\0\0\0\0\0\0\0\7learner{";
  static const char *const items[] = {"[]", "[[]]", "U\1", "Z", "SL"};
  for (size_t item = 0; item < sizeof items / sizeof *items; ++item) {
    page text = {0};
    page_repeat(&text, " ", 64);  // room first
    memcpy(text.text, head, sizeof head - 1);
    memcpy(text.text + sizeof head - 1, "L\0\0\0\0\0\0\0\1a[", 11);
    text.n_bytes = sizeof head - 1 + 11;
    page_repeat(&text, items[item], LONG_BYTES / 4);
    page_put(&text, "]}}");
    assert_linear("ubjson", &text);
  }
}

static void lines_and_fields_take_linear_time(void **state) {
  (void)state;
  static const char tree[] = "tree\nversion=v4\nnum_class=1\n";
  static const char *const lines[] = {"a=1\n", "Tree=0\n", "\n", "=", "Tree=0\nnum_leaves=1\n\n"};
  for (size_t i = 0; i < sizeof lines / sizeof *lines; ++i) {
    page text = {0};
    page_put(&text, "%s", tree);
    page_repeat(&text, lines[i], LONG_BYTES / strlen(lines[i]));
    assert_linear("lines", &text);
    page_put(&text, "%smax_feature_idx=1\nfeature_names=", tree);
    page_repeat(&text, "a ", LONG_BYTES / 2);
    assert_linear("words", &text);
  }
  // Protobuf: the smallest fields there are.
  page text = {0};
  page_put(&text, "\x08\x07\x12\x08skl2onnx");
  page_repeat(&text, "\x08\x07", LONG_BYTES / 2);
  assert_linear("fields", &text);
}

/* --- any bytes behind a head ------------------------------------------------------------------ */

// treelite #209: a crash on binary input.
static void random_bytes_behind_each_head_are_survived(void **state) {
  (void)state;
  static const char *const heads[] = {"",
                                      "{",
                                      "{L",
                                      "{\"learner\":",
                                      "{\"format\":",
                                      "tree\n",
                                      "\x08\x07",
                                      "{\"features_info\":",
                                      "\xef\xbb\xbf{",
                                      "[{",
                                      "binf",
                                      "CBM1"};
  apo_random random = apo_random_start(99);
  for (int i = 0; i < 20000; ++i) {
    char bytes[512];
    const char *head = heads[(size_t)i % (sizeof heads / sizeof *heads)];
    const size_t n_head = strlen(head);
    const size_t n = n_head + apo_random_below(&random, 400);
    memcpy(bytes, head, n_head);
    const uint32_t n_kinds = i % 2 == 0 ? 256 : 96;  // anything, or printable
    for (size_t at = n_head; at < n; ++at) {
      const uint32_t byte = apo_random_below(&random, n_kinds);
      bytes[at] = (char)(n_kinds == 96 ? ' ' + byte % 95 : byte);
    }
    char *exact = malloc(n > 0 ? n : 1);
    assert_non_null(exact);
    memcpy(exact, bytes, n);
    apo_model *model = NULL;
    apo_error err;
    assert_true(apo_model_read(exact, n, &model, &err) != APO_OK);
    assert_int_not_equal(err.status, APO_ERR_INTERNAL);
    free(exact);
  }
}

/* --- any locale ------------------------------------------------------------------------------- */

static char *written(apo_bytes bytes) {
  apo_error err;
  apo_model *model = NULL;
  if (apo_model_read(bytes.at, bytes.n_bytes, &model, &err) != APO_OK) return NULL;
  convert_text text = convert_write(model);
  apo_model_destroy(&model);
  return text.text;
}

static void read_with_a_comma(const char *path, apo_bytes bytes) {
  char comma[64];
  snprintf(comma, sizeof comma, "%s", setlocale(LC_ALL, NULL));
  char *there = written(bytes);
  setlocale(LC_ALL, "C");
  char *here = written(bytes);
  assert_non_null(setlocale(LC_ALL, comma));
  assert_true((here == NULL) == (there == NULL));
  if (here != NULL && strcmp(here, there) != 0) print_error("%s differs\n", path);
  if (here != NULL) assert_string_equal(here, there);
  free(here);
  free(there);
}

static void a_comma_in_the_locale_changes_no_model(void **state) {
  (void)state;
  scratch folder;
  comma_locale_begin(&folder);
  visit_fixtures(read_with_a_comma);
  comma_locale_end(&folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_tree_of_40000_nodes_works),
      cmocka_unit_test(a_tree_of_depth_4096_works),
      cmocka_unit_test(the_order_of_nodes_does_not_matter),
      cmocka_unit_test(a_base_score_of_the_wrong_length_is_refused),
      cmocka_unit_test(categories_up_to_the_limit_work),
      cmocka_unit_test(chains_of_a_million_nodes_are_a_limit_on_a_small_stack),
      cmocka_unit_test(ten_million_brackets_are_refused_by_every_reader),
      cmocka_unit_test(every_reader_needs_a_small_stack_only),
      cmocka_unit_test(many_keys_take_linear_time),
      cmocka_unit_test(many_names_take_linear_time),
      cmocka_unit_test(nesting_and_brackets_take_linear_time),
      cmocka_unit_test(long_numbers_and_texts_take_linear_time),
      cmocka_unit_test(ubjson_of_a_million_small_things_takes_linear_time),
      cmocka_unit_test(lines_and_fields_take_linear_time),
      cmocka_unit_test(random_bytes_behind_each_head_are_survived),
      cmocka_unit_test(a_comma_in_the_locale_changes_no_model),
  };
  return cmocka_run_group_tests_name("contract_hostile", tests, NULL, NULL);
}
