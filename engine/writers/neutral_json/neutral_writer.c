/* neutral_writer.c - any model as neutral JSON, version 1; its reader's README has the rules.
 *
 * Keys come in the order of the format's description, one to a line, and every tree has a line, so
 * that two archived models can be compared with diff.
 */
#include <string.h>

#include "engine/readers/neutral_json/neutral_words.h"
#include "engine/writers/neutral_json/neutral_writer_parts.h"

void apo_neutral_write_numbers(apo_json_writer *writer, const double *numbers, uint64_t n) {
  apo_json_writer_open(writer, '[');
  for (uint64_t i = 0; i < n; ++i) apo_json_writer_number(writer, numbers[i]);
  apo_json_writer_close(writer, ']');
}

static void write_member(apo_json_writer *writer, const char *key, const char *text) {
  if (text[0] == '\0') return;
  apo_json_writer_key(writer, key);
  apo_json_writer_text(writer, text);
}

static void write_names(apo_json_writer *writer, const char *key, const apo_names *names) {
  apo_json_writer_key(writer, key);
  apo_json_writer_open(writer, '[');
  for (uint32_t i = 0; i < names->n_names; ++i) apo_json_writer_text(writer, names->texts[i]);
  apo_json_writer_close(writer, ']');
}

static void write_numbers(apo_json_writer *writer,
                          const char *key,
                          const double *numbers,
                          uint64_t n) {
  apo_json_writer_key(writer, key);
  apo_neutral_write_numbers(writer, numbers, n);
}

/* --- parts ------------------------------------------------------------------------------------ */

// A model that was neutral before keeps the format that it was made from.
static const char *origin_of(const apo_model *model) {
  const bool is_neutral = strcmp(model->format, "neutral_json") == 0;
  return is_neutral ? model->origin_format : model->format;
}

static void write_origin(apo_json_writer *writer, const apo_model *model) {
  apo_json_writer_line_key(writer, "origin");
  apo_json_writer_open(writer, '{');
  write_member(writer, "library", model->library);
  write_member(writer, "library_version", model->library_version);
  write_member(writer, "file", origin_of(model));
  write_member(writer, "objective", model->objective);
  if (model->best_iteration >= 0) {
    apo_json_writer_key(writer, APO_NEUTRAL_BEST_ITERATION);
    apo_json_writer_integer(writer, model->best_iteration);
  }
  apo_json_writer_close(writer, '}');
}

static void write_table(apo_json_writer *writer, const apo_category_table *table) {
  apo_json_writer_open(writer, '{');
  apo_json_writer_key(writer, "column");
  apo_json_writer_integer(writer, table->column);
  if (table->is_text) {
    write_names(writer, "values", &table->texts);
  } else {
    write_numbers(writer, "values", table->numbers, table->n_numbers);
  }
  write_member(writer, "unknown", apo_neutral_unknown[table->unknown]);
  apo_json_writer_close(writer, '}');
}

static void write_columns(apo_json_writer *writer, const apo_model *model) {
  apo_json_writer_line_key(writer, "columns");
  apo_json_writer_open(writer, '{');
  apo_json_writer_key(writer, "count");
  apo_json_writer_integer(writer, model->n_columns);
  if (model->column_names.n_names > 0) write_names(writer, "names", &model->column_names);
  if (model->n_categories > 0) {
    apo_json_writer_key(writer, "categories");
    apo_json_writer_open(writer, '[');
    for (uint32_t at = 0; at < model->n_categories; ++at) {
      write_table(writer, &model->categories[at]);
    }
    apo_json_writer_close(writer, ']');
  }
  apo_json_writer_close(writer, '}');
}

static void write_step(apo_json_writer *writer,
                       const apo_transform_step *step,
                       uint32_t n_columns) {
  const bool is_clip = step->op == APO_TRANSFORM_CLIP;
  apo_json_writer_open(writer, '{');
  write_member(writer, "op", apo_neutral_steps[step->op]);
  if (step->op != APO_TRANSFORM_FLOAT) {
    write_numbers(writer, is_clip ? "low" : "values", step->values, n_columns);
  }
  if (is_clip) write_numbers(writer, "high", step->highs, n_columns);
  apo_json_writer_close(writer, '}');
}

static void write_input(apo_json_writer *writer, const apo_model *model) {
  const bool is_forest = model->kind == APO_MODEL_FOREST;
  const bool cast_f32 = is_forest ? model->forest->cast_f32 : model->linear->cast_f32;
  apo_json_writer_line_key(writer, "input");
  apo_json_writer_open(writer, '{');
  write_member(writer, "cast", apo_neutral_casts[cast_f32]);
  if (is_forest) write_member(writer, "code", apo_neutral_code_rules[model->forest->code_rule]);
  if (model->transform.n_steps > 0) {
    apo_json_writer_key(writer, "transform");
    apo_json_writer_open(writer, '[');
    for (uint32_t at = 0; at < model->transform.n_steps; ++at) {
      write_step(writer, &model->transform.steps[at], model->n_columns);
    }
    apo_json_writer_close(writer, ']');
  }
  apo_json_writer_close(writer, '}');
}

static void write_outputs(apo_json_writer *writer, const apo_model *model) {
  apo_json_writer_line_key(writer, "outputs");
  apo_json_writer_open(writer, '{');
  apo_json_writer_key(writer, "count");
  apo_json_writer_integer(writer, model->n_outputs);
  if (model->output_names.n_names > 0) write_names(writer, "names", &model->output_names);
  write_numbers(writer, "base", model->base, model->n_outputs);
  apo_json_writer_key(writer, "link");
  apo_json_writer_open(writer, '{');
  write_member(writer, "name", apo_link_text(model->link.name));
  if (apo_neutral_link_has_scale(model->link.name)) {
    apo_json_writer_key(writer, "scale");
    apo_json_writer_number(writer, model->link.scale);
  }
  apo_json_writer_close(writer, '}');
  write_member(writer, "space", apo_neutral_spaces[model->margin_is_probability]);
  apo_json_writer_close(writer, '}');
}

static void write_linear(apo_json_writer *writer, const apo_model *model) {
  const apo_linear *linear = model->linear;
  apo_json_writer_open(writer, '{');
  apo_json_writer_key(writer, "coefficients");
  apo_json_writer_open(writer, '[');
  for (uint32_t output = 0; output < model->n_outputs; ++output) {
    apo_json_writer_line(writer);
    apo_neutral_write_numbers(writer, linear->coefficients + (size_t)output * model->n_columns,
                              model->n_columns);
  }
  apo_json_writer_close(writer, ']');
  write_member(writer, "missing", apo_neutral_linear_missing[linear->missing_adds_nothing]);
  apo_json_writer_close(writer, '}');
}

/* --- document --------------------------------------------------------------------------------- */

static apo_status write_document(apo_json_writer *writer, const apo_model *model, apo_error *err) {
  apo_json_writer_open(writer, '{');
  write_member(writer, "format", APO_NEUTRAL_FORMAT);
  apo_json_writer_key(writer, "version");
  apo_json_writer_integer(writer, APO_NEUTRAL_VERSION);
  write_member(writer, "kind", apo_neutral_kinds[model->kind]);
  write_origin(writer, model);
  write_columns(writer, model);
  write_input(writer, model);
  write_outputs(writer, model);
  apo_json_writer_line_key(writer, apo_neutral_kinds[model->kind]);
  if (model->kind == APO_MODEL_LINEAR) {
    write_linear(writer, model);
  } else {
    APO_TRY(apo_neutral_write_forest(writer, model, err));
  }
  apo_json_writer_close(writer, '}');
  return apo_json_writer_finish(writer);
}

static apo_status check_link(const apo_model *model, apo_error *err) {
  if (model->link.scale == 1.0 || apo_neutral_link_has_scale(model->link.name)) return APO_OK;
  return apo_fail(err, APO_ERR_UNSUPPORTED, "neutral_json: outputs.link: scale %g of %s, needs 1",
                  model->link.scale, apo_link_text(model->link.name));
}

apo_status apo_model_write(const apo_model *model, const apo_byte_sink *sink, apo_error *err) {
  if (model == NULL || sink == NULL || sink->put == NULL) {
    return apo_fail(err, APO_ERR_ARGUMENT, "neutral_json: no model or no sink");
  }
  if (model->kind == APO_MODEL_CALLBACK) {
    return apo_fail(err, APO_ERR_UNSUPPORTED,
                    "neutral_json: a callback model is a function, which cannot be written");
  }
  APO_TRY(check_link(model, err));
  apo_json_writer writer;
  apo_json_writer_start(&writer, sink, err);
  return write_document(&writer, model, err);
}
