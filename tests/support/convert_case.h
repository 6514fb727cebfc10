/* convert_case.h - a model written as neutral JSON and read back is the same, bit for bit. */
#ifndef APO_TESTS_SUPPORT_CONVERT_CASE_H
#define APO_TESTS_SUPPORT_CONVERT_CASE_H

#include <math.h>

#include "engine/model/compare.h"
#include "tests/support/random_forest.h"

/** Bytes that were written; free(text). */
typedef struct convert_text {
  char *text; /* [n_bytes], and a NUL */
  size_t n_bytes;
  size_t capacity;
} convert_text;

static inline apo_status convert_put(void *context,
                                     const void *bytes,
                                     size_t n_bytes,
                                     apo_error *err) {
  (void)err;
  convert_text *self = context;
  assert_true(n_bytes > 0);
  if (self->n_bytes + n_bytes + 1 > self->capacity) {
    self->capacity = 2 * (self->n_bytes + n_bytes + 1);
    self->text = realloc(self->text, self->capacity);
    assert_non_null(self->text);
  }
  memcpy(self->text + self->n_bytes, bytes, n_bytes);
  self->n_bytes += n_bytes;
  self->text[self->n_bytes] = '\0';
  return APO_OK;
}

static inline convert_text convert_write(const apo_model *model) {
  apo_error err;
  convert_text out = {0};
  const apo_byte_sink sink = {&out, convert_put};
  assert_ok(apo_model_write(model, &sink, &err), &err);
  return out;
}

static inline apo_model *convert_read(const convert_text *text) {
  apo_error err;
  apo_model *model = NULL;
  const apo_status status = apo_model_read(text->text, text->n_bytes, &model, &err);
  if (status != APO_OK) print_error("%.2000s\n", text->text);
  assert_ok(status, &err);
  return model;
}

static inline void convert_same_bits(const double *a, const double *b, size_t n, const char *name) {
  for (size_t i = 0; i < n; ++i) {
    if (memcmp(&a[i], &b[i], sizeof *a) == 0) continue;
    print_error("%s: number %zu: %.17g (%a) became %.17g (%a)\n", name, i, a[i], a[i], b[i], b[i]);
    fail();
  }
}

/** Rows for any model, with the hard values of apo_random_edge; free() them. */
static inline double *convert_rows(const apo_model *model, apo_random *random, size_t n_rows) {
  if (model->kind == APO_MODEL_FOREST) return apo_random_rows(random, model->forest, n_rows);
  double *rows = calloc(n_rows * model->n_columns + 1, sizeof *rows);
  assert_non_null(rows);
  for (size_t i = 0; i < n_rows * model->n_columns; ++i) {
    rows[i] =
        apo_random_below(random, 4) == 0 ? apo_random_edge(random) : apo_random_number(random);
  }
  return rows;
}

static inline void convert_same_margins(const apo_model *before,
                                        const apo_model *after,
                                        size_t n_rows,
                                        const char *name) {
  apo_random random = apo_random_start(5);
  double *rows = convert_rows(before, &random, n_rows);
  double *margin = calloc((size_t)2 * before->n_outputs, sizeof *margin);
  assert_non_null(margin);
  for (size_t row = 0; row < n_rows; ++row) {
    apo_error err;
    const double *values = rows + row * before->n_columns;
    const apo_status status = apo_model_margin(before, values, margin, &err);
    assert_int_equal(apo_model_margin(after, values, margin + before->n_outputs, &err), status);
    if (status != APO_OK) continue;  // a missing value without a rule
    convert_same_bits(margin, margin + before->n_outputs, before->n_outputs, name);
  }
  free(rows);
  free(margin);
}

/** Write, read, compare; write again.  `has_own_sets`: no category set serves two trees, so that
 * even the numbers of the sets are kept. */
static inline void convert_check(const apo_model *model, bool has_own_sets, const char *name) {
  apo_error err;
  convert_text text = convert_write(model);
  apo_model *again = convert_read(&text);
  const apo_status status = apo_model_compare(model, again, &err);
  if (status != APO_OK) print_error("%s\n", name);
  assert_ok(status, &err);
  assert_string_equal(again->format, "neutral_json");
  if (model->forest != NULL && has_own_sets) {
    const apo_forest *a = model->forest;
    const apo_forest *b = again->forest;
    assert_int_equal(a->n_sets, b->n_sets);
    convert_same_bits(a->threshold, b->threshold, a->n_nodes, name);
    assert_memory_equal(a->set_begin, b->set_begin, (a->n_sets + 1) * sizeof *a->set_begin);
    const size_t n_codes = a->set_begin[a->n_sets];
    if (n_codes > 0) assert_memory_equal(a->set_code, b->set_code, n_codes * sizeof *a->set_code);
  }
  convert_same_margins(model, again, 100, name);
  convert_text twice = convert_write(again);
  if (strcmp(text.text, twice.text) != 0) print_error("%s: other bytes\n", name);
  assert_string_equal(text.text, twice.text);
  free(text.text);
  free(twice.text);
  apo_model_destroy(&again);
}

#endif
