/* fixture_case.h - a model of tests/fixtures/ predicts what its own library predicted.
 *
 * Beside the model <id>.<format> lies <id>.expected.json, written by the library's own calls:
 *
 *   {"library": "4.7.0", "rows": [[...]], "margin": [[...]], "response": [[...]]}
 *
 * where null is NaN and the bare word Infinity an infinity.  How far a number may be off is stated
 * relative to the sum of magnitudes behind it: |base|, each tree's leaf, each coefficient * value.
 */
#ifndef APO_TESTS_SUPPORT_FIXTURE_CASE_H
#define APO_TESTS_SUPPORT_FIXTURE_CASE_H

#include <math.h>

#include "engine/forest/split.h"
#include "engine/model/model.h"
#include "engine/readers/json.h"
#include "tests/support/fixture_files.h"

enum { APO_FIXTURE_COLUMNS = 64, APO_FIXTURE_OUTPUTS = 16 };

/** Read a model that must be read. */
static inline apo_model *apo_fixture_model(const char *path) {
  apo_error err;
  apo_model *model = NULL;
  const apo_bytes bytes = apo_fixture_read(path);
  const apo_status status = apo_model_read(bytes.at, bytes.n_bytes, &model, &err);
  if (status != APO_OK) print_error("%s\n", path);
  assert_ok(status, &err);
  free((void *)(uintptr_t)bytes.at);
  return model;
}

static inline double apo_fixture_terms(const apo_forest *forest, uint64_t leaf, const double *row) {
  if (forest->term_begin == NULL) return 0.0;
  double sum = fabs(forest->leaf_constant[leaf]);
  for (uint64_t t = forest->term_begin[leaf]; t < forest->term_begin[leaf + 1]; ++t) {
    const double term = forest->term_coefficient[t] * row[forest->term_column[t]];
    if (!isnan(term)) sum += fabs(term);
  }
  return sum;
}

/** The sum of magnitudes behind the outputs of a row (before transform), and 1. */
static inline double apo_fixture_magnitude(const apo_model *model, const double *row) {
  double sum = 1.0;
  double moved[APO_FIXTURE_COLUMNS];
  for (uint32_t output = 0; output < model->n_outputs; ++output) sum += fabs(model->base[output]);
  for (uint32_t column = 0; column < model->n_columns; ++column) {
    moved[column] = apo_transform_value(&model->transform, column, row[column]);
  }
  if (model->kind == APO_MODEL_LINEAR) {
    for (uint32_t at = 0; at < model->n_outputs * model->n_columns; ++at) {
      const double value = moved[at % model->n_columns];
      if (!isnan(value)) sum += fabs(model->linear->coefficients[at] * value);
    }
    return sum;
  }
  const apo_forest *forest = model->forest;
  const double factor = fabs(forest->scale / forest->divide);
  for (uint32_t tree = 0; tree < forest->n_trees; ++tree) {
    const bool is_vector = forest->tree_output[tree] == APO_TREE_VECTOR;
    const uint32_t width = is_vector ? forest->n_outputs : 1;
    const uint64_t leaf = apo_tree_leaf(forest, tree, moved);
    const double *values = forest->leaf_value + forest->value_begin[tree] + leaf * width;
    double largest = apo_fixture_terms(forest, forest->leaf_begin[tree] + leaf, moved);
    for (uint32_t i = 0; i < width; ++i) largest = fmax(largest, fabs(values[i]));
    sum += largest * fabs(forest->tree_weight[tree]) * factor;
  }
  return sum;
}

static inline void apo_fixture_near(const char *path,
                                    const char *what,
                                    uint64_t row,
                                    uint32_t output,
                                    double found,
                                    double expected,
                                    double allowed) {
  if (fabs(found - expected) <= allowed) return;
  print_error("%s: row %llu, output %u: %s %.17g, the library says %.17g, allowed %.3g\n", path,
              (unsigned long long)row, output, what, found, expected, allowed);
  fail();
}

static inline double apo_fixture_number(apo_json_at array, uint64_t position) {
  apo_error err;
  double number = NAN;
  if (apo_json_kind_at(array, position) == APO_JSON_NULL) return NAN;
  assert_ok(apo_json_number_at(array, position, &number, &err), &err);
  return number;
}

static inline apo_json_at apo_fixture_item(apo_json_at array, uint64_t position) {
  apo_error err;
  apo_json_at at;
  assert_ok(apo_json_item(array, position, &at, &err), &err);
  return at;
}

static inline apo_json_at apo_fixture_member(apo_json_at object, const char *key) {
  apo_error err;
  apo_json_at at;
  assert_ok(apo_json_member(object, key, &at, &err), &err);
  return at;
}

static inline void apo_fixture_check_row(const char *path,
                                         const apo_model *model,
                                         apo_json_at expected,
                                         uint64_t row,
                                         double tolerance) {
  apo_error err;
  double values[APO_FIXTURE_COLUMNS];
  double margin[APO_FIXTURE_OUTPUTS];
  double response[APO_FIXTURE_OUTPUTS];
  assert_true(model->n_columns <= APO_FIXTURE_COLUMNS);
  assert_true(model->n_outputs <= APO_FIXTURE_OUTPUTS);
  const apo_json_at cells = apo_fixture_item(apo_fixture_member(expected, "rows"), row);
  assert_int_equal(apo_json_length(cells), model->n_columns);
  for (uint32_t column = 0; column < model->n_columns; ++column) {
    values[column] = apo_fixture_number(cells, column);
  }
  assert_ok(apo_model_margin(model, values, margin, &err), &err);
  apo_link_apply(model->link, margin, model->n_outputs, response);

  const double allowed = tolerance * apo_fixture_magnitude(model, values);
  const apo_json_at margins = apo_fixture_item(apo_fixture_member(expected, "margin"), row);
  const apo_json_at responses = apo_fixture_item(apo_fixture_member(expected, "response"), row);
  assert_int_equal(apo_json_length(margins), model->n_outputs);
  assert_int_equal(apo_json_length(responses), model->n_outputs);
  for (uint32_t output = 0; output < model->n_outputs; ++output) {
    const double wanted = apo_fixture_number(responses, output);
    apo_fixture_near(path, "margin", row, output, margin[output],
                     apo_fixture_number(margins, output), allowed);
    // No link is steeper than its own value, exp, or 1; expectiles add outputs up.
    apo_fixture_near(path, "response", row, output, response[output], wanted,
                     allowed * fmax(1.0, fabs(wanted)) * model->n_outputs);
  }
}

/** Read the model at `path` and compare margins and responses of every row with its library's.
 *
 * `tolerance` is relative to the sum of magnitudes.
 */
static inline void apo_fixture_check(const char *path, double tolerance) {
  apo_error err;
  char expected_path[APO_FIXTURE_PATH_BYTES];
  const char *dot = strrchr(path, '.');
  snprintf(expected_path, sizeof expected_path, "%.*s.expected.json", (int)(dot - path), path);
  const apo_bytes bytes = apo_fixture_read(expected_path);
  apo_json *json = NULL;
  assert_ok(apo_json_parse(bytes, &json, &err), &err);
  const apo_json_at expected = apo_json_root(json);
  const uint64_t n_rows = apo_json_length(apo_fixture_member(expected, "rows"));
  assert_true(n_rows >= 12);
  apo_model *model = apo_fixture_model(path);
  for (uint64_t row = 0; row < n_rows; ++row) {
    apo_fixture_check_row(path, model, expected, row, tolerance);
  }
  apo_model_destroy(&model);
  apo_json_destroy(&json);
  free((void *)(uintptr_t)bytes.at);
}

/* --- refusals --------------------------------------------------------------------------------- */

/** These bytes are no model; the message holds `words`. */
static inline void apo_refuse_bytes(const char *text,
                                    size_t n_bytes,
                                    apo_status expected,
                                    const char *words) {
  apo_error err = {.message = ""};
  apo_model *model = NULL;
  const apo_status status = apo_model_read(text, n_bytes, &model, &err);
  assert_fails(status, expected, &err, words);
  assert_null(model);
}

/** The text model at `path` is none when the first `old` behind `after` is replaced by `new`. */
static inline void apo_refuse_spoilt(const char *path,
                                     const char *after,
                                     const char *old,
                                     const char *new,
                                     apo_status expected,
                                     const char *words) {
  apo_bytes bytes = apo_fixture_read(path);
  char *text = (char *)(uintptr_t)bytes.at;
  text[bytes.n_bytes] = '\0';
  const char *from = strstr(text, after);
  assert_non_null(from);
  const char *at = strstr(from, old);
  assert_non_null(at);
  const size_t room = bytes.n_bytes + strlen(new) + 1;
  char *spoilt = malloc(room);
  assert_non_null(spoilt);
  const int n_bytes =
      snprintf(spoilt, room, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
  assert_true(n_bytes > 0);
  apo_refuse_bytes(spoilt, (size_t)n_bytes, expected, words);
  free(spoilt);
  free(text);
}

#endif
