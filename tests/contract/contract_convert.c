/* contract_convert.c - every model of every format becomes neutral JSON and comes back as it was.
 *
 * Same arrays, same margins on hard rows, and the same bytes when it is written again.
 */
#include <dirent.h>
#include <stdio.h>

#include "tests/support/convert_case.h"
#include "tests/support/fixture_files.h"

/* --- fixtures --------------------------------------------------------------------------------- */

// What is refused cannot be converted; that it is refused is asked elsewhere.
static bool convert_file(const char *path) {
  apo_error err;
  apo_model *model = NULL;
  const apo_bytes bytes = apo_fixture_read(path);
  const apo_status status = apo_model_read(bytes.at, bytes.n_bytes, &model, &err);
  free((void *)(uintptr_t)bytes.at);
  if (status != APO_OK) return false;
  convert_check(model, false, path);
  apo_model_destroy(&model);
  return true;
}

static void convert_folder(const char *folder) {
  DIR *directory = opendir(folder);
  assert_non_null(directory);
  size_t n_files = 0;
  size_t n_converted = 0;
  for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
    char path[2 * APO_FIXTURE_PATH_BYTES];
    if (entry->d_name[0] == '.' || apo_fixture_ends(entry->d_name, ".expected.json") ||
        strchr(entry->d_name, '.') == NULL || apo_fixture_ends(entry->d_name, ".md")) {
      continue;
    }
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    ++n_files;
    n_converted += convert_file(path) ? 1 : 0;
  }
  closedir(directory);
  print_message("%s: %zu of %zu files are models\n", folder, n_converted, n_files);
  assert_true(2 * n_converted > n_files);
}

static void every_fixture_comes_back_bit_for_bit(void **state) {
  (void)state;
  DIR *directory = opendir("tests/fixtures");
  assert_non_null(directory);
  size_t n_folders = 0;
  for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
    char folder[APO_FIXTURE_PATH_BYTES];
    if (entry->d_name[0] == '.') continue;
    snprintf(folder, sizeof folder, "tests/fixtures/%s", entry->d_name);
    convert_folder(folder);
    ++n_folders;
  }
  closedir(directory);
  assert_true(n_folders > 0);
}

static void the_example_of_the_readme_comes_back_bit_for_bit(void **state) {
  (void)state;
  assert_true(convert_file("examples/flights/model.ubj"));
}

/* --- random models ---------------------------------------------------------------------------- */

enum {
  ALL_OPS =
      APO_ONLY(APO_OP_LT) | APO_ONLY(APO_OP_LE) | APO_ONLY(APO_OP_EQ) | APO_ONLY(APO_OP_PRESENT),
  ALL_MISSING = APO_ONLY(APO_MISSING_NAN) | APO_ONLY(APO_MISSING_NONE) | APO_ONLY(APO_MISSING_ZERO)
};

static void random_forests_come_back_bit_for_bit(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    char name[32];
    const apo_random_spec spec = {
        .seed = seed,
        .n_columns = 1 + (uint32_t)(seed % 7),
        .n_outputs = 1 + (uint32_t)(seed % 3),
        .n_trees = (uint32_t)(seed * 5 % 12),
        .max_depth = (uint32_t)(seed % 9),
        .split_share = seed % 5 == 0 ? 1.0 : 0.0,
        .categorical_share = seed % 2 == 0 ? 0.5 : 0.0,
        .n_categories = seed % 4 == 0 ? 3 : 0,
        .ops = seed % 3 == 0 ? APO_ONLY(APO_OP_LE) : ALL_OPS,
        .missing = seed % 4 == 1 ? APO_ONLY(APO_MISSING_ZERO) : ALL_MISSING,
        .vector_leaves = seed % 3 == 2,
        .linear_share = seed % 3 == 0 ? 0.4 : 0.0,
        .cast_f32 = seed % 2 == 1,
        .has_covers = seed % 3 == 1,
        .code_rule = seed % 2 == 0 ? APO_CODE_TRUNC : APO_CODE_NONNEG_TRUNC,
        .link = seed % 2 == 0 ? APO_LINK_SIGMOID : APO_LINK_SOFTMAX,
    };
    snprintf(name, sizeof name, "seed %d", (int)seed);
    apo_model *model = apo_random_model(&spec);
    convert_check(model, true, name);
    apo_model_destroy(&model);
  }
}

// The hardest double of some kind.
static double hard_number(apo_random *random) {
  const double edge = apo_random_edge(random);
  if (apo_random_below(random, 2) == 0 && isfinite(edge)) return edge;
  double number;
  do {
    const uint64_t word = apo_random_word(random);
    memcpy(&number, &word, sizeof number);
  } while (!isfinite(number));
  return number;
}

static void numbers_of_every_size_come_back_bit_for_bit(void **state) {
  (void)state;
  apo_random random = apo_random_start(17);
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const apo_random_spec spec = {.seed = seed,
                                  .n_columns = 3,
                                  .n_outputs = 2,
                                  .n_trees = 4,
                                  .max_depth = 5,
                                  .has_covers = true};
    apo_model *model = apo_random_model(&spec);
    apo_forest *forest = model->forest;
    for (uint64_t i = 0; i < forest->n_nodes; ++i) forest->threshold[i] = hard_number(&random);
    for (uint64_t i = 0; i < forest->n_values; ++i) forest->leaf_value[i] = hard_number(&random);
    for (uint64_t i = 0; i < forest->n_leaves; ++i)
      forest->leaf_cover[i] = fabs(hard_number(&random));
    for (uint32_t i = 0; i < forest->n_trees; ++i) forest->tree_weight[i] = hard_number(&random);
    for (uint32_t i = 0; i < model->n_outputs; ++i) model->base[i] = hard_number(&random);
    forest->scale = hard_number(&random);
    forest->divide = 7.0;
    model->best_iteration = (int64_t)seed;
    model->trees_per_iteration = (uint32_t)(seed % 3);
    convert_check(model, true, "hard numbers");
    apo_model_destroy(&model);
  }
}

/* --- everything that is no tree --------------------------------------------------------------- */

static double *numbers(const double *from, size_t n) {
  double *out = calloc(n, sizeof *out);
  assert_non_null(out);
  memcpy(out, from, n * sizeof *out);
  return out;
}

static void add_names(apo_names *names, const char *const *texts, uint32_t n) {
  apo_error err;
  for (uint32_t i = 0; i < n; ++i) {
    assert_ok(apo_names_add(names, texts[i], strlen(texts[i]), &err), &err);
  }
}

static void add_transform(apo_model *model) {
  static const double values[][3] = {{0.1, -0.0, 0},
                                     {1e-300, 2100.7, 0},
                                     {3, 1.0 / 3.0, 1},
                                     {0.1, -1e300, 1},
                                     {-1.7976931348623157e308, -0.5, -1.7976931348623157e308},
                                     {0, 0, 0}};
  static const double highs[3] = {1.7976931348623157e308, 2.5, 1.7976931348623157e308};
  model->transform.steps = calloc(6, sizeof *model->transform.steps);
  assert_non_null(model->transform.steps);
  model->transform.n_steps = 6;
  for (uint32_t step = 0; step < 6; ++step) {
    model->transform.steps[step].op = (apo_transform_op)step;
    model->transform.steps[step].values = numbers(values[step], 3);
  }
  model->transform.steps[4].highs = numbers(highs, 3);
}

static apo_model *linear_model(bool cast_f32) {
  static const char *const columns[] = {"a \"quoted\" \\ name", "tab\tline\nend\x01",
                                        "größe \xf0\x9f\x8c\xb3"};
  static const char *const outputs[] = {"", "yes"};
  static const char *const colours[] = {"red", "", "\xe2\x80\xa8", "0"};
  static const double coefficients[6] = {0.1, -0.0, 1e-320, -3, 1.7976931348623157e308, 0.25};
  static const double base[2] = {-0.0, 1e-7};
  apo_model *model = NULL;
  apo_error err;
  assert_ok(apo_model_new(&model, &err), &err);
  model->kind = APO_MODEL_LINEAR;
  model->format = "made";
  model->n_columns = 3;
  model->n_outputs = 2;
  model->link = (apo_link){APO_LINK_NEG_EXP2, 0.3};
  model->margin_is_probability = cast_f32;
  strcpy(model->library, "lib \xc3\xa4");
  strcpy(model->objective, "reg:\"x\"");
  model->linear = calloc(1, sizeof *model->linear);
  assert_non_null(model->linear);
  *model->linear = (apo_linear){.coefficients = numbers(coefficients, 6),
                                .missing_adds_nothing = !cast_f32,
                                .cast_f32 = cast_f32};
  model->base = numbers(base, 2);
  add_names(&model->column_names, columns, 3);
  add_names(&model->output_names, outputs, 2);
  add_transform(model);
  model->categories = calloc(1, sizeof *model->categories);
  assert_non_null(model->categories);
  model->n_categories = 1;
  model->categories[0] = (apo_category_table){.column = 2, .is_text = true};
  add_names(&model->categories[0].texts, colours, 4);
  assert_ok(apo_model_seal(model, &err), &err);
  return model;
}

static void names_tables_transforms_and_links_come_back(void **state) {
  (void)state;
  for (int cast = 0; cast < 2; ++cast) {
    apo_model *model = linear_model(cast == 1);
    convert_check(model, true, "linear");
    model->categories[0].unknown = APO_UNKNOWN_OTHER;
    apo_names_clear(&model->categories[0].texts);
    model->categories[0].is_text = false;
    model->categories[0].numbers = numbers((const double[]){-1.5, 1e10, 0.1}, 3);
    model->categories[0].n_numbers = 3;
    model->link = (apo_link){APO_LINK_SIGN_SQUARE, 1.0};
    convert_check(model, true, "linear with numbers");
    apo_model_destroy(&model);
  }
}

static void the_format_it_was_made_from_is_kept_for_good(void **state) {
  (void)state;
  apo_model *model = linear_model(false);
  convert_text first = convert_write(model);
  assert_non_null(strstr(first.text, "\"file\":\"made\""));
  apo_model *again = convert_read(&first);
  assert_string_equal(again->origin_format, "made");
  assert_string_equal(again->format_version, "1");
  convert_text second = convert_write(again);
  assert_string_equal(first.text, second.text);
  free(first.text);
  free(second.text);
  apo_model_destroy(&model);
  apo_model_destroy(&again);
}

/* --- category sets that trees share ------------------------------------------------------------ */

// Three trees of one split each, on sets 2, 0 and 2; set 1 serves nobody.
static apo_status shared_node(void *context, uint64_t node, apo_node_spec *out, apo_error *err) {
  (void)err;
  const double *set = context;
  *out = (apo_node_spec){.is_leaf = node > 0, .cover = NAN};
  if (node == 0) {
    *out = (apo_node_spec){.op = APO_OP_IN, .threshold = *set, .left = 1, .right = 2, .cover = NAN};
  }
  return APO_OK;
}

static apo_status shared_leaf(void *context, uint64_t node, double *values, apo_error *err) {
  (void)context;
  (void)err;
  *values = (double)node;
  return APO_OK;
}

static void shared_sets_are_written_where_they_are_used(void **state) {
  (void)state;
  static const double sets[] = {2, 0, 2, 3};
  const apo_random_spec spec = {.seed = 1, .n_columns = 2, .n_outputs = 1};
  apo_model *model = apo_random_model(&spec);
  apo_error err;
  apo_builder *builder = NULL;
  const apo_forest_head head = {.n_columns = 2, .n_outputs = 1, .scale = 1.0, .divide = 1.0};
  assert_ok(apo_builder_create(&head, &builder, &err), &err);
  for (uint32_t set = 0; set < 5; ++set) {
    uint32_t number = 0;
    const uint32_t codes[] = {set, set + 10};
    assert_ok(apo_builder_add_set(builder, codes, 2, &number, &err), &err);
  }
  for (size_t tree = 0; tree < 4; ++tree) {
    double set = sets[tree];
    const apo_tree_spec stated = {
        .n_nodes = 3, .weight = 1.0, .context = &set, .node = shared_node, .leaf = shared_leaf};
    assert_ok(apo_builder_add_tree(builder, &stated, &err), &err);
  }
  apo_forest_destroy(&model->forest);
  assert_ok(apo_builder_finish(&builder, &model->forest, &err), &err);
  assert_ok(apo_model_seal(model, &err), &err);
  convert_check(model, false, "shared sets");
  convert_text text = convert_write(model);
  // The first tree takes sets 0 to 2; the next two repeat what they share; the last takes the rest.
  assert_non_null(strstr(text.text, "\"sets\":[[0,10],[1,11],[2,12]]"));
  assert_non_null(strstr(text.text, "\"sets\":[[0,10]]"));
  assert_non_null(strstr(text.text, "\"sets\":[[2,12]]"));
  assert_non_null(strstr(text.text, "\"sets\":[[3,13],[4,14]]"));
  free(text.text);
  apo_model_destroy(&model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_fixture_comes_back_bit_for_bit),
      cmocka_unit_test(the_example_of_the_readme_comes_back_bit_for_bit),
      cmocka_unit_test(random_forests_come_back_bit_for_bit),
      cmocka_unit_test(numbers_of_every_size_come_back_bit_for_bit),
      cmocka_unit_test(names_tables_transforms_and_links_come_back),
      cmocka_unit_test(the_format_it_was_made_from_is_kept_for_good),
      cmocka_unit_test(shared_sets_are_written_where_they_are_used),
  };
  return cmocka_run_group_tests_name("contract_convert", tests, NULL, NULL);
}
