/* neutral_json.c - Apportion's own model format, version 1; README.md has its rules. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/core/memory.h"
#include "engine/readers/neutral_json/neutral_parts.h"
#include "engine/readers/reader.h"

static bool sniff(apo_bytes bytes) {
  return apo_json_sniff(bytes) == APO_DIALECT_NEUTRAL;
}

/* --- head -------------------------------------------------------------------------------------- */

// The version comes before the keys: a later one may well have others.
static apo_status check_version(apo_json_at document, apo_model *model, apo_error *err) {
  apo_json_at member;
  apo_json_chars format;
  int64_t version = 0;
  APO_TRY(apo_json_member(document, "format", &member, err));
  APO_TRY(apo_json_text(member, &format, err));
  if (!apo_json_chars_are(format, APO_NEUTRAL_FORMAT)) {
    return apo_json_fault(member, err, APO_ERR_FORMAT, "\"%s\", needs \"apportion-model\"",
                          apo_json_show(format).text);
  }
  APO_TRY(apo_json_member(document, "version", &member, err));
  APO_TRY(apo_json_integer(member, 1, INT64_MAX, &version, err));
  snprintf(model->format_version, sizeof model->format_version, "%" PRId64, version);
  if (version <= APO_NEUTRAL_VERSION) return APO_OK;
  return apo_json_fault(member, err, APO_ERR_UNSUPPORTED, "%" PRId64 ", this reads up to %d",
                        version, APO_NEUTRAL_VERSION);
}

static apo_status read_kind(apo_json_at document, apo_model *model, apo_error *err) {
  apo_json_at member;
  int kind = 0;
  APO_TRY(apo_json_member(document, "kind", &member, err));
  APO_TRY(apo_neutral_word(member, apo_neutral_kinds, APO_ERR_UNSUPPORTED, &kind, err));
  model->kind = (apo_model_kind)kind;
  const char *other = apo_neutral_kinds[1 - kind];
  if (!apo_json_find(document, other, &member)) return APO_OK;
  return apo_json_fault(member, err, APO_ERR_FORMAT, "in a model of kind %s",
                        apo_neutral_kinds[kind]);
}

// Information only, so what is too long is cut, at a character.
static void copy_cut(apo_json_chars text, char *out, size_t n_bytes) {
  size_t n = text.n_bytes < n_bytes ? text.n_bytes : n_bytes - 1;
  while (n < text.n_bytes && n > 0 && ((unsigned char)text.at[n] & 0xc0) == 0x80) --n;
  memcpy(out, text.at, n);
  out[n] = '\0';
}

// A key that other readers ignore: what is no such number is none.
static void read_best_iteration(apo_json_at origin, apo_model *model) {
  apo_json_at member;
  int64_t best = 0;
  if (!apo_json_find(origin, APO_NEUTRAL_BEST_ITERATION, &member)) return;
  if (apo_json_integer(member, 0, INT64_C(1) << 53, &best, NULL) != APO_OK) return;
  model->best_iteration = best;
}

static apo_status read_origin(apo_json_at document, apo_model *model, apo_error *err) {
  static const char *const keys[] = {"library", "library_version", "file", "objective", NULL};
  const struct {
    char *out;
    size_t n_bytes;
  } places[] = {{model->library, sizeof model->library},
                {model->library_version, sizeof model->library_version},
                {model->origin_format, sizeof model->origin_format},
                {model->objective, sizeof model->objective}};
  apo_json_at origin;
  if (!apo_json_find(document, "origin", &origin)) return APO_OK;
  APO_TRY(apo_neutral_check_keys(origin, keys, err));
  read_best_iteration(origin, model);
  for (size_t i = 0; keys[i] != NULL; ++i) {
    apo_json_at member;
    apo_json_chars text;
    if (!apo_json_find(origin, keys[i], &member)) continue;
    APO_TRY(apo_json_text(member, &text, err));
    copy_cut(text, places[i].out, places[i].n_bytes);
  }
  return APO_OK;
}

/* --- linear ------------------------------------------------------------------------------------ */

static apo_status read_coefficients(apo_json_at rows, apo_model *model, apo_error *err) {
  const uint32_t n_columns = model->n_columns;
  // All lengths first: only then is there a byte behind each coefficient that is asked for.
  APO_TRY(apo_json_need_length(rows, model->n_outputs, err));
  for (uint32_t output = 0; output < model->n_outputs; ++output) {
    apo_json_at row;
    APO_TRY(apo_json_item(rows, output, &row, err));
    APO_TRY(apo_json_need_length(row, n_columns, err));
  }
  double *all = apo_alloc((size_t)model->n_outputs * n_columns, sizeof *all);
  if (all == NULL) return apo_json_fault(rows, err, APO_ERR_MEMORY, "the coefficients");
  model->linear->coefficients = all;
  for (uint32_t output = 0; output < model->n_outputs; ++output) {
    apo_json_at row;
    APO_TRY(apo_json_item(rows, output, &row, err));
    for (uint32_t column = 0; column < n_columns; ++column) {
      double *out = &all[(size_t)output * n_columns + column];
      APO_TRY(apo_neutral_number_at(row, column, out, err));
    }
  }
  return APO_OK;
}

static apo_status read_linear(apo_json_at document,
                              const apo_neutral_input *input,
                              apo_model *model,
                              apo_error *err) {
  static const char *const keys[] = {"coefficients", "missing", NULL};
  apo_json_at linear;
  apo_json_at member;
  int rule = 0;
  APO_TRY(apo_json_member(document, "linear", &linear, err));
  APO_TRY(apo_neutral_check_keys(linear, keys, err));
  model->linear = apo_alloc(1, sizeof *model->linear);
  if (model->linear == NULL) return apo_json_fault(linear, err, APO_ERR_MEMORY, "no memory");
  if (apo_json_find(linear, "missing", &member)) {
    APO_TRY(apo_neutral_word(member, apo_neutral_linear_missing, APO_ERR_UNSUPPORTED, &rule, err));
  }
  model->linear->missing_adds_nothing = rule == 1;
  model->linear->cast_f32 = input->cast_f32;
  APO_TRY(apo_json_member(linear, "coefficients", &member, err));
  return read_coefficients(member, model, err);
}

/* --- document ---------------------------------------------------------------------------------- */

static apo_status read_document(apo_json_at document, apo_model *model, apo_error *err) {
  static const char *const keys[] = {"format", "version", "kind",   "origin", "columns",
                                     "input",  "outputs", "forest", "linear", NULL};
  apo_neutral_input input;
  APO_TRY(check_version(document, model, err));
  APO_TRY(apo_neutral_check_keys(document, keys, err));
  APO_TRY(read_kind(document, model, err));
  APO_TRY(read_origin(document, model, err));
  APO_TRY(apo_neutral_columns(document, model, err));
  APO_TRY(apo_neutral_read_input(document, model, &input, err));
  APO_TRY(apo_neutral_outputs(document, model, err));
  if (model->kind == APO_MODEL_LINEAR) return read_linear(document, &input, model, err);
  return apo_neutral_forest(document, &input, model, err);
}

static apo_status read(apo_bytes bytes, apo_model *model, apo_error *err) {
  apo_json *json = NULL;
  APO_TRY(apo_json_parse(bytes, &json, err));
  const apo_status status = read_document(apo_json_root(json), model, err);
  apo_json_destroy(&json);
  return status;
}

const apo_reader apo_reader_neutral_json = {.name = "neutral_json", .sniff = sniff, .read = read};
